"""The git example: on a small file made here, always; on the real one where it is (GIT_HISTORY_PARQUET)."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("GIT_HISTORY_PARQUET") or ROOT.parent / "shared" / "real" / "git_history.parquet")

# Twelve authors, two repositories; a bot, an agent, merges, reverts, a commit authored 60 days before it landed.
SMALL = """
copy (
    select
        case when n % 2 = 0 then 'one/it''s' else 'two/b' end as repository,
        'c' || n as commit_id,
        n % 20 = 7 as is_merge,
        'author' || (n % 12) as author_key,
        n % 25 in (3, 4) as is_bot,
        committed_at - case
            when n = 100 then interval 60 day when n % 10 = 0 then interval 2 hour else interval 0 hour
        end as authored_at,
        committed_at,
        n % 50 = 41 as is_revert,
        case when n % 50 = 41 then 'c' || (n - 2) end as reverts_commit_id,
        case when n % 25 = 4 then 'devin' when n % 30 = 1 then 'claude,cursor' end as ai_tool
    from (select n, timestamp '2026-01-01' + interval (n * 4) hour as committed_at from range(600) as r (n))
) to '{path}' (format parquet)
"""


def make(path: Path, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "examples.git_history.run", *("--input", path, "--warehouse", folder / "git.duckdb")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs"),
             "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        check=False,
    )  # fmt: skip


def check(commits: Path, folder: Path) -> None:
    done = make(commits, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.strip().split("\n\n")[-1].splitlines()) <= 15
    assert "No experiment has an estimate" in done.stdout
    con = duckdb.connect(str(folder / "git.duckdb"), read_only=True)

    def one(sql: str) -> object:
        return con.execute(sql).fetchone()[0]

    assert one("select count(*) from fct_tasks") == one("select count(*) from raw.commits")
    delivery = "not is_merge and not (is_bot and ai_tool is null)"
    assert one("select count(*) from fct_tasks where use_case_id = 'software_delivery'") == one(
        f"select count(*) from raw.commits where {delivery}"
    )
    assert one("select count(*) from fct_tasks where execution_mode <> 'human'") == one(
        "select count(*) from raw.commits where ai_tool is not null"
    )
    assert one("select count(*) from fct_tasks where rework_count > 0") == one(
        """select count(distinct (a.repository, a.commit_id)) from raw.commits a
        join raw.commits b on a.repository = b.repository and b.is_revert and b.reverts_commit_id = a.commit_id"""
    )
    assert one("select count(*) from event_reconciliation where raw <> accepted + duplicate + quarantined") == 0
    assert one("select sum(quarantined) from event_reconciliation") == 0
    assert one("select sum(late) from event_reconciliation") == one(
        "select count(*) from raw.commits where committed_at - authored_at > interval 3 day"
    )
    wrong = con.execute(
        f"""
        select k.period_start, k.value, d.per_hour from kpi_values k
        join (
            select date_trunc('month', committed_at) as month,
                count(*) / (24.0 * day(last_day(any_value(committed_at)))) as per_hour
            from raw.commits where {delivery} group by 1
        ) d on d.month = k.period_start
        where k.kpi_id = 'throughput' and k.period_grain = 'month' and k.use_case_id = 'software_delivery'
            and k.team_id is null and abs(k.value - d.per_hour) > 1e-9
        """
    ).fetchall()
    assert wrong == []
    compared = con.execute(
        f"""
        select count(*), count(*) filter (where abs(k.value - d.p90) < 1e-9) from kpi_values k
        join (
            select date_trunc('month', committed_at) as month,
                quantile_cont(epoch(committed_at - authored_at) / 3600, 0.9) as p90
            from raw.commits where {delivery} group by 1
        ) d on d.month = k.period_start
        where k.kpi_id = 'cycle_time_p90' and k.period_grain = 'month' and k.use_case_id = 'software_delivery'
            and k.team_id is null and k.value is not null
        """
    ).fetchone()
    assert compared[0] > 0
    assert compared[0] == compared[1]
    for kpi in ("cost_per_task", "error_rate", "throughput_per_labour_hour", "time_saved_per_fte"):
        silent = f"select count(*) from kpi_values where kpi_id = '{kpi}' and (value is not null or reason is null)"
        assert one(silent) == 0, kpi
    assert one("select count(*) from kpi_values where baseline_value is not null or change_percent is not null") == 0
    assert one("select count(*) from impact_estimates where evidence_grade < 'E'") == 0


def test_the_mapping_on_a_small_file(tmp_path):
    commits = tmp_path / "it's commits.parquet"
    duckdb.execute(SMALL.format(path=str(commits).replace("'", "''")))
    check(commits, tmp_path)


@pytest.mark.skipif(not REAL.is_file(), reason=f"no file of real commits at {REAL.name}: set GIT_HISTORY_PARQUET")
def test_the_real_history(tmp_path):
    check(REAL, tmp_path)


def test_a_wrong_input_is_told_in_a_sentence(tmp_path):
    done = make(tmp_path / "none.parquet", tmp_path)
    assert done.returncode == 1
    assert "does not exist: set INPUT to a Parquet file of commits" in done.stdout + done.stderr
    duckdb.execute(f"copy (select 1 as repository) to '{tmp_path / 'odd.parquet'}' (format parquet)")
    done = make(tmp_path / "odd.parquet", tmp_path)
    assert "has no column commit_id, is_merge" in done.stdout + done.stderr
    (tmp_path / "text.parquet").write_text("not parquet")
    done = make(tmp_path / "text.parquet", tmp_path)
    assert "can't be read as Parquet" in done.stdout + done.stderr
