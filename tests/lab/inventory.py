# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a lab's hosts: options for ssh, and an inventory for Ansible."""

import json
import pathlib
import shlex

# By the first word of a flavour.
GROUPS = {"hypervisor": "hypervisors", "storage": "storage"}


def ssh_options(lab: pathlib.Path, runtime: pathlib.Path) -> list[str]:
    """Options that make ssh use this lab's keys and shared connections, and nothing of the person's own settings."""
    settings = {
        "User": "root",
        "IdentityFile": lab / "id_ed25519",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        "UserKnownHostsFile": lab / "known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "GSSAPIAuthentication": "no",
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        # One socket a host, named so that it can be closed when the host is switched off.
        "ControlPath": runtime / "%h-%p",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "10",
        "ServerAliveCountMax": "3",
        "LogLevel": "ERROR",
    }
    options = ["-F", "none"]
    for name, value in settings.items():
        options += ["-o", f"{name}={value}"]
    return options


def inventory(description: dict, lab: pathlib.Path, runtime: pathlib.Path, endpoint) -> dict:
    """Ansible's inventory of the lab as data; `endpoint(host)` gives (address, port)."""
    groups: dict = {group: {} for group in GROUPS.values()}
    everyone = {}
    for host in description["hosts"]:
        address, port = endpoint(host)
        everyone[host["name"]] = {"ansible_host": address, "ansible_port": port}
        groups[GROUPS[host["flavour"].partition("-")[0]]][host["name"]] = {}
    return {"all": {"children": {
        # A group of the lab's own, so that the inventories of two labs can be used together.
        f"lab_{description['name'].replace('-', '_')}": {
            "hosts": everyone,
            "vars": {
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(lab / "id_ed25519"),
                # In place of Ansible's own arguments, whose compression only costs here.
                "ansible_ssh_args": shlex.join(ssh_options(lab, runtime)),
                "ansible_pipelining": True,
                "ansible_python_interpreter": "/usr/bin/python3",
            },
        },
        **{group: {"hosts": members} for group, members in groups.items() if members},
    }}}


def as_yaml(value, indent: str = "") -> str:
    """YAML of nested mappings with plain keys; scalars as JSON, which YAML contains."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            lines.append(f"{indent}{key}:\n{as_yaml(inner, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {json.dumps(inner)}\n")
    return "".join(lines)
