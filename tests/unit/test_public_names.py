# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that users name goes, or changes its form, without being meant to."""

import pytest
import yaml

from tests.support import documentation, public_names
from tests.support.playbook import ROOT

BEFORE = {"module m": "", "module m option a": 'str, default "x", choices ["x", "y"]', "module m option b": "int, required",
          "module m returns c": "dict"}


def listed():
    return public_names.kept(public_names.FILE.read_text(encoding="utf-8"))


def test_the_public_names_are_those_of_the_list():
    found = public_names.compare(listed().names, public_names.current())
    said = ["The public names are not those of tests/unit/public_names.txt."]
    if found.breaking:
        said += ["These BREAK what users have written. What was released once is deprecated first, and goes with the next "
                 "major version:", *found.breaking]
    if found.added:
        said += ["These are new, and may not go again before the next major version:", *found.added]
    said.append("If it is meant: `make names`, and a fragment in changelogs/fragments.")
    assert not (found.breaking or found.added), "\n  ".join(said)


def test_the_list_has_a_name_of_every_kind():
    kept = listed().names
    for name, form in {
        "module share_mounts option shares[].source": "str",
        "module declared_shares": "",  # an action of the controller
        "module one_datastore returns datastore.id": "int",
        "filter one_vm_disk option mount_tag": None,
        "role share_proof entry main option share_proof_fail": "bool, default true",
        "role flexvdi_storage entry requirements": "",
        "role share_access sets share_access_result": "",
        "playbook site": "",
        "playbook variable virtshare_shares": "",
        "action group opennebula holds one_datastores": "",
        "metric virtshare_share_state": "",
        "host attribute VIRTSHARE_<NAME>_FREE_MB": "",
        "host attribute VIRTSHARE_CHECKED": "",
        "statistics of a run share_proof_summary": "",
    }.items():
        assert name in kept
        assert form in (None, kept[name])


@pytest.mark.parametrize("name, kind", [("share_proof_matrix", "modules"), ("awx_names", "filter")])
def test_what_says_that_it_is_internal_is_not_listed(name, kind):
    assert public_names.is_internal(documentation.block(name, kind=kind))
    assert public_names.of_plugin(name, kind) == {}


@pytest.mark.parametrize("name, kind", [("declared_shares", "modules"), ("proof_matrix", "filter")])
def test_what_does_not_say_so_is_listed(name, kind):
    assert not public_names.is_internal(documentation.block(name, kind=kind))
    assert f"{kind.removesuffix('s')} {name}" in public_names.of_plugin(name, kind)


@pytest.mark.parametrize("description, internal", [
    ("Internal. It may change in any release. The roles use it.", True),
    (["Internal. It may change in any release.", "Compares."], True),
    (["Compares.", "Internal. It may change in any release."], False),
    ("Internal names of hosts are not asked for.", False),
    (None, False),
])
def test_the_first_words_of_a_description_count(description, internal):
    assert public_names.is_internal({"description": description}) == internal


def test_a_role_is_listed_with_its_entry_points_that_are_not_internal():
    hidden, shown = {"description": [public_names.INTERNAL]}, {"description": "Mounts.", "options": {"r_a": {}}}
    assert public_names.of_role("r", {"main": hidden, "more": hidden}, ["r_result"]) == {}
    assert public_names.of_role("r", {"main": shown, "more": hidden}, ["r_result"]) == {
        "role r": "", "role r sets r_result": "", "role r entry main": "", "role r entry main option r_a": "str"}


def test_lists_of_plugins_and_roles_say_what_is_internal():
    said, found = {}, {}
    for kind in ("modules", "filter"):
        for path in sorted((ROOT / "plugins" / kind).glob("[a-z]*.py")):
            documented = documentation.block(path.stem, kind=kind)
            said[path.stem], found[path.stem] = documented["short_description"], public_names.is_internal(documented)
    for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        for entry, spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].items():
            name = f"{path.parts[-3]} {entry}"
            said[name], found[name] = spec["short_description"], public_names.is_internal(spec)
    assert {name: words.endswith(" (internal)") for name, words in said.items()} == found
    assert sum(found.values()) > 10


@pytest.mark.parametrize("release, released", [(None, {}), ("1.2.3", BEFORE)])
def test_the_list_is_read_as_it_is_written(release, released):
    written = public_names.Kept(release, released, {"module n": "", "module m option b": "int"})
    assert public_names.kept(public_names.render(written)) == written


@pytest.mark.parametrize("name, form, said", [
    ("module m option a", None, "removed or renamed: module m option a"),
    ("module m option a", 'str, default "y", choices ["x", "y"]', "changed"),
    ("module m option a", 'str, default "x", choices ["x"]', "changed"),
    ("module m option a", 'int, default "x", choices ["x", "y"]', "changed"),
    ("module m option a", 'str, required, choices ["x", "y"]', "changed"),
    ("module m returns c", "list of dict", "changed"),
    ("module m option n", "str, required", "added"),
])
def test_what_breaks_users(name, form, said):
    after = {key: value for key, value in dict(BEFORE, **{name: form}).items() if value is not None}
    found = public_names.compare(BEFORE, after)
    assert found.added == []
    assert len(found.breaking) == 1 and found.breaking[0].startswith(said)


@pytest.mark.parametrize("more", [
    {"module m option n": "str"},
    {"module m option a": 'str, default "x", choices ["x", "y", "z"]'},
    {"module m option b": "int"},
    {"module n": "", "module n option a": "str, required"},
])
def test_what_is_only_new(more):
    found = public_names.compare(BEFORE, dict(BEFORE, **more))
    assert found.breaking == [] and len(found.added) == len(more)


@pytest.mark.parametrize("release, version, may", [
    (None, "1.0.0-dev", True), ("1.0.0", "1.0.1", False), ("1.4.0", "1.5.0", False), ("1.4.0", "2.0.0-dev", True)])
def test_only_a_major_version_may_break(release, version, may):
    gone = {name: form for name, form in BEFORE.items() if name != "module m returns c"}
    found = public_names.broken(public_names.Kept(release, BEFORE, {}), gone, version)
    assert found == ([] if may else ["removed or renamed: module m returns c"])


@pytest.mark.parametrize("release, version, may", [
    (None, "1.0.0-dev", True), ("1.0.0", "1.0.1-dev", False), ("1.0.0", "1.0.0", False), ("1.4.0", "1.5.0-dev", True),
    ("1.4.0", "2.0.0", True), ("1.1.0", "1.10.0", True)])
def test_only_a_minor_version_may_bring_something_new(release, version, may):
    found = public_names.premature(public_names.Kept(release, BEFORE, {}), dict(BEFORE, **{"module n": ""}), version)
    assert found == ([] if may else ["added: module n ()"])


def test_what_no_release_has_may_still_change():
    before = public_names.Kept("1.0.0", BEFORE, {"module n": "", "module m option b": "int"})
    after = dict(BEFORE, **{"module o": ""})
    assert public_names.broken(before, after, "1.1.0") == []
    assert public_names.since(before, after) == public_names.Kept("1.0.0", BEFORE, {"module o": ""})


def test_what_breaks_a_release_is_not_written(tmp_path, monkeypatch, capsys):
    written = public_names.render(public_names.Kept("99.0.0", {"module gone": ""}, {}))
    kept = tmp_path / "public_names.txt"
    kept.write_text(written, encoding="utf-8")
    monkeypatch.setattr(public_names, "FILE", kept)
    assert public_names.main() == 1
    assert kept.read_text(encoding="utf-8") == written
    assert "removed or renamed: module gone" in capsys.readouterr().err


def test_what_is_new_waits_for_a_minor_version(tmp_path, monkeypatch, capsys):
    written = public_names.render(public_names.Kept("99.0.0", {}, {}))
    kept = tmp_path / "public_names.txt"
    kept.write_text(written, encoding="utf-8")
    monkeypatch.setattr(public_names, "FILE", kept)
    assert public_names.main("99.0.1", str(tmp_path)) == 1
    assert kept.read_text(encoding="utf-8") == written
    said = capsys.readouterr().err
    assert "This is new since 99.0.0, so galaxy.yml must name the next minor version first, not 99.0.1" in said
    assert "added: playbook site" in said
