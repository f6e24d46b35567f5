"""Are two tables the same, whatever the order of their rows? Doubles within a tolerance, all else exactly."""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

TOLERANCE = 1e-9


@dataclass
class Table:
    columns: list[str]
    rows: list[tuple]


def plain(value: Any) -> Any:
    """One spelling for what engines hand over in different ones."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value


def is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def same(a: float, b: float, relative: float = TOLERANCE, absolute: float = 0) -> bool:
    return math.isclose(a, b, rel_tol=relative, abs_tol=absolute) or (math.isnan(a) and math.isnan(b))


def without(table: Table, columns: Collection[str]) -> Table:
    kept = [i for i, column in enumerate(table.columns) if column not in columns]
    return Table([table.columns[i] for i in kept], [tuple(row[i] for i in kept) for row in table.rows])


def differences(
    expected: Table, found: Table, most: int = 5, relative: float = TOLERANCE, absolute: float = 0
) -> list[str]:
    """In sentences, at most some: columns, numbers of rows, and rows that have no partner."""
    if expected.columns != found.columns:
        return [f"columns {found.columns} instead of {expected.columns}"]
    lines = []
    if len(expected.rows) != len(found.rows):
        lines.append(f"{len(found.rows)} rows instead of {len(expected.rows)}")
    left, right = ([tuple(map(plain, row)) for row in table.rows] for table in (expected, found))
    # A column that holds a double anywhere is compared with the tolerance, a missing one with a missing one.
    doubles = [i for i in range(len(expected.columns)) if any(isinstance(row[i], float) for row in (*left, *right))]
    groups: dict[tuple, list[list[tuple]]] = defaultdict(lambda: [[], []])
    for side, rows in enumerate((left, right)):
        for row in rows:
            key = tuple(v is None if i in doubles else (type(v), v) for i, v in enumerate(row))
            groups[key][side].append(row)
    for ours, theirs in groups.values():
        lines += [f"{word} {row}" for word, row in unmatched(ours, theirs, doubles, relative, absolute)]
    return lines[:most] + ([f"and {len(lines) - most} more"] if len(lines) > most else [])


def unmatched(
    ours: list[tuple], theirs: list[tuple], doubles: list[int], relative: float, absolute: float
) -> list[tuple[str, tuple]]:
    """The rows of one group, equal but for their doubles, that find no partner on the other side."""

    def alike(row: tuple, other: tuple) -> bool:
        return all(row[i] is None or same(row[i], other[i], relative, absolute) for i in doubles)

    order = sorted(theirs, key=lambda row: [(row[i] is not None, row[i] or 0.0) for i in doubles])
    missing = []
    for row in sorted(ours, key=lambda row: [(row[i] is not None, row[i] or 0.0) for i in doubles]):
        partner = next((n for n, other in enumerate(order) if alike(row, other)), None)
        if partner is None:
            missing.append(("missing", row))
        else:
            del order[partner]
    return missing + [("unexpected", row) for row in order]
