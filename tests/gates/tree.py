# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the working tree for tools that insist on a directory named like the collection."""

import os
import pathlib
import shutil
import subprocess

from tests.gates.process import CACHE, ROOT, Failed


def copy(name):
    """Bring .cache/<name>/ansible_collections/virtshare/storage up to date with the tree and return its path.

    What git knows or would add is copied, committed or not, and nothing else, so no cache and no left-over output.
    """
    target = CACHE / name / "ansible_collections/virtshare/storage"
    wanted = files()
    if not (target / ".git").exists():
        # A repository of its own: the outer one ignores the copy, and ansible-test would find nothing in it.
        target.mkdir(parents=True, exist_ok=True)
        _git("init", "--quiet", cwd=target)
    for path in _present(target):
        if path not in wanted:
            (target / path).unlink()
    for path in wanted:
        _refresh(ROOT / path, target / path)
    return target


def files():
    """The relative paths of all files that belong to the project, as git sees it."""
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    return {path for path in listed.split("\0") if path and os.path.lexists(ROOT / path)}


def changed(root=ROOT):
    """The relative paths of all files there that differ from the last commit, or are not in it; none before the first one."""
    try:
        differing = _git("diff", "--name-only", "--no-renames", "-z", "HEAD", cwd=root)
    except Failed:
        return set()
    new = _git("ls-files", "-z", "--others", "--exclude-standard", cwd=root)
    return {path for path in (differing + new).split("\0") if path and os.path.lexists(root / path)}


def uncommitted(root=ROOT):
    """The relative paths of all that a commit would leave behind: changed, new, staged or deleted. changed() has no deleted ones."""
    listed = _git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", cwd=root)
    return {entry[3:] for entry in listed.split("\0") if entry}


def _git(*arguments, cwd):
    try:
        return subprocess.run(
            ["git", "-c", f"safe.directory={cwd}", *arguments], cwd=cwd, capture_output=True, text=True, check=True,
        ).stdout
    except FileNotFoundError as error:
        raise Failed("git is missing: apt-get install git") from error
    except subprocess.CalledProcessError as error:
        raise Failed(f"git {arguments[0]} failed in {cwd}: {error.stderr.strip()}") from error


def _present(target):
    return {
        str((pathlib.Path(directory) / name).relative_to(target))
        for directory, dummy, names in os.walk(target) for name in names
        if ".git" not in pathlib.Path(directory).relative_to(target).parts
    }


def _refresh(source, target):
    """Copy unless size and time say that it is the same file already."""
    if target.exists() and not source.is_symlink():
        ours, theirs = source.stat(), target.stat()
        if (ours.st_size, ours.st_mtime_ns, ours.st_mode) == (theirs.st_size, theirs.st_mtime_ns, theirs.st_mode):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)
