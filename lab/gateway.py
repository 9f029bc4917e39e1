# SPDX-License-Identifier: GPL-2.0-or-later
"""
A pair of gateways that track connections: users inside, a server outside, and a cable of the
routers' own for what they tell each other.

      inside 10.1.0.10                         outside 10.2.0.10
         |                                        |
      ===+====== bridge ========+===     ===+=====+ bridge ====+===
         | lan0 .1              | lan0 .2   | wan0 .1          | wan0 .2
         r1 ----- sync0 10.3.0.1 --- sync0 10.3.0.2 ----- r2

VRRP holds 10.1.0.254 (and fd01::254) inside and 10.2.0.254 (fd02::254) outside, in one sync group.
The rules are strict: what is not a new TCP connection with SYN, or of a connection that is known,
goes nowhere, and what connection tracking calls invalid is counted and dropped.  With "nat" users
look like 10.2.0.254 from outside.
"""
import glob
import json
import os
import pwd
import select
import subprocess

from lab.network import LabError, Network, wait_for
from lab.router import BUILD, USER, Router

INSIDE, OUTSIDE = "10.1.0.10", "10.2.0.10"
INSIDE6, OUTSIDE6 = "fd01::10", "fd02::10"
PORT = 7000
NUMBERS = {"r1": 1, "r2": 2}
UNAUTHENTICATED = ("set service connsync unauthenticated "
                   "anyone-on-the-path-may-read-and-forge-connections")

STRICT = """
table inet strict {
	counter invalid { }
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state invalid counter name invalid drop
		ct state established,related accept
		meta l4proto tcp tcp flags & (fin|syn|rst|ack) == syn ct state new accept
		meta l4proto != tcp ct state new accept
	}
}
"""
NAT = """
table inet nat {
	chain post {
		type nat hook postrouting priority srcnat;
		oifname wan0 ip saddr 10.1.0.0/16 snat ip to 10.2.0.254
		oifname wan0 ip6 saddr fd01::/64 snat ip6 to fd02::254
	}
}
"""


def fingerprint(folder):
    """Of the key in this state directory, which is made when there is none."""
    done = subprocess.run([BUILD + "/lab/identity", folder], text=True, capture_output=True)
    if done.returncode:
        raise LabError(done.stderr)
    user = pwd.getpwnam(USER)
    for path in (folder, folder + "/pair", *glob.glob(folder + "/pair/*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    return done.stdout.strip()


def pairing(name, fingerprints):
    """The lines that make a router the partner of the other one."""
    other = next(key for key in NUMBERS if key != name)
    return (f"set system pair fingerprint {fingerprints[other]}",
            f"set system pair remote-address 10.3.0.{NUMBERS[other]}")


def configuration(name, connsync=(UNAUTHENTICATED,), interval=100):
    """What a router runs; connsync: lines besides the three of every pair, None = without it."""
    number = NUMBERS[name]
    lines = []
    for link, net in (("lan0", 1), ("wan0", 2)):
        group = f"set interfaces dataplane {link} vrrp vrrp-group {net}"
        lines += [f"set interfaces dataplane {link} address 10.{net}.0.{number}/16",
                  f"set interfaces dataplane {link} address fd0{net}::{number}/64",
                  f"{group} version 3", f"{group} fast-advertise-interval {interval}",
                  f"{group} priority {200 if name == 'r1' else 100}", f"{group} preempt false",
                  f"{group} accept true", f"{group} sync-group S",
                  f"{group} virtual-address 10.{net}.0.254/16",
                  f"{group} virtual-address fe80::{net}:254/64",
                  f"{group} virtual-address fd0{net}::254/64"]
    lines += [f"set interfaces dataplane sync0 address 10.3.0.{number}/24"]
    if connsync is not None:
        lines += ["set service connsync failover-mechanism vrrp sync-group S",
                  "set service connsync interface sync0",
                  f"set service connsync remote-peer 10.3.0.{3 - number}", *connsync]
    return "\n".join(lines) + "\n"


class Talk:
    """Some connections from inside to outside, which go on until they are asked how it was."""

    def __init__(self, space, kind, target, count, interval):
        self.process = space.popen(BUILD + "/lab/talk", kind, target, str(PORT), str(count),
                                   str(interval), text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        self.count = count

    def _said(self, seconds):
        """The next line, or nothing if none comes in time."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline().strip() if ready else ""

    def wait_ready(self, seconds=60):
        if self._said(seconds) != "ready":
            raise LabError("connections do not come about")
        return self

    def wait_again(self, seconds=30):
        """After mark(): wait until each has had the echo of something that it said later."""
        if self._said(seconds) != "again":
            raise LabError(f"not every connection goes on: {self.end()}")

    def mark(self):
        """What was silent so far does not count."""
        self.process.stdin.write(".")
        self.process.stdin.flush()

    def end(self):
        """
        established, dead, reset; the longest silence: median, most (99 of 100), longest (ms); when
        it ended: first, middle, nearly (99 of 100), last (seconds since 1970).
        """
        out, _ = self.process.communicate("", timeout=60)
        words = out.split()[-10:]
        return dict(zip(("established", "dead", "reset", "median", "most", "longest", "first",
                         "middle", "nearly", "last"),
                        [int(word) for word in words[:3]] + [float(word) for word in words[3:]]))


class Gateway:
    """The network with both routers, not started; paired: their keys are made and exchanged."""
    names = tuple(NUMBERS)

    def __init__(self, nat=True, strict=True, connsync=(UNAUTHENTICATED,), interval=100,
                 rules="", paired=False):
        self.network = Network()
        self.folder = self.network.folder("gateway")
        self.nat, self.strict, self.rules = nat, strict, rules
        self.interval = interval
        try:
            self._build()
            self.routers = {name: Router(name, self.network.spaces[name], self.folder)
                            for name in self.names}
            fingerprints = self._fingerprints() if paired else None
            for name, router in self.routers.items():
                lines = configuration(name, connsync, interval)
                if paired:
                    lines += "\n".join((*pairing(name, fingerprints), ""))
                router.write_saved(lines)
        except BaseException:
            self.close()
            raise
        self.r1, self.r2 = (self.routers.get(name) for name in NUMBERS)

    def _fingerprints(self):
        return {name: fingerprint(router.folder + "/state")
                for name, router in self.routers.items()}

    def _build(self):
        add = self.network.add
        self.switch, self.inside, self.outside = add("sw"), add("inside"), add("outside")
        for bridge in ("lan", "wan"):
            self.switch.ip(f"link add {bridge} type bridge stp_state 0 forward_delay 0"
                           f" mcast_snooping 0\nlink set {bridge} up")
        for space, bridge, net in ((self.inside, "lan", 1), (self.outside, "wan", 2)):
            self.network.cable(space, "eth0", self.switch, f"host-{bridge}")
            self.switch.ip(f"link set host-{bridge} master {bridge}\nlink set host-{bridge} up")
            space.ip(f"link set eth0 up\naddress add 10.{net}.0.10/16 dev eth0\n"
                     f"address add fd0{net}::10/64 dev eth0 nodad\n"
                     f"route add default via 10.{net}.0.254\n"
                     f"route add default via fd0{net}::254 dev eth0")
        for name in NUMBERS:
            self._build_router(name, add(name))
        self.network.cable(self.network.spaces["r1"], "sync0", self.network.spaces["r2"], "sync0")
        for name in NUMBERS:
            self.network.spaces[name].ip("link set sync0 up")

    def _build_router(self, name, space):
        self._prepare(space)
        for link, bridge in (("lan0", "lan"), ("wan0", "wan")):
            self.network.cable(space, link, self.switch, f"{name}-{bridge}")
            self.switch.ip(f"link set {name}-{bridge} master {bridge}\n"
                           f"link set {name}-{bridge} up")
            space.ip(f"link set {link} up")

    def _prepare(self, space):
        """Forwarding and the rules."""
        space.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward;"
                  "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding;"
                  "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad", check=True)
        rules = (STRICT if self.strict else "") + (NAT if self.nat else "") + self.rules
        done = space.run("nft", "-f", "-", input=rules)
        if done.returncode:
            raise LabError(f"the rules are refused: {done.stderr}")
        # Rules that look at connections make the kernel load what tracks them.
        space.run("sh", "-c", "echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose",
                  check=self.strict)

    def start(self):
        """r1 becomes master; both hold the same connections."""
        self.r1.start()
        self.r1.wait_all("MASTER", 30)
        self.r2.start()
        self.r2.wait_all("BACKUP", 30)
        return self

    def wait_synced(self, seconds=60):
        for router in self.routers.values():
            wait_for(lambda: sync(router).get("readiness") == "synced", seconds,
                     lambda: f"{router.name}: {json.dumps(sync(router))}\n{router.log()[-2000:]}")
        return self

    def serve(self):
        self.server = self.outside.popen(BUILD + "/lab/talk", "serve", str(PORT), text=True,
                                         stdout=subprocess.PIPE)
        self.server.stdout.readline()
        return self

    def talk(self, kind="connect", count=50, interval=100, target=OUTSIDE):
        return Talk(self.inside, kind, target, count, interval)

    def cut_power(self, name):
        """The cables of a router are out, then it is gone."""
        self.switch.ip(f"link set {name}-lan down\nlink set {name}-wan down")
        self.network.spaces[name].ip("link set sync0 down")
        self.routers[name].kill()

    def flows(self, name, *words):
        """Tracked connections of a router, as conntrack(8) lists them, without what changes."""
        done = self.network.spaces[name].run("conntrack", "-L", "-o", "extended", *words)
        return [line for line in done.stdout.splitlines() if line.strip()]

    def invalid(self, name):
        """Packets that were dropped because no connection fits them."""
        done = self.network.spaces[name].run("nft", "-j", "list", "counter", "inet", "strict",
                                             "invalid")
        return next(item["counter"]["packets"] for item in json.loads(done.stdout)["nftables"]
                    if "counter" in item)

    def close(self):
        self.network.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()


def sync(router):
    """What "show connsync" shows."""
    return router.state("connsync-state")
