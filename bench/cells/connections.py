# SPDX-License-Identifier: GPL-2.0-or-later
"""
(h) Connections: a pair of gateways with NAT and strict rules.  CPU is that of the processes that
keep connections, the kernel's work on their behalf included, on both routers.
"""
import contextlib
import functools
import os
import socket
import subprocess
import time

from bench.cells import Case, Column, Limit
from bench.cells.steady import cpu_seconds, memory
from bench.products.connections import KEEPERS
from bench.promotion import Ears
from lab.gateway import OUTSIDE, PORT, Gateway
from lab.network import LabError, wait_for
from lab.router import BUILD

TALKERS = 1800
FEW = 100                       # of them, where a processor is emulated
MILLION = 1000000
VOICES = 50
VOICE_MSEC = 10
PATIENCE = 10                   # seconds after a power cut; lost packets come again after 6.2 s
SECONDS = 8
FLING_SECONDS = 3               # what is never answered stays for 30 s, and the table ends
PEERS = ("tandem", "conntrackd", "conntrackd-direct", "none")


def plant(keeper, *words, router="r1"):
    """bench-plant in a router's namespace: the numbers it prints."""
    done = keeper.gateway.network.spaces[router].run(BUILD + "/bench/bench-plant",
                                                     *(str(word) for word in words), timeout=600)
    if done.returncode:
        raise LabError(f"bench-plant: {done.stderr}")
    return [float(word) for word in done.stdout.split()]


class Usage:
    """CPU of both sides, and bytes between them, from now on."""

    def __init__(self, keeper):
        self.keeper = keeper
        self.pids = {name: keeper.pids(name) for name in keeper.gateway.names}
        self.start = self._read()

    def _read(self):
        found = {name: sum(cpu_seconds(pid) for pid in pids) for name, pids in self.pids.items()}
        name = self.keeper.gateway.names[0]
        link, = self.keeper.gateway.network.spaces[name].show("-s", "link", "show", "sync0")
        found["bytes"] = link["stats64"]["tx"]["bytes"] + link["stats64"]["rx"]["bytes"]
        return found

    def stop(self):
        return {key: value - self.start[key] for key, value in self._read().items()}

    def rss(self):
        return max((memory(pid)[0] for pids in self.pids.values() for pid in pids), default=0)


def cut_power(keeper):
    gateway = keeper.gateway
    keeper.freeze("r1")
    gateway.switch.ip("link set r1-lan down\nlink set r1-wan down")
    gateway.network.spaces["r1"].ip("link set sync0 down")


def wait_held(keeper, count, seconds=60):
    wait_for(lambda: keeper.held() >= count, seconds,
             lambda: f"{count} connections on r2, which has {keeper.held()}", pause=0.05)


def growth(keeper, router, count, seconds=60):
    """How a kernel's table fills up: (when, connections), every 5 ms until so many are there."""
    seen, end = [], time.monotonic() + seconds
    with keeper.gateway.network.spaces[router].inside():
        file = os.open("/proc/sys/net/netfilter/nf_conntrack_count", os.O_RDONLY)
    try:
        while not seen or seen[-1][1] < count:
            if time.monotonic() > end:
                raise LabError(f"{router} has {seen[-1][1]} of {count} connections")
            seen.append((time.monotonic(), int(os.pread(file, 32, 0))))
            time.sleep(0.005)
    finally:
        os.close(file)
    return seen


def capacity():
    with open("/proc/sys/net/netfilter/nf_conntrack_max") as file:
        return int(file.read())


def make_room(count):
    """In a virtual machine of the laboratory, whose kernel is nobody else's."""
    if "TANDEM_LAB_VM" not in os.environ:
        return
    with open("/proc/sys/kernel/modprobe") as file:
        subprocess.run([file.read().strip(), "nf_conntrack"], check=True)
    if capacity() < count:
        for path in ("/sys/module/nf_conntrack/parameters/hashsize",
                     "/proc/sys/net/netfilter/nf_conntrack_max"):
            with open(path, "w") as file:
                file.write(str(count))


def has_room(count):
    """Why so many connections cannot be, or None: both routers' count together."""
    try:
        make_room(count)
        most = capacity()
    except OSError as problem:
        return str(problem)
    return None if most >= count else \
        f"nf_conntrack_max is {most:,}: raise it (nf_conntrack_buckets, too) for the time of the " \
        f"bench to {count:,}, or lab/vm --memory 6144 bench/run h:cut-1m"


def cut(product, turn, idle, talkers=TALKERS, interval=100):
    """One power cut, with so many idle connections in the table."""
    make = functools.partial(Gateway, interval=interval)
    with KEEPERS[product.name](make=make) as keeper:
        keeper.start()
        keeper.gateway.serve()
        if idle:
            plant(keeper, "fill", idle)
        talk = keeper.gateway.talk(count=talkers, interval=100).wait_ready()
        voice = keeper.gateway.talk(kind="say", count=VOICES, interval=VOICE_MSEC)
        voice.wait_ready()
        wait_held(keeper, idle + talkers, 60 + idle / 5000)
        ears, usage = Ears(keeper.gateway), Usage(keeper)
        time.sleep(3 + turn * 0.1)          # UDP flows become assured after 2 s
        talk.mark()
        voice.mark()
        cut_power(keeper)
        ears.cut(time.time())
        time.sleep(PATIENCE)
        tcp, udp = talk.end(), voice.end()
        found = ears.end()
        started = ears.announced if udp["dead"] == 0 else None
        return {"dead": tcp["dead"], "reset": tcp["reset"], "stall": tcp["most"],
                "voice_dead": udp["dead"], **found,
                "voice": started and 1000 * (udp["nearly"] - started),
                "invalid": keeper.gateway.invalid("r2"), "rss": usage.rss()}


def measure_cut(idle):
    return lambda product, turn: {"": cut(product, turn, idle)}


def measure_million(product, turn):
    """Beside the same with an empty table, because all is slower in an emulated machine."""
    rows = {name: cut(product, turn, idle, FEW, 1000)
            for name, idle in (("empty table", 0), ("a million", MILLION))}
    rows["a million"]["ratio"] = rows["a million"]["udp"] / rows["empty table"]["udp"]
    return rows


def measure_storm(count):
    """So many new connections as fast as the kernel makes them, until the other router has them."""
    def measure(product, turn):
        with KEEPERS[product.name](nat=False, at_once=True) as keeper:
            keeper.start()
            time.sleep(1)
            usage, began = Usage(keeper), time.monotonic()
            plant(keeper, "fill", count)
            made = time.monotonic() - began
            wait_held(keeper, count, 120)
            seconds = time.monotonic() - began
            time.sleep(0.5)
            used = usage.stop()
            return {"": {"made": count / made, "rate": count / seconds,
                         "sender": used["r1"] / count * 1e6,
                         "receiver": used["r2"] / count * 1e6, "bytes": used["bytes"] / count,
                         "rss": usage.rss()}}
    return measure


def measure_bulk(count):
    """
    A router joins one that has so many connections; it starts with an empty table.  Nothing else
    happens, so this is how fast connections are put in.
    """
    def measure(product, turn):
        with KEEPERS[product.name](nat=False) as keeper:
            keeper.start_master()
            plant(keeper, "fill", count)
            time.sleep(1)
            began = time.monotonic()
            keeper.start_backup()
            wait_for(lambda: keeper.pids("r2"), 10, "its process")
            usage = Usage(keeper)
            seen = growth(keeper, "r2", count)
            time.sleep(0.5)
            used = usage.stop()
            first, last = (next(when for when, there in seen if there >= count * share)
                           for share in (0.1, 0.9))
            return {"": {"seconds": seen[-1][0] - began, "rate": 0.8 * count / (last - first),
                         "sender": used["r1"] / count * 1e6,
                         "receiver": used["r2"] / count * 1e6, "bytes": used["bytes"] / count}}
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


def forget_soon(keeper):
    """Closed connections leave the table after a second, so that their end is counted, too."""
    for name in ("r1", "r2"):
        keeper.gateway.network.spaces[name].run(
            "sh", "-c", "echo 1 >/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait",
            check=True)


def measure_short(product, turn):
    """Until the connections have left the table again."""
    with KEEPERS[product.name](nat=False) as keeper:
        keeper.start()
        keeper.gateway.serve()
        keeper.gateway.inside.ip("\n".join(f"address add 10.1.1.{n}/16 dev eth0"
                                           for n in range(1, 65)))
        forget_soon(keeper)
        time.sleep(1)
        usage = Usage(keeper)
        done = keeper.gateway.inside.run(BUILD + "/lab/talk", "short", OUTSIDE, str(PORT),
                                         str(SECONDS), "10.1.1.1", timeout=60)
        count, failed, rate = (float(word) for word in done.stdout.split())
        with contextlib.suppress(LabError):
            wait_for(lambda: keeper.tracked("r1") < count / 20, 20, "an empty table", pause=0.5)
        time.sleep(1)
        used = usage.stop()
        return {"": {"rate": rate, "failed": failed,
                     "cpu": (used["r1"] + used["r2"]) / count * 1e6,
                     "bytes": used["bytes"] / count}}


def received(space):
    link, = space.show("-s", "link", "show", "eth0")
    return link["stats64"]["rx"]["packets"]


def measure_fling(product, turn):
    """What arrives counts; nobody reads it, and nobody answers."""
    with KEEPERS[product.name](nat=False) as keeper:
        keeper.start()
        outside = keeper.gateway.outside
        with outside.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
            nobody.bind((OUTSIDE, PORT))
            time.sleep(1)
            usage, before = Usage(keeper), received(outside)
            done = keeper.gateway.inside.run(BUILD + "/lab/talk", "fling", OUTSIDE, str(PORT),
                                             str(FLING_SECONDS), timeout=60)
            sent, rate = (float(word) for word in done.stdout.split())
            time.sleep(1)
            count = received(outside) - before
            used = usage.stop()
            return {"": {"rate": rate * count / sent, "failed": sent - count,
                         "cpu": (used["r1"] + used["r2"]) / count * 1e6,
                         "bytes": used["bytes"] / count}}


CUT = (Column("dead", "TCP|dead", 0), Column("reset", "reset|", 0),
       Column("stall", "silent|p99 ms", 0), Column("voice_dead", "UDP|dead", 0),
       Column("announced", "after the decision, ms:|announced", 2),
       Column("udp", "first|UDP", 2), Column("tcp", "first|TCP", 2),
       Column("voice", "UDP back after|announcement, p99 ms", 1),
       Column("invalid", "invalid|packets", 0), Column("rss", "RSS|MiB", 0))
STORM = (Column("made", "made|a second", 0), Column("rate", "there|a second", 0),
         Column("sender", "µs a flow|master", 2),
         Column("receiver", "µs a flow|backup", 2), Column("bytes", "bytes|a flow", 0),
         Column("rss", "RSS|MiB", 0))
BULK = (Column("seconds", "seconds from start|until all are there", 2),
        Column("rate", "put in|a second", 0), Column("sender", "µs a flow|master", 2),
        Column("receiver", "µs a flow|backup", 2), Column("bytes", "bytes|a flow", 0))
LAG = (Column("lost", "never|there", 0), Column("median", "median|µs", 0),
       Column("most", "p99|µs", 0), Column("longest", "longest|µs", 0))
TRAFFIC = (Column("rate", "a second", 0), Column("failed", "failed", 0),
           Column("cpu", "µs each,|both routers", 1), Column("bytes", "bytes|each", 0))
KEPT = tuple(name for name in PEERS if name != "none")


def nothing_lost(row):
    return tuple(Limit(row, name, most=0) for name in ("dead", "reset", "voice_dead", "invalid"))


def cut_cases():
    for idle, name in ((0, "0"), (10000, "10k"), (200000, "200k")):
        yield Case("h", f"cut-{name}", f"power cut: {TALKERS} NATed TCP connections that talk "
                   f"every 100 ms, {VOICES} of UDP every {VOICE_MSEC} ms, {idle:,} idle ones in "
                   "the table", CUT, measure_cut(idle), seconds=17, apart=True, products=KEPT,
                   limits=(*nothing_lost(""), Limit("", "udp", most=5),
                           Limit("", "voice", most=20)))
    yield Case("h", "cut-1m", f"power cut: {FEW} NATed TCP connections and {VOICES} of UDP, "
               f"advertised every second, with an empty table and with {MILLION:,} idle ones",
               (*CUT, Column("ratio", "first UDP, to|an empty table", 2)), measure_million,
               lambda product: has_room(MILLION + 200000), runs=1, seconds=180, extra=True,
               apart=True, products=("tandem",),
               limits=(*nothing_lost("a million"), Limit("a million", "ratio", most=1.5)))


def cases():
    yield from cut_cases()
    direct = {"peer": "conntrackd-direct"}
    yield Case("h", "storm", "200,000 connections made at once", STORM, measure_storm(200000),
               seconds=6, apart=True, products=KEPT,
               limits=(Limit("", "sender", most=1 / 3, **direct),
                       Limit("", "bytes", most=1 / 2, **direct),
                       Limit("", "rss", most=1 / 3, **direct)))
    yield Case("h", "bulk", "a router joins, started from nothing, and the other has 200,000 "
               "connections", BULK, measure_bulk(200000), seconds=6, apart=True,
               products=("tandem", "conntrackd-direct"),
               limits=(Limit("", "bytes", most=1 / 2, **direct),))
    for count, rate, name in ((2000, 200, "200"), (60000, 20000, "20k")):
        limit = Limit("", "median", most=400) if name == "200" else Limit("", "most", most=2000)
        yield Case("h", f"lag-{name}", f"from a kernel to the other: {rate:,} new connections a "
                   "second", LAG, measure_lag(count, rate), seconds=10, apart=True,
                   products=("tandem", "conntrackd-direct"),
                   limits=(Limit("", "lost", most=0), limit,
                           Limit("", "most", most=1, **direct)))
    yield Case("h", "short", "short TCP connections through the router, as fast as it goes",
               TRAFFIC, measure_short, seconds=20, apart=True, products=PEERS,
               limits=(Limit("", "rate", least=0.85, peer="none"),
                       Limit("", "cpu", most=1 / 5, peer="conntrackd")))
    yield Case("h", "fling", "UDP packets, each another connection, unanswered", TRAFFIC,
               measure_fling, seconds=6, apart=True, products=PEERS,
               limits=(Limit("", "rate", least=0.85, peer="none"),
                       Limit("", "cpu", most=1 / 5, peer="conntrackd")))
