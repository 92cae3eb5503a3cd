# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a secret is to be found, in whatever spelling: on a host, while something runs there, and in texts."""

from __future__ import annotations

import base64
import json
import shlex
import urllib.parse

# What runs on a host: it gets `patterns`, a list of bytes, and prints a list of places as JSON.
_SEARCH = r"""
import json, os, re, stat, subprocess
wanted = re.compile(b"|".join(map(re.escape, patterns)))
places = set()

def look(name, place):
    try:
        if stat.S_ISREG(os.lstat(name).st_mode):
            with open(name, "rb") as source:
                if wanted.search(source.read()):
                    places.add(place)
    except OSError:
        # It is gone meanwhile.
        pass

for top in ("/boot", "/dev/shm", "/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr/lib/systemd", "/var"):
    for directory, names, files in os.walk(top):
        names[:] = [name for name in names if os.path.join(directory, name) not in ("/var/cache/apt", "/var/lib/apt")]
        for name in files:
            path = os.path.join(directory, name)
            if wanted.search(os.fsencode(path)):
                places.add(path)
            look(path, path)
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("cmdline", "environ", "mountinfo"):
        look("/proc/%s/%s" % (pid, name), "/proc/PID/" + name)
look("/proc/self/mounts", "/proc/mounts")
for place, command in (("journal", ["journalctl", "-o", "export", "--no-pager"]), ("kernel log", ["dmesg"]),
                       ("systemd", ["systemctl", "show", "*.mount", "*.automount", "*.service"])):
    if wanted.search(subprocess.run(command, stdout=subprocess.PIPE).stdout):
        places.add(place)
print(json.dumps(sorted(places)))
"""

# What looks at all processes of a host until it is told to stop; it never has the secret among its own arguments.
_SAMPLE = r"""
import json, os, re, time
wanted = re.compile(b"|".join(map(re.escape, patterns)))
places, seen, rounds, first = set(), set(), 0, {}
while not os.path.exists("/run/sampler.stop"):
    now = time.monotonic()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        # One that has been there for a while does not change its arguments any more; it is looked at now and then.
        if now - first.setdefault(pid, now) > 1 and rounds % 100:
            continue
        for name in ("cmdline", "environ"):
            try:
                with open("/proc/%s/%s" % (pid, name), "rb") as source:
                    data = source.read()
            except OSError:
                continue
            if wanted.search(data):
                places.add("/proc/PID/%s: %s" % (name, open("/proc/%s/comm" % pid).read().strip()))
            if name == "cmdline":
                seen.add(os.path.basename(data.split(b"\0")[0]).decode("utf-8", "replace"))
    rounds += 1
    time.sleep(0.005)
with open("/run/sampler.part", "w") as report:
    json.dump({"places": sorted(places), "seen": sorted(seen), "rounds": rounds}, report)
os.rename("/run/sampler.part", "/run/sampler.json")
"""


def spellings(secret: str) -> list[str]:
    """A secret as programs write it: itself, for the kernel, Python, JSON, YAML, a shell, a URL, fstab, systemd."""
    found = {
        secret,
        secret.replace(",", ",,"),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        secret.replace("'", "''"),
        shlex.quote(secret)[1:-1],
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        "".join(f"\\{ord(each):03o}" if each in " \t\\#" else each for each in secret),
        "".join(f"\\x{ord(each):02x}" if each in " \t\\'\"" else each for each in secret),
        base64.b64encode(secret.encode()).decode().rstrip("="),
    }
    return sorted(found)


def found_in(text: str, secrets: list[str]) -> list[str]:
    """The spellings of secrets that a text holds."""
    return [each for secret in secrets for each in spellings(secret) if each in text]


def places_with(output, secrets: list[str]) -> list[str]:
    """The files, process lists and logs of a host that hold a secret in any spelling, sorted.

    output: a function that gives the output of a shell command on the host.
    """
    return json.loads(output(program(_SEARCH, secrets)))


def start_sampling(output, secrets: list[str]) -> None:
    """Look at the arguments and the environment of every process on a host from now on."""
    output(f"rm -f /run/sampler.*; systemd-run --quiet --unit sampler {program(_SAMPLE, secrets)}")


def stop_sampling(output) -> dict:
    """{"places": where a secret was seen, "seen": names of all programs, "rounds": how often all were looked at}"""
    return json.loads(output(
        "touch /run/sampler.stop; timeout 60 sh -c 'while [ ! -e /run/sampler.json ]; do sleep 0.2; done';"
        " cat /run/sampler.json"))


def program(script: str, secrets: list[str]) -> str:
    """A shell command that runs a script with the secrets, of which nothing can be read in a process list."""
    patterns = [each.encode() for secret in secrets for each in spellings(secret)]
    coded = f"patterns = {patterns!r}\n{script}".encode().hex()
    return f"python3 -c 'exec(bytes.fromhex(\"{coded}\"))'"
