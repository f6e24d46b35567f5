"""Parity with independent implementations on random data, and what must hold for any data."""

import math
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.stats.api as sms
import tea_tasting as tt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from tea_tasting.aggr import Aggregates

from ai_impact_stats import Arm, UnitMoments, benjamini_hochberg, cuped, difference, holm, relative_difference
from ai_impact_stats.effects import is_near_zero

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3))
SAMPLES = st.lists(NUMBERS, min_size=3, max_size=40)


@st.composite
def rows(draw, min_size=3):
    n = draw(st.integers(min_size, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    z = rng.integers(0, 6, n) + rng.random(n) * draw(st.sampled_from([0, 1]))
    z[0] += 1
    x = rng.normal(draw(st.floats(-5, 5)), 2, n)
    y = draw(st.floats(-10, 10)) + z * rng.lognormal(0, 1, n) + 0.7 * x
    return y, z, x


def spread(*samples):
    """Leave out samples whose variance is only rounding."""
    for values in samples:
        assume(np.std(values) > 1e-6 * (1 + np.abs(values).max()))


@given(SAMPLES, SAMPLES, st.sampled_from([0.01, 0.05, 0.2]))
def test_welch_equals_scipy(t, c, alpha):
    spread(t, c)
    e = difference(Arm.from_values(t), Arm.from_values(c), alpha)
    expected = stats.ttest_ind(t, c, equal_var=False)
    interval = expected.confidence_interval(1 - alpha)
    scale = e.std_error
    assert e.p_value == pytest.approx(expected.pvalue, rel=1e-8, abs=1e-12)
    assert e.df == pytest.approx(expected.df, rel=1e-9)
    assert (e.ci_low / scale, e.ci_high / scale) == pytest.approx(
        (interval.low / scale, interval.high / scale), abs=1e-7
    )
    wider = sms.CompareMeans(sms.DescrStatsW(t), sms.DescrStatsW(c)).tconfint_diff(alpha, usevar="unequal")
    assert (e.ci_low / scale, e.ci_high / scale) == pytest.approx((wider[0] / scale, wider[1] / scale), abs=1e-7)


def aggregates(y, z, x):
    m = np.cov(np.vstack([y, z, x]))
    names = ("y", "z", "x")
    pairs = {(a, b): m[i, j] for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
    return Aggregates(
        len(y),
        dict(zip(names, (y.mean(), z.mean(), x.mean()), strict=True)),
        dict(zip(names, np.diag(m), strict=True)),
        pairs,
    )


@given(rows(min_size=8), rows(min_size=8))
def test_ratio_equals_tea_tasting(t, c):
    # Its relative interval, on the log scale, overflows near 0.
    assume(all(arm.mean > 0 and not is_near_zero(arm) for arm in (UnitMoments.from_rows(*s).ratio() for s in (t, c))))
    theirs = tt.RatioOfMeans("y", "z").analyze_aggregates(aggregates(*c), aggregates(*t))
    mine = difference(UnitMoments.from_rows(*t).ratio(), UnitMoments.from_rows(*c).ratio())
    assert mine.estimate == pytest.approx(theirs.effect_size, rel=1e-8, abs=1e-10)
    assert mine.p_value == pytest.approx(theirs.pvalue, rel=1e-7, abs=1e-12)
    assert mine.ci_low == pytest.approx(theirs.effect_size_ci_lower, rel=1e-7, abs=1e-9)
    assert mine.ci_high == pytest.approx(theirs.effect_size_ci_upper, rel=1e-7, abs=1e-9)
    relative = relative_difference(UnitMoments.from_rows(*t).ratio(), UnitMoments.from_rows(*c).ratio())
    assert relative.estimate == pytest.approx(theirs.rel_effect_size, rel=1e-8, abs=1e-10)


@given(rows(min_size=8), rows(min_size=8))
def test_cuped_equals_tea_tasting(t, c):
    """Tea-tasting takes the slope over both arms together; given that slope, everything is equal."""
    a, b = (UnitMoments.from_rows(y, x=x) for y, _, x in (t, c))
    assume(all(arm.mean > 0 and not is_near_zero(arm) for arm in (a.ratio(), b.ratio())))
    theirs = tt.Mean("y", covariate="x").analyze_aggregates(aggregates(*c), aggregates(*t))
    both = a.merged(b)
    mine = cuped(a, b, theta=both.cov_yx / both.var_x)
    assert mine.estimate == pytest.approx(theirs.effect_size, rel=1e-8, abs=1e-9)
    assert mine.p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-10)
    assert mine.ci_low == pytest.approx(theirs.effect_size_ci_lower, rel=1e-6, abs=1e-8)


@given(rows(), rows())
def test_moments_merge_to_the_moments_of_all_rows(a, b):
    merged = UnitMoments.from_rows(*a).merged(UnitMoments.from_rows(*b))
    direct = UnitMoments.from_rows(*(np.concatenate(pair) for pair in zip(a, b, strict=True)))
    assert merged.n == direct.n
    for name in UnitMoments.__slots__:
        assert getattr(merged, name) == pytest.approx(getattr(direct, name), rel=1e-9, abs=1e-9), name


@given(rows(), st.lists(st.integers(1, 39), max_size=4))
def test_any_split_gives_the_same_estimate(sample, cuts):
    y, z, x = sample
    control = UnitMoments.from_rows(y[::-1] + 1, z, x[::-1])
    bounds = [0, *sorted({k for k in cuts if k < len(y)}), len(y)]
    parts = [UnitMoments.from_rows(y[i:j], z[i:j], x[i:j]) for i, j in pairwise(bounds)]
    merged = UnitMoments.from_rows([])
    for part in parts:
        merged = merged.merged(part)
    once, split = (cuped(m, control) for m in (UnitMoments.from_rows(y, z, x), merged))
    assert split.n_treatment == once.n_treatment
    assert split.estimate == pytest.approx(once.estimate, rel=1e-7, abs=1e-8)
    assert split.std_error == pytest.approx(once.std_error, rel=1e-7, abs=1e-8)


@given(rows(), rows())
def test_swapping_the_arms_flips_the_sign(t, c):
    a, b = UnitMoments.from_rows(*t), UnitMoments.from_rows(*c)
    for forth, back in (
        (difference(a.ratio(), b.ratio()), difference(b.ratio(), a.ratio())),
        (cuped(a, b), cuped(b, a)),
    ):
        flipped = back.flipped()
        for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value", "n_treatment", "n_control"):
            assert getattr(forth, name) == pytest.approx(getattr(flipped, name), rel=1e-9, abs=1e-12), name


@given(rows(), rows(), st.sampled_from([0.001, 0.5, 60.0, 1e6]))
def test_units_of_measurement_do_not_matter(t, c, k):
    a, b = UnitMoments.from_rows(*t), UnitMoments.from_rows(*c)
    ka, kb = UnitMoments.from_rows(t[0] * k, *t[1:]), UnitMoments.from_rows(c[0] * k, *c[1:])
    for compare in (lambda p, q: difference(p.ratio(), q.ratio()), cuped):
        plain, scaled = compare(a, b), compare(ka, kb)
        assert scaled.estimate == pytest.approx(plain.estimate * k, rel=1e-8, abs=1e-9 * k)
        assert scaled.p_value == pytest.approx(plain.p_value, rel=1e-6, abs=1e-12)
    plain, scaled = relative_difference(a.ratio(), b.ratio()), relative_difference(ka.ratio(), kb.ratio())
    if plain.estimate is not None:
        assert scaled.estimate == pytest.approx(plain.estimate, rel=1e-7, abs=1e-9)
        assert scaled.std_error == pytest.approx(plain.std_error, rel=1e-7)


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(P_VALUES)
def test_corrections_equal_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)


@given(P_VALUES, st.randoms())
def test_corrections_ignore_order_and_missing_values(p, random):
    shuffled = sorted(range(len(p)), key=lambda _: random.random())
    for correct in (holm, benjamini_hochberg):
        adjusted = correct(p)
        assert correct([p[i] for i in shuffled]) == pytest.approx(adjusted[shuffled])
        assert (adjusted >= np.array(p) - 1e-15).all()
        with_gap = correct([p[0], None, *p[1:]])
        assert math.isnan(with_gap[1])
        assert np.delete(with_gap, 1) == pytest.approx(adjusted)


@settings(max_examples=5)
@given(st.integers(0, 2**32))
def test_welch_interval_covers(seed):
    """Unequal variances and sizes: 95 % intervals hold the truth in 93.5 to 96.5 % of 2,000 samples."""
    rng = np.random.default_rng(seed)
    t, c = rng.normal(1, 4, (2000, 12)), rng.normal(0, 1, (2000, 40))
    hits = 0
    for a, b in zip(t, c, strict=True):
        e = difference(Arm(12, a.mean(), a.var(ddof=1)), Arm(40, b.mean(), b.var(ddof=1)))
        hits += e.ci_low <= 1 <= e.ci_high
    assert 0.93 <= hits / 2000 <= 0.97
