# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One datastore a call: what a per-item module in the manner of community.general would be."""

from ansible.module_utils.bench_opennebula import ItemModule, as_template

NO_CLUSTER = -1


class DatastoreModule(ItemModule):
    KIND = "datastore"

    def create(self):
        template = dict(self.params["template"], NAME=self.params["name"])
        return self.ask("datastore.allocate", as_template(template), NO_CLUSTER)


def main():
    DatastoreModule({}).run()


if __name__ == "__main__":
    main()
