# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for all groups and for whole sync groups, on one router with two networks."""
import contextlib
import os

import pytest

from lab.network import Network, wait_for
from lab.router import Router

SYNC = "service vrrp sync-group S"


class Lab:
    def __init__(self):
        self.network = Network()
        self.folder = self.network.folder("sync")
        space, switch = self.network.add("r"), self.network.add("sw")
        lines = []
        for number in (1, 2):
            self.network.cable(space, f"dp0s{number}", switch, f"p{number}")
            switch.ip(f"link set p{number} up")
            path = f"interfaces dataplane dp0s{number}"
            lines += [f"{path} address 10.{number}.0.2/24",
                      f"{path} vrrp vrrp-group {number} virtual-address 10.{number}.0.1/24",
                      f"{path} vrrp vrrp-group {number} sync-group S",
                      f"{path} vrrp vrrp-group {number} version 3",
                      f"{path} vrrp vrrp-group {number} fast-advertise-interval 100"]
        self.router = Router("r", space, self.folder, "".join(f"set {line}\n" for line in lines))
        self.router.start()

    def close(self):
        self.router.kill()
        self.network.close()


@pytest.fixture(scope="module")
def lab():
    with contextlib.closing(Lab()) as found:
        found.router.wait_all("MASTER", 20)
        yield found


def test_disabled_vrrp_runs_nothing_until_it_is_deleted(lab):
    space = lab.router.space
    lab.router.configure("set service vrrp disable")
    wait_for(lambda: "10.1.0.1/24" not in space.addresses(), 20, "no virtual address")
    assert space.addresses("dp0s1") == {"10.1.0.2/24"}
    lab.router.configure("delete service vrrp disable")
    lab.router.wait_all("MASTER", 20)
    assert "10.1.0.1/24" in space.addresses("dp0s1")


def test_tracked_file_of_the_sync_group_holds_all_its_members(lab):
    path = lab.folder + "/ready"
    lab.router.configure(f"set service health-check file ready path {path}",
                         f"set {SYNC} track file ready")
    lab.router.wait_all("FAULT", 20)
    with open(path, "w"):
        pass
    lab.router.wait_all("MASTER", 20)
    lab.router.configure(f"delete {SYNC}", "delete service health-check")


def test_program_of_the_sync_group_runs_once(lab):
    notes = lab.folder + "/notes"
    program, told = lab.folder + "/told.sh", notes + "/told"
    os.mkdir(notes)
    os.chmod(notes, 0o777)
    with open(program, "w") as file:
        file.write(f"#!/bin/sh\necho $1 $2 $3 >>{told}\n")
    os.chmod(program, 0o755)
    lab.router.configure(f"set {SYNC} run-transition-scripts fault {program}",
                         f"set {SYNC} run-transition-scripts master {program}")

    def lines():
        with contextlib.suppress(OSError), open(told) as file:
            return file.read().splitlines()
        return []

    wait_for(lambda: lines() == ["master dp0s1 1"], 20, lambda: f"where it is now: {lines()}")
    lab.network.spaces["sw"].ip("link set p2 down")
    lab.router.wait_all("FAULT", 20)
    lab.network.spaces["sw"].ip("link set p2 up")
    lab.router.wait_all("MASTER", 20)
    wanted = ["master dp0s1 1", "fault dp0s1 1", "master dp0s1 1"]
    wait_for(lambda: lines() == wanted, 20, lambda: f"{wanted}: {lines()}")
