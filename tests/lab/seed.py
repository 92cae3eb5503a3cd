# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one lab gives to each of its hosts at the first boot: a tar, attached as the host's second disk."""

import io
import pathlib
import tarfile


def seed_files(host: dict, description: dict, host_key: tuple[str, str], authorized_key: str, engine) -> dict:
    """{path without leading slash: (mode, text)} for `host` (an element of description["hosts"])."""
    names = "".join(f"{other['address']} {other['name']}\n" for other in description["hosts"])
    proxy, _listening = engine.apt_proxy()
    return {
        "etc/hostname": (0o644, f"{host['name']}\n"),
        "etc/hosts": (0o644, f"127.0.0.1 localhost\n::1 localhost ip6-localhost\n{names}"),
        "etc/ssh/ssh_host_ed25519_key": (0o600, host_key[0]),
        "etc/ssh/ssh_host_ed25519_key.pub": (0o644, host_key[1]),
        "root/.ssh/authorized_keys": (0o600, authorized_key),
        "etc/virtshare-lab/network": (0o644, "".join(f"{mac} {address}\n" for mac, address in engine.networks(host))),
        "etc/udev/rules.d/71-virtshare-lab-disks.rules": (0o644, "".join(
            f'{engine.disk_match(host, number)}, SYMLINK+="disk/by-id/virtshare-lab-{disk["name"]}"\n'
            for number, disk in enumerate(host["disks"]))),
        "etc/apt/apt.conf.d/90virtshare-lab": (0o644, "".join(
            f'Acquire::{scheme}::Proxy "{proxy}";\n' for scheme in ("http", "https"))),
    }


def write_seed(path: pathlib.Path, files: dict) -> None:
    """Write `files` as the tar `path`, readable as a disk (its length is a multiple of tar's 10 KiB record)."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for directory in sorted({str(parent) for name in files for parent in pathlib.PurePath(name).parents} - {"."}):
            if directory in ("root/.ssh", "etc/virtshare-lab"):
                entry = tarfile.TarInfo(directory)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o700 if directory == "root/.ssh" else 0o755
                archive.addfile(entry)
        for name, (mode, text) in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
    path.chmod(0o600)
