# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the string form of a template: ``NAME = value``, ``NAME = [ KEY = value, ... ]``.

The server's lexer takes the longest match, knows two modes (a name is expected, a value is expected), and
skips a character no pattern matches without a word. Positions are what its messages show: the line is the
number of newlines so far, columns are bytes from 1 and never start anew on a new line. (The real server counts
lines from whatever its memory held; in all recordings that was 0.)
"""

import re

from . import text

END = "$end"
VARIABLE, STRING, EQUAL, EQUAL_EMPTY = "VARIABLE", "STRING", "EQUAL", "EQUAL_EMPTY"
COMMA, OBRACKET, CBRACKET, CCDATA = "COMMA", "OBRACKET", "CBRACKET", "CCDATA"

_SKIP = "skip"
_UNKNOWN = "unknown"
_QUOTED = "quoted"

# In the order that decides between matches of one length.
_NAME_PATTERNS = (
    (re.compile(r"[ \t]*#[^\n]*\n"), _SKIP),
    (re.compile(r"[ \t\n]+"), _SKIP),
    (re.compile(r"[0-9A-Za-z_]+"), VARIABLE),
    (re.compile(r"[ \t]*=[ \t]*"), EQUAL),
    (re.compile(r"[ \t]*=[ \t]*\n"), EQUAL_EMPTY),
    (re.compile(r"[ \t\n]*,[ \t\n]*"), COMMA),
    (re.compile(r"[ \t\n]*\][ \t\n]*"), CBRACKET),
)
_VALUE_PATTERNS = (
    (re.compile(r"[ \t]*\[[ \t\n]*"), OBRACKET),
    (re.compile(r"[^\n]*\]\]>[^\n]*"), CCDATA),
    (re.compile(r'"(?:\\"|[^"])*"'), _QUOTED),
    (re.compile(r"[^=# \t\n,\[\]]+"), STRING),
)


class Lexer:
    """Iterate over tokens with next_token(); line, first_column and last_column tell where the last match was."""

    def __init__(self, source):
        self._source = source
        self._position = 0
        self._value_expected = False
        self.line = 0
        self.first_column = 1
        self.last_column = 1

    def next_token(self):
        """(kind, text); at the end (END, "")."""
        while self._position < len(self._source):
            kind, matched = self._longest()
            self._position += len(matched)
            self.line += matched.count("\n")
            self.first_column = self.last_column
            self.last_column += text.size(matched)
            if kind is _UNKNOWN:
                # Skipped byte by byte.
                self.first_column = self.last_column - 1
            if kind in (_SKIP, _UNKNOWN):
                continue
            if kind == EQUAL:
                self._value_expected = True
            elif kind in (STRING, _QUOTED, OBRACKET, CCDATA):
                self._value_expected = False
            if kind == _QUOTED:
                return STRING, matched[1:-1]
            return kind, matched
        return END, ""

    def _longest(self):
        patterns = _VALUE_PATTERNS if self._value_expected else _NAME_PATTERNS
        best_kind, best = _SKIP, ""
        for pattern, kind in patterns:
            found = pattern.match(self._source, self._position)
            if found and len(found.group()) > len(best):
                best_kind, best = kind, found.group()
        if not best:
            return _UNKNOWN, self._source[self._position]
        return best_kind, best
