# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the hosts' images. Every change here gives the images a new key, so they are built anew."""

import dataclasses
import hashlib
import pathlib
import re

SUITE = "trixie"  # of all hosts whose flavour says nothing else
KERNEL_SUITE = "sid"
BASE = ("systemd-sysv", "openssh-server", "python3", "python3-apt", "iproute2", "kmod", "udev", "dbus", "ca-certificates",
        "e2fsprogs", "procps")


@dataclasses.dataclass(frozen=True)
class Flavour:
    """A kind of host.

    packages: baked, installed and enabled. staged: downloaded into apt's archive, and everything they depend on is
    baked except what `staged_names` matches: the collection is seen installing those, without the network.
    stopped: units of the baked packages that only start when a scenario starts them.
    absent_users: accounts that only those packages may bring. suite: the Debian it is.
    aside: made from a copy of the tree of the one before, so that those after it have nothing of it.
    kernel_words: what its kernel is told besides. labelled: its files have the labels of SELinux's policy.
    engines: those it is made for. resumed: its booted state is kept where there is no KVM, which takes a minute or two
    once; a host of another flavour boots there as long each time.
    """

    packages: tuple[str, ...] = ()
    staged: tuple[str, ...] = ()
    staged_names: str = r"(?!)"
    stopped: tuple[str, ...] = ()
    absent_users: tuple[str, ...] = ()
    suite: str = SUITE
    aside: bool = False
    kernel_words: tuple[str, ...] = ()
    labelled: bool = False
    engines: tuple[str, ...] = ("uml", "qemu")
    resumed: bool = False

    def bakes(self, package: str) -> bool:
        return not re.fullmatch(self.staged_names, package)


HYPERVISOR = Flavour(
    staged=("nfs-common", "cifs-utils", "glusterfs-client", "ocfs2-tools", "virtiofsd", "uidmap", "acl", "qemu-utils",
            "qemu-system-common", "qemu-system-x86", "libvirt-daemon-driver-qemu", "libvirt-daemon-system",
            "libvirt-clients"),
    staged_names=r"nfs-common|rpcbind|keyutils|cifs-utils|glusterfs-.*|ocfs2-.*|virtiofsd|uidmap|acl|qemu-.*|libvirt-.*",
    absent_users=("libvirt-qemu", "oneadmin"),
)
# In this order: each image is made from the tree of the one before of its suite.
FLAVOURS = {
    "hypervisor": HYPERVISOR,
    # For scenarios on NFS that are about what comes after its client.
    "hypervisor-client": dataclasses.replace(HYPERVISOR, packages=("nfs-common",), aside=True, engines=("uml",)),
    # As the role virtiofsd leaves it: for scenarios that are about what comes after the daemon.
    "hypervisor-ready": dataclasses.replace(
        HYPERVISOR, packages=("virtiofsd", "uidmap", "libvirt-daemon-driver-qemu"), absent_users=("oneadmin",), aside=True,
        engines=("uml",)),
    # With everything that is staged: for scenarios on hosts that may be emulated, which would take minutes to install it.
    "hypervisor-full": dataclasses.replace(
        HYPERVISOR, packages=(*HYPERVISOR.staged, "apparmor"), absent_users=("oneadmin",), aside=True,
        resumed=True),
    # With SELinux and Debian's policy, permissive until a scenario says otherwise, and confined guests.
    "hypervisor-selinux": dataclasses.replace(
        HYPERVISOR, staged=(), absent_users=("oneadmin",), aside=True, labelled=True, engines=("uml",),
        kernel_words=("security=selinux", "selinux=1"),
        packages=("selinux-policy-default", "policycoreutils-python-utils", "auditd", "acl", "nfs-common", "cifs-utils", "virtiofsd", "uidmap",
                  "qemu-system-x86", "libvirt-daemon-system", "libvirt-clients")),
    "storage": Flavour(
        packages=("nfs-kernel-server", "acl", "samba", "glusterfs-server"),
        stopped=("smbd.service", "nmbd.service", "samba-ad-dc.service", "glusterd.service"),
    ),
    # Its virtiofsd, the one in C, lies in qemu-system-common.
    "hypervisor-debian12": dataclasses.replace(
        HYPERVISOR, suite="bookworm", staged=tuple(name for name in HYPERVISOR.staged if name != "virtiofsd")),
}
SUITES = tuple(dict.fromkeys(flavour.suite for flavour in FLAVOURS.values()))


def flavours(suite: str, engine: str) -> dict[str, Flavour]:
    """The flavours of a Debian that are made for `engine`, by name, in the order they are made in."""
    return {name: flavour for name, flavour in FLAVOURS.items() if flavour.suite == suite and engine in flavour.engines}


ROOT_SIZE = 6 << 30  # bytes a host's root may grow to; the file is sparse

DPKG_CONFIGURATION = """\
# A lab's host: quick installs, nothing to read on it. A host that dies while installing is thrown away.
force-unsafe-io
path-exclude=/usr/share/man/*
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
"""

APT_CONFIGURATION = """\
APT::Install-Recommends "false";
APT::Periodic::Enable "0";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
"""

SELINUX_CONFIGURATION = """\
SELINUX=permissive
SELINUXTYPE=default
"""

MASKED_UNITS = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
                "e2scrub_reap.service", "fstrim.timer", "logrotate.timer", "xfs_scrub_all.timer",
                "systemd-tmpfiles-clean.timer", "systemd-firstboot.service", "systemd-pstore.service",
                "modprobe@drm.service", "modprobe@efi_pstore.service", "getty@tty1.service")

# User Mode Linux has 64 serial terminals. Each would cost an event at every boot and two units at every daemon-reload.
WITHOUT_TERMINALS = """\
[Service]
ExecStart=
ExecStart=-udevadm trigger --type=subsystems --action=add
ExecStart=-udevadm trigger --type=devices --action=add --subsystem-nomatch=tty
"""

# Each costs a process at every boot and every daemon-reload, and finds nothing to do on these hosts.
UNUSED_GENERATORS = ("debug", "getty", "gpt-auto", "hibernate-resume", "import", "rc-local", "run", "ssh",
                     "system-update", "tpm2")

DEBCONF = "debconf debconf/frontend select Noninteractive\n"

# What one lab gives to one host arrives as a tar on a second disk: it needs nothing but tar on the host's side.
BOOT_UNIT = """\
[Unit]
Description=Take over what the lab gives this host: keys, names, disks
DefaultDependencies=no
RequiresMountsFor=/etc
After=systemd-remount-fs.service
Before=systemd-udevd.service systemd-udev-trigger.service sysinit.target

[Service]
Type=oneshot
ExecStart=/usr/lib/virtshare-lab/take-over

[Install]
WantedBy=sysinit.target
"""

BOOT_SCRIPT = """\
#!/bin/sh
# Once a host's life; later boots keep what was changed on the host since.
set -eu
[ -e /etc/virtshare-lab/taken-over ] && exit 0
seed=
for word in $(cat /proc/cmdline); do
    case $word in lab.seed=*) seed=${word#lab.seed=} ;; esac
done
[ -n "$seed" ] || exit 0
tar --extract --file="/dev/$seed" --directory=/ --no-same-owner --overwrite
cat /etc/hostname > /proc/sys/kernel/hostname
sync
: > /etc/virtshare-lab/taken-over
"""

# Started by udev for each interface as it appears, whichever engine and driver made it.
NETWORK_SCRIPT = """\
#!/bin/sh
set -eu
mac=$(cat "/sys/class/net/$1/address")
while read -r known address; do
    if [ "$known" = "$mac" ]; then
        # In this order: an address on an interface that is down leads nowhere, and looks as if it did.
        ip link set "$1" up
        ip address replace "$address" dev "$1"
    fi
done < /etc/virtshare-lab/network
"""

NETWORK_RULE = 'ACTION=="add", SUBSYSTEM=="net", KERNEL!="lo", RUN+="/usr/lib/virtshare-lab/network %k"\n'


# What mounts shares at boot comes after network-online.target; without this that target would promise nothing here.
ONLINE_SCRIPT = """\
#!/bin/sh
set -eu
while read -r mac address; do
    until grep -q "$mac" /sys/class/net/*/address && ip -o address show up | grep -qF " $address "; do
        sleep 0.1
    done
done < /etc/virtshare-lab/network
"""

ONLINE_UNIT = """\
[Unit]
Description=Wait until the lab's networks are there
After=systemd-udev-trigger.service
Before=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/lib/virtshare-lab/online
RemainAfterExit=yes
TimeoutStartSec=120

[Install]
WantedBy=network-online.target
"""


def key(engine: str, suite: str) -> str:
    """The name of the images that this recipe makes of a Debian for `engine`."""
    here = pathlib.Path(__file__).parent
    digest = hashlib.sha256()
    for source in (here / "recipe.py", here / "builder.py", here / "engines" / f"{engine}_kernel.py"):
        digest.update(source.read_bytes())
    return f"{engine}-{suite}-{digest.hexdigest()[:12]}"
