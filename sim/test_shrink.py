#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
test_shrink.py TANDEM-SIM: the shrinker finds the few lines that matter in a long story, they still
break the same rule, and it leaves a story alone in which nothing is wrong.
"""
import importlib.machinery
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(HERE, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def text_of(*path):
    with open(os.path.join(HERE, *path), encoding="utf-8") as file:
        return file.read()


def main():
    sys.dont_write_bytecode = True
    shrink = load("shrink")
    sim = sys.argv[1]

    short, wrong = shrink.shrink(sim, text_of("wrong", "two-masters.story"))
    print(short, end="")
    assert wrong == "rule R4: router N N and router N are both master", wrong
    assert shrink.trouble(sim, short.splitlines()) == wrong
    assert len(short.splitlines()) <= 8, "not short"
    assert "reset" not in short and "crash" not in short, "what does not matter is still told"

    whole = text_of("scenarios", "power-cut.story")
    assert shrink.shrink(sim, whole) == (whole, None)


if __name__ == "__main__":
    main()
