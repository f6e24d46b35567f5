"""`make example-git INPUT=file`: every KPI on a git history, with ai_impact installed as a package."""

import os
from pathlib import Path

import duckdb

from ai_impact.sentences import ProblemError
from tools import dbt, warehouse
from tools.progress import Step, say
from tools.summary import summary

EXAMPLE = Path(__file__).resolve().parents[1] / "integration_tests/git_history"
WAREHOUSE = Path("warehouse/git_history.duckdb")
COLUMNS = (
    *("repository", "commit_id", "is_merge", "author_key", "is_bot", "authored_at", "committed_at"),
    *("is_revert", "reverts_commit_id", "ai_tool"),
)


def map_commits(path: Path, file: Path) -> str:
    """Views of the contract's tables over the file; how many commits became tasks, and how many did not."""
    if not file.is_file():
        raise ProblemError(f"The file {file} does not exist: set INPUT to a Parquet file of commits.")
    con = warehouse.connect(path)
    try:
        name = str(file.resolve()).replace("'", "''")
        found = {row[0] for row in con.execute(f"describe select * from read_parquet('{name}')").fetchall()}
        missing = [column for column in COLUMNS if column not in found]
        if missing:
            raise ProblemError(
                f"The file {file} has no column {', '.join(missing)}: "
                "integration_tests/git_history/README.md lists the columns that it needs."
            )
        con.execute("create schema if not exists raw")
        con.execute(f"create or replace view raw.commits as select * from read_parquet('{name}')")
        con.execute((EXAMPLE / "mapping.sql").read_text())
        commits, merges = con.execute("select count(*), count(*) filter (where is_merge) from raw.commits").fetchone()
        return f"{commits:,} commits: {commits - merges:,} tasks, and {merges:,} merges, which are no tasks."
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise ProblemError(f"The file {file} can't be read as Parquet: {str(error).splitlines()[0]}") from error
    finally:
        con.close()


def run(file: Path, path: Path = WAREHOUSE) -> None:
    os.environ["AI_IMPACT_DUCKDB_PATH"] = str(path.resolve())
    with Step("Map commits to the contract's tables"):
        mapped = map_commits(path, file)
    dbt.run(["deps", "--project-dir", str(EXAMPLE), "--profiles-dir", "."])
    dbt.build(EXAMPLE)
    say("\n".join(["", mapped, *summary(path, None, use_case="software_delivery")]))
