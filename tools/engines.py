"""The table of docs/engines.md: what the tests last ran on each engine, as they noted it."""

import json
from pathlib import Path

from ai_impact.sentences import ProblemError

RECORDS, PAGE = Path("warehouse/engines"), Path("docs/engines.md")
BEGIN, END = "<!-- make engines writes from here -->\n", "<!-- to here -->"
HEAD = "| engine | how | models | data tests | unit tests | compared with DuckDB |\n|---|---|---|---|---|---|\n"


def row(facts: dict) -> str:
    if facts.get("how") == "parsed":
        return f"| {facts['versions']} | parsed | {facts['models']} | none | none | not run |\n"
    compared = f"{facts['marts']} marts, {facts['rows']:,} rows: equal" if "marts" in facts else "is what others equal"
    compared = facts.get("compared", compared)
    untested = "none" if "marts" in facts else "in `make test`"
    counts = (str(facts[name] or untested) for name in ("models", "data tests", "unit tests"))
    return f"| {' | '.join([facts['versions'], facts.get('how', 'executed'), *counts, compared])} |\n"


def write() -> None:
    """Replace the table by what the records say."""
    records = [json.loads(path.read_text()) for path in sorted(RECORDS.glob("*.json"))]
    if not records:
        raise ProblemError("No engine has been tested here yet: run make test-engines, then run make engines again.")
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + BEGIN + HEAD + "".join(map(row, records)) + END + after)
