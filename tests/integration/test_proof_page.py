# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's reports on the controller: the page says what the result says, and nothing in it becomes markup."""

import html
import html.parser
import json
import re
import stat
import sys

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._proof import matrix

from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

PROJECTS = {"path": "/srv/shares/projects", "type": "nfs", "source": "nas1:/export/projects"}
LIBRARY = {"path": "/srv/shares/<b>library</b> & co", "type": "nfs", "source": "nas1:/export/library"}
PLAYBOOK = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Report
      ansible.builtin.include_role:
        name: virtshare.storage.share_proof
        tasks_from: "{{ item }}"
      loop: [destinations, reports]
"""


class Page(html.parser.HTMLParser):
    """The page's tags, all balanced, and for each cell of the table (class, text)."""

    VOID = ("meta", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.addresses, self.rows = [], set(), [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append([dict(attrs).get("class"), ""])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1][1] += data

    def cell(self, host, column):
        """(class, text) of a host's cell."""
        (row,) = [row for row in self.rows[1:] if row[0][1] == host]
        found, text = row[column]
        return found, re.sub(r"\s+", " ", text).strip()


def mounted(export, inode=2):
    return {"mounted": True, "source": "nas1:/export/" + export, "fstype": "nfs4", "root": "/", "device": "0:45",
            "inode": inode, "fsid": "3a:0"}


def seen(share, host, others, identity, problem=None):
    return dict(share, read_only=False, identity=identity, problem=problem, nonce="nonce-" + host,
                sees={other: "nonce-" + other for other in others}, content=None)


def phases(check_mode=False, *, shares):
    return dict.fromkeys(("write", "read"), {"check_mode": check_mode, "shares": shares})


@pytest.fixture
def reports(tmp_path):
    """Called with a result of the proof: the page's text and the JSON that the role wrote of it."""
    def write(result):
        (tmp_path / "play.yml").write_text(PLAYBOOK)
        extra = {"share_proof_result": result, "share_proof_report_html": str(tmp_path / "proof.html"),
                 "share_proof_report_json": str(tmp_path / "proof.json"),
                 "ansible_python_interpreter": sys.executable}
        (tmp_path / "extra.json").write_text(json.dumps(extra))
        run = run_playbook(tmp_path / "play.yml", inventories=["localhost,"],
                           arguments=["--connection=local", f"--extra-vars=@{tmp_path}/extra.json"])
        assert run.code == 0, run.output
        assert run.changes == set()
        assert stat.S_IMODE((tmp_path / "proof.html").stat().st_mode) == 0o644
        return (tmp_path / "proof.html").read_text(), json.loads((tmp_path / "proof.json").read_text())
    return write


def test_all_proven(reports):
    hosts = ["hv1", "hv2"]
    result = matrix.judge({host: phases(shares=[seen(PROJECTS, host, hosts, mounted("projects"))]) for host in hosts},
                          [PROJECTS], hosts)
    text, written = reports(result)
    page = Page(text)
    assert written == result
    assert "Every host sees the same filesystems" in text and "What is wrong" not in text
    for host in hosts:
        found, words = page.cell(host, 1)
        assert found == "proven"
        assert words == "✓nas1:/export/projects nfs4, inode 2, fsid 3a:0, device 0:45"
    assert page.addresses == [] and not page.tags & {"script", "link", "img"}, "the page needs something else"


def test_what_is_wrong_and_who_is_missing(reports):
    shares = [PROJECTS, LIBRARY]
    other = "is nas1:/export/other of type nfs4, declared is nas1:/export/projects"
    result = matrix.judge({
        "hv1": phases(shares=[seen(share, "hv1", ["hv1", "hv3"], mounted("projects")) for share in shares]),
        "hv2": phases(shares=[seen(PROJECTS, "hv2", ["hv2"], mounted("other"), other)]),
        "hv3": phases(shares=[seen(share, "hv3", ["hv1", "hv3"], mounted("projects")) for share in shares]),
    }, shares, ["hv1", "hv2", "hv3", "hv4"])
    text, written = reports(result)
    page = Page(text)
    assert written == result
    assert "Not the same filesystem everywhere" in text
    for problem in result["shares"][0]["problems"]:
        assert f"<li>{html.escape(problem, quote=True).replace('&#x27;', '&#39;')}</li>" in text
    assert page.cell("hv1", 1)[0] == page.cell("hv3", 1)[0] == "unproven"
    found, words = page.cell("hv2", 1)
    assert found == "failed" and "nas1:/export/other" in words and "nas1:/export/projects" in words
    assert page.cell("hv2", 2) == (None, "not declared here")
    assert text.count("<li><b>hv4</b>: it took no part in this run") == 1, "once, and not once a share"
    assert page.cell("hv4", 1)[0] == "missing" and "took no part" in page.cell("hv4", 1)[1]
    assert "proven for 2 of 3 hosts" in text
    assert "b" in page.tags and "<b>library" not in text, "a path became markup"


def test_what_the_guards_have_seen_is_said_with_its_time_and_as_text(reports):
    results = {"hv1": phases(shares=[seen(PROJECTS, "hv1", ["hv1"], mounted("projects"))])}
    assert "What the guards have seen" not in reports(matrix.judge(results, [PROJECTS]))[0]
    lost = {"state": "lost", "since": 1795953600.0, "why": "hv1: /srv/shares/<b>x</b> (nas1:/x) is not mounted"}
    results["hv1"]["write"] = dict(results["hv1"]["write"], guard={"fresh": True, "time": 1795953630.0, "shares": {"/x": lost}})
    text, written = reports(matrix.judge(results, [PROJECTS]))
    assert "What the guards have seen" in text and "<b>x" not in text
    assert "<li>lost since 2026-11-29 12:00 UTC on hv1: /srv/shares/&lt;b&gt;x&lt;/b&gt; (nas1:/x) is not mounted</li>" in text
    assert written["guards"] == ["lost since 2026-11-29 12:00 UTC on hv1: /srv/shares/<b>x</b> (nas1:/x) is not mounted"]


def test_a_check_run_proves_nothing(reports):
    result = matrix.judge({"hv1": phases(True, shares=[seen(PROJECTS, "hv1", [], mounted("projects"))])}, [PROJECTS])
    text, dummy = reports(result)
    assert "Nothing is proven yet" in text
    assert Page(text).cell("hv1", 1)[0] == "pending"


def test_a_share_that_is_not_to_be_proven(reports):
    scratch = {"path": "/srv/shares/scratch", "type": "local", "proof": False}
    hosts = ["hv1", "hv2"]
    result = matrix.judge({host: phases(shares=[seen(PROJECTS, host, hosts, mounted("projects"))]) for host in hosts},
                          [PROJECTS, scratch], hosts)
    text, dummy = reports(result)
    assert "Every host sees the same filesystems" in text
    assert re.search(r'<code>/srv/shares/scratch</code><br><span class="badge left_out">not to be proven</span>', text)
    assert Page(text).cell("hv1", 2) == (None, "not to be proven")


def test_nothing_declared(reports):
    text, dummy = reports(matrix.judge({}, []))
    assert "No share is declared: there was nothing to prove." in text
