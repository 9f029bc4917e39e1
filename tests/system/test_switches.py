# SPDX-License-Identifier: GPL-2.0-or-later
"""
Switches, their ports and vifs, loopbacks and vifs with two tags, on a kernel that has VLANs; and
what of them every kernel has.

      h1 --- dp0s1 (access, 10) --- r1 --- dp0s0 (trunk) --- r2 --- dp0s1 (access, 10) --- h2
                                     |
      far, with two tags --------- dp0s2

Each router has a switch sw0 made of dp0s0 and dp0s1, and on its vif 10 a group without and one with
a virtual MAC.
"""
import contextlib
import json
import signal

import pytest

from lab.network import Network, wait_for, watch_for
from lab.router import Router
from lab.watch import Watch

VIP, VIRTUAL = "192.0.2.100", "192.0.2.101"
GROUP = "interfaces switch sw0 vif 10 vrrp vrrp-group"


def configuration(number):
    """Of r1 or r2."""
    lines = [f"interfaces switch sw0 vif 10 address 192.0.2.{number}/24",
             "interfaces switch sw0 default-port-parameters vlan-parameters primary-vlan-id 10",
             "interfaces dataplane dp0s1 switch-group switch sw0",
             "interfaces dataplane dp0s0 switch-group switch sw0",
             "interfaces dataplane dp0s0 switch-group port-parameters mode trunk"]
    lines += ["interfaces dataplane dp0s0 switch-group port-parameters vlan-parameters "
              f"vlans {vlan}" for vlan in (10, 11)]
    for group, address in ((1, VIP), (2, VIRTUAL)):
        lines += [f"{GROUP} {group} virtual-address {address}/24", f"{GROUP} {group} version 3",
                  f"{GROUP} {group} fast-advertise-interval 100", f"{GROUP} {group} accept true",
                  f"{GROUP} {group} priority {300 - 100 * number}",
                  f"{GROUP} {group} sync-group S"]
    lines.append(f"{GROUP} 2 rfc-compatibility")
    return "".join(f"set {line}\n" for line in lines)


class Lab:
    """Two routers and their hosts, not started."""

    def __init__(self, configurations):
        self.network = Network()
        self.folder = self.network.folder("switches")
        try:
            for name in ("r1", "r2", "h1", "h2", "far"):
                setattr(self, name + "_space", self.network.add(name))
            self.network.cable(self.r1_space, "dp0s0", self.r2_space, "dp0s0")
            self.network.cable(self.r1_space, "dp0s2", self.far_space, "eth0")
            for router, host, number in ((self.r1_space, self.h1_space, 11),
                                         (self.r2_space, self.h2_space, 12)):
                self.network.cable(router, "dp0s1", host, "eth0")
                host.ip(f"address add 192.0.2.{number}/24 dev eth0\nlink set eth0 up")
            self.far_space.ip("link set eth0 up")
            self.routers = {name: Router(name, self.network.spaces[name], self.folder, text)
                            for name, text in zip(("r1", "r2"), configurations)}
            self.r1, self.r2 = self.routers["r1"], self.routers["r2"]
        except BaseException:
            self.close()
            raise

    def close(self):
        self.network.close()

    def start(self):
        for router in self.routers.values():
            router.start()
        for name, state in (("r1", "MASTER"), ("r2", "BACKUP")):
            self.wait_state(name, state, 20)
        return self

    def wait_state(self, name, state, seconds=20):
        self.routers[name].wait_all(state, seconds)


@pytest.fixture(scope="module")
def lab():
    with contextlib.closing(Lab((configuration(1), configuration(2)))) as found:
        yield found.start()


@pytest.fixture
def one():
    """One router with nothing configured."""
    with contextlib.closing(Lab(("", ""))) as found:
        found.r1.start()
        yield found


def link(router, name):
    return next((l for l in router.space.show("link") if l["ifname"] == name), None)


def vlans(router, port):
    """Of a port of a bridge, or a bridge: [(first, last, flags)]."""
    done = router.space.run("bridge", "-json", "-compressvlans", "vlan", "show")
    found = next((p["vlans"] for p in json.loads(done.stdout or "[]") if p["ifname"] == port), [])
    return [(v["vlan"], v.get("vlanEnd", v["vlan"]), sorted(v.get("flags", []))) for v in found]


def answers(space, address):
    return space.run("ping", "-c", "1", "-W", "1", "-n", address).returncode == 0


def reaches(space, address, seconds=20):
    wait_for(lambda: answers(space, address), seconds, f"an answer of {address}")


ACCESS = [(10, 10, ["Egress Untagged", "PVID"])]


# ---- with VLANs

@pytest.mark.bonds
def test_switch_is_made_as_configured(lab):
    for router in (lab.r1, lab.r2):
        bridge = link(router, "sw0")["linkinfo"]
        assert bridge["info_kind"] == "bridge"
        assert bridge["info_data"]["vlan_filtering"] == 1
        assert bridge["info_data"]["mcast_snooping"] == 0
        assert bridge["info_data"]["vlan_default_pvid"] == 0
        assert bridge["info_data"]["ageing_time"] == 30000
        for port in ("dp0s0", "dp0s1"):
            assert link(router, port)["master"] == "sw0"
        assert vlans(router, "dp0s0") == [(10, 11, [])]
        assert vlans(router, "dp0s1") == ACCESS
        assert vlans(router, "sw0") == [(10, 10, [])]
        assert link(router, "sw0.10")["linkinfo"]["info_data"]["id"] == 10
    shown = lab.r1.tandem("show", "interfaces")
    assert "sw0.10" in shown
    state = {i["name"]: i for i in lab.r1.state("interfaces-state")["interface"]}
    assert state["sw0"]["kind"] == "switch" and state["dp0s1"]["switch-group"] == "sw0"
    assert state["sw0"]["link-up"] is True


@pytest.mark.bonds
def test_groups_on_a_switchs_vif_answer_all_ports(lab):
    for space in (lab.h1_space, lab.h2_space):
        for address in (VIP, VIRTUAL, "192.0.2.1", "192.0.2.2"):
            reaches(space, address)
    reaches(lab.h1_space, "192.0.2.12")
    neighbours = {n["dst"]: n.get("lladdr") for n in lab.h2_space.show("neigh")}
    assert neighbours[VIRTUAL] == "00:00:5e:00:01:02"


@pytest.mark.bonds
def test_backup_takes_over_on_a_switchs_vif(lab):
    lab.r1.signal(signal.SIGSTOP)
    try:
        lab.wait_state("r2", "MASTER", 20)
        for address in (VIP, VIRTUAL):
            reaches(lab.h2_space, address)
    finally:
        lab.r1.signal(signal.SIGCONT)
    lab.wait_state("r1", "MASTER", 20)
    lab.wait_state("r2", "BACKUP", 20)
    reaches(lab.h1_space, VIRTUAL)


@pytest.mark.bonds
def test_port_and_vlan_taken_away_by_hand_come_back(lab):
    space = lab.r1.space
    space.ip("link set dp0s1 nomaster")
    wait_for(lambda: link(lab.r1, "dp0s1").get("master") == "sw0"
             and vlans(lab.r1, "dp0s1") == ACCESS, 20,
             lambda: f"the port: {link(lab.r1, 'dp0s1')} {vlans(lab.r1, 'dp0s1')}")
    space.run("bridge", "vlan", "del", "dev", "dp0s0", "vid", "10", check=True)
    space.run("bridge", "vlan", "add", "dev", "dp0s1", "vid", "7", "pvid", check=True)
    space.run("bridge", "vlan", "del", "dev", "sw0", "vid", "10", "self", check=True)
    wait_for(lambda: vlans(lab.r1, "dp0s0") == [(10, 11, [])] and vlans(lab.r1, "dp0s1") == ACCESS
             and vlans(lab.r1, "sw0") == [(10, 10, [])], 20,
             lambda: f"the VLANs: {[vlans(lab.r1, p) for p in ('dp0s0', 'dp0s1', 'sw0')]}")
    reaches(lab.h1_space, "192.0.2.12")


@pytest.mark.bonds
def test_deleted_switch_comes_back_with_its_groups(lab):
    lab.r1.space.ip("link del sw0")
    wait_for(lambda: link(lab.r1, "sw0.10") and vlans(lab.r1, "dp0s1") == ACCESS, 20,
             lambda: f"the switch: {lab.r1.space.show('link')}")
    lab.wait_state("r1", "MASTER", 20)
    lab.wait_state("r2", "BACKUP", 20)
    reaches(lab.h2_space, VIRTUAL)


def quiet(router):
    """
    Has the kernel told of the ports all that it tells by itself?  Without spanning tree, too, it
    starts a port's forward delay (15 s) when the port begins to forward, and tells at its end.
    """
    return all(link(router, port)["linkinfo"]["info_slave_data"]["forward_delay_timer"] == 0
               for port in ("dp0s0", "dp0s1"))


@pytest.mark.bonds
def test_unrelated_change_sends_nothing(lab):
    wait_for(lambda: quiet(lab.r1), 30, "the end of the ports' forward delay", pause=0.2)
    before = [vlans(lab.r1, port) for port in ("dp0s0", "dp0s1", "sw0")]
    with Watch(lab.r1.space, "link") as watch:
        lab.r1.configure("set interfaces loopback lo description unrelated")
        wait_for(lambda: link(lab.r1, "lo").get("ifalias") == "unrelated", 20, "the description")
        watch_for(0.5)                  # in which more would show
    assert not [text for _, text in watch.lines() if "lo:" not in text and "loopback" not in text]
    assert [vlans(lab.r1, port) for port in ("dp0s0", "dp0s1", "sw0")] == before
    lab.r1.configure("delete interfaces loopback")


@pytest.mark.bonds
def test_other_vlan_of_a_port_is_all_that_changes(lab):
    index = link(lab.r1, "sw0.10")["ifindex"]
    lab.r1.configure("set interfaces dataplane dp0s1 switch-group port-parameters mode access",
                     "set interfaces dataplane dp0s1 switch-group port-parameters vlan-parameters "
                     "primary-vlan-id 11")
    wait_for(lambda: vlans(lab.r1, "dp0s1") == [(11, 11, ACCESS[0][2])], 20, "the other VLAN")
    assert not answers(lab.h1_space, VIP)
    lab.r1.configure("delete interfaces dataplane dp0s1 switch-group port-parameters")
    wait_for(lambda: vlans(lab.r1, "dp0s1") == ACCESS, 20, "the VLAN of before")
    reaches(lab.h1_space, VIP)
    assert link(lab.r1, "sw0.10")["ifindex"] == index
    assert lab.r1.is_all("MASTER")


def picture(space):
    """What others had configured; their counters and times of life left out."""
    found = {}
    for shown in space.show("address"):
        found[shown["ifname"]] = (shown.get("master"), "UP" in shown["flags"], shown["mtu"],
                                  shown.get("ifalias"),
                                  sorted(a["local"] for a in shown["addr_info"]
                                         if a["family"] == "inet"))
        data = shown.get("linkinfo", {}).get("info_data", {})
        found[shown["ifname"]] += tuple(data.get(name) for name in
                                        ("vlan_filtering", "mcast_snooping", "ageing_time"))
    ports = json.loads(space.run("bridge", "-json", "vlan", "show").stdout or "[]")
    return found, sorted(json.dumps(port, sort_keys=True) for port in ports)


@pytest.mark.bonds
def test_bridge_of_others_is_given_back_as_it_was(one):
    space = one.r1.space
    space.ip("""link add br7 type bridge
                link add br8 type bridge vlan_filtering 1
                link add d0 type dummy
                link set br7 up
                link set br8 up
                link set d0 master br7
                link set dp0s0 master br7
                link set dp0s1 master br8
                link set dp0s0 up""")
    space.run("bridge", "vlan", "add", "dev", "dp0s1", "vid", "5", check=True)
    before = picture(space)
    one.r1.configure("set interfaces switch br7 aging 60",
                     "set interfaces switch br7 vif 10 address 192.0.2.1/24",
                     "set interfaces switch br7 default-port-parameters vlan-parameters "
                     "primary-vlan-id 10",
                     "set interfaces dataplane dp0s0 switch-group switch br7",
                     "set interfaces dataplane dp0s1 switch-group switch br7",
                     "set interfaces loopback lo5 address 198.51.100.5/32")
    wait_for(lambda: vlans(one.r1, "dp0s1") == ACCESS and vlans(one.r1, "dp0s0") == ACCESS, 20,
             lambda: f"the ports: {vlans(one.r1, 'dp0s0')} {vlans(one.r1, 'dp0s1')}")
    wait_for(lambda: "198.51.100.5/32" in space.addresses("lo5"), 20, "the loopback")
    assert vlans(one.r1, "d0") == [(1, 1, ACCESS[0][2])]
    assert vlans(one.r1, "br7") == [(1, 1, ACCESS[0][2]), (10, 10, [])]
    reaches_switch = link(one.r1, "br7")["linkinfo"]["info_data"]
    assert reaches_switch["vlan_filtering"] == 1 and reaches_switch["ageing_time"] == 6000
    one.r1.configure("delete interfaces")
    wait_for(lambda: picture(space) == before, 20,
             lambda: f"what was before: {before}\nnow: {picture(space)}")


@pytest.mark.bonds
def test_bond_is_a_port_of_a_switch():
    texts = [configuration(number).replace("dataplane dp0s0 switch-group", "bonding dp0bond0 "
                                           "switch-group")
             + "set interfaces bonding dp0bond0 lacp-options periodic-rate fast\n"
               "set interfaces dataplane dp0s0 bond-group dp0bond0\n" for number in (1, 2)]
    with contextlib.closing(Lab(texts)) as lab:
        for router in lab.routers.values():
            router.start()
        lab.wait_state("r2", "BACKUP", 30)
        lab.wait_state("r1", "MASTER", 20)
        assert link(lab.r1, "dp0bond0")["master"] == "sw0"
        assert vlans(lab.r1, "dp0bond0") == [(10, 11, [])]
        reaches(lab.h1_space, "192.0.2.12")
        reaches(lab.h2_space, VIRTUAL)
        # One port left is enough; without any the groups are at fault, whatever the bridge says.
        lab.r2.kill()
        lab.r2.space.ip("link set dp0s0 down")
        wait_for(lambda: "LOWER_UP" not in link(lab.r1, "dp0bond0")["flags"], 20, "no carrier")
        reaches(lab.h1_space, VIP)
        assert lab.r1.is_all("MASTER")
        lab.h1_space.ip("link set eth0 down")
        lab.wait_state("r1", "FAULT", 20)
        lab.h1_space.ip("link set eth0 up")
        lab.wait_state("r1", "MASTER", 20)


@pytest.mark.bonds
def test_two_tags_reach_the_other_end(one):
    one.far_space.ip("""link add link eth0 name outer type vlan id 20 protocol 802.1ad
                        link add link outer name inner type vlan id 5
                        link set outer up
                        link set inner up
                        address add 198.51.100.2/24 dev inner""")
    one.r1.configure("set interfaces dataplane dp0s2 vlan-protocol 0x88A8",
                     "set interfaces dataplane dp0s2 mtu 2000",
                     "set interfaces dataplane dp0s2 vif 100 vlan 20",
                     "set interfaces dataplane dp0s2 vif 100 inner-vlan 5",
                     "set interfaces dataplane dp0s2 vif 100 mtu 1800",
                     "set interfaces dataplane dp0s2 vif 100 address 198.51.100.1/24")
    reaches(one.far_space, "198.51.100.1")
    assert link(one.r1, "dp0s2.100")["link"] == "dp0s2.20"
    assert link(one.r1, "dp0s2.100")["mtu"] == 1800
    # Another inner VLAN, the outer one deleted by hand, then a vif in place of it.
    one.far_space.ip("link del inner\nlink add link outer name inner type vlan id 6\n"
                     "link set inner up\naddress add 198.51.100.2/24 dev inner")
    one.r1.configure("set interfaces dataplane dp0s2 vif 100 inner-vlan 6")
    reaches(one.far_space, "198.51.100.1")
    one.r1.space.ip("link del dp0s2.20")
    reaches(one.far_space, "198.51.100.1")
    one.r1.configure("set interfaces dataplane dp0s2 vif 20 address 203.0.113.1/24",
                     "set interfaces dataplane dp0s2 vif 20 mtu 2000")
    one.far_space.ip("address add 203.0.113.2/24 dev outer")
    reaches(one.far_space, "203.0.113.1")
    reaches(one.far_space, "198.51.100.1")
    one.r1.configure("delete interfaces dataplane dp0s2 vif 100")
    wait_for(lambda: not link(one.r1, "dp0s2.100"), 20, "the vif to go")
    assert link(one.r1, "dp0s2.20")
    one.r1.configure("delete interfaces dataplane dp0s2")
    wait_for(lambda: not link(one.r1, "dp0s2.20"), 20, "the outer VLAN to go")
    assert link(one.r1, "dp0s2")["mtu"] == 1500


# ---- with any kernel

def test_switch_connects_its_ports_and_goes_without_a_trace(one):
    space = one.r1.space
    before = picture(space)[0]
    one.r1.configure("set interfaces switch sw3 aging 0",
                     "set interfaces switch sw3 mac 02:00:00:00:00:33",
                     "set interfaces switch sw3 description three",
                     "set interfaces switch sw3 default-port-parameters vlan-parameters "
                     "primary-vlan-id 10",
                     "set interfaces dataplane dp0s0 switch-group switch sw3",
                     "set interfaces dataplane dp0s1 switch-group switch sw3")
    one.r2.space.ip("address add 192.0.2.20/24 dev dp0s0\nlink set dp0s0 up")
    reaches(one.h1_space, "192.0.2.20")
    bridge = link(one.r1, "sw3")
    assert bridge["address"] == "02:00:00:00:00:33" and bridge["ifalias"] == "three"
    assert bridge["linkinfo"]["info_data"]["ageing_time"] == 0
    space.ip("link set dp0s1 nomaster")
    wait_for(lambda: link(one.r1, "dp0s1").get("master") == "sw3", 20, "the port to return")
    space.ip("link del sw3")
    reaches(one.h1_space, "192.0.2.20")
    one.r1.configure("set interfaces switch sw3 disable")
    wait_for(lambda: "UP" not in link(one.r1, "sw3")["flags"], 20, "the switch to be down")
    one.r1.configure("delete interfaces")
    wait_for(lambda: picture(space)[0] == before, 20,
             lambda: f"what was before: {before}\nnow: {picture(space)[0]}")


def test_loopback_has_addresses_and_stays_up(one):
    space = one.r1.space
    space.ip("link set lo down\naddress add 203.0.113.9/32 dev lo")
    one.r1.configure("set interfaces loopback lo address 198.51.100.1/32",
                     "set interfaces loopback lo description own")
    wait_for(lambda: space.addresses("lo") >= {"198.51.100.1/32", "203.0.113.9/32"}, 20,
             lambda: f"the address: {space.addresses()}")
    one.r1.configure("delete interfaces")
    wait_for(lambda: "198.51.100.1/32" not in space.addresses("lo"), 20, "the address to go")
    assert "203.0.113.9/32" in space.addresses("lo"), "what others gave it is theirs"
    assert "UP" in link(one.r1, "lo")["flags"]
    assert not link(one.r1, "lo").get("ifalias")
