# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the hosts as many machines as the inventory has names? Pure."""

from . import explain


def twins(machines):
    """[(hosts that are one machine, a sentence)].

    machines: {host: as _host.machine.identity() gives it}. The clones of one image have one id, containers one kernel:
    only one that has both and the same name is the same machine.
    """
    return [(hosts, "%s are one machine (hostname %s): what it proves to itself says nothing about a second one. Leave all "
                    "but one of these names out of the inventory's group" % (explain.listed(hosts), machine["name"]))
            for hosts, machine in _alike(machines, ("boot", "id", "name")) if machine["boot"]]


def warnings(machines):
    """A sentence for each group of machines that are clones of one image."""
    found = []
    for hosts, machine in _alike(machines, ("id",)):
        if machine["id"] and len(set(machines[host]["boot"] for host in hosts)) == len(hosts):
            found.append(
                "%s have the same /etc/machine-id, as clones of one image do. It is to be unique: addresses by DHCP, logs and "
                "clusters depend on it. Remove the file, run systemd-machine-id-setup and reboot" % explain.listed(hosts))
    return found


def _alike(machines, keys):
    groups = {}
    for host in sorted(machines):
        if machines[host]:
            groups.setdefault(tuple(machines[host].get(key, "") for key in keys), []).append(host)
    return [(hosts, machines[hosts[0]]) for dummy, hosts in sorted(groups.items()) if len(hosts) > 1]
