# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's side of the proof: identity and nonces of every share. It records what is wrong; the matrix judges."""

import errno
import functools
import re
import time

from .._host import accounts, bounded, machine
from .._plan.outcome import Outcome
from .._plan.plan import Plan, Refusal, refuse
from .._share import guard_file, leftovers, live
from .._share.declaration import SHARE_SPEC_WITHOUT_CREDENTIALS, checked
from .._share.types import registry
from . import declared, identity, lasting, nonces

ARGUMENT_SPEC = dict(
    phase=dict(type="str", required=True, choices=["write", "read", "tidy"]),
    run_id=dict(type="str", required=True),
    host=dict(type="str", required=True),
    hosts=dict(type="list", elements="str", required=True),
    shares=dict(type="list", elements="dict", required=True, options=SHARE_SPEC_WITHOUT_CREDENTIALS),
    directories=dict(type="list", elements="str", default=[]),
    controller=dict(type="str", default=""),
    abandoned=dict(type="list", elements="str", default=[]),
    peers=dict(type="dict", default={}),
    keep_identity=dict(type="bool", default=False),
    accept_new_identity=dict(type="list", elements="str", default=[]),
    timeout=dict(type="float", default=30.0),
)

# How long the read phase goes on asking for a missing nonce, at most: NFS clients trust a directory's attributes for
# up to 60 s, but opening it makes them ask again, so what is missing after this is not there.
ASK_SECONDS = 3.0


def work(params, check_mode):
    """The Outcome of share_proof."""
    plan = Plan()
    result = run(params, check_mode, plan)
    return Outcome(plan, result, plan.warnings)


def run(params, check_mode, plan=None):
    """What share_proof returns beside what it changed, which is added to the plan: {"phase", "run_id", "host", "check_mode", "machine", "clock",
    "guard", "shares"}.

    Each share: {"path", "type", "source", "read_only", "identity", "problem", "nonce", "as", "sees", "content", "others",
    "marker"}; a problem with what is mounted there reads "is WHAT, declared is THAT".
    Only unusable parameters raise (Refusal); everything else is recorded as the share's problem.
    """
    if not re.match(r"[0-9A-Za-z]{8,64}\Z", params["run_id"]):
        raise Refusal("run_id %r is not usable: write 8 to 64 letters and digits, the same for all hosts of the run"
                      % params["run_id"])
    if params["host"] not in params["hosts"]:
        raise Refusal("hosts must hold host %s itself: pass all live hosts of the run, such as ansible_play_hosts"
                      % params["host"])
    begun = time.time()
    patience = live.Bounded(params["timeout"], params["host"])
    normal, problems = checked(params["shares"], credentials=False)
    problems = problems or declared.outside(normal, params["directories"])
    refuse(problems)
    plan = Plan() if plan is None else plan
    shares = [_Share(share, params, patience, check_mode, plan)
              for share in declared.entries(normal, params["directories"])]
    patience.together([share.probe() for share in shares])
    return {
        "phase": params["phase"],
        "run_id": params["run_id"],
        "host": params["host"],
        "check_mode": check_mode,
        "machine": machine.identity(),
        "clock": {"begun": begun, "ended": time.time()},
        "guard": guard_file.since(guard_file.read(), begun) if params["phase"] == "write" else None,
        "shares": [share.found for share in shares],
    }


class _Share:
    """One share of the call."""

    def __init__(self, share, params, patience, check_mode, plan):
        self.share = share
        self.path = share["path"]
        self.params = params
        self.run_id = nonces.run_of(params["run_id"], share["path"])
        self.patience = patience
        self.check_mode = check_mode
        self.plan = plan
        self.intent = lasting.Intent(share, params.get("keep_identity", False), self._accepts())
        self.mount = None
        self.found = {
            "path": self.path, "type": share["type"], "source": share.get("source"), "read_only": share["read_only"],
            "identity": None, "problem": None, "nonce": None, "as": None, "sees": {}, "content": None,
            "others": {}, "marker": None,
        }

    def _accepts(self):
        """Whether another identity is intended: of all shares, or of this path."""
        accepted = self.params.get("accept_new_identity") or ()
        return any(text == self.path or text.lower() in ("true", "yes", "on", "1") for text in accepted)

    def probe(self):
        """Fills self.found; a generator for Bounded.together(), as are those it calls."""
        try:
            yield from self._look()
            if self.found["problem"] is not None:
                self._keep({"state": self.intent.predict()} if self.check_mode else None)
            elif self.check_mode:
                yield from self._predict()
            elif self.share["read_only"]:
                self.found["content"] = yield from self._as_somebody(
                    lambda: identity.content(self.path, self.mount))
                yield from self._predict()
            elif self.params["phase"] == "write":
                yield from self._write()
            elif self.params["phase"] == "read":
                yield from self._read()
            else:
                yield from self._tidy()
        except live.NoAnswer as error:
            self.found["problem"] = str(error)
        except OSError as error:
            self.found["problem"] = self._error(error)
        except bounded.ChildFailed as error:
            self.found["problem"] = "%s: %s: %s" % (self.params["host"], self.path, error)

    def _ask(self, function, account=None):
        return live.Request(function, self.path, self.mount, account)

    def _look(self):
        self.mount, entries = self.patience.visible(self.share.get("mount_point") or self.path)
        if self.mount is None:
            # A path beneath a dead mount would hang too: even this look is bounded.
            self.found["identity"] = yield self._ask(lambda: identity.describe_plain(entries, self.path))
            self.found["problem"] = "is not mounted: %s" % _plain_words(self.found["identity"])
            return
        self.found["identity"] = identity.describe(self.mount)
        numbers = yield self._ask(lambda: identity.read(self.path, self.mount))
        self.found["identity"] = identity.describe(self.mount, numbers)
        other = yield from live.declared_instead(self.share, self.mount, entries, self._ask)
        share_type = registry.of(self.share)
        if other is None:
            return
        if share_type.live_types and self.mount.fstype not in share_type.live_types:
            self.found["problem"] = "is a %s mount, declared is %s" % (self.mount.fstype, other)
        elif share_type.binds:
            self.found["problem"] = "is another directory, declared is %s" % other
        else:
            self.found["problem"] = "is %s, declared is %s" % (self.mount.source, other)

    def _write(self):
        nonce = nonces.fresh(self.params.get("controller") or "", self.intent.own)
        others = yield from self._as_somebody(
            lambda: nonces.write(self.path, self.mount, self.run_id, self.params["host"], nonce))
        self.found["nonce"] = nonce
        if others is not None:
            yield from self._remove_others(
                leftovers.aged(self.path, nonces.PREFIX, sorted(others), nonces.STALE_SECONDS))
            self.found["others"] = others

    def _read(self):
        yield from self._remove_others(self.params.get("abandoned"))
        answer = yield from self._as_somebody(self._exchange)
        self.found["sees"] = answer["sees"]
        self._keep(answer["marker"])
        if not answer["tidy"]:
            yield from self._tidy()

    def _exchange(self):
        """All of the phase read, in a bounded child."""
        host, where = self.params["host"], (self.path, self.mount, self.run_id)
        hosts = (self.params.get("peers") or {}).get(self.path) or self.params["hosts"]
        sees = nonces.read(*where, hosts=hosts, seconds=min(ASK_SECONDS, self.params["timeout"] / 3))
        others = [nonces.remembered_of(nonce) for nonce in sees.values()]
        seen = lasting.look(*where, host=host, intent=self.intent, others=others, complete=all(sees.values()))
        return {"sees": sees, "marker": seen, "tidy": nonces.acknowledge(*where, host=host, hosts=hosts)}

    def _predict(self):
        """Of what is only looked at: in check mode, and of a read-only share."""
        if self.params["phase"] == "read":
            self._keep((yield from self._as_somebody(lambda: lasting.look(
                self.path, self.mount, self.run_id, None, self.intent, (), True))))

    def _keep(self, seen):
        """Have this host remember what it has seen in the phase read."""
        if seen is None or self.params["phase"] != "read":
            return
        memory = self.intent.memory
        self.found["marker"] = dict(seen, remembered=memory and memory._asdict())
        self.found["marker"].pop("complete", None)
        plan, warning = lasting.settle(self.intent, seen, self.check_mode)
        self.plan.add(plan)
        if warning:
            self.plan.warnings.append("%s: %s" % (self.params["host"], warning))

    def _remove_others(self, names):
        accounts = list(self._accounts()) if names else []
        owners = [0 if account is None else account[0] for dummy, account in accounts]
        for dummy, account in accounts:
            try:
                if (yield self._ask(lambda: nonces.remove_others(
                        self.path, self.mount, self.run_id, self.params["host"], names, owners), account)):
                    return
            except OSError:
                continue

    def _tidy(self):
        for dummy, account in self._accounts():
            try:
                if (yield self._ask(lambda: nonces.tidy(self.path, self.mount, self.run_id), account)):
                    return
            except OSError:
                continue

    def _as_somebody(self, function):
        """function() as root, or as the first declared writer that may, where the server squashes root."""
        refusal = None
        for name, account in self._accounts():
            try:
                answer = yield self._ask(function, account)
            except PermissionError as error:
                refusal = refusal or error
                continue
            self.found["as"] = name
            return answer
        raise refusal

    def _accounts(self):
        yield "root", None
        for name in self.share["access"]["writers"]:
            account = self.patience.run(functools.partial(accounts.user, name), "the name service (passwd, group)")
            if account is not None:
                yield name, [account["uid"], account["gid"], account["groups"]]

    def _error(self, error):
        words = live.error_words(error)
        if isinstance(error, PermissionError):
            tried = ", ".join(["root"] + list(self.share["access"]["writers"]))
            words += (" for %s; the server may map root to nobody (root_squash): declare a user that may write there "
                      "in access.writers" % tried)
        elif error.errno == errno.EROFS:
            words += "; declare the share with read_only: true, or make the mount and the export writable"
        words += live.way_out(error.errno)
        return "cannot %s its proof in %s: %s" % (
            "write" if self.params["phase"] == "write" else "read", self.path, words)


def _plain_words(found):
    if not found["exists"]:
        return "there is no such directory on %s" % found["on"]
    return "a plain directory of %s" % found["on"]
