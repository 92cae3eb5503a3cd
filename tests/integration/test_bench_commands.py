# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for OpenNebula's command line programs: words, calls, output and exit codes."""

import json
import subprocess

import pytest

from tests.bench.datastores import command_line_programs
from tests.support.opennebula import PASSWORD, USER, opennebula

# Only the bench runs it.
pytestmark = pytest.mark.release

DATASTORE = 'NAME = "{}"\nTYPE = "IMAGE_DS"\nDS_MAD = "virtiofs"\nTM_MAD = "local"\nDISK_TYPE = "FILESYSTEM"\nSAFE_DIRS = "/srv"\n'
IMAGE = 'NAME = "a"\nTYPE = "FILESYSTEM"\nPATH = "/srv/a"\n'


@pytest.fixture
def run(tmp_path):
    """run(program, words…, stdin) gives (exit code, output, names of the calls made)."""
    programs = command_line_programs(tmp_path)
    (tmp_path / "one_auth").write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
    with opennebula(directories=["/srv/a"]) as server:
        environment = {"ONE_XMLRPC": server.endpoint.url, "ONE_AUTH": str(tmp_path / "one_auth")}

        def once(program, *words, stdin=""):
            before = len(server.calls)
            done = subprocess.run([programs / program, *words], input=stdin, env=environment, capture_output=True,
                                  text=True, check=False)
            return done.returncode, done.stdout + done.stderr, [name[len("one."):] for name in server.calls[before:]]

        yield once


def test_a_datastore_from_its_creation_to_its_update(run):
    assert run("onedatastore", "show", "--json", "d") == (255, "DATASTORE named d not found.\n", ["datastorepool.info"])
    assert run("onedatastore", "create", "/dev/stdin", stdin=DATASTORE.format("d")) == (
        0, "ID: 100\n", ["datastore.allocate"])
    code, output, calls = run("onedatastore", "show", "--json", "d")
    assert code == 0 and calls == ["datastorepool.info", "datastore.info"]
    shown = json.loads(output)["DATASTORE"]
    assert shown["NAME"] == "d" and shown["TEMPLATE"]["SAFE_DIRS"] == "/srv" and shown["IMAGES"] == {}
    code, output, calls = run("onedatastore", "update", "d", "/dev/stdin", "--append", stdin='SAFE_DIRS = "/opt"')
    assert (code, output, calls) == (0, "", ["datastorepool.info", "datastore.update"])
    listed = json.loads(run("onedatastore", "list", "--json")[1])["DATASTORE_POOL"]["DATASTORE"]
    assert {one["NAME"]: one["TEMPLATE"].get("SAFE_DIRS") for one in listed}["d"] == "/opt"


def test_an_image_is_put_into_a_datastore_by_its_name(run):
    run("onedatastore", "create", "/dev/stdin", stdin=DATASTORE.format("d"))
    assert run("oneimage", "create", "--datastore", "d", "/dev/stdin", stdin=IMAGE) == (
        0, "ID: 0\n", ["datastorepool.info", "image.allocate"])
    code, output, calls = run("oneimage", "show", "--json", "a")
    assert code == 0 and calls == ["imagepool.info", "image.info"]
    assert json.loads(output)["IMAGE"]["DATASTORE"] == "d"
    # One alone is an object, not a list: the well-known trap of this JSON.
    assert json.loads(run("oneimage", "list", "--json")[1])["IMAGE_POOL"]["IMAGE"]["NAME"] == "a"


def test_what_the_server_refuses_is_said_and_fails(run):
    run("onedatastore", "create", "/dev/stdin", stdin=DATASTORE.format("d"))
    code, output, _calls = run("onedatastore", "create", "/dev/stdin", stdin=DATASTORE.format("d"))
    assert code == 255 and "NAME is already taken by DATASTORE 100" in output
