# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts of the lab's hosts."""

import shlex


def until_answered(lab, hosts, path):
    """Wait until these hosts get answers at a mount of a server that was away.

    Their clients ask it again after pauses that grow, up to minutes: by themselves they may notice it later than a
    test's next run does.
    """
    for host in hosts:
        lab.ssh(host, f"timeout 290 stat --file-system {shlex.quote(path)}", timeout=300)
