# SPDX-License-Identifier: GPL-2.0-or-later
"""Masters that die, are told to go, or lose a link; what the partner does and clients notice."""
import time

from lab.network import wait_for, watch_for
from lab.pair import DOWN_INTERVAL, GROUPS, LINKS, SYNC1, VIPS

from laws import (SLACK, assert_power_cut_is_short, no_transition, nobody_notices,
                  reset_every_party, waited)

SKEW = 3 / 256          # of r2, priority 253 (RFC 3768 5.3.1)


def taken_over(packets, segments):
    """Segment -> r2's first advertisement, as soon as it is heard on all of them."""
    def heard():
        found = {segment: [p for p in packets.adverts(segment) if p.priority == 253]
                 for segment in segments}
        return all(found.values()) and {segment: list_[0] for segment, list_ in found.items()}

    return wait_for(heard, 20, "advertisements of r2")


def test_power_cut_costs_no_more_than_the_down_interval(pair):
    assert_power_cut_is_short(pair)
    assert {a.split("/")[0] for a in pair.r2.space.addresses()} >= set(VIPS)
    # The dead router returns, and nothing moves: preempt is off (S20).
    with no_transition(pair.r2):
        pair.plug("r1")
        pair.start("r1")
        pair.wait_all("r1", "BACKUP")
        watch_for(DOWN_INTERVAL + 0.5)      # it could take over by now
        assert pair.r1.is_all("BACKUP")


def test_reset_of_every_party_loses_no_packet(pair):
    with nobody_notices(pair):
        reset_every_party(pair)
        watch_for(0.5)                  # so that answers of the new master are seen


def test_reset_moves_only_the_sync_group_it_names(pair):
    """O1, O2: the seed's dp0bond0 group 1 is alone in vgroup1."""
    pair.r1.tandem("reset", "vrrp", "master", "interface", "dp0bond0", "group", "1")
    wait_for(lambda: pair.r2.states()[GROUPS["b0"]] == "MASTER", 20, "vgroup1 to move")
    watch_for(DOWN_INTERVAL + 0.5)      # long enough for anything else to move as well
    for segment, key in GROUPS.items():
        moved = segment == "b0"
        assert pair.r1.states()[key] == ("BACKUP" if moved else "MASTER")
        assert pair.r2.states()[key] == ("MASTER" if moved else "BACKUP")


def test_reset_on_the_backup_changes_nothing(pair):
    with no_transition(pair.r1, pair.r2):
        done = pair.r2.tandem("reset", "vrrp", "master", "interface", "dp0bond0", "group", "1",
                              check=False)
        assert "already in BACKUP" in done.stdout + done.stderr


def test_stopped_service_resigns_and_leaves_nothing_behind(pair):
    with pair.capture() as packets:
        wait_for(packets.adverts, 20, "an advertisement")
        assert pair.r1.stop() == 0
        pair.wait_all("r2", "MASTER", 20)
        first = taken_over(packets, LINKS)
    for segment in LINKS:
        last = [p for p in packets.adverts(segment) if p.priority == 0]
        assert last, segment
        assert waited(last[0].time, first[segment].time) <= SKEW + SLACK
    left = {a.split("/")[0] for a in pair.r1.space.addresses()}
    assert not left & set(VIPS)
    assert not [link for link in pair.r1.space.show("link") if "vrrp" in link["ifname"]]


def test_lost_link_faults_its_sync_group_and_moves_it_within_the_skew(pair):
    with pair.capture() as packets:
        wait_for(packets.adverts, 20, "an advertisement")
        pair.unplug("r1", "b1")
        when = time.time()
        wait_for(lambda: all(pair.r2.states()[GROUPS[s]] == "MASTER" for s in SYNC1), 20,
                 lambda: f"SYNC1 to move: {pair.r2.states()}")
        first = taken_over(packets, SYNC1)
    for segment in SYNC1:
        assert waited(when, first[segment].time) <= SKEW + SLACK, segment
    wait_for(lambda: all(pair.r1.states()[GROUPS[s]] == "FAULT" for s in SYNC1), 20,
             lambda: f"r1's faults: {pair.r1.states()}")
    # The other sync group has nothing to do with it (O1).
    assert pair.r1.states()[GROUPS["b0"]] == "MASTER"
    pair.plug("r1", "b1")
    wait_for(lambda: all(pair.r1.states()[GROUPS[s]] == "BACKUP" for s in SYNC1), 20, "recovery")


def test_interface_set_down_by_hand_faults_its_sync_group(pair):
    pair.r1.space.ip("link set dp0bond1 down")
    wait_for(lambda: all(pair.r2.states()[GROUPS[s]] == "MASTER" for s in SYNC1), 20,
             lambda: f"SYNC1 to move: {pair.r2.states()}; r1 is {pair.r1.states()}")
    pair.r1.space.ip("link set dp0bond1 up")
    wait_for(lambda: all(pair.r1.states()[GROUPS[s]] == "BACKUP" for s in SYNC1), 20,
             lambda: f"recovery: {pair.r1.states()}")
    assert pair.r1.states()[GROUPS["b0"]] == "MASTER"


def test_segment_lost_at_the_switch_moves_nothing(pair):
    """The members of a sync group that still hear the master speak for all."""
    with no_transition(pair.r1, pair.r2):
        pair.lose_segment("r1", "v10")
        watch_for(DOWN_INTERVAL + 0.5)      # r2 could take over by now
        pair.find_segment("r1", "v10")
        watch_for(1.5)                  # the member hears an advertisement again
