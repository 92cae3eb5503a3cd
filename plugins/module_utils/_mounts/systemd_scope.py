# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts that are served by a process of the host: it has to last as long as the mount. Pure."""


def lasting(command, path):
    """The command that mounts a share, such that the process it leaves behind belongs to nobody's session.

    Started from an SSH session it would be a part of that, and systemd ends the sessions first when the host shuts
    down, or as soon as they are over (KillUserProcesses=, see logind.conf(5)): guests would lose their disks. Without
    default dependencies the scope is ended by nothing but the unmount, as that of a mount made by the boot.
    """
    return ["systemd-run", "--quiet", "--scope", "--collect", "--property=DefaultDependencies=no",
            "--description=What serves %s" % path, "--"] + command
