# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the guard says it: files that others read, the journal, OpenNebula's agent. What cannot be told stops nothing."""

import functools
import glob
import os
import signal
import socket

from .._host import bounded, replace

ATTRIBUTES = "guard.attributes"
METRICS = "virtshare_guard.prom"
JOURNAL = "/run/systemd/journal/socket"
# Where the agent of OpenNebula keeps its number, by version, and what its command line holds.
AGENTS = ("/var/tmp/one_db/.monitor_client.pid", "/tmp/one-monitord-*.pid")
AGENT_WORD = b"monitord-client"


def write(filename, text):
    """Replace a file that all may read; OSError where that cannot be."""
    replace.replace(filename, text.encode("utf-8"), lambda descriptor: os.fchmod(descriptor, 0o644))


def write_metrics(directory, text):
    """None when the metrics were written, else why not. They belong to whoever owns the directory."""
    try:
        status = os.stat(directory)
        account = [status.st_uid, status.st_gid, []] if status.st_uid != os.geteuid() else None
        bounded.bounded(lambda: write(os.path.join(directory, METRICS), text), 10, account)
    except FileNotFoundError:
        return "there is no directory %s" % directory
    except OSError as error:
        return "%s: %s" % (directory, error.strerror)
    except (bounded.TimedOut, bounded.ChildFailed) as error:
        return "%s: %s" % (directory, error)
    return None


def log(fields, address=None):
    """Whether the journal took an entry, {NAME: text}."""
    data = b"".join(_field(name, text) for name, text in fields.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.settimeout(2)
            journal.sendto(data, address or JOURNAL)
        return True
    except OSError:
        return False


def _field(name, text):
    # A value with a line break is preceded by its length, see "Native Journal Protocol" of systemd.
    value = text.encode("utf-8", "replace")
    if b"\n" in value:
        return name.encode("ascii") + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name.encode("ascii") + b"=" + value + b"\n"


def wake_agents(patterns=AGENTS):
    """Have OpenNebula's agents on this host run their probes now; the numbers of those that were told so.

    The signal would end any other process, so it goes to nothing else, and is sent as the user that the process belongs to.
    """
    told = []
    for filename in sorted(found for pattern in patterns for found in glob.glob(pattern)):
        try:
            with open(filename, encoding="ascii") as source:
                pid = int(source.read(20).strip())
            with open("/proc/%d/cmdline" % pid, "rb") as source:
                command = source.read()
            status = os.stat("/proc/%d" % pid)
            if AGENT_WORD not in command or pid in told:
                continue
            account = [status.st_uid, status.st_gid, []] if status.st_uid != os.geteuid() else None
            bounded.bounded(functools.partial(os.kill, pid, signal.SIGUSR1), 5, account)
            told.append(pid)
        except (OSError, ValueError, bounded.TimedOut, bounded.ChildFailed):
            # It ended meanwhile, or belongs to somebody whom we may not become: its own time comes, too.
            continue
    return told
