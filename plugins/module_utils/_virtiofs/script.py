# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guest does, and how to read what it says on its console. Pure.

The guest is not told what it should read: it says what it found, and the host compares.
"""

import re
import shlex

MARK = "virtshare-proof:"

_HEAD = """\
#!/busybox sh
# Mounts each tag, reads what another host wrote, writes an answer, and ends the guest; the console is told all of it.
/busybox mount -t devtmpfs dev /dev
/busybox mount -t proc proc /proc
exec < /dev/console > /dev/console 2>&1
# Whatever hangs, and whoever started it dies: the guest ends.
(/busybox sleep {seconds}; /busybox poweroff -f) &
now() {{ read -r up idle < /proc/uptime; }}
say() {{ now; /busybox echo "{mark} $up $*"; }}
flat() {{ /busybox tr '\\n' ' '; }}
say alive
for module in /modules/*.ko; do
    [ -e "$module" ] || continue
    /busybox insmod "$module" 2>&1 || say module "$module"
done
share() {{
    at=/mnt/$1
    /busybox mkdir "$at"
    say "$1" mount
    out=$(/busybox mount -t virtiofs -o "$6" "$2" "$at" 2>&1) || {{
        say "$1" failed mount "$(echo "$out" | flat)"; return; }}
    say "$1" mounted
    out=$(/busybox cat "$at/$3" 2>&1) || {{ say "$1" failed read "$(echo "$out" | flat)"; return; }}
    say "$1" read "$(echo "$out" | flat)"
    if [ -n "$4" ]; then
        out=$( (umask 022; /busybox echo -n "$5" > "$at/$4") 2>&1) || {{
            say "$1" failed write "$(echo "$out" | flat)"; return; }}
        out=$(/busybox umount "$at" 2>&1) || {{ say "$1" failed write "$(echo "$out" | flat)"; return; }}
        say "$1" wrote
    fi
}}
"""

_TAIL = """\
say done
/busybox poweroff -f
"""


def init(shares, seconds):
    """The text of /init. shares: [{"mount_tag", "read", "write", "answer"}], paths within the share; write None for none.

    seconds: after which the guest powers off whatever it is at.
    """
    text = _HEAD.format(mark=MARK, seconds=int(seconds))
    for number, share in enumerate(shares):
        words = ["share", str(number), share["mount_tag"], share["read"], share["write"] or "", share["answer"] or "",
                 "rw" if share["write"] else "ro"]
        text += " ".join(shlex.quote(word) for word in words) + "\n"
    return text + _TAIL


class Seen:
    """What a console's text says so far.

    alive, done: the guest's uptime then, or None. shares: {number: {"mounted": seconds it took, "read": text,
    "wrote": bool, "failed": (what, words)}}, each key only if it came to that.
    """

    def __init__(self, text):
        self.alive = None
        self.done = None
        self.shares = {}
        for line in text.replace("\r", "").split("\n"):
            # The kernel or the firmware may have left the line unfinished before.
            match = re.search(re.escape(MARK) + r" (\d+\.\d+) (\S+) ?(.*)", line)
            if match:
                self._take(float(match.group(1)), match.group(2), match.group(3).strip())

    def _take(self, uptime, word, rest):
        if word in ("alive", "done"):
            setattr(self, word, uptime)
            return
        if not word.isdigit():
            return
        share = self.shares.setdefault(int(word), {})
        what, dummy, words = rest.partition(" ")
        if what == "mount":
            share["started"] = uptime
        elif what == "mounted" and "started" in share:
            share["mounted"] = round(uptime - share["started"], 2)
        elif what == "read":
            share["read"] = words.strip()
        elif what == "wrote":
            share["wrote"] = True
        elif what == "failed":
            step, dummy, words = words.partition(" ")
            share["failed"] = (step, words.strip())


def tail(text, lines=8):
    """The last lines of a console that say something, for a message."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x20-\x7e\n]", "", text)
    return " | ".join([line.strip() for line in plain.split("\n") if line.strip()][-lines:])
