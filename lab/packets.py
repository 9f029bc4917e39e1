# SPDX-License-Identifier: GPL-2.0-or-later
"""
Packets seen and made by the laboratory itself, independent of Tandem's own code: a capture with
the kernel's arrival times, and VRRP advertisements, right ones and wrong ones.
"""
import ctypes
import hashlib
import hmac
import ipaddress
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

from lab.network import precede

SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
ETH_IP, ETH_ARP, ETH_ALL = 0x0800, 0x0806, 0x0003
VRRP_GROUP = "224.0.0.18"
VRRP_MAC = "01:00:5e:00:00:12"
VRRP_GROUP6 = "ff02::12"
VRRP_MAC6 = "33:33:00:00:00:12"
ETH_IP6 = 0x86dd
PROTO_VRRP, PROTO_AH = 112, 51

# Classic BPF: what each kind of capture lets through.
FILTERS = {
    "vrrp": [(0x28, 0, 0, 12), (0x15, 0, 3, ETH_IP), (0x30, 0, 0, 23), (0x15, 0, 1, 112),
             (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0)],
    "arp": [(0x28, 0, 0, 12), (0x15, 0, 1, ETH_ARP), (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0)],
    "all": [(0x06, 0, 0, 0xffff)],
}


def attach(sock, kind):
    code = b"".join(struct.pack("HBBI", *step) for step in FILTERS[kind])
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HL", len(FILTERS[kind]), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


@dataclass
class Packet:
    """One frame: when the kernel got it, where, and its bytes."""
    time: float
    where: str
    data: bytes

    @property
    def source_mac(self):
        return mac_text(self.data[6:12])

    @property
    def ether_type(self):
        return struct.unpack_from("!H", self.data, 12)[0]

    @property
    def source(self):
        return socket.inet_ntoa(self.data[26:30])

    @property
    def vrid(self):
        return self.data[35]

    @property
    def priority(self):
        return self.data[36]

    @property
    def is_advert(self):
        return self.ether_type == ETH_IP and self.data[23] == 112

    @property
    def arp(self):
        """(operation, sender MAC, sender address, target address)"""
        operation, = struct.unpack_from("!H", self.data, 20)
        return (operation, mac_text(self.data[22:28]), socket.inet_ntoa(self.data[28:32]),
                socket.inet_ntoa(self.data[38:42]))


class Capture:
    """Frames that arrive at interfaces, while the "with" block runs."""

    def __init__(self, places, kind="vrrp"):
        """places: label -> (space, interface)."""
        self.sockets = {}
        for label, (space, interface) in places.items():
            with space.inside():
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            attach(sock, kind)
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
            sock.bind((interface, ETH_ALL))
            self.sockets[sock] = label
        self.packets = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.ended.is_set():
            self._take(0.05)
        end = time.monotonic() + 1
        while self._take(0) and time.monotonic() < end:
            pass                        # what has arrived by now counts

    def _take(self, patience):
        """Take a frame from every socket that has one; False if none came in time."""
        ready, _, _ = select.select(list(self.sockets), [], [], patience)
        for sock in ready:
            try:
                data, notes, _, address = sock.recvmsg(2048, 256)
            except OSError:             # its interface went down; it hears again when that is up
                continue
            if address[2] == socket.PACKET_OUTGOING:
                continue
            when = time.time()
            for level, kind, value in notes:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack_from("qq", value)
                    when = seconds + nanoseconds / 1e9
            self.packets.append(Packet(when, self.sockets[sock], data))
        return bool(ready)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.ended.set()
        self.thread.join()
        for sock in self.sockets:
            sock.close()

    def adverts(self, where=None, source=None, since=0.0):
        """Advertisements in order of arrival."""
        return sorted((p for p in list(self.packets) if p.is_advert and p.time >= since
                       and where in (None, p.where) and source in (None, p.source)),
                      key=lambda p: p.time)


def gaps(packets):
    """Seconds between neighbouring packets."""
    return [b.time - a.time for a, b in zip(packets, packets[1:])]


def mac_text(data):
    return ":".join(f"{byte:02x}" for byte in data)


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip_frame(source, body, ttl, target=None, source_mac="02:00:00:00:00:99", protocol=PROTO_VRRP):
    """An Ethernet frame with a VRRP message over IPv4 or IPv6; to the VRRP group unless told."""
    source, six = ipaddress.ip_address(source), ":" in source
    target = ipaddress.ip_address(target or (VRRP_GROUP6 if six else VRRP_GROUP))
    if six:
        head = struct.pack("!IHBB", 0x6c000000, len(body), protocol, ttl)
        head += source.packed + target.packed
    else:
        head = struct.pack("!BBHHHBBH", 0x45, 0xc0, 20 + len(body), 0, 0, ttl, protocol, 0)
        head += source.packed + target.packed
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return (mac_bytes(VRRP_MAC6 if six else VRRP_MAC) + mac_bytes(source_mac)
            + struct.pack("!H", ETH_IP6 if six else ETH_IP) + head + body)


def packed(addresses):
    return b"".join(ipaddress.ip_address(a).packed for a in addresses)


def advert(source, vrid, priority, addresses, *, interval=1, version=2, kind=1, auth=0, data=b"",
           ttl=255, wrong_sum=False, count=None, **frame):
    """A whole Ethernet frame with a version 2 advertisement, or one that is wrong on purpose."""
    body = struct.pack("!BBBBBBH", version << 4 | kind, vrid, priority,
                       len(addresses) if count is None else count, auth, interval, 0)
    body += packed(addresses) + data.ljust(8, b"\0")
    value = checksum(body) ^ (0x5555 if wrong_sum else 0)
    return ip_frame(source, body[:6] + struct.pack("!H", value) + body[8:], ttl, **frame)


def advert3(source, vrid, priority, addresses, *, interval_ms=1000, version=3, kind=1, ttl=255,
            form="message", wrong_sum=False, count=None, **frame):
    """
    The same of version 3, over IPv4 or IPv6 as the source says; form: the checksum's over IPv4,
    "message" (RFC 9568) or "pseudo" (RFC 5798).
    """
    body = struct.pack("!BBBBHH", version << 4 | kind, vrid, priority,
                       len(addresses) if count is None else count, interval_ms // 10, 0)
    body += packed(addresses)
    pseudo = b""
    if ":" in source:
        pseudo = packed([source, VRRP_GROUP6]) + struct.pack("!II", len(body), PROTO_VRRP)
    elif form == "pseudo":
        pseudo = packed([source, VRRP_GROUP]) + struct.pack("!BBH", 0, PROTO_VRRP, len(body))
    value = checksum(pseudo + body) ^ (0x5555 if wrong_sum else 0)
    return ip_frame(source, body[:6] + struct.pack("!H", value) + body[8:], ttl, **frame)


def ah_advert(source, vrid, priority, addresses, password, sequence, **fields):
    """
    A version 2 advertisement behind an authentication header (RFC 2402, HMAC-MD5-96).  Like
    keepalived, whose captured packets this reproduces, it protects the TTL, too.
    """
    message = advert(source, vrid, priority, addresses, auth=2, **fields)[34:]
    header = struct.pack("!BBH4sI", PROTO_VRRP, 4, 0, ipaddress.ip_address(source).packed, sequence)
    frame = ip_frame(source, header + bytes(12) + message, 255, protocol=PROTO_AH)
    covered = bytearray(frame[14:])
    covered[1] = 0                      # class of service
    covered[10:12] = bytes(2)           # checksum of the header
    digest = hmac.new(password, bytes(covered), hashlib.md5).digest()[:12]
    return frame[:46] + digest + message


class Sender:
    """
    Sends frames from an interface, each of a list at a steady period, while the block runs.  One
    that must be made anew for each sending is a function.
    """

    def __init__(self, space, interface, frames, period):
        with space.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((interface, 0))
        self.frames = frames
        self.period = period
        self.sent = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        precede()
        while not self.ended.wait(self.period / len(self.frames)):
            frame = self.frames[self.sent % len(self.frames)]
            self.socket.send(frame() if callable(frame) else frame)
            self.sent += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.ended.set()
        self.thread.join()
        self.socket.close()
