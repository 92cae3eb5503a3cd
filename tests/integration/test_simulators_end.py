# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator ends when it is told to, whichever of its threads the kernel gives the signal to."""

import subprocess
import sys

from tests.support.playbook import ROOT

# An endpoint of which another thread takes the signal, once the first one has told the address and waits.
PROGRAM = """
import pathlib, signal, sys, threading
from tests.simulators import serving

told = threading.Event()
waiting = pathlib.Path("/proc/self/task/%d/stat" % threading.get_native_id())

class Endpoint:
    @property
    def url(self):
        told.set()
        return "nowhere"

    def start(self):
        threading.Thread(target=self.interrupted, daemon=True).start()

    def stop(self):
        print("stopped", flush=True)

    def interrupted(self):
        told.wait()
        while waiting.read_text().rpartition(")")[2].split()[0] != "S":
            pass
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

sys.exit(serving.serve("nowhere", Endpoint))
"""


def test_a_signal_that_another_thread_gets_ends_it():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "listening on nowhere\nstopped\n", "")
