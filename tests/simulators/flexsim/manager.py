# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Manager knows: hosts, storages, volumes, sessions."""

import secrets
import threading
import time

from . import names, storage, tasks

VERSIONS = ("2.2", "3.0", "3.1")


class Manager:
    """The state behind the endpoint; every public method is called with C(lock) held.

    hosts: ids. disks: (host, SCSI id) pairs. version: 2.2, 3.0 or 3.1. renamed: {key of names.ALL: another name}.
    task_seconds: how long a task takes. session_seconds: how long a session lives.
    files: what lies in every media storage. machine: looks at this machine instead, as one that is a host of it would.
    """

    def __init__(self, account, hosts=("hv1",), disks=(), version="3.1", renamed=None, task_seconds=0.02,
                 session_seconds=600, files=("debian.iso", "template.fvm"), machine=None):
        unknown = sorted(set(renamed or {}) - set(names.ALL))
        if unknown or version not in VERSIONS:
            raise ValueError("unknown name or version: %s" % (unknown or version))
        self.lock = threading.RLock()
        self.account = account
        self.version = version
        self.names = dict(names.ALL, **(renamed or {}))
        self.hosts = dict((host, "running") for host in hosts)
        self.disks = [tuple(disk) for disk in disks]
        self.files = list(files)
        self._machine = machine
        self.storages = {}
        self.media = {}
        self.session_seconds = session_seconds
        self._sessions = {}
        self.sessions_ever = []
        self.tasks = tasks.Tasks(self, task_seconds)

    # -- sessions ------------------------------------------------------------------------------------------------

    def authenticate(self, username, password):
        """The new session, or None."""
        if (username, password) != self.account:
            return None
        session = secrets.token_hex(16)
        self._sessions[session] = time.monotonic() + self.session_seconds
        self.sessions_ever.append(session)
        return session

    def knows(self, session):
        return self._sessions.get(session, 0) > time.monotonic()

    def forget(self, session):
        self._sessions.pop(session, None)

    def expire_sessions(self):
        """As if nobody had come for a long time."""
        self._sessions.clear()

    # -- reading -------------------------------------------------------------------------------------------------

    def usable_disks(self, hosts):
        """SCSI ids of the disks that all these hosts see and no volume is on."""
        seen = [set(disk for owner, disk in self.disks if owner == host) for host in hosts]
        used = set(volume.get("disk") for known in self.storages.values() for volume in known["volumes"].values())
        return sorted(set.intersection(*seen) - used) if seen else []

    def show_hosts(self):
        return [self._named(host_id=host, host_status=state) for host, state in self.hosts.items()]

    def show_host(self, host):
        if host not in self.hosts:
            return None
        return {"host_id": host, "host_address": "192.0.2.1", "desired_state": "running",
                "current_state": self.hosts[host], "error_msg": ""}

    def show_image_storages(self):
        return [self._named(image_storage_id=name) for name in self.storages]

    def show_image_storage(self, name):
        known = self.storages.get(name)
        if known is None:
            return None
        kinds = {"ocfs2": [], "external": [], "gluster": []}
        for volume, facts in known["volumes"].items():
            kinds[facts["kind"]].append(self._show_volume(volume, facts))
        answer = self._named(
            hosts=list(known["hosts"]), volumes=kinds["ocfs2"], external_volumes=kinds["external"],
            disks=[self._named(disk_id=disk, disk_hosts=list(known["hosts"]))
                   for disk in self.usable_disks(known["hosts"])])
        if self.version == "3.1":
            answer.update(self._named(gluster_volumes=kinds["gluster"]))
        return answer

    def _show_volume(self, name, facts):
        space = self._machine.space(facts.get("mount_point")) if self._machine else None
        total, free = space or (250057728, 67063808)
        shown = self._named(volume_id=name, total_space=total, free_space=free, status=facts["status"],
                            status_msg=facts["status_msg"], clones=list(facts["clones"]), images=[
                                {"image_id": image, "volume_id": name} for image in facts["images"]])
        if facts["kind"] == "ocfs2":
            shown.update(self._named(volume_disk=facts["disk"]))
            if self.version != "3.1":
                shown["secondary_disk_id"] = ""
        elif facts["kind"] == "external":
            shown.update(self._named(mount_point=facts["mount_point"]))
        else:
            shown.update(self._named(gvolume_name=facts["gvolume_name"], redundancy=facts["redundancy"],
                                     brick_paths=list(facts["brick_paths"])))
        return shown

    def show_media_storages(self):
        return [self._named(media_id=name) for name in self.media]

    def show_media_storage(self, name):
        facts = self.media.get(name)
        if facts is None:
            return None
        status, words, files = self._machine.files(facts) if self._machine else ("ok", "", self.files)
        return self._named(
            media_id=name, media_address=facts["address"], media_path=facts["path"],
            media_username=facts["username"], media_hosts=list(facts["hosts"]), media_status=status,
            media_status_msg=words, media_files=[self._named(media_file=file) for file in files])

    def _named(self, **values):
        """{name on the wire: value} of the keys of ANSWERS without their read_."""
        return dict((self.names["read_" + key], value) for key, value in values.items())

    def do(self, task_type, values):
        """Carry a task out; raises storage.Refused with the result_msg."""
        storage.do(self, task_type, values)
