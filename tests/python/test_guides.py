"""docs/mapping.md holds every column of every source, and every KPI where a source feeds it."""

import csv
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ENVELOPE = {"event_id", "source", "occurred_at", "received_at", "updated_at", "is_deleted"}


def sections(text: str) -> dict[str, list[list[str]]]:
    """Of each heading of the third level, the cells of its table, without its head."""
    found = {}
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        body = re.split(r"^## ", body, flags=re.MULTILINE)[0]
        lines = [line for line in body.splitlines() if line.startswith("| ")]
        found[name] = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]
    return found


def names(cell: str) -> list[str]:
    return re.findall(r"`([a-z0-9_]+)`", cell)


MAPPING = sections((ROOT / "docs" / "mapping.md").read_text())
TABLES = yaml.safe_load((ROOT / "models" / "staging" / "_sources.yml").read_text())["sources"][0]["tables"]
with (ROOT / "seeds" / "kpi_catalog.csv").open() as file:
    KPIS = {row["kpi_id"]: row["sources"].split("|") for row in csv.DictReader(file)}


def test_every_column_of_every_source_stands_in_the_guide_once():
    assert set(MAPPING) == {table["name"] for table in TABLES} | {"Envelope"}
    assert {name for row in MAPPING["Envelope"] for name in names(row[0])} == ENVELOPE
    for table in TABLES:
        said = [name for row in MAPPING[table["name"]] for name in names(row[0])]
        columns = [column["name"] for column in table["columns"] if column["name"] not in ENVELOPE]
        assert sorted(said) == sorted(columns), table["name"]


def test_required_columns_are_said_to_be_so():
    for table in TABLES:
        required = {
            column["name"]
            for column in table["columns"]
            if column.get("config", {}).get("meta", {}).get("required") and column["name"] not in ENVELOPE
        }
        rows = [row for row in MAPPING[table["name"]] if row[1].startswith("required")]
        assert {name for row in rows for name in names(row[0])} == required, table["name"]
        assert all(row[2] == "the row" for row in rows)


def test_every_row_says_what_null_costs():
    assert all(len(row) == 3 and all(row) for rows in MAPPING.values() for row in rows)


def test_every_kpi_stands_where_a_source_feeds_it():
    said = {source: {name for row in rows for name in names(row[1])} for source, rows in MAPPING.items()}
    for kpi, sources in KPIS.items():
        for source in sources:
            assert kpi in said[source], f"{source} does not say which column {kpi} needs"


def test_reasons_of_quarantine_have_a_fix_in_the_macro_and_in_the_guide():
    macro = (ROOT / "macros" / "checks" / "doctor.sql").read_text()
    fixes = set(re.findall(r"^        '([a-z_]+)': '", macro, re.MULTILINE))
    guide = (ROOT / "docs" / "ingestion.md").read_text()
    table = guide[guide.index("## Quarantine reasons and fixes") : guide.index("A row with several faults")]
    said = {name for line in table.splitlines() if line.startswith("| `") for name in names(line.split(" | ")[0])}
    assert fixes == said
