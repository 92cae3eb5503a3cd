# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: `python3 -m tests.lab VERB …` from the repository's root."""

import argparse
import os
import sys

from tests.lab import image, machine, recipe
from tests.lab import lab as labs
from tests.lab.engines.choice import ENGINES, NEEDS, choose
from tests.lab.errors import LabError
from tests.lab.lab import Lab


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python3 -m tests.lab", description="Real hosts on this machine.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, *arguments: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=text, description=text)
        for argument in arguments:
            if argument == "--name":
                one.add_argument("--name", required=True, help="the lab's name")
            elif argument == "--engine":
                one.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
                one.add_argument("--needs", default="", choices=list(NEEDS),
                                 help="what the scenario needs of a host's kernel")
            else:
                one.add_argument(argument)
        return one

    verb("prerequisites", "Print which packages this machine lacks.", "--engine").add_argument(
        "--install", action="store_true", help="install them with apt-get (by sudo when not root)")
    verb("image", "Build the hosts' image unless it is there; print its directory.", "--engine").add_argument(
        "--suite", choices=recipe.SUITES, default=recipe.SUITE, help="the Debian of the hosts (%(default)s)")
    up = verb("up", "Boot a lab and wait until all its hosts answer.", "--name", "--engine")
    up.add_argument("hosts", nargs="+", metavar="HOST[:FLAVOUR]",
                    help=f"flavours: {', '.join(recipe.FLAVOURS)}; the first without")
    up.add_argument("--memory", action="append", default=[], metavar="[HOST=]SIZE", help="default 768M")
    up.add_argument("--disk", action="append", default=[], metavar="HOST=SIZE",
                    help="a disk of the host's own, /dev/disk/by-id/virtshare-lab-dataN")
    up.add_argument("--shared-disk", action="append", default=[], metavar="HOST,HOST=SIZE",
                    help="one disk on several hosts, /dev/disk/by-id/virtshare-lab-sharedN")
    up.add_argument("--fresh", action="store_true", help="replace a lab of this name that is up")
    verb("inventory", "Print the lab's Ansible inventory (YAML).", "--name")
    verb("status", "Print the labs, or one lab's hosts.").add_argument("--name")
    ssh = verb("ssh", "Log in to a host, or run a command on it.", "name", "host")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    for name, text in (("power-off", "Cut a host's power."), ("power-on", "Start a host that is off."),
                       ("reboot", "Let a host reboot."), ("cut", "Pull a host's network cable."),
                       ("reconnect", "Plug a host's network cable in again.")):
        verb(name, text, "name", "host")
    down = verb("down", "End a lab, or all of an owner; nothing of them stays.").add_mutually_exclusive_group(required=True)
    down.add_argument("--name", help="the lab's name")
    down.add_argument("--owner", help=f"what {image.OWNER} was when they were started; its beginning with a / at the end")
    return top


def main(arguments: list[str]) -> int:
    words = parser().parse_args(arguments)
    if words.verb == "prerequisites":
        machine.require_namespaces()
        missing = machine.missing_packages({**image.PROGRAMS, **choose(words.engine, words.needs).programs})
        if missing and words.install:
            machine.install(missing)
            return 0
        print("\n".join(missing))
        return 1 if missing else 0
    if words.verb == "image":
        engine = choose(words.engine, words.needs)
        machine.require(engine.programs)
        print(image.ensure(engine.images, words.suite))
        return 0
    if words.verb == "up":
        Lab.up(words.name, words.hosts, words.memory, words.disk, words.shared_disk, words.engine, words.needs,
               words.fresh)
        return 0
    if words.verb == "status" and not words.name:
        for name in labs.labs():
            print(f"{name:20} {Lab(name).state()}")
        return 0
    if words.verb == "down":
        for name in [words.name] if words.name else labs.labs(words.owner):
            Lab(name).down()
        return 0
    lab = Lab(words.name)
    if words.verb == "status":
        for name, state in lab.status().items():
            print(f"{name:12} {state['flavour']:11} {state['address']:22} power {state['power']:4} "
                  f"network {state['network']:10} boots {state['boots']}")
    elif words.verb == "inventory":
        print(lab.inventory(), end="")
    elif words.verb == "ssh":
        command = [*lab.ssh_command(words.host), *words.command]
        os.execvp(command[0], command)
    else:
        getattr(lab, words.verb.replace("-", "_"))(words.host)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as problem:
        print(f"lab: {problem}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
