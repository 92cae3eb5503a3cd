# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who got rights by the role, so that it can take away those and no others: the description of the workflow tells. Pure.

AWX does not keep who has given a right.
"""

import re

_TOLD = ((" May start it: ", "execute"), (" May approve: ", "approve"))
# No name of a team has a quote in it.
_NAMES = r'("[^"]*"(?:, "[^"]*")*)\.'


def told(teams):
    """The end of the description. teams: {"execute": names, "approve": names}."""
    return "".join("%s%s." % (words, ", ".join('"%s"' % name for name in teams[right])) for words, right in _TOLD if teams.get(right))


def dropped(description, teams):
    """{right: the teams that a description names and teams does not}, without a right that no team loses."""
    found = {}
    for words, right in _TOLD:
        match = re.search(re.escape(words) + _NAMES, description or "")
        names = re.findall('"([^"]*)"', match.group(1)) if match else []
        gone = [name for name in names if name not in (teams.get(right) or [])]
        if gone:
            found[right] = gone
    return found
