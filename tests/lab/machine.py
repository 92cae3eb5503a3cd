# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine already knows that the lab's hosts need: its Debian mirror, proxy and clock; and what it lacks."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import urllib.request

from tests.lab.errors import LabError, at_work, say
from tests.support import root

MIRROR = "http://deb.debian.org/debian"
SECURITY_MIRROR = "http://deb.debian.org/debian-security"
# Settings of apt that describe the network and the clock, not taste: they hold for the hosts as well.
CARRIED = ("Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::ForceIPv4", "Acquire::Retries")


@dataclasses.dataclass(frozen=True)
class AptSettings:
    """Debian's two archives as this machine reaches them, the proxy on the way (or ''), and apt options to carry."""

    mirror: str = MIRROR
    security: str = SECURITY_MIRROR
    proxy: str = ""
    options: tuple[str, ...] = ()

    def sources(self, suite: str, indent: str = "") -> str:
        keyring = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
        return "".join(f"{indent}deb {keyring} {line}\n" for line in (
            f"{self.mirror} {suite} main",
            f"{self.mirror} {suite}-updates main",
            f"{self.security} {suite}-security main",
        ))


def parse_apt_settings(targets: str, config: str, environment: dict) -> AptSettings:
    """AptSettings from `apt-get indextargets` (URI|origin|label lines), `apt-config dump` and the environment.

    Mirrors that only exist on this machine (file:, cdrom:, tor+…) cannot serve a host, so Debian's own is used.
    """
    found: dict[str, str] = {}
    for line in targets.splitlines():
        uri, origin, label = (line.split("|") + ["", ""])[:3]
        if origin == "Debian" and uri.startswith(("http://", "https://")):
            found.setdefault(label, uri.rstrip("/"))
    values = dict(re.findall(r'^([\w:-]+) "(.*)";$', config, re.MULTILINE))
    proxy = values.get("Acquire::http::Proxy") or environment.get("http_proxy") or environment.get("HTTP_PROXY") or ""
    return AptSettings(
        mirror=found.get("Debian", MIRROR),
        security=found.get("Debian-Security", SECURITY_MIRROR),
        proxy="" if proxy == "DIRECT" else proxy,
        options=tuple(f'{key} "{values[key]}";' for key in CARRIED if values.get(key)),
    )


def _output(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


def apt_settings(suites: tuple[str, ...]) -> AptSettings:
    """This machine's settings; Debian's own mirror when the configured one lacks one of `suites`."""
    targets = _output("apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(LABEL)", "Created-By: Packages")
    settings = parse_apt_settings(targets, _output("apt-config", "dump"), dict(os.environ))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": settings.proxy, "https": settings.proxy} if settings.proxy else {}))
    for suite in suites:
        try:
            opener.open(urllib.request.Request(f"{settings.mirror}/dists/{suite}/InRelease", method="HEAD"), timeout=20)
        except OSError as problem:
            if settings.mirror == MIRROR:
                raise LabError(f"{MIRROR} does not answer for {suite} ({problem}); the lab's image needs it once: "
                               "check the network, or set a proxy (Acquire::http::Proxy in /etc/apt/apt.conf.d)"
                               ) from None
            say(f"{settings.mirror} has no {suite}; using {MIRROR}")
            return dataclasses.replace(settings, mirror=MIRROR, security=SECURITY_MIRROR)
    return settings


def missing_packages(programs: dict) -> list[str]:
    """Debian packages of `programs` ({program or absolute path: package}) that this machine lacks, sorted."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return sorted({package for program, package in programs.items()
                   if not (os.path.exists(program) if program.startswith("/") else shutil.which(program, path=path))})


def require_namespaces() -> None:
    """LabError where no mount namespace can be made."""
    unfit = root.trouble()
    if unfit:
        raise LabError(unfit)


def require(programs: dict) -> None:
    """LabError naming what is missing of `programs` and how to get it, or what is wrong with this machine."""
    require_namespaces()
    missing = missing_packages(programs)
    if missing:
        raise LabError(f"this machine lacks {', '.join(missing)}. Get them with\n"
                       f"  python3 -m tests.lab prerequisites --install\nor\n"
                       f"  sudo apt-get install --no-install-recommends {' '.join(missing)}")


def install(packages: list[str]) -> None:
    """apt-get install `packages` on this machine, by sudo when not root."""
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        raise LabError(f"installing {', '.join(packages)} needs root: run as root, or install sudo")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    say(f"installing {', '.join(packages)}")
    for command in (["apt-get", "-qq", "update"],
                    ["apt-get", "-qq", "-y", "install", "--no-install-recommends", *packages]):
        with at_work(lambda command=command: " ".join(command[:3])):
            code = subprocess.run([*prefix, *environment, *command], stdout=sys.stderr, check=False).returncode
        if code:
            raise LabError(f"`{' '.join(prefix + command)}` failed; its own output above says why")
