# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes long and says nothing shows that it goes on: stages, the lab and the demo."""

import contextlib
import io
import sys
import threading
import types

import pytest

from tests.demo import __main__ as demo
from tests.gates.runner import run_stages
from tests.lab import builder, cache, machine
from tests.lab.errors import at_work
from tests.support.pulse import Pulse

LIMIT = 30  # seconds that a test waits for what comes in a tenth of one


class Screen(io.StringIO):
    """Text that tells when a word of it has come."""

    def __init__(self):
        super().__init__()
        self._grown = threading.Condition()

    def write(self, text):
        with self._grown:
            self._grown.notify_all()
            return super().write(text)

    def shows(self, word, times=1):
        """Wait until a word has come."""
        with self._grown:
            return self._grown.wait_for(lambda: self.getvalue().count(word) >= times, LIMIT)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(Pulse, "seconds", 0.1)


@contextlib.contextmanager
def shown():
    screen = Screen()
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        yield screen


def test_a_silent_stage_is_named_as_often_as_the_time_passes(tmp_path):
    screen, seen = Screen(), []
    run_stages({"slow": lambda log: seen.append(screen.shows("… slow: nothing new for", 2))}, tmp_path, screen)
    assert seen == [True]
    assert "… slow: nothing new for 0.1 s\n   … slow: nothing new for 0.2 s\n" in screen.getvalue()
    assert "nothing new" not in (tmp_path / "slow.log").read_text(encoding="utf-8")


def test_stages_side_by_side_are_named_together(tmp_path):
    screen, seen = Screen(), []
    stages = {name: lambda log: seen.append(screen.shows("… one, two: nothing new")) for name in ("one", "two")}
    run_stages(stages, tmp_path, screen, abreast=set(stages))
    assert seen == [True, True]


def test_what_speaks_is_not_interrupted_and_nothing_comes_afterwards(monkeypatch):
    monkeypatch.setattr(Pulse, "seconds", LIMIT)
    screen = Screen()
    with Pulse(screen, lambda: "silent") as stream:
        stream.write("a line\n")
    assert screen.getvalue() == "a line\n" and not stream._thread.is_alive()


def test_the_lab_says_what_it_waits_for():
    with shown() as screen:
        with at_work(lambda: "booting"):
            assert screen.shows("… booting: nothing new for 0.1 s")
        assert sys.stderr is screen


def test_the_building_of_an_image_shows_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("VIRTSHARE_CACHE", str(tmp_path))
    with shown() as screen, at_work(builder.said_last):
        assert screen.shows("… beginning: nothing new")
        cache.images_directory().mkdir()
        log = cache.images_directory() / "build.log"
        log.write_text("+ mmdebstrap\nUnpacking libc6 ...\n\n", encoding="utf-8")
        assert screen.shows("… Unpacking libc6 ...: nothing new")
        log.write_text("+ chroot /lab/root apt-get -y install nfs-common\n", encoding="utf-8")
        assert screen.shows("… apt-get -y install nfs-common: nothing new")


def test_who_waits_for_another_lab_is_told(tmp_path):
    def wait():
        with cache.locked(tmp_path / "lock"):
            pass

    with shown() as screen:
        with cache.locked(tmp_path / "lock"):
            waiting = threading.Thread(target=wait)
            waiting.start()
            assert screen.shows("… waiting for the other process: nothing new")
        waiting.join()


def test_the_installing_of_packages_shows_that_it_goes_on(monkeypatch):
    def run(command, **_settings):
        assert screen.shows("… apt-get -qq update: nothing new") if "update" in command else screen.shows(
            "… apt-get -qq -y: nothing new")
        return types.SimpleNamespace(returncode=0)

    monkeypatch.setattr(machine.subprocess, "run", run)
    with shown() as screen:
        machine.install(["mmdebstrap"])


def test_a_task_of_the_demo_that_takes_long_shows_that_it_goes_on(monkeypatch):
    def run_playbook(playbook, inventories, environment, stream):
        stream.write("TASK [Install the packages]\n")
        return screen.shows("TASK [Install the packages]\n   … the task above is at work: nothing new for 0.1 s")

    monkeypatch.setattr(demo, "run_playbook", run_playbook)
    with shown() as screen:
        assert demo.play("site.yml", []) is True
