# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test runs in place of get-pip.py, which it would download from a server of its own.

The gates put it into ansible-test's cache. Python brings a pip along; that one installs the version asked for.
"""

import runpy
import subprocess
import sys

if __name__ == "__main__":
    # In a process of its own, for it switches off the settings of pip (index, proxy, certificates) in its environment.
    subprocess.check_call([sys.executable, "-m", "ensurepip"])
    # These two are get-pip.py's own, pip does not know them.
    wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
    sys.argv = ["pip", "install"] + wanted
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
