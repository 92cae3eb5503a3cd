# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One filesystem image a call: what a per-item module in the manner of community.general would be."""

import time

from ansible.module_utils.bench_opennebula import APPEND, ItemModule, named
from pyone import IMAGE_STATES

EVERY_IMAGE = (-2, -1, -1)
PATIENCE = 60


class ImageModule(ItemModule):
    def pool(self):
        return self.one.imagepool.info(*EVERY_IMAGE).IMAGE

    def create(self):
        datastore = named(self.one.datastorepool.info().DATASTORE, self.params["datastore"])
        if datastore is None:
            self.module.fail_json(msg="There is no datastore %s" % self.params["datastore"])
        template = dict(self.params["template"], NAME=self.params["name"], **self.params["fixed"])
        number = self.one.image.allocate(template, datastore.ID)
        self._wait(number)
        return number

    def update(self, number, attributes):
        self.one.image.update(number, attributes, APPEND)

    def _wait(self, number):
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self.one.image.info(number).STATE
            if state != IMAGE_STATES.LOCKED:
                break
            if time.monotonic() > deadline:
                self.module.fail_json(msg="The image %d is still locked after %d s" % (number, PATIENCE))
            time.sleep(0.1)
        if state != IMAGE_STATES.READY:
            self.module.fail_json(msg="The image %d is in state %s" % (number, state))


def main():
    ImageModule(dict(datastore=dict(type="str", required=True), fixed=dict(type="dict", default={}))).run()


if __name__ == "__main__":
    main()
