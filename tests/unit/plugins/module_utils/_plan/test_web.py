# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an exchange costs before it begins; what it does is tested with the clients of the platforms."""

import subprocess
import sys

import pytest

LOADED = """
import sys
from ansible_collections.virtshare.storage.plugins.module_utils._plan.web import Web
Web("OpenNebula", "XML-RPC", "opennebula_storage", sys.argv[1])
print("ansible.module_utils.urls" in sys.modules)
"""


@pytest.mark.parametrize("url, expected", [("http://frontend:2633/RPC2", "False"), ("https://frontend/RPC2", "True")])
def test_what_only_tls_needs_is_loaded_for_tls_only(url, expected):
    said = subprocess.check_output([sys.executable, "-c", LOADED, url], universal_newlines=True)
    assert said.strip() == expected
