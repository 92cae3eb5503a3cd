# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hypervisors count, and which lists are refused."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.taking_part import (
    Job,
    counted,
    listed_names,
    problems,
    warnings,
    why_missing,
)

GROUP = ["hv1", "hv2", "hv3"]
SLICE = {"awx_job_id": 7, "awx_job_template_name": "site", "awx_workflow_job_name": "site"}
AWX = {"awx_job_id": 7, "awx_job_template_name": "site", "awx_workflow_job_name": "shares"}


def said(group=("hv1", "hv2", "hv3"), running=None, expected=(), maintenance=(), job=None, inventory=None):
    return problems(list(group), list(inventory or [*group, "nas1"]), list(group if running is None else running),
                    list(expected), list(maintenance), Job(job or {}))


@pytest.mark.parametrize("variables, is_slice", [
    (SLICE, True), (AWX, False), ({}, False), ({"awx_job_template_name": "", "awx_workflow_job_name": ""}, False),
    ({"tower_job_template_name": "site", "tower_workflow_job_name": "site"}, True), ({"awx_job_template_name": "site"}, False)])
def test_a_slice_is_a_job_whose_workflow_is_called_as_its_template(variables, is_slice):
    assert Job(variables).is_slice is is_slice


def test_who_counts():
    assert counted(GROUP, [], []) == GROUP
    assert counted(["hv1"], GROUP, []) == GROUP
    assert counted(GROUP, [], ["hv2"]) == ["hv1", "hv3"]
    assert counted(["hv1"], GROUP, ["hv2", "hv9"]) == ["hv1", "hv3"]
    assert listed_names(["hv1", " hv2 ", ""]) == ["hv1", "hv2"]


@pytest.mark.parametrize("text", [
    "hv2,hv3", "hv2, hv3", "hv2 hv3", "hv2\nhv3", "hv2\r\nhv3\r\n", "hv2;hv3", "hv2 ;\thv3,", "[hv2, hv3]", '["hv2", "hv3"]',
    "- hv2\n- hv3\n", "hv2 hv3 hv2"])
def test_the_answer_of_a_survey_is_taken_apart_however_it_is_written(text):
    # Ansible splits a text that is to be a list at its commas.
    assert listed_names(text.split(",")) == listed_names([text]) == ["hv2", "hv3"]


@pytest.mark.parametrize("given", [
    {}, {"expected": GROUP}, {"maintenance": ["hv3"]}, {"group": ["hv1"], "expected": GROUP, "job": SLICE},
    # A disabled host, in a list or in both.
    {"group": ["hv1", "hv2"], "expected": GROUP, "job": AWX}, {"group": ["hv1", "hv2"], "expected": GROUP, "maintenance": ["hv3"]},
    {"group": ["hv1", "hv2"], "maintenance": ["storage7"], "job": AWX}, {"running": ["hv1", "localhost"]}])
def test_lists_that_can_be_meant(given):
    assert said(**given) == []


@pytest.mark.parametrize("given, words", [
    ({"group": ["hv1", "hv3"], "job": SLICE}, "This job is one slice of 2 hosts (hv1, hv3); it is not told which hosts "),
    ({"expected": ["hv1", "hv2", "hv33"]},
     "virtshare_expected_hypervisors names hv33, which the inventory does not know. Write hv3."),
    ({"group": ["hv03.example.org"], "expected": ["hw03.example.org"], "job": AWX},
     "virtshare_expected_hypervisors names hw03.example.org, which the inventory does not know. Write hv03.example.org."),
    # Of those that are near, the one with the same number.
    ({"group": ["hv01.example.org", "hv02.example.org"], "maintenance": ["hw02.example.org"], "job": AWX},
     "virtshare_maintenance names hw02.example.org, which the inventory does not know. Write hv02.example.org."),
    ({"maintenance": ["hv4"]}, "virtshare_maintenance names hv4, which the inventory does not know. Write hv3. If another host "
                               "is meant, which is gone, take the name out."),
    ({"maintenance": ["hw3"]}, "virtshare_maintenance names hw3, which the inventory does not know. Write hv3."),
    ({"maintenance": ["storage7"]}, "virtshare_maintenance names storage7, which the inventory does not know. Correct the name"),
    ({"expected": [*GROUP, "storage7"]}, "virtshare_expected_hypervisors names storage7, which the inventory does not know."),
    ({"maintenance": GROUP}, "all hosts of this run (hv1, hv2, hv3) are in virtshare_maintenance, so that nothing would be done."),
    ({"maintenance": ["hv2"], "running": ["hv2"]}, "all hosts of this run (hv2) are in virtshare_maintenance, so that nothing"),
    ({"running": ["localhost"]}, "no hypervisor (hv1, hv2, hv3) is in this run, so that nothing would be done. Correct --limit."),
])
def test_lists_with_which_less_would_be_done_than_is_said(given, words):
    (sentence,) = said(**given)
    assert sentence.startswith(words)


FAR = ["hv01.example.org", "hv02.example.org"]


@pytest.mark.parametrize("given, words", [
    ({"group": FAR, "maintenance": ["hv03.example.org"]},
     ["virtshare_maintenance names hv03.example.org, which the inventory of this job does not know: it is disabled in AWX, or "
      "misspelt. A host that is meant by a misspelt name is not left out. The inventory knows hv01.example.org, hv02.example.org."]),
    ({"group": FAR, "expected": [*FAR, "hv12.example.org"]},
     ["virtshare_expected_hypervisors names hv12.example.org, which the inventory of this job does not know: it is disabled in AWX"]),
    ({"expected": [*GROUP, "hv33", "hv4"], "maintenance": ["hv7"]},
     ["virtshare_expected_hypervisors names hv33, hv4, which the inventory of this job does not know: they are disabled",
      "virtshare_maintenance names hv7, "]),
    # A letter that stands alone counts hosts, as a digit does.
    ({"group": ["storage-a"], "maintenance": ["storage-b"]}, ["virtshare_maintenance names storage-b, "]),
    ({"group": ["hv1.example.org"], "maintenance": ["hv01.example.org", "hv1b.example.org"]},
     ["virtshare_maintenance names hv01.example.org, hv1b.example.org, "]),
    # A slice does not know the hosts of the others, and a host that is expected is a host.
    ({"group": ["hv1"], "expected": GROUP, "maintenance": ["hv3"], "job": SLICE}, []),
    ({"group": ["hv1"], "expected": GROUP, "maintenance": ["hv7"], "job": SLICE}, ["virtshare_maintenance names hv7, "]),
    ({"group": ["hv1", "hv2"], "expected": GROUP, "maintenance": ["hv3"]}, []),
    ({"maintenance": ["hv3"]}, []),
])
def test_a_name_that_a_job_of_awx_may_have_is_warned_of(given, words):
    given = {"expected": (), "maintenance": (), "group": GROUP, "job": AWX, **given}
    said_of = warnings(given["group"], given["group"], given["expected"], given["maintenance"], Job(given["job"]))
    assert [sentence.startswith(begin) for sentence, begin in zip(said_of, words)] == [True] * len(words) == [True] * len(said_of)
    assert said(**given) == []


def test_outside_of_awx_an_unknown_name_is_refused_and_not_warned_of():
    assert warnings(GROUP, GROUP, [*GROUP, "hv4"], ["hv7"], Job({})) == []


def test_why_an_expected_host_is_missing():
    assert why_missing("hv1", GROUP, Job(AWX)) is None
    assert why_missing("hv9", GROUP, Job(SLICE)).startswith("it is in another slice of this job, or disabled;")
    assert why_missing("hv9", GROUP, Job(AWX)).startswith("it is not in the inventory of this job: in AWX it is disabled;")
