# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the page that a proof writes: python -m tests.pictures.proof_page DIRECTORY

The proof is a real one: three hypervisors, namespaces of this machine, one of which has lost a share. It takes root.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support.privileged import run_as_root

NAME = "proof-page.png"
_SCRIPT = """
from tests.support.rooms import Rooms
with Rooms.open(["hv1", "hv2", "hv3"], ["media", "projects"], share_proof_report_html="/srv/proof.html") as rooms:
    proven = rooms.run("site")
    assert proven["code"] == 0, proven["messages"]
    rooms.sh("hv3", "umount /srv/shares/media")
    assert rooms.run("verify")["code"] != 0
    with open("/srv/proof.html", encoding="utf-8") as page:
        result = page.read()
"""


def main(directory):
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        Path(own).chmod(0o755)
        page_file = Path(own) / "proof.html"
        page_file.write_text(run_as_root(own, _SCRIPT, seconds=500), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 760})
        page.goto(page_file.as_uri())
        page.locator("body").screenshot(path=directory / NAME)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
