# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's comparison, of what the hosts of a play have registered."""

from tests.support.action import work

IDENTITY = {"mounted": True, "source": "nas1:/a", "fstype": "nfs4", "root": "/", "device": "0:4", "inode": 2, "fsid": ""}


def host(name, nonce, *others):
    share = {"path": "/srv/a", "identity": IDENTITY, "problem": None, "nonce": nonce, "content": None, "read_only": False,
             "sees": dict({name: nonce}, **dict(others))}
    declared = {"shares": [{"path": "/srv/a", "state": "mounted"}, {"path": "/srv/b", "state": "absent"}]}
    return {"declared": declared, "written": {"shares": [share]}, "read": {"shares": [share]}}


def judged(variables, batch=None, **more):
    return work("share_proof_matrix", variables, batch, declared="declared", written="written", read="read", **more)["result"]


def test_hosts_that_see_each_others_nonces_are_proven():
    variables = {"hv1": host("hv1", "n1", ("hv2", "n2")), "hv2": host("hv2", "n2", ("hv1", "n1"))}
    made = judged(variables, expected_hosts=["hv1", "hv2"])
    assert made["proven"] is True
    (share,) = made["shares"]
    assert (share["path"], share["proven_hosts"]) == ("/srv/a", ["hv1", "hv2"])


def test_an_expected_host_that_is_not_in_the_play_makes_it_partial():
    made = judged({"hv1": host("hv1", "n"), "hv2": {}}, ["hv1"], expected_hosts=["hv1", "hv2"])
    assert made["proven"] is False
    (share,) = made["shares"]
    assert (share["state"], share["expected_hosts"]) == ("partial", ["hv1", "hv2"])


def test_what_only_another_host_declares_is_judged_too():
    """Also where that host has nothing to report of it."""
    variables = {"hv1": host("hv1", "n"), "hv2": {"declared": {"shares": [{"path": "/srv/c", "state": "mounted"}]},
                                                  "written": {"failed": True, "msg": "no Python"}}}
    made = judged(variables, expected_hosts=["hv1", "hv2"])
    assert [(share["path"], share["state"]) for share in made["shares"]] == [("/srv/a", "partial"), ("/srv/c", "failed")]
