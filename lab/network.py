# SPDX-License-Identifier: GPL-2.0-or-later
"""
Network namespaces and what is in them.  Knows nothing of routers or VRRP.

Namespaces and folders are called tandem-PID-NAME after the process that made them.  They are
removed when it ends in any orderly way; those of a process that was killed, by the next one.
"""
import atexit
import contextlib
import ctypes
import glob
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
LOOK = 0.1              # seconds that a look at a condition takes, with the pause behind it
NETNS = "/run/netns/"
# Where run files lie in memory, as /run does on a router; here it may be on a disk.
MEMORY = "/dev/shm"


class LabError(Exception):
    """Something the laboratory itself needs did not work."""


def wait_for(condition, seconds, what, pause=0.02):
    """
    Wait until condition() is true and return its value; LabError after so many seconds.  A look
    that takes longer than LOOK tells of a machine that is busy, or stood still: what is waited for
    had no more time than that, and so much counts.
    """
    waited, before = 0.0, time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        if waited >= seconds:
            raise LabError(f"waited {seconds:g} s in vain for: {told(what)}")
        time.sleep(pause)
        now = time.monotonic()
        waited += min(now - before, max(LOOK, 2 * pause))
        before = now


def stays(condition, seconds, what, pause=0.05):
    """condition() is true now and remains so for so many seconds; LabError when it is not."""
    begun = time.monotonic()
    while condition():
        past = time.monotonic() - begun
        if past >= seconds:
            return
        time.sleep(min(pause, seconds - past))
    raise LabError(f"after {time.monotonic() - begun:.2f} of {seconds:g} s no longer: {told(what)}")


def told(what):
    return what() if callable(what) else what


def watch_for(seconds):
    """
    Look on for so long: nothing more may happen, or what does is recorded and judged afterwards.
    Where something is to happen, wait_for() it; where something is to remain, see that it stays().
    """
    time.sleep(max(0.0, seconds))


def let_last(seconds):
    """What was just done to a router or its network lasts so long before the next is done."""
    time.sleep(max(0.0, seconds))


def precede():
    """This thread goes before what merely runs: it plays a router, and those have priority, too."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def process_state(pid):
    """The letter by which /proc tells what a process does; None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return None


def alive(pid):
    """Is there such a process, and is it more than a zombie?"""
    return process_state(pid) not in (None, "Z")


class Space:
    """One network namespace."""

    def __init__(self, name):
        self.name = name
        self.path = NETNS + name

    def ip(self, script):
        """Run lines of ip(8) commands in one go."""
        lines = [line.strip() for line in script.splitlines() if line.strip()]
        done = subprocess.run(["ip", "-netns", self.name, "-batch", "-"], text=True,
                              input="\n".join(lines) + "\n", capture_output=True)
        if done.returncode:
            raise LabError(f"ip in {self.name}: {done.stderr.strip()}\n" + "\n".join(
                f"{number:4} {line}" for number, line in enumerate(lines, 1)))

    def show(self, *words):
        """What "ip -json WORDS" answers."""
        done = subprocess.run(["ip", "-netns", self.name, "-details", "-json", *words], text=True,
                              capture_output=True)
        if done.returncode:
            raise LabError(f"ip {' '.join(words)} in {self.name}: {done.stderr.strip()}")
        return json.loads(done.stdout or "[]")

    def command(self, *words):
        """The command line that runs these words here."""
        return ["nsenter", "--net=" + self.path, "--", *words]

    def run(self, *words, **options):
        options = {"text": True, "capture_output": True, **options}
        return subprocess.run(self.command(*words), **options)

    def popen(self, *words, **options):
        return subprocess.Popen(self.command(*words), **options)

    def sysctl(self, **values):
        """Set net.ipv4 values: names with "__" for "/"."""
        script = "".join(f"echo {value} >/proc/sys/net/ipv4/{name.replace('__', '/')};"
                         for name, value in values.items())
        self.run("sh", "-c", script, check=True)

    @contextlib.contextmanager
    def inside(self):
        """Sockets opened in this block belong to this namespace."""
        with open("/proc/thread-self/ns/net") as home, open(self.path) as here:
            enter(here)
            try:
                yield
            finally:
                enter(home)

    def addresses(self, interface=None):
        """IPv4 addresses in use here, those of links that are down left out: "address/length"."""
        found = set()
        for link in self.show("-4", "address"):
            if interface in (None, link.get("ifname")) and "UP" in link.get("flags", ()):
                found |= {f"{a['local']}/{a['prefixlen']}" for a in link.get("addr_info", ())}
        return found

    def pids(self):
        """Processes that live here."""
        inode = os.stat(self.path).st_ino
        found = []
        for path in glob.glob("/proc/[0-9]*"):
            with contextlib.suppress(OSError):
                if os.stat(path + "/ns/net").st_ino == inode:
                    found.append(int(path[6:]))
        return sorted(found)


def enter(file):
    if LIBC.setns(file.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Network:
    """A set of namespaces with cables between them, and folders; gone when it is closed."""

    numbers = itertools.count(1)

    def __init__(self):
        sweep()
        self.prefix = f"tandem-{os.getpid()}-{next(Network.numbers)}-"
        self.spaces = {}
        self.folders = []
        atexit.register(self.close)

    def add(self, name):
        """A new namespace with its loopback up."""
        space = Space(self.prefix + name)
        done = subprocess.run(["ip", "netns", "add", space.name], text=True, capture_output=True)
        if done.returncode:
            raise LabError(f"ip netns add {space.name}: {done.stderr.strip()}")
        self.spaces[name] = space
        space.ip("link set lo up")
        return space

    def folder(self, name):
        """A new folder in memory for the files of what runs here."""
        path = f"{MEMORY}/{self.prefix}{name}"
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        self.folders.append(path)
        return path

    def cable(self, space, interface, other_space, other_interface):
        """A virtual cable; both ends are down."""
        space.ip(f"link add {interface} type veth peer name {other_interface}"
                 f" netns {other_space.name}")

    def close(self):
        for space in self.spaces.values():
            remove(space)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        self.spaces, self.folders = {}, []
        atexit.unregister(self.close)


def remove(space):
    """Kill what runs in a namespace and remove it."""
    if not os.path.exists(space.path):
        return
    with contextlib.suppress(OSError):
        for pid in space.pids():
            if pid != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", space.name], capture_output=True)


def sweep():
    """Remove namespaces and folders whose maker was killed."""
    for path in glob.glob(NETNS + "tandem-*") + glob.glob(MEMORY + "/tandem-*"):
        name = os.path.basename(path)
        maker = re.match(r"tandem-(\d+)-", name)
        if maker and not alive(int(maker.group(1))):
            remove(Space(name))
            shutil.rmtree(f"{MEMORY}/{name}", ignore_errors=True)


def end_on_signals():
    """Let SIGTERM and SIGHUP end the process in the orderly way that cleans up."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
