# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration of shares: what a user may write, and every reason to refuse it before a host is touched. No I/O."""

import difflib
import posixpath
import re

from ansible_collections.virtshare.storage.plugins.module_utils.access.acl_words import acl_entry
from ansible_collections.virtshare.storage.plugins.module_utils.plan import Refusal, quoted

TYPES = ("nfs", "cifs", "ocfs2", "glusterfs", "local")
STATES = ("mounted", "unmounted", "absent")

# What somebody may write for a type, with the word to write instead.
_TYPE_ALIASES = {
    "nfs3": 'nfs with options {vers: "3"}', "nfs4": 'nfs with options {vers: "4.2"}', "smb": "cifs", "smb3": "cifs",
    "samba": "cifs", "gluster": "glusterfs", "fuse.glusterfs": "glusterfs", "bind": "local", "none": "local",
}

# One element of C(shares), as a module declares it; the words of each option are in the module's documentation.
SHARE_SPEC = dict(
    path=dict(type="str", required=True),
    type=dict(type="str", required=True, choices=list(TYPES)),
    source=dict(type="str"),
    options=dict(type="dict", default={}),
    state=dict(type="str", default="mounted", choices=list(STATES)),
    read_only=dict(type="bool", default=False),
    allow_hidden_files=dict(type="bool", default=False),
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

# How much of each mount.cifs takes, in bytes; a comma counts twice, as the kernel is told it twice.
_CREDENTIAL_BYTES = {"username": 256, "password": 512, "domain": 255}

_ACCESS_KEYS = tuple(SHARE_SPEC["access"]["options"])
_CREDENTIAL_KEYS = tuple(SHARE_SPEC["credentials"]["options"])

# A share's path is given to root with mode 0000 while nothing is mounted: on these that would stop the host.
_SYSTEM_DIRECTORIES = frozenset((
    "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/media", "/mnt", "/opt", "/proc",
    "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/log", "/var/tmp",
))
_KERNEL_DIRECTORIES = ("/dev/", "/proc/", "/sys/")
# Nobody's shares are to be cleared away below these.
_NO_PREFIX_BELOW = ("/bin", "/boot", "/etc", "/lib", "/run", "/sbin", "/usr")

# By type: (pattern of a source, an example of one, what a source of this type is)
_SOURCES = {
    "nfs": (r"(\[[0-9A-Fa-f:.%\w]+\]|[^\s:/,\[\]]+):/.*", "nas1:/export/projects", "server:/export"),
    "cifs": (r"//[^/\s,]+/[^,]+", "//nas2/media", "//server/share without a comma"),
    "ocfs2": (r"(LABEL|UUID)=\S+|/dev/.+", "LABEL=vmstore", "LABEL=…, UUID=… or a path below /dev/disk/by-id"),
    "glusterfs": (r"[^\s:/,]+(,[^\s:/,]+)*:/?[^/\s]+(/\S*)?", "gl1,gl2:/scratch", "server:/volume without a blank"),
    "local": (r"/(?!dev/).+", "/data/projects", "a directory of the host that is bound to the path"),
}

# option: what to write instead of it
_OPTIONS_ELSEWHERE = {
    "ro": "write read_only: true at the share instead",
    "rw": "write read_only: false at the share instead, it is the default",
    "bind": 'write type: local at the share instead',
    "rbind": 'write type: local at the share instead',
    "remount": "leave it out: a changed option is applied to the live mount anyway",
    "defaults": "leave it out: it says nothing",
    "username": "write it in the share's credentials instead",
    "user": "write it in the share's credentials instead",
    "password": "write it in the share's credentials instead: an option would be seen in fstab and in process lists",
    "pass": "write it in the share's credentials instead: an option would be seen in fstab and in process lists",
    "domain": "write it in the share's credentials instead",
    "dom": "write it in the share's credentials instead",
    "workgroup": "write it in the share's credentials instead",
    "pass2": "write it in the share's credentials instead: an option would be seen in fstab and in process lists",
    "password2": "write it in the share's credentials instead: an option would be seen in fstab and in process lists",
    "credentials": "leave it out: the file is made from the share's credentials",
    "cred": "leave it out: the file is made from the share's credentials",
    "backup-volfile-servers": "write all servers in the source instead, such as gl1,gl2:/scratch",
    "backupvolfile-server": "write all servers in the source instead, such as gl1,gl2:/scratch",
    "volume-id": "write the volume in the source instead",
    "subdir-mount": "write the directory in the source instead, behind the volume",
    "fuse-mountopts": "write what is in it as options of their own, such as noatime: true",
}

# What a filesystem takes without doing it, {type: (names, why)}. mount.cifs(8) knows no such flag and hands it on to the
# kernel's fs/smb/client/fs_context.c, which passes over it.
_OPTIONS_WITHOUT_EFFECT = {
    "cifs": (("atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime"),
             "the server alone decides about times of access"),
}

# SELinux contexts hold commas (c1,c2) and are quoted when they are written.
CONTEXT_OPTIONS = ("context", "fscontext", "defcontext", "rootcontext")

# Octal, as CIFS wants them: a number without quotes is another one by the time it arrives here.
_MODE_OPTIONS = ("file_mode", "dir_mode", "dirmode")

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def validated(shares):
    """The declared shares with every default filled in, or a Refusal that lists every problem of all of them.

    shares: what the user wrote, a list of dicts as YAML yields it; C(None) stands for "not written".
    Each returned share is a new dict with the keys path, type, source (str, C("") for a local share that is only
    checked), options ({str: str, or True for an option without a value, or False for a default that is not wanted}),
    state, read_only (bool), allow_hidden_files (bool),
    access ({owner: str or None, group: str or None, mode: four octal digits or None, writers: [str],
    acl: ["user:NAME:rwx", ...] or None}),
    credentials (dict or None). What was validated may be validated again, and stays the same.
    """
    problems = []
    if not isinstance(shares, (list, tuple)):
        raise Refusal(
            "The shares are %s. Write a list, each element like {path: /srv/shares/projects, type: nfs, "
            "source: 'nas1:/export/projects'}." % _shape(shares))
    result = []
    for number, share in enumerate(shares, 1):
        one = _Share(number, share)
        result.append(one.normalised())
        problems.extend(one.problems)
    problems.extend(_overlaps(result))
    if problems:
        raise Refusal("%s in the declared shares:\n%s" % (
            "1 problem" if len(problems) == 1 else "%d problems" % len(problems),
            "\n".join("- " + problem for problem in problems)))
    return result


def checked_prefix(exact, prefix):
    """The directory below which undeclared shares are removed, None without one, or a Refusal.

    exact: whether they are removed at all. prefix: what the user wrote, None or an empty text for nothing.
    """
    if not prefix:
        if exact:
            raise Refusal("exact is true, and exact_prefix is missing. Write the directory below which only declared "
                          "shares may stay, such as exact_prefix: /srv/shares.")
        return None
    trouble = _place_trouble("exact_prefix", prefix, "/srv/shares")
    if trouble is None and any(inside(prefix, directory) for directory in _NO_PREFIX_BELOW):
        trouble = ("exact_prefix %s belongs to the host's own system, which mounts there by itself. Write a directory "
                   "of its own, such as /srv/shares." % quoted(prefix))
    if trouble:
        raise Refusal(trouble)
    return prefix


class _Share:
    """One declared share while it is looked at: collects its problems instead of stopping at the first."""

    def __init__(self, number, share):
        self.number = number
        self.share = share
        self.problems = []
        path = share.get("path") if isinstance(share, dict) else None
        self.name = "share %s" % path if isinstance(path, str) and path else "share number %d" % number

    def problem(self, text, *values):
        self.problems.append("%s: %s" % (self.name, text % values if values else text))

    def normalised(self):
        """The share with its defaults; meaningless as soon as there are problems."""
        if not isinstance(self.share, dict):
            self.problem("it is %s. Write a mapping with path, type and source.", _shape(self.share))
            return {"path": None}
        self._known(self.share, tuple(SHARE_SPEC), "")
        state = self._choice("state", STATES) or "mounted"
        kind = self._type()
        return {
            "path": self._path(kind),
            "type": kind,
            "source": self._source(kind, state),
            "options": self._options(kind),
            "state": state,
            "read_only": self._flag("read_only"),
            "allow_hidden_files": self._flag("allow_hidden_files"),
            "access": self._access(kind),
            "credentials": self._credentials(kind, state),
        }

    def _known(self, mapping, known, where):
        for key in mapping:
            if key in known:
                continue
            near = difflib.get_close_matches(str(key), known, 1)
            self.problem(
                "%s%s is not known. %s", where, quoted(key),
                "Write %s." % near[0] if near else "Known here are %s." % ", ".join(known))

    def _choice(self, key, choices):
        value = self.share.get(key)
        if value is None or value in choices:
            return value
        self.problem("%s %s is not known. Write one of %s.", key, quoted(value), ", ".join(choices))
        return None

    def _flag(self, key):
        value = self.share.get(key)
        if value is None:
            return False
        text = str(value).lower()
        if isinstance(value, (bool, str)) and text in _TRUE + _FALSE:
            return text in _TRUE
        self.problem("%s is %s. Write true or false.", key, quoted(value))
        return False

    def _type(self):
        kind = self.share.get("type")
        if kind is None:
            self.problem("type is missing. Write one of %s.", ", ".join(TYPES))
        elif kind not in TYPES:
            alias = _TYPE_ALIASES.get(kind) if isinstance(kind, str) else None
            self.problem(
                "type %s is not known. Write %s.", quoted(kind), alias or "one of %s" % ", ".join(TYPES))
            return None
        return kind

    def _path(self, kind):
        path = self.share.get("path")
        if path is None or path == "":
            self.problem("path is missing. Write where the share is to be seen on every host, "
                         "such as path: /srv/shares/projects.")
            return None
        if not isinstance(path, str):
            self.problem("path is %s. Write a text such as /srv/shares/projects.", _shape(path))
            return None
        trouble = _place_trouble("path", path)
        if trouble:
            self.problem("%s", trouble)
            return None
        if kind == "glusterfs" and re.search(r"[\s*?\[\\]", path):
            self.problem("path %s holds a blank or one of * ? [ \\, at which mount.glusterfs cuts or changes it. Write a "
                         "path without.", quoted(path))
            return None
        return str(path)

    def _source(self, kind, state):
        source = self.share.get("source")
        if source is None or source == "":
            if kind == "local" and state != "mounted":
                self.problem("state %s needs a source: without one the filesystem at the path is only checked, "
                             "never mounted or unmounted. Write the directory that was bound there as source, "
                             "or leave the share out of the list.", quoted(state))
            elif kind is not None and kind != "local":
                self.problem("source is missing. Write %s, such as %s.", _SOURCES[kind][2], _SOURCES[kind][1])
            return ""
        if not isinstance(source, str):
            self.problem("source is %s. Write a text.", _shape(source))
            return ""
        if re.search(r"[\x00-\x1f\x7f]", source):
            self.problem("source %s holds a control character. Write a source of printable characters.",
                         quoted(source))
        elif kind is not None:
            self._check_source(kind, source)
        return str(source)

    def _check_source(self, kind, source):
        pattern, example, meaning = _SOURCES[kind]
        if kind == "nfs" and ":" not in source:
            self.problem("source %s has no colon, so it names no server. Write %s, such as %s.", quoted(source),
                         meaning, example)
        elif kind == "local" and re.match(r"/dev/|[A-Z]+=", source):
            self.problem("source %s is a device. Write a directory to bind, such as %s; or leave source out if the "
                         "filesystem is mounted by other means and only to be checked.", quoted(source), example)
        elif not re.match("(?:%s)$" % pattern, source):
            self.problem("source %s is not one of type %s. Write %s, such as %s.", quoted(source), kind, meaning,
                         example)
        elif kind == "local" and posixpath.normpath(source) != source:
            self.problem("source %s is not in its shortest form. Write %s.", quoted(source),
                         posixpath.normpath(source))
        elif kind == "local" and isinstance(self.share.get("path"), str) and inside(self.share["path"], source):
            self.problem("source %s holds the path itself. Write a directory elsewhere.", quoted(source))

    def _options(self, kind):
        options = self.share.get("options")
        if options is None:
            return {}
        if not isinstance(options, dict):
            self.problem("options are %s. Write a mapping such as {vers: \"4.2\", noatime: true}.", _shape(options))
            return {}
        without_effect, why = _OPTIONS_WITHOUT_EFFECT.get(kind, ((), ""))
        result = {}
        for name, value in options.items():
            if not isinstance(name, str) or not re.match(r"[A-Za-z_][A-Za-z0-9_.-]*$", name):
                self.problem("option %s is not a name. Write one name a key, its value behind it.", quoted(name))
            elif name in _OPTIONS_ELSEWHERE:
                self.problem("option %s does not belong here: %s.", name, _OPTIONS_ELSEWHERE[name])
            elif value is not False and name in without_effect:
                self.problem("option %s has no effect on type %s: %s. Leave it out.", name, kind, why)
            elif isinstance(value, bool):
                result[str(name)] = value
            elif isinstance(value, int) and name in _MODE_OPTIONS:
                self.problem('option %s is the number %d, and YAML reads a number with a leading zero as another one. '
                             'Write it in quotes, such as %s: "0770".', name, value, name)
            elif isinstance(value, (str, int)):
                if self._option_value(name, str(value)):
                    result[str(name)] = str(value)
            elif isinstance(value, float):
                self.problem("option %s is the number %r, and YAML drops its last zeros. Write it in quotes: "
                             '%s: "%s".', name, value, name, value)
            else:
                self.problem("option %s is %s. Write a text, a whole number, or true for an option without a value.",
                             name, _shape(value))
        return result

    def _option_value(self, name, value):
        if value == "":
            self.problem("option %s has an empty value. Write true for an option without a value.", name)
        elif re.search(r"[\x00-\x1f\x7f\"]", value):
            self.problem("option %s holds a control character or a double quote. Write its value without.", name)
        elif "," in value and name not in CONTEXT_OPTIONS:
            self.problem("option %s is %s, and a comma begins another option. Write every option as a key of its own.",
                         name, quoted(value))
        else:
            return True
        return False

    def _access(self, kind):
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
            self.problem("access.writers is the text %s. Write a list: [%s].", quoted(writers), writers)
        elif writers is not None and not isinstance(writers, (list, tuple)):
            self.problem("access.writers is %s. Write a list of user names.", _shape(writers))
        else:
            result["writers"] = [self._account("access.writers", writer, True) for writer in writers or ()]
        result["acl"] = self._acl(kind, access.get("acl"))
        return result

    def _acl(self, kind, texts):
        if texts is None:
            return None
        if not isinstance(texts, (list, tuple)):
            self.problem("access.acl is %s. Write a list such as [user:libvirt-qemu:rwx, group:backup:r-x].",
                         _shape(texts))
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
        self._acl_of_type(kind)
        return ["%s:%s:%s" % (who, name, entries[who, name]) for who, name in sorted(entries)]

    def _acl_of_type(self, kind):
        """Where an ACL cannot be: known before any host is asked."""
        options = self.share.get("options")
        options = options if isinstance(options, dict) else {}
        if kind == "cifs":
            self.problem("access.acl is not for type cifs, which shows no POSIX ACLs. Leave it out: the server decides "
                         "what the user in credentials may do, and group and mode on this host.")
        elif options.get("noacl") is True or options.get("acl") is False:
            self.problem("access.acl and the option that turns ACLs off exclude each other. Leave one of them out.")
        elif kind == "glusterfs" and options.get("acl") is not True:
            self.problem("access.acl needs options: {acl: true} on type glusterfs, which has no ACLs without. Write "
                         "it.")

    def _account(self, where, value, required=False):
        if value is None and not required:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or not re.match(r"[^\s:/,]+$", value):
            self.problem("%s %s is not the name of an account. Write one such as oneadmin.", where, quoted(value))
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

    def _credentials(self, kind, state):
        credentials = self.share.get("credentials")
        if credentials is None:
            if kind == "cifs" and state != "absent" and not self._without_credentials():
                self.problem("credentials are missing. Write credentials: {username: …, password: …}; or options: "
                             "{guest: true} for access without any, or {sec: krb5} for Kerberos.")
            return None
        if kind is not None and kind != "cifs":
            self.problem("credentials belong to type cifs, and this share is of type %s. Leave them out.", kind)
        if not isinstance(credentials, dict):
            # never the value: it may be the password
            self.problem("credentials are not a mapping. Write {username: …, password: …, domain: …}.")
            return None
        self._known(credentials, _CREDENTIAL_KEYS, "credentials.")
        result = {key: self._credential(key, credentials.get(key)) for key in _CREDENTIAL_KEYS}
        how = self._without_credentials()
        if how in ("guest", "sec: none"):
            self.problem("credentials and options {%s} exclude each other. Leave one of them out.",
                         "guest: true" if how == "guest" else how)
        needed = ("username",) if how else ("username", "password")
        for key in needed:
            if credentials.get(key) is None or (key == "username" and credentials[key] == ""):
                self.problem("credentials.%s is missing. Write it, or write options: {guest: true} for access without "
                             "credentials.", key)
        return result

    def _without_credentials(self):
        """How a CIFS share is used without a password, "" when it is not."""
        options = self.share.get("options")
        options = options if isinstance(options, dict) else {}
        if options.get("guest") is True:
            return "guest"
        sec = str(options.get("sec", ""))
        return "sec: %s" % sec if sec == "none" or sec.startswith("krb5") else ""

    def _credential(self, key, value):
        """A part of the credentials as text; what is wrong with it is said without showing it."""
        if value is None:
            return None
        if not isinstance(value, str):
            self.problem("credentials.%s is not a text; YAML reads one of digits as a number, without its leading "
                         "zeros. Write it in quotes.", key)
            return None
        try:
            size = len(value.encode("utf-8")) + value.count(",")
        except UnicodeEncodeError:
            self.problem("credentials.%s holds what is not a character. Write it as text.", key)
            return None
        if re.search(r"[\x00-\x1f\x7f]", value):
            self.problem("credentials.%s holds a control character or the end of a line, which mount.cifs does not "
                         "take. Write it without.", key)
        elif size > _CREDENTIAL_BYTES[key]:
            self.problem("credentials.%s is longer than mount.cifs takes, %d bytes of which a comma counts twice. "
                         "Write a shorter one.", key, _CREDENTIAL_BYTES[key])
        return str(value)


def _overlaps(shares):
    """Problems between shares: the same path twice, one inside another."""
    paths = [share["path"] for share in shares if share.get("path")]
    for path in sorted(set(paths)):
        if paths.count(path) > 1:
            times = "twice" if paths.count(path) == 2 else "%d times" % paths.count(path)
            yield ("share %s: path %s is declared %s, so what is to be seen there is not clear. "
                   "Write every path once." % (path, quoted(path), times))
        outer = [other for other in sorted(set(paths)) if other != path and inside(path, other)]
        if outer:
            yield ("share %s: path %s lies inside the share %s, so it would be a directory of that share. "
                   "Write a path beside it, such as %s." % (
                       path, quoted(path), outer[0],
                       posixpath.join(posixpath.dirname(outer[0]), posixpath.basename(path))))


def _place_trouble(what, path, example="/srv/shares/projects"):
    """Why a text cannot be the path of a directory of our own, as a sentence, or None. what: the option it is in."""
    normal = posixpath.normpath("/" + path.lstrip("/")) if path.startswith("/") else None
    if re.search(r"[\x00-\x1f\x7f]", path):
        return "%s %s holds a control character. Write a path of printable characters." % (what, quoted(path))
    if not path.startswith("/"):
        return "%s %s is relative, so it would differ from host to host. Write an absolute path such as %s." % (
            what, quoted(path), posixpath.normpath("/srv/shares/" + re.sub(r"^(\.{0,2}/|~/?)+", "", path)))
    if normal == "/":
        return "%s %s is the root of the host. Write a directory of its own, such as %s." % (
            what, quoted(path), example)
    if ".." in path.split("/"):
        return "%s %s holds '..', so what it means depends on links. Write the path it leads to, here perhaps %s." % (
            what, quoted(path), normal)
    if normal != path:
        return "%s %s is not in its shortest form, and hosts are compared by it. Write %s." % (
            what, quoted(path), normal)
    if path in _SYSTEM_DIRECTORIES or path.startswith(_KERNEL_DIRECTORIES):
        return "%s %s belongs to the host's own system. Write a directory of its own, such as %s." % (
            what, quoted(path), example)
    return None


def inside(path, other):
    """Whether a path is another one or lies below it."""
    return path == other or path.startswith(other.rstrip("/") + "/")


def _shape(value):
    """What a value of the wrong kind is, in words; a secret's text is never shown."""
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
