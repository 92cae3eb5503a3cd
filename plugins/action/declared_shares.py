# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the declaration of shares on the controller, and give its normal form."""

from ..module_utils._access import declared, named_accounts
from ..module_utils._plan.plan import refuse
from ..module_utils._proof import declared as proven
from ..module_utils._proof.explain import listed
from ..module_utils._share.declaration import checked
from ..plugin_utils._action import ControllerAction, each_once, plain


class ActionModule(ControllerAction):
    """declared_shares, see its documentation."""

    WHERE = "in the declared shares"
    ARGUMENTS = dict(
        shares=dict(type="raw"),
        fail=dict(type="bool", default=True),
        registered=dict(type="str"),
        directories=dict(type="list", elements="str", default=[]),
        troubles=dict(type="list", elements="dict", default=[]),
        allow_empty=dict(type="bool", default=True),
    )

    def work(self, arguments, hosts):
        if arguments["registered"]:
            results = hosts.registered(arguments["registered"])
            refuse(each_once({host: result.get("problems") or [] for host, result in results.items()}))
            empty = results and not any(result.get("shares") for result in results.values())
            return {"warnings": ["no share is declared for %s, so that nothing is done here" % listed(results)]} if empty else {}
        shares, problems = checked(plain(arguments["shares"]))
        problems = problems or proven.outside(shares, plain(arguments["directories"]))
        if not arguments["allow_empty"] and not shares and not problems:
            problems = ["no share is declared, and with purge every share would be removed. Check the spelling of "
                        "the variable, or write virtshare_shares: [] if no share is to stay."]
        if arguments["fail"]:
            refuse(problems)
        troubles = {"troubles": _by_path(plain(arguments["troubles"]))} if arguments["troubles"] else {}
        return dict(view([] if problems else shares), problems=problems, **troubles)


def _by_path(troubles):
    """{path: sentence} of what earlier steps say of shares; the first of a path is the cause of what follows."""
    found = {}
    for each in troubles:
        found.setdefault(each["path"], each["error"])
    return found


def view(shares):
    """What the roles need of normal shares; passwords go to the module that mounts, and nowhere else."""
    mounted = declared.entries(shares)
    users, groups = named_accounts.wanted(mounted)
    return {
        "shares": [{key: value for key, value in share.items() if key != "credentials"} for share in shares],
        "types": list(dict.fromkeys(share["type"] for share in mounted)),
        "users": users,
        "groups": groups,
    }
