# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work inside a live mount: never in the directory beneath it, and never without an end."""

import collections
import errno
import functools
import os
import socket

from .._host import blockdevice, bounded, mountinfo
from .._plan.plan import NoAnswer
from .types import registry

# A server that let one request run out of time gets this long for each later one, so that twenty shares of a dead
# server cost one bound and not twenty.
RETRY_TIMEOUT = 2.0

# Of several names of one number the one that the manual pages of the system calls have.
_ERRNO_NAMES = {errno.EOPNOTSUPP: "EOPNOTSUPP", errno.EAGAIN: "EAGAIN"}


def error_words(error):
    """An OSError as "EPERM: Operation not permitted"."""
    name = _ERRNO_NAMES.get(error.errno) or errno.errorcode.get(error.errno, str(error.errno))
    return "%s: %s" % (name, error.strerror)


def way_out(number):
    """What to do about a filesystem that takes nothing more, to follow an error, "" for other errors."""
    if number == errno.ENOSPC:
        return "; the filesystem has no room, for data or for files (df -h, df -i): free some, then run again"
    if number == errno.EDQUOT:
        return "; a quota is used up: raise it or free some space, then run again"
    return ""


def server_of(mount):
    """Who has to answer for this mount: a server's name, or the local device."""
    return registry.of_mount(mount).server_of(mount)


def evidence_of(share, entries):
    """What ShareType.mismatch() is to know of this host beside the mount; to be called in a bounded child.

    share: {"type", "source"}. entries: as mountinfo.parse gives them.
    """
    share_type = registry.of(share)
    evidence = {}
    if share_type.binds and share["source"]:
        evidence["origin"] = origin_of(share["source"], entries)
    if share_type.on_device:
        link = blockdevice.link_of(share["source"])
        evidence["device"] = blockdevice.number_of(link) if os.path.exists(link) else None
    if share_type.remote and share["source"]:
        evidence["addresses"] = sorted({address for server in share_type.servers(dict({"options": {}}, **share))
                                        for address in _addresses(server["host"])})
    return evidence


def _addresses(host):
    try:
        return [each[4][0].split("%")[0] for each in socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)]
    except socket.gaierror:
        return []


def origin_of(source, entries):
    """[st_dev, mountinfo.directory()] of the directory a bind mount comes from, None when there is no such directory."""
    real = os.path.realpath(source) if os.path.isdir(source) else None
    below = mountinfo.containing(entries, real) if real else None
    if below is not None and below.fstype == "autofs":
        # Looking at it has mounted it.
        below = mountinfo.containing(mountinfo.read(), real)
    if below is None:
        return None
    return [below.st_dev, mountinfo.directory(below, os.path.relpath(real, below.mount_point))]


def declared_instead(share, mount, entries, ask):
    """A generator for Bounded.together(): the text of what is declared, if that is not what is mounted; else None.

    share: {"path", "type", "source"}; without a type everything fits, without a source all of its type. ask: a function
    that makes a Request of a function.
    """
    if share.get("type") is None:
        return None
    share_type = registry.of(share)
    if share_type.live_types and mount.fstype not in share_type.live_types:
        return "the type %s" % share_type.name
    if not share.get("source"):
        return None
    evidence = None
    if share_type.binds or share_type.on_device:
        evidence = yield ask(lambda: evidence_of(share, entries))
    mismatch = share_type.mismatch(share, mount, evidence)
    if mismatch is not None and evidence is None:
        # The kernel may show another name of the same server.
        mismatch = share_type.mismatch(share, mount, (yield ask(lambda: evidence_of(share, entries))))
    return None if mismatch is None else share["source"]


def plain_directory(entries, path):
    """What an unmounted path lies on, as a phrase: "the local ext4 /dev/ubda"; entries as mountinfo.parse gives them."""
    below = mountinfo.containing(entries, path)
    if below is None:
        return "an unknown filesystem"
    if below.fstype == "autofs":
        return "an automount that could not mount it (the journal says why)"
    source = _block_device(below.st_dev) if below.source == "/dev/root" else below.source
    remote = registry.of_mount(below).remote
    return "%s%s %s" % ("" if remote else "the local ", below.fstype, source or below.source)


def _block_device(st_dev):
    """The device's own name; a kernel that mounted the root filesystem itself only calls it /dev/root."""
    try:
        with open("/sys/dev/block/%s/uevent" % st_dev) as lines:
            for line in lines:
                if line.startswith("DEVNAME="):
                    return "/dev/" + line[len("DEVNAME="):].strip()
    except OSError:
        pass
    return None


Request = collections.namedtuple("Request", "function path mount account")
Request.__doc__ = """What Bounded.run() takes, for Bounded.together()."""


class Bounded:
    """Runs work in bounded children and turns their timeouts into words.

    seconds: the bound of each piece of work. host: the name by which the user knows this host.
    """

    def __init__(self, seconds, host):
        self.seconds = seconds
        self.host = host
        self._silent = set()

    def run(self, function, path, mount=None, account=None):
        """function() in a child, as account (uid, gid, groups) if given; NoAnswer when its time is up.

        Everything else is as in bounded.bounded(): OSError passes through, the rest becomes ChildFailed.
        """
        answer, = self._answers([Request(function, path, mount, account)], account)
        return answer.get()

    def together(self, conversations):
        """Run generators side by side. Each yields a Request and is given its answer, or its error is raised there.

        What all of them ask for at the same time as the same account is done in one child, see bounded.each().
        """
        answered = [(conversation, bounded.Answer(None, None)) for conversation in conversations]
        while answered:
            asked = []
            for conversation, answer in answered:
                try:
                    request = (conversation.send(answer.value) if answer.error is None
                               else conversation.throw(answer.error))
                    asked.append((conversation, request))
                except StopIteration:
                    pass
            answered = []
            while asked:
                account = asked[0][1].account
                same = [each for each in asked if each[1].account == account]
                asked = [each for each in asked if each[1].account != account]
                answers = self._answers([request for dummy, request in same], account)
                answered.extend(zip([conversation for conversation, dummy in same], answers))

    def declared_instead(self, share, mount, entries):
        """The answer of declared_instead()."""
        answers = []

        def conversation():
            answers.append((yield from declared_instead(
                share, mount, entries, lambda function: Request(function, share["path"], mount, None))))

        self.together([conversation()])
        return answers[0]

    def _answers(self, requests, account):
        """Yield the bounded.Answer to each request; one that its server did not give is a NoAnswer."""
        outcomes = bounded.each([(request.function, functools.partial(self._bound, request.mount))
                                 for request in requests], account)
        for request, answer in zip(requests, outcomes):
            late = isinstance(answer.error, bounded.TimedOut)
            yield bounded.Answer(None, self._no_answer(request, answer.error.seconds)) if late else answer

    def _bound(self, mount):
        silent = mount is not None and server_of(mount) in self._silent
        return min(self.seconds, RETRY_TIMEOUT) if silent else self.seconds

    def _no_answer(self, request, seconds):
        """The NoAnswer of a request; its server counts as silent from now on."""
        mount = request.mount
        server = server_of(mount) if mount is not None else None
        if server is None:
            return NoAnswer("%s: %s gave no answer within %g s" % (self.host, request.path, seconds))
        self._silent.add(server)
        return NoAnswer("%s: %s: %s did not answer within %g s (%s mount of %s); check that it is up and reachable, "
                        "then run again" % (self.host, request.path, _named(mount), seconds, mount.fstype, mount.source))

    def silent(self, mount):
        """Whether the server behind this mount already let a request run out of time."""
        return server_of(mount) in self._silent

    def visible(self, path):
        """The mount at path and all entries: (Mount or None, entries). An automount point is made to mount first."""
        entries = mountinfo.read()
        found = mountinfo.find(entries, path)
        if found is not None and found.fstype == "autofs":
            try:
                self.run(lambda: os.close(os.open(path + "/.", os.O_RDONLY | os.O_DIRECTORY)), path)
            except NoAnswer:
                raise NoAnswer("%s: %s: its automount did not mount it within %g s; check that its server is up and "
                               "reachable, then run again" % (self.host, path, self.seconds))
            except OSError:
                # What the automount met (no such export, no route) shows as its mount still missing.
                pass
            entries = mountinfo.read()
            found = mountinfo.find(entries, path)
            if found is not None and found.fstype == "autofs":
                found = None
        return found, entries


def enter(path, mount):
    """A descriptor of the root directory of this very mount, opened now; to be called in a bounded child.

    Opening (and not only a stat) makes an NFS client ask its server instead of its cache. Where the user may not
    list the directory the descriptor is one for its metadata and for names inside only (O_PATH).
    OSError(ESTALE) when the path is no longer the mount that was seen there: nothing may touch what is beneath.
    """
    flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, os.O_RDONLY | flags)
    except PermissionError:
        descriptor = os.open(path, os.O_PATH | flags)
    if mount is not None and _mount_id(descriptor) != mount.mount_id:
        os.close(descriptor)
        raise OSError(errno.ESTALE, "the mount that was here has gone while it was being worked on", path)
    return descriptor


def name_of(descriptor):
    """A name for what a descriptor of enter() is open on.

    The descriptor of a directory that may not be listed (O_PATH) can be neither changed nor asked for its attributes
    itself, its name in the kernel can.
    """
    return "/proc/self/fd/%d" % descriptor


def _mount_id(descriptor):
    """The mount a descriptor was opened through; unlike st_dev it is never shared or translated (btrfs does both)."""
    with open("/proc/self/fdinfo/%d" % descriptor) as lines:
        for line in lines:
            name, dummy, value = line.partition(":")
            if name == "mnt_id":
                return int(value)
    raise OSError(errno.ENOTSUP, "this kernel does not tell the mount of a descriptor (it must be Linux 3.15 or newer)")


def _named(mount):
    local = mount.source.startswith("/") and not mount.source.startswith("//")
    return "%s %s" % ("the device" if local else "the server", server_of(mount))
