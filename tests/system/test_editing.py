# SPDX-License-Identifier: GPL-2.0-or-later
"""
Editing as people do it: levels, copies, comments, revisions, commits on trial, two at once, and
terminals that are lost.  One router in a namespace of its own, asked by its command line.
"""
import contextlib
import ctypes
import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

import pexpect
import pytest

from lab.network import let_last, process_state, wait_for
from lab.router import BUILD, TOP, Router

BOND = "interfaces bonding dp0bond0"
GROUP = BOND + " vrrp vrrp-group 1"
START = f"""set {BOND} address 10.0.0.2/24
set {BOND} description start
set {GROUP} virtual-address 10.0.0.1/24
set {GROUP} authentication password geheim
set {GROUP} authentication type plaintext-password
"""
CONFIGURE = re.compile(r"\[edit([^\]]*)\]\r\n\S+# ")
OPERATE = re.compile(r"\S+:~\$ ")


class Alone:
    """A namespace that exists as long as its programs do."""

    def popen(self, *words, **options):
        return subprocess.Popen(["unshare", "--net", *words], **options)

    def run(self, *words, **options):
        return subprocess.run(list(words), text=True, capture_output=True, **options)


class Solitary(Router):
    def pids(self):
        """Role -> process: the children of the supervisor, which unshare has become."""
        found = {}
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            for pid in children.read().split():
                with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as comm:
                    found[comm.read().strip().removeprefix("tandem-")] = int(pid)
        return found

    def commits(self):
        return self.state("commit-state")

    def revision(self):
        return int(self.commits()["revision"])

    def braces(self, *words):
        return self.tandem("show", "configuration", *words)

    def script(self, *lines, check=True):
        return self.tandem(stdin="\n".join(("configure", *lines, "")), check=check)

    def restart_manager(self):
        """Kill it; the supervisor starts another."""
        old = self.pids()["manager"]
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: self.pids().get("manager", old) != old, 20, "another manager")
        wait_for(self.answers, 20, "its API")


@pytest.fixture(scope="module")
def folder():
    path = tempfile.mkdtemp(prefix="tandem-editing-", dir="/run")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def running(folder):
    router = Solitary("r1", Alone(), folder, START)
    router.start()
    yield router
    router.stop()


@pytest.fixture
def router(running):
    """The router with the configuration of the start, nothing on trial."""
    if "trial" in running.commits():
        running.tandem(stdin="configure\nconfirm\nexit\n")
    with open(running.folder + "/start", "w") as file:
        file.write(START)
    running.script(f"load {running.folder}/start", "commit", "exit")
    yield running


@pytest.fixture
def shell(router, tmp_path):
    """Open a shell on a terminal; a person's own state directory."""
    opened = []

    def start(enter=True):
        child = pexpect.spawn(BUILD + "/src/cli/tandem",
                              ["--run-dir", router.run_dir, "--yang-dir", TOP + "/yang"],
                              env=dict(os.environ, HOME=str(tmp_path), TERM="dumb", PAGER="cat",
                                       XDG_STATE_HOME=str(tmp_path / "state")),
                              encoding="utf-8", timeout=60, dimensions=(50, 100))
        child.delaybeforesend = None
        opened.append(child)
        child.expect(OPERATE)
        if enter:
            do(child, "configure")
        return child

    yield start
    for child in opened:
        child.close(force=True)


def do(child, line, prompt=CONFIGURE):
    """One line in configuration mode: what was printed, up to the next prompt's level."""
    child.sendline(line)
    child.expect_exact(line + "\r\n")
    child.expect(prompt)
    return child.before.replace("\r\n", "\n")


# Levels, copies, comments, marks.

def test_levels_make_paths_short(shell, router):
    person = shell()
    do(person, f"edit {BOND}")
    assert person.match.group(1) == " " + BOND
    do(person, "set description deep")
    do(person, "edit vrrp vrrp-group 1")
    assert person.match.group(1) == f" {GROUP}"
    do(person, "set priority 33")
    assert "priority 33" in do(person, "show")
    do(person, "up")
    assert person.match.group(1) == f" {BOND} vrrp"
    do(person, "exit")
    assert person.match.group(1) == " " + BOND
    do(person, "delete address 10.0.0.2/24")
    do(person, "set address 10.0.0.3/24")
    do(person, "top")
    assert person.match.group(1) == ""
    assert "This is the top already" in do(person, "up")
    do(person, "commit")
    do(person, "exit", OPERATE)
    text = router.braces("commands")
    assert f"set {BOND} address '10.0.0.3/24'" in text
    assert f"set {BOND} description 'deep'" in text
    assert f"set {GROUP} priority '33'" in text


@pytest.mark.parametrize("path, words", [
    ("interfaces bonding", "missing that says which bonding"),
    (f"{BOND} description", "nothing below description"),
    ("interfaces nonsense", "nonsense"),
])
def test_edit_of_no_level_stays_where_it_is(shell, path, words):
    person = shell()
    assert words in do(person, f"edit {path}")
    assert person.match.group(1) == ""


def test_tab_completes_relative_to_the_level(shell):
    person = shell()
    do(person, f"edit {GROUP}")
    person.send("set prio\t")
    person.expect("priority ")
    person.send("?")
    person.expect(r"<.*1\.\.254.*>")
    person.send("44\r")
    person.expect(CONFIGURE)


@pytest.mark.parametrize("line, offered", [
    ("show system ", ["commit", "Revisions that are kept"]),
    ("show system commit ", ["0", "by "]),
    ("compare ", ["saved", "0", "<Enter>"]),
    ("compare 0 ", ["saved", "0", "<Enter>"]),
    ("rollback ", ["0", "by "]),
    (f"copy {GROUP} ", ["to", "The new place", "priority"]),
    (f"copy {GROUP} to interfaces dataplane ", ["<", "interface"]),
    ("commit ", ["comment", "<Enter>"]),
    ("commit-confirm ", ["<minutes>"]),
    ("edit ", ["interfaces", "service", "system"]),
    (f"comment {BOND} ", ["description", "address"]),
    # Where a line may end.
    (f"set {BOND} ", ["<Enter>", "mtu"]),
    (f"edit {BOND} ", ["<Enter>", "vrrp"]),
    (f"delete {GROUP} ", ["<Enter>", "priority"]),
    (f"show {GROUP} ", ["<Enter>", "priority"]),
    ("recover ", ["discard", "<Enter>"]),
    ("up ", ["<Enter>"]),
])
def test_question_mark_knows_what_may_follow(shell, router, line, offered):
    router.script(f"set {GROUP} priority 7", "commit", "exit")
    person = shell()
    person.send(line + "?")
    person.expect_exact("Possible completions:")
    person.expect_exact("# " + line)
    for word in offered:
        assert word in person.before
    person.send("\x15")
    assert do(person, "compare") == ""


def test_copy_and_rename_take_everything_along(router):
    router.script(f"comment {GROUP} authentication 'changed yearly'",
                  f"copy {BOND} to interfaces dataplane dp0s9",
                  "rename interfaces dataplane dp0s9 vrrp vrrp-group 1 to "
                  "interfaces dataplane dp0s9 vrrp vrrp-group 9",
                  "delete interfaces dataplane dp0s9 vrrp vrrp-group 9 virtual-address",
                  "set interfaces dataplane dp0s9 vrrp vrrp-group 9 virtual-address 10.9.0.1/24",
                  "rename interfaces dataplane dp0s9 address 10.0.0.2/24 to "
                  "interfaces dataplane dp0s9 address 10.9.0.2/24",
                  "commit", "exit")
    text = router.braces("commands", "--secrets")
    copied = "interfaces dataplane dp0s9"
    assert f"set {copied} address '10.9.0.2/24'\n" in text
    assert f"set {copied} description 'start'\n" in text
    assert f"set {copied} vrrp vrrp-group 9 authentication password 'geheim'\n" in text
    assert f"comment {copied} vrrp vrrp-group 9 authentication 'changed yearly'\n" in text
    assert f"{copied} vrrp vrrp-group 1" not in text
    assert f"{copied} address '10.0.0.2/24'" not in text


def test_rename_keeps_the_place_in_a_list_of_the_users_order(router):
    router.script(f"set {GROUP} virtual-address 10.0.0.5/24",
                  f"set {GROUP} virtual-address 10.0.0.6/24",
                  f"rename {GROUP} virtual-address 10.0.0.5/24 to "
                  f"{GROUP} virtual-address 10.0.0.9/24", "commit", "exit")
    found = re.findall(r"virtual-address (\S+)", router.braces())
    assert found == ["10.0.0.1/24", "10.0.0.9/24", "10.0.0.6/24"]


@pytest.mark.parametrize("line, words", [
    (f"copy {GROUP} to {GROUP}", "is there already"),
    (f"copy {BOND} vrrp vrrp-group 7 to {BOND} vrrp vrrp-group 8", "Nothing to copy"),
    (f"copy {GROUP} to {BOND} vif", ""),
    (f"rename {GROUP} to service connsync", ""),
])
def test_copy_that_does_not_fit_changes_nothing(router, line, words):
    done = router.script(line, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert "changes that were not committed" not in done.stderr


def test_comments_live_through_commit_save_and_load(router, tmp_path):
    before = router.revision()
    router.script(f"comment {BOND} 'to the \"provider\"'", f"comment {GROUP} virtual-address "
                  "10.0.0.1/24 'the old router'", "commit", "save", f"save {tmp_path}/own", "exit")
    assert router.revision() == before + 1
    with open(tmp_path / "own") as file:
        text = file.read()
    assert '    /* to the "provider" */\n    bonding dp0bond0 {\n' in text
    assert "/* the old router */\n                virtual-address 10.0.0.1/24\n" in text
    assert "provider" in open(router.saved).read()
    assert router.script(f"load {tmp_path}/own", "compare", "commit", "exit") == \
        "No configuration changes to commit\n"
    out = router.script(f"comment {BOND} ''", "compare", "commit", "exit")
    assert out == f'[edit {BOND}]\n-/* to the "provider" */\n'
    assert "provider" not in router.braces()


def test_comments_travel_as_annotations_for_programs(router):
    router.script(f"comment {BOND} description 'why'", "commit", "exit")
    tree, revision = router.running()
    bond = tree["tandem-interfaces:interfaces"]["bonding"][0]
    assert bond["@description"] == {"tandem-comment:comment": "why"}
    patch = {"tandem-interfaces:interfaces": {"bonding": [
        {"name": "dp0bond0", "@description": {"tandem-comment:comment": "because"},
         "description": "patched"}]}}
    status, _, text = router.api("PATCH", "/restconf/data", json.dumps(patch),
                                 {"Content-Type": "application/yang-data+json"})
    assert status in (200, 204), text
    assert "/* because */\n        description patched\n" in router.braces()
    bond["@description"]["tandem-comment:comment"] = "because */ of"
    status, _, _ = router.api("PUT", "/restconf/data", json.dumps(tree),
                              {"Content-Type": "application/yang-data+json"})
    assert status == 400


@pytest.mark.parametrize("line", [
    f"comment {BOND} mtu 'there is none'", f"comment {BOND} 'a */ b'", "comment",
    f"comment {GROUP} virtual-address 'which'", "comment interfaces nonsense 'x'",
])
def test_comment_on_nothing_or_of_no_text_is_refused(router, line):
    assert router.script(line, check=False).returncode in (1, 2)


def test_show_marks_what_differs(router):
    out = router.script(f"set {BOND} description other", f"delete {BOND} address",
                        f"set {BOND} mtu 1400", f"set {GROUP} virtual-address 10.0.0.7/24",
                        "show interfaces", "exit discard")
    assert out == """ bonding dp0bond0 {
-    address 10.0.0.2/24
>    description other
+    mtu 1400
     vrrp {
         vrrp-group 1 {
             authentication {
                 password ********
                 type plaintext-password
             }
             virtual-address 10.0.0.1/24
+            virtual-address 10.0.0.7/24
         }
     }
 }
"""


# Revisions.

def test_history_says_who_when_and_why(router):
    router.script(f"set {BOND} mtu 1400", "commit comment the switch is new", "exit")
    router.script(f"set {BOND} mtu 1300", "commit", "exit")
    state = router.commits()
    newest, second = state["commit"][:2]
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert newest["revision"] == state["revision"] and newest["number"] == 0
    assert (newest["user"], newest["via"]) == (me, "cli") and "comment" not in newest
    assert (second["number"], second["comment"]) == (1, "the switch is new")
    shown = router.tandem("show", "system", "commit")
    assert re.match(rf"0   \d+-\d+-\d+ \d+:\d+:\d+ by {me} via cli, revision "
                    rf"{newest['revision']}\n1   .*\n    the switch is new\n", shown)
    assert router.script("show system commit", "exit") == shown
    difference = f"[edit {BOND}]\n-mtu 1400\n+mtu 1300\n"
    assert router.tandem("show", "system", "commit", "0").endswith(difference)
    answer = json.loads(router.tandem("show", "system", "commit", "0", "--json"))
    assert answer["tandem-state:output"]["difference"] == difference
    assert json.loads(router.tandem("show", "system", "commit", "--json"))[
        "tandem-state:commit-state"]["commit"][1]["comment"] == "the switch is new"


def test_who_became_root_is_named(router):
    def log_in():
        with open("/proc/self/loginuid", "w") as file:
            file.write("1")

    lines = f"configure\nset {BOND} mtu 1400\ncommit\nexit\n"
    try:
        done = subprocess.run([BUILD + "/src/cli/tandem", "--run-dir", router.run_dir,
                               "--yang-dir", TOP + "/yang"], input=lines, text=True, check=False,
                              preexec_fn=log_in)
    except subprocess.SubprocessError:
        pytest.skip("this kernel does not keep who logged in")
    assert done.returncode == 0
    assert router.commits()["commit"][0]["user"] == pwd.getpwuid(1).pw_name + " (root)"


def test_programs_are_named_as_such(router):
    tree, revision = router.running()
    tree["tandem-interfaces:interfaces"]["bonding"][0]["mtu"] = 1234
    status, _, text = router.api("PUT", "/restconf/data?comment=by%20night%20%C3%A9",
                                 json.dumps(tree), {"Content-Type": "application/yang-data+json"})
    assert status in (200, 204), text
    newest = router.commits()["commit"][0]
    assert (newest["via"], newest["comment"]) == ("api", "by night é")
    status, headers, text = router.api("GET", f"/restconf/data?revision={revision}")
    assert status == 200 and headers["ETag"] == f'"{revision}"'
    assert "mtu" not in json.loads(text)["tandem-interfaces:interfaces"]["bonding"][0]
    assert router.api("GET", "/restconf/data?revision=99999")[0] == 404
    assert router.api("GET", "/restconf/data?revision=x")[0] == 400
    for bad in ("comment=a%0Ab", "comment=" + "x" * 300, "confirm-timeout=0", "confirm-timeout=x"):
        assert router.api("PATCH", "/restconf/data?" + bad, "{}",
                          {"Content-Type": "application/yang-data+json"})[0] == 400


def test_rollback_loads_an_earlier_revision(router):
    router.script(f"set {BOND} mtu 1400", "commit", "exit")
    out = router.script("rollback 1", "compare", "commit comment back", "exit")
    assert out.startswith("Revision ")
    assert out.endswith(f"[edit {BOND}]\n-mtu 1400\n")
    assert "mtu" not in router.braces()
    assert router.script("rollback 5000", check=False).returncode == 1
    assert router.script("rollback x", check=False).returncode == 1


def test_compare_takes_revisions_and_the_saved_file(router):
    router.script("save", f"set {BOND} mtu 1400", "commit", f"set {BOND} mtu 1300", "commit",
                  "exit")
    lines = (f"set {BOND} mtu 1200", "compare", "compare saved", "compare 1", "compare 2 1",
             "compare running", "compare saved running", "exit discard")
    head = f"[edit {BOND}]\n"
    assert router.script(*lines) == (head + "-mtu 1300\n+mtu 1200\n" + head + "+mtu 1200\n" +
                                     head + "-mtu 1400\n+mtu 1200\n" + head + "+mtu 1400\n" +
                                     head + "-mtu 1300\n+mtu 1200\n" + head + "+mtu 1300\n")
    printed = router.script(f"set {BOND} mtu 1200", "compare | json", "exit discard")
    assert json.loads(printed) == {"tandem-state:output": {
        "difference": head + "-mtu 1300\n+mtu 1200\n"}}


def test_history_is_bounded_and_private(router):
    router.script("set system config-management commit-revisions 3", "commit", "exit")
    for mtu in (1401, 1402, 1403):
        router.script(f"set {BOND} mtu {mtu}", "commit", "exit")
    kept = router.folder + "/state/history"
    assert len(router.commits()["commit"]) == 3
    names = os.listdir(kept)
    assert len(names) == 3
    for name in names:
        assert stat.S_IMODE(os.stat(f"{kept}/{name}").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o700


def test_restarted_manager_knows_the_history(router):
    router.script(f"set {BOND} mtu 1400", "commit comment before", "exit")
    before = router.commits()
    router.restart_manager()
    assert router.commits() == before


# Commits on trial.

def api_trial(router, mtu, seconds):
    tree, revision = router.running()
    tree["tandem-interfaces:interfaces"]["bonding"][0]["mtu"] = mtu
    status, _, text = router.api("PUT", f"/restconf/data?confirm-timeout={seconds}",
                                 json.dumps(tree),
                                 {"Content-Type": "application/yang-data+json",
                                  "If-Match": f'"{revision}"'})
    assert status == 200 and "comes back" in text, text


def test_unconfirmed_commit_returns_by_itself(router):
    before = router.braces()
    revision = router.revision()
    api_trial(router, 1400, 5)
    assert "mtu 1400" in router.braces()
    assert router.commits()["trial"]["returns-to"] == str(revision)
    wait_for(lambda: "trial" not in router.commits(), 20, "the return")
    assert router.braces() == before
    newest = router.commits()["commit"][0]
    assert (newest["user"], newest["via"]) == ("tandem", "return")
    assert newest["comment"] == f"revision {revision + 1} was not confirmed"
    assert int(newest["revision"]) == revision + 2


def test_return_comes_although_the_manager_dies(router):
    before = router.braces()
    api_trial(router, 1400, 8)
    router.restart_manager()
    assert "mtu 1400" in router.braces() and "trial" in router.commits()
    wait_for(lambda: "trial" not in router.commits(), 20, "the return")
    assert router.braces() == before


def test_deadline_that_passed_without_a_manager_counts(router):
    before = router.braces()
    api_trial(router, 1400, 2)
    manager = router.pids()["manager"]
    os.kill(manager, signal.SIGSTOP)
    try:
        let_last(2.5)
    finally:
        os.kill(manager, signal.SIGKILL)
    wait_for(lambda: router.pids().get("manager", manager) != manager, 20, "another manager")
    wait_for(lambda: router.answers() and "trial" not in router.commits(), 20, "the return")
    assert router.braces() == before


def test_confirm_ends_the_trial(router):
    out = router.tandem(stdin=f"configure\nset {BOND} mtu 1400\n"
                        "commit-confirm 1 comment carefully\nexit\n", check=False)
    assert out.returncode == 0
    assert "comes back in 1 min unless 'confirm'" in out.stderr
    trial = router.commits()["trial"]
    assert 50 <= int(trial["remaining"]) <= 60
    assert "waits to be confirmed" in router.tandem("show", "system", "commit")
    done = router.script("save", check=False)
    assert done.returncode == 1 and "'confirm' first" in done.stderr
    router.script("confirm", "exit")
    assert "trial" not in router.commits()
    assert not os.path.exists(router.run_dir + "/manager/running.boot.former")
    router.restart_manager()
    assert "trial" not in router.commits() and "mtu 1400" in router.braces()
    done = router.script("confirm", check=False)
    assert done.returncode == 1 and "nothing waits to be confirmed" in done.stderr


def test_nobody_commits_into_a_trial(router):
    api_trial(router, 1400, 60)
    done = router.script(f"set {BOND} mtu 1300", "commit", check=False)
    assert done.returncode == 1 and "waits to be confirmed" in done.stderr
    assert "mtu 1400" in router.braces()
    # A trial in its place returns to what was confirmed last ...
    api_trial(router, 1300, 60)
    first = router.commits()["trial"]["returns-to"]
    assert "mtu" not in router.api("GET", f"/restconf/data?revision={first}")[2]
    # ... and going back at once is possible.
    router.script("rollback 2", "commit", "exit")
    assert "mtu" not in router.braces() and "trial" not in router.commits()


@pytest.fixture
def other(folder):
    """A second router, for tests that end it."""
    router = Solitary("r2", Alone(), folder, START)
    router.start()
    yield router
    router.stop()
    router.forget()


def test_trial_outlives_a_restart_of_the_service_and_not_a_boot(other):
    before = other.braces()
    api_trial(other, 1400, 60)
    other.stop()
    other.start()
    assert "mtu 1400" in other.braces() and int(other.commits()["trial"]["remaining"]) <= 60
    revision = other.revision()
    other.stop()
    shutil.rmtree(other.run_dir)
    other.start()
    assert other.braces() == before and "trial" not in other.commits()
    assert other.revision() == revision + 1
    assert other.commits()["commit"][0]["via"] == "start"
    # The next boot begins with what the history ends with: it is the same revision.
    other.stop()
    shutil.rmtree(other.run_dir)
    other.start()
    assert other.revision() == revision + 1


# Two people at once.

def test_others_are_told_and_nobody_is_overwritten(shell, router):
    alice, bob = shell(), shell()
    do(alice, f"set {BOND} mtu 1400")
    do(bob, f"set {BOND} description bobs")
    me = pwd.getpwuid(os.geteuid()).pw_name
    do(bob, "commit comment 'for bob'")
    revision = router.revision()
    told = do(alice, "show interfaces bonding dp0bond0 mtu")
    assert f"{me} committed revision {revision} at" in told and "(for bob)" in told
    assert "1 change since revision" in told and "see 'compare 1 0'" in told
    assert "+description bobs" in do(alice, "compare 1 0")
    refused = do(alice, "commit")
    assert "Not committed" in refused and f"{me} committed revision {revision}" in refused
    assert "-description start\n+description bobs\n" in refused
    assert "mtu" not in router.braces()
    do(alice, "rebase")
    do(alice, "commit")
    assert "mtu 1400" in router.braces() and "description bobs" in router.braces()
    # Bob had nothing in hand: he goes on from what runs now.
    told = do(bob, "compare")
    assert "this session goes on from there" in told
    do(bob, f"set {BOND} description again")
    do(bob, "commit")
    assert "mtu 1400" in router.braces() and "description again" in router.braces()


# Lost terminals.

def test_changes_of_a_lost_terminal_are_offered_again(shell, router, tmp_path):
    person = shell()
    do(person, f"set {BOND} mtu 1400")
    do(person, f"comment {BOND} 'half done'")
    person.kill(signal.SIGHUP)
    person.expect(pexpect.EOF)
    kept = list((tmp_path / "state" / "tandem").iterdir())
    assert len(kept) == 1 and stat.S_IMODE(kept[0].stat().st_mode) == 0o600
    router.script(f"set {BOND} description meanwhile", "commit", "exit")

    person = shell(enter=False)
    assert "left 2 uncommitted changes: 'recover'" in do(person, "configure")
    do(person, "recover")
    shown = do(person, "compare")
    assert "+mtu 1400" in shown and "/* half done */" in shown and "meanwhile" not in shown
    do(person, "commit")
    assert "mtu 1400" in router.braces() and "description meanwhile" in router.braces()
    assert not list((tmp_path / "state" / "tandem").iterdir())
    assert "no changes of a lost session" in do(person, "recover")


def test_closed_terminal_keeps_changes_and_they_can_be_dropped(shell, tmp_path):
    person = shell()
    do(person, f"set {BOND} mtu 1400")
    person.close()
    folder = tmp_path / "state" / "tandem"
    wait_for(lambda: folder.is_dir() and list(folder.iterdir()), 20, "the file")
    person = shell(enter=False)
    assert "left 1 uncommitted change" in do(person, "configure")
    do(person, "recover discard")
    assert not list(folder.iterdir())


def test_discarded_changes_are_not_kept(shell, tmp_path):
    person = shell()
    do(person, f"set {BOND} mtu 1400")
    do(person, "exit discard", OPERATE)
    person.sendline("exit")
    person.expect(pexpect.EOF)
    assert not (tmp_path / "state" / "tandem").exists()


# A manager that dies in the middle.

class Tracer:
    """Counts another process's system calls, by both their ends, and kills it at one of them."""

    SEIZE, INTERRUPT, SYSCALL, EXITKILL = 0x4206, 0x4207, 24, 1 << 20
    ALL = 0x40000000                        # __WALL: also threads

    def __init__(self, pid):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.pid = pid
        self.ask(self.SEIZE, self.EXITKILL)
        self.ask(self.INTERRUPT)
        os.waitpid(pid, self.ALL)

    def ask(self, request, data=0):
        if self.libc.ptrace(request, self.pid, None, data) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def kill_at(self, stop):
        """Let it run to this stop; False when it sleeps before (epoll_wait has nothing to do)."""
        for _ in range(stop):
            self.ask(self.SYSCALL)
            asleep = None                       # since when
            while not os.waitpid(self.pid, self.ALL | os.WNOHANG)[0]:
                if process_state(self.pid) != "S":
                    asleep = None               # busy, or it waits for a disk
                elif time.monotonic() - (asleep := asleep or time.monotonic()) > 1.5:
                    return False
                let_last(0.0002)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, self.ALL)
        return True


def commit_request(router, mtu):
    """A commit on its way: the socket, from which the answer comes if one comes."""
    tree, revision = router.running()
    tree["tandem-interfaces:interfaces"]["bonding"][0]["mtu"] = mtu
    body = json.dumps(tree)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(router.run_dir + "/api.sock")
    request = (f"PUT /restconf/data HTTP/1.1\r\nHost: r\r\nIf-Match: \"{revision}\"\r\n"
               f"Content-Type: application/yang-data+json\r\nContent-Length: {len(body)}\r\n\r\n"
               + body).encode()
    return connection, request


def test_manager_killed_at_any_call_of_a_commit_leaves_old_or_new(router):
    """
    The whole manager, with what receives the request before and answers it after, killed at every
    twelfth stop (a manager that dies so often is started only once a second), or at every one where
    the environment has TANDEM_EVERY_CALL; the store by itself is killed at every one in
    tests/unit/config/test_store_crash.c.
    """
    stop, mtu, killed = 0, 1000, 0
    while True:
        before = router.running()[0]["tandem-interfaces:interfaces"]["bonding"][0].get("mtu")
        mtu += 1
        connection, request = commit_request(router, mtu)
        pid = router.pids()["manager"]
        tracer = Tracer(pid)
        connection.send(request)
        if not tracer.kill_at(stop):
            break
        killed += 1
        try:
            answer = connection.recv(4096)
        except OSError:
            answer = b""
        connection.close()
        wait_for(lambda: router.pids().get("manager", pid) != pid, 20, "another manager")
        wait_for(router.answers, 20, "its API")
        tree, revision = router.running()
        found = tree["tandem-interfaces:interfaces"]["bonding"][0].get("mtu")
        assert found == mtu if answer.startswith(b"HTTP/1.1 2") else found in (before, mtu)
        commits = router.commits()
        assert commits["revision"] == revision == commits["commit"][0]["revision"]
        numbers = [int(commit["revision"]) for commit in commits["commit"]]
        assert numbers == sorted(numbers, reverse=True)
        status, _, text = router.api("GET", f"/restconf/data?revision={numbers[-1]}")
        assert status == 200, text
        stop += 1 if "TANDEM_EVERY_CALL" in os.environ else 12
    print(f"killed at {killed} stops")
    assert killed > 10
    # The one that was waited for in vain is killed too, when its tracer lets go.
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, Tracer.ALL)
    wait_for(lambda: router.pids().get("manager", pid) != pid, 20, "another manager")
    wait_for(router.answers, 20, "its API")
