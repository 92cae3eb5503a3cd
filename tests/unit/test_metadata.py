# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the collection as a whole: its lists are complete, its files say what they must, none too much."""

import ast
import pathlib
import re

import pytest
import yaml

from tests.gates import tree
from tests.support import documentation, public_names

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "plugins/modules").glob("*.py"))
PLUGIN_FILES = sorted(path for path in (ROOT / "plugins").rglob("*.py") if path.name != "__init__.py")


def names(paths):
    return [path.stem for path in paths]


def constants(path):
    """The string constants of a module's file, by name, without importing it."""
    return {
        node.targets[0].id: node.value.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant)
    }


@pytest.mark.parametrize("group, prefix", [("opennebula", "one_"), ("flexvdi", "flexvdi_")])
def test_action_group_holds_exactly_the_modules_of_the_platform(group, prefix):
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"][group]) == [name for name in names(MODULES) if name.startswith(prefix)]


def test_only_files_of_the_machine_a_module_runs_on_are_of_type_path():
    """Ansible fills in ~ and $NAME in them, with what that machine's environment has: in the path of a share they are text."""
    files = {"api_auth_file", "busybox", "ca_path", "daemon", "fstab", "kernel", "remotes"}
    found = {name for name, form in public_names.current().items()
             if name.startswith(("module ", "filter ")) and re.search(r"\bpath\b", form.partition(", default")[0])}
    assert found and {name for name in found if name.rpartition(" ")[2] not in files} == set()


def test_there_are_modules():
    assert {"share_mounts", "share_proof", "share_access", "one_datastore", "flexvdi_image_storage"} <= set(
        names(MODULES))


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_module_is_documented(path):
    found = constants(path)
    own = yaml.safe_load(found["DOCUMENTATION"])
    assert own["module"] == path.stem
    assert own["author"] and own["version_added"] and own["short_description"]
    assert {"check_mode", "diff_mode"} <= documentation.attributes(path.stem), "attributes are not documented"
    assert any(f"virtshare.storage.{path.stem}" in task for task in yaml.safe_load(found["EXAMPLES"]))


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_what_all_modules_return_has_the_same_form(path):
    returned = yaml.safe_load(constants(path)["RETURN"])
    assert (returned["problems"]["type"], returned["problems"]["elements"]) == ("list", "str")
    if "operations" in returned:
        assert (returned["operations"]["type"], returned["operations"]["elements"]) == ("list", "dict")
        assert {"operation", "target", "summary"} <= set(returned["operations"]["contains"])


@pytest.mark.parametrize("path", PLUGIN_FILES, ids=[str(path.relative_to(ROOT / "plugins")) for path in PLUGIN_FILES])
def test_plugin_states_its_licence(path):
    head = path.read_text(encoding="utf-8").splitlines()[:6]
    assert "# SPDX-License-Identifier: GPL-3.0-or-later" in head
    assert "# Copyright (c) virtshare contributors" in head


# Written in pieces, so that this file does not name what it looks for.
PRIVATE = [r"(?<![\w.])/" + r"work/", r"/opt/" + r"(pypi|wheels)", r"\bpypi\." + r"org", "pythonhosted" + r"\.org",
           "index" + "-url", "trusted" + "-host"]


def test_no_file_names_a_private_place_or_a_registry():
    pattern = re.compile("|".join(PRIVATE))
    found = []
    for name in sorted(tree.files()):
        text = (ROOT / name).read_bytes().decode("utf-8", errors="replace")
        found += [f"{name}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))],
                         ids=lambda path: path.stem if path.suffix == ".py" else path.parts[-3])
def test_a_timeout_is_a_number_of_seconds_everywhere(path):
    documented = documentation.options(path.stem) if path.suffix == ".py" else yaml.safe_load(
        path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    assert {option["type"] for name, option in documented.items() if name.endswith("timeout")} <= {"float"}


def test_an_execution_environment_gets_what_the_collection_needs():
    meta = yaml.safe_load((ROOT / "meta/execution-environment.yml").read_text(encoding="utf-8"))
    assert [name for name in meta["dependencies"].values() if not (ROOT / name).is_file()] == []
    definition = yaml.safe_load(
        (ROOT / "extensions/execution_environment/execution-environment.yml").read_text(encoding="utf-8"))
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    core = definition["dependencies"]["ansible_core"]["package_pip"]
    assert core == "ansible-core" + runtime["requires_ansible"].removesuffix(".0")
    assert definition["dependencies"]["galaxy"] == {"collections": ["virtshare.storage"]}


def test_modules_that_run_on_hosts_say_which_python_they_need():
    own = [path for path in MODULES if "def main(" in path.read_text(encoding="utf-8")]
    assert len(own) > 20
    assert [path.stem for path in own if "Python 3.6 or newer where it runs" not in documentation.block(
        path.stem).get("requirements", [])] == []


def test_roles_name_the_releases_of_el_that_their_packages_are_known_for():
    metas = {path.parts[-3]: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "roles").glob("*/meta/main.yml")}
    named = {role: one["versions"] for role, meta in metas.items() for one in meta["galaxy_info"]["platforms"] if one["name"] == "EL"}
    # No kernel of EL 10 has OCFS2.
    assert named.pop("ocfs2_cluster") == ["8", "9"]
    assert len(named) > 4 and set(map(tuple, named.values())) == {("8", "9", "10")}
