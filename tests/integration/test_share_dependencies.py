# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares of one call that bind directories of each other: real binds, in a mount namespace that ends with each test."""

import pytest

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

BEGIN = r"""
for name in ("old/vms/a", "new/vms/a", "bare"):
    os.makedirs("/srv/data/" + name)
for name in ("old", "new"):
    open("/srv/data/%s/vms/a/is" % name, "w").write(name)
fstab = "/srv/fstab"
open(fstab, "w").close()
POOL, VMS, A = "/srv/shares/pool", "/srv/shares/vms", "/srv/shares/a"

def local(path, source, **changes):
    return dict({"path": path, "type": "local", "source": source}, **changes)

def shares(server="old", **changes):
    # The inner ones first.
    return [local(A, VMS + "/a", **changes), local(VMS, POOL + "/vms", **changes), local(POOL, "/srv/data/" + server, **changes)]

def share_mounts(declared, check=False, **parameters):
    outcome = run_module("share_mounts", dict(parameters, shares=declared, fstab=fstab, timeout=20), check)
    return dict(msg=outcome.get("msg", ""), did=[(each["operation"], each["target"].rpartition("/")[2])
                                                 for each in outcome.get("operations", [])],
                diff=outcome.get("diff"))

def mounts():
    return sorted(line.split()[4] for line in open("/proc/self/mountinfo") if " /srv/shares/" in line)

def seen():
    return [open(path).read() for path in (POOL + "/vms/a/is", VMS + "/a/is", A + "/is")]
"""


def on_a_host(tmp_path, script):
    return run_as_root(tmp_path, BEGIN + script)


def both(declared):
    return f"[share_mounts({declared}, check=True), share_mounts({declared})]"


def test_all_are_mounted_at_once_in_the_order_of_their_sources(tmp_path):
    predicted, done, seen, again, lines = on_a_host(tmp_path, f"""
result = {both("shares()")} + [seen(), share_mounts(shares())["did"], open(fstab).read().split()[1::6]]
""")
    assert predicted == done and done["msg"] == ""
    assert [target for name, target in done["did"] if name == "mount"] == ["pool", "vms", "a"]
    assert seen == ["old"] * 3
    assert again == []
    assert lines == ["/srv/shares/pool", "/srv/shares/vms", "/srv/shares/a"], "without systemd this is the order of a boot"


def test_binds_follow_what_they_are_bound_from(tmp_path):
    predicted, done, seen, again = on_a_host(tmp_path, f"""
share_mounts(shares())
result = {both("shares('new')")} + [seen(), share_mounts(shares("new"))["did"]]
""")
    assert predicted == done and done["msg"] == ""
    assert [each for each in done["did"] if each[0] in ("unmount", "mount")] == [
        ["unmount", "a"], ["unmount", "vms"], ["unmount", "pool"], ["mount", "pool"], ["mount", "vms"], ["mount", "a"]]
    assert seen == ["new"] * 3
    assert again == []


def test_a_bind_in_use_keeps_all_that_it_is_bound_from(tmp_path):
    pid, outcomes, seen, freed = on_a_host(tmp_path, f"""
share_mounts(shares())
user = subprocess.Popen(["sleep", "60"], cwd=A)
outcomes = {both("shares('new')")}
kept = seen()
user.kill(), user.wait()
result = [user.pid, outcomes, kept, share_mounts(shares("new"))["msg"]]
""")
    for outcome in outcomes:
        assert outcome["did"] == []
        assert ": /srv/shares/a: the mount there has to go" in outcome["msg"]
        assert f"it is used by sleep (process {pid})" in outcome["msg"]
        assert ": /srv/shares/pool: the mount there has to go, but the share /srv/shares/vms, which is bound from it, " \
               "cannot (see there). Nothing was changed for this share." in outcome["msg"]
    assert seen == ["old"] * 3
    assert freed == ""


def test_a_source_that_the_new_one_does_not_have_is_found_before_anything_is_released(tmp_path):
    predicted, done, seen = on_a_host(tmp_path, f"""
share_mounts(shares())
result = {both("shares('new')[:2] + [local(POOL, '/srv/data/bare')]")} + [seen()]
""")
    assert predicted == done
    assert done["did"] == [] and "the source /srv/shares/pool/vms is not a directory" in done["msg"]
    assert seen == ["old"] * 3


def test_a_bind_is_not_made_from_a_share_that_failed(tmp_path):
    predicted, done, mounts = on_a_host(tmp_path, f"""
os.makedirs(POOL + "/vms")
result = {both("shares()")} + [mounts()]
""")
    assert predicted == done
    assert done["did"] == [] and mounts == []
    assert ": /srv/shares/pool: the directory is not empty (vms)" in done["msg"]
    for inner, outer in (("vms", "pool"), ("a", "vms")):
        assert f": /srv/shares/{inner}: its source" in done["msg"]
        assert f"is in the share /srv/shares/{outer}, which failed (see there)" in done["msg"]


def test_what_is_bound_from_a_share_goes_before_it(tmp_path):
    refused, seen, absent, purged, mounts = on_a_host(tmp_path, """
share_mounts(shares())
refused = share_mounts(shares()[:2] + [local(POOL, "/srv/data/old", state="absent")], check=True)
kept = seen()
absent = share_mounts(shares(state="absent"))
share_mounts(shares())
purged = share_mounts([], purge=True, purge_below="/srv/shares")
result = [refused, kept, absent, purged, mounts()]
""")
    assert "its source /srv/shares/pool/vms is in the share /srv/shares/pool, which is declared absent" in refused["msg"]
    assert seen == ["old"] * 3
    for outcome in (absent, purged):
        assert outcome["msg"] == ""
        assert [target for name, target in outcome["did"] if name == "unmount"] == ["a", "vms", "pool"]
    assert mounts == []
