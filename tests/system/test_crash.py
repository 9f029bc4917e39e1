# SPDX-License-Identifier: GPL-2.0-or-later
"""Roles that crash, hang or are frozen: what the network may notice of it, which is little."""
import shutil
import signal
import time

from lab.network import let_last, wait_for, watch_for
from lab.pair import GROUPS, VIPS, seed
from lab.watch import Watch

from laws import (INTERVAL, SLACK, assert_let_go_soon, assert_on_time, assert_only_renewals,
                  no_transition, nobody_notices, wait_spoken)

OWN = {"b0": "10.100.11.39", "v10": "192.168.255.81", "v11": "192.168.255.89",
       "b1": "169.110.20.28"}


def virtual(space):
    return {a.split("/")[0] for a in space.addresses()} & set(VIPS)


def test_engine_killed_while_master_is_back_without_a_transition(pair):
    with no_transition(pair.r1, pair.r2), nobody_notices(pair), \
            Watch(pair.r1.space, "address") as watch, pair.capture() as packets:
        wait_for(lambda: len(packets.adverts()) >= 4, 20, "advertisements")
        pair.r1.replace("engine")
        wait_spoken(packets)
    assert_on_time(packets, INTERVAL + (0.3 if SLACK > 0.5 else 0.05))
    assert_only_renewals(watch)


def test_engine_that_hangs_is_replaced_without_a_transition(pair):
    with no_transition(pair.r1, pair.r2), nobody_notices(pair), \
            Watch(pair.r1.space, "address") as watch, pair.capture() as packets:
        pair.r1.replace("engine", signal.SIGSTOP)
        wait_spoken(packets)
    assert_on_time(packets, 2.5 * INTERVAL)
    assert_only_renewals(watch)


def test_manager_killed_is_not_noticed_by_the_network(pair):
    with no_transition(pair.r1, pair.r2), pair.capture() as packets:
        wait_for(lambda: len(packets.adverts()) >= 4, 20, "advertisements")
        pair.r1.replace("manager")
        wait_for(pair.r1.answers, 20, "the API")
        wait_spoken(packets)
    assert_on_time(packets, INTERVAL + (0.3 if SLACK > 0.5 else 0.05))


def test_router_stopped_for_ten_seconds_lets_go_and_does_not_fight(pair):
    with Watch(pair.r1.space, "address") as watch, pair.capture() as packets:
        wait_for(packets.adverts, 20, "an advertisement")
        pair.r1.signal(signal.SIGSTOP)
        stopped = time.monotonic()
        pair.wait_all("r2", "MASTER", 20)
        wait_for(lambda: not virtual(pair.r1.space), 20, "the leases to end")
        let_last(stopped + 10 - time.monotonic())
        woken = time.time()
        with no_transition(pair.r2):
            pair.r1.signal(signal.SIGCONT)
            pair.wait_all("r1", "BACKUP", 20)
            watch_for(4)                # it could take over by now
            assert pair.r1.is_all("BACKUP")
    assert_let_go_soon(watch, packets)
    spoke = [p for s, own in OWN.items() for p in packets.adverts(s, own, since=woken)]
    assert not spoke, "the woken router sent advertisements"


def test_start_after_everything_was_killed_removes_leftovers(pair):
    pair.r1.kill()
    assert virtual(pair.r1.space) == set(VIPS)      # the kernel still has them
    shutil.rmtree(pair.r1.run_dir)                  # nothing is known of the time before
    without = "".join(line + "\n" for line in seed("r1").splitlines()
                      if " vrrp " not in line)
    pair.r1.write_saved(without)
    pair.r1.start()
    wait_for(lambda: not virtual(pair.r1.space), 20, lambda: f"{virtual(pair.r1.space)} to go")
    wait_for(lambda: not [k for k in pair.r1.space.show("link") if "vrrp" in k["ifname"]], 20,
             "virtual links to go")
    pair.wait_all("r2", "MASTER")


def test_both_routers_killed_and_started_again_find_one_master(pair):
    pair.r1.kill()
    pair.r2.kill()
    pair.r1.start()
    pair.r2.start()
    wait_for(lambda: all({pair.r1.states().get(key), pair.r2.states().get(key)}
                         == {"BACKUP", "MASTER"} for key in GROUPS.values()), 20,
             lambda: f"one master: {pair.r1.states()} {pair.r2.states()}")
    wait_for(lambda: all(len(pair.holder(vip)) == 1 for vip in VIPS), 20, "one holder")
