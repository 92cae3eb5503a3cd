# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of the collection in this process, as Ansible would run it: JSON in, JSON out, no process each."""

import contextlib
import importlib
import io
import json
import unittest.mock

from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.module_utils.common.parameters import PASS_VARS

try:
    from ansible.module_utils import _internal
except ImportError:  # before ansible-core 2.19
    _internal = None

PACKAGE = "ansible_collections.virtshare.storage.plugins.modules."


def declared(path, type="local", source=None, read_only=False, **access):
    """A share as modules take it, with owner, group, mode, writers, acl as far as they are given."""
    return {"path": path, "type": type, "source": source, "read_only": read_only, "access": access}


def run_module(name, parameters, check=False):
    """The result of a module (with C(warnings) as plain sentences), whether it failed or not."""
    arguments = dict(parameters, _ansible_check_mode=check, _ansible_diff=True, _ansible_remote_tmp="/tmp")
    if "inject_invocation" in PASS_VARS:
        # From ansible-core 2.21 on, what a user sees at -vvv is returned only when asked for.
        arguments["_ansible_inject_invocation"] = True
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode("utf-8")
    # How ansible-core from 2.19 on wants arguments and results written; older ones do not look at it.
    basic._ANSIBLE_PROFILE = "legacy"
    for collected in (warnings._global_warnings, warnings._global_deprecations):
        collected.clear()
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit), _not_the_controller():
        importlib.import_module(PACKAGE + name).main()
    result = json.loads(output.getvalue())
    # From ansible-core 2.22 on: what the controller is to hide from then on. It takes it out before anybody sees the result.
    result.pop("_ansible_new_secrets", None)
    result["warnings"] = [
        text if isinstance(text, str) else text["event"]["msg"] for text in result.get("warnings", [])
    ]
    return result


def logged(monkeypatch, hides):
    """The list that gets what modules give to the log of their host.

    hides: whether ansible-core hides what it does itself; else nothing in an answer, as it does from 2.22 on.
    """
    lines = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, log_args=None: lines.append(f"{text} {log_args}"))
    if not hides:
        monkeypatch.setattr(basic, "remove_values", lambda value, secrets: value)
        monkeypatch.setattr(basic, "heuristic_log_sanitize", lambda data, secrets=None: data)
    return lines


def _not_the_controller():
    """A process that has imported parts of the controller would show warnings instead of returning them."""
    if not hasattr(_internal, "is_controller"):
        return contextlib.nullcontext()
    return unittest.mock.patch.object(_internal, "is_controller", False)
