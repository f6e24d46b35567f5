"""Every verdict of staging, by name, by a real run: the sources as they are declared, and rows as they land."""

import pytest

MOMENT = "2026-03-01 10:00:00"
EVENT = {
    "event_id": "e1", "source": "crm", "occurred_at": MOMENT, "received_at": "2026-03-01 10:00:05",
    "event_type": "started", "task_id": "t1",
}  # fmt: skip
DEAL = {
    "opportunity_id": "o1", "amount": "10", "updated_at": MOMENT, "received_at": "2026-03-01 10:00:05",
    "is_deleted": "false",
}  # fmt: skip
CALL = {"event_id": "e1", "source": "gateway", "occurred_at": MOMENT, "received_at": MOMENT, "event_type": "model_call"}
ANSWER = {"event_id": "e1", "source": "desk", "occurred_at": MOMENT, "received_at": MOMENT, "instrument": "nps"}
LATER = "2026-03-01 11:00:00"

# name: (source, rows as changes to a plain one, verdicts in the order of the rows)
MATRIX = {
    "empty": ("task_events", [], []),
    "one row, optional columns NULL": ("task_events", [{}], ["accepted"]),
    "an exact copy": ("task_events", [{}, {}], ["accepted", "duplicate"]),
    "delivered again later": ("task_events", [{"received_at": LATER}, {}], ["duplicate", "accepted"]),
    "same id, other content": ("task_events", [{"task_id": "t2", "received_at": LATER}, {}], ["collision", "accepted"]),
    "a copy of a collision": (
        "task_events",
        [{"task_id": "t2", "received_at": LATER}, {"task_id": "t2", "received_at": "2026-03-01 12:00:00"}, {}],
        ["collision", "duplicate", "accepted"],
    ),
    "same id of another source": ("task_events", [{}, {"source": "desk"}], ["accepted", "accepted"]),
    "a valid row behind an invalid one": (
        "task_events",
        [{"human_minutes": "lots"}, {"human_minutes": "5", "received_at": LATER}],
        ["bad_number", "accepted"],
    ),
    "a possible copy of an impossible delivery": (
        "task_events",
        [{"received_at": "2026-03-01 09:00:00"}, {}],
        ["duplicate", "accepted"],
    ),
    "malformed copies": ("task_events", [{"event_id": None}, {"event_id": None}], ["missing_key", "duplicate"]),
    "no id": ("task_events", [{"event_id": ""}], ["missing_key"]),
    "an id with blanks around it": ("task_events", [{}, {"event_id": "e1 \t"}], ["accepted", "duplicate"]),
    "the empty text and NULL say the same": (
        "task_events",
        [{"team_id": ""}, {"team_id": None}, {"human_minutes": " "}, {"occurred_at": "", "event_id": "e2"}],
        ["accepted", "duplicate", "duplicate", "missing_key"],
    ),
    "a word of the contract, spelt otherwise": (
        "task_events",
        [
            {"event_id": str(n), "event_type": t}
            for n, t in enumerate(["Started", " CANCELED", "error-found", "Stopped"])
        ],
        ["accepted", "accepted", "accepted", "unknown_enum"],
    ),
    "no type": ("task_events", [{"event_type": None}], ["missing_key"]),
    "no time": ("task_events", [{"occurred_at": None}], ["missing_key"]),
    "an unreadable time": ("task_events", [{"occurred_at": "yesterday"}], ["bad_timestamp"]),
    "an unreadable time of receipt": ("task_events", [{"received_at": "2026-13-01"}], ["bad_timestamp"]),
    "an endless time": ("task_events", [{"occurred_at": "infinity"}], ["bad_timestamp"]),
    "a clock a little ahead": ("task_events", [{"occurred_at": "2026-03-01 10:09:00"}], ["accepted"]),
    "a clock far ahead": ("task_events", [{"occurred_at": "2026-03-01 10:30:00"}], ["future_timestamp"]),
    "received in the future": (
        "task_events",
        [{"occurred_at": "2190-01-01", "received_at": "2190-01-01"}],
        ["future_timestamp"],
    ),
    "an unknown type": ("task_events", [{"event_type": "jumped"}], ["unknown_enum"]),
    "not a number": ("task_events", [{"human_minutes": "lots"}], ["bad_number"]),
    "NaN": ("task_events", [{"human_minutes": "NaN"}], ["out_of_range"]),
    "infinite minutes": ("task_events", [{"human_minutes": "inf"}], ["out_of_range"]),
    "negative minutes": ("task_events", [{"human_minutes": "-1"}], ["out_of_range"]),
    "not a boolean": ("task_events", [{"is_eligible": "perhaps"}], ["bad_boolean"]),
    "two faults: the first that applies": (
        "task_events",
        [{"event_type": "jumped", "human_minutes": "lots"}],
        ["bad_number"],
    ),
    "three days are not late": ("task_events", [{"received_at": "2026-03-04 10:00:00"}], ["accepted"]),
    "a second more is": ("task_events", [{"received_at": "2026-03-04 10:00:01"}], ["accepted late"]),
    "thirty days are late": ("task_events", [{"received_at": "2026-03-31 10:00:00"}], ["accepted late"]),
    "a second more is too late": ("task_events", [{"received_at": "2026-03-31 10:00:01"}], ["too_late"]),
    "confidence from 0 to 1": (
        "ai_events",
        [{"event_id": str(n), "confidence": c} for n, c in enumerate(["0", "1", "1.01", "-0.1"])],
        ["accepted", "accepted", "out_of_range", "out_of_range"],
    ),
    "tokens": (
        "ai_events",
        [{"event_id": str(n), "input_tokens": t} for n, t in enumerate(["7", "-3", "many", "9000000000000000000"])],
        ["accepted", "out_of_range", "bad_number", "out_of_range"],
    ),
    "amounts that no sum could hold": (
        "opportunities",
        [{"opportunity_id": str(n), "amount": a} for n, a in enumerate(["1e13", "1.1e13", "1e300"])],
        ["accepted", "out_of_range", "out_of_range"],
    ),
    "versions of a deal": (
        "opportunities",
        [{}, {"amount": "11", "updated_at": "2026-03-01 10:00:01"}],
        ["accepted", "accepted"],
    ),
    "a version again, and with another content": (
        "opportunities",
        [{}, {"received_at": LATER}, {"received_at": LATER, "amount": "11"}],
        ["accepted", "duplicate", "collision"],
    ),
    "closed before it was created": (
        "opportunities",
        [{"created_at": "2026-02-02", "closed_at": "2026-02-01"}],
        ["negative_duration"],
    ),
    "closed on a day": (
        "opportunities",
        [
            {"opportunity_id": str(n), "created_at": "2026-02-02 15:00:00", "closed_at": closed, "is_closed": "true"}
            for n, closed in enumerate(["2026-02-02", "2026-02-02 00:00:01", "2026-02-01", "2026-02-02 15:00:00"])
        ],
        ["accepted", "negative_duration", "negative_duration", "accepted"],
    ),
    "expected to close at any time": (
        "opportunities",
        [
            {"opportunity_id": str(n), "created_at": "2026-02-02", "closed_at": closed, "is_closed": "false"}
            for n, closed in enumerate(["2026-01-01", "1900-01-01", "9999-12-31", "soon"])
        ],
        ["accepted", "accepted", "accepted", "bad_timestamp"],
    ),
    "scores on the scale that the row names": (
        "survey_responses",
        [
            {"event_id": str(n), "score": score, "scale_min": low, "scale_max": high}
            for n, (score, low, high) in enumerate(
                [("0", "0", "10"), ("10", "0", "10"), ("11", "0", "10"), ("0", "1", "5"), ("99", None, None)]
            )
        ],
        ["accepted", "accepted", "out_of_range", "out_of_range", "accepted"],
    ),
}
PLAIN = {"task_events": EVENT, "ai_events": CALL, "opportunities": DEAL, "survey_responses": ANSWER}
LABEL = {
    "task_events": "complexity",
    "ai_events": "trace_id",
    "opportunities": "stage",
    "survey_responses": "account_id",
}


@pytest.fixture(scope="module")
def verdicts(warehouse):
    """The verdicts of each name, from one run over all: a name has keys of its own, and a column that tells it."""
    rows = []
    for name, (source, changes, _) in MATRIX.items():
        for change in changes:
            row = {**PLAIN[source], **change}
            for key in ("event_id", "opportunity_id"):
                if row.get(key):
                    row[key] = f"{name}/{row[key]}"
            row[LABEL[source]] = name
            rows.append((source, row))
    warehouse.empty()
    warehouse.load(rows)
    warehouse.dbt("run", "--full-refresh", "--select", *(f"base_{source}" for source in PLAIN))
    found = {}
    for source, label in LABEL.items():
        for name, verdict in warehouse.query(
            f"""select {label}, case when row_status = 'quarantined' then reason
                when is_late then row_status || ' late' else row_status end from base_{source}"""
        ):
            found.setdefault(name, []).append(verdict)
    return found


@pytest.mark.parametrize("name", MATRIX)
def test_verdict(verdicts, name):
    assert sorted(verdicts.get(name, [])) == sorted(MATRIX[name][2])


def test_the_one_received_first_is_kept(verdicts, warehouse):
    kept = warehouse.query(
        """select complexity, task_id, cast(received_at as varchar) from base_task_events where row_status = 'accepted'
        and complexity in ('delivered again later', 'same id, other content', 'a copy of a collision')"""
    )
    assert {row[1:] for row in kept} == {("t1", "2026-03-01 10:00:05")}
    assert len(kept) == 3


def test_quarantine_keeps_the_row_and_hashes_people(warehouse):
    warehouse.start([("task_events", {**EVENT, "human_minutes": "lots", "actor_id": "ada@example.com"})])
    ((row,),) = warehouse.query("select original_row from event_quarantine where source = 'task_events'")
    assert '"human_minutes":"4 characters like aaaa, hash ' in row
    assert "ada@example.com" not in row
