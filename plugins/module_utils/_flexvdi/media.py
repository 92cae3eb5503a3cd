# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Media storages: CIFS shares with ISO images and exported machines. No I/O."""

from .._plan.plan import Plan, Refusal
from . import objects

SPEC = dict(
    name=dict(type="str", required=True),
    state=objects.STATES,
    address=dict(type="str"),
    path=dict(type="str"),
    username=dict(type="str"),
    password=dict(type="str", no_log=True),
    hosts=dict(type="list", elements="str"),
    update_password=dict(type="str", default="on_create", choices=["always", "on_create"], no_log=False),
)
# setting, key in requests, key in answers
COMPARED = (("address", "mstorage_address", "read_media_address"), ("path", "mstorage_path", "read_media_path"),
            ("username", "mstorage_username", "read_media_username"),
            ("hosts", "mstorage_hosts", "read_media_hosts"))


def validated(params):
    """The declaration, or a Refusal."""
    name = objects.checked_name(params["name"], "a media storage")
    desired = dict((key, params[key]) for key in SPEC)
    for key in ("address", "path", "username"):
        desired[key] = objects.given(params[key])
    desired["password"] = params["password"] or None
    if params["state"] == "present" and params["hosts"] is not None:
        desired["hosts"] = objects.checked_hosts(params["hosts"], "media storage %r" % name)
    return desired


def read(fields, name, document):
    """{"name", "address", "path", "username", "hosts", "status", "status_msg", "files"} of an answer."""
    what = "the media storage %r" % name
    found = {"name": name}
    for key in ("address", "path"):
        found[key] = fields.read_name(document, "read_media_" + key, what)
    found["username"] = fields.maybe(document, "read_media_username")
    found["hosts"] = objects.read_names(fields, fields.read_list(document, "read_media_hosts", what), "read_host_id",
                                        "a host of %s" % what)
    for key in ("status", "status_msg"):
        found[key] = fields.maybe(document, "read_media_" + key)
    found["files"] = objects.read_names(fields, fields.maybe_list(document, "read_media_files", what),
                                        "read_media_file", "a file of %s" % what)
    return found


def _changes(desired, current):
    """The settings that differ; what is not declared says nothing."""
    return [key for key, _request, _answer in COMPARED if desired[key] is not None and (
        set(desired[key]) != set(current[key]) if key == "hosts" else desired[key] != (current[key] or ""))]


def needs_hosts(desired, current):
    """Whether the list of registered hosts is needed to plan."""
    return desired["state"] == "present" and desired["hosts"] is not None and (
        current is None or "hosts" in _changes(desired, current))


def plan(desired, manager):
    """(Plan, the media storage afterwards or None)."""
    current, name = manager.media, desired["name"]
    what = "media storage %r" % name
    if desired["state"] == "absent":
        if current is None:
            return Plan(), None
        operation = objects.task(manager.fields, "mstorage_delete", name, "delete the media storage",
                                 [("mstorage_id", name)])
        return Plan([operation], before={name: {"state": "present"}}, after={name: {"state": "absent"}}), None
    if desired["hosts"] is not None:
        objects.check_registered(desired["hosts"], manager, what)
    if current is None:
        return _plan_new(desired, manager, what)
    changed = _changes(desired, current)
    resent = desired["update_password"] == "always" and desired["password"] is not None
    if not changed and not resent:
        return Plan(), current
    after = dict(current, **dict((key, desired[key]) for key in changed))
    summary = "; ".join(["change %s" % ", ".join(changed)] * bool(changed) + ["send the password again"] * resent)
    operation = objects.task(manager.fields, "mstorage_modify", name, summary, _values(after, desired, resent))
    before_shown = dict((key, current[key]) for key in changed)
    after_shown = dict((key, desired[key]) for key in changed)
    if resent:
        before_shown["password"], after_shown["password"] = "(not readable)", "(sent again)"
    return Plan([operation], before={name: before_shown}, after={name: after_shown}), after


def _plan_new(desired, manager, what):
    missing = [key for key in ("address", "path", "hosts") if not desired[key]]
    if missing:
        raise Refusal("The %s does not exist and is declared without %s; write what is missing, so that it can be created."
                      % (what, " and ".join(missing)))
    name = desired["name"]
    operation = objects.task(manager.fields, "mstorage_create", name, "create the media storage of //%s/%s on %s" % (
        desired["address"], desired["path"].strip("/"), ", ".join(desired["hosts"])),
        _values(desired, desired, desired["password"] is not None))
    shown = dict((key, desired[key]) for key in ("address", "path", "username", "hosts") if desired[key] is not None)
    after = dict(dict.fromkeys(("address", "path", "username", "hosts")), **shown)
    after.update(name=name, status=None, status_msg=None, files=[])
    return Plan([operation], before={name: {"state": "absent"}}, after={name: dict(shown, state="present")}), after


def _values(wanted, desired, with_password):
    """What a request holds, in its order; the password only where it is to be set."""
    values = [("mstorage_id", desired["name"]), ("mstorage_address", wanted["address"]),
              ("mstorage_path", wanted["path"])]
    if wanted["username"] is not None:
        values.append(("mstorage_username", wanted["username"]))
    if with_password:
        values.append(("mstorage_password", desired["password"]))
    return values + [("mstorage_hosts", list(wanted["hosts"]))]
