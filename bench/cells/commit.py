# SPDX-License-Identifier: GPL-2.0-or-later
"""
(f) Commit: an empty router gets 4,000 groups in one commit of the command line, then, when all are
masters, a change of one leaf.  Times are the operator's: from the start of the command line to its
end, with what it fetches, compares and sends; beside them the change alone as a client of the API
sends it, and how long it takes to be judged without being made.
"""
import contextlib
import functools
import json
import subprocess
import time

from bench.cells import Case, Column, Limit
from bench.topology import Plan, Topology, link, real
from bench.wire import Watch
from lab.network import wait_for
from lab.router import Router

PLAN = Plan(4000, 1, 1000, 16)
CHANGED = (3, 7)                # the group whose priority changes
LEAVES = 5                      # one after the other; the median counts
PATH = "/restconf/data"
JSON = {"Content-Type": "application/yang-data+json"}

COLUMNS = (
    Column("commit", "4,000 groups|committed, s", 2),
    Column("force", "all of them|master, s", 1),
    Column("leaf", "one leaf, command|line, ms", 0),
    Column("request", "one leaf,|request, ms", 0),
    Column("judged", "one leaf,|judged, ms", 0),
    Column("moved", "addresses that|came or went", 0),
)


@functools.lru_cache(None)
def kernel_has_vlans():
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", "ip link add probe0 type veth peer name probe1 &&"
         " ip link add link probe0 name probe0.1 type vlan id 1"], capture_output=True
    ).returncode == 0


def make_stand_ins(topology):
    """Cables that are called as the VLANs will be, for a kernel that has none."""
    names = [f"{link(segment)}.{vrid}" for segment, vrid in PLAN.keys()]
    topology.switch.ip("\n".join(
        f"link add to-{name} type veth peer name {name} netns {topology.r1.name}\n"
        f"link set to-{name} up" for name in names))


def place(key, vifs):
    """Where a group of the plan is configured."""
    segment, vrid = key
    interface = f"interfaces dataplane {link(segment)}"
    return f"{interface} vif {vrid}" if vifs else interface


def configuration(vifs):
    """The groups, each on a VLAN of its own or all of a segment on its interface."""
    lines = [f"set interfaces dataplane {link(segment)} address {real('r1', segment)}/16"
             for segment in range(PLAN.segments)]
    for key in PLAN.keys():
        segment, vrid = key
        group = f"set {place(key, vifs)} vrrp vrrp-group {vrid}"
        if vifs:
            lines.append(f"set {place(key, vifs)} address 172.{16 + segment}.{vrid}.1/24")
        lines += [f"{group} virtual-address {a}/32" for a in PLAN.virtual(key)]
        lines += [f"{group} priority 200", f"{group} preempt false",
                  f"{group} sync-group segment{segment}"]
    return "\n".join(lines) + "\n"


def timed(call, *arguments):
    """How many seconds it takes."""
    start = time.monotonic()
    call(*arguments)
    return time.monotonic() - start


def patch(router, vifs, priority, query=""):
    """Send another priority of one group; seconds to the answer."""
    segment, vrid = CHANGED
    path = (f"{PATH}/tandem-interfaces:interfaces/dataplane={link(segment)}" +
            (f"/vif={vrid}" if vifs else "") + f"/tandem-vrrp:vrrp/vrrp-group={vrid}")
    body = json.dumps({"tandem-vrrp:vrrp-group": [{"id": vrid, "priority": priority}]})
    _, revision = router.running()
    answers = []
    seconds = timed(lambda: answers.append(
        router.api("PATCH", path + query, body, {**JSON, "If-Match": f'"{revision}"'})))
    if answers[0][0] not in (200, 204):
        raise ValueError(f"commit: {answers[0][0]} {answers[0][2][:2000]}")
    return seconds


def is_all_master(router):
    states = router.states()
    return len(states) == PLAN.groups and set(states.values()) == {"MASTER"}


def median(figures):
    return sorted(figures)[len(figures) // 2]


def measure(vifs, _product, _turn):
    with Topology(PLAN) as topology, contextlib.closing(Watch(topology, "r1")) as watch:
        router = Router("r1", topology.r1, topology.folder + "/tandem")
        path = topology.folder + "/groups"
        with open(path, "w") as file:
            file.write(configuration(vifs))
        if vifs and not kernel_has_vlans():
            make_stand_ins(topology)
        router.start()
        start = time.monotonic()
        commit = timed(router.configure, f"load {path}")
        wait_for(lambda: is_all_master(router), 120, "4,000 masters", pause=0.2)
        force = time.monotonic() - start
        group = f"set {place(CHANGED, vifs)} vrrp vrrp-group {CHANGED[1]} priority"
        moved = len(watch.read().added) + len(watch.removed)
        leaf = [timed(router.configure, f"{group} {150 + n}") for n in range(LEAVES)]
        found = {"commit": commit, "force": force, "leaf": median(leaf) * 1e3,
                 "request": median([patch(router, vifs, 160 + n) for n in range(LEAVES)]) * 1e3,
                 "judged": median([patch(router, vifs, 170 + n, "?dry-run=true")
                                   for n in range(LEAVES)]) * 1e3}
        watch.finish()
        found["moved"] = len(watch.added) + len(watch.removed) - moved
        router.stop()
        return {"": found}


def cases():
    limits = (Limit("", "commit", most=15.0), Limit("", "leaf", most=300.0),
              Limit("", "judged", most=100.0), Limit("", "moved", most=0))
    yield Case("f", "4000", "commit of 4,000 groups on 16 interfaces into an empty router",
               COLUMNS, functools.partial(measure, False), limits=limits, runs=3, seconds=20,
               quick=True, products=("tandem",))
    made = "" if kernel_has_vlans() else " (cables instead of VLANs, made beforehand)"
    yield Case("f", "4000-vifs",
               f"commit of 4,000 VLANs with a group each into an empty router{made}",
               COLUMNS, functools.partial(measure, True), limits=limits, runs=3, seconds=40,
               products=("tandem",))
