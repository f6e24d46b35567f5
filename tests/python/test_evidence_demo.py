"""The demo company's experiments, estimated from its raw events, against the truth that was planted in them."""

import os
from pathlib import Path

import duckdb
import pytest

PATHS = (os.environ.get(name) for name in ("AI_IMPACT_TEST_WAREHOUSE", "AI_IMPACT_DUCKDB_PATH"))
WAREHOUSE = next((Path(p) for p in (*PATHS, "warehouse/ai_impact.duckdb") if p and Path(p).exists()), None)
EMAIL = ("mql_rate", "throughput_per_labour_hour", "time_to_draft", "rework_rate", "error_rate")


@pytest.fixture(scope="module")
def con():
    if WAREHOUSE is None:
        pytest.skip("no warehouse with the demo: make demo builds it")
    with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
        tables = {name for (name,) in connection.sql("select table_name from information_schema.tables").fetchall()}
        if not {"demo_truth", "impact_estimates"} <= tables:
            pytest.skip(f"{WAREHOUSE.name} does not hold the built demo")
        yield connection


def estimates(con, where: str) -> list[dict]:
    relation = con.sql(
        f"""
        select estimates.*, truth.true_value
        from impact_estimates as estimates
        left join raw.demo_truth as truth
            on estimates.experiment_id = truth.experiment_id
            and estimates.metric_id = truth.metric_id
            and estimates.estimand = truth.estimand
            and estimates.scale = truth.scale
        where {where}
        """
    )
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def test_the_email_experiment_contains_the_planted_truth(con):
    """Five methods of five metrics, 95 % intervals of one sample: the primary metric must hold the truth, and all must
    at 99.9 %."""
    rows = estimates(con, "estimates.experiment_id = 'email_drafting' and estimates.segment = 'all'")
    assert {r["metric_id"] for r in rows} == set(EMAIL)
    assert len(rows) == 25
    for row in rows:
        distance = abs(row["estimate"] - row["true_value"]) / row["std_error"]
        assert distance < 3.3, (row["metric_id"], row["method"], row["estimate"], row["true_value"])
        if row["is_primary"]:
            assert row["ci_low"] <= row["true_value"] <= row["ci_high"], row["method"]


def test_the_email_experiment_earned_its_grade(con):
    rows = estimates(con, "estimates.experiment_id = 'email_drafting'")
    assert {r["evidence_grade"] for r in rows} == {"A"}
    assert {r["verdict"] for r in rows if r["is_primary"]} == {"improved"}


def test_adjustment_narrows_the_interval(con):
    where = "is_primary and estimates.experiment_id = 'email_drafting' and estimates.segment = 'all'"
    rows = {r["method"]: r for r in estimates(con, where)}
    assert rows["regression_adjusted"]["std_error"] < rows["difference_in_means"]["std_error"]
    assert rows["cuped"]["std_error"] < rows["difference_in_means"]["std_error"]
    assert rows["cuped_relative"]["std_error"] < rows["relative_difference"]["std_error"]


@pytest.mark.parametrize("experiment", ["landing_page", "account_outreach"])
def test_holdouts_contain_the_planted_truth_and_are_no_better_than_b(con, experiment):
    rows = [r for r in estimates(con, f"is_primary and estimates.experiment_id = '{experiment}'") if r["estimate"]]
    assert {"all", "stratum=smb"} <= {r["segment"] for r in rows}
    for row in (r for r in rows if r["segment"] == "all"):
        assert abs(row["estimate"] - row["true_value"]) / row["std_error"] < 3.3, row["method"]
        assert row["evidence_grade"] >= "B"


def test_no_truth_no_claim(con):
    """Designs without an estimator yet say so, and have neither number nor grade."""
    rows = estimates(con, "estimates.experiment_id in ('incident_triage', 'sales_research', 'brand_content')")
    assert rows
    for row in rows:
        assert row["estimate"] is None
        assert row["evidence_grade"] is None
        assert "no estimator" in row["reason"]


def test_moments_read_few_rows(con):
    """The statistics read moments: their number does not grow with the number of units."""
    (moments,) = con.sql("select count(*) from moments_unit_metrics").fetchone()
    (units,) = con.sql("select count(*) from int_unit_metrics").fetchone()
    assert moments < 100 < units
