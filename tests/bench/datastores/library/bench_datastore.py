# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One datastore a call: what a per-item module in the manner of community.general would be."""

from ansible.module_utils.bench_opennebula import APPEND, ItemModule

NO_CLUSTER = -1


class DatastoreModule(ItemModule):
    def pool(self):
        return self.one.datastorepool.info().DATASTORE

    def create(self):
        return self.one.datastore.allocate(dict(self.params["template"], NAME=self.params["name"]), NO_CLUSTER)

    def update(self, number, attributes):
        self.one.datastore.update(number, attributes, APPEND)


def main():
    DatastoreModule({}).run()


if __name__ == "__main__":
    main()
