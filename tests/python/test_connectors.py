"""Connectors: tables in the schemas of the usual tools, small and full of traps, and every row that comes out of them.

A fixture in connectors/ is one file a tool: `table name`, a header of `column:type`, rows; `#` says what a row is for,
and `\\n` in a cell is a line break.
"""

import csv
import datetime as dt
import os
import re
from functools import cache
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt_warehouse import Project
from engines import MissingError, Postgres
from engines.base import ROOT
from engines.compare import Table, differences

FIXTURES = Path(__file__).parent / "connectors"
CONTRACT = {
    table["name"]: [(column["name"], column["data_type"]) for column in table["columns"]]
    for table in yaml.safe_load((ROOT / "models/staging/_sources.yml").read_text())["sources"][0]["tables"]
}
MACRO = re.compile(r"{% macro (\w+)\(")
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


def load(tool: str, empty: bool = False) -> str:
    """The statements that create its tables in a schema of its name."""
    statements = [f"create schema {tool}"]
    for name, (header, *rows) in landed(tool).items():
        columns = ", ".join('"{}" {}'.format(*column.split(":")) for column in header)
        statements.append(f'create table {tool}."{name}" ({columns})')
        for row in [] if empty else rows:
            cells = ", ".join(
                "'" + cell.replace("'", "''").replace("\\n", "\n") + "'" if cell else "null" for cell in row
            )
            statements.append(f'insert into {tool}."{name}" values ({cells})')
    return ";\n".join(statements)


def table(name: str) -> str:
    schema, identifier = name.split(".")
    return f"api.Relation.create(database=target.database, schema='{schema}', identifier='{identifier}')"


def call(macro: str, *tables: str, **given: object) -> str:
    arguments = [table(name) if name else "none" for name in tables]
    for name, value in given.items():
        if str(value).startswith("table "):
            shown = table(value.removeprefix("table "))
        else:
            shown = value.removeprefix("!") if str(value).startswith("!") else repr(value)
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
    "otel": (
        "ai_events",
        call("from_otel_genai_spans", "otel.otel_traces", prices="table otel.model_prices", use_case_id="'support'",
             task_id="!ai_impact.span_attribute('ticket.id')"),
    ),
    "github": (
        "task_events",
        call("from_github_pull_requests", "github.issue", "github.pull_request", "github.issue_merged",
             "github.issue_closed_history", "github.pull_request_review", "github.user", "github.commit",
             "github.commit_pull_request", use_case_id="case when title <> 'Bump' then 'delivery' end"),
    ),
    "github_alone": (
        "task_events",
        call("from_github_pull_requests", "github.issue", "github.pull_request", "github.issue_merged"),
    ),
    "focus": (
        "cost_records",
        call("from_focus_costs", "focus.costs", use_case_id="!ai_impact.focus_tag('use_case')"),
    ),
    "salesforce": (
        "opportunities",
        call("from_salesforce_opportunities", "salesforce.opportunity", "salesforce.opportunity_history"),
    ),
    "jira": (
        "task_events",
        call("from_jira_issues", "jira.issue", "jira.issue_field_history", "jira.status", "jira.status_category",
             "jira.resolution", team_id="project"),
    ),
    "jira_alone": ("task_events", call("from_jira_issues", "jira.issue", "jira.issue_field_history")),
    "litellm": (
        "ai_events",
        call("from_litellm_spend_logs", "litellm.spend_logs", prices="table litellm.model_prices",
             task_id="!ai_impact.litellm_metadata('ticket')"),
    ),
    "langfuse": (
        "ai_events",
        call("from_langfuse", "langfuse.observations", "langfuse.traces", prices="table langfuse.model_prices",
             task_id="!ai_impact.langfuse_metadata('ticket')"),
    ),
    "langfuse_scores": (
        "evaluations",
        call("from_langfuse_scores", "langfuse.scores", task_id="'task of ' || trace_id", scale_max="1"),
    ),
    "pagerduty": (
        "incidents",
        call("from_pagerduty_incidents", "pagerduty.incidents", "pagerduty.log_entries"),
    ),
    "segment": (
        "touches",
        call("from_segment_tracks", "segment.tracks", is_ai_generated="context_campaign_name = 'spring'"),
    ),
    "segment_channel": (
        "touches",
        call("from_segment_tracks", "segment.tracks", channel="case when event = 'click' then 'display' end"),
    ),
    "snowplow": ("touches", call("from_snowplow_events", "segment.events")),
    "openai": ("cost_records", call("from_openai_usage", "vendors.openai_cost", use_case_id="project_id")),
    "claude": ("cost_records", call("from_claude_usage", "vendors.claude_cost")),
    "active_days": ("outcome_events", call("from_ai_active_days", "vendors.completion", source_name="openai")),
    "greenhouse": (
        "requisitions",
        call("from_greenhouse_jobs", "greenhouse.job_opening", "greenhouse.job", "greenhouse.job_department",
             "greenhouse.offer", "greenhouse.scorecard"),
    ),
    "bare_zendesk": ("task_events", call("from_zendesk_tickets", "bare.ticket", "bare.history")),
    "bare_otel": ("ai_events", call("from_otel_genai_spans", "bare.spans")),
    "bare_focus": ("cost_records", call("from_focus_costs", "bare.costs")),
    "bare_salesforce": ("opportunities", call("from_salesforce_opportunities", "bare.opportunity")),
    "bare_litellm": ("ai_events", call("from_litellm_spend_logs", "bare.spend")),
    "bare_langfuse": ("ai_events", call("from_langfuse", "bare.observations")),
    "otel_unix": ("ai_events", call("from_otel_genai_spans", "otel.spans_unix")),
    "otel_map": ("ai_events", call("from_otel_genai_spans", "otel.spans_map")),
}  # fmt: skip
ONLY_OF_DUCKDB = ("otel_map",)
# What a CSV can't say: attributes as a map, as exporters to ClickHouse and Parquet write them.
ONLY_ON_DUCKDB = """
    create table otel.spans_map as
    select
        cast('2026-03-02 10:00:00' as timestamp) as "Timestamp", 't1' as "TraceId", 's1' as "SpanId",
        '' as "ParentSpanId", cast(1500000 as ubigint) as "Duration", 'Ok' as "StatusCode",
        map {
            'gen_ai.system': 'anthropic', 'gen_ai.request.model': 'claude', 'gen_ai.usage.input_tokens': '12'
        } as "SpanAttributes",
        map {'service.version': '3'} as "ResourceAttributes"
"""


class OnDuckDB:
    """A warehouse with the fixtures in it; each connector is compiled once, all in one go, and its table made."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        with duckdb.connect(str(self.project.path)) as connection:
            for tool in sorted(path.stem for path in FIXTURES.glob("*.csv")):
                connection.execute(load(tool))
            connection.execute(ONLY_ON_DUCKDB)
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


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """PostgreSQL with the fixtures and nothing else, and each connector compiled for it."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    try:
        server.start()
        for tool in sorted(path.stem for path in FIXTURES.glob("*.csv")):
            server.query(load(tool))
        names = [name for name in CALLS if name not in ONLY_OF_DUCKDB]
        sql = "\n-- and --\n".join(CALLS[name][1] for name in names)
        yield server, dict(zip(names, server.compile(sql).split("-- and --"), strict=True))
    except MissingError as missing:
        if os.environ.get("AI_IMPACT_ENGINES") == "required":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        server.stop()


def test_postgres_gives_the_same(made, postgres):
    server, compiled = postgres
    wrong = []
    for name, code in compiled.items():
        columns, _ = zip(*CONTRACT[CALLS[name][0]], strict=True)
        expected = Table(list(columns), made.project.query(f"select * from mapped.{name}"))
        # Postgres takes differences of times as doubles of their seconds.
        if found := differences(expected, server.query(code), relative=1e-5):
            wrong += [name, *found]
    assert not wrong, "\n".join(wrong)


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
    assert made.rows("zendesk", "count(distinct event_id), count(*), count(nullif(received_at, occurred_at))", "1") == [
        (20, 20, 0)
    ]
    columns = "event_type, execution_mode, human_minutes, use_case_id, subject_type, subject_id, task_id"
    assert made.rows("zendesk", columns, "task_id, occurred_at, event_type")[7:13] == [
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


def test_otel_genai_spans(made):
    """Both vocabularies, flat and nested; spans between, twice, without parent, price, tokens, JSON or attributes."""
    rows = made.rows(
        "otel",
        "span_id, occurred_at, parent_span_id, operation_name, provider_name, request_model, response_model, "
        "input_tokens, output_tokens, round(cost_amount, 9), cost_currency, status, task_id",
    )
    gpt = ("openai", "gpt-4o")
    assert rows == [
        ("a", at("02 10:00"), None, "invoke_agent", "openai", None, None, 1500, None, None, None, "ok", "1"),
        ("c1", at("02 10:00:00.2"), "a", "chat", *gpt, "gpt-4o-2024-08-06", 1000, 200, 0.0045, "USD", "ok", "1"),
        ("c2", at("02 10:00:03"), "a", "chat", *gpt, None, 500, 100, 0.00175, "USD", "ok", None),
        ("c2", at("02 10:00:03"), "a", "chat", *gpt, None, 500, 100, 0.00175, "USD", "ok", None),
        ("e", at("02 12:00"), "zz", "chat", "other", "other", None, 10, 5, None, None, "error", None),
        ("m", at("20 12:00"), None, "embeddings", "openai", "Embed-3", None, 1000000, None, 2.0, "EUR", "ok", None),
        ("n", at("20 12:00"), None, "chat", *gpt, None, None, None, None, None, "ok", None),
        ("o", at("20 12:00:01"), None, "chat", None, "gpt-4o", None, None, None, 0.5, "USD", "ok", None),
        ("x", at("02 10:00:03.6"), "a", "execute_tool", None, None, None, None, None, None, None, "ok", None),
    ]
    assert made.rows("otel", "span_id, latency_ms, time_to_first_chunk_ms, agent_version, error_type, event_id")[
        :5
    ] == [
        ("a", 4000.0, None, "7", None, "t1:a"),
        ("c1", 2000.0, None, None, None, "t1:c1"),
        ("c2", 500.0, 250.0, None, None, "t1:c2"),
        ("c2", 500.0, 250.0, None, None, "t1:c2"),
        ("e", 0.1, None, None, "timeout", "t2:e"),
    ]


def test_otel_spans_of_other_exporters(made):
    columns = "occurred_at, latency_ms, status, input_tokens, agent_version, parent_span_id, received_at"
    assert made.rows("otel_unix", columns) == [(at("02 10:00"), 1500.0, "error", None, None, None, at("02 10:00:01.5"))]
    assert made.rows("otel_map", columns) == [(at("02 10:00"), 1.5, "ok", 12, "3", None, at("02 10:00"))]


def test_no_text_of_a_prompt_is_read(made):
    assert not any("secret" in str(row) for row in made.rows("otel", "*"))


def test_github_pull_requests(made):
    """Trailers, agents, bots, people with an agent's name; changes asked for; reopened, merged twice; copies."""
    rows = made.rows(
        "github", "task_id, occurred_at, event_type, actor_id, actor_kind, execution_mode, is_eligible, use_case_id"
    )
    assist, hand = ("ai_assisted", None, "delivery"), ("human", None, "delivery")
    assert rows == [
        ("github:101", at("01 09:00"), "started", "1", "human", *assist),
        ("github:101", at("02 10:00"), "created", "1", "human", *assist),
        ("github:101", at("03 09:00"), "review_completed", "2", "human", *assist),
        ("github:101", at("03 09:00"), "rework_requested", "2", "human", *assist),
        ("github:101", at("04 09:00"), "review_completed", "2", "human", *assist),
        ("github:101", at("04 10:00"), "completed", "1", "human", *assist),
        ("github:102", at("02 10:59"), "started", "2", "human", *hand),
        ("github:102", at("02 11:00"), "created", "2", "human", *hand),
        ("github:102", at("02 11:30"), "review_completed", "5", "ai", *hand),
        ("github:102", at("02 12:00"), "completed", "2", "human", *hand),
        ("github:103", at("02 12:00"), "created", "3", "ai", "ai_autonomous", None, "delivery"),
        ("github:103", at("02 12:00"), "started", "3", "ai", "ai_autonomous", None, "delivery"),
        ("github:103", at("03 12:00"), "completed", "3", "ai", "ai_autonomous", None, "delivery"),
        ("github:104", at("02 13:00"), "created", "4", "system", None, False, None),
        ("github:104", at("02 13:00"), "started", "4", "system", None, False, None),
        ("github:104", at("02 14:00"), "completed", "4", "system", None, False, None),
        ("github:105", at("02 14:00"), "created", "1", "human", None, None, "delivery"),
        ("github:105", at("02 14:00"), "started", "1", "human", None, None, "delivery"),
        ("github:106", at("02 14:30"), "started", "1", "human", *assist),
        ("github:106", at("02 15:00"), "created", "1", "human", *assist),
        ("github:106", at("03 15:00"), "cancelled", "2", "human", *assist),
    ]
    assert made.rows("github", "count(*), count(distinct event_id)", "1") == [(21, 21)]


def test_github_pull_requests_alone(made):
    """Without commits nobody knows who wrote them, and work begins when the pull request is opened."""
    rows = made.rows("github_alone", "task_id, occurred_at, event_type, actor_kind, execution_mode")
    assert [row for row in rows if row[0] == "github:101"] == [
        ("github:101", at("02 10:00"), "created", "human", None),
        ("github:101", at("02 10:00"), "started", "human", None),
        ("github:101", at("04 10:00"), "completed", "human", None),
    ]
    assert [row[1:3] for row in rows if row[0] == "github:106"][-1] == (at("03 15:00"), "cancelled")


def test_focus_costs(made):
    """Two days of one thing are two charges; two prices of one day too; refunds and credits stay below zero."""
    rows = made.rows(
        "focus",
        "service_name, charge_period_start, billed_cost, effective_cost, billing_currency, cost_type, use_case_id",
    )
    ai = ("USD", "usage", "support")
    assert rows == [
        ("Bedrock", dt.datetime(2026, 2, 2), -4.5, -4.5, *ai),
        ("Bedrock", at("02"), 1.5, 1.25, *ai),
        ("Bedrock", at("03"), 2.0, 2.0, *ai),
        ("Bedrock", at("03"), 3.0, 3.0, *ai),
        ("Copilot", dt.datetime(2026, 2, 28, 23), 100.0, 100.0, "EUR", "licence", None),
        ("EC2", at("01"), 1200.0, 0.0, "USD", "infrastructure", None),
        ("EC2", at("02"), None, None, "USD", "infrastructure", None),
        ("Support", at("01"), -10.0, -10.0, "USD", "infrastructure", None),
    ]
    assert made.rows("focus", "count(distinct charge_id), count(*), sum(billed_cost)", "1") == [(8, 8, 1292.0)]


def test_a_restated_charge_keeps_its_id(made):
    """Neither the price nor the invoice, which comes when the month is closed, is part of what a charge is."""
    before = made.rows("focus", "charge_id", "1")
    restated = made.compiled["focus"].replace('"costs"', '"restated"')
    with duckdb.connect(str(made.project.path)) as connection:
        connection.execute(
            """create table focus.restated as select * replace (BilledCost || '1' as BilledCost, 'i9' as InvoiceId)
            from focus.costs"""
        )
        after = connection.execute(f"select charge_id from ({restated}) as restated order by 1").fetchall()
    assert after == before


def test_salesforce_opportunities(made):
    """Each version; a hope is no closing; the hour of the history on the day of the close date; deletions too."""
    rows = made.rows(
        "salesforce", "opportunity_id, updated_at, stage, amount, currency, is_closed, is_won, closed_at, is_deleted"
    )
    won, lost, open_ = (True, True), (True, False), (False, False)
    assert rows == [
        ("o1", at("01 09:00"), "Proposal", 80.0, "EUR", *open_, None, False),
        ("o1", at("03 10:00"), "Closed Won", 80.0, "EUR", *won, at("03 10:00"), False),
        ("o1", at("04 10:00"), "Proposal", 100.0, "EUR", *open_, None, False),
        ("o1", at("06 15:00"), "Closed Won", 100.0, "EUR", *won, at("06 15:00"), False),
        ("o2", at("02 10:00"), "Proposal", None, None, *open_, None, False),
        ("o3", at("03 12:00:01"), "Closed Lost", 50.0, "USD", *lost, at("03 11:00"), False),
        ("o4", at("05 12:00"), "Proposal", 70.0, "USD", *open_, None, True),
        ("o5", at("20 00:00"), "Proposal", 70.0, "USD", *open_, None, True),
        ("o6", at("05 10:00"), "Done", 10.0, "USD", *won, at("05 10:00"), False),
        ("o6", at("08 12:00"), "Done", 10.0, "USD", *won, at("04 00:00"), False),
    ]


def test_jira_issues(made):
    """Categories, not names of statuses; a return from done; what was never work; an end that the history lacks."""
    rows = made.rows("jira", "task_id, occurred_at, event_type, actor_id, human_minutes, team_id")
    assert rows == [
        ("jira:1", at("02 09:00"), "created", "ann", None, "1"),
        ("jira:1", at("02 10:00"), "started", "cat", None, "1"),
        ("jira:1", at("03 10:00"), "completed", "cat", None, "1"),
        ("jira:1", at("04 10:00"), "rework_requested", "ann", None, "1"),
        ("jira:1", at("05 09:00"), "completed", "bob", 90.0, "1"),
        ("jira:1", at("05 09:00"), "rework_completed", "bob", None, "1"),
        ("jira:2", at("02 10:00"), "created", "ann", None, "1"),
        ("jira:2", at("02 11:00"), "cancelled", "ann", None, "1"),
        ("jira:3", at("02 11:00"), "created", "ann", None, "1"),
        ("jira:3", at("04 11:00"), "completed", "bob", None, "1"),
        ("jira:4", at("02 12:00"), "created", "ann", None, "1"),
        ("jira:4", at("20 00:00"), "cancelled", None, None, "1"),
        ("jira:5", at("02 13:00"), "created", "ann", None, "1"),
        ("jira:5", at("02 13:30"), "started", "bob", None, "1"),
        ("jira:5", at("02 14:00"), "cancelled", "bob", None, "1"),
    ]
    # Without the list of statuses, only what the issue says of itself.
    alone = made.rows("jira_alone", "event_type, task_id", "1, 2")
    assert [task for event, task in alone if event == "completed"] == ["jira:1", "jira:2", "jira:3"]


def test_litellm_spend_logs(made):
    """A spend of nothing is free from the cache, and unknown where the proxy has no price; checks are no calls."""
    rows = made.rows(
        "litellm",
        "event_id, operation_name, request_model, response_model, input_tokens, output_tokens, latency_ms, "
        "time_to_first_chunk_ms, status, error_type, round(cost_amount, 9), cost_currency, task_id",
    )
    assert rows == [
        ("r1", "chat", "fast", "gpt-4o-2024-08-06", 100, 20, 2500.0, 500.0, "ok", None, 0.01, "USD", "1"),
        ("r2", "chat", "own", "own", 1000, 100, 1000.0, None, "ok", None, 0.0012, "USD", None),
        ("r3", "chat", "other", "other", 1000, 100, 1000.0, None, "ok", None, None, None, None),
        ("r4", "chat", "gpt-4o", "gpt-4o", 100, 20, 10.0, None, "ok", None, 0.0, "USD", None),
        ("r5", "chat", "gpt-4o", "gpt-4o", 0, 0, 1000.0, None, "error", "RateLimitError", 0.0, "USD", None),
        ("r6", "embeddings", "embed", "embed", 50, 0, 1000.0, None, "ok", None, 0.001, "USD", None),
    ]
    assert not any("secret" in str(row) for row in made.rows("litellm", "*"))


def test_langfuse(made):
    """The last version of an observation; cached tokens are input; a cost of nothing without a price is unknown."""
    rows = made.rows(
        "langfuse",
        "event_id, trace_id, parent_span_id, operation_name, request_model, input_tokens, output_tokens, latency_ms, "
        "time_to_first_chunk_ms, status, agent_version, prompt_version, round(cost_amount, 9), cost_currency, task_id",
    )
    assert rows == [
        ("e1", "t2", None, "embeddings", "embed", 10, None, 1000.0, None, "ok", None, None, 0.0, "USD", None),
        ("g1", "t1", None, "chat", "gpt-4o", 100, 20, 2000.0, 500.0, "ok", "v2", "answer:3", 0.004, "USD", "1"),
        ("g2", "t1", "g1", "chat", "own", 1000, 100, 250.0, None, "error", None, None, 0.0012, "USD", "8"),
        ("g4", "t2", None, "chat", "gpt-4o", None, None, None, None, "ok", None, None, None, None, None),
    ]
    assert not any("secret" in str(row) for row in made.rows("langfuse", "*"))


def test_langfuse_scores(made):
    rows = made.rows(
        "langfuse_scores",
        "event_id, target_type, target_id, criterion, score, scale_min, scale_max, label, evaluator_type",
    )
    assert rows == [
        ("c1", "ai_event", "g1", "groundedness", 0.8, None, 1.0, None, "llm"),
        ("c2", "task", "task of t1", "tone", 0.0, 0.0, 1.0, "fail", "human"),
        ("c3", "ai_event", "g1", "verdict", None, None, 1.0, "fail", None),
    ]


def test_pagerduty_incidents(made):
    rows = made.rows(
        "pagerduty",
        "incident_id, service_id, team_id, severity, opened_at, acknowledged_at, resolved_at, updated_at, is_deleted",
    )
    ten, two = at("02 10:00"), at("02 14:00")
    assert rows == [
        ("P1", "S1", "T1", "P1", ten, at("02 10:05"), at("02 11:00"), at("02 11:00"), False),
        ("P2", "S1", None, "low", at("02 11:00"), None, at("02 12:30"), at("02 13:00"), False),
        ("P3", "S2", None, "high", two, at("02 14:05"), None, at("02 14:05"), False),
        ("P4", "S2", None, "high", at("02 14:01"), None, at("02 14:02"), at("02 14:02"), True),
    ]


def test_touches(made):
    """A touch has a channel; what came late says so; copies of one event by Snowplow are one."""
    columns = "event_id, visitor_id, channel, campaign, occurred_at, received_at, is_ai_generated"
    first = ("e1", "v1", "cpc", "spring", at("02 10:00"), at("02 10:00:05"), True)
    assert made.rows("segment", columns) == [
        first,
        first,
        ("e2", "v1", "newsletter", None, at("02 11:00"), at("05 11:00"), None),
        ("e3", "u2", "email", None, at("02 12:00"), at("02 12:00:05"), None),
    ]
    assert made.rows("segment_channel", "event_id, channel", "1") == [("e4", "display")]
    assert made.rows("snowplow", columns) == [
        ("s1", "d1", "cpc", "spring", at("02 10:00"), at("02 10:00:01"), None),
        ("s2", "n2", "social", None, at("02 11:00:01"), at("02 11:00:01"), None),
    ]


def test_daily_costs_of_vendors(made):
    """Seconds since 1970, cents, a day that ends a second early; a restated day; nothing is not zero."""
    columns = (
        "charge_id, charge_period_start, charge_period_end, billed_cost, billing_currency, service_name, use_case_id, "
        "updated_at, is_deleted"
    )
    second, third = (at("02"), at("03")), (at("03"), at("04"))
    assert made.rows("openai", columns) == [
        ("openai:a1", *second, 0.3, "USD", "gpt-4o, input", "p1", at("05 08:00"), False),
        ("openai:a2", *third, None, "USD", "Assistants API", "p2", at("04 08:00"), True),
    ]
    assert made.rows("claude", columns) == [
        ("claude:c1", *second, 1.2345, "USD", "claude", None, at("03 06:00"), False),
        ("claude:c2", *second, 0.5, "USD", "web_search", None, at("03 06:00"), False),
    ]


def test_active_days(made):
    assert made.rows("active_days", "unit_id, unit_type, name, occurred_at, value") == [
        ("ann", "person", "ai_active_day", at("02"), 1.0)
    ]


def test_greenhouse_jobs(made):
    rows = made.rows(
        "greenhouse",
        "requisition_id, team_id, opened_at, filled_at, started_at, interviewer_rating, status, updated_at, is_deleted",
    )
    first, fifth, synced = at("01 09:00"), at("05 09:00"), at("21")
    assert rows == [
        ("greenhouse:1", "7", first, at("20 09:00"), dt.datetime(2026, 4, 1), 4.5, "filled", synced, False),
        ("greenhouse:2", "7", first, None, None, None, "cancelled", synced, False),
        ("greenhouse:3", None, fifth, None, None, None, "open", at("06"), False),
        ("greenhouse:4", None, fifth, None, None, None, "open", at("07 10:00"), True),
    ]


def test_columns_that_are_absent_are_unknown(made):
    """Tables with the least that there is: other spellings, no metadata, no history, no prices."""
    assert made.rows("bare_zendesk", "task_id, occurred_at, event_type, actor_id, team_id, human_minutes") == [
        ("zendesk:1", at("02 09:00"), "created", None, None, None),
        ("zendesk:1", at("02 10:00"), "completed", None, None, None),
    ]
    assert made.rows("bare_otel", "event_id, occurred_at, received_at, latency_ms, status, cost_amount") == [
        ("t:s", at("02 10:00"), at("02 10:00"), None, "ok", None)
    ]
    assert made.rows("bare_focus", "billed_cost, effective_cost, cost_type, updated_at", "1") == [
        (1.0, None, None, at("01"))
    ]
    assert made.rows("bare_salesforce", "opportunity_id, stage, amount, closed_at, updated_at, is_deleted") == [
        ("o", "Closed Won", None, at("02"), at("01 09:00"), False)
    ]
    assert made.rows("bare_litellm", "event_id, input_tokens, cost_amount, latency_ms, status") == [
        ("r", None, None, None, "ok")
    ]
    assert made.rows("bare_langfuse", "event_id, trace_id, occurred_at, input_tokens, output_tokens, cost_amount") == [
        ("g", "t", at("02 10:00:00.5"), 7, None, 0.5)
    ]


def test_empty_tables_give_empty_ones(made, tmp_path):
    with duckdb.connect(str(tmp_path / made.project.path.name)) as connection:
        for tool in sorted(path.stem for path in FIXTURES.glob("*.csv")):
            connection.execute(load(tool, empty=True))
        for name, code in made.compiled.items():
            if name not in ONLY_OF_DUCKDB:
                assert connection.execute(code).fetchall() == [], name


def test_what_comes_out_is_accepted(made):
    """Staging takes every row of every connector (once: what is mapped twice here would be two events of one id)."""
    mapped = {name: source for name, (source, _) in CALLS.items() if not name.endswith("_alone")}
    # Two accounts of one tool would have two names.
    mapped = {name: source for name, source in mapped.items() if not name.startswith("bare_")}
    sources = sorted(set(mapped.values()))
    with duckdb.connect(str(made.project.path)) as connection:
        for name, source in mapped.items():
            columns = ", ".join(column for column, _ in CONTRACT[source])
            connection.execute(f"insert into raw.{source} ({columns}) select {columns} from mapped.{name}")
    made.project.dbt("run", "--select", *(f"base_{source}" for source in sources))
    problems = []
    for source in sources:
        problems += made.project.query(
            f"select reason, reason_column, left(original_row, 90) from base_{source} where row_status = 'quarantined'"
        )
    assert not problems, "\n".join(map(str, problems))


def test_an_expression_for_a_column_that_does_not_exist_is_named(made, capsys):
    sql = call("from_segment_tracks", "segment.tracks", colour="'blue'")
    assert not made.project.dbt("compile", "--inline", sql, succeeds=False).success
    said = " ".join(capsys.readouterr().out.split())
    assert "from_segment_tracks takes no `colour`; an expression may be given for: channel, campaign" in said


def test_the_calls_of_the_docs_compile(made):
    """What docs/connectors.md shows takes the arguments that it is given; its tables are none here."""
    shown = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/connectors.md").read_text(), re.DOTALL)
    macros = {name for path in (ROOT / "macros/connectors").glob("*.sql") for name in MACRO.findall(path.read_text())}
    assert {name for name in macros if name.startswith("from_")} == set(re.findall(r"(from_\w+)\(", "\n".join(shown)))
    calls = (re.sub(r"\b(source|ref)\([^)]*\)", "none", call) for call in shown)
    made.project.dbt("compile", "--inline", "\n;\n".join(calls))
