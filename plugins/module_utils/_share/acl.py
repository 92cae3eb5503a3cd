# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of an ACL entry as it is declared: user:libvirt-qemu:rwx. No I/O."""

import re

from .._plan.plan import UNSEEN, Refusal
from .sources import quoted

# Directories of users (winbind, SSSD) give names with blanks inside, such as CORP\domain users.
_ACCOUNT = r"(?![\s-])(?:(?!%s)[^:/,\"])+(?<!\s)" % UNSEEN
# Linux: (uid_t) -1 is no user.
HIGHEST_NUMBER = 2 ** 32 - 2
_ENTRY = re.compile(r"(u|user|g|group):(%s):([rwx-]{1,3})\Z" % _ACCOUNT)


def is_account(text):
    """Whether a text can be the name of a user or a group, or a number of one."""
    if not isinstance(text, str) or re.match(_ACCOUNT + r"\Z", text) is None:
        return False
    # A mount program takes a leading zero for an octal number, and the kernel the highest number for none.
    return re.match(r"[0-9]+\Z", text) is None or re.match(r"(0|[1-9][0-9]{0,9})\Z", text) is not None and (
        int(text) <= HIGHEST_NUMBER)


def acl_entry(text):
    """("user" or "group", its name, "rwx" or what of it) of one declared ACL entry; Refusal says what to write."""
    match = _ENTRY.match(text) if isinstance(text, str) else None
    if match and is_account(match.group(2)) and all(match.group(3).count(letter) < 2 for letter in "rwx"):
        kind, name, letters = match.groups()
        return {"u": "user", "g": "group"}[kind[0]], name, "".join(
            letter if letter in letters else "-" for letter in "rwx")
    words = "access.acl %s is not an entry for a user or a group. " % quoted(text)
    if isinstance(text, str) and re.match(r"d(efault)?:", text):
        raise Refusal(words + "Leave the word default out: every entry counts for the directory and for what is made "
                      "in it.")
    if isinstance(text, str) and re.match(r"(u|user|g|group|o|other|m|mask)::?[rwx-]*$", text):
        raise Refusal(words + "Owner, group and others have what access.mode says, and the mask follows from it all. "
                      "Leave it out.")
    raise Refusal(words + "Write such as user:libvirt-qemu:rwx or group:backup:r-x.")


def acl_names(texts):
    """[("user" or "group", its name)] of declared ACL entries; what is no entry is passed over."""
    found = []
    for text in texts or ():
        try:
            found.append(acl_entry(text)[:2])
        except Refusal:
            continue
    return found
