# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make check` and `make demo` in fresh roots of Debian, as root and as a user with sudo.

A root is made once, by mmdebstrap from the mirror that this machine uses. Each user gets it as it was made, by an
overlay, with a clone of what is committed here, in namespaces that take all mounts and processes with them.
"""

import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess

from tests.gates.process import CACHE, Failed, run
from tests.lab import machine
from tests.lab.errors import LabError

MINUTE = 60
SUITES = {"debian-12": "bookworm", "debian-13": "trixie"}
# What the README asks for, and what a user with sudo has besides.
PACKAGES = ("ca-certificates", "debian-archive-keyring", "git", "make", "python3", "python3-venv", "sudo")
PROGRAMS = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "pivot_root": "util-linux"}
USERS = ("root", "admin")
# The homes' names differ from root's path in nothing a test may care for.
COMMANDS = "make check && make demo && make demo-down"
SECONDS = 90 * MINUTE

# $1 base, $2 scratch, $3 user, $4 command; then pairs of a path here and its kind, which are seen inside as they are.
INSIDE = r"""
set -eu
base=$1 scratch=$2 user=$3 command=$4; shift 4
root=$scratch/root
mkdir -p "$scratch/upper" "$scratch/work" "$root"
mount -t overlay -o "lowerdir=$base,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for path in "$@"; do
    if [ -d "$path" ]; then
        mkdir -p "$root$path"
        mount --bind -o ro "$path" "$root$path"
    else
        mkdir -p "$root$(dirname "$path")"
        cp -L "$path" "$root$path"
    fi
done
# As the installer of Debian does it: sudo wants to know the machine's own name.
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$(hostname)" > "$root/etc/hosts"
home=/root
if [ "$user" != root ]; then
    chroot "$root" useradd --create-home --shell /bin/bash "$user"
    echo "$user ALL=(ALL) NOPASSWD: ALL" > "$root/etc/sudoers.d/$user"
    home=/home/$user
fi
git -c safe.directory='*' clone --quiet "$PWD" "$root$home/virtshare.storage"
chroot "$root" chown -R "$user:" "$home"
# Not chroot: a process that enters its mount namespace again is to see the same root directory as on a machine.
cd "$root"
pivot_root . .
umount --lazy .
exec su --login "$user" --command "cd virtshare.storage && $command"
"""


def stages():
    """{name: stage} of the Debians, for tests.gates.stages."""
    return {name: _stage(name, suite) for name, suite in SUITES.items()}


def _stage(name, suite):
    stage = functools.partial(_check_and_demo, suite=suite)
    stage.__doc__ = f"make check and make demo in a fresh root of {name.replace('-', ' ').title()}, as root and with sudo"
    return stage


def _check_and_demo(log, suite):
    try:
        missing = machine.missing_packages(PROGRAMS)
        if missing:
            machine.install(missing)
        base = _base(log, suite)
    except LabError as error:
        raise Failed(str(error)) from error
    for user in USERS:
        log.say(f"As {user}:")
        scratch = CACHE / "debian" / f"{suite}-{user}"
        _remove(log, scratch)
        words = [f"{name}={value}" for name, value in carried_variables().items()]
        command = f"export CI=true {shlex.join(words)}; {COMMANDS}"
        run(log, _as_root("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
                          "sh", "-c", INSIDE, "sh", base, scratch, user, command, *carried_paths()), seconds=SECONDS)
        _remove(log, scratch)


def _base(log, suite):
    """The directory of a Debian as mmdebstrap makes it, made unless it is there."""
    base = CACHE / "debian" / suite
    if (base / "etc/debian_version").exists():
        return base
    settings = machine.apt_settings((suite,))
    options = [f"--aptopt={line}" for line in settings.options]
    if settings.proxy:
        options += [f'--aptopt=Acquire::{scheme}::Proxy "{settings.proxy}";' for scheme in ("http", "https")]
    base.parent.mkdir(parents=True, exist_ok=True)
    made = base.with_suffix(".new")
    _remove(log, made)
    run(log, _as_root("mmdebstrap", "--variant=minbase", "--mode=root", "--format=directory",
                      f"--include={','.join(PACKAGES)}", *options, suite, made, *settings.sources(suite).splitlines()),
        seconds=15 * MINUTE)
    run(log, _as_root("mv", made, base), seconds=MINUTE)
    return base


def carried_variables():
    """What this machine's environment says of the way to packages, as the inside needs it as well."""
    return {name: value for name, value in os.environ.items()
            if re.fullmatch(r"(?i)(PIP|UV)_\w+|https?_proxy|no_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", name)}


def carried_paths():
    """What of this machine is on the way to packages: name servers, certificates, pip's settings and what those name."""
    said = subprocess.run(["python3", "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    named = [found for found in re.findall(r"(?:file://)?(/[^\s']+)", said) if not found.startswith("//")]
    # An index that is a directory has its files beside it.
    named = [found.removesuffix("/simple") for found in named]
    paths = {pathlib.Path(path) for path in ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt", *named)}
    return sorted(str(path) for path in paths if path.exists())


def _remove(log, directory):
    """Remove what root may own."""
    if directory.exists():
        run(log, _as_root("rm", "-rf", "--one-file-system", directory), seconds=5 * MINUTE)


def _as_root(*command):
    if os.geteuid() == 0:
        return list(command)
    if not shutil.which("sudo"):
        raise Failed("a fresh root of Debian needs root: run as root, or install sudo")
    return ["sudo", "--preserve-env=PATH", *command]
