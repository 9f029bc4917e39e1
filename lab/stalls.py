# SPDX-License-Identifier: GPL-2.0-or-later
"""
When the machine stood still.  On every processor a process that precedes all others asks to run
every few milliseconds; what it is late by, no router can be blamed for: the host had no time for
the processor.  A router that keeps a processor busy itself is no stall, for it is preempted.
"""
import contextlib
import os
import struct
import subprocess
import sys
import tempfile
import time

from lab.network import MEMORY, wait_for

TICK = 0.05 if "TANDEM_LAB_VM" in os.environ else 0.005
LATE = TICK / 5         # less than that is how long any timer takes
PAIR = struct.Struct("dd")


class Watcher:
    """Watches one processor from another process, until this one ends."""

    def __init__(self, processor):
        self.file = tempfile.TemporaryFile(dir=MEMORY)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab.stalls", str(processor), str(os.getpid())],
            stdin=subprocess.DEVNULL, stdout=self.file, start_new_session=True,
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.taken = PAIR.size
        self.stalls = []                # (begun, ended), in seconds since 1970

    def awake(self):
        """When it ran last."""
        found = os.pread(self.file.fileno(), PAIR.size, 0)
        return PAIR.unpack(found)[0] if found else 0.0

    def update(self):
        data = os.pread(self.file.fileno(), 1 << 20, self.taken)
        data = data[:len(data) - len(data) % PAIR.size]
        self.taken += len(data)
        self.stalls += PAIR.iter_unpack(data)
        return self.stalls


WATCHERS = []


def watch():
    """Begin to watch, once and for all."""
    if not WATCHERS:
        WATCHERS.extend(Watcher(processor) for processor in os.sched_getaffinity(0))
        wait_for(lambda: all(one.awake() for one in WATCHERS), 60, "the watch for stalls")


def between(start, end):
    """Stalls, of whatever processor, between two times since 1970: [(begun, ended)] in order."""
    watch()
    wait_for(lambda: all(one.awake() > end for one in WATCHERS), 60, "the stall to end",
             pause=TICK)
    return sorted(stall for one in WATCHERS for stall in one.update()
                  if stall[1] > start and stall[0] < end)


def stalled(start, end):
    """The seconds between two times in which some processor stood still."""
    total, reached = 0.0, start
    for begun, ended in between(start, end):
        total += max(0.0, min(ended, end) - max(begun, reached))
        reached = max(reached, ended)
    return total


def longest(start, end):
    """The seconds of the longest stall between two times."""
    return max((ended - begun for begun, ended in between(start, end)), default=0.0)


def main(processor, parent):
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {processor})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
    at = PAIR.size
    while os.getppid() == parent:
        before = time.time()
        time.sleep(TICK)
        now = time.time()
        if now - before > TICK + LATE:
            os.pwrite(1, PAIR.pack(before + TICK, now), at)
            at += PAIR.size
        os.pwrite(1, PAIR.pack(now, 0), 0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
