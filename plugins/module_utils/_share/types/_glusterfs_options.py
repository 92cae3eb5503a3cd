# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of GlusterFS: their values, and the arguments of the process that are made of them. Pure.

Source: mount.glusterfs of GlusterFS 10 and 11 (xlators/mount/fuse/utils/mount.glusterfs.in), which turns mount options
into arguments, and glusterfsd.c and fuse-bridge.c, which read those.
"""

import collections

from ..values import Decimal, Flag, Number, Text, Truth, Word, flags

PORT = 24007
# What stands for the servers a process was given among a mount's options; it tells that the process was found, too.
SERVERS = "volfile-servers"

# Mount options that are arguments of the same name, with a value.
_WITH_VALUE = frozenset((
    "log-level", "log-file", "direct-io-mode", "volume-name", "attribute-timeout", "entry-timeout", "negative-timeout",
    "gid-timeout", "lru-limit", "inode-table-size", "invalidate-limit", "background-qlen", "congestion-threshold",
    "oom-score-adj", "use-readdirp", "event-history", "reader-thread-count", "auto-invalidation", "fopen-keep-cache",
    "kernel-writeback-cache", "attr-times-granularity", "dump-fuse", "fuse-flush-handle-interrupt",
    "fuse-dev-eperm-ratelimit-ns", "io-engine", "process-name", "xlator-option",
))
_WITHOUT_VALUE = frozenset((
    "acl", "selinux", "enable-ino32", "worm", "mem-accounting", "aux-gfid-mount", "resolve-gids", "thin-client",
    "global-threading", "localtime-logging", "no-root-squash", "volfile-check",
))
# Arguments that have another name than their option.
_OPTION_OF = {"volfile-max-fetch-attempts": "fetch-attempts", "volfile-server-port": "server-port",
              "volfile-server-transport": "transport"}
_SHORT_ARGUMENTS = {"-s": "volfile-server", "-L": "log-level", "-l": "log-file"}
# Those whose value may follow as an argument of its own.
_NEEDS_VALUE = frozenset(("volfile-server", "volfile-id", "subdir-mount", "fs-display-name", "process-name",
                          "xlator-option", "fuse-mountopts")) | frozenset(_OPTION_OF) | (
                              _WITH_VALUE - frozenset(("fopen-keep-cache", "use-readdirp", "event-history",
                                                       "auto-invalidation", "io-engine")))
_COMPARED = _WITH_VALUE | _WITHOUT_VALUE | frozenset(_OPTION_OF.values())
_PATH = Text("an absolute path", "/var/log/glusterfs/projects.log", r"/\S*")
_SWITCH = Truth("on", "off")
# What mount.glusterfs takes (with_options, without_options), and glusterfs from it (gf_string2boolean).
KINDS = dict(
    flags("acl selinux worm enable-ino32 mem-accounting aux-gfid-mount thin-client resolve-gids global-threading "
          "localtime-logging auto_unmount"),
    transport=Word("tcp rdma socket ib-verbs unix"))
KINDS.update(dict.fromkeys(("use-readdirp", "event-history", "auto-invalidation", "kernel-writeback-cache",
                            "fuse-flush-handle-interrupt", "no-root-squash", "root-squash"), _SWITCH))
KINDS.update(dict.fromkeys(("attribute-timeout", "entry-timeout", "negative-timeout"), Decimal()))
KINDS.update(dict.fromkeys((
    "gid-timeout", "lru-limit", "invalidate-limit", "background-qlen", "congestion-threshold", "attr-times-granularity",
    "fuse-dev-eperm-ratelimit-ns", "halo-max-latency", "halo-max-replicas", "halo-min-replicas", "fetch-attempts",
    "inode-table-size"), Number()))
KINDS.update({
    "log-level": Word("INFO ERROR WARNING DEBUG CRITICAL TRACE NONE info error warning debug critical trace none"),
    "log-file": _PATH, "dump-fuse": _PATH, "direct-io-mode": Truth("enable", "disable", "auto"),
    "volume-name": Text("the name of a translator", "projects-client-0", r"\S+"), "server-port": Number(1, 65535, PORT),
    "oom-score-adj": Number(-1000, 1000, -500), "reader-thread-count": Number(1, 64),
    "xlator-option": Text("a translator's option", "'*-write-behind.flush-behind=off'", r"\S+"),
    "process-name": Text("a name", "projects", r"\S+"),
    # mount.glusterfs passes on "=on" for on, and takes whatever volfile-check has for on.
    "fopen-keep-cache": Flag(), "volfile-check": Truth("on", False),
    "io-engine": Text("the name of an engine", "auto", r"\S+")})
_HALO = "*replicate*.halo-"
# What gf_string2boolean takes for true and false.
_BOOLEANS = dict.fromkeys(("1", "on", "yes", "true", "enable"), "on")
_BOOLEANS.update(dict.fromkeys(("0", "off", "no", "false", "disable"), "off"))

ProcessArguments = collections.namedtuple("ProcessArguments", "servers volume named options")


def canonical(declared):
    """The declared options that the process is told, {name: text, or True for one without a value}.

    declared: {name: text, True or False}; false ones are left out, as is what mount.glusterfs keeps to itself.
    """
    result = collections.OrderedDict()
    for name, value in declared.items():
        if value is False:
            continue
        if name in ("root-squash", "no-root-squash"):
            off = _BOOLEANS.get(value)
            if value is not True and off == ("off" if name == "root-squash" else "on"):
                result["no-root-squash"] = True
        elif name == "log-level":
            result[name] = str(value).upper()
        elif name == "fopen-keep-cache":
            result[name] = "true" if value is True else value
        elif name == "volfile-check":
            result[name] = True
        elif name in _COMPARED or name.startswith("halo-"):
            result[name] = value
    return result


def parsed(arguments):
    """ProcessArguments of what stands between a process's name and its mount point."""
    servers, volume, subdirectory, named, found = [], "", "", None, []
    for name, value in _arguments(arguments):
        if name == "volfile-server":
            servers.append(value)
        elif name == "volfile-id":
            volume = value
        elif name == "subdir-mount":
            subdirectory = value
        elif name == "fs-display-name":
            named = value
        else:
            found.extend(_option(name, value))
    return ProcessArguments(servers, volume + subdirectory, named and named + subdirectory, found)


def shown_sources(told):
    """Everything that the kernel may show as source: whichever server answered when the process mounted."""
    if told.named:
        return [told.named]
    return ["%s:%s" % (server, told.volume) for server in told.servers]


def _arguments(arguments):
    """Pairs (name without its hyphens, value or True)."""
    arguments = list(arguments)
    while arguments:
        argument = arguments.pop(0)
        if argument in _SHORT_ARGUMENTS:
            yield _SHORT_ARGUMENTS[argument], arguments.pop(0) if arguments else ""
        elif argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            if equals:
                yield name, value
            elif name in _NEEDS_VALUE:
                yield name, arguments.pop(0) if arguments else ""
            else:
                yield name, True


def _option(name, value):
    """The mount option an argument came from, as a list of none or one."""
    name = _OPTION_OF.get(name, name)
    if name == "process-name":
        # mount.glusterfs always names it "fuse", and puts a declared name behind that.
        value = value.partition(".")[2]
    elif name == "xlator-option" and value.startswith(_HALO):
        name, dummy, value = value[len(_HALO) - len("halo-"):].partition("=")
    if not value or not (name in _COMPARED or name.startswith("halo-")):
        return []
    if name in _WITHOUT_VALUE:
        return [name]
    return ["%s=%s" % (name, "true" if value is True else value)]


def same(value, shown):
    """Whether the process was told what is declared, in whatever spelling."""
    if shown is None:
        return False
    if value is True or shown is True:
        return value is shown
    if value in _BOOLEANS and shown in _BOOLEANS:
        return _BOOLEANS[value] == _BOOLEANS[shown]
    try:
        return float(value) == float(shown)
    except ValueError:
        return value == shown


def words(name, value):
    """An option as messages show it; value: None for one that is not there, True for one without a value."""
    if value is None:
        return "no %s" % name
    return name if value is True else "%s=%s" % (name, value)
