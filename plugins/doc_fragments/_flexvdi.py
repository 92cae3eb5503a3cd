# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every flexvdi module documents alike."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Address of the Manager, such as V(https://manager.example.org). Required; the environment variable
        E(FLEXVDI_URL) comes next. Proxies are taken from the environment (E(http_proxy), E(https_proxy), E(no_proxy)).
    type: str
  api_username:
    description:
      - User to log in as. Required; the environment variable E(FLEXVDI_USERNAME) comes next.
    type: str
  api_password:
    description:
      - Password of the user. Required; the environment variable E(FLEXVDI_PASSWORD) comes next.
    type: str
  api_version:
    description:
      - Version of the Manager's API. Before V(3.1) requests carry two reserved fields, there are no Gluster volumes,
        and a session cannot be ended.
    type: str
    choices: ["2.2", "3.0", "3.1"]
    default: "3.1"
  validate_certs:
    description:
      - Whether the Manager's TLS certificate must verify.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the authorities to trust, or the Manager's own where it is self-signed.
    type: path
  timeout:
    description:
      - Seconds for one whole exchange, whatever the Manager or a proxy does meanwhile.
    type: int
    default: 10
  fields:
    description:
      - Other names for fields, addresses and messages than the table below, each under its key. Set it once for all in
        C(module_defaults).
      - "C(istorage_id), default C(image_storage_id), assumed: image storage, in istorage_create, istorage_modify,
        istorage_delete."
      - "C(istorage_hosts), default C(hosts), assumed: its hosts, in istorage_create and istorage_modify."
      - "C(evolume_id), default C(volume_id), assumed: external volume, in evolume_create and evolume_delete."
      - "C(evolume_image_storage), default C(image_storage_id), assumed: its image storage there."
      - "C(evolume_mount_point), default C(mount_point), assumed: its mount point, in evolume_create."
      - "C(volume_id), default C(volume_id), assumed: OCFS2 volume, in volume_create and volume_delete."
      - "C(volume_image_storage), default C(image_storage_id), assumed: its image storage there."
      - "C(volume_disk), default C(primary_disk_id), assumed: SCSI id of its disk, in volume_create."
      - "C(gvolume_id), default C(volume_id), documented: Gluster volume, in gvolume_create."
      - "C(gvolume_image_storage), default C(image_storage_id), documented: its image storage there."
      - "C(gvolume_name), default C(gvolume_name), documented: its name in Gluster there."
      - "C(gvolume_redundancy), default C(redundancy), documented: data and redundant bricks there."
      - "C(gvolume_brick_paths), default C(brick_paths), documented: paths of the bricks there."
      - "C(gvolume_delete), default C(gvolume_delete), assumed: type of the task that deletes a Gluster volume; it
        takes the names of gvolume_create."
      - "C(mstorage_id), default C(media_storage_id), assumed: media storage, in mstorage_create, mstorage_modify,
        mstorage_delete."
      - "C(mstorage_address), default C(address), assumed: its server, in mstorage_create and mstorage_modify."
      - "C(mstorage_path), default C(path), assumed: its share there."
      - "C(mstorage_username), default C(username), assumed: its user there."
      - "C(mstorage_password), default C(password), assumed: its password there."
      - "C(mstorage_hosts), default C(hosts), assumed: its hosts there."
      - "C(read_host_id), default C(host_id), documented: host, in the list of hosts."
      - "C(read_host_status), default C(status), documented: its status there."
      - "C(read_image_storage_id), default C(image_storage_id), assumed: image storage, in the list of image
        storages."
      - "C(read_hosts), default C(hosts), documented: hosts of an image storage."
      - "C(read_disks), default C(disks), documented: disks that an image storage can use."
      - "C(read_disk_id), default C(disk_id), assumed: SCSI id of such a disk."
      - "C(read_disk_hosts), default C(hosts), assumed: hosts that see such a disk; looked at only where the answer
        has it."
      - "C(read_volumes), default C(volumes), documented: OCFS2 volumes of an image storage."
      - "C(read_external_volumes), default C(external_volumes), documented: external volumes of an image storage."
      - "C(read_gluster_volumes), default C(gluster_volumes), documented: Gluster volumes of an image storage
        (3.1)."
      - "C(read_volume_id), default C(volume_id), documented: a volume of any kind there."
      - "C(read_volume_disk), default C(primary_disk_id), documented: SCSI id of an OCFS2 volume's disk."
      - "C(read_mount_point), default C(mount_point), assumed: mount point of an external volume."
      - "C(read_gvolume_name), default C(gvolume_name), assumed: a Gluster volume's name in Gluster."
      - "C(read_redundancy), default C(redundancy), assumed: a Gluster volume's data and redundant bricks."
      - "C(read_brick_paths), default C(brick_paths), assumed: paths of a Gluster volume's bricks."
      - "C(read_total_space), default C(total_space), documented: size of a volume."
      - "C(read_free_space), default C(free_space), documented: free space of a volume."
      - "C(read_status), default C(status), documented: status of a volume."
      - "C(read_status_msg), default C(status_msg), documented: words about the status of a volume."
      - "C(read_images), default C(images), documented: guests' images on a volume."
      - "C(read_clones), default C(clones), documented: clones of images on a volume."
      - "C(read_media_id), default C(media_storage_id), assumed: media storage, in the list of media storages."
      - "C(read_media_address), default C(address), assumed: server of a media storage."
      - "C(read_media_path), default C(path), assumed: share of a media storage."
      - "C(read_media_username), default C(username), assumed: user of a media storage."
      - "C(read_media_hosts), default C(hosts), assumed: hosts of a media storage."
      - "C(read_media_status), default C(status), assumed: status of a media storage."
      - "C(read_media_status_msg), default C(status_msg), assumed: words about its status."
      - "C(read_media_files), default C(files), assumed: files in a media storage."
      - "C(read_media_file), default C(name), assumed: name of such a file, where it is more than a name."
      - "C(path_image_storages), default C(imagestorages), documented: address of an image storage; that it also
        lists all of them is assumed."
      - "C(path_media_storages), default C(mediastorages), assumed: address of the media storages and of one of
        them."
      - "C(missing_message), default C(not found|not exist|does ?n.t exist|no such), assumed: regular expression for
        what the Manager says when there is no such object."
      - "C(expired_message), default C(session|authenticat|log ?in|not logged|credential), assumed: regular
        expression for what the Manager says when a session has ended."
    type: dict
    default: {}
"""

    TASKS = r"""
options:
  task_timeout:
    description:
      - Seconds to wait for the end of one of the Manager's tasks, which do the work in the background.
    type: int
    default: 300
notes:
  - Not every request of this is documented in public. O(fields) has the one table of names, each documented or assumed;
    an assumed one may be another on your Manager. Tested against a simulator made from the vendor's documents only.
"""

    VOLUMES = r"""
options:
  name:
    description:
      - Name of the volume, unique in its image storage.
    type: str
    required: true
  image_storage:
    description:
      - Image storage that holds it. It must exist.
    type: str
    required: true
  state:
    description:
      - V(present) creates it, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  allow_delete_with_images:
    description:
      - Delete the volume although the Manager shows images or clones on it.
    type: bool
    default: false
  expected_image_storages:
    description:
      - Image storages that the same run creates, each with the list of its hosts. Honoured in check mode only.
    type: dict
    default: {}
seealso:
  - module: virtshare.storage.flexvdi_image_storage
  - module: virtshare.storage.flexvdi_storage_info
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/virtshare.storage.flexvdi) in C(module_defaults) to set the connection once.
    support: full
    membership:
      - virtshare.storage._flexvdi
  check_mode:
    description: Predicts exactly the operations of a real run from the same reads, without a POST but the login.
  diff_mode:
    description: Shows what differs before and after, without secrets.
"""
