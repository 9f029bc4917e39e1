# SPDX-License-Identifier: GPL-2.0-or-later
"""show connsync flows: filters in any order, each once, and a table that fits 80 columns."""
import json

import pytest

from program import golden

OPERATION = "operations/tandem-state:connsync-flows"
SHOW = ["show", "connsync", "flows"]


@pytest.fixture
def flows(service):
    service.messages[OPERATION] = json.loads(golden("flows.json"))
    return service


@pytest.mark.parametrize("words, asked", [
    ("", {}),
    ("port 22", {"port": 22}),
    ("protocol tcp port 22", {"protocol": "tcp", "port": 22}),
    ("port 22 protocol tcp", {"protocol": "tcp", "port": 22}),
    ("limit 10000 address 2001:db8::/32 protocol 6 port 0",
     {"limit": 10000, "address": "2001:db8::/32", "protocol": "6", "port": 0}),
    ("pro udp ad 10.0.0.1 l 1", {"protocol": "udp", "address": "10.0.0.1", "limit": 1}),
    ("port 22 p tcp", {"protocol": "tcp", "port": 22}),     # only one is left to mean
    ("address limit", {"address": "limit"})])
def test_filters_are_asked_for_together_in_any_order(tandem, flows, words, asked):
    done = tandem(*SHOW, *words.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(body)["tandem-state:input"] for _, body in flows.asked("POST")] == [asked]


@pytest.mark.parametrize("words, sentence", [
    ("prot", "Incomplete command: show connsync flows prot, which goes on with: <protocol>"),
    ("port 22 limit", "Incomplete command: show connsync flows port 22 limit, which goes on with: "
                      "<1..10000>"),
    ("p 22", "Ambiguous command: show connsync flows [p], which may be: port, protocol"),
    ("port 22 protcol tcp", "Invalid command: show connsync flows port 22 [protcol], did you mean "
                            "'protocol'?"),
    ("port 22 port 23", "Invalid command: show connsync flows port 22 [port]: port is given "
                        "already"),
    ("adress 10.0.0.1", "Invalid command: show connsync flows [adress], did you mean 'address'?"),
    ("port 22 state NEW", "Invalid command: show connsync flows port 22 [state], which goes on "
                          "with: address, limit, protocol"),
    ("port ssh", "A port is a number from 0 to 65535, not 'ssh'"),
    ("port 65536", "A port is a number from 0 to 65535, not '65536'"),
    ("port -1", "A port is a number from 0 to 65535, not '-1'"),
    ("protocol tcp limit 0", "A limit is a number from 1 to 10000, not '0'")])
def test_a_filter_that_makes_no_sense_is_named_without_asking(tandem, flows, words, sentence):
    done = tandem(*SHOW, *words.split())
    assert (done.returncode, done.stderr) == (2, sentence + "\n")
    assert not flows.asked("POST")


def test_what_the_service_refuses_is_told(tandem, flows):
    flows.refuse[OPERATION] = (400, "'nowhere' is no address or network")
    done = tandem(*SHOW, "port", "22", "address", "nowhere")
    assert (done.returncode, done.stderr) == (1, "'nowhere' is no address or network\n")


@pytest.mark.parametrize("words, offered", [
    ([""], ["address", "limit", "port", "protocol"]),
    (["p"], ["port", "protocol"]),
    (["port", "22", ""], ["address", "limit", "protocol"]),
    (["port", "22", "p"], ["protocol"]),
    (["lim", "5", "address", "10.0.0.1", ""], ["port", "protocol"]),
    (["port", ""], []),
    (["port", "22", "port", "23", ""], []),
    (["nonsense", ""], [])])
def test_filters_not_given_yet_are_offered(tandem, words, offered):
    assert tandem("--complete", *SHOW, *words).stdout.split() == offered


def test_a_value_is_explained_and_the_line_may_end_behind_it(shell):
    child = shell()
    child.expect(r":~\$ ")
    child.send("show connsync flows port ?")
    child.expect("  <port> +Number of the port\r\n")
    child.expect("flows port ")
    child.send("22 ?")
    child.expect("  <Enter> +Execute the command\r\n")
    child.expect("  address +Connections with an end in a network\r\n")
    child.expect("  protocol +Connections of a protocol\r\n")


def test_ends_of_ipv6_take_lines_of_their_own(tandem, flows):
    done = tandem(*SHOW)
    assert done.stdout == golden("flows.table")
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_json_is_the_service_s_answer(tandem, flows):
    done = tandem("--json", *SHOW, "port", "22")
    assert json.loads(done.stdout) == {"tandem-state:output": json.loads(golden("flows.json"))}


def test_pipes_follow_filters(tandem, flows):
    assert tandem(*SHOW, "port", "22", "|", "match", "NAT", "|", "count").stdout == "3\n"
