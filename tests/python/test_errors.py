"""What a user reads when something is wrong: one sentence that names the thing and the fix."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tools.problems import dbt_sentence, warehouse_sentence

ROOT = Path(__file__).resolve().parents[2]

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
    from tools.problems import ProblemError

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
        [ROOT / "tools/setup.sh", "requirements.lock", tmp_path / "stamp"],
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
