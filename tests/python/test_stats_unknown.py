"""What is not known of the units of an experiment, and when there is no estimate for it."""

import numpy as np
import pytest
from scipy import stats

from ai_impact_stats.estimators.moments import UnitMoments
from ai_impact_stats.estimators.unknown import UNKNOWN_ALPHA, Unknown, remedy


def of_units(unknown: int, units: int) -> UnitMoments:
    return UnitMoments.from_rows([1.0] * unknown + [0.0] * (units - unknown))


def test_arms_that_miss_different_shares_have_no_estimate():
    found = Unknown(of_units(50, 100), of_units(0, 100), is_paired=False)
    expected = stats.ttest_ind([1] * 50 + [0] * 50, [0] * 100, equal_var=False).pvalue
    assert found.p_value == pytest.approx(expected, rel=1e-9)
    assert found.problem("t", "c", "won_amount") == (
        "The metric is not known for 50 of 100 units in t and 0 of 100 in c. The arms differ in that (p below 0.0001), "
        "so the known ones don't represent them: give each won deal an amount, and its currency a rate in the var "
        "currency_rates."
    )


def test_a_few_in_both_arms_are_left_out_and_said():
    found = Unknown(of_units(6, 100), of_units(5, 100), is_paired=False)
    assert found.problem("t", "c", "won_amount") is None
    assert (
        found.note("t", "c") == "The metric is not known for 6 of 100 units in t and 5 of 100 in c; they are left out."
    )


def test_too_many_in_both_arms_have_no_estimate():
    found = Unknown(of_units(30, 100), of_units(30, 100), is_paired=False)
    assert "more than 20% of an arm" in found.problem("t", "c", "paid_value")
    assert "give each outcome paid a value" in found.problem("t", "c", "paid_value")


@pytest.mark.parametrize(("t", "c", "p"), [((5, 5), (0, 5), 0.0), ((5, 5), (5, 5), 1.0), ((0, 5), (0, 5), 1.0)])
def test_shares_without_any_variance(t, c, p):
    assert Unknown(of_units(*t), of_units(*c), is_paired=False).p_value == p


def test_a_single_unit_differs_from_nothing():
    assert Unknown(of_units(1, 1), of_units(0, 9), is_paired=False).p_value == 1.0


def test_a_ratio_of_what_was_measured_keeps_its_estimate():
    rng = np.random.default_rng(5)
    tasks = rng.integers(1, 9, (2, 200)).astype(float)
    missing = [rng.binomial(tasks[i].astype(int), share).astype(float) for i, share in enumerate((0.5, 0.05))]
    found = Unknown(*(UnitMoments.from_rows(m, z) for m, z in zip(missing, tasks, strict=True)), is_paired=True)
    assert found.differs and found.problem("t", "c", "human_hours") is None
    assert found.note("t", "c").startswith(f"Not measured: {missing[0].sum():.0f} of {tasks[0].sum():.0f} values in t")


def test_what_is_missing_by_unit_is_tested_by_unit():
    """Whole units that nobody timed: tested by task they would differ far too often, by unit at the level."""
    rng, rejected = np.random.default_rng(7), 0
    for _ in range(300):
        missing = rng.binomial(1, 0.3, (2, 60)) * 20.0
        arms = (UnitMoments.from_rows(m, np.full(60, 20.0)) for m in missing)
        rejected += Unknown(*arms, is_paired=True).p_value < UNKNOWN_ALPHA
    assert rejected <= 10


def test_every_sentence_has_a_remedy():
    assert remedy("human_hours") == "record the human_minutes of each task"
    assert remedy(None) == "record what is missing"
