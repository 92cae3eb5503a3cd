# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which user of a host the guest's root is: what OpenNebula writes as idmap for a disk of type FILESYSTEM. No I/O.

Its driver takes DISK/UID_MAP and DISK/GID_MAP from the host's template, else from the cluster's, else from
vmm_exec_kvm.conf on the front end, which cannot be read by a call; what a VM's or an image's own DISK says of it has no
effect (LibVirtDriverKVM.cc). The number is the host's id of the guest's root; 65536 ids are mapped.
"""

import re

from . import objects, template

DEFAULT = 100000
COUNT = 65536
LAST_ID = (1 << 32) - 2
KINDS = (("uid", "UID_MAP"), ("gid", "GID_MAP"))


def read_pool(document, tag):
    """The objects of a pool of hosts or clusters, each with the DISK of its template: {"id", "name", "cluster_id", "disk"}.
    """
    found = []
    for element in template.parse(document).findall(tag):
        vectors = [value for value in template.decode(element.find("TEMPLATE")).get("DISK", [])
                   if isinstance(value, dict)]
        found.append({"id": objects.child_int(element, "ID", -1), "name": objects.child_text(element, "NAME"),
                      "cluster_id": objects.child_int(element, "CLUSTER_ID", -1),
                      "disk": vectors[0] if vectors else {}})
    return found


def maps(hosts, clusters):
    """([{"name" (of the host), "uid_map", "gid_map", "uid_from", "gid_from", "cluster"}], [problem, ...]).

    uid_map, gid_map: GUEST:HOST:COUNT. *_from: the words for where the number comes from.
    """
    by_id = dict((cluster["id"], cluster) for cluster in clusters)
    found, problems = [], []
    for host in sorted(hosts, key=lambda one: one["id"]):
        cluster = by_id.get(host["cluster_id"])
        one = {"name": host["name"], "cluster": cluster["name"] if cluster else None}
        for kind, attribute in KINDS:
            word, origin = _number(host, cluster, attribute)
            if not re.match(r"^[0-9]+$", word) or int(word) + COUNT - 1 > LAST_ID:
                problems.append("The %s %r of %s is not the first number of a range of %d users; write one such as %d."
                                % (attribute, word, origin, COUNT, DEFAULT))
                continue
            one[kind + "_map"] = "0:%d:%d" % (int(word), COUNT)
            one[kind + "_from"] = origin
        found.append(one)
    return found, problems


def _number(host, cluster, attribute):
    for owner, words in ((host, "host"), (cluster, "cluster")):
        if owner is not None and owner["disk"].get(attribute):
            return owner["disk"][attribute], "DISK of the %s %s" % (words, owner["name"])
    return str(DEFAULT), "OpenNebula's default"
