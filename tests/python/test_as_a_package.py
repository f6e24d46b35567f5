"""The project as a dbt package in somebody else's project: own seeds, own tables, only the two needed sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).parent / "dbt"

OPTIONAL = [
    *("decision_events", "evaluations", "assignments", "unit_covariates", "touches", "outcome_events"),
    *("opportunities", "survey_responses", "incidents", "requisitions", "market_signals", "cost_records"),
    "identity_links",
]

PROJECT = """
name: somebody
version: 1.0.0
config-version: 2
profile: somebody
vars:
  ai_impact:
    raw_schema: landed
    task_events_identifier: work_log
{off}
seeds:
  ai_impact:
    use_cases: {{+enabled: false}}
    labor_rates: {{+enabled: false}}
    experiments: {{+enabled: false}}
    roi_assumptions: {{+enabled: false}}
    roi_terms: {{+enabled: false}}
    reviews: {{+enabled: false}}
    slo_targets: {{+enabled: false}}
  somebody:
    experiments:
      +column_types:
        {{registered_at: timestamp, starts_at: timestamp, ends_at: timestamp, alpha: double, power: double,
        minimum_detectable_effect: double, experiment_id: varchar, name: varchar, use_case_id: varchar,
        hypothesis: varchar, design: varchar, unit_type: varchar, control_arm: varchar, treatment_arm: varchar,
        primary_metric_id: varchar, secondary_metric_ids: varchar, guardrail_metric_ids: varchar,
        expected_split: varchar, cluster_by: varchar}}
    slo_targets:
      +column_types: {{use_case_id: varchar, indicator: varchar, objective: double, budget_policy: varchar}}
    roi_terms:
      +column_types:
        {{use_case_id: varchar, term: varchar, experiment_id: varchar, metric_id: varchar, basis: varchar,
        treatment_arm: varchar}}
    labor_rates:
      +column_types: {{headcount_fte: double, loaded_cost_per_hour: double, contracted_hours_per_week: double}}
"""

# The columns are those of the package's seeds; this company runs no experiments and has no objectives yet.
SEEDS = {
    "use_cases": ["support,Support,execution,desk,Desk,2026-03-01,2026-01-01,2026-02-28,false"],
    "labor_rates": ["desk,2026-01-01,4,50,40"],
    "experiments": [],
    "roi_assumptions": ["support,recapture_rate,0.3,0.5,0.7,triangular,Finance"],
    "roi_terms": [],
    "reviews": ["support,monthly,2026-01-20,Go on"],
    "slo_targets": [],
}

TABLES = """
create schema landed;
create table landed.work_log as
select
    task || '-' || step as event_id, 'tracker' as source, happened_at as occurred_at,
    happened_at + interval 1 minute as received_at, step as event_type, task as task_id,
    'support' as use_case_id, 'person-' || (number % 7) as actor_id, 'human' as actor_kind, 'desk' as team_id,
    cast(null as varchar) as subject_type, cast(null as varchar) as subject_id, 'human' as execution_mode,
    true as is_eligible, cast(null as varchar) as complexity, 30.0 as human_minutes,
    cast(null as double) as baseline_minutes, cast(null as varchar) as baseline_source
from (
    select
        'task-' || n as task, n as number, unnest(['created', 'started', 'completed']) as step,
        timestamp '2026-01-05 08:00' + interval (n * 7) hour + interval (unnest([0, 1, 3])) hour as happened_at
    from range(100) as r (n)
);
create table landed.ai_events (
    event_id varchar, source varchar, occurred_at timestamp, received_at timestamp, event_type varchar, task_id varchar,
    use_case_id varchar, trace_id varchar, span_id varchar, operation_name varchar, provider_name varchar,
    request_model varchar, response_model varchar, agent_version varchar, prompt_version varchar, prompt_hash varchar,
    input_tokens bigint, output_tokens bigint, latency_ms double, time_to_first_chunk_ms double, status varchar,
    error_type varchar, confidence double, edit_ratio double, cost_amount double, cost_currency varchar
);
"""


@pytest.fixture
def somebody(tmp_path):
    off = "\n".join(f"    {name}_enabled: false" for name in OPTIONAL)
    (tmp_path / "dbt_project.yml").write_text(PROJECT.format(off=off))
    (tmp_path / "packages.yml").write_text(f"packages: [{{local: {ROOT}}}]\n")
    (tmp_path / "profiles.yml").write_text(
        "somebody:\n  target: own\n  outputs:\n"
        "    own: {type: duckdb, path: own.duckdb, schema: analytics, threads: 2}\n"
    )
    (tmp_path / "seeds").mkdir()
    for name, rows in SEEDS.items():
        header = (ROOT / "seeds" / f"{name}.csv").read_text().splitlines()[0]
        (tmp_path / "seeds" / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    with duckdb.connect(str(tmp_path / "own.duckdb")) as con:
        con.execute(TABLES)
    return tmp_path


def dbt(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [DBT, "--no-use-colors", *arguments, "--profiles-dir", "."],
        cwd=project,
        env={
            **os.environ,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONPATH": f"{ROOT / 'src'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_two_sources_are_enough(somebody):
    dbt(somebody, "deps")
    dbt(somebody, "build", "--exclude-resource-type", "unit_test")
    with duckdb.connect(str(somebody / "own.duckdb"), read_only=True) as con:
        con.execute("use analytics")
        counted = con.sql("select sum(raw), sum(accepted) from event_reconciliation").fetchone()
        assert counted == (300, 300)
        assert con.sql("select count(*) from fct_tasks where is_completed").fetchone() == (100,)
        assert con.sql("select name from dim_use_cases where use_case_id = 'support'").fetchone() == ("Support",)
        costs = con.sql("select count(*), count(value) from kpi_values where kpi_id = 'cost_per_task'").fetchone()
        assert costs[0] > 0
        assert con.sql("select count(*) from impact_estimates where estimate is not null").fetchone() == (0,)
        # Nothing is paid for and nothing is shown to help: no return, no claim, and what is amiss is said.
        assert con.sql("select count(*) from roi_summary where roi is not null").fetchone() == (0,)
        gains = "verdict in ('proven', 'suggestive')"
        assert con.sql(f"select count(*) from impact_claims where {gains}").fetchone() == (0,)
        found = con.sql("select finding from governance_findings").fetchall()
        assert ("unmapped_use_case",) not in found


def test_the_statistics_run_from_a_zip(tmp_path):
    """As Snowflake has them: imported from a file on a stage, by each Python model."""
    zipped = shutil.make_archive(str(tmp_path / "ai_impact_stats"), "zip", ROOT / "src", "ai_impact_stats")
    models = [*ROOT.glob("python_models/*.py"), *ROOT.glob("models/**/*.py")]
    assert len(models) > 10
    code = (
        "import ai_impact_stats, runpy, sys\n"
        "assert 'ai_impact_stats.zip' in ai_impact_stats.__file__\n"
        "for path in sys.argv[1:]:\n"
        "    assert callable(runpy.run_path(path)['model'])\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, *map(str, models)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": zipped},
        check=True,
    )
