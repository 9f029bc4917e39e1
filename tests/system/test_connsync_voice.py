# SPDX-License-Identifier: GPL-2.0-or-later
"""
Telephony survives: a call that was agreed upon before the power cut is heard after it, in both
directions, although the voice had not begun yet; one that is under way goes on; and either side can
end it.  The SIP helper rewrites what both say of their addresses, and foresees the voice's ports.
"""
import contextlib
import re
import socket

import pytest

from crossing import power_cut, status, wait_equal
from lab.gateway import INSIDE, OUTSIDE, sync
from lab.network import wait_for

SIP_HELPER = """
table inet helpers {
	ct helper sip-calls {
		type "sip" protocol udp
		l3proto inet
	}
	chain pre {
		type filter hook prerouting priority mangle
		udp dport 5060 ct helper set "sip-calls"
	}
}
"""
VIRTUAL = "10.2.0.254"


def session(own, port):
    """A session description: where somebody wants to hear the voice of the other."""
    return (f"v=0\r\no=- 1 1 IN IP4 {own}\r\ns=-\r\nc=IN IP4 {own}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\n")


def message(first, call, method, number, own, body=""):
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (f"{first}\r\nVia: SIP/2.0/UDP {INSIDE}:5060;branch=z9hG4bK{call}{number}\r\n"
            f"From: <sip:user@{INSIDE}>;tag=a{call}\r\nTo: <sip:friend@{OUTSIDE}>;tag=b{call}\r\n"
            f"Call-ID: {call}@{INSIDE}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:{own}:5060>\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class Phones:
    """A telephone inside and one outside that is called; each call has voice ports of its own."""

    def __init__(self, gateway, stack):
        def bound(space, own, port):
            with space.inside():
                made = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                made.bind((own, port))
                made.settimeout(20)
                return made
        self.bound = lambda inside, port: bound(
            gateway.inside if inside else gateway.outside, INSIDE if inside else OUTSIDE, port)
        self.user, self.friend = self.bound(True, 5060), self.bound(False, 5060)

    def call(self, number):
        """INVITE, 200, ACK: returns the call; nobody has spoken yet."""
        own, other = 4000 + 10 * number, 6000 + 10 * number
        voices = self.bound(True, own), self.bound(False, other)
        self.user.sendto(message(f"INVITE sip:friend@{OUTSIDE} SIP/2.0", f"c{number}", "INVITE", 1,
                                 INSIDE, session(INSIDE, own)), (OUTSIDE, 5060))
        invited, came_from = self.friend.recvfrom(2000)
        assert f"c=IN IP4 {VIRTUAL}".encode() in invited        # the helper has done its work
        seen = int(re.search(rb"m=audio (\d+)", invited).group(1))
        self.friend.sendto(message("SIP/2.0 200 OK", f"c{number}", "INVITE", 1, OUTSIDE,
                                   session(OUTSIDE, other)), came_from)
        assert b"200 OK" in self.user.recv(2000)
        self.user.sendto(message(f"ACK sip:friend@{OUTSIDE} SIP/2.0", f"c{number}", "ACK", 1,
                                 INSIDE), (OUTSIDE, 5060))
        assert self.friend.recv(2000).startswith(b"ACK")
        return number, voices, (OUTSIDE, other), (VIRTUAL, seen), came_from

    def speak(self, call, word):
        """The one outside speaks first: only who foresaw that lets it in."""
        _, (own, other), there, here, _ = call
        other.sendto(b"to you, " + word, here)
        assert own.recv(2000) == b"to you, " + word
        own.sendto(b"to me, " + word, there)
        assert other.recv(2000) == b"to me, " + word

    def hang_up(self, call, outside):
        number, _, _, _, user = call
        first = self.friend if outside else self.user
        second = self.user if outside else self.friend
        first.sendto(message("BYE sip:all SIP/2.0", f"c{number}", "BYE", 2,
                             OUTSIDE if outside else INSIDE), user if outside else (OUTSIDE, 5060))
        assert second.recv(2000).startswith(b"BYE")


@pytest.fixture
def phones(make_gateway):
    gateway = make_gateway(rules=SIP_HELPER)
    with contextlib.ExitStack() as stack:
        yield gateway, Phones(gateway, stack)


def test_a_call_goes_on_and_another_begins(phones):
    gateway, telephones = phones
    under_way = telephones.call(1)
    telephones.speak(under_way, b"before")
    agreed = telephones.call(2)         # (makes the helper forget what was foreseen for others)
    wait_for(lambda: status(gateway.r2, "expectations") >= (2,), 30,
             lambda: str(sync(gateway.r2)))
    wait_for(lambda: gateway.r2.space.run("conntrack", "-L", "expect").stdout.count("\n") >= 2, 30,
             lambda: f"expectations on r2: {sync(gateway.r2)}")
    wait_equal(gateway)
    with power_cut(gateway):
        telephones.speak(under_way, b"after")
        telephones.speak(agreed, b"at last")
        telephones.hang_up(under_way, outside=True)
        telephones.hang_up(agreed, outside=False)
        again = telephones.call(3)
        telephones.speak(again, b"a new call")
        assert gateway.invalid("r2") == 0
