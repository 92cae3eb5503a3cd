# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site: built by antsibull-docs and Sphinx, its links, and pictures of it as a browser shows it."""

import shutil

from tests.gates import environments
from tests.gates.process import CACHE, ROOT, environment, run

MINUTE = 60
SITE = CACHE / "site"
HTML = SITE / "html"
SCREENS = SITE / "screens"
_DOCSITE = ROOT / "docs/docsite/rst"


def site(log):
    """the documentation site builds without a warning, in .cache/site/html"""
    venv = _sources(log)
    _sphinx(log, venv, "html", HTML, "--fail-on-warning", "--keep-going")
    log.say(f"The start page is {HTML / 'index.html'}.")


def links(log):
    """the addresses of other sites that the documentation names answer; needs the network"""
    venv = _sources(log)
    _sphinx(log, venv, "linkcheck", SITE / "links", "--keep-going")


def screens(log):
    """the site as Chromium shows it, narrow and wide, in .cache/site/screens"""
    site(log)
    _chromium(log)
    venv = environments.docs(log)
    run(log, ["python", "-m", "tests.pictures.screens", HTML, SCREENS], seconds=5 * MINUTE, env=environment(venv))


def _chromium(log):
    if shutil.which("chromium") is None:
        environments.apt_install(log, ["chromium", "fonts-dejavu-core"], "chromium is missing, which takes the pictures")


def drawings(log):
    """the guides' pictures, drawn again into docs/docsite/rst/images"""
    venv = environments.docs(log)
    _chromium(log)
    for module in ("tests.pictures", "tests.pictures.dashboard", "tests.pictures.proof_page"):
        run(log, ["python", "-m", module, _DOCSITE / "images"], seconds=10 * MINUTE, env=environment(venv))


def _sources(log):
    """Write the site's sources: its own pages, those of plugins and roles, the guides and their pictures."""
    venv = environments.docs(log)
    sources = SITE / "sources"
    shutil.rmtree(sources, ignore_errors=True)
    shutil.copytree(ROOT / "docs/site", sources)
    collection = sources / "collection"
    collection.mkdir(mode=0o755)
    run(log, ["antsibull-docs", "--config-file", sources / "antsibull-docs.cfg", "collection", "--use-current",
              "--fail-on-error", "--squash-hierarchy", "--dest-dir", collection, "virtshare.storage"],
        seconds=5 * MINUTE, env=environment(venv))
    images = collection / "docsite/images"
    shutil.copytree(_DOCSITE / "images", images)
    run(log, ["python", "-m", "tests.pictures", images], seconds=MINUTE, env=environment(venv))
    return venv


def _sphinx(log, venv, builder, target, *options):
    shutil.rmtree(target, ignore_errors=True)
    run(log, ["sphinx-build", "--builder", builder, "--fresh-env", "--jobs", "auto", "--doctree-dir", SITE / "doctrees", *options,
              SITE / "sources", target],
        seconds=10 * MINUTE, env=environment(venv, SITE_COLLECTION=str(ROOT)))
