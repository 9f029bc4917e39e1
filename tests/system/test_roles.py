# SPDX-License-Identifier: GPL-2.0-or-later
"""What the supervisor leaves to its roles, and how long it lets the engine hand over."""
import ctypes
import errno
import os
import signal
import subprocess
import time

import pytest

from lab.network import wait_for
from lab.router import ROLES
from test_service import Service

KCMP = 312                                      # of x86-64
SAME_FILE = 0

# With whom it talks; for manager, flowsync and balancer the lines between them; for the manager the
# door for programs.
SOCKETS = {"engine": 6, "manager": 4, "filter": 1, "flowsync": 2, "runner": 1, "prober": 1,
           "balancer": 2}


@pytest.fixture
def make_service():
    made = []

    def make(saved):
        made.append(Service(saved))
        return made[-1]

    yield make
    for service in made:
        service.close()


def is_same(first, second):
    """Are two (process, descriptor) one and the same open file?"""
    libc = ctypes.CDLL(None, use_errno=True)
    order = libc.syscall(KCMP, first[0], second[0], SAME_FILE, first[1], second[1])
    if order < 0 and ctypes.get_errno() in (errno.ENOSYS, errno.EOPNOTSUPP):
        pytest.skip("this kernel does not compare open files")
    return order == 0


def descriptors(pid):
    """Descriptor -> what it leads to, but for the standard streams."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        if int(name) > 2:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def roles(supervisor):
    """Role -> process, once there is one of each kind, under its name."""
    with open(f"/proc/{supervisor}/task/{supervisor}/children") as children:
        found = {role_of(pid): int(pid) for pid in children.read().split()}
    return found.keys() == SOCKETS.keys() and found


def role_of(pid):
    with open(f"/proc/{pid}/comm") as comm:
        name = comm.read().strip()
    return {comm: role for role, comm in ROLES.items()}[name]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="knows the call of x86-64 only")
def test_roles_share_nothing_with_the_supervisor_but_their_sockets(make_service):
    service = make_service("")
    service.heard("READY=1")
    supervisor = service.process.pid
    found = wait_for(lambda: roles(supervisor), 20, "seven roles")
    own = descriptors(supervisor)
    assert any("signalfd" in what for what in own.values())
    for role, pid in found.items():
        shared = {fd: what for fd, what in own.items()
                  if any(is_same((supervisor, fd), (pid, other)) for other in descriptors(pid))}
        assert all(what.startswith("socket:") for what in shared.values()), role
        assert len(shared) == SOCKETS[role], role


SLOW = """
set interfaces dataplane dp0s1 address 10.0.0.1/24
set interfaces dataplane dp0s1 vrrp vrrp-group 1 version 3
set interfaces dataplane dp0s1 vrrp vrrp-group 1 fast-advertise-interval 4000
set interfaces dataplane dp0s1 vrrp vrrp-group 1 virtual-address 10.0.0.1/24
"""


def test_stop_waits_as_long_as_the_weakest_router_needs_to_take_over(make_service):
    """At 4 s a router of priority 1 follows a resignation after 3.98 s."""
    service = make_service(SLOW)
    service.heard("READY=1")
    inside = ["nsenter", "--net", "--target", str(service.process.pid)]
    for command in ("link add dp0s1 type veth peer name other", "link set other up",
                    "link set dp0s1 up"):
        subprocess.run([*inside, "ip", *command.split()], check=True)
    line = ""
    while "-> MASTER" not in line:              # at once: it owns the address
        line = service.process.stderr.readline()
        assert line, "the service ended"
    asked = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    _, errors = service.process.communicate(timeout=60)
    assert 3.9 <= time.monotonic() - asked <= 7
    assert service.process.returncode == 0
    assert "does not stop" not in errors
