"""What dbt and the engines report, as sentences that name the thing and the fix."""

import re


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
