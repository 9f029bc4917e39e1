# SPDX-License-Identifier: GPL-2.0-or-later
"""
Connections on a stock kernel, and what only such a kernel can do to them: datagrams that arrive
late, twice and in another order; and a clock that somebody sets.
"""
import contextlib
import time

import pytest

from crossing import (all_alive, counted, pair, power_cut, status, wait_equal, wait_told)
from lab.gateway import Gateway
from lab.network import let_last

pytestmark = pytest.mark.bonds
DIGEST_PERIOD = 3       # seconds between comparisons of both tables
EMULATION = 4           # what an emulated machine may take to look at both tables


@pytest.fixture
def gateway():
    """Paired by their keys: certificates must not mind what a clock says."""
    with contextlib.closing(Gateway(connsync=())) as made:
        made.start()
        pair(made)
        yield made.wait_synced().serve()


def disorder(gateway, *how):
    """Both directions of the routers' own cable."""
    for router in gateway.routers.values():
        router.space.run("tc", "qdisc", "replace", "dev", "sync0", "root", "netem", *how,
                         check=True)


def order(gateway):
    for router in gateway.routers.values():
        router.space.run("tc", "qdisc", "del", "dev", "sync0", "root", check=True)


@pytest.mark.parametrize("percent", (1, 50))
def test_disorder_is_put_right_within_a_comparison(gateway, percent):
    """Up to 100 ms late, each datagram for itself, some twice, some never."""
    disorder(gateway, "delay", "50ms", "50ms", "duplicate", "10%", "loss", f"{percent}%")
    talks = [gateway.talk(count=30).wait_ready() for _ in range(4)]
    for talk in talks[:2]:
        talk.end()
    let_last(1)                                         # the storm itself
    order(gateway)
    wait_equal(gateway, DIGEST_PERIOD + EMULATION)
    for router in gateway.routers.values():
        assert counted(router, "fault")["sealed-forged"] == 0
    with power_cut(gateway):
        all_alive(*talks[2:])


def test_a_clock_that_is_set_changes_nothing(gateway):
    """One hour on, one hour back: neither VRRP nor connections go by the clock on the wall."""
    talk = gateway.talk(count=30).wait_ready()
    wait_told(gateway, 30)
    before = [status(router, "epoch", "readiness") for router in gateway.routers.values()]
    since = {name: len(router.events()) for name, router in gateway.routers.items()}
    for step in (3600, -7200, 3600):
        time.clock_settime(time.CLOCK_REALTIME, time.time() + step)
        more = gateway.talk(count=10).wait_ready()
        wait_equal(gateway)
        more.end()
    assert [status(router, "epoch", "readiness") for router in gateway.routers.values()] == before
    assert {name: len(router.events()) for name, router in gateway.routers.items()} == since
    with power_cut(gateway):
        all_alive(talk)
