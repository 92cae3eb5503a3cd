# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard says: its document, metrics, the journal's entries, a line for monitoring. Pure.

The document is /run/virtshare/guard.json, one JSON object, replaced as a whole at the end of each run, readable by all:

schema (guard_file.SCHEMA). version: of the guard. host. time: of the run, seconds since 1970. interval: seconds between runs. seconds: that
the run took. state: the worst of all shares. shares: a list, each with
    path, type, source, name (of OpenNebula's attribute); state (ok, degraded, unknown, lost), since (seconds since 1970),
    why (a sentence, "" when ok); seen (what the last run alone would say); pending (null, or the change under way: state,
    why, since, runs); found (mounted, unmounted, foreign, at_rest, silent, error); seconds (that the answer took, or null);
    space (bytes, free_bytes, files, free_files; of the last answer, or null); last_proof (when this host last took part
    in a proof of all, or null); last_write (when it was last written as each writer, or null), writes ({user: null or why
    not}, or null); stuck (null, or pid and start of a process that still waits for an answer)
gone: a list of shares that are no longer declared, each with name and since, for a quarter of an hour.

A reader takes a document that is older than three intervals for none.
"""

from .._plan import host_attributes
from .._share import guard_file
from . import judge

# How long what is no longer declared is said to be absent: longer than OpenNebula takes between two looks (600 s).
GONE_SECONDS = 900

# The words and exit codes of monitoring plugins (Nagios, Icinga), the worst last.
CODES = {judge.OK: (0, "OK"), judge.DEGRADED: (1, "WARNING"), judge.UNKNOWN: (3, "UNKNOWN"), judge.LOST: (2, "CRITICAL")}
# Priorities of syslog.
PRIORITIES = {judge.OK: 5, judge.DEGRADED: 4, judge.UNKNOWN: 3, judge.LOST: 2}
MESSAGE_ID = "b6c3f4b0c2c34f0c9a6b0f9f5f8d3a17"


def document(config, previous, seen, times, version):
    """The new document. previous: the one before, {} for none. seen: of observe.look().

    times: {"begun": seconds since 1970, "seconds": that the run took}.
    """
    now = times["begun"]
    known = {share["path"]: share for share in previous.get("shares", ())}
    shares = [_share(config, share, known.get(share["path"]), seen[share["path"]], now) for share in config["shares"]]
    return {
        "schema": guard_file.SCHEMA, "version": version, "host": config["host"], "time": now, "interval": config["interval"],
        "seconds": times["seconds"], "state": judge.worst([share["state"] for share in shares]), "shares": shares,
        "gone": _gone(config, previous, now),
    }


def _share(config, share, before, seen, now):
    if before is not None and (before["source"], before["type"]) != (share["source"], share["type"]):
        # Another share is declared at the path: what was known is of the old one.
        before = None
    last_write = before and before["last_write"]
    writes = before and before["writes"]
    if seen.get("writes") is not None:
        last_write, writes = now, seen["writes"]
    limits = config["limits"]
    state, why = judge.weigh(share, dict(seen, writes=writes), config["host"], limits, now, before["state"] if before else judge.OK)
    known = before and {key: before[key] for key in ("state", "since", "why", "seen", "pending")}
    return dict(
        judge.settled(known, state, why, now, limits),
        path=share["path"], type=share["type"], source=share["source"], name=share["name"], found=seen["found"],
        seconds=seen.get("seconds"), space=seen.get("space") or (before and before["space"]),
        last_proof=seen.get("proven", before and before["last_proof"]), last_write=last_write, writes=writes,
        stuck=seen.get("stuck"))


def _gone(config, previous, now):
    declared = {share["name"] for share in config["shares"]}
    gone = {each["name"]: each["since"] for each in previous.get("gone", ())}
    for share in previous.get("shares", ()):
        gone.setdefault(share["name"], now)
    return [{"name": name, "since": since} for name, since in sorted(gone.items())
            if name not in declared and 0 <= now - since < GONE_SECONDS]


def due_to_write(config, previous, now):
    """The paths that are to be written as each writer: those whose turn it is, and those that could not be written."""
    known = {share["path"]: share for share in previous.get("shares", ())}
    return {share["path"] for share in config["shares"] if share["writers"] and config["write_interval"]
            and not _written_lately(known.get(share["path"]), config["write_interval"], now)}


def _written_lately(known, interval, now):
    return (known is not None and known["last_write"] is not None and 0 <= now - known["last_write"] < interval
            and not any((known["writes"] or {}).values()))


def changes(previous, now):
    """The shares of a document whose state is another one than in the document before; of a first one what is not ok."""
    before = {share["path"]: share["state"] for share in previous.get("shares", ())}
    return [(before.get(share["path"]), share) for share in now["shares"]
            if share["state"] != before.get(share["path"], judge.OK)]


def entry(host, old, share):
    """The fields of an entry in the journal about a change, {NAME: text}."""
    words = share["why"] or "%s: %s (%s) is ok again" % (host, share["path"], share["source"] or share["type"])
    return {
        "MESSAGE": words, "MESSAGE_ID": MESSAGE_ID, "PRIORITY": "%d" % PRIORITIES[share["state"]],
        "SYSLOG_IDENTIFIER": "virtshare-guard", "VIRTSHARE_PATH": share["path"], "VIRTSHARE_SOURCE": share["source"] or "",
        "VIRTSHARE_STATE": share["state"], "VIRTSHARE_STATE_BEFORE": old or "", "VIRTSHARE_SINCE": "%d" % share["since"],
    }


def monitoring(document_, now):
    """(exit code, text) as monitoring plugins end: a line with performance data, then one for each share that is not ok."""
    if guard_file.age(document_, now) is None:
        return 3, "VIRTSHARE UNKNOWN - %s" % (
            "the guard has not run for %d s: systemctl status virtshare-guard.timer" % (now - document_["time"])
            if document_ else "the guard has written nothing yet: systemctl status virtshare-guard.timer")
    code, word = CODES[document_["state"]]
    shares = document_["shares"]
    bad = [share for share in shares if share["state"] != judge.OK]
    bad.sort(key=lambda share: -judge.STATES.index(share["state"]))
    head = "%d of %d shares %s ok" % (len(shares) - len(bad), len(shares), "is" if len(shares) == 1 else "are")
    if bad:
        head += "; %s" % _plain(bad[0]["why"])
    data = " ".join("'%s'=%dB;;;0;%d" % (_label(share["path"]), share["space"]["bytes"] - share["space"]["free_bytes"],
                                         share["space"]["bytes"]) for share in shares if share["space"])
    lines = ["VIRTSHARE %s - %s%s" % (word, head, " | " + data if data else "")]
    lines += ["%s: %s" % (CODES[share["state"]][1], _plain(share["why"])) for share in bad]
    return code, "\n".join(lines)


def _plain(text):
    # A bar begins the performance data.
    return text.replace("|", "/").replace("\n", " ")


def _label(path):
    return path.replace("'", "''").replace("=", "_")


# (name, help, labels of a share or None for the host, what gives its value; None where there is none)
_METRICS = (
    ("virtshare_share_state", "State of a share, 1 for the one that it is in.", "states"),
    ("virtshare_share_state_since_timestamp_seconds", "When the share's state began.", lambda share: share["since"]),
    ("virtshare_share_size_bytes", "Size of the share's filesystem.", lambda share: (share["space"] or {}).get("bytes")),
    ("virtshare_share_free_bytes", "Room that users have left in the share.",
     lambda share: (share["space"] or {}).get("free_bytes")),
    ("virtshare_share_inodes", "Inodes of the share's filesystem, 0 where it has no limit.",
     lambda share: (share["space"] or {}).get("files")),
    ("virtshare_share_free_inodes", "Inodes that users have left in the share.",
     lambda share: (share["space"] or {}).get("free_files")),
    ("virtshare_share_answer_duration_seconds", "How long the share took to answer.", lambda share: share["seconds"]),
    ("virtshare_share_last_proof_timestamp_seconds", "When the host last took part in a proof of all hosts.",
     lambda share: share["last_proof"]),
    ("virtshare_share_last_write_timestamp_seconds", "When the share was last written as each of its writers.",
     lambda share: share["last_write"]),
)


def metrics(document_):
    """The document as text for the textfile collector of Prometheus' node_exporter."""
    lines = []
    for name, words, value in _METRICS:
        rows = []
        for share in document_["shares"]:
            labels = 'path="%s",type="%s"' % (_escaped(share["path"]), _escaped(share["type"]))
            if value == "states":
                rows += ['%s{%s,state="%s"} %d' % (name, labels, state, share["state"] == state) for state in judge.STATES]
            elif value(share) is not None:
                rows.append("%s{%s} %s" % (name, labels, _number(value(share))))
        lines += _described(name, words, rows)
    lines += _described("virtshare_guard_last_run_timestamp_seconds", "When the guard last looked at the shares.",
                        ["virtshare_guard_last_run_timestamp_seconds %s" % _number(document_["time"])])
    lines += _described("virtshare_guard_run_duration_seconds", "How long the guard's last run took.",
                        ["virtshare_guard_run_duration_seconds %s" % _number(document_["seconds"])])
    lines += _described("virtshare_guard_interval_seconds", "Seconds between two runs of the guard.",
                        ["virtshare_guard_interval_seconds %s" % _number(document_["interval"])])
    lines += _described("virtshare_guard_info", "Version of the guard.",
                        ['virtshare_guard_info{version="%s"} 1' % _escaped(document_["version"])])
    return "\n".join(lines) + "\n"


def metric_names():
    """The names of all metrics."""
    return [name for name, dummy, dummy in _METRICS] + [
        "virtshare_guard_" + name for name in ("last_run_timestamp_seconds", "run_duration_seconds", "interval_seconds", "info")]


def _described(name, words, rows):
    return ["# HELP %s %s" % (name, words), "# TYPE %s gauge" % name] + rows if rows else []


def _escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value):
    return "%d" % value if value == int(value) else "%.3f" % value


def attributes(document_):
    """What OpenNebula's probe prints, see host_attributes."""
    return "\n".join(host_attributes.lines(document_, guard_file.lasting(document_))) + "\n"
