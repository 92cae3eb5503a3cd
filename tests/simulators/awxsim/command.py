# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

import argparse
import signal
import ssl
import sys
import threading

from .server import Endpoint
from .world import PLAYBOOKS, World


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="awx.py", description="The API of an AWX 24.6.1 that runs no jobs, with what a new one has.")
    parser.add_argument("--listen", default="127.0.0.1:8052", metavar="HOST:PORT", help="port 0: any free one")
    parser.add_argument("--credentials", required=True, metavar="USER:PASSWORD", help="of the administrator")
    parser.add_argument("--playbook", action="append", metavar="FILE",
                        help="a playbook of every project from version control; without it: %s" % ", ".join(PLAYBOOKS))
    parser.add_argument("--update-seconds", type=float, default=0.0, metavar="SECONDS", help="how long a project's update takes")
    parser.add_argument("--certificate", metavar="FILE", help="serve HTTPS with this one; with --key")
    parser.add_argument("--key", metavar="FILE")
    parser.add_argument("--log", metavar="FILE", help="append one JSON line for each call")
    parsed = parser.parse_args(argv)
    host, colon, port = parsed.listen.rpartition(":")
    if not colon or not port.isdigit():
        parser.error("--listen %s: write HOST:PORT, such as 127.0.0.1:8052" % parsed.listen)
    user, colon, password = parsed.credentials.partition(":")
    if not colon or not user or not password:
        parser.error("--credentials: write USER:PASSWORD")
    if bool(parsed.certificate) != bool(parsed.key):
        parser.error("write --certificate together with --key")
    parsed.at, parsed.account = (host, int(port)), (user, password)
    return parsed


def main(argv=None):
    parsed = _arguments(argv)
    certificate = (parsed.certificate, parsed.key) if parsed.certificate else None
    world = World(parsed.account, parsed.playbook or PLAYBOOKS, parsed.update_seconds)
    try:
        endpoint = Endpoint(world, *parsed.at, log_path=parsed.log, certificate=certificate)
    except (OSError, ssl.SSLError) as error:
        print("cannot serve on %s: %s" % (parsed.listen, error), file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *dummy: ended.set())
    endpoint.start()
    print("listening on %s" % endpoint.url, flush=True)
    ended.wait()
    endpoint.stop()
    return 0
