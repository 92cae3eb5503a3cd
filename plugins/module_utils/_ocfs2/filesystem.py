# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an OCFS2 filesystem on an empty device, once, or let the host know of one that another host made."""

from .._host import blockdevice
from .._host.commands import run
from .._host.lock import alone
from .._plan.outcome import Outcome, on
from .._plan.plan import Operation, Plan, Refusal
from . import devices, settings, volumes

LOCK = "/run/virtshare-ocfs2-filesystem.lock"
USAGES = ("vmstore", "datafiles", "mail")
# A question to one device.
_LOOK_SECONDS = 20


def work(params, check_mode):
    """The Outcome of ocfs2_filesystem."""
    outcome = Outcome(Plan(), {"device": None, "filesystem": None})
    if blockdevice.is_bare(params["device"]):
        outcome.warnings.append(devices.bare_words(params["label"], params["device"]))
    with outcome.collect():
        try:
            with on("filesystem %s on %s" % (params["label"], params["device"])):
                _check(params)
                if check_mode:
                    outcome.plan = plan_filesystem(params, _look(params["device"]))
                else:
                    with alone(LOCK, "a filesystem"):
                        _make(params, outcome)
        except Refusal as refusal:
            raise Refusal("filesystem %s: %s" % (params["label"], refusal))
    return outcome


def plan_filesystem(params, device):
    """The Plan of one filesystem on one host, or a Refusal. Pure. device: see devices.look()."""
    source = params["device"]
    if device["problem"]:
        raise Refusal("%s. Attach the disk, or correct the device." % device["problem"])
    plan = Plan()
    volume = device["volume"]
    if volume is None:
        why = volumes.not_empty(source, device)
        if why:
            raise Refusal(why)
        if params["formatted_by"]:
            return _settled(plan, source)
        if not params["format"]:
            raise Refusal("there is no OCFS2 on %s, and nothing is formatted unless format is true. If the device is "
                          "the right one, write format: true." % source)
        plan.operations.append(Operation("format", source, "make OCFS2 %s with %d slots for the cluster %s" % (
            params["label"], params["slots"], params["cluster"]), command=command(params, device["path"])))
        plan.before[source] = "empty, %d bytes" % device["bytes"]
        plan.after[source] = "OCFS2 %s, %d slots, cluster %s" % (params["label"], params["slots"], params["cluster"])
        return plan
    wrong = volumes.unsuitable(source, volume, params["cluster"], 0, params["slots"], params["label"])
    if wrong:
        raise Refusal("; ".join(wrong))
    return plan if device["known"] else _settled(plan, source)


def command(params, path):
    """mkfs.ocfs2's command; without --force, so that it still looks itself whether the device is in use."""
    result = ["mkfs.ocfs2", "--quiet", "--label", params["label"], "--node-slots", str(params["slots"]),
              "--cluster-stack", settings.STACK, "--cluster-name", params["cluster"]]
    if params["usage"]:
        result += ["-T", params["usage"]]
    return result + [path]


def _settled(plan, source):
    plan.operations.append(Operation("settle", source, "let udev read the device again"))
    plan.before[source], plan.after[source] = "not known to udev", "known to udev"
    return plan


def _check(params):
    declared = {"label": params["label"], "device": params["device"], "slots": params["slots"]}
    volumes.checked([declared])
    if params["format"] and params["formatted_by"]:
        raise Refusal("format is true, and formatted_by says that host %s formats it. Write one of them."
                      % params["formatted_by"])


def _make(params, outcome):
    device = _look(params["device"])
    if params["formatted_by"] and device["volume"] is None and not device["problem"]:
        raise Refusal("host %s has formatted %s, and here there is still nothing on it: it is not the same device. "
                      "Write the path below /dev/disk/by-id that the disk has on all hosts." % (
                          params["formatted_by"], params["device"]))
    plan = plan_filesystem(params, device)
    for operation in plan.operations:
        if operation.name == "format":
            code, output = run(operation.arguments["command"], params["timeout"])
            if code != 0:
                raise Refusal("mkfs.ocfs2 failed on %s: %s" % (params["device"], " ".join(output.split())))
        _settle(device["path"])
        outcome.plan = plan
    if plan.changed:
        device = _look(params["device"])
        if device["volume"] is None or device["volume"]["label"] != params["label"]:
            raise Refusal("all was done, and on %s there is still no OCFS2 %s." % (params["device"], params["label"]))
    outcome.result.update(device=device["path"], filesystem=device["volume"])


def _look(source):
    (device,) = devices.look([source], [source], _LOOK_SECONDS)
    return device


def _settle(path):
    for words in (["udevadm", "trigger", "--action=change", path], ["udevadm", "settle", "--timeout=20"]):
        code, output = run(words, 30)
        if code != 0:
            raise Refusal("%s failed: %s" % (" ".join(words), output))
