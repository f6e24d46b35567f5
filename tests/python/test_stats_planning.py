"""Plans, parts of the units, and the checks of health: published figures, statsmodels, simulation, degenerate input."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from ai_impact_stats.estimators.checks import (
    balance,
    interference,
    novelty,
    past_difference,
    sample_ratio_within,
    stopped_early,
)
from ai_impact_stats.estimators.effects import difference
from ai_impact_stats.estimators.estimate import Estimate, missing, wald
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.estimators.planning import design_effect, effective_variance, plan, remaining_variance
from ai_impact_stats.estimators.segments import OTHER, collapsed, heterogeneity

NOTHING = missing("No units.")


def test_published_sample_sizes():
    assert plan(100, 0.3, 1000, 8, power=0.85).sample_size == pytest.approx(39_906, rel=0.005)
    assert plan(0.34 * 0.66, 0.003, 1000, 8, power=0.85).sample_size == pytest.approx(897_348, rel=0.005)


@given(
    st.floats(0.05, 0.5),
    st.floats(1, 10),
    st.sampled_from([0.01, 0.05]),
    st.sampled_from([0.8, 0.9]),
    st.sampled_from([0.2, 0.5, 0.7]),
)
def test_sample_size_equals_statsmodels(effect, variance, alpha, power, share):
    treated = NormalIndPower().solve_power(
        effect / math.sqrt(variance), None, alpha, power, ratio=(1 - share) / share, alternative="two-sided"
    )
    # Its solver stops at ten units.
    assume(math.isfinite(treated))
    mine = plan(variance, effect, 10, 8, alpha, power, share)
    assert mine.sample_size == pytest.approx(treated / share, abs=1.01, rel=1e-4)


@given(st.floats(0.1, 10), st.integers(8, 12), st.floats(20, 5000))
def test_detectable_effect_is_the_inverse_of_the_sample_size(variance, weeks, inflow):
    found = plan(variance, None, inflow, weeks)
    again = plan(variance, found.detectable, inflow, weeks)
    assert again.sample_size == pytest.approx(found.units, abs=2)
    assert abs(again.weeks_needed - weeks) <= 1
    assert plan(variance, None, inflow, weeks + 1).detectable < found.detectable


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((math.nan, 0.1, 10, 8), "variance"),
        ((0.0, 0.1, 10, 8), "variance"),
        ((1.0, 0.1, 0, 8), "No units"),
        ((1.0, 0.1, None, 8), "No units"),
        ((1.0, 0.1, 0.1, 8), "Fewer than 4"),
        ((1.0, 0.1, 10, 8, 0.05, 0.8, 0.0), "share"),
    ],
)
def test_plans_that_cannot_be_made(arguments, word):
    found = plan(*arguments)
    assert word in found.reason
    assert found.detectable is None


def test_a_finite_population_may_be_too_small():
    found = plan(1.0, 0.1, 100, 12, most_units=300)
    assert (found.units, found.weeks_needed) == (300, None)
    assert found.reason == "3140 units are needed, and no more than 300 are known."
    assert plan(1.0, 0.4, 100, 12, most_units=300).reason is None


def test_looks_cost_units():
    """Times the units, and the root of it times the effect; where the factor depends on n, at that n."""
    once, looked = plan(1.0, 0.1, 100, 12), plan(1.0, 0.1, 100, 12, inflation=lambda n: 1.2)
    assert looked.sample_size == math.ceil(1.2 * once.sample_size)
    assert looked.weeks_needed == math.ceil(looked.sample_size / 100)
    assert looked.detectable == pytest.approx(once.detectable * math.sqrt(1.2))
    falling = plan(1.0, 0.1, 100, 12, inflation=lambda n: 1 + 1000 / n)
    assert falling.sample_size == pytest.approx(once.sample_size * (1 + 1000 / falling.sample_size), abs=1)


def test_design_effect_of_equal_clusters():
    """20 units of one cluster, ICC .05: 1.95 (Donner and Klar 2000). Unequal sizes cost more."""
    assert design_effect(20, 0.05) == pytest.approx(1.95)
    assert design_effect(20, 0.05, 0.5) == pytest.approx(1 + (20 * 1.25 - 1) * 0.05)


def test_effective_variance_of_clusters_contains_the_design_effect():
    rng, m, g, icc = np.random.default_rng(1), 20, 4000, 0.2
    cluster = np.repeat(np.arange(g), m)
    y = rng.normal(0, math.sqrt(icc), g)[cluster] + rng.normal(0, math.sqrt(1 - icc), g * m)
    clustered, plain = UnitMoments.from_clusters(cluster, y), UnitMoments.from_rows(y)
    assert effective_variance(plain) == pytest.approx(plain.var_y)
    assert effective_variance(clustered) / effective_variance(plain) == pytest.approx(design_effect(m, icc), rel=0.05)
    assert math.isnan(effective_variance(UnitMoments.from_rows([1.0])))


def test_remaining_variance_is_one_less_r_squared():
    rng = np.random.default_rng(2)
    x = rng.normal(0, 1, 4000)
    y = 0.6 * x + rng.normal(0, 0.8, 4000)
    pair = [UnitMoments.from_rows(y[k::2], x=x[k::2]) for k in (0, 1)]
    r = stats.pearsonr(x, y).statistic
    assert remaining_variance(*pair) == pytest.approx(1 - r**2, abs=0.01)
    plain = [UnitMoments.from_rows(y[k::2]) for k in (0, 1)]
    assert remaining_variance(*plain) == 1.0


def part(n, shift=0.0, m=None):
    rng = np.random.default_rng(n)
    return {a: UnitMoments.from_rows(rng.normal(shift, 1, m or n)) for a in ("t", "c")}


def test_overflow_goes_to_other():
    parts = {f"s{k:02}": part(10 + k) for k in range(15)}
    found = collapsed(parts, ["t", "c"], limit=4)
    assert list(found) == ["s14", "s13", "s12", "s11", OTHER]
    assert found[OTHER]["t"].n == sum(10 + k for k in range(11))


def test_no_shown_part_is_small_nor_can_be_subtracted():
    parts = {"a": part(50), "b": part(20), "c": part(3)}
    assert {name: p["t"].n for name, p in collapsed(parts, ["t", "c"]).items()} == {"a": 50, OTHER: 23}
    assert collapsed({"a": part(50), "c": part(3)}, ["t", "c"]) == {}
    assert collapsed({"a": part(50)}, ["t", "c"]) == {}
    assert collapsed({}, ["t", "c"]) == {}
    one_sided = {"a": part(50), "b": {"t": part(50)["t"]}, "d": part(40)}
    assert set(collapsed(one_sided, ["t", "c"])) == {"a", OTHER}


@given(st.lists(st.integers(1, 30), min_size=1, max_size=14), st.integers(1, 6))
def test_parts_add_up_and_hold_k(sizes, limit):
    parts = {f"s{i}": part(n) for i, n in enumerate(sizes)}
    found = collapsed(parts, ["t", "c"], limit=limit)
    assert len(found) != 1
    if found:
        assert sum(p["t"].n for p in found.values()) == sum(sizes)
        assert all(p[a].n >= 5 for p in found.values() for a in ("t", "c"))
        assert len([name for name in found if name != OTHER]) <= limit


def test_heterogeneity_of_a_known_case():
    parts = [wald(d, s**2, math.inf, 10, 10, 0.05) for d, s in ((0.1, 0.1), (0.5, 0.2), (0.3, 0.1))]
    w = np.array([100, 25, 100])
    d = np.array([0.1, 0.5, 0.3])
    q = (w * (d - w @ d / w.sum()) ** 2).sum()
    found = heterogeneity([*parts, NOTHING])
    assert (found.statistic, found.df) == (pytest.approx(q), 2)
    assert found.p_value == pytest.approx(stats.chi2.sf(q, 2))
    assert heterogeneity([parts[0], NOTHING]).p_value is None


def test_heterogeneity_keeps_its_level():
    rng, rejected = np.random.default_rng(3), 0
    for _ in range(2000):
        found = heterogeneity(
            [difference(*(Arm.from_values(rng.normal(0, 1, 100)) for _ in range(2))) for _ in range(4)]
        )
        rejected += found.p_value < 0.05
    assert 0.035 <= rejected / 2000 <= 0.07


def test_ratio_by_day():
    days = {f"d{k}": {"t": 100, "c": 100} for k in range(10)}
    assert sample_ratio_within(days, {"t": 1, "c": 1}, "day").passed
    broken = sample_ratio_within({**days, "d3": {"t": 150, "c": 60}}, {"t": 1, "c": 1}, "day")
    assert broken.passed is False
    assert "d3" in broken.detail
    assert sample_ratio_within({"d0": {"t": 3, "c": 2}}, {"t": 1, "c": 1}, "day").passed is None
    assert sample_ratio_within({}, {}, "day").passed is None


def test_past_and_balance():
    assert past_difference({}).passed is None
    assert past_difference({"m": (Arm(100, 1, 1), Arm(100, 0, 1))}).passed is False
    smd, ratio = balance(Arm(100, 1.0, 4.0), Arm(100, 0.0, 1.0))
    assert (smd, ratio) == (pytest.approx(1 / math.sqrt(2.5)), 4.0)
    assert balance(Arm(3, 1.0, 0.0), Arm(3, 1.0, 0.0)) == (None, None)
    assert balance(Arm(3, math.nan, math.nan), Arm(3, 1.0, 0.0)) == (None, None)


def weekly(effects, se=0.1):
    return {k: wald(e, se**2, math.inf, 10, 10, 0.05) for k, e in enumerate(effects)}


def test_novelty():
    assert novelty(weekly([0.5, 0.5, 0.5, 0.5])).passed
    fading = novelty(weekly([1.0, 0.7, 0.4, 0.1]))
    assert (fading.passed, fading.statistic) == (False, pytest.approx(-0.3))
    assert novelty(weekly([1.0, 0.1])).passed is None
    assert novelty({0: NOTHING, 1: NOTHING, 2: NOTHING}).passed is None


def test_interference_and_early_stop():
    assert interference(None).passed is None
    assert interference(0.0).passed
    assert interference(0.4).passed is False
    assert stopped_early(84, 84).passed
    assert stopped_early(84, 42).passed is False
    assert stopped_early(84, 42, looks_were_planned=True).passed
    assert stopped_early(None, 42).passed is None
    assert isinstance(NOTHING, Estimate)
