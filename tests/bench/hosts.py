# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of the bench: eight hypervisors and a storage server, up for the first measurement that asks for them."""

from __future__ import annotations

import concurrent.futures

from tests.bench.results import BenchFailed
from tests.lab import Lab, LabError

LAB = "bench"
HOSTS = [f"hv{number}" for number in range(1, 9)]
SERVER = "nas1"


class Hosts:
    """The lab, started when it is first asked for; as a context, taken down at the end."""

    def __init__(self):
        self._lab = None

    def __enter__(self) -> Hosts:
        return self

    def __exit__(self, *_exception):
        if self._lab is not None:
            self._lab.down()
            self._lab = None

    def lab(self) -> Lab:
        """The lab, up; BenchFailed when it does not come up."""
        if self._lab is None:
            try:
                self._lab = Lab.up(LAB, [*HOSTS, f"{SERVER}:storage"], fresh=True)
            except LabError as error:
                raise BenchFailed(f"the lab: {error}") from error
        return self._lab


# Those of a run of the bench: the rows that need them share them.
SHARED = Hosts()


def everywhere(lab: Lab, command: str) -> dict[str, str]:
    """host -> what the command prints on each hypervisor, on all of them at once."""
    with concurrent.futures.ThreadPoolExecutor(len(HOSTS)) as threads:
        return dict(zip(HOSTS, threads.map(lambda host: lab.ssh(host, command, timeout=900).stdout, HOSTS)))


def ready(lab: Lab):
    """Let every play begin alike: over open connections, which end after a minute without use, and on hosts at rest.

    udev looks at each new mount (nfsrahead), some seconds longer than the play that made twenty of them.
    """
    everywhere(lab, "udevadm settle")
