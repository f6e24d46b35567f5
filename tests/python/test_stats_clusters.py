"""Clusters that were assigned as a whole, against least squares on the rows with cluster-robust errors."""

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from rows import cluster_products, crossed_moments, crossed_products

from ai_impact_stats.estimators.adjustment import lin_clusters
from ai_impact_stats.estimators.checks import novelty
from ai_impact_stats.estimators.clusters import crossed, cuped_crossed, fixed_effects, lin_crossed
from ai_impact_stats.estimators.effects import cuped, cuped_arms, cuped_coefficient, difference, relative_difference
from ai_impact_stats.estimators.moments import Leverage, UnitMoments
from ai_impact_stats.estimators.multiplicity import holm


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


def by_definition(arm, cluster, y):
    """CR2 of the arm's coefficient in least squares of rows on the arm, by the matrices of its definition."""
    design = np.column_stack([1 - arm, arm]).astype(float)
    bread = np.linalg.inv(design.T @ design)
    residual = y - design @ (bread @ design.T @ y)
    meat = np.zeros((2, 2))
    for g in np.unique(cluster):
        own = design[cluster == g]
        values, vectors = np.linalg.eigh(np.eye(len(own)) - own @ bread @ own.T)
        root = vectors @ np.diag(1 / np.sqrt(values)) @ vectors.T
        score = own.T @ root @ residual[cluster == g]
        meat += np.outer(score, score)
    return float(np.array([-1, 1]) @ bread @ meat @ bread @ np.array([-1, 1]))


def shares(arm, cluster, k):
    sizes = np.unique(cluster[arm == k], return_counts=True)[1]
    return sizes / sizes.sum()


@given(st.integers(0, 2**32), st.integers(2, 30), st.integers(2, 30))
def test_mean_equals_least_squares_with_cluster_robust_errors(seed, g0, g1):
    """CR2 (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, equation 10) by its definition."""
    arm, cluster, y, _ = company(seed, (g0, g1))
    t, c = arms(arm, cluster, y)
    e = difference(t.ratio(), c.ratio())
    fit = sm.OLS(y, sm.add_constant(arm)).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-9, abs=1e-9)
    assert e.std_error**2 == pytest.approx(by_definition(arm, cluster, y), rel=1e-8)
    assert (t.units, c.units) == ((arm == 1).sum(), (arm == 0).sum())
    # Where the leverages aren't known, each arm's variance is as much larger as it is too small on average.
    t, c = (replace(m, leverage=Leverage()) for m in (t, c))
    own = [m.ratio().variance / m.n * (1 - (shares(arm, cluster, k) ** 2).sum()) for k, m in ((1, t), (0, c))]
    assert math.sqrt(sum(own)) == pytest.approx(fit.bse[1], rel=1e-9)


@given(st.integers(0, 2**32), st.integers(2, 12))
def test_degrees_of_freedom_are_those_of_the_quadratic_form(seed, g):
    """Satterthwaite's of S'WS with its matrices: clusters' totals as of independent units, and as of units alike."""
    arm, cluster, y, _ = company(seed, (g, g))
    for k, m in zip((1, 0), arms(arm, cluster, y), strict=True):
        p = shares(arm, cluster, k)
        centre = np.eye(g) - np.outer(p, np.ones(g))
        form = centre.T @ np.diag(1 / (1 - p)) @ centre
        found = []
        for variance in (p, p**2):
            product = form @ np.diag(variance)
            found.append(np.trace(product) ** 2 / np.trace(product @ product))
        assert m.ratio().freedom == pytest.approx(max(2 / (1 / found[0] + 1 / found[1]), 1), rel=1e-7)
        assert 1 <= m.ratio().freedom <= g - 1 + 1e-9
        # Independent units: the error is unbiased, whatever the clusters' sizes.
        assert np.trace(form @ np.diag(p)) == pytest.approx(1)


def test_clusters_of_unequal_size_and_number_hold():
    """Sizes like e^N(2, 1), an intraclass correlation of .5, 20 clusters against 6: the error of before missed in 8 %.

    Moments are taken by hand, 4,000 experiments at once."""
    rng, runs = np.random.default_rng(21), 4000
    pairs = []
    for g in (20, 6):
        z = np.ceil(np.exp(2 + rng.normal(0, 1, (runs, g))))
        y = z * math.sqrt(0.5) * rng.normal(0, 1, (runs, g)) + np.sqrt(0.5 * z) * rng.normal(0, 1, (runs, g))
        pairs.append([UnitMoments.from_clusters(np.arange(g), a, b) for a, b in zip(y, z, strict=True)])
    missed = {"CR2": 0, "before": 0}
    for t, c in zip(*pairs, strict=True):
        missed["CR2"] += difference(t.ratio(), c.ratio()).p_value < 0.05
        old = [replace(m.ratio(), variance=m.linear_variance(), df=max(1 / m.concentration() - 1, 1)) for m in (t, c)]
        missed["before"] += difference(*old).p_value < 0.05
    assert 0.04 <= missed["CR2"] / runs <= 0.065
    assert missed["before"] / runs > 0.07


def test_clusters_merged_from_parts_have_no_leverage():
    arm, cluster, y, _ = company(2)
    t, c = arms(arm, cluster, y)
    assert math.isnan(t.merged(c).leverage.scatter)
    assert t.merged(UnitMoments.from_rows([])).leverage == t.leverage
    # One cluster that holds all of the denominator tells nothing of the error.
    alone = UnitMoments.from_clusters([1, 2, 3], [1.0, 2.0, 3.0], [5.0, 0.0, 0.0])
    assert math.isnan(alone.leverage.scatter) and alone.ratio().freedom == 1


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
        plain = m.linear_variance() + theta**2 * m.var_x - 2 * theta * m.ratio_covariance()
        lost = (g0 + g1 - 2) / (g0 + g1 - 3) * m.bias()
        assert adjusted.variance == pytest.approx(plain * lost, rel=1e-6, abs=1e-9)
        assert adjusted.df == pytest.approx(max(1 / m.concentration() - 1.5, 1))


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
        return cluster_products(cluster[m], y[m], x[m] - centre, None if z is None else z[m])

    return of(1), of(0)


def on_rows(arm, cluster, y, x):
    """Lin's regression on one row per unit."""
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


def developers(seed, clusters=14, chance=0.5, effect=0.4):
    """Tasks assigned one by one within developers, whose level and effect differ: treated, cluster, y, x, z of each."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rng.integers(3, 15, clusters))
    treated = (rng.random(len(cluster)) < chance).astype(float)
    treated[:4] = [0, 1, 0, 1]
    level, own = rng.normal(0, 2, clusters), rng.normal(effect, 0.5, clusters)
    x = rng.normal(5, 1, len(cluster)) + level[cluster]
    y = 9 + own[cluster] * treated + level[cluster] + 0.5 * x + rng.normal(0, 1, len(cluster))
    return treated, cluster, y, x, rng.gamma(4, 1, len(cluster))


def by_cluster(y, design, cluster, weights=None):
    return sm.WLS(y, design, weights=np.ones(len(y)) if weights is None else weights).fit(
        cov_type="cluster", cov_kwds={"groups": cluster}
    )


@given(st.integers(0, 2**32), st.integers(3, 30), st.sampled_from([0.5, 0.1, 0.9]))
def test_arms_mixed_in_clusters_equal_least_squares_on_rows(seed, g, chance):
    treated, cluster, y, _, _ = developers(seed, g, chance)
    t, c = crossed_moments(treated, cluster, y)
    if min(t.n, c.n) < 2:
        return
    fit = by_cluster(y, sm.add_constant(treated), cluster)
    e = crossed(t, c)
    assert (e.estimate, e.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-9)
    # Relative to the control's mean, by the delta method on the same covariance matrix.
    level, effect = fit.params
    slope = np.array([-effect / level**2, 1 / level])
    e = crossed(t, c, relative=True)
    if e.estimate is not None:
        expected = effect / level, math.sqrt(slope @ fit.cov_params() @ slope)
        assert (e.estimate, e.std_error) == pytest.approx(expected, rel=1e-8)


def test_arms_mixed_in_clusters_far_from_zero():
    """Values near 1e5 with a spread of 2: the products of two arms' totals keep six digits."""
    treated, cluster, y, _, _ = developers(3)
    near, far = (crossed(*crossed_moments(treated, cluster, y + level)) for level in (0, 1e5))
    assert (far.estimate, far.std_error) == pytest.approx((near.estimate, near.std_error), rel=1e-6)


def test_arms_mixed_in_clusters_gain_what_they_share():
    """Levels of developers cancel: taking arms' clusters as others would make the error several times as large."""
    treated, cluster, y, _, _ = developers(5, 30)
    t, c = crossed_moments(treated, cluster, y)
    assert crossed(t, c).std_error < 0.6 * difference(t.ratio(), c.ratio()).std_error


def test_a_ratio_of_arms_mixed_in_clusters():
    treated, cluster, y, _, z = developers(6)
    fit = by_cluster(y / z, sm.add_constant(treated), cluster, z)
    e = crossed(*crossed_moments(treated, cluster, y, z))
    assert (e.estimate, e.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-9)


def test_degrees_of_freedom_of_arms_mixed_in_clusters():
    """G - 1 where clusters are alike; far fewer where one holds most units."""
    treated, cluster = np.tile([0, 1, 0, 1], 8), np.repeat(np.arange(8), 4)
    y = np.random.default_rng(1).normal(0, 1, 32)
    assert crossed(*crossed_moments(treated, cluster, y)).df == pytest.approx(7)
    cluster = np.where(np.arange(32) < 24, 0, cluster)
    assert crossed(*crossed_moments(treated, cluster, y)).df < 2


@given(st.integers(0, 2**32), st.integers(4, 30))
def test_covariates_of_arms_mixed_in_clusters_equal_least_squares_on_rows(seed, g):
    treated, cluster, y, x, _ = developers(seed, g)
    x = x - x.mean()
    pair = crossed_products(treated, cluster, y, x)
    if min(m.n for m in pair) < 3:
        return
    fit = by_cluster(y, sm.add_constant(np.column_stack([treated, x])), cluster)
    e = cuped_crossed(*pair, df=9.0)
    assert (e.estimate, e.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-8)
    level = fit.params[0]
    slope = np.array([-fit.params[1] / level**2, 1 / level, 0])
    e = cuped_crossed(*pair, df=9.0, relative=True)
    if e.estimate is not None:
        expected = fit.params[1] / level, math.sqrt(slope @ fit.cov_params() @ slope)
        assert (e.estimate, e.std_error) == pytest.approx(expected, rel=1e-8)
    fit = by_cluster(y, sm.add_constant(np.column_stack([treated, x, treated * x])), cluster)
    e = lin_crossed(*pair, df=9.0)
    assert (e.estimate, e.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-8)


def test_arms_mixed_in_clusters_cover():
    """1,000 experiments of 12 developers each: the interval misses the planted effect in about 5 %."""
    missed = 0
    for seed in range(1000):
        treated, cluster, y, _, _ = developers(seed, 12)
        e = crossed(*crossed_moments(treated, cluster, y))
        missed += not e.ci_low <= 0.4 <= e.ci_high
    assert 0.025 <= missed / 1000 <= 0.075


def test_the_same_effect_in_every_cluster_has_no_error():
    treated, cluster = np.tile([0, 1], 6), np.repeat(np.arange(6), 2)
    e = crossed(*crossed_moments(treated, cluster, cluster + 2.0 * treated))
    assert e.estimate is None
    assert "same in every cluster" in e.reason


def strata_of(stratum, treated, cluster, y):
    whole = crossed_moments(treated, cluster, y)
    parts = {}
    for name in np.unique(stratum):
        mine = stratum == name
        parts[str(name)] = crossed_moments(treated[mine], cluster[mine], y[mine])
    return parts, whole


@given(st.integers(0, 2**32), st.integers(4, 20))
def test_fixed_effects_of_developers_equal_dummies(seed, g):
    """Developers are strata and clusters: the effects of strata don't count in K."""
    treated, cluster, y, _, _ = developers(seed, g)
    both = np.isin(cluster, np.intersect1d(cluster[treated == 1], cluster[treated == 0]))
    treated, cluster, y = treated[both], cluster[both], y[both]
    if len(np.unique(cluster)) < 3:
        return
    e = fixed_effects(*strata_of(cluster, treated, cluster, y))
    dummies = (cluster[:, None] == np.unique(cluster)).astype(float)
    fit = sm.OLS(y, np.column_stack([treated, dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    groups = dummies.shape[1]
    assert e.estimate == pytest.approx(fit.params[0], rel=1e-9)
    assert e.std_error == pytest.approx(fit.bse[0] * math.sqrt(groups / (groups - 1)), rel=1e-9)


def test_fixed_effects_of_large_strata_are_by_cluster():
    rng = np.random.default_rng(8)
    stratum = np.repeat(np.arange(3), 25)
    arm = np.concatenate([rng.permutation(np.arange(25) % 2) for _ in range(3)])
    size = rng.integers(2, 9, 75)
    cluster, treated, strata = (np.repeat(v, size) for v in (np.arange(75), arm, stratum))
    y = 3.0 * strata + treated + rng.normal(0, 1, 75)[cluster] + rng.normal(0, 1, len(cluster))
    e = fixed_effects(*strata_of(strata, treated, cluster, y))
    design = np.column_stack([treated, (strata[:, None] == np.arange(3)).astype(float)])
    fit = by_cluster(y, design, cluster)
    assert (e.estimate, e.std_error) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-9)
    assert 20 < e.df < 71


def test_clusters_in_several_strata_are_refused():
    treated, cluster, y, _, _ = developers(2)
    parts, whole = strata_of(np.arange(len(y)) % 2, treated, cluster, y)
    assert "several strata" in fixed_effects(parts, whole).reason
