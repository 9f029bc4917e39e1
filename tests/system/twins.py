# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two routers with the same groups on the same networks, and a watch that puts questions to both all
the time: who answers for a virtual address, and had he the right to?

        r1: dp0s0  dp0s1 ...          r2: dp0s0  dp0s1 ...
              |      |                      |      |
            ==+= n0 =|======================+== ...|
                   ==+== n1 =======================+==     a host with a leg in every network

Questions are sent at the switch's end of each router's cable, so that each router is asked apart
from the other, by broadcast and by virtual MAC; and whoever speaks is known by his cable, whatever
his frames say.
"""
import collections
import contextlib
import ipaddress
import socket
import struct
import threading
import time
from dataclasses import dataclass

from lab.network import Network, wait_for, watch_for
from lab.packets import (ETH_ARP, ETH_IP, ETH_IP6, PROTO_VRRP, Capture, checksum, mac_bytes,
                         mac_text)
from lab.router import Router
from lab.witness import PACKET_IGNORE_OUTGOING, PROTO_ICMP6, SOL_PACKET

from laws import waited

NAMES = ("r1", "r2")
PRIORITIES = {"r1": 200, "r2": 100}
MARK = 47000            # UDP port of what asks to be forwarded; the group's number is added
# Its end: the turn's number, and what undoes that in a checksum.
UNNUMBERED = b"\0\0\xff\xff"
LATE = 0.05             # a question this old waited where it may: for a neighbour's address
PLAIN4, VIRTUAL4, PLAIN6, VIRTUAL6 = 1, 2, 3, 4
ALL = (PLAIN4, VIRTUAL4, PLAIN6, VIRTUAL6)


def link_name(number):
    return f"dp0s{number}"


def is_six(vrid):
    return vrid in (PLAIN6, VIRTUAL6)


def is_virtual(vrid):
    return vrid in (VIRTUAL4, VIRTUAL6)


def virtual_mac(vrid):
    return f"00:00:5e:00:0{2 if is_six(vrid) else 1}:{vrid:02x}"


def virtual_addresses(link, vrid):
    """Of one of the four usual groups: its addresses; the last is the one that is asked for."""
    if is_six(vrid):
        return (f"fe80::{link + 1}:{vrid}", f"fd5{link}::{vrid}:1")
    return (f"10.5{link}.{vrid}.1",)


def real_addresses(name, link):
    number = {"r1": 1, "r2": 2, "host": 9}[name]
    return f"10.5{link}.0.{number}/16", f"fd5{link}::{number}/64"


def hardware_address(name, link):
    return f"02:00:00:00:0{ {'r1': 1, 'r2': 2, 'host': 9}[name]}:0{link}"


def group_path(link, vrid):
    return f"interfaces dataplane {link_name(link)} vrrp vrrp-group {vrid}"


def group_lines(name, link, vrid, interval_ms):
    path = group_path(link, vrid)
    length = 64 if is_six(vrid) else 16
    lines = [f"{path} virtual-address {address}{f'/{length}' if address[:4] != 'fe80' else ''}"
             for address in virtual_addresses(link, vrid)]
    lines += [f"{path} version 3", f"{path} fast-advertise-interval {interval_ms}",
              f"{path} priority {PRIORITIES[name]}", f"{path} accept true"]
    return lines + ([f"{path} rfc-compatibility"] if is_virtual(vrid) else [])


def configuration(name, links=2, vrids=ALL, interval_ms=100, *more):
    lines = []
    for link in range(links):
        lines += [f"interfaces dataplane {link_name(link)} address {address}"
                  for address in real_addresses(name, link)]
        for vrid in vrids:
            lines += group_lines(name, link, vrid, interval_ms)
    return "".join(f"set {line}\n" for line in [*lines, *more])


class Twins:
    """The networks and both routers, not started yet."""

    def __init__(self, links=2, configurations=None):
        self.links = links
        self.asked = []                 # when questions were put, by the turn's number
        self.network = Network()
        self.folder = self.network.folder("twins")
        try:
            self.switch = self.network.add("sw")
            self.spaces = {name: self.network.add(name) for name in (*NAMES, "host")}
            for link in range(links):
                self.switch.ip(f"link add n{link} type bridge stp_state 0 forward_delay 0"
                               f" mcast_snooping 0\nlink set n{link} up")
            for name, space in self.spaces.items():
                router = int(name != "host")
                space.run("sh", "-c", f"echo {router} >/proc/sys/net/ipv4/ip_forward;"
                          f"echo {router} >/proc/sys/net/ipv6/conf/all/forwarding;"
                          "echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra;"
                          "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore", check=True)
                for link in range(links):
                    self.cable(name, link)
            self.routers = {
                name: Router(name, self.spaces[name], self.folder,
                             (configurations or {}).get(name, configuration(name, links)))
                for name in NAMES}
        except BaseException:
            self.close()
            raise
        self.r1, self.r2 = self.routers["r1"], self.routers["r2"]

    def close(self):
        self.network.close()

    # -- cables

    def port(self, name, link):
        return f"{name}-n{link}"

    def cable(self, name, link):
        """Make a cable to a network, or make it anew; its link is up."""
        space, port = self.spaces[name], self.port(name, link)
        self.network.cable(space, link_name(link), self.switch, port)
        space.ip(f"link set {link_name(link)} address {hardware_address(name, link)}\n"
                 f"link set {link_name(link)} up")
        self.switch.ip(f"link set {port} master n{link}\nlink set {port} up")
        if name == "host":
            space.ip("".join(f"address add {address} dev {link_name(link)}"
                             f"{' nodad' if ':' in address else ''}\n"
                             for address in real_addresses(name, link)))

    def unplug(self, name, link):
        self.switch.ip(f"link set {self.port(name, link)} down")

    def plug(self, name, link):
        self.switch.ip(f"link set {self.port(name, link)} up")

    # -- both routers

    def start(self, first="MASTER", second="BACKUP"):
        for router in self.routers.values():
            router.start(wait=False)
        for router in self.routers.values():
            wait_for(router.answers, 30, f"the API of {router.name}")
        self.wait("r1", first, 30)
        self.wait("r2", second, 30)
        return self

    def wait(self, name, state, seconds=20):
        self.routers[name].wait_all(state, seconds)

    def calm(self):
        """As after the start: r1 master, r2 backup of everything."""
        self.wait("r1", "MASTER")
        self.wait("r2", "BACKUP")

    def configure(self, *lines):
        for router in self.routers.values():
            router.configure(*lines)

    # -- what is in their kernels

    def kernel(self, name):
        """{(link, kind, master state of the link, addresses)}: all that a router has in use."""
        found = set()
        for link in self.spaces[name].show("address"):
            kind = link.get("linkinfo", {}).get("info_kind", "")
            up = "UP" in link.get("flags", ())
            infos = [info for info in link.get("addr_info", ()) if "local" in info]
            found.add((link["ifname"], kind, up, tuple(sorted(
                f"{info['local']}/{info['prefixlen']}" for info in infos))))
        return found

    def virtual_links(self, name):
        """VRID and family's virtual MAC -> name of the link that has it."""
        return {(link.get("link"), link["address"]): link["ifname"]
                for link in self.spaces[name].show("link")
                if link.get("linkinfo", {}).get("info_kind") == "macvlan"}

    def virtual_link(self, name, link, vrid):
        return self.virtual_links(name)[link_name(link), virtual_mac(vrid)]

    def holds(self, name, address):
        """Is this address in use (its link up) on a router?"""
        return any(up and any(a.split("/")[0] == address for a in addresses)
                   for _, _, up, addresses in self.kernel(name))


# ------------------------------------------------------------------ who says what

@dataclass(frozen=True)
class Event:
    """Something a router said in the name of a group: key is (network, VRID)."""
    time: float
    router: str
    key: tuple
    kind: str               # "advert", "resign"; "arp", "neighbour", "echo", "forward", "announce"


def ip6(source, target, protocol, body, source_mac, target_mac):
    head = struct.pack("!IHBB", 6 << 28, len(body), protocol, 255 if protocol == 58 else 64)
    return (mac_bytes(target_mac) + mac_bytes(source_mac) + struct.pack("!H", ETH_IP6) + head
            + source + target + body)


def ip4(source, target, protocol, body, source_mac, target_mac):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0)
    head += source + target
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return (mac_bytes(target_mac) + mac_bytes(source_mac) + struct.pack("!H", ETH_IP) + head
            + body)


def icmp6(source, target, body):
    value = checksum(source + target + struct.pack("!II", len(body), PROTO_ICMP6) + body)
    return body[:2] + struct.pack("!H", value) + body[4:]


def questions(name, link, vrid, other):
    """Frames that put a group's right to the test: for a router, from the host's place."""
    six, mac = is_six(vrid), hardware_address("host", link)
    wanted = ipaddress.ip_address(virtual_addresses(link, vrid)[-1]).packed
    host, behind = (ipaddress.ip_interface(real_addresses("host", n)[six]).ip.packed
                    for n in (link, other))
    ways = [hardware_address(name, link)] + ([virtual_mac(vrid)] if is_virtual(vrid) else [])
    through = struct.pack("!HHHH", MARK, MARK + vrid + 256 * link, 12, 0) + UNNUMBERED
    if six:
        group = ipaddress.ip_address("ff02::1:ff00:0").packed[:13] + wanted[13:]
        ask = struct.pack("!BBHI", 135, 0, 0, 0) + wanted + b"\x01\x01" + mac_bytes(mac)
        yield ip6(host, group, PROTO_ICMP6, icmp6(host, group, ask), mac,
                  "33:33:" + mac_text(group[12:]))
        ping = icmp6(host, wanted, struct.pack("!BBHHH", 128, 0, 0, 7, 7))
        for way in ways:
            yield ip6(host, wanted, PROTO_ICMP6, ping, mac, way)
        pseudo = host + behind + struct.pack("!II", len(through), 17)
        through = through[:6] + struct.pack("!H", checksum(pseudo + through) or 0xffff)
        if is_virtual(vrid):
            yield ip6(host, behind, 17, through, mac, virtual_mac(vrid))
        return
    yield (b"\xff" * 6 + mac_bytes(mac) + struct.pack("!HHHBBH", ETH_ARP, 1, ETH_IP, 6, 4, 1)
           + mac_bytes(mac) + host + bytes(6) + wanted)
    ping = struct.pack("!BBHHH", 8, 0, 0, 7, 7)
    ping = ping[:2] + struct.pack("!H", checksum(ping)) + ping[4:]
    for way in ways:
        yield ip4(host, wanted, 1, ping, mac, way)
    if is_virtual(vrid):
        yield ip4(host, behind, 17, through, mac, virtual_mac(vrid))


class Inquiry:
    """Asks and listens while the "with" block runs, also across cables that come and go."""

    def __init__(self, twins, vrids=ALL, period=0.05, names=NAMES, asking=True):
        self.twins = twins
        self.vrids = vrids
        self.period = period
        self.owners = {}
        for link in range(twins.links):
            for vrid in vrids:
                for address in virtual_addresses(link, vrid):
                    self.owners[ipaddress.ip_address(address).packed] = (link, vrid)
        self.places = [(name, link) for name in names for link in range(twins.links)]
        self.capture = Capture({}, "all")
        self.frames = {place: [frame for vrid in vrids for frame in questions(
            *place, vrid, (place[1] + 1) % twins.links)] if asking else [] for place in self.places}
        self.askers = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.found = []
        self.taken = 0
        self._open()

    def _open(self):
        """A socket at every cable's end: those of cables made anew are new ones."""
        with self.twins.switch.inside():
            for place in self.places:
                port = self.twins.port(*place)
                with contextlib.suppress(OSError):
                    index = socket.if_nametoindex(port)
                    if self.askers.get(place, (None, 0))[1] == index:
                        continue
                    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
                    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
                    sock.setsockopt(socket.SOL_SOCKET, 35, 1)       # SO_TIMESTAMPNS
                    sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
                    sock.bind((port, 3))
                    self.askers[place] = (sock, index)
                    self.capture.sockets = {**self.capture.sockets, sock: place}

    def renewed(self):
        """A cable was made anew: listen there, too."""
        self._open()

    def _ask(self):
        while not self.ended.wait(self.period):
            turn = len(self.twins.asked)
            number = struct.pack("!HH", turn & 0xffff, ~turn & 0xffff)
            self.twins.asked.append(time.time())
            for place, frames in self.frames.items():
                sock = self.askers[place][0]
                for frame in frames:
                    if frame.endswith(UNNUMBERED):
                        frame = frame[:-4] + number
                    with contextlib.suppress(OSError):      # the cable is out, or gone
                        sock.send(frame)

    def __enter__(self):
        self.capture.__enter__()
        self.begun = time.time()
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.ended.set()
        self.thread.join()
        watch_for(0.05)                 # what was sent before is in the sockets by now
        self.capture.__exit__(*what)

    # -- what was said

    def events(self):
        """All events so far, in order of time."""
        packets = self.capture.packets
        end = len(packets)
        for packet in packets[self.taken:end]:
            self.found += self._parse(packet)
        self.taken = end
        return sorted(self.found, key=lambda event: event.time)

    def _parse(self, packet):
        data, (router, link) = packet.data, packet.where
        kind = packet.ether_type
        if kind == ETH_ARP and len(data) >= 42:
            key = self.owners.get(data[28:32])
            if key:
                asked = data[20:22] == b"\0\2" and data[28:32] != data[38:42]
                yield Event(packet.time, router, key, "arp" if asked else "announce")
        elif kind == ETH_IP and len(data) >= 34:
            yield from self._parse_ip(packet, router, link, data[23], data[26:30], data[34:])
        elif kind == ETH_IP6 and len(data) >= 54:
            yield from self._parse_ip(packet, router, link, data[20], data[22:38], data[54:])

    def _parse_ip(self, packet, router, link, protocol, source, body):
        if protocol == PROTO_VRRP and len(body) > 2:
            yield Event(packet.time, router, (link, body[1]), "advert" if body[2] else "resign")
        elif protocol == 17 and len(body) >= 12:
            number = struct.unpack_from("!H", body, 2)[0] - MARK
            if 0 < number < 1024 and number >> 8 != link:
                asked = self.twins.asked[struct.unpack_from("!H", body, 8)[0]]
                # A master may take a packet and find its next hop later, even when he is none.
                yield Event(asked if packet.time - asked > LATE else packet.time, router,
                            (number >> 8, number & 255), "forward")
        elif protocol in (1, PROTO_ICMP6) and source in self.owners and body[0] in (0, 129):
            yield Event(packet.time, router, self.owners[source], "echo")
        elif protocol == PROTO_ICMP6 and body[0] == 136 and body[8:24] in self.owners:
            yield Event(packet.time, router, self.owners[body[8:24]],
                        "neighbour" if body[4] & 0x40 else "announce")

    def adverts(self, router=None, key=None, since=0.0):
        return [e for e in self.events() if e.kind == "advert" and e.time >= since
                and router in (None, e.router) and key in (None, e.key)]

    def answers(self, router=None, key=None, since=0.0):
        return [e for e in self.events() if e.kind not in ("advert", "resign")
                and e.time >= since and router in (None, e.router) and key in (None, e.key)]

    # -- the laws

    def silence(self, kinds, router, key, since):
        """The longest time for which a router, asked all the while, gave no such answer."""
        times = [e.time for e in self.answers(router, key, since) if e.kind in kinds]
        asked = [t for t in self.twins.asked if t >= since]
        slowest = max(b - a for a, b in zip(asked, asked[1:]))
        return max(waited(a, b) for a, b in zip(times, times[1:])) - slowest

    def trespasses(self, interval=0.1, linger=0.1, slack=0.06):
        """
        Answers and announcements of a router that was not master of the group.  A master is who
        has advertised within the last interval; one who resigned may go on until he has heard
        the next, and "linger" longer.
        """
        last = {}
        wrong = []
        events = self.events()
        for at, event in enumerate(events):
            if event.kind in ("advert", "resign"):
                last[event.router, event.key] = event
                continue
            if event.time < self.begun + interval + slack:
                continue                # a master need not have spoken yet
            said = last.get((event.router, event.key))
            limit = slack + (interval if said and said.kind == "advert" else linger)
            if said and (event.time - said.time <= limit or waited(said.time, event.time) <= limit):
                continue
            # A virtual MAC is awake before the first advertisement that comes from it.
            if any(e.router == event.router and e.key == event.key and e.kind == "advert"
                   for e in events[at:at + 400] if e.time - event.time <= 0.03):
                continue
            wrong.append(event)
        return wrong

    def overlaps(self, interval=0.1):
        """group -> longest time in seconds for which both routers advertised by turns."""
        spoken = collections.defaultdict(list)
        for event in self.adverts():
            spoken[event.key].append(event)
        found = {}
        for key, adverts in spoken.items():
            longest, since = 0.0, None
            for a, b, c in zip(adverts, adverts[1:], adverts[2:]):
                # Who was silent for longer than that was not the other's rival any more.
                if a.router != b.router != c.router and c.time - b.time <= 1.5 * interval:
                    since = since or b.time
                    longest = max(longest, waited(since, c.time))
                elif b.router == c.router:
                    since = None
            found[key] = longest
        return found

    def longest_gap(self, router, key, since=0.0, until=None):
        times = [e.time for e in self.adverts(router, key, since)
                 if until is None or e.time <= until]
        assert len(times) >= 2, f"{router} did not speak for {key}"
        return max(waited(a, b) for a, b in zip(times, times[1:]))

    def assert_orderly(self, overlap=0.06, **bounds):
        """Nobody answered who was not master; no two masters but for a moment."""
        wrong = self.trespasses(**bounds)
        assert not wrong, f"{len(wrong)} answers of one who is not master: {wrong[:5]}"
        double = {key: round(t, 3) for key, t in
                  self.overlaps(bounds.get("interval", 0.1)).items() if t > overlap}
        assert not double, f"two masters: {double}"
