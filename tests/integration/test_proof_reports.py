# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the proof's reports go: files of the controller and of another host, and an HTTP server."""

import base64
import json
import sys

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._proof import matrix

from tests.simulators.flexsim.command import self_signed
from tests.simulators.serving import Endpoint, Handler
from tests.support.playbook import ROOT
from tests.support.rooms import JOB, OFF
from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

PLAY = [{"hosts": "localhost", "gather_facts": False, "tasks": [
    {"name": "Report", "ansible.builtin.include_role": {"name": "virtshare.storage.share_proof", "tasks_from": "{{ item }}"},
     "loop": ["destinations", "reports"]}]}]
RESULT = matrix.judge({}, [])
PASSWORD = "report-word"
# As ssh, but for the host: the last argument is a command for a shell.
SSH = '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n'


class _Store(Handler):
    """Keeps what is PUT to it."""

    def do_PUT(self):
        self.server.endpoint.kept.append((self.path, self.headers["Authorization"], self.headers["Content-Type"],
                                          self.body(1 << 20).decode("utf-8")))
        self.send_response(self.server.endpoint.status)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Store(Endpoint):
    def __init__(self, status=201, **settings):
        super().__init__(_Store, "127.0.0.1", 0, **settings)
        self.kept, self.status = [], status

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *dummy):
        self.stop()


@pytest.fixture(name="report")
def reports(tmp_path):
    """Called with options of the role and lines of a job's extra vars: the run, which must not show the password."""
    def run(lines="", hosts=None, **options):
        (tmp_path / "play.json").write_text(json.dumps(PLAY), encoding="utf-8")
        (tmp_path / "given.yml").write_text(lines + "\n".join(
            f"{name}: {json.dumps(value)}" for name, value in {"share_proof_result": RESULT, **options}.items()), encoding="utf-8")
        here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"localhost": here, **(hosts or {})}}}), encoding="utf-8")
        done = run_playbook(tmp_path / "play.json", inventories=[tmp_path / "hosts.json"],
                            arguments=["-vvv", "--extra-vars", f"@{tmp_path / 'given.yml'}"])
        assert PASSWORD not in done.output and PASSWORD not in json.dumps(done.results)
        return done
    return run


def problems(run):
    """What the end of a run has to fail with; the task that writes is passed over."""
    return next(iter(run.facts("__share_proof_report_problems").values()), None)


def test_a_relative_path_is_below_the_directory_that_the_run_was_started_in(report):
    """And not below that of the playbook, which is inside the collection where the playbook is. A job is warned."""
    name = "proof-of-a-test.html"
    try:
        run = report(JOB, share_proof_report_html=f".cache/{name}")
        assert run.code == 0 and problems(run) == [] and run.changes == set(), run.output
        assert "<!DOCTYPE html>" in (ROOT / ".cache" / name).read_text(encoding="utf-8")
        assert (f"share_proof_report_html is {ROOT}/.cache/{name} in the container of this job of AWX, which is gone with the job"
                in " ".join(run.output.split()))
    finally:
        (ROOT / ".cache" / name).unlink(missing_ok=True)


def test_files_on_another_host(report, tmp_path):
    (tmp_path / "ssh").write_text(SSH, encoding="utf-8")
    (tmp_path / "ssh").chmod(0o755)
    web1 = {"ansible_connection": "ssh", "ansible_ssh_executable": str(tmp_path / "ssh"), "ansible_become": False,
            "ansible_python_interpreter": sys.executable}
    files = {f"share_proof_report_{kind}": str(tmp_path / kind) for kind in ("html", "json")}
    run = report(JOB, {"web1": web1}, share_proof_report_host="web1", **files)
    assert run.code == 0 and problems(run) == [] and run.changes == set(), run.output
    assert {line["delegated_to"] for line in run.results if line["action"].endswith((".copy", ".template"))} == {"web1"}
    assert "in the container" not in run.output
    assert json.loads((tmp_path / "json").read_text(encoding="utf-8")) == RESULT
    assert "<!DOCTYPE html>" in (tmp_path / "html").read_text(encoding="utf-8")


@pytest.mark.release
def test_a_host_that_is_off_takes_nothing_but_the_report(report, tmp_path):
    """The proof is what it is; the report is missing, and is named at the end."""
    run = report("", {"web1": OFF}, share_proof_report_host="web1", share_proof_report_html=str(tmp_path / "page"))
    assert run.code == 0, run.output
    (problem,) = problems(run)
    assert problem.startswith("the report of the proof was not written: ") and "127.0.0.1 port 1" in problem


def test_the_page_is_sent_over_verified_tls_with_a_login(report):
    login = {"share_proof_report_username": "proofs", "share_proof_report_password": PASSWORD}
    with self_signed("127.0.0.1") as certificate, Store(certificate=certificate) as store:
        unverified = report(share_proof_report_url=f"{store.url}/proof.html", **login)
        assert "CERTIFICATE_VERIFY_FAILED" in problems(unverified)[0].upper() and store.kept == []
        run = report(share_proof_report_url=f"{store.url}/proof.html", share_proof_report_ca_path=str(certificate[0]), **login)
    assert run.code == 0 and problems(run) == [] and run.changes == set(), run.output
    ((path, authorization, kind, text),) = store.kept
    assert (path, kind) == ("/proof.html", "text/html; charset=utf-8")
    assert base64.b64decode(authorization.removeprefix("Basic ")).decode() == f"proofs:{PASSWORD}"
    assert "<!DOCTYPE html>" in text and "–" in text


@pytest.mark.release
def test_a_server_that_takes_no_page_is_named(report):
    with Store(status=403) as store:
        run = report(share_proof_report_url=f"{store.url}/proof.html")
    assert run.code == 0 and "403" in problems(run)[0]
