# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's root: a cpio archive with a static busybox, an /init, and the kernel's modules that it needs.

Pure, but for what reads the modules. Format: initramfs buffer format of the Linux kernel, "newc".
"""

import gzip
import lzma
import os
import stat
import subprocess

from .._plan.plan import Refusal

# Debian 13's kernel has all of them built in; others load them.
MODULES = ("virtio_pci", "virtiofs")


def archive(entries):
    """The bytes of a cpio archive of (name, mode, content); a character device's content is its (major, minor)."""
    made = bytearray()
    for number, (name, mode, content) in enumerate(list(entries) + [("TRAILER!!!", 0, b"")], 1):
        device = (0, 0)
        if stat.S_ISCHR(mode):
            device, content = content, b""
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0) + device + (len(name) + 1, 0)
        made += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode("ascii") + b"\0"
        made += bytes(-len(made) % 4) + content
        made += bytes(-len(made) % 4)
    return bytes(made)


def build(busybox, init, modules=()):
    """The guest's initramfs. busybox: bytes of the program. init: text. modules: (name, bytes), in order.

    It is not compressed: with an emulated processor unpacking takes longer than reading two megabytes.
    """
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in ("dev", "proc", "mnt", "modules")]
    entries += [("dev/console", stat.S_IFCHR | 0o600, (5, 1)), ("busybox", stat.S_IFREG | 0o755, busybox),
                ("init", stat.S_IFREG | 0o755, init.encode("utf-8"))]
    entries += [("modules/%02d-%s.ko" % (number, name), stat.S_IFREG | 0o644, content)
                for number, (name, content) in enumerate(modules)]
    return archive(entries)


def check_static(program, path):
    """Refusal when a program (its bytes) needs a loader, as there are no libraries in the guest."""
    if program[:4] != b"\x7fELF":
        raise Refusal("%s is not a program (ELF): install the package busybox-static, or name a static busybox" % path)
    # Byte order and width as in the file's head; all machines known here are 64 bits wide and little-endian.
    start, size, count = (int.from_bytes(program[at:at + width], "little") for at, width in ((32, 8), (54, 2), (56, 2)))
    for number in range(count):
        at = start + number * size
        if int.from_bytes(program[at:at + 4], "little") == 3:  # PT_INTERP
            raise Refusal("%s is linked dynamically, and there are no libraries in the guest: install the package "
                          "busybox-static, or name a static busybox" % path)


def needed_modules(dependencies, wanted=MODULES):
    """Paths of the modules to load, in order, from the text of modules.dep; what is built in is not in there."""
    known = {}
    for line in dependencies.splitlines():
        path, dummy, needs = line.partition(":")
        known[module_name(path)] = (path, needs.split())
    order = []
    for name in wanted:
        if name in known:
            path, needs = known[name]
            # modules.dep names what a module needs in the reverse order of loading.
            order += [entry for entry in list(reversed(needs)) + [path] if entry not in order]
    return order


def module_name(path):
    """"kernel/fs/fuse/virtio-fs.ko.xz" -> "virtio_fs"."""
    return os.path.basename(path).partition(".")[0].replace("-", "_")


def read_modules(directory):
    """(name, bytes) of each module to load, in order; none when the kernel's modules are not on this host."""
    try:
        with open(os.path.join(directory, "modules.dep")) as source:
            dependencies = source.read()
    except FileNotFoundError:
        return []
    return [(module_name(path), _module(os.path.join(directory, path))) for path in needed_modules(dependencies)]


def _module(path):
    if path.endswith(".zst"):
        # Python has no zstd before 3.14; a host with such modules has the program, as its initramfs needs it.
        return subprocess.run(  # pylint: disable=ansible-bad-function
            ["zstd", "--decompress", "--stdout", "--quiet", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=30, check=True).stdout
    with open(path, "rb") as source:
        content = source.read()
    if path.endswith(".xz"):
        return lzma.decompress(content)
    if path.endswith(".gz"):
        return gzip.decompress(content)
    return content
