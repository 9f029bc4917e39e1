# SPDX-License-Identifier: GPL-2.0-or-later
"""
One router of the laboratory: a namespace with Tandem running in it, its files in a folder of its
own, and the ways in which it can be asked, changed, stopped and hurt.
"""
import contextlib
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

from lab.network import LabError, wait_for

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("TANDEM_BUILD", os.path.join(TOP, "build")))
PATIENCE = 130          # seconds: the command line itself gives up before
USER = "nobody"
ROLES = {"supervisor": "tandemd", "engine": "tandem-engine", "manager": "tandem-manager",
         "filter": "tandem-filter", "balancer": "tandem-balancer",
         "flowsync": "tandem-flowsync", "runner": "tandem-runner",
         "prober": "tandem-prober"}


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""
    patience = 10           # seconds for the router to go on with an answer

    def __init__(self, path):
        super().__init__("localhost", timeout=self.patience)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Router:
    """A router; nothing runs until start()."""

    def __init__(self, name, space, folder, configuration=""):
        self.name = name
        self.space = space
        self.folder = os.path.join(folder, name)
        self.run_dir = self.folder + "/run"
        self.saved = self.folder + "/etc/config.boot"
        self.log_path = self.folder + "/log"
        self.process = None
        user = pwd.getpwnam(USER)
        for path in (self.folder, self.folder + "/etc", self.folder + "/state"):
            os.makedirs(path, exist_ok=True)
            os.chown(path, user.pw_uid, user.pw_gid)
        if configuration is not None:
            self.write_saved(configuration)

    # -- starting and ending

    def write_saved(self, text):
        """The configuration from which the next start begins."""
        user = pwd.getpwnam(USER)
        with open(self.saved, "w") as file:
            file.write(text)
        os.chown(self.saved, user.pw_uid, user.pw_gid)
        os.chmod(self.saved, 0o600)

    def start(self, wait=True):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("JOURNAL_STREAM", "NOTIFY_SOCKET")}
        with open(self.log_path, "a") as log:
            # "system host-name" is to change no name but its own.
            self.process = self.space.popen(
                "unshare", "--uts", BUILD + "/src/daemon/tandemd", "--config", self.saved,
                "--run-dir", self.run_dir,
                "--state-dir", self.folder + "/state", "--user", USER, "--name", self.name,
                "--yang-dir", TOP + "/yang",
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True)
        if wait:
            wait_for(self.answers, 60, lambda: f"the API of {self.name}; its log says:\n" +
                     self.log()[-3000:])
        return self

    def answers(self):
        """Does its API answer?"""
        if self.process and self.process.poll() is not None:
            raise LabError(f"tandemd of {self.name} ended with {self.process.returncode}; "
                           "its log says:\n" + self.log()[-3000:])
        try:
            self.state("system-state")
            return True
        except (OSError, http.client.HTTPException, LabError):
            return False

    def stop(self):
        """An orderly stop: masters resign.  The exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            raise LabError(f"tandemd of {self.name} did not end after SIGTERM; its log says:\n"
                           + self.log()[-3000:]) from None

    def kill(self):
        """End every process at once, as a power cut does."""
        for pid in self.pids().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()
        wait_for(lambda: not self.pids(), 20, f"the end of all processes of {self.name}")

    # -- its processes

    def pids(self):
        """Role -> process, for those that run."""
        names = {comm: role for role, comm in ROLES.items()}
        found = {}                              # (process, role) -> parent
        for pid in self.space.pids():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/stat") as stat:
                    head, _, rest = stat.read().rpartition(")")
                role, (state, parent) = names.get(head.partition("(")[2]), rest.split()[:2]
                if role and state != "Z":
                    found[pid, role] = int(parent)
        # A child that is about to become another program still has its parent's name.
        return {role: pid for (pid, role), parent in found.items() if (parent, role) not in found}

    def successor(self, role, pid):
        """The process that has a role after another one; None while there is none."""
        found = self.pids().get(role)
        return found if found != pid else None

    def replace(self, role, number=signal.SIGKILL, seconds=20):
        """Kill the process of a role, or stop it for good; the one that follows."""
        pid = self.pids()[role]
        os.kill(pid, number)
        return wait_for(lambda: self.successor(role, pid), seconds, f"a new {role}")

    def signal(self, number, *roles):
        """Send a signal to these roles, or to all, in order of their process numbers."""
        pids = self.pids()
        for pid in sorted(pids[role] for role in roles or pids):
            os.kill(pid, number)

    @contextlib.contextmanager
    def frozen(self):
        """All its processes stand still while the block runs, and no longer."""
        pids = sorted(self.pids().values())
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    # -- asking and changing

    def tandem(self, *words, stdin=None, check=True):
        """The command line: what it printed.  stdin is a script."""
        try:
            done = self.space.run(
                BUILD + "/src/cli/tandem", "--run-dir", self.run_dir, "--yang-dir", TOP + "/yang",
                *words, timeout=PATIENCE,
                **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}))
        except subprocess.TimeoutExpired:
            raise LabError(f"tandem {' '.join(words)} on {self.name} gave no answer in "
                           f"{PATIENCE} s:\n{stdin or ''}") from None
        if check and done.returncode:
            raise LabError(f"tandem {' '.join(words)} on {self.name} ended with {done.returncode}:"
                           f"\n{stdin or ''}\n{done.stdout}{done.stderr}")
        return done.stdout if check else done

    def configure(self, *lines, check=True):
        """Enter configuration mode, give these lines, commit, leave."""
        return self.tandem(stdin="\n".join(("configure", *lines, "commit", "exit", "")),
                           check=check)

    def api(self, method, path, body=None, headers=()):
        """One request: (status, headers, text)."""
        connection = UnixConnection(self.run_dir + "/api.sock")
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def state(self, container):
        """Operational state: vrrp-state, interfaces-state or system-state."""
        status, _, text = self.api("GET", "/restconf/data/tandem-state:" + container)
        if status != 200:
            raise LabError(f"{container} of {self.name}: {status} {text}")
        return json.loads(text)["tandem-state:" + container]

    def groups(self):
        """(interface, group number) -> operational state."""
        return {(g["interface"], g["vrid"]): g for g in self.state("vrrp-state").get("group", ())}

    def states(self):
        """(interface, group number) -> "MASTER" and so on."""
        return {key: group["state"] for key, group in self.groups().items()}

    def is_all(self, state):
        states = self.states()
        return bool(states) and set(states.values()) == {state}

    def wait_all(self, state, seconds=20):
        """Wait until every group is in this state."""
        wait_for(lambda: self.is_all(state), seconds,
                 lambda: f"{self.name} all {state}; it is {self.states()}; its log says:\n"
                 + self.log()[-3000:])

    def running(self):
        """The running configuration and its revision."""
        status, headers, text = self.api("GET", "/restconf/data?content=config")
        if status != 200:
            raise LabError(f"configuration of {self.name}: {status} {text}")
        return json.loads(text), headers.get("ETag", "").strip('"')

    def log(self):
        with contextlib.suppress(OSError):
            with open(self.log_path, errors="replace") as log:
                return log.read()
        return ""

    def events(self, since=0.0):
        """Lines of the log with their time of day as seconds since 1970: [(time, line)]."""
        found = []
        midnight = time.mktime(time.localtime(time.time())[:3] + (0, 0, 0, 0, 0, -1))
        for line in self.log().splitlines():
            clock, _, rest = line.partition(" ")
            parts = clock.split(":")
            if len(parts) != 3:
                continue
            with contextlib.suppress(ValueError):
                when = midnight + int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
                if when > time.time() + 1:          # written before midnight
                    when -= 86400
                if when >= since:
                    found.append((when, rest))
        return found

    def forget(self):
        """Remove its files."""
        shutil.rmtree(self.folder, ignore_errors=True)
