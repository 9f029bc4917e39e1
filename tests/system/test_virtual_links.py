# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a virtual link is in the kernel, and what is said from a virtual MAC: nothing that the kernel
thought of by itself.
"""
import contextlib
import ipaddress
import struct

import pytest

from lab.network import wait_for
from lab.packets import ETH_IP, ETH_IP6, Capture

import twins as lab
from twins import PLAIN4, VIRTUAL4, VIRTUAL6, Twins, virtual_addresses, virtual_mac

LINK = lab.link_name(0)


@pytest.fixture(scope="module")
def twins():
    with contextlib.closing(Twins(2)) as found:
        yield found.start()


def capture(twins, *names):
    """All frames that come out of a router's first cable."""
    return Capture({name: (twins.switch, twins.port(name, 0)) for name in names}, "all")


def virtual_frames(watch, router=None):
    return [packet for packet in watch.packets if packet.source_mac.startswith("00:00:5e:00:0")
            and router in (None, packet.where)]


def addresses(twins, name, vrid):
    link = twins.virtual_link(name, 0, vrid)
    return {info["local"]: info
            for shown in twins.spaces[name].show("address", "show", "dev", link)
            for info in shown["addr_info"] if info["family"] == "inet6"}


def assert_version_6_as_it_should_be(twins):
    wanted = set(virtual_addresses(0, VIRTUAL6))
    wait_for(lambda: set(addresses(twins, "r1", VIRTUAL6)) == wanted, 20,
             lambda: f"{wanted}: {addresses(twins, 'r1', VIRTUAL6)}")
    for local, info in addresses(twins, "r1", VIRTUAL6).items():
        assert info.get("nodad"), f"{local} is checked for duplicates"
        assert not info.get("tentative") and not info.get("dadfailed"), f"{local} does not answer"
        assert info.get("deprecated"), f"{local} might be the source of our own packets"
    for vrid in (VIRTUAL4, VIRTUAL6):
        for name in lab.NAMES:
            name_of_link = twins.virtual_link(name, 0, vrid)
            link, = twins.spaces[name].show("link", "show", "dev", name_of_link)
            assert link["inet6_addr_gen_mode"] == "none", f"{name}: group {vrid}"
    for name, vrid in (("r1", VIRTUAL4), ("r2", VIRTUAL4), ("r2", VIRTUAL6)):
        assert not addresses(twins, name, vrid), f"{name}: group {vrid}"


def assert_only_vrrp_and_neighbours(packets, source):
    """Adverts from the parent's link-local address; no checks for duplicates; hop limit 255."""
    spoken = set()
    for packet in packets:
        if packet.ether_type != ETH_IP6:
            continue
        next_header, hops = packet.data[20], packet.data[21]
        sender = str(ipaddress.ip_address(packet.data[22:38]))
        body = packet.data[54:]
        if next_header == 112:
            assert hops == 255 and sender == source, (hops, sender)
            assert ipaddress.ip_address(body[8:24]).is_link_local
            spoken.add("advert")
        elif next_header == 58 and body[0] in (135, 136):
            assert hops == 255
            assert sender != "::", f"a check for duplicates: {body.hex()}"
            spoken.add(body[0])
    assert {"advert", 136} <= spoken, spoken


def test_virtual_links_of_version_6_have_the_virtual_addresses_and_no_others(twins):
    own = next(info["local"] for shown in twins.spaces["r1"].show("address", "show", "dev", LINK)
               for info in shown["addr_info"]
               if info["local"].startswith("fe80") and info["local"] not in
               virtual_addresses(0, lab.PLAIN6))
    assert_version_6_as_it_should_be(twins)
    with capture(twins, *lab.NAMES) as watch:
        twins.unplug("r1", 0)
        wait_for(lambda: twins.r2.states()[(LINK, VIRTUAL6)] == "MASTER", 20, "r2 to take over")
        twins.plug("r1", 0)
        twins.calm()
        wait_for(lambda: not addresses(twins, "r2", VIRTUAL6), 20, "r2 to let go")
        assert_version_6_as_it_should_be(twins)
        seen = len(virtual_frames(watch, "r1"))
        wait_for(lambda: len(virtual_frames(watch, "r1")) > seen + 5, 20, "adverts")
    assert_only_vrrp_and_neighbours(
        [packet for packet in virtual_frames(watch, "r1")
         if packet.source_mac == virtual_mac(VIRTUAL6)], own)


def redirects(packets):
    return [packet for packet in packets if packet.ether_type == ETH_IP
            and packet.data[23] == 1 and packet.data[34] == 5]


def test_who_uses_a_virtual_mac_is_not_redirected(twins):
    """The positive proof is a group without one: there the kernel sends redirects."""
    behind = "10.99.0.9"
    host = ipaddress.ip_interface(lab.real_addresses("host", 0)[0]).ip
    space = twins.spaces["r1"]
    space.ip(f"route add 10.99.0.0/24 via {host} dev {LINK}")
    body = struct.pack("!HHHH", 9999, 9999, 8, 0)

    def send_through(mac):
        frame = lab.ip4(host.packed, ipaddress.ip_address(behind).packed, 17, body,
                        lab.hardware_address("host", 0), mac)
        with lab.Inquiry(twins, (), asking=False) as inquiry, capture(twins, "r1") as watch:
            def forwarded():
                inquiry.askers["r1", 0][0].send(frame)
                return sum(1 for packet in watch.packets if packet.ether_type == ETH_IP
                           and packet.data[23] == 17 and packet.data[30:34] ==
                           ipaddress.ip_address(behind).packed) > 3
            wait_for(forwarded, 20, f"what is sent to {mac} to be forwarded", pause=0.05)
        return redirects(watch.packets)

    assert twins.r1.states()[(LINK, PLAIN4)] == "MASTER"
    assert send_through(lab.hardware_address("r1", 0))
    assert not send_through(virtual_mac(VIRTUAL4))
