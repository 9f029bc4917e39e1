# SPDX-License-Identifier: GPL-2.0-or-later
"""Pipes behind commands, and shortened words, as a script or another shell gives them."""
import json
import pathlib
import subprocess

import pytest

from program import TANDEM

GROUP = "interfaces bonding dp0bond0 vrrp vrrp-group 1"


def in_script(tandem, *lines):
    return tandem(lines=lines)


def test_lines_are_matched_and_counted(tandem):
    whole = tandem("show", "vrrp").stdout.splitlines()
    done = in_script(tandem, "show vrrp | match dp0bond")
    assert done.stdout.splitlines() == [line for line in whole if "dp0bond" in line]
    assert in_script(tandem, "show vrrp | no-match dp0bond | count").stdout == \
        f"{len([line for line in whole if 'dp0bond' not in line])}\n"


def test_words_from_another_shell_may_have_pipes(tandem):
    assert tandem("show", "vrrp", "|", "match", "^dp0bond0 ", "|", "count").stdout == "1\n"


def test_json_and_commands_say_how_to_answer(tandem):
    found = json.loads(in_script(tandem, "show vrrp | json").stdout)
    assert "tandem-state:vrrp-state" in found
    braces = in_script(tandem, "show configuration | match bonding").stdout
    assert braces == "    bonding dp0bond0 {\n"
    commands = in_script(tandem, "show configuration | commands | match priority").stdout
    assert commands == f"set {GROUP} priority '254'\n"


def test_configuration_mode_has_them_too(tandem):
    done = in_script(tandem, "configure", "show interfaces | commands | match priority",
                     "show | json | match priority", "run show vrrp | count",
                     "edit interfaces bonding dp0bond0", "show | commands | no-match vrrp",
                     f"set {' '.join(GROUP.split()[3:])} priority 7",
                     "compare | match '^[-+]'", "help | match rollback | count", "exit discard")
    count = len(tandem("show", "vrrp").stdout.splitlines())
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"set {GROUP} priority '254'", '              "priority": 254,', str(count),
        "set interfaces bonding dp0bond0 address '10.100.11.39/26'",
        "-priority 254", "+priority 7", "1"]


def test_passwords_stay_hidden_behind_pipes(tandem):
    for form in ("", "| json", "| commands"):
        done = in_script(tandem, f"show configuration {form} | match password")
        assert "********" in done.stdout and "geheim" not in done.stdout


def test_bar_in_quotes_is_a_value(tandem, service):
    done = in_script(tandem, "configure", f"set {GROUP} description 'a | count'", "commit")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    group = service.configuration["tandem-interfaces:interfaces"]["bonding"][0]
    assert group["tandem-vrrp:vrrp"]["vrrp-group"][0]["description"] == "a | count"


@pytest.mark.parametrize("line, sentence", [
    ("show vrrp | match", "A pattern must follow '| match'"),
    ("show vrrp | match (", "is no regular expression"),
    ("show vrrp | grep x", "Invalid command: | [grep]"),
    ("| count", "A command must stand before '|'"),
    ("reset vrrp master interface dp0bond0 group 1 | count", "which shows nothing"),
    ("show vrrp | commands", "shows no configuration"),
    ("import vyos x | json", "cannot answer in JSON"),
    ("show vrrp 'x", "This line cannot be read: a quote (') is opened"),
])
def test_wrong_pipe_is_a_sentence_and_does_nothing(tandem, service, line, sentence):
    done = in_script(tandem, line)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert service.asked("POST") == []


def test_monitored_lines_are_matched_as_they_come(tandem, service):
    events = "".join(
        'data: {"ietf-restconf:notification":{"eventTime":"2026-11-22T12:00:00.00Z",'
        '"tandem-state:group-state-change":{"interface":"%s","vrid":1,"family":"ipv4",'
        '"old-state":"BACKUP","new-state":"MASTER","reason":"r"}}}\n\n' % name
        for name in ("eth0", "eth1"))
    service.streams["streams/vrrp"] = [events]
    assert in_script(tandem, "monitor vrrp | count").stdout == "2\n"
    assert "eth1 group 1: BACKUP -> MASTER" in \
        in_script(tandem, "monitor vrrp | match eth1").stdout


def test_words_of_paths_may_be_shortened(tandem, service):
    done = in_script(tandem, "configure", "set int bond dp0bond0 vrrp vrrp-g 1 prio 9",
                     "del int bond dp0bond0 addr 10.100.11.39/26",
                     "edit int bond dp0bond0 vr vrrp-g 1", "set descr prio", "commit")
    assert (done.returncode, done.stderr) == (0, "")
    bond = service.configuration["tandem-interfaces:interfaces"]["bonding"][0]
    assert "address" not in bond
    group = bond["tandem-vrrp:vrrp"]["vrrp-group"][0]
    assert (group["priority"], group["description"]) == (9, "prio")


def test_ambiguous_word_of_a_path_is_refused_naming_the_choices(tandem):
    done = in_script(tandem, "configure", f"set {GROUP} pr 9")
    assert f"{GROUP} 'pr': ambiguous word; possible words are preempt, preempt-delay and " \
           "priority" in done.stderr


def test_completion_of_other_shells_knows_pipes_and_names(tandem, service):
    assert tandem("--complete", "show", "vrrp", "|", "no").stdout == "no-match\nno-more\n"
    assert tandem("--complete", "show", "configuration", "|", "c").stdout == \
        "commands\ncount\n"
    assert tandem("--complete", "show", "vrrp", "|", "c").stdout == "count\n"
    assert tandem("--complete", "show", "vrrp", "|", "match", "").stdout == ""


def test_bash_gets_words_with_blanks_in_quotes(environment, service):
    state = service.state["tandem-state:vrrp-state"]
    state["sync-group"] = [{"name": "South side"}, {"name": "Southern"}]
    script = pathlib.Path(__file__).parents[3] / "packaging" / "tandem.bash"

    def complete(*words):
        return subprocess.run(
            ["bash", "-c", 'source "$1"; shift; tandem() { "$TANDEM" "$@"; }; '
             'COMP_WORDS=(tandem "$@"); COMP_CWORD=$#; _tandem; printf "%s\\n" "${COMPREPLY[@]}"',
             "bash", script, *words], env={**environment, "TANDEM": TANDEM}, text=True,
            capture_output=True, timeout=120, check=True).stdout.splitlines()
    assert complete("show", "vrrp", "sync-group", "So") == ["South\\ side", "Southern"]
    assert complete("show", "vrrp", "sync-group", "'So") == ["South side", "Southern"]
    assert complete("show", "vrrp", "'|'", "ma") == ["match"]
    assert complete("--run-dir", "/nowhere", "sh") == ["show"]
