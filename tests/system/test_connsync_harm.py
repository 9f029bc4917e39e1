# SPDX-License-Identifier: GPL-2.0-or-later
"""
What happens to the processes and on the cable between the routers, by accident or by intent:
restarts, flaps, paths that die, old datagrams sent again, garbage.  Connections do not notice.

Steps of the clock are not tried: a namespace has no wall clock of its own.  Nothing in connsync
reads it but the time in log lines.
"""
import contextlib
import signal
import socket
import threading

import pytest

from crossing import (PORT, all_alive, counted, cut, mend, pair, power_cut, status, talk_on, tuples,
                      wait_equal, wait_told)
from lab.gateway import Gateway, sync
from lab.network import LabError, let_last, wait_for


@pytest.fixture
def make_synced(make_gateway):
    """With keys of both routers, or without."""
    with contextlib.ExitStack() as stack:
        def make(authenticated):
            if not authenticated:
                return make_gateway()
            gateway = stack.enter_context(contextlib.closing(Gateway(connsync=())))
            pair(gateway.start())
            return gateway.wait_synced().serve()
        yield make


# ---- processes ----------------------------------------------------------------------------------

def test_both_flowsyncs_killed_at_once_cost_nothing(make_gateway):
    gateway = make_gateway()
    talks = [gateway.talk(count=100).wait_ready(), gateway.talk("say", 20, 50).wait_ready()]
    wait_told(gateway, 120)
    for _ in range(3):
        before = {name: router.pids()["flowsync"] for name, router in gateway.routers.items()}
        for router in gateway.routers.values():
            router.signal(signal.SIGKILL, "flowsync")
        for name, router in gateway.routers.items():
            wait_for(lambda: router.successor("flowsync", before[name]), 30, f"{name}: a new one")
        gateway.wait_synced()
        wait_equal(gateway)
    assert gateway.r1.is_all("MASTER") and gateway.r2.is_all("BACKUP")
    with power_cut(gateway):
        all_alive(*talks)
        assert gateway.invalid("r2") == 0


def test_a_connection_that_another_replaces_leaves_nobody_weaker(make_synced):
    """As every hour, for new keys: both routers have what they had."""
    gateway = make_synced(True)
    talk = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    since = {name: len(router.log()) for name, router in gateway.routers.items()}
    for _ in range(3):
        made = counted(gateway.r2)["connections-made"]
        gateway.r1.space.run("ss", "-K", "-t", "sport", "=", "3781", "or", "dport", "=", "3781",
                             check=True)
        wait_for(lambda: counted(gateway.r2)["connections-made"] > made, 30,
                 lambda: str(sync(gateway.r2)))
        gateway.wait_synced()
        wait_equal(gateway)
    for name, router in gateway.routers.items():
        log = router.log()[since[name]:]
        assert "bulk" not in log and "stale" not in log and "alone" not in log, log
        assert faults(router, "sealed-forged", "sealed-replayed", "sealed-too-old") == 0
    assert gateway.r2.groups()["lan0", 1]["effective-priority"] == 100
    all_alive(talk)


def test_both_routers_restarted_hold_their_connections(make_gateway):
    """The daemons end and begin in an orderly way; the kernels' tables stay."""
    gateway = make_gateway()
    talk = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    for router in gateway.routers.values():
        router.stop()
    for router in gateway.routers.values():
        router.start()
    wait_for(lambda: any(router.is_all("MASTER") for router in gateway.routers.values()), 30,
             lambda: f"{gateway.r1.states()} {gateway.r2.states()}")
    gateway.wait_synced()
    talk_on(talk)
    wait_equal(gateway)
    all_alive(talk)


def test_the_cable_flaps_while_connections_come_and_go(make_gateway):
    gateway = make_gateway()
    steady = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    stop, failures = threading.Event(), []

    def come_and_go():
        try:
            while not stop.is_set():
                gateway.talk(count=20, interval=50).wait_ready().end()
        except LabError as failure:
            failures.append(failure)
    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for turn in range(12):
            gateway.r1.space.ip("link set sync0 down")          # for a moment
            cut(gateway)
            let_last(4 if turn == 6 else 0.05 * turn)       # the cable out
            mend(gateway)
            let_last(0.3)                                   # and in
    finally:
        stop.set()
        thread.join()
    assert not failures
    gateway.wait_synced()
    wait_equal(gateway)
    assert gateway.r1.is_all("MASTER") and gateway.r2.is_all("BACKUP")
    with power_cut(gateway):
        all_alive(steady)


def test_the_cable_s_interface_is_taken_out_and_put_in_again(make_gateway):
    """It is another interface then, though it has the same name."""
    gateway = make_gateway()
    talk = gateway.talk(count=20).wait_ready()
    wait_told(gateway, 20)
    gateway.r1.space.ip("link delete sync0")
    wait_for(lambda: status(gateway.r2, "connected") == (False,), 30, lambda: str(sync(gateway.r2)))
    gateway.network.cable(gateway.r1.space, "sync0", gateway.r2.space, "sync0")
    for router in gateway.routers.values():
        router.space.ip("link set sync0 up")
    gateway.wait_synced()
    more = gateway.talk(count=20).wait_ready()
    wait_told(gateway, 40)
    wait_equal(gateway)
    all_alive(talk, more)


# ---- a second path ------------------------------------------------------------------------------

def test_one_of_two_paths_may_die(make_gateway):
    gateway = make_gateway()
    gateway.network.cable(gateway.r1.space, "sync1", gateway.r2.space, "sync1")
    for number, router in enumerate(gateway.routers.values(), 1):
        router.space.ip("link set sync1 up")
        router.configure(f"set interfaces dataplane sync1 address 10.4.0.{number}/24",
                         "set service connsync second-path interface sync1",
                         f"set service connsync second-path remote-peer 10.4.0.{3 - number}")
    gateway.wait_synced()

    def alive(router):
        return [path.get("alive") for path in sync(router)["path"]]
    for router in gateway.routers.values():
        wait_for(lambda: alive(router) == [True, True], 30, lambda: str(sync(router)["path"]))
    talks = [gateway.talk(count=50).wait_ready()]
    for turn, link in enumerate(("sync0", "sync1", "sync0")):
        cut(gateway, link)
        wait_for(lambda: sorted(alive(gateway.r1)) == [False, True] and
                 status(gateway.r1, "connected") == (True,), 20,
                 lambda: str(sync(gateway.r1)))
        assert "path-dead" in sync(gateway.r1).get("alarm", ())
        talks.append(gateway.talk(count=20).wait_ready())
        wait_told(gateway, 50 + 20 * (turn + 1))
        wait_equal(gateway)
        mend(gateway)
        wait_for(lambda: alive(gateway.r1) == alive(gateway.r2) == [True, True], 30,
                 lambda: str(sync(gateway.r1)["path"]))
    gateway.wait_synced()
    with power_cut(gateway):
        all_alive(*talks)


# ---- an attacker on the cable -------------------------------------------------------------------

EMPTY = 92              # bytes of a frame that tells of nothing, and a few


class Tape:
    """Frames with datagrams that leave a router; they can be played again."""

    def __init__(self, router):
        with router.space.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind(("sync0", 3))
        self.socket.setblocking(False)

    def frames(self):
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, where = self.socket.recvfrom(2000)
                if where[2] == socket.PACKET_OUTGOING and frame[23:24] == b"\x11" and \
                        frame[36:38] == PORT.to_bytes(2, "big"):
                    found.append(frame)
        return found

    def play(self, frames, times=1):
        for _ in range(times):
            for frame in frames:
                self.socket.send(reframe(frame, frame[42:]))


def faults(router, *names):
    found = counted(router, "fault")
    return sum(found[name] for name in names)


@pytest.mark.parametrize("authenticated", (True, False), ids=("authenticated", "unauthenticated"))
def test_datagrams_sent_again_change_nothing(make_synced, authenticated):
    gateway = make_synced(authenticated)
    tape = Tape(gateway.r1)
    talk = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    old = [frame for frame in tape.frames() if len(frame) > EMPTY]
    assert old
    # What the tape tells of is over: nothing may bring it back.
    talk.process.kill()
    gateway.r1.space.run("conntrack", "-D", "-p", "tcp", "--dport", "7000")
    wait_for(lambda: status(gateway.r2, "flows") == (0,), 30, lambda: str(sync(gateway.r2)))
    before = status(gateway.r2, "epoch", "readiness", "flows")
    tape.play(old, 20)
    wait_for(lambda: faults(gateway.r2, "sealed-replayed", "replayed", "late") >= 20 * len(old), 30,
             lambda: str(counted(gateway.r2, "fault")))
    assert status(gateway.r2, "epoch", "readiness", "flows") == before
    assert not gateway.flows("r2", "-p", "tcp", "--dport", "7000")
    # Nor in a later session.
    made = counted(gateway.r2)["connections-made"]
    gateway.r1.signal(signal.SIGKILL, "flowsync")
    wait_for(lambda: counted(gateway.r2)["connections-made"] > made, 30,
             lambda: str(sync(gateway.r2)))
    gateway.wait_synced()
    talk = gateway.talk(count=20).wait_ready()
    wait_told(gateway, 20)
    names = tuple(counted(gateway.r2, "fault"))
    refused = faults(gateway.r2, *names)
    tape.play(old, 20)
    wait_for(lambda: faults(gateway.r2, *names) >= refused + 20 * len(old), 20,
             lambda: f"{refused} + {20 * len(old)}: {counted(gateway.r2, 'fault')}")
    assert status(gateway.r2, "flows") == (20,)
    wait_equal(gateway)
    all_alive(talk)


@pytest.mark.parametrize("authenticated", (True, False), ids=("authenticated", "unauthenticated"))
def test_datagrams_that_are_cut_or_changed_change_nothing(make_synced, authenticated):
    """Without keys a changed datagram may tell a lie, so there they are only cut."""
    gateway = make_synced(authenticated)
    tape = Tape(gateway.r1)
    talk = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    whole = [frame for frame in tape.frames() if len(frame) > EMPTY]
    before = tuples(gateway, "r2")
    head, played = 14 + 20 + 8, 0
    for size in range(0, 60, 3):
        for frame in whole[:3]:
            body = frame[head:-1 - size] if size else frame[head:-1]
            tape.play([reframe(frame, body)])
            played += 1
            if authenticated:
                wrong = bytearray(frame[head:])
                wrong[10 + size] ^= 1 << size % 8
                tape.play([reframe(frame, bytes(wrong))])
                played += 1
    assert played >= 20
    names = [name for name in counted(gateway.r2, "fault")]
    wait_for(lambda: faults(gateway.r2, *names) >= played, 30,
             lambda: str(counted(gateway.r2, "fault")))
    assert status(gateway.r2, "readiness") == ("synced",)
    assert tuples(gateway, "r2") == before
    wait_equal(gateway)
    all_alive(talk)


def reframe(frame, body):
    """The same frame with another body; no UDP checksum is needed."""
    import struct
    ip = bytearray(frame[14:34])
    ip[2:4] = (28 + len(body)).to_bytes(2, "big")
    ip[10:12] = b"\0\0"
    total = sum(struct.unpack("!10H", bytes(ip)))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    ip[10:12] = (~total & 0xFFFF).to_bytes(2, "big")
    udp = frame[34:38] + (8 + len(body)).to_bytes(2, "big") + b"\0\0"
    return frame[:14] + bytes(ip) + udp + body


GARBAGE = f"""
import os, random, socket, time
random.seed(3)
for i in range(30):
    s = socket.socket()
    s.settimeout(2)
    try:
        s.connect(("10.3.0.2", {PORT}))
        s.sendall(os.urandom(random.choice((1, 7, 200, 5000))))
        if i % 3 == 0:
            s.recv(100)
        elif i % 3 == 1:
            time.sleep(0.05)
    except OSError:
        pass
    s.close()
"""


@pytest.mark.parametrize("authenticated", (True, False), ids=("authenticated", "unauthenticated"))
def test_garbage_in_the_stream_leaves_connections_alone(make_synced, authenticated):
    """With keys it does not even disturb; without, both routers find each other again."""
    gateway = make_synced(authenticated)
    talk = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    before = tuples(gateway, "r2"), counted(gateway.r2)
    gateway.r1.space.run("/usr/bin/python3", "-c", GARBAGE, check=True)
    after = counted(gateway.r2)
    if authenticated:
        assert after["connections-made"] == before[1]["connections-made"]
        assert after["connections-refused"] > before[1]["connections-refused"] + 10
        assert status(gateway.r2, "readiness") == ("synced",)
    gateway.wait_synced()
    wait_equal(gateway)
    assert tuples(gateway, "r2") == before[0]
    assert gateway.r1.is_all("MASTER") and gateway.r2.is_all("BACKUP")
    with power_cut(gateway):
        all_alive(talk)
