# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host answers: servers that live, refuse, stay silent or have no name, and what systemd has read."""

import os
import socket
import time

import pytest

from ansible_collections.virtshare.storage.plugins.module_utils.bounded import TimedOut
from ansible_collections.virtshare.storage.plugins.module_utils.mounts import host as host_module
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.host import Host, ask, run
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.registry import kind_of
from ansible_collections.virtshare.storage.plugins.module_utils.shares import validated


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        yield server.getsockname()[1]


@pytest.fixture
def silent():
    """A port that takes no more connections: its queue is full, as a dead server's is not to be told from it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        waiting = []
        for dummy in range(8):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            waiting.append(client)
        yield port
        for client in waiting:
            client.close()


@pytest.fixture
def closed():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def test_a_living_server_tells_its_addresses(listener):
    assert ask("127.0.0.1", listener, None, 2) == {"addresses": ["127.0.0.1"], "trouble": None}


def test_a_server_that_refuses(closed):
    trouble = ask("127.0.0.1", closed, None, 2)["trouble"]
    assert "port %d" % closed in trouble and "Connection refused" in trouble


def test_a_server_that_is_silent_is_given_up(silent):
    begun = time.monotonic()
    trouble = ask("127.0.0.1", silent, None, 1)["trouble"]
    assert "does not answer on port %d within 1 s" % silent in trouble
    assert time.monotonic() - begun < 5


def test_a_name_nobody_knows():
    answer = ask("no-such-host.invalid", 2049, None, 1)
    assert answer["addresses"] is None and "has no address" in answer["trouble"]


def test_a_mount_keeps_working_while_its_servers_name_is_not_known(listener, closed):
    assert ask("no-such-host.invalid", listener, "127.0.0.1", 1) == {"addresses": None, "trouble": None}
    assert "refused" in ask("no-such-host.invalid", closed, "127.0.0.1", 1)["trouble"]


def test_without_a_port_only_the_name_is_asked():
    assert ask("127.0.0.1", None, None, 1) == {"addresses": ["127.0.0.1"], "trouble": None}
    assert ask("no-such-host.invalid", None, "192.0.2.1", 1) == {"addresses": None, "trouble": None}


def test_a_dead_server_is_asked_once_and_spares_no_other_share(tmp_path, closed, listener):
    shares = validated([
        {"path": "/srv/%s" % name, "type": "nfs", "source": "127.0.0.1:/%s" % name, "options": {"port": port}}
        for name, port in (("dead1", closed), ("dead2", closed), ("alive", listener))])
    host = Host(str(tmp_path / "fstab"), 5)
    asked = []
    original = host._ask
    host._ask = lambda *arguments: asked.append(arguments) or original(*arguments)
    found, problems = host.find(shares, {share["path"]: kind_of(share) for share in shares})
    assert sorted(problems) == ["/srv/dead1", "/srv/dead2"]
    assert list(found) == ["/srv/alive"]
    assert [arguments[1] for arguments in asked] == [closed, listener]
    for word in ("share /srv/dead1", "server 127.0.0.1", "127.0.0.1:/dead1", host.name, "port %d" % closed):
        assert word in problems["/srv/dead1"]


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


@pytest.mark.parametrize("written, read, lags", [(100, 50, True), (50, 100, False), (10 ** 12, 50, False)])
def test_systemd_lags_when_fstab_is_newer_than_what_it_made_of_it(tmp_path, monkeypatch, written, read, lags):
    fstab, generated = tmp_path / "fstab", tmp_path / "generator"
    fstab.write_text("")
    generated.mkdir()
    os.utime(str(fstab), (written, written))
    os.utime(str(generated), (read, read))
    monkeypatch.setattr(host_module, "GENERATED", str(generated))
    monkeypatch.setattr(host_module, "FSTAB", str(fstab))
    assert Host(str(fstab), 5)._systemd_lags() is lags
    assert Host(str(tmp_path / "missing"), 5)._systemd_lags() is False
    assert Host(str(tmp_path / "other"), 5).systemd() is None
