# SPDX-License-Identifier: GPL-2.0-or-later
"""Tandem, as its unit file starts it: every role, the default settings."""
import http.client
import json
import time

from bench.products.base import Product, first_line
from bench.topology import link, real
from lab.network import LabError
from lab.router import BUILD, Router


class Tandem(Product):
    name = "tandem"
    engine = ("engine",)

    def __init__(self, topology, router):
        super().__init__(topology, router)
        self.service = Router(router, self.space, topology.folder + "/tandem", None)

    @classmethod
    def version(cls):
        return first_line(f"{BUILD}/src/daemon/tandemd", "--version")

    def _group(self, key):
        segment, vrid = key
        return f"set interfaces dataplane {link(segment)} vrrp vrrp-group {vrid}"

    def configuration(self):
        lines = [f"set interfaces dataplane {link(segment)} address {real(self.router, segment)}/16"
                 for segment in range(self.plan.segments)]
        timing = ([f"advertise-interval {self.plan.interval // 1000}"] if self.plan.version == 2
                  else ["version 3", f"fast-advertise-interval {self.plan.interval}",
                        "accept true"])
        for key in self.plan.keys():
            group = self._group(key)
            lines += [f"{group} {words}" for words in timing]
            lines.append(f"{group} priority {self.priority}")
            lines += [f"{group} virtual-address {a}/32" for a in self.addresses(key)]
        return "\n".join(lines) + "\n"

    def start(self):
        self.service.write_saved(self.configuration())
        self.service.start(wait=False)

    def ready(self):
        """Every group has said what it is, MASTER or BACKUP."""
        if not self.service.answers():
            return False
        try:
            states = self.service.states()
            problems = self.service.state("system-state").get("problem")
        except (OSError, http.client.HTTPException):
            return False
        if problems and not states:
            raise LabError("the configuration was refused: " + " ".join(problems))
        return len(states) == self.plan.groups and set(states.values()) <= {"MASTER", "BACKUP"}

    def output(self):
        return self.service.log()[-2000:]

    def processes(self):
        return self.service.pids() if self.service.process else {}

    def stop(self):
        self.service.stop()

    def set_priority(self, priority):
        self.priority = priority
        self.service.configure(*[f"{self._group(key)} priority {priority}"
                                 for key in self.plan.keys()])

    def reset(self):
        for segment, vrid in self.plan.keys():
            self.service.tandem("reset", "vrrp", "master", "interface", link(segment), "group",
                                str(vrid))

    def add_address(self, key, address):
        """The commit that the command line sends; the request alone is timed."""
        segment, vrid = key
        tree, revision = self.service.running()
        for interface in tree["tandem-interfaces:interfaces"]["dataplane"]:
            if interface["name"] == link(segment):
                for group in interface["tandem-vrrp:vrrp"]["vrrp-group"]:
                    if group["id"] == vrid:
                        group["virtual-address"].append(address + "/32")
        body = json.dumps(tree)
        when = time.time()
        status, _, text = self.service.api(
            "PUT", "/restconf/data", body,
            {"Content-Type": "application/yang-data+json", "If-Match": f'"{revision}"'})
        if status not in (200, 204):
            raise LabError(f"commit: {status} {text[:2000]}")
        return when
