# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.host.*, one.hostpool.* and a host's membership in a cluster."""

import re

from . import calls_common, failures
from .authorization import ADMIN, USE
from .calls import method
from .cluster import DEFAULT_CLUSTER_ID
from .host import Host, hostname_problem
from .poolobject import Refused

WORD = "host"


@method("one.host.allocate", writes=True)
def allocate(call):
    parameters, oned = call.parameters, call.oned
    cluster_id = parameters.integer(4)
    vm_mad, im_mad, name = (parameters.string(number) for number in (3, 2, 1))
    cluster_id = DEFAULT_CLUSTER_ID if cluster_id == -1 else cluster_id
    cluster = calls_common.existing(oned.clusters, "cluster", cluster_id)
    call.asking().create("HOST").ask(ADMIN, cluster.target()).require()
    problem = hostname_problem(name)
    for value, option in ((im_mad, "IM_MAD_NAME"), (vm_mad, "VMM_MAD_NAME")):
        problem = problem or (None if value else "%s cannot be empty." % option)
    try:
        if problem:
            raise Refused(problem)
        calls_common.refuse_taken(oned.hosts, name)
        oid = oned.hosts.insert(Host.new(name, im_mad, vm_mad, cluster), oned)
    except Refused as error:
        raise failures.cannot_allocate(WORD, error) from error
    cluster.hosts.add(oid)
    oned.clusters.update(cluster)
    oned.monitoring.expect(oid)
    return oid


@method("one.host.info", writes=False)
def info(call):
    parameters = call.parameters
    parameters.optional(parameters.boolean, 2, False)
    return calls_common.info(call, call.oned.hosts, WORD, parameters.integer(1), xml=_with_monitoring(call))


def _with_monitoring(call):
    def xml(host):
        return host.xml().replace("<MONITORING/></HOST>", call.oned.monitoring.last_xml(host.oid) + "</HOST>")

    return xml


@method("one.host.update", writes=True)
def update(call):
    parameters = call.parameters
    oid = parameters.integer(1)
    how = parameters.optional(parameters.integer, 3, calls_common.REPLACE)
    calls_common.update(call, call.oned.hosts, WORD, oid, parameters.string(2), how, operation=ADMIN)
    call.oned.monitoring.expect(oid)
    return oid


@method("one.host.rename", writes=True)
def rename(call):
    oned, oid = call.oned, call.parameters.integer(1)
    calls_common.rename(call, oned.hosts, WORD, oid, call.parameters.string(2), operation=ADMIN)
    host = oned.hosts.get(oid)
    for vm_id in host.vms:
        machine = oned.vms.get(vm_id)
        machine.history[-1]["HOSTNAME"] = host.name
        oned.vms.update(machine)
    return oid


@method("one.host.status", writes=True)
def status(call):
    oned, oid = call.oned, call.parameters.integer(1)
    wanted = call.parameters.integer(2)
    host = calls_common.authorized(call, oned.hosts, WORD, oid, ADMIN)
    changes = {0: host.enable, 1: host.disable, 2: host.switch_off}
    if wanted not in changes:
        raise failures.CallFailed(failures.INTERNAL, "Wrong status code")
    changes[wanted]()
    host.previous_state = host.state
    oned.hosts.update(host)
    oned.monitoring.expect(oid)
    return oid


@method("one.host.delete", writes=True)
def delete(call):
    oned = call.oned

    def drop(host):
        host.refuse_drop_unless_empty()
        oned.hosts.drop(host.oid)
        oned.monitoring.forget(host.oid)
        cluster = oned.clusters.get(host.cluster_id)
        if cluster is not None:
            cluster.hosts.discard(host.oid)
            oned.clusters.update(cluster)

    return calls_common.delete(call, oned.hosts, WORD, call.parameters.integer(1), drop, operation=ADMIN)


@method("one.host.monitoring", writes=False)
def monitoring(call):
    oid = call.parameters.integer(1)
    calls_common.authorized(call, call.oned.hosts, WORD, oid, USE)
    return call.oned.monitoring.xml([oid])


@method("one.hostpool.monitoring", writes=False)
def pool_monitoring(call):
    seconds = call.parameters.optional(call.parameters.integer, 1, -1)
    shown = re.findall(r"<HOST><ID>(\d+)</ID>", calls_common.listing(call, call.oned.hosts))
    return call.oned.monitoring.xml(sorted(map(int, shown)), seconds)


@method("one.hostpool.info", writes=False)
def listing(call):
    return calls_common.listing(call, call.oned.hosts)


@method("one.cluster.addhost", writes=True)
def add_host(call):
    oned = call.oned
    oid, host_id = call.parameters.integer(1), call.parameters.integer(2)
    cluster = calls_common.existing(oned.clusters, "cluster", oid)
    host = calls_common.existing(oned.hosts, WORD, host_id)
    call.asking().ask(ADMIN, cluster.target()).ask(ADMIN, host.target()).require()
    _move(oned, host, cluster)
    return oid


@method("one.cluster.delhost", writes=True)
def remove_host(call):
    """A host is always in a cluster: out of one it goes into the default one."""
    oned = call.oned
    oid, host_id = call.parameters.integer(1), call.parameters.integer(2)
    cluster = calls_common.existing(oned.clusters, "cluster", oid)
    host = calls_common.existing(oned.hosts, WORD, host_id)
    call.asking().ask(ADMIN, cluster.target()).ask(ADMIN, host.target()).require()
    if host.cluster_id == oid:
        _move(oned, host, oned.clusters.get(DEFAULT_CLUSTER_ID))
    return oid


def _move(oned, host, cluster):
    old = oned.clusters.get(host.cluster_id)
    if old is not None and old.oid != cluster.oid:
        old.hosts.discard(host.oid)
        oned.clusters.update(old)
    cluster.hosts.add(host.oid)
    oned.clusters.update(cluster)
    host.join(cluster)
    host.settle_capacity(oned)
    oned.hosts.update(host)
