# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every role keeps: the documented defaults are the real ones, and its variables carry its name."""

import functools
import pathlib
import re

import pytest
import yaml
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())

# Variables of Ansible itself that a role may use. Facts are read as ansible_facts[...], never injected.
ANSIBLE_VARIABLES = {
    "ansible_check_mode", "ansible_connection", "ansible_diff_mode", "ansible_facts", "ansible_failed_result", "ansible_host",
    "ansible_index_var", "ansible_limit", "ansible_loop", "ansible_loop_var", "ansible_play_batch",
    "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_name", "ansible_playbook_python",
    "ansible_python_interpreter", "ansible_role_name", "ansible_version",
}


def load(role, name):
    path = ROOT / "roles" / role / name
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


def options(role):
    """The documented options of all entry points of a role. Those of the same name have the same type and default."""
    found = {}
    for entry in load(role, "meta/argument_specs.yml").get("argument_specs", {}).values():
        for name, option in entry.get("options", {}).items():
            known = found.setdefault(name, option)
            assert (known["type"], known.get("default")) == (option["type"], option.get("default")), name
    return found


def test_there_are_roles():
    assert {"virtiofsd", "share_mounts", "share_access", "share_proof", "opennebula_storage"} <= set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_documented_defaults_are_the_real_ones(role):
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    real = load(role, "defaults/main.yml")
    for name, option in options(role).items():
        # No template can be the documented default of an option that has options itself, or that is a bool.
        if ("options" in option or option["type"] == "bool") and "{{" in str(real[name]):
            taken_from = re.findall(r"virtshare_\w+|[A-Z]+_[A-Z_]+", real[name])
            assert taken_from and all(word in str(option["description"]) for word in taken_from), name
            documented[name] = real[name]
        # Nor does its documentation take one as that of a boolean.
        if option["type"] == "bool" and "{{" in str(real[name]):
            assert all(f"E({word})" in str(option["description"]) for word in re.findall(r"'([A-Z_]+)'", real[name]))
            documented[name] = real[name]
    assert documented == real


@pytest.mark.parametrize("role", ROLES)
def test_options_are_described_and_required_ones_have_no_default(role):
    assert options(role), "meta/argument_specs.yml has no options"
    for name, option in options(role).items():
        assert option.get("description"), f"{name} is not described"
        assert option.get("type"), f"{name} has no type"
        assert option["type"] != "list" or option.get("elements"), f"{name} does not say what it is a list of"
        assert not (option.get("required") and "default" in option), f"{name} is required and has a default"


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_name_of_their_role(role):
    names = set(load(role, "defaults/main.yml")) | set(options(role))
    for path in (ROOT / "roles" / role / "vars").glob("*.yml"):
        names |= set(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    assert [name for name in sorted(names) if not re.match(rf"(__)?{role}_", name)] == []


@pytest.mark.parametrize("role", ROLES)
def test_facts_are_read_from_ansible_facts_only(role):
    strangers = set()
    for path in (ROOT / "roles" / role).rglob("*.yml"):
        # A dot before or a letter or dot behind makes it a part of something else, such as a module's name.
        strangers |= set(re.findall(r"(?<![\w./])ansible_\w+(?![\w./])", path.read_text(encoding="utf-8")))
    assert strangers - ANSIBLE_VARIABLES == set()


def test_the_main_job_looks_with_the_roles_own_defaults():
    """Before a role runs its defaults are not there, so that mount.yml has to repeat those that it looks with."""
    text = (ROOT / "playbooks/mount.yml").read_text(encoding="utf-8")
    repeated = re.findall(r"(virtiofsd_\w+|ocfs2_cluster_\w+) \| default\(('.*?'|\d+|\[\]|true|false)\)", text)
    known = {name: value for role in ROLES for name, value in load(role, "defaults/main.yml").items()}
    assert len(repeated) >= 4
    assert {name: yaml.safe_load(value) for name, value in repeated} == {name: known[name] for name, dummy in repeated}


def test_the_types_of_a_share_are_those_of_the_registry():
    assert options("share_mounts")["share_mounts_shares"]["options"]["type"]["choices"] == list(registry.NAMES)


def texts_of(value, key=None):
    """(the key it stands under, text) of every text in a task file."""
    if isinstance(value, dict):
        for name, element in value.items():
            yield from texts_of(element, name)
    elif isinstance(value, list):
        for element in value:
            yield from texts_of(element, key)
    elif isinstance(value, str):
        yield key, value


@functools.cache
def texts_of_roles_and_playbooks():
    """[(path, key, text)] of every text that a role or a playbook makes something of."""
    return [(path.relative_to(ROOT), key, text)
            for directory in ("roles", "playbooks") for path in (ROOT / directory).rglob("*.yml")
            if path.parent.name not in ("meta", "defaults")
            for key, text in texts_of(yaml.safe_load(path.read_text(encoding="utf-8")))]


# Keys whose texts are shown to the user.
SPOKEN = ("msg", "fail_msg", "hypervisor_packages_otherwise")
BOOLEANS = sorted(name for role in ROLES for name, option in options(role).items() if option["type"] == "bool")


@pytest.mark.parametrize("name", BOOLEANS)
def test_a_condition_reads_the_text_false_as_false(name):
    """An extra var of AWX may be a text, and 'false' is true in Jinja. A whole argument of a module has a type of its own."""
    read = 0
    for path, key, text in texts_of_roles_and_playbooks():
        for match in re.finditer(rf"\b{name}\b(?!:)", text):
            whole = re.fullmatch(rf"\{{\{{ {name} \}}\}}", text.strip()) is not None
            as_bool = re.match(r"(\s*\| default\(\w+\))?\s*\| bool\b", text[match.end():]) is not None
            assert whole or as_bool or key in SPOKEN, f"{path}: {text}"
            read += key not in SPOKEN
    assert read, "nobody reads it"


def left_behind(value):
    """(kind, name) of what tasks and plays give a name that is there until the run's end, but for options of roles."""
    if isinstance(value, list):
        for element in value:
            yield from left_behind(element)
    elif isinstance(value, dict):
        for key, element in value.items():
            if key == "register":
                yield key, element
            elif key.endswith("set_fact"):
                yield from ((key, name) for name in element)
            elif key.endswith("add_host"):
                yield from (("group", name) for name in element.get("groups", []))
            elif key == "vars":
                yield from ((key, name) for name in element)
            yield from left_behind(element)


def test_what_playbooks_name_for_themselves_is_told_apart_from_what_users_name():
    own = {name for role in ROLES for name in options(role)}
    found = {(path.stem, kind, name) for path in (ROOT / "playbooks").glob("*.yml")
             for kind, name in left_behind(yaml.safe_load(path.read_text(encoding="utf-8")))}
    assert {"register", "group", "vars"} <= {kind for _playbook, kind, _name in found}
    assert [each for each in sorted(found) if each[2] not in own
            and not each[2].startswith("virtshare_" if each[1] == "group" else ("__virtshare_", f"__{each[0]}_"))] == []


def used_by(role, entry):
    """The names that the tasks of an entry point use, with those of the tasks and variables that they include."""
    seen, todo, names = set(), [entry], set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            tasks = load(role, f"tasks/{name}.yml")
            text = yaml.safe_dump(tasks, width=1000)
            todo += re.findall(r"(?:include|import)_tasks: (?:file: )?(\w+)\.yml", text)
            names |= set(re.findall(rf"\b_*{role}_\w+", text))
    own = load(role, "vars/main.yml")
    while True:
        more = names | {found for name in names & set(own) for found in re.findall(rf"\b_*{role}_\w+", str(own[name]))}
        if more == names:
            return names
        names = more


ENTRIES = [(role, entry) for role in ROLES for entry in load(role, "meta/argument_specs.yml")["argument_specs"]]


@pytest.mark.parametrize("role, entry", ENTRIES)
def test_an_entry_point_declares_the_options_that_it_uses(role, entry):
    spec = load(role, "meta/argument_specs.yml")["argument_specs"][entry]
    assert spec.get("version_added")
    assert (used_by(role, entry) & set(options(role))) - set(spec["options"]) == set()


def test_what_an_entry_point_uses_is_found_behind_its_includes_and_variables():
    assert {"ocfs2_cluster_packages", "ocfs2_cluster_idle_timeout_ms"} <= used_by("ocfs2_cluster", "main")
    assert "share_access_fail" in used_by("share_access", "verify")
    assert "share_access_confinement" not in used_by("share_access", "verify")
