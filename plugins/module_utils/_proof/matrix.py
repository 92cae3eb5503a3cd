# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what all hosts reported about their shares: is it the same filesystem everywhere? Pure; runs on the controller.

A share is proven when every expected host has the declared mount and reads the nonce that every other host wrote.
Identity (source, inode, filesystem id) explains a failure; only the nonces decide. A read-only share has no nonces: it
is proven when inode, filesystem id and the content of its root are the same everywhere, and there is a file in it or an
id that no other filesystem has by chance. The text of a source never
counts: one filesystem has many spellings, and one spelling may be two filesystems.
"""

from .._plan import gathered, taking_part
from .._share import marker
from .._share.types import registry
from . import clocks, declared, explain, guards, lasting, machines, reported

PROVEN = "proven"
PARTIAL = "partial"
PENDING = "pending"
FAILED = "failed"
# Declared with proof: false.
LEFT_OUT = "left_out"
# Of a host only: it took no part, or nothing is wrong with it, but others have another filesystem.
MISSING = "missing"
UNPROVEN = "unproven"


def judge(results, shares, expected=(), allow_same_machine=False, absent=None, maintenance=()):
    """The proof's result: {"proven": bool, "words": str, "shares": [...]}, the shape is in the filter's documentation.

    results: {host: {"write": result of share_proof or None, "read": the same, "troubles": {path: why an earlier step could
    not bring the share about} or None}}. shares: the declared ones, a list of
    dicts with at least "path". expected: hosts that should have taken part; a share that a reporting host does not
    declare is not expected of it. allow_same_machine: whether several hosts may be one machine. absent: {host: why it took
    no part}, as far as it is known.
    """
    reports = {host: reported.by_path(results[host] or {}) for host in results}
    everybody = sorted(set(expected) | set(reports))
    known = {host: report["machine"] for host, report in reports.items()}
    twins = [] if allow_same_machine else machines.twins(known)
    judged = [_judge_share(share, reports, everybody, twins, absent or {}) for share in _all_shares(shares, reports)]
    known_paths = set(share["path"] for share in judged)
    judged += [_left_out(path) for path in _paths_left_out(shares) if path not in known_paths]
    return {
        "proven": all(share["state"] in (PROVEN, LEFT_OUT) for share in judged),
        "words": "\n".join(gathered.alike(map(_summary, judged)) + taking_part.left_out(maintenance)) if judged
                 else "no share is declared: nothing to prove",
        "maintenance": list(maintenance),
        "shares": judged,
        "host_problems": _by_host(judged),
        "guards": guards.told(results),
        "warnings": clocks.warnings({host: report["clocks"] for host, report in reports.items()}) + machines.warnings(known),
    }


def _by_host(judged):
    """{host: [sentence]} of the hosts that are a problem themselves; a host that is merely missing is not in it."""
    found = {}
    for share in judged:
        if share["state"] != FAILED:
            continue
        for host, cell in sorted(share["hosts"].items()):
            known = found.get(host, ())
            if cell["problem"] and host not in share["missing_hosts"] and cell["problem"] not in known:
                found.setdefault(host, []).append(cell["problem"])
    return found


def _all_shares(shares, reports):
    """The declared shares, then those that only some host was given."""
    seen = {}
    for share in list(shares):
        if share.get("state", "mounted") == "mounted" and not declared.is_left_out(share):
            seen.setdefault(share["path"], share)
    for host in sorted(reports):
        for path, share in sorted(reports[host]["write"].items()):
            seen.setdefault(path, share)
    return list(seen.values())


def _paths_left_out(shares):
    return sorted(set(share["path"] for share in shares
                      if share.get("state", "mounted") == "mounted" and declared.is_left_out(share)))


def _left_out(path):
    return {"path": path, "state": LEFT_OUT, "hosts": {}, "problems": [], "missing_hosts": {}, "proven_hosts": [],
            "expected_hosts": [], "id": None}


def _judge_share(share, reports, everybody, twins, absent):
    path = share["path"]
    cells = {}
    for host in everybody:
        report = reports.get(host)
        if report is None:
            cells[host] = reported.missing("it took no part in this run" + (
                ": " + absent[host] if host in absent else " (--limit, unreachable, or an earlier task failed)"))
        elif path in report["troubles"]:
            cells[host] = dict(reported.missing(None), problem=reported.without(report["troubles"][path], host + ": "))
        elif path in report["write"] or path in report["read"]:
            cells[host] = reported.cell(host, path, report)
        elif report["error"] is not None and not report["write"]:
            cells[host] = reported.missing(report["error"])
        # else: this host reported, and does not declare the share.
    return _Judgement(share, cells, twins).result()


class _Judgement:
    """One share over all hosts that should have it."""

    def __init__(self, share, cells, twins):
        self.share = share
        self.twins = twins
        self.path = share["path"]
        self.cells = cells
        self.problems = []
        self.live = [host for host in sorted(cells) if cells[host]["missing"] is None]
        self.absent = [host for host in sorted(cells) if cells[host]["missing"] is not None]
        self.check_mode = any(cells[host]["check_mode"] for host in self.live)
        self.verdicts = {}

    def result(self):
        sound = [host for host in self.live if self.cells[host]["problem"] is None]
        groups = self._groups(sound)
        reference = self._reference(groups)
        proven = reference if len(groups) == 1 and len(sound) == len(self.live) else []
        self._refuse_twins()
        self._refuse_other_identity()
        if not self.check_mode:
            self._explain(sound, groups, reference)
        state = self._state(proven)
        if state == FAILED:
            proven = []
        return {
            "path": self.path,
            "state": state,
            "hosts": {host: self._host(host, proven) for host in sorted(self.cells)},
            "problems": self.problems,
            "missing_hosts": {host: self.cells[host]["missing"] for host in self.absent},
            "proven_hosts": [] if self.check_mode else proven,
            "expected_hosts": sorted(self.cells),
            "id": next((self.cells[host]["marker"]["id"] for host in proven if (self.cells[host]["marker"] or {}).get("id")),
                       None),
        }

    def _refuse_twins(self):
        for hosts, sentence in self.twins:
            here = [host for host in hosts if host in self.live]
            if len(here) > 1:
                self.problems.append(sentence)
                for host in here:
                    self.verdicts.setdefault(host, sentence)

    def _refuse_other_identity(self):
        found = {}
        for host in self.live:
            seen = self.cells[host]["marker"]
            if seen is not None and seen["state"] in lasting.WRONG:
                found.setdefault(_not_of_yesterday(seen), []).append(host)
        for words, hosts in sorted(found.items()):
            sentence = ("%s: %s: %s. If that is intended, run once with share_proof_accept_new_identity: [%s]; "
                        "if not, find out on the server what happened to it" % (explain.listed(hosts), self.path, words, self.path))
            self.problems.append(sentence)
            for host in hosts:
                self.verdicts.setdefault(host, sentence)

    def _state(self, proven):
        if self.problems:
            return FAILED
        if self.check_mode:
            return PENDING
        if not proven:
            return FAILED
        return PARTIAL if self.absent else PROVEN

    def _groups(self, sound):
        """The sound hosts by what they share: hosts are together when each reads the other's nonce."""
        groups = []
        for host in sound:
            for group in groups:
                if all(self._together(host, other) for other in group):
                    group.append(host)
                    break
            else:
                groups.append([host])
        return groups

    def _together(self, one, other):
        first, second = self.cells[one], self.cells[other]
        if first["read_only"] or second["read_only"]:
            return _look_alike(first, second) and _same_content(first, second) and self._tells_something(first, second)
        return all(self._sees(*pair) for pair in ((one, other), (other, one)))

    def _tells_something(self, one, other):
        """Whether what two hosts have alike of a read-only share would tell it from another one at all."""
        if any(found.get("telling", found["entries"]) for found in one["content"] if found in other["content"]):
            return True
        known = [(cell["identity"] or {}).get("fsid") for cell in (one, other)]
        share_type = self.share.get("type")
        return all(fsid and (share_type not in registry.NAMES or registry.named(share_type).is_unique(fsid)) for fsid in known)

    def _sees(self, one, other):
        nonce = self.cells[other]["nonce"]
        return nonce is not None and self.cells[one]["sees"].get(other) == nonce

    def _reference(self, groups):
        """The hosts the others are compared with: the most; of as many, the first."""
        return max(groups, key=len) if groups else []

    def _explain(self, sound, groups, reference):
        if not self.live:
            self.problems.append("%s: no host took part" % self.path)
        for host in self.live:
            problem = self.cells[host]["problem"]
            if problem is not None:
                self._explain_problem(host, problem, reference or sound)
        for group in groups:
            if group is reference:
                continue
            for host in group:
                self._explain_difference(host, reference)
        for host in reference:
            # A host alone still has to read back what it wrote itself.
            if not self.cells[host]["read_only"] and not self._sees(host, host):
                self._note(host, "%s does not read back what it wrote itself (%s): the directory changes under it"
                           % (explain.place(host, self.path), explain.identity(self.cells[host]["identity"])))

    def _explain_problem(self, host, problem, reference):
        found = self.cells[host]["identity"]
        start = explain.place(host, self.path)
        if found is not None and not found["mounted"]:
            sentence = "%s is %s" % (start, explain.identity(found))
        elif found is not None and problem.startswith("is "):
            sentence = "%s is %s, declared is %s" % (
                start, explain.identity(found), problem.partition(", declared is ")[2])
        else:
            sentence = "%s: %s" % (start, reported.without(problem, self.path + ": "))
        others = [other for other in reference if other != host]
        if others and (found is None or problem.startswith("is ")):
            sentence += "; %s %s %s" % (explain.listed(others), "has" if len(others) == 1 else "have",
                                        explain.identity(self.cells[others[0]]["identity"]))
            if found is not None:
                sentence += ": not the same filesystem"
        self._note(host, sentence)

    def _explain_difference(self, host, reference):
        other = reference[0]
        mine, theirs = self.cells[host], self.cells[other]
        sentence = "%s is %s, %s %s %s" % (
            explain.place(host, self.path), explain.identity(mine["identity"]), explain.listed(reference),
            "has" if len(reference) == 1 else "have", explain.identity(theirs["identity"]))
        if not _look_alike(mine, theirs):
            sentence += ": not the same filesystem" + self._way_out()
        elif mine["read_only"] != theirs["read_only"]:
            sentence += ": it is declared read_only on one side only, and can be proven on neither"
        elif mine["read_only"] and not _same_content(mine, theirs):
            sentence += (": they look alike, but the content of its root is another; where somebody writes there at this "
                         "moment, run again afterwards")
        elif mine["read_only"]:
            nothing = "holds nothing but directories" if any(found["entries"] for found in mine["content"]) else "empty"
            sentence += ": nothing tells it from another filesystem: it is read-only and %s, and %s; put a file into it" % (
                nothing, "others may have its id" if (mine["identity"] or {}).get("fsid") else "has no id")
        else:
            blind = [pair for pair in ((host, other), (other, host)) if not self._sees(*pair)]
            sentence += ": they look alike, but %s" % " and ".join(
                "%s does not read what %s wrote" % pair for pair in blind) + self._way_out()
        self._note(host, sentence)

    def _way_out(self):
        """What to do where it may be meant so."""
        if self.share.get("type") in registry.where(filesystem_per_host=True):
            return "; if each host is to have its own, declare proof: false on the share"
        return ""

    def _note(self, host, sentence):
        self.problems.append(sentence)
        self.verdicts.setdefault(host, sentence)

    def _host(self, host, proven):
        cell = self.cells[host]
        found = dict(cell["identity"] or {})
        found.update(
            state=self._host_state(host, proven),
            # Asked for are the nonces of all hosts, also of those that do not declare this share.
            sees={other: self._sees(host, other) for other in sorted(cell["sees"]) if other in self.cells},
            problem=self.verdicts.get(host) or cell["problem"] or cell["missing"],
        )
        return found

    def _host_state(self, host, proven):
        if self.cells[host]["missing"] is not None:
            return MISSING
        if self.verdicts.get(host) or self.cells[host]["problem"]:
            return FAILED
        if self.check_mode:
            return PENDING
        return PROVEN if host in proven else UNPROVEN


def _look_alike(one, other):
    """Whether what the kernel of two hosts tells can be the same directory of one filesystem."""
    first, second = one["identity"] or {}, other["identity"] or {}
    if not first.get("mounted") or not second.get("mounted"):
        return False
    known = [(first.get(key), second.get(key)) for key in ("inode", "fsid")]
    return all(mine == theirs for mine, theirs in known if mine not in (None, "") and theirs not in (None, ""))


def _not_of_yesterday(seen):
    """What is wrong with a share's marker. seen: as share_proof returned it."""
    before = seen.get("remembered") or {"id": "unknown", "date": "unknown"}
    if seen["state"] == lasting.CHANGED:
        return ("this is another share than before: its marker %s has the id %s (%s, of %s), and remembered is %s (of %s)"
                % (marker.NAME, seen["id"], seen["path"], seen["date"], before["id"], before["date"]))
    if seen["state"] == lasting.MISSING:
        return ("its marker %s (id %s, of %s) is gone: the share was emptied, recreated or exchanged on the server"
                % (marker.NAME, before["id"], before["date"]))
    return "its marker %s is damaged: there is a file that holds no identity" % marker.NAME


def _same_content(one, other):
    return any(found in other["content"] for found in one["content"])


def _summary(share):
    """One line about a share that is fine, several about one that is not."""
    path, state = share["path"], share["state"]
    total = len(share["expected_hosts"])
    if state == PROVEN:
        return "%s: proven, the same filesystem on %s" % (path, _all_hosts(share["expected_hosts"]))
    if state == PENDING:
        return "%s: pending, nothing is written in check mode" % path
    if state == LEFT_OUT:
        return "%s: not to be proven (proof: false is declared), each host may have another filesystem there" % path
    missing = "".join("\n  %s is not proven: %s" % (explain.place(host, path), reason)
                      for host, reason in sorted(share["missing_hosts"].items()))
    if state == PARTIAL:
        return "%s: proven for %d of %s (%s)%s" % (
            path, len(share["proven_hosts"]), explain.hosts(total), explain.listed(share["proven_hosts"]), missing)
    return "%s: NOT proven\n%s%s" % (path, "\n".join("  " + problem for problem in share["problems"]), missing)


def _all_hosts(names):
    if len(names) == 1:
        return "%s (the only host)" % names[0]
    return "all %s (%s)" % (explain.hosts(len(names)), explain.listed(names))
