# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of one_datastore and of each element of one_datastores."""

from ..plugin_utils._documentation import as_list


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the datastore, unique on the server. Blanks around it are left out, as OpenNebula does.
      - When two datastores have the name (OpenNebula does not prevent it when both are made at once), the module fails
        and names both ids.
    type: str
  id:
    description:
      - Id of an existing datastore. With O(name) it must be the one of that name.
    type: int
  new_name:
    description:
      - Name to rename the datastore to. Where only this name exists already, the renaming counts as done.
    type: str
  state:
    description:
      - V(present) creates or updates it, V(absent) deletes it.
      - V(enabled) and V(disabled) do what V(present) does and set the state of a system datastore; OpenNebula knows
        that state for system datastores only.
      - A datastore that holds images is never deleted, one with an id below 100 only with O(allow_default_datastore).
    type: str
    choices: [present, absent, enabled, disabled]
    default: present
  type:
    description:
      - Kind of datastore; V(image) when a new one is created without it.
      - It is not changed while the datastore holds images (O(allow_driver_change)), and never from or to V(backup).
    type: str
    choices: [image, system, file, backup]
  ds_mad:
    description:
      - Datastore driver, such as V(virtiofs), V(fs), V(ceph), V(rsync); required to create all but system datastores,
        which have none. Sent in lower case, since the drivers work in no other.
      - With V(virtiofs) the disk type FILESYSTEM is always sent; without it OpenNebula would silently give every VM a
        file disk instead of the directory.
    type: str
  tm_mad:
    description:
      - Transfer driver, such as V(local), V(shared), V(ssh), V(virtiofs); required to create all but backup datastores,
        which have none.
      - Left out on a new virtiofs datastore it follows the system datastores of its clusters, as OpenNebula's
        documentation asks, with a warning where those differ. One that does not match is accepted with a warning, since
        OpenNebula does not enforce it for directories.
    type: str
  disk_type:
    description:
      - Disk type of the datastore. Leave it out but for drivers that require it, such as ceph (V(RBD)).
      - Anything but V(FILESYSTEM) is refused with O(ds_mad=virtiofs), and what the transfer driver imposes (fs_lvm
        makes it BLOCK) is refused before anything is created.
    type: str
    choices: [FILE, BLOCK, RBD, GLUSTER, SHEEPDOG, ISCSI, FILESYSTEM]
  clusters:
    description:
      - Clusters of the datastore by name or id, as the exact set; an empty list takes it out of all.
      - A new datastore without it is put into the default cluster; an existing one stays where it is.
    type: list
    elements: str
  owner:
    description:
      - User who owns it, by name or id.
    type: str
  group:
    description:
      - Group it belongs to, by name or id.
    type: str
  mode:
    description:
      - Permissions as a quoted octal string such as V("640") or in OpenNebula's letters such as V(um-u-----).
      - Digits and letter triples are owner, group and others; 4 or u is use, 2 or m is manage, 1 or a is admin.
      - A YAML number is refused, since YAML may read it in another base.
    type: raw
  safe_dirs:
    description:
      - Directories whose content may be registered although a parent is restricted; absolute, without blanks.
      - On a virtiofs datastore list the parents of the shares here. Without it OpenNebula allows V(/var/tmp) only and
        puts every other directory into state ERROR, which the module warns of.
      - An empty list removes the attribute.
    type: list
    elements: str
  restricted_dirs:
    description:
      - Directories that may not be registered. A new datastore that declares O(safe_dirs) gets V(/) when this is left
        out, since OpenNebula would otherwise allow everything; an existing virtiofs datastore without it is warned of.
    type: list
    elements: str
  bridge_list:
    description:
      - Hosts that run storage commands in place of the front end.
    type: list
    elements: str
  staging_dir:
    description:
      - Directory on the bridge hosts for images in passing.
    type: str
  limit_mb:
    description:
      - Most capacity to use, in megabytes.
    type: int
  limit_transfer_bw:
    description:
      - Most bandwidth for downloads in bytes per second, with K, M or G such as V(10M).
    type: str
  no_decompress:
    description:
      - Whether images are stored as they are instead of being unpacked.
    type: bool
  sparse:
    description:
      - Whether image files may be sparse; V(false) takes all their space at once.
    type: bool
  qcow2_standalone:
    description:
      - Whether disks are whole copies of a qcow2 image instead of having it as their backing file.
    type: bool
  compatible_sys_ds:
    description:
      - Ids of the system datastores that images of this datastore may run on.
    type: list
    elements: int
  nfs_auto_enable:
    description:
      - Whether OpenNebula itself mounts an NFS export for this datastore.
      - OpenNebula does not change this and the other O(nfs_auto_enable) options while the datastore holds images.
    type: bool
  nfs_auto_host:
    description:
      - NFS server.
    type: str
  nfs_auto_path:
    description:
      - Exported path on the NFS server.
    type: str
  nfs_auto_opts:
    description:
      - Mount options.
    type: str
  pool_name:
    description:
      - Ceph pool.
    type: str
  ec_pool_name:
    description:
      - Erasure-coded Ceph pool for the data.
    type: str
  ceph_host:
    description:
      - Ceph monitors.
    type: list
    elements: str
  ceph_user:
    description:
      - Ceph user.
    type: str
  ceph_secret:
    description:
      - UUID of the libvirt secret that holds the Ceph key; not a secret itself.
    type: str
  ceph_conf:
    description:
      - Path of another Ceph configuration file on the hosts.
    type: str
  ceph_key:
    description:
      - Path of the keyring file on the hosts.
    type: str
  rbd_format:
    description:
      - Format of RBD volumes.
    type: int
  lvm_thin_enable:
    description:
      - Whether LVM volumes are thin. OpenNebula does not change it while the datastore holds images.
    type: bool
  rsync_host:
    description:
      - Backup server of the rsync driver.
    type: str
  rsync_user:
    description:
      - User on the backup server of the rsync driver.
    type: str
  rsync_args:
    description:
      - Arguments of rsync.
    type: str
  rsync_tmp_dir:
    description:
      - Directory on the backup server in which incremental backups are put together.
    type: str
  rsync_nice:
    description:
      - CPU priority of backups, from -19 (high) to 19 (low).
    type: int
  rsync_ionice:
    description:
      - I/O priority of backups in the class best-effort, from 0 (high) to 7 (low).
    type: int
  rsync_max_riops:
    description:
      - Most read operations per second of a backup.
    type: int
  rsync_max_wiops:
    description:
      - Most write operations per second of a backup.
    type: int
  rsync_cpu_quota:
    description:
      - CPU share of a backup in percent; more than 100 for several CPUs.
    type: int
  rsync_sparsify:
    description:
      - Whether backups are made smaller with virt-sparsify.
    type: bool
  restic_password:
    description:
      - Password of the restic repository. OpenNebula returns it encrypted, so see O(update_secrets).
    type: str
  restic_sftp_user:
    description:
      - User on the backup server of the restic driver.
    type: str
  restic_sftp_server:
    description:
      - Backup server of the restic driver.
    type: str
  restic_bwlimit:
    description:
      - Bandwidth limit of restic in KiB per second.
    type: int
  restic_compression:
    description:
      - Compression of restic, V(off), V(auto) or V(max).
    type: str
  restic_connections:
    description:
      - Concurrent connections of restic.
    type: int
  restic_maxproc:
    description:
      - Most threads of restic.
    type: int
  restic_nice:
    description:
      - CPU priority of backups, from -19 (high) to 19 (low).
    type: int
  restic_ionice:
    description:
      - I/O priority of backups in the class best-effort, from 0 (high) to 7 (low).
    type: int
  restic_max_riops:
    description:
      - Most read operations per second of a backup.
    type: int
  restic_max_wiops:
    description:
      - Most write operations per second of a backup.
    type: int
  restic_cpu_quota:
    description:
      - CPU share of a backup in percent; more than 100 for several CPUs.
    type: int
  restic_sparsify:
    description:
      - Whether backups are made smaller with virt-sparsify.
    type: bool
  attributes:
    description:
      - Further attributes of the template. A mapping makes a vector attribute, a list a repeated one, null (or an empty
        list) removes it; booleans become YES and NO.
      - Names and the keys of vectors are written in upper case and values without blanks around them, as OpenNebula
        keeps them.
      - Refused are attributes that have an option of their own, those OpenNebula sets from its drivers' configuration
        (CLONE_TARGET, LN_TARGET, SHARED, DRIVER, ALLOW_ORPHANS and the like), and values that hold C(]]>).
    type: dict
  secret_attributes:
    description:
      - Further attributes whose values are secrets, such as NETAPP_PASS, PUREFA_API_TOKEN or
        RESTIC_S3_SECRET_ACCESS_KEY. Their names end in PASSWORD, _PASS, _TOKEN or _SECRET_ACCESS_KEY; null removes one.
      - They never appear in logs, results or diffs. Such a name in O(attributes) is refused, since what stands there
        can be logged.
    type: dict
  attributes_mode:
    description:
      - V(merge) leaves attributes that are not declared alone.
      - V(exact) removes them, but for SAFE_DIRS, RESTRICTED_DIRS and what belongs to OpenNebula.
    type: str
    choices: [merge, exact]
    default: merge
  update_secrets:
    description:
      - Attributes that hold a secret (see O(secret_attributes)) read back encrypted.
      - V(on_create) sends them when they are not on the server yet.
      - V(always) compares them with what an administrator may read decrypted, at one more call for each datastore that
        declares one.
    type: str
    choices: [on_create, always]
    default: on_create
  allow_driver_change:
    description:
      - Change O(type), O(ds_mad), O(tm_mad) or O(disk_type) although the datastore holds images. OpenNebula does not
        object, but the images keep what they were made with.
    type: bool
    default: false
  allow_default_datastore:
    description:
      - Delete a datastore with an id below 100, such as OpenNebula's own system, default and files.
    type: bool
    default: false
"""

    LIST: str = as_list(r"""
  datastores:
    description:
      - The datastores. Those that are not listed are left alone.
    type: list
    elements: dict
    required: true
""", DOCUMENTATION)

    NOTES = r"""
options: {}
notes:
  - A converged call costs one C(one.datastorepool.info), one C(one.clusterpool.info) where clusters are named, and one
    read of the users or groups where an owner or group is to be changed; never one call for each datastore. A change
    costs one call for each thing that changes, one C(one.system.config) when a datastore is created or a driver
    changed, and one more read of the pool at the end.
  - Nothing is transactional in OpenNebula. After a failure half-way the same task, run again, finishes the work.
  - OpenNebula cannot make snapshots of, attach, save or clone directories of a virtiofs datastore, and always reports
    its capacity as 0.
"""
