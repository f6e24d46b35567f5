"""A ratio KPI is added by the steps of CONTRIBUTING.md, and no others."""

import os
import re
import shutil
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from tools.dbt import close_warehouse

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("models", "python_models", "macros", "seeds", "snapshots", "tests/generic", "tests/singular")
FILES = ("dbt_project.yml", "selectors.yml", "profiles.yml.example")
CHANGED = ("kpi_catalog", "int_tasks_daily+,+kpi_values")  # the row of the catalogue, and all between


def steps() -> list[tuple[str, list[str], list[str]]]:
    """File, the lines after which new ones stand, and these."""
    section = (ROOT / "CONTRIBUTING.md").read_text().split("## Add a ratio KPI")[1]
    diff = section.split("```diff\n")[1].split("```")[0]
    found = []
    for part in re.split(r"^\+\+\+ b/", diff, flags=re.MULTILINE)[1:]:
        name, *lines = part.splitlines()
        kept = [line[1:] for line in lines if line.startswith(" ")]
        found.append((name, kept, [line[1:] for line in lines if line.startswith("+")]))
    return found


def test_it_takes_four_files():
    files = {name for name, _, _ in steps()} | {"docs/kpis.md"}
    assert len(files) <= 4


@pytest.fixture(scope="module")
def grown(tmp_path_factory, demo_warehouse):
    """The demo's KPIs, with one more."""
    project = tmp_path_factory.mktemp("project")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, project / name)
    for name in FILES:
        shutil.copy(ROOT / name, project / name.removesuffix(".example"))
    for name, after, new in steps():
        file = project / name
        text = file.read_text()
        place = "\n".join(after) + "\n"
        assert text.count(place) == 1, f"{name} has no single place for the step of CONTRIBUTING.md: {place}"
        file.write_text(text.replace(place, place + "\n".join(new) + "\n"))
    path = project / demo_warehouse.name
    shutil.copy(demo_warehouse, path)
    environment = {
        "AI_IMPACT_DUCKDB_PATH": str(path),
        "DBT_TARGET_PATH": str(project / "target"),
        "DBT_LOG_PATH": str(project / "logs"),
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    with patch.dict(os.environ, environment):
        select = ["--select", *CHANGED, "--exclude-resource-type", "test", "unit_test"]
        done = dbtRunner().invoke(["--quiet", "build", "--full-refresh", "--target", "duckdb", *select])
        close_warehouse()
    assert done.success, done.exception or [r.message for r in done.result.results if r.message]
    with duckdb.connect(str(path), read_only=True) as con:
        yield con


def test_the_new_kpi_is_right_everywhere(grown):
    rows = grown.sql("""
        with tasks as (select *, review_minutes > 0 as reviewed from fct_tasks where is_completed)
        select k.kpi_value_key, k.value, k.numerator, k.n, k.ci_low, k.ci_high, k.status,
            count(*) filter (t.reviewed), count(*)
        from kpi_values as k
        inner join tasks as t
            on t.completed_at >= k.period_start and t.completed_at < k.period_end
            and t.use_case_id = coalesce(k.use_case_id, t.use_case_id) and t.team_id = coalesce(k.team_id, t.team_id)
        where k.kpi_id = 'review_rate' and k.period_grain = 'month' and k.suppression_rule is null
        group by all
        """).fetchall()
    assert len(rows) > 100
    for *_, value, numerator, n, low, high, status, reviewed, tasks in rows:
        assert (numerator, n) == (reviewed, tasks) and value == pytest.approx(100 * reviewed / tasks)
        assert low <= value <= high and status == "not_enough_data"  # no target


def test_the_other_kpis_stay_and_small_groups_are_hidden(grown, demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        counts = """
            select kpi_id, count(*), count(value), round(sum(value), 6)
            from kpi_values where kpi_id <> 'review_rate' group by 1"""
        assert sorted(grown.sql(counts).fetchall()) == sorted(con.sql(counts).fetchall())
    hidden = "select count(*) from kpi_values where kpi_id = '{}' and suppression_rule is not null"
    assert grown.sql(hidden.format("review_rate")).fetchall() == grown.sql(hidden.format("rework_rate")).fetchall()
