# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.vm.* and one.vmpool.*: machines come, run on a host, and go; and what a directory as a disk does not allow.

There is no scheduler: a pending machine waits until somebody deploys it.
"""

import re

from . import calls_common, failures, machine
from .authorization import ADMIN, MANAGE, USE
from .calls import method
from .host import OFFLINE
from .machine import Machine
from .poolobject import Refused
from .template import Template

WORD = "virtual machine"
ALL_STATES, NOT_DONE = -2, -1


@method("one.vm.allocate", writes=True)
def allocate(call):
    parameters, oned = call.parameters, call.oned
    hold = parameters.optional(parameters.boolean, 2, False)
    template = Template.parse(parameters.string(1))
    asked = call.asking().create("VM")
    images = []
    for attribute in template.vectors("DISK"):
        image = oned.images.get(int(attribute.value.get("IMAGE_ID", -1)))
        if image is not None:
            images.append(image)
            asked.ask(USE, image.target())
    asked.require()
    counted = (call.caller.uid, call.caller.gid, _amount(template, "CPU"), _amount(template, "MEMORY"), images)
    try:
        oned.take_machine(*counted)
    except Refused as error:
        message = "User [%d] : %s." % (call.caller.uid, error)
        raise failures.CallFailed(failures.AUTHORIZATION, message) from error
    try:
        return oned.vms.insert(Machine.new(call.caller.owner, call.caller.umask, template, hold), oned)
    except Refused:
        oned.give_back_machine(*counted)
        raise


def _amount(template, name):
    try:
        return float(template.get(name))
    except ValueError:
        return 0.0


@method("one.vm.info", writes=False)
def info(call):
    parameters = call.parameters
    parameters.optional(parameters.boolean, 2, False)
    return calls_common.info(call, call.oned.vms, WORD, parameters.integer(1))


@method("one.vm.deploy", writes=True)
def deploy(call):
    parameters, oned = call.parameters, call.oned
    parameters.optional(parameters.string, 5, "")
    store_id = parameters.optional(parameters.integer, 4, -1)
    enforce = parameters.optional(parameters.boolean, 3, False)
    host_id, oid = parameters.integer(2), parameters.integer(1)
    host = calls_common.existing(oned.hosts, "host", host_id)
    if host.state == OFFLINE:
        raise failures.CallFailed(failures.ACTION, "Host is offline, cannot use it to deploy VM")
    found = calls_common.existing(oned.vms, WORD, oid)
    store = calls_common.existing(oned.datastores, "datastore", 0 if store_id == -1 else store_id)
    if host.cluster_id not in store.clusters:
        raise failures.CallFailed(
            failures.ACTION,
            "datastore [%d] and host [%d] are not in the same cluster [%d]." % (store.oid, host_id, host.cluster_id),
        )
    call.asking().ask(ADMIN, found.target()).ask(MANAGE, host.target()).ask(USE, store.target()).require()
    waiting = (machine.PENDING, machine.HOLD, machine.STOPPED, machine.UNDEPLOYED)
    if found.state not in waiting:
        raise failures.CallFailed(
            failures.ACTION, "Deploy action is not available for state %s" % found.state_word
        )
    if enforce:
        try:
            host.refuse_what_does_not_fit(oid, found.needs)
        except Refused as error:
            raise failures.CallFailed(failures.ACTION, str(error)) from error
    host.book(oid, found.needs)
    oned.hosts.update(host)
    found.place(host, store)
    oned.vms.update(found)
    oned.later(_settle, oned, oid, machine.ACTIVE, machine.RUNNING)
    return oid


def _settle(oned, oid, state, lcm_state=machine.LCM_INIT):
    """What the drivers bring about."""
    found = oned.vms.get(oid)
    if found is None or found.state == machine.DONE:
        return
    host_id = found.host_id
    if host_id is not None and state in (machine.DONE, machine.STOPPED, machine.UNDEPLOYED):
        host = oned.hosts.get(host_id)
        host.book(oid, found.needs, sign=-1)
        oned.hosts.update(host)
    if state == machine.DONE:
        images = [oned.images.get(int(disk["IMAGE_ID"])) for disk in found.disks()]
        oned.give_back_machine(
            found.uid, found.gid, _amount(found.template, "CPU"), _amount(found.template, "MEMORY"), images
        )
        for image in images:
            oned.use_image(image.oid, oid, used=False)
    found.settle(state, lcm_state)
    oned.vms.update(found)


def _terminate(oned, found):
    if found.state in (machine.PENDING, machine.HOLD):
        _settle(oned, found.oid, machine.DONE)
    elif found.state == machine.ACTIVE and not found.runs:
        raise Refused("Could not terminate VM %d, wrong state %s." % (found.oid, found.state_word))
    elif found.state != machine.DONE:
        found.settle(machine.ACTIVE, machine.SHUTDOWN)
        oned.vms.update(found)
        oned.later(_settle, oned, found.oid, machine.DONE)


def _away(state):
    """Leave the running state for another one; a machine with a directory goes on running where it would be saved."""

    def act(oned, found):
        _refuse_unless(found, found.runs)
        if not (found.shares_directories and state in (machine.SUSPENDED, machine.STOPPED)):
            oned.later(_settle, oned, found.oid, state)

    return act


def _resume(oned, found):
    _refuse_unless(found, found.state in (machine.POWEROFF, machine.SUSPENDED))
    oned.later(_settle, oned, found.oid, machine.ACTIVE, machine.RUNNING)


def _hold(oned, found):
    _refuse_unless(found, found.state == machine.PENDING)
    _settle(oned, found.oid, machine.HOLD)


def _release(oned, found):
    _refuse_unless(found, found.state == machine.HOLD)
    _settle(oned, found.oid, machine.PENDING)


def _reboot(_oned, found):
    _refuse_unless(found, found.runs)


def _refuse_unless(found, possible):
    if not possible:
        raise Refused("This action is not available for state %s" % found.state_word)


_ACTIONS = {
    "terminate": _terminate,
    "terminate-hard": _terminate,
    "poweroff": _away(machine.POWEROFF),
    "poweroff-hard": _away(machine.POWEROFF),
    "suspend": _away(machine.SUSPENDED),
    "stop": _away(machine.STOPPED),
    "undeploy": _away(machine.UNDEPLOYED),
    "undeploy-hard": _away(machine.UNDEPLOYED),
    "resume": _resume,
    "hold": _hold,
    "release": _release,
    "reboot": _reboot,
    "reboot-hard": _reboot,
}


@method("one.vm.action", writes=True)
def action(call):
    oid, word = call.parameters.integer(2), call.parameters.string(1)
    found = calls_common.authorized(call, call.oned.vms, WORD, oid, MANAGE)
    if word not in _ACTIONS:
        raise failures.CallFailed(failures.ACTION, 'Action "%s" is not supported' % word)
    try:
        _ACTIONS[word](call.oned, found)
    except Refused as error:
        raise failures.CallFailed(
            failures.ACTION, 'Error performing action "%s": %s' % (word, error)
        ) from error
    return oid


@method("one.vm.rename", writes=True)
def rename(call):
    oid = call.parameters.integer(1)
    found = calls_common.authorized(call, call.oned.vms, WORD, oid, MANAGE)
    try:
        found.rename(call.parameters.string(2))
    except Refused as error:
        raise failures.CallFailed(failures.ACTION, str(error)) from error
    call.oned.vms.update(found)
    return oid


@method("one.vm.chown", writes=True)
def chown(call):
    gid, uid, oid = (call.parameters.integer(number) for number in (3, 2, 1))
    return calls_common.chown(call, call.oned.vms, WORD, oid, uid, gid)


@method("one.vm.chmod", writes=True)
def chmod(call):
    oid = call.parameters.integer(1)
    return calls_common.chmod(call, call.oned.vms, WORD, oid, call.parameters.permission_bits())


@method("one.vm.lock", writes=True)
def lock(call):
    parameters = call.parameters
    test = parameters.optional(parameters.boolean, 3, False)
    return calls_common.lock(call, call.oned.vms, WORD, parameters.integer(1), parameters.integer(2), test)


@method("one.vm.unlock", writes=True)
def unlock(call):
    return calls_common.unlock(call, call.oned.vms, WORD, call.parameters.integer(1))


# ---- what is refused for a directory ----


def _refused(name, message, code=failures.ACTION, which=None, operation=MANAGE):
    """which: the parameter that holds the number of a disk; without it any disk that is a directory counts."""

    @method(name, writes=True)
    def refuse(call):
        oid = call.parameters.integer(1)
        found = calls_common.authorized(call, call.oned.vms, WORD, oid, operation)
        disks = found.disks()
        if which is not None:
            number = call.parameters.integer(which)
            disks = [disk for disk in disks if disk["DISK_ID"] == str(number)]
        if any(disk["TYPE"] == "FILESYSTEM" for disk in disks):
            named = oid if code == failures.INTERNAL else -1
            raise failures.CallFailed(code, message, named)
        raise failures.CallFailed(failures.ACTION, "This endpoint knows disks that are directories only.")

    return refuse


REFUSED = (
    _refused("one.vm.snapshotcreate", "Cannot create snapshot for VM with FILESYSTEM disks"),
    _refused("one.vm.backup", "Cannot backup VM with FILESYSTEM disks", operation=ADMIN),
    _refused("one.vm.disksnapshotcreate", "Cannot make snapshots on disks of type: FILESYSTEM", which=2),
    _refused("one.vm.disksnapshotdelete", "Snapshots are not supported on disks of type: FILESYSTEM", which=2),
    _refused("one.vm.detach", "FILESYSTEM disks can not be detached", which=2),
    _refused("one.vm.diskresize", "FILESYSTEM disks can not be resized", which=2),
    _refused("one.vm.disksaveas", "Cannot save an image of type FILESYSTEM", failures.INTERNAL, which=2),
    _refused("one.vm.migrate", "VM with FILESYSTEM disks cannot be live-migrated", operation=ADMIN),
)


@method("one.vm.attach", writes=True)
def attach(call):
    oid, source = call.parameters.integer(1), call.parameters.string(2)
    calls_common.authorized(call, call.oned.vms, WORD, oid, MANAGE)
    for attribute in Template.parse(source).vectors("DISK"):
        image = call.oned.images.get(int(attribute.value.get("IMAGE_ID", -1)))
        if image is not None:
            raise failures.CallFailed(failures.ACTION, "Can not attach disks FILESYSTEM")
    raise failures.CallFailed(failures.ACTION, "This endpoint knows disks that are directories only.")


# ---- listings ----


def _listed(call, filter_flag, start, end, extended, wanted):
    """wanted: function of a machine, whether it is shown."""
    oned = call.oned
    shown = calls_common.listing(call, oned.vms, filter_flag, start, end)
    bodies = []
    for oid in [int(number) for number in re.findall(r"<VM><ID>(\d+)</ID>", shown)]:
        found = oned.vms.get(oid)
        if wanted(found):
            bodies.append(found.xml() if extended else found.short_xml())
    return "<VM_POOL>%s</VM_POOL>" % "".join(bodies)


def _listing(call, extended):
    parameters = call.parameters
    state, end, start, filter_flag = (parameters.integer(number) for number in (4, 3, 2, 1))
    if not ALL_STATES <= state <= machine.CLONING_FAILURE:
        raise failures.CallFailed(failures.API, "Incorrect state filter %d" % state)

    def wanted(found):
        if state == ALL_STATES:
            return True
        return found.state != machine.DONE if state == NOT_DONE else found.state == state

    return _listed(call, filter_flag, start, end, extended, wanted)


@method("one.vmpool.info", writes=False)
def listing(call):
    return _listing(call, extended=False)


@method("one.vmpool.infoextended", writes=False)
def extended_listing(call):
    return _listing(call, extended=True)


@method("one.vmpool.infoset", writes=False)
def chosen_listing(call):
    extended = call.parameters.boolean(2)
    ids = {int(word) for word in call.parameters.string(1).split(",") if word.strip().isdigit()}
    return _listed(call, -2, -1, -1, extended, lambda found: found.oid in ids)
