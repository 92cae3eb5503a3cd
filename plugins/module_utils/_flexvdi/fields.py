# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of names in requests to a flexVDI Manager and in its answers: which are documented, which are assumed.

Not every request is documented in public. Whoever has a Manager can look (the page flexvdi_verified says how) and give
another name in the option C(fields), for one task or in module_defaults; nothing else has to change then.
"""

import difflib
import re

from .._plan.plan import Refusal

DOCUMENTED, ASSUMED = "documented", "assumed"

# key, default, documented or assumed, what it is
TABLE = (
    ("istorage_id", "image_storage_id", ASSUMED, "image storage, in istorage_create, istorage_modify, istorage_delete"),
    ("istorage_hosts", "hosts", ASSUMED, "its hosts, in istorage_create and istorage_modify"),
    ("evolume_id", "volume_id", ASSUMED, "external volume, in evolume_create and evolume_delete"),
    ("evolume_image_storage", "image_storage_id", ASSUMED, "its image storage there"),
    ("evolume_mount_point", "mount_point", ASSUMED, "its mount point, in evolume_create"),
    ("volume_id", "volume_id", ASSUMED, "OCFS2 volume, in volume_create and volume_delete"),
    ("volume_image_storage", "image_storage_id", ASSUMED, "its image storage there"),
    ("volume_disk", "primary_disk_id", ASSUMED, "SCSI id of its disk, in volume_create"),
    ("gvolume_id", "volume_id", DOCUMENTED, "Gluster volume, in gvolume_create"),
    ("gvolume_image_storage", "image_storage_id", DOCUMENTED, "its image storage there"),
    ("gvolume_name", "gvolume_name", DOCUMENTED, "its name in Gluster there"),
    ("gvolume_redundancy", "redundancy", DOCUMENTED, "data and redundant bricks there"),
    ("gvolume_brick_paths", "brick_paths", DOCUMENTED, "paths of the bricks there"),
    ("gvolume_delete", "gvolume_delete", ASSUMED, "type of the task that deletes a Gluster volume; it takes the names "
                                                  "of gvolume_create"),
    ("mstorage_id", "media_storage_id", ASSUMED, "media storage, in mstorage_create, mstorage_modify, mstorage_delete"),
    ("mstorage_address", "address", ASSUMED, "its server, in mstorage_create and mstorage_modify"),
    ("mstorage_path", "path", ASSUMED, "its share there"),
    ("mstorage_username", "username", ASSUMED, "its user there"),
    ("mstorage_password", "password", ASSUMED, "its password there"),
    ("mstorage_hosts", "hosts", ASSUMED, "its hosts there"),
    ("read_host_id", "host_id", DOCUMENTED, "host, in the list of hosts"),
    ("read_host_status", "status", DOCUMENTED, "its status there"),
    ("read_image_storage_id", "image_storage_id", ASSUMED, "image storage, in the list of image storages"),
    ("read_hosts", "hosts", DOCUMENTED, "hosts of an image storage"),
    ("read_disks", "disks", DOCUMENTED, "disks that an image storage can use"),
    ("read_disk_id", "disk_id", ASSUMED, "SCSI id of such a disk"),
    ("read_disk_hosts", "hosts", ASSUMED, "hosts that see such a disk; looked at only where the answer has it"),
    ("read_volumes", "volumes", DOCUMENTED, "OCFS2 volumes of an image storage"),
    ("read_external_volumes", "external_volumes", DOCUMENTED, "external volumes of an image storage"),
    ("read_gluster_volumes", "gluster_volumes", DOCUMENTED, "Gluster volumes of an image storage (3.1)"),
    ("read_volume_id", "volume_id", DOCUMENTED, "a volume of any kind there"),
    ("read_volume_disk", "primary_disk_id", DOCUMENTED, "SCSI id of an OCFS2 volume's disk"),
    ("read_mount_point", "mount_point", ASSUMED, "mount point of an external volume"),
    ("read_gvolume_name", "gvolume_name", ASSUMED, "a Gluster volume's name in Gluster"),
    ("read_redundancy", "redundancy", ASSUMED, "a Gluster volume's data and redundant bricks"),
    ("read_brick_paths", "brick_paths", ASSUMED, "paths of a Gluster volume's bricks"),
    ("read_total_space", "total_space", DOCUMENTED, "size of a volume"),
    ("read_free_space", "free_space", DOCUMENTED, "free space of a volume"),
    ("read_status", "status", DOCUMENTED, "status of a volume"),
    ("read_status_msg", "status_msg", DOCUMENTED, "explanation of a volume's status"),
    ("read_images", "images", DOCUMENTED, "guests' images on a volume"),
    ("read_clones", "clones", DOCUMENTED, "clones of images on a volume"),
    ("read_media_id", "media_storage_id", ASSUMED, "media storage, in the list of media storages"),
    ("read_media_address", "address", ASSUMED, "server of a media storage"),
    ("read_media_path", "path", ASSUMED, "share of a media storage"),
    ("read_media_username", "username", ASSUMED, "user of a media storage"),
    ("read_media_hosts", "hosts", ASSUMED, "hosts of a media storage"),
    ("read_media_status", "status", ASSUMED, "status of a media storage"),
    ("read_media_status_msg", "status_msg", ASSUMED, "explanation of its status"),
    ("read_media_files", "files", ASSUMED, "files in a media storage"),
    ("read_media_file", "name", ASSUMED, "name of such a file, where it is more than a name"),
    ("path_image_storages", "imagestorages", DOCUMENTED, "address of an image storage; that it also lists all of them "
                                                         "is assumed"),
    ("path_media_storages", "mediastorages", ASSUMED, "address of the media storages and of one of them"),
    ("missing_message", "not found|not exist|does ?n.t exist|no such", ASSUMED,
     "regular expression for what the Manager says when there is no such object"),
    ("expired_message", "session|authenticat|log ?in|not logged|credential", ASSUMED,
     "regular expression for what the Manager says when a session has ended"),
)

DEFAULTS = dict((row[0], row[1]) for row in TABLE)
STATUS = dict((row[0], row[2]) for row in TABLE)
PATTERNS = ("missing_message", "expired_message")

SPEC = dict(fields=dict(type="dict", default={}))

WHERE_TO_LOOK = ("the guide page flexvdi_verified says how to look at your Manager, and the option fields takes other "
                 "names")


class Fields:
    """The names that count in one module run.

    given: the option C(fields); a Refusal for a key that is not in the table and for a value that cannot be a name.
    """

    def __init__(self, given=None):
        self._names = dict(DEFAULTS)
        self.given = dict(given or {})
        for key, name in self.given.items():
            if key not in DEFAULTS:
                close = difflib.get_close_matches(key, DEFAULTS, 1)
                raise Refusal("fields has the key %r, which is not in the table%s; ansible-doc of this module "
                              "lists them." % (key, ": do you mean %s?" % close[0] if close else ""))
            if not isinstance(name, str) or not name.strip():
                raise Refusal("fields.%s is %r; write a name as text." % (key, name))
            self._names[key] = name
        for key in PATTERNS:
            try:
                re.compile(self._names[key])
            except re.error as error:
                raise Refusal("fields.%s is not a regular expression: %s." % (key, error))

    def __getitem__(self, key):
        return self._names[key]

    def says(self, key, text):
        """Whether the text matches one of the patterns."""
        return re.search(self._names[key], str(text), re.IGNORECASE) is not None

    def hint(self, keys):
        """A sentence about the names among these keys, with a blank before it.

        It names those that are assumed and not given, which nobody has confirmed; where there are none, all of them.
        """
        doubtful = [key for key in keys if STATUS[key] == ASSUMED and key not in self.given]
        names = ", ".join("%s %r" % (key, self._names[key]) for key in doubtful or keys)
        if doubtful:
            return " If it is a name: %s are assumed, not documented; %s." % (names, WHERE_TO_LOOK)
        return " If it is a name: %s are documented or given in fields; %s." % (names, WHERE_TO_LOOK)

    def read(self, document, key, what):
        """The value under a name of the table; a Refusal that names what is there instead when it is missing.

        what: phrase such as C(the external volume 'NFS').
        """
        name = self._names[key]
        if not isinstance(document, dict):
            raise Refusal("The Manager's answer about %s is not an object: %r." % (what, document))
        if name not in document:
            raise Refusal("The Manager's answer about %s has no field %r, it has %s. That name (fields.%s) is %s; %s."
                          % (what, name, ", ".join(sorted(document)) or "none", key, STATUS[key], WHERE_TO_LOOK))
        return document[name]

    def read_name(self, document, key, what):
        """As read(), of a name, a path or an id, which may be a number; always text."""
        found = self.read(document, key, what)
        if not is_name(found):
            raise self._odd(key, what, found, "name")
        return str(found)

    def read_list(self, document, key, what):
        """As read(), of a list."""
        found = self.read(document, key, what)
        if not isinstance(found, list):
            raise self._odd(key, what, found, "list")
        return found

    def maybe(self, document, key, default=None):
        """As read(), but what is missing is the default."""
        return document.get(self._names[key], default)

    def maybe_list(self, document, key, what):
        """As read_list(), but what is missing or null is an empty list."""
        return [] if self.maybe(document, key) is None else self.read_list(document, key, what)

    def _odd(self, key, what, found, wanted):
        return Refusal("The Manager's answer about %s has %r in the field %r, which is no %s. That name (fields.%s) is "
                       "%s; %s." % (what, found, self._names[key], wanted, key, STATUS[key], WHERE_TO_LOOK))


def is_name(value):
    """Whether a value of an answer can be a name or an id."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)
