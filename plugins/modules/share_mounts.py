#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: share_mounts
version_added: 1.0.0
short_description: Mount all declared shares of a host
description:
  - Brings every declared share of a host to its declared state in one call, in C(fstab) and in the kernel.
  - What counts is the live mount. Its source and options are read from the kernel and compared with the declaration
    as the filesystem spells them; only declared options are compared. A wrong source under the right path is unmounted
    and the right one mounted, if nothing uses it; else the share fails, naming what uses it. A changed flag of the
    mount (such as V(noatime)) is set by a remount, other options need a new mount.
  - A share is used by whoever uses it or a directory inside it, in any mount namespace, such as a C(virtiofsd) with a
    sandbox or a container; by bind mounts of it elsewhere, loop devices, overlays and exports; and by mount namespaces
    that have a mount of it which an unmount on the host does not reach. What the NFS or CIFS client mounted inside it by
    itself (C(crossmnt), DFS) goes along with it when nobody uses that, and gets the flags of the share while it stays.
  - Before a working mount is unmounted for another one, that is mounted for a moment in a mount namespace of its own,
    in check mode too, so that a wrong name, export or option is known while nothing has been touched. Where the new
    mount fails all the same, the old one and its entry in C(fstab) are put back, or the message says that they could
    not be.
  - A share of O(shares[].type=local) may bind a directory of another share of the same call. It is mounted after that
    one and released before it, and fails when that one does.
  - A second name or another address of the same NFS server is the same share. A name that leads to another server is
    not, and the message says both addresses.
  - systemd's unit files for a path come before C(fstab). One in C(/etc) or C(/run) that decides what a boot mounts there,
    a masked one and drop-ins that change the mount are refused by name; so are enabled ones for a share that is not to
    be mounted.
  - The entry in C(fstab) is kept equal to the declaration. Lines of other mounts stay as they are, byte for byte, and
    the file is replaced in one step. systemd reads it again once when it changed.
  - The directory under a mount is created if missing, given to root with mode V(0000) and marked immutable where the
    filesystem can, so that nobody writes to the host's own disk while the share is not mounted.
  - Nothing waits for a dead server longer than O(timeout). A failure of one share does not keep the others from being
    done; all failures are reported together at the end, each naming server, path, host and seconds.
  - Network filesystems get the options V(_netdev) and V(nofail) unless they are declared as V(false). OCFS2 gets
    V(_netdev) and V(x-systemd.requires=o2cb.service); its C(mount.ocfs2) does not take V(nofail). NFS with V(vers=3)
    gets V(x-systemd.after=rpc-statd.service) as well, because a shutdown that stops C(rpc.statd) first waits a minute.
  - A mount that a process of the host serves (GlusterFS) does not end with the session it was made in, where systemd is
    the init. That process has a scope of its own.
  - The credentials of a CIFS share are in a file of root's alone, C(/etc/virtshare/credentials/PATH.cifs), and nowhere
    else on the host. It has its final mode from the beginning, is replaced in one step when they change, corrected when
    its content, mode or owner do, and removed when the share no longer has credentials. As a live mount keeps the
    credentials it was made with, changed ones need a new mount.
  - With the option V(x-systemd.automount) systemd mounts the share when it is used, and with C(x-systemd.idle-timeout)
    unmounts it again. V(mounted) then means that systemd waits for its use. Whenever something about it changes it is
    mounted once for a moment, so that what is wrong is known now and not later.
author:
  - virtshare contributors (@virtshare)
requirements:
  - Python 3.6 or newer where it runs
  - Linux with C(/proc), C(mount) and C(umount) of util-linux.
  - For O(shares[].type=nfs) C(mount.nfs), from nfs-common (Debian, Ubuntu) or nfs-utils (EL).
  - For O(shares[].type=cifs) C(mount.cifs), from cifs-utils.
  - For O(shares[].type=ocfs2) C(mount.ocfs2), from ocfs2-tools, a kernel with OCFS2, and a running o2cb, see the role
    C(virtshare.storage.ocfs2_cluster).
options:
  host:
    description: The name by which messages call this host. Its own host name when not given.
    type: str
  fstab:
    description: The file that is kept as fstab.
    type: path
    default: /etc/fstab
  timeout:
    description:
      - Seconds that one step for one share may take, at least 1.
      - A server that does not even take a TCP connection is given up after 2 seconds.
    type: float
    default: 30.0
  allow_hidden_files:
    description: As O(shares[].allow_hidden_files), for all shares.
    type: bool
    default: false
  purge:
    description:
      - Remove the shares below O(purge_below) that are not in O(shares), as O(shares[].state=absent) does.
      - Removed are network and cluster mounts and binds that C(fstab) records below the prefix, or whose directory was
        made unusable by this module, and credentials that are left of such. What was mounted there by hand or by
        another program stays.
      - Without it they are reported only, in a warning and in RV(undeclared).
    type: bool
    default: false
  purge_below:
    description:
      - The directory below which only declared shares may stay, such as V(/srv/shares). Required with O(purge=true).
      - V(/) and the directories of the system are refused.
      - Without O(purge) it adds the mounts that C(fstab) records below it to the reported ones. Undeclared shares that
        this module made are reported wherever they are.
    type: str
  missing_programs:
    description:
      - What to do when the program that mounts a type of share is not on the host.
      - V(fail) lets these shares fail, and does the others. In check mode the program is taken to get there before.
      - V(report) changes nothing at all and returns the types in RV(missing_programs), so that a role can install
        packages only on hosts that lack them, and call the module again.
    type: str
    default: fail
    choices: [fail, report]
attributes:
  check_mode:
    description: Predicts exactly the changes of a run, and changes nothing. A host without the filesystem's mount
      program is taken to get it before, see O(missing_programs).
    support: full
  diff_mode:
    description: Shows per share what is mounted, its line in fstab, the directory under it, and of its credentials
      file the mode and whether its content is as declared.
    support: full
  platform:
    description: Runs on Linux hosts.
    support: full
    platforms: linux
seealso:
  - module: ansible.posix.mount
extends_documentation_fragment:
  - virtshare.storage._shares.mounts
"""

EXAMPLES = r"""
- name: Mount the shares of a hypervisor
  virtshare.storage.share_mounts:
    shares:
      - path: /srv/shares/projects
        type: nfs
        source: nas1:/export/projects
        options: {vers: "4.2", noatime: true}
      - path: /srv/shares/scratch
        type: local
        source: /data/scratch

- name: Mount a share of a Windows or Samba server, when it is used
  virtshare.storage.share_mounts:
    shares:
      - path: /srv/shares/media
        type: cifs
        source: //nas2/media
        options: {vers: "3.1.1", x-systemd.automount: true, x-systemd.idle-timeout: 10min}
        access: {owner: oneadmin, group: kvm, mode: "2770"}
        credentials: {username: vm, password: "{{ vault_media_password }}", domain: CORP}

- name: Take one share away, keep the other declared but not mounted
  virtshare.storage.share_mounts:
    shares:
      - path: /srv/shares/projects
        type: nfs
        source: nas1:/export/projects
        state: absent
      - path: /srv/shares/archive
        type: nfs
        source: nas1:/export/archive
        state: unmounted
    timeout: 10

- name: Have these shares below /srv/shares, and no others
  virtshare.storage.share_mounts:
    purge: true
    purge_below: /srv/shares
    shares:
      - path: /srv/shares/projects
        type: nfs
        source: nas1:/export/projects
"""

RETURN = r"""
mounts:
  description: Every declared share as it is after the run, read back from the kernel and from fstab.
  returned: always, unless the declaration itself is refused
  type: list
  elements: dict
  contains:
    path:
      description: The share's path.
      type: str
    mounted:
      description: Whether anything is mounted there.
      type: bool
    on_demand:
      description: Whether systemd waits there to mount the share when it is used.
      type: bool
    source:
      description: What is mounted there as the kernel says it, null when nothing is.
      type: str
    root:
      description: The directory of the filesystem that is seen there, null when nothing is.
      type: str
    fstype:
      description: The type of filesystem as the kernel says it, such as V(nfs4), null when nothing is mounted.
      type: str
    options:
      description: The live options, sorted.
      type: list
      elements: str
    fstab:
      description: The line in fstab, null when there is none.
      type: str
  sample:
    - path: /srv/shares/projects
      mounted: true
      on_demand: false
      source: nas1:/export/projects
      root: /
      fstype: nfs4
      options: [addr=192.0.2.10, hard, proto=tcp, relatime, rw, vers=4.2]
      fstab: nas1:/export/projects /srv/shares/projects nfs rw,vers=4.2,_netdev,nofail 0 0
operations:
  description: What was done, or in check mode would be, in order.
  returned: always, unless the declaration itself is refused
  type: list
  elements: dict
  contains:
    operation:
      description: One of unmount, automount_stop, remove_directory, directory, credentials, fstab, systemd_reload,
        remount, mount, automount_start.
      type: str
    target:
      description: The share's path.
      type: str
    summary:
      description: What it does.
      type: str
  sample:
    - {operation: directory, target: /srv/shares/projects, summary: create it unusable}
    - {operation: fstab, target: /srv/shares/projects, summary: add the entry}
    - {operation: systemd_reload, target: systemd, summary: read the changed fstab}
    - {operation: mount, target: /srv/shares/projects, summary: "mount nas1:/export/projects"}
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
undeclared:
  description: The shares that were found on the host and are not declared, see O(purge).
  returned: always, unless the declaration itself is refused
  type: list
  elements: dict
  contains:
    path:
      description: Where it is.
      type: str
    type:
      description: The kind of share it is.
      type: str
    source:
      description: What is mounted or recorded, empty where nothing but credentials is left.
      type: str
    mounted:
      description: Whether it was mounted when the module began.
      type: bool
    fstab:
      description: Its line in fstab when the module began, null when there was none.
      type: str
    removed:
      description: Whether it was removed, in check mode whether it would be.
      type: bool
  sample:
    - path: /srv/shares/old
      type: nfs
      source: nas1:/export/old
      mounted: true
      fstab: nas1:/export/old /srv/shares/old nfs rw,_netdev,nofail 0 0
      removed: false
missing_programs:
  description: The types of the shares to be mounted whose mount program is not on the host.
  returned: always, unless the declaration itself is refused
  type: list
  elements: str
  sample: []
errors:
  description: What went wrong, one element a share. All of it is in the message, too.
  returned: when a share failed
  type: list
  elements: dict
  contains:
    path:
      description: The share's path, or fstab's when systemd could not read it again.
      type: str
    error:
      description: What failed, where, and what to do.
      type: str
  sample:
    - path: /srv/shares/projects
      error: "share /srv/shares/projects: server nas1 of nas1:/export/projects does not answer on port 2049 within 2 s,
        asked from host hv1. Is it running, and reachable from there?"
"""

from ..module_utils._mounts.apply import work
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule
from ..module_utils._share.declaration import SHARE_SPEC


def main():
    leave(SecretiveModule(
        argument_spec=dict(
            shares=dict(type="list", elements="dict", required=True, options=SHARE_SPEC),
            host=dict(type="str"),
            fstab=dict(type="path", default="/etc/fstab"),
            timeout=dict(type="float", default=30.0),
            allow_hidden_files=dict(type="bool", default=False),
            purge=dict(type="bool", default=False),
            purge_below=dict(type="str"),
            missing_programs=dict(type="str", default="fail", choices=["fail", "report"]),
        ),
        supports_check_mode=True,
    ), work, needs_root=True)


if __name__ == "__main__":
    main()
