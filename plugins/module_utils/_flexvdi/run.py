# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thin executor: read what is there, plan, and, unless it is a check run, carry the plan out and read back."""

import contextlib

from .._plan.outcome import Outcome
from .._plan.plan import Failure, Plan, Refusal
from . import image_storage, media, objects, storage, tasks, volumes
from .client import CONNECTION_SPEC, ApiError, Client
from .fields import ASSUMED, STATUS, WHERE_TO_LOOK, Fields
from .fields import SPEC as FIELDS_SPEC

BASE_SPEC = dict(CONNECTION_SPEC, **dict(FIELDS_SPEC, **tasks.SPEC))
# What a single module takes beside, for the sake of check mode: a list knows it by itself.
_ALONE = ("expected_absent_volumes", "expected_image_storages")


def _elements(spec):
    return dict(type="list", elements="dict", default=[],
                options=dict((name, option) for name, option in spec.items() if name not in _ALONE))


SPEC = dict(
    BASE_SPEC,
    image_storages=_elements(image_storage.SPEC),
    external_volumes=_elements(volumes.External.spec),
    ocfs2_volumes=_elements(volumes.Ocfs2.spec),
    gluster_volumes=_elements(volumes.Gluster.spec),
    media_storages=_elements(media.SPEC),
)

# What can be read, in the order of its addresses: documented ones first.
GATHERED = ["hosts", "image_storages", "media_storages"]
INFO_SPEC = dict(
    CONNECTION_SPEC,
    gather=dict(type="list", elements="str", choices=GATHERED, default=GATHERED[:2]),
    image_storages=dict(type="list", elements="str"),
    media_storages=dict(type="list", elements="str"),
    **FIELDS_SPEC
)


class _Reader:
    """Reads objects; what the Manager does not have is None, and what cannot be read is a failure."""

    def __init__(self, client):
        self.client = client
        self.fields = client.fields

    def hosts(self):
        return objects.read_hosts(self.fields, self.client.get("hosts"))

    def image_storage(self, name):
        document = self._find("path_image_storages", "read_image_storage_id", name, "image storage")
        if document is None:
            return None
        return objects.read_image_storage(self.fields, name, document, self.client.version)

    def media_storage(self, name):
        document = self._find("path_media_storages", "read_media_id", name, "media storage")
        return None if document is None else media.read(self.fields, name, document)

    def names(self, path, key, what):
        """All ids at a path, or None where the Manager offers no such list."""
        try:
            document = self.client.find(self.fields[path])
        except ApiError:
            return None
        return objects.read_names(self.fields, document, key, what)

    def _find(self, path, key, name, what):
        """The document of one object, or None when it is certain that there is none.

        A Manager may say that something is missing when it is not the object but the address: the list has the last
        word. Only where the documents have the address, it need not be there.
        """
        document = self.client.find(self.fields[path], name)
        if document is not None:
            return document
        known = self.names(path, key, what)
        if known is None and (STATUS[path] == ASSUMED or path in self.fields.given):
            raise Failure("Whether the %s %r exists cannot be known: flexVDI Manager at %s answers neither for it nor "
                          "with a list under /%s.%s" % (what, name, self.client.where, self.fields[path],
                                                        self.fields.hint([path])))
        if known is not None and name in known:
            raise Failure("flexVDI Manager at %s lists the %s %r, but says that there is none when asked about it; "
                          "nothing is done." % (self.client.where, what, name))
        return None


@contextlib.contextmanager
def _session(params, outcome):
    """A Reader over a client that is closed at the end, whatever happens; its secrets are hidden in the outcome."""
    client = Client.from_params(params, Fields(params["fields"]))
    try:
        yield _Reader(client)
    finally:
        client.close()
        outcome.hide(client.secrets)


def _work(params, check_mode, declared, shown, planned=None, absent=()):
    """The Outcome of the declared objects; shown(items): what is returned of them.

    planned, absent: what other tasks of the same check run create and delete, see storage.State.
    """
    outcome = Outcome(Plan(), {"tasks": [], "requests": []})
    with outcome.collect():
        items = storage.validated(declared)
        if params["task_timeout"] <= 0:
            raise Refusal("task_timeout %g is not a positive number of seconds; 300 is the default."
                          % params["task_timeout"])
        with _session(params, outcome) as reader:
            storage.plan_all(items, storage.State(reader, check_mode, planned, absent))
            if check_mode:
                outcome.plan = storage.whole(items)
            else:
                _carry_out(reader, items, params["task_timeout"], outcome)
            outcome.result["requests"] = [_shown(one, reader.fields) for one in outcome.plan.operations]
        outcome.warnings = storage.whole(items).warnings + storage.unwell(items)
        outcome.result.update(shown(items))
    return outcome


def _carry_out(reader, items, task_timeout, outcome):
    """Do the items one after another, and look at them again; the outcome has what is done by then."""
    done = []
    for item in items:
        if item.plan.changed and item.waits_for(done):
            item.plan_on(storage.State(reader, False))
        for operation in item.plan.operations:
            outcome.result["tasks"].append(tasks.execute(reader.client, operation, task_timeout))
            done.append(item)
            outcome.plan = storage.whole(done)
    if done:
        storage.read_back(items, reader, WHERE_TO_LOOK)


def _shown(operation, fields):
    """The request of an operation as it may be shown."""
    document = dict(operation.arguments["document"])
    if "mstorage_password" in operation.arguments["keys"]:
        document[fields["mstorage_password"]] = "(hidden)"
    return document


def work(params, check_mode):
    """The Outcome of flexvdi_storage."""
    return _work(params, check_mode, params, lambda items: dict(
        (result + "s", [item.shown() for item in items if item.result == result and item.after is not None])
        for result in ("image_storage", "volume", "media_storage")))


def _single(params, check_mode, kind, **more):
    return _work(params, check_mode, {kind.option: [params]}, lambda items: dict(
        (item.result, item.shown()) for item in items if item.after is not None), **more)


def one_image_storage(params, check_mode):
    """The Outcome of flexvdi_image_storage."""
    return _single(params, check_mode, storage.ImageStorage,
                   absent=params["expected_absent_volumes"] if check_mode else ())


def one_media_storage(params, check_mode):
    """The Outcome of flexvdi_media_storage."""
    return _single(params, check_mode, storage.MediaStorage)


def one_volume(kind):
    """What gives the Outcome of the module of a kind of volume."""
    def volume(params, check_mode):
        expected = params["expected_image_storages"] if check_mode else {}
        return _single(params, check_mode, kind, planned=dict((name, objects.names(expected[name])) for name in expected))

    return volume


def info(params, check_mode):  # pylint: disable=unused-argument
    """The Outcome of flexvdi_storage_info."""
    outcome = Outcome()
    with outcome.collect(), _session(params, outcome) as reader:
        outcome.result = _gather(params, reader)
    return outcome


def _gather(params, reader):
    found = {}
    if "hosts" in params["gather"]:
        found["hosts"] = reader.hosts()
    for word, reading, public, path, key in (
            ("image_storages", reader.image_storage, image_storage.public, "path_image_storages",
             "read_image_storage_id"),
            ("media_storages", reader.media_storage, dict, "path_media_storages", "read_media_id")):
        if word not in params["gather"]:
            continue
        what = word.replace("_", " ")
        # An empty text among the names asks for nothing, and alone it is no list of names.
        names = objects.names(params[word])
        if names is None or (params[word] and not names):
            names = reader.names(path, key, what)
        if names is None:
            raise Failure("flexVDI Manager at %s gives no list of its %s under /%s, which is assumed, not documented. "
                          "Name those you mean in %s; %s."
                          % (reader.client.where, what, reader.fields[path], word, WHERE_TO_LOOK))
        read = [reading(name) for name in names]
        found[word] = [public(one) for one in read if one is not None]
    return found
