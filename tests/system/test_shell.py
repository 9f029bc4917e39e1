# SPDX-License-Identifier: GPL-2.0-or-later
"""
The shell in front of the service itself, on terminals that can do nothing and on others: what Tab
and ? know of the router, pipes, pages.  One router in a namespace of its own.
"""
import contextlib
import os
import re
import shutil
import subprocess
import tempfile

import pexpect
import pytest

from lab.network import wait_for
from lab.router import BUILD, TOP
from test_editing import Alone, Solitary

PORT = "interfaces dataplane dp0s9"
GROUP = PORT + " vrrp vrrp-group 7"
START = f"""set {PORT} address 10.0.0.2/24
set {GROUP} virtual-address 10.0.0.1/24
set {GROUP} sync-group 'South side'
"""
CONFIGURE = re.compile(r"\[edit([^\]]*)\]\r\n\S+# ")
OPERATE = re.compile(r"\S+:~\$ ")


@pytest.fixture(scope="module")
def router():
    """Two ports, one of which the configuration does not name."""
    folder = tempfile.mkdtemp(prefix="tandem-shell-", dir="/run")
    os.chmod(folder, 0o755)
    router = Solitary("r1", Alone(), folder, START)
    try:
        router.start()
        subprocess.run(["nsenter", f"--net=/proc/{router.process.pid}/ns/net", "ip", "link", "add",
                        "dp0s9", "type", "veth", "peer", "name", "spare1"], check=True)
        wait_for(lambda: "spare1" in router.tandem("show", "interfaces"), 20, "the ports")
        yield router
    finally:
        router.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shell(router, tmp_path):
    opened = []

    def start(term="dumb", **environment):
        child = pexpect.spawn(BUILD + "/src/cli/tandem",
                              ["--run-dir", router.run_dir, "--yang-dir", TOP + "/yang"],
                              env={**os.environ, "HOME": str(tmp_path), "TERM": term,
                                   "PAGER": "cat", **environment},
                              encoding="utf-8", timeout=60, dimensions=(24, 80))
        child.delaybeforesend = None
        opened.append(child)
        child.expect(OPERATE)
        return child
    yield start
    for child in opened:
        child.close(force=True)


@contextlib.contextmanager
def line_given_up(child):
    yield
    child.sendintr()
    child.expect(CONFIGURE)


def test_tab_and_help_know_the_router(shell):
    child = shell()
    child.send("show vrrp interface dp\t")
    child.expect("dp0s9 ")
    child.send("group ?")
    child.expect("  7 +")
    child.sendintr()
    child.expect(OPERATE)
    child.sendline("configure")
    child.expect(CONFIGURE)
    with line_given_up(child):
        child.send("set int dat ?")
        child.expect("  dp0s9\r\n")
        child.expect("  spare1\r\n")
    with line_given_up(child):
        child.send("set int dat sp\t")
        child.expect("spare1 ")
    with line_given_up(child):
        child.send("set int loop \t")
        child.expect("lo ")
    with line_given_up(child):
        child.send(f"set {PORT} vrrp vrrp-group ?")
        child.expect("  7\r\n")
    child.send("set int dat spare1 vrrp vrrp-g 1 sync So\t\r")
    child.expect("'South side' \r\n")
    child.expect(CONFIGURE)
    child.sendline("compare | match sync-group")
    child.expect(r"\+ +sync-group ['\"]South side['\"]\r\n")
    child.expect(CONFIGURE)
    child.sendline("exit discard")
    child.expect(OPERATE)


def test_pipes_work_on_what_the_service_answers(router):
    summary = router.tandem("show", "vrrp").splitlines()
    assert router.tandem("show", "vrrp", "|", "count") == f"{len(summary)}\n"
    matched = router.tandem(stdin="show vrrp | match ^dp0s9 | no-match BACKUPS\n")
    assert matched.splitlines() == [line for line in summary if line.startswith("dp0s9")]
    assert router.tandem(stdin="show conf | commands | match 'sync-group|nothing'\n") == \
        f"set {GROUP} sync-group 'South side'\n"
    assert router.tandem(stdin="show configuration | json | match South | count\n") == "1\n"


@pytest.mark.parametrize("term", ["dumb", "vt100", "xterm"])
def test_long_answers_come_page_by_page_on_a_terminal_only(shell, term):
    child = shell(term, PAGER="more")
    child.sendline("help")
    child.expect("--More--")
    child.send("q")
    child.expect(OPERATE)
    child.sendline("help | no-more")
    child.expect("Behind a command that shows something")
    assert "--More--" not in child.before
    child.expect(OPERATE)
    child.sendline("help | count")
    child.expect(r"\r\n\d+\r\n")
    child.expect(OPERATE)


def test_script_gets_no_pages(router):
    text = router.tandem(stdin="help | more\n")
    assert "--More--" not in text and len(text.splitlines()) > 24


def test_help_of_every_word_below_a_group_keeps_to_the_terminal(shell):
    child = shell()
    child.sendline("configure")
    child.expect(CONFIGURE)
    child.sendline(f"edit {GROUP}")
    child.expect(CONFIGURE)
    child.send("set ?")
    child.expect("Possible completions:\r\n")
    child.expect("# set $")
    words = re.findall(r"^  (\S+)", child.before, re.MULTILINE)
    assert {"priority", "preempt", "virtual-address"} <= set(words)
    for word in words:
        child.send(f"{word} ?")
        child.expect("(Possible completions:\r\n.*)\r\n[^\r\n]*# [^\r\n]*$")
        lines = child.match.group(1).split("\r\n")
        assert len(lines) > 1 and max(map(len, lines)) < 80, word
        child.send("\x15set ")          # a line anew
        child.expect("set $")
