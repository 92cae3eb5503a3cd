# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

import argparse
import signal

from .. import serving
from .oned import Oned
from .server import Endpoint


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="opennebula.py",
        description="An OpenNebula front end's XML-RPC endpoint with an empty database.",
        epilog="SIGTERM and SIGINT end it; SIGUSR1 is a crash of the server and its start from the same database.",
    )
    serving.add_arguments(parser, "127.0.0.1:2633")
    parser.add_argument("--directory", action="append", default=[], metavar="PATH", help="exists on the front end")
    parser.add_argument("--file", action="append", default=[], metavar="PATH", help="exists on the front end")
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
    parsed = serving.parsed(parser, argv)
    for path in parsed.directory + parsed.file:
        if not path.startswith("/"):
            parser.error("--directory, --file: %s is not absolute" % path)
    return parsed


def main(argv=None):
    parsed = _arguments(argv)
    oned = Oned(parsed.account, parsed.directory, parsed.file, parsed.image_delay, parsed.race_window,
                monitor_period=parsed.monitor_period)
    host, port = parsed.at
    signal.signal(signal.SIGUSR1, lambda *dummy: oned.crash())
    return serving.serve(parsed.listen, lambda: Endpoint(oned, host, port, log_path=parsed.log))
