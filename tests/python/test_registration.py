"""What a change of the registration does to the results, with dbt itself, on empty sources."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from raw_tables import create_raw_tables

ROOT = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).parent / "dbt"
COPIED = ("macros", "models", "python_models", "snapshots", "src", "tests", "dbt_project.yml")


@pytest.fixture
def project(tmp_path):
    """This project with a registry of its own: the seeds are copied, so that they can be edited."""
    for name in COPIED:
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "profiles.yml").write_text((ROOT / "profiles.yml.example").read_text())
    (tmp_path / "seeds").mkdir()
    for file in (ROOT / "seeds").iterdir():
        (tmp_path / "seeds" / file.name).write_text(file.read_text())
    return tmp_path


def dbt(project: Path, *arguments: str) -> None:
    environment = {**os.environ, "AI_IMPACT_DUCKDB_PATH": str(project / "own.duckdb")}
    command = [DBT, *arguments, "--profiles-dir", ".", "--target", "duckdb"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def rows(project: Path, query: str) -> dict:
    with duckdb.connect(str(project / "own.duckdb"), read_only=True) as con:
        return dict(con.sql(query).fetchall())


VERSIONS = "select experiment_id, count(*) from experiments_snapshot group by experiment_id"
CHANGED = "select experiment_id, passed from experiment_health where check_id = 'registration_changed'"
ESTIMATED = "select experiment_id, count(estimate) from impact_estimates group by experiment_id"
NO_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")


def test_a_change_after_the_start_marks_the_experiment(project):
    """A metric dropped, a name corrected, an entry taken out, an entry added; and no unit in any of the experiments."""
    with duckdb.connect(str(project / "own.duckdb")) as con:
        create_raw_tables(con)
    dbt(project, "build", "--select", "@experiments", *NO_TESTS)
    before = rows(project, VERSIONS)
    assert set(before.values()) == {1}
    assert set(rows(project, CHANGED).values()) == {True}
    assert set(rows(project, ESTIMATED).values()) == {0}

    registry = project / "seeds" / "experiments.csv"
    lines = [line for line in registry.read_text().splitlines() if not line.startswith("brand_content,")]
    edited = [
        line.replace("|time_to_draft", "").replace("AI landing pages with", "Landing pages and") for line in lines
    ]
    registry.write_text("\n".join([*edited, lines[1].replace("email_drafting", "newcomer", 1)]) + "\n")
    dbt(project, "build", "--select", "experiments+", *NO_TESTS)

    after = rows(project, VERSIONS)
    assert after == {**before, "email_drafting": 2, "newcomer": 1}
    changed = rows(project, CHANGED)
    assert {name for name, passed in changed.items() if not passed} == {"email_drafting"}
    assert "brand_content" not in changed
