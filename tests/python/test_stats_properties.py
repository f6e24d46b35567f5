"""Parity with independent implementations on random data, and what must hold for any data."""

import math
from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.stats.api as sms
import statsmodels.stats.meta_analysis as meta
import tea_tasting as tt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from tea_tasting.aggr import Aggregates

from ai_impact_stats.estimators.bayes import non_inferiority
from ai_impact_stats.estimators.checks import sample_ratio, sample_ratio_within
from ai_impact_stats.estimators.effects import cuped, difference, is_near_zero, relative_difference
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.estimators.multiplicity import benjamini_hochberg, holm
from ai_impact_stats.estimators.segments import heterogeneity
from ai_impact_stats.estimators.sequential import always_valid, repeated_p_value

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
    # Theirs takes units with unequal denominators for as many alike: ours for fewer, with a variance that is larger.
    moments = [UnitMoments.from_rows(*sample) for sample in (t, c)]
    plain = [Arm(m.n, m.ratio().mean, m.linear_variance()) for m in moments]
    assert all(m.ratio().variance >= arm.variance for m, arm in zip(moments, plain, strict=True))
    assert all(m.ratio().freedom <= arm.freedom for m, arm in zip(moments, plain, strict=True))
    mine = difference(*plain)
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


@given(st.integers(30, 500), st.integers(30, 500), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_proportion_equals_tea_tasting(n_t, n_c, share_t, share_c):
    """Its normal test of pooled shares; ours takes N - 1 for N (Miettinen and Nurminen 1985)."""
    found_t, found_c = round(n_t * share_t), round(n_c * share_c)
    arms = [Arm.from_proportion(k, n) for k, n in ((found_t, n_t), (found_c, n_c))]
    a, b = (Aggregates(n, {"y": k / n}, {}, {}) for k, n in ((found_t, n_t), (found_c, n_c)))
    theirs = tt.Proportion("y", method="norm", correction=False, equal_var=True).analyze_aggregates(b, a)
    mine = difference(*arms)
    assert mine.estimate == pytest.approx(theirs.effect_size, abs=1e-12)
    z = stats.norm.isf(theirs.pvalue / 2) * math.sqrt((n_t + n_c - 1) / (n_t + n_c))
    assert mine.p_value == pytest.approx(2 * stats.norm.sf(z), rel=1e-6)
    a, b = (k / n for k, n in ((found_t, n_t), (found_c, n_c)))
    assert mine.std_error == pytest.approx(math.sqrt(a * (1 - a) / n_t + b * (1 - b) / n_c), rel=1e-9)


@given(st.integers(0, 2000), st.integers(1, 2000), st.sampled_from([0.25, 0.5, 1, 3]))
def test_sample_ratio_equals_tea_tasting(t, c, planned):
    counts = {True: Aggregates(t, {}, {}, {}), False: Aggregates(c, {}, {}, {})}
    theirs = tt.SampleRatio(planned, method="norm", correction=False).analyze(counts, False, True)
    mine = sample_ratio({"t": t, "c": c}, {"t": planned, "c": 1})
    assert mine.p_value == pytest.approx(theirs.pvalue, rel=1e-7, abs=1e-300)


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(20, 400), st.integers(20, 400)), min_size=1, max_size=8))
def test_sample_ratio_of_parts_equals_scipy_and_statsmodels(sizes):
    parts = {f"part{k}": {"t": t, "c": c} for k, (t, c) in enumerate(sizes)}
    mine = sample_ratio_within(parts, {"t": 1, "c": 1}, "part")
    p_values = [stats.chisquare([t, c]).pvalue for t, c in sizes]
    assert mine.p_value == pytest.approx(multipletests(p_values, method="holm")[1].min(), rel=1e-9)


@given(SAMPLES, SAMPLES, st.floats(0.01, 2))
def test_non_inferiority_equals_statsmodels(t, c, share):
    """Welch's one-sided test of a difference of minus the margin."""
    spread(t, c)
    e = difference(Arm.from_values(t), Arm.from_values(c))
    margin = share * e.std_error
    _, p, _ = sms.CompareMeans(sms.DescrStatsW(t), sms.DescrStatsW(c)).ttest_ind("larger", "unequal", -margin)
    holds, mine = non_inferiority(e, margin)
    assert mine == pytest.approx(p, rel=1e-6, abs=1e-12)
    if abs(p - 0.025) > 1e-9:
        assert holds == (p < 0.025)


@given(st.lists(st.tuples(SAMPLES, SAMPLES), min_size=2, max_size=5))
def test_heterogeneity_equals_statsmodels(parts):
    for pair in parts:
        spread(*pair)
    found = [difference(*map(Arm.from_values, pair)) for pair in parts]
    theirs = meta.combine_effects(
        *(np.array(v) for v in zip(*((e.estimate, e.std_error**2) for e in found), strict=True))
    )
    mine = heterogeneity(found)
    assert mine.statistic == pytest.approx(theirs.q, rel=1e-6, abs=1e-9)
    assert mine.df == theirs.df
    assert mine.p_value == pytest.approx(stats.chi2.sf(theirs.q, theirs.df), rel=1e-5, abs=1e-12)


@given(rows(), rows(), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_always_valid_interval_is_its_p_value_and_wider(t, c, alpha):
    e = difference(UnitMoments.from_rows(t[0]).ratio(), UnitMoments.from_rows(c[0]).ratio(), alpha)
    assume(e.estimate is not None)
    low, high, p = always_valid(e, alpha=alpha)
    normal = stats.norm.ppf(1 - alpha / 2) * e.std_error
    assert high - low > 2 * normal
    assert p >= 2 * stats.norm.sf(abs(e.estimate) / e.std_error) * (1 - 1e-9)
    assert (low <= 0 <= high) == (p >= alpha) or math.isclose(p, alpha, rel_tol=1e-6)


@settings(max_examples=25)
@given(st.floats(1, 4), st.sampled_from(["obrien_fleming", "pocock"]), st.integers(0, 2))
def test_the_p_value_of_planned_looks_is_no_less_than_that_of_one(z, spending, look):
    p = repeated_p_value(z, (1 / 3, 2 / 3, 1.0), look, spending)
    assert p >= 2 * stats.norm.sf(z) * (1 - 1e-5)
    assert repeated_p_value(z + 0.1, (1 / 3, 2 / 3, 1.0), look, spending) <= p * (1 + 1e-5)


@given(rows(), rows())
def test_moments_merge_to_the_moments_of_all_rows(a, b):
    merged = UnitMoments.from_rows(*a).merged(UnitMoments.from_rows(*b))
    direct = UnitMoments.from_rows(*(np.concatenate(pair) for pair in zip(a, b, strict=True)))
    assert merged.n == direct.n
    for name in UnitMoments.__slots__:
        mine, theirs = getattr(merged, name), getattr(direct, name)
        if name in ("shared", "leverage"):
            mine, theirs = astuple(mine), astuple(theirs)
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True), name


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
        assert (forth.n_treatment, forth.n_control) == (back.n_control, back.n_treatment)
        if forth.estimate is None:
            assert back.estimate is None
            continue
        for name, other, sign in (
            ("estimate", "estimate", -1), ("ci_low", "ci_high", -1), ("ci_high", "ci_low", -1),
            ("std_error", "std_error", 1), ("p_value", "p_value", 1),
        ):  # fmt: skip
            assert getattr(forth, name) == pytest.approx(sign * getattr(back, other), rel=1e-9, abs=1e-12), name


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


@pytest.mark.slow
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
