"""Results that are given again: a result's table says in its column `input_hash` what it was made from."""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

import pyarrow as pa
from pyarrow.csv import write_csv

from .engines import arrow

PACKAGE = "ai_impact_stats"
# Their next version may round another way.
LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "statsmodels")


def key_of(name: str, tables: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """A hash of all that a result is made from: this package's source, its libraries, the tables in whatever order."""
    inputs = [(table, None if tables[table] is None else content(arrow(tables[table]))) for table in sorted(tables)]
    return _hash(repr((code(), name, inputs, sorted(options.items()))).encode())


def content(table: pa.Table) -> str:
    """A hash of a table's names, types and rows. A text of CSV tells NULL from the empty text, and doubles apart."""
    text = pa.BufferOutputStream()
    write_csv(table.sort_by([(name, "ascending") for name in table.column_names]), text)
    return _hash(str(table.schema.remove_metadata()).encode(), text.getvalue())


@cache
def code() -> str:
    """A hash of all of this package's source, and of the versions that it runs on. In a zip too."""
    versions = sys.version.partition(" ")[0], *map(_version, LIBRARIES)
    return _hash(repr(versions).encode(), *_sources(files(PACKAGE)))


def last_result(dbt: Any, session: Any, key: str) -> Any | None:
    """What the model's table holds, in the form that its engine takes, if it was made from what `key` says.

    None where it was not, and where there is no such table yet or none that can be read: then it is computed, which is
    always right. So it is for a result without rows, which has no place for a key.
    """
    try:
        held = session.sql(f"select * from {dbt.this}")
        if not hasattr(held, "collect"):
            table = arrow(held)
            return table if set(table["input_hash"].to_pylist()) == {key} else None
        # Spark does not overwrite a table while it reads it.
        rows = held.collect()
        return session.createDataFrame(rows, held.schema) if {row["input_hash"] for row in rows} == {key} else None
    except Exception:
        return None


def with_key(table: pa.Table, key: str) -> pa.Table:
    return table.append_column("input_hash", pa.array([key] * table.num_rows, pa.string()))


def _sources(folder: Any) -> Iterator[bytes]:
    for entry in sorted(folder.iterdir(), key=lambda e: str(e.name)):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry.name.encode()
            yield entry.read_bytes()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _hash(*parts: Any) -> str:
    found = blake2b(digest_size=16)
    for part in parts:
        found.update(b"%d " % len(part))
        found.update(part)
    return found.hexdigest()
