# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GlusterFS: a process serves the mount, and it alone knows what it was told.

Source: mount.glusterfs of GlusterFS 10 and 11 (xlators/mount/fuse/utils/mount.glusterfs.in), which turns mount options
into arguments of the process, and glusterfsd.c and fuse-bridge.c, which read those. The kernel shows the server the
process talks to when it mounts (the first one that answers), the volume, and the options of FUSE; the rest is in the
command line of the process, see _share/served.py and _glusterfs_options.py.
"""

import collections
import errno
import os
import posixpath
import re

from ..._plan.plan import quoted
from .. import doors, options, sources
from . import _glusterfs_options as gluster
from .base import ShareType

# Where the process writes what goes wrong, unless the option log-file says otherwise.
LOGS = "/var/log/glusterfs"
_NOT_TAKEN = "leave it out: mount.glusterfs does not take it"


class GlusterFs(ShareType):
    """A volume, or a directory of it, over any of the servers that know it."""

    name = "glusterfs"
    aliases = {"gluster": "glusterfs", "fuse.glusterfs": "glusterfs"}
    source_pattern = r"(?!-)[^\s:/,]+(,[^\s:/,]+)*:/?[^/\s]+(/\S*)?"
    source_example = "gl1,gl2:/scratch"
    source_meaning = "server:/volume without a blank"
    server_end = ":"
    why_no_user = "names a user, and GlusterFS has none"
    kinds = gluster.KINDS
    options_without_effect = dict.fromkeys(
        ("async", "sync", "dirsync", "mand", "nomand", "silent", "loud", "iversion", "noiversion"),
        "mount.glusterfs passes over it")
    options_elsewhere = {
        "lazytime": _NOT_TAKEN, "nolazytime": _NOT_TAKEN, "symfollow": _NOT_TAKEN, "nosymfollow": _NOT_TAKEN,
        "backup-volfile-servers": "write all servers in the source instead, such as gl1,gl2:/scratch",
        "backupvolfile-server": "write all servers in the source instead, such as gl1,gl2:/scratch",
        "volume-id": "write the volume in the source instead",
        "subdir-mount": "write the directory in the source instead, behind the volume",
        "fuse-mountopts": "write what is in it as options of their own, such as noatime: true",
    }
    fstab_type = "glusterfs"
    live_types = ("fuse.glusterfs",)
    remote = True
    processes = ("glusterfs", "glusterfsd")
    selinux_type = "fusefs_t"
    selinux_boolean = "virt_use_fusefs"
    defaults = collections.OrderedDict([("_netdev", True), ("nofail", True)])
    helper = (("/sbin/mount.glusterfs", "/usr/sbin/mount.glusterfs"),
              "glusterfs-client (Debian, Ubuntu) or glusterfs-fuse (EL)")
    explanations = (
        ("invalid option", "mount.glusterfs does not know this option: see mount.glusterfs(8)."),
        ("transport endpoint is not connected", "The client runs, but reaches too few of the volume's bricks: is the "
                                                "volume started, and are its bricks online? See gluster volume status "
                                                "on a server. The client connects again by itself."),
        ("failed to fetch volume file", "The server does not know this volume: compare with gluster volume list there."),
        ("failed to get the 'volume file'", "The server does not give this volume to this host: is its name right, is "
                                            "it started, and does auth.allow let this host in? See gluster volume "
                                            "info on a server."),
        ("subdirectory mount", "The directory does not exist in the volume, or auth.allow does not let this host "
                               "mount it."),
    )
    stale_words = "its glusterfs process has ended"

    def path_trouble(self, path):
        if re.search(r"[\s*?\[\\]", path):
            return ("path %s holds a blank or one of * ? [ \\, at which mount.glusterfs cuts or changes it. Write a path "
                    "without." % quoted(path))
        return None

    def meant(self, source):
        parts = sources.url(source)
        if parts:
            own = parts.scheme.startswith("gluster") and parts.host
            return "is a URL", own and sources.with_option("%s:%s" % (parts.host, parts.path), "server-port", parts.port)
        if ":" not in source:
            server, slash, volume = source.strip("/").partition("/")
            return "has no colon, so it names no server", slash and "%s:/%s" % (server, volume)
        servers, dummy, volume = source.rpartition(":")
        if "[" in servers or sources.is_ipv6(servers) or any(map(sources.is_ipv6, servers.split(","))):
            return ("has an IPv6 address, at whose colons it would be cut",
                    "a name that stands for the address on every host, such as %s" % self.source_example)
        beyond = source.partition(":/")[2]
        if ":" in beyond and not re.search(r",[^/]*:/", beyond):
            return "has a colon in its directory, at which mount.glusterfs cuts it", ""
        names = [name for name in re.split(r"[\s,:]+", re.sub(r":/?%s(?=[\s,:]|$)" % re.escape(volume.strip("/")), " ", servers))
                 if name]
        ports = [name for name in names if name.isdigit()]
        right = sources.with_option("%s:/%s" % (",".join(name for name in names if name not in ports), volume.strip("/")),
                                    "server-port", ports[0] if ports else "")
        if ports and len(ports) < len(names):
            return "has a port, which is an option of its own", right
        if names and re.search(r"[\s:]", servers):
            return "has servers that are not joined by commas alone", right
        return None

    def acl_trouble(self, declared):
        trouble = super().acl_trouble(declared)
        if trouble is None and declared.get("acl") is not True:
            return "access.acl needs options: {acl: true} on type glusterfs, which has no ACLs without. Write it."
        return trouble

    def entry(self, share):
        return super().entry(_as_helper_wants(share))

    def recorded_source(self, entry):
        servers, dummy, volume = entry.source.rpartition(":")
        others = options.pairs(entry.options).get("backup-volfile-servers", True)
        return "%s:%s" % (",".join([servers] + (others.split(":") if others is not True else [])), volume)

    def told(self, declared):
        return gluster.canonical(declared)

    def mount_command(self, share):
        entry = self.entry(share)
        # mount.glusterfs has nothing but a warning for it, which would lie in front of what really went wrong.
        told = [option for option in entry.options if option != "nofail"]
        return ["mount", "-t", self.fstab_type, "-o", ",".join(told), entry.source, entry.path]

    def remount_commands(self, share, mount, recorded):
        # mount.glusterfs cannot remount; the kernel can, and flags are all there is to set.
        return [command[:1] + ["-i"] + command[1:] for command in super().remount_commands(share, mount, recorded)]

    def server(self, share):
        return self.servers(share)[0]

    def servers(self, share):
        declared = gluster.canonical(share["options"])
        port = declared.get("server-port", str(gluster.PORT))
        ways = [doors.tcp(int(port))] if declared.get("transport", "tcp") in ("tcp", "socket") else []
        return [{"host": server, "doors": ways} for server in servers_of(share)]

    def reached(self, share, evidence):
        # A silent server may take two minutes until the client turns to the next one.
        first = evidence.get("server")
        servers = servers_of(share)
        if first not in servers:
            return share
        servers.sort(key=lambda server: server != first)
        return dict(share, source="%s:%s" % (",".join(servers), share["source"].rpartition(":")[2]))

    def mismatch(self, share, mount, evidence=None):
        declared_servers, declared = volume_of(share["source"])
        servers, volume = volume_of(mount.source)
        # Whichever server answered when it was mounted is shown, and each of them serves the same volume.
        if mount.fstype in self.live_types and volume == declared and set(servers) <= set(declared_servers):
            return None
        return self.source_in_words(mount)

    def differences(self, share, mount, recorded):
        result = []
        for difference in options.flag_differences(share, mount, recorded):
            # The process itself refuses to write when it was told so at its start.
            in_process = difference.name == "rw" and "ro" in mount.super_options
            result.append(difference._replace(per_mount=difference.per_mount and not in_process))
        live = options.shown_values(mount)
        result += options.context_differences(share, live)
        if gluster.SERVERS not in live:
            # What nobody tells cannot be compared.
            return result
        declared = gluster.canonical(share["options"])
        asked = gluster.canonical(options.pairs(recorded.options) if recorded else {})
        wanted, given = servers_of(share), live[gluster.SERVERS].split(":")
        if {server.lower() for server in wanted} != {server.lower() for server in given}:
            result.append(options.Difference(
                gluster.SERVERS, "the servers %s" % " and ".join(wanted), "the servers %s" % " and ".join(given), False))
        for name, value in declared.items():
            shown = live.get(name)
            if not gluster.same(value, shown):
                result.append(options.Difference(name, gluster.words(name, value), gluster.words(name, shown), False))
        for name, value in asked.items():
            if name not in declared and value != "off" and gluster.same(value, live.get(name)):
                result.append(options.Difference(name, "no %s" % gluster.words(name, value), gluster.words(name, value), False))
        return result

    def process_options(self, mount, commands):
        for command in commands:
            if posixpath.normpath(command[-1]) != mount.mount_point:
                continue
            told = gluster.parsed(command[1:-1])
            if mount.source in gluster.shown_sources(told):
                return ["%s=%s" % (gluster.SERVERS, ":".join(told.servers))] + told.options
        return []

    def is_stale(self, number, mount):
        # With its process alive, the client connects again by itself, and a new one would reach no more than it.
        return number == errno.ENOTCONN and gluster.SERVERS not in options.shown_values(mount)

    def needs_whole_files(self, share):
        # Measured with GlusterFS 11.1: the pieces lie in .shard at the volume's root, and a mount of a directory looks for
        # that in the directory.
        return "/" in volume_of(share["source"])[1]

    def log(self, share):
        declared = gluster.canonical(share["options"]).get("log-file")
        return declared or posixpath.join(LOGS, share["path"].strip("/").replace("/", "-") + ".log")

    def as_tried(self, share, directory):
        return dict(share, options=dict(share["options"], **{"log-file": posixpath.join(directory, "log")}))

    def server_of(self, mount):
        return mount.source.split(":")[0]

    def root_refused(self, mount, on_server, owner=None):
        return ("the volume maps root to nobody (server.root-squash); let root in on a server: gluster volume set %s "
                "server.root-squash off" % volume_of(mount.source)[1].partition("/")[0])

    def no_acls(self, mount, on_server):
        return "mount it with options {acl: true}"

    # A file's times may come from the brick that answers.
    exact_times = False

    def is_unique(self, fsid):
        # All volumes whose first brick is on one server have it.
        return False

    def filesystem_id(self, device, name):
        # Not the volume's own: the random id of the server that holds its first brick. The volume tells none.
        try:
            return os.getxattr(name, "trusted.glusterfs.node-uuid").rstrip(b"\0").decode("ascii", "replace")
        except OSError:
            return ""


def servers_of(share):
    """The servers that are declared for a share, each once, in their order."""
    return list(collections.OrderedDict.fromkeys(share["source"].rpartition(":")[0].split(",")))


def volume_of(source):
    """([servers], volume and the directory in it) of "gl1,gl2:/volume/directory", as far as spelling matters.

    A transport that a client asked for is a suffix of the volume's name, which itself holds no dot.
    """
    servers, dummy, path = source.rpartition(":")
    parts = [part for part in path.split("/") if part]
    if parts and parts[0].endswith((".tcp", ".rdma")):
        parts[0] = parts[0].rpartition(".")[0]
    return servers.lower().split(","), "/".join(parts)


def _as_helper_wants(share):
    """The share with one server in its source and the others in the option that mount.glusterfs has for them."""
    servers = servers_of(share)
    declared = collections.OrderedDict(share["options"])
    if len(servers) > 1:
        declared["backup-volfile-servers"] = ":".join(servers[1:])
    path = "/".join(part for part in share["source"].rpartition(":")[2].split("/") if part)
    return dict(share, source="%s:/%s" % (servers[0], path), options=declared)
