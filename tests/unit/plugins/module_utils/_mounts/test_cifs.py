# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIFS: how the kernel spells what was declared, where access goes, and what is done about credentials."""

import errno

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import found as found_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import order, plan
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.mountpoint import Point
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share import credentials
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.doors import tcp
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry
from ansible_collections.virtshare.storage.plugins.module_utils._share.types.cifs import Cifs

# As Linux 7.2 shows it.
LIVE = ("61 20 0:45 / /srv/m rw,relatime shared:90 - cifs //nas1/media rw,vers=3.1.1,cache=strict,upcall_target=app,"
        "username=vm,domain=CORP,uid=9869,forceuid,gid=993,forcegid,addr=192.0.2.12,file_mode=0660,dir_mode=02770,soft,"
        "nounix,serverino,mapposix,reparse=nfs,nativesocket,symlink=native,rsize=4194304,wsize=4194304,bsize=1048576,"
        "echo_interval=60,actimeo=1,closetimeo=1")
# As Linux shows who has no credentials, before the version.
GUEST = LIVE.replace("username=vm,domain=CORP,", "").replace("cache=", "sec=none,cache=")
SECRET = {"username": "vm", "password": "a, #&'b", "domain": "CORP"}
ACCESS = {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin"]}
NUMBERS = {"users": {"oneadmin": 9869, "other": 1000}, "groups": {"kvm": 993}}
FILE = "/etc/virtshare/credentials/srv-m.cifs"
LINE = ("//nas1/media /srv/m cifs rw,uid=oneadmin,gid=kvm,dir_mode=02770,file_mode=0660,credentials=%s,_netdev,nofail 0 0"
        % FILE)


def live(line=LIVE, **changes):
    (mount,) = mountinfo.parse(line)
    return mount._replace(**changes)


def cifs(options=None, **changes):
    (share,) = validated([dict({"path": "/srv/m", "type": "cifs", "source": "//nas1/media", "options": options or {},
                                "access": ACCESS, "credentials": SECRET}, **changes)])
    return dict(share, numbers=NUMBERS)


def differences(share, mount=None, recorded=None):
    return [(each.declared, each.live) for each in Cifs().differences(share, mount or live(), recorded)]


def recorded(options):
    return fstab.Entry("//nas1/media", "/srv/m", "cifs", options.split(","), 0, 0)


@pytest.mark.parametrize("options", [
    {}, {"vers": "3.1.1"}, {"vers": "3.11"}, {"vers": "3"}, {"vers": "default"}, {"soft": True}, {"nohard": True},
    {"cache": "strict"}, {"uid": 9869}, {"uid": "oneadmin"}, {"gid": "kvm"}, {"dir_mode": "02770"},
    {"dir_mode": "2770"}, {"file_mode": "0660"}, {"forceuid": True}, {"nounix": True}, {"nolinux": True},
    {"serverino": True}, {"mapposix": True}, {"perm": True}, {"actimeo": 1}, {"acregmax": 1}, {"port": 445},
    {"sign": True}, {"nobrl": False}, {"brl": True}, {"max_channels": 1}, {"retrans": 0}, {"ip": "192.0.2.12"},
    {"x-systemd.automount": True}, {"not-known-yet": "7"}, {"noacl": True},
    {"uid": "nobody-known"}, {"multichannel": False}, {"_netdev": True}, {"nofail": False},
    {"symlink": "default"}, {"symlink": "native"}, {"reparse": "default"}, {"reparse": "nfs"}, {"nativesocket": True},
    {"upcall_target": "app"}, {"iocharset": "default"}, {"nosetuids": True}, {"async": True}, {"nomand": True},
], ids=str)
def test_what_is_live_already(options):
    assert differences(cifs(options)) == []


@pytest.mark.parametrize("options, expected", [
    ({"vers": "2.1"}, ("vers=2.1", "vers=3.1.1")),
    ({"hard": True}, ("hard", "soft")),
    ({"cache": "none"}, ("cache=none", "cache=strict")),
    ({"uid": "other"}, ("uid=other", "uid=9869")),
    ({"gid": 0}, ("gid=0", "gid=993")),
    ({"dir_mode": "0755"}, ("dir_mode=0755", "dir_mode=02770")),
    ({"file_mode": "0600"}, ("file_mode=0600", "file_mode=0660")),
    ({"noforceuid": True}, ("noforceuid", "forceuid")),
    ({"noserverino": True}, ("noserverino", "serverino")),
    ({"nobrl": True}, ("nobrl", "brl")),
    ({"noperm": True}, ("noperm", "perm")),
    ({"mfsymlinks": True}, ("mfsymlinks", "no mfsymlinks")),
    ({"seal": True}, ("seal", "no seal")),
    ({"iocharset": "utf8"}, ("iocharset=utf8", "no iocharset")),
    ({"sec": "ntlmssp"}, ("sec=ntlmssp", "no sec")),
    ({"actimeo": 30}, ("acregmax=30", "acregmax=1")),
    ({"acdirmax": 30}, ("acdirmax=30", "acdirmax=1")),
    ({"max_channels": 4}, ("max_channels=4", "max_channels=1")),
    ({"ip": "192.0.2.13"}, ("addr=192.0.2.13", "addr=192.0.2.12")),
    ({"rsize": 65536}, ("rsize=65536", "rsize=4194304")),
    ({"retrans": 1}, ("retrans=1", "retrans=0")),
    ({"nonativesocket": True}, ("nonativesocket", "nativesocket")),
    ({"symlink": "sfu"}, ("symlink=sfu", "symlink=native")),
    ({"reparse": "wsl"}, ("reparse=wsl", "reparse=nfs")),
    ({"upcall_target": "mount"}, ("upcall_target=mount", "upcall_target=app")),
    ({"setuids": True}, ("setuids", "nosetuids")),
    ({"nodev": True}, ("nodev", "dev")),
    ({"nosuid": True}, ("nosuid", "suid")),
])
def test_what_is_not(options, expected):
    assert differences(cifs(options))[:1] == [expected]


@pytest.mark.parametrize("share, mount, expected", [
    (cifs(credentials=dict(SECRET, username="other")), live(), [("username=other", "username=vm")]),
    (cifs(credentials=dict(SECRET, domain="EU")), live(), [("domain=EU", "domain=CORP")]),
    (cifs(credentials=dict(SECRET, domain=None)), live(), []),
    (cifs(credentials=dict(SECRET, username="v m,")), live(LIVE.replace("=vm", r"=v\040m\054")), []),
    (cifs({"guest": True}, credentials=None), live(GUEST), []),
    (cifs({"guest": True}, credentials=None), live(), [("guest", "username=vm")]),
    (cifs({"sec": "krb5", "multiuser": True}, credentials=None),
     live(LIVE.replace("username=vm,domain=CORP", "sec=krb5,cruid=0,multiuser")), []),
    (cifs({"sec": "krb5", "sign": True}, credentials=None),
     live(LIVE.replace("username=vm,domain=CORP", "sec=krb5i,cruid=0")), []),
    (cifs({"sec": "krb5", "cruid": "oneadmin"}, credentials=None),
     live(LIVE.replace("username=vm,domain=CORP", "sec=krb5,cruid=9869")), []),
    (cifs(read_only=True), live(), [("ro", "rw")]),
])
def test_who_is_logged_in(share, mount, expected):
    asked = recorded("rw,sec=krb5,sign") if "sign" in share["options"] else None
    assert differences(share, mount, asked) == expected


@pytest.mark.parametrize("line, mount, expected", [
    ("rw,nobrl", LIVE.replace("mapposix", "mapposix,nobrl"), [("no nobrl", "nobrl")]),
    ("rw,cache=none", LIVE.replace("strict", "none"), [("no cache=none", "cache=none")]),
    ("rw,port=4450", LIVE, [("no port", "port=4450 in fstab")]),
    ("rw,cache=strict,soft,vers=3.1.1", LIVE, []),
])
def test_what_is_recorded_and_no_longer_declared(line, mount, expected):
    assert differences(cifs(), live(mount), recorded(line)) == expected


@pytest.mark.parametrize("options, old, new", [
    ({"nonativesocket": True}, "nativesocket", "nonativesocket"), ({"symlink": "wsl"}, "symlink=native", "symlink=wsl"),
    ({"symlink": "default", "mfsymlinks": True}, "symlink=native", "mfsymlinks,symlink=mfsymlinks"),
    ({"symlink": "default", "sfu": True}, "symlink=native", "sfu,symlink=sfu"),
    ({"symlink": "default", "reparse": "none"}, "reparse=nfs,nativesocket,symlink=native", "reparse=none,nativesocket,symlink=none"),
    ({"symlink": "default", "posix": True}, "symlink=native", "symlink=unix"),
    ({"symlink": "default", "posix": True}, "nounix", "posix"),
    ({"reparse": "wsl"}, "reparse=nfs", "reparse=wsl"), ({"retrans": 3}, "echo", "retrans=3,echo"),
    ({"upcall_target": "mount"}, "upcall_target=app", "upcall_target=mount"), ({"setuids": True}, "echo", "setuids,echo"),
    ({"seal": True, "signloosely": True}, "soft", "seal,soft"), ({"iocharset": "utf8"}, "soft", "iocharset=utf8,soft"),
], ids=str)
def test_a_mount_is_what_it_was_asked_for(options, old, new):
    share, mount = cifs(options), live(LIVE.replace(old, new))
    assert differences(share, mount, Cifs().entry(share)) == []
    if "posix" not in options:
        assert differences(share, mount) == []


@pytest.mark.parametrize("options, old, new", [
    ({"nonativesocket": True}, "nativesocket", "nonativesocket"), ({"symlink": "wsl"}, "symlink=native", "symlink=wsl"),
    ({"reparse": "wsl"}, "reparse=nfs", "reparse=wsl"), ({"retrans": 3}, "echo", "retrans=3,echo"),
    ({"upcall_target": "mount"}, "upcall_target=app", "upcall_target=mount"), ({"setuids": True}, "echo", "setuids,echo"),
], ids=str)
def test_what_is_taken_out_of_the_options_or_set_by_another_hand_goes(options, old, new):
    mount = live(LIVE.replace(old, new))
    (word, value), = options.items()
    assert differences(cifs(), mount, Cifs().entry(cifs(options))) == [
        ("no %s" % new.replace(",echo", ""), new.replace(",echo", ""))]
    if word in ("symlink", "reparse"):
        assert differences(cifs({word: "default"}), mount) == [("%s=default" % word, "%s=%s" % (word, value))]


@pytest.mark.parametrize("options", [{"nativesocket": True}, {"nonativesocket": True}, {"symlink": "native"},
                                     {"upcall_target": "mount"}], ids=str)
def test_what_an_older_kernel_does_not_know_is_a_difference(options):
    old = live(LIVE.replace("upcall_target=app,", "").replace("reparse=nfs,nativesocket,symlink=native,", ""))
    assert len(differences(cifs(options), old)) == 1
    assert set(options) <= Cifs().shown_if_known
    # This one older kernels know, and do not show.
    assert differences(cifs({"reparse": "wsl", "symlink": "default"}), old) == []


def test_an_owner_is_forced_only_where_there_is_one():
    """Without uid and gid the kernel says so in its log, and goes on."""
    plain = live(LIVE.replace("uid=9869,forceuid,gid=993,forcegid", "uid=0,noforceuid,gid=0,noforcegid"))
    assert differences(cifs({"forceuid": True, "forcegid": True}, access=None), plain) == []
    assert ("forceuid", "noforceuid") in differences(cifs({"forceuid": True}), plain)


def test_native_sockets_are_asked_for_after_a_posix_mount_which_has_none():
    written = Cifs().entry(cifs({"nativesocket": True, "posix": True, "soft": True})).options
    assert written.index("posix") < written.index("nativesocket")


def test_a_selinux_context_with_a_comma_is_compared():
    mount = live(LIVE.replace("username=vm", 'context="a:b:c:s0:c1,c2",username=vm'))
    declared = cifs({"context": "a:b:c:s0:c1,c2"})
    assert differences(declared, mount, Cifs().entry(declared)) == []
    assert differences(cifs(), mount, Cifs().entry(declared)) == [("no context=a:b:c:s0:c1,c2", "context=a:b:c:s0:c1,c2")]


def test_access_becomes_options_and_credentials_a_file():
    assert fstab.format_line(Cifs().entry(cifs())) == LINE
    command = Cifs().mount_command(cifs())
    assert command[:4] == ["mount", "-t", "cifs", "-o"] and command[5:] == ["//nas1/media", "/srv/m"]
    assert "nofail" not in command[4].split(",") and "credentials=" + FILE in command[4]
    for text in [fstab.format_line(Cifs().entry(cifs()))] + command:
        assert SECRET["password"] not in text and "a, #" not in text


@pytest.mark.parametrize("options, access, expected", [
    ({"uid": "root"}, ACCESS, "rw,uid=root,gid=kvm,dir_mode=02770,file_mode=0660"),
    ({"file_mode": "640", "dmask": "0750"}, ACCESS, "rw,file_mode=0640,dmask=0750,uid=oneadmin,gid=kvm"),
    ({"cifsacl": True}, ACCESS, "rw,cifsacl"),
    ({}, {"mode": "0755"}, "rw,dir_mode=0755,file_mode=0644"),
    ({}, None, "rw"),
])
def test_declared_options_count_more_than_access(options, access, expected):
    share = cifs(dict(options, nofail=False, _netdev=False), access=access)
    assert ",".join(Cifs().entry(share).options) == expected + ",credentials=" + FILE


def test_accounts_that_are_looked_up():
    assert Cifs().accounts(cifs({"cruid": "other"})) == (["oneadmin", "other"], ["kvm"])


@pytest.mark.parametrize("source, mount, same", [
    ("//nas1/media", LIVE, True),
    ("//NAS1/Media", LIVE, True),
    ("//nas1/media/", LIVE, True),
    ("//nas1/other", LIVE, False),
    ("//nas2/media", LIVE, False),
    ("//nas1/media/sub dir", LIVE.replace("//nas1/media", "//nas1/media/sub\\040dir"), True),
    ("//nas1/media/sub", LIVE.replace("0:45 / ", "0:45 /sub ").replace("//nas1/media", "//nas1/media/sub"), True),
    ("//nas1/media", LIVE.replace("0:45 / ", "0:45 /sub "), False),
    ("//nas1/media/Sub", LIVE.replace("//nas1/media", "//nas1/media/sub"), False),
    ("//nas1/media", LIVE.replace("- cifs", "- smb3"), True),
    ("//nas1/media", LIVE.replace("- cifs", "- nfs4"), False),
])
def test_the_source_has_no_case_but_its_directory_has(source, mount, same):
    mismatch = Cifs().mismatch(cifs(source=source), live(mount), {"addresses": ["192.0.2.99"]})
    assert (mismatch is None) == same


@pytest.mark.parametrize("output, words", [
    ("mount error(13): Permission denied\nRefer to the mount.cifs(8) manual page", "refuses the credentials"),
    ("mount error(2): No such file or directory", "no such share"),
    ("Retrying with upper case share name\nmount error(6): No such device or address", "no such share"),
    ("mount error(112): Host is down", "version of SMB"),
    ("mount error(115): Operation now in progress", "firewall"),
    ("mount error(111): could not connect to 192.0.2.1Unable to find suitable address.", "No SMB server listens"),
    ("mount error(113): could not connect to 192.0.2.1", "No route leads"),
    ("mount error(126): Required key not available", "Kerberos ticket"),
    ("mount error(95): Operation not supported", "vers"),
    ("mount error(22): Invalid argument", "mount.cifs(8)"),
    ("mount error: cifs filesystem not supported by the system", "module cifs"),
    ("mount error: could not resolve address for nas9: Unknown error", "option ip"),
    ('bad option uid="nobody-known"', "access.owner"),
    ("nothing known", ""),
])
def test_what_the_errors_mean(output, words):
    assert words in Cifs().explain(output) and bool(Cifs().explain(output)) == bool(words)


@pytest.mark.parametrize("number, stale", [
    (0, False), (errno.EACCES, True), (errno.ENOKEY, True), (errno.EKEYEXPIRED, True), (errno.ESTALE, True),
    (errno.EHOSTDOWN, True), (errno.EIO, False)])
def test_a_login_that_is_over_needs_a_new_mount(number, stale):
    assert Cifs().is_stale(number, live()) == stale


@pytest.mark.parametrize("options, server", [
    ({}, {"host": "nas1", "doors": [tcp(445), tcp(139)]}), ({"port": 4450}, {"host": "nas1", "doors": [tcp(4450)]}),
    ({"port": 0}, {"host": "nas1", "doors": [tcp(445), tcp(139)]}),
    ({"ip": "192.0.2.7", "port": 445}, {"host": "192.0.2.7", "doors": [tcp(445)]}),
    ({"rdma": True}, {"host": "nas1", "doors": []})])
def test_who_is_asked_whether_it_lives(options, server):
    assert Cifs().server(cifs(options)) == server


RIGHT = credentials.State("file", True, "0600", "0700", True, True, False)
NO_FILE = credentials.State("missing", True, "", "", False, False, False)
OLD_FILE = RIGHT._replace(same_text=False, same_meaning=False)
LOOSE_FILE = RIGHT._replace(mode="0644", directory="0755")
GUARDED = Point("directory", None, "0:0", "0000", True, [])


def made(declared, mounts, state, lines=LINE, in_use=(), stale=False):
    entries = mountinfo.parse("\n".join(["20 1 254:0 / / rw,relatime - ext4 /dev/vda rw"] + mounts))
    found = found_module.Found(
        found_module.stack(entries, "/srv/m"), [], fstab.lines_of(lines, "/srv/m"), fstab.find(lines, "/srv/m"), GUARDED,
        {"addresses": None, "origin": None}, stale, None, state)
    return plan.plan_share(declared, registry.of(declared), found, lambda path, mount: list(in_use))


CASES = {
    "nothing there": (cifs(), [], NO_FILE, "", ["credentials", "fstab", "mount"]),
    "all as declared": (cifs(), [LIVE], RIGHT, LINE, []),
    "unmounted by hand": (cifs(), [], RIGHT, LINE, ["mount"]),
    "a changed password": (cifs(), [LIVE], OLD_FILE, LINE, ["unmount", "credentials", "mount"]),
    "a changed password, not mounted": (cifs(), [], OLD_FILE, LINE, ["credentials", "mount"]),
    "a loosened file": (cifs(), [LIVE], LOOSE_FILE, LINE, ["credentials"]),
    "a file of somebody else": (cifs(), [LIVE], RIGHT._replace(owner=False), LINE, ["credentials"]),
    "a file written otherwise": (cifs(), [LIVE], RIGHT._replace(same_text=False), LINE, ["credentials"]),
    "what a killed run left": (cifs(), [LIVE], RIGHT._replace(left=True), LINE, ["credentials"]),
    "a lost file": (cifs(), [LIVE], NO_FILE, LINE, ["credentials"]),
    "an option": (cifs({"cache": "none"}), [LIVE], RIGHT, LINE, ["unmount", "fstab", "mount"]),
    "a flag": (cifs({"nodev": True}), [LIVE], RIGHT, LINE, ["fstab", "remount"]),
    "unmounted": (cifs(state="unmounted"), [LIVE], OLD_FILE, LINE, ["unmount", "credentials", "fstab"]),
    "no longer with credentials": (
        cifs({"guest": True}, credentials=None), [LIVE], OLD_FILE, LINE, ["unmount", "credentials", "fstab", "mount"]),
    "another type": (
        validated([{"path": "/srv/m", "type": "nfs", "source": "nas1:/x"}])[0], [LIVE], OLD_FILE, LINE,
        ["unmount", "credentials", "fstab", "mount"]),
    "absent": (
        cifs(state="absent"), [LIVE], RIGHT, LINE, ["unmount", "remove_directory", "credentials", "fstab"]),
    "absent, only the file left": (
        cifs(state="absent"), [], RIGHT, "", ["remove_directory", "credentials"]),
}


@pytest.mark.parametrize("declared, mounts, state, lines, operations", list(CASES.values()), ids=list(CASES))
def test_what_is_done(declared, mounts, state, lines, operations):
    result = made(declared, mounts, state, lines)
    assert [operation.name for operation in order.whole([result], None, None).operations] == operations
    assert result.changed == bool(operations) == (result.before != result.after)
    shown = repr([operation.result() for operation in result.operations] + [result.diff(), result.warnings])
    assert SECRET["password"] not in shown and "a, #" not in shown


def test_a_changed_password_under_a_share_in_use_is_refused():
    with pytest.raises(Refusal) as caught:
        made(cifs(), [LIVE], OLD_FILE, in_use=["qemu (process 7)"])
    for word in ("/srv/m", "credentials", "qemu (process 7)", "Nothing was changed"):
        assert word in str(caught.value)
    assert SECRET["password"] not in str(caught.value)


def test_the_diff_and_a_warning_tell_of_the_file_and_not_what_is_in_it():
    result = made(cifs(), [LIVE], LOOSE_FILE)
    assert result.before == {"/srv/m": {"credentials": "mode 0644, in a directory of mode 0755"}}
    assert result.after == {"/srv/m": {"credentials": "mode 0600, the declared credentials (hidden)"}}
    assert len(result.warnings) == 1 and "change it on the server" in result.warnings[0]
    result = made(cifs(), [LIVE], OLD_FILE)
    assert result.before["/srv/m"]["credentials"] == "mode 0600, other credentials (hidden)"
    assert "with other credentials" in result.before["/srv/m"]["mount"]


USED = ["qemu (process 7)"]


@pytest.mark.parametrize("declared, mounts, state, in_use, operations", [
    (cifs(), [LIVE], OLD_FILE, [], ["unmount", "credentials", "mount"]),
    (cifs(), [LIVE], RIGHT, [], ["unmount", "mount"]),
    (cifs(), [LIVE], OLD_FILE, USED, ["credentials", "remount"]),
    (cifs(), [LIVE], RIGHT, USED, ["remount"]),
    (cifs({"nodev": True}), [LIVE], RIGHT, USED, ["fstab", "remount"]),
    (cifs({"cache": "none"}), [LIVE], RIGHT, USED, None),
    (cifs({"guest": True}, credentials=None), [GUEST], NO_FILE, USED, None),
    (cifs(source="//nas1/other"), [LIVE], RIGHT, USED, None),
    (cifs({"x-systemd.automount": True}), [LIVE], RIGHT, USED, None),
])
def test_a_login_that_is_over_is_made_anew_under_a_share_in_use(declared, mounts, state, in_use, operations):
    if operations is None:
        with pytest.raises(Refusal, match="qemu"):
            made(declared, mounts, state, in_use=in_use, stale=True)
        return
    result = made(declared, mounts, state, in_use=in_use, stale=True)
    done = order.whole([result], None, None).operations
    assert [operation.name for operation in done] == operations
    if done[-1].name == "remount":
        assert done[-1].arguments["used"] and "log in" in done[-1].summary
        assert done[-1].arguments["commands"][0][4].startswith("remount,rw,")
        assert "login with the server is over" in result.before["/srv/m"]["mount"]
