# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a guest did not get its share. The texts of libvirt and virtiofsd were recorded on Debian 13."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import explain

ACTING = explain.Acting("oneadmin", 100000, ["kvm 993", "oneadmin 9869"])
STATE = {"uid": 9869, "gid": 993, "mode": 0o700, "fstype": "ext4"}
QEMU = ("error: Failed to create domain from /run/exp/x.xml\nerror: internal error: process exited while connecting to "
        "monitor: 2026-11-25T03:50:46.131916Z qemu-system-x86_64: -chardev socket,id=chr-vu-fs0,path=/var/lib/libvirt/"
        "qemu/domain-2-exp/fs0-fs.sock: Failed to connect to '/var/lib/libvirt/qemu/domain-2-exp/fs0-fs.sock': "
        "Connection refused\n")
LIMITS = ("[2026-11-25T03:50:46Z WARN  virtiofsd::limits] Failure when trying to set the limit to 1000000, the hard "
          "limit (20000) of open file descriptors is used instead.\n")


def refused(message=QEMU, log=""):
    return explain.refused(message, LIMITS + log, "/srv/a", STATE, ACTING, "/usr/libexec/virtiofsd")


@pytest.mark.parametrize("log, expected", [
    ('[2026-11-25T03:50:46Z ERROR virtiofsd] Error entering sandbox: OpenNewRoot(Os { code: 13, kind: '
     'PermissionDenied, message: "Permission denied" })',
     "/srv/a denies the guest: it belongs to 9869:993 with mode 0700; virtiofsd runs as oneadmin, and what the guest's "
     "root does is done as uid 100000 with the groups of oneadmin (kvm 993, oneadmin 9869). Let it in by a group"),
    ("[2026-11-25T03:51:57Z ERROR virtiofsd::sandbox] sandbox: couldn't setup id mappings: write to uid map failed: "
     "newuidmap: uid range [0-65536) -> [100000-165536) not allowed",
     "oneadmin has not the subordinate ids that the idmap needs"),
    ("[2026-11-25T03:52:18Z ERROR virtiofsd::sandbox] sandbox: couldn't setup id mappings: write to uid map failed: "
     "failed to execute newuidmap: Permission denied (os error 13)", "newuidmap cannot be run"),
    ("[2026-11-25T03:51:01Z ERROR virtiofsd] Error entering sandbox: uid_map can only be used by unprivileged "
     "user where sandbox mod is namespace (Use '--sandbox namespace' instead)",
     "virtiofsd runs as root here and takes no idmap"),
    ('[2026-11-25T03:49:42Z ERROR virtiofsd] Error entering sandbox: Unshare(Os { code: 1, kind: PermissionDenied, '
     'message: "Operation not permitted" })', "this host does not let oneadmin make the namespaces"),
])
def test_the_daemons_log_says_why(log, expected):
    said = refused(log=log)
    assert said.startswith(expected)
    assert "libvirt: internal error: process exited while connecting to monitor" in said


@pytest.mark.parametrize("message, expected", [
    ("error: Failed to create domain from x.xml\nerror: internal error: Child process (/usr/libexec/virtiofsx "
     "--print-capabilities) unexpected exit status 127: libvirt:  error : cannot execute binary "
     "/usr/libexec/virtiofsx: No such file or directory\n",
     "there is no virtiofsd where libvirt was told to find it, /usr/libexec/virtiofsx"),
    ("error: internal error: cannot execute binary /var/tmp/one/vmm/kvm/virtiofsd.sh: Permission denied",
     "libvirt may not run /var/tmp/one/vmm/kvm/virtiofsd.sh: where AppArmor or SELinux confines libvirt"),
    ("error: unsupported configuration: virtiofs is not supported with this QEMU binary",
     "this libvirt or QEMU knows no virtiofs"),
    ("error: something else", "libvirt did not start the guest: something else"),
    ("", "libvirt did not start the guest: no reason given"),
])
def test_libvirt_says_why(message, expected):
    assert refused(message).startswith(expected)


SHARE = {"path": "/srv/a", "mount_tag": "a", "content": "nonce", "written_by": "hv2", "write": "answer"}


@pytest.mark.parametrize("seen, expected", [
    ({"mounted": 0.1, "read": "nonce", "wrote": True}, None),
    ({}, "the guest did not mount /srv/a by the tag a in time"),
    ({"mounted": 0.1}, "the guest did not read from /srv/a in time"),
    ({"mounted": 0.1, "read": "nonce"}, "the guest read from /srv/a, but did not write"),
    ({"mounted": 0.1, "read": "other", "wrote": True},
     "the guest read 'other' at /srv/a, but hv2 wrote 'nonce' there: they do not have the same filesystem"),
    ({"failed": ("read", "cat: can't open '/mnt/0/n': Permission denied")},
     "/srv/a denies the guest: it belongs to 9869"),
    ({"failed": ("read", "cat: can't open '/mnt/0/n': No such file or directory")},
     "the guest does not see at /srv/a what hv2 wrote there"),
    ({"failed": ("write", "sh: can't create /mnt/0/x: Read-only file system")}, "the guest may not write to /srv/a"),
    ({"failed": ("mount", "mount: mounting a on /mnt/0 failed: Invalid argument")},
     "the guest failed to mount /srv/a by the tag a: mount: mounting a"),
])
def test_what_the_guest_said(seen, expected):
    said = explain.share_problem(seen, SHARE, STATE, ACTING)
    assert said is None if expected is None else said.startswith(expected)


def test_a_server_that_manages_groups_is_suspected_where_the_group_would_do():
    """Seen: Debian 13's NFS server and a guest's root that is the user 100000."""
    acting = explain.Acting("oneadmin", 100000, ["kvm 993"], [993])
    state = dict(STATE, mode=0o2770, fstype="nfs4")
    assert "finds none. On the server set manage-gids=n" in explain.denied("/srv/a", state, acting)
    for other in (dict(state, fstype="ext4"), dict(state, mode=0o2750), dict(state, gid=1)):
        assert "manage-gids" not in explain.denied("/srv/a", other, acting)


def test_root_acts_as_itself():
    assert "virtiofsd runs as root. Let it in" in explain.denied("/srv/a", None, explain.Acting("root", 0, []))


GUEST = explain.Acting("oneadmin", 100000, ["kvm 993"], [993], 100000)


@pytest.mark.parametrize("state, denied", [
    (dict(uid=0, gid=0, mode=0o755), True),
    (dict(uid=9869, gid=9869, mode=0o2770), True),
    (dict(uid=9869, gid=993, mode=0o2750), True),
    (dict(uid=9869, gid=993, mode=0o2770), False),
    (dict(uid=9869, gid=9869, mode=0o777), False),
    (dict(uid=100000, gid=0, mode=0o700), False),
    (dict(uid=100000, gid=0, mode=0o500), True),
    # With both ids mapped the guest's root has all of its rights.
    (dict(uid=101000, gid=101000, mode=0o500), False),
    (dict(uid=0, gid=0, mode=0o755, acl=True), False),
    (dict(uid=0, gid=0, mode=0o755, fstype="nfs4"), False),
])
def test_a_guest_that_will_be_denied_is_told_before_it_starts(state, denied):
    state = dict({"fstype": "ext4", "acl": False}, **state)
    said = explain.foretold({"path": "/srv/a", "write": "answer"}, state, GUEST)
    assert (said is not None) == denied
    if denied:
        for word in ("the guest's root is uid 100000 and gid 100000 of this host", "belongs to %d:" % state["uid"],
                     "UID_MAP"):
            assert word in said


def test_reading_alone_needs_less_and_root_is_never_denied():
    state = {"uid": 0, "gid": 0, "mode": 0o755, "fstype": "xfs", "acl": False}
    assert explain.foretold({"path": "/srv/a", "write": None}, state, GUEST) is None
    assert explain.foretold({"path": "/srv/a", "write": "x"}, state, explain.Acting("root", 0, [])) is None
    assert explain.foretold({"path": "/srv/a", "write": "x"}, None, GUEST) is None


def test_ids_that_the_daemons_user_may_not_give_away():
    said = explain.not_subordinate("subgid", "oneadmin", 300000, 65536)
    assert "may not map gids 300000 to 365535" in said and "'oneadmin:300000:65536'" in said
    assert "--add-subgids 300000-365535" in said
