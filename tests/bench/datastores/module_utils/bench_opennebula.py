# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two per-item modules share, as the modules of community.general share theirs: pyone, and a pool by name."""

import os

from ansible.module_utils.basic import AnsibleModule
from pyone import OneException
from pyone.server import OneServer

APPEND = 1


class ItemModule:
    """One object by name: look it up in its pool, create it when it is not there, append what differs."""

    def __init__(self, argument_spec):
        self.module = AnsibleModule(
            argument_spec=dict(
                argument_spec,
                name=dict(type="str", required=True),
                template=dict(type="dict", required=True),
            ),
            supports_check_mode=True,
        )
        self.params = self.module.params
        self.one = OneServer(
            os.environ["ONE_URL"], session="%s:%s" % (os.environ["ONE_USERNAME"], os.environ["ONE_PASSWORD"]))

    def pool(self):
        """All objects of the kind, as pyone shows them."""
        raise NotImplementedError

    def create(self):
        """Create it and return its id."""
        raise NotImplementedError

    def update(self, number, attributes):
        """Append attributes to the template of what is there."""
        raise NotImplementedError

    def run(self):
        try:
            self.module.exit_json(**self._ensured())
        except OneException as error:
            self.module.fail_json(msg="OpenNebula refuses: %s" % error)

    def _ensured(self):
        found = named(self.pool(), self.params["name"])
        differing = {} if found is None else self._differing(found)
        changed = found is None or bool(differing)
        number = None if found is None else found.ID
        if changed and not self.module.check_mode:
            if found is None:
                number = self.create()
            else:
                self.update(number, differing)
        return dict(changed=changed, id=number)

    def _differing(self, found):
        """Attributes of the declared template that the object has otherwise or not at all."""
        return dict((key, value) for key, value in self.params["template"].items() if found.TEMPLATE.get(key) != value)


def named(pool, name):
    """What is named so in a pool, or None."""
    return next((one for one in pool if one.NAME == name), None)
