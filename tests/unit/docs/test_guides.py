# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides show is what the collection takes: no example, command, option or message may go stale."""

import configparser
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

from tests.simulators.onesim import template
from tests.unit.docs import guides

YAML = guides.blocks("yaml")
INI = guides.blocks("ini")
CONSOLE = guides.blocks("console")
LANGUAGES = {"yaml", "ini", "console", "text", "hcl", "diff"}


def test_there_are_blocks_of_every_kind_that_is_looked_at():
    assert YAML and INI and CONSOLE


def test_every_page_is_listed_once_and_every_listed_page_is_there():
    document = yaml.safe_load((guides.ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))
    listed = [name for section in document["sections"] for name in section["toctree"]]
    assert sorted(listed) == [page.stem for page in guides.PAGES]


def test_the_readme_leads_to_every_filesystem():
    linked = re.findall(r"^\[.*/docs/docsite/rst/(\w+)\.rst$", (guides.ROOT / "README.md").read_text(encoding="utf-8"),
                        re.MULTILINE)
    pages = {page.stem for page in guides.PAGES}
    assert {f"guide_{kind}" for kind in registry.NAMES} & pages <= set(linked) <= pages


@pytest.mark.parametrize("page", guides.PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_label_and_links_only_to_labels_that_exist(page):
    prefix = "ansible_collections.virtshare.storage.docsite."
    text = page.read_text(encoding="utf-8")
    assert f".. _{prefix}{page.stem}:\n" in text
    labels = set(re.findall(r"<" + re.escape(prefix) + r"(\w+)>", text))
    assert labels <= {other.stem for other in guides.PAGES}


@pytest.mark.parametrize("block", guides.blocks(), ids=str)
def test_a_block_names_its_language(block):
    assert block.language in LANGUAGES
    assert block.text.strip()


@pytest.mark.parametrize("block", YAML, ids=str)
def test_yaml_is_what_the_collection_takes(block):
    problems = []
    for document in guides.load(block.text):
        assert document is not None
        for key, value in guides.settings(document):
            problems += [f"{key}: {problem}" for problem in _problems(key, value)]
    assert problems == []


def _problems(key, value):
    """What is wrong with one setting of an example, wherever it stands in it."""
    if key == "virtshare_shares" and isinstance(value, list):
        for share in validated(value):
            if share["state"] == "mounted":
                yield from guides.option_errors(share)
    if key in guides.LISTS:
        for item in value:
            yield from guides.module_errors(guides.LISTS[key], item)
    role = guides.role_of(key)
    if role is not None:
        options = guides.role_options(role)
        if key not in options:
            yield f"the role {role} has no such variable"
        else:
            yield from ArgumentSpecValidator({key: options[key]}).validate({key: value}).error_messages
            yield from guides.variable_errors(key, value)
    if key.startswith("virtshare_"):
        used = "".join(path.read_text(encoding="utf-8") for path in (guides.ROOT / "playbooks").glob("*.yml"))
        if key not in used:
            yield "no playbook looks at it"
    if key.startswith(guides.COLLECTION):
        name = key[len(guides.COLLECTION):]
        if name in guides.MODULES:
            yield from guides.module_errors(name, value or {})
        else:
            yield "there is no such module"
    if key == "ansible.builtin.import_playbook" and value.startswith(guides.COLLECTION):
        if value[len(guides.COLLECTION):] not in guides.PLAYBOOKS:
            yield f"there is no playbook {value}"


def test_plays_pass_ansible_playbook_syntax_check(tmp_path):
    files = []
    for number, block in enumerate(YAML):
        documents = guides.load(block.text)
        # Plays with awx.awx's modules, which are not here, are run by tests/integration/test_guide_awx.py.
        if "awx.awx." not in block.text and any(_is_playbook(document) for document in documents):
            path = tmp_path / f"{number}-{pathlib.Path(block.page).stem}.yml"
            path.write_text(block.text, encoding="utf-8")
            files.append(path)
    assert files
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all: {children: {hypervisors: {hosts: {hv1: {}}}, frontend: {hosts: {one1: {}}}}}\n",
                         encoding="utf-8")
    command = [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "--syntax-check", "-i", str(inventory)]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False, timeout=120,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, ANSIBLE_NOCOLOR="1"))
    assert done.returncode == 0, done.stderr


def _is_playbook(document):
    return isinstance(document, list) and any(
        isinstance(item, dict) and ("hosts" in item or "ansible.builtin.import_playbook" in item) for item in document)


@pytest.mark.parametrize("block", INI, ids=str)
def test_ini_parses(block):
    if re.match(r"\s*(#.*\n\s*)*[A-Z_]+\s*=", block.text):
        # An OpenNebula template, read as oned reads one.
        assert template.Template.parse(block.text).attributes()
    else:
        parser = configparser.ConfigParser(allow_no_value=True, delimiters=("=",), interpolation=None)
        parser.read_string(block.text)
        assert parser.sections()


@pytest.mark.parametrize("block", CONSOLE, ids=str)
def test_commands_name_what_exists(block):
    for command in re.findall(r"(?m)^\S*[$#] (.*(?:\\\n.*)*)", block.text):
        names = re.findall(r"virtshare\.storage\.([\w.]+)", command)
        if "ansible-playbook" in command:
            assert set(names) <= set(guides.PLAYBOOKS), command
        elif "-t role" in command:
            assert set(names) <= set(guides.ROLES), command
        elif "ansible-doc" in command:
            assert set(names) <= set(guides.MODULES), command
        for variable in re.findall(r"--extra-vars ['\"]?(\w+)=", command):
            assert variable.startswith("virtshare_") or variable in guides.role_options(guides.role_of(variable))
    # Only what the modules read: another name would be silently ignored.
    documented = guides.source_text("plugins/doc_fragments")
    for variable in re.findall(r"\b((?:ONE|FLEXVDI)_[A-Z]+)=", block.text):
        assert f"E({variable})" in documented


TABLES = [(page, number, table) for page in guides.PAGES for number, table in enumerate(guides.tables(page))]


@pytest.mark.parametrize("page, number, table", TABLES, ids=lambda value: getattr(value, "stem", ""))
def test_a_table_has_rows_of_one_length(page, number, table):
    assert len(table) > 1
    assert {len(row) for row in table} == {len(table[0])}, (page.name, number, table[0])


SAID = [(page.stem, row) for page, _number, table in TABLES if table[0][:2] == ["Message", "Said by"]
        for row in table[1:]]


def test_messages_are_quoted():
    assert SAID


@pytest.mark.parametrize("page, row", SAID, ids=lambda value: value if isinstance(value, str) else value[0][:60])
def test_a_quoted_message_is_said_where_the_page_says(page, row):
    message = re.fullmatch(r"``(.+)``", row[0])
    assert message, "a message is quoted as it is, in double backquotes"
    assert max(map(len, message.group(1).split("…"))) >= 12, "too little is quoted to be found"
    said_by = row[1]
    if said_by == "this collection":
        text = guides.source_text("plugins", "roles")
    elif re.search(r"recorded in (\S+\.json)", said_by):
        name = re.search(r"recorded in (\S+\.json)", said_by).group(1)
        text = (guides.ROOT / "tests/fixtures/opennebula" / name).read_text(encoding="utf-8").replace('\\"', '"')
    else:
        # Another program's word; the page names the source it was read in, or where it was seen.
        assert re.search(r"read in|seen on|seen in", said_by), said_by
        return
    # What differs from case to case is an ellipsis in the page, and a placeholder in the code.
    for part in message.group(1).split("…"):
        assert part.strip() in text or _with_placeholders(part.strip(), text), part


def _with_placeholders(part, text):
    """Whether a part is there when its numbers and names stand for placeholders of the code."""
    words = [re.escape(word) for word in re.split(r"\d+(?:\.\d+)?", part)]
    return re.search(r"%[dsg]".join(words), text) is not None


OPTIONS = [(page, row, kind) for page, row in guides.tables_with("Option", "Value", "Why", "Source")
           for kind in guides.kinds_of(page)]
LEFT_OUT = [(page, row, kind) for page, row in guides.tables_with("Leave out", "Why", "Source")
            for kind in guides.kinds_of(page)]


def _literal(cell):
    match = re.fullmatch(r"``(.+)``", cell)
    assert match, f"{cell}: an option or a value is one literal"
    return match.group(1)


def _name_of(value):
    if isinstance(value, list):
        return value[0]
    return getattr(value, "stem", value)


@pytest.mark.parametrize("page, row, kind", OPTIONS, ids=_name_of)
def test_an_option_worth_setting_is_one_of_such_a_share(page, row, kind):
    assert all(row), "every option has its reason and its source"
    declared = yaml.safe_load(f"{{{_literal(row[0])}: {_literal(row[1])}}}")
    assert guides.option_errors(guides.example(kind, declared)) == [], page.name


@pytest.mark.parametrize("page, row, kind", LEFT_OUT, ids=_name_of)
def test_an_option_to_leave_out_is_known_or_refused(page, row, kind):
    assert all(row), "every option has its reason and its source"
    name = _literal(row[0])
    if guides.is_known(kind, name):
        return
    with pytest.raises(Refusal, match=f"option {name} (does not belong here|has no effect)"):
        guides.example(kind, {name: "1"})


VARIABLES = guides.tables_with("Variable", "Value", "Why", "Source")


@pytest.mark.parametrize("page, row", VARIABLES, ids=_name_of)
def test_a_variable_worth_setting_is_one_of_its_role(page, row):
    assert all(row), "every variable has its reason and its source"
    name = _literal(row[0])
    assert guides.role_of(name), page.name
    assert list(_problems(name, yaml.safe_load(_literal(row[1])))) == []


def test_there_are_options_of_every_filesystem():
    assert VARIABLES
    for rows in (OPTIONS, LEFT_OUT):
        assert {kind for page, _row, kind in rows if page.stem == f"guide_{kind}"} == set(registry.NAMES)


@pytest.mark.parametrize("kind", registry.NAMES)
def test_a_filesystem_has_all_that_the_others_have(kind):
    page = guides.RST / f"guide_{kind}.rst"
    headings = re.findall(r"(?m)^(.+)\n-{4,}$", page.read_text(encoding="utf-8"))
    wanted = ["To copy", "Options worth setting", "Options to leave out", "What the platforms say", "What goes wrong",
              "Read for this page"]
    assert [heading for heading in headings if heading in wanted] == wanted
    read = page.read_text(encoding="utf-8").split("Read for this page\n")[1]
    assert re.search(r"<https://\S+>`__", read)
    headers = [table[0] for table in guides.tables(page)]
    assert ["Who", "Says", "What it means here"] in headers
    assert ["Symptom", "Cause", "What to do"] in headers
    assert any(page == other for other, _row in guides.tables_with("Message", "Said by", "What to do"))


@pytest.mark.parametrize("page", guides.PAGES, ids=lambda page: page.stem)
def test_what_the_prose_names_is_there(page):
    text = guides.prose(page)
    there = {"role": guides.ROLES, "module": guides.MODULES, "playbook": guides.PLAYBOOKS}
    for what, name in re.findall(r"\b(role|module|playbook)s? ``([\w.]+)``", text):
        assert name.removeprefix(guides.COLLECTION) in there[what], f"{what} {name}"
    for token in re.findall(r"``([a-z]\w+)(?:[.:][^`]*)?``", text):
        role = guides.role_of(token)
        if role is not None and token not in guides.role_options(role):
            # What a role passes on stands in its tasks.
            assert re.search(rf"\b{token}\b", guides.source_text(f"roles/{role}/tasks")), token
