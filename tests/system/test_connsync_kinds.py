# SPDX-License-Identifier: GPL-2.0-or-later
"""
Every kind of connection survives: helpers that rewrite what is said and foresee other connections,
port forwards, IPv6 NAT, marks, labels, zones, echo, flows that are quiet for longer than a timer.
"""
import ftplib
import re
import signal
import subprocess
import time

import pytest

from crossing import all_alive, counted, hand_over, power_cut, status, wait_equal, wait_told
from duo import read
from lab.gateway import INSIDE, INSIDE6, OUTSIDE, OUTSIDE6, PORT, Talk, sync
from lab.network import stays, wait_for
from lab.router import BUILD

# ---- FTP ----------------------------------------------------------------------------------------

FTP_HELPER = """
table inet helpers {
	ct helper ftp-control {
		type "ftp" protocol tcp
		l3proto inet
	}
	chain pre {
		type filter hook prerouting priority mangle
		tcp dport 21 ct helper set "ftp-control"
	}
}
"""

# A server that knows just enough: PORT, EPRT, PASV, EPSV, and RETR of a name, which is its content.
FTP_SERVER = r"""
import socket, sys, threading
own, family = sys.argv[1], socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET

def serve(control):
    say = lambda text: control.sendall(text.encode() + b"\r\n")
    def passive():
        listener = socket.create_server((own, 0), family=family)
        return lambda: listener.accept()[0]
    def active(host, port):
        return lambda: socket.create_connection((host, port), 20, (own, 0))
    say("220 ready")
    for line in control.makefile("r"):
        word, _, rest = line.strip().partition(" ")
        if word == "USER": say("230 in")
        elif word == "TYPE": say("200 yes")
        elif word == "PORT":
            n = rest.split(",")
            data = active(".".join(n[:4]), int(n[4]) * 256 + int(n[5])); say("200 yes")
        elif word == "EPRT":
            _, _, host, port, _ = rest.split("|")
            data = active(host, int(port)); say("200 yes")
        elif word in ("PASV", "EPSV"):
            listener = socket.create_server((own, 0), family=family)
            data = lambda listener=listener: listener.accept()[0]
            port = listener.getsockname()[1]
            say("227 at (%s,%d,%d)" % (own.replace(".", ","), port >> 8, port & 255)
                if word == "PASV" else "229 at (|||%d|)" % port)
        elif word == "RETR":
            say("150 now")
            with data() as s: s.sendall(rest.encode())
            say("226 done")
        else: say("500 what is %r" % line)

listener = socket.create_server((own, 21), family=family)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


class Ftp:
    """A server in one space, and a client in another who is asked by threads of this process."""

    def __init__(self, server, own, client, target):
        self.process = server.popen("/usr/bin/python3", "-c", FTP_SERVER, own, text=True,
                                    stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == "ready\n"
        self.client = client
        with client.inside():
            self.session = ftplib.FTP(target, "anybody", timeout=30)

    def fetch(self, passive, word):
        """A data connection, and what came through it."""
        got = []
        self.session.set_pasv(passive)
        with self.client.inside():
            self.session.retrbinary(f"RETR {word}", got.append)
        return b"".join(got).decode()

    def foresee(self):
        """The data connection is announced; the server has not begun it yet."""
        with self.client.inside():
            return self.session.makeport()

    def fetch_foreseen(self, listener, word):
        self.session.voidcmd("TYPE I")
        self.session.putcmd(f"RETR {word}")
        assert self.session.getresp().startswith("150")
        listener.settimeout(20)
        with listener.accept()[0] as data:
            got = data.makefile("rb").read().decode()
        assert self.session.voidresp().startswith("226")
        return got


@pytest.mark.parametrize("own, target", ((OUTSIDE, OUTSIDE), (OUTSIDE6, OUTSIDE6)),
                         ids=("ipv4", "ipv6"))
def test_ftp_with_nat_goes_on(make_gateway, own, target):
    """Addresses inside the control connection are rewritten, with another length."""
    gateway = make_gateway(rules=FTP_HELPER)
    ftp = Ftp(gateway.outside, own, gateway.inside, target)
    assert ftp.fetch(False, "active-before") == "active-before"
    assert ftp.fetch(True, "passive-before") == "passive-before"
    listener = ftp.foresee()
    wait_for(lambda: status(gateway.r2, "expectations") >= (1,), 30,
             lambda: str(sync(gateway.r2)))
    family = "ipv6" if ":" in own else "ipv4"
    wait_for(lambda: gateway.r2.space.run("conntrack", "-L", "expect", "-f", family).stdout, 30,
             lambda: f"the expectation on r2: {sync(gateway.r2)}")
    with power_cut(gateway):
        assert ftp.fetch_foreseen(listener, "foreseen") == "foreseen"
        assert ftp.fetch(False, "active-after") == "active-after"
        assert ftp.fetch(True, "passive-after") == "passive-after"
        assert gateway.invalid("r2") == 0
    ftp.process.kill()


def test_ftp_there_and_back(make_gateway):
    gateway = make_gateway(rules=FTP_HELPER)
    ftp = Ftp(gateway.outside, OUTSIDE, gateway.inside, OUTSIDE)
    for turn, to in enumerate(("r2", "r1", "r2")):
        assert ftp.fetch(False, f"active-{turn}") == f"active-{turn}"
        assert ftp.fetch(True, f"passive-{turn}") == f"passive-{turn}"
        source = gateway.routers["r1" if to == "r2" else "r2"]
        wait_for(lambda: status(source, "lost-now") == ("0",), 30, lambda: str(sync(source)))
        hand_over(gateway, to)
        gateway.wait_synced()
    assert ftp.fetch(False, "last") == "last"
    assert gateway.invalid("r1") == gateway.invalid("r2") == 0
    ftp.process.kill()


# ---- NAT ----------------------------------------------------------------------------------------

FORWARD = f"""
table inet forwards {{
	chain pre {{
		type nat hook prerouting priority dstnat
		iifname wan0 ip daddr 10.2.0.254 tcp dport {PORT} dnat ip to {INSIDE}
		iifname wan0 ip daddr 10.2.0.254 udp dport {PORT} dnat ip to {INSIDE}
		iifname wan0 ip6 daddr fd02::254 tcp dport {PORT} dnat ip6 to {INSIDE6}
	}}
}}
"""


def test_port_forwards_survive(make_gateway):
    gateway = make_gateway(rules=FORWARD)
    server = gateway.inside.popen(BUILD + "/lab/talk", "serve", str(PORT), text=True,
                                  stdout=subprocess.PIPE)
    server.stdout.readline()
    talks = [Talk(gateway.outside, "connect", "10.2.0.254", 50, 100).wait_ready(),
             Talk(gateway.outside, "say", "10.2.0.254", 20, 50).wait_ready(),
             Talk(gateway.outside, "connect", "fd02::254", 50, 100).wait_ready()]
    wait_told(gateway, 120)
    wait_equal(gateway)
    with power_cut(gateway):
        all_alive(*talks)
        assert gateway.invalid("r2") == 0
    server.kill()


# ---- what rules attach to connections -----------------------------------------------------------

MARKS = """
table inet marks {
	chain pre {
		type filter hook prerouting priority mangle
		ct state new meta l4proto tcp ct mark set 0x2a
	}
	chain strict_marks {
		type filter hook forward priority 10
		meta l4proto tcp ct state established ct mark != 0x2a drop
	}
}
"""
LABELS = """
table inet labels {
	chain pre {
		type filter hook forward priority -10
		ct state new meta l4proto tcp ct label set 3
	}
	chain strict_labels {
		type filter hook forward priority 10
		meta l4proto tcp ct state established ct label & 8 == 0 drop
	}
}
"""
ZONES = """
table inet zones {
	chain pre {
		type filter hook prerouting priority raw
		iifname { lan0, wan0 } ct zone set 5
	}
}
"""


@pytest.mark.parametrize("rules", (MARKS, LABELS, ZONES), ids=("marks", "labels", "zones"))
def test_what_rules_attach_survives(make_gateway, rules):
    """After the failover a connection passes only with the mark that its first packet got."""
    gateway = make_gateway(rules=rules)
    talk, six = gateway.talk(count=50), gateway.talk(count=20, target=OUTSIDE6)
    talk.wait_ready()
    six.wait_ready()
    wait_told(gateway, 70)
    wait_equal(gateway)
    if rules == ZONES:
        assert sum("zone=5" in line for line in gateway.flows("r2", "-p", "tcp")) >= 50
    with power_cut(gateway):
        all_alive(talk, six)
        assert gateway.invalid("r2") == 0


def ping(gateway, target, output):
    with open(output, "w") as file:
        return gateway.inside.popen("ping", "-D", "-i", "0.05", "-W", "1", target, stdout=file)


def answered(output):
    """When the last answer came to a ping, in seconds since 1970."""
    return max(map(float, re.findall(r"^\[([0-9.]+)\] \d+ bytes from", read(output), re.M)),
               default=0.0)


@pytest.mark.parametrize("target", (OUTSIDE, OUTSIDE6), ids=("ipv4", "ipv6"))
def test_echo_is_told_when_it_is_asked_for(make_gateway, target):
    """Nobody keeps an echo up, so by default each router makes its own; ping goes on either way."""
    gateway = make_gateway()
    for router in gateway.routers.values():
        router.configure("set service connsync event-detail replied")
    gateway.wait_synced()
    output = gateway.folder + "/ping"
    process = ping(gateway, target, output)
    protocol = "icmp" if target == OUTSIDE else "icmpv6"
    family = "ipv4" if target == OUTSIDE else "ipv6"
    wait_for(lambda: any(target in line for line in
                         gateway.flows("r2", "-f", family, "-p", protocol)), 30,
             lambda: f"the echo on r2: {gateway.flows('r1')} {gateway.flows('r2')}")
    begun = time.time()
    with power_cut(gateway):
        taken = time.time()
        wait_for(lambda: answered(output) > taken, 20, "an answer through r2")
        process.send_signal(signal.SIGINT)
        process.wait(20)
    out = read(output)
    sent, got = map(int, re.search(r"(\d+) packets transmitted, (\d+)", out).groups())
    # Less than a second of them, besides those before r2 forwards.
    assert sent - got < (taken - begun + 1) / 0.05, out


# ---- time ---------------------------------------------------------------------------------------

def udp_timeout(gateway, seconds):
    for router in gateway.routers.values():
        router.space.run("sh", "-c", f"echo {seconds} >/proc/sys/net/netfilter/"
                         "nf_conntrack_udp_timeout_stream", check=True)


def test_a_flow_that_is_older_than_its_timer_is_still_there(make_gateway):
    """Packets keep it alive on the master, of which nobody tells the standby router."""
    gateway = make_gateway()
    udp_timeout(gateway, 3)
    talk = gateway.talk("say", 20, 500).wait_ready()
    wait_told(gateway, 20)
    stays(lambda: len(gateway.flows("r2", "-p", "udp", "--dport", str(PORT))) == 20, 7,
          lambda: f"20 flows on r2: {gateway.flows('r2')}")
    wait_equal(gateway)
    with power_cut(gateway):
        all_alive(talk)
        assert gateway.invalid("r2") == 0


def test_a_flow_that_ends_on_the_master_ends_on_the_standby(make_gateway):
    gateway = make_gateway()
    udp_timeout(gateway, 2)
    udp, tcp = gateway.talk("say", 20, 100).wait_ready(), gateway.talk(count=50).wait_ready()
    wait_told(gateway, 70)
    udp.end()
    gateway.r1.space.run("conntrack", "-D", "-p", "tcp", "--dport", str(PORT))

    def left():
        gateway.flows("r1")             # who reads the table ends what is over
        return [line for line in gateway.flows("r2") if f"dport={PORT} " in line]
    wait_for(lambda: not left(), 30, lambda: f"left on r2: {left()[:3]}")
    wait_for(lambda: status(gateway.r2, "flows") == (0,), 30, lambda: str(sync(gateway.r2)))
    tcp.process.kill()


# ---- how much is told ---------------------------------------------------------------------------

SYN_FLOOD = f"""
import random, socket
from scapy.all import IP, TCP, raw
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
packets = [raw(IP(src="{INSIDE}", dst="{OUTSIDE}") / TCP(sport=port, dport=9))
           for port in range(10000, 12000)]
for turn in range(20):
    for p in packets:
        s.sendto(p, ("{OUTSIDE}", 0))
"""


def test_a_flood_of_syns_harms_no_connection(make_gateway):
    gateway = make_gateway()
    gateway.outside.run("nft", "-f", "-", check=True, input="""table inet deaf {
        chain input {
            type filter hook input priority 0
            tcp dport 9 drop
        }
    }""")
    talk = gateway.talk(count=50, interval=50).wait_ready()
    wait_told(gateway, 50)
    before = counted(gateway.r1)
    gateway.inside.run("/usr/bin/python3", "-c", SYN_FLOOD, check=True)
    more = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 100)
    after = counted(gateway.r1)
    assert after["upserts-sent"] - before["upserts-sent"] < 100
    assert int(status(gateway.r1, "lag-99")[0]) < 50000
    assert len(gateway.flows("r1", "-p", "tcp", "--dport", "9")) == 2000
    with power_cut(gateway):
        all_alive(talk, more)


def test_what_is_excluded_stays_here(make_gateway):
    gateway = make_gateway()
    for router in gateway.routers.values():
        router.configure("set service connsync exclude protocol udp",
                         "set service connsync exclude address fd02::/64")
    gateway.wait_synced()
    talks = [gateway.talk(count=30).wait_ready(), gateway.talk("say", 20, 100).wait_ready(),
             gateway.talk(count=20, target=OUTSIDE6).wait_ready()]
    wait_told(gateway, 30)
    stays(lambda: status(gateway.r1, "flows") == status(gateway.r2, "flows") == (30,), 0.5,
          lambda: f"30 flows: {sync(gateway.r1)} {sync(gateway.r2)}")
    assert len(gateway.flows("r2", "-p", "tcp", "--dport", str(PORT))) == 30
    assert not gateway.flows("r2", "-p", "udp", "--dport", str(PORT))
    # What is no longer excluded is told, though nothing happens to it.
    for router in gateway.routers.values():
        router.configure("delete service connsync exclude protocol udp")
    wait_told(gateway, 50)
    wait_for(lambda: len(gateway.flows("r2", "-p", "udp", "--dport", str(PORT))) == 20, 30,
             "20 flows on r2")
    # And what is excluded now goes from the partner's table, or at least does no harm to it.
    all_alive(*talks)


def test_all_tells_every_state(make_gateway):
    """One packet that nobody answers is told of, and how far a connection is closed."""
    gateway = make_gateway()
    for router in gateway.routers.values():
        router.configure("set service connsync event-detail all",
                         "set service connsync hold-down 0")
    gateway.wait_synced()
    gateway.inside.run("/usr/bin/python3", "-c", "import socket\n"
                       "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                       f"s.sendto(b'x', ('{OUTSIDE}', 9))", check=True)
    wait_for(lambda: gateway.flows("r2", "-p", "udp", "--dport", "9"), 30, "the lone packet on r2")
    gateway.talk(count=20).wait_ready().end()
    wait_for(lambda: sum("TIME_WAIT" in line or "CLOSE" in line for line in
                         gateway.flows("r2", "-p", "tcp", "--dport", str(PORT))) == 20, 30,
             lambda: "\n".join(gateway.flows("r2", "-p", "tcp")[:5]))


@pytest.mark.parametrize("hold, told", ((10000, 0), (0, 30)))
def test_short_flows_without_nat_are_held_back(make_gateway, hold, told):
    gateway = make_gateway(nat=False)
    for router in gateway.routers.values():
        router.configure(f"set service connsync hold-down {hold}")
    gateway.wait_synced()
    before = counted(gateway.r1)["upserts-sent"]
    talk = gateway.talk(count=30).wait_ready()
    if told:
        wait_told(gateway, 30)
    else:
        wait_for(lambda: status(gateway.r1, "held-down")[0] >= 30, 30,
                 lambda: f"30 held back: {sync(gateway.r1)}")
    gateway.r1.space.run("conntrack", "-D", "-p", "tcp", "--dport", str(PORT))
    talk.process.kill()
    wait_for(lambda: status(gateway.r1, "flows", "held-down") == (0, 0), 30,
             lambda: f"the end of all: {sync(gateway.r1)}")
    assert (counted(gateway.r1)["upserts-sent"] - before >= 30) == bool(told)
    assert (counted(gateway.r1)["cancelled"] >= 30) == (not told)


def test_connections_that_were_closed_young_are_not_handed_over(make_gateway):
    """They were never told of, and are of no use to the next master."""
    gateway = make_gateway(nat=False)
    steady = gateway.talk(count=20).wait_ready()
    wait_told(gateway, 20)
    for router in gateway.routers.values():
        router.configure("set service connsync hold-down 1000")
    gateway.wait_synced()
    gateway.talk(count=50).wait_ready().end()

    def closed():
        return sum("TIME_WAIT" in line for line in
                   gateway.flows("r1", "-p", "tcp", "--dport", str(PORT)))
    wait_for(lambda: status(gateway.r1, "held-down") == (0,), 30, lambda: str(sync(gateway.r1)))
    assert closed() == 50
    hand_over(gateway)
    gateway.wait_synced()
    assert counted(gateway.r1)["offered"] == counted(gateway.r2)["merged"] == 0
    assert closed() == 0
    wait_equal(gateway)
    all_alive(steady)
