"""Says what the warehouse can tell about AI: where it is used, which KPIs are ready, and what to measure next."""

import argparse
import csv
import datetime as dt
import json
import math
import shutil
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

from ai_impact.reading import Rows, Warehouse
from ai_impact.sentences import ProblemError

LACKING = ("off", "missing", "empty")
ORDER = ("ready", "doubtful", "not built", "missing")
WEEKS = (8, 10, 12)
# The effect that is worth finding where nobody has registered one, as a share of the level now; the usual errors.
WORTH, ALPHA, POWER = 0.1, 0.05, 0.8
# What a task experiment measures: the column of fct_tasks, its name, the KPI that follows from it, and its guardrail.
MEASURES = (
    ("human_minutes", "human minutes per completed task", "throughput_per_labour_hour", "rework_rate"),
    ("cycle_hours", "hours from start to completion of a task", "cycle_time_p50", "error_rate"),
)
BUILD = "Run dbt build, then ai-impact audit again."
Found = dict[str, Any]


class Progress:
    """A bar on the terminal, where there is one: what is asked for goes to standard output alone."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done = steps, 0

    def __call__(self, doing: str = "") -> None:
        if sys.stderr.isatty():
            bar = ("#" * (20 * self.done // self.steps)).ljust(20, ".")
            print(f"\r\033[K[{bar}] {doing} …" if doing else "\r\033[K", end="", file=sys.stderr, flush=True)
        self.done += 1


class Look:
    """Reads what there is. What is not built is empty; what can't be read is a sentence among the problems."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.problems: list[str] = []

    def rows(self, name: str, kept: str = "", what: str = "*") -> Rows:
        try:
            node = self.warehouse.models.get(name) or self.warehouse.seeds.get(name)
            return self.warehouse.read(name, kept, what) if node and self.warehouse.columns(node) else []
        except ProblemError as problem:
            self.problems.append(str(problem))
            return []

    def raw(self, source: str, what: str, kept: str = "") -> Rows:
        try:
            return self.warehouse.rows(f"select {what} from {self.warehouse.sources[source].relation_name} {kept}")
        except ProblemError as problem:
            self.problems.append(f"The table of {source} can't be read: {problem}")
            return []

    def seed(self, name: str, needed: str) -> Rows:
        """A seed as it was loaded, or as its file says where it was not, or without the column that is needed."""
        loaded = self.rows(name)
        if loaded and needed in loaded[0]:
            return loaded
        seed = self.warehouse.seeds[name]
        with (Path(seed.root_path) / seed.original_file_path).open(encoding="utf-8") as file:
            return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]


def sources(look: Look, quality: Rows) -> Rows:
    """Each source of the contract: whether it is there, how much, and what is wrong with it."""
    warehouse = look.warehouse
    counted = {row["source_id"]: row for row in look.rows("report_sources")}
    mandatory = warehouse.macro("mandatory_sources")
    found = []
    for name in warehouse.macro("source_names"):
        node = warehouse.sources[name]
        row: Found = {"source": name, "state": "ready", "rows": None, "newest": None, "columns": [], "why": ""}
        found.append(row)
        if not warehouse.macro("source_is_enabled", name=name):
            row |= {"state": "off", "why": f"Set the var {name}_enabled to true to read it."}
            continue
        row["columns"] = warehouse.columns(node)
        if not row["columns"]:
            without = "" if name in mandatory else f", or set the var {name}_enabled to false"
            row["why"] = (
                f"There is no table {node.schema}.{node.identifier}: name yours in the vars raw_schema and "
                f"{name}_identifier{without}."
            )
            row["state"] = "missing"
            continue
        held = counted.get(name)
        if held:
            row |= {"rows": held["raw"], "newest": held["newest_received_at"]}
        elif "received_at" in row["columns"]:
            for landed in look.raw(name, "count(*) as n, max(received_at) as newest"):
                row |= {"rows": landed["n"], "newest": time(landed["newest"])}
        optional = {c.name for c in node.columns.values() if (c.config.meta or c.meta).get("may_be_absent")}
        absent = [column for column in node.columns if column not in row["columns"] and column not in optional]
        doubts = [f"Its table lacks {', '.join(absent)}: add them, empty where you don't have them."] if absent else []
        doubts += [
            check["sentence"]
            for check in quality
            if (check["subject_type"], check["subject_id"]) == ("source", name) and check["state"] in ("warning", "error")
        ]
        if not row["rows"]:
            row |= {"state": "empty", "why": f"The table {node.schema}.{node.identifier} has no rows yet."}
        elif doubts:
            row |= {"state": "doubtful", "why": " ".join(doubts)}
    return found


def use_cases(look: Look, there: dict[str, Found], values: Rows) -> Rows:
    """Where AI is used: the map, what it does not have yet, and how much there is of each in the newest 90 days."""
    known = look.rows("dim_use_cases")
    if not known:
        names = {
            row["use_case_id"]
            for source in ("task_events", "ai_events")
            if there[source]["rows"] and "use_case_id" in there[source]["columns"]
            for row in look.raw(source, "distinct use_case_id")
        }
        planned = look.seed("use_cases", "domain")
        known = [{**row, "is_registered": True} for row in planned if row["use_case_id"] in names]
        on_map = {row["use_case_id"] for row in planned}
        known += [{"use_case_id": name, "name": name} for name in sorted(filter(None, names - on_map))]
    models = defaultdict(set)
    for row in look.rows("fct_ai_calls", what="distinct use_case_id, response_model"):
        models[row["use_case_id"]].add(row["response_model"] or "(unknown)")
    newest = {
        (row["use_case_id"], row["kpi_id"]): row for row in values if row["period_grain"] == "rolling_90d"
    }
    found = []
    for row in known:
        tasks, alone, decisions = (
            newest.get((row["use_case_id"], kpi), {}) for kpi in ("throughput", "automation_rate", "human_in_loop_ratio")
        )
        registered = bool(row.get("is_registered"))
        hidden = tasks.get("status") == "suppressed"
        found.append(
            {
                "use_case_id": row["use_case_id"],
                "use_case": row["name"],
                "domain": row.get("domain") or ("strategic" if decisions.get("n") and not tasks.get("n") else "execution"),
                "domain_from": "the map" if row.get("domain") else "its events",
                "on_the_map": registered,
                "ai_live_from": row.get("ai_live_from"),
                "tasks_90d": None if hidden else tasks.get("n"),
                "done_by_ai_alone_90d": alone.get("value"),
                "decisions_90d": decisions.get("n"),
                "is_hidden": hidden,
                "models": sorted(models[row["use_case_id"]]),
                "why": tasks["reason"] if hidden else row.get("baseline_problem") or "",
            }
        )
    return sorted(found, key=lambda row: (-(row["tasks_90d"] or 0), row["use_case_id"]))


def time(value: Any) -> dt.datetime | None:
    """A time of a raw table, whose column may be text; None where the latest text is no time."""
    try:
        return dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None


def model_rows(look: Look, there: dict[str, Found]) -> Rows:
    """Providers and models, by what was called."""
    what = "provider_name, response_model, {} as calls, {} as last_called"
    found = look.rows("dim_models", what=what.format("call_count", "last_called_at"))
    names = {"provider_name", "response_model", "occurred_at"}
    if not found and there["ai_events"]["rows"] and names <= {*there["ai_events"]["columns"]}:
        kept = "where provider_name is not null group by provider_name, response_model"
        found = look.raw("ai_events", what.format("count(*)", "max(occurred_at)"), kept)
        found = [{**row, "last_called": time(row["last_called"])} for row in found]
    return sorted(found, key=lambda row: (-row["calls"], str(row["response_model"])))


def kpis(catalogue: Rows, there: dict[str, Found], values: Rows, quality: Rows) -> Rows:
    """Each KPI: ready, doubtful, not built or missing, and why."""
    own = [row for row in values if row["period_grain"] == f"rolling_{row['window_days']}d"]
    company = {row["kpi_id"]: row for row in own if row["use_case_id"] == "all"}
    baselines = Counter(row["kpi_id"] for row in own if row["baseline_value"] is not None)
    newest = max((row["period_end"] for row in own), default=None)
    doubts: dict[str, list[str]] = defaultdict(list)
    for check in quality:
        if check["subject_type"] == "kpi" and check["state"] in ("warning", "error"):
            doubts[check["subject_id"]].append(check["sentence"])
    found = []
    for entry in catalogue:
        kpi, needs = entry["kpi_id"], (entry["sources"] or "").split("|") if entry["sources"] else []
        lacking = [name for name in needs if there[name]["state"] in LACKING]
        row = company.get(kpi)
        why = [f"{name}: {there[name]['why']}" for name in needs if there[name]["state"] == "doubtful"] + doubts[kpi]
        if row and row["status"] == "not_enough_data" and not doubts[kpi]:
            why.append(row["reason"] or "Too few observations for a verdict.")
        if row and row["value"] is not None and row["period_end"] != newest:
            why.append(f"Its newest value is of the window that ended on {row['period_end']:%Y-%m-%d}.")
        if lacking:
            named = " and ".join(f"{name} ({there[name]['state']})" for name in lacking)
            state, why = "missing", [f"It needs {named}."]
        elif not values:
            state, why = "not built", [BUILD]
        elif row is None or row["value"] is None:
            state, why = "missing", [row["reason"] if row and row["reason"] else "It has no value in any window yet."]
        else:
            state = "doubtful" if why else "ready"
        found.append(
            {
                "kpi_id": kpi,
                "kpi": entry["name"],
                "domain": entry["domain"],
                "section": entry["source_section"],
                "guarded_by": entry["guarded_by"],
                "sources": needs,
                "lacking": lacking,
                "state": state,
                "baselines": baselines[kpi],
                "why": " ".join(why),
            }
        )
    return found


def proposals(found: Rows) -> Rows:
    """Two KPIs of execution and two of strategy, of different sections: what is ready, guarded and has baselines first."""
    states = {row["kpi_id"]: row["state"] for row in found}
    chosen = []
    for domain in ("execution", "strategic"):
        ranked = sorted(
            (row for row in found if row["domain"] == domain),
            key=lambda row: (
                ORDER.index(row["state"]),
                len(row["lacking"]),
                states.get(row["guarded_by"], "missing") == "missing",
                row["baselines"] == 0,
            ),
        )
        sections: set[str] = set()
        for row in ranked:
            if row["section"] not in sections and len(sections) < 2:
                sections.add(row["section"])
                chosen.append({name: row[name] for name in ("domain", "kpi_id", "kpi", "state", "guarded_by")} | {"why": reasons(row)})
    return chosen


def reasons(row: Found) -> str:
    """Why a KPI is proposed, and what it still needs."""
    guard = f"{row['guarded_by']} guards it" if row["guarded_by"] else "it has no guardrail"
    if row["lacking"]:
        return f"Connect {' and '.join(row['lacking'])} first; {guard}."
    based = "it has a baseline" if row["baselines"] else "it has no baseline yet"
    return f"It is {row['state']}; {guard}; {based}. {row['why']}".strip()


def power_of(effect: float, detectable: float, alpha: float, power: float) -> float:
    """The chance to find an effect, where `detectable` is found with the chance `power`, two-sided at `alpha`."""
    normal = NormalDist()
    critical = normal.inv_cdf(1 - alpha / 2)
    return normal.cdf(abs(effect) / detectable * (critical + normal.inv_cdf(power)) - critical)


def registered_experiment(look: Look, states: dict[str, str]) -> Found | None:
    """The most urgent experiment of the registry that 8 to 12 weeks are enough for, or the one that comes nearest."""
    plans = defaultdict(list)
    for row in look.rows("report_plans", "where is_primary and is_shown"):
        if row["weeks"] in WEEKS and row["effect"]:
            plans[row["experiment_id"]].append(row)
    best: tuple[tuple, Found] | None = None
    for rows in plans.values():
        rows.sort(key=lambda row: row["weeks"])
        options = [
            {
                "weeks": row["weeks"],
                "units": row["units"],
                "detectable": float(row["detectable_effect_adjusted"]),
                "power": power_of(*(float(row[c]) for c in ("effect", "detectable_effect_adjusted", "alpha", "power"))),
            }
            for row in rows
        ]
        fit = next((o for o in options if o["power"] >= rows[0]["power"]), options[-1])
        row = rows[0]
        urgent = states.get(row["use_case_id"]) in ("Measure again", "Not measured")
        rank = (fit["power"] < row["power"], not urgent, fit["weeks"], -fit["power"], row["experiment_id"])
        scale = "as a share of the level now" if row["scale"] == "relative" else f"in the unit of the metric, now {float(row['baseline_mean']):.4g}"
        found = {
            "use_case": row["use_case"],
            "measure": row["metric"],
            "unit": row["unit_type"],
            "units_per_week": float(row["units_per_week"]),
            "effect": float(row["effect"]),
            "effect_is": f"the one registered for {row['experiment']}, {scale}",
            "from": "report_plans",
            "guardrail": None,
            "notes": [f"{row['use_case']}: {states.get(row['use_case_id'], 'not on the map').lower()}."],
            **chosen(options, fit),
        }
        if best is None or rank < best[0]:
            best = (rank, found)
    return best[1] if best else None


def chosen(options: list[Found], fit: Found) -> Found:
    return {"weeks": fit["weeks"], "power": fit["power"], "options": options}


def task_experiment(look: Look, cases: Rows, states: dict[str, str]) -> Found | None:
    """An experiment by lot among the tasks of the use case with most of them, from how much its tasks vary now."""
    from ai_impact_stats.estimators.planning import plan

    shown = {row["use_case_id"]: row["use_case"] for row in cases if row["tasks_90d"] and not row["is_hidden"]}
    (last,) = [row["last"] for row in look.rows("fct_tasks", what="max(completed_at) as last")] or [None]
    if last is None:
        return None
    since = f"{last - dt.timedelta(weeks=8):%Y-%m-%d %H:%M:%S}"
    for column, measure, kpi, guardrail in MEASURES:
        teams = defaultdict(list)
        what = f"use_case_id, count({column}) as n, avg({column}) as mean, var_samp({column}) as variance"
        kept = f"where is_completed and completed_at > cast('{since}' as timestamp) group by use_case_id, team_id"
        for row in look.rows("fct_tasks", kept, what):
            if row["use_case_id"] in shown and row["n"]:
                teams[row["use_case_id"]].append((row["n"], float(row["mean"]), float(row["variance"] or 0)))
        ranked = sorted(teams, key=lambda name: (states.get(name) == "Gain shown", -sum(n for n, *_ in teams[name]), name))
        for name in ranked:
            n, mean, variance, inflation = pooled(teams[name])
            plans = [(weeks, plan(variance, WORTH * mean, n / 8, weeks, ALPHA, POWER)) for weeks in WEEKS]
            options = [
                {
                    "weeks": weeks,
                    "units": found.units,
                    "detectable": found.detectable,
                    "power": power_of(WORTH * mean, found.detectable, ALPHA, POWER),
                }
                for weeks, found in plans
                if found.detectable
            ]
            if n < 30 or not options:
                continue
            fit = next((o for o in options if o["power"] >= POWER), options[-1])
            notes = ["Draw lots task by task within each team: half with AI, half without."]
            notes.append("Tasks of one person resemble each other, so take these weeks as the least.")
            if inflation is not None and inflation > 1.05:
                notes.append(f"Where only whole teams can be assigned, {inflation:.1f} times as many tasks are needed.")
            return {
                "use_case": shown[name],
                "measure": measure,
                "kpi_id": kpi,
                "unit": "task",
                "units_per_week": n / 8,
                "effect": WORTH * mean,
                "effect_is": f"{WORTH:.0%} of the level now, {mean:.4g}",
                "from": "fct_tasks, the newest 8 weeks",
                "guardrail": guardrail,
                "notes": notes,
                **chosen(options, fit),
            }
    return None


def pooled(teams: list[tuple[int, float, float]]) -> tuple[int, float, float, float | None]:
    """Number, mean and variance of all, and how many times more are needed by teams (ANOVA's intraclass correlation)."""
    from ai_impact_stats.estimators.planning import design_effect

    n = sum(size for size, *_ in teams)
    mean = math.fsum(size * m for size, m, _ in teams) / n
    between = math.fsum(size * (m - mean) ** 2 for size, m, _ in teams)
    within = math.fsum((size - 1) * v for size, _, v in teams)
    variance, count = (between + within) / (n - 1) if n > 1 else 0.0, len(teams)
    if count < 2 or n <= count or within <= 0:
        return n, mean, variance, None
    squares = sum(size**2 for size, *_ in teams)
    typical, (among, inside) = (n - squares / n) / (count - 1), (between / (count - 1), within / (n - count))
    correlation = max(0.0, (among - inside) / (among + (typical - 1) * inside))
    return n, mean, variance, design_effect(n / count, correlation, math.sqrt(max(squares * count / n**2 - 1, 0.0)))


def kpis_of(count: int, one: str, many: str) -> str:
    return f"{count} {f'KPI {one}' if count == 1 else f'KPIs {many}'}"


def next_steps(found: Found) -> list[str]:
    """What to do, the first first."""
    steps = [f"{row['source']}: {row['why']}" for row in found["sources"] if row["state"] == "missing"]
    if not found["is_built"]:
        steps.append(BUILD)
    unknown = [row["use_case_id"] for row in found["use_cases"] if not row["on_the_map"]]
    if unknown:
        steps.append(f"Put on the map, the seed use_cases: {', '.join(unknown)}. Give each a baseline window.")
    waiting = Counter(name for row in found["kpis"] for name in row["lacking"])
    steps += [f"Connect {name}: {kpis_of(count, 'waits', 'wait')} for it." for name, count in waiting.most_common(3)]
    resting = Counter(name for row in found["kpis"] for name in row["sources"])
    steps += [
        f"Find out about {row['source']}, on which {kpis_of(resting[row['source']], 'rests', 'rest')}: {row['why']}"
        for row in found["sources"]
        if row["state"] == "doubtful"
    ]
    if found["experiment"]:
        steps.append("Register the experiment in the seed experiments before its first assignment; send assignments to its source.")
    return steps


def look_at(warehouse: Warehouse, progress: Progress) -> Found:
    """All that the audit says, as plain values."""
    look = Look(warehouse)
    progress("Check the sources")
    quality = look.rows("data_quality_status")
    found: Found = {"sources": sources(look, quality)}
    there = {row["source"]: row for row in found["sources"]}
    progress("Read the KPIs")
    kept = "where is_newest and team_id = 'all' and period_grain in ('rolling_90d', 'rolling_365d')"
    values = look.rows("report_kpis", kept)
    found["is_built"] = bool(values)
    found["as_of"] = max((row["as_of"] for row in values if row["as_of"] is not None), default=None)
    progress("Map the use cases and models")
    found["use_cases"] = use_cases(look, there, values)
    found["models"] = model_rows(look, there)
    found["kpis"] = kpis(look.seed("kpi_catalog", "sources"), there, values, quality)
    found["proposals"] = proposals(found["kpis"])
    progress("Plan an experiment")
    states = {row["use_case_id"]: row["state"] for row in look.rows("report_use_cases")} if values else {}
    found["experiment"] = None
    if values:
        found["experiment"] = registered_experiment(look, states) or task_experiment(look, found["use_cases"], states)
    for row in found["sources"]:
        del row["columns"]
    found["problems"] = look.problems
    found["next"] = next_steps(found)
    return found


def build(options: Sequence[str] = (), form: str = "text", project: Path = Path()) -> str:
    """Look at the warehouse and say what is there. `options` are those of dbt: target, profiles and so on."""
    progress = Progress(5)
    try:
        progress("Read the project")
        warehouse = Warehouse([*options, "--project-dir", str(project)])
        if not warehouse.sources:
            raise ProblemError("This project does not have ai_impact: add it to packages.yml, then run dbt deps.")
        with warehouse:
            found = look_at(warehouse, progress)
    finally:
        progress()
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False, default=str)
    write = Markdown() if form == "markdown" else Text()
    return "\n".join(report(found, write)).rstrip()


# How it is written.


class Text:
    """For a terminal: columns under each other, the last one wrapped."""

    def heading(self, text: str) -> list[str]:
        return ["", text, "-" * len(text)]

    def line(self, text: str) -> list[str]:
        return textwrap.wrap(text, self.width())

    def item(self, text: str) -> list[str]:
        return textwrap.wrap(text, self.width(), initial_indent="- ", subsequent_indent="  ")

    def width(self) -> int:
        return max(80, min(shutil.get_terminal_size((110, 24)).columns, 140))

    def table(self, titles: Sequence[str], rows: list[list[str]]) -> list[str]:
        widths = [max(len(row[place]) for row in [list(titles), *rows]) for place in range(len(titles) - 1)]
        lead = sum(widths) + 2 * len(widths)
        lines = []
        for row in [list(titles), *rows]:
            start = "".join(f"{text:<{width}}  " for text, width in zip(row, widths, strict=False))
            wrapped = textwrap.wrap(row[-1], max(self.width() - lead, 30)) or [""]
            lines += [(start + wrapped[0]).rstrip(), *(" " * lead + more for more in wrapped[1:])]
        return lines


class Markdown(Text):
    def heading(self, text: str) -> list[str]:
        return ["", f"## {text}", ""]

    def line(self, text: str) -> list[str]:
        return [self.escaped(text), ""]

    def item(self, text: str) -> list[str]:
        return [f"- {self.escaped(text)}"]

    def escaped(self, text: str) -> str:
        for sign in "\\`*<|[":
            text = text.replace(sign, f"\\{sign}")
        return text

    def table(self, titles: Sequence[str], rows: list[list[str]]) -> list[str]:
        written = [titles, ["---"] * len(titles), *([self.escaped(text) for text in row] for row in rows)]
        return [f"| {' | '.join(row)} |" for row in written]


def said(value: Any) -> str:
    """A value as people read it, without what would steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, dt.date | dt.datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, int):
        return f"{value:,}"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return "".join(sign if sign.isprintable() else " " for sign in text)


def report(found: Found, write: Text) -> list[str]:
    """All sections, one after the other."""

    def table(titles: str, rows: Rows, fields: str) -> list[str]:
        return write.table(titles.split("|"), [[said(row[name]) for name in fields.split()] for row in rows])

    states = Counter(row["state"] for row in found["kpis"])
    on = [row for row in found["sources"] if row["state"] != "off"]
    built = f"Data as of {said(found['as_of'])}." if found["is_built"] else "Nothing is built yet."
    counts = ", ".join(f"{states[state]} {state}" for state in ORDER if states[state])
    lines = write.line(f"{built} {len(on)} of {len(found['sources'])} sources are switched on. KPIs: {counts}.")
    lines += write.heading("Where AI is used")
    cases = [
        {**row, "tasks": "hidden" if row["is_hidden"] else row["tasks_90d"], "map": "yes" if row["on_the_map"] else "no"}
        for row in found["use_cases"]
    ]
    titles = "use case|kind|on the map|tasks, 90 days|decisions, 90 days|models|what to know"
    lines += table(titles, cases, "use_case domain map tasks decisions_90d models why") if cases else write.line("No use case is known yet.")
    lines += write.heading("Providers and models")
    lines += table("provider|model|calls|last call", found["models"], "provider_name response_model calls last_called") if found["models"] else write.line("No call of a model is known yet.")
    lines += write.heading("Sources")
    lines += table("source|state|rows|newest|why", on, "source state rows newest why")
    if off := [row["source"] for row in found["sources"] if row["state"] == "off"]:
        lines += ["", *write.line(f"Off: {', '.join(off)}. A var SOURCE_enabled switches each on.")]
    lines += write.heading("KPIs")
    alike: dict[tuple, list[str]] = defaultdict(list)
    for row in sorted(found["kpis"], key=lambda row: (row["domain"], ORDER.index(row["state"]))):
        alike[row["domain"], row["state"], row["why"]].append(row["kpi_id"])
    grouped = [
        {"domain": domain, "state": state, "kpis": f"{', '.join(names)}{f': {why}' if why else ''}"}
        for (domain, state, why), names in alike.items()
    ]
    lines += table("kind|state|KPIs, and why", grouped, "domain state kpis")
    lines += write.heading("Proposed: two KPIs of execution, two of strategy")
    lines += table("kind|KPI|why", found["proposals"], "domain kpi_id why")
    lines += write.heading("Proposed: an experiment of 8 to 12 weeks")
    lines += experiment_lines(found["experiment"], write)
    if found["problems"]:
        lines += write.heading("What could not be read")
        lines += [line for text in found["problems"] for line in write.item(said(text))]
    lines += write.heading("What to do next")
    return lines + [line for text in found["next"] for line in write.item(said(text))]


def experiment_lines(found: Found | None, write: Text) -> list[str]:
    if not found:
        return write.line("None can be planned yet: it takes the tasks of 8 weeks, built, with their minutes or times.")
    guard = f" Guardrail: {found['guardrail']}." if found["guardrail"] else ""
    lines = write.line(
        said(
            f"{found['use_case']}: {found['measure']}, for {found['weeks']} weeks. An effect of {found['effect']:.4g} "
            f"({found['effect_is']}) is found with a power of {found['power']:.0%}.{guard}"
        )
    )
    rows = [
        [said(o["weeks"]), said(o["units"]), f"{o['detectable']:.4g}", f"{o['power']:.0%}"] for o in found["options"]
    ]
    lines += write.table(["weeks", f"{found['unit']}s", "detectable effect", "power for the effect"], rows)
    return [*lines, *([""] if isinstance(write, Markdown) else []), *(line for note in found["notes"] for line in write.item(said(note)))]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", default="text", choices=("text", "markdown", "json"), help="What to write. Default: text."
    )
    parser.add_argument("--project-dir", default=".", help="The dbt project. Default: this folder.")
