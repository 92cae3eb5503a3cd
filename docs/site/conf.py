# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx' settings for the documentation site; `make docs-site` builds it."""

import os
import pathlib
import re

import yaml
from docutils import nodes

_GALAXY = yaml.safe_load((pathlib.Path(os.environ["SITE_COLLECTION"]) / "galaxy.yml").read_text(encoding="utf-8"))

project = "virtshare.storage"
author = copyright = "virtshare contributors"
release = version = str(_GALAXY["version"])
html_title = f"virtshare.storage {release}"

extensions = ["sphinx_antsibull_ext"]
antsibull_ext_color_scheme = "default-autodark"
# Whatever is referred to has to be there.
nitpicky = True
default_role = "any"
highlight_language = "text"
pygments_style = "ansible"

html_theme = "furo"
html_theme_options = {"source_repository": _GALAXY["repository"], "navigation_with_keys": True}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_use_index = False
# The same pages from the same tree.
html_last_updated_fmt = None

# Addresses of examples.
linkcheck_ignore = [r"https?://(localhost|[\w.-]*\bexample\.(org|com))\b"]

# What the pages refer to and Ansible documents. It is linked by address: the site is built without the network.
_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
_ELSEWHERE = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
_PLUGIN = re.compile(r"ansible_collections\.(?!virtshare\.)(\w+)\.(\w+)\.(\w+_\w+)")


def _link(app, env, node, shown):
    """A link to Ansible's documentation for a label of it; None for any other, which is then warned of."""
    plugin = _PLUGIN.fullmatch(node["reftarget"])
    page = "collections/{}/{}/{}.html".format(*plugin.groups()) if plugin else _ELSEWHERE.get(node["reftarget"])
    return page and nodes.reference("", "", shown, internal=False, refuri=_ANSIBLE + page)


def _fit(app, tree):
    """Leave out tables of contents, which the theme has beside the page, and name the column in each cell of a wide table.

    The names are seen on a telephone only, where the cells of a row stand below each other.
    """
    for topic in [each for each in tree.findall(nodes.topic) if "contents" in each["classes"]]:
        topic.parent.remove(topic)
    for table in tree.findall(nodes.table):
        heads = [[entry.astext() for entry in row] for head in table.findall(nodes.thead) for row in head]
        if len(heads) != 1 or len(heads[0]) < 3 or any(name.startswith("ansible-") for name in table["classes"]):
            continue
        table["classes"].append("stacked")
        for row in (row for body in table.findall(nodes.tbody) for row in body):
            for name, entry in zip(heads[0], row):
                if name and entry.children:
                    entry.insert(0, nodes.paragraph("", name, classes=["column"]))


def setup(app):
    app.connect("missing-reference", _link)
    app.connect("doctree-read", _fit)
