# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each gate does. A stage is a function that takes a log and raises Failed when the gate is not passed."""

import ast
import configparser
import os
import pathlib
import shutil
import subprocess

from tests.gates import debian, environments, hosts, interpreters, release, site, tree
from tests.gates.process import CACHE, ROOT, Failed, environment, run, run_together, site_packages
from tests.support import root

MINUTE = 60
_MORE_WORKERS_THAN_PROCESSORS = 2
# What integration tests run that a small Debian lacks: a page's commands, Ansible's connection, what OCFS2 asks,
# filesystems on files, processes that are looked for and ended.
_PROGRAMS = {"curl": "curl", "ssh": "openssh-client", "ip": "iproute2", "mkfs.ext4": "e2fsprogs", "ps": "procps",
             "kill": "procps"}
_EVERYBODYS_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
# What runs on the controller alone. What runs on hosts has no annotations that Python 3.6 could read.
TYPED = ("plugins/action", "plugins/filter", "plugins/plugin_utils", "tests/bench", "tests/demo", "tests/gates", "tests/integration",
         "tests/lab", "tests/pictures", "tests/scenarios", "tests/simulators", "tests/support")


def setup(log):
    """the virtual environment of the project"""
    environments.dev(log)


def lint(log):
    """ruff; mypy on what runs on the controller; zizmor; ansible-lint, profile production, and yamllint"""
    env = environment(environments.dev(log))
    _lint_python_and_workflows(log, env, "--no-incremental", "--cache-dir", os.devnull)
    if _lint_changed(log, env):
        log.say("What differs from the last commit went first.")
    run(log, _ANSIBLE_LINT, seconds=10 * MINUTE, env=env)


def lint_changed(log):
    """the same, but ansible-lint and yamllint on what differs from the last commit only, for daily work"""
    env = environment(environments.dev(log))
    _lint_python_and_workflows(log, env, "--cache-dir", CACHE / "mypy")
    if not _lint_changed(log, env):
        log.say("No YAML file differs from the last commit: nothing for ansible-lint, which make lint runs on all of them.")


# Without the network: galaxy is neither needed nor always reachable.
_ANSIBLE_LINT = ["ansible-lint", "--offline", "--nocolor", "--strict"]


def _lint_python_and_workflows(log, env, *of_mypy):
    run(log, ["ruff", "check", "--no-cache"], seconds=MINUTE, env=env)
    run(log, ["mypy", *of_mypy, "--explicit-package-bases", "--ignore-missing-imports", "--follow-imports", "silent",
              "--check-untyped-defs", "--disable-error-code", "var-annotated", *TYPED],
        seconds=2 * MINUTE, env=env)
    run(log, ["zizmor", "--offline", "--no-progress", "--quiet", ".github"], seconds=MINUTE, env=env)


def _lint_changed(log, env):
    """Whether there was something for ansible-lint that differs from the last commit."""
    changed = [path for path in sorted(tree.changed()) if path.endswith((".yml", ".yaml"))]
    if changed:
        run(log, [*_ANSIBLE_LINT, *changed], seconds=5 * MINUTE, env=env)
    return bool(changed)


def unit(log):
    """unit tests of plans, parsers, metadata and roles"""
    _pytest(log, "tests/unit", "-q", "--numprocesses", "auto", seconds=10 * MINUTE)


def integration(log):
    """modules and roles against the simulators"""
    _integration(log, "not release")


def simulators(log):
    """modules against the simulators, without the tests that are marked slow, for daily work"""
    _integration(log, "not slow and not release")


def release_simulators(log):
    """what make test leaves out because it takes long: tests marked release, against the simulators"""
    _integration(log, "release")


def _integration(log, marks):
    unfit = root.trouble()
    if unfit:
        raise Failed(unfit)
    missing = {package for program, package in _PROGRAMS.items() if shutil.which(program, path=_EVERYBODYS_PATH) is None}
    if missing:
        environments.apt_install(log, sorted(missing), "The tests run programs that are missing")
    bench_tools(log)
    # Each test waits half of its time, for processes and simulators it started. Who has nothing left takes from the
    # others: some tests last a hundred times as long as most.
    workers = (os.cpu_count() or 1) + _MORE_WORKERS_THAN_PROCESSORS
    _pytest(log, "tests/integration", "-q", "--numprocesses", str(workers), "--dist", "worksteal", "-m", marks,
            seconds=20 * MINUTE)


# What OpenNebula's commands load that Ruby does not bring: package -> library.
_RUBY = {"ruby-nokogiri": "nokogiri", "ruby-xmlrpc": "xmlrpc/client", "ruby-activesupport": "active_support"}


def bench_tools(log):
    """what the bench sets this project beside: Ruby with the libraries of OpenNebula's commands"""
    loaded = ["ruby", *(f"-r{library}" for library in _RUBY.values()), "-e", "nil"]
    if shutil.which("ruby") is None or subprocess.run(loaded, capture_output=True, check=False).returncode:
        environments.apt_install(log, ["ruby", *_RUBY], "Ruby or a library that OpenNebula's commands load is missing")


def bench_mitogen(log):
    """what the bench sets the whole site beside: Mitogen, in an environment of its own"""
    environments.mitogen(log)


def _pytest(log, directory, *options, seconds):
    venv = environments.dev(log)
    run(log, ["pytest", "--durations=5", *options, directory], seconds=seconds, env=environment(venv))


def target(log):
    """the code that runs on managed hosts, on the oldest Python there is"""
    (version, python) = _oldest_of_hosts()
    files = [ROOT / "plugins/modules", ROOT / "plugins/module_utils"]
    cache = CACHE / "compiled"
    run(
        log, [python, "-m", "compileall", "-q", "-f", *files], seconds=MINUTE,
        env=environment(PYTHONPYCACHEPREFIX=str(cache)),
    )
    log.say(f"Compiles on Python {version[0]}.{version[1]}.")
    if version > (3, 6):
        log.say("There is no Python 3.6 here, so nothing was run on the oldest target's version.")
        return
    venv = environments.make(log, ROOT / ".venv-python-3.6", python, environments.REQUIREMENTS / "python-3.6.txt")
    core = environments.core(log, "2.16")
    _link(site_packages(core) / "ansible/module_utils", site_packages(venv) / "ansible/module_utils")
    _link(ROOT, site_packages(venv) / "ansible_collections/virtshare/storage")
    wanted, others = [], []
    for path in sorted((ROOT / "tests/unit/plugins/module_utils").rglob("test_*.py")):
        # The simulators run on the controller's Python only.
        (others if "from tests." in path.read_text(encoding="utf-8") else wanted).append(str(path.relative_to(ROOT)))
    log.say("Not run here, for they need the controller's Python: " + (", ".join(others) or "none"))
    run(
        log, [venv / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *wanted],
        seconds=5 * MINUTE, env=environment(venv),
    )


def _oldest_of_hosts():
    """The version, as (3, 6), and the path of the oldest Python found that what runs on hosts is written for."""
    return next(item for item in interpreters.found().items() if item[0] >= (3, 6))


def _link(source, link):
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(source)


def sanity(log):
    """ansible-test sanity on the newest ansible-core that runs here; on 2.16, what the oldest Python of hosts compiles and imports"""
    newest = environments.newest_core()
    (oldest, _python) = _oldest_of_hosts()
    # Side by side, as each uses one processor only. Pylint takes as long as all others.
    _ansible_test(log, {
        "2.16": _sanity(log, "2.16", "--python", f"{oldest[0]}.{oldest[1]}", "--test", "compile", "--test", "import"),
        newest: _sanity(log, newest, "--skip-test", "pylint"),
        f"{newest} pylint": _sanity(log, newest, "--test", "pylint", name="pylint"),
    })


def release_sanity(log):
    """what make test leaves out because it takes long: all of ansible-test sanity on ansible-core 2.16, with each Python"""
    _ansible_test(log, {"2.16": _sanity(log, "2.16", "--skip-test", "pylint"),
                        "2.16 pylint": _sanity(log, "2.16", "--test", "pylint", name="pylint")})


def _ansible_test(log, runs):
    run_together(log, runs, seconds=20 * MINUTE)
    if "All targets skipped" in log.path.read_text(encoding="utf-8"):
        raise Failed("ansible-test found nothing to test")


# The pip that each ansible-core wants in its own environments, in the words of its file names.
_GET_PIP = {"2.16": "23_1_2", "2.19": "24_2", "2.21": "25_2"}


def _sanity(log, version, *options, name=""):
    """The (command, environment, directory) of ansible-test with some options on one ansible-core.

    It works on a copy of the tree, with a home of its own, so that nothing outside the project is written.
    """
    venv = environments.core(log, version)
    # Two of one version would be in each other's way.
    name = "-".join(filter(None, ["sanity", version, name]))
    collection = tree.copy(name)
    home = CACHE / name / "home"
    stub = home / f".ansible/test/cache/get_pip_{_GET_PIP[version]}.py"
    stub.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(pathlib.Path(__file__).with_name("get_pip.py"), stub)
    _hand_on_pip_settings(home)
    path = os.pathsep.join([str(venv / "bin"), str(_interpreter_directory()), "/usr/bin", "/bin", "/usr/sbin"])
    return ["ansible-test", "sanity", "--color", "no", *options], environment(venv, PATH=path, HOME=str(home)), collection


def _hand_on_pip_settings(home):
    """Give ansible-test's pip, which sees neither the user's home nor environment, the index and proxy it is to use."""
    listed = subprocess.run(
        [environments.DEV / "bin/python", "-m", "pip", "config", "list"], capture_output=True, text=True, check=True,
    ).stdout
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = {"cache-dir": str(CACHE / "pip")}
    for line in listed.splitlines():
        scope, value = line.split("=", 1)
        name = scope.rpartition(".")[2]
        if scope.startswith(("global.", ":env:.")) and name not in ("config-file", "cache-dir", "require-virtualenv"):
            settings["global"][name] = ast.literal_eval(value)
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as opened:
        settings.write(opened)
    path.chmod(0o600)  # an index's address may hold a password


def _interpreter_directory():
    """A directory with pythonX.Y for every interpreter found; pyenv's shims, on which ansible-test dies, are not."""
    directory = CACHE / "interpreters"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for (major, minor), python in interpreters.found().items():
        (directory / f"python{major}.{minor}").symlink_to(python)
    return directory


def artifact(log):
    """a release rehearsed in a copy: changelog and artifact, which galaxy-importer accepts and ansible-core alone installs"""
    release.rehearse(log)


def docs(log):
    """antsibull-docs checks the documentation of every plugin and role"""
    venv = environments.dev(log)
    # On a copy, because it reads the whole directory it is given, caches included.
    command = ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self",
               "--check-extra-docs-refs", tree.copy("docs")]
    try:
        run(log, command, seconds=5 * MINUTE, env=environment(venv))
    except Failed:
        # Its temporary directory has a random name, and one that ends in _ is a reference in reStructuredText.
        if 'Unknown target name: "antsibull-docs-' not in log.path.read_text(encoding="utf-8"):
            raise
        run(log, command, seconds=5 * MINUTE, env=environment(venv))


def changelog(log):
    """antsibull-changelog checks the fragments"""
    venv = environments.dev(log)
    run(log, ["antsibull-changelog", "lint"], seconds=2 * MINUTE, env=environment(venv))


# In the order of `make test`: what fails soonest comes first, what needs the lab comes last.
ALL = {
    "setup": setup,
    "unit": unit,
    "lint": lint,
    "target": target,
    "changelog": changelog,
    "docs": docs,
    "artifact": artifact,
    "integration": integration,
    "sanity": sanity,
    "hosts": hosts.hosts,
}
# They use nothing of each other's, and most of them one processor.
ABREAST = {"unit", "lint", "lint-changed", "target", "changelog", "docs", "artifact", "simulators"}
CHECK = {"setup": setup, "lint-changed": lint_changed, "unit": unit, "simulators": simulators}
# Parts of `hosts`, to run alone.
HOSTS = {"scenarios": hosts.scenarios, "molecule": hosts.molecule}
# What is run before a release, and too long for `make test`.
RELEASE = {"setup": setup, "docs-site": site.site, "release-sanity": release_sanity, "release-simulators": release_simulators,
           "release": hosts.release, **debian.stages()}
# The documentation site, see site.py: its links need the network, its pictures a browser.
SITE = {"docs-site": site.site, "docs-links": site.links, "docs-pictures": site.screens, "docs-drawings": site.drawings}
BENCH = {"bench-tools": bench_tools, "bench-mitogen": bench_mitogen}
