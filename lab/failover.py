# SPDX-License-Identifier: GPL-2.0-or-later
"""
"make lab": the seed pair runs, its master dies, the other takes over; what happened and what the
clients noticed.
"""
import argparse
import os
import sys
import time

from lab.network import LabError, end_on_signals, wait_for, watch_for
from lab.pair import (DOWN_INTERVAL, GROUPS, LINKS, VIPS, Pair, Probes,
                      kernel_has_bonds)
from lab.router import BUILD
from lab.stalls import stalled, watch as watch_for_stalls
from lab.watch import Watch

PLACES = {"v10": "VLAN 10", "v11": "VLAN 11", "b0": "dp0bond0", "b1": "dp0bond1"}


class Story:
    """Prints what is being done and how long it took, and keeps it for the summary."""

    def __init__(self):
        self.text = ""

    def tell(self, text=""):
        print(text, flush=True)
        self.text += text + "\n"

    def step(self, what):
        return Step(self, what)


class Step:
    def __init__(self, story, what):
        self.story, self.what = story, what

    def __enter__(self):
        print(f"{self.what} ...", flush=True)
        self.start = time.monotonic()

    def __exit__(self, kind, *what):
        if kind is None:
            self.story.tell(f"{self.what}: {time.monotonic() - self.start:.1f} s")


def clock(when):
    return time.strftime("%H:%M:%S", time.localtime(when)) + f".{int(when % 1 * 1000):03}"


def time_line(pair, cut, end, watch, packets, reports):
    """[(time, who, what)], from a second before the cut."""
    lines = [(cut, "r1", "POWER CUT: all processes and all cables")]
    for name, router in pair.routers.items():
        lines += [(when, name, text) for when, text in router.events(cut - 0.5) if when < end]
    lines += [(when, "r2", f"kernel: {address} {'added to' if added else 'removed from'} {link}")
              for when, link, address, added in watch.address_events()
              if address.split("/")[0] in VIPS]
    for segment in LINKS:
        adverts = packets.adverts(segment)
        before = [p for p in adverts if p.time <= cut]
        after = [p for p in adverts if p.time > cut]
        vrid = GROUPS[segment][1]
        if before:
            lines.append((before[-1].time, "wire", f"{PLACES[segment]}: last advertisement of "
                          f"{before[-1].source}, group {vrid}"))
        if after:
            lines.append((after[0].time, "wire", f"{PLACES[segment]}: first advertisement of "
                          f"{after[0].source}, group {vrid}, priority {after[0].priority}"))
    for (client, target), report in reports.items():
        lines.append((report["silence_from"], client, f"last answer of {target}"))
        lines.append((report["silence_to"], client, f"first answer of {target} again"))
    # A lease renewed is told by the kernel like an address added: once is enough.
    seen, kept = set(), []
    for line in sorted(lines):
        if line[1:] not in seen or not line[2].startswith("kernel:"):
            kept.append(line)
        seen.add(line[1:])
    return kept


def outages(reports):
    """The table of what clients noticed, and whether all was within the bound."""
    rows = [f"{'client':8}{'virtual address':18}{'on':12}{'lost':>8}{'outage':>12}{'allowed':>12}"]
    worst = 0.0
    for (client, target), report in reports.items():
        on = PLACES[VIPS[target]] if target in VIPS else "both bonds"
        rows.append(f"{client:8}{target:18}{on:12}{report['lost']:8}"
                    f"{report['outage'] * 1000:9.1f} ms{DOWN_INTERVAL * 1000:9.1f} ms")
        still = stalled(report["outage_from"], report["outage_to"])
        if still > 0.001:
            rows.append(f"{'':38}of that {still * 1000:.1f} ms in which the machine stood still")
        worst = max(worst, report["outage"] - still)
    return rows, worst


def run(story, rate):
    with story.step("Building switches, clients and cables"):
        pair = Pair()
    with pair:
        story.tell("  " + ("bonds are real LACP bonds, VLANs are tagged" if pair.layout == "bonds"
                           else "plain layout: this kernel has no bonds"))
        with story.step("Starting r1 until it is master of all groups"):
            pair.start("r1")
            pair.wait_negotiated("r1")
            pair.wait_all("r1", "MASTER")
        with story.step("Starting r2 until it stands by and hears r1 in all groups"):
            pair.start("r2")
            pair.wait_negotiated("r2")
            pair.wait_settled()
        for name, router in pair.routers.items():
            story.tell(f"\n{name}# show vrrp\n{router.tandem('show', 'vrrp')}")
        with story.step(f"Clients send {rate} packets/s to every virtual address"):
            probes = Probes(pair, rate, through=True).wait_answering()
        with pair.capture() as packets, Watch(pair.r2.space, "address") as watch:
            with story.step("Cutting the power of r1, until r2 holds every virtual address"):
                watch_for(1.5)          # of advertisements, before
                cut = pair.power_cut("r1")
                wait_for(lambda: pair.r2.is_all("MASTER"), 20, "r2 to take over")
            probes.wait_answering_again()
            end = time.time()
        reports = probes.stop()
        story.tell(f"\nr2# show vrrp\n{pair.r2.tandem('show', 'vrrp')}")
        story.tell("Time line (seconds from the cut)")
        for when, who, what in time_line(pair, cut, end, watch, packets, reports):
            story.tell(f"  {clock(when)}  {when - cut:+8.3f}  {who:5} {what}")
        rows, worst = outages(reports)
        story.tell("\nOutage seen by the clients; allowed is the down interval of the backup, "
                   "3 s + 3/256 s")
        for row in rows:
            story.tell("  " + row)
        within = worst <= DOWN_INTERVAL + 0.005 + 1 / rate
        story.tell(f"\nWorst outage {worst * 1000:.1f} ms: "
                   + ("within the down interval." if within else "LONGER THAN ALLOWED."))
        with story.step("Stopping"):
            pair.r2.stop()
    return within


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    emulated = "TANDEM_LAB_VM" in os.environ
    parser.add_argument("--rate", type=int, default=250 if emulated else 1000,
                        help="packets per second to each virtual address (%(default)s)")
    parser.add_argument("--summary", default=BUILD + "/lab/failover.txt",
                        help="file that is left behind (%(default)s)")
    options = parser.parse_args()
    end_on_signals()
    story = Story()
    kernel = os.uname().release
    story.tell(f"Tandem's laboratory, kernel {kernel}"
               + (", in a virtual machine" if emulated else "")
               + ("" if kernel_has_bonds() else ", without bonds"))
    try:
        watch_for_stalls()
        within = run(story, options.rate)
    except LabError as failure:
        print(f"lab: {failure}", file=sys.stderr)
        return 1
    with open(options.summary, "w") as file:
        file.write(story.text)
    print(f"This is also in {options.summary}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
