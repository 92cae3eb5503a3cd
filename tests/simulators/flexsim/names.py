# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names in requests and answers, each of which can be another one: nobody outside the vendor knows all of them."""

REQUESTS = {
    "istorage_id": "image_storage_id",
    "istorage_hosts": "hosts",
    "evolume_id": "volume_id",
    "evolume_image_storage": "image_storage_id",
    "evolume_mount_point": "mount_point",
    "volume_id": "volume_id",
    "volume_image_storage": "image_storage_id",
    "volume_disk": "primary_disk_id",
    "gvolume_id": "volume_id",
    "gvolume_image_storage": "image_storage_id",
    "gvolume_name": "gvolume_name",
    "gvolume_redundancy": "redundancy",
    "gvolume_brick_paths": "brick_paths",
    "gvolume_delete": "gvolume_delete",
    "mstorage_id": "media_storage_id",
    "mstorage_address": "address",
    "mstorage_path": "path",
    "mstorage_username": "username",
    "mstorage_password": "password",
    "mstorage_hosts": "hosts",
}

ANSWERS = {
    "read_host_id": "host_id",
    "read_host_status": "status",
    "read_image_storage_id": "image_storage_id",
    "read_hosts": "hosts",
    "read_disks": "disks",
    "read_disk_id": "disk_id",
    "read_disk_hosts": "hosts",
    "read_volumes": "volumes",
    "read_external_volumes": "external_volumes",
    "read_gluster_volumes": "gluster_volumes",
    "read_volume_id": "volume_id",
    "read_volume_disk": "primary_disk_id",
    "read_mount_point": "mount_point",
    "read_gvolume_name": "gvolume_name",
    "read_redundancy": "redundancy",
    "read_brick_paths": "brick_paths",
    "read_total_space": "total_space",
    "read_free_space": "free_space",
    "read_status": "status",
    "read_status_msg": "status_msg",
    "read_images": "images",
    "read_clones": "clones",
    "read_media_id": "media_storage_id",
    "read_media_address": "address",
    "read_media_path": "path",
    "read_media_username": "username",
    "read_media_hosts": "hosts",
    "read_media_status": "status",
    "read_media_status_msg": "status_msg",
    "read_media_files": "files",
    "read_media_file": "name",
}

PATHS = {"path_image_storages": "imagestorages", "path_media_storages": "mediastorages"}

# What is said, not a name: the text of an ErrorMessage about what is not there, and about a session that has ended.
MESSAGES = {"missing_message": "%s not found", "expired_message": "Session expired"}

ALL = dict(REQUESTS, **ANSWERS, **PATHS, **MESSAGES)
