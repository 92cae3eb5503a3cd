# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thin executor: read what is there, plan, and, unless it is a check run, carry the plan out and read back."""

import time

from .._plan.outcome import Outcome
from .._plan.plan import Failure, NoAnswer, Plan
from . import (
    datastore,
    datastore_plan,
    drivers,
    idmaps,
    image,
    image_plan,
    image_state,
    machines,
    named_hosts,
    objects,
    template,
)
from .client import AUTHORIZATION, NO_EXISTS, ApiError, Client
from .objects import NEW_ID
from .pool import Pool
from .waiting import Waiting

ALL_IMAGES = (-2, -1, -1)


def _client(params, outcome, desired=()):
    """A client; its secrets, and those of what is declared, are hidden in the outcome."""
    for item in desired:
        for name, values in item["attributes"].items():
            if objects.is_secret(name):
                outcome.hide(value for value in values if isinstance(value, str))
    client = Client.from_params(params)
    outcome.hide(client.secrets)
    return client


def _names(client, method):
    return client.read(lambda body: objects.names_by_id(template.parse(body)), method)


def _found(plural, single, found):
    """The objects as the list form returns them, or the one of the single form where C(single) names it."""
    if single is None:
        return {plural: found}
    return {single: found[0]} if found else {}


def execute(client, operations, on_operation=None):
    """Carry out operations in their order; (the operations done, the problems).

    An operation that OpenNebula refuses ends the work on its target, the other targets go on; an answer that does not
    come ends everything, since each further call would wait as long.
    on_operation(operation, arguments, created): called before each one; created: the id of what was made for its target.
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
                on_operation(operation, arguments, created.get(operation.target))
            began = time.monotonic()
            value = _carried_out(client, operation, arguments)
            operation.arguments["seconds"] = time.monotonic() - began
        except NoAnswer as error:
            problems.append("%s: %s" % (operation.target, error))
            left = len(operations) - len(done)
            problems.append("Not done because of that: %d of %d operations." % (left, len(operations)))
            return done, problems
        except Failure as error:
            failed.add(operation.target)
            problems.append("%s: %s" % (operation.target, error))
            continue
        if operation.name.endswith(".allocate"):
            created[operation.target] = value
        done.append(operation)
    if problems and len(done) < len(operations):
        problems.append("%d of %d operations are done; run the task again to finish the rest."
                        % (len(done), len(operations)))
    return done, problems


def _carried_out(client, operation, arguments):
    """The value of an operation's call; what is to be deleted and is gone already counts as deleted."""
    try:
        return client.call(operation.name, *arguments)
    except ApiError as error:
        if error.code == NO_EXISTS and "gone" in operation.arguments:
            return None
        raise


# -- datastores --------------------------------------------------------------------------------------------------


def _datastores(client):
    return client.read(datastore.read_pool, "one.datastorepool.info")


def _config(client, desired, warnings):
    """(Config or None, version or None) for the preflight; a server that does not let us look is not refused for it."""
    try:
        config = client.read(drivers.read_config, "one.system.config")
    except ApiError as error:
        if error.code != AUTHORIZATION:
            raise
        warnings.append("The drivers of this OpenNebula cannot be checked beforehand: %s" % error)
        return None, None
    version = None
    if drivers.VIRTIOFS not in config.ds_mads and any(item["ds_mad"] == drivers.VIRTIOFS for item in desired):
        version = client.call("one.system.version")
    return config, version


def _server_state(client, desired, warnings, absent_images=()):
    """The ServerState the plan needs, in as few calls as it can be read with."""
    server = objects.ServerState(_datastores(client))
    needed = datastore.needs(desired, server.datastores, absent_images)
    if "clusters" in needed:
        server.clusters = _names(client, "one.clusterpool.info")
    if "users" in needed:
        server.users = _names(client, "one.userpool.info")
    if "groups" in needed:
        server.groups = _names(client, "one.grouppool.info")
    if "config" in needed:
        server.config, server.version = _config(client, desired, warnings)
    if "images" in needed:
        server.images = Pool(_images(client))
        server.machines = _machines(client, _used_by(server.images, datastore.held_by_refused(desired, server.datastores)))
    for number in datastore.wants_decrypted(desired, server.datastores):
        plain = client.read(lambda body: datastore.read(template.parse(body)), "one.datastore.info", number, True)
        for known in server.datastores.numbered(number):
            known["encrypted"] = datastore.still_encrypted(known, plain)
            known["template"] = plain["template"]
    return server


def one_datastore(params, check_mode):
    """The work of one_datastore: the list form with one element, and its result under a singular name."""
    return _datastores_work(params, check_mode, [params], "datastore")


def datastores(params, check_mode):
    """The work of one_datastores."""
    return _datastores_work(params, check_mode, params["datastores"])


def _datastores_work(params, check_mode, items, single=None):
    outcome = Outcome(Plan())
    with outcome.collect():
        desired = datastore.validated(items)
        client = _client(params, outcome, desired)
        absent_images = (params.get("expected_absent_images") or []) if check_mode else []
        server = _server_state(client, desired, outcome.warnings, absent_images)
        plan, after = datastore_plan.plan_all(desired, server, absent_images)
        outcome.warnings += plan.warnings
        if plan.changed and not check_mode:
            done, outcome.problems = execute(client, plan.operations)
            outcome.plan = plan.only(done)
            if outcome.problems:
                return outcome
            after = _datastores_read_back(client, desired, server)
        outcome.plan = plan
        outcome.result = _found("datastores", single, [datastore.public(one) for one in after if one is not None])
    return outcome


def _datastores_read_back(client, desired, server):
    """The declared datastores as they are now; Failure when the server did not keep what it accepted."""
    try:
        again = server.but(datastores=_datastores(client))
        rest, after = datastore_plan.plan_all([dict(item, update_secrets="on_create") for item in desired], again)
    except Failure as error:
        raise Failure("After the change: %s" % error)
    if rest.changed:
        raise Failure("OpenNebula accepted the change but does not show it: it would still be needed to %s."
                      % "; ".join("%s for %s" % (one.summary, one.target) for one in rest.operations))
    return after


def datastore_info(params, _check_mode):
    """The work of one_datastore_info: C(name), C(id), C(type), C(ds_mad) narrow the list down."""
    outcome = Outcome()
    with outcome.collect():
        client = _client(params, outcome)
        found = _narrowed(params, _datastores(client), ("name", "id", "type", "ds_mad"))
        outcome.result["datastores"] = [datastore.public(one) for one in found]
        if params["vms"]:
            pool = _images(client)
            known = _machines(client, _used_by(pool, set(number for one in found for number in one["image_ids"])))
            for one in outcome.result["datastores"]:
                one["vms"] = machines.public(_used_by(pool, one["image_ids"]), known)
    return outcome


def _used_by(images, ids):
    """The ids of the VMs that use one of the images with these ids."""
    return sorted(set(number for one in images if one["id"] in ids for number in one["vm_ids"]))


def _narrowed(params, found, keys):
    """The objects whose fields are what the options of the same name say; an option that is left out says nothing."""
    wanted = dict((key, params[key]) for key in keys if params[key] is not None)
    return [one for one in found if all(one[key] == wanted[key] for key in wanted)]


# -- filesystem images -------------------------------------------------------------------------------------------


def _images(client):
    return client.read(image.read_pool, "one.imagepool.info", *ALL_IMAGES)


def _declared(desired, images, datastores_known):
    pool, homes, claims = Pool(images), Pool(datastores_known), image.claimed(desired)
    return [image.find(item, pool, image.find_datastore(item, homes), claims) for item in desired]


def one_image(params, check_mode):
    """The work of one_filesystem_image: the list form with one element, and its result under a singular name."""
    return _images_work(params, check_mode, [params], "filesystem")


def images(params, check_mode):
    """The work of one_filesystem_images."""
    return _images_work(params, check_mode, params["filesystems"])


def _images_work(params, check_mode, items, single=None):
    outcome = Outcome(Plan())
    with outcome.collect():
        desired = image.validated(items)
        client = _client(params, outcome, desired)
        known = _datastores(client)
        foreseen = check_mode and params.get("expected_datastores") is not None
        if foreseen:
            known = datastore.foreseen(known, params["expected_datastores"])
        pool = _images(client)
        needed = image.needs(desired, Pool(pool), Pool(known))
        server = objects.ServerState(
            known, pool,
            users=_names(client, "one.userpool.info") if "users" in needed else None,
            groups=_names(client, "one.grouppool.info") if "groups" in needed else None,
            username=client.username, check=check_mode, foreseen=foreseen,
            machines=_machines(client, [number for number in needed if isinstance(number, int)]),
            now=time.time(), patience=params["wait_timeout"])
        plan, after = image_plan.plan_all(desired, server)
        outcome.warnings += plan.warnings
        if check_mode:
            outcome.plan = plan
        else:
            after = _images_done(params, client, desired, plan, after, server, outcome)
        if not outcome.problems:
            outcome.result = _found("filesystems", single, [image.public(one) for one in after if one is not None])
            outcome.result["deleted_ids"] = _gone(plan.operations)
    return outcome


def _machines(client, ids):
    """{id: VM} of these VMs, as far as the user may see them."""
    if not ids:
        return {}
    return client.read(machines.read_pool, "one.vmpool.infoset", ",".join(map(str, sorted(ids))), False)


def _gone(operations):
    """The ids of the images that operations delete."""
    return [operation.arguments["gone"] for operation in operations if "gone" in operation.arguments]


def _images_done(params, client, desired, plan, after, server, outcome):
    """Carry the plan out, wait for what the server does in the background, and read back."""
    waiting = Waiting(lambda: _images(client), params["wait_timeout"])

    def first(operation, arguments, created):
        """A name is free only once the old image has really gone; what is being registered can only be waited for."""
        if operation.arguments.get("wait_gone"):
            waiting.until_gone(operation.arguments["wait_gone"])
        if operation.arguments.get("wait_settled"):
            waiting.until_known(arguments[0])
        if operation.arguments.get("wait_registered"):
            try:
                waiting.until_known(created)
            except Failure as failure:
                raise Failure("%s What it is to replace is left as it was." % failure)

    done, outcome.problems = execute(client, plan.operations, first)
    outcome.plan = plan.only(done)
    outcome.warnings += image_plan.slow(done)
    if outcome.problems:
        return []
    known = server.datastores
    present = [item for item in desired if item["state"] != "absent"]
    passing = any(one is not None and one["state"] in image_state.PASSING
                  for one in _declared(present, server.images, known))
    if not plan.changed and not (params["wait"] and passing):
        return [one if item["state"] == "absent" else found
                for item, one, found in zip(desired, after, _declared(desired, server.images, known))]
    if params["wait"] and _gone(done):
        waiting.until_gone(_gone(done))
    found = waiting.until_settled(lambda pool: _declared(present, pool, known)) if params["wait"] else _images(client)
    now = [None if item["state"] == "absent" else one for item, one in zip(desired, _declared(desired, found, known))]
    outcome.problems = [
        "The %s (id %d) of %s in datastore %s could not be registered: %s."
        % (image.label(item), one["id"], one["path"], one["datastore"], image.error_of(one))
        for item, one in zip(desired, now) if one is not None and one["state"] == "error"]
    return now


def image_info(params, _check_mode):
    """The work of one_filesystem_image_info: C(name), C(id), C(path), C(state), C(datastore) narrow the list down.

    The body of an image names its datastore, so the pool of images is all that has to be read.
    """
    outcome = Outcome()
    with outcome.collect():
        client = _client(params, outcome)
        found = [one for one in _images(client) if one["type"] == image.FILESYSTEM]
        if params["datastore"] is not None:
            found = image.inside_datastore(params["datastore"], found)
        if params["path"] is not None:
            found = [one for one in found if objects.plain(one["path"]) == objects.plain(params["path"])]
        found = _narrowed(params, found, ("name", "id", "state"))
        outcome.result["filesystems"] = [image.public(one) for one in found]
        if params["vms"]:
            known = _machines(client, set(number for one in found for number in one["vm_ids"]))
            for one in outcome.result["filesystems"]:
                one["vms"] = machines.public(one["vm_ids"], known)
    return outcome


# -- maps of users -----------------------------------------------------------------------------------------------


def idmap_info(params, _check_mode):
    """The work of one_idmap_info: C(hosts) narrows them down."""
    outcome = Outcome()
    with outcome.collect():
        client = _client(params, outcome)
        hosts = client.read(lambda body: idmaps.read_pool(body, "HOST"), "one.hostpool.info")
        if params["hosts"] is not None:
            hosts = named_hosts.chosen(client, params["hosts"], hosts, "USE")
        clusters = client.read(lambda body: idmaps.read_pool(body, "CLUSTER"), "one.clusterpool.info")
        outcome.result["hosts"], outcome.problems = idmaps.maps(hosts, clusters)
    return outcome
