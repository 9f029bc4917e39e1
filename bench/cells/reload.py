# SPDX-License-Identifier: GPL-2.0-or-later
"""
(e) Reload: 1,000 groups run; one of them gets one more virtual address.  Time counts from the
request (Tandem: the commit is sent; keepalived: SIGHUP, its file is written already; FRR: vtysh is
started) until it was answered and until the new address answers a client.
"""
import time

from bench.cells import Case, Column, Limit
from bench.pair import Pair, check
from bench.topology import Plan
from bench.wire import Asker
from lab.network import LabError, wait_for

PLAN = Plan(1000, 1, 1000, 4)
CHANGED = (0, 7)
AFTER = 6.0                     # seconds in which a split pair would show

COLUMNS = (
    Column("answered", "request|answered, ms", 1),
    Column("visible", "new address|answers, ms", 1),
    Column("gap", "longest gap|between adverts, ms", 0),
    Column("missed", "adverts|missed", 0),
    Column("lost", "addresses|lost", 0),
    Column("split", "groups with|two masters", 0),
)


def measure(product, turn):
    new = f"10.{CHANGED[0] + 1}.{CHANGED[1]}.99"
    with Pair(product, PLAN) as pair:
        pair.wire.owners[bytes(map(int, new.split(".")))] = (new, CHANGED)
        pair.start(PLAN.down_interval() + 2 + turn)
        asker = pair._keep(Asker(pair.topology, [new]))
        time.sleep(0.1)
        start = time.time()
        asker.go()
        requested = pair.r1.add_address(CHANGED, new)
        answered = time.time()
        try:
            wait_for(asker.done, 15, "the new address to answer")
        except LabError:
            pass                # the table says "never"
        time.sleep(AFTER)
        end = time.time()
        pair.finish()
        return {"": judge(pair, product, new, requested, answered, start, end)}


def judge(pair, product, new, requested, answered, start, end):
    interval = PLAN.interval / 1000
    gaps, missed, split = [], 0, 0
    for key in pair.keys:
        times = pair.wire.times("r1", key, start - 2 * interval, end)
        check(len(times) > 2, f"group {key} was silent")
        found = [b - a for a, b in zip(times, times[1:])]
        gaps.append(max(found))
        missed += sum(max(0, round(gap / interval) - 1) for gap in found)
        split += bool(pair.wire.times("r2", key, start, end))
    heard = [t for t in pair.wire.answered[new] if t >= requested]
    found = {"gap": max(gaps) * 1e3, "missed": missed, "split": split,
             "lost": sum(when >= start for when, _ in pair.watch["r1"].removed)}
    if product.answers_requests:
        found["answered"] = (answered - requested) * 1e3
    if product.moves_addresses:
        found["visible"] = (heard[0] - requested) * 1e3 if heard else None
    return found


def cases():
    yield Case("e", "1000", "reload that adds one address to one of 1,000 groups on 4 interfaces, "
               f"{PLAN.timing}", COLUMNS, measure, lambda product: product.refuses(PLAN),
               (Limit("", "answered", most=100.0), Limit("", "visible", most=100.0),
                Limit("", "missed", most=0), Limit("", "lost", most=0)),
               runs=3, seconds=27, quick=True)
