"""From the tables that SQL makes to the rows that BI reads: rollouts."""

import math

import numpy as np
import pandas as pd
import pytest
from by_design import check_rollouts, estimate_rollouts, study_rollouts

from ai_impact_stats.designs.rollouts import DETRENDED, KINDS
from ai_impact_stats.estimators import did


def registry(**changes) -> pd.DataFrame:
    row = {
        "experiment_id": "waves", "design": "staggered_did", "unit_type": "team", "control_arm": "later",
        "treatment_arm": "ai", "primary_metric_id": "hours", "secondary_metric_ids": "count",
        "guardrail_metric_ids": None, "starts_at": "2026-01-01", "ends_at": "2026-06-01", "data_end": "2026-07-01",
        "latest_ends_at": "2026-06-01", "expected_split": None, "alpha": 0.05, "power": 0.8,
        "minimum_detectable_effect": None, "cluster_by": None, "inference": None, "interim_looks": None,
        "assignment_method": "staggered", "is_registered_before_start": True, "is_changed_after_start": False,
        "is_finished": True,
    }  # fmt: skip
    return pd.DataFrame([row | changes])


METRICS = pd.DataFrame(
    [
        {"metric_id": "hours", "aggregation": "ratio", "transform": "none", "direction": "down"},
        {"metric_id": "count", "aggregation": "count", "transform": "none", "direction": "up"},
    ]
)


def moments(y, first, metric="hours", start=-4, left_out=0) -> pd.DataFrame:
    """What moments_cohort_periods holds of a panel: `first` is NaN for never."""
    rows = []
    for g in [*sorted(set(first[~np.isnan(first)])), math.nan]:
        own = y[np.isnan(first)] if math.isnan(g) else y[first == g]
        if not len(own):
            continue
        covariance = np.cov(own.T) if len(own) > 1 else np.full((y.shape[1],) * 2, math.nan)
        for a in range(y.shape[1]):
            for b in range(a, y.shape[1]):
                rows.append(
                    {
                        "experiment_id": "waves",
                        "metric_id": metric,
                        "first_treated_period": g,
                        "period_a": a + start,
                        "period_b": b + start,
                        "n": len(own),
                        "n_left_out": left_out,
                        "mean_a": own[:, a].mean(),
                        "mean_b": own[:, b].mean(),
                        "covariance": covariance[a, b],
                    }
                )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(1)
    first = np.repeat([math.nan, 0.0, 2.0], [40, 40, 40])
    y = 10 + rng.normal(size=(120, 1)) + rng.normal(size=10) + rng.normal(size=(120, 10))
    with np.errstate(invalid="ignore"):
        y = y - 2 * (np.arange(10) - 4 >= first[:, None])
    return y, first


def test_rows_equal_the_estimator_on_rows(panel):
    y, first = panel
    table = estimate_rollouts(registry(), METRICS, moments(y, first)).to_pandas()
    of = table[table["metric_id"] == "hours"].set_index("method")
    assert set(of.index) == {name + end for name in (*KINDS.values(), DETRENDED) for end in ("", "_relative")}
    effects = did.group_time(did.cohorts_from_rows(y, np.nan_to_num(first + 4, nan=-1)), "not_yet_treated")
    for kind, method in KINDS.items():
        expected = did.estimates(did.aggregate(effects, kind))[("overall",)]
        row = of.loc[method]
        assert (row.estimate, row.std_error, row.p_value) == pytest.approx(
            (expected.estimate, expected.std_error, expected.p_value), rel=1e-6
        )
    head = of.loc["staggered_did"]
    assert head.ci_low < -2 < head.ci_high and head.evidence_grade == "D"
    assert "moves the effect by" in head.reason  # a divergence of one standard error, which no test so short finds
    line = of.loc[DETRENDED]
    assert line.ci_low < -2 < line.ci_high and line.verdict == "improved" and line.evidence_grade == "C"
    assert line.std_error > head.std_error and of.loc[f"{DETRENDED}_relative"].ci_low < -0.2
    assert (head.n_treatment, head.n_control, head.estimand) == (80, 40, "att")
    assert of.loc["staggered_did_relative"].estimate == pytest.approx(-0.2, abs=0.03)


def test_registered_metrics_without_data_have_a_reason(panel):
    table = estimate_rollouts(registry(), METRICS, moments(*panel)).to_pandas()
    of = table[table["metric_id"] == "count"]
    assert len(of) == 10 and of["estimate"].isna().all() and of["evidence_grade"].isna().all()
    assert set(of["verdict"]) == {"not_estimated"} and "every period" in of["reason"].iloc[0]
    unknown = estimate_rollouts(registry(primary_metric_id="other"), METRICS, moments(*panel)).to_pandas()
    assert "catalogue" in unknown["reason"].iloc[0]


def test_event_study_rows(panel):
    table = study_rollouts(registry(), moments(*panel)).to_pandas()
    assert set(table["metric_id"]) == {"hours"} and -1 not in set(table["relative_period"])
    assert list(table["is_pre_period"]) == list(table["relative_period"] < 0)
    assert (table["band_low"] < table["ci_low"]).all()
    assert table[table["relative_period"] == 0]["estimate"].iloc[0] == pytest.approx(-2, abs=0.5)


def test_other_designs_have_no_rows(panel):
    assert estimate_rollouts(registry(design="rct"), METRICS, moments(*panel)).num_rows == 0
    assert study_rollouts(registry(design="rct"), moments(*panel)).num_rows == 0


def test_diverging_paths_establish_nothing(panel):
    y, first = panel
    drift = y + 0.5 * np.arange(10) * ~np.isnan(first)[:, None]
    table = estimate_rollouts(registry(), METRICS, moments(drift, first, left_out=3)).to_pandas()
    row = table.set_index(["metric_id", "method"]).loc[("hours", "staggered_did")]
    assert row.evidence_grade == "D" and row.verdict == "not_established"
    assert "diverged" in row.reason and "9 units have a gap" in row.reason


def several(ended: int, others: int, experiment: str = "waves") -> pd.DataFrame:
    return pd.DataFrame([{"experiment_id": experiment, "n_switched_off": ended, "n_several_arms": others}])


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        (several(1, 0), "1 unit is left out: the treatment ended."),
        (several(3, 2), "3 units are left out: the treatment ended. 2 units are left out: assigned to several arms."),
    ],
)
def test_units_whose_treatment_ended_are_counted(panel, left_out, said):
    table = estimate_rollouts(registry(), METRICS, moments(*panel), None, left_out).to_pandas()
    of = table[table["metric_id"] == "hours"]
    assert of["estimate"].notna().all() and of["reason"].str.contains(said, regex=False).all()
    plain = estimate_rollouts(registry(), METRICS, moments(*panel), None, several(0, 0)).to_pandas()
    other = estimate_rollouts(registry(), METRICS, moments(*panel), None, several(3, 2, "another")).to_pandas()
    assert not plain["reason"].str.contains("left out").any() and plain.equals(other)


@pytest.mark.parametrize("design", ["staggered_did", "did"])
def test_where_every_treatment_ended_there_is_no_estimate(panel, design):
    y, first = panel
    never = np.isnan(first)
    for table in (moments(y[never], first[never]), moments(y, first).iloc[:0]):
        found = estimate_rollouts(registry(design=design), METRICS, table, None, several(80, 0)).to_pandas()
        assert found["estimate"].isna().all() and found["evidence_grade"].isna().all()
        assert found["reason"].str.contains("80 units are left out: the treatment ended.", regex=False).all()


@pytest.mark.parametrize("registered", [None, 0.02, 0.5])
def test_the_grade_does_not_depend_on_the_estimate(panel, registered):
    """The same past with and without an effect has the same grades; they depend on what was registered at most."""
    y, first = panel
    with np.errstate(invalid="ignore"):
        without = y + 2 * (np.arange(10) - 4 >= first[:, None])
    plans = registry(minimum_detectable_effect=registered, secondary_metric_ids=None)
    tables = [estimate_rollouts(plans, METRICS, moments(of, first)).to_pandas() for of in (y, without)]
    grades = [dict(zip(table["method"], table["evidence_grade"], strict=True)) for table in tables]
    assert grades[0] == grades[1] and grades[0][DETRENDED] == "C"


@pytest.mark.parametrize(("drift", "truth"), [(0.0, 0.0), (0.3, 0.0), (-0.3, -2.0)])
def test_paths_that_diverge_along_a_line_mislead_nobody_at_grade_c(drift, truth):
    rows, graded = [], 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        first = np.repeat([math.nan, 0.0], [30, 30])
        treated = ~np.isnan(first)[:, None]
        y = 30 + rng.normal(size=(60, 1)) + rng.normal(size=10) + rng.normal(size=(60, 10))
        y = y + treated * (drift * np.arange(10) + truth * (np.arange(10) >= 4))
        table = estimate_rollouts(registry(minimum_detectable_effect=0.05), METRICS, moments(y, first)).to_pandas()
        mine = table[(table.metric_id == "hours") & (table.scale == "absolute") & (table.evidence_grade == "C")]
        assert set(mine.method) <= {DETRENDED}
        rows += [low <= truth <= high for low, high in zip(mine.ci_low, mine.ci_high, strict=True)]
        graded += len(mine)
    assert graded >= 32 and np.mean(rows) >= 0.85


def test_late_registration_is_said(panel):
    table = estimate_rollouts(registry(is_registered_before_start=False), METRICS, moments(*panel)).to_pandas()
    assert "registered after" in table["reason"].iloc[0] and not table["is_preregistered"].iloc[0]


def test_one_treated_unit(panel):
    y, first = panel
    keep = np.r_[0:41]
    table = estimate_rollouts(registry(), METRICS, moments(y[keep], first[keep])).to_pandas()
    row = table.set_index(["metric_id", "method"]).loc[("hours", "staggered_did")]
    assert np.isnan(row.estimate) and "one unit" in row.reason


def test_nobody_left_to_compare_with(panel):
    y, first = panel
    table = estimate_rollouts(registry(), METRICS, moments(y[40:80], first[40:80])).to_pandas()
    assert np.isnan(table["estimate"].iloc[0]) and table["reason"].iloc[0]


def test_cohorts_after_the_panel_are_never_treated(panel):
    y, first = panel
    late = np.where(np.isnan(first), 30.0, first)
    a = estimate_rollouts(registry(), METRICS, moments(y, late)).to_pandas()
    b = estimate_rollouts(registry(), METRICS, moments(y, first)).to_pandas()
    assert list(a["estimate"]) == pytest.approx(list(b["estimate"]), rel=1e-9, nan_ok=True)


def test_checks_of_a_rollout(panel):
    y, first = panel
    good = {row["check_id"]: row for row in check_rollouts(registry(), moments(y, first))}
    assert set(good) == {"parallel_trends", "trend_sensitivity"}
    assert good["parallel_trends"]["passed"] and "80 %" in good["parallel_trends"]["detail"]
    assert 0 < good["trend_sensitivity"]["statistic"] < 10
    drift = y + 0.5 * np.arange(10) * ~np.isnan(first)[:, None]
    bad = {row["check_id"]: row for row in check_rollouts(registry(), moments(drift, first))}
    assert bad["parallel_trends"]["passed"] is False
    assert bad["trend_sensitivity"]["statistic"] < good["trend_sensitivity"]["statistic"]
    none = check_rollouts(registry(), moments(y, first).head(0))
    assert none[0]["passed"] is None and none[0]["detail"]


def cluster_moments(y, first, label, start=-4, metric="hours") -> pd.DataFrame:
    """What moments_cohort_clusters holds: sums of products of clusters' totals, period NULL for the units."""
    totals = {}
    for g in [*sorted(set(first[~np.isnan(first)])), math.nan]:
        own = np.isnan(first) if math.isnan(g) else first == g
        for c in sorted(set(label[own])):
            part = own & (label == c)
            totals[(g, None, c)] = float(part.sum())
            for t, value in enumerate((y[part] - y[own].mean(axis=0)).sum(axis=0)):
                totals[(g, t + start, c)] = value
    ends = list(dict.fromkeys((g, t) for g, t, _ in totals))
    rows = []
    for i, (g, t) in enumerate(ends):
        for h, s in ends[i:]:
            both = [c for c in set(label) if (g, t, c) in totals and (h, s, c) in totals]
            if both:
                total = sum(totals[(g, t, c)] * totals[(h, s, c)] for c in both)
                rows.append(("waves", metric, g, start, t, h, start, s, len(both), total))
                if t is None and s is None:
                    rows.append(("waves", metric, g, None, t, h, None, s, len(both), total))
    names = ["experiment_id", "metric_id", "cohort_a", "entered_a", "period_a", "cohort_b", "entered_b", "period_b"]
    return pd.DataFrame(rows, columns=[*names, "n_clusters", "total"])


@pytest.mark.parametrize("across", [False, True])
def test_errors_by_cluster_equal_those_of_the_rows(panel, across):
    y, first = panel
    label = np.arange(120) % 12 if across else np.arange(120) // 8
    clustered = registry(cluster_by="site", unit_type="person")
    table = estimate_rollouts(clustered, METRICS, moments(y, first), cluster_moments(y, first, label)).to_pandas()
    rows = did.cohorts_from_rows(y, np.nan_to_num(first + 4, nan=-1), cluster=label)
    effects = did.group_time(rows, "not_yet_treated", "universal")
    of = table[table["metric_id"] == "hours"].set_index("method")
    for kind, method in KINDS.items():
        expected = did.estimates(did.aggregate(effects, kind), small=True)[("overall",)]
        row = of.loc[method]
        assert (row.estimate, row.std_error, row.p_value) == pytest.approx(
            (expected.estimate, expected.std_error, expected.p_value), rel=1e-6
        )


def test_the_design_did_has_the_change_before_and_after(panel):
    y, first = panel
    keep = np.isnan(first) | (first == 0)
    table = estimate_rollouts(registry(design="did"), METRICS, moments(y[keep], first[keep])).to_pandas()
    of = table[table["metric_id"] == "hours"].set_index("method")
    expected = did.two_by_two_panel(did.cohorts_from_rows(y[keep], np.nan_to_num(first[keep] + 4, nan=-1)))
    assert (of.loc["did"].estimate, of.loc["did"].std_error) == pytest.approx(
        (expected.estimate, expected.std_error), rel=1e-6
    )
    assert of.loc["did_relative"].estimate == pytest.approx(-0.2, abs=0.05)
    label = np.arange(80) // 5
    shared = cluster_moments(y[keep], first[keep], label)
    clustered = registry(design="did", cluster_by="site", unit_type="person")
    by = estimate_rollouts(clustered, METRICS, moments(y[keep], first[keep]), shared).to_pandas()
    own = by[by["metric_id"] == "hours"].set_index("method").loc["did"]
    expected = did.two_by_two_panel(
        did.cohorts_from_rows(y[keep], np.nan_to_num(first[keep] + 4, nan=-1), cluster=label)
    )
    assert (own.estimate, own.std_error) == pytest.approx((expected.estimate, expected.std_error), rel=1e-6)
    waves = estimate_rollouts(registry(design="did"), METRICS, moments(y, first)).to_pandas()
    row = waves[waves["metric_id"] == "hours"].set_index("method").loc["did"]
    assert np.isnan(row.estimate) and "staggered" in row.reason


def test_clusters_that_are_not_known_give_no_estimate(panel):
    table = estimate_rollouts(registry(cluster_by="site", unit_type="person"), METRICS, moments(*panel)).to_pandas()
    assert table["estimate"].isna().all() and "clusters (site)" in table["reason"].iloc[0]


def test_a_wave_of_one_unit_is_left_out(panel):
    y, first = panel
    lone = np.r_[0:81]  # one unit of the last wave
    table = estimate_rollouts(registry(), METRICS, moments(y[lone], first[lone])).to_pandas()
    row = table.set_index(["metric_id", "method"]).loc[("hours", "staggered_did")]
    plain = estimate_rollouts(registry(), METRICS, moments(y[:80], first[:80])).to_pandas()
    same = plain.set_index(["metric_id", "method"]).loc[("hours", "staggered_did")]
    assert (row.estimate, row.std_error) == pytest.approx((same.estimate, same.std_error))
    assert "The wave of period 2 is left out: it has one unit" in row.reason and "10 periods count." in row.reason


def test_a_wave_of_one_cluster_is_left_out(panel):
    y, first = panel
    label = np.where(first == 2, 99, np.arange(120) // 8)
    clustered = registry(cluster_by="site", unit_type="person")
    table = estimate_rollouts(clustered, METRICS, moments(y, first), cluster_moments(y, first, label)).to_pandas()
    row = table.set_index(["metric_id", "method"]).loc[("hours", "staggered_did")]
    panel_of_two = did.cohorts_from_rows(y[:80], np.nan_to_num(first[:80] + 4, nan=-1), cluster=label[:80])
    effects = did.group_time(panel_of_two, "not_yet_treated", "universal")
    expected = did.estimates(did.aggregate(effects, "simple"), small=True)[("overall",)]
    assert (row.estimate, row.std_error) == pytest.approx((expected.estimate, expected.std_error), rel=1e-6)
    assert "it has one cluster" in row.reason


def test_periods_that_are_left_out_are_named(panel):
    y, first = panel
    table = moments(y, first)
    keep = (table.period_a != 3) & (table.period_b != 3)
    cut = table[keep].assign(first_row_period=-5, last_row_period=6, entered_period=-4.0)
    row = estimate_rollouts(registry(), METRICS, cut).to_pandas().iloc[0]
    assert "9 periods count. Left out: period -5, cut off by the start of the data; period 3" in row.reason
    assert "period 6, cut off by the end." in row.reason


def test_logarithms_of_rollouts_are_shares_and_need_a_value_in_every_period(panel):
    y, first = panel
    logs = METRICS.assign(transform="log", aggregation="mean")
    found = estimate_rollouts(registry(), logs, moments(y / 10, first)).to_pandas().set_index(["metric_id", "method"])
    for method in KINDS.values():
        log, share = found.loc[("hours", method)], found.loc[("hours", f"{method}_relative")]
        assert share.estimate == pytest.approx(math.expm1(log.estimate), rel=1e-6)
        assert (share.ci_low, share.ci_high) == pytest.approx(
            (math.expm1(log.ci_low), math.expm1(log.ci_high)), rel=1e-6
        )
        assert (share.verdict, share.p_value, share.estimand) == (log.verdict, log.p_value, "att_log")
    nothing = estimate_rollouts(registry(), logs, moments(y, first, left_out=3)).to_pandas()
    nothing = nothing[nothing.metric_id == "hours"]
    assert nothing.estimate.isna().all()
    assert nothing.reason.str.contains("3 of 43 units of .+ and 6 of 86 units of .+ have no value above 0").all()


def test_one_treated_unit_among_few_has_an_estimate_without_limits(panel):
    y, first = panel
    rows = [
        {"experiment_id": "waves", "metric_id": "hours", "unit_id": f"u{i}", "cluster_id": None, "stratum": None}
        | {"first_treated_period": None if i < 9 else 0, "entered_period": -4, "period": t - 4, "value": y[i, t]}
        for i in range(10)
        for t in range(10)
    ]
    keep = np.r_[0:9, 40]
    for transform in ("none", "log"):
        catalogue = METRICS.assign(transform=transform)
        table = estimate_rollouts(registry(), catalogue, moments(y[keep], first[keep]), None, None, pd.DataFrame(rows))
        of = table.to_pandas().set_index(["metric_id", "method"])
        for method in ("two_way_fixed_effects", "two_way_fixed_effects_relative"):
            row = of.loc[("hours", method)]
            assert row.evidence_grade == "D" and np.isnan(row.ci_low) and row.p_value >= 0.1
            assert "the interval has no limits" in row.reason and row.verdict == "not_established"
