# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All objects of one call: each is planned on what the Manager has, and on what is planned before it. No I/O of its own."""

import re

from .._plan.plan import Failure, Plan, Refusal, refuse
from .._plan.web import one_line
from . import image_storage, media, objects, taken, volumes


class State:
    """What the reader found, each object read once, and what it will be after what is planned so far.

    planned: {image storage: hosts} that are about to be created, or to get these hosts. absent: names of volumes that are
    about to be deleted. found: the image storages as they are; storages: as they will be, None where there is none;
    coming: {image storage: volumes} that are about to be created where there is none yet.
    """

    def __init__(self, reader, check, planned=None, absent=()):
        self.reader = reader
        self.check = check
        self.planned = dict(planned or {})
        self.absent = absent
        self.found = {}
        self.storages = {}
        self.coming = {}
        self.media = {}
        self._hosts = None

    def storage(self, name):
        if name not in self.found:
            self.found[name] = self.storages[name] = self.reader.image_storage(name)
        return self.storages[name]

    def storage_then(self, name):
        """As storage(), with the hosts that it will have; disks_of: those for which its disks are listed."""
        storage, hosts = self.storage(name), self.planned.get(name)
        if storage is None or hosts is None or set(hosts) == set(storage["hosts"]):
            return storage
        return dict(storage, hosts=hosts, disks_of=storage["hosts"])

    def hosts_of(self, name):
        """The hosts that an image storage will have, None where nobody knows them."""
        found = self.found.get(name)
        return self.planned.get(name) or (None if found is None else found["hosts"])

    def keep(self, place, name, after):
        """Note what a volume will be, None where it leaves."""
        storage, left = self.storage_then(place), [after] * (after is not None)
        if storage is None:
            self.coming[place] = self.coming.get(place, []) + left
        else:
            self.storages[place] = dict(storage, volumes=[one for one in storage["volumes"] if one["name"] != name] + left)

    def media_storage(self, name):
        if name not in self.media:
            self.media[name] = self.reader.media_storage(name)
        return self.media[name]

    def hosts(self):
        """The ids of all registered hosts."""
        if self._hosts is None:
            self._hosts = [host["id"] for host in self.reader.hosts()]
        return self._hosts

    def known(self, **objects_):
        return objects.ManagerState(self.reader.fields, self.reader.client.version, **objects_)


class ImageStorage:
    """One declared image storage. desired: as declared; plan, after: what is to be done, and what it will be then."""

    option, result = "image_storages", "image_storage"

    def __init__(self, params):
        self.desired = image_storage.validated(params)
        self.key = "image storage %s" % self.desired["name"]
        self.place = self.desired["name"]
        self.plan, self.after = Plan(), None

    def plan_on(self, state):
        name = self.desired["name"]
        current = state.storage(name)
        manager = state.known(storage=current, check=state.check, absent=state.absent)
        if image_storage.needs_hosts(self.desired, current):
            manager.hosts = state.hosts()
        if self.desired["state"] == "present" and (current is None or self.desired["hosts"] is not None):
            # Also where it is refused: what lies in it is judged by what is declared.
            state.planned[name] = self.desired["hosts"]
        self.plan, self.after = image_storage.plan(self.desired, manager)

    def shown(self):
        return image_storage.public(self.after)

    def unwell(self):
        return False

    def waits_for(self, done):
        """Whether operations that are done have changed what this one's plan rests on."""
        return self.desired["state"] == "absent" and any(item.place == self.place for item in done)


class Volume:
    """One declared volume; kind: volumes.External, volumes.Ocfs2 or volumes.Gluster."""

    result = "volume"
    kind = None

    def __init__(self, params):
        self.desired = volumes.validated(self.kind, params)
        self.key = "volume %s" % self.desired["target"]
        self.place = self.desired["image_storage"]
        self.plan, self.after = Plan(), None

    def plan_on(self, state):
        self.kind.check(self.desired, state.known(), volumes.label(self.kind, self.desired))
        # What the same call creates first is as good as there.
        manager = state.known(storage=state.storage_then(self.place), check=state.check or self.place in state.planned,
                              planned=state.planned, coming=state.coming.get(self.place, ()))
        self.plan, self.after = volumes.plan(self.kind, self.desired, manager)
        state.keep(self.place, self.desired["name"], self.after)

    def shown(self):
        return dict(self.after)

    def unwell(self):
        """Whether the Manager shows another status than the documented one."""
        return bool(self.after["status"]) and str(self.after["status"]).lower() != "ok"

    def waits_for(self, done):
        # Which disks are usable is seen when the image storage has its hosts.
        return any(isinstance(item, ImageStorage) and item.place == self.place for item in done)


class ExternalVolume(Volume):
    option, kind = "external_volumes", volumes.External


class Ocfs2Volume(Volume):
    option, kind = "ocfs2_volumes", volumes.Ocfs2


class GlusterVolume(Volume):
    option, kind = "gluster_volumes", volumes.Gluster


class MediaStorage:
    """One declared media storage."""

    option, result = "media_storages", "media_storage"
    place = None

    def __init__(self, params):
        self.desired = media.validated(params)
        self.key = "media storage %s" % self.desired["name"]
        self.plan, self.after = Plan(), None

    def plan_on(self, state):
        name = self.desired["name"]
        current = state.media_storage(name)
        manager = state.known(media=current, check=state.check)
        if media.needs_hosts(self.desired, current):
            manager.hosts = state.hosts()
        self.plan, self.after = media.plan(self.desired, manager)
        state.media[name] = self.after

    def shown(self):
        return dict(self.after)

    def unwell(self):
        """As of a volume; but which status a media storage has that is well is documented nowhere."""
        return bool(re.search("error|fail", str(self.after["status"]), re.IGNORECASE))

    def waits_for(self, done):
        return False


# In this order they are created: an image storage before what it holds.
KINDS = (ImageStorage, ExternalVolume, Ocfs2Volume, GlusterVolume, MediaStorage)


def validated(declared):
    """The objects in the order in which they are done, or a Refusal with all problems.

    declared: {option such as image_storages: [the parameters of one object, ...]}. Absent ones leave at the end, volumes
    before the image storage that holds them.
    """
    items, problems, seen = [], [], set()
    for kind in KINDS:
        for params in declared.get(kind.option) or ():
            try:
                item = kind(params)
            except Refusal as refusal:
                problems.extend(refusal.problems)
                continue
            if item.key in seen:
                problems.append("The %s is declared twice; declare it once." % item.key)
            seen.add(item.key)
            items.append(item)
    leaving = [item.place for item in items if isinstance(item, ImageStorage) and item.desired["state"] == "absent"]
    for item in items:
        if isinstance(item, Volume) and item.desired["state"] == "present" and item.place in leaving:
            problems.append("The %s is declared present, and the image storage that holds it absent; declare either otherwise."
                            % item.key)
    refuse(problems)
    present = [item for item in items if item.desired["state"] == "present"]
    absent = [item for item in items if item.desired["state"] == "absent"]
    return present + [item for item in absent if not isinstance(item, ImageStorage)] + [
        item for item in absent if isinstance(item, ImageStorage)]


def plan_all(items, state):
    """Plan each item after the others; a Refusal that lists every problem."""
    problems = []
    for item in items:
        try:
            item.plan_on(state)
        except Refusal as refusal:
            problems.extend(refusal.problems)
    refuse(problems + _taken(items, state))


def _taken(items, state):
    """Sentences about disks and bricks that volumes to be created would take from each other, or from others."""
    coming = []
    for item in items:
        known = state.found.get(item.place)
        if isinstance(item, Volume) and item.desired["state"] == "present" and item.desired["name"] not in [
                volume["name"] for volume in (known["volumes"] if known is not None else ())]:
            coming.append(dict(item.desired, kind=item.kind.kind, hosts=state.hosts_of(item.place)))
    there = [dict(volume, target="%s/%s" % (place, volume["name"]), hosts=found["hosts"])
             for place, found in state.found.items() if found is not None for volume in found["volumes"]]
    return taken.problems(coming, there)


def whole(items):
    """The Plan of all items; a media storage may have the name of an image storage."""
    result = Plan()
    for item in items:
        plan = item.plan
        if set(plan.before) & set(result.before):
            plan = Plan(plan.operations, *[dict((item.key, value) for value in states.values())
                                           for states in (plan.before, plan.after)], warnings=plan.warnings)
        result.add(plan)
    return result


def unwell(items):
    """Warnings about volumes and media storages with which the Manager has trouble, as they were read last."""
    found = []
    for item in items:
        if item.after is not None and item.unwell():
            said = ": %s" % one_line(item.after["status_msg"]) if item.after["status_msg"] else ""
            found.append("The Manager shows the %s with the status %s%s. Nothing is done about that; look at it in the "
                         "Dashboard." % (item.key, one_line(item.after["status"]), said))
    return found


def read_back(items, reader, hint):
    """Look again at what was changed; Failure when the Manager does not show what its tasks are said to have done.

    hint: a phrase about where to look then.
    """
    state = State(reader, False)
    places = set(item.place for item in items if item.plan.changed) - set([None])
    touched = [item for item in items if item.plan.changed or item.place in places]
    done = dict((item.key, item.plan) for item in touched)
    try:
        for item in touched:
            if "update_password" in item.desired:
                item.desired = dict(item.desired, update_password="on_create")
        plan_all(touched, state)
    except Failure as error:
        raise Failure("After the change: %s" % error)
    rest = whole(touched)
    for item in touched:
        item.plan = done[item.key]
    if rest.changed:
        raise Failure("The Manager's task succeeded but nothing shows of it: it would still be needed to %s. A name it "
                      "does not know may have been ignored; %s."
                      % ("; ".join(one.summary for one in rest.operations), hint))
