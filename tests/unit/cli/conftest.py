# SPDX-License-Identifier: GPL-2.0-or-later
"""The program in front of a stand-in for the service: once, as script, as shell."""
import json
import os
import subprocess

import pexpect
import pytest

from fake_service import Service
from program import TANDEM, golden

CONFIGURATION = {
    "tandem-interfaces:interfaces": {
        "bonding": [{
            "name": "dp0bond0",
            "address": ["10.100.11.39/26"],
            "tandem-vrrp:vrrp": {"vrrp-group": [{
                "id": 1,
                "authentication": {"password": "geheim", "type": "plaintext-password"},
                "priority": 254,
                "virtual-address": ["10.100.11.5/26"],
            }]},
        }],
    },
}


@pytest.fixture
def service(tmp_path):
    service = Service(str(tmp_path))
    for fixture in ("pair.json", "router.json"):
        service.state.update(json.loads(golden(fixture)))
    service.state["tandem-state:system-state"].pop("problem")
    service.configuration = json.loads(json.dumps(CONFIGURATION))
    yield service
    service.stop()


@pytest.fixture
def environment(service, tmp_path):
    return dict(os.environ, TANDEM_SOCKET=service.socket, PAGER="cat", HOME=str(tmp_path),
                TERM="dumb", http_proxy="http://127.0.0.1:1/")


@pytest.fixture
def tandem(environment, tmp_path):
    """Run tandem once: words, and lines for its standard input."""
    def run(*words, lines=()):
        return subprocess.run([TANDEM, *words], input="".join(line + "\n" for line in lines),
                              env=environment, cwd=tmp_path, capture_output=True, text=True,
                              timeout=120, check=False)
    return run


@pytest.fixture
def shell(environment, tmp_path):
    """Open the shell on a terminal of 24 x 80."""
    opened = []

    def start(*words):
        child = pexpect.spawn(TANDEM, list(words), env=environment, cwd=str(tmp_path),
                              encoding="utf-8", timeout=60, dimensions=(24, 80))
        child.delaybeforesend = None
        opened.append(child)
        return child
    yield start
    for child in opened:
        child.close(force=True)
