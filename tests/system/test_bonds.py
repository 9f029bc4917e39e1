# SPDX-License-Identifier: GPL-2.0-or-later
"""
The seed pair as it is meant: LACP bonds, VLANs on them, a kernel that has both.  The laws are those
of the other files; here the links under the groups are real.
"""
import signal
import time

import pytest

from lab.network import let_last, wait_for, watch_for
from lab.pair import DOWN_INTERVAL, GROUPS, LINKS, MEMBERS, SYNC1, VIPS
from lab.watch import Watch

from laws import (assert_let_go_soon, assert_on_time, assert_power_cut_is_short, no_transition,
                  nobody_notices, reset_every_party, wait_spoken)

pytestmark = pytest.mark.bonds


def link(router, name):
    return next(found for found in router.space.show("link") if found["ifname"] == name)


def test_bonds_and_vlans_are_made_as_configured(pair):
    for router in (pair.r1, pair.r2):
        for segment, members in MEMBERS.items():
            bond = link(router, LINKS[segment])["linkinfo"]
            assert bond["info_kind"] == "bond"
            assert bond["info_data"]["mode"] == "802.3ad"
            assert bond["info_data"]["xmit_hash_policy"] == "layer3+4"
            for member in members:
                assert link(router, member)["master"] == LINKS[segment]
        for vlan in (10, 11):
            vif = link(router, f"dp0bond0.{vlan}")
            assert vif["linkinfo"]["info_kind"] == "vlan"
            assert vif["linkinfo"]["info_data"]["id"] == vlan
            assert vif["ifalias"].startswith(f"VLAN {vlan} - ")


def test_every_virtual_address_answers(pair):
    with nobody_notices(pair):
        watch_for(1)                    # of questions


def test_power_cut_costs_no_more_than_the_down_interval(pair):
    assert_power_cut_is_short(pair)


def test_bond_without_carrier_moves_its_sync_group(pair):
    pair.unplug("r1", "b1")
    wait_for(lambda: all(pair.r2.states()[GROUPS[s]] == "MASTER" for s in SYNC1), 20,
             lambda: f"SYNC1 to move: {pair.r2.states()}")
    wait_for(lambda: all(pair.r1.states()[GROUPS[s]] == "FAULT" for s in SYNC1), 20,
             lambda: f"r1's faults: {pair.r1.states()}")
    assert pair.r1.states()[GROUPS["b0"]] == "MASTER"
    pair.plug("r1", "b1")
    wait_for(lambda: all(pair.r1.states()[GROUPS[s]] == "BACKUP" for s in SYNC1), 20,
             lambda: f"recovery: {pair.r1.states()}")


def test_bond_with_one_cable_left_moves_nothing(pair):
    port = pair.ports("r1", "b1")[0]
    with no_transition(pair.r1, pair.r2):
        pair.switch.ip(f"link set {port} down")
        watch_for(DOWN_INTERVAL + 1)    # r2 could take over by now
        pair.switch.ip(f"link set {port} up")


def test_one_vlan_cut_at_the_switch_moves_nothing(pair):
    with no_transition(pair.r1, pair.r2):
        pair.lose_segment("r1", "v10")
        watch_for(DOWN_INTERVAL + 1)    # r2 could take over by now
        pair.find_segment("r1", "v10")
        watch_for(1.5)                  # the member hears an advertisement again


def test_reset_of_every_party_loses_no_packet(pair):
    with nobody_notices(pair, through=False):
        reset_every_party(pair, 20)
        watch_for(0.5)                  # so that answers of the new master are seen


def test_engine_killed_or_hung_while_master_is_back_without_a_transition(pair):
    for number in (signal.SIGKILL, signal.SIGSTOP):
        with no_transition(pair.r1, pair.r2), pair.capture() as packets:
            wait_for(lambda: len(packets.adverts()) >= 4, 20, "advertisements")
            pair.r1.replace("engine", number, 20)
            wait_spoken(packets)
        assert_on_time(packets, 1.3 if number == signal.SIGKILL else 2.8)


def test_router_stopped_for_ten_seconds_lets_go_and_does_not_fight(pair):
    with Watch(pair.r1.space, "address") as watch, pair.capture() as packets:
        wait_for(packets.adverts, 20, "an advertisement")
        pair.r1.signal(signal.SIGSTOP)
        stopped = time.monotonic()
        pair.wait_all("r2", "MASTER", 20)
        wait_for(lambda: not {a.split("/")[0] for a in pair.r1.space.addresses()} & set(VIPS), 20,
                 "the leases to end")
    assert_let_go_soon(watch, packets)
    let_last(stopped + 10 - time.monotonic())
    with no_transition(pair.r2):
        pair.r1.signal(signal.SIGCONT)
        pair.wait_all("r1", "BACKUP", 20)
        watch_for(4)                    # it could take over by now
        assert pair.r1.is_all("BACKUP")


def test_configuration_removed_restores_what_was_before(make_pair):
    pair = make_pair("", "", layout="bonds")
    space = pair.r1.space
    # Present before, and not Tandem's: an address and a size of its own.
    space.ip("""link set dp0s0 mtu 1400
                address add 203.0.113.1/24 dev dp0s1""")
    before = picture(space)
    pair.start("r1")
    source = pair.folder + "/bond"
    with open(source, "w") as file:
        file.write("""set interfaces bonding dp0bond1 mode lacp
set interfaces bonding dp0bond1 address 169.110.20.28/29
set interfaces bonding dp0bond1 vif 12 address 192.0.2.1/24
set interfaces dataplane dp0s2 bond-group dp0bond1
set interfaces dataplane dp0s3 bond-group dp0bond1
set interfaces dataplane dp0s0 mtu 1300
set interfaces dataplane dp0s0 description changed
set interfaces dataplane dp0s1 address 198.51.100.1/24
""")
    pair.r1.tandem(stdin=f"configure\nload {source}\ncommit\nexit\n")
    wait_for(lambda: "169.110.20.28/29" in space.addresses("dp0bond1"), 20, "the bond")
    assert link(pair.r1, "dp0s0")["mtu"] == 1300
    assert space.addresses("dp0s1") == {"203.0.113.1/24", "198.51.100.1/24"}
    pair.r1.configure("delete interfaces")
    wait_for(lambda: picture(space) == before, 20,
             lambda: f"what was before: {before}\nnow: {picture(space)}")


def picture(space):
    """Name -> what an operator would miss if it changed."""
    return {found["ifname"]: (found["mtu"], found.get("address"), found.get("master"),
                              found.get("ifalias"), "UP" in found["flags"],
                              sorted(space.addresses(found["ifname"])))
            for found in space.show("link")}
