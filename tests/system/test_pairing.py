# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two routers become a pair, each asked at its own terminal; who is not of the pair gets nothing; and
one reads the other's configuration.  Two namespaces with a cable between them.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile

import pexpect
import pytest

from lab.network import Network, wait_for
from lab.router import BUILD, TOP, Router

PORT = "interfaces dataplane dp0s3"
ADDRESSES = {"r1": "10.77.0.1", "r2": "10.77.0.2"}
OTHER = {"r1": "r2", "r2": "r1"}
CODE = re.compile(r"Code:  (\d{3} \d{3} \d{3})")
QUESTION = r"same\? \(yes/no\) "


def configuration(name):
    group = PORT + " vrrp vrrp-group 7"
    return f"""set {PORT} address {ADDRESSES[name]}/24
set {group} version 2
set {group} virtual-address 10.77.0.100/24
set {group} authentication type plaintext-password
set {group} authentication password {'geheim' if name == 'r1' else 'anders'}
set {group} preempt false
set {group} priority {200 if name == 'r1' else 100}
"""


class Two:
    """The routers, their cable, and a third namespace between them where a test may stand."""

    def __init__(self):
        self.network = Network()
        self.folder = tempfile.mkdtemp(prefix="tandem-pairing-", dir="/run")
        os.chmod(self.folder, 0o755)
        self.spaces = {name: self.network.add(name) for name in ("r1", "r2", "mid")}
        self.spaces["mid"].ip("link add br0 type bridge\nlink set br0 up\n"
                              "addr add 10.77.0.9/24 dev br0\n")
        self.routers = {}
        for name in ADDRESSES:
            self.network.cable(self.spaces[name], "dp0s3", self.spaces["mid"], "to" + name)
            self.spaces["mid"].ip(f"link set to{name} master br0\nlink set to{name} up\n")
            self.routers[name] = Router(name, self.spaces[name], self.folder, configuration(name))
        self.terminals = []

    def start(self):
        for router in self.routers.values():
            router.start()
        wait_for(lambda: self.spaces["mid"].run("ping", "-c1", "-W1", ADDRESSES["r1"]).returncode
                 == 0, 20, "the cable")
        return self

    def close(self):
        for child in self.terminals:
            child.close(force=True)
        for router in self.routers.values():
            if router.process and router.process.poll() is None:
                router.stop()
        self.network.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def terminal(self, name, *words):
        """A command of the operator of a router, at his terminal."""
        router = self.routers[name]
        child = pexpect.spawn(BUILD + "/src/cli/tandem",
                              ["--run-dir", router.run_dir, "--yang-dir", TOP + "/yang", *words],
                              encoding="utf-8", timeout=60, dimensions=(40, 100))
        child.delaybeforesend = None
        self.terminals.append(child)
        return child

    def ask(self, name, *words):
        """A command that may fail: (exit status, all that it printed)."""
        done = self.routers[name].tandem(*words, check=False)
        return done.returncode, done.stdout + done.stderr

    def pair(self):
        """Both operators are content."""
        one, two = self.terminal("r1", "pair", ADDRESSES["r2"]), \
            self.terminal("r2", "pair", ADDRESSES["r1"])
        codes = []
        for child in (one, two):
            child.expect(CODE)
            codes.append(child.match.group(1))
        assert codes[0] == codes[1]
        for child in (one, two):
            child.expect(QUESTION)
            child.sendline("yes")
        for child in (one, two):
            child.expect("Paired with")
            child.expect(pexpect.EOF)

    def key(self, name):
        return self.routers[name].state("pair-state")["fingerprint"]


@pytest.fixture
def two():
    pair = Two()
    try:
        yield pair.start()
    finally:
        pair.close()


def test_two_operators_make_a_pair_and_each_router_reads_the_other(two):
    two.pair()
    for name, other in OTHER.items():
        commands = two.routers[name].tandem("show", "configuration", "commands").replace("'", "")
        assert f"set system pair fingerprint {two.key(other)}" in commands
        assert f"set system pair remote-address {ADDRESSES[other]}" in commands
        assert f"set service https listen-address {ADDRESSES[name]}" in commands
        commits = two.routers[name].tandem("show", "system", "commit")
        assert "pair with " + ADDRESSES[other] in commits
        status, text = two.ask(name, "check", "peer", ADDRESSES[other])
        assert status == 1 and "password" in text, text     # they differ, which is found
        assert "geheim" not in text and "anders" not in text
    shown = two.routers["r1"].tandem("show", "pair")
    assert re.search(r"^Paired: +yes$", shown, re.M) and two.key("r2") in shown
    # What is left of the attempt does no harm, and a restart of the manager neither.
    old = two.routers["r2"].pids()["manager"]
    two.routers["r2"].signal(9, "manager")
    wait_for(lambda: two.routers["r2"].successor("manager", old), 20, "another manager")
    wait_for(two.routers["r2"].answers, 20, "its API")
    wait_for(lambda: two.ask("r1", "check", "peer", ADDRESSES["r2"])[0] == 1, 20, "its door")


def test_no_of_one_operator_leaves_both_unpaired(two):
    one, two_ = two.terminal("r1", "pair", ADDRESSES["r2"]), \
        two.terminal("r2", "pair", ADDRESSES["r1"])
    for child, answer in ((one, "yes"), (two_, "no")):
        child.expect(QUESTION)
        child.sendline(answer)
    two_.expect("Not paired")
    one.expect("Not paired: it was refused on the other router")
    for name in OTHER:
        assert "pair" not in two.routers[name].tandem("show", "configuration", "commands")
        assert two.routers[name].state("pair-state").get("peer-fingerprint") is None


def test_interrupted_command_ends_the_pairing_and_shuts_the_door(two):
    child = two.terminal("r1", "pair", ADDRESSES["r2"])
    child.expect("not yet: ")
    assert listens(two, "r1")
    child.sendintr()
    child.expect("it was interrupted")
    child.expect(pexpect.EOF)
    assert "attempt" not in two.routers["r1"].state("pair-state")
    wait_for(lambda: not listens(two, "r1"), 20, "the door to shut")


def listens(two, name, port=443):
    return f":{port} " in two.spaces[name].run("ss", "-Hltn").stdout


# What an attacker on the cable can do: towards r1 he is r2 and towards r2 he is r1, with a key of
# his own, and he carries what is said from one to the other.
TOWARDS_R1 = r"""
import http.server, socket, ssl, sys
certificate, path = sys.argv[1:]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        other = socket.socket(socket.AF_UNIX)
        other.connect(path)
        other.sendall(body)
        other.shutdown(socket.SHUT_WR)
        status, _, text = other.makefile("rb").read().partition(b" ")
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
server = http.server.ThreadingHTTPServer(("10.77.0.2", 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
TOWARDS_R2 = r"""
import http.client, socketserver, ssl, sys
certificate, path = sys.argv[1:]
context = ssl._create_unverified_context()
context.load_cert_chain(certificate)
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        connection = http.client.HTTPSConnection("10.77.0.2", 443, context=context, timeout=20)
        connection.request("POST", "/pair", self.rfile.read(), {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        self.wfile.write(b"%d " % answer.status + answer.read())
socketserver.ThreadingUnixStreamServer(path, Handler).serve_forever()
"""


def test_man_in_the_middle_makes_the_codes_differ(two):
    certificate = stranger(two)
    processes = []
    for name, address, script in (("r2", ADDRESSES["r1"], TOWARDS_R2),
                                  ("r1", ADDRESSES["r2"], TOWARDS_R1)):
        space = two.network.add("at" + name)
        two.spaces["mid"].ip(f"link set to{name} netns {space.name}\n")
        space.ip(f"addr add {address}/24 dev to{name}\nlink set to{name} up\n")
        processes.append(space.popen("/usr/bin/python3", "-c", script, certificate,
                                     two.folder + "/carrier", stderr=subprocess.DEVNULL))
    try:
        codes = []
        children = [two.terminal("r2", "pair", ADDRESSES["r1"]),
                    two.terminal("r1", "pair", ADDRESSES["r2"])]
        for child in children:
            child.expect(CODE)
            codes.append(child.match.group(1))
        assert codes[0] != codes[1]
        for child in children:
            child.expect(QUESTION)
            child.sendline("no")
            child.expect("Not paired")
        assert all("pair" not in router.tandem("show", "configuration", "commands")
                   for router in two.routers.values())
    finally:
        for process in processes:
            process.kill()
            process.wait()


def stranger(two):
    """A key and a certificate of nobody's, as a path."""
    path = two.folder + "/stranger.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", path + ".key", "-out",
                    path + ".crt", "-subj", "/CN=nobody", "-days", "10"],
                   check=True, capture_output=True)
    with open(path, "w") as file:
        for part in (".key", ".crt"):
            with open(path + part) as source:
                file.write(source.read())
    return path


def knock(two, method, path, certificate=None, body=None, version=None, source="mid"):
    """A request of somebody else at the door of r1: (status, text), or the error's name."""
    script = f"""
import http.client, ssl, sys
context = ssl._create_unverified_context()
if {certificate!r}:
    context.load_cert_chain({certificate!r})
if {version!r}:
    context.maximum_version = ssl.TLSVersion[{version!r}]
connection = http.client.HTTPSConnection({ADDRESSES['r1']!r}, 443, context=context, timeout=20)
try:
    connection.request({method!r}, {path!r}, {body!r})
    answer = connection.getresponse()
    print(answer.status, answer.read().decode())
except (OSError, http.client.HTTPException) as error:
    print("refused", type(error).__name__)
"""
    return two.spaces[source].run("/usr/bin/python3", "-c", script).stdout


def answered(two, *arguments):
    """The answer to a stranger, who comes again while the door has had enough callers."""
    def ask():
        answer = knock(two, *arguments)
        return None if answer.startswith("refused") else answer

    return wait_for(ask, 20, f"an answer to {arguments}")


def test_strangers_reach_nothing_but_the_pairing_resource(two):
    two.pair()
    certificate = stranger(two)
    for path in ("/restconf/data", "/restconf/data?content=config", "/restconf", "/",
                 "/restconf/data/tandem-state:vrrp-state", "/.well-known/host-meta",
                 "/restconf/streams/vrrp", "/pair/../restconf/data"):
        answer = answered(two, "GET", path, certificate)
        assert answer.startswith("403 "), (path, answer)
        assert "geheim" not in answer
    assert answered(two, "GET", "/pair", certificate).startswith("405 ")
    assert answered(two, "POST", "/pair", certificate, "agreed").startswith("409 ")
    assert knock(two, "GET", "/restconf/data").startswith("refused")
    assert knock(two, "GET", "/restconf/data", certificate, version="TLSv1_2").startswith("refused")
    # The operator hears of it.
    shown = two.routers["r1"].tandem("show", "pair")
    assert re.search(r"^Asks to be paired: +10\.77\.0\.9$", shown, re.M), shown


def test_peer_reads_and_changes_nothing(two):
    two.pair()
    identity = two.routers["r2"].folder + "/state/pair/identity.pem"
    assert knock(two, "GET", "/restconf/data?content=config", identity,
                 source="r2").startswith("200 ")
    assert "effective-priority" in knock(two, "GET", "/restconf/data/tandem-state:vrrp-state",
                                         identity, source="r2")
    for method, path in (("DELETE", "/restconf/data/tandem-system:system"),
                         ("PUT", "/restconf/data"), ("PATCH", "/restconf/data"),
                         ("POST", "/restconf/operations/tandem-state:save"),
                         ("GET", "/restconf/streams/vrrp"), ("GET", "/restconf/operations")):
        assert knock(two, method, path, identity, "{}", source="r2").startswith("403 "), path
    # What is not the peer any more is out at once.
    two.routers["r1"].configure("delete system pair")
    assert knock(two, "GET", "/restconf/data?content=config", identity,
                 source="r2").startswith("403 ")


def test_key_is_for_the_service_alone(two):
    two.pair()
    for router in two.routers.values():
        path = router.folder + "/state/pair"
        assert os.stat(path).st_mode & 0o7777 == 0o700
        assert os.stat(path + "/identity.pem").st_mode & 0o7777 == 0o600
        assert os.listdir(path) == ["identity.pem"]
        text = open(path + "/identity.pem").read()
        secret = text.split("\n")[1][:40]
        assert secret not in router.log() and "PRIVATE" not in router.log()
        assert "PRIVATE" not in router.tandem("show", "configuration", "--secrets")


def test_crowd_of_strangers_does_not_keep_the_peer_out(two):
    two.pair()
    crowd = f"""
import socket, time
kept = []
for i in range(200):
    connection = socket.socket()
    connection.settimeout(2)
    try:
        connection.connect(({ADDRESSES['r1']!r}, 443))
        connection.send(b"\\x16\\x03\\x01")
    except OSError:
        pass
    kept.append(connection)
print("there", flush=True)
time.sleep(60)
"""
    mob = two.spaces["mid"].popen("/usr/bin/python3", "-c", crowd, stdout=subprocess.PIPE,
                                  text=True)
    try:
        assert mob.stdout.readline() == "there\n"
        status, text = two.ask("r2", "check", "peer", ADDRESSES["r1"])
        assert status == 1 and "password" in text
        assert two.routers["r1"].answers()
    finally:
        mob.kill()
        mob.wait()


def test_guest_who_says_nothing_or_a_bit_at_a_time_is_shown_out(two):
    two.pair()
    slow = f"""
import socket, sys, time
connection = socket.create_connection(({ADDRESSES['r1']!r}, 443), 5)
begun = time.monotonic()
connection.settimeout(0.2)
try:
    while time.monotonic() < begun + 12:
        if sys.argv[1] == "slow":
            connection.send(b"\\x16")
        try:
            if not connection.recv(100):
                break
        except TimeoutError:
            pass
except OSError:
    pass
print(time.monotonic() - begun)
"""
    for way in ("silent", "slow"):
        took = float(two.spaces["mid"].run("/usr/bin/python3", "-c", slow, way).stdout)
        assert took < 11, way


def test_errors_say_what_to_do(two):
    status, text = two.ask("r1", "check", "peer", ADDRESSES["r2"])
    assert status == 2 and "is not paired" in text and "'pair 10.77.0.2'" in text

    status, text = two.ask("r1", "pair", ADDRESSES["r2"])
    assert status == 2 and "fingerprint FINGERPRINT" in text
    for own in (ADDRESSES["r1"], "10.77.0.100"):
        status, _, text = two.routers["r1"].api(
            "POST", "/restconf/operations/tandem-state:pair",
            json.dumps({"tandem-state:input": {"address": own, "port": 443}}),
            {"Content-Type": "application/yang-data+json"})
        assert status == 400 and "address of this router itself" in text
    status, text = two.ask("r1", "pair", ADDRESSES["r2"], "fingerprint", "1234")
    assert status == 2 and "no fingerprint" in text
    status, text = two.ask("r1", "pair", ADDRESSES["r2"], "fingerprint", two.key("r1"))
    assert status == 1 and "this router itself" in text

    # For a script: by the key alone, on one side first.
    two.routers["r1"].tandem("pair", ADDRESSES["r2"], "fingerprint", two.key("r2").upper())
    status, text = two.ask("r1", "check", "peer", ADDRESSES["r2"])
    assert status == 2 and "nothing listens there" in text
    two.routers["r2"].configure("set service https")
    status, text = two.ask("r1", "check", "peer", ADDRESSES["r2"])
    assert status == 2 and "does not know this one" in text
    two.routers["r2"].tandem("pair", ADDRESSES["r1"], "fingerprint", two.key("r1"))
    status, text = two.ask("r1", "check", "peer", ADDRESSES["r2"])
    assert status == 1 and "password" in text
    status, text = two.ask("r1", "check", "peer", "10.77.0.9")
    assert status == 2 and "no address of the pair" in text

    # Another router in the peer's place.
    shutil.rmtree(two.routers["r2"].folder + "/state/pair")
    two.routers["r2"].kill()
    two.routers["r2"].write_saved(configuration("r2") + "set service https\n")
    shutil.rmtree(two.routers["r2"].run_dir)
    two.routers["r2"].start()
    status, text = two.ask("r1", "check", "peer", ADDRESSES["r2"])
    assert status == 2 and "another router answers there" in text and two.key("r2") in text


def test_manager_keeps_the_one_power_that_the_door_needs(two):
    with open(f"/proc/{two.routers['r1'].pids()['manager']}/status") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines())
    bind_service = 1 << 10
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == bind_service
    assert int(status["CapBnd"], 16) == int(status["CapInh"], 16) == 0
