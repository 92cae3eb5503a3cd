# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of virtual machines, as the source of OpenNebula 7.5.80 has them (VMTemplate.cc); no recording holds one."""

import time

from . import text
from .poolobject import PoolObject, Refused


class VmTemplate(PoolObject):
    kind = "TEMPLATE"
    word = "virtual machine template"
    lockable = True

    def __init__(self):
        super().__init__()
        self.registered = int(time.time())

    @classmethod
    def new(cls, owner, umask, template):
        made = cls()
        made.uid, made.gid, made.uname, made.gname = owner
        made.template = template
        made.set_umask(umask)
        return made

    def before_insert(self, cloud):
        self.name = self.template.take("NAME")
        problem = text.name_problem(self.name)
        if problem:
            raise Refused(problem)

    def xml(self):
        return text.element("VMTEMPLATE", self.head_xml() + self.lock_xml() + self.permissions_xml()
                            + text.element("REGTIME", self.registered) + self.template.xml())

    def load(self, root):
        self.load_head(root)
        self.load_lock(root)
        self.load_permissions(root)
        self.registered = root.number("REGTIME", 0)
        self.load_template(root)
