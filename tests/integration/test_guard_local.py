# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's program with real mounts of one host, in a mount namespace that ends with each test."""

import functools

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._guard import build

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

BEGIN = r"""
import signal, socket, time
from ansible_collections.virtshare.storage.plugins.module_utils._guard import config
from ansible_collections.virtshare.storage.plugins.module_utils._share import declaration, marker
sh("mkdir -p /run/virtshare && mount -t tmpfs none /run/virtshare -o mode=0755")
CONFIG, STATE = "/srv/guard.json", "/run/virtshare/guard.json"
A, METRICS = "/srv/shares/a", "/srv/metrics"
for directory in ("/srv/data", A, METRICS):
    os.makedirs(directory)
sh("mount -t tmpfs none /srv/data -o size=8m,mode=0755")
os.makedirs("/srv/data/a")
os.chmod("/srv/data/a", 0o777)
OPTIONS = dict(interval=60, timeout=30.0, write_interval=600, names={}, metrics_directory=METRICS, virtiofsd=False,
               free_percent=5.0, slow_seconds=0.0, proof_days=7.0, bad_runs=1, good_runs=1)

def share(path=A, source="/srv/data/a", **changes):
    return dict({"path": path, "type": "local", "source": source, "access": {"writers": ["oneadmin"]}}, **changes)

def install(shares, **options):
    normal = declaration.checked(shares, credentials=False)[0]
    with open(CONFIG, "w") as target:
        target.write(config.text(config.made(normal, "hv1", dict(OPTIONS, **options))))

def proven(path=A, source="/srv/data/a"):
    made = marker.made("seed" + path, path, "2026-11-28")
    with open(path + "/" + marker.NAME, "w") as target:
        target.write(marker.text_of(made))
    os.chmod(path + "/" + marker.NAME, 0o644)
    marker.remember(path, source, made)

def run(path=A):
    ended = subprocess.run([GUARD, "--config", CONFIG, "run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert ended.returncode == 0, ended.stdout
    document = json.load(open(STATE))
    found, = [each for each in document["shares"] if each["path"] == path]
    return dict(found, printed=ended.stdout)

def check():
    ended = subprocess.run([GUARD, "check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [ended.returncode, ended.stdout]

def said(found):
    return [found["state"], found["why"]]

sh("mount --bind /srv/data/a " + A)
proven()
"""


@functools.cache
def program():
    return build.program("/usr/bin/python3")[0]


def on_a_host(tmp_path, script, **more):
    built = tmp_path / "virtshare-guard"
    built.write_bytes(program())
    built.chmod(0o755)
    return run_as_root(tmp_path, f"GUARD = {str(built)!r}\n" + BEGIN + script, **more)


HERE = "hv1: /srv/shares/a (/srv/data/a) "


def test_a_share_that_is_well_is_ok_everywhere(tmp_path):
    found, checked, document, attributes, metrics, modes, listing = on_a_host(tmp_path, """
install([share()])
before = time.time()
found = run()
result = [found, check(), json.load(open(STATE)), open("/run/virtshare/guard.attributes").read(),
          open(METRICS + "/virtshare_guard.prom").read(),
          [oct(os.stat(name).st_mode) for name in (STATE, "/run/virtshare/guard.attributes", METRICS + "/virtshare_guard.prom")],
          os.listdir(A)]
""")
    assert (found["state"], found["why"], found["seen"], found["pending"], found["printed"]) == ("ok", "", "ok", None, "")
    assert found["writes"] == {"oneadmin": None} and found["last_write"] == document["time"]
    assert found["space"]["bytes"] == 8 * 1024 * 1024
    assert document["state"] == "ok" and document["gone"] == [] and document["host"] == "hv1"
    assert checked[0] == 0 and checked[1].startswith("VIRTSHARE OK - 1 of 1 shares is ok | '/srv/shares/a'=")
    assert 'VIRTSHARE_A="ok"\n' in attributes and 'VIRTSHARE_A_SIZE_MB="8"\n' in attributes
    assert 'virtshare_share_state{path="/srv/shares/a",type="local",state="ok"} 1\n' in metrics
    assert modes == ["0o100644"] * 3
    assert listing == [".virtshare-identity"]


def test_a_proof_brings_along_what_the_guard_has_seen(tmp_path):
    without, lost, stale, reading = on_a_host(tmp_path, """
def proof(phase="write"):
    return run_module("share_proof", {"phase": phase, "run_id": "run00001", "host": "hv1", "hosts": ["hv1"], "shares": [share()]})["guard"]
without = proof()
install([share()])
sh("umount " + A)
run()
lost = proof()
known = json.load(open(STATE))
known["time"] -= 1000
json.dump(known, open(STATE, "w"))
result = [without, lost, proof(), proof("read")]
""")
    assert without is None and reading is None
    assert (lost["fresh"], stale["fresh"]) == (True, False) and stale["shares"] == lost["shares"]
    assert lost["shares"] == {"/srv/shares/a": {
        "state": "lost", "since": lost["time"], "why": HERE + "is not mounted: a plain directory of the local tmpfs none"}}


@pytest.mark.parametrize("harm, state, words", [
    ("sh('umount ' + A)", "lost", HERE + "is not mounted: a plain directory of the local tmpfs none"),
    ("sh('umount ' + A); os.rmdir(A)", "lost", HERE + "is not mounted: there is no such directory"),
    ("sh('umount %s && mount -t tmpfs none %s' % (A, A))", "lost", HERE + "is another mount: none of type tmpfs"),
    ("sh('mount -t tmpfs none %s' % A)", "lost", HERE + "is another mount: none of type tmpfs"),
    ("os.unlink(A + '/' + marker.NAME)", "lost",
     HERE + "has lost its marker .virtshare-identity: the directory was emptied, or recreated on the server"),
    ("open(A + '/' + marker.NAME, 'w').write(marker.text_of(marker.made('other', A, '')))", "lost",
     HERE + "is another filesystem than was proven: its marker .virtshare-identity is another one"),
    ("open(A + '/' + marker.NAME, 'w').write('nothing')", "lost", HERE + "has a damaged marker .virtshare-identity"),
    ("sh('mount -o remount,ro,bind ' + A)", "degraded", HERE + "is read-only, declared is a share that can be written"),
    ("sh('mount -o remount,size=8m,nr_inodes=8 /srv/data'); [open(A + '/%d' % n, 'w').close() for n in range(4)]", "degraded",
     HERE + "has 12.5 % of its inodes left"),
    ("os.utime('/var/lib/virtshare/identities/srv%2Fshares%2Fa.json', (0, time.time() - 9 * 86400 - 60))", "degraded",
     HERE + "was last proven 9 days ago"),
    ("os.unlink('/var/lib/virtshare/identities/srv%2Fshares%2Fa.json')", "degraded",
     HERE + "was never proven to be the same on all hosts"),
])
def test_what_is_lost_is_told_and_comes_back_by_itself(tmp_path, harm, state, words):
    first, then, checked, printed, back, healed = on_a_host(tmp_path, """
install([share()], free_percent=20.0, write_interval=0)
first = run()
content = open(A + "/" + marker.NAME).read()
%s
then = run()
checked = check()
# Whatever it was, what follows puts it right.
sh("umount --recursive %%s || true; umount %%s 2>/dev/null || true; mkdir -p %%s" %% (A, A, A))
sh("mount -o remount,size=8m,nr_inodes=0 /srv/data; rm -f /srv/data/a/?; mount --bind /srv/data/a " + A)
proven()
back = run()
result = [said(first), said(then), checked, then["printed"], said(back), back["printed"]]
""" % harm)
    assert first == ["ok", ""]
    assert then == [state, words]
    assert checked[0] == {"lost": 2, "degraded": 1}[state] and words in checked[1]
    # There is no journal here.
    assert printed == words + "\n"
    assert back == ["ok", ""]
    assert healed == HERE + "is ok again\n"


def test_a_full_share_is_degraded_until_there_is_clearly_room_again(tmp_path):
    states = on_a_host(tmp_path, """
install([share()])
def fill(kilobytes):
    with open(A + "/big", "wb") as target:
        target.write(bytes(1024 * kilobytes))
    return said(run())
result = [fill(7000), fill(7900), fill(7700), fill(7000)]
""")
    assert states[0] == states[3] == ["ok", ""]
    # 7700 leave 6.0 %: enough before it was full, not yet enough after.
    assert [state for state, dummy in states] == ["ok", "degraded", "degraded", "ok"]
    assert "% of its room left" in states[1][1] and "6.0 % of its room left" in states[2][1]


def test_a_writer_that_is_denied_is_named_and_tried_again_at_each_run(tmp_path):
    first, denied, again, back, resting, listing = on_a_host(tmp_path, """
install([share(access={"writers": ["oneadmin", "libvirt-qemu"]})])
first = run()
os.chmod(A, 0o755)
# Until it is time to write again nobody notices.
resting = run()
known = json.load(open(STATE))
known["shares"][0]["last_write"] -= 601
json.dump(known, open(STATE, "w"))
denied, again = run(), run()
os.chmod(A, 0o777)
back = run()
result = [said(first), said(denied), said(again), said(back), said(resting), os.listdir(A)]
""")
    assert first == resting == back == ["ok", ""]
    assert denied == again == ["degraded", HERE + "cannot be written by libvirt-qemu (EACCES: Permission denied); "
                               "cannot be written by oneadmin (EACCES: Permission denied)"]
    assert listing == [".virtshare-identity"]


def test_only_what_lasts_counts_and_no_state_flaps(tmp_path):
    states, journal = on_a_host(tmp_path, """
install([share()], bad_runs=2, good_runs=3, write_interval=0)
states, journal = [], ""
for mounted in (1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1):
    sh(("mount --bind /srv/data/a " if mounted else "umount ") + A) if mounted != os.path.ismount(A) else None
    found = run()
    states.append([found["seen"], found["state"]])
    journal += found["printed"]
result = [states, journal]
""")
    assert [state for dummy, state in states] == ["ok"] * 4 + ["lost"] * 6 + ["ok"]
    assert [seen for seen, dummy in states] == ["ok", "lost", "ok", "lost", "lost", "ok", "ok", "lost", "ok", "ok", "ok"]
    assert len(journal.splitlines()) == 2


def test_a_dead_filesystem_costs_its_time_once_and_the_others_nothing(tmp_path):
    """Of several that hang: a FIFO in the place of the remembered marker's directory stands for what never answers."""
    found, others, seconds, left = on_a_host(tmp_path, """
shares = [share()]
for number in range(6):
    path, source = "/srv/shares/h%d" % number, "/srv/data/h%d" % number
    os.makedirs(path), os.makedirs(source)
    os.chmod(source, 0o777)
    sh("mount --bind %s %s" % (source, path))
    shares.append(share(path, source, proof=True))
    if number:
        # Opening it waits for a writer that never comes, in the child that has to look.
        os.makedirs("/var/lib/virtshare/identities", exist_ok=True)
        os.mkfifo("/var/lib/virtshare/identities/srv%%2Fshares%%2Fh%d.json" % number)
install(shares, timeout=1.0, proof_days=0)
begun = time.monotonic()
run()
seconds = time.monotonic() - begun
found = {each["path"]: said(each) for each in json.load(open(STATE))["shares"]}
left = sh("ps -eo args").count(GUARD)
result = [found["/srv/shares/h1"], [found[A], found["/srv/shares/h0"]], seconds, left]
""")
    assert found == ["unknown", "hv1: /srv/shares/h1 (/srv/data/h1) gives no answer, asked was none: no answer within 1 s"]
    assert others == [["ok", ""], ["ok", ""]]
    assert 1 <= seconds < 4
    assert left == 0


def test_many_runs_leave_nothing_behind(tmp_path):
    before, after, sizes = on_a_host(tmp_path, """
install([share(), share("/srv/shares/gone", "/srv/data/a")], timeout=0.2, write_interval=1)
os.makedirs("/srv/shares/gone")
def things():
    return [sorted(os.listdir(directory)) for directory in ("/run/virtshare", METRICS, A, "/srv")] + [
        sh("ps -eo args").count(GUARD)]
run()
before, sizes = things(), [os.stat(STATE).st_size]
for dummy in range(50):
    run()
sizes.append(os.stat(STATE).st_size)
result = [before, things(), sizes]
""", seconds=120)
    assert before == after
    assert after[0] == ["guard.attributes", "guard.json", "guard.lock"] and after[4] == 0
    assert abs(sizes[1] - sizes[0]) < 200


def test_a_share_declared_no_more_is_absent_for_a_while(tmp_path):
    lines, later, state = on_a_host(tmp_path, """
install([share(), share("/srv/shares/old", "/srv/data/a")])
os.makedirs("/srv/shares/old")
run()
install([share()])
run()
lines = open("/run/virtshare/guard.attributes").read().splitlines()
known = json.load(open(STATE))
known["gone"][0]["since"] -= 1000
json.dump(known, open(STATE, "w"))
run()
result = [lines, open("/run/virtshare/guard.attributes").read(), known["state"]]
""")
    assert 'VIRTSHARE_OLD="absent"' in lines and 'VIRTSHARE_A="ok"' in lines
    assert "VIRTSHARE_OLD" not in later and state == "ok"


def test_the_agent_of_opennebula_is_told_of_a_change_and_no_other_process_is(tmp_path):
    told, alive, quiet = on_a_host(tmp_path, """
sh("mkdir -p /var/tmp/one_db && mount -t tmpfs none /var/tmp/one_db")
agent = '''
import os, signal, sys
signal.signal(signal.SIGUSR1, lambda *dummy: open("/srv/told", "a").write("told"))
os.setuid(9869)
print("ready", flush=True)
while True:
    signal.pause()
'''
os.chmod("/srv", 0o777)
process = subprocess.Popen([sys.executable, "-c", agent, "monitord-client.rb"], stdout=subprocess.PIPE)
process.stdout.readline()
other = subprocess.Popen(["sleep", "60"])
def known(pid):
    with open("/var/tmp/one_db/.monitor_client.pid", "w") as target:
        target.write("%d\\n" % pid)
known(process.pid)
install([share()])
run()
quiet = os.path.exists("/srv/told")
sh("umount " + A)
run()
deadline = time.monotonic() + 10
while not os.path.exists("/srv/told") and time.monotonic() < deadline:
    time.sleep(0.01)
told = open("/srv/told").read()
known(other.pid)
sh("mount --bind /srv/data/a " + A)
run()
result = [told, other.poll() is None, quiet]
process.kill(), other.kill()
""")
    assert told == "told" and alive and not quiet


def test_a_change_is_an_entry_of_the_journal_with_fields(tmp_path):
    entries = on_a_host(tmp_path, """
sh("mkdir -p /run/systemd/journal && mount -t tmpfs none /run/systemd/journal")
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind("/run/systemd/journal/socket")
journal.settimeout(5)
install([share()])
run()
sh("umount " + A)
assert run()["printed"] == "" and run()["printed"] == ""
entries = [journal.recv(65536).decode()]
journal.setblocking(False)
try:
    entries.append(journal.recv(65536).decode())
except BlockingIOError:
    pass
result = entries
""")
    entry, = entries
    fields = dict(line.split("=", 1) for line in entry.splitlines())
    assert fields["MESSAGE"] == HERE + "is not mounted: a plain directory of the local tmpfs none"
    assert (fields["PRIORITY"], fields["VIRTSHARE_PATH"], fields["VIRTSHARE_STATE"], fields["VIRTSHARE_STATE_BEFORE"]) == (
        "2", "/srv/shares/a", "lost", "ok")


def test_what_another_version_has_left_is_begun_anew(tmp_path):
    found = on_a_host(tmp_path, """
install([share()])
run()
known = json.load(open(STATE))
result = []
for left in ({}, [1], dict(known, schema=0), dict(known, schema=2, shares=5), None):
    with open(STATE, "w") as target:
        target.write("" if left is None else json.dumps(left))
    result.append([check()[0], said(run()), check()[0]])
""")
    assert found == [[3, ["ok", ""], 0]] * 5


def test_of_two_runs_at_once_one_looks_and_both_end_well(tmp_path):
    codes, seconds, document = on_a_host(tmp_path, """
os.makedirs("/srv/shares/h"), os.makedirs("/srv/data/h")
sh("mount --bind /srv/data/h /srv/shares/h")
os.makedirs("/var/lib/virtshare/identities", exist_ok=True)
# It is waited for in vain, so that the run that looks takes all of its time.
os.mkfifo("/var/lib/virtshare/identities/srv%2Fshares%2Fh.json")
install([share(), share("/srv/shares/h", "/srv/data/h", proof=True)], timeout=3.0)
begun, seconds = time.monotonic(), []
runs = [subprocess.Popen([GUARD, "--config", CONFIG, "run"]) for dummy in range(3)]
codes = []
for dummy in runs:
    codes.append(os.wait()[1])
    seconds.append(time.monotonic() - begun)
result = [codes, seconds, json.load(open(STATE))]
""")
    assert [share["state"] for share in document["shares"]] == ["ok", "unknown"]
    assert codes == [0, 0, 0] and seconds[-1] >= 3 > seconds[1]


def test_no_config_is_an_error_and_no_news_is_unknown(tmp_path):
    code, text, checked = on_a_host(tmp_path, """
install([share()])
checked = check()
os.unlink(CONFIG)
ended = subprocess.run([GUARD, "--config", CONFIG, "run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
result = [ended.returncode, ended.stdout, checked]
""")
    assert code == 1 and "/srv/guard.json cannot be read" in text
    assert checked[0] == 3 and "written nothing yet" in checked[1]
