# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that a user names, among those that OpenNebula shows, and what to do where one is not among them. No I/O."""

from .._plan.plan import refuse
from .._plan.web import shown


def chosen(client, names, hosts, rights):
    """Those of the hosts that are named; a Refusal for the others, which may be there and not be shown to this user.

    OpenNebula keeps names unique, but for two hosts that are made at the same moment. Which of them is meant nobody knows.
    client: the Client that read them. hosts: of dict, with "name" and "id". rights: what the module needs on them, such as USE.
    """
    known = {host["name"]: host for host in hosts}
    doubled = [name for name in dict.fromkeys(names) if sum(host["name"] == name for host in hosts) > 1]
    refuse(["OpenNebula at %s has more than one host %s (ids %s). Rename or delete all but one of them." % (
        shown(client.url), name, " and ".join(str(host["id"]) for host in sorted(hosts, key=lambda one: one["id"])
                                              if host["name"] == name)) for name in doubled])
    missing = [name for name in names if name not in known]
    refuse(["OpenNebula at %s does not show the host %s to user %s. Correct the name; or, if it is there, %s" % (
        shown(client.url), ", ".join(missing), client.username, way_to(rights, client.username))] if missing else [])
    return [known[name] for name in dict.fromkeys(names)]


def way_to(rights, username):
    """How a user gets rights on all hosts, the end of a sentence."""
    return ("give the user %s the rights that this needs, as oneadmin on the front end: oneacl create '#ID HOST/* %s', "
            "with the user's ID as oneuser list shows it" % (username, rights))
