# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub runs is what the Makefile has, on every change and each night, and nothing may write but what publishes."""

import re
import subprocess

import pytest
import yaml

from tests.gates import environments, release
from tests.support.playbook import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
WRITING = {("release", "github")}
ON_DEMAND = {"release", "nightly"}


def load(path):
    # YAML 1.1 reads the key `on` as true.
    return {("on" if key is True else key): value for key, value in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def commands():
    """Each line that a step of a workflow runs."""
    return [line for path in WORKFLOWS for job in load(path)["jobs"].values() for step in job.get("steps", ())
            for line in step.get("run", "").splitlines()]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_on_every_change_and_each_night(path):
    events = load(path)["on"]
    if path.stem not in ON_DEMAND:
        assert {"pull_request", "push", "schedule"} <= set(events)
    assert "schedule" in events or path.stem == "release"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_may_write_but_what_publishes(path):
    workflow = load(path)
    assert workflow["permissions"] == {}
    writing = {(path.stem, name) for name, job in workflow["jobs"].items() if job["permissions"] != {"contents": "read"}}
    assert writing == {pair for pair in WRITING if pair[0] == path.stem}


def test_actions_and_images_are_what_was_read():
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert len(used) > 10
    assert [action for action, comment in used if not action.startswith("./") and not (
        re.search(r"@[0-9a-f]{40}$", action) and re.fullmatch(r"  # v\d+\.\d+\.\d+", comment))] == []
    images = re.findall(r"(?:image|container): (\S+)", text)
    assert images and all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in images)


def test_what_they_make_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+(?: [a-z-]+)*):", makefile, re.MULTILINE))
    targets = {word for names in targets for word in names.split()}
    wanted = {word for line in commands() if line.startswith("make ") for word in line.split()[1:] if "=" not in word}
    assert {"lint", "unit", "integration", "hosts", "test-release"} <= wanted
    assert wanted <= targets


def jobs(workflow):
    return load(ROOT / f".github/workflows/{workflow}.yml")["jobs"]


def test_every_ansible_core_that_is_supported_passes_sanity_and_unit_tests():
    lowest = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    matrix = jobs("sanity")["sanity"]["strategy"]["matrix"]["include"]
    tried = [entry["core"] for entry in matrix]
    assert tried[-1] == "devel"
    minors = [int(name.removeprefix("stable-2.")) for name in tried[:-1]]
    assert minors == list(range(int(lowest.removeprefix(">=2.").removesuffix(".0")), minors[-1] + 1))
    newest = max(int(version.partition(".")[2]) for version in environments.CORES)
    assert newest in minors
    assert jobs("tests")["cores"]["strategy"]["matrix"]["include"] == matrix[:minors.index(newest) + 1]


def test_only_devel_keeps_no_release_from_being_published():
    tolerant = {(path.stem, name): job["continue-on-error"] for path in WORKFLOWS for name, job in load(path)["jobs"].items()
                if "continue-on-error" in job}
    assert tolerant == {("sanity", "sanity"): "${{ matrix.core == 'devel' && github.ref_type == 'tag' }}"}


def test_what_is_published_is_what_the_tests_have_built():
    """Once: the jobs that publish take what the job with the gate `artifact` keeps, by the names that the gate gives it."""
    built = [step for step in jobs("tests")["simulators"]["steps"] if "upload-artifact" in step.get("uses", "")]
    assert [step["with"]["path"] for step in built] == [str(release.REHEARSED.relative_to(ROOT))]
    assert any("artifact" in step.get("run", "").split() for step in jobs("tests")["simulators"]["steps"])
    publishing = {name: job for name, job in jobs("release").items() if "steps" in job}
    assert set(publishing) == {"publish", "github"}
    for job in publishing.values():
        assert job["needs"] == ["sanity", "tests"]
        taken = [step["with"] for step in job["steps"] if "download-artifact" in step.get("uses", "")]
        assert taken == [{"name": built[0]["with"]["name"], "path": "collection"}]
        said = "".join(step.get("run", "") for step in job["steps"])
        assert "collection/virtshare-storage-$GITHUB_REF_NAME.tar.gz" in said and "collection build" not in said


def test_without_a_token_only_galaxy_is_left_out(tmp_path):
    (step,) = (step for step in jobs("release")["publish"]["steps"] if "GALAXY_TOKEN" in step.get("run", ""))
    assert step["env"]["ANSIBLE_GALAXY_SERVER_GALAXY_TOKEN"] == "${{ secrets.GALAXY_TOKEN }}"
    ran = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, env={"ANSIBLE_GALAXY_SERVER_GALAXY_TOKEN": ""},
                         capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("::warning title=Not on Galaxy::")
