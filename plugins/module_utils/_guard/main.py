# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that watches the shares of a host: one look at all of them, or what the last look came to."""

import argparse
import json
import os
import sys
import time

from .._host import lock
from .._share import guard_file
from . import observe, report, tell

# That of the collection.
VERSION = "1.0.0"
CONFIG = "/etc/virtshare/guard.json"


def main(arguments=None, digest=""):
    """The exit code. digest: of the program's own code."""
    parser = argparse.ArgumentParser(prog="virtshare-guard", description="Watch the shares of this host.")
    parser.add_argument("--version", action="version", version="%s %s" % (VERSION, digest))
    parser.add_argument("--config", default=CONFIG, help="default: %(default)s")
    parser.add_argument("--directory", default=guard_file.DIRECTORY, help="where the state is kept, default: %(default)s")
    parser.add_argument("command", choices=["run", "check"], help="run: look at the shares once; "
                        "check: print the result of the last look, and exit like a monitoring plugin (0, 1, 2, 3)")
    chosen = parser.parse_args(arguments)
    state = os.path.join(chosen.directory, guard_file.NAME)
    if chosen.command == "check":
        code, text = report.monitoring(guard_file.read(state), time.time())
        sys.stdout.write(text + "\n")
        return code
    try:
        with open(chosen.config, encoding="utf-8") as source:
            config = json.load(source)
    except (OSError, ValueError) as error:
        sys.stderr.write("virtshare-guard: %s cannot be read: %s\n" % (chosen.config, error))
        return 1
    os.makedirs(chosen.directory, mode=0o755, exist_ok=True)
    try:
        with lock.alone(os.path.join(chosen.directory, "guard.lock"), "the guard's state"):
            return run(config, state)
    except lock.Locked:
        # A run by hand and the timer's: either will do.
        return 0


def run(config, state):
    """Look at the shares once, and say it everywhere; the exit code. state: the file of the document."""
    begun, clock = time.time(), time.monotonic()
    previous = guard_file.read(state)
    daemon_missing = bool(config["virtiofsd"]) and not any(os.access(path, os.X_OK) for path in config["virtiofsd"])
    config = dict(config, shares=[dict(share, daemon_missing=daemon_missing) for share in config["shares"]])
    stuck = {share["path"]: share["stuck"] for share in previous.get("shares", ()) if share["stuck"]}
    seen = observe.look(config, stuck, report.due_to_write(config, previous, begun))
    document = report.document(config, previous, seen, {"begun": begun, "seconds": round(time.monotonic() - clock, 3)}, VERSION)
    tell.write(state, json.dumps(document, sort_keys=True) + "\n")
    tell.write(os.path.join(os.path.dirname(state), tell.ATTRIBUTES), report.attributes(document))
    if config["metrics_directory"]:
        tell.write_metrics(config["metrics_directory"], report.metrics(document))
    changed = report.changes(previous, document)
    for old, share in changed:
        fields = report.entry(config["host"], old, share)
        if not tell.log(fields):
            sys.stdout.write(fields["MESSAGE"] + "\n")
    if changed:
        tell.wake_agents()
    return 0
