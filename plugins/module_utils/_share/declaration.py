# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration of shares: what a user may write, and every reason to refuse it before a host is touched. No I/O."""

import difflib
import posixpath
import re

from .._host import systemd
from .._plan.plan import UNSEEN, Refusal, visible
from . import declared_options, sources
from .acl import HIGHEST_NUMBER, acl_entry, is_account
from .paths import inside, place_trouble
from .sources import quoted
from .types import registry
from .values import truth

STATES = ("mounted", "unmounted", "absent")

# One element of C(shares), as a module declares it; the words of each option are in the module's documentation.
SHARE_SPEC = dict(
    path=dict(type="str", required=True),
    type=dict(type="str", required=True, choices=list(registry.NAMES)),
    source=dict(type="str"),
    options=dict(type="dict", default={}),
    state=dict(type="str", default="mounted", choices=list(STATES)),
    read_only=dict(type="bool", default=False),
    allow_hidden_files=dict(type="bool", default=False),
    proof=dict(type="bool", default=True),
    access=dict(
        type="dict",
        options=dict(
            owner=dict(type="str"),
            group=dict(type="str"),
            # raw, because a YAML number must be refused instead of being turned into the wrong mode's text
            mode=dict(type="raw"),
            writers=dict(type="list", elements="str", default=[]),
            acl=dict(type="list", elements="str"),
        ),
    ),
    credentials=dict(
        type="dict",
        options=dict(
            username=dict(type="str"),
            password=dict(type="str", no_log=True),
            domain=dict(type="str"),
        ),
    ),
)

# The same for modules that do not mount.
SHARE_SPEC_WITHOUT_CREDENTIALS = dict((name, SHARE_SPEC[name]) for name in SHARE_SPEC if name != "credentials")

_ACCESS_KEYS = tuple(SHARE_SPEC["access"]["options"])
_CREDENTIAL_KEYS = tuple(SHARE_SPEC["credentials"]["options"])


def validated(shares):
    """The declared shares with every default filled in, or a Refusal that lists every problem of all of them."""
    result, problems = checked(shares)
    if problems:
        raise Refusal("%s in the declared shares:\n%s" % (
            "1 problem" if len(problems) == 1 else "%d problems" % len(problems),
            "\n".join("- " + problem for problem in problems)))
    return result


def checked(shares, credentials=True):
    """(the declared shares in their normal form, with every default filled in; every problem of all of them).

    shares: what the user wrote, a list of dicts as YAML yields it; C(None) stands for "not written". With problems the
    normal form means nothing. credentials: whether they are looked at; only what mounts shares is given them.
    Each returned share is a new dict with the keys path, type, source (str, C("") for a local share that is only
    checked), options ({str: str, or True for an option without a value, or False for a default that is not wanted}),
    state, read_only (bool), allow_hidden_files (bool), proof (bool),
    access ({owner: str or None, group: str or None, mode: four octal digits or None, writers: [str],
    acl: ["user:NAME:rwx", ...] or None}),
    credentials (dict or None). What was checked may be checked again, and stays the same.
    """
    if not isinstance(shares, (list, tuple)):
        return [], ["The shares are %s. Write a list, each element like {path: /srv/shares/projects, type: nfs, "
                    "source: 'nas1:/export/projects'}." % _shape(shares)]
    result, problems = [], []
    for number, share in enumerate(shares, 1):
        one = _Share(number, share, credentials)
        result.append(one.normalised())
        problems.extend(one.problems)
    problems.extend(_overlaps(result))
    problems.extend(_circles(result))
    problems.extend(_writable_in_read_only(result))
    return result, problems


def mounted(shares):
    """Those of normal shares that are to be mounted: what every room but the mounts' own works on."""
    return [share for share in shares if share["state"] == "mounted"]


class _Share:
    """One declared share while it is looked at: collects its problems instead of stopping at the first."""

    def __init__(self, number, share, credentials):
        self.number = number
        self.share = share
        self.with_credentials = credentials
        self.problems = []
        self.options = {}
        path = share.get("path") if isinstance(share, dict) else None
        self.name = "share %s" % _named(path) if isinstance(path, str) and path else "share number %d" % number

    def problem(self, text, *values):
        self.problems.append("%s: %s" % (self.name, text % values if values else text))

    def normalised(self):
        """The share with its defaults; meaningless as soon as there are problems."""
        if not isinstance(self.share, dict):
            self.problem("it is %s. Write a mapping with path, type and source.", _shape(self.share))
            return {"path": None}
        self._known(self.share, tuple(SHARE_SPEC), "")
        state = self._choice("state", STATES) or "mounted"
        share_type = self._type()
        self.options = self._options(share_type)
        path = self._path(share_type)
        if path and state == "mounted":
            self._unit(path)
        return {
            "path": path,
            "type": share_type and share_type.name,
            "source": self._source(share_type, state),
            "options": self.options,
            "state": state,
            "read_only": self._flag("read_only"),
            "allow_hidden_files": self._flag("allow_hidden_files"),
            "proof": self._flag("proof", True),
            "access": self._access(share_type),
            "credentials": self._credentials(share_type, state) if self.with_credentials else None,
        }

    def _known(self, mapping, known, where):
        for key in mapping:
            if key in known:
                continue
            shown = sources.key(key)
            near = difflib.get_close_matches(shown.strip("'…=:"), known, 1)
            self.problem(
                "%s%s is not known. %s", where, shown,
                "Write %s." % near[0] if near else "Known here are %s." % ", ".join(known))

    def _choice(self, key, choices):
        value = self.share.get(key)
        if value is None or value in choices:
            return value
        self.problem("%s %s is not known. Write one of %s.", key, quoted(value), ", ".join(choices))
        return None

    def _flag(self, key, default=False):
        value = self.share.get(key)
        if value is None:
            return default
        result = truth(value)
        if result is not None:
            return result
        self.problem("%s is %s. Write true or false.", key, quoted(value))
        return default

    def _type(self):
        """The ShareType, None when there is no such."""
        name = self.share.get("type")
        if isinstance(name, str) and name in registry.NAMES:
            return registry.named(name)
        if name is None:
            self.problem("type is missing. Write one of %s.", ", ".join(registry.NAMES))
        else:
            alias = registry.gathered("aliases").get(name) if isinstance(name, str) else None
            self.problem("type %s is not known. Write %s.", quoted(name), alias or "one of %s" % ", ".join(registry.NAMES))
        return None

    def _path(self, share_type):
        path = self.share.get("path")
        if path is None or path == "":
            self.problem("path is missing. Write where the share is to be seen on every host, "
                         "such as path: /srv/shares/projects.")
            return None
        if not isinstance(path, str):
            self.problem("path is %s. Write a text such as /srv/shares/projects.", _shape(path))
            return None
        trouble = place_trouble("path", path) or (share_type and share_type.path_trouble(path))
        if trouble:
            self.problem("%s", trouble)
            return None
        return str(path)

    def _unit(self, path):
        """systemd mounts by units, at boot as well; the name of one that is too long it makes another way since release 251."""
        length = len(systemd.unit_name(path, "automount" if self.options.get("x-systemd.automount") else "mount"))
        if length > systemd.LONGEST_UNIT_NAME:
            self.problem("systemd needs a unit whose name is made of the path, and of this one it has %d bytes, where %d are the "
                         "most. Each character but letters, digits, '.', ':', '_' and '/' takes four. Write a shorter path.",
                         length, systemd.LONGEST_UNIT_NAME)

    def _source(self, share_type, state):
        source = self.share.get("source")
        trouble = None
        if source is None or source == "":
            source = ""
            trouble = share_type and share_type.missing_source_trouble(state)
        elif not isinstance(source, str):
            trouble = "source is %s. Write a text." % _shape(source)
        elif re.search(UNSEEN, source):
            trouble = "source %s holds a control character. Write a source of printable characters." % sources.shown(
                source, share_type.server_end if share_type else None)
        elif share_type:
            trouble = share_type.source_trouble(source, self.share.get("path"))
        if trouble:
            self.problem("%s", trouble)
        return str(source)

    def _options(self, share_type):
        options = self.share.get("options")
        if options is None:
            return {}
        if not isinstance(options, dict):
            self.problem("options are %s. Write a mapping such as {vers: \"4.2\", noatime: true}.", _shape(options))
            return {}
        return declared_options.normalised(
            options, share_type, self.share, lambda text: self.problem("%s", text))

    def _access(self, share_type):
        access = self.share.get("access")
        result = {"owner": None, "group": None, "mode": None, "writers": [], "acl": None}
        if access is None:
            return result
        if not isinstance(access, dict):
            self.problem("access is %s. Write a mapping such as {owner: oneadmin, group: kvm, mode: \"2770\", "
                         "writers: [oneadmin]}.", _shape(access))
            return result
        self._known(access, _ACCESS_KEYS, "access.")
        for key in ("owner", "group"):
            result[key] = self._account("access.%s" % key, access.get(key))
        result["mode"] = self._mode(access.get("mode"))
        writers = access.get("writers")
        if isinstance(writers, str):
            self.problem("access.writers is the text %s. Write a list: [%s].", quoted(writers), _listed(writers))
        elif writers is not None and not isinstance(writers, (list, tuple)):
            self.problem("access.writers is %s. Write a list of user names.", _shape(writers))
        else:
            result["writers"] = [self._account("access.writers", writer, True) for writer in writers or ()]
        result["acl"] = self._acl(share_type, access.get("acl"))
        return result

    def _acl(self, share_type, texts):
        if texts is None:
            return None
        if not isinstance(texts, (list, tuple)):
            self.problem("access.acl is %s. Write a list%s.", _shape(texts), ": [%s]" % _listed(texts) if isinstance(
                texts, str) and texts.strip() else " such as [user:libvirt-qemu:rwx, group:backup:r-x]")
            return None
        entries = {}
        for text in texts:
            try:
                who, name, letters = acl_entry(text)
            except Refusal as refusal:
                self.problem("%s", refusal)
                continue
            if (who, name) in entries:
                self.problem("access.acl names the %s %s twice. Write one entry.", who, name)
            entries[who, name] = letters
        trouble = share_type and share_type.acl_trouble(self.options)
        if trouble:
            self.problem("%s", trouble)
        return ["%s:%s:%s" % (who, name, entries[who, name]) for who, name in sorted(entries)]

    def _account(self, where, value, required=False):
        if value is None and not required:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not is_account(value):
            self.problem("%s %s is not the name of an account: it is no text, is no number from 0 to %d without leading "
                         "zeros, begins with a hyphen, or has one of : / , \" or a blank at its ends. Write one such as "
                         "oneadmin, or CORP\\domain users.", where, quoted(value), HIGHEST_NUMBER)
            return None
        return str(value)

    def _mode(self, mode):
        if mode is None:
            return None
        if isinstance(mode, int) and not isinstance(mode, bool):
            # YAML has made 0770 the number 504: both readings are offered, none is guessed.
            readings = ['mode: "0%03d"' % mode] if re.match(r"[0-7]{3}$", str(mode)) else []
            readings += ['mode: "%d"' % mode] if re.match(r"[0-7]{4}$", str(mode)) else []
            readings += ['mode: "%04o"%s' % (mode, " if it was written with a leading zero" if readings else "")
                         ] if 0 <= mode <= 0o7777 else []
            self.problem("access.mode is the number %d, and YAML reads a number with a leading zero as another one. "
                         "Write it in quotes: %s.", mode, ", or ".join(readings) or 'mode: "2770"')
        elif not isinstance(mode, str) or not re.match(r"0?[0-7]{3,4}$", mode):
            self.problem("access.mode %s is not octal. Write three or four octal digits in quotes, such as "
                         'mode: "2770".', quoted(mode))
        else:
            return "%04o" % int(mode, 8)
        return None

    def _credentials(self, share_type, state):
        """The credentials, {key: text or None}, or None; what is wrong with them is said without showing any."""
        given = self.share.get("credentials")
        if given is not None and not isinstance(given, dict):
            self.problem("credentials are not a mapping. Write {username: …, password: …, domain: …}.")
            return None
        if share_type:
            if given is not None and share_type.has_credentials:
                self._known(given, _CREDENTIAL_KEYS, "credentials.")
            elif given is not None:
                self.problem("credentials belong to type %s, and this share is of type %s. Leave them out.",
                             " or ".join(registry.where(has_credentials=True)), share_type.name)
            for trouble in share_type.credentials_troubles(given, self.options, state):
                self.problem("%s", trouble)
        if given is None:
            return None
        return {key: None if given.get(key) is None else str(given[key]) for key in _CREDENTIAL_KEYS}


def _named(path):
    """A path as the beginning of a sentence has it; another text may be a source with a user and a password."""
    return visible(path) if re.match("/[^/]", path) else sources.shown(path, None)[1:-1]


def _listed(text):
    """The elements of a list that was written as one text, as YAML has them."""
    parts = re.split(r"\s*[,;\n]\s*" if re.search("[,;\n]", text.strip()) else r"\s+", text.strip())
    return quoted(", ".join(part for part in parts if part))[1:-1]


def _overlaps(shares):
    """Problems between shares: the same path twice, one inside another."""
    paths = [share["path"] for share in shares if share.get("path")]
    for path in sorted(set(paths)):
        if paths.count(path) > 1:
            times = "twice" if paths.count(path) == 2 else "%d times" % paths.count(path)
            yield ("share %s: path %s is declared %s. Declare each path once." % (path, quoted(path), times))
        outer = [other for other in sorted(set(paths)) if other != path and inside(path, other)]
        if outer:
            yield ("share %s: path %s lies inside the share %s, so it would be a directory of that share. "
                   "Write a path beside it, such as %s." % (
                       path, quoted(path), outer[0],
                       posixpath.join(posixpath.dirname(outer[0]), posixpath.basename(path))))


def _circles(shares):
    """Problems of shares that are bound from each other, so that none of them has a source of its own."""
    binds = {share["path"]: share["source"] for share in shares if share["path"] and share["source"] and share["type"]
             and registry.named(share["type"]).binds and share["state"] != "absent"}
    outer = {path: max([other for other in binds if other != path and inside(source, other)] or [None], key=lambda each: len(each or ""))
             for path, source in binds.items()}
    for path in sorted(binds):
        circle = [path]
        while outer[circle[-1]] is not None and outer[circle[-1]] not in circle:
            circle.append(outer[circle[-1]])
        if len(circle) > 1 and outer[circle[-1]] == path == min(circle):
            yield ("share %s: its source %s is in the share %s, which is bound from this one in turn. Write a source that is in "
                   "neither." % (path, quoted(binds[path]), " and that in the share ".join(circle[1:])))


def _writable_in_read_only(shares):
    """Problems of shares that are bound from a read-only one, whose mount a bind has the flags of."""
    there = {share["path"]: share for share in shares if share["path"] and share["type"] and share["state"] == "mounted"}
    for share in there.values():
        outer = [path for path in there if path != share["path"] and registry.named(share["type"]).binds
                 and share["source"] and inside(share["source"], path)]
        if outer and there[max(outer, key=len)]["read_only"] and not share["read_only"]:
            yield ("share %s: its source %s is in the share %s, which is read_only. Write read_only: true here, too, or take "
                   "it away there." % (share["path"], quoted(share["source"]), max(outer, key=len)))


def _shape(value):
    """What a value of the wrong kind is; a secret's text is never shown."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "the truth value %s" % str(value).lower()
    if isinstance(value, (int, float)):
        return "the number %s" % value
    if isinstance(value, str):
        return "a text"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "of the kind %s" % type(value).__name__
