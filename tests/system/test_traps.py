# SPDX-License-Identifier: GPL-2.0-or-later
"""
The traps into which others fell, laid out for ours: a pair with groups of both families, with and
without virtual MACs, at a tenth of a second.  While things happen to it, both routers are asked
all the time by ARP, neighbour solicitation, ping, and by packets to be forwarded.

    trap                                        shown by
    packets re-arm the advert timer             test_defects (refused, weaker, own; 2, 3, IPv6, AH);
                                                here for weaker masters, by the phase
    old packets in queues                       test_defects (backup, 1 s); here both roles, 100 ms
    netlink overrun                             test_traps_many
    interface deleted, renamed, moved           here
    addresses flushed by another program        here; test_commit (seed pair)
    storms with 1,000 virtual links             test_traps_many
    member added to a master sync group         here
    reload without a missed advert              test_traps_many; test_commit
    stall: listen first                         here at 100 ms; test_crash at 1 s
    a backup never answers                      here, in every test
    a sync group that disagrees at start        here
    a backup's start takes nothing over         test_traps_many; engines killed: here, test_crash
"""
import contextlib
import signal
import time

import pytest

from lab.network import LabError, let_last, stays, wait_for, watch_for
from lab.packets import Sender, advert3

import twins as lab
from laws import EMULATED, no_transition, waited
from twins import (ALL, PLAIN4, PLAIN6, VIRTUAL4, VIRTUAL6, Inquiry, Twins, group_path, is_virtual,
                   link_name, virtual_addresses)

INTERVAL = 0.1
DOWN = 3 * INTERVAL + INTERVAL * 156 / 256
SLACK = 0.5 if EMULATED else 0.05
BACK = 0.5 if EMULATED else 0.2         # what another program took away is back within
MOMENT = 0.25                           # of watching, after which nothing more is to come


class Shared:
    """One pair for all tests that leave it as they found it."""

    def __init__(self):
        self.twins = None

    def get(self):
        try:
            if self.twins:
                self.twins.calm()
        except (OSError, LabError):
            self.close()
        if not self.twins:
            self.twins = Twins()
            self.twins.start()
        return self.twins

    def close(self):
        if self.twins:
            self.twins.close()
            self.twins = None


@pytest.fixture(scope="module")
def shared(keeper):
    keeper.close()
    found = Shared()
    yield found
    found.close()


@pytest.fixture
def twins(shared):
    """Both routers running; r1 is master, r2 backup of everything."""
    return shared.get()


def wait_adverts(twins, inquiry):
    """Wait until r1 has just spoken for every group."""
    wait_for(lambda: {e.key for e in inquiry.adverts("r1", since=time.time() - 1.5 * INTERVAL)}
             == {(link, vrid) for link in range(twins.links) for vrid in ALL}, 20, "adverts of r1")


def settle(twins, inquiry):
    """Wait until r1 is master again and watch a little longer."""
    twins.calm()
    wait_adverts(twins, inquiry)
    watch_for(MOMENT)


def keys_of(link=None, virtual=None):
    return [(n, vrid) for n in range(2) for vrid in ALL
            if link in (None, n) and virtual in (None, is_virtual(vrid))]


# ------------------------------------------------------------------ packets and queues

def frame_of(key, priority, **fields):
    link, vrid = key
    source = "fe80::77" if lab.is_six(vrid) else f"10.5{link}.0.77"
    return advert3(source, vrid, priority, virtual_addresses(*key), interval_ms=100, **fields)


def test_valid_packets_of_a_weaker_router_do_not_shift_the_timer(twins):
    """Each is answered at once; the own schedule goes on as if there had been none."""
    frames = [frame_of((0, vrid), 50) for vrid in ALL]
    with no_transition(twins.r1), Inquiry(twins, asking=False) as inquiry, \
            Sender(twins.spaces["host"], link_name(0), frames, 0.037):
        watch_for(2)                    # of adverts, 20 intervals
    for key in keys_of(0):
        times = [e.time for e in inquiry.adverts("r1", key)]
        assert len(times) >= 40, "weaker masters are answered"
        # The schedule: there is a phase at which an advert left in every single interval.
        steps = int((times[-1] - times[0]) / INTERVAL)
        phases = [t for t in times if t < times[0] + INTERVAL]
        kept = max(sum(min(abs(t - (phase + n * INTERVAL)) for t in times) < 0.004
                       for n in range(steps)) for phase in phases)
        assert kept >= 0.9 * steps, f"{key}: {kept} of {steps} on schedule"
        assert inquiry.longest_gap("r1", key) <= INTERVAL + SLACK / 2


@pytest.mark.parametrize("name", lab.NAMES)
def test_pause_shorter_than_the_down_interval_moves_nothing(twins, name):
    """Of the backup, whose queue fills with adverts, and of the master, who is late once."""
    with no_transition(twins.r1, twins.r2), Inquiry(twins) as inquiry:
        for _ in range(3):
            with twins.routers[name].frozen():
                let_last(0.15)          # the pause
            watch_for(0.3)
    inquiry.assert_orderly(interval=0.3)
    assert not inquiry.adverts("r2")


def test_backup_that_stood_still_beside_its_master_takes_nothing_over(twins):
    with no_transition(twins.r1, twins.r2), Inquiry(twins) as inquiry:
        for _ in range(2):
            with twins.r2.frozen():
                let_last(2 * DOWN)
            watch_for(DOWN + MOMENT)    # it could take over by now
    assert not inquiry.adverts("r2")
    inquiry.assert_orderly()


def test_backup_that_wakes_beside_a_dead_master_does_not_count_what_is_old(twins):
    with contextlib.ExitStack() as pause:
        pause.enter_context(twins.r2.frozen())
        let_last(2 * DOWN)              # its queue is full of adverts now
        for link in range(2):
            twins.unplug("r1", link)
        let_last(DOWN)                  # the master is dead for longer than that when it wakes
        with Inquiry(twins) as inquiry:
            pause.close()
            woken = time.time()
            twins.wait("r2", "MASTER", DOWN + 2)
            for link in range(2):
                twins.plug("r1", link)
            settle(twins, inquiry)
    for key in keys_of():
        taken = waited(woken, inquiry.adverts("r2", key)[0].time)
        assert taken <= DOWN + SLACK, f"{key}: {taken:.3f} s after it woke"
    inquiry.assert_orderly()


def test_master_that_stood_still_listens_before_it_speaks(twins):
    """
    Its queue holds what the new master said, and nothing it may believe is fresh; its addresses
    have left it.  It is the stronger one, and comes back only after a whole down interval.
    """
    with Inquiry(twins) as inquiry:
        wait_adverts(twins, inquiry)
        stopped = time.time()
        twins.r1.signal(signal.SIGSTOP)
        twins.wait("r2", "MASTER")
        wait_for(lambda: not any(twins.holds("r1", virtual_addresses(*key)[-1])
                                 for key in keys_of()), 20, "the leases to end")
        released = time.time()
        watch_for(MOMENT)
        woken = time.time()
        twins.r1.signal(signal.SIGCONT)
        settle(twins, inquiry)
    for key in keys_of():
        first = inquiry.adverts("r1", key, woken)[0].time - woken
        # From the first packet of r2 that is fresh: the down interval of a priority of 200.
        assert first >= 3 * INTERVAL, f"{key}: it spoke after {first:.3f} s"
        taken = inquiry.adverts("r2", key, stopped)[0].time
        held = [e.time - taken for e in inquiry.answers("r1", key, taken) if e.time < released]
        print(f"{key}: both answered for {max(held, default=0):.2f} s")
        assert max(held, default=0) <= 2.5, f"{key}: addresses held after the takeover"
        # A virtual link stays up, but nobody sends to it any more; the pings are of the test alone.
        assert not [e for e in inquiry.answers("r1", key, released) if e.kind != "forward" and
                    e.time < inquiry.adverts("r1", key, woken)[0].time - SLACK], key
    assert max(inquiry.overlaps().values()) <= 0.06, inquiry.overlaps()


def test_both_stood_still_and_wake_one_after_the_other(twins):
    """A machine that was suspended with both: one master, and never two for more than a moment."""
    for first, second in (("r1", "r2"), ("r2", "r1")):
        for router in twins.routers.values():
            router.signal(signal.SIGSTOP)
        let_last(3 * DOWN)
        with Inquiry(twins) as inquiry:
            twins.routers[first].signal(signal.SIGCONT)
            let_last(0.2)               # between the two
            twins.routers[second].signal(signal.SIGCONT)
            settle(twins, inquiry)
        assert max(inquiry.overlaps().values()) <= 0.06, inquiry.overlaps()


def test_adverts_read_late_count_from_their_arrival(twins):
    """
    A pause of the backup in which the master dies: what waited in the queue came before that, and
    the takeover is due a down interval after it came, not after it was read.
    """
    with Inquiry(twins) as inquiry:
        wait_for(lambda: inquiry.adverts("r1"), 20, "adverts")
        with twins.r2.frozen():
            end = time.monotonic() + 2.5 * INTERVAL
            let_last(INTERVAL)
            for link in range(2):
                twins.unplug("r1", link)
            let_last(end - time.monotonic())
        woken = time.time()
        twins.wait("r2", "MASTER", DOWN + 2)
        for link in range(2):
            twins.plug("r1", link)
        settle(twins, inquiry)
    for key in keys_of():
        first = inquiry.adverts("r2", key)[0].time
        last = max(e.time for e in inquiry.adverts("r1", key) if e.time < first)
        due = max(last + DOWN, woken)
        assert waited(due, first) <= SLACK, f"{key}: {first - last:.3f} s of silence"
    inquiry.assert_orderly()


# ------------------------------------------------------------------ interfaces that come and go

def lose_and_find(twins, name, lose, find):
    """
    The kernel is asked before and after: nothing may be left over, nothing may be missing.  While
    it lasts the other router is master of the groups there.
    """
    before = {name: twins.kernel(name) for name in lab.NAMES}
    away = group_keys(0)
    router = twins.routers[name]
    with Inquiry(twins) as inquiry:
        lose()
        wait_for(lambda: all(router.states()[key] == "FAULT" for key in away), 20,
                 lambda: f"faults: {router.states()}")
        wait_for(lambda: all(twins.r2.states()[key] == "MASTER" for key in away) or name == "r2",
                 20, lambda: f"r2 to take over: {twins.r2.states()}")
        assert all(state != "FAULT" for key, state in router.states().items()
                   if key not in away), "the other interface's groups"
        wait_for(lambda: not awake(twins, name), 20,
                 lambda: f"virtual links of {name} to fall silent: {awake(twins, name)}")
        find(inquiry)
        settle(twins, inquiry)
    inquiry.assert_orderly()
    for router_name in lab.NAMES:
        wait_for(lambda: normal(twins.kernel(router_name)) == normal(before[router_name]), 20,
                 lambda: f"{router_name} as before: {before[router_name]}\nit is "
                 f"{twins.kernel(router_name)}")


def group_keys(link):
    return [(link_name(link), vrid) for vrid in ALL]


def awake(twins, name):
    """Virtual links and addresses in use whose parent is no longer where it was."""
    parents = {link_name(0), link_name(1)}
    own = {link for (parent, _), link in twins.virtual_links(name).items() if parent in parents}
    return [(link, addresses) for link, kind, up, addresses in twins.kernel(name)
            if up and link != "lo" and link not in parents | own
            and any(virtual in address for address in addresses
                    for vrid in ALL for virtual in virtual_addresses(0, vrid)[-1:])]


def normal(kernel):
    """Virtual links get other names when they are made anew."""
    return sorted(("macvlan" if kind == "macvlan" else name, kind, up, addresses)
                  for name, kind, up, addresses in kernel)


@pytest.mark.parametrize("name", lab.NAMES)
def test_interface_deleted_and_made_again(twins, name):
    def find(inquiry):
        twins.cable(name, 0)
        inquiry.renewed()

    lose_and_find(twins, name, lambda: twins.spaces[name].ip(f"link delete {link_name(0)}"), find)


@pytest.mark.parametrize("name", lab.NAMES)
def test_interface_renamed_and_renamed_back(twins, name):
    space = twins.spaces[name]
    lose_and_find(
        twins, name,
        lambda: space.ip(f"link set {link_name(0)} down\nlink set {link_name(0)} name elsewhere\n"
                         "link set elsewhere up"),
        lambda inquiry: space.ip(f"link set elsewhere down\nlink set elsewhere name"
                                 f" {link_name(0)}\nlink set {link_name(0)} up"))


@pytest.mark.parametrize("name", lab.NAMES)
def test_interface_renamed_while_it_is_up(twins, name):
    space = twins.spaces[name]
    lose_and_find(twins, name, lambda: space.ip(f"link set {link_name(0)} name elsewhere"),
                  lambda inquiry: space.ip(f"link set elsewhere name {link_name(0)}"))


@pytest.mark.parametrize("name", lab.NAMES)
def test_interface_moved_to_another_namespace_and_back(twins, name):
    space, attic = twins.spaces[name], twins.network.spaces.get("attic")
    attic = attic or twins.network.add("attic")

    def find(inquiry):
        assert not [link for link in attic.show("address") if link["ifname"] == link_name(0)
                    and link.get("addr_info")], "it left without its addresses"
        attic.ip(f"link set {link_name(0)} netns {space.name}")
        space.ip(f"link set {link_name(0)} up")

    lose_and_find(twins, name,
                  lambda: space.ip(f"link set {link_name(0)} netns {attic.name}"), find)


# ------------------------------------------------------------------ other programs

def assert_returned(twins, inquiry, action, keys, addresses):
    """After the action the addresses are back and the groups announce them, all in no time."""
    done = time.time()
    action()
    acted = time.time()
    wait_for(lambda: all(twins.holds("r1", address) for address in addresses), 20,
             lambda: f"{addresses}: {twins.kernel('r1')}")
    for key in keys:
        wait_for(lambda: inquiry.answers("r1", key, done), 20, f"{key} to answer again")
        wait_for(lambda: [e for e in inquiry.answers("r1", key, done) if e.kind == "announce"],
                 20, f"{key} to announce")
        first = [e.time for e in inquiry.answers("r1", key, done) if e.kind == "announce"][0]
        assert waited(acted, first) <= BACK, f"{key}: announced {first - acted:.3f} s later"
    watch_for(MOMENT)
    for key in keys:
        silence = inquiry.silence(("arp", "neighbour"), "r1", key, done - 0.3)
        assert silence <= BACK + inquiry.period, f"{key}: silent for {silence:.3f} s"


@pytest.mark.parametrize("vrid", ALL)
def test_virtual_addresses_deleted_by_another_program_are_back_at_once(twins, vrid):
    link = twins.virtual_link("r1", 0, vrid) if is_virtual(vrid) else link_name(0)
    length = {True: {"fe80": 128, "fd50": 64}, False: {"10.5": 16}}[lab.is_six(vrid)]
    addresses = virtual_addresses(0, vrid)
    with no_transition(twins.r1, twins.r2), Inquiry(twins) as inquiry:
        watch_for(0.4)                  # of answers, before
        assert_returned(twins, inquiry, lambda: twins.spaces["r1"].ip("".join(
            f"address delete {address}/{length[address[:4]]} dev {link}\n"
            for address in addresses)), [(0, vrid)], addresses)
    inquiry.assert_orderly()


def disturb(twins, lines):
    """A flush looks again until nothing is left, and complains where the router was quicker."""
    with contextlib.suppress(LabError) if "flush" in lines else contextlib.nullcontext():
        twins.spaces["r1"].ip(lines)


@pytest.mark.parametrize("vrid", [VIRTUAL4, VIRTUAL6])
@pytest.mark.parametrize("lines", [
    "address flush dev {0}", "link set {0} down", "link set {0} down\nlink set {0} up",
    "link delete {0}"], ids=["flushed", "down", "down-and-up", "deleted"])
def test_virtual_link_disturbed_by_another_program_is_back_at_once(twins, vrid, lines):
    link = twins.virtual_link("r1", 0, vrid)
    with no_transition(twins.r1, twins.r2), Inquiry(twins) as inquiry:
        watch_for(0.4)                  # of answers, before
        assert_returned(twins, inquiry, lambda: disturb(twins, lines.format(link)),
                        [(0, vrid)], virtual_addresses(0, vrid))
    inquiry.assert_orderly()


def test_every_ipv4_address_flushed_comes_back_without_a_transition(twins):
    """The real one, from which the adverts come, too: without it there could be no master."""
    before = normal(twins.kernel("r1"))
    with no_transition(twins.r1, twins.r2), Inquiry(twins) as inquiry:
        watch_for(0.4)                  # of answers, before
        assert_returned(twins, inquiry,
                        lambda: twins.spaces["r1"].run("ip", "-4", "address", "flush", "dev",
                                                       link_name(0)),
                        [(0, PLAIN4)], ("10.50.0.1", *virtual_addresses(0, PLAIN4)))
    inquiry.assert_orderly()
    wait_for(lambda: normal(twins.kernel("r1")) == before, 20, "everything as before")


def test_lost_link_local_address_is_a_fault_of_the_ipv6_groups_and_ends(twins):
    """Nobody but the kernel or the administrator can give it back."""
    space, local = twins.spaces["r1"], "fe80::ff:fe00:100/64"
    keys = [(link_name(0), PLAIN6), (link_name(0), VIRTUAL6)]
    with Inquiry(twins) as inquiry:
        space.ip(f"address delete {local} dev {link_name(0)}")
        wait_for(lambda: all(twins.r1.states()[key] == "FAULT" for key in keys), 20,
                 lambda: f"faults: {twins.r1.states()}")
        assert {twins.r1.states()[key] for key in group_keys(1)} == {"MASTER"}
        wait_for(lambda: all(twins.r2.states()[key] == "MASTER" for key in keys), 20, "r2")
        space.ip(f"address add {local} dev {link_name(0)}")
        settle(twins, inquiry)
    inquiry.assert_orderly()


def test_virtual_links_of_a_backup_that_are_set_up_by_hand_fall_silent(twins):
    """They carry the addresses, ready for the day: nobody may wake them but their group."""
    links = [twins.virtual_link("r2", 0, vrid) for vrid in (VIRTUAL4, VIRTUAL6)]
    with no_transition(twins.r1, twins.r2), Inquiry(twins) as inquiry:
        for _ in range(5):
            twins.spaces["r2"].ip("".join(f"link set {link} up\n" for link in links))
            done = time.time()
            wait_for(lambda: not any(up for name, _, up, _ in twins.kernel("r2")
                                     if name in links), 20, "the links to be down again")
            watch_for(0.15)             # of questions
            late = [e for e in inquiry.answers("r2") if e.time > done + BACK / 2
                    and waited(done, e.time) > BACK / 2]
            assert not late, f"{late[:3]} {late[0].time - done:.3f} s later"
    assert not inquiry.adverts("r2")


# ------------------------------------------------------------------ flaps

def test_backup_whose_links_flap_never_answers(twins):
    space, port = twins.spaces["r2"], twins.port("r2", 0)
    virtual = [twins.virtual_link("r2", 0, vrid) for vrid in (VIRTUAL4, VIRTUAL6)]
    rounds = 8
    with no_transition(twins.r1), Inquiry(twins, period=0.02) as inquiry:
        for pause in (0.0, 0.02, 0.15, 0.45):
            for _ in range(rounds // 4):
                twins.switch.ip(f"link set {port} down")
                let_last(pause)
                twins.switch.ip(f"link set {port} up")
                let_last(pause)
                space.ip(f"link set {link_name(0)} down")
                let_last(pause)
                space.ip(f"link set {link_name(0)} up")
                let_last(pause)
                space.ip("".join(f"link set {link} down\n" for link in virtual))
        settle(twins, inquiry)
    assert not inquiry.answers("r2"), inquiry.answers("r2")[:5]
    assert not inquiry.adverts("r2")


def test_master_that_becomes_backup_and_master_again_answers_only_while_it_is(twins):
    with Inquiry(twins, period=0.02) as inquiry:
        for priority in (50, 200) * 3:
            twins.r1.configure(*(f"set {group_path(*key)} priority {priority}"
                                 for key in keys_of()))
            first, second = ("r2", "r1") if priority == 50 else ("r1", "r2")
            twins.wait(first, "MASTER")
            twins.wait(second, "BACKUP")
        for link in (0, 1):
            twins.unplug("r1", link)
            wait_for(lambda: {twins.r2.states()[key] for key in group_keys(link)} == {"MASTER"},
                     20, "r2")
            twins.plug("r1", link)
            twins.calm()
        settle(twins, inquiry)
    inquiry.assert_orderly()


# ------------------------------------------------------------------ sync groups

SYNCED = [(0, PLAIN4), (1, VIRTUAL4), (1, PLAIN6)]


@pytest.fixture
def sync(twins):
    """Three groups in a sync group on both routers; undone after the test."""
    twins.configure(*(f"set {group_path(*key)} sync-group S" for key in SYNCED))
    twins.calm()
    yield twins
    known = "".join(f"set {group_path(*key)} sync-group S\ndelete {group_path(*key)} sync-group\n"
                    for key in keys_of())
    twins.configure(*known.splitlines())


def states_of(router, keys):
    states = router.states()
    return {states.get((link_name(link), vrid)) for link, vrid in keys}


def test_members_of_a_master_sync_group_come_and_go_without_a_transition(sync):
    """Member added, removed, priority changed, a group on another interface and new ones added."""
    added = "interfaces dataplane dp0s1 vrrp vrrp-group 9"
    changes = [
        [f"set {group_path(0, VIRTUAL6)} sync-group S"],
        [f"set {group_path(*key)} sync-group S" for key in ((1, PLAIN4), (0, VIRTUAL4))],
        [f"delete {group_path(0, VIRTUAL6)} sync-group"],
        [f"set {group_path(*SYNCED[0])} priority 150"],
        [f"set {added} virtual-address 10.51.9.1/16", f"set {added} version 3",
         f"set {added} fast-advertise-interval 100", f"set {added} priority 150",
         f"set {added} sync-group S"],
        [f"delete {added}"],
        [f"delete {group_path(1, PLAIN4)} sync-group"],
    ]
    with Inquiry(sync) as inquiry:
        for lines in changes:
            before = {name: transitions_of(sync.routers[name]) for name in lab.NAMES}
            for router in (sync.r1, sync.r2):
                own = [line.replace("priority 150", "priority 90") if router is sync.r2 else line
                       for line in lines]
                router.configure(*own)
                wait_for(lambda: router.is_all("MASTER" if router is sync.r1 else "BACKUP"), 20,
                         lambda: f"{lines}: {router.states()}")
                watch_for(DOWN)         # the other could take over by now
            for name in lab.NAMES:
                now = transitions_of(sync.routers[name])
                assert {k: v for k, v in now.items() if k in before[name]} == \
                    {k: v for k, v in before[name].items() if k in now}, (name, lines)
    assert not inquiry.adverts("r2")
    for key in keys_of():
        gap = inquiry.longest_gap("r1", key)
        assert gap <= INTERVAL + SLACK, f"{key}: {gap:.3f} s"
    inquiry.assert_orderly()
    sync.configure(f"set {group_path(*SYNCED[0])} priority 200")
    sync.r2.configure(f"set {group_path(*SYNCED[0])} priority 100")


def transitions_of(router):
    return {key: (group["state"], group["statistics"]["became-master"],
                  group["statistics"]["released-master"]) for key, group in router.groups().items()}


@pytest.mark.parametrize("name", lab.NAMES)
def test_sync_group_with_a_dead_link_at_start_is_in_fault_as_one(sync, name):
    """One member could be master; the group as a whole cannot, and the partner is."""
    router, partner = sync.routers[name], sync.routers["r2" if name == "r1" else "r1"]
    router.stop()
    sync.unplug(name, 1)
    wait_for(lambda: states_of(partner, SYNCED) == {"MASTER"}, 20, "the partner")
    with Inquiry(sync) as inquiry, no_transition_of(partner, SYNCED):
        watch_for(2 * INTERVAL)         # of adverts, before
        router.start()
        wait_for(lambda: states_of(router, SYNCED) == {"FAULT"}, 20,
                 lambda: f"{router.states()}")
        stays(lambda: states_of(router, SYNCED) == {"FAULT"}, 2 * DOWN,
              lambda: f"in fault: {router.states()}", pause=0)
        assert not [e for key in SYNCED for e in inquiry.adverts(name, key)]
    with Inquiry(sync) as later:
        sync.plug(name, 1)
        settle(sync, later)
    inquiry.assert_orderly()
    later.assert_orderly()


@contextlib.contextmanager
def no_transition_of(router, keys):
    names = [(link_name(link), vrid) for link, vrid in keys]
    before = {key: value for key, value in transitions_of(router).items() if key in names}
    yield
    assert {key: value for key, value in transitions_of(router).items() if key in names} == before


def test_sync_group_that_meets_a_master_on_one_link_only_moves_as_one(sync):
    """
    At its start one member hears a master stronger than itself, the others hear nobody: whatever
    the group decides, its members decide it together.
    """
    for router in (sync.r1, sync.r2):
        router.stop()
    key = SYNCED[1]
    with Sender(sync.spaces["host"], link_name(1), [frame_of(key, 250)], 0.1), \
            Inquiry(sync) as inquiry:
        for router in (sync.r1, sync.r2):
            router.start()
        stays(lambda: all(len(states_of(router, SYNCED)) == 1 for router in sync.routers.values()),
              2, lambda: f"one: {[router.states() for router in sync.routers.values()]}", pause=0)
        for router in sync.routers.values():
            assert states_of(router, SYNCED) == {"BACKUP"}
        assert not [e for member in SYNCED for e in inquiry.adverts(None, member)
                    if e.router in lab.NAMES]
    with Inquiry(sync) as later:
        settle(sync, later)
    inquiry.assert_orderly()
    later.assert_orderly()


# ------------------------------------------------------------------ new processes

@pytest.mark.parametrize("name", lab.NAMES)
def test_engine_killed_is_back_before_anybody_is_missed(twins, name):
    """Of a master, within the down interval of a tenth of a second's adverts; and of a backup."""
    router = twins.routers[name]
    with no_transition(twins.r1, twins.r2), Inquiry(twins) as inquiry:
        for _ in range(2):
            watch_for(3 * INTERVAL)     # of adverts, before
            router.replace("engine")
            watch_for(DOWN + MOMENT)
    assert not inquiry.adverts("r2")
    for key in keys_of():
        gap = inquiry.longest_gap("r1", key)
        assert gap <= 2 * INTERVAL + SLACK, f"{key}: {gap:.3f} s"
    inquiry.assert_orderly(interval=2 * INTERVAL)


def test_engine_that_goes_on_is_not_held_back_by_an_address_lost_meanwhile(twins):
    """
    A link that is new waits for its link-local address.  One whose groups went on does not: those
    of IPv6 are in fault, and those of IPv4 notice nothing.
    """
    space, local = twins.spaces["r1"], "fe80::ff:fe00:100/64"
    pid = twins.r1.pids()["engine"]
    lost = [(link_name(0), PLAIN6), (link_name(0), VIRTUAL6)]
    with no_transition_of(twins.r1, [(0, PLAIN4), (0, VIRTUAL4)]), Inquiry(twins) as inquiry:
        with twins.r1.frozen():
            twins.r1.signal(signal.SIGKILL, "engine")
            space.ip(f"address delete {local} dev {link_name(0)}")
        wait_for(lambda: twins.r1.successor("engine", pid), 20, "a new engine")
        begun = time.time()
        wait_for(lambda: all(twins.r1.states().get(key) == "FAULT" for key in lost), 20,
                 lambda: f"faults: {twins.r1.states()}")
        assert waited(begun, time.time()) <= 1.5
        wait_for(lambda: all(twins.r2.states()[key] == "MASTER" for key in lost), 20, "r2")
        space.ip(f"address add {local} dev {link_name(0)}")
        settle(twins, inquiry)
    inquiry.assert_orderly(interval=2 * INTERVAL)


def test_backup_that_starts_beside_a_master_takes_nothing_over(twins):
    with no_transition(twins.r1), Inquiry(twins) as inquiry:
        for _ in range(3):
            twins.r2.stop()
            twins.r2.start()
            twins.wait("r2", "BACKUP")
            watch_for(DOWN)             # it could take over by now
    assert not inquiry.adverts("r2")
    inquiry.assert_orderly()
