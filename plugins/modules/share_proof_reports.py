# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: share_proof_reports
short_description: Say where the reports of a proof go (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - Makes absolute paths of files on the controller, below the directory that C(ansible-playbook) was started in. Ansible
    itself would take the directory of the playbook, which is inside the installed collection.
  - Fails when a path on another host is not absolute, and when an address holds a user or would show a password.
  - Warns in a job of AWX of files on the controller, as these are in a container that is gone with the job.
  - Runs on the controller only. Use it with C(run_once).
options:
  json:
    description: The file for the result as JSON, nothing where there is to be none.
    type: str
    default: ""
  html:
    description: The file for the result as an HTML page.
    type: str
    default: ""
  host:
    description: The host that the files are on.
    type: str
    default: localhost
  url:
    description: The address that the page is sent to.
    type: str
    default: ""
  login:
    description: Whether a password is sent along.
    type: bool
    default: false
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_proof_matrix
"""

EXAMPLES = r"""
- name: Check where the reports go
  virtshare.storage.share_proof_reports:
    html: reports/proof.html
  register: my_reports
  run_once: true
"""

RETURN = r"""
json:
  description: The absolute path of O(json), empty without it.
  returned: success
  type: str
html:
  description: The absolute path of O(html), empty without it.
  returned: success
  type: str
here:
  description: Whether O(host) is the controller.
  returned: success
  type: bool
problems:
  description: A sentence for each problem.
  returned: failure
  type: list
  elements: str
"""
