# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What datastores and images have in common: identity, owner, group, permissions, paths. No I/O."""

import copy
import posixpath
import re

from .._host import mountinfo
from .._plan.plan import Refusal
from .pool import Pool
from .template import BLANKS, decode, object_name, refuse_beyond_bmp

CLASSES = ("OWNER", "GROUP", "OTHER")
RIGHTS = ("U", "M", "A")
LETTERS = "umaumauma"

# Stands for the id that an earlier operation on the same target creates.
NEW_ID = object()

# OpenNebula's drivers expand paths in an unquoted shell word and compare them as regular expressions.
UNSAFE_IN_PATH = re.compile(r"[\s*?\[\](){}|^$+\\\"'`;&<>#!]")

SECRET_NAME = re.compile(r"(PASSWORD|_PASS|_TOKEN|_SECRET_ACCESS_KEY)$")
HIDDEN = "(hidden)"


class ServerState:
    """What a plan needs to know of the server.

    datastores, images: Pools of what was read back. clusters, users, groups: {id: name}, None when not read.
    config: drivers.Config, None when not read or not readable; version: OpenNebula's, or None. username: who is
    connected. check: whether this is a check run; foreseen: whether the datastores are those that an earlier task of it
    would leave. machines: {id: VM}, None when not read. now: seconds since 1970; patience: seconds that a registration may
    take. expected_images: the images after what is planned so far.
    """

    def __init__(self, datastores=(), images=(), clusters=None, users=None, groups=None, config=None, version=None,
                 username="", check=False, foreseen=False, machines=None, now=0, patience=60):
        self.datastores = Pool(datastores)
        self.images = Pool(images)
        self.clusters = clusters
        self.users = users
        self.groups = groups
        self.config = config
        self.version = version
        self.username = username
        self.check = check
        self.foreseen = foreseen
        self.machines = machines
        self.expected_images = Pool(images)
        self.now = now
        self.patience = patience

    def but(self, **changes):
        """The same, with Pools of these objects instead of its own."""
        other = copy.copy(self)
        for name, values in changes.items():
            setattr(other, name, Pool(values))
        return other


def is_secret(name):
    """Whether the attribute NAME may hold a secret (RESTIC_PASSWORD, NETAPP_PASS, PUREFA_API_TOKEN and the like)."""
    return bool(SECRET_NAME.search(name))


def hidden(attributes):
    """{NAME: [value, ...]} with the values of secrets replaced, for results and diffs."""
    return dict((name, [HIDDEN] if is_secret(name) and values else values) for name, values in attributes.items())


def octal(value, what):
    """The permissions as three octal digits, from "640" or OpenNebula's own "um-u-----"; None stays None.

    In each digit 4 is use, 2 manage, 1 admin; the digits are owner, group, others.
    """
    if value is None:
        return None
    if isinstance(value, str):
        word = value.strip()
        if re.match(r"^[0-7]{3}$", word):
            return word
        if len(word) == 9 and all(mark in (letter, "-") for mark, letter in zip(word, LETTERS)):
            bits = "".join("0" if mark == "-" else "1" for mark in word)
            return "".join(str(int(bits[start:start + 3], 2)) for start in (0, 3, 6))
        raise Refusal('The mode %r of %s is neither three octal digits such as "640" nor letters such as '
                      '"um-u-----" (use, manage, admin for owner, group, others).' % (value, what))
    raise Refusal('The mode of %s is the number %s, which YAML may have read in another base; '
                  'write it in quotes, such as "640".' % (what, value))


def letters(mode):
    """"640" -> "um-u-----"."""
    bits = "".join(format(int(digit), "03b") for digit in mode)
    return "".join(letter if bit == "1" else "-" for bit, letter in zip(bits, LETTERS))


def bits(mode):
    """"640" -> the nine ints that chmod wants."""
    return [int(bit) for digit in mode for bit in format(int(digit), "03b")]


def declared_names(item, where):
    """({"name", "new_name"} as OpenNebula keeps them or None, [warning, ...]) of a declaration.

    where: phrase such as C(datastore 1 of the list).
    """
    names, warnings = {}, []
    for key in ("name", "new_name"):
        names[key] = None if item.get(key) is None else object_name(item[key], where)
        if names[key] is not None and names[key] != item[key]:
            warnings.append("Blanks around the %s %r are left out, as OpenNebula trims every name."
                            % (key, names[key]))
    return names, warnings


def sentence(words):
    """Words with a capital at the start; names within keep theirs."""
    return words[0].upper() + words[1:]


def child_text(element, tag, default=""):
    child = element.find(tag)
    # Only the blanks that OpenNebula trims: a name may start with another one, such as a no-break space.
    return default if child is None or child.text is None else child.text.strip(BLANKS)


def child_int(element, tag, default=0):
    try:
        return int(child_text(element, tag))
    except ValueError:
        return default


def ids_in(element, tag):
    """The ids in <tag><ID>1</ID>...</tag>, sorted."""
    return sorted(int(node.text) for node in element.findall("%s/ID" % tag) if node.text)


def enum(words, number):
    """The word of OpenNebula's enum; a number that this collection does not know stays visible."""
    return words[number] if 0 <= number < len(words) else "unknown (%d)" % number


def identity(element):
    """The fields that all of OpenNebula's objects share, from an XML body."""
    permissions = element.find("PERMISSIONS")
    mode = ""
    for who in CLASSES:
        digits = ["0" if permissions is None else child_text(permissions, "%s_%s" % (who, right), "0")
                  for right in RIGHTS]
        mode += str(int("".join("1" if digit == "1" else "0" for digit in digits), 2))
    return {
        "id": child_int(element, "ID", -1),
        "name": child_text(element, "NAME"),
        "owner": child_text(element, "UNAME"),
        "owner_id": child_int(element, "UID", -1),
        "group": child_text(element, "GNAME"),
        "group_id": child_int(element, "GID", -1),
        "mode": mode,
        "template": decode(element.find("TEMPLATE")),
    }


def whole_number(word):
    """The number that a text is, as OpenNebula writes ids and times; None for any other text (007, -1, a superscript 2)."""
    return int(word) if re.match(r"(0|[1-9][0-9]*)\Z", word) else None


def names_by_id(pool):
    """{id: name} of a pool body (users, groups, clusters); quotas stand between them and have no name."""
    return dict((child_int(element, "ID", -1), child_text(element, "NAME")) for element in pool
                if element.find("NAME") is not None)


def resolve(word, table, kind, what):
    """The id of a user, group or cluster given by name or id, or a Refusal.

    table: {id: name}. A name wins over an id that looks the same only when no other object has that id.
    """
    word = str(word).strip(BLANKS)
    found = [key for key in table if table[key] == word]
    by_id = whole_number(word)
    if by_id in table and found and by_id not in found:
        raise Refusal("The %s %r of %s is the name of %s %d and the id of %s %d (%r); rename one of them, or use the "
                      "other's name." % (kind, word, what, kind, found[0], kind, by_id, table[by_id]))
    if len(found) > 1:
        raise Refusal("Two %ss are named %r (ids %s); write the id of the one meant by %s."
                      % (kind, word, " and ".join(map(str, sorted(found))), what))
    if found:
        return found[0]
    if by_id in table:
        return by_id
    known = ", ".join(repr(table[key]) for key in sorted(table)[:20])
    raise Refusal("%s names the %s %r, which OpenNebula does not have (or does not show to the user connected); it has "
                  "%s%s. Create it first or correct the name."
                  % (sentence(what), kind, word, known or "none", ", ..." if len(table) > 20 else ""))


def is_named(word, name, number):
    """Whether an owner or group given by name or id is the one an object has already; None is always so."""
    return word is None or str(word).strip(BLANKS) in (name, str(number))


def refuse_twice(current, meant, what):
    """A Refusal for a second declaration of one object. meant: the ids of those before it, to which it is added."""
    if current is not None and current["id"] in meant:
        raise Refusal("The %s (id %s) is declared twice in one list, once by another name or by its id; declare it once."
                      % (what, current["id"]))
    meant.update([current["id"]] if current is not None else [])


def directory(path, option, what):
    """An absolute, normalised directory without characters that OpenNebula's drivers mistake, or a Refusal."""
    if not isinstance(path, str) or not path.startswith("/"):
        raise Refusal("%s: %s %r is not an absolute path; write it from / on." % (what, option, path))
    several = [each.strip("'\"") for each in re.split(r"[\s,:;]+", path.strip()) if each]
    if len(several) > 1 and all(each.startswith("/") for each in several):
        raise Refusal("%s: %s %r is a list in one text, as OpenNebula keeps it; write a list: [%s]."
                      % (what, option, path, ", ".join(several)))
    bad = UNSAFE_IN_PATH.search(path)
    if bad:
        raise Refusal("%s: %s %r holds %r, which OpenNebula's drivers cut off or misread; rename the directory."
                      % (what, option, path, bad.group(0)))
    refuse_beyond_bmp(path, "%s: %s %r" % (what, option, path))
    if posixpath.normpath(path) != path or path.startswith("//"):
        raise Refusal("%s: %s %r is not in its plain form; write %s."
                      % (what, option, path, posixpath.normpath("/" + path.lstrip("/"))))
    return path


def plain(path):
    """A path of the server's in the form that directory() asks of a declared one: people type /srv//a, or /srv/a/."""
    return posixpath.normpath("/" + path.lstrip("/")) if path.startswith("/") else path


def lock_of(element):
    """{"level", "owner_id", "since"} of the lock that somebody has put on an object, by its element LOCK or None; or None."""
    if element is None:
        return None
    return {"level": child_int(element, "LOCKED"), "owner_id": child_int(element, "OWNER", -1), "since": child_int(element, "TIME")}


def inside(path, parents):
    """Whether a path equals or lies inside one of the directories."""
    return any(mountinfo.inside(path, parent) for parent in parents)
