# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one host has the share: the workflow publishes it, and changes nothing the next time; AWX can be emptied again."""

from tests.support import guide_awx
from tests.support.awx_site import PROVEN, Site


def test_the_workflow_its_second_start_and_absent(tmp_path):
    with Site.open(tmp_path) as site:
        made = site.workflow()
        for node, (_done, changed, writes) in made.items():
            assert {"check": {"hv2"}, "mount": {"hv2"}, "publish": {"localhost"}}.get(node, set()) <= changed, node
            assert writes.count("one.image.allocate") == (node == "publish") and (writes == [] or node == "publish"), node
        assert site.mounted("hv2") == ["nas1:/export/projects", "nfs4"]
        assert made["verify"][1] == set()
        assert [made[node][0].artifacts["share_proof_summary"] for node in ("publish", "verify")] == [PROVEN, PROVEN]

        assert {(node, *changed, *writes) for node, (_done, changed, writes) in site.workflow().items()} == {
            ("check",), ("mount",), ("publish",), ("verify",)}
        (command,) = guide_awx.commands("awx_content_state=absent")
        site.command(command)
        assert site.controller.names("job_template") == [] and site.controller.names("workflow_job_template") == []
        assert site.mounted("hv1") == site.mounted("hv2") == ["nas1:/export/projects", "nfs4"]
