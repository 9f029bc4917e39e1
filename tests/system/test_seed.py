# SPDX-License-Identifier: GPL-2.0-or-later
"""The seed's configuration loads and runs, end to end (S60)."""
import re

from lab.network import wait_for
from lab.packets import ETH_ARP, ETH_IP, Capture
from lab.pair import CLIENTS, GROUPS, LINKS, VIPS, seed
from lab.router import BUILD

from laws import nobody_notices

VIRTUAL_MAC = "00:00:5e:00:01:01"


def mac_of(space, link):
    return next(found["address"] for found in space.show("link") if found["ifname"] == link)


def neighbour(space, address):
    """Whom a client's kernel believes to be this address."""
    for entry in space.show("neighbour"):
        if entry["dst"] == address:
            return entry.get("lladdr")
    return None


def test_first_router_is_master_and_second_backup_of_all_groups(pair):
    assert pair.r1.states() == {key: "MASTER" for key in GROUPS.values()}
    assert pair.r2.states() == {key: "BACKUP" for key in GROUPS.values()}


def test_every_virtual_address_is_held_by_the_master_alone_and_answers(pair):
    for vip in VIPS:
        wait_for(lambda: pair.holder(vip) == ["r1"], 20, f"r1 to hold {vip}")
    with nobody_notices(pair):
        wait_for(lambda: all(neighbour(pair.space(client), vip)
                             for client, (_, _, _, vips) in CLIENTS.items() for vip in vips),
                 20, "neighbours")


def test_rfc_group_answers_with_the_virtual_mac_only(pair):
    for client, segment, vip in (("cb0", "b0", "10.100.11.5"), ("up", "b1", "169.110.21.26")):
        space = pair.space(client)
        space.run("ip", "neighbour", "flush", "dev", "eth0")
        with Capture({segment: (space, "eth0")}, "arp") as heard:
            space.run(BUILD + "/lab/probe", "-r", "20", "-s", "0.5", vip)
        answers = {p.arp[1] for p in heard.packets if p.arp[0] == 2 and p.arp[2] == vip}
        assert answers == {VIRTUAL_MAC}
        assert neighbour(space, vip) == VIRTUAL_MAC


def test_group_without_rfc_compatibility_answers_with_the_interface_mac(pair):
    space = pair.space("c10")
    space.run("ip", "neighbour", "flush", "dev", "eth0")
    space.run(BUILD + "/lab/probe", "-r", "20", "-s", "0.5", "10.100.105.177")
    assert neighbour(space, "10.100.105.177") == mac_of(pair.r1.space, LINKS["v10"])


def test_backup_answers_neither_arp_nor_ping_for_a_virtual_address(pair):
    """It may pass on what is sent to its MAC, as a router does; it may not answer."""
    for client, (segment, _, _, vips) in CLIENTS.items():
        space = pair.space(client)
        backup = mac_of(pair.r2.space, LINKS[segment])
        with Capture({segment: (space, "eth0")}, "all") as heard:
            for vip in vips:
                space.run(BUILD + "/lab/probe", "-r", "20", "-s", "0.3", vip)
                space.ip(f"neighbour replace {vip} lladdr {backup} dev eth0")
                space.run(BUILD + "/lab/probe", "-r", "50", "-s", "0.3", vip)
                space.ip(f"neighbour delete {vip} dev eth0")
        from_backup = [p for p in heard.packets if p.source_mac == backup]
        assert not [p.arp for p in from_backup if p.ether_type == ETH_ARP and p.arp[2] in vips]
        assert not [p.source for p in from_backup if p.ether_type == ETH_IP and p.source in vips]


def test_show_vrrp_lists_the_groups_as_vyatta_does(pair):
    rows = [re.split(r"\s{2,}", line.strip()) for line in
            pair.r1.tandem("show", "vrrp").splitlines() if line.startswith("dp0")]
    assert sorted(row[:3] + row[4:5] + row[6:] for row in rows) == [
        ["dp0bond0", "1", "MASTER", "no", "vgroup1"],
        ["dp0bond0.10", "10", "MASTER", "no", "SYNC1"],
        ["dp0bond0.11", "11", "MASTER", "no", "SYNC1"],
        ["dp0bond1", "1", "MASTER", "no", "SYNC1"]]
    compliant = {(row[0], row[1]): row[3] for row in rows}
    assert compliant["dp0bond0.10", "10"] == "no"
    assert re.fullmatch(r"dp0vrrp\d+", compliant["dp0bond0", "1"])


def test_configuration_commands_say_what_was_loaded(pair):
    def lines(text):
        return sorted(line.replace("'", "") for line in text.splitlines() if line.strip())

    assert lines(pair.r1.tandem("show", "configuration", "commands")) == lines(seed("r1"))
