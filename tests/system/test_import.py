# SPDX-License-Identifier: GPL-2.0-or-later
"""
What "import keepalived" makes of a file is what keepalived itself makes of it: keepalived reads the
file in a namespace that has its interfaces and tells what it understood, and that is compared.
"""
import glob
import os
import re
import shlex
import subprocess

import pytest

from lab.network import Network
from lab.router import BUILD, TOP

GOLDEN = os.path.join(TOP, "tests", "golden", "import")
FOLDER = "/usr/share/doc/keepalived/samples/"
# Of the package; one more asks for IPVS, which not every kernel has.
SAMPLES = [path for pattern in ("vrrp*", "track_interface", "sample")
           for path in sorted(glob.glob(FOLDER + "keepalived.conf." + pattern))
           if not path.endswith("lvs_syncd")]
ROUTER = "high"
# What files name beside the interfaces of their groups, in parts that are not imported.
OTHERS = {"eth0", "eth1", "eth2", "eth3"}

# Statements whose defaults, rounding and inheritance are keepalived's to say.
DETAILS = """\
global_defs {
    vrrp_garp_master_delay 7
    vrrp_version 3
}
vrrp_instance slow {
    interface eth0
    virtual_router_id 1
    advert_int 60
    nopreempt
    virtual_ipaddress { 10.1.0.1/24 }
}
vrrp_instance fast {
    interface eth0
    virtual_router_id 2
    advert_int 0.014
    no_accept
    virtual_ipaddress {
        10.2.0.1/24 dev eth1
        10.2.0.2
    }
    virtual_ipaddress_excluded
    {
        10.2.0.3/25
    }
}
vrrp_instance old {
    interface eth1
    version 2
    state MASTER
    virtual_router_id 3
    advert_int 2.5
    priority 7
    preempt_delay 3
    nopreempt
    virtual_ipaddress { 10.3.0.1 }
}
vrrp_instance six {
    interface eth1
    virtual_router_id 4
    advert_int 50
    virtual_ipaddress {
        fe80::4
        2001:db8::4/64
    }
}
"""


def imported(path):
    """{(interface, number): what the set commands say of the group}, and all interfaces."""
    done = subprocess.run([os.path.join(BUILD, "src", "cli", "tandem"), "import", "keepalived",
                           path, ROUTER], text=True, capture_output=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    groups, interfaces = {}, set()
    for line in done.stdout.splitlines():
        words = shlex.split(line)[1:]
        if words[0] != "interfaces":
            continue
        name, rest = words[2], words[3:]
        if rest[:1] == ["vif"]:
            name, rest = f"{name}.{rest[1]}", rest[2:]
        interfaces.add(name)
        if rest[:2] != ["vrrp", "vrrp-group"]:
            continue
        group = groups.setdefault((name, int(rest[2])), {"virtual-address": [],
                                                         "excluded-address": []})
        if rest[3] in ("virtual-address", "excluded-address"):
            group[rest[3]].append(rest[4].removesuffix("/32").removesuffix("/128"))
        else:
            group[rest[3]] = rest[-1]
    return groups, interfaces


def normal(group):
    """The same with the defaults that both have."""
    version = int(group.get("version", 2))
    seconds = float(group.get("advertise-interval", 1))
    return {
        "version": version,
        "priority": int(group.get("priority", 100)),
        "milliseconds": int(group.get("fast-advertise-interval", 1000 * seconds)),
        "preempt": group.get("preempt", "true") == "true",
        "accept": version == 2 or group.get("accept") == "true",
        "addresses": sorted(group["virtual-address"]),
        "excluded": sorted(group["excluded-address"]),
    }


def told(path, interfaces):
    """The same as keepalived tells it, reading the file where there are these interfaces."""
    network = Network()
    try:
        here, there = network.add("import"), network.add("far")
        for number, name in enumerate(sorted(interfaces), 1):
            network.cable(here, name, there, f"far{number}")
            here.ip(f"addr add 10.200.{number}.1/24 dev {name}\nlink set {name} up")
            there.ip(f"link set far{number} up")
        return parse(here, path)
    finally:
        network.close()


def parse(space, path):
    # Its process files go to a folder that only it sees.
    program = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh",
               "keepalived", "--dont-fork", "--log-console", "--log-detail", "--dump-conf",
               "--vrrp", "--config-id", ROUTER, "--use-file", path]
    process = space.popen(*program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    instances, lines, within = {}, [], None
    try:
        for line in process.stdout:
            lines.append(line)
            text = line.partition(": ")[2].strip()
            if text.startswith("------< Interfaces"):
                return instances
            within = understand(text, instances, within)
        pytest.fail("keepalived does not take the file:\n" + "".join(lines))
    finally:
        process.terminate()
        process.stdout.read()
        process.wait(timeout=20)


FIELDS = (
    (r"VRRP Version = (\d)", lambda group, v: group.update(version=int(v))),
    (r"Interface = (\S+?),? vmac on (\S+?),?(?: .*)?$",
     lambda group, mac, link: group.update(interface=link, mac=mac)),
    (r"Interface = (\S+)$", lambda group, link: group.update(interface=link)),
    (r"Virtual Router ID = (\d+)", lambda group, v: group.update(vrid=int(v))),
    (r"Priority = (\d+)", lambda group, v: group.update(priority=int(v))),
    (r"Advert interval = (\d+) sec", lambda group, v: group.update(milliseconds=1000 * int(v))),
    (r"Advert interval = (\d+) milli-sec", lambda group, v: group.update(milliseconds=int(v))),
    (r"Accept = (\w+)", lambda group, v: group.update(accept=v == "enabled")),
    (r"Preempt = (\w+)", lambda group, v: group.update(preempt=v == "enabled")),
    (r"Virtual IP \(", lambda group: group.update(list="addresses")),
    (r"Virtual IP Excluded", lambda group: group.update(list="excluded")),
    (r"(Virtual Routes|Virtual Rules|No sockets)", lambda group, _: group.update(list=None)),
)


def understand(text, instances, within):
    """One line of the dump; returns the instance that is being told of."""
    found = re.match(r"VRRP Instance = (.+)", text)
    if found:
        return instances.setdefault(found.group(1), {"addresses": [], "excluded": [],
                                                     "list": None})
    for pattern, take in FIELDS:
        found = re.match(pattern, text)
        if found and within is not None:
            take(within, *found.groups())
            return within
    found = re.match(r"([0-9a-f.:]+(?:/\d+)?) dev ", text)
    if found and within is not None and within["list"]:
        within[within["list"]].append(found.group(1))
    return within


def by_place(instances):
    groups = {}
    for group in instances.values():
        place = group.pop("interface"), group.pop("vrid")
        del group["list"]
        group.pop("mac", None)
        # An address that stands twice is held once.
        groups[place] = {**group, "addresses": sorted(set(group["addresses"])),
                         "excluded": sorted(set(group["excluded"]))}
    return groups


def expect_same(path):
    groups, interfaces = imported(path)
    assert groups
    # What lies below a vif need not be there: a cable may have any name.
    assert {place: normal(group) for place, group in groups.items()} \
        == by_place(told(path, interfaces | OTHERS))


@pytest.mark.parametrize("name", ["cluster.conf", "template.conf"])
def test_golden_files_mean_to_keepalived_what_they_become(name):
    expect_same(os.path.join(GOLDEN, name))


def test_details_mean_to_keepalived_what_they_become(tmp_path):
    path = tmp_path / "details.conf"
    path.write_text(DETAILS)
    expect_same(str(path))


@pytest.mark.parametrize("path", SAMPLES, ids=os.path.basename)
def test_samples_mean_to_keepalived_what_they_become(path):
    expect_same(path)
