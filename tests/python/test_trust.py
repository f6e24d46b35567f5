"""Drift, service levels and rollback: the SQL of the models against scipy and planted changes, and in the demo."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2

from ai_impact_stats.estimators.estimate import Estimate
from ai_impact_stats.estimators.sequential import always_valid
from tools import calibrate_trust as trust

DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def sql() -> dict[str, str]:
    return trust.compiled()


@pytest.fixture(scope="module")
def changed(sql) -> trust.Warehouse:
    """Three months in which the demo's worse model follows the healthy one after four weeks."""
    house = trust.Warehouse(sql, *trust.drawn(np.random.default_rng(1), 3, 56, 28, trust.WORSE, 0.1))
    house.at(trust.START + 56 * DAY, *trust.MODELS)
    return house


@pytest.fixture(scope="module")
def worse(sql) -> trust.Warehouse:
    """The same where days are alike, as in the demo."""
    house = trust.Warehouse(sql, *trust.drawn(np.random.default_rng(2), 3, 56, 28, trust.WORSE, 0.0))
    house.at(trust.START + 56 * DAY, *trust.MODELS)
    return house


@pytest.fixture(scope="module")
def demo(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        yield connection


def rows(house: trust.Warehouse, query: str) -> list[dict]:
    return house.con.execute(query).df().replace({np.nan: None}).to_dict("records")


def sides(house: trust.Warehouse, columns: list[str]) -> dict[tuple[str, str], pd.Series]:
    listed = ", ".join(f"sum({c}) as {c}" for c in columns)
    found = house.con.execute(f"select change_key, side, {listed} from int_drift_hours group by all").df()
    return {(r["change_key"], r["side"]): r[columns].astype(float) for _, r in found.iterrows()}


def test_the_interval_of_a_mean_and_the_one_for_every_look(changed):
    columns = ["latency_calls", "latency_ms", "latency_ms_squared"]
    for row in rows(changed, "select * from model_drift where metric = 'latency_ms' and change_kind = 'new_version'"):
        arms = [sides(changed, columns)[row["change_key"], side] for side in ("reference", "current")]
        n, mean = [a.iloc[0] for a in arms], [a.iloc[1] / a.iloc[0] for a in arms]
        variance = [(a.iloc[2] - a.iloc[1] ** 2 / a.iloc[0]) / (a.iloc[0] - 1) for a in arms]
        spread = row["dispersion"]
        error = np.sqrt(spread * (variance[0] / n[0] + variance[1] / n[1]))
        assert row["change_absolute"] == pytest.approx(mean[1] - mean[0])
        assert row["ci_high"] - row["change_absolute"] == pytest.approx(1.959964 * error)
        assert row["change_percent"] == pytest.approx(100 * (mean[1] / mean[0] - 1))
        widest = np.sqrt(spread * (variance[0] / n[0] + max(variance) / n[1]))
        gap = Estimate(mean[1] - mean[0], widest, 0, 0, 0, int(n[1]), int(n[0]))
        low, high, _ = always_valid(gap, n=n[1], alpha=1e-3, tuned_for=200)
        assert (row["every_look_low"], row["every_look_high"]) == pytest.approx((low, high))


def test_days_that_differ_widen_the_errors(changed, sql):
    assert min(r["dispersion"] for r in rows(changed, "select * from model_drift where metric = 'latency_ms'")) > 1.2
    columns = ["latency_calls", "latency_ms", "latency_ms_squared"]
    for row in rows(changed, "select * from model_drift where metric = 'latency_ms' and change_kind = 'new_version'"):
        n, total, squares = sides(changed, columns)[row["change_key"], "reference"]
        days = changed.con.execute(
            "select sum(latency_calls) as n, sum(latency_ms) as total from int_drift_hours where side = 'reference' "
            f"and change_key = '{row['change_key']}' group by cast(called_hour as date) having n > 0"
        ).df()
        variance = (squares - total**2 / n) / (n - 1)
        expected = (days.n * (days.total / days.n - total / n) ** 2).sum() / (len(days) - 1) / variance
        assert row["dispersion"] == pytest.approx(max(1, expected))


def merged(reference: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Bins by the tenth of the reference in which they begin; the last twentieth goes with the one before."""
    before = np.cumsum(reference) - reference
    begins = np.where((reference > 0) & (before < 0.95 * reference.sum()), np.floor(10 * before / reference.sum()), -1)
    group = np.maximum(np.maximum.accumulate(begins), 0).astype(int)
    kept = np.unique(group)
    return [np.array([counts[group == g].sum() for g in kept]) for counts in (reference, *others)]


@pytest.mark.parametrize("metric", ["latency_ms", "confidence", "edit_ratio", "input_tokens", "output_tokens"])
def test_distances_are_those_of_scipy(changed, metric):
    columns = [f"{metric}_bin_{b}" for b in range(len(trust.histograms()[metric]) + 1)]
    for row in rows(changed, f"select * from model_drift where metric = '{metric}' and change_kind = 'new_version'"):
        fine = [sides(changed, columns)[row["change_key"], side].to_numpy() for side in ("reference", "current")]
        p, q = merged(*fine)
        half = [(x + 0.5) / (x.sum() + 0.5 * len(x)) for x in (p, q)]
        assert row["psi_bins"] == len(p) > 1
        assert row["psi"] == pytest.approx(((half[1] - half[0]) * np.log(half[1] / half[0])).sum())
        assert row["js_distance"] == pytest.approx(jensenshannon(p / p.sum(), q / q.sum(), base=2))
        shares = [np.cumsum(x) / x.sum() for x in fine]
        assert row["ks_distance"] == pytest.approx(np.abs(shares[0] - shares[1]).max())
        noise = 1 / p.sum() + 1 / q.sum()
        assert row["psi_threshold"] == pytest.approx(max(0.1, noise * chi2.ppf(0.95, len(p) - 1)))
        assert row["ks_p_value"] == pytest.approx(min(1, 2 * np.exp(-2 * row["ks_distance"] ** 2 / noise)))


def test_quantiles_of_chi_square_are_those_of_scipy():
    text = Path("macros/trust/drift.sql").read_text()
    for level in ("0.95", "0.9995"):
        table = text.partition(f"'{level}': [")[2].partition("]")[0].split(",")
        assert [float(v) for v in table] == pytest.approx(chi2.ppf(float(level), np.arange(1, 10)), rel=1e-6)


def test_the_index_without_a_change_keeps_its_level(sql):
    """At sizes at which chance decides, 5 % reach the threshold of the null; none of these is an alert."""
    house = trust.Warehouse(sql, *trust.drawn(np.random.default_rng(3), 120, 35, 28, trust.HEALTHY, 0.0))
    house.at(trust.START + np.timedelta64(28 * 24 + 14, "h"), *trust.DRIFT)
    found = rows(house, "select * from model_drift where metric in ('latency_ms', 'output_tokens', 'input_tokens')")
    above = np.mean([r["psi"] >= (1 / r["n_reference"] + 1 / r["n_current"]) * chi2.ppf(0.95, r["psi_bins"] - 1)
                     for r in found])  # fmt: skip
    assert len(found) == 360 and above == pytest.approx(0.05, abs=0.03)
    assert not any(r["alert"] for r in found)


def test_the_worse_model_is_found_and_the_way_back_named(worse):
    found = rows(worse, "select * from rollback_recommendations")
    assert [(r["version"], r["recommended_version"], r["state"]) for r in found] == [("m-2", "m-1", "open")] * 3
    start = pd.Timestamp(trust.START + 28 * DAY)
    assert all(start < r["recommended_at"] <= r["changed_at"] + pd.Timedelta(hours=24) for r in found)
    points = rows(worse, "select * from model_drift where metric = 'confidence' and change_kind = 'new_version'")
    # By the day: the one before is a Sunday of few calls.
    assert all(abs(r["change_point_on"] - start) <= pd.Timedelta(days=1) for r in points)


def test_the_same_change_has_the_same_key_in_every_run(worse):
    before = rows(worse, "select recommendation_key, recommended_at from rollback_recommendations order by 1")
    worse.at(trust.START + 31 * DAY, *trust.DRIFT, "rollback_recommendations")
    assert rows(worse, "select recommendation_key, recommended_at from rollback_recommendations order by 1") == before
    worse.at(trust.START + 56 * DAY, *trust.MODELS)


def test_a_silent_change_under_one_name_is_found_by_the_distribution(sql):
    """Latency keeps its mean and loses its spread; the name of the model stays."""
    calls, indicators = trust.drawn(np.random.default_rng(4), 2, 49, None, trust.HEALTHY, 0.0)
    late = calls["called_hour"].to_numpy() >= trust.START + 42 * DAY
    bins = [c for c in calls if c.startswith("latency_ms_bin_")]
    first = late & (calls["use_case_id"] == "u000").to_numpy()
    calls.loc[first, bins] = 0
    calls.loc[first, "latency_ms_bin_9"] = calls.loc[first, "latency_calls"]
    house = trust.Warehouse(sql, calls, indicators)
    house.at(trust.START + 49 * DAY, *trust.DRIFT)
    alerts = rows(house, "select * from model_drift where alert")
    assert [(r["use_case_id"], r["metric"], r["alert_rule"], r["change_kind"]) for r in alerts] == [
        ("u000", "latency_ms", "distribution", "same_version")
    ]
    calls, indicators = trust.drawn(np.random.default_rng(5), 1, 49, 42, trust.WORSE, 0.0)
    house = trust.Warehouse(sql, calls.assign(response_model="m-1"), indicators.assign(response_model="m-1"))
    house.at(trust.START + 49 * DAY, *trust.DRIFT, "rollback_recommendations")
    found = {r["metric"]: r for r in rows(house, "select * from model_drift where alert")}
    assert {"latency_ms", "confidence"} <= set(found)
    dated = found["confidence"]["change_point_on"] - pd.Timestamp(trust.START + 42 * DAY)
    assert abs(dated) <= pd.Timedelta(days=1)  # the day before is a Sunday of few calls
    assert rows(house, "select * from rollback_recommendations") == []  # no earlier version to go back to


def test_in_the_demo_the_worse_model_is_found_within_its_first_day(demo, sql):
    query = "select version, recommended_version, changed_at, recommended_at, state from rollback_recommendations"
    found = demo.execute(query).df()
    assert found[["version", "recommended_version", "state"]].to_numpy().tolist() == [["helix-2", "helix-1", "closed"]]
    changed_at, recommended_at = found[["changed_at", "recommended_at"]].iloc[0]
    assert changed_at.date().isoformat() == "2026-06-15" and recommended_at - changed_at <= pd.Timedelta(hours=24)
    # The same on the events of its first 24 hours alone: what came later has no part in it.
    calls = demo.execute("select * from int_calls_hourly").df()
    indicators = demo.execute("select * from int_indicators_hourly").df()
    house = trust.Warehouse(sql, calls, indicators)
    house.con.execute("delete from slo_targets")
    house.con.register("targets_of_the_demo", demo.execute("select * from slo_targets").df())
    house.con.execute("insert into slo_targets by name select * from targets_of_the_demo")
    house.at(np.datetime64(changed_at + pd.Timedelta(hours=24)), *trust.MODELS)
    cut = rows(house, "select * from rollback_recommendations")
    assert [(r["version"], r["recommended_version"], r["state"]) for r in cut] == [("helix-2", "helix-1", "open")]
    assert cut[0]["recommended_at"] == recommended_at
    alerted = {r["use_case_id"] for r in rows(house, "select * from model_drift where alert")}
    assert alerted == {"email_drafting"}


def test_what_a_row_of_the_calibration_says():
    often = trust.Result("often", 200, 17, 1.0)
    seldom = trust.Result("seldom", 200, 16, 1.0)
    found, missed = trust.Result("found", 200, 190, None, 0.95), trust.Result("missed", 200, 189, None, 0.95)
    assert [r.holds() for r in (often, seldom, found, missed)] == ["**no**", "yes", "yes", "**no**"]
    assert "| often | 200 | 17 | 1.02 a year | at most 1 a year | **no** |" in trust.section([often])
    assert "| said | 200 | 100 | 50.0 % | – | says so |" in trust.section([trust.Result("said", 200, 100)])


def test_the_published_rows_hold():
    page = Path("docs/calibration.md").read_text().partition(f"\n{trust.TITLE}\n")[2]
    rows = [line for line in page.splitlines() if line.startswith("| ") and " 200 " in line]
    assert len(rows) == 10 and not any("**no**" in row for row in rows)


def test_a_published_row_can_be_measured_again(sql):
    drift, rollbacks, _ = trust.changes(sql, trust.MONTHS, trust.HEALTHY, 0.0, trust.SEED + 1)
    page = Path("docs/calibration.md").read_text()
    name = "healthy new version, days alike"
    assert f"| {name}: alert of drift, looked at every hour | 200 | {drift} |" in page
    assert f"| {name}: recommended to go back | 200 | {rollbacks} |" in page
