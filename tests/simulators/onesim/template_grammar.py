# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The string form of a template: a list of attributes, or an error in the words and positions of the server."""

from . import text
from .template_lexer import (
    CBRACKET,
    CCDATA,
    COMMA,
    END,
    EQUAL,
    EQUAL_EMPTY,
    OBRACKET,
    STRING,
    VARIABLE,
    Lexer,
)


class ParseError(Exception):
    """The text is no template. The message is what the server appends to "Parse error"."""


class _Parser:
    def __init__(self, source):
        self._lexer = Lexer(source)
        self._kind, self._text = self._lexer.next_token()

    def _advance(self):
        taken = self._text
        self._kind, self._text = self._lexer.next_token()
        return taken

    def _expect(self, *kinds):
        if self._kind not in kinds:
            lexer = self._lexer
            raise ParseError(
                ": syntax error, unexpected %s, expecting %s at line %d, columns %d:%d"
                % (self._kind, " or ".join(kinds), lexer.line, lexer.first_column, lexer.last_column)
            )

    def attributes(self):
        found = []
        while self._kind == VARIABLE:
            found.append(self._attribute())
        # Whatever cannot begin an attribute ends the file, in the grammar's eyes.
        self._expect(END)
        return found

    def _attribute(self):
        name = self._advance()
        self._expect(EQUAL, EQUAL_EMPTY)
        if self._kind == EQUAL_EMPTY:
            self._advance()
            return name, ""
        self._advance()
        self._expect(OBRACKET, CCDATA, STRING)
        if self._kind == CCDATA:
            raise ParseError(".")
        if self._kind == STRING:
            return name, _unescaped(self._advance())
        self._advance()
        return name, self._vector()

    def _vector(self):
        self._expect(CBRACKET, VARIABLE)
        values = {}
        if self._kind == VARIABLE:
            self._pair(values)
            while True:
                self._expect(COMMA, CBRACKET)
                if self._kind == CBRACKET:
                    break
                self._advance()
                self._expect(VARIABLE)
                self._pair(values)
        self._advance()
        return values

    def _pair(self, values):
        key = text.upper(self._advance())
        self._expect(EQUAL)
        self._advance()
        self._expect(STRING)
        # The first of two equal keys stays.
        values.setdefault(key, _unescaped(self._advance()))


def _unescaped(value):
    return value.replace('\\"', '"')


def parse(source):
    """[(name, str or dict of a vector attribute), ...] in the order written. Raises ParseError."""
    return _Parser(source).attributes()
