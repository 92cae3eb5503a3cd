# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One filesystem image a call: what a per-item module in the manner of community.general would be."""

import time
from xml.etree import ElementTree

from ansible.module_utils.bench_opennebula import ItemModule, as_template

READY, LOCKED = "1", "4"
PATIENCE = 60


class ImageModule(ItemModule):
    KIND = "image"
    POOL_FILTER = (-2, -1, -1)

    def create(self):
        datastore = self.find("datastore", self.params["datastore"])
        if datastore is None:
            self.module.fail_json(msg="There is no datastore %s" % self.params["datastore"])
        template = dict(self.params["template"], NAME=self.params["name"], **self.params["fixed"])
        number = self.ask("image.allocate", as_template(template), int(datastore.findtext("ID")))
        self._wait(number)
        return number

    def _wait(self, number):
        deadline = time.monotonic() + PATIENCE
        while True:
            state = ElementTree.fromstring(self.ask("image.info", number)).findtext("STATE")
            if state != LOCKED:
                break
            if time.monotonic() > deadline:
                self.module.fail_json(msg="The image %d is still locked after %d s" % (number, PATIENCE))
            time.sleep(0.1)
        if state != READY:
            self.module.fail_json(msg="The image %d is in state %s" % (number, state))


def main():
    ImageModule(dict(datastore=dict(type="str", required=True), fixed=dict(type="dict", default={}))).run()


if __name__ == "__main__":
    main()
