"""What a user reads when something is wrong: one sentence that names the thing and the fix."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
import yaml
from dbt.adapters import factory
from dbt_warehouse import FILE, parsed
from engines.postgres import free_port
from raw_tables import create_raw_tables

import ai_impact_stats
from ai_impact import reading
from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence
from ai_impact_stats.io import versions
from tools import dbt
from tools.problems import warehouse_sentence

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

HOLD = """
import duckdb, sys, time
con = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(120)
"""


def demo(path: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "AI_IMPACT_DUCKDB_PATH": str(path), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.run(
        [sys.executable, "-m", "tools", "demo"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_warehouse_locked_by_another_process(tmp_path):
    path = tmp_path / "locked.duckdb"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "open\n"
            done = demo(path)
        finally:
            holder.kill()
    program = Path(f"/proc/{os.getpid()}/comm").read_text().strip() if Path("/proc").exists() else "python"
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"The warehouse {path} is locked by process {holder.pid} (")
    assert done.stderr.endswith(
        "): close that program, or set AI_IMPACT_DUCKDB_PATH to another file, then run this again.\n"
    )
    assert program[:6] in done.stderr


def test_a_warehouse_locked_by_an_unknown_process():
    error = 'IO Error: Could not set lock on file "w.duckdb": Resource temporarily unavailable'
    assert warehouse_sentence(error, Path("w.duckdb")) == (
        "The warehouse w.duckdb is locked by another process: close the program that has it open, "
        "or set AI_IMPACT_DUCKDB_PATH to another file, then run this again."
    )


def header_checksum(block: bytes) -> int:
    """DuckDB's own checksum of a block of its file."""
    total = 5381
    for at in range(0, len(block), 8):
        total ^= (int.from_bytes(block[at : at + 8], "little") * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    return total


def spoilt(path: Path, how: str) -> None:
    """A DuckDB file as a newer version would write it, or damaged in one of some ways."""
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select range as i from range(100000)")
    content = bytearray(path.read_bytes())
    if how == "newer":
        content[12:20] = (99).to_bytes(8, "little")
        content[:8] = header_checksum(bytes(content[8:4096])).to_bytes(8, "little")
    elif how == "cut off":
        del content[len(content) // 2 :]
    elif how == "changed":
        content[4100] ^= 255
    path.write_bytes(content)


SPOILT = {
    "newer": "The warehouse {path} was written by a newer version of DuckDB, which this one can't read: run "
    "pip install with that version of duckdb, or set AI_IMPACT_DUCKDB_PATH to another file, then run this again.",
    "cut off": "The warehouse {path} is damaged: it was cut off or changed. Restore a backup of it, "
    "or move it away, load the raw tables into a new file and run dbt build.",
}
SPOILT["changed"] = SPOILT["cut off"]


@pytest.mark.parametrize("how", SPOILT)
def test_a_warehouse_that_cannot_be_read(tmp_path, how):
    path = tmp_path / FILE
    spoilt(path, how)
    done = demo(path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", SPOILT[how].format(path=path) + "\n")


@pytest.mark.parametrize("how", [*SPOILT, "locked"])
def test_plain_dbt_says_why_a_warehouse_cannot_be_opened(tmp_path, how):
    """As the documentation has it run: the plugin that comes with the package explains what DuckDB says."""
    path = tmp_path / FILE
    spoilt(path, how)
    environment = {
        **os.environ,
        "AI_IMPACT_DUCKDB_PATH": str(path),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True) as holder:
        try:
            if how == "locked":
                assert holder.stdout.readline() == "open\n"
            done = subprocess.run(
                [sys.executable, Path(__file__).with_name("dbt_warehouse.py"), "run", "--select", "dim_dates"],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            holder.kill()
    said = " ".join(done.stdout.split("Encountered an error:")[1].split())
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    if how == "locked":
        assert said.startswith(f"Database Error The warehouse {path} is locked by process {holder.pid} (")
    else:
        assert said == "Database Error " + SPOILT[how].format(path=path)


def test_a_file_that_is_no_warehouse(tmp_path):
    path = tmp_path / "notes.duckdb"
    path.write_text("This is not a database. " * 1000)
    done = demo(path)
    assert done.returncode == 1
    assert done.stderr == (
        f"The file {path} is not a DuckDB database: move it away, "
        "or set AI_IMPACT_DUCKDB_PATH to another file, then run this again.\n"
    )
    assert path.read_text().startswith("This is not a database.")


def test_the_demo_leaves_the_tables_of_others_alone(tmp_path):
    from tools.demo import prepare

    path = tmp_path / "mine.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema raw; create table raw.task_events as select 1 as mine")
    with pytest.raises(ProblemError) as said:
        prepare(path, "fingerprint")
    assert str(said.value) == (
        f"The warehouse {path} holds tables that make demo did not make: "
        "set AI_IMPACT_DUCKDB_PATH to another file, then run make demo again."
    )
    with duckdb.connect(str(path)) as con:
        assert con.sql("select mine from raw.task_events").fetchall() == [(1,)]


def test_the_demo_starts_anew_only_when_something_changed(tmp_path):
    from tools.demo import prepare

    path = tmp_path / "demo.duckdb"
    prepare(path, "one")
    with duckdb.connect(str(path)) as con:
        con.execute("create table raw.task_events as select 1 as mine")
    prepare(path, "one")
    with duckdb.connect(str(path)) as con:
        assert con.sql("select mine from raw.task_events").fetchall() == [(1,)]
    prepare(path, "two")
    with duckdb.connect(str(path)) as con:
        assert con.sql("select table_name from information_schema.tables").fetchall() == [("demo_build",)]


def test_what_dbt_says_is_cut_to_the_sentence():
    message = (
        "Compilation Error in operation ai_impact-on-run-start-0 (./dbt_project.yml)\n"
        "  The var lookback_days is 'three': set it to a whole number of days.\n"
        "  \n"
        "  > in macro check_config (macros/checks/check_config.sql)\n"
        "  > called by operation ai_impact-on-run-start-0 (./dbt_project.yml)"
    )
    assert dbt_sentence(message) == "The var lookback_days is 'three': set it to a whole number of days."


def test_what_the_warehouse_says_is_cut_to_the_sentence():
    message = (
        "Runtime Error in model fct_tasks (models/marts/fct_tasks.sql)\n"
        '  Binder Error: Referenced column "task_idd" not found in FROM clause!\n'
        "  \n"
        "  LINE 12:     select task_idd\n"
        "                      ^"
    )
    assert dbt_sentence(message) == 'Binder Error: Referenced column "task_idd" not found in FROM clause!'


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_a_python_that_is_too_old(tmp_path):
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        [ROOT / "tools/setup.sh", "locks/requirements.lock", tmp_path / "stamp"],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"{old} is older than Python 3.11: set PYTHON to a newer interpreter, for example PYTHON=python3.12 make.\n"
    )
    assert not (tmp_path / ".venv").exists()


# What stops a run at its start: the macro check_config, through the driver that make uses.

WRONG_OR_UNSET = [
    ("lookback_days", "three", "is 'three'; it must be a whole number from 0 to 3650. "),
    ("k_anonymity", 0, "is '0'; it must be a whole number from 1 to 1000. "),
    ("lookback_dayz", 3, "is not known, so it would change nothing. Did you mean `lookback_days`? "),
    ("min_cost_coverage", 95, "is '95'; it must be a number from 0 to 1."),
    ("backfill_from", "2026-02-29", "is '2026-02-29'; it must be a UTC date or time such as '2026-01-31' or "),
    ("backfill_from", "2026-01-31T12:00", "is '2026-01-31T12:00'; it must be a UTC date or time such as "),
    ("roi_required_costs", ["training"], "is '['training']'; it must be a list of licence, usage, infrastructure, "),
    ("expected_outcomes", ["signup", True], "has 'True' in its list, which is no text; it must be a list of names "),
    ("funnel_stages", ["lead", "Lead"], "names 'lead, Lead', one of them twice; keep one."),
    ("provenance_rubric", "", "is ''; it must be a rubric_version of the seed rubrics."),
    ("reporting_currency", "US'D", "is 'US'D'; it must be the code of a currency, such as USD."),
    ("touches_enabled", "yes", "is 'yes'; it must be true or false."),
    ("task_events_identifier", "", "is not set; give the name of the raw table, such as `task_events`."),
    ("min_observations", None, "is not set; it must be a whole number from 1 to 1000000. "),
    ("registration_commits", {"e": "in March"}, "has 'in March' for `e`; it must be the time of a commit, in UTC or "),
    ("schemas_by_access", "yes", "is 'yes'; it must be true or false."),
    ("grants_by_access", {"public": ["bi"]}, "is '{'public': ['bi']}'; it must name lists of roles for "),
    ("grants_by_access", {"published": "bi"}, "is '{'published': 'bi'}'; it must name lists of roles for "),
]
WRONG_RATES = [
    ({"EUR": {"2026-01-01": 1.1, "2026-04-01": -1}}, "has the rate '-1' for EUR; it must be a number above 0"),
    ({"EUR": {"2026-02-30": 1.1}}, "has a rate for EUR from '2026-02-30'; write the day as '2026-01-31'."),
    ({"EUR": {"1.4.2026": 1.1}}, "has a rate for EUR from '1.4.2026'; write the day as '2026-01-31'."),
    ({" eur ": 1.08, "EUR": 1.1}, "names the currency EUR twice; keep one of its rates."),
]
WRONG = {name: value for name, value, _ in WRONG_OR_UNSET} | {
    "currency_rates": {code: rate for rates, _ in WRONG_RATES for code, rate in rates.items()}
}


def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: str = "", **variables: object) -> str:
    """Start a run over empty raw tables that `prepare` spoils, and return what the user reads."""
    path = tmp_path / FILE
    with duckdb.connect(str(path)) as con:
        create_raw_tables(con)
        con.execute(prepare or "select 1")
    monkeypatch.setenv("AI_IMPACT_DUCKDB_PATH", str(path))
    arguments = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target-path", str(tmp_path / "target")]
    staged = ["base_task_events", "base_ai_events", "base_touches"]
    selected = ["--select", *staged, "--vars", json.dumps(variables)]
    # One parse with all wrong vars shows that none of them stops it; but this one does.
    manifest = None if "confidence_level" in variables else parsed(json.dumps(WRONG if variables else {}))
    messages: list[str] = []
    try:
        dbt.run(["run", *selected, *arguments, "--log-path", str(tmp_path)], tell=messages.append, manifest=manifest)
    except ProblemError as problem:
        return str(problem)
    return "\n".join(messages)


def test_a_missing_source_table(tmp_path, monkeypatch):
    assert build(tmp_path, monkeypatch, "drop table raw.ai_events") == (
        "ai_impact: The source table raw.ai_events does not exist. "
        "Load it, point the vars `raw_schema` and `ai_events_identifier` at a table that does."
    )


def test_a_missing_source_table_that_may_be_off(tmp_path, monkeypatch):
    assert build(tmp_path, monkeypatch, "drop table raw.touches") == (
        "ai_impact: The source table raw.touches does not exist. "
        "Load it, point the vars `raw_schema` and `touches_identifier` at a table that does, "
        "or switch the source off with the var `touches_enabled: false`."
    )
    assert "does not exist" not in build(tmp_path, monkeypatch, "drop table raw.touches", touches_enabled=False)


def test_a_source_column_of_the_wrong_type(tmp_path, monkeypatch):
    spoil = "alter table raw.task_events alter column human_minutes type timestamp using null"
    said = build(tmp_path, monkeypatch, spoil)
    assert said.startswith("ai_impact: The column `human_minutes` of the source table raw.task_events is timestamp, ")
    assert said.endswith(
        "which can't be read as double. Cast it in a view, and point the var `task_events_identifier` at the view."
    )


def test_a_source_column_that_is_missing(tmp_path, monkeypatch):
    said = build(tmp_path, monkeypatch, "alter table raw.task_events drop column task_id")
    assert "`task_id`" in said
    assert "raw.task_events" in said
    assert "\n" not in said


def test_an_empty_source(tmp_path, monkeypatch):
    said = build(tmp_path, monkeypatch)
    assert (
        "ai_impact: The source table raw.task_events is empty, so what is computed from it is empty too. "
        "Load it before you read the results."
    ) in said.splitlines()


@pytest.mark.parametrize(("name", "value", "said"), WRONG_OR_UNSET)
def test_a_wrong_or_unset_var(tmp_path, monkeypatch, name, value, said):
    read = build(tmp_path, monkeypatch, **{name: value})
    assert read.startswith(f"ai_impact: The var `{name}` {said}")
    assert "\n" not in read


@pytest.mark.parametrize(("rates", "said"), WRONG_RATES)
def test_rates_that_cannot_be_read(tmp_path, monkeypatch, rates, said):
    read = build(tmp_path, monkeypatch, currency_rates=rates)
    assert read.startswith("ai_impact: The var `currency_rates` ")
    assert said in read
    assert "\n" not in read


QUOTED = {
    "account_segment_covariate": "x' or 1=1 --",
    "provenance_rubric": "p'q",
    "funnel_unit_type": "le'ad",
    "funnel_stages": ["lead", "o'hara", "sql"],
    "attribution_conversions": ["sign'up"],
    "attribution_calibration_experiment": "e'1",
    "attribution_calibration_metric": "m'1",
    "identity_person_types": ["pers'on", "email"],
    "identity_account_types": ["acc'ount"],
    "expected_outcomes": ["o'k"],
}


def test_a_quote_in_a_var_is_a_quote_in_a_text(tmp_path, monkeypatch):
    """What SQL is made of texts from vars: where a quote ended one, the engine would say so."""
    path = tmp_path / FILE
    with duckdb.connect(str(path)) as con:
        create_raw_tables(con)
    monkeypatch.setenv("AI_IMPACT_DUCKDB_PATH", str(path))
    arguments = ["--profiles-dir", str(ROOT), "--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path)]
    manifest = parsed(json.dumps(QUOTED))
    said: list[str] = []
    dbt.run(["seed", "--project-dir", str(ROOT), *arguments], tell=said.append, manifest=manifest)
    models = ["+int_account_segments", "+int_decision_provenance", "+int_funnel_observations", "+int_conversions"]
    run = ["run", "--project-dir", str(ROOT), "--select", *models, "--vars", json.dumps(QUOTED)]
    dbt.run([*run, *arguments], tell=said.append, manifest=manifest)
    with duckdb.connect(str(path)) as con:
        assert con.sql("select count(*) from int_account_segments").fetchall() == [(0,)]


def test_every_var_has_a_rule():
    macro = (ROOT / "macros/checks/check_config.sql").read_text().split("macro var_rules")[1].split("endmacro")[0]
    named = set(re.findall(r"'([a-z_]+)': [\['{]", macro)) | set(re.findall(r"'([a-z_]+)'[,\]]", macro))
    listed = set(yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["ai_impact"])
    assert {name for name in listed if not name.endswith(("_enabled", "_identifier", "_relation"))} <= named


def test_a_python_package_of_another_version(tmp_path, monkeypatch):
    own = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["version"]
    assert own == ai_impact_stats.__version__
    assert own == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert versions.problem(own, own.rsplit(".", 1)[0] + ".99") is None  # a correction
    wrong = (
        f"The dbt package ai_impact of this project is {own}, and the Python package ai-impact-stats is 0.1.7: run pip "
    )
    monkeypatch.setattr(ai_impact_stats, "__version__", "0.1.7")
    config = SimpleNamespace(load_dependencies=lambda: {"ai_impact": SimpleNamespace(version=own)})
    monkeypatch.setattr(factory.FACTORY, "adapters", {"duckdb": SimpleNamespace(config=config)})
    with pytest.raises(RuntimeError, match=wrong):  # what each Python model calls
        ai_impact_stats.result("plans", {}, None, None)
    monkeypatch.undo()
    monkeypatch.setattr(ai_impact_stats, "__version__", "0.1.7")
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path))
    with pytest.raises(ProblemError, match=wrong):
        reading.Warehouse(["--profiles-dir", str(ROOT), "--project-dir", str(ROOT)])


def test_a_confidence_level_in_percent(tmp_path, monkeypatch):
    read = build(tmp_path, monkeypatch, confidence_level=95)
    assert read.endswith("Set confidence_level between 0 and 1, for example 0.95.")
    assert "\n" not in read


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "Runtime Error in model design_checks\n  Python model failed:\n  Traceback (most recent call last):\n"
            "  ModuleNotFoundError: No module named 'ai_impact_stats'",
            "The package ai-impact-stats is not installed where Python models run: run pip install with the folder of "
            "ai_impact or with its wheel, then run this again.",
        ),
        (
            'Runtime Error\n  Credentials in profile "ai_impact", target "postgres" invalid: Runtime Error\n'
            "    Could not find adapter type postgres!",
            "dbt's adapter for postgres is not installed: run pip install dbt-postgres, then run this again.",
        ),
        (
            "Parsing Error\n  Env var required but not provided: 'PGUSER'",
            "The environment variable PGUSER, which profiles.yml reads, is not set: set it, then run this again.",
        ),
    ],
)
def test_what_an_engine_lacks(message, said):
    assert engine_sentence(message) == said


def test_a_missing_statistics_package_is_told_by_dbt_itself(tmp_path, monkeypatch):
    path = tmp_path / FILE
    with duckdb.connect(str(path)) as con:
        create_raw_tables(con)
    (tmp_path / "ai_impact_stats.py").write_text("raise ModuleNotFoundError(\"No module named 'ai_impact_stats'\")\n")
    environment = {
        **os.environ,
        "AI_IMPACT_DUCKDB_PATH": str(path),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("dbt_warehouse.py"), "run", "--select", "design_checks"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    told = [line.split("ai_impact: ")[1] for line in done.stdout.splitlines() if "ai_impact: The package" in line]
    assert told == [
        "The package ai-impact-stats is not installed where Python models run: run pip install with the folder of "
        "ai_impact or with its wheel, then run this again."
    ]


# A server that is not there, as each program that needs one says it.

NO_POSTGRES = (
    "No server answers at 127.0.0.1:{port}: "
    "start it, or correct PGHOST and PGPORT or the target in profiles.yml, then run this again."
)
NO_SPARK = (
    "No Spark server answers at 127.0.0.1:{port} (Connection refused): start it (for Sail: TZ=UTC sail spark server "
    "--ip 127.0.0.1 --port {port}), or set spark.remote in profiles.yml."
)


@pytest.fixture
def nobody(tmp_path):
    """The environment of a program whose server is not there."""
    port = str(free_port())
    return {
        **os.environ,
        **{"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "me", "PGPASSWORD": "secret", "PGDATABASE": "mine"},
        "SPARK_REMOTE": f"sc://127.0.0.1:{port}",
        "AI_IMPACT_SPARK_WAREHOUSE": str(tmp_path),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }


@pytest.mark.engines
@pytest.mark.parametrize(
    ("target", "module", "sentence"),
    [("postgres", "dbt.adapters.postgres", NO_POSTGRES), ("spark", "dbt.adapters.spark", NO_SPARK)],
)
def test_dbt_without_its_server(nobody, tmp_path, target, module, sentence):
    pytest.importorskip(module, exc_type=ImportError)
    shutil.copy(ROOT / "profiles.yml.example", tmp_path / "profiles.yml")
    done = subprocess.run(
        [BIN / "dbt", "--no-use-colors", "run", "--target", target, "--profiles-dir", tmp_path],
        **{"cwd": ROOT, "env": nobody, "capture_output": True, "text": True, "check": False},
    )
    assert done.returncode != 0
    lines = [line.strip() for line in done.stdout.split("Encountered an error:")[1].splitlines() if line.strip()]
    assert [line for line in lines if not line.endswith(" Error")] == [sentence.format(port=nobody["PGPORT"])]


@pytest.mark.parametrize(
    ("program", "module", "sentence"),
    [("demo.load_postgres", "psycopg2", NO_POSTGRES), ("demo.load_spark", "pyspark", NO_SPARK)],
)
def test_loading_the_demo_without_a_server(nobody, company, program, module, sentence):
    pytest.importorskip(module)
    done = subprocess.run(
        [sys.executable, "-m", program, "--data", company],
        **{"cwd": ROOT, "env": nobody, "capture_output": True, "text": True, "check": False, "timeout": 60},
    )
    assert (done.returncode, done.stderr) == (1, sentence.format(port=nobody["PGPORT"]) + "\n")
