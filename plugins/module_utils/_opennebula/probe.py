# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe by which OpenNebula learns what a host's guard has seen: a script on the front end, copied to all hosts.

OpenNebula runs it every few minutes on each host. If it failed, the host would be in error; if it hung, no attribute would be
updated; and one line that OpenNebula cannot read would do the same. So it prints a small file in memory, nothing else.
"""

import os
import re

from .._host import commands, replace
from .._plan import host_attributes
from .._plan.outcome import Outcome, on
from .._plan.plan import Failure, Operation, Plan, refuse

ARGUMENT_SPEC = dict(
    state=dict(type="str", default="present", choices=["present", "absent"]),
    attributes=dict(type="list", elements="str", default=[]),
    remotes=dict(type="path", default="/var/lib/one/remotes"),
    drivers=dict(type="list", elements="str", default=["kvm", "qemu", "lxc"]),
    sync=dict(type="bool", default=True),
    user=dict(type="str", default="oneadmin"),
    timeout=dict(type="float", default=300.0),
)
_NAME = "virtshare_guard.sh"
# Follows the name of the folder that is copied to the hosts, and so does not get there.
_UNCOPIED = ".virtshare_guard_uncopied"
_NOTE = """The probe of the Ansible collection virtshare.storage has changed here, and is not yet copied to all hosts. The next run
of opennebula_guard_probe with sync: true does that, and removes this file.
"""

_SCRIPT = """#!/bin/sh
# Written by the Ansible collection virtshare.storage. Changes made here are overwritten.
# Prints what the guard of this host has seen of its shares. It touches no share, and always ends well: anything else would
# put the host into the state ERROR. Without news it says unknown, as OpenNebula keeps what is not said any more.
file=/run/virtshare/guard.attributes
seen=$(stat -c %%Y "$file" 2>/dev/null) || seen=0
age=$(($(date +%%s) - seen))
# The guard's first line says how long this is news.
news=$(LC_ALL=C sed -n '1s/^# news for \\([0-9]\\{1,6\\}\\) s$/\\1/p' "$file" 2>/dev/null)
if [ "$age" -ge -60 ] && [ "$age" -le "${news:--100}" ]; then
    head -c 32768 "$file" 2>/dev/null | LC_ALL=C grep -aE '^VIRTSHARE_[A-Z0-9_]+="[A-Za-z0-9_.:+-]*"$' \\
        | LC_ALL=C awk -F= '!seen[$1]++'
else
    for name in %(names)s; do
        echo "$name=\\"unknown\\""
    done
fi
exit 0
"""


def script(attributes):
    """The probe's text. attributes: names of those that are unknown without news."""
    return _SCRIPT % {"names": " ".join(sorted(attributes))}


def work(params, check_mode):
    """The Outcome of opennebula_guard_probe."""
    outcome = Outcome(Plan())
    with outcome.collect(), on("the front end"):
        refuse(list(_troubles(params)))
        outcome.plan = plan = _plan(params)
        if not check_mode:
            done = []
            outcome.plan = plan.only(done)
            if plan.has("sync"):
                # Before the first change: a run that is ended anywhere below is finished by the next.
                _write(_uncopied(params), _NOTE, 0o644)
            for operation in plan.operations:
                _carry_out(operation, params)
                done.append(operation)
                outcome.plan = plan.only(done)
    return outcome


def _troubles(params):
    for name in params["attributes"]:
        if not re.match(r"%s[A-Z0-9_]+\Z" % host_attributes.PREFIX, name):
            yield "attributes has %s. Write names such as VIRTSHARE_PROJECTS, as share_guard returns them." % name
    if params["state"] == "present" and not params["attributes"]:
        yield "attributes is empty, so that the probe could not say which shares are unknown. Write those that share_guard returns."
    if params["state"] == "present" and not _folders(params):
        yield "there is no folder of OpenNebula's probes below %s/im. Run it on the front end, or correct remotes and drivers." % (
            params["remotes"])


def _folders(params):
    """The folders of probes that are there, of the drivers; those of another host system are not made."""
    found = [os.path.join(params["remotes"], "im", "%s-probes.d" % driver, "host/system") for driver in params["drivers"]]
    return [folder for folder in found if os.path.isdir(folder)]


def _plan(params):
    plan, present = Plan(), params["state"] == "present"
    text = script(params["attributes"])
    for folder in _folders(params):
        path = os.path.join(folder, _NAME)
        old = _read(path)
        if present and old != (text, 0o755):
            plan.add(Plan([Operation("write", path, "write %s" % path, text=text)],
                          {path: old and {"content": old[0], "mode": "%04o" % old[1]}},
                          {path: {"content": text, "mode": "0755"}}))
        elif not present and old is not None:
            plan.add(Plan([Operation("remove", path, "remove %s" % path)], {path: {"content": old[0]}}, {path: None}))
    left = os.path.lexists(_uncopied(params))
    if params["sync"] and (plan.changed or left):
        sync = Operation("sync", "onehost", "copy the probes to all hosts (onehost sync --force)")
        plan.add(Plan([sync], *[{sync.target: {"copied to all hosts": word}} for word in ("no", "yes")] if left else ()))
    return plan


def _uncopied(params):
    """The file that stands beside the remotes as long as what is in them is not on the hosts."""
    return os.path.abspath(params["remotes"]) + _UNCOPIED


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read(), os.fstat(source.fileno()).st_mode & 0o7777
    except FileNotFoundError:
        return None


def _carry_out(operation, params):
    if operation.name == "write":
        _write(operation.target, operation.arguments["text"], 0o755)
    elif operation.name == "remove":
        os.unlink(operation.target)
    else:
        # OpenNebula refuses it to root.
        command = ["onehost", "sync", "--force"]
        code, output = commands.run(command if os.geteuid() else ["runuser", "-l", params["user"], "-c", " ".join(command)],
                                    params["timeout"])
        if code != 0:
            raise Failure("onehost sync --force, as %s, ended with %d: %s. The front end is done, the hosts are not; correct that and "
                          "run the task again, which repeats the command." % (params["user"], code, output or "no output"))
        os.unlink(_uncopied(params))


def _write(path, text, mode):
    """As a file of whoever has the folder."""
    folder = os.stat(os.path.dirname(path))

    def like_the_folder(descriptor):
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
        os.fchmod(descriptor, mode)

    replace.replace(path, text.encode("utf-8"), like_the_folder)
