# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tiny guest as libvirt's domain. Pure."""

from xml.sax.saxutils import escape, quoteattr

from .._plan.plan import Refusal
from . import elements

# For each machine of uname: libvirt's machine type and the kernel's name of its first serial line.
MACHINES = {"x86_64": ("q35", "ttyS0"), "aarch64": ("virt", "ttyAMA0")}

# The clock's and the CPU's checks cost an emulated guest seconds or a panic, and a guest that lives for half a minute
# needs neither address randomisation nor mitigations. panic=-1 ends one that cannot go on at once.
KERNEL_ARGUMENTS = "panic=-1 quiet tsc=unstable no_timer_check nokaslr mitigations=off"

_TEMPLATE = """\
<domain type='{virtualisation}'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
{memory_backing}  <os>
    <type arch='{machine}' machine='{board}'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>console={console_name} {arguments}</cmdline>
  </os>
  <features>
    <acpi/>
  </features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
{filesystems}    <controller type='usb' model='none'/>
    <serial type='file'>
      <source path={console}/>
      <target port='0'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def xml(name, machine, kvm, memory, kernel, initrd, console, filesystems):
    """The domain's XML. machine: as uname says. memory: MiB. filesystems: texts of elements.filesystem()."""
    if machine not in MACHINES:
        raise Refusal("a guest to prove shares with is known for %s only, and this host is %s"
                      % (" and ".join(sorted(MACHINES)), machine))
    board, console_name = MACHINES[machine]
    return _TEMPLATE.format(
        virtualisation="kvm" if kvm else "qemu", name=escape(name), memory=memory, machine=machine, board=board,
        console_name=console_name, kernel=escape(kernel), initrd=escape(initrd), console=quoteattr(console),
        arguments=KERNEL_ARGUMENTS, memory_backing=_indented(elements.MEMORY_BACKING, 2),
        filesystems="".join(_indented(text, 4) for text in filesystems))


def _indented(text, width):
    return "".join(" " * width + line + "\n" for line in text.splitlines())
