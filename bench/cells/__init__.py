# SPDX-License-Identifier: GPL-2.0-or-later
"""
The cells: what is measured.  A cell is a list of cases; a case is measured once per run and
product, each time on a fresh topology, and gives numbers by row and column.
"""
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Column:
    """A figure: its name in the results, and how the table shows it."""
    name: str
    title: str                  # "|" where the title may be broken
    digits: int = 1


@dataclass(frozen=True)
class Limit:
    """What must hold of Tandem; peer compares with that product's figure of the same run."""
    row: str
    column: str
    most: float | None = None
    least: float | None = None
    peer: str | None = None     # most or least is then a factor
    peer_column: str = ""       # when the peer's figure stands in another column
    every: bool = False         # of every run, not of the median


@dataclass(frozen=True)
class Case:
    cell: str
    name: str
    title: str
    columns: tuple
    measure: Callable           # measure(product, turn 0..1) -> {row: {column: number or None}}
    refuses: Callable = lambda product: None
    limits: tuple = ()
    runs: int = 3
    seconds: float = 10         # of one run of one product, about
    quick: bool = False         # part of --quick
    extra: bool = False         # measured only when it is named
    apart: bool = False         # measured only when its cell is named
    products: tuple = ("tandem", "keepalived", "frr")

    @property
    def selector(self):
        return f"{self.cell}:{self.name}"


def all_cases():
    from bench.cells import (commit, connections, failover, kernels, planned, pressure, reload,
                             steady)
    return [case for cell in (failover, planned, steady, pressure, reload, commit, connections,
                              kernels) for case in cell.cases()]
