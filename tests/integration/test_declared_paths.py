# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of a share is text: what it holds of a shell's signs is filled in by no module."""

from tests.support.privileged import run_as_root

PATH = "/srv/shares/$HOME"


def test_a_share_with_a_dollar_sign_in_its_path_is_found_by_all_who_take_its_path(tmp_path):
    result = run_as_root(tmp_path, f"""
import os
os.environ["HOME"] = "/root"
PATH = {PATH!r}
os.makedirs(PATH), os.makedirs("/srv/data")
sh("mount -t tmpfs none /srv/data && mkdir /srv/data/vm && mount --bind /srv/data '%s'" % PATH)
share = declared(PATH, source="/srv/data", writers=["oneadmin"], mode="0777")
os.chmod(PATH + "/vm", 0o777)
inside = [dict(path=PATH + "/vm", writers=["oneadmin"])]
asked = dict(path=PATH + "/vm", share_path=PATH, mount_tag="a", type="local", read="a", content="a", written_by="hv2")
result = dict(
    access=run_module("share_access", dict(shares=[share], set=[PATH], directories=inside)),
    verified=run_module("share_access", dict(shares=[share], verify=[PATH])),
    proof=run_module("share_proof", dict(
        phase="write", run_id="run00001", host="hv1", hosts=["hv1"], shares=[share], directories=[PATH + "/vm"])),
    seen=run_module("hypervisor_info", dict(host="hv1", paths=[PATH], directories=[PATH + "/vm"])),
    guest=run_module("guest_proof", dict(host="hv1", shares=[asked]), check=True))
""")
    for each in result.values():
        assert not each.get("failed"), each["msg"]
    assert [entry["path"] for entry in result["access"]["paths"]] == [PATH, PATH + "/vm"]
    assert all(entry["writers"]["oneadmin"]["writes"] for entry in result["access"]["paths"])
    assert [entry["path"] for entry in result["verified"]["paths"]] == [PATH]
    assert [entry["path"] for entry in result["proof"]["shares"]] == [PATH, PATH + "/vm"]
    assert result["seen"]["mounts"] == [{"path": PATH, "source": "none", "fstype": "tmpfs"}]
    assert result["seen"]["directories"] == [{"path": PATH + "/vm", "is_directory": True, "parent_mount_point": PATH}]
    assert [(entry["path"], entry["share_path"]) for entry in result["guest"]["shares"]] == [(PATH + "/vm", PATH)]
