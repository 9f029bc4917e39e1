# SPDX-License-Identifier: GPL-2.0-or-later
"""check pair and check peer: what goes to tandem-foresee, and what comes back of it."""
import json
import os
import subprocess

import pytest

from program import TANDEM

GROUP = "interfaces bonding dp0bond0 vrrp vrrp-group 1"
# The peer of the configuration that runs (conftest.py).
PEER = f"""
set interfaces bonding dp0bond0 address 10.100.11.40/26
set {GROUP} authentication password geheim
set {GROUP} authentication type plaintext-password
set {GROUP} priority 253
set {GROUP} virtual-address 10.100.11.5/26
"""


@pytest.fixture
def peer(tmp_path):
    def write(text=PEER):
        (tmp_path / "peer.conf").write_text(text)
        return "peer.conf"
    return write


def test_pair_that_fits_is_done_and_says_so(tandem, peer):
    done = tandem("check", "peer", peer())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("r1 is this router\nr2 is peer.conf\n\n"
                                  "The configurations: they fit\n")
    assert "r1 loses power " in done.stdout


def test_passwords_reach_the_comparison_and_not_its_answer(tandem, peer):
    done = tandem("check", "peer", peer(PEER.replace("geheim", "anders")))
    assert done.returncode == 1
    assert "The passwords differ" in done.stdout
    assert "geheim" not in done.stdout and "anders" not in done.stdout


@pytest.mark.parametrize("words", [["--json", "check", "peer"], ["check", "peer"]])
def test_json_before_or_behind_the_command(tandem, peer, words):
    done = tandem(*words, peer(), *([] if words[0] == "--json" else ["--json"]))
    told = json.loads(done.stdout)
    assert (told["r1"], told["r2"], told["errors"]) == ("this router", "peer.conf", 0)


def test_candidate_is_checked_before_it_runs(tandem, service, peer):
    done = tandem(lines=["configure", f"set {GROUP} version 3", f"delete {GROUP} authentication",
                         f"check peer {peer()}", "exit discard"])
    assert done.returncode == 1		# a script ends at what fails
    assert done.stdout.startswith("r1 is this router, as edited\n")
    assert "P4 error" in done.stdout and "P6 error" in done.stdout
    assert service.asked("PUT") == []


def test_pair_needs_no_service(peer, tmp_path):
    peer()
    environment = dict(os.environ, TANDEM_SOCKET="/nonexistent/api.sock")
    done = subprocess.run([TANDEM, "check", "pair", "peer.conf", "peer.conf"], cwd=tmp_path,
                          env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "P11 warning" in done.stdout and "P19 error" in done.stdout


def test_service_that_is_away_is_named(tandem, peer):
    done = tandem("--socket", "/nonexistent/api.sock", "check", "peer", peer())
    assert (done.returncode, done.stdout) == (2, "")
    assert "is tandemd running?" in done.stderr


def test_address_is_answered_with_the_way_to_do_it(tandem):
    for address in ("192.0.2.1", "2001:db8::1"):
        done = tandem("check", "peer", address)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"A configuration cannot be fetched from {address} yet")
        assert "check peer FILE" in done.stderr


def test_file_that_is_wrong_could_not_be_checked(tandem, peer):
    done = tandem("check", "peer", "nowhere.conf")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere.conf cannot be read" in done.stderr
    done = tandem("check", "peer", peer("set nonsense\n"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("peer.conf: line 1: ")


def test_program_that_is_missing_is_named(tandem, environment, peer):
    environment["TANDEM_FORESEE"] = "/nonexistent/tandem-foresee"
    done = tandem("check", "peer", peer())
    assert done.returncode == 2
    assert done.stderr == ("tandem: /nonexistent/tandem-foresee cannot be run: No such file or "
                           "directory\n")


def test_words_are_completed(tandem, peer):
    peer()
    assert tandem("--complete", "check", "").stdout == "pair\npeer\n"
    assert "peer.conf\n" in tandem("--complete", "check", "peer", "pe").stdout
