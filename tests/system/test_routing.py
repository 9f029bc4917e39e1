# SPDX-License-Identifier: GPL-2.0-or-later
"""
Static routes and the host name: one router in namespaces of its own, with a port va that leads to
10.0.0.9 and 2001:db8::9, and a port vc that leads nowhere.
"""
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

import pexpect
import pytest

from lab.network import wait_for
from lab.router import BUILD, TOP, Router

PORT = "interfaces dataplane va"
GROUP = PORT + " vrrp vrrp-group 1"
START = f"""set {PORT} address 10.0.0.2/24
set {PORT} address 2001:db8::2/64
set interfaces dataplane vc address 10.2.0.2/24
"""
WORLD = """
ip link add va type veth peer name vb
ip link add vc type veth peer name vd
ip link set vb up
ip link set vd up
ip link set lo up
echo r1 >/proc/sys/kernel/hostname
echo ready
exec sleep 3600
"""


class Place:
    """Namespaces of network and names, held by a process."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "--uts", "sh", "-ec", WORLD],
                                       stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"

    def command(self, *words):
        return ["nsenter", "--target", str(self.holder.pid), "--net", "--uts", "--", *words]

    def popen(self, *words, **options):
        # The lab's own namespace of names would hide what is tested here.
        if words[:2] == ("unshare", "--uts"):
            words = words[2:]
        return subprocess.Popen(self.command(*words), **options)

    def run(self, *words, **options):
        return subprocess.run(self.command(*words), text=True, capture_output=True, **options)

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Routing(Router):
    def pids(self):
        """Role -> process: the children of the supervisor, and itself."""
        found = {"supervisor": self.process.pid}
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            for pid in children.read().split():
                with open(f"/proc/{pid}/comm") as comm:
                    found[comm.read().strip().removeprefix("tandem-")] = int(pid)
        return found

    def sh(self, *words):
        done = self.space.run(*words)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def routes(self, *words):
        """Lines of "ip route", blanks at their ends removed."""
        return [line.strip() for line in self.sh("ip", *words, "route").splitlines()]

    def hostname(self):
        return self.sh("hostname").strip()

    def crash(self):
        """End every process at once."""
        for pid in self.pids().values():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def router():
    folder = tempfile.mkdtemp(prefix="tandem-routing-", dir="/run")
    os.chmod(folder, 0o755)
    place = Place()
    made = Routing("r1", place, folder, START)
    try:
        yield made.start()
    finally:
        if made.process and made.process.poll() is None:
            made.stop()
        place.close()
        shutil.rmtree(folder)


def settled(router, *lines):
    """Are all of these lines of "ip route" there?"""
    return set(lines) <= set(router.routes() + router.routes("-6"))


FIRST = "default via 10.0.0.9 dev va proto 113 metric 1"
SECOND = "default via 10.2.0.9 dev vc proto 113 metric 20"
SIXTH = "2001:db8:6::/48 via fe80::9 dev va proto 113 metric 1 pref medium"
HOLE = "blackhole 10.0.0.0/8 proto 113 metric 254"
COMMANDS = ("set protocols static route 0.0.0.0/0 next-hop 10.0.0.9",
            "set protocols static route 0.0.0.0/0 next-hop 10.2.0.9 distance 20",
            "set protocols static route 10.0.0.0/8 blackhole distance 254",
            "set protocols static route6 2001:db8:6::/48 next-hop fe80::9 interface va")


def test_routes_come_with_a_commit_and_go_with_another(router):
    router.configure(*COMMANDS)
    wait_for(lambda: settled(router, FIRST, SECOND, SIXTH, HOLE), 20, router.routes)
    # Two next hops of one distance share the packets.
    router.configure("set protocols static route 0.0.0.0/0 next-hop 10.2.0.9 distance 1")
    wait_for(lambda: settled(router, "default proto 113 metric 1",
                             "nexthop via 10.0.0.9 dev va weight 1",
                             "nexthop via 10.2.0.9 dev vc weight 1"), 20, router.routes)
    assert SECOND not in router.routes()
    router.configure("set protocols static route 0.0.0.0/0 next-hop 10.2.0.9 disable",
                     "set protocols static interface-route 10.8.0.0/16 next-hop-interface vc")
    wait_for(lambda: settled(router, FIRST, "10.8.0.0/16 dev vc proto 113 scope link metric 1"),
             20, router.routes)
    router.configure("delete protocols")
    wait_for(lambda: "proto 113" not in "".join(router.routes() + router.routes("-6")), 20,
             router.routes)


def test_unrelated_commit_touches_no_route(router):
    router.configure(*COMMANDS)
    wait_for(lambda: settled(router, FIRST, SECOND, SIXTH, HOLE), 20, router.routes)
    watch = router.space.popen("ip", "-4", "monitor", "route", stdout=subprocess.PIPE)
    os.set_blocking(watch.stdout.fileno(), False)
    heard = ""

    def hears(destination):
        """Has the watch told of this route of nobody's, which comes and goes?"""
        nonlocal heard
        router.sh("ip", "route", "add", "blackhole", destination)
        router.sh("ip", "route", "del", "blackhole", destination)
        with contextlib.suppress(BlockingIOError):
            heard += os.read(watch.stdout.fileno(), 65536).decode()
        return destination in heard

    try:
        wait_for(lambda: hears("192.0.2.1"), 20, "the watch")
        router.configure("set system config-management commit-revisions 50",
                         "set interfaces dataplane vc description other")
        wait_for(lambda: router.state("system-state")["revision"]
                 == router.state("system-state")["adopted-revision"], 20, "the adoption")
        wait_for(lambda: hears("192.0.2.2"), 20, lambda: heard)
    finally:
        watch.kill()
        watch.wait()
    assert "proto 113" not in heard, heard


def test_route_of_a_killed_service_is_purged_unless_it_is_wanted(router):
    router.configure(*COMMANDS)
    wait_for(lambda: settled(router, FIRST, SECOND, SIXTH, HOLE), 20, router.routes)
    router.crash()
    assert settled(router, FIRST, SECOND, SIXTH, HOLE)
    shutil.rmtree(router.run_dir)
    router.write_saved(START + COMMANDS[0])
    router.start()
    wait_for(lambda: settled(router, FIRST) and "metric 254" not in "".join(router.routes()), 20,
             router.routes)
    assert SECOND not in router.routes() and SIXTH not in router.routes("-6")
    # An orderly end leaves the router routing.
    router.stop()
    assert settled(router, FIRST)


def test_commit_tells_which_route_the_kernel_refuses_and_which_waits(router):
    router.sh("ip", "route", "add", "10.9.0.0/16", "dev", "vd", "metric", "1")
    done = router.configure("set protocols static route 10.9.0.0/16 next-hop 10.0.0.9",
                            check=False)
    said = done.stdout + done.stderr
    assert "protocols static route 10.9.0.0/16: cannot add the route of distance 1" in said, said
    assert "10.9.0.0/16 dev vd scope link metric 1" in router.routes()
    router.configure("delete protocols", check=False)
    done = router.configure("set protocols static route 10.7.0.0/16 next-hop 192.0.2.9",
                            check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "[L28]" in said and "10.7.0.0/16 next-hop 192.0.2.9: waits for an interface" in said
    router.configure("set interfaces dataplane vc address 192.0.2.2/24")
    wait_for(lambda: settled(router, "10.7.0.0/16 via 192.0.2.9 dev vc proto 113 metric 1"), 20,
             router.routes)


def shown(router, *words):
    """Rows of a table of routes, blanks between words made one."""
    return [" ".join(line.split()) for line in
            router.tandem("show", *words).splitlines()[2:]]


def test_routes_are_shown_with_what_the_kernel_has_of_them(router):
    assert router.tandem("show", "protocols", "static") == "No static routes\n"
    router.configure(*COMMANDS, "set protocols static route 10.7.0.0/16 next-hop 192.0.2.9",
                     "set protocols static interface-route 10.8.0.0/16 next-hop-interface va",
                     "set protocols static interface-route 10.6.0.0/16 next-hop-interface tun9")
    wait_for(lambda: settled(router, FIRST, SECOND, SIXTH, HOLE), 20, router.routes)
    assert shown(router, "ip", "route", "static") == [
        "0.0.0.0/0 10.0.0.9 va 1 installed",
        "0.0.0.0/0 10.2.0.9 vc 20 installed, stands by",
        "10.0.0.0/8 blackhole - 254 installed",
        "10.6.0.0/16 - tun9 1 waits for tun9, which does not exist",
        "10.7.0.0/16 192.0.2.9 - 1 waits for an interface that is up and has an address in the "
        "network of the next hop",
        "10.8.0.0/16 - va 1 installed"]
    assert shown(router, "ipv6", "route", "static") == [
        "2001:db8:6::/48 fe80::9 va 1 installed"]
    state = router.state("routes-state")["route"]
    assert [(r["prefix"], r["distance"], r["preferred"]) for r in state[:2]] == \
        [("0.0.0.0/0", 1, True), ("0.0.0.0/0", 20, False)]
    # When the better one goes the other is used; when its own interface goes it waits.
    router.sh("ip", "link", "set", "vb", "down")
    wait_for(lambda: shown(router, "ip", "route", "static")[:2] == [
        "0.0.0.0/0 10.0.0.9 - 1 waits for an interface that is up and has an address in the "
        "network of the next hop",
        "0.0.0.0/0 10.2.0.9 vc 20 installed"], 20, lambda: shown(router, "ip", "route", "static"))
    # The kernel's own words stand beside what it refuses.
    assert "10.8.0.0/16 - va 1 waits for va, which is down" in shown(router, "protocols", "static")
    router.sh("ip", "route", "add", "10.8.0.0/16", "dev", "vd", "metric", "1")
    router.sh("ip", "link", "set", "vb", "up")
    wait_for(lambda: "10.8.0.0/16 - va 1 refused: File exists (another program's route to it "
             "has this distance as its metric)" in shown(router, "protocols", "static"), 20,
             lambda: shown(router, "protocols", "static"))


def test_group_that_ignores_its_interface_stays_master_without_it(router):
    router.configure(f"set {GROUP} virtual-address 10.0.0.1/24", f"set {GROUP} preempt false",
                     f"set {GROUP} track exclude-vrrp-interface")
    wait_for(lambda: router.is_all("MASTER"), 20, router.states)

    def is_up():
        return {i["name"]: i["link-up"] for i in
                router.state("interfaces-state")["interface"]}["va"]

    def sent():
        return router.state("vrrp-state")["group"][0]["statistics"]

    for commands in (("vb", "down"), ("va", "down")):
        before = sent()
        router.sh("ip", "link", "set", *commands)
        wait_for(lambda: not is_up() and sent() != before, 20, sent)
        assert router.is_all("MASTER")
        assert "inet 10.0.0.1/24" in router.sh("ip", "address", "show", "va")
    # Without the word the loss counts at once, and with it again, no longer.
    router.configure(f"delete {GROUP} track exclude-vrrp-interface")
    wait_for(lambda: router.is_all("FAULT"), 20, router.states)
    assert "inet 10.0.0.1/24" not in router.sh("ip", "address", "show", "va")
    router.configure(f"set {GROUP} track exclude-vrrp-interface")
    wait_for(lambda: router.is_all("MASTER"), 20, router.states)
    wait_for(lambda: "inet 10.0.0.1/24" in router.sh("ip", "address", "show", "va"), 20,
             lambda: router.sh("ip", "address", "show", "va"))
    router.sh("ip", "link", "set", "vb", "up")
    router.sh("ip", "link", "set", "va", "up")
    wait_for(is_up, 20, "va")
    assert router.is_all("MASTER")


def test_router_that_does_not_forward_is_told_so(router):
    switch = "/proc/sys/net/ipv4/ip_forward"
    commands = (f"set {GROUP} virtual-address 10.0.0.1/24", f"set {GROUP} preempt false")
    said = router.tandem(stdin="\n".join(("configure", *commands, "check", "exit discard", "")),
                         check=False)
    assert "this router does not forward IPv4" in said.stdout + said.stderr
    # A file may be another router's.
    path = router.folder + "/other.boot"
    with open(path, "w") as file:
        file.write(START + "\n".join(commands) + "\n")
    said = router.tandem("check", "file", path, check=False)
    assert "[L27]" not in said.stdout + said.stderr
    router.sh("sh", "-c", f"echo 1 >{switch}")
    done = router.configure(*commands, check=False)
    assert "[L27]" not in done.stdout + done.stderr
    router.sh("sh", "-c", f"echo 0 >{switch}")
    done = router.configure(f"set {GROUP} priority 200", check=False)
    assert f"{GROUP}: this router does not forward IPv4" in done.stdout + done.stderr


def test_host_name_is_the_configured_one_and_comes_back(router):
    outside = socket.gethostname()
    assert router.hostname() == "r1"
    router.configure("set system host-name vienna-1")
    wait_for(lambda: router.hostname() == "vienna-1", 20, router.hostname)
    person = pexpect.spawn(router.space.command(BUILD + "/src/cli/tandem")[0],
                           router.space.command(BUILD + "/src/cli/tandem", "--run-dir",
                                                router.run_dir, "--yang-dir", TOP + "/yang")[1:],
                           encoding="utf-8", timeout=60)
    person.expect_exact(f"{pwd.getpwuid(os.geteuid()).pw_name}@vienna-1:~$ ")
    person.sendline("exit")
    person.expect(pexpect.EOF)
    # An orderly restart, and one after a crash, forget nothing.
    router.stop()
    assert router.hostname() == "vienna-1"
    router.start()
    router.crash()
    router.start()
    assert router.hostname() == "vienna-1"
    router.configure("set system host-name vienna-2")
    wait_for(lambda: router.hostname() == "vienna-2", 20, router.hostname)
    router.configure("delete system host-name")
    wait_for(lambda: router.hostname() == "r1", 20, router.hostname)
    # What somebody calls it then is nobody's business.
    router.sh("hostname", "by-hand")
    router.configure("set interfaces dataplane vc description other")
    wait_for(lambda: router.state("system-state")["revision"]
             == router.state("system-state")["adopted-revision"], 20, "the adoption")
    assert router.hostname() == "by-hand"
    assert socket.gethostname() == outside


def test_four_thousand_routes_are_one_commit(router):
    lines = [f"set protocols static route 100.{i // 256}.{i % 256}.0/24 next-hop 10.0.0.9"
             for i in range(4000)]
    router.configure(*lines)
    wait_for(lambda: len(router.routes()) >= 4002, 20, lambda: str(len(router.routes())))
    router.configure("delete protocols static route 100.7.7.0/24")
    wait_for(lambda: len([line for line in router.routes() if "proto 113" in line]) == 3999, 20,
             lambda: str(len(router.routes())))
