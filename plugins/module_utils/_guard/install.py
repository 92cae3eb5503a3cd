# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the guard on a host, or take it away: its program, its config, systemd's units. One plan, carried out in order."""

import os
import re
import sys

from .._host import commands, replace, systemd
from .._plan.outcome import Outcome, on
from .._plan.plan import Failure, Operation, Plan, Refusal, refuse
from .._share import guard_file
from .._share.declaration import SHARE_SPEC_WITHOUT_CREDENTIALS, checked
from . import build, config, judge, main, tell, units

PROGRAM = "/usr/local/sbin/virtshare-guard"
UNITS = "/etc/systemd/system"
SERVICE, TIMER = os.path.join(UNITS, units.SERVICE), os.path.join(UNITS, units.TIMER)
ENABLED = os.path.join(UNITS, "timers.target.wants", units.TIMER)
LEFT = tuple(os.path.join(guard_file.DIRECTORY, name) for name in (guard_file.NAME, tell.ATTRIBUTES, "guard.lock"))

# What a diff says of a file that is not ours alone to show.
_SEEN = "what the guard has seen"

ARGUMENT_SPEC = dict(
    state=dict(type="str", default="present", choices=["present", "absent"]),
    host=dict(type="str", required=True),
    shares=dict(type="list", elements="dict", required=True, options=SHARE_SPEC_WITHOUT_CREDENTIALS),
    interval=dict(type="int", default=30),
    timeout=dict(type="float", default=5.0),
    write_interval=dict(type="int", default=600),
    names=dict(type="dict", default={}),
    metrics_directory=dict(type="str", default="/var/lib/prometheus/node-exporter"),
    virtiofsd=dict(type="bool", default=True),
    free_percent=dict(type="float", default=judge.LIMITS["free_percent"]),
    slow_seconds=dict(type="float", default=judge.LIMITS["slow_seconds"]),
    proof_days=dict(type="float", default=judge.LIMITS["proof_days"]),
    bad_runs=dict(type="int", default=judge.LIMITS["bad_runs"]),
    good_runs=dict(type="int", default=judge.LIMITS["good_runs"]),
)


def work(params, check_mode):
    """The Outcome of share_guard."""
    outcome = Outcome(Plan(), {"version": None, "digest": None, "attributes": []})
    with outcome.collect(), on(params["host"]):
        if params["state"] == "absent":
            outcome.plan = _removal(Found.read())
        else:
            normal, problems = checked(params["shares"], credentials=False)
            refuse(problems)
            if not systemd.is_init():
                raise Refusal("%s: systemd is not the init of this host, and the guard is run by a timer of systemd; cron is not "
                              "supported. Leave the host out, or run share_guard with state: absent there." % params["host"])
            made = config.made(normal, params["host"], params)
            wanted, digest = _wanted(made)
            outcome.result = {"version": main.VERSION, "digest": digest, "attributes": [share["name"] for share in made["shares"]]}
            outcome.plan = _installation(wanted, Found.read(), made["metrics_directory"])
            outcome.warnings += _warnings(params)
        if not check_mode:
            for operation in outcome.plan.operations:
                _carry_out(operation)
    return outcome


class Found:
    """What a host has of the guard. files: {path: bytes}; active, enabled: of the timer."""

    def __init__(self, files, active, enabled, left):
        self.files = files
        self.active = active
        self.enabled = enabled
        self.left = left

    @classmethod
    def read(cls):
        files = {}
        for path in (PROGRAM, main.CONFIG, SERVICE, TIMER):
            try:
                with open(path, "rb") as source:
                    files[path] = (source.read(), os.fstat(source.fileno()).st_mode & 0o7777)
            except FileNotFoundError:
                continue
        active = systemd.is_init() and TIMER in files and commands.run(
            ["systemctl", "is-active", units.TIMER], 30)[1] == "active"
        return cls(files, active, os.path.lexists(ENABLED), [path for path in LEFT + _metrics(files) if os.path.exists(path)])


def _metrics(files):
    """Where an installed config has the metrics written, a tuple of none or one path."""
    match = re.search(r'"metrics_directory": "(/[^"]*)"', files.get(main.CONFIG, (b"", 0))[0].decode("utf-8", "replace"))
    return (os.path.join(match.group(1), tell.METRICS),) if match else ()


def interpreter():
    """The Python of the host that the program is run by, not one of a virtual environment."""
    return sys.executable if re.match(r"/usr/(bin|libexec)/", sys.executable or "") else "/usr/bin/python3"


def _wanted(made):
    """({path: (bytes, mode)} in the order in which they are written, the program's digest)."""
    python = interpreter()
    program, digest = build.program(python)
    return [
        (PROGRAM, program, 0o755),
        (main.CONFIG, config.text(made).encode("utf-8"), 0o644),
        (SERVICE, units.service(python, PROGRAM, main.CONFIG, made["timeout"]).encode("utf-8"), 0o644),
        (TIMER, units.timer(made["interval"]).encode("utf-8"), 0o644),
    ], digest


def _installation(wanted, found, metrics_directory):
    plan, changed = Plan(), set()
    for path, data, mode in wanted:
        if found.files.get(path) == (data, mode):
            continue
        changed.add(path)
        old = found.files.get(path)
        plan.add(Plan([Operation("write", path, "write %s" % path, data=data, mode=mode)],
                      {path: _shown(path, *old) if old else None}, {path: _shown(path, data, mode)}))
    if changed & {SERVICE, TIMER}:
        plan.operations.append(Operation("reload", "systemd", "read the units again", command=["systemctl", "daemon-reload"]))
    start = not found.active or TIMER in changed
    if start or not found.enabled:
        plan.add(Plan([Operation("start", units.TIMER, "enable and start the timer", commands=[
            ["systemctl", "enable", units.TIMER], ["systemctl", "restart" if start else "start", units.TIMER]])],
            {units.TIMER: _running(found.enabled, found.active)}, {units.TIMER: _running(True, True)}))
    if changed and not start:
        # With the timer comes a look by itself.
        plan.operations.append(Operation("look", units.SERVICE, "look at the shares now", command=[
            "systemctl", "start", "--no-block", units.SERVICE]))
    for path in set(_metrics(found.files)) & set(found.left):
        # Last, as a look that has begun may write it once more. Prometheus would go on reading it as current.
        if path != os.path.join(metrics_directory, tell.METRICS):
            plan.add(_gone(path))
    return plan


def _removal(found):
    plan = Plan()
    if found.active or found.enabled:
        plan.add(Plan([Operation("stop", units.TIMER, "disable and stop the timer")],
                      {units.TIMER: _running(found.enabled, found.active)}, {units.TIMER: _running(False, False)}))
    for path in list(found.files) + found.left:
        before = _shown(path, *found.files[path]) if path in found.files else _SEEN
        plan.add(_gone(path, before))
    if {SERVICE, TIMER} & set(found.files):
        plan.operations.append(Operation("reload", "systemd", "read the units again", command=["systemctl", "daemon-reload"]))
    return plan


def _gone(path, before=_SEEN):
    return Plan([Operation("remove", path, "remove %s" % path)], {path: before}, {path: None})


def _running(enabled, active):
    return {"enabled": enabled, "active": active}


def _shown(path, data, mode):
    """A file in a diff."""
    if path == PROGRAM:
        version, digest = version_of(data)
        return {"mode": "%04o" % mode, "version": version, "digest": digest}
    return {"mode": "%04o" % mode, "content": data.decode("utf-8", "replace")}


def version_of(data):
    """(version, digest) that a program's bytes say, each None where they say none."""
    version = re.search(rb'"""virtshare-guard (\S+), built', data)
    digest = re.search(rb"main\.main\(digest='([0-9a-f]+)'\)", data)
    return tuple(match and match.group(1).decode("ascii") for match in (version, digest))


def _carry_out(operation):
    arguments = operation.arguments
    if operation.name == "write":
        os.makedirs(os.path.dirname(operation.target), mode=0o755, exist_ok=True)
        replace.replace(operation.target, arguments["data"], lambda descriptor: os.fchmod(descriptor, arguments["mode"]))
    elif operation.name == "remove":
        try:
            os.unlink(operation.target)
        except FileNotFoundError:
            # The guard was at it when it was stopped.
            pass
        _remove_empty(os.path.dirname(operation.target))
    elif operation.name == "stop":
        _stop()
    elif systemd.is_init():
        for command in arguments.get("commands") or [arguments["command"]]:
            _run(command)


def _remove_empty(directory):
    """Ours, if nobody else has anything in it: others of this collection keep things there, too."""
    if directory in (os.path.dirname(main.CONFIG), guard_file.DIRECTORY):
        try:
            os.rmdir(directory)
        except OSError:
            # Something is in it.
            pass


def _stop():
    if systemd.is_init():
        _run(["systemctl", "disable", units.TIMER])
        _run(["systemctl", "stop", units.TIMER, units.SERVICE])
        # One that ended badly before would be remembered, and that no unit has failed is no trouble.
        commands.run(["systemctl", "reset-failed", units.TIMER, units.SERVICE], 60)
    try:
        os.unlink(ENABLED)
    except FileNotFoundError:
        # As it is where systemd has done it.
        pass


def _run(command):
    code, output = commands.run(command, 60)
    if code != 0:
        raise Failure("%s ended with %d: %s" % (" ".join(command), code, output or "no output"))


def _warnings(params):
    directory = params["metrics_directory"]
    if directory and not os.path.isdir(directory):
        yield ("%s: there is no directory %s, so that nothing is written for Prometheus. Install its node_exporter, or write "
               "metrics_directory: \"\"." % (params["host"], directory))
