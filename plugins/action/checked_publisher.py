# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse a run that would publish nothing, or something proven for one slice of a job, and call that success."""

from ansible.inventory.manager import split_host_pattern
from ansible.plugins.loader import lookup_loader

from ..module_utils._plan.plan import refuse
from ..module_utils._plan.taking_part import EXPECTED
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """checked_publisher, see its documentation."""

    WHERE = "with what is to be published. Nothing is published"
    ARGUMENTS = dict(
        publisher=dict(type="str", required=True),
        declared=dict(type="dict", required=True),
    )

    def run(self, tmp=None, task_vars=None):
        self._task_vars = task_vars
        return super().run(tmp, task_vars)

    def work(self, arguments, hosts):
        publishers = self._matching([arguments["publisher"]])
        # Where it is the publisher's own variable, no other host has it.
        what = sorted(name for name, here in arguments["declared"].items()
                      if here or any(hosts.variable(host, name) for host in publishers))
        if not what:
            return {}
        start = "%s %s to be published" % (" and ".join(what), "is" if len(what) == 1 else "are")
        problems = []
        if not publishers:
            problems.append("%s, but virtshare_publisher is '%s', which matches no host of the inventory. Correct the name, or "
                            "add the host." % (start, arguments["publisher"]))
        job = hosts.job()
        if job.is_slice:
            problems.append("%s, but this job is one slice of '%s', and no slice knows what the others find. Publish with a job "
                            "template that has one slice; %s lets a slice mount and give access, no more."
                            % (start, job.name, EXPECTED))
        limited = self._matching(_patterns(hosts.limit)) if hosts.limit else []
        if publishers and hosts.limit and not set(publishers) & set(limited):
            problems.append("%s, but --limit %s leaves out %s, which publishes. Write --limit '%s', or run mount.yml and "
                            "verify.yml with the limit, which publish nothing."
                            % (start, hosts.limit, arguments["publisher"],
                               self._with_publisher(hosts.limit, limited, arguments["publisher"], publishers)))
        refuse(problems)
        return {}

    def _with_publisher(self, limit, limited, publisher, publishers):
        """A limit to the same hosts and those that publish.

        One more pattern need not do that where the limit excludes (!) or intersects (&), and never does beside a colon.
        """
        wider, hosts = "%s,%s" % (limit, publisher), limited + publishers
        simple = not any(pattern.startswith(("!", "&")) for pattern in _patterns(limit))
        return wider if simple and set(self._matching(_patterns(wider))) == set(hosts) else ",".join(hosts)

    def _matching(self, patterns):
        """The names of all hosts of the inventory that patterns match, whatever --limit says."""
        lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        return lookup.run(patterns, variables=self._task_vars)


def _patterns(limit):
    """The patterns of a --limit, one of which may be a file of patterns."""
    found = []
    for part in split_host_pattern(limit):
        if part.startswith("@"):
            with open(part[1:], encoding="utf-8") as source:
                found.extend(line.strip() for line in source if line.strip())
        else:
            found.append(part)
    # Ansible takes each as it is, where the lookup would split it at colons: hv1:hv2 is no host, beside a comma or in a file.
    return [pattern for pattern in found if split_host_pattern(pattern) == [pattern]]
