"""The demo company ends in the same marts on every engine: every column of every row, doubles within 1e-9."""

import math

import pytest
from engines.compare import Table, differences, without

# What BI reads; the rest of the evidence layer is what Python models read.
MARTS = ("models/marts/", "models/kpis/kpi_values", "models/evidence/", "models/decisions/")
NO_MARTS = ("models/evidence/moments/",)
# What was registered has not changed in a warehouse that is built once: test_registration changes it.
UNCHANGED = {"definition_changes"}
# A hash of doubles to the last digit, in which engines differ.
HASHES = {"input_hash"}

pytestmark = pytest.mark.engines


def is_mart(path: str) -> bool:
    return path.startswith(MARTS) and not path.startswith(NO_MARTS)


def test_every_mart_is_the_same(embedded, engine):
    marts = [node["name"] for node in embedded.nodes() if is_mart(node["original_file_path"])]
    assert {"fct_tasks", "event_quarantine", "kpi_values", "impact_estimates", "experiment_health"} <= {*marts}
    found, rows = [], 0
    for name in marts:
        expected = embedded.table(name)
        rows += len(expected.rows)
        if not expected.rows and name not in UNCHANGED:
            found.append(f"{name} is empty: nothing is compared")
        compared = (without(table, HASHES) for table in (expected, engine.table(name)))
        found += [f"{name}: {line}" for line in differences(*compared)]
    assert not found, "\n".join(found)
    embedded.record()
    engine.record(marts=len(marts), rows=rows)


@pytest.mark.parametrize("factor", [1 + 3e-9, 1 - 3e-9])
def test_a_double_that_is_off_is_found(embedded, factor):
    """The comparison sees one double of one row of a real mart move by three billionths."""
    table = embedded.table("impact_estimates")
    column = table.columns.index("estimate")
    number = next(n for n, row in enumerate(table.rows) if row[column])
    moved = [
        tuple(v * factor if (n, i) == (number, column) else v for i, v in enumerate(row))
        for n, row in enumerate(table.rows)
    ]
    assert differences(table, Table(table.columns, moved))
    assert not differences(table, Table(table.columns, list(reversed(table.rows))))


ROWS = [("a", 1, 1.0, None), ("b", 2, 2.0, 5.0), ("b", 2, 2.0, 5.0)]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(ROWS[:2], id="a repeated row is missing"),
        pytest.param([*ROWS, ROWS[0]], id="a row too many"),
        pytest.param([ROWS[0], ROWS[0], ROWS[1]], id="another row is the repeated one"),
        pytest.param([("A", *ROWS[0][1:]), *ROWS[1:]], id="a text"),
        pytest.param([("a", 3, 1.0, None), *ROWS[1:]], id="a whole number"),
        pytest.param([("a", True, 1.0, None), *ROWS[1:]], id="a boolean for a number"),
        pytest.param([("a", 1, 1.0, 0.0), *ROWS[1:]], id="zero for NULL"),
        pytest.param([("a", 1, None, None), *ROWS[1:]], id="NULL for a number"),
        pytest.param([("a", 1, math.nan, None), *ROWS[1:]], id="not a number"),
        pytest.param([("a", 1, 1.0 + 2e-9, None), *ROWS[1:]], id="a double beyond the tolerance"),
        pytest.param([("a", 1, 1.0, None), ("b", 2, 5.0, 2.0), ROWS[2]], id="doubles in each other's place"),
    ],
)
def test_the_comparison_finds(rows):
    names = ["key", "count", "value", "other"]
    assert differences(Table(names, ROWS), Table(names, rows))
    assert not differences(Table(names, ROWS), Table(names, [ROWS[2], ("a", 1, 1.0 + 1e-10, None), ROWS[1]]))


def test_the_comparison_finds_columns():
    assert differences(Table(["a", "b"], []), Table(["b", "a"], []))
