# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""guard.yml and opennebula_guard.yml by ansible-playbook: hypervisors in check mode, OpenNebula against the simulator."""

import json
import os
import time

import pytest

from tests.support.opennebula import PASSWORD, USER, opennebula
from tests.support.playbook import ROOT
from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
SHARE = {"path": "/srv/shares/a", "type": "nfs", "source": "nas1:/a"}


def run(directory, playbook, *arguments, environment=None, **variables):
    inventory = {"all": {"hosts": {"localhost": HERE}, "children": {"hypervisors": {"hosts": dict.fromkeys(["hv1", "hv2"], HERE)}},
                         "vars": dict({"virtshare_shares": [SHARE]}, **variables)}}
    (directory / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    return run_playbook(ROOT / "playbooks" / playbook, inventories=[directory / "hosts.json"], arguments=arguments,
                        environment=environment, timeout=300)


def host(one, name, state):
    """A monitored host of OpenNebula whose guard says this of its share."""
    number = one.by_hand("one.host.allocate", name, "dummy", "dummy", -1)
    one.by_hand("one.host.update", number, 'VIRTSHARE_CHECKED="%d"\nVIRTSHARE_A="%s"' % (time.time(), state), 1)
    oned = one.endpoint.oned
    with oned.lock:
        found = oned.hosts.get(number)
        found.monitored({"TOTALCPU": "800", "TOTALMEMORY": "16777216"}, oned)
        oned.hosts.update(found)
    return number


def test_hosts_are_disabled_once_and_only_where_that_is_wanted(tmp_path):
    with opennebula() as one:
        host(one, "hv1", "lost"), host(one, "hv2", "ok")
        environment = {"ONE_XMLRPC": one.endpoint.url, "ONE_USERNAME": USER, "ONE_PASSWORD": PASSWORD}
        nothing = run(tmp_path, "opennebula_guard.yml", environment=environment)
        assert nothing.code == 0 and nothing.of("one_host_guard") == {} and one.calls == [], nothing.output
        wanted = {"opennebula_guard_hosts": "{{ groups['hypervisors'] }}"}
        predicted = run(tmp_path, "opennebula_guard.yml", "--check", environment=environment, **wanted)
        # But for what asks for the rights.
        assert [entry["method"] for entry in one.endpoint.log.entries if entry["write"] and entry["ok"]] == []
        done = run(tmp_path, "opennebula_guard.yml", environment=environment, **wanted)
        assert done.code == predicted.code == 0, done.output
        again = run(tmp_path, "opennebula_guard.yml", environment=environment, **wanted)
    before, after, then = (each.of("one_host_guard")["localhost"] for each in (predicted, done, again))
    assert before["operations"] == after["operations"] and [each["operation"] for each in after["operations"]] == [
        "one.host.update", "one.host.status"]
    assert not then["changed"] and [row["action"] for row in then["hosts"]] == ["waiting", "kept"]
    assert again.facts("opennebula_guard_result")["localhost"] == {"hosts": then["hosts"], "vm_templates": []}
    # It knows of no share by itself, and so leaves the probe alone.
    assert done.of("opennebula_guard_probe") == {}


def vm_template(one, path):
    """One that uses an image of a share."""
    store = one.by_hand("one.datastore.allocate", 'NAME="shares"\nTYPE="IMAGE_DS"\nDS_MAD="virtiofs"\nTM_MAD="local"\n'
                        'SAFE_DIRS="/srv/shares"\nDISK_TYPE="FILESYSTEM"', -1)
    image = one.by_hand("one.image.allocate", f'NAME="a"\nTYPE="FILESYSTEM"\nPATH="{path}"\nPERSISTENT="YES"', store)
    return one.by_hand("one.template.allocate", f'NAME="web"\nMEMORY="64"\nDISK=[IMAGE_ID="{image}"]')


def test_vm_templates_that_use_a_share_are_listed_or_made_to_ask_for_it_until_the_guard_goes(tmp_path):
    with opennebula(directories=[SHARE["path"]]) as one:
        host(one, "hv1", "ok")
        number = vm_template(one, SHARE["path"])
        environment = {"ONE_XMLRPC": one.endpoint.url, "ONE_USERNAME": USER, "ONE_PASSWORD": PASSWORD}

        def guard(*arguments, works=True, **variables):
            done = run(tmp_path, "opennebula_guard.yml", *arguments, environment=environment, **dict(
                {"opennebula_guard_hosts": ["hv1"], "opennebula_guard_probe": False, "share_guard_names": {SHARE["path"]: "FILES"},
                 "virtshare_shares": [SHARE, dict(SHARE, path="/srv/shares/old", state="absent")]}, **variables))
            assert (done.code == 0) is works, done.output
            asks = 'VIRTSHARE_FILES="ok"' in one.by_hand("one.template.info", number)
            return done, done.of("one_vm_template_requirement").get("localhost", {}), asks

        uses = (f"VM template {number} (web of {USER}) uses a share, and its VMs may go to hosts without it. "
                "It does not ask for: VIRTSHARE_FILES")
        reported, result, asks = guard()
        assert uses in reported.output and not result["changed"] and not asks
        kept = reported.facts("opennebula_guard_result")["localhost"]
        assert kept["vm_templates"] == result["templates"] and [row["name"] for row in kept["hosts"]] == ["hv1"]
        ignored, result, asks = guard(opennebula_guard_vm_templates="ignore")
        assert uses not in ignored.output and result == {} and not asks
        require = {"opennebula_guard_vm_templates": "require"}
        predicted, result, asks = guard("--check", **require)
        assert result["changed"] and not asks
        # A lock is in the way of a change only.
        one.by_hand("one.template.lock", number, 1, False)
        locked, result, asks = guard()
        assert uses in locked.output and not result["changed"]
        locked, result, asks = guard("--check", works=False, **require)
        assert f"'onetemplate unlock {number}'" in result["msg"]
        one.by_hand("one.template.unlock", number)
        done, result, asks = guard(**require)
        assert result["changed"] and asks and uses not in done.output
        again, result, asks = guard(**require)
        assert not result["changed"] and asks
        quiet, result, asks = guard()
        assert uses not in quiet.output and not result["changed"]
        # What nobody can read is named by the module, and nothing is said of where its VMs go.
        broken = one.by_hand("one.template.allocate",
                             'NAME="bad"\nMEMORY="64"\nDISK=[IMAGE="a"]\nSCHED_REQUIREMENTS="(VIRTSHARE_FILES=\\"ok\\""')
        odd, result, asks = guard()
        assert not result["changed"] and result["templates"][1]["action"] == "broken"
        assert f"VM template {broken} (bad of {USER}) uses a share" not in odd.output
        absent = {"opennebula_guard_state": "absent"}
        left, result, asks = guard("--check", **absent)
        assert f"VM template {number} (web of {USER}) asks for what no host says any more" in left.output and asks
        gone, result, asks = guard(**absent, **require)
        assert result["changed"] and not asks
        # Before the attributes that it asked for.
        order = [entry["method"] for entry in one.endpoint.log.entries if entry["write"] and entry["ok"]]
        assert order == ["one.template.update"] * 2 + ["one.host.update"]
        again, result, asks = guard(**absent, **require)
        assert not result["changed"] and "asks for what no host says" not in again.output


def test_the_probe_is_written_and_copied_by_nobody_where_that_is_not_wanted(tmp_path):
    folder = tmp_path / "remotes/im/kvm-probes.d/host/system"
    folder.mkdir(parents=True)
    wanted = {"opennebula_guard_hosts": ["hv1"], "opennebula_guard_disable": False, "opennebula_guard_sync": False,
              "opennebula_guard_remotes": str(tmp_path / "remotes"), "share_guard_attributes": ["VIRTSHARE_A"]}
    done = run(tmp_path, "opennebula_guard.yml", **wanted)
    probe = done.of("opennebula_guard_probe")["localhost"]
    assert done.code == 0 and [each["operation"] for each in probe["operations"]] == ["write"], done.output
    assert "VIRTSHARE_A" in (folder / "virtshare_guard.sh").read_text()


@pytest.mark.parametrize("state", ["absent", "present"])
def test_each_hypervisor_is_one_execution_beside_its_declaration(tmp_path, state):
    """Of this machine nothing is changed: it is a check, and one without systemd is refused by name."""
    done = run(tmp_path, "guard.yml", "--check", share_guard_state=state, share_guard_metrics_directory="")
    found = done.of("share_guard")
    assert set(found) == {"hv1", "hv2"}, done.output
    for name, result in found.items():
        if state == "absent":
            assert (result["changed"], result["operations"]) == (False, [])
        elif not os.path.isdir("/run/systemd/system"):
            assert done.code != 0
            assert result["msg"].startswith(name + ": systemd is not the init of this host")
        else:
            assert result["attributes"] == ["VIRTSHARE_A"] and result["changed"]


def test_a_wrong_declaration_ends_it_before_a_host_is_looked_at(tmp_path):
    done = run(tmp_path, "guard.yml", "--check", virtshare_shares=[dict(SHARE, type="nsf")])
    assert done.code != 0 and "nsf" in done.output and done.of("share_guard") == {}
