# SPDX-License-Identifier: GPL-2.0-or-later
"""
The pair under test.  Starting one takes a few seconds of real time (a router waits its down
interval before it speaks), so a test gets the pair of the test before it if that is as good as
new: r1 master and r2 backup of everything, both with the seed's configuration.

Tests marked "bonds" run on the layout with bonds and VLANs, which not every kernel can build; all
others on the plain layout.
"""
import os
import signal
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)
pytest.register_assert_rewrite("laws")

from lab.network import LabError                                            # noqa: E402
from lab.pair import Pair                                                   # noqa: E402
from lab.router import ROLES                                               # noqa: E402

EMULATED = "TANDEM_LAB_VM" in os.environ


def interrupted(number, frame):
    """End the run in the way that cleans up; pytest takes any other exception for a failure."""
    raise KeyboardInterrupt


def pytest_configure(config):
    config.addinivalue_line("markers", "bonds: needs a kernel with bonds and VLANs")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)


class Keeper:
    """Keeps one pair from test to test while it is as good as new."""

    def __init__(self):
        self.pair = None
        self.layout = None
        self.configurations = None

    def get(self, layout):
        if self.pair is None or self.layout != layout or not self.as_new():
            self.close()
            self.pair = Pair(layout)
            self.layout = layout
            self.pair.start()
            self.configurations = {name: router.running()[0]
                                   for name, router in self.pair.routers.items()}
        return self.pair

    def as_new(self):
        try:
            return (self.pair.settled()
                    and all(len(router.pids()) == len(ROLES) and router.process.poll() is None
                            and router.running()[0] == self.configurations[name]
                            for name, router in self.pair.routers.items()))
        except (OSError, LabError):
            return False

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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """With a failure, show what the routers logged."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        keeper = item.funcargs.get("keeper")
        pair = item.funcargs.get("pair") or (keeper.pair if keeper else None)
        for name, router in (pair.routers.items() if pair else ()):
            report.sections.append((f"log of {name}", router.log()[-1500:]))
