# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guest does, and what is read from its console."""

import subprocess

from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import script

# Of a guest under Debian 13's libvirt, with the firmware's line before it.
CONSOLE = """\
\x1b[2J\x1b[01;01HSeaBIOS (version 1.16.3)\r
Booting from ROM..virtshare-proof: 2.76 alive\r
virtshare-proof: 2.80 0 mount\r
virtshare-proof: 2.83 0 mounted\r
virtshare-proof: 2.98 0 read NONCE1 \r
virtshare-proof: 3.04 0 wrote\r
virtshare-proof: 3.05 1 mount\r
virtshare-proof: 3.15 1 mounted\r
virtshare-proof: 3.20 1 failed read cat: can't open '/mnt/1/nonce': Permission denied \r
virtshare-proof: 3.27 done\r
[    3.285302] reboot: Power down\r
"""


def test_a_console_is_understood():
    seen = script.Seen(CONSOLE)
    assert (seen.alive, seen.done) == (2.76, 3.27)
    assert seen.shares[0] == {"started": 2.8, "mounted": 0.03, "read": "NONCE1", "wrote": True}
    assert seen.shares[1]["failed"] == ("read", "cat: can't open '/mnt/1/nonce': Permission denied")


def test_half_a_console_is_no_more_than_it_says():
    seen = script.Seen(CONSOLE[:CONSOLE.index("0 mounted")])
    assert (seen.alive, seen.done) == (2.76, None)
    assert seen.shares == {0: {"started": 2.8}}
    assert script.Seen("").alive is None


def test_the_tail_is_for_people():
    assert script.tail(CONSOLE, 2) == "virtshare-proof: 3.27 done | [    3.285302] reboot: Power down"
    assert script.tail("\x1b[2J\r\n") == ""


def test_the_script_is_one_that_a_shell_reads(tmp_path):
    text = script.init([{"mount_tag": "it's", "read": "a b/$(id)", "write": "c\"d", "answer": "x"},
                        {"mount_tag": "ro", "read": "n", "write": None, "answer": None}], 90.5)
    assert "sleep 90;" in text
    assert subprocess.run(["sh", "-n"], input=text.encode(), check=False).returncode == 0
    # The shell's own reading of the words that the two shares are called with.
    calls = "".join(line + "\n" for line in text.splitlines() if line.startswith("share "))
    told = subprocess.run(["sh", "-c", "share() { printf '<%s>' \"$@\"; echo; }\n" + calls], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    assert told == "<0><it's><a b/$(id)><c\"d><x><rw>\n<1><ro><n><><><ro>\n"
