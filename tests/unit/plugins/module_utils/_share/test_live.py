# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has to answer for a mount, whether it is what was declared, and work that never leaves it."""

import errno
import os
import time

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._host.mountinfo import Mount
from ansible_collections.virtshare.storage.plugins.module_utils._share import live


def mount(fstype, source, path="/srv/a", mount_id=61):
    return Mount(mount_id, 27, "0:45", "/", path, ["rw"], fstype, source, ["rw"])


@pytest.mark.parametrize("fstype, source, server", [
    ("nfs4", "nas1:/export/projects", "nas1"),
    ("nfs", "[fd00::1]:/export", "fd00::1"),
    ("cifs", "//nas2/media", "nas2"),
    ("smb3", "\\\\nas2\\media", "nas2"),
    ("fuse.glusterfs", "gl1:/scratch", "gl1"),
    ("ocfs2", "/dev/sdb", "/dev/sdb"),
    ("ext4", "/dev/vda1", "/dev/vda1"),
])
def test_who_has_to_answer(fstype, source, server):
    assert live.server_of(mount(fstype, source)) == server


def test_what_an_unmounted_path_lies_on():
    root = "27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 0:9 / /net rw - nfs4 nas1:/net rw"
    entries = mountinfo.parse(root)
    assert live.plain_directory(entries, "/srv/a") == "the local ext4 /dev/vda"
    assert live.plain_directory(entries, "/net/a") == "nfs4 nas1:/net"
    assert live.plain_directory([], "/net/a") == "an unknown filesystem"


def test_a_silent_server_is_named_and_waited_for_once():
    patience = live.Bounded(0.3, "hv1")
    silent = mount("nfs4", "nas1:/export/projects")
    with pytest.raises(live.NoAnswer) as error:
        patience.run(lambda: time.sleep(60), "/srv/a", silent)
    assert str(error.value) == (
        "hv1: /srv/a: the server nas1 did not answer within 0.3 s (nfs4 mount of nas1:/export/projects); check that it "
        "is up and reachable, then run again")
    assert patience.silent(silent) and patience.silent(mount("nfs4", "nas1:/export/other"))
    assert not patience.silent(mount("nfs4", "nas2:/export/other"))
    assert patience.run(lambda: "here", "/srv/b", mount("nfs4", "nas2:/x")) == "here"


def test_after_silence_a_server_has_a_short_second_chance(monkeypatch):
    monkeypatch.setattr(live, "RETRY_TIMEOUT", 0.2)
    patience = live.Bounded(0.5, "hv1")
    silent = mount("nfs4", "nas1:/export/projects")
    for seconds in ("0.5", "0.2", "0.2"):
        with pytest.raises(live.NoAnswer) as error:
            patience.run(lambda: time.sleep(60), "/srv/a", silent)
        assert "within %s s" % seconds in str(error.value)


def test_a_name_service_that_hangs_is_named():
    with pytest.raises(live.NoAnswer) as error:
        live.Bounded(0.2, "hv1").run(lambda: time.sleep(60), "the name service")
    assert str(error.value) == "hv1: the name service gave no answer within 0.2 s"


def conversation(said, name, account=None, mount=None, steps=2):
    """Asks for the process it is served by, as often as there are steps."""
    for dummy in range(steps):
        said.append((name, (yield live.Request(os.getpid, name, mount, account))))


def test_conversations_take_turns_in_one_child_each_turn():
    said = []
    live.Bounded(20, "hv1").together([conversation(said, "a"), conversation(said, "b", steps=3)])
    assert [name for name, dummy in said] == ["a", "b", "a", "b", "b"]
    assert said[0][1] == said[1][1] and said[2][1] == said[3][1]
    assert len({process for dummy, process in said} | {os.getpid()}) == 4


def test_an_error_is_raised_in_the_conversation_that_met_it():
    met = []

    def refused(path):
        try:
            yield live.Request(lambda: os.listdir(path), path, None, None)
        except FileNotFoundError as error:
            met.append(error.filename)
            yield live.Request(lambda: None, path, None, None)

    live.Bounded(20, "hv1").together([refused("/proc/none"), refused("/proc")])
    assert met == ["/proc/none"]


def test_a_silent_server_costs_its_mounts_one_bound(monkeypatch):
    monkeypatch.setattr(live, "RETRY_TIMEOUT", 0.1)
    words = []

    def hang(path):
        try:
            yield live.Request(lambda: time.sleep(60), path, mount("nfs4", "nas1:/export" + path), None)
        except live.NoAnswer as error:
            words.append(str(error))

    live.Bounded(1, "hv1").together([hang("/a"), hang("/b"), conversation(words, "c", steps=1)])
    assert "/a: the server nas1 did not answer within 1 s" in words[0] and "/b: the server nas1" in words[1]
    assert "within 0.1 s" in words[1] and words[2][0] == "c"


def test_a_mount_that_has_gone_is_not_entered(tmp_path):
    entry = mountinfo.containing(mountinfo.read(), os.path.realpath(str(tmp_path)))
    os.close(live.enter(str(tmp_path), entry))
    with pytest.raises(OSError) as error:
        live.enter(str(tmp_path), entry._replace(mount_id=entry.mount_id + 100000))
    assert error.value.errno == errno.ESTALE
    assert error.value.filename == str(tmp_path)


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError):
        live.enter(str(tmp_path / "link"), None)


@pytest.mark.parametrize("source, address, instead", [
    ("nas1:/export/projects", "192.0.2.1", None),
    ("nas1b:/export/projects", "192.0.2.12", None),
    ("nas1b:/export/projects", "192.0.2.13", "nas1b:/export/projects"),
    ("nas1b:/export/other", "192.0.2.12", "nas1b:/export/other"),
])
def test_a_second_name_of_the_server_is_the_declared_one(monkeypatch, source, address, instead):
    """The kernel shows the name by which the first mount of an address was made."""
    monkeypatch.setattr(live.socket, "getaddrinfo", lambda *key, **more: [(None, None, None, None, (address, 0))])
    shown = mount("nfs4", "nas1:/export/projects")._replace(super_options=["rw", "addr=192.0.2.12"])
    share = {"path": "/srv/a", "type": "nfs", "source": source}
    assert live.Bounded(5, "hv1").declared_instead(share, shown, []) == instead
