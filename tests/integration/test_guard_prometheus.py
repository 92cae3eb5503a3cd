# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics, alerts and dashboard: Prometheus' own tool takes them, and they ask for metrics that the guard has."""

import json
import re

import pytest
import yaml
from ansible_collections.virtshare.storage.plugins.module_utils._guard import judge, report

from tests.support import promtool
from tests.support.playbook import ROOT

EXTENSIONS = ROOT / "extensions"
RULES = EXTENSIONS / "prometheus/virtshare_guard.rules.yml"
TESTS = EXTENSIONS / "prometheus/virtshare_guard.tests.yml"
SHARE = {"path": '/srv/a "b"\\c', "type": "nfs", "source": "nas1:/e", "name": "VIRTSHARE_A", "state": "ok", "since": 1.5,
         "why": "", "space": {"bytes": 10, "free_bytes": 5, "files": 3, "free_files": 2}, "seconds": 0.1, "last_proof": 2.0,
         "last_write": 3.0}
DOCUMENT = {"shares": [SHARE, dict(SHARE, path="/srv/q", state="lost", space=None, seconds=None, last_proof=None, last_write=None)],
            "time": 100.5, "seconds": 0.2, "interval": 30, "version": "1.0.0"}


def test_promtool_takes_the_metrics():
    assert promtool.run("check", "metrics", text=report.metrics(DOCUMENT)) == (0, "")
    code, output = promtool.run("check", "metrics", text="# TYPE a_total gauge\na_total 1\n")
    assert code != 0 and output


def test_promtool_takes_the_alerts_and_they_fire_when_they_should():
    code, output = promtool.run("check", "rules", str(RULES))
    assert code == 0, output
    code, output = promtool.run("test", "rules", str(TESTS), directory=TESTS.parent)
    assert code == 0, output


def expressions():
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    found = [("alert " + rule["alert"], rule["expr"]) for group in rules["groups"] for rule in group["rules"]]
    board = json.loads((EXTENSIONS / "grafana/virtshare_guard.json").read_text(encoding="utf-8"))
    found += [("panel " + panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]
    return found + [("variable " + each["name"], each["query"]["query"]) for each in board["templating"]["list"]
                    if each["type"] == "query"]


@pytest.mark.parametrize("where, expression", expressions(), ids=lambda text: text if " " in text and "{" not in text else "")
def test_what_is_asked_for_is_there(where, expression):
    asked = set(re.findall(r"\bvirtshare_\w+", expression))
    assert asked and asked <= set(report.metric_names()), where
    assert set(re.findall(r'state="(\w+)"', expression)) <= set(judge.STATES)
    labels = {label for group in re.findall(r"\{([^}]*)\}", expression) for label in re.findall(r'(\w+)=~?"', group)}
    assert labels <= {"instance", "path", "type", "state"}


def test_every_expression_of_the_dashboard_is_one(tmp_path):
    """As rules, with the variables filled in."""
    rules = [{"record": "board:%d" % number, "expr": re.sub(r"\$\w+", ".*", expression)}
             for number, (where, expression) in enumerate(expressions()) if where.startswith("panel")]
    (tmp_path / "board.yml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}), encoding="utf-8")
    code, output = promtool.run("check", "rules", str(tmp_path / "board.yml"))
    assert code == 0 and "%d rules found" % len(rules) in output, output


def test_every_state_and_every_metric_is_on_the_dashboard():
    board = [expression for where, expression in expressions() if not where.startswith("alert")]
    assert {state for text in board for state in re.findall(r'state="(\w+)"', text)} == set(judge.STATES)
    shown = {name for text in board for name in re.findall(r"\bvirtshare_\w+", text)}
    assert set(report.metric_names()) - shown == {"virtshare_share_last_write_timestamp_seconds", "virtshare_guard_interval_seconds"}


def test_panels_do_not_lie_on_each_other():
    board = json.loads((EXTENSIONS / "grafana/virtshare_guard.json").read_text(encoding="utf-8"))
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
