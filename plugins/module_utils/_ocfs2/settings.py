# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""o2cb's settings: the file that its service reads, what the kernel has, and what may be declared. Pure.

Source: o2cb.sysconfig(5) and o2cb.init of ocfs2-tools. Hosts with different values refuse each other's connection
(fs/ocfs2/cluster/tcp.c, o2net_check_handshake), so all of them belong to the cluster and not to a host.
"""

import collections
import re

from .._plan.plan import Refusal

# Where the service looks, in its order (o2cb.init).
PATHS = ("/etc/sysconfig/o2cb", "/etc/default/o2cb")

Setting = collections.namedtuple("Setting", "name variable attribute minimum default meaning")
Setting.__doc__ = """name: as declared. variable: in the service's file. attribute: below the cluster in configfs."""

SETTINGS = (
    Setting("heartbeat_threshold", "O2CB_HEARTBEAT_THRESHOLD", "heartbeat/dead_threshold", 7, 31,
            "heartbeats of two seconds that a host may miss before it counts as dead"),
    Setting("idle_timeout_ms", "O2CB_IDLE_TIMEOUT_MS", "idle_timeout_ms", 5000, 30000,
            "milliseconds without a packet before a connection counts as dead"),
    Setting("keepalive_delay_ms", "O2CB_KEEPALIVE_DELAY_MS", "keepalive_delay_ms", 1000, 2000,
            "milliseconds without a packet before a keepalive is sent"),
    Setting("reconnect_delay_ms", "O2CB_RECONNECT_DELAY_MS", "reconnect_delay_ms", 2000, 2000,
            "milliseconds between attempts to connect"),
)
STACK = "o2cb"

# What systemd is told about the service beyond its own file.
DROP_IN = "/etc/systemd/system/o2cb.service.d/virtshare.conf"
_DROP_IN = """\
# Kept by virtshare.storage. The service as it comes does not wait for the host's address, and without that the kernel
# refuses the host as a member: at boot no cluster would run, and no volume be mounted.
[Unit]
Wants=network-online.target
After=network-online.target

[Service]
ExecStartPre=/bin/sh -c 'for i in $$(seq 60); do ip -4 -o address | grep -qF " %s/" && exit 0; sleep 1; done; exit 1'
"""


def checked(values):
    """The declared settings, {name: int}, or a Refusal."""
    for setting in SETTINGS:
        if values[setting.name] < setting.minimum:
            raise Refusal("%s is %d, and o2cb takes no less than %d (%s; the default is %d). Write %d or more." % (
                setting.name, values[setting.name], setting.minimum, setting.meaning, setting.default,
                setting.minimum))
    if values["keepalive_delay_ms"] >= values["idle_timeout_ms"]:
        raise Refusal(
            "keepalive_delay_ms is %d and idle_timeout_ms is %d: a connection would count as dead before its first "
            "keepalive is sent. Write a keepalive delay below the idle timeout." % (
                values["keepalive_delay_ms"], values["idle_timeout_ms"]))
    return {setting.name: values[setting.name] for setting in SETTINGS}


def variables(cluster, values):
    """[(variable, value)] that the service's file is to have, as text."""
    return [("O2CB_ENABLED", "true"), ("O2CB_STACK", STACK), ("O2CB_BOOTCLUSTER", cluster)] + [
        (setting.variable, str(values[setting.name])) for setting in SETTINGS]


def drop_in(address):
    """The text of DROP_IN for a host that talks to the others by this address."""
    return _DROP_IN % address


def parse(text):
    """{variable: value} of the file, which a shell reads: the last assignment counts."""
    result = {}
    for line in text.splitlines():
        match = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$", line)
        if match:
            result[match.group(1)] = _unquoted(match.group(2))
    return result


def with_variables(text, pairs):
    """The text in which every (variable, value) is assigned once; other lines stay as they are."""
    wanted = collections.OrderedDict(pairs)
    result, done = [], set()
    for line in text.splitlines():
        match = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)=", line)
        name = match.group(1) if match else None
        if name not in wanted:
            result.append(line)
        elif name not in done:
            done.add(name)
            result.append("%s=%s" % (name, wanted[name]))
    result.extend("%s=%s" % pair for pair in wanted.items() if pair[0] not in done)
    return "".join(line + "\n" for line in result)


def differences(live, values):
    """[(Setting, live value, declared value)] of what the kernel has otherwise; what it does not show is no difference.

    live: {name: int or None}.
    """
    return [(setting, live[setting.name], values[setting.name]) for setting in SETTINGS
            if live.get(setting.name) is not None and live[setting.name] != values[setting.name]]


def _unquoted(text):
    match = re.match(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s#;]*))""", text)
    return next((group for group in match.groups() if group is not None), "")
