# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an exchange costs before it begins; what it does is tested with the clients of the platforms."""

import subprocess
import sys

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan import web
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Failure

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


@pytest.mark.parametrize("url", [
    "http://frontend:2633/RPC2", "HTTPS://one.example.org/RPC2", "http://[2001:db8::1]:2633/RPC2", "http://192.0.2.1", "http://h/",
    "https://proxy-user:p%2Fw@one.example.org/RPC2", "http://user:a@b:c@frontend/RPC2",
])
def test_an_address_is_taken(url):
    assert web.checked_address(url, "opennebula_storage", "http://x") == url


@pytest.mark.parametrize("url", [
    "", "frontend:2633", "ftp://frontend", "http://", "http:///RPC2", "http://?x", "http://h/RPC2?x", "http://h/RPC2#x", "http://[::1:2633/RPC2",
    "http://::1/RPC2", "http://h:port/RPC2", "http://a b/RPC2", "http://h/RP C2", "http://h/RPC2 ", "http://h/RPC2\n", "http://h/\u00fc",
])
def test_what_is_no_address_is_refused_before_it_is_asked(url):
    with pytest.raises(Failure, match="is not an address such as http://x"):
        web.checked_address(url, "opennebula_storage", "http://x")
    assert web.secrets_in(url) == set()


@pytest.mark.parametrize("password", ["p/w", "p?w", "p#w", "p w", "p/w@x", "[p", "p\nw"])
def test_a_password_that_makes_it_no_address_is_shown_nowhere(password):
    url = "http://user:%s@frontend:2633/RPC2" % password
    with pytest.raises(Failure) as failure:
        web.checked_address(url + " ", "opennebula_storage", "http://x")
    assert "'http://frontend:2633/RPC2 '" in str(failure.value) and "such as %2F" in str(failure.value)
    assert password in web.secrets_in(url)


def test_a_proxy_of_the_environment_that_is_no_address_is_named_without_its_password(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://user:p/w@[::1:3128")
    found = web.Web("OpenNebula", "XML-RPC", "opennebula_storage", "http://frontend:2633/RPC2", timeout=5)
    answer = found.exchange("POST", found.url)
    assert "the proxy http://[::1:3128, which http_proxy" in found.sentence("one.system.version", answer, writing=False)
