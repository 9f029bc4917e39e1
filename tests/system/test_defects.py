# SPDX-License-Identifier: GPL-2.0-or-later
"""
What other implementations get wrong, asked of ours: packets that are refused must not delay, move
or teach anything, in either role, both versions and both families; stale and foreign ones neither.
One router alone on a segment; whoever speaks to it is the test.
"""
import itertools
import signal
import sys
import time

import pytest

from lab.network import Network, let_last, wait_for, watch_for
from lab.packets import PROTO_AH, PROTO_VRRP, Sender, advert, advert3, ah_advert
from lab.router import TOP, Router
from lab.segment import LINK, Segment
from lab.witness import Witness, between

from interop import our_groups
from laws import INTERVAL, SLACK, longest_gap, waited

OTHER4, OTHER6 = "10.90.0.200", "fe80::1:0:0:c8"     # higher than ours
LOWER4, LOWER6 = "10.90.0.0", "fe80::1"
PRIORITY = 150
DOWN = 3 + (256 - PRIORITY) / 256

PLAIN, TEXT, THREE, SIX, SEALED = (4, 1), (4, 2), (4, 3), (6, 4), (4, 5)
LISTS = {PLAIN: ["10.90.1.1"], TEXT: ["10.90.2.1"], THREE: ["10.90.3.1"],
         SIX: ["fe80::4:1", "fd90::4:1"], SEALED: ["10.90.5.1"]}
EXTRA = {TEXT: ("authentication type plaintext-password", "authentication password secret"),
         SEALED: ("authentication type ah", "authentication password secret"),
         THREE: ("version 3",), SIX: ("version 3",)}


def configuration():
    base = f"set interfaces dataplane {LINK}"
    lines = [f"{base} address 10.90.0.1/16", f"{base} address fd90::1/64"]
    for key, addresses in LISTS.items():
        group = f"{base} vrrp vrrp-group {key[1]}"
        lines += [f"{group} {line}" for line in (
            f"priority {PRIORITY}", *EXTRA.get(key, ()),
            *(f"virtual-address {address}" for address in addresses))]
    return "\n".join(lines) + "\n"


NUMBERS = itertools.count(1)            # of authentication headers


def speak(key, priority=200, source=None, **fields):
    """A frame, or its maker, for one of the groups: right, but for what is said otherwise."""
    source = source or (OTHER6 if key == SIX else OTHER4)
    addresses = fields.pop("addresses", LISTS[key])
    if key in (THREE, SIX) and not fields.pop("old", False):
        return advert3(source, key[1], priority, addresses, **fields)
    if key == SEALED and "auth" not in fields:
        password, number = fields.pop("password", b"secret"), fields.pop("number", None)
        return lambda: ah_advert(source, key[1], priority, addresses, password,
                                 number or next(NUMBERS), **fields)
    if key == TEXT:
        fields = {"auth": 1, "data": b"secret", **fields}
    return advert(source, key[1], priority, addresses, **fields)


class Lone:
    """Our router on a segment; the tests speak from the peer's place."""

    def __init__(self):
        self.network = Network()
        self.folder = self.network.folder("defects")
        self.segment = Segment(self.network, self.network.add("sw"), "d1")
        self.place = self.segment.spaces["peer"]
        self.segment.wait_ready()
        self.router = Router("ours", self.segment.spaces["ours"], self.folder, configuration())
        self.router.start()
        wait_for(lambda: self.all_are("MASTER"), 20,
                 lambda: f"masters: {self.states()}; the log says:\n{self.router.log()[-2000:]}")

    def close(self):
        self.network.close()

    def states(self):
        return {key: group["state"] for key, group in our_groups(self.router).items()}

    def all_are(self, state):
        return self.states() == dict.fromkeys(LISTS, state)

    def transitions(self):
        return {key: (group["state"], group["statistics"]["became-master"],
                      group["statistics"]["released-master"])
                for key, group in our_groups(self.router).items()}

    def faults(self, key):
        """Reason -> packets not accepted."""
        found = our_groups(self.router)[key]["statistics"].get("fault", ())
        return {fault["reason"]: int(fault["count"]) for fault in found}

    def sending(self, frames, period):
        return Sender(self.place, LINK, frames, period)

    def witness(self):
        return Witness([self.segment], {})

    def spoken(self, witness, key, since=0.0, side="ours"):
        """Our own advertisements of a group, or the test's."""
        seen = witness.update()["d1"].adverts.get(key, ())
        return [a for a in between(seen, since, time.time()) if a.side == side]

    def wait_master(self, witness, since):
        """Wait until it is master of everything and has said so; group -> when it said so first."""
        wait_for(lambda: self.all_are("MASTER"), DOWN + 2, lambda: f"masters: {self.states()}")
        wait_for(lambda: all(self.spoken(witness, key, since) for key in LISTS), 20,
                 "its first advertisements")
        return {key: self.spoken(witness, key, since)[0].time for key in LISTS}


@pytest.fixture(scope="module")
def lone(keeper):
    keeper.close()
    found = Lone()
    yield found
    found.close()


@pytest.fixture
def master(lone):
    """The router, master of everything."""
    wait_for(lambda: lone.all_are("MASTER"), DOWN + 2, lambda: f"masters: {lone.states()}")
    return lone


@pytest.fixture
def backup(lone):
    """The router, backup of a master that the test plays until it ends."""
    with lone.sending([speak(key) for key in LISTS], INTERVAL) as sender:
        wait_for(lambda: lone.all_are("BACKUP"), 20, lambda: f"backups: {lone.states()}")
        lone.sender = sender
        yield lone


# What must be refused: how it is wrong, and the reason that counts it.
WRONG = {
    PLAIN: [({"wrong_sum": True}, "checksum"), ({"version": 3}, "version"), ({"kind": 2}, "type"),
            ({"ttl": 254}, "ttl"), ({"interval": 5}, "interval"),
            ({"auth": 1, "data": b"secret"}, "authentication-mismatch"),
            ({"count": 255}, "length"), ({"target": "10.90.0.1"}, "destination")],
    TEXT: [({"data": b"guess"}, "authentication-failed"),
           ({"auth": 0, "data": b""}, "authentication-mismatch"), ({"ttl": 64}, "ttl"),
           ({"wrong_sum": True}, "checksum")],
    SEALED: [({"password": b"guess"}, "authentication-failed"),
             ({"auth": 0}, "authentication-mismatch"), ({"wrong_sum": True}, "checksum"),
             ({"auth": 1, "data": b"secret"}, "authentication-mismatch")],
    THREE: [({"wrong_sum": True}, "checksum"), ({"wrong_sum": True, "form": "pseudo"}, "checksum"),
            ({"old": True}, "version"), ({"ttl": 254}, "ttl"), ({"interval_ms": 0}, "interval"),
            ({"addresses": [], "count": 0}, "no-address"), ({"count": 255}, "length"),
            ({"kind": 2}, "type"), ({"target": "10.90.0.1"}, "destination")],
    SIX: [({"wrong_sum": True}, "checksum"), ({"old": True}, "version"), ({"ttl": 254}, "ttl"),
          ({"interval_ms": 0}, "interval"), ({"addresses": [], "count": 0}, "no-address"),
          ({"addresses": ["fd90::4:1"]}, "first-address"), ({"count": 255}, "length"),
          ({"source": "fd90::c8"}, "source")],
}


def wrong_frames():
    """Interleaved, so that each group gets one of its own at a steady pace."""
    longest = max(map(len, WRONG.values()))
    return [speak(key, **list_[i % len(list_)][0]) for i in range(longest)
            for key, list_ in WRONG.items()]


def wait_counted(lone, before):
    def uncounted():
        return [(key, reason) for key, list_ in WRONG.items() for _, reason in list_
                if lone.faults(key).get(reason, 0) <= before[key].get(reason, 0)]

    wait_for(lambda: not uncounted(), 20, lambda: f"{uncounted()} to be counted")


@pytest.mark.parametrize("period", [0.5, 1.0], ids=["twice-an-interval", "in-step"])
def test_refused_packets_do_not_delay_a_master(master, period):
    """Others start their advertisement timer anew at each, and so never speak again."""
    before, faults = master.transitions(), {key: master.faults(key) for key in LISTS}
    frames = wrong_frames()
    rounds = len(frames) / len(WRONG)
    with master.witness() as witness, master.sending(frames, period * rounds) as sender:
        watch_for(DOWN + 0.5)           # a master that does not speak shows
        wait_for(lambda: sender.sent > len(frames), 30, "every packet")
    for key in LISTS:
        longest = longest_gap(master.spoken(witness, key))
        assert longest <= INTERVAL + SLACK / 3, f"{key}: a gap of {longest:.3f} s"
    assert master.transitions() == before
    wait_counted(master, faults)


def test_refused_packets_do_not_keep_a_backup_quiet_nor_wake_it(backup):
    """Beside a master they change nothing; when it falls silent they do not stand in for it."""
    before, faults = backup.transitions(), {key: backup.faults(key) for key in LISTS}
    frames = wrong_frames()
    with backup.witness() as witness, \
            backup.sending(frames, 0.25 * len(frames) / len(WRONG)):
        watch_for(DOWN + 0.5)           # it could take over by now
        wait_counted(backup, faults)
        assert backup.transitions() == before
        backup.sender.__exit__()
        silent = time.time()
        taken = backup.wait_master(witness, silent)
    for key in LISTS:
        assert waited(silent, taken[key]) <= DOWN + SLACK


def test_recorded_packets_of_a_master_do_not_stand_in_for_it(backup):
    """Whoever recorded what an authenticated master said cannot say it again."""
    recorded = speak(SEALED, number=next(NUMBERS))
    then = backup.sender.sent
    wait_for(lambda: backup.sender.sent >= then + 2 * len(LISTS), 4 * INTERVAL,
             "the master to be further on")
    before = backup.faults(SEALED).get("authentication-replay", 0)
    with backup.sending([recorded], 0.2) as sender:
        watch_for(1)                    # recorded packets beside the true ones, then alone
        backup.sender.__exit__()
        wait_for(lambda: backup.all_are("MASTER"), DOWN + 1, lambda: f"{backup.states()}")
        held = backup.transitions()
        watch_for(1)                    # recorded packets beside our own
        assert backup.transitions() == held
    assert sender.sent > 10
    # But for the first: its number had not been heard.
    wait_for(lambda: backup.faults(SEALED)["authentication-replay"] - before == sender.sent - 1, 20,
             lambda: f"{sender.sent} packets, {before} replays before: {backup.faults(SEALED)}")


def test_zero_interval_teaches_nothing(backup):
    """One such packet makes others believe in a master that is always late."""
    before = backup.transitions()
    faults = {key: backup.faults(key).get("interval", 0) for key in (THREE, SIX)}
    with backup.sending([speak(key, interval_ms=0) for key in (THREE, SIX)], 0.1) as sender:
        watch_for(2)                    # of such packets
    assert backup.transitions() == before
    for key in (THREE, SIX):
        wait_for(lambda: backup.faults(key)["interval"] - faults[key] >= sender.sent // 2 > 2, 20,
                 lambda: f"{sender.sent} packets: {backup.faults(key)}")


def test_either_checksum_of_a_version_3_master_is_understood(master):
    other = [speak(THREE, form="pseudo", interval_ms=200),
             speak(THREE, form="message", interval_ms=200)]
    for frames in (other[:1], other[1:], other):
        with master.sending(frames, 0.2 * len(frames)):
            wait_for(lambda: master.states()[THREE] == "BACKUP", 20, "the master to be heard")
            before = master.transitions()
            watch_for(1.5)              # more than the down interval of 0.2 s
            assert master.transitions() == before
        wait_for(lambda: master.states()[THREE] == "MASTER", DOWN + 1, "the return")


def test_count_of_255_addresses_is_read_to_its_end(master):
    """A long list, of a weaker master: heard, and nothing follows."""
    before = master.transitions()
    long4 = [f"10.91.{i}.1" for i in range(255)]
    long6 = ["fe80::4:1"] + [f"fd91::{i:x}" for i in range(80)]
    frames = [speak(key, 50, addresses=long6 if key == SIX else long4) for key in LISTS]
    with master.witness() as witness, master.sending(frames, 0.4):
        watch_for(2.2)                  # two gaps between our own
    assert master.transitions() == before
    for key in LISTS:
        assert longest_gap(master.spoken(witness, key)) <= INTERVAL + SLACK / 3


def test_weaker_master_of_version_3_is_answered_at_once(master):
    """RFC 9568 6.4.3; RFC 3768 discards, so version 2 need not answer."""
    with master.witness() as witness:
        wait_for(lambda: all(master.spoken(witness, key) for key in (THREE, SIX)), 20, "adverts")
        let_last(0.3)                   # well between two of our own
        for key in (THREE, SIX):
            heard = time.time()
            with master.sending([speak(key, 50)], 0.05) as sender:
                wait_for(lambda: sender.sent, 20, "the packet")
            asked = wait_for(lambda: master.spoken(witness, key, heard, "peer"), 20, "it")[0].time
            answer = wait_for(lambda: master.spoken(witness, key, asked), 20, "an answer")[0]
            assert waited(asked, answer.time) <= 0.1, f"{key}: {answer.time - asked:.3f} s"
    assert master.all_are("MASTER")


def test_of_two_equal_masters_the_lower_address_yields(master):
    lower = {key: LOWER6 if key == SIX else LOWER4 for key in LISTS}
    before = master.transitions()
    with master.sending([speak(key, PRIORITY, source=lower[key]) for key in LISTS], 0.5):
        watch_for(2)                    # of its adverts
        assert master.transitions() == before
    with master.sending([speak(key, PRIORITY) for key in LISTS], 0.5):
        wait_for(lambda: master.all_are("BACKUP"), 20, lambda: f"backups: {master.states()}")


def test_our_own_packets_that_come_back_change_nothing(master):
    """A loop in the network, as the wire shows it: byte for byte what we sent."""
    with master.witness() as witness:
        wait_for(lambda: all(master.spoken(witness, key) for key in LISTS), 20, "adverts")
        copies = [packet.data for packet in list(witness.capture.packets)
                  if packet.where == ("d1", "ours")
                  and packet.data[12:14] in (b"\x08\x00", b"\x86\xdd")
                  and {packet.data[23], packet.data[20]} & {PROTO_AH, PROTO_VRRP}]
        before = master.transitions()
        with master.sending(copies, 0.2):
            watch_for(2.5)              # two gaps between our own
    assert master.transitions() == before
    for key in LISTS:
        assert master.faults(key)["own-packet"] > 0
        assert longest_gap(master.spoken(witness, key)) <= INTERVAL + SLACK / 3


FLOOD = """
import socket, sys, time
sys.path.insert(0, sys.argv[1])
from lab.packets import advert, advert3
frames = [advert("10.90.0.200", v, 255, ["10.90.9.9"]) for v in range(10, 250)]
frames += [advert3("fe80::c8", v, 255, ["fe80::9"]) for v in range(10, 250)]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind((sys.argv[2], 0))
end, sent = time.monotonic() + 4, 0
while time.monotonic() < end:
    for frame in frames:
        s.send(frame)
    sent += len(frames)
    time.sleep(0.005)
print(sent)
"""


def test_flood_of_unknown_groups_delays_nothing(master):
    before = master.transitions()
    with master.witness() as witness:
        done = master.place.run(sys.executable, "-c", FLOOD, TOP, LINK, timeout=60)
        watch_for(0.2)                  # what was late is here by now
    assert int(done.stdout) > 20000, done.stderr
    assert master.transitions() == before
    for key in LISTS:
        assert longest_gap(master.spoken(witness, key)) <= INTERVAL + SLACK


def test_backup_that_stood_still_is_not_misled_by_what_piled_up(backup):
    """
    Stopped for longer than its down interval while the master spoke on, it stays backup; stopped
    while the master fell silent, the old packets in its queue do not count as fresh ones.
    """
    before = backup.transitions()
    backup.router.signal(signal.SIGSTOP)
    let_last(DOWN + 0.5)
    backup.router.signal(signal.SIGCONT)
    watch_for(DOWN + 0.5)               # it could take over by now
    assert backup.transitions() == before
    backup.router.signal(signal.SIGSTOP)
    let_last(1.5 * INTERVAL)            # the master goes on for so long ...
    backup.sender.__exit__()
    let_last(DOWN + 0.5)                # ... and is gone when we wake
    with backup.witness() as witness:
        woken = time.time()
        backup.router.signal(signal.SIGCONT)
        taken = backup.wait_master(witness, woken)
    for key in LISTS:
        assert waited(woken, taken[key]) <= DOWN + SLACK
