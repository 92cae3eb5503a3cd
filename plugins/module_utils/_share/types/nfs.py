# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NFS: how its options are written in nfs(5) and how fs/nfs/super.c (nfs_show_mount_options) shows them again."""

import collections
import posixpath
import re

from ..._host import mountinfo
from .. import doors, options, sources
from ..values import Address, Number, Optional, Text, Word, flags
from .base import ShareType

# The NFS client tells the server's filesystem id here and not in statfs.
VOLUMES = "/proc/fs/nfsfs/volumes"
# What mount.nfs keeps to itself.
_HELPER_ONLY = frozenset(("bg", "fg", "retry", "intr", "nointr", "sloppy", "mountvers", "mountport", "mountproto",
                          "mounthost", "mountaddr", "namlen"))
_SAME_NAME = {"nfsvers": "vers", "wsync": "sync"}
_SHORT_FORMS = {
    "v2": ("vers", "2"), "v3": ("vers", "3"), "v4": ("vers", "4"), "v4.0": ("vers", "4.0"), "v4.1": ("vers", "4.1"),
    "v4.2": ("vers", "4.2"), "tcp": ("proto", "tcp"), "udp": ("proto", "udp"), "rdma": ("proto", "rdma"),
    "tcp6": ("proto", "tcp6"), "udp6": ("proto", "udp6"),
}
_ATTRIBUTE_TIMES = ("acregmin", "acregmax", "acdirmin", "acdirmax")
# One of these is always shown.
_RETRY_CHOICE = ("hard", "soft", "softerr")
# Shown as written when on; the other word is never shown.
_SHOWN_WHEN_ON = {"nocto": "cto", "noac": "ac", "nolock": "lock", "noacl": "acl", "nordirplus": "rdirplus",
                  "nosharecache": "sharecache", "noresvport": "resvport", "migration": "nomigration", "fsc": "nofsc",
                  "sync": "async", "dirsync": "nodirsync", "lazytime": "nolazytime"}
_NEVER_SHOWN = {other: shown for shown, other in _SHOWN_WHEN_ON.items()}
# Shown only when it is not this.
_UNSHOWN_DEFAULTS = {"acregmin": "3", "acregmax": "60", "acdirmin": "30", "acdirmax": "60", "lookupcache": "all",
                     "nconnect": "1", "max_connect": "1", "port": "2049"}
# What a mount has that asks for nothing; "vers" and the sizes depend on the server.
_DEFAULTS = {"hard": True, "proto": "tcp", "timeo": "600", "retrans": "2", "sec": "sys", "vers": "4.2"}
# What the first mount sets for all that come later, as long as one of them is mounted: those that show one filesystem
# of a server (fs/nfs/super.c does not compare these), and those over one connection.
_OF_THE_FILESYSTEM = frozenset(("timeo", "retrans"))
_OF_THE_CONNECTION = frozenset(("nconnect", "max_connect"))
# What mount.nfs or the kernel finds out by itself.
_TOLD_BY_HELPER = ("addr", "clientaddr", "mountaddr", "mountvers", "mountport", "mountproto", "local_lock", "namlen")
# A server may grant less than what is asked for.
_NEGOTIATED = ("rsize", "wsize")
# Whom root_squash maps root to, by the numbers of 16 and 32 bits.
_NOBODY = (65534, 4294967294)
# Its number among the remote procedures.
_PROGRAM = 100003
_PORT = Number(0, 65535, 2049)
_BYTES = Number(1024)
_NAME = Text("the name of a server", "nas1", r"\S+")
# nfs(5), fs/nfs/fs_context.c (nfs_fs_parameters).
_KINDS = dict(
    flags("ac noac acl noacl bg fg cto nocto hard soft softerr softreval nosoftreval intr nointr lock nolock migration "
          "nomigration posix noposix nordirplus rdma resvport noresvport sharecache nosharecache sloppy tcp tcp6 udp udp6 "
          "v2 v3 v4 v4.0 v4.1 v4.2 nofsc trunkdiscovery notrunkdiscovery alignwrite noalignwrite wsync"),
    acregmin=Number(), acregmax=Number(), acdirmin=Number(), acdirmax=Number(), actimeo=Number(), addr=Address(),
    bsize=Number(), clientaddr=Address(), fsc=Optional(Text("a name for the cache", "projects")),
    local_lock=Word("none flock posix all"), lookupcache=Word("all none pos positive"), minorversion=Number(0, 2),
    mountaddr=Address(), mounthost=_NAME, mountport=_PORT, mountproto=Word("tcp tcp6 udp udp6"), mountvers=Number(1, 3),
    namlen=Number(), nconnect=Number(1, 16), max_connect=Number(1, 16), vers=Word("4.2 4.1 4.0 4 3 2"),
    nfsvers=Word("4.2 4.1 4.0 4 3 2"), port=_PORT, proto=Word("tcp tcp6 udp udp6 rdma rdma6"),
    rdirplus=Optional(Word("none force")), retrans=Number(0, 2 ** 31 - 2), retry=Number(), rsize=_BYTES, wsize=_BYTES,
    sec=Word("sys none null krb5 krb5i krb5p lkey lkeyi lkeyp spkm3 spkm3i spkm3p", ":"), timeo=Number(1, 2 ** 31 - 1),
    write=Word("lazy eager wait"), xprtsec=Word("none tls mtls"), cert_serial=Number(), privkey_serial=Number(),
    fatal_neterrors=Word("default none ENETDOWN ENETUNREACH", ":"))


class Nfs(ShareType):
    """NFS versions 3 and 4.x."""

    name = "nfs"
    aliases = {"nfs3": 'nfs with options {vers: "3"}', "nfs4": 'nfs with options {vers: "4.2"}'}
    source_pattern = r"(\[[0-9A-Fa-f:.%\w]+\]|[^\s:/,\[\]]+):/.*"
    source_example = "nas1:/export/projects"
    source_meaning = "server:/export"
    kinds = _KINDS
    fstab_type = "nfs"
    live_types = ("nfs", "nfs4")
    remote = True
    submounts = True  # where another filesystem of the server begins (crossmnt, nested datasets)
    # Those of CIFS do not matter: systemd 257 read fstab in 3 s with a mount of a dead one.
    hangs_systemd = True
    port = 2049
    options_at_once = ["retry=0"]
    selinux_type = "nfs_t"
    selinux_boolean = "virt_use_nfs"
    defaults = collections.OrderedDict([("_netdev", True), ("nofail", True)])
    helper = (("/sbin/mount.nfs", "/usr/sbin/mount.nfs"), "nfs-common (Debian, Ubuntu) or nfs-utils (EL)")
    explanations = (
        ("access denied", "The server does not export this directory to this host: look at exportfs -v on the server."),
        ("no such file or directory", "The server has no such export: compare with showmount -e, or exportfs -v on "
                                      "the server; under NFSv4 the path begins at the export with fsid=0, if any."),
        ("protocol not supported", "The server does not speak this version of NFS: change the option vers."),
        ("incorrect mount option", "The kernel or mount.nfs does not know one of the options: see nfs(5)."),
        ("portmap query failed", "The server's rpcbind does not know NFS 3 or mountd, or is not there: see rpcinfo -p SERVER. "
                                 "Ports can be named instead, with the options port and mountport."),
        ("requested nfs version", "The server does not speak this version of NFS, or not by this protocol: change the option "
                                  "vers or proto."),
        ("connection refused", "No NFS server listens there: is it running, and is the port right?"),
        ("stale file handle", "The export was replaced on the server: export it again with exportfs -ra."),
    )

    def meant(self, source):
        parts = sources.url(source)
        if parts:
            own = parts.scheme.startswith("nfs") and parts.host
            return "is a URL", own and sources.with_option(
                "%s:%s" % (sources.in_brackets(parts.host), parts.path), "port", parts.port)
        if re.match(r"(//|\\\\)[^/\\]", source):
            server, dummy, export = source.replace("\\", "/").strip("/").partition("/")
            return "begins with two slashes", "%s:/%s" % (sources.in_brackets(server), export)
        if ":" not in source:
            server, slash, export = source.partition("/")
            return "has no colon, so it names no server", server and slash and "%s, here %s:/%s" % (
                self.source_meaning, server, export)
        server, export = _split_source(source)
        if not server:
            server, dummy, export = source.replace("\\", "/").rpartition(":")
            export = export.strip().lstrip("/")
            return None if not server or sources.is_ipv6(source) else (
                "has no slash behind the colon", "%s, here %s:/%s" % (self.source_meaning, sources.in_brackets(server), export))
        return _meant_server(server, "/" + export)

    alternatives = (_RETRY_CHOICE, ("bg", "fg"))

    def told(self, declared):
        result = canonical(declared)
        if "vers" in result:
            result["vers"], dot, minor = result["vers"].partition(".")
            result.update({"minorversion": minor} if dot else {})
        return result

    def defaults_of(self, share):
        declared = canonical(share["options"])
        if declared.get("vers") != "3" or "nolock" in declared:
            return self.defaults
        # Unmounting tells rpc.statd which locks are gone. A shutdown that has stopped it before waits a minute for it.
        return collections.OrderedDict(self.defaults, **{"x-systemd.after": "rpc-statd.service"})

    def mount_command(self, share):
        command = super().mount_command(share)
        if "retry" not in share["options"]:
            # mount.nfs would try for two minutes; the entry in fstab keeps that for the boot, where it is right.
            command[4] += ",retry=0"
        return command

    def remount_commands(self, share, mount, recorded):
        commands = super().remount_commands(share, mount, recorded)
        if "ro" in mount.super_options and not share["read_only"]:
            # The filesystem itself was mounted read-only; other mounts that share it keep their own flag.
            commands.insert(0, ["mount", "-o", "remount,rw", share["path"]])
        return commands

    def options_again(self, mount):
        return [option for option in mount.super_options if option.partition("=")[0] not in _TOLD_BY_HELPER]

    def server(self, share):
        return {"host": host_of(share["source"]), "doors": _doors(canonical(share["options"]))}

    def mismatch(self, share, mount, evidence=None):
        (live_host, live_path), (host, path) = _comparable(mount.source), _comparable(share["source"])
        if mount.fstype not in self.live_types or live_path != path:
            return self.source_in_words(mount)
        live = options.shown_values(mount).get("addr")
        addresses = (evidence or {}).get("addresses")
        if (evidence or {}).get("same_filesystem"):
            return None
        if not live or not addresses:
            return None if live_host == host else self.source_in_words(mount)
        # Mounts of one address show the name by which the first of them was made.
        if any(options.same_address(live, each) for each in addresses):
            return None
        # The name was moved to another server, and the mount still shows the old one.
        return "%s at the address %s, while %s is now %s" % (
            mount.source, live, host_of(share["source"]), ", ".join(addresses))

    def differences(self, share, mount, recorded):
        result = options.flag_differences(share, mount, recorded)
        live = options.shown_values(mount)
        asked = canonical(options.pairs(recorded.options)) if recorded else {}
        declared = canonical(share["options"])
        for name, value in declared.items():
            shown = _compare(name, value, live, asked)
            if shown is not None:
                result.append(options.Difference(name, options.words(name, value), shown, False))
        for name, value in asked.items():
            if _was_asked_for_only(name, value, live, declared):
                result.append(options.Difference(name, "no %s" % options.words(name, value), options.words(name, value), False))
        return result

    def sharing_superblock(self, mount, differences, others):
        names = {difference.name for difference in differences if not difference.per_mount}
        live = options.shown_values(mount)
        result = []
        for other in others:
            same_filesystem = other.st_dev == mount.st_dev
            same_connection = other.fstype in self.live_types and all(
                options.shown_values(other).get(name) == live.get(name) for name in ("addr", "vers", "proto"))
            # Any other difference (soft, nosharecache) makes a filesystem of its own out of it.
            if (names <= _OF_THE_FILESYSTEM and same_filesystem) or (names & _OF_THE_CONNECTION and same_connection):
                result.append(other)
        return result

    def made_inside(self, mount, inner):
        below = posixpath.relpath(inner.mount_point, mount.mount_point)
        return super().made_inside(mount, inner) and mountinfo.directory(inner) == mountinfo.directory(mount, below)

    def server_of(self, mount):
        return host_of(mount.source)

    def root_refused(self, mount, on_server, owner=None):
        server, dummy, export = mount.source.rpartition(":")
        if owner not in (None, 0) + _NOBODY:
            # Whom all_squash maps to owns what it makes; root_squash alone leaves directories to whoever has them.
            return (
                "the server %s maps this host's root to another user. If the export maps all users to one (all_squash), as "
                "the directory's owner, uid %d, suggests, leave owner, group and mode out of the share's access: everybody "
                "writes as that user. If it maps root alone (root_squash, the default of an export), set them once on the "
                "server: %s; or export to this host with no_root_squash" % (server, owner, on_server(export)))
        return ("the server %s maps this host's root to nobody (root_squash, the default of an export); set them "
                "once on the server: %s; or export to this host with no_root_squash" % (server, on_server(export)))

    def no_acls(self, mount, on_server):
        server, dummy, export = mount.source.rpartition(":")
        setting = "set them once on the server %s, where they count for all hosts: %s; then leave access.acl out" % (
            server, on_server(export))
        if mount.fstype == "nfs4":
            return ("NFS 4 hides the server's POSIX ACLs: %s; or mount it with options {vers: \"3\"}, which shows them"
                    % setting)
        return "the mount has noacl, or the server's filesystem has none: %s" % setting

    def change_ignored(self, mount, mode):
        return ("the server %s translates users or groups (idmapping, all_squash); give both sides the same "
                "numbers, or change the export" % self.server_of(mount))

    def group_ignored(self, acting, gid):
        return (
            "That group has all it needs, but an NFS server with manage-gids, as Debian's is by default, asks "
            "its own accounts for the groups of uid %d and finds none. On the server set manage-gids=n in the section "
            "[mountd] of /etc/nfs.conf, restart nfs-mountd and flush with exportfs -f; or give it a user %d in the group %d"
            % (acting.uid, acting.uid, gid))

    def filesystem_id(self, device, name):
        return fsid_of(device)


def _meant_server(server, export):
    """What is wrong with a server's part, see ShareType.meant()."""
    host, port = sources.host_and_port(server)
    named = host.rpartition("@")[2]
    right = sources.with_option("%s:%s" % (sources.in_brackets(named), export), "port", port)
    if re.search(r"[\s,][^\s,/]+:/", export):
        return "names several servers, and NFS mounts from one", "%s:%s" % (server, re.split(r"[\s,]", export)[0])
    if server.startswith("-"):
        return "begins with a hyphen, which mount(8) takes for an option", ""
    if sources.is_ipv6(server):
        return "has an IPv6 address without brackets", right
    if "@" in server:
        return "names a user, and NFS has none", right
    if port:
        return "has a port, which is an option of its own", right
    if server.startswith("[") and not sources.is_ipv6(host):
        return "has brackets around what is no IPv6 address", right if re.match(r"[^\s\[\]:]+$", host) else ""
    if re.search(r"\s", server):
        return "has a blank in its server's name", ""
    if "," in server:
        return "names several servers, and NFS mounts from one", "%s:%s" % (server.split(",")[0].strip(), export)
    return None


def _doors(declared):
    """Where mount.nfs finds the server, see nfs(5): NFS 4 at its own port, older versions where rpcbind says."""
    transport = declared.get("proto", "tcp").rstrip("6")
    version, port = declared.get("vers", ""), int(declared.get("port", "0"))
    if transport == "rdma":
        # No TCP connection can tell.
        return []
    wanted = [int(version[0])] if version else [4, 3]
    if port:
        return [doors.tcp(port) if transport == "tcp" else doors.udp(port, _PROGRAM, wanted[-1], "NFS")]
    asked = [doors.by_rpcbind(transport, _PROGRAM, number, "NFS %d" % number) for number in wanted
             if number < 4 or "port" in declared]
    return [doors.tcp(Nfs.port)] * (4 in wanted and "port" not in declared and transport == "tcp") + asked


def host_of(source):
    """The server's name or address in "server:/export", without the brackets of an IPv6 address."""
    return _split_source(source)[0].strip("[]")


def canonical(declared):
    """The declared NFS options by the names the kernel shows, {name: text or True}, without what it never shows.

    declared: {name: text, True or False}; false ones are left out.
    """
    result = collections.OrderedDict()
    for name, value in declared.items():
        if value is False or not options.is_shown(name) or options.is_flag(name) or name in _HELPER_ONLY:
            continue
        if name in _SHORT_FORMS and value is True:
            name, value = _SHORT_FORMS[name]
        name = _SAME_NAME.get(name, name)
        if name == "actimeo":
            for time in _ATTRIBUTE_TIMES:
                result.setdefault(time, value)
        elif name == "minorversion":
            result["vers"] = "4.%s" % value
        elif name == "vers" and value == "4" and str(result.get("vers", "")).startswith("4."):
            continue
        else:
            result[name] = "pos" if (name, value) == ("lookupcache", "positive") else value
    return result


def _compare(name, value, live, asked):
    """None when the live options agree with one declared option, else what they show."""
    if name in _RETRY_CHOICE:
        shown = [word for word in _RETRY_CHOICE if word in live]
        return None if not shown or name in shown else shown[0]
    if name in _NEVER_SHOWN:
        return _NEVER_SHOWN[name] if _NEVER_SHOWN[name] in live else None
    if name in _SHOWN_WHEN_ON:
        return None if name in live or (name == "nolock" and live.get("vers", "").startswith("4")) else (
            _SHOWN_WHEN_ON[name])
    if (name, value) == ("port", "0"):
        # What the server's rpcbind says.
        return None
    if name not in live:
        default = _UNSHOWN_DEFAULTS.get(name)
        # What the kernel never shows cannot be compared.
        return None if default is None or default == value else "%s=%s" % (name, default)
    shown = live[name]
    if shown == value or _as_good(name, value, shown, asked):
        return None
    return options.words(name, shown)


def _as_good(name, value, shown, asked):
    if name == "vers":
        return value == "4" and shown.startswith("4.")
    if name == "sec":
        return shown in value.split(":")
    if name == "proto":
        return value == shown.rstrip("6") or value.rstrip("6") == shown
    if name in _NEGOTIATED and value.isdigit() and shown.isdigit():
        # Less than what is declared is the server's answer if just that was asked for, else the declaration changed.
        return int(shown) < int(value) and asked.get(name) == value
    return False


def _was_asked_for_only(name, value, live, declared):
    """Whether a live option is there because it was declared once, and would not be there without."""
    if name in declared or live.get(name) != value or _DEFAULTS.get(name) == value:
        return False
    if name in _RETRY_CHOICE:
        return not any(word in declared for word in _RETRY_CHOICE)
    return _SHOWN_WHEN_ON.get(name) not in declared


def _comparable(source):
    """A source as far as its spelling does not matter: the server in lower case, the path without needless slashes."""
    host, path = _split_source(source)
    return host.lower(), posixpath.normpath("/" + path.lstrip("/"))


def _split_source(source):
    """(server, export without its first slash); an IPv6 address keeps its brackets."""
    bracket = source.find("]") if source.startswith("[") else 0
    colon = source.find(":/", max(bracket, 0))
    return (source[:colon], source[colon + 2:]) if colon >= 0 else ("", source)


def fsid_of(device, volumes=None):
    """The server's filesystem id, the FSID column of the client's list of volumes (NV SERVER PORT DEV FSID FSC).

    device: "major:minor". volumes: the list's text, read when None. "" where it is not in the list.
    """
    try:
        if volumes is None:
            with open(VOLUMES) as source:
                volumes = source.read()
    except OSError:
        return ""
    for line in volumes.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 5 and fields[3] == device:
            return "" if fields[4] == "0:0" else fields[4]
    return ""
