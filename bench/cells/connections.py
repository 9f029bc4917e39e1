# SPDX-License-Identifier: GPL-2.0-or-later
"""
(h) Connections: a pair of gateways with NAT and strict rules.  CPU is that of the processes that
keep connections, the kernel's work on their behalf included, on both routers.
"""
import contextlib
import socket
import struct
import subprocess
import threading
import time

from bench.cells import Case, Column, Limit
from bench.cells.steady import cpu_seconds, memory
from bench.products.connections import KEEPERS
from lab.gateway import OUTSIDE, PORT
from lab.network import LabError, wait_for
from lab.router import BUILD

TALKERS = 1800
SECONDS = 8
PEERS = ("tandem", "conntrackd", "conntrackd-direct", "none")
VIRTUAL = socket.inet_aton("10.2.0.254")


def plant(keeper, *words, router="r1"):
    """bench-plant in a router's namespace: the numbers it prints."""
    done = keeper.gateway.network.spaces[router].run(BUILD + "/bench/bench-plant",
                                                     *(str(word) for word in words), timeout=120)
    if done.returncode:
        raise LabError(f"bench-plant: {done.stderr}")
    return [float(word) for word in done.stdout.split()]


class Usage:
    """CPU of both sides, and bytes between them, from now on."""

    def __init__(self, keeper):
        self.keeper = keeper
        self.pids = {name: keeper.pids(name) for name in ("r1", "r2")}
        self.start = self._read()

    def _read(self):
        found = {name: sum(cpu_seconds(pid) for pid in pids) for name, pids in self.pids.items()}
        path = "/sys/class/net/sync0/statistics/"
        counters = self.keeper.gateway.network.spaces["r1"].run(
            "cat", path + "tx_bytes", path + "rx_bytes").stdout.split()
        found["bytes"] = sum(int(n) for n in counters) if counters else self._link_bytes()
        return found

    def _link_bytes(self):
        link, = self.keeper.gateway.network.spaces["r1"].show("-s", "link", "show", "sync0")
        return link["stats64"]["tx"]["bytes"] + link["stats64"]["rx"]["bytes"]

    def stop(self):
        return {key: value - self.start[key] for key, value in self._read().items()}

    def rss(self):
        return max((memory(pid)[0] for pids in self.pids.values() for pid in pids), default=0)


class Announcements(threading.Thread):
    """When the outside first hears of a new master, wall clock."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        with gateway.outside.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
        self.socket.settimeout(10)
        self.heard = None
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                frame = self.socket.recv(128)
                operation, = struct.unpack("!H", frame[20:22])
                if frame[28:32] == VIRTUAL and frame[38:42] == VIRTUAL and operation in (1, 2):
                    self.heard = time.time()
                    return


def cut_power(keeper):
    gateway = keeper.gateway
    keeper.freeze("r1")
    gateway.switch.ip("link set r1-lan down\nlink set r1-wan down")
    gateway.network.spaces["r1"].ip("link set sync0 down")


def wait_held(keeper, count, seconds=60):
    if keeper.name != "none":
        wait_for(lambda: keeper.held() >= count, seconds,
                 lambda: f"{count} connections on r2, which has {keeper.held()}", pause=0.1)


def measure_cut(idle, talkers):
    def measure(product, turn):
        with KEEPERS[product.name]() as keeper:
            keeper.start()
            keeper.gateway.serve()
            if idle:
                plant(keeper, "fill", idle)
            talk = keeper.gateway.talk(count=talkers, interval=100).wait_ready()
            voice = keeper.gateway.talk(kind="say", count=50, interval=20).wait_ready()
            wait_held(keeper, idle + talkers)
            time.sleep(3 + turn * 0.1)          # UDP flows become assured after 2 s
            announcements = Announcements(keeper.gateway)
            talk.mark()
            voice.mark()
            began = time.time()
            cut_power(keeper)
            time.sleep(SECONDS)
            tcp, udp = talk.end(), voice.end()
            promoted = announcements.heard or began
            return {"": {"dead": tcp["dead"], "reset": tcp["reset"], "stall": tcp["most"],
                         "voice_dead": udp["dead"],
                         "voice": 1000 * (udp["nearly"] - promoted) if not udp["dead"] else None,
                         "first": 1000 * (udp["first"] - promoted) if not udp["dead"] else None,
                         "invalid": keeper.gateway.invalid("r2")}}
    return measure


def measure_storm(count):
    """So many new connections as fast as the kernel makes them, until the other router has them."""
    def measure(product, turn):
        with KEEPERS[product.name](nat=False, at_once=True) as keeper:
            keeper.start()
            time.sleep(1)
            usage, began = Usage(keeper), time.monotonic()
            plant(keeper, "fill", count)
            wait_held(keeper, count, 120)
            seconds = time.monotonic() - began
            used = usage.stop()
            return {"": {"rate": count / seconds, "sender": used["r1"] / count * 1e6,
                         "receiver": used["r2"] / count * 1e6, "bytes": used["bytes"] / count,
                         "rss": usage.rss()}}
    return measure


def measure_lag(count, rate):
    def measure(product, turn):
        with KEEPERS[product.name](nat=False, at_once=True) as keeper:
            keeper.start()
            time.sleep(1)
            arrived, median, most, longest = plant(
                keeper, "lag", keeper.gateway.network.spaces["r2"].path, count, rate)
            return {"": {"lost": count - arrived, "median": median, "most": most,
                         "longest": longest}}
    return measure


def measure_traffic(kind):
    def measure(product, turn):
        with KEEPERS[product.name]() as keeper:
            keeper.start()
            keeper.gateway.serve()
            time.sleep(1)
            usage = Usage(keeper)
            done = keeper.gateway.inside.run(BUILD + "/lab/talk", kind, OUTSIDE, str(PORT),
                                             str(SECONDS), timeout=60)
            words = done.stdout.split()
            time.sleep(1)
            used = usage.stop()
            count = float(words[0])
            return {"": {"rate": float(words[-1]),
                         "cpu": (used["r1"] + used["r2"]) / count * 1e6,
                         "bytes": used["bytes"] / count}}
    return measure


def refuses(names):
    return lambda product: None if product.name in names else "it cannot"


CUT = (Column("dead", "TCP|dead", 0), Column("reset", "reset", 0),
       Column("stall", "TCP stall|p99 ms", 0), Column("voice_dead", "UDP|dead", 0),
       Column("first", "first UDP echo after|first announcement ms", 1),
       Column("voice", "p99|ms", 1), Column("invalid", "invalid|packets", 0))
STORM = (Column("rate", "flows/s", 0), Column("sender", "µs a flow|master", 2),
         Column("receiver", "backup", 2), Column("bytes", "bytes|a flow", 0),
         Column("rss", "RSS|MiB", 0))
LAG = (Column("lost", "never|there", 0), Column("median", "median|µs", 0),
       Column("most", "p99|µs", 0), Column("longest", "longest|µs", 0))
TRAFFIC = (Column("rate", "a second", 0), Column("cpu", "µs each,|both routers", 1),
           Column("bytes", "bytes|each", 0))


def cases():
    for idle, name in ((0, "0"), (10000, "10k"), (200000, "200k")):
        yield Case("h", f"cut-{name}", f"power cut: {TALKERS} NATed TCP connections that talk every "
                   f"100 ms, 50 of UDP every 20 ms, {idle:,} idle ones in the table", CUT,
                   measure_cut(idle, TALKERS), seconds=30, apart=True,
                   products=("tandem", "conntrackd", "conntrackd-direct"),
                   limits=(Limit("", "dead", most=0), Limit("", "reset", most=0),
                           Limit("", "voice_dead", most=0), Limit("", "invalid", most=0),
                           Limit("", "voice", most=45)))
    yield Case("h", "storm", "200,000 connections made at once", STORM, measure_storm(200000),
               seconds=25, apart=True, products=("tandem", "conntrackd", "conntrackd-direct"),
               limits=(Limit("", "sender", most=1 / 3, peer="conntrackd"),
                       Limit("", "receiver", most=1 / 3, peer="conntrackd-direct"),
                       Limit("", "bytes", most=1 / 2, peer="conntrackd"),
                       Limit("", "rss", most=1 / 3, peer="conntrackd")))
    for count, rate, name in ((2000, 200, "200"), (60000, 20000, "20k")):
        limit = Limit("", "median", most=400) if name == "200" else Limit("", "most", most=2000)
        yield Case("h", f"lag-{name}", f"from a kernel to the other: {rate:,} new connections a "
                   "second", LAG, measure_lag(count, rate), seconds=20, apart=True,
                   products=("tandem", "conntrackd-direct"),
                   limits=(limit, Limit("", "most", most=1, peer="conntrackd-direct")))
    yield Case("h", "short", "short TCP connections through the router, as fast as it goes",
               TRAFFIC, measure_traffic("short"), seconds=20, apart=True, products=PEERS,
               limits=(Limit("", "cpu", most=1 / 5, peer="conntrackd"),))
    yield Case("h", "fling", "UDP packets, each another connection, unanswered", TRAFFIC,
               measure_traffic("fling"), seconds=20, apart=True, products=PEERS)
