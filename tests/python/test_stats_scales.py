"""Logarithms, shares and their intervals: what is relative, what holds, and that both scales say the same."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import arm_of_sums
from scipy import stats

from ai_impact_stats.designs.design import Design
from ai_impact_stats.designs.grading import one_verdict
from ai_impact_stats.designs.rows import correct, decide, effect_rows
from ai_impact_stats.estimators.bayes import non_inferiority, posterior
from ai_impact_stats.estimators.effects import (
    cuped,
    difference,
    events_of,
    lopsided,
    relative_difference,
    relative_effect,
    unreliable,
)
from ai_impact_stats.estimators.estimate import as_multiple, as_share
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.estimators.sequential import always_valid, repeated_interval
from ai_impact_stats.io.registry import read_experiment

FEW = Arm.from_proportion(1, 1000), Arm.from_proportion(5, 1000)
PUBLISHED = arm_of_sums(2422.7, 134698.29, 3461), arm_of_sums(1396.87, 52377.9767, 3407)


def test_one_event_against_five():
    """Published: p = .10; the delta method's interval, 37 % to 123 %, is none of a fall."""
    absolute, delta = difference(*FEW), relative_difference(*FEW)
    assert absolute.p_value == pytest.approx(0.10, abs=0.005)
    assert (-delta.ci_high, -delta.ci_low) == pytest.approx((0.37, 1.23), abs=0.01)
    e = relative_effect(*FEW)
    assert (e.estimate, e.p_value) == (pytest.approx(-0.8), absolute.p_value)
    assert -1 < e.ci_low < -0.9 and e.ci_high > 0


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0528, 0.3382),
        ((9, 10, 3, 10), 0.1700, 0.8406),
        ((6, 7, 2, 7), 0.0342, 0.8534),
        ((5, 56, 0, 29), -0.0326, 0.1933),
    ],
)
def test_score_intervals_are_the_published_ones(counts, low, high):
    """Newcombe (1998), "Interval estimation for the difference between independent proportions", table II, method of
    Miettinen and Nurminen."""
    e = difference(Arm.from_proportion(*counts[:2]), Arm.from_proportion(*counts[2:]))
    assert (e.ci_low, e.ci_high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(2, 400), st.integers(2, 400), st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.3, 0.05, 0.001]))
def test_score_intervals_end_where_their_test_turns(n, m, share, other, alpha):
    """On both scales, at any level; they agree about 0, and a fall is no larger than all."""
    t, c = Arm.from_proportion(round(n * share), n), Arm.from_proportion(round(m * other), m)
    absolute, relative = difference(t, c, alpha), relative_effect(t, c, alpha)
    if absolute.estimate is None:
        return
    z = float(stats.norm.isf(alpha / 2))
    for e, floor in ((absolute, -1.0), (relative, -1.0)):
        if e.estimate is None:
            assert c.mean == 0 and "no events" in e.reason
            continue
        assert floor <= e.ci_low <= e.estimate + 1e-12 and e.estimate - 1e-12 <= e.ci_high
        assert e.p_value == absolute.p_value
        if abs(e.p_value - alpha) > 1e-6:
            assert (e.ci_low > 0 or e.ci_high < 0) == (e.p_value < alpha)
        for end in (e.ci_low, e.ci_high):
            if end > -1 and (e is relative or end < 1):
                assert abs(e.statistic(end)) == pytest.approx(z, abs=1e-5)
    # The other way round it is the same interval, mirrored.
    mirrored = difference(c, t, alpha)
    assert (-mirrored.ci_high, -mirrored.ci_low) == pytest.approx((absolute.ci_low, absolute.ci_high), abs=1e-8)


@pytest.mark.parametrize(
    "pair", [PUBLISHED, FEW, (Arm(30, -5.0, 4.0), Arm(40, -10.0, 9.0)), (Arm(9, 3, 2), Arm(8, 2, 1))]
)
def test_the_share_says_what_the_difference_says(pair):
    """Fieller's interval leaves out 0 where Welch's does, with one p value, at every level and at every look."""
    for alpha in (0.001, 0.02, 0.05, 0.3):
        absolute, relative = difference(*pair, alpha), relative_effect(*pair, alpha)
        assert relative.estimate is None or relative.p_value == absolute.p_value
        if relative.estimate is not None:
            assert (relative.ci_low > 0, relative.ci_high < 0) == (absolute.ci_low > 0, absolute.ci_high < 0)
            assert relative.estimate * absolute.estimate > 0
            assert relative.ci_low < relative.estimate < relative.ci_high
    absolute, relative = difference(*pair), relative_effect(*pair)
    assert always_valid(relative)[2] == pytest.approx(always_valid(absolute)[2], rel=1e-12)
    assert posterior(relative).probability_better == pytest.approx(posterior(absolute).probability_better, rel=1e-12)
    low, high = repeated_interval(relative, 2.2)
    if low is not None:
        first, last = repeated_interval(absolute, 2.2)
        assert (low > 0, high < 0) == (first > 0, last < 0)


def test_the_ends_of_the_share_are_where_its_test_turns():
    e = relative_effect(*PUBLISHED)
    t, c = PUBLISHED
    for end in (e.ci_low, e.ci_high):
        by_hand = (t.mean - (1 + end) * c.mean) / math.sqrt(t.variance / t.n + (1 + end) ** 2 * c.variance / c.n)
        assert abs(by_hand) == pytest.approx(1.9603, abs=2e-4)
        assert e.statistic(end) == pytest.approx(by_hand, rel=1e-9)
    # The same standard error as the delta method's, whose interval is symmetric about the estimate and holds 0.
    assert e.std_error == pytest.approx(relative_difference(*PUBLISHED).std_error, rel=1e-9)
    assert e.ci_low > 0 > relative_difference(*PUBLISHED).ci_low


def test_shares_of_levels_below_zero_keep_the_sign_of_the_change():
    """From -10 to -5 is a rise by half of what it was, in every design."""
    e = relative_effect(Arm(50, -5, 1), Arm(50, -10, 1))
    assert e.estimate == 0.5 and e.ci_low > 0
    share = as_share(difference(Arm(50, -5, 1), Arm(50, -10, 1)), -10.0, (0.02, 0.0, 0.02), 0.05)
    assert (share.estimate, share.ci_low, share.ci_high) == pytest.approx((e.estimate, e.ci_low, e.ci_high))


@pytest.mark.parametrize("unit", [1.0, 100.0, 1000.0])
def test_a_doubling_of_logarithms_is_a_hundred_percent(unit):
    values = np.exp(np.random.default_rng(5).normal(3, 1, 300)) * unit
    x = np.log(values) + np.random.default_rng(6).normal(0, 0.3, 300)
    t, c = (UnitMoments.from_rows(np.log(v), x=x) for v in (2 * values, values))
    for log in (difference(t.ratio(), c.ratio()), cuped(t, c)):
        e = as_multiple(log)
        assert e.estimate == pytest.approx(1, rel=1e-9)
        assert (e.ci_low, e.ci_high) == pytest.approx((math.expm1(log.ci_low), math.expm1(log.ci_high)))
        assert e.p_value == log.p_value
        assert always_valid(e)[0] == pytest.approx(math.expm1(always_valid(log)[0]))
        # A margin of a tenth is ln .9 on the logarithm.
        assert non_inferiority(e, 0.1) == non_inferiority(log, -math.log(0.9))
    assert as_multiple(log.because("No.")).reason == "No."


def misses(rng, draw, n, m, ratio, reps):
    """Shares of intervals for `ratio` - 1 that are shown and miss it (delta method, ours), and that are flagged."""
    counts = np.zeros(4)
    for _ in range(reps):
        t, c = draw(rng, n, ratio), draw(rng, m, 1.0)
        delta, ours = relative_difference(t, c), relative_effect(t, c)
        shown = ours.estimate is not None and unreliable(t, c) is None
        if delta.estimate is not None:
            counts[0] += not delta.ci_low <= ratio - 1 <= delta.ci_high
        if shown:
            counts[1] += not ours.ci_low <= ratio - 1 <= ours.ci_high
        counts[2] += not shown
        counts[3] += shown
    return counts[0] / reps, counts[1] / max(counts[3], 1), counts[2] / reps


def lognormal(sigma):
    return lambda rng, n, ratio: Arm.from_values(ratio * np.exp(sigma * rng.standard_normal(n)))


def events(expected, of=1000):
    return lambda rng, n, ratio: Arm.from_proportion(rng.binomial(n, expected * ratio / of), n)


@pytest.mark.parametrize(
    ("draw", "n", "m", "ratio", "flagged"),
    [
        (lognormal(2), 50, 50, 1.0, (0.85, 1)),
        (lognormal(2), 200, 200, 1.0, (0.2, 0.6)),
        (lognormal(2), 200, 200, 1.5, (0.2, 0.6)),
        (lognormal(1), 50, 50, 0.7, (0, 0.05)),
        (lognormal(1), 80, 320, 1.0, (0.9, 1)),
        (lognormal(2), 80, 320, 1.0, (0.99, 1)),
        (events(10), 1000, 1000, 1.0, (0, 0.01)),
        (events(10), 1000, 1000, 0.5, (0, 0.05)),
        (events(5), 1000, 1000, 1.0, (0, 0.12)),
        (events(5), 1000, 1000, 2.5, (0, 0.05)),
        (events(40), 250, 1000, 0.5, (0, 0.01)),
    ],
)
def test_what_is_quoted_holds_or_says_that_it_does_not(draw, n, m, ratio, flagged):
    """The interval misses in 3.5 to 6.5 % of cases, give or take three standard errors, or it is flagged."""
    reps = 1200
    delta, ours, said = misses(np.random.default_rng(3), draw, n, m, ratio, reps)
    assert flagged[0] <= said <= flagged[1]
    if said < 0.85:
        margin = 3 * math.sqrt(0.05 * 0.95 / (reps * (1 - said)))
        assert 0.035 - margin < ours < 0.065 + margin
        assert ours < delta or delta < 0.065


def test_what_flags_an_experiment_does_not_depend_on_who_is_treated():
    """Arms whose units are exchanged are flagged alike: else those whose arms differ would be selected."""
    values = np.random.default_rng(8).lognormal(0, 1.5, 60)
    found = set()
    for seed in range(20):
        mixed = np.random.default_rng(seed).permutation(values)
        t, c = Arm.from_values(mixed[:30]), Arm.from_values(mixed[30:])
        found.add(round(events_of(t, c), 9))
    assert found == {round(30 / (values.var(ddof=1) / values.mean() ** 2), 9)}
    counted = {events_of(Arm.from_proportion(k, 100), Arm.from_proportion(10 - k, 100)) for k in range(11)}
    assert len(counted) == 1 and counted.pop() == pytest.approx(5)


def test_arms_of_one_size_balance_their_skew():
    t, c = Arm(50, 2.0, 9.0), Arm(50, 2.0, 9.0)
    assert lopsided(t, c) == 0
    assert lopsided(Arm(400, 2.0, 9.0), c) > lopsided(Arm(100, 2.0, 9.0), c) > 0
    # Values that hardly vary about their mean have no skew that matters.
    assert lopsided(Arm(400, 20.0, 9.0), Arm(50, 20.0, 9.0)) < 0.1
    assert "50 and 400 units" in unreliable(Arm(50, 2.0, 9.0), Arm(400, 2.0, 9.0))
    assert "a count of 7 events" in unreliable(Arm(50, 1.0, 7.5), Arm(50, 1.0, 7.5))
    assert unreliable(Arm(50, 1.0, 7.5), Arm(50, 1.0, 7.5), are_clusters=True) is None
    assert "a count of 2 events" in unreliable(Arm.from_proportion(0, 100), Arm.from_proportion(4, 100))
    # An effect is no reason: events that only one arm has tell much.
    assert unreliable(Arm.from_proportion(0, 100), Arm.from_proportion(20, 100)) is None
    assert events_of(Arm(50, 0.0, 0.0), Arm(50, 0.0, 0.0)) == 0


def test_the_deciding_row_gives_the_verdict_and_the_other_says_if_it_disagrees():
    deciding = {"scale": "absolute", "verdict": "improved", "ci_low": 0.1, "ci_high": 0.5, "reason": None}
    other = {"scale": "relative", "verdict": "inconclusive", "ci_low": -0.1, "ci_high": 0.9, "reason": "Late."}
    one_verdict(deciding, other)
    assert other["verdict"] == "improved"
    assert other["reason"].startswith("Late. Its own interval holds 0") and "absolute effect" in other["reason"]
    agreeing = deciding | {"scale": "relative", "verdict": "inconclusive"}
    one_verdict(deciding, agreeing)
    assert (agreeing["verdict"], agreeing["reason"]) == ("improved", None)


REGISTERED = dict.fromkeys(
    ("secondary_metric_ids", "guardrail_metric_ids", "expected_split", "assignment_method", "cluster_by", "dimensions")
) | {
    "experiment_id": "e",
    "design": "did",
    "control_arm": "c",
    "treatment_arm": "t",
    "unit_type": "team",
    "primary_metric_id": "m",
    "alpha": 0.05,
    "power": 0.8,
    "minimum_detectable_effect": None,
    "is_registered_before_start": True,
    "is_changed_after_start": False,
    "is_finished": True,
}


@pytest.mark.parametrize("transform", ["log", "log1p"])
def test_logarithms_of_quasi_experiments_have_the_relative_effect_of_their_own_test(transform):
    experiment = read_experiment(pd.Series(REGISTERED))
    log = difference(Arm(60, 3.0, 0.5), Arm(50, 3.0 - math.log(2), 0.4))
    metric = {"transform": transform, "aggregation": "mean", "direction": "up"}
    # The second `log` is what a share of mean logarithms would be.
    rows = effect_rows(experiment, "m", metric, "staggered_did", log, log, grade="C", why="Why.")
    rows += effect_rows(experiment, "m", metric, "matched_did", log, grade="C", why="Why.")
    correct(rows)
    decide(experiment, rows, {"m": metric}, Design().deciding_scale)
    found = {row["method"]: row for row in rows}
    assert set(found) == {f"{m}{r}" for m in ("staggered_did", "matched_did") for r in ("", "_relative")}
    assert {row["estimand"] for row in rows} == {f"att_{transform}"}
    for method in ("staggered_did", "matched_did"):
        relative = found[f"{method}_relative"]
        if transform == "log":
            assert relative["estimate"] == pytest.approx(1) and relative["ci_low"] == pytest.approx(
                math.expm1(log.ci_low)
            )
            assert (relative["verdict"], relative["evidence_grade"]) == ("improved", "C")
        else:
            assert relative["estimate"] is None and "no share" in relative["reason"]
            assert (relative["verdict"], relative["evidence_grade"]) == ("not_estimated", None)
