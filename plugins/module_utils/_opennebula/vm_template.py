# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of VMs that use a share: whether they keep off hosts without it, and the plan that they do. No I/O."""

from .._plan.plan import Operation, Plan, Refusal, refuse
from . import image, objects, requirement, template

ATTRIBUTE = "SCHED_REQUIREMENTS"
UPDATE = "one.template.update"
APPEND = 1
ADD, REMOVE, KEPT, BROKEN = "add", "remove", "kept", "broken"


def read_pool(document):
    """The templates in the body of one.templatepool.info, by id: {"id", "name", "owner", "owner_id", "disks", "requirements"}."""
    return sorted(map(_read, template.parse(document).findall("VMTEMPLATE")), key=lambda one: one["id"])


def _read(element):
    values = template.decode(element.find("TEMPLATE"))
    return {
        "id": objects.child_int(element, "ID", -1), "name": objects.child_text(element, "NAME"),
        "owner": objects.child_text(element, "UNAME"), "owner_id": objects.child_int(element, "UID", -1),
        "disks": [disk for disk in values.get("DISK", []) if isinstance(disk, dict)],
        "requirements": values.get(ATTRIBUTE, []),
    }


def plan(templates, images, attributes, names=(), present=True):
    """(Plan, [a row for each template that uses a share, by id]).

    images: of image.read_pool(). attributes: {path of a share: the attribute of a host that tells its state}. names: of the
    templates that are meant, all without. A row: {"id", "name", "owner", "images", "attributes", "missing", "requirements",
    "action"}; missing: attributes that it does not ask for.
    """
    refuse(["There is no VM template %r that the user may see. Correct the name, or give the user USE on it." % name
            for name in names if name not in [one["name"] for one in templates]])
    whole, rows = Plan(), []
    for one in templates:
        used = [found for found in images if found["type"] == image.FILESYSTEM and any(_uses(disk, found, one) for disk in one["disks"])]
        wanted = sorted(set(attribute for path, attribute in attributes.items() for found in used if objects.inside(found["path"], [path])))
        if not wanted or (names and one["name"] not in names):
            continue
        rows.append(_row(one, used, wanted, present))
        if rows[-1]["action"] in (ADD, REMOVE):
            whole.add(_change(one, rows[-1]))
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


def _row(one, used, wanted, present):
    row = {"id": one["id"], "name": one["name"], "owner": one["owner"], "images": sorted(found["name"] for found in used),
           "attributes": wanted, "missing": wanted, "requirements": None, "action": BROKEN}
    if len(one["requirements"]) > 1 or not all(isinstance(text, str) for text in one["requirements"]):
        return row
    text = one["requirements"][0] if one["requirements"] else ""
    row["missing"] = [name for name in wanted if not requirement.asks_for(text, name)]
    after = text
    for name in row["missing"] if present else [name for name in wanted if name not in row["missing"]]:
        after = (requirement.asking_for if present else requirement.not_asking_for)(after, name)
    row.update(requirements=after, action=KEPT if after == text else ADD if present else REMOVE)
    return row


def _change(one, row):
    target = label(one)
    values = [row["requirements"]] if row["requirements"] else []
    documents = template.encode({ATTRIBUTE: values})
    if len(documents) != 1:
        raise Refusal("%s: its %s cannot be written" % (target, ATTRIBUTE))
    summary = ("keep its VMs off hosts without the share" if row["action"] == ADD else "let its VMs go to hosts without the share")
    return Plan([Operation(UPDATE, target, summary, call=[one["id"], documents[0], APPEND])],
                {target: {ATTRIBUTE: one["requirements"][0] if one["requirements"] else None}},
                {target: {ATTRIBUTE: row["requirements"] or None}})


def label(one):
    """How messages call a template; names are unique for each owner."""
    return "VM template %d (%s of %s)" % (one["id"], one["name"], one["owner"])


def warnings(rows):
    """A sentence for each template that a person has to correct."""
    return ["%s has %s more than once, with which no VM of it starts: correct it by hand" % (label(row), ATTRIBUTE)
            for row in rows if row["action"] == BROKEN]
