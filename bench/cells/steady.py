# SPDX-License-Identifier: GPL-2.0-or-later
"""
(c) Steady cost: a pair in which nothing happens.  CPU is what the scheduler charged to the
processes (their share of the kernel's work included, softirqs only as far as they ran in them);
"machine" is everything that was not idle: both routers, the switch, the client and its capture.
Memory: RSS; private, what would be free if the process ended; and PSS, shared pages divided.
"""
import glob
import os
import re
import time

from bench.cells import Case, Column, Limit
from bench.pair import Pair
from bench.topology import Plan
from lab.network import LabError

SECONDS = 20
SETTLE = 8                      # keepalived repeats its announcements after 5 s
MEBIBYTE = 1 << 20

TOLERANCE = 0.001               # of clocks, and of first and last advert of 20 s

# groups, interval, segments
SIZES = ((1, 1000, 1), (255, 1000, 1), (1000, 1000, 4), (4000, 1000, 16), (255, 10, 1))

COLUMNS = (
    Column("cpu", "engine:|CPU s/min", 3),
    Column("micro", "µs per|advert", 1),
    Column("rss", "RSS|MiB", 1),
    Column("private", "private|MiB", 1),
    Column("service_cpu", "service:|CPU s/min", 3),
    Column("service_rss", "RSS|MiB", 1),
    Column("service_pss", "PSS|MiB", 1),
    Column("adverts", "adverts/s|on the wire", 0),
    Column("machine", "machine:|CPU s/min", 2),
    Column("false", "changes of|the speaker", 0),
)


def cpu_seconds(pid):
    """What the scheduler charged to all threads of a process."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total / 1e9


def memory(pid):
    """(RSS, private, PSS) of a process, MiB."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            found = dict(re.findall(r"^(\w+):\s+(\d+) kB", file.read(), re.M))
    except FileNotFoundError:
        raise LabError(f"process {pid} ended by itself while it was measured") from None
    private = int(found["Private_Clean"]) + int(found["Private_Dirty"])
    return tuple(1024 * n / MEBIBYTE for n in (int(found["Rss"]), private, int(found["Pss"])))


def machine_seconds():
    """CPU time of the whole machine that was not idle."""
    with open("/proc/stat") as file:
        fields = [int(n) for n in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def rate(times):
    """Adverts a second of one group, from the first to the last that was heard."""
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0


class Meter:
    """CPU of a router between two moments, by process."""

    def __init__(self, router):
        self.router = router
        self.pids = router.processes()
        self.start = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        self.when = time.monotonic()

    def stop(self):
        minutes = (time.monotonic() - self.when) / 60
        cpu = {name: (cpu_seconds(pid) - self.start[name]) / minutes
               for name, pid in self.pids.items()}
        held = {name: memory(pid) for name, pid in self.pids.items()}
        engine = [name for name in self.pids if name in self.router.engine]
        return {
            "cpu": sum(cpu[name] for name in engine),
            "rss": sum(held[name][0] for name in engine),
            "private": sum(held[name][1] for name in engine),
            "service_cpu": sum(cpu.values()),
            "service_rss": sum(rss for rss, _, _ in held.values()),
            "service_pss": sum(pss for _, _, pss in held.values()),
        }


def measure(plan, product, _):
    with Pair(product, plan) as pair:
        pair.start(SETTLE + plan.down_interval())
        changes = len(pair.wire.read().changes)
        before = machine_seconds()
        start = time.time()
        meters = {"master": Meter(pair.r1), "backup": Meter(pair.r2)}
        time.sleep(SECONDS)
        end = time.time()
        machine = (machine_seconds() - before) / (end - start) * 60
        rows = {role: meter.stop() for role, meter in meters.items()}
        pair.finish()
        rates = {role: sum(rate(pair.wire.times(name, key, start, end)) for key in pair.keys)
                 for role, name in (("master", "r1"), ("backup", "r2"))}
        for role, row in rows.items():
            row["adverts"] = rates[role]
            row["micro"] = row["cpu"] / 60 / rates["master"] * 1e6 if rates["master"] else None
        rows["master"]["machine"] = machine
        rows["backup"]["false"] = len(pair.wire.changes) - changes
    return rows


def limits(groups, interval):
    peer = {"peer": "keepalived"}
    factor = 0.5 if interval == 10 else 1.0
    found = [Limit(role, "cpu", most=factor, **peer) for role in ("master", "backup")]
    if interval == 1000:
        found += [Limit(role, "rss", most=1.0, peer_column="service_rss", **peer)
                  for role in ("master", "backup")]
    found += [Limit("master", "adverts", least=groups * 1000 / interval * (1 - TOLERANCE)),
              Limit("backup", "adverts", most=0), Limit("backup", "false", most=0, every=True)]
    return tuple(found)


def cases():
    for groups, interval, segments in SIZES:
        plan = Plan(groups, 1, interval, segments)
        yield Case("c", f"{groups}@{interval}",
                   f"steady cost, {groups} × 1 address on {segments} interface"
                   f"{'s' if segments > 1 else ''}, {plan.timing}, {SECONDS} s; owed: "
                   f"{groups * 1000 // interval:,} adverts a second", COLUMNS,
                   lambda product, turn, plan=plan: measure(plan, product, turn),
                   lambda product, plan=plan: product.refuses(plan), limits(groups, interval),
                   runs=3, seconds=36 + groups // 50, quick=(groups, interval) == (255, 1000))
