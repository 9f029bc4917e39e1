# SPDX-License-Identifier: GPL-2.0-or-later
"""
A witness of what routers do on their segments, independent of Tandem's own code: it keeps every
advertisement and every answer for an address, with the time and the cable it came from; and it
asks, steadily, who has the virtual addresses.
"""
import ipaddress
import itertools
import socket
import struct
import threading
import time
from dataclasses import dataclass

from lab.packets import (ETH_ARP, ETH_IP, ETH_IP6, PROTO_AH, PROTO_VRRP, Capture, checksum,
                         mac_bytes, mac_text)

PROTO_ICMP6 = 58
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
AH_SIZE = 24
TICK, TICKS_A_QUESTION = 0.05, 20
STALL = 0.25
SOLICITATION, NEIGHBOUR_ADVERT = 135, 136
ASKER4, ASKER6, ASKER_MAC = "10.90.255.254", "fe80::ffff", "02:00:00:00:ff:fe"


@dataclass(frozen=True)
class Advert:
    """One VRRP advertisement."""
    time: float
    side: str               # from whose cable it came
    family: int
    vrid: int
    version: int
    priority: int
    interval_ms: int
    addresses: tuple
    auth: int               # version 2: type of authentication
    sums: tuple             # checksums that fit: "message", "pseudo"
    source: str
    target: str
    source_mac: str
    ttl: int
    data: bytes


@dataclass(frozen=True)
class Answer:
    """Someone says that he has an address."""
    time: float
    side: str
    address: str
    mac: str                # what hosts learn
    source_mac: str
    asked: bool             # it answers a question, else it is an announcement
    router: bool            # IPv6: flag R
    override: bool          # IPv6: flag O


def parse(when, side, data):
    """An Advert, an Answer, or None."""
    kind, = struct.unpack_from("!H", data, 12)
    source_mac = mac_text(data[6:12])
    if kind == ETH_ARP and len(data) >= 42:
        operation, = struct.unpack_from("!H", data, 20)
        sender, target = data[28:32], data[38:42]
        if operation == 2 or sender == target:
            return Answer(when, side, socket.inet_ntoa(sender), mac_text(data[22:28]), source_mac,
                          operation == 2 and sender != target, False, False)
        return None
    if kind == ETH_IP and len(data) >= 42:
        return parse_ip(when, side, source_mac, data[14:])
    if kind == ETH_IP6 and len(data) >= 62:
        return parse_ip6(when, side, source_mac, data[14:])
    return None


def parse_ip(when, side, source_mac, data):
    size = (data[0] & 15) * 4
    length, = struct.unpack_from("!H", data, 2)
    body = data[size:length]
    if data[9] == PROTO_AH:
        if body[0] != PROTO_VRRP:
            return None
        body = body[AH_SIZE:]
    elif data[9] != PROTO_VRRP:
        return None
    head = data[12:20] + struct.pack("!BBH", 0, PROTO_VRRP, len(body))
    return advert_of(when, side, 4, body, head, socket.inet_ntoa(data[12:16]),
                     socket.inet_ntoa(data[16:20]), source_mac, data[8])


def parse_ip6(when, side, source_mac, data):
    length, = struct.unpack_from("!H", data, 4)
    body = data[40:40 + length]
    source, target = (socket.inet_ntop(socket.AF_INET6, data[at:at + 16]) for at in (8, 24))
    if data[6] == PROTO_VRRP:
        head = data[8:40] + struct.pack("!II", len(body), PROTO_VRRP)
        return advert_of(when, side, 6, body, head, source, target, source_mac, data[7])
    if data[6] != PROTO_ICMP6 or body[0] != NEIGHBOUR_ADVERT or len(body) < 24:
        return None
    option = body[26:32] if len(body) >= 32 and body[24] == 2 else b""
    flags = body[4]
    return Answer(when, side, socket.inet_ntop(socket.AF_INET6, body[8:24]), mac_text(option),
                  source_mac, bool(flags & 0x40), bool(flags & 0x80), bool(flags & 0x20))


def advert_of(when, side, family, body, pseudo_header, source, target, source_mac, ttl):
    version, vrid, priority, count = body[0] >> 4, body[1], body[2], body[3]
    size = 4 if family == 4 else 16
    addresses = tuple(str(ipaddress.ip_address(body[8 + i * size:8 + (i + 1) * size]))
                      for i in range(count) if len(body) >= 8 + (i + 1) * size)
    field, = struct.unpack_from("!H", body, 4)
    sums = tuple(name for name, data in (("message", body), ("pseudo", pseudo_header + body))
                 if checksum(data) == 0)
    return Advert(when, side, family, vrid, version, priority,
                  (field & 0xff) * 1000 if version == 2 else (field & 0xfff) * 10, addresses,
                  field >> 8 if version == 2 else 0, sums, source, target, source_mac, ttl, body)


def arp_question(address):
    """An Ethernet frame: who has an IPv4 address?"""
    mac = mac_bytes(ASKER_MAC)
    return (b"\xff" * 6 + mac + struct.pack("!HHHBBH", ETH_ARP, 1, ETH_IP, 6, 4, 1) + mac
            + socket.inet_aton(ASKER4) + bytes(6) + socket.inet_aton(address))


def neighbour_question(address):
    """An Ethernet frame: who has an IPv6 address?"""
    mac = mac_bytes(ASKER_MAC)
    target = ipaddress.IPv6Address(address).packed
    group = ipaddress.IPv6Address("ff02::1:ff00:0").packed[:13] + target[13:]
    source = ipaddress.IPv6Address(ASKER6).packed
    body = struct.pack("!BBHI", SOLICITATION, 0, 0, 0) + target + b"\x01\x01" + mac
    value = checksum(source + group + struct.pack("!II", len(body), PROTO_ICMP6) + body)
    body = body[:2] + struct.pack("!H", value) + body[4:]
    head = struct.pack("!IHBB", 6 << 28, len(body), PROTO_ICMP6, 255)
    return (b"\x33\x33" + group[12:] + mac + struct.pack("!H", ETH_IP6) + head + source + group
            + body)


def question(address):
    return neighbour_question(address) if ":" in address else arp_question(address)


class Record:
    """What was seen on one segment."""

    def __init__(self):
        self.adverts = {}       # (family, VRID) -> [Advert] in order of time
        self.answers = {}       # address -> [Answer]

    def add(self, found):
        if isinstance(found, Advert):
            self.adverts.setdefault((found.family, found.vrid), []).append(found)
        elif isinstance(found, Answer):
            self.answers.setdefault(found.address, []).append(found)


def between(found, start, end):
    return [one for one in found if start <= one.time <= end]


class Witness:
    """
    Sees and asks on many segments while the "with" block runs.  It notices, too, when the machine
    stood still: what routers did then says little about them.
    """

    def __init__(self, segments, questions):
        """questions: segment's name -> addresses asked for, each once a second."""
        self.capture = Capture({place: port for segment in segments
                                for place, port in segment.ports().items()}, "all")
        for sock in self.capture.sockets:
            sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.records = {segment.name: Record() for segment in segments}
        self.taken = 0
        self.askers = []
        for segment in segments:
            with segment.switch.inside():
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.bind((segment.name, 0))
            self.askers.append((sock, [question(a) for a in questions.get(segment.name, ())]))
        self.stalls = []                # (time, seconds) in which not even this thread ran
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self):
        due = time.monotonic() + TICK
        for tick in itertools.count(1):
            if self.ended.wait(max(0.0, due - time.monotonic())):
                return
            late = time.monotonic() - due
            if late > STALL:
                self.stalls.append((time.time(), late))
            due = time.monotonic() + TICK
            if tick % TICKS_A_QUESTION == 0:
                for sock, frames in self.askers:
                    for frame in frames:
                        sock.send(frame)

    def stalled(self, start, end):
        """The seconds of the longest standstill between two times."""
        return max((late for when, late in list(self.stalls)
                    if when - late < end and when > start), default=0.0)

    def __enter__(self):
        self.capture.__enter__()
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.ended.set()
        self.thread.join()
        self.capture.__exit__(*what)
        for sock, _ in self.askers:
            sock.close()

    def update(self):
        """Take what has arrived into the records."""
        packets = self.capture.packets
        end = len(packets)
        for packet in packets[self.taken:end]:
            name, side = packet.where
            found = parse(packet.time, side, packet.data)
            if found:
                self.records[name].add(found)
        self.taken = end
        return self.records
