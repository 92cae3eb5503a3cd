# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

import argparse
import signal
import sys
import threading

from .oned import Oned
from .server import Endpoint


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="opennebula.py",
        description="An OpenNebula front end's XML-RPC endpoint with an empty database.",
        epilog="SIGTERM and SIGINT end it; SIGUSR1 is a crash of the server and its start from the same database.",
    )
    parser.add_argument("--listen", default="127.0.0.1:2633", metavar="HOST:PORT", help="port 0: any free one")
    parser.add_argument("--credentials", required=True, metavar="USER:PASSWORD", help="of the administrator")
    parser.add_argument("--directory", action="append", default=[], metavar="PATH", help="exists on the front end")
    parser.add_argument("--file", action="append", default=[], metavar="PATH", help="exists on the front end")
    parser.add_argument("--log", metavar="FILE", help="append one JSON line for each call")
    parser.add_argument(
        # As slow as the real drivers, so that what comes next finds an image still locked, or still there.
        "--image-delay", type=float, default=0.25, metavar="SECONDS", help="until a driver has registered an image"
    )
    parser.add_argument(
        "--monitor-period", type=float, default=0, metavar="SECONDS", help="between two probes of a host; 0: none"
    )
    parser.add_argument(
        "--race-window",
        type=float,
        default=0,
        metavar="SECONDS",
        help="let other calls in between the check of a new name and its use, as the real server does",
    )
    parsed = parser.parse_args(argv)
    host, colon, port = parsed.listen.rpartition(":")
    if not colon or not port.isdigit():
        parser.error("--listen %s: write HOST:PORT, such as 127.0.0.1:2633" % parsed.listen)
    user, colon, password = parsed.credentials.partition(":")
    if not colon or not user or not password:
        parser.error("--credentials: write USER:PASSWORD")
    for path in parsed.directory + parsed.file:
        if not path.startswith("/"):
            parser.error("--directory, --file: %s is not absolute" % path)
    parsed.host, parsed.port, parsed.account = host, int(port), (user, password)
    return parsed


def main(argv=None):
    parsed = _arguments(argv)
    oned = Oned(parsed.account, parsed.directory, parsed.file, parsed.image_delay, parsed.race_window,
                monitor_period=parsed.monitor_period)
    try:
        endpoint = Endpoint(oned, parsed.host, parsed.port, parsed.log)
    except OSError as error:
        print("cannot serve on %s: %s" % (parsed.listen, error), file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *dummy: ended.set())
    signal.signal(signal.SIGUSR1, lambda *dummy: oned.crash())
    endpoint.start()
    print("listening on %s" % endpoint.url, flush=True)
    ended.wait()
    endpoint.stop()
    return 0
