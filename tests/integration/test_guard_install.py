# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""share_guard and share_guard_info on one host whose systemd is a script that keeps count, in a mount namespace."""

import pytest

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

BEGIN = r"""
# A host of its own: its unit files, its configuration, its programs, and a systemctl that notes what it is told.
for directory in ("/etc/systemd/system", "/usr/local/sbin", "/run/virtshare", "/run/systemd"):
    sh("mkdir -p %s && mount -t tmpfs none %s -o mode=0755" % (directory, directory))
os.makedirs("/run/systemd/system")
sh("mkdir -p /etc/virtshare && mount -t tmpfs none /etc/virtshare -o mode=0755")
METRICS = "/srv/metrics"
os.mkdir(METRICS)
with open("/srv/systemctl", "w") as script:
    script.write('''#!/bin/sh
echo "$*" >> /srv/told
link=/etc/systemd/system/timers.target.wants/virtshare-guard.timer
case "$1" in
    enable) mkdir -p "${link%/*}"; ln -sf ../virtshare-guard.timer "$link" ;;
    disable) rm -f "$link" ;;
    restart|start) [ "$2" = virtshare-guard.timer ] && touch /srv/active; true ;;
    stop) rm -f /srv/active ;;
    is-active) if [ -e /srv/active ]; then echo active; else echo inactive; exit 3; fi ;;
esac
''')
os.chmod("/srv/systemctl", 0o755)
sh("mount --bind /srv/systemctl /usr/bin/systemctl")
SHARE = {"path": "/srv/shares/a", "type": "local", "source": "/srv/data", "access": {"writers": ["oneadmin"]}}
FILES = ["/usr/local/sbin/virtshare-guard", "/etc/virtshare/guard.json", "/etc/systemd/system/virtshare-guard.service",
         "/etc/systemd/system/virtshare-guard.timer"]

def share_guard(check=False, **parameters):
    return run_module("share_guard", dict({"host": "hv1", "shares": [SHARE], "metrics_directory": METRICS}, **parameters), check)

def info():
    return run_module("share_guard_info", {"host": "hv1"})

def told():
    # What it was asked for is no matter.
    if not os.path.exists("/srv/told"):
        return []
    lines = [line for line in open("/srv/told").read().splitlines() if not line.startswith("is-active")]
    os.unlink("/srv/told")
    return lines

def state():
    return sh("find /etc/systemd /etc/virtshare /usr/local/sbin /run/virtshare %s -printf '%%p %%m %%s %%T@ %%l\\n' | sort" % METRICS)

def did(outcome):
    return [(each["operation"], each["target"]) for each in outcome.get("operations", [])]
"""


def on_a_host(tmp_path, script, **more):
    return run_as_root(tmp_path, BEGIN + script, seconds=120, **more)


def test_it_is_predicted_installed_once_runs_and_leaves_nothing(tmp_path):
    result = on_a_host(tmp_path, """
empty = state()
nothing = info()
predicted = share_guard(check=True)
untouched = state() == empty and told() == []
first, calls = share_guard(), told()
modes = [oct(os.stat(name).st_mode) for name in FILES]
second, again = share_guard(), told()
os.makedirs("/srv/data"), os.makedirs("/srv/shares/a")
sh("mount --bind /srv/data /srv/shares/a && /usr/local/sbin/virtshare-guard run")
found = info()
written = sorted(os.listdir("/run/virtshare")) + os.listdir(METRICS)
foreseen = share_guard(check=True, state="absent")
told()
kept = share_guard()["changed"]
removed, gone = share_guard(state="absent"), told()
none_left = share_guard(state="absent")
left = [name for name in ("/usr/local/sbin", "/etc/systemd/system/timers.target.wants", "/run/virtshare", METRICS)
        for name in os.listdir(name)] + [name for name in FILES if os.path.exists(name)]
result = dict(nothing=nothing, predicted=predicted, first=first, untouched=untouched, calls=calls, modes=modes, second=second,
              again=again, found=found, foreseen=foreseen, removed=removed, gone=gone, none_left=none_left, left=left,
              kept=kept, written=written, last=info())
""")
    nothing, first = result["nothing"], result["first"]
    assert (nothing["installed"], nothing["fresh"], nothing["state"], nothing["words"]) == (
        False, False, "unknown", "hv1: the guard is not installed")
    assert result["untouched"]
    for key in ("changed", "operations", "diff", "version", "digest", "warnings"):
        assert result["predicted"][key] == first[key]
    assert [each["operation"] for each in first["operations"]] == ["write"] * 4 + ["reload", "start"]
    assert result["calls"] == ["daemon-reload", "enable virtshare-guard.timer", "restart virtshare-guard.timer"]
    assert result["modes"] == ["0o100755", "0o100644", "0o100644", "0o100644"]
    assert (result["second"]["changed"], result["second"]["operations"], result["again"]) == (False, [], [])
    found = result["found"]
    assert (found["installed"], found["current"], found["digest"], found["timer"], found["fresh"]) == (
        True, True, first["digest"], "active", True)
    share, = found["shares"]
    assert (share["path"], share["state"], found["state"]) == ("/srv/shares/a", "degraded", "degraded")
    assert "was never proven" in share["why"] and "cannot be written by oneadmin" in found["words"]
    assert result["written"] == ["guard.attributes", "guard.json", "guard.lock", "virtshare_guard.prom"]
    for key in ("changed", "operations", "diff"):
        assert result["foreseen"][key] == result["removed"][key]
    assert not result["kept"]
    assert result["gone"] == ["disable virtshare-guard.timer", "stop virtshare-guard.timer virtshare-guard.service",
                              "reset-failed virtshare-guard.timer virtshare-guard.service", "daemon-reload"]
    assert result["left"] == [] and result["last"]["installed"] is False
    assert not result["none_left"]["changed"]


def test_what_differs_is_put_right_and_nothing_else(tmp_path):
    result = on_a_host(tmp_path, """
share_guard()
told()
def harmed(harm):
    harm()
    predicted = share_guard(check=True)
    outcome, calls = share_guard(), told()
    return [did(predicted) == did(outcome), did(outcome), calls, share_guard()["changed"]]
def older():
    data = open(FILES[0], "rb").read()
    open(FILES[0], "wb").write(data.replace(b"virtshare-guard 1", b"virtshare-guard 0"))
def append(name):
    open(name, "a").write("# by hand\\n")
result = [
    harmed(older),
    harmed(lambda: append(FILES[1])),
    harmed(lambda: append(FILES[2])),
    harmed(lambda: append(FILES[3])),
    harmed(lambda: os.chmod(FILES[0], 0o700)),
    harmed(lambda: os.unlink("/srv/active")),
    harmed(lambda: os.unlink("/etc/systemd/system/timers.target.wants/virtshare-guard.timer")),
]
older()
diff = share_guard(check=True)["diff"]
result = [result, diff["before"][FILES[0]], diff["after"][FILES[0]], info()["current"]]
""")
    rows, before, after, current = result
    program, config, service, timer = "/usr/local/sbin/virtshare-guard", "/etc/virtshare/guard.json", *(
        "/etc/systemd/system/virtshare-guard." + kind for kind in ("service", "timer"))
    look, start = ("look", "virtshare-guard.service"), ("start", "virtshare-guard.timer")
    now = "start --no-block virtshare-guard.service"
    enable, restart = "enable virtshare-guard.timer", "restart virtshare-guard.timer"
    assert [row[1:3] for row in rows] == [
        [[["write", program], [*look]], [now]],
        [[["write", config], [*look]], [now]],
        [[["write", service], ["reload", "systemd"], [*look]], ["daemon-reload", now]],
        [[["write", timer], ["reload", "systemd"], [*start]], ["daemon-reload", enable, restart]],
        [[["write", program], [*look]], [now]],
        [[[*start]], [enable, restart]],
        [[[*start]], [enable, "start virtshare-guard.timer"]],
    ]
    assert all(row[0] and not row[3] for row in rows)
    assert before["version"].startswith("0") and after["version"].startswith("1")
    assert current is False


def test_an_older_guard_is_brought_up_to_date_in_one_run_and_what_it_wrote_elsewhere_goes(tmp_path):
    predicted, done, calls, second, (before, after), left, found, none = on_a_host(tmp_path, """
share_guard()
told()
os.makedirs("/srv/data"), os.makedirs("/srv/shares/a"), os.makedirs("/srv/elsewhere")
sh("mount --bind /srv/data /srv/shares/a && %s run" % FILES[0])
# As a version before this one may have left it: other code, fewer settings, other units, a document that nobody knows any more.
data = open(FILES[0], "rb").read()
open(FILES[0], "wb").write(data.replace(b"virtshare-guard 1", b"virtshare-guard 0"))
old = json.load(open(FILES[1]))
del old["limits"], old["virtiofsd"]
json.dump(old, open(FILES[1], "w"))
for name in FILES[2:]:
    open(name, "a").write("# of another version\\n")
document = json.load(open("/run/virtshare/guard.json"))
json.dump(dict(document, schema=0, shares=[]), open("/run/virtshare/guard.json", "w"))
predicted = share_guard(check=True, metrics_directory="/srv/elsewhere")
before = os.listdir(METRICS)
done, calls = share_guard(metrics_directory="/srv/elsewhere"), told()
second = share_guard(metrics_directory="/srv/elsewhere")
sh("%s run" % FILES[0])
left = [os.listdir(METRICS), os.listdir("/srv/elsewhere")]
found = info()
none = [did(share_guard(metrics_directory="")), os.listdir("/srv/elsewhere"), share_guard(metrics_directory="")["changed"]]
result = [predicted, done, calls, second, [before, os.listdir(METRICS)], left, found, none]
""")
    assert did_alike(predicted, done) and not second["changed"]
    assert [each["operation"] for each in done["operations"]] == ["write"] * 4 + ["reload", "start", "remove"]
    assert calls == ["daemon-reload", "enable virtshare-guard.timer", "restart virtshare-guard.timer"]
    assert before == ["virtshare_guard.prom"] and after == [] and left == [[], ["virtshare_guard.prom"]]
    assert found["current"] and found["fresh"] and [share["state"] for share in found["shares"]] == ["degraded"]
    assert none == [[["write", "/etc/virtshare/guard.json"], ["look", "virtshare-guard.service"],
                     ["remove", "/srv/elsewhere/virtshare_guard.prom"]], [], False]


def did_alike(predicted, done):
    return all(predicted[key] == done[key] for key in ("changed", "operations", "diff"))


def test_a_host_without_systemd_is_refused_by_name_and_can_be_cleaned(tmp_path):
    refused, untouched, removed = on_a_host(tmp_path, """
os.rmdir("/run/systemd/system")
before = state()
refused = share_guard()
untouched = state() == before
open(FILES[0], "w").close()
removed = share_guard(state="absent")
result = [refused, untouched, [did(removed), removed.get("failed"), os.path.exists(FILES[0])]]
""")
    assert refused["failed"] and refused["msg"].startswith("hv1: systemd is not the init of this host") and "cron" in refused["msg"]
    assert untouched
    assert removed == [[["remove", "/usr/local/sbin/virtshare-guard"]], None, False]


def test_values_that_make_no_sense_change_nothing_and_a_missing_directory_is_named(tmp_path):
    refused, doubled, untouched, warned = on_a_host(tmp_path, """
before = state()
refused = share_guard(interval=1, timeout=40.0)["msg"]
doubled = share_guard(shares=[SHARE, dict(SHARE, path="/srv/other/a")])["msg"]
untouched = state() == before
warned = share_guard(check=True, metrics_directory="/srv/none")["warnings"]
result = [refused, doubled, untouched, warned]
""")
    assert "interval 1 is not possible" in refused and "timeout 40 is not possible" in refused
    assert "/srv/other/a" in doubled and "share_guard_names" in doubled
    assert untouched
    assert warned == ["hv1: there is no directory /srv/none, so that nothing is written for Prometheus. Install its node_exporter, "
                      "or write metrics_directory: \"\"."]
