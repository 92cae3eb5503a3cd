# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and edit fstab so that every line that is not ours stays as it is, byte for byte.

Source of the format: fstab(5), libmount's parser (util-linux, libmount/src/tab_parse.c and lib/mangle.c) and getmntent(3)
(glibc, misc/mntent_r.c), by which systemd reads the file up to release 258. To both a # makes a comment only where it is the
first character of a line. libmount decodes every octal escape, getmntent(3) four of them, so that only these may be written.
The text is str with undecodable bytes kept as surrogates (C(surrogateescape)), so any file comes back out as it went in.
"""

import collections
import functools
import os
import posixpath
import re

from . import replace
from .mountinfo import unescape

Entry = collections.namedtuple("Entry", "source path fstype options freq passno")
Entry.__doc__ = """One mount as fstab names it, unescaped.

options: list of str in the order written, ["defaults"] when the line has none; freq, passno: int.
"""

# Blank and tab end a field, a newline the line, the backslash begins an escape.
_SPECIAL = re.compile("[ \t\n\\\\]")
_ESCAPE = re.compile(r"\\([0-7]{3}|\\)")
_KNOWN_TO_ALL = frozenset("%03o" % ord(character) for character in " \t\n\\")


def escape(field):
    r"""A field as fstab spells it: blank, tab, newline and backslash as three octal digits."""
    return _SPECIAL.sub(lambda match: "\\%03o" % ord(match.group()), field)


def split_options(text):
    """The options of a field, split at the commas that are not inside double quotes (SELinux contexts have them)."""
    return [option for option in re.findall(r'(?:[^,"]|"[^"]*"?)+', text) if option]


def parse_line(line):
    """The Entry of a line, or None for a comment, an empty line, or one with fewer than three fields."""
    fields = [field for field in re.split("[ \t]+", line.strip(" \t\r\n")) if field]
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    numbers = [int(field) if re.match(r"[0-9]{1,9}\Z", field) else 0 for field in fields[4:6]] + [0, 0]
    return Entry(
        source=unescape(fields[0]),
        path=unescape(fields[1]),
        fstype=unescape(fields[2]),
        options=split_options(unescape(fields[3])) if len(fields) > 3 else ["defaults"],
        freq=numbers[0],
        passno=numbers[1],
    )


def format_line(entry):
    """An Entry as a line without its newline; parse_line() of it is the same Entry."""
    # No share has such a source. As it is, it would take the whole line away.
    source = re.sub("^#", r"\\043", escape(entry.source))
    return "%s %s %s %s %d %d" % (
        source, escape(entry.path), escape(entry.fstype), escape(",".join(entry.options)),
        entry.freq, entry.passno)


def entries(text):
    """All entries of the file, in its order."""
    return [entry for entry in map(parse_line, _lines(text)) if entry is not None]


def point_of(entry):
    """The mount point of an entry in its shortest form, None for one without, such as swap."""
    # normpath() keeps two slashes at the beginning, and mount(8) and systemd do not.
    return posixpath.normpath("/" + entry.path.lstrip("/")) if entry.path.startswith("/") else None


def find(text, path):
    """All entries of a mount point, in the file's order; more than one is a mistake in the file."""
    return [entry for _line, entry in _by_path(text).get(path, ())]


def lines_of(text, path):
    """The raw lines of a mount point without their newlines, for a diff."""
    return [line.rstrip("\r\n") for line, _entry in _by_path(text).get(path, ())]


# Every share asks for its own lines of one and the same text.
@functools.lru_cache(maxsize=1)
def _by_path(text):
    """{mount point: [(raw line, Entry)]}"""
    result = {}
    for line in _lines(text):
        entry = parse_line(line)
        point = entry and point_of(entry)
        if point:
            result.setdefault(point, []).append((line, entry))
    return result


def means_the_same(entry, other):
    """Whether two entries say the same, however their options are ordered."""
    return _meaning(entry) == _meaning(other)


def says(line, entry):
    """Whether a raw line says what an entry does, to all that read it: with other escapes systemd reads something else."""
    return means_the_same(parse_line(line), entry) and _KNOWN_TO_ALL.issuperset(_ESCAPE.findall(line))


def with_entry(text, entry):
    """The text with this one entry for its mount point, in the place of the first there was, else at the end."""
    return with_lines(text, entry.path, [format_line(entry)])


def with_lines(text, path, lines):
    """The text with these lines for a mount point, in the place of the first there was, else at the end."""
    lines = [line + "\n" for line in lines]
    result = []
    written = False
    for old in _lines(text):
        if not _is_at(parse_line(old), path):
            result.append(old)
        elif not written:
            result.extend(lines)
            written = True
    if not written and lines:
        if result and not result[-1].endswith("\n"):
            result.append("\n")
        result.extend(lines)
    return "".join(result)


def without_path(text, path):
    """The text without any entry of a mount point."""
    return "".join(line for line in _lines(text) if not _is_at(parse_line(line), path))


def read(filename):
    """The text of the file; one that does not exist reads as empty, as it does for mount(8)."""
    try:
        with open(filename, encoding="utf-8", errors="surrogateescape", newline="") as source:
            return source.read()
    except FileNotFoundError:
        return ""


def write(filename, text):
    """Replace the file in one step: after a crash at any moment it is the old or the new one, whole.

    Owner, mode and extended attributes (the SELinux label, ACLs) stay. The caller holds the lock that keeps two runs
    apart. Raises OSError, and then the old file is untouched.
    """
    _through(replace.replace, filename, text)


def rehearse(filename, text):
    """Raise the OSError that write() would most likely raise; the file stays as it is."""
    _through(replace.rehearse, filename, text)


def look(filename, text):
    """Raise the OSError that write() would meet; nobody sees a change."""
    replace.look(os.path.realpath(filename), text.encode("utf-8", "surrogateescape"))


def _through(function, filename, text):
    filename = os.path.realpath(filename)
    function(filename, text.encode("utf-8", "surrogateescape"), replace.properties_of(filename))


def _lines(text):
    """The lines with their ends; split at the newline only, as str.splitlines knows ends that fstab does not."""
    return re.findall("[^\n]*\n|[^\n]+", text)


def _is_at(entry, path):
    return entry is not None and point_of(entry) == path


def _meaning(entry):
    return entry._replace(options=sorted(option for option in entry.options if option != "defaults"))
