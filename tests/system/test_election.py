# SPDX-License-Identifier: GPL-2.0-or-later
"""Who becomes master: preempt, its delay, ties; on one group of dp0bond1."""

from lab.network import stays, wait_for
from lab.pair import GROUPS

from laws import SLACK, waited

GROUP = GROUPS["b1"]
INTERVAL = 0.3


def box(number, priority, *more):
    """The configuration of box 1 or 2."""
    base = "set interfaces bonding dp0bond1"
    lines = [f"{base} address '169.110.20.{27 + number}/29'"]
    lines += [f"{base} vrrp vrrp-group 1 {what}" for what in
              (f"priority {priority}", "virtual-address 169.110.21.26/29", "version 3",
               f"fast-advertise-interval {INTERVAL * 1000:.0f}", *more)]
    return "\n".join(lines) + "\n"


def wait_state(router, state, seconds):
    wait_for(lambda: router.states().get(GROUP) == state, seconds,
             lambda: f"{router.name} {state}: {router.states()}")


def entered(router, state):
    """When its log first told of this state; None if it did not."""
    return next((when for when, line in router.events() if f" -> {state}" in line), None)


def test_stronger_router_with_preempt_takes_over(make_pair):
    pair = make_pair(box(1, 200), box(2, 100))
    pair.start("r2")
    wait_state(pair.r2, "MASTER", 20)
    pair.start("r1")
    wait_state(pair.r1, "MASTER", 20)
    wait_state(pair.r2, "BACKUP", 20)


def test_preempt_delay_is_waited_for(make_pair):
    pair = make_pair(box(1, 200, "preempt-delay 2"), box(2, 100))
    pair.start("r2")
    wait_state(pair.r2, "MASTER", 20)
    pair.start("r1")
    wait_state(pair.r1, "MASTER", 20)
    wait_for(lambda: entered(pair.r1, "MASTER"), 20, "the log to say so")
    listening, master = entered(pair.r1, "BACKUP"), entered(pair.r1, "MASTER")
    assert master - listening >= 2 - 0.01
    # From the first advertisement heard.
    assert waited(listening, master) <= 2 + INTERVAL + SLACK
    wait_state(pair.r2, "BACKUP", 20)


def test_two_masters_of_equal_priority_leave_the_higher_address(make_pair):
    pair = make_pair(box(1, 150, "preempt false"), box(2, 150, "preempt false"))
    pair.lose_segment("r1", "b1")
    pair.start("r1")
    pair.start("r2")
    wait_state(pair.r1, "MASTER", 20)
    wait_state(pair.r2, "MASTER", 20)
    pair.find_segment("r1", "b1")
    wait_state(pair.r1, "BACKUP", 20)
    # It hears that the other has yielded.
    stays(lambda: pair.r2.states()[GROUP] == "MASTER", 5 * INTERVAL,
          lambda: f"r2 MASTER: {pair.r2.states()}")
