# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials file: what mount.cifs and the kernel read in it, who else may, and what is said of it."""

import os
import posixpath
import stat
import unittest.mock

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._share import credentials
from hypothesis import given
from hypothesis import strategies as st

PATH = "/srv/shares/media"
HOSTILE = " a,b,,c #&'\"\\=%$(x)|;<>`~!*?[]{}^ü€ password=x,"
DECLARED = {"username": "vm", "password": HOSTILE, "domain": "CORP"}

texts = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="".join(map(chr, range(32))) + "\x7f"))
names = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1)


def told_to_kernel(data):
    """The options that mount.cifs makes of a file: open_cred_file(), set_password(), assemble_mountinfo()."""
    found = {}
    for line in data.split(b"\n"):
        line = line.lstrip(b" \t")
        if b"=" in line:
            value = line[line.index(b"=") + 1:]
            for begin in (b"user", b"pass", b"dom"):
                if line.lower().startswith(begin):
                    found[begin] = value
    result = b"ip=192.0.2.1,unc=\\\\nas1\\media,ver=1,user=" + found[b"user"]
    if found.get(b"dom"):
        result += b",domain=" + found[b"dom"]
    return result + b",pass=" + found[b"pass"].replace(b",", b",,")


def kernel_reads(data):
    """{name: value} as smb3_fs_context_parse_monolithic() takes it apart; two commas stand for one."""
    result = {}
    rest = data
    while rest is not None:
        key, comma, tail = rest.partition(b",")
        rest = tail if comma else None
        if not key:
            break
        while rest is not None and rest.startswith(b","):
            more, comma, tail = rest[1:].partition(b",")
            key += b"," + more
            rest = tail if comma else None
        name, _equals, value = key.partition(b"=")
        result[name.decode()] = value.decode()
    return result


@given(texts.filter(bool), texts, st.none() | texts)
def test_what_is_declared_is_what_reaches_the_kernel(username, password, domain):
    data = credentials.content({"username": username, "password": password, "domain": domain})
    read = kernel_reads(told_to_kernel(data))
    assert (read["user"], read["pass"], read.get("domain")) == (username, password, domain or None)
    assert read["unc"] == "\\\\nas1\\media" and set(read) <= {"ip", "unc", "ver", "user", "pass", "domain"}


@given(texts, texts)
def test_other_credentials_mean_something_else(one, other):
    def meaning(password):
        return credentials.meaning(credentials.content({"username": "vm", "password": password}))
    assert (meaning(one) == meaning(other)) == (one == other)


@pytest.mark.parametrize("text, same", [
    ("username=vm\npassword=p\ndomain=CORP\n", True),
    ("domain=CORP\npassword=p\nusername=vm", True),
    ("# vm's\n  user=vm\nPass=p\nworkgroup=x\ndom=CORP\n", True),
    ("username=vm\npassword=p\n", False),
    ("username=vm\npassword= p\ndomain=CORP\n", False),
    ("username=vm\r\npassword=p\r\ndomain=CORP\r\n", False),
    ("", False),
])
def test_the_same_may_be_written_otherwise(text, same):
    declared = credentials.content({"username": "vm", "password": "p", "domain": "CORP"})
    assert (credentials.meaning(text.encode()) == credentials.meaning(declared)) == same


@given(st.lists(names.map(lambda name: "/srv/" + name), unique=True, min_size=2, max_size=2))
def test_each_path_has_a_file_whose_name_splits_nothing(paths):
    files = [credentials.file_of(path) for path in paths]
    for file in files:
        directory, name = os.path.split(file)
        assert directory == credentials.DIRECTORY and name.endswith(".cifs") and len(name) <= 205
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    if paths[0].strip("/") != paths[1].strip("/"):
        assert files[0] != files[1]


@given(names.map(lambda name: posixpath.normpath("/srv/" + name)).filter(
    lambda path: len(path.encode("utf-8", "surrogateescape")) < 60))
def test_a_file_tells_its_path(path):
    name = os.path.basename(credentials.file_of(path))
    with unittest.mock.patch.object(os, "listdir", lambda directory: ["other", name, "%s.x" % name, "a_b.cifs"]):
        assert credentials.paths() == [path]


def test_without_a_directory_there_are_no_paths(directory):
    assert credentials.paths() == []


def test_a_readable_name_for_a_plain_path():
    assert credentials.file_of(PATH) == "/etc/virtshare/credentials/srv-shares-media.cifs"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    path = tmp_path / "virtshare" / "credentials"
    monkeypatch.setattr(credentials, "DIRECTORY", str(path))
    return path


@pytest.fixture
def file(directory):
    credentials.write(PATH, DECLARED)
    return directory / "srv-shares-media.cifs"


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_a_written_file_is_right_and_readable_by_root_alone(file, directory):
    assert file.read_bytes() == ("username=vm\npassword=%s\ndomain=CORP\n" % HOSTILE).encode()
    assert (mode(file), mode(directory), mode(directory.parent)) == (0o600, 0o700, 0o755)
    assert credentials.is_right(credentials.look(PATH, DECLARED))
    assert not credentials.is_gone(credentials.look(PATH, None))


def test_nobody_else_may_read_it_at_any_moment(directory, monkeypatch):
    modes = []
    original = os.open

    def watched(name, flags, *arguments, **more):
        descriptor = original(name, flags, *arguments, **more)
        if flags & os.O_CREAT:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor
    monkeypatch.setattr(os, "open", watched)
    previous = os.umask(0)
    try:
        credentials.write(PATH, DECLARED)
    finally:
        os.umask(previous)
    assert modes == [0o600]
    assert mode(directory) == 0o700


def loosen(file):
    file.chmod(0o644)
    return "mode 0644", True


def loosen_all(file):
    file.chmod(0o644)
    file.parent.chmod(0o755)
    return "mode 0644, in a directory of mode 0755", True


def change(file):
    file.write_text("username=vm\npassword=hunter2\n", encoding="utf-8")
    return "mode 0600, other credentials (hidden)", False


def reorder(file):
    file.write_bytes(b"".join(reversed(file.read_bytes().splitlines(True))))
    return "mode 0600, written otherwise", True


def leave(file):
    file.with_name(".%s.virtshare" % file.name).write_text("password=hunter2", encoding="utf-8")
    return "mode 0600, with what an interrupted run left", True


def remove(file):
    file.unlink()
    return "missing", False


def link(file):
    file.rename(file.with_suffix(".kept"))
    file.symlink_to(file.with_suffix(".kept"))
    return "not a file", False


@pytest.mark.parametrize("drift", [loosen, loosen_all, change, reorder, leave, remove, link])
def test_what_drifted_is_seen_told_and_mended(file, drift):
    words, same = drift(file)
    state = credentials.look(PATH, DECLARED)
    assert credentials.describe(state) == words
    assert state.same_meaning == same
    assert not credentials.is_right(state)
    assert "hunter2" not in repr(state) and HOSTILE not in repr(state)
    credentials.write(PATH, DECLARED)
    assert credentials.is_right(credentials.look(PATH, DECLARED))
    assert file.is_file() and not file.is_symlink()


@pytest.mark.parametrize("file_mode, directory_mode, exposed", [
    (0o600, 0o700, False), (0o644, 0o700, False), (0o644, 0o755, True), (0o640, 0o710, True), (0o600, 0o755, False)])
def test_who_could_read_it(file, file_mode, directory_mode, exposed):
    file.chmod(file_mode)
    file.parent.chmod(directory_mode)
    assert credentials.is_exposed(credentials.look(PATH, DECLARED)) == exposed


def test_a_removed_file_leaves_nothing_but_what_others_have(file, directory):
    credentials.write("/srv/shares/other", DECLARED)
    leave(file)
    credentials.remove(PATH)
    assert credentials.is_gone(credentials.look(PATH, None))
    assert [name.name for name in directory.iterdir()] == ["srv-shares-other.cifs"]
    credentials.remove("/srv/shares/other")
    assert not directory.parent.exists()
    credentials.remove(PATH)


def test_a_write_that_fails_leaves_the_old_file(file, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")
    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        credentials.write(PATH, dict(DECLARED, password="new"))
    assert file.read_bytes() == before
    assert [name.name for name in file.parent.iterdir()] == [file.name]
