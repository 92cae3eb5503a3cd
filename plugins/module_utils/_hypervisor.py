# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles have to know of a hypervisor before they change it, in one look. Reads only, and judges nothing."""

import glob
import os
import posixpath
import stat

from ._host import accounts, mountinfo, programs
from ._ocfs2.spec import READING
from ._plan.outcome import Outcome
from ._plan.plan import Refusal
from ._share import live
from ._virtiofs import daemon

# libvirt's driver for QEMU, by which its packages are told: not all of them bring a daemon of libvirt's.
LIBVIRT_DRIVERS = ("/usr/lib64/libvirt/connection-driver/libvirt_driver_qemu.so",
                   "/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so",
                   "/usr/lib/libvirt/connection-driver/libvirt_driver_qemu.so")
# The Rust daemon needs it to map the users of its sandbox.
NEWUIDMAP = ("/usr/bin/newuidmap",)
# As which libvirt runs guests on Debian and Ubuntu, and on EL.
GUEST_USERS = ("libvirt-qemu", "qemu")

_DAEMON_OPTIONS = ("min_version", "min_libvirt_version", "daemon_user", "subordinate_ids", "packages")
ARGUMENT_SPEC = dict(
    host=dict(type="str"),
    users=dict(type="list", elements="str", default=[]),
    groups=dict(type="list", elements="str", default=[]),
    paths=dict(type="list", elements="str", default=[]),
    directories=dict(type="list", elements="str", default=[]),
    virtiofsd=dict(type="dict", apply_defaults=True,
                   options=dict((name, daemon.ARGUMENT_SPEC[name]) for name in _DAEMON_OPTIONS)),
    ocfs2=dict(type="dict", options=READING),
    timeout=dict(type="float", default=30.0),
)


def work(params, check_mode):  # pylint: disable=unused-argument
    """The Outcome of hypervisor_info; NoAnswer when the name service does not answer."""
    patience = live.Bounded(params["timeout"], params["host"] or os.uname()[1])
    known = accounts.ask(sorted(set(params["users"] + list(GUEST_USERS))), params["groups"], patience)
    virtiofs = _daemon(params)
    ocfs2 = _ocfs2(params["ocfs2"], patience.host)
    missing = _missing(params, known, virtiofs)
    warnings = [text for found in (virtiofs, ocfs2) if found for text in found.pop("warnings")]
    return Outcome(warnings=warnings, result={
        "accounts": _only(known, params["users"]),
        "virtiofsd": virtiofs,
        "missing": missing,
        "ocfs2": ocfs2,
        "ready": not missing and _works(virtiofs),
        "mounts": mounts(params["paths"], mountinfo.read()),
        "directories": directories(params["directories"], mountinfo.read(), patience),
    })


def mounts(paths, entries):
    """What is mounted at each path, source and fstype null where nothing is. Pure."""
    found = []
    for path in paths:
        entry = mountinfo.find(entries, path)
        found.append({"path": path, "source": entry and entry.source, "fstype": entry and entry.fstype})
    return found


def directories(paths, entries, patience):
    """Whether each path is a directory, and the mount point that its parent lies on, null where that is not known."""
    found = []
    for path in paths:
        below = mountinfo.containing(entries, posixpath.dirname(path.rstrip("/")))
        found.append({"path": path, "is_directory": patience.run(lambda path=path: _is_directory(path), path),
                      "parent_mount_point": below and below.mount_point})
    return found


def _is_directory(path):
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _daemon(params):
    """What virtiofsd_info returns; None where it refuses, which it can say itself when somebody asks for it."""
    try:
        return daemon.info(dict(params["virtiofsd"], timeout=params["timeout"], installing=False), False)
    except Refusal:
        return None


def _ocfs2(params, host):
    """What ocfs2_cluster_info returns; None where it would fail, and where there is nothing to read."""
    if not params or not params["sources"] + params["devices"]:
        return None
    # Most hosts have no OCFS2: they are spared the loading.
    from ._ocfs2 import report
    try:
        return report.read(dict(params, host=host))
    except Refusal:
        return None


def _missing(params, known, virtiofs):
    """What packages may have to bring, by name: programs, packages that were asked for, users and groups."""
    names = []
    if daemon.find(programs.VIRTIOFSD) is None:
        names.append("virtiofsd")
    elif virtiofs and virtiofs["implementation"] == "rust" and daemon.find(NEWUIDMAP) is None:
        names.append("newuidmap")
    if daemon.find(daemon.QEMU_PATHS) is None:
        names.append("QEMU")
    if not any(glob.glob(pattern) for pattern in LIBVIRT_DRIVERS):
        names.append("libvirt")
    names += virtiofs["missing_packages"] if virtiofs else []
    if not any(name in known["users"] for name in GUEST_USERS):
        names.append(GUEST_USERS[0])
    names += [name for name in params["users"] if name not in known["users"] and name not in names]
    return names + [name for name in params["groups"] if name not in known["groups"] and name not in names]


def _works(virtiofs):
    return virtiofs is not None and bool(virtiofs["reachable"]) and not virtiofs["missing_subordinate_ids"]


def _only(known, users):
    """What lookup() found of these users, without those that were asked for beside them."""
    return dict(known, users=dict((name, known["users"][name]) for name in users if name in known["users"]))
