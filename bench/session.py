# SPDX-License-Identifier: GPL-2.0-or-later
"""
One session of measuring: the cases one after the other, in each the products in turn, run by run;
what was found goes to the screen and into a folder of results.
"""
import json
import os
import platform
import subprocess
import sys
import time

from bench.products import PRODUCTS
from bench.report import Figures, table, verdicts
from lab.network import LabError, end_on_signals
from lab.router import TOP

RESULTS = TOP + "/bench/results"
BUSY = 0.10                     # of the machine, at the start, is worth a warning


def runs_of(case, runs):
    return runs or case.runs


def products_of(case, names):
    return names or case.products


def duration(cases, runs, names):
    """How long this takes, in words."""
    seconds = sum(case.seconds * runs_of(case, runs) * sum(
        not case.refuses(PRODUCTS[name]) for name in products_of(case, names)) for case in cases)
    return f"{len(cases)} cases, about {seconds / 60:.0f} minutes"


def command_of(case, runs, names):
    words = ["bench/run", case.selector, "--runs", str(runs_of(case, runs))]
    words += ["--products", ",".join(products_of(case, names))]
    return " ".join(words)


def busy_share(seconds=2):
    """How busy the machine is before anything was started."""
    def read():
        with open("/proc/stat") as file:
            fields = [int(n) for n in file.readline().split()[1:9]]
        return sum(fields), fields[3] + fields[4]
    total, idle = read()
    time.sleep(seconds)
    total_now, idle_now = read()
    return 1 - (idle_now - idle) / max(1, total_now - total)


class Output:
    """The screen and a text file; every figure as a line of JSON beside it."""

    def __init__(self):
        os.makedirs(RESULTS, exist_ok=True)
        self.path = f"{RESULTS}/{time.strftime('%Y-%m-%d-%H%M%S')}"
        self.text = open(self.path + ".txt", "w")
        self.raw = open(self.path + ".jsonl", "w")

    def say(self, text=""):
        print(text, flush=True)
        print(text, file=self.text, flush=True)

    def note(self, **figures):
        print(json.dumps(figures), file=self.raw, flush=True)

    @staticmethod
    def progress(text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def head(output, cases, runs, names):
    used = dict.fromkeys(name for case in cases for name in products_of(case, names))
    versions = {name: PRODUCTS[name].version() for name in used}
    output.say(f"Tandem's benches, {time.strftime('%Y-%m-%d %H:%M')}, "
               f"{duration(cases, runs, names)}")
    output.say(f"Linux {platform.release()}, {os.cpu_count()} processors")
    for name, version in versions.items():
        output.say(f"  {name:14} {version}")
    busy = busy_share()
    if busy > BUSY:
        output.say(f"WARNING: the machine is {busy * 100:.0f} % busy with other things; figures "
                   "are indicative only")
    output.say("Figures are the median and (least…most) of the runs.")
    output.say()


def one_run(case, name, figures, number, total, output):
    """Measure once; what fails is noted and does not end the session."""
    began = time.monotonic()
    rows = error = None
    try:
        rows = case.measure(PRODUCTS[name], (number + 0.5) / total)
        figures.add(rows)
    except (LabError, OSError, ValueError, subprocess.SubprocessError) as problem:
        error = f"{type(problem).__name__}: {problem}"
        figures.errors.append(error)
    output.note(case=case.selector, product=name, run=number + 1, rows=rows, error=error,
                seconds=round(time.monotonic() - began, 1))


def run_case(case, runs, names, output):
    figures = {name: Figures() for name in products_of(case, names)}
    for name, found in figures.items():
        found.refused = case.refuses(PRODUCTS[name])
    total = runs_of(case, runs)
    try:
        for number in range(total):
            for name, found in figures.items():
                if not found.refused:
                    output.progress(f"{case.selector}: run {number + 1} of {total}: {name}")
                    one_run(case, name, found, number, total, output)
    finally:
        output.progress("")
        output.say(table(case, figures, command_of(case, runs, names)))
    return verdicts(case, figures)


def run(cases, runs, names):
    if os.geteuid():
        sys.exit("bench: only root can build networks")
    end_on_signals()
    output = Output()
    began = time.monotonic()
    head(output, cases, runs, names)
    held, missed = [], []
    try:
        for case in cases:
            good, bad = run_case(case, runs, names, output)
            held += [f"{case.selector}: {text}" for text in good]
            missed += [f"{case.selector}: {text}" for text in bad]
    except KeyboardInterrupt:
        output.say("interrupted")
        return 130
    finally:
        if held or missed:
            output.say(f"Must hold: {len(held)} of {len(held) + len(missed)} held")
            for word, texts in (("holds", held), ("DOES NOT HOLD", missed)):
                for text in texts:
                    output.say(f"  {word:13}  {text}")
        output.say(f"{(time.monotonic() - began) / 60:.1f} minutes; figures: "
                   f"{os.path.relpath(output.path, TOP)}.txt and .jsonl")
    return 0
