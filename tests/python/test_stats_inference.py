"""Quantiles, sequential inference, posteriors and margins: published values, simulation, degenerate input."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from ai_impact_stats.estimators.bayes import non_inferiority, posterior
from ai_impact_stats.estimators.effects import difference
from ai_impact_stats.estimators.estimate import Estimate, missing
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.estimators.quantiles import quantile_arm
from ai_impact_stats.estimators.sequential import (
    always_valid,
    always_valid_inflation,
    group_sequential_bounds,
    looks_inflation,
    mixing_scale,
    obrien_fleming_spending,
    planned_power,
    pocock_spending,
    readings,
    repeated_interval,
    repeated_p_value,
)

NOTHING = missing("No units.")


def binned(y, probability, cluster=None, bins=None):
    """An arm's quantile from bins as SQL makes them: of equal counts, by rank."""
    y = np.sort(y) if cluster is None else np.asarray(y)
    order = np.argsort(y, kind="stable")
    point = np.quantile(y, probability, method="inverted_cdf")
    below = (y <= point).astype(float)
    share = UnitMoments.from_rows(below) if cluster is None else UnitMoments.from_clusters(cluster, below)
    n = len(y)
    label = np.arange(n) if bins is None else np.ceil((np.arange(n) + 1) * bins / n).astype(int)
    edges = np.flatnonzero(np.diff(label, append=label[-1] + 1)) + 1
    starts = np.r_[0, edges[:-1]]
    ascending = y[order]
    return quantile_arm(probability, point, ascending[starts], ascending[edges - 1], edges, share.ratio())


def test_median_of_a_hundred():
    """Half of the units of 1..100 lie below 50.5; those at 50 and 51 are counted in part."""
    arm = binned(np.arange(1.0, 101), 0.5)
    variance = (0.25 - 0.01 * 2 * 0.75 * 0.25) / 99
    assert arm.mean == 50.5
    assert math.sqrt(arm.variance / arm.n) == pytest.approx(100 * math.sqrt(variance))


@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.77]), st.integers(40, 400))
def test_quantiles_without_ties_are_those_of_numpy(seed, probability, n):
    """Hazen's definition, where no value is shared; any order of units is the same."""
    y = np.random.default_rng(seed).lognormal(0, 1, n)
    if n * min(probability, 1 - probability) < 10:
        return
    arm = binned(y, probability)
    assert arm.mean == pytest.approx(float(np.quantile(y, probability, method="hazen")), rel=1e-9)
    assert binned(y[::-1], probability) == arm


def test_the_mid_quantile_of_a_count():
    """Ma, Genton and Parzen (2011): of shares .3, .5 and .2 at 0, 1 and 2 the mid-distribution is .15, .55 and .9."""
    arm = binned(np.repeat([0.0, 1.0, 2.0], [30, 50, 20]), 0.5)
    assert arm.mean == pytest.approx(0.35 / 0.4)
    along = 0.875
    variance = 0.25 - 0.3 * (1 + along) / 2 * (1 - along) / 2 - 0.5 * along / 2 * (1 - along / 2)
    assert math.sqrt(arm.variance / arm.n) == pytest.approx(math.sqrt(variance / 99) / 0.4)


SCALES = {
    "counts": lambda rng, n: rng.poisson(3, n),
    "rare counts": lambda rng, n: rng.poisson(1, n),
    "1 to 5": lambda rng, n: rng.choice(5, n, p=[0.05, 0.15, 0.3, 0.35, 0.15]) + 1,
    "mostly 5": lambda rng, n: rng.choice(5, n, p=[0.02, 0.03, 0.1, 0.25, 0.6]) + 1,
    "rounded": lambda rng, n: np.round(rng.lognormal(0, 1, n), 1),
}


@pytest.mark.parametrize(
    ("name", "probability"), [(name, 0.5) for name in SCALES] + [("counts", 0.9), ("rounded", 0.9)]
)
def test_quantiles_of_values_that_many_units_share(name, probability):
    """No effect: the usual quantile differs in 22 % of counts, and in 75 % of a scale where its error is 0."""
    rng, found, runs = np.random.default_rng(7), 0, 1500
    for _ in range(runs):
        pair = [binned(SCALES[name](rng, 200).astype(float), probability) for _ in range(2)]
        found += difference(*pair).p_value < 0.05
    assert 0.035 - 0.017 < found / runs < 0.065 + 0.017


@example(360101, 0.9, 24911)
@example(657617, 0.9, 3249)
@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.9]), st.integers(401, 40_000))
def test_bins_hardly_matter(seed, probability, n):
    """As many bins as SQL makes, however many units. Where a bin is a quarter of the stretch that the slope is read
    from, the error may differ by as much; mostly it differs by a few percent, and to neither side (next test)."""
    y = np.random.default_rng(seed).lognormal(0, 1, n)
    exact, coarse = binned(y, probability), binned(y, probability, bins=400)
    error = math.sqrt(exact.variance / exact.n)
    assert abs(coarse.mean - exact.mean) < 0.1 * error
    assert math.sqrt(coarse.variance / coarse.n) == pytest.approx(error, rel=0.25)


def test_bins_move_the_error_of_a_quantile_by_little_and_to_neither_side():
    moved = []
    for seed in range(600):
        y = np.random.default_rng(seed).lognormal(0, 1, 401 + 37 * seed)
        exact, coarse = (binned(y, (0.1, 0.5, 0.9)[seed % 3], bins=bins) for bins in (None, 400))
        moved.append(math.sqrt(coarse.variance / exact.variance) - 1)
    assert abs(np.mean(moved)) < 0.005
    assert np.quantile(np.abs(moved), 0.95) < 0.08


@given(st.integers(0, 2**32), st.integers(401, 5000))
def test_bins_hardly_matter_to_counts(seed, n):
    y = np.random.default_rng(seed).poisson(3, n).astype(float)
    exact, coarse = binned(y, 0.5), binned(y, 0.5, bins=400)
    assert abs(coarse.mean - exact.mean) < 0.2 * math.sqrt(exact.variance / exact.n)
    assert coarse.variance == pytest.approx(exact.variance, rel=0.1)


@pytest.mark.parametrize("probability", [0.5, 0.9])
def test_interval_of_a_quantile_covers(probability):
    rng, hits = np.random.default_rng(1), 0
    truth = float(stats.lognorm(1).ppf(probability))
    for _ in range(2000):
        a, b = (binned(rng.lognormal(0, 1, 300), probability) for _ in range(2))
        e = difference(Arm(a.n, a.mean - truth, a.variance), Arm(b.n, b.mean - truth, b.variance))
        hits += e.ci_low <= 0 <= e.ci_high
    assert 0.935 <= hits / 2000 <= 0.985


def test_interval_of_a_quantile_covers_under_clustering():
    """Units of a cluster alike: independent units' interval would miss every third time."""
    rng, hits, naive = np.random.default_rng(2), 0, 0
    cluster = np.repeat(np.arange(40), 25)
    for _ in range(1000):
        samples = [rng.normal(0, 1, 40)[cluster] + rng.normal(0, 1, 1000) for _ in range(2)]
        e = difference(*(binned(y, 0.5, cluster) for y in samples))
        hits += e.ci_low <= 0 <= e.ci_high
        e = difference(*(binned(y, 0.5) for y in samples))
        naive += e.ci_low <= 0 <= e.ci_high
    assert 0.93 <= hits / 1000 <= 0.98
    assert naive / 1000 < 0.7


def test_quantiles_that_cannot_be_estimated():
    assert "no units" in quantile_arm(0.5, math.nan, [], [], [], Arm(0, math.nan, math.nan))
    assert "one unit" in quantile_arm(0.5, 1.0, [1], [1], [1], Arm(1, 1.0, math.nan))
    assert "between 0 and 1" in quantile_arm(1.5, 1.0, [1], [1], [2], Arm(2, 1.0, 0.1))
    assert "too few" in binned(np.arange(90.0), 0.9)
    assert isinstance(binned(np.arange(100.0), 0.9), Arm)
    most = binned(np.repeat([1.0, 2.0, 5.0], [40, 40, 120]), 0.9)
    assert "60% of an arm's units that have its greatest value, 5" in most
    alike = UnitMoments.from_clusters(np.arange(60) // 6, np.ones(60))
    assert "over clusters is unknown" in quantile_arm(0.5, 3.0, [1, 3], [1, 3], [20, 60], alike.ratio())
    tied = binned(np.full(50, 3.0), 0.5)
    assert isinstance(tied, Arm)
    assert "variance is 0" in difference(tied, tied).reason


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        # Lan and DeMets' functions at five equal looks, two-sided .05, as in the tables of Jennison and Turnbull (1999)
        # and of the programme of Reboussin, DeMets, Kim and Lan (2000).
        ("obrien_fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_boundaries_match_the_published_ones(spending, published):
    assert group_sequential_bounds([0.2, 0.4, 0.6, 0.8, 1.0], 0.05, spending) == pytest.approx(published, abs=2e-4)


def test_one_look_is_the_plain_test():
    for spending in ("obrien_fleming", "pocock"):
        assert group_sequential_bounds([1.0], 0.05, spending) == pytest.approx([1.959964], abs=1e-5)


def test_spending_ends_at_alpha():
    assert obrien_fleming_spending(1, 0.05) == pytest.approx(0.05)
    assert pocock_spending(1, 0.05) == pytest.approx(0.05)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_planned_looks_keep_the_error(spending):
    looks = np.array([0.15, 0.5, 0.7, 1.0])
    bounds = np.array(group_sequential_bounds(looks, 0.05, spending))
    steps = np.random.default_rng(3).normal(0, np.sqrt(np.diff(looks, prepend=0)), (200_000, 4))
    z = steps.cumsum(axis=1) / np.sqrt(looks)
    assert (np.abs(z) > bounds).any(axis=1).mean() == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_reading_every_day_keeps_the_error(spending):
    """Marts are rebuilt daily, so an experiment of 28 days is read on every day from its first look on."""
    days, looks = 28, (0.2, 0.4, 0.6, 0.8, 1.0)
    steps = np.random.default_rng(6).normal(0, math.sqrt(1 / days), (100_000, days))
    fractions = np.arange(1, days + 1) / days
    z = np.abs(steps.cumsum(axis=1) / np.sqrt(fractions))
    bounds = np.full(days, np.inf)
    for k, fraction in enumerate(fractions):
        read = readings(looks, days, fraction)
        if read:
            bounds[k] = group_sequential_bounds(read, 0.05, spending)[-1]
    assert np.isinf(bounds[:5]).all() and np.isfinite(bounds[5:]).all()
    assert (z > bounds).any(axis=1).mean() == pytest.approx(0.05, abs=0.0025)
    # With the boundary of the look that was reached last, Pocock's misses in 7 %.
    reached = np.searchsorted(np.array(looks) - 1e-9, fractions, side="right")
    before = np.r_[np.inf, group_sequential_bounds(looks, 0.05, spending)][reached]
    assert (z > before).any(axis=1).mean() > (0.065 if spending == "pocock" else 0.05)


@given(st.floats(0.01, 1), st.floats(0.5, 900), st.floats(0, 1))
def test_readings_are_a_day_apart_and_end_now(first, days, fraction):
    read = readings((first, 1.0), days, fraction)
    assert bool(read) == (fraction >= first - 1e-9)
    assert len(read) <= 61
    if read:
        assert read[-1] == fraction and read[0] >= first - 1e-6
        step = max(1 / days, (1 - first) / 60)
        assert np.diff(read) == pytest.approx(step) and read[0] - step < first
    assert readings((first, 1.0), None, fraction) == ((fraction,) if read else ())


@pytest.mark.parametrize("looks", [[], [0.5, 0.5], [0.0, 1.0], [0.5, 1.2], [0.8, 0.4]])
def test_looks_that_are_no_plan(looks):
    with pytest.raises(ValueError, match="ascending"):
        group_sequential_bounds(looks)


def test_unknown_spending():
    with pytest.raises(ValueError, match="haybittle"):
        group_sequential_bounds([1.0], spending="haybittle")


def test_repeated_interval_uses_the_bound_at_the_t_distribution():
    e = difference(Arm(8, 1.0, 1.0), Arm(8, 0.0, 1.0))
    low, high = repeated_interval(e, stats.norm.ppf(0.975))
    assert (low, high) == pytest.approx((e.ci_low, e.ci_high), rel=1e-9)
    assert repeated_interval(NOTHING, 2.0) == (None, None)


def test_always_valid_formula():
    e, n, alpha, tuned = difference(Arm(500, 0.2, 1.0), Arm(700, 0.0, 2.0)), 1200, 0.05, 3000
    low, high, p = always_valid(e, alpha=alpha, tuned_for=tuned)
    rho, sigma = mixing_scale(tuned, alpha), e.std_error * math.sqrt(n)
    half = sigma * math.sqrt(2 * (n * rho**2 + 1) / (n**2 * rho**2) * math.log(math.sqrt(n * rho**2 + 1) / alpha))
    assert (low, high) == pytest.approx((e.estimate - half, e.estimate + half), rel=1e-12)
    assert (p < alpha) == (low > 0 or high < 0)
    assert low < e.ci_low
    assert high > e.ci_high
    assert always_valid(NOTHING) == (None, None, None)


@given(st.floats(-5, 5), st.floats(0.05, 3), st.integers(10, 10**6), st.sampled_from([0.01, 0.05, 0.1]))
def test_always_valid_p_agrees_with_its_interval(effect, variance, n, alpha):
    e = difference(Arm(n, effect, variance), Arm(n, 0.0, variance))
    low, high, p = always_valid(e, alpha=alpha)
    excludes = low > 0 or high < 0
    assert 0 <= p <= 1
    if abs(p - alpha) > 1e-9:
        assert (p < alpha) == excludes


def test_continuous_peeking_keeps_the_error():
    """Looking after every tenth unit from the 50th of each arm on; the plain interval misses every other time."""
    rng, runs, n = np.random.default_rng(4), 1000, 1500
    t, c = rng.normal(0, 1, (2, runs, n))
    at = np.arange(50, n + 1, 10)

    def path(y):
        mean = y.cumsum(axis=1)[:, at - 1] / at
        return mean, ((y**2).cumsum(axis=1)[:, at - 1] - at * mean**2) / (at - 1)

    (mt, vt), (mc, vc) = path(t), path(c)
    se = np.sqrt((vt + vc) / at)
    rho = mixing_scale(5000) ** 2
    spread = 2 * at * rho
    half = se * np.sqrt(2 * (spread + 1) / spread * np.log(np.sqrt(spread + 1) / 0.05))
    assert (np.abs(mt - mc) > half).any(axis=1).mean() <= 0.05
    assert (np.abs(mt - mc) > 1.96 * se).any(axis=1).mean() > 0.3


def test_flat_posterior_is_the_likelihood():
    e = difference(Arm(400, 1.1, 4.0), Arm(400, 1.0, 4.0))
    found = posterior(e)
    assert (found.mean, found.std_dev) == (e.estimate, e.std_error)
    assert found.probability_better == pytest.approx(stats.norm.cdf(e.estimate / e.std_error))
    draws = np.random.default_rng(5).normal(e.estimate, e.std_error, 2_000_000)
    assert found.expected_loss == pytest.approx(np.maximum(0, -draws).mean(), rel=0.01)
    down = posterior(e, "down")
    assert down.probability_better == pytest.approx(1 - found.probability_better)
    assert down.expected_loss == pytest.approx(np.maximum(0, draws).mean(), rel=0.01)


def test_normal_prior_shrinks():
    e = difference(Arm(400, 1.1, 4.0), Arm(400, 1.0, 4.0))
    found = posterior(e, prior_sd=e.std_error)
    assert found.mean == pytest.approx(e.estimate / 2)
    assert found.std_dev == pytest.approx(e.std_error / math.sqrt(2))
    assert posterior(NOTHING).probability_better is None


def test_non_inferiority():
    e = difference(Arm(1000, 0.99, 1.0), Arm(1000, 1.0, 1.0))
    holds, p = non_inferiority(e, 0.2)
    assert holds
    assert p == pytest.approx(stats.t.sf((e.estimate + 0.2) / e.std_error, e.df))
    assert not non_inferiority(e, 0.05)[0]
    assert non_inferiority(e, 0.08, "down")[0] == (e.ci_high < 0.08)
    assert non_inferiority(NOTHING, 0.1) == (None, None)
    assert non_inferiority(e, 0.0) == (None, None)


@given(st.floats(-2, 2), st.floats(0.01, 1), st.sampled_from(["up", "down"]))
def test_non_inferiority_is_read_off_the_interval(effect, margin, direction):
    e = difference(Arm(50, effect, 1.0), Arm(60, 0.0, 2.0))
    holds, p = non_inferiority(e, margin, direction)
    if abs(p - 0.025) > 1e-9:
        assert holds == (p < 0.025)


@pytest.mark.parametrize(
    ("constant", "shape", "power", "times"),
    [
        (2.413, 0.0, 0.8, 1.228),
        (2.413, 0.0, 0.9, 1.206),
        (2.178, 0.0, 0.8, 1.110),
        (2.040, 0.5, 0.8, 1.028),
        (2.040, 0.5, 0.9, 1.026),
        (1.977, 0.5, 0.8, 1.008),
    ],
)
def test_power_of_planned_looks_matches_the_published_sizes(constant, shape, power, times):
    """Jennison and Turnbull's tables of maximum sample sizes at α = .05: Pocock's and O'Brien and Fleming's constants,
    five and two looks. The units that they ask for have the power that was asked for."""
    looks = 2 if constant in (2.178, 1.977) else 5
    fractions = [(k + 1) / looks for k in range(looks)]
    bounds = [constant * t**-shape for t in fractions]
    single = float(stats.norm.ppf(0.975) + stats.norm.ppf(power))
    assert planned_power(single * math.sqrt(times), fractions, bounds) == pytest.approx(power, abs=6e-4)
    assert planned_power(0.0, fractions, bounds) == pytest.approx(0.05, abs=2e-4)


def test_inflation_of_planned_looks():
    assert looks_inflation((1.0,), 0.05, 0.8, "pocock") == pytest.approx(1, abs=1e-5)
    five = tuple((k + 1) / 5 for k in range(5))
    assert looks_inflation(five, 0.05, 0.8, "obrien_fleming") == pytest.approx(1.028, abs=0.006)
    assert looks_inflation(five, 0.05, 0.8, "pocock") == pytest.approx(1.228, abs=0.02)


def test_inflation_of_an_interval_that_holds_at_any_time():
    """The effect that is planned for lies outside of the interval, read once at the end, as often as was planned."""
    n, power = 4000, 0.8
    times = always_valid_inflation(n, 0.05, power)
    shift = (stats.norm.ppf(0.975) + stats.norm.ppf(power)) * math.sqrt(times)
    outside = [always_valid(Estimate(z, 1.0, 0, 0, 0, n // 2, n // 2))[0] > 0 for z in np.linspace(0, 12, 4001)]
    critical = np.linspace(0, 12, 4001)[outside.index(True)]
    assert stats.norm.sf(critical - shift) == pytest.approx(power, abs=0.002)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize("fractions", [(0.2,), (0.5, 1.0), (0.25, 0.5, 0.75, 1.0), (0.1, 0.3)])
def test_the_repeated_p_value_is_the_level_whose_boundary_is_met(spending, fractions):
    """The curve through 24 levels, against the boundary that is solved for at the level it gives."""
    for z in np.linspace(0.3, 5.5, 27):
        p = repeated_p_value(z, fractions, len(fractions) - 1, spending)
        if 1e-11 < p < 0.99:
            assert group_sequential_bounds(fractions, p, spending)[-1] == pytest.approx(
                z, abs=2e-5 if p < 0.5 else 1e-4
            ), (z, p)
    assert [repeated_p_value(z, fractions, len(fractions) - 1, spending) for z in (0.0, -0.0)] == [1.0, 1.0]
    falling = [repeated_p_value(z, fractions, len(fractions) - 1, spending) for z in np.linspace(0, 12, 100)]
    assert all(a >= b for a, b in pairwise(falling))
