# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image storages: a name and the hosts that can use it. No I/O."""

from .._plan.plan import Plan, Refusal
from . import objects

SPEC = dict(
    name=dict(type="str", required=True),
    state=objects.STATES,
    hosts=dict(type="list", elements="str"),
    expected_absent_volumes=dict(type="list", elements="str", default=[]),
)


def validated(params):
    """The declaration, or a Refusal."""
    name = objects.checked_name(params["name"], "an image storage")
    hosts = params["hosts"]
    if params["state"] == "present" and hosts is not None:
        hosts = objects.checked_hosts(hosts, "image storage %r" % name)
    return {"name": name, "state": params["state"], "hosts": hosts}


def needs_hosts(desired, current):
    """Whether the list of registered hosts is needed to plan."""
    return desired["state"] == "present" and desired["hosts"] is not None and (
        current is None or set(desired["hosts"]) != set(current["hosts"]))


def plan(desired, manager):
    """(Plan, the image storage afterwards or None)."""
    current, name = manager.storage, desired["name"]
    if desired["state"] == "absent":
        return _plan_absent(current, name, manager), None
    what = "image storage %r" % name
    if current is None:
        return _plan_new(desired, manager, what)
    if desired["hosts"] is None or set(desired["hosts"]) == set(current["hosts"]):
        return Plan(), current
    objects.check_registered(desired["hosts"], manager, what)
    bricks = [volume["name"] for volume in current["volumes"] if volume["kind"] == objects.GLUSTER]
    if bricks:
        raise Refusal("The hosts of the %s are not changed from %s to %s: its Gluster volumes %s have their bricks on "
                      "exactly these hosts. Delete those first, or correct the declaration."
                      % (what, ", ".join(sorted(current["hosts"])), ", ".join(sorted(desired["hosts"])),
                         ", ".join(bricks)))
    after = dict(current, hosts=desired["hosts"])
    words = []
    for verb, hosts in (("add", [one for one in desired["hosts"] if one not in current["hosts"]]),
                        ("take away", [one for one in current["hosts"] if one not in desired["hosts"]])):
        if hosts:
            words.append("%s %s" % (verb, ", ".join(hosts)))
    operation = objects.task(manager.fields, "istorage_modify", name, "%s" % "; ".join(words), [
        ("istorage_id", name), ("istorage_hosts", desired["hosts"])])
    return Plan([operation], before={name: {"hosts": sorted(current["hosts"])}},
                after={name: {"hosts": sorted(desired["hosts"])}}), after


def _plan_new(desired, manager, what):
    name = desired["name"]
    if desired["hosts"] is None:
        raise Refusal("The %s does not exist, and no hosts are declared to create it on; write hosts, with the "
                      "ids that the Manager shows." % what)
    objects.check_registered(desired["hosts"], manager, what)
    operation = objects.task(manager.fields, "istorage_create", name,
                             "create the image storage on %s" % ", ".join(desired["hosts"]),
                             [("istorage_id", name), ("istorage_hosts", desired["hosts"])])
    after = {"name": name, "hosts": desired["hosts"], "disks": [], "volumes": []}
    return Plan([operation], before={name: {"state": "absent"}},
                after={name: {"state": "present", "hosts": sorted(desired["hosts"])}}), after


def _plan_absent(current, name, manager):
    if current is None:
        return Plan()
    volumes = [volume["name"] for volume in current["volumes"] if volume["name"] not in manager.absent]
    if volumes:
        raise Refusal("The image storage %r is not empty: it holds the volumes %s. Delete them first."
                      % (name, ", ".join(volumes)))
    operation = objects.task(manager.fields, "istorage_delete", name, "delete the image storage", [("istorage_id", name)])
    return Plan([operation], before={name: {"state": "present", "hosts": sorted(current["hosts"])}},
                after={name: {"state": "absent"}})


def public(storage):
    """The image storage as a module returns it."""
    return dict(storage, hosts=sorted(storage["hosts"]), disks=[disk["id"] for disk in storage["disks"]])
