# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One proof over simulated hosts, in a mount namespace of its own: DIRECTORY HOSTS SHARES; prints one line of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.virtshare.storage.plugins.module_utils._proof import matrix, probe

from tests.bench.playbooks import timed

RUN = "bench0000000000000000"
HERE = Path(__file__).resolve().parent


def main():
    directory, hosts, shares = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    names = [f"host{number:03}" for number in range(hosts)]
    declared = [{"path": str(path), "type": "local"} for path in mounted(directory, shares)]
    # What the hosts remember of the shares ends with the namespace, too.
    subprocess.run(["mount", "-t", "tmpfs", "none", "/var/lib"], check=True)
    whole = whole_role(directory, names, declared)
    results, milliseconds = by_hand(names, declared)
    begun = time.perf_counter()
    judgement = matrix.judge(results, declared, names, allow_same_machine=True)
    compared = (time.perf_counter() - begun) * 1000
    if not judgement["proven"]:
        sys.exit(judgement["words"])
    print(json.dumps({"whole_s": whole, "host_ms": milliseconds / hosts, "controller_ms": compared}))


def mounted(directory: Path, count: int) -> list[Path]:
    """Mount points of so many filesystems in memory; they end with the namespace."""
    paths = [directory / f"share{number}" for number in range(count)]
    for path in paths:
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", path], check=True)
    return paths


def whole_role(directory: Path, names: list[str], declared: list[dict]) -> float:
    """Seconds of the role; it fails by itself when a share is not proven on all hosts."""
    inventory = directory / "hosts.json"
    inventory.write_text(json.dumps({"simulated": {
        "hosts": {name: {} for name in names},
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable,
                 "share_proof_shares": declared, "share_proof_allow_same_machine": True},
    }}), encoding="utf-8")
    return timed(HERE / "proof.yml", inventories=[inventory]).seconds


def by_hand(names: list[str], declared: list[dict]) -> tuple[dict, float]:
    """What all hosts report, and the milliseconds that all of them took, without Ansible and one after the other."""
    results = {name: {} for name in names}
    begun = time.perf_counter()
    for phase in ("write", "read"):
        for name in names:
            results[name][phase] = probe.run(
                {"phase": phase, "run_id": RUN, "host": name, "hosts": names, "shares": declared, "directories": [],
                 "timeout": 30}, False)
    return results, (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
