# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units by which systemd runs the guard. Pure."""

SERVICE = "virtshare-guard.service"
TIMER = "virtshare-guard.timer"
_HEAD = "# Written by virtshare.storage.share_guard. Changes made here are overwritten.\n"

# No option that needs a mount namespace of its own (ProtectSystem=, PrivateTmp=, ProtectHome=, ReadOnlyPaths= and the like):
# making one touches every mount of the host, so that a dead server would hang the guard before it begins, and an automount
# would never come to rest; and in one all shares are read-only.
_SERVICE = _HEAD + """[Unit]
Description=Look at the shares of this host
ConditionPathExists=%(config)s

[Service]
Type=oneshot
ExecStart=%(interpreter)s -I %(program)s run
TimeoutStartSec=%(limit)ds
# It may be stopped at a look.
SuccessExitStatus=SIGTERM
# The guard ends its children itself. systemd would wait for one that a dead server holds in the kernel.
KillMode=process
SyslogIdentifier=virtshare-guard
# Changes of a state, and no line for every look.
SyslogLevel=notice
LogLevelMax=notice
RuntimeDirectory=virtshare
RuntimeDirectoryPreserve=yes
UMask=0022
# To try writing as the users that run guests, and to enter a share that only they may enter.
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
DevicePolicy=closed
LockPersonality=yes
ProtectClock=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
TasksMax=512
"""

_TIMER = _HEAD + """[Unit]
Description=Look at the shares of this host every %(interval)d seconds

[Timer]
OnActiveSec=1s
OnUnitActiveSec=%(interval)ds
RandomizedDelaySec=%(jitter)ds
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def service(interpreter, program, config_file, timeout):
    """The service's file. timeout: seconds that the shares have to answer."""
    return _SERVICE % {"interpreter": interpreter, "program": program, "config": config_file, "limit": timeout + 30}


def timer(interval):
    """The timer's file. interval: seconds; hosts do not ask their servers all at once."""
    return _TIMER % {"interval": interval, "jitter": max(1, interval // 10)}
