# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks in the middle of a run: server, network, power, disk, a user of the mount, a second run beside it.

Each test begins with all shares as declared on both hosts, and ends with them so. Those that need a run at a certain
point hold it there: a script in front of mount.nfs waits before it mounts the path that /run/hold names. That a write
of fstab may be killed anywhere is in tests/integration/test_fstab_killed.py.
"""

import concurrent.futures
import contextlib
import re
import time

import pytest

from tests.lab import Lab
from tests.support.lab_site import LabSite
from tests.support.mounts import until_answered

HYPERVISORS = ("hv1", "hv2")
EXPORTS = ("first", "second", "third", "fourth", "other")
FSTAB = "# by hand\t \n/swapfile none  swap\tsw 0 0\n"
TIMEOUT = 8
MARGIN = 20  # seconds that Ansible and a host on a busy machine take for themselves
CUT = 30

HOLD = """\
#!/bin/sh
if [ -e /run/hold ] && [ "$2" = "$(cat /run/hold)" ]; then
    touch /run/held
    while [ -e /run/hold ]; do sleep 0.1; done
fi
exec "/usr/lib/held/${0##*/}" "$@"
"""
PREPARE = """\
mkdir /usr/lib/held
for name in mount.nfs mount.nfs4 umount.nfs umount.nfs4; do ln -s mount.nfs /usr/lib/held/$name 2>/dev/null; done
mv --force /usr/sbin/mount.nfs /usr/lib/held/mount.nfs && cat > /usr/sbin/mount.nfs && chmod 0755 /usr/sbin/mount.nfs
"""


def share(name, source=None, **more):
    return {"path": f"/srv/shares/{name}", "type": "nfs", "source": source or f"nas1:/export/{name}",
            "options": {"vers": "4.2"}, **more}


FIRST, SECOND, THIRD, FOURTH = (share(name) for name in EXPORTS[:4])
LOCAL = {"path": "/srv/shares/local", "type": "local", "source": "/opt"}
ALL = [FIRST, SECOND, THIRD, LOCAL]
# A guest that has an image of the second share open.
GUEST = f"touch {SECOND['path']}/disk && systemd-run --unit guest --property StandardInput=file:{SECOND['path']}/disk sleep 600"


def line(each):
    if each["type"] == "local":
        return f"{each['source']} {each['path']} none rw,bind,nofail 0 0\n"
    return f"{each['source']} {each['path']} nfs rw,vers={each['options']['vers']},_netdev,nofail 0 0\n"


PLAYBOOK = [{
    "name": "Mount",
    "hosts": "hypervisors",
    "gather_facts": False,
    "tasks": [{
        "name": "Mount the shares",
        "virtshare.storage.share_mounts": {
            "shares": "{{ virtshare_shares }}", "timeout": "{{ share_mounts_timeout }}"},
    }],
}]


class Site(LabSite):
    """Two hypervisors and their storage server."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory, PLAYBOOK)

    def hosts(self):
        inventory = super().hosts()
        (group,) = [each for name, each in inventory["all"]["children"].items() if name.startswith("lab_")]
        # The lab ends connections that are shared when it cuts a cable: a run has its own, and stands or falls with it.
        group["vars"]["ansible_ssh_args"] = re.sub(
            r"ControlPath=\S+", "ControlPath=none", group["vars"]["ansible_ssh_args"])
        return inventory

    def run(self, shares, *hosts, timeout=TIMEOUT):
        variables = {"virtshare_shares": shares, "share_mounts_timeout": timeout}
        return self.played(variables, "--limit", ",".join(hosts or HYPERVISORS))

    def ssh(self, host, command, **more):
        return self.lab.ssh(host, command, **more).stdout

    @contextlib.contextmanager
    def held(self, host, each, shares, *hosts, timeout=TIMEOUT):
        """A run that waits before it mounts a share on a host; as a future that ends after release()."""
        self.ssh(host, f"echo {each['path']} > /run/hold")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            try:
                future = pool.submit(self.run, shares, *hosts, timeout=timeout)
                self.ssh(host, "timeout 60 sh -c 'until [ -e /run/held ]; do sleep 0.1; done'")
                yield future
            finally:
                self.release(host)

    def release(self, host):
        self.ssh(host, "rm -f /run/hold /run/held")

    def live(self, host):
        """{path: source} of what the kernel shows."""
        rows = [row.split(" ") for row in self.ssh(host, "cat /proc/mounts").splitlines()]
        return {row[1]: row[0] for row in rows if row[1].startswith("/srv/shares/")}

    def fstab(self, host):
        return self.ssh(host, "cat /etc/fstab")

    def assert_declared(self, *hosts, shares=tuple(ALL)):
        """Live and in fstab, and nothing of a write is left."""
        for host in hosts or HYPERVISORS:
            assert self.live(host) == {
                each["path"]: "/dev/root" if each["type"] == "local" else each["source"] for each in shares}
            assert sorted(self.fstab(host).splitlines()) == sorted(
                (FSTAB + "".join(line(each) for each in shares)).splitlines())
            assert ".fstab" not in self.ssh(host, "ls -A /etc")


def operations(run, host):
    """What the run did on a host, as (name, path)."""
    result = run.of("share_mounts")[host]
    assert "operations" in result, result
    return [(each["operation"], each["target"]) for each in result["operations"]]


def errors(run, host):
    return {each["path"]: each["error"] for each in run.of("share_mounts")[host].get("errors", [])}


def mounts(*shares):
    return [("mount", each["path"]) for each in shares]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with Lab.up("faults", [*(f"{host}:hypervisor-client" for host in HYPERVISORS), "nas1:storage"], fresh=True) as lab:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: lab.ssh(host, PREPARE, stdin=HOLD, timeout=300), HYPERVISORS))
        for host in HYPERVISORS:
            lab.ssh(host, "cat > /etc/fstab", stdin=FSTAB)
        lab.ssh("nas1", f"mkdir -p {' '.join(f'/export/{name}' for name in EXPORTS)} && cat > /etc/exports"
                        " && exportfs -ra", stdin="".join(
                            f"/export/{name} *(rw,sync,no_subtree_check,no_root_squash)\n" for name in EXPORTS))
        yield Site(lab, tmp_path_factory.mktemp("faults"))


@pytest.fixture
def site(made):
    """All shares as declared; the run that sees to it has something to do at the very beginning only."""
    run = made.run(ALL)
    assert run.code == 0, run.failure_text()
    made.assert_declared()
    return made


def test_a_server_switched_off_in_the_middle_of_a_run(site):
    site.ssh("hv1", f"umount {SECOND['path']} {THIRD['path']} {LOCAL['path']}")
    try:
        with site.held("hv1", SECOND, ALL, "hv1") as future:
            site.lab.power_off("nas1")
            begun = time.monotonic()
            site.release("hv1")
            run = future.result()
        took = time.monotonic() - begun
    finally:
        site.lab.power_on("nas1")
    until_answered(site.lab, HYPERVISORS, FIRST["path"])
    assert took < TIMEOUT + 2 + MARGIN
    assert run.code != 0
    assert operations(run, "hv1") == mounts(LOCAL), "what does not come from that server is done"
    found = errors(run, "hv1")
    assert list(found) == [SECOND["path"], THIRD["path"]]
    for each, seconds in ((SECOND, TIMEOUT), (THIRD, 2)):
        assert found[each["path"]] == (
            f"hv1: {each['path']}: could not mount {each['source']}: no answer within {seconds} s. "
            "The server is nas1")
    assert site.live("hv1").keys() == {FIRST["path"], LOCAL["path"]}
    refused = site.lab.ssh("hv1", f"touch {SECOND['path']}/lost", check=False)
    assert "Operation not permitted" in refused.stderr
    mended = site.run(ALL, "hv1")
    assert mended.code == 0 and operations(mended, "hv1") == mounts(SECOND, THIRD)
    site.assert_declared()


@pytest.mark.release
def test_a_hypervisors_network_cut_in_the_middle_of_a_run(site):
    """Ansible and the mount both outlast it, and nothing has to be done again."""
    site.ssh("hv1", f"umount {SECOND['path']}")
    with site.held("hv1", SECOND, ALL, timeout=CUT + MARGIN) as future:
        site.lab.cut("hv1")
        time.sleep(CUT)
        site.lab.reconnect("hv1")
        assert not future.done()
        site.release("hv1")
        run = future.result()
    assert run.code == 0, run.failure_text()
    assert (operations(run, "hv1"), operations(run, "hv2")) == (mounts(SECOND), [])
    site.assert_declared()


@pytest.mark.release
def test_a_servers_network_cut(site):
    """A run meanwhile ends in time and leaves the mounts alone; what a guest writes waits, and arrives."""
    lines = "for number in $(seq 20); do echo $number; sync -f /srv/shares/first; sleep 1; done"
    site.ssh("hv1", f"systemd-run --unit guest sh -c '{lines} > /srv/shares/first/log'")
    site.lab.cut("nas1")
    try:
        begun = time.monotonic()
        run = site.run(ALL)
        took = time.monotonic() - begun
        time.sleep(max(0, CUT - took))
    finally:
        site.lab.reconnect("nas1")
    assert took < TIMEOUT + MARGIN
    assert run.code != 0
    for host in HYPERVISORS:
        assert operations(run, host) == []
        assert errors(run, host) == {each["path"]: (
            f"{host}: {each['path']}: server nas1 of {each['source']} does not answer on port 2049 within 2 s. "
            "Is it running, and reachable from this host?") for each in (FIRST, SECOND, THIRD)}
    site.ssh("hv1", "timeout 100 sh -c 'while systemctl -q is-active guest; do sleep 0.2; done'")
    assert site.ssh("nas1", "cat /export/first/log").split() == [str(number) for number in range(1, 21)]
    again = site.run(ALL)
    assert again.code == 0 and [operations(again, host) for host in HYPERVISORS] == [[], []], "nothing was lost"
    site.assert_declared()


@pytest.mark.release
def test_a_hypervisors_power_cut_in_the_middle_of_a_run(site):
    """It comes back with a whole fstab, the other host is done, and the next run ends what this one began."""
    declared = [*ALL, FOURTH]
    with site.held("hv1", FOURTH, declared) as future:
        site.lab.power_off("hv1")
        site.lab.power_on("hv1")
        run = future.result()
    assert run.code != 0
    assert [(each["host"], each["outcome"]) for each in run.failures] == [("hv1", "unreachable")]
    assert ("mount", FOURTH["path"]) in operations(run, "hv2")
    state = site.lab.ssh("hv1", "timeout 100 systemctl is-system-running --wait", check=False).stdout.strip()
    assert state in ("running", "degraded")
    assert site.fstab("hv1") == FSTAB + "".join(line(each) for each in declared)
    ended = site.run(declared)
    assert ended.code == 0, ended.failure_text()
    site.assert_declared(shares=declared)
    gone = site.run([*ALL, dict(FOURTH, state="absent")])
    assert gone.code == 0, gone.failure_text()
    assert site.run(ALL).changes == set()


# What is declared when the disk takes no change: an option that needs a new mount, and a new share.
CHANGED = [FIRST, dict(SECOND, options={"vers": "4.1"}), THIRD, LOCAL, FOURTH]


# Only a read-only filesystem is noticed where nothing is to be written: it is the local share's own.
UNWRITABLE = {LOCAL["path"]: f"hv2: {LOCAL['path']}: the filesystem of its source {LOCAL['source']} is mounted read-only. "
                             "Make that writable, or write read_only: true. Nothing was changed for this share."}


@pytest.mark.parametrize("spoil, mend, words, way_out, always", [
    # Large writes are refused before the last block is taken.
    ("fallocate -l $(($(df --output=avail -B1 / | tail -1) - 4194304)) /root/filler; "
     "cat /dev/zero > /root/filler2 2>/dev/null; dd if=/dev/zero of=/root/more bs=4k oflag=dsync 2>/dev/null;"
     " test $(df --output=avail / | tail -1) = 0", "rm /root/filler /root/filler2 /root/more",
     "No space left on device", "Free some space on its filesystem, then run again.", {}),
    pytest.param(
        "echo u > /proc/sysrq-trigger; timeout 20 sh -c 'until grep -q \" / ext4 ro\" /proc/mounts; do sleep 0.1; done'",
        "mount -o remount,rw /", "Read-only file system", "Make its filesystem writable, then run again.", UNWRITABLE,
        marks=pytest.mark.release),
], ids=["full", "read-only"])
def test_a_root_disk_that_takes_no_change(site, spoil, mend, words, way_out, always):
    old = site.fstab("hv2")
    site.ssh("hv2", spoil)
    try:
        converged = site.run(ALL, "hv2")
        refused = site.run(CHANGED, "hv2")
        found = site.fstab("hv2"), site.live("hv2"), site.ssh("hv2", "ls -A /etc /srv/shares")
    finally:
        site.ssh("hv2", mend)
    assert (operations(converged, "hv2"), errors(converged, "hv2")) == ([], always)
    assert refused.code != 0 and operations(refused, "hv2") == []
    assert errors(refused, "hv2") == {each["path"]: (
        f"hv2: {each['path']}: /etc/fstab could not be written: {words}. Nothing was changed for this "
        f"share. {way_out}") for each in (SECOND, FOURTH)} | always
    assert found[0] == old
    assert found[1][SECOND["path"]] == SECOND["source"], "what was mounted still is"
    assert ".fstab" not in found[2] and "fourth" not in found[2]
    ended = site.run(CHANGED, "hv2")
    assert ended.code == 0, ended.failure_text()
    site.assert_declared("hv2", shares=CHANGED)
    assert site.run([*ALL, dict(FOURTH, state="absent")], "hv2").code == 0


def test_a_mount_in_use_whose_declared_source_changed(site):
    other = share("second", "nas1:/export/other")
    declared = [FIRST, other, THIRD, LOCAL]
    site.ssh("hv1", GUEST)
    pid = site.ssh("hv1", "systemctl show --property MainPID --value guest").strip()
    run = site.run(declared)
    assert run.code != 0 and {each["host"] for each in run.failures} == {"hv1"}
    assert operations(run, "hv1") == []
    assert errors(run, "hv1") == {other["path"]: (
        f"hv1: {other['path']}: the mount there has to go (it shows nas1:/export/second of type nfs4 instead of "
        f"nas1:/export/other), but it is used by sleep (process {pid}). Nothing was changed for this share. "
        "Stop or move what uses it, then run again.")}
    site.assert_declared("hv1")
    site.assert_declared("hv2", shares=declared)
    site.ssh("hv1", "systemctl stop guest")
    ended = site.run(declared)
    assert ended.code == 0 and operations(ended, "hv2") == []
    assert [name for name, path in operations(ended, "hv1")] == ["unmount", "fstab", "systemd_reload", "mount"]
    site.assert_declared(shares=declared)


@pytest.mark.release
def test_a_directory_that_was_made_anew_on_the_server(site):
    """What is mounted is a directory that nobody has any more: another mount takes its place where nobody uses it."""
    site.ssh("hv1", GUEST)
    site.ssh("nas1", "exportfs -u '*:/export/second' && mv /export/second /export/old && mkdir /export/second && exportfs -ra")
    for host in HYPERVISORS:
        assert "Stale file handle" in site.lab.ssh(host, f"ls {SECOND['path']}", check=False).stderr
    run = site.run(ALL)
    assert run.code != 0 and list(errors(run, "hv1")) == [SECOND["path"]] and operations(run, "hv1") == []
    assert "used by sleep" in errors(run, "hv1")[SECOND["path"]] and "stale" in errors(run, "hv1")[SECOND["path"]]
    assert errors(run, "hv2") == {} and operations(run, "hv2")[-1] == ("mount", SECOND["path"])
    site.ssh("hv1", "systemctl stop guest")
    ended = site.run(ALL)
    assert ended.code == 0 and operations(ended, "hv2") == [], ended.failure_text()
    site.ssh("hv1", f"touch {SECOND['path']}/seen")
    assert site.ssh("hv2", f"ls {SECOND['path']}").split() == site.ssh("nas1", "ls /export/second").split() == ["seen"]
    site.assert_declared()


@pytest.mark.release
def test_mounts_that_the_client_makes_inside_are_no_users_and_get_the_shares_options(site):
    """A filesystem inside an export (crossmnt): the client mounts it by itself where somebody looks into it."""
    inner = f"{SECOND['path']}/inner"
    site.ssh("nas1", "truncate -s 16M /root/inner.img && mkfs.ext4 -q /root/inner.img && mkdir /export/second/inner && "
                     "mount -o loop /root/inner.img /export/second/inner && chmod 1777 /export/second/inner && "
                     "sed -i '/second/s/(rw,/(rw,crossmnt,/' /etc/exports && exportfs -ra")
    try:
        for host in HYPERVISORS:
            site.ssh(host, f"ls {inner}/lost+found/..")
            assert site.live(host)[inner] == "nas1:/export/second/inner"
        careful = [FIRST, dict(SECOND, options={"vers": "4.2", "nosuid": True}), THIRD, LOCAL]
        for shares, nosuid in ((careful, True), (ALL, False)):
            run = site.run(shares)
            assert run.code == 0 and site.run(shares).changes == set(), run.failure_text()
            for host in HYPERVISORS:
                site.ssh(host, f"ls {inner}/lost+found/..")
                options = site.ssh(host, f"findmnt --noheadings --output VFS-OPTIONS --mountpoint {inner}").strip().split(",")
                assert ("nosuid" in options) == nosuid, options
        elsewhere = [FIRST, share("second", "nas1:/export/other"), THIRD, LOCAL]
        run = site.run(elsewhere)
        assert run.code == 0, run.failure_text()
        site.assert_declared(shares=elsewhere)
        assert site.run(ALL).code == 0
    finally:
        for host in HYPERVISORS:
            site.lab.ssh(host, f"umount {inner}", check=False)
        site.ssh("nas1", "sed -i 's/crossmnt,//' /etc/exports && exportfs -ra && exportfs -f && umount /export/second/inner && "
                         "rmdir /export/second/inner && rm /root/inner.img")


def test_a_second_run_of_the_same_play_at_the_same_time(site):
    """It waits for the first, and finds nothing to do."""
    site.ssh("hv1", f"umount {SECOND['path']} {THIRD['path']}")
    waiting = "find /proc/[0-9]*/fd -lname /run/virtshare-mounts.lock 2>/dev/null | wc -l"
    with site.held("hv1", SECOND, ALL, timeout=MARGIN) as first:
        alone = site.ssh("hv1", waiting).strip()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            second = pool.submit(site.run, ALL, timeout=MARGIN)
            site.ssh("hv1", f"timeout 60 sh -c 'until [ $({waiting}) -gt {alone} ]; do sleep 0.1; done'")
            assert not second.done()
            site.release("hv1")
            runs = [first.result(), second.result()]
    assert [run.code for run in runs] == [0, 0], [run.failure_text() for run in runs]
    assert [operations(run, "hv1") for run in runs] == [mounts(SECOND, THIRD), []]
    assert [operations(run, "hv2") for run in runs] == [[], []]
    site.assert_declared()
