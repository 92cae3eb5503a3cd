# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that users of the collection may name, with its form. Within a major version none of it goes or changes.

What says "Internal. It may change in any release." first in its description is not public: a module, a filter, an entry
point of a role. A role is not where none of its entry points is.

`make names` (python -m tests.support.public_names) writes it into tests/unit/public_names.txt, a name a line: first those
of the last release, then what has come since. What breaks users of the release is written only where galaxy.yml names the
next major version, what is new only where it names the next minor one. `make release` makes all of them released.
"""

import json
import pathlib
import re
import sys
import typing

import yaml
from ansible_collections.virtshare.storage.plugins.action.checked_inventory import PLAYBOOK_VARIABLES
from ansible_collections.virtshare.storage.plugins.module_utils._guard import report
from ansible_collections.virtshare.storage.plugins.module_utils._plan import host_attributes

from tests.support import documentation
from tests.support.playbook import ROOT

FILE = ROOT / "tests/unit/public_names.txt"
INTERNAL = "Internal. It may change in any release."
_RELEASED, _NO_RELEASE, _SINCE = "# Released with ", "# There is no release yet", "# New, or other, since then"


class Differences(typing.NamedTuple):
    """Lists of lines. breaking: what fails tasks and templates that users have; added: what they may use now."""

    breaking: list
    added: list


def current() -> dict[str, str]:
    """{name: its form} of all that is public in the tree."""
    found: dict[str, str] = {}
    for kind in ("modules", "filter"):
        for name in _stems(f"plugins/{kind}", "py"):
            found.update(of_plugin(name, kind))
    for path in sorted((ROOT / "roles").iterdir()):
        found.update(of_role(path.name, _load(path / "meta/argument_specs.yml")["argument_specs"], _facts(path / "tasks")))
    found.update((f"playbook {name}", "") for name in _stems("playbooks", "yml"))
    found.update((f"playbook variable {name}", "") for name in PLAYBOOK_VARIABLES)
    for group, modules in _load(ROOT / "meta/runtime.yml")["action_groups"].items():
        found.update((f"action group {group} holds {module}", "") for module in modules)
    found.update((f"metric {metric}", "") for metric in _metrics())
    found.update((f"host attribute {name}", "") for name in (
        host_attributes.CHECKED, host_attributes.MARK, *host_attributes.attributes_of(host_attributes.PREFIX + "<NAME>")))
    found.update((f"statistics of a run {name}", "") for path in (ROOT / "roles").glob("*/tasks/*.yml") for name in _statistics(path))
    return dict(sorted(found.items()))


def is_internal(documented: dict) -> bool:
    """Whether what is documented so is not for users."""
    description = documented.get("description") or ""
    return (description if isinstance(description, str) else description[0]).startswith(INTERNAL)


def of_plugin(name: str, kind: str) -> dict[str, str]:
    """{name: its form} of what is public of a module or a filter. kind: its directory."""
    documented = documentation.block(name, kind=kind)
    if is_internal(documented):
        return {}
    word = kind.removesuffix("s")
    options = documentation.options(name) if kind == "modules" else documented["options"]
    return {f"{word} {name}": "", **_forms(f"{word} {name} option ", options),
            **_forms(f"{word} {name} returns ", documentation.block(name, "RETURN", kind))}


def of_role(role: str, specs: dict, facts: list) -> dict[str, str]:
    """{name: its form} of what is public of a role. specs: of its entry points; facts: the names of those it sets."""
    entries = {entry: spec for entry, spec in specs.items() if not is_internal(spec)}
    if not entries:
        return {}
    found = {f"role {role}": "", **{f"role {role} sets {name}": "" for name in facts}}
    for entry, spec in entries.items():
        found[f"role {role} entry {entry}"] = ""
        found.update(_forms(f"role {role} entry {entry} option ", spec.get("options") or {}))
    return found


class Kept(typing.NamedTuple):
    """What the file holds. release: a version, or None. released and since: {name: form}; since is the newer one."""

    release: str | None
    released: dict[str, str]
    since: dict[str, str]

    @property
    def names(self) -> dict[str, str]:
        """{name: form} of the tree that the file was written for."""
        return {**self.released, **self.since}


def kept(text: str) -> Kept:
    """What render() made a text of."""
    head, *lines = text.splitlines()
    middle = lines.index(_SINCE)
    released, since = ({name: form for name, _colon, form in (line.partition(": ") for line in part)}
                       for part in (lines[:middle], lines[middle + 1:]))
    return Kept(None if head == _NO_RELEASE else head.removeprefix(_RELEASED), released, since)


def render(names: Kept) -> str:
    """The text of the file."""
    lines = [[f"{name}: {form}".removesuffix(": ") for name, form in sorted(part.items())] for part in names[1:]]
    head = _NO_RELEASE if names.release is None else _RELEASED + names.release
    return "\n".join([head, *lines[0], _SINCE, *lines[1], ""])


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


def may_break(release: str | None, version: str) -> bool:
    """Whether semantic versioning lets a version break what the last release has."""
    return release is None or int(version.split(".")[0]) > int(release.split(".")[0])


def broken(before: Kept, names: dict[str, str], version: str) -> list:
    """What a version may not do to the users of the last release."""
    return [] if may_break(before.release, version) else compare(before.released, names).breaking


def premature(before: Kept, names: dict[str, str], version: str) -> list:
    """What is new since the last release, where a version may only mend it."""
    if before.release is None or version.split(".")[:2] != before.release.split(".")[:2]:
        return []
    return compare(before.released, names).added


def since(before: Kept, names: dict[str, str]) -> Kept:
    """The file's content for a tree that has these names."""
    released = {name: form for name, form in before.released.items() if name in names}
    return Kept(before.release, released, {name: form for name, form in names.items() if released.get(name) != form})


def main(version: str | None = None, copy: str | None = None) -> int:
    """Write the list. version, copy: of the release that has all of it from now on, and the tree to write it into."""
    names = current()
    before = kept(FILE.read_text(encoding="utf-8"))
    wanted = version or _load(ROOT / "galaxy.yml")["version"]
    for wrong, said, part in ((broken(before, names, wanted), f"This breaks users of {before.release}", "major"),
                              (premature(before, names, wanted), f"This is new since {before.release}", "minor")):
        if wrong:
            print(f"{said}, so galaxy.yml must name the next {part} version first, not {wanted}:", *wrong, sep="\n  ",
                  file=sys.stderr)
            return 1
    if version and copy:
        (pathlib.Path(copy) / FILE.relative_to(ROOT)).write_text(render(Kept(version, names, {})), encoding="utf-8")
        return 0
    FILE.write_text(render(since(before, names)), encoding="utf-8")
    differences = compare(before.names, names)
    print(*differences.breaking, *differences.added, f"{FILE.relative_to(ROOT)} has {len(names)} names.", sep="\n")
    return 0


def _facts(tasks):
    """The variables that a role leaves behind for others: facts it sets and results it registers, but for its own."""
    found = set()
    for path in tasks.glob("*.yml"):
        for task in _flat(_load(path) or []):
            found |= set(task.get("ansible.builtin.set_fact") or ())
            found |= {task["register"]} if "register" in task else set()
    return sorted(name for name in found if not name.startswith("_"))


def _statistics(path):
    """The names of what a file of tasks gives to set_stats, which AWX keeps as artifacts of the job."""
    return [name for task in _flat(_load(path) or []) for name in task.get("ansible.builtin.set_stats", {}).get("data", ())]


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
    sys.exit(main(*sys.argv[1:]))
