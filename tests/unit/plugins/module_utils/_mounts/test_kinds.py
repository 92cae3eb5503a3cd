# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel spells what was declared: only what is declared is compared, and as the filesystem means it."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.doors import by_rpcbind, tcp, udp
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry
from ansible_collections.virtshare.storage.plugins.module_utils._share.types.local import Local
from ansible_collections.virtshare.storage.plugins.module_utils._share.types.nfs import Nfs, canonical, host_of

# As Linux 7.2 shows it; the options of NFS, then of version 3.
LIVE = ("52 20 0:37 / /srv/x rw,relatime shared:82 - nfs4 nas1:/export/x rw,vers=4.2,rsize=131072,wsize=131072,namlen=255,"
        "hard,fatal_neterrors=none,proto=tcp,timeo=600,retrans=2,sec=sys,clientaddr=192.0.2.11,local_lock=none,"
        "addr=192.0.2.12")
LIVE_3 = ("46 20 0:35 / /srv/x ro,relatime shared:88 - nfs nas1:/export/x ro,vers=3,rsize=131072,wsize=131072,namlen=255,"
          "hard,nolock,proto=tcp,timeo=600,retrans=2,sec=sys,mountaddr=192.0.2.12,mountvers=3,mountport=40130,"
          "mountproto=udp,local_lock=all,addr=192.0.2.12")


def live(line=LIVE, **changes):
    (mount,) = mountinfo.parse(line)
    return mount._replace(**changes)


def nfs(**options):
    read_only = options.pop("read_only", False)
    return validated([{"path": "/srv/x", "type": "nfs", "source": "nas1:/export/x", "options": options,
                       "read_only": read_only}])[0]


def differences(share, mount, recorded=None):
    return [(each.declared, each.live) for each in Nfs().differences(share, mount, recorded)]


def recorded(options):
    return fstab.Entry("nas1:/export/x", "/srv/x", "nfs", options.split(","), 0, 0)


@pytest.mark.parametrize("options", [
    {}, {"vers": "4.2"}, {"vers": "4"}, {"nfsvers": "4.2"}, {"vers": "4", "minorversion": "2"}, {"v4.2": True},
    {"hard": True}, {"proto": "tcp"}, {"tcp": True}, {"timeo": 600}, {"retrans": 2}, {"sec": "sys"}, {"sec": "krb5:sys"},
    {"rsize": 131072}, {"relatime": True}, {"atime": True}, {"ac": True}, {"cto": True}, {"lookupcache": "all"},
    {"nconnect": 1}, {"acregmin": 3}, {"bg": True}, {"retry": 5}, {"x-systemd.automount": True}, {"_netdev": True},
    {"nofail": False}, {"soft": False}, {"lock": True}, {"nolock": True}, {"async": True}, {"not-known-yet": "7"},
    {"suid": True, "dev": True, "exec": True}, {"clientaddr": "192.0.2.11"}, {"xprtsec": "none"}, {"write": "lazy"},
    {"fatal_neterrors": "none"}, {"fatal_neterrors": "default"}, {"nosoftreval": True}, {"noposix": True},
    {"alignwrite": True}, {"rdirplus": True}, {"noacl": True}, {"local_lock": "all"}, {"local_lock": "none"},
    {"trunkdiscovery": True},
], ids=str)
def test_what_is_live_already(options):
    assert differences(nfs(**options), live()) == []


@pytest.mark.parametrize("options, expected", [
    ({"vers": "4.1"}, ("vers=4.1", "vers=4.2")),
    ({"vers": "3"}, ("vers=3", "vers=4.2")),
    ({"soft": True}, ("soft", "hard")),
    ({"softerr": True}, ("softerr", "hard")),
    ({"timeo": 100}, ("timeo=100", "timeo=600")),
    ({"sec": "krb5p"}, ("sec=krb5p", "sec=sys")),
    ({"proto": "rdma"}, ("proto=rdma", "proto=tcp")),
    ({"noac": True}, ("noac", "ac")),
    ({"nocto": True}, ("nocto", "cto")),
    ({"nosharecache": True}, ("nosharecache", "sharecache")),
    ({"lookupcache": "none"}, ("lookupcache=none", "lookupcache=all")),
    ({"xprtsec": "tls"}, ("xprtsec=tls", "xprtsec=none")),
    ({"xprtsec": "mtls"}, ("xprtsec=mtls", "xprtsec=none")),
    ({"softreval": True}, ("softreval", "nosoftreval")),
    ({"write": "eager"}, ("write=eager", "write=lazy")),
    ({"write": "wait"}, ("write=wait", "write=lazy")),
    ({"posix": True}, ("posix", "noposix")),
    ({"noalignwrite": True}, ("noalignwrite", "alignwrite")),
    ({"rdirplus": "force"}, ("rdirplus=force", "rdirplus")),
    ({"rdirplus": "none"}, ("nordirplus", "rdirplus")),
    ({"nordirplus": True}, ("nordirplus", "rdirplus")),
    ({"fatal_neterrors": "ENETUNREACH:ENETDOWN"}, ("fatal_neterrors=ENETDOWN:ENETUNREACH", "fatal_neterrors=none")),
    ({"fsc": "a"}, ("fsc=a", "nofsc")),
    ({"sec": "none"}, ("sec=null", "sec=sys")),
    ({"clientaddr": "192.0.2.99"}, ("clientaddr=192.0.2.99", "clientaddr=192.0.2.11")),
    ({"lookupcache": "positive"}, ("lookupcache=pos", "lookupcache=all")),
    ({"nconnect": 4}, ("nconnect=4", "nconnect=1")),
    ({"acregmax": 10}, ("acregmax=10", "acregmax=60")),
    ({"rsize": 65536}, ("rsize=65536", "rsize=131072")),
    ({"noatime": True}, ("noatime", "relatime")),
    ({"nosuid": True}, ("nosuid", "suid")),
    ({"read_only": True}, ("ro", "rw")),
])
def test_what_is_not(options, expected):
    assert differences(nfs(**options), live()) == [expected]


# How a mount shows what it was asked for, in place of "hard" and behind the rest.
ASKED = [
    ({"xprtsec": "tls"}, "hard", "xprtsec=tls"), ({"xprtsec": "mtls"}, "hard", "xprtsec=mtls"),
    ({"softreval": True}, "hard,softreval", ""), ({"softerr": True}, "softerr,softreval", ""),
    ({"softerr": True, "nosoftreval": True}, "softerr", ""), ({"write": "eager"}, "hard", "write=eager"),
    ({"write": "wait"}, "hard", "write=wait"), ({"posix": True}, "hard,posix", ""), ({"noalignwrite": True}, "hard", "noalignwrite"),
    ({"rdirplus": "none"}, "hard,nordirplus", ""), ({"nordirplus": True}, "hard,nordirplus", ""),
    ({"rdirplus": "force"}, "hard,rdirplus=force", ""), ({"noac": True, "sync": True}, "hard,noac,acregmin=0", "sync"),
    ({"sec": "null"}, "hard", "sec=null"), ({"sec": "none"}, "hard", "sec=null"), ({"sec": "none:sys"}, "hard", "sec=null"),
    ({"sec": "spkm3i"}, "hard", "sec=spkmi"), ({"fsc": True}, "hard", "fsc"), ({"fsc": "a"}, "hard", "fsc=a"),
    # Older kernels do not show the name.
    ({"fsc": "a"}, "hard", "fsc"), ({"addr": "2001:db8::12"}, "hard", "addr=2001:DB8:0::12"),
]


@pytest.mark.parametrize("options, retries, more", ASKED, ids=str)
def test_a_mount_is_what_it_was_asked_for(options, retries, more):
    mount = live(LIVE.replace("hard", retries) + (",%s" % more if more else ""))
    assert differences(nfs(**options), mount) == differences(nfs(**options), mount, Nfs().entry(nfs(**options))) == []


@pytest.mark.parametrize("options, retries, more", [each for each in ASKED if each[0] not in (
    {"softerr": True, "nosoftreval": True}, {"addr": "2001:db8::12"})], ids=str)
def test_what_is_taken_out_of_the_options_goes(options, retries, more):
    mount = live(LIVE.replace("hard", retries) + (",%s" % more if more else ""))
    gone = [declared for declared, shown in differences(nfs(), mount, Nfs().entry(nfs(**options)))]
    assert gone and all(words.startswith("no ") for words in gone)


@pytest.mark.parametrize("options, retries, more, shown", [
    ({"rdirplus": True}, "hard,rdirplus=force", "", "rdirplus=force"), ({"rdirplus": "force"}, "hard,nordirplus", "", "nordirplus"),
    ({"rdirplus": "none"}, "hard,rdirplus=force", "", "rdirplus"), ({"rdirplus": True}, "hard,nordirplus", "", "nordirplus"),
    ({"fsc": "a"}, "hard", "fsc=b", "fsc=b"), ({"fsc": True}, "hard", "fsc=b", "fsc=b"), ({"nofsc": True}, "hard", "fsc=b", "fsc"),
    ({"xprtsec": "none"}, "hard", "xprtsec=tls", "xprtsec=tls"), ({"xprtsec": "tls"}, "hard", "xprtsec=mtls", "xprtsec=mtls"),
    ({"nosoftreval": True}, "hard,softreval", "", "softreval"), ({"alignwrite": True}, "hard", "noalignwrite", "noalignwrite"),
    ({"sec": "sys"}, "hard", "sec=null", "sec=null"), ({"write": "lazy"}, "hard", "write=wait", "write=wait"),
])
def test_what_another_hand_has_set_is_a_difference(options, retries, more, shown):
    mount = live(LIVE.replace("hard", retries) + (",%s" % more if more else ""))
    assert [each[1] for each in differences(nfs(**options), mount)] == [shown]


def test_a_kernel_that_shows_whether_errors_of_the_network_are_fatal():
    fatal = live(LIVE.replace("fatal_neterrors=none", "fatal_neterrors=ENETDOWN:ENETUNREACH"))
    assert differences(nfs(fatal_neterrors="ENETUNREACH:ENETDOWN"), fatal) == differences(nfs(fatal_neterrors="default"), fatal) == []
    assert differences(nfs(fatal_neterrors="none"), fatal) == [("fatal_neterrors=none", "fatal_neterrors=ENETDOWN:ENETUNREACH")]
    old = live(LIVE.replace("fatal_neterrors=none,", ""))
    assert differences(nfs(fatal_neterrors="none"), old) == []
    assert differences(nfs(fatal_neterrors="ENETDOWN:ENETUNREACH"), old) == [
        ("fatal_neterrors=ENETDOWN:ENETUNREACH", "fatal_neterrors=none")]


@pytest.mark.parametrize("options", [{"softreval": True, "hard": True}, {"nosoftreval": True, "softerr": True},
                                     {"softreval": True, "timeo": 100, "softerr": True}], ids=str)
def test_how_it_tries_again_is_said_before_what_that_would_take_back(options):
    written = Nfs().entry(nfs(**options)).options
    places = {name: written.index(name) for name in ("hard", "softerr", "softreval", "nosoftreval") if name in written}
    assert min(places.get("hard", 99), places.get("softerr", 99)) < min(places.get("softreval", 99), places.get("nosoftreval", 99))
    assert fstab.means_the_same(Nfs().entry(nfs(**options)), Nfs().entry(nfs(**dict(reversed(list(options.items()))))))


def test_what_a_version_does_not_have_is_no_difference():
    old = LIVE.replace("vers=4.2", "vers=4.0")
    assert differences(nfs(max_connect=4), live(old)) == []
    assert differences(nfs(max_connect=4), live()) == [("max_connect=4", "max_connect=1")]
    assert differences(nfs(noacl=True, local_lock="posix"), live(old)) == []
    third = live(LIVE_3)
    assert differences(nfs(read_only=True, noacl=True), third) == [("noacl", "acl")]
    assert differences(nfs(read_only=True, local_lock="flock"), third) == [("local_lock=flock", "local_lock=all")]
    assert differences(nfs(read_only=True, max_connect=4), third) == []
    by_udp = live(LIVE_3.replace("proto=tcp,timeo=600", "proto=udp,timeo=600"))
    assert differences(nfs(read_only=True, timeo=900, nconnect=2), by_udp) == []
    assert differences(nfs(read_only=True, timeo=300), by_udp) == [("timeo=300", "timeo=600")]


def test_a_line_of_others_in_fstab_harms_nothing():
    odd = recorded("rw,sec,fatal_neterrors,rdirplus,xprtsec,timeo,fsc=a,vers")
    assert differences(nfs(), live(), odd) == []


def test_all_attribute_times_come_from_one_option():
    mount = live(LIVE.replace("hard", "hard,acregmin=30,acregmax=30,acdirmax=30"))
    assert differences(nfs(actimeo=30), mount) == []
    assert [each[0] for each in differences(nfs(actimeo=31), mount)] == [
        "acregmin=31", "acregmax=31", "acdirmin=31", "acdirmax=31"]


def test_version_3():
    share = nfs(vers="3", nolock=True, read_only=True, mountproto="tcp")
    assert differences(share, live(LIVE_3)) == []
    assert differences(nfs(vers="3", lock=True, read_only=True), live(LIVE_3)) == [("lock", "nolock")]
    assert differences(nfs(vers="3"), live(LIVE_3)) == [("rw", "ro")]


def test_a_server_may_grant_less_than_what_was_asked_for():
    share = nfs(rsize=1048576)
    asked = recorded("rw,rsize=1048576,_netdev,nofail")
    assert differences(share, live(), asked) == []
    # but what was not asked for is not the server's answer: the declaration is new
    assert differences(share, live(), recorded("rw,rsize=131072")) == [("rsize=1048576", "rsize=131072")]
    assert differences(share, live(), None) == [("rsize=1048576", "rsize=131072")]
    assert differences(nfs(rsize=4096), live(), recorded("rw,rsize=4096")) == [("rsize=4096", "rsize=131072")]


@pytest.mark.parametrize("shown, was, expected", [
    ("soft", "rw,soft", [("no soft", "soft")]),
    ("soft", "rw,hard", []),
    ("hard", "rw,hard", []),
    ("hard", "rw,soft", []),
    ("hard,noac", "rw,noac", [("no noac", "noac")]),
    ("hard,nconnect=4", "rw,nconnect=4", [("no nconnect=4", "nconnect=4")]),
    ("hard", "rw,timeo=600,retrans=2,vers=4.2", []),
])
def test_an_option_that_is_no_longer_declared_goes_if_it_is_live(shown, was, expected):
    mount = live(LIVE.replace("hard", shown))
    assert differences(nfs(), mount, recorded(was)) == expected
    assert differences(nfs(), mount, None) == []


def test_a_flag_that_is_no_longer_declared_goes_by_a_remount():
    mount = live(options=["rw", "noatime", "nosuid"])
    assert differences(nfs(), mount, recorded("rw,noatime")) == [("relatime", "noatime")]
    assert Nfs().remount_commands(nfs(), mount, recorded("rw,noatime")) == [
        ["mount", "-o", "remount,bind,rw,nosuid,relatime", "/srv/x"]]


def test_a_flag_that_is_no_longer_declared_is_taken_back_by_its_other_word():
    """util-linux 2.41 leaves what it is not told; measured on Debian 13."""
    mount = live(options=["rw", "nosuid", "relatime"])
    assert Nfs().remount_commands(nfs(), mount, recorded("rw,nosuid")) == [
        ["mount", "-o", "remount,bind,rw,suid,relatime", "/srv/x"]]


def test_a_remount_names_every_flag_and_nothing_of_the_filesystem():
    share = nfs(nodev=True, read_only=True, vers="4.2")
    assert Nfs().remount_commands(share, live(options=["rw", "noexec", "noatime"]), None) == [
        ["mount", "-o", "remount,bind,ro,nodev,noexec,noatime", "/srv/x"]]


def test_a_filesystem_that_is_read_only_itself_is_opened_first():
    mount = live(options=["ro", "relatime"], super_options=["ro", "vers=4.2"])
    assert Nfs().remount_commands(nfs(), mount, None) == [
        ["mount", "-o", "remount,rw", "/srv/x"], ["mount", "-o", "remount,bind,rw,relatime", "/srv/x"]]


@pytest.mark.parametrize("source, shown, same", [
    ("nas1:/export/x", "nas1:/export/x", True),
    ("NAS1:/export/x", "nas1:/export/x", True),
    ("nas1:/export/x/", "nas1:/export/x", True),
    ("nas1://export//x", "nas1:/export/x", True),
    ("nas1:/", "nas1:/", True),
    ("[2001:db8::1]:/x", "[2001:db8::1]:/x", True),
    ("nas1:/export/x", "nas1:/export/X", False),
    ("nas1:/export/x", "nas2:/export/x", False),
    ("nas1:/export/x", "nas1:/export", False),
    ("nas1:/a:/b", "nas1:/a:/c", False),
])
def test_a_source_is_compared_by_what_it_means(source, shown, same):
    share = dict(nfs(), source=source)
    assert (Nfs().mismatch(share, live(source=shown), {"addresses": None}) is None) == same


def test_another_filesystem_under_the_right_name_is_foreign():
    assert Nfs().mismatch(nfs(), live(fstype="tmpfs"), {"addresses": None}) == "nas1:/export/x of type tmpfs"


def test_a_name_that_was_moved_to_another_server_is_noticed():
    words = Nfs().mismatch(nfs(), live(), {"addresses": ["192.0.2.77"]})
    assert "192.0.2.12" in words and "192.0.2.77" in words
    assert Nfs().mismatch(nfs(), live(), {"addresses": ["192.0.2.77", "192.0.2.12"]}) is None


@pytest.mark.parametrize("source, host", [
    ("nas1:/x", "nas1"), ("[2001:db8::1]:/x", "2001:db8::1"), ("192.0.2.1:/a:/b", "192.0.2.1")])
def test_the_server_of_a_source(source, host):
    assert host_of(source) == host


BY_RPCBIND = {number: by_rpcbind("tcp", 100003, number, f"NFS {number}") for number in (2, 3, 4)}


@pytest.mark.parametrize("declared, doors", [
    # mount.nfs tries NFS 4 at its own port, and asks rpcbind for NFS 3 when nobody is there.
    ({}, [tcp(2049), BY_RPCBIND[3]]), ({"proto": "tcp6"}, [tcp(2049), BY_RPCBIND[3]]),
    ({"port": 0}, [BY_RPCBIND[4], BY_RPCBIND[3]]), ({"port": 4049}, [tcp(4049)]), ({"port": False}, [tcp(2049), BY_RPCBIND[3]]),
    ({"vers": "4.2"}, [tcp(2049)]), ({"vers": "4"}, [tcp(2049)]), ({"v4.1": True}, [tcp(2049)]),
    ({"vers": "4.2", "port": 0}, [BY_RPCBIND[4]]), ({"vers": "4.2", "port": 20049}, [tcp(20049)]),
    ({"vers": "3"}, [BY_RPCBIND[3]]), ({"v3": True, "port": 0}, [BY_RPCBIND[3]]), ({"nfsvers": 3, "port": 2049}, [tcp(2049)]),
    ({"vers": "2"}, [BY_RPCBIND[2]]), ({"minorversion": 1}, [tcp(2049)]),
    ({"vers": "3", "proto": "udp"}, [by_rpcbind("udp", 100003, 3, "NFS 3")]),
    ({"vers": "3", "udp6": True, "port": 2049}, [udp(2049, 100003, 3, "NFS")]),
    ({"proto": "udp"}, [by_rpcbind("udp", 100003, 3, "NFS 3")]),
    ({"proto": "rdma"}, []), ({"rdma": True, "port": 20049}, []), ({"proto": "rdma6"}, []),
], ids=str)
def test_the_server_is_looked_for_where_mount_nfs_does(declared, doors):
    assert Nfs().server(nfs(**declared)) == {"host": "nas1", "doors": doors}


def test_a_port_that_rpcbind_told_is_the_declared_one():
    shown = live(LIVE.replace(",addr=", ",port=20049,addr="))
    assert differences(nfs(port=0), shown) == differences(nfs(port=20049), shown) == []
    assert differences(nfs(port=2049), shown) == [("port=2049", "port=20049")]


def test_what_fstab_and_mount_are_told():
    share = nfs(vers="4.2", timeo=100, noatime=True)
    assert fstab.format_line(Nfs().entry(share)) == (
        "nas1:/export/x /srv/x nfs rw,vers=4.2,timeo=100,noatime,_netdev,nofail 0 0")
    assert Nfs().mount_command(share) == [
        "mount", "-t", "nfs", "-o", "rw,vers=4.2,timeo=100,noatime,_netdev,nofail,retry=0", "nas1:/export/x", "/srv/x"]


def test_defaults_can_be_left_out_and_retries_kept():
    assert Nfs().entry(nfs(nofail=False, _netdev=False)).options == ["rw"]
    assert Nfs().mount_command(nfs(retry=2))[4] == "rw,retry=2,_netdev,nofail"


@pytest.mark.parametrize("declared, added", [
    ({"vers": "3"}, ["x-systemd.after=rpc-statd.service"]),
    ({"nfsvers": "3"}, ["x-systemd.after=rpc-statd.service"]),
    ({"v3": True}, ["x-systemd.after=rpc-statd.service"]),
    ({"vers": "3", "x-systemd.after": "mine.service"}, ["x-systemd.after=mine.service"]),
    ({"vers": "3", "x-systemd.after": False}, []),
    ({"vers": "3", "nolock": True}, []),
    ({"vers": "4.2"}, []),
    ({}, []),
])
def test_locks_of_nfs_3_are_released_before_a_shutdown_stops_their_daemon(declared, added):
    written = Nfs().entry(nfs(**declared)).options
    assert [option for option in written if option.startswith("x-systemd.")] == added


def test_unmounted_stays_so_over_a_boot():
    assert "noauto" in Nfs().entry(dict(nfs(), state="unmounted")).options


def test_a_selinux_context_is_quoted_because_of_its_comma():
    share = nfs(context="system_u:object_r:virt_content_t:s0:c1,c2")
    (entry,) = [fstab.parse_line(fstab.format_line(Nfs().entry(share)))]
    assert 'context="system_u:object_r:virt_content_t:s0:c1,c2"' in entry.options


@pytest.mark.parametrize("name", ["context", "fscontext", "defcontext", "rootcontext"])
@pytest.mark.parametrize("value", ["a:b:c:s0:c1,c2", "a:b:c:s0", "a:b:c:s0-s0:c0,c3"])
def test_a_selinux_context_is_compared_without_its_quotes(name, value):
    share = nfs(**{name: value})
    shown = '%s="%s"' % (name, value) if "," in value else "%s=%s" % (name, value)
    mount = live(LIVE.replace(",hard", ",%s,hard" % shown))
    entry = fstab.parse_line(fstab.format_line(Nfs().entry(share)))
    assert differences(share, mount) == differences(share, mount, entry) == []
    assert differences(nfs(), mount, entry) == [("no %s=%s" % (name, value), "%s=%s" % (name, value))]
    other = nfs(**{name: "a:b:d:s0:c1,c2"})
    assert differences(other, mount, entry) == [("%s=a:b:d:s0:c1,c2" % name, "%s=%s" % (name, value))]


@pytest.mark.parametrize("share_type, mount", [
    ("nfs", LIVE), ("cifs", "61 20 0:45 / /srv/x rw - cifs //nas1/x rw,vers=3.1.1"),
    ("ocfs2", "60 27 254:16 / /srv/x rw - ocfs2 /dev/vdb rw,_netdev"),
    ("glusterfs", "60 27 0:16 / /srv/x rw - fuse.glusterfs gl1:/x rw"),
])
@pytest.mark.parametrize("name", ["context", "fscontext", "defcontext", "rootcontext"])
def test_a_context_that_is_not_there_is_a_difference_where_there_is_selinux(share_type, mount, name):
    share = dict(nfs(**{name: "a:b:c:s0"}), type=share_type, credentials=None)
    wanted = [("%s=a:b:c:s0" % name, "no %s" % name, False)]
    asked = registry.named(share_type).differences
    assert [each[1:] for each in asked(dict(share, selinux=True), live(mount), None) if each.name == name] == wanted
    assert [each for each in asked(share, live(mount), None) if each.name == name] == []


def test_canonical_names():
    assert dict(canonical({"v3": True, "udp": True, "wsync": True, "x-initrd.mount": True, "bg": True})) == {
        "vers": "3", "proto": "udp", "sync": True}


@pytest.mark.parametrize("options, bound", [
    ({"timeo": 100}, ["/srv/same"]),
    ({"timeo": 100, "nosharecache": True}, []),
    ({"soft": True}, []),
    ({"nconnect": 4}, ["/srv/same", "/srv/other-filesystem"]),
    ({"timeo": 100, "noatime": True}, ["/srv/same"]),
])
def test_what_other_mounts_of_the_server_keep_as_it_is(options, bound):
    others = [
        live(mount_point="/srv/same", mount_id=60),
        live(mount_point="/srv/other-filesystem", mount_id=61, st_dev="0:40"),
        live(mount_point="/srv/other-version", mount_id=62, st_dev="0:41", super_options=["vers=3", "addr=192.0.2.12"]),
        live(mount_point="/srv/other-server", mount_id=63, st_dev="0:42", super_options=["vers=4.2", "addr=192.0.2.1"]),
        live("27 1 254:0 / / rw - ext4 /dev/vda rw"),
    ]
    share = nfs(**options)
    found = Nfs().sharing_superblock(live(), Nfs().differences(share, live(), None), others)
    assert [mount.mount_point for mount in found] == bound


@pytest.mark.parametrize("output, word", [
    ("mount.nfs: access denied by server while mounting nas1:/x", "exportfs"),
    ("mount.nfs: mounting nas1:/x failed, reason given by server: No such file or directory", "no such export"),
    ("mount.nfs: Protocol not supported for nas1:/x", "vers"),
    ("mount.nfs: something else", ""),
])
def test_an_error_of_mount_is_explained(output, word):
    assert word in Nfs().explain(output)
    assert bool(word) == bool(Nfs().explain(output))


def local(**changes):
    return validated([dict({"path": "/srv/l", "type": "local", "source": "/data/l"}, **changes)])[0]


def test_a_bind_mount_is_known_by_device_and_directory():
    mount = live("60 27 254:0 /data/l /srv/l rw,relatime - ext4 /dev/vda rw")
    assert Local().mismatch(local(), mount, {"origin": ["254:0", "/data/l"]}) is None
    assert Local().mismatch(local(), mount, {"origin": ["254:0", "/data/m"]}) == "/dev/vda (/data/l) of type ext4"
    assert Local().mismatch(local(), mount, {"origin": ["254:1", "/data/l"]}) is not None


def test_a_bind_mount_out_of_an_nfs_mount_is_known_by_its_source():
    mount = live("60 27 0:45 / /srv/l rw,relatime - nfs4 nas1:/export/l rw")
    assert Local().mismatch(local(), mount, {"origin": ["0:45", "nas1:/export/l"]}) is None
    assert Local().mismatch(local(), mount, {"origin": ["0:45", "nas1:/export/m"]}) == "nas1:/export/l of type nfs4"


def test_a_bind_mount_in_fstab_and_by_hand():
    share = local(read_only=True, options={"nosuid": True})
    assert fstab.format_line(Local().entry(share)) == "/data/l /srv/l none ro,nosuid,bind,nofail 0 0"
    assert Local().mount_command(share) == ["mount", "-o", "ro,nosuid,bind,nofail", "/data/l", "/srv/l"]
    assert Local().managed(share) and not Local().managed(local(source=""))
