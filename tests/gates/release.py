# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release: first all of it in a copy of the tree, then what that changed into the tree, as a commit with a tag.

`make release VERSION=1.0.0` does it. The gate `artifact` does the first half, with the version that would be next. Nothing
is pushed.
"""

import json
import re
import shutil
import subprocess

from tests.gates import artifact, environments, tree
from tests.gates.process import CACHE, ROOT, Failed, environment, run

MINUTE = 60
NAME = "virtshare.storage"
OUTPUT = CACHE / "released"
# What a release writes. Fragments go.
_WRITTEN = ("galaxy.yml", "CHANGELOG.rst", "changelogs", "tests/unit/public_names.txt")
# What a version may bring, by the sections of its fragments.
_BREAKING = {"breaking_changes", "removed_features"}
_NEW = {"major_changes", "minor_changes", "deprecated_features"}


def rehearse(log):
    """Do everything of a release but the commit, in a copy of the tree."""
    environments.dev(log)
    last, wanted = _last(), _declared()
    if last is None or _numbers(wanted) > _numbers(last):
        version = wanted
    else:  # galaxy.yml still has the last release's: the next version that may bring anything
        version = f"{_numbers(last)[0] + 1}.0.0"
    _make(log, version)


def make(log, version):
    """Make a release in the tree: a commit, an annotated tag, and the artifact in .cache/released."""
    environments.dev(log)
    _refuse(log, version)
    copy, archive, message = _make(log, version)
    for name in _WRITTEN:
        source, target = copy / name, ROOT / name
        if source.is_dir():
            shutil.rmtree(target)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".plugin-cache.yaml"))
        else:
            shutil.copy2(source, target)
    run(log, ["git", "add", "--all", *_WRITTEN], seconds=MINUTE)
    run(log, ["git", "commit", "--message", f"Release {version}"], seconds=MINUTE)
    run(log, ["git", "tag", "--annotate", "--file", message, version], seconds=MINUTE)
    log.say(f"\n{archive.relative_to(ROOT)} is {NAME} {version}. Look at the commit and the tag (git show {version}), then:\n"
            f"    git push --follow-tags\n    ansible-galaxy collection publish {archive.relative_to(ROOT)}")


def problems(version, last, sections, branch, changed, tags):
    """Why a version cannot be released now. Pure.

    last: the version before, or None; sections: those of the fragments; changed: files that are not committed.
    """
    found = []
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        return [f"{version!r} is no version of a release: make release VERSION=1.2.3"]
    if branch != "main":
        found.append(f"the branch is {branch}, and releases are made on main")
    if changed:
        found.append("not committed yet: " + ", ".join(sorted(changed)))
    if version in tags:
        found.append(f"there is a tag {version} already")
    if not sections:
        found.append("there is no fragment in changelogs/fragments, so there is nothing to release")
    if last is not None:
        old, new = _numbers(last), _numbers(version)
        if new <= old:
            found.append(f"{version} is not after {last}")
        elif sections & _BREAKING and new[0] == old[0]:
            found.append(f"{', '.join(sorted(sections & _BREAKING))} need another major version than that of {last}")
        elif sections & _NEW and new[:2] == old[:2]:
            found.append(f"{', '.join(sorted(sections & _NEW))} need another minor version than that of {last}")
    return found


def tag_message(version, changes):
    """The text of a tag. changes: those of the version in changelogs/changelog.yaml."""
    counted = [f"{len(changes[section])} {section.replace('_', ' ')}" for section in
               ("major_changes", "minor_changes", "breaking_changes", "deprecated_features", "removed_features",
                "security_fixes", "bugfixes", "known_issues") if changes.get(section)]
    summary = changes.get("release_summary", "").strip()
    counts = ", ".join(counted) + ": see CHANGELOG.rst" if counted else ""
    return "\n\n".join(filter(None, [f"{NAME} {version}", summary, counts])) + "\n"


def changes_of(releases, version):
    """{section: list of texts} of a version; empty where there was no fragment yet, as in a rehearsal after a release. Pure."""
    return releases[version].get("changes") or {}


def _make(log, version):
    """Make the release in a copy, and check its artifact; (the copy, the artifact, a file with the tag's message)."""
    venv = environments.dev(log)
    copy = tree.copy("release")
    # Left by the last time; the copy only follows what the tree has.
    (copy / "CHANGELOG.rst").unlink(missing_ok=True)
    run(log, [venv / "bin/python", "-m", "tests.support.public_names", version, copy], seconds=2 * MINUTE)
    galaxy = copy / "galaxy.yml"
    text, times = re.subn(r"(?m)^version: .*$", f"version: {version}", galaxy.read_text(encoding="utf-8"))
    if times != 1:
        raise Failed("galaxy.yml has not exactly one line with the version")
    galaxy.write_text(text, encoding="utf-8")
    run(log, ["antsibull-changelog", "release", "--version", version], seconds=5 * MINUTE, cwd=copy, env=environment(venv))
    changes = changes_of(_releases(copy), version)
    archive = artifact.build(log, OUTPUT, copy)
    if archive.name != f"virtshare-storage-{version}.tar.gz":
        raise Failed(f"the artifact of {version} is called {archive.name}")
    artifact.check(log, archive)
    message = OUTPUT / "tag-message"
    message.write_text(tag_message(version, changes), encoding="utf-8")
    log.say(message.read_text(encoding="utf-8"))
    return copy, archive, message


def _refuse(log, version):
    branch, tags = (run(log, ["git", *words], seconds=MINUTE).split() for words in (["branch", "--show-current"], ["tag"]))
    sections = set().union(*(_yaml(path) or {} for path in (ROOT / "changelogs/fragments").glob("*.yml")))
    found = problems(version, _last(), sections, "".join(branch) or "none", tree.changed(), tags)
    if found:
        raise Failed("; ".join(found))


def _declared():
    return _yaml(ROOT / "galaxy.yml")["version"].partition("-")[0]


def _last():
    """The last version that the changelog has, or None."""
    return max(_releases(ROOT), key=_numbers, default=None)


def _releases(root):
    return (_yaml(root / "changelogs/changelog.yaml") or {}).get("releases") or {}


def _numbers(version):
    return [int(part) for part in version.split(".")]


def _yaml(path):
    # The gates run with the system's Python, which may know no YAML. The environment of the project does.
    program = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, default=str)"
    with path.open("rb") as opened:
        said = subprocess.run([environments.DEV / "bin/python", "-c", program], stdin=opened, env=environment(),
                              capture_output=True, check=True)
    return json.loads(said.stdout)
