# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module says and logs, with passwords that are spelled otherwise in a log."""

import json

import pytest

from tests.support.modules import logged, run_module

# The password's marks are found whatever a program makes of the rest.
HOSTILE = ["hunter2", "hunter2\\\\hunter2", "hunter2'\"hunter2", "hunter2, #&=ühunter2", "it's\\hunter2"]


@pytest.fixture(params=[True, False], ids=["a core that hides", "a core that does not"])
def log(request, monkeypatch):
    return logged(monkeypatch, request.param)


@pytest.mark.parametrize("password", HOSTILE)
@pytest.mark.parametrize("more", [{}, {"type": "nfs"}, {"path": "srv/x"}, {"options": {"password": "x"}},
                                  {"source": "//nas'\"/%s"}])
def test_the_password_is_neither_logged_nor_returned(log, tmp_path, password, more):
    share = {"path": "/srv/no-such/media", "type": "cifs", "source": "//127.0.0.1/media", "options": {"port": "1"},
             "credentials": {"username": "vm", "password": password}}
    more = dict((key, value % password if key == "source" else value) for key, value in more.items())
    result = run_module("share_mounts", {"shares": [dict(share, **more)], "timeout": 1, "missing_programs": "fail",
                                         "fstab": str(tmp_path / "fstab")}, check=True)
    assert result["failed"] and result["invocation"]["module_args"]["shares"][0]["credentials"]["username"] == "vm"
    assert log
    for text in [json.dumps(result), repr(result)] + log:
        assert "hunter2" not in text


@pytest.mark.parametrize("password", HOSTILE)
def test_a_refused_option_does_not_show_the_password(log, password):
    """Ansible ends such a module itself, before there is anything to do."""
    result = run_module("share_mounts", {"missing_programs": password, "shares": [
        {"path": "/srv/x", "type": "cifs", "source": "//nas/x", "credentials": {"username": "vm", "password": password}}]})
    assert result["failed"] and "missing_programs must be one of" in result["msg"]
    assert "hunter2" not in json.dumps(result)
