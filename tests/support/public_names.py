# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that users of the collection may name, with its form. Within a major version none of it goes or changes.

`make names` (python -m tests.support.public_names) writes it into tests/unit/public_names.txt, a name a line. What breaks
users is written only where galaxy.yml names another major version than the file, or as long as the file is of no release.
"""

import json
import pathlib
import re
import sys
import typing

import yaml
from ansible_collections.virtshare.storage.plugins.action.checked_inventory import PLAYBOOK_VARIABLES
from ansible_collections.virtshare.storage.plugins.module_utils._guard import report

from tests.support import documentation
from tests.support.playbook import ROOT

FILE = ROOT / "tests/unit/public_names.txt"
_OF = "# The public names of "


class Differences(typing.NamedTuple):
    """Lists of lines. breaking: what fails tasks and templates that users have; added: what they may use now."""

    breaking: list
    added: list


def current() -> dict[str, str]:
    """{name: its form} of all that is public in the tree."""
    found = dict(_options_of_modules())
    for kind in ("modules", "filter"):
        for name in _stems(f"plugins/{kind}", "py"):
            word = kind.removesuffix("s")
            found[f"{word} {name}"] = ""
            found.update(_forms(f"{word} {name} returns ", documentation.block(name, "RETURN", kind)))
    for name in _stems("plugins/filter", "py"):
        found.update(_forms(f"filter {name} option ", documentation.block(name, kind="filter")["options"]))
    for path in sorted((ROOT / "roles").iterdir()):
        found.update(_of_role(path))
    found.update((f"playbook {name}", "") for name in _stems("playbooks", "yml"))
    found.update((f"playbook variable {name}", "") for name in PLAYBOOK_VARIABLES)
    for group, modules in _load(ROOT / "meta/runtime.yml")["action_groups"].items():
        found.update((f"action group {group} holds {module}", "") for module in modules)
    found.update((f"metric {metric}", "") for metric in _metrics())
    return dict(sorted(found.items()))


def kept(text: str) -> tuple[str, dict[str, str]]:
    """(the version, {name: its form}) of what render() made."""
    head, *lines = text.splitlines()
    pairs = (line.partition(": ") for line in lines)
    return head.removeprefix(_OF), {name: form for name, _colon, form in pairs}


def render(version: str, names: dict[str, str]) -> str:
    """The text of the file."""
    return "".join([f"{_OF}{version}\n", *(f"{name}: {form}".removesuffix(": ") + "\n" for name, form in names.items())])


def compare(before: dict[str, str], after: dict[str, str]) -> Differences:
    """What has changed for users from one {name: form} to another."""
    breaking, added = [], []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if new is None:
            breaking.append(f"removed or renamed: {name}")
        elif old is None:
            # A new option of something new is required of nobody yet.
            parent = name.partition(" option ")[0]
            (breaking if _required(new) and parent in before else added).append(f"added: {name} ({new})")
        else:
            (added if _takes_all(old, new) else breaking).append(f"changed: {name}: {old} -> {new}")
    return Differences(breaking, added)


def may_break(kept_version: str, version: str) -> bool:
    """Whether semantic versioning lets the version of galaxy.yml break what the kept one has."""
    return "-" in kept_version or int(version.split(".")[0]) > int(kept_version.split(".")[0])


def version() -> str:
    """The version in galaxy.yml."""
    return _load(ROOT / "galaxy.yml")["version"]


def main() -> int:
    names = current()
    kept_version, before = kept(FILE.read_text(encoding="utf-8")) if FILE.exists() else ("0.0.0-none", {})
    differences = compare(before, names)
    if differences.breaking and not may_break(kept_version, version()):
        print(f"This breaks users of {kept_version}, so galaxy.yml must name the next major version first:",
              *differences.breaking, sep="\n  ", file=sys.stderr)
        return 1
    FILE.write_text(render(version(), names), encoding="utf-8")
    print(*differences.breaking, *differences.added, f"{len(names)} names of {version()} are in {FILE.relative_to(ROOT)}.", sep="\n")
    return 0


def _options_of_modules():
    for name in _stems("plugins/modules", "py"):
        yield from _forms(f"module {name} option ", documentation.options(name)).items()


def _of_role(path):
    found = {f"role {path.name}": ""}
    for entry, spec in _load(path / "meta/argument_specs.yml")["argument_specs"].items():
        found[f"role {path.name} entry {entry}"] = ""
        found.update(_forms(f"role {path.name} entry {entry} option ", spec.get("options") or {}))
    found.update((f"role {path.name} sets {name}", "") for name in _facts(path / "tasks"))
    return found


def _facts(tasks):
    """The variables that a role leaves behind for others: facts it sets and results it registers, but for its own."""
    found = set()
    for path in tasks.glob("*.yml"):
        for task in _flat(_load(path) or []):
            found |= set(task.get("ansible.builtin.set_fact") or ())
            found |= {task["register"]} if "register" in task else set()
    return sorted(name for name in found if not name.startswith("_"))


def _flat(tasks):
    for task in tasks:
        yield task
        for key in ("block", "rescue", "always"):
            yield from _flat(task.get(key, []))


def _forms(prefix, documented):
    """{name: form} of options or return keys, and of all below them."""
    found = {}
    for name, one in (documented or {}).items():
        found[prefix + name] = _form(one)
        below = one.get("suboptions") or one.get("options") or one.get("contains")
        if isinstance(below, dict):
            dots = "[]." if one.get("type") == "list" else "."
            found.update(_forms(prefix + name + dots, below))
    return found


def _form(one):
    words = [one.get("type", "str") + (f" of {one['elements']}" if "elements" in one else "")]
    if one.get("required"):
        words.append("required")
    if "default" in one:
        words.append("default " + json.dumps(one["default"]))
    if "choices" in one:
        words.append("choices " + json.dumps(list(one["choices"])))
    if "aliases" in one:
        words.append("aliases " + json.dumps(sorted(one["aliases"])))
    return ", ".join(words)


def _required(form):
    return ", required" in form


def _takes_all(old, new):
    """Whether every value that was taken still is, and means the same: no longer required, or more choices."""
    lists = re.compile(r"(choices|aliases) (\[[^\]]*\])")
    plain = [lists.sub(r"\1", form).replace(", required", "") for form in (old, new)]
    values = [{word: set(json.loads(listed)) for word, listed in lists.findall(form)} for form in (old, new)]
    return (plain[0] == plain[1] and all(values[0][word] <= values[1][word] for word in values[0])
            and (_required(old) or not _required(new)))


def _metrics():
    text = pathlib.Path(report.__file__).read_text(encoding="utf-8")
    return sorted(set(re.findall(r"\bvirtshare_(?:share|guard)_[a-z_]+[a-z]\b", text)))


def _stems(directory, suffix):
    return sorted(path.stem for path in (ROOT / directory).glob(f"*.{suffix}") if path.stem != "__init__")


def _load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
