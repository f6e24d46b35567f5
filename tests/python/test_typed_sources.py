"""Raw tables may be typed: staging then ends in the same tables as over text, however the text is spelt."""

import datetime as dt
import math
from collections import Counter

import duckdb
import pytest
from raw_tables import SOURCES, columns, create_raw_tables, insert

# In New York the evening before; half an hour later there would be a time that its clocks skip.
MOMENT = dt.datetime(2026, 3, 8, 2, 10, 0, 250_000)
LATER = MOMENT + dt.timedelta(minutes=30)
MODELS = ("path:models/staging", "event_quarantine", "event_reconciliation")

AS_NAMED = {"string": "varchar", "int": "bigint"}  # the other types have the same name in DuckDB
# Instants, which a session shows in its own zone; and whole numbers made doubles, as tools do where there are gaps.
WIDER = {**AS_NAMED, "int": "double", "date": "timestamp", "timestamp": "timestamptz"}
VARIANTS = {
    "as the contract names them": (AS_NAMED, "UTC"),
    "in a session of another zone": (AS_NAMED, "America/New_York"),
    "with a zone, and wider": (WIDER, "America/New_York"),
}


def plain(column: dict) -> object:
    values = column.get("config", {}).get("meta", {}).get("values", ["some " + column["name"]])
    return {
        "string": values[0], "int": 7, "double": 0.75, "boolean": True, "date": MOMENT.date(), "timestamp": MOMENT,
    }[column["data_type"]]  # fmt: skip


def identity_of(source: str) -> tuple[list[str], str]:
    """What identifies a row of a source, and the part of it that rows of a test may choose freely."""
    state_key = SOURCES[source].get("config", {}).get("meta", {}).get("state_key")
    identity = [*(state_key or ["source", "event_id"])]
    closed = {c["name"] for c in SOURCES[source]["columns"] if "values" in c.get("config", {}).get("meta", {})}
    return identity, next(n for n in reversed(identity) if columns(source)[n] == "string" and n not in closed)


def rows_of(source: str) -> list[tuple[dict, int]]:
    """What may befall a row and what may be wrong with it, each with a spelling."""
    table = SOURCES[source]
    meta = {column["name"]: column.get("config", {}).get("meta", {}) for column in table["columns"]}
    kinds = columns(source)
    row = {column["name"]: plain(column) for column in table["columns"]} | {"received_at": LATER}
    identity, key = identity_of(source)
    clock = "updated_at" if "updated_at" in kinds else "occurred_at"
    other = next(
        name for name in reversed(kinds)
        if name not in {*identity, "source"} and kinds[name] in {"string", "double"} and "values" not in meta[name]
    )  # fmt: skip

    def day(number: int) -> dt.datetime:
        return MOMENT + dt.timedelta(days=number)

    wrong = [
        *({name: None} for name in kinds),
        {name: None for name in kinds if not meta[name].get("required")},
        *({clock: at} for at in (day(-400), day(-5), day(1), dt.datetime(1970, 1, 1), "infinity", "-infinity")),
        {"received_at": day(100_000)},
        {"received_at": "infinity"},
        *({name: x} for name in kinds if kinds[name] == "double" for x in (math.nan, math.inf, -0.25, 2.5, 1e200)),
        *({name: x} for name in kinds if kinds[name] == "int" for x in (-7, 0)),
        *({name: False} for name in kinds if kinds[name] == "boolean"),
        *({name: dt.date(1960, 1, 1)} for name in kinds if kinds[name] == "date"),
        *({name: "nothing known"} for name in kinds if "values" in meta[name]),
        *({name: day(-1)} for name in kinds if kinds[name] == "timestamp" and name != clock),
    ]
    again = {"received_at": LATER + dt.timedelta(hours=1)}
    changed = {other: "another" if kinds[other] == "string" else 0.5}
    same = [({**row, key: f"k{n}", **change}, n) for n in range(3) for change in ({}, again, {**changed, **again})]
    return same + [({**row, key: f"w{n}", **change}, n % 3) for n, change in enumerate(wrong)]


def spelt(content: object, style: int) -> str | None:
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, bool):
        return (str(content), str(content).lower(), str(content)[0])[style]
    if isinstance(content, dt.datetime):
        there = content.replace(tzinfo=dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
        return (content.isoformat(sep=" "), content.isoformat() + "Z", there.isoformat())[style]
    if isinstance(content, float):
        return (str(content), f"{content:e}", f"{content:f}")[style]
    return str(content)


def load(warehouse, types: dict[str, str] | None, rows: dict[str, list[tuple[dict, int]]]) -> None:
    """New raw tables: typed, or all text."""
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("set timezone = 'UTC'")
        create_raw_tables(connection)
        for source in rows:
            insert(connection, source, [{n: spelt(v, style) for n, v in row.items()} for row, style in rows[source]])
            if types:
                # DuckDB reads what it has written itself: text in its own spelling, in UTC.
                plain_text = [{n: spelt(v, 0) for n, v in row.items()} for row, _ in rows[source]]
                definition = ", ".join(f"{n} {types.get(kind, kind)}" for n, kind in columns(source).items())
                connection.execute(f"create or replace table raw.{source} ({definition})")
                insert(connection, source, plain_text)


def built(warehouse) -> dict[str, Counter]:
    """All of staging, but for what shows the raw text or hashes it, as the key of a row without an identity does."""
    warehouse.dbt("run", "--full-refresh", "--select", *MODELS)
    tables = {}
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        for source in SOURCES:
            tables[f"base_{source}"] = connection.sql(
                f"select * exclude (content_hash, raw_hash, original_row, event_key) from base_{source}"
            )
            tables[f"stg_{source}"] = connection.sql(f"select * from stg_{source}")
        tables["event_quarantine"] = connection.sql(
            "select source, received_at, load_day, reason, reason_column from event_quarantine"
        )
        tables["event_reconciliation"] = connection.sql("select * from event_reconciliation")
        return {name: Counter(map(repr, table.fetchall())) for name, table in tables.items()}


@pytest.fixture(scope="module")
def rows():
    return {source: rows_of(source) for source in SOURCES}


@pytest.fixture(scope="module")
def over_text(warehouse, rows):
    load(warehouse, None, rows)
    yield built(warehouse)
    load(warehouse, None, {})
    warehouse.dbt("run", "--full-refresh", "--select", *MODELS)


def test_the_rows_meet_every_verdict(over_text, rows):
    assert sum(over_text["event_quarantine"].values()) > 200
    for source in SOURCES:
        verdicts = Counter(row.split(", ")[-1] for row in over_text[f"base_{source}"].elements())
        assert set(verdicts) == {"'accepted')", "'duplicate')", "'quarantined')"}, source
        assert verdicts.total() == len(rows[source])


@pytest.mark.parametrize("variant", VARIANTS)
def test_typed_tables_end_as_text_does(warehouse, rows, over_text, variant):
    types, zone = VARIANTS[variant]
    profiles = warehouse.folder / "profiles.yml"
    before = profiles.read_text()
    profiles.write_text(before.replace("type: duckdb", f"type: duckdb\n      settings: {{TimeZone: {zone}}}", 1))
    try:
        load(warehouse, types, rows)
        over_types = built(warehouse)
    finally:
        profiles.write_text(before)
    for name, expected in over_text.items():
        found = over_types[name]
        assert found == expected, f"{name}: {list(found - expected)[:5]} against {list(expected - found)[:5]}"


BLANKS = ("", " ", " \t\r\n", "\u00a0")


def test_blank_text_is_nothing_in_every_column_of_every_source(warehouse):
    """Of every type: accepted and NULL where the column is optional, a missing key where it is not; a copy of NULL."""
    rows, expected = {}, {}
    for source, table in SOURCES.items():
        _, key = identity_of(source)
        plain_row = {c["name"]: plain(c) for c in table["columns"]} | {"received_at": LATER}
        rows[source] = []
        for column in table["columns"]:
            name, meta = column["name"], column.get("config", {}).get("meta", {})
            for n, blank in enumerate(BLANKS):
                row = plain_row | {key: f"{name}{n}"} | {name: blank}
                rows[source].append((row, 0))
                if name != key:
                    verdict = f"missing_key:{name}" if meta.get("required") else "accepted"
                    expected[source, f"{name}{n}"] = [(verdict, True)]
            if not meta.get("required"):
                rows[source].append((plain_row | {key: f"{name}0"} | {name: None}, 0))
                expected[source, f"{name}0"].append(("duplicate", True))
            elif name == key:
                rows[source].append((plain_row | {name: "\u00a0 padded\t"}, 0))
                expected[source, "padded"] = [("accepted", False)]
            if "values" in meta:
                for n, value in enumerate(meta["values"]):
                    spelt_so = [value.upper(), f" {value.capitalize()} ", value.replace("_", "-")][n % 3]
                    rows[source].append((plain_row | {key: f"{name}={value}"} | {name: spelt_so}, 0))
                    expected[source, f"{name}={value}"] = [("accepted", False)]
    load(warehouse, None, rows)
    warehouse.dbt("run", "--full-refresh", "--select", *MODELS)
    for source in SOURCES:
        _, key = identity_of(source)
        found = {}
        for name in columns(source):
            for label, verdict, value in warehouse.query(
                f"""select {key}, coalesce(reason || ':' || reason_column, row_status), {name} from base_{source}
                where {key} = 'padded' or {key} like '{name}_' or {key} like '{name}=%'"""
            ):
                if label.startswith(name) or name == key:
                    found.setdefault((source, label), []).append((verdict, value is None))
                if "=" in label and label.startswith(name):
                    assert value == label.split("=")[1]
        assert {label: sorted(verdicts) for label, verdicts in found.items()} == {
            label: sorted(verdicts) for label, verdicts in expected.items() if label[0] == source
        }
        ((lost,),) = warehouse.query(f"select count(*) from base_{source} where {key} is null")
        assert lost == len(BLANKS)
        ((odd,),) = warehouse.query(
            f"""select count(*) from event_reconciliation
            where source = '{source}' and raw <> accepted + duplicate + quarantined"""
        )
        assert odd == 0


def test_ids_that_were_loaded_as_doubles_are_whole_numbers(warehouse):
    """As pandas does to whole numbers beside NULLs: `1000.0` met no `1000` of another source. Text stays as it is."""
    row = {c["name"]: plain(c) for c in SOURCES["ai_events"]["columns"]} | {"received_at": LATER}
    load(warehouse, None, {"ai_events": [(row | {"task_id": "1000", "agent_version": "1.0"}, 0)]})
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("alter table raw.ai_events alter task_id type double")
    warehouse.dbt("run", "--full-refresh", "--select", "base_ai_events")
    assert warehouse.query("select task_id, agent_version from base_ai_events") == [("1000", "1.0")]
    load(warehouse, None, {})
