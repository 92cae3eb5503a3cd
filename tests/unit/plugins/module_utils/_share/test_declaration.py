# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration: what is filled in, and what is refused with which words."""

import copy
import re

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated

NFS = {"path": "/srv/shares/projects", "type": "nfs", "source": "nas1:/export/projects"}


def share(**changes):
    return dict(NFS, **changes)


def refusal(*shares):
    with pytest.raises(Refusal) as caught:
        validated(list(shares))
    return str(caught.value)


def test_defaults_are_filled_in():
    assert validated([NFS]) == [{
        "path": "/srv/shares/projects",
        "type": "nfs",
        "source": "nas1:/export/projects",
        "options": {},
        "state": "mounted",
        "read_only": False,
        "allow_hidden_files": False,
        "proof": True,
        "access": {"owner": None, "group": None, "mode": None, "writers": [], "acl": None},
        "credentials": None,
    }]


def media(**changes):
    return dict({"path": "/srv/media", "type": "cifs", "source": "//nas2/media",
                 "credentials": {"username": "vm", "password": "hunter2"}}, **changes)


def test_everything_that_may_be_written_is_kept():
    declared = share(
        options={"vers": "4.2", "timeo": 600, "noatime": True, "nofail": False},
        access={"owner": "oneadmin", "group": 993, "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"],
                "acl": ["u:libvirt-qemu:xr", "group:993:rw", "user:backup:---"]},
        state="unmounted", read_only=True, allow_hidden_files="yes")
    (result,) = validated([declared])
    assert result["options"] == {"vers": "4.2", "timeo": "600", "noatime": True, "nofail": False}
    assert result["access"] == {
        "owner": "oneadmin", "group": "993", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"],
        "acl": ["group:993:rw-", "user:backup:---", "user:libvirt-qemu:r-x"]}
    assert (result["state"], result["read_only"], result["allow_hidden_files"]) == ("unmounted", True, True)


def test_what_was_validated_stays_the_same_and_the_input_is_untouched():
    declared = [
        share(options={"nofail": False, "vers": "4.2"}, access={"mode": "770", "acl": ["g:backup:r"]}),
        {"path": "/srv/shares/local", "type": "local"},
        {"path": "/srv/shares/media", "type": "cifs", "source": "//nas2/media",
         "credentials": {"username": "vm", "password": "a, b"}},
    ]
    before = copy.deepcopy(declared)
    once = validated(declared)
    assert declared == before
    assert validated(once) == once


def test_a_module_passes_null_for_what_is_not_written():
    assert validated([share(options=None, access=None, credentials=None, state=None)]) == validated([NFS])


@pytest.mark.parametrize("text, octal", [
    ("770", "0770"), ("0770", "0770"), ("2770", "2770"), ("02770", "2770"), ("0755", "0755"), ("00755", "0755"), (None, None),
])
def test_modes_get_four_digits(text, octal):
    assert validated([share(access={"mode": text})])[0]["access"]["mode"] == octal


@pytest.mark.parametrize("value", [777, 0o770, "788", "u+rwx", "77", "", "17770", True, 7.5, "-770"])
def test_any_other_mode_is_refused_with_what_to_write(value):
    problem = refusal(share(access={"mode": value}))
    assert NFS["path"] in problem
    assert str(value) in problem
    assert re.search(r'mode: "(2770|0777|0770|0504)"', problem)


# what is declared, and the parts of the refusal: the value, and what to write instead
PROBLEMS = {
    "no path": ({"type": "nfs", "source": "a:/b"}, ["share number 1", "path is missing", "path: /srv/shares/projects"]),
    "path is a number": (share(path=7), ["the number 7"]),
    "relative path": (share(path="srv/shares"), ["'srv/shares'", "relative", "/srv/shares/srv/shares"]),
    "path from home": (share(path="~/x"), ["'~/x'", "absolute", "/srv/shares/x"]),
    "root": (share(path="/"), ["'/'", "root of the host", "directory of its own"]),
    "double root": (share(path="//"), ["'//'", "root of the host"]),
    "dots": (share(path="/srv/../etc"), ["'/srv/../etc'", "'..'", "/etc"]),
    "trailing slash": (share(path="/srv/x/"), ["'/srv/x/'", "shortest form", "Write /srv/x."]),
    "two slashes": (share(path="/srv//x"), ["shortest form", "Write /srv/x."]),
    "leading slashes": (share(path="//srv/x"), ["shortest form", "Write /srv/x."]),
    "one dot": (share(path="/srv/./x"), ["shortest form", "Write /srv/x."]),
    "newline in path": (share(path="/srv/x\ny"), ["control character"]),
    "line separator in path": (share(path="/srv/x\u2028y"), ["'/srv/x\\u2028y'", "control character"]),
    "half a character in path": (share(path="/srv/x\ud800"), ["'/srv/x\\ud800'", "control character"]),
    "blank at the end of the path": (share(path="/srv/x "), ["'/srv/x '", "ends with a blank or a backslash", "Write /srv/x."]),
    "backslash at the end of the path": (share(path="/srv/x\\"), ["'/srv/x\\'", "ends with a blank or", "Write /srv/x."]),
    "both at the end of the path": (share(path="/srv/x\\ \\ "), ["ends with a blank or", "Write /srv/x."]),
    "nothing else in the path's last name": (share(path="/srv/ "), ["Write a path such as /srv/shares/projects."]),
    "a source as path": (share(path="//vm:a/b@nas2/x"), ["path '//…@nas2/x' names a server", "/srv/shares/projects"]),
    "backslash at the end of the source": (share(source="nas1:/x\\"), ["'nas1:/x\\'", "ends with a backslash"]),
    "backslash at the end of a bind's source": (
        share(type="local", source="/data/x\\"), ["'/data/x\\'", "ends with a backslash"]),
    "backslash at the end of a CIFS source": (media(source="//nas2/x\\"), ["'//nas2/x\\'", "ends with a backslash"]),
    "backslash at the end of an option": (share(options={"comment": "a\\"}), ["comment is 'a\\'", "backslash"]),
    "source that is a comment": (share(source="#nas1:/x"), ["'#nas1:/x'", "comment", "Write server:/export, such as"]),
    "GlusterFS source that is a comment": (
        share(type="glusterfs", source="#gl1:/x"), ["'#gl1:/x'", "comment", "gl1,gl2:/scratch"]),
    "long name in path": (share(path="/srv/" + "é" * 128), ["255 bytes a name", "/srv/shares/projects"]),
    "long path": (share(path="/srv" + "/x" * 2050), ["4095 in all"]),
    "directory of programs": (share(path="/usr/lib/shares"), ["/usr/lib/shares", "own system"]),
    "link of the system": (share(path="/var/run"), ["/var/run", "own system"]),
    "system directory": (share(path="/etc"), ["/etc", "own system", "/srv/shares/projects"]),
    "kernel directory": (share(path="/proc/x"), ["/proc/x", "own system"]),
    "no type": ({"path": "/srv/x", "source": "a:/b"}, ["type is missing", "nfs, cifs, ocfs2, glusterfs, local"]),
    "unknown type": (share(type="zfs"), ["'zfs'", "nfs, cifs, ocfs2, glusterfs, local"]),
    "nfs4 as type": (share(type="nfs4"), ["'nfs4'", 'nfs with options {vers: "4.2"}']),
    "smb as type": (share(type="smb"), ["'smb'", "Write cifs."]),
    "type is a list": (share(type=["nfs"]), ["not known", "one of nfs"]),
    "no source": ({"path": "/srv/x", "type": "nfs"}, ["source is missing", "server:/export"]),
    "source without colon": (share(source="nas1/export"), ["'nas1/export'", "no colon", "server:/export"]),
    "source with relative export": (share(source="nas1:export"), ["'nas1:export'", "server:/export"]),
    "source without server": (share(source=":/export"), ["':/export'", "server:/export"]),
    "source is a number": (share(source=7), ["source", "the number 7"]),
    "source with a tab": (share(source="nas1:/a\tb"), ["control character"]),
    "half a character in source": (share(source="nas1:/a\ud800"), ["'nas1:/a\\ud800'", "control character"]),
    "cifs source": (media(source="nas2:/media"), ["'nas2:/media'", "Write //nas2/media."]),
    "ocfs2 source": (share(type="ocfs2", source="vmstore"), ["'vmstore'", "LABEL=vmstore"]),
    "glusterfs source": (share(type="glusterfs", source="gl1"), ["'gl1'", "server:/volume"]),
    "local device": (share(type="local", source="/dev/sdb1"), ["/dev/sdb1", "device", "/data/projects"]),
    "local label": (share(type="local", source="LABEL=x"), ["LABEL=x", "device"]),
    "local relative": (share(type="local", source="data"), ["'data'", "/data/projects"]),
    "local inside itself": (share(type="local", source="/srv"), ["'/srv'", "holds the path itself"]),
    "local from inside itself": (share(type="local", source=NFS["path"] + "/a"), ["lies inside the path", "elsewhere"]),
    "local not normal": (share(type="local", source="/data/"), ["'/data/'", "Write /data."]),
    "checked only and unmounted": ({"path": "/srv/x", "type": "local", "state": "unmounted"}, ["needs a source"]),
    "checked only with what a mount is told": (
        {"path": "/srv/x", "type": "local", "options": {"nofail": True}}, ["option nofail", "without a source", "Leave it out"]),
    "checked only with what systemd is told": (
        {"path": "/srv/x", "type": "local", "source": "", "options": {"x-systemd.automount": True}},
        ["option x-systemd.automount has no effect on this share", "only checked"]),
    "unknown key": (share(mount_options={}), ["'mount_options'", "is not known", "options"]),
    "mistyped key": (share(read_onyl=True), ["'read_onyl'", "Write read_only."]),
    "unknown state": (share(state="present"), ["'present'", "mounted, unmounted, absent"]),
    "read_only is a word": (share(read_only="maybe"), ["read_only", "'maybe'", "true or false"]),
    "options are a text": (share(options="vers=4.2,hard"), ["options are a text", 'vers: "4.2"']),
    "an unknown option as a number": (share(options={"level": 1.1}), ["1.1", 'level: "1.1"']),
    "option with comma": (share(options={"vers": "4.2,hard"}), ["vers", "comma", "key of its own"]),
    "option name": (share(options={"vers=4.2": True}), ["'vers=…'", "not a name"]),
    "option with nothing": (share(options={"noatime": None}), ["noatime", "empty", "true"]),
    "ro among options": (share(options={"ro": True}), ["option ro", "read_only: true"]),
    "password among options": (share(options={"password": "secret!"}), ["option password", "credentials"]),
    "access is a text": (share(access="oneadmin"), ["access is a text", "owner"]),
    "unknown access key": (share(access={"user": "x"}), ["access.'user'", "owner, group, mode, writers"]),
    "writers is a text": (share(access={"writers": "oneadmin"}), ["access.writers", "[oneadmin]"]),
    "ACL is a text": (share(access={"acl": "user:a:rwx"}), ["access.acl is a text", "[user:a:rwx]"]),
    "ACL entry without a name": (share(access={"acl": ["user::rwx"]}), ["'user::rwx'", "access.mode", "Leave it out"]),
    "ACL mask": (share(access={"acl": ["m::rwx"]}), ["'m::rwx'", "the mask follows", "Leave it out"]),
    "default ACL entry": (share(access={"acl": ["default:user:a:rwx"]}), ["'default:user:a:rwx'", "Leave the word"]),
    "ACL entry in digits": (share(access={"acl": ["user:a:7"]}), ["'user:a:7'", "user:libvirt-qemu:rwx"]),
    "ACL letter twice": (share(access={"acl": ["user:a:rr"]}), ["'user:a:rr'", "user:libvirt-qemu:rwx"]),
    "ACL entry that is no text": (share(access={"acl": [{"user": "a"}]}), ["{'user': 'a'}", "user:libvirt-qemu:rwx"]),
    "ACL entry twice": (share(access={"acl": ["u:a:rwx", "user:a:r"]}), ["the user a twice"]),
    "ACL on CIFS": (media(access={"acl": ["u:a:rwx"]}), ["access.acl", "type cifs", "Leave it out"]),
    "ACL with noacl": (share(access={"acl": []}, options={"noacl": True}), ["access.acl", "turns ACLs off"]),
    "ACL on GlusterFS": (
        {"path": "/srv/g", "type": "glusterfs", "source": "gl1:/v", "access": {"acl": ["u:a:rwx"]}},
        ["access.acl needs options: {acl: true}"]),
    "writers with blanks": (share(access={"writers": "oneadmin libvirt-qemu"}), ["Write a list: [oneadmin, libvirt-qemu]."]),
    "writers with commas": (share(access={"writers": "oneadmin, domain users"}), ["Write a list: [oneadmin, domain users]."]),
    "ACL as setfacl has it": (
        share(access={"acl": "u:a:rwx,g:domain users:rx"}), ["Write a list: [u:a:rwx, g:domain users:rx]."]),
    "owner that ends in a blank": (share(access={"owner": "oneadmin "}), ["access.owner 'oneadmin '", "blank at its ends"]),
    "group with the end of a line": (share(access={"group": "kvm\n"}), ["access.group", "is not the name"]),
    "ACL entry with a blank at an end": (share(access={"acl": ["user: a:rwx"]}), ["'user: a:rwx'"]),
    "owner with a colon": (share(access={"owner": "a:b"}), ["access.owner", "'a:b'"]),
    "owner below zero": (share(access={"owner": -1}), ["access.owner '-1'", "no number from 0 to 4294967294"]),
    "owner that is nobody's number": (share(access={"owner": 2 ** 32 - 1}), ["'4294967295'", "no number from 0 to 4294967294"]),
    "group with a leading zero": (share(access={"group": "0100"}), ["access.group '0100'", "leading zeros"]),
    "owner like an option": (share(access={"owner": "-x"}), ["access.owner '-x'", "begins with a hyphen"]),
    "half a character in owner": (share(access={"owner": "\ud800"}), ["access.owner '\\ud800'"]),
    "ACL entry with a number that is none": (share(access={"acl": ["u:4294967295:r"]}), ["'u:4294967295:r'"]),
    "mode as a number": (share(access={"mode": 777}), ["777", 'mode: "0777"']),
    "mode written with a leading zero": (share(access={"mode": 0o2770}), ["1528", 'mode: "2770"']),
    "mode in words": (share(access={"mode": "u=rwx"}), ["'u=rwx'", 'mode: "2770"']),
    "mode with eight": (share(access={"mode": "0788"}), ["'0788'", "octal"]),
    "credentials for nfs": (share(credentials={"username": "x", "password": "y"}), ["credentials", "cifs"]),
    "no credentials": (media(credentials=None), ["credentials are missing", "guest: true", "sec: krb5"]),
    "no username": (media(credentials={"password": "x"}), ["credentials.username is missing"]),
    "an empty username": (media(credentials={"username": "", "password": "x"}), ["username is missing", "guest: true"]),
    "no password": (media(credentials={"username": "vm"}), ["credentials.password is missing"]),
    "a guest with credentials": (media(options={"guest": True}), ["guest: true", "exclude"]),
    "nobody with credentials": (media(options={"sec": "none"}), ["sec: none", "exclude"]),
    "a flag that cifs ignores": (media(options={"noatime": True}), ["option noatime", "no effect", "Leave it out"]),
    "a mode of cifs as a number": (media(options={"dir_mode": 0o770}), ["dir_mode", "504", 'dir_mode: "0770"']),
    "a comma in a cifs source": (media(source="//nas2/a,b"), ["'//nas2/a,b'", "without a comma"]),
    "not a mapping": ("nas1:/export", ["share number 1", "a text", "mapping"]),
}


@pytest.mark.parametrize("declared, words", list(PROBLEMS.values()), ids=list(PROBLEMS))
def test_a_problem_names_the_value_and_what_to_write(declared, words):
    message = refusal(declared)
    assert message.startswith("1 problem in the declared shares:\n- share "), message
    for word in words:
        assert word in message


def test_every_problem_of_every_share_is_in_one_message():
    message = refusal(share(path="srv/x", source="nas1"), share(path="/srv/y", type="zfs", state="up"))
    assert message.startswith("4 problems")
    for word in ("srv/x", "nas1", "zfs", "up"):
        assert word in message


def test_the_same_path_twice_and_a_share_inside_another():
    message = refusal(
        NFS, share(source="nas1:/other"), share(path="/srv/shares/projects/deep"), share(path="/srv/shares/projects2"))
    assert message.startswith("2 problems")
    assert "declared twice" in message
    assert "'/srv/shares/projects/deep' lies inside the share /srv/shares/projects" in message
    assert "Write a path beside it, such as /srv/shares/deep" in message


def bind(path, source, **changes):
    return dict({"path": path, "type": "local", "source": source}, **changes)


@pytest.mark.parametrize("shares, words", [
    ([bind("/srv/a", "/srv/b/x"), bind("/srv/b", "/srv/a/y")], ["/srv/b/x", "in the share /srv/b, which"]),
    ([bind("/srv/b", "/srv/a"), bind("/srv/a", "/srv/b")], ["share /srv/a: its source '/srv/b'"]),
    ([bind("/srv/c", "/srv/a/z"), bind("/srv/a", "/srv/b"), bind("/srv/b", "/srv/c/x")],
     ["share /srv/a: ", "in the share /srv/b and that in the share /srv/c, which is bound from this one in turn"]),
    ([bind("/srv/a", "/srv/b"), bind("/srv/b", "/srv/a", state="unmounted"), bind("/srv/d", "/srv/a")], ["share /srv/a: "]),
])
def test_shares_that_are_bound_from_each_other_in_a_circle_are_refused_once(shares, words):
    message = refusal(*shares)
    assert message.startswith("1 problem")
    for word in words:
        assert word in message


@pytest.mark.parametrize("shares", [
    [bind("/srv/a", "/data"), bind("/srv/b", "/srv/a"), bind("/srv/c", "/srv/b/x")],
    [bind("/srv/a", "/srv/b"), bind("/srv/b", "/srv/a", state="absent")],
    [bind("/srv/a", "/srv/b/x"), share(path="/srv/b")],
])
def test_shares_that_are_bound_one_from_the_other_are_taken(shares):
    assert [each["path"] for each in validated(shares)] == [each["path"] for each in shares]


@pytest.mark.parametrize("outer, inner, refused", [
    (share(read_only=True), {}, True), (share(read_only=True), {"read_only": True}, False), (share(), {}, False),
    (share(read_only=True), {"state": "absent"}, False), (bind(NFS["path"], "/data", read_only=True), {}, True),
])
def test_a_bind_from_a_read_only_share_is_to_be_read_only_as_well(outer, inner, refused):
    shares = [outer, bind("/srv/vms", NFS["path"] + "/vms", **inner)]
    if refused:
        assert ("share /srv/vms: its source '%s/vms' is in the share %s, which is read_only. Write read_only: true here" % (
            NFS["path"], NFS["path"])) in refusal(*shares)
    else:
        validated(shares)


def test_a_secret_is_never_shown():
    assert "hunter2" not in refusal(media(credentials="hunter2"))
    assert "hunter2" not in refusal(media(credentials={"username": "vm", "passwort": "x", "password": "hunter2"}))
    assert "hunter2" not in refusal(share(options={"password": "hunter2"}))


@pytest.mark.parametrize("declared", [
    media(options={"username=vm,password=hunter2": True}), media(options={"password=hunter2": True}),
    media(options={"password:hunter2": None}), media(options={"password hunter2": True}), media(options={"vm:hunter2": 1}),
    media(credentials={"username": "vm", "password": "x", "password=hunter2": None}),
    media(credentials={"username": "vm", "password:hunter2": None}), share(**{"credentials: hunter2": 1}),
    share(**{"password=hunter2": None}), share(access={"password=hunter2": 1}),
    media(options={"vers": "3.0,password=hunter2"}), media(options={"uid": "vm,hunter2"}),
    media(options={"sec": "ntlmssp,pass=a,hunter2"}), media(options={"cache": "password=hunter2"}),
    media(options={"guest": "password: hunter2"}), media(options={"vers": "//vm:a/hunter2@nas2/x"}),
    share(state="mounted,password=hunter2"), share(type="cifs,password=hunter2"), share(type={"password": "hunter2"}),
    share(path="//vm:hunter2@nas2/media"), share(path="smb://vm:a/hunter2@nas2/media"), share(path="vm:hunter2@nas2:/media"),
    share(read_only="password=hunter2"), share(type="smbfs", options={"password": "a,hunter2"}),
    share(type="smbfs", options={"Passwd": "a,hunter2"}), share(source="smb://vm:a\thunter2@nas2/media"),
    media(source="//vm:a\thunter2@nas2/media"), media(source="//nas2/a,password=hunter2"),
    share(access={"acl": [{"password": "hunter2"}]}),
], ids=str)
def test_a_secret_in_the_wrong_place_is_not_shown(declared):
    assert "hunter2" not in refusal(declared)


@pytest.mark.parametrize("value, words", [
    ("hunter2\n", "end of a line"), ("hunter2\0", "control character"), ("hunter2\r", "control character"),
    (12340987, "in quotes"), (True, "in quotes"), (["hunter2"], "in quotes"), ("hunter2\udc80", "not a character"),
    ("hunter2" * 100, "longer"), ("hunter2" + "," * 253, "longer"),
])
@pytest.mark.parametrize("key", ["username", "password", "domain"])
def test_credentials_that_cannot_be_written_are_refused_unseen(key, value, words):
    message = refusal(media(credentials=dict({"username": "vm", "password": "x"}, **{key: value})))
    assert message.startswith("1 problem")
    assert "credentials.%s" % key in message and words in message
    assert "hunter2" not in message and "12340987" not in message


@pytest.mark.parametrize("declared", [
    media(), media(credentials={"username": "CORP\\vm", "password": "", "domain": ""}),
    media(credentials=None, options={"guest": True}), media(credentials=None, options={"sec": "none"}),
    media(credentials=None, options={"sec": "krb5", "cruid": 0}), media(credentials=None, state="absent"),
    media(credentials={"username": "host/hv1@CORP"}, options={"sec": "krb5i"}),
], ids=str)
def test_ways_to_use_a_cifs_share(declared):
    assert validated([declared])[0]["credentials"] == (declared["credentials"] and dict(
        {"username": None, "password": None, "domain": None}, **declared["credentials"]))


@pytest.mark.parametrize("shares", [None, "x", {"path": "/srv/x"}, 3])
def test_the_list_itself_may_be_wrong(shares):
    with pytest.raises(Refusal) as caught:
        validated(shares)
    assert "Write a list" in str(caught.value)


@pytest.mark.parametrize("kind, source", [
    ("nfs", "nas1:/"), ("nfs", "nas1.example.com:/export/my dir"), ("nfs", "192.0.2.1:/x"), ("nfs", "[2001:db8::1]:/x"),
    ("nfs", "[fe80::1%eth0]:/x"), ("cifs", "//nas2/media/sub dir"), ("ocfs2", "LABEL=vmstore"),
    ("ocfs2", "UUID=0-1"), ("ocfs2", "/dev/disk/by-id/x"), ("glusterfs", "gl1:/scratch"), ("glusterfs", "gl1,gl2:/scratch"),
    ("local", "/data/my dir"), ("local", ""),
])
def test_sources_that_are_right(kind, source):
    options = {"guest": True} if kind == "cifs" else {}
    assert validated([share(type=kind, source=source, options=options)])[0]["source"] == source


def test_accounts_of_a_directory_have_blanks_inside():
    access = {"owner": "CORP\\svc vm", "group": "domain users", "writers": ["CORP\\svc vm"],
              "acl": ["group:domain users:rwx", "u:CORP\\svc vm:r"]}
    assert validated([share(access=access)])[0]["access"] == {
        "owner": "CORP\\svc vm", "group": "domain users", "writers": ["CORP\\svc vm"], "mode": None,
        "acl": ["group:domain users:rwx", "user:CORP\\svc vm:r--"]}
