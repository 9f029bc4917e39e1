# SPDX-License-Identifier: GPL-2.0-or-later
"""
The rules of the house that a program can check: who may include whom, what core may not do, calls
that are banned, and how a file looks.  Each test lists every offence, not the first only.
"""
import ast
import os
import re
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A folder may include itself and these: docs/architecture.md.
INCLUDES = {
    "src/base": (),
    "src/core": ("base",),
    "src/system": ("base", "core"),
    "src/config": ("base", "core"),
    "src/import": ("base", "config"),
    "src/api": ("base", "core", "config"),
    "src/cli": ("base", "config", "import"),
    "src/foresee": ("base", "core", "config", "sim"),
    "src/daemon": ("base", "core", "system", "config", "api"),
    "sim": ("base", "core"),
}
# Of config, the command line uses the language, the schema and, for who asks before a commit, the
# rules; nothing that runs a router.
CLI_OF_CONFIG = ("check", "language", "schema", "problem", "words", "path", "tree", "value")
# System headers by which core, and the simulator around it, would touch the world.
CORE_MAY_INCLUDE = ("assert.h", "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h",
                    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
                    "nettle/hmac.h", "nettle/memops.h")
# ... and of those, what it may not call.  (snprintf into a buffer of its own is no output.)
CORE_MAY_NOT_CALL = ("printf", "fprintf", "vprintf", "vfprintf", "puts", "fputs", "putchar",
                     "fopen", "perror", "getenv", "setenv", "exit", "abort", "rand", "random",
                     "system", "time", "clock_gettime", "gettimeofday", "log_line", "strerror")
# Allocation happens while adopting only; these files are where that is done.
CORE_MAY_ALLOCATE = ("engine.c", "roster.c", "settings.c", "deadlines.c", "ifworld.c", "ifwish.c",
                     "ifplan.c", "iforiginal.c", "ifroute.c", "ifnets.c", "iftrack.c", "names.c",
                     "gate.c")
BANNED = {
    "strcpy": "snprintf or memcpy", "strcat": "snprintf", "sprintf": "snprintf",
    "vsprintf": "vsnprintf", "gets": "getline", "strtok": "strsep or base/text",
    "system": "no shell", "popen": "no shell", "usleep": "wait for an event",
    "sleep": "wait for an event", "atoi": "strtol with checks", "atol": "strtol with checks",
    "alloca": "a bounded array", "tmpnam": "mkstemp", "mktemp": "mkstemp",
    "gethostbyname": "no DNS here",
}
# Who may sleep by the clock: the helpers themselves, and what measures stalls.
MAY_SLEEP = ("lab/network.py", "lab/stalls.py")
LINE_MAX = 100


def files(*suffixes, under=""):
    """Files of the tree, relative to its top, build folders left out."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={TOP}", "ls-files", "--cached", "--others",
         "--exclude-standard"], cwd=TOP, text=True, capture_output=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = [os.path.relpath(os.path.join(folder, name), TOP)
                 for folder, folders, found in os.walk(TOP) for name in found
                 if not re.search(r"/(build[^/]*|\.git)(/|$)", folder)]
    return sorted(name for name in names if name.endswith(suffixes or ("",))
                  and name.startswith(under) and os.path.isfile(os.path.join(TOP, name)))


def text_of(name):
    with open(os.path.join(TOP, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def code_of(name):
    """C without comments, strings and characters; lines stay where they are."""
    def blank(found):
        return "\n" * found.group().count("\n") or " "

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank,
                  text_of(name), flags=re.S)


def includes_of(name):
    """[(line, "quoted" path or None, <system> path or None)]"""
    found = []
    for number, line in enumerate(text_of(name).splitlines(), 1):
        parts = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if parts:
            found.append((number, parts.group(1), parts.group(2)))
    return found


def calls(name, functions):
    """[(line, function)] for calls of these functions."""
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(map(re.escape, functions)) + r")\s*\(")
    return [(number, found.group(1))
            for number, line in enumerate(code_of(name).splitlines(), 1)
            for found in pattern.finditer(line)]


def report(offences):
    assert not offences, "\n" + "\n".join(offences)


@pytest.mark.parametrize("folder", sorted(INCLUDES))
def test_folder_includes_only_what_the_table_allows(folder):
    offences = []
    allowed = INCLUDES[folder] + (os.path.basename(folder),)
    for name in files(".c", ".h", under=folder + "/"):
        for number, ours, _ in includes_of(name):
            if ours is None:
                continue
            there, _, file = ours.rpartition("/")
            if there.partition("/")[0] not in allowed:
                offences.append(f"{name}:{number}: {folder} may not include {ours}")
            elif folder == "src/cli" and there == "config" \
                    and file.removesuffix(".h") not in CLI_OF_CONFIG:
                offences.append(f"{name}:{number}: the command line may not include {ours}")
            elif not any(os.path.exists(os.path.join(TOP, root, ours))
                         for root in ("src", "", ".")):
                offences.append(f"{name}:{number}: {ours} is not named from src/")
    report(offences)


def test_every_folder_of_sources_is_in_the_table():
    seen = {name.rpartition("/")[0] for name in files(".c", ".h", under="src/")}
    report([f"{folder} is not in the include table" for folder in sorted(seen - set(INCLUDES))])


def test_core_touches_nothing_outside():
    offences = []
    for name in files(".c", ".h", under="src/core/"):
        offences += [f"{name}:{number}: core may not include <{system}>"
                     for number, _, system in includes_of(name)
                     if system and system not in CORE_MAY_INCLUDE]
        offences += [f"{name}:{number}: core may not call {function}"
                     for number, function in calls(name, CORE_MAY_NOT_CALL)]
        if os.path.basename(name) not in CORE_MAY_ALLOCATE:
            offences += [f"{name}:{number}: {function} outside the files that adopt settings"
                         for number, function in calls(name, ("malloc", "calloc", "realloc",
                                                              "strdup", "asprintf"))]
    report(offences)


def test_libyang_is_included_only_where_configuration_is_data():
    allowed = ("src/config/", "src/import/", "src/api/", "src/cli/", "src/daemon/manager",
               "tests/unit/")
    report([f"{name}:{number}: libyang"
            for name in files(".c", ".h") for number, _, system in includes_of(name)
            if system and system.startswith("libyang") and not name.startswith(allowed)])


def test_banned_calls_are_absent():
    report([f"{name}:{number}: {function} is banned: {BANNED[function]}"
            for name in files(".c", ".h") if name.startswith(("src/", "sim/"))
            for number, function in calls(name, BANNED)
            # The operator's own pager is a command of the operator's own shell.
            if (name, function) != ("src/cli/session.c", "popen")])


def test_every_source_names_its_licence_first():
    offences = []
    for name in files(".c", ".h", ".py", ".yang", "meson.build", ".sh", "Makefile"):
        head = text_of(name).splitlines()[:2]
        if not any("SPDX-License-Identifier: GPL-2.0-or-later" in line for line in head):
            offences.append(f"{name}: no SPDX line")
        elif name.endswith((".c", ".h")) and \
                head[0] != "/* SPDX-License-Identifier: GPL-2.0-or-later */":
            offences.append(f"{name}:1: the SPDX line stands first, as a comment of its own")
    report(offences)


def test_every_source_opens_with_what_it_is_for():
    offences = []
    for name in files(".c", ".h"):
        rest = text_of(name).partition("\n")[2].lstrip()
        comment = re.match(r"/\*(.*?)\*/", rest, re.S)
        if not comment or len(comment.group(1).split()) < 6:
            offences.append(f"{name}: no comment that says what the file decides")
    report(offences)


def test_lines_fit_the_page():
    offences = []
    for name in files(".c", ".h", ".py", ".yang"):
        for number, line in enumerate(text_of(name).split("\n"), 1):
            if len(line.expandtabs(8)) > LINE_MAX:
                offences.append(f"{name}:{number}: {len(line.expandtabs(8))} columns")
            if line != line.rstrip():
                offences.append(f"{name}:{number}: blanks at the end of the line")
    report(offences)


def test_header_guards_are_named_after_the_file():
    offences = []
    for name in files(".h", under="src/"):
        stem = re.sub(r"\W", "_", os.path.basename(name)).upper()
        if not re.search(rf"#ifndef TANDEM_(\w+_)?{stem}\b", text_of(name)):
            offences.append(f"{name}: no guard TANDEM_{stem}")
    report(offences)


def test_no_work_is_left_for_later():
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    report([f"{name}:{number}: {line.strip()}"
            for name in files(".c", ".h", ".py", ".yang") if name != "tests/tidy.py"
            for number, line in enumerate(text_of(name).splitlines(), 1) if pattern.search(line)])


def test_no_path_of_a_developer_is_mentioned():
    pattern = re.compile(r"(?<![\w.])/(work|home|root|Users)/|\.\./shared")
    report([f"{name}:{number}: {line.strip()}"
            for name in files() if name not in ("tests/tidy.py", "COPYING")
            for number, line in enumerate(text_of(name).splitlines(), 1) if pattern.search(line)])


def scripts():
    return [name for name in files()
            if name.endswith(".py") or re.match(r"#!.*python3", text_of(name))]


def test_tests_wait_for_conditions_and_say_what_a_span_is_for():
    report([f"{name}:{node.lineno}: wait_for() or stays(); or watch_for(), let_last() so long"
            for name in scripts()
            if name.startswith(("lab/", "tests/")) and not name.startswith(MAY_SLEEP)
            for node in ast.walk(ast.parse(text_of(name)))
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"])


def test_python_uses_no_name_that_nobody_gave_it():
    found = subprocess.run(["/usr/bin/python3", "-m", "pyflakes", *scripts()], cwd=TOP, text=True,
                           capture_output=True)
    report((found.stdout + found.stderr).splitlines())


def test_tests_can_fail_and_are_named_after_a_law():
    offences = []
    for name in files(".c", under="tests/unit/"):
        text = text_of(name)
        for test in re.findall(r"cmocka_unit_test\w*\(\s*(\w+)", code_of(name)):
            if test != "function" and not re.match(r"test_[a-z0-9]+_[a-z0-9_]+$", test):
                offences.append(f"{name}: {test} is not test_<situation>_<outcome>")
        for test in set(re.findall(r"^(test_\w+)\(", text, re.M)):
            if not re.search(rf"cmocka_unit_test\w*\([^)]*\b{test}\b|\b{test}\b[^(\w]", text):
                offences.append(f"{name}: {test} is never run")
    report(offences)


def test_manual_names_every_option_of_the_daemon():
    manual = text_of("docs/tandemd.8").replace("\\-", "-")
    options = set(re.findall(r'\{\s*"([a-z-]+)",\s*(?:required_argument|no_argument)',
                             text_of("src/daemon/main.c")))
    assert options, "no options found in src/daemon/main.c"
    report([f"docs/tandemd.8 does not name --{option}" for option in sorted(options)
            if "--" + option not in manual])


def test_tests_that_the_conformance_table_names_exist():
    offences = []
    for number, line in enumerate(text_of("docs/protocol.md").splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 6 or cells[1] in ("clause", "---"):
            continue
        for item in filter(None, (part.strip() for part in cells[4].split(";"))):
            what, _, names = item.partition(":")
            where = "tests/system" if what == "system" else f"tests/unit/core/test_{what}.c"
            if what != "system" and not os.path.exists(os.path.join(TOP, where)):
                offences.append(f"docs/protocol.md:{number}: there is no {where}")
                continue
            for name in filter(None, (part.strip() for part in names.split(","))):
                if what == "system":
                    exists = os.path.exists(os.path.join(TOP, where, name))
                else:
                    exists = f"test_{name}(" in text_of(where)
                if not exists:
                    offences.append(f"docs/protocol.md:{number}: {what} has no {name}")
    report(offences)
