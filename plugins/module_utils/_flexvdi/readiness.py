# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May the declared volumes be created? What the hosts have shown is compared with what the volumes need. Pure."""

import posixpath

from .._plan import proven
from .._plan.taking_part import MAINTENANCE
from . import objects


class _Hosts:
    """Image storages with their hosts, and how the inventory calls these. Names and ids may be numbers."""

    def __init__(self, image_storages, host_names, maintenance=()):
        listed = [(str(storage.get("name")), objects.names(storage.get("hosts"))) for storage in image_storages]
        self._storages = dict(pair for pair in listed if pair[1])
        self._names = dict((str(host).strip(), str(name).strip()) for host, name in host_names.items() if name is not None)
        self._maintenance = maintenance

    def of(self, storage):
        """[(the Manager's id, the inventory's name)] of an image storage, without the hosts in maintenance; None where
        nobody has said its hosts."""
        hosts = self._storages.get(storage)
        return None if not hosts else [pair for pair in ((host, self._names.get(host, host)) for host in hosts)
                                       if pair[1] not in self._maintenance]

    def everyone(self):
        """The names in the inventory of all hosts of all image storages."""
        return sorted(set(pair[1] for storage in self._storages for pair in self.of(storage) or ()))

    def trouble(self, storage):
        """Why nothing can be told of an image storage's hosts, None where it can."""
        members = self.of(storage)
        if members is None:
            return "the hosts of image storage %s are not known" % storage
        if not members:
            return "all hosts of image storage %s are in %s" % (storage, MAINTENANCE)
        return None


def unready(external, gluster, image_storages, proofs, access, bricks, host_names=None, users=(), check_mode=False,
            maintenance=()):
    """A sentence for each reason why a declared volume must not be created; an empty list when all may be.

    external, gluster: declared volumes; absent ones are passed over. image_storages: [{"name", "hosts"}].
    proofs: the C(shares) of share_proof_result. access: {inventory name: paths of share_access}, with those of inside().
    bricks: {inventory name: the C(directories) of hypervisor_info}. users: who may run guests. maintenance: hosts, by the
    inventory's names, that are left out on purpose.
    """
    hosts = _Hosts(image_storages, host_names or {}, maintenance)
    problems = []
    for volume in _present(external):
        if volume["path"]:
            problems.extend(_external(volume, hosts, proofs, access, list(users), check_mode))
    for volume in _present(gluster):
        if volume["brick_paths"]:
            problems.extend(_gluster(volume, hosts, bricks))
    return problems


def _present(volumes):
    """Declared volumes without the absent ones, with names and paths as a module takes them, None for what is not given."""
    return [dict(volume, brick_paths=objects.names(volume.get("brick_paths")), **dict(
        (key, None if volume.get(key) is None else objects.given(str(volume[key]))) for key in ("name", "image_storage", "path")))
        for volume in volumes if volume.get("state", "present") == "present"]


def inside(external, shares, users):
    """The C(paths) of share_access for external volumes in a directory inside a share.

    That a user may write in the root of a share says nothing about the directories in it.
    external, shares: as declared. users: who may run guests; of these the writers of the share are tried.
    """
    shares = [share for share in shares if (share.get("state") or "mounted") == "mounted"]
    found = {}
    for volume in _present(external):
        path = (volume["path"] or "").rstrip("/")
        share = proven.share_of(path, shares)
        if share is not None and path != share["path"].rstrip("/"):
            writers = (share.get("access") or {}).get("writers") or ()
            found[path] = {"path": path, "writers": [user for user in writers if user in users]}
    return [found[path] for path in sorted(found)]


def brick_paths(gluster):
    """The paths of the bricks of declared Gluster volumes, each once; absent ones are passed over."""
    return sorted(set(path.rstrip("/") for volume in _present(gluster) for path in volume["brick_paths"] or ()))


def inventory_names(image_storages, host_names=None):
    """The names in the inventory of all hosts of the image storages."""
    return _Hosts(image_storages, host_names or {}).everyone()


def _external(volume, hosts, proofs, access, users, check_mode):
    path = volume["path"].rstrip("/")
    start = "%s (external volume %s)" % (path, volume["name"])
    share = proven.share_of(path, proofs)
    members = hosts.of(volume["image_storage"])
    trouble = hosts.trouble(volume["image_storage"])
    if share is not None and trouble:
        return ["%s: %s" % (start, trouble)]
    problem = proven.unproven(path, "external volume %s" % volume["name"], proofs, check_mode, (
        "image storage %s" % volume["image_storage"], [(pair[1], _both(pair)) for pair in members or []]))
    # Nobody writes in check mode.
    if check_mode or share is None or posixpath.normpath(path) != path:
        return [problem] if problem else []
    found = [problem] if problem else []
    for pair in members:
        if pair[1] in share["proven_hosts"]:
            found.extend(_writable(start, path, share["path"], _both(pair), access.get(pair[1]), users))
    return found


def _both(pair):
    """A host as the Manager calls it, with the inventory's name where that is another."""
    return pair[0] if pair[0] == pair[1] else "%s (%s in the inventory)" % pair


def _writable(start, path, share, host, tested, users):
    names = " or ".join(users)
    for entry in tested or ():
        if entry["path"].rstrip("/") != path:
            continue
        if entry.get("mount") and path != share.rstrip("/"):
            return ["%s: on %s the %s mount of %s is at that path, and the proof of %s says nothing about it; declare "
                    "it as a share of its own"
                    % (start, host, entry["mount"]["fstype"], entry["mount"]["source"], share)]
        tried = dict((user, entry["writers"][user]) for user in users if user in (entry.get("writers") or {}))
        if any(result.get("writes") for result in tried.values()):
            return []
        if entry.get("problems"):
            return ["%s: %s" % (start, problem) for problem in entry["problems"]]
        if tried:
            return ["%s: %s cannot write in %s on %s" % (start, " and ".join(sorted(tried)), path, host)]
        return ["%s: nobody tried whether %s can write in %s on %s; declare the one that runs the guests there in "
                "access.writers of the share" % (start, names, path, host)]
    return ["%s: nobody tried whether %s can write in %s on %s" % (start, names, path, host)]


def _gluster(volume, hosts, bricks):
    start = "Gluster volume %s" % volume["name"]
    trouble = hosts.trouble(volume["image_storage"])
    if trouble:
        return ["%s: %s" % (start, trouble)]
    found = []
    for pair in hosts.of(volume["image_storage"]):
        seen = bricks.get(pair[1])
        if seen is None:
            found.append("%s: nobody looked at the bricks on %s" % (start, _both(pair)))
            continue
        known = dict((entry["path"].rstrip("/"), entry) for entry in seen)
        for path in volume["brick_paths"]:
            brick = path.rstrip("/")
            parent = posixpath.dirname(brick)
            entry = known.get(brick)
            if entry is None:
                found.append("%s: nobody looked at the brick %s on %s" % (start, brick, _both(pair)))
            elif parent == "/" or entry["parent_mount_point"] != parent:
                found.append("%s: the parent of the brick %s is not a mount point of its own on %s"
                             % (start, brick, _both(pair)))
            elif not entry["is_directory"]:
                found.append("%s: the brick %s is not a directory on %s" % (start, brick, _both(pair)))
    return found
