# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module and the role share_access on a machine that looks as if SELinux and AppArmor confined its guests.

The kernel's files, libvirt's profiles and the tools of SELinux are made up, as their real ones are written.
"""

import json

import pytest

from tests.support.privileged import finish, run_as_root, start_as_root

pytestmark = pytest.mark.slow

SHARE = "/srv/shares/projects"
RULES = [f'"{SHARE}/" r,', f'"{SHARE}/**" rwk,']
LOCAL = "/etc/apparmor.d/local/abstractions/libvirt-qemu"
FOREIGN = "/data/** rwk,\n"

# setsebool does what the real one does to the files; what it was called with is in /srv/called.
HOST = f"""
def write(name, text, mode=0o644):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w") as target:
        target.write(text)
    os.chmod(name, mode)

def read(name):
    with open(name) as source:
        return source.read()

# The directories below /etc may not be there, and none is made on the machine itself.
sh("cp -a /etc /srv/etc && mount --bind /srv/etc /etc && rm -rf /etc/apparmor.d /etc/selinux")
for directory in ("/sys", "/var/lib", "/usr/sbin"):
    sh("mount -t tmpfs none " + directory)
write("/sys/module/apparmor/parameters/enabled", "Y\\n")
write("/etc/apparmor.d/abstractions/libvirt-qemu", "  #include <local/abstractions/libvirt-qemu>\\n")
write({LOCAL!r}, {FOREIGN!r}, 0o640)
write("/sys/fs/selinux/enforce", "1")
for name in ("nfs", "samba", "fusefs"):
    write("/sys/fs/selinux/booleans/virt_use_" + name, "0 0")
write("/etc/selinux/config", "SELINUXTYPE=default\\n")
write("/var/lib/selinux/default/active/booleans.local", "")
write("/srv/called", "")
write("/usr/sbin/setsebool", '''#!/bin/sh
echo "$@" >> /srv/called
shift
for setting; do
    echo "1 1" > "/sys/fs/selinux/booleans/${{setting%=on}}"
    echo "${{setting%=on}}=1" >> /var/lib/selinux/default/active/booleans.local
done
''', 0o755)
share = {SHARE!r}
os.makedirs(share)
sh("mount -t tmpfs projects " + share)
"""


def test_the_module_lets_guests_at_all_shares_of_the_host(tmp_path):
    predicted, untouched, first, second, called, local, mode = run_as_root(tmp_path, HOST + f"""
call = lambda check=False: run_module("share_access", {{
    "host": "hv1", "set": [share], "confinement": True, "shares": [
        declared(path=share, owner="oneadmin", writers=["oneadmin"]), declared("/srv/a", "nfs", "nas1:/a"),
        declared("/srv/b", "cifs", "//nas1/b", read_only=True)]}}, check)
predicted = call(True)
untouched = [read("/srv/called"), read({LOCAL!r})]
result = [predicted, untouched, call(), call(), read("/srv/called"), read({LOCAL!r}),
          oct(os.stat({LOCAL!r}).st_mode & 0o777)]
""")
    assert untouched == ["", FOREIGN]
    assert not first.get("failed"), first["msg"]
    assert [operation["operation"] for operation in first["operations"]] == [
        "selinux.booleans", "apparmor.rules", "path.own"]
    assert predicted["operations"] == first["operations"] and predicted["diff"] == first["diff"]
    assert first["diff"]["after"]["SELinux booleans"] == {"virt_use_nfs": "on", "virt_use_samba": "on"}
    assert called == "-P virt_use_nfs=on virt_use_samba=on\n", "all in one go, and none in a second run"
    assert not second["changed"] and second["confinement"] == first["confinement"]
    rules = ['"/srv/a/" r,', '"/srv/a/**" rwk,', '"/srv/b/" r,', '"/srv/b/**" rk,', *RULES]
    assert first["confinement"]["apparmor"] == {"file": LOCAL, "rules": rules}
    assert first["confinement"]["selinux"]["booleans"] == {
        "virt_use_fusefs": False, "virt_use_nfs": True, "virt_use_samba": True}
    assert local.startswith(FOREIGN) and local.splitlines()[2:-1] == rules
    assert mode == "0o640"


def test_without_confinement_nothing_is_looked_at(tmp_path):
    made, called, local = run_as_root(tmp_path, HOST + f"""
made = run_module("share_access", {{"shares": [declared(path=share)]}})
result = [made, read("/srv/called"), read({LOCAL!r})]
""")
    assert not made["changed"] and made["confinement"] is None
    assert (called, local) == ("", FOREIGN)


def test_what_confinement_meets_does_not_keep_the_paths_from_being_done(tmp_path):
    made, uid = run_as_root(tmp_path, HOST + """
os.unlink("/usr/sbin/setsebool")
made = run_module("share_access", {"host": "hv1", "set": [share], "confinement": True, "shares": [
    declared(path=share, owner="oneadmin"), declared("/srv/a", "nfs", "nas1:/a")]})
result = [made, os.stat(share).st_uid]
""")
    assert made["failed"] and uid == 9869
    assert made["problems"] == ["hv1: SELinux: setsebool is not on this host: install policycoreutils"]
    assert [operation["operation"] for operation in made["operations"]] == ["apparmor.rules", "path.own"]


def test_a_permissive_host_is_warned(tmp_path):
    made = run_as_root(tmp_path, HOST + """
write("/sys/fs/selinux/enforce", "0")
os.unlink("/usr/sbin/setsebool")
result = run_module("share_access", {"host": "hv1", "set": [], "confinement": True,
                                     "shares": [declared("/srv/a", "nfs", "nas1:/a")]})
""")
    assert not made.get("failed")
    assert made["warnings"] == ["hv1: SELinux: setsebool is not on this host: install policycoreutils"]


def test_check_mode_counts_with_the_packages_of_the_same_run(tmp_path):
    coming, installed = run_as_root(tmp_path, HOST + """
os.unlink("/etc/apparmor.d/abstractions/libvirt-qemu")
call = lambda expected: run_module("share_access", {
    "shares": [declared(path=share, group="later" if expected else "kvm")], "expected_accounts": expected,
    "confinement": True}, True)
result = [call(["later"]), call([])]
""")
    assert [operation["operation"] for operation in coming["operations"]] == ["apparmor.rules", "path.own"]
    assert [operation["operation"] for operation in installed["operations"]] == ["path.own"]


def test_a_path_that_is_no_share_is_refused_before_anything_is_touched(tmp_path):
    made, local = run_as_root(tmp_path, HOST + f"""
made = run_module("share_access", {{"host": "hv1", "confinement": True, "shares": [declared("/")]}})
result = [made, read({LOCAL!r})]
""")
    assert made["failed"] and made["msg"].startswith("hv1: share /: path '/' is the root of the host") and local == FOREIGN


ANSIBLE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
PLAYBOOK = [{"hosts": "hypervisors", "gather_facts": False, "roles": [{"role": "virtshare.storage.share_access"}]}]
# Of a server, so that it is the same share for both hosts: one sets it, the other verifies.
DECLARED = {"path": SHARE, "type": "nfs", "source": "nas1:/export/projects", "options": {"vers": 3},
            "access": {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin"],
                       "acl": ["user:libvirt-qemu:rwx"]}}


# The tmpfs is shown as the mount of that server to every Python of the run.
AS_NFS = """
import builtins, io
real = builtins.open
def shown(name, *arguments, **more):
    if name != "/proc/self/mountinfo":
        return real(name, *arguments, **more)
    with real(name, *arguments, **more) as source:
        return io.StringIO(source.read().replace(" - tmpfs projects ", " - nfs nas1:/export/projects "))
builtins.open = shown
"""


@pytest.fixture
def role(tmp_path):
    """function(script) -> its C(result); run(shares, *arguments) in it runs the role."""
    def on(script):
        (tmp_path / "inventory.json").write_text(json.dumps(
            {"all": {"children": {"hypervisors": {"hosts": {"hv1": ANSIBLE, "hv2": ANSIBLE}}}}}), encoding="utf-8")
        (tmp_path / "play.yml").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
        return json.loads(finish(start_as_root(tmp_path, HOST + f"""
import pathlib
from tests.support.warm import run_playbook

os.mkdir("/srv/python")
pathlib.Path("/srv/python/sitecustomize.py").write_text({AS_NFS!r})

def run(shares, *arguments, **variables):
    variables["virtshare_shares"] = shares
    done = run_playbook({str(tmp_path / "play.yml")!r}, inventories=[{str(tmp_path / "inventory.json")!r}],
                        arguments=["--extra-vars", json.dumps(variables), *arguments],
                        environment={{"ANSIBLE_FORKS": "1", "PYTHONPATH": "/srv/python"}}, timeout=120)
    return {{"code": done.code, "failures": done.failure_text(), "changes": sorted(done.changes), "output": done.output,
             "executions": {{host: len(tasks) for host, tasks in done.executions.items()}},
             "confinement": {{host: fact["confinement"] for host, fact in done.facts("share_access_result").items()}}}}
""" + script), seconds=300))
    return on


def test_each_host_is_let_at_the_shares_in_an_execution_that_it_has_anyway(role):
    off, first, second, taken, gone = role(f"""
declared = [{DECLARED!r}]
off = [run(declared, share_access_confinement=False), read({LOCAL!r})]
result = [off, run(declared), run(declared), read({LOCAL!r}),
          [run([dict(declared[0], state="absent")]), read({LOCAL!r})]]
""")
    for made in (off[0], first, second, gone[0]):
        assert made["code"] == 0, made["output"]
        assert made["executions"] == {"hv1": 1, "hv2": 1}
    assert off[1] == FOREIGN and off[0]["confinement"] == {"hv1": {}, "hv2": {}}
    assert {host for host, dummy in first["changes"]} == {"hv1"}, "both hosts are this machine: the first does it"
    assert {host: found["apparmor"]["rules"] for host, found in first["confinement"].items()} == {
        "hv1": RULES, "hv2": RULES}
    assert second["changes"] == []
    assert taken.splitlines()[2:-1] == RULES
    assert gone[1] == FOREIGN
