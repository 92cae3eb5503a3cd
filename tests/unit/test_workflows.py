# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub runs is what the Makefile has, on every change and each night, and nothing may write but what publishes."""

import re

import pytest
import yaml

from tests.support.playbook import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
WRITING = {("release", "publish")}
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


def test_every_ansible_core_that_is_supported_passes_sanity():
    lowest = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    tried = [entry["core"] for entry in load(ROOT / ".github/workflows/sanity.yml")["jobs"]["sanity"]["strategy"]["matrix"]["include"]]
    assert tried[-1] == "devel"
    minors = [int(name.removeprefix("stable-2.")) for name in tried[:-1]]
    assert minors == list(range(int(lowest.removeprefix(">=2.").removesuffix(".0")), minors[-1] + 1))
