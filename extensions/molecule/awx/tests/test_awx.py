# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From bare hosts to a share on one of them, by what the guide has AWX do: see tests/support/awx_site.py."""

import pytest

from tests.support.awx_site import Site


@pytest.fixture(name="site", scope="module")
def set_up(tmp_path_factory):
    with Site.open(tmp_path_factory.mktemp("awx")) as made:
        yield made


def test_a_limit_and_a_slice(site):
    done, changed, writes = site.job("virtshare mount", limit="hv1")
    assert done.status == "successful" and changed == {"hv1"} and writes == [], done.output
    assert site.mounted("hv1") == ["nas1:/export/projects", "nfs4"] and site.mounted("hv2") == []
    assert done.command[:2] == ["podman", "run"] and {site.image, "--pull=never"} <= set(done.command)
    assert done.command[-1].endswith("-u root --become --diff -l hv1 -i /runner/inventory -e @/runner/env/extravars playbooks/mount.yml")
    assert "'share_mounts_timeout': 30" in site.extra_vars()

    # All hosts that it is given have the share.
    done, changed, writes = site.job("virtshare publish", part=(1, 2))
    assert done.status == "failed" and writes == [] and changed == set(), done.output
    assert "no slice knows what the others find" in done.output
