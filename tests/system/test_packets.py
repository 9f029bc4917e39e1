# SPDX-License-Identifier: GPL-2.0-or-later
"""Advertisements that must not count, and passwords."""
from lab.network import wait_for
from lab.packets import Sender, advert, advert3
from lab.pair import DOWN_INTERVAL, GROUPS, seed

from laws import INTERVAL, SLACK, assert_on_time, faults, no_transition

VIPS10 = ["10.100.105.177", "10.100.38.1"]
GROUP10 = "interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 10"
STRANGER = "192.168.255.200"


def with_password(password):
    return (f"set {GROUP10} authentication type 'plaintext-password'\n"
            f"set {GROUP10} authentication password '{password}'\n")


def test_stream_of_wrong_packets_neither_delays_nor_moves_anything(make_pair):
    """Each wrong in one way, of the highest priority, twice an interval."""
    pair = make_pair(seed("r1") + with_password("secret"), seed("r2") + with_password("secret"))
    pair.start()

    def wrong(**what):
        fields = {"auth": 1, "data": b"secret", **what}
        return advert(STRANGER, 10, 255, VIPS10, **fields)

    frames = {"checksum": wrong(wrong_sum=True), "version": advert3(STRANGER, 10, 255, VIPS10),
              "ttl": wrong(ttl=254), "interval": wrong(interval=2),
              "authentication-failed": wrong(data=b"guess")}
    with no_transition(pair.r1, pair.r2), pair.capture() as packets:
        with Sender(pair.space("c10"), "eth0", list(frames.values()), INTERVAL / 2) as sender:
            wait_for(lambda: sender.sent >= 10 * len(frames), 60, "the packets to be sent")
    packets.packets = [p for p in packets.packets if p.source != STRANGER]
    assert_on_time(packets, INTERVAL + SLACK / 3)
    each = sender.sent // len(frames)

    def uncounted(router):
        return [reason for reason in frames if faults(router, "v10").get(reason, 0) < each]

    for router in (pair.r1, pair.r2):
        wait_for(lambda: not uncounted(router), 20,
                 lambda: f"{router.name} to count {uncounted(router)}: {faults(router, 'v10')}")


def test_both_with_the_same_password_are_master_and_backup(make_pair):
    pair = make_pair(seed("r1") + with_password("secret"), seed("r2") + with_password("secret"))
    pair.start()
    with pair.capture() as packets:
        wait_for(lambda: packets.adverts("v10"), 20, "an advertisement")
    assert packets.adverts("v10")[0].data[34:][-8:] == b"secret\0\0"


def test_different_passwords_raise_an_alarm_and_are_mended_by_a_commit(make_pair):
    group = GROUPS["v10"]
    # Alone in its sync group: else the other members, which still hear r1, would speak for it.
    pair = make_pair(seed("r1").replace("group 10 sync-group 'SYNC1'", "group 10 sync-group ALONE")
                     + with_password("secret"),
                     seed("r2").replace("group 10 sync-group 'SYNC1'", "group 10 sync-group ALONE")
                     + with_password("other"))
    pair.start("r1")
    pair.wait_all("r1", "MASTER")
    pair.start("r2")
    wait_for(lambda: pair.r2.states().get(group) == "MASTER", DOWN_INTERVAL + 5, "a second master")
    wait_for(lambda: pair.r2.groups()[group].get("alarm"), 20, "an alarm")
    assert any("auth" in alarm for alarm in pair.r2.groups()[group]["alarm"])
    pair.r2.configure(f"set {GROUP10} authentication password 'secret'")
    wait_for(lambda: pair.r2.states()[group] == "BACKUP", 20, "r2 to yield")
    assert pair.r1.states()[group] == "MASTER"
