# SPDX-License-Identifier: GPL-2.0-or-later
"""
The pair under test.  Starting one takes a few seconds of real time (a router waits its down
interval before it speaks, bonds negotiate), so a test gets the pair of the test before it if that
is as good as new, or can be made so: r1 master and r2 backup of everything, both with the seed's
configuration.  Tests that share the pair come first, as all others make an end of it.

Tests marked "bonds" run on the layout with bonds and VLANs, which not every kernel can build; all
others on the plain layout.

A test that failed while the machine stood still is done again, at most twice; and all that a test
starts goes before what else runs on the machine.
"""
import contextlib
import http.client
import json
import os
import signal
import sys
import time

import pytest
from _pytest.runner import runtestprotocol

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)
pytest.register_assert_rewrite("crossing", "laws")

from lab import stalls                                                     # noqa: E402
from lab.gateway import Gateway                                            # noqa: E402
from lab.network import LabError, wait_for                                  # noqa: E402
from lab.pair import Pair                                                   # noqa: E402
from lab.router import ROLES                                               # noqa: E402

EMULATED = "TANDEM_LAB_VM" in os.environ
STANDSTILL = 0.03       # seconds in which the machine did not run that make a failure doubtful
AGAIN = 2               # times
PRECEDENCE = -10        # as nice(1) counts it


def interrupted(number, frame):
    """End the run in the way that cleans up; pytest takes any other exception for a failure."""
    raise KeyboardInterrupt


def pytest_configure(config):
    stalls.watch()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRECEDENCE)
    config.addinivalue_line("markers", "bonds: needs a kernel with bonds and VLANs")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "pair" not in item.fixturenames)


def saved(router):
    with open(router.saved) as file:
        return file.read()


class Keeper:
    """Keeps one pair from test to test while it is as good as new, or can be made so."""

    def __init__(self):
        self.pair = None
        self.layout = None
        self.running = None             # configurations of the routers, and their saved files
        self.saved = None
        self.spoilt = False             # by a test that failed

    def get(self, layout):
        if self.spoilt or self.pair is None or self.layout != layout or not self.renew():
            self.close()
            self.spoilt = False
            self.pair = Pair(layout)
            self.layout = layout
            self.pair.start()
            routers = self.pair.routers.items()
            self.running = {name: router.running()[0] for name, router in routers}
            self.saved = {name: saved(router) for name, router in routers}
        return self.pair

    def renew(self):
        """Make the pair as good as new; False when that would take a new one."""
        try:
            if not all(self.runs(name) for name in self.pair.routers):
                return False
            for name, router in self.pair.routers.items():
                self.configure(name, router)
            self.hand_back()
            wait_for(self.pair.settled, 3, "r1 to be master of everything, and r2 to hear it")
            return True
        except (OSError, LabError, ValueError, http.client.HTTPException):
            return False

    def runs(self, name):
        """Every process, from the file of the beginning, and with nothing in fault."""
        router = self.pair.routers[name]
        return (len(router.pids()) == len(ROLES) and router.process.poll() is None
                and saved(router) == self.saved[name]
                and set(router.states().values()) <= {"MASTER", "BACKUP"})

    def configure(self, name, router):
        tree, revision = router.running()
        if tree == self.running[name]:
            return
        status, _, text = router.api(
            "PUT", "/restconf/data", json.dumps(self.running[name]),
            {"Content-Type": "application/yang-data+json", "If-Match": f'"{revision}"'})
        if status not in (200, 204) or router.running()[0] != self.running[name]:
            raise LabError(f"the configuration of {name} does not come back: {text}")

    def hand_back(self):
        """r2 resigns where it is master."""
        for (interface, group), state in self.pair.r2.states().items():
            if state == "MASTER":
                # Its sync group may have followed by now.
                self.pair.r2.tandem("reset", "vrrp", "master", "interface", interface, "group",
                                    str(group), check=False)

    def close(self):
        if self.pair:
            self.pair.close()
            self.pair = None


@pytest.fixture(scope="session")
def keeper():
    found = Keeper()
    yield found
    found.close()


@pytest.fixture
def pair(request, keeper):
    """The seed pair, running: r1 master, r2 backup."""
    return keeper.get("bonds" if request.node.get_closest_marker("bonds") else "plain")


@pytest.fixture
def make_pair(keeper):
    """Pairs with configurations of the test's own, not started."""
    made = []

    def make(first, second, layout="plain"):
        keeper.close()
        made.append(Pair(layout, {"r1": first, "r2": second}))
        return made[-1]

    yield make
    for pair in made:
        pair.close()


def reason(reports):
    """Why a test failed, in short."""
    crash = next(getattr(report.longrepr, "reprcrash", None) for report in reports if report.failed)
    return " ".join(crash.message.split())[:200] if crash else "no more is known"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """What routers do while the machine stands still proves nothing: let them do it again."""
    if "campaign" in item.fixturenames:
        return None                     # looks back at what happened long before
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in reversed(range(AGAIN + 1)):
        begun = time.time()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if not left or not any(report.failed for report in reports):
            break
        still = stalls.stalled(begun, time.time())
        if still <= STANDSTILL:
            break
        item.config.get_terminal_writer().line(
            f"{item.nodeid}: again, for the machine stood still for {still * 1000:.0f} ms: "
            f"{reason(reports)}")
        item.session._setupstate.teardown_exact(None)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """With a failure, show what the routers logged; and leave nothing of it to the next test."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        keeper = item.funcargs.get("keeper")
        pair = item.funcargs.get("pair") or (keeper.pair if keeper else None)
        for name, router in (pair.routers.items() if pair else ()):
            report.sections.append((f"log of {name}", router.log()[-1500:]))
        if keeper:
            keeper.spoilt = True


@pytest.fixture
def make_gateway():
    """Pairs of gateways of the test's own: both run, are synchronous, and serve outside."""
    with contextlib.ExitStack() as stack:
        def make(**options):
            gateway = stack.enter_context(contextlib.closing(Gateway(**options)))
            return gateway.start().wait_synced().serve()
        yield make
