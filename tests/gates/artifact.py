# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact: built, looked into, judged by galaxy-importer, and installed where there is nothing else."""

import json
import pathlib
import re
import shutil
import subprocess
import tarfile

from tests.gates import environments
from tests.gates.process import CACHE, ROOT, Failed, environment, run

MINUTE = 60
# The program that watches shares says of which version it is.
GUARD = "plugins/module_utils/_guard/main.py"
# What a user gets, by the first part of a path. Anything else in the artifact is an accident.
_SHIPPED = {
    "CHANGELOG.rst", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MAINTAINERS.md", "MANIFEST.json",
    "README.md", "SECURITY.md", "changelogs", "docs", "extensions", "meta", "bindep.txt", "playbooks", "plugins", "roles", "tests",
}
_SHIPPED_TESTS = {"config.yml", "sanity"}
# Its role calls modules of awx.awx, which its user brings.
_WITH_ANOTHER_COLLECTION = {"awx"}


def build(log, output, root=ROOT):
    """Build the artifact of a tree into an empty directory, and return its path once it holds what it should."""
    shutil.rmtree(output, ignore_errors=True)
    run(log, ["ansible-galaxy", "collection", "build", "--force", "--output-path", output], seconds=2 * MINUTE, cwd=root,
        env=environment(environments.dev(log)))
    archive = next(output.glob("virtshare-storage-*.tar.gz"))
    _check_contents(log, archive)
    return archive


def _check_contents(log, archive):
    with tarfile.open(archive) as opened:
        names = [pathlib.PurePosixPath(member.name) for member in opened.getmembers() if not member.isdir()]
    log.say(f"{archive.name}: {len(names)} files, {archive.stat().st_size // 1024} KiB.")
    strangers = [str(name) for name in names if not _shipped(name)]
    if strangers:
        raise Failed("the artifact holds what no user needs; add it to build_ignore: " + ", ".join(sorted(strangers)))
    missing = sorted(part for part in _SHIPPED - {"CHANGELOG.rst", "extensions", "tests"}
                     if not any(name.parts[0] == part for name in names))
    if missing:
        raise Failed("the artifact lacks " + ", ".join(missing))


def _shipped(name):
    if "__pycache__" in name.parts or name.parts[0] not in _SHIPPED:
        return False
    return name.parts[0] != "tests" or name.parts[1] in _SHIPPED_TESTS


def named_versions(archive):
    """{file: the version in it, or None}, of the files in an artifact that name one."""
    found = {}
    with tarfile.open(archive) as opened:
        for name, line in (("MANIFEST.json", r'^  *"version": "(.*)",?$'), (GUARD, r'^VERSION = "(.*)"$')):
            member = opened.extractfile(name)
            named = re.search(line, member.read().decode("utf-8") if member else "", re.MULTILINE)
            found[name] = named[1] if named else None
    return found


def check(log, archive):
    """Let galaxy-importer judge an artifact, and try it out beside the oldest ansible-core and the newest that runs here."""
    _judge(log, archive)
    for version in ("2.16", environments.newest_core()):
        _try_out(log, archive, version, CACHE / f"installed-{version}")


def _judge(log, archive):
    venv = environments.importer(log)
    settings = CACHE / "galaxy-importer.cfg"
    # Lint and sanity are gates of their own; the importer would need a container engine for the latter.
    settings.write_text(
        "[galaxy-importer]\nRUN_ANSIBLE_DOC = True\nRUN_ANSIBLE_LINT = False\nRUN_ANSIBLE_TEST = False\n"
        "CHECK_REQUIRED_TAGS = True\nLOG_LEVEL_MAIN = INFO\n", encoding="utf-8",
    )
    said = run(
        log, ["python", "-m", "galaxy_importer.main", archive], cwd=archive.parent, seconds=5 * MINUTE,
        env=environment(venv, GALAXY_IMPORTER_CONFIG=str(settings), ANSIBLE_HOME=str(CACHE / "importer-home")),
    )
    if "Importer processing completed successfully" not in said:
        raise Failed("galaxy-importer did not say that it completed successfully")


def installed(log, archive, version, directory):
    """Install an artifact beside nothing but one ansible-core, and return (the Python, the environment) to run it with.

    version: C(2.16) or another of environments.CORES; directory: emptied; home, working directory and collections are in it.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    venv = environments.core(log, version)
    collections = directory / "collections"
    env = environment(venv, HOME=str(directory), ANSIBLE_HOME=str(directory / ".ansible"), ANSIBLE_COLLECTIONS_PATH=str(collections),
                      ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false")
    run(log, ["ansible-galaxy", "collection", "install", "--offline", "--collections-path", collections, archive],
        seconds=2 * MINUTE, cwd=directory, env=env)
    return venv / "bin/python", env


def _try_out(log, archive, version, directory):
    """Install it; let ansible-doc read all documentation in it, and ansible-playbook the syntax of its playbooks."""
    python, env = installed(log, archive, version, directory)
    log.say(f"ansible-core {version}: $ ansible-doc --metadata-dump virtshare.storage")
    dumped = subprocess.run([python.with_name("ansible-doc"), "--metadata-dump", "virtshare.storage"], cwd=directory, env=env,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5 * MINUTE, check=False)
    if dumped.returncode:
        raise Failed(f"ansible-doc of ansible-core {version} ended with {dumped.returncode}: {dumped.stderr.strip()}")
    documented = json.loads(dumped.stdout)["all"]
    for kind, wanted in {"module": _stems("plugins/modules/*.py"), "filter": _stems("plugins/filter/*.py"),
                         "role": _stems("roles/*")}.items():
        missing = [name for name in wanted if f"virtshare.storage.{name}" not in documented[kind]]
        if missing:
            raise Failed(f"ansible-doc of ansible-core {version} does not know as {kind}: {', '.join(missing)}")
    inventory = directory / "inventory.yml"
    inventory.write_text("hypervisors:\n  hosts:\n    hv1:\n", encoding="utf-8")
    playbooks = [f"virtshare.storage.{name}" for name in _stems("playbooks/*.yml") if name not in _WITH_ANOTHER_COLLECTION]
    run(log, ["ansible-playbook", "--syntax-check", "--inventory", inventory, *playbooks], seconds=5 * MINUTE, cwd=directory,
        env=env)


def _stems(pattern):
    return sorted(path.stem for path in ROOT.glob(pattern) if path.stem != "__init__")
