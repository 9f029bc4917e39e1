# SPDX-License-Identifier: GPL-2.0-or-later
"""
Who keeps connections on both routers of the gateway (lab/gateway): Tandem's connsync, as it is
shipped (paired and sealed) or open, conntrackd of the distribution with keepalived (its external
cache, committed at a takeover by the script that comes with it; or injecting directly), or nobody.
"""
import contextlib
import os
import re
import signal
import subprocess

from bench.products.base import first_line
from lab.gateway import NUMBERS, UNAUTHENTICATED, Gateway, sync
from lab.network import LabError, wait_for
from lab.router import BUILD

SCRIPT = "/usr/share/doc/conntrackd/examples/sync/primary-backup.sh"
KEEPALIVED = """global_defs {{
  script_user root
}}
vrrp_sync_group S {{
  group {{
    lan
    wan
  }}
{notify}}}
"""
INSTANCE = """vrrp_instance {name} {{
  state BACKUP
  nopreempt
  interface {link}
  virtual_router_id {net}
  priority {priority}
  version 3
  advert_int {seconds:g}
  virtual_ipaddress {{
    10.{net}.0.254/16
  }}
}}
"""
CONNTRACKD = """Sync {{
  Mode FTFW {{
    ResendQueueSize 131072
    ACKWindowSize 300
    DisableExternalCache {direct}
  }}
  UDP {{
    IPv4_address 10.3.0.{number}
    IPv4_Destination_Address 10.3.0.{other}
    Port 3780
    Interface sync0
    SndSocketBuffer 16777216
    RcvSocketBuffer 16777216
    Checksum on
  }}
}}
General {{
  HashSize 131072
  HashLimit 1048576
  LockFile {folder}/lock
  UNIX {{
    Path {folder}/ctl
  }}
  NetlinkBufferSize 67108864
  NetlinkBufferSizeMaxGrowth 268435456
  Filter From Kernelspace {{
    Address Ignore {{
      IPv4_address 127.0.0.1
      IPv4_address 10.3.0.1
      IPv4_address 10.3.0.2
    }}
  }}
}}
"""


class Connections:
    """The gateway with one of them; base of the others: Tandem with connsync."""
    name = "tandem"
    answers_requests = True
    paired = True
    in_kernel = True            # the backup's kernel has the connections

    def __init__(self, nat=True, at_once=False, make=Gateway):
        """
        at_once: nothing waits to see whether it is over soon, where there is such a wait; make: of
        what they are the routers.
        """
        self.gateway = make(nat=nat, connsync=self.connsync(at_once), paired=self.paired)
        self.processes = {}

    @classmethod
    def version(cls):
        return first_line(f"{BUILD}/src/daemon/tandemd", "--version")

    def connsync(self, at_once):
        return ("set service connsync hold-down 0",) if at_once else ()

    def start(self):
        self.start_master()
        self.start_backup()
        self.wait_calm()
        return self

    def start_master(self):
        router = self.gateway.r1.start()
        wait_for(lambda: router.is_all("MASTER"), 10, lambda: f"r1: {router.states()}")

    def start_backup(self):
        self.gateway.r2.start()

    def wait_calm(self):
        router = self.gateway.r2
        wait_for(lambda: router.is_all("BACKUP"), 10, lambda: f"r2: {router.states()}")
        self.gateway.wait_synced()
        # What follows a start only is no part of what is measured.
        wait_for(lambda: not sync(router).get("settling"), 30, "r2 to have settled")

    def pids(self, router):
        return [self.gateway.routers[router].pids()["flowsync"]]

    def held(self):
        """Connections that r2 has for r1: in its kernel, where that is where it has them."""
        return self.tracked("r2")

    def tracked(self, router):
        """Connections in a router's kernel."""
        done = self.gateway.network.spaces[router].run(
            "cat", "/proc/sys/net/netfilter/nf_conntrack_count")
        return int(done.stdout)

    def freeze(self, router):
        """As in a power cut nothing of it moves any more; nothing is cleaned up either."""
        for pid in self.gateway.network.spaces[router].pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def close(self):
        for pid in sum((space.pids() for space in self.gateway.network.spaces.values()), []):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.gateway.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()


class Open(Connections):
    """Unauthenticated: everybody on the cable may read and forge."""
    name = "tandem-open"
    paired = False

    def connsync(self, at_once):
        return (UNAUTHENTICATED, *super().connsync(at_once))


class Nobody(Connections):
    """keepalived alone."""
    name = "none"
    paired = False
    notify = ""

    @classmethod
    def version(cls):
        return "connections: kept by nobody"

    def connsync(self, at_once):
        return None

    def start_master(self):
        self._start_router("r1")
        wait_for(lambda: self._is_master("r1"), 10, "keepalived to become master")

    def start_backup(self):
        self._start_router("r2")

    def wait_calm(self):
        wait_for(self._is_calm, 10, "keepalived to stand by")

    def _is_master(self, name):
        return "10.1.0.254/16" in self.gateway.network.spaces[name].addresses("lan0")

    def _is_calm(self):
        return all(self._is_master(name) == (name == "r1") for name in self.gateway.names)

    def _start_router(self, name):
        space, number = self.gateway.network.spaces[name], NUMBERS[name]
        folder = f"{self.gateway.folder}/{name}"
        os.makedirs(folder, exist_ok=True)
        space.ip(f"address add 10.1.0.{number}/16 dev lan0\n"
                 f"address add 10.2.0.{number}/16 dev wan0\n"
                 f"address add 10.3.0.{number}/24 dev sync0")
        self._start_sync(name, folder)
        with open(folder + "/keepalived.conf", "w") as file:
            file.write(KEEPALIVED.format(notify=self.notify.format(folder=folder)))
            for link, net in (("lan", 1), ("wan", 2)):
                file.write(INSTANCE.format(name=link, link=link + "0", net=net,
                                           seconds=self.gateway.interval / 1000,
                                           priority=200 if name == "r1" else 100))
        self._launch(name, "keepalived", "--dont-fork", "--vrrp", "-f",
                     folder + "/keepalived.conf", "-p", folder + "/pid", "-r",
                     folder + "/vrrp.pid")

    def _launch(self, name, *words):
        with open(f"{self.gateway.folder}/{name}/log", "a") as log:
            process = self.gateway.network.spaces[name].popen(
                *words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.setdefault(name, []).append(process)
        return process

    def _start_sync(self, name, folder):
        pass

    def pids(self, router):
        return []


class Conntrackd(Nobody):
    name = "conntrackd"
    direct = "Off"
    in_kernel = False
    notify = ('  notify_master "{folder}/hook primary"\n  notify_backup "{folder}/hook backup"\n'
              '  notify_fault "{folder}/hook fault"\n')

    def _start_sync(self, name, folder):
        number = NUMBERS[name]
        with open(folder + "/conntrackd.conf", "w") as file:
            file.write(CONNTRACKD.format(direct=self.direct, number=number, other=3 - number,
                                         folder=folder))
        with open(folder + "/hook", "w") as file:
            with open(SCRIPT) as script:
                text = script.read()
            file.write(re.sub(r"(?m)^(CONNTRACKD_CONFIG)=.*$",
                              rf"\1={folder}/conntrackd.conf",
                              re.sub(r"(?m)^(CONNTRACKD_LOCK)=.*$", rf"\1={folder}/lock", text)))
        os.chmod(folder + "/hook", 0o755)
        self._launch(name, "conntrackd", "-C", folder + "/conntrackd.conf")
        wait_for(lambda: os.path.exists(folder + "/ctl"), 5, "conntrackd")

    def pids(self, router):
        found = []
        for pid in self.gateway.network.spaces[router].pids():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/comm") as comm:
                    if comm.read().strip() == "conntrackd":
                        found.append(pid)
        return found

    def held(self):
        done = self.gateway.network.spaces["r2"].run(
            "conntrackd", "-C", f"{self.gateway.folder}/r2/conntrackd.conf", "-s")
        match = re.search(r"cache external:\s+current active connections:\s+(\d+)", done.stdout)
        if not match:
            raise LabError(f"conntrackd -s: {done.stdout}{done.stderr}")
        return int(match.group(1))

    @classmethod
    def version(cls):
        return first_line("conntrackd", "-v")


class ConntrackdDirect(Conntrackd):
    name = "conntrackd-direct"
    direct = "On"
    in_kernel = True

    def held(self):
        return self.tracked("r2")


KEEPERS = {keeper.name: keeper for keeper in (Connections, Open, Conntrackd, ConntrackdDirect,
                                              Nobody)}
