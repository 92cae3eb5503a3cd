# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of shares that modules take. The types that a share may have come from the registry."""

import re

from ..module_utils._share.types import registry
from ..plugin_utils._documentation import as_list


def _as_list(option, elements):
    return as_list(option, elements.replace("TYPES", "[%s]" % ", ".join(registry.NAMES)))


class ModuleDocFragment:
    MOUNTS: str = _as_list(r"""
  shares:
    description:
      - Every share of the host, as in C(virtshare_shares) of the role C(virtshare.storage.share_mounts).
      - Two shares may not have the same path, nor one lie inside another.
    type: list
    elements: dict
    required: true
""", r"""
  path:
    description:
      - Where the share is to be seen, the same on every host. Absolute, without C(..), without a symbolic link.
    type: str
    required: true
  type:
    description:
      - The kind of share.
      - V(nfs) is any version of NFS, see the option C(vers).
      - V(local) binds the directory in O(shares[].source) to the path; without a source it only checks that
        something is mounted there, with the flags of a mount that are declared.
      - V(cifs) is SMB, version 2.1 or newer unless the option C(vers) says otherwise.
      - V(glusterfs) is a volume, or a directory of one, over any of the servers in O(shares[].source). One of them
        that answers is enough.
      - V(ocfs2) is a volume of the cluster that the role C(virtshare.storage.ocfs2_cluster) makes.
    type: str
    required: true
    choices: TYPES
  source:
    description:
      - What is mounted, V(server:/export) for V(nfs), V(//server/share) for V(cifs),
        V(server1,server2:/volume) for V(glusterfs), a directory for V(local).
      - For V(ocfs2) V(LABEL=…), V(UUID=…) or a path below C(/dev/disk/by-id). The live mount is compared with the
        device that it stands for. A name such as V(/dev/sdb) is warned about.
      - Required for every type but V(local).
    type: str
  options:
    description:
      - Mount options, each name with its value as text or whole number.
      - V(true) stands for an option without a value, V(false) for a default of this module that is not wanted. Any
        spelling of the two that Ansible takes is one, in quotes or not.
      - What C(mount), its helper or the kernel have on without being told is turned off by an option of its own, such as
        V(noexec) as V(true). V(false) would leave it on, and is refused with the option to write.
      - User, password and domain are refused here by whatever name, as options can be seen in C(fstab) and in process lists.
        They belong into C(credentials).
      - A value of a kind that C(mount), its helper for the type, or systemd would not take, or would take for something
        else, is refused before anything is touched. Options that nothing here knows are passed on.
      - On V(cifs) the options V(uid), V(gid), V(dir_mode) and V(file_mode) come from O(shares[].access) unless
        they are declared here. V(guest) as V(true) is access without credentials, V(sec) as V(krb5) Kerberos.
    type: dict
    default: {}
  state:
    description:
      - V(mounted) is live, and recorded in C(fstab).
      - V(unmounted) is not live, and recorded in C(fstab) with V(noauto), so that a boot does not mount it.
      - V(absent) is neither; the directory is removed if it is empty and was made unusable by this module.
    type: str
    default: mounted
    choices: [mounted, unmounted, absent]
  read_only:
    description: The share is mounted read-only. Then nobody's right to write is tried, and nothing is set.
    type: bool
    default: false
  allow_hidden_files:
    description: Mount even over a directory that holds files, which cannot be seen then.
    type: bool
    default: false
  proof:
    description:
      - Whether it is to be proven that all hosts see the same filesystem there. Write V(false) where each host is to have
        its own. Not used by this module.
    type: bool
    default: true
  access:
    description:
      - Who may use the share, for M(virtshare.storage.share_access).
      - On V(cifs), where the options of the mount decide, owner, group and mode become such options. On other types
        M(virtshare.storage.share_mounts) only checks them for mistakes, so that one declaration serves all.
    type: dict
    suboptions:
      owner:
        description: The user that owns the share's root directory. Left as it is when not given.
        type: str
      group:
        description: The group of the share's root directory. Left as it is when not given.
        type: str
      mode:
        description:
          - The mode of the share's root directory as a quoted octal string such as V("2770"). Left as it is when not
            given.
          - A number is refused, because YAML reads V(0770) and V(770) as other numbers than meant.
        type: raw
      writers:
        description: Users that must be able to write. Each is tried for real by M(virtshare.storage.share_access).
        type: list
        elements: str
        default: []
      acl:
        description:
          - What users and groups may do beside owner and group, each V(user:NAME:rwx) or V(group:NAME:r-x), short
            V(u:NAME:rwx). They get it in the share's root directory and, as default ACL, in everything that is made in
            it, also by others.
          - Exactly these; an empty list takes all away. The ACL is left as it is when not given.
          - O(shares[].access.mode) says what owner, group and others have, in the default ACL as well. The mask is all that
            anybody has, and stands in the place of the group's bits in what C(ls) shows; that is no difference.
          - A program that makes its file with mode C(0640) takes C(w) from all others in spite of it, as any ACL works.
          - A mount without POSIX ACLs is refused before anything is changed there; V(nfs) has them with version 3 only.
        type: list
        elements: str
  credentials:
    description: For V(cifs), where they are required unless an option says C(guest) or C(sec) Kerberos. Refused
      for other types. Any characters but control characters, in quotes, or YAML reads digits as a number.
    type: dict
    suboptions:
      username:
        description: The user on the server. Seen by everybody on the host, as the kernel shows it.
        type: str
      password:
        description: The user's password.
        type: str
      domain:
        description: The user's domain.
        type: str
""")

    # Modules that do not mount take the same shares, without credentials.
    DECLARED: str = re.sub(r"^      credentials:\n(?:^       .*\n|^\n)*", "", MOUNTS, flags=re.MULTILINE)

    GUEST: str = _as_list(r"""
  shares:
    description: The shares, each a live mount of the host.
    type: list
    elements: dict
    required: true
""", r"""
  path:
    description: The share's path, or with O(shares[].share_path) a directory inside the share.
    type: str
    required: true
  share_path:
    description: The share's path, where O(shares[].path) is a directory inside it.
    type: str
  mount_tag:
    description: The tag by which the guest mounts it.
    type: str
    required: true
  type:
    description: The share's type. A mount of another filesystem at the path is refused. Without it any is taken.
    type: str
    choices: TYPES
  source:
    description: The share's source. A mount of another one at the path is refused. Without it any is taken.
    type: str
  read:
    description: The file to read, relative to the share's root.
    type: str
    required: true
  content:
    description: What O(shares[].read) must hold.
    type: str
    required: true
  written_by:
    description: Who wrote it, for the messages.
    type: str
    required: true
  write:
    description: The file to write the answer to, relative to the share's root. Without it the share is mounted
      read-only in the guest, and nothing is written.
    type: str
""")
