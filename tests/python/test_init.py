"""ai-impact init: what it writes parses, builds on the example's exports once filled in, and overwrites nothing."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from ai_impact import init
from ai_impact.command import main

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = ROOT / "examples" / "support_desk" / "seeds" / "exports"
REGISTRY = EXPORTS.parent / "registry"
TABLES = {
    "zendesk.ticket": "zendesk_ticket",
    "zendesk.ticket_field_history": "zendesk_ticket_field_history",
    "zendesk.satisfaction_rating": "zendesk_satisfaction_rating",
    "otel_genai.otel_traces": "otel_traces",
    "focus.focus": "focus_costs",
}
FILLED = {
    "ai_task_events": {
        "use_case_id": "'support'",
        "execution_mode": "case when custom_draft_arm = 'draft' then 'ai_assisted' else 'human' end",
        "is_eligible": "true",
        "human_minutes": "custom_total_time_spent_sec / 60.0",
    },
    "ai_events": {
        "task_id": "'zendesk:' || json_extract_string(span_attributes, '$.\\\"ticket.id\\\"')",
        "use_case_id": "'support'",
    },
    "ai_cost_records": {"use_case_id": "'support'"},
}


def dbt(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "--no-use-colors", *arguments, "--profiles-dir", "."],
        cwd=project,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def begun(folder: Path, tools: str) -> Path:
    """A folder after init, with a connection and this package."""
    assert main(["init", "--from", tools, "--project-dir", str(folder)]) == 0
    (folder / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    target = {"type": "duckdb", "path": "own.duckdb", "threads": 2, "schema": "analytics"}
    profile = {"target": "duckdb", "outputs": {"duckdb": target}}
    (folder / "profiles.yml").write_text(yaml.safe_dump({init.project_name(folder): profile}))
    return folder


def test_it_builds_on_the_exports_once_it_is_filled_in(tmp_path):
    project = begun(tmp_path / "desk", "zendesk,otel_genai,focus")
    with duckdb.connect(str(project / "own.duckdb")) as con:
        for table, file in TABLES.items():
            con.execute(f"create schema if not exists {table.split('.')[0]}")
            con.execute(f"create table {table} as select * from read_csv('{EXPORTS / file}.csv')")
    for model, expressions in FILLED.items():
        path = project / init.MODELS / f"{model}.sql"
        text = path.read_text()
        for name, expression in expressions.items():
            assert f'{name}="null"' in text
            text = text.replace(f'{name}="null"', f'{name}="{expression}"')
        path.write_text(text)
    for seed in ("use_cases", "labor_rates"):
        (project / init.FILES / f"{seed}.csv").write_text((REGISTRY / f"{seed}.csv").read_text())
    dbt(project, "deps")
    said = dbt(project, "build", "--exclude-resource-type", "test")
    assert " WARN=0 ERROR=0 SKIP=0 " in said
    with duckdb.connect(str(project / "own.duckdb"), read_only=True) as con:
        con.execute("use analytics")
        assert con.sql("select sum(raw) = sum(accepted) from event_reconciliation").fetchone() == (True,)
        done = con.sql("select count(*), count(human_minutes), count(distinct use_case_id) from fct_tasks").fetchone()
        assert done == (1638, 1638, 1)
        values = "select distinct kpi_id from kpi_values where value is not null and use_case_id = 'support'"
        shown = {kpi for (kpi,) in con.sql(values).fetchall()}
        assert {"throughput", "throughput_per_labour_hour", "cycle_time_p50", "tokens_per_task"} <= shown


@pytest.mark.parametrize("tools", [",".join(sorted(init.TOOLS)), "focus"])
def test_what_it_writes_parses(tmp_path, tools):
    """All tools at once, of which some make the same source; and one that makes nothing that is required."""
    project = begun(tmp_path / "own", tools)
    dbt(project, "deps")
    said = dbt(
        project, "ls", "--quiet", "--select", f"{init.project_name(project)}.ai_impact.*", "--resource-type", "model"
    )
    assert len(said.split()) == len(list((project / init.MODELS).glob("*.sql")))
    assert "WARNING" not in dbt(project, "parse")


def test_it_overwrites_nothing(tmp_path, capsys):
    (tmp_path / "dbt_project.yml").write_text("name: my_shop\n")
    seed = tmp_path / init.FILES / "use_cases.csv"
    seed.parent.mkdir(parents=True)
    seed.write_text("mine")
    assert main(["init", "--from", "jira", "--project-dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Left as they were: dbt_project.yml, seeds/ai_impact/use_cases.csv." in said
    assert seed.read_text() == "mine" and (tmp_path / "dbt_project.yml").read_text() == "name: my_shop\n"
    # What could not be written where it belongs can be copied from here.
    assert "ref('my_shop', 'ai_task_events')" in (tmp_path / init.MODELS / "README.md").read_text()
    assert main(["init", "--from", "jira", "--project-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("Wrote 0 files.")


def test_an_unknown_tool_is_a_sentence(tmp_path, capsys):
    assert main(["init", "--from", "zendesk,abacus", "--project-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("There is no connector for abacus. There are: claude, focus, ")
    assert not list(tmp_path.iterdir())


def test_the_seeds_are_those_of_the_package():
    kinds = {"varchar": "text", "'double'": "double", "integer": "integer"}
    for seed in init.SEEDS:
        config = yaml.safe_load((ROOT / "seeds" / f"{seed}.yml").read_text())["seeds"][0]["config"]
        types = {
            name: next((kind for sign, kind in kinds.items() if sign in said), said)
            for name, said in config["column_types"].items()
        }
        assert init.columns(seed) == types, seed
        assert list(types) == (ROOT / "seeds" / f"{seed}.csv").read_text().splitlines()[0].split(","), seed
        assert all(said == init.TYPES[types[name]] for name, said in config["column_types"].items() if "{{" in said)
