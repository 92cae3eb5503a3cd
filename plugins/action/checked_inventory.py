# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse an inventory with which a run would do nothing and call that success."""

import difflib
import pathlib

from ..module_utils._plan import taking_part
from ..module_utils._plan.plan import Refusal, refuse
from ..plugin_utils._action import ControllerAction, each_once

ROLES = pathlib.Path(__file__).parents[2] / "roles"
# Those of the playbooks. Those of a role are in its argument_specs.yml.
PLAYBOOK_VARIABLES = (taking_part.EXPECTED, "virtshare_hypervisors", taking_part.MAINTENANCE, "virtshare_publisher",
                      "virtshare_shares")
# What the playbooks take where virtshare_hypervisors is not set.
_GROUP = "hypervisors"
_PUBLISHER = "localhost"
# What roles set themselves, and a cache of facts may have kept.
# share_proof_summary is an artifact that AWX gives to the next jobs of a workflow.
_FACTS = ("flexvdi_storage_requirements", "share_mounts_directories_result", "share_proof_summary", "virtiofsd_accounts")
_PUBLISHED = ("opennebula_storage_", "flexvdi_storage_")


class ActionModule(ControllerAction):
    """checked_inventory, see its documentation."""

    WHERE = "with the inventory"
    ARGUMENTS = dict(
        hosts=dict(type="list", elements="str", required=True),
        pattern=dict(type="str", required=True),
        expected=dict(type="list", elements="str", default=[]),
        maintenance=dict(type="list", elements="str", default=[]),
        publisher=dict(type="str", default=_PUBLISHER),
        earlier=dict(type="dict", default={}),
    )

    def work(self, arguments, hosts):
        if arguments["earlier"].get("expected"):
            return arguments["earlier"]
        expected, maintenance = (taking_part.listed_names(arguments[name]) for name in ("expected", "maintenance"))
        found = {"expected": taking_part.counted(arguments["hosts"], expected, maintenance), "maintenance": maintenance,
                 "left_out": [host for host in arguments["hosts"] if host in maintenance]}
        warnings = _unselected(set(hosts.run_tags), set(self._task.tags) - {"always"})
        if warnings:
            return dict(found, warnings=warnings)
        self._refuse_no_hosts(arguments)
        job = hosts.job()
        refuse(taking_part.problems(arguments["hosts"], hosts.inventory, hosts.everyone, expected, maintenance, job))
        uncertain = taking_part.warnings(arguments["hosts"], hosts.inventory, expected, maintenance, job)
        options = {role.name: self._options(role) for role in sorted(ROLES.iterdir()) if role.is_dir()}
        names = {host: hosts.names(host) for host in arguments["hosts"]}
        problems, warnings = {}, {}
        for host, given in names.items():
            problems[host], warnings[host] = misspelt(given, options)
        problems = each_once(problems)
        lists = [name for role in options for name, kind in options[role].items() if _declares(role, name, kind)]
        if not problems and not any(
                name in given for name in ("virtshare_shares", *lists) for given in (*names.values(), hosts.own)):
            problems.append("nothing is declared for the hosts of %s: neither shares in virtshare_shares, nor anything to "
                            "be published. If nothing is meant, write virtshare_shares: []." % arguments["pattern"])
        refuse(problems)
        return dict(found, warnings=uncertain + each_once(warnings))

    def _refuse_no_hosts(self, arguments):
        pattern = arguments["pattern"]
        if not arguments["hosts"]:
            raise Refusal("no host is in %s, so that nothing would be done. Put the hypervisors into that group of the "
                          "inventory, or name their group in virtshare_hypervisors. A smart inventory of AWX has no groups: "
                          "use another kind." % pattern)
        for name, value, usual in (("virtshare_hypervisors", pattern, _GROUP),
                                   ("virtshare_publisher", arguments["publisher"], _PUBLISHER)):
            # The play names what it was made with.
            if value != usual and value not in self._task.get_play().hosts:
                raise Refusal("%s is '%s' in the inventory, and Ansible chooses the hosts of a play before it reads that. "
                              "Give it as an extra variable, or to the import_playbook." % (name, value))

    def _options(self, role):
        """{name of an option: its type} of a role."""
        specs = self._loader.load_from_file(str(role / "meta/argument_specs.yml"))["argument_specs"]
        return {name: option["type"] for entry in specs.values() for name, option in (entry.get("options") or {}).items()}


def misspelt(given, options):
    """(problems, warnings) about names of variables that look like ours, and are not.

    given: all names that a host has. options: {role: names of its options}. One that is near to a name of ours which the
    host does not have was meant as that; another one may be the user's own.
    """
    known = {*PLAYBOOK_VARIABLES, *_FACTS, *("%s_result" % role for role in options), *(
        name for names in options.values() for name in names)}
    problems, warnings = [], []
    for name in sorted(set(given) - known):
        if not name.startswith(("virtshare_", *("%s_" % role for role in options))):
            continue
        near = difflib.get_close_matches(name, sorted(known), 1, 0.8)
        if near and near[0] not in given:
            problems.append("the variable %s is not known here. Write %s." % (name, near[0]))
        elif near:
            warnings.append("the variable %s is not known here and has no effect; %s is, and is set too." % (name, near[0]))
        else:
            warnings.append("the variable %s is not known here and has no effect. Give variables of your own another "
                            "beginning than those of this collection." % name)
    return problems, warnings


def _declares(role, name, kind):
    """Whether an option of a role is a list of what is to be there."""
    return name == "%s_shares" % role or name == "ocfs2_cluster_filesystems" or (
        kind == "list" and name.startswith(_PUBLISHED) and not name.endswith(("_maintenance", "_paths", "_proofs", "_users")))


def _unselected(run, own):
    """A warning when --tags selects nothing but this task. run: what was asked for; own: the tags of our plays."""
    if not run or run & {"all", "untagged"} or run & own:
        return []
    return ["--tags %s selects nothing of this playbook: its tasks have no tags. Run it without, or give the "
            "import_playbook this tag." % ",".join(sorted(run))]
