"""Whatever the order of arrival, the split into batches, the copies and the dirt: one full refresh ends the same.

The real dbt project runs, in this process, on a warehouse of its own. Tables are compared as multisets, so rows count.
"""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from dbt_warehouse import MODELS, Project, Warehouse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from raw_tables import SOURCES, insert

NEWEST = dt.datetime(2026, 3, 2, 12)
FEW = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def assert_same(left: dict[str, Counter], right: dict[str, Counter]) -> None:
    for model in MODELS:
        assert left[model] == right[model], (
            f"{model}: {left[model] - right[model]} against {right[model] - left[model]}"
        )


# --- rows: few ids, so that they meet; every kind of dirt; received within the window that a run reads again ---------


def moment(minutes: int) -> str:
    return (NEWEST - dt.timedelta(minutes=minutes)).isoformat(sep=" ")


BAD_TIMES = ["yesterday", "soon", None, "0001-01-01", "290000-01-01", "290000-01-01 (BC)", "infinity", "-infinity"]


def envelope(draw, minutes: st.SearchStrategy) -> dict:
    received = draw(minutes)
    lateness = draw(st.sampled_from([0, 1, 90, 5 * 1440, 29 * 1440, -2] * 3 + [31 * 1440, -60]))
    return {
        "event_id": draw(st.sampled_from(["e1", "e2", "e3", "e4", "e5"] * 4 + [None, ""])),
        "source": draw(st.sampled_from(["crm", "desk"])),
        "occurred_at": draw(st.sampled_from([moment(received + lateness)] * 90 + BAD_TIMES)),
        "received_at": draw(received_at(received)),
    }


def received_at(minutes: int) -> st.SearchStrategy:
    """The same time in several spellings, and now and then one that can't be."""
    spelt = moment(minutes)
    return st.sampled_from([spelt] * 70 + [spelt.replace(" ", "T") + "Z"] * 20 + BAD_TIMES)


@st.composite
def task_event(draw, minutes):
    kinds = ["created", "started", "completed", "error_found", "rework_requested", "review_completed", "jumped"]
    return "task_events", {
        **envelope(draw, minutes),
        "event_type": draw(st.sampled_from(kinds)),
        "task_id": draw(st.sampled_from(["t1", "t2", "t3"] * 4 + [None])),
        "use_case_id": draw(st.sampled_from(["u1", "u2", None])),
        "actor_id": draw(st.sampled_from(["p1", "p2", "p3", None])),
        "actor_kind": draw(st.sampled_from(["human", "ai"])),
        "team_id": draw(st.sampled_from(["a", None])),
        "human_minutes": draw(st.sampled_from([None, "5", "0.1", "0.2"] * 4 + ["-3", "lots", "NaN"])),
        "is_eligible": draw(st.sampled_from([None, "true"] * 5 + ["perhaps"])),
    }


@st.composite
def ai_event(draw, minutes):
    return "ai_events", {
        **envelope(draw, minutes),
        "event_type": draw(st.sampled_from(["model_call", "human_edit"])),
        "task_id": draw(st.sampled_from(["t1", "t2", None])),
        "confidence": draw(st.sampled_from([None, "0.5", "1", "1.2"])),
        "input_tokens": draw(st.sampled_from([None, "7", "7.0", "1.5"])),
    }


@st.composite
def opportunity(draw, minutes):
    received = draw(minutes)
    return "opportunities", {
        "opportunity_id": draw(st.sampled_from(["o1", "o2", None])),
        "amount": draw(st.sampled_from(["10", "20", "-1", None])),
        "updated_at": moment(received + draw(st.sampled_from([0, 30, 60, 600, 90_000]))),
        "received_at": draw(received_at(received)),
        "is_deleted": draw(st.sampled_from(["false", "false", "true", None])),
    }


@st.composite
def identity_link(draw, minutes):
    kinds = ["person", "email", "account", "telepathy"]
    return "identity_links", {
        **envelope(draw, minutes),
        "id_type_a": draw(st.sampled_from(kinds)),
        "id_a": draw(st.sampled_from(["p1", "p2", "x"])),
        "id_type_b": draw(st.sampled_from(kinds)),
        "id_b": draw(st.sampled_from(["p1", "p3", "y"])),
    }


@st.composite
def history(draw, minutes):
    """Rows of all sources; some of them delivered again, at the same time or at another."""
    row = st.one_of(
        task_event(minutes), task_event(minutes), ai_event(minutes), opportunity(minutes), identity_link(minutes)
    )
    rows = draw(st.lists(row, min_size=4, max_size=24))
    again = draw(st.lists(st.sampled_from(rows), max_size=6))
    moved = draw(st.lists(minutes, min_size=len(again), max_size=len(again)))
    keep = draw(st.lists(st.booleans(), min_size=len(again), max_size=len(again)))
    copies = [
        (source, row if same else {**row, "received_at": draw(received_at(at))})
        for (source, row), at, same in zip(again, moved, keep, strict=True)
    ]
    return [*rows, *copies]


@st.composite
def batches(draw, rows):
    """Any split of some rows, in the order given."""
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=2)))
    bounds = [0, *cuts, len(rows)]
    return [rows[a:b] for a, b in pairwise(bounds)]


WINDOW = st.integers(0, 3 * 1440 - 1)  # within lookback_days of the newest: any order will do
MONTHS = st.integers(0, 90 * 1440)  # far apart: loaded in the order of receipt


BACKFILL = ("--vars", f"{{accept_late_received_before: '{moment(1440)[:16]}'}}")


def loaded_in_batches(warehouse: Warehouse, parts: list[list], options: tuple[str, ...]) -> dict[str, Counter]:
    warehouse.start(parts[0], *options)
    for part in parts[1:]:
        warehouse.load(part)
        warehouse.dbt("run", "--select", *MODELS, *options)
    return warehouse.tables()


@FEW
@given(data=st.data())
def test_any_order_and_any_split_end_as_one_full_refresh(warehouse, data):
    rows = data.draw(history(WINDOW))
    parts = data.draw(batches(data.draw(st.permutations(rows))))
    options = data.draw(st.sampled_from([(), (), BACKFILL]))
    ended = loaded_in_batches(warehouse, parts, options)
    assert_same(ended, warehouse.build(*options))  # a re-run changes nothing
    warehouse.empty()
    warehouse.load(rows)
    assert_same(ended, warehouse.build("--full-refresh", *options))
    assert warehouse.query(
        "select count(*) from event_reconciliation where raw <> accepted + duplicate + quarantined"
    ) == [(0,)]
    assert warehouse.query("select sum(raw) from event_reconciliation") == [(len(rows),)]


@settings(FEW, max_examples=6)
@given(data=st.data())
def test_months_loaded_in_order_of_receipt_end_as_one_full_refresh(warehouse, data):
    rows = sorted(data.draw(history(MONTHS)), key=lambda item: item[1]["received_at"] or "")
    options = data.draw(st.sampled_from([(), BACKFILL]))
    ended = loaded_in_batches(warehouse, data.draw(batches(rows)), options)
    assert_same(ended, warehouse.build("--full-refresh", *options))


@settings(FEW, max_examples=4)
@given(data=st.data())
def test_a_run_killed_between_models_is_repaired_by_the_next(warehouse, data):
    rows = data.draw(st.permutations(data.draw(history(WINDOW))))
    half = len(rows) // 2
    warehouse.start(rows[:half])
    warehouse.load(rows[half:])
    done = data.draw(st.integers(1, len(MODELS) - 1))
    warehouse.build(models=MODELS[:done])
    ended = warehouse.build()
    assert_same(ended, warehouse.build("--full-refresh"))


def plain_event(event_id: str, **values: object) -> tuple[str, dict]:
    return "task_events", {
        "event_id": event_id, "source": "crm", "event_type": "completed", "task_id": "t1", "actor_kind": "human",
        "actor_id": "p1", "occurred_at": moment(10), "received_at": moment(5), **values,
    }  # fmt: skip


def test_a_process_killed_in_the_middle_leaves_nothing_broken(warehouse):
    rows = [plain_event(f"k{n}", task_id=f"t{n % 50}") for n in range(2000)]
    warehouse.start(rows[:1000])
    warehouse.load(rows[1000:])
    program = Path(__file__).with_name("dbt_warehouse.py")
    process = subprocess.Popen(
        [sys.executable, program, "--quiet", "run", "--target", "duckdb", "--select", *MODELS],
        env={**os.environ, **warehouse.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wal = Path(f"{warehouse.path}.wal")
    waited = time.monotonic()
    while process.poll() is None and not wal.exists() and time.monotonic() - waited < 60:
        time.sleep(0.005)  # until it has begun to write
    process.send_signal(signal.SIGKILL)
    process.wait()
    ended = warehouse.build()
    assert_same(ended, warehouse.build("--full-refresh"))


def test_a_row_loaded_out_of_the_window_is_counted_until_a_backfill_reads_it(warehouse):
    week = 7 * 1440
    warehouse.start([plain_event("e1")])
    warehouse.load([plain_event("e2", occurred_at=moment(week + 10), received_at=moment(week))])
    warehouse.build()
    failed = warehouse.dbt("test", "--select", "event_reconciliation,test_name:rows_reconcile", succeeds=False)
    assert not failed.success
    assert warehouse.query("select sum(raw - accepted - duplicate - quarantined) from event_reconciliation") == [(1,)]
    backfill = ("--vars", f"{{backfill_from: '{moment(week)[:10]}'}}")
    repaired = warehouse.build(*backfill)
    assert warehouse.dbt("test", "--select", "event_reconciliation,test_name:rows_reconcile").success
    assert_same(repaired, warehouse.build("--full-refresh"))


def test_what_is_too_late_waits_for_the_backfill_and_stays_accepted(warehouse):
    late = plain_event("e2", task_id="t2", occurred_at=moment(40 * 1440), received_at=moment(5 * 1440))
    warehouse.start([late, plain_event("e1")])
    assert warehouse.query("select reason from event_quarantine") == [("too_late",)]
    assert warehouse.query("select sum(too_late), sum(accepted) from event_reconciliation") == [(1, 1)]
    accept = ("--vars", f"{{accept_late_received_before: '{moment(0)[:16]}'}}")
    accepted = warehouse.build(*accept)
    assert warehouse.query("select count(*) from event_quarantine") == [(0,)]
    assert warehouse.query("select count(*) from fct_tasks where task_id = 't2'") == [(1,)]
    assert_same(accepted, warehouse.build("--full-refresh", *accept))


# --- identities ------------------------------------------------------------------------------------------------------


def link(number: int, type_a: str, a: str, type_b: str, b: str, minutes: int = 5) -> tuple[str, dict]:
    return "identity_links", {
        "event_id": f"l{number}", "source": "crm", "occurred_at": moment(minutes + 1), "received_at": moment(minutes),
        "id_type_a": type_a, "id_a": a, "id_type_b": type_b, "id_b": b,
    }  # fmt: skip


def entities(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    return {(kind, i): e for kind, i, e in warehouse.query("select id_type, id, entity_id from int_identities")}


def test_an_id_stays_when_links_arrive_later_and_only_the_younger_of_two_merged_changes(warehouse):
    warehouse.start(
        [link(1, "person", "old", "email", "old@x", 900), link(2, "email", "young@x", "person", "young", 600)]
    )
    before = entities(warehouse)
    ((kind, token),) = warehouse.query("select id_type_a, id_a from stg_identity_links where event_id = 'l1'")
    old = before[kind, token]
    warehouse.load([link(3, "device", "a-tablet", "email", "old@x", 300)])
    warehouse.build()
    joined = entities(warehouse)
    assert {key: joined[key] for key in before} == before
    ((tablet, entity),) = ((key, joined[key]) for key in joined.keys() - before.keys())
    assert tablet[0] == "device" and entity == old
    warehouse.load([link(4, "email", "young@x", "email", "old@x", 10)])
    warehouse.build()
    merged = entities(warehouse)
    assert set(merged.values()) == {old}


def test_a_kiosk_merges_nobody_and_its_links_are_quarantined(warehouse):
    links = [link(n, "device", "kiosk", "person", f"p{n}") for n in range(1000)]
    warehouse.start([*links, link(1000, "person", "p1", "email", "p1@x")])
    assert warehouse.query("select reason, count(*) from event_quarantine group by 1") == [("shared_identifier", 1000)]
    assert len(entities(warehouse)) == 2
    assert warehouse.query("select sum(accepted), sum(quarantined) from event_reconciliation") == [(1, 1000)]


def test_a_chain_longer_than_any_person_is_absurd(warehouse):
    warehouse.start([link(n, "email", f"m{n:03}", "email", f"m{n + 1:03}") for n in range(80)])
    assert warehouse.query("select reason, count(*) from event_quarantine group by 1") == [("oversized_component", 80)]
    assert len(set(entities(warehouse).values())) == 81


def test_a_component_of_the_largest_size_is_one_person_whatever_its_shape(warehouse):
    warehouse.start([link(n, "email", f"m{n:03}", "email", f"m{n + 1:03}") for n in range(49)])
    assert len(entities(warehouse)) == 50
    assert len(set(entities(warehouse).values())) == 1


def test_two_people_at_one_account_stay_two(warehouse):
    warehouse.start([link(1, "person", "p1", "account", "a"), link(2, "person", "p2", "account", "a"),
                     link(3, "person", "p1", "email", "p1@x")])  # fmt: skip
    assert warehouse.query("select count(*) from event_quarantine") == [(0,)]
    assert len(set(entities(warehouse).values())) == 1


# --- the live path: from raw rows to kpi_values ----------------------------------------------------------------------

NOW = dt.datetime(2026, 5, 20, 12)
LIVE = ("build", "--selector", "live", "--exclude-resource-type", "test", "unit_test")
# What is edited between two runs, as if `dbt seed` had loaded it again; and back, for the next example.
EDITS = {
    "update labor_rates set loaded_cost_per_hour = loaded_cost_per_hour * 2 where team_id = 'sdr_east'":
        "update labor_rates set loaded_cost_per_hour = loaded_cost_per_hour / 2 where team_id = 'sdr_east'",
    "update use_cases set baseline_to = '2026-02-23' where use_case_id = 'email_drafting'":
        "update use_cases set baseline_to = '2026-03-02' where use_case_id = 'email_drafting'",
    "update use_cases set baseline_from = '2025-12-15' where use_case_id = 'email_drafting'":
        "update use_cases set baseline_from = '2025-12-08' where use_case_id = 'email_drafting'",
}  # fmt: skip


class Live(Project):
    """A warehouse with all that kpi_values is built from, and the tables that `live` keeps up to date."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.see_registrations()
        kept = ("+kpi_values", "+sla_status", "+rollback_recommendations", "event_quarantine", "event_reconciliation")
        self.dbt("run", "--select", *kept)
        built = [result.node for result in self.dbt(*LIVE).result.results]
        self.models = [node.name for node in built if node.resource_type == "model"]

    def start(self, rows: list[tuple[str, dict]]) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for source in SOURCES:
                connection.execute(f"delete from raw.{source}")
        self.load(rows)
        self.dbt(*LIVE, "--full-refresh")

    def load(self, rows: list[tuple[str, dict]]) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for source in SOURCES:
                insert(connection, source, [row for name, row in rows if name == source])

    def change(self, statement: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(statement)

    def tables(self) -> dict[str, Counter]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return {
                model: Counter(repr(row) for row in connection.execute(f"select * from {model}").fetchall())
                for model in self.models
            }


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    return Live(tmp_path_factory.mktemp("live"))


def at(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def task(name: str, completed: float, person: str, rng: random.Random, received: float | None = None) -> list:
    """A task from start to end with one call of a model, a suggestion and, of some, a rating; received at once, or as
    late as is said."""
    said = completed - 0.01 if received is None else received
    use_case = rng.choice(["email_drafting", "email_drafting", "incident_triage"])
    common = {
        "source": "crm", "task_id": name, "use_case_id": use_case, "team_id": rng.choice(["sdr_east", "sdr_west"]),
        "received_at": str(at(said)), "execution_mode": "ai_assisted", "actor_kind": "human", "actor_id": person,
        "is_eligible": "true",
    }  # fmt: skip
    hours = rng.uniform(0.5, 20) / 24
    suggestion = {
        **ai_row(f"{name} suggested", name, completed - 0.001, said),
        "event_type": rng.choice(["suggestion_accepted", "suggestion_rejected"]),
    }
    rated = [rating(name, completed - rng.uniform(0, 2), said, rng)] if rng.random() < 0.5 else []
    return [
        ("task_events", {**common, "event_id": f"{name} started", "event_type": "started",
                         "occurred_at": str(at(completed + hours))}),
        ("task_events", {**common, "event_id": f"{name} completed", "event_type": "completed",
                         "occurred_at": str(at(completed)), "human_minutes": str(rng.randint(5, 90)),
                         "baseline_minutes": "60", "baseline_source": "measured"}),
        ("ai_events", {**ai_row(f"{name} called", name, completed, said), "event_type": "model_call",
                       "trace_id": rng.choice(["", f"trace {name[-1]}"]), "span_id": name, "cost_amount": "0.5",
                       "response_model": "m1", "prompt_version": rng.choice(["1", "2"]), "input_tokens": "100",
                       "latency_ms": str(rng.randint(50, 9000)), "confidence": str(rng.random()),
                       "status": rng.choice(["ok", "ok", "error"])}),
        ("ai_events", suggestion),
        *rated,
    ]  # fmt: skip


def ai_row(event_id: str, task_id: str, occurred: float, received: float) -> dict:
    return {
        "source": "crm", "event_id": event_id, "task_id": task_id, "use_case_id": "email_drafting",
        "occurred_at": str(at(occurred)), "received_at": str(at(min(received, occurred))),
    }  # fmt: skip


def rating(task_id: str, occurred: float, received: float, rng: random.Random) -> tuple[str, dict]:
    return "evaluations", {
        "source": "desk", "event_id": f"{task_id} rated {occurred}", "target_type": "task", "target_id": task_id,
        "criterion": "groundedness", "label": rng.choice(["pass", "fail"]), "evaluator_id": "r1",
        "evaluator_type": rng.choice(["human", "llm"]), "occurred_at": str(at(max(occurred, 0.01))),
        "received_at": str(at(min(received, max(occurred, 0.01)))),
    }  # fmt: skip


def past(rng: random.Random) -> list:
    """Half a year of a small company, and what one AI tool cost it."""
    people = [f"p{n}" for n in range(8)]
    charge = {
        "charge_id": "c1", "use_case_id": "email_drafting", "cost_type": "licence", "effective_cost": "900",
        "billing_currency": "USD", "charge_period_start": "2026-03-01", "charge_period_end": "2026-06-01",
        "updated_at": str(at(60)), "received_at": str(at(60)), "is_deleted": "false",
    }  # fmt: skip
    rows = [row for n in range(150) for row in task(f"t{n}", rng.uniform(4, 165), rng.choice(people), rng)]
    return [*rows, ("cost_records", charge)]


def news(rng: random.Random) -> list[tuple[str, dict]]:
    """What is received in the last three days: new tasks, late ones, ends that move, corrections, a merged person."""
    rows = [row for n in range(4) for row in task(f"n{n}", rng.uniform(0.1, 2.9), f"p{n}", rng)]
    rows += [row for n in range(4) for row in task(f"l{n}", rng.uniform(5, 29), f"p{n}", rng, rng.uniform(0.1, 2.9))]
    said = {"source": "crm", "actor_kind": "human", "actor_id": "p1", "team_id": "sdr_east"}
    for n in rng.sample(range(150), 4):
        what = rng.choice(["completed", "cancelled", "error_found"])
        days, received = rng.uniform(0, 20), rng.uniform(0, 2.9)
        rows.append(("task_events", {
            **said, "event_id": f"again {n}", "event_type": what, "task_id": f"t{n}", "use_case_id": "incident_triage",
            "occurred_at": str(at(days + received)), "received_at": str(at(received)),
        }))  # fmt: skip
    # Old outputs are rated, and called for again by another prompt: what was said of them changes its version.
    rows += [rating(f"t{n}", rng.uniform(0.1, 25), rng.uniform(0.1, 2.9), rng) for n in rng.sample(range(150), 4)]
    for n in rng.sample(range(150), 2):
        rows.append(("ai_events", {
            **ai_row(f"t{n} called again", f"t{n}", rng.uniform(0.1, 20), rng.uniform(0.1, 2.9)),
            "event_type": "model_call", "response_model": "m2", "prompt_version": "3", "latency_ms": "700",
        }))  # fmt: skip
    # The same event, otherwise: whichever was received first is kept. It moves a task, and a call, to another one.
    source, first = rng.choice([row for row in rows if row[1].get("task_id", " ")[0] in "nl"])
    earlier = dt.datetime.fromisoformat(first["received_at"]) - dt.timedelta(minutes=rng.choice([1, -1]))
    rows.append((source, {**first, "task_id": f"t{rng.randrange(150)}", "received_at": str(earlier)}))
    # A span around calls of another trace's tasks, which says what they were for and carries their cost.
    rows.append(("ai_events", {
        "source": "crm", "event_id": "agent", "event_type": "model_call", "operation_name": "invoke_agent",
        "trace_id": f"trace {rng.randrange(10)}", "span_id": "agent", "cost_amount": "7",
        "task_id": f"t{rng.randrange(150)}", "occurred_at": str(at(1)), "received_at": str(at(0.5)),
    }))  # fmt: skip
    rows.append(("identity_links", {
        "source": "crm", "event_id": "link", "occurred_at": str(at(1)), "received_at": str(at(0.9)),
        "id_type_a": "person", "id_a": "p1", "id_type_b": "person", "id_b": f"p{rng.randint(2, 7)}",
    }))  # fmt: skip
    rng.shuffle(rows)
    return rows


@settings(FEW, max_examples=3)
@given(seed=st.integers(0, 1_000_000))
def test_whatever_happens_live_ends_as_one_full_refresh(live, seed):
    rng = random.Random(seed)
    live.start(past(rng))
    rows = news(rng)
    edit = rng.choice(sorted(EDITS))
    done = rng.randrange(1, len(live.models))
    cut = rng.randrange(1, len(rows))
    live.load(rows[:cut])
    live.change(edit)
    live.dbt("run", "--select", *live.models[:done])  # killed here
    live.load(rows[cut:])
    live.dbt(*LIVE)
    ended = live.tables()
    live.dbt(*LIVE, "--full-refresh")
    refreshed = live.tables()
    live.change(EDITS[edit])
    for model in live.models:
        assert ended[model] == refreshed[model], (
            f"{model}: {list((ended[model] - refreshed[model]).items())[:3]} against "
            f"{list((refreshed[model] - ended[model]).items())[:3]}"
        )
    assert len(ended["kpi_values"]) > 1000
    assert sum("small_group" not in row and "complement" not in row for row in ended["kpi_values"]) > 100


KEPT_BY_PERIOD = {
    "int_kpi_sums": "completed",
    "int_kpi_people": "n_people",
    "kpi_cycle_time": "n",
    "kpi_call_percentiles": "n",
}


def test_what_no_new_row_touches_is_not_computed_again(live):
    rng = random.Random(1)
    live.start([*past(rng), *task("newest", 0.2, "p1", rng)])
    for model, column in KEPT_BY_PERIOD.items():
        live.change(f"update {model} set {column} = {column} + 1000")
    live.load(task("late", 10, "p1", rng, received=0.5))
    live.dbt(*LIVE)
    for model, column in KEPT_BY_PERIOD.items():
        found = live.query(f"""
            select
                period_start <= date '{at(10):%F}' and period_end > date '{at(10):%F}' as is_touched,
                min({column}) >= 1000,
                max({column}) >= 1000
            from {model} inner join int_kpi_periods using (period_key)
            where period_grain <> 'baseline'
            group by 1 order by 1
        """)
        assert found == [(False, True, True), (True, False, False)], model
