"""What only Iceberg's tables on Spark 3.5 could get wrong: merges of a second run, and a snapshot's second version."""

import datetime as dt
import os

import duckdb
import pytest
from engines import SparkIceberg
from engines.compare import Table, differences, without

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(
        os.environ.get("AI_IMPACT_TEST_ENGINE") != SparkIceberg.name,
        reason="Spark 3.5 needs an environment of its own, so nothing was tested on it: run make test-spark.",
    ),
]
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")


def test_a_second_run_changes_nothing(engine):
    """Incremental models merge what they read again into what is there."""
    names = [node["name"] for node in engine.nodes() if node["config"]["materialized"] in ("incremental", "snapshot")]
    assert {"base_task_events", "int_tasks_aggregated", "definitions_snapshot"} <= {*names}
    before = {name: engine.table(name) for name in names}
    assert all(table.rows for table in before.values())
    engine.dbt("build", "--select", *names, *NO_TESTS)
    found = [f"{name}: {line}" for name in names for line in differences(before[name], engine.table(name))]
    assert not found, "\n".join(found)


def test_a_later_load_is_merged_as_on_duckdb(embedded, engine):
    """Copies of events, events of a known id that say something else, and tasks that are new."""
    raw = "raw.task_events"
    columns = embedded.query(f"select * from {raw} limit 0").columns
    loaded = embedded.query(
        f"select event_id, received_at from {raw} order by received_at desc, event_id limit 60"
    ).rows
    later = (dt.datetime.fromisoformat(loaded[0][1]) + dt.timedelta(hours=1)).isoformat(" ")
    ids = sorted({event_id for event_id, _ in loaded if event_id})
    changes: list[dict[str, str]] = [
        {"received_at": f"'{later}'"},
        {"received_at": f"'{later}'", "human_minutes": "'17.5'"},
        {"received_at": f"'{later}'", "event_id": "concat(event_id, '-b')", "task_id": "concat(task_id, '-b')"},
    ]
    for kind, change in enumerate(changes):
        values = ", ".join(change.get(name, name) for name in columns)
        chosen = ", ".join(f"'{event_id}'" for event_id in ids[kind::3])
        # distinct: that the file holds some of them twice already is not to be asked here.
        insert = f"insert into {raw} select distinct {values} from {raw} where event_id in ({chosen})"
        with duckdb.connect(str(embedded.path)) as connection:
            connection.execute(insert)
        engine.query(insert)
    names = ["base_task_events", "int_tasks_aggregated"]
    for one in (embedded, engine):
        before = {name: len(one.table(name).rows) for name in names}
        one.dbt("build", "--select", *names, *NO_TESTS)
        assert all(len(one.table(name).rows) > n for name, n in before.items())
    # Each engine has a hash of its own.
    tables = {name: [without(one.table(name), ["content_hash"]) for one in (embedded, engine)] for name in names}
    found = [f"{name}: {line}" for name, pair in tables.items() for line in differences(*pair)]
    assert not found, "\n".join(found)


def test_a_changed_registration_is_a_second_version(engine):
    mine = "seed = 'experiments' and definition_id = 'email_drafting' and field = 'alpha'"
    versions = f"select * from ai_impact.definitions_snapshot where {mine}"
    (first,) = records(engine.query(versions))
    alpha = "update ai_impact.experiments set alpha = {} where experiment_id = 'email_drafting'"
    engine.query(alpha.format(float(first["value"]) / 2))
    try:
        # Iceberg's catalogue of files holds no views: what the snapshot reads is a table there.
        engine.dbt("build", "--select", "int_definitions", "definitions_snapshot", *NO_TESTS)
    finally:
        engine.query(alpha.format(first["value"]))
    old, new = sorted(records(engine.query(versions)), key=lambda row: row["dbt_valid_from"])
    assert {**old, "dbt_valid_to": None} == first
    assert (float(new["value"]), new["dbt_valid_to"]) == (float(first["value"]) / 2, None)
    assert old["dbt_valid_to"] == new["dbt_valid_from"] > old["dbt_valid_from"]


def records(table: Table) -> list[dict]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
