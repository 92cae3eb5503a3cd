# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A share on a real filesystem for share_access, as pieces of the scripts that run_as_root() runs."""

from __future__ import annotations

import os

MOUNTS = {
    "tmpfs": "mount -t tmpfs none {share}",
    "ext4": "truncate -s 32M {image} && mkfs.ext4 -q {image} && mount -o loop {image} {share} && rmdir {share}/lost+found",
    # Its files have no extents, so that nothing can be allocated ahead.
    "ext3": "truncate -s 32M {image} && mkfs.ext3 -q {image} && mount -t ext4 -o loop {image} {share}"
            " && rmdir {share}/lost+found",
    "tmpfs, inside a directory of root's": "chmod 0711 {above} && mount -t tmpfs none {share}",
}

# The same system calls, without a line of the collection's code: as a person would try them.
BY_HAND = """
def by_hand(share, uid, gid, groups):
    import ctypes, errno, fcntl, mmap
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os.wait()
        return json.loads(os.read(reader, 65536))
    os.setgroups(groups), os.setgid(gid), os.setuid(uid)
    os.chdir("/")
    libc = ctypes.CDLL(None, use_errno=True)
    name = share + "/by-hand"
    outcomes = {}
    def note(what, function):
        try:
            function()
            outcomes[what] = "ok"
        except OSError as error:
            outcomes[what] = "EOPNOTSUPP" if error.errno == errno.EOPNOTSUPP else errno.errorcode[error.errno]
        return outcomes[what] == "ok"
    def fallocate(mode, length):
        call = libc.fallocate64
        call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        if call(fd, mode, 0, length):
            raise OSError(ctypes.get_errno(), "")
    def direct():
        block = mmap.mmap(-1, 4096)
        other = os.open(name, os.O_RDWR | os.O_DIRECT)
        os.writev(other, [block])
        os.close(other)
    fd = None
    def create():
        global fd_made
        fd_made = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if note("create", create):
        fd = fd_made
        note("write", lambda: os.write(fd, b"x" * 4096))
        note("fsync", lambda: os.fsync(fd))
        note("rename", lambda: os.rename(name, name + "2"))
        name = name + "2"
        note("read_back", lambda: open(name, "rb").read())
        note("lock", lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB))
        note("fallocate", lambda: fallocate(0, 65536))
        note("punch_hole", lambda: fallocate(3, 4096))
        note("direct_io", direct)
        note("xattr", lambda: os.setxattr(fd, "user.test", b"1"))
        note("delete", lambda: os.unlink(name))
    os.write(writer, json.dumps(outcomes).encode())
    os._exit(0)
"""
MEANINGS = {"EACCES": "denied", "EPERM": "denied", "EROFS": "denied", "EOPNOTSUPP": "not_supported",
            "EINVAL": "not_supported", "ENOSYS": "not_supported", "ENOLCK": "not_supported"}

# Beneath the tmpfs that run_as_root() lays over /srv, so that every user can reach it.
SHARE = "/srv/above/share"


def prepare(kind="tmpfs"):
    command = MOUNTS[kind].format(share=SHARE, image="/srv/image", above=os.path.dirname(SHARE))
    return f"share = {SHARE!r}\nos.makedirs(share)\nsh({command!r})\n"


def access(**more):
    entry = {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"], **more}
    return f"run_module('share_access', {{'host': 'hv1', 'timeout': 20, 'shares': [declared(path=share, **{entry!r})]}})"
