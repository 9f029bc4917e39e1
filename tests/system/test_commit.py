# SPDX-License-Identifier: GPL-2.0-or-later
"""What a commit changes: what it says, at once, and nothing else."""
import json
import os
import signal
import time

import pytest

from lab.network import wait_for, watch_for
from lab.pair import GROUPS, LENGTHS, VIPS, seed
from lab.watch import Watch

from laws import (INTERVAL, SLACK, assert_on_time, assert_only_renewals, no_transition,
                  nobody_notices, wait_spoken, waited)

GROUP1 = "interfaces bonding dp0bond0 vrrp vrrp-group 1"
GROUP10 = "interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 10"


def kernel(router):
    """Links and addresses as the kernel has them, without what runs by itself."""
    def still(found):
        if isinstance(found, dict):
            return {k: still(v) for k, v in found.items()
                    if k not in ("valid_life_time", "preferred_life_time")}
        return [still(item) for item in found] if isinstance(found, list) else found

    return still(router.space.show("link")), still(router.space.show("address"))


def settle(pair):
    """Wait until the repeated announcements of the last takeover are over."""
    def age():
        return min(int(group["since"]) for group in pair.r1.groups().values())

    wait_for(lambda: age() > 12000, 40, "the announcements to end", pause=0.2)


def saved(router):
    with open(router.saved, "rb") as file:
        return file.read(), os.fstat(file.fileno()).st_mtime_ns


def test_unrelated_commit_moves_and_delays_nothing(pair):
    with no_transition(pair.r1, pair.r2), nobody_notices(pair), \
            Watch(pair.r1.space, "address") as watch, pair.capture() as packets:
        wait_for(packets.adverts, 20, "an advertisement")
        pair.r1.configure("set interfaces bonding dp0bond0 vif 11 description 'another'")
        wait_spoken(packets)
    assert_on_time(packets, INTERVAL + SLACK / 3)
    assert_only_renewals(watch)


def test_changed_priority_of_a_master_is_no_transition(pair):
    with no_transition(pair.r1, pair.r2), nobody_notices(pair), pair.capture() as packets:
        pair.r1.configure(f"set {GROUP10} priority 252")
        wait_for(lambda: any(p.priority == 252 for p in packets.adverts("v10")), 20,
                 "the new priority on the wire")
        wait_spoken(packets, 1)


def test_same_commit_twice_is_no_work(pair):
    tree, revision = pair.r1.running()
    before = kernel(pair.r1)
    settle(pair)
    with no_transition(pair.r1, pair.r2), pair.capture("arp") as packets, \
            Watch(pair.r1.space, "link", "address", "route", "neigh") as watch:
        for _ in range(2):
            status, _, text = pair.r1.api(
                "PUT", "/restconf/data", json.dumps(tree),
                {"Content-Type": "application/yang-data+json", "If-Match": f'"{revision}"'})
            assert status in (200, 204), text
            assert pair.r1.running() == (tree, revision)
        watch_for(0.5)                  # in which work would show
    assert_only_renewals(watch)
    others = [text for _, text in watch.lines() if not any(vip in text for vip in VIPS)]
    assert not [text for text in others if "STALE" not in text and "REACHABLE" not in text
                and "DELAY" not in text and "PROBE" not in text], others
    assert kernel(pair.r1) == before
    assert not [p.arp for p in packets.packets if p.arp[2] in VIPS and p.arp[2] == p.arp[3]], \
        "addresses were announced"


@pytest.mark.parametrize("lines, expected", [
    ([f"set {GROUP1} authentication password secret"], "type"),
    ([f"set {GROUP1} priority 255"], "255"),
    ([f"set {GROUP1} virtual-address 2001:db8::1/64"], ""),
    ([f"set {GROUP1} fast-advertise-interval 100"], "version"),
    ([f"delete {GROUP1} virtual-address"], "virtual-address"),
    (["set interfaces bonding dp0bond0 minimum-links 200", f"set {GROUP1} accept true"], ""),
])
def test_refused_configuration_leaves_everything_as_it_was(pair, lines, expected):
    before = pair.r1.running(), saved(pair.r1), kernel(pair.r1)
    with no_transition(pair.r1, pair.r2):
        done = pair.r1.configure(*lines, check=False)
    assert done.returncode == 1
    assert expected in done.stdout + done.stderr
    assert (pair.r1.running(), saved(pair.r1), kernel(pair.r1)) == before


def test_commit_of_the_seed_is_adopted_within_300_ms(pair, make_pair):
    tree, _ = pair.r1.running()
    fresh = make_pair("", "")
    fresh.start("r1")
    _, revision = fresh.r1.running()
    start = time.time()
    status, _, text = fresh.r1.api(
        "PUT", "/restconf/data", json.dumps(tree),
        {"Content-Type": "application/yang-data+json", "If-Match": f'"{revision}"'})
    took = waited(start, time.time())
    assert status in (200, 204), text
    print(f"commit of the seed, until adopted: {took * 1000:.0f} ms (wanted: at most 300 ms)")
    assert took <= 0.3
    fresh.wait_all("r1", "MASTER")


def test_engine_adopts_nothing_while_the_service_stops(make_pair):
    """Alone, it waits a second for a successor before it lets go; nothing new begins then."""
    pair = make_pair(seed("r1"), "")
    pair.start("r1")
    pair.wait_all("r1", "MASTER")
    tree, revision = pair.r1.running()
    other = json.dumps(tree).replace('"priority": 254', '"priority": 252')
    with pair.capture() as packets:
        pair.r1.process.send_signal(signal.SIGTERM)
        wait_for(lambda: any(p.priority == 0 for p in packets.adverts()), 20, "the resignation")
        _, _, text = pair.r1.api(
            "PUT", "/restconf/data", other,
            {"Content-Type": "application/yang-data+json", "If-Match": f'"{revision}"'})
        assert pair.r1.process.poll() is None
    assert "the service is stopping" in text
    assert pair.r1.process.wait(60) == 0
    assert not [p for p in packets.packets if p.priority == 252]


def test_saved_file_is_what_the_next_start_runs(make_pair):
    pair = make_pair("", "")
    pair.start("r1")
    source = pair.folder + "/seed"
    with open(source, "w") as file:
        file.write(seed("r1"))
    pair.r1.tandem(stdin=f"configure\nload {source}\ncommit\nsave\nexit\n")
    running, _ = pair.r1.running()
    assert pair.r1.stop() == 0
    pair.r1.start()
    assert pair.r1.running()[0] == running
    pair.wait_all("r1", "MASTER")


def test_bad_saved_file_leaves_the_api_up_and_is_named(make_pair):
    bad = seed("r1").replace("vrrp-group 11 priority '254'", "vrrp-group 11 priority '300'")
    pair = make_pair(bad, "")
    pair.start("r1")
    problems = " ".join(pair.r1.state("system-state").get("problem", ()))
    assert "300" in problems and "vrrp-group 11" in problems and "priority" in problems
    assert not pair.r1.groups()
    assert saved(pair.r1)[0].decode() == bad


def test_virtual_address_deleted_by_hand_comes_back_without_a_transition(pair):
    with no_transition(pair.r1, pair.r2):
        for vip, segment in VIPS.items():
            link = next(found["ifname"] for found in pair.r1.space.show("-4", "address")
                        if any(a["local"] == vip for a in found.get("addr_info", ())))
            pair.r1.space.ip(f"address delete {vip}/{LENGTHS[vip]} dev {link}")
            wait_for(lambda: pair.holder(vip) == ["r1"], 20, f"{vip} on {link} ({segment})")


def test_real_address_deleted_by_hand_comes_back_without_a_transition(pair):
    with no_transition(pair.r1, pair.r2), pair.capture() as packets:
        pair.r1.space.ip("address delete 192.168.255.81/30 dev dp0bond0.10")
        wait_for(lambda: "192.168.255.81/30" in pair.r1.space.addresses("dp0bond0.10"), 20,
                 "the real address")
        back = time.time()
        wait_for(lambda: packets.adverts("v10", "192.168.255.81", back), 20,
                 "an advertisement from it")


def test_address_added_to_a_master_group_is_taken_without_a_transition(pair):
    with no_transition(pair.r1, pair.r2), nobody_notices(pair):
        for router in (pair.r1, pair.r2):
            router.configure(f"set {GROUP10} virtual-address 10.100.39.1/26")
        wait_for(lambda: "10.100.39.1/26" in pair.r1.space.addresses("dp0bond0.10"), 20,
                 "the new address")
        for router in (pair.r1, pair.r2):
            router.configure(f"delete {GROUP10} virtual-address 10.100.39.1/26")
        wait_for(lambda: "10.100.39.1/26" not in pair.r1.space.addresses(), 20, "it to go again")
    assert pair.r1.states()[GROUPS["v10"]] == "MASTER"
