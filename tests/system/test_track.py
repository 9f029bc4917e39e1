# SPDX-License-Identifier: GPL-2.0-or-later
"""What groups track: scripts, processes, files and paths, and the helpers that watch them."""
import contextlib
import os
import signal
import subprocess
import time

import pytest

from lab.network import stays, wait_for, watch_for

from duo import GROUP10, INNER, V10, Duo, read
from laws import longest_gap

CHECKS = "service health-check"
PATHS = "service path-monitor"


@pytest.fixture(scope="module")
def duo():
    with contextlib.closing(Duo()) as found:
        yield found


def all_up(router):
    """Is all up that group 10 tracks, by what was found and not by what is assumed?"""
    return {thing["state"] for thing in router.groups()[V10].get("track", ())} == {"UP"}


@pytest.fixture
def track(duo):
    """Lines for both routers, gone after the test; r1 is master of all when it returns."""
    given = []

    def configure(*lines):
        given.extend(lines)
        for router in (duo.r1, duo.r2):
            router.configure(*(f"set {line}" for line in lines))
        for router in (duo.r1, duo.r2):
            wait_for(lambda: all_up(router), 20, lambda: f"{router.groups()[V10].get('track')}")
        duo.wait_state("r1", "MASTER")
        duo.wait_state("r2", "BACKUP")

    yield configure
    kinds = {" ".join(line.split()[:2]) for line in given if line.startswith("service")}
    for router in (duo.r1, duo.r2):
        router.configure(f"set {GROUP10} track interface {V10[0]}", f"delete {GROUP10} track",
                         *(f"delete {kind}" for kind in kinds))
    duo.wait_state("r1", "MASTER")
    duo.wait_state("r2", "BACKUP")


def test_script_that_fails_makes_the_other_router_master(duo, track):
    flag = duo.notes() + "/bad"
    script = duo.script("check", f"[ $1 = r2 ] || [ ! -e {flag} ]\n")
    duo.r2.configure(f"set {CHECKS} script S command '{script} r2'",
                     f"set {CHECKS} script S interval 100", f"set {GROUP10} track script S")
    track(f"{CHECKS} script S interval 100", f"{CHECKS} script S timeout 90",
          f"{CHECKS} script S command '{script} r1'", f"{GROUP10} track script S")
    duo.r2.configure(f"set {CHECKS} script S command '{script} r2'")
    open(flag, "w").close()
    duo.wait_state("r1", "FAULT")
    duo.wait_state("r2", "MASTER")
    os.unlink(flag)
    duo.wait_state("r1", "MASTER")
    duo.wait_state("r2", "BACKUP")


def priority(router):
    return router.groups()[V10]["effective-priority"]


def test_weight_changes_the_priority_and_a_lower_one_gives_way(duo, track):
    here = duo.r1.folder + "/flag"
    open(here, "w").close()
    track(f"{CHECKS} file F interval 50", f"{CHECKS} file F path {here}",
          f"{GROUP10} track file F weight type decrement",
          f"{GROUP10} track file F weight value 50")
    os.unlink(here)
    wait_for(lambda: priority(duo.r1) == 150, 20, "a priority of 150")
    assert duo.states_of("r1") == {"MASTER"}            # both lose 50
    duo.r2.configure(f"set {GROUP10} track file F weight value 1")
    wait_for(lambda: priority(duo.r2) == 99, 20, "a priority of 99")
    stays(lambda: duo.states_of("r1") == {"MASTER"}, 0.5, "r1 MASTER, with 150 against 99")
    duo.r1.configure(f"set {GROUP10} track file F weight value 150")
    duo.wait_state("r2", "MASTER")                      # 50 against 99
    open(here, "w").close()
    duo.wait_state("r1", "MASTER")


def test_script_that_hangs_is_a_fault_and_delays_no_advertisement(duo, track):
    flag = duo.notes() + "/hang"
    script = duo.script("hang", f"[ -e {flag} ] && exec sleep 1000\nexit 0\n")
    track(f"{CHECKS} script H command {script}", f"{CHECKS} script H interval 100",
          f"{CHECKS} script H timeout 200", f"{CHECKS} script H fall 3",
          f"{GROUP10} track script H")
    with duo.capture() as packets:
        wait_for(lambda: len(packets.adverts("v10")) >= 5, 20, "advertisements")
        open(flag, "w").close()
        begun = time.time()
        duo.wait_state("r1", "FAULT")
        ended = time.time()
    adverts = [p for p in packets.adverts("v10", "192.168.255.81") if p.time < ended
               and p.priority]
    assert longest_gap(adverts) < 0.13
    assert ended - begun > 0.4                          # three in a row
    os.unlink(flag)
    duo.wait_state("r1", "MASTER")


def test_process_that_is_killed_is_a_fault_until_it_runs_again(duo, track):
    number = f"7{os.getpid()}"
    process = subprocess.Popen(["sleep", number])
    try:
        track(f"{CHECKS} process P command 'sleep {number}'", f"{CHECKS} process P interval 100",
              f"{GROUP10} track process P")
        process.send_signal(signal.SIGKILL)
        duo.wait_state("r1", "FAULT")
    finally:
        process.kill()
        process.wait()
    process = subprocess.Popen(["sleep", number])
    try:
        duo.wait_state("r1", "MASTER")
    finally:
        for router in (duo.r1, duo.r2):         # before it goes for good
            router.configure(f"delete {GROUP10} track")
        process.kill()
        process.wait()


def test_file_that_is_removed_is_a_fault(duo, track):
    path = duo.notes() + "/present"
    open(path, "w").close()
    track(f"{CHECKS} file F path {path}", f"{CHECKS} file F interval 100",
          f"{GROUP10} track file F")
    os.unlink(path)
    duo.wait_state("r1", "FAULT")
    open(path, "w").close()
    duo.wait_state("r1", "MASTER")


@pytest.mark.parametrize("kind", ("ping", "tcp"))
def test_path_whose_target_is_down_is_a_fault(duo, track, kind):
    client = duo.space("c10")
    server = None
    if kind == "tcp":
        server = client.popen("python3", "-m", "http.server", "-b", INNER, "8080",
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: client.run("sh", "-c", "ss -ltn").stdout.count(":8080"), 20, "a server")
    try:
        track(f"{PATHS} host C target {INNER}",
              f"{PATHS} host C type {kind}" + (" port 8080" if kind == "tcp" else ""),
              f"{PATHS} monitor M type {kind} host C", f"{PATHS} monitor M probe-interval 100",
              f"{PATHS} monitor M probe-timeout 90", f"{PATHS} policy P window 3",
              f"{PATHS} policy P requires type {kind} packet-loss threshold 50",
              f"{PATHS} monitor M policy P",
              f"{GROUP10} track path-monitor monitor M policy P")
        client.ip("link set eth0 down")
        duo.wait_state("r1", "FAULT")
        client.ip("link set eth0 up")
        duo.wait_state("r1", "MASTER")
    finally:
        client.ip("link set eth0 up")
        if server:
            # Not before the routers have forgotten it.
            for router in (duo.r1, duo.r2):
                router.configure(f"delete {GROUP10} track")
            server.kill()
            server.wait()


@pytest.mark.parametrize("role", ("runner", "prober", "filter"))
def test_helper_that_is_killed_is_back_and_nobody_notices(duo, track, role):
    path = duo.notes() + "/present"
    open(path, "w").close()
    script = duo.script("good", "exit 0\n")
    track(f"{CHECKS} file F path {path}", f"{CHECKS} file F interval 100",
          f"{CHECKS} script S command {script}", f"{CHECKS} script S interval 100",
          f"{GROUP10} track file F", f"{GROUP10} track script S")
    changes = duo.r1.log().count(" -> ")
    with duo.capture() as packets:
        wait_for(lambda: len(packets.adverts("v10")) >= 3, 20, "advertisements")
        duo.r1.replace(role)
        watch_for(0.5)                  # of advertisements
    assert longest_gap(packets.adverts("v10")) < 0.13
    assert duo.r1.log().count(" -> ") == changes
    if role != "filter":                              # it does its work again
        if role == "prober":
            os.unlink(path)
        else:
            duo.script("good", "exit 1\n")
        duo.wait_state("r1", "FAULT")
        open(path, "w").close()
        duo.script("good", "exit 0\n")
        duo.wait_state("r1", "MASTER")


def test_engine_that_is_killed_hears_again_how_things_are(duo, track):
    path = duo.notes() + "/present"
    open(path, "w").close()
    track(f"{CHECKS} file F path {path}", f"{CHECKS} file F interval 100",
          f"{GROUP10} track file F")
    duo.r1.replace("engine")
    duo.wait_state("r1", "MASTER")
    os.unlink(path)
    duo.wait_state("r1", "FAULT")
    open(path, "w").close()
    duo.wait_state("r1", "MASTER")


def test_unrelated_change_leaves_checks_alone(duo, track):
    counter = duo.notes() + "/tries"
    script = duo.script("count", f"echo >>{counter}; exit 0\n")
    track(f"{CHECKS} script S command {script}", f"{CHECKS} script S interval 60000",
          f"{GROUP10} track script S")
    wait_for(lambda: len(read(counter)) == 2, 20, "one try by each router")
    duo.r1.configure("set interfaces bonding dp0bond1 description changed")
    stays(lambda: len(read(counter)) == 2, 0.5, "two: a script was tried anew")
    assert duo.states_of("r1") == {"MASTER"}
