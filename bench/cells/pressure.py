# SPDX-License-Identifier: GPL-2.0-or-later
"""
(d) Pressure: for 20 s ordinary processes take all CPU, keep the disk busy with writes that are
waited for, and take, touch and give back memory.  Nothing fails; nobody should notice.  The hogs
run at nice 0 beside both routers.  They stay within fixed bounds, and do not start on a machine
that has no room for them.

Beside them a bare real-time timer of the same interval tells what the kernel could have done at
best in that run: nobody's adverts can be more even than a process's that does nothing else.
"""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time

from bench.cells import Case, Column, Limit
from bench.pair import Pair, check
from bench.topology import Plan
from bench.wire import helper

SECONDS = 20
CPU_HOGS = 4                    # for each processor
DISK_HOGS = 4
MEMORY_HOGS, MEMORY_EACH = 4, 256           # MiB
ROOM_WANTED = 3 * 1024          # MiB that must be left when all memory hogs are fat
DISK_WANTED = 1 << 30

# name, groups, interval, kinds of pressure
SITUATIONS = (
    ("all@10", 1, 10, ("cpu", "disk", "memory")),
    ("all@100", 1, 100, ("cpu", "disk", "memory")),
    ("all-50@10", 50, 10, ("cpu", "disk", "memory")),
    ("cpu@10", 1, 10, ("cpu",)),
    ("disk@10", 1, 10, ("disk",)),
    ("memory@10", 1, 10, ("memory",)),
)

COLUMNS = (
    Column("false", "false transitions:|on the wire", 0),
    Column("added", "addresses|added", 0),
    Column("gap", "longest gap|between adverts, ms", 1),
    Column("bare", "longest gap of|a bare timer, ms", 1),
    Column("backlog", "adverts|owed, not sent", 0),
)


def available():
    with open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable"):
                return int(line.split()[1]) // 1024
    return 0


@contextlib.contextmanager
def pressure(kinds, seconds):
    """Hogs of these kinds while the block runs, and never longer than so many seconds and some."""
    scratch = tempfile.mkdtemp(prefix="tandem-bench-", dir="/var/tmp")
    words = []
    if "cpu" in kinds:
        words += [("cpu",)] * (CPU_HOGS * os.cpu_count())
    if "disk" in kinds:
        check(shutil.disk_usage(scratch).free > DISK_WANTED, f"no room in {scratch}")
        words += [("disk", f"{scratch}/{n}") for n in range(DISK_HOGS)]
    if "memory" in kinds:
        check(available() > MEMORY_HOGS * MEMORY_EACH + ROOM_WANTED, "no memory to spare")
        words += [("memory", str(MEMORY_EACH))] * MEMORY_HOGS
    hogs = [subprocess.Popen([helper("hog"), str(int(seconds + 10)), *w],
                             stdin=subprocess.DEVNULL) for w in words]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
        for hog in hogs:
            hog.wait()
        shutil.rmtree(scratch, ignore_errors=True)


def measure(plan, kinds, product, turn):
    with Pair(product, plan) as pair:
        pair.start(3 + turn * plan.interval / 1000)
        changes = len(pair.wire.read().changes)
        start = time.time()
        with pressure(kinds, SECONDS):
            bare = json.loads(subprocess.run(
                [helper("metronome"), str(plan.interval), str(SECONDS)], check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout)
        end = time.time()
        time.sleep(plan.down_interval() + 0.2)
        pair.finish()
        gap, sent = 0, 0
        for key in pair.keys:
            times = pair.wire.times("r1", key, start - plan.interval / 1000, end)
            check(times, f"group {key} was silent")
            sent += len(times)
            gap = max(gap, *(b - a for a, b in zip(times, times[1:] + [end])))
        owed = len(pair.keys) * (end - start) * 1000 / plan.interval
        found = {"false": len(pair.wire.changes) - changes, "gap": gap * 1000,
                 "bare": bare["longest"], "backlog": max(0, owed - sent)}
        if pair.r2.moves_addresses:
            found["added"] = sum(when >= start for when, _ in pair.watch["r2"].added)
        return {"": found}


def cases():
    for name, groups, interval, kinds in SITUATIONS:
        plan = Plan(groups, 1, interval)
        limits = [Limit("", "false", most=0, every=True), Limit("", "added", most=0, every=True)]
        if interval == 10:
            limits.append(Limit("", "gap", most=13.0))
        yield Case("d", name, f"{SECONDS} s of {', '.join(kinds)} pressure, {groups} × 1 address, "
                   f"{plan.timing} (down interval {plan.down_interval() * 1000:.1f} ms)", COLUMNS,
                   lambda product, turn, plan=plan, kinds=kinds:
                   measure(plan, kinds, product, turn),
                   limits=tuple(limits), runs=3, seconds=24, quick=name == "all@10",
                   extra=len(kinds) == 1,
                   products=("tandem", "keepalived", "keepalived-rt", "frr"))
