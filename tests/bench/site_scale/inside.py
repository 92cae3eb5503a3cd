# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One converged site, in namespaces of its own: DIRECTORY IMAGE HOSTS SHARES; prints one line of JSON."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from tests.bench.playbooks import timed
from tests.bench.results import BenchFailed
from tests.bench.site_scale.hosts import SHARED, Hosts
from tests.support.endpoint import Endpoint
from tests.support.playbook import ROOT

SITE = ROOT / "playbooks/site.yml"
SHARE_ROOT = "/srv/shares"
ACCESS = {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"]}


def main():
    directory, image, count, shares = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    hosts = Hosts(directory, image, count)
    names = [f"share{number}" for number in range(shares)]
    for name in names:
        (hosts.shared / name).mkdir()
    inventory = directory / "hosts.json"
    inventory.write_text(json.dumps({
        **hosts.inventory(),
        "publisher": {"hosts": {"frontend": {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable}}},
        "all": {"vars": declared(names)},
    }), encoding="utf-8")
    endpoint = Endpoint(directory, directories=[f"{SHARE_ROOT}/{name}" for name in names])
    try:
        print(json.dumps(measured(inventory, endpoint.environment)))
    finally:
        endpoint.stop()


def declared(names: list[str]) -> dict:
    """The shares, and what is published of them."""
    return {
        "virtiofsd_install": False,
        "virtshare_publisher": "frontend",
        "virtshare_shares": [
            {"path": f"{SHARE_ROOT}/{name}", "type": "local", "source": f"{SHARED}/{name}", "access": ACCESS}
            for name in names
        ],
        "opennebula_storage_datastores": [
            {"name": name, "type": "image", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": [SHARE_ROOT]}
            for name in names
        ],
        "opennebula_storage_filesystems": [
            {"name": name, "datastore": name, "path": f"{SHARE_ROOT}/{name}", "mount_tag": name} for name in names
        ],
    }


def measured(inventory: Path, environment: dict) -> dict:
    """The second of two plays; the first does what there is to do and opens the connections."""
    timed(SITE, inventories=[inventory], environment=environment)
    play = timed(SITE, inventories=[inventory], environment=environment)
    if play.run.changes:
        raise BenchFailed(f"the second run is not without change: {play.run.changes}")
    # Of all processes that have ended the largest is one of Ansible's: the hosts' are still running.
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"whole_s": play.seconds, "memory_mib": memory}


if __name__ == "__main__":
    main()
