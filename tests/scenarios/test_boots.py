# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot after each kind of trouble: it mounts what is declared, or what the refusal has said that it would.

The cases share one host; each begins with the shares as declared and leaves them so.
"""


import pytest

from tests.lab import Lab
from tests.support.lab_site import LabSite

pytestmark = pytest.mark.release

EXPORTS = ("projects", "other", "demand")
PROJECTS = {"path": "/srv/shares/projects", "type": "nfs", "source": "nas1:/export/projects", "options": {"vers": "4.2"}}
INSIDE = {"path": "/srv/shares/inside", "type": "local", "source": "/srv/shares/projects/vm1"}
DEMAND = {"path": "/srv/shares/demand", "type": "nfs", "source": "nas1:/export/demand",
          "options": {"vers": "4.2", "x-systemd.automount": True}}
ALL: list[dict] = [PROJECTS, INSIDE, DEMAND]
# What is seen in a file of each share.
AS_DECLARED = {"projects/name": "projects", "inside/name": "vm1 of projects", "demand/name": "demand"}
UNIT = "srv-shares-projects.mount"
OF_OTHERS = """\
[Mount]
What=nas1:/export/other
Where=/srv/shares/projects
Type=nfs
Options=vers=4.2
"""


def changed(**changes):
    """The declaration with another share for the projects."""
    return [dict(PROJECTS, **changes), INSIDE, DEMAND]


def of_other(seen):
    """What is seen when the other export is in the place of the projects."""
    return dict(seen, **{"projects/name": "other", "inside/name": "vm1 of other"})


class Case:
    """before: commands on the host before the run. shares: what is declared then. refused: words of the refusal, None for
    a run that does it. seen: {file below /srv/shares: what is in it after the boot, None for no file}. after: commands that
    take back what before did.
    """

    def __init__(self, shares=None, before="true", refused=None, seen=None, after="true"):
        self.shares = shares or ALL
        self.before = before
        self.refused = refused
        self.seen = seen or AS_DECLARED
        self.after = after


CASES = {
    "a wrong name of the new server": Case(changed(source="nsa1:/export/projects"), refused="server nsa1"),
    "a wrong new export": Case(changed(source="nas1:/export/nowhere"), refused="What is mounted there stays"),
    "an option that cannot be mounted": Case(changed(options={"vers": "4.2", "sec": "krb5"}), refused="What is mounted there stays"),
    "another source of a share that another one is in": Case(changed(source="nas1:/export/other"), seen=of_other(AS_DECLARED)),
    "a share that another one is in, on demand": Case(changed(options={"vers": "4.2", "x-systemd.automount": True})),
    "an immutable fstab": Case(
        changed(source="nas1:/export/other"), "chattr +i /etc/fstab", "/etc/fstab", after="chattr -i /etc/fstab"),
    "an fstab that may only be appended to": Case(
        changed(source="nas1:/export/other"), "chattr +a /etc/fstab", "/etc/fstab", after="chattr -a /etc/fstab"),
    "a unit file of somebody else": Case(
        None, f"printf '{OF_OTHERS}' > /etc/systemd/system/{UNIT}", "a boot follows that instead of fstab",
        of_other(AS_DECLARED), f"rm /etc/systemd/system/{UNIT}; systemctl daemon-reload"),
    "a masked unit": Case(
        None, f"systemctl mask {UNIT}", "no boot mounts it", {"projects/name": None, "demand/name": "demand"},
        f"systemctl unmask {UNIT}"),
    "a drop-in with another source": Case(
        None, f"mkdir -p /etc/systemd/system/{UNIT}.d; printf '[Mount]\nWhat=nas1:/export/other\n' > /etc/systemd/system/{UNIT}.d/o.conf",
        "sets What=nas1:/export/other for this path, whatever fstab says", of_other(AS_DECLARED),
        f"rm -r /etc/systemd/system/{UNIT}.d; systemctl daemon-reload"),
    "an option that keeps a boot from mounting": Case(
        changed(options={"vers": "4.2", "noauto": True}), refused="noauto keeps a boot from mounting it"),
    "the old word for on demand, written by somebody else": Case(
        None, "sed -i '/ .srv.shares.projects /s/_netdev/_netdev,comment=systemd.automount/' /etc/fstab"),
    "unmounted": Case([dict(each, state="unmounted") for each in ALL], seen=dict.fromkeys(AS_DECLARED)),
    "absent": Case([dict(each, state="absent") for each in ALL], seen=dict.fromkeys(AS_DECLARED)),
}


class Site(LabSite):
    """One hypervisor and its storage server."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory, [{
            "name": "Mount", "hosts": "hypervisors", "gather_facts": False,
            "tasks": [{"name": "Mount the shares",
                       "virtshare.storage.share_mounts": {"shares": "{{ virtshare_shares }}", "timeout": 15}}]}])

    def mounts(self, shares):
        """The result of share_mounts."""
        return self.played({"virtshare_shares": shares}).of("share_mounts")["hv1"]

    def ssh(self, command, host="hv1"):
        return self.lab.ssh(host, command).stdout

    def boot(self):
        """Boot the host, and wait until systemd has started what it starts."""
        self.lab.reboot("hv1")
        state = self.lab.ssh("hv1", "timeout 100 systemctl is-system-running --wait", check=False).stdout.strip()
        assert state in ("running", "degraded")

    def seen(self, names):
        """{file below /srv/shares: what is in it, None when it is not there}; what is mounted on demand is mounted."""
        return {name: self.ssh(f"cat /srv/shares/{name} 2>/dev/null || true").strip() or None for name in names}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab.up("boots", ["hv1:hypervisor-client", "nas1:storage"], fresh=True) as lab:
        for name in EXPORTS:
            lab.ssh("nas1", f"mkdir -p /export/{name}/vm1 && echo {name} > /export/{name}/name"
                            f" && echo 'vm1 of {name}' > /export/{name}/vm1/name"
                            f" && echo '/export/{name} *(rw,sync,no_subtree_check,no_root_squash)' >> /etc/exports")
        lab.ssh("nas1", "exportfs -ra")
        yield Site(lab, tmp_path_factory.mktemp("boots"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_boot_mounts_what_is_declared_or_what_the_refusal_says(site, case):
    assert site.mounts(ALL)["problems"] == []
    assert site.seen(AS_DECLARED) == AS_DECLARED
    site.ssh(case.before)
    result = site.mounts(case.shares)
    if case.refused is None:
        assert result["problems"] == [] and site.mounts(case.shares)["changed"] is False
    else:
        assert case.refused in result["msg"] and result["operations"] == []
    try:
        site.boot()
        assert site.seen(case.seen) == case.seen
        if case.refused is None:
            assert site.mounts(case.shares)["changed"] is False
    finally:
        site.ssh(case.after)
