# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenNebula's probe: installed on a front end whose onehost keeps count, and run as an agent runs it."""

import os
import re
import subprocess
import time

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import probe

from tests.support.privileged import run_as_root

# As onemonitord reads a line; one that is not so spoils the attributes of all probes.
LINE = re.compile(r'[A-Z_][A-Z0-9_]*="[^"\x00-\x1f]*"')


@pytest.fixture
def ask(tmp_path):
    """What the probe prints, with the guard's file here."""
    kept = tmp_path / "guard.attributes"
    script = tmp_path / "probe.sh"
    script.write_text(probe.script(["VIRTSHARE_B", "VIRTSHARE_A"]).replace("/run/virtshare/guard.attributes", str(kept)))

    def run(content=None, age=0, mode=0o644):
        if content is not None:
            kept.write_bytes(content)
            kept.chmod(mode)
            os.utime(kept, (time.time() - age,) * 2)
        done = subprocess.run(["sh", script, "kvm", "1", "hv1"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                              check=False)
        assert done.returncode == 0
        assert all(LINE.fullmatch(line) for line in done.stdout.decode().splitlines())
        assert not done.stdout or done.stdout.endswith(b"\n")
        return done.stdout.decode().splitlines()
    return run


UNKNOWN = ['VIRTSHARE_A="unknown"', 'VIRTSHARE_B="unknown"']
NEWS = b"# news for 90 s\n"
FRESH = b'VIRTSHARE_CHECKED="1700000000"\nVIRTSHARE_A="ok"\nVIRTSHARE_A_FREE_MB="5"\n'


def test_it_prints_what_the_guard_wrote(ask):
    assert ask(NEWS + FRESH) == FRESH.decode().splitlines()


@pytest.mark.parametrize("content, age", [
    (None, 0), (NEWS + FRESH, 95), (NEWS + FRESH, 10000000), (NEWS + FRESH, -120), (FRESH, 0), (b"# news for x s\n" + FRESH, 0)])
def test_without_news_all_is_unknown(ask, content, age):
    assert ask(content, age) == UNKNOWN


@pytest.mark.parametrize("garbage", [
    b"a bare line\n", b'VIRTSHARE_A="unclosed\n', b'VIRTSHARE-A="ok"\n', b"\xff\xfe\x00\n", b'HOSTNAME="hv9"\n',
    b'VIRTSHARE_A="a\x01b"\n', b'VIRTSHARE_A="ok"; reboot\n', b'VIRTSHARE_A="$(id)"\n', b'VIRTSHARE_A="ok"\r\n',
])
def test_no_line_that_opennebula_cannot_read_gets_through(ask, garbage):
    assert ask(NEWS + garbage + FRESH) == FRESH.decode().splitlines()


def test_each_name_is_printed_once_and_never_much(ask):
    assert ask(NEWS + FRESH + b'VIRTSHARE_A="lost"\n') == FRESH.decode().splitlines()
    many = ask(NEWS + b"".join(b'VIRTSHARE_A%d="ok"\n' % number for number in range(100000)))
    assert len("\n".join(many)) <= 32768


BEGIN = r"""
REMOTES = "/srv/remotes"
for driver in ("kvm", "lxc"):
    os.makedirs(REMOTES + "/im/%s-probes.d/host/system" % driver)
os.chown(REMOTES + "/im/kvm-probes.d/host/system", 9869, 9869)
with open("/srv/onehost", "w") as script:
    script.write('#!/bin/sh\necho "$(id -un) $*" >> /srv/told\nexit $(cat /srv/code 2>/dev/null || echo 0)\n')
os.chmod("/srv/onehost", 0o755), os.chmod("/srv", 0o777)
FILES = [REMOTES + "/im/%s-probes.d/host/system/virtshare_guard.sh" % driver for driver in ("kvm", "lxc")]
# runuser of the machine, as a user without a login shell has none.
with open("/srv/runuser", "w") as script:
    script.write('#!/bin/sh\n[ "$*" = "-l oneadmin -c onehost sync --force" ] && exec setpriv --reuid 9869 --regid 9869 --clear-groups '
                 '/srv/onehost sync --force\n')
os.chmod("/srv/runuser", 0o755)
where = sh("command -v runuser").strip()
sh("mount --bind /srv/runuser " + where)

def install(check=False, **parameters):
    return run_module("opennebula_guard_probe", dict({"attributes": ["VIRTSHARE_A"], "remotes": REMOTES}, **parameters), check)

def told():
    text = open("/srv/told").read() if os.path.exists("/srv/told") else ""
    if text:
        os.unlink("/srv/told")
    return text

def did(outcome):
    return [each["operation"] for each in outcome.get("operations", [])]
"""


def on_a_front_end(tmp_path, script):
    return run_as_root(tmp_path, BEGIN + script)


def test_it_is_predicted_installed_once_copied_and_removed(tmp_path):
    result = on_a_front_end(tmp_path, """
predicted = install(check=True)
untouched = [os.path.exists(name) for name in FILES] + [told()]
first, copied = install(), told()
owners = [[os.stat(name).st_uid, oct(os.stat(name).st_mode)] for name in FILES]
second, again = install(), told()
more = install(attributes=["VIRTSHARE_A", "VIRTSHARE_B"])
os.chmod(FILES[1], 0o644)
mode = install(attributes=["VIRTSHARE_A", "VIRTSHARE_B"])
told()
foreseen = install(check=True, state="absent", attributes=[])
removed, gone = install(state="absent", attributes=[]), told()
none_left = install(state="absent", attributes=[])
left = [os.path.exists(name) for name in FILES]
# The runuser of this test knows no other.
other = install(user="libvirt-qemu")
result = dict(other=other["msg"], predicted=predicted, untouched=untouched, first=first, copied=copied, owners=owners, second=second, again=again,
              more=did(more), mode=did(mode), foreseen=foreseen, removed=removed, gone=gone, none_left=none_left["changed"],
              left=left)
""")
    for key in ("changed", "operations", "diff"):
        assert result["predicted"][key] == result["first"][key]
        assert result["foreseen"][key] == result["removed"][key]
    assert result["untouched"] == [False, False, ""]
    assert [each["operation"] for each in result["first"]["operations"]] == ["write", "write", "sync"]
    assert result["copied"] == result["gone"] == "oneadmin sync --force\n"
    assert result["owners"] == [[9869, "0o100755"], [0, "0o100755"]]
    assert (result["second"]["changed"], result["again"]) == (False, "")
    assert "as libvirt-qemu, ended with 1" in result["other"]
    assert result["more"] == ["write", "write", "sync"] and result["mode"] == ["write", "sync"]
    assert not result["none_left"] and result["left"] == [False, False]


def test_what_cannot_be_is_refused(tmp_path):
    nowhere, nameless, odd, late = on_a_front_end(tmp_path, """
nowhere = install(remotes="/srv/none")["msg"]
nameless = install(attributes=[])["msg"]
odd = install(attributes=["VIRTSHARE_a b"])["msg"]
open("/srv/onehost", "w").write("#!/bin/sh\\nsleep 60\\n")
late = install(timeout=0.5)["msg"]
result = [nowhere, nameless, odd, late]
""")
    assert "no folder of OpenNebula's probes below /srv/none/im" in nowhere
    assert "attributes is empty" in nameless and "VIRTSHARE_a b" in odd
    assert late == "the front end: no answer within 0.5 s"


def test_a_copy_that_failed_is_named_and_repeated_until_it_is_done(tmp_path):
    """So is one that a killed run has not begun."""
    installed, removed, killed = on_a_front_end(tmp_path, """
def code(number):
    open("/srv/code", "w").write(str(number))

def listed():
    return sorted(os.listdir("/srv")), sum((os.listdir(os.path.dirname(name)) for name in FILES), [])

def repeated(**parameters):
    clean = listed()[0]
    code(3)
    failed, calls = install(**parameters), told()
    code(3)
    still = install(**parameters)
    told()
    silent = install(sync=False, **parameters)
    note = [name for name in listed()[0] if name not in clean + ["code", "told"]]
    os.unlink("/srv/code")
    predicted, untouched = install(check=True, **parameters), told()
    done, copied = install(**parameters), told()
    after = listed()[0] == clean
    again, nothing = install(**parameters), told()
    return dict(failed=failed, calls=calls, still=still, silent=silent, predicted=predicted, untouched=untouched, done=done,
                copied=copied, after=after, note=note, again=again, nothing=nothing)

installed = repeated()
removed = repeated(state="absent", attributes=[])
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import probe
write, left = probe._carry_out, []
def ends(operation, params):
    left.append(operation)
    if len(left) == 2:
        raise KeyboardInterrupt
    write(operation, params)
probe._carry_out = ends
try:
    install()
except BaseException as error:
    ended = type(error).__name__
probe._carry_out = write
killed = [ended, did(install()), did(install())]
result = [installed, removed, killed]
""")
    for run, verb in ((installed, "write"), (removed, "remove")):
        for key, operations in (("failed", [verb, verb]), ("still", [])):
            assert [each["operation"] for each in run[key]["operations"]] == operations
            assert run[key]["changed"] is bool(operations)
            assert "onehost sync --force, as oneadmin, ended with 3" in run[key]["msg"] and "run the task again" in run[key]["msg"]
        assert run["calls"] == run["copied"] == "oneadmin sync --force\n" and run["untouched"] == run["nothing"] == ""
        # Without sync nothing is copied, and nothing forgotten.
        assert not run["silent"]["changed"] and run["note"] == ["remotes.virtshare_guard_uncopied"]
        assert [each["operation"] for each in run["predicted"]["operations"]] == ["sync"]
        for key in ("operations", "diff", "changed"):
            assert run["predicted"][key] == run["done"][key]
        assert run["done"]["diff"] == {"before": {"onehost": {"copied to all hosts": "no"}}, "after": {"onehost": {"copied to all hosts": "yes"}}}
        assert run["after"] and not run["again"]["changed"]
    assert killed == ["KeyboardInterrupt", ["write", "sync"], []]
