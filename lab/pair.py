# SPDX-License-Identifier: GPL-2.0-or-later
"""
The seed pair: routers r1 (the master to be) and r2, their switches, clients and an upstream.

                   r1                                  r2
        dp0bond0        dp0bond1            dp0bond0        dp0bond1
        .10  .11            |               .10  .11            |
     ======+================|==================+===             |
     switch, private:  native b0, VLANs v10, v11                |
     ===+========+=========+==        ======+===================+======
        |        |         |          switch, public: native b1
       cb0      c10       c11         ======+==========================
   10.100.11.10 |  10.100.212.70           up 169.110.21.27
            10.100.105.180, 10.100.38.10

Two layouts.  "bonds" is the real thing: each bond is an LACP bond of two cables to a bond of the
switch, VLANs are tagged.  "plain" is for kernels without bonds and VLANs: each of dp0bond0,
dp0bond0.10, dp0bond0.11 and dp0bond1 is a cable of its own into a bridge of its own.

The routers' configuration is seed.conf; r2's differs as the second box of a pair does.
"""
import functools
import json
import os
import re
import select
import signal
import subprocess
import time

from lab.network import LabError, Network, wait_for
from lab.packets import Capture
from lab.router import BUILD, TOP, Router

LINKS = {"b0": "dp0bond0", "v10": "dp0bond0.10", "v11": "dp0bond0.11", "b1": "dp0bond1"}
GROUPS = {"b0": ("dp0bond0", 1), "v10": ("dp0bond0.10", 10), "v11": ("dp0bond0.11", 11),
          "b1": ("dp0bond1", 1)}
VIPS = {"10.100.105.177": "v10", "10.100.38.1": "v10", "10.100.212.65": "v11",
        "10.100.11.5": "b0", "169.110.21.26": "b1"}
LENGTHS = {"10.100.105.177": 28, "10.100.38.1": 26, "10.100.212.65": 26, "10.100.11.5": 26,
           "169.110.21.26": 29}
SYNC1 = ("v10", "v11", "b1")
VLANS = {"v10": 10, "v11": 11}
MEMBERS = {"b0": ("dp0s0", "dp0s1"), "b1": ("dp0s2", "dp0s3")}

# client: segment, addresses, gateway for the rest of the network, virtual addresses it uses
CLIENTS = {
    "c10": ("v10", ("10.100.105.180/28", "10.100.38.10/26"), "10.100.105.177",
            ("10.100.105.177", "10.100.38.1")),
    "c11": ("v11", ("10.100.212.70/26",), "10.100.212.65", ("10.100.212.65",)),
    "cb0": ("b0", ("10.100.11.10/26",), None, ("10.100.11.5",)),
    "up": ("b1", ("169.110.21.27/29",), "169.110.21.26", ("169.110.21.26",)),
}
UPSTREAM = "169.110.21.27"

# What r2 says instead: one step less of priority, its own real addresses.
SECOND = {"'254'": "'253'", "10.100.11.39/26": "10.100.11.40/26",
          "192.168.255.81/30": "192.168.255.82/30", "192.168.255.89/30": "192.168.255.90/30",
          "169.110.20.28/29": "169.110.20.29/29"}
# The seconds of silence after which the backup, of priority 253, takes over (RFC 3768 5.3.1).
DOWN_INTERVAL = 3 + 3 / 256


def seed(router="r1", layout="plain"):
    """The configuration of r1 or r2."""
    with open(TOP + "/lab/seed.conf") as file:
        text = file.read()
    if router == "r2":
        for ours, theirs in SECOND.items():
            if ours not in text:
                raise LabError(f"seed.conf does not mention {ours}")
            text = text.replace(ours, theirs)
    if layout == "bonds":
        for segment, members in MEMBERS.items():
            for member in members:
                text += f"set interfaces dataplane {member} bond-group {LINKS[segment]}\n"
    return text


@functools.lru_cache(None)
def kernel_has_bonds():
    """Can this kernel build bonds and VLANs?"""
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", "ip link add probe0 type bond mode 802.3ad &&"
         " ip link add link probe0 name probe0.1 type vlan id 1"], capture_output=True
    ).returncode == 0


class Pair:
    """The network, and both routers, not started yet."""

    def __init__(self, layout=None, configurations=None):
        self.layout = layout or ("bonds" if kernel_has_bonds() else "plain")
        self.network = Network()
        self.folder = self.network.folder("lab")
        try:
            self.switch = self.network.add("sw")
            for name in CLIENTS:
                self.network.add(name)
            self._build_switch()
            for name in ("r1", "r2"):
                self._cable_router(self.network.add(name), name)
            self._cable_clients()
            configurations = configurations or {}
            self.routers = {
                name: Router(name, self.network.spaces[name], self.folder,
                             configurations.get(name, seed(name, self.layout)))
                for name in ("r1", "r2")}
        except BaseException:
            self.close()
            raise
        self.r1, self.r2 = self.routers["r1"], self.routers["r2"]

    def space(self, name):
        return self.network.spaces[name]

    def close(self):
        """Leave nothing behind."""
        self.network.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    # -- building

    def _build_switch(self):
        bridge = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
        if self.layout == "plain":
            self.switch.ip("".join(f"link add {segment} {bridge}\nlink set {segment} up\n"
                                   for segment in LINKS))
            return
        self.switch.ip("".join(f"link add {segment} {bridge} vlan_filtering 1\n"
                               f"link set {segment} up\n" for segment in MEMBERS))

    def _cable_router(self, space, name):
        space.sysctl(ip_forward=1)
        if self.layout == "plain":
            for segment, link in LINKS.items():
                self.network.cable(space, link, self.switch, f"{name}-{segment}")
                space.ip(f"link set {link} up")
                self.switch.ip(f"""link set {name}-{segment} master {segment}
                                   link set {name}-{segment} up""")
            return
        for segment, members in MEMBERS.items():
            bond = f"{name}-{segment}"
            self.switch.ip(f"link add {bond} type bond mode 802.3ad miimon 50 lacp_rate fast")
            for member in members:
                self.network.cable(space, member, self.switch, f"{name}-{member}")
                self.switch.ip(f"link set {name}-{member} master {bond}")
            self.switch.ip(f"""link set {bond} up
                               link set {bond} master {segment}""")
        for vlan in VLANS.values():
            self._bridge(f"vlan add dev {name}-b0 vid {vlan}")

    def _cable_clients(self):
        for name, (segment, addresses, gateway, _) in CLIENTS.items():
            space = self.space(name)
            port = f"to-{name}"
            self.network.cable(space, "eth0", self.switch, port)
            at = segment if self.layout == "plain" or segment in MEMBERS else "b0"
            self.switch.ip(f"link set {port} master {at}\nlink set {port} up")
            if self.layout == "bonds" and segment in VLANS:
                self._bridge(f"vlan del dev {port} vid 1",
                             f"vlan add dev {port} vid {VLANS[segment]} pvid untagged")
            space.ip("".join(f"address add {address} dev eth0\n" for address in addresses)
                     + "link set eth0 up\n"
                     + (f"route add default via {gateway}\n" if gateway else ""))

    def _bridge(self, *lines):
        done = subprocess.run(["bridge", "-netns", self.switch.name, "-batch", "-"], text=True,
                              input="\n".join(lines) + "\n", capture_output=True)
        if done.returncode:
            raise LabError(f"bridge: {done.stderr.strip()}")

    # -- running

    def start(self, *names):
        """
        Start these routers, or both: r1 first, so that it becomes master; then r2, until it has
        heard r1 in every group.
        """
        for name in names or ("r1", "r2"):
            self.routers[name].start()
            if name == "r1" and not names:
                self.wait_negotiated("r1")
                self.wait_all("r1", "MASTER")
        if not names:
            self.wait_negotiated("r2")
            self.wait_settled()
        return self

    def wait_negotiated(self, name):
        """
        Wait until LACP distributes over all cables of a router.  A new bond carries packets over
        single cables for two seconds, then nothing for some more while both ends negotiate.
        """
        wait_for(lambda: self.negotiated(name), 60, f"LACP on {name}", pause=0.2)

    def negotiated(self, name):
        if self.layout == "plain":
            return True
        wanted = {member for members in MEMBERS.values() for member in members}
        states = {link["ifname"]: link.get("linkinfo", {}).get("info_slave_data", {})
                  for link in self.space(name).show("link") if link["ifname"] in wanted}
        return states.keys() == wanted and all(
            "distributing" in state.get(f"ad_{side}_oper_port_state_str", ())
            for state in states.values() for side in ("actor", "partner"))

    def wait_settled(self):
        wait_for(self.settled, 60, lambda: f"r2 to hear r1: {self.r2.states()}; its log says:\n"
                 + self.r2.log()[-2000:], pause=0.1)

    def settled(self):
        """r1 is master of every group, and r2 stands by and hears it."""
        if not (self.negotiated("r1") and self.negotiated("r2") and self.r1.is_all("MASTER")
                and self.r2.is_all("BACKUP")):
            return False
        return all(
            group.get("master-router") == group_of_r1.get("source-address")
            for group, group_of_r1 in zip(self.r2.groups().values(), self.r1.groups().values()))

    def wait_all(self, name, state, seconds=30):
        """Wait until every group of a router is in this state."""
        self.routers[name].wait_all(state, seconds)

    # -- breaking and mending

    def ports(self, name, segment=None):
        """Ends of a router's cables at the switch; of one bond or segment, or all."""
        if self.layout == "plain":
            return [f"{name}-{s}" for s in LINKS if segment in (None, s)]
        return [f"{name}-{m}" for s, members in MEMBERS.items() for m in members
                if segment in (None, s)]

    def unplug(self, name, segment=None):
        """Pull cables: the router loses the carrier."""
        self.switch.ip("\n".join(f"link set {port} down" for port in self.ports(name, segment)))

    def plug(self, name, segment=None):
        self.switch.ip("\n".join(f"link set {port} up" for port in self.ports(name, segment)))

    def lose_segment(self, name, segment):
        """The switch forgets this segment on the router's port; carrier stays."""
        if self.layout == "bonds":
            self._bridge(f"vlan del dev {name}-b0 vid {VLANS[segment]}")
        else:
            self.switch.ip(f"link set {name}-{segment} nomaster")

    def find_segment(self, name, segment):
        if self.layout == "bonds":
            self._bridge(f"vlan add dev {name}-b0 vid {VLANS[segment]}")
        else:
            self.switch.ip(f"link set {name}-{segment} master {segment}")

    def power_cut(self, name):
        """
        Everything of a router ends at once: no process runs on, no cable carries.  Returns when,
        in seconds since 1970.  The processes are stopped first, or they would see the cables go
        one by one and resign, as a router without power cannot.
        """
        router = self.routers[name]
        pids = sorted(router.pids().values())
        cutter = subprocess.Popen(["ip", "-netns", self.switch.name, "-batch", "-"], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cutter.stdin.write("link show dev lo\n")
        cutter.stdin.flush()
        cutter.stdout.readline()        # it waits for its orders now: no time is lost below
        when = time.time()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        cutter.communicate("".join(f"link set {port} down\n" for port in self.ports(name)))
        if cutter.returncode:
            raise LabError(f"the cables of {name} could not be cut")
        router.kill()
        return when

    def capture(self, kind="vrrp"):
        """What the clients hear on each segment."""
        return Capture({segment: (self.space(client), "eth0")
                        for client, (segment, *_) in CLIENTS.items()}, kind)

    def holder(self, vip):
        """Routers that hold a virtual address."""
        wanted = f"{vip}/{LENGTHS[vip]}"
        return [n for n, router in self.routers.items() if wanted in router.space.addresses()]


class Probes:
    """A probe in each client, to every virtual address it uses; through=True also upstream."""

    def __init__(self, pair, rate=1000, through=False):
        self.running = {}
        self.reports = {}
        for name, (_, _, _, vips) in CLIENTS.items():
            targets = list(vips)
            if through and name in ("c10", "c11"):
                targets.append(UPSTREAM)
            self.running[name] = pair.space(name).popen(
                BUILD + "/lab/probe", "-r", str(rate), *targets, stdout=subprocess.PIPE, text=True)

    def wait_answering(self, seconds=20):
        """Wait until every target has answered."""
        end = time.monotonic() + seconds
        for name, process in self.running.items():
            ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
            line = process.stdout.readline() if ready else ""
            if '"answering"' not in line:
                self.kill()
                raise LabError(f"not every virtual address answers client {name}")
        return self

    def wait_answering_again(self, seconds=20):
        """Wait until every target has answered a request that was sent after this call."""
        for process in self.running.values():
            process.send_signal(signal.SIGUSR1)
        return self.wait_answering(seconds)

    def stop(self):
        """End them and return (client, target) -> report."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for name, process in self.running.items():
            text, _ = process.communicate(timeout=30)
            text = re.sub(r'^\{"event": "answering"\}\n', "", text)
            for report in json.loads(text)["targets"]:
                self.reports[name, report["target"]] = report
        self.running = {}
        return self.reports

    def kill(self):
        for process in self.running.values():
            process.kill()
            process.wait()
        self.running = {}
