# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

import argparse

from .. import serving
from .server import Endpoint
from .world import PLAYBOOKS, World


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="awx.py", description="The API of an AWX 24.6.1 that runs no jobs, with what a new one has.")
    serving.add_arguments(parser, "127.0.0.1:8052")
    parser.add_argument("--playbook", action="append", metavar="FILE",
                        help="a playbook of every project from version control; without it: %s" % ", ".join(PLAYBOOKS))
    parser.add_argument("--update-seconds", type=float, default=0.0, metavar="SECONDS", help="how long a project's update takes")
    serving.add_certificate(parser)
    parsed = serving.parsed(parser, argv)
    if bool(parsed.certificate) != bool(parsed.key):
        parser.error("write --certificate together with --key")
    return parsed


def main(argv=None):
    parsed = _arguments(argv)
    certificate = (parsed.certificate, parsed.key) if parsed.certificate else None
    host, port = parsed.at
    world = World(parsed.account, parsed.playbook or PLAYBOOKS, parsed.update_seconds)
    return serving.serve(
        parsed.listen, lambda: Endpoint(world, host, port, log_path=parsed.log, certificate=certificate))
