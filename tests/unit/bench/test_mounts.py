# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mounts bench compares, and how it makes rows of plays."""

import types

import pytest

from tests.bench import mounts
from tests.bench.mounts import Play, first_difference, rows, seen
from tests.bench.playbooks import Timed
from tests.bench.results import BenchFailed

LOOKED = """\
nas1:/export/share00 /srv/shares/share00 nfs4 rw,vers=4.2,clientaddr=10.0.0.1,hard,addr=10.0.0.9 0 0
fstab:
nas1:/export/share00 /srv/shares/share00 nfs rw,vers=4.2,_netdev,nofail 0 0
"""


def test_what_a_host_has_is_compared_without_what_tells_clients_apart():
    assert seen(LOOKED) == {
        "mounts": {"/srv/shares/share00": [("nas1:/export/share00", "nfs4", ["hard", "rw", "vers=4.2"])]},
        "fstab": {"/srv/shares/share00": [("nas1:/export/share00", "nfs", ["_netdev", "nofail", "rw", "vers=4.2"])]},
    }


def test_a_second_mount_over_the_first_is_seen():
    twice = LOOKED.replace("nas1:/export/share00 /srv/shares/share00 nfs4", "nas1:/a /srv/shares/share00 nfs4", 1)
    both = seen(twice.partition("\n")[0] + "\n" + LOOKED)["mounts"]["/srv/shares/share00"]
    assert [source for source, _type, _options in both] == ["nas1:/a", "nas1:/export/share00"]


def test_a_host_without_any_mount_has_none():
    recorded = LOOKED[LOOKED.index("fstab:"):]
    assert seen(recorded)["mounts"] == {} and len(seen(recorded)["fstab"]) == 1
    assert seen("fstab:\n") == {"mounts": {}, "fstab": {}}


def test_the_first_difference_is_named_with_its_place():
    assert first_difference({"hv1": {"fstab": {"/a": 1}}}, {"hv1": {"fstab": {"/a": 2}}}) == "hv1: fstab: /a: 2 instead of 1"
    assert first_difference({"hv1": 1}, {}) == "hv1: None instead of 1"


def play(seconds, executions=8, mended=True):
    return Play(Timed(seconds, executions, None), mended)


def run(seconds, **more):
    return {phase: play(seconds, **more) for phase in mounts.PHASES}


def test_every_row_has_its_sides_executions_and_who_mends():
    made = {row.name: row for row in rows({
        mounts.OURS: [run(2), run(3)],
        mounts.LOOP: [run(40, executions=328), run(60, executions=328, mended=False)],
        mounts.FLOOR: [{mounts.CONVERGED: play(4, 16)}, {mounts.CONVERGED: play(4, 16)}],
    }, "2.2.0")}
    assert set(made) == set(mounts.ROWS)
    converged, floor = made["mounts-converged-vs-loop"], made["mounts-converged-vs-floor"]
    assert (converged.ratio, converged.target) == (20, 14) and not converged.missed
    assert converged.more == {"ours_executions": 1, "theirs_executions": 41, "ansible_posix": "2.2.0"}
    assert (floor.ratio, floor.missed, floor.more["theirs_executions"]) == (1.6, False, 2)
    assert made["mounts-changed-source-vs-loop"].more["theirs_mends"] is False
    assert made["mounts-drift-vs-loop"].more["ours_mends"] is True
    assert made["mounts-first-vs-loop"].target is None


def test_a_row_has_the_runs_in_which_it_was_measured():
    outcomes = {side: [run(2), {mounts.CONVERGED: play(4)}] for side in (mounts.OURS, mounts.LOOP, mounts.FLOOR)}
    made = {row.name: row for row in rows(outcomes, "2.2.0")}
    assert made["mounts-converged-vs-loop"].ours == made["mounts-converged-vs-floor"].theirs == [2, 4]
    assert made["mounts-first-vs-loop"].ours == [2]


def test_more_than_nineteen_twentieths_of_the_floor_count_as_missed():
    outcomes = {side: [run(seconds)] for side, seconds in ((mounts.OURS, 1.91), (mounts.LOOP, 99), (mounts.FLOOR, 2))}
    missed = {row.name for row in rows(outcomes, "2.2.0") if row.missed}
    assert missed == {"mounts-converged-vs-floor"}


def test_the_broken_share_is_one_of_the_declared():
    assert mounts.BROKEN in [share["path"] for share in mounts.declared()] and len(mounts.declared()) == mounts.SHARES
    assert mounts.ELSEWHERE not in [share["source"] for share in mounts.declared()]


class Lab:
    """Hosts that are as the last play, or the hand that broke them, left them."""

    def __init__(self):
        self.mounted = {host: {} for host in mounts.HOSTS}

    def inventory(self):
        return "all: {}\n"

    def ssh(self, host, command, **_settings):
        declared = {share["path"]: share["source"] for share in mounts.declared()}
        output = ""
        if command == mounts.RESET:
            self.mounted[host] = {}
        elif command == mounts.LOOK:
            live = [f"{source} {path} nfs4 rw 0 0\n" for path, source in self.mounted[host].items()]
            recorded = [f"{source} {path} nfs rw 0 0\n" for path, source in declared.items()]
            output = "".join(live) + f"{mounts.FSTAB}\n" + "".join(recorded)
        elif command.startswith(f"umount {mounts.BROKEN}"):
            del self.mounted[host][mounts.BROKEN]
            if " mount " in command:
                self.mounted[host][mounts.BROKEN] = (
                    mounts.ELSEWHERE if mounts.ELSEWHERE in command else declared[mounts.BROKEN])
        else:
            assert command in (mounts.EXPORT, mounts.INSTALL, "udevadm settle"), command
        return types.SimpleNamespace(stdout=output)

    def play(self, playbook, *, arguments, **_settings):
        """Ours looks at what is mounted, the loop only at whether anything is."""
        changes = set()
        for host, live in self.mounted.items():
            for share in mounts.declared():
                path, source = share["path"], share["source"]
                if path not in live or (playbook.stem == mounts.OURS and live[path] != source):
                    assert "--check" not in arguments
                    live[path] = source
                    changes.add((host, path))
        return Timed(1.0, len(mounts.HOSTS), types.SimpleNamespace(changes=changes))


def site(lab, tmp_path, monkeypatch, play=None, **more):
    monkeypatch.setattr(mounts, "timed", play or lab.play)
    return mounts.Site(lab, tmp_path, tmp_path, **more)


def test_only_what_the_asked_rows_need_is_played(tmp_path, monkeypatch):
    assert mounts.phases_of(["mounts-converged-vs-floor"]) == {mounts.CONVERGED}
    assert mounts.phases_of(mounts.ROWS) == set(mounts.PHASES)
    drift = {mounts.CONVERGED, mounts.DRIFT}
    assert mounts.phases_of(["mounts-drift-vs-loop"]) == drift
    converged = site(Lab(), tmp_path, monkeypatch, phases={mounts.CONVERGED})
    outcomes = {side: [converged.measure(side)] for side in (mounts.OURS, mounts.LOOP, mounts.FLOOR)}
    assert {row.name for row in rows(outcomes, "2.2.0")} == {"mounts-converged-vs-loop", "mounts-converged-vs-floor"}
    assert set(site(Lab(), tmp_path, monkeypatch, phases=drift).measure(mounts.OURS)) == drift | {mounts.FIRST}


def test_a_side_goes_through_all_phases_and_it_is_seen_what_it_mends(tmp_path, monkeypatch):
    lab = Lab()
    bench = site(lab, tmp_path, monkeypatch)
    ours, loop = bench.measure(mounts.OURS), bench.measure(mounts.LOOP)
    assert tuple(ours) == tuple(loop) == mounts.PHASES
    assert [ours[phase].mended for phase in (mounts.DRIFT, mounts.SOURCE)] == [True, True]
    assert [loop[phase].mended for phase in (mounts.DRIFT, mounts.SOURCE)] == [True, False]
    for side in (mounts.LOOP, mounts.OURS, mounts.FLOOR):
        assert set(bench.measure(side)) == {mounts.CONVERGED}


def test_a_second_run_that_changes_something_fails_the_bench(tmp_path, monkeypatch):
    lab = Lab()

    def restless(*playbook, **settings):
        lab.play(*playbook, **settings)
        return Timed(1.0, 8, types.SimpleNamespace(changes={("hv1", "Mount the shares")}))

    with pytest.raises(BenchFailed, match="the second run of ours is not without change.*hv1"):
        site(lab, tmp_path, monkeypatch, restless).measure(mounts.OURS)


def test_sides_that_leave_different_mounts_fail_the_bench(tmp_path, monkeypatch):
    lab = Lab()

    def astray(playbook, **settings):
        done = lab.play(playbook, **settings)
        if playbook.stem == mounts.LOOP:
            lab.mounted["hv3"][mounts.BROKEN] = mounts.ELSEWHERE
        return done

    bench = site(lab, tmp_path, monkeypatch, astray)
    bench.measure(mounts.OURS)
    with pytest.raises(BenchFailed, match="loop leaves something else.*hv3: mounts: .*elsewhere"):
        bench.measure(mounts.LOOP)


def test_a_side_that_does_not_mount_everything_fails_the_bench(tmp_path, monkeypatch):
    def idle(*_playbook, **_settings):
        return Timed(1.0, 8, types.SimpleNamespace(changes=set()))

    with pytest.raises(BenchFailed, match="ours does not mount 20 shares everywhere"):
        site(Lab(), tmp_path, monkeypatch, idle).measure(mounts.OURS)
