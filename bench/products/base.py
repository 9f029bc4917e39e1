# SPDX-License-Identifier: GPL-2.0-or-later
"""What the products have in common: a router of the topology and processes that are ended."""
import contextlib
import os
import subprocess

from bench.topology import PRIORITIES
from lab.network import LabError, alive


class NotOffered(Exception):
    """The product has no such operation, or cannot run this plan."""


class Product:
    """One router of the pair; nothing runs until start()."""
    name = ""
    engine = ()                 # those of processes() that speak VRRP
    answers_requests = True     # add_address() returns when the change is in force
    moves_addresses = True      # the master alone has the virtual addresses

    def __init__(self, topology, router):
        self.topology = topology
        self.plan = topology.plan
        self.router = router
        self.space = getattr(topology, router)
        self.priority = PRIORITIES[router]
        self.folder = f"{topology.folder}/{router}"
        os.makedirs(self.folder, exist_ok=True)
        self.extra = {}         # group -> addresses added later

    @classmethod
    def refuses(cls, plan):
        """Why it cannot run this plan, or None."""

    @classmethod
    def version(cls):
        raise NotImplementedError

    def addresses(self, key):
        return self.plan.virtual(key) + self.extra.get(key, [])

    def ready(self):
        return True

    def reset(self):
        raise NotOffered("no such command")

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w") as file:
            file.write(text)
        return path

    def launch(self, *words):
        """Start a process whose output goes into a file."""
        with open(f"{self.folder}/output", "a") as output:
            return self.space.popen(*words, stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=output, start_new_session=True)

    def output(self):
        with contextlib.suppress(OSError):
            with open(f"{self.folder}/output", errors="replace") as file:
                return file.read()[-2000:]
        return ""

    def named(self, names):
        """{process name: pid} of processes that live on this router; several of a name count."""
        found = {}
        for pid in self.space.pids():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/comm") as comm:
                    name = comm.read().strip()
                if name in names and alive(pid):
                    found[name if name not in found else f"{name}-{pid}"] = pid
        return found


def first_line(*words):
    """What a program says of its version."""
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        raise LabError(f"{words[0]}: {error.strerror}; see lab/install") from None
    return ((done.stdout or done.stderr).strip().splitlines() or ["?"])[0]
