# SPDX-License-Identifier: GPL-2.0-or-later
"""
Virtual servers on a kernel that has IPVS: a client of the inner network, two real servers behind
the outer one, and connections that are real.

      client (c10) --- 10.100.105.177:80 --- r1, r2 --- servers 169.110.21.27 and .28, port 8001
"""
import contextlib
import json
import socket
import threading

import pytest

from lab.network import wait_for, watch_for

from duo import OUTER_VIP, VIP, Duo

pytestmark = pytest.mark.bonds          # a kernel with IPVS has those as well

SERVERS = ("169.110.21.27", "169.110.21.28")
PORT = 8001
WEB = "service virtual-server web"
LIST = "tandem-virtual-server:virtual-server"
CONFIGURATION = (
    f"{WEB} address {VIP}",
    f"{WEB} port 80",
    f"{WEB} algorithm round-robin",
    f"{WEB} delay-loop 1",
    *(f"{WEB} real-server {server} {rest}" for server in SERVERS
      for rest in (f"port {PORT}", "connection-timeout 1")),
)


class Server:
    """A real server: it says who it is, then gives back what it gets, until it is closed."""

    def __init__(self, space, address):
        self.address = address
        self.connections = []
        with space.inside():
            self.listener = socket.create_server((address, PORT))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.sendall(self.address.encode() + b"\n")
            while True:
                got = connection.recv(100)
                if not got:
                    return
                connection.sendall(got)

    def close(self):
        """No new connections; those that there are go on."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Talker:
    """A real server of UDP: it says who it is, as often as it is asked, until it is closed."""

    def __init__(self, space, address):
        self.address = address
        with space.inside():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, PORT))
        self.socket.settimeout(0.1)     # a call under way would keep the port
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.ended.is_set():
            with contextlib.suppress(OSError):
                data, client = self.socket.recvfrom(100)
                if len(data) > 1:       # no health check
                    self.socket.sendto(self.address.encode(), client)

    def close(self):
        """From now on its machine refuses."""
        self.ended.set()
        self.thread.join()
        self.socket.close()


class Farm:
    """The pair, its client and the real servers."""

    def __init__(self, duo):
        self.duo = duo
        self.client = duo.space("c10")
        # The backup checks the servers as well, from an address of its own in their network.
        for router, address in ((duo.r1, "169.110.21.29/29"), (duo.r2, "169.110.21.30/29")):
            with edited(router) as tree:
                bonds = tree["tandem-interfaces:interfaces"]["bonding"]
                next(b for b in bonds if b["name"] == "dp0bond1")["address"].append(address)
        self.home = duo.space("up")
        self.home.ip(f"""address add {SERVERS[1]}/29 dev eth0
                         route replace default via {OUTER_VIP}""")
        self.servers = {}
        for address in SERVERS:
            self.open(address)

    def open(self, address):
        self.servers[address] = Server(self.home, address)

    def close(self):
        for server in self.servers.values():
            server.close()

    def connect(self):
        """A connection of the client's to the virtual address, and who answers."""
        with self.client.inside():
            connection = socket.create_connection((VIP, 80), 20)
        answer = b""
        while not answer.endswith(b"\n"):
            got = connection.recv(100)
            assert got, "closed before it was answered"
            answer += got
        return connection, answer.decode().strip()

    def ask(self, times):
        """Who answered so many connections, one after the other."""
        answers = []
        for _ in range(times):
            connection, answer = self.connect()
            connection.close()
            answers.append(answer)
        return answers

    def answers(self):
        with contextlib.suppress(OSError, AssertionError):
            return self.ask(1)


@contextlib.contextmanager
def edited(router):
    """A commit of what the block makes of the configuration, without starting a program."""
    tree, revision = router.running()
    yield tree
    status, _, text = router.api("PUT", "/restconf/data", json.dumps(tree), {
        "Content-Type": "application/yang-data+json", "If-Match": f'"{revision}"'})
    assert status in (200, 204), text


def servers_of(tree):
    """The list of virtual servers of a configuration."""
    return tree["tandem-service:service"][LIST]


def web_of(tree):
    return next(server for server in servers_of(tree) if server["name"] == "web")


def works(connection):
    connection.sendall(b"echo")
    return connection.recv(100) == b"echo"


def saved(router):
    return router.space.run("ipvsadm", "--save", "-n", check=True).stdout


def table(router):
    """What ipvsadm sees: {(service): {destination: weight}}."""
    services = {}
    for line in saved(router).splitlines():
        words = line.split()
        if words[0] == "-A":
            services[words[2]] = {}
        else:
            services[words[2]][words[4]] = int(words[words.index("-w") + 1])
    return services


def both(weight=1):
    return {f"{VIP}:80": {f"{server}:{PORT}": weight for server in SERVERS}}


def found(router, name="web"):
    """What a router says of a virtual server."""
    servers = router.state("virtual-server-state").get("virtual-server", ())
    return next((s for s in servers if s["name"] == name), {})


def states(router):
    return {real["address"]: real.get("state") for real in found(router).get("real-server", ())}


def problems(router):
    return "".join(router.state("system-state").get("problem", ()))


def wait_table(router, wanted, seconds=20):
    wait_for(lambda: table(router) == wanted, seconds,
             lambda: f"{router.name}'s table to be {wanted}: it is {table(router)}\n"
             + router.log()[-2000:])


def expiry(router):
    """Does the kernel forget clients of servers that were removed?"""
    return int(router.space.run("cat", "/proc/sys/net/ipv4/vs/expire_nodest_conn",
                                check=True).stdout)


@pytest.fixture(scope="module")
def farm():
    duo = Duo(*CONFIGURATION)
    made = Farm(duo)
    try:
        yield made
    finally:
        made.close()
        duo.close()


@pytest.fixture(autouse=True)
def whole(farm):
    """Both routers have both servers, before each test."""
    for router in (farm.duo.r1, farm.duo.r2):
        wait_table(router, both())


def test_connections_are_spread_over_the_servers(farm):
    answers = farm.ask(10)
    assert {answers.count(server) for server in SERVERS} == {5}
    shown = farm.duo.r1.tandem("show", "virtual-server")
    print(shown)
    assert all(len(line) <= 80 for line in shown.splitlines())
    for server in SERVERS:
        line = next(line for line in shown.splitlines() if server in line)
        assert line.split()[:3] == [f"{server}:{PORT}", "up", "1"]
    wait_for(lambda: int(found(farm.duo.r1)["connections"]) >= 10, 20,
             "the kernel, which adds up every two seconds, to have counted them")


def test_backup_router_has_the_same_table_and_the_same_opinion(farm):
    assert table(farm.duo.r2) == table(farm.duo.r1)
    assert states(farm.duo.r2) == {server: "up" for server in SERVERS}


def test_server_that_dies_is_taken_out_and_comes_back(farm):
    dead, alive = SERVERS
    connections = [farm.connect() for _ in range(2)]
    farm.servers[dead].close()
    wanted = both()
    wanted[f"{VIP}:80"][f"{dead}:{PORT}"] = 0
    for router in (farm.duo.r1, farm.duo.r2):
        wait_table(router, wanted)
        assert states(router)[dead] == "down"
    assert set(farm.ask(4)) == {alive}
    # Whom it serves already, it serves to the end.
    assert {answer for _, answer in connections} == set(SERVERS)
    assert all(works(connection) for connection, _ in connections)
    farm.open(dead)
    wait_table(farm.duo.r1, both())
    assert set(farm.ask(4)) == set(SERVERS)


def test_persistent_client_of_a_dead_server_gets_another(farm):
    with edited(farm.duo.r1) as tree:
        web_of(tree)["persistence-timeout"] = 60
    try:
        wait_for(lambda: "-p 60" in saved(farm.duo.r1), 20, "the kernel to know of it")
        first, = set(farm.ask(4))
        connection, _ = farm.connect()
        farm.servers[first].close()
        wait_for(lambda: f"{first}:{PORT}" not in table(farm.duo.r1)[f"{VIP}:80"], 20,
                 "the dead server to be taken out")
        assert set(farm.ask(2)) == set(SERVERS) - {first}
        with pytest.raises(ConnectionResetError):       # it is told, rather than left waiting
            works(connection)
        farm.open(first)
    finally:
        with edited(farm.duo.r1) as tree:
            del web_of(tree)["persistence-timeout"]


def test_udp_client_that_keeps_its_port_gets_another_server(farm):
    router, name = farm.duo.r1, f"{VIP}:53"
    talkers = {server: Talker(farm.home, server) for server in SERVERS}
    with farm.client.inside():
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5)

    def ask():
        with contextlib.suppress(OSError):
            client.sendto(b"who", (VIP, 53))
            return client.recv(100).decode()

    with edited(router) as tree:
        servers_of(tree).append({
            "name": "dns", "address": VIP, "port": 53, "protocol": "udp", "delay-loop": 1,
            "real-server": [{"address": server, "port": PORT, "connection-timeout": 1}
                            for server in SERVERS]})
    try:
        wait_for(lambda: len(table(router).get(name, ())) == 2, 20, "both servers to be up")
        first = ask()
        assert first in SERVERS and {ask() for _ in range(3)} == {first}
        talkers[first].close()
        wait_for(lambda: f"{first}:{PORT}" not in table(router)[name], 20,
                 "the dead server to be taken out")
        other, = set(SERVERS) - {first}
        wait_for(lambda: ask() == other, 20, "the client to get the other server")
    finally:
        client.close()
        for talker in talkers.values():
            talker.close()
        with edited(router) as tree:
            servers_of(tree)[:] = [s for s in servers_of(tree) if s["name"] != "dns"]


def test_changed_port_waits_for_its_check(farm):
    """Nothing listens there: no moment with a weight, whatever was known of the old port."""
    router, closed = farm.duo.r1, PORT + 98
    weights, stop = [], threading.Event()
    path = f"/proc/{router.pids()['engine']}/net/ip_vs"

    def look():
        while not stop.is_set():
            with open(path) as file:
                weights.extend(int(line.split()[3]) for line in file if f":{closed:04X}" in line)

    def change(port):
        with edited(router) as tree:
            server = next(s for s in web_of(tree)["real-server"] if s["address"] == SERVERS[0])
            server["port"] = port

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        change(closed)
        wait_for(lambda: states(router)[SERVERS[0]] == "down", 20, "the new port to be checked")
        wait_for(lambda: f"{SERVERS[0]}:{closed}" in table(router)[f"{VIP}:80"], 20,
                 "the table to have it")
    finally:
        stop.set()
        watcher.join()
        change(PORT)
    assert set(weights) == {0}


def test_script_decides_and_drained_server_keeps_its_connections(farm):
    def server_of(tree):
        return next(s for s in web_of(tree)["real-server"] if s["address"] == SERVERS[0])

    path = farm.duo.script("check", "test ! -e " + farm.duo.notes() + "/bad\n")
    connection = next(c for c, answer in (farm.connect() for _ in range(2))
                      if answer == SERVERS[0])
    with edited(farm.duo.r1) as tree:
        server_of(tree)["health-check"] = {"script": path}
    try:
        open(farm.duo.notes() + "/bad", "w").close()
        wait_for(lambda: states(farm.duo.r1)[SERVERS[0]] == "down", 20, "the script to be heard")
        with edited(farm.duo.r1) as tree:
            del server_of(tree)["health-check"]
            server_of(tree)["disable"] = [None]
        wait_for(lambda: states(farm.duo.r1)[SERVERS[0]] == "up", 20, "the port to be heard")
        wait_for(lambda: 0 in table(farm.duo.r1)[f"{VIP}:80"].values(), 20, "the drain")
        assert set(farm.ask(3)) == {SERVERS[1]}
        assert works(connection)
    finally:
        with edited(farm.duo.r1) as tree:
            del server_of(tree)["disable"]


def test_unrelated_commit_asks_the_kernel_nothing_and_the_next_look_mends(farm):
    router = farm.duo.r1
    changed = both()
    changed[f"{VIP}:80"][f"{SERVERS[0]}:{PORT}"] = 7

    def change():
        router.space.run("ipvsadm", "-e", "-t", f"{VIP}:80", "-r", f"{SERVERS[0]}:{PORT}", "-m",
                         "-w", "7", check=True)

    change()
    wait_table(router, both(), 12)      # the next look is seconds away
    change()
    with edited(router) as tree:
        tree["tandem-service:service"]["health-check"] = {
            "file": [{"name": "other", "path": "/run"}]}
    watch_for(0.2)                      # nothing happens: there is nothing to wait for
    assert table(router) == changed
    wait_table(router, both(), 12)


def test_killed_balancer_leaves_the_table_to_its_successor(farm):
    router = farm.duo.r1
    seen, stop = set(), threading.Event()
    path = f"/proc/{router.pids()['engine']}/net/ip_vs"

    def look():
        """Services, destinations and weights, again and again, without starting a program."""
        while not stop.is_set():
            with open(path) as file:
                seen.add(tuple(tuple(line.split()[:4]) for line in file.readlines()[3:]))

    connection, _ = farm.connect()
    watcher = threading.Thread(target=look)
    watcher.start()
    router.replace("balancer")
    wait_for(lambda: states(router) == {server: "up" for server in SERVERS}, 20, "its opinion")
    watch_for(0.3)                      # what it did at first is in the table by now
    stop.set()
    watcher.join()
    assert len(seen) == 1 and len(seen.pop()) == 3
    assert works(connection)
    farm.servers[SERVERS[0]].close()
    wait_for(lambda: table(router)[f"{VIP}:80"][f"{SERVERS[0]}:{PORT}"] == 0, 20,
             "the new one to work")
    farm.open(SERVERS[0])


def test_address_that_moves_finds_the_table_there(farm):
    duo = farm.duo
    duo.r1.stop()
    duo.wait_state("r2", "MASTER")
    assert set(farm.ask(4)) == set(SERVERS)
    assert table(duo.r1) == {} and expiry(duo.r1) == 0      # what stopped took its own with it
    duo.r1.start()
    duo.wait_state("r1", "MASTER", 20)
    wait_table(duo.r1, both())
    duo.power_cut("r1")
    duo.wait_state("r2", "MASTER")
    assert set(farm.ask(4)) == set(SERVERS)


def test_removal_leaves_what_others_made(farm):
    router = farm.duo.r2                # the other one was cut off
    foreign = ("-t", f"{VIP}:443")
    before = []
    router.space.run("ipvsadm", "-A", *foreign, "-s", "rr", check=True)
    try:
        with edited(router) as tree:
            servers_of(tree).append({"name": "taken", "address": VIP, "port": 443,
                                     "real-server": [{"address": SERVERS[0], "port": 1}]})
        wait_for(lambda: "taken" in problems(router), 20, "the problem to be told")
        assert "another program" in found(router, "taken")["trouble"]
        assert expiry(router) > 0
        router.replace("balancer")          # a successor knows what is to be taken back
        with edited(router) as tree:
            before = [s for s in servers_of(tree) if s["name"] == "web"]
            del tree["tandem-service:service"][LIST]
        wait_for(lambda: table(router) == {f"{VIP}:443": {}}, 20,
                 lambda: f"ours to be gone, theirs to stay: {table(router)}")
        wait_for(lambda: "taken" not in problems(router), 20, "the problem to be forgotten")
        wait_for(lambda: expiry(router) == 0, 20, "the kernel's setting to be as before")
    finally:
        router.space.run("ipvsadm", "-D", *foreign)
        with edited(router) as tree:
            tree.setdefault("tandem-service:service", {})[LIST] = before[:1]
