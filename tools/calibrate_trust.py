"""How soon a worse version is found, and how often a healthy one is taken for one: a section of docs/calibration.md.

Months of a use case are drawn as sums by hour, as `int_calls_hourly` has them, and judged by the SQL of the models.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd
from jinja2 import Environment

MONTHS, SEED = 200, 20260615
TITLE = "## Trust"
MODELS = ("int_version_changes", "int_drift_hours", "model_drift", "sla_status", "rollback_recommendations")
START = np.datetime64("2026-01-05T00")  # a Monday
# As the demo's email drafting: calls an hour from 9 to 20 on working days, and at weekends; what of a call is rated,
# edited, accepted; and the worse model of the demo.
OFFICE, WEEKEND = 15.0, 1.5
SUGGESTED, EDITED, RATED = 0.20, 0.12, 0.04
HEALTHY = {"error": 0.015, "accepted": 0.78, "ungrounded": 0.04, "latency": 2100.0, "confidence": 0.80, "edit": 0.60}
WORSE = {"error": 0.04, "accepted": 0.60, "ungrounded": 0.15, "latency": 2940.0, "confidence": 0.70, "edit": 0.96}
OBJECTIVES = {
    "availability": 0.98, "latency_under_5s": 0.95, "groundedness": 0.93, "suggestion_acceptance": 0.7
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """Of so many months, in how many something was found; `limit`: at most so many a year, or at least that share."""

    name: str
    months: int
    found: int
    most_a_year: float | None = None
    least_share: float | None = None

    def figure(self) -> str:
        share = self.found / self.months
        return f"{100 * share:.1f} %" if self.most_a_year is None else f"{12 * share:.2f} a year"

    def required(self) -> str:
        if self.most_a_year is None and self.least_share is None:
            return "–"
        return f"{100 * self.least_share:.0f} %" if self.least_share else f"at most {self.most_a_year:g} a year"

    def holds(self) -> str:
        if self.required() == "–":
            return "says so"
        share = self.found / self.months
        good = share >= self.least_share if self.least_share else 12 * share <= (self.most_a_year or 0)
        return "yes" if good else "**no**"


def histograms() -> dict[str, list[float]]:
    """The edges of the bins, from the macro that the models take them from."""
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals["return"] = json.dumps
    module = environment.from_string(Path("macros/kpis/calls.sql").read_text()).module
    return json.loads(str(module.call_histograms()))


def compiled() -> dict[str, str]:
    """The SQL of the models, over the tables of no database in particular."""
    from tools import dbt
    from tools.check import EMPTY

    options = ("--indirect-selection", "empty", "--target", "duckdb", "--profile", "ai_impact")
    with patch.dict(os.environ, EMPTY):
        done = dbt.run(["compile", "--select", *MODELS, *options, "--profiles-dir", "."])
    return {r.node.name: re.sub(r'"\w+"\."\w+"\.', "", r.node.compiled_code) for r in done.result.results
            if r.node.resource_type == "model"}  # fmt: skip


def hours(days: int) -> tuple[np.ndarray, np.ndarray]:
    """The working hours of so many days, and the calls expected in each."""
    at = START + np.arange(days * 24).astype("timedelta64[h]")
    clock, weekday = np.arange(days * 24) % 24, np.arange(days * 24) // 24 % 7
    inside = (clock >= 9) & (clock < 21)
    return at[inside], np.where(weekday[inside] < 5, OFFICE, WEEKEND)


def drawn(
    rng: np.random.Generator, months: int, days: int, change_on: int | None, new: dict[str, float], day_spread: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(int_calls_hourly, int_indicators_hourly) of that many months, each a use case of its own.

    From day `change_on` on another version answers, as `new` says; under one name where it is None. With `day_spread`
    latency and the chance of an error differ from day to day by a lognormal factor.
    """
    at, expected = hours(days)
    cells = pd.DataFrame({"use_case_id": np.repeat([f"u{m:03}" for m in range(months)], len(at)),
                          "called_hour": np.tile(at, months)})  # fmt: skip
    day = ((cells["called_hour"].to_numpy() - START) // np.timedelta64(1, "D")).astype(int)
    month = np.repeat(np.arange(months), len(at))
    is_new = np.zeros(len(cells), bool) if change_on is None else day >= change_on
    factor = np.exp(day_spread * rng.standard_normal((months, days)))[month, day]
    cells["response_model"] = np.where(is_new, "m-2", "m-1")
    for name in ("provider_name", "agent_version", "prompt_version"):
        cells[name] = None
    calls = rng.poisson(np.tile(expected, months))
    cell = np.repeat(np.arange(len(cells)), calls)

    def level(name: str) -> np.ndarray:
        return np.where(is_new, new[name], HEALTHY[name])

    cells["calls"] = cells["calls_with_status"] = calls
    cells["errors"] = rng.binomial(calls, np.minimum(level("error") * factor, 1))
    suggestions = rng.binomial(calls, SUGGESTED)
    cells["accepted_suggestions"] = rng.binomial(suggestions, level("accepted"))
    cells["rejected_suggestions"] = suggestions - cells["accepted_suggestions"]
    cells["verdicts"] = cells["grounded_verdicts"] = rng.binomial(calls, RATED)
    cells["failed_verdicts"] = cells["ungrounded_verdicts"] = rng.binomial(cells["verdicts"], level("ungrounded"))
    latency = (level("latency") * factor)[cell] * np.exp(0.5 * rng.standard_normal(len(cell)) - 0.125)
    edited = rng.random(len(cell)) < EDITED
    values = {
        "latency_ms": latency,
        "first_chunk_ms": latency * (0.1 + 0.2 * rng.random(len(cell))),
        "confidence": np.clip(level("confidence")[cell] + 0.12 * rng.standard_normal(len(cell)), 0.05, 0.99),
        "cost_amount": 0.004 * rng.lognormal(0, 0.4, len(cell)) + 0.006 * rng.lognormal(0, 0.5, len(cell)),
        "input_tokens": np.ceil(1235 * rng.lognormal(0, 0.5, len(cell))),
        "output_tokens": np.ceil(317 * rng.lognormal(0, 0.6, len(cell))),
        "edit_ratio": np.minimum(1, level("edit")[cell] * rng.random(len(cell)) * rng.random(len(cell))),
    }
    counts = {
        "latency_ms": "latency_calls", "first_chunk_ms": "first_chunk_calls", "confidence": "confidence_calls",
        "cost_amount": "priced_calls", "input_tokens": "token_calls", "output_tokens": "token_calls",
        "edit_ratio": "edits",
    }  # fmt: skip
    edges = histograms()
    wide = {}
    for name, value in values.items():
        one, of = (value[edited], cell[edited]) if name == "edit_ratio" else (value, cell)
        wide[counts[name]] = np.bincount(of, minlength=len(cells))
        wide[name] = np.bincount(of, one, len(cells))
        wide[f"{name}_squared"] = np.bincount(of, one * one, len(cells))
        if name in edges:
            bins = len(edges[name]) + 1
            found = np.bincount(of * bins + np.digitize(one, edges[name]), minlength=len(cells) * bins)
            wide |= {f"{name}_bin_{b}": column for b, column in enumerate(found.reshape(-1, bins).T)}
    cells = pd.concat([cells, pd.DataFrame(wide)], axis=1)
    slow = np.bincount(cell, latency >= 5000, len(cells)).astype(int)
    parts = [
        cells[["use_case_id", "called_hour", "response_model"]].assign(
            agent_version=None, prompt_version=None, indicator=indicator, n_events=n, n_bad=bad,
            source="evaluations" if indicator == "groundedness" else "ai_events",
        )
        for indicator, n, bad in (
            ("availability", calls, cells["errors"]),
            ("latency_under_5s", calls, slow),
            ("groundedness", cells["grounded_verdicts"], cells["ungrounded_verdicts"]),
            ("suggestion_acceptance", suggestions, cells["rejected_suggestions"]),
        )
    ]  # fmt: skip
    return cells[cells["calls"] > 0], pd.concat([part[part["n_events"] > 0] for part in parts])


class Warehouse:
    """What the models read, over months that were drawn."""

    def __init__(self, sql: dict[str, str], calls: pd.DataFrame, indicators: pd.DataFrame) -> None:
        self.sql, self.con = sql, duckdb.connect(config={"threads": 2})
        self.con.register("drawn_calls", calls)
        self.con.register("drawn_indicators", indicators)
        for table in ("calls", "indicators"):
            typed = ", ".join(f"cast({name} as varchar) as {name}" for name in ("agent_version", "prompt_version"))
            self.con.execute(f"create table all_{table} as select * replace ({typed}) from drawn_{table}")
        targets = [(u, i, o, 28, "") for u in calls["use_case_id"].unique() for i, o in OBJECTIVES.items()]
        columns = ["use_case_id", "indicator", "objective", "window_days", "budget_policy"]
        self.con.register("targets", pd.DataFrame(targets, columns=columns))
        self.con.execute("""
            create table slo_targets as select * from targets;
            create table int_hidden_groups (row_id varchar, column_id varchar, family varchar, quarter_start date);
            create table int_outages (service_id varchar, started_at timestamp, ended_at timestamp);
            create table fct_incidents (service_id varchar, opened_at timestamp, resolved_at timestamp);
            create table stg_decision_events (
                event_key varchar, occurred_at timestamp, decision_type varchar, event_type varchar, subject_id varchar,
                human_action varchar);
        """)

    def at(self, as_of: np.datetime64, *models: str, every_hours: int = 24) -> None:
        """Build the models as they were at a time; service levels of the 28 days before, so many hours apart."""
        time = f"timestamp '{as_of.astype('datetime64[s]')}'"
        self.con.execute(f"""
            create or replace table int_calls_hourly as select * from all_calls where called_hour < {time};
            create or replace table int_indicators_hourly as select * from all_indicators where called_hour < {time};
            create or replace table int_observed_until as select {time} as observed_until_hour;
            create or replace table dim_dates as select unnest(generate_series(
                {time} - interval 28 days, {time} - interval {every_hours} hours, interval {every_hours} hours
            )) as date_day
        """)
        for model in models:
            self.con.execute(f"create or replace table {model} as {self.sql[model]}")

    def count(self, query: str) -> int:
        return int(self.con.execute(query).fetchone()[0])


DRIFT = MODELS[:3]
CHANGE_ON, END = 28, 56


def changes(sql: dict[str, str], months: int, new: dict[str, float], spread: float, seed: int) -> tuple[int, int, int]:
    """Of months with a change of the version, those with an alert, a recommendation, and one within a day."""
    house = Warehouse(sql, *drawn(np.random.default_rng(seed), months, END, CHANGE_ON, new, spread))
    house.at(START + np.timedelta64(END, "D"), *DRIFT, "rollback_recommendations")
    return (
        house.count("select count(distinct use_case_id) from model_drift where alert"),
        house.count("select count(*) from rollback_recommendations"),
        house.count(
            "select count(*) from rollback_recommendations where recommended_at <= changed_at + interval 24 hours"
        ),
    )


def silence(sql: dict[str, str], months: int, spread: float, seed: int) -> tuple[int, int]:
    """Months of one healthy version with an alert at the end of any day, and with a service level that burns at any
    third hour."""
    days = 28 + 7 + 28
    calls, indicators = drawn(np.random.default_rng(seed), months, days, None, HEALTHY, spread)
    keys = ["use_case_id", "called_hour", "response_model", "provider_name", "agent_version", "prompt_version"]
    calls["called_hour"] = calls["called_hour"].to_numpy().astype("datetime64[D]").astype("datetime64[s]")
    house = Warehouse(sql, calls.groupby(keys, as_index=False, dropna=False).sum(), indicators)
    alerted: set[str] = set()
    for end in range(days - 27, days + 1):
        house.at(START + np.timedelta64(end, "D"), *DRIFT)
        alerted |= {u for (u,) in house.con.execute("select use_case_id from model_drift where alert").fetchall()}
    house.at(START + np.timedelta64(days, "D"), "sla_status", every_hours=3)
    return len(alerted), house.count(
        "select count(distinct use_case_id) from sla_status where state = 'breach' or burning_rule_hours is not null"
    )


def measured(months: int = MONTHS) -> Iterator[Result]:
    sql = compiled()
    for kind, spread in (("days alike", 0.0), ("days that differ by 10 %", 0.1)):
        found = changes(sql, months, WORSE, spread, SEED)
        name = f"the demo's worse model, {kind}: recommended to go back"
        yield Result(f"{name} within its first 24 hours", months, found[2], None, None if spread else 0.95)
        yield Result(f"{name} within four weeks", months, found[1])
        drift, rollbacks, _ = changes(sql, months, HEALTHY, spread, SEED + 1)
        yield Result(f"healthy new version, {kind}: alert of drift, looked at every hour", months, drift, 1.0)
        yield Result(f"healthy new version, {kind}: recommended to go back", months, rollbacks, 1.0)
    drift, burning = silence(sql, months, 0.1, SEED + 2)
    name = "days that differ by 10 %"
    yield Result(f"one healthy version, {name}: alert of drift, looked at every day", months, drift, 1.0)
    yield Result(f"healthy service, {name}: an objective burns, looked at every third hour", months, burning, 1.0)


def section(results: list[Result]) -> str:
    lines = [
        TITLE,
        "",
        f"Simulated months of a use case with the demo's traffic (some 130 calls a day; seed {SEED}), judged by",
        "the SQL of the models at default settings. A month of a new version follows four weeks of the one before;",
        "every month has such a change, so that a year has twelve. Where days differ, each has latency and errors of",
        "its own, by a lognormal factor. Four objectives are watched, of which a healthy service spends 47 to 75 %.",
        "Required: the worse model of the demo, whose days are alike, within its first 24 hours in 95 of 100 months;",
        "false alarms at most once a year and use case.",
        "",
        "| what | months | found in | rate | required | holds |",
        "|---|---|---|---|---|---|",
        *(
            f"| {r.name} | {r.months} | {r.found} | {r.figure()} | {r.required()} | {r.holds()} |"
            for r in results
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
