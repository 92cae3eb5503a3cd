# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as they are written elsewhere: each is refused in one sentence that has the right one in it."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._share import sources
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

# type, what is written, why it is refused, what to write
REFUSED = [
    ("nfs", "nfs://nas1/export/projects", "is a URL", "nas1:/export/projects"),
    ("nfs", "nfs://nas1:20049/export", "is a URL", "nas1:/export, with options: {port: 20049}"),
    ("nfs", "NFS://[fd00::12]:2049/export", "is a URL", "[fd00::12]:/export, with options: {port: 2049}"),
    ("nfs", "nfs4://nas1/my%20dir", "is a URL", "nas1:/my dir"),
    ("nfs", "smb://nas1/x", "is a URL", "server:/export, such as nas1:/export/projects"),
    ("nfs", "fd00:1::12:/export/projects", "has an IPv6 address without brackets", "[fd00:1::12]:/export/projects"),
    ("nfs", "fe80::1%eth0:/x", "has an IPv6 address without brackets", "[fe80::1%eth0]:/x"),
    ("nfs", "[fd00::1]:2049:/x", "has a port, which is an option of its own", "[fd00::1]:/x, with options: {port: 2049}"),
    ("nfs", "nas1:2049:/x", "has a port, which is an option of its own", "nas1:/x, with options: {port: 2049}"),
    ("nfs", "[nas1]:/x", "has brackets around what is no IPv6 address", "nas1:/x"),
    ("nfs", "[192.0.2.1]:/x", "has brackets around what is no IPv6 address", "192.0.2.1:/x"),
    ("nfs", "[fd00::zz]:/x", "has brackets around what is no IPv6 address", "server:/export, such as nas1:/export/projects"),
    ("nfs", "//nas1/export", "begins with two slashes", "nas1:/export"),
    ("nfs", "\\\\nas1\\export\\a", "begins with two slashes", "nas1:/export/a"),
    ("nfs", "nas1/export", "has no colon, so it names no server", "server:/export, here nas1:/export"),
    ("nfs", "nas1:export", "has no slash behind the colon", "server:/export, here nas1:/export"),
    ("nfs", "nas1,nas2:/x", "names several servers, and NFS mounts from one", "nas1:/x"),
    ("nfs", "nas1:/x nas2:/x", "names several servers, and NFS mounts from one", "nas1:/x"),
    ("nfs", "nas1:/x,nas2:/y", "names several servers, and NFS mounts from one", "nas1:/x"),
    ("nfs", "nas1: /x", "has no slash behind the colon", "server:/export, here nas1:/x"),
    ("nfs", "nas1:\\x", "has no slash behind the colon", "server:/export, here nas1:/x"),
    ("nfs", "-nas1:/x", "begins with a hyphen, which mount(8) takes for an option",
     "server:/export, such as nas1:/export/projects"),
    ("glusterfs", "-gl1:/x", "is not one of type glusterfs", "server:/volume without a blank, such as gl1,gl2:/scratch"),
    ("nfs", "nas 1:/x", "has a blank in its server's name", "server:/export, such as nas1:/export/projects"),
    ("nfs", "nas1:/x ", "begins or ends with a blank", "'nas1:/x'"),
    ("cifs", "smb://nas2/media", "is a URL", "//nas2/media"),
    ("cifs", "smb://nas2:4455/media/sub", "is a URL", "//nas2/media/sub, with options: {port: 4455}"),
    ("cifs", "cifs://nas2", "names no share", "the share behind the server, such as //nas2/media"),
    ("cifs", "\\\\nas2\\media", "has backslashes", "//nas2/media"),
    ("cifs", "\\\\\\\\nas2\\\\media", "has backslashes", "//nas2/media"),
    ("cifs", "nas2:/media", "does not begin with two slashes", "//nas2/media"),
    ("cifs", "nas2:media", "does not begin with two slashes", "//nas2/media"),
    ("cifs", "/nas2/media", "does not begin with two slashes", "//nas2/media"),
    ("cifs", "//nas2", "names no share", "the share behind the server, such as //nas2/media"),
    ("cifs", "//nas2/", "names no share", "the share behind the server, such as //nas2/media"),
    ("cifs", "///nas2/media", "has more slashes than it needs", "//nas2/media"),
    ("cifs", "//nas2//media", "has more slashes than it needs", "//nas2/media"),
    ("cifs", "//nas2:445/media", "has a port, which is an option of its own", "//nas2/media, with options: {port: 445}"),
    ("cifs", "//[fd00::12]/media", "has brackets, which mount.cifs does not take", "//fd00::12/media"),
    ("cifs", "//vm@nas2/media", "names a user", "//nas2/media, and the user in the share's credentials"),
    ("cifs", "//nas2:smb/media", "has a colon in its server's name", "//server/share without a comma, such as //nas2/media"),
    ("cifs", "//nas2:/media", "has a colon in its server's name", "//server/share without a comma, such as //nas2/media"),
    ("cifs", "//vm:a@nas2/media@home", "names a user or a port",
     "//server/share without a comma, such as //nas2/media, and the user in the share's credentials"),
    ("cifs", "//nas2:445/media@home", "names a user or a port",
     "//server/share without a comma, such as //nas2/media, and the user in the share's credentials"),
    ("cifs", "//vm@nas2/media@home", "names a user", "//nas2/media@home, and the user in the share's credentials"),
    ("nfs", "vm@nas1:/x", "names a user, and NFS has none", "nas1:/x"),
    ("glusterfs", "vm:a@gl1:/scratch", "names a user, and GlusterFS has none", "gl1:/scratch"),
    ("cifs", "//nas 2/media", "has a blank in its server's name", "//server/share without a comma, such as //nas2/media"),
    ("glusterfs", "gluster://gl1/scratch", "is a URL", "gl1:/scratch"),
    ("glusterfs", "gluster+tcp://gl1:24008/scratch/dir", "is a URL", "gl1:/scratch/dir, with options: {server-port: 24008}"),
    ("glusterfs", "gl1/scratch", "has no colon, so it names no server", "gl1:/scratch"),
    ("glusterfs", "gl1:24007:/scratch", "has a port, which is an option of its own",
     "gl1:/scratch, with options: {server-port: 24007}"),
    ("glusterfs", "gl1, gl2:/s", "has servers that are not joined by commas alone", "gl1,gl2:/s"),
    ("glusterfs", "gl1:/s,gl2:/s", "has servers that are not joined by commas alone", "gl1,gl2:/s"),
    ("glusterfs", "gl1:gl2:/s", "has servers that are not joined by commas alone", "gl1,gl2:/s"),
    ("glusterfs", "gl1:/scratch/a:b", "has a colon in its directory, at which mount.glusterfs cuts it",
     "server:/volume without a blank, such as gl1,gl2:/scratch"),
    ("glusterfs", "fd00::1:/scratch", "has an IPv6 address, at whose colons it would be cut",
     "a name that stands for the address on every host, such as gl1,gl2:/scratch"),
    ("glusterfs", "gl1,[fd00::2]:/scratch", "has an IPv6 address, at whose colons it would be cut",
     "a name that stands for the address on every host, such as gl1,gl2:/scratch"),
    ("ocfs2", 'LABEL="vmstore"', "is not spelled as blkid shows it", "LABEL=vmstore"),
    ("ocfs2", "label=vmstore", "is not spelled as blkid shows it", "LABEL=vmstore"),
    ("ocfs2", "UUID=0A1B2C3D4E5F60718293A4B5C6D7E8F9", "is not spelled as blkid shows it",
     "UUID=0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"),
    ("ocfs2", "PARTUUID=x", "names something else than the volume", "UUID=… of the volume, as blkid shows it"),
    ("ocfs2", "LABEL=my store", "has a blank, which not all that reads it takes", "UUID=… of the volume, as blkid shows it"),
    ("ocfs2", "vmstore", "does not say what it names", "LABEL=vmstore if it is the label of the volume"),
    ("local", "file:///data/x", "is a URL", "/data/x"),
    ("local", "nas1:/x", "names a server, and type local binds a directory of the host",
     "a directory of the host that is bound to the path, such as /data/projects"),
]


@pytest.mark.parametrize("kind, source, why, instead", REFUSED)
def test_what_is_written_elsewhere_is_refused_with_what_to_write(kind, source, why, instead):
    assert registry.named(kind).source_trouble(source, "/srv/x") == f"source {sources.shown(source)} {why}. Write {instead}."


@pytest.mark.parametrize("kind, source, why, instead", REFUSED)
def test_what_a_refusal_tells_to_write_is_taken(kind, source, why, instead):
    said = instead.split(", here ")[-1].split(", with options")[0].split(", and the user")[0].split(" if it is")[0]
    right = said.split("such as ")[-1].strip("'")
    if "…" not in right:
        assert registry.named(kind).source_trouble(right, "/srv/x") is None


@pytest.mark.parametrize("kind, source", [
    ("nfs", "nas1:/x/../y"), ("nfs", "nas1:/x/."), ("cifs", "//nas2/media/../x"), ("cifs", "//nas2/media\\..\\x"),
    ("glusterfs", "gl1:/v/../x"), ("ocfs2", "/dev/../data/disk"), ("local", "/data/../x"),
])
def test_a_source_that_leads_upwards_is_refused(kind, source):
    trouble = registry.named(kind).source_trouble(source, "/srv/x")
    assert trouble == f"source '{source}' holds '.' or '..', so what it means depends on links. Write the directory it leads to."


@pytest.mark.parametrize("kind, source", [
    ("nfs", "nas1:/x/..a"), ("nfs", "nas1:/x, y/z"), ("nfs", "nas1://export"), ("nfs", "nas1:/a://b"), ("nfs", "nas1:/@data/x y"), ("nfs", "[fe80::1%eth0]:/x"),
    ("cifs", "//fd00::12/media"), ("cifs", "//fd00::12/a@b"),
    ("cifs", "//nas2/media/x:y@z"), ("cifs", "//nas2/media@home"),
    ("nfs", "nas1:/a@b:c"), ("nfs", "[fe80::1%eth0]:/a@b"), ("nfs", "nas1:/a#b"), ("glusterfs", "gl1:scratch/a@b"),
    ("cifs", "//nas2/me dia/x@y:z"), ("cifs", "//nas2/c$"), ("cifs", "//nas2/media/"),
    ("glusterfs", "gl1:scratch"), ("glusterfs", "gl1,192.0.2.1:/scratch/a,b"), ("ocfs2", "/dev/mapper/vm-store"),
    ("local", "/data/x:/y"),
])
def test_sources_that_only_look_so_are_taken(kind, source):
    assert registry.named(kind).source_trouble(source, "/srv/x") is None


@pytest.mark.parametrize("kind, source", [
    ("cifs", "smb://vm:hunter2@nas2/media"), ("cifs", "//CORP;vm:hunter2@nas2/media"), ("cifs", "vm:hunter2@nas2:/media"),
    ("nfs", "nfs://vm:hunter2@nas1/x"), ("nfs", "vm:hunter2@nas1:/x"), ("nfs", "nas 1:hunter2@x:/y"),
    ("glusterfs", "gluster://vm:hunter2@gl1/x"), ("local", "smb://vm:hunter2@nas2/x"), ("ocfs2", "smb://vm:hunter2@nas2/x"),
])
def test_a_password_in_a_source_is_not_shown(kind, source):
    trouble = registry.named(kind).source_trouble(source, "/srv/x")
    assert trouble and "hunter2" not in trouble


@pytest.mark.parametrize("kind, source", [(kind, before + login + "hunter2@" + place) for kind, places in (
    ("cifs", ("//{}nas2/media", "smb://{}nas2/media", "cifs://{}nas2:445/media", "\\\\{}nas2\\media", "{}nas2:media",
              "{}nas2:/media", "{}nas2/media", "/{}nas2/media", "///{}nas2/media", "//{}nas2", "//{}nas2/me,dia",
              "//{}nas2/media@home")),
    ("nfs", ("nfs://{}nas1/x", "{}nas1:/x", "//{}nas1/x", "nfs4://{}nas1:2049/x")),
    ("glusterfs", ("gluster://{}gl1/x", "{}gl1:/x", "{}gl1,gl2:/x", "//{}gl1/x")),
    ("local", ("smb://{}nas2/x", "//{}nas2/x", "{}nas1:/x")), ("ocfs2", ("smb://{}nas2/x", "//{}nas2/x")))
    for before, dummy, place in (each.partition("{}") for each in places)
    for login in ("vm:", "vm:a@", "vm:/", "vm:a/", "vm:a#", "vm:a:", "vm:a,", "vm:a b", "vm:a\\", "vm:1/", "LAB;vm:a/",
                  "LAB\\vm:a", "vm%a/", "vm:a?", "vm:%2F", "vm:[a]/", "vm:a//")])
def test_a_password_of_any_signs_is_not_shown(kind, source):
    trouble = registry.named(kind).source_trouble(source, "/srv/x")
    assert trouble and "hunter2" not in trouble, trouble
