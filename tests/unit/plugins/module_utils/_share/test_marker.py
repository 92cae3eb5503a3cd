# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marker of a share: its format, that of many who write it one wins and is seen whole, and what a host remembers."""

import errno
import json
import os
import stat

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._share import marker
from hypothesis import given, settings
from hypothesis import strategies as st

ONE = marker.made("run1", "/srv/shares/projects", "2026-11-28")
OTHER = marker.made("run2", "/srv/shares/projects", "2026-11-29")


class Share:
    """A directory as the root of a share, and the run's own directory in it."""

    def __init__(self, path):
        self.path = path
        self.hidden_path = path / ".run"
        self.hidden_path.mkdir(parents=True)
        self.root = os.open(str(path), os.O_RDONLY)
        self.hidden = os.open(str(self.hidden_path), os.O_RDONLY)

    second_names = True

    def place(self, found, name="hv1.identity", instead=False):
        marker.place(self.root, self.hidden, name, found, instead, self.second_names)

    def read(self):
        return marker.read(self.root)

    def close(self):
        os.close(self.root)
        os.close(self.hidden)


@pytest.fixture
def share(tmp_path):
    made = Share(tmp_path / "share")
    yield made
    made.close()


@pytest.fixture(params=[None, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO],
                ids=["links", "EPERM", "EOPNOTSUPP", "ENOSYS", "unasked"])
def links(request, monkeypatch, share):
    """A filesystem that has second names, and those that have none."""
    def refused(*_arguments, **_more):
        raise OSError(request.param, os.strerror(request.param))

    share.second_names = request.param != errno.EIO
    if request.param is not None:
        monkeypatch.setattr(marker.os, "link", refused)


def test_the_format(share, links):
    share.place(ONE)
    filename = share.path / ".virtshare-identity"
    assert json.loads(filename.read_text()) == {
        "virtshare_share": 1, "id": ONE.id, "path": "/srv/shares/projects", "date": "2026-11-28"}
    assert filename.read_text().endswith("}\n") and filename.read_text().count("\n") == 1
    assert stat.S_IMODE(filename.stat().st_mode) == 0o644
    assert share.read() == (ONE, False)


def test_whatever_the_umask_all_may_read_it(share, links):
    previous = os.umask(0o077)
    try:
        share.place(ONE)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(previous)
    assert stat.S_IMODE((share.path / marker.NAME).stat().st_mode) == 0o644


def test_the_second_does_not_replace_the_first_and_may_when_it_is_to(share, links):
    share.place(ONE)
    share.place(OTHER, "hv2.identity")
    assert share.read() == (ONE, False)
    share.place(OTHER, "hv2.identity", instead=True)
    assert share.read() == (OTHER, False)


def test_of_many_at_once_one_wins_and_nobody_sees_half_of_it(share):
    """Processes, as hosts are: each places another marker and reads the one that has won."""
    count = 12
    ready, go = os.pipe()
    answers, answer = os.pipe()
    children = []
    for number in range(count):
        pid = os.fork()
        if not pid:
            os.close(go)
            os.read(ready, 1)
            share.place(marker.made("run%d" % number, "/srv/a", "2026-11-28"), "hv%d.identity" % number)
            found = share.read()[0]
            os.write(answer, ("%s\n" % (found and found.id)).encode())
            os._exit(0)
        children.append(pid)
    os.close(go)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    os.close(answer)
    ids = os.read(answers, 65536).decode().split()
    assert len(ids) == count and set(ids) == {share.read()[0].id}
    os.close(ready)
    os.close(answers)


def test_one_that_has_no_room_leaves_nothing(share, monkeypatch):
    monkeypatch.setattr(marker.os, "write", lambda *_arguments: 0)
    with pytest.raises(OSError) as error:
        share.place(ONE)
    assert error.value.errno == errno.ENOSPC
    assert share.read() == (None, False)
    assert os.listdir(str(share.hidden_path)) == []


def test_no_marker_and_what_is_none(share):
    filename = share.path / marker.NAME
    assert share.read() == (None, False)
    for text in ("", "{", "[]", "null", '{"virtshare_share": 2, "id": "%s"}' % ONE.id, '{"virtshare_share": 1, "id": "x"}',
                 "\xff", "a" * 9000):
        filename.write_text(text)
        assert share.read() == (None, True)
    filename.unlink()
    filename.symlink_to("/etc/hostname")
    assert share.read() == (None, True)
    filename.unlink()
    os.mkfifo(str(filename))
    assert share.read() == (None, True)
    filename.unlink()
    filename.mkdir()
    assert share.read() == (None, True)


def test_the_same_run_makes_the_same_marker_of_a_path_and_no_other(share):
    assert marker.made("run1", "/srv/a", "d") == marker.made("run1", "/srv/a", "d")
    assert len({marker.made(run, path, "d").id for run in ("run1", "run2") for path in ("/srv/a", "/srv/b")}) == 4


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_what_is_written_is_read(path, date):
    made = marker.Marker("0" * 32, path, date)
    assert marker.parsed(marker.text_of(made)) == made


def test_a_host_remembers_each_path_by_itself(tmp_path):
    memory = str(tmp_path / "lib" / "identities")
    paths = ["/srv/shares/projects", "/srv/shares/projects/vm1", "/srv/shares%2Fprojects", "/srv/" + "long" * 200]
    for number, path in enumerate(paths):
        assert marker.remembered(path, memory) is None
        marker.remember(path, "nas1:/%d" % number, marker.made("run", path, "2026-11-28"), memory)
    for number, path in enumerate(paths):
        assert marker.remembered(path, memory) == (marker.made("run", path, "").id, path, "2026-11-28", "nas1:/%d" % number)
    marker.remember(paths[0], "nas1:/0", OTHER, memory)
    assert marker.remembered(paths[0], memory).id == OTHER.id
    for path in (paths[0], "/srv/shares/unknown"):
        marker.forget(path, memory)
        assert marker.remembered(path, memory) is None


def test_a_memory_that_is_damaged_is_none(tmp_path):
    marker.remember("/srv/a", "", ONE, str(tmp_path))
    (entry,) = tmp_path.iterdir()
    for text in ("", "{", entry.read_text().replace("/srv/a", "/srv/b"), "\xff"):
        entry.write_bytes(text.encode("latin-1"))
        assert marker.remembered("/srv/a", str(tmp_path)) is None
