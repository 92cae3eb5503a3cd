# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts really look like after the collection ran: asked of the hosts, not of the collection."""

import uuid

import pytest
import testinfra
from testinfra.utils.ansible_runner import AnsibleRunner

HYPERVISORS = ["hv1", "hv2"]
PROJECTS, LIBRARY = "/srv/shares/projects", "/srv/shares/library"
SOURCES = {PROJECTS: "nas1:/export/projects", LIBRARY: "nas1:/export/library"}


@pytest.fixture(scope="session")
def inventory(request):
    return request.config.option.ansible_inventory


@pytest.fixture(params=HYPERVISORS)
def hypervisor(request, inventory):
    return connect(request.param, inventory)


@pytest.fixture
def both(inventory):
    return [connect(name, inventory) for name in HYPERVISORS]


def connect(name, inventory):
    """A host by its name in the inventory; Testinfra's own reading of inventories passes over ansible_ssh_args."""
    found = AnsibleRunner(inventory).get_variables(name)
    return testinfra.get_host(
        f"ssh://{found['ansible_user']}@{found['ansible_host']}:{found['ansible_port']}",
        ssh_extra_args=found["ansible_ssh_args"],
    )


def test_the_hosts_exist(inventory):
    """A wrong inventory matches no host, and nothing at all would be tested."""
    assert sorted(AnsibleRunner(inventory).get_hosts("hypervisors")) == HYPERVISORS


def test_hosts_are_two_different_ones(both):
    first, second = [host.file("/etc/machine-id").content_string for host in both]
    assert first.strip() and first != second


@pytest.mark.parametrize("path", SOURCES)
def test_share_is_mounted_from_its_source(hypervisor, path):
    mount = hypervisor.mount_point(path)
    assert mount.exists
    assert mount.device == SOURCES[path]
    assert mount.filesystem == "nfs4"


def test_options_are_live(hypervisor):
    assert "vers=4.2" in hypervisor.mount_point(PROJECTS).options
    assert "rw" in hypervisor.mount_point(PROJECTS).options
    assert {"ro", "noatime"} <= set(hypervisor.mount_point(LIBRARY).options)


@pytest.mark.parametrize("path", SOURCES)
def test_share_comes_back_after_a_boot(hypervisor, path):
    lines = [line.split() for line in hypervisor.file("/etc/fstab").content_string.splitlines()]
    assert [line[0] for line in lines if len(line) > 1 and line[1] == path] == [SOURCES[path]]
    assert hypervisor.run(f"systemctl cat \"$(systemd-escape --path --suffix=mount {path})\"").rc == 0


def test_share_belongs_to_whom_it_was_declared_for(hypervisor):
    directory = hypervisor.file(PROJECTS)
    assert (directory.user, directory.group, directory.mode) == ("oneadmin", "kvm", 0o2770)


@pytest.mark.parametrize("writer, reader", [(0, 1), (1, 0)])
def test_what_one_host_writes_the_other_reads(both, writer, reader):
    nonce = uuid.uuid4().hex
    path = f"{PROJECTS}/{nonce}"
    written = both[writer].run(f"runuser -u oneadmin -- sh -c 'umask 027; echo {nonce} > {path}'")
    assert written.rc == 0, written.stderr
    # Through the group that the directory hands on. Only a user's first group will do: Debian's NFS server looks the
    # others up in its own accounts (manage-gids), where the hypervisors' users need not exist.
    seen = both[reader].run(f"runuser -u libvirt-qemu -- cat {path}")
    assert (seen.rc, seen.stdout.strip()) == (0, nonce)
    assert both[reader].run(f"runuser -u oneadmin -- rm {path}").rc == 0


def test_read_only_share_is_read_and_not_written(hypervisor):
    assert hypervisor.file(f"{LIBRARY}/greeting").content_string == "from nas1\n"
    refused = hypervisor.run(f"touch {LIBRARY}/intruder")
    assert refused.rc != 0
    assert "Read-only file system" in refused.stderr


@pytest.mark.parametrize("path", SOURCES)
def test_nothing_of_the_proof_is_left(hypervisor, path):
    assert ".virtshare-proof" not in hypervisor.run(f"ls -A {path}").stdout


def test_virtiofsd_can_be_started(hypervisor):
    daemon = hypervisor.file("/usr/libexec/virtiofsd")
    assert daemon.is_file and daemon.mode & 0o111
    assert hypervisor.run("/usr/libexec/virtiofsd --version").rc == 0


def test_guests_user_is_there(hypervisor):
    assert hypervisor.user("libvirt-qemu").exists
    assert "kvm" in hypervisor.user("oneadmin").groups
