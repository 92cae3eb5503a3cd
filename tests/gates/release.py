# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release: first all of it in a copy of the tree, then what that changed into the tree, as commits and a tag.

`make release VERSION=1.0.0` does it. The gate `artifact` does the first half, with the version that galaxy.yml names. Nothing
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
RELEASED, REHEARSED = CACHE / "released", CACHE / "rehearsed"
# The files that name the version, and what stands before and after it in its line.
_NAMING = {"galaxy.yml": ("version: ", ""), artifact.GUARD: ('VERSION = "', '"')}
# What a release writes. Fragments go.
_WRITTEN = (*_NAMING, "CHANGELOG.rst", "changelogs", "tests/unit/public_names.txt")
# What a version may bring, by the sections of its fragments. "add object.playbook" and its like name what is new, too.
_BREAKING = {"breaking_changes", "removed_features"}
_NEW = {"major_changes", "minor_changes", "deprecated_features"}


def rehearse(log):
    """Do everything of a release but the commits, in a copy of the tree. A tree that is a release is checked as it is."""
    environments.dev(log)
    version, is_made = rehearsed(_named(), _last(), _sections(ROOT / "changelogs/fragments"))
    if is_made:
        _check(log, tree.copy("release"), version, REHEARSED)
    else:
        _make(log, version, REHEARSED)


def rehearsed(named, last, sections):
    """The version that a tree is to be rehearsed as, and whether it is that release already. Pure.

    named: the version in galaxy.yml; last: the last one of the changelog, or None; sections: those of the fragments.
    """
    version, dash, _dev = named.partition("-")
    if last is None or _numbers(version) > _numbers(last):
        return version, False
    if version == last and not dash and not sections:
        return version, True
    raise Failed(f"{last} is released, and galaxy.yml names {named}: write {following(last)}-dev there and into {artifact.GUARD}")


def make(log, version):
    """Make a release in the tree: a commit with an annotated tag, one that names the next version, and .cache/released."""
    environments.dev(log)
    _refuse(log, version)
    before = _git(log, ROOT, "rev-parse", "HEAD")
    copy, archive, message = _make(log, version, RELEASED)
    if tree.uncommitted() or _git(log, ROOT, "rev-parse", "HEAD") != before:
        raise Failed("the tree was changed while the release was tried out, so it was left alone; the same command again")
    tag(log, version, commit(log, copy, version), message)
    archive = archive.relative_to(ROOT)
    log.say(f"\n{version} is committed and tagged, and main goes on as {following(version)}-dev. Look at both (git show {version}), "
            "then:\n    git push --atomic --follow-tags origin main\n"
            "The workflow Release tests it once more and publishes it. Only where it has no token for Galaxy, by hand:\n"
            f"    ansible-galaxy collection publish {archive}")


def commit(log, copy, version, root=ROOT):
    """Commit what a release has changed in a copy, and then the next version; all of it or nothing. Returns the first commit."""
    before = _git(log, root, "rev-parse", "HEAD")
    try:
        for name in _WRITTEN:
            source, target = copy / name, root / name
            if source.is_dir():
                shutil.rmtree(target)
                shutil.copytree(source, target, ignore=shutil.ignore_patterns(".plugin-cache.yaml"))
            else:
                shutil.copy2(source, target)
        released = _commit_paths(log, root, _WRITTEN, f"Release {version}")
        name_version(root, f"{following(version)}-dev")
        _commit_paths(log, root, _NAMING, f"Name {following(version)}-dev, which comes after {version}")
    except BaseException:
        log.say(f"No release: everything as it was at {before}.")
        _git(log, root, "reset", "--quiet", before)
        _git(log, root, "clean", "--force", "-d", "--quiet", "--", *_WRITTEN)
        _git(log, root, "checkout", "--quiet", "--", *_git(log, root, "ls-files", "--", *_WRITTEN).split("\n"))
        raise
    return released


def tag(log, version, released, message, root=ROOT):
    """Tag a commit as a release. message: a file."""
    words = ["tag", "--annotate", "--cleanup=whitespace", f"--file={message}", version, released]
    try:
        _git(log, root, *words)
    except Failed as error:
        raise Failed(f"{version} is committed and lacks its tag only ({error}). Once git can: git {' '.join(words)}") from error


def name_version(root, version):
    """Write a version into all files of a tree that name it."""
    for name, (before, after) in _NAMING.items():
        line = re.compile(f"^{re.escape(before)}.*{re.escape(after)}$", re.MULTILINE)
        text, times = line.subn(before + version + after, (root / name).read_text(encoding="utf-8"))
        if times != 1:
            raise Failed(f"{name} has not exactly one line with the version, {before}…{after}, but {times}")
        (root / name).write_text(text, encoding="utf-8")


def following(version):
    """The version that is expected after one: of fixes, whoever needs one names it in galaxy.yml. Pure."""
    return next_versions(version)[1]


def next_versions(version):
    """Those that semantic versioning knows after one: with fixes, with something new, with something gone. Pure."""
    major, minor, patch = _numbers(version)
    return [f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0"]


def problems(version, named, last, sections, branch, changed, tags):
    """Why a version cannot be released now. Pure.

    named: the version in galaxy.yml; last: the version before, or None; sections: those of the fragments; changed: files that
    are not committed. What is new without a fragment is refused by the list of public names.
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
    elif "release_summary" not in sections:
        found.append("no fragment in changelogs/fragments has a release_summary, with which changelog and tag begin")
    breaking = sections & _BREAKING
    new = sections & _NEW | {section for section in sections if section.startswith("add ")}
    prepared, dash, _dev = named.partition("-")
    if last is not None and _numbers(version) <= _numbers(last):
        found.append(f"{version} is not after {last}")
    elif dash and version != prepared:
        found.append(f"galaxy.yml names {named}, so the next release is {prepared}; for another, write {version}-dev there and "
                     f"into {artifact.GUARD} first")
    elif last is not None and version not in next_versions(last):
        found.append(f"after {last} comes {' or '.join(next_versions(last))}")
    elif last is not None and breaking and _numbers(version)[0] == _numbers(last)[0]:
        found.append(f"{', '.join(sorted(breaking))} need another major version than that of {last}")
    elif last is not None and new and _numbers(version)[:2] == _numbers(last)[:2]:
        found.append(f"{', '.join(sorted(new))} need another minor version than that of {last}")
    return found


def tag_message(version, changes):
    """The text of a tag. changes: those of the version in changelogs/changelog.yaml."""
    counted = [f"{section.replace('_', ' ')}: {len(changes[section])}" for section in
               ("major_changes", "minor_changes", "breaking_changes", "deprecated_features", "removed_features",
                "security_fixes", "bugfixes", "known_issues") if changes.get(section)]
    summary = changes.get("release_summary", "").strip()
    counts = f"CHANGELOG.rst has {', '.join(counted)}." if counted else ""
    return "\n\n".join(filter(None, [f"{NAME} {version}", summary, counts])) + "\n"


def changes_of(releases, version):
    """{section: list of texts} of a version; empty where there was no fragment yet, as in a rehearsal after a release. Pure."""
    return releases[version].get("changes") or {}


def _make(log, version, output):
    """Make the release in a copy, and check its artifact; (the copy, the artifact, a file with the tag's message)."""
    venv = environments.dev(log)
    copy = tree.copy("release")
    # Left by the last time; the copy only follows what the tree has.
    (copy / "CHANGELOG.rst").unlink(missing_ok=True)
    run(log, [venv / "bin/python", "-m", "tests.support.public_names", version, copy], seconds=2 * MINUTE)
    name_version(copy, version)
    run(log, ["antsibull-changelog", "release", "--version", version], seconds=5 * MINUTE, cwd=copy, env=environment(venv))
    return copy, *_check(log, copy, version, output)


def _check(log, copy, version, output):
    """Build and check the artifact of a release that is made in a copy; (the artifact, a file with the tag's message)."""
    changes = changes_of(_releases(copy), version)
    archive = artifact.build(log, output, copy)
    others = {name: named for name, named in artifact.named_versions(archive).items() if named != version}
    if archive.name != f"virtshare-storage-{version}.tar.gz" or others:
        raise Failed(f"the artifact of {version} is called {archive.name}, and other versions are named in {others or 'no file'}")
    artifact.check(log, archive)
    message = output / "tag-message"
    message.write_text(tag_message(version, changes), encoding="utf-8")
    log.say(message.read_text(encoding="utf-8"))
    return archive, message


def _refuse(log, version):
    branch, tags = (_git(log, ROOT, *words).split() for words in (["branch", "--show-current"], ["tag"]))
    sections = _sections(ROOT / "changelogs/fragments")
    found = problems(version, _named(), _last(), sections, "".join(branch) or "none", tree.uncommitted(), tags)
    try:
        for who in ("AUTHOR", "COMMITTER"):
            _git(log, ROOT, "var", f"GIT_{who}_IDENT")
    except Failed:
        found.append("git does not know who commits: git config user.name and user.email")
    if found:
        raise Failed("; ".join(found))


def _commit_paths(log, root, paths, message):
    """Commit some paths and nothing else, and return the commit."""
    _git(log, root, "add", "--all", "--", *paths)
    _git(log, root, "commit", "--quiet", f"--message={message}", "--", *paths)
    return _git(log, root, "rev-parse", "HEAD")


def _git(log, root, *words):
    return run(log, ["git", *words], seconds=MINUTE, cwd=root).strip()


def _sections(fragments):
    """The names of all sections in a directory of fragments."""
    # The extensions that antsibull-changelog reads. Git keeps no directory that a release has emptied.
    found = [path for path in fragments.glob("*") if path.suffix in (".yml", ".yaml") and not path.name.startswith(".")]
    return set().union(*(_yaml(path) or {} for path in found))


def _named():
    """The version in galaxy.yml."""
    return _yaml(ROOT / "galaxy.yml")["version"]


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
