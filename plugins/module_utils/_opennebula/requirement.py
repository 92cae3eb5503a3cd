# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of SCHED_REQUIREMENTS: whether it asks for an attribute, and how it does from now on. Pure.

Read in OpenNebula's grammar (src/parsers/expr_bool.y, expr_parser.l): comparisons, joined by & and |, turned round by !, in
parentheses. & and | are of one rank and go from left to right, so that only what is joined by & alone is a list of conditions.
A text that this grammar does not allow keeps each VM that has it pending, whatever is added to it: see problem().
"""

import re

# A quoted text has no way to hold a quote. Blanks count nowhere else.
_TOKEN = re.compile(r'"[^"]*"|[()&|!]|[^"()&|!]+|"')
# The lexer's: names and texts (S), numbers (N), and what stands for itself. It passes over any other character.
_LEXED = re.compile(r'(?P<S>"[^"]*"|[A-Za-z][0-9A-Za-z_]*)|(?P<N>-?[0-9]+(?:\.[0-9]+)?)|(?P<sign>[@!&|=><()*+/^-])')
_COMPARISON = re.compile(r"S(=|!=|@>)[SN]|S[<>]N")


def problem(text):
    """Why OpenNebula cannot read a text, a phrase, or None. A blank one is no requirement, and is well."""
    if text.count('"') % 2:
        return "a quotation mark is not closed"
    signs = "".join(found.group("sign") or found.lastgroup for found in _LEXED.finditer(text))
    depth = 0
    for sign in signs:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            break
    if depth:
        return "its parentheses do not match"
    # C is a condition: a comparison, or what stands in parentheses. Each is folded into one that takes what is left of it.
    folded, before = _COMPARISON.sub("C", signs), None
    while folded != before:
        before = folded
        folded = re.sub(r"!C|\(C\)|C[&|]C", "C", folded)
    if folded == "C" or not text.strip():
        return None
    return "it is not made of comparisons, such as NAME=\"value\", joined by & and |"


def mentions(text, name):
    """Whether the name of an attribute stands in a text, however little else of it can be read."""
    return name in re.findall(r"\w+", text)


def asks_for(text, name, value="ok"):
    """Whether a host is taken only when its attribute has this value, as far as it can be told."""
    return any(_same(term, name, value) for term in conditions(text))


def asking_for(text, name, value="ok"):
    """The text with that condition more. What is there stays as it is, in parentheses."""
    own = '(%s="%s")' % (name, value)
    found = conditions(text)
    if not found:
        return own[1:-1]
    return " & ".join([term if _enclosed(term) else "(%s)" % term for term in found] + [own])


def not_asking_for(text, name, value="ok"):
    """The text without that condition; "" when nothing is left."""
    if not asks_for(text, name, value):
        return text
    found = [term for term in conditions(text) if not _same(term, name, value)]
    return _open(found[0]) if len(found) == 1 else " & ".join(found)


def conditions(text):
    """The parts of a text of which each must hold, at the outermost level, [] of a blank text. One with a problem() is a single part."""
    if problem(text):
        return [text.strip()]
    parts, depth, part = [], 0, ""
    for token in _TOKEN.findall(text):
        if depth == 0 and token in ("|", "!") and not _negates_comparison(part, token):
            # What it is joined with, or turns round, is the grammar's to say.
            return [text.strip()]
        if token == "&" and depth == 0:
            parts.append(part.strip())
            part = ""
            continue
        depth += {"(": 1, ")": -1}.get(token, 0)
        part += token
    parts.append(part.strip())
    if len(parts) == 1 and parts[0] and _enclosed(parts[0]) and len(conditions(_open(parts[0]))) > 1:
        return conditions(_open(parts[0]))
    return [part for part in parts if part]


def _negates_comparison(part, token):
    # NAME != "value"
    return token == "!" and bool(re.search(r"[A-Za-z0-9_\"]\s*\Z", part))


def _enclosed(term):
    """Whether one pair of parentheses holds all of it."""
    if not (term.startswith("(") and term.endswith(")")):
        return False
    depth = 0
    for token in _TOKEN.findall(term)[:-1]:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0:
            return False
    return True


def _open(term):
    return term[1:-1].strip() if _enclosed(term) else term


def _same(term, name, value):
    while _enclosed(term):
        term = _open(term)
    match = re.match(r'"?([A-Za-z0-9_]+)"?\s*=\s*("?)([^"]*)\2\Z', term)
    return bool(match) and (match.group(1), match.group(3)) == (name, value)
