# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two per-item modules share, as the modules of community.general share theirs."""

import os
import xmlrpc.client
from xml.etree import ElementTree

from ansible.module_utils.basic import AnsibleModule

APPEND = 1


class ItemModule:
    """One object by name: look it up in its pool, create it when it is not there, append what differs."""

    KIND = ""
    POOL_FILTER = ()

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
        self._session = "%s:%s" % (os.environ["ONE_USERNAME"], os.environ["ONE_PASSWORD"])
        self._proxy = xmlrpc.client.ServerProxy(os.environ["ONE_URL"])

    def ask(self, method, *arguments):
        answer = getattr(self._proxy, "one." + method)(self._session, *arguments)
        if not answer[0]:
            self.module.fail_json(msg=answer[1])
        return answer[1]

    def find(self, kind, name, *pool_filter):
        """The element of what is named so, or None."""
        pool = ElementTree.fromstring(self.ask(kind + "pool.info", *pool_filter))
        return next((element for element in pool if element.findtext("NAME") == name), None)

    def differing(self, element):
        """Attributes of the declared template that the object has otherwise or not at all."""
        template = element.find("TEMPLATE")
        return dict((key, value) for key, value in self.params["template"].items() if template.findtext(key) != value)

    def create(self):
        """Create it and return its id."""
        raise NotImplementedError

    def run(self):
        element = self.find(self.KIND, self.params["name"], *self.POOL_FILTER)
        differing = None if element is None else self.differing(element)
        changed = element is None or bool(differing)
        number = None if element is None else int(element.findtext("ID"))
        if changed and not self.module.check_mode:
            if element is None:
                number = self.create()
            else:
                self.ask(self.KIND + ".update", number, as_template(differing), APPEND)
        self.module.exit_json(changed=changed, id=number)


def as_template(attributes):
    return "\n".join('%s = "%s"' % item for item in sorted(attributes.items()))
