# SPDX-License-Identifier: GPL-2.0-or-later
"""
What tandem-foresee says of pairs: the whole text for the seed's pair, and for small pairs one law
each.  Golden files are in tests/golden/pair.
"""
import json
import os
import re
import subprocess

import pytest

PROGRAM = os.environ["TANDEM_FORESEE"]
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "golden", "pair")


def run(*words, cwd=GOLDEN):
    return subprocess.run([PROGRAM, *words], cwd=cwd, capture_output=True, text=True, timeout=240,
                          check=False)


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return file.read()


class Foreseen:
    """The answer about two configurations."""
    def __init__(self, done):
        self.status = done.returncode
        self.error = done.stderr
        self.told = json.loads(done.stdout) if done.stdout else None

    def case(self, text):
        (case,) = [case for case in self.told["cases"] if case["case"] == text]
        return case

    def masters(self, text, phase="then"):
        return {row.get("sync-group") or row["group"]: row["master"]
                for row in self.case(text)[phase]["masters"]}

    def findings(self):
        return {(found["number"], found["severity"]) for found in self.told["findings"]}

    def finding(self, number, severity):
        (found,) = [found for found in self.told["findings"]
                    if (found["number"], found["severity"]) == (number, severity)]
        return found


@pytest.fixture
def foresee(tmp_path):
    def ask(first, second):
        for name, text in (("r1", first), ("r2", second)):
            (tmp_path / name).write_text(text)
        return Foreseen(run("--json", "r1", "r2", cwd=tmp_path))
    return ask


def router(number, groups, version=2, extra=()):
    """
    Set commands of router 1 or 2: groups are (interface, VRID, sync group or None); each interface
    is a network of its own.
    """
    lines = []
    for place, (interface, vrid, sync) in enumerate(groups, 1):
        parent, _, vif = interface.partition(".")
        path = f"interfaces dataplane {parent}" + (f" vif {vif}" if vif else "")
        group = f"{path} vrrp vrrp-group {vrid}"
        lines += [f"{path} address 10.0.{place}.{number + 1}/24",
                  f"{group} virtual-address 10.0.{place}.1/24", f"{group} preempt false",
                  f"{group} priority {255 - number}", f"{group} version {version}"]
        if sync:
            lines.append(f"{group} sync-group {sync}")
    return "".join(f"set {line}\n" for line in (*lines, *extra))


def pair(groups, version=2, extra=()):
    return router(1, groups, version, extra), router(2, groups, version, extra)


@pytest.mark.parametrize("name, status", [("seed", 1), ("sound", 0)])
def test_golden_pairs_are_told_as_ever(name, status):
    done = run(f"{name}.conf", f"{name}-peer.conf")
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout == golden(f"{name}.text")
    assert max(map(len, done.stdout.splitlines())) <= 80
    done = run("--json", f"{name}.conf", f"{name}-peer.conf")
    assert (done.returncode, done.stdout) == (status, golden(f"{name}.json"))


def test_seed_has_a_split_brain_and_its_paths_are_named():
    seen = Foreseen(run("--json", "seed.conf", "seed-peer.conf"))
    assert seen.masters("both start") == {"SYNC1": "r1", "vgroup1": "r1"}
    assert seen.masters("r1 dp0bond1 fails") == {"SYNC1": "r2"}
    assert seen.case("r1 dp0bond1 fails")["then"]["traffic"] == "lost"
    assert seen.masters("reset of dp0bond0 group 1") == {"vgroup1": "r2"}
    assert seen.case("reset of dp0bond0 group 1")["then"]["traffic"] == "asymmetric"
    found = seen.finding("F3", "error")
    assert found["paths"] == [
        "r1: interfaces bonding dp0bond0 vrrp vrrp-group 1 sync-group 'vgroup1'",
        "r1: interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 10 sync-group 'SYNC1'"]
    assert "set interfaces bonding dp0bond0 vrrp vrrp-group 1 sync-group SYNC1" in found["remedy"]
    cases = {seen.told["cases"][row["case"]]["case"] for row in found["cases"]}
    assert cases == {"r1 dp0bond1 fails", "r1 dp0bond0.10 fails", "r1 dp0bond0.11 fails"}


def test_json_has_the_documented_members():
    told = Foreseen(run("--json", "seed.conf", "seed-peer.conf")).told
    assert set(told) == {"r1", "r2", "errors", "warnings", "notes", "comparison", "cases",
                         "findings"}
    for found in told["comparison"]:
        assert set(found) == {"number", "severity", "r1", "r2", "sentence", "remedy"}
    for found in told["findings"]:
        assert set(found) == {"number", "severity", "paths", "cases", "sentence", "remedy"}
        assert all(row["case"] < len(told["cases"]) for row in found["cases"])
    for case in told["cases"]:
        assert set(case) - {"undone", "alike"} == {"kind", "case", "then"}
        for phase in filter(None, (case["then"], case.get("undone"))):
            assert set(phase) - {"finding"} == {"masters", "traffic"}
    assert told["errors"] == sum(found["severity"] == "error"
                                 for found in told["comparison"] + told["findings"])


def test_one_sync_group_moves_as_one_and_fits(foresee):
    seen = foresee(*pair([("eth0", 1, "A"), ("eth1", 2, "A")]))
    assert seen.status == 0
    assert seen.masters("r1 eth0 fails") == {"A": "r2"}
    assert seen.case("r1 eth0 fails")["undone"]["masters"] == []	# preempt false
    assert seen.findings() == {("F1", "note")}


def test_takeover_is_timed_from_the_worst_moment(foresee):
    seen = foresee(*pair([("eth0", 1, None)]))
    (row,) = seen.case("r1 loses power")["then"]["masters"]
    # Three intervals and the skew of priority 253, and what the scheduler adds.
    assert 3011 <= row["took-ms"] <= 3014
    (row,) = seen.case("r1 is stopped")["then"]["masters"]
    assert row["took-ms"] <= 14


def test_every_number_stands_in_the_manual():
    top = os.path.join(GOLDEN, "..", "..", "..")
    with open(os.path.join(top, "docs", "simulator.md"), encoding="utf-8") as file:
        told = set(re.findall(r"^\| ([PF]\d+) \|", file.read(), re.M))
    known = set()
    for name in ("pair_networks", "pair_rules", "pair_carry", "pair_parties",
                     "pair_virtual_servers"):
        with open(os.path.join(top, "src", "config", f"{name}.c"), encoding="utf-8") as file:
            known |= set(re.findall(r'"(P\d+)"', file.read()))
    assert told == known | {"F1", "F2", "F3", "F4", "F5"}


def test_groups_without_sync_group_split(foresee):
    seen = foresee(*pair([("eth0", 1, None), ("eth1", 2, None)]))
    assert seen.status == 1
    assert seen.masters("r1 eth0 fails") == {"eth0 group 1": "r2"}
    assert seen.case("r1 eth0 fails")["then"]["traffic"] == "lost"
    assert ("F3", "error") in seen.findings()
    assert ("F4", "warning") in seen.findings()


def test_failed_vlan_parent_takes_its_vlans_along(foresee):
    seen = foresee(*pair([("eth0.10", 1, None), ("eth0.11", 2, None)]))
    assert seen.masters("r1 eth0 fails") == {"eth0.10 group 1": "r2", "eth0.11 group 2": "r2"}
    assert seen.case("r1 eth0 fails")["then"]["traffic"] == "good"


def test_passwords_that_differ_make_two_masters_from_the_start(foresee):
    def configuration(number, password):
        paths = [f"interfaces dataplane eth{place} vrrp vrrp-group {place + 1} authentication"
                 for place in (0, 1)]
        return router(number, [("eth0", 1, None), ("eth1", 2, None)], extra=[
            f"{path} {leaf}" for path in paths for leaf in ("type ah", f"password {password}")])

    seen = foresee(configuration(1, "one"), configuration(2, "two"))
    assert seen.masters("both start") == {"eth0 group 1": "r1+r2", "eth1 group 2": "r1+r2"}
    # It is no note when something else breaks meanwhile.
    assert seen.findings() == {("F2", "error")}
    assert [found["number"] for found in seen.told["comparison"]] == ["P6", "P6"]
    assert "one" not in json.dumps(seen.told["comparison"]).replace("none", "")


def test_group_on_one_router_leaves_nobody_when_that_fails(foresee):
    groups = [("eth0", 1, None), ("eth1", 2, None)]
    seen = foresee(router(1, groups), router(2, groups[:1], extra=[
        "interfaces dataplane eth1 address 10.0.2.3/24"]))
    assert seen.case("r1 loses power")["then"]["traffic"] == "no-master"
    assert seen.finding("F1", "error")["paths"] == [
        "r1: interfaces dataplane eth1 vrrp vrrp-group 2"]


def test_uplink_without_group_is_noted_until_it_is_tracked(foresee):
    def configuration(number, *extra):
        return router(number, [("eth0", 1, None)], extra=[
            f"interfaces dataplane eth9 address 10.9.0.{number + 1}/24", *extra])

    seen = foresee(configuration(1), configuration(2))
    assert seen.status == 0
    assert "eth9" in seen.finding("F5", "note")["sentence"]
    track = "interfaces dataplane eth0 vrrp vrrp-group 1 track interface eth9"
    seen = foresee(configuration(1, track), configuration(2, track))
    assert seen.masters("r1 eth9 fails") == {"eth0 group 1": "r2"}
    assert "F5" not in {found["number"] for found in seen.told["findings"]}


def test_every_uplink_is_noted_by_itself(foresee):
    def configuration(number):
        return router(number, [("eth0", 1, None)], extra=[
            f"interfaces dataplane eth{uplink} address 10.{uplink}.0.{number + 1}/24"
            for uplink in (8, 9)])

    seen = foresee(configuration(1), configuration(2))
    assert sum(found["number"] == "F5" for found in seen.told["findings"]) == 2


def test_tracked_route_goes_with_its_interface(foresee):
    def configuration(number):
        return router(number, [("eth0", 1, None)], extra=[
            f"interfaces dataplane eth9 address 10.9.0.{number + 1}/24",
            "interfaces dataplane eth0 vrrp vrrp-group 1 track route-to 10.9.0.0/24"])

    seen = foresee(configuration(1), configuration(2))
    assert seen.masters("r1 eth9 fails") == {"eth0 group 1": "r2"}
    assert seen.masters("r1 loses power") == {"eth0 group 1": "r2"}


def test_disabled_interface_stands_in_for_nobody(foresee):
    first, second = pair([("eth0", 1, None)])
    seen = foresee(first, second + "set interfaces dataplane eth0 disable\n")
    assert seen.masters("r1 loses power") == {"eth0 group 1": "none"}
    assert [found["number"] for found in seen.told["comparison"]] == ["P23"]


def test_interfaces_of_one_router_are_tried_too(foresee):
    both = [("eth0", 1, None)]
    alone = router(2, [*both, ("eth1", 2, None)])
    for first in (router(1, both), router(1, both, extra=["interfaces dataplane eth1 mtu 1400"])):
        seen = foresee(first, alone)
        assert seen.masters("r2 eth1 fails") == {"eth1 group 2": "none"}
        assert seen.status == 1
        # Who has one network only could not carry anything between the two.
        assert seen.case("r2 eth0 fails")["then"]["traffic"] == "good"


def test_warning_of_the_comparison_alone_is_a_finding(foresee):
    first, _ = pair([("eth0", 1, None)])
    second = first.replace("10.0.1.2/24", "10.0.1.3/24")
    seen = foresee(first, second)
    assert ([found["number"] for found in seen.told["comparison"]], seen.status) == (["P11"], 3)
    assert {found["severity"] for found in seen.told["findings"]} <= {"note"}


def test_path_monitor_sees_what_no_carrier_tells(foresee):
    monitor = ["service path-monitor host H target 10.0.1.77",
               "service path-monitor policy P",
               "service path-monitor monitor M type ping host H",
               "service path-monitor monitor M policy P",
               "interfaces dataplane eth0 vrrp vrrp-group 1 track path-monitor monitor M policy P"]
    seen = foresee(*pair([("eth0", 1, None)]))
    assert seen.masters("r1 eth0 cut off unseen") == {"eth0 group 1": "r1+r2"}
    seen = foresee(*pair([("eth0", 1, None)], extra=monitor))
    assert seen.error == ""
    assert seen.masters("r1 eth0 cut off unseen") == {"eth0 group 1": "r2"}


def test_what_an_unseen_break_leaves_behind_is_no_note(foresee):
    monitor = ["service path-monitor host H target 10.0.1.77",
               "service path-monitor policy P",
               "service path-monitor monitor M type ping host H",
               "service path-monitor monitor M policy P",
               "interfaces dataplane eth0 vrrp vrrp-group 1 track path-monitor monitor M policy P"]
    seen = foresee(*pair([("eth0", 1, None), ("eth1", 2, None)], extra=monitor))
    assert seen.masters("r1 eth0 cut off unseen") == {"eth0 group 1": "r2"}
    cut = seen.told["cases"].index(seen.case("r1 eth0 cut off unseen"))
    assert any({"case": cut, "undone": True} in found["cases"] for found in seen.told["findings"]
               if (found["number"], found["severity"]) == ("F4", "warning"))


@pytest.mark.parametrize("extra, phase, least", [
    (["vrrp vrrp-group 1 preempt true", "vrrp vrrp-group 1 preempt-delay 100"], "undone", 100000),
    (["vrrp vrrp-group 1 preempt true", "vrrp start-delay 200"], "undone", 200000),
    (["vrrp vrrp-group 1 track interface eth9 down-delay 300000"], "then", 300000),
])
def test_delays_are_waited_for(foresee, extra, phase, least):
    def configuration(number):
        return router(number, [("eth0", 1, None)], extra=[
            f"interfaces dataplane eth9 address 10.9.0.{number + 1}/24",
            *(f"interfaces dataplane eth0 {line}" for line in extra)])

    seen = foresee(configuration(1), configuration(2))
    case = "r1 loses power" if phase == "undone" else "r1 eth9 fails"
    (row,) = seen.case(case)[phase]["masters"]
    assert row["master"] == ("r1" if phase == "undone" else "r2")
    assert least <= row["took-ms"] <= least + 5000


def test_what_both_track_takes_both_away(foresee):
    def configuration(number):
        return router(number, [("eth0", 1, None)], extra=[
            f"interfaces dataplane eth9 address 10.9.0.{number + 1}/24",
            "service path-monitor host H target 10.9.0.77",
            "service path-monitor policy P",
            "service path-monitor monitor M type ping host H",
            "service path-monitor monitor M policy P",
            "interfaces dataplane eth0 vrrp vrrp-group 1 track path-monitor monitor M policy P"])

    seen = foresee(configuration(1), configuration(2))
    assert seen.status == 0
    assert seen.masters("r1 eth9 cut off unseen") == {"eth0 group 1": "r2"}
    assert seen.masters("network of eth9 fails") == {"eth0 group 1": "none"}
    assert "neither is its master" in seen.finding("F1", "note")["sentence"]


def test_both_families_and_version_3_are_foreseen(foresee):
    extra = ["interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address fe80::1",
             "interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 2001:db8::1/64"]
    seen = foresee(*pair([("eth0", 1, None)], version=3, extra=extra))
    assert seen.status == 0
    assert seen.masters("both start") == {"eth0 group 1": "r1"}
    assert seen.masters("r1 loses power") == {"eth0 group 1": "r2"}
    assert seen.masters("reset of eth0 group 1") == {"eth0 group 1": "r2"}


def test_unicast_peers_hear_each_other(foresee):
    path = "interfaces dataplane eth0 vrrp vrrp-group 1 peer-address"
    seen = foresee(router(1, [("eth0", 1, None)], extra=[f"{path} 10.0.1.3"]),
                   router(2, [("eth0", 1, None)], extra=[f"{path} 10.0.1.2"]))
    assert seen.masters("both start") == {"eth0 group 1": "r1"}
    assert seen.masters("r1 loses power") == {"eth0 group 1": "r2"}


def test_preemption_brings_the_master_back(foresee):
    preempt = ["interfaces dataplane eth0 vrrp vrrp-group 1 preempt true"]
    seen = foresee(*pair([("eth0", 1, None)], extra=preempt))
    assert seen.masters("r1 loses power") == {"eth0 group 1": "r2"}
    assert seen.masters("r1 loses power", "undone") == {"eth0 group 1": "r1"}


def test_owner_is_master_whenever_it_runs(foresee):
    first, second = pair([("eth0", 1, None)])
    own = "set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 10.0.1.3/24\n"
    seen = foresee(first + own, second + own)
    assert seen.masters("both start") == {"eth0 group 1": "r2"}


def test_vlans_that_are_alike_are_tried_once(foresee):
    groups = [(f"eth0.{10 + number}", 1 + number, "A") for number in range(40)]
    seen = foresee(*pair(groups))
    assert seen.status == 0
    assert seen.case("r1 eth0.10 fails")["alike"] == 39
    assert len(seen.told["cases"]) < 20
    seen = foresee(*pair([(interface, vrid, None) for interface, vrid, _ in groups]))
    assert len(seen.told["cases"]) < 20


def test_configuration_with_an_error_is_not_tried(foresee):
    first, second = pair([("eth0", 1, None)])
    bad = "set interfaces dataplane eth0 vrrp vrrp-group 1 authentication type ah\n"
    seen = foresee(first, second + bad)
    assert (seen.status, seen.told) == (2, None)
    assert seen.error.startswith("r2: ") and "[C1]" in seen.error
    seen = foresee(first, "set nonsense\n")
    assert (seen.status, seen.told) == (2, None)
    assert "line 1" in seen.error


def test_missing_files_and_words_are_usage_errors():
    done = run("seed.conf", "nowhere.conf")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("tandem-foresee: nowhere.conf cannot be read: No such file or "
                           "directory\n")
    assert run("seed.conf").returncode == 2
    assert run("--nonsense", "seed.conf", "seed.conf").returncode == 2


def test_pair_without_groups_has_nothing_to_foresee(foresee):
    seen = foresee("set interfaces dataplane eth0 address 10.0.0.2/24\n", "")
    assert (seen.status, seen.told) == (2, None)
    assert "VRRP group" in seen.error
