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
# Molecule's scenarios without a short form: test_share_mounts, test_cifs_secrets and test_ocfs2 take hosts without a client
# to mounted shares and find nothing to do in a second run, and test_share_mounts mounts a host's own directory, too.
ONLY_WHOLE = {"cifs", "local", "nfs", "ocfs2"}
# Seconds after which a job is stopped. The longest takes half of it with as many labs beside it as there may be.
JOB_SECONDS = 45 * 60
# Labs carry it: whoever cleans up ends those of this checkout, and nobody else's.
OWNER = f"{ROOT}/"


def hosts(log):
    """the scenarios without the tests marked release, and Molecule's in their short form, on real hosts, side by side"""
    _run(log, {**_scenarios(), **_short_molecule()})


def scenarios(log):
    """the scenarios on real hosts in the lab, without the tests marked release and without Molecule's"""
    _run(log, _scenarios())


def molecule(log):
    """Molecule's scenarios that have a short form, in it: from bare hosts to proven shares, and nothing to do in a second run"""
    _run(log, _short_molecule())


def release(log):
    """what make test leaves out because it takes long: scenarios with tests marked release, and Molecule's, whole"""
    _run(log, _release())


def labs_down(log, owner=OWNER):
    """End the labs of this checkout's jobs, or of one; whoever started them has done so unless it was killed."""
    if (environments.DEV / "bin/python").exists():
        _lab(log, "down", "--owner", owner, seconds=3 * MINUTE)


def scenario_names():
    """The files of tests/scenarios that hold tests: test_site, …"""
    return sorted(path.stem for path in SCENARIOS.glob("test_*.py"))


def job_names():
    """The jobs of `make test` and of `make test-release`."""
    return [*_scenarios(), *_short_molecule(), *_release()]


def molecule_names():
    """Molecule's scenarios but the one that only names them: nfs, …"""
    return sorted(path.parent.name for path in MOLECULE.glob("*/molecule.yml") if path.parent.name != "default")


def _scenarios():
    """name -> (command, variables) of a pytest for each file that has tests for `make test`."""
    return {name: (_pytest(name, "-m", "not release"), {})
            for name in scenario_names() if "pytestmark = pytest.mark.release" not in _text(name)}


def _release():
    """The same for each file that has tests for `make test-release`, and for Molecule: whole, as a test needs those before."""
    found = {f"release-{name}": (_pytest(name), {}) for name in scenario_names() if "pytest.mark.release" in _text(name)}
    found.update((f"release-{name}", job) for name, job in _molecule("test", molecule_names()).items())
    return found


def _text(name):
    return (SCENARIOS / f"{name}.py").read_text(encoding="utf-8")


def _pytest(name, *options):
    return ["pytest", "-v", *options, f"{SCENARIOS.relative_to(ROOT)}/{name}.py"]


def _short_molecule():
    return _molecule("check", [name for name in molecule_names() if name not in ONLY_WHOLE])


def _molecule(sequence, names):
    """name -> (command, variables) of Molecule for each of its scenarios, each with a state of its own.

    sequence: of extensions/molecule/config.yml: check is the short form, test all of it.
    """
    found = {}
    for name in names:
        state = CACHE / "molecule" / name
        # What a killed run left there would make Molecule believe that the hosts are up.
        shutil.rmtree(state, ignore_errors=True)
        found[f"molecule-{name}"] = (
            ["molecule", sequence, "--no-command-borders", f"--scenario-name={name}"],
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
