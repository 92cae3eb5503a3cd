# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.cluster.* and one.clusterpool.info, without networks; hosts are in calls_hosts."""

from . import calls_common, failures
from .authorization import ADMIN
from .calls import method
from .cluster import Cluster
from .poolobject import Refused

WORD = "cluster"


@method("one.cluster.allocate", writes=True)
def allocate(call):
    name = call.parameters.string(1)
    call.asking().create("CLUSTER").require()
    clusters = call.oned.clusters
    try:
        calls_common.refuse_name(name)
        calls_common.refuse_taken(clusters, name)
        return clusters.insert(Cluster.new(name), call.oned)
    except Refused as error:
        raise failures.cannot_allocate(WORD, error) from error


@method("one.cluster.info", writes=False)
def info(call):
    parameters = call.parameters
    parameters.optional(parameters.boolean, 2, False)
    return calls_common.info(call, call.oned.clusters, WORD, parameters.integer(1))


@method("one.cluster.update", writes=True)
def update(call):
    parameters = call.parameters
    oid = parameters.integer(1)
    how = parameters.optional(parameters.integer, 3, calls_common.REPLACE)
    return calls_common.update(call, call.oned.clusters, WORD, oid, parameters.string(2), how)


@method("one.cluster.rename", writes=True)
def rename(call):
    oned, oid = call.oned, call.parameters.integer(1)
    calls_common.rename(call, oned.clusters, WORD, oid, call.parameters.string(2))
    cluster = oned.clusters.get(oid)
    for host_id in cluster.hosts:
        host = oned.hosts.get(host_id)
        host.join(cluster)
        oned.hosts.update(host)
    return oid


@method("one.cluster.delete", writes=True)
def delete(call):
    def drop(cluster):
        cluster.refuse_drop_unless_empty()
        call.oned.clusters.drop(cluster.oid)
        call.oned.rules.forget_cluster(cluster.oid)

    return calls_common.delete(call, call.oned.clusters, WORD, call.parameters.integer(1), drop, operation=ADMIN)


@method("one.cluster.adddatastore", writes=True)
def add_datastore(call):
    return _set_membership(call, member=True)


@method("one.cluster.deldatastore", writes=True)
def remove_datastore(call):
    return _set_membership(call, member=False)


def _set_membership(call, member):
    """Adding what is in, and removing what is not in, succeed as well."""
    oned = call.oned
    oid, datastore_id = call.parameters.integer(1), call.parameters.integer(2)
    cluster = calls_common.existing(oned.clusters, WORD, oid)
    store = calls_common.existing(oned.datastores, "datastore", datastore_id)
    call.asking().ask(ADMIN, cluster.target()).ask(ADMIN, store.target()).require()
    if member:
        store.clusters.add(oid)
        cluster.datastores.add(datastore_id)
    else:
        store.clusters.discard(oid)
        cluster.datastores.discard(datastore_id)
    oned.datastores.update(store)
    oned.clusters.update(cluster)
    return oid


@method("one.clusterpool.info", writes=False)
def listing(call):
    return calls_common.listing(call, call.oned.clusters)
