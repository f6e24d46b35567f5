"""Connectors: tables in the schemas of the usual tools, small and full of traps, and every row that comes out of them.

A fixture in connectors/ is one file a tool: `table name`, a header of `column:type`, its rows; `#` says what a row is for.
"""

import csv
import datetime as dt
from functools import cache
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt_warehouse import Project
from engines.base import ROOT

FIXTURES = Path(__file__).parent / "connectors"
CONTRACT = {
    table["name"]: [(column["name"], column["data_type"]) for column in table["columns"]]
    for table in yaml.safe_load((ROOT / "models/staging/_sources.yml").read_text())["sources"][0]["tables"]
}
# On DuckDB a model's columns must have these types, so that it can stand in for a raw table.
TYPES = {
    "string": "VARCHAR",
    "int": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


def landed(tool: str) -> dict[str, list[list[str]]]:
    """The tables of a fixture, each with its header."""
    tables: dict[str, list[list[str]]] = {}
    for line in (FIXTURES / f"{tool}.csv").read_text().splitlines():
        if line.startswith("table "):
            rows = tables[line.removeprefix("table ")] = []
        elif not line.startswith("#"):
            rows.append(next(csv.reader([line])))
    return tables


def load(tool: str) -> str:
    """The statements that create its tables in a schema of its name."""
    statements = [f"create schema {tool}"]
    for name, (header, *rows) in landed(tool).items():
        columns = ", ".join('"{}" {}'.format(*column.split(":")) for column in header)
        statements.append(f"create table {tool}.{name} ({columns})")
        for row in rows:
            cells = ", ".join("'" + cell.replace("'", "''") + "'" if cell else "null" for cell in row)
            statements.append(f"insert into {tool}.{name} values ({cells})")
    return ";\n".join(statements)


def table(name: str) -> str:
    schema, identifier = name.split(".")
    return f"api.Relation.create(database=target.database, schema='{schema}', identifier='{identifier}')"


def call(macro: str, *tables: str, **given: object) -> str:
    arguments = [table(name) if name else "none" for name in tables]
    for name, value in given.items():
        shown = table(value.removeprefix("table ")) if str(value).startswith("table ") else repr(value)
        arguments.append(f"{name}={shown}")
    return f"{{{{ ai_impact.{macro}({', '.join(arguments)}) }}}}"


# What each test reads: the table of the contract, and the call that makes it.
CALLS = {
    "zendesk": (
        "task_events",
        call("from_zendesk_tickets", "zendesk.ticket", "zendesk.ticket_field_history", ai_users=["77"],
             use_case_id="case when requester_id < 200 then 'support' end", human_minutes="'12.5'"),
    ),
    "zendesk_ratings": (
        "survey_responses",
        call("from_zendesk_satisfaction_ratings", "zendesk.satisfaction_rating", "zendesk.ticket"),
    ),
}  # fmt: skip


class OnDuckDB:
    """A warehouse with the fixtures in it; each connector is compiled once, all in one go, and its table made."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        with duckdb.connect(str(self.project.path)) as connection:
            for tool in sorted(path.stem for path in FIXTURES.glob("*.csv")):
                connection.execute(load(tool))
        sql = "\n-- and --\n".join(sql for _, sql in CALLS.values())
        (compiled,) = self.project.dbt("compile", "--inline", sql).result.results
        self.compiled = dict(zip(CALLS, compiled.node.compiled_code.split("-- and --"), strict=True))
        with duckdb.connect(str(self.project.path)) as connection:
            connection.execute("create schema mapped")
            for name, code in self.compiled.items():
                connection.execute(f"create table mapped.{name} as {code}")

    @cache  # noqa: B019
    def rows(self, name: str, columns: str, order: str = "1, 2, 3") -> list[tuple]:
        return self.project.query(f"select {columns} from mapped.{name} order by {order}")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return OnDuckDB(tmp_path_factory.mktemp("connectors"))


def at(text: str) -> dt.datetime:
    """`02 09:00` in March 2026."""
    return dt.datetime.fromisoformat(f"2026-03-{text}")


@pytest.mark.parametrize("name", CALLS)
def test_the_columns_are_those_of_the_contract(made, name):
    source, _ = CALLS[name]
    found = made.project.query(
        "select column_name, data_type from duckdb_columns() "
        f"where schema_name = 'mapped' and table_name = '{name}' order by column_index"
    )
    assert found == [(column, TYPES[logical]) for column, logical in CONTRACT[source]]


def test_zendesk_tickets(made):
    """Repetitions, offsets, two reopenings, a merge, spam, a deleted ticket, no history, no ticket."""
    rows = made.rows("zendesk", "task_id, occurred_at, event_type, actor_id, actor_kind, team_id")
    assert rows == [
        ("zendesk:1", at("02 09:00"), "created", "100", "human", "10"),
        ("zendesk:1", at("02 10:20"), "started", "5", "human", "10"),
        ("zendesk:1", at("03 09:00"), "completed", "5", "human", "10"),
        ("zendesk:1", at("03 12:00"), "rework_requested", "100", "human", "10"),
        ("zendesk:1", at("03 13:00"), "completed", "7", "human", "20"),
        ("zendesk:1", at("03 13:00"), "rework_completed", "7", "human", "20"),
        ("zendesk:1", at("04 08:00"), "rework_requested", "100", "human", "20"),
        ("zendesk:1", at("06 09:00"), "completed", "-1", "system", "20"),
        ("zendesk:1", at("06 09:00"), "rework_completed", "-1", "system", "20"),
        ("zendesk:2", at("02 10:00"), "created", "101", "human", "10"),
        ("zendesk:2", at("02 11:00"), "cancelled", "5", "human", "10"),
        ("zendesk:3", at("02 10:30"), "created", "101", "human", "10"),
        ("zendesk:3", at("02 10:31"), "completed", "77", "ai", "10"),
        ("zendesk:4", at("02 12:00"), "created", "102", "human", "10"),
        ("zendesk:4", at("02 12:05"), "cancelled", None, None, "10"),
        ("zendesk:5", at("02 13:00"), "created", "103", "human", "10"),
        ("zendesk:5", at("02 13:10"), "started", "5", "human", "10"),
        ("zendesk:5", at("02 13:30"), "completed", "5", "human", "10"),
        ("zendesk:6", at("02 14:00"), "created", "104", "human", "10"),
        ("zendesk:9", at("02 15:00"), "completed", "5", "human", None),
    ]


def test_zendesk_tickets_say_no_more_than_is_known(made):
    assert made.rows("zendesk", "count(distinct event_id), count(*), count(case when received_at <> occurred_at then 1 end)", "1") == [(20, 20, 0)]
    assert made.rows("zendesk", "event_type, execution_mode, human_minutes, use_case_id, subject_type, subject_id, task_id", "task_id, occurred_at, event_type")[7:13] == [
        ("completed", None, 12.5, "support", "account", "900", "zendesk:1"),
        ("rework_completed", None, None, "support", "account", "900", "zendesk:1"),
        ("created", None, None, "support", None, None, "zendesk:2"),
        ("cancelled", None, None, "support", None, None, "zendesk:2"),
        ("created", None, None, "support", None, None, "zendesk:3"),
        ("completed", "ai_autonomous", 12.5, "support", None, None, "zendesk:3"),
    ]  # fmt: skip


def test_zendesk_ratings(made):
    rows = made.rows("zendesk_ratings", "event_id, occurred_at, instrument, account_id, score, scale_min, scale_max")
    assert rows == [
        ("rating:13", at("07 11:00"), "csat", "900", 1.0, 0.0, 1.0),
        ("rating:14", at("08 10:00"), "csat", None, 0.0, 0.0, 1.0),
        ("rating:15", at("08 11:00"), "csat", None, 4.0, 1.0, 5.0),
    ]
