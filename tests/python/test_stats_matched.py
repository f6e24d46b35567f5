"""From the cells that SQL makes to the rows that BI reads: matched comparisons."""

import math

import numpy as np
import pandas as pd
import pytest
from test_stats_rollouts import registry as rollout

from ai_impact_stats import matching
from ai_impact_stats.matched import METHODS, balance_matched, check_matched, estimate_matched
from ai_impact_stats.propensity import Units, fit_propensity

METRICS = pd.DataFrame(
    [
        {"metric_id": "hours", "aggregation": "ratio", "direction": "down", "covariate": "skill,tenure"},
        {"metric_id": "rework", "aggregation": "ratio", "direction": "down", "covariate": None},
    ]
)


def registry(**changes) -> pd.DataFrame:
    matched = {"experiment_id": "choice", "design": "matched", "unit_type": "person", "control_arm": "no"}
    matched |= {"treatment_arm": "yes", "secondary_metric_ids": None, "assignment_method": "self_selected"}
    return rollout(**(matched | changes))


def choices(seed, n=1500, effect=0.7, hidden=0.0) -> pd.DataFrame:
    """People who chose by skill; the skilled need less time; `hidden` moves the choice, the past and the outcome."""
    rng = np.random.default_rng(seed)
    x = np.clip(np.floor(rng.normal(size=(n, 2)) * 4), -7, 6)
    h = rng.normal(size=n)
    mid = (x + 0.5) / 4
    chosen = rng.random(n) < 1 / (1 + np.exp(0.3 - 0.8 * mid[:, 0] - hidden * h))
    base = np.exp(-0.2 * mid[:, 0] + 0.05 * mid[:, 1] - 0.3 * hidden * h)
    return pd.DataFrame(
        {
            "arm": np.where(chosen, "yes", "no"),
            "cell": [f"skill={int(a)}|tenure={int(b)}" for a, b in x],
            "y": base * np.where(chosen, effect, 1) * rng.lognormal(0, 0.2, n),
            "past": base * rng.lognormal(0, 0.2, n),
        }
    )


def cells(people: pd.DataFrame, metric="hours") -> pd.DataFrame:
    """What moments_matched_cells holds of them."""
    found = people.groupby(["arm", "cell"], dropna=False).agg(
        n=("y", "size"), mean_y=("y", "mean"), var_y=("y", "var"),
        n_past=("past", "count"), mean_past=("past", "mean"), var_past=("past", "var"),
    )  # fmt: skip
    return found.reset_index().assign(experiment_id="choice", metric_id=metric)


def of(table, method, metric="hours"):
    frame = table.to_pandas()
    return frame[(frame["method"] == method) & (frame["metric_id"] == metric)].iloc[0]


def test_rows_equal_the_estimators_on_rows():
    people = choices(1)
    table = estimate_matched(registry(), METRICS, cells(people))
    x = [[(float(part.split("=")[1]) + 0.5) / 4 for part in cell.split("|")] for cell in people["cell"]]
    units = Units.of(people["arm"] == "yes", x, people["y"])
    propensity = fit_propensity(units)
    for method, e in {
        "doubly_robust": matching.regressed(units, propensity, "att"),
        "inverse_probability": matching.weighted(units, propensity, "att"),
        "overlap_weights": matching.weighted(units, propensity, "ato"),
    }.items():
        row = of(table, method)
        assert (row.estimate, row.std_error) == pytest.approx((e.estimate, e.std_error), rel=1e-6)
        assert (row.n_treatment, row.n_control) == units.sizes and row.estimand == METHODS[method]


def test_the_planted_effect_where_the_naive_difference_is_wrong():
    """Five methods on one sample, all within 3.3 errors (99.9 %); the next test counts how often intervals hold."""
    people = choices(2)
    means = people.groupby("arm")["y"].mean()
    assert means["yes"] / means["no"] - 1 < -0.36
    table = estimate_matched(registry(), METRICS, cells(people))
    for method in METHODS:
        row = of(table, f"{method}_relative")
        assert abs(row.estimate + 0.3) / row.std_error < 3.3, (method, row.estimate, row.std_error)
        assert row.scale == "relative" and row.p_value == pytest.approx(of(table, method).p_value)
    head = of(table, "doubly_robust")
    assert head.evidence_grade == "C" and head.verdict == "improved" and "risk ratio" in head.reason


def test_relative_intervals_cover():
    covered = {name: [] for name in METHODS}
    for seed in range(60):
        table = estimate_matched(registry(), METRICS, cells(choices(seed, 400)))
        for name in METHODS:
            row = of(table, f"{name}_relative")
            covered[name].append(row.ci_low <= -0.3 <= row.ci_high)
    for name, hits in covered.items():
        assert np.mean(hits) >= 0.86, (name, np.mean(hits))


def test_a_hidden_cause_fails_the_placebo():
    table = estimate_matched(registry(), METRICS, cells(choices(3, hidden=1.0)))
    for method in ("doubly_robust", "inverse_probability", "overlap_weights"):
        row = of(table, method)
        assert row.evidence_grade == "D" and "Placebo fails" in row.reason and row.verdict == "not_established"


def test_no_past_is_no_placebo():
    row = of(estimate_matched(registry(), METRICS, cells(choices(4).assign(past=math.nan))), "doubly_robust")
    assert row.evidence_grade == "D" and "no outcome from before" in row.reason


def test_balance_before_and_after():
    table = balance_matched(registry(), METRICS, cells(choices(5))).to_pandas().set_index("covariate")
    assert set(table.index) == {"skill", "tenure"}
    assert table.loc["skill"].smd_before > 0.5 and abs(table.loc["skill"].smd_after) < 0.1
    assert table["is_balanced"].all()


def test_units_that_cannot_be_compared_are_counted():
    people = choices(6)
    people.loc[:4, "cell"] = None
    row = of(estimate_matched(registry(), METRICS, cells(people)), "doubly_robust")
    assert "5 units have no value or no covariate" in row.reason and row.n_treatment + row.n_control == 1495


def test_degenerate_comparisons_have_a_reason():
    people = choices(7)
    apart = people.assign(cell=np.where(people["arm"] == "yes", "skill=9", "skill=-9"))
    one = pd.concat([people[people["arm"] == "no"], people[people["arm"] == "yes"].head(1)])
    unknown = people.assign(cell=None)
    for table, reason in (
        (estimate_matched(registry(), METRICS, cells(apart)), "separation"),
        (estimate_matched(registry(), METRICS, cells(one)), "1 unit"),
        (estimate_matched(registry(), METRICS, cells(unknown)), "metric_catalog"),
        (estimate_matched(registry(), METRICS, cells(people).head(0)), "metric_catalog"),
        (estimate_matched(registry(treatment_arm="yes,maybe"), METRICS, cells(people)), "one treatment arm"),
        (estimate_matched(registry(), METRICS.head(0), cells(people)), "catalogue"),
    ):
        frame = table.to_pandas()
        assert len(frame) == 10 and frame["estimate"].isna().all() and frame["evidence_grade"].isna().all()
        assert frame["reason"].str.contains(reason).all(), frame["reason"].iloc[0]
    assert balance_matched(registry(), METRICS, cells(unknown)).num_rows == 0
    assert balance_matched(registry(), METRICS, cells(apart)).to_pandas()["smd_after"].isna().all()


def test_every_registered_metric_has_rows():
    table = estimate_matched(registry(guardrail_metric_ids="rework"), METRICS, cells(choices(8))).to_pandas()
    assert (table["metric_id"] == "rework").sum() == 10
    assert estimate_matched(registry(design="rct"), METRICS, cells(choices(8))).num_rows == 0


def test_checks_of_a_comparison():
    good = {row["check_id"]: row for row in check_matched(registry(), METRICS, cells(choices(9)))}
    assert set(good) == {"weighted_balance", "overlap", "placebo_outcome"}
    assert all(row["passed"] for row in good.values())
    bad = {row["check_id"]: row for row in check_matched(registry(), METRICS, cells(choices(9, hidden=1.0)))}
    assert bad["placebo_outcome"]["passed"] is False
    none = check_matched(registry(), METRICS, cells(choices(9)).head(0))
    assert [row["passed"] for row in none] == [None] and "metric_catalog" in none[0]["detail"]
