# SPDX-License-Identifier: GPL-2.0-or-later
"""
Tandem beside other implementations: which cases there are, and the campaign that takes all of them
through the same life at the same time.  What must be true of it is said by the tests.

A case is one virtual router.  Cases that go together share a segment: one Tandem and one peer run
all of them.  All segments run at once, so a minute of watching is a minute for all.
"""
import contextlib
import http.client
import ipaddress
import os
import shutil
import signal
import time
from dataclasses import dataclass, field

from lab import frr, keepalived
from lab.network import LabError, Network, wait_for, watch_for
from lab.router import Router
from lab.segment import LINK, PREFIX4, PREFIX6, SIDES, Segment
from lab.stalls import longest
from lab.witness import Witness, between

PASSWORD = "secret"
SECOND_SOURCE = "10.90.0.9"             # of ours, higher than the peer's
STEADY = 60.0
HOLD = 1.2                              # seconds watched after everything has settled
PATIENCE = 14.0
STANDSTILL = 0.1                        # seconds

# What happens, in this order, to every segment.  After each: one master, and nothing moves.
PHASES = ("start", "steady", "our-stop", "our-return", "peer-stop", "peer-return", "our-cut",
          "our-reboot", "peer-cut", "peer-reboot", "heal")


def other(side):
    return "peer" if side == "ours" else "ours"


@dataclass(frozen=True)
class Case:
    """One virtual router: how each side is configured."""
    segment: str
    name: str
    vrid: int
    family: int = 4
    version: int = 2
    priorities: tuple = (200, 100)      # ours, peer's
    preempt: tuple = (True, True)
    virtual_mac: tuple = (False, False)
    intervals_ms: tuple = (1000, 1000)
    lists: tuple = ((), ())             # "" = the usual one address (two of IPv6)
    auth: str = ""                      # "", "PASS" or "AH"
    unicast: bool = False
    speak_both: bool = False            # ours: version 3, and 2 for those who know no other
    our_source: str = ""
    our_lines: tuple = ()

    def __str__(self):
        return f"{self.segment}-{self.name}"

    def of(self, side, pair):
        return pair[SIDES.index(side)]

    def addresses(self, side):
        """The virtual addresses, in order."""
        given = self.of(side, self.lists)
        if given:
            return given
        if self.family == 4:
            return (f"10.90.{self.vrid}.1",)
        return (f"fe80::{self.vrid:x}:1", f"fd90::{self.vrid:x}:1")

    def mac(self, side, physical):
        """The hardware address that hosts must learn from a master."""
        if self.of(side, self.virtual_mac):
            return f"00:00:5e:00:0{self.family // 2 - 1}:{self.vrid:02x}"
        return physical

    def interval(self, side):
        return self.of(side, self.intervals_ms) / 1000

    def skew(self, side):
        """Seconds by which its priority delays a backup; in version 3 of the interval learned."""
        part = (256 - self.of(side, self.priorities)) / 256
        return part if self.version == 2 else part * self.interval(other(side))

    def down(self, side):
        """Seconds of the other side's silence after which this side takes over."""
        return 3 * self.interval(other(side)) + self.skew(side)

    @property
    def unheard(self):
        """
        Does keepalived refuse what we send: another list of addresses than its own, or a checksum
        it does not know?  As master it then starts its timer anew at each of ours and may never
        speak; two masters that meet stay two, and none of it can be seen from our side.
        """
        return self.lists[0] != self.lists[1] or self.name == "default-sum"

    @property
    def hurried(self):
        """So fast that the peer, on a busy machine, does not keep up with itself."""
        return min(self.intervals_ms) < 1000

    def is_frr(self, side):
        return side == "peer" and self.segment.startswith("f")

    def tardiness(self, side):
        """Seconds by which a new master's first advertisement may be late, by its own fault."""
        # FRR waits for its link to come up and then finds no address: one interval is lost.
        return self.interval(side) if self.is_frr(side) and self.family == 6 else 0

    @property
    def tie(self):
        return self.priorities[0] == self.priorities[1]

    @property
    def higher(self):
        """The side of the higher priority, when it is not a tie."""
        return "ours" if self.priorities[0] > self.priorities[1] else "peer"

    def prevails(self, side):
        """May this side take over from a master?"""
        return not self.tie and self.higher == side and self.of(side, self.preempt)


# ------------------------------------------------------------------ the cases

MACS = {"plain": (False, False), "ours-virtual": (True, False), "peers-virtual": (False, True),
        "both-virtual": (True, True)}
HIGHER = {"ours": (200, 100), "peer": (100, 200)}


def usual(segment, first, macs=MACS, **fields):
    """Both roles with each combination of hardware addresses."""
    prefix = fields.pop("prefix", "")
    return [Case(segment, f"{prefix}{mac}-{side}-higher", first + number, priorities=priorities,
                 virtual_mac=macs[mac], **fields)
            for number, (mac, side, priorities) in enumerate(
                (mac, *higher) for mac in macs for higher in HIGHER.items())]


def contested(segment, first, **fields):
    """Preemption turned off on the side that could use it, and equal priorities."""
    return [
        Case(segment, "we-may-not-preempt", first, preempt=(False, True), **fields),
        Case(segment, "peer-may-not-preempt", first + 1, preempt=(True, False),
             priorities=(100, 200), **fields),
        Case(segment, "tie", first + 2, priorities=(150, 150), **fields)]


def keepalived_cases():
    own = {"ours-virtual": (True, False), "plain": (False, False)}
    # Neither peer can be told to speak or take the plain sum of RFC 9568 in IPv4.
    sum3 = {"version": 3, "our_lines": ("checksum rfc5798",)}
    fast = {"intervals_ms": (100, 100)}
    cases = usual("k2", 1) + usual("k2", 11, auth="PASS", prefix="text-")
    cases += contested("k2", 21)
    cases += [
        Case("k2", "tie-higher-address", 24, priorities=(150, 150), our_source=SECOND_SOURCE),
        Case("k2", "list-shorter", 25, priorities=(100, 200),
             lists=(("10.90.25.1",), ("10.90.25.1", "10.90.25.2"))),
        Case("k2", "three-addresses", 26, lists=(("10.90.26.1", "10.90.26.2", "10.90.26.3"),) * 2)]
    cases += usual("ka", 1, auth="AH") + contested("ka", 11, auth="AH")
    cases += usual("k3", 1, **sum3) + contested("k3", 11, **sum3)
    cases += usual("k3", 21, own, prefix="100ms-", **fast, **sum3)
    cases += [
        Case("k3", "tie-higher-address", 14, priorities=(150, 150), our_source=SECOND_SOURCE,
             **sum3),
        Case("k3", "default-sum", 15, version=3, priorities=(100, 200)),
        Case("k3", "list-shorter", 16, priorities=(100, 200),
             lists=(("10.90.16.1",), ("10.90.16.1", "10.90.16.2")), **sum3),
        Case("k3", "list-longer", 17, priorities=(100, 200),
             lists=(("10.90.17.1", "10.90.17.2"), ("10.90.17.1",)), **sum3),
        Case("k3", "learn-300ms", 18, priorities=(100, 200), intervals_ms=(1000, 300), **sum3),
        Case("k3", "learn-1s", 19, priorities=(100, 200), intervals_ms=(400, 1000), **sum3),
        Case("k3", "peer-learns-300ms", 20, intervals_ms=(300, 1000), **sum3)]
    cases += usual("k6", 1, family=6, version=3) + contested("k6", 11, family=6, version=3)
    cases += usual("k6", 21, own, prefix="100ms-", family=6, version=3, **fast)
    cases += [
        Case("k6", "list-shorter", 14, 6, 3, priorities=(100, 200),
             lists=(("fe80::e:1",), ("fe80::e:1", "fd90::e:1")))]
    unicast = {"unicast": True}
    cases += usual("ku", 1, own, prefix="v2-", **unicast)
    cases += usual("ku", 5, {"plain": (False, False)}, auth="PASS", prefix="text-", **unicast)
    cases += usual("ku", 7, **sum3, **unicast, prefix="v3-")
    cases += usual("ku", 21, family=6, version=3, prefix="v6-", **unicast)
    cases += [Case("ku", "v6-tie", 29, 6, 3, priorities=(150, 150), **unicast)]
    # One group of ours with both families is two virtual routers.
    for family in (4, 6):
        cases += usual("kd", 1, family=family, prefix=f"family{family}-", **sum3)
    # A peer that knows version 2 only, and one that knows 3, beside us who speak both.
    cases += usual("kt", 1, own, prefix="speaks-2-", speak_both=True)
    cases += usual("kt", 11, own, prefix="speaks-3-", speak_both=True, **sum3)
    return cases


def frr_cases():
    macs = {"ours-virtual": (True, True), "plain": (False, True)}
    sum3 = {"version": 3, "our_lines": ("checksum rfc5798",)}
    cases = usual("f2", 1, macs)
    cases += [Case("f2", "we-may-not-preempt", 11, virtual_mac=(True, True),
                   preempt=(False, True)),
              Case("f2", "tie", 12, virtual_mac=(True, True), priorities=(150, 150))]
    for family in (4, 6):
        both = {"family": family, "virtual_mac": (True, True), **sum3}
        plus = 0 if family == 4 else 100
        cases += usual("f3", plus + 1, macs, family=family, prefix=f"family{family}-", **sum3)
        cases += [
            Case("f3", f"family{family}-we-may-not-preempt", plus + 11, preempt=(False, True),
                 **both),
            Case("f3", f"family{family}-peer-may-not-preempt", plus + 12, preempt=(True, False),
                 priorities=(100, 200), **both),
            Case("f3", f"family{family}-tie", plus + 13, priorities=(150, 150), **both),
            Case("f3", f"family{family}-100ms", plus + 14, intervals_ms=(100, 100), **both),
            Case("f3", f"family{family}-learn-300ms", plus + 15, priorities=(100, 200),
                 intervals_ms=(1000, 300), **both)]
    return cases


def fast_cases():
    """Ten milliseconds: alone on the machine, for a peer's timers suffer from company."""
    fast = {"version": 3, "intervals_ms": (10, 10), "our_lines": ("checksum rfc5798",)}
    cases = usual("k10", 1, {"plain": (False, False)}, prefix="10ms-", **fast)
    return cases + usual("k10", 3, {"plain": (False, False)}, family=6, prefix="10ms-family6-",
                         **fast)


CASES = (keepalived_cases() if shutil.which("keepalived") else []) + \
    (frr_cases() if frr.available() else [])
FAST_CASES = fast_cases() if shutil.which("keepalived") else []
SWAPPED = ("ku",)                       # our link-local address is the higher one


# ------------------------------------------------------------------ configurations

def our_configuration(segment, cases):
    base = f"set interfaces dataplane {LINK}"
    families = {case.family for case in cases}
    lines = [f"{base} address 10.90.0.1/{PREFIX4.split('/')[1]}"]
    if any(case.our_source for case in cases):
        lines.append(f"{base} address {SECOND_SOURCE}/{PREFIX4.split('/')[1]}")
    if 6 in families:
        lines.append(f"{base} address fd90::1/{PREFIX6.split('/')[1]}")
    for case in cases:
        group = f"{base} vrrp vrrp-group {case.vrid}"
        lines += [f"{group} virtual-address {address}" for address in case.addresses("ours")]
        lines.append(f"{group} priority {case.priorities[0]}")
        if case.version == 3 or case.speak_both:
            lines += [f"{group} version 3",
                      f"{group} fast-advertise-interval {case.intervals_ms[0]}"]
            if case.speak_both:
                lines.append(f"{group} version-2-compatibility")
        else:
            lines.append(f"{group} advertise-interval {case.intervals_ms[0] // 1000}")
        if not case.preempt[0]:
            lines.append(f"{group} preempt false")
        if case.virtual_mac[0]:
            lines.append(f"{group} rfc-compatibility")
        if case.auth:
            kind = {"PASS": "plaintext-password", "AH": "ah"}[case.auth]
            lines += [f"{group} authentication type {kind}",
                      f"{group} authentication password {PASSWORD}"]
        if case.our_source:
            lines.append(f"{group} hello-source-address {case.our_source}")
        if case.unicast:
            lines.append(f"{group} peer-address {segment.source('peer', case.family)}")
        lines += [f"{group} {line}" for line in case.our_lines if case.family == 4]
    # Two cases are one group where both families share it.
    return "\n".join(dict.fromkeys(lines)) + "\n"


def instance_name(case):
    return f"v{case.family}_{case.vrid}"


def keepalived_instance(segment, case):
    extra = []
    if case.unicast and case.family == 6:
        extra.append("unicast_ttl 255")         # it would send 64, which RFC 9568 forbids to take
    return keepalived.instance(
        instance_name(case), LINK, case.vrid, case.priorities[1], case.addresses("peer"),
        version=case.version, interval=case.interval("peer"), preempt=case.preempt[1],
        auth=case.auth, password=PASSWORD, virtual_mac=case.virtual_mac[1],
        source=segment.source("peer", case.family) if case.unicast else None,
        peers=[segment.source("ours", case.family)] if case.unicast else (), extra=extra)


def frr_router(case):
    return frr.VirtualRouter(case.vrid, case.priorities[1], case.addresses("peer"),
                             version=case.version, interval_ms=case.intervals_ms[1],
                             preempt=case.preempt[1])


# ------------------------------------------------------------------ one segment

def our_groups(router):
    """(family, VRID) -> operational state of a Tandem router with one link."""
    return {(6 if group.get("family") == "ipv6" else 4, group["vrid"]): group
            for group in router.state("vrrp-state").get("group", ())}


class Meeting:
    """Tandem and one peer on a segment, with their cases."""

    def __init__(self, network, switch, folder, name, cases):
        self.name = name
        self.cases = cases
        self.segment = Segment(network, switch, name, name in SWAPPED)
        self.folder = os.path.join(folder, name)
        self.broken = None              # why it takes no further part
        self.story = ""                 # our log, once all is over
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        spaces = self.segment.spaces
        self.ours = Router("ours", spaces["ours"], self.folder,
                           our_configuration(self.segment, cases))
        if name.startswith("f"):
            self.peer = frr.Frr(spaces["peer"], self.folder, LINK,
                                [frr_router(case) for case in cases])
        else:
            self.peer = keepalived.Keepalived(
                spaces["peer"], self.folder,
                [keepalived_instance(self.segment, case) for case in cases])

    # -- what the routers say of themselves

    def our_groups(self):
        """(family, VRID) -> operational state; {} while the router does not answer."""
        with contextlib.suppress(OSError, LabError, http.client.HTTPException, ValueError):
            return our_groups(self.ours)
        return {}

    def of_peer(self, case, told):
        """What the peer says of a case, out of what it says of all."""
        key = (case.family, case.vrid) if self.name.startswith("f") else instance_name(case)
        return told.get(key)

    def views(self):
        """case -> {side: state}"""
        ours = self.our_groups()
        peers = self.peer.states()
        return {case: {"ours": ours.get((case.family, case.vrid), {}).get("state"),
                       "peer": self.of_peer(case, peers)} for case in self.cases}

    def transitions(self):
        """case -> transitions that either side tells of, so far."""
        ours = self.our_groups()
        peers = self.peer.transitions()
        found = {}
        for case in self.cases:
            counts = ours.get((case.family, case.vrid), {}).get("statistics", {})
            found[case] = (counts.get("became-master"), counts.get("released-master"),
                           self.of_peer(case, peers))
        return found

    # -- what is done to them

    def begin(self, side):
        """Start a router."""
        if side == "ours":
            self.ours.start(wait=False)
        else:
            self.peer.start()

    def wait_begun(self, side):
        if side == "peer":
            self.peer.wait_started()
            return
        wait_for(self.ours.answers, 20, lambda: "the API; the log says:\n" + self.our_log())
        wanted = {(case.family, case.vrid) for case in self.cases}
        wait_for(lambda: wanted <= self.our_groups().keys(), 20,
                 lambda: f"groups {sorted(wanted - self.our_groups().keys())}; the log says:\n"
                 + self.our_log())

    def terminate(self, side):
        """Ask a router to stop in the orderly way."""
        if side == "ours":
            self.ours.process.send_signal(signal.SIGTERM)
        else:
            self.peer.terminate()

    def wait_ended(self, side):
        if side == "ours":
            self.ours.process.wait(30)
        else:
            self.peer.wait_ended()

    def cut(self, side):
        """End a router's processes and its link at once; what it had set up is lost."""
        if side == "ours":
            for pid in sorted(self.ours.pids().values()):
                os.kill(pid, signal.SIGSTOP)
            self.segment.unplug(side)
            self.ours.kill()
        else:
            self.segment.unplug(side)
            self.peer.kill()
        self.segment.forget(side)

    def our_log(self):
        return self.ours.log()[-2500:]


# ------------------------------------------------------------------ the campaign

@dataclass
class Window:
    """One phase of one case: when it began, settled and ended, and what was seen."""
    case: Case
    begun: float
    expected: str                       # the side that must be master; "" = either
    settled: float = 0.0                # 0 = never
    ended: float = 0.0
    views: dict = field(default_factory=dict)
    transitions: tuple = ()             # told by either side: once settled, and at the end

    @property
    def master(self):
        return next((side for side in SIDES if self.views.get(side) == "MASTER"), "")


class Campaign:
    """All segments through all phases.  windows[phase][case] is what the tests look at."""

    def __init__(self, cases):
        self.network = Network()
        self.meetings = {}
        self.folder = self.network.folder("interop")
        self.switch = self.network.add("sw")
        self.switch.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6;"
                        "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6", check=True)
        self.meetings = {
            name: Meeting(self.network, self.switch, self.folder, name,
                          [case for case in cases if case.segment == name])
            for name in dict.fromkeys(case.segment for case in cases)}
        self.windows = {}
        self.tired = {}                 # case -> phases in which it did not settle

    def close(self):
        for meeting in self.meetings.values():
            meeting.story = meeting.story or meeting.ours.log()
        self.network.close()

    # -- helpers that keep one broken segment from stopping the others

    def live(self):
        return [meeting for meeting in self.meetings.values() if not meeting.broken]

    def each(self, act, *words):
        for meeting in self.live():
            try:
                getattr(meeting, act)(*words)
            except Exception as failure:            # whatever it is, it is this segment's
                meeting.broken = f"{act} {' '.join(words)}: {failure}"

    def on_segments(self, act, *words):
        for meeting in self.live():
            getattr(meeting.segment, act)(*words)

    def start(self, side):
        self.each("begin", side)
        self.each("wait_begun", side)

    def start_both(self):
        self.each("begin", "peer")
        self.start("ours")
        self.each("wait_begun", "peer")

    def stop(self, side):
        self.each("terminate", side)
        self.each("wait_ended", side)

    def reboot(self, side):
        self.on_segments("plug", side)
        self.on_segments("wait_ready")
        self.start(side)

    def heal(self):
        self.on_segments("isolate", "peer")
        with contextlib.suppress(LabError):         # the window shows who did not
            wait_for(lambda: all(set(view.values()) == {"MASTER"} for meeting in self.live()
                                 for case, view in meeting.views().items()
                                 if self.tired.get(case, 0) < 2), PATIENCE, "two masters")
        self.on_segments("rejoin", "peer")

    # -- phases

    def run(self, phases=PHASES, steady=STEADY):
        acts = {
            "start": (self.start_both, self.at_start),
            "steady": (lambda: None, self.as_before),
            "our-stop": (lambda: self.stop("ours"), lambda case, before: "peer"),
            "our-return": (lambda: self.start("ours"), self.at_return("ours")),
            "peer-stop": (lambda: self.stop("peer"), lambda case, before: "ours"),
            "peer-return": (lambda: self.start("peer"), self.at_return("peer")),
            "our-cut": (lambda: self.each("cut", "ours"), lambda case, before: "peer"),
            "our-reboot": (lambda: self.reboot("ours"), self.at_return("ours")),
            "peer-cut": (lambda: self.each("cut", "peer"), lambda case, before: "ours"),
            "peer-reboot": (lambda: self.reboot("peer"), self.at_return("peer")),
            "heal": (self.heal, self.at_heal)}
        segments = [meeting.segment for meeting in self.meetings.values()]
        for segment in segments:
            segment.wait_ready()
        with Witness(segments, {meeting.name: sorted({
                address for case in meeting.cases for side in SIDES
                for address in case.addresses(side)}) for meeting in self.meetings.values()}
        ) as self.witness:
            for phase in phases:
                if not self.live():
                    break
                self.phase(phase, *acts[phase], steady if phase == "steady" else HOLD)
                if phase == "steady" and self.stood_still(time.time() - steady, time.time()):
                    # Timers of all ran out: watch once more.
                    self.phase(phase, *acts[phase], steady)
        self.witness.update()
        return self

    def stood_still(self, start, end):
        """Did the machine, for so long that a hurried router may have let go?"""
        return self.witness.stalled(start, end) or longest(start, end) > STANDSTILL

    @staticmethod
    def at_start(case, _):
        """Both start at once: the higher one, unless it may not preempt or there is none."""
        return case.higher if case.prevails(case.higher) else ""

    def as_before(self, case, before):
        """
        Nothing happens.  Where a standstill of the machine has moved something, what may preempt
        moves back.
        """
        again = "steady" in self.windows
        return case.higher if again and case.prevails(case.higher) else before

    @staticmethod
    def at_return(side):
        """A router comes back: it takes over if it is higher and may preempt."""
        def expect(case, before):
            return side if case.prevails(side) else before
        return expect

    def at_heal(self, case, _):
        """Two masters meet: the higher one stays, among equals the one of the higher address."""
        if not case.tie:
            return case.higher
        seen = self.witness.update()[case.segment].adverts.get((case.family, case.vrid), ())
        sources = {advert.side: int(ipaddress.ip_address(advert.source)) for advert in seen}
        return max(sources, key=sources.get) if len(sources) == 2 else ""

    def phase(self, name, act, expect, hold=HOLD):
        begun = time.time()
        cases = [case for meeting in self.live() for case in meeting.cases
                 if not (name == "heal" and case.unheard)]
        last = self.windows[list(self.windows)[-1]] if self.windows else {}
        act()
        windows = self.windows[name] = {
            case: Window(case, begun, expect(case, last[case].master if case in last else ""))
            for case in cases}
        with contextlib.suppress(LabError):
            wait_for(lambda: self.settled(windows), PATIENCE, name, pause=0.1)
        before = {meeting.name: meeting.transitions() for meeting in self.live()}
        watch_for(hold)                 # what is watched: nothing moves
        ended = time.time()
        for meeting in self.live():
            views, after = meeting.views(), meeting.transitions()
            for case in windows.keys() & views.keys():
                window = windows[case]
                window.views, window.ended = views[case], ended
                window.transitions = before[meeting.name][case], after[case]
                if not window.settled:
                    self.tired[case] = self.tired.get(case, 0) + 1

    def settled(self, windows):
        """Has every case its master: by both routers' word and by the last that was heard?"""
        done = True
        for meeting in self.live():
            views, now = meeting.views(), time.time()
            adverts = self.witness.update()[meeting.name].adverts
            for case in windows.keys() & views.keys():
                window, view = windows[case], views[case]
                masters = [side for side in SIDES if view[side] == "MASTER"]
                heard = adverts.get((case.family, case.vrid))
                if len(masters) == 1 and window.expected in ("", masters[0]) and heard \
                        and heard[-1].side == masters[0]:
                    window.settled = window.settled or now
                else:
                    window.settled = 0.0
                    done = done and self.tired.get(case, 0) >= 2
        return done

    # -- looking back

    def master_before(self, case, phase):
        """The side that was master at the end of the phase before."""
        phases = list(self.windows)
        return self.windows[phases[phases.index(phase) - 1]][case].master

    def adverts(self, case, start, end):
        found = self.witness.records[case.segment].adverts.get((case.family, case.vrid), ())
        return between(sorted(found, key=lambda advert: advert.time), start, end)

    def answers(self, case, address, start, end):
        found = self.witness.records[case.segment].answers.get(address, ())
        return between(sorted(found, key=lambda answer: answer.time), start, end)
