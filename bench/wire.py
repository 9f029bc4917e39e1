# SPDX-License-Identifier: GPL-2.0-or-later
"""
Reads what the helpers wire, watch and asker wrote down, while they still write: who speaks for
which group, who announced and answered for which address, which addresses came and went.
"""
import contextlib
import json
import select
import socket
import struct
import subprocess
from collections import defaultdict

from lab.network import LabError
from lab.router import BUILD

ADVERT, ARP, NEIGHBOUR = 1, 2, 3
FRAME = struct.Struct("=QBBBBBBBBH6s16s16s")
EVENT = struct.Struct("=QIBBBB16s")


def helper(name):
    return f"{BUILD}/bench/bench-{name}"


class Helper:
    """A helper that writes records of one size into a file."""

    def __init__(self, space, record, name, output, *words):
        self.record = record
        self.name = name
        self.process = space.popen(helper(name), output, *words, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 10)
        if not ready or '"ready"' not in self.process.stdout.readline():
            raise LabError(f"bench-{name} did not start; is {BUILD} built?")
        self.file = open(output, "rb")
        self.rest = b""
        self.totals = None

    def records(self):
        """Whole records written since the last call."""
        data = self.rest + self.file.read()
        whole = len(data) - len(data) % self.record.size
        self.rest = data[whole:]
        return self.record.iter_unpack(data[:whole])

    def stop(self):
        """End it and keep its totals; what it wrote last is there to be read."""
        if self.totals is None:
            text, _ = self.process.communicate(timeout=20)
            self.totals = json.loads(text)
        return self.totals

    def close(self):
        with contextlib.suppress(Exception):
            self.process.kill()
            self.process.communicate(timeout=5)
        self.file.close()


class Wire(Helper):
    """
    What the client hears.  Times are the kernel's, in seconds since 1970.  A router is named by
    the source address of its advertisements, which is a real one.
    """

    def __init__(self, topology, names=("r1", "r2")):
        from bench.topology import link, real
        plan = topology.plan
        super().__init__(topology.client, FRAME, "wire", topology.folder + "/wire",
                         *[link(n) for n in range(plan.segments)])
        self.names = {socket.inet_aton(real(name, n)): name
                      for name in names for n in range(plan.segments)}
        self.clients = {socket.inet_aton(real("client", n)) for n in range(plan.segments)}
        self.owners = {socket.inet_aton(address): (address, key)
                       for address, key in plan.owners().items()}
        self.adverts = defaultdict(list)        # (router, group) -> [(time, priority, count)]
        self.speakers = {}                      # group -> router that spoke last
        self.changes = []                       # [(time, group, router)] the speaker changed
        self.announced = defaultdict(list)      # address -> [time]
        self.answered = defaultdict(list)       # address -> [time]

    def read(self):
        """Take in what was heard since the last call."""
        for (nanoseconds, kind, segment, _, operation, _, vrid, priority, count, _, _, source,
             target) in self.records():
            time = nanoseconds / 1e9
            if kind == ADVERT:
                self._advert(time, (segment, vrid), self.names.get(source[:4]), priority, count)
            elif kind == ARP and source[:4] in self.owners:
                address = self.owners[source[:4]][0]
                if source[:4] == target[:4]:
                    self.announced[address].append(time)
                elif operation == 2 and target[:4] in self.clients:
                    self.answered[address].append(time)
        return self

    def _advert(self, time, key, router, priority, count):
        self.adverts[router, key].append((time, priority, count))
        if priority and self.speakers.get(key) != router:
            if key in self.speakers:
                self.changes.append((time, key, router))
            self.speakers[key] = router

    def speaks(self, router, keys):
        """Is this router the one heard last in all these groups?"""
        self.read()
        return all(self.speakers.get(key) == router for key in keys)

    def times(self, router, key, since=0.0, until=float("inf")):
        return [time for time, _, _ in self.adverts[router, key] if since <= time <= until]

    def finish(self):
        """Stop listening; LabError if anything was missed."""
        totals = self.stop()
        self.read()
        if totals["dropped"]:
            raise LabError(f"the capture lost {totals['dropped']} of {totals['frames']} frames")
        return self


class Watch(Helper):
    """Addresses that come and go on a router."""

    def __init__(self, topology, name):
        super().__init__(getattr(topology, name), EVENT, "watch", f"{topology.folder}/watch-{name}")
        self.wanted = {socket.inet_aton(a): a for a in topology.plan.owners()}
        self.held = set()
        self.added = []                         # [(time, address)] that was not there before
        self.removed = []

    def read(self):
        for nanoseconds, interface, added, family, _, _, address in self.records():
            name = self.wanted.get(address[:4]) if family == 4 else None
            if name is None:
                continue
            if added and (interface, name) not in self.held:
                self.held.add((interface, name))
                self.added.append((nanoseconds / 1e9, name))
            elif not added and (interface, name) in self.held:
                self.held.remove((interface, name))
                self.removed.append((nanoseconds / 1e9, name))
        return self

    def finish(self):
        totals = self.stop()
        self.read()
        if totals["overruns"]:
            raise LabError("the kernel dropped news of addresses")
        return self


class Asker:
    """A client that asks for every virtual address of the first segment from go() on."""

    def __init__(self, topology, addresses, rate=5000):
        from bench.topology import link, real
        self.process = topology.client.popen(
            helper("asker"), link(0), real("client", 0), str(rate), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.process.stdin.write("".join(address + "\n" for address in addresses))
        self.process.stdin.flush()

    def go(self, since=None):
        """Since when announcements count; now, when nothing is said."""
        self.process.stdin.write("go\n" if since is None else f"go {since:.6f}\n")
        self.process.stdin.flush()

    def done(self):
        """Have all been answered?"""
        return self.process.poll() is not None

    def stop(self):
        text, _ = self.process.communicate(timeout=20)
        return json.loads(text) if text else {"asked": 0, "answered": 0}

    def close(self):
        with contextlib.suppress(Exception):
            self.process.kill()
            self.process.communicate(timeout=5)
