# SPDX-License-Identifier: GPL-2.0-or-later
"""
The smallest network in which two routers can meet: each has one cable into one bridge.

        ours                      peer
        dp0s0 10.90.0.1           dp0s0 10.90.0.2
          |                         |
        ==+=======  bridge  ========+==

Many segments live side by side in one network: their bridges share a namespace, nothing else.  The
routers' cables end at ports of the bridge, so whoever listens there knows from whom a frame came,
whatever its addresses say.
"""
from lab.network import wait_for

LINK = "dp0s0"
PREFIX4 = "10.90.0.0/16"
PREFIX6 = "fd90::/64"
SIDES = ("ours", "peer")
NUMBERS = {"ours": 1, "peer": 2}


def macs(swapped):
    """side -> hardware address; the peer's is the higher one unless swapped."""
    first, second = ("02:00:00:00:00:0b", "02:00:00:00:00:0a") if swapped else \
        ("02:00:00:00:00:0a", "02:00:00:00:00:0b")
    return {"ours": first, "peer": second}


def link_local(mac):
    """The link-local address the kernel makes of a hardware address, for those used here."""
    return f"fe80::ff:fe00:{int(mac[-2:], 16):x}"


class Segment:
    """One bridge and the spaces of two routers, cabled, with real addresses on the peer."""

    def __init__(self, network, switch, name, swapped=False):
        self.network = network
        self.switch = switch
        self.name = name
        self.macs = macs(swapped)
        self.spaces = {}
        switch.ip(f"link add {name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
                  f"link set {name} up")
        for side in SIDES:
            space = self.spaces[side] = network.add(f"{name}-{side}")
            space.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward;"
                      "echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra;"
                      "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding", check=True)
            network.cable(space, LINK, switch, self.port(side))
            space.ip(f"link set {LINK} address {self.macs[side]}\nlink set {LINK} up")
            switch.ip(f"link set {self.port(side)} master {name}\nlink set {self.port(side)} up")
        # A virtual address is answered for by the link that has it and no other: neither keepalived
        # nor FRR sees to that where IPv4 and IPv6 have virtual MACs on one link.
        self.spaces["peer"].run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore",
                                check=True)
        self.address("peer")
        for side in SIDES:
            self.acquaint(side)

    def acquaint(self, side):
        """A router knows the other's hardware address, whatever becomes of that router."""
        other = next(s for s in SIDES if s != side)
        self.spaces[side].ip("".join(
            f"neigh replace {self.source(other, family)} lladdr {self.macs[other]} dev {LINK}"
            " nud permanent\n" for family in (4, 6)))

    def port(self, side):
        """The switch's end of a router's cable."""
        return f"{self.name}-{side}"

    def ports(self):
        """(segment, side) -> where to listen."""
        return {(self.name, side): (self.switch, self.port(side)) for side in SIDES}

    def address(self, side):
        """Give a router its real addresses, as an administrator would."""
        self.spaces[side].ip(f"address add 10.90.0.{NUMBERS[side]}/16 dev {LINK}\n"
                             f"address add fd90::{NUMBERS[side]}/64 dev {LINK} nodad")

    def source(self, side, family):
        """The real address from which a router speaks."""
        return f"10.90.0.{NUMBERS[side]}" if family == 4 else link_local(self.macs[side])

    def is_ready(self):
        """Has every router a link-local address that is no longer tentative?"""
        for space in self.spaces.values():
            infos = [info for link in space.show("-6", "address", "show", "dev", LINK)
                     for info in link.get("addr_info", ())]
            if not any(info["scope"] == "link" and not info.get("tentative") for info in infos):
                return False
        return True

    def wait_ready(self):
        wait_for(self.is_ready, 20, f"link-local addresses on {self.name}")

    # -- breaking and mending

    def unplug(self, side):
        """Pull the cable: the router loses the carrier."""
        self.switch.ip(f"link set {self.port(side)} down")

    def plug(self, side):
        self.switch.ip(f"link set {self.port(side)} up")

    def isolate(self, side):
        """The switch stops forwarding for a router; carrier stays."""
        self.switch.ip(f"link set {self.port(side)} nomaster")

    def rejoin(self, side):
        self.switch.ip(f"link set {self.port(side)} master {self.name}")

    def forget(self, side):
        """What a power cut leaves of a router's links: nothing but the hardware."""
        space = self.spaces[side]
        lines = [f"link delete {link['ifname']}" for link in space.show("link")
                 if link.get("linkinfo", {}).get("info_kind") == "macvlan"]
        space.ip("\n".join(lines + [f"link set {LINK} down", f"address flush dev {LINK}",
                                    f"link set {LINK} up"]))
        if side == "peer":
            self.address(side)
        self.acquaint(side)
