# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made of what was heard: deadlines, medians, ratios, and what must hold."""
import os
import sys
from collections import defaultdict
from types import SimpleNamespace

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.cells import Case, Column, Limit, all_cases                      # noqa: E402
from bench.cells.failover import judge                                      # noqa: E402
from bench.cells.steady import rate                                         # noqa: E402
from bench.guest import rate as rate_of_growth                              # noqa: E402
from bench.products import PRODUCTS                                         # noqa: E402
from bench.promotion import DOWN_INTERVALS                                  # noqa: E402
from bench.report import Figures, table, verdicts                           # noqa: E402
from bench.topology import Plan                                             # noqa: E402
from lab.network import LabError                                            # noqa: E402


@pytest.mark.parametrize("interval, expected", [(1000, 3.609375), (100, 0.3609375),
                                                (10, 0.03609375)])
def test_down_interval_is_that_of_the_standards(interval, expected):
    assert Plan(1, 1, interval).down_interval() == pytest.approx(expected, abs=1e-9)
    assert DOWN_INTERVALS * interval / 1000 == pytest.approx(expected, abs=1e-9)


def test_rate_of_what_is_put_in_leaves_start_and_end_out():
    """Nothing for 5 s, then 1,000 a second for 10 s, and the last of them a minute later."""
    seen = [(0, 0), (5, 0)] + [(5 + n / 10, n * 100) for n in range(1, 101)] + [(75, 10001)]
    assert rate_of_growth(seen) == pytest.approx(1000, rel=0.02)


@pytest.mark.parametrize("groups, segments", [(1, 1), (255, 1), (1000, 4), (4000, 16)])
def test_every_group_and_address_of_a_plan_is_its_own(groups, segments):
    plan = Plan(groups, 20 if groups < 256 else 1, 1000, segments)
    keys = plan.keys()
    assert len(set(keys)) == groups
    assert {segment for segment, _ in keys} == set(range(segments))
    assert all(1 <= vrid <= 255 for _, vrid in keys)
    assert len(plan.owners()) == groups * plan.addresses


class Heard:
    """A capture in which r1 spoke last at second 10, for one group of two addresses."""

    def __init__(self, plan):
        self.adverts = defaultdict(list, {("r1", (0, 1)): [(9.9, 200, 2), (10.0, 200, 2)]})
        self.announced = defaultdict(list)
        self.answered = defaultdict(list)
        self.deadline = 10 + plan.down_interval()

    def times(self, router, key, since=0.0, until=float("inf")):
        return [time for time, _, _ in self.adverts[router, key] if since <= time <= until]


def judged(change, product=PRODUCTS["keepalived"]):
    plan = Plan(1, 2, 100)
    wire = Heard(plan)
    first, second = plan.virtual((0, 1))
    wire.adverts["r2", (0, 1)] = [(wire.deadline + 0.001, 100, 2)]
    for seconds, address in ((0.002, first), (0.004, second)):
        wire.announced[address] = [9.0, wire.deadline + seconds]
        wire.answered[address] = [10.001, wire.deadline + seconds + 0.001]
    change(wire, first, second)
    pair = SimpleNamespace(wire=wire, plan=plan, keys=plan.keys(), started=5.0, r2=product,
                           false_takeovers=lambda since, until: (0, 0))
    return judge(pair, 10.02)


def test_failover_is_counted_from_the_deadline_of_the_group():
    found = judged(lambda *_: None)
    assert found["advert"] == pytest.approx(1, abs=1e-3)
    assert found["group"] == found["first"] == pytest.approx(2, abs=1e-3)
    assert found["announced"] == pytest.approx(4, abs=1e-3)
    assert found["answered"] == pytest.approx(5, abs=1e-3)
    assert found["missing"] == 0


def test_address_that_never_answers_is_missing_and_leaves_no_worst():
    found = judged(lambda wire, first, second: wire.answered.pop(second))
    assert found["missing"] == 1 and found["answered"] is None
    assert found["announced"] is not None


def test_early_takeover_is_negative():
    def early(wire, first, second):
        wire.announced[first] = [9.0, wire.deadline - 0.008]
    assert judged(early)["first"] == pytest.approx(-8, abs=1e-3)


def test_resignation_makes_a_power_cut_void():
    def resign(wire, first, second):
        wire.adverts["r1", (0, 1)].append((10.01, 0, 2))
    with pytest.raises(LabError):
        judged(resign)


def test_answers_prove_nothing_where_the_backup_answers_too():
    found = judged(lambda wire, first, second: wire.answered.clear(), PRODUCTS["frr"])
    assert "answered" not in found and found["missing"] == 0


def test_rate_is_that_between_the_first_and_the_last():
    assert rate([1.0, 1.5, 2.0, 2.5]) == pytest.approx(2)
    assert rate([1.0]) == 0


COLUMNS = (Column("late", "late|ms", 1), Column("cost", "cost", 1), Column("false", "false", 0))


def case_of(*limits):
    return Case("z", "1", "a case", COLUMNS, None, limits=limits)


def figures(rows):
    found = Figures()
    for row in rows:
        found.add({"": row})
    return found


def test_table_shows_median_range_ratio_and_command():
    results = {"tandem": figures([{"late": 1.0}, {"late": 2.0}, {"late": 9.0}]),
               "keepalived": figures([{"late": 4.0}, {"late": None}])}
    text = table(case_of(), results, "bench/run z:1")
    assert "$ bench/run z:1" in text
    assert "2.0 (1.0…9.0)" in text and "4.0 +1 never" in text
    ratios = next(line for line in text.splitlines() if "tandem : keepalived" in line)
    assert ratios.split()[-1] == "0.50"


def test_median_and_every_run_are_judged_apart():
    results = {"tandem": figures([{"late": 1.0, "false": 0}, {"late": 2.0, "false": 0},
                                  {"late": 9.0, "false": 1}])}
    held, missed = verdicts(case_of(Limit("", "late", most=2.0),
                                    Limit("", "false", most=0, every=True)), results)
    assert len(held) == 1 and "late" in held[0]
    assert len(missed) == 1 and "false" in missed[0]


def test_peer_is_the_measure_where_it_was_measured():
    ours = {"tandem": figures([{"cost": 3.0}])}
    limit = Limit("", "cost", most=0.5, peer="keepalived", peer_column="late")
    assert verdicts(case_of(limit), ours) == ([], [])
    for theirs, good in ((6.0, 1), (5.9, 0)):
        both = ours | {"keepalived": figures([{"late": theirs, "cost": 1.0}])}
        held, missed = verdicts(case_of(limit), both)
        assert (len(held), len(missed)) == (good, 1 - good)


def test_share_of_a_peer_may_be_asked_for_at_least():
    limit = Limit("", "rate", least=0.85, peer="none")
    column = Column("rate", "rate", 1)
    case = Case("x", "y", "z", (column,), None, limits=(limit,))
    for ours, good in ((85.0, 1), (84.0, 0)):
        held, missed = verdicts(case, {"tandem": figures([{"rate": ours}]),
                                       "none": figures([{"rate": 100.0}])})
        assert (len(held), len(missed)) == (good, 1 - good)
        assert "at least 85.0 = 0.85 × none" in (held + missed)[0]


def test_figure_that_is_missing_once_does_not_hold():
    results = {"tandem": figures([{"late": 1.0}, {"late": None}])}
    held, missed = verdicts(case_of(Limit("", "late", most=2.0)), results)
    assert not held and missed


def test_every_case_has_a_name_of_its_own_and_limits_on_its_columns():
    cases = all_cases()
    assert len({case.selector for case in cases}) == len(cases)
    for case in cases:
        columns = {column.name for column in case.columns}
        assert {limit.column for limit in case.limits} <= columns
        assert {limit.peer_column for limit in case.limits} <= columns | {""}
        assert set(case.products) <= set(PRODUCTS)
