# SPDX-License-Identifier: GPL-2.0-or-later
"""One command a call: answers, refusals, exit statuses."""
import json

import pytest

from program import golden

STATE = "tandem-state:vrrp-state"


@pytest.mark.parametrize("words, name", [
    (["show", "vrrp"], "pair.summary"),
    (["show", "vrrp", "detail"], "pair.detail"),
    (["show", "vrrp", "sync-group"], "pair.sync-group"),
    (["show", "interfaces"], "router.interfaces"),
    (["sh", "int"], "router.interfaces"),
])
def test_show_prints_its_layout(tandem, words, name):
    done = tandem(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, golden(name), "")


def test_show_of_one_interface_and_group_leaves_out_the_others(tandem):
    done = tandem("show", "vrrp", "interface", "dp0bond0")
    assert "Interface: dp0bond0\n" in done.stdout
    assert "dp0bond0.10" not in done.stdout and "dp0bond1" not in done.stdout
    assert tandem("show", "vrrp", "interface", "dp0bond0", "group", "1").stdout == done.stdout


def test_show_of_one_interface_takes_no_stranger_for_a_group(tandem, service):
    """Group 9 is another router's, heard on dp0bond0 and on eth9, where nothing of ours runs."""
    alone = tandem("show", "vrrp", "interface", "dp0bond0").stdout
    found = json.loads(golden("tracked.json"))[STATE]
    service.state[STATE]["lateness"] = found["lateness"]
    service.state[STATE]["stranger"] = [{**found["stranger"][0], "interface": interface}
                                        for interface in ("dp0bond0", "eth9")]
    for words, status, output, errors in (
            (["dp0bond0"], 0, alone, ""), (["dp0bond0", "group", "1"], 0, alone, ""),
            (["dp0bond0", "group", "9"], 1, "", "No VRRP group 9 exists on dp0bond0\n"),
            (["eth9"], 1, "", "VRRP is not running on eth9\n"),
            (["eth9", "group", "9"], 1, "", "VRRP is not running on eth9\n")):
        done = tandem("show", "vrrp", "interface", *words)
        assert (done.returncode, done.stdout, done.stderr) == (status, output, errors)


def test_show_of_one_sync_group_leaves_out_the_others(tandem):
    done = tandem("show", "vrrp", "sync-group", "vgroup1")
    assert "Group: vgroup1\n" in done.stdout and "SYNC1" not in done.stdout


@pytest.mark.parametrize("words, sentence", [
    (["show", "vrrp", "interface", "eth9"], "VRRP is not running on eth9"),
    (["show", "vrrp", "interface", "eth9", "group", "1"], "VRRP is not running on eth9"),
    (["show", "vrrp", "statistics", "interface", "dp0bond0", "group", "2"],
     "No VRRP group 2 exists on dp0bond0"),
    (["show", "vrrp", "sync-group", "NONE"], "Sync-group: NONE does not exist"),
])
def test_show_of_what_is_not_there_says_so_and_fails(tandem, words, sentence):
    done = tandem(*words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence + "\n")


def event(name, **leaves):
    return json.dumps({"ietf-restconf:notification": {
        "eventTime": "2026-11-22T14:05:33.120Z", f"tandem-state:{name}": leaves}})


TRANSITION = event("group-state-change", sequence="7", interface="dp0bond0", vrid=1,
                   family="ipv6", **{"old-state": "BACKUP", "new-state": "MASTER"},
                   reason="no advertisement heard")
ALARM = event("alarm-change", sequence="9", interface="dp0bond0.10", vrid=10, family="ipv4",
              alarm="two-masters", raised=True)
PACKET = event("packet", sequence="10", interface="dp0bond0", sent=False,
               text="10.0.0.2 (02:00:00:00:00:02) > 224.0.0.18: version 2, group 1",
               fault="checksum")


def test_monitor_prints_a_line_an_event_however_the_stream_is_cut(tandem, service, environment):
    environment["TZ"] = "UTC"
    whole = f":\n\nid: 7\ndata: {TRANSITION}\n\nid: 9\ndata: {ALARM}\n\n"
    service.streams["streams/vrrp"] = [whole[i:i + 7] for i in range(0, len(whole), 7)]
    done = tandem("monitor", "vrrp")
    assert done.stdout.splitlines() == [
        "14:05:33.120 dp0bond0 group 1 (IPv6): BACKUP -> MASTER, no advertisement heard",
        "14:05:33.120 dp0bond0.10 group 10: alarm two-masters raised"]
    assert done.returncode == 0


def test_monitor_of_packets_says_what_was_not_accepted_and_what_was_lost(tandem, service,
                                                                         environment):
    environment["TZ"] = "UTC"
    service.streams["streams/vrrp?packets=true"] = [
        f"id: 7\ndata: {TRANSITION}\n\n", f"id: 10\ndata: {PACKET}\n\n"]
    assert tandem("monitor", "vrrp", "packets").stdout.splitlines()[1:] == [
        "(2 events were lost)",
        "14:05:33.120 dp0bond0 received: 10.0.0.2 (02:00:00:00:00:02) > 224.0.0.18: version 2, "
        "group 1 (not accepted: checksum)"]


def test_monitor_in_json_prints_the_notifications_as_they_come(tandem, service):
    service.streams["streams/vrrp"] = [f"id: 9\ndata: {ALARM}\n\n"]
    assert tandem("monitor", "vrrp", "--json").stdout == ALARM + "\n"


def test_refused_monitor_says_why_and_fails(tandem, service):
    service.refuse["streams/vrrp?packets=true"] = (403, "packets are for members of tandem only")
    done = tandem("monitor", "vrrp", "packets")
    assert (done.returncode, done.stderr) == (1, "packets are for members of tandem only\n")


def test_show_alarms_prints_its_layout(tandem, service):
    service.state.update(json.loads(golden("tracked.json")))
    done = tandem("show", "vrrp", "alarms")
    assert (done.returncode, done.stdout, done.stderr) == (0, golden("tracked.alarms"), "")


def test_alarms_name_groups_in_fault_and_why(tandem):
    assert ("dp0bond1 group 1: in FAULT for 1m1s: another interface of the sync group is not "
            "usable\n") in tandem("show", "vrrp", "alarms").stdout


def test_system_names_what_is_on_trial(tandem, service, environment):
    assert "confirm" not in tandem("show", "system").stdout
    environment["TZ"] = "UTC"
    service.state["tandem-state:commit-state"] = {
        "revision": "7",
        "trial": {"returns-to": "6", "remaining": "57", "deadline": "1764000000"},
        "commit": [{"revision": "7", "number": 0, "time": "1763999000", "user": "alice",
                    "via": "cli"}]}
    assert tandem("show", "system").stdout.endswith(
        "Revision 7 of alice waits to be confirmed:\n"
        "revision 6 comes back in 57 s, at 2025-11-24 16:00:00, unless 'confirm' is given\n")


@pytest.mark.parametrize("view", [[], ["detail"], ["statistics"], ["sync-group"]])
def test_show_without_groups_says_not_configured(tandem, service, view):
    service.state[STATE] = {}
    done = tandem("show", "vrrp", *view)
    assert (done.returncode, done.stdout) == (0, "VRRP not configured\n")


@pytest.mark.parametrize("words, key", [
    (["show", "vrrp"], STATE),
    (["show", "vrrp", "detail"], STATE),
    (["show", "vrrp", "sync-group"], STATE),
    (["show", "interfaces"], "tandem-state:interfaces-state"),
    (["show", "ip", "route", "static"], "tandem-state:routes-state"),
])
def test_json_of_nothing_keeps_the_key_of_the_container(tandem, service, words, key):
    service.state[key] = {}
    assert json.loads(tandem(*words, "--json").stdout) == {key: {}}


def test_routes_of_a_family_are_shown_alone(tandem, service):
    def route(prefix, family):
        return {"prefix": prefix, "distance": 1, "family": family, "kind": "blackhole",
                "preferred": True, "state": "installed"}

    service.state["tandem-state:routes-state"] = {
        "route": [route("192.0.2.0/24", "ipv4"), route("2001:db8::/32", "ipv6")]}
    shown = {words: [line.split()[0] for line in tandem("show", *words.split()).stdout.splitlines()
                     [2:]] for words in ("ip route static", "ipv6 route static",
                                         "protocols static")}
    assert shown == {"ip route static": ["192.0.2.0/24"], "ipv6 route static": ["2001:db8::/32"],
                     "protocols static": ["192.0.2.0/24", "2001:db8::/32"]}


@pytest.mark.parametrize("words, names", [
    ("dataplane", ["dp0s1", "dp0s1.9"]),
    ("dataplane dp0s1", ["dp0s1", "dp0s1.9"]),
    ("bonding", ["dp0bond0", "dp0bond0.9", "dp0bond0.9.7", "dp0bond0.10"]),
    ("bonding dp0bond0 vif 10", ["dp0bond0.10"]),
    ("vrrp", ["dp0vrrp1"]),
    ("loopback", ["lo"]),
    ("lo", ["lo"]),
    ("dp0bond0", ["dp0bond0"]),
])
def test_interfaces_of_a_kind_are_shown_with_their_vifs(tandem, service, words, names):
    service.state["tandem-state:interfaces-state"] = {"interface": [
        {"name": name, "kind": kind} for name, kind in
        (("dp0s1", "dataplane"), ("dp0s1.9", "vif"), ("dp0bond0", "bonding"), ("lo", "loopback"),
         ("dp0bond0.9", "vif"), ("dp0bond0.9.7", "vif"), ("dp0bond0.10", "vif"),
         ("dp0vrrp1", "vrrp"))]}
    done = tandem("show", "interfaces", *words.split())
    assert [line.split()[0] for line in done.stdout.splitlines()[3:]] == names


def test_interface_of_a_kind_that_is_not_there_is_said_so(tandem, service):
    done = tandem("show", "interfaces", "bonding", "dp0bond0", "vif", "77")
    assert done.returncode == 1 and "There is no vif 77 of dp0bond0 now" in done.stderr
    done = tandem("show", "interfaces", "switch")
    assert done.returncode == 1 and "There are no switch interfaces now" in done.stderr


def test_groups_without_sync_groups_are_not_called_unconfigured(tandem, service):
    del service.state[STATE]["sync-group"]
    assert "not configured" not in tandem("show", "vrrp", "sync-group").stdout


def test_json_of_versions_is_versions_only(tandem, service):
    service.state["tandem-state:system-state"]["version"] = '9.8"7'
    own = tandem("--version").stdout.split()[1]
    assert json.loads(tandem("show", "version", "--json").stdout) == \
        {"service": '9.8"7', "command-line": own}


def test_help_says_which_words_may_be_shortened(tandem):
    assert "as long as they stay unique, also those of configuration paths" in \
        " ".join(tandem("help").stdout.split())


def test_show_without_engine_says_so_and_fails(tandem, service):
    service.state["tandem-state:system-state"]["engine-running"] = False
    done = tandem("show", "vrrp")
    assert (done.returncode, done.stderr) == (1, "VRRP is not running\n")


def test_problem_of_the_system_stands_beside_the_table(tandem, service):
    service.state["tandem-state:system-state"]["problem"] = ["the saved file did not load"]
    done = tandem("show", "vrrp")
    assert done.stdout == golden("pair.summary")
    assert done.stderr == "Warning: the saved file did not load\n"


@pytest.mark.parametrize("words", [["--json", "show", "vrrp"], ["show", "vrrp", "--json"]])
def test_json_before_or_behind_the_command_is_the_state(tandem, service, words):
    done = tandem(*words)
    assert json.loads(done.stdout) == {STATE: service.state[STATE]}


def test_json_of_a_part_is_that_part(tandem):
    state = json.loads(tandem("show", "vrrp", "interface", "dp0bond1", "--json").stdout)[STATE]
    assert [group["interface"] for group in state["group"]] == ["dp0bond1"]
    assert "sync-group" not in state
    state = json.loads(tandem("show", "vrrp", "sync-group", "SYNC1", "--json").stdout)[STATE]
    assert [group["name"] for group in state["sync-group"]] == ["SYNC1"]
    assert "group" not in state


def test_configuration_is_shown_without_passwords_unless_asked(tandem):
    commands = tandem("show", "configuration", "commands").stdout
    assert "set interfaces bonding dp0bond0 vrrp vrrp-group 1 priority '254'\n" in commands
    for words in (["show", "configuration"], ["show", "configuration", "--json"],
                  ["show", "configuration", "commands"]):
        done = tandem(*words)
        assert done.returncode == 0
        assert "geheim" not in done.stdout and "********" in done.stdout
        assert "geheim" in tandem(*words, "--secrets").stdout


def test_reset_asks_for_the_operation(tandem, service):
    done = tandem("reset", "vrrp", "master", "interface", "dp0bond0", "group", "1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (path, body), = service.asked("POST")
    assert path == "operations/tandem-state:reset-master"
    assert json.loads(body) == {"tandem-state:input": {"interface": "dp0bond0", "group": 1}}


def test_garp_asks_for_the_operation_and_fails_when_it_is_refused(tandem, service):
    sentence = "VRRP group 9 on a is in BACKUP: only a master announces"
    service.refuse["operations/tandem-state:garp"] = (409, sentence)
    done = tandem("update", "vrrp", "garp", "interface", 'a"\\b', "vrrp-group", "9")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence + "\n")
    (_, body), = service.asked("POST")
    assert json.loads(body) == {"tandem-state:input": {"interface": 'a"\\b', "group": 9}}


def test_reset_of_a_backup_prints_the_message_and_is_done(tandem, service):
    sentence = "VRRP group 1 on dp0bond0 is already in BACKUP"
    service.messages["operations/tandem-state:reset-master"] = sentence
    done = tandem("reset", "vrrp", "master", "interface", "dp0bond0", "group", "1")
    assert (done.returncode, done.stdout, done.stderr) == (0, sentence + "\n", "")


def test_refused_operation_prints_every_message_and_fails(tandem, service):
    service.refuse["operations/tandem-state:reset-master"] = (409, "first reason", "second")
    done = tandem("reset", "vrrp", "master", "interface", "dp0bond0", "group", "1")
    assert (done.returncode, done.stderr) == (1, "first reason\nsecond\n")


@pytest.mark.parametrize("state, shown", [
    ({"running": True, "readiness": "synced"}, "0 connections\n"),
    ({"running": False, "trouble": "there is no key"}, "connsync does not run: there is no key\n"),
    ({}, "connsync is not configured\n")])
def test_no_connections_are_shown_with_the_reason(tandem, service, state, shown):
    service.messages["operations/tandem-state:connsync-flows"] = {"matched": "0"}
    service.state["tandem-state:connsync-state"] = state
    done = tandem("show", "connsync", "flows")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines(True)[-1] == shown
    assert ("Proto " in done.stdout) == (shown == "0 connections\n")


@pytest.mark.parametrize("group", ["0", "256", "one", "", "-1"])
def test_group_out_of_range_is_refused_without_asking(tandem, service, group):
    done = tandem("reset", "vrrp", "master", "interface", "dp0bond0", "group", group)
    assert done.returncode == 2
    assert done.stderr == f"VRRP group must be between 1-255, not '{group}'\n"
    assert service.asked("POST") == []


@pytest.mark.parametrize("words, sentence", [
    (["foo"], "Invalid command: [foo]"),
    (["commit"], "Invalid command: [commit]: it is for configuration mode, which 'configure' "
                 "enters"),
    (["shwo", "vrrp"], "Invalid command: [shwo], did you mean 'show'?"),
    (["show", "vrrp", "alarsm"], "Invalid command: show vrrp [alarsm], did you mean 'alarms'?"),
    (["show", "vrrp", "s"], "Ambiguous command: show vrrp [s], which may be: statistics, "
                              "sync-group"),
    (["reset", "vrrp"], "Incomplete command: reset vrrp, which goes on with: master"),
])
def test_wrong_command_is_a_usage_error(tandem, words, sentence):
    done = tandem(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence + "\n")


def test_wrong_option_is_a_usage_error(tandem):
    assert tandem("--nonsense").returncode == 2


def test_missing_service_is_named_with_its_socket(tandem):
    done = tandem("--socket", "/nonexistent/api.sock", "show", "vrrp")
    assert done.returncode == 1
    assert done.stderr == ("tandem: cannot reach the Tandem service at /nonexistent/api.sock: "
                           "No such file or directory; is tandemd running?\n")


def test_forbidden_without_a_message_says_who_may(tandem, service):
    service.refuse["data?content=config"] = (403,)
    done = tandem("show", "configuration")
    assert done.returncode == 1
    assert "root and members of group tandem" in done.stderr


def test_run_dir_holds_the_socket(tandem, environment, tmp_path):
    del environment["TANDEM_SOCKET"]
    assert tandem("--run-dir", str(tmp_path), "show", "vrrp").returncode == 0


def test_completion_for_other_shells_prints_one_word_a_line(tandem):
    assert tandem("--complete", "show", "vrrp", "s").stdout == "statistics\nsync-group\n"
    assert tandem("--complete", "show", "vrrp", "interface", "dp0bond0.").stdout == \
        "dp0bond0.10\ndp0bond0.9\n"
    assert tandem("--complete", "reset", "vrrp", "master", "interface", "dp0bond0.10", "group",
                  "").stdout == "10\n"
    assert tandem("--complete", "show", "vrrp", "sync-group", "").stdout == "vgroup1\nSYNC1\n"
