# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host reported about its shares, in the form in which the matrix compares hosts. Pure; runs on the controller."""


def by_path(phases):
    """{"write": {path: share}, "read": {path: share}, "check_mode", "error", "machine", "clocks"} of one host."""
    report = {"write": {}, "read": {}, "check_mode": False, "error": None, "machine": None, "clocks": [],
              "troubles": phases.get("troubles") or {}}
    for phase in ("write", "read"):
        result = phases.get(phase)
        if result and "shares" in result:
            report["machine"] = result.get("machine") or report["machine"]
            report["clocks"].append(result.get("clock") or {})
            report[phase] = {share["path"]: share for share in result["shares"]}
            report["check_mode"] = report["check_mode"] or bool(result.get("check_mode"))
        elif report["error"] is None:
            report["error"] = _why_missing(result, phase)
    return report


def _why_missing(result, phase):
    if not result:
        return "it took no part in the %s phase (--limit, unreachable, or an earlier task failed)" % phase
    if result.get("unreachable"):
        return "it became unreachable in the %s phase" % phase
    return "the %s phase failed: %s" % (phase, str(result.get("msg", "without a message")).strip())


def missing(reason):
    """The cell of a host that says nothing of a share; reason: why it took no part, None where an earlier step failed."""
    return {"identity": None, "nonce": None, "sees": {}, "content": [], "problem": None, "marker": None, "missing": reason,
            "read_only": False, "check_mode": False, "read_done": False}


def cell(host, path, report):
    """What a host said of one share: what it has there, its nonce, those it read, and its problem, in both phases.

    report: see by_path(), with the path in one of its phases.
    """
    write = report["write"].get(path)
    read = report["read"].get(path)
    latest = read or write
    problem = (write and write["problem"]) or (read and read["problem"])
    if problem is None and read is None:
        problem = report["error"]
    if problem is not None:
        # The bounded calls name the host themselves, as their words can stand alone.
        problem = without(problem, host + ": ")
    return {
        "identity": (write or {}).get("identity") or (read or {}).get("identity"),
        "nonce": (write or {}).get("nonce"),
        "sees": (read or {}).get("sees") or {},
        # What changed between the phases does not count when another host has looked at the same time.
        "content": [found["content"] for found in (write, read) if found and found.get("content")],
        "problem": problem,
        "marker": (read or {}).get("marker"),
        "missing": None,
        "read_only": bool(latest.get("read_only")),
        "check_mode": report["check_mode"],
        "read_done": read is not None,
    }


def without(text, start):
    """A text without its start, where it has it."""
    return text[len(start):] if text.startswith(start) else text
