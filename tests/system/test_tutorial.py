# SPDX-License-Identifier: GPL-2.0-or-later
"""
docs/tutorial.md, done as it says.  Its transcripts are the script of this test: every line with a
prompt is typed where the prompt says, what stands below must come, and every line in parentheses is
something that befalls the pair.  What stands below a heading that ends in "on both" is typed on
both routers.  The network is the tutorial's own.

What is compared is words, not lines and columns, for the tutorial folds long sentences.  "..."
stands for anything.  Durations and times of day are of any value; counts of lost packets may differ
by what a machine with little time to spare loses.  A command with nothing below must say nothing.
What a router only shows after a while is asked for again until it does.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pexpect
import pytest

from lab.network import MEMORY, LabError, Network, wait_for, watch_for
from lab.router import BUILD, TOP, Router

TUTORIAL = TOP + "/docs/tutorial.md"
PROMPT = r"root@(\w+)(:~#|:~\$|#) "
ANYTHING = "..."
PATIENCE = 20           # seconds until a router shows what it should
TALKS = ("monitor", "pair")     # commands that go on while other things happen
# A session through the routers: every answer is a line.
ANSWERING = """
import socket
server = socket.create_server(("198.51.100.100", 22))
print("ready", flush=True)
session, _ = server.accept()
while data := session.recv(100):
    session.sendall(data)
"""
ASKING = """
import socket, time
session = socket.create_connection(("198.51.100.100", 22))
while True:
    session.sendall(b"x")
    print(session.recv(1).decode(), flush=True)
    time.sleep(0.1)
"""
# What differs from run to run: what the tutorial says -> what may stand there.
VARIABLE = (
    (r"74", r"(?:6[4-9]|7\d|8[0-2])"),          # of 100 packets, when two to three seconds lack
    (r"26%", r"(?:1[89]|2\d|3[0-6])%"),
    (r"\d+:\d\d:\d\d\.\d{3}", r"\d+:\d\d:\d\d\.\d{3}"),
    (r"\d{4}-\d\d-\d\d", r"\d{4}-\d\d-\d\d"),
    (r"\d\d:\d\d:\d\d:?", r"\d\d:\d\d:\d\d:?"),
    (r"192\.0\.2\.100:\d+", r"192\.0\.2\.100:\d+"),
    (r"\d+s", r"\d+s"),
    (r"\d+ms", r"\d+ms"),
)


class Line:
    """A line that is typed, and what the tutorial says comes of it."""

    def __init__(self, number, place, prompt, text):
        self.number, self.place, self.prompt, self.text = number, place, prompt, text
        self.steps = []         # ("expect", words) and ("stage", text), in order

    def expected(self):
        return [word for kind, words in self.steps if kind == "expect" for word in words]

    def __str__(self):
        return f"{TUTORIAL}:{self.number}: root@{self.place}{self.prompt} {self.text}"


def script():
    """The tutorial's lines, and its stage directions outside of an answer as lines of "stage"."""
    lines, current, on_both = [], None, False
    with open(TUTORIAL) as file:
        for number, raw in enumerate(file, 1):
            if raw.startswith("#"):
                on_both = raw.endswith("on both\n")
            if not raw.startswith("    ") or raw.startswith("     ") and not current:
                if raw.strip():
                    current = None      # prose ends an answer
                continue
            text = raw[4:].rstrip()
            typed = re.match(PROMPT + r"(.+)$", text)
            if typed:
                current = Line(number, *typed.groups())
                lines.append(current)
                if on_both:
                    lines.append(Line(number, "r2", *typed.groups()[1:]))
                    lines[-1].steps = current.steps
            elif re.match(r"\(.+\)$", text):
                if not current or not current.text.startswith(TALKS):
                    current = Line(number, "stage", "", text[1:-1])
                    lines.append(current)
                else:
                    current.steps.append(("stage", text[1:-1]))
            elif current:
                current.steps.append(("expect", text.split()))
    return lines


def in_tables():
    """What the tutorial's tables tell to look at."""
    with open(TUTORIAL) as file:
        return [command for line in file if line.startswith("|")
                for command in re.findall(r"`(show [^`]+)`", line)]


def pattern(words):
    """A regular expression for these words, whatever the blanks between them."""
    parts = []
    for word in words:
        if word == ANYTHING:
            parts.append(r"(?:.*?)")
            continue
        for said, allowed in VARIABLE:
            if re.fullmatch(said, word):
                parts.append(allowed)
                break
        else:
            parts.append(re.escape(word))
    text = r"\s+".join(parts).replace(r"\s+(?:.*?)", r"(?:.*?)").replace(r"(?:.*?)\s+", r"(?:.*?)")
    # What is left of a trial.
    text = re.sub(r"\d+(\\s\+min\\s\+)\d+(?=\\s\+s)", r"\\d+\1\\d+", text)
    return re.compile(r"\s*" + text + r"\s*", re.DOTALL)


class Site:
    """The tutorial's network: two routers, a host on either side, and two switches."""

    def __init__(self, folder):
        self.folder = folder
        self.network = Network()
        self.switch = self.network.add("sw")
        self.shells = {}
        self.background = {}
        self.session = None
        self.code = None                # that the other router showed
        self.on_screen = {}             # router -> prompt that waits for a line
        self.changes = []               # what was typed in configuration mode since a commit
        self.committed = []             # and before that
        for segment in ("inside", "outside"):
            self.switch.ip(f"link add {segment} type bridge stp_state 0 forward_delay 0"
                           f" mcast_snooping 0\nlink set {segment} up")
        self.routers = {name: self._add_router(name) for name in ("r1", "r2")}
        self._add_host("pc", "inside", "192.0.2.100/24", "default via 192.0.2.1")
        self._add_host("upstream", "outside", "198.51.100.100/24", "192.0.2.0/24 via 198.51.100.1")

    def _cable(self, name, interface, segment):
        port = f"{name}-{interface}"
        self.network.cable(self.network.spaces[name], interface, self.switch, port)
        self.switch.ip(f"link set {port} master {segment}\nlink set {port} up")

    def _add_router(self, name):
        space = self.network.add(name)
        self._cable(name, "eth1", "inside")
        self._cable(name, "eth2", "outside")
        os.makedirs(f"{self.folder}/at/{name}")
        return Router(name, space, self.folder, "")

    def _add_host(self, name, segment, address, route):
        space = self.network.add(name)
        os.makedirs(f"{self.folder}/at/{name}")
        self._cable(name, "eth0", segment)
        space.ip(f"address add {address} dev eth0\nlink set eth0 up\nroute add {route}")

    def close(self):
        for shell in self.shells.values():
            shell.close(force=True)
        for process in self.session or ():
            process.kill()
        for router in self.routers.values():
            with contextlib.suppress(LabError):
                router.kill()
        self.network.close()

    # -- a shell of the machine

    def machine(self, place, text):
        """A command of the machine: what it prints."""
        if place in self.routers:
            router = self.routers[place]
            if text == "systemctl enable --now tandemd":
                router.start()
                return ""
            if text == "make install":
                return self.install(self.at(place))
            if text.startswith("systemd-"):
                done = subprocess.run([*text.split(), "--root", self.at(place, "root")],
                                      capture_output=True, text=True)
                assert done.returncode == 0, done.stderr
                return ""
            copy = re.fullmatch(r"scp (r\d):/etc/tandem/config.boot (\S+)", text)
            if copy:
                shutil.copy(self.routers[copy.group(1)].saved, self.at(place, copy.group(2)))
                return ""
            if text == "tandem":
                self.enter(place, router)
                return ""
        elif text.endswith(" &"):
            self.background[place] = self.network.spaces[place].popen(
                *text[:-2].split(), stdout=subprocess.PIPE, text=True)
            return ""
        elif text == "wait":
            return self.background.pop(place).communicate(timeout=60)[0]
        text = text.replace("/etc/sysctl.d/", self.at(place))
        done = self.network.spaces[place].run("sh", "-c", text, cwd=self.at(place))
        assert not done.stderr, done.stderr
        return done.stdout

    def at(self, place, name=""):
        return f"{self.folder}/at/{place}/{name}"

    def install(self, folder):
        """Into a folder of its own; what the tutorial runs and names must be there."""
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet",
                        "--destdir", folder + "root"], check=True, capture_output=True)
        for path in ("sbin/tandemd", "bin/tandem", "lib/systemd/system/tandemd.service",
                     "lib/sysusers.d/tandem.conf", "lib/tmpfiles.d/tandem.conf",
                     "share/man/man1/tandem.1", "share/man/man5/tandem-config.5"):
            assert os.path.exists(folder + "root/usr/local/" + path), path
        os.mkdir(folder + "root/etc")
        return "installed"

    # -- Tandem's shell

    def enter(self, place, router):
        """Open Tandem's shell, on a terminal wide enough for every line."""
        command = router.space.command(
            "unshare", "--uts", "sh", "-c", 'echo "$0" >/proc/sys/kernel/hostname; exec "$@"',
            place, BUILD + "/src/cli/tandem", "--run-dir", router.run_dir,
            "--yang-dir", TOP + "/yang")
        shell = pexpect.spawn(
            command[0], command[1:], cwd=self.at(place), encoding="utf-8", timeout=PATIENCE,
            dimensions=(500, 250), env=dict(os.environ, TERM="dumb", PAGER="cat", USER="root",
                                            XDG_STATE_HOME=self.at(place, "state")))
        shell.delaybeforesend = None
        self.shells[place] = shell
        self.await_prompt(place)

    def await_prompt(self, place):
        """What was printed up to the prompt that now waits."""
        shell = self.shells[place]
        shell.expect(PROMPT)
        self.on_screen[place] = shell.match.group(2)
        return re.sub(r"\[edit[^\]]*\]\n$", "", shell.before.replace("\r\n", "\n"))

    def type(self, line):
        """A line in Tandem's shell: what it prints."""
        if line.place not in self.shells:
            self.enter(line.place, self.routers[line.place])
        assert self.on_screen[line.place] == line.prompt, \
            f"{line}: the prompt is {self.on_screen[line.place]}"
        shell = self.shells[line.place]
        if line.text.startswith("commit"):
            self.committed, self.changes = self.changes, []
        elif re.match(r"(set|delete|edit|up|top)\b[^?]*$", line.text):
            self.changes.append(line.text)
        if line.text.endswith("?"):
            shell.send(line.text)
            printed = self.await_prompt(line.place).partition("\n")[2]
            shell.sendcontrol("c")
            self.await_prompt(line.place)
            return printed
        shell.sendline(line.text)
        shell.expect_exact(line.text + "\r\n")
        if line.text.startswith(TALKS):
            return None
        if line.text == "exit" and line.prompt == ":~$":
            shell.expect(pexpect.EOF)
            del self.shells[line.place]
            return ""
        return self.await_prompt(line.place)

    # -- what befalls the pair

    def stage(self, text):
        on_router = re.fullmatch(r"on (r\d): (.+)", text)
        if on_router:
            self.routers[on_router.group(1)].tandem(*on_router.group(2).split())
            return
        paired = re.fullmatch(r"on (r\d), (pair \S+) shows the same code, and is told yes", text)
        if paired:
            self.pair(*paired.groups())
            return
        told = re.fullmatch(r"(r\d) is told the same", text)
        if told:
            self.routers[told.group(1)].tandem(
                stdin="\n".join(("configure", *self.committed, "commit", "save", "exit", "")))
            return
        events = {
            "the cable of eth2 is pulled out of r1": "down",
            "the cable is put back": "up",
            "the switch drops what comes from eth2 of r1": "nomaster",
            "the switch forwards again": "master outside",
            "the power of r2 is cut": lambda: self.cut("r2"),
            "r2 has power again": lambda: self.power("r2"),
            "r2 is given the same rules": lambda: self.copy_rules("r1", "r2"),
            "a user of pc logs in to upstream with ssh": self.log_in,
            "the session goes on": self.work,
        }
        assert text in events, f"the test does not know what happens here: {text}"
        if callable(events[text]):
            events[text]()
        else:
            self.switch.ip("link set r1-eth2 " + events[text])

    def copy_rules(self, here, there):
        rules = self.network.spaces[here].run("nft", "list", "ruleset").stdout
        assert "policy drop" in rules
        assert self.network.spaces[there].run("nft", "-f", "-", input=rules).returncode == 0

    def pair(self, name, command):
        """What the operator of the other router does."""
        if name not in self.shells:
            self.enter(name, self.routers[name])
        shell = self.shells[name]
        shell.sendline(command)
        shell.expect(r"Code:\s+(\d{3} \d{3} \d{3})")
        code = shell.match.group(1)
        shell.expect_exact("(yes/no) ")
        shell.sendline("yes")
        shell.expect("Waiting for the operator")
        self.code = code

    def log_in(self):
        server = self.network.spaces["upstream"].popen("/usr/bin/python3", "-c", ANSWERING,
                                                       text=True, stdout=subprocess.PIPE)
        self.session = [server]
        assert server.stdout.readline() == "ready\n"
        self.session.append(self.network.spaces["pc"].popen("/usr/bin/python3", "-c", ASKING,
                                                            text=True, stdout=subprocess.PIPE))
        assert self.session[1].stdout.readline() == "x\n"

    def work(self):
        """The session answers still: more than what had arrived before it could be cut off."""
        waiting = threading.Timer(PATIENCE, self.session[1].kill)
        waiting.start()
        begun = time.monotonic()
        while time.monotonic() < begun + 5:
            assert self.session[1].stdout.readline() == "x\n", "the session of pc hangs"
        waiting.cancel()

    def cut(self, name):
        """No process of it runs on, no cable carries; its memory is empty afterwards."""
        def arrived():
            return self.network.spaces["upstream"].show(
                "-s", "link", "show", "eth0")[0]["stats64"]["rx"]["packets"]

        before = arrived()
        wait_for(lambda: arrived() > before + 5, 20, "the host's packets to flow")
        router = self.routers[name]
        for pid in sorted(router.pids().values()):
            os.kill(pid, signal.SIGSTOP)
        self.switch.ip(f"link set {name}-eth1 down\nlink set {name}-eth2 down")
        router.kill()
        with contextlib.suppress(KeyError):
            self.shells.pop(name).close(force=True)

    def power(self, name):
        router = self.routers[name]
        router.space.run("conntrack", "--flush")
        shutil.rmtree(router.run_dir)
        for interface in ("eth1", "eth2"):
            router.space.ip(f"link set {interface} down\naddress flush dev {interface}")
            self.switch.ip(f"link set {name}-{interface} up")
        router.start()


@pytest.fixture
def site():
    folder = tempfile.mkdtemp(prefix="tandem-tutorial-", dir=MEMORY)
    os.chmod(folder, 0o755)
    found = Site(folder)
    yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)


def follow(site, line):
    """Watch what comes by itself, between what befalls the pair, until the interrupt or the end."""
    shell = site.shells[line.place]
    for kind, what in line.steps:
        if kind == "stage" and line.text.startswith("pair"):
            site.stage(what)
        elif kind == "stage":
            watch_for(2)        # until it has subscribed, which nothing shows
            site.stage(what)
        elif what == ["^C"]:
            shell.sendcontrol("c")
            site.await_prompt(line.place)
        elif what[0] == "Code:":
            shell.expect_exact("Code:  " + site.code)
        elif what[-2:] == ["(yes/no)", "yes"]:
            shell.expect(pattern(what[:-1]))
            shell.sendline("yes")
        else:
            shell.expect(pattern(what))
    if line.text.startswith("pair"):
        site.await_prompt(line.place)


def must_say(site, line):
    """Do a line; what it says must be what the tutorial says, at once or after a while."""
    expected = pattern(line.expected())
    shows = re.match(r"(run )?show |ping ", line.text)
    said = ""

    def fits():
        nonlocal said
        said = site.machine(line.place, line.text) if line.prompt == ":~#" else site.type(line)
        return said is None or expected.fullmatch(said)

    def failure():
        return f"{line}\nto say\n{' '.join(line.expected())}\nit says\n{said}\n" + "".join(
            f"log of {name}:\n{router.log()[-1500:]}\n" for name, router in site.routers.items())

    wait_for(fits, PATIENCE if shows else 0, failure, pause=0.2)
    if said is None:
        follow(site, line)


def test_tutorial_done_as_it_says_shows_what_it_says(site):
    for line in script():
        if line.place == "stage":
            site.stage(line.text)
        else:
            must_say(site, line)
    for command in in_tables():
        site.routers["r1"].tandem(*command.split())
