# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo ends with: where the share is mounted, who may write, whether it is proven, what the platform says."""

from __future__ import annotations

from tests.support.playbook import Run

WIDTH = 100


def summary(first: Run, second: Run, writes: list[dict] | None, seconds: float) -> str:
    """The text. first, second: the two runs of the main job; writes: the second's write calls, None for a real server."""
    parts = [
        heading("On the hypervisors"),
        *hypervisors(first),
        heading("On the platform, as read back"),
        *platform(first),
        heading("The second run"),
        f"  changed tasks: {len(second.changes)}" + ("" if writes is None else f"    write calls to the platform: {len(writes)}"),
        "",
        f"  done in {seconds:.0f} s",
    ]
    return "\n".join(parts)


def heading(title: str) -> str:
    return f"\n── {title} {'─' * (WIDTH - len(title) - 4)}"


def hypervisors(run: Run) -> list[str]:
    """One block per share, one line per host."""
    mounts = {host: by_path(result["mounts"]) for host, result in run.of("share_mounts").items()}
    access = {host: by_path(result["paths"]) for host, result in run.of("share_access").items()}
    daemons = run.facts("virtiofsd_result")
    proof = next(iter(run.facts("share_proof_result").values()))
    lines = [
        f"  {host}: virtiofsd {daemon['version']} ({daemon['implementation']}), {daemon['path']}"
        for host, daemon in sorted(daemons.items())
    ]
    for share in proof["shares"]:
        path = share["path"]
        lines += ["", f"  {path}    {share['state']} on {len(share['proven_hosts'])} of {len(share['expected_hosts'])} hosts"]
        for host in share["expected_hosts"]:
            seen = [other for other, same in share["hosts"][host]["sees"].items() if same]
            lines += [
                f"    {host:<8} ◀── {mounts[host][path]['source']} ({mounts[host][path]['fstype']})",
                f"             {who_may_write(access[host][path])}",
                f"             proof: reads the nonces of {', '.join(seen)}",
            ]
    return lines


def by_path(entries: list[dict]) -> dict[str, dict]:
    return {entry["path"]: entry for entry in entries}


def who_may_write(entry: dict) -> str:
    writers = [name for name, test in entry["writers"].items() if test["writes"]]
    return f"{entry['owner']}:{entry['group']} {entry['mode']}, written as {', '.join(writers) or 'nobody'}"


def platform(run: Run) -> list[str]:
    lines = []
    for result in run.of("one_datastores").values():
        for datastore in result["datastores"]:
            lines.append(
                f"  datastore {datastore['id']} {datastore['name']}: {datastore['type']}, ds_mad {datastore['ds_mad']}, "
                f"tm_mad {datastore['tm_mad']}, disk type {datastore['disk_type']}, {datastore['state']}"
            )
    for result in run.of("one_filesystem_images").values():
        for image in result["filesystems"]:
            lines.append(
                f"  image {image['id']} {image['name']}: {image['path']} in {image['datastore']}, "
                f"tag {image.get('mount_tag', '-')}, {image['state']}"
            )
    return lines
