# SPDX-License-Identifier: GPL-2.0-or-later
"""
FRR, of the distribution: zebra and vrrpd, without the other daemons and without watchfrr.

FRR wants every group prepared for it: a macvlan with the virtual MAC that already holds the virtual
addresses; it says only whether the macvlan may speak.  So addresses never come or go, and what a
client sees of a takeover is the announcement.
"""
import json
import os
import shutil
import signal
import time

from bench.products.base import NotOffered, Product, first_line
from bench.topology import link
from lab.network import LabError, wait_for

FOLDER = "/usr/lib/frr/"
USER = "frr"
GROUPS_MAX = 1000


class Frr(Product):
    name = "frr"
    engine = ("vrrpd",)
    moves_addresses = False

    def __init__(self, topology, router):
        super().__init__(topology, router)
        self.children = {}

    @classmethod
    def version(cls):
        return first_line(FOLDER + "vrrpd", "--version")

    @classmethod
    def refuses(cls, plan):
        if plan.groups > GROUPS_MAX:
            return f"one macvlan a group: not beyond {GROUPS_MAX} groups here"
        return None

    @staticmethod
    def _macvlan(key):
        return f"v{key[0]}-{key[1]}"

    def _prepare(self):
        """The macvlans; they outlive the daemons."""
        lines = []
        for key in self.plan.keys():
            segment, vrid = key
            name = self._macvlan(key)
            lines.append(f"link add {name} link {link(segment)} address 00:00:5e:00:01:{vrid:02x}"
                         " type macvlan mode bridge")
            lines += [f"address add {a}/32 dev {name}" for a in self.addresses(key)]
            lines.append(f"link set {name} addrgenmode none up")
        self.space.ip("\n".join(lines))

    def configuration(self):
        lines = []
        for segment in range(self.plan.segments):
            lines.append(f"interface {link(segment)}")
            for key in self.plan.keys():
                if key[0] != segment:
                    continue
                group = f" vrrp {key[1]}"
                lines += [f"{group} version {self.plan.version}",
                          f"{group} priority {self.priority}",
                          f"{group} advertisement-interval {self.plan.interval}"]
                lines += [f"{group} ip {a}" for a in self.addresses(key)]
            lines.append("exit")
        return "\n".join(lines) + "\n"

    def start(self):
        if not self.children:
            self._prepare()
            shutil.chown(self.folder, USER, USER)
        for daemon in ("zebra", "vrrpd"):
            self.write(daemon + ".conf", self.configuration() if daemon == "vrrpd" else "")
            self.children[daemon] = self.launch(
                FOLDER + daemon, "-u", USER, "-g", USER, "-f", f"{self.folder}/{daemon}.conf",
                "-i", f"{self.folder}/{daemon}.pid", "--vty_socket", self.folder,
                "-z", self.folder + "/zserv.api", "-A", "127.0.0.1", "-P", "0",
                *(("-s", str(64 << 20)) if daemon == "zebra" else ()))
            if daemon == "zebra":
                wait_for(lambda: os.path.exists(self.folder + "/zserv.api"), 10,
                         lambda: f"zebra:\n{self.output()}")

    def vtysh(self, *commands):
        words = [word for command in commands for word in ("-c", command)]
        done = self.space.run("vtysh", "--vty_socket", self.folder, "-d", "vrrpd", *words,
                              timeout=120)
        if done.returncode:
            raise LabError(f"vtysh: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        return done.stdout

    def ready(self):
        try:
            groups = json.loads(self.vtysh("show vrrp json"))
        except (LabError, ValueError):
            return False
        states = [group["v4"]["status"] for group in groups]
        return len(states) == self.plan.groups and set(states) <= {"Master", "Backup"}

    def processes(self):
        return {name: child.pid for name, child in self.children.items() if child.poll() is None}

    def stop(self):
        """As its service does: every daemon gets SIGTERM, those that need zebra first."""
        for daemon in ("vrrpd", "zebra"):
            self.children[daemon].send_signal(signal.SIGTERM)
            self.children[daemon].wait(30)

    def set_priority(self, priority):
        self.priority = priority
        commands = ["configure terminal"]
        for segment in range(self.plan.segments):
            commands.append(f"interface {link(segment)}")
            commands += [f"vrrp {vrid} priority {priority}" for at, vrid in self.plan.keys()
                         if at == segment]
        self.vtysh(*commands)

    def add_address(self, key, address):
        if self.router != "r1":
            raise NotOffered("only the master is changed")
        self.space.ip(f"address add {address}/32 dev {self._macvlan(key)}")
        when = time.time()
        self.vtysh("configure terminal", f"interface {link(key[0])}", f"vrrp {key[1]} ip {address}")
        return when
