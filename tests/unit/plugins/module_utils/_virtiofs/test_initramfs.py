# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's root, read back by the cpio of another author, or by the format's own rules."""

import gzip
import lzma
import stat

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import initramfs


def read(archive):
    """{name: (mode, content, device)} of a newc archive, by the kernel's description of it."""
    entries = {}
    at = 0
    while True:
        assert archive[at:at + 6] == b"070701" and at % 4 == 0
        fields = [int(archive[at + 6 + 8 * number:at + 14 + 8 * number], 16) for number in range(13)]
        mode, size, major, minor, length = fields[1], fields[6], fields[9], fields[10], fields[11]
        name = archive[at + 110:at + 110 + length]
        assert name.endswith(b"\0")
        body = at + 110 + length
        body += -body % 4
        if name == b"TRAILER!!!\0":
            return entries
        entries[name[:-1].decode()] = (mode, archive[body:body + size], (major, minor))
        at = body + size
        at += -at % 4


def test_the_guests_root():
    entries = read(initramfs.build(b"program", "#!/busybox sh\nécho\n", [("virtio", b"one"), ("virtiofs", b"three")]))
    assert entries["busybox"] == (stat.S_IFREG | 0o755, b"program", (0, 0))
    assert entries["init"] == (stat.S_IFREG | 0o755, "#!/busybox sh\nécho\n".encode("utf-8"), (0, 0))
    assert entries["dev/console"] == (stat.S_IFCHR | 0o600, b"", (5, 1))
    assert entries["modules/00-virtio.ko"][1] == b"one"
    assert entries["modules/01-virtiofs.ko"][1] == b"three"
    assert list(entries).index("dev") < list(entries).index("dev/console"), "a directory comes before what is in it"


@pytest.mark.parametrize("size", range(9))
def test_every_length_is_padded(size):
    assert read(initramfs.archive([("a" * (size + 1), stat.S_IFREG, b"x" * size), ("last", stat.S_IFREG, b"y")])) == {
        "a" * (size + 1): (stat.S_IFREG, b"x" * size, (0, 0)), "last": (stat.S_IFREG, b"y", (0, 0))}


def elf(*types):
    head = bytearray(64)
    head[:5] = b"\x7fELF\x02"
    head[32:40] = (64).to_bytes(8, "little")
    head[54:56] = (56).to_bytes(2, "little")
    head[56:58] = len(types).to_bytes(2, "little")
    return bytes(head) + b"".join(number.to_bytes(4, "little") + bytes(52) for number in types)


def test_only_a_static_program_will_do():
    initramfs.check_static(elf(1, 1, 4), "/bin/busybox")
    with pytest.raises(Refusal, match="/bin/busybox is linked dynamically.*busybox-static"):
        initramfs.check_static(elf(6, 3, 1), "/bin/busybox")
    with pytest.raises(Refusal, match="is not a program"):
        initramfs.check_static(b"#!/bin/sh", "/bin/busybox")


DEPENDENCIES = """\
kernel/virtio/virtio.ko.xz:
kernel/virtio/virtio_ring.ko.xz: kernel/virtio/virtio.ko.xz
kernel/virtio/virtio_pci.ko.xz: kernel/virtio/virtio_ring.ko.xz kernel/virtio/virtio.ko.xz
kernel/fs/fuse/fuse.ko.xz:
kernel/fs/fuse/virtiofs.ko.xz: kernel/fs/fuse/fuse.ko.xz kernel/virtio/virtio_ring.ko.xz kernel/virtio/virtio.ko.xz
"""


def test_modules_are_loaded_after_what_they_need():
    order = [initramfs.module_name(path) for path in initramfs.needed_modules(DEPENDENCIES)]
    assert order == ["virtio", "virtio_ring", "virtio_pci", "fuse", "virtiofs"]


def test_what_is_built_in_needs_no_module():
    assert initramfs.needed_modules("kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n") == []


def test_modules_are_unpacked(tmp_path):
    (tmp_path / "modules.dep").write_text("virtio-pci.ko.xz: virtio.ko.gz\nvirtio.ko.gz:\nvirtiofs.ko:\n")
    (tmp_path / "virtio-pci.ko.xz").write_bytes(lzma.compress(b"pci"))
    (tmp_path / "virtio.ko.gz").write_bytes(gzip.compress(b"virtio"))
    (tmp_path / "virtiofs.ko").write_bytes(b"fs")
    assert initramfs.read_modules(str(tmp_path)) == [("virtio", b"virtio"), ("virtio_pci", b"pci"), ("virtiofs", b"fs")]
    assert initramfs.read_modules(str(tmp_path / "none")) == []
