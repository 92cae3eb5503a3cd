# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let guests that SELinux or AppArmor confines at the shares of a host. Where neither is on there is nothing to do."""

from .._host import bounded
from .._plan.plan import Plan, Refusal
from .._share import live
from . import apparmor, selinux


class Confinement:
    """The one pass over all shares of a host: C(plan) is what was done (or would be), C(problems) are sentences.

    shares: [{"path", "type", "source", "read_only"}]. patience: a live.Bounded. libvirt_planned: whether libvirt is not
    installed yet and will be. root: where this host's files are.
    """

    def __init__(self, shares, patience, check_mode, libvirt_planned=False, root="/"):
        self.shares = shares
        self.patience = patience
        self.check_mode = check_mode
        self.libvirt_planned = libvirt_planned
        self.root = root
        self.plan = Plan()
        self.problems = []

    def run(self):
        """What a module returns of it: {"selinux", "apparmor"}, each null where it is off."""
        return {"selinux": self._part("SELinux", self._selinux), "apparmor": self._part("AppArmor", self._apparmor)}

    def _part(self, name, function):
        try:
            return function()
        except Refusal as refusal:
            self.problems.append("%s: %s" % (self.patience.host, refusal))
        except OSError as error:
            self.problems.append("%s: %s: %s: %s" % (
                self.patience.host, name, error.filename or "its files", live.error_words(error)))
        return None

    def _selinux(self):
        state = selinux.read(self.root)
        if state is None:
            return None
        shares = [self._inspected(share) for share in self.shares]
        plan = selinux.plan(state, shares)
        # A permissive host denies nothing yet.
        (self.problems if state["enforcing"] else self.plan.warnings).extend(
            "%s: %s" % (self.patience.host, words) for words in plan.warnings)
        plan.warnings = []
        if not self.check_mode:
            plan = self._done(plan, {share["path"]: share for share in shares}, state["enforcing"])
            state = selinux.read(self.root)
        self.plan.add(plan)
        return {"enforcing": state["enforcing"],
                "booleans": {name: found["active"] for name, found in state["booleans"].items()},
                "labels": {share["path"]: share["label"] for share in shares if share["label"]}}

    def _inspected(self, share):
        """The share with its "mount" (None when it is not there), "boolean", "context" and "label"."""
        found = dict(share, mount=None, context=None, label=None)
        try:
            mount, entries = self.patience.visible(share["path"])
            if mount is not None and self.patience.declared_instead(share, mount, entries) is None:
                found.update(mount=mount, context=selinux.context_of(mount))
                if selinux.keeps_labels(mount):
                    found["label"] = self._label(share["path"], mount)
        except (live.NoAnswer, OSError, bounded.ChildFailed):
            # The work on the path itself meets the same, and says so.
            pass
        found["boolean"] = selinux.boolean_of(share.get("type"), found["mount"])
        return found

    def _label(self, path, mount, new=None):
        return self.patience.run(lambda: selinux.label(path, mount, new), path, mount)

    def _done(self, plan, shares, enforcing):
        """The part of a plan that worked; after the first failure at a share the rest of it is left out."""
        made = Plan([], plan.before, plan.after)
        for operation in plan.operations:
            key = operation.arguments["key"]
            if key not in made.after:
                continue
            words = self._do(operation, shares)
            if words is None:
                made.operations.append(operation)
            else:
                del made.before[key], made.after[key]
                (self.problems if enforcing else self.plan.warnings).append(
                    "%s: %s: %s" % (self.patience.host, operation.target, words))
        return made

    def _do(self, operation, shares):
        if operation.name == "selinux.booleans":
            return selinux.set_booleans(operation)
        if operation.name == "selinux.fcontext":
            words = selinux.record(operation)
            return words and "%s; or mount it with %s" % (words, selinux.CONTEXT_OPTION)
        share = shares[operation.target]
        try:
            share["label"] = self._label(share["path"], share["mount"], operation.arguments["label"])
        except (live.NoAnswer, OSError, bounded.ChildFailed) as error:
            return "its label cannot be set: %s" % (
                live.error_words(error) if isinstance(error, OSError) else error)
        return None

    def _apparmor(self):
        state = apparmor.read(self.root, self.libvirt_planned)
        if state is None:
            return None
        plan = apparmor.plan(state, self.shares)
        plan.warnings = ["%s: %s" % (self.patience.host, words) for words in plan.warnings]
        for operation in plan.operations if not self.check_mode else ():
            apparmor.apply(operation, self.root)
        self.plan.add(plan)
        state = apparmor.read(self.root, self.libvirt_planned)
        return {"file": "/" + (state["file"] or apparmor.LOCAL), "rules": apparmor.listed(state)}
