# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the tests say again and again: nothing moved, nobody noticed, adverts kept their time.  Limits
are those of a machine that runs: time in which it stood still does not count.
"""
import contextlib
import os
import time

from lab.network import wait_for
from lab.packets import gaps
from lab.pair import DOWN_INTERVAL, GROUPS, LINKS, SYNC1, VIPS, Probes
from lab.stalls import stalled

EMULATED = "TANDEM_LAB_VM" in os.environ
# How much later than the law says something may be seen, for the sake of a busy machine.
SLACK = 1.0 if EMULATED else 0.15
RATE = 200 if EMULATED else 1000
INTERVAL = 1.0


def waited(start, end):
    """Seconds between two times since 1970, without those in which the machine stood still."""
    return end - start - stalled(start, end)


def longest_gap(packets):
    """The longest time in seconds between neighbouring packets, likewise."""
    assert len(packets) >= 2, "hardly a packet"
    return max(waited(a.time, b.time) for a, b in zip(packets, packets[1:]))


def outage(report):
    """What a probe tells of a target's outage, likewise."""
    return waited(report["outage_from"], report["outage_to"])


def transitions(router):
    """(what changes exactly when a group of the router makes a transition, when that was)"""
    groups = router.groups()
    return ({key: (group["state"], group["statistics"]["became-master"],
                   group["statistics"]["released-master"]) for key, group in groups.items()},
            {key: int(group["last-transition"]) for key, group in groups.items()})


@contextlib.contextmanager
def no_transition(*routers):
    before = [transitions(router) for router in routers]
    yield
    for router, (states, times) in zip(routers, before):
        now, now_times = transitions(router)
        assert now == states, router.name
        # Whole seconds, made from a monotonic clock: the last digit may waver.
        assert all(abs(now_times[key] - times[key]) <= 1 for key in times), router.name


@contextlib.contextmanager
def nobody_notices(pair, rate=RATE, through=True):
    """No client loses a packet to any virtual address."""
    probes = Probes(pair, rate, through).wait_answering()
    try:
        yield
    finally:
        reports = probes.stop()
    lost = {key: report["lost"] for key, report in reports.items()}
    assert not any(lost.values()), f"packets lost: {lost}"


def reset_every_party(pair, seconds=20):
    """r1 hands everything over: first the sync group of VLAN 10, then the other."""
    pair.r1.tandem("reset", "vrrp", "master", "interface", "dp0bond0.10", "group", "10")
    wait_for(lambda: all(pair.r2.states()[GROUPS[s]] == "MASTER" for s in SYNC1), seconds,
             lambda: f"SYNC1 to move: {pair.r2.states()}")
    # O1, O2: dp0bond0 group 1 is in a sync group of its own.
    assert pair.r1.states()[GROUPS["b0"]] == "MASTER"
    pair.r1.tandem("reset", "vrrp", "master", "interface", "dp0bond0", "group", "1")
    pair.wait_all("r2", "MASTER", seconds)
    pair.wait_all("r1", "BACKUP", seconds)
    wait_for(lambda: all(pair.holder(vip) == ["r2"] for vip in VIPS), seconds,
             "r1 to let go of the addresses")


def assert_power_cut_is_short(pair):
    """Of r1: no client misses a virtual address for longer than the down interval of r2."""
    probes = Probes(pair, RATE, through=True).wait_answering()
    pair.power_cut("r1")
    pair.wait_all("r2", "MASTER")
    reports = probes.wait_answering_again().stop()
    for (client, target), report in reports.items():
        print(f"{client} {target}: lost {report['lost']}, outage {report['outage']:.4f} s")
    assert all(outage(report) <= DOWN_INTERVAL + SLACK for report in reports.values())


def assert_on_time(packets, longest, segments=tuple(GROUPS)):
    """Between two advertisements of a segment never passes more than that."""
    for segment in segments:
        adverts = packets.adverts(segment)
        assert len(adverts) >= 2, f"no advertisements on {segment}"
        assert longest_gap(adverts) <= longest, \
            f"{segment}: gaps {[round(gap, 3) for gap in gaps(adverts)]}"


def wait_spoken(packets, count=2, segments=tuple(GROUPS)):
    """Wait for so many more advertisements on every segment: enough to see a gap behind them."""
    begun = time.time()
    wait_for(lambda: all(len(packets.adverts(segment, since=begun)) >= count
                         for segment in segments), 4 * count * INTERVAL, "advertisements")


def assert_only_renewals(watch):
    """The kernel told of no address that came or went: leases renewed are all there was."""
    for when, link, address, added in watch.address_events():
        assert added and address.split("/")[0] in VIPS, f"{address} on {link}, added: {added}"


def assert_let_go_soon(watch, packets):
    """
    The virtual addresses left the router that is watched when their leases ended: not later than
    1.5 s after r2, whose priority is 253, was first heard.
    """
    taken = {segment: min(p.time for p in packets.adverts(segment) if p.priority == 253)
             for segment in LINKS}
    gone = [(when, address.split("/")[0]) for when, _, address, added in watch.address_events()
            if not added and address.split("/")[0] in VIPS]
    assert {address for _, address in gone} == set(VIPS)
    for when, address in gone:
        overlap = waited(taken[VIPS[address]], when)
        assert overlap <= 1.5 + SLACK, f"{address} overlapped {overlap:.2f} s"


def faults(router, segment):
    """Reason -> number of packets not accepted."""
    group = router.groups()[GROUPS[segment]]
    return {f["reason"]: int(f["count"]) for f in group["statistics"].get("fault", ())}
