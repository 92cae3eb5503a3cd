# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends a run that would use another copy of the collection than the one these tests are in."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: checkout
type: aggregate
short_description: Refuse a copy of the collection that is not the checkout
description: An installed copy, as in the user's home, may stand before the checkout; what it does proves nothing.
author: virtshare contributors (@virtshare)
"""

ROOT = Path(__file__).resolve().parents[3]


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "checkout"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook):
        found = importlib.import_module("ansible_collections.virtshare.storage").__path__[0]
        if not os.path.samefile(found, ROOT):
            self._display.error(f"Ansible takes virtshare.storage from {found}, not from the checkout {ROOT}. "
                                "Set ANSIBLE_COLLECTIONS_PATH to the site-packages of the checkout's .venv.")
            sys.exit(1)
