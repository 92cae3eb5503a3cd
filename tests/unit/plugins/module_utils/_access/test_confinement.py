# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux and AppArmor of one host in one pass, on a tree of files and with a setsebool that writes to it."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._access import apparmor, confinement, selinux
from ansible_collections.virtshare.storage.plugins.module_utils._host.mountinfo import Mount
from ansible_collections.virtshare.storage.plugins.module_utils._share import live

PATH = "/srv/shares/projects"
SHARE = {"path": PATH, "type": "nfs", "source": "nas1:/export/projects", "read_only": False}
DISK = {"path": "/srv/shares/vmstore", "type": "local", "source": None, "read_only": False}
DEFAULT = "system_u:object_r:default_t:s0"
USABLE = "system_u:object_r:svirt_image_t:s0"
STORE = "var/lib/selinux/targeted/active/booleans.local"
ACTIVE = "sys/fs/selinux/booleans/virt_use_nfs"
CONTEXTS = "etc/selinux/targeted/contexts/files/file_contexts.local"


class Host:
    """A host with both, its mounts, and its tools; what was run is in C(ran)."""

    def __init__(self, root, monkeypatch):
        self.root = str(root)
        self.ran = []
        self.answer = None
        self.mounts = {}
        self.labels = {}
        self.write("sys/fs/selinux/enforce", "1")
        self.write(ACTIVE, "0 0")
        self.write(STORE, "")
        self.write(apparmor.ENABLED, "Y\n")
        self.write(apparmor.ABSTRACTION, "#include <local/abstractions/libvirt-qemu>\n")
        monkeypatch.setattr(selinux.commands, "run", self.run)
        monkeypatch.setattr(selinux, "label", self.label)
        monkeypatch.setattr(live.Bounded, "visible", lambda dummy, path: (self.mounts.get(path), []))
        monkeypatch.setattr(live.Bounded, "run", lambda dummy, function, *rest: function())

    def write(self, name, text):
        filename = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(filename), exist_ok=True)
        with open(filename, "w") as target:
            target.write(text)

    def text(self, name):
        with open(os.path.join(self.root, name)) as source:
            return source.read()

    def mount(self, path, fstype, options=("rw",), label=None):
        self.mounts[path] = Mount(61, 27, "8:1", "/", path, list(options), fstype, "nas1:/export/projects", [])
        self.labels[path] = label

    def run(self, command, dummy):
        self.ran.append(command)
        if self.answer:
            return self.answer
        if command[0] == "setsebool":
            self.write(ACTIVE, "1 1")
            self.write(STORE, "virt_use_nfs=1\n")
        else:
            self.write(CONTEXTS, "%s    %s\n" % (command[-1], USABLE))
        return 0, ""

    def label(self, path, dummy, new=None):
        if isinstance(self.labels[path], OSError):
            raise self.labels[path]
        self.labels[path] = new or self.labels[path]
        return self.labels[path]

    def pass_over(self, *shares, **more):
        work = confinement.Confinement(
            list(shares), live.Bounded(5, "hv1"), root=self.root, **dict({"check_mode": False}, **more))
        work.returned = work.run()
        return work


@pytest.fixture
def host(tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch)


def names(work):
    return [operation.name for operation in work.plan.operations]


def test_both_are_done_in_one_pass_and_a_second_does_nothing(host):
    host.mount(PATH, "nfs4")
    predicted = host.pass_over(SHARE, check_mode=True)
    assert host.ran == [] and host.text(ACTIVE) == "0 0" and not os.path.exists(os.path.join(host.root, apparmor.LOCAL))
    made = host.pass_over(SHARE)
    assert names(made) == names(predicted) == ["selinux.booleans", "apparmor.rules"]
    assert made.plan.diff() == predicted.plan.diff()
    assert host.ran == [["setsebool", "-P", "virt_use_nfs=on"]]
    assert made.problems == [] and made.plan.warnings == []
    assert made.returned == {
        "selinux": {"enforcing": True, "booleans": {"virt_use_nfs": True}, "labels": {}},
        "apparmor": {"file": "/etc/apparmor.d/local/abstractions/libvirt-qemu",
                     "rules": ['"/srv/shares/projects/" r,', '"/srv/shares/projects/**" rwk,']}}
    again = host.pass_over(SHARE)
    assert not again.plan.changed and again.returned == made.returned
    assert len(host.ran) == 1, "a run with nothing to do starts no program"


def test_a_boolean_that_the_next_boot_takes_away_is_mended(host):
    host.mount(PATH, "nfs4")
    host.write(ACTIVE, "1 1")
    assert names(host.pass_over(SHARE))[0] == "selinux.booleans"


def test_a_label_is_recorded_and_set_and_seen_the_next_time(host):
    host.mount(DISK["path"], "ext4", ["rw", "seclabel"], DEFAULT)
    made = host.pass_over(DISK)
    assert names(made) == ["selinux.fcontext", "selinux.label", "apparmor.rules"]
    assert host.ran == [["semanage", "fcontext", "-a", "-t", "svirt_image_t", "/srv/shares/vmstore(/.*)?"]]
    assert host.labels[DISK["path"]] == USABLE
    assert made.returned["selinux"]["labels"] == {DISK["path"]: USABLE}
    assert not host.pass_over(DISK).plan.changed
    host.labels[DISK["path"]] = DEFAULT
    assert names(host.pass_over(DISK)) == ["selinux.label"], "drift is corrected, and what is recorded is not again"


@pytest.mark.parametrize("options", [["rw"], ["rw", "context=%s" % USABLE]])
def test_a_mount_without_labels_of_files_is_not_labelled(host, options):
    host.mount(DISK["path"], "ext4", options, DEFAULT)
    assert names(host.pass_over(DISK)) == ["apparmor.rules"]


@pytest.mark.parametrize("live", [None, "xfs"])
def test_what_is_beneath_a_missing_mount_is_never_labelled(host, live):
    """The boolean is that of the declared type then; another filesystem at the path is not the share."""
    if live:
        host.mount(PATH, live, ["rw", "seclabel"], DEFAULT)
    made = host.pass_over(SHARE)
    assert names(made) == ["selinux.booleans", "apparmor.rules"]
    assert made.returned["selinux"]["labels"] == {}


def test_a_tool_that_fails_is_a_problem_and_no_change(host):
    host.answer = (255, "Could not change policy booleans")
    made = host.pass_over(SHARE)
    assert made.problems == [
        "hv1: SELinux: setsebool -P virt_use_nfs=on failed: Could not change policy booleans"]
    assert names(made) == ["apparmor.rules"] and "SELinux booleans" not in made.plan.after


def test_a_label_is_not_set_when_it_cannot_be_recorded(host):
    host.mount(DISK["path"], "ext4", ["rw", "seclabel"], DEFAULT)
    host.answer = (1, "ValueError: SELinux policy is not managed")
    made = host.pass_over(DISK)
    (problem,) = made.problems
    assert problem.startswith("hv1: /srv/shares/vmstore: semanage fcontext -a -t svirt_image_t")
    assert 'options: {context: "system_u:object_r:svirt_image_t:s0"}' in problem
    assert host.labels[DISK["path"]] == DEFAULT and names(made) == ["apparmor.rules"]


def test_what_cannot_be_mended_fails_where_it_is_enforced_and_warns_where_not(host):
    host.mount(PATH, "nfs4", ["rw", "context=system_u:object_r:etc_t:s0"])
    (problem,) = host.pass_over(SHARE).problems
    assert problem.startswith("hv1: /srv/shares/projects: SELinux keeps guests out: its option context gives")
    host.write("sys/fs/selinux/enforce", "0")
    made = host.pass_over(SHARE)
    assert made.problems == [] and made.plan.warnings == [problem]


def test_where_both_are_off_nothing_is_done(host):
    os.unlink(os.path.join(host.root, "sys/fs/selinux/enforce"))
    host.write(apparmor.ENABLED, "N\n")
    made = host.pass_over(SHARE)
    assert made.returned == {"selinux": None, "apparmor": None}
    assert not made.plan.changed and made.problems == []


def test_rules_of_shares_that_are_gone_go(host):
    host.pass_over(SHARE)
    made = host.pass_over()
    assert names(made) == ["apparmor.rules"] and made.returned["apparmor"]["rules"] == []
    assert host.text(apparmor.LOCAL) == ""


def test_a_damaged_part_is_a_problem(host):
    host.write(apparmor.LOCAL, apparmor.BEGIN.decode() + "\n")
    (problem,) = host.pass_over(DISK).problems
    assert problem.startswith("hv1: /etc/apparmor.d/local/abstractions/libvirt-qemu: of the lines")


def test_an_abstraction_that_does_not_include_ours_is_a_warning(host):
    host.write(apparmor.ABSTRACTION, "")
    made = host.pass_over(DISK)
    assert made.problems == [] and not made.plan.changed
    assert made.plan.warnings[0].startswith("hv1: AppArmor confines guests, and ")
    assert made.returned["apparmor"]["rules"] == []


def test_the_rules_of_a_host_that_is_to_get_libvirt_in_the_same_run_are_predicted(host):
    os.unlink(os.path.join(host.root, apparmor.ABSTRACTION))
    assert names(host.pass_over(DISK, check_mode=True, libvirt_planned=True)) == ["apparmor.rules"]
    assert names(host.pass_over(DISK, check_mode=True)) == []


@pytest.mark.parametrize("name, part", [(apparmor.LOCAL, "AppArmor"), ("etc/selinux/config", "SELinux")])
def test_a_file_that_cannot_be_read_is_named(host, name, part):
    filename = os.path.join(host.root, name)
    os.makedirs(filename)
    (problem,) = host.pass_over(DISK).problems
    assert problem == "hv1: %s: %s: EISDIR: Is a directory" % (part, filename)


def test_a_file_that_cannot_be_written_is_named(host):
    host.write(os.path.dirname(apparmor.LOCAL), "in the way")
    (problem,) = host.pass_over(DISK).problems
    assert problem.startswith("hv1: AppArmor: ")
    assert problem.endswith(" Not a directory")
