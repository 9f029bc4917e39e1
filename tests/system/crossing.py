# SPDX-License-Identifier: GPL-2.0-or-later
"""
What tests of connections that cross a pair of gateways share: what the routers say of themselves,
what their kernels hold, and how to do them harm.
"""
import contextlib
import re

from lab.gateway import NUMBERS, sync
from lab.network import wait_for

PORT = 3781


def status(router, *names):
    found = sync(router)
    return tuple(found.get(name) for name in names)


def counted(router, list_name="counter"):
    return {item["name"]: int(item["count"]) for item in sync(router).get(list_name, ())}


def wait_counted(router, name, least, list_name="counter"):
    wait_for(lambda: counted(router, list_name)[name] >= least, 30,
             lambda: f"{least} of {name}: {counted(router, list_name)}")


def tuples(gateway, name):
    """
    Connections through a router that both ends keep up, as its kernel knows them: both directions,
    NAT and all.  Not their timers, which differ by intent; nor how far they are closed, which is
    not told.
    """
    found = set()
    for line in gateway.flows(name):
        words = line.split()
        if "10.3.0." not in line and words[2] in ("tcp", "udp") and "[ASSURED]" in line:
            found.add((words[2], *re.findall(r"(?:src|dst|sport|dport|mark)=\S+", line)))
    return found


def wait_equal(gateway, seconds=30):
    def differ():
        return tuples(gateway, "r1") ^ tuples(gateway, "r2")
    wait_for(lambda: not differ(), seconds, lambda: f"equal tables; {len(differ())} connections "
             f"are on one only, such as {sorted(differ())[:3]}")


def lose(router, which="", link="sync0"):
    """Such packets of the partner do not arrive."""
    router.space.run("nft", "-f", "-", check=True, input=f"""table inet loss {{
        chain input {{
            type filter hook input priority -300
            iifname {link} {which} drop
        }}
    }}""")


def cut(gateway, link="sync0"):
    """
    Nothing goes through this cable.  (An interface that is set down does not stay so: the router is
    told that it is up.)
    """
    for router in gateway.routers.values():
        lose(router, link=link)


def mend(gateway):
    for router in gateway.routers.values():
        router.space.run("nft", "delete", "table", "inet", "loss", check=True)


def takes_over(gateway, name):
    wait_for(lambda: gateway.routers[name].is_all("MASTER"), 30,
             lambda: f"{name}: {gateway.routers[name].states()}")


@contextlib.contextmanager
def power_cut(gateway):
    """r1 is gone from one moment to the next, and r2 forwards."""
    with gateway.r1.frozen():
        gateway.switch.ip("link set r1-lan down\nlink set r1-wan down")
        takes_over(gateway, "r2")
        yield


def hand_over(gateway, to="r2"):
    """As planned, without harm."""
    source = "r1" if to == "r2" else "r2"
    gateway.routers[source].tandem("reset", "vrrp", "master", "interface", "lan0", "group", "1")
    takes_over(gateway, to)


def wait_told(gateway, least):
    """The standby router holds so many connections."""
    wait_for(lambda: (status(gateway.r2, "flows")[0] or 0) >= least, 30,
             lambda: f"{least} flows: {sync(gateway.r2)}")


def talk_on(*talks):
    """Each connection has the echo of something that it says now."""
    for talk in talks:
        talk.mark()
    for talk in talks:
        talk.wait_again()


def all_alive(*talks):
    talk_on(*talks)
    for talk in talks:
        found = talk.end()
        assert found["established"] == talk.count
        assert found["dead"] == found["reset"] == 0, found


def pair(gateway):
    """Pair both routers by each other's key."""
    found = {}
    for router in gateway.routers.values():
        text = router.tandem("show", "pair")
        found[router.name] = re.search(r"[0-9a-f]{4}(?:-[0-9a-f]{4}){15}", text).group(0)
    for name, other in (("r1", "r2"), ("r2", "r1")):
        gateway.routers[name].configure(
            f"set system pair fingerprint {found[other]}",
            f"set system pair remote-address 10.3.0.{NUMBERS[other]}")
    return found
