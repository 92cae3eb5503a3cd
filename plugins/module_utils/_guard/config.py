# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that tells the guard of a host what to watch, made of the declared shares. Pure."""

import json

from .._host.programs import VIRTIOFSD
from .._plan import host_attributes
from .._plan.plan import refuse
from .._share.declaration import mounted
from . import judge


def made(shares, host, options):
    """The config: {"host", "interval", "timeout", "write_interval", "limits", "metrics_directory", "virtiofsd", "shares"}.

    shares: normal ones. options: interval, timeout, write_interval (seconds), names ({path: name}), metrics_directory,
    virtiofsd (whether guests need one), and the limits of judge.LIMITS. A Refusal names every value that makes no sense.
    """
    refuse(list(_troubles(options)))
    watched = mounted(shares)
    called = host_attributes.named(watched, options["names"])
    return {
        "host": host,
        "interval": options["interval"],
        "timeout": options["timeout"],
        "write_interval": options["write_interval"],
        "limits": {name: options[name] for name in judge.LIMITS},
        "metrics_directory": options["metrics_directory"],
        "virtiofsd": list(VIRTIOFSD) if options["virtiofsd"] else [],
        "shares": [{
            "path": share["path"], "type": share["type"], "source": share["source"], "options": share["options"],
            "read_only": share["read_only"], "proof": share["proof"], "writers": share["access"]["writers"],
            "name": called[share["path"]],
        } for share in watched],
    }


def text(config):
    """The file's content."""
    return json.dumps(config, indent=2, sort_keys=True) + "\n"


def _troubles(options):
    if not 5 <= options["interval"] <= 3600:
        yield "interval %s is not possible. Write seconds from 5 to 3600." % options["interval"]
    if not 0 < options["timeout"] < options["interval"]:
        yield "timeout %g is not possible. Write seconds, less than interval %s." % (options["timeout"], options["interval"])
    if options["write_interval"] < 0:
        yield "write_interval %s is not possible. Write seconds, or 0 to never write." % options["write_interval"]
    for name in ("bad_runs", "good_runs"):
        if not 1 <= options[name] <= 100:
            yield "%s %s is not possible. Write a number from 1 to 100." % (name, options[name])
    if not 0 <= options["free_percent"] <= 90:
        yield "free_percent %g is not possible. Write a number from 0, which is no limit, to 90." % options["free_percent"]
    for name in ("slow_seconds", "proof_days"):
        if options[name] < 0:
            yield "%s %g is not possible. Write a number, or 0 for no limit." % (name, options[name])
    if options["metrics_directory"] and not options["metrics_directory"].startswith("/"):
        yield "metrics_directory %s is not absolute. Write a path such as /var/lib/prometheus/node-exporter, or an empty text." % (
            options["metrics_directory"])
