# SPDX-License-Identifier: GPL-2.0-or-later
"""
(b) Planned failover: a client sends 1,000 pings a second to the virtual address, and as many
through it to an address beyond, while an operator moves mastership away and back.

Lost is what was never answered; silence the longest time between two answers (1.0 ms is none).  The
virtual address itself is the stricter target: the old master may still forward for others after it
has dropped the address.
"""
import json
import re
import select
import signal
import subprocess
import time

from bench.cells import Case, Column, Limit
from bench.pair import Pair
from bench.products.base import NotOffered
from bench.topology import PRIORITIES, SHARED, Plan
from lab.network import LabError
from lab.router import BUILD

INTERVALS = (1000, 100, 10)
RATE = 1000
LOWERED = 50

COLUMNS = (
    Column("lost", "to the VIP:|lost", 0),
    Column("silence", "longest|silence, ms", 1),
    Column("lost_through", "through it:|lost", 0),
    Column("silence_through", "longest|silence, ms", 1),
    Column("changes", "changes of|the speaker", 0),
)


class Probe:
    """lab/probe in the client, to both targets."""

    def __init__(self, pair):
        self.targets = [pair.plan.virtual((0, 1))[0], SHARED]
        self.process = pair.topology.client.popen(
            BUILD + "/lab/probe", "-r", str(RATE), *self.targets, stdout=subprocess.PIPE,
            text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 10)
        if not ready or '"answering"' not in self.process.stdout.readline():
            self.process.kill()
            raise LabError("the virtual address does not answer the client")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=30)
        reports = json.loads(re.sub(r'^\{"event": "answering"\}\n', "", text))["targets"]
        found = {}
        for suffix, report in zip(("", "_through"), reports):
            found["lost" + suffix] = report["lost"]
            found["silence" + suffix] = report["silence"] * 1000
        return found


def reset(pair):
    pair.r1.reset()
    pair.wait_speaker("r2")
    pair.wait_speaker("r1")


def lower(pair):
    pair.r1.set_priority(LOWERED)
    pair.wait_speaker("r2")


def restore(pair):
    pair.r1.set_priority(PRIORITIES["r1"])
    pair.wait_speaker("r1")


def stop(pair):
    pair.r1.stop()
    pair.wait_speaker("r2")


def start(pair):
    pair.r1.start()
    pair.wait_speaker("r1")


def restart(pair):
    pair.r1.stop()
    pair.r1.start()
    pair.wait_speaker("r2")
    pair.wait_speaker("r1")


EVENTS = (
    ("reset, and back by preemption", reset),
    ("priority lowered", lower),
    ("priority raised: preemption", restore),
    ("service stopped", stop),
    ("service started: preemption", start),
    ("service restarted", restart),
)


def measure(plan, product, turn):
    rows = {}
    with Pair(product, plan) as pair:
        pair.start(plan.down_interval() + turn * plan.interval / 1000)
        for name, event in EVENTS:
            changes = len(pair.wire.read().changes)
            probe = Probe(pair)
            time.sleep(0.2 + turn * plan.interval / 1000)
            try:
                event(pair)
            except NotOffered:
                probe.stop()
                continue
            time.sleep(1 + 2 * plan.interval / 1000)
            rows[name] = probe.stop()
            rows[name]["changes"] = len(pair.wire.read().changes) - changes
        pair.finish()
    return rows


def cases():
    limits = tuple(Limit(name, column, most=0) for name, _ in EVENTS
                   for column in ("lost", "lost_through"))
    for interval in INTERVALS:
        plan = Plan(1, 1, interval)
        yield Case("b", str(interval), f"planned failover, 1 × 1 address, {plan.timing}; "
                   f"{RATE} pings a second", COLUMNS,
                   lambda product, turn, plan=plan: measure(plan, product, turn),
                   limits=limits, runs=3, seconds={1000: 55, 100: 26, 10: 24}[interval],
                   quick=interval == 100)
