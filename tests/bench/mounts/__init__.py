# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""20 NFS shares on 8 hosts: our role against loops over file and ansible.posix.mount, and against doing nothing.

The hosts are those of a lab (tests/lab). Sides take turns; each begins with nothing mounted and the NFS client
installed, and must leave the mounts and the lines of fstab that the other leaves. What is promised, the converged play,
is repeated in every run; the others take their minutes once.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.hosts import HOSTS, SERVER, SHARED, everywhere, ready
from tests.bench.mounts import posix
from tests.bench.playbooks import Timed, timed
from tests.bench.results import BenchFailed, Row
from tests.bench.sides import measure as measure_sides
from tests.lab import Lab, LabError

HERE = Path(__file__).resolve().parent
SHARES = 20
SHARE_ROOT = "/srv/shares"
VERSION = "4.2"
OPTIONS = f"rw,vers={VERSION},_netdev,nofail"

OURS, LOOP, FLOOR = "ours", "loop", "floor"
FIRST, CONVERGED, CHECK, DRIFT, SOURCE = "first", "converged", "check", "drift", "changed-source"
PHASES = (FIRST, CONVERGED, CHECK, DRIFT, SOURCE)
# How many times faster ours has to be than the loop, and at most how many times as long as the floor it may take.
CONVERGED_TARGET = 14
FLOOR_TARGET = round(1 / 0.95, 2)
ROWS = tuple(f"mounts-{phase}-vs-loop" for phase in PHASES) + ("mounts-converged-vs-floor",)


@dataclass
class Play:
    """One timed play. mended: whether the share that was broken before it is as declared after it."""

    timed: Timed
    mended: bool = True

    @property
    def executions(self) -> int:
        """Module executions a host."""
        return round(self.timed.executions / len(HOSTS))


def measure(runs: int, asked=ROWS) -> list[Row]:
    """The asked rows; BenchFailed when ansible.posix cannot be had, or the sides do not leave the same."""
    collections, version = posix.fetched()
    try:
        with tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
            site = Site(SHARED.lab(), Path(directory), collections, phases_of(asked))
            outcomes = measure_sides([OURS, LOOP, FLOOR], runs, site.measure)
    except LabError as error:
        raise BenchFailed(f"the lab: {error}") from error
    return [row for row in rows(outcomes, version) if row.name in asked]


def phases_of(asked) -> set[str]:
    """What has to be played for these rows; the converged play stands beside the floor in any case."""
    return {CONVERGED} | {phase for phase in PHASES if f"mounts-{phase}-vs-loop" in asked}


def rows(outcomes: dict[str, list], posix_version: str) -> list[Row]:
    """outcomes: side -> one {phase: Play} a run."""
    found = [
        _row(f"mounts-{phase}-vs-loop", outcomes, LOOP, phase, CONVERGED_TARGET if phase == CONVERGED else None,
             ansible_posix=posix_version)
        for phase in PHASES if any(phase in run for run in outcomes[LOOP])
    ]
    found.append(_row("mounts-converged-vs-floor", outcomes, FLOOR, CONVERGED, FLOOR_TARGET))
    return found


def _row(name, outcomes, other, phase, target, **more) -> Row:
    ours, theirs = ([run[phase] for run in outcomes[side] if phase in run] for side in (OURS, other))
    facts = {"ours_executions": ours[-1].executions, "theirs_executions": theirs[-1].executions, **more}
    if phase in (DRIFT, SOURCE):
        facts |= {"ours_mends": all(play.mended for play in ours), "theirs_mends": all(play.mended for play in theirs)}
    return Row(name, [play.timed.seconds for play in ours], [play.timed.seconds for play in theirs], target, facts)


def declared() -> list[dict]:
    """The shares, as virtshare_shares declares them."""
    return [
        {"path": f"{SHARE_ROOT}/share{number:02}", "type": "nfs", "source": f"{SERVER}:/export/share{number:02}",
         "options": {"vers": VERSION}}
        for number in range(SHARES)
    ]


# The share that is broken by hand, on the first host.
BROKEN = declared()[7]["path"]
ELSEWHERE = f"{SERVER}:/export/elsewhere"

EXPORT = f"""
for number in $(seq -w 0 {SHARES - 1}) ; do mkdir -p /export/share$number ; done
mkdir -p /export/elsewhere
for each in /export/* ; do echo "$each *(rw,sync,no_subtree_check,no_root_squash)" ; done > /etc/exports
exportfs -ra
"""

# python3-apt is what Ansible's module apt would install for itself.
PACKAGES = "apt-get -qq --yes --no-install-recommends install nfs-common python3-apt"
INSTALL = f"export DEBIAN_FRONTEND=noninteractive ; {PACKAGES} || {{ apt-get -qq update && {PACKAGES} ; }}"

# Takes away what either side leaves; the fstab of before is kept at the first call.
RESET = f"""
test -e /root/fstab.before || cp /etc/fstab /root/fstab.before
for path in $(awk '$2 ~ "^{SHARE_ROOT}/" {{print $2}}' /proc/mounts) ; do umount "$path" || exit ; done
mkdir -p {SHARE_ROOT}
for path in $(find {SHARE_ROOT} -mindepth 1 -maxdepth 1) ; do chattr -i "$path" && rmdir "$path" || exit ; done
cp /root/fstab.before /etc/fstab
systemctl daemon-reload
"""

FSTAB = "fstab:"
LOOK = f"awk '$2 ~ \"^{SHARE_ROOT}/\"' /proc/mounts ; echo {FSTAB} ; awk '$2 ~ \"^{SHARE_ROOT}/\"' /etc/fstab"


def seen(text: str) -> dict:
    """{"mounts": {path: [(source, type, options)]}, "fstab": the same} from what LOOK prints.

    An option that tells one client from another is left out.
    """
    found = {}
    for key, part in zip(("mounts", "fstab"), text.split(f"{FSTAB}\n")):
        found[key] = {}
        for source, path, fstype, options in (line.split()[:4] for line in part.splitlines()):
            kept = sorted(option for option in options.split(",") if not option.startswith(("clientaddr=", "addr=")))
            found[key].setdefault(path, []).append((source, fstype, kept))
    return found


class Site:
    """The lab's hosts, what is declared for them, and the plays on them."""

    def __init__(self, lab: Lab, directory: Path, collections: Path, phases=frozenset(PHASES)):
        self._lab = lab
        self._environment = {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
        self._inventory = directory / "hosts.yml"
        self._inventory.write_text(lab.inventory(), encoding="utf-8")
        self._variables = directory / "variables.json"
        self._variables.write_text(
            json.dumps({"virtshare_shares": declared(), "mount_options": OPTIONS}), encoding="utf-8")
        self._reference: dict | None = None
        self._phases = phases
        self._measured = set()
        lab.ssh(SERVER, EXPORT)
        # Neither side is to pay for what is installed once and for all.
        everywhere(lab, INSTALL)

    def measure(self, side: str) -> dict[str, Play]:
        """phase -> Play of one run: all phases that are asked for in the first, the converged one in every later run."""
        if side == FLOOR:
            return {CONVERGED: Play(self._play(side))}
        if side in self._measured or self._phases == {CONVERGED}:
            if side == OURS:
                # Ours comes first and leaves the loop nothing to change; the loop's directories under the mounts are
                # anybody's, which ours does not leave so.
                self._play(side)
            plays = {CONVERGED: self._without_change(side)}
            self._require_reference(side)
            return plays
        self._measured.add(side)
        self._reset()
        plays = {FIRST: Play(self._play(side))}
        self._require_reference(side)
        plays[CONVERGED] = self._without_change(side)
        if CHECK in self._phases:
            plays[CHECK] = self._without_change(side, "--check", "--diff")
        if DRIFT in self._phases:
            self._by_hand(f"umount {BROKEN}")
            plays[DRIFT] = self._mending(side)
        if SOURCE in self._phases:
            self._by_hand(f"umount {BROKEN} && mount -t nfs -o vers={VERSION} {ELSEWHERE} {BROKEN}")
            plays[SOURCE] = self._mending(side)
            if not plays[SOURCE].mended:
                self._by_hand(f"umount {BROKEN} && mount {BROKEN}")
        return plays

    def _play(self, side: str, *arguments) -> Timed:
        ready(self._lab)
        play = timed(
            HERE / f"{side}.yml", inventories=[self._inventory],
            arguments=["--extra-vars", f"@{self._variables}", *arguments], environment=self._environment,
        )
        print(f"    {' '.join([side, *arguments])}: {play.seconds:.1f} s", flush=True)
        return play

    def _without_change(self, side: str, *arguments) -> Play:
        play = self._play(side, *arguments)
        if play.run.changes:
            raise BenchFailed(f"the second run of {side} is not without change: {play.run.changes}")
        return Play(play)

    def _mending(self, side: str) -> Play:
        play = self._play(side)
        return Play(play, mended=self._state() == self._reference)

    def _require_reference(self, side: str):
        """The first side's state is what every other has to leave."""
        state = self._state()
        complete = all(len(state[host][key]) == SHARES for host in HOSTS for key in ("mounts", "fstab"))
        if not complete:
            raise BenchFailed(f"{side} does not mount {SHARES} shares everywhere: {state}")
        if self._reference is None:
            self._reference = state
        if state != self._reference:
            raise BenchFailed(f"{side} leaves something else than the side before it: "
                              f"{first_difference(self._reference, state)}")

    # -- the hosts by hand -------------------------------------------------------------------------------------------

    def _reset(self):
        everywhere(self._lab, RESET)

    def _by_hand(self, command: str):
        self._lab.ssh(HOSTS[0], command)

    def _state(self) -> dict:
        return {host: seen(text) for host, text in everywhere(self._lab, LOOK).items()}


def first_difference(one, other, where="") -> str:
    """Where two nested dicts differ first, and how."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            if one.get(key) != other.get(key):
                return first_difference(one.get(key), other.get(key), f"{where}{key}: ")
    return f"{where}{other} instead of {one}"
