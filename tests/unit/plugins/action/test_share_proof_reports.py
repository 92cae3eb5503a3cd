# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the reports of a proof may go."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

from tests.support.action import work

JOB = {"localhost": {"awx_job_id": "104"}, "web1": {}, "here": {"ansible_connection": "local"}}


def test_paths_are_absolute_below_the_directory_of_the_run():
    made = work("share_proof_reports", {"localhost": {}}, html="proof.html", json="/srv/proof.json")
    assert (made["html"], made["json"], made["here"]) == (os.path.join(os.getcwd(), "proof.html"), "/srv/proof.json", True)
    assert made["warnings"] == []


def test_nothing_is_asked_for():
    made = work("share_proof_reports", JOB)
    assert (made["html"], made["json"], made["warnings"]) == ("", "", [])


@pytest.mark.parametrize("host, warned", [("localhost", True), ("here", True), ("web1", False)])
def test_a_job_is_warned_of_what_is_gone_with_it(host, warned):
    made = work("share_proof_reports", JOB, ["localhost"], html="/srv/proof.html", host=host)
    assert made["here"] is warned and ["in the container" in each for each in made["warnings"]] == [True] * warned


@pytest.mark.parametrize("arguments, sentence", [
    ({"host": "web1", "html": "proof.html"},
     "share_proof_report_html is 'proof.html', which is a relative path, and share_proof_report_host names web1. Write an "
     "absolute path."),
    ({"url": "https://proofs:report-word@web1/x"}, "share_proof_report_url holds a user or a password"),
    ({"url": "http://web1/x", "login": True}, "Write https://."),
    ({"url": "web1/x"}, "share_proof_report_url is 'web1/x'. Write an address such as"),
    ({"url": "ftp://proofs:report-word@web1/x"}, "share_proof_report_url is 'hidden, as it holds a password'"),
])
def test_places_that_are_refused(arguments, sentence):
    with pytest.raises(Refusal) as refusal:
        work("share_proof_reports", JOB, **arguments)
    (problem,) = refusal.value.problems
    assert sentence in problem and "report-word" not in problem


def test_a_report_that_was_not_written_is_unfinished():
    with pytest.raises(Refusal) as refusal:
        work("unfinished_shares", {"hv1": {"__share_proof_report_problems": ["not written"]}, "hv2": {}})
    assert refusal.value.problems == ["not written"]
