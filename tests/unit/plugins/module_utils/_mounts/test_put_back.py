# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A share whose new mount fails gets its old one back, or it is said that it could not."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import executor as executor_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import found as found_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import order, plan, previous
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.mountpoint import Point
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

ROOT = "20 1 254:0 / / rw,relatime - ext4 /dev/vda rw"
OLD = "52 20 0:37 / /srv/x rw,noatime - nfs4 nas1:/export/old rw,vers=4.2,hard,addr=192.0.2.12,clientaddr=192.0.2.1"
LINE = "nas1:/export/old /srv/x nfs rw,vers=4.1,_netdev,nofail 0 0"
GUARDED = Point("directory", None, "0:0", "0000", True, [])


class Host:
    """A host of which fstab is real, and what is mounted is said by the commands."""

    name, timeout = "hv1", 7

    def __init__(self, directory, monkeypatch, lines):
        self.fstab_path = str(directory / "fstab")
        fstab.write(self.fstab_path, "".join("%s\n" % line for line in lines))
        self.lines = [ROOT, OLD]
        self.run = []
        self.answers = {}
        monkeypatch.setattr(executor_module.mountinfo, "read", lambda: mountinfo.parse("\n".join(self.lines)))

    def in_use(self, path, mount):
        return []

    def helper_missing(self, share_type):
        return None

    def has_systemd(self):
        return True

    def runner(self, command, seconds):
        self.run.append(" ".join(command))
        code, output = next((answer for words, answer in self.answers.items() if words in self.run[-1]), (0, ""))
        if command[0] == "umount" and code == 0:
            self.lines = [ROOT]
        elif command[0] == "mount" and code == 0:
            self.lines = [ROOT, OLD]
        return code, output


def changed(host, lines):
    declared = validated([{"path": "/srv/x", "type": "nfs", "source": "nas2:/export/new"}])[0]
    entries, text = mountinfo.parse("\n".join(host.lines)), "\n".join(lines)
    state = found_module.Found(
        found_module.stack(entries, "/srv/x"), [entries[0]], fstab.lines_of(text, "/srv/x"), fstab.find(text, "/srv/x"),
        GUARDED, {"addresses": None, "origin": None}, False)
    planned = plan.plan_share(declared, registry.of(declared), state, lambda path, mount: [])
    runner = executor_module.Executor(host, [declared], {"/srv/x": registry.of(declared)}, host.runner)
    done = runner.carry_out(order.whole([planned], False, list).operations)
    return [each.name for each in done], runner.errors


@pytest.mark.parametrize("lines, command", [
    ([LINE], "mount -t nfs -o rw,vers=4.1,retry=0 nas1:/export/old /srv/x"),
    ([], "mount -t nfs4 -o rw,noatime,rw,vers=4.2,hard,retry=0 nas1:/export/old /srv/x"),
])
def test_the_old_mount_and_its_line_come_back(tmp_path, monkeypatch, lines, command):
    host = Host(tmp_path, monkeypatch, lines)
    host.answers = {"nas2:/export/new": (32, "mount.nfs: No such file or directory")}
    done, errors = changed(host, lines)
    assert done == []
    assert host.run[-1] == command
    assert fstab.read(host.fstab_path).splitlines() == lines
    assert errors["/srv/x"].endswith("nas1:/export/old is mounted there again, as it was before.")
    assert "nas2:/export/new could not be mounted" in errors["/srv/x"]
    assert host.run.count("systemctl daemon-reload") == 2, "once for the new line, once for the old one"


def test_what_cannot_be_put_back_is_said(tmp_path, monkeypatch):
    host = Host(tmp_path, monkeypatch, [LINE])
    host.answers = {"mount -t nfs": (32, "mount.nfs: Connection timed out")}
    done, errors = changed(host, [LINE])
    assert done == ["unmount"]
    assert "nas1:/export/old, which was mounted there before, could not be mounted again: mount.nfs: Connection timed out. " \
           "Nothing is mounted there." in errors["/srv/x"]
    assert fstab.read(host.fstab_path).splitlines() == [LINE]


def test_a_mount_that_stands_is_not_put_back(tmp_path, monkeypatch):
    host = Host(tmp_path, monkeypatch, [LINE])
    host.answers = {"umount": (32, "target is busy")}
    done, errors = changed(host, [LINE])
    assert done == [] and host.run == ["umount /srv/x"]
    assert errors["/srv/x"].endswith("target is busy")


@pytest.mark.parametrize("mount, others, command", [
    ("60 20 254:0 /data/x /srv/x rw,nosuid - ext4 /dev/vda rw", [ROOT], "mount -o bind,rw,nosuid /data/x /srv/x"),
    ("60 20 0:9 /vms /srv/x ro - fuse.glusterfs gl1:/vm rw", ["61 20 0:9 / /mnt/pool rw - fuse.glusterfs gl1:/vm rw"],
     "mount -o bind,ro /mnt/pool/vms /srv/x"),
    ("60 20 0:9 / /srv/x rw - cifs //nas2/media rw,username=vm", [ROOT], None),
    ("60 20 0:9 / /srv/x rw - tmpfs none rw", [ROOT], None),
])
def test_how_the_old_mount_is_made_again(mount, others, command):
    (mount,) = mountinfo.parse(mount)
    state = found_module.Found([mount], mountinfo.parse("\n".join(others)), [], [], GUARDED, {}, False)
    made = previous.command(mount, state)
    assert (made and " ".join(made)) == command


VOLUME = "60 20 8:16 / /srv/x rw,relatime - ocfs2 /dev/sdb rw,_netdev,heartbeat=local,nointr,data=ordered,acl"
POOL = "60 20 0:60 / /srv/x rw,relatime - fuse.glusterfs gl2:/scratch rw,user_id=0,group_id=0,allow_other"
SMB = "60 20 0:61 / /srv/x rw - cifs //nas2/media rw,username=vm"


@pytest.mark.parametrize("mount, line, devices, command", [
    (VOLUME, "LABEL=vm /srv/x ocfs2 rw,localalloc=8,_netdev", ["8:16"], "mount -t ocfs2 -o rw,localalloc=8 LABEL=vm /srv/x"),
    (VOLUME, "UUID=0b1e /srv/x ocfs2 rw,_netdev", ["8:16"], "mount -t ocfs2 -o rw UUID=0b1e /srv/x"),
    (VOLUME, "/dev/disk/by-id/scsi-1 /srv/x ocfs2 rw", ["8:16"], "mount -t ocfs2 -o rw /dev/disk/by-id/scsi-1 /srv/x"),
    (VOLUME, "/dev/sdb /srv/x ocfs2 rw", [None], "mount -t ocfs2 -o rw /dev/sdb /srv/x"),
    (VOLUME, "LABEL=other /srv/x ocfs2 rw", ["8:32"], None),
    (VOLUME, "LABEL=gone /srv/x ocfs2 rw", [None], None),
    (POOL, "gl1:/scratch /srv/x glusterfs rw,acl,backup-volfile-servers=gl2:gl3,nofail", [],
     "mount -t glusterfs -o rw,acl,backup-volfile-servers=gl2:gl3 gl1:/scratch /srv/x"),
    (POOL, "gl2:scratch /srv/x glusterfs rw", [], "mount -t glusterfs -o rw gl2:scratch /srv/x"),
    (POOL, "gl1:/scratch /srv/x glusterfs rw", [], None),
    (POOL, "gl1:/other /srv/x glusterfs rw,backup-volfile-servers=gl2", [], None),
    (SMB, "//NAS2/media/ /srv/x cifs rw,credentials=/c", [], "mount -t cifs -o rw,credentials=/c //NAS2/media/ /srv/x"),
    (SMB, "//nas3/media /srv/x cifs rw,credentials=/c", [], None),
    (OLD, "nas1:/export//old/ /srv/x nfs rw,vers=4.1", [], "mount -t nfs -o rw,vers=4.1,retry=0 nas1:/export//old/ /srv/x"),
    # Exports have a case.
    (OLD, "nas1:/Export/old /srv/x nfs rw,vers=4.1", [],
     "mount -t nfs4 -o rw,noatime,rw,vers=4.2,hard,retry=0 nas1:/export/old /srv/x"),
])
def test_what_fstab_has_is_mounted_again_when_the_old_mount_is_that(mount, line, devices, command):
    (mount,) = mountinfo.parse(mount)
    state = found_module.Found([mount], [], [line], [fstab.parse_line(line)], GUARDED, {}, False, devices=devices)
    made = previous.command(mount, state)
    assert (made and " ".join(made)) == command


def test_a_declared_volume_whose_options_change_is_mounted_again_as_it_was():
    share, before = (validated([{"path": "/srv/x", "type": "ocfs2", "source": "LABEL=vm", "options": options}])[0]
                     for options in ({"data": "writeback"}, {}))
    share_type = registry.of(share)
    (mount,), entry = mountinfo.parse(VOLUME), share_type.entry(before)
    state = found_module.Found([mount], [], [fstab.format_line(entry)], [entry], GUARDED, {"device": "8:16"}, False)
    made = plan.plan_share(share, share_type, state, lambda path, mount: [])
    (unmount,) = [each for each in made.operations if each.name == "unmount"]
    assert unmount.arguments["previous"]["command"] == ["mount", "-t", "ocfs2", "-o", "rw", "LABEL=vm", "/srv/x"]
