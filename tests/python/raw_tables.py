"""Raw tables for tests, made from the one place that states their columns: models/staging/_sources.yml."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import yaml

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = {
    table["name"]: table
    for table in yaml.safe_load((PROJECT / "models/staging/_sources.yml").read_text())["sources"][0]["tables"]
}
DUCKDB_TYPES = {"string": "varchar", "double": "double", "int": "bigint"}


def columns(source: str) -> dict[str, str]:
    """Column names of a source, with their logical types, in order."""
    return {column["name"]: column["data_type"] for column in SOURCES[source]["columns"]}


def create_raw_tables(connection: duckdb.DuckDBPyConnection, schema: str = "raw", as_text: bool = True) -> None:
    """Create every raw table, empty: all text, as landed from JSON, or typed."""
    connection.execute(f"create schema if not exists {schema}")
    for source in SOURCES:
        definition = ", ".join(
            f"{name} {'varchar' if as_text else DUCKDB_TYPES.get(logical, logical)}"
            for name, logical in columns(source).items()
        )
        connection.execute(f"create or replace table {schema}.{source} ({definition})")


def insert(connection: duckdb.DuckDBPyConnection, source: str, rows: list[dict], schema: str = "raw") -> None:
    """Append rows, given as dictionaries; a column that is left out is NULL."""
    names = list(columns(source))
    if rows:
        connection.executemany(
            f"insert into {schema}.{source} ({', '.join(names)}) values ({', '.join('?' * len(names))})",
            [[row.get(name) for name in names] for row in rows],
        )


class RawRows:
    """Rows of the raw tables, by source: received an hour after they occurred, at the latest when the data end."""

    def __init__(self, data_end: datetime = datetime.max) -> None:
        self.rows: dict[str, list[dict]] = {}
        self.data_end = data_end

    def add(self, source: str, at: datetime, **columns) -> None:
        rows = self.rows.setdefault(source, [])
        stamp = {"event_id": f"{source}{len(rows)}", "source": "test", "occurred_at": at}
        rows.append(stamp | {"received_at": min(at + timedelta(hours=1), self.data_end)} | columns)


def insert_as_text(connection: duckdb.DuckDBPyConnection, source: str, rows: list[dict]) -> None:
    """Append many rows at once, each value as the text that it prints; all rows name the same columns."""
    frame = pd.DataFrame(rows).astype(object)
    frame = frame.where(frame.notna(), None).map(lambda value: None if value is None else str(value))
    names = ", ".join(name for name in columns(source) if name in frame)
    connection.execute(f"insert into raw.{source} ({names}) select {names} from frame")


def register(connection: duckdb.DuckDBPyConnection, experiments: dict[str, dict], metrics: dict[str, dict]) -> None:
    """These experiments and metrics, by their ids, and no others."""
    metrics = {name: {"direction": "up"} | row for name, row in metrics.items()}
    connection.execute("delete from metric_catalog_extra")
    for seed, key, table in (("experiments", "experiment_id", experiments), ("metric_catalog", "metric_id", metrics)):
        connection.execute(f"delete from {seed}")
        for name, row in table.items():
            named = ", ".join([key, "name", *row])
            marks = ", ".join("?" * (len(row) + 2))
            connection.execute(f"insert into {seed} ({named}) values ({marks})", [name, name, *row.values()])
