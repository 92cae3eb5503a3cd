# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user can really do in a share: the operations that a guest's disk needs, tried one after the other.

The test's file has a hidden, recognisable name. It is gone at the end; when the test is killed its caller removes it,
and what a killed caller left is removed by the next run on the same host, or by any host that has seen it for an hour.
"""

import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import re
import signal
import stat

from .._host import bounded
from .._share import leftovers, live

PREFIX = ".virtshare-write-test."
# How long a host watches a file of another host, by its own uptime, until it takes the test for one that was killed.
STALE_SECONDS = 3600
_NAME = re.compile(r"\.virtshare-write-test\.[0-9a-f]{12}\.[0-9a-z]{1,8}\.\d{1,9}\.[0-9a-f]{12}-[0-9a-f]{8}\Z")
_RENAMED = ".renamed"
BLOCK = 4096
LENGTH = 65536

SUPPORTED = "supported"
NOT_SUPPORTED = "not_supported"
DENIED = "denied"
FAILED = "failed"
NOT_TRIED = "not_tried"

OPERATIONS = ("create", "write", "fsync", "rename", "read_back", "lock", "fallocate", "punch_hole", "direct_io",
              "xattr", "delete")
# Without these nobody can keep a disk image in the share; the others cost speed, space or a feature.
NEEDED = ("create", "write", "fsync", "rename", "read_back", "delete")

COSTS = {
    "lock": "qemu cannot protect an image from being opened by two hosts at once",
    "fallocate": "a preallocated image is written in full, zero by zero, which is slow and uses the network",
    "punch_hole": "space that a guest frees (discard) is not given back",
    "direct_io": "cache=none does not work: choose another cache mode, and mind that a host's crash then loses writes",
    "xattr": "virtiofsd started with --xattr, and labels kept in user attributes, do not work",
}

_DENIALS = (errno.EACCES, errno.EPERM, errno.EROFS)
_ABSENCES = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOLCK, errno.ENOTTY)
_KEEP_SIZE = 1
_PUNCH_HOLE = 2


class _Ended(BaseException):
    """A signal asked the test to end; raised so that the file is removed on the way out."""


def run(path, mount, account):
    """The table of one user on one mounted path: {operation: {"result", "words"}} for each of OPERATIONS.

    A generator for live.Bounded.together(). mount: the Mount that must be there. account: {"uid", "gid", "groups"}.
    "result" is supported, not_supported, denied, failed or not_tried; "words" the error and what it costs, or "".
    NoAnswer when the server does not answer.
    """
    identity = (account["uid"], account["gid"], account["groups"])
    name = new_name()
    try:
        answer = yield live.Request(lambda: attempt(path, mount, name), path, mount, identity)
    except (live.NoAnswer, bounded.ChildFailed):
        _remove_after_kill(path, mount, [name], identity)
        raise
    if answer["others"] is not None:
        killed = leftovers.aged(path, PREFIX, answer["others"], STALE_SECONDS)
        if killed:
            _remove_after_kill(path, mount, killed, identity)
    return answer["rows"]


def new_name():
    """The name of a test's file, which tells the host, its boot and the process."""
    return leftovers.sealed("%s%s.%s.%d.%s" % (PREFIX, host_tag(), _boot_tag(), os.getpid(), os.urandom(6).hex()))


def attempt(path, mount, name):
    """Do it, as whoever runs this; it may hang forever on a dead server.

    Returns {"rows": the table, "others": names of other hosts' tests, None where this user may not list them}.
    """
    previous = [(number, signal.signal(number, _end)) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    table = _Table()
    directory = None
    try:
        try:
            directory = live.enter(path, mount)
        except PermissionError as error:
            # Not even a directory above can be passed, so nothing can be created.
            table.set_error("create", error)
            return {"rows": table.rows, "others": None}
        others = _remove_own_stale(directory)
        _try_all(table, directory, name)
        return {"rows": table.rows, "others": others}
    finally:
        if directory is not None:
            remove(directory, name)
            os.close(directory)
        for number, handler in previous:
            signal.signal(number, handler)


def _try_all(table, directory, name):
    renamed = name + _RENAMED
    content = os.urandom(BLOCK)
    opened = []

    def create():
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        opened.append(os.open(name, flags, 0o600, dir_fd=directory))

    if not table.take("create", create):
        return
    descriptor = opened[0]
    try:
        table.take("write", lambda: _write(descriptor, content))
        table.take("fsync", lambda: os.fsync(descriptor))
        at = name
        if table.take("rename", lambda: os.rename(name, renamed, src_dir_fd=directory, dst_dir_fd=directory)):
            at = renamed
        table.take("read_back", lambda: _read_back(directory, at, content))
        table.take("lock", lambda: _lock(descriptor))
        table.take("fallocate", lambda: _allocate(descriptor))
        table.take("punch_hole", lambda: _fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, 0, BLOCK))
        table.take("direct_io", lambda: _direct(directory, at))
        table.take("xattr", lambda: _attribute(descriptor))
    finally:
        os.close(descriptor)
    table.take("delete", lambda: os.unlink(at, dir_fd=directory))


class _Table:
    """The rows so far; what was never reached stays not_tried."""

    def __init__(self):
        self.rows = {operation: {"result": NOT_TRIED, "words": ""} for operation in OPERATIONS}

    def take(self, operation, function):
        """Try it and note the outcome; whether it worked. A text that it returns is a remark about its success."""
        try:
            remark = function()
        except OSError as error:
            self.set_error(operation, error)
            return False
        self.rows[operation] = {"result": SUPPORTED, "words": remark or ""}
        return True

    def set_error(self, operation, error):
        result = outcome(operation, error.errno)
        words = live.error_words(error) + live.way_out(error.errno)
        if result == NOT_SUPPORTED and operation in COSTS:
            words += "; " + COSTS[operation]
        self.rows[operation] = {"result": result, "words": words}


def outcome(operation, number):
    """What an errno of an operation means: denied, not_supported or failed."""
    if number in _DENIALS:
        return DENIED
    if operation not in NEEDED and number in _ABSENCES:
        return NOT_SUPPORTED
    return FAILED


def verdict(table):
    """The needed operations that did not work: [(operation, row)], empty when the user can keep images there."""
    return [(operation, table[operation]) for operation in NEEDED if table[operation]["result"] != SUPPORTED]


def _write(descriptor, content):
    done = os.write(descriptor, content)
    if done != len(content):
        raise OSError(errno.EIO, "only %d of %d bytes were written" % (done, len(content)))


def _read_back(directory, name, content):
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        found = os.read(descriptor, len(content) + 1)
    finally:
        os.close(descriptor)
    if found != content:
        raise OSError(errno.EIO, "the file does not hold what was written")


def _lock(descriptor):
    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.lockf(descriptor, fcntl.LOCK_UN)


def _allocate(descriptor):
    """fallocate(2) itself: os.posix_fallocate would silently write zeros where the filesystem has none."""
    _fallocate(descriptor, 0, 0, LENGTH)
    taken = os.fstat(descriptor).st_blocks * 512
    if taken < LENGTH:
        return ("success was reported, but the file takes %d of %d bytes: the space may not be reserved"
                % (taken, LENGTH))
    return None


def _fallocate(descriptor, mode, offset, length):
    library = ctypes.CDLL(None, use_errno=True)
    # fallocate64 is what has 64-bit offsets on every architecture; 64-bit C libraries have it as well.
    call = getattr(library, "fallocate64", None) or library.fallocate
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    call.restype = ctypes.c_int
    if call(descriptor, mode, offset, length) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _direct(directory, name):
    # Anonymous memory is aligned to a page, as O_DIRECT wants it.
    buffer = mmap.mmap(-1, BLOCK)
    try:
        buffer.write(b"\x5a" * BLOCK)
        flags = os.O_RDWR | os.O_DIRECT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=directory)
        try:
            if os.writev(descriptor, [buffer]) != BLOCK:
                raise OSError(errno.EIO, "a direct write was cut short")
            os.lseek(descriptor, 0, os.SEEK_SET)
            if os.readv(descriptor, [buffer]) != BLOCK or buffer[:] != b"\x5a" * BLOCK:
                raise OSError(errno.EIO, "a direct read gave other data than was written")
        finally:
            os.close(descriptor)
    finally:
        buffer.close()


def _attribute(descriptor):
    os.setxattr(descriptor, "user.virtshare", b"1")
    if os.getxattr(descriptor, "user.virtshare") != b"1":
        raise OSError(errno.EIO, "the attribute does not hold what was written")


def remove(directory, name):
    """Remove a test's file under both its names; whether nothing of it is left."""
    gone = True
    for candidate in (name, name + _RENAMED):
        try:
            os.unlink(candidate, dir_fd=directory)
        except FileNotFoundError:
            pass
        except OSError:
            gone = False
    return gone


def _remove_after_kill(path, mount, names, identity):
    """What killed tests left, tried as the user and as root; a dead server keeps it until the next run."""
    def work():
        directory = live.enter(path, mount)
        try:
            # Each is tried, also after one that stays.
            tried = [remove(directory, name) for name in names if _is_ours(directory, name)]
            return all(tried)
        finally:
            os.close(directory)

    for account in (identity, None):
        try:
            if bounded.bounded(work, live.RETRY_TIMEOUT, account):
                return
        except bounded.TimedOut:
            return
        except (OSError, bounded.ChildFailed):
            continue


def _remove_own_stale(directory):
    """Remove the files that a killed run of this very host left: of another boot, or of a process that is no more.

    Returns the names of other hosts' files, None where this user may not list the directory.
    """
    mine = PREFIX + host_tag() + "."
    names = _listed(directory)
    if names is None:
        return None
    for name in names:
        if name.startswith(mine) and not _runs(name[len(mine):]) and _is_ours(directory, name):
            remove(directory, name)
    return sorted(name for name in names if not name.startswith(mine))


def _is_ours(directory, name):
    """Whether a file of a name of ours can be one that a test has made, under either name."""
    for candidate in (name, name + _RENAMED):
        try:
            status = os.stat(candidate, dir_fd=directory, follow_symlinks=False)
        except OSError:
            continue
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_size > LENGTH:
            return False
    return True


def _listed(directory):
    """The names of tests, without what a test adds when it renames its file. None: a directory that this user may enter
    but not list (mode 0711) is no reason to fail the test."""
    try:
        names = set(name[:-len(_RENAMED)] if name.endswith(_RENAMED) else name
                    for name in os.listdir(directory) if name.startswith(PREFIX))
    except OSError:
        return None
    return [name for name in names if _NAME.match(name) and leftovers.is_sealed(name)]


def _runs(rest):
    """Whether the process that a name's BOOT.PID.RANDOM part tells of may still be at work."""
    boot, dummy, rest = rest.partition(".")
    pid = rest.partition(".")[0]
    return boot == _boot_tag() and pid.isdigit() and os.path.exists("/proc/" + pid)


def host_tag():
    """Twelve letters that tell this host from every other, also from one cloned from the same image."""
    machine = ""
    try:
        with open("/etc/machine-id") as source:
            machine = source.read().strip()
    except OSError:
        pass
    return hashlib.sha256(("%s %s" % (os.uname().nodename, machine)).encode("utf-8")).hexdigest()[:12]


def _boot_tag():
    try:
        with open("/proc/sys/kernel/random/boot_id") as source:
            return source.read().strip()[:8]
    except OSError:
        return "noboot"


def _end(number, frame):
    raise _Ended(number)
