"""MetricFlow's answers for every metric, by month and use case, are what kpi_values says."""

import csv
import json
import os
import subprocess
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".venv-semantic/bin"
REQUIRED = os.environ.get("AI_IMPACT_SEMANTIC") == "required"
if not (PROGRAMS / "mf").exists() and not REQUIRED:
    pytest.skip("MetricFlow is not installed: run make test-semantic", allow_module_level=True)

GRAINS = {"daily": "day", "monthly": "month"}


@pytest.fixture(scope="module")
def project(demo_warehouse, tmp_path_factory):
    """Runs a program of MetricFlow's environment on the project over the demo's warehouse."""
    environment = {
        **os.environ,
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "AI_IMPACT_DUCKDB_PATH": str(demo_warehouse.resolve()),
        "DBT_PROFILES_DIR": str(ROOT),
        "DBT_LOG_PATH": str(tmp_path_factory.mktemp("semantic")),
    }

    def run(*arguments: str) -> None:
        done = subprocess.run(
            [PROGRAMS / arguments[0], *arguments[1:]],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    # mf reads what dbt wrote into target/, and no other folder.
    run("dbt", "parse")
    return run


@pytest.fixture(scope="module")
def metrics(project) -> dict[str, list[str]]:
    """The ratio metrics, by the period that they have."""
    manifest = json.loads((ROOT / "target/semantic_manifest.json").read_text())
    ratios = [metric for metric in manifest["metrics"] if metric["type"] == "ratio"]
    return {
        word: [m["name"] for m in ratios if m["type_params"]["numerator"]["name"] == f"ai_impact_{word}_numerator"]
        for word in GRAINS
    }


def test_every_kpi_that_adds_up_is_a_metric(metrics, demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        known = con.execute("select distinct period_grain, kpi_id from report_kpi_sums").fetchall()
    for word, grain in GRAINS.items():
        assert sorted(metrics[word]) == sorted(f"ai_impact_{kpi}" for period, kpi in known if period == grain)


@pytest.mark.parametrize(("word", "grain"), GRAINS.items())
def test_a_metric_is_the_kpi(word, grain, metrics, project, demo_warehouse, tmp_path):
    answer = tmp_path / "answer.csv"
    by = ["metric_time__month", f"ai_impact_{grain}__use_case_id"]
    project("mf", "query", "--metrics", ",".join(metrics[word]), "--group-by", ",".join(by), "--csv", str(answer))
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        # A month that has not ended has days, and no row of its own.
        published = con.execute(
            """
            select distinct
                'ai_impact_' || months.kpi_id, cast(months.period_start as varchar), months.use_case_id, months.value
            from report_kpis as months
            inner join report_kpi_sums as sums
                on
                    months.kpi_id = sums.kpi_id
                    and months.use_case_id = sums.use_case_id
                    and months.period_start = date_trunc('month', sums.period_start)
            where
                months.period_grain = 'month'
                and months.team_id = 'all'
                and months.value is not null
                and sums.period_grain = ?
            """,
            [grain],
        ).fetchall()
    asked = {(row[by[0]][:10], row[by[1]]): row for row in csv.DictReader(answer.open())}
    answered = [float(asked[month, use_case][metric]) for metric, month, use_case, _ in published]
    assert {row[0] for row in published} == set(metrics[word])
    assert answered == pytest.approx([row[3] for row in published], rel=1e-9, abs=1e-12)
