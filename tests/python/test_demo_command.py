"""make demo may be killed at any moment: the next run ends in the same tables as a run that was left alone."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ai_impact.sentences import ProblemError
from tools.demo import check_clock

ROOT = Path(__file__).resolve().parents[2]
SIDES = ("built", "expected")


def start(tmp_path: Path) -> subprocess.Popen:
    environment = {
        **os.environ,
        "AI_IMPACT_DUCKDB_PATH": str(tmp_path / "demo.duckdb"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    return subprocess.Popen(
        # What is tested of the tables here is that they are the same.
        [sys.executable, "-m", "tools", "demo", "--no-data-tests", "--site", str(tmp_path / "site")],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def differences(built: Path, expected: Path) -> list[str]:
    """The tables of the models' schema that differ, and how. Rows equal to the last digit are not fetched."""
    with duckdb.connect() as con:
        names = []
        for path in (built, expected):
            # Views name the database that they were made in: the file.
            con.execute(f"attach '{path}' (read_only)")
            listed = "select table_name from duckdb_tables() union all select view_name from duckdb_views()"
            here = f"where schema_name = 'main' and database_name = '{path.stem}'"
            names.append({name for (name,) in con.execute(listed.replace("()", f"() {here}")).fetchall()})
        found = [f"{name} is in one of the two" for name in sorted(names[0] ^ names[1])]
        for name in sorted(names[0] & names[1]):
            # A snapshot, and what reads it, writes down when it ran; a hash of doubles differs with their last digits.
            kept = "c not like 'dbt\\_%' escape '\\' and c not in ('valid_from', 'first_seen_at', 'input_hash')"
            rows = [f'(select columns(c -> {kept}) from "{p.stem}".main."{name}") as r' for p in (built, expected)]
            for side, r in zip(SIDES, rows, strict=True):
                counted = f"select hash(r) as hashed, count(*) as copies from {r} group by 1"
                con.execute(f"create or replace temp table {side} as {counted}")
            odd = "select hashed from (from built union all from expected) group by hashed, copies having count(*) = 1"
            if con.sql(odd).fetchall():
                left, right = (con.sql(f"select r.* from {r} where hash(r) in ({odd})").df() for r in rows)
                try:
                    # Two threads add doubles in an order of their own: the last digits of a mean may differ, no more.
                    pd.testing.assert_frame_equal(in_order(left), in_order(right), rtol=1e-9, atol=1e-12, obj=name)
                except AssertionError as difference:
                    found.append(str(difference))
        return found


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Its rows in order: doubles come last, and rounded, where all else is equal."""
    keys = sorted(frame, key=lambda column: frame[column].dtype == "float64")
    return frame.sort_values(keys, kind="stable", ignore_index=True, key=sortable)


def sortable(column: pd.Series) -> pd.Series:
    return column.round(6) if column.dtype == "float64" else column.astype(str)


@pytest.mark.parametrize("seconds", [4])
def test_a_killed_demo_is_repaired_by_the_next(demo_warehouse, tmp_path, seconds):
    killed = start(tmp_path)
    for line in killed.stdout:
        if "nodes done" in line:
            break
    time.sleep(seconds)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    with duckdb.connect(str(tmp_path / "demo.duckdb"), read_only=True) as con:
        begun = con.sql("select count(*) from information_schema.tables where table_schema = 'main'").fetchone()[0]

    again = start(tmp_path)
    said, _ = again.communicate()
    assert again.returncode == 0, said
    with duckdb.connect(str(tmp_path / "demo.duckdb"), read_only=True) as con:
        tables = con.sql("select count(*) from information_schema.tables where table_schema = 'main'").fetchone()[0]
    assert 0 < begun < tables, "the run was killed too early or too late to show anything"
    assert not differences(tmp_path / "demo.duckdb", demo_warehouse)

    lines = said.split("\n\n")[-1].strip().splitlines()
    assert 3 <= len(lines) <= 15
    assert list((tmp_path / "site").glob("*.html"))


def test_a_clock_behind_the_company_is_told_before_anything_is_quarantined(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        (newest,) = con.execute("select max(try_cast(received_at as timestamp)) from raw.ai_events").fetchone()
    behind = newest - dt.timedelta(days=1, seconds=1)
    with pytest.raises(ProblemError) as problem:
        check_clock(demo_warehouse, behind)
    assert str(problem.value) == (
        f"The clock of this machine says {behind:%Y-%m-%d %H:%M} UTC, but the demo's newest event was received on "
        f"{newest:%Y-%m-%d}, so the newest would be quarantined: set the clock right, then run make demo again."
    )
    check_clock(demo_warehouse, dt.datetime(2026, 11, 22))
