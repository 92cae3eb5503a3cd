# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on real hosts: the files of tests/scenarios and Molecule's scenarios, in one queue, each with a lab of its own."""

import os
import shutil

from tests.gates import environments, times
from tests.gates.process import CACHE, ROOT, Failed, environment, run
from tests.gates.queue import Job, run_queue

MINUTE = 60
SCENARIOS = ROOT / "tests/scenarios"
MOLECULE = ROOT / "extensions/molecule"
# Bytes that a lab's hosts may take at the same time: the largest labs have a host of 2 GiB and two more.
LAB_MEMORY = 7 << 29
# Hosts wait for each other, for boots and for timeouts: one lab more than processors keeps the processors at work. More
# only slow each other down, and emulated hosts most.
MORE_LABS_THAN_PROCESSORS = 1
# Seconds after which a job is stopped. The longest takes half of it with as many labs beside it as there may be.
JOB_SECONDS = 45 * 60
# Labs carry it: whoever cleans up ends those of this checkout, and nobody else's.
OWNER = f"{ROOT}/"


def hosts(log):
    """every scenario and every Molecule scenario on real hosts, side by side"""
    _run(log, {**_scenarios(), **_molecule()})


def scenarios(log):
    """the scenarios on real hosts in the lab, without Molecule's"""
    _run(log, _scenarios())


def molecule(log):
    """Molecule's scenarios: from bare hosts to proven shares and back, over reboots and drift"""
    _run(log, _molecule())


def release(log):
    """what make test leaves out because it takes long: tests marked release, on real hosts"""
    _run(log, {release_job(name): (_pytest(name, "release"), {}) for name in release_names()})


def labs_down(log, owner=OWNER):
    """End the labs of this checkout's jobs, or of one; whoever started them has done so unless it was killed."""
    if (environments.DEV / "bin/python").exists():
        _lab(log, "down", "--owner", owner, seconds=3 * MINUTE)


def scenario_names():
    """The files of tests/scenarios that hold tests: test_site, …"""
    return sorted(path.stem for path in SCENARIOS.glob("test_*.py"))


def release_names():
    """Those of them with tests that only `make test-release` runs."""
    return [name for name in scenario_names()
            if "pytest.mark.release" in (SCENARIOS / f"{name}.py").read_text(encoding="utf-8")]


def release_job(name):
    """What a scenario's job is called in `make test-release`."""
    return f"release-{name}"


def molecule_names():
    """Molecule's scenarios that declare shares: nfs, …"""
    return sorted(path.parent.name for path in MOLECULE.glob("*/shares.yml"))


def _scenarios():
    """name -> (command, variables) of a pytest for each file."""
    return {name: (_pytest(name, "not release"), {}) for name in scenario_names()}


def _pytest(name, marks):
    return ["pytest", "-v", "-m", marks, f"{SCENARIOS.relative_to(ROOT)}/{name}.py"]


def _molecule():
    """name -> (command, variables) of a `molecule test` for each scenario, each with a state of its own."""
    found = {}
    for name in molecule_names():
        state = CACHE / "molecule" / name
        # What a killed run left there would make Molecule believe that the hosts are up.
        shutil.rmtree(state, ignore_errors=True)
        found[f"molecule-{name}"] = (
            ["molecule", "test", "--no-command-borders", f"--scenario-name={name}"],
            {"MOLECULE_EPHEMERAL_DIRECTORY": str(state), "NO_COLOR": "1"})
    return found


def _run(log, commands):
    venv = environments.dev(log)
    _lab(log, "prerequisites", "--install", seconds=15 * MINUTE)
    _lab(log, "prerequisites", "--install", "--engine", "qemu", seconds=15 * MINUTE)
    # The image that nearly all need; those that need another build it when they start.
    _lab(log, "image", seconds=20 * MINUTE)
    jobs = [Job(name, command, environment(venv, **variables, VIRTSHARE_LAB_OWNER=OWNER + name), JOB_SECONDS)
            for name, (command, variables) in commands.items()]
    slots = labs_at_once(os.cpu_count() or 1, available_memory())
    log.say(f"{len(jobs)} jobs, {slots} at a time.")
    try:
        outcomes = run_queue(log, jobs, slots=slots, expected=times.expected(),
                             ended=lambda job: labs_down(log, OWNER + job.name))
    finally:
        labs_down(log)
    times.keep(outcomes)
    log.say(times.table(outcomes))
    failed = [f"{outcome.name}: {outcome.problem} (log: {outcome.log})" for outcome in outcomes if outcome.problem]
    if failed:
        raise Failed("; ".join(failed))


def labs_at_once(processors, memory):
    """How many labs a machine carries at a time. memory: bytes."""
    return max(1, min(processors + MORE_LABS_THAN_PROCESSORS, memory // LAB_MEMORY))


def available_memory():
    """Bytes that new programs may take, by the kernel's own estimate."""
    with open("/proc/meminfo", encoding="utf-8") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))


def _lab(log, *words, seconds):
    return run(log, [environments.DEV / "bin/python", "-m", "tests.lab", *words], seconds=seconds)
