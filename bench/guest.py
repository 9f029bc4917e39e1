# SPDX-License-Identifier: GPL-2.0-or-later
"""
Router r2 of a pair of two kernels (bench/half.py), inside the virtual machine:

    python3 -m bench.guest KEYS PRODUCT storm|bulk COUNT

storm: start, and say when it stands by; bulk: start when there is a file "go" among the keys.  Then
say what it cost until that many connections are there, or no more come.
"""
import functools
import json
import os
import sys
import time

from bench.cells.connections import Usage
from bench.cells.steady import machine_seconds
from bench.half import Half
from bench.products.connections import KEEPERS
from lab.network import end_on_signals, wait_for

PATIENCE = 60                   # seconds until the first connection
QUIET = 8                       # seconds without another one: no more come
LOOK, ASK = 0.02, 1.0           # seconds between two looks; asking a process costs it time


def make_room(count):
    """This kernel is ours alone: its table holds so many, and a bucket for each."""
    for path in ("/sys/module/nf_conntrack/parameters/hashsize",
                 "/proc/sys/net/netfilter/nf_conntrack_max"):
        with open(path, "w") as file:
            file.write(str(max(262144, 2 * count)))


def tell(**what):
    print(json.dumps(what), flush=True)


def counter(keeper):
    """What tells how many connections are there."""
    if not keeper.in_kernel:
        return keeper.held
    with keeper.gateway.network.spaces["r2"].inside():
        file = os.open("/proc/sys/net/netfilter/nf_conntrack_count", os.O_RDONLY)
    return lambda: int(os.pread(file, 32, 0))


def watch(keeper, count):
    """[(when, connections)] until all are there or no more come."""
    held, pause = counter(keeper), LOOK if keeper.in_kernel else ASK
    seen = [(time.monotonic(), held())]
    last = seen[0][0] + PATIENCE - QUIET
    while seen[-1][1] < count and seen[-1][0] < last + QUIET:
        time.sleep(pause)
        seen.append((time.monotonic(), held()))
        if seen[-1][1] > seen[-2][1]:
            last = seen[-1][0]
    return seen


def rate(seen):
    """Connections a second between a tenth and nine tenths of what came."""
    first, last = (next(when for when, held in seen if held >= share * seen[-1][1])
                   for share in (0.1, 0.9))
    return 0.8 * seen[-1][1] / max(last - first, LOOK)


def main():
    keys, product, case, count = *sys.argv[1:4], int(sys.argv[4])
    end_on_signals()
    with KEEPERS[product](nat=False, at_once=True,
                          make=functools.partial(Half, "r2", keys)) as keeper:
        make_room(count)        # the rules have loaded what tracks connections
        tell(up=True)
        if case == "bulk":
            wait_for(lambda: os.path.exists(keys + "/go"), 60, "the word to start", pause=0.1)
        keeper.start_backup()
        if case == "storm":
            keeper.wait_calm()
            time.sleep(2)
            tell(ready=True)
        wait_for(lambda: keeper.pids("r2"), 30, "its process")
        usage, machine = Usage(keeper), machine_seconds()
        seen = watch(keeper, count)
        time.sleep(1)
        cost = usage.stop()["r2"]
        there = seen[-1][1]
        tell(cpu=cost / max(there, 1) * 1e6,
             machine=(machine_seconds() - machine) / max(there, 1) * 1e6,
             rate=rate(seen) if keeper.in_kernel else None, never=max(0, count - there),
             rss=usage.rss())


if __name__ == "__main__":
    main()
