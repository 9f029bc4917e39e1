# SPDX-License-Identifier: GPL-2.0-or-later
"""The helpers that listen and ask, against frames and addresses made for the purpose."""
import ipaddress
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.topology import Plan, Topology, link, real                       # noqa: E402
from bench.wire import FRAME, Asker, Helper, Watch, Wire, helper            # noqa: E402
from lab.network import wait_for                                            # noqa: E402
from lab.packets import advert, checksum, mac_bytes                         # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can build networks")
MAC = mac_bytes("02:00:00:00:00:99")


@pytest.fixture
def topology():
    with Topology(Plan(2, 3, 1000, 2)) as built:
        yield built


def sender(topology, name="r1", segment=0):
    with getattr(topology, name).inside():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((link(segment), 0))
    return sock


def arp(operation, source, target):
    return (b"\xff" * 6 + MAC + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, operation)
            + MAC + socket.inet_aton(source) + b"\0" * 6 + socket.inet_aton(target))


def advert3(source, vrid, priority, centiseconds):
    body = struct.pack("!BBBBHH4s", 0x31, vrid, priority, 1, centiseconds, 0, b"\x0a\x01\x01\x0a")
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 255, 112, 0,
                       socket.inet_aton(source), socket.inet_aton("224.0.0.18"))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return mac_bytes("01:00:5e:00:00:12") + MAC + b"\x08\x00" + head + body


def packet6(next_header, source, body):
    head = struct.pack("!IHBB16s16s", 6 << 28, len(body), next_header, 255,
                       ipaddress.IPv6Address(source).packed,
                       ipaddress.IPv6Address("ff02::12").packed)
    return mac_bytes("33:33:00:00:00:12") + MAC + b"\x86\xdd" + head + body


def send_in_order(sock, frames):
    """What two processors send may overtake each other: one sends all."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        for frame in frames:
            sock.send(frame)
    finally:
        os.sched_setaffinity(0, allowed)


def heard(topology, frames, segment=0):
    """Records of these frames, sent by r1; other traffic of the topology left out."""
    wire = Helper(topology.client, FRAME, "wire", topology.folder + "/w", link(0), link(1))
    try:
        sock = sender(topology, segment=segment)
        send_in_order(sock, frames)
        sock.close()
        totals = wire.stop()
        return [r for r in wire.records() if r[10] == MAC], totals
    finally:
        wire.close()


def test_advertisement_of_version_2_is_recorded_with_its_time(topology):
    before = time.time()
    (record,), _ = heard(topology, [advert("10.1.0.1", 7, 200, ["10.1.7.10", "10.1.7.11"])])
    assert before <= record[0] / 1e9 <= time.time()
    assert record[1:10] == (1, 0, 4, 0, 2, 7, 200, 2, 100)
    assert record[11][:4] == socket.inet_aton("10.1.0.1")


def test_advertisement_of_version_3_is_recorded_with_its_interval_and_segment(topology):
    (record,), _ = heard(topology, [advert3("10.2.0.1", 9, 100, 0x0abc)], segment=1)
    assert record[1:10] == (1, 1, 4, 0, 3, 9, 100, 1, 0x0abc)


def test_advertisement_and_announcement_of_ipv6_are_recorded(topology):
    body = struct.pack("!BBBBHH16s", 0x31, 5, 150, 1, 10, 0, b"\0" * 16)
    told = struct.pack("!BBHI", 136, 0, 0, 0) + ipaddress.IPv6Address("2001:db8::5").packed
    asked = struct.pack("!BBHI", 135, 0, 0, 0) + ipaddress.IPv6Address("2001:db8::5").packed
    records, _ = heard(topology, [packet6(112, "fe80::1", body), packet6(58, "fe80::1", told),
                                  packet6(58, "fe80::1", asked)])
    assert [r[1] for r in records] == [1, 3]
    assert records[0][5:10] == (3, 5, 150, 1, 10)
    assert records[1][12] == ipaddress.IPv6Address("2001:db8::5").packed


def test_arp_is_recorded_and_other_traffic_is_not(topology):
    ping = advert("10.1.0.1", 7, 200, ["10.1.7.10"])
    ping = ping[:23] + b"\x01" + ping[24:]
    records, _ = heard(topology, [arp(1, "10.1.1.10", "10.1.1.10"), ping,
                                  arp(2, "10.1.1.11", "10.1.0.10")])
    assert [(r[1], r[4]) for r in records] == [(2, 1), (2, 2)]
    assert records[1][11][:4] == socket.inet_aton("10.1.1.11")
    assert records[1][12][:4] == socket.inet_aton("10.1.0.10")


def test_short_frames_are_left_out(topology):
    whole = advert("10.1.0.1", 7, 200, ["10.1.7.10"])
    records, totals = heard(topology, [whole[:36], arp(1, "10.1.1.10", "10.1.1.10")[:30]])
    assert records == [] and totals["dropped"] == 0


def test_burst_of_announcements_is_recorded_whole_and_in_order(topology):
    frames = [arp(1, f"10.1.{n // 200}.{n % 200 + 1}", f"10.1.{n // 200}.{n % 200 + 1}")
              for n in range(5100)] * 4
    records, totals = heard(topology, frames)
    assert totals["dropped"] == 0
    assert [r[11][:4] for r in records] == [frame[28:32] for frame in frames]
    assert all(a[0] <= b[0] for a, b in zip(records, records[1:]))


def test_capture_sorts_speakers_announcements_and_answers(topology):
    wire = Wire(topology)
    sock = sender(topology)
    vip = topology.plan.virtual((0, 1))[0]
    send_in_order(sock, [
        advert(real("r1", 0), 1, 200, [vip]), advert(real("r2", 0), 1, 100, [vip]),
        advert(real("r1", 0), 1, 0, [vip]), arp(1, vip, vip), arp(2, vip, real("client", 0)),
        arp(1, vip, "10.1.0.77")])
    wire.finish()
    wire.close()
    assert [router for _, _, router in wire.changes] == ["r2"]
    assert wire.speakers == {(0, 1): "r2"}          # a resignation is no speaking
    assert len(wire.times("r1", (0, 1))) == 2
    assert len(wire.announced[vip]) == 1 and len(wire.answered[vip]) == 1


def test_renewed_address_is_added_once(topology):
    watch = Watch(topology, "r1")
    vip = topology.plan.virtual((0, 1))[0]
    topology.r1.ip(f"""address add {vip}/32 dev lan0 valid_lft 30 preferred_lft 30
                       address change {vip}/32 dev lan0 valid_lft 60 preferred_lft 60
                       address add 10.9.9.9/32 dev lan0
                       address delete {vip}/32 dev lan0
                       address add {vip}/32 dev lan0""")
    watch.finish()
    watch.close()
    assert [address for _, address in watch.added] == [vip, vip]
    assert [address for _, address in watch.removed] == [vip]


def test_asker_asks_until_the_last_address_answers(topology):
    vips = topology.plan.virtual((0, 1))
    asker = Asker(topology, vips)
    topology.r2.ip("\n".join(f"address add {vip}/32 dev lan0" for vip in vips[:2]))
    wire = Wire(topology)
    asker.go()
    wait_for(lambda: all(wire.read().answered[vip] for vip in vips[:2]), 5, "answers")
    assert not asker.done() and not wire.answered[vips[2]]
    topology.r2.ip(f"address add {vips[2]}/32 dev lan0")
    wait_for(asker.done, 5, "the end of the questions")
    assert asker.stop()["answered"] == 3
    wait_for(lambda: wire.read().answered[vips[2]], 5, "the last answer")
    wire.close()


def test_asker_asks_at_once_for_what_was_announced(topology):
    """At one question in 100 s only the announcement can be the reason for a quick one."""
    vips = topology.plan.virtual((0, 1))
    topology.r2.ip("\n".join(f"address add {vip}/32 dev lan0" for vip in vips))
    wire = Wire(topology)
    asker = Asker(topology, vips, rate=0.01)
    asker.go()
    time.sleep(0.1)
    assert not any(wire.read().answered.values())
    sender(topology).send(arp(1, vips[1], vips[1]))
    wait_for(lambda: wire.read().answered[vips[1]], 2, "the answer")
    assert wire.answered[vips[1]][0] - wire.announced[vips[1]][0] < 1
    asker.close()
    wire.close()


def test_asker_started_late_knows_what_was_announced_since_then(topology):
    vips = topology.plan.virtual((0, 1))
    topology.r2.ip("\n".join(f"address add {vip}/32 dev lan0" for vip in vips))
    wire = Wire(topology)
    asker = Asker(topology, vips, rate=0.01)
    sender(topology).send(arp(1, vips[0], vips[0]))
    wait_for(lambda: wire.read().announced[vips[0]], 2, "the announcement that is too old")
    time.sleep(0.1)
    since = time.time()
    sender(topology).send(arp(1, vips[1], vips[1]))
    wait_for(lambda: wire.read().announced[vips[1]], 2, "the announcement that counts")
    asker.go(since)
    wait_for(lambda: wire.read().answered[vips[1]], 2, "the answer")
    assert not wire.answered[vips[0]]
    asker.close()
    wire.close()


def test_hog_ends_when_its_time_is_over(tmp_path):
    for words in (("cpu",), ("disk", str(tmp_path / "file")), ("memory", "16")):
        start = time.monotonic()
        done = subprocess.run([helper("hog"), "1", *words], timeout=10)
        assert done.returncode == -14 and 0.8 < time.monotonic() - start < 5
    assert not list(tmp_path.iterdir())


def test_metronome_counts_its_beats_and_sees_itself_stopped():
    bare = subprocess.Popen([helper("metronome"), "10", "1"], stdout=subprocess.PIPE)
    time.sleep(0.3)
    bare.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    bare.send_signal(signal.SIGCONT)
    found = json.loads(bare.communicate(timeout=10)[0])
    assert found["beats"] == 100
    assert 190 < found["longest"] < 900


@pytest.mark.parametrize("words", [(), ("0", "1"), ("10", "0"), ("10",)])
def test_metronome_refuses_what_it_cannot_beat(words):
    assert subprocess.run([helper("metronome"), *words], stderr=subprocess.DEVNULL,
                          timeout=5).returncode == 2
