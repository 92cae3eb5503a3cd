# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and attributes out of the characters that matter to OpenNebula's parsers; the same for a seed every time."""

import random

from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import template

IN_VALUES = '"\\#=[],\n\t <>&;\'/{}$x]aÄ€\uffee'
IN_NAMES = "ab1 -_.=[],]]>&|:\\\";/'#{}$<\t\n\v\r\x07\u2028\ufffeÄ€\xa0\uffee"
HARMLESS_IN_NAMES = "ab1 -_.=[],%@!^~*Ä€\xa0\uffee"


class Nasty:
    def __init__(self, seed):
        self._chance = random.Random(seed)

    def text(self, alphabet, length):
        return "".join(self._chance.choice(alphabet) for _position in range(length))

    def name(self, alphabet=IN_NAMES):
        return self.text(alphabet, self._chance.choice((0, 1, 2, 3, 5, 8, 40, 128, 129)))

    def value(self):
        return self.text(IN_VALUES, self._chance.randrange(10)).replace("]]>", "<>")

    def vector(self):
        return {self._chance.choice("KLM") + str(number): self.value()
                for number in range(self._chance.randrange(1, 4))}

    def attributes(self):
        """{NAME: [value or vector, ...]} that can be expressed."""
        while True:
            made = {
                "N%d" % number: [self.vector() if self._chance.random() < 0.3 else self.value()
                                 for _each in range(self._chance.randrange(1, 4))]
                for number in range(self._chance.randrange(1, 4))
            }
            if expressible(made):
                return made


def expressible(attributes):
    """Without the one case that is refused: a vector with an empty value and one that ends in a backslash."""
    for values in attributes.values():
        for value in values:
            if isinstance(value, dict):
                inner = [single.strip(template.BLANKS) for single in value.values()]
                if "" in inner and any(single.endswith("\\") for single in inner):
                    return False
    return True
