"""The published and independently computed figures that the statistics must reproduce."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from causaldata import nsw_mixtape
from rows import arm_of_sums

from ai_impact_stats.estimators.checks import sample_ratio
from ai_impact_stats.estimators.effects import cuped, difference, relative_difference
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.estimators.multiplicity import benjamini_hochberg, holm
from ai_impact_stats.estimators.planning import minimum_detectable_effect, sample_size

CONTROL = arm_of_sums(1396.87, 52377.9767, 3407)
TREATMENT = arm_of_sums(2422.7, 134698.29, 3461)


def ratio_arm(m, mm, d, dd, md, n):
    """An arm of a ratio metric from Σm, Σm², Σd, Σd², Σmd and n."""

    def cov(ab, a, b):
        return (ab - a * b / n) / (n - 1)

    return UnitMoments(n, m / n, cov(mm, m, m), d / n, cov(dd, d, d), cov(md, m, d)).ratio()


def test_welch_absolute():
    e = difference(TREATMENT, CONTROL)
    assert e.estimate == pytest.approx(0.29, abs=1e-9)
    assert (e.std_error, e.p_value) == pytest.approx((0.12478, 0.02016), abs=5e-6)
    assert (e.ci_low, e.ci_high) == pytest.approx((0.04538, 0.53462), abs=5e-6)
    assert (e.n_treatment, e.n_control) == (3461, 3407)


def test_welch_relative():
    e = relative_difference(TREATMENT, CONTROL)
    assert (e.estimate, e.std_error, e.p_value) == pytest.approx((0.70732, 0.37879, 0.06191), abs=5e-6)
    assert (e.ci_low, e.ci_high) == pytest.approx((-0.03526, 1.44989), abs=5e-6)


def test_proportion_relative():
    e = relative_difference(Arm.from_proportion(16, 30), Arm.from_proportion(14, 28))
    assert (e.estimate, e.std_error, e.p_value) == pytest.approx((0.06667, 0.2717, 0.80707), abs=5e-6)
    assert (e.ci_low, e.ci_high) == pytest.approx((-0.47767, 0.61101), abs=5e-6)


def test_ratio_metric():
    control = ratio_arm(270, 848.79, 510, 810, -900, 100)
    treatment = ratio_arm(300, 869, 500, 800, -905, 120)
    e = relative_difference(treatment, control)
    assert (control.mean, treatment.mean) == pytest.approx((0.529411765, 0.6), abs=1e-9)
    assert e.estimate == pytest.approx(0.133333333, abs=1e-9)
    assert e.p_value == pytest.approx(0.610663339, abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "weights", "p"),
    [
        ([1000, 1200], [0.5, 0.5], 0.000020079),
        ([135, 115], [0.5, 0.5], 0.205903211),
        ([310, 98], [0.75, 0.25], 0.647434186),
        ([1000, 1200, 900], [0.5, 0.5, 0], 0.000020079),
    ],
)
def test_sample_ratio(counts, weights, p):
    arms = "abc"[: len(counts)]
    check = sample_ratio(dict(zip(arms, counts, strict=True)), dict(zip(arms, weights, strict=True)))
    assert check.p_value == pytest.approx(p, abs=1e-9)
    assert check.passed == (p >= 0.001)


def test_holm():
    adjusted = holm([0.01, 0.04, 0.03, 0.005, 0.55, 0.6])
    assert adjusted == pytest.approx([0.05, 0.12, 0.12, 0.03, 1, 1])


def test_benjamini_hochberg():
    adjusted = benjamini_hochberg([0.898, 0.138, 0.007, 0.964, 0.538, 0.006, 0.138])
    assert adjusted == pytest.approx([0.964, 0.2415, 0.0245, 0.964, 0.7532, 0.0245, 0.2415])


def test_sample_size():
    assert sample_size(0.3, 100, power=0.85) == pytest.approx(39_906, rel=0.005)
    assert sample_size(0.003, 0.34 * 0.66, 0.343 * 0.657, power=0.85) == pytest.approx(897_348, rel=0.005)


def test_minimum_detectable_effect_is_the_inverse_of_sample_size():
    n = sample_size(0.3, 100, power=0.85)
    std_error = math.sqrt(100 / (n / 2) * 2)
    assert minimum_detectable_effect(std_error, 0.05, 0.85) == pytest.approx(0.3, rel=1e-4)


@pytest.fixture(scope="module")
def nsw():
    # The data are stored as small integers, whose squares overflow.
    data = nsw_mixtape.load_pandas().data[["treat", "re75", "re78"]].astype("float64")
    return data[data.treat == 1], data[data.treat == 0]


def test_nsw_effect(nsw):
    treated, control = nsw
    e = difference(Arm.from_values(treated.re78), Arm.from_values(control.re78))
    assert e.estimate == pytest.approx(1794.34, abs=0.005)
    # Welch's standard error is that of least squares with HC2.
    assert e.std_error == pytest.approx(671.0, abs=0.05)


def test_nsw_adjusted_effect(nsw):
    treated, control = nsw
    t, c = (UnitMoments.from_rows(d.re78, x=d.re75) for d in nsw)
    e = cuped(t, c)
    assert e.estimate == pytest.approx(1750.2, abs=0.05)
    y, x = np.r_[treated.re78, control.re78], np.r_[treated.re75, control.re75]
    arm = np.r_[np.ones(len(treated)), np.zeros(len(control))]
    fit = sm.OLS(y, np.column_stack([np.ones(len(y)), arm, x])).fit(cov_type="HC2")
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-12)
    assert e.std_error == pytest.approx(fit.bse[1], rel=0.005)
    assert e.std_error < difference(t.ratio(), c.ratio()).std_error


def test_centred_variances():
    """1,000 values near 1e8 with variance 4: sums of squares lose it, centred moments don't."""
    values = 1e8 + np.tile([-2.0, 2.0], 500)
    exact = 4 * 1000 / 999
    assert Arm.from_values(values).variance == pytest.approx(exact, rel=1e-12)
    parts = [UnitMoments.from_rows(chunk) for chunk in np.array_split(values, 7)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merged(part)
    assert merged.var_y == pytest.approx(exact, rel=1e-9)
