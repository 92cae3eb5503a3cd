# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the documentation site as Chromium shows it: python -m tests.pictures.screens SITE DIRECTORY

Fails when a page of the site is wider than a telephone, so that one has to scroll sideways to read it.
"""

import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

WIDTHS = {390: 844, 1280: 800}
# What is looked at before a release: the start, a module, a role, the guides with pictures.
SHOWN = {
    "start": "index.html",
    "module": "collection/share_mounts_module.html",
    "role": "collection/share_access_role.html",
    "guide_awx": "collection/docsite/guide_awx.html",
    "guide_guard": "collection/docsite/guide_guard.html",
    "benchmarks": "collection/docsite/benchmarks.html",
    "search": "search.html?q=ocfs2",
}
_OVERFLOW = "document.scrollingElement.scrollWidth - window.innerWidth"


def main(site, directory):
    directory.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # As root there is no sandbox; only our own pages are shown.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width, height in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            for name, address in SHOWN.items():
                page.goto(f"{site.as_uri()}/{address}", wait_until="load")
                page.screenshot(path=directory / f"{name}-{width}.png", full_page=True)
        page = browser.new_page(viewport={"width": min(WIDTHS), "height": WIDTHS[min(WIDTHS)]})
        wide = {}
        for file in sorted(site.rglob("*.html")):
            page.goto(file.as_uri(), wait_until="load")
            wide[str(file.relative_to(site))] = page.evaluate(_OVERFLOW)
        browser.close()
    troubles = [f"{name} is {pixels} pixels too wide" for name, pixels in wide.items() if pixels > 0]
    print(f"{len(wide)} pages at {min(WIDTHS)} pixels;", "; ".join(troubles) or "none has to be scrolled sideways")
    return int(bool(troubles))


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(word).resolve() for word in sys.argv[1:])))
