# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How mount options are written, and how the kernel shows them again. Pure; what one filesystem does is in types.

Source: mount(8), mountinfo's two option fields (of the mount and of the filesystem).
"""

import collections
import ipaddress

# SELinux contexts hold commas (c1,c2) and are quoted when they are written.
CONTEXT_OPTIONS = ("context", "fscontext", "defcontext", "rootcontext")


Difference = collections.namedtuple("Difference", "name declared live per_mount")
Difference.__doc__ = """One option whose live value is not the declared one.

declared, live: texts to show ("vers=4.2", "no noatime"). per_mount: whether it is a flag of the mount alone, which
the kernel changes without asking the filesystem.
"""

# Said to mount(8), systemd or the helper; the kernel never shows them.
_NOT_SHOWN = frozenset((
    "_netdev", "nofail", "noauto", "auto", "user", "nouser", "users", "owner", "group", "comment", "defaults",
    "loud", "silent",
))
_NOT_SHOWN_PREFIXES = ("x-", "X-", "comment.")

# Flags of one mount: the word that the kernel shows, or "" when it shows nothing, and what belongs to one choice.
_FLAG_CHOICES = (
    ("rw", "ro"),
    ("suid", "nosuid"),
    ("dev", "nodev"),
    ("exec", "noexec"),
    ("diratime", "nodiratime"),
    ("symfollow", "nosymfollow"),
    ("strictatime", "relatime", "noatime", "atime", "norelatime", "nostrictatime"),
)
_CHOICE_OF = {word: choice for choice in _FLAG_CHOICES for word in choice}
_SHOWN_FLAGS = frozenset(("rw", "ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow", "relatime", "noatime"))
# Other words of which a mount has one.
_ALTERNATIVES = (("sync", "async"), ("loud", "silent"))
# atime and norelatime ask for the kernel's default, nostrictatime too: that is relatime.
_MEANT_FLAG = {"atime": "relatime", "norelatime": "relatime", "nostrictatime": "relatime"}


def spelled(options):
    """The options as mount(8) takes them, a list of str.

    options: {name: text, or True for one without a value, or False for one that is left out}.
    """
    result = []
    for name, value in options.items():
        if value is True:
            result.append(name)
        elif value is not False:
            quote = '"' if name in CONTEXT_OPTIONS and "," in value else ""
            result.append("%s=%s%s%s" % (name, quote, value, quote))
    return result


def with_defaults(share, defaults):
    """The options of a share for fstab and mount: read-only or not, what is declared, and the defaults not declared.

    defaults: {name: value}; one declared as false is left out.
    """
    options = collections.OrderedDict([("ro" if share["read_only"] else "rw", True)])
    options.update(share["options"])
    for name, value in defaults.items():
        options.setdefault(name, value)
    if share["state"] == "unmounted":
        # Else the next boot would mount what is declared not to be live.
        options["noauto"] = True
        for name in ("auto", "x-systemd.automount", "x-systemd.wanted-by", "x-systemd.required-by"):
            options.pop(name, None)
    return spelled(options)


def pairs(spelled_options):
    """{name: text, or True for one without a value} of options as mount(8) takes them, in their order; without quotes."""
    result = collections.OrderedDict()
    for option in spelled_options:
        name, equals, value = option.partition("=")
        if name in CONTEXT_OPTIONS and value[:1] == value[-1:] == '"':
            value = value[1:-1]
        result[name] = value if equals else True
    return result


def contradictions(declared, share_type):
    """[(name, other name)] of declared options that say different things of one and the same.

    The last one counts, so that no mount could ever be as declared.
    """
    result, said = [], {}
    for name, value in declared.items():
        told = share_type.told({name: value}) if value is not False and not is_flag(name) else {}
        for word, meant in ({} if value is False else told or {name: value}).items():
            thing, meaning = _meaning(word, meant, share_type)
            other, before = said.setdefault(thing, (name, meaning))
            if before != meaning and (other, name) not in result:
                result.append((other, name))
    return result


def _meaning(word, value, share_type):
    """(what an option is about, what it says of that)"""
    for choice in _FLAG_CHOICES + _ALTERNATIVES + share_type.alternatives:
        if word in choice:
            return choice[0], _MEANT_FLAG.get(word, word)
    if word.startswith("no") and share_type.kind_of(word[2:]) is not None:
        return word[2:], False
    return word, value


def is_shown(name):
    """Whether the kernel can know an option at all, or only mount(8) and systemd."""
    return name not in _NOT_SHOWN and not name.startswith(_NOT_SHOWN_PREFIXES)


def is_flag(name):
    """Whether an option is a flag of the mount, the same on every filesystem."""
    return name in _CHOICE_OF


def flag_differences(share, mount, recorded):
    """The flags of the mount itself that are not as they are to be, as a list of Difference.

    recorded: the Entry in fstab or None. A flag that is recorded and no longer declared is to go.
    """
    result = []
    for choice in _FLAG_CHOICES:
        live = _live_flag(choice, mount)
        wanted = _wanted_flag(choice, share, live, recorded)
        if live != wanted:
            result.append(Difference(wanted, wanted, live, True))
    return result


def context_differences(share, live):
    """The SELinux contexts that are declared, and that the live mount does not have, as a list of Difference.

    share: "selinux" tells whether its host has SELinux; without it mount(8) takes a context out of the options. live: what
    the kernel shows, as shown_values() gives it; a context that it shows is compared as other options are.
    """
    declared = [name for name in CONTEXT_OPTIONS if share["options"].get(name) and name not in live]
    return [Difference(name, words(name, share["options"][name]), "no %s" % name, False)
            for name in declared if share.get("selinux")]


def flags_to_set(share, mount, recorded):
    """All flags of the mount as they are to be, a list of str for a remount.

    An older mount(8) clears what it is not told, one with mount_setattr(2) (util-linux 2.39) leaves it as it is.
    """
    result = []
    for choice in _FLAG_CHOICES:
        live = _live_flag(choice, mount)
        flag = _wanted_flag(choice, share, live, recorded)
        # What nobody set need not be said: older versions do not know every such word.
        if flag != choice[0] or flag != live or flag in ("rw", "strictatime"):
            result.append(flag)
    return result


def _wanted_flag(choice, share, live, recorded):
    declared = [name for name, value in share["options"].items() if value is True and name in choice]
    if choice[0] == "rw":
        declared = ["ro" if share["read_only"] else "rw"]
    if declared:
        return _MEANT_FLAG.get(declared[-1], declared[-1])
    if recorded is not None and live in recorded.options:
        return "relatime" if "relatime" in choice else choice[0]
    return live


def _live_flag(choice, mount):
    """The word of a choice that is true for the live mount: the shown one, else the one that is never shown."""
    shown = [word for word in choice if word in _SHOWN_FLAGS and word in mount.options]
    if choice[0] == "rw" and "ro" in mount.super_options:
        return "ro"
    return shown[0] if shown else choice[0]


def shown_values(mount):
    """{name: text or True} of everything the kernel shows of a mount, the filesystem's own options last."""
    return pairs(list(mount.options) + list(mount.super_options))


def words(name, value):
    """An option as it is written: its name, or name=value."""
    return name if value is True else "%s=%s" % (name, value)


def words_or_none(name, values):
    """An option of {name: value} as it is written, or that it is not there."""
    return words(name, values[name]) if name in values else "no %s" % name


def octal(text):
    """A mode of octal digits as a number; any other text stays as it is."""
    try:
        return int(text, 8)
    except ValueError:
        return text


def same_address(one, other):
    """Whether two texts are one address, whatever their spelling; a zone says nothing."""
    try:
        return ipaddress.ip_address(one.split("%")[0]) == ipaddress.ip_address(other.split("%")[0])
    except ValueError:
        return one == other
