# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan all shares of a host, each after those that it depends on.

A share of type local may bind a directory of another declared share. When that one gets a new mount, the bind has to go
with the old one and be made from the new one; when that one fails, so does the bind. So what is released is planned first,
binds before what they are bound from, and then what is mounted, the other way round.
"""

import collections

from .._host import machine
from .._plan.plan import Refusal
from .._share.types import registry
from . import dependencies, undeclared
from .order import futile, whole
from .plan import plan_removal, plan_share


class Work:
    """What is planned for the shares of a host, and what went wrong with which: {path: …} each."""

    def __init__(self, host):
        self.host = host
        self.shares = []
        self.types = {}
        self.plans = collections.OrderedDict()
        self.errors = {}
        self.warnings = []
        self.outer = {}
        self._selinux = machine.has_selinux()

    def missing_programs(self, shares):
        """The types of the shares to be mounted whose mount program is not on the host, sorted."""
        types = set()
        for share in shares:
            share_type = registry.of(share)
            if share["state"] == "mounted" and share_type.managed(share) and self.host.helper_missing(share_type):
                types.add(share["type"])
        return sorted(types)

    def plan_all(self, shares, allow_hidden_files, purge, prefix, check_mode=False):
        """Plan declared and undeclared shares; returns [(Candidate, Found, whether it is to be removed)] of the latter."""
        known = [self._take(share) for share in shares]
        self._know_accounts(known, check_mode)
        self.outer = dependencies.outer_shares(known, self._real_sources(known))
        self.host.declare(known, self.outer)
        released = [share for share in known if share["state"] != "mounted"]
        for level in reversed(dependencies.levels(released, self.outer)):
            self._plan_level(level, allow_hidden_files)
        left = self._plan_undeclared([share["path"] for share in shares], purge, prefix)
        for level in dependencies.levels([share for share in known if share["state"] == "mounted"], self.outer):
            self._plan_level(level, allow_hidden_files)
        order = [share["path"] for share in self.shares]
        self.plans = collections.OrderedDict((path, self.plans[path]) for path in order if path in self.plans)
        return left

    def whole(self):
        """The Plan of all that can be done."""
        refused = futile(self.plans)
        for path, why in refused.items():
            self._withdraw(path, why)
        return whole(self.plans.values(), self.host.systemd_lags(), self.host.dead_servers,
                     {share["path"]: dependencies.depth(share["path"], self.outer) for share in self.shares})

    def _take(self, share):
        """The share as it is planned with: it knows the numbers of the accounts it names, and whether the host has SELinux."""
        share_type = self.types[share["path"]] = registry.of(share)
        share = dict(share, numbers=self.host.numbers(*share_type.accounts(share)), selinux=self._selinux)
        self.shares.append(share)
        return share

    def _know_accounts(self, shares, check_mode):
        for share in shares:
            unknown = share["numbers"]["unknown"] if share["state"] == "mounted" else []
            if unknown and check_mode:
                # The packages of the same run may bring it.
                self.warnings.append(_unknown_words(share, unknown, "yet"))
            elif unknown:
                self.errors[share["path"]] = _unknown_words(share, unknown)

    def _real_sources(self, shares):
        """See Host.real_sources(); those that are in another share as they are written need not be looked at."""
        written = dependencies.outer_shares(shares, {})
        return self.host.real_sources([share for share in shares if self.types[share["path"]].binds and share["source"]
                                       and share["path"] not in written])

    def _plan_level(self, level, allow_hidden_files):
        """Plan shares that do not depend on each other."""
        ready = []
        for share in level:
            why = self.errors.get(share["path"]) or self._outer_trouble(share)
            if why:
                self.errors[share["path"]] = why
                self._keep_outer(share["path"])
            else:
                ready.append(share)
        found, problems = self.host.find(ready, self.types, self._moving())
        self.errors.update(problems)
        for path in problems:
            self._keep_outer(path)
        for share in ready:
            if share["path"] in found:
                self._plan(plan_share, share, found[share["path"]], allow_hidden_files)

    def _outer_trouble(self, share):
        """Why a share cannot be bound from the one its source is in, or None."""
        outer = self.outer.get(share["path"])
        if outer is None or share["state"] != "mounted":
            return None
        state = [each["state"] for each in self.shares if each["path"] == outer][0]
        if state != "mounted":
            return ("%s: its source %s is in the share %s, which is declared %s. Declare that one mounted, or take "
                    "this one away as well. Nothing was changed for this share." % (
                        share["path"], share["source"], outer, state))
        if outer in self.errors:
            return ("%s: its source %s is in the share %s, which failed (see there). Nothing was changed for this "
                    "share." % (share["path"], share["source"], outer))
        return None

    def _moving(self):
        """The paths of the shares that get another mount."""
        return {path for path, plan in self.plans.items() if plan.has("unmount", "mount")}

    def _plan_undeclared(self, declared, purge, prefix):
        result = [(candidate, found, undeclared.removable(candidate, purge, prefix))
                  for candidate, found in self.host.undeclared(declared, prefix)]
        going = [self._take(candidate.share) for candidate, dummy, removed in result if removed]
        found_of = {candidate.share["path"]: found for candidate, found, dummy in result}
        self.outer.update(dependencies.outer_shares(going, {}))
        for level in reversed(dependencies.levels(going, self.outer)):
            for share in level:
                self._plan(plan_removal, share, found_of[share["path"]])
        return result

    def _plan(self, planner, share, found, *settings):
        path = share["path"]
        try:
            plan = planner(share, self.types[path], found, self._in_use, *settings)
            self._try(share, found, plan)
            self.plans[path] = plan
        except Refusal as refusal:
            self.errors[path] = str(refusal)
            self._keep_outer(path)

    def _in_use(self, path, mount):
        """What uses a mount, but for the mounts that this run takes away as well."""
        gone = [other for other, plan in self.plans.items() if plan.has("unmount")]
        bound = [share["path"] for share in self.shares if share["state"] == "mounted"
                 and path in dependencies.chain(share["path"], self.outer)]
        mounted = [share for share in self.shares if share["path"] == path and share["state"] == "mounted"]
        return self.host.in_use(path, mount, gone + (bound if mounted else []))

    def _try(self, share, found, plan):
        """Refuse to release a working mount for one that cannot be made."""
        if plan.has("mount") and (found.stack or found.trap) and self.types[share["path"]].remote:
            why = self.host.cannot_be_mounted(share, self.types[share["path"]], found.evidence)
            if why:
                raise Refusal("%s: %s. What is mounted there stays. Nothing was changed for this share."
                              % (share["path"], why.rstrip(".")))

    def _keep_outer(self, path):
        """A bind that stays keeps what it is bound from: else it would show the old one under the name of the new one."""
        outer = self.outer.get(path)
        plan = self.plans.get(outer)
        if plan is None or not plan.has("unmount"):
            return
        self._withdraw(outer, "%s: the mount there has to go, but the share %s, which is bound from it, cannot "
                              "(see there). Nothing was changed for this share." % (outer, path))
        self._keep_outer(outer)

    def _withdraw(self, path, why):
        """Do nothing for a share, nor for those that are bound from it."""
        self.plans.pop(path, None)
        self.errors[path] = why
        for share in self.shares:
            if share["path"] in self.plans and self.outer.get(share["path"]) == path and share["state"] == "mounted":
                self._withdraw(share["path"], self._outer_trouble(share))


def _unknown_words(share, unknown, yet=None):
    """That a share's options name accounts which its host does not have: mount(8) and its helpers say it in no such words."""
    return ("%s: the %s %s not exist%s. Create it, with the same number on all hosts, or name one that "
            "exists (access.owner, access.group, or the options uid and gid).%s" % (
                share["path"], " and the ".join(unknown), "does" if len(unknown) == 1 else "do",
                " yet" if yet else "", "" if yet else " Nothing was changed for this share."))
