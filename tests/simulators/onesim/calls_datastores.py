# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.datastore.* and one.datastorepool.info."""

from . import calls_common, failures
from .authorization import ADMIN
from .calls import method
from .cluster import DEFAULT_CLUSTER_ID
from .datastore import Datastore
from .poolobject import Refused
from .template import Template

WORD = "datastore"


@method("one.datastore.allocate", writes=True)
def allocate(call):
    cluster_id = call.parameters.integer(2)
    source = call.parameters.string(1)
    oned = call.oned
    template = Template.parse(source)
    if cluster_id == -1:
        cluster_id = DEFAULT_CLUSTER_ID
    cluster = calls_common.existing(oned.clusters, "cluster", cluster_id)
    call.asking().create("DATASTORE").ask(ADMIN, cluster.target()).require()
    name = template.get("NAME")
    calls_common.refuse_name(name)
    calls_common.refuse_taken(oned.datastores, name)
    oned.leave_a_gap()
    made = Datastore.new(call.caller.owner, call.caller.umask, template, {cluster_id})
    oid = oned.datastores.insert(made, oned)
    cluster = oned.clusters.get(cluster_id)
    cluster.datastores.add(oid)
    oned.clusters.update(cluster)
    return oid


@method("one.datastore.info", writes=False)
def info(call):
    parameters = call.parameters
    decrypt = parameters.optional(parameters.boolean, 2, False)
    return calls_common.info(call, call.oned.datastores, WORD, parameters.integer(1), decrypt)


@method("one.datastore.update", writes=True)
def update(call):
    parameters = call.parameters
    oid = parameters.integer(1)
    how = parameters.optional(parameters.integer, 3, calls_common.REPLACE)
    return calls_common.update(call, call.oned.datastores, WORD, oid, parameters.string(2), how)


@method("one.datastore.delete", writes=True)
def delete(call):
    oned = call.oned

    def drop(store):
        if store.images:
            raise Refused("Datastore %d is not empty." % store.oid)
        oned.datastores.drop(store.oid)
        for cluster_id in store.clusters:
            cluster = oned.clusters.get(cluster_id)
            cluster.datastores.discard(store.oid)
            oned.clusters.update(cluster)

    return calls_common.delete(call, oned.datastores, WORD, call.parameters.integer(1), drop)


@method("one.datastore.rename", writes=True)
def rename(call):
    oned, oid = call.oned, call.parameters.integer(1)
    calls_common.rename(call, oned.datastores, WORD, oid, call.parameters.string(2))
    store = oned.datastores.get(oid)
    for image_id in store.images:
        image = oned.images.get(image_id)
        if image is not None and image.datastore_name != store.name:
            image.datastore_name = store.name
            oned.update(oned.images, image)
    return oid


@method("one.datastore.chown", writes=True)
def chown(call):
    oid = call.parameters.integer(1)
    gid, uid = call.parameters.integer(3), call.parameters.integer(2)
    return calls_common.chown(call, call.oned.datastores, WORD, oid, uid, gid)


@method("one.datastore.chmod", writes=True)
def chmod(call):
    oid = call.parameters.integer(1)
    return calls_common.chmod(call, call.oned.datastores, WORD, oid, call.parameters.permission_bits())


@method("one.datastore.enable", writes=True)
def enable(call):
    oid = call.parameters.integer(1)
    enabled = call.parameters.boolean(2)
    store = calls_common.authorized(call, call.oned.datastores, WORD, oid, calls_common.MANAGE)
    try:
        store.enable(enabled)
    except Refused as error:
        raise failures.CallFailed(failures.INTERNAL, str(error)) from error
    call.oned.datastores.update(store)
    return oid


@method("one.datastorepool.info", writes=False)
def listing(call):
    return calls_common.listing(call, call.oned.datastores)
