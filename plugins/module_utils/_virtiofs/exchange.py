# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads what whom wrote: between the hosts' nonces and the guests that read and answer them. Pure."""

from .._share.types import registry


def guest_name(host):
    """The name by which a guest takes part in the exchange of nonces."""
    return "guest on %s" % host


def given(shares, host, hosts, written, name_of):
    """{"guest": its name in the exchange, "shares": what the module guest_proof takes, "problems": sentences, "left_out":
    sentences} for one host.

    shares: the normal ones that are to be mounted. hosts: the live ones, in order. written: {host: what
    share_proof returned of its phase write}. name_of: function(path, host) -> where that host's nonce lies in the share,
    relative to its root.
    """
    result = {"guest": guest_name(host), "shares": [], "problems": [], "left_out": []}
    for number, share in enumerate(shares):
        path = share["path"]
        if share.get("read_only"):
            result["left_out"].append("%s: %s is declared read_only, so no host can write what a guest would read"
                                      % (host, path))
            continue
        writer, reasons = _writer(share, host, hosts, written)
        if writer is None:
            result["problems"].append(_nobody(share, host, reasons))
            continue
        entry = {"path": path, "mount_tag": "virtshare-%d" % number, "type": share["type"], "written_by": writer,
                 "content": _of(written.get(writer), path)["nonce"],
                 "read": name_of(path, writer),
                 "write": name_of(path, guest_name(host))}
        for key, found in (("source", share.get("source")), ("share_path", share.get("mount_point"))):
            if found is not None:
                entry[key] = found
        result["shares"].append(entry)
    return result


def _writer(share, host, hosts, written):
    """(the host whose nonce the guest has to read or None, why the others are none)."""
    if registry.of(share).filesystem_per_host:
        # Nobody else has its files.
        order = [host]
    else:
        at = hosts.index(host) if host in hosts else 0
        order = list(hosts[at + 1:]) + list(hosts[:at])
    reasons = []
    for other in order:
        found = _of(written.get(other), share["path"])
        if found is None:
            continue
        if found.get("nonce"):
            return other, reasons
        reasons.append("%s: %s" % (other, found.get("problem") or "wrote nothing"))
    return None, reasons


def _nobody(share, host, reasons):
    words = "%s: no other host wrote to %s, so the guest has nothing to read" % (host, share["path"])
    if registry.of(share).filesystem_per_host:
        words = "%s: %s could not be written" % (host, share["path"])
    if reasons:
        return "%s: %s" % (words, "; ".join(reasons))
    return words + ": run this for two hosts or more that have the share (a --limit leaves out the others)"


def problems(outcomes):
    """Sentences about the guests' answers that other hosts do not see.

    outcomes: {host: {"guest": what guest_proof returned or None, "read": what share_proof returned of its phase read or
    None, "per_host": [paths of the shares that no other host has]}}.
    """
    sentences = []
    for host in sorted(outcomes):
        guest = (outcomes[host] or {}).get("guest") or {}
        per_host = (outcomes[host] or {}).get("per_host") or ()
        for share in guest.get("shares") or ():
            if not share.get("wrote"):
                continue
            readers = [host] if share["path"] in per_host else [other for other in sorted(outcomes) if other != host]
            for reader in readers:
                found = _of((outcomes[reader] or {}).get("read"), share["path"])
                if found is None:
                    continue
                seen = (found.get("sees") or {}).get(guest_name(host))
                if seen == share["answer"]:
                    continue
                sentences.append(
                    "%s does not see at %s what the guest on %s wrote there: it %s"
                    % (reader, share["path"], host,
                       "sees another answer" if seen else "sees none (%s)" % (found.get("problem") or "no such file")))
    return sentences


def _of(result, path):
    for share in (result or {}).get("shares") or ():
        if share.get("path") == path:
            return share
    return None


def report(guest, shares, host):
    """What a guest saw, a sentence a share. guest: what guest_proof returned. shares: what it was given."""
    lines = ["%s: a guest came up in %s s (libvirt took %s s to start it, with %s) and ran %s %s as %s" % (
        host, guest.get("boot_seconds"), guest.get("create_seconds"), (guest.get("accelerator") or "").upper(),
        {"rust": "virtiofsd", "c": "the C virtiofsd"}[guest["daemon"]["implementation"]], guest["daemon"]["version"],
        guest["daemon"]["user"])] if guest.get("daemon") else []
    for share, seen in zip(shares, guest.get("shares") or ()):
        lines.append("%s: %s: mounted in %s s, read what %s wrote, and wrote an answer"
                     % (host, share["path"], seen["mount_seconds"], share["written_by"]))
    return lines
