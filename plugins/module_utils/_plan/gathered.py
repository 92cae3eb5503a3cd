# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say once what is so for many shares, and on many hosts: twenty shares of a user who is missing are one line. Pure."""

import collections
import re

# "hv1: /srv/shares/projects: …" and "share /srv/shares/projects: …", the latter after hosts, too. Where a plain word follows
# the path the sentence has begun, and its first colon is no end of a path.
_SENTENCE = re.compile(r"((?:[^/:\n]+: )?)((?:share )?)(/(?:[^:\n ]| (?![a-z]))+)(: .*)\Z", re.DOTALL)


def gathered(sentences):
    """The sentences in their order; those that differ in nothing but share or host are one, after all of these.

    A sentence that names its share or host once more stays as it is.
    """
    shares = collections.OrderedDict()
    for sentence in sentences:
        found = _SENTENCE.match(sentence)
        key = (found.group(1), found.group(2), found.group(4)) if found else (None, None, sentence)
        shares.setdefault(key, [])
        if found and found.group(3) not in shares[key]:
            shares[key].append(found.group(3))
    hosts = collections.OrderedDict()
    for (host, kind, rest), paths in shares.items():
        hosts.setdefault((kind, tuple(paths), rest), []).append(host and host[:-2])
    return [_sentence(names, *key) for key, names in hosts.items()]


def alike(texts):
    """Texts about one share each, "/srv/shares/projects: …"; those of several lines that say the same of many are one."""
    found = collections.OrderedDict()
    for text in texts:
        path = text.partition(": ")[0]
        rest = text.replace(path + ": ", "")
        # What names the share once more is so for that one only.
        found.setdefault(rest if "\n" in text and path not in rest else text, []).append((path, text))
    return joined(found, "%s: %s")


def joined(found, words):
    """A text for each rest of texts that is the same: the one there is, or words % (their places, the rest).

    found: {rest: [(place, text)]}, in the order of the texts.
    """
    return [members[0][1] if len(members) == 1 else words % (", ".join(place for place, dummy in members), rest)
            for rest, members in found.items()]


def listed(words):
    """Words in a sentence: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1])] + words[-1:]))


def _sentence(names, kind, paths, rest):
    if kind is None:
        return rest
    hosts = listed([name for name in names if name])
    return "%s%s%s%s" % (hosts and hosts + ": ", kind.replace("share", "shares") if len(paths) > 1 else kind,
                         ", ".join(paths), rest)
