# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab is asked to be: hosts, their flavours, memory and disks; as words of a command line and as data."""

import dataclasses
import re

from tests.lab.cache import checked_name
from tests.lab.errors import LabError
from tests.lab.recipe import FLAVOURS

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def parse_size(text: str) -> int:
    """Bytes of '64M', '2G', '512K' or a plain number of bytes."""
    match = re.fullmatch(r"([1-9][0-9]*)([KMG]?)", text)
    if not match:
        raise LabError(f"size {text!r} is not a number with K, M or G behind it: write for example 256M")
    return int(match[1]) * UNITS[match[2]]


@dataclasses.dataclass(frozen=True)
class Disk:
    """An extra disk: /dev/disk/by-id/virtshare-lab-<name> on each of `hosts`, `size` bytes, one file beneath."""

    name: str
    hosts: tuple[str, ...]
    size: int

    @property
    def shared(self) -> bool:
        return self.name.startswith("shared")


@dataclasses.dataclass(frozen=True)
class HostSpec:
    """One host: its name, its flavour (see recipe.FLAVOURS), its memory in MiB."""

    name: str
    flavour: str = "hypervisor"
    memory: int = 768

    @property
    def suite(self) -> str:
        """The Debian it is."""
        return FLAVOURS[self.flavour].suite

    def require_engine(self, engine: str) -> None:
        """LabError when its flavour is not made for `engine`."""
        made_for = FLAVOURS[self.flavour].engines
        if engine not in made_for:
            raise LabError(f"host {self.name!r} asks for flavour {self.flavour!r}, which is not made for the engine "
                           f"{engine}: use {' or '.join(made_for)}, or another flavour")

    @classmethod
    def parse(cls, text: str, memory: dict) -> "HostSpec":
        """From 'hv1' or 'nas1:storage'; `memory` is {host or '': MiB}."""
        name, _colon, flavour = text.partition(":")
        flavour = flavour or "hypervisor"
        checked_name(name, "host")
        if flavour not in FLAVOURS:
            raise LabError(f"host {name!r} asks for flavour {flavour!r}: write one of {', '.join(FLAVOURS)}")
        return cls(name, flavour, memory.get(name, memory.get("", 768)))


def parse_memory(values: list[str]) -> dict:
    """{host or '' for all: MiB} from ['1G', 'hv1=2G']."""
    found = {}
    for value in values:
        host, _equals, size = value.rpartition("=")
        found[host] = parse_size(size) >> 20
        if found[host] < 256:
            raise LabError(f"memory {value!r} is too little for a Debian host: write 256M or more")
    return found


def parse_disks(private: list[str], shared: list[str], hosts: list[str]) -> list[Disk]:
    """Disks from ['hv1=1G', …] (one host each) and ['hv1,hv2=256M', …] (one file, several hosts)."""
    disks = []
    for kind, values in (("data", private), ("shared", shared)):
        for number, value in enumerate(values):
            names, equals, size = value.rpartition("=")
            members = tuple(names.split(","))
            if not equals or (kind == "data") != (len(members) == 1):
                wanted = "HOST=SIZE" if kind == "data" else "HOST,HOST=SIZE"
                raise LabError(f"disk {value!r} cannot be read: write {wanted}, for example {wanted[:-4]}256M")
            for member in members:
                if member not in hosts:
                    raise LabError(f"disk {value!r} names host {member!r}, which this lab does not have: "
                                   f"write one of {', '.join(hosts)}")
            disks.append(Disk(f"{kind}{number}", members, parse_size(size)))
    return disks
