"""What a run says where raw rows vanish, come twice, are edited or are rejected: which command mends it."""

import os
from unittest.mock import patch

import duckdb
import pytest
from dbt_warehouse import parsed

from ai_impact.sentences import ProblemError
from tools import dbt

EVENT = {"source": "crm", "event_type": "completed", "task_id": "t"}


def task(number: int, day: int, **changes) -> tuple[str, dict]:
    at = {"occurred_at": f"2026-03-{day:02d} 10:00:00", "received_at": f"2026-03-{day:02d} 10:00:05"}
    return ("task_events", EVENT | at | {"event_id": f"e{number}"} | changes)


TASKS = [task(number, 1 + number % 20) for number in range(100)]
CALLS = [("ai_events", row | {"event_type": "model_call"}) for _, row in TASKS]


def rows_tested(warehouse, *options: str) -> tuple[list[str], str]:
    """What the project says after an increment and the tests of what came out, and what failed."""
    said: list[str] = []
    failed = ""
    warehouse.build(*options)
    with patch.dict(os.environ, warehouse.environment):
        try:
            chosen = ("--select", "test_name:rows_reconcile test_name:mostly_accepted")
            dbt.run(["test", *chosen, "--target", "duckdb"], tell=said.append, manifest=parsed())
        except ProblemError as problem:
            failed = str(problem)
    return [line.removeprefix("ai_impact: ") for line in said if "AI_IMPACT_ID_SECRET" not in line], failed


def change(warehouse, sql: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(sql)


@pytest.fixture
def started(warehouse):
    warehouse.start([*TASKS, *CALLS])
    return warehouse


def test_nothing_is_said_where_all_is_well(started):
    assert rows_tested(started) == ([], "")


def test_an_edited_row(started):
    change(started, "update raw.task_events set human_minutes = '5' where event_id = 'e1'")
    said, failed = rows_tested(started)
    assert said == [
        "Raw rows of task_events say something else than staging read, on load day 2026-03-02: they were edited in "
        "place. Raw tables are append-only: load a corrected row as a new one. "
        "To read the edited rows, run dbt build --full-refresh."
    ]
    assert "Got 1 result" in failed
    assert rows_tested(started, "--full-refresh") == ([], "")


def test_a_row_that_a_run_reads_again_may_be_edited(started):
    change(started, "update raw.task_events set human_minutes = '5' where event_id = 'e19'")
    assert rows_tested(started) == ([], "")
    assert started.query("select human_minutes from base_task_events where event_id = 'e19'") == [(5.0,)]


def test_a_raw_table_that_shrank(started):
    change(started, "delete from raw.task_events where event_id in ('e1', 'e2')")
    assert rows_tested(started)[0] == [
        "The raw table of task_events has lost 2 rows that staging read, on 2 load days from 2026-03-02 to 2026-03-03. "
        "If they were deleted on purpose, run dbt build --full-refresh. "
        "If not, load them again; then there is nothing else to do."
    ]


def test_a_raw_table_that_was_loaded_twice(started):
    change(started, "insert into raw.task_events from raw.task_events where received_at < '2026-03-10'")
    said, _ = rows_tested(started)
    assert said == [
        "The raw table of task_events has 45 rows that no run has read, on 9 load days from 2026-03-01 to 2026-03-09: "
        "as many again as were there, so it was loaded twice. Delete the second load; then there is nothing else to "
        "do. To keep it, run dbt build --vars '{backfill_from: \"2026-03-01\"}'; copies count as duplicates."
    ]


def test_rows_that_came_out_of_order(started):
    started.load([task(200, 5)])
    assert rows_tested(started)[0] == [
        "The raw table of task_events has 1 rows that no run has read, on load day 2026-03-05: "
        "they were received before the days that a run reads. "
        "To read them, run dbt build --vars '{backfill_from: \"2026-03-05\"}'; copies count as duplicates."
    ]


def test_a_raw_table_that_was_replaced(started):
    change(started, "delete from raw.task_events where event_id in ('e1', 'e2')")
    started.load([task(200, 5)])
    (said,), _ = rows_tested(started)
    assert said.startswith(
        "The raw table of task_events has 1 rows more and 2 fewer than staging read, on 3 load days "
    )
    assert said.endswith(": it was replaced. If that was meant, run dbt build --full-refresh.")


LOOK = (
    "Count the reasons: select reason, reason_column, count(*) from event_quarantine where source = 'task_events' "
    "group by 1, 2; docs/ingestion.md has the fix of each."
)


def test_a_source_that_is_all_in_quarantine_fails(started):
    started.start([*(task(number, 1 + number % 20, event_type="done") for number in range(100)), *CALLS])
    said, failed = rows_tested(started)
    assert said == [f"All 100 rows of task_events are in quarantine, so nothing can be computed from them. {LOOK}"]
    assert "mostly_accepted" in failed


def test_a_source_with_much_in_quarantine_warns_and_the_rest_goes_in(started):
    started.start([*TASKS, *CALLS, *(task(200 + number, 1 + number, event_type="done") for number in range(10))])
    assert rows_tested(started) == (
        [f"10 of the 110 rows of task_events are in quarantine, more than 5 percent. {LOOK}"],
        "",
    )
    assert started.query("select count(*) from base_task_events where row_status = 'accepted'") == [(100,)]


def test_a_newest_day_with_much_in_quarantine_warns(started):
    many = [task(1000 + number, 1 + number % 20) for number in range(2000)]
    broken = [task(5000 + number, 21, event_type="done") for number in range(20)]
    started.start([*many, *broken, *CALLS])
    assert rows_tested(started) == (
        [
            "20 of the 20 rows of task_events that were received on 2026-03-21 are in quarantine, "
            f"more than 5 percent. {LOOK}"
        ],
        "",
    )
