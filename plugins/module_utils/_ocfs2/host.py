# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host has of OCFS2: its file of members, its settings, and what its kernel runs. Reads only."""

import glob
import os
import re
import socket

from . import cluster_conf, settings, superblock

# What a host needs to belong to a cluster; where they lie differs from one distribution to the next.
PROGRAMS = ("o2cb", "mount.ocfs2", "mkfs.ocfs2", "mounted.ocfs2")
UNIT = "o2cb.service"
_PROGRAM_DIRECTORIES = ("usr/sbin", "sbin", "usr/bin")
_MODULES = ("ocfs2", "ocfs2_stack_o2cb")
_CLUSTERS = "sys/kernel/config/cluster"


class Host:
    """Reads the host's files. root: the directory they are looked for in; anything but / is for tests."""

    def __init__(self, root="/"):
        self.root = root

    def path(self, *parts):
        return os.path.join(self.root, *(part.lstrip("/") for part in parts))

    def read(self):
        """The host's state, as JSON can hold it:

        node: its name without the domain, as o2cb compares it. kernel: its release. missing_programs: those of
        ocfs2-tools that it does not have. driver: whether the kernel has OCFS2. service: {"exists", "enabled"}. cluster_conf: the text, ""
        when there is none. settings_path, settings: the file of the service and {variable: value} in it.
        drop_in: the text of what systemd is told beyond, "" for nothing.
        live: see running().
        """
        path = self.settings_path()
        return {
            "node": socket.gethostname().split(".")[0],
            "kernel": os.uname()[2],
            "missing_programs": self.missing_programs(),
            "driver": self.has_driver(),
            "service": self.service(),
            "cluster_conf": self.text(cluster_conf.PATH),
            "settings_path": path,
            "settings": settings.parse(self.text(path)),
            "drop_in": self.text(settings.DROP_IN),
            "live": self.running(),
        }

    def text(self, path):
        """A file's text, "" when there is no such file."""
        try:
            with open(self.path(path), encoding="utf-8", errors="surrogateescape") as source:
                return source.read()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def settings_path(self):
        """The file that the service reads, chosen as it chooses."""
        for path in settings.PATHS:
            if os.path.exists(self.path(path)):
                return path
        return settings.PATHS[0] if os.path.isdir(self.path("/etc/sysconfig")) else settings.PATHS[1]

    def missing_programs(self):
        return [name for name in PROGRAMS
                if not any(os.path.exists(self.path(directory, name)) for directory in _PROGRAM_DIRECTORIES)]

    def has_driver(self):
        """Whether OCFS2 and its own cluster stack are loaded, built in, or to be loaded."""
        if "o2cb" in self.text("/sys/fs/ocfs2/loaded_cluster_plugins").split():
            return True
        release = os.uname()[2]
        known = "".join(self.text("/lib/modules/%s/modules.%s" % (release, which)) for which in ("dep", "builtin"))
        return all(re.search(r"/%s\.ko(\.\w+)?(:|$)" % name, known, re.MULTILINE) for name in _MODULES)

    def service(self):
        native = any(os.path.exists(self.path(directory, UNIT)) for directory in (
            "etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"))
        script = os.path.exists(self.path("etc/init.d/o2cb"))
        enabled = glob.glob(self.path("etc/systemd/system/*.wants", UNIT))
        if not native:
            # Debian 12 has a script only, of which systemd makes a service.
            enabled = glob.glob(self.path("etc/rc[2-5].d/S*o2cb"))
        return {"exists": native or script, "enabled": bool(enabled)}

    def running(self):
        """The cluster that the kernel has, or None.

        C({"name", "nodes": [{"name", "number", "address", "port", "local"}], "settings": {name: int or None},
        "regions": [UUID of each volume whose heartbeat runs], "heartbeat_mode"})
        """
        top = self.path(_CLUSTERS)
        names = _directories(top)
        if not names:
            return None
        # o2cb runs one cluster at a time.
        name = names[0]
        nodes = []
        for node in _directories(os.path.join(top, name, "node")):
            def attribute(which, node=node):
                return self.text("%s/%s/node/%s/%s" % (_CLUSTERS, name, node, which)).strip()
            nodes.append({"name": node, "number": int(attribute("num") or 0), "address": attribute("ipv4_address"),
                          "port": int(attribute("ipv4_port") or 0), "local": attribute("local") == "1"})
        live = {}
        for setting in settings.SETTINGS:
            text = self.text("%s/%s/%s" % (_CLUSTERS, name, setting.attribute)).strip()
            live[setting.name] = int(text) if text.isdigit() else None
        return {
            "name": name,
            "nodes": sorted(nodes, key=lambda node: node["number"]),
            "settings": live,
            "regions": [superblock.uuid_of(region) for region in _directories(os.path.join(top, name, "heartbeat"))],
            "heartbeat_mode": self.text("%s/%s/heartbeat/mode" % (_CLUSTERS, name)).strip() or "local",
        }


def _directories(path):
    try:
        return sorted(name for name in os.listdir(path) if os.path.isdir(os.path.join(path, name)))
    except (FileNotFoundError, NotADirectoryError):
        return []
