# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts on standard input: editing, committing, and stopping where something fails."""
import json
import os
import re
import subprocess

import pytest

from program import TANDEM

GROUP = "interfaces bonding dp0bond0 vrrp vrrp-group 1"
GROUP_PATH = ("data/tandem-interfaces:interfaces/bonding=dp0bond0/tandem-vrrp:vrrp/"
              "vrrp-group=1")
CONFIG = "tandem-interfaces:interfaces"


def group_of(configuration):
    return configuration[CONFIG]["bonding"][0]["tandem-vrrp:vrrp"]["vrrp-group"][0]


def test_commit_sends_the_whole_candidate_and_says_nothing(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "commit", "save", "exit"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert service.revision == 2
    assert group_of(service.configuration)["priority"] == 200
    assert group_of(service.configuration)["authentication"]["password"] == "geheim"
    assert service.asked("POST") == [("operations/tandem-state:save", "")]


def test_comments_and_empty_lines_are_nothing(tandem):
    assert tandem(lines=["", "# a remark", "   ", "  # another"]).returncode == 0


def test_first_failing_line_ends_the_script(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 300", "commit"])
    assert done.returncode == 1
    assert "300" in done.stderr
    assert "line 2 of standard input failed; nothing after it was done" in done.stderr
    assert service.asked("PUT") == []


def test_uncommitted_changes_at_the_end_fail(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 200"])
    assert done.returncode == 1
    assert done.stderr == "tandem: changes that were not committed are dropped\n"
    assert service.revision == 1


def test_exit_with_changes_is_refused_and_with_discard_is_not(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "exit"])
    assert done.returncode == 1
    assert "uncommitted" in done.stderr
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "exit discard", "show version"])
    assert done.returncode == 0
    assert service.revision == 1


def test_commit_without_changes_asks_nobody(tandem, service):
    done = tandem(lines=["configure", "commit", "exit"])
    assert (done.returncode, done.stdout) == (0, "No configuration changes to commit\n")
    assert service.asked("PUT") == []


def test_setting_what_is_set_is_no_change(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 254", "compare", "commit", "exit"])
    assert (done.returncode, done.stdout) == (0, "No configuration changes to commit\n")


def test_warnings_of_a_commit_are_printed_and_it_counts(tandem, service):
    service.warnings = ["first thing", "second thing"]
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "commit", "exit"])
    assert done.returncode == 0
    assert done.stderr == "Warning: first thing\nWarning: second thing\n"


def test_refused_commit_prints_every_reason_and_keeps_the_candidate(tandem, service):
    service.refuse[GROUP_PATH] = (400, f"{GROUP}: one", f"{GROUP}: two")
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "commit"])
    assert done.returncode == 1
    assert done.stderr.startswith(f"{GROUP}: one\n{GROUP}: two\nCommit failed\n")


def test_commit_without_an_answer_does_not_claim_to_know(tandem, service):
    service.drop = True
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "commit"])
    assert done.returncode == 1
    assert "broke off" in done.stderr and "It is not known" in done.stderr
    assert "Commit failed" not in done.stderr


@pytest.mark.parametrize("line, query", [
    ("commit comment for the new provider", "comment=for%20the%20new%20provider"),
    ("commit comment 'é & =?'", "comment=%C3%A9%20%26%20%3D%3F"),
    ("commit-confirm 10", "confirm-timeout=600&comment="),
    ("commit-confirm 5 comment a try", "confirm-timeout=300&comment=a%20try"),
])
def test_commit_says_how_and_what_for(tandem, service, line, query):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", line, "exit"])
    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path, _ in service.asked("PUT")] == [f"{GROUP_PATH}?{query}"]


def test_too_long_a_comment_is_refused_before_anybody_is_asked(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "commit comment " + "x" * 256])
    assert done.returncode == 1
    assert "at most 255 bytes, this one has 256" in done.stderr
    assert service.asked("PUT") == []


@pytest.mark.parametrize("minutes", ["0", "x", "10081", "-1"])
def test_time_to_confirm_is_a_number_of_minutes(tandem, service, minutes):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", f"commit-confirm {minutes}"])
    assert done.returncode == 1
    assert f"1 to 10080, not '{minutes}'" in done.stderr
    assert service.asked("PUT") == []


def test_confirm_is_an_operation_and_its_refusal_is_told(tandem, service):
    assert tandem(lines=["configure", "confirm", "exit"]).returncode == 0
    assert service.asked("POST") == [("operations/tandem-state:confirm", "")]
    service.refuse["operations/tandem-state:confirm"] = (409, "nothing waits")
    done = tandem(lines=["configure", "confirm"])
    assert done.returncode == 1 and "nothing waits" in done.stderr


def test_validate_changes_nothing(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "validate", "exit discard"])
    assert done.returncode == 0
    assert service.revision == 1
    assert [path for path, _ in service.asked("PUT")] == [f"{GROUP_PATH}?dry-run=true"]


def test_compare_marks_old_and_new(tandem):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "compare", "exit discard"])
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert any(line.startswith("-") and "254" in line for line in lines)
    assert any(line.startswith("+") and "200" in line for line in lines)


def test_delete_removes_and_deleting_nothing_fails(tandem, service):
    done = tandem(lines=["configure", f"delete {GROUP} authentication", "commit", "exit"])
    assert done.returncode == 0
    assert "authentication" not in group_of(service.configuration)
    done = tandem(lines=["configure", f"delete {GROUP} authentication"])
    assert done.returncode == 1


def test_deleting_everything_commits_an_empty_configuration(tandem, service):
    done = tandem(lines=["configure", "delete interfaces", "commit", "show", "exit"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert service.configuration == {}


def test_discard_goes_back_to_running(tandem, service):
    done = tandem(lines=["configure", f"set {GROUP} priority 200", "discard", "exit"])
    assert (done.returncode, done.stdout) == (0, "Changes have been discarded\n")


def test_show_of_the_candidate_hides_passwords(tandem):
    done = tandem(lines=["configure", "show", f"show {GROUP}", f"show {GROUP} --json", "exit"])
    assert done.returncode == 0
    assert "geheim" not in done.stdout and "********" in done.stdout
    done = tandem(lines=["configure", f"show {GROUP} --secrets", "exit"])
    assert "password geheim" in done.stdout


def test_show_of_a_path_in_json_is_that_path(tandem, service):
    service.configuration[CONFIG]["bonding"].append(
        {"name": "dp0bond1", "address": ["10.0.0.1/24"]})
    done = tandem(lines=["configure", "show interfaces bonding dp0bond1 --json", "exit"])
    assert json.loads(done.stdout) == {
        CONFIG: {"bonding": [{"name": "dp0bond1", "address": ["10.0.0.1/24"]}]}}


def test_run_runs_an_operational_command(tandem):
    done = tandem(lines=["configure", "run show version", "run sh vrrp --json", "exit"])
    assert done.returncode == 0
    assert "Command line:" in done.stdout and '"tandem-state:vrrp-state"' in done.stdout
    assert tandem(lines=["configure", "run exit"]).returncode == 1


# Files.

@pytest.mark.parametrize("text", [
    f"set {GROUP} priority 77\nset {GROUP} virtual-address 10.0.0.1/24\n",
    "interfaces {\n bonding dp0bond0 {\n  vrrp {\n   vrrp-group 1 {\n    priority 77\n"
    "    virtual-address 10.0.0.1/24\n   }\n  }\n }\n}\n",
])
def test_load_replaces_and_merge_adds(tandem, service, tmp_path, text):
    (tmp_path / "new.conf").write_text(text)
    done = tandem(lines=["configure", "merge new.conf", "commit", "exit"])
    assert (done.returncode, done.stderr) == (0, "")
    group = group_of(service.configuration)
    assert (group["priority"], group["virtual-address"]) == (77, ["10.100.11.5/26", "10.0.0.1/24"])
    done = tandem(lines=["configure", "load new.conf", "commit", "exit"])
    assert (done.returncode, done.stderr) == (0, "")
    assert service.configuration == {CONFIG: {"bonding": [{"name": "dp0bond0",
        "tandem-vrrp:vrrp": {"vrrp-group": [
            {"id": 1, "priority": 77, "virtual-address": ["10.0.0.1/24"]}]}}]}}


@pytest.mark.parametrize("word", ["load", "merge"])
def test_bad_file_names_line_path_and_value_and_changes_nothing(tandem, tmp_path, word):
    (tmp_path / "bad.conf").write_text(f"set {GROUP} priority 77\nset {GROUP} priority 300\n")
    done = tandem(lines=["configure", f"{word} bad.conf"])
    assert done.returncode == 1
    assert "bad.conf: line 2" in done.stderr
    assert GROUP in done.stderr and "300" in done.stderr
    assert "not committed" not in done.stderr    # the candidate is as it was


def test_missing_file_fails(tandem):
    done = tandem(lines=["configure", "load nowhere.conf"])
    assert done.returncode == 1
    assert "cannot read nowhere.conf: No such file or directory" in done.stderr


def test_saved_file_is_private_and_loads_again(tandem, service, tmp_path):
    done = tandem(lines=["configure", "save out.conf", "delete interfaces", "load out.conf",
                         "commit", "exit"])
    assert (done.returncode, done.stdout) == (0, "No configuration changes to commit\n")
    assert os.stat(tmp_path / "out.conf").st_mode & 0o777 == 0o600
    assert "password geheim" in (tmp_path / "out.conf").read_text()


def test_hidden_password_is_never_committed(tandem, service, tmp_path):
    shown = tandem("show", "configuration", "commands").stdout
    (tmp_path / "shown.conf").write_text(shown)
    done = tandem(lines=["configure", "load shown.conf", "commit"])
    assert done.returncode == 1
    assert "authentication password" in done.stderr
    assert service.asked("PUT") == []


# Somebody else commits in between: the fake's revision moves on under an open candidate.

def interrupted(environment, service, tmp_path, other, before, after):
    """Feed lines, let another user commit, feed more lines."""
    with subprocess.Popen([TANDEM], env=environment, cwd=tmp_path, text=True, bufsize=1,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as child:
        child.stdin.write("".join(line + "\n" for line in before) + "run show version\n")
        child.stdin.flush()
        while "Command line" not in child.stdout.readline():
            pass
        other(service.configuration)
        service.revision += 1
        out, err = child.communicate("".join(line + "\n" for line in after), timeout=120)
        return child.returncode, out, err


def test_commit_over_somebody_elses_is_refused(environment, service, tmp_path):
    def other(configuration):
        group_of(configuration)["description"] = "theirs"

    status, _, err = interrupted(environment, service, tmp_path, other,
                                 ["configure", f"set {GROUP} priority 200"], ["commit"])
    assert status == 1
    assert "somebody else committed revision 2 meanwhile" in err
    assert group_of(service.configuration)["priority"] == 254


def test_rebase_carries_changes_over(environment, service, tmp_path):
    def other(configuration):
        group_of(configuration)["description"] = "theirs"
        configuration[CONFIG]["bonding"].append({"name": "dp0bond7"})

    status, _, err = interrupted(
        environment, service, tmp_path, other,
        ["configure", f"set {GROUP} priority 200", f"delete {GROUP} authentication",
         f"set {GROUP} virtual-address 10.100.11.6/26",
         "set interfaces bonding dp0bond1 address 10.0.0.1/24"],
        ["rebase", "commit", "exit"])
    assert (status, err) == (0, "")
    group = group_of(service.configuration)
    assert (group["priority"], group["description"]) == (200, "theirs")
    assert group["virtual-address"] == ["10.100.11.5/26", "10.100.11.6/26"]
    assert "authentication" not in group
    assert {bond["name"] for bond in service.configuration[CONFIG]["bonding"]} == \
        {"dp0bond0", "dp0bond1", "dp0bond7"}


@pytest.mark.parametrize("change, other", [
    # both set the same leaf differently
    (f"set {GROUP} priority 200", lambda c: group_of(c).update(priority=111)),
    # both add the same leaf
    (f"set {GROUP} description ours", lambda c: group_of(c).update(description="theirs")),
    # we delete what they add to
    ("delete interfaces bonding dp0bond0", lambda c: group_of(c).update(description="theirs")),
    # both add the same entry
    ("set interfaces bonding dp0bond5 mode lacp",
     lambda c: c[CONFIG]["bonding"].append({"name": "dp0bond5", "description": "theirs"})),
    # they deleted what we change
    (f"set {GROUP} priority 200", lambda c: c.clear()),
])
def test_rebase_of_changes_that_collide_keeps_the_candidate(environment, service, tmp_path, change,
                                                            other):
    status, _, err = interrupted(environment, service, tmp_path, other, ["configure", change],
                                 ["rebase"])
    assert status == 1
    assert "kept as they were" in err
    assert "changes that were not committed are dropped" in err
    path = re.search(r"a person must decide:\n  (.*)\nTo keep the others", err).group(1)
    assert change.split(" ", 1)[1].startswith(path)


def test_collision_among_many_changes_is_found(environment, service, tmp_path):
    def other(configuration):
        configuration[CONFIG]["bonding"][0].update(
            {"description": "theirs", "mtu": 1400, "mac": "02:00:00:00:00:01", "mode": "balanced",
             "disable": [None]})
        group_of(configuration)["priority"] = 111

    status, _, err = interrupted(environment, service, tmp_path, other,
                                 ["configure", f"set {GROUP} priority 200"], ["rebase"])
    assert status == 1
    assert f"  {GROUP} priority\nTo keep the others" in err


@pytest.mark.parametrize("change, other", [
    (f"set {GROUP} priority 111", lambda c: group_of(c).update(priority=111)),
    (f"set {GROUP} description same", lambda c: group_of(c).update(description="same")),
    (f"delete {GROUP} authentication", lambda c: group_of(c).pop("authentication")),
    ("set interfaces bonding dp0bond5 mtu 1400",
     lambda c: c[CONFIG]["bonding"].append({"name": "dp0bond5", "mtu": 1400})),
    ("delete interfaces", lambda c: c.clear()),
])
def test_what_both_changed_alike_is_no_collision(environment, service, tmp_path, change, other):
    more = "set system host-name r1"
    status, out, err = interrupted(environment, service, tmp_path, other,
                                   ["configure", change, more],
                                   ["rebase", "compare", "commit", "exit"])
    assert (status, err) == (0, "")
    assert out.endswith("[edit]\n+system {\n+    host-name r1\n+}\n")


def test_way_out_of_a_collision_keeps_the_other_changes(environment, service, tmp_path):
    status, _, err = interrupted(
        environment, service, tmp_path, lambda c: group_of(c).update(priority=111),
        ["configure", f"set {GROUP} priority 200", "set system host-name r1"],
        [f"set {GROUP} priority 111", "rebase", f"set {GROUP} priority 200", "commit", "exit"])
    assert (status, err) == (0, "")
    assert group_of(service.configuration)["priority"] == 200
    assert service.configuration["tandem-system:system"] == {"host-name": "r1"}


def test_rebase_carries_comments_over(environment, service, tmp_path):
    def other(configuration):
        group_of(configuration)["description"] = "theirs"
        configuration[CONFIG]["bonding"][0]["@"] = {"tandem-comment:comment": "their remark"}

    status, _, err = interrupted(
        environment, service, tmp_path, other,
        ["configure", f"set {GROUP} preempt false", f"comment {GROUP} 'our remark'"],
        ["rebase", "commit", "exit"])
    assert (status, err) == (0, "")
    assert group_of(service.configuration)["@"] == {"tandem-comment:comment": "our remark"}
    assert service.configuration[CONFIG]["bonding"][0]["@"] == {
        "tandem-comment:comment": "their remark"}


def test_rebase_of_two_comments_on_one_node_leaves_it_to_a_person(environment, service, tmp_path):
    def other(configuration):
        group_of(configuration)["@"] = {"tandem-comment:comment": "theirs"}

    status, _, err = interrupted(environment, service, tmp_path, other,
                                 ["configure", f"comment {GROUP} 'ours'"], ["rebase"])
    assert status == 1
    assert "kept as they were" in err
