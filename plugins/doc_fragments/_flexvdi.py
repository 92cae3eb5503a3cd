# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every flexvdi module documents alike."""

from ..module_utils._flexvdi import fields


class ModuleDocFragment:
    DOCUMENTATION: str = r"""
options:
  api_url:
    description:
      - Address of the Manager, such as V(https://manager.example.org). Required; the environment variable
        E(FLEXVDI_URL) comes next. Proxies are taken from the environment (E(http_proxy), E(https_proxy), E(no_proxy)).
    type: str
  api_username:
    description:
      - User to log in as. Required; the environment variable E(FLEXVDI_USERNAME) comes next.
    type: str
  api_password:
    description:
      - Password of the user. Required; the environment variable E(FLEXVDI_PASSWORD) comes next.
    type: str
  api_version:
    description:
      - Version of the Manager's API. Before V(3.1) requests carry two reserved fields, there are no Gluster volumes,
        and a session cannot be ended.
    type: str
    choices: ["2.2", "3.0", "3.1"]
    default: "3.1"
  validate_certs:
    description:
      - Whether the Manager's TLS certificate must verify. The environment variable E(FLEXVDI_VALIDATE_CERTS) comes next.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the authorities to trust, or the Manager's own where it is self-signed. The
        environment variable E(FLEXVDI_CA_PATH) comes next.
    type: path
  timeout:
    description:
      - Seconds for one whole exchange, whatever the Manager or a proxy does meanwhile.
    type: float
    default: 10.0
  fields:
    description:
      - Other names for fields, addresses and messages than the table below, each under its key. Set it once for all in
        C(module_defaults).
FIELDS    type: dict
    default: {}
""".replace("FIELDS", "".join(
        '      - "C(%s), default C(%s), %s: %s."\n' % row for row in fields.TABLE))

    TASKS = r"""
options:
  task_timeout:
    description:
      - Seconds to wait for the end of one of the Manager's tasks, which do the work in the background.
    type: float
    default: 300.0
notes:
  - Not every request of this is documented in public. O(fields) has the one table of names, each documented or assumed;
    an assumed one may be another on your Manager. Tested against a simulator made from the vendor's documents only.
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/virtshare.storage.flexvdi) in C(module_defaults) to set the connection once.
    support: full
    membership:
      - virtshare.storage._flexvdi
  check_mode:
    description: Predicts exactly the operations of a real run from the same reads, without a POST but the login.
  diff_mode:
    description: Shows what differs before and after, without secrets.
"""
