# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access and proof over real NFS: squashed, read-only and dead servers, other exports, and users that may not.

The mounts are made by hand, so that they can be wrong on purpose. Every test begins from the same healthy state. Clocks
that differ are tried over NFS 3 and 4.2, CIFS and GlusterFS at once.
"""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.lab import Lab
from tests.support.access import BY_HAND, MEANINGS
from tests.support.lab_site import LabSite
from tests.support.mounts import until_answered

HYPERVISORS = ("hv1", "hv2")
EXPORTS = """\
/export/projects *(rw,sync,no_subtree_check,no_root_squash)
/export/other *(rw,sync,no_subtree_check,no_root_squash)
/export/squashed *(rw,sync,no_subtree_check,root_squash)
/export/media *(ro,sync,no_subtree_check,no_root_squash)
"""
ACCESS = {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"]}


def share(name, **more):
    return {"path": f"/srv/shares/{name}", "type": "nfs", "source": f"nas1:/export/{name}", "access": ACCESS, **more}


PROJECTS = share("projects")
SQUASHED = share("squashed")
MEDIA = share("media", read_only=True, access={})
PATH = PROJECTS["path"]

PLAYBOOK = [
    {
        "name": "Access and proof",
        "hosts": "hypervisors",
        "gather_facts": False,
        "vars": {"share_proof_expected_hosts": "{{ groups['hypervisors'] }}"},
        "tasks": [
            {
                "name": f"Include {role}",
                "ansible.builtin.include_role": {"name": f"virtshare.storage.{role}"},
                "when": f"'{role}' in roles",
            }
            for role in ("virtiofsd", "share_access", "share_proof")
        ],
    }
]
# What a run that is killed between the proof's phases has done.
KILLED = [
    {
        "name": "Half a proof",
        "hosts": "hypervisors",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Read the declared shares",
                "virtshare.storage.declared_shares": {"shares": "{{ virtshare_shares }}"},
                "register": "declared",
            },
            {
                "name": "Write nonces that nobody will read",
                "virtshare.storage.share_proof": {
                    "phase": "write", "run_id": "{{ half }}", "host": "{{ inventory_hostname }}",
                    "hosts": "{{ ansible_play_hosts }}", "shares": "{{ declared.shares }}",
                    "controller": "{{ controller | default(omit) }}",
                },
            },
        ],
    }
]
# Each protocol has the times of files from another clock: the client's, the server's, or whoever's it was.
CLOCKED = ("nfs3", "nfs42", "smb", "brick")
SAMBA = """\
[global]
disable netbios = yes
smb ports = 445
server role = standalone server
map to guest = Bad User
[smb]
path = /export/smb
read only = no
guest ok = yes
force user = root
"""
SERVE = f"""\
set -e
cd /export && mkdir -p {" ".join(CLOCKED)}
exportfs -o rw,sync,no_subtree_check,no_root_squash '*:/export/nfs3' '*:/export/nfs42'
cat > /etc/samba/smb.conf
systemctl start smbd glusterd
for attempt in 1 2 3 4 5 6 7 8 9 10; do gluster --mode=script volume list && break || sleep 1; done
gluster --mode=script volume create brick nas1:/export/brick force && gluster --mode=script volume start brick
"""
MOUNT = """\
set -e
command -v glusterfs || apt-get -qq install -y glusterfs-client >/dev/null
cd /srv/shares && mkdir -p nfs3 nfs42 smb brick
mount -t nfs -o vers=3,nolock nas1:/export/nfs3 nfs3
mount -t nfs -o vers=4.2 nas1:/export/nfs42 nfs42
mount -i -t cifs -o guest,vers=3.1.1,ip=$(getent ahostsv4 nas1 | awk 'NR == 1 {print $1}') //nas1/smb smb
mount -t glusterfs nas1:/brick brick
"""


class Site(LabSite):
    """The lab, and the two roles run on it."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory, PLAYBOOK)
        self.killed = self.written("killed.yml", KILLED)

    def leave_half(self, *shares, half, inventories=(), **variables):
        """The nonces of a run that ends before they are read."""
        variables.update(virtshare_shares=list(shares), half=half)
        run = self.played(variables, playbook=self.killed, inventories=inventories)
        assert run.code == 0, run.failure_text()

    def set_clock(self, host, ahead):
        """So many seconds ahead of this machine's, or behind."""
        self.ssh(host, f"date --set=@{time.time() + ahead:.3f}")

    def run(self, *shares, roles=("share_access", "share_proof"), arguments=(), inventories=(), **variables):
        variables.update(virtshare_shares=list(shares), roles=list(roles))
        return self.played(variables, *arguments, inventories=inventories)

    def ssh(self, host, command):
        return self.lab.ssh(host, command).stdout

    def left_on_the_server(self):
        """But for the markers, which are to stay."""
        return self.ssh("nas1", "find /export -name '.virtshare*' ! -name .virtshare-identity").split()

    def mount(self, host, name, source=None):
        self.ssh(host, f"mount -t nfs -o vers=4.2 {source or 'nas1:/export/' + name} /srv/shares/{name}")


def prepare(lab):
    lab.ssh("nas1", "cat > /etc/exports && mkdir -p /export/projects /export/other /export/squashed /export/media"
                    " && echo film > /export/media/film.raw && chown 9869:993 /export/squashed"
                    " && chmod 2770 /export/squashed && exportfs -ra", stdin=EXPORTS)
    for host in HYPERVISORS:
        lab.ssh(host, "{ getent group kvm >/dev/null || groupadd -g 993 kvm; } && groupmod -g 993 kvm"
                      " && groupadd -g 9869 oneadmin && useradd -M -u 9869 -g oneadmin -G kvm oneadmin"
                      " && useradd -M -u 64055 -g kvm libvirt-qemu && useradd -M -u 12345 stranger"
                      " && mkdir -p /srv/shares/projects /srv/shares/squashed /srv/shares/media")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab.up("proof", [*(f"{host}:hypervisor-client" for host in HYPERVISORS), "nas1:storage"], fresh=True) as made:
        prepare(made)
        yield Site(made, tmp_path_factory.mktemp("proof"))


@pytest.fixture
def site(lab):
    """All shares mounted from where they should be, the projects' directory as an export starts."""
    lab.ssh("nas1", "chown root:root /export/projects && chmod 0755 /export/projects")
    for host in HYPERVISORS:
        for name in ("projects", "squashed", "media"):
            lab.ssh(host, f"umount /srv/shares/{name} 2>/dev/null || ! mountpoint -q /srv/shares/{name}")
            lab.mount(host, name)
    return lab


def states(run):
    (proof,) = {json.dumps(value) for value in run.facts("share_proof_result").values()}
    return {entry["path"]: entry["state"] for entry in json.loads(proof)["shares"]}


def test_three_kinds_of_export_are_proven_and_nothing_is_left(site):
    predicted = site.run(PROJECTS, SQUASHED, MEDIA, arguments=["--check", "--diff"])
    assert predicted.code == 0, predicted.failure_text()
    assert set(states(predicted).values()) == {"pending"}
    assert site.left_on_the_server() == []

    report = site.playbook.parent / "proof.json"
    first = site.run(PROJECTS, SQUASHED, MEDIA, share_proof_report_json=str(report))
    assert first.code == 0, first.failure_text()
    assert first.changes == predicted.changes
    remembered = {(host, task) for host, task in first.changes if "identity" in task}
    assert {host for host, _task in remembered} == set(HYPERVISORS)
    assert {host for host, _task in first.changes - remembered} == {"hv1"}, "one host sets the owner, for all"
    assert site.ssh("nas1", "stat -c '%n %u %a' /export/*/.virtshare-identity").splitlines() == [
        "/export/projects/.virtshare-identity 0 644", "/export/squashed/.virtshare-identity 9869 644"]
    assert states(first) == {entry["path"]: "proven" for entry in (PROJECTS, SQUASHED, MEDIA)}
    assert json.loads(report.read_text()) == first.facts("share_proof_result")["hv1"]
    assert site.ssh("nas1", "stat -c '%u:%g %a' /export/projects").strip() == "9869:993 2770"
    for host, result in first.of("share_proof").items():
        users = {entry["path"]: entry["as"] for entry in result["shares"]}
        assert users == {PATH: "root", SQUASHED["path"]: "oneadmin", MEDIA["path"]: "root"}, host
    assert site.left_on_the_server() == []

    assert site.run(PROJECTS, SQUASHED, MEDIA).changes == set()


def test_the_table_over_nfs_is_what_the_system_calls_say(site):
    run = site.run(PROJECTS, roles=["share_access"])
    assert run.code == 0, run.failure_text()
    for host, result in run.of("share_access").items():
        for user, ids in (("oneadmin", "9869, 9869, [993, 9869]"), ("libvirt-qemu", "64055, 993, [993]")):
            script = f"import json, os\n{BY_HAND}\nprint(json.dumps(by_hand('{PATH}', {ids})))\n"
            by_hand = json.loads(site.lab.ssh(host, "python3 -", stdin=script).stdout)
            table = result["paths"][0]["writers"][user]["tests"]
            assert {operation: row["result"] for operation, row in table.items()} == {
                operation: "supported" if outcome == "ok" else MEANINGS[outcome] for operation, outcome in by_hand.items()
            }
    assert site.left_on_the_server() == []


def test_another_export_and_a_missing_mount_are_named_with_both_sides(site):
    site.ssh("hv2", f"umount {PATH} {SQUASHED['path']}")
    site.mount("hv2", "projects", "nas1:/export/other")
    run = site.run(PROJECTS, SQUASHED, MEDIA, roles=["share_proof"])
    assert run.code != 0
    assert states(run) == {PATH: "failed", SQUASHED["path"]: "failed", MEDIA["path"]: "proven"}
    (words,) = [line["result"]["msg"] for line in run.failures if line["host"] == "hv2"]
    other, missing = words.splitlines()
    assert other.startswith(f"hv2: {PATH} is nas1:/export/other (nfs4, inode ")
    assert ", declared is nas1:/export/projects; hv1 has nas1:/export/projects (nfs4, inode " in other
    assert missing.startswith(f"hv2: {SQUASHED['path']} is not mounted: a plain directory of the local ext4 /dev/")
    assert "; hv1 has nas1:/export/squashed (nfs4, inode " in missing
    assert other.endswith("not the same filesystem") and missing.endswith("not the same filesystem")
    assert {line["host"] for line in run.failures} == {"hv1", "hv2"}, "the hosts that are fine stop, too"
    assert site.left_on_the_server() == []
    assert site.ssh("hv2", f"find {SQUASHED['path']}").split() == [SQUASHED["path"]]


def test_the_same_source_from_another_server_is_found_out_by_the_nonces(site):
    """hv2 means itself by nas1: source and path look alike there, and only what is read tells them apart."""
    site.ssh("hv2", f"umount {PATH} && mkdir -p /tmp/nas1 && mount -t tmpfs nas1:/export/projects {PATH}")
    run = site.run(dict(PROJECTS, type="local", source=None), roles=["share_proof"])
    assert run.code != 0
    assert f"hv2: {PATH} is nas1:/export/projects (tmpfs, inode 1" in run.failure_text()
    assert "hv1 has nas1:/export/projects (nfs4, inode " in run.failure_text()
    assert site.left_on_the_server() == []
    assert site.ssh("hv2", f"ls -A {PATH}") == ""


def test_a_part_of_the_hosts_is_not_enough(site):
    run = site.run(PROJECTS, roles=["share_proof"], arguments=["--limit", "hv1"])
    assert run.code != 0
    assert states(run) == {PATH: "partial"}
    assert f"{PATH}: proven for 1 of 2 hosts (hv1)" in run.failure_text()
    assert f"hv2: {PATH} is not proven: it took no part in this run" in run.failure_text()


@pytest.fixture
def third(site):
    """The inventory that makes the storage server a hypervisor, too, with all shares mounted from itself."""
    path = site.playbook.parent / "third.yml"
    path.write_text("hypervisors: {hosts: {nas1: {}}}\n", encoding="utf-8")
    names = ("projects", "squashed", "media")
    site.ssh("nas1", "groupadd -g 9869 oneadmin && useradd -M -u 9869 -g oneadmin oneadmin && mkdir -p "
             + " ".join(f"/srv/shares/{name}" for name in names))
    for name in names:
        site.mount("nas1", name)
    yield path
    site.ssh("nas1", "umount /srv/shares/* && userdel oneadmin")


def test_three_hosts_are_proven_and_the_odd_one_out_is_named(site, third):
    declared = {"roles": ["share_proof"], "inventories": [third]}
    page = site.playbook.parent / "proof.html"
    run = site.run(PROJECTS, SQUASHED, MEDIA, share_proof_report_html=str(page), **declared)
    assert run.code == 0, run.failure_text()
    assert set(states(run).values()) == {"proven"} and len(states(run)) == 3
    for entry in run.facts("share_proof_result")["hv1"]["shares"]:
        assert entry["proven_hosts"] == entry["expected_hosts"] == ["hv1", "hv2", "nas1"]
        if entry["path"] != MEDIA["path"]:
            everybody = {"hv1": True, "hv2": True, "nas1": True}
            assert {host: cell["sees"] for host, cell in entry["hosts"].items()} == dict.fromkeys(everybody, everybody)
    assert {host: len(tasks) for host, tasks in run.executions.items()} == {"hv1": 2, "hv2": 2, "nas1": 2, "localhost": 1}
    assert "Every host sees the same filesystems" in page.read_text()
    assert site.left_on_the_server() == []

    site.ssh("nas1", f"umount {PATH}")
    site.mount("nas1", "projects", "nas1:/export/other")
    run = site.run(dict(PROJECTS, type="local", source=None), SQUASHED, **declared)
    assert run.code != 0
    assert states(run) == {PATH: "failed", SQUASHED["path"]: "proven"}
    assert f"nas1: {PATH} is nas1:/export/other (nfs4, inode " in run.failure_text()
    assert "hv1 and hv2 have nas1:/export/projects (nfs4, inode " in run.failure_text()
    partial = site.run(SQUASHED, arguments=["--limit", "hv1,nas1"], **declared)
    assert states(partial) == {SQUASHED["path"]: "partial"}
    assert f"{SQUASHED['path']}: proven for 2 of 3 hosts (hv1 and nas1)" in partial.failure_text()
    assert site.left_on_the_server() == []


def test_access_refuses_what_is_not_the_share(site):
    site.ssh("hv1", f"umount {PATH} && chmod 0700 {PATH}")
    site.ssh("hv2", f"umount {PATH}")
    site.mount("hv2", "projects", "nas1:/export/other")
    run = site.run(PROJECTS, roles=["share_access"])
    assert run.code != 0 and run.changes == set()
    words = run.failure_text()
    assert f"hv1: {PATH} is not mounted: a plain directory of the local ext4 /dev/" in words
    assert f"hv2: {PATH} is the nfs4 mount of nas1:/export/other, but nas1:/export/projects is declared" in words
    assert site.ssh("hv1", f"stat -c '%U %a' {PATH}").strip() == "root 700"
    assert site.ssh("nas1", "stat -c '%U %a' /export/other").strip() == "root 755"
    site.ssh("hv1", f"chmod 0755 {PATH}")


def test_root_squash_is_explained_with_what_to_do_on_the_server(site):
    run = site.run(share("squashed", access={"owner": "libvirt-qemu", "mode": "0770"}), roles=["share_access"])
    assert run.code != 0
    words = run.failure_text()
    # The directory is a user's, so that all_squash may be it as well: both are named.
    assert "the server nas1 maps this host's root to another user" in words
    assert "root_squash, the default of an export" in words
    assert "chown 64055 /export/squashed && chmod 0770 /export/squashed" in words
    assert "no_root_squash" in words


def test_a_user_outside_the_group_is_told_which_bit_is_missing(site):
    run = site.run(share("projects", access=dict(ACCESS, writers=["stranger"])), roles=["share_access"])
    assert run.code != 0
    for host in HYPERVISORS:
        assert f"{host}: {PATH}: stranger may not write: create: EACCES: Permission denied; {PATH} belongs to " \
            "oneadmin:kvm (9869:993) with mode 2770" in run.failure_text()
    assert "stranger is neither its owner nor in its group, so the bits for others count, and w and x are missing" \
        in run.failure_text()


def test_a_read_only_export_is_explained(site):
    run = site.run(share("media", access={"writers": ["oneadmin"]}), roles=["share_access", "share_proof"])
    assert run.code != 0
    assert "oneadmin may not write: create: EROFS: Read-only file system" in run.failure_text()
    run = site.run(share("media", access={}), roles=["share_proof"])
    assert run.code != 0
    assert "EROFS: Read-only file system; declare the share with read_only: true" in run.failure_text()


def test_a_user_that_is_another_number_on_another_host_is_refused(site):
    site.ssh("hv2", "usermod -u 64056 libvirt-qemu")
    try:
        run = site.run(PROJECTS, roles=["share_access"])
    finally:
        site.ssh("hv2", "usermod -u 64055 libvirt-qemu")
    assert run.code != 0
    assert f"{PATH}: user libvirt-qemu is uid 64055, gid 993 on hv1; uid 64056, gid 993 on hv2:" in run.failure_text()


@pytest.fixture
def clocked(site, third):
    """Shares over four protocols, mounted on three hosts; nas1 serves them all."""
    site.lab.ssh("nas1", SERVE, stdin=SAMBA)
    with ThreadPoolExecutor() as workers:
        list(workers.map(lambda host: site.ssh(host, MOUNT), (*HYPERVISORS, "nas1")))
    yield [{"path": f"/srv/shares/{name}", "type": "local"} for name in CLOCKED]
    for host in (*HYPERVISORS, "nas1"):
        site.set_clock(host, 0)
    for host in HYPERVISORS:
        site.ssh(host, "cd /srv/shares && umount nfs3 nfs42 smb brick")


@pytest.mark.release
def test_clocks_that_differ_are_a_warning_and_no_reason_for_anything(site, third, clocked):
    """And what a killed run left goes with the next one, whatever the time in between."""
    declared = {"roles": ["share_proof"], "inventories": [third]}
    for number, (host, ahead, words) in enumerate((
            ("hv2", 600, "10 minutes ahead of"), ("hv2", -600, "10 minutes behind"), ("nas1", 3600, "1 hour ahead of"),
            ("nas1", -3600, "1 hour behind"), ("hv2", 86400, "1 day ahead of"), ("hv2", -86400, "1 day behind"))):
        half = f"killedrun{number}"
        site.leave_half(*clocked, half=half, inventories=[third])
        assert site.ssh("nas1", f"find /export -name '.virtshare-proof-{half}-*' | wc -l").strip() == str(len(CLOCKED))
        site.set_clock(host, ahead)
        run = site.run(*clocked, **declared)
        assert run.code == 0, run.failure_text()
        assert set(states(run).values()) == {"proven"} and len(states(run)) == len(CLOCKED)
        others = " and ".join(sorted({"hv1", "hv2", "nas1"} - {host}))
        (warning,) = run.facts("share_proof_result")["hv1"]["warnings"]
        assert warning.startswith(f"{host}: its clock is {words} that of {others}. The proof does not depend on clocks")
        assert f"[WARNING]: {host}: its clock is {words}" in " ".join(run.output.split())
        assert site.left_on_the_server() == []
        site.set_clock(host, 0)
        if not number:
            # All hosts at once have tried to write the marker of each share, over each protocol.
            seen = [[share["marker"]["id"] for share in result["shares"]] for result in run.of("share_proof").values()]
            assert seen == [seen[0]] * 3 and None not in seen[0] and len(set(seen[0])) == len(CLOCKED)
    assert site.run(*clocked, **declared).facts("share_proof_result")["hv1"]["warnings"] == []


def test_a_read_only_share_is_known_by_what_it_is_and_not_by_how_its_source_is_spelled(site):
    address = site.ssh("hv2", "getent ahostsv4 nas1 | awk 'NR == 1 {print $1}'").strip()
    sources = {"hv1": "NAS1:/export/media", "hv2": f"{address}:/export//media/"}
    spelled = site.playbook.parent / "spelled.yml"
    spelled.write_text(yaml.safe_dump(
        {"hypervisors": {"hosts": {host: {"media": source} for host, source in sources.items()}}}), encoding="utf-8")
    for host, source in sources.items():
        # Mounts of one server's filesystem are shown with the source of the first, unless they share nothing.
        site.ssh(host, f"umount /srv/shares/media && mount -t nfs -o vers=4.2,nosharecache {source} /srv/shares/media")
    declared = {"roles": ["share_proof"], "inventories": [spelled]}
    run = site.run(dict(MEDIA, source="{{ media }}"), **declared)
    assert run.code == 0, run.failure_text()
    assert states(run) == {MEDIA["path"]: "proven"}
    # The same text, and another filesystem behind it.
    site.ssh("hv1", "umount /srv/shares/media")
    site.mount("hv1", "media")
    site.ssh("hv2", "umount /srv/shares/media && mount -t tmpfs nas1:/export/media /srv/shares/media"
                    " && echo film > /srv/shares/media/film.raw && mount -o remount,ro /srv/shares/media")
    run = site.run(dict(MEDIA, type="local", source=None), roles=["share_proof"])
    assert run.code != 0
    assert f"hv2: {MEDIA['path']} is nas1:/export/media (tmpfs, inode 1" in run.failure_text()
    assert "hv1 has nas1:/export/media (nfs4, inode " in run.failure_text()


def test_one_machine_under_two_names_is_refused(site):
    again = site.playbook.parent / "again.yml"
    known = yaml.safe_load(site.lab.inventory())["all"]["children"]["lab_proof"]
    again.write_text(yaml.safe_dump({"hypervisors": {"hosts": {"hv1-again": {**known["vars"], **known["hosts"]["hv1"]}}}}),
                     encoding="utf-8")
    for arguments in (["--check"], []):
        run = site.run(PROJECTS, roles=["share_proof"], inventories=[again], arguments=arguments)
        assert run.code != 0 and states(run) == {PATH: "failed"}
        assert "hv1 and hv1-again are one machine (hostname hv1)" in run.failure_text()
        assert {line["host"] for line in run.failures} >= {"hv1", "hv1-again"}
    assert site.left_on_the_server() == []


@pytest.mark.release
def test_a_share_that_was_exchanged_on_the_server_is_not_yesterdays(site):
    assert site.run(PROJECTS, roles=["share_proof"]).code == 0
    site.ssh("nas1", "cd /export && mv projects yesterday && mkdir projects && exportfs -ra")
    try:
        for host in HYPERVISORS:
            site.ssh(host, f"umount {PATH}")
            site.mount(host, "projects")
        for arguments in (["--check"], []):
            run = site.run(PROJECTS, roles=["share_proof"], arguments=arguments)
            assert run.code != 0 and states(run) == {PATH: "failed"}
            assert f"hv1 and hv2: {PATH}: its marker .virtshare-identity (id " in run.failure_text()
            assert f"share_proof_accept_new_identity: [{PATH}]" in run.failure_text()
            assert {line["host"] for line in run.failures} == set(HYPERVISORS)
            assert site.ssh("nas1", "ls -A /export/projects") == ""
        run = site.run(PROJECTS, roles=["share_proof"], share_proof_accept_new_identity=[PATH])
        assert run.code == 0, run.failure_text()
        assert {host for host, _task in run.changes} == set(HYPERVISORS)
        assert site.run(PROJECTS, roles=["share_proof"]).changes == set()
    finally:
        for host in HYPERVISORS:
            site.ssh(host, f"umount {PATH}; rm -r /var/lib/virtshare/identities")
        site.ssh("nas1", "cd /export && rm -r projects && mv yesterday projects && exportfs -ra")


# As if a host had seen for a day what it remembers.
A_DAY_LATER = """\
import json
known = json.load(open("/run/virtshare/leftovers.json"))
json.dump({path: {name: seconds - 86400 for name, seconds in names.items()} for path, names in known.items()},
          open("/run/virtshare/leftovers.json", "w"))
"""


def test_what_others_left_is_removed_when_it_was_seen_for_long_and_nothing_else_ever_is(site):
    """Nonces of a run on another controller, and a write test's file, as power cuts leave them."""
    site.leave_half(PROJECTS, half="killedrun0000", controller="0123456789ab.1.1")
    stem = ".virtshare-write-test.0123456789ab.deadbeef.1.0123456789ab"
    test = f"{stem}-{hashlib.sha256(f'virtshare.storage {stem}'.encode()).hexdigest()[:8]}"
    kept = [".virtshare-proof-backup/notes", ".virtshare-proof-killedrun1111/hv1.nonce", ".virtshare-write-test.mine"]
    site.ssh("nas1", "cd /export/projects && mkdir .virtshare-proof-backup .virtshare-proof-killedrun1111"
                     f" && touch {test} {' '.join(kept)} && touch -d '2 days ago' .virtshare-* .virtshare-*/*")
    try:
        assert site.run(PROJECTS).code == 0
        left = site.ssh("nas1", "cd /export/projects && find . -name '.virtshare*'")
        assert "killedrun0000-" in left and test in left, "nobody can know yet that they are of no use"
        for host in HYPERVISORS:
            site.lab.ssh(host, "python3 -", stdin=A_DAY_LATER)
        run = site.run(PROJECTS)
        assert run.code == 0, run.failure_text()
        found = site.ssh("nas1", "cd /export/projects && find . -type f -path '*/.virtshare*' ! -name .virtshare-identity").split()
        assert sorted(found) == sorted(f"./{name}" for name in kept)
    finally:
        site.ssh("nas1", "cd /export/projects && rm -rf .virtshare-proof-* .virtshare-write-test*")


@pytest.mark.release
def test_a_host_without_the_daemon_is_told_how_to_get_it(site):
    """And one that has never fetched its lists of packages can still predict that they will be installed."""
    run = site.run(roles=["virtiofsd"], virtiofsd_install=False)
    assert run.code != 0
    assert "none of /usr/libexec/virtiofsd, /usr/lib/qemu/virtiofsd, /usr/lib/virtiofsd/virtiofsd" in run.failure_text()
    site.ssh("hv1", "mv /var/lib/apt/lists /var/lib/apt/lists.away")
    try:
        predicted = site.run(roles=["virtiofsd"], arguments=["--check"])
    finally:
        site.ssh("hv1", "rm -rf /var/lib/apt/lists; mv /var/lib/apt/lists.away /var/lib/apt/lists")
    assert predicted.code == 0, predicted.failure_text()
    assert {host for host, _task in predicted.changes} == set(HYPERVISORS)


@pytest.mark.release
def test_a_dead_server_is_named_within_the_time_and_other_shares_are_done(site):
    local = "/srv/shares/local"
    for host in HYPERVISORS:
        site.ssh(host, f"mkdir -p {local} && mountpoint -q {local} || mount -t tmpfs none {local}")
    shares = [PROJECTS, SQUASHED, {"path": local, "type": "local", "access": {"mode": "1770", "writers": []}}]
    limits = {"share_access_timeout": 8, "share_proof_timeout": 8}
    site.lab.power_off("nas1")
    try:
        access = site.run(*shares, roles=["share_access"], **limits)
        proof = site.run(*shares, roles=["share_proof"], **limits)
    finally:
        site.lab.power_on("nas1")
    until_answered(site.lab, HYPERVISORS, PATH)
    for run in (access, proof):
        assert run.code != 0
        assert {line["host"] for line in run.failures} == set(HYPERVISORS)
        # One bound for the server's first share, a short one for its second, and the way to the host.
        slow = [line for line in run.results if line["seconds"] is not None and line["seconds"] > 8 + 2 + 10]
        assert not slow, [(line["host"], line["task"], line["seconds"]) for line in slow]
    for host in HYPERVISORS:
        assert f"{host}: {PATH}: the server nas1 did not answer within 8 s (nfs4 mount of nas1:/export/projects)" \
            in access.failure_text()
        assert f"{host}: {PATH}: the server nas1 did not answer within 8 s" in proof.failure_text()
        assert f"{host}: {SQUASHED['path']}: the server nas1 did not answer within 2 s" in proof.failure_text()
        assert site.ssh(host, f"stat -c %a {local}").strip() == "1770", "the share of another server was still done"
    mended = site.run(PROJECTS, SQUASHED)
    assert mended.code == 0, mended.failure_text()
    assert site.left_on_the_server() == []
