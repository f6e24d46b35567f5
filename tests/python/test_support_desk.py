"""examples/support_desk: the commands of the quickstart end in a claim that holds the planted effect."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "support_desk"
GUIDE = (ROOT / "docs" / "quickstart.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def exports() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_exports", EXAMPLE / "make_exports.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, after the commands of the guide."""
    project = tmp_path_factory.mktemp("guide") / "examples" / "support_desk"
    made = shutil.ignore_patterns("target", "logs", "dbt_packages", "site", "*.duckdb*", "package-lock.yml")
    shutil.copytree(EXAMPLE, project, ignore=made)
    # The copy lies elsewhere, and this is what its path says.
    (project / "packages.yml").write_text((project / "packages.yml").read_text().replace("../..", str(ROOT)))
    commands = blocks("sh")[0].replace("ai-impact", f"{sys.executable} -m ai_impact")
    done = subprocess.run(
        ["sh", "-e"],
        input=commands,
        cwd=project.parents[1],
        env={
            **os.environ,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert " WARN=0 ERROR=0 SKIP=0 " in done.stdout
    (project / "said.txt").write_text(done.stdout)
    return project


def test_the_exports_are_what_the_script_writes(tmp_path):
    script = exports()
    script.FOLDER = tmp_path
    script.main()
    for path in tmp_path.glob("*.csv"):
        assert path.read_text() == (EXAMPLE / "seeds" / "exports" / path.name).read_text(), path.name
    assert len(list(tmp_path.glob("*.csv"))) == len(list((EXAMPLE / "seeds" / "exports").glob("*.csv")))


def test_the_guide_shows_what_the_example_holds():
    config = yaml.safe_load((EXAMPLE / "dbt_project.yml").read_text())["vars"]["ai_impact"]
    package, shown = (yaml.safe_load(block) for block in blocks("yaml"))
    assert package == yaml.safe_load((EXAMPLE / "packages.yml").read_text())
    assert shown["vars"]["ai_impact"].items() <= config.items()
    assert (EXAMPLE / "models" / "ai_task_events.sql").read_text() in blocks("sql")
    assert len("".join(blocks("yaml")).splitlines()) <= 25
    assert len(blocks("sh")[0].splitlines()) == 4


def test_the_seeds_have_the_columns_of_the_package():
    seeds = ("use_cases", "labor_rates", "experiments", "metric_catalog_extra", "reviews", "roi_terms", "slo_targets")
    for seed in seeds:
        own, package = (
            path.read_text().splitlines()[0]
            for path in (EXAMPLE / "seeds" / "registry" / f"{seed}.csv", ROOT / "seeds" / f"{seed}.csv")
        )
        assert own == package, seed


def test_it_ends_in_a_claim_that_holds_the_truth(built):
    planted = -exports().EFFECT
    with duckdb.connect(str(built / "support_desk.duckdb"), read_only=True) as con:
        (claim,) = con.sql("select sentence, verdict from impact_claims where experiment_id is not null").fetchall()
        assert claim[0] in " ".join(GUIDE.replace("\n> ", " ").split()) and claim[1] == "suggestive"
        quoted = con.sql(
            "select ci_low, estimate, ci_high, evidence_grade from impact_estimates "
            "where is_quoted and metric_id = 'hours_per_ticket' and segment = 'all'"
        )
        ((low, estimate, high, grade),) = quoted.fetchall()
        assert low < planted < high < 0 and abs(estimate - planted) < 0.05 and grade == "B"
        failed = con.sql("select check_id from experiment_health where passed = false and check_id like 'srm%'")
        assert not failed.fetchall()


def test_every_export_arrives(built):
    with duckdb.connect(str(built / "support_desk.duckdb"), read_only=True) as con:
        rows = con.sql("select source, sum(raw), sum(accepted) from event_reconciliation group by 1").fetchall()
        counted = {source: (raw, accepted) for source, raw, accepted in rows}
        given = "task_events ai_events evaluations survey_responses opportunities cost_records assignments"
        for source in given.split():
            raw, accepted = counted[source]
            assert raw == accepted > 0, source
        values = "select distinct kpi_id from kpi_values where value is not null and period_grain = 'rolling_90d'"
        shown = {kpi for (kpi,) in con.sql(values).fetchall()}
        assert {"throughput", "throughput_per_labour_hour", "csat", "win_rate", "call_cost_per_task"} <= shown
        with_calls = con.sql("select count(distinct task_id) from fct_ai_calls").fetchone()
        drafted = con.sql("select count(*) from fct_tasks where execution_mode = 'ai_assisted'").fetchone()
        assert with_calls == drafted


def test_the_board_is_written(built):
    assert "Reply drafts" in (built / "site" / "index.html").read_text()


def doctor(project: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "ai_impact", "doctor", "--format", "json", "--profiles-dir", "."],
        cwd=project,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_build_ends_with_what_is_wrong(built):
    said = [
        line.split("ai_impact: ", 1)[1]
        for line in (built / "said.txt").read_text().splitlines()
        if " ai_impact: " in line
    ]
    (health,) = [line for line in said if "KPIs have values" in line]
    assert "`ai-impact doctor` says what the others lack" in health
    assert not any("in quarantine" in line or "seed use_cases" in line or "human_minutes" in line for line in said)


def test_the_doctor_finds_what_was_broken(built, tmp_path):
    found = doctor(built)
    well = {title.split(":")[0]: items for title, items in found["findings"].items() if items}
    assert found["is_built"] and found["versions"]["engine"] == "duckdb"
    assert set(well) == {"KPIs without a value"}, well
    assert any("error_rate: No error was ever reported" in item for item in well["KPIs without a value"])
    path = built / "support_desk.duckdb"
    kept = tmp_path / "kept.duckdb"
    kept.write_bytes(path.read_bytes())
    with duckdb.connect(str(path)) as con:
        con.execute("update event_reconciliation set quarantined = 1 where source = 'task_events'")
        con.execute(
            "insert into event_quarantine (quarantine_key, source, reason, reason_column, load_day) "
            "select n::varchar, 'task_events', 'too_late', 'received_at', date '2026-03-01' from range(126) as r (n)"
        )
        con.execute("delete from labor_rates where team_id = '2'")
        con.execute(
            "update fct_tasks set human_minutes = null where execution_mode = 'human' and hash(task_id) % 2 = 0"
        )
        con.execute("update fct_tasks set started_at = null, cycle_hours = null where execution_mode = 'ai_assisted'")
    broken = {title.split(":")[0]: items for title, items in doctor(built)["findings"].items() if items}
    path.write_bytes(kept.read_bytes())
    (late,) = broken["In quarantine"]
    assert late.startswith(
        "task_events: 2.4 percent of its rows are in quarantine, most as too_late in received_at (126 rows): "
    )
    assert "do not map a time of synchronisation to received_at" in late
    assert broken["Teams that the seed labor_rates does not have"] == ["2"]
    minutes, hours = broken["Tasks without times"]
    assert re.match(r"support: human_minutes of completed tasks: ai_assisted 100%, human (4|5)\d%; labour", minutes)
    assert hours.startswith("support: a start and an end of completed tasks: ai_assisted 0%, human 100%; cycle times")
