# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input ends playbooks/site.yml before any host is touched, and says what to write instead.

The hosts of this inventory cannot be reached: a task that needed one would fail as unreachable, not with these words.
"""

import json

import pytest

from tests.support.warm import run_playbook

UNREACHABLE = {
    "hypervisors": {
        "hosts": {
            name: {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": "-o ConnectTimeout=1"}
            for name in ("hv1", "hv2")
        }
    }
}
LOCAL = {
    "hypervisors": {
        "hosts": {"hv1": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    }
}

GOOD = {
    "path": "/srv/shares/projects",
    "type": "nfs",
    "source": "nas1:/export/projects",
    "access": {"owner": "root", "group": "root", "mode": "2770", "writers": ["root"]},
}


def share(**changes):
    return {**GOOD, **changes}


def other(path):
    return share(path=path, source="nas1:/export/other")


# what is declared, and what the refusal must say: the value, and what to write instead
REFUSED = {
    "relative path": ([share(path="srv/shares")], ["srv/shares", "/srv/shares", "absolute"]),
    "root": ([share(path="/")], ["'/'", "of its own"]),
    "dots": ([share(path="/srv/../etc")], ["/srv/../etc", "/etc"]),
    "same path twice": ([GOOD, share(source="nas1:/export/other")], ["/srv/shares/projects", "twice"]),
    "inside another": ([GOOD, other("/srv/shares/projects/deep")], ["/srv/shares/projects/deep", "inside"]),
    "source without a colon": ([share(source="nas1/export")], ["nas1/export", "server:/export"]),
    "unknown type": ([share(type="zfs")], ["zfs", "nfs", "ocfs2"]),
    "mode as a number": ([share(access={"mode": 777})], ["777", 'mode: "0777"']),
}


def write_inventory(directory, inventory, shares):
    path = directory / "inventory.json"
    variables = {"virtshare_shares": shares}
    path.write_text(json.dumps({**inventory, "all": {"vars": variables}}), encoding="utf-8")
    return path


@pytest.mark.parametrize("shares, words", REFUSED.values(), ids=REFUSED.keys())
def test_refused_before_any_host_is_reached(tmp_path, shares, words):
    run = run_playbook("playbooks/site.yml", inventories=[write_inventory(tmp_path, UNREACHABLE, shares)])
    assert run.code != 0
    assert {line["outcome"] for line in run.failures} == {"failed"}, run.output
    for word in words:
        assert word in run.failure_text()
    assert run.changes == set()


def test_every_problem_is_named_at_once(tmp_path):
    shares = [share(path="srv/shares"), share(source="nas1/export"), share(path="/srv/two", type="zfs")]
    run = run_playbook("playbooks/site.yml", inventories=[write_inventory(tmp_path, UNREACHABLE, shares)])
    for word in ("srv/shares", "nas1/export", "zfs"):
        assert word in run.failure_text()


def test_unknown_user_is_refused_before_anything_changes(tmp_path):
    shares = [share(access={"owner": "nobody-knows-her", "group": "root", "mode": "2770", "writers": ["root"]})]
    run = run_playbook("playbooks/site.yml", inventories=[write_inventory(tmp_path, LOCAL, shares)])
    assert run.code != 0
    assert "nobody-knows-her" in run.failure_text()
    assert run.changes == set()
    assert not any(line["action"].endswith(("apt", "package", "share_mounts")) for line in run.results)
