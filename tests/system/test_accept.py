# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may speak to a virtual address: version 3 without "accept" answers nobody but neighbours."""
import contextlib
import re
import signal

import pytest

from lab.network import stays, wait_for

from duo import GROUP1, GROUP10, INNER, OUTER_VIP, UP, VIP, Duo

VIP6, LOCAL6 = "fd10::1", "fe80::10:1"
REAL6 = {"r1": "fd10::11", "r2": "fd10::12"}


@pytest.fixture(scope="module")
def duo():
    with contextlib.closing(Duo()) as found:
        for name, router in found.routers.items():
            router.space.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
            router.configure(
                f"set interfaces bonding dp0bond0 vif 10 address {REAL6[name]}/64",
                *(f"set interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 60 {words}"
                  for words in ("version 3", "fast-advertise-interval 100", "sync-group S",
                                f"virtual-address {LOCAL6}/64", f"virtual-address {VIP6}/64",
                                f"priority {200 if name == 'r1' else 100}", "preempt true",
                                "accept true")))
        found.space("c10").ip("address add fd10::99/64 dev eth0 nodad")
        wait_for(lambda: found.r1.is_all("MASTER") and found.r2.is_all("BACKUP"), 20,
                 lambda: f"{found.r1.states()} {found.r2.states()}")
        yield found


GROUP6 = "interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 60"
ADDRESSES = {GROUP10: {VIP}, GROUP1: {OUTER_VIP}, GROUP6: {VIP6, LOCAL6}}


def refuse(duo, *groups):
    """These groups do not accept, the others do; the kernels of both routers know it."""
    for router in (duo.r1, duo.r2):
        router.configure(*(f"set {group} accept {'false' if group in groups else 'true'}"
                           for group in ADDRESSES))
    wanted = set().union(*(ADDRESSES[group] for group in groups))
    for router in (duo.r1, duo.r2):
        wait_for(lambda: refused(router) == wanted, 20,
                 lambda: f"{router.name} to refuse {wanted}, not {refused(router)}")


def pings(duo, client, target):
    return duo.space(client).run("ping", "-c", "3", "-i", "0.2", "-W", "1", target,
                                 ).returncode == 0


def table(router):
    done = router.space.run("nft", "-a", "list", "table", "inet", "tandem")
    return done.stdout if done.returncode == 0 else None


def refused(router):
    """Addresses of these tests in the table; none where there is no table."""
    words = set(re.split(r"[\s,{}]+", table(router) or ""))
    return words & set().union(*ADDRESSES.values())


def is_neighbour(duo, client, target):
    """Does the client find the address's owner on the wire?"""
    space = duo.space(client)
    space.run("ip", "neighbour", "flush", "dev", "eth0")
    space.run("ping", "-c", "1", "-W", "1", target)
    return any(entry["dst"] == target and "lladdr" in entry for entry in space.show("neighbour"))


def test_accepting_group_answers_and_needs_no_table(duo):
    refuse(duo)
    assert pings(duo, "c10", VIP) and pings(duo, "c10", VIP6)
    wait_for(lambda: table(duo.r1) is None, 20, "no table")


def test_refusing_group_is_silent_but_found_and_forwards(duo):
    refuse(duo, GROUP10)
    assert not pings(duo, "c10", VIP)
    assert is_neighbour(duo, "c10", VIP)
    assert pings(duo, "c10", "10.100.105.178")          # its own address is no matter of it
    assert pings(duo, "up", OUTER_VIP)                  # nor is another group
    duo.space("up").ip(f"route replace {INNER}/32 via {OUTER_VIP}")
    assert pings(duo, "c10", UP)                        # through both
    refuse(duo)
    wait_for(lambda: table(duo.r1) is None, 20, "the end of the table")
    assert pings(duo, "c10", VIP)


def test_refusing_ipv6_group_answers_neighbour_solicitations_only(duo):
    refuse(duo, GROUP6)
    assert not pings(duo, "c10", VIP6)
    assert is_neighbour(duo, "c10", VIP6)
    assert pings(duo, "c10", REAL6["r1"])
    assert pings(duo, "c10", VIP)
    refuse(duo)


def test_unrelated_change_and_transition_do_not_touch_the_table(duo):
    refuse(duo, GROUP10)
    before = [table(router) for router in (duo.r1, duo.r2)]
    assert before[0] and before[1]                      # handles included
    duo.r1.configure("set interfaces bonding dp0bond1 description x")
    duo.unplug("r1", "v10")
    duo.wait_state("r2", "MASTER")
    duo.plug("r1", "v10")
    duo.wait_state("r1", "MASTER")
    assert [table(router) for router in (duo.r1, duo.r2)] == before
    refuse(duo)


def test_difference_is_added_and_removed_in_place(duo):
    refuse(duo, GROUP10)
    chain = [line for line in table(duo.r1).splitlines() if "drop" in line]
    duo.r1.configure(f"set {GROUP10} virtual-address 10.100.38.1/26")
    wait_for(lambda: "10.100.38.1" in table(duo.r1), 20, "the new address")
    assert [line for line in table(duo.r1).splitlines() if "drop" in line] == chain
    duo.r1.configure(f"delete {GROUP10} virtual-address 10.100.38.1/26")
    wait_for(lambda: "10.100.38.1" not in table(duo.r1), 20, "the address to go")
    assert VIP in table(duo.r1)
    refuse(duo)


def without_handles(text):
    return re.sub(r" # handle \d+", "", text or "")


def test_table_that_somebody_removed_or_changed_comes_back(duo):
    refuse(duo, GROUP10)
    whole = without_handles(table(duo.r1))
    for words in (("flush", "ruleset"), ("flush", "set", "inet", "tandem", "refused4"),
                  ("flush", "chain", "inet", "tandem", "input")):
        assert duo.r1.space.run("nft", *words).returncode == 0
        wait_for(lambda: without_handles(table(duo.r1)) == whole, 20, "the whole table again")
    assert not pings(duo, "c10", VIP)
    refuse(duo)


def test_filter_that_is_killed_leaves_no_gap_and_the_stop_leaves_nothing(duo):
    refuse(duo, GROUP10)
    pid = duo.r2.pids()["filter"]
    duo.r2.signal(signal.SIGKILL, "filter")
    seen = []
    wait_for(lambda: seen.append(table(duo.r2)) or duo.r2.successor("filter", pid), 20,
             "a new filter")
    # It could do harm now.
    stays(lambda: VIP in (table(duo.r2) or ""), 0.5, lambda: f"in r2's table: {table(duo.r2)}")
    assert all(VIP in (text or "") for text in seen)
    assert duo.r2.stop() == 0
    assert table(duo.r2) is None
    # One that was killed leaves a table; the next start removes what is not wanted any more.
    duo.r2.space.run("nft", "add", "table", "inet", "tandem")
    duo.r2.start()
    refuse(duo)
    wait_for(lambda: table(duo.r2) is None, 20, "the leftover to go")


def test_owner_of_the_address_accepts_whatever_accept_says(duo):
    own = "192.168.255.81"                              # of r1, the primary of its interface
    refuse(duo, GROUP10)
    duo.r1.configure(f"set {GROUP10} virtual-address {own}/30")
    duo.r2.configure(f"set {GROUP10} virtual-address {own}/30")
    wait_for(lambda: table(duo.r1) is None and own in (table(duo.r2) or ""), 20,
             lambda: f"the owner to accept:\n{table(duo.r1)}\n{table(duo.r2)}")
    assert pings(duo, "c10", VIP)
    duo.r1.configure(f"delete {GROUP10} virtual-address {own}/30")
    duo.r2.configure(f"delete {GROUP10} virtual-address {own}/30")
    wait_for(lambda: VIP in (table(duo.r1) or "") and own not in table(duo.r1), 20,
             lambda: f"it to refuse again:\n{table(duo.r1)}")
    refuse(duo)
