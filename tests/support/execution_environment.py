# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An execution environment of AWX, made on this machine without a registry, and podman to run it.

`python -m tests.support.execution_environment` makes it and prints its name. Its base is Debian's packages as mmdebstrap
installs them, with what bindep.txt and extensions/execution_environment name; on it comes this collection's artifact.
Both are kept in the cache of the lab, by what they are made of. Nothing of the machine's own settings of containers is
read or changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml

from tests.gates.debian import carried_paths, carried_variables
from tests.lab import cache, machine
from tests.lab.errors import LabError, say
from tests.support.playbook import ROOT

DEFINITION = ROOT / "extensions/execution_environment/execution-environment.yml"
SUITE = "trixie"
CORE = ROOT / "requirements/core-2.21.txt"  # the newest that Debian 13's Python can run
RUNNER = "ansible-runner==2.4.3"
PROGRAMS = {"podman": "podman", "runc": "runc", "/usr/lib/podman/netavark": "netavark", "mmdebstrap": "mmdebstrap"}
OPTIONS = ("force-unsafe-io", *(f"path-exclude=/usr/share/{name}/*" for name in ("doc", "locale", "man")))
# A container may have no more than this machine gives its own processes; crun does not take hybrid control groups.
CONTAINERS = """[containers]
default_ulimits = ["nofile=10000:10000", "nproc=10000:10000"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
static_dir = "{store}/libpod"
tmp_dir = "{runtime}/libpod"
"""
STORAGE = """[storage]
driver = "{driver}"
graphroot = "{store}/storage"
runroot = "{runtime}/storage"
"""
BASE = """FROM localhost/virtshare-debian:{key}
COPY core.txt /tmp/core.txt
RUN python3 -m pip install --quiet --break-system-packages --ignore-installed --no-cache-dir --root-user-action ignore \\
    --constraint /tmp/core.txt {packages}
"""
ENVIRONMENT = """FROM localhost/virtshare-base:{key}
COPY {artifact} /tmp/
RUN ansible-galaxy collection install --offline --collections-path /usr/share/ansible/collections /tmp/{artifact}
"""
KEPT_HOURS = 7 * 24
MINUTE = 60


def variables():
    """{variable: value} that makes podman use the settings and the store that are meant; writes both files."""
    store = cache.cache_directory() / "podman"
    store.mkdir(parents=True, exist_ok=True)
    # Sockets are in there: their paths may not be long.
    runtime = Path("/tmp") / f"vsp-{hashlib.sha256(str(store).encode()).hexdigest()[:10]}"
    # The kernel does not lay an overlay upon another one, as in a container.
    kind = subprocess.run(["stat", "--file-system", "--format=%T", store], check=True, capture_output=True, text=True).stdout
    words = {"store": store, "runtime": runtime, "driver": "vfs" if "overlay" in kind else "overlay"}
    files = {"CONTAINERS_CONF": (store / "containers.conf", CONTAINERS),
             "CONTAINERS_STORAGE_CONF": (store / "storage.conf", STORAGE)}
    for path, text in files.values():
        made = text.format(**words)
        if not path.exists() or path.read_text(encoding="utf-8") != made:
            path.write_text(made, encoding="utf-8")
    return {name: str(path) for name, (path, _text) in files.items()}


def image():
    """The name of the image, which is made unless it is there; LabError where podman cannot run a container, with why."""
    # Without root there are users of a namespace.
    missing = machine.missing_packages({**PROGRAMS, **({"newuidmap": "uidmap"} if os.geteuid() else {})})
    if missing:
        machine.install(missing)
    with cache.locked(cache.cache_directory() / "podman.lock"), tempfile.TemporaryDirectory() as work:
        made = _environment(_base(Path(work)), Path(work))
        _podman("image", "prune", "--all", "--force", "--filter", f"until={KEPT_HOURS}h")
    _podman("run", "--rm", made, "ansible-runner", "--version", what="podman cannot run a container here")
    return made


def _base(work):
    """The key of the base image, which is made unless it is there."""
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))["dependencies"]
    packages = ["ca-certificates", "python3", "python3-pip", *_system_packages()]
    python = [definition["ansible_core"]["package_pip"], RUNNER if definition["ansible_runner"]["package_pip"] in RUNNER else ""]
    key = _key(SUITE, OPTIONS, packages, python, CORE.read_text(encoding="utf-8"), CONTAINERS, BASE)
    if not _there(f"localhost/virtshare-base:{key}"):
        say("making the base image of the execution environment, once (a few minutes)")
        settings = machine.apt_settings((SUITE,))
        options = [f"--aptopt={line}" for line in settings.options]
        if settings.proxy:
            options += [f'--aptopt=Acquire::{scheme}::Proxy "{settings.proxy}";' for scheme in ("http", "https")]
        options += [f"--dpkgopt={option}" for option in OPTIONS]
        _done(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", *options, SUITE, work / "root.tar",
               *settings.sources(SUITE).splitlines()], "the base image's packages could not be installed", 20 * MINUTE)
        _podman("import", "--quiet", work / "root.tar", f"localhost/virtshare-debian:{key}")
        (work / "root.tar").unlink()
        (work / "core.txt").write_bytes(CORE.read_bytes())
        carried = [f"--volume={Path(path).resolve()}:{path}:ro" for path in carried_paths()]
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in carried_variables().items())
        text = BASE.replace("RUN ", f"RUN {given} ").format(key=key, packages=" ".join(shlex.quote(one) for one in python))
        _built(f"localhost/virtshare-base:{key}", text, work, *carried)
    return key


def _environment(base, work):
    """The name of the image with this collection, which is made unless it is there."""
    _done([Path(sys.executable).with_name("ansible-galaxy"), "collection", "build", "--output-path", work],
          "the collection's artifact could not be built", 2 * MINUTE)
    (artifact,) = work.glob("virtshare-storage-*.tar.gz")
    with tarfile.open(artifact) as files:
        listed = files.extractfile("FILES.json")
        assert listed is not None
        made = f"localhost/virtshare-ee:{_key(base, listed.read().decode(), ENVIRONMENT)}"
    if not _there(made):
        _built(made, ENVIRONMENT.format(key=base, artifact=artifact.name), work)
    return made


def _system_packages():
    """Debian's packages that bindep.txt names."""
    lines = (ROOT / "bindep.txt").read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if re.search(r"\[platform:dpkg\]", line)]


def _key(*parts):
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _there(name):
    return subprocess.run(["podman", "image", "exists", name], env={**os.environ, **variables()}, check=False).returncode == 0


def _built(name, text, work, *options):
    (work / "Containerfile").write_text(text, encoding="utf-8")
    _podman("build", "--quiet", "--network=host", f"--tag={name}", *options, work, what=f"{name} could not be built")


def _podman(*words, what="podman failed"):
    _done(["podman", *words], what, 20 * MINUTE)


def _done(command, what, seconds):
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **variables()}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=seconds)
    if done.returncode:
        raise LabError(f"{what}:\n{done.stdout}")


if __name__ == "__main__":
    try:
        print(image())
    except LabError as error:
        sys.exit(str(error))
