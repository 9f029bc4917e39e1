# SPDX-License-Identifier: GPL-2.0-or-later
"""
Connections survive: a pair of gateways with NAT and strict rules (lab/gateway), users inside who
talk to a server outside, and everything that can happen to the routers meanwhile.
"""
import contextlib
import json
import re
import signal
import time

import pytest

from crossing import (PORT, all_alive, counted, lose, pair, status, takes_over, talk_on, tuples,
                      wait_counted, wait_equal, wait_told)
from lab.gateway import OUTSIDE, OUTSIDE6, UNAUTHENTICATED, Gateway, sync
from lab.network import let_last, wait_for, watch_for

DIGEST_PERIOD = 3       # seconds between comparisons of both tables


def test_connections_survive_a_power_cut(make_gateway):
    gateway = make_gateway()
    tcp, tcp6 = gateway.talk(count=200).wait_ready(), gateway.talk(count=50, target=OUTSIDE6)
    udp = gateway.talk("say", 20, 20).wait_ready()
    tcp6.wait_ready()
    wait_for(lambda: status(gateway.r2, "flows")[0] >= 270, 30, lambda: str(sync(gateway.r2)))
    assert status(gateway.r1, "lost-now") == ("0",)
    for router, most in ((gateway.r1, "bytes-sent"), (gateway.r2, "bytes-received")):
        path = sync(router)["path"][0]
        assert int(path["heard"]) <= 2
        assert int(path[most]) > 270 * 20
    with gateway.r1.frozen():
        gateway.switch.ip("link set r1-lan down\nlink set r1-wan down")
        takes_over(gateway, "r2")
        wait_for(lambda: status(gateway.r2, "role", "epoch") == ("active", 2), 30,
                 lambda: str(sync(gateway.r2)))
        assert 5 <= int(sync(gateway.r2)["sweep-due"]) <= 20
        all_alive(tcp, tcp6, udp)
        assert gateway.invalid("r2") == 0


def test_connections_survive_there_and_back(make_gateway):
    """A router that has forwarded them before knows old windows: they must not count."""
    gateway = make_gateway()
    talks = [gateway.talk(count=100).wait_ready(), gateway.talk("say", 20, 20).wait_ready(),
             gateway.talk(count=20, target=OUTSIDE6).wait_ready()]
    wait_for(lambda: status(gateway.r2, "flows")[0] >= 140, 30, lambda: str(sync(gateway.r2)))
    for here, there in (("r1", "r2"), ("r2", "r1"), ("r1", "r2")):
        gateway.routers[here].tandem("reset", "vrrp", "master", "interface", "lan0", "group", "1")
        takes_over(gateway, there)
        gateway.wait_synced()
        for _ in range(5):
            talk_on(*talks)                     # some windows pass
    all_alive(*talks)
    assert gateway.invalid("r1") == gateway.invalid("r2") == 0


def test_a_bulk_transfer_survives(make_gateway):
    """Megabytes with window scaling, checked byte by byte, while the routers change places."""
    gateway = make_gateway()
    server = gateway.outside.popen("/usr/bin/python3", "-c", SINK, text=True)
    client = gateway.inside.popen("/usr/bin/python3", "-c", SOURCE, text=True, stdout=-1)
    try:
        wait_for(lambda: status(gateway.r2, "flows")[0] >= 1, 30, "the transfer on both routers")
        gateway.r1.tandem("reset", "vrrp", "master", "interface", "lan0", "group", "1")
        takes_over(gateway, "r2")
        out, _ = client.communicate(timeout=60)
        assert out.strip() == "same"
        assert gateway.invalid("r2") == 0
    finally:
        server.kill()
        client.kill()


SINK = """
import hashlib, socket
s = socket.create_server(("0.0.0.0", 7100))
c, _ = s.accept()
h = hashlib.sha256()
while data := c.recv(1 << 16):
    h.update(data)
c.sendall(h.hexdigest().encode())
c.close()
"""
SOURCE = f"""
import hashlib, os, socket, time
for _ in range(50):
    try:
        c = socket.create_connection(("{OUTSIDE}", 7100)); break
    except OSError:
        time.sleep(0.1)
h = hashlib.sha256()
end = time.monotonic() + 6
block = os.urandom(1 << 16)
while time.monotonic() < end:
    c.sendall(block); h.update(block); time.sleep(0.002)
c.shutdown(socket.SHUT_WR)
print("same" if c.recv(100).decode() == h.hexdigest() else "other")
"""


@pytest.mark.parametrize("name", ("r1", "r2"))
def test_flowsync_that_is_killed_costs_nothing(make_gateway, name):
    gateway = make_gateway()
    talk = gateway.talk(count=100).wait_ready()
    wait_for(lambda: status(gateway.r2, "flows")[0] >= 100, 30, lambda: str(sync(gateway.r2)))
    router = gateway.routers[name]
    pid = router.pids()["flowsync"]
    states = gateway.r1.states(), gateway.r2.states()
    router.signal(signal.SIGKILL, "flowsync")
    wait_for(lambda: router.successor("flowsync", pid), 30, "a new flowsync")
    gateway.wait_synced()
    assert (gateway.r1.states(), gateway.r2.states()) == states
    wait_equal(gateway)
    gateway.r1.tandem("reset", "vrrp", "master", "interface", "lan0", "group", "1")
    takes_over(gateway, "r2")
    all_alive(talk)


def test_flowsync_that_stands_still_holds_nobody_up(make_gateway):
    """The kernel's table does not fill with what could not be told, and the rest is repaired."""
    gateway = make_gateway(rules=RESTLESS)
    steady = gateway.talk(count=20, interval=50).wait_ready()
    wait_told(gateway, 20)
    pid, since, before = gateway.r1.pids()["flowsync"], time.monotonic(), dropped(gateway.r1)
    # The supervisor with it: it would have it replaced.
    gateway.r1.signal(signal.SIGSTOP, "supervisor")
    gateway.r1.signal(signal.SIGSTOP, "flowsync")
    try:
        storm = gateway.talk("say", 100, 5).wait_ready()
        ended = gateway.talk(count=500).wait_ready()
        wait_for(lambda: dropped(gateway.r1) > before, 60, "more events than there is room for")
        let_last(since + 9 - time.monotonic())
        storm.end()
        ended.end()
        # Nobody could be told that they ended, and they are gone all the same.
        wait_for(lambda: few_are_left(gateway.r1), 20, lambda: str(tracked(gateway.r1)))
        assert gateway.r1.is_all("MASTER")
    finally:
        gateway.r1.signal(signal.SIGCONT, "flowsync", "supervisor")
    gateway.wait_synced()
    talk = gateway.talk(count=50).wait_ready()
    wait_equal(gateway)
    assert gateway.r1.pids()["flowsync"] == pid and counted(gateway.r1)["overruns"] > 0
    all_alive(steady, talk)


# Each packet is an event, and there are more of them than there is room for.
RESTLESS = """
table inet restless {
	chain pre {
		type filter hook forward priority -10
		meta l4proto udp ct mark set numgen inc mod 1000000
	}
}
"""


def dropped(router):
    """Events that found no room in a socket of netfilter's."""
    with open(f"/proc/{router.pids()['flowsync']}/net/netlink") as table:
        lines = [line.split() for line in table.readlines()[1:]]
    return sum(int(words[8]) for words in lines if words[1] == "12")


def tracked(router):
    """How many connections the kernel counts, with those that ended and cannot be told of."""
    return int(router.space.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count",
                                check=True).stdout)


def few_are_left(router):
    """Without those that both ends have closed, whenever they were done with that."""
    router.space.run("conntrack", "-D", "-p", "tcp", "--state", "TIME_WAIT")
    return tracked(router) < 200


@pytest.mark.parametrize("percent", (1, 10, 50))
def test_loss_on_the_way_is_repaired(make_gateway, percent):
    gateway = make_gateway()
    for router in gateway.routers.values():
        lose(router, f"udp dport {PORT} numgen random mod 100 < {percent}")
    talks = []
    for _ in range(5):
        talks.append(gateway.talk(count=100).wait_ready())
        let_last(0.5)                           # so that connections begin in several windows
    for talk in talks[:2]:
        talk.end()

    def lost():
        found = counted(gateway.r1)["datagrams-lost"]
        if not found:
            gateway.talk(count=20).wait_ready().end()       # more datagrams
        return found
    if percent > 1:
        wait_for(lost, 60, "a datagram to be lost")
    # The loss goes on; one comparison, and the looks at both tables.
    wait_equal(gateway, DIGEST_PERIOD + 2)
    all_alive(*talks[2:])


def test_the_cable_between_them_may_go_and_come(make_gateway):
    gateway = make_gateway()
    talk = gateway.talk(count=50).wait_ready()
    lose(gateway.r1)
    wait_for(lambda: status(gateway.r2, "connected") == (False,), 30, lambda: str(sync(gateway.r2)))
    more = gateway.talk(count=50).wait_ready()
    talk.end()
    gateway.r1.space.run("nft", "delete", "table", "inet", "loss", check=True)
    gateway.wait_synced()
    wait_equal(gateway)
    assert gateway.r1.is_all("MASTER") and gateway.r2.is_all("BACKUP")
    all_alive(more)


def test_two_masters_heal_without_harm(make_gateway):
    gateway = make_gateway()
    gateway.talk(count=50).wait_ready().end()
    # r2 hears nobody on the networks; between themselves the routers still speak.
    gateway.switch.ip("link set r2-lan nomaster\nlink set r2-wan nomaster")
    takes_over(gateway, "r2")
    talk = gateway.talk(count=50).wait_ready()          # through r1
    gateway.r2.space.run("conntrack", "-I", "-p", "tcp", "-s", "10.1.0.77", "-d", "10.2.0.77",
                         "--sport", "5001", "--dport", "5002", "-t", "3600",
                         "--state", "ESTABLISHED", "-u", "ASSURED,SEEN_REPLY", check=True)
    wait_for(lambda: "both-active" in sync(gateway.r1).get("alarm", ()), 30,
             lambda: str(sync(gateway.r1).get("alarm")))
    gateway.switch.ip("link set r2-lan master lan\nlink set r2-wan master wan")
    wait_for(lambda: gateway.r1.is_all("MASTER") and gateway.r2.is_all("BACKUP"), 30,
             lambda: f"{gateway.r1.states()} {gateway.r2.states()}")
    gateway.wait_synced()
    # What began at the one that gave in goes on at the other.
    wait_counted(gateway.r1, "merged", 1)
    wait_equal(gateway)
    for name in gateway.routers:
        assert len(gateway.flows(name, "-p", "tcp", "--dport", "5002")) == 1
    all_alive(talk)
    assert not sync(gateway.r1).get("alarm")


def test_a_flood_of_first_packets_is_not_told(make_gateway):
    """What nobody answers does not survive a failover and costs nothing."""
    gateway = make_gateway(strict=False)
    talk = gateway.talk(count=20).wait_ready()
    wait_told(gateway, 20)
    before = counted(gateway.r1)
    gateway.inside.run("/usr/bin/python3", "-c", FLOOD, check=True)
    watch_for(1)                                # what of them would be told
    after = counted(gateway.r1)
    assert after["events"] - before["events"] < 200
    assert after["upserts-sent"] - before["upserts-sent"] < 50
    all_alive(talk)


FLOOD = f"""
import socket
for i in range(20000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", ("{OUTSIDE}", 9)); s.close()
"""


# ---- who may speak ------------------------------------------------------------------------------

@pytest.fixture
def paired():
    with contextlib.closing(Gateway(connsync=())) as gateway:
        gateway.start()
        wait_for(lambda: "paired" in sync(gateway.r1).get("trouble", ""), 30,
                 lambda: str(sync(gateway.r1)))
        pair(gateway)
        yield gateway.wait_synced().serve()


def test_nothing_is_replicated_without_keys_unless_it_is_said_so(paired):
    gateway = paired
    talk = gateway.talk(count=50).wait_ready()
    wait_for(lambda: status(gateway.r2, "flows")[0] >= 50, 30, lambda: str(sync(gateway.r2)))
    assert status(gateway.r1, "authenticated") == (True,)
    gateway.r1.tandem("reset", "vrrp", "master", "interface", "lan0", "group", "1")
    takes_over(gateway, "r2")
    all_alive(talk)


def test_a_stranger_changes_nothing(paired):
    """Datagrams with the partner's address that it did not seal: counted, and that is all."""
    gateway = paired
    talk = gateway.talk(count=20).wait_ready()
    wait_for(lambda: status(gateway.r2, "flows")[0] >= 20, 30, lambda: str(sync(gateway.r2)))
    before = tuples(gateway, "r2"), status(gateway.r2, "epoch", "readiness")
    gateway.r1.space.run("/usr/bin/python3", "-c", FORGE, check=True)
    wait_for(lambda: sum(counted(gateway.r2, "fault").values()) >= 150, 30,
             lambda: str(counted(gateway.r2, "fault")))
    assert status(gateway.r2, "epoch", "readiness") == before[1]
    assert tuples(gateway, "r2") >= before[0]
    wait_equal(gateway)
    all_alive(talk)


# All the bytes of a datagram wrong, few of them, none but the last; cut; long.
FORGE = f"""
import os, random
from scapy.all import IP, UDP, Raw, send
random.seed(7)
for i in range(200):
    body = bytes([0x71, 0]) + i.to_bytes(8, "big")
    body += os.urandom(random.choice((0, 1, 15, 16, 40, 900)))
    send(IP(src="10.3.0.1", dst="10.3.0.2") / UDP(sport={PORT}, dport={PORT}) / Raw(body),
         verbose=False)
"""


# ---- what people see ----------------------------------------------------------------------------

def test_show_tells_what_there_is(make_gateway):
    gateway = make_gateway()
    talk = gateway.talk(count=30).wait_ready()
    wait_for(lambda: status(gateway.r2, "flows")[0] >= 30, 30, lambda: str(sync(gateway.r2)))
    text = gateway.r1.tandem("show", "connsync")
    assert re.search(r"State: +synced", text) and re.search(r"Role: +active", text)
    assert re.search(r"Would be lost now: +0", text) and "NOT authenticated" in text
    text = gateway.r2.tandem("show", "connsync", "flows", "port", "7000")
    assert text.count("ESTABLISHED") == 30 and "30 connections" in text
    assert "10.2.0.254:" in text                # what NAT made of them
    assert "0 connections" in gateway.r2.tandem("show", "connsync", "flows", "protocol", "gre")
    found = json.loads(gateway.r2.tandem("--json", "show", "connsync", "flows", "address",
                                         "10.1.0.0/16"))
    assert len(found["tandem-state:output"]["flow"]) == 30
    assert "events" in gateway.r1.tandem("show", "connsync", "statistics")
    assert gateway.r1.tandem("reset", "connsync") == ""
    gateway.wait_synced()
    refused = gateway.r1.tandem("show", "connsync", "flows", "address", "nowhere", check=False)
    assert refused.returncode == 1 and "no address" in refused.stderr
    all_alive(talk)


def test_it_comes_and_goes_with_its_configuration(make_gateway):
    gateway = make_gateway()
    talk = gateway.talk(count=20).wait_ready()
    states = gateway.r1.states(), gateway.r2.states()
    gateway.r2.configure("delete service connsync")
    assert gateway.r2.tandem("show", "connsync") == "connsync is not configured\n"
    done = gateway.r2.space.run("nft", "list", "tables")
    assert "tandem_connsync" not in done.stdout
    gateway.r2.configure("set service connsync failover-mechanism vrrp sync-group S",
                         "set service connsync interface sync0",
                         "set service connsync remote-peer 10.3.0.1", UNAUTHENTICATED)
    gateway.wait_synced()
    wait_equal(gateway)
    # A change that needs no new connection makes none.
    made = counted(gateway.r1)["connections-made"]
    gateway.r1.configure("set service connsync rate-limit 100",
                         "set service connsync exclude address 10.9.0.0/16")
    assert counted(gateway.r1)["connections-made"] == made
    assert (gateway.r1.states(), gateway.r2.states()) == states
    all_alive(talk)


def test_a_router_that_lacks_connections_is_weaker(make_gateway):
    """Its effective priority is lower until it has them."""
    gateway = make_gateway()

    def wait_priority(priority):
        wait_for(lambda: gateway.r2.groups()["lan0", 1]["effective-priority"] == priority, 30,
                 lambda: str(gateway.r2.groups()["lan0", 1]))

    wait_priority(100)
    gateway.r2.signal(signal.SIGSTOP, "flowsync")
    gateway.r2.stop()
    # Nobody tells it anything.  (The supervisor would have who stands still replaced.)
    gateway.r1.signal(signal.SIGSTOP, "supervisor")
    gateway.r1.signal(signal.SIGSTOP, "flowsync")
    try:
        gateway.r2.start()
        wait_priority(50)
    finally:
        gateway.r1.signal(signal.SIGCONT, "flowsync", "supervisor")
    gateway.wait_synced()
    wait_priority(100)
