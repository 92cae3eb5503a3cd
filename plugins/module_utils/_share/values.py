# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may stand behind a mount option: a kind reads a value as its program does, or says what to write. No I/O.

A kind's read(name, value) returns what is kept: a text, True for the bare option, False for one that is left out. A
Wrong has the rest of a sentence that begins with the option's name. What was read may be read again, and stays the same.
"""

import difflib
import ipaddress
import math
import re

from .._plan.plan import UNSEEN
from .sources import quoted

# What Ansible takes for true and false, and systemd (parse_boolean) with it.
_YES = frozenset(("true", "yes", "on", "1", "y", "t"))
_NO = frozenset(("false", "no", "off", "0", "n", "f"))
_FORBIDDEN = UNSEEN + "|\""
_SIZES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

# systemd.time(7)
_SECONDS = {"": 1}
for _seconds, _units in (
        (1e-6, "us usec µs μs"), (1e-3, "ms msec"), (1, "s sec second seconds"), (60, "m min minute minutes"),
        (3600, "h hr hour hours"), (86400, "d day days"), (604800, "w week weeks"), (2629800, "M month months"),
        (31557600, "y year years")):
    _SECONDS.update(dict.fromkeys(_units.split(), _seconds))


# systemd counts microseconds in 64 bits.
_LONGEST_SPAN = 2 ** 64 // 10 ** 6


class Wrong(Exception):
    """The value is not valid for this option; the text goes on behind "option NAME "."""


def truth(value):
    """True or False of a truth value in any spelling that Ansible takes, None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return bool(value) if value in (0, 1) else None
    text = value.strip().lower() if isinstance(value, str) else None
    return True if text in _YES else False if text in _NO else None


def shown(value):
    """A value as a sentence shows it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value) if value else "an empty text"
    if isinstance(value, (int, float)):
        return "the number %s" % value
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a mapping" if isinstance(value, dict) else "of the kind %s" % type(value).__name__


def seconds_of(text):
    """The seconds of a time span as systemd reads it, rounded up as it does; 0 for infinity, None for no time span."""
    text = text.strip()
    if text == "infinity":
        return 0
    if not re.match(r"([0-9]+(\.[0-9]*)?\s*[^\W\d_]*\s*)+$", text):
        return None
    total = 0
    for number, unit in re.findall(r"([0-9]+(?:\.[0-9]*)?)\s*([^\W\d_]*)", text):
        if unit not in _SECONDS:
            return None
        total += float(number) * _SECONDS[unit]
    return math.ceil(round(total, 6)) if total < _LONGEST_SPAN else None


class Flag:
    """An option without a value. Programs look at its name alone, so that "noatime=no" would turn it on."""

    @staticmethod
    def read(name, value):
        result = truth(value)
        if result is not None:
            return result
        if value is None or value == "":
            raise Wrong("is %s. Write %s: true, or leave it out." % (shown(value), name))
        raise Wrong("is %s, and it takes no value. Write %s: true, or leave it out." % (shown(value), name))


class Valued:
    """An option with a value. wanted: what that is. example: one, as YAML has it."""

    holds_commas = False

    def __init__(self, wanted, example):
        self.wanted = wanted
        self.example = example

    def read(self, name, value):
        if value is False:
            return False
        if value is True:
            self.refuse(name, "true, and it needs a value")
        if isinstance(value, (list, tuple, dict)) or value is None or value == "" or not isinstance(
                value, (str, int, float)):
            self.refuse(name, shown(value))
        if isinstance(value, str) and re.search(_FORBIDDEN, value):
            self.refuse(name, "%s, and holds a control character or a double quote" % shown(value))
        if not self.holds_commas and "," in str(value):
            # What is behind the comma may be a password.
            raise Wrong("is %s, and a comma begins another option. Write every option as a key of its own." % shown(
                str(value).partition(",")[0] + ",…"))
        if str(value).endswith("\\"):
            raise Wrong("is %s, and systemd joins a line that ends with a backslash to the next one. Write a value that ends "
                        "otherwise." % shown(value))
        return self.text(name, value)

    def text(self, name, value):
        """The text that is kept of a text or a number."""
        raise NotImplementedError

    def refuse(self, name, what):
        raise Wrong("is %s. Write %s, such as %s: %s." % (what, self.wanted, name, self.example))


class Number(Valued):
    """A whole number in decimal digits: the kernel reads a leading zero as octal, mount programs do not."""

    def __init__(self, low=0, high=2 ** 32 - 1, example=None):
        super().__init__("a whole number from %d to %d" % (low, high) if high < 2 ** 31 - 1 else
                         "a whole number from %d on" % low, low if example is None else example)
        self.low = low
        self.high = high

    def text(self, name, value):
        written = str(value)
        if not re.match(r"-?[0-9]{1,20}$", written):
            size = re.match(r"([0-9]{1,20})\s*([kmg])(i?b)?$", written.lower())
            if size:
                self.refuse_number(name, value, "and is read without units", int(size.group(1)) * _SIZES[size.group(2)])
            self.refuse(name, shown(value))
        number = int(written)
        if str(number) != written:
            self.refuse_number(name, value, "which the kernel reads as an octal number", number)
        if not self.low <= number <= self.high:
            self.refuse(name, written)
        return written

    @staticmethod
    def refuse_number(name, value, why, number):
        raise Wrong("is %s, %s. Write %s: %d." % (shown(value), why, name, number))


class Decimal(Valued):
    """A number that may have a fraction, such as seconds."""

    def __init__(self, wanted="a number of seconds", example=1):
        super().__init__(wanted, example)

    def text(self, name, value):
        written = str(value)
        if not re.match(r"[0-9]+(\.[0-9]+)?$", written):
            self.refuse(name, shown(value))
        return written


class Word(Valued):
    """One of these words, or several of them joined by a separator."""

    def __init__(self, words, separator=None):
        words = words.split()
        super().__init__("one of %s" % ", ".join(words) if separator is None else "words of %s joined by %s" % (
            ", ".join(words), separator), self._quoted(words[0]))
        self.words = words
        self.separator = separator

    def read(self, name, value):
        if isinstance(value, (list, tuple)) and value and self.separator and all(each in self.words for each in value):
            raise Wrong("is a list. Write one text: %s: %s." % (name, self.separator.join(value)))
        return super().read(name, value)

    def text(self, name, value):
        # A number that YAML made of the text is the same text again, or none of the words.
        written = str(value)
        for part in written.split(self.separator) if self.separator else [written]:
            if part not in self.words:
                near = difflib.get_close_matches(part.strip().lower(), self.words, 1, 0.8)
                if near:
                    raise Wrong("is %s, and %s is not known. Write %s: %s." % (
                        shown(value), shown(part), name, self._quoted(quoted(written.replace(part, near[0]))[1:-1])))
                self.refuse(name, shown(value))
        return written

    @staticmethod
    def _quoted(word):
        """A word as YAML has to have it, to stay one."""
        return '"%s"' % word if re.match(r"[0-9.]+$", word) or truth(word) is not None else word


class Truth(Valued):
    """A truth value that is written out: the words for true and false as the program wants them, and others it takes."""

    def __init__(self, yes, no, *others):
        super().__init__(" or ".join(("true", "false") + others), "true")
        self.words = {True: yes, False: no}
        self.others = others

    def read(self, name, value):
        if isinstance(value, str) and value.strip().lower() in ("enable", "disable"):
            value = value.strip().lower() == "enable"
        result = truth(value)
        return super().read(name, value) if result is None else self.words[result]

    def text(self, name, value):
        if value not in self.others:
            self.refuse(name, shown(value))
        return value


class Octal(Valued):
    """A mode. A number is refused: YAML has made another one of it."""

    def __init__(self):
        super().__init__("three or four octal digits in quotes", '"0770"')

    def text(self, name, value):
        if not isinstance(value, str):
            raise Wrong('is the number %s, and YAML reads a number with a leading zero as another one. Write it in '
                        'quotes, such as %s: "0770".' % (value, name))
        if not re.match(r"0?[0-7]{3,4}$", value):
            self.refuse(name, shown(value))
        return value


class Span(Valued):
    """A time as systemd.time(7) has it."""

    def __init__(self):
        super().__init__("a time as in systemd.time(7)", "5min")

    def text(self, name, value):
        written = str(value)
        if seconds_of(written) is None:
            self.refuse(name, shown(value))
        return written


class Text(Valued):
    """Any text without what would begin another option."""

    def __init__(self, wanted="a text", example="a-name", pattern=r".+"):
        super().__init__(wanted, example)
        self.pattern = pattern

    def text(self, name, value):
        written = str(value)
        if isinstance(value, float) or not re.match("(?:%s)$" % self.pattern, written) or written != written.strip():
            self.refuse(name, shown(value))
        return written


class Context(Valued):
    """An SELinux context."""

    holds_commas = True

    def __init__(self):
        super().__init__("an SELinux context", "system_u:object_r:virt_content_t:s0")

    def text(self, name, value):
        if not isinstance(value, str) or ":" not in value:
            self.refuse(name, shown(value))
        return value


class Address(Valued):
    """An IPv4 or IPv6 address."""

    def __init__(self):
        super().__init__("an IP address", "192.0.2.1")

    def text(self, name, value):
        written = str(value)
        try:
            ipaddress.ip_address(written.partition("%")[0])
        except ValueError:
            self.refuse(name, shown(value))
        return written


class Optional:
    """An option that may have a value of another kind, and needs none."""

    def __init__(self, kind):
        self.kind = kind

    def read(self, name, value):
        if isinstance(value, bool) or truth(value) is None or isinstance(self.kind, Truth):
            return value if value is True else self.kind.read(name, value)
        return truth(value)


class Anything:
    """An option that nobody here knows: kept as it is written, where that is clear."""

    @staticmethod
    def read(name, value):
        if isinstance(value, bool):
            return value
        if isinstance(value, float):
            raise Wrong('is the number %r, and YAML drops its last zeros. Write it in quotes: %s: "%s".'
                        % (value, name, value))
        if value is None or value == "":
            raise Wrong("is %s. Write %s: true for an option without a value." % (shown(value), name))
        if not isinstance(value, (str, int)):
            raise Wrong("is %s. Write a text, a whole number, or true for an option without a value." % shown(value))
        if isinstance(value, str) and truth(value) is not None and not value.isdigit():
            raise Wrong("is the text %s. Write %s: %s without quotes for an option without a value." % (
                shown(value), name, str(truth(value)).lower()))
        if re.search(_FORBIDDEN, str(value)):
            raise Wrong("holds a control character or a double quote. Write its value without.")
        return Text().read(name, value)


def flags(names):
    """{name: Flag} of names in one text."""
    return dict.fromkeys(names.split(), Flag())
