# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module says and logs, with passwords that are spelled otherwise in a log."""

import json

import pytest
from ansible.module_utils.basic import AnsibleModule

from tests.support.modules import run_module

# The password's marks are found whatever a program makes of the rest.
HOSTILE = ["hunter2", "hunter2\\\\hunter2", "hunter2'\"hunter2", "hunter2, #&=ühunter2", "it's\\hunter2"]


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(AnsibleModule, "log", lambda self, text, log_args=None: lines.append("%s %s" % (text, log_args)))
    return lines


@pytest.mark.parametrize("password", HOSTILE)
@pytest.mark.parametrize("more", [{}, {"type": "nfs"}, {"path": "srv/x"}, {"options": {"password": "x"}}])
def test_the_password_is_neither_logged_nor_returned(log, tmp_path, password, more):
    share = {"path": "/srv/no-such/media", "type": "cifs", "source": "//127.0.0.1/media", "options": {"port": "1"},
             "credentials": {"username": "vm", "password": password}}
    result = run_module("share_mounts", {"shares": [dict(share, **more)], "timeout": 1, "missing_programs": "fail",
                                         "fstab": str(tmp_path / "fstab")}, check=True)
    assert result["failed"] and result["invocation"]["module_args"]["shares"][0]["credentials"]["username"] == "vm"
    assert log
    for text in [json.dumps(result), repr(result)] + log:
        assert "hunter2" not in text
