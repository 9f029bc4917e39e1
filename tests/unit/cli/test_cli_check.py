# SPDX-License-Identifier: GPL-2.0-or-later
"""check pair and check peer: what goes to tandem-foresee, and what comes back of it; and check,
which asks the rules of a commit."""
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
                          env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "P11 warning" in done.stdout and "P19 error" in done.stdout


def test_service_that_is_away_is_named(tandem, peer):
    done = tandem("--socket", "/nonexistent/api.sock", "check", "peer", peer())
    assert (done.returncode, done.stdout) == (2, "")
    assert "is tandemd running?" in done.stderr


ASK = "operations/tandem-state:peer-configuration"


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_address_is_asked_by_the_service(tandem, service, address):
    service.messages[ASK] = {"configuration": json.dumps(service.configuration)}
    done = tandem("check", "peer", address)
    assert done.returncode == 1                 # a router beside itself has much to complain of
    assert done.stdout.startswith(f"r1 is this router\nr2 is {address}\n")
    assert json.loads(service.asked("POST")[0][1]) == {"tandem-state:input": {"address": address}}


def test_address_that_cannot_be_asked_says_why(tandem, service):
    service.refuse[ASK] = (409, "this router is not paired: ...")
    done = tandem("check", "peer", "192.0.2.1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "this router is not paired" in done.stderr


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"tandem-none:x":{}}'])
def test_answer_of_the_peer_that_is_no_configuration_is_refused(tandem, service, text):
    service.messages[ASK] = {"configuration": text}
    done = tandem("check", "peer", "192.0.2.1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not understood" in done.stderr


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
    assert tandem("--complete", "check", "").stdout == "file\npair\npeer\n"
    assert "peer.conf\n" in tandem("--complete", "check", "peer", "pe").stdout


# ---- check, of one configuration ----------------------------------------------------------------

ALONE = {"TANDEM_SOCKET": "/nonexistent/api.sock"}


def check_file(tmp_path, text, *more):
    (tmp_path / "router.conf").write_text(text)
    return subprocess.run([TANDEM, "check", "file", "router.conf", *more], cwd=tmp_path,
                          env=dict(os.environ, **ALONE), capture_output=True, text=True,
                          timeout=120, check=False)


SOUND = f"""set interfaces bonding dp0bond0 address 10.100.11.39/26
set {GROUP} virtual-address 10.100.11.5/26
set {GROUP} preempt false
"""


def test_file_is_checked_without_a_service(tmp_path):
    done = check_file(tmp_path, SOUND)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 errors, 0 warnings\n", "")


def test_all_errors_and_warnings_of_a_file_are_told_with_their_lines(tmp_path):
    done = check_file(tmp_path, SOUND + f"set {GROUP} accept true\nset {GROUP} priority 7\n"
                      f"set {GROUP} track interface eth7\nset {GROUP} advertise-interval 9\n")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith(f"Error: line 4: {GROUP} accept 'true': ")
    assert done.stdout.splitlines()[1].startswith(f"Error: line 6: {GROUP} track interface eth7: ")
    assert done.stdout.splitlines()[2].startswith(
        f"Warning: line 7: {GROUP} advertise-interval '9': ")
    assert done.stdout.endswith("[L3]\n2 errors, 1 warning\n")


def test_warnings_are_never_folded_by_check(tmp_path):
    text = "set interfaces dataplane eth0 address 10.0.0.254/16\n" + "".join(
        f"set interfaces dataplane eth0 vrrp vrrp-group {n} virtual-address 10.0.0.{n}\n"
        for n in range(1, 21))
    done = check_file(tmp_path, text)
    assert done.stdout.count("[L2]\n") == 20
    assert done.stdout.endswith("\n0 errors, 20 warnings\n")


def test_silenced_warnings_are_counted_by_check(tmp_path):
    done = check_file(tmp_path, SOUND + f"set {GROUP} advertise-interval 9\n"
                      "set system configuration-check silence L3 path 'interfaces bonding'\n")
    assert (done.returncode, done.stdout) == (0, "0 errors, 0 warnings, 1 silenced\n")


def test_warnings_are_a_status_of_their_own_and_no_failure_of_a_script(tandem, service, tmp_path):
    assert check_file(tmp_path, SOUND + f"set {GROUP} advertise-interval 9\n").returncode == 3
    lines = ["configure", f"set {GROUP} advertise-interval 9", "check", "commit", "exit"]
    done = tandem(lines=lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert "[L3]\n" in done.stdout and len(service.asked("PUT")) == 1
    lines[1:1] = [f"set {GROUP} fast-advertise-interval 100"]       # which version 2 has not
    done = tandem(lines=lines)
    assert done.returncode == 1 and "[C4]\n" in done.stdout
    assert "line 4 of standard input failed" in done.stderr
    assert len(service.asked("PUT")) == 1


def test_warnings_of_a_pair_are_a_status_of_their_own(tandem, peer):
    done = tandem("check", "peer", peer(PEER.replace("priority 253", "priority 254")))
    assert "P11 warning" in done.stdout and done.returncode == 3


def test_problems_of_a_file_as_json(tmp_path):
    done = check_file(tmp_path, SOUND + f"set {GROUP} accept true\n", "--json")
    told = json.loads(done.stdout)
    assert (told["errors"], told["warnings"], told["silenced"]) == (1, 0, 0)
    message = told["problems"][0].pop("message")
    assert told["problems"] == [{"severity": "error", "number": "C5", "line": 4,
                                 "path": f"{GROUP} accept", "value": "true"}]
    assert message.startswith("belongs to version 3")


def test_lines_that_do_not_read_are_errors_among_others(tmp_path):
    done = check_file(tmp_path, SOUND + f"set {GROUP} priority 255\nset interface\n")
    assert done.returncode == 1
    assert "line 4: " in done.stdout and "line 5: " in done.stdout
    assert done.stdout.endswith("\n2 errors, 0 warnings\n")


def test_file_that_is_not_there_was_not_checked(tandem):
    done = tandem("check", "file", "missing.conf")
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing.conf" in done.stderr


def test_check_of_running_and_of_the_candidate(tandem, service):
    done = tandem("check")
    assert done.returncode == 3 and "\n0 errors, " in done.stdout
    assert "[L3]" not in done.stdout
    done = tandem(lines=["configure", f"set {GROUP} advertise-interval 9", "check"])
    assert done.returncode == 1
    assert f"Warning: {GROUP} advertise-interval '9': " in done.stdout
    done = tandem(lines=["configure", f"set {GROUP} advertise-interval 9", "run check"])
    assert " errors, " in done.stdout and "[L3]" not in done.stdout
    assert service.asked("PUT") == []


def test_error_of_a_pair_check_is_that_of_the_program(tandem):
    done = tandem("check", "pair", "nowhere.conf", "neither.conf")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == ("tandem: nowhere.conf cannot be read: No such file or "
                                           "directory")
