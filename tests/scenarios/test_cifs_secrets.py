# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CIFS password is in the credentials file and nowhere else, whatever a run does with it, and it can be changed.

The tests share one host and one server and build on each other's state, in the order written.
"""

import contextlib
import json

import pytest

from tests.lab import Lab
from tests.support.lab_site import LabSite
from tests.support.secrets import found_in, places_with, start_sampling, stop_sampling
from tests.support.warm import run_playbook

OLD = "it's a,, \"b\" c#d & e\\f=%g, h"
NEW = "New,er 'one' #2 \\ & \"more\" $HOME `id` ;x"
WRONG = "Not 'this' one,\\ either #3"
SECRETS = [OLD, NEW, WRONG]
FILE = "/etc/virtshare/credentials/srv-shares-media.cifs"

PLAYBOOK = [{
    "name": "Mount, give access, prove",
    "hosts": "hypervisors",
    "gather_facts": True,
    "roles": [
        {"role": "virtshare.storage.share_mounts"},
        {"role": "virtshare.storage.share_access", "when": "not failing"},
        {"role": "virtshare.storage.share_proof", "when": "not failing"},
    ],
}]

SAMBA = """\
[global]
disable netbios = yes
smb ports = 445
server role = standalone server
[media]
path = /export/media
read only = no
valid users = vm
"""


def share(password, **changes):
    return dict({"path": "/srv/shares/media", "type": "cifs", "source": "//nas1/media", "options": {"vers": "3.1.1"},
                 "access": {"owner": "root", "group": "root", "mode": "0750", "writers": ["root"]},
                 "credentials": {"username": "vm", "password": password}}, **changes)


class Site(LabSite):
    """A hypervisor, its server, and everything that a run leaves on the controller."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory, PLAYBOOK)

    def play(self, shares, *arguments, failing=False, pipelining=True, watched=False):
        """(the run, after it was searched; the programs seen). watched: all processes are searched meanwhile."""
        declared = self.written("declared.yml", {"all": {"vars": {
            "virtshare_shares": shares, "share_mounts_timeout": 20, "failing": failing}}})
        left = self.directory / "left"
        environment = {
            "ANSIBLE_PIPELINING": str(int(pipelining)), "ANSIBLE_LOG_PATH": str(left / "log"),
            "ANSIBLE_LOCAL_TEMP": str(left / "temporary"), "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(left / "facts"),
        }
        for name in ("temporary", "facts"):
            (left / name).mkdir(parents=True, exist_ok=True)
        watching: contextlib.AbstractContextManager = self.searched() if watched else contextlib.nullcontext({})
        with watching as programs:
            run = run_playbook(self.playbook, inventories=[self.inventory, declared], environment=environment,
                               arguments=["-vvv", "--diff", *arguments])
        assert (run.code != 0) == failing, run.output
        assert found_in(run.output, SECRETS) == []
        assert found_in("".join(json.dumps(line) + repr(line) for line in run.results), SECRETS) == []
        kept = [path for path in left.rglob("*") if path.is_file()]
        assert {"log", "facts"} <= {path.name for path in kept} | {path.parent.name for path in kept}
        assert [str(path) for path in kept if found_in(path.read_text(encoding="utf-8"), SECRETS)] == []
        if not run.of("share_mounts"):
            pytest.fail(run.output)
        return run, programs

    @contextlib.contextmanager
    def searched(self):
        """No process of the host may show a password meanwhile; yields a set that has the programs' names at the end."""
        programs = set()
        start_sampling(self.ssh, SECRETS)
        try:
            yield programs
        finally:
            sampled = stop_sampling(self.ssh)
        assert sampled["places"] == [] and sampled["rounds"] > 10
        programs.update(sampled["seen"])

    def mounts(self, shares, *arguments, **settings):
        """The module's result, the operations in it, the programs that were seen on the host if it was watched."""
        run, programs = self.play(shares, *arguments, **settings)
        result = run.of("share_mounts")["hv1"]
        return result, [each["operation"] for each in result.get("operations", [])], programs

    def ssh(self, command, host="hv1"):
        return self.lab.ssh(host, command).stdout

    def places(self):
        return places_with(self.ssh, SECRETS)

    def hold(self):
        self.ssh("systemd-run --quiet --unit holder --property Type=exec"
                 " --property WorkingDirectory=/srv/shares/media sleep 600")

    def set_password(self, password):
        self.lab.ssh("nas1", "smbpasswd -s -a vm", stdin=f"{password}\n{password}\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab.up("cifs-secrets", ["hv1", "nas1:storage"], fresh=True) as lab:
        lab.ssh("nas1", "cat > /etc/samba/smb.conf && useradd -M vm && mkdir -p /export/media"
                        " && chown vm /export/media", stdin=SAMBA)
        made = Site(lab, tmp_path_factory.mktemp("secrets"))
        made.set_password(OLD)
        lab.ssh("nas1", "systemctl restart smbd")
        yield made


def test_the_first_run_leaves_the_password_in_one_file(site):
    assert site.places() == []
    predicted, planned, _programs = site.mounts([share(OLD)], "--check", watched=True)
    assert site.places() == []
    result, done, programs = site.mounts([share(OLD)], pipelining=False, watched=True)
    assert planned == done == ["directory", "credentials", "fstab", "systemd_reload", "mount"]
    assert predicted["diff"] == result["diff"]
    # the searches do find what is there
    assert site.places() == [FILE]
    assert "mount.cifs" in programs
    assert site.ssh(f"stat --format '%U %G %a' {FILE} /etc/virtshare/credentials") == "root root 600\nroot root 700\n"
    assert "username=vm" in site.ssh("grep /srv/shares/media /proc/mounts")
    assert site.mounts([share(OLD)], watched=True)[1] == []


def test_a_wrong_password_is_explained_and_not_shown(site):
    site.ssh("umount /srv/shares/media")
    result, done, _programs = site.mounts([share(WRONG)], failing=True, watched=True)
    for word in ("/srv/shares/media", "//nas1/media", "hv1", "error(13)", "refuses the credentials"):
        assert word in result["msg"]
    assert "mount" not in done
    assert site.places() == [FILE]
    assert site.mounts([share(OLD)])[1] == ["credentials", "mount"]


def test_a_share_that_is_not_there_is_explained(site):
    missing = share(OLD, path="/srv/shares/missing", source="//nas1/missing")
    result, _done, _programs = site.mounts([share(OLD), missing], failing=True, watched=True)
    for word in ("/srv/shares/missing", "//nas1/missing", "hv1", "error(2)", "no such share"):
        assert word in result["msg"]
    site.mounts([share(OLD), dict(missing, state="absent")])
    assert site.places() == [FILE]


@pytest.mark.release
def test_a_changed_password_waits_until_nobody_uses_the_share(site):
    site.set_password(NEW)
    site.hold()
    for arguments in ([], ["--check"]):
        result, done, _programs = site.mounts([share(NEW)], *arguments, failing=True)
        assert done == [] and "other credentials" in result["msg"] and "sleep (process" in result["msg"]
    site.ssh("systemctl stop holder")
    _result, planned, _programs = site.mounts([share(NEW)], "--check")
    result, done, _programs = site.mounts([share(NEW)], watched=True)
    assert planned == done == ["unmount", "credentials", "mount"]
    assert "hidden" in json.dumps(result["diff"])
    assert site.mounts([share(NEW)])[1] == []
    assert site.places() == [FILE]


@pytest.mark.release
def test_a_login_that_is_over_is_made_anew(site):
    site.set_password(OLD)
    site.lab.ssh("nas1", "systemctl restart smbd")
    _result, planned, _programs = site.mounts([share(OLD)], "--check")
    result, done, _programs = site.mounts([share(OLD)])
    assert planned == done == ["unmount", "credentials", "mount"], result
    assert site.mounts([share(OLD)])[1] == []


@pytest.mark.release
def test_a_login_that_is_over_is_made_anew_even_under_a_share_in_use(site):
    """Of a login that works the kernel keeps the password, of one that is over it takes another."""
    site.hold()
    site.set_password(NEW)
    site.lab.ssh("nas1", "systemctl restart smbd")
    result, done, _programs = site.mounts([share(WRONG)], failing=True)
    assert done == ["credentials"] and "log in with the declared credentials" in result["msg"]
    result, done, _programs = site.mounts([share(NEW)], watched=True)
    assert done == ["credentials", "remount"], result
    site.ssh("touch /srv/shares/media/written && rm /srv/shares/media/written && systemctl stop holder")
    assert site.mounts([share(NEW)])[1] == []
    assert site.places() == [FILE]


def test_absent_shares_leave_no_password(site):
    site.mounts([share(NEW, state="absent")])
    assert site.places() == []
    site.ssh("test ! -e /etc/virtshare && ! grep -q media /etc/fstab")
