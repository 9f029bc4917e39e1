# SPDX-License-Identifier: GPL-2.0-or-later
"""
A pair of routers that run one product, with everything that listens: what every measurement starts
from.  r1 is started first and rules every group; then r2, which stands by.
"""
import os
import signal
import time

from bench.topology import Topology
from bench.wire import Watch, Wire
from lab.network import LabError, wait_for

START_LIMIT = 60                # seconds for a router to say that it runs
ANNOUNCE_LIMIT = 10
RULE_LIMIT = 30                 # seconds beyond the down interval to speak for every group


class Pair:
    """
    Usage: with Pair(Keepalived, plan) as pair: ...; pair.start() comes apart, so that what is to
    listen from the beginning can be set up before.
    """

    def __init__(self, product, plan):
        self.plan = plan
        self.keys = plan.keys()
        self.started = None             # when r2 was started
        self.open = []
        try:
            self.topology = self._keep(Topology(plan))
            self.wire = self._keep(Wire(self.topology))
            self.watch = {name: self._keep(Watch(self.topology, name)) for name in ("r1", "r2")}
            self.r1 = product(self.topology, "r1")
            self.r2 = product(self.topology, "r2")
        except BaseException:
            self.close()
            raise

    def _keep(self, thing):
        self.open.append(thing)
        return thing

    def close(self):
        while self.open:
            self.open.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def start(self, hold=0.0):
        """Start both; then leave them alone for this many seconds."""
        self.r1.start()
        self.wait_for(self.r1.ready, START_LIMIT, "r1 to run")
        self.wait_speaker("r1")
        self._wait_announced()
        self.started = time.time()
        self.r2.start()
        self.wait_for(self.r2.ready, START_LIMIT, "r2 to run")
        time.sleep(hold)
        return self

    def _wait_announced(self):
        """Give r1 time to announce every address; what it never announces is not waited for."""
        end = time.time() + ANNOUNCE_LIMIT
        while time.time() < end and \
                not all(self.wire.read().announced[a] for a in self.plan.owners()):
            time.sleep(0.1)

    def wait_speaker(self, name, limit=RULE_LIMIT):
        """Wait until this router is the one heard last in every group."""
        self.wait_for(lambda: self.wire.speaks(name, self.keys),
                      limit + self.plan.down_interval(), f"{name} to speak for every group")

    def wait_for(self, condition, seconds, what):
        def missed():
            tails = "".join(f"\n{r.router}: {r.output()}" for r in (self.r1, self.r2))
            return f"{self.r1.name}, {self.plan.name}: {what}{tails}"
        wait_for(condition, seconds, missed, pause=0.05)

    def power_cut(self, name):
        """
        The processes of a router stand still and its ports go down; when this began.  They are not
        killed before the end: a machine without power takes no time of the other's processors.
        """
        router = getattr(self, name)
        pids = list(router.processes().values())
        when = time.time()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.topology.unplug(name)
        return when

    def finish(self):
        """End the listening; from now on wire and watches are complete."""
        self.wire.finish()
        for watch in self.watch.values():
            watch.finish()

    def false_takeovers(self, since, until):
        """
        What the backup did in a time in which nothing was broken: (transitions to master seen on
        the wire, addresses added).
        """
        spoken = sum(since <= when < until and router == "r2"
                     for when, _, router in self.wire.changes)
        added = sum(since <= when < until for when, _ in self.watch["r2"].added)
        return spoken, added


def check(condition, text):
    """A measurement that is void says so."""
    if not condition:
        raise LabError("void: " + text)
