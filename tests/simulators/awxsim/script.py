# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory as a job gets it: disabled hosts and those of other slices are in no group."""

import re

from .errors import Refused
from .variables import parsed


def script(world, inventory, asked):
    """The document of /script/; asked: what the query says."""
    hosts = sorted((host for host in world.all("host", inventory=inventory.id) if host.get("enabled")),
                   key=lambda host: host.get("name"))
    subset = asked.get("subset")
    if subset:
        match = re.fullmatch(r"slice(\d+)of(\d+)", subset)
        if not match:
            raise Refused(400, {"detail": 'Subset does not use any supported syntax.'})
        number, count = int(match.group(1)), int(match.group(2))
        if not number or number > count:
            raise Refused(400, {"detail": "Slice number must be 1 or greater, and no larger than the number of slices."})
        hosts = hosts[number - 1::count]
    if asked.get("host"):
        return next((parsed(host.get("variables")) for host in hosts if host.get("name") == asked["host"]), {})
    document: dict = {"all": {"hosts": [], "children": []}}
    variables = parsed(inventory.get("variables"))
    if variables:
        document["all"]["vars"] = variables
    there = {host.id: host.get("name") for host in hosts}
    groups = sorted(world.all("group", inventory=inventory.id), key=lambda group: group.get("name"))
    children = {number for group in groups for number in group.linked("children")}
    grouped = set()
    for group in groups:
        members = [there[number] for number in group.linked("hosts") if number in there]
        grouped.update(members)
        found: dict = {"hosts": sorted(members)} if members else {}
        if group.linked("children"):
            found["children"] = sorted(world.one("group", number).get("name") for number in group.linked("children"))
        own = parsed(group.get("variables"))
        if own:
            found["vars"] = own
        if found:
            document[group.get("name")] = found
        if group.id not in children:
            document["all"]["children"].append(group.get("name"))
    document["all"]["hosts"] = sorted(set(there.values()) - grouped)
    if asked.get("hostvars") in ("1", "true", "True"):
        document["_meta"] = {"hostvars": {host.get("name"): _variables(host, asked) for host in hosts}}
    return document


def _variables(host, asked):
    found = parsed(host.get("variables"))
    if asked.get("towervars") in ("1", "true", "True"):
        for name in ("tower", "host"):
            found.update({"remote_%s_enabled" % name: "true", "remote_%s_id" % name: host.id})
    return found
