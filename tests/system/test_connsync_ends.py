# SPDX-License-Identifier: GPL-2.0-or-later
"""
How connsync ends: what it leaves in the kernel of a router that no longer follows its partner, and
what its process may do while it runs.
"""
import contextlib
import re
import signal

from crossing import all_alive, counted, hand_over, pair, status, wait_equal, wait_told
from lab.gateway import Gateway, configuration, sync
from lab.network import wait_for

WEEK = 7 * 86400                # longer than any timer that a kernel gives by itself


def timers(gateway, name):
    """Seconds that each connection to the server outside has left."""
    return [int(line.split()[4]) for line in gateway.flows(name, "-p", "tcp", "--dport", "7000")]


def has_rules(router):
    return router.space.run("nft", "list", "table", "inet", "tandem_connsync").returncode == 0


def told(make_gateway):
    gateway = make_gateway()
    talk = gateway.talk(count=50).wait_ready()
    wait_told(gateway, 50)
    wait_for(lambda: len(timers(gateway, "r2")) == 50 and min(timers(gateway, "r2")) > WEEK, 30,
             lambda: str(timers(gateway, "r2")))
    return gateway, talk


def wait_released(gateway):
    """Each connection is still there, with a timer of its own."""
    wait_for(lambda: max(timers(gateway, "r2")) < WEEK, 30, lambda: str(timers(gateway, "r2")))
    assert len(timers(gateway, "r2")) == 50 and min(timers(gateway, "r2")) > 30
    wait_for(lambda: not has_rules(gateway.r2), 30, "no rules are left")


def test_connsync_that_is_removed_leaves_no_long_timers(make_gateway):
    gateway, talk = told(make_gateway)
    gateway.r2.configure("delete service connsync")
    wait_released(gateway)
    # And is taken up again as if nothing had been.
    gateway.r2.configure("set service connsync failover-mechanism vrrp sync-group S",
                         "set service connsync interface sync0",
                         "set service connsync remote-peer 10.3.0.1",
                         "set service connsync unauthenticated "
                         "anyone-on-the-path-may-read-and-forge-connections")
    gateway.wait_synced()
    wait_for(lambda: min(timers(gateway, "r2")) > WEEK, 30, lambda: str(timers(gateway, "r2")))
    wait_equal(gateway)
    all_alive(talk)


def test_service_that_stops_leaves_no_long_timers(make_gateway):
    gateway, talk = told(make_gateway)
    gateway.r2.stop()
    wait_released(gateway)
    all_alive(talk)


def test_service_that_was_killed_and_comes_back_without_connsync_puts_timers_right(make_gateway):
    gateway, talk = told(make_gateway)
    gateway.r2.kill()
    assert min(timers(gateway, "r2")) > WEEK and has_rules(gateway.r2)
    gateway.r2.write_saved(configuration("r2", connsync=None))
    gateway.r2.start()
    wait_released(gateway)
    all_alive(talk)


def master(gateway):
    return next((name for name, router in gateway.routers.items() if router.is_all("MASTER")), None)


def test_connections_that_a_standby_let_pass_survive_when_it_forwards(make_gateway):
    """
    Both services begin anew.  The users go on sending through the router that forwarded, until the
    other one announces its addresses: what the first one's kernel learned meanwhile must not count.
    """
    gateway, talk = told(make_gateway)
    hand_over(gateway)
    gateway.wait_synced()
    for router in gateway.routers.values():
        router.stop()
    for router in (gateway.r2, gateway.r1):
        router.start(wait=False)
    wait_for(lambda: all(router.answers() for router in gateway.routers.values()), 30, "both")
    # Mostly r1, by its priority.
    standby, = {"r1", "r2"} - {wait_for(lambda: master(gateway), 30, "a master")}
    gateway.wait_synced()
    # It looks again when it has heard that the other one forwards.
    wait_for(lambda: counted(gateway.routers[standby])["dumps"] >= 2 and
             min(timers(gateway, standby)) > WEEK, 30, lambda: str(timers(gateway, standby)))
    hand_over(gateway, standby)
    all_alive(talk)
    assert gateway.invalid(standby) == 0


def test_router_without_connsync_touches_no_timer(make_gateway):
    """Somebody else may have his reasons for long ones."""
    gateway = make_gateway()
    gateway.r2.configure("delete service connsync")
    wait_for(lambda: not has_rules(gateway.r2), 30, "no rules are left")
    done = gateway.r2.space.run("conntrack", "-I", "-p", "udp", "-s", "10.1.0.77", "-d",
                                "10.2.0.77", "--sport", "1", "--dport", "7000", "-t",
                                str(2 * WEEK))
    assert done.returncode == 0, done.stderr
    before = gateway.r2.pids()["flowsync"]
    gateway.r2.signal(signal.SIGKILL, "flowsync")
    wait_for(lambda: gateway.r2.successor("flowsync", before), 30, "a new one")
    gateway.r2.stop()
    line = gateway.flows("r2", "-p", "udp", "--dport", "7000")[0]
    assert int(line.split()[4]) > WEEK


def test_port_below_1024_can_be_listened_on(make_gateway):
    gateway = make_gateway(connsync=(
        "set service connsync unauthenticated "
        "anyone-on-the-path-may-read-and-forge-connections",
        "set service connsync port 101"))
    assert all(status(router, "connected") == (True,) for router in gateway.routers.values())
    assert "trouble" not in sync(gateway.r2)["path"][0]


def test_path_that_is_dead_says_why(make_gateway):
    gateway = make_gateway()
    gateway.r1.space.ip("link delete sync0")
    wait_for(lambda: "no interface sync0" in sync(gateway.r1)["path"][0].get("trouble", ""), 30,
             lambda: str(sync(gateway.r1)))
    assert re.search(r"Because: .*no interface sync0", gateway.r1.tandem("show", "connsync"))


def test_new_key_ends_the_pair_until_both_are_paired_anew():
    with contextlib.closing(Gateway(connsync=())) as gateway:
        old = pair(gateway.start())
        gateway.wait_synced()
        text = gateway.r1.tandem("reset", "pair", "key", "confirm")
        assert "pair the two anew" in text
        new = re.search(r"[0-9a-f]{4}(?:-[0-9a-f]{4}){15}", text).group(0)
        assert new != old["r1"] and new in gateway.r1.tandem("show", "pair")
        wait_for(lambda: status(gateway.r2, "connected") == (False,) and
                 sync(gateway.r2)["path"][0].get("trouble"), 30, lambda: str(sync(gateway.r2)))
        gateway.r2.configure(f"set system pair fingerprint {new}")
        gateway.wait_synced()
        assert all(status(router, "connected") == (True,)
                   for router in gateway.routers.values())


def test_flowsync_has_no_power_that_it_does_not_need(make_gateway):
    gateway = make_gateway()
    pid = gateway.r1.pids()["flowsync"]
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        found = dict(line.split(":", 1) for line in file)
    admin, bind = 1 << 12, 1 << 10
    assert int(found["CapEff"], 16) == int(found["CapPrm"], 16) == admin | bind
    assert int(found["CapBnd"], 16) == int(found["CapInh"], 16) == 0
    assert found["NoNewPrivs"].strip() == "1"
    assert found["Seccomp"].strip() == "2"
    assert found["Uid"].split()[0] != "0"
