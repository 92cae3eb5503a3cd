# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new type of share is a file and two lines of the registry: a toy, through declaration, plan, permissions and proof."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.support.playbook import ROOT

TOY = '''
import collections

from .. import options
from .base import ShareType


class Toy(ShareType):
    """A filesystem that nobody has."""

    name = "toy"
    aliases = {"toyfs": "toy"}
    source_pattern = r"toy:[a-z]+"
    source_example = "toy:box"
    source_meaning = "toy: and a word"
    fstab_type = "toy"
    live_types = ("toyfs",)
    remote = True
    defaults = collections.OrderedDict([("nofail", True)])

    def mismatch(self, share, mount, evidence=None):
        same = mount.fstype in self.live_types and mount.source == share["source"]
        return None if same else self.source_in_words(mount)

    def differences(self, share, mount, recorded):
        return options.flag_differences(share, mount, recorded)
'''
IMPORT, LINE = "from .ocfs2 import Ocfs2\n", "    Ocfs2(),\n"
# What runs with the toy among the types; it prints what the rooms say of it, as JSON.
ROOMS = '''
import json
from ansible_collections.virtshare.storage.plugins.doc_fragments._shares import ModuleDocFragment
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import found as found_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import mountpoint, plan
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._proof import probe
from ansible_collections.virtshare.storage.plugins.module_utils._share import live
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import SHARE_SPEC, validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

SHARE = {"path": "/srv/shares/x", "type": "toy", "source": "toy:box"}
said = {"choices": SHARE_SPEC["type"]["choices"], "refused": []}
for wrong in ({"type": "toyfs"}, {"source": "box"}):
    try:
        validated([dict(SHARE, **wrong)])
    except Refusal as refusal:
        said["refused"].append(str(refusal))
share, = validated([SHARE])

def planned(*mounts):
    point = mountpoint.Point("directory", None, "0:0", "0000", True, [])
    state = plan.credentials.State("missing", True, "", "", False, False, False)
    found = found_module.Found(list(mounts), [], [], [], point, {}, False, None, state)
    made = plan.plan_share(share, registry.of(share), found, lambda path, mount: [], False)
    return [(each.name, each.arguments.get("command")) for each in made.operations]

def mount(source):
    text = "20 1 254:0 / / rw - ext4 /dev/vda rw\\n61 20 0:50 / /srv/shares/x rw,relatime - toyfs %s rw" % source
    return mountinfo.parse(text)

def proven(source):
    entries = mount(source)
    live.Bounded.visible = lambda self, path: (entries[-1], entries)
    probe.identity.read = lambda path, mount: {}
    return probe.run({"phase": "tidy", "run_id": "0123456789", "host": "hv1", "hosts": ["hv1"], "timeout": 5,
                        "directories": [], "shares": [
        {"path": "/srv/shares/x", "type": "toy", "source": "toy:box"}]},
        True)["shares"][0]["problem"]

said["documented"] = {name: text for name, text in vars(ModuleDocFragment).items() if name.isupper()}
said["first"] = planned()
said["elsewhere"] = [name for name, _command in planned(mount("toy:other")[-1])]
said["proof"] = [proven("toy:box"), proven("toy:other")]
print(json.dumps(said))
'''


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    top = tmp_path_factory.mktemp("toy")
    plugins = top / "ansible_collections/virtshare/storage/plugins"
    shutil.copytree(ROOT / "plugins", plugins, ignore=shutil.ignore_patterns("__pycache__"))
    types = plugins / "module_utils/_share/types"
    (types / "toy.py").write_text(TOY, encoding="utf-8")
    registry = (types / "registry.py").read_text(encoding="utf-8")
    assert IMPORT in registry and LINE in registry
    (types / "registry.py").write_text(
        registry.replace(IMPORT, IMPORT + "from .toy import Toy\n").replace(LINE, LINE + "    Toy(),\n"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ROOMS], cwd=top, env={**os.environ, "PYTHONPATH": str(top)}, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_can_be_declared_and_is_refused_with_its_own_words(said):
    assert "toy" in said["choices"]
    alias, source = said["refused"]
    assert "type 'toyfs' is not known. Write toy." in alias
    assert "source 'box' is not one of type toy. Write toy: and a word, such as toy:box." in source


def test_the_modules_documentation_names_it(said):
    assert set(said["documented"]) == {"MOUNTS", "DECLARED", "GUEST"}
    for text in said["documented"].values():
        option, = yaml.safe_load(text)["options"].values()
        assert "toy" in option["suboptions"]["type"]["choices"]


def test_it_is_mounted_recorded_and_moved(said):
    assert ["mount", ["mount", "-t", "toy", "-o", "rw,nofail", "toy:box", "/srv/shares/x"]] in said["first"]
    assert "fstab" in [name for name, _command in said["first"]]
    assert {"unmount", "mount"} <= set(said["elsewhere"])


def test_the_proof_takes_it_and_nothing_else_for_it(said):
    right, wrong = said["proof"]
    assert right is None or "declared is" not in right
    assert wrong == "is toy:other, declared is toy:box"
