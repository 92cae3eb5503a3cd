# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a declared share: each in its place, and its value read as the program reads it that it is for. No I/O."""

import re

from . import sources
from .common_options import ELSEWHERE, ON_BY_DEFAULT, common, misspelled, near
from .options import contradictions
from .types import registry
from .values import Anything, Wrong

_UNKNOWN = Anything()


def normalised(declared, share_type, share, problem):
    """{name: text, True or False} of the options as they are written.

    share_type: the ShareType, None when there is no such. share: as it is written. problem: called with each sentence about
    what is wrong.
    """
    result = {}
    for name, value in declared.items():
        if not isinstance(name, str) or not re.match(r"[A-Za-z_][A-Za-z0-9_.-]*\Z", name):
            problem("option %s is not a name. Write one name a key, its value behind it." % sources.key(name))
            continue
        try:
            _refuse_misplaced(name, value, share_type)
            kind = share_type.kind_of(name) if share_type else common(name)
            result[str(name)] = (kind or _UNKNOWN).read(name, value)
        except Wrong as wrong:
            problem("option %s %s" % (name, wrong))
    for name in [name for name, value in result.items() if value is False]:
        reason = _on_anyway(name, result, share_type)
        if reason:
            problem("option %s %s" % (name, reason))
    for names in contradictions(result, share_type) if share_type else ():
        problem("the options %s and %s exclude each other. Leave one of them out." % names)
    for name, why in share_type.idle_options(result, share) if share_type else ():
        problem("option %s has no effect on this share: %s. Leave it out." % (name, why))
    return result


def _refuse_misplaced(name, value, share_type):
    """Raise what is wrong with an option whatever its value is; the value is not shown, it may be a secret."""
    # Only some of libmount's names are known to it in small letters, too.
    reason = (share_type.elsewhere(name) if share_type else registry.elsewhere(name)) or ELSEWHERE.get(name) or ELSEWHERE.get(
        name.replace("x-mount.", "X-mount."))
    if reason:
        raise Wrong("does not belong here: %s." % reason)
    if not share_type:
        return
    if name in share_type.options_without_effect and value is not False:
        raise Wrong(_without_effect(name, share_type))
    if share_type.kind_of(name) is None:
        others = registry.knowing(name)
        if others:
            reason = registry.elsewhere(name)
            raise Wrong("is for type %s%s, and this share is of type %s. Leave it out." % (
                " or ".join(others), " (%s)" % reason if reason else "", share_type.name))
        meant = misspelled(name)
        if meant:
            raise Wrong("is not known to systemd. Write %s." % meant)
        if share_type.passes_over_unknown:
            meant = near(name)
            raise Wrong("is not known, and mount(8) passes over it on type %s. %s." % (
                share_type.name, "Write %s" % meant if meant else "Leave it out"))


def _without_effect(name, share_type):
    return "has no effect on type %s: %s. Leave it out." % (share_type.name, share_type.options_without_effect[name])


def _on_anyway(name, read, share_type):
    """Why an option that is false is on all the same, as a sentence has it, or None. read: all options."""
    instead = dict(ON_BY_DEFAULT, **(share_type.on_by_default if share_type else {})).get(name)
    others = [words.partition(":")[0] for words in instead.split(" or ")] if instead else []
    # What turns it off may be written beside it.
    if not instead or any(map(read.get, others)):
        return None
    for each in [name] + others:
        if share_type and each in share_type.options_without_effect:
            return _without_effect(each, share_type)
    return "is false, and it is on unless another option turns it off. Write %s." % instead
