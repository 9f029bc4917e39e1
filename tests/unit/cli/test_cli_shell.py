# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell on a terminal: Tab, ?, history, prompts, Ctrl-C, Ctrl-D."""
import json
import re

import pexpect
import pytest

from program import golden

OPERATE = re.compile(r"\w+@[\w-]*:~\$ ")
CONFIGURE = re.compile(r"\[edit\]\r\n\w+@[\w-]*# ")
GROUP = "interfaces bonding dp0bond0 vrrp vrrp-group 1"


@pytest.fixture
def operate(shell):
    child = shell()
    child.expect(OPERATE)
    return child


@pytest.fixture
def configure(operate):
    operate.sendline("configure")
    operate.expect(CONFIGURE)
    return operate


def test_tab_completes_a_unique_word(operate):
    operate.send("sh\t")
    operate.expect("show ")
    operate.send("vr\t")
    operate.expect("vrrp ")
    operate.send("\r")
    operate.expect("dp0bond0.10       10     BACKUP")
    operate.expect(OPERATE)


def test_tab_lists_what_fits_with_help(operate):
    operate.send("show v\t")
    operate.expect("Possible completions:")
    operate.expect("  version +Version of the service")
    operate.expect("  vrrp +VRRP groups, one line each")
    operate.expect(r"\$ show v")


def test_tab_completes_live_names(operate):
    operate.send("show vrrp interface dp0bond1\t")
    operate.expect("dp0bond1 ")
    operate.send("gr\t\t")
    operate.expect("group ")
    operate.expect("1 ")
    operate.send("\r")
    operate.expect("Interface: dp0bond1\r\n")


def test_question_mark_explains_and_is_not_inserted(operate):
    operate.send("show vrrp ?")
    operate.expect("Possible completions:")
    operate.expect("  <Enter> +Execute the command")
    operate.expect("  sync-group +Sync groups and their members")
    operate.expect(r"\$ show vrrp ")
    operate.send("\r")
    operate.expect("Interface +Group +State")


def test_question_mark_in_quotes_is_a_letter(configure, service):
    configure.sendline(f"set {GROUP} description 'why? so'")
    configure.expect(CONFIGURE)
    configure.sendline("commit")
    configure.expect(CONFIGURE)
    group = service.configuration["tandem-interfaces:interfaces"]["bonding"][0]
    assert group["tandem-vrrp:vrrp"]["vrrp-group"][0]["description"] == "why? so"


def test_set_is_completed_from_the_model(configure):
    configure.send("set interfaces bonding dp0bond0 vrrp vrrp-group 1 prio\t")
    configure.expect("priority ")
    configure.send("?")
    configure.expect(r"<.*1\.\.254.*>")
    configure.expect("# set interfaces bonding dp0bond0 vrrp vrrp-group 1 priority ")
    configure.send("201\r")
    configure.expect(CONFIGURE)
    configure.sendline("compare")
    configure.expect(r"\+ *priority 201")


@pytest.mark.parametrize("line, may_end", [
    ("set interfaces ", False), ("set interfaces bonding dp0bond0 ", True),
    (f"set {GROUP} priority ", False), (f"set {GROUP} priority 7 ", True),
    (f"set {GROUP} disable ", True), ("edit interfaces bonding ", False),
    ("edit interfaces ", True), (f"edit {GROUP} ", True), (f"delete {GROUP} priority ", True),
    ("show interfaces bonding ", True), (f"comment {GROUP} ", False)])
def test_question_mark_says_where_a_line_may_end(configure, line, may_end):
    configure.send(line + "?")
    configure.expect_exact("Possible completions:")
    configure.expect_exact("# " + line)
    assert ("<Enter>" in configure.before) == may_end


def test_delete_is_completed_from_what_is_there(configure):
    configure.send(f"delete {GROUP} ?")
    configure.expect("Possible completions:")
    index = configure.expect(["preempt-delay", "virtual-address", "sync-group"])
    assert index == 1


def test_files_are_completed(configure, tmp_path):
    (tmp_path / "site.conf").write_text(f"set {GROUP} priority 9\n")
    configure.send("load si\t")
    configure.expect("site.conf ")
    configure.send("\r")
    configure.expect(CONFIGURE)
    configure.sendline("show")
    configure.expect("priority 9\r\n")


def test_configuration_mode_shows_itself_in_the_prompt(configure):
    configure.sendline("exit")
    configure.expect(OPERATE)
    configure.sendline("exit")
    configure.expect(pexpect.EOF)
    configure.close()
    assert configure.exitstatus == 0


def test_configure_as_command_opens_the_shell(shell):
    shell("configure").expect(CONFIGURE)


def test_a_wrong_command_does_not_end_the_shell(operate):
    operate.sendline("nonsense")
    operate.expect(r"Invalid command: \[nonsense\]")
    operate.expect(OPERATE)


def test_what_is_refused_is_folded_at_words(operate):
    operate.sendline("show")
    operate.expect(r"show\r\nIncomplete command: show, which goes on with: [^\r]*,\r\n    \w")
    operate.expect(OPERATE)


def test_checks_are_folded_at_words_but_not_in_a_pipe(configure):
    configure.sendline("check")
    said = configure.expect([r"\r\n    \S", CONFIGURE])
    assert said == 0, configure.before
    configure.expect(CONFIGURE)
    configure.sendline("check | match preempt")
    configure.expect(r"preempt\r\n(Warning: [^\r]+\r\n)+\[edit\]")


def test_the_default_pager_ends_behind_the_last_line(environment, shell):
    del environment["PAGER"]
    child = shell()
    child.expect(OPERATE)
    child.sendline("show vrrp | more")
    child.expect("State")
    child.expect(OPERATE)


def test_a_view_asked_for_in_the_wrong_mode_is_named(configure):
    configure.sendline("show vrrp")
    configure.expect("'vrrp': unknown word")
    configure.expect("What is true now is shown by 'run show vrrp'")
    configure.expect(CONFIGURE)


def test_interrupt_gives_up_the_line_only(configure):
    configure.sendline(f"set {GROUP} priority 202")
    configure.expect(CONFIGURE)
    configure.send("delete interf")
    configure.expect("interf")
    configure.sendintr()
    configure.expect(CONFIGURE)
    configure.sendline("compare")
    configure.expect("priority 202")


def test_end_of_input_leaves_unless_changes_are_open(configure):
    configure.sendline(f"set {GROUP} priority 203")
    configure.expect(CONFIGURE)
    configure.sendeof()
    configure.expect("uncommitted changes")
    configure.expect(CONFIGURE)
    configure.sendline("exit discard")
    configure.expect(OPERATE)
    configure.sendeof()
    configure.expect(pexpect.EOF)
    configure.close()
    assert configure.exitstatus == 0


def test_history_is_kept_without_passwords(shell, tmp_path):
    (tmp_path / ".local" / "state").mkdir(parents=True)
    child = shell("configure")
    child.expect(CONFIGURE)
    child.sendline(f"set {GROUP} authentication password wort")
    child.expect(CONFIGURE)
    child.sendline("run show version")
    child.expect("Command line")
    child.expect(CONFIGURE)
    child.sendline("exit discard")
    child.expect(OPERATE)
    child.sendline("exit")
    child.expect(pexpect.EOF)
    history = (tmp_path / ".local" / "state" / "tandem_history").read_text()
    assert "run show version\n" in history and "wort" not in history
    again = shell()
    again.expect(OPERATE)
    again.send("\x1b[A")
    again.expect("exit")


def test_long_answers_go_through_the_pager(shell, environment):
    environment["PAGER"] = "sed s/^/paged:/"
    child = shell()
    child.expect(OPERATE)
    child.sendline("show vrrp detail")
    child.expect("paged:Interface: dp0bond0")
    child.expect(OPERATE)
    child.sendline("show version")
    child.expect("\r\nVersion:")


def test_no_more_goes_past_the_pager_and_more_always_through_it(shell, environment):
    environment["PAGER"] = "sed s/^/paged:/"
    child = shell()
    child.expect(OPERATE)
    child.sendline("show vrrp detail | no-more")
    child.expect("\r\nInterface: dp0bond0")
    child.expect(OPERATE)
    child.sendline("show version | more")
    child.expect("paged:Version:")
    child.expect(OPERATE)
    child.sendline("show vrrp detail | match Interface:")
    child.expect("\r\nInterface: dp0bond0\r\n")


def test_bar_is_explained_and_completed(operate):
    operate.send("show vrrp ?")
    operate.expect("  <Enter> +Execute the command")
    operate.expect(r"  \| +Filter, count or page what is shown")
    operate.send("| ?")
    operate.expect("  count +Count the lines")
    operate.expect("  no-more +Never page by page")
    operate.expect(r"\$ show vrrp \| ")
    operate.send("ma\t")
    operate.expect("match ")
    operate.send("?")
    operate.expect("  <pattern> +POSIX extended regular expression; upper and lower case")
    operate.send("MASTER | c\t\r")
    operate.expect("count \r\n1\r\n")


def test_bar_needs_no_blank_behind_it(operate):
    operate.send("show vrrp |ma\t")
    operate.expect(r"\|match ")
    operate.send("MASTER |cou\t\r")
    operate.expect("count \r\n1\r\n")


def test_words_with_blanks_are_quoted_by_tab(shell, service):
    bond = service.configuration["tandem-interfaces:interfaces"]["bonding"][0]
    bond["tandem-vrrp:vrrp"]["vrrp-group"][0]["sync-group"] = "South side"
    child = shell("configure")
    child.expect(CONFIGURE)
    child.send(f"set {GROUP[:-1]}2 sync-group S\t")
    child.expect("sync-group 'South side' ")
    child.send("\r")
    child.expect(CONFIGURE)
    child.send(f"set {GROUP[:-1]}3 sync-group 'So\t")
    child.expect("sync-group 'South side' ")
    child.send("\r")
    child.expect(CONFIGURE)
    child.sendline("show | commands | match sync-group")
    for group in "123":
        child.expect(f"vrrp-group {group} sync-group 'South side'\r\n")


def test_all_choices_are_quoted_when_one_must_be(shell, service):
    groups = service.configuration["tandem-interfaces:interfaces"]["bonding"][0][
        "tandem-vrrp:vrrp"]["vrrp-group"]
    groups[0]["sync-group"] = "South side"
    groups.append({"id": 2, "sync-group": "Southern"})
    child = shell("configure")
    child.expect(CONFIGURE)
    child.send(f"set {GROUP[:-1]}3 sync-group S\t")
    child.expect("  South side\r\n  Southern\r\n")
    child.send("e\t\r")
    child.expect(CONFIGURE)
    child.sendline("show | commands | match sync-group")
    child.expect("vrrp-group 3 sync-group 'Southern'\r\n")


def test_value_is_explained_with_range_unit_and_default(configure):
    configure.send(f"set {GROUP} priority ?")
    configure.expect(r"  <1\.\.254> +Priority.*; default 100\r\n")
    configure.sendintr()
    configure.expect(CONFIGURE)
    configure.send(f"set {GROUP} preempt ?")
    configure.expect(r"  false +Leave a master of lower priority alone\r\n")
    configure.expect(r"  true +Take over.*\(default\)\r\n")


def test_interfaces_of_the_system_are_offered(configure, service):
    service.state["tandem-state:interfaces-state"]["interface"] += [
        {"name": name, "kind": kind} for name, kind in
        (("dp0s1", "dataplane"), ("eth7", "other"), ("eth7.9", "vif"), ("dp0vrrp1", "vrrp"),
         ("dp0bond0", "bonding"), ("dp0bond3", "bonding"))]
    configure.send("set interfaces dataplane \t")
    configure.expect("Possible completions:\r\n  dp0s1\r\n  eth7\r\n  <interface name>")
    configure.send("e\t")
    configure.expect("eth7 ")
    configure.sendintr()
    configure.expect(CONFIGURE)
    configure.send("set interfaces bonding ?")
    configure.expect("Possible completions:\r\n  dp0bond0\r\n  dp0bond3\r\n")


def test_words_of_paths_may_be_shortened_before_tab(configure):
    configure.send("set int bond dp0bond0 vr vrrp-g 1 prio\t")
    configure.expect("set int bond dp0bond0 vr vrrp-g 1 priority ")
    configure.send("9\r")
    configure.expect(CONFIGURE)
    configure.sendline("compare | match '\\+'")
    configure.expect(r"\+priority 9")


@pytest.mark.parametrize("columns", [50, 80])
def test_help_keeps_to_the_width_of_the_terminal(shell, columns):
    child = shell("configure")
    child.setwinsize(24, columns)
    child.expect(CONFIGURE)
    child.sendline(f"edit {GROUP}")
    child.expect(f"{GROUP}]")
    child.send("set ?")
    child.expect("Possible completions:\r\n")
    child.expect("# set $")
    lines = child.before.split("\r\n")[:-1]
    assert len(lines) > 20
    assert max(len(line) for line in lines) < columns
    assert any(re.fullmatch(" {24}\\S.*", line) for line in lines)
    assert all(re.match("  \\S| {24}\\S", line) for line in lines if line)


@pytest.mark.parametrize("columns", [50, 80])
def test_sentences_keep_to_the_width_of_the_terminal(shell, service, columns):
    service.warnings = ["a warning of many words " * 9 + "[L1]"]
    child = shell("configure")
    child.setwinsize(24, columns)
    child.expect(CONFIGURE)
    child.sendline(f"set {GROUP} priority 7")
    child.expect(CONFIGURE)
    child.sendline("commit")
    child.expect("commit\r\n")
    child.expect(r"\[edit\]")
    first, *rest = child.before.split("\r\n")[:-1]
    assert first.startswith("Warning: a warning") and len(rest) > 2
    assert all(line.startswith("    ") for line in rest)
    assert max(len(line) for line in [first, *rest]) < columns
    assert " ".join([first, *(line.strip() for line in rest)]) == "Warning: " + service.warnings[0]


@pytest.mark.parametrize("pipe, folded", [("", True), (" | no-more", True),
                                          (" | match masters", False)])
def test_alarms_keep_to_the_width_of_the_terminal_but_not_in_a_pipe(operate, service, pipe,
                                                                    folded):
    service.state.update(json.loads(golden("tracked.json")))
    operate.sendline("show vrrp alarms" + pipe)
    operate.expect("show vrrp alarms[^\r]*\r\n")
    operate.expect(OPERATE)
    lines = operate.before.split("\r\n")
    assert any("two masters" in line for line in lines)
    assert (max(len(line) for line in lines) <= 80) is folded


def test_alarms_and_problems_beside_other_things_keep_to_the_width(operate, service):
    service.state.update(json.loads(golden("tracked.json")))
    sentence = "words that go on and on " * 6
    service.state["tandem-state:vrrp-state"]["group"][0]["alarm"] = [sentence.strip()]
    service.state["tandem-state:system-state"]["problem"] = [sentence.strip()]
    for command, start in (("show vrrp", "Alarm: "), ("show system", "  words that")):
        operate.sendline(command)
        operate.expect(command + "\r\n")
        operate.expect(OPERATE)
        lines = operate.before.split("\r\n")
        at, = [n for n, line in enumerate(lines) if line.startswith(start)]
        assert lines[at + 1].startswith("    ") and max(len(line) for line in lines[at:]) <= 80


def test_misspelt_command_of_configuration_mode_gets_a_proposal(configure):
    configure.sendline("comit")
    configure.expect(r"Invalid command: \[comit\], did you mean 'commit'\?\r\n")
    configure.expect(CONFIGURE)
    configure.sendline(f"set {GROUP} prioriti 7")
    configure.expect(r"did you\s+mean 'priority'")
    configure.expect(CONFIGURE)
    configure.sendline("monitor vrrp")
    configure.expect(r"Invalid command: \[monitor\]: in configuration mode it is 'run monitor'\r\n")
    configure.sendline("interfaces")
    configure.expect(r"Invalid command: \[interfaces\]\r\n")
