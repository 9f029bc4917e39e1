# SPDX-License-Identifier: GPL-2.0-or-later
"""The service as its manager sees it: ready, watchdog, stop, exit status, one a folder."""
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from lab.network import wait_for
from lab.router import BUILD, ROLES, TOP, USER


class Service:
    """tandemd in a network namespace of its own, with a socket to notify."""

    def __init__(self, saved=None):
        self.folder = tempfile.mkdtemp(prefix="tandem-service-", dir="/run")
        os.chmod(self.folder, 0o755)
        self.saved = self.folder + "/config.boot"
        if saved is not None:
            with open(self.saved, "w") as file:
                file.write(saved)
            os.chown(self.saved, pwd.getpwnam(USER).pw_uid, -1)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.folder + "/notify")
        self.notify.settimeout(60)
        self.process = self.start()

    def start(self, **options):
        environment = {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"}
        environment["NOTIFY_SOCKET"] = self.folder + "/notify"
        return subprocess.Popen(
            ["unshare", "--net", BUILD + "/src/daemon/tandemd", "--config", self.saved,
             "--run-dir", self.folder + "/run", "--state-dir", self.folder + "/state",
             "--user", USER, "--yang-dir", TOP + "/yang"],
            env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True, **options)

    def heard(self, word):
        """Wait until the service says this to its manager."""
        while True:
            said = self.notify.recv(4096).decode().split("\n")
            if word in said:
                return said

    def show(self, *words):
        return subprocess.run([BUILD + "/src/cli/tandem", "--run-dir", self.folder + "/run",
                               "--yang-dir", TOP + "/yang", "show", *words],
                              text=True, capture_output=True)

    def roles(self):
        """Its children, once there is one of each kind."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            found = [int(pid) for pid in children.read().split()]
        return len(found) == len(ROLES) - 1 and found

    def close(self):
        self.notify.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.folder)


@pytest.fixture
def make_service():
    made = []

    def make(saved=None):
        made.append(Service(saved))
        return made[-1]

    yield make
    for service in made:
        service.close()


def test_service_manager_hears_ready_watchdog_and_stopping(make_service):
    service = make_service()
    assert any(line.startswith("STATUS=") for line in service.heard("READY=1"))
    service.heard("WATCHDOG=1")
    service.process.send_signal(signal.SIGTERM)
    service.heard("STOPPING=1")
    assert service.process.wait(60) == 0


def test_second_service_in_the_same_folder_is_refused_and_harms_nothing(make_service):
    service = make_service()
    service.heard("READY=1")
    second = service.start()
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "another tandemd runs in" in errors
    assert service.process.poll() is None
    service.heard("WATCHDOG=1")


def test_supervisor_killed_takes_its_roles_with_it(make_service):
    service = make_service()
    service.heard("READY=1")
    children = wait_for(service.roles, 20, "five roles")
    service.process.kill()
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in children), 20,
             "the roles to end")


def test_faulty_saved_file_leaves_a_service_that_says_so(make_service):
    service = make_service("set interfaces dataplane eth0 address nonsense\n")
    service.heard("READY=1")
    done = service.show("system")
    assert done.returncode == 0
    assert "line 1: interfaces dataplane eth0 address 'nonsense'" in done.stdout
    assert re.search("did not load; mend /.* and start anew, or .*'rollback 0', 'commit', 'save'",
                     done.stdout)


def test_interrupt_from_a_terminal_is_an_orderly_stop(make_service):
    service = make_service("set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address "
                           "10.0.0.1/24\n")
    service.heard("READY=1")
    wait_for(lambda: "FAULT" in service.show("vrrp").stdout, 20, "the engine to run the group")
    os.killpg(service.process.pid, signal.SIGINT)
    service.heard("STOPPING=1")
    _, errors = service.process.communicate(timeout=60)
    assert service.process.returncode == 0
    assert "FAULT -> INIT, stopped" in errors       # the engine lived to say so


def test_unknown_option_is_a_usage_error():
    done = subprocess.run([BUILD + "/src/daemon/tandemd", "--frobnicate"], capture_output=True)
    assert done.returncode == 2
