"""The git example: on commits made here, and where they are (GIT_HISTORY_PARQUET) on real ones, all in one file."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ai_impact.sentences import ProblemError
from tools.example_git import map_commits

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("GIT_HISTORY_PARQUET") or ROOT.parent / "shared" / "real" / "git_history.parquet")

# Twelve authors, two repositories; a bot, an agent, merges, a commit authored 60 days before it landed.
# Reverts name a commit by its id, by its first nine characters, a merge, a commit outside the file, or nothing.
SMALL = """
copy (
    select
        case when n % 2 = 0 then 'one/it''s' else 'two/b' end as repository,
        left(md5(n::varchar), 16) as commit_id,
        n % 20 = 7 as is_merge,
        case when n % 25 in (3, 4) then 'bot' else 'author' end || (n % 12) as author_key,
        n % 25 in (3, 4) as is_bot,
        committed_at - case
            when n = 100 then interval 60 day when n % 10 = 0 then interval 2 hour else interval 0 hour
        end as authored_at,
        committed_at,
        n % 50 = 41 as is_revert,
        case
            when n = 91 then left(md5('89'), 9) when n = 141 then md5('unknown')[:16] when n = 191 then null
            when n = 241 then left(md5('227'), 16) when n % 50 = 41 then left(md5((n - 2)::varchar), 16)
        end as reverts_commit_id,
        case when n % 25 = 4 then 'devin' when n % 30 = 1 then 'claude, cursor' end as ai_tool
    from (select n, timestamp '2026-01-01' + interval (n * 4) hour as committed_at from range(600) as r (n))
) to '{path}' (format parquet)
"""


def make(path: Path, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tools", "example-git", *("--input", path, "--warehouse", folder / "git.duckdb")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs"),
             "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        check=False,
    )  # fmt: skip


def reverted_tasks(commits: Path) -> set[str]:
    """Without SQL joins: the tasks that a revert of their repository names, in full or by their first characters."""
    rows = duckdb.execute(
        "select repository, commit_id, is_merge, is_revert, reverts_commit_id from read_parquet($path)",
        {"path": str(commits)},
    ).fetchall()
    ids: dict[str, dict[str, bool]] = {}
    for repository, commit, is_merge, _, _ in rows:
        ids.setdefault(repository, {})[commit] = is_merge
    found = set()
    for repository, _, _, is_revert, named in rows:
        matches = [c for c in ids[repository] if is_revert and named and len(named) >= 7 and c.startswith(named)]
        if len(matches) == 1 and not ids[repository][matches[0]]:
            found.add(f"{repository}@{matches[0]}")
    assert found
    return found


def check(commits: Path, folder: Path) -> None:
    done = make(commits, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.strip().split("\n\n")[-1].splitlines()) <= 15
    assert "No experiment is registered, so no effect of AI is estimated" in done.stdout
    con = duckdb.connect(str(folder / "git.duckdb"), read_only=True)

    def one(sql: str) -> object:
        return con.execute(sql).fetchone()[0]

    def file(sql: str) -> object:
        return con.execute(sql.format(f="read_parquet($path)"), {"path": str(commits)}).fetchone()[0]

    assert "merges, which are no tasks" in done.stdout
    delivery = "not is_merge and (not is_bot or ai_tool is not null)"
    assert one("select count(*) from fct_tasks") == file("select count(*) from {f} where not is_merge")
    for mode, which in {
        "= 'human'": "not is_bot and ai_tool is null",
        "= 'ai_assisted'": "not is_bot and ai_tool is not null",
        "= 'ai_autonomous'": "is_bot and ai_tool is not null",
        "is null": "is_bot and ai_tool is null",
    }.items():
        expected = file(f"select count(*) from {{f}} where not is_merge and {which}")
        assert one(f"select count(*) from fct_tasks where execution_mode {mode}") == expected > 0, mode
    eligible = file("select count(*) from {f} where not is_merge and (not is_bot or ai_tool is not null)")
    assert one("select count(*) from fct_tasks where is_eligible") == eligible
    assert one("select count(*) from fct_tasks where use_case_id = 'software_delivery'") == eligible
    named = "(select commit_id, trim(unnest(string_split(ai_tool, ','))) as tool from {f} where not is_merge)"
    assert one("select count(*) from fct_ai_calls") == file(f"select count(*) from {named}") > 0
    assert one("select count(*) from stg_ai_events where provider_name <> trim(provider_name)") == 0
    assert one("select count(*) from stg_ai_events where cost_amount is not null") == 0
    assert {row[0] for row in con.execute("select task_id from fct_tasks where rework_count > 0").fetchall()} == (
        reverted_tasks(commits)
    )
    assert one("select count(*) from event_reconciliation where raw <> accepted + duplicate + quarantined") == 0
    assert one("select sum(quarantined) from event_reconciliation") == 0
    assert one("select sum(late) from event_reconciliation") == one(
        "select count(*) from raw.commits where not is_merge and committed_at - authored_at > interval 3 day"
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
    for kpi, share in {"cycle_time_p50": 0.5, "cycle_time_p90": 0.9}.items():
        compared = con.execute(
            f"""
            select count(*), count(*) filter (where abs(k.value - d.quantile) < 1e-9) from kpi_values k
            join (
                select date_trunc('month', committed_at) as month,
                    quantile_cont(epoch(committed_at - authored_at) / 3600, {share}) as quantile
                from raw.commits where {delivery} group by 1
            ) d on d.month = k.period_start
            where k.kpi_id = '{kpi}' and k.period_grain = 'month' and k.use_case_id = 'software_delivery'
                and k.team_id is null and k.value is not null
            """
        ).fetchone()
        assert compared[0] == compared[1] > 0, kpi
    # Nothing is shown of a repository to which fewer than five people landed commits in the quarter; bots do not count.
    assert (
        one(
            """
            select count(*) from kpi_values k
            join (
                select repository, date_trunc('quarter', committed_at) as quarter, count(distinct author_key) as authors
                from raw.commits where not is_merge and not is_bot group by all
            ) d on d.quarter = date_trunc('quarter', k.period_start) and d.repository = k.team_id
            where k.period_grain = 'month' and k.use_case_id = 'software_delivery' and d.authors < 5
                and k.value is not null
            """
        )
        == 0
    )
    assert one("select count(*) from kpi_values where use_case_id = 'merges'") == 0
    # The rate of automation is of people and agents, with or without the bots in the total.
    assert (
        one(
            f"""
            select count(*) from kpi_values k
            join (
                select date_trunc('month', committed_at) as month, count(*) as eligible,
                    count(*) filter (where is_bot) as alone
                from raw.commits where {delivery} group by 1
            ) d on d.month = k.period_start
            where k.kpi_id = 'automation_rate' and k.period_grain = 'month' and k.team_id is null
                and k.use_case_id is distinct from 'bots' and k.value is not null
                and (k.denominator <> d.eligible or k.numerator <> d.alone)
            """
        )
        == 0
    )
    for kpi in ("cost_per_task", "error_rate", "throughput_per_labour_hour", "time_saved_per_fte"):
        silent = f"select count(*) from kpi_values where kpi_id = '{kpi}' and (value is not null or reason is null)"
        assert one(silent) == 0, kpi
    assert one("select count(*) from kpi_values where baseline_value is not null or change_percent is not null") == 0
    assert one("select count(*) from impact_estimates where evidence_grade < 'E'") == 0


def test_the_mapping(tmp_path):
    """What is checked is computed from the file, so one build shows it of all commits."""
    made, commits = tmp_path / "made.parquet", tmp_path / "it's commits.parquet"
    duckdb.execute(SMALL.format(path=made))
    files = [str(made), *([str(REAL)] if REAL.is_file() else [])]
    everything = duckdb.read_parquet(files, union_by_name=True)
    everything.write_parquet(str(commits))
    check(commits, tmp_path)


def test_a_wrong_input_is_told_in_a_sentence(tmp_path):
    done = make(tmp_path / "none.parquet", tmp_path)
    assert done.returncode == 1
    assert "does not exist: set INPUT to a Parquet file of commits" in done.stdout + done.stderr
    duckdb.execute(f"copy (select 1 as repository) to '{tmp_path / 'odd.parquet'}' (format parquet)")
    (tmp_path / "text.parquet").write_text("not parquet")
    for name, said in {"odd": "has no column commit_id, is_merge", "text": "can't be read as Parquet"}.items():
        with pytest.raises(ProblemError, match=said):
            map_commits(tmp_path / "git.duckdb", tmp_path / f"{name}.parquet")
