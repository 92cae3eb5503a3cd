# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for OpenNebula's onedatastore and oneimage, as far as the bench needs them.

The real ones are Ruby programs that come with OpenNebula's packages. This one takes the same words, prints the same
JSON, ends with the same exit codes and makes the same XML-RPC calls in the same order (a name costs a read of its
pool). It starts faster than they do, so the figures it gives are rather too good for the command loops.

    onedatastore list --json | show --json NAME | create FILE | update ID FILE [--append]
    oneimage     list --json | show --json NAME | create --datastore NAME FILE | update ID FILE [--append]
"""

import argparse
import json
import os
import sys
import xmlrpc.client
from xml.etree import ElementTree

REPLACE, APPEND = 0, 1
NO_CLUSTER = -1
# Which images a listing shows: all that the user may use.
EVERY_IMAGE = (-2, -1, -1)


class Refused(Exception):
    """What the server, or the program itself, says against it."""


class Front:
    """Calls in the name of the user of ONE_AUTH to the server of ONE_XMLRPC."""

    def __init__(self):
        with open(os.environ["ONE_AUTH"], encoding="utf-8") as handle:
            self._session = handle.readline().strip()
        self._proxy = xmlrpc.client.ServerProxy(os.environ["ONE_XMLRPC"])

    def ask(self, method, *arguments):
        answer = getattr(self._proxy, "one." + method)(self._session, *arguments)
        if not answer[0]:
            raise Refused(answer[1])
        return answer[1]

    def pool(self, kind):
        """The document of all datastores or images."""
        return self.ask(kind + "pool.info", *(EVERY_IMAGE if kind == "image" else ()))

    def number(self, kind, name):
        """The id of what is named so; a number is taken as it is."""
        if name.isdigit():
            return int(name)
        found = [one for one in ElementTree.fromstring(self.pool(kind)) if one.findtext("NAME") == name]
        if len(found) != 1:
            raise Refused("%s named %s %s." % (kind.upper(), name, "not found" if not found else "is ambiguous"))
        return int(found[0].findtext("ID"))


def as_data(element):
    """The JSON shape of an XML element: dicts, lists where a tag repeats, {} where nothing is."""
    if not len(element):
        return element.text or {}
    found = {}
    for child in element:
        found.setdefault(child.tag, []).append(as_data(child))
    return {tag: values[0] if len(values) == 1 else values for tag, values in found.items()}


def shown(document):
    root = ElementTree.fromstring(document)
    return json.dumps({root.tag: as_data(root)}, indent=2)


def contents(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def run(kind, front, words):
    """What the program prints. kind: datastore or image."""
    if words.verb == "list":
        return shown(front.pool(kind))
    if words.verb == "show":
        return shown(front.ask(kind + ".info", front.number(kind, words.which)))
    if words.verb == "update":
        number = front.number(kind, words.which)
        front.ask(kind + ".update", number, contents(words.file), APPEND if words.append else REPLACE)
        return ""
    if kind == "datastore":
        return "ID: %d" % front.ask("datastore.allocate", contents(words.file), NO_CLUSTER)
    datastore = front.number("datastore", words.datastore)
    return "ID: %d" % front.ask("image.allocate", contents(words.file), datastore, False)


def parsed(program, argv):
    parser = argparse.ArgumentParser(prog=program)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list").add_argument("--json", action="store_true", required=True)
    show = verbs.add_parser("show")
    show.add_argument("--json", action="store_true", required=True)
    show.add_argument("which")
    create = verbs.add_parser("create")
    if program == "oneimage":
        create.add_argument("--datastore", required=True)
    create.add_argument("file")
    update = verbs.add_parser("update")
    update.add_argument("which")
    update.add_argument("file")
    update.add_argument("--append", action="store_true")
    return parser.parse_args(argv)


def main():
    program = sys.argv[1]
    words = parsed(program, sys.argv[2:])
    try:
        text = run(program[len("one"):], Front(), words)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 255
    if text:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
