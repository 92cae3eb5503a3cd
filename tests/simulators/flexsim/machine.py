# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine the simulator runs on, where that is one of the Manager's hosts: real space, real shares."""

import os
import subprocess

SECONDS = 30


class Machine:
    """lister: a program that prints the names of the files in a CIFS share, one a line.

    It is told which by MEDIA_ADDRESS, MEDIA_PATH, MEDIA_USERNAME and MEDIA_PASSWORD in its environment.
    """

    def __init__(self, lister):
        self._lister = lister

    @staticmethod
    def space(path):
        """(size, free) in KiB of the filesystem at a path; None where there is none."""
        if not path or not os.path.isdir(path):
            return None
        found = os.statvfs(path)
        return found.f_blocks * found.f_frsize // 1024, found.f_bavail * found.f_frsize // 1024

    def files(self, media):
        """(status, words about it, names) of a media storage."""
        told = dict(("MEDIA_" + key.upper(), media[key]) for key in ("address", "path", "username", "password"))
        try:
            done = subprocess.run([self._lister], env=dict(os.environ, **told), capture_output=True, text=True,
                                  timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return "error", str(error), []
        if done.returncode:
            return "error", done.stderr.strip(), []
        return "ok", "", done.stdout.splitlines()
