# SPDX-License-Identifier: GPL-2.0-or-later
"""
(a) Unplanned failover: the power of the master is cut (its ports go down, its processes are
killed).  How long after the moment at which the standard lets the backup take over is it done?

The deadline of a group is the last advertisement of the group heard by the client plus the exact
Master_Down_Interval of the backup.  All figures are milliseconds beyond the deadline of the group
that an address belongs to, so an early takeover is negative.
"""
import time

from bench.cells import Case, Column, Limit
from bench.pair import Pair, check
from bench.topology import Plan
from bench.wire import Asker

SIZES = ((1, 1), (1, 20), (255, 1), (255, 20))
INTERVALS = (1000, 100, 10)
AFTER_START = 3.0               # seconds of peace after the start of the backup, at least
TAIL = 0.5
WAIT = 15                       # seconds beyond the down interval for the last address

COLUMNS = (
    Column("first", "first VIP|announced", 2),
    Column("advert", "last group|advertised", 2),
    Column("group", "last group|announced", 2),
    Column("announced", "last VIP|announced", 2),
    Column("answered", "last VIP|answered", 2),
    Column("missing", "VIPs|never", 0),
    Column("false", "falsely:|takeovers", 0),
    Column("added", "addresses|added", 0),
)


def measure(plan, product, turn):
    deadline = plan.down_interval()
    with Pair(product, plan) as pair:
        pair.start(max(AFTER_START, deadline + 1) + turn * plan.interval / 1000)
        asker = pair._keep(Asker(pair.topology, plan.owners()))
        time.sleep(0.1)
        cut = pair.power_cut("r1")
        asker.go(since=cut)             # the cut took longer than short intervals last
        soonest, latest = cut + deadline + TAIL, cut + deadline + WAIT
        while time.time() < soonest or not asker.done() and time.time() < latest:
            time.sleep(0.02)
        time.sleep(TAIL)
        pair.finish()
        return {"": judge(pair, cut)}


def judge(pair, cut):
    """The figures of one cut."""
    wire, plan = pair.wire, pair.plan
    interval = plan.down_interval()
    adverts, groups, announced, answered = [], [], [], []
    missing = 0
    for key in pair.keys:
        heard = wire.adverts["r1", key]
        check(heard and heard[-1][1] > 0, f"group {key} resigned, it was not cut off")
        last = heard[-1][0]
        # The dead master's own last announcements come within an interval of its last advert.
        silent = last + interval / 2

        def beyond(times):
            return next(((t - last - interval) * 1000 for t in times if t > silent), None)

        adverts.append(beyond(wire.times("r2", key)))
        told = [beyond(wire.announced[a]) for a in plan.virtual(key)]
        here = [beyond(wire.answered[a]) for a in plan.virtual(key)]
        if not pair.r2.moves_addresses:
            here = told         # its backup answers as well: an answer proves nothing
        missing += sum(a is None or b is None for a, b in zip(told, here))
        groups.append(least(told))
        announced += told
        answered += here
    false, added = pair.false_takeovers(pair.started, cut)
    found = {"advert": most(adverts), "group": most(groups), "first": least(announced),
             "announced": most(announced), "missing": missing, "false": false}
    if pair.r2.moves_addresses:
        found |= {"answered": most(answered), "added": added}
    return found


def least(values):
    return min((v for v in values if v is not None), default=None)


def most(values):
    """The worst; None when one is missing altogether."""
    return None if None in values or not values else max(values)


def limits(groups, addresses):
    found = [Limit("", "false", most=0, every=True), Limit("", "added", most=0, every=True),
             Limit("", "missing", most=0, every=True)]
    if (groups, addresses) == (1, 20):
        found += [Limit("", "announced", most=1.0), Limit("", "answered", most=1.0)]
    if (groups, addresses) == (255, 1):
        found += [Limit("", "announced", most=5.0), Limit("", "answered", most=5.0)]
    if (groups, addresses) == (255, 20):
        found += [Limit("", "group", most=10.0), Limit("", "answered", most=40.0)]
    return tuple(found)


def cases():
    for groups, addresses in SIZES:
        for interval in INTERVALS:
            plan = Plan(groups, addresses, interval)
            yield Case(
                "a", plan.name,
                f"power cut, {groups} × {addresses} addresses, {plan.timing}; ms beyond the "
                f"deadline ({plan.down_interval() * 1000:.2f} ms after the last advert)",
                COLUMNS, lambda product, turn, plan=plan: measure(plan, product, turn),
                lambda product, plan=plan: product.refuses(plan), limits(groups, addresses),
                runs=5, seconds={1000: 13, 100: 6, 10: 6}[interval] + (groups > 1) * 3,
                quick=(groups, addresses, interval) in ((1, 20, 100), (255, 20, 100)))
