# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A share's credentials in a file of root's alone, as mount.cifs reads it. Nothing here ever shows what is in it.

Source of the format: open_cred_file() and parse_cred_line() in mount.cifs.c of cifs-utils, smb3_fs_context_parse_monolithic()
in fs/smb/client/fs_context.c. A value is the raw rest of its line; there is no quoting. mount.cifs doubles the commas
of a password for the kernel, and those of nothing else.
"""

import collections
import hashlib
import os
import re
import stat

from .._host.replace import look as look_at_file
from .._host.replace import replace, sync_directory, temporary_of, unlink

DIRECTORY = "/etc/virtshare/credentials"
_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600
# How much of each mount.cifs takes, in bytes; a comma counts twice, as the kernel is told it twice.
BYTES = {"username": 256, "password": 512, "domain": 255}
_LONGEST_NAME = 200
_SUFFIX = ".cifs"

State = collections.namedtuple("State", "kind owner mode directory same_text same_meaning left")
State.__doc__ = """What is in the place of a share's credentials file, without anything of its content.

kind: "missing", "file" or "other". owner: whether it is this process's, root's. mode: four octal digits, "" unless a
file. directory: the mode of the directory it lies in, "other" for what cannot be used, "" when missing.
same_text, same_meaning: whether the file is just what is declared, and whether mount.cifs reads the same in it.
left: whether a killed run left an unfinished file beside it.
"""


def troubles(key, value):
    """What is wrong with a part of the credentials, without showing it."""
    if value is None:
        return
    if not isinstance(value, str):
        yield ("credentials.%s is not a text; YAML reads one of digits as a number, without its leading zeros. Write it in "
               "quotes." % key)
        return
    try:
        size = len(value.encode("utf-8")) + value.count(",")
    except UnicodeEncodeError:
        yield "credentials.%s holds what is not a character. Write it as text." % key
        return
    if re.search(r"[\x00-\x1f\x7f]", value):
        yield ("credentials.%s holds a control character or the end of a line, which mount.cifs does not take. Write it "
               "without." % key)
    elif size > BYTES[key]:
        yield ("credentials.%s is longer than mount.cifs takes, %d bytes of which a comma counts twice. Write a shorter "
               "one." % (key, BYTES[key]))


def file_of(path):
    """The credentials file of the share at a path: its name holds nothing that fstab, mount or systemd would split."""
    name = "".join(map(_escaped, path.strip("/")))
    if len(name) > _LONGEST_NAME:
        name = "%s_%s" % (name[:_LONGEST_NAME - 65], hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest())
    return os.path.join(DIRECTORY, name + _SUFFIX)


def paths():
    """The paths of all shares that have a credentials file, sorted; without those too long for a name."""
    try:
        names = os.listdir(DIRECTORY)
    except OSError:
        return []
    found = []
    for name in names:
        if name.endswith(_SUFFIX):
            path = "/" + re.sub("(_[0-9a-f]{2})+|-", _unescaped, name[:-len(_SUFFIX)])
            if os.path.basename(file_of(path)) == name:
                found.append(path)
    return sorted(found)


def content(declared):
    """The bytes of the file for C({"username", "password", "domain"}); None stands for what is not declared."""
    lines = []
    for name in ("username", "password", "domain"):
        value = declared.get(name)
        if value is not None:
            # The kernel takes two commas for one that does not begin another option.
            lines.append("%s=%s\n" % (name, value if name == "password" else value.replace(",", ",,")))
    return "".join(lines).encode("utf-8")


def meaning(data):
    """What mount.cifs reads in a file: {"username", "password", "domain"} as bytes, without what is not in it."""
    result = {}
    for line in data.split(b"\n"):
        name, equals, value = line.lstrip(b" \t").partition(b"=")
        name = name.lower()
        if equals and not name.startswith((b"pass2", b"password2")):
            for key, begin in (("username", b"user"), ("password", b"pass"), ("domain", b"dom")):
                if name.startswith(begin):
                    result[key] = value
    if not result.get("domain"):
        result.pop("domain", None)
    return result


def look(path, declared):
    """The State of the file of a share; declared: as for content(), None when there is to be no file."""
    filename = file_of(path)
    left = os.path.lexists(temporary_of(filename))
    directory = _directory_mode()
    try:
        descriptor = os.open(filename, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return State("missing", True, "", directory, False, False, left)
    except OSError:
        return State("other", True, "", directory, False, False, left)
    with os.fdopen(descriptor, "rb") as source:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return State("other", True, "", directory, False, False, left)
        data = source.read()
    wanted = None if declared is None else content(declared)
    return State(
        "file", status.st_uid == os.geteuid(), "%04o" % stat.S_IMODE(status.st_mode), directory, data == wanted,
        wanted is not None and meaning(data) == meaning(wanted), left)


def is_right(state):
    """Whether nothing is to be done about a file that is to be there."""
    return (state.kind == "file" and state.owner and state.mode == "%04o" % _FILE_MODE
            and state.directory == "%04o" % _DIRECTORY_MODE and state.same_text and not state.left)


def is_gone(state):
    """Whether nothing is to be done about a file that is not to be there."""
    return state.kind == "missing" and not state.left


def is_exposed(state):
    """Whether others than root may have read what is in the file."""
    passed = state.directory not in ("", "other") and int(state.directory, 8) & 0o011
    return state.kind == "file" and bool(passed) and (not state.owner or bool(int(state.mode, 8) & 0o044))


def describe(state, declared=True):
    """A State in a few words for a diff. declared: whether there is to be a file, so that it is one to compare."""
    if state.kind == "missing":
        return "missing"
    if state.kind == "other":
        return "not a file"
    words = ["mode %s" % state.mode]
    if state.directory != "%04o" % _DIRECTORY_MODE:
        words.append("in a directory of mode %s" % state.directory)
    if not state.owner:
        words.append("not owned by root")
    if declared and not state.same_meaning:
        words.append("other credentials (hidden)")
    elif declared and not state.same_text:
        words.append("written otherwise")
    if state.left:
        words.append("with what an interrupted run left")
    return ", ".join(words)


def described():
    """What describe() would say of a file that is right, so that a diff shows what changes."""
    return "mode %04o, the declared credentials (hidden)" % _FILE_MODE


def what_to_do(state, declared):
    """What is done about a State, in a few words. declared: whether there is to be a file."""
    if not declared:
        return "remove the credentials file"
    if state.kind != "file":
        return "write the credentials file"
    if not state.same_meaning:
        return "write the changed credentials into their file"
    return "rewrite the credentials file, for root alone"


def read(path):
    """The bytes of the file, to be put back by restore(); None when there is none."""
    try:
        descriptor = os.open(file_of(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as source:
        return source.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def restore(path, data):
    """Put back what read() gave."""
    if data is None:
        remove(path)
    else:
        _put(path, data)


def write(path, declared):
    """Put the file in its place with its final mode, whatever is there now. OSError when that is impossible."""
    _put(path, content(declared))


def _put(path, data):
    os.makedirs(os.path.dirname(DIRECTORY), mode=0o755, exist_ok=True)
    try:
        os.mkdir(DIRECTORY, _DIRECTORY_MODE)
    except FileExistsError:
        pass
    descriptor = os.open(DIRECTORY, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(descriptor, os.geteuid(), os.getegid())
        os.fchmod(descriptor, _DIRECTORY_MODE)
    finally:
        os.close(descriptor)
    replace(file_of(path), data, lambda descriptor: os.fchmod(descriptor, _FILE_MODE))


def rehearse(path):
    """Raise the OSError that write() or remove() would meet; nothing is written."""
    look_at_file(file_of(path))


def remove(path):
    """Remove the file and what a killed run left of one, and the directories if nothing else is in them."""
    filename = file_of(path)
    unlink(temporary_of(filename))
    try:
        os.unlink(filename)
        sync_directory(DIRECTORY)
    except FileNotFoundError:
        pass
    for directory in (DIRECTORY, os.path.dirname(DIRECTORY)):
        try:
            os.rmdir(directory)
        except OSError:
            # Other shares have theirs in it.
            break


def _escaped(character):
    if character == "/":
        return "-"
    if re.match("[A-Za-z0-9.]", character):
        return character
    return "".join("_%02x" % byte for byte in character.encode("utf-8", "surrogateescape"))


def _unescaped(match):
    if match.group() == "-":
        return "/"
    return bytes(int(code, 16) for code in match.group().split("_")[1:]).decode("utf-8", "surrogateescape")


def _directory_mode():
    try:
        status = os.lstat(DIRECTORY)
    except FileNotFoundError:
        return ""
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return "other"
    return "%04o" % stat.S_IMODE(status.st_mode)
