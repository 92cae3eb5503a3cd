# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests run in a fork of a warm process is what ansible-playbook does by itself."""

import json
import subprocess

import pytest

from tests.support import playbook, warm

pytestmark = pytest.mark.slow

HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
PLAY = [{
    "hosts": "all", "gather_facts": False, "tasks": [
        {"name": "Read the environment", "ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.env', 'TOLD') }}"}},
        {"name": "Write", "ansible.builtin.copy": {"content": "{{ told }}", "dest": "{{ file }}", "mode": "0600"}},
        {"name": "Refuse", "ansible.builtin.fail": {"msg": "no"}, "when": "refused | bool"},
    ]}]


@pytest.fixture(name="run")
def runner(tmp_path):
    (tmp_path / "play.json").write_text(json.dumps(PLAY), encoding="utf-8")
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"hv1": HERE, "hv2": HERE}}}), encoding="utf-8")

    def run(way, told, refused=False, **settings):
        target = tmp_path / told
        target.unlink(missing_ok=True)
        done = way.run_playbook(
            tmp_path / "play.json", inventories=[tmp_path / "hosts.json"], environment={"TOLD": told},
            arguments=["--diff", "--forks", "1", "--extra-vars", f"told={told} file={target} refused={refused}"], **settings)
        return done, target
    return run


@pytest.mark.parametrize("refused", [False, True])
def test_both_ways_do_and_say_the_same(run, refused):
    ends = []
    for way in (playbook, warm):
        done, target = run(way, "word", refused)
        tasks = [(line["host"], line["task"], line["outcome"], line["changed"]) for line in done.results]
        ends.append((done.code, len(done.output.splitlines()), tasks, done.failure_text(), target.read_text()))
        assert done.results[0]["result"]["msg"] == "word"
    assert ends[0] == ends[1] and bool(ends[0][0]) == refused


def test_one_run_leaves_nothing_to_the_next(run):
    for told in ("first", "second"):
        done, target = run(warm, told)
        assert done.code == 0 and target.read_text() == told and done.results[0]["result"]["msg"] == told, done.output


def test_a_run_that_takes_too_long_is_killed_and_the_next_one_runs(run):
    with pytest.raises(subprocess.TimeoutExpired):
        run(warm, "killed", timeout=0.01)
    assert run(warm, "next")[0].code == 0
