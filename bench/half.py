# SPDX-License-Identifier: GPL-2.0-or-later
"""
Half of a gateway (lab/gateway): one router, whose partner has a kernel of its own.  r1 runs here,
r2 in a virtual machine (lab/vm), and each of their three cables is a network card of the machine
whose other end is a tap device in the namespace of r1.  There are no users.

bench/guest.py is what runs in the machine.
"""
import contextlib
import functools
import json
import os
import shutil
import subprocess
import tempfile

from lab.gateway import NUMBERS, Gateway, fingerprint
from lab.network import MEMORY, LabError
from lab.router import TOP

LINKS = ("lan0", "wan0", "sync0")
INTERVAL = 1000                 # of advertisements, ms: an emulated processor may be late
START_SECONDS = 60
MEMORY_MIB = 1536


class Half(Gateway):
    """Router r1 or r2; keys: a folder in which a state directory of either has its key."""

    def __init__(self, name, keys, **options):
        self.names = (name,)
        self.keys = keys
        super().__init__(interval=INTERVAL, **options)

    def _fingerprints(self):
        for name, router in self.routers.items():
            shutil.copytree(f"{self.keys}/{name}", router.folder + "/state", dirs_exist_ok=True)
            fingerprint(router.folder + "/state")
        return {name: fingerprint(f"{self.keys}/{name}") for name in NUMBERS}

    def _build(self):
        name, = self.names
        space = self.network.add(name)
        for number, link in enumerate(LINKS):
            if name == "r1":
                space.ip(f"tuntap add dev {link} mode tap")
            else:
                subprocess.run(["ip", "link", "set", f"eth{number}", "name", link, "netns",
                                space.name], check=True)
        self._prepare(space)
        for link in LINKS:
            space.ip(f"link set {link} up")


class Machine:
    """The virtual machine in which r2 runs; it tells line by line how far it is."""

    def __init__(self, half, *words):
        space = half.network.spaces["r1"]
        cards = sum((["--card", link] for link in LINKS), [])
        self.log = half.keys + "/log"
        with open(self.log, "w") as log:
            self.process = space.popen(
                TOP + "/lab/vm", "--memory", str(MEMORY_MIB), "--timeout", "300",
                "--share", half.keys, *cards, "/usr/bin/python3", "-m", "bench.guest", half.keys,
                *words, cwd=TOP, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log)

    def hear(self):
        """The next thing that it tells."""
        line = self.process.stdout.readline()
        if not line:
            with open(self.log, errors="replace") as log:
                raise LabError(f"the virtual machine ended: {log.read()[-3000:]}")
        return json.loads(line)

    def close(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def pair_of_kernels(keeper_class, *words, **options):
    """(keeper of r1, the machine): nothing runs on r1; in the machine what bench/guest.py does."""
    with contextlib.ExitStack() as stack:
        keys = stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY, prefix="tandem-keys-"))
        for name in NUMBERS:
            os.mkdir(f"{keys}/{name}")
            fingerprint(f"{keys}/{name}")
        keeper = stack.enter_context(keeper_class(
            make=functools.partial(Half, "r1", keys), **options))
        machine = stack.enter_context(contextlib.closing(
            Machine(keeper.gateway, keeper_class.name, *words)))
        yield keeper, machine
