# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the layers of an interface are told to do, and that a router does it:

    a 10.1.0.2 ---- 10.1.0.1 dp0s0 [router] dp0s1 10.2.0.1 ---- 10.2.0.2 b
"""
import contextlib
import re

import pytest

from lab.network import Network, wait_for
from lab.packets import Capture
from lab.router import Router

SIDES = {"a": ("dp0s0", 1), "b": ("dp0s1", 2)}
BEFORE = {
    "ipv4/conf/dp0s0/forwarding": 1, "ipv4/conf/dp0s0/rp_filter": 0,
    "ipv4/conf/dp0s0/log_martians": 0, "ipv4/conf/dp0s0/proxy_arp": 0,
    "ipv4/conf/dp0s0/ignore_routes_with_linkdown": 1,
    "ipv6/conf/dp0s0/accept_ra": 1, "ipv6/conf/dp0s0/dad_transmits": 1,
    "ipv4/conf/dp0s1/rp_filter": 0, "ipv4/conf/dp0s1/drop_gratuitous_arp": 0,
    "ipv6/conf/dp0s1/disable_ipv6": 0, "ipv4/conf/dp0s1/forwarding": 1,
}


class Lab:
    def __init__(self):
        self.network = Network()
        self.folder = self.network.folder("tunes")
        self.space = self.network.add("r")
        for name, (interface, number) in SIDES.items():
            side = self.network.add(name)
            self.network.cable(self.space, interface, side, "eth0")
            side.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad", check=True)
            side.ip(f"""link set eth0 up
                address add 10.{number}.0.2/24 dev eth0
                address add fd0{number}::2/64 dev eth0 nodad
                route add default via 10.{number}.0.1
                route add default via fd0{number}::1""")
        self.put("ipv4/ip_forward", 1)
        self.put("ipv6/conf/all/forwarding", 1)
        for path, value in BEFORE.items():
            self.put(path, value)
        self.router = Router("r", self.space, self.folder, "".join(
            f"set interfaces dataplane {interface} address {address}\n"
            for interface, number in SIDES.values()
            for address in (f"10.{number}.0.1/24", f"fd0{number}::1/64")))
        self.router.start()

    def close(self):
        self.router.kill()
        self.network.close()

    def put(self, path, value):
        self.space.run("sh", "-c", f"echo {value} >/proc/sys/net/{path}", check=True)

    def read(self, path):
        return int(self.space.run("cat", f"/proc/sys/net/{path}", check=True).stdout)

    def pings(self, target, *options, count=2):
        return self.network.spaces["a"].run("ping", "-c", str(count), "-i", "0.2", "-W", "1",
                                            *options, target).returncode == 0

    def configure(self, *lines):
        """Commit these lines; everything that was said."""
        done = self.router.configure(*(f"{verb} interfaces dataplane {rest}"
                                       for verb, rest in (line.split(" ", 1) for line in lines)),
                                     check=False)
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def lab():
    with contextlib.closing(Lab()) as found:
        wait_for(lambda: found.pings("10.2.0.2", count=1) and found.pings("fd02::2", count=1), 20,
                 "a router that forwards")
        yield found


def test_values_of_two_interfaces_are_set_kept_and_restored(lab):
    before = {path: lab.read(path) for path in BEFORE}
    lines = ("dp0s0 ip rpf-check loose", "dp0s0 log_martians", "dp0s0 disable-link-detect",
             "dp0s0 ip enable-proxy-arp", "dp0s0 ipv6 dup-addr-detect-transmits 3",
             "dp0s0 ipv6 address autoconf", "dp0s1 ip rpf-check strict",
             "dp0s1 ip gratuitous-arp request ignore", "dp0s1 ip gratuitous-arp reply ignore")
    wanted = {**before, "ipv4/conf/dp0s0/rp_filter": 2, "ipv4/conf/dp0s0/log_martians": 1,
              "ipv4/conf/dp0s0/ignore_routes_with_linkdown": 0, "ipv4/conf/dp0s0/proxy_arp": 1,
              "ipv6/conf/dp0s0/dad_transmits": 3, "ipv6/conf/dp0s0/accept_ra": 2,
              "ipv4/conf/dp0s1/rp_filter": 1, "ipv4/conf/dp0s1/drop_gratuitous_arp": 1}

    def now():
        return {path: lab.read(path) for path in BEFORE}

    assert "cannot" not in lab.configure(*(f"set {line}" for line in lines))
    assert now() == wanted
    # Of what the kernel tells, the engine hears; of the rest the next engine finds out.
    lab.put("ipv4/conf/dp0s0/rp_filter", 0)
    wait_for(lambda: now() == wanted, 20, lambda: f"{wanted}, not {now()}")
    lab.put("ipv6/conf/dp0s0/dad_transmits", 9)
    lab.router.replace("engine")
    wait_for(lambda: now() == wanted, 20, lambda: f"{wanted}, not {now()}")
    lab.configure("delete dp0s0 ip", "delete dp0s0 ipv6", "delete dp0s0 log_martians",
                  "delete dp0s0 disable-link-detect", "delete dp0s1 ip")
    assert now() == before


def test_interface_that_forwards_nothing(lab):
    lab.configure("set dp0s0 ip disable-forwarding")
    assert not lab.pings("10.2.0.2")
    assert lab.pings("10.1.0.1") and lab.pings("fd02::2")
    lab.configure("delete dp0s0 ip", "set dp0s0 ipv6 disable-forwarding")
    assert lab.pings("10.2.0.2")
    wait_for(lambda: not lab.pings("fd02::2", count=1), 20, "the packet filter")
    assert lab.pings("fd01::1")                         # the router itself answers
    lab.configure("delete dp0s0 ipv6")
    wait_for(lambda: lab.pings("fd02::2", count=1), 20, "the end of the packet filter")
    assert lab.space.run("nft", "list", "table", "inet", "tandem").returncode != 0


def test_strict_check_drops_forged_sources(lab):
    def dropped():
        with open(f"/proc/{lab.router.pids()['engine']}/net/netstat") as file:
            names, values = (line.split()[1:] for line in file if line.startswith("TcpExt"))
        return int(dict(zip(names, values))["IPReversePathFilter"])

    client = lab.network.spaces["a"]
    client.ip("address add 10.2.0.77/32 dev lo")
    before = dropped()
    lab.pings("10.1.0.1", "-I", "10.2.0.77")
    assert dropped() == before
    lab.configure("set dp0s0 ip rpf-check strict")
    lab.pings("10.1.0.1", "-I", "10.2.0.77")
    assert dropped() > before
    assert lab.pings("10.2.0.2")
    lab.configure("delete dp0s0 ip")
    client.ip("address delete 10.2.0.77/32 dev lo")


def test_check_for_all_interfaces_is_told_of(lab):
    lab.put("ipv4/conf/all/rp_filter", 2)
    said = lab.configure("set dp0s0 ip rpf-check strict")
    assert "dp0s0: rpf-check is loose in effect, not strict" in said
    lab.put("ipv4/conf/all/rp_filter", 0)
    lab.configure("delete dp0s0 ip")


@pytest.mark.parametrize("count", [0, 3])
def test_new_address_is_announced_as_often_as_configured(lab, count):
    lab.configure(f"set dp0s0 ip gratuitous-arp-count {count}")
    with Capture({"a": (lab.network.spaces["a"], "eth0")}, "arp") as packets:
        def told():
            return [p for p in packets.packets if p.arp[2:] == ("10.1.9.1", "10.1.9.1")]

        lab.configure("set dp0s0 address 10.1.9.1/24")
        wait_for(lambda: len(told()) >= count, 20, lambda: f"{count} announcements: {told()}")
        lab.pings("10.1.0.1")                           # whatever came by then counts
    assert len(told()) == count
    lab.configure("delete dp0s0 address 10.1.9.1/24", "delete dp0s0 ip")


def test_unnumbered_interface_borrows_an_address(lab):
    lab.configure("delete dp0s1 address 10.2.0.1/24",
                  "set dp0s1 ip unnumbered donor-interface dp0s0")
    assert lab.space.addresses("dp0s1") == {"10.1.0.1/32"}
    assert lab.pings("10.1.0.1")
    lab.configure("delete dp0s1 ip", "set dp0s1 address 10.2.0.1/24")
    assert lab.space.addresses("dp0s1") == {"10.2.0.1/24"}
    assert lab.pings("10.2.0.2")


def test_ipv6_goes_and_comes_back(lab):
    lab.configure("delete dp0s1 address fd02::1/64", "set dp0s1 ipv6 disable")
    assert lab.read("ipv6/conf/dp0s1/disable_ipv6") == 1
    assert not lab.space.show("-6", "address", "show", "dev", "dp0s1")
    refused = lab.router.configure("set interfaces dataplane dp0s1 address fd02::1/64",
                                   check=False)
    assert refused.returncode and "[I20]" in refused.stdout + refused.stderr
    said = lab.configure("delete dp0s1 ipv6", "set dp0s1 address fd02::1/64",
                         "set dp0s1 ipv6 address eui64 fd22::/64")
    assert "cannot" not in said
    wait_for(lambda: lab.pings("fd02::2", count=1), 20, "IPv6 through both")
    mac = lab.space.show("link", "show", "dev", "dp0s1")[0]["address"].split(":")
    host = f"{int(mac[0], 16) ^ 2:02x}{mac[1]}:{mac[2]}ff:fe{mac[3]}:{mac[4]}{mac[5]}"
    made = "fd22::" + ":".join(re.sub("^0+(?=.)", "", word) for word in host.split(":"))
    assert made in {a["local"] for link in lab.space.show("-6", "address", "show", "dev", "dp0s1")
                    for a in link["addr_info"]}
    lab.configure("delete dp0s1 ipv6")


def test_speed_that_the_driver_refuses_is_told_with_its_value(lab):
    said = lab.configure("set dp0s0 speed 1g")
    assert "dp0s0: cannot set speed 1000 Mbit/s, duplex full: Operation not supported" in said
    lab.configure("delete dp0s0 speed")
    assert lab.pings("10.2.0.2")
