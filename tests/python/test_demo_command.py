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


def sortable(column: pd.Series) -> pd.Series:
    return column.round(6) if column.dtype == "float64" else column.astype(str)


def tables(path: Path) -> dict[str, pd.DataFrame]:
    """Every table of the models' schema, its rows in order: doubles come last, and rounded, where all else is equal."""
    with duckdb.connect(str(path), read_only=True) as con:
        names = con.execute(
            "select table_name from information_schema.tables where table_schema = 'main' order by 1"
        ).fetchall()
        frames = {}
        for (name,) in names:
            # A snapshot, and what reads it, writes down when it ran.
            kept = "c not like 'dbt\\_%' escape '\\' and c not in ('valid_from', 'first_seen_at')"
            frame = con.sql(f'select columns(c -> {kept}) from "{name}"').df()
            keys = sorted(frame, key=lambda column: frame[column].dtype == "float64")
            frames[name] = frame.sort_values(keys, kind="stable", ignore_index=True, key=sortable)
        return frames


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
    built, expected = tables(tmp_path / "demo.duckdb"), tables(demo_warehouse)
    assert 0 < begun < len(built), "the run was killed too early or too late to show anything"
    assert built.keys() == expected.keys()
    for name, frame in built.items():
        # Two threads add doubles in an order of their own: the last digits of a mean may differ, nothing else.
        pd.testing.assert_frame_equal(frame, expected[name], rtol=1e-9, atol=1e-12, obj=name)

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
