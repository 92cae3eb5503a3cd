# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's own files: several hosts on one directory, each a name here, and nothing left at the end."""

import errno
import os
import stat

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._proof import nonces
from hypothesis import given, settings
from hypothesis import strategies as st

RUN = "run1aaaaaaaa"
HOSTS = ["hv1", "hv2", "hv3"]
NONCE = "virtshare-nonce:"
# Of runs that the hosts do not take part in themselves.
KILLED, YOUNGER = (nonces.run_of(run, "/srv/shares/projects") for run in ("killed000000", "younger00000"))


def hidden(share, run=RUN):
    return share / nonces.directory_name(run)


def write(share, *hosts, **more):
    for host in hosts:
        nonces.write(str(share), None, more.get("run", RUN), host, NONCE + host)


def read(share, host, hosts=None, run=RUN):
    """What a host finds, and whether the files are tidied, as far as it is its turn."""
    sees = nonces.read(str(share), None, run, hosts or HOSTS, 0)
    return {"sees": sees, "tidy": nonces.acknowledge(str(share), None, run, host, hosts or HOSTS)}


def test_every_host_reads_every_other_and_the_last_one_cleans_up(tmp_path):
    write(tmp_path, *HOSTS)
    for host in HOSTS:
        assert hidden(tmp_path).is_dir()
        assert read(tmp_path, host) == {"sees": {other: NONCE + other for other in HOSTS}, "tidy": True}
    assert list(tmp_path.iterdir()) == []


def test_hosts_of_another_filesystem_are_not_waited_for(tmp_path):
    """hv3 has another export: it sees itself only, and hv1 and hv2 clean up without it."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    write(one, "hv1", "hv2")
    write(other, "hv3")
    assert read(one, "hv1")["sees"] == {"hv1": NONCE + "hv1", "hv2": NONCE + "hv2", "hv3": None}
    assert read(one, "hv2")["sees"] == {"hv1": NONCE + "hv1", "hv2": NONCE + "hv2", "hv3": None}
    assert read(other, "hv3")["sees"] == {"hv1": None, "hv2": None, "hv3": NONCE + "hv3"}
    assert list(one.iterdir()) == list(other.iterdir()) == []


def test_a_host_that_died_before_it_read_does_not_keep_the_files(tmp_path):
    write(tmp_path, *HOSTS)
    for host in ("hv1", "hv2"):
        read(tmp_path, host, ["hv1", "hv2"])
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_lists_what_the_last_one_has_removed_leaves_nothing_to_tidy(tmp_path, monkeypatch):
    """As an NFS client reports it, when the directory goes between its own file and the list."""
    write(tmp_path, "hv1", "hv2")

    def gone(*_arguments):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(nonces.os, "listdir", gone)
    assert read(tmp_path, "hv1", ["hv1", "hv2"])["tidy"] is True


def test_another_run_at_the_same_time_is_left_alone(tmp_path):
    write(tmp_path, *HOSTS)
    write(tmp_path, "hv1", run="run2bbbbbbbb")
    for host in HOSTS:
        read(tmp_path, host)
    assert list(tmp_path.iterdir()) == [hidden(tmp_path, "run2bbbbbbbb")]
    read(tmp_path, "hv1", ["hv1"], "run2bbbbbbbb")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_named_and_removed_when_asked_to_whatever_its_times_say(tmp_path):
    write(tmp_path, *HOSTS, run=KILLED)
    write(tmp_path, "hv1", run=YOUNGER)
    os.utime(str(hidden(tmp_path, YOUNGER)), (0, 0))
    nonce = nonces.fresh("0123abcd.17.99")
    (hidden(tmp_path, KILLED) / nonces.file_name("hv1", "nonce")).write_text(nonce)
    others = nonces.write(str(tmp_path), None, RUN, "hv1", nonces.fresh())
    killed, younger = nonces.directory_name(KILLED), nonces.directory_name(YOUNGER)
    assert others == {killed: ["", "0123abcd.17.99"], younger: [""]}
    assert nonces.remove_others(str(tmp_path), None, RUN, "hv1", [killed], [os.geteuid()])
    assert sorted(tmp_path.iterdir()) == sorted([hidden(tmp_path), hidden(tmp_path, YOUNGER)])


def foreign_content(directory):
    (directory / "hv1.nonce").write_text("a key of somebody")


def foreign_name(directory):
    (directory / "notes.txt").write_text(NONCE)


def link(directory):
    (directory / "hv9.nonce").symlink_to("hv1.nonce")


def marker_of_somebody(directory):
    (directory / "hv9.identity").write_text('{"virtshare_share": 1, "id": "short"}')


def second_name(directory):
    os.link(str(directory / "hv1.nonce"), str(directory / "hv9.nonce"))


def subdirectory(directory):
    (directory / "hv9.nonce").mkdir()


def foreign_owner(directory):
    os.chown(str(directory / "hv1.nonce"), 12345, 12345)


@pytest.mark.parametrize("make", [foreign_content, foreign_name, link, marker_of_somebody, second_name, subdirectory, pytest.param(
    foreign_owner, marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"))])
def test_a_file_that_is_not_ours_stays_and_the_directory_with_it(tmp_path, make):
    write(tmp_path, *HOSTS, run=KILLED)
    directory = hidden(tmp_path, KILLED)
    make(directory)
    kept = {entry.name for entry in directory.iterdir()} - {nonces.file_name(host, "nonce") for host in ("hv2", "hv3")}
    if make not in (foreign_content, foreign_owner, second_name):
        kept.discard("hv1.nonce")
    write(tmp_path, "hv1")
    assert not nonces.remove_others(str(tmp_path), None, RUN, "hv1", [directory.name], [os.geteuid()])
    assert {entry.name for entry in directory.iterdir()} == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_directory_of_another_owner_stays(tmp_path):
    write(tmp_path, "hv1", run=KILLED)
    os.chown(str(hidden(tmp_path, KILLED)), 12345, 12345)
    assert not nonces.remove_others(str(tmp_path), None, RUN, "hv1", [nonces.directory_name(KILLED)], [0])
    assert hidden(tmp_path, KILLED).is_dir()
    assert nonces.remove_others(str(tmp_path), None, RUN, "hv1", [nonces.directory_name(KILLED)], [0, 12345])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [
    ".virtshare-proof", ".virtshare-proof-backup", ".virtshare-proof-killedrun0000", ".virtshare-proof-killedrun0000-01234567",
    ".virtshare-proof-killedrun0000-01234567-89abcdef", nonces.directory_name(KILLED) + ".old",
    "x" + nonces.directory_name(KILLED), nonces.directory_name(KILLED).upper()])
def test_a_directory_of_another_name_is_none_of_ours(tmp_path, name):
    write(tmp_path, "hv1", run=KILLED)
    hidden(tmp_path, KILLED).rename(tmp_path / name)
    assert nonces.write(str(tmp_path), None, RUN, "hv1", nonces.fresh()) == {}
    nonces.remove_others(str(tmp_path), None, RUN, "hv1", [name], [os.geteuid()])
    assert [entry.name for entry in (tmp_path / name).iterdir()] == ["hv1.nonce"]


def test_of_a_run_of_this_very_moment_only_our_own_files_are_removed(tmp_path):
    write(tmp_path, "hv1")
    (hidden(tmp_path) / "notes.txt").write_text("precious")
    assert read(tmp_path, "hv1", ["hv1"])["tidy"] is False
    assert [entry.name for entry in hidden(tmp_path).iterdir()] == ["notes.txt"]


def test_a_nonce_that_has_no_room_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(nonces.os, "write", lambda *_arguments: 0)
    with pytest.raises(OSError) as error:
        write(tmp_path, "hv1")
    assert error.value.errno == errno.ENOSPC
    assert list(hidden(tmp_path).iterdir()) == []


def test_two_paths_of_one_directory_are_proven_side_by_side(tmp_path):
    runs = [nonces.run_of(RUN, path) for path in ("/srv/a", "/srv/b")]
    for number, run in enumerate(runs):
        nonces.write(str(tmp_path), None, run, "hv1", str(number))
    for number, run in enumerate(runs):
        assert read(tmp_path, "hv1", ["hv1"], run)["sees"] == {"hv1": str(number)}
    assert list(tmp_path.iterdir()) == []


def test_a_repeated_attempt_of_one_run_replaces_its_nonce(tmp_path):
    write(tmp_path, "hv1")
    nonces.write(str(tmp_path), None, RUN, "hv1", "second")
    assert read(tmp_path, "hv1", ["hv1"])["sees"] == {"hv1": "second"}


def test_everybody_may_use_the_directory_whatever_the_umask(tmp_path):
    previous = os.umask(0o077)
    try:
        write(tmp_path, "hv1")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(hidden(tmp_path).stat().st_mode) == 0o777
    (entry,) = hidden(tmp_path).iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o644


def test_a_planted_link_is_neither_followed_nor_kept(tmp_path):
    share, victim = tmp_path / "share", tmp_path / "victim"
    share.mkdir()
    victim.write_text("precious")
    write(share, "hv2")
    (hidden(share) / nonces.file_name("hv1", "nonce")).symlink_to(victim)
    write(share, "hv1")
    assert victim.read_text() == "precious"
    assert read(share, "hv1", ["hv1", "hv2"])["sees"]["hv1"] == NONCE + "hv1"


def test_a_planted_directory_link_is_refused(tmp_path):
    share, elsewhere = tmp_path / "share", tmp_path / "elsewhere"
    share.mkdir()
    elsewhere.mkdir()
    hidden(share).symlink_to(elsewhere)
    with pytest.raises(OSError):
        write(share, "hv1")
    assert list(elsewhere.iterdir()) == []


def test_nothing_written_is_nothing_seen(tmp_path):
    assert read(tmp_path, "hv1") == {"sees": {host: None for host in HOSTS}, "tidy": True}
    assert list(tmp_path.iterdir()) == []


def test_a_nonce_that_comes_late_is_waited_for(tmp_path, monkeypatch):
    write(tmp_path, "hv1")
    # The first pause of the reader is when the other host's write becomes visible.
    monkeypatch.setattr(nonces.time, "sleep", lambda seconds: write(tmp_path, "hv2"))
    assert nonces.read(str(tmp_path), None, RUN, ["hv1", "hv2"], 30)["hv2"] == NONCE + "hv2"


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=300), min_size=2, max_size=2, unique=True))
def test_names_of_hosts_make_names_of_files(hosts):
    first, second = (nonces.file_name(host, "nonce") for host in hosts)
    assert first != second
    for name in (first, second):
        assert "/" not in name and "\0" not in name and len(name.encode("utf-8")) <= 255
        assert name.endswith(".nonce") and name.count(".") == 1
