# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module that knows secrets answers and logs, whether ansible-core hides something of it or not."""

import importlib
import json
import pathlib

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan import outcome, secretive
from ansible_collections.virtshare.storage.plugins.module_utils._plan.secretive import HIDDEN, hidden, spellings

from tests.support.modules import PACKAGE, logged, run_module
from tests.unit.docs.guides import module_spec

MODULES = sorted(path.stem for path in pathlib.Path(importlib.import_module(PACKAGE.rstrip(".")).__path__[0]).glob("*.py")
                 if "def main(" in path.read_text(encoding="utf-8"))
SECRETS = ["plain", "a\\b", "it's", "it's \"both\"", "ü\\", "a\\'\"b, #&=ü\\\\"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_known_in_the_spellings_of_a_log(secret):
    text = str([{"credentials": {"password": secret}}])
    for spelling in sorted(spellings(secret), key=len, reverse=True):
        text = text.replace(spelling, "*")
    assert text.replace('"', "'") == "[{'credentials': {'password': '*'}}]"


@pytest.mark.parametrize("around", ["%s", "'%s", '"%s', "'\"%s"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_hidden_in_texts_of_any_depth(secret, around):
    text = around % secret
    value = {"a": [text, repr(text), {"b": (json.dumps(text),)}], "c": json.dumps(text, ensure_ascii=False), "d": [1, None, True]}
    found = hidden(value, {secret})
    assert set(found) == {"a", "c", "d"} and found["d"] == [1, None, True]
    assert found["a"][0] == around % HIDDEN
    assert all(each.count(HIDDEN) == 1 for each in (found["a"][1], found["a"][2]["b"][0], found["c"]))
    assert not [each for each in spellings(secret) if each in repr(found)]


def test_the_longer_secret_goes_first_and_keys_stay():
    assert hidden({"pass": "password"}, {"pass", "password"}) == {"pass": HIDDEN}


def test_without_a_secret_nothing_is_hidden():
    assert hidden({"a": "b"}, set()) == {"a": "b"} and hidden("b", {""}) == "b"


@pytest.fixture(params=[True, False], ids=["a core that hides", "a core that does not"])
def log(request, monkeypatch):
    return logged(monkeypatch, request.param)


URL = "http://proxy:hunter%322@127.0.0.1:9/RPC2"


@pytest.mark.parametrize("more", [{}, {"timeout": "never"}, {"nonsense": True}])
def test_a_password_in_the_address_is_neither_logged_nor_returned(log, more):
    result = run_module("one_datastore_info", dict({
        "api_url": URL, "api_username": "oneadmin", "api_password": "it's\\hunter2"}, **more))
    assert result["failed"] and result["invocation"]["module_args"]["api_username"] == "oneadmin"
    assert len(log) == (0 if more else 1)
    for text in [json.dumps(result)] + log:
        assert "hunter" not in text


def test_what_the_work_finds_out_is_hidden_everywhere(log, monkeypatch):
    def work(params, check_mode):
        return outcome.Outcome(result={"seen": ["a hunter2", {"b": repr("hunter2\\\"'")}]}, warnings=["old: hunter2"],
                               problems=["hv1: hunter2"], secrets=["hunter2", "hunter2\\\"'"])

    module = importlib.import_module(PACKAGE + "one_datastore_info")
    monkeypatch.setattr(module, "leave", lambda made, _work: outcome.leave(made, work))
    result = run_module("one_datastore_info", {"api_username": "oneadmin", "api_password": "other"})
    assert result["seen"] == ["a " + HIDDEN, {"b": "'%s'" % HIDDEN}]
    assert result["warnings"] == ["old: " + HIDDEN] and result["problems"] == ["hv1: " + HIDDEN] and result["msg"] == "hv1: " + HIDDEN
    assert result["failed"] is True and result["changed"] is False


def _has_secret(options):
    return any(option.get("no_log") or name == "api_url" or _has_secret(option.get("options") or {})
               for name, option in options.items())


def test_every_module_with_a_secret_is_made_so():
    with_secrets = [name for name in MODULES if _has_secret(module_spec(name)["argument_spec"])]
    assert {"share_mounts", "one_datastore", "flexvdi_storage"} < set(with_secrets) < set(MODULES)
    for name in with_secrets:
        module = importlib.import_module(PACKAGE + name)
        assert module.SecretiveModule is secretive.SecretiveModule and not hasattr(module, "AnsibleModule"), name
