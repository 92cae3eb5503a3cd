# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one dictionary to jobs: the role sets the simulated AWX up, and what it has stored is run on hosts as AWX runs it.

ansible-runner has a private data directory in AWX's layout, and AWX's own code injects the credentials.
"""

import pytest

from tests.support import awx_job
from tests.support.awx import COLLECTION, unpacked
from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

SCRIPT = """
from pathlib import Path
from ansible_collections.virtshare.storage.plugins.module_utils._awx import content
from tests.support import awx_job
from tests.support.awx import awx
from tests.support.rooms import Rooms

os.environ["HOME"] = "/srv"
with Rooms.open(["hv1", "hv2", "hv3"], ["projects"]) as rooms, awx(playbooks=sorted(content.PLAYBOOKS.values())) as controller:
    login = rooms.endpoint.environment
    Path("/srv/site.json").write_text(json.dumps({"awx_content_site": {
        "organization": "racks", "inventory": "kvm", "project": {"url": "https://git.example.org/virtshare.storage"},
        "execution_environment": {"image": "registry.example.org/virtshare-ee:1.0.0"},
        "machine": {"username": "root", "password": "unused"},
        "opennebula": {"url": login["ONE_URL"], "username": login["ONE_USERNAME"], "password": login["ONE_PASSWORD"]}}}))
    made, dummy = controller.run("playbooks/awx.yml", "--extra-vars", "@/srv/site.json")
    assert made.code == 0, made.output

    awx_job.fill(controller, "kvm", rooms.variables, rooms.hosts)

    def job(name, **more):
        before = len(rooms.endpoint.calls())
        done = awx_job.launch(controller, "/srv/jobs", "virtshare " + name, **more)
        assert login["ONE_PASSWORD"] not in done.output
        writes = [call["method"] for call in rooms.endpoint.calls()[before:] if call["write"]]
        return {"status": done.status, "output": done.output, "artifacts": done.artifacts,
                "hosts": sorted({host for host, task in done.changes}), "writes": writes}

    result = {}
    STEPS
"""
PROVEN = {"state": "proven", "paths": {"/srv/shares/projects": "proven"},
          "hosts": dict.fromkeys(["hv1", "hv2", "hv3"], "proven"), "problems": []}


@pytest.fixture(name="jobs")
def run_jobs(tmp_path):
    """Called with lines that fill result: {name: what a job came to}."""
    unpacked(*COLLECTION)
    awx_job.fetch()

    def run(steps):
        made = run_as_root(tmp_path, SCRIPT.replace("STEPS", steps.strip().replace("\n", "\n    ")), seconds=1500)
        for name, done in made.items():
            print(name, done["status"], done["output"])
        return made
    return run


@pytest.mark.release
def test_the_steps_of_the_workflow_lead_to_a_proof(jobs):
    made = jobs("""
result["check"] = job("check")
result["mount hv1"] = job("mount", limit="hv1")
result["publish"] = job("publish")
result["mount"] = job("mount")
result["publish again"] = job("publish")
result["verify"] = job("verify")
""")
    assert made["check"]["status"] == "successful" and made["check"]["writes"] == []
    assert made["check"]["artifacts"]["share_proof_summary"]["state"] == "pending"
    assert made["mount hv1"]["status"] == "successful" and made["mount hv1"]["hosts"] == ["hv1"]
    # A proof is asked of all, and two of them have not mounted it yet.
    assert made["publish"]["status"] == "failed" and "one.image.allocate" not in made["publish"]["writes"]
    assert made["publish"]["artifacts"]["share_proof_summary"]["state"] == "failed"
    assert made["mount"]["status"] == "successful" and {"hv2", "hv3"} <= set(made["mount"]["hosts"])
    assert made["publish again"]["status"] == "successful" and "one.image.allocate" in made["publish again"]["writes"]
    assert made["verify"]["status"] == "successful" and made["verify"]["writes"] == [] and made["verify"]["hosts"] == []
    assert made["verify"]["artifacts"] == {"share_proof_summary": PROVEN}


@pytest.mark.release
def test_a_template_that_was_given_slices_is_refused(jobs):
    made = jobs("""
result["slice"] = job("verify", part=(1, 2))
""")
    assert made["slice"]["status"] == "failed" and made["slice"]["hosts"] == []
    assert "This job is one slice of 2 hosts (hv1, hv3)" in made["slice"]["output"]
