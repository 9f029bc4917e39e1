# SPDX-License-Identifier: GPL-2.0-or-later
"""
Keepalived, of the distribution, in a space of the laboratory.  Its files live in a folder of its
own; what it says of itself is read from its log.
"""
import collections
import os
import re
import signal
import subprocess

from lab.network import LabError, alive, wait_for

ENTERING = re.compile(r"\(([^()]+)\) Entering (\w+) STATE")


def instance(name, link, vrid, priority, addresses, *, version=2, interval=1, preempt=True,
             auth=None, password="", virtual_mac=False, source=None, peers=(), extra=()):
    """One vrrp_instance.  auth is None, "PASS" or "AH"; peers are for unicast."""
    lines = [f"version {version}", "state BACKUP", f"interface {link}",
             f"virtual_router_id {vrid}", f"priority {priority}", f"advert_int {interval:g}",
             "garp_master_delay 1"]
    if not preempt:
        lines.append("nopreempt")
    if auth:
        lines.append(f"authentication {{\n    auth_type {auth}\n    auth_pass {password}\n  }}")
    if virtual_mac:
        lines.append("use_vmac")
        if peers:
            lines.append("vmac_xmit_base")
    if source:
        lines.append(f"{'unicast_src_ip' if peers else 'mcast_src_ip'} {source}")
    if peers:
        lines.append("unicast_peer {\n" + "".join(f"    {peer}\n" for peer in peers) + "  }")
    lines += list(extra)
    lines.append("virtual_ipaddress {\n" + "".join(f"    {a}\n" for a in addresses) + "  }")
    return f"vrrp_instance {name} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


class Keepalived:
    """One keepalived; its instances are named by the caller."""

    def __init__(self, space, folder, instances):
        self.space = space
        self.base = os.path.join(folder, "keepalived")
        self.log_path = self.base + ".log"
        self.process = None
        os.makedirs(folder, exist_ok=True)
        with open(self.base + ".conf", "w") as file:
            file.write("".join(instances))

    def start(self):
        with open(self.log_path, "w") as log:
            self.process = self.space.popen(
                "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--no_bfd",
                "--no-syslog",
                "-f", self.base + ".conf", "-p", self.base + ".pid", "-r", self.base + ".vrrp.pid",
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)

    def wait_started(self):
        wait_for(self._started, 20, lambda: "keepalived; its log says:\n" + self.log()[-2000:])

    def _started(self):
        if self.process.poll() is not None:
            raise LabError(f"keepalived ended with {self.process.returncode}:\n" + self.log())
        return "Startup complete" in self.log()

    def terminate(self):
        """Begin an orderly stop: masters resign."""
        self.process.send_signal(signal.SIGTERM)

    def wait_ended(self):
        self.process.wait(30)

    def pids(self):
        """Its two processes, the parent first: or it would start the child anew."""
        found = []
        for name in (".pid", ".vrrp.pid"):
            try:
                with open(self.base + name) as file:
                    found.append(int(file.read()))
            except (OSError, ValueError):
                continue
        return [pid for pid in found if alive(pid)]

    def kill(self):
        """End it at once, as a power cut does."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: not self.pids(), 20, "the end of keepalived")

    def states(self):
        """instance -> MASTER, BACKUP or FAULT."""
        if self.process is None or self.process.poll() is not None:
            return {}
        return dict(ENTERING.findall(self.log()))

    def transitions(self):
        """instance -> how often it changed its state."""
        return collections.Counter(name for name, _ in ENTERING.findall(self.log()))

    def log(self):
        try:
            with open(self.log_path, errors="replace") as file:
                return file.read()
        except OSError:
            return ""
