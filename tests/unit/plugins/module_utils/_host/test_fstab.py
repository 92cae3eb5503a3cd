# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fstab: foreign lines stay byte for byte, ours say exactly what they are to say, and the file is replaced whole."""

import ctypes
import os
import posixpath
import stat

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab
from hypothesis import given
from hypothesis import strategies as st

ENTRY = fstab.Entry("nas1:/export/x", "/srv/x", "nfs", ["rw", "vers=4.2", "_netdev"], 0, 0)
LINE = "nas1:/export/x /srv/x nfs rw,vers=4.2,_netdev 0 0\n"

# Whatever a file may hold, bytes of no encoding included.
texts = st.binary(max_size=300).map(lambda data: data.decode("utf-8", "surrogateescape"))
fields = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20) | st.sampled_from(
    ["a b", "#x", "a\tb", "a\\b", "\\040", "a,b", "\u00a0", "ä#ö\n"])
# Declared paths are in their normal form, so "." and nothing at all are no names.
paths = fields.map(lambda text: "/srv/" + text.replace("/", "") + "/x").filter(
    lambda path: posixpath.normpath(path) == path)
options = st.lists(st.text(st.characters(whitelist_categories=("Ll", "Nd"), whitelist_characters="=_.- #\\\t"), min_size=1),
                   min_size=1, max_size=5)
entries = st.builds(fstab.Entry, fields, paths, st.sampled_from(["nfs", "none", "cifs"]), options,
                    st.integers(0, 9), st.integers(0, 9))


@given(entries)
def test_a_written_entry_reads_back(entry):
    assert fstab.parse_line(fstab.format_line(entry)) == entry


@given(texts, entries)
def test_other_lines_stay_byte_for_byte(text, entry):
    new = fstab.with_entry(text, entry)
    assert fstab.find(new, entry.path) == [entry]
    assert fstab.without_path(new, entry.path) in (
        fstab.without_path(text, entry.path), fstab.without_path(text, entry.path) + "\n")


@given(texts, entries)
def test_writing_the_same_again_changes_nothing(text, entry):
    new = fstab.with_entry(text, entry)
    assert fstab.with_entry(new, entry) == new


@given(texts)
def test_a_file_without_the_path_is_not_touched_by_its_removal(text):
    assert fstab.without_path(text, "/no/such/path") == text


def test_blanks_and_signs_are_escaped_as_fstab_wants_them():
    entry = ENTRY._replace(source="nas1:/a b", path="/srv/#1\\2\t3")
    assert fstab.format_line(entry) == "nas1:/a\\040b /srv/#1\\1342\\0113 nfs rw,vers=4.2,_netdev 0 0"


class MountEntry(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("source", "path", "fstype", "options")] + [
        ("freq", ctypes.c_int), ("passno", ctypes.c_int)]


def by_getmntent(filename):
    """[(source, path, type, options)] as the C library reads a file, and systemd up to release 258."""
    library = ctypes.CDLL(None)
    library.setmntent.restype = ctypes.c_void_p
    library.getmntent.argtypes, library.getmntent.restype = [ctypes.c_void_p], ctypes.POINTER(MountEntry)
    library.endmntent.argtypes = [ctypes.c_void_p]
    stream = library.setmntent(os.fsencode(filename), b"r")
    found = []
    try:
        while True:
            entry = library.getmntent(stream)
            if not entry:
                return found
            found.append(tuple(os.fsdecode(getattr(entry.contents, name)) for name in ("source", "path", "fstype", "options")))
    finally:
        library.endmntent(stream)


@pytest.mark.parametrize("source, path, options", [
    ("//nas2/media#1", "/srv/media#1", ["rw", "x-note=#1"]), ("nas1:/a b\tc", "/srv/a\\b", ["rw", "comment=a b#"]),
    ("nas1:/#", "/srv/#", ["rw"]), ("nas1:/\\043", "/srv/\\134", ["rw"]), ("nas1:/a\nb", "/srv/ä#", ["rw"]),
])
def test_systemd_reads_what_mount_reads(tmp_path, source, path, options):
    entry = ENTRY._replace(source=source, path=path, options=options)
    fstab.write(str(tmp_path / "fstab"), fstab.format_line(entry) + "\n")
    assert by_getmntent(str(tmp_path / "fstab")) == [(source, path, "nfs", ",".join(options))]
    assert fstab.says(fstab.format_line(entry), entry)


@pytest.mark.parametrize("line, same", [
    ("nas1:/a\\0431 /srv/x nfs rw 0 0", False), ("nas1:/a#1 /srv/\\170 nfs rw 0 0", False),
    ("nas1:/a#1 /srv/x nfs rw,x-a=\\0431 0 0", False), ("nas1:/a#1\t/srv/x nfs rw", True),
    ("nas1:/a\\134043 /srv/x nfs rw 0 0", True), ("nas1:/a\\\\b /srv/x nfs rw", False), ("nas1:/a\\040b /srv/x nfs rw", True),
])
def test_a_line_that_systemd_reads_otherwise_does_not_say_what_is_meant(line, same):
    assert fstab.says(line, fstab.parse_line(line)) == same


@pytest.mark.parametrize("line, expected", [
    ("# a comment\n", None),
    ("   # an indented one\n", None),
    ("\n", None),
    ("UUID=1 /\n", None),
    ("UUID=1 / ext4", fstab.Entry("UUID=1", "/", "ext4", ["defaults"], 0, 0)),
    ("\tUUID=1   /\text4  errors=remount-ro 0 1 # root\n", fstab.Entry("UUID=1", "/", "ext4", ["errors=remount-ro"], 0, 1)),
    ("UUID=1 / ext4 rw ² 99999999999999999999\n", fstab.Entry("UUID=1", "/", "ext4", ["rw"], 0, 0)),
    ("//n/m /m cifs user=a,,x 0\n", fstab.Entry("//n/m", "/m", "cifs", ["user=a", "x"], 0, 0)),
    ('x /y ext4 context="a:b:c0,c1",rw\n', fstab.Entry("x", "/y", "ext4", ['context="a:b:c0,c1"', "rw"], 0, 0)),
])
def test_lines_as_people_write_them(line, expected):
    assert fstab.parse_line(line) == expected


def test_an_entry_is_replaced_in_its_place_and_its_doubles_go():
    text = "# top\nold:/x /srv/x/ nfs soft\nUUID=1 / ext4\nolder:/x /srv/x nfs\n# end"
    assert fstab.with_entry(text, ENTRY) == "# top\n" + LINE + "UUID=1 / ext4\n# end"
    assert fstab.lines_of(text, "/srv/x") == ["old:/x /srv/x/ nfs soft", "older:/x /srv/x nfs"]


def test_a_last_line_without_an_end_gets_one_before_another_follows():
    assert fstab.with_entry("# end", ENTRY) == "# end\n" + LINE
    assert fstab.with_entry("", ENTRY) == LINE


@pytest.mark.parametrize("written", ["/srv/x", "/srv/x/", "//srv/x", "///srv//x//", "/srv/./x"])
def test_a_path_is_the_same_however_many_slashes_it_has(written):
    entry = ENTRY._replace(path="/srv/x")
    text = f"a:/b {written} nfs ro 0 0\n"
    assert [found.source for found in fstab.find(text, "/srv/x")] == ["a:/b"]
    assert fstab.with_entry(text, entry) == fstab.format_line(entry) + "\n"
    assert fstab.without_path(text, "/srv/x") == ""


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    """As a link to /dev/null is followed, its target would be replaced for all programs of the host."""
    (tmp_path / "fstab").symlink_to("null")
    os.mkfifo(tmp_path / "null")
    for attempt in (fstab.look, fstab.rehearse):
        with pytest.raises(OSError, match="not a regular file"):
            attempt(str(tmp_path / "fstab"), "x\n")
    assert (tmp_path / "null").is_fifo() and sorted(os.listdir(tmp_path)) == ["fstab", "null"]


def test_only_what_is_said_counts_not_how():
    assert fstab.means_the_same(ENTRY, fstab.parse_line("nas1:/export/x\t/srv/x  nfs  _netdev,vers=4.2,rw"))
    assert not fstab.means_the_same(ENTRY, fstab.parse_line("nas1:/export/x /srv/x nfs _netdev,vers=4.2,rw,soft"))
    assert not fstab.means_the_same(ENTRY, ENTRY._replace(passno=2))


def test_a_missing_file_is_empty_and_is_made(tmp_path):
    name = str(tmp_path / "fstab")
    assert fstab.read(name) == ""
    fstab.write(name, LINE)
    assert fstab.read(name) == LINE
    assert stat.S_IMODE(os.stat(name).st_mode) == 0o644


def test_a_write_keeps_mode_and_bytes_and_leaves_nothing_beside(tmp_path):
    name = tmp_path / "fstab"
    name.write_bytes(b"# caf\xe9 \xff\r\n")
    name.chmod(0o640)
    (tmp_path / ".fstab.virtshare").write_text("what a killed run left")
    fstab.write(str(name), fstab.with_entry(fstab.read(str(name)), ENTRY))
    assert name.read_bytes() == b"# caf\xe9 \xff\r\n" + LINE.encode()
    assert stat.S_IMODE(name.stat().st_mode) == 0o640
    assert os.listdir(str(tmp_path)) == ["fstab"]


def test_a_link_is_followed_and_stays(tmp_path):
    real = tmp_path / "real"
    real.write_text("# x\n")
    (tmp_path / "fstab").symlink_to(real)
    fstab.write(str(tmp_path / "fstab"), LINE)
    assert (tmp_path / "fstab").is_symlink()
    assert real.read_text() == LINE


@pytest.mark.parametrize("call", ["open", "write", "fchown", "fchmod", "fsync", "rename"])
def test_the_file_is_the_old_one_whole_when_any_step_fails(tmp_path, monkeypatch, call):
    name = tmp_path / "fstab"
    name.write_text("# old\n")

    def fail(*arguments, **keywords):
        raise OSError(28, "No space left on device")
    with monkeypatch.context() as broken:
        broken.setattr(fstab.os, call, fail)
        with pytest.raises(OSError):
            fstab.write(str(name), LINE)
    assert name.read_text() == "# old\n"
    assert os.listdir(str(tmp_path)) == ["fstab"]
