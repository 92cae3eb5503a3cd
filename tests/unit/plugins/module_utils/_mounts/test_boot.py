# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit files of somebody else for a share's path: which decide what a boot mounts there, and what is said of them."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import boot
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

ETC, RUN, VENDOR = "etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"
MOUNT, TRAP = "srv-shares-u.mount", "srv-shares-u.automount"
ON_DEMAND = {"options": {"x-systemd.automount": True}}
UNIT = "[Mount]\nWhat=nas1:/export/scratch\nWhere=/srv/shares/u\n"


def share(**changes):
    return validated([dict({"path": "/srv/shares/u", "type": "nfs", "source": "nas1:/export/projects"}, **changes)])[0]


@pytest.fixture
def units(tmp_path, monkeypatch):
    """A function of {file: text, or "-> target"}, which returns the Units then."""
    monkeypatch.setattr(boot, "BEFORE_FSTAB", tuple(str(tmp_path / each.lstrip("/")) for each in boot.BEFORE_FSTAB))
    monkeypatch.setattr(boot, "AFTER_FSTAB", tuple(str(tmp_path / each.lstrip("/")) for each in boot.AFTER_FSTAB))

    monkeypatch.setattr(boot, "GENERATED", str(tmp_path / boot.GENERATED.lstrip("/")))

    def made(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text.startswith("-> "):
                path.symlink_to(text[3:])
            else:
                path.write_text(text)
        return boot.look(["/srv/shares/u"])["/srv/shares/u"]
    return made


def enabled(directory, name):
    return {f"{directory}/{name}": UNIT, f"{ETC}/remote-fs.target.wants/{name}": f"-> /{directory}/{name}"}


@pytest.mark.parametrize("changes, files, words", [
    ({}, {f"{ETC}/{MOUNT}": UNIT}, [MOUNT, "instead of fstab", "systemctl disable", "Nothing was changed"]),
    ({}, enabled(ETC, MOUNT), [f"{ETC}/{MOUNT}"]),
    ({}, {f"{RUN}/{MOUNT}": UNIT}, [f"{RUN}/{MOUNT}"]),
    ({}, {f"{ETC}/{MOUNT}": "-> /dev/null"}, ["is masked", "systemctl unmask " + MOUNT]),
    ({}, {f"{ETC}/{MOUNT}": ""}, ["is masked"]),
    ({}, {f"{ETC}/{TRAP}": UNIT}, [f"{ETC}/{TRAP}"]),
    (ON_DEMAND, {f"{ETC}/{TRAP}": "-> /dev/null"}, ["is masked"]),
    (ON_DEMAND, {f"{ETC}/{MOUNT}": UNIT}, [MOUNT]),
    ({}, enabled(VENDOR, TRAP), [f"{VENDOR}/{TRAP}"]),
    ({}, {f"{ETC}/{MOUNT}.d/own.conf": "[Mount]\nOptions=ro\n"}, ["own.conf sets Options=ro"]),
    ({}, {f"{ETC}/srv-shares-.mount.d/all.conf": "# x\n[Mount]\nOptions=vers=3,\\\nro\n"}, ["Options=vers=3, ro"]),
    ({}, {f"run/systemd/generator.early/{MOUNT}": UNIT}, [f"generator.early/{MOUNT}", "what it is made from, or leave"]),
    ({}, {f"run/systemd/generator/{MOUNT}": "[Unit]\nSourcePath=/etc/zfs/list\n" + UNIT}, [f"generator/{MOUNT}", "(/etc/zfs/list)"]),
    ({}, {f"run/systemd/generator/{TRAP}": UNIT}, [f"generator/{TRAP}"]),
    ({"state": "unmounted"}, enabled("run/systemd/generator.late", TRAP), [f"generator.late/{TRAP}"]),
    ({}, {f"{VENDOR}/mount.d/all.conf": "[Mount]\nType=nfs\n"}, ["Type=nfs"]),
    ({"options": {"noauto": True}}, {}, ["noauto", "state: unmounted"]),
    ({"state": "unmounted"}, enabled(ETC, MOUNT), ["the next boot would mount it again", "systemctl disable " + MOUNT]),
    ({"state": "unmounted"}, {f"{ETC}/multi-user.target.wants/{MOUNT}": "-> /nowhere"}, ["would mount it again"]),
    ({"state": "unmounted"}, enabled(VENDOR, TRAP), [TRAP]),
    ({"state": "absent"}, enabled(ETC, MOUNT), ["declared absent", "would mount it again", f"{ETC}/{MOUNT}"]),
    ({"state": "absent"}, enabled(VENDOR, MOUNT), [f"{VENDOR}/{MOUNT}"]),
])
def test_what_is_refused(units, changes, files, words):
    with pytest.raises(Refusal) as caught:
        boot.refuse(share(**changes), units(files))
    for word in ["/srv/shares/u: "] + words:
        assert word in str(caught.value)


@pytest.mark.parametrize("changes, files, words", [
    ({}, {}, None),
    ({}, {f"{VENDOR}/{MOUNT}": UNIT}, None),
    ({}, {f"{VENDOR}/{TRAP}": UNIT}, None),
    ({}, {f"run/systemd/generator.late/{MOUNT}": UNIT}, None),
    ({}, {f"run/systemd/generator/{MOUNT}": "[Unit]\nSourcePath=/etc/fstab\n" + UNIT}, None),
    ({}, {f"{ETC}/{TRAP}": "-> /dev/null"}, None),
    ({}, {f"{ETC}/{MOUNT}.d/own.conf": "[Unit]\nAfter=x.service\n[Mount]\nTimeoutSec=9\n#What=x\n"}, None),
    ({}, {f"{ETC}/srv-other.mount": UNIT}, None),
    ({}, {f"{ETC}/{MOUNT}.d/own.conf": "[Unit]\nConditionHost=hv9\n"}, "sets ConditionHost=hv9"),
    ({"options": {"noauto": True, "x-systemd.automount": True}}, {}, None),
    ({"state": "unmounted"}, {f"{ETC}/{MOUNT}": UNIT}, f"{ETC}/{MOUNT} stays"),
    ({"state": "absent"}, {f"{ETC}/{MOUNT}": UNIT}, f"{ETC}/{MOUNT} stays"),
    ({"state": "absent"}, {f"{ETC}/multi-user.target.wants/{MOUNT}": "-> /nowhere"}, None),
    ({"state": "absent"}, {f"{ETC}/{MOUNT}": "-> /dev/null"}, None),
])
def test_what_is_taken(units, changes, files, words):
    warnings = boot.refuse(share(**changes), units(files))
    assert len(warnings) == (words is not None)
    assert words is None or words in warnings[0]


def test_without_systemd_nothing_is_said():
    assert boot.refuse(share(), None) == []


def test_what_is_not_to_be_mounted_sets_no_trap_at_boot():
    declared = share(state="unmounted", options={"x-systemd.automount": True, "x-systemd.wanted-by": "multi-user.target"})
    assert registry.of(declared).entry(declared).options == ["rw", "_netdev", "nofail", "noauto"]
