# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On hosts that have the share: the workflow changes nothing when it is started once more, and AWX can be emptied again."""

from tests.support import guide_awx
from tests.support.awx_site import Site


def test_a_second_start_changes_nothing_and_absent_leaves_the_share(tmp_path):
    with Site.open(tmp_path) as site:
        # The OpenNebula is a new one.
        assert site.workflow()["publish"][2].count("one.image.allocate") == 1
        assert {(node, *changed, *writes) for node, (_done, changed, writes) in site.workflow().items()} == {
            ("check",), ("mount",), ("publish",), ("verify",)}
        (command,) = guide_awx.commands("awx_content_state=absent")
        site.command(command)
        assert site.controller.names("job_template") == [] and site.controller.names("workflow_job_template") == []
        assert site.mounted("hv1") == site.mounted("hv2") == ["nas1:/export/projects", "nfs4"]
