# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount options: every one of every type in every kind of value, and what the programs make of the words."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share import common_options, values
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

SOURCES = {"nfs": "nas1:/export/projects", "cifs": "//nas2/media", "ocfs2": "LABEL=vmstore", "glusterfs": "gl1,gl2:/scratch",
           "local": "/data/projects"}
YES = (True, "true", "True", "TRUE", "yes", "Yes", "on", "ON", "1", 1, 1.0, "y", "t", " yes ")
NO = (False, "false", "False", "FALSE", "no", "No", "off", "OFF", "0", 0, 0.0, "n", "f")
WRONG = (None, "", [], ["x"], {}, {"a": 1}, "maybe", "\x01", 'a"b', "a,b", 1.5, -1, 2 ** 40, "0x10", "010", "1M", " ", "è", (), 7)


def declared(kind, options):
    share = {"path": "/srv/shares/projects", "type": kind, "source": SOURCES[kind], "options": options}
    if kind == "cifs" and not values.truth(options.get("guest")) and options.get("sec") != "none":
        share["credentials"] = {"username": "vm", "password": "hunter2"}
    return share


def read(kind, name, value):
    """What is kept of one option of a share."""
    return validated([declared(kind, {name: value})])[0]["options"][name]


def refusal(kind, name, value):
    with pytest.raises(Refusal) as caught:
        validated([declared(kind, {name: value})])
    return str(caught.value)


def known(kind):
    """All options that such a share may have, {name: kind of value}."""
    share_type = registry.named(kind)
    names = dict(common_options._COMMON, **share_type.kinds)
    return {name: share_type.kind_of(name) for name in names
            if name not in share_type.options_without_effect and name not in share_type.options_elsewhere}


def turned_off_by(kind):
    """{option that is on by default: what turns it off}"""
    return dict(common_options.ON_BY_DEFAULT, **registry.named(kind).on_by_default)


def is_idle(kind, name):
    """Whether an option that is on by default, or what turns it off, does nothing on a type."""
    names = [words.partition(":")[0] for words in turned_off_by(kind)[name].split(" or ")]
    return not {name, *names}.isdisjoint(registry.named(kind).options_without_effect)


ON = [(kind, name) for kind in registry.NAMES for name in turned_off_by(kind)
      if registry.named(kind).kind_of(name) and not registry.named(kind).elsewhere(name) and not is_idle(kind, name)]
FLAGS = [(kind, name) for kind in registry.NAMES for name, value in known(kind).items() if isinstance(value, values.Flag)]
VALUED = [(kind, name) for kind in registry.NAMES for name, value in known(kind).items()
          if not isinstance(value, values.Flag)]


@pytest.mark.parametrize("kind, name", FLAGS)
def test_a_flag_is_what_its_value_says_in_any_spelling(kind, name):
    assert [read(kind, name, value) for value in YES] == [True] * len(YES)
    if name not in turned_off_by(kind):
        assert [read(kind, name, value) for value in NO] == [False] * len(NO)


@pytest.mark.parametrize("kind, name", ON)
def test_what_is_on_by_default_is_turned_off_by_another_option_only(kind, name):
    instead = turned_off_by(kind)[name]
    for value in NO if (kind, name) in FLAGS else (False,):
        assert f"option {name} is false, and it is on unless another option turns it off. Write {instead}." in refusal(
            kind, name, value)
    for words in instead.split(" or "):
        other, dummy, value = words.partition(": ")
        value = value == "true" or value
        assert read(kind, other, value) == value
        if other != name:
            assert validated([declared(kind, {name: False, other: value})])[0]["options"] == {name: False, other: value}


@pytest.mark.parametrize("kind, name", [
    (kind, name) for kind in registry.NAMES for name in turned_off_by(kind)
    if is_idle(kind, name) and not registry.named(kind).elsewhere(name)])
def test_what_is_on_by_default_cannot_be_turned_off_where_it_has_no_effect(kind, name):
    assert f"option {name} has no effect on type {kind}" in refusal(kind, name, False)


@pytest.mark.parametrize("kind, name", FLAGS)
def test_a_flag_takes_nothing_else(kind, name):
    for value in WRONG + ("recursive", name):
        message = refusal(kind, name, value)
        assert f"option {name} is " in message and f"Write {name}: true, or leave it out." in message, message


@pytest.mark.parametrize("kind, name", VALUED)
def test_a_value_is_kept_or_refused_in_one_sentence(kind, name):
    for value in WRONG + YES + NO:
        share = declared(kind, {name: value})
        try:
            kept, = validated([share])
        except Refusal as refused:
            lines = str(refused).splitlines()
            assert len(lines) == 2 and f"option {name} " in lines[1] and "Write" in lines[1], refused
            continue
        assert isinstance(kept["options"][name], (str, bool)), value
        assert validated([kept]) == [kept], value
        # What is kept arrives as one option, whole.
        line = registry.of(kept).entry(kept).options
        assert len([each for each in line if each.partition("=")[0] == name]) == (kept["options"][name] is not False)


@pytest.mark.parametrize("kind, name", VALUED)
def test_a_list_or_a_mapping_is_no_value(kind, name):
    for value in ([], ["x"], {}, {"a": 1}, None, ""):
        assert f"option {name} is " in refusal(kind, name, value)


# type, option, as it is written, what is kept
MEANT = [
    ("nfs", "vers", 4.2, "4.2"), ("nfs", "vers", 4.0, "4.0"), ("nfs", "vers", 3, "3"), ("nfs", "vers", "4", "4"),
    ("nfs", "nfsvers", "4.1", "4.1"), ("nfs", "port", 0, "0"), ("nfs", "port", "20049", "20049"), ("nfs", "port", False, False),
    ("nfs", "proto", "udp6", "udp6"), ("nfs", "sec", "krb5:krb5i:krb5p", "krb5:krb5i:krb5p"), ("nfs", "timeo", 600, "600"),
    ("nfs", "fsc", True, True), ("nfs", "fsc", "yes", True), ("nfs", "fsc", "off", False), ("nfs", "fsc", "images", "images"),
    ("nfs", "rdirplus", "force", "force"), ("nfs", "rdirplus", "true", True), ("nfs", "lookupcache", "none", "none"),
    ("nfs", "x-systemd.idle-timeout", "5min 20s", "5min 20s"), ("nfs", "x-systemd.idle-timeout", 600, "600"),
    ("nfs", "x-systemd.mount-timeout", "infinity", "infinity"), ("nfs", "x-systemd.requires", "a.service", "a.service"),
    ("nfs", "x-note", "yes", "yes"), ("nfs", "x-note", True, True), ("nfs", "comment", "made by hand", "made by hand"),
    ("nfs", "context", "system_u:object_r:virt_content_t:s0:c1,c2", "system_u:object_r:virt_content_t:s0:c1,c2"),
    ("nfs", "X-mount.mkdir", "0755", "0755"), ("nfs", "X-mount.mkdir", True, True), ("nfs", "another", "word", "word"),
    ("ocfs2", "x-systemd.device-bound", "no", "no"), ("ocfs2", "x-systemd.device-bound", False, "no"),
    ("ocfs2", "x-systemd.device-bound", True, True), ("ocfs2", "errors", "panic", "panic"), ("ocfs2", "barrier", 1, "1"),
    ("cifs", "guest", "yes", True), ("cifs", "vers", 3.02, "3.02"), ("cifs", "vers", "3.1.1", "3.1.1"),
    ("cifs", "uid", 107, "107"), ("cifs", "gid", "domain users", "domain users"), ("cifs", "dir_mode", "2770", "2770"),
    ("cifs", "snapshot", "@GMT-2026.03.27-20.52.19", "@GMT-2026.03.27-20.52.19"), ("cifs", "sec", "none", "none"),
    ("glusterfs", "use-readdirp", True, "on"), ("glusterfs", "use-readdirp", "No", "off"),
    ("glusterfs", "use-readdirp", "disable", "off"), ("glusterfs", "direct-io-mode", "true", "enable"),
    ("glusterfs", "direct-io-mode", False, "disable"), ("glusterfs", "direct-io-mode", "auto", "auto"),
    # mount.glusterfs compares with small letters, and takes any value of these two for on.
    ("glusterfs", "no-root-squash", "YES", "on"), ("glusterfs", "volfile-check", "no", False),
    ("glusterfs", "fopen-keep-cache", "on", True), ("glusterfs", "attribute-timeout", 0.5, "0.5"),
    ("glusterfs", "oom-score-adj", -500, "-500"), ("glusterfs", "log-level", "debug", "debug"),
]


@pytest.mark.parametrize("kind, name, written, kept", MEANT)
def test_a_value_means_what_its_program_takes_it_for(kind, name, written, kept):
    assert read(kind, name, written) == kept


# type, option, as it is written, parts of the sentence
REFUSED = [
    ("nfs", "port", "nfs", ["port is 'nfs'", "whole number from 0 to 65535", "port: 2049"]),
    ("nfs", "port", 70000, ["port is 70000", "0 to 65535"]),
    ("nfs", "port", "0111", ["'0111'", "octal", "Write port: 111."]),
    ("nfs", "port", True, ["port is true, and it needs a value", "port: 2049"]),
    ("nfs", "proto", True, ["proto is true, and it needs a value", "one of tcp, tcp6, udp", "proto: tcp"]),
    ("nfs", "proto", "TCP", ["'TCP'", "Write proto: tcp."]),
    ("nfs", "vers", "4.3", ["'4.3'", "4.2, 4.1"]), ("nfs", "vers", 4.3, ["4.3"]),
    ("nfs", "sec", ["krb5", "krb5i"], ["a list", "Write one text: sec: krb5:krb5i."]),
    ("nfs", "sec", "krb5;sys", ["'krb5;sys'", "joined by :"]),
    ("nfs", "rsize", "1M", ["'1M'", "without units", "Write rsize: 1048576."]),
    ("nfs", "rsize", 512, ["512", "from 1024"]), ("nfs", "timeo", 0, ["from 1"]), ("nfs", "timeo", "60s", ["'60s'"]),
    ("nfs", "nconnect", 32, ["from 1 to 16"]), ("nfs", "lookupcache", "posi", ["'posi'"]),
    ("nfs", "local_lock", True, ["none, flock, posix, all"]), ("nfs", "noatime", "please", ["'please'", "takes no value"]),
    ("nfs", "mountaddr", "nas1", ["an IP address"]), ("nfs", "timeo", 7000, ["7000", "from 1 to 6000"]),
    ("nfs", "fatal_neterrors", "ENETDOWN", ["'ENETDOWN'", "ENETDOWN:ENETUNREACH"]),
    ("nfs", "user", True, ["option user", "ordinary users", "Leave it out."]),
    ("cifs", "users", True, ["option users", "ordinary users"]), ("nfs", "owner", "oneadmin", ["ordinary users"]),
    ("cifs", "user", "vm", ["in the share's credentials"]),
    ("nfs", "dir_mode", "0770", ["for type cifs", "of type nfs"]), ("cifs", "nconnect", 4, ["for type nfs", "of type cifs"]),
    ("nfs", "backup-volfile-servers", "gl2", ["for type glusterfs", "write all servers in the source"]),
    ("local", "vers", "4.2", ["for type nfs or cifs", "of type local"]), ("local", "sync", True, ["no effect on type local"]),
    ("cifs", "file_mode", 0o660, ["432", 'file_mode: "0770"']), ("cifs", "dir_mode", "rwx", ["'rwx'", "octal"]),
    ("cifs", "uid", "a:b", ["'a:b'", "account"]), ("cifs", "ip", "nas2", ["an IP address"]),
    ("cifs", "sec", "krb", ["'krb'", "Write sec: krb5."]), ("cifs", "prefixpath", "x", ["in the source instead"]),
    ("cifs", "max_credits", 10, ["20 to 60000"]), ("ocfs2", "resv_level", 9, ["0 to 8"]),
    ("ocfs2", "nocluster", True, ["destroy"]), ("ocfs2", "x-systemd.makefs", True, ["x-systemd.makefs", "leave it out"]),
    ("glusterfs", "log-file", "gluster.log", ["absolute path"]), ("glusterfs", "direct-io-mode", "maybe", ["true or false or auto"]),
    ("glusterfs", "lazytime", True, ["mount.glusterfs does not take it"]), ("glusterfs", "acl", "posix", ["takes no value"]),
    ("glusterfs", "process-name", "my volume", ["'my volume'"]), ("glusterfs", "sync", True, ["passes over it"]),
    ("nfs", "x-systemd.idle-timeout", "10 fortnights", ["'10 fortnights'", "systemd.time(7)", "5min"]),
    ("nfs", "x-systemd.idle-timeout", True, ["needs a value"]), ("nfs", "x-systemd.idle-timeout", -1, ["-1"]),
    ("nfs", "x-systemd.idletimeout", "10", ["x-systemd.idletimeout", "not known to systemd", "x-systemd.idle-timeout"]),
    ("nfs", "x-systemd.requires", "a b", ["'a b'", "name of a unit"]),
    ("nfs", "x-systemd.requires-mounts-for", "srv", ["absolute path"]),
    ("nfs", "comment", "systemd.automount", ["x-systemd.automount: true"]),
    ("nfs", "X-mount.owner", "oneadmin", ["access.owner"]), ("nfs", "another", "yes", ["another: true without quotes"]),
    ("nfs", "fail", True, ["nofail: false"]), ("nfs", "timeo", "9" * 5000, ["a whole number"]),
    ("nfs", "rsize", "9" * 5000 + "k", ["a whole number"]), ("nfs", "x-systemd.idle-timeout", "9" * 400, ["systemd.time(7)"]),
    ("nfs", "x-systemd.mount-timeout", "600000y", ["systemd.time(7)"]), ("nfs", "comment", "a\u2028b", ["'a\\u2028b'"]),
    ("nfs", "X-systemd.automount", True, ["not known to systemd", "Write x-systemd.automount."]),
    ("nfs", "x-SystemD.Idle-Timeout", "5min", ["Write x-systemd.idle-timeout."]),
    ("nfs", "x-system.automount", True, ["Write x-systemd.automount."]),
    ("nfs", "x-mount.subdir", "a", ["directory in the source"]), ("nfs", "rprivate", True, ["not compared", "Leave it out"]),
    ("local", "NoAtime", True, ["passes over it", "Write noatime."]), ("local", "no-exec", True, ["Write noexec."]),
    ("local", "size", "1G", ["passes over it", "Leave it out."]), ("cifs", "uid", -1, ["-1", "account"]),
    ("cifs", "sync", True, ["no effect on type cifs", "makes its mounts without it"]),
    ("cifs", "dirsync", True, ["no effect on type cifs"]), ("cifs", "lazytime", "yes", ["no effect on type cifs"]),
    ("cifs", "noatime", True, ["the server alone decides about times of access"]),
    ("ocfs2", "mand", True, ["no effect on type ocfs2", "since 5.15"]), ("ocfs2", "iversion", True, ["no version of a file"]),
    ("cifs", "gid", "010", ["'010'", "account"]), ("cifs", "backupuid", 2 ** 32 - 1, ["account"]),
]


@pytest.mark.parametrize("kind, name, written, parts", REFUSED)
def test_a_refusal_names_value_and_what_to_write(kind, name, written, parts):
    message = refusal(kind, name, written)
    assert message.startswith("1 problem"), message
    for part in [f"option {name} ", *parts]:
        assert part in message, message


@pytest.mark.parametrize("kind, options", [
    ("nfs", {"hard": True, "soft": True}), ("nfs", {"vers": "4.2", "nfsvers": "4.1"}), ("nfs", {"v4.2": True, "vers": "3"}),
    ("nfs", {"vers": "4.1", "minorversion": 2}), ("nfs", {"ac": True, "noac": True}), ("nfs", {"tcp": True, "proto": "rdma"}),
    ("nfs", {"acregmin": 3, "actimeo": 5}), ("nfs", {"wsync": True, "async": True}), ("nfs", {"suid": True, "nosuid": "yes"}),
    ("nfs", {"noatime": True, "relatime": True}), ("nfs", {"fsc": "a", "nofsc": True}), ("local", {"auto": 1, "noauto": 1}),
    ("cifs", {"dir_mode": "0770", "dmask": "0700"}), ("cifs", {"hard": True, "nohard": True}),
    ("cifs", {"unix": True, "nounix": True}), ("cifs", {"ip": "10.0.0.1", "addr": "10.0.0.2"}),
    ("ocfs2", {"acl": True, "noacl": True}), ("glusterfs", {"exec": True, "noexec": True}),
    ("nfs", {"noac": True, "async": True}), ("nfs", {"noac": True, "actimeo": 3}), ("nfs", {"acdirmin": 30, "noac": True}),
    ("nfs", {"nolock": True, "local_lock": "none"}), ("nfs", {"lock": True, "local_lock": "all"}),
    ("nfs", {"rdirplus": "force", "nordirplus": True}),
    ("nfs", {"softreval": True, "nosoftreval": True}), ("nfs", {"posix": True, "noposix": True}),
])
def test_options_that_say_different_things_of_one_are_refused(kind, options):
    for names in (list(options), list(options)[::-1]):
        with pytest.raises(Refusal) as caught:
            validated([declared(kind, {name: options[name] for name in names})])
        assert "the options %s and %s exclude each other. Leave one of them out." % tuple(names) in str(caught.value)


@pytest.mark.parametrize("kind, options, name, why", [
    ("nfs", {"vers": "4.2", "noacl": True}, "noacl", "NFS 4 has others"),
    ("nfs", {"v4": True, "noacl": True}, "noacl", "NFS 4 has others"),
    ("nfs", {"minorversion": 1, "noacl": "yes"}, "noacl", "NFS 4 has others"),
    ("nfs", {"local_lock": "all", "nfsvers": "4.0"}, "local_lock", "no locks of this host alone"),
    ("nfs", {"local_lock": "posix", "vers": "4"}, "local_lock", "no locks of this host alone"),
    ("nfs", {"max_connect": 2, "vers": "4.0"}, "max_connect", "NFS 4.1 and later"),
    ("nfs", {"max_connect": 2, "v3": True}, "max_connect", "NFS 4.1 and later"),
    ("nfs", {"nconnect": 2, "vers": "3", "udp": True}, "nconnect", "UDP has no connections"),
])
def test_an_option_that_does_nothing_beside_the_others_is_refused(kind, options, name, why):
    with pytest.raises(Refusal) as caught:
        validated([declared(kind, options)])
    assert str(caught.value).startswith("1 problem")
    assert "option %s has no effect on this share: " % name in str(caught.value)
    assert why in str(caught.value) and str(caught.value).endswith("Leave it out.")


@pytest.mark.parametrize("kind, options", [
    ("nfs", {"hard": True, "soft": "no"}), ("nfs", {"vers": "4", "minorversion": 2}), ("nfs", {"tcp": True, "proto": "tcp"}),
    ("nfs", {"actimeo": 3, "acregmin": 3}), ("nfs", {"atime": True, "relatime": True}), ("nfs", {"noatime": 1, "nodiratime": 1}),
    ("cifs", {"actimeo": 1, "acregmax": 1}), ("ocfs2", {"acl": True, "user_xattr": True}),
    ("nfs", {"noac": True, "sync": True, "actimeo": 0}), ("nfs", {"nolock": True, "local_lock": "all", "vers": "3"}),
    ("nfs", {"rdirplus": "none", "nordirplus": True}), ("nfs", {"softerr": True, "nosoftreval": True}),
    ("nfs", {"hard": True, "softreval": True}), ("nfs", {"noacl": True, "vers": "3"}), ("nfs", {"noacl": True}),
    ("nfs", {"vers": "4.2", "noacl": False, "local_lock": "none"}), ("nfs", {"vers": "4.2", "nolock": True}),
    ("nfs", {"vers": "4.1", "max_connect": 4}), ("nfs", {"vers": "4", "max_connect": 4}), ("nfs", {"max_connect": 4}),
    ("nfs", {"vers": "3", "max_connect": 1, "nconnect": 4}),
])
def test_options_that_say_the_same_or_different_things_of_two_are_taken(kind, options):
    assert set(validated([declared(kind, options)])[0]["options"]) == set(options)


def test_a_secret_among_options_of_another_type_is_not_shown():
    for name in ("password", "pass", "password2", "username", "credentials"):
        message = refusal("nfs", name, "hunter2")
        assert "hunter2" not in message and "for type cifs" in message


SECRETS = ("password", "pass", "password2", "pass2", "passwd", "Password", "PASSWORD", "pwd", "PWD", "passphrase", "pass_word",
           "password3", "passwd_file", "username", "user", "USER", "UserName", "user_name", "cred", "CRED", "credentials",
           "credential", "creds", "domain", "DOM", "Workgroup")


@pytest.mark.parametrize("name", SECRETS)
def test_what_belongs_in_the_credentials_reaches_no_fstab(name):
    for kind in registry.NAMES:
        for value in ("hunter2", True, ["hunter2"], "a,hunter2"):
            if kind == "cifs" or name.lower() != "user":
                message = refusal(kind, name, value)
                assert f"option {name} " in message and "hunter2" not in message and "credentials" in message, message


@pytest.mark.parametrize("name", ["unc", "target", "path", "source", "prefixpath", "UNC", "Target", "PATH"])
def test_what_stands_for_the_source_is_written_there(name):
    assert "write server, share and directory in the source instead" in refusal("cifs", name, "//other/share")


@pytest.mark.parametrize("name, value", [("user_xattr", True), ("nouser_xattr", True), ("domainauto", True), ("nouser", True)])
def test_options_that_begin_like_credentials_are_taken(name, value):
    assert read("cifs", name, value) == value


def test_a_flag_that_says_no_does_not_reach_fstab():
    share, = validated([declared("nfs", {"noatime": "no", "nosuid": "yes", "nofail": "off", "x-systemd.automount": "no"})])
    assert registry.of(share).entry(share).options == ["rw", "nosuid", "_netdev"]


def test_a_guest_in_quotes_needs_no_credentials():
    share = {"path": "/srv/c", "type": "cifs", "source": "//nas2/media", "options": {"guest": "yes"}}
    assert validated([share])[0]["options"] == {"guest": True}


def test_options_of_a_type_that_is_not_known_are_no_second_problem():
    with pytest.raises(Refusal) as caught:
        validated([{"path": "/srv/c", "type": "smbfs", "source": "x", "options": {"guest": True, "noatime": "x"}}])
    assert str(caught.value).startswith("2 problems")


@pytest.mark.parametrize("text, seconds", [
    ("600", 600), ("10min", 600), ("1h 30s", 3630), ("2.5s", 3), ("100ms", 1), ("0", 0), ("infinity", 0), ("1M", 2629800),
    ("never", None), ("9" * 400, None), ("500000y", 15778800000000), ("", None), ("10 x", None), ("-1", None), ("5 minutes", 300),
])
def test_time_spans_as_systemd_reads_them(text, seconds):
    assert values.seconds_of(text) == seconds
