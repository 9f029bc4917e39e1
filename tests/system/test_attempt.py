# SPDX-License-Identifier: GPL-2.0-or-later
"""
A commit is tried before it is made: what the kernel refuses takes all of it back, whoever dies
meanwhile finds one configuration and the kernel that goes with it, and nothing is asked of the
kernel but what is new.
"""
import json
import os
import re
import signal
import subprocess
import tempfile
import threading

import pytest

from lab.network import wait_for, watch_for
from lab.pair import VIPS, seed

from laws import no_transition, nobody_notices
from test_commit import GROUP1, GROUP10, kernel, saved, settle
from test_editing import Tracer, commit_request

OTHER = "dp0bond1"
REFUSED = f"set interfaces bonding {OTHER} address 2001:db8:77::1/64"


def forbid_ipv6(router, interface, forbidden=True):
    """The kernel refuses IPv6 addresses there (EACCES), whoever asks."""
    path = f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6"
    router.space.run("sh", "-c", f"echo {int(forbidden)} > {path}")


@pytest.fixture
def refusing(pair):
    forbid_ipv6(pair.r1, OTHER)
    settle(pair)
    yield pair
    forbid_ipv6(pair.r1, OTHER, False)


def mtu_of(router, interface):
    return router.space.show("link", "show", "dev", interface)[0]["mtu"]


def test_refused_step_takes_the_whole_commit_back(refusing):
    """Links were changed, an address was added, a group left out and one changed: all as before."""
    pair = refusing
    before = pair.r1.running(), saved(pair.r1), kernel(pair.r1)
    with no_transition(pair.r1, pair.r2), nobody_notices(pair):
        done = pair.r1.configure(
            "set interfaces bonding dp0bond0 mtu 1400",
            "set interfaces bonding dp0bond0 address 198.51.100.1/24", REFUSED,
            f"delete {GROUP10}", f"set {GROUP1} priority 10", check=False)
        watch_for(1.5)                  # an interval, in which a wrong advertisement would tell
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert f"interfaces bonding {OTHER}: cannot add address 2001:db8:77::1/64" in said, said
    assert "Permission denied" in said
    assert "Nothing was changed" in said and "Commit failed" in said
    assert (pair.r1.running(), saved(pair.r1), kernel(pair.r1)) == before


def test_what_was_refused_is_committed_when_the_kernel_has_it(refusing):
    pair = refusing
    assert pair.r1.configure(REFUSED, check=False).returncode == 1
    forbid_ipv6(pair.r1, OTHER, False)
    revision = int(pair.r1.running()[1])
    pair.r1.configure(REFUSED)
    # What was refused used no number that anybody sees.
    assert int(pair.r1.running()[1]) == revision + 1
    shown = json.dumps(pair.r1.space.show("address", "show", "dev", OTHER))
    assert "2001:db8:77::1" in shown
    pair.r1.configure(REFUSED.replace("set", "delete", 1))


def test_what_is_refused_already_is_in_nobodys_way(make_pair):
    """A start realises every good part, and later commits are judged by what they bring."""
    pair = make_pair(seed("r1") + REFUSED + "\n", "")
    # There before the service is.
    forbid_ipv6(pair.r1, OTHER)
    pair.start("r1")
    pair.wait_all("r1", "MASTER")
    wait_for(lambda: "2001:db8:77::1" in json.dumps(pair.r1.state("system-state")), 20,
             "the refusal among the problems")
    done = pair.r1.configure("set interfaces bonding dp0bond0 mtu 1400")
    assert mtu_of(pair.r1, "dp0bond0") == 1400, done
    second = REFUSED.replace("::1", "::2")
    assert pair.r1.configure(second, check=False).returncode == 1
    assert pair.r1.configure(REFUSED.replace("set", "delete", 1), check=False).returncode == 0


def test_interface_that_is_not_there_yet_is_no_refusal(pair):
    _, revision = pair.r1.running()
    done = pair.r1.configure("set interfaces dataplane later0 address 203.0.113.1/24",
                             "set interfaces dataplane later0 mtu 1400", check=False)
    assert done.returncode == 0, done.stderr
    assert pair.r1.running()[1] != revision
    pair.r1.configure("delete interfaces dataplane later0")


def changes_asked_for(text):
    """Of what was sent to the kernel by netlink, all that changes something: its lines."""
    kinds = re.compile(r"nlmsg_type=(?:(RTM_\w+)|0x([0-9a-f]+))")
    found = []
    for line in text.splitlines():
        for name, number in kinds.findall(line):
            if name.startswith("RTM_GET") or (number and int(number, 16) & 3 == 2):
                continue
            if name or int(number, 16) >= 16:
                found.append(line)
    return found


def asked_during(router, *lines):
    """Commit, and say what the engine asked the kernel to change until a second later; and what it
    asked to be told of all there is."""
    with tempfile.NamedTemporaryFile("r") as file:
        tracer = router.space.popen(
            "strace", "-f", "-v", "-s", "300", "-e", "trace=sendto,sendmsg,sendmmsg", "-o",
            file.name, "-p", str(router.pids()["engine"]), stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.getsize(file.name) > 0, 20, "strace")
        router.configure(*lines)
        watch_for(1)                    # what is done late shows, too
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
        text = file.read()
        return changes_asked_for(text), [line for line in text.splitlines() if "NLM_F_DUMP" in line]


def is_renewal(line):
    return any(vip in line for vip in VIPS) or "NEWADDR" in line or "nlmsg_type=0x14" in line


@pytest.mark.parametrize("line, most", [
    (f"set {GROUP10} priority 253", 0),
    (f"set {GROUP10} preempt-delay 7", 0),
    ("set interfaces bonding dp0bond0 vif 11 description 'another name'", 2),
    ("set system config-management commit-revisions 77", 0),
])
def test_unrelated_change_asks_the_kernel_for_nothing_but_itself(pair, line, most):
    settle(pair)
    watch_for(6)                        # five seconds after an earlier commit all is looked at
    asked, dumps = asked_during(pair.r1, line)
    others = [text for text in asked if not is_renewal(text)]
    assert len(others) <= most, others
    assert most or not dumps, dumps
    if most:
        assert others and all("another name" in text or "IFLA_IFALIAS" in text
                              for text in others), others
    pair.r1.configure("rollback 1", check=False)


def test_manager_killed_while_a_commit_is_taken_back_leaves_the_old(refusing):
    """Killed at every eighth stop of it: running, and soon the kernel, are what they were."""
    router = refusing.r1
    stop, killed = 0, 0
    tree, _ = router.running()
    mtu = mtu_of(router, OTHER)
    while killed < 40:
        connection, request = commit_request(router, 1300)
        head, _, body = request.partition(b"\r\n\r\n")
        candidate = json.loads(body)
        for entry in candidate["tandem-interfaces:interfaces"]["bonding"]:
            if entry["name"] == OTHER:
                entry["address"].append("2001:db8:77::1/64")
                entry["mtu"] = 1300
        body = json.dumps(candidate).encode()
        head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
        pid = router.pids()["manager"]
        tracer = Tracer(pid)
        connection.send(head + b"\r\n\r\n" + body)
        alive = not tracer.kill_at(stop)
        connection.close()
        if alive:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, Tracer.ALL)
        wait_for(lambda: router.pids().get("manager", pid) != pid, 20, "another manager")
        wait_for(router.answers, 20, "its API")
        assert router.running()[0] == tree
        wait_for(lambda: mtu_of(router, OTHER) == mtu, 20, "the kernel as it was")
        if alive:
            break
        killed += 1
        stop += 16
    assert killed > 5


def test_engine_killed_while_it_tries_is_told_again(pair):
    """The commit is made by the next engine, or not at all; kernel and configuration agree."""
    router = pair.r1
    for number, delay in enumerate((0.0, 0.02, 0.05, 0.1)):
        mtu = 1300 + number
        pid = router.pids()["engine"]
        killer = threading.Timer(delay, os.kill, (pid, signal.SIGKILL))
        killer.start()
        done = router.configure(f"set interfaces bonding {OTHER} mtu {mtu}", check=False)
        killer.join()
        wait_for(lambda: router.successor("engine", pid), 20, "another engine")
        found = [entry.get("mtu") for entry in
                 router.running()[0]["tandem-interfaces:interfaces"]["bonding"]
                 if entry["name"] == OTHER][0]
        assert (found == mtu) == (done.returncode == 0), done.stderr
        wait_for(lambda: mtu_of(router, OTHER) == found, 20, "the kernel to agree")
    router.configure(f"delete interfaces bonding {OTHER} mtu")
