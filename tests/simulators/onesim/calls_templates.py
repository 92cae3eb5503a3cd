# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.template.* and one.templatepool.info, as far as templates are made, read, changed and locked."""

from . import calls_common, failures
from .calls import method
from .poolobject import Refused
from .template import Template
from .vmtemplate import VmTemplate

WORD = VmTemplate.word


@method("one.template.allocate", writes=True)
def allocate(call):
    oned = call.oned
    template = Template.parse(call.parameters.string(1))
    call.asking().create("TEMPLATE").require()
    try:
        calls_common.refuse_taken(oned.templates, template.get("NAME"), call.caller.uid)
        return oned.templates.insert(VmTemplate.new(call.caller.owner, call.caller.umask, template), oned)
    except Refused as error:
        raise failures.cannot_allocate(WORD, error) from error


@method("one.template.info", writes=False)
def info(call):
    return calls_common.info(call, call.oned.templates, WORD, call.parameters.integer(1))


@method("one.template.update", writes=True)
def update(call):
    parameters = call.parameters
    how = parameters.optional(parameters.integer, 3, calls_common.REPLACE)
    return calls_common.update(call, call.oned.templates, WORD, parameters.integer(1), parameters.string(2), how)


@method("one.template.chmod", writes=True)
def chmod(call):
    parameters = call.parameters
    return calls_common.chmod(call, call.oned.templates, WORD, parameters.integer(1), parameters.permission_bits())


@method("one.template.lock", writes=True)
def lock(call):
    parameters = call.parameters
    test = parameters.optional(parameters.boolean, 3, False)
    return calls_common.lock(call, call.oned.templates, WORD, parameters.integer(1), parameters.integer(2), test)


@method("one.template.unlock", writes=True)
def unlock(call):
    return calls_common.unlock(call, call.oned.templates, WORD, call.parameters.integer(1))


@method("one.templatepool.info", writes=False)
def listing(call):
    end, start, filter_flag = (call.parameters.integer(number) for number in (3, 2, 1))
    return calls_common.listing(call, call.oned.templates, filter_flag, start, end)
