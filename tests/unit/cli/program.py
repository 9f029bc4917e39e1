# SPDX-License-Identifier: GPL-2.0-or-later
"""The program under test ($TANDEM, set by meson) and the texts it must print."""
import os
import pathlib

TANDEM = os.environ.get("TANDEM", "tandem")


def golden(name):
    return (pathlib.Path(__file__).parent / "golden" / name).read_text()
