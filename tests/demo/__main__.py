# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on real hosts: two hypervisors, a storage server, an OpenNebula endpoint, one share."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from tests.demo.summary import summary
from tests.lab import Lab, LabError
from tests.lab.lab import labs
from tests.support.endpoint import Endpoint
from tests.support.playbook import ROOT, Run, run_playbook
from tests.support.pulse import Pulse

LAB = "demo"
HOSTS = ["hv1", "hv2", "nas1:storage"]
HERE = Path(__file__).resolve().parent
STATE = ROOT / ".cache" / "demo"
SHARE = "/srv/shares/projects"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--down", action="store_true", help="stop the demo's hosts and endpoint")
    try:
        if parser.parse_args().down:
            ended = down()
            print(f"Ended {' and '.join(ended)} of the demo." if ended else "Nothing of the demo is up.")
            return 0
        return demo()
    except LabError as error:
        return failed(str(error))
    except KeyboardInterrupt:
        return failed("it was interrupted", 130)


def say(text: str):
    print(f"\n\033[1m==> {text}\033[0m" if sys.stdout.isatty() else f"\n==> {text}", flush=True)


def demo() -> int:
    begun = time.monotonic()
    down()
    STATE.mkdir(parents=True, exist_ok=True)
    say("Starting two hypervisors and a storage server (the first time, their image is built)")
    lab = Lab.up(LAB, HOSTS)
    (STATE / "hosts.yml").write_text(lab.inventory(), encoding="utf-8")
    inventories = [STATE / "hosts.yml", HERE / "shares.yml"]
    environment, endpoint = platform()

    say("Preparing the site: the storage server's exports, OpenNebula's user on the hypervisors")
    if play(HERE / "prepare.yml", inventories).code:
        return failed("the site's preparation failed")

    runs: list[Run] = []
    for title in ("The main job: playbooks/site.yml", "The same once more: nothing is left to do"):
        say(title)
        calls_before = len(endpoint.calls()) if endpoint else 0
        run = play("playbooks/site.yml", inventories, environment)
        runs.append(run)
        if run.code:
            return failed("playbooks/site.yml failed")

    writes = [call for call in endpoint.calls()[calls_before:] if call["write"]] if endpoint else None
    print(summary(runs[0], runs[1], writes, time.monotonic() - begun))
    print(how_to_look())
    if runs[1].changes or writes:
        return failed("the second run was to change nothing")
    return 0


def play(playbook: str | Path, inventories: list[Path], environment: dict | None = None) -> Run:
    """The playbook's Run, shown while it happens; a task that takes long is no silence."""
    with Pulse(sys.stdout, lambda: "the task above is at work") as stream:
        return run_playbook(playbook, inventories=inventories, environment=environment, stream=stream)


def platform() -> tuple[dict, Endpoint | None]:
    """(environment of ansible-playbook, the built-in endpoint or None): a real server wins where one is named."""
    if os.environ.get("ONE_XMLRPC") and os.environ.get("ONE_AUTH"):
        say(f"Publishing to the OpenNebula server at {os.environ['ONE_XMLRPC']}; {SHARE} must exist on its front end")
        return {}, None
    say("Starting the OpenNebula endpoint (set ONE_XMLRPC and ONE_AUTH to publish to a server of your own)")
    endpoint = Endpoint(STATE, directories=[SHARE])
    (STATE / "endpoint.json").write_text(json.dumps({"pid": endpoint.pid, "url": endpoint.url}), encoding="utf-8")
    print(f"    {endpoint.url}, its calls are logged in {STATE.relative_to(ROOT)}/opennebula-calls.jsonl")
    return endpoint.environment, endpoint


def down() -> list[str]:
    """Stop the lab and the endpoint, also those of a demo that was killed; what there was of them."""
    ended = []
    if LAB in labs():
        Lab(LAB).down()
        ended.append("the hosts")
    saved = STATE / "endpoint.json"
    if saved.exists():
        pid = json.loads(saved.read_text(encoding="utf-8"))["pid"]
        if b"tests/simulators/opennebula.py" in command_line(pid):
            os.kill(pid, signal.SIGTERM)
            ended.append("the OpenNebula endpoint")
        saved.unlink()
    return ended


def command_line(pid: int) -> bytes:
    """The command a process runs, empty when there is none: a pid may have been given to another since."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def failed(reason: str, code: int = 1) -> int:
    """The exit code, after saying why and what is still up."""
    print(f"\nThe demo failed: {reason}", file=sys.stderr)
    if Lab(LAB).is_up():
        print(how_to_look(), file=sys.stderr)
    return code


def how_to_look() -> str:
    return f"""
The hosts stay up. To look around:
    python3 -m tests.lab ssh {LAB} hv1
    .venv/bin/ansible-playbook -i {(STATE / 'hosts.yml').relative_to(ROOT)} -i tests/demo/shares.yml playbooks/verify.yml
To stop them:
    make demo-down
"""


if __name__ == "__main__":
    sys.exit(main())
