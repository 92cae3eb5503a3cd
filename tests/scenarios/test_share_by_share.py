# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three hypervisors and six shares, and a server off, a share full, a hypervisor off: the rest is published in the same run.

The short form, on mounts of one machine, is tests/integration/test_share_by_share.py.
"""

import pytest

from tests.lab import Lab
from tests.support.demo_site import DemoSite, operations
from tests.support.mounts import until_answered

pytestmark = pytest.mark.release

HYPERVISORS = ("hv1", "hv2", "hv3")
HOSTS = [*(f"{name}:hypervisor-ready" for name in HYPERVISORS), "nas1:storage", "nas2:storage"]
WELL = ("a", "b", "c", "d")
OFF, FULL = "off", "full"
PATHS = {name: f"/srv/shares/{name}" for name in (*WELL, OFF, FULL)}
DECLARED = {
    "virtshare_shares": [{
        "path": path, "type": "nfs", "source": f"{'nas2' if name == OFF else 'nas1'}:/export/{name}", "options": {"vers": "4.2"},
        "access": {"owner": "oneadmin", "group": "oneadmin", "mode": "2770", "writers": ["oneadmin"]},
    } for name, path in PATHS.items()],
    "opennebula_storage_filesystems": [
        {"name": name, "datastore": "projects", "path": path, "mount_tag": name} for name, path in PATHS.items()],
    "share_mounts_timeout": 20, "share_access_timeout": 20, "share_proof_timeout": 20,
}
FILL = "dd if=/dev/zero of=/export/full/all bs=4k; test $(df --output=avail /export/full | tail -1) = 0"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab.up("share-by-share", HOSTS, fresh=True) as lab:
        with DemoSite.prepared(lab, tmp_path_factory.mktemp("site"), list(PATHS.values())) as made:
            made.ssh("nas1", "mkdir -p /export/full && mount -t tmpfs -o size=64k none /export/full")
            export(made, "nas1", (*WELL, FULL))
            export(made, "nas2", [OFF])
            yield made


def export(site, server, names):
    # A tmpfs has no number of its own that clients could keep. Synced, as the power is cut.
    lines = "\n".join(f"/export/{name} *(rw,no_subtree_check,no_root_squash,fsid={10 + number})"
                      for number, name in enumerate(names))
    site.ssh(server, f"mkdir -p {' '.join(f'/export/{name}' for name in names)} && printf '{lines}\\n' > /etc/exports"
                     " && exportfs -ra && sync")


def run(site, *, maintenance=()):
    """(the run, the images that it made)."""
    before = len(site.writes())
    done = site.run("playbooks/site.yml", **DECLARED, virtshare_maintenance=list(maintenance))
    return done, site.writes()[before:].count("one.image.allocate")


def test_what_is_well_is_published_and_what_is_not_is_named(site):
    site.ssh("nas1", FILL)
    site.lab.power_off("nas2")
    site.lab.power_off("hv3")
    unasked, made = run(site)
    assert unasked.code != 0 and made == 0, "hv3 was not left out on purpose"
    assert "hv3 did not go all the way: it is unreachable" in unasked.failure_text()
    assert "Put it into virtshare_maintenance to leave it out on purpose" in unasked.failure_text()
    done, made = run(site, maintenance=["hv3"])
    assert done.code != 0 and made == len(WELL)
    problems = done.failures[-1]["result"]["problems"]
    for host in ("hv1", "hv2"):
        # Where both say the same it is one problem, "hv1 and hv2: …".
        assert any(host in problem.partition(": ")[0] and f": {PATHS[OFF]}: server nas2 of nas2:/export/off " in problem
                   for problem in problems), problems
    assert any(PATHS[FULL] in problem and "No space left on device" in problem for problem in problems), problems
    for name in WELL:
        assert f"{PATHS[name]}: proven" in done.output
        assert not any(PATHS[name] in problem for problem in problems)


def test_a_run_after_the_repair_makes_what_was_missing_and_nothing_else(site):
    site.ssh("nas1", "rm /export/full/all")
    site.lab.power_on("nas2")
    site.lab.power_on("hv3")
    until_answered(site.lab, ("hv1", "hv2"), PATHS["a"])
    done, made = run(site)
    assert done.code == 0, done.failure_text()
    assert made == 2
    for host in ("hv1", "hv2"):
        assert {each["target"] for each in operations(done, "share_mounts")[host]} <= {PATHS[OFF], "systemd"}
    again, made = run(site)
    assert again.code == 0 and again.changes == set() and made == 0
