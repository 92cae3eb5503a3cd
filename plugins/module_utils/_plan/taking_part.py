# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hypervisors count: those that are expected, without those that are left out on purpose. Pure.

A slice of an AWX job, and a job while a host is disabled, have an inventory without the other hosts, and nothing else says
so. Variables of the inventory are all there: a list in them is the only thing that tells who is missing.
"""

import difflib
import re

EXPECTED = "virtshare_expected_hypervisors"
MAINTENANCE = "virtshare_maintenance"
# What tells hosts with otherwise equal names apart: digits, and letters that stand alone.
_NUMBERING = re.compile(r"[0-9]|(?<![a-z])[a-z](?![a-z])")


class Job:
    """What the variables of AWX tell of the job that runs this. variables: {name: value}."""

    def __init__(self, variables):
        self.name = self._first(variables, "job_template_name")
        # Nothing else tells a slice: AWX runs slices as a workflow that is called as their job template.
        self.is_slice = bool(self.name) and self._first(variables, "workflow_job_name") == self.name
        # Its inventory leaves disabled hosts out.
        self.of_awx = self._first(variables, "job_id") is not None

    @staticmethod
    def _first(variables, name):
        return next((variables[prefix + name] for prefix in ("awx_", "tower_") if variables.get(prefix + name)), None)


VARIABLES = tuple(prefix + name for prefix in ("awx_", "tower_")
                  for name in ("job_template_name", "workflow_job_name", "job_id"))


def listed_names(names):
    """Names as a list. The answer of a survey is one text, whose names are split by commas, blanks or lines, or a list of YAML."""
    found = []
    for text in names or ():
        for word in re.split(r"[\s,;]+", text):
            name = word.strip("[]\"'")
            if name not in ("", "-") and name not in found:
                found.append(name)
    return found


def counted(group, expected, maintenance):
    """The hosts that have to take part: the expected ones, else those of the group, without those in maintenance."""
    return [host for host in expected or group if host not in maintenance]


def problems(group, inventory, running, expected, maintenance, job):
    """Sentences about lists and hosts with which a run would prove less than it says, or do nothing.

    group: the hypervisors that the inventory has. inventory: all its hosts. running: those of this run.
    expected, maintenance: the lists, empty where none is written. job: a Job.
    """
    found = []
    if job.is_slice and not expected:
        here = [host for host in group if host in running]
        found.append(
            "This job is one slice of %d %s (%s); it is not told which hosts the other slices have, so it can neither prove nor "
            "prepare anything for all of them. Write the names of all hypervisors as %s into the variables of the "
            "inventory, or give the job template one slice. If it has one, call the workflow other than the job template: "
            "both are '%s'." % (len(here), "host" if len(here) == 1 else "hosts", ", ".join(here), EXPECTED, job.name))
    for variable, unknown, candidates in _unknown(group, inventory, expected, maintenance):
        found.extend(filter(None, (_mistaken(variable, name, candidates, job) for name in unknown)))
    if not found and not [host for host in group if host in running and host not in maintenance]:
        left = [host for host in group if host in running]
        found.append("%s, so that nothing would be done. %s" % (
            ("all hosts of this run (%s) are in %s" % (", ".join(left), MAINTENANCE), "Take at least one out of that list.") if left else
            ("no hypervisor (%s) is in this run" % _short(group), "Correct --limit.")))
    return found


def warnings(group, inventory, expected, maintenance, job):
    """Sentences about names that only a job of AWX may have: its inventory is without the hosts that are disabled there.

    The arguments are those of problems().
    """
    found = []
    for variable, unknown, candidates in _unknown(group, inventory, expected, maintenance) if job.of_awx else ():
        # A slice has few of the expected hosts.
        names = [] if variable == EXPECTED and job.is_slice else [
            name for name in unknown if not _mistaken(variable, name, candidates, job)]
        if names:
            found.append("%s names %s, which the inventory of this job does not know: %s disabled in AWX, or misspelt. A host that "
                         "is meant by a misspelt name is %s. The inventory knows %s." % (
                             variable, ", ".join(names), "it is" if len(names) == 1 else "they are",
                             "not left out" if variable == MAINTENANCE else "not expected", _short(group)))
    return found


def _unknown(group, inventory, expected, maintenance):
    """(variable, its names that the inventory does not know, what they may be meant for) of each list."""
    known = list(inventory) + [host for host in expected if host not in inventory]
    return ((EXPECTED, [host for host in expected if host not in maintenance and host not in inventory],
             [host for host in group if host not in expected]),
            (MAINTENANCE, [host for host in maintenance if host not in known], [host for host in known if host not in maintenance]))


def _mistaken(variable, name, candidates, job):
    """A sentence about a name that is refused; None for one that may be that of a host which is disabled in AWX."""
    alike = [host for host in candidates if _numbering(host) == _numbering(name)]
    near = difflib.get_close_matches(name, alike, 1, 0.8 if job.of_awx else 0.6)
    start = "%s names %s, which the inventory does not know." % (variable, name)
    if near:
        return "%s Write %s." % (start, near[0])
    if job.of_awx:
        return None
    near = difflib.get_close_matches(name, candidates, 1, 0.6)
    if near:
        return "%s Write %s. If another host is meant, which is gone, take the name out." % (start, near[0])
    return "%s Correct the name, or take it out." % start


def _numbering(name):
    return _NUMBERING.findall(name.lower())


def _short(names):
    return ", ".join(names[:5]) + (" and %d more" % (len(names) - 5) if len(names) > 5 else "")


def why_missing(host, inventory, job):
    """Why an expected host that the inventory does not know took no part; None for one that it knows."""
    if host in inventory:
        return None
    if job.is_slice:
        return "it is in another slice of this job, or disabled; a proof for all needs a job with one slice"
    return "it is not in the inventory of this job: in AWX it is disabled; put it into %s to leave it out on purpose" % MAINTENANCE


def left_out(maintenance):
    """A list with one line about hosts that are left out on purpose, empty where none is."""
    return ["left out on purpose (%s): %s" % (MAINTENANCE, ", ".join(maintenance))] if maintenance else []
