"""What dbt and the engines report, as sentences that name the thing and the fix."""

import re
from pathlib import Path


class ProblemError(Exception):
    """Something the user can put right. Its text is the whole message."""


def dbt_sentence(message: str) -> str:
    """The part of a dbt error that is meant for people: no kind of error, no traceback of macros."""
    lines = [line.strip() for line in str(message).splitlines()]
    kept: list[str] = []
    for line in lines:
        if re.match(r"^(> in macro|> called by|compiled code at|LINE \d+:|\^+$)", line):
            break
        if re.match(r"^(Compilation|Runtime|Database|Parsing|Env var|Dependency) Error", line) and not kept:
            rest = line.split(")", 1)[-1].strip() if line.endswith(")") else ""
            line = rest
        if line:
            kept.append(line)
    return " ".join(kept) or str(message).strip()


def engine_sentence(message: str) -> str | None:
    """A sentence for what keeps an engine from being reached at all; None where it is about something else."""
    again = "then run this again."
    if found := re.search(r"No module named '(ai_impact_stats)", message):
        return (
            "The package ai-impact-stats is not installed where Python models run: "
            f"run pip install with the folder of ai_impact or with its wheel, {again}"
        )
    if found := re.search(r"Could not find adapter type (\w+)", message):
        return f"dbt's adapter for {found[1]} is not installed: run pip install dbt-{found[1]}, {again}"
    if found := re.search(r"Env var required but not provided: '(\w+)'", message):
        return f"The environment variable {found[1]}, which profiles.yml reads, is not set: set it, {again}"
    if found := re.search(r'could not translate host name "([^"]+)"', message):
        return f"There is no host {found[1]}: correct the host of the target in profiles.yml (PGHOST), {again}"
    if found := re.search(r'connection to server at "([^"]+)"(?: \(.*?\))?, port (\d+) failed: (.*)', message):
        server = f"{found[1]}:{found[2]}"
        if "authentication failed" in found[3]:
            return f"The server {server} refuses the user or the password (PGUSER, PGPASSWORD): correct them, {again}"
        if "does not exist" in found[3]:
            what = found[3].removeprefix("FATAL: ").strip()
            return f"The server {server} says {what}: create it or name another, {again}"
        return (
            f"No server answers at {server}: "
            f"start it, or correct PGHOST and PGPORT or the target in profiles.yml, {again}"
        )
    return None


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
    if "with version number" in error or "serialization version" in error or "storage version" in error.lower():
        older = "an older" if "older version" in error else "a newer" if "newer version" in error else "another"
        return (
            f"The warehouse {path} was written by {older} version of DuckDB, which this one can't read: "
            f"run pip install with that version of duckdb, {fix}"
        )
    if "Corrupt database file" in error or "Could not read enough bytes from file" in error:
        return (
            f"The warehouse {path} is damaged: it was cut off or changed. Restore a backup of it, "
            "or move it away, load the raw tables into a new file and run dbt build."
        )
    return None
