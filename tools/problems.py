"""Turns what DuckDB and dbt report into sentences that name the thing and the fix."""

import os
import re
from pathlib import Path


def program_of(pid: int) -> str:
    """The name of a running process, if the system shows it."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def warehouse_sentence(error: str, path: Path) -> str | None:
    """A sentence for DuckDB's refusal to open a file; None where it is about something else."""
    fix = "or set AI_IMPACT_DUCKDB_PATH to another file, then run this again."
    if "Could not set lock on file" in error:
        found = re.search(r"PID (\d+)", error)
        if found is None:
            return f"The warehouse {path} is locked by another process: close the program that has it open, {fix}"
        pid = int(found[1])
        named = re.search(r"held in (.+?) \(PID", error)
        program = program_of(pid) or (Path(named[1]).name if named else "")
        who = f"process {pid} ({program})" if program else f"process {pid}"
        return f"The warehouse {path} is locked by {who}: close that program, {fix}"
    if "not a valid DuckDB database file" in error:
        return f"The file {path} is not a DuckDB database: move it away, {fix}"
    if "Permission denied" in error or "Read-only file system" in error:
        return f"The warehouse {path} can't be written: give yourself write access to it, {fix}"
    if "serialization version" in error or "storage version" in error.lower():
        return f"The warehouse {path} was written by another version of DuckDB: move it away, {fix}"
    return None


def default_warehouse() -> Path:
    return Path(os.environ.get("AI_IMPACT_DUCKDB_PATH") or "warehouse/ai_impact.duckdb")
