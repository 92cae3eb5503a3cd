# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that knows secrets: neither its answer nor what is logged of it on the host has one, in any spelling.

Up to 2.21 ansible-core hides the values of options with no_log, and what else is in no_log_values, in the answer. From 2.22 on
it leaves the answer as it is, hides the values of these options where it shows something, and does not look at no_log_values.
No version knows how Python spells a secret inside something else. So all of it is hidden here.
"""

import json
import re

from ansible.module_utils.basic import AnsibleModule

from .web import secrets_in

HIDDEN = "********"


def spellings(secret):
    """How a secret looks as it is, and where a program writes it as a part of something else, as Python and JSON do."""
    # Python escapes the one kind of quotes only where the whole text has both.
    both = repr(secret + "'\"")[1:-4]
    return {secret, repr(secret)[1:-1], both, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]} - {""}


def hidden(value, secrets):
    """A value, and all values in it, with HIDDEN for each secret in its texts. Keys stay as they are."""
    known = sorted((spelling for secret in secrets for spelling in spellings(secret)), key=len, reverse=True)
    return _replaced(value, re.compile("|".join(map(re.escape, known)))) if known else value


def _replaced(value, pattern):
    if isinstance(value, str):
        return pattern.sub(HIDDEN, value)
    if isinstance(value, dict):
        return dict((key, _replaced(each, pattern)) for key, each in value.items())
    if isinstance(value, (list, tuple, set)):
        return [_replaced(each, pattern) for each in value]
    return value


class SecretiveModule(AnsibleModule):
    """What a module with a password is made with, in place of AnsibleModule."""

    def exit_json(self, **kwargs):
        super().exit_json(**self._answer(kwargs))

    def fail_json(self, msg, **kwargs):
        super().fail_json(self._hidden(str(msg)), **self._answer(kwargs))

    def warn(self, warning, **kwargs):
        super().warn(self._hidden(warning), **kwargs)

    def _answer(self, result):
        # What Ansible adds of itself, and shows at -vvv.
        return self._hidden(dict({"invocation": {"module_args": self.params}}, **result))

    def _hidden(self, value):
        url = self.params.get("api_url")
        return hidden(value, self.no_log_values | secrets_in(url if isinstance(url, str) else ""))

    def _log_invocation(self):
        # Ansible logs options as Python writes them, and looks for a secret as it is.
        params = self.params
        self.params = self._hidden(params)
        try:
            super()._log_invocation()
        finally:
            self.params = params
