"""On Sail, too, a second batch ends in the tables that a full refresh of everything gives."""

import os

import duckdb
import pytest
from engines import MissingError, Sail
from engines.compare import Table, differences

pytestmark = [pytest.mark.engines, pytest.mark.xdist_group("sail")]
SOURCES = ("task_events", "ai_events", "identity_links")
TABLES = ("base_task_events", "base_identity_links", "int_tasks_aggregated", "int_task_calls", "fct_tasks")


@pytest.fixture(scope="module")
def sail(tmp_path_factory, company):
    """A server with the demo's raw tables."""
    engine = Sail(tmp_path_factory.mktemp("sail_increment"))
    try:
        engine.start()
        engine.load(company)
        yield engine
    except MissingError as missing:
        if os.environ.get("AI_IMPACT_ENGINES") == "required":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        engine.stop()


def build(sail: Sail, *options: str) -> dict[str, Table]:
    sail.dbt("run", "--select", "+fct_tasks", "+int_task_calls", *options)
    return {name: sail.table(name) for name in TABLES}


def row_count(tables: dict[str, Table], name: str) -> int:
    return len(tables[name].rows)


def test_a_second_batch_equals_a_full_refresh(sail, company):
    held_back = {}
    for source in SOURCES:
        files = company / source
        readable = "try_cast(received_at as timestamp)"
        ((cut,),) = duckdb.sql(
            f"select quantile_disc(received_at, 0.9) from '{files}/*.parquet' where {readable} is not null"
        ).fetchall()
        first = f"select * from parquet.`{files}` where received_at is null or received_at <= '{cut}'"
        sail.query(f"create or replace table raw.{source} using delta as {first}")
        held_back[source] = f"select * from parquet.`{files}` where received_at > '{cut}'"
    before = build(sail)
    for source, rest in held_back.items():
        sail.query(f"insert into raw.{source} {rest}")
    incremental = build(sail)
    # The batch brings new tasks, and news of old ones: an increment that only adds rows would not do.
    assert row_count(before, "int_tasks_aggregated") < row_count(incremental, "int_tasks_aggregated")
    keys = {row[0] for row in before["int_tasks_aggregated"].rows}
    assert {row for row in incremental["int_tasks_aggregated"].rows if row[0] in keys} != {
        *before["int_tasks_aggregated"].rows
    }
    refreshed = build(sail, "--full-refresh")
    found = [f"{name}: {line}" for name in TABLES for line in differences(refreshed[name], incremental[name])]
    assert not found, "\n".join(found)
