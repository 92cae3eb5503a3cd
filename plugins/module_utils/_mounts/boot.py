# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot does at a share's path beside fstab: systemd's unit files of somebody else.

A file in /etc or /run comes before the unit that systemd makes of fstab, one of the distribution after it; what wants the
name of a unit wants either. Sources: systemd.unit(5), systemd.mount(5), systemd.automount(5), systemd-fstab-generator(8).
"""

import collections
import fnmatch
import os
import re

from .._host import systemd
from .._plan.plan import Refusal
from . import automount

# What systemd-mount(1) makes (/run/systemd/transient) goes with its mount.
BEFORE_FSTAB = ("/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/generator.early",
                "/etc/systemd/system",
                "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached")
AFTER_FSTAB = ("/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
               "/run/systemd/generator.late")
# systemd-fstab-generator(8) writes here, and so may others.
GENERATED = "/run/systemd/generator"

Units = collections.namedtuple("Units", "mount automount vendor_mount vendor_automount wanted changed conditions")
Units.__doc__ = """The unit files for a path that fstab has no part in.

mount, automount: those that come before fstab; vendor_mount, vendor_automount: those that come after it; "" where there is
none. wanted: links by which a boot starts a unit of either name, [(name, file)]. changed: drop-ins that change what is
mounted, [(file, setting)]. conditions: drop-ins that may keep it from being mounted, the same.
"""
NONE = Units("", "", "", "", [], [], [])

_CHANGING = ("What", "Where", "Type", "Options", "TimeoutIdleSec")
_CONDITION = re.compile(r"Condition\w+|Assert\w+")


def look(paths):
    """{path: Units}; each directory is read once, for all paths."""
    if not paths:
        return {}
    listed = _all_listed()
    links = collections.OrderedDict()
    for directory, names in listed.items():
        for kind in ("wants", "requires", "upholds"):
            for folder in fnmatch.filter(names, "*.%s" % kind):
                for link in fnmatch.filter(_listed(os.path.join(directory, folder)), "*.*mount"):
                    links.setdefault(link, os.path.join(directory, folder, link))
    return {path: _look_at(path, links, listed) for path in paths}


def sources(paths):
    """[(path, source)] of the paths that a unit file mounts."""
    result, listed = [], _all_listed()
    for path in paths:
        filename = _first(listed, BEFORE_FSTAB + AFTER_FSTAB, systemd.unit_name(path, "mount"))
        result.extend((path, value) for section, key, value in (_settings(filename) if filename else ())
                      if (section, key) == ("Mount", "What"))
    return result


def is_masked(filename):
    """Whether a unit file says that there is no such unit."""
    try:
        return os.path.realpath(filename) == "/dev/null" or os.stat(filename).st_size == 0
    except OSError:
        return False


def refuse(share, units):
    """Refuse a state that would be another one after the next boot; [warnings] of what else a boot may do."""
    if units is None:
        return []
    path, on_demand = share["path"], automount.wanted(share)
    mount, trap = systemd.unit_name(path, "mount"), automount.unit_name(path)
    wanted = dict(units.wanted)
    if share["state"] == "mounted":
        if share["options"].get("noauto") is True and not on_demand:
            raise Refusal("%s: the option noauto keeps a boot from mounting it. Leave it out, or write state: unmounted."
                          % path)
        if units.mount:
            _refuse_unit(path, units.mount, mount)
        if units.automount and (on_demand or not is_masked(units.automount)):
            _refuse_unit(path, units.automount, trap)
        if units.vendor_automount and trap in wanted and not on_demand and not units.automount:
            _refuse_unit(path, units.vendor_automount, trap)
        for filename, setting in units.changed:
            raise Refusal("%s: %s sets %s for this path, whatever fstab says. Take that out, and write it in the "
                          "share's declaration." % (path, filename, setting))
        return ["%s: %s sets %s, so that a boot may leave it unmounted." % (path, filename, setting)
                for filename, setting in units.conditions]
    for name, filename in ((mount, units.mount or units.vendor_mount), (trap, units.automount or units.vendor_automount)):
        if name in wanted and not (filename and is_masked(filename)) and (filename or share["state"] == "unmounted"):
            raise Refusal(
                "%s: it is declared %s, and the next boot would mount it again, as %s is there%s. Take that away "
                "first: systemctl disable %s%s. Nothing was changed for this share." % (
                    path, share["state"], wanted[name], " and starts %s" % filename if filename else "", name,
                    "; rm %s" % filename if filename else ""))
    return ["%s: the unit file %s stays. Whoever starts it mounts the path again." % (path, filename)
            for filename in (units.mount, units.automount) if filename and not is_masked(filename)]


def _refuse_unit(path, filename, name):
    if is_masked(filename):
        raise Refusal("%s: %s is masked by %s, so that no boot mounts it. Take that away: systemctl unmask %s. Nothing "
                      "was changed for this share." % (path, name, filename, name))
    if "/generator" in os.path.dirname(filename):
        raise Refusal("%s: there is the unit file %s for this path, which a generator of systemd's makes at every boot, and a "
                      "boot follows that instead of fstab. Take the path out of what it is made from%s, or leave the share "
                      "out of the declaration. Nothing was changed for this share." % (path, filename, "".join(
                          " (%s)" % value for section, key, value in _settings(filename) if key == "SourcePath")))
    raise Refusal(
        "%s: there is the unit file %s for this path, and a boot follows that instead of fstab. Take it away: systemctl "
        "disable %s; rm %s; systemctl daemon-reload. Or leave the share out of the declaration. Nothing was changed for this "
        "share." % (path, filename, name, filename))


def _all_listed():
    """{directory: _listed()} of all directories of units, in systemd's order."""
    return collections.OrderedDict((directory, _listed(directory)) for directory in BEFORE_FSTAB + AFTER_FSTAB)


def _listed(directory):
    """The names in a directory, sorted, without hidden ones, as the keys of a dict; none where it is not there."""
    try:
        return dict.fromkeys(sorted(name for name in os.listdir(directory) if not name.startswith(".")))
    except OSError:
        return {}


def _look_at(path, links, listed):
    names = systemd.unit_name(path, "mount"), automount.unit_name(path)
    changed, conditions = [], []
    for name in names:
        for filename in _drop_ins(name, listed):
            for section, key, value in _settings(filename):
                if section in ("Mount", "Automount") and key in _CHANGING and value:
                    changed.append((filename, "%s=%s" % (key, value)))
                elif section == "Unit" and _CONDITION.match(key) and value:
                    conditions.append((filename, "%s=%s" % (key, value)))
    return Units(
        _first(listed, BEFORE_FSTAB, names[0]) or _generated(names[0]),
        _first(listed, BEFORE_FSTAB, names[1]) or _generated(names[1]),
        _first(listed, AFTER_FSTAB, names[0]), _first(listed, AFTER_FSTAB, names[1]),
        [(name, links[name]) for name in names if name in links], changed, conditions)


def _generated(name):
    """The unit file that another generator than fstab's made, or ""."""
    filename = os.path.join(GENERATED, name)
    made_from = [value for section, key, value in _settings(filename) if (section, key) == ("Unit", "SourcePath")]
    return filename if os.path.lexists(filename) and made_from != ["/etc/fstab"] else ""


def _first(listed, directories, name):
    return next((os.path.join(directory, name) for directory in directories if name in listed[directory]), "")


def _drop_ins(name, listed):
    """The drop-ins of a unit: of its own, of those whose name begins like it, and of all of its kind."""
    stem, dummy, kind = name.rpartition(".")
    parts = stem.split("-")
    folders = [name] + ["%s-.%s" % ("-".join(parts[:number]), kind) for number in range(len(parts) - 1, 0, -1)] + [kind]
    found = collections.OrderedDict()
    for directory, names in listed.items():
        for folder in folders:
            if folder + ".d" in names:
                for name in fnmatch.filter(_listed(os.path.join(directory, folder + ".d")), "*.conf"):
                    found.setdefault((folder, name), os.path.join(directory, folder + ".d", name))
    return list(found.values())


def _settings(filename):
    """(section, key, value) of a unit file."""
    try:
        with open(filename, encoding="utf-8", errors="surrogateescape") as source:
            lines = source.read().replace("\\\n", " ").splitlines()
    except OSError:
        return
    section = ""
    for line in lines:
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line and not line.startswith(("#", ";")):
            key, dummy, value = line.partition("=")
            yield section, key.strip(), value.strip()
