# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can become of a share, on each filesystem: noticed in time, and so is its end.

One host has them all. Each loss comes to all shares that it can come to at the same moment; the others must stay well.
"""

import json
import time

import pytest

from tests.lab import Lab
from tests.support.guard import deploy, shares, until
from tests.support.guard_losses import keep

pytestmark = pytest.mark.release

CREDENTIALS = {"username": "vm", "password": "not a secret, this"}
SOURCES = {"nfs4": "nas1:/srv/nfs4/projects", "nfs": "nas1:/srv/nfs/projects", "cifs": "//nas1/projects",
           "glusterfs": "nas1:/projects", "ocfs2": "/dev/mapper/projects", "local": "/srv/local/projects"}
NFS = ("nfs4", "nfs")
SERVED = (*NFS, "cifs", "glusterfs")
OPTIONS = {"nfs4": {"vers": "4.2"}, "nfs": {"vers": "3"}, "cifs": {"vers": "3.1.1"}}
# OCFS2 is on what the device mapper calls a disk, and makes of one of these.
DISK, OTHER_DISK = (f"/dev/disk/by-id/virtshare-lab-data{number}" for number in (0, 1))


def path_of(kind):
    return f"/srv/shares/{kind}"


WELL = {path_of(kind): ("ok", "") for kind in SOURCES}


def share(kind):
    access: dict = {"writers": ["nobody"]}
    if kind == "cifs":
        access.update(owner="nobody", group="nogroup", mode="0777")
    return dict({"path": path_of(kind), "type": "nfs" if kind in NFS else kind, "source": SOURCES[kind], "options": OPTIONS.get(kind, {}), "access": access},
                **({"credentials": CREDENTIALS} if kind == "cifs" else {}))


# Of each filesystem two directories, projects and another, on a small disk of its own.
DISKS = """
set -eu
umask 022
for name in {names}; do
    mkdir -p /srv/$name
    truncate -s 96M /var/lib/$name.img && mkfs.ext4 -q /var/lib/$name.img && mount -o loop /var/lib/$name.img /srv/$name
    mkdir -p -m 1777 /srv/$name/projects /srv/$name/other
done
"""
SERVER = DISKS.format(names="nfs4 nfs cifs glusterfs") + """
cat > /etc/exports <<END
/srv/nfs/projects *(rw,sync,no_subtree_check,no_root_squash,fsid=11)
/srv/nfs/other *(rw,sync,no_subtree_check,no_root_squash,fsid=12)
/srv/nfs4/projects *(rw,sync,no_subtree_check,no_root_squash,fsid=21)
/srv/nfs4/other *(rw,sync,no_subtree_check,no_root_squash,fsid=22)
END
exportfs -ra
systemctl restart nfs-server
cat > /etc/samba/smb.conf <<END
[global]
disable netbios = yes
smb ports = 445
server role = standalone server
[projects]
path = /srv/cifs/projects
read only = no
valid users = vm
force user = root
[other]
path = /srv/cifs/other
read only = no
valid users = vm
END
useradd -M vm
printf '%s\\n%s\\n' '{password}' '{password}' | smbpasswd -s -a vm
systemctl restart smbd
systemctl start glusterd
""".replace("{password}", CREDENTIALS["password"])
# A brick that is another directory than it was is ended by Gluster itself within half a minute: not here, to see what is told of it.
VOLUME = """
gluster --mode=script volume create {name} nas1:/srv/glusterfs/{brick} force
gluster --mode=script volume set {name} network.ping-timeout 10
gluster --mode=script volume set {name} storage.owner-uid 65534
gluster --mode=script volume set {name} storage.health-check-interval 0
gluster --mode=script volume start {name}
"""
SERVER += "".join(VOLUME.format(name=name, brick=name) for name in ("projects", "other"))
MAPPED = "dmsetup create {name} --table \"0 $(blockdev --getsz {disk}) linear {disk} 0\"\n"
HYPERVISOR = DISKS.format(names="local") + """
mkdir -p /var/lib/prometheus/node-exporter
umount /srv/local
modprobe dm-mod
disk=$(losetup --find --show /var/lib/local.img)
""" + MAPPED.format(name="local", disk="$disk") + "mount /dev/mapper/local /srv/local\n" + MAPPED.format(name="projects", disk=DISK)
FILESYSTEM = {"label": "projects", "device": "/dev/mapper/projects", "format": True}
# Another filesystem for each of the two that no server has.
OTHERS = f"""
set -eu
mkfs.ocfs2 --quiet --label other --node-slots 2 --cluster-stack o2cb --cluster-name vms {OTHER_DISK}
truncate -s 16M /var/lib/again.img && mkfs.ext4 -q /var/lib/again.img
mkdir /srv/again && mount -o loop /var/lib/again.img /srv/again && mkdir -m 1777 /srv/again/projects && umount /srv/again
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab.up("test-guard-losses", ["hv1:hypervisor-full", "nas1:storage"], disks=["hv1=256M", "hv1=256M"], engine="uml",
                fresh=True) as up:
        up.ssh("nas1", SERVER)
        up.ssh("hv1", HYPERVISOR)
        run = deploy(up, tmp_path_factory.mktemp("guard"), ("ocfs2_cluster", "share_mounts", "share_proof", "share_guard"),
                     virtshare_shares=[share(kind) for kind in SOURCES], share_mounts_timeout=60, share_proof_timeout=60,
                     ocfs2_cluster_name="vms", ocfs2_cluster_filesystems=[FILESYSTEM],
                     # A lab without KVM is slow where six filesystems are written at each look.
                     share_guard_timeout=5)
        assert run.code == 0, run.output
        up.ssh("hv1", f"chmod 1777 {path_of('ocfs2')}\n{OTHERS}")
        yield up


@pytest.fixture(autouse=True)
def well(lab):
    until(lab, WELL, 120)
    yield
    until(lab, WELL, 120)


@pytest.fixture(scope="module")
def times():
    """{loss: {filesystem: {state, noticed, back}}}, kept for the table of the guide."""
    kept = {}
    yield kept
    keep(kept)


UNITS = "\n".join([*(f"""cat > /run/systemd/system/srv-shares-{kind}.mount <<END
[Mount]
What=somebody
Where={path_of(kind)}
Type=tmpfs
END""" for kind in SOURCES), "systemctl daemon-reload"])
NO_UNITS = "rm /run/systemd/system/srv-shares-*.mount; systemctl daemon-reload"
# What is done before a loss, and after it is over.
AROUND = {"a unit of somebody else": (UNITS, NO_UNITS)}
FILL = "fallocate -l $(($(stat -f -c '%a * %S' {directory}) * 97 / 100)) {directory}/fill"
ELSEWHERE = {
    "nfs4": "mount -t nfs -o vers=4.2 nas1:/srv/nfs4/other {path}",
    "nfs": "mount -t nfs -o vers=3 nas1:/srv/nfs/other {path}",
    "cifs": "mount -t cifs -o vers=3.1.1,credentials=/etc/virtshare/credentials/srv-shares-cifs.cifs //nas1/other {path}",
    "glusterfs": "mount -t glusterfs nas1:/other {path}",
    "ocfs2": "mount --bind /srv/local/other {path}",
    "local": "mount --bind /srv/local/other {path}",
}
IS_ANOTHER = {"nfs4": "is another mount: nas1:/srv/nfs4/other of type nfs4",
              "nfs": "is another mount: nas1:/srv/nfs/other of type nfs", "cifs": "is another mount: //nas1/other of type cifs",
              "glusterfs": "is another mount: nas1:/other of type fuse.glusterfs"}
RECREATED = "mv /srv/{kind}/projects /srv/{kind}/kept; mkdir -m 1777 /srv/{kind}/projects"
RESTORED = "rm -r /srv/{kind}/projects; mv /srv/{kind}/kept /srv/{kind}/projects"
UNEXPORTED = "exportfs -u '*:/srv/{kind}/projects'"
EXCHANGED_FSIDS = "sed -i 's/fsid=\\(.\\)1/fsid=\\13/; s/fsid=\\(.\\)2/fsid=\\11/; s/fsid=\\(.\\)3/fsid=\\12/' /etc/exports; exportfs -ra"
AGAIN = "umount -f -l {path}; mount {path}"
# Of the same name, with another brick. The old brick may not be part of a new volume before it has forgotten the old one.
DELETED = "gluster --mode=script volume stop projects force; gluster --mode=script volume delete projects; "
OTHER_VOLUME = DELETED + "mkdir -m 1777 /srv/glusterfs/again; " + VOLUME.format(name="projects", brick="again")
OLD_VOLUME = (DELETED + "rm -r /srv/glusterfs/again; "
              "python3 -c 'import os; os.removexattr(\"/srv/glusterfs/projects\", \"trusted.glusterfs.volume-id\")'; "
              + VOLUME.format(name="projects", brick="projects"))
# Another disk behind a name: of the device mapper, and of a directory.
SWAPPED = ("umount {{path}} && dmsetup suspend projects && "
           "dmsetup load projects --table \"0 $(blockdev --getsz {disk}) linear {disk} 0\" && dmsetup resume projects && "
           "udevadm settle && mount {{path}}")
NO_MARKER = "has lost its marker .virtshare-identity: the directory was emptied, or recreated on the server"
STALE = "the export was replaced on the server (stale file handle)"
NOT_MOUNTED = "is not mounted: a plain directory of the local ext4"
NO_ANSWER = "gives no answer"
READ_ONLY = "is read-only, declared is a share that can be written"

CUT = dict.fromkeys(SERVED, ())


def on(host, script, kinds=tuple(SOURCES)):
    """{filesystem: [(host, what is done there)]}"""
    return {kind: [(host, script)] for kind in kinds}


# {loss: (state, {filesystem: what to do}, {filesystem: how it ends}, {filesystem: words})}; words: for those that have others.
LOSSES = {
    "unmounted by hand": ("lost", on("hv1", "umount {path}"), on("hv1", "mount {path}"), NOT_MOUNTED, {}),
    "mounted from elsewhere": (
        "lost", {kind: [("hv1", "umount {path} && " + command)] for kind, command in ELSEWHERE.items()},
        on("hv1", "umount {path} && mount {path}"), "is another mount: /dev/mapper/local (/other) of type ext4", IS_ANOTHER),
    "a unit of somebody else": (
        "lost", on("hv1", "umount {path} && systemctl start srv-shares-{kind}.mount"), on("hv1", "umount {path} && mount {path}"),
        "is another mount: somebody of type tmpfs", {}),
    "the marker removed": (
        "lost", on("hv1", "mv {path}/.virtshare-identity {path}/kept"), on("hv1", "mv {path}/kept {path}/.virtshare-identity"),
        NO_MARKER, {}),
    "full": (
        "degraded", {**on("nas1", FILL.format(directory="/srv/{kind}/projects"), (*NFS, "cifs")),
                     **on("hv1", FILL.format(directory="{path}"), ("glusterfs", "ocfs2", "local"))},
        on("hv1", "rm {path}/fill"), "% of its room left", {}),
    "read-only": (
        "degraded", {**on("hv1", "mount -i -o remount,bind,ro {path}"),
                     **on("nas1", "sed -i '/{kind}.projects/s/(rw/(ro/' /etc/exports && exportfs -ra", NFS)},
        {**on("hv1", "mount -i -o remount,bind,rw {path}"),
         **on("nas1", "sed -i '/{kind}.projects/s/(ro/(rw/' /etc/exports && exportfs -ra", NFS)},
        READ_ONLY, dict.fromkeys(NFS, "cannot be written by nobody (EROFS")),
    "the directory recreated": (
        "lost", {**on("nas1", f"{UNEXPORTED}; {RECREATED}; exportfs -ra", NFS), **on("nas1", RECREATED, ("cifs", "glusterfs")),
                 **on("hv1", RECREATED, ("local",))},
        {**{kind: [("nas1", f"{UNEXPORTED}; {RESTORED}; exportfs -ra"), ("hv1", AGAIN)] for kind in NFS},
         **on("nas1", RESTORED, ("cifs", "glusterfs")), **on("hv1", RESTORED, ("local",))},
        NO_MARKER, {**dict.fromkeys(NFS, STALE), "local": "is another mount: /dev/mapper/local (/kept) of type ext4"}),
    "another one under its name": (
        # The slowest first: the others wait until it is done.
        "lost", {"glusterfs": [("nas1", OTHER_VOLUME), ("hv1", AGAIN)],
                 "nfs4": [("nas1", EXCHANGED_FSIDS)], "nfs": [("nas1", "true")],
                 "cifs": [("nas1", "sed -i 's|/srv/cifs/projects|/srv/cifs/other|' /etc/samba/smb.conf; smbcontrol smbd reload-config; "
                                   "smbcontrol smbd close-share projects")],
                 "ocfs2": [("hv1", SWAPPED.format(disk=OTHER_DISK))],
                 "local": [("hv1", "umount {path} /srv/local && mount -o loop /var/lib/again.img /srv/local && mount {path}")]},
        {"glusterfs": [("nas1", OLD_VOLUME), ("hv1", AGAIN)],
         "nfs4": [("nas1", EXCHANGED_FSIDS), ("hv1", AGAIN)], "nfs": [("hv1", AGAIN)],
         "cifs": [("nas1", "sed -i '/^.projects/,/^.other/s|/srv/cifs/other|/srv/cifs/projects|' /etc/samba/smb.conf; "
                           "smbcontrol smbd reload-config; smbcontrol smbd close-share projects")],
         "ocfs2": [("hv1", SWAPPED.format(disk=DISK))],
         "local": [("hv1", "umount {path} /srv/local && mount /dev/mapper/local /srv/local && mount {path}")]},
        NO_MARKER, dict.fromkeys(NFS, STALE)),
    # A client keeps to the volume that it was mounted from, and reaches no other.
    "its volume deleted and made again": (
        "unknown", on("nas1", OTHER_VOLUME, ("glusterfs",)), {"glusterfs": [("nas1", OLD_VOLUME), ("hv1", AGAIN)]}, NO_ANSWER, {}),
    "the server stopped": (
        "unknown", {**on("nas1", "systemctl stop nfs-server", NFS), "cifs": [("nas1", "systemctl stop smbd")],
                    "glusterfs": [("nas1", "gluster --mode=script volume stop projects force; systemctl stop glusterd")]},
        {**on("nas1", "systemctl start nfs-server", NFS), "cifs": [("nas1", "systemctl start smbd")],
         "glusterfs": [("nas1", "systemctl start glusterd; gluster --mode=script volume start projects force")]},
        NO_ANSWER, {}),
    "the disk stopped": (
        "unknown", {"ocfs2": [("hv1", "dmsetup suspend --noflush --nolockfs projects")],
                    "local": [("hv1", "dmsetup suspend --noflush --nolockfs local")]},
        {"ocfs2": [("hv1", "dmsetup resume projects")], "local": [("hv1", "dmsetup resume local")]}, NO_ANSWER, {}),
    "the server's network cut": ("unknown", CUT, CUT, NO_ANSWER, {}),
}


def carry_out(lab, done):
    """Step by step; {path: when its last began}."""
    begun = {}
    for kind, steps in done.items():
        for host, script in steps:
            begun[path_of(kind)] = time.monotonic()
            lab.ssh(host, script.format(kind=kind, path=path_of(kind)))
    return begun


def cut(lab, _harm):
    begun = time.monotonic()
    lab.cut("nas1")
    return dict.fromkeys(map(path_of, SERVED), begun)


def reconnect(lab, _end):
    begun = time.monotonic()
    lab.reconnect("nas1")
    return dict.fromkeys(map(path_of, SERVED), begun)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_noticed_in_time_and_so_is_its_end(lab, times, loss):
    state, harm, end, words, others = LOSSES[loss]
    begin, finish = (carry_out, carry_out) if harm is not CUT else (cut, reconnect)
    expected = {**WELL, **{path_of(kind): (state, others.get(kind, words)) for kind in harm}}
    before, after = AROUND.get(loss, ("true", "true"))
    lab.ssh("hv1", before)
    try:
        begun = begin(lab, harm)
        found, noticed = until(lab, expected, begun=begun)
        checked = lab.ssh("hv1", "virtshare-guard check", check=False)
    finally:
        begun = finish(lab, end)
    # A client asks a server that was away again after pauses that grow.
    dummy, back = until(lab, WELL, 120, begun=begun)
    lab.ssh("hv1", after)
    times[loss] = {kind: {"state": state, "noticed": round(noticed[path_of(kind)], 1), "back": round(back[path_of(kind)], 1)}
                   for kind in harm}
    print(json.dumps(times[loss]))
    for kind in harm:
        why = found[path_of(kind)]["why"]
        print(why)
        assert why.startswith(f"hv1: {path_of(kind)} ({SOURCES[kind]}) ") and why in checked.stdout
    assert checked.returncode == {"lost": 2, "degraded": 1, "unknown": 3}[state]


def test_nothing_is_left_of_all_that(lab):
    lab.ssh("hv1", "systemctl stop virtshare-guard.timer; "
                   "until [ \"$(systemctl show -p ActiveState --value virtshare-guard.service)\" = inactive ]; do sleep 0.2; done")
    assert lab.ssh("hv1", "ps -eo args | grep '[v]irtshare-guard' || true").stdout == ""
    lab.ssh("hv1", "systemctl start virtshare-guard.timer")
    left = lab.ssh("hv1", "".join(f"ls -A {path_of(kind)}; " for kind in SOURCES)).stdout.split()
    assert set(left) - {"lost+found", ".trashcan"} == {".virtshare-identity"}
    assert all(share["stuck"] is None for share in shares(lab).values())
