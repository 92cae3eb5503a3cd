# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of a path: identity, and what is taken over from the declaration."""

import os
import subprocess

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._host.mountinfo import Mount
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._proof import declared, explain, identity, nonces, probe
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import nfs, registry

VOLUMES = """NV SERVER   PORT DEV          FSID                              FSC
v4 0ad5020d  801 0:45         dad39d26405c4748:a9dd8a5f5163d06d no
v4 0ad5020e  801 0:46         0:0                               no
"""


def test_the_nfs_client_tells_the_servers_filesystem_id():
    assert nfs.fsid_of("0:45", VOLUMES) == "dad39d26405c4748:a9dd8a5f5163d06d"
    assert nfs.fsid_of("0:46", VOLUMES) == nfs.fsid_of("0:47", VOLUMES) == ""
    assert nfs.fsid_of("0:45", "") == ""


def test_the_filesystem_id_is_what_stat_shows():
    descriptor = os.open("/", os.O_RDONLY)
    try:
        assert (identity._statfs_fsid(descriptor) or "0") == subprocess.check_output(
            ["stat", "-f", "-c", "%i", "/"], universal_newlines=True).strip()
    finally:
        os.close(descriptor)


def test_a_mount_is_described_also_when_nobody_answers():
    mount = Mount(61, 27, "0:45", "/", "/srv/a", ["rw"], "nfs4", "nas1:/export", ["rw"])
    assert identity.describe(mount) == {
        "mounted": True, "source": "nas1:/export", "fstype": "nfs4", "root": "/", "device": "0:45", "inode": None,
        "fsid": ""}
    assert explain.identity(identity.describe(mount)) == "nas1:/export (nfs4)"
    assert explain.identity(identity.describe(mount, {"inode": 2, "fsid": "a:b"})) == "nas1:/export (nfs4, inode 2, fsid a:b)"


def test_a_plain_directory_is_described(tmp_path):
    entries = mountinfo.parse("27 1 254:0 / / rw - ext4 /dev/vda rw")
    found = identity.describe_plain(entries, str(tmp_path))
    assert found == {"mounted": False, "on": "the local ext4 /dev/vda", "exists": True, "inode": tmp_path.stat().st_ino}
    missing = identity.describe_plain(entries, str(tmp_path / "missing"))
    assert explain.identity(missing) == "not mounted: there is no such directory on the local ext4 /dev/vda"


def test_the_identity_of_a_real_mount():
    entry = mountinfo.find(mountinfo.read(), "/proc")
    found = identity.read("/proc", entry)
    assert found["device"] == entry.st_dev
    assert isinstance(found["inode"], int)


def test_the_id_of_a_cifs_share_is_what_mounts_of_another_time_have_as_well(monkeypatch):
    entry = mountinfo.find(mountinfo.read(), "/proc")._replace(fstype="cifs")
    monkeypatch.setattr(identity.live, "enter", lambda path, _mount: os.open(path, os.O_RDONLY))
    # One share, before and after somebody has listed it, of Samba 4.22 over ext4; and another one.
    found = []
    for told in ("f3dcb1b5df3f1fb4", "f3dcb1b5dfd9bb04", "1b5df3f1fb4"):
        monkeypatch.setattr(identity, "_statfs_fsid", lambda _descriptor, told=told: told)
        found.append(identity.read("/proc", entry)["fsid"])
    assert found == ["f3dcb1b5", "f3dcb1b5", "1b5"]


def contents(*directories):
    return [identity.content(str(directory), None) for directory in directories]


@pytest.fixture
def library(tmp_path):
    directory = tmp_path / "library"
    (directory / "dir").mkdir(parents=True)
    (directory / "image").write_text("same")
    return directory


def test_the_content_of_a_read_only_share(library):
    before, = contents(library)
    assert before["entries"] == 2
    # What goes on below the root, or in another run's proof of the same directory, is no difference.
    (library / "dir" / "new").write_text("")
    nonces.write(str(library), None, "run1aaaaaaaa-01234567", "hv1", nonces.fresh())
    assert contents(library) == [before]
    (library / "image").write_text("else")
    assert contents(library) != [before]


def test_what_lies_in_the_root_and_is_no_directory_tells(library, tmp_path):
    assert contents(library)[0]["telling"] == 1
    (library / "image").unlink()
    alone, = contents(library)
    assert (alone["entries"], alone["telling"]) == (1, 0)
    (library / "link").symlink_to("dir")
    before, = contents(library)
    assert before["telling"] == 1
    (library / "link").unlink()
    (library / "link").symlink_to("dir")
    assert contents(library) != [before], "a link has times of its own"


def test_a_copy_is_not_the_same_however_well_it_was_made(library, tmp_path):
    subprocess.check_call(["cp", "--archive", str(library), str(tmp_path / "copy")])
    one, other = contents(library, tmp_path / "copy")
    assert one["entries"] == other["entries"] and one["digest"] != other["digest"]


@pytest.mark.parametrize("change", [
    lambda library: (library / "image").rename(library / "picture"), lambda library: (library / "image").chmod(0o600),
    lambda library: (library / "more").write_text(""), lambda library: (library / "dir").rmdir(),
    lambda library: os.replace(str(library / "image"), str(library / "image2")) or (library / "image").write_text("same")])
def test_a_change_of_the_root_is_one(library, change):
    before, = contents(library)
    change(library)
    assert contents(library) != [before]


def test_the_number_of_a_device_is_no_id_of_a_filesystem():
    assert identity._as_fsid(os.makedev(8, 16)) == "81000000000"
    assert identity._as_fsid(os.makedev(259, 300)) == "11032c00000000"


def test_what_tells_files_apart_is_known_of_each_type(library):
    def mount(fstype, options):
        return mountinfo.parse("61 27 0:45 / %s ro - %s x %s" % (library, fstype, options))[0]

    assert registry.of_mount(mount("cifs", "ro,serverino")).has_inodes(mount("cifs", "ro,serverino"))
    assert not registry.of_mount(mount("cifs", "ro")).has_inodes(mount("cifs", "ro"))
    assert registry.of_mount(mount("ceph", "ro")).has_inodes(mount("ceph", "ro"))
    assert registry.of_mount(mount("nfs4", "ro")).exact_times and not registry.of_mount(mount("fuse.glusterfs", "ro")).exact_times


@pytest.mark.parametrize("names, text", [
    (["hv1"], "hv1"), (["hv1", "hv2"], "hv1 and hv2"), (["a", "b", "c"], "a, b and c"),
    (list("abcdefgh"), "a, b, c, d, e, f and 2 more"), ([], ""),
])
def test_lists_of_hosts(names, text):
    assert explain.listed(names) == text


def parameters(**more):
    given = {"phase": "write", "run_id": "abcdefgh1234", "host": "hv1", "hosts": ["hv1"], "shares": [], "directories": [],
             "timeout": 5.0}
    given.update(more)
    return given


def test_unusable_parameters_are_refused_with_what_to_write():
    with pytest.raises(Refusal) as refusal:
        probe.run(parameters(run_id="../x"), False)
    assert "8 to 64 letters and digits" in str(refusal.value)
    with pytest.raises(Refusal) as refusal:
        probe.run(parameters(hosts=["hv2"]), False)
    assert "hosts must hold host hv1 itself" in str(refusal.value)


def test_shares_that_are_not_to_be_mounted_are_left_out_and_wrong_ones_refused(tmp_path):
    share = {"path": str(tmp_path), "type": "cifs", "source": "//nas2/a", "access": {"owner": "x", "writers": ["oneadmin"]}}
    result = probe.run(parameters(shares=[share, dict(share, path="/srv/b", state="absent")]), False)
    (found,) = result["shares"]
    assert {key: found[key] for key in ("path", "type", "source", "read_only")} == {
        "path": str(tmp_path), "type": "cifs", "source": "//nas2/a", "read_only": False}
    with pytest.raises(Refusal, match="path 'srv/b' is relative"):
        probe.run(parameters(shares=[dict(share, path="srv/b")]), False)


def test_a_path_that_is_no_mount_is_recorded_and_never_written_to(tmp_path):
    share = {"path": str(tmp_path), "type": "nfs", "source": "nas1:/x"}
    for phase in ("write", "read"):
        result = probe.work(parameters(phase=phase, shares=[share]), False).returned()
        (found,) = result["shares"]
        assert not result["changed"]
        assert found["problem"].startswith("is not mounted: a plain directory of ")
        assert found["identity"]["mounted"] is False
        assert found["nonce"] is None and found["sees"] == {}
    assert list(tmp_path.iterdir()) == []


def test_a_mount_of_another_type_is_recorded(monkeypatch):
    entry = mountinfo.find(mountinfo.read(), "/proc")
    monkeypatch.setattr(probe.live.Bounded, "visible", lambda self, path: (entry, [entry]))
    monkeypatch.setattr(probe.identity, "read", lambda path, mount: {})
    share = {"path": "/srv/x", "type": "nfs", "source": "nas1:/x"}
    (found,) = probe.run(parameters(shares=[share]), False)["shares"]
    assert found["problem"] == "is a proc mount, declared is the type nfs"
    assert found["identity"]["fstype"] == "proc"


def test_directories_inside_shares_are_probed_as_well():
    share = {"path": "/srv/a", "type": "nfs", "source": "nas1:/a", "state": "mounted", "access": {"writers": ["oneadmin"]}}
    assert declared.entries([share], ["/srv/a/web", "/srv/a"]) == [
        share, dict(share, path="/srv/a/web", mount_point="/srv/a")]
    assert declared.outside([share], ["/srv/a/web", "/srv/a"]) == []
    (problem,) = declared.outside([share], ["/srv/ab"])
    assert problem.startswith("the directory /srv/ab lies in no declared share.")
    assert len(declared.outside([dict(share, state="absent")], ["/srv/a/web"])) == 1
    with pytest.raises(Refusal, match="/srv/ab lies in no declared share"):
        probe.run(parameters(shares=[dict(share, access=None)], directories=["/srv/ab"]), False)
