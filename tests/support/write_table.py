# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The write test's table of share_access, and the same operations tried by hand: by the system's own tools, as the user."""

from __future__ import annotations

import json
import re
import shlex

from tests.support.modules import declared
from tests.support.warm import run_playbook

OUTSIDER = "nobody"

# One line an operation: its name, its exit code, the last it said. What cannot be created is not tried any further.
BY_HAND = r"""
name=$1/.by-hand.$$
try() {
    operation=$1; shift
    said=$("$@" 2>&1 >/dev/null); code=$?
    printf '%s %s %s\n' "$operation" "$code" "$(printf %s "$said" | tail -n 1)"
    return $code
}
python() { python3 -c "import fcntl, os, sys; handle = open(sys.argv[1], 'r+b'); $1" "$2"; }
try create sh -Cc ': > "$1"' sh "$name" || exit 0
try write dd if=/dev/zero of="$name" bs=4096 count=1 conv=notrunc status=none
try fsync dd if=/dev/zero of="$name" bs=4096 count=1 conv=notrunc,fsync status=none
try rename mv "$name" "$name".moved
try read_back cmp --bytes=4096 "$name".moved /dev/zero
try lock python "fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)" "$name".moved
try fallocate fallocate --length 65536 "$name".moved
try punch_hole fallocate --punch-hole --offset 0 --length 4096 "$name".moved
try direct_io sh -c 'dd if=/dev/zero of="$1" bs=4096 count=1 conv=notrunc oflag=direct status=none &&
    dd if="$1" of=/dev/null bs=4096 count=1 iflag=direct status=none' sh "$name".moved
try xattr python "os.setxattr(sys.argv[1], 'user.byhand', b'1')" "$name".moved
try delete rm "$name".moved
"""

_DENIED = re.compile(r"Permission denied|Operation not permitted|Read-only file system")
_ABSENT = re.compile(r"not supported|unsupported|not implemented|Invalid argument|No locks available|Inappropriate ioctl")


def by_hand(host, user, path):
    """{operation: supported, not_supported or denied} of what a user of a Testinfra host can do at a path."""
    done = host.run(f"runuser -u {user} -- sh -c {shlex.quote(BY_HAND)} by-hand {shlex.quote(path)}")
    assert done.rc == 0, done.stderr
    return {operation: _outcome(int(code), said) for operation, code, said in (
        (line.split(" ", 2) + [""])[:3] for line in done.stdout.splitlines())}


def _outcome(code, said):
    if code == 0:
        return "supported"
    for words, outcome in ((_DENIED, "denied"), (_ABSENT, "not_supported")):
        if words.search(said):
            return outcome
    raise AssertionError(f"not expected of any of the tools: {said}")


def share_access(inventory, directory, shares):
    """host -> the result of share_access there, for {path: writers}, with somebody who may write nowhere."""
    playbook = directory / "write_table.yml"
    playbook.write_text(json.dumps([{
        "name": "Try the shares as their users", "hosts": "hypervisors", "gather_facts": False, "tasks": [{
            "name": "Write", "virtshare.storage.share_access": {
                "host": "{{ inventory_hostname }}", "timeout": 60,
                "shares": [declared(path, writers=[*writers, OUTSIDER]) for path, writers in shares.items()],
            },
        }],
    }]), encoding="utf-8")
    return run_playbook(playbook, inventories=[inventory]).of("share_access")
