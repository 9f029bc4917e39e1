# SPDX-License-Identifier: GPL-2.0-or-later
"""
A flowsync whose loop stands still is replaced; one that is merely kept from running is not.  The
patience is a second, and a microsecond for every connection that the kernel's table may hold.
"""
import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from crossing import all_alive, hand_over, talk_on, wait_equal, wait_told
from lab.gateway import OUTSIDE, PORT
from lab.network import let_last, watch_for
from lab.router import BUILD

PATIENCE = 1.0
LOAD = 10               # seconds


def flowsyncs(gateway):
    return {name: router.pids().get("flowsync") for name, router in gateway.routers.items()}


def patience():
    """What flowsync asks for on this machine, in seconds."""
    with open("/proc/sys/net/netfilter/nf_conntrack_max") as most:
        return PATIENCE + int(most.read()) / 1e6


@contextlib.contextmanager
def hogs(count, prepare=lambda pid: None):
    """Processes that do nothing, without a pause."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        for hog in running:
            prepare(hog.pid)
        yield
    finally:
        for hog in running:
            hog.kill()
            hog.wait()


@pytest.mark.parametrize("name", ("r1", "r2"))
def test_flowsync_that_hangs_is_replaced(make_gateway, name):
    """Master's or backup's: soon both have the same again, and a handover costs nothing."""
    gateway = make_gateway()
    talks = [gateway.talk(count=100).wait_ready(), gateway.talk("say", 20, 20).wait_ready()]
    wait_told(gateway, 120)
    wait_equal(gateway)
    router, begun = gateway.routers[name], time.monotonic()
    states = gateway.r1.states(), gateway.r2.states()
    router.replace("flowsync", signal.SIGSTOP, patience() + 5)
    print(f"{name}: another one after {time.monotonic() - begun:.2f} s")
    assert "flowsync has not moved for" in router.log()
    gateway.wait_synced()
    wait_equal(gateway)
    assert (gateway.r1.states(), gateway.r2.states()) == states
    hand_over(gateway)
    all_alive(*talks)
    assert gateway.invalid("r2") == 0


@pytest.mark.parametrize("name", ("r1", "r2"))
def test_flowsync_of_a_router_that_stood_still_goes_on(make_gateway, name):
    """A virtual machine that was paused: nobody's loop turned, and that is nobody's fault."""
    gateway = make_gateway()
    talk = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    before = flowsyncs(gateway)
    with gateway.routers[name].frozen():
        let_last(patience() + 2)
    watch_for(patience() + 1)           # it could be judged by now
    assert flowsyncs(gateway) == before
    gateway.wait_synced()
    wait_equal(gateway)
    assert flowsyncs(gateway) == before
    all_alive(talk)


def test_flowsync_that_gets_no_processor_goes_on(make_gateway):
    """Something more urgent has its processor to itself for longer than the patience."""
    gateway = make_gateway()
    before = flowsyncs(gateway)
    processor = min(os.sched_getaffinity(0))

    def urgent(pid):
        os.sched_setaffinity(pid, {processor})
        try:
            os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(2))
        except PermissionError:
            pytest.skip("nothing can be urgent here")

    os.sched_setaffinity(before["r1"], {processor})
    with hogs(1, urgent):
        let_last(patience() + 1)
        assert flowsyncs(gateway) == before
    watch_for(patience() + 1)
    assert flowsyncs(gateway) == before
    gateway.wait_synced()


def test_load_replaces_nobody(make_gateway):
    """Every processor is busy several times over, and the table changes all the time."""
    gateway = make_gateway()
    talks = [gateway.talk(count=1000, interval=500).wait_ready(),
             gateway.talk("say", 100, 20).wait_ready()]
    wait_told(gateway, 1100)
    before = flowsyncs(gateway)
    with hogs(3 * os.cpu_count()):
        gateway.inside.run(BUILD + "/lab/talk", "short", OUTSIDE, str(PORT), str(LOAD),
                           check=True)
        talk_on(*talks)
        assert flowsyncs(gateway) == before
    gateway.wait_synced()
    wait_equal(gateway)
    assert flowsyncs(gateway) == before
    all_alive(*talks)
