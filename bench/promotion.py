# SPDX-License-Identifier: GPL-2.0-or-later
"""
Ears for a takeover of the gateway (lab/gateway): advertisements and gratuitous ARP at the switch,
and what is forwarded to the outside, each with the kernel's time of arrival.

The backup may decide from the moment on at which the first of its groups has heard nothing for a
whole Master_Down_Interval (RFC 9568 6.1); all groups are in one sync group.
"""
import select
import socket
import struct
import threading

DOWN_INTERVALS = 3 + 156 / 256  # how many of the advertisements', at priority 100
GRATUITOUS = {socket.inet_aton(f"10.{net}.0.254") for net in (1, 2)}
USERS = socket.inet_aton("10.2.0.254")      # all users look like this from outside
SO_TIMESTAMPNS = 35
SYN = 0x02


def receive(ear):
    """A packet and when it came, seconds since 1970."""
    packet, extra, _, _ = ear.recvmsg(2048, 64)
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nsec = struct.unpack("qq", data[:16])
            return packet, seconds + nsec / 1e9
    raise OSError("no time of arrival")


def open_ear(family, kind, protocol):
    ear = socket.socket(family, kind, protocol)
    ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    ear.setblocking(False)
    return ear


class Ears(threading.Thread):
    """They listen from now on; cut() says that from now on nothing of the old master comes."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.last, self.first = {}, {}      # advertisement by bridge and family: seconds
        self.announced = self.tcp = self.udp = None
        self.after = None
        self.ended = False
        self.bridges = {}
        with gateway.switch.inside():
            for bridge in ("lan", "wan"):
                ear = open_ear(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
                ear.bind((bridge, 0x0003))
                self.bridges[ear] = bridge
        self.forwarded = {}
        self.start()

    def cut(self, when):
        self.after = when
        with self.gateway.outside.inside():
            self.forwarded = {
                open_ear(socket.AF_INET, socket.SOCK_RAW, protocol): protocol
                for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP)}

    def run(self):
        while not self.ended:
            ready, _, _ = select.select([*self.bridges, *self.forwarded], [], [], 0.05)
            for ear in ready:
                packet, when = receive(ear)
                if ear in self.bridges:
                    self._at_switch(self.bridges[ear], packet, when)
                else:
                    self._outside(ear, packet, when)

    def _at_switch(self, bridge, frame, when):
        kind, = struct.unpack("!H", frame[12:14])
        if kind == 0x0806:
            late = self.after is not None and when > self.after
            if late and frame[28:32] in GRATUITOUS and frame[28:32] == frame[38:42]:
                self.announced = self.announced or when
        elif (kind, frame[23]) == (0x0800, 112) or (kind, frame[20]) == (0x86dd, 112):
            if self.after is None or when < self.after:
                self.last[bridge, kind] = when
            else:
                self.first.setdefault((bridge, kind), when)

    def _outside(self, ear, packet, when):
        """The first of an old connection: strict rules let no other TCP pass without SYN."""
        if packet[12:16] != USERS:
            return
        if self.forwarded[ear] == socket.IPPROTO_UDP:
            self.udp = when
        elif not packet[33] & SYN:
            self.tcp = when
        else:
            return
        del self.forwarded[ear]
        ear.close()

    def end(self):
        """Milliseconds after the decision: advertised, announced, first UDP, first TCP packet."""
        self.ended = True
        self.join()
        for ear in (*self.bridges, *self.forwarded):
            ear.close()
        due = min(self.last.values()) + DOWN_INTERVALS * self.gateway.interval / 1000
        found = {"advertised": min(self.first.values(), default=None),
                 "announced": self.announced, "udp": self.udp, "tcp": self.tcp}
        return {name: when and 1000 * (when - due) for name, when in found.items()}
