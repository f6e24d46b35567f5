"""From raw tables to the strategic KPIs: absent is not zero, unknown is not lost, and what has ended stays ended."""

from datetime import datetime, timedelta

import duckdb
import pytest
from dbt_warehouse import MODELS
from raw_tables import create_raw_tables, insert

DAY = timedelta(days=1)
START, END = datetime(2026, 1, 1), datetime(2026, 5, 3)
NOWHERE = (None, "", "  ", "\t", "\u00a0")
CANCELLED = ("canceled", "Cancelled", "CANCELLED ", "withdrawn", "Closed - Cancelled", " cancelled")


def events(source: str, rows: list[dict]) -> list[dict]:
    """Rows of an append-only source, received an hour after they occurred."""
    stamps = ({"event_id": f"{source}{n}", "source": "test"} for n in range(len(rows)))
    return [s | {"received_at": r["occurred_at"] + timedelta(hours=1)} | r for s, r in zip(stamps, rows, strict=True)]


def states(rows: list[dict]) -> list[dict]:
    """Rows of a state source, received an hour after they were updated."""
    return [{"received_at": row["updated_at"] + timedelta(hours=1)} | row for row in rows]


def answer(at: datetime, score: int, who: str | None, account: str | None) -> dict:
    scale = {"instrument": "NPS ", "scale_min": 0, "scale_max": 10}
    return scale | {"occurred_at": at, "score": score, "respondent_hash": who, "account_id": account}


def tasks() -> list[dict]:
    days = [START + n * DAY + timedelta(hours=9) for n in range((END - START).days)]
    return [{"occurred_at": day, "event_type": "Completed", "task_id": f"t{n}"} for n, day in enumerate(days)]


def answers() -> list[dict]:
    known = [answer(datetime(2026, 1, 5), 10, f"r{n}", f"a{n}") for n in range(40)]
    unknown = [answer(datetime(2026, 1, 6), 2, f"s{n}", NOWHERE[n % 5]) for n in range(40)]
    few = [answer(datetime(2026, 2, 5), 9, f"r{n}", f"a{n}") for n in range(6)]
    nobody = [answer(datetime(2026, 2, 6), 0, NOWHERE[n % 5], f"a{n}") for n in range(40)]
    return known + unknown + few + nobody


def deals() -> list[dict]:
    """Forty won, forty lost on the day they were created, of which their system keeps the date alone; twenty open."""
    at = datetime(2026, 3, 21)
    won = {"created_at": datetime(2026, 3, 5, 9), "closed_at": "2026-03-20", "is_closed": True, "is_won": True}
    lost = {"created_at": datetime(2026, 3, 6, 15, 30), "closed_at": "2026-03-06", "is_closed": True, "is_won": False}
    # What a system that names only the winners, and ends in a stage, says of the others.
    staged = lost | {"is_closed": None, "is_won": None, "stage": "Closed Lost"}
    still = {"created_at": datetime(2026, 3, 10, 12), "is_closed": False, "is_won": False}
    expected = (None, "2026-03-01", "1999-12-31", "9999-12-31", "2027-01-01")
    rows = [won] * 40 + [lost] * 20 + [staged] * 20 + [still | {"closed_at": expected[n % 5]} for n in range(20)]
    return [{"opportunity_id": f"d{n}", "amount": NOWHERE[n % 2], "updated_at": at} | row for n, row in enumerate(rows)]


def incidents() -> list[dict]:
    at = datetime(2026, 2, 1)
    rows = [
        # Over after an hour; when its impact ended nobody says.
        {"service_id": "s", "opened_at": at, "impact_started_at": at, "resolved_at": at + timedelta(hours=1)},
        # Dates alone, on the day it was opened.
        {"service_id": "s", "opened_at": at + timedelta(days=9, hours=10), "acknowledged_at": (at + 9 * DAY).date(),
         "resolved_at": (at + 9 * DAY).date()},
        {"service_id": "t", "opened_at": at, "impact_started_at": at, "is_false_positive": True},
        {"service_id": "u", "opened_at": at + 63 * DAY, "impact_started_at": at + 63 * DAY},
    ]  # fmt: skip
    return [{"incident_id": f"i{n}", "updated_at": row["opened_at"] + DAY} | row for n, row in enumerate(rows)]


def openings() -> list[dict]:
    at = datetime(2026, 1, 2)
    rows = [{"requisition_id": f"o{n}", "status": "Open", "updated_at": at} for n in range(10)]
    rows += [{"requisition_id": f"o{n}", "status": "Filled", "updated_at": at + 21 * DAY, "filled_at": at + 20 * DAY}
             for n in range(4)]  # fmt: skip
    for days in (5, 60):  # the second says no more than that they still exist
        rows += [{"requisition_id": f"o{n}", "status": CANCELLED[(n + days) % 6], "updated_at": at + days * DAY}
                 for n in range(4, 10)]  # fmt: skip
    return [{"opened_at": at} | row for row in rows]


@pytest.fixture(scope="module")
def built(warehouse):
    raw = {
        "task_events": events("task_events", tasks()),
        "survey_responses": events("survey_responses", answers()),
        "opportunities": states(deals()),
        "incidents": states(incidents()),
        "requisitions": states(openings()),
    }
    with duckdb.connect(str(warehouse.path)) as connection:
        create_raw_tables(connection)
        for source, rows in raw.items():
            insert(connection, source, [{n: None if v is None else str(v) for n, v in row.items()} for row in rows])
    models = ("+kpi_measures", "fct_requisitions", "event_quarantine", "event_reconciliation")
    # A build, because the experiments of some KPIs are read from their snapshot.
    warehouse.dbt(
        "build", "--full-refresh", "--select", *models, "--exclude-resource-type", "seed", "test", "unit_test"
    )
    yield warehouse
    with duckdb.connect(str(warehouse.path)) as connection:
        create_raw_tables(connection)
    warehouse.dbt("run", "--full-refresh", "--select", "path:models/staging", *MODELS)


def kpi(built, name: str, month: str) -> tuple:
    (found,) = built.query(
        f"""select value, n, reason from kpi_measures
        where kpi_id = '{name}' and period_grain = 'month' and period_start = '{month}-01'"""
    )
    return found


def test_no_row_is_rejected_and_all_are_counted(built):
    assert built.query("select source, reason, original_row from event_quarantine") == []
    assert built.query("select count(*) from event_reconciliation where raw <> accepted + duplicate + quarantined") == [
        (0,)
    ]


def test_answers_of_unknown_accounts_weigh_as_much_as_there_are(built):
    value, n, reason = kpi(built, "nps", "2026-01")
    assert (value, n, reason) == (pytest.approx(0, abs=1e-9), 80, None)
    value, n, reason = kpi(built, "nps_response_rate", "2026-01")
    assert (value, n, reason) == (100, 40, "40 of 80 left out: Their account is not known.")


def test_answers_of_unknown_people_are_as_many_as_they_are(built):
    value, n, _ = kpi(built, "nps", "2026-02")
    assert (value, n) == (pytest.approx(100 * (6 - 40) / 46), 46)


def test_a_date_of_the_day_of_creation_is_a_close_and_an_expected_one_is_none(built):
    assert kpi(built, "win_rate", "2026-03")[:2] == (50, 80)
    # Forty of a hundred after no time at all, forty more after 14 days and 15 hours, twenty still open.
    assert kpi(built, "days_to_close_p50", "2026-03")[:2] == (pytest.approx(14.625), 100)
    assert built.query("select count(*), min(days_to_close), count(closed_at) from fct_opportunities") == [
        (100, 0.0, 80)
    ]
    assert built.query("select count(*) from fct_opportunities where not is_closed") == [(20,)]


def test_an_incident_that_is_resolved_is_over(built):
    hours = 28 * 24 * 3
    assert kpi(built, "uptime", "2026-02") == (pytest.approx(100 * (1 - 1 / hours)), 28 * 3, None)
    assert kpi(built, "uptime", "2026-03") == (100, 31 * 3, None)
    value, _, reason = kpi(built, "uptime", "2026-04")  # until the end of the data, and it says so
    assert value < 100
    assert reason == "Incidents that have not ended, down until the end of the data: 1."
    assert built.query("select min(hours_to_resolve), min(hours_to_acknowledge) from fct_incidents") == [(0.0, 0.0)]


def test_before_the_first_incident_nobody_looked(built):
    rows = "select kpi_id from kpi_measures where kpi_id in ('uptime', 'outage_cost') and period_start < '2026-02-01'"
    assert built.query(f"{rows} and period_grain = 'month'") == []


def test_an_opening_is_withdrawn_once_however_it_is_spelt(built):
    assert kpi(built, "time_to_fill_p50", "2026-01")[:2] == (20, 10)
