# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's virtual environments: made from locked requirements, made again only when those change."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

from tests.gates import interpreters, older_python
from tests.gates.process import CACHE, ROOT, Failed, environment, run, site_packages

REQUIREMENTS = ROOT / "requirements"
DEV = ROOT / ".venv"
MITOGEN = ROOT / ".venv-mitogen"
DOCS = ROOT / ".venv-docs"
UV = "uv==0.13.9"
OLDEST_PYTHON = (3, 11)


def dev(log):
    """The environment of daily work: ansible-core, the linters, pytest, Molecule, and the collection itself."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise Failed("Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2])
    venv = make(log, DEV, interpreters.own(), REQUIREMENTS / "dev.txt")
    _link_collection(venv)
    return venv


def make(log, venv, python, requirements):
    """Return the virtual environment, made from an interpreter and a lock file unless it is already that one."""
    lock = CACHE / f"{venv.name}.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w", encoding="utf-8") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)  # stages that run side by side may want the same
        return _make(log, venv, python, requirements)


def _make(log, venv, python, requirements):
    stamp = venv / "requirements.sha256"
    # The path counts too: the programs of an environment hold it, so a moved one does not work.
    wanted = hashlib.sha256(f"{venv}\n{requirements.read_text(encoding='utf-8')}".encode()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and (venv / "bin/python").exists():
        return venv
    log.say(f"Making {venv.name} with {python} from {requirements.relative_to(ROOT)}.")
    if venv.exists():
        shutil.rmtree(venv)
    _require_venv_module(log, python)
    run(log, [python, "-m", "venv", venv], seconds=120)
    _install(log, venv, requirements)
    stamp.write_text(wanted, encoding="utf-8")
    return venv


def _install(log, venv, requirements):
    """With uv (seconds), or with pip (minutes) where uv cannot be had or does not reach the index pip is set up for."""
    pip = [venv / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    try:
        uv = shutil.which("uv", path=str(DEV / "bin"))
        if uv is None:
            run(log, pip + [UV], seconds=300)
            uv = venv / "bin/uv"
        run(log, [uv, "pip", "install", "--quiet", "--python", venv / "bin/python", "-r", requirements], seconds=600)
    except Failed as error:
        log.say(f"{error}; installing with pip instead, which takes longer.")
        run(log, pip + ["-r", requirements], seconds=1800)


def _require_venv_module(log, python):
    """Debian ships the venv module without what it needs; get it where that is possible, say so where it is not."""
    if subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0:
        return
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True,
    ).stdout.strip()
    apt_install(log, [f"python{version}-venv"], f"{python} cannot make virtual environments")


def apt_install(log, packages, reason):
    """Install Debian packages as root or through sudo; Failed with the command to give where that cannot be done."""
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        command.insert(0, "sudo")
    advice = f"{reason}: {' '.join(command)}"
    if shutil.which("apt-get") is None or shutil.which(command[0]) is None:
        raise Failed(advice)
    log.say(f"{reason}; installing {' '.join(packages)}.")
    env = environment(DEBIAN_FRONTEND="noninteractive")
    try:
        run(log, command, seconds=600, env=env)
    except Failed:
        try:
            update = [word for word in command if word == "sudo"] + ["apt-get", "update"]
            run(log, update, seconds=300, env=env)
            run(log, command, seconds=600, env=env)
        except Failed as error:
            raise Failed(advice) from error


def _link_collection(venv):
    """Let every program of the environment find the collection under its name, straight from the repository."""
    link = site_packages(venv) / "ansible_collections/virtshare/storage"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.resolve() == ROOT:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT)


def core(log, version):
    """An environment with one ansible-core only, for ansible-test. version: C(2.16), C(2.19) or C(2.21)."""
    low, high = CORES[version]
    fitting = interpreters.between(low, high)
    if fitting is not None:
        python = fitting[1]
    else:
        log.say(f"No Python from {_text(low)} to {_text(high)} is on PATH or under a pyenv root; taking Debian 12's.")
        try:
            python = older_python.unpacked(log)
        except Failed as error:
            raise Failed(
                f"ansible-core {version} needs a Python from {_text(low)} to {_text(high)}: install one, for example "
                f"with pyenv or uv, and have it on PATH ({error})"
            ) from error
    return make(log, ROOT / f".venv-core-{version}", python, REQUIREMENTS / f"core-{version}.txt")


# The controller's Pythons that each ansible-core supports (its porting guide and setup metadata).
CORES = {"2.16": ((3, 10), (3, 12)), "2.19": ((3, 11), (3, 13)), "2.21": ((3, 12), (3, 14))}


def newest_core():
    """The newest ansible-core that an interpreter of this machine can run."""
    return max(
        (version for version, bounds in CORES.items() if interpreters.between(*bounds)),
        key=lambda version: [int(part) for part in version.split(".")],
    )


def importer(log):
    """galaxy-importer's own environment: it pins versions that break the others."""
    return make(log, ROOT / ".venv-importer", interpreters.own(), REQUIREMENTS / "importer.txt")


def mitogen(log):
    """The environment with Mitogen, which the bench sets the collection beside, and with the collection itself."""
    venv = make(log, MITOGEN, interpreters.own(), REQUIREMENTS / "mitogen.txt")
    _link_collection(venv)
    return venv


def docs(log):
    """The environment that builds the documentation site, with the collection itself, which antsibull-docs reads."""
    venv = make(log, DOCS, interpreters.own(), REQUIREMENTS / "docs.txt")
    _link_collection(venv)
    return venv


def _text(version):
    return ".".join(str(part) for part in version)
