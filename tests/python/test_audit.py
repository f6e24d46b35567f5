"""The audit is useful from the first day: over raw tables alone, over two sources, over all; and never a traceback."""

import json
import os
from functools import partial
from unittest.mock import patch

import duckdb
import numpy as np
import pytest
from dbt.cli.main import dbtRunner
from dbt_warehouse import FILE, parsed
from raw_tables import PROJECT, SOURCES, create_raw_tables, insert
from statsmodels.stats.power import NormalIndPower

from ai_impact import audit, audit_report
from ai_impact.command import main
from ai_impact_stats.estimators.planning import plan
from tools.dbt import close_warehouse

OPTIONAL = [name for name in SOURCES if name not in ("task_events", "ai_events")]
TWO = json.dumps({f"{name}_enabled": False for name in OPTIONAL})


def run(folder, capsys, *options: str, variables: str = "{}", manifest=True) -> tuple[int, str, str]:
    """The command over the warehouse in a folder; the project is parsed once for all."""
    environment = {
        "AI_IMPACT_DUCKDB_PATH": str(folder / FILE),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    (folder / "profiles.yml").write_text((PROJECT / "profiles.yml.example").read_text())
    where = ("--project-dir", str(PROJECT), "--profiles-dir", str(folder), "--target", "duckdb", "--vars", variables)
    runner = partial(dbtRunner, manifest=parsed()) if manifest else dbtRunner
    with patch.dict(os.environ, environment), patch("dbt.cli.main.dbtRunner", runner):
        code = main(["audit", *options, *where])
        close_warehouse()
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return code, said.out, said.err


def looked(folder, capsys, **more) -> dict:
    code, out, error = run(folder, capsys, "--format", "json", **more)
    assert code == 0, error
    return json.loads(out)


def states(found: dict, what: str = "sources") -> dict[str, str]:
    return {row.get("source") or row["kpi_id"]: row["state"] for row in found[what]}


@pytest.fixture
def landed(tmp_path):
    """Tasks and calls as they landed, and nothing else."""
    tasks = [
        {"event_id": f"t{n}", "source": "desk", "received_at": f"2026-01-{1 + n % 28:02} 10:00:00", "task_id": f"t{n}",
         "event_type": "completed", "use_case_id": "new_thing" if n % 2 else "email_drafting", "actor_id": f"p{n % 7}"}
        for n in range(40)
    ]  # fmt: skip
    calls = [{"event_id": f"c{n}", "source": "desk", "received_at": "soon", "provider_name": "acme",
              "response_model": "m-1", "occurred_at": "never"} for n in range(9)]  # fmt: skip
    with duckdb.connect(str(tmp_path / FILE)) as con:
        create_raw_tables(con)
        for name in OPTIONAL:
            con.execute(f"drop table raw.{name}")
        insert(con, "task_events", tasks)
        insert(con, "ai_events", calls)
    return tmp_path


def change(folder, sql: str) -> None:
    with duckdb.connect(str(folder / FILE)) as con:
        con.execute(sql)


def test_raw_tables_alone_say_what_is_there_and_what_to_run(landed, capsys):
    found = looked(landed, capsys, variables=TWO)
    assert not found["is_built"] and not found["problems"] and found["next"][0] == audit.BUILD
    known = {row["use_case_id"]: (row["on_the_map"], row["domain"], row["tasks"]) for row in found["use_cases"]}
    assert known == {"email_drafting": (True, "execution", None), "new_thing": (False, "execution", None)}
    assert any("new_thing" in step and "use_cases" in step for step in found["next"])
    assert [(row["provider_name"], row["response_model"], row["calls"]) for row in found["models"]] == [
        ("acme", "m-1", 9)
    ]
    assert states(found) == {"task_events": "ready", "ai_events": "ready", **dict.fromkeys(OPTIONAL, "off")}
    assert {row["source"]: row["rows"] for row in found["sources"]}["task_events"] == 40
    kpis = states(found, "kpis")
    assert kpis["throughput"] == kpis["drift_rate"] == "not built" and kpis["win_rate"] == "missing"
    assert [row["domain"] for row in found["proposals"]] == ["execution"] * 2 + ["strategic"] * 2
    assert (
        "Connect opportunities first" in {row["kpi_id"]: row["why"] for row in found["proposals"]}["pipeline_velocity"]
    )
    assert found["experiment"] is None


def test_a_source_that_is_not_there_is_named_with_its_vars(landed, capsys):
    found = looked(landed, capsys)
    assert states(found)["touches"] == "missing"
    (step,) = [step for step in found["next"] if step.startswith("touches:")]
    assert "raw.touches" in step and "touches_identifier" in step and "touches_enabled to false" in step


@pytest.mark.parametrize(
    ("sql", "state", "says"),
    [
        ("drop table raw.ai_events", "missing", "ai_events_identifier."),
        ("delete from raw.ai_events", "empty", "has no rows yet"),
        ("alter table raw.ai_events drop column received_at", "doubtful", "lacks received_at"),
        ("alter table raw.ai_events drop column parent_span_id", "ready", ""),
        ("alter table raw.ai_events drop column response_model", "doubtful", "lacks response_model"),
        ("drop schema raw cascade", "missing", "There is no table raw.ai_events"),
    ],
)
def test_a_broken_source_is_a_sentence(landed, capsys, sql, state, says):
    change(landed, sql)
    (row,) = [row for row in looked(landed, capsys, variables=TWO)["sources"] if row["source"] == "ai_events"]
    assert (row["state"], says in row["why"]) == (state, True), row


def test_a_model_that_cant_be_read_is_a_sentence(landed, capsys):
    change(landed, "create table main.dim_models as select 1 as something_else")
    code, out, _ = run(landed, capsys, variables=TWO)
    assert (
        code == 0 and "What could not be read" in out and "Run dbt build --select dim_models" in " ".join(out.split())
    )


def test_no_project_and_no_warehouse_are_sentences(tmp_path, capsys):
    (tmp_path / FILE).write_text("no database")
    code, out, error = run(tmp_path, capsys, variables=TWO)
    assert code == 1 and not out and "is not a DuckDB database" in error
    with patch.dict(os.environ, {"DBT_TARGET_PATH": str(tmp_path / "t"), "DBT_LOG_PATH": str(tmp_path / "logs")}):
        assert main(["audit", "--project-dir", str(tmp_path / "nowhere")]) == 1
        close_warehouse()
    assert "Traceback" not in capsys.readouterr().err


@pytest.fixture(scope="module")
def demo(demo_warehouse, tmp_path_factory):
    """Over a copy, in a project parsed by the command itself: DuckDB has one writer, and dbt opens to write."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / FILE).parent.mkdir(exist_ok=True)
    copy = folder / demo_warehouse.name
    copy.write_bytes(demo_warehouse.read_bytes())
    (folder / "profiles.yml").write_text((PROJECT / "profiles.yml.example").read_text())
    environment = {
        "AI_IMPACT_DUCKDB_PATH": str(copy),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(folder), "--target", "duckdb"]
    with patch.dict(os.environ, environment):
        found = json.loads(audit.build(options[2:], "json", PROJECT))
        close_warehouse()
    return found


def test_the_demo_has_the_numbers_of_its_marts(demo, demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        raw = dict(con.sql("select source, sum(raw) from event_reconciliation group by 1").fetchall())
        kpis = {kpi for (kpi,) in con.sql("select kpi_id from kpi_catalog").fetchall()}
        known = con.sql("select use_case_id, domain from dim_use_cases").fetchall()
        calls = dict(con.sql("select response_model, sum(call_count) from dim_models group by 1").fetchall())
        doubts = con.sql("select subject_id from data_quality_status where subject_type = 'source' and state in "
                         "('warning', 'error')").fetchall()  # fmt: skip
        tasks = dict(
            con.sql(
                "select use_case_id, n from kpi_values where kpi_id = 'throughput' and period_grain = 'rolling_90d' "
                "and team_id is null and value is not null and period_end = (select max(period_end) from kpi_values "
                "where period_grain = 'rolling_90d')"
            ).fetchall()
        )
    assert demo["is_built"] and not demo["problems"]
    assert {row["source"]: row["rows"] for row in demo["sources"]} == raw
    assert {row["kpi_id"] for row in demo["kpis"]} == kpis
    assert {row["use_case_id"]: row["domain"] for row in demo["use_cases"]} == dict(known)
    assert {row["response_model"]: row["calls"] for row in demo["models"]} == calls
    assert {name for name, state in states(demo).items() if state == "doubtful"} == {name for (name,) in doubts}
    assert {row["use_case_id"]: row["tasks"] for row in demo["use_cases"] if row["tasks"]}.items() <= tasks.items()
    assert all(row["why"] for row in demo["kpis"] if row["state"] != "ready")


def test_the_demo_has_proposals_of_both_kinds_and_an_experiment(demo):
    assert [row["domain"] for row in demo["proposals"]] == ["execution"] * 2 + ["strategic"] * 2
    assert all(row["state"] in ("ready", "doubtful") and row["guarded_by"] for row in demo["proposals"])
    planned = demo["experiment"]
    assert 8 <= planned["weeks"] <= 12 and planned["power"] >= 0.8
    assert {option["weeks"] for option in planned["options"]} == {8, 10, 12}
    assert planned["power"] == next(o["power"] for o in planned["options"] if o["weeks"] == planned["weeks"])


def test_every_form_says_the_same(demo):
    for write in (audit_report.Text(), audit_report.Markdown()):
        text = "\n".join(audit_report.report(demo, write)).replace("\\", "")
        for row in [*demo["use_cases"], *demo["models"]]:
            assert (row.get("use_case") or row["response_model"]) in text
        flat = " ".join(text.split())
        assert all(row["kpi_id"] in flat for row in [*demo["kpis"], *demo["proposals"]])
        assert f"for {demo['experiment']['weeks']} weeks" in flat and f"{demo['experiment']['power']:.0%}" in flat


def test_names_of_data_steer_neither_a_terminal_nor_a_page(demo):
    harmful = "\x1b[31mred\x07 | <script>alert(1)</script> `x` [a](b)"
    cases = [{**row, "use_case": harmful} for row in demo["use_cases"]]
    text = "\n".join(audit_report.report({**demo, "use_cases": cases}, audit_report.Text()))
    assert "\x1b" not in text and "\x07" not in text
    page = "\n".join(audit_report.report({**demo, "use_cases": cases}, audit_report.Markdown()))
    assert "\\<script>" in page and "red  \\| " in page and "\\[a](b)" in page


def test_the_power_is_that_of_a_test_of_two_means():
    for effect, deviation, weeks in ((1.0, 5.0, 8), (0.5, 3.0, 12), (2.0, 40.0, 10)):
        found = plan(deviation**2, effect, 100, weeks)
        assert found.units and found.detectable
        expected = NormalIndPower().power(effect / deviation, found.units / 2, 0.05, ratio=1, alternative="two-sided")
        assert audit.power_of(effect, found.detectable, 0.05, 0.8) == pytest.approx(expected, abs=1e-6)
    assert audit.power_of(3.0, 3.0, 0.05, 0.8) == pytest.approx(0.8, abs=1e-5)


def test_pooled_teams_are_the_tasks_as_one():
    generator = np.random.default_rng(5)
    teams = [generator.normal(mean, 2, size) for mean, size in ((10, 40), (12, 25), (9, 60), (11, 2))]
    n, mean, variance, inflation = audit.pooled([(len(t), float(t.mean()), float(t.var(ddof=1))) for t in teams])
    together = np.concatenate(teams)
    assert (n, mean, variance) == pytest.approx((len(together), together.mean(), together.var(ddof=1)))
    assert inflation and inflation > 3
    alike = [(50, 10.0, 4.0)] * 3
    assert audit.pooled(alike)[3] == 1.0
    assert audit.pooled([(1, 3.0, 0.0)]) == (1, 3.0, 0.0, None)
