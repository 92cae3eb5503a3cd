# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard of a host has seen last, and whether it is the one that this collection installs."""

import time

from .._host import commands, systemd
from .._plan.outcome import Outcome, on
from .._share import guard_file
from . import build, install, report, units

ARGUMENT_SPEC = dict(host=dict(type="str", required=True))


def work(params, check_mode):  # pylint: disable=unused-argument
    """The Outcome of share_guard_info."""
    outcome = Outcome()
    with outcome.collect(), on(params["host"]):
        outcome.result = read(params["host"])
    return outcome


def read(host):
    """{"installed", "current", "version", "digest", "timer", "fresh", "age", "state", "words", "shares", "time"}."""
    try:
        with open(install.PROGRAM, "rb") as source:
            data = source.read()
    except FileNotFoundError:
        data = None
    version, digest = install.version_of(data or b"")
    document, now = guard_file.read(), time.time()
    age = guard_file.age(document, now)
    timer = "inactive"
    if data is not None and systemd.is_init():
        timer = commands.run(["systemctl", "is-active", units.TIMER], 30)[1]
    words = report.monitoring(document, now)[1].split(" | ")[0].split("\n")[0]
    return {
        "installed": data is not None, "current": data == build.program(install.interpreter())[0],
        "version": version, "digest": digest, "timer": timer, "fresh": age is not None, "age": age,
        "state": document["state"] if age is not None else "unknown", "time": document.get("time"),
        "shares": [_share(share) for share in document.get("shares", ())],
        "words": "%s: %s" % (host, words if data is not None else "the guard is not installed"),
    }


def _share(share):
    return {key: value for key, value in share.items() if key not in ("pending", "stuck", "seen")}
