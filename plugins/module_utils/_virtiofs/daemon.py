# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtiofsd a host has, and what that means for its guests. Pure, but for find() and ask()."""

import os
import re
import subprocess

from .._host.programs import VIRTIOFSD
from .._plan.outcome import Outcome
from .._plan.plan import Refusal
from . import daemon_host

# Daemons whose --version tells libvirt's; the modular one first, as it is what runs where both are installed.
LIBVIRT_PATHS = ("/usr/sbin/virtqemud", "/usr/sbin/libvirtd")

QEMU_PATHS = ("/usr/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm", "/usr/bin/qemu-system-aarch64")

LIVE_MIGRATION = (1, 11)
READ_ONLY = (1, 13)
READ_ONLY_LIBVIRT = (11, 0)

ARGUMENT_SPEC = dict(
    # raw, because a number must be refused: as a text it would be another version.
    min_version=dict(type="raw"),
    min_libvirt_version=dict(type="raw"),
    daemon_user=dict(type="str"),
    subordinate_ids=dict(type="str", default="100000:65536"),
    installing=dict(type="bool", default=False),
    packages=dict(type="list", elements="str", default=[]),
    timeout=dict(type="float", default=10.0),
)


def find(paths=VIRTIOFSD):
    """The first of paths that is an executable file, or None."""
    for path in paths:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def ask(path, seconds):
    """What PATH --version prints, on both outputs; OSError or subprocess.SubprocessError when it cannot be run."""
    return _run([path, "--version"], seconds)[1]


def _run(command, seconds):
    """(exit code, output) of a command."""
    # Never through a shell, and in the C locale: the answer is parsed.
    done = subprocess.run(  # pylint: disable=ansible-bad-function
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
        env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def missing_packages(names, seconds):
    """Those of the packages that are not installed, in their order.

    What only a package manager can tell, such as a name with a version, a file or a virtual package, counts as missing.
    """
    if not names:
        return []
    for query in (_known_to_dpkg, _known_to_rpm):
        try:
            installed = query(names, seconds)
        except (OSError, subprocess.SubprocessError):
            continue
        return [name for name in names if name not in installed]
    return list(names)


def _known_to_dpkg(names, seconds):
    text = _run(["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Abbrev}\\n", "--"] + names,
                seconds)[1]
    fields = [line.split() for line in text.splitlines()]
    # "ii": wanted and installed; the second letter is the state.
    return {line[0] for line in fields if len(line) == 2 and line[1][1:2] == "i"}


def _known_to_rpm(names, seconds):
    return {name for name in names if _run(["rpm", "--query", "--whatprovides", "--", name], seconds)[0] == 0}


def identify(text):
    """("rust" or "c", version) of a virtiofsd's --version; Refusal when it is neither.

    Rust prints "virtiofsd 1.13.2". C prints "virtiofsd version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)" and a line
    about QEMU's developers; its version is QEMU's. Both measured on the packages of Debian 13 and 12.
    """
    match = re.search(r"^virtiofsd version (\d+(?:\.\d+)*)", text, re.MULTILINE)
    if match:
        return "c", match.group(1)
    match = re.search(r"^virtiofsd (?:backend )?v?(\d+(?:\.\d+)*)", text, re.MULTILINE)
    if match:
        return "rust", match.group(1)
    raise Refusal("its --version says neither \"virtiofsd 1.x\" (Rust) nor \"virtiofsd version x\" (C), but: %s"
                  % (" ".join(text.split())[:200] or "nothing"))


def libvirt_version(text):
    """The version in "virtqemud (libvirt) 11.3.0", or None."""
    match = re.search(r"\(libvirt\) (\d+(?:\.\d+)*)", text)
    return match.group(1) if match else None


def meaning(implementation, version, libvirt=None):
    """{"live_migration", "read_only", "runs_as", "words"}: what a guest can have with this daemon.

    read_only is None where it depends on a libvirt whose version is not known. runs_as is what OpenNebula's driver
    does: root for the C daemon, oneadmin for the Rust one, so that directories must let oneadmin in too.
    """
    rust = implementation == "rust"
    migrates = rust and numbers(version) >= LIVE_MIGRATION
    read_only = False
    if rust and numbers(version) >= READ_ONLY:
        read_only = None if libvirt is None else numbers(libvirt) >= READ_ONLY_LIBVIRT
    words = []
    if not rust:
        words.append("the C daemon of QEMU: OpenNebula's driver runs it as root; guests with a share cannot be "
                     "migrated live, and a share cannot be given read-only; newer distributions have the Rust one")
    else:
        words.append("the Rust daemon: OpenNebula's driver runs it as oneadmin, so the share must let oneadmin write")
        words.append("live migration of guests with a share works" if migrates else
                     "guests with a share cannot be migrated live: that needs virtiofsd 1.11 or newer")
        if read_only is None:
            words.append("read-only shares need libvirt 11.0 or newer as well, and its version is not known here")
        elif not read_only:
            words.append("read-only shares need virtiofsd 1.13 and libvirt 11.0 or newer")
    return {"live_migration": migrates, "read_only": read_only, "runs_as": "oneadmin" if rust else "root",
            "words": "; ".join(words)}


def numbers(version):
    """"1.13.2" -> (1, 13, 2); what is not a number ends it."""
    found = []
    for part in version.split("."):
        match = re.match(r"\d+", part)
        if not match:
            break
        found.append(int(match.group()))
    return tuple(found)


def work(params, check_mode):
    """The Outcome of virtiofsd_info."""
    found = info(params, check_mode)
    return Outcome(warnings=found.pop("warnings"), result=found)


def info(params, check_mode, paths=VIRTIOFSD, libvirt_paths=LIBVIRT_PATHS, qemu_paths=QEMU_PATHS, root="/"):
    """What virtiofsd_info returns, with its warnings; Refusal for no virtiofsd, or what is too old or known to break, if no package is missing."""
    seconds = params["timeout"]
    params = dict(params, **{name: _wanted(name, params.get(name)) for name in ("min_version", "min_libvirt_version")})
    libvirt = _version(libvirt_paths, libvirt_version, seconds)
    qemu = _version(qemu_paths, daemon_host.qemu_version, seconds)
    result = {"present": False, "path": None, "implementation": None, "version": None,
              "live_migration": None, "read_only": None, "runs_as": None, "libvirt_version": libvirt,
              "qemu_version": qemu, "reachable": None, "missing_subordinate_ids": [], "warnings": [], "words": "",
              "missing_packages": missing_packages(params["packages"], seconds)}
    _refuse_old(params, result)
    path = find(paths)
    if path is None and "virtiofsd" in result["missing_packages"]:
        # The package of that name is the Rust daemon everywhere: what it will need can be said now.
        _look_for_ids(params, result, root)
    if path is None:
        if result["missing_packages"] or (check_mode and params["installing"]):
            result["words"] = "not installed yet; the packages that bring it are about to be"
            return result
        raise Refusal(
            "there is no virtiofsd here: none of %s is an executable file. Install the package that has it (virtiofsd "
            "on Debian 13, Ubuntu 24.04 and EL 9 or newer; qemu-system-common on Debian 12 and Ubuntu 22.04; qemu-kvm "
            "on EL 8). On Debian 12 the QEMU of backports has none: stay with QEMU 7.2 or go to Debian 13%s"
            % (", ".join(paths), daemon_host.without_daemon(qemu, numbers)))
    implementation, version = _identified(path, seconds)
    result.update(present=True, path=path, implementation=implementation, version=version,
                  reachable=daemon_host.reachable(root), **meaning(implementation, version, libvirt))
    if implementation == "rust":
        _look_for_ids(params, result, root)
    wanted = params["min_version"]
    if wanted and not result["missing_packages"] and (implementation == "c" or numbers(version) < numbers(wanted)):
        raise Refusal(
            "%s is %s %s, but at least %s (Rust) is wanted: use a newer release of the distribution, or lower "
            "min_version if its limits are fine: %s"
            % (path, "virtiofsd" if implementation == "rust" else "the C virtiofsd of QEMU", version, wanted,
               result["words"]))
    return result


def _wanted(name, value):
    """The text of a version that is asked for, None for none; Refusal for a number, whose last zeros are lost."""
    if isinstance(value, float):
        raise Refusal("%s is the number %s, and YAML drops its last zeros, so that it may have been %s0. Write it in quotes; "
                      "or, where something else reads the text again, as AWX's surveys do, with a v before it: v%s0"
                      % (name, value, value, value))
    return str(value).lstrip("v") if value not in (None, "") else None


def _identified(path, seconds):
    try:
        return identify(ask(path, seconds))
    except (OSError, subprocess.SubprocessError) as error:
        raise Refusal("%s cannot be run: %s; reinstall its package" % (path, error))
    except Refusal as refusal:
        raise Refusal("%s is not a virtiofsd that is known here: %s" % (path, refusal))


def _look_for_ids(params, result, root):
    if params.get("daemon_user"):
        found = daemon_host.subordinate(params["daemon_user"], params["subordinate_ids"], root)
        result.update(missing_subordinate_ids=found["missing"], warnings=found["warnings"])


def _refuse_old(params, result):
    """Refusal for a libvirt or a QEMU that cannot do it, before anything is installed beside it."""
    libvirt = result["libvirt_version"]
    problem = daemon_host.broken(result["qemu_version"], libvirt, numbers)
    if problem:
        raise Refusal(problem)
    oldest = params.get("min_libvirt_version")
    if oldest and libvirt and numbers(libvirt) < numbers(oldest):
        raise Refusal("libvirt is %s, but at least %s is wanted: use a newer release of the distribution, or lower "
                      "min_libvirt_version" % (libvirt, oldest))


def _version(paths, parse, seconds):
    path = find(paths)
    if path is None:
        return None
    try:
        return parse(ask(path, seconds))
    except (OSError, subprocess.SubprocessError):
        return None
