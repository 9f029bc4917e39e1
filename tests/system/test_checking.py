# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a commit says of a configuration, and that "check" says the same before.  One router in a
namespace of its own, asked by its command line.
"""
import os
import shutil
import subprocess
import tempfile

import pytest

from lab.network import wait_for
from test_editing import Alone, Solitary

BOND = "interfaces bonding dp0bond0"
GROUP = BOND + " vrrp vrrp-group 1"
START = f"""set {BOND} address 10.0.0.2/24
set {GROUP} virtual-address 10.0.0.1/24
set {GROUP} preempt false
"""
UNWISE = (f"set {GROUP} advertise-interval 9", f"set {BOND} disable",
          f"set {GROUP} track interface dp0bond0", f"set {GROUP} preempt-delay 5")


@pytest.fixture(scope="module")
def running():
    folder = tempfile.mkdtemp(prefix="tandem-checking-", dir="/run")
    os.chmod(folder, 0o755)
    router = Solitary("r1", Alone(), folder, START)
    router.start()
    wait_for(router.answers, 20, "its API")
    # Nothing is said of a router that forwards; test_routing has one that does not.
    subprocess.run(["nsenter", "--target", str(router.process.pid), "--net", "sh", "-c",
                    "echo 1 >/proc/sys/net/ipv4/ip_forward"], check=True)
    yield router
    router.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def router(running):
    with open(running.folder + "/start", "w") as file:
        file.write(START)
    running.script(f"load {running.folder}/start", "commit", "exit")
    yield running


def rules(text):
    """The lines that end with a rule's number; what the kernel refused has none."""
    return [line for line in text.splitlines() if line.endswith("]")]


def numbers(text):
    return [line.rpartition("[")[2].rstrip("]") for line in rules(text)]


def test_commit_tells_all_errors_at_once_and_changes_nothing(router):
    before = router.revision()
    done = router.script(f"set {GROUP} authentication password geheim",
                         f"set {GROUP} accept true", f"set {GROUP} track interface eth7",
                         f"set {BOND} vif 10 vrrp vrrp-group 2 priority 7",
                         "set interfaces dataplane eth1 bond-group dp0bond9", "commit", check=False)
    assert done.returncode != 0
    assert sorted(numbers(done.stderr)) == ["C1", "C5", "C6", "C8", "I1"]
    for words in (f"{GROUP} accept", f"{GROUP} authentication", f"{GROUP} track interface eth7",
                  f"{BOND} vif 10 vrrp vrrp-group 2", "interfaces dataplane eth1 bond-group"):
        assert words in done.stderr
    assert router.revision() == before


def test_commit_tells_the_worst_warning_first(router):
    done = router.script(*UNWISE, "commit", "exit", check=False)
    assert numbers(done.stderr) == ["L20", "L3", "W1", "L13"]


def test_check_says_before_what_the_commit_says(router):
    checked = router.script(*UNWISE, "check", check=False)
    assert checked.returncode != 0
    done = router.script(*UNWISE, "commit", "exit", check=False)
    assert checked.stdout.splitlines() == [*rules(done.stderr), "0 errors, 4 warnings"]
    assert router.tandem("check", check=False).stdout == checked.stdout


def test_silenced_warnings_are_not_told_by_a_commit(router):
    silence = "set system configuration-check silence"
    done = router.script(*UNWISE, f"{silence} L20 path '{BOND}'", f"{silence} L3", "commit",
                         "exit", check=False)
    assert numbers(done.stderr) == ["W1", "L13"]
    assert router.tandem("check", check=False).stdout.endswith(
        "0 errors, 2 warnings, 2 silenced\n")
    # What is repaired needs no silence any more.
    done = router.script(f"delete {GROUP} advertise-interval", "commit", "exit",
                         check=False)
    assert numbers(done.stderr) == ["W1", "L13", "W5"]
