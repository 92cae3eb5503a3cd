# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of ansible-core that there are here: those that the gates have made environments of, and this one's."""

import pathlib
import sys

import pytest

from tests.support.playbook import ROOT

# Parameters of a test, an interpreter each: what lies between the oldest and the newest only before a release.
_MADE = {path.parents[1].name.rpartition("-")[2]: path for path in sorted(ROOT.glob(".venv-core-*/bin/python"))}
PYTHONS = [pytest.param(path, id=name) for name, path in _MADE.items()]
PYTHONS.append(pytest.param(pathlib.Path(sys.executable), id="here", marks=[pytest.mark.release] if len(_MADE) > 1 else []))
# Where the checkout is linked, for ANSIBLE_COLLECTIONS_PATH.
COLLECTIONS = str(next(parent for parent in pathlib.Path(sys.executable).parent.parent.rglob("ansible_collections")
                       if parent.is_dir()).parent)
