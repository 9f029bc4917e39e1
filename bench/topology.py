# SPDX-License-Identifier: GPL-2.0-or-later
"""
The network of a measurement: two routers, a switch and a client, and the addresses of every group.

        r1  10.N.0.1        r2  10.N.0.2
           |                   |
    =======+========+==========+=====   segment N, 1..16: a bridge in the switch's namespace
                    |
              client  10.N.0.10

Group V of segment N has the virtual addresses 10.N.V.10, .11, ...  r1 is the master to be, with
priority 200; r2 stands by with 100.  Knows nothing of the products that run there.
"""
import os
import shutil
from dataclasses import dataclass

from lab.network import Network, wait_for

PRIORITIES = {"r1": 200, "r2": 100}
HOSTS = {"r1": 1, "r2": 2, "client": 10}
SHARED = "192.0.2.1"            # held by both routers: reached through a virtual address


@dataclass(frozen=True)
class Plan:
    """How many groups there are, and how they are timed."""
    groups: int
    addresses: int              # in each group
    interval: int               # milliseconds between advertisements
    segments: int = 1

    @property
    def version(self):
        return 2 if self.interval >= 1000 else 3

    @property
    def name(self):
        return f"{self.groups}x{self.addresses}@{self.interval}"

    @property
    def timing(self):
        return f"version {self.version}, {self.interval} ms"

    def keys(self):
        """Every group: (segment from 0, group number)."""
        share = -(-self.groups // self.segments)
        assert share <= 255
        return [(n // share, n % share + 1) for n in range(self.groups)]

    def virtual(self, key):
        """Virtual addresses of a group."""
        segment, vrid = key
        return [f"10.{segment + 1}.{vrid}.{10 + n}" for n in range(self.addresses)]

    def owners(self):
        """Virtual address -> group."""
        return {address: key for key in self.keys() for address in self.virtual(key)}

    def down_interval(self, priority=PRIORITIES["r2"]):
        """
        Seconds of silence after which a backup takes over: RFC 3768 6.1, RFC 9568 6.1, exact, not
        rounded to any product's clock.
        """
        interval = self.interval / 1000
        skew = (256 - priority) / 256 * (1 if self.version == 2 else interval)
        return 3 * interval + skew


def link(segment):
    """Name of an interface in every namespace but the switch's."""
    return f"lan{segment}"


def real(router, segment):
    return f"10.{segment + 1}.0.{HOSTS[router]}"


class Topology:
    """The network, up, with nothing running in it; gone when the block ends."""

    def __init__(self, plan):
        self.plan = plan
        self.network = Network()
        self.folder = f"/dev/shm/tandem-bench-{os.getpid()}"
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self):
        self.switch = self.network.add("sw")
        self.r1 = self.network.add("r1")
        self.r2 = self.network.add("r2")
        self.client = self.network.add("client")
        places = {"r1": self.r1, "r2": self.r2, "client": self.client}
        for name in ("r1", "r2"):
            places[name].sysctl(ip_forward=1, conf__all__send_redirects=0,
                                conf__default__send_redirects=0)
            places[name].ip(f"address add {SHARED}/32 dev lo")
        lines = []
        for segment in range(self.plan.segments):
            lines.append(f"link add br{segment} type bridge stp_state 0 forward_delay 0"
                         " mcast_snooping 0")
            lines.append(f"link set br{segment} up")
            for name in places:
                lines.append(f"link add {name}-{segment} type veth peer name {link(segment)}"
                             f" netns {places[name].name}")
                lines.append(f"link set {name}-{segment} master br{segment} up")
        self.switch.ip("\n".join(lines))
        for name, space in places.items():
            space.ip("\n".join(
                f"address add {real(name, segment)}/16 dev {link(segment)}\n"
                f"link set {link(segment)} up" for segment in range(self.plan.segments)))
        wait_for(self._forwards, 10, "the switch to forward")
        self.client.ip(f"route add {SHARED} via {self.plan.virtual((0, 1))[0]}")

    def _forwards(self):
        """The kernel tells a bridge of its ports' carriers when it likes."""
        states = [port.get("linkinfo", {}).get("info_slave_data", {}).get("state")
                  for port in self.switch.show("link") if "master" in port]
        return set(states) == {"forwarding"}

    def unplug(self, name):
        """Every port of a router at the switch goes down."""
        self.switch.ip("\n".join(f"link set {name}-{segment} down"
                                 for segment in range(self.plan.segments)))

    def close(self):
        self.network.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()
