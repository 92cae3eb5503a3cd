# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole converged site: 8 hosts with 20 shares, published to OpenNebula, against tasks and loops, and against doing nothing.

The hosts are those of the lab, the platform is the simulator. Before anything is timed each side brings the hosts to the
declared state from nothing, and both have to leave the same; a timed play changes nothing. Mitogen is measured on the
other side alone, in an environment of its own; ours runs there, too, without it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.bench import datastores, mounts
from tests.bench.hosts import HOSTS, SERVER, SHARED, everywhere, ready
from tests.bench.mounts import posix
from tests.bench.playbooks import Timed, timed
from tests.bench.results import BenchFailed, Row
from tests.bench.sides import measure as measure_sides
from tests.bench.site import mitogen
from tests.lab import Lab, LabError
from tests.support.playbook import ROOT

HERE = Path(__file__).resolve().parent
SHARES = 20
VERSION = "4.2"
ACCESS = {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"]}

OURS, ROLES, FLOOR = "ours", "roles", "floor"
MITOGEN = "-with-mitogen"
# Ours in Mitogen's environment, where both sides have one and the same ansible-core.
OURS_THERE = "ours-beside-mitogen"
PLAYBOOKS = {
    OURS: [ROOT / "playbooks/site.yml"],
    ROLES: [HERE / "roles.yml", datastores.HERE / "list_once.yml"],
    FLOOR: [mounts.HERE / "floor.yml"],
}
# row -> (ours, theirs, how many times as long as ours theirs has to take)
SIDES = {
    "site-converged-vs-floor": (OURS, FLOOR, round(1 / 6, 3)),
    "site-converged-vs-roles-people-write": (OURS, ROLES, 3),
    f"site-converged-vs-floor{MITOGEN}": (OURS_THERE, FLOOR + MITOGEN, None),
    f"site-converged-vs-roles{MITOGEN}": (OURS_THERE, ROLES + MITOGEN, None),
}
ROWS = tuple(SIDES)


def measure(runs: int, asked=ROWS) -> list[Row]:
    """The asked rows; BenchFailed when a package cannot be had, or the sides do not leave the same."""
    collections, posix_version = posix.fetched()
    sides = list(dict.fromkeys(side for row in asked for side in SIDES[row][:2]))
    try:
        with tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
            site = Site(SHARED.lab(), Path(directory), collections)
            try:
                site.converge()
                outcomes = measure_sides(sides, runs, site.measure)
                site.require_reference("what was timed")
            finally:
                site.stop()
    except LabError as error:
        raise BenchFailed(f"the lab: {error}") from error
    return rows(outcomes, asked, ansible_posix=posix_version)


def rows(outcomes: dict[str, list[Timed]], asked=ROWS, **more) -> list[Row]:
    """outcomes: side -> one play a run; more: what else is to be kept with every row."""
    found = []
    for name in asked:
        ours, theirs, target = SIDES[name]
        facts: dict = {"ours_executions": executions(outcomes[ours][-1]), "theirs_executions": executions(outcomes[theirs][-1])}
        if MITOGEN in name:
            facts |= mitogen.versions()
        seconds = {side: [play.seconds for play in outcomes[side]] for side in (ours, theirs)}
        found.append(Row(name, seconds[ours], seconds[theirs], target, {**facts, **more}))
    return found


def executions(play: Timed) -> int:
    """Module executions a hypervisor, the most there are."""
    return max(len(play.run.executions.get(host, [])) for host in HOSTS)


def declared() -> dict:
    """The variables of all sides: what is declared of datastores, and the shares that lie under them."""
    platform = datastores.declared(SHARES)
    return {
        **platform,
        "virtshare_shares": [
            {"path": image["path"], "type": "nfs", "source": f"{SERVER}:/export/site-{image['name']}",
             "options": {"vers": VERSION}, "access": ACCESS}
            for image in platform["filesystems"]
        ],
        "mount_options": f"rw,vers={VERSION},_netdev,nofail",
        "opennebula_storage_datastores": platform["datastores"],
        "opennebula_storage_filesystems": platform["filesystems"],
        "virtshare_publisher": "frontend",
    }


EXPORT = "".join(f"mkdir -p {share['source'].partition(':')[2]}\n" for share in declared()["virtshare_shares"]) + """
for each in /export/* ; do echo "$each *(rw,sync,no_subtree_check,no_root_squash)" ; done > /etc/exports
exportfs -ra
"""
# Takes away what a side left in the exports.
RESET_EXPORTS = "chown root:root /export/site-* && chmod 0755 /export/site-*"
# What a site has before: OpenNebula's user, with the number that its packages give it.
ONEADMIN = """
getent group oneadmin > /dev/null || groupadd --system --gid 9869 oneadmin
id oneadmin > /dev/null 2>&1 || useradd --system --uid 9869 --gid oneadmin --groups kvm --home-dir /var/lib/one oneadmin
"""
RESET_IDS = "sed -i /^oneadmin:/d /etc/subuid /etc/subgid"
ACCESS_OF = f"stat --format '%n %U:%G %a' {mounts.SHARE_ROOT}/* ; grep -h ^oneadmin: /etc/subuid /etc/subgid"


class Site:
    """The lab's hosts, the simulated front end, what is declared for both, and the plays on them."""

    def __init__(self, lab: Lab, directory: Path, collections: Path):
        self._lab = lab
        self._server = datastores.Server(directory, SHARES)
        hosts = directory / "hosts.yml"
        hosts.write_text(lab.inventory(), encoding="utf-8")
        self._inventories = [hosts, self._server.inventory]
        self._variables = directory / "site.json"
        self._variables.write_text(json.dumps(declared()), encoding="utf-8")
        self._environment = {**self._server.environment, "ANSIBLE_COLLECTIONS_PATH": str(collections)}
        self._reference: dict | None = None
        lab.ssh(SERVER, EXPORT)
        everywhere(lab, mounts.INSTALL)
        everywhere(lab, ONEADMIN)

    def stop(self):
        """End the simulated front end, and leave the hosts without the shares."""
        self._server.stop()
        self._reset_hosts()

    def converge(self):
        """Bring everything to the declared state from nothing by either side; BenchFailed when the states differ.

        Ours comes last: it leaves the others nothing to change, while their directories under the mounts are anybody's.
        """
        for side in (ROLES, OURS):
            self._reset_hosts()
            self._server.empty()
            self._play(side)
            self.require_reference(side)

    def measure(self, side: str) -> Timed:
        """A play that finds everything as it is to be; BenchFailed when it changes something."""
        play = self._play(side)
        if play.run.changes:
            raise BenchFailed(f"the second run of {side} is not without change: {play.run.changes}")
        return play

    def require_reference(self, side: str):
        """BenchFailed when hosts and server are not as the first side left them, or do not have every share."""
        self._server.require_complete(side)
        state = self._state()
        incomplete = [host for host in HOSTS if len(state[host]["mounts"]) != SHARES]
        if incomplete:
            raise BenchFailed(f"{side} does not mount {SHARES} shares on {', '.join(incomplete)}")
        self._reference = self._reference or state
        if state != self._reference:
            raise BenchFailed(f"{side} leaves something else than the side before it: "
                              f"{mounts.first_difference(self._reference, state)}")

    def _play(self, side: str) -> Timed:
        ready(self._lab)
        environment, python = self._environment, Path(sys.executable)
        if side == OURS_THERE or side.endswith(MITOGEN):
            python = mitogen.PYTHON
            environment = {**environment, **mitogen.environment(used=side != OURS_THERE)}
        name = OURS if side == OURS_THERE else side.removesuffix(MITOGEN)
        play = timed(*PLAYBOOKS[name], inventories=self._inventories, environment=environment, python=python,
                     arguments=["--extra-vars", f"@{self._variables}"])
        print(f"    {side}: {play.seconds:.1f} s", flush=True)
        return play

    def _reset_hosts(self):
        everywhere(self._lab, mounts.RESET)
        everywhere(self._lab, RESET_IDS)
        self._lab.ssh(SERVER, RESET_EXPORTS)

    def _state(self) -> dict:
        access = everywhere(self._lab, ACCESS_OF)
        found = {host: {**mounts.seen(text), "access": access[host].splitlines()}
                 for host, text in everywhere(self._lab, mounts.LOOK).items()}
        return {**found, "server": {str(key): value for key, value in self._server.state().items()}}
