# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module guest_proof does: one guest with all shares of a host, from its kernel to what it saw."""

import errno
import os
import re
import stat
import time

from .._host import accounts, bounded
from .._plan.outcome import Outcome
from .._plan.plan import Failure, Refusal
from .._share import leftovers, live
from .._share.types import registry
from . import daemon, daemon_host, domain, elements, explain, initramfs, life, script

# What OpenNebula's front end puts on a host: it runs the Rust daemon as oneadmin, the C one as root.
PLATFORM_WRAPPER = "/var/tmp/one/vmm/kvm/virtiofsd.sh"
PLATFORM_USER = "oneadmin"

SHARE_SPEC = dict(
    path=dict(type="str", required=True),
    share_path=dict(type="str"),
    mount_tag=dict(type="str", required=True),
    type=dict(type="str", choices=list(registry.NAMES)),
    source=dict(type="str"),
    read=dict(type="str", required=True),
    # A nonce is random and goes into the result anyway: no secret.
    content=dict(type="str", required=True, no_log=False),
    written_by=dict(type="str", required=True),
    write=dict(type="str"),
)

ARGUMENT_SPEC = dict(
    shares=dict(type="list", elements="dict", required=True, options=SHARE_SPEC),
    host=dict(type="str"),
    kernel=dict(type="path"),
    busybox=dict(type="path", default="/bin/busybox"),
    daemon=dict(type="path"),
    daemon_user=dict(type="str"),
    cache=dict(type="str", default=elements.DEFAULTS["cache"], choices=list(elements.CACHES)),
    sandbox=dict(type="str", default=elements.DEFAULTS["sandbox"], choices=list(elements.SANDBOXES)),
    xattr=dict(type="bool", default=elements.DEFAULTS["xattr"]),
    idmap=dict(type="str"),
    gid_idmap=dict(type="str"),
    accelerator=dict(type="str", default="auto", choices=["auto", "kvm", "tcg"]),
    memory=dict(type="int", default=256),
    uri=dict(type="str", default="qemu:///system"),
    timeout=dict(type="float", default=300.0),
)

# A guest under KVM says that it is alive after a second or two; one that is not after this long never will be.
KVM_SIGN_SECONDS = 30.0
_LOOK = 0.2
_ASK = 3.0


def work(params, check_mode):
    """The Outcome of guest_proof: with everything that went wrong, and what was found all the same."""
    proof = _Proof(params)
    if not check_mode and params["shares"]:
        try:
            proof.prove()
        except Failure as failure:
            proof.problems.extend(failure.problems)
        except bounded.TimedOut as error:
            proof.problems.append("libvirt (%s) gave no answer within %g s: is its service up, and is the host not "
                                  "overloaded?" % (params["uri"], error.seconds))
        except (OSError, bounded.ChildFailed) as error:
            proof.problems.append(str(error))
    problems = [text if text.startswith(proof.host + ": ") else "%s: %s" % (proof.host, text)
                for text in proof.problems]
    return Outcome(result=proof.result, warnings=proof.warnings, problems=problems)


class _Proof:
    """One call: its parameters, what was found so far, and all problems."""

    def __init__(self, params):
        self.params = params
        self.host = params["host"] or os.uname().nodename
        self.patience = live.Bounded(min(params["timeout"], 30.0), self.host)
        self.problems = []
        # For each tag its root directory's {"uid", "gid", "mode", "fstype"}.
        self.states = {}
        self.warnings = []
        self.result = {"kernel": None, "daemon": None, "accelerator": None,
                       "create_seconds": None, "boot_seconds": None, "seconds": None,
                       "shares": [{"path": share["path"], "share_path": share["share_path"],
                                   "mount_tag": share["mount_tag"], "read": False, "wrote": False, "answer": None,
                                   "mount_seconds": None}
                                  for share in params["shares"]]}

    def prove(self):
        started = time.monotonic()
        deadline = started + self.params["timeout"]
        for share in self.params["shares"]:
            self._look(share)
        if self.problems:
            return
        kernel = self._kernel()
        busybox = self._busybox()
        self._libvirt()
        life.remove_stale(self.params["uri"])
        with life.Guarded(life.Guest(self.params["uri"])) as guest:
            binary, acting, idmap = self._daemon(guest)
            self._foretell(acting, idmap)
            if self.problems:
                return
            self._files(guest, kernel, busybox)
            self._boot(guest, binary, acting, idmap, deadline)
        self.result["seconds"] = round(time.monotonic() - started, 1)

    def _look(self, share):
        """Whether the path is the declared share: what the guest sees of another directory proves nothing."""
        path, place = share["path"], share["share_path"] or share["path"]
        mount, entries = self.patience.visible(place)
        if mount is None:
            self.problems.append("%s is not mounted: a plain directory of %s; mount the share first (role share_mounts)"
                                 % (place, live.plain_directory(entries, place)))
            return
        other = self.patience.declared_instead(share, mount, entries)
        if other is not None:
            self.problems.append("%s is the %s mount of %s, declared is %s" % (place, mount.fstype, mount.source, other))
            return
        try:
            self.states[share["mount_tag"]] = self.patience.run(lambda: _state(path, mount), path, mount)
        except FileNotFoundError:
            self.problems.append("%s is missing in the share %s: make the directory, or correct the path"
                                 % (path, place))
        except OSError as error:
            # A server may keep root itself out, and yet let the daemon's user in.
            self.warnings.append("%s: %s: root itself may not look at it (%s)" % (
                self.host, path, live.error_words(error)))

    def _kernel(self):
        path = self.params["kernel"] or "/boot/vmlinuz-" + os.uname().release
        self.result["kernel"] = path
        try:
            with open(path, "rb") as source:
                return source.read()
        except OSError as error:
            raise Refusal("the kernel for the guest cannot be read: %s (%s); name one that can be booted directly, "
                          "such as a distribution's /boot/vmlinuz-*, in guest_proof_kernel" % (path, error.strerror))

    def _busybox(self):
        path = self.params["busybox"]
        try:
            with open(path, "rb") as source:
                program = source.read()
        except OSError as error:
            raise Refusal("the guest's only program cannot be read: %s (%s); install busybox-static, or name a static "
                          "busybox in guest_proof_busybox" % (path, error.strerror))
        initramfs.check_static(program, path)
        return program

    def _libvirt(self):
        try:
            code, text = life.Guest(self.params["uri"], "-").virsh("version")
        except (bounded.ChildFailed, FileNotFoundError):
            raise Refusal("there is no virsh here: install libvirt-clients (Debian, Ubuntu) or libvirt-client (EL)")
        if code != 0:
            raise Refusal("libvirt (%s) does not answer: %s; start its service (libvirtd, or virtqemud)"
                          % (self.params["uri"], " ".join(text.split())[:300]))

    def _daemon(self, guest):
        """(path for <binary>, explain.Acting, idmap or None), as OpenNebula's driver chooses, if nothing else is said."""
        found = daemon.info({"packages": [], "expected": False, "min_version": None, "timeout": 10.0}, False)
        binary = self.params["daemon"]
        user = self.params["daemon_user"]
        rust = found["implementation"] == "rust"
        if binary is None and os.access(PLATFORM_WRAPPER, os.X_OK):
            binary, user = PLATFORM_WRAPPER, user or (PLATFORM_USER if rust else "root")
        elif binary is None:
            binary = found["path"]
            user = user or (PLATFORM_USER if rust and accounts.user(PLATFORM_USER) else "root")
            if user != "root":
                if not re.match(r"[A-Za-z_][A-Za-z0-9_.-]*\$?\Z", user) or accounts.user(user) is None:
                    raise Refusal("daemon_user %s does not exist on this host: name a user that does, or root" % user)
                binary = guest.write_wrapper(user, binary)
        elif not os.access(binary, os.X_OK):
            raise Refusal("the daemon %s is not a program that can be run: correct guest_proof_daemon, or leave it out"
                          % binary)
        user = user or "root"
        idmap = self.params["idmap"]
        if idmap is None:
            idmap = elements.OPENNEBULA_IDMAP if rust and user != "root" else None
        groups = self._gid_idmap(idmap)
        self.result["daemon"] = {"path": binary, "user": user, "implementation": found["implementation"],
                                 "version": found["version"], "idmap": idmap, "gid_idmap": groups}
        return binary, _acting(user, idmap, groups), idmap or None

    def _gid_idmap(self, idmap):
        return self.params["gid_idmap"] or idmap or None

    def _foretell(self, acting, idmap):
        """What would deny the guest for certain: ids that the daemon's user may not give away, and directories."""
        if idmap and acting.user != "root":
            for kind, text in (("subuid", idmap), ("subgid", self._gid_idmap(idmap))):
                first, count = elements.mapping(text)[1:]
                if kind in daemon_host.subordinate(acting.user, "%d:%d" % (first, count))["missing"]:
                    self.problems.append(explain.not_subordinate(kind, acting.user, first, count))
        for share in self.params["shares"]:
            problem = explain.foretold(share, self.states.get(share["mount_tag"]), acting)
            if problem is not None:
                self.problems.append(problem)

    def _files(self, guest, kernel, busybox):
        for entry in self.result["shares"]:
            entry["answer"] = leftovers.SIGNATURE + os.urandom(16).hex()
        shares = [{"mount_tag": share["mount_tag"], "read": share["read"], "write": share["write"],
                   "answer": entry["answer"] if share["write"] else None}
                  for share, entry in zip(self.params["shares"], self.result["shares"])]
        version = os.path.basename(self.result["kernel"]).partition("vmlinuz-")[2]
        modules = initramfs.read_modules(os.path.join("/lib/modules", version)) if version else []
        init = script.init(shares, self.params["timeout"])
        guest.prepare({"kernel": kernel, "initrd": initramfs.build(busybox, init, modules)})

    def _boot(self, guest, binary, acting, idmap, deadline):
        kvm = self.params["accelerator"] == "kvm" or (
            self.params["accelerator"] == "auto" and os.path.exists("/dev/kvm"))
        if kvm and self.params["accelerator"] == "auto":
            problem = self._live(guest, True, binary, acting, idmap, min(deadline, time.monotonic() + KVM_SIGN_SECONDS),
                                 deadline)
            if problem is None:
                return
            guest.end()
            self.warnings.append("%s: the guest did not come up with KVM and is tried without: %s" % (self.host, problem))
            kvm = False
        problem = self._live(guest, kvm, binary, acting, idmap, deadline, deadline)
        if problem is not None:
            self.problems.append(problem)

    def _live(self, guest, kvm, binary, acting, idmap, sign, deadline):
        """Boot it once and judge it. A sentence when KVM fails or there is no sign of life until sign, else None.

        A guest that libvirt refuses because of a share or its daemon is judged: another accelerator is no help there.
        """
        self.result["accelerator"] = "kvm" if kvm else "tcg"
        started = time.monotonic()
        filesystems = [elements.filesystem(share["path"], share["mount_tag"], binary=binary, cache=self.params["cache"],
                                           sandbox=self.params["sandbox"], xattr=self.params["xattr"], idmap=idmap,
                                           gid_idmap=self._gid_idmap(idmap) if idmap else None)
                       for share in self.params["shares"]]
        text = domain.xml(guest.name, os.uname().machine, kvm, self.params["memory"], guest.file("kernel"),
                          guest.file("initrd"), guest.file("console"), filesystems)
        with open(guest.file("domain.xml"), "w", encoding="utf-8") as target:
            target.write(text)
        code, said = guest.virsh("create", guest.file("domain.xml"), seconds=max(1.0, deadline - started))
        if code != 0:
            log = guest.daemon_log()
            share = self.params["shares"][0] if len(self.params["shares"]) == 1 else self._suspect(guest)
            problem = explain.refused(said, log, share["path"], self.states.get(share["mount_tag"]), acting, binary)
            if kvm and re.search(r"-accel kvm|\bKVM\b|virtType|emulator.*kvm", said):
                return problem
            self.problems.append(problem)
            return None
        created = time.monotonic()
        self.result["create_seconds"] = round(created - started, 1)
        seen = self._watch(guest, created, sign, deadline)
        if seen.alive is None:
            return ("the guest gave no sign of life within %d s with the kernel %s; its console: %s"
                    % (round(time.monotonic() - created), self.result["kernel"],
                       script.tail(guest.console()) or "nothing"))
        self._judge(seen, acting, guest)
        return None

    def _suspect(self, guest):
        """Of several shares the one whose daemon complained."""
        for number, share in enumerate(self.params["shares"]):
            path = os.path.join(life.LOGS, "%s-fs%d-virtiofsd.log" % (guest.name, number))
            if re.search(r"ERROR|panicked", life.text_of(path)):
                return share
        return self.params["shares"][0]

    def _watch(self, guest, created, sign, deadline):
        """What the console said when the guest was done, gone, or its time was up."""
        asked = time.monotonic()
        while True:
            seen = script.Seen(guest.console())
            now = time.monotonic()
            if seen.alive is not None and self.result["boot_seconds"] is None:
                self.result["boot_seconds"] = round(now - created, 1)
            if seen.done is not None or now > deadline or (seen.alive is None and now > sign):
                return seen
            if now - asked > _ASK:
                if not guest.runs():
                    return script.Seen(guest.console())
                asked = time.monotonic()
            time.sleep(_LOOK)

    def _judge(self, seen, acting, guest):
        for number, share in enumerate(self.params["shares"]):
            part = seen.shares.get(number, {})
            entry = self.result["shares"][number]
            entry["mount_seconds"] = part.get("mounted")
            entry["read"] = part.get("read") == share["content"]
            entry["wrote"] = bool(part.get("wrote"))
            problem = explain.share_problem(part, share, self.states.get(share["mount_tag"]), acting)
            if problem is not None:
                self.problems.append(problem)
        if seen.done is None and self.problems:
            self.problems.append("the guest's console ended with: %s" % script.tail(guest.console()))


def _state(path, mount):
    descriptor = live.enter(path, mount)
    try:
        status = os.fstat(descriptor)
        return {"uid": status.st_uid, "gid": status.st_gid, "mode": stat.S_IMODE(status.st_mode),
                "fstype": mount.fstype, "acl": _has_acl(descriptor)}
    finally:
        os.close(descriptor)


def _has_acl(descriptor):
    """Whether more than the mode decides, or may do so."""
    try:
        os.getxattr("/proc/self/fd/%d" % descriptor, "system.posix_acl_access")
    except OSError as error:
        return error.errno not in (errno.ENODATA, errno.EOPNOTSUPP)
    return True


def _acting(user, idmap, gid_idmap=None):
    account = accounts.user(user)
    if account is None or account["uid"] == 0:
        return explain.Acting(user, 0, [])
    gids = account["groups"]
    names = [accounts.group_name(gid) for gid in gids]
    groups = [str(gid) if name == str(gid) else "%s %d" % (name, gid) for name, gid in zip(names, gids)]
    if not idmap:
        return explain.Acting(user, account["uid"], groups, gids, account["gid"])
    return explain.Acting(user, elements.mapping(idmap)[1], groups, gids, elements.mapping(gid_idmap or idmap)[1])
