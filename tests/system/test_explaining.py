# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line says of a real router: why a group is in FAULT, which connections pass."""
import contextlib
import json

import pytest

from crossing import all_alive, status
from lab.gateway import sync
from lab.network import Network, wait_for
from lab.router import Router

TRACKED = "tracked interface dp0s3 is down"
OWN = "its interface dp0s2 is down"


class Lab:
    """A router with a sync group S on dp0s1 and dp0s2; group 1 tracks dp0s3."""

    def __init__(self):
        self.network = Network()
        space, self.switch = self.network.add("r"), self.network.add("sw")
        lines = ["interfaces dataplane dp0s1 vrrp vrrp-group 1 track interface dp0s3"]
        for number in (1, 2, 3):
            self.network.cable(space, f"dp0s{number}", self.switch, f"p{number}")
            self.plug(number)
            lines.append(f"interfaces dataplane dp0s{number} address 10.{number}.0.2/24")
        for number in (1, 2):
            group = f"interfaces dataplane dp0s{number} vrrp vrrp-group {number}"
            lines += [f"{group} virtual-address 10.{number}.0.1/24", f"{group} sync-group S",
                      f"{group} version 3", f"{group} fast-advertise-interval 100"]
        self.router = Router("r", space, self.network.folder("explaining"),
                             "".join(f"set {line}\n" for line in lines))
        self.router.start()
        self.router.wait_all("MASTER", 20)

    def plug(self, number):
        self.switch.ip(f"link set p{number} up")

    def pull(self, number):
        self.switch.ip(f"link set p{number} down")

    def close(self):
        self.router.kill()
        self.network.close()


@pytest.fixture(scope="module")
def lab():
    with contextlib.closing(Lab()) as found:
        yield found


@pytest.mark.parametrize("cable, first, second", [
    (3, TRACKED, f"sync group S waits for dp0s1 group 1: {TRACKED}"),
    (2, f"sync group S waits for dp0s2 group 2: {OWN}", OWN)])
def test_fault_is_explained_with_the_name_of_what_is_down(lab, cable, first, second):
    router = lab.router
    assert "FAULT" not in router.tandem("show", "vrrp")
    lab.pull(cable)
    router.wait_all("FAULT", 20)
    lines = router.tandem("show", "vrrp").splitlines()
    assert [line.split()[2] for line in lines[4:6]] == ["FAULT", "FAULT"]
    assert lines[6:] == ["", f"dp0s1 group 1 is in FAULT: {first}",
                         f"dp0s2 group 2 is in FAULT: {second}", ""]
    detail = router.tandem("show", "vrrp", "detail")
    alarms = router.tandem("show", "vrrp", "alarms")
    found = json.loads(router.tandem("--json", "show", "vrrp"))["tandem-state:vrrp-state"]["group"]
    for fault, group in zip((first, second), found):
        assert f"\n  Fault:                        {fault}\n" in detail
        assert f": {fault}\n" in alarms
        assert group["fault"] == [fault]
    lab.plug(cable)
    router.wait_all("MASTER", 20)
    assert "FAULT" not in router.tandem("show", "vrrp")


def test_filters_of_connections_are_combined(make_gateway):
    gateway = make_gateway()
    talk, say = gateway.talk(count=20).wait_ready(), gateway.talk("say", 10, 20).wait_ready()
    wait_for(lambda: status(gateway.r2, "flows")[0] >= 30, 30, lambda: str(sync(gateway.r2)))
    flows = json.loads(gateway.r2.tandem("--json", "show", "connsync", "flows"))
    one = next(flow for flow in flows["tandem-state:output"]["flow"] if flow["protocol"] == "udp")
    address, port = one["source"].rsplit(":", 1)

    def shown(*filters):
        return gateway.r2.tandem("show", "connsync", "flows", *filters).splitlines()[-1]

    assert shown("protocol", "tcp", "address", "10.1.0.0/16") == "20 connections"
    assert shown("address", address, "port", port, "protocol", "udp") == "1 connection"
    assert shown("port", port, "protocol", "tcp") == "0 connections"
    assert shown("limit", "3", "protocol", "tcp") == "20 connections, 3 of them shown"
    all_alive(talk, say)
