# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thin executor: read what is there, plan, and, unless it is a check run, carry the plan out and read back."""

from .._plan.plan import Refusal
from .._plan.web import secrets_in
from . import image_storage, media, objects, tasks, volumes
from .client import CONNECTION_SPEC, ApiError, Client, Failure
from .fields import ASSUMED, STATUS, WHERE_TO_LOOK, Fields
from .fields import SPEC as FIELDS_SPEC
from .tasks import Unfinished

BASE_SPEC = dict(CONNECTION_SPEC, **dict(FIELDS_SPEC, **tasks.SPEC))

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


def _run(module, validated, work, result_name, public):
    """Run a module: work(reader, desired) gives (Plan, object afterwards or None, read and plan again)."""
    module.no_log_values.update(secrets_in(module.params["api_url"]))
    client = None
    numbers = []
    try:
        desired = validated(module.params)
        if module.params["task_timeout"] <= 0:
            raise Refusal("task_timeout %s is not a positive number of seconds; 300 is the default."
                          % module.params["task_timeout"])
        client = Client.from_params(module.params, Fields(module.params["fields"]))
        reader = _Reader(client)
        plan, after = work(reader, desired)
        if plan.changed and not module.check_mode:
            numbers = tasks.execute(client, plan.operations, module.params["task_timeout"])
            after = _read_back(reader, desired, work, plan)
    except Unfinished as error:
        _fail(module, client, error, error.done)
    except (Refusal, Failure) as error:
        _fail(module, client, error, [])
    result = dict(plan.result(), tasks=numbers, requests=[_shown(one, client.fields) for one in plan.operations])
    if after is not None:
        result[result_name] = public(after)
    _end(module, client)
    for warning in plan.warnings:
        module.warn(warning)
    module.exit_json(**result)


def _shown(operation, fields):
    """The request of an operation as it may be shown."""
    document = dict(operation.arguments["document"])
    if "mstorage_password" in operation.arguments["keys"]:
        document[fields["mstorage_password"]] = "(hidden)"
    return document


def _read_back(reader, desired, work, plan):
    """The object as it is now; Unfinished when the Manager does not show what its tasks are said to have done."""
    try:
        rest, after = work(reader, dict(desired, update_password="on_create"))
    except (Refusal, Failure) as error:
        raise Unfinished("After the change: %s" % error, plan.operations)
    if rest.changed:
        raise Unfinished("The Manager's task succeeded but nothing shows of it: it would still be needed to %s. A name "
                         "it does not know may have been ignored; %s."
                         % ("; ".join(one.summary for one in rest.operations), WHERE_TO_LOOK), plan.operations)
    return after


def _end(module, client):
    """End the session, and keep its secrets out of whatever the module returns."""
    if client is not None:
        client.close()
        module.no_log_values.update(secret for secret in client.secrets if secret)


def _fail(module, client, error, done):
    _end(module, client)
    module.fail_json(msg=str(error), changed=bool(done), operations=[operation.result() for operation in done])


def run_image_storage(module):
    """Run flexvdi_image_storage."""
    def work(reader, desired):
        world = objects.ManagerState(reader.fields, module.params["api_version"], reader.image_storage(desired["name"]),
                                     check=module.check_mode,
                                     leaving=module.params["expected_absent_volumes"] if module.check_mode else ())
        if image_storage.needs_hosts(desired, world.storage):
            world.hosts = [host["id"] for host in reader.hosts()]
        return image_storage.plan(desired, world)

    _run(module, image_storage.validated, work, "image_storage", image_storage.public)


def run_volume(module, kind):
    """Run the module of a kind of volume."""
    def work(reader, desired):
        kind.check(desired, objects.ManagerState(reader.fields, module.params["api_version"]), volumes.label(kind, desired))
        world = objects.ManagerState(reader.fields, module.params["api_version"],
                                     reader.image_storage(desired["image_storage"]), check=module.check_mode,
                                     coming=module.params["expected_image_storages"])
        return volumes.plan(kind, desired, world)

    _run(module, lambda params: volumes.validated(kind, params), work, "volume", dict)


def run_media_storage(module):
    """Run flexvdi_media_storage."""
    def work(reader, desired):
        world = objects.ManagerState(reader.fields, module.params["api_version"], media=reader.media_storage(desired["name"]),
                                     check=module.check_mode)
        if media.needs_hosts(desired, world.media):
            world.hosts = [host["id"] for host in reader.hosts()]
        return media.plan(desired, world)

    _run(module, media.validated, work, "media_storage", dict)


def run_info(module):
    """Run flexvdi_storage_info."""
    module.no_log_values.update(secrets_in(module.params["api_url"]))
    client = None
    try:
        client = Client.from_params(module.params, Fields(module.params["fields"]))
        found = _gather(module.params, _Reader(client))
    except (Refusal, Failure) as error:
        _end(module, client)
        module.fail_json(msg=str(error))
    _end(module, client)
    module.exit_json(changed=False, **found)


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
        names = params[word]
        if names is None:
            names = reader.names(path, key, what)
        if names is None:
            raise Failure("flexVDI Manager at %s gives no list of its %s under /%s, which is assumed, not documented. "
                          "Name those you mean in %s; %s."
                          % (reader.client.where, what, reader.fields[path], word, WHERE_TO_LOOK))
        read = [reading(name) for name in names]
        found[word] = [public(one) for one in read if one is not None]
    return found
