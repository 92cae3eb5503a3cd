# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

import argparse
import contextlib
import pathlib
import subprocess
import tempfile

from .. import serving
from . import names
from .machine import Machine
from .manager import VERSIONS, Manager
from .server import COOKIE, Endpoint


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="flexvdi.py", description="A flexVDI Manager's JSON API, as documented, with an empty database.")
    serving.add_arguments(parser, "127.0.0.1:8443")
    parser.add_argument("--host", action="append", default=[], metavar="ID", help="a registered host")
    parser.add_argument("--disk", action="append", default=[], metavar="HOST:SCSI_ID", help="a disk this host sees")
    parser.add_argument("--file", action="append", default=[], metavar="NAME", help="lies in every media storage")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS with a new self-signed certificate")
    serving.add_certificate(parser)
    parser.add_argument("--lister", metavar="PROGRAM",
                        help="this machine is a host of the Manager: show its real space, and the files of a media "
                             "storage as this program prints them; see machine.py")
    parser.add_argument("--api-version", choices=VERSIONS, default="3.1")
    parser.add_argument("--field", action="append", default=[], metavar="KEY=NAME",
                        help="another name on the wire; keys: %s" % ", ".join(sorted(names.ALL)))
    parser.add_argument("--missing", default="error", metavar="error|STATUS", help="how an unknown id is answered")
    parser.add_argument("--expired", default="401", metavar="error|STATUS", help="how a dead session is answered")
    parser.add_argument("--cookie", default=COOKIE, metavar="NAME", help="of the session cookie")
    parser.add_argument("--task-seconds", type=float, default=1.0, metavar="SECONDS", help="how long a task takes")
    parser.add_argument("--session-seconds", type=float, default=600, metavar="SECONDS", help="a session's life")
    parser.add_argument("--fail-task", action="append", default=[], metavar="TYPE=MESSAGE", help="fails once")
    parser.add_argument("--stuck-task", action="append", default=[], metavar="TYPE", help="never ends")
    parsed = serving.parsed(parser, argv)
    if bool(parsed.certificate) != bool(parsed.key) or (parsed.tls and parsed.certificate):
        parser.error("write --certificate together with --key, or --tls")
    for given, mark in (("disk", ":"), ("field", "="), ("fail_task", "=")):
        pairs = [tuple(value.split(mark, 1)) for value in getattr(parsed, given)]
        if any(len(pair) != 2 for pair in pairs):
            parser.error("--%s: a %s is missing" % (given.replace("_", "-"), mark))
        setattr(parsed, given, pairs)
    for key, _name in parsed.field:
        if key not in names.ALL:
            parser.error("--field %s: unknown; see --help" % key)
    for owner, _disk in parsed.disk:
        if owner not in parsed.host:
            parser.error("--disk %s: there is no such --host" % owner)
    for given in ("missing", "expired"):
        value = getattr(parsed, given)
        if value != "error" and not value.isdigit():
            parser.error("--%s %s: write error or an HTTP status" % (given, value))
    return parsed


@contextlib.contextmanager
def self_signed(host):
    """(certificate file, key file) of a new certificate for this address, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="flexvdi-") as directory:
        key, certificate = pathlib.Path(directory) / "key.pem", pathlib.Path(directory) / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=%s" % host,
             "-addext", "subjectAltName=IP:%s,DNS:localhost" % host], check=True, capture_output=True)
        yield certificate, key


def main(argv=None):
    parsed = _arguments(argv)
    manager = Manager(parsed.account, parsed.host, parsed.disk, parsed.api_version, dict(parsed.field),
                      parsed.task_seconds, parsed.session_seconds, parsed.file,
                      Machine(parsed.lister) if parsed.lister else None)
    manager.tasks.failing.update(parsed.fail_task)
    manager.tasks.stuck.update(parsed.stuck_task)
    host, port = parsed.at
    with contextlib.ExitStack() as stack:
        certificate = (parsed.certificate, parsed.key) if parsed.certificate else None
        if parsed.tls:
            certificate = stack.enter_context(self_signed(host))
        return serving.serve(
            parsed.listen,
            lambda: Endpoint(manager, host, port, log_path=parsed.log, certificate=certificate, missing=parsed.missing,
                             expired=parsed.expired, cookie=parsed.cookie),
            ["certificate in %s" % certificate[0]] if parsed.tls and certificate else [])
