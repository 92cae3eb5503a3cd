# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the guard's program: one file, made of these very modules, that needs nothing but Python 3.6.

It is a zip archive that Python runs. The same modules give the same bytes, so that comparing them tells whether a host
has this program.
"""

import ast
import hashlib
import importlib
import io
import zipfile

from . import main

# The package in which the modules find each other; theirs is ansible_collections.….plugins.module_utils.
_PACKAGE = "virtshare_guard"
_DATE = (1980, 1, 1, 0, 0, 0)
_START = '''# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virtshare-guard %(version)s, built of the Ansible collection virtshare.storage. Changes made here are overwritten."""
import sys
from %(package)s._guard import main
sys.exit(main.main(digest=%(digest)r))
'''


def program(interpreter):
    """(bytes of the program, its digest). interpreter: the path of the host's Python, for the first line."""
    sources = _sources()
    digest = digest_of(sources)
    files = {name.replace(".", "/") + ".py": text for name, text in sources.items()}
    for name in list(sources):
        parts = name.split(".")
        for length in range(1, len(parts)):
            files.setdefault("/".join(parts[:length]) + "/__init__.py", "")
    files["__init__.py"] = ""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "__main__.py", _START % {"version": main.VERSION, "package": _PACKAGE, "digest": digest})
        for name in sorted(files):
            _add(archive, "%s/%s" % (_PACKAGE, name), files[name])
    return ("#!%s -I\n" % interpreter).encode("utf-8") + content.getvalue(), digest


def digest_of(sources):
    """A short digest of {name: text}."""
    whole = hashlib.sha256()
    for name in sorted(sources):
        whole.update(("%s\0%s\0" % (name, sources[name])).encode("utf-8"))
    return whole.hexdigest()[:16]


def _add(archive, name, text):
    archive.writestr(zipfile.ZipInfo(name, _DATE), text.encode("utf-8"))


def _sources():
    """{name below module_utils: text} of main and of all that it imports of ours."""
    base = __name__.rpartition(".")[0].rpartition(".")[0]
    found, wanted = {}, ["_guard.main"]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        module = importlib.import_module("%s.%s" % (base, name))
        text = module.__spec__.loader.get_source(module.__name__)
        if module.__spec__.submodule_search_locations is not None:
            # A package of ours holds nothing itself.
            continue
        found[name] = text
        wanted += _imports(name, text, base)
    return found


def _imports(name, text, base):
    """The modules of ours that one imports, as names below module_utils."""
    package = name.split(".")[:-1]
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        parts = package[:len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
        for alias in node.names:
            inner = ".".join(parts + [alias.name])
            yield inner if _is_module("%s.%s" % (base, inner)) else ".".join(parts)


def _is_module(name):
    try:
        importlib.import_module(name)
        return True
    except ImportError:
        return False
