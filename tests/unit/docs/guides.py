# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the guides: their code blocks, their tables, and everything in them that the collection understands."""

import functools
import importlib
import pathlib
import re
import textwrap
from dataclasses import dataclass

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2 import settings as ocfs2_settings
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2 import volumes as ocfs2_volumes
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share import options
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

ROOT = pathlib.Path(__file__).resolve().parents[3]
RST = ROOT / "docs/docsite/rst"
PAGES = sorted(RST.glob("*.rst"))
COLLECTION = "virtshare.storage."
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "meta/argument_specs.yml").is_file())
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# A list in a role's variable, and the module that takes one element of it.
LISTS = {
    "opennebula_storage_datastores": "one_datastore",
    "opennebula_storage_filesystems": "one_filesystem_image",
    "flexvdi_storage_image_storages": "flexvdi_image_storage",
    "flexvdi_storage_external_volumes": "flexvdi_external_volume",
    "flexvdi_storage_ocfs2_volumes": "flexvdi_ocfs2_volume",
    "flexvdi_storage_gluster_volumes": "flexvdi_gluster_volume",
    "flexvdi_storage_media_storages": "flexvdi_media_storage",
    "ocfs2_cluster_filesystems": "ocfs2_filesystem",
}
# A share of each type with nothing but what it needs. What is not a share of its type is refused.
EXAMPLES = {
    "nfs": {"source": "nas1:/export/projects"},
    "cifs": {"source": "//nas2/media", "credentials": {"username": "vm", "password": "secret"}},
    "glusterfs": {"source": "gl1,gl2,gl3:/projects"},
    "ocfs2": {"source": "LABEL=vmstore"},
    "local": {"source": "/data/projects"},
}


@dataclass(frozen=True)
class Block:
    """One code block: the page it is on, its first line there, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks(*languages):
    """The code blocks of all guides, of these languages only if any are named."""
    found = [block for page in PAGES for block in _blocks(page.name, page.read_text(encoding="utf-8"))]
    return [block for block in found if not languages or block.language in languages]


def _blocks(name, text):
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = re.match(r"( *)\.\. code-block::\s*(\S*)$", line)
        if match is None:
            continue
        depth = len(match.group(1))
        body = []
        for following in lines[number + 1:]:
            if following.strip() and len(following) - len(following.lstrip()) <= depth:
                break
            body.append(following)
        content = textwrap.dedent("\n".join(body))
        yield Block(name, number + 1, match.group(2), re.sub(r"\A(:[\w-]+:.*\n)*\s*\n", "", content).rstrip() + "\n")


def tables(page):
    """The list-tables of a page: each a list of rows, each row a list of cells as text on one line."""
    found, rows, rest = [], None, ""
    for line in [*page.read_text(encoding="utf-8").splitlines(), "end"]:
        if line.startswith(".. list-table::"):
            rows = []
            found.append(rows)
        elif rows is not None and line and not line.startswith(" "):
            rows = None
        elif rows is not None:
            rest = line.strip()
            if line.startswith("   * - "):
                rows.append([rest[4:]])
            elif line.startswith("     - ") or line == "     -":
                rows[-1].append(rest[2:])
            elif rest and rows:
                rows[-1][-1] += " " + rest
    return found


def tables_with(*header):
    """(page, row) of every table whose first cells are these, over all pages."""
    return [(page, row) for page in PAGES for table in tables(page) if table[0][:len(header)] == list(header)
            for row in table[1:]]


def prose(page):
    """A page's text without its code blocks, on one line."""
    kept, depth = [], None
    for line in page.read_text(encoding="utf-8").splitlines():
        indent = len(line) - len(line.lstrip())
        if depth is not None and line.strip() and indent <= depth:
            depth = None
        if depth is None and ".. code-block::" in line:
            depth = indent
        if depth is None:
            kept.append(line.strip())
    return " ".join(kept)


def kinds_of(page):
    """The types of shares that a page is about: its own, or all that can be mounted."""
    return [kind for kind in registry.NAMES if page.stem == "guide_" + kind] or list(registry.NAMES)


def example(kind, declared):
    """A valid share of a type with these options."""
    return validated([dict(EXAMPLES[kind], type=kind, path="/srv/shares/projects", options=declared)])[0]


def option_errors(share):
    """What is wrong with the options of a valid share: those that do not arrive, and those that nobody has heard of."""
    kind = registry.of(share)
    if not kind.managed(share):
        return [f"{name}: nothing is done to such a share" for name in share["options"]]
    line = fstab.format_line(kind.entry(share))
    problems = [f"{each} does not get into {line}" for each in options.spelled(share["options"])
                if each not in kind.entry(share).options]
    return problems + [f"{name} is not known for {share['type']}" for name in share["options"]
                       if not is_known(share["type"], name)]


def is_known(kind, name):
    """Whether the code that mounts a type of share deals with an option by its name.

    Everything is passed on to mount(8), so a misspelled option is found nowhere else.
    """
    return registry.named(kind).kind_of(name) is not None


def variable_errors(name, value):
    """What is wrong with a role's variable beyond its type, as the code says it that reads the variable."""
    setting = {f"ocfs2_cluster_{each.name}": each.name for each in ocfs2_settings.SETTINGS}.get(name)
    try:
        if name == "ocfs2_cluster_filesystems":
            ocfs2_volumes.checked(value)
        elif setting is not None:
            defaults = {each.name: each.default for each in ocfs2_settings.SETTINGS}
            ocfs2_settings.checked({**defaults, setting: value})
    except Refusal as refusal:
        return [str(refusal)]
    return []


def load(text):
    """The documents of a YAML block as Ansible reads them, with plain types."""
    return [_plain(DataLoader().load(part)) for part in re.split(r"(?m)^---$", text) if part.strip()]


def _plain(value):
    """Without the tags of where a value comes from, and without templates that only Ansible could fill in."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def settings(value):
    """Every (key, value) of every mapping inside a value, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from settings(item)
    elif isinstance(value, list):
        for item in value:
            yield from settings(item)


def module_errors(name, parameters):
    """What the module's own argument spec says against these parameters."""
    spec = module_spec(name)
    rules = {key: spec[key] for key in ("mutually_exclusive", "required_together", "required_one_of", "required_if",
                                        "required_by") if key in spec}
    return ArgumentSpecValidator(spec["argument_spec"], **rules).validate(parameters).error_messages


def module_spec(name):
    """The keyword arguments with which a module of the collection makes its AnsibleModule, or the one that knows secrets."""
    module = importlib.import_module("ansible_collections.virtshare.storage.plugins.modules." + name)
    seen = []

    def stop(*arguments, **keywords):
        seen.append(dict(keywords, **({"argument_spec": arguments[0]} if arguments else {})))
        raise _Enough

    kind = "SecretiveModule" if hasattr(module, "SecretiveModule") else "AnsibleModule"
    original = getattr(module, kind)
    setattr(module, kind, stop)
    try:
        module.main()
    except _Enough:
        return seen[0]
    finally:
        setattr(module, kind, original)
    raise AssertionError(f"{name} does not call {kind} in main()")


class _Enough(Exception):
    """The module has said its spec."""


def role_options(role):
    """The documented options of a role's main entry point, as an argument spec."""
    path = ROOT / "roles" / role / "meta/argument_specs.yml"
    options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    return {name: _spec(option) for name, option in options.items()}


def _spec(option):
    kept = {key: option[key] for key in ("type", "elements", "choices", "required") if key in option}
    if "options" in option:
        kept["options"] = {name: _spec(inner) for name, inner in option["options"].items()}
    return kept


def role_of(variable):
    """The role whose name a variable carries, or None."""
    return next((role for role in ROLES if variable.startswith(role + "_")), None)


@functools.cache
def source_text(*folders):
    """The collection's own text in these folders with adjoining string literals joined, for searching a message."""
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".yml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    joined = re.sub(r"(?s)[\"']\s*\n\s*[\"']", "", text)
    return re.sub(r"\s+", " ", joined.replace('\\"', '"'))
