# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of NFS: their values, and how the kernel shows them again (nfs_show_mount_options in fs/nfs/super.c). Pure."""

import collections

from .. import options
from ..values import Address, Number, Optional, Text, Word, flags

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
RETRY_CHOICE = ("hard", "soft", "softerr")
# Shown as written when on; the other word is never shown.
_SHOWN_WHEN_ON = {"nocto": "cto", "noac": "ac", "nolock": "lock", "noacl": "acl", "nordirplus": "rdirplus",
                  "nosharecache": "sharecache", "noresvport": "resvport", "migration": "nomigration", "fsc": "nofsc",
                  "sync": "async", "dirsync": "nodirsync", "lazytime": "nolazytime", "softreval": "nosoftreval",
                  "posix": "noposix", "noalignwrite": "alignwrite"}
_NEVER_SHOWN = {other: shown for shown, other in _SHOWN_WHEN_ON.items()}
# Shown only when it is not this. An older kernel that does not know one of them does not show it either.
_UNSHOWN_DEFAULTS = {"acregmin": "3", "acregmax": "60", "acdirmin": "30", "acdirmax": "60", "lookupcache": "all",
                     "nconnect": "1", "max_connect": "1", "port": "2049", "xprtsec": "none", "write": "lazy",
                     "fatal_neterrors": "none"}
# What a mount has that asks for nothing; "vers" and the sizes depend on the server.
_DEFAULTS = {"hard": True, "proto": "tcp", "timeo": "600", "retrans": "2", "sec": "sys", "vers": "4.2",
             "fatal_neterrors": "none"}
# What the kernel sets together with an option, whatever else is said (nfs_get_tree_common, nfs_server_set_fsinfo,
# nfs_try_mount_request), and what only unless another option takes it back (nfs_fs_context_parse_param).
_FIXES = {"noac": dict({"sync": True}, **dict.fromkeys(_ATTRIBUTE_TIMES, "0")), "nolock": {"local_lock": "all"},
          "lock": {"local_lock": "none"}}
_BRINGS = dict(_FIXES, softerr={"softreval": True})
# Its words for ways to log in (nfs_pseudoflavour_to_name).
_SHOWN_FLAVORS = {"none": "null", "spkm3": "spkm", "spkm3i": "spkmi", "spkm3p": "spkmp"}
_ADDRESSES = ("addr", "clientaddr")
# A server may grant less than what is asked for.
_NEGOTIATED = ("rsize", "wsize")
# It waits a minute at most by UDP (NFS_MAX_UDP_TIMEOUT).
_LONGEST_BY_UDP = 600
# What the kernel shows of the filesystem whenever it knows the option, and does not take from another mount.
SHOWN_IF_KNOWN = frozenset(("softreval", "posix", "noalignwrite", "nordirplus", "rdirplus", "xprtsec", "write",
                            "fatal_neterrors", "nocto", "noac", "lookupcache"))
_PORT = Number(0, 65535, 2049)
_BYTES = Number(1024)
_NAME = Text("the name of a server", "nas1", r"\S+")
# nfs(5), fs/nfs/fs_context.c (nfs_fs_parameters).
KINDS = dict(
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
    sec=Word("sys none null krb5 krb5i krb5p lkey lkeyi lkeyp spkm3 spkm3i spkm3p", ":"),
    # The kernel makes ten minutes of all that is longer (NFS_MAX_TCP_TIMEOUT).
    timeo=Number(1, 6000, 600), write=Word("lazy eager wait"), xprtsec=Word("none tls mtls"), cert_serial=Number(),
    privkey_serial=Number(), fatal_neterrors=Word("default none ENETDOWN:ENETUNREACH ENETUNREACH:ENETDOWN"))
# nfs(5), nfs_init_fs_context() in fs/nfs/fs_context.c.
ON_BY_DEFAULT = dict({name: "no%s: true" % name for name in (
    "ac", "acl", "alignwrite", "cto", "lock", "rdirplus", "resvport", "sharecache")}, **dict({
        "no" + name: name + ": true" for name in ("fsc", "migration", "posix", "softreval", "trunkdiscovery")},
        hard="soft: true or softerr: true", fg="bg: true", lookupcache="lookupcache: none", tcp="proto: udp or proto: rdma"))


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
        elif (name, value) == ("rdirplus", "none"):
            result["nordirplus"] = True
        elif name == "fatal_neterrors":
            # "default" is what the kernel makes of it.
            result.update({} if value == "default" else {name: ":".join(sorted(str(value).split(":")))})
        elif name == "sec":
            result[name] = ":".join(_SHOWN_FLAVORS.get(word, word) for word in str(value).split(":"))
        else:
            result[name] = "pos" if (name, value) == ("lookupcache", "positive") else value
    return result


def told(declared):
    """See ShareType.told(); with what an option brings along."""
    result = canonical(declared)
    for name in list(result):
        for other, value in _FIXES.get(name, {}).items():
            result.setdefault(other, value)
    if "vers" in result:
        result["vers"], dot, minor = result["vers"].partition(".")
        result.update({"minorversion": minor} if dot else {})
    return result


def in_order(declared):
    """The options so that none takes back what another one says: hard and softerr set what softreval is about, too."""
    result = collections.OrderedDict(sorted(declared.items(), key=lambda option: option[0] not in RETRY_CHOICE))
    return result if {"softreval", "nosoftreval"} & set(declared) else declared


def idle(declared):
    """[(option, why)] of declared options that the kernel drops for the declared version or protocol."""
    asked = canonical(declared)
    result = []
    for name, value in declared.items():
        for word, meant in canonical({name: value}).items():
            why = _dropped(word, meant, asked)
            if why and (name, why) not in result:
                result.append((name, why))
    return result


def _dropped(name, value, mount):
    """Why the kernel does nothing about an option of a mount, or None. mount: its options, as far as they are known.

    nfs_fs_context_validate() in fs/nfs/fs_context.c, nfs4_set_client() in fs/nfs/nfs4client.c.
    """
    version, proto = mount.get("vers", ""), mount.get("proto", "")
    if version.startswith("4"):
        if name == "noacl":
            return "noacl turns off the ACLs of NFS 3, and NFS 4 has others"
        if name == "local_lock" and value != "none":
            return "NFS 4 has no locks of this host alone"
    if name == "max_connect" and value != "1" and version in ("2", "3", "4.0"):
        return "only NFS 4.1 and later connect to several addresses"
    if name == "nconnect" and value != "1" and proto.startswith("udp"):
        return "UDP has no connections"
    return None


def compare(name, value, live, asked):
    """None when the live options agree with one declared option, else what they show."""
    if name in RETRY_CHOICE:
        shown = [word for word in RETRY_CHOICE if word in live]
        return None if not shown or name in shown else shown[0]
    if name not in live and _dropped(name, value, live) or name == "local_lock" and _dropped(name, value, live):
        # What the mount's version has no use for.
        return None
    if name == "rdirplus" and live.get(name, value) != value:
        # Without a value it is neither off nor forced.
        return options.words(name, live[name])
    if name in _NEVER_SHOWN and value is True:
        return _NEVER_SHOWN[name] if _NEVER_SHOWN[name] in live else None
    if name == "rdirplus" and name not in live:
        return "nordirplus" if "nordirplus" in live else "rdirplus"
    if name in _SHOWN_WHEN_ON and name not in live:
        return None if name == "nolock" and live.get("vers", "").startswith("4") else _SHOWN_WHEN_ON[name]
    if (name, value) == ("port", "0"):
        # What the server's rpcbind says.
        return None
    if name not in live:
        default = _UNSHOWN_DEFAULTS.get(name)
        # What the kernel never shows cannot be compared.
        return None if default is None or default == value else "%s=%s" % (name, default)
    return None if _agrees(name, value, live[name], asked, live) else options.words(name, live[name])


def _agrees(name, value, shown, asked, live):
    if shown == value or shown is True:
        # Older kernels show fsc without its name.
        return True
    if name == "vers":
        return value == "4" and shown.startswith("4.")
    if name == "sec":
        return shown in value.split(":")
    if name == "proto":
        return value == shown.rstrip("6") or value.rstrip("6") == shown
    if name in _ADDRESSES:
        return options.same_address(value, shown)
    if name == "timeo" and live.get("proto", "").startswith("udp"):
        return int(shown) == _LONGEST_BY_UDP < int(value)
    if name in _NEGOTIATED and value.isdigit() and shown.isdigit():
        # Less than what is declared is the server's answer if just that was asked for, else the declaration changed.
        return int(shown) < int(value) and asked.get(name) == value
    return False


def was_asked_for_only(name, value, live, declared):
    """Whether a live option is there because it was declared once, and would not be there without."""
    shown = live.get(name)
    if name in declared or shown is None or _DEFAULTS.get(name) in (value, shown) or any(
            name in _BRINGS.get(other, ()) for other in declared):
        return False
    if shown != value and not (name in ("fsc", "sec") and _agrees(name, value, shown, {}, live)):
        return False
    if name in RETRY_CHOICE:
        return not any(word in declared for word in RETRY_CHOICE)
    return _SHOWN_WHEN_ON.get(name) not in declared
