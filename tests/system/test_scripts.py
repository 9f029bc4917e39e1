# SPDX-License-Identifier: GPL-2.0-or-later
"""Transition scripts: which run, in what order, with what, and what happens to them."""
import contextlib
import os
import pwd
import time

import pytest

from lab.network import let_last, stays, wait_for, watch_for
from lab.router import USER

from duo import GROUP10, V10, Duo, read
from laws import longest_gap, waited

STATES = ("master", "backup", "fault", "stop")


@pytest.fixture
def duo():
    with contextlib.closing(Duo()) as found:
        yield found


def run_scripts(duo, text):
    """Run this script at every transition of group 10 of r1; where it notes what it wants."""
    script = duo.script("notify", text)
    duo.r1.configure(*(f"set {GROUP10} run-transition-scripts {state} {script}"
                       for state in STATES))
    return duo.notes() + "/out"


def test_scripts_run_in_order_with_state_interface_and_group(duo):
    out = run_scripts(duo, f"echo $* $TANDEM_STATE $TANDEM_FAMILY $(id -u) $TANDEM_REASON"
                           f" >>{duo.notes()}/out\n")
    user = pwd.getpwnam(USER).pw_uid
    tail = f"{V10[0]} {V10[1]}"

    def expect(*lines):
        wanted = "".join(f"{state} {tail} {state} 4 {user} {reason}\n" for state, reason in lines)
        wait_for(lambda: read(out) == wanted, 20, lambda: f"{wanted}\nnot:\n{read(out)}")

    begin = [("master", "no advertisement heard")]
    expect(*begin)                                      # where it is now, once
    duo.unplug("r1", "v10")
    duo.wait_state("r1", "FAULT")
    duo.plug("r1", "v10")
    duo.wait_state("r1", "MASTER")
    begin += [("fault", "its interface is down"), ("backup", "all interfaces are up again"),
              ("master", "no advertisement heard")]
    expect(*begin)
    assert duo.r1.stop() == 0
    assert read(out).splitlines()[-1] == f"stop {tail} stop 4 {user} stopped"


def test_flap_storm_runs_one_at_a_time_and_ends_with_the_last_state(duo):
    out = run_scripts(duo, f"echo begin $1 >>{duo.notes()}/out; sleep 0.2;"
                           f" echo end $1 >>{duo.notes()}/out\n")
    wait_for(lambda: "end master" in read(out), 20, "the first script")
    with duo.capture() as packets:
        for _ in range(15):
            duo.unplug("r1", "v10")
            let_last(0.05)              # the pace of the storm
            duo.plug("r1", "v10")
            let_last(0.05)
        duo.wait_state("r1", "MASTER")
        begun = time.time()
        watch_for(1)                    # of advertisements
    wait_for(lambda: read(out).endswith("end master\n"), 20, lambda: read(out))
    lines = [line.split() for line in read(out).splitlines()]
    assert [what for what, _ in lines] == ["begin", "end"] * (len(lines) // 2)
    states = [state for what, state in lines if what == "begin"]
    assert states == [state for what, state in lines if what == "end"]
    assert all(a != b for a, b in zip(states, states[1:])), states
    assert len(states) > 3
    assert longest_gap(packets.adverts("v10", "192.168.255.81", since=begun)) < 0.13


def test_hanging_script_delays_neither_advertisements_nor_takeover(duo):
    run_scripts(duo, "exec sleep 1000\n")
    with duo.capture() as packets:
        wait_for(lambda: len(packets.adverts("v10")) >= 3, 20, "advertisements")
        cut = time.time()
        duo.unplug("r1", "v10")
        duo.wait_state("r2", "MASTER")
        duo.plug("r1", "v10")
        duo.wait_state("r1", "MASTER")
        begun = time.time()
        watch_for(1)                    # of advertisements
    taken = packets.adverts("v10", "192.168.255.82", since=cut)
    assert waited(cut, taken[0].time) <= 1
    assert longest_gap(packets.adverts("v10", "192.168.255.81", since=begun)) < 0.13


def children(pid):
    return read(f"/proc/{pid}/task/{pid}/children").split()


def test_runner_killed_in_the_middle_runs_the_script_of_the_state_again(duo):
    out = run_scripts(duo, f"echo $1 >>{duo.notes()}/out\n[ -e {duo.notes()}/go ] ||"
                           " exec sleep 1000\n")
    wait_for(lambda: read(out) == "master\n", 20, "the script")
    open(duo.notes() + "/go", "w").close()
    changes = duo.r1.log().count(" -> ")
    second = duo.r1.replace("runner")
    wait_for(lambda: read(out) == "master\nmaster\n", 20, "the script again")
    # It ended this time, so a third runner has nothing to do.
    wait_for(lambda: not children(second), 20, "the end of the script")
    watch_for(0.3)                      # until the engine has heard of it, which nothing shows
    duo.r1.replace("runner")
    # A script that is run again would have begun.
    stays(lambda: read(out) == "master\nmaster\n", 0.5, lambda: read(out))
    assert duo.r1.log().count(" -> ") == changes


def test_engine_killed_runs_no_script(duo):
    out = run_scripts(duo, f"echo $1 >>{duo.notes()}/out\n")
    wait_for(lambda: read(out) == "master\n", 20, "the script")
    duo.r1.replace("engine")
    # A script that is run again would have begun.
    stays(lambda: read(out) == "master\n", 0.5, lambda: read(out))


def test_script_has_the_powers_of_nobody(duo):
    out = run_scripts(duo, f"exec >{duo.notes()}/out.new 2>&1\n"
                           "grep -E '^(Uid|Cap|NoNew)' /proc/self/status; ls /proc/self/fd; pwd\n"
                           "env | cut -d= -f1 | sort | tr '\\n' ' '; echo\n"
                           "ip link set lo down && echo POWER\n"
                           f"mv {duo.notes()}/out.new {duo.notes()}/out\n")
    wait_for(lambda: read(out), 20, "the script")
    text = read(out)
    user = pwd.getpwnam(USER).pw_uid
    assert f"Uid:\t{user}\t{user}\t{user}\t{user}\n" in text
    for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
        assert f"Cap{kind}:\t0000000000000000\n" in text
    assert "NoNewPrivs:\t1\n" in text
    assert "\n0\n1\n2\n3\n/\n" in text                  # 3 is ls's own
    assert ("\nPATH PWD TANDEM_FAMILY TANDEM_GROUP TANDEM_INTERFACE TANDEM_REASON "
            "TANDEM_SEQUENCE TANDEM_STATE \n") in text
    assert "POWER" not in text


def test_removed_group_runs_its_stop_script(duo):
    out = run_scripts(duo, f"echo $1 >>{duo.notes()}/out\n")
    wait_for(lambda: read(out) == "master\n", 20, "the script")
    duo.r1.configure(f"delete {GROUP10}")
    wait_for(lambda: read(out) == "master\nstop\n", 20, lambda: read(out))


def test_stop_does_not_wait_for_ever(duo):
    out = run_scripts(duo, f"echo $1 >>{duo.notes()}/out\nexec sleep 1000\n")
    wait_for(lambda: read(out) == "master\n", 20, "the script")
    begun = time.monotonic()
    assert duo.r1.stop() == 0
    assert time.monotonic() - begun < 15
    assert read(out) == "master\nstop\n"
    wait_for(lambda: not [pid for pid in duo.r1.space.pids() if os.path.exists(f"/proc/{pid}/exe")],
             20, lambda: f"all processes to end: {duo.r1.space.pids()}")
