# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thin executor: read what is there, plan, and, unless it is a check run, carry the plan out and read back."""

import time

from .._plan.plan import Refusal
from .._plan.web import secrets_in, shown
from . import datastore, datastore_plan, drivers, image, image_plan, objects, template
from .client import AUTHORIZATION, ApiError, Client, Failure, NoAnswer
from .objects import NEW_ID

ALL_IMAGES = (-2, -1, -1)


class Unfinished(Exception):
    """Some operations failed: C(problems) are their sentences, C(done) the operations that succeeded."""

    def __init__(self, problems, done):
        super().__init__("\n".join(problems))
        self.problems = problems
        self.done = done


def _session(module):
    """A client, with its secrets kept out of whatever the module returns."""
    _hide_login(module)
    client = Client.from_params(module.params)
    module.no_log_values.update(secret for secret in client.secrets if secret)
    return client


def _hide_login(module):
    module.no_log_values.update(secrets_in(module.params["api_url"]))


def _hide_declared(module, desired):
    """Values of secret attributes that were given in C(attributes) never leave the module."""
    for item in desired:
        for name, values in item["attributes"].items():
            if objects.is_secret(name):
                module.no_log_values.update(value for value in values if isinstance(value, str) and value)


def _read(client, reader, method, *arguments):
    """reader(body) of a call that answers with XML; NoAnswer when the body is not XML after all."""
    body = client.call(method, *arguments)
    try:
        return reader(body)
    except ValueError as error:
        raise NoAnswer("OpenNebula at %s answered %s with something else than it promises: %s."
                       % (shown(client.url), method, error))


def _names(client, method):
    return _read(client, lambda body: objects.names_by_id(template.parse(body)), method)


def _fail(module, error):
    """End the module with the sentences of an error and with what was done before it."""
    _hide_login(module)
    done = getattr(error, "done", [])
    module.fail_json(msg=str(error), changed=bool(done), operations=[operation.result() for operation in done])


def _finish(module, plan, plural, single, found, **more):
    """End the module well: the list form returns a list, the single form (where C(single) names it) its one object."""
    result = dict(plan.result(), **more)
    if single is None:
        result[plural] = found
    elif found:
        result[single] = found[0]
    module.exit_json(**result)


def _warn(module, warnings):
    """Said before anything is done: they are worth most where it then fails."""
    for warning in warnings:
        module.warn(warning)


def execute(client, operations, on_operation=None):
    """Carry out operations in their order; returns the operations done.

    An operation that OpenNebula refuses ends the work on its target, the other targets go on; an answer that does not
    come ends everything, since each further call would wait as long. Both raise Unfinished at the end.
    on_operation(operation): called before each one.
    """
    created = {}
    failed = set()
    problems = []
    done = []
    for operation in operations:
        if operation.target in failed:
            continue
        arguments = [created[operation.target] if argument is NEW_ID else argument
                     for argument in operation.arguments["call"]]
        try:
            if on_operation is not None:
                on_operation(operation)
            value = client.call(operation.name, *arguments)
        except NoAnswer as error:
            problems.append("%s: %s" % (operation.target, error))
            left = len(operations) - len(done)
            problems.append("Not done because of that: %d of %d operations." % (left, len(operations)))
            raise Unfinished(problems, done)
        except Failure as error:
            failed.add(operation.target)
            problems.append("%s: %s" % (operation.target, error))
            continue
        if operation.name.endswith(".allocate"):
            created[operation.target] = value
        done.append(operation)
    if problems:
        if len(done) < len(operations):
            problems.append("%d of %d operations are done; run the task again to finish the rest."
                            % (len(done), len(operations)))
        raise Unfinished(problems, done)
    return done


# -- datastores --------------------------------------------------------------------------------------------------


def _datastores(client):
    return _read(client, datastore.read_pool, "one.datastorepool.info")


def _config(client, desired, warnings):
    """(Config or None, version or None) for the preflight; a server that does not let us look is not refused for it."""
    try:
        config = _read(client, drivers.read_config, "one.system.config")
    except ApiError as error:
        if error.code != AUTHORIZATION:
            raise
        warnings.append("The drivers of this OpenNebula cannot be checked beforehand: %s" % error)
        return None, None
    version = None
    if drivers.VIRTIOFS not in config.ds_mads and any(item["ds_mad"] == drivers.VIRTIOFS for item in desired):
        version = client.call("one.system.version")
    return config, version


def _datastore_world(client, desired, warnings):
    """The ServerState the plan needs, in as few calls as it can be read with."""
    world = datastore.ServerState(_datastores(client))
    needed = datastore.needs(desired, world.datastores)
    if "clusters" in needed:
        world.clusters = _names(client, "one.clusterpool.info")
    if "users" in needed:
        world.users = _names(client, "one.userpool.info")
    if "groups" in needed:
        world.groups = _names(client, "one.grouppool.info")
    if "config" in needed:
        world.config, world.version = _config(client, desired, warnings)
    for number in datastore.wants_decrypted(desired, world.datastores):
        plain = _read(client, lambda body: datastore.read(template.parse(body)), "one.datastore.info", number, True)
        for known in world.datastores:
            if known["id"] == number:
                known["template"] = plain["template"]
    return world


def one_datastore(module):
    """Run one_datastore: the list form with one element, and its result under a singular name."""
    datastores(module, [module.params], single="datastore")


def datastores(module, items, single=None):
    """Run one_datastores: C(items) as the options give them."""
    try:
        desired = datastore.validated(items)
        _hide_declared(module, desired)
        client = _session(module)
        absent_images = (module.params.get("expected_absent_images") or []) if module.check_mode else []
        warnings = []
        world = _datastore_world(client, desired, warnings)
        plan, after = datastore_plan.plan_all(desired, world, absent_images)
        _warn(module, warnings + plan.warnings)
        if plan.changed and not module.check_mode:
            execute(client, plan.operations)
            after = _datastores_read_back(client, desired, world, plan)
    except (Refusal, Failure, Unfinished) as error:
        _fail(module, error)
    _finish(module, plan, "datastores", single, [datastore.public(one) for one in after if one is not None])


def _datastores_read_back(client, desired, world, plan):
    """The declared datastores as they are now; Unfinished when the server did not keep what it accepted."""
    try:
        again = datastore.ServerState(_datastores(client), world.clusters, world.users, world.groups, world.config,
                                      world.version)
        rest, after = datastore_plan.plan_all([dict(item, update_secrets="on_create") for item in desired], again)
    except (Refusal, Failure) as error:
        raise Unfinished(["After the change: %s" % error], plan.operations)
    if rest.changed:
        raise Unfinished(["OpenNebula accepted the change but does not show it: it would still be needed to %s."
                          % "; ".join("%s for %s" % (one.summary, one.target) for one in rest.operations)],
                         plan.operations)
    return after


def datastore_info(module):
    """Run one_datastore_info: C(name), C(id), C(type), C(ds_mad) narrow the list down."""
    try:
        client = _session(module)
        found = _narrowed(module, _datastores(client), ("name", "id", "type", "ds_mad"))
    except Failure as error:
        _fail(module, error)
    module.exit_json(changed=False, datastores=[datastore.public(one) for one in found])


def _narrowed(module, found, keys):
    """The objects whose fields are what the options of the same name say; an option that is left out says nothing."""
    wanted = dict((key, module.params[key]) for key in keys if module.params[key] is not None)
    return [one for one in found if all(one[key] == wanted[key] for key in wanted)]


# -- filesystem images -------------------------------------------------------------------------------------------


def _images(client):
    return _read(client, image.read_pool, "one.imagepool.info", *ALL_IMAGES)


class _Waiting:
    """Polls the pool of images, all at once, until a condition holds or the time is up."""

    def __init__(self, client, seconds):
        self.client = client
        self.seconds = seconds

    def until(self, condition, complaint):
        """The images once condition(images) is empty; complaint(what is left) says what is still missing."""
        deadline = time.monotonic() + self.seconds
        pause = 0.1
        while True:
            images = _images(self.client)
            left = condition(images)
            if not left:
                return images
            if time.monotonic() + pause > deadline:
                raise Failure(complaint(left))
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    def until_gone(self, ids):
        return self.until(
            lambda images: [one for one in images if one["id"] in ids],
            lambda left: "OpenNebula has not finished deleting the image%s %s within %g s (wait_timeout); run the task "
                         "again." % ("s" if len(left) > 1 else "", ", ".join("%s (id %d)" % (one["name"], one["id"])
                                                                             for one in left), self.seconds))

    def until_settled(self, desired, datastores_known):
        return self.until(
            lambda images: [one for one in _declared(desired, images, datastores_known)
                            if one is not None and one["state"] in image.PASSING],
            lambda left: "OpenNebula has not finished registering %s within %g s (wait_timeout); it is in state %s."
                         % (", ".join("%s (id %d)" % (one["name"], one["id"]) for one in left), self.seconds,
                            left[0]["state"]))


def _declared(desired, images, datastores_known):
    return [image.find(item, images, image.find_datastore(item, datastores_known), desired) for item in desired]


def one_image(module):
    """Run one_filesystem_image: the list form with one element, and its result under a singular name."""
    images(module, [module.params], single="filesystem")


def images(module, items, single=None):
    """Run one_filesystem_images: C(items) as the options give them."""
    try:
        desired = image.validated(items)
        _hide_declared(module, desired)
        client = _session(module)
        known = _datastores(client)
        pool = _images(client)
        needed = image.needs(desired, pool, known)
        world = image.ServerState(
            pool, known,
            users=_names(client, "one.userpool.info") if "users" in needed else None,
            groups=_names(client, "one.grouppool.info") if "groups" in needed else None,
            username=client.username, check=module.check_mode,
            expected_datastores=module.params.get("expected_datastores"))
        plan, after = image_plan.plan_all(desired, world)
        _warn(module, plan.warnings)
        if not module.check_mode:
            after = _images_done(module, client, desired, plan, after, known, pool)
    except (Refusal, Failure, Unfinished) as error:
        _fail(module, error)
    deleted = [operation.arguments["gone"] for operation in plan.operations if "gone" in operation.arguments]
    _finish(module, plan, "filesystems", single, [image.public(one) for one in after if one is not None],
            deleted_ids=deleted)


def _images_done(module, client, desired, plan, after, known, pool):
    """Carry the plan out, wait for what the server does in the background, and read back."""
    waiting = _Waiting(client, module.params["wait_timeout"])

    def first(operation):
        """A name is free only once the old image has really gone."""
        if operation.arguments.get("wait_gone"):
            waiting.until_gone(operation.arguments["wait_gone"])

    problems = []
    done = plan.operations
    try:
        execute(client, plan.operations, first)
    except Unfinished as unfinished:
        problems, done = unfinished.problems, unfinished.done
    present = [item for item in desired if item["state"] != "absent"]
    passing = any(one is not None and one["state"] in image.PASSING for one in _declared(present, pool, known))
    if problems or not (plan.changed or (module.params["wait"] and passing)):
        if problems:
            raise Unfinished(problems, done)
        return [one if item["state"] == "absent" else found
                for item, one, found in zip(desired, after, _declared(desired, pool, known))]
    try:
        gone = [operation.arguments["gone"] for operation in done if "gone" in operation.arguments]
        if module.params["wait"] and gone:
            waiting.until_gone(gone)
        found = waiting.until_settled(present, known) if module.params["wait"] else _images(client)
        now = [None if item["state"] == "absent" else one
               for item, one in zip(desired, _declared(desired, found, known))]
    except (Refusal, Failure) as error:
        raise Unfinished([str(error)], done)
    failed = ["The %s (id %d) of %s in datastore %s could not be registered: %s."
              % (image.label(item), one["id"], one["path"], one["datastore"], image.error_of(one))
              for item, one in zip(desired, now) if one is not None and one["state"] == "error"]
    if failed:
        raise Unfinished(failed, done)
    return now


def image_info(module):
    """Run one_filesystem_image_info: C(name), C(id), C(path), C(state) and C(datastore) narrow the list down.

    The body of an image names its datastore, so the pool of images is all that has to be read.
    """
    try:
        client = _session(module)
        found = [one for one in _images(client) if one["type"] == image.FILESYSTEM]
        if module.params["datastore"] is not None:
            found = image.inside_datastore(module.params["datastore"], found)
        found = _narrowed(module, found, ("name", "id", "path", "state"))
    except (Refusal, Failure) as error:
        _fail(module, error)
    module.exit_json(changed=False, filesystems=[image.public(one) for one in found])
