# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIFS: how its options are written in mount.cifs(8) and how fs/smb/client (cifs_show_options) shows them again.

Nothing is changed by chown or chmod there: they answer success, without effect. Who may do what is decided by the mount
options uid, gid, dir_mode and file_mode, which come from the share's access unless they are declared themselves.
"""

import collections
import errno
import re

from .. import common_options, credentials, doors, options, sources
from . import _cifs_options as cifs_options
from .base import ShareType

# With these the server says who owns a file and what its mode is.
_SERVER_DECIDES = ("cifsacl", "modefromsid", "modesid", "idsfromsid", "setuidfromacl")
# What using a mount ends in when the server lives and takes its credentials no longer. EHOSTDOWN is what Linux 7.2 says.
_LOGIN_OVER = (errno.EHOSTDOWN, errno.EACCES, errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED,
               errno.EKEYREJECTED)
_REFUSED = ("The server refuses the credentials, or this user may not use the share: check username, password and "
            "domain in the share's credentials, and who may use the share on the server.")
_NO_SHARE = ("The server has no such share, or the share has no such directory: compare with smbclient -L on this "
             "host.")
_SILENT = ("The server does not answer on its port: is it running, and does a firewall let this host through? Another "
           "port is the option port.")
_IN_SOURCE = "write server, share and directory in the source instead, such as //nas2/media/movies"
_LOGIN = "write it in the share's credentials instead"
# Whatever comes after: mount.cifs, older ones and other systems have several names for each, and what is not known to be
# one would be seen as it is.
_BEGINNINGS = (
    (("pass", "pwd"), _LOGIN + ": an option would be seen in fstab and in process lists"),
    (("cred",), "leave it out: the file is made from the share's credentials"),
    (("user",), _LOGIN),
)


class Cifs(ShareType):
    """SMB 2.1 and later, and what older servers speak if it is asked for."""

    name = "cifs"
    aliases = dict.fromkeys(("smb", "smb3", "samba"), "cifs")
    source_pattern = r"//[^/\s,]+/[^,]+"
    source_example = "//nas2/media"
    source_meaning = "//server/share without a comma"
    server_end = None
    why_no_user = "names a user"
    options_elsewhere = dict(
        dict.fromkeys(("domain", "dom", "workgroup"), _LOGIN),
        **dict.fromkeys(("unc", "target", "path", "source", "prefixpath"), _IN_SOURCE))
    kinds = cifs_options.KINDS
    on_by_default = cifs_options.ON_BY_DEFAULT
    shown_if_known = cifs_options.SHOWN_IF_KNOWN
    # mount.cifs(8) knows no such flag and passes it on to the kernel's fs/smb/client/fs_context.c, which passes over it.
    options_without_effect = dict(
        dict.fromkeys(("atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime"),
                      "the server alone decides about times of access"),
        # smb3_get_tree_common() in fs_context.c makes the filesystem without its flags, since Linux 5.11.
        **dict.fromkeys(("sync", "dirsync", "lazytime"), "the kernel's client makes its mounts without it"))
    has_credentials = True
    remote = True
    submounts = True  # links of DFS to other shares
    owner_per_host = True
    owner_by_options = True
    selinux_type = "cifs_t"
    selinux_boolean = "virt_use_samba"
    fstab_type = "cifs"
    live_types = ("cifs", "smb3")
    defaults = collections.OrderedDict([("_netdev", True), ("nofail", True)])
    helper = (("/sbin/mount.cifs", "/usr/sbin/mount.cifs"), "cifs-utils")
    explanations = (
        ("error(13)", _REFUSED),
        ("permission denied", _REFUSED),
        ("error(2)", _NO_SHARE),
        ("error(6)", _NO_SHARE),
        ("no such file or directory", _NO_SHARE),
        ("error(112)", "The server closed the connection: it is stopping, or it does not speak this version of SMB "
                       "(option vers)."),
        ("host is down", "The server does not answer any more, or does not take the login of this mount: is it "
                         "running, and are the credentials right?"),
        ("error(115)", _SILENT),
        ("error(110)", _SILENT),
        ("error(111)", "No SMB server listens there: is it running, and is the port right (option port)?"),
        ("error(113)", "No route leads to the server: is it running, and is its address right?"),
        ("error(126)", "There is no Kerberos ticket for this mount: have root or the user of the option cruid get one "
                       "(kinit -k), and see that keyutils and a line for cifs.upcall in request-key.conf are there."),
        ("error(127)", "The password or the Kerberos ticket has expired."),
        ("error(128)", "The server revoked the Kerberos ticket: get a new one (kinit -k)."),
        ("error(129)", "The server refuses the account: is it locked, or its password expired?"),
        ("error(95)", "The server does not support one of the options, mostly its version of SMB (vers), seal or posix."),
        ("error(22)", "The kernel does not know one of the options, or not this value: see mount.cifs(8) and the "
                      "kernel's log."),
        ("error(16)", "The same share is mounted there already."),
        ("filesystem not supported", "This kernel has no module cifs: install the one with all modules (on Ubuntu "
                                     "linux-modules-extra)."),
        ("could not resolve address", "This host does not know the server's name: use one that it knows, or the "
                                      "option ip."),
        ("failed to parse mount options", "mount(8) does not take a value among the options, or does not know a user or a "
                                          "group there: see dmesg and mount.cifs(8)."),
        ("bad option uid", "The user does not exist on this host: create it, or name one that does in access.owner "
                           "or the option uid."),
        ("bad option gid", "The group does not exist on this host: create it, or name one that does in access.group "
                           "or the option gid."),
        ("opening credential file", "The credentials file cannot be read: run again, it is recreated."),
    )
    stale_words = "its login with the server is over"

    def source_without_user(self, words):
        return words + ", and the user in the share's credentials"

    def meant(self, source):
        parts = sources.url(source)
        if parts and parts.path.strip("/"):
            own = parts.scheme in ("smb", "cifs", "smb3", "smbfs", "file") and parts.host
            return "is a URL", own and _written(parts.host, parts.port, parts.path)
        plain = "//" + parts.host if parts else source.replace("\\", "/")
        if source.startswith("\\"):
            return "has backslashes", "//" + re.sub("/+", "/", plain.strip("/"))
        if not plain.startswith("//"):
            server, dummy, path = re.sub(r"^([^:/]+):/?", r"\1/", plain.strip("/")).partition("/")
            return "does not begin with two slashes", path and _written(server, "", path)
        authority, dummy, path = plain.lstrip("/").partition("/")
        host, port = sources.host_and_port(authority)
        right = _written(host, port, path)
        if not path.strip("/"):
            return "names no share", "the share behind the server, such as %s" % _written(host, port, "media")
        if re.search(r"\s", authority):
            return "has a blank in its server's name", ""
        if port:
            return "has a port, which is an option of its own", right
        if authority.startswith("[") and sources.is_ipv6(host):
            return "has brackets, which mount.cifs does not take", right
        if ":" in host and not sources.is_ipv6(host):
            return "has a colon in its server's name", ""
        if plain.startswith("///") or path.startswith("/"):
            return "has more slashes than it needs", right
        return None

    def elsewhere(self, option):
        plain = option.lower()
        if plain in self.kinds or common_options.common(plain) or plain in common_options.ELSEWHERE and plain != "user":
            return None
        return self.options_elsewhere.get(plain) or next((words for beginnings, words in _BEGINNINGS
                                                          if plain.startswith(beginnings)), None)

    alternatives = (("hard", "soft"), ("unix", "nounix", "posix"))

    def told(self, declared):
        return cifs_options.canonical(declared)

    def acl_trouble(self, declared):
        return ("access.acl is not for type cifs, which shows no POSIX ACLs. Leave it out: the server decides what the "
                "user in credentials may do, and group and mode on this host.")

    def credentials_troubles(self, given, declared, state):
        how = _without_credentials(declared)
        if given is None:
            return [] if how or state == "absent" else [
                "credentials are missing. Write credentials: {username: …, password: …}; or options: {guest: true} for "
                "access without any, or {sec: krb5} for Kerberos."]
        troubles = [each for key in sorted(credentials.BYTES) for each in credentials.troubles(key, given.get(key))]
        if how in ("guest", "sec: none"):
            troubles.append("credentials and options {%s} exclude each other. Leave one of them out."
                            % ("guest: true" if how == "guest" else how))
        missing = [key for key in (("username",) if how else ("username", "password"))
                   if given.get(key) is None or (key == "username" and given[key] == "")]
        return troubles + ["credentials.%s is missing. Write it, or write options: {guest: true} for access without "
                           "credentials." % key for key in missing]

    def entry(self, share):
        return super().entry(dict(share, options=effective(share)))

    def mount_command(self, share):
        command = super().mount_command(share)
        # With nofail mount.cifs reports success when it found no address that answers.
        command[4] = ",".join(option for option in self.entry(share).options if option != "nofail")
        return command

    def remount_commands(self, share, mount, recorded):
        commands = super().remount_commands(share, mount, recorded)
        if "ro" in mount.super_options and not share["read_only"]:
            # The filesystem itself was mounted read-only.
            commands.insert(0, self._whole_remount(share))
        return commands

    def login_commands(self, share):
        # The kernel refuses another password for a login that works, and takes one for a login that is over (from
        # Linux 6.10 on, see smb3_reconfigure() in fs/smb/client/fs_context.c).
        return [self._whole_remount(share)] if share["credentials"] else []

    def _whole_remount(self, share):
        """mount.cifs must be told all options again."""
        whole = self.mount_command(share)
        return whole[:4] + ["remount," + whole[4]] + whole[5:]

    def is_stale(self, number, mount):
        return number in _LOGIN_OVER or super().is_stale(number, mount)

    def credentials(self, share):
        return share["credentials"] if share["state"] != "absent" else None

    def accounts(self, share):
        declared = cifs_options.canonical(effective(share))
        return ([declared[name] for name in cifs_options.USERS if name in declared],
                [declared[name] for name in cifs_options.GROUPS if name in declared])

    def server(self, share):
        declared = cifs_options.canonical(share["options"])
        # Without a port the kernel tries these two, the second when the first refuses.
        ports = [int(declared["port"])] if declared.get("port", "0") != "0" else [445, 139]
        return {"host": declared.get("addr", _split_source(share["source"])[0]),
                "doors": [] if "rdma" in declared else [doors.tcp(port) for port in ports]}

    def mismatch(self, share, mount, evidence=None):
        if mount.fstype not in self.live_types or not _same_source(share["source"], mount):
            return self.source_in_words(mount)
        shown = options.shown_values(mount)
        live, addresses = shown.get("addr"), (evidence or {}).get("addresses")
        # A server of DFS sends its clients to other servers. The kernel itself looks a moved name up again.
        if live and addresses and "nodfs" in shown and not evidence.get("same_filesystem") and not any(options.same_address(live, each) for each in addresses):
            return "%s at the address %s, while %s is now %s" % (
                mount.source, live, _split_source(share["source"])[0], ", ".join(addresses))
        return None

    def differences(self, share, mount, recorded):
        live = cifs_options.expanded(options.shown_values(mount))
        result = options.flag_differences(share, mount, recorded) + options.context_differences(share, live)
        asked = cifs_options.canonical(options.pairs(recorded.options)) if recorded else {}
        declared = cifs_options.canonical(effective(share))
        numbers = share.get("numbers") or {}
        result.extend(_differing_session(share, live))
        for name, value in declared.items():
            if cifs_options.is_dropped(name, declared):
                continue
            shown = cifs_options.compare(name, value, live, asked, numbers)
            if shown is not None:
                result.append(options.Difference(name, options.words(name, value), shown, False))
        for name, value in asked.items():
            if cifs_options.was_asked_for_only(name, value, live, declared, numbers):
                result.append(options.Difference(
                    name, "no %s" % options.words(name, value), options.words(name, value), False))
        if recorded:
            for name in cifs_options.KNOWN_FROM_FSTAB:
                if declared.get(name) != asked.get(name):
                    result.append(options.Difference(
                        name, options.words_or_none(name, declared), "%s in fstab" % options.words_or_none(name, asked), False))
        return result

    def sharing_superblock(self, mount, differences, others):
        if not {difference.name for difference in differences if not difference.per_mount} <= {"hard", "soft"}:
            # Any other difference makes a filesystem of its own out of it.
            return []
        live = options.shown_values(mount)
        return [other for other in others if other.fstype in self.live_types
                and _split_source(other.source)[:2] == _split_source(mount.source)[:2]
                and all(options.shown_values(other).get(name) == live.get(name)
                        for name in ("addr", "vers", "username", "domain", "sec"))]

    def server_of(self, mount):
        return mount.source.replace("\\", "/").strip("/").split("/")[0] or mount.source

    # A lease of a file is for one of its names, and the server refuses to open the other one (EINVAL).
    second_names = False

    def lasting_part(self, fsid):
        # A serial number, and when the share was made. Where the server's filesystem does not keep that, Samba tells the oldest
        # time of the directory, and a mount keeps what it was told.
        return "%x" % (int(fsid, 16) >> 32)

    def is_unique(self, fsid):
        # Samba makes the serial number of the names of share and server.
        return False

    def has_inodes(self, mount):
        return "serverino" in mount.super_options

    def change_ignored(self, mount, mode):
        return ("on CIFS the mount options uid=, gid=, file_mode= and dir_mode= decide, which come from the share's "
                "access unless they are among its options; take them out there, or write the same (dir_mode: \"%s\")"
                % ("%05o" % mode if mode is not None else "0770"))


def _written(host, port, path):
    """A source as it is to be written, with what belongs elsewhere."""
    return sources.with_option("//%s/%s" % (host, path.strip("/")), "port", port)


def effective(share):
    """The options of a share with those that come from its access and its credentials.

    owner becomes uid, group gid, mode dir_mode and, without what only a directory needs, file_mode. What is declared
    among the options stays as it is.
    """
    result = collections.OrderedDict(
        (name, "0" + value if cifs_options.SAME_NAME.get(name, name) in cifs_options.MODES and _is_bare(value) else value)
        for name, value in share["options"].items())
    names = {cifs_options.SAME_NAME.get(name, name) for name in result}
    if not any(result.get(name) is True for name in _SERVER_DECIDES):
        for name, value in _from_access(share["access"] or {}):
            if name not in names:
                result[name] = value
    if "nativesocket" in result:
        # A POSIX mount is one without, unless it is said afterwards.
        result.move_to_end("nativesocket")
    if share["credentials"]:
        result["credentials"] = credentials.file_of(share["path"])
    return result


def _is_bare(value):
    """Whether a mode has no leading zero; the kernel would take it for a decimal number."""
    return value not in (True, False) and value.isdigit() and not value.startswith("0")


def _from_access(access):
    for key, name in (("owner", "uid"), ("group", "gid")):
        if access.get(key):
            yield name, access[key]
    if access.get("mode"):
        mode = int(access["mode"], 8)
        yield "dir_mode", "0%o" % mode
        yield "file_mode", "0%o" % (mode & 0o666)


def _differing_session(share, live):
    """Who is logged in, as far as the kernel shows it."""
    if share["options"].get("guest") is True and live.get("sec") != "none":
        yield options.Difference("guest", "guest", options.words_or_none("username", live), False)
    declared = share["credentials"] or {}
    for name in ("username", "domain"):
        value = declared.get(name)
        if value and live.get(name) != value and not (name == "username" and "multiuser" in live):
            yield options.Difference(name, options.words(name, value), options.words_or_none(name, live), False)


def _same_source(declared, mount):
    """Whether a mount shows the declared server, share and directory; servers and shares have no case."""
    host, share, directory = _split_source(mount.source)
    # A directory of the share that is bound elsewhere shows the share's source, and the directory as its root.
    root = mount.root.strip("/")
    return _split_source(declared) == (host, share, directory) and root in ("", directory)


def _split_source(source):
    """(server, share, directory) of "//server/share/directory", the first two in lower case, the last without slashes
    at its ends and doubled ones inside."""
    parts = [part for part in source.replace("\\", "/").split("/") if part] + ["", ""]
    return parts[0].lower(), parts[1].lower(), "/".join(parts[2:]).rstrip("/")


def _without_credentials(declared):
    """How a share is used without a password, "" when it is not. declared: its options."""
    if declared.get("guest") is True:
        return "guest"
    sec = str(declared.get("sec", ""))
    return "sec: %s" % sec if sec == "none" or sec.startswith("krb5") else ""
