# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module share_access does: all paths of a host in one go, each on its own, all errors at the end."""

import os

from .._host import accounts, bounded
from .._plan.outcome import Outcome
from .._plan.plan import Plan, Refusal, refuse
from .._share import live
from .._share.declaration import SHARE_SPEC_WITHOUT_CREDENTIALS, checked
from .._share.paths import place_trouble
from .._share.types import registry
from . import acl, confinement, declared, named_accounts, ownership, permissions, write_test

ARGUMENT_SPEC = dict(
    shares=dict(type="list", elements="dict", required=True, options=SHARE_SPEC_WITHOUT_CREDENTIALS),
    # What is declared is text, as it is in shares: type path would fill in variables of the host's environment.
    set=dict(type="list", elements="str"),
    verify=dict(type="list", elements="str"),
    directories=dict(type="list", elements="dict", default=[], options=dict(
        path=dict(type="str", required=True),
        writers=dict(type="list", elements="str", default=[]),
    )),
    confinement=dict(type="bool", default=False),
    expected_accounts=dict(type="list", elements="str", default=[]),
    host=dict(type="str"),
    timeout=dict(type="float", default=30.0),
)


def work(params, check_mode):
    """The Outcome of share_access: accounts, pending_accounts, confinement, paths."""
    host = params["host"] or os.uname().nodename
    patience = live.Bounded(params["timeout"], host)
    outcome = Outcome(Plan(), {"accounts": {}, "pending_accounts": [], "confinement": None, "paths": []})
    with outcome.collect():
        shares, entries, problems = _meant(params)
        refuse(["%s: %s" % (host, problem) for problem in problems])
        known = accounts.ask(*named_accounts.wanted(entries), patience)
        desired, unmeant, pending = resolve(entries, known, host, params["expected_accounts"] if check_mode else ())
        outcome.problems.extend(unmeant)
        outcome.result.update(accounts=known, pending_accounts=pending)
        # With a problem nothing has been touched yet, and nothing is.
        if not outcome.problems:
            if params["confinement"]:
                _confine(shares, check_mode, outcome, patience)
            _grant(entries, check_mode, outcome, desired, patience)
    outcome.warnings = outcome.plan.warnings
    return outcome


def _meant(params):
    """(the shares to be mounted, the entries to work on, problems): an entry is a share or a directory inside one.

    An entry: {"path", "type", "source", "read_only", "owner", "group", "mode", "acl", "writers", "apply" (whether this
    host sets what differs), "require_mount"}.
    """
    normal, problems = checked(params["shares"], credentials=False)
    if problems:
        return [], [], problems
    shares = declared.entries(normal)
    to_set, to_verify = params["set"], params["verify"] or []
    if to_set is None:
        to_set = [share["path"] for share in shares if share["path"] not in to_verify]
    known = [share["path"] for share in normal]
    problems = ["%s names %s, which is the path of no share. Write one of shares." % (option, path)
                for option, paths in (("set", to_set), ("verify", to_verify)) for path in paths if path not in known]
    entries = [dict(share, apply=share["path"] in to_set, require_mount=True) for share in shares
               if share["path"] in to_set or share["path"] in to_verify]
    for directory in params["directories"]:
        problems += filter(None, [place_trouble("directories: path", directory["path"])])
        entries.append(dict(directory, read_only=False, apply=False, require_mount=False))
    return shares, entries, problems


def _confine(shares, check_mode, outcome, patience):
    # In check mode names of packages that are still to come are only expected, and so are libvirt's profiles.
    confined = confinement.Confinement(shares, patience, check_mode, libvirt_planned=bool(outcome.result["pending_accounts"]))
    outcome.result["confinement"] = confined.run()
    outcome.plan.add(confined.plan)
    outcome.problems.extend(confined.problems)


def _grant(entries, check_mode, outcome, desired, patience):
    known = outcome.result["accounts"]
    names = _Names(patience)
    works = [_Path(entry, desired[entry["path"]], known, patience, names, check_mode) for entry in entries]
    patience.together([path.run() for path in works])
    for path in works:
        outcome.plan.add(path.plan)
        outcome.problems.extend(path.problems)
        outcome.result["paths"].append(path.result())


def resolve(entries, known, host, expected=()):
    """(desired, problems, pending): {path: what ownership.plan() takes as desired} of the entries that can be meant, a
    sentence for everything that keeps one from it, and the names that are only expected. Pure.

    known: what accounts.lookup() returned on this host. expected: names that packages not installed yet will bring.
    """
    desired, problems = {}, []
    for entry in entries:
        try:
            desired[entry["path"]] = _desired(entry, known)
        except Refusal as refusal:
            problems.append("%s: %s" % (host, refusal))
    unknown, pending = named_accounts.unknown(entries, known, host, expected)
    return desired, problems + unknown, pending


def _desired(entry, known):
    """What ownership.plan() takes as desired; Refusal when two entries of an ACL contradict each other here."""
    return {
        "owner": entry.get("owner"),
        "group": entry.get("group"),
        "uid": known["users"].get(entry.get("owner"), {}).get("uid"),
        "gid": known["groups"].get(entry.get("group")),
        "mode": int(entry["mode"], 8) if entry.get("mode") else None,
        "acl": acl.named(entry.get("acl"), known, entry["path"]),
    }


class _Path:
    """One path of the call: its problems, its plan and what was found."""

    def __init__(self, entry, desired, known, patience, names, check_mode):
        self.path = entry["path"]
        self.entry = entry
        self.known = known
        self.patience = patience
        self.names = names
        self.host = patience.host
        self.apply = entry["apply"] and not entry["read_only"]
        self.require_mount = entry["require_mount"]
        self.check_mode = check_mode
        self.desired = desired
        self.plan = Plan()
        self.problems = []
        self.mount = None
        self.state = None
        self.writers = {}
        self.pending = False

    def run(self):
        """A generator for Bounded.together(), as are those it calls."""
        try:
            yield from self._run()
        except live.NoAnswer as error:
            self.problems.append(str(error))
        except OSError as error:
            self.problems.append("%s: %s: %s" % (self.host, self.path, live.error_words(error)))
        except bounded.ChildFailed as error:
            self.problems.append("%s: %s: %s" % (self.host, self.path, error))

    def _run(self):
        self.mount, entries = self.patience.visible(self.path)
        if not (yield from self._usable(entries)):
            return
        with_acl = self.desired["acl"] is not None
        if self.pending:
            self.state = yield from self._coming(with_acl)
        else:
            try:
                self.state = yield self._ask(lambda: ownership.read(self.path, self.mount, with_acl))
            except PermissionError as error:
                self.problems.append(
                    ownership.explain_error(error, self.path, self.mount, self.desired, self.host, "look at"))
                return
            if with_acl and self.state["acl"] is None:
                self.problems.append(ownership.explain_no_acls(self.path, self.mount, self.desired, self.host))
                return
        yield from self._own()
        if not self.check_mode and not self.problems:
            for user in self.entry["writers"]:
                yield from self._test(user)

    def _coming(self, with_acl):
        """The state of what is about to be mounted, as far as it can be seen before; None where it cannot."""
        source = self.entry.get("source")
        if not source or not registry.of(self.entry).binds:
            return None
        try:
            state = yield self._ask(lambda: ownership.read(source, None, with_acl))
        except (OSError, live.NoAnswer):
            return None
        return None if with_acl and state["acl"] is None else state

    def _ask(self, function, account=None):
        return live.Request(function, self.path, self.mount, account)

    def _usable(self, entries):
        """Whether the path may be worked on: the directory underneath a missing mount must never be changed."""
        other = None
        if self.mount is not None:
            other = yield from live.declared_instead(self.entry, self.mount, entries, self._ask)
            if other is None:
                return True
        if self.check_mode and self.require_mount:
            # The same run is about to mount it (or to replace what is there).
            self.mount = None
            self.pending = True
            return True
        if other is not None:
            self.problems.append(
                "%s: %s is the %s mount of %s, but %s is declared: mount the share first (role share_mounts), or "
                "correct the declaration; nothing was changed"
                % (self.host, self.path, self.mount.fstype, self.mount.source, other))
            return False
        if not self.require_mount:
            return True
        self.problems.append(
            "%s: %s is not mounted: a plain directory of %s; mount the share first (role share_mounts); nothing was "
            "changed, because guests would otherwise write to this host's own disk"
            % (self.host, self.path, live.plain_directory(entries, self.path)))
        return False

    def _own(self):
        if self.pending and self.entry.get("type") and registry.of(self.entry).owner_by_options:
            return
        plan = ownership.plan(self.path, self.state, self.desired, self.names)
        if not plan.changed:
            return
        if not self.apply:
            # In check mode the host that applies has not done it yet: what differs now says nothing.
            if not self.check_mode or self.entry["read_only"]:
                self._refuse_difference()
            return
        if self.check_mode:
            self.plan = plan
            return
        try:
            self.state = yield self._ask(
                lambda: ownership.apply(self.path, self.mount, plan.operations, self.desired))
        except OSError as error:
            self.problems.append(
                ownership.explain_error(error, self.path, self.mount, self.desired, self.host, state=self.state))
            return
        self.plan = plan
        phrases = ownership.differences(self.state, self.desired, self.names)
        if phrases:
            self.problems.append(
                ownership.explain_ignored(phrases, self.path, self.mount, self.desired, self.host))

    def _refuse_difference(self):
        if self.pending:
            return
        phrases = "; ".join(ownership.differences(self.state, self.desired, self.names))
        if self.entry["read_only"]:
            self.problems.append("%s: %s: %s; a share with read_only: true is never changed from here, set it on the "
                                 "server" % (self.host, self.path, phrases))
        else:
            self.problems.append("%s: %s: %s; another host of the same share sets them, so this host has another "
                                 "filesystem there, or that host failed" % (self.host, self.path, phrases))

    def _test(self, user):
        account = self.known["users"][user]
        if self.entry["read_only"]:
            return
        table = yield from write_test.run(self.path, self.mount, account)
        failed = write_test.verdict(table)
        self.writers[user] = {"uid": account["uid"], "gid": account["gid"], "groups": account["groups"],
                              "writes": not failed, "tests": table}
        if not failed:
            return
        operation, row = failed[0]
        words = "%s: %s: %s may not write: %s: %s" % (
            self.host, self.path, user, operation.replace("_", " "), row["words"])
        if row["result"] == write_test.DENIED:
            reasons = yield from self._denial(dict(account, name=user), row)
            words += "; " + "; ".join(reasons)
        else:
            words = words.replace("may not write", "cannot write", 1)
        self.problems.append(words)

    def _denial(self, user, row):
        if row["words"].startswith("EROFS"):
            return ["the mount or the export is read-only; declare the share with read_only: true, or make it writable"]
        try:
            components = yield self._ask(lambda: permissions.read_components(self.path))
        except OSError as error:
            return ["root itself cannot look at the directories above it: %s" % live.error_words(error)]
        uids = set(part["uid"] for part in components)
        gids = set([part["gid"] for part in components] + user["groups"])
        for part in components:
            uids.update(number for tag, number, dummy in part["acl"] if tag == acl.USER)
            gids.update(number for tag, number, dummy in part["acl"] if tag == acl.GROUP)
        names = {"users": {uid: self.names("user", uid) for uid in uids},
                 "groups": {gid: self.names("group", gid) for gid in gids}}
        remote = self.mount is not None and registry.of_mount(self.mount).remote
        if row["words"].startswith("EPERM") and not remote:
            # Permissions end in EACCES.
            return ["the directory may be immutable or append-only (lsattr -d %s); take that off with: chattr -i -a %s"
                    % (self.path, self.path)]
        return permissions.explain_denial(user, components, names, remote)

    def result(self):
        found = {"path": self.path, "pending": self.pending, "writers": self.writers, "problems": self.problems,
                 "mount": None, "owner": None, "group": None, "uid": None, "gid": None, "mode": None, "acl": None,
                 "default_acl": None}
        if self.mount is not None:
            found["mount"] = {"source": self.mount.source, "fstype": self.mount.fstype}
        if self.state is not None:
            found.update(owner=self.names("user", self.state["uid"]), group=self.names("group", self.state["gid"]),
                         uid=self.state["uid"], gid=self.state["gid"], mode="%04o" % self.state["mode"])
            for key in ("acl", "default_acl"):
                if self.state.get(key) is not None:
                    found[key] = acl.texts_of(self.state[key], self.names)
        return found


class _Names:
    """The name of a user's or group's number, asked once and bounded, as a directory server may be what knows it."""

    def __init__(self, patience):
        self._patience = patience
        self._known = {}

    def __call__(self, kind, number):
        if (kind, number) not in self._known:
            ask = accounts.user_name if kind == "user" else accounts.group_name
            try:
                name = self._patience.run(lambda: ask(number), "the name service (passwd, group)")
            except live.NoAnswer:
                name = str(number)
            self._known[kind, number] = name
        return self._known[kind, number]
