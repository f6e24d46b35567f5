"""make demo may be killed at any moment: the next run ends in the same tables as a run that was left alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

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
        [sys.executable, "-m", "tools", "demo", "--site", str(tmp_path / "site")],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def content(path: Path) -> dict[str, tuple]:
    """Every table of the models' schema: its rows as a multiset."""
    with duckdb.connect(str(path), read_only=True) as con:
        names = con.execute(
            "select table_name from information_schema.tables where table_schema = 'main' order by 1"
        ).fetchall()
        return {
            name: con.sql(f'select count(*), bit_xor(hash(t)), sum(hash(t)) from "{name}" as t').fetchone()
            for (name,) in names
        }


@pytest.mark.parametrize("seconds", [4])
def test_a_killed_demo_is_repaired_by_the_next(demo_warehouse, tmp_path, seconds):
    killed = start(tmp_path)
    for line in killed.stdout:
        if "Build and test the models ..." in line:
            break
    time.sleep(seconds)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    with duckdb.connect(str(tmp_path / "demo.duckdb"), read_only=True) as con:
        begun = con.sql("select count(*) from information_schema.tables where table_schema = 'main'").fetchone()[0]

    again = start(tmp_path)
    said, _ = again.communicate()
    assert again.returncode == 0, said
    built = content(tmp_path / "demo.duckdb")
    assert begun < len(built), "the run was killed too late to show anything"
    assert built == content(demo_warehouse)

    lines = said.split("\n\n")[-1].strip().splitlines()
    assert 3 <= len(lines) <= 15
    assert list((tmp_path / "site").glob("*.html"))
