# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of VMs that use a share: whether they keep off hosts without it, and the plan that they do. No I/O."""

from .._plan.plan import Operation, Plan, Refusal, refuse, visible
from . import image, image_state, objects, requirement, template

ATTRIBUTE = "SCHED_REQUIREMENTS"
UPDATE = "one.template.update"
APPEND = 1
ADD, REMOVE, KEPT, BROKEN, LOCKED = "add", "remove", "kept", "broken", "locked"


def read_pool(document):
    """The templates in the body of one.templatepool.info, by id.

    Each {"id", "name", "owner", "owner_id", "disks", "requirements", "lock"}.
    """
    return sorted(map(_read, template.parse(document).findall("VMTEMPLATE")), key=lambda one: one["id"])


def _read(element):
    values = template.decode(element.find("TEMPLATE"))
    return {
        "id": objects.child_int(element, "ID", -1), "name": objects.child_text(element, "NAME"),
        "owner": objects.child_text(element, "UNAME"), "owner_id": objects.child_int(element, "UID", -1),
        "disks": [disk for disk in values.get("DISK", []) if isinstance(disk, dict)],
        "requirements": values.get(ATTRIBUTE, []), "lock": objects.lock_of(element.find("LOCK")),
    }


def plan(templates, images, attributes, names=(), present=True):
    """(Plan, [a row for each template that uses a share or asks for one, by id]).

    images: of image.read_pool(). attributes: {path of a share: the attribute of a host that tells its state}. names: of the
    templates that are meant, all without. A row: {"id", "name", "owner", "images", "attributes", "missing", "unused",
    "requirements", "action", "why"}; missing: attributes of the shares that it uses and does not ask for; unused: those that
    it asks for and does not use; why: of a template that is broken or locked.
    """
    refuse(["There is no VM template %r that the user may see. Correct the name, or give the user USE on it." % name
            for name in names if name not in [one["name"] for one in templates]])
    whole, rows = Plan(), []
    users = {one["owner_id"]: one["owner"] for one in images + templates}
    for one in templates:
        if names and one["name"] not in names:
            continue
        used = [(found, attribute) for found in images if found["type"] == image.FILESYSTEM
                for path, attribute in attributes.items() if objects.inside(objects.plain(found["path"]), [path])
                and any(_uses(disk, found, one) for disk in one["disks"])]
        row = _row(one, used, set(attributes.values()), present)
        if not row["attributes"]:
            continue
        rows.append(row)
        if row["action"] not in (ADD, REMOVE):
            continue
        change = _change(one, row)
        # The server's check: what the level of the lock names is forbidden, and all above it.
        if one["lock"] is not None and one["lock"]["level"] <= image_state.MANAGE:
            row.update(action=LOCKED, requirements=_text(one), why=image_state.locked(
                label(one), one["lock"], users, change.operations[0].summary, "onetemplate unlock %d" % one["id"]))
        else:
            whole.add(change)
    return whole, rows


def _uses(disk, found, one):
    """Whether a DISK is an image, by OpenNebula's rules: its id, or its name and owner, that of the template without one."""
    if disk.get("IMAGE_ID"):
        return disk["IMAGE_ID"] == str(found["id"])
    if disk.get("IMAGE") != found["name"]:
        return False
    if disk.get("IMAGE_UID"):
        return disk["IMAGE_UID"] == str(found["owner_id"])
    return disk["IMAGE_UNAME"] == found["owner"] if disk.get("IMAGE_UNAME") else one["owner_id"] == found["owner_id"]


def _row(one, used, known, present):
    """used: [(an image, the attribute of its share)]; known: all attributes."""
    wanted = set(attribute for _found, attribute in used)
    images = {found["id"]: found["name"] for found, _attribute in used}
    row = {"id": one["id"], "name": one["name"], "owner": one["owner"], "images": sorted(images.values()), "unused": [],
           "requirements": None, "action": BROKEN, "why": _trouble(one)}
    if row["why"]:
        # Also one that asked for a share and uses it no more: a condition may be somewhere in there.
        row["attributes"] = row["missing"] = sorted(wanted.union(name for name in known for text in one["requirements"]
                                                                 if requirement.mentions(str(text), name)))
        return row
    text = _text(one)
    asked = set(name for name in known if requirement.asks_for(text, name))
    row.update(attributes=sorted(wanted | asked), missing=sorted(wanted - asked), unused=sorted(asked - wanted))
    after = text
    for name in row["missing"] if present else sorted(asked):
        after = (requirement.asking_for if present else requirement.not_asking_for)(after, name)
    row.update(requirements=after, action=KEPT if after == text else ADD if present else REMOVE)
    return row


def _text(one):
    return one["requirements"][0] if one["requirements"] else ""


def _trouble(one):
    """Why nothing can be added to what a template requires, or taken from it; or an empty text."""
    if len(one["requirements"]) > 1 or not all(isinstance(text, str) for text in one["requirements"]):
        return "%s has %s more than once, with which no VM of it starts: correct it by hand" % (label(one), ATTRIBUTE)
    problem = requirement.problem(_text(one))
    return "" if problem is None else (
        "%s has the %s '%s', which cannot be read: %s. With such an error its VMs are not placed, and nothing is added or "
        "removed: correct it by hand" % (label(one), ATTRIBUTE, visible(_text(one)), problem))


def _change(one, row):
    target = label(one)
    values = [row["requirements"]] if row["requirements"] else []
    documents = template.encode({ATTRIBUTE: values})
    if len(documents) != 1:
        raise Refusal("%s: its %s cannot be written" % (target, ATTRIBUTE))
    summary = ("keep its VMs off hosts without the share" if row["action"] == ADD else "let its VMs go to hosts without the share")
    return Plan([Operation(UPDATE, target, summary, call=[one["id"], documents[0], APPEND])],
                {target: {ATTRIBUTE: _text(one) or None}},
                {target: {ATTRIBUTE: row["requirements"] or None}})


def label(one):
    """How messages call a template; names are unique for each owner."""
    return "VM template %d (%s of %s)" % (one["id"], one["name"], one["owner"])


def warnings(rows, attributes):
    """A sentence for each template that a person has to correct, or to look at. attributes: as in plan()."""
    for row in rows:
        if row["action"] == BROKEN:
            yield row["why"]
        elif row["unused"] and row["action"] != REMOVE:
            paths = sorted(path for path, attribute in attributes.items() if attribute in row["unused"])
            yield ("%s asks for %s and has no disk of %s that the user may see, and its VMs go to no host without it. Where that "
                   "is not meant, take the condition away with state: absent, paths: [%s], templates: [%s]" % (
                       label(row), ", ".join(row["unused"]), ", ".join(paths), ", ".join(paths), row["name"]))


def problems(rows):
    """A sentence for each template that somebody's lock keeps as it is."""
    return [row["why"] for row in rows if row["action"] == LOCKED]
