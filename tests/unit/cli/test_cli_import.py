# SPDX-License-Identifier: GPL-2.0-or-later
"""Other programs' configurations: as set commands without a service, and into the candidate."""
import os
import subprocess

from program import TANDEM

KEEPALIVED = """\
vrrp_instance V {
    interface eth0
    virtual_router_id 5
    virtual_ipaddress {
        10.0.0.1/24
    }
}
"""
SET = "set interfaces dataplane eth0 vrrp vrrp-group 5 virtual-address '10.0.0.1/24'\n"
TAKEN = "taken over: V: interfaces dataplane eth0 vrrp vrrp-group 5"
VYOS = """\
set high-availability vrrp group V interface eth0
set high-availability vrrp group V vrid 5
set high-availability vrrp group V address 10.0.0.1/24
"""


def write(folder, text, name="foreign.conf"):
    path = folder / name
    path.write_text(text)
    return str(path)


def alone(*words):
    """Where no service runs."""
    return subprocess.run([TANDEM, "--socket", "/nonexistent/api.sock", *words], text=True,
                          capture_output=True, timeout=120, stdin=subprocess.DEVNULL,
                          env={**os.environ, "LC_ALL": "C"})


def test_import_prints_set_commands_without_a_service(tmp_path):
    path = write(tmp_path, KEEPALIVED)
    done = alone("import", "keepalived", path)
    assert (done.returncode, done.stdout) == (0, SET)
    assert done.stderr == (f"{path}:1: {TAKEN}\n"
                           "1 taken over, 0 different, 0 without equal, 0 not needed\n")
    path = write(tmp_path, VYOS)
    done = alone("import", "vyos", path)
    assert (done.returncode, done.stdout) == (0, SET)
    assert done.stderr.startswith(f"{path}:1: {TAKEN}\n")


def test_vyatta_is_taken_over_word_for_word_and_told_what_is_left(tmp_path):
    path = write(tmp_path, "interfaces {\n    dataplane eth0 {\n        vrrp {\n"
                 "            vrrp-group 5 {\n                virtual-address 10.0.0.1/24\n"
                 "            }\n        }\n    }\n}\n", "config.boot")
    done = alone("import", "vyatta", path)
    assert (done.returncode, done.stdout) == (0, SET)
    assert done.stderr == (f"{path}:2: taken over: interfaces dataplane eth0: 1 setting, word for "
                           "word\n1 taken over, 0 different, 0 without equal, 0 not needed\n")
    path = write(tmp_path, SET + "set system login user a level admin\n", "config.set")
    done = alone("import", "vyatta", path)
    assert (done.returncode, done.stdout) == (1, SET)
    assert ":2: no equal: system login: 1 setting; " in done.stderr


def test_status_says_whether_all_was_taken_over(tmp_path):
    done = alone("import", "keepalived", write(tmp_path, KEEPALIVED + "virtual_server x {\n}\n"))
    assert (done.returncode, done.stdout) == (1, SET)
    assert ":8: no equal: virtual_server: " in done.stderr
    done = alone("import", "keepalived", write(tmp_path, KEEPALIVED + "}\n"))
    assert (done.returncode, done.stdout) == (2, "")
    assert ":8: cannot be read: '}' closes a block that was not opened\n" in done.stderr
    done = alone("import", "vyos", str(tmp_path / "missing"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing: cannot be read: " in done.stderr


def test_lines_with_conditions_are_for_the_router_named(tmp_path):
    path = write(tmp_path, KEEPALIVED.replace("interface eth0", "@left interface eth0\n"
                                              "@right interface eth1"))
    assert alone("import", "keepalived", path, "left").stdout == SET
    assert alone("import", "keepalived", path, "right").stdout == SET.replace("eth0", "eth1")
    assert "was read" not in alone("import", "keepalived", path, "left").stdout


def test_import_adds_to_the_candidate(tandem, service, tmp_path):
    path = write(tmp_path, KEEPALIVED + "virtual_server x {\n}\n")
    before = service.configuration["tandem-interfaces:interfaces"]["bonding"]
    done = tandem(lines=["configure", f"import keepalived {path}", "commit", "exit"])
    assert (done.returncode, done.stdout) == (0, "")
    assert TAKEN in done.stderr and "no equal: virtual_server" in done.stderr
    interfaces = service.configuration["tandem-interfaces:interfaces"]
    assert interfaces["bonding"] == before
    assert [port["name"] for port in interfaces["dataplane"]] == ["eth0"]


def test_vyatta_that_cannot_be_loaded_is_imported(tandem, service, tmp_path):
    path = write(tmp_path, SET + "set system login user a level admin\n", "config.set")
    done = tandem(lines=["configure", f"load {path}"])
    assert done.returncode == 1 and "unknown word" in done.stderr
    before = service.configuration["tandem-interfaces:interfaces"]["bonding"]
    done = tandem(lines=["configure", f"import vyatta {path}", "commit", "exit"])
    assert (done.returncode, done.stdout) == (0, "")
    assert "no equal: system login" in done.stderr
    interfaces = service.configuration["tandem-interfaces:interfaces"]
    assert interfaces["bonding"] == before
    assert [port["name"] for port in interfaces["dataplane"]] == ["eth0"]


def test_source_that_cannot_be_read_leaves_the_candidate(tandem, service, tmp_path):
    path = write(tmp_path, KEEPALIVED + "}\n")
    done = tandem(lines=["configure", f"import keepalived {path}"])
    assert done.returncode == 1
    assert "Nothing was imported" in done.stderr
    assert "changes that were not committed" not in done.stderr


def test_programs_and_files_are_completed(tandem, tmp_path):
    path = write(tmp_path, KEEPALIVED)
    assert tandem("--complete", "import", "").stdout == "keepalived\nvyatta\nvyos\n"
    done = tandem("--complete", "import", "keepalived", str(tmp_path / "for"))
    assert done.stdout == path + "\n"
