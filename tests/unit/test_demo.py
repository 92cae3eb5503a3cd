# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo says about itself: what is up after it ended early, and what it took down."""

import subprocess
import sys

import pytest

from tests.demo import __main__ as demo


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A cache without labs and a state of the demo's own."""
    monkeypatch.setenv("VIRTSHARE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(demo, "STATE", tmp_path / "demo")
    (tmp_path / "demo").mkdir()
    return tmp_path / "demo"


@pytest.mark.parametrize("up", [True, False])
def test_an_interrupt_is_no_traceback_and_tells_what_is_still_up(monkeypatch, capsys, up):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["make demo"])
    monkeypatch.setattr(demo, "demo", interrupted)
    monkeypatch.setattr(demo.Lab, "is_up", lambda self: up)
    monkeypatch.setattr(demo, "how_to_look", lambda: "To stop them: make demo-down")
    assert demo.main() == 130
    said = capsys.readouterr().err
    assert "The demo failed: it was interrupted" in said
    assert ("make demo-down" in said) == up


def test_what_was_taken_down_is_said(monkeypatch, capsys, state):
    monkeypatch.setattr(sys, "argv", ["make demo", "--down"])
    assert demo.main() == 0
    assert capsys.readouterr().out == "Nothing of the demo is up.\n"
    endpoint = subprocess.Popen([sys.executable, "-c", "print(flush=True); input()", "tests/simulators/opennebula.py"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Before it runs, the kernel may show no command line of it.
    assert endpoint.stdout.readline()
    (state / "endpoint.json").write_text(f'{{"pid": {endpoint.pid}}}', encoding="utf-8")
    assert demo.main() == 0
    assert capsys.readouterr().out == "Ended the OpenNebula endpoint of the demo.\n"
    assert endpoint.wait(timeout=30) < 0
