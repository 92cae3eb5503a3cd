# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep VMs that use a share off hosts without it: read, plan, and, unless it is a check run, carry it out and read back."""

import posixpath

from .._plan import host_attributes
from .._plan.outcome import Outcome
from .._plan.plan import Failure, Plan
from . import image, run, vm_template
from .client import CONNECTION_SPEC, Client

ALL = (-2, -1, -1)

ARGUMENT_SPEC = dict(
    CONNECTION_SPEC,
    state=dict(type="str", default="present", choices=["present", "absent"]),
    paths=dict(type="list", elements="str", required=True),
    names=dict(type="dict", default={}),
    templates=dict(type="list", elements="str", default=[]),
)


def work(params, check_mode):
    """The Outcome of one_vm_template_requirement."""
    outcome = Outcome(Plan(), {"templates": []})
    with outcome.collect():
        # As a declaration has them in its normal form; hosts of their own may declare one share each for itself.
        paths = dict.fromkeys(posixpath.normpath(path) for path in params["paths"])
        names = {posixpath.normpath(path): name for path, name in params["names"].items()}
        attributes = host_attributes.named([{"path": path} for path in paths], names)
        client = Client.from_params(params)
        outcome.hide(client.secrets)
        images = client.read(image.read_pool, "one.imagepool.info", *ALL)
        plan, rows = _planned(client, images, attributes, params)
        outcome.result["templates"] = rows
        outcome.warnings += vm_template.warnings(rows, attributes)
        outcome.problems += vm_template.problems(rows)
        outcome.plan = plan
        if plan.changed and not check_mode:
            done, problems = run.execute(client, plan.operations)
            outcome.plan = plan.only(done)
            outcome.problems += problems
            if not problems and _planned(client, images, attributes, params)[0].changed:
                raise Failure("OpenNebula accepted the change but does not show it; look at %s of the templates named here: %s." % (
                    vm_template.ATTRIBUTE, ", ".join(operation.target for operation in done)))
    return outcome


def _planned(client, images, attributes, params):
    templates = client.read(vm_template.read_pool, "one.templatepool.info", *ALL)
    return vm_template.plan(templates, images, attributes, params["templates"], params["state"] == "present")
