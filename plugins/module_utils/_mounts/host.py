# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host answers about its shares. Reads only, and everything a dead server could hang is bounded."""

import errno
import os
import socket
import threading
import time

from .._host import accounts, blockdevice, fstab, mountinfo, systemd
from .._host.bounded import ChildFailed, TimedOut, bounded, each
from .._plan.plan import Refusal
from .._share import credentials, doors, options, served, trial
from .._share.live import origin_of
from .._share.types import registry
from . import boot, dependencies, fuse_processes, mountpoint, undeclared
from .found import Found, cover, layers, stack
from .in_use import in_use
from .origins import independent, linked_names, other_names
from .servers import Servers, keys_of

# What the process that asks the mounts gets on top of their time.
_CHILD_SECONDS = 2
FSTAB = "/etc/fstab"


class Host:
    """Reads the state of the shares of the host this runs on.

    fstab_path: the file that counts as fstab. timeout: seconds that one question about one share may take. name: by which
    messages call the host, its own when not given.
    """

    def __init__(self, fstab_path, timeout, name=None):
        self.fstab_path = fstab_path
        self.timeout = timeout
        self.name = name or socket.gethostname()
        self._declared = {}
        self._outer = {}
        self.servers = Servers(timeout)
        self._trials = {}
        self._hung = set()

    @staticmethod
    def has_systemd():
        """Whether systemd is the init."""
        return systemd.is_init()

    def systemd_lags(self):
        """Whether fstab is newer than what systemd's generators made of it; they make it again on every reload.

        None where systemd is not the init, or reads another file.
        """
        if self.fstab_path != FSTAB or not self.has_systemd():
            return None
        try:
            written, read = os.stat(self.fstab_path).st_mtime, os.stat(boot.GENERATED).st_mtime
        except FileNotFoundError:
            return False
        # A file from the future would be newer forever.
        return read < written <= time.time()

    def dead_servers(self):
        """The servers of all live mounts, ours or not, that do not answer and keep systemd waiting; sorted names."""
        dead = set(self._hung)
        for mount in mountinfo.read():
            live = options.shown_values(mount)
            share_type = registry.of_mount(mount)
            if share_type.hangs_systemd and live.get("proto", "tcp").startswith("tcp") and "addr" in live:
                if self.servers.answer(
                        live["addr"], (doors.tcp(int(live.get("port", share_type.port))),), live["addr"])[1]:
                    dead.add(share_type.server_of(mount))
        return sorted(dead)

    def numbers(self, users, groups):
        """{"users": {name: number}, "groups": {name: number}} of those that this host knows, and "unknown": [text].

        A name service that does not answer knows none, and none is unknown then.
        """
        result = {"users": {}, "groups": {}, "unknown": []}
        if not users and not groups:
            return result
        try:
            found = bounded(lambda: accounts.lookup([name for name in users if not accounts.is_number(name)],
                                                    [name for name in groups if not accounts.is_number(name)]), self.timeout)
        except (TimedOut, ChildFailed, OSError):
            return result
        result.update(users={name: found["users"][name]["uid"] for name in found["users"]}, groups=found["groups"])
        for kind, names in (("user", users), ("group", groups)):
            result["unknown"] += ["%s %s" % (kind, name) for name in names
                                  if name not in result[kind + "s"] and not accounts.is_number(name)]
        return result

    def declare(self, shares, outer):
        """Tell the host all shares that are declared, and which binds a directory of which, see dependencies."""
        self._declared = {share["path"]: share for share in shares}
        self._outer = outer

    def real_sources(self, shares):
        """{path: its source without symbolic links} of shares that bind a directory of the host."""
        sources = {share["path"]: share["source"] for share in shares}
        if not sources:
            return {}
        try:
            return bounded(lambda: {path: os.path.realpath(source) for path, source in sources.items()}, self.timeout)
        except (TimedOut, ChildFailed, OSError):
            return {}

    def find(self, shares, types, moving=()):
        """(found, problems): {path: Found} of every share that could be read, {path: str} of every other.

        shares: validated. types: {path: ShareType}. moving: paths of other shares that will have another mount.
        """
        text = fstab.read(self.fstab_path)
        entries = served.completed(mountinfo.read(), self.timeout)
        seen, outcomes = self._look_at_all([share for share in shares if types[share["path"]].managed(share)], types, entries)
        units = self._units([share["path"] for share in shares])
        names = self._other_names([share["path"] for share in shares], text, entries)
        found, problems = {}, {}
        for share in shares:
            try:
                found[share["path"]] = self._find_one(
                    share, types[share["path"]], entries, text, seen, units, moving)._replace(
                        other_names=names.get(share["path"], ()))
            except Refusal as refusal:
                problems[share["path"]] = str(refusal)
        # Of those that show what is declared their own answer counts: a server that takes connections may still be dead.
        shown = [share for share in shares if share["path"] in found and share["state"] == "mounted"
                 and _shows_declared(share, types[share["path"]], found[share["path"]])]
        for share in shown:
            path = share["path"]
            try:
                found[path] = found[path]._replace(
                    stale=self._is_stale(share, types[path], found[path].stack[-1], outcomes.get(path)))
                self._refuse_sharded(share, types[path])
            except Refusal as refusal:
                problems[path] = str(refusal)
                del found[path]
        return found, problems

    def undeclared(self, declared, prefix):
        """The shares that this host has and nobody declares, a list of (undeclared.Candidate, Found).

        declared: paths. prefix: the directory to purge below, or None.
        """
        text = fstab.read(self.fstab_path)
        entries = mountinfo.read()
        candidates = undeclared.candidates(entries, text, declared, prefix, credentials.paths())
        seen = self._look_at_all([dict(candidate.share, state="unmounted") for candidate in candidates
                                  if undeclared.can_be_looked_at(candidate.share["path"], entries)], {}, entries)[0]
        units = self._units([candidate.share["path"] for candidate in candidates])
        result = []
        for candidate in candidates:
            path = candidate.share["path"]
            point = seen.get(path)
            if not isinstance(point, mountpoint.Point):
                # Not seen, or it cannot be: then only fstab can tell whose it is, and the directory is left alone.
                seen[path] = point = mountpoint.UNSEEN
            if undeclared.is_ours(candidate, point):
                result.append((candidate, self._find_one(candidate.share, None, entries, text, seen, units)))
        return result

    def in_use(self, path, mount, gone=()):
        """What uses a mount at a path, see in_use.in_use(). gone: mount points that do not count."""
        try:
            return bounded(lambda: in_use(mount, set(gone) | independent(
                path, fstab.read(self.fstab_path), self._declared.values())), self.timeout)
        except (TimedOut, ChildFailed, OSError) as error:
            raise Refusal("%s: what uses the mount could not be listed: %s" % (path, error))

    def helper_missing(self, share_type):
        """What to install for a share_type whose mount program is not there, or None."""
        if share_type.helper is None or any(os.path.exists(path) for path in share_type.helper[0]):
            return None
        return share_type.helper[1]

    def _find_one(self, share, share_type, entries, text, seen, units, moving=()):
        path = share["path"]
        mounts, trap = layers(entries, path)
        point = seen.get(path)
        if isinstance(point, Exception):
            raise Refusal("%s: the directory cannot be looked at: %s" % (path, point))
        evidence = {"addresses": None, "server": None, "origin": None, "device": None}
        if share["state"] == "mounted" and share_type.managed(share):
            if share_type.binds:
                evidence.update(self._source_evidence(share, moving))
            if share_type.on_device:
                evidence["device"] = self._device(share, mounts)
            if share_type.servers(share):
                live = _live_address(share, share_type, mounts[-1] if mounts else None)
                evidence["addresses"], evidence["server"] = self.servers.answering(share, share_type, live)
                if mounts and share_type.mismatch(share, mounts[-1], evidence) and not share_type.mismatch(
                        share, mounts[-1], dict(evidence, same_filesystem=True)):
                    evidence["same_filesystem"] = self._is_same(share, share_type, evidence, mounts[-1])
        recorded = fstab.find(text, path)
        return Found(
            mounts, [entry for entry in entries if entry.mount_point != path], fstab.lines_of(text, path), recorded, point,
            evidence, False, trap, credentials.look(path, share_type.credentials(share) if share_type else None),
            units.get(path), cover=cover(entries, path, mounts, trap), devices=[
                evidence["device"] if each.source == share["source"] else self._device_of(each.source) for each in recorded
            ] if mounts and share_type and share_type.on_device else ())

    def _units(self, paths):
        """{path: boot.Units}, nothing where systemd is not the init or reads another file than fstab."""
        return boot.look(paths) if self.fstab_path == FSTAB and self.has_systemd() else {}

    def _other_names(self, paths, text, entries):
        """{path: [name]} of paths that fstab has under other names, see origins; none where looking takes too long."""
        names = linked_names(text, paths, entries)
        try:
            return bounded(lambda: other_names(names, paths), self.timeout) if names else {}
        except (TimedOut, ChildFailed, OSError):
            return {}

    def _look_at_all(self, shares, types, entries):
        """(points, outcomes) of what is under these shares and of the mounts they have; the servers are asked, too.

        One child does all of it, as a fork costs more than most of it takes. points: of _points(). outcomes: of
        ask_mounts(), nothing when their child hangs.
        """
        if not shares:
            return {}, {}
        declared = {share["path"]: _top(entries, share["path"]) for share in shares if share["state"] == "mounted"}
        keys = self.servers.unasked(
            key for share in shares if share["path"] in declared
            for key in keys_of(share, types[share["path"]],
                               _live_address(share, types[share["path"]], declared[share["path"]]))[:1])
        paths = [share["path"] for share in shares]
        mounted = [path for path, top in declared.items() if top is not None]
        # The mounts are last: threads of theirs that hang are left behind in the child.
        answers = list(each(self.servers.tasks(keys) + [
            (lambda: mountpoint.look(paths), lambda: self.timeout),
            (lambda: ask_mounts(mounted, self.timeout), lambda: self.timeout + _CHILD_SECONDS)]))
        for key, answer in zip(keys, answers):
            self.servers.record(key, answer)
        points, outcomes = answers[-2:]
        return (_as_points(points.value) if points.error is None else self._points(paths),
                outcomes.value if outcomes.error is None else {})

    def _points(self, paths):
        """{path: Point, or the exception that looking at it ended in}; one that hangs or fails spares the others."""
        result = {}
        for path in paths:
            try:
                result.update(_as_points(bounded(lambda path=path: mountpoint.look([path]), self.timeout)))
            except (TimedOut, ChildFailed, OSError) as error:
                result[path] = error
        return result

    def origin(self, share):
        """live.origin_of() of the share's source."""
        source = share["source"]
        try:
            return bounded(lambda: origin_of(source, mountinfo.read()), self.timeout)
        except (TimedOut, ChildFailed, OSError) as error:
            raise Refusal("%s: the source %s cannot be looked at: %s" % (share["path"], source, error))

    def _source_evidence(self, share, moving):
        """Of a source in a share that gets a new mount, what will be seen there: where that comes from is looked at."""
        outer = self._outer.get(share["path"])
        if outer not in moving:
            return {"origin": self.origin(share)}
        holder, source = dependencies.resolved(share["source"], self._declared.values())
        if holder is None or holder["path"] not in moving:
            return {"origin": self.origin(dict(share, source=source)), "outer": outer}
        tried = self.trial(holder, registry.of(holder), {"server": None})
        seen = tried is not None and tried["code"] == 0
        return {"origin": tried["origins"].get(source) if seen else None, "outer": outer, "unseen": not seen}

    def trial(self, share, share_type, evidence):
        """See trial.attempt(); None where it cannot be tried. Each share is tried once."""
        path = share["path"]
        if path not in self._trials:
            self._trials[path] = None
            if share_type.remote and not self.helper_missing(share_type):
                inside = dependencies.sources_in(path, self._declared.values())
                reached = share_type.reached(share, evidence)
                try:
                    self._trials[path] = bounded(
                        lambda: trial.attempt(reached, share_type, self.timeout, inside), 2 * self.timeout)
                except (TimedOut, ChildFailed, OSError) as error:
                    self._trials[path] = {"code": 32, "output": str(error), "origins": {}, "ignored": []}
        return self._trials[path]

    def cannot_be_mounted(self, share, share_type, evidence):
        """Why a share cannot be mounted, as far as trying it tells, or None."""
        tried = self.trial(share, share_type, evidence)
        return None if tried is None else trial.why_not(tried, share, share_type)

    def _is_same(self, share, share_type, evidence, mount):
        """Whether a mount at another address shows just what the share is."""
        tried = self.trial(share, share_type, evidence)
        if tried is None or tried["code"] != 0:
            return False
        try:
            return trial.same(tried["identity"], bounded(
                lambda: trial.identity(share["path"], share_type, mount), self.timeout))
        except (TimedOut, ChildFailed, OSError):
            return False

    def _device(self, share, mounts):
        """The number of the source's device, or None when there is no such device and nothing is mounted."""
        try:
            path = blockdevice.resolve(share["source"], self.timeout)
            if path is not None:
                return blockdevice.number_of(path)
        except (TimedOut, ChildFailed, OSError) as error:
            raise Refusal("%s: the device of %s cannot be looked for: %s"
                          % (share["path"], share["source"], error))
        if mounts:
            raise Refusal(
                "%s: no device of this host is %s, so whether %s, which is mounted there, is the right one cannot "
                "be told. It is left alone." % (share["path"], share["source"], mounts[-1].source))
        return None

    def _device_of(self, source):
        """The number of a recorded source's device, None where nobody tells."""
        try:
            return blockdevice.number_of(blockdevice.resolve(source, self.timeout) or "")
        except (TimedOut, ChildFailed, OSError):
            return None

    def _refuse_sharded(self, share, share_type):
        try:
            fuse_processes.refuse_sharded(share, share_type, self.timeout)
        except (TimedOut, ChildFailed) as error:
            raise Refusal("%s: its client could not be asked: %s" % (share["path"], error))

    def _is_stale(self, share, share_type, mount, number):
        """Whether a new mount is needed, and would help; a Refusal when the mount cannot be used otherwise."""
        servers = " and ".join(server["host"] for server in share_type.servers(share))
        if number is None:
            self._hung.add(servers or share["source"])
            raise Refusal(
                "%s: it is mounted, but its %s gives no answer within %g s. The mount is left alone."
                % (share["path"], "server %s of %s" % (servers, share["source"]) if servers else
                   "source %s" % share["source"], self.timeout))
        stale = share_type.is_stale(number, mount)
        if number and not stale:
            raise Refusal("%s: it is mounted from %s, but using it fails: %s" % (
                share["path"], share["source"],
                ". ".join(filter(None, (os.strerror(number), share_type.explain(os.strerror(number)))))))
        return stale


def _opened(path):
    """ESTALE where a server gives the size of a filesystem whose root directory it no longer has, else 0."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY))
    except OSError as error:
        return errno.ESTALE if error.errno == errno.ESTALE else 0
    return 0


def ask_mounts(paths, seconds):
    """{path: errno of statfs, 0 when all is well} of those that answer in time. Only for a process that ends then."""
    outcomes = {}

    def ask_one(path):
        try:
            os.statvfs(path)
            outcomes[path] = _opened(path)
        except OSError as error:
            outcomes[path] = error.errno

    threads = [threading.Thread(target=ask_one, args=(path,), daemon=True) for path in paths]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return dict(outcomes)


def _top(entries, path):
    mounts = stack(entries, path)
    return mounts[-1] if mounts else None


def _as_points(answer):
    return {path: mountpoint.Point(*fields) for path, fields in answer.items()}


def _live_address(share, share_type, mount):
    """The address that a share's mount uses; None when there is none, or it is of another source and says nothing."""
    if mount is None or not share_type.servers(share) or share_type.mismatch(share, mount, {}) is not None:
        return None
    return options.shown_values(mount).get("addr")


def _shows_declared(share, share_type, found):
    return bool(found.stack) and share_type.managed(share) and (
        share_type.mismatch(share, found.stack[-1], found.evidence) is None)
