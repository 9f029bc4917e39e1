# SPDX-License-Identifier: GPL-2.0-or-later
"""
What changes in a router's kernel, as the kernel tells it: "ip monitor" with times.
"""
import contextlib
import datetime
import re
import subprocess
import tempfile

from lab.network import LabError, process_state, wait_for


class Watch:
    """Kernel notifications of a namespace while the "with" block runs."""

    def __init__(self, space, *objects):
        self.space = space
        self.objects = objects or ("link", "address")
        self.file = tempfile.TemporaryFile("w+")

    def __enter__(self):
        self.process = self.space.popen("ip", "-tshort", "-oneline", "monitor", *self.objects,
                                        stdout=self.file, stderr=subprocess.DEVNULL)
        wait_for(self._socket, 20, "ip monitor")
        return self

    def _socket(self):
        """Its netlink socket's line in the kernel's table, once it has bound it."""
        if self.process.poll() is not None:
            raise LabError("ip monitor ended")
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.process.pid}/net/netlink") as table:
                return next((line.split() for line in table
                             if line.split()[2] == str(self.process.pid)), None)

    def _has_read_all(self):
        """Nothing waits in its socket, and it waits for more."""
        line = self._socket()
        return line and line[4] == "0" and process_state(self.process.pid) == "S"

    def __exit__(self, *what):
        try:
            wait_for(self._has_read_all, 20, "ip monitor to read what it was told")
        finally:
            self.process.terminate()
            self.process.wait()

    def lines(self):
        """[(seconds since 1970, text)]"""
        self.file.seek(0)
        found = []
        for line in self.file.read().splitlines():
            parts = re.match(r"\[(\S+)\] (.*)", line)
            if parts:
                when = datetime.datetime.fromisoformat(parts.group(1)).timestamp()
                found.append((when, re.sub(r"\s+", " ", parts.group(2).replace("\\", " "))))
        return found

    def address_events(self):
        """[(seconds since 1970, interface, "address/length", added)]"""
        found = []
        for when, text in self.lines():
            parts = re.match(r"(Deleted )?\d+: (\S+) inet (\S+)", text)
            if parts:
                found.append((when, parts.group(2), parts.group(3), not parts.group(1)))
        return found
