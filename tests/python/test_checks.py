"""No check passes, or fails, on what is not a number or on nothing at all."""

import inspect
import math
import pkgutil
from importlib import import_module

import numpy as np
import pytest
from by_design import check_rollouts
from hypothesis import given
from hypothesis import strategies as st
from test_stats_rollouts import moments
from test_stats_rollouts import registry as rollout

import ai_impact_stats
from ai_impact_stats.estimators import checks, did, matching, propensity, structural, synthetic
from ai_impact_stats.estimators.checks import Check
from ai_impact_stats.estimators.estimate import Estimate, missing
from ai_impact_stats.estimators.moments import Arm

NAN = math.nan
ABSENT = missing("There is nothing to estimate.")
UNKNOWN = Estimate(NAN, NAN, NAN, NAN, NAN, 5, 5, 8.0)
PLACED = ("n_assignments", "n_before", "n_after", "n_returned", "n_undated")
WEIGHTS = {"c": 1.0, "t": 1.0}
ARM, NO_ARM = Arm(10, 1.0, 1.0), Arm(10, NAN, NAN)
PANEL = np.full((8, 9), NAN)
WEEKLY = structural.Series(np.arange(30), np.zeros(30), np.zeros((30, 1)), np.arange(30) > 20, False)


def effects(variance: float) -> did.Effects:
    """Group-time effects of 20 treated and 20 others whose covariances are those of noise, or not known."""
    cohorts = [did.Cohort(first, 20, np.zeros(8), variance * np.eye(8)) for first in (4, None)]
    return did.group_time(did.Panel(cohorts), base="universal")


def units(n_treated: int) -> propensity.Units:
    """Two units, of which so many are treated."""
    return propensity.Units.of([1] * n_treated + [0] * (2 - n_treated), np.zeros((2, 1)), np.zeros(2))


def scores(n: int, score: float) -> propensity.Propensity:
    column = np.full(n, score)
    return propensity.Propensity(column, column, column[:, None], column[:, None])


# One line for each function that returns a check: what it says of nothing, and of what is not a number.
SILENT = {
    checks.sample_ratio: [lambda f: f({}, WEIGHTS), lambda f: f({"c": 0, "t": 0}, WEIGHTS), lambda f: f({"c": 5}, {})],
    checks.sample_ratio_within: [lambda f: f({}, WEIGHTS, "day"), lambda f: f({"monday": {}}, WEIGHTS, "day")],
    checks.pre_period_balance: [lambda f: f({}), lambda f: f({"x": (NO_ARM, ARM)}), lambda f: f({"x": (NO_ARM,) * 2})],
    checks.past_difference: [lambda f: f({}), lambda f: f({"x": (NO_ARM, ARM)})],
    checks.multiple_exposure: [lambda f: f(0, 0)],
    checks.unknown_arms: [lambda f: f({}, {"c", "t"}), lambda f: f({"c": 0}, {"c", "t"})],
    checks.enrolment: [lambda f: f({}), lambda f: f({"c": dict.fromkeys(PLACED, 0)})],
    checks.novelty: [
        lambda f: f({}),
        lambda f: f(dict.fromkeys(range(3), ABSENT)),
        lambda f: f(dict.fromkeys(range(3), UNKNOWN)),
    ],
    checks.interference: [lambda f: f(None), lambda f: f(NAN)],
    checks.enough_clusters: [lambda f: f({})],
    checks.stopped_early: [
        lambda f: f(None, None),
        lambda f: f(30.0, NAN),
        lambda f: f(NAN, 30.0),
        lambda f: f(0.0, 0.0),
    ],
    checks.lost_by_arm: [lambda f: f({}), lambda f: f({"x": (checks.Loss(0, 0), checks.Loss(9, 3))})],
    checks.assigned_after_outcome: [lambda f: f(0, 0)],
    checks.contamination: [lambda f: f((0, 0), (0, 0), "exposure"), lambda f: f((0, 9), (0, 9), "exposure")],
    checks.unregistered_clusters: [lambda f: f({}), lambda f: f({"team": [(1, 1, 9), (0, 1, 9)]})],
    did.pre_trend: [lambda f: f(effects(NAN)).check, lambda f: f(effects(NAN), small=True).check],
    did._slope_test: [lambda f: f(effects(NAN), 0.05, 1.0).check],
    did.bend: [lambda f: f(effects(NAN)), lambda f: f(effects(NAN), small=True)],
    did.one_bends: [lambda f: f(np.ones((5, 6)), 3), lambda f: f(np.full((5, 6), NAN), 5)],
    did.breakdown: [lambda f: f(effects(NAN)), lambda f: f(effects(NAN), small=True)],
    matching.balance_check: [lambda f: f([]), lambda f: f([matching.Balance("x", NAN, NAN, NAN, NAN, NAN)])],
    matching.placebo_outcome: [lambda f: f(ABSENT), lambda f: f(UNKNOWN)],
    matching.hidden_cause: [lambda f: f(ABSENT, ("x", 1.0)), lambda f: f(UNKNOWN, None)],
    matching.hidden_bias: [lambda f: f([], ABSENT, NAN), lambda f: f([NAN, NAN], UNKNOWN, 1.0)],
    propensity.overlap: [
        lambda f: f(units(0), scores(2, 0.5), np.ones(2)),
        lambda f: f(units(1), scores(2, NAN), np.ones(2)),
    ],
    synthetic.placebo_check: [lambda f: f(ABSENT, 3), lambda f: f(UNKNOWN, 3)],
    synthetic.placebo_date: [lambda f: f(PANEL, 1, 6), lambda f: f(np.zeros((8, 9)), 1, 6)],
    synthetic.follows: [lambda f: f(PANEL, 1, 6), lambda f: f(np.zeros((8, 9)), 1, 6)],
    structural.placebo_dates: [lambda f: f(WEEKLY)],
    structural.covariates_untouched: [lambda f: f(WEEKLY, []), lambda f: f(WEEKLY, ["x"])],
}  # fmt: skip


def public_checks() -> set:
    """The functions of the package that return a check; those with a _ read tables, and are tested with them."""
    found = {did._slope_test}
    for module in pkgutil.walk_packages(ai_impact_stats.__path__, "ai_impact_stats."):
        of = import_module(module.name)
        for name, function in inspect.getmembers(of, inspect.isfunction):
            returns = str(inspect.signature(function).return_annotation)
            is_check = returns in (str(Check), str(did.PreTrend))
            if is_check and function.__module__ == of.__name__ and not name.startswith("_"):
                found.add(function)
    return found


def test_every_check_is_tested_here():
    assert public_checks() == set(SILENT)


@pytest.mark.parametrize(
    ("function", "case"),
    [(f, k) for f, cases in SILENT.items() for k in range(len(cases))],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_nothing_and_not_a_number_are_not_judged(function, case):
    check = SILENT[function][case](function)
    assert check.passed is None and check.p_value is None
    assert check.detail.endswith(".") and "nan" not in check.detail


NUMBERS = st.one_of(st.none(), st.floats())


@given(NUMBERS, NUMBERS, st.floats(), st.booleans())
def test_a_check_never_judges_what_is_not_a_number(statistic, p, threshold, passed):
    check = Check(statistic, p, threshold, passed, "It says so.")
    unknown = any(v is not None and math.isnan(v) for v in (statistic, p, threshold))
    assert check.passed is (None if unknown else passed)
    assert not any(v is not None and math.isnan(v) for v in (check.statistic, check.p_value, check.threshold))


ARMS = st.builds(
    Arm, st.integers(0, 30), *[st.one_of(st.just(NAN), st.just(math.inf), st.just(0.0), st.floats(0.1, 9))] * 2
)


@given(st.dictionaries(st.text(max_size=2), st.tuples(ARMS, ARMS), max_size=3))
def test_balance_judges_only_what_it_can_compare(pairs):
    check = checks.pre_period_balance(pairs)
    known = [
        all(a.n > 1 and math.isfinite(a.mean) and math.isfinite(a.variance) for a in pair) for pair in pairs.values()
    ]
    assert check.passed is None or any(known)
    assert (check.passed is None) == (check.p_value is None)


def test_an_effect_without_an_interval_survives_nothing():
    """One treated unit has no variance: `trend_sensitivity` passed with 10 times."""
    rng = np.random.default_rng(1)
    first = np.array([0.0] + [math.nan] * 12)
    found = check_rollouts(rollout(secondary_metric_ids=None), moments(rng.normal(size=(13, 10)), first))
    assert all(row["passed"] is None for row in found), found


ZEROS, FLAT = Arm(10, 0.0, 0.0), Arm(10, 3.0, 0.0)


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (checks.pre_period_balance({}), "No metric of the experiment has a covariate"),
        (checks.pre_period_balance({"age": (NO_ARM, NO_ARM)}), "Not known of any unit before its assignment: age."),
        (checks.pre_period_balance({"age": (FLAT, FLAT)}), "The same for every unit"),
        (checks.past_difference({"m": (ZEROS, ZEROS)}), "Nothing was measured before"),
        (checks.past_difference({"m": (NO_ARM, NO_ARM)}), "Nothing was measured before"),
        (checks.past_difference({"m": (FLAT, FLAT)}), "did not vary before"),
    ],
)
def test_the_reason_is_that_of_the_case(check, reason):
    assert reason in check.detail
