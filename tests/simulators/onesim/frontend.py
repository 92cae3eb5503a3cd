# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front end's file system, and what the virtiofs driver's scripts make of it."""

import fnmatch
import posixpath
import re

from . import configuration

_ALWAYS_THERE = ("/", "/etc", "/home", "/opt", "/srv", "/tmp", "/usr", "/var", "/var/lib", "/var/lib/one", "/var/tmp")


class FrontEnd:
    """The paths that exist there: the given ones, the directories above them, and what every system has."""

    def __init__(self, directories=(), files=()):
        self._directories = set(_ALWAYS_THERE)
        self._files = {posixpath.normpath(path) for path in files}
        for path in directories:
            self._add(posixpath.normpath(path))
        for path in self._files:
            self._add(posixpath.dirname(path))

    def _add(self, path):
        while path not in self._directories:
            self._directories.add(path)
            path = posixpath.dirname(path)

    def add_directory(self, path):
        self._add(posixpath.normpath(path))

    def is_directory(self, path):
        return path.startswith("/") and posixpath.normpath(path).replace("//", "/", 1) in self._directories

    def megabytes(self, path):
        """What the driver's stat script prints: 0 for what is not a directory."""
        return 1 if self.is_directory(path) else 0

    def _resolved(self, path):
        """readlink -f: empty where a directory above the path is missing."""
        if not path.startswith("/"):
            return ""
        path = posixpath.normpath(path).replace("//", "/", 1)
        return path if self.is_directory(posixpath.dirname(path)) else ""

    def _expanded(self, word):
        """What the shell makes of a word with wildcards: the paths that fit, or the word itself."""
        if not any(character in word for character in "*?["):
            return [word]
        wanted = word.split("/")
        fitting = []
        for path in sorted(self._directories | self._files):
            parts = path.split("/")
            if len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted)):
                fitting.append(path)
        return fitting or [word]

    def _is_below(self, path, words):
        """Whether the path begins with one of the words, which the script hands to grep as patterns."""
        resolved = self._resolved(path)
        for word in [expanded for given in words for expanded in self._expanded(given)]:
            try:
                if resolved and re.search("^" + word, resolved):
                    return True
            except re.error:
                continue
        return False

    def register(self, path, safe_dirs, restricted_dirs):
        """The cp script: (True, "SOURCE FORMAT") or (False, message).

        The shell splits the path at blanks: only its first word is checked, and becomes the source.
        """
        if not self.is_directory(path):
            return False, "The provided path '%s' is not a directory" % path
        words = path.split()
        checked = words[0] if words else ""
        restricted = list(configuration.ALWAYS_RESTRICTED_DIRECTORIES) + restricted_dirs.split()
        if not self._is_below(checked, safe_dirs.split()) and self._is_below(checked, restricted):
            return False, "Not allowed to use directory '%s', check RESTRICTED_DIRS in your datastore" % path
        return True, "%s dir" % path
