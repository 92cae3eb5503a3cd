# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host answers: servers that live, refuse, stay silent or have no name, and what systemd has read."""

import errno
import os
import threading
import time

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._host.bounded import TimedOut
from ansible_collections.virtshare.storage.plugins.module_utils._host.commands import run
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import host as host_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.host import Host
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.doors import tcp
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry


def test_a_dead_server_is_asked_once_and_spares_no_other_share(tmp_path, closed, listener):
    shares = validated([
        {"path": "/srv/%s" % name, "type": "nfs", "source": "127.0.0.1:/%s" % name, "options": {"port": port}}
        for name, port in (("dead1", closed), ("dead2", closed), ("alive", listener))])
    host = Host(str(tmp_path / "fstab"), 5)
    asked = []
    original = host.servers.record
    host.servers.record = lambda key, answer: asked.append(key) or original(key, answer)
    found, problems = host.find(shares, {share["path"]: registry.of(share) for share in shares})
    assert sorted(problems) == ["/srv/dead1", "/srv/dead2"]
    assert list(found) == ["/srv/alive"]
    assert [key[1] for key in asked] == [(tcp(closed),), (tcp(listener),)]
    for word in ("/srv/dead1: ", "server 127.0.0.1", "127.0.0.1:/dead1", "port %d" % closed):
        assert word in problems["/srv/dead1"]


def test_the_devices_of_what_fstab_has_are_told_with_the_declared_one(tmp_path, monkeypatch):
    (share,) = validated([{"path": "/srv/v", "type": "ocfs2", "source": "LABEL=new"}])
    (tmp_path / "fstab").write_text("LABEL=old /srv/v ocfs2 rw 0 0\nLABEL=new /srv/v ocfs2 rw 0 0\nLABEL=gone /srv/v ocfs2 rw 0 0\n")
    table = "20 1 254:0 / / rw - ext4 /dev/vda rw\n60 20 8:16 / /srv/v rw - ocfs2 /dev/sdb rw"
    monkeypatch.setattr(host_module.mountinfo, "read", lambda: mountinfo.parse(table))
    devices = {"LABEL=old": "/dev/sdb", "LABEL=new": "/dev/sdc"}
    monkeypatch.setattr(host_module.blockdevice, "resolve", lambda source, seconds: devices.get(source))
    monkeypatch.setattr(host_module.blockdevice, "number_of", {"/dev/sdb": "8:16", "/dev/sdc": "8:32"}.get)
    found, problems = Host(str(tmp_path / "fstab"), 5).find([share], {"/srv/v": registry.of(share)})
    assert problems == {}
    assert found["/srv/v"].devices == ["8:16", "8:32", None]


def test_a_command_gives_code_and_output():
    assert run(["sh", "-c", "echo out; echo err >&2; exit 3"], 10) == (3, "out\nerr")


def test_a_command_is_killed_with_all_it_started(tmp_path):
    pid = tmp_path / "pid"
    begun = time.monotonic()
    with pytest.raises(TimedOut):
        run(["sh", "-c", "sleep 60 & echo $! > %s; wait" % pid], 1)
    assert time.monotonic() - begun < 10
    number = int(pid.read_text())
    deadline = time.monotonic() + 10
    while os.path.exists("/proc/%d" % number) and not _is_zombie(number):
        assert time.monotonic() < deadline, "the command's child is still running"
        os.sched_yield()


def _is_zombie(pid):
    try:
        with open("/proc/%d/stat" % pid) as source:
            return source.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_mounts_are_asked_together_and_a_hanging_one_is_left_out(monkeypatch):
    release = threading.Event()

    def statvfs(path):
        if path == "/hangs":
            release.wait(30)
        elif path == "/stale":
            raise OSError(errno.ESTALE, "Stale file handle")
    monkeypatch.setattr(host_module.os, "statvfs", statvfs)
    begun = time.monotonic()
    try:
        assert host_module.ask_mounts(["/hangs", "/well", "/stale"], 0.5) == {"/well": 0, "/stale": errno.ESTALE}
    finally:
        release.set()
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("number, outcome", [(errno.ESTALE, errno.ESTALE), (errno.EACCES, 0)])
def test_a_root_directory_that_is_gone_is_noticed_where_the_filesystem_still_answers(monkeypatch, number, outcome):
    def refuse(path, flags):
        raise OSError(number, os.strerror(number), path)
    monkeypatch.setattr(host_module.os, "statvfs", lambda path: None)
    monkeypatch.setattr(host_module.os, "open", refuse)
    assert host_module.ask_mounts(["/srv/x"], 5) == {"/srv/x": outcome}


@pytest.mark.parametrize("outcomes, stale, words", [
    ({"/srv/x": 0}, False, None),
    ({"/srv/x": errno.ESTALE}, True, None),
    ({"/srv/x": errno.EIO}, None, ["Input/output error", "127.0.0.1:/x"]),
    ({}, None, ["no answer within 5 s", "server 127.0.0.1", "127.0.0.1:/x", "left alone"]),
])
def test_a_live_mount_is_asked_itself(tmp_path, monkeypatch, listener, outcomes, stale, words):
    shares = validated([{"path": "/srv/x", "type": "nfs", "source": "127.0.0.1:/x", "options": {"port": listener}}])
    lines = ["20 1 254:0 / / rw - ext4 /dev/vda rw",
             "50 20 0:50 / /srv/x rw - nfs4 127.0.0.1:/x rw,vers=4.2,port=%d,addr=127.0.0.1" % listener]
    monkeypatch.setattr(host_module.mountinfo, "read", lambda: mountinfo.parse("\n".join(lines)))
    monkeypatch.setattr(host_module, "ask_mounts", lambda paths, seconds: outcomes)
    host = Host(str(tmp_path / "fstab"), 5)
    found, problems = host.find(shares, {"/srv/x": registry.of(shares[0])})
    assert (found["/srv/x"].stale if found else None) == stale
    for word in words or ():
        assert word in problems["/srv/x"]
    # systemd would wait for a server that hangs, too
    assert host.dead_servers() == (["127.0.0.1"] if not outcomes else [])


@pytest.mark.parametrize("written, read, lags", [(100, 50, True), (50, 100, False), (10 ** 12, 50, False)])
def test_systemd_lags_when_fstab_is_newer_than_what_it_made_of_it(tmp_path, monkeypatch, written, read, lags):
    fstab, generated = tmp_path / "fstab", tmp_path / "generator"
    fstab.write_text("")
    generated.mkdir()
    os.utime(str(fstab), (written, written))
    os.utime(str(generated), (read, read))
    monkeypatch.setattr(host_module.boot, "GENERATED", str(generated))
    monkeypatch.setattr(host_module, "FSTAB", str(fstab))
    monkeypatch.setattr(host_module.systemd, "BOOTED", str(tmp_path))
    assert Host(str(fstab), 5).systemd_lags() is lags
    assert Host(str(tmp_path / "other"), 5).systemd_lags() is None
    monkeypatch.setattr(host_module.systemd, "BOOTED", str(tmp_path / "missing"))
    assert Host(str(fstab), 5).systemd_lags() is None


def test_accounts_have_numbers_and_unknown_ones_have_none(tmp_path):
    host = Host(str(tmp_path / "fstab"), 5)
    assert host.numbers(["root", "nobody-known", "4711"], ["root", "nobody-known"]) == {
        "users": {"root": 0}, "groups": {"root": 0}, "unknown": ["user nobody-known", "group nobody-known"]}
    assert host.numbers([], []) == {"users": {}, "groups": {}, "unknown": []}


def test_a_name_service_that_hangs_knows_nobody(tmp_path, monkeypatch):
    def never(work, seconds):
        raise TimedOut(seconds)
    monkeypatch.setattr(host_module, "bounded", never)
    assert Host(str(tmp_path / "fstab"), 5).numbers(["root"], []) == {
        "users": {}, "groups": {}, "unknown": []}


def test_systemd_waits_for_no_dead_cifs_server(tmp_path, monkeypatch):
    line = "50 20 0:50 / /srv/m rw - cifs //127.0.0.1/m rw,vers=3.1.1,username=vm,addr=127.0.0.1"
    monkeypatch.setattr(host_module.mountinfo, "read", lambda: mountinfo.parse(line))
    host = Host(str(tmp_path / "fstab"), 5)
    monkeypatch.setattr(host.servers, "answer", lambda *key: pytest.fail("asked for %s" % (key,)))
    assert host.dead_servers() == []


def test_a_trap_is_found_and_not_looked_behind(tmp_path, monkeypatch, listener):
    shares = validated([{"path": "/srv/x", "type": "nfs", "source": "127.0.0.1:/x",
                         "options": {"port": listener, "x-systemd.automount": True}}])
    lines = ["20 1 254:0 / / rw - ext4 /dev/vda rw", "60 20 0:60 / /srv/x rw - autofs systemd-1 rw,timeout=0"]
    monkeypatch.setattr(host_module.mountinfo, "read", lambda: mountinfo.parse("\n".join(lines)))
    asked = tmp_path / "asked"
    monkeypatch.setattr(host_module, "ask_mounts", lambda paths, seconds: asked.write_text(repr(paths)) and {})
    found, problems = Host(str(tmp_path / "fstab"), 5).find(shares, {"/srv/x": registry.of(shares[0])})
    assert problems == {} and found["/srv/x"].stack == [] and found["/srv/x"].trap.mount_id == 60
    assert asked.read_text() == "[]"
