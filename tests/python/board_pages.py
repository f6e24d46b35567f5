"""The boards of a built warehouse, written without dbt, and what their pages hold."""

import json
import re
from pathlib import Path

import duckdb

from ai_impact import boards

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "charts"


def reports(path: Path) -> dict[str, boards.Rows]:
    """The rows of every report, as `ai-impact boards` reads them through dbt."""
    names = sorted(file.stem for file in (ROOT / "models/reports").glob("*.sql"))
    found = {}
    with duckdb.connect(str(path), read_only=True) as con:
        for name in names:
            kept = f" where {boards.READ[name]}" if name in boards.READ else ""
            relation = con.sql(f"select * from {name}{kept}")
            found[name.removeprefix("report_")] = [
                dict(zip(relation.columns, map(boards.plain, row), strict=True)) for row in relation.fetchall()
            ]
    return found


def write(site: Path, held: dict[str, boards.Rows]) -> list[Path]:
    site.mkdir(parents=True, exist_ok=True)
    running = boards.bundle(site)
    if running:
        running.wait()
    (script,) = (path.name for path in site.glob("vega-*.js"))
    return boards.write(site, CHARTS, held, "USD", script)


def content(page: Path) -> dict:
    """The data in a page."""
    found = re.search(r'<script type="application/json" id="board">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found, page
    return json.loads(found[1])


def text(page: Path) -> str:
    """What a page says outside of its data, blanks made one."""
    bare = re.sub(r"<script.*?</script>|<[^>]+>", " ", page.read_text(), flags=re.DOTALL)
    return " ".join(bare.replace("\u00a0", " ").split())
