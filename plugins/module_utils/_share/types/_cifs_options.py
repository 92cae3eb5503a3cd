# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of CIFS: their values, and how the kernel shows them again (cifs_show_options). Pure."""

import collections

from ..._host import accounts
from .. import options
from ..acl import is_account
from ..values import Address, Number, Octal, Text, Word, flags, shown

# What mount.cifs keeps to itself, what the kernel does not show, and what is compared otherwise or not at all.
_NOT_COMPARED = frozenset(("credentials", "guest", "sloppy", "ver", "intr", "nointr", "noac",
                           "domainauto", "nosharesock", "netbiosname", "servern", "nolock", "mand", "nomand", "rootfs",
                           "compress", "noposixpaths", "max_cached_dirs"))
SAME_NAME = {"linux": "unix", "posix": "unix", "nolinux": "nounix", "noposix": "nounix", "ignorecase": "nocase",
             "forcemandatorylock": "forcemand", "ignore_signature": "signloosely", "setuidfromacl": "idsfromsid",
             "modesid": "modefromsid", "dirmode": "dir_mode", "dirm": "dir_mode", "dmask": "dir_mode",
             "fmask": "file_mode", "min_enc_offload": "esize", "ip": "addr", "nohard": "soft", "nosoft": "hard"}
_SAME_VERSION = {"3.0.2": "3.02", "3.11": "3.1.1"}
# One word of each is always shown.
_CHOICES = (("hard", "soft"), ("forceuid", "noforceuid"), ("forcegid", "noforcegid"), ("nounix", "unix", "posix"))
# One word of these is shown by a kernel that knows them.
_NEW_CHOICE = ("nativesocket", "nonativesocket")
_CHOICE_OF = {word: choice for choice in _CHOICES for word in choice}
# Shown as written when on; the other word is never shown.
_SHOWN_WHEN_ON = {
    "noperm": "perm", "nobrl": "brl", "nohandlecache": "handlecache", "nouser_xattr": "user_xattr",
    "mapposix": "nomapposix", "mapchars": "nomapchars", "serverino": "noserverino", "nostrictsync": "strictsync",
    "dynperm": "nodynperm", "sfu": "nosfu", "acl": "noacl", "persistenthandles": "nopersistenthandles",
    "resilienthandles": "noresilienthandles", "tcpnodelay": "notcpnodelay", "multichannel": "nomultichannel",
    "cifsacl": "nocifsacl", "posixpaths": "noposixpaths", "nodfs": "no nodfs", "nocase": "no nocase",
    "nodelete": "no nodelete", "nosparse": "no nosparse", "locallease": "no locallease", "nolease": "no nolease",
    "rwpidforward": "no rwpidforward", "forcemand": "no forcemand", "idsfromsid": "no idsfromsid",
    "modefromsid": "no modefromsid", "mfsymlinks": "no mfsymlinks", "fsc": "no fsc", "seal": "no seal",
    "signloosely": "no signloosely", "multiuser": "no multiuser", "witness": "no witness", "rdma": "no rdma",
    "noautotune": "no noautotune", "noblocksend": "no noblocksend", "setuids": "nosetuids",
}
_NEVER_SHOWN = {other: shown for shown, other in _SHOWN_WHEN_ON.items()}
# The kernel may find that the server cannot do it, and go on without.
_IF_THE_SERVER_CAN = frozenset(("serverino", "posixpaths", "acl", "persistenthandles", "resilienthandles", "unix",
                                "multichannel", "max_channels", "rsize", "wsize", "bsize"))
# Shown only when it is not this; None: when there is none.
_UNSHOWN_DEFAULTS = {"max_channels": "1", "esize": "0", "rasize": "0", "handletimeout": "0", "snapshot": "0",
                     "max_credits": "32000", "retrans": "0", "iocharset": None, "sec": None, "srcaddr": None,
                     "upcall_target": "app", "symlink": None}
# What a mount has that asks for nothing.
_DEFAULTS = {"soft": True, "cache": "strict", "acregmax": "1", "acdirmax": "1", "closetimeo": "1",
             "echo_interval": "60", "file_mode": "0755", "dir_mode": "0755", "uid": "0", "gid": "0", "serverino": True,
             "mapposix": True, "nounix": True, "forceuid": True, "forcegid": True, "retrans": "1", "bsize": "1048576",
             "upcall_target": "app", "nativesocket": True, "reparse": "nfs", "symlink": "native"}
# What the kernel shows of a new filesystem as soon as it knows the option, and does not take from another mount.
SHOWN_IF_KNOWN = frozenset(_NEW_CHOICE + ("symlink", "upcall_target"))
# Those whose value is a user or a group, by name or by number.
USERS = ("uid", "backupuid", "cruid")
GROUPS = ("gid", "backupgid")
MODES = ("file_mode", "dir_mode")
# The kernel never shows them: only fstab tells what the mount was asked for.
KNOWN_FROM_FSTAB = ("port", "sign", "nosharesock")
_WITH_SIGNATURE = ("krb5", "ntlmssp", "ntlmv2")


class _Account(Text):
    """A user or a group, as access has them."""

    def text(self, name, value):
        written = super().text(name, value)
        if not is_account(written):
            self.refuse(name, shown(value))
        return written


_MODE = Octal()
_BYTES = Number(1024)
_SECONDS = Number(0, 2 ** 30)
_ACCOUNT = _Account("the name or the number of an account", "oneadmin")
# The options of smb3_fs_parameters in fs/smb/client/fs_context.c, and what mount.cifs knows beside them.
KINDS = dict(
    flags("user_xattr nouser_xattr forceuid noforceuid multichannel nomultichannel forcegid noforcegid noblocksend "
          "noautotune nolease hard nohard soft nosoft perm noperm nodelete mapposix nomapposix mapchars nomapchars sfu "
          "nosfu nodfs posixpaths noposixpaths unix nounix linux nolinux posix noposix nocase ignorecase brl nobrl "
          "handlecache nohandlecache forcemandatorylock forcemand setuidfromacl idsfromsid setuids nosetuids dynperm "
          "nodynperm intr nointr strictsync nostrictsync serverino noserverino rwpidforward cifsacl nocifsacl acl noacl "
          "locallease sign ignore_signature signloosely seal noac fsc mfsymlinks multiuser sloppy nosharesock "
          "persistenthandles nopersistenthandles resilienthandles noresilienthandles tcpnodelay notcpnodelay nosparse "
          "domainauto rdma modesid modefromsid rootfs compress witness nolock guest nativesocket nonativesocket unicode "
          "nounicode"),
    file_mode=_MODE, dir_mode=_MODE, dirmode=_MODE, dirm=_MODE, fmask=_MODE, dmask=_MODE,
    uid=_ACCOUNT, gid=_ACCOUNT, cruid=_ACCOUNT, backupuid=_ACCOUNT, backupgid=_ACCOUNT,
    port=Number(0, 65535, 445), min_enc_offload=Number(), esize=Number(), retrans=Number(), bsize=Number(16384, 16777216),
    rasize=Number(), rsize=_BYTES, wsize=_BYTES, actimeo=_SECONDS, acdirmax=_SECONDS, acregmax=_SECONDS,
    closetimeo=_SECONDS, echo_interval=Number(1, 600, 60), max_credits=Number(20, 60000, 32000),
    max_cached_dirs=Number(0, 65000, 16), handletimeout=Number(0, 960000), max_channels=Number(1, 16),
    snapshot=Text("a number, or a time in GMT", '"@GMT-2026.03.27-20.52.19"', r"[0-9]+|@GMT-[0-9.]+-[0-9.]+"),
    ip=Address(), addr=Address(), srcaddr=Address(), iocharset=Text("a character set", "utf8", r"\S+"),
    netbiosname=Text("a NetBIOS name", "HV1"), servern=Text("a NetBIOS name", "NAS2"), ver=Number(1, 2),
    vers=Word("3.1.1 3.11 3.02 3.0.2 3.0 3 2.1 2.0 1.0 default"),
    sec=Word("krb5 krb5i ntlmssp ntlmsspi ntlmv2 ntlmv2i ntlm ntlmi nontlm none"),
    cache=Word("strict none loose ro singleclient"), reparse=Word("default nfs wsl none"),
    symlink=Word("default none native unix mfsymlinks sfu nfs wsl"), symlinkroot=Text("an absolute path", "/mnt", r"/.*"),
    upcall_target=Word("app mount"))

# smb3_init_fs_context() in fs/smb/client/fs_context.c. Whether nounix is on depends on the version of SMB.
ON_BY_DEFAULT = dict({name: "no%s: true" % name for name in (
    "acl", "brl", "handlecache", "linux", "mapposix", "nativesocket", "perm", "posix", "posixpaths", "serverino", "strictsync",
    "unicode", "unix", "user_xattr")}, **dict({"no" + name: name + ": true" for name in (
        "dynperm", "hard", "linux", "mapchars", "multichannel", "persistenthandles", "posix", "resilienthandles", "sfu",
        "tcpnodelay", "unix")}, soft="hard: true", cache="cache: none", forceuid="noforceuid: true", forcegid="noforcegid: true"))


def canonical(declared):
    """The declared options by the names the kernel shows, {name: text or True}, without what it never shows.

    declared: {name: text, True or False}; false ones are left out.
    """
    result = collections.OrderedDict()
    for name, value in declared.items():
        name = SAME_NAME.get(name, name)
        if value is False or not options.is_shown(name) or options.is_flag(name) or (
                name in _NOT_COMPARED and name not in KNOWN_FROM_FSTAB):
            continue
        if name == "actimeo":
            result.setdefault("acregmax", value)
            result.setdefault("acdirmax", value)
        elif name == "vers":
            result[name] = _SAME_VERSION.get(value, value)
        else:
            result[name] = value
    return result


def expanded(live):
    if "actimeo" in live:
        live.update(acregmax=live["actimeo"], acdirmax=live["actimeo"])
    return live


def is_dropped(name, declared):
    """Whether the kernel passes over one of these options because of the others: there is nobody whom it could force."""
    return (name == "forceuid" and "uid" not in declared) or (name == "forcegid" and "gid" not in declared)


def compare(name, value, live, asked, numbers):
    """None when the live options agree with one declared option, else what they show."""
    granted = name in _IF_THE_SERVER_CAN and asked.get(name) == value
    if name in KNOWN_FROM_FSTAB:
        return None
    if name in _CHOICE_OF:
        shown = [word for word in _CHOICE_OF[name] if word in live]
        if not shown or name in shown or granted or (name == "unix" and "posix" in shown):
            return None
        return shown[0]
    if name in _NEW_CHOICE:
        shown = [word for word in _NEW_CHOICE if word in live] or ["no %s" % _NEW_CHOICE[0]]
        return None if name in shown else shown[0]
    if value == "default" and name in ("symlink", "reparse", "iocharset"):
        return None if name not in live or live[name] in _default_of(name, live, asked) else options.words(name, live[name])
    if name == "signloosely" and "seal" in live:
        # Only one of the two is shown.
        return None
    if name in _NEVER_SHOWN:
        return _NEVER_SHOWN[name] if _NEVER_SHOWN[name] in live else None
    if name in _SHOWN_WHEN_ON:
        return None if name in live or granted else _SHOWN_WHEN_ON[name]
    if name not in live:
        if name not in _UNSHOWN_DEFAULTS or _UNSHOWN_DEFAULTS[name] == value or granted:
            # What the kernel never shows cannot be compared.
            return None
        default = _UNSHOWN_DEFAULTS[name]
        return "no %s" % name if default is None else "%s=%s" % (name, default)
    if _same_value(name, value, live[name], numbers, "sign" in asked):
        return None
    if granted and value.isdigit() and str(live[name]).isdigit() and int(live[name]) < int(value):
        return None
    return options.words(name, live[name])


def _default_of(name, live, asked):
    """What the kernel may make of symlink=default and reparse=default (cifs_symlink_type() in fs/smb/client/fs_context.h)."""
    if name != "symlink":
        return {"reparse": ("nfs",)}.get(name, ())
    for option in ("mfsymlinks", "sfu"):
        if option in live:
            return (option,)
    # Linux 6.17 makes native links of those of a POSIX mount, too.
    unix = ("unix",) if "unix" in asked or "unix" in live or "posix" in live else ()
    return unix + (("none",) if live.get("reparse") == "none" else ("native",))


def _same_value(name, value, shown, numbers, signed=False):
    if shown == value:
        return True
    if name in USERS or name in GROUPS:
        number = (numbers.get("groups" if name in GROUPS else "users") or {}).get(value)
        # A name that this host does not know yet cannot be compared.
        return str(number) == shown if number is not None else not accounts.is_number(value)
    if name in MODES:
        return options.octal(value) == options.octal(shown)
    if name == "vers":
        return value == "default" or (value == "3" and shown.startswith("3"))
    if name == "sec":
        return signed and value in _WITH_SIGNATURE and shown == value + "i"
    if name in ("addr", "srcaddr"):
        return options.same_address(value, shown)
    return name == "snapshot" and value.startswith("@")


def was_asked_for_only(name, value, live, declared, numbers):
    """Whether a live option is there because it was declared once, and would not be there without."""
    if name in declared or name not in live or name in KNOWN_FROM_FSTAB or name in ("vers", "addr"):
        return False
    if _same_value(name, _DEFAULTS.get(name), live[name], numbers) if name in _DEFAULTS else False:
        return False
    if name in _CHOICE_OF:
        return not any(word in declared for word in _CHOICE_OF[name])
    if name in _NEW_CHOICE:
        return not any(word in declared for word in _NEW_CHOICE + ("unix", "posix"))
    return (_SHOWN_WHEN_ON.get(name) not in declared
            and (value is True or _same_value(name, value, live[name], numbers)))
