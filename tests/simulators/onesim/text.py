# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the server handles text: bytes of the C locale, although the simulator holds str.

Case and white space mean ASCII only, and lengths are counted in bytes.
"""

import re
import string

_TO_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

BLANKS = " \t\n\v\f\r"
INVALID_NAME_CHARACTERS = "&|:\\\";/'#{}$<>\t\n\v\f\r"
LONGEST_NAME = 128


def upper(value):
    return value.translate(_TO_UPPER)


def lower(value):
    return value.translate(_TO_LOWER)


def same_word(one, other):
    """Equal, whatever the case of ASCII letters."""
    return upper(one) == upper(other)


def trim(value):
    return value.strip(BLANKS)


def size(value):
    """Length in bytes."""
    return len(value.encode("utf-8", "surrogatepass"))


def cdata(value):
    """As the server writes any value: it never splits a ``]]>`` inside, which makes that document malformed."""
    return "<![CDATA[%s]]>" % value


def element(name, value):
    return "<%s>%s</%s>" % (name, value, name)


def number(value):
    """The whole of value read as a C++ stream reads an integer, or None."""
    if re.fullmatch(r"[ \t\n\v\f\r]*[+-]?[0-9]+", value):
        return int(value)
    return None


def leading_number(value):
    """The integer value starts with, or None: what a C++ stream takes without asking for the end."""
    found = re.match(r"[ \t\n\v\f\r]*([+-]?[0-9]+)", value)
    return int(found.group(1)) if found else None


def name_problem(name, also_invalid=""):
    """Why an object may not bear this name, in the server's words, or None."""
    if not name:
        return "Invalid NAME, it cannot be empty"
    for character in name:
        if character in INVALID_NAME_CHARACTERS or character in also_invalid:
            return "Invalid NAME, char '%s' is not allowed" % character
    if size(name) > LONGEST_NAME:
        return "Invalid NAME, max length is %d chars" % LONGEST_NAME
    return None
