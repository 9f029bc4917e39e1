# SPDX-License-Identifier: GPL-2.0-or-later
"""Help that is longer than the screen: paged, and the line that was being typed comes back."""
import re

import pytest

OPERATE = re.compile(r"\w+@[\w-]*:~\$ ")
SMALL = (8, 80)			# "show " may go on in more ways than that


@pytest.fixture(params=["dumb", "xterm"])
def small(shell, environment, request):
    """The shell on a small terminal, with the pager of those who set none."""
    environment.pop("PAGER")
    environment["TERM"] = request.param
    child = shell()
    child.expect(OPERATE)
    child.setwinsize(*SMALL)
    return child


@pytest.fixture
def marked(shell, environment):
    """The same with a pager that leaves a mark on each line."""
    environment["PAGER"] = "sed s/^/paged:/"
    child = shell()
    child.expect(OPERATE)
    return child


def expect_line(child, line):
    """The line stands behind a prompt again, with nothing below."""
    child.expect_exact("$ " + line)


def test_long_help_is_paged_to_its_end(small):
    small.send("show ?")
    small.expect("Possible completions:")
    small.expect("--More--")
    assert "VRRP groups" not in small.before
    small.send(" ")
    while small.expect(["--More--", "  vrrp +VRRP groups"]) == 0:
        small.send(" ")
    expect_line(small, "show ")
    small.send("version\r")
    small.expect("Command line:")
    small.expect(OPERATE)


def test_help_that_is_left_early_gives_the_line_back(small):
    small.send("show ?")
    small.expect("--More--")
    small.send("q")
    expect_line(small, "show ")
    assert "VRRP groups" not in small.before
    small.send("ver\t\r")
    small.expect("Command line:")
    small.expect(OPERATE)


def test_cursor_stays_where_it_was(small):
    small.send("show version")
    small.expect("version")
    small.send("\x1bb?")
    small.expect("--More--")
    small.send("q")
    expect_line(small, "show version")
    small.send("interfaces | no-more \x0b\r")       # all behind the cursor goes
    small.expect("Codes: S - State")
    small.expect(OPERATE)


def test_interrupt_gives_the_line_up_after_help_as_before(small):
    small.send("show ?")
    small.expect("--More--")
    small.send("q")
    expect_line(small, "show ")
    small.send("vrr")
    small.expect("vrr")
    small.sendintr()
    small.expect(OPERATE)
    small.sendline("show version")
    small.expect("Command line:")


def test_paged_help_of_configuration_mode_keeps_the_candidate(small):
    small.sendline("configure")
    small.expect("# ")
    small.sendline("set system host-name r1")
    small.expect("# ")
    small.send("?")
    small.expect("--More--")
    small.send("q")
    small.expect("# ")
    small.sendline("compare")
    small.expect(r"\+ +host-name r1")


def test_interrupt_ends_the_pager_and_gives_the_line_back(shell, environment):
    environment["PAGER"] = "sh -c 'cat > /dev/null; echo paged; exec sleep 1000'"
    child = shell()
    child.expect(OPERATE)
    child.setwinsize(*SMALL)
    child.send("show ?")
    child.expect("paged\r\n")
    child.sendintr()
    expect_line(child, "show ")
    child.send("version\r")
    child.expect("Command line:")
    child.expect(OPERATE)


def test_list_of_tab_is_paged_too(marked):
    marked.setwinsize(*SMALL)
    marked.send("show \t")
    marked.expect("paged:Possible completions:")
    marked.expect("paged:  vrrp")
    expect_line(marked, "show ")


def test_help_that_fits_is_not_paged(marked):
    marked.send("show vrrp ?")
    marked.expect("\r\nPossible completions:")
    marked.expect("\r\n  sync-group")
    expect_line(marked, "show vrrp ")


def test_help_of_a_full_screen_is_not_paged(marked):
    marked.send("show ?")
    marked.expect("\r\nPossible completions:")
    expect_line(marked, "show ")
    lines = marked.before.count("\r\n") + 1         # with that of "Possible completions"
    marked.setwinsize(lines, 80)
    marked.send("?")
    marked.expect("\r\nPossible completions:")
    expect_line(marked, "show ")
    marked.setwinsize(lines - 1, 80)
    marked.send("?")
    marked.expect("\r\npaged:Possible completions:")
    expect_line(marked, "show ")
