# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of documentation that doc fragments are made of. Private: nothing outside this collection may use it."""

import re


def as_list(option, elements):
    """The documentation of one option that is a list of mappings.

    option: its own documentation, as YAML two spaces deep. elements: that of the mappings' options, likewise, or below
    C(options:); where it names one of them, as O(name), the list is put before it.
    ansible-test takes what is assigned in a fragment for YAML, unless it is assigned with a type.
    """
    elements = re.sub(r"\A\s*options:\n", "", elements)
    name = option.partition(":")[0].strip()
    known = "|".join(re.findall(r"^  (\w+):", elements, re.MULTILINE))
    linked = re.sub(r"\bO\((%s)(?=[)=])" % known, r"O(%s[].\1" % name, elements)
    return "options:\n%s    suboptions:\n%s" % (option.lstrip("\n"), indented(linked, 4))


def indented(text, spaces):
    return re.sub(r"^(?=.)", " " * spaces, text.lstrip("\n"), flags=re.MULTILINE)
