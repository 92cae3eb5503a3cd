# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How roles install packages, with a package manager that answers what the test says and keeps what it was asked for."""

import json

import pytest

from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

# Modules of ANSIBLE_LIBRARY go before Ansible's own of the same name.
MANAGER = """#!/usr/bin/python
import json
import os
from ansible.module_utils.basic import AnsibleModule

options = dict(name=dict(type="list", elements="str"), state=dict(type="str"), update_cache=dict(type="bool"),
               install_recommends=dict(type="bool"), install_weak_deps=dict(type="bool"))
module = AnsibleModule(options, supports_check_mode=True)
folder = os.environ["ASKED"]
with open(folder + "/asked", "a") as log:
    log.write(json.dumps({key: value for key, value in module.params.items() if value is not None}) + "\\n")
with open(folder + "/asked") as log, open(folder + "/answers") as answers:
    answer = json.load(answers)[len(log.readlines()) - 1]
if answer in ("changed", "ok"):
    module.exit_json(changed=answer == "changed")
module.fail_json(msg=answer)
"""
NAMES = ["nfs-common", "cifs-utils"]
PLAIN = {"name": NAMES, "state": "present"}
OLD = "Failed to fetch http://mirror/nfs-common_1.deb  404  Not Found"
DEAD = "Failed to update apt cache: could not resolve 'mirror'."


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """One for all tests: Ansible reads where it is when it is imported."""
    directory = tmp_path_factory.mktemp("library")
    for name in ("apt", "dnf"):
        (directory / f"{name}.py").write_text(MANAGER, encoding="utf-8")
    return directory


@pytest.fixture(name="install")
def with_manager(tmp_path, library):
    (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": {"hv1": {
        "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}}}), encoding="utf-8")

    def run(role, answers, *arguments, distribution=("Debian", "13", "Debian", "apt"), tasks_from="main", **variables):
        """(run, what the package manager was asked for) of a role on a host of a distribution."""
        (tmp_path / "asked").write_text("", encoding="utf-8")
        (tmp_path / "answers").write_text(json.dumps(answers), encoding="utf-8")
        facts = dict(zip(("distribution", "distribution_major_version", "os_family", "pkg_mgr"), distribution))
        (tmp_path / "play.yml").write_text(json.dumps([{
            "name": "Packages", "hosts": "hv1", "gather_facts": False, "tasks": [
                {"name": "Give the facts", "ansible.builtin.set_fact": {**facts, "cacheable": True}},
                {"name": "Install", "vars": variables, "ansible.builtin.include_role": {
                    "name": f"virtshare.storage.{role}", "tasks_from": tasks_from}}]}]), encoding="utf-8")
        done = run_playbook(tmp_path / "play.yml", inventories=[tmp_path / "inventory.json"], arguments=list(arguments),
                            environment={"ANSIBLE_LIBRARY": str(library), "ASKED": str(tmp_path)}, timeout=120)
        return done, [json.loads(line) for line in (tmp_path / "asked").read_text(encoding="utf-8").splitlines()]
    return run


def packages(install, answers, *arguments, **more):
    return install("hypervisor_packages", answers, *arguments, hypervisor_packages_names=NAMES,
                   hypervisor_packages_otherwise="x_install to false", **more)


def test_the_lists_that_the_host_has_are_enough(install):
    run, asked = packages(install, ["changed"])
    assert run.code == 0 and run.changes and asked == [PLAIN]
    run, asked = packages(install, ["ok"])
    assert run.code == 0 and not run.changes and asked == [PLAIN]


def test_lists_that_are_old_are_fetched_once(install):
    run, asked = packages(install, [OLD, "changed"])
    assert run.code == 0 and run.changes and asked == [PLAIN, {**PLAIN, "update_cache": True}]


@pytest.mark.parametrize("message", ["No package matching 'nfs-common' is available",
                                     "python3-apt must be installed to use check mode"])
def test_check_mode_predicts_packages_that_it_cannot_look_up(install, message):
    run, asked = packages(install, [message, message], "--check")
    assert run.code == 0 and run.changes and len(asked) == 2


def test_a_dead_mirror_is_explained(install):
    run, asked = packages(install, [OLD, DEAD])
    assert run.code != 0 and len(asked) == 2
    assert run.failures[-1]["result"]["msg"] == (
        "hv1: apt cannot install nfs-common, cifs-utils: Failed to update apt cache: could not resolve 'mirror'. Check that "
        "the host reaches its package mirror and that nothing else holds the package manager's lock, then run again. Or "
        "install them by other means and set x_install to false.")


def test_another_failure_is_explained_and_no_lists_are_fetched(install):
    run, asked = packages(install, ["dpkg was interrupted"])
    assert run.code != 0 and asked == [PLAIN]
    assert "hv1: apt cannot install nfs-common, cifs-utils: dpkg was interrupted." in run.failures[-1]["result"]["msg"]


@pytest.mark.parametrize("distribution, option", [
    (("Debian", "13", "Debian", "apt"), "install_recommends"),
    pytest.param(("Rocky", "9", "RedHat", "dnf"), "install_weak_deps", marks=pytest.mark.release)])
def test_what_is_only_recommended_may_be_left_out(install, distribution, option):
    dummy, asked = packages(install, ["changed"], distribution=distribution, hypervisor_packages_recommended=False)
    assert asked == [{**PLAIN, option: False}]


NFS = {"__share_mounts_declared": {"types": ["nfs", "local"]}}
EL9, MINT = ("Rocky", "9", "RedHat", "dnf"), ("Mint", "22", "Other", "apt")


@pytest.mark.parametrize("role, tasks_from, distribution, variables, name", [
    ("share_mounts", "packages", ("Debian", "13", "Debian", "apt"), NFS, ["nfs-common"]),
    ("share_mounts", "packages", EL9, NFS, ["nfs-utils"]),
    ("share_mounts", "packages", MINT, {**NFS, "share_mounts_packages": {"nfs": ["my-nfs"]}}, ["my-nfs"]),
    ("guest_proof", "packages", EL9, {}, ["libvirt-daemon-kvm", "libvirt-client", "qemu-kvm"]),
    ("guest_proof", "packages", MINT, {}, None),
    ("guest_proof", "packages", MINT, {"guest_proof_packages": ["qemu"]}, ["qemu"]),
    ("virtiofsd", "install", EL9, {"virtiofsd_packages": ["mine"]}, ["mine"]),
    ("ocfs2_cluster", "install", ("Ubuntu", "24", "Debian", "apt"), {"__ocfs2_cluster_info": {"kernel": "6.8", "missing_programs": []}},
     ["ocfs2-tools", "linux-modules-extra-6.8"]),
])
def test_each_role_installs_what_its_distribution_calls_it(install, role, tasks_from, distribution, variables, name):
    dummy, asked = install(role, ["changed"], distribution=distribution, tasks_from=tasks_from, **variables)
    assert [each["name"] for each in asked] == ([] if name is None else [name])


@pytest.mark.parametrize("distribution, accounts", [
    (("Debian", "12", "Debian", "apt"), ["libvirt-qemu", "kvm", "libvirt"]),
    (("Debian", "13", "Debian", "apt"), ["libvirt-qemu", "kvm"]), (EL9, ["qemu", "kvm"])])
def test_the_accounts_that_packages_bring_are_told_without_the_package_manager(install, distribution, accounts):
    run, asked = install("virtiofsd", [], distribution=distribution, tasks_from="accounts")
    assert run.facts("virtiofsd_accounts")["hv1"] == accounts and asked == []


@pytest.mark.parametrize("role, tasks_from, variables, option", [
    ("share_mounts", "packages", NFS, "share_mounts_packages"), ("virtiofsd", "accounts", {}, "virtiofsd_packages"),
    ("ocfs2_cluster", "install", {"__ocfs2_cluster_info": {"kernel": "6.8", "missing_programs": ["mkfs.ocfs2"]}}, "ocfs2_cluster_packages"),
])
def test_a_distribution_that_is_not_known_is_named_with_the_option_to_set(install, role, tasks_from, variables, option):
    run, asked = install(role, [], distribution=MINT, tasks_from=tasks_from, **variables)
    assert run.code != 0 and asked == []
    assert f"are not known for Mint 22. Name them in {option}" in run.failure_text()
