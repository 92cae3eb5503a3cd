# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard on a host with a real systemd and a real NFS server: each loss is noticed in time, and so is its end.

The guard looks every INTERVAL seconds here. Every test begins with a share that is well, and ends so.
"""

import time

import pytest

from tests.lab import Lab
from tests.support.guard import INTERVAL, deploy, shares, until

PATH = "/srv/shares/projects"
SHARE = {"path": PATH, "type": "nfs", "source": "nas1:/export/projects", "options": {"vers": "4.2"},
         "access": {"writers": ["nobody"]}}
EXPORTS = "/export/{name} *(rw,sync,no_subtree_check,no_root_squash,fsid={fsid})\n"


@pytest.fixture(scope="module")
def lab():
    with Lab.up("test-share-guard", ["hv1:hypervisor-client", "nas1:storage"]) as up:
        up.ssh("nas1", "mkdir -p /export/projects /export/other; chmod 1777 /export/*; cat > /etc/exports; exportfs -ra",
               stdin=EXPORTS.format(name="projects", fsid=11) + EXPORTS.format(name="other", fsid=12))
        up.ssh("hv1", "mkdir -p /var/lib/prometheus/node-exporter")
        yield up


@pytest.fixture(scope="module", autouse=True)
def guarded(lab, tmp_path_factory):
    run = deploy(lab, tmp_path_factory.mktemp("guard"), virtshare_shares=[SHARE])
    assert run.code == 0, run.output
    return run.of("share_guard")["hv1"]


def share(lab):
    """What the guard has seen last, {} before it has seen anything."""
    return shares(lab).get(PATH, {})


@pytest.fixture(autouse=True)
def well(lab, guarded):
    until(lab, {PATH: ("ok", "")}, 60)
    yield
    until(lab, {PATH: ("ok", "")}, 120)


def test_it_runs_by_itself_as_a_service_that_may_do_little(lab, guarded):
    first = share(lab)["time"]
    begun = time.monotonic()
    while share(lab)["time"] == first:
        assert time.monotonic() - begun < 3 * INTERVAL + 15
        time.sleep(0.5)
    assert "writes" in share(lab) and share(lab)["writes"] == {"nobody": None}
    assert lab.ssh("hv1", "systemctl show -p Result --value virtshare-guard.service").stdout.strip() == "success"
    verified = lab.ssh("hv1", "systemd-analyze verify /etc/systemd/system/virtshare-guard.* 2>&1")
    assert verified.stdout.strip() == ""
    exposure = lab.ssh("hv1", "systemd-analyze security --no-pager virtshare-guard.service | tail -n 1").stdout
    assert float(exposure.split("service: ")[1].split()[0]) < 4.5, exposure
    # No mount namespace of its own: it would touch every mount before the guard begins.
    unit = lab.ssh("hv1", "cat /etc/systemd/system/virtshare-guard.service").stdout
    assert not any(word in unit for word in ("ProtectSystem=", "PrivateTmp=", "ProtectHome=", "PrivateMounts="))
    listed = lab.ssh("hv1", f"ls -A {PATH}; ls /run/virtshare /var/lib/prometheus/node-exporter").stdout.split()
    assert ".virtshare-identity" in listed and "virtshare_guard.prom" in listed
    assert not [name for name in listed if name.startswith(".virtshare-guard")]


LOSSES = {
    "unmounted by hand": (
        lambda lab: lab.ssh("hv1", f"umount {PATH}"),
        lambda lab: lab.ssh("hv1", f"mount {PATH}"),
        "lost", "is not mounted: a plain directory of the local ext4"),
    "another export in its place": (
        lambda lab: lab.ssh("hv1", f"umount {PATH} && mount -t nfs -o vers=4.2 nas1:/export/other {PATH}"),
        lambda lab: lab.ssh("hv1", f"umount {PATH} && mount {PATH}"),
        "lost", "is another mount: nas1:/export/other of type nfs4"),
    "another directory on the server": (
        lambda lab: lab.ssh("nas1", "exportfs -au; mv /export/projects /export/kept; mkdir -m 1777 /export/projects; exportfs -ra"),
        lambda lab: (lab.ssh("nas1", "exportfs -au; rmdir /export/projects; mv /export/kept /export/projects; exportfs -ra"),
                     lab.ssh("hv1", f"umount -f -l {PATH}; mount {PATH}")),
        "lost", "the export was replaced on the server (stale file handle)"),
    "marker removed": (
        lambda lab: lab.ssh("nas1", "mv /export/projects/.virtshare-identity /export/kept-identity"),
        lambda lab: lab.ssh("nas1", "mv /export/kept-identity /export/projects/.virtshare-identity"),
        "lost", "has lost its marker .virtshare-identity"),
    "exported read-only": (
        lambda lab: lab.ssh("nas1", "sed -i '/projects/s/(rw/(ro/' /etc/exports && exportfs -ra"),
        lambda lab: lab.ssh("nas1", "sed -i '/projects/s/(ro/(rw/' /etc/exports && exportfs -ra"),
        "degraded", "cannot be written by nobody (EROFS"),
    "server's network cut": (
        lambda lab: lab.cut("nas1"), lambda lab: lab.reconnect("nas1"),
        "unknown", "gives no answer, asked was nas1: no answer within 3 s"),
    "server stopped": (
        lambda lab: lab.ssh("nas1", "systemctl stop nfs-server"), lambda lab: lab.ssh("nas1", "systemctl start nfs-server"),
        "unknown", "gives no answer, asked was nas1: no answer within 3 s"),
}


# What the others add is that each is told from these.
SHORT = ("unmounted by hand", "server's network cut")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in SHORT else pytest.mark.release) for name in LOSSES])
def test_a_loss_is_noticed_in_time_and_so_is_its_end(lab, name):
    harm, mend, state, words = LOSSES[name]
    harm(lab)
    try:
        found, noticed = until(lab, {PATH: (state, words)})
        checked = lab.ssh("hv1", "virtshare-guard check", check=False)
    finally:
        mend(lab)
    # A client asks a server that was away again after pauses that grow.
    dummy, back = until(lab, {PATH: ("ok", "")}, 120)
    print(f"{name}: noticed after {noticed[PATH]:.1f} s, back after {back[PATH]:.1f} s")
    assert f"hv1: {PATH} (nas1:/export/projects) " in found[PATH]["why"] and words in found[PATH]["why"]
    assert checked.returncode == {"lost": 2, "degraded": 1, "unknown": 3}[state] and words in checked.stdout
    journal = lab.ssh("hv1", f"journalctl --no-pager -o cat VIRTSHARE_PATH={PATH}").stdout
    assert words in journal and journal.strip().endswith("is ok again")
    left = lab.ssh("hv1", "ps -eo args | grep -c '[v]irtshare-guard run' || true").stdout.strip()
    assert left in ("0", "1")


def test_it_is_converged_and_leaves_nothing(lab, tmp_path):
    run = deploy(lab, tmp_path, virtshare_shares=[SHARE])
    assert run.code == 0 and not run.of("share_guard")["hv1"]["changed"], run.output
    run = deploy(lab, tmp_path, virtshare_shares=[SHARE], share_guard_state="absent")
    assert run.code == 0 and run.of("share_guard")["hv1"]["changed"], run.output
    left = lab.ssh("hv1", "find /etc /usr/local /run/virtshare /var/lib/prometheus -name '*guard*' 2>/dev/null; "
                          "systemctl list-units --all --no-legend 'virtshare-guard*'", check=False).stdout
    assert left.strip() == ""
    run = deploy(lab, tmp_path, virtshare_shares=[SHARE])
    assert run.code == 0, run.output
