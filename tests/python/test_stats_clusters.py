"""Clusters that were assigned as a whole, against least squares on the rows with cluster-robust errors."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from ai_impact_stats import (
    ClusterProducts,
    UnitMoments,
    cuped,
    difference,
    holm,
    lin_clusters,
    novelty,
    relative_difference,
)
from ai_impact_stats.effects import cuped_arms, cuped_coefficient
from ai_impact_stats.estimate import quantile


def company(seed, clusters=(9, 14), effect=0.4, intra=1.0):
    """Units in clusters of unequal size: arm, cluster, y, x of each."""
    rng = np.random.default_rng(seed)
    sizes = [rng.integers(1, 15, k) for k in clusters]
    arm = np.repeat([0, 1], [s.sum() for s in sizes])
    cluster = np.repeat(np.arange(sum(clusters)), np.concatenate(sizes))
    level = rng.normal(0, intra, sum(clusters))
    x = rng.normal(5, 1, len(arm)) + level[cluster]
    y = 3 + effect * arm + level[cluster] + 0.5 * x + rng.normal(0, 1, len(arm))
    return arm, cluster, y, x


def arms(arm, cluster, y, x=None, z=None):
    def of(k):
        m = arm == k
        parts = {"z": None if z is None else z[m], "x": None if x is None else x[m]}
        return UnitMoments.from_clusters(cluster[m], y[m], **parts, x_centre=0.0 if x is None else x.mean())

    return of(1), of(0)


@given(st.integers(0, 2**32), st.integers(2, 30), st.integers(2, 30))
def test_mean_equals_least_squares_with_cluster_robust_errors(seed, g0, g1):
    arm, cluster, y, _ = company(seed, (g0, g1))
    t, c = arms(arm, cluster, y)
    e = difference(t.ratio(), c.ratio())
    fit = sm.OLS(y, sm.add_constant(arm)).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-9, abs=1e-9)
    # Without a correction the two arms' variances add; ours are G/(G - 1) times them, for the clusters of each arm.
    own = [(t.ratio().variance / t.n) * (t.n - 1) / t.n, (c.ratio().variance / c.n) * (c.n - 1) / c.n]
    assert math.sqrt(sum(own)) == pytest.approx(fit.bse[1], rel=1e-9)
    assert e.std_error**2 == pytest.approx(own[0] * g1 / (g1 - 1) + own[1] * g0 / (g0 - 1), rel=1e-9)
    assert (t.units, c.units) == ((arm == 1).sum(), (arm == 0).sum())


def test_equal_numbers_of_clusters_differ_from_statsmodels_by_the_stated_factor():
    """G clusters an arm: ours is G/(G - 1), theirs 2G/(2G - 1)·(N - 1)/(N - 2)."""
    g = 12
    arm, cluster, y, _ = company(5, (g, g))
    e = difference(*(m.ratio() for m in arms(arm, cluster, y)))
    fit = sm.OLS(y, sm.add_constant(arm)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    theirs = 2 * g / (2 * g - 1) * (len(y) - 1) / (len(y) - 2)
    assert e.std_error**2 == pytest.approx(fit.bse[1] ** 2 / theirs * g / (g - 1), rel=1e-9)


@given(st.integers(0, 2**32))
def test_degrees_of_freedom_count_clusters(seed):
    """As many as there would be if the clusters were alike: (Σ size)² / Σ size² of them."""
    arm, cluster, y, _ = company(seed)
    t, c = arms(arm, cluster, y)
    e = difference(t.ratio(), c.ratio())
    sizes = [np.unique(cluster[arm == a], return_counts=True)[1] for a in (1, 0)]
    effective = [max(s.sum() ** 2 / (s**2).sum() - 1, 1) for s in sizes]
    assert [m.ratio().freedom for m in (t, c)] == pytest.approx(effective)
    assert min(effective) - 1e-9 <= e.df <= sum(effective) + 1e-9 <= t.n + c.n - 2 + 1e-8
    assert e.ci_high == pytest.approx(e.estimate + quantile(0.975, e.df) * e.std_error)


def test_arms_alike_have_clusters_less_two_degrees_of_freedom():
    y = np.array([1.0, 2.0, 4.0, 3.0, 6.0, 5.0])
    m = UnitMoments.from_clusters([1, 1, 2, 2, 3, 3], y)
    assert difference(m.ratio(), m.ratio()).df == pytest.approx(2 * 3 - 2)


@given(st.integers(0, 2**32))
def test_clusters_of_one_are_units(seed):
    rng = np.random.default_rng(seed)
    y, z, x = rng.normal(3, 1, 30), rng.integers(1, 5, 30), rng.normal(0, 1, 30)
    alone, plain = UnitMoments.from_clusters(np.arange(30), y, z, x), UnitMoments.from_rows(y, z, x)
    for name in ("mean_y", "var_y", "mean_z", "cov_yz", "cov_yx"):
        assert getattr(alone, name) == pytest.approx(getattr(plain, name))
    assert (alone.n, alone.units, plain.units) == (30, 30, 30)


def test_adjustment_by_a_covariate_narrows_and_stays_near():
    arm, cluster, y, x = company(3, (40, 40))
    t, c = arms(arm, cluster, y, x)
    plain, adjusted = difference(t.ratio(), c.ratio()), cuped(t, c)
    assert adjusted.std_error < plain.std_error
    assert abs(adjusted.estimate - 0.4) < 3 * adjusted.std_error


@given(st.integers(0, 2**32), st.integers(3, 12), st.integers(2, 12))
def test_the_slope_of_cuped_costs_a_degree_of_freedom(seed, g0, g1):
    """Variance of y - θx over clusters, times (G - 2)/(G - 3); half a degree of freedom less in each arm."""
    t, c = arms(*company(seed, (g0, g1)))
    found = cuped_arms(t, c)
    theta = cuped_coefficient(t, c)
    for adjusted, m in zip(found, (t, c), strict=True):
        plain = m.ratio().variance + theta**2 * m.var_x - 2 * theta * m.ratio_covariance()
        assert adjusted.variance == pytest.approx(plain * (g0 + g1 - 2) / (g0 + g1 - 3), rel=1e-6, abs=1e-9)
        assert adjusted.df == pytest.approx(max(m.ratio().df - 0.5, 1))


def test_ignoring_the_clusters_would_claim_too_much():
    arm, cluster, y, _ = company(7, (20, 20), intra=2.0)
    t, c = arms(arm, cluster, y)
    naive = difference(UnitMoments.from_rows(y[arm == 1]).ratio(), UnitMoments.from_rows(y[arm == 0]).ratio())
    assert difference(t.ratio(), c.ratio()).std_error > 1.5 * naive.std_error


def test_interval_covers_with_few_clusters():
    hits, runs = 0, 2000
    for seed in range(runs):
        e = difference(*(m.ratio() for m in arms(*company(seed, (10, 10))[:3])))
        hits += e.ci_low <= 0.4 <= e.ci_high
    assert 0.93 <= hits / runs <= 0.975


def test_merged_clusters_count_their_units():
    arm, cluster, y, x = company(1)
    whole = UnitMoments.from_clusters(cluster, y, x=x)
    first = cluster < 10
    parts = [UnitMoments.from_clusters(cluster[m], y[m], x=x[m]) for m in (first, ~first)]
    merged = parts[0].merged(parts[1])
    assert merged.units == whole.units == len(arm)
    assert merged.var_y == pytest.approx(whole.var_y)


def test_champion_and_two_challengers():
    """Each challenger against the champion, corrected together; the champion's clusters serve both."""
    rng = np.random.default_rng(11)
    arm, cluster = np.repeat([0, 1, 2], 200), np.repeat(np.arange(60), 10)
    y = rng.normal(0, 1, 600) + rng.normal(0, 0.3, 60)[cluster] + 1.0 * (arm == 2)
    m = [UnitMoments.from_clusters(cluster[arm == k], y[arm == k]) for k in range(3)]
    found = [difference(m[k].ratio(), m[0].ratio()) for k in (1, 2)]
    adjusted = holm([e.p_value for e in found])
    assert adjusted[1] < 0.001 < adjusted[0]
    assert relative_difference(m[2].ratio(), m[0].ratio()).reason is not None


def products(arm, cluster, y, x, z=None, centre=4.0):
    def of(k):
        m = arm == k
        return ClusterProducts.from_rows(cluster[m], y[m], x[m] - centre, None if z is None else z[m])

    return of(1), of(0)


def on_rows(arm, cluster, y, x):
    """Lin's regression on one row a unit."""
    x = x - x.mean()
    design = sm.add_constant(np.column_stack([arm, x, arm * x]))
    return sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": cluster})


@given(st.integers(0, 2**32), st.integers(3, 30), st.integers(3, 30))
def test_lin_from_products_equals_least_squares_on_rows(seed, g0, g1):
    arm, cluster, y, x = company(seed, (g0, g1))
    e = lin_clusters(*products(arm, cluster, y, x))
    fit = on_rows(arm, cluster, y, x)
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-9, abs=1e-9)
    assert e.std_error == pytest.approx(fit.bse[1], rel=1e-9)


def test_lin_of_a_ratio_is_that_of_its_linearised_unit():
    arm, cluster, y, x = company(8)
    z = np.random.default_rng(9).gamma(3, 1, len(y))
    unit = np.empty(len(y))
    for k in (0, 1):
        m = arm == k
        r = y[m].sum() / z[m].sum()
        unit[m] = r + (y[m] - r * z[m]) / z[m].mean()
    e = lin_clusters(*products(arm, cluster, y, x, z))
    fit = on_rows(arm, cluster, unit, x)
    assert (e.estimate, e.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-9)


def test_the_slope_costs_a_degree_of_freedom_of_each_arm():
    arm, cluster, y, x = company(3, (10, 10))
    pair = products(arm, cluster, y, x)
    assert 8 <= lin_clusters(*pair).df <= 16
    assert lin_clusters(*pair, freedom=(4.0, 4.0)).df < lin_clusters(*pair).df


@pytest.mark.parametrize(
    ("clusters", "flat", "word"),
    [((2, 9), False, "fewer than three clusters"), ((9, 9), True, "same value"), ((1, 9), False, "fewer than three")],
)
def test_lin_of_clusters_refuses(clusters, flat, word):
    arm, cluster, y, x = company(4, clusters)
    e = lin_clusters(*products(arm, cluster, y, np.full(len(x), 7.0) if flat else x))
    assert e.estimate is None
    assert word in e.reason


def test_lin_of_clusters_covers():
    """1,500 experiments of 12 clusters an arm: the interval misses the planted effect in about 5 %."""
    missed = 0
    for seed in range(1500):
        arm, cluster, y, x = company(seed, (12, 12))
        pair = products(arm, cluster, y, x)
        freedom = [m.ratio().freedom for m in arms(arm, cluster, y)]
        e = lin_clusters(*pair, freedom=tuple(freedom))
        missed += not e.ci_low <= 0.4 <= e.ci_high
    assert 0.03 <= missed / 1500 <= 0.07


def weekly(rng, clusters, fading, weeks=8):
    """The effect of every week over clusters that keep their level from week to week."""
    levels = [rng.normal(10, 2, k) for k in clusters]
    sizes = [rng.integers(2, 12, k) for k in clusters]
    found = {}
    for week in range(weeks):
        pair = []
        for k in (1, 0):
            effect = k * (2 - fading * week)
            units = np.repeat(np.arange(clusters[k]), sizes[k])
            y = levels[k][units] + effect + rng.normal(0, 2, len(units))
            pair.append(UnitMoments.from_clusters(units, y).ratio())
        found[week] = difference(*pair)
    return found


def test_novelty_of_clusters_is_found_and_seldom_imagined():
    """Ten clusters an arm over 8 weeks: 400 experiments whose effect lasts, 100 whose effect fades from 2 to 0.25."""
    rng = np.random.default_rng(12)

    def p_value(fading):
        found = weekly(rng, (10, 10), fading)
        return novelty(found, df=min(e.df for e in found.values())).p_value

    assert sum(p_value(0.0) < 0.01 for _ in range(400)) <= 10
    lasting, fading = (np.median([p_value(f) for _ in range(100)]) for f in (0.0, 0.25))
    assert fading < lasting
