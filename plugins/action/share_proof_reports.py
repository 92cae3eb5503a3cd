# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say where the reports of a proof go, and refuse places where nobody would find them."""

import os
import urllib.parse

from ..module_utils._plan.plan import refuse
from ..plugin_utils._action import ControllerAction

_HERE = ("localhost", "127.0.0.1", "::1")
_FILES = ("share_proof_report_json", "share_proof_report_html")


class ActionModule(ControllerAction):
    """share_proof_reports, see its documentation."""

    WHERE = "with where the reports of the proof are to go"
    ARGUMENTS = dict(
        json=dict(type="str", default=""),
        html=dict(type="str", default=""),
        host=dict(type="str", default="localhost"),
        url=dict(type="str", default=""),
        login=dict(type="bool", default=False),
    )

    def work(self, arguments, hosts):
        host = arguments["host"]
        here = host in _HERE or _full(hosts.variable(host, "ansible_connection")) == "ansible.builtin.local"
        files = dict(zip(_FILES, (arguments["json"] or "", arguments["html"] or "")))
        problems = list(_against_url(arguments["url"] or "", arguments["login"]))
        if here:
            # Ansible would take the directory of the playbook, which is inside the collection.
            files = {name: path and os.path.abspath(os.path.expanduser(path)) for name, path in files.items()}
        else:
            problems += ["%s is '%s', which is a relative path, and share_proof_report_host names %s. Write an absolute "
                         "path." % (name, path, host)
                         for name, path in files.items() if path and not path.startswith("/")]
        refuse(problems)
        warnings = ["%s is %s in the container of this job of AWX, which is gone with the job unless AWX mounts a volume there. "
                    "Name a host in share_proof_report_host, or an address in share_proof_report_url." % (name, path)
                    for name, path in files.items() if path and here and hosts.job().of_awx]
        json, html = (files[name] for name in _FILES)
        return {"json": json, "html": html, "here": here, "warnings": warnings}


def _full(plugin):
    """The full name of a plugin of Ansible's own."""
    return "ansible.builtin." + str(plugin).rpartition(".")[2]


def _against_url(url, login):
    """Sentences about an address that cannot be, or that would show a password."""
    if not url:
        return
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield "share_proof_report_url is '%s'. Write an address such as https://reports.example.org/proof.html." % (
            url if parts.password is None else "hidden, as it holds a password")
    elif "@" in parts.netloc:
        yield ("share_proof_report_url holds a user or a password, which outputs would show. Write them as "
               "share_proof_report_username and share_proof_report_password.")
    elif login and parts.scheme != "https":
        yield "share_proof_report_url is '%s', over which a password can be read on its way. Write https://." % url
