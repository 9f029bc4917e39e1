# SPDX-License-Identifier: GPL-2.0-or-later
"""
A pair for tests of what groups track, run and refuse: version 3 at a tenth of a second, so that a
test need not wait, on the plain layout of the seed pair.

      c10 --- v10: group 10 --- r1, r2 --- b1: group 1 --- up        both in sync group S
"""
import os

from lab.network import wait_for
from lab.pair import Pair

V10, B1 = ("dp0bond0.10", 10), ("dp0bond1", 1)
GROUP10 = "interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 10"
GROUP1 = "interfaces bonding dp0bond1 vrrp vrrp-group 1"
VIP, INNER = "10.100.105.177", "10.100.105.180"
OUTER_VIP, UP = "169.110.21.26", "169.110.21.27"


def configuration(name, *lines):
    first = name == "r1"
    priority = 200 if first else 100
    text = f"""
set interfaces bonding dp0bond0 vif 10 address '192.168.255.{81 if first else 82}/30'
set interfaces bonding dp0bond0 vif 10 address '10.100.105.{178 if first else 179}/28'
set {GROUP10} virtual-address '{VIP}/28'
set interfaces bonding dp0bond1 address '169.110.20.{28 if first else 29}/29'
set {GROUP1} virtual-address '{OUTER_VIP}/29'
"""
    for group in (GROUP10, GROUP1):
        text += f"""set {group} version 3
set {group} fast-advertise-interval 100
set {group} accept true
set {group} priority {priority}
set {group} preempt true
set {group} sync-group S
"""
    return text + "".join(f"set {line}\n" for line in lines)


class Duo(Pair):
    """Both routers with the same further lines, started, r1 master."""

    def __init__(self, *lines):
        super().__init__("plain", {name: configuration(name, *lines) for name in ("r1", "r2")})
        try:
            self.r1.start(wait=False)
            self.r2.start(wait=False)
            for router in (self.r1, self.r2):
                wait_for(router.answers, 20, "the API")
            self.wait_state("r1", "MASTER", 20)
            self.wait_state("r2", "BACKUP", 20)
        except BaseException:
            self.close()
            raise

    def states_of(self, name):
        states = self.routers[name].states()
        return {states.get(V10), states.get(B1)}

    def wait_state(self, name, state, seconds=20):
        wait_for(lambda: self.states_of(name) == {state}, seconds,
                 lambda: f"{name} to be {state}: {self.routers[name].states()}\n"
                         + self.routers[name].log()[-2000:])

    def script(self, name, text):
        """An executable of root's at a place where everybody may run it; its path."""
        path = f"{self.folder}/{name}"
        with open(path + ".new", "w") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)          # the one of before may run at this moment
        return path

    def notes(self):
        """A folder where scripts may write."""
        path = self.folder + "/notes"
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o1777)
        return path


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""
