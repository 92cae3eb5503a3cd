# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hypervisors count: those that are expected, without those that are left out on purpose. Pure.

A slice of an AWX job, and a job while a host is disabled, have an inventory without the other hosts, and nothing else says
so. Variables of the inventory are all there: a list in them is the only thing that tells who is missing.
"""

import difflib

EXPECTED = "virtshare_expected_hypervisors"
MAINTENANCE = "virtshare_maintenance"


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
    """Names as a list: the answer of a survey is a text with commas."""
    return [name.strip() for name in names or () if name.strip()]


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
    known = list(inventory)
    found.extend(_unknown(EXPECTED, [host for host in expected if host not in maintenance], known,
                          [host for host in group if host not in expected], job))
    known += [host for host in expected if host not in known]
    found.extend(_unknown(MAINTENANCE, maintenance, known, [host for host in known if host not in maintenance], job))
    if not found and not [host for host in group if host in running and host not in maintenance]:
        left = [host for host in group if host in running]
        found.append("%s, so that nothing would be done. %s" % (
            ("all hosts of this run (%s) are in %s" % (", ".join(left), MAINTENANCE), "Take at least one out of that list.") if left else
            ("no hypervisor (%s) is in this run" % _short(group), "Correct --limit.")))
    return found


def _unknown(variable, names, known, candidates, job):
    """Sentences about names of a list that the inventory does not know. One that is near to none may be disabled in AWX."""
    found = []
    for name in names:
        if name in known:
            continue
        near = difflib.get_close_matches(name, candidates, 1, 0.8 if job.of_awx else 0.6)
        if near:
            found.append("%s names %s, which the inventory does not know. Write %s." % (variable, name, near[0]))
        elif not job.of_awx:
            found.append("%s names %s, which the inventory does not know. Correct the name, or take it out." % (variable, name))
    return found


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
