# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that end in time."""

import os
import subprocess

from .bounded import bounded


def run(command, seconds):
    """(exit code, output) of a command that is killed when its time is up; TimedOut then."""
    def work():
        environment = dict(os.environ, LC_ALL="C", LANGUAGE="C")
        environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
        # run_command cannot be interrupted, and this is code without a module at hand.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = process.communicate()[0]
        return [process.returncode, output.decode("utf-8", "replace").strip()]
    code, output = bounded(work, seconds)
    return code, output
