# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mount that nobody sees: what is run for it, and what tells two mounts of one server from those of two."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._share import trial
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

IDENTITY = {"device": "0:40", "directory": "/export", "filesystem": "a1:0", "root": [2, 0, 0, 16877, 12345678901, 9, 9]}


@pytest.mark.parametrize("share, command, secret", [
    ({"type": "glusterfs", "source": "gl1,gl2:/vm", "options": {"x-systemd.automount": True}},
     "mount -n -t glusterfs -o rw,log-file=/sys/log,backup-volfile-servers=gl2 gl1:/vm /sys/share", None),
    ({"type": "cifs", "source": "//nas2/m", "options": {"vers": "3.1.1"}, "credentials": {"username": "u", "password": "p"}},
     "mount -n -t cifs -o rw,vers=3.1.1,credentials=/sys/credentials //nas2/m /sys/share", b"username=u\npassword=p\n"),
    ({"type": "nfs", "source": "nas1:/x", "options": {"bg": True, "vers": "3", "retry": "5"}},
     "mount -n -t nfs -o rw,vers=3,retry=0 nas1:/x /sys/share", None),
])
def test_a_trial_writes_and_lists_nothing_outside_its_namespace(monkeypatch, share, command, secret):
    run, written = [], []
    monkeypatch.setattr(trial.namespaces, "leave", lambda: True)
    monkeypatch.setattr(trial.os, "mkdir", lambda path: None)
    monkeypatch.setattr(trial.replace, "replace", lambda name, data: written.append((name, data)))
    monkeypatch.setattr(trial.commands, "run", lambda words, seconds: run.append(" ".join(words)) or (32, "no such thing"))
    (declared,) = validated([dict(share, path="/srv/x")])
    answer = trial.attempt(declared, registry.of(declared), 5)
    assert run == [command]
    assert written == ([("/sys/credentials", secret)] if secret else [])
    assert (answer["code"], answer["output"]) == (32, "no such thing")


def test_without_the_right_to_a_namespace_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(trial.namespaces, "leave", lambda: False)
    (declared,) = validated([{"path": "/srv/x", "type": "nfs", "source": "nas1:/x"}])
    assert trial.attempt(declared, registry.of(declared), 5) is None


PLAIN = "vers=4.2,hard,proto=tcp,timeo=600,retrans=2,sec=sys,local_lock=none,addr=192.0.2.12"


@pytest.mark.parametrize("share, shown, ignored", [
    ({"options": {"xprtsec": "tls"}}, PLAIN, [["xprtsec=tls", "xprtsec=none"]]),
    ({"options": {"xprtsec": "tls"}}, PLAIN + ",xprtsec=tls", []),
    ({"options": {"softreval": True, "sloppy": True}}, PLAIN, [["softreval", "nosoftreval"]]),
    # What another mount of the server has set, or the server decides, says nothing of the kernel.
    ({"options": {"nconnect": 4, "timeo": 100, "vers": "4.1"}}, PLAIN, []),
])
def test_a_trial_tells_what_its_kernel_passes_over(monkeypatch, share, shown, ignored):
    monkeypatch.setattr(trial.namespaces, "leave", lambda: True)
    monkeypatch.setattr(trial.os, "mkdir", lambda path: None)
    monkeypatch.setattr(trial.commands, "run", lambda words, seconds: (0, ""))
    monkeypatch.setattr(trial, "identity", lambda path, share_type, mount: dict(IDENTITY))
    monkeypatch.setattr(trial.mountinfo, "read", lambda: mountinfo.parse(
        "71 20 0:40 / %s rw - nfs4 nas1:/x rw,%s" % (trial.TARGET, shown)))
    (declared,) = validated([dict({"path": "/srv/x", "type": "nfs", "source": "nas1:/x"}, **share)])
    answer = trial.attempt(declared, registry.of(declared), 5)
    assert (answer["code"], answer["ignored"]) == (0, ignored)
    why = trial.why_not(answer, declared, registry.of(declared))
    assert (why is None) == (not ignored)
    for wanted, live in ignored:
        assert "would be mounted with %s instead of %s: this host's kernel does not know the option" % (live, wanted) in why


def test_a_mount_that_fails_is_explained():
    (declared,) = validated([{"path": "/srv/x", "type": "nfs", "source": "nas1:/x"}])
    tried = {"code": 32, "output": "mount.nfs: an incorrect mount option\nfor %s" % trial.TARGET, "ignored": []}
    why = trial.why_not(tried, declared, registry.of(declared))
    assert why.startswith("nas1:/x could not be mounted: mount.nfs: an incorrect mount option for /srv/x. The kernel or mount.nfs")


@pytest.mark.parametrize("changes, same", [
    ({}, True),
    ({"filesystem": "b2:0"}, True),
    ({"directory": "/other"}, False),
    ({"device": "0:41"}, True),
    ({"device": "0:41", "filesystem": "b2:0"}, False),
    ({"device": "0:41", "root": [2, 0, 0, 16877, 12345678902, 9, 9]}, False),
])
def test_what_is_one_filesystem(changes, same):
    """One device is one; else the filesystem's id and all that is known of its root must agree."""
    assert trial.same(IDENTITY, dict(IDENTITY, **changes)) is same


def test_an_id_that_the_kernel_does_not_tell_proves_nothing():
    assert not trial.same(dict(IDENTITY, filesystem=0), dict(IDENTITY, filesystem=0, device="0:41"))


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_mount_of_every_type_has_an_identity_to_be_compared(tmp_path, name):
    """A plain directory stands for what is mounted: it has no id of its type's, but numbers of its root and its size."""
    status = os.stat(str(tmp_path))
    (mount,) = mountinfo.parse("71 70 %d:%d / %s rw - ext4 nas1:/x rw" % (
        os.major(status.st_dev), os.minor(status.st_dev), tmp_path))
    found = trial.identity(str(tmp_path), registry.named(name), mount)
    assert found["root"][0] == status.st_ino and found["device"] == mount.st_dev
    assert trial.same(found, dict(found, device="0:99")) == bool(found["filesystem"])
    assert not trial.same(found, dict(found, device="0:99", root=[0] * 7))
