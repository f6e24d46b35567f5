"""From the panel that SQL makes to the rows that BI reads: holdouts by region."""

import math

import numpy as np
import pandas as pd
import pytest
from by_design import check_geo, counterfactuals_geo, estimate_geo
from test_stats_rollouts import registry as rollout
from test_stats_synthetic import factors, mixed

from ai_impact_stats.estimators import synthetic as few

METRICS = pd.DataFrame([{"metric_id": "sales", "aggregation": "mean", "transform": "none", "direction": "up"}])


def registry(**changes) -> pd.DataFrame:
    geo = {"experiment_id": "regions", "design": "geo", "unit_type": "region", "primary_metric_id": "sales"}
    geo |= {"secondary_metric_ids": None, "assignment_method": "holdout"}
    return rollout(**(geo | changes))


def panels(y, n_treated=1, before=20, strata=None) -> pd.DataFrame:
    """What int_geo_panels holds of a panel, controls first."""
    rows = []
    for i, path in enumerate(y):
        treated = i >= len(y) - n_treated
        for t, value in enumerate(path):
            rows.append(
                {
                    "experiment_id": "regions",
                    "metric_id": "sales",
                    "unit_id": f"region {i:02}",
                    "stratum": None if strata is None else strata[i],
                    "first_treated_period": 0.0 if treated else math.nan,
                    "period": t - before,
                    "period_start": pd.Timestamp("2026-01-01") + pd.Timedelta(days=14 * (t - before)),
                    "value": value,
                }
            )
    return pd.DataFrame(rows)


def of(table, method):
    return table.to_pandas().set_index("method").loc[method]


@pytest.mark.parametrize("method", ["synthetic_did", "synthetic_control"])
def test_rows_equal_the_estimator(method):
    y = factors(3, 3.0, treated=2) + 100
    e = few.synthetic(y, 2, 20, method).estimate
    row = of(estimate_geo(registry(), METRICS, panels(y, 2)), method)
    assert (row.estimate, row.std_error, row.p_value) == pytest.approx((e.estimate, e.std_error, e.p_value), rel=1e-6)
    assert (row.n_treatment, row.n_control, row.estimand) == (2, 25, "att")
    assert row.ci_low < 3 < row.ci_high and "rank p" in row.reason
    share = of(estimate_geo(registry(), METRICS, panels(y, 2)), f"{method}_relative")
    assert share.estimate == pytest.approx(e.estimate / (y[25:, 20:].mean() - e.estimate), rel=1e-6)
    assert share.ci_low < share.estimate < share.ci_high


def test_the_grade_is_earned():
    """B for a holdout that passes, D where regions were chosen and the placebo date would not have seen that they
    diverge, or where the mixture does not follow."""
    y = factors(3, 3.0) + 100
    assert of(estimate_geo(registry(), METRICS, panels(y)), "synthetic_did").evidence_grade == "B"
    chosen = of(estimate_geo(registry(assignment_method="self_selected"), METRICS, panels(y)), "synthetic_did")
    assert chosen.evidence_grade == "D" and "could have gone undetected" in chosen.reason
    drift = factors(3, 0.0, trend=2.0) + 100
    row = of(estimate_geo(registry(), METRICS, panels(drift)), "synthetic_did")
    assert row.evidence_grade == "D" and row.verdict == "not_established"
    late = of(estimate_geo(registry(is_registered_before_start=False), METRICS, panels(y)), "synthetic_did")
    assert "registered after" in late.reason


def paired(seed, effect, n=12, drift=0.0):
    """Pairs with a level of their own; the treated half last."""
    rng = np.random.default_rng(seed)
    level = rng.normal(100, 10, (n, 1))
    y = np.vstack([level, level]) + rng.normal(size=(2 * n, 30)).cumsum(axis=1) * 0.2 + rng.normal(size=(2 * n, 30))
    y[n:, 20:] += effect
    y[n:] += drift * np.arange(30)
    return y, [f"pair {i % n:02}" for i in range(2 * n)]


def test_pairs_are_trimmed():
    y, strata = paired(2, 2.0)
    row = of(estimate_geo(registry(), METRICS, panels(y, 12, strata=strata)), "trimmed_match")
    assert row.ci_low < 2 < row.ci_high and row.evidence_grade == "B" and row.verdict == "improved"
    change = y[:, 20:].mean(axis=1) - y[:, :20].mean(axis=1)
    gaps = np.sort(change[12:] - change[:12])
    assert row.estimate == pytest.approx(gaps[1:-1].mean(), rel=1e-6)
    y[12, 20:] += 500
    wild = of(estimate_geo(registry(), METRICS, panels(y, 12, strata=strata)), "trimmed_match")
    assert wild.ci_low < 2 < wild.ci_high
    y, strata = paired(1, 0.0, drift=0.3)
    drifted = of(estimate_geo(registry(), METRICS, panels(y, 12, strata=strata)), "trimmed_match")
    assert drifted.evidence_grade == "D" and "never was" in drifted.reason


@pytest.mark.slow
def test_pairs_cover():
    hits = []
    for seed in range(80):
        y, strata = paired(seed, 2.0)
        row = of(estimate_geo(registry(), METRICS, panels(y, 12, strata=strata)), "trimmed_match")
        hits.append(row.ci_low <= 2 <= row.ci_high)
    assert np.mean(hits) >= 0.9


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (lambda y: panels(y, before=1), "1 period before"),
        (lambda y: panels(y, before=30), "no period after"),
        (lambda y: panels(y, before=0), "0 periods before"),
        (lambda y: panels(y).assign(first_treated_period=math.nan), "No unit is treated"),
        (lambda y: panels(np.where(y == y[-1, 4], math.nan, y)), "1 unit has a gap"),
        (lambda y: panels(np.ones_like(y)), "so there is no error"),
        (lambda y: panels(y).head(0), "No region"),
        (lambda y: panels(y).assign(metric_id="other"), "No region"),
        (lambda y: panels(np.vstack([y[:25]] * 13 + [y[-1:]])), "too many for placebos"),
    ],
)
def test_degenerate_panels_have_a_reason(table, reason):
    found = estimate_geo(registry(), METRICS, table(factors(1, 0.0))).to_pandas()
    assert len(found) == 8 and found["estimate"].isna().all() and found["evidence_grade"].isna().all()
    assert found["reason"].str.contains(reason).all(), found["reason"].iloc[0]
    assert all(row["detail"] for row in check_geo(registry(), METRICS, table(factors(1, 0.0))))


def test_regions_that_start_apart_are_a_rollout():
    table = panels(factors(1, 0.0, treated=2), 2)
    last = table["unit_id"] == table["unit_id"].max()
    table.loc[last, "first_treated_period"] = 2.0
    assert "staggered" in of(estimate_geo(registry(), METRICS, table), "synthetic_did").reason


def test_few_pairs_are_refused():
    y, strata = paired(1, 2.0, 3)
    row = of(estimate_geo(registry(), METRICS, panels(y, 3, strata=strata)), "trimmed_match")
    assert math.isnan(row.estimate) and "3 pairs" in row.reason
    alone = of(estimate_geo(registry(), METRICS, panels(y, 3, strata=["one"] * 6)), "trimmed_match")
    assert math.isnan(alone.estimate) and "pair of one treated" in alone.reason


def test_levels_around_nought_have_no_share():
    row = of(estimate_geo(registry(), METRICS, panels(factors(3, 3.0))), "synthetic_did_relative")
    assert math.isnan(row.estimate) and "no share" in row.reason


def test_checks_of_regions():
    good = {row["check_id"]: row for row in check_geo(registry(), METRICS, panels(factors(3, 3.0) + 100))}
    assert set(good) == {"synthetic_fit", "placebo_date"} and all(row["passed"] for row in good.values())
    assert "80 %" in good["placebo_date"]["detail"]
    bad = {row["check_id"]: row for row in check_geo(registry(), METRICS, panels(factors(3, 0.0, trend=2.0)))}
    assert not all(row["passed"] for row in bad.values())


def test_the_path_adds_up_to_the_estimate():
    y = factors(3, 3.0) + 100
    path = counterfactuals_geo(registry(), METRICS, panels(y)).to_pandas()
    row = of(estimate_geo(registry(), METRICS, panels(y)), "synthetic_did")
    assert len(path) == 30 and path["is_after"].sum() == 10
    assert path["week"].iloc[20] == "2026-01-01" and path["week"].iloc[0] < path["week"].iloc[1]
    after = path[path["is_after"]]
    assert after["cumulative_effect"].iloc[-1] == pytest.approx(10 * row.estimate, rel=1e-6)
    assert (after["ci_low"] < after["expected"]).all() and (
        after["cumulative_ci_low"] < after["cumulative_ci_high"]
    ).all()
    assert list(path["observed"]) == pytest.approx(list(y[-1]))
    assert path[~path["is_after"]]["cumulative_effect"].isna().all()
    assert counterfactuals_geo(registry(design="did"), METRICS, panels(y)).num_rows == 0


def test_regions_in_several_arms_are_counted_and_said():
    """In the reason of every row, with an estimate or without."""
    left_out = pd.DataFrame({"experiment_id": ["regions"], "n_switched_off": [1], "n_several_arms": [2]})
    said = "1 unit is left out: the treatment ended. 2 units are left out: assigned to several arms."
    for table in (panels(factors(3, 3.0) + 100), panels(factors(3, 3.0)).head(0)):
        found = estimate_geo(registry(), METRICS, table, left_out).to_pandas()
        assert len(found) == 8 and found["reason"].str.endswith(said).all()
        elsewhere = estimate_geo(registry(), METRICS, table, left_out.assign(experiment_id="other")).to_pandas()
        assert not elsewhere["reason"].str.contains("several arms").any()


def test_few_controls_are_judged_by_permuted_periods():
    """Six controls allow no placebos of each, forty periods do. A mixture that can't be tried before is no C."""
    table = panels(mixed(4, 3.0) + 100, before=30)
    found = estimate_geo(registry(), METRICS, table).to_pandas().set_index("method")
    assert found.loc["synthetic_did"].reason.startswith("There are 6 control units: 10 are needed")
    row, share = found.loc["synthetic_control_conformal"], found.loc["synthetic_control_conformal_relative"]
    assert row.ci_low < 3 < row.ci_high and row.std_error > 0 and row.p_value <= 0.05
    assert row.evidence_grade == "B" and "permutation of periods" in row.reason
    level = table[table["first_treated_period"].eq(0) & (table["period"] >= 0)]["value"].mean()
    for name in ("estimate", "ci_low", "ci_high"):
        assert share[name] == pytest.approx(row[name] / (level - row[name]), rel=1e-6)
    short = panels(factors(4, 3.0, controls=5) + 100)
    row = of(estimate_geo(registry(), METRICS, short), "synthetic_control_conformal")
    assert row.evidence_grade == "D" and "No placebo date: With 20 periods" in row.reason


def test_controls_with_a_gap_are_left_out():
    y = factors(3, 3.0, controls=26) + 100
    whole = estimate_geo(registry(), METRICS, panels(np.delete(y, 7, axis=0))).to_pandas()
    y[7, 4] = math.nan
    found = estimate_geo(registry(), METRICS, panels(y)).to_pandas()
    assert found["estimate"].tolist() == pytest.approx(whole["estimate"].tolist(), rel=1e-9)
    assert found["reason"].str.endswith("1 control unit is left out for a gap in the panel.").all()
    assert (found["n_control"] == 25).all()
    y, strata = paired(2, 2.0)
    y[3, 4] = math.nan
    row = of(estimate_geo(registry(), METRICS, panels(y, 12, strata=strata)), "trimmed_match")
    assert "11 pairs" in row.reason and row.ci_low < 2 < row.ci_high


def test_logarithms_are_shares_in_any_unit_of_measure():
    """ln 2 on logarithms is a doubling, of cents as of dollars; the path is reported in the metric's own unit."""
    y, logs = factors(3, 0.0, treated=2) / 10 + 5, METRICS.assign(transform="log")
    y[25:, 20:] += math.log(2)
    found = [estimate_geo(registry(), logs, panels(y + unit, 2)) for unit in (0.0, math.log(100))]
    for method in ("synthetic_did", "synthetic_control"):
        log, share = of(found[0], method), of(found[0], f"{method}_relative")
        assert share.estimate == pytest.approx(math.expm1(log.estimate), rel=1e-6)
        assert (share.ci_low, share.ci_high) == pytest.approx(
            (math.expm1(log.ci_low), math.expm1(log.ci_high)), rel=1e-6
        )
        assert share.ci_low < 1 < share.ci_high and share.p_value == log.p_value and share.verdict == log.verdict
        assert of(found[1], f"{method}_relative").estimate == pytest.approx(share.estimate, rel=1e-6)
        assert log.estimand == share.estimand == "att_log"
    path = counterfactuals_geo(registry(), logs, panels(y, 2)).to_pandas()
    assert path.observed.to_numpy() == pytest.approx(np.exp(y[25:].mean(axis=0)), rel=1e-6)
    y[3, 4] = y[26, 1] = math.nan
    nothing = of(estimate_geo(registry(), logs, panels(y, 2)), "synthetic_did_relative")
    assert math.isnan(nothing.estimate)
    assert "1 of 25 units" in nothing.reason and "1 of 2 units" in nothing.reason and "logarithm" in nothing.reason
