# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, as the server knows them before, or without, any answer of their monitoring."""

import re

from . import text
from .poolobject import PoolObject, Refused, ids_xml
from .template import Attribute

INIT, MONITORED, ERROR, DISABLED, OFFLINE = 0, 2, 3, 4, 8
_LONGEST_NAME = 63
_MONITORED_CAPACITY = ("TOTALCPU", "TOTALMEMORY", "FREECPU", "FREEMEMORY", "USEDCPU", "USEDMEMORY")


def hostname_problem(name):
    """Why no host may bear this name, in the server's words, or None."""
    if not 2 <= text.size(name) <= _LONGEST_NAME:
        return "Invalid HOSTNAME, HOSTNAME length should be greater than 1, but smaller than 64 characters"
    if name[0] in "-._":
        return "Invalid HOSTNAME, first character can't be '%s'" % name[0]
    for character in name:
        if not re.match(r"[0-9A-Za-z._-]", character):
            return "Invalid HOSTNAME, '%s' is invalid character for a HOSTNAME" % character
    if name[-1] in "-._":
        return "Invalid HOSTNAME, last character can't be '%s'" % name[-1]
    return text.name_problem(name)


class Host(PoolObject):
    kind = "HOST"
    word = "host"

    def __init__(self):
        super().__init__()
        self.uid, self.gid = 0, 0
        self.state = self.previous_state = INIT
        self.im_mad = self.vm_mad = ""
        self.cluster_id = -1
        self.cluster_name = ""
        self.usage = {"MEM": 0, "CPU": 0}
        self.total = {"MEM": 0, "CPU": 0}
        self.most = {"MEM": 0, "CPU": 0}
        self.threads = 1
        self.vms = set()
        # What the server stores of a new host lacks the room on its disks; what it writes of a stored one has it.
        self.has_disks = False

    @classmethod
    def new(cls, name, im_mad, vm_mad, cluster):
        made = cls()
        made.name, made.im_mad, made.vm_mad = name, im_mad, vm_mad
        made.join(cluster)
        for key, value in (("IM_MAD", im_mad), ("VM_MAD", vm_mad), ("RESERVED_CPU", ""), ("RESERVED_MEM", "")):
            made.template.add(key, value)
        return made

    def join(self, cluster):
        self.cluster_id, self.cluster_name = cluster.oid, cluster.name
        self.clusters = {cluster.oid}

    def xml(self):
        share = "".join(
            text.element(name, value)
            for name, value in (
                ("MEM_USAGE", self.usage["MEM"]),
                ("CPU_USAGE", self.usage["CPU"]),
                ("TOTAL_MEM", self.total["MEM"]),
                ("TOTAL_CPU", self.total["CPU"]),
                ("MAX_MEM", self.most["MEM"]),
                ("MAX_CPU", self.most["CPU"]),
                ("RUNNING_VMS", len(self.vms)),
                ("VMS_THREAD", self.threads),
            )
        )
        disks = dict.fromkeys(("DISK_USAGE", "FREE_DISK", "MAX_DISK", "USED_DISK") if self.has_disks else (), "0")
        share += Attribute("DATASTORES", disks).xml() + "<PCI_DEVICES></PCI_DEVICES><NUMA_NODES></NUMA_NODES>"
        inner = (
            text.element("ID", self.oid)
            + text.element("NAME", self.name)
            + text.element("STATE", self.state)
            + text.element("PREV_STATE", self.previous_state)
            + text.element("IM_MAD", text.cdata(self.im_mad))
            + text.element("VM_MAD", text.cdata(self.vm_mad))
            + text.element("CLUSTER_ID", self.cluster_id)
            + text.element("CLUSTER", self.cluster_name)
            + text.element("HOST_SHARE", share)
            + ids_xml("VMS", self.vms)
            + self.template.xml()
            + "<MONITORING/>"
        )
        return text.element("HOST", inner)

    def load(self, root):
        self.oid = root.number("ID")
        self.name = root.text("NAME")
        self.state = root.number("STATE")
        self.previous_state = root.number("PREV_STATE")
        self.im_mad, self.vm_mad = root.text("IM_MAD"), root.text("VM_MAD")
        self.cluster_id, self.cluster_name = root.number("CLUSTER_ID"), root.text("CLUSTER")
        self.clusters = {self.cluster_id}
        share = root.find("HOST_SHARE")
        for key in ("MEM", "CPU"):
            self.usage[key] = share.number(key + "_USAGE")
            self.total[key] = share.number("TOTAL_" + key)
            self.most[key] = share.number("MAX_" + key)
        self.threads = share.number("VMS_THREAD")
        self.vms = root.ids("VMS")
        self.has_disks = True
        self.load_template(root)

    # ---- changes ----

    def after_template_change(self, cloud, old):
        template = self.template
        self.im_mad = template.get("IM_MAD") or self.im_mad
        self.vm_mad = template.get("VM_MAD") or self.vm_mad
        template.replace("IM_MAD", self.im_mad)
        template.replace("VM_MAD", self.vm_mad)
        self.settle_capacity(cloud)
        threads = template.number("VMS_THREAD")
        if threads == 0:
            threads = 1
            template.replace("VMS_THREAD", threads)
        self.threads = threads or self.threads

    def settle_capacity(self, cloud):
        """What may be used: all but what the host, or else its cluster, keeps back."""
        cluster = cloud.clusters.get(self.cluster_id)
        for key in ("CPU", "MEM"):
            name = "RESERVED_" + key
            kept = self.template.get(name) or (cluster.template.get(name) if cluster else "")
            self.most[key] = _all_but(self.total[key], text.trim(kept))

    def enable(self):
        self.state = MONITORED if self.state == DISABLED and self.total["CPU"] > 0 else INIT

    def disable(self):
        self.state = DISABLED

    def switch_off(self):
        self.state = OFFLINE
        for counted in (self.total, self.most):
            counted.update(MEM=0, CPU=0)
        for name in _MONITORED_CAPACITY:
            self.template.erase(name)

    def monitored(self, values, cloud):
        """Take what the probes of its driver have found. values: attributes, TOTALCPU and TOTALMEMORY among them."""
        if self.state == OFFLINE:
            return
        self.template.erase("ERROR")
        for name, value in values.items():
            self.template.replace(name, value)
        if self.state != DISABLED:
            self.state = MONITORED
        self.total.update(CPU=int(values["TOTALCPU"]), MEM=int(values["TOTALMEMORY"]))
        self.settle_capacity(cloud)

    def not_monitored(self, message, cloud):
        """A failed probe, or a failed start of monitoring. A disabled host stays so, and its VMs are unknown all the same."""
        if self.state in (OFFLINE, ERROR):
            return
        if self.state != DISABLED:
            self.state = ERROR
        for vm_id in self.vms:
            machine = cloud.vms.get(vm_id)
            if machine is not None and machine.loses_sight():
                cloud.vms.update(machine)
        self.set_error("Error monitoring Host %s (%d): %s" % (self.name, self.oid, message))

    def refuse_drop_unless_empty(self):
        if self.vms:
            raise Refused("Can not remove a host with running VMs")

    # ---- virtual machines ----

    def refuse_what_does_not_fit(self, vm_id, needed):
        """needed: {"CPU": percent, "MEM": kilobytes}. Raises Refused."""
        for key, word in (("CPU", "CPU"), ("MEM", "memory")):
            free = self.most[key] - self.usage[key]
            if needed[key] > free:
                raise Refused(
                    "virtual machine [%d] does not fit in host [%d]. Not enough %s: %d/%d"
                    % (vm_id, self.oid, word, needed[key], free)
                )

    def book(self, vm_id, needed, sign=1):
        (self.vms.add if sign > 0 else self.vms.discard)(vm_id)
        for key, amount in needed.items():
            self.usage[key] += sign * amount


def _all_but(total, kept):
    """kept: an amount, or a percentage; what is neither keeps nothing."""
    found = re.fullmatch(r"\s*([+-]?[0-9]+)(%?)", kept)
    if not found:
        return total
    amount = int(found.group(1))
    return int(total * (1 - amount / 100.0)) if found.group(2) else total - amount
