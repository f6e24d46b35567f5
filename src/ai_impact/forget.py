"""Erases one person: computes all tables anew from raw tables without the person, and looks for what is left."""

import os
import re
import sys
from pathlib import Path
from typing import Any

from ai_impact.reading import runner
from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence

WANTED = "AI_IMPACT_FORGET"
QUIET = ("--no-use-colors", "--log-level", "none")


def forget(identifier: str, options: list[str]) -> str:
    """Run a full refresh that stops where a raw table still has the identifier, and searches all tables at its end.

    `identifier` is as the raw tables have it; `options` are those of dbt build. The identifier reaches dbt in the
    environment and the engine as a binding, so no log has it. DuckDB keeps deleted blocks, so its file is
    written anew.
    """
    if not identifier.strip():
        raise ProblemError("Name the identifier to forget as the raw tables have it: ai-impact forget ada@example.com.")
    from ai_impact.command import problems

    told: list[str] = []

    def listen(event: Any) -> None:
        if event.info.name == "JinjaLogInfo" and "ai_impact: Forgotten" in event.info.msg:
            told.append(event.info.msg[event.info.msg.index("Forgotten") :])

    os.environ[WANTED] = identifier.strip()
    try:
        outcome = runner(callbacks=[listen]).invoke(
            [*QUIET, "build", "--full-refresh", "--exclude-resource-type", "unit_test", *options]
        )
    finally:
        del os.environ[WANTED]
    path = close_duckdb()
    if not outcome.success:
        raise ProblemError("\n".join(problems(outcome.exception, list(getattr(outcome.result, "results", None) or []))))
    if not told:
        raise ProblemError("dbt ended before it had searched the tables: see logs/dbt.log, then run this again.")
    if path:
        write_anew(path)
        told.append(f"The file {path} was written anew. Delete backups and exports that are older.")
    else:
        told.append("Run vacuum on the raw tables. Delete backups and exports that are older.")
    return " ".join(told)


def close_duckdb() -> Path | None:
    """Close the file that dbt has open in this process, and say where it is; None on another engine or in memory."""
    if "dbt.adapters.duckdb" not in sys.modules:
        return None
    import gc

    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    environment = DuckDBConnectionManager._ENV
    path = environment.creds.path if environment else None
    del environment
    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
    gc.collect()
    return Path(path).resolve() if path and path != ":memory:" and ":" not in path else None


def write_anew(path: Path) -> None:
    """Copy all tables and views into a new file, and put it in the place of the old one, without deleted blocks."""
    import duckdb

    fresh = path.with_name(f"{path.name}.anew")
    fresh.unlink(missing_ok=True)
    name = re.sub('"', '""', path.stem)
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as old_warehouse (read_only)")
            # Views name the database that they are in.
            connection.execute(f"attach '{str(fresh).replace(chr(39), chr(39) * 2)}' as \"{name}\"")
            connection.execute(f'copy from database old_warehouse to "{name}"')
            connection.execute(f'checkpoint "{name}"')
    except duckdb.Error as error:
        fresh.unlink(missing_ok=True)
        sentence = engine_sentence(str(error)) or dbt_sentence(str(error))
        raise ProblemError(
            f"All tables were computed anew, but the file {path} could not be written anew, and its deleted blocks may "
            f"still hold the person: {sentence} Give it room and close other programs, then run this again."
        ) from error
    fresh.replace(path)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
