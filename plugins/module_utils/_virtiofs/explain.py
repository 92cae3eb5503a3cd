# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a guest did not get its share, and what to do about it. Pure.

The texts that are looked for were all seen: libvirt 11.3 with virtiofsd 1.13.2 of Debian 13.
"""

import re

from .._share.types import registry

# How many ids a guest has at most, unless somebody maps more by hand.
IDS = 65536


class Acting:
    """Who it is on the host that does what the guest's root does.

    user: the name of who runs the daemon. uid: the number it has in the share. groups: the names of the user's groups.
    gids: their numbers, that of its first group not among them where an idmap gives it another. gid: the number of that
    first group in the share.
    """

    def __init__(self, user, uid, groups, gids=(), gid=0):
        self.user = user
        self.uid = uid
        self.groups = groups
        self.gids = gids
        self.gid = gid

    def __str__(self):
        who = "virtiofsd runs as %s" % self.user
        if self.uid:
            who += ", and what the guest's root does is done as uid %d with the groups of %s (%s)" % (
                self.uid, self.user, ", ".join(self.groups) or "none")
        return who


def denied(path, state, acting):
    """A sentence about a directory that does not let the daemon in.

    state: {"uid", "gid", "mode", "fstype"} of the share's root directory, or None.
    """
    words = "%s denies the guest" % path
    if state is not None:
        words += ": it belongs to %(uid)d:%(gid)d with mode %(mode)04o" % state
    if state is not None and acting.uid and state["gid"] in acting.gids and state["mode"] & 0o070 == 0o070:
        why = registry.of_filesystem(state["fstype"]).group_ignored(acting, state["gid"])
        if why:
            return "%s; %s. %s" % (words, acting, why)
    return ("%s; %s. Let it in by a group that %s is in, on every host (access: group and mode: \"2770\" of the "
            "share), or look for an ACL, a security label or a server that maps users" % (words, acting, acting.user))


def foretold(share, state, acting):
    """Why the guest's root will be denied, in a sentence, where owner, group and mode alone leave no doubt; else None.

    share: {"path", "write"}. state: of its root directory, with C(acl) where something else may let the guest in, or
    None. Where another host keeps the files, it decides who is let in: the guest is booted to see.
    """
    if state is None or state.get("acl", True) or not acting.uid or registry.of_filesystem(state["fstype"]).remote:
        return None
    if acting.uid <= state["uid"] < acting.uid + IDS and acting.gid <= state["gid"] < acting.gid + IDS:
        # Both are ids of guests: the guest's root may do all it likes with such a directory.
        return None
    needed = 7 if share.get("write") else 5
    shift = 6 if state["uid"] == acting.uid else 3 if state["gid"] in (acting.gid, *acting.gids) else 0
    if state["mode"] >> shift & needed == needed:
        return None
    return ("%s: the guest's root is uid %d and gid %d of this host, and would be denied. Map it to %d (UID_MAP, GID_MAP "
            "in DISK of OpenNebula's host or cluster), or change the directory"
            % (denied(share["path"], state, acting), acting.uid, acting.gid, state["uid"]))


def not_subordinate(kind, user, first, count):
    """A sentence about ids that a user may not give to its guests."""
    return ("%s may not map %ss %d to %d, which its guests would be: /etc/%s does not give them to it. Add "
            "'%s:%d:%d' there (usermod --add-%ss %d-%d %s; the role virtiofsd does it, subordinate_ids)"
            % (user, kind[3:], first, first + count - 1, kind, user, first, count, kind, first, first + count - 1, user))


def refused(message, log, path, state, acting, daemon):
    """Why libvirt did not start the guest, in a sentence.

    message: what virsh said. log: the daemon's log. path, state: the share and its root directory's owner and mode.
    daemon: the path that libvirt was to run.
    """
    known = _of_the_log(log, path, state, acting)
    if known is None:
        known = _of_the_message(message, daemon)
    said = _short(message)
    last = _last_line(log)
    if last:
        said += "; virtiofsd: %s" % last
    return "%s (libvirt: %s)" % (known, said) if known else "libvirt did not start the guest: %s" % said


def _of_the_log(log, path, state, acting):
    if re.search(r"(OpenNewRoot|Error opening|Error accessing).*(code: 13|[Pp]ermission ?[Dd]enied)", log):
        return denied(path, state, acting)
    if "newuidmap: uid range" in log or "newgidmap: gid range" in log:
        return ("%s has not the subordinate ids that the idmap needs: give it some in /etc/subuid and /etc/subgid "
                "(usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s; the role virtiofsd does it)"
                % (acting.user, acting.user))
    if "failed to execute newuidmap" in log or "failed to execute newgidmap" in log:
        return ("newuidmap cannot be run, which maps users for a daemon that is not root: install uidmap (Debian, "
                "Ubuntu) or shadow-utils (EL); the role virtiofsd does it")
    if "uid_map can only be used by unprivileged user" in log:
        return ("virtiofsd runs as root here and takes no idmap then: leave idmap empty, or let another user run the "
                "daemon, as OpenNebula's wrapper does")
    if re.search(r"Unshare\(.*PermissionDenied", log):
        return ("this host does not let %s make the namespaces of virtiofsd's sandbox: see the settings "
                "kernel.unprivileged_userns_clone, user.max_user_namespaces and (Ubuntu) "
                "kernel.apparmor_restrict_unprivileged_userns" % acting.user)
    return None


def _of_the_message(message, daemon):
    match = re.search(r"cannot execute binary (\S+): (.*)", message)
    if match and "No such file" in match.group(2):
        return ("there is no virtiofsd where libvirt was told to find it, %s: install it (role virtiofsd)"
                % match.group(1))
    if match:
        return ("libvirt may not run %s: where AppArmor or SELinux confines libvirt, it has to allow that program "
                "(/etc/apparmor.d/local/usr.sbin.libvirtd, or the audit log)" % match.group(1))
    if "satisfying virtiofsd" in message:
        return ("libvirt finds no virtiofsd of its own: install it (role virtiofsd), or name it in the domain as "
                "<binary>")
    if re.search(r"(unsupported configuration|does not support).*virtiofs", message):
        return "this libvirt or QEMU knows no virtiofs with %s: libvirt 6.2 and QEMU 5.0 are the oldest" % daemon
    return None


def share_problem(seen, share, state, acting):
    """What is wrong with one share by what the guest said, in a sentence; None when nothing is.

    seen: the share's part of script.Seen. share: {"path", "mount_tag", "content", "written_by", "write"}.
    """
    path, tag = share["path"], share["mount_tag"]
    if "failed" in seen:
        step, said = seen["failed"]
        if "ermission denied" in said or "not permitted" in said:
            return "%s (the guest, at %s: %s)" % (denied(path, state, acting), step, said)
        if step == "read" and "No such file" in said:
            return ("the guest does not see at %s what %s wrote there: its daemon is given another directory than the "
                    "share (%s)" % (path, share["written_by"], said))
        if "ead-only" in said:
            return "the guest may not write to %s: it is read-only (%s)" % (path, said)
        return "the guest failed to %s %s by the tag %s: %s" % (step, path, tag, said or "it did not say why")
    if "mounted" not in seen:
        return "the guest did not mount %s by the tag %s in time" % (path, tag)
    if "read" not in seen:
        return "the guest did not read from %s in time" % path
    if seen["read"] != share["content"]:
        return ("the guest read %r at %s, but %s wrote %r there: they do not have the same filesystem"
                % (seen["read"], path, share["written_by"], share["content"]))
    if share["write"] and not seen.get("wrote"):
        return "the guest read from %s, but did not write to it in time" % path
    return None


def _short(message):
    lines = [line.strip() for line in message.split("\n") if line.strip()]
    # The first line only says which file the domain is in.
    lines = [line for line in lines if not line.startswith("error: Failed to create domain")] or lines
    return " ".join(re.sub(r"^error: ", "", line) for line in lines)[:400] or "no reason given"


def _last_line(log):
    lines = [line.strip() for line in log.split("\n") if re.search(r"ERROR|panicked|fatal|denied", line)]
    return lines[-1][:300] if lines else ""
