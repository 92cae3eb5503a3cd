# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NFS: its sources and servers, and what its mount is compared with; its options are in _nfs_options.py."""

import collections
import posixpath
import re

from ..._host import mountinfo
from .. import doors, options, sources
from . import _nfs_options as nfs_options
from ._nfs_options import canonical
from .base import ShareType

# The NFS client tells the server's filesystem id here and not in statfs.
VOLUMES = "/proc/fs/nfsfs/volumes"
# What the first mount sets for all that come later, as long as one of them is mounted: those that show one filesystem
# of a server (fs/nfs/super.c does not compare these), and those over one connection.
_OF_THE_FILESYSTEM = frozenset(("timeo", "retrans"))
_OF_THE_CONNECTION = frozenset(("nconnect", "max_connect"))
# What mount.nfs or the kernel finds out by itself.
_TOLD_BY_HELPER = ("addr", "clientaddr", "mountaddr", "mountvers", "mountport", "mountproto", "local_lock", "namlen")
# Whom root_squash maps root to, by the numbers of 16 and 32 bits.
_NOBODY = (65534, 4294967294)
# Its number among the remote procedures.
_PROGRAM = 100003


class Nfs(ShareType):
    """NFS versions 3 and 4.x."""

    name = "nfs"
    aliases = {"nfs3": 'nfs with options {vers: "3"}', "nfs4": 'nfs with options {vers: "4.2"}'}
    source_pattern = r"(\[[0-9A-Fa-f:.%\w]+\]|[^\s:/,\[\]]+):/.*"
    source_example = "nas1:/export/projects"
    source_meaning = "server:/export"
    why_no_user = "names a user, and NFS has none"
    kinds = nfs_options.KINDS
    on_by_default = nfs_options.ON_BY_DEFAULT
    shown_if_known = nfs_options.SHOWN_IF_KNOWN
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

    alternatives = (nfs_options.RETRY_CHOICE, ("bg", "fg"))

    def told(self, declared):
        return nfs_options.told(declared)

    def idle_options(self, declared, share):
        return nfs_options.idle(declared)

    def defaults_of(self, share):
        declared = canonical(share["options"])
        if declared.get("vers") != "3" or "nolock" in declared:
            return self.defaults
        # Unmounting tells rpc.statd which locks are gone. A shutdown that has stopped it before waits a minute for it.
        return collections.OrderedDict(self.defaults, **{"x-systemd.after": "rpc-statd.service"})

    def entry(self, share):
        return super().entry(dict(share, options=nfs_options.in_order(share["options"])))

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
        live = options.shown_values(mount)
        result = options.flag_differences(share, mount, recorded) + options.context_differences(share, live)
        asked = canonical(options.pairs(recorded.options)) if recorded else {}
        declared = canonical(share["options"])
        for name, value in declared.items():
            shown = nfs_options.compare(name, value, live, asked)
            if shown is not None:
                result.append(options.Difference(name, options.words(name, value), shown, False))
        for name, value in asked.items():
            if nfs_options.was_asked_for_only(name, value, live, declared):
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
        server, export = _split_source(mount.source)
        export = "/" + export
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
        server, export = _split_source(mount.source)
        setting = "set them once on the server %s, where they count for all hosts: %s; then leave access.acl out" % (
            server, on_server("/" + export))
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

    def is_unique(self, fsid):
        # A number of the export (fsid=1) or of the server's device has 32 bits at most, see encode_fsid() of fs/nfsd; one made
        # of the filesystem's UUID has 64 or 128.
        return any(len(half) > 8 for half in fsid.split(":"))


def _meant_server(server, export):
    """What is wrong with a server's part, see ShareType.meant()."""
    host, port = sources.host_and_port(server)
    right = sources.with_option("%s:%s" % (sources.in_brackets(host), export), "port", port)
    if re.search(r"[\s,][^\s,/]+:/", export):
        return "names several servers, and NFS mounts from one", "%s:%s" % (server, re.split(r"[\s,]", export)[0])
    if server.startswith("-"):
        return "begins with a hyphen, which mount(8) takes for an option", ""
    if sources.is_ipv6(server):
        return "has an IPv6 address without brackets", right
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
