# SPDX-License-Identifier: GPL-2.0-or-later
"""Keepalived, of the distribution, as the partner of Tandem: version 2, both roles."""
import shutil
import subprocess

import pytest

from lab.network import wait_for
from lab.pair import GROUPS

pytestmark = pytest.mark.skipif(not shutil.which("keepalived"), reason="no keepalived here")

GROUP = GROUPS["b1"]
VIP = "169.110.21.26"

KEEPALIVED = """
vrrp_instance partner {
  state BACKUP
  interface dp0bond1
  virtual_router_id 1
  priority %d
  advert_int 1
  nopreempt
  %s
  virtual_ipaddress { 169.110.21.26/29 }
}
"""


class Keepalived:
    """Keepalived in r2's place."""

    def __init__(self, pair, priority, password):
        self.space = pair.r2.space
        self.space.ip("address add 169.110.20.29/29 dev dp0bond1")
        path = pair.folder + "/keepalived"
        auth = f"authentication {{ auth_type PASS\n auth_pass {password} }}" if password else ""
        with open(path + ".conf", "w") as file:
            file.write(KEEPALIVED % (priority, auth))
        self.process = self.space.popen(
            "keepalived", "--dont-fork", "--log-console", "--vrrp", "-f", path + ".conf",
            "-p", path + ".pid", "-r", path + ".vrrp.pid", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_master(self):
        return VIP + "/29" in self.space.addresses()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def tandem(priority, password):
    base = "set interfaces bonding dp0bond1"
    lines = [f"{base} address 169.110.20.28/29", f"{base} vrrp vrrp-group 1 preempt false",
             f"{base} vrrp vrrp-group 1 priority {priority}",
             f"{base} vrrp vrrp-group 1 virtual-address {VIP}/29"]
    if password:
        lines += [f"{base} vrrp vrrp-group 1 authentication type plaintext-password",
                  f"{base} vrrp vrrp-group 1 authentication password {password}"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("password", [None, "secret"])
def test_keepalived_as_backup_stands_by_and_takes_over_at_our_stop(make_pair, password):
    pair = make_pair(tandem(200, password), "")
    pair.start("r1")
    pair.wait_all("r1", "MASTER")
    other = Keepalived(pair, 100, password)
    with pair.capture() as packets:
        wait_for(lambda: len(packets.adverts("b1")) >= 5, 8, "advertisements")
        assert not other.is_master()
        assert {p.source for p in packets.adverts("b1")} == {"169.110.20.28"}
    assert pair.r1.stop() == 0
    wait_for(other.is_master, 2, "keepalived to take over")
    other.stop()


@pytest.mark.parametrize("password", [None, "secret"])
def test_keepalived_as_master_is_heard_and_replaced_when_it_dies(make_pair, password):
    pair = make_pair(tandem(100, password), "")
    other = Keepalived(pair, 200, password)
    wait_for(other.is_master, 8, "keepalived to become master")
    pair.start("r1")
    wait_for(lambda: pair.r1.groups()[GROUP].get("master-router") == "169.110.20.29", 5,
             "keepalived to be heard")
    assert pair.r1.states()[GROUP] == "BACKUP"
    assert pair.r1.groups()[GROUP]["master-priority"] == 200
    other.stop()
    wait_for(lambda: pair.r1.states()[GROUP] == "MASTER", 6, "Tandem to take over")
    assert VIP + "/29" in pair.r1.space.addresses()
