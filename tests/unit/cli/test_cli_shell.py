# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell on a terminal: Tab, ?, history, prompts, Ctrl-C, Ctrl-D."""
import re

import pexpect
import pytest

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
