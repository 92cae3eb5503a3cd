# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's life: started through libvirt, and gone with all its files at the end, also when this process is killed.

Three things see to that: the process itself, also on a signal; a guard that outlives it; and the guest, which powers
off when its own time is up. What a power cut leaves is removed by the next run.
"""

import glob
import os
import select
import shutil
import signal
import time

from .._host import bounded, commands

PREFIX = "virtshare-proof."
# Where libvirt's own files lie, so that its confinement and QEMU's user come to what lies in there.
STATE = "/var/lib/libvirt"
LOGS = "/var/log/libvirt/qemu"
VIRSH = "virsh"
# AppArmor's profile for libvirtd lets it run what is called so in STATE, and no other script.
_WRAPPER = "virtd-"
_SECONDS = 30.0
_GUARD_SECONDS = 20.0

WRAPPER = """\
#!/bin/sh
# As OpenNebula's driver does it: the daemon in another user's rights.
exec su -s /bin/sh -c 'exec {daemon} "$@"' -- {user} virtiofsd "$@"
"""


class Ended(BaseException):
    """A signal asked the proof to end; raised so that everything is removed on the way out."""


class Guest:
    """One guest, by its name and its files."""

    def __init__(self, uri, name=None):
        self.uri = uri
        self.name = name or "%s%s.%d.%s" % (PREFIX, _boot_tag(), os.getpid(), os.urandom(4).hex())
        self.directory = os.path.join(STATE, self.name)
        self.wrapper = os.path.join(STATE, _WRAPPER + self.name)

    def file(self, name):
        return os.path.join(self.directory, name)

    def prepare(self, files):
        """The directory with its files, {name: bytes}."""
        os.mkdir(self.directory, 0o755)
        for name, content in files.items():
            with open(self.file(name), "wb") as target:
                target.write(content)
            os.chmod(self.file(name), 0o644)

    def write_wrapper(self, user, daemon):
        """A program that runs the daemon as another user; its path."""
        descriptor = os.open(self.wrapper, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755)
        with os.fdopen(descriptor, "w") as target:
            target.write(WRAPPER.format(user=user, daemon=daemon))
        os.chmod(self.wrapper, 0o755)
        return self.wrapper

    def virsh(self, *words, seconds=_SECONDS):
        """(exit code, output); bounded.TimedOut when libvirt does not answer."""
        return commands.run([VIRSH, "--quiet", "--connect", self.uri] + list(words), seconds)

    def runs(self):
        """Whether libvirt still has it; a silent libvirt counts as yes."""
        try:
            code, text = self.virsh("domstate", self.name)
        except bounded.TimedOut:
            return True
        return code == 0 and "shut off" not in text

    def console(self):
        return text_of(self.file("console"))

    def daemon_log(self):
        """What the daemons wrote, of all filesystems."""
        return "".join(text_of(path) for path in sorted(_found(LOGS, self.name + "-fs*-virtiofsd.log")))

    def end(self):
        """The guest is off and libvirt has forgotten it, its files stay."""
        try:
            self.virsh("destroy", self.name)
        except (bounded.TimedOut, bounded.ChildFailed, OSError):
            pass
        for path in _found(LOGS, self.name + "*") + [self.file("console")]:
            _unlink(path)

    def remove(self):
        """Nothing of it is left."""
        self.end()
        _unlink(self.wrapper)
        shutil.rmtree(self.directory, ignore_errors=True)


class Guarded:
    """A context in which a guest may live: it is removed at the end, on a signal, and when this process is killed."""

    def __init__(self, guest):
        self.guest = guest
        self._previous = []
        self._writer = None
        self._pid = None

    def __enter__(self):
        reader, self._writer = os.pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            _guard(self.guest, parent, reader, self._writer)
        os.close(reader)
        self._previous = [(number, signal.signal(number, _end))
                          for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
        return self.guest

    def __exit__(self, *dummy):
        for number, dummy_handler in self._previous:
            signal.signal(number, signal.SIG_IGN)
        try:
            self.guest.remove()
        finally:
            os.write(self._writer, b"x")
            os.close(self._writer)
            os.waitpid(self._pid, 0)
            for number, handler in self._previous:
                signal.signal(number, handler)


def _guard(guest, parent, reader, writer):
    """Wait for the parent's end; never returns. Not only the pipe tells, as other children hold it open, too."""
    try:
        os.setsid()
        os.close(writer)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        while os.getppid() == parent:
            if select.select([reader], [], [], 0.5)[0] and os.read(reader, 1):
                os._exit(0)
            if os.getppid() == parent and not os.path.exists("/proc/%d" % parent):
                break
        # A virsh that the parent had started may still be at it, so once is not enough.
        deadline = time.monotonic() + _GUARD_SECONDS
        while True:
            guest.remove()
            if time.monotonic() > deadline:
                break
            time.sleep(2)
    finally:
        os._exit(0)


def remove_stale(uri):
    """What killed runs left behind: guests and files of another boot, or of a process that is no more."""
    names = {os.path.basename(path) for path in _found(STATE, PREFIX + "*")}
    names |= {os.path.basename(path)[len(_WRAPPER):] for path in _found(STATE, _WRAPPER + PREFIX + "*")}
    for name in sorted(names):
        boot, dummy, rest = name[len(PREFIX):].partition(".")
        pid = rest.partition(".")[0]
        if boot == _boot_tag() and pid.isdigit() and os.path.exists("/proc/" + pid):
            continue
        Guest(uri, name).remove()


def _found(directory, pattern):
    return glob.glob(os.path.join(directory, pattern))


def text_of(path):
    """A file's text, empty when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError:
        return ""


def _unlink(path):
    try:
        os.unlink(path)
    except OSError:
        pass


def _boot_tag():
    try:
        with open("/proc/sys/kernel/random/boot_id") as source:
            return source.read().strip()[:8]
    except OSError:
        return "noboot"


def _end(number, frame):
    raise Ended(number)
