# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module guest_proof with a libvirt that is played: its refusals, its judgement, and that it cleans up when killed.

The real thing is tests/scenarios/test_guest_proof.py.
"""

import json
import signal

import pytest

from tests.support.privileged import finish, run_as_root, start_as_root

SHARE = "/srv/share"

# A virsh that remembers its one guest by a file, and writes to the console what GUEST says.
VIRSH = r"""#!/bin/sh
while [ "${1#--}" != "$1" ]; do [ "$1" = --connect ] && shift; shift; done
echo "$*" >> STATE/calls
case $1 in
    version) echo "QEMU 10.0" ;;
    create)
        [ -e STATE/refuse ] && { cat STATE/refuse >&2; exit 1; }
        directory=$(dirname "$2")
        touch STATE/running
        cat STATE/console > "$directory/console" ;;
    domstate) [ -e STATE/running ] || exit 1; echo running ;;
    destroy) rm -f STATE/running ;;
esac
"""

PREPARE = """
import functools
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import daemon
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import daemon_host, life, run
state = "/srv/state"
for name in ("share", "state", "libvirt", "logs"):
    os.makedirs("/srv/" + name)
sh("mount -t tmpfs none %(share)s -o mode=2777,uid=9869,gid=995")
life.STATE, life.LOGS, life.VIRSH = "/srv/libvirt", "/srv/logs", "/srv/virsh"
run.PLATFORM_WRAPPER = "/srv/no-such-wrapper"
def program(path, text):
    with open(path, "w") as target:
        target.write(text)
    os.chmod(path, 0o755)
program("/srv/virsh", %(virsh)r.replace("STATE", state))
program("/srv/virtiofsd", "#!/bin/sh\\necho virtiofsd 1.13.2\\n")
daemon.info = functools.partial(daemon.info, paths=("/srv/virtiofsd",), libvirt_paths=(), qemu_paths=())
given_away = {"subuid": "oneadmin:100000:65536", "subgid": "oneadmin:100000:65536"}
daemon_host._text = lambda path: given_away[os.path.basename(path)]
with open("/srv/busybox", "wb") as target:
    target.write(b"\\x7fELF\\x02" + bytes(59))
with open("/srv/kernel", "wb") as target:
    target.write(b"kernel")
def says(*lines):
    with open(state + "/console", "w") as target:
        target.write("".join("virtshare-proof: %%s\\r\\n" %% line for line in lines))
directory = None
def prove(**more):
    place = dict(path=directory, share_path=%(share)r) if directory else dict(path=%(share)r)
    shares = [dict(place, mount_tag="t", read="nonce", content="right", written_by="hv2", write="answer")]
    return run_module("guest_proof", dict(dict(
        shares=shares, host="hv1", kernel="/srv/kernel", busybox="/srv/busybox", accelerator="tcg", timeout=20,
    ), **more))
def left():
    running = [name for name in os.listdir(state) if name == "running"]
    return sorted(os.listdir("/srv/libvirt") + os.listdir("/srv/logs") + running)
GOOD = ("2.1 alive", "2.2 0 mount", "2.3 0 mounted", "2.4 0 read right", "2.5 0 wrote", "2.6 done")
""" % {"share": SHARE, "virsh": VIRSH}


def play(directory, script):
    return run_as_root(directory, PREPARE + script)


def test_a_good_guest(tmp_path):
    made, calls, rest = play(tmp_path, """
says(*GOOD)
made = prove()
result = [made, open(state + "/calls").read().split("\\n"), left()]
""")
    assert not made.get("failed"), made["msg"]
    assert made["daemon"]["user"] == "oneadmin" and made["daemon"]["idmap"] == "0:100000:65536"
    (share,) = made["shares"]
    assert share["read"] and share["wrote"] and share["mount_seconds"] == 0.1 and share["answer"].startswith("virtshare-nonce:")
    assert [line.split()[0] for line in calls if line] == ["version", "create", "destroy"]
    assert rest == []


def test_a_directory_inside_a_share_is_what_the_guest_gets(tmp_path):
    made, domain = play(tmp_path, """
os.mkdir("/srv/share/web")
os.chmod("/srv/share/web", 0o777)
os.chmod("/srv/share", 0o2771)
directory = "/srv/share/web"
says(*GOOD)
program("/srv/virsh", open("/srv/virsh").read().replace('touch ', 'cp "$2" %s/domain; touch ' % state))
result = [prove(), open(state + "/domain").read()]
""")
    assert not made.get("failed"), made["msg"]
    assert "<source dir=\"/srv/share/web\"/>" in domain and made["shares"][0]["share_path"] == "/srv/share"


@pytest.mark.parametrize("lines, words", [
    (("2.1 alive", "2.2 0 mount", "2.3 0 mounted", "2.4 0 read wrong", "2.5 0 wrote", "2.6 done"),
     "hv1: the guest read 'wrong' at /srv/share, but hv2 wrote 'right' there: they do not have the same filesystem"),
    (("2.1 alive", "2.2 0 mount", "2.3 0 mounted", "2.4 0 failed read cat: Permission denied", "2.6 done"),
     "hv1: /srv/share denies the guest: it belongs to 9869:995 with mode 2777; virtiofsd runs as oneadmin"),
    (("2.1 alive", "2.2 0 mount", "2.6 done"), "hv1: the guest did not mount /srv/share by the tag t in time"),
])
def test_what_the_guest_says_is_judged(tmp_path, lines, words):
    made, rest = play(tmp_path, f"says(*{lines!r})\nresult = [prove(), left()]\n")
    assert made["failed"] and made["msg"].startswith(words), made["msg"]
    assert rest == []


def test_a_guest_that_says_nothing_is_ended_in_time(tmp_path):
    made, rest, took = play(tmp_path, """
import time
says()
with open(state + "/console", "w") as target:
    target.write("Kernel panic - not syncing: no such thing\\n")
started = time.monotonic()
made = prove(timeout=4)
result = [made, left(), time.monotonic() - started]
""")
    assert made["failed"]
    assert "hv1: the guest gave no sign of life within" in made["msg"] and "Kernel panic" in made["msg"]
    assert rest == [] and took < 15


def test_what_libvirt_refuses_is_explained(tmp_path):
    made, rest = play(tmp_path, """
with open(state + "/refuse", "w") as target:
    target.write("error: cannot execute binary /srv/x: No such file or directory")
result = [prove(), left()]
""")
    assert made["msg"].startswith("hv1: there is no virtiofsd where libvirt was told to find it, /srv/x")
    assert rest == []


@pytest.mark.parametrize("change, words", [
    ("os.unlink('/srv/virtiofsd')", "hv1: there is no virtiofsd here: none of /srv/virtiofsd is an executable file"),
    ("os.unlink('/srv/kernel')", "hv1: the kernel for the guest cannot be read: /srv/kernel"),
    ("os.unlink('/srv/busybox')", "hv1: the guest's only program cannot be read: /srv/busybox"),
    ("program('/srv/busybox', 'no ELF')", "hv1: /srv/busybox is not a program (ELF)"),
    ("os.unlink('/srv/virsh')", "hv1: there is no virsh here: install libvirt-clients"),
    ("program('/srv/virsh', '#!/bin/sh\\necho no socket; exit 1')",
     "hv1: libvirt (qemu:///system) does not answer: no socket"),
    ("sh('umount /srv/share')", "hv1: /srv/share is not mounted: a plain directory of"),
    ("more = dict(daemon_user='nobody-here')", "hv1: daemon_user nobody-here does not exist on this host"),
    ("more = dict(daemon='/srv/gone')", "hv1: the daemon /srv/gone is not a program that can be run"),
    ("os.chmod('/srv/share', 0o2770)",
     "hv1: /srv/share denies the guest: it belongs to 9869:995 with mode 2770; virtiofsd runs as oneadmin, and what the "
     "guest's root does is done as uid 100000"),
    ("more = dict(idmap='0:300000:65536')", "hv1: oneadmin may not map uids 300000 to 365535"),
    ("more = dict(gid_idmap='0:300000:65536')", "hv1: oneadmin may not map gids 300000 to 365535"),
    ("given_away['subgid'] = 'oneadmin:100000:1000'", "hv1: oneadmin may not map gids 100000 to 165535"),
    ("directory = '/srv/share/gone'", "hv1: /srv/share/gone is missing in the share /srv/share"),
    ("os.mkdir('/srv/share/web', 0o700); directory = '/srv/share/web'",
     "hv1: /srv/share/web denies the guest: it belongs to 0:995 with mode 2700"),
])
def test_what_is_missing_is_named_before_a_guest_is_started(tmp_path, change, words):
    made, calls, rest = play(tmp_path, f"""
more = {{}}
{change}
made = prove(**more)
calls = open(state + "/calls").read() if os.path.exists(state + "/calls") else ""
result = [made, calls, left()]
""")
    assert made["failed"] and made["msg"].startswith(words), made["msg"]
    assert "create" not in calls
    assert rest == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_killed_module_leaves_no_guest(tmp_path, number):
    """The module waits for a guest that does not end; what sees that nothing is left outlives it."""
    process = start_as_root(tmp_path, PREPARE + """
import time
says("2.1 alive")
victim = os.fork()
if victim == 0:
    prove(timeout=60)
    os._exit(0)
deadline = time.monotonic() + 20
while not os.path.exists(state + "/running") and time.monotonic() < deadline:
    time.sleep(0.05)
before = left()
os.kill(victim, %d)
os.waitpid(victim, 0)
while left() and time.monotonic() < deadline + 20:
    time.sleep(0.1)
result = [before, left()]
""" % number)
    before, after = json.loads(finish(process))
    assert len(before) == 3 and before[0].startswith("running"), "the guest, its files and its wrapper were there"
    assert after == []


def test_what_a_power_cut_left_is_removed_by_the_next_run(tmp_path):
    rest = play(tmp_path, """
says(*GOOD)
names = ["virtshare-proof.deadbeef.1.aa", "virtshare-proof.%s.%d.bb" % (life._boot_tag(), os.getpid())]
for name in names:
    os.mkdir("/srv/libvirt/" + name)
    program("/srv/libvirt/virtd-" + name, "")
made = prove()
assert not made.get("failed"), made
result = left()
""")
    assert len(rest) == 2 and all(name.split(".")[3] == "bb" for name in rest), "another run's, which is at work, stays"


def test_check_mode_boots_nothing(tmp_path):
    made, calls = play(tmp_path, """
shares = [dict(path="/srv/share", mount_tag="t", read="n", content="x", written_by="y")]
made = run_module("guest_proof", dict(shares=shares), True)
result = [made, os.path.exists(state + "/calls")]
""")
    assert not made.get("failed") and not made["changed"] and not calls


def test_hosts_write_their_nonces_into_a_directory_inside_a_share(tmp_path):
    written, inside, at_the_root, tidied, missing = play(tmp_path, """
os.mkdir("/srv/share/web")
def proof(phase, directory):
    return run_module("share_proof", dict(phase=phase, run_id="abcdefgh", host="hv1", hosts=["hv1"],
                                          shares=[dict(path="/srv/share", type="local")], directories=[directory]))
written = proof("write", "/srv/share/web")
inside, at_the_root = os.listdir("/srv/share/web"), os.listdir("/srv/share")
tidied = proof("tidy", "/srv/share/web")
missing = proof("write", "/srv/share/gone")
result = [written, inside, at_the_root, os.listdir("/srv/share/web"), missing]
""")
    assert written["shares"][1]["problem"] is None and written["shares"][1]["path"] == "/srv/share/web"
    assert len(inside) == 1 and inside[0].startswith(".virtshare-proof-") and len(at_the_root) == 2
    assert tidied == [] and "No such file" in missing["shares"][1]["problem"]
