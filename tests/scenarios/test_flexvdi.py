# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flexVDI on real hosts: the vendor's own example, then NFS, Gluster bricks and a real Samba share.

The Manager is simulated, on hv1, where a real one might run too: the space of a volume and the files of a media storage
are what hv1 really sees. The tests build on each other's state, in the order written.
"""

import base64
import io
import json
import tarfile

import pytest

from tests.lab import Lab
from tests.simulators.flexsim.command import self_signed
from tests.support.flexvdi import MEDIA_PASSWORD, PASSWORD, USER
from tests.support.playbook import ROOT
from tests.support.warm import run_playbook

pytestmark = pytest.mark.release

ACCESS = {"owner": "libvirt-qemu", "group": "kvm", "mode": "0770", "writers": ["libvirt-qemu"]}
IMAGES = {"path": "/home/images", "type": "local", "source": "/home/flexvdi-images", "access": ACCESS}
PROJECTS = {"path": "/srv/shares/projects", "type": "nfs", "source": "nas1:/export/projects",
            "options": {"vers": "4.2"}, "access": ACCESS}
SAMBA = """[global]
disable netbios = yes
smb ports = 445
[media]
path = /export/media
valid users = vm
"""
LISTER = """#!/bin/sh -e
at=$(mktemp -d)
trap 'umount $at; rm -r $at $at.login' EXIT
(umask 077 && printf 'username=%s\\npassword=%s\\n' "$MEDIA_USERNAME" "$MEDIA_PASSWORD" > $at.login)
mount -t cifs -o ro,credentials=$at.login "//$MEDIA_ADDRESS/$MEDIA_PATH" $at
ls $at
"""
MANAGER = (
    "systemd-run --quiet --unit=manager python3 /opt/manager/tests/simulators/flexvdi.py --listen 127.0.0.1:8443"
    f" --credentials {USER}:{PASSWORD} --host hv1 --host hv2 --certificate /opt/manager/certificate.pem"
    " --key /opt/manager/key.pem --lister /opt/manager/lister --log /opt/manager/calls")


class Site:
    """The lab's hosts, the Manager on hv1, and the playbooks run on them."""

    def __init__(self, lab, directory):
        self.lab = lab
        self.directory = directory
        (directory / "hosts.yml").write_text(lab.inventory(), encoding="utf-8")
        self.ssh("nas1", "mkdir -p /export/projects && echo '/export/projects *(rw,sync,no_subtree_check,"
                         "no_root_squash)' > /etc/exports && systemctl start nfs-server && exportfs -ra")
        self.ssh("nas1", "mkdir -p /export/media && touch /export/media/debian-13.iso /export/media/template.fvm"
                         " && useradd --no-create-home vm && cat > /etc/samba/smb.conf", SAMBA)
        self.ssh("nas1", "smbpasswd -s -a vm && systemctl start smbd", f"{MEDIA_PASSWORD}\n" * 2)
        self.ssh("hv1", "mkdir /home/flexvdi-images && apt-get -qq install -y cifs-utils > /dev/null 2>&1")
        self.ssh("hv1", "base64 -d | tar x -C /opt", self._programs())
        self.ssh("hv1", MANAGER)
        self.ssh("hv1", "until python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8443))'"
                        " 2> /dev/null; do :; done", timeout=60)

    @staticmethod
    def _programs():
        """The simulator with its certificate and its lister as a tar archive in base64."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar, self_signed("127.0.0.1") as (certificate, key):
            for name in ("flexvdi.py", "flexsim", "serving.py"):
                tar.add(ROOT / "tests/simulators" / name, f"manager/tests/simulators/{name}")
            tar.add(certificate, "manager/certificate.pem")
            tar.add(key, "manager/key.pem")
            lister = tarfile.TarInfo("manager/lister")
            lister.size, lister.mode = len(LISTER.encode()), 0o755
            tar.addfile(lister, io.BytesIO(LISTER.encode()))
        return base64.b64encode(archive.getvalue()).decode("ascii")

    def run(self, playbook, *arguments, **declared):
        """declared: the site's variables."""
        variables = dict(declared, flexvdi_storage_ca_path="/opt/manager/certificate.pem",
                         flexvdi_storage_api_url="https://127.0.0.1:8443", flexvdi_storage_api_username=USER,
                         flexvdi_storage_api_password=PASSWORD)
        path = self.directory / "shares.json"
        path.write_text(json.dumps({"all": {"vars": variables}}), encoding="utf-8")
        run = run_playbook(playbook, inventories=[self.directory / "hosts.yml", path],
                           arguments=["--extra-vars", "virtshare_publisher=hv1", *arguments])
        print(run.output)  # pytest shows it when the test fails
        assert PASSWORD not in run.output and MEDIA_PASSWORD not in run.output
        return run

    def tasks(self):
        """The types of the tasks that the Manager was asked for since the last time."""
        lines = self.ssh("hv1", "cat /opt/manager/calls && : > /opt/manager/calls").splitlines()
        return [entry["task"] for entry in map(json.loads, lines) if entry["task"]]

    def ssh(self, host, command, stdin="", timeout=120):
        return self.lab.ssh(host, command, stdin=stdin, timeout=timeout).stdout

    def space(self, path):
        """Size of a filesystem on hv1 in KiB."""
        return int(self.ssh("hv1", f"df --output=size -k {path} | tail -1"))


@pytest.fixture(scope="module", name="site")
def hosts(tmp_path_factory):
    hosts = ["hv1:hypervisor-ready", "hv2:hypervisor-ready", "nas1:storage"]
    with Lab.up("flexvdi", hosts, disks=["hv1=128M", "hv2=128M"], fresh=True) as lab:
        yield Site(lab, tmp_path_factory.mktemp("flexvdi"))


# The vendor's own example, for one of the two hosts.
ONE_HOST = ["--extra-vars", "virtshare_hypervisors=hv1"]
FIRST = {
    "virtshare_shares": [IMAGES],
    "flexvdi_storage_image_storages": [{"name": "MyImageStorage", "hosts": ["hv1"]}],
    "flexvdi_storage_external_volumes": [
        {"name": "MyExternalVolume", "image_storage": "MyImageStorage", "path": "/home/images"}],
}


def test_local_storage_of_one_host_becomes_a_volume(site):
    predicted = site.run("playbooks/site.yml", "--check", "--diff", *ONE_HOST, **FIRST)
    assert predicted.code == 0, predicted.failure_text()
    assert site.tasks() == []

    first = site.run("playbooks/site.yml", *ONE_HOST, **FIRST)
    assert first.code == 0, first.failure_text()
    assert site.tasks() == ["istorage_create", "evolume_create"]
    assert first.changes == predicted.changes
    volume = first.facts("flexvdi_storage_result")["hv1"]["volumes"][0]
    assert (volume["path"], volume["status"]) == ("/home/images", "ok")
    assert volume["total_space"] == site.space("/home/images") and 0 < volume["free_space"] < volume["total_space"]
    # As the user that runs the guests, below the very path that the Manager was told.
    site.ssh("hv1", "runuser -u libvirt-qemu -- sh -c 'echo image > /home/images/guest'")
    assert site.ssh("hv1", "cat /home/flexvdi-images/guest") == "image\n"

    second = site.run("playbooks/site.yml", *ONE_HOST, **FIRST)
    assert second.code == 0 and second.changes == set() and site.tasks() == []


BOTH: dict = {
    "virtshare_shares": [PROJECTS],
    "flexvdi_storage_image_storages": [{"name": "West", "hosts": ["hv1", "hv2"]}],
    "flexvdi_storage_external_volumes": [{"name": "NFS", "image_storage": "West", "path": "/srv/shares/projects"}],
    "flexvdi_storage_gluster_volumes": [{"name": "SSD", "image_storage": "West", "redundancy": "1:1",
                                         "brick_paths": ["/bricks/ssd/flexvdi"]}],
    "flexvdi_storage_media_storages": [{"name": "cifs", "address": "nas1", "path": "media", "username": "vm",
                                        "password": MEDIA_PASSWORD, "hosts": ["hv1", "hv2"]}],
}
# Each host sees one disk, and no two of a lab have the same name.
BRICK = ("disk=$(echo /dev/disk/by-id/virtshare-lab-data*) && mkfs.ext4 -q $disk && mkdir -p /bricks/ssd"
         " && mount $disk /bricks/ssd && mkdir /bricks/ssd/flexvdi")


def test_bricks_that_a_host_does_not_have_stop_their_volume_alone(site):
    site.ssh("hv1", BRICK)
    refused = site.run("playbooks/site.yml", **BOTH)
    assert refused.code != 0 and site.tasks() == ["istorage_create", "evolume_create", "mstorage_create"]
    text = refused.failure_text()
    assert "1 problem left. Everything else is done." in text
    assert "the parent of the brick /bricks/ssd/flexvdi is not a mount point of its own on hv2" in text
    assert "on hv1" not in text


def test_nfs_gluster_and_a_real_samba_share(site):
    site.ssh("hv2", BRICK)
    # Alone, without the main job: the write test is done here.
    first = site.run("playbooks/publish.yml", **BOTH)
    assert first.code == 0, first.failure_text()
    assert set(first.of("share_access")) == {"hv1", "hv2"}
    assert site.tasks() == ["gvolume_create"], "the run that missed a brick has made the rest"
    result = first.facts("flexvdi_storage_result")["hv1"]
    assert [(volume["name"], volume["kind"], volume["status"]) for volume in result["volumes"]] == [
        ("NFS", "external", "ok"), ("SSD", "gluster", "ok")]
    assert result["volumes"][0]["total_space"] == site.space("/srv/shares/projects")
    assert result["media_storages"][0]["files"] == ["debian-13.iso", "template.fvm"]

    second = site.run("playbooks/site.yml", **BOTH)
    assert second.code == 0 and second.changes == set() and site.tasks() == []


def test_another_export_on_one_host_is_not_published(site):
    site.ssh("nas1", "mkdir -p /export/other && echo '/export/other *(rw,sync,no_subtree_check,no_root_squash)'"
                     " >> /etc/exports && exportfs -ra")
    site.ssh("hv2", "umount /srv/shares/projects && mount -t nfs -o vers=4.2 nas1:/export/other /srv/shares/projects")
    more = dict(BOTH, flexvdi_storage_external_volumes=[
        *BOTH["flexvdi_storage_external_volumes"],
        {"name": "Inside", "image_storage": "West", "path": "/srv/shares/projects/inside"}])
    refused = site.run("playbooks/publish.yml", **more)
    assert refused.code != 0 and site.tasks() == []
    assert "nas1:/export/other" in refused.failure_text()


def test_it_is_all_taken_back(site):
    gone = {name: [{key: value for key, value in item.items() if key in ("name", "image_storage")} | {"state": "absent"}
                   for item in items] for name, items in BOTH.items() if name.startswith("flexvdi_storage")}
    mended = site.run("playbooks/site.yml", **{"virtshare_shares": [PROJECTS], **gone})
    assert mended.code == 0, mended.failure_text()
    assert site.tasks() == ["evolume_delete", "gvolume_delete", "mstorage_delete", "istorage_delete"]
