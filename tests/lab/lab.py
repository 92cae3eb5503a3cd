# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: hosts that run, and the verbs on them. `python3 -m tests.lab` is this class with a command line."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from tests.lab import cache, image, inventory, machine, seed
from tests.lab.engines.choice import choose, engine_class
from tests.lab.errors import LabError, at_work, say
from tests.lab.processes import Recorded, children, recorded
from tests.lab.spec import HostSpec, parse_disks, parse_memory

REPOSITORY = image.REPOSITORY
NETWORKS = range(1, 251)


class Lab:
    """One lab by its name. It may be down: `Lab(name).is_up()` tells."""

    def __init__(self, name: str):
        self.name = cache.checked_name(name, "lab")
        self.directory = cache.labs_directory() / name
        self.runtime = cache.runtime_directory(self.directory)
        self.description = cache.read_json(self.directory / "lab.json")
        self._stopped = threading.Event()

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_exception) -> None:
        self.down()

    # ---- up and down

    @classmethod
    def up(cls, name: str, hosts: Sequence[str], memory: Sequence[str] = (), disks: Sequence[str] = (),
           shared_disks: Sequence[str] = (), engine: str = "auto", needs: str = "", fresh: bool = False) -> "Lab":
        """Boot a lab and wait until every host answers over ssh.

        hosts: 'hv1' or 'nas1:storage'; memory: '1G' for all or 'hv1=1G'; disks: 'hv1=256M'; shared_disks:
        'hv1,hv2=256M'. needs: '', 'cluster-kernel' or 'stock-kernel'. fresh: replace a lab of this name that is up.
        LabError says what is wrong: a word that cannot be read, a missing package, a host that does not boot.
        """
        lab = cls(name)
        amounts = parse_memory(list(memory))
        specs = [HostSpec.parse(text, amounts) for text in hosts]
        names = [spec.name for spec in specs]
        if not specs or len(set(names)) != len(names):
            raise LabError("a lab needs at least one host, and each name once: write for example hv1 hv2 nas1:storage")
        extra = parse_disks(list(disks), list(shared_disks), names)
        chosen = choose(engine, needs)
        for spec in specs:
            spec.require_engine(chosen.images)
        machine.require(chosen.programs)
        if chosen.needs_root and os.geteuid() != 0:
            words = ["up", "--name", name, "--engine", chosen.name, *(["--fresh"] if fresh else []), *hosts]
            for option, values in (("--memory", memory), ("--disk", disks), ("--shared-disk", shared_disks)):
                words += [word for value in values for word in (option, value)]
            if subprocess.run(image.as_root(*words), cwd=REPOSITORY, check=False).returncode:
                raise LabError(f"lab {name!r} did not come up; the lines above say why")
            return cls(name)
        images = {suite: image.ensure(chosen.images, suite) for suite in dict.fromkeys(spec.suite for spec in specs)}
        with lab._locked():
            lab.description = cache.read_json(lab.directory / "lab.json")
            if lab.is_up() and not fresh:
                raise LabError(f"lab {name!r} is up already: use it, take it `down`, or start anew with --fresh")
            lab._clear()
            try:
                lab._create(chosen.name, images, specs, extra)
                lab._launch()
                lab._boot(names)
            except BaseException:
                lab._clear()
                raise
            lab._record(ready=True)
            if os.environ.get("SUDO_UID"):
                # Root's shared connections are of no use to the person behind sudo, and in their way.
                for host in names:
                    lab._forget_connection(host)
            say(f"lab {name} is up; look into it: python3 -m tests.lab ssh {name} {names[0]}; "
                f"end it: python3 -m tests.lab down --name {name}")
        return lab

    def down(self) -> None:
        """End everything of the lab and forget it; no harm when it is down already."""
        self.description = cache.read_json(self.directory / "lab.json")
        if not self.directory.exists() and not self.runtime.exists():
            return
        if self.description and self.engine.needs_root and os.geteuid() != 0:
            if subprocess.run(image.as_root("down", "--name", self.name), cwd=REPOSITORY, check=False).returncode:
                raise LabError(f"lab {self.name!r} did not go down; the lines above say why")
            return
        with self._locked():
            self._clear()

    def is_up(self) -> bool:
        """Whether the lab came up and its supervisor lives."""
        return bool(self.description and self.description.get("ready")
                    and all(Recorded(**process).alive() for process in self.description["processes"]))

    def state(self) -> str:
        """'up', 'at work' while another command starts or ends it, or 'left behind' by one that was killed."""
        if self.is_up():
            return "up"
        try:
            with self._locked():
                return "left behind: take it down"
        except LabError:
            return "at work"

    @property
    def engine(self):
        """This lab's engine."""
        if not self.description:
            raise LabError(f"there is no lab {self.name!r}: start it with "
                           f"`python3 -m tests.lab up --name {self.name} HOST…`")
        return engine_class(self.description["engine"])(self.directory, self.description)

    def _locked(self):
        return cache.locked(cache.cache_directory() / "locks" / self.name, wait=False)

    def _record(self, **values) -> None:
        self.description.update(values)
        cache.write_json(self.directory / "lab.json", self.description)
        cache.hand_over(self.directory / "lab.json")

    def _create(self, engine: str, images: dict[str, pathlib.Path], specs: list, extra: list) -> None:
        """Write everything the supervisor and the hosts need."""
        self.directory.mkdir(parents=True)
        self.directory.chmod(0o711)
        try:
            self.runtime.mkdir(mode=0o700)
        except FileExistsError:
            raise LabError(f"{self.runtime} belongs to someone else: remove it, or name the lab otherwise") from None
        with cache.locked(cache.cache_directory() / "locks" / ".networks"):
            network = free_network(engine_class(engine))
            settings = machine.apt_settings(())
            self.description = {
                "name": self.name, "engine": engine, "network": network, "ready": False,
                "owner": os.environ.get(image.OWNER, ""), "processes": [],
                "proxy": [settings.proxy or "-", *sorted(archive_hosts(settings))],
                "hosts": [{
                    "name": spec.name, "flavour": spec.flavour, "memory": spec.memory, "number": number,
                    "image": str(images[spec.suite]),
                    "address": f"10.213.{network}.{10 + number}", "mac": f"02:76:73:00:{network:02x}:{number:02x}",
                    "machine_id": os.urandom(16).hex(),
                    "disks": [{"name": disk.name, "shared": disk.shared} for disk in extra if spec.name in disk.hosts],
                } for number, spec in enumerate(specs, 1)],
            }
            self._record()
        for key in ("id_ed25519", "host_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {self.name}",
                            "-f", str(self.directory / key)], stdin=subprocess.DEVNULL, check=True)
        host_key = ((self.directory / "host_key").read_text(), (self.directory / "host_key.pub").read_text())
        engine_object = self.engine
        lines = []
        for host in self.description["hosts"]:
            place = self.directory / "hosts" / host["name"]
            place.mkdir(parents=True)
            (place / "console.log").touch()
            seed.write_seed(place / "seed.tar", seed.seed_files(
                host, self.description, host_key, (self.directory / "id_ed25519.pub").read_text(), engine_object))
            address, port = engine_object.endpoint(host)
            lines.append(f"{address if port == 22 else f'[{address}]:{port}'} {host_key[1]}")
        (self.directory / "known_hosts").write_text("".join(lines))
        (self.directory / "disks").mkdir()
        for disk in extra:
            with (self.directory / "disks" / f"{disk.name}.raw").open("w") as handle:
                handle.truncate(disk.size)
        cache.hand_over(self.directory, self.runtime)

    def _launch(self) -> None:
        """Start the supervisor under the engine's launcher and connect this machine to it."""
        engine = self.engine
        outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        with (self.directory / "supervisor.log").open("wb") as log:
            process = subprocess.Popen(
                [*engine.launcher(), sys.executable, "-m", "tests.lab.supervisor", str(self.directory), str(outside)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[outside], cwd=REPOSITORY,
                start_new_session=True)
        os.close(outside)
        self._record(processes=[recorded(process.pid)])
        limit = time.monotonic() + 20
        while True:
            try:
                self._ask("status")
                break
            except LabError:
                if process.poll() is not None or time.monotonic() > limit:
                    text = (self.directory / "supervisor.log").read_text(errors="replace")
                    raise LabError(f"the lab's supervisor did not start:\n{text}") from None
            select.select([], [], [], 0.02)
        self._record(processes=[recorded(pid) for pid in (process.pid, *children(process.pid))])
        engine.attach(process.pid)
        self._ask("attached")

    def _boot(self, names: list[str]) -> None:
        """Start `names` and wait until all answer."""
        say(f"lab {self.name}: booting {', '.join(names)} ({self.description['engine']})")
        for name in names:
            self._ask("start", host=name)
        with at_work(lambda: "booting"), concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            try:
                for done in concurrent.futures.as_completed([pool.submit(self.wait, name) for name in names]):
                    done.result()
            finally:
                # After a failure, or Ctrl-C, nobody waits for the others.
                self._stopped.set()
        self._stopped.clear()

    def _clear(self) -> None:
        """Take away whatever a lab of this name left, in whatever state."""
        if self.description:
            with contextlib.suppress(LabError):
                self._ask("down", patience=10)
            processes = [Recorded(**process) for process in self.description["processes"]]
            # The last is the init of the lab's process ids: with it goes everything, and the launcher waits for that.
            for process in reversed(processes):
                process.end(10 if process is processes[0] else 0)
            for process in processes:
                process.end(10)
            self.engine.detach()
        if self.runtime.is_dir() and not self.runtime.is_symlink():
            for path in self.runtime.iterdir():
                if path.name != "control":
                    close_master(path)
            shutil.rmtree(self.runtime)
        if self.directory.exists():
            shutil.rmtree(self.directory)
        self.description = None

    # ---- verbs on hosts

    def host(self, name: str) -> dict:
        """The host's part of the description; LabError when the lab has none of that name."""
        hosts = {host["name"]: host for host in self.engine.description["hosts"]}
        if name not in hosts:
            raise LabError(f"lab {self.name!r} has no host {name!r}: write one of {', '.join(hosts)}")
        return hosts[name]

    def status(self) -> dict:
        """{host: {power: on|off, network: connected|cut, boots: n, address, flavour}}."""
        return {name: {**state, "address": "%s:%d" % self.engine.endpoint(self.host(name)),
                       "flavour": self.host(name)["flavour"]}
                for name, state in self._ask("status").items()}

    def power_off(self, name: str) -> None:
        """Cut the power: the host gets no chance to write anything."""
        self.host(name)
        self._ask("kill", host=name)
        self._forget_connection(name)

    def power_on(self, name: str) -> None:
        """Start the host and wait until it answers (unless its network is cut)."""
        self.host(name)
        self._ask("start", host=name)
        if self._ask("status")[name]["network"] == "connected":
            self.wait(name)

    def reboot(self, name: str, seconds: float = 0) -> None:
        """Let the host reboot by itself, and wait until it answers again, by default as long as for its first boot."""
        seconds = seconds or self._patience
        before = self.ssh(name, "cat /proc/sys/kernel/random/boot_id").stdout
        self.ssh(name, "systemctl reboot", check=False)
        self._forget_connection(name)
        limit = time.monotonic() + seconds
        while True:
            self.wait(name, seconds=max(1, limit - time.monotonic()))
            after = self.ssh(name, "cat /proc/sys/kernel/random/boot_id", check=False)
            if after.returncode == 0 and after.stdout != before:
                return
            self._forget_connection(name)
            if time.monotonic() > limit:
                raise LabError(f"{name} did not reboot within {seconds:.0f} s; {self._console(name)}")
            select.select([], [], [], 0.5)

    def cut(self, name: str) -> None:
        """Pull the host's network cable; the host runs on."""
        self.host(name)
        self._ask("connect", host=name, connected=False)
        self._forget_connection(name)

    def reconnect(self, name: str) -> None:
        """Plug the host's network cable in again, and wait until it answers."""
        self.host(name)
        self._ask("connect", host=name, connected=True)
        self.wait(name)

    def ssh_command(self, name: str) -> list[str]:
        """The words of an ssh to the host, without a command."""
        address, port = self.engine.endpoint(self.host(name))
        return ["ssh", *inventory.ssh_options(self.directory, self.runtime), "-p", str(port), address]

    def ssh(self, name: str, command: str, check: bool = True, timeout: float = 120, stdin: str = ""):
        """Run `command` (a shell's line) on the host: CompletedProcess with text. LabError when check and it fails."""
        try:
            done = subprocess.run([*self.ssh_command(name), command], input=stdin, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise LabError(f"{name}: `{command}` did not end within {timeout:.0f} s") from None
        if check and done.returncode:
            raise LabError(f"{name}: `{command}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return done

    def inventory(self) -> str:
        """Ansible's inventory of this lab, as YAML."""
        return inventory.as_yaml(inventory.inventory(
            self.engine.description, self.directory, self.runtime, self.engine.endpoint))

    def wait(self, name: str, seconds: float = 0) -> None:
        """Wait until the host answers over ssh; LabError with its console's end when it does not."""
        began = time.monotonic()
        seconds = seconds or self._patience
        endpoint = self.engine.endpoint(self.host(name))
        while True:
            self._ask("ready", host=name)
            if answers(endpoint):
                self._ask("ready", host=name)
                with contextlib.suppress(LabError):  # too slow yet
                    self.ssh(name, "true", timeout=60)
                    say(f"{name} answers after {time.monotonic() - began:.1f} s")
                    return
                self._forget_connection(name)
            state = self._ask("status")[name]
            if state["power"] == "off" or time.monotonic() - began > seconds:
                why = "switched itself off" if state["power"] == "off" else f"did not answer within {seconds:.0f} s"
                raise LabError(f"{name} {why}; {self._console(name)}")
            if self._stopped.wait(0.3):
                return

    @property
    def _patience(self) -> float:
        """Seconds for one host's boot while the lab's other hosts boot as well."""
        return self.engine.boot_seconds + self.engine.boot_seconds / 4 * len(self.description["hosts"])

    def _console(self, name: str) -> str:
        log = self.directory / "hosts" / name / "console.log"
        lines = log.read_text(errors="replace").splitlines()[-25:]
        return f"the end of {log}:\n  " + "\n  ".join(lines)

    def _forget_connection(self, name: str) -> None:
        address, port = self.engine.endpoint(self.host(name))
        close_master(self.runtime / f"{address}-{port}")

    def _ask(self, verb: str, patience: float = 30, **arguments):
        """The supervisor's answer to `verb`; LabError when it does not live or says no."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(patience)
                connection.connect(str(self.runtime / "control"))
                with connection.makefile("rw") as stream:
                    stream.write(json.dumps({"verb": verb, **arguments}) + "\n")
                    stream.flush()
                    line = stream.readline()
        except OSError as problem:
            raise LabError(f"lab {self.name!r} is not up ({problem}): start it with "
                           f"`python3 -m tests.lab up --name {self.name} HOST…`") from None
        answer = json.loads(line or '{"error": "the supervisor ended"}')
        if "error" in answer:
            raise LabError(f"lab {self.name!r}: {answer['error']}")
        return answer["answer"]


def answers(endpoint: tuple[str, int]) -> bool:
    """Whether an ssh server greets at `endpoint`."""
    try:
        with socket.create_connection(endpoint, timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def close_master(path: pathlib.Path) -> None:
    """End the shared ssh connection whose socket is `path`: to a host that is gone it would only make others hang."""
    if path.exists():
        subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "-"], timeout=10, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        path.unlink(missing_ok=True)


def archive_hosts(settings: machine.AptSettings) -> set[str]:
    """Names of the servers a host's apt may ask."""
    return {url.split("/")[2].rpartition("@")[2].split(":")[0]
            for url in (settings.mirror, settings.security, machine.MIRROR)}


def free_network(engine) -> int:
    """A number no lab of this cache has, and for which nothing on this machine is in the engine's way."""
    used = {(cache.read_json(path) or {}).get("network") for path in cache.labs_directory().glob("*/lab.json")}
    for number in NETWORKS:
        if number not in used and engine.network_is_free(number):
            return number
    raise LabError("no network is free for another lab: take one `down`")


def labs(owner: str | None = None) -> list[str]:
    """Names of the labs of this cache, up or left behind: all, or those of an owner ($VIRTSHARE_LAB_OWNER at their start).

    An owner that ends in a slash stands for everyone whose name begins so.
    """
    names = sorted(path.name for path in cache.labs_directory().glob("*") if path.is_dir())
    if owner is None:
        return names
    owners = {name: (Lab(name).description or {}).get("owner", "") for name in names}
    return [name for name in names
            if owners[name] == owner or (owner.endswith("/") and owners[name].startswith(owner))]
