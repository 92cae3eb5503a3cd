# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Address of oned's XML-RPC endpoint. The environment variables E(ONE_URL) and E(ONE_XMLRPC) come next, in this
        order.
      - Proxies are taken from the environment (E(http_proxy), E(https_proxy), E(no_proxy)).
    type: str
    default: http://localhost:2633/RPC2
  api_username:
    description:
      - User to connect as; together with O(api_password). The environment variable E(ONE_USERNAME) comes next.
    type: str
  api_password:
    description:
      - Password of the user. The environment variable E(ONE_PASSWORD) comes next.
    type: str
  api_auth_file:
    description:
      - File whose first line is C(username:password), used when O(api_username) and O(api_password) are not given. The
        environment variable E(ONE_AUTH) comes next. It is read where the module runs.
    type: path
    default: ~/.one/one_auth
  validate_certs:
    description:
      - Whether the TLS certificate of an https address must verify. The environment variable E(ONE_VALIDATE_CERTS) comes
        next.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the authorities to trust. The environment variable E(ONE_CA_PATH) comes next.
    type: path
  timeout:
    description:
      - Seconds for one whole call, whatever the server or a proxy does meanwhile.
    type: float
    default: 10.0
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/virtshare.storage.opennebula) in C(module_defaults) to set the connection once.
    support: full
    membership:
      - virtshare.storage._opennebula
  check_mode:
    description: Predicts exactly the operations of a real run from the same reads, without a write call.
  diff_mode:
    description: Shows what differs before and after, without secrets.
"""
