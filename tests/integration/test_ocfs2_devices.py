# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ocfs2_filesystem and ocfs2_cluster_info with real devices: what has anything on it, or is used, stays so."""

import pytest

from tests.support.privileged import run_as_root

BEGIN = r"""
# The lock of a host's filesystems is there: a test beside this one is another host.
sh("mount -t tmpfs none /run -o mode=0755")
image = {image!r}
sh("truncate -s 64M %s" % image)
device = sh("losetup --find --show %s" % image).strip()

def filesystem(check=False, **parameters):
    outcome = run_module("ocfs2_filesystem", dict(dict(label="vm", device=device, format=True), **parameters), check)
    return dict(outcome, did=[operation["operation"] for operation in outcome.get("operations", [])])

def contents():
    return sh("sha256sum < %s" % image)

try:
    before = None
{script}
finally:
    sh("umount /srv/x 2>/dev/null || true; losetup --detach %s" % device)
"""

# What is made of the empty device, and what the refusal says.
USED = {
    "a filesystem": ("mkfs.ext4 -q {0}", "there is ext4 on it"),
    "swap space": ("mkswap {0}", "there is swap on it"),
    "a partition table": (
        r"printf '\0\1\1\0\203\1\1\1\1\0\0\0\0\10\0\0' | dd of={0} bs=1 seek=446 status=none; "
        r"printf '\125\252' | dd of={0} bs=1 seek=510 status=none", "there is dos on it"),
    "a mount whose signature is gone": (
        "mkfs.ext4 -q {0} && mkdir /srv/x && mount -o ro {0} /srv/x && "
        "dd if=/dev/zero of={0} bs=4096 count=1 "
        "conv=notrunc,fsync status=none", "is in use: the kernel says: Device or resource busy"),
    "a program that has it open": ("sleep 600 <{0} >/dev/null 2>&1 & echo $!", "has it open"),
}


def on_a_device(tmp_path, script):
    indented = "\n".join("    " + line for line in script.strip().splitlines())
    return run_as_root(tmp_path, BEGIN.format(image=str(tmp_path / "disk"), script=indented))


@pytest.mark.parametrize("name", list(USED))
def test_a_device_that_is_not_empty_is_left_as_it_is(tmp_path, name):
    command, words = USED[name]
    result = on_a_device(tmp_path, f"""
printed = sh({command!r}.format(device))
before = contents()
outcome = filesystem()
result = dict(failed=outcome.get("failed"), msg=outcome.get("msg", ""), same=contents() == before)
if printed.strip().isdigit():
    os.kill(int(printed), 9)
""")
    assert result["failed"] and result["same"]
    assert words in result["msg"]


def test_an_empty_device_is_formatted_only_when_it_is_told(tmp_path):
    result = on_a_device(tmp_path, """
before = contents()
result = dict(
    untold=filesystem(format=False), told=filesystem(check=True), other=filesystem(formatted_by="hv1", format=False),
    missing=filesystem(device="/dev/disk/by-id/not-there"), same=contents() == before)
""")
    assert "nothing is formatted unless format is true" in result["untold"]["msg"]
    assert result["told"]["did"] == ["format"] and result["told"]["changed"]
    assert "it is not the same device" in result["other"]["msg"]
    assert "there is no device /dev/disk/by-id/not-there" in result["missing"]["msg"]
    assert result["same"]


def test_a_host_is_read_whatever_is_on_its_devices(tmp_path):
    result = on_a_device(tmp_path, """
sh("mkfs.ext4 -q " + device)
result = run_module("ocfs2_cluster_info", dict(
    host="here", sources=["LABEL=not-there"], devices=[device, "/dev/null"],
    address=sh("ip -4 -o address show scope global").split()[3].split("/")[0]))
""")
    assert not result.get("failed"), result["msg"]
    missing, used, strange = result["devices"]
    assert missing["problem"] == "there is no device LABEL=not-there"
    assert (used["content"], used["volume"], used["bytes"], used["problem"]) == (["ext4"], None, 64 << 20, None)
    assert "not a block device" in strange["problem"]
    assert result["changed"] is False and result["node"] and result["kernel"]


def test_both_modules_tell_the_same_of_a_volume(tmp_path):
    result = on_a_device(tmp_path, """
import struct
volume = bytearray(8192)
volume[2048:2056] = b"OCFSV2" + bytes(2)
begin = 2048 + 0xC0
struct.pack_into("<I", volume, begin + 0x20, 0x4000)
struct.pack_into("<IIH", volume, begin + 0x38, 10, 12, 2)
struct.pack_into("16s", volume, begin + 0x50, b"vm")
struct.pack_into("16s4s", volume, begin + 0x90, bytes(range(0xA0, 0xB0)), b"o2cb")
struct.pack_into("16s", volume, begin + 0xA8, b"ocfs2")
with open(device, "r+b") as disk:
    disk.write(volume)
result = filesystem(format=False), run_module("ocfs2_cluster_info", dict(
    host="here", sources=[device], address=sh("ip -4 -o address show scope global").split()[3].split("/")[0]))
""")
    made, read = result
    assert made.get("msg") is None and read.get("msg") is None
    assert made["filesystem"] == read["devices"][0]["volume"] == {
        "label": "vm", "uuid": "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf", "slots": 2, "block_size": 1024,
        "cluster_size": 4096, "local": False, "stack": "o2cb", "cluster": "ocfs2", "global_heartbeat": False}
    assert read["devices"][0]["problem"] is None and read["missing_programs"] is not None
