# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mounts of a share's filesystem have a source of their own, and which were made from the share."""

from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import boot, origins

FSTAB = """\
nas1:/export /mnt/own nfs rw 0 0
/srv/x/vms /mnt/bound none bind 0 0
"""
UTAB = """\
SRC=nas1:/export TARGET=/mnt/by\\040hand ROOT=/ ATTRS=vers=4.2
SRC=/srv/x/a TARGET=/mnt/by-bind ROOT=/a OPTS=x-mine
SRC=//nas2/media TARGET=/mnt/cifs ROOT=/
"""
UNITS = {"unit": "nas1:/export", "unit-bind": "/srv/x/b"}


def test_who_has_a_source_of_its_own(tmp_path, monkeypatch):
    for name, source in UNITS.items():
        (tmp_path / ("mnt-%s.mount" % name.replace("-", "\\x2d"))).write_text("[Mount]\nWhat=%s\n" % source)
    (tmp_path / "utab").write_text(UTAB)
    entries = mountinfo.parse("20 1 8:1 / / rw - ext4 /dev/vda rw\n" + "".join(
        "%d 20 0:37 / /mnt/%s rw - nfs4 nas1:/export rw\n" % (number, name) for number, name in enumerate(UNITS, 30)))
    monkeypatch.setattr(boot, "BEFORE_FSTAB", (str(tmp_path),))
    monkeypatch.setattr(origins, "UTAB", str(tmp_path / "utab"))
    monkeypatch.setattr(origins.mountinfo, "read", lambda: entries)
    shares = [{"path": "/srv/x", "source": "/data/x"}, {"path": "/srv/y", "source": "nas1:/export"},
              {"path": "/srv/z", "source": "/srv/x/c"}]
    assert origins.independent("/srv/x", FSTAB, shares) == {
        "/mnt/own", "/mnt/by hand", "/mnt/cifs", "/mnt/unit", "/srv/y", "/"}


def test_fstab_may_have_a_path_under_another_name(tmp_path):
    (tmp_path / "shares").mkdir()
    (tmp_path / "link").symlink_to("shares")
    path = str(tmp_path / "shares/x")
    text = "a:/b %s/link/x nfs rw 0 0\nc:/d %s nfs rw 0 0\ne:/f /srv/mounted nfs rw\ng:/h /srv/mounted/in nfs rw\nswap none swap sw\n" % (
        tmp_path, path)
    entries = mountinfo.parse("20 1 8:1 / / rw - ext4 /dev/vda rw\n30 20 0:37 / /srv/mounted rw - nfs4 e:/f rw\n")
    names = origins.linked_names(text, [path], entries)
    assert names == [str(tmp_path / "link/x")]
    assert origins.other_names(names, [path, "/srv/y"]) == {path: names}
