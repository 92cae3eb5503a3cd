# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitoring of hosts: what the probes of the driver dummy say, every so often. All other drivers say nothing."""

import threading
import time

from . import text
from .host import OFFLINE

DRIVER = "dummy"
# A probe of such a host ends with an error.
FAILING = "bad"
FOUND = {
    "ARCH": "x86_64", "HYPERVISOR": DRIVER, "TOTALCPU": "800", "TOTALMEMORY": "16777216", "VERSION": "7.5.80",
}
_FREE = (("FREE_CPU", "700"), ("FREE_MEMORY", "15000000"), ("USED_CPU", "100"), ("USED_MEMORY", "1777216"))


class Monitoring:
    """period: seconds between two probes of a host, counted anew from every change of it; 0 for no monitoring."""

    def __init__(self, oned, period):
        self._oned = oned
        self._period = period
        self._timers = {}
        # {id of a host: [time of a probe that found something, ...]}
        self._times = {}

    def expect(self, host_id):
        """The next probe of a host comes a period from now."""
        if self._period:
            self._in(self._period, self._probe, host_id)

    def _in(self, seconds, action, host_id):
        self.forget(host_id, history=False)
        timer = threading.Timer(seconds, action, [host_id])
        timer.daemon = True
        self._timers[host_id] = timer
        timer.start()

    def forget(self, host_id, history=True):
        timer = self._timers.pop(host_id, None)
        if timer is not None:
            timer.cancel()
        if history:
            self._times.pop(host_id, None)

    def close(self):
        for host_id in list(self._timers):
            self.forget(host_id)

    def _probe(self, host_id):
        """What a host is. What it has free is told a little later."""
        oned = self._oned
        with oned.lock:
            host = self._looked_at(host_id)
            if host is None:
                return
            if host.name.startswith(FAILING):
                host.not_monitored("", oned)
            else:
                host.monitored(dict(FOUND, HOSTNAME=host.name), oned)
            host.previous_state = host.state
            oned.hosts.update(host)
            self._in(self._period / 2, self._measure, host_id)

    def _measure(self, host_id):
        with self._oned.lock:
            host = self._looked_at(host_id)
            if host is None:
                return
            if not host.name.startswith(FAILING):
                self._times.setdefault(host_id, []).append(int(time.time()))
            self._in(self._period / 2, self._probe, host_id)

    def _looked_at(self, host_id):
        """The host if its driver looks at it now, or None."""
        host = self._oned.hosts.get(host_id)
        if host is None or host_id not in self._timers or host.im_mad != DRIVER or host.state == OFFLINE:
            return None
        return host

    def last_xml(self, host_id):
        """As the body of one host ends."""
        times = self._times.get(host_id)
        return _record(host_id, times[-1]) if times else "<MONITORING/>"

    def xml(self, host_ids, seconds=-1):
        """seconds: 0 for the last record only, -1 for all, otherwise for those that are not older."""
        records = ""
        for host_id in host_ids:
            times = self._times.get(host_id, [])
            if seconds == 0:
                times = times[-1:]
            elif seconds > 0:
                times = [at for at in times if at > time.time() - seconds]
            records += "".join(_record(host_id, at) for at in times)
        return text.element("MONITORING_DATA", records)


def _record(host_id, at):
    capacity = "".join(text.element(name, text.cdata(value)) for name, value in _FREE)
    return text.element(
        "MONITORING",
        text.element("TIMESTAMP", at) + text.element("ID", host_id) + text.element("CAPACITY", capacity)
        + "<SYSTEM></SYSTEM>",
    )
