# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executor: one share's failure stays its own, fstab is written once, and errors name what they must."""

import errno
import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._host.bounded import TimedOut
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import apply
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Operation
from ansible_collections.virtshare.storage.plugins.module_utils._share import credentials
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

LIVE = "5%d 20 0:3%d / %s rw,relatime - nfs4 nas1:/export%s rw,vers=4.2,hard,timeo=600,addr=192.0.2.12"
SHARES = validated([
    {"path": path, "type": "nfs", "source": "nas1:/export" + path, "options": {"vers": "4.2"}}
    for path in ("/srv/a", "/srv/b")])
KINDS = {share["path"]: registry.of(share) for share in SHARES}


class FakeHost:
    """A host of which only the file that counts as fstab is real."""

    name = "hv1"
    timeout = 7
    missing = None
    systemd = True

    def __init__(self, directory):
        self.fstab_path = str(directory / "fstab")
        fstab.write(self.fstab_path, "# mismatch\n")

    def in_use(self, path, mount):
        return ["qemu (process 7)"]

    def helper_missing(self, kind):
        return self.missing

    def has_systemd(self):
        return self.systemd


class Commands:
    """A runner whose answers are given: {first words of a command: (code, output) or an exception}."""

    def __init__(self, **answers):
        self.answers = answers
        self.run = []

    def __call__(self, command, seconds):
        self.run.append((" ".join(command), seconds))
        answer = self.answers.get(command[0], (0, ""))
        if callable(answer):
            answer = answer(command)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)


@pytest.fixture(autouse=True)
def kernel(monkeypatch):
    """What the kernel shows after the commands: both shares as declared, unless a test says otherwise."""
    lines = [LIVE % (number, number, share["path"], share["path"]) for number, share in enumerate(SHARES)]
    monkeypatch.setattr(apply.mountinfo, "read", lambda: mountinfo.parse("\n".join(lines)))
    return lines


def operations(*steps):
    result = []
    for name, path in steps:
        share = next(share for share in SHARES if share["path"] == path)
        kind = KINDS[path]
        result.append(Operation(
            name, path, "%s %s" % (name, share["source"]), entry=kind.entry(share), command=kind.mount_command(share),
            commands=[["mount", "-o", "remount,bind,rw", path]], evidence={"addresses": None, "origin": None},
            trial=False, used=False))
    return result


BOTH = [("unmount", "/srv/a"), ("unmount", "/srv/b"), ("fstab", "/srv/a"), ("fstab", "/srv/b"), ("mount", "/srv/a"),
        ("mount", "/srv/b")]


def carry_out(host, runner, steps=tuple(BOTH)):
    executor = apply.Executor(host, SHARES, KINDS, runner)
    done = executor.carry_out(operations(*steps))
    return [(operation.name, operation.target) for operation in done], executor.errors


def test_all_is_done_in_order_each_bounded(host):
    runner = Commands()
    assert carry_out(host, runner) == (BOTH, {})
    options = "rw,vers=4.2,_netdev,nofail,retry=0"
    assert runner.run == [
        ("umount /srv/a", 7), ("umount /srv/b", 7),
        ("mount -t nfs -o %s nas1:/export/srv/a /srv/a" % options, 7),
        ("mount -t nfs -o %s nas1:/export/srv/b /srv/b" % options, 7)]
    assert fstab.read(host.fstab_path).splitlines() == [
        "# mismatch",
        "nas1:/export/srv/a /srv/a nfs rw,vers=4.2,_netdev,nofail 0 0",
        "nas1:/export/srv/b /srv/b nfs rw,vers=4.2,_netdev,nofail 0 0"]


def test_a_share_that_cannot_be_unmounted_keeps_its_line_and_the_other_is_done(host):
    runner = Commands(umount=lambda command: (32, "target is busy") if command[1] == "/srv/a" else (0, ""))
    done, errors = carry_out(host, runner)
    assert done == [step for step in BOTH if step[1] == "/srv/b"]
    assert list(errors) == ["/srv/a"]
    for word in ("/srv/a: ", "target is busy", "qemu (process 7)"):
        assert word in errors["/srv/a"]
    assert "/srv/a" not in fstab.read(host.fstab_path)


def test_an_unmount_that_takes_too_long_and_yet_happened_is_done(host, kernel):
    def umount(command):
        kernel[:] = [line for line in kernel if command[1] != "/srv/a" or "/srv/a " not in line]
        return TimedOut(7)
    done, errors = carry_out(host, Commands(umount=umount), BOTH[:2])
    assert done == [("unmount", "/srv/a")]
    assert list(errors) == ["/srv/b"]
    for word in ("/srv/b: ", "7 s", "nas1"):
        assert word in errors["/srv/b"]


def test_a_mount_that_takes_too_long_names_server_path_host_and_seconds(host):
    done, errors = carry_out(host, Commands(mount=TimedOut(7)))
    assert [step for step in done if step[0] == "mount"] == []
    for word in ("/srv/a", "nas1:/export/srv/a", "7 s", "server is nas1"):
        assert word in errors["/srv/a"]


def test_the_shares_of_a_server_that_let_one_run_out_of_time_get_little(host):
    runner = Commands(mount=TimedOut(7))
    carry_out(host, runner, [("mount", "/srv/a"), ("mount", "/srv/b")])
    assert [seconds for command, seconds in runner.run] == [7, 2]


def test_what_mount_says_is_passed_on_and_explained(host):
    dummy, errors = carry_out(host, Commands(mount=(32, "mount.nfs: access denied by server while mounting nas1:/x")))
    for word in ("access denied by server", "exportfs", "nas1:/export/srv/a"):
        assert word in errors["/srv/a"]


def test_a_missing_program_is_named_with_what_brings_it(host):
    host.missing = "nfs-common (Debian, Ubuntu)"
    runner = Commands()
    dummy, errors = carry_out(host, runner)
    assert "Install nfs-common" in errors["/srv/a"]
    assert not any(command.startswith("mount") for command, dummy in runner.run)


@pytest.mark.parametrize("change, words", [
    (("hard", "soft"), None),
    (("vers=4.2", "vers=4.1"), ["vers=4.1 instead of vers=4.2"]),
    (("nas1:/export", "nas1:/other"), ["nas1:/other/srv/a of type nfs4", "instead of nas1:/export/srv/a"]),
    (("/srv/a", "/srv/elsewhere"), ["nothing is mounted there"]),
])
def test_a_mount_that_is_not_as_declared_is_an_error(host, kernel, change, words):
    kernel[0] = kernel[0].replace(*change)
    dummy, errors = carry_out(host, Commands())
    assert list(errors) == (["/srv/a"] if words else [])
    for word in words or ():
        assert word in errors["/srv/a"]


def test_a_failed_write_of_fstab_ends_its_shares_before_they_are_mounted(host, monkeypatch):
    def fail(*arguments):
        raise OSError(30, "Read-only file system")
    monkeypatch.setattr(apply.fstab, "write", fail)
    done, errors = carry_out(host, Commands())
    assert done == BOTH[:2]
    assert sorted(errors) == ["/srv/a", "/srv/b"]
    assert "Read-only file system" in errors["/srv/a"] and host.fstab_path in errors["/srv/a"]


@pytest.mark.parametrize("number, way_out", [
    (errno.ENOSPC, "Free some space"), (errno.EROFS, "writable"), (errno.EIO, "")])
def test_nothing_is_released_when_fstab_cannot_be_written(host, monkeypatch, number, way_out):
    """With a share that needs no edit beside it, which is done."""
    def fail(*arguments):
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(apply.fstab, "rehearse", fail)
    runner = Commands()
    executor = apply.Executor(host, SHARES, KINDS, runner)
    steps = operations(("unmount", "/srv/a"), ("unmount", "/srv/b"), ("fstab", "/srv/a")) + [
        Operation("systemd_reload", "systemd", "read")] + operations(("mount", "/srv/a"), ("mount", "/srv/b"))
    done = executor.carry_out(steps)
    assert [(each.name, each.target) for each in done] == [("unmount", "/srv/b"), ("mount", "/srv/b")]
    assert [command.split()[0] for command, dummy in runner.run] == ["umount", "mount"]
    assert list(executor.errors) == ["/srv/a"]
    for word in ("/srv/a: ", host.fstab_path, os.strerror(number), "Nothing was changed", way_out):
        assert word in executor.errors["/srv/a"]


@pytest.mark.parametrize("systemd, first", [
    (True, "systemd-run --quiet --scope --collect --property=DefaultDependencies=no --description=What serves /srv/g -- "),
    (False, ""),
])
def test_a_mount_with_a_process_does_not_end_with_the_session_that_made_it(host, systemd, first):
    (share,) = validated([{"path": "/srv/g", "type": "glusterfs", "source": "nas1:/vm"}])
    kind = registry.of(share)
    host.systemd = systemd
    failed = (1, "no such volume")
    runner = Commands(mount=failed, **{"systemd-run": failed})
    executor = apply.Executor(host, [share], {"/srv/g": kind}, runner)
    assert executor.carry_out([Operation("mount", "/srv/g", "mount it", command=kind.mount_command(share))]) == []
    assert [command for command, dummy in runner.run] == [
        first + "mount -t glusterfs -o rw,_netdev nas1:/vm /srv/g"]
    assert "no such volume" in executor.errors["/srv/g"]


def test_systemd_that_does_not_reload_is_an_error_of_its_own(host):
    executor = apply.Executor(host, SHARES, KINDS, Commands(systemctl=(1, "Connection refused")))
    steps = operations(("fstab", "/srv/a")) + [Operation("systemd_reload", "systemd", "read")] + operations(
        ("mount", "/srv/a"))
    assert [operation.name for operation in executor.carry_out(steps)] == ["fstab", "mount"]
    assert "Connection refused" in executor.errors[host.fstab_path]


def test_a_remount_that_fails_is_an_error_of_its_share(host):
    done, errors = carry_out(host, Commands(mount=(32, "not permitted")), [("remount", "/srv/a")])
    assert done == []
    assert "options could not be changed" in errors["/srv/a"] and "not permitted" in errors["/srv/a"]


TRAP = "30 20 0:60 / /srv/a rw,relatime - autofs systemd-1 rw,timeout=600"
ON_DEMAND = [dict(SHARES[0], options={"vers": "4.2", "x-systemd.automount": True})]


def on_demand(host, runner, *names):
    executor = apply.Executor(host, ON_DEMAND, KINDS, runner)
    steps = operations(*((name, "/srv/a") for name in names))
    for step in steps:
        step.arguments["trial"] = True
    done = executor.carry_out(steps)
    return [operation.name for operation in done], executor.errors


class Systemd:
    """What the commands do to the mounts of /srv/a, as mountinfo shows them."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.share = kernel[0]

    def mount(self, command):
        self.kernel.append(self.share)
        return 0, ""

    def umount(self, command):
        self.kernel.remove(self.share)
        return 0, ""

    def systemctl(self, command):
        self.kernel.append(TRAP) if command[1] == "start" else self.kernel.remove(TRAP)
        return 0, ""

    def commands(self):
        return Commands(mount=self.mount, umount=self.umount, systemctl=self.systemctl)


def test_a_share_on_demand_is_tried_and_then_waits(host, kernel):
    runner = Systemd(kernel).commands()
    del kernel[:]
    assert on_demand(host, runner, "mount", "automount_start") == (["mount", "automount_start"], {})
    assert kernel == [TRAP]
    assert [command.split()[0] for command, dummy in runner.run] == ["mount", "umount", "systemctl"]
    assert runner.run[-1] == ("systemctl start srv-a.automount", 7)


def test_what_sprang_a_trap_is_unmounted_before_the_trap_goes(host, kernel):
    """systemd would take it away lazily, from under whoever uses it."""
    systemd = Systemd(kernel)
    kernel[:] = [TRAP, systemd.share.replace("50 20", "50 30")]
    systemd.share = kernel[1]
    runner = systemd.commands()
    assert on_demand(host, runner, "automount_stop") == (["automount_stop"], {})
    assert [command for command, dummy in runner.run] == ["umount /srv/a", "systemctl stop srv-a.automount"]

    kernel[:] = [TRAP, systemd.share]
    runner = Commands(umount=(32, "target is busy"))
    done, errors = on_demand(host, runner, "automount_stop", "mount", "automount_start")
    assert done == [] and "target is busy" in errors["/srv/a"] and len(runner.run) == 1


@pytest.mark.parametrize("answer, words", [
    ((5, "Unit srv-a.automount not found."), "not found"), ((0, ""), "is not mounted on demand"),
    (TimedOut(7), "within 7 s")])
def test_a_trap_that_cannot_be_set_is_an_error(host, kernel, answer, words):
    del kernel[:]
    done, errors = on_demand(host, Commands(systemctl=answer), "automount_start")
    assert done == [] and words in errors["/srv/a"]


def test_a_trap_that_stays_is_an_error(host, kernel):
    kernel[:] = [TRAP]
    done, errors = on_demand(host, Commands(), "automount_stop", "mount")
    assert done == [] and "still mounted on demand" in errors["/srv/a"]


def test_a_failed_trial_leaves_no_trap(host, kernel):
    del kernel[:]
    runner = Commands(mount=(32, "mount.nfs: access denied by server"))
    done, errors = on_demand(host, runner, "mount", "automount_start")
    assert done == [] and "exportfs" in errors["/srv/a"] and len(runner.run) == 1


CIFS = validated([{"path": "/srv/m", "type": "cifs", "source": "//nas1/m",
                   "credentials": {"username": "vm", "password": "hunter2"}}])


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(credentials, "DIRECTORY", str(tmp_path / "virtshare" / "credentials"))
    return tmp_path / "virtshare" / "credentials" / "srv-m.cifs"


def with_credentials(host, runner, declared):
    executor = apply.Executor(host, CIFS, {"/srv/m": registry.of(CIFS[0])}, runner)
    steps = [Operation("unmount", "/srv/m", "unmount it"),
             Operation("credentials", "/srv/m", "write the credentials file", declared=declared)]
    return [operation.name for operation in executor.carry_out(steps)], executor.errors


def test_credentials_are_written_and_removed(host, file):
    assert with_credentials(host, Commands(), CIFS[0]["credentials"]) == (["unmount", "credentials"], {})
    assert file.read_text(encoding="utf-8") == "username=vm\npassword=hunter2\n"
    assert with_credentials(host, Commands(), None) == (["unmount", "credentials"], {})
    assert not file.exists()


def test_a_share_that_cannot_be_unmounted_keeps_its_credentials(host, file):
    done, errors = with_credentials(host, Commands(umount=(32, "target is busy")), CIFS[0]["credentials"])
    assert done == [] and list(errors) == ["/srv/m"] and not file.exists()


def test_a_file_that_cannot_be_written_is_named_and_its_content_is_not(host, file):
    file.mkdir(parents=True)
    done, errors = with_credentials(host, Commands(), CIFS[0]["credentials"])
    assert done == []
    for word in ("/srv/m: ", str(file), "it is a directory", "Nothing was changed for this share"):
        assert word in errors["/srv/m"]
    assert "hunter2" not in errors["/srv/m"]


@pytest.mark.parametrize("number, words", [(None, None), (112, "Host is down")])
def test_another_login_is_used_before_it_is_believed(host, monkeypatch, number, words):
    def statvfs(path):
        if number:
            raise OSError(number, "Host is down")
        return os.statvfs_result(range(10))
    monkeypatch.setattr(os, "statvfs", statvfs)
    executor = apply.Executor(host, SHARES, KINDS, Commands())
    (step,) = operations(("remount", "/srv/a"))
    step.arguments["used"] = True
    assert (executor.carry_out([step]) == [step]) == (number is None)
    assert words is None or words in executor.errors["/srv/a"]
