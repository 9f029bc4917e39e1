# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived, of the distribution: with its defaults, and tuned for time as its manual offers."""
import signal
import time

from bench.products.base import Product, first_line
from bench.topology import link
from lab.network import LabError


class Keepalived(Product):
    name = "keepalived"
    engine = ("keepalived-vrrp",)
    answers_requests = False    # a signal has no answer
    options = ""

    def __init__(self, topology, router):
        super().__init__(topology, router)
        self.process = None

    @classmethod
    def version(cls):
        return first_line("keepalived", "--version")

    def configuration(self):
        lines = [f"global_defs {{\n  router_id {self.router}\n{self.options}}}"]
        for key in self.plan.keys():
            segment, vrid = key
            addresses = "\n".join(f"    {a}/32" for a in self.addresses(key))
            lines.append(f"vrrp_instance g{segment}_{vrid} {{\n"
                         f"  state BACKUP\n  interface {link(segment)}\n"
                         f"  virtual_router_id {vrid}\n  priority {self.priority}\n"
                         f"  version {self.plan.version}\n"
                         f"  advert_int {self.plan.interval / 1000:g}\n"
                         f"  virtual_ipaddress {{\n{addresses}\n  }}\n}}")
        return "\n".join(lines) + "\n"

    def start(self):
        self.write("keepalived.conf", self.configuration())
        self.process = self.launch(
            "keepalived", "--dont-fork", "--vrrp", "-f", f"{self.folder}/keepalived.conf",
            "-p", f"{self.folder}/pid", "-r", f"{self.folder}/vrrp.pid")

    def processes(self):
        """The parent is called keepalived; its child, the engine, as well."""
        if self.process is None or self.process.poll() is not None:
            return {}
        found = {"keepalived": self.process.pid}
        for pid in self.space.pids():
            if pid != self.process.pid and self._is_child(pid):
                found["keepalived-vrrp"] = pid
        return found

    def _is_child(self, pid):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                return int(stat.read().rpartition(")")[2].split()[1]) == self.process.pid
        except (OSError, IndexError):
            return False

    def ready(self):
        if self.process.poll() is not None:
            raise LabError(f"keepalived ended:\n{self.output()}")
        return "keepalived-vrrp" in self.processes()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def _reload(self):
        self.write("keepalived.conf", self.configuration())
        when = time.time()
        self.process.send_signal(signal.SIGHUP)
        return when

    def set_priority(self, priority):
        self.priority = priority
        self._reload()

    def add_address(self, key, address):
        self.extra.setdefault(key, []).append(address)
        return self._reload()


class KeepalivedTuned(Keepalived):
    """With real-time scheduling and locked memory, which are off by default."""
    name = "keepalived-rt"
    options = "  vrrp_rt_priority 50\n  vrrp_no_swap\n"
