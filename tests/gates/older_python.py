# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 12's Python for machines whose own is too new for ansible-core 2.16, as Debian 13's is.

It is unpacked into the cache, not installed: apt looks into an archive of its own, and the system does not change.
"""

import shutil

from tests.gates.process import CACHE, Failed, run
from tests.lab import errors, machine

SUITE = "bookworm"
PACKAGES = (
    "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "python3.11", "python3.11-venv",
    "python3-distutils", "python3-lib2to3", "python3-pip-whl", "python3-setuptools-whl",
)
_WHEELS = "/usr/share/python-wheels"


def unpacked(log):
    """The path of Python 3.11's interpreter, unpacked now when it is not there yet."""
    target = CACHE / "python-3.11"
    python = target / "usr/bin/python3.11"
    if python.exists():
        return python
    if shutil.which("apt-get") is None:
        raise Failed("it can only be unpacked from Debian's packages, and there is no apt-get")
    try:
        settings = machine.apt_settings((SUITE,))
    except errors.LabError as error:
        raise Failed(str(error)) from error
    work = CACHE / "python-3.11.unfinished"
    shutil.rmtree(work, ignore_errors=True)
    for directory in ("apt/state/lists/partial", "apt/cache/archives/partial", "tree"):
        (work / directory).mkdir(parents=True)
    (work / "apt/status").touch()
    (work / "apt/sources.list").write_text(settings.sources(SUITE), encoding="utf-8")
    options = [
        f"Dir::State={work}/apt/state", f"Dir::State::status={work}/apt/status", f"Dir::Cache={work}/apt/cache",
        f"Dir::Etc::sourcelist={work}/apt/sources.list", "Dir::Etc::sourceparts=-", "APT::Sandbox::User=root",
    ]
    apt = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
    run(log, [*apt, "update"], seconds=300)
    run(log, [*apt, "download", *PACKAGES], seconds=300, cwd=work)
    for archive in sorted(work.glob("*.deb")):
        run(log, ["dpkg", "-x", archive, work / "tree"], seconds=60)
    _find_wheels_where_they_are(work / "tree", target)
    (work / "tree").rename(target)
    shutil.rmtree(work)
    return python


def _find_wheels_where_they_are(tree, target):
    """Debian's ensurepip takes its wheels from an absolute path; point it into the unpacked tree."""
    module = tree / "usr/lib/python3.11/ensurepip/__init__.py"
    text = module.read_text(encoding="utf-8")
    if _WHEELS not in text:
        raise Failed(f"{module} does not name {_WHEELS}: Debian changed how it finds its wheels")
    module.write_text(text.replace(_WHEELS, f"{target}{_WHEELS}"), encoding="utf-8")
