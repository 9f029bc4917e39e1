# SPDX-License-Identifier: GPL-2.0-or-later
"""
What changes in a router's kernel, as the kernel tells it: "ip monitor" with times.
"""
import contextlib
import datetime
import re
import subprocess
import tempfile
import time

from lab.network import LabError, wait_for


class Watch:
    """Kernel notifications of a namespace while the "with" block runs."""

    def __init__(self, space, *objects):
        self.space = space
        self.objects = objects or ("link", "address")
        self.file = tempfile.TemporaryFile("w+")

    def __enter__(self):
        self.process = self.space.popen("ip", "-tshort", "-oneline", "monitor", *self.objects,
                                        stdout=self.file, stderr=subprocess.DEVNULL)
        wait_for(self._listens, 5, "ip monitor")
        return self

    def _listens(self):
        """It has bound its netlink socket."""
        if self.process.poll() is not None:
            raise LabError("ip monitor ended")
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.process.pid}/net/netlink") as table:
                return any(line.split()[2] == str(self.process.pid) for line in table)
        return False

    def __exit__(self, *what):
        time.sleep(0.05)                # what was sent before is in its socket by now
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
