# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a share: each kind of user of a directory inside it is named, whatever the path by which it got there.

Real processes, mounts and namespaces, in a mount namespace that ends with each test.
"""

import shutil

import pytest

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

C_VIRTIOFSD = "/usr/lib/qemu/virtiofsd"

BEGIN = r"""
import ctypes, mmap, pathlib, signal, socket, threading, time
disk, P = "/srv/disk", "/srv/shares/p"
sh("mkdir -p /srv/disk /srv/memory /srv/shares")
sh("truncate -s 64M {image} && mkfs.ext4 -q {image} && mount -o loop {image} /srv/disk")
sh("mount -t tmpfs none /srv/memory")
for name in ("/srv/disk/data/vm1", "/srv/memory/vm1", "/srv/other"):
    os.makedirs(name)
    open(name + "/disk.img", "wb").write(b"x" * (1 << 20))
fstab = "/srv/fstab"
open(fstab, "w").close()
SOURCE = "/srv/disk/data"
begun = []

def share(source, **changes):
    return dict({{"path": P, "type": "local", "source": source}}, **changes)

def share_mounts(shares, **parameters):
    outcome = run_module("share_mounts", dict(parameters, shares=shares, fstab=fstab, timeout=30))
    return outcome.get("msg", "")

def start(*command, **popen):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, **popen)
    begun.append(process)
    return process

def script(text, *arguments):
    # A Python program that prints a line when it is ready, and then waits.
    text = ("import ctypes, mmap, os, signal, subprocess, sys, threading\nlibc = ctypes.CDLL(None)\nos.chdir('/')\n" + text
            + "\nprint('ready', flush=True)\nsignal.pause()\n")
    process = start(sys.executable, "-c", text, *arguments)
    assert process.stdout.readline() == b"ready\n"
    return process

def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)

def named(process):
    return "(process %d)" % process.pid

def virtiofsd(sandbox):
    # It changes its root when somebody connects.
    name = "/srv/socket"
    process = start({virtiofsd!r}, "--socket-path=" + name, "-o", "source=%s/vm1,sandbox=%s" % (P, sandbox))
    until(lambda: os.path.exists(name))
    guest = socket.socket(socket.AF_UNIX)
    guest.connect(name)
    begun.append(guest)
    def serving(pid):
        return os.readlink("/proc/%s/ns/mnt" % pid) != os.readlink("/proc/self/ns/mnt") or (
            os.readlink("/proc/%s/root" % pid) != "/")
    def children():
        return [process.pid] + [int(pid) for task in os.listdir("/proc/%d/task" % process.pid)
                                for pid in open("/proc/%d/task/%s/children" % (process.pid, task)).read().split()]
    until(lambda: any(serving(pid) for pid in children()))
    return "virtiofsd (process "

def stop():
    for each in begun:
        if isinstance(each, subprocess.Popen):
            each.kill()
            each.wait()
        else:
            each.close()
"""
END = """
assert share_mounts([share(SOURCE)]) == ""
before = [line for line in open("/proc/self/mountinfo") if " /srv/shares/p " in line]
recorded = open(fstab).read()
WORDS = use()
said = [
    share_mounts([share("/srv/other")]),
    share_mounts([share(SOURCE, state="absent")]),
    share_mounts([share(SOURCE, state="unmounted")]),
    share_mounts([], purge=True, purge_below="/srv/shares"),
]
kept = ([line for line in open("/proc/self/mountinfo") if " /srv/shares/p " in line] == before
        and open(fstab).read() == recorded)
stop()
leave()
result = [WORDS, said, kept, share_mounts([share("/srv/other")])]
"""

# kind: a function use() that begins to use P/vm1 and returns who is to be named; leave() ends what is no process.
KINDS = {
    "a working directory": """
def use():
    return named(start("sleep", "60", cwd=P + "/vm1"))
""",
    "an open file": """
def use():
    return named(start("sleep", "60", stdin=open(P + "/vm1/disk.img")))
""",
    "a changed root directory, as virtiofsd of Rust with --sandbox chroot": """
def use():
    return named(script("os.chroot(sys.argv[1]); os.chdir('/')", P + "/vm1"))
""",
    "a pivoted root in a namespace, as virtiofsd of Rust with --sandbox namespace": """
def use():
    return named(script('''
assert libc.unshare(0x20000) == 0 and libc.mount(None, b"/", None, 0x4000 | 0x80000, None) == 0
path = os.fsencode(sys.argv[1])
assert libc.mount(path, path, None, 0x1000 | 0x4000, None) == 0
old, new = os.open("/", os.O_RDONLY), os.open(path, os.O_RDONLY)
os.fchdir(new)
assert libc.syscall(155, b".", b".") == 0
os.fchdir(old)
assert libc.mount(b"", b".", b"", 0x4000 | 0x80000, None) == 0 and libc.umount2(b".", 2) == 0
os.fchdir(new), os.close(old), os.close(new)
''', P + "/vm1"))
""",
    "a virtiofsd of C with sandbox=namespace": """
def use():
    return virtiofsd("namespace")
""",
    "a virtiofsd of C with sandbox=chroot": """
def use():
    return virtiofsd("chroot")
""",
    "a QEMU with a disk": """
def use():
    qemu = start("qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none", "-drive",
                 "if=none,format=raw,file=%s/vm1/disk.img" % P)
    until(lambda: any("disk.img" in os.readlink(each) for each in
                      map(str, pathlib.Path("/proc/%d/fd" % qemu.pid).iterdir()) if os.path.lexists(each)))
    return named(qemu)
""",
    "an open file behind a bind mount": """
def use():
    os.mkdir("/srv/bound")
    sh("mount --bind %s/vm1 /srv/bound" % P)
    return named(start("sleep", "60", stdin=open("/srv/bound/disk.img")))
def leave():
    sh("umount /srv/bound")
""",
    "a bind mount of a bind mount": """
def use():
    os.mkdir("/srv/bound"), os.mkdir("/srv/nested")
    sh("mount --bind %s /srv/bound && mount --bind /srv/bound/vm1 /srv/nested && umount /srv/bound" % P)
    return named(start("sleep", "60", cwd="/srv/nested"))
def leave():
    sh("umount /srv/nested")
""",
    "a mount inside": """
def use():
    sh("mount -t tmpfs none %s/vm1" % P)
    return "a mount at %s/vm1" % P
def leave():
    sh("umount %s/vm1" % P)
""",
    "a container that has it as a volume, and nothing open": """
def use():
    container = start("unshare", "--mount", "--propagation", "private", "sh", "-c",
                      "mount -t tmpfs none /mnt; mkdir /mnt/v; mount --bind %s/vm1 /mnt/v; umount %s; echo; exec sleep 60"
                      % (P, P))
    container.stdout.readline()
    return named(container)
""",
    "a container that follows the host's mounts, and nothing open": """
sh("mount --make-rshared /")
def use():
    container = start("unshare", "--mount", "--propagation", "slave", "sh", "-c",
                      "mount --bind %s/vm1 /mnt; echo; exec sleep 60" % P)
    container.stdout.readline()
    return named(container)
""",
    "a service that may write there": """
sh("mount --make-rshared /")
def use():
    service = start("unshare", "--mount", "--propagation", "slave", "sh", "-c",
                    "mount --bind %s %s; echo; exec sleep 60" % (P, P))
    service.stdout.readline()
    return named(service)
""",
    "a changed root directory in a namespace": """
def use():
    container = start("unshare", "--mount", "--propagation", "private", "chroot", P + "/vm1", "/sleep", "60")
    until(lambda: os.readlink("/proc/%d/root" % container.pid) != "/")
    return "(process %d)" % container.pid
import shutil
shutil.copy(sh("which busybox || true").strip() or "/bin/sleep", SOURCE + "/vm1/sleep")
for line in sh("ldd /bin/sleep").splitlines():
    for word in line.split():
        if word.startswith("/"):
            os.makedirs(SOURCE + "/vm1" + os.path.dirname(word), exist_ok=True)
            shutil.copy(word, SOURCE + "/vm1" + word)
""",
    "a namespace whose process has gone": """
def use():
    sh("mkdir /srv/spaces && mount -t tmpfs none /srv/spaces && mount --make-private /srv/spaces && touch /srv/spaces/x")
    # The child of unshare that binds the namespace is at times too early.
    until(lambda: subprocess.call("unshare --mount=/srv/spaces/x --propagation private true", shell=True) == 0)
    return "the mount namespace that /srv/spaces/x keeps"
def leave():
    sh("umount /srv/spaces/x /srv/spaces")
""",
    "an open file of a namespace that has ended": """
SOURCE = "/srv/memory"
def use():
    return named(script('''
home = os.open("/proc/self/ns/mnt", os.O_RDONLY)
assert libc.unshare(0x20000) == 0 and libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) == 0
os.mkdir("/mnt/v")
assert libc.mount(os.fsencode(sys.argv[1]), b"/mnt/v", None, 0x1000, None) == 0
file = open("/mnt/v/disk.img")
assert libc.setns(home, 0x20000) == 0
''', P + "/vm1"))
""",
    "a memory map": """
def use():
    return named(script('''
with open(sys.argv[1], "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 0)
descriptors = [os.close(int(each)) for each in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + each)
               and os.readlink("/proc/self/fd/" + each) == sys.argv[1]]
''', P + "/vm1/disk.img"))
""",
    "a memory map in a namespace": """
def use():
    return named(script('''
assert libc.unshare(0x20000) == 0
with open(sys.argv[1], "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 0)
''', P + "/vm1/disk.img"))
""",
    "the directory of one thread": """
def use():
    return named(script('''
moved = threading.Event()
def work():
    assert libc.unshare(0x200) == 0
    os.chdir(sys.argv[1])
    moved.set()
    threading.Event().wait()
threading.Thread(target=work, daemon=True).start()
moved.wait()
''', P + "/vm1"))
""",
    "a loop device": """
loop = []
def use():
    loop.append(sh("losetup --show -f %s/vm1/disk.img" % P).strip())
    return "the loop device " + loop[0]
def leave():
    sh("losetup -d " + loop[0])
""",
    "an overlay": """
def use():
    sh("mkdir /srv/overlay && mount -t overlay -o lowerdir=%s/vm1:/srv/other none /srv/overlay" % P)
    return "the overlay at /srv/overlay"
def leave():
    sh("umount /srv/overlay")
""",
}
NEEDS = {"virtiofsd of C": C_VIRTIOFSD, "QEMU": shutil.which("qemu-system-x86_64") or "/none"}


def on_a_host(tmp_path, script):
    return run_as_root(tmp_path, BEGIN.format(image=str(tmp_path / "disk.image"), virtiofsd=C_VIRTIOFSD)
                       + "\ndef leave():\n    pass\n" + script, seconds=120)


def is_missing(kind):
    return any(words in kind and not shutil.which(program) for words, program in NEEDS.items())


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_user_of_a_directory_inside_keeps_the_share(tmp_path, kind):
    if is_missing(kind):
        pytest.skip("its program is not on this machine")
    who, said, kept, freed = on_a_host(tmp_path, KINDS[kind] + END)
    for message in said:
        assert ": /srv/shares/p: the mount there has to go" in message
        assert who in message and "Nothing was changed for this share" in message
    assert kept
    assert freed == ""


def test_what_is_no_user_of_the_share_does_not_keep_it(tmp_path):
    """Its source, what was bound from there, other directories of the filesystem, and namespaces that follow an unmount."""
    said, seen = on_a_host(tmp_path, """
sh("mkdir /srv/beside /srv/disk/data2 && mount --bind /srv/disk/data /srv/beside && mount --bind /srv/disk/data2 /srv/other")
open(fstab, "w").write("/srv/disk/data /srv/beside none bind 0 0\\n")
assert share_mounts([share(SOURCE)]) == ""
sh("mount --make-rshared /")
writer = start("unshare", "--mount", "--propagation", "slave", "sh", "-c",
               "mount --bind /srv/disk/data /srv/disk/data; echo; exec sleep 60")
writer.stdout.readline()
for directory in (SOURCE + "/vm1", "/srv/beside/vm1", "/srv/disk/data2", "/srv/other"):
    start("sleep", "60", cwd=directory)
# As systemd sets up a service with PrivateTmp=: the unmount is passed on to it.
service = start("unshare", "--mount", "--propagation", "slave", "sh", "-c", "echo; exec sleep 60")
service.stdout.readline()
said = share_mounts([share(SOURCE, state="absent")])
result = [said, [line for line in open("/proc/%d/mountinfo" % service.pid) if P in line]]
stop()
""")
    assert (said, seen) == ("", [])
