"""Says what the warehouse can tell about AI: where it is used, which KPIs are ready, and what to measure next."""

import argparse
import csv
import datetime as dt
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

from ai_impact.audit_report import ORDER, Found, Markdown, Text, report
from ai_impact.reading import GRAINS, Rows, Warehouse, of_best_window
from ai_impact.sentences import ProblemError

# As kpi_values says it.
NO_TARGET = "The KPI has no target."
LACKING = ("off", "missing", "empty")
WEEKS = (8, 10, 12)
# The effect that is worth finding where nobody has registered one, as a share of the level now; the usual errors.
WORTH, ALPHA, POWER = 0.1, 0.05, 0.8
# What a task experiment measures: the column of fct_tasks, its name, the KPI that follows from it, and its guardrail.
MEASURES = (
    ("human_minutes", "human minutes per completed task", "throughput_per_labour_hour", "rework_rate"),
    ("cycle_hours", "hours from start to completion of a task", "cycle_time_p50", "error_rate"),
)
BUILD = "Run dbt build, then ai-impact audit again."


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
            return self.warehouse.rows(f"select {what} from {self.warehouse.raw[source].relation_name} {kept}")
        except ProblemError as problem:
            self.problems.append(f"The table of {source} can't be read: {problem}")
            return []

    def seed(self, name: str, needed: str) -> Rows:
        """A seed as it was loaded, or as its file says where it was not, or without the column that is needed."""
        loaded = self.rows(name)
        if loaded and needed in loaded[0]:
            return loaded
        seed = self.warehouse.seeds[name]
        if seed.resource_type != "seed":
            return []
        with (Path(seed.root_path) / seed.original_file_path).open(encoding="utf-8-sig") as file:
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
        read = warehouse.raw[name]
        row["columns"] = warehouse.columns(read)
        if not row["columns"]:
            without = "" if name in mandatory else f", or set the var {name}_enabled to false"
            named = f"name yours in the vars raw_schema and {name}_identifier"
            if read.resource_type != "source":
                named = f"the {read.resource_type.value} {read.name} is not built. Run dbt build --select {read.name}"
            row["why"] = f"There is no table {read.schema}.{read.identifier}: {named}{without}."
            row["state"] = "missing"
            continue
        held = counted.get(name)
        if held:
            row |= {"rows": held["raw"], "newest": held["newest_received_at"]}
        else:
            newest = "max(received_at)" if "received_at" in row["columns"] else "null"
            for landed in look.raw(name, f"count(*) as n, {newest} as newest"):
                row |= {"rows": landed["n"], "newest": time(landed["newest"])}
        optional = {c.name for c in node.columns.values() if (c.config.meta or c.meta).get("may_be_absent")}
        absent = [column for column in node.columns if column not in row["columns"] and column not in optional]
        doubts = [f"Its table lacks {', '.join(absent)}: add them, empty where you don't have them."] if absent else []
        doubts += [
            check["sentence"]
            for check in quality
            if (check["subject_type"], check["subject_id"]) == ("source", name)
            and check["state"] in ("warning", "error")
        ]
        if not row["rows"]:
            row |= {"state": "empty", "why": f"The table {read.schema}.{read.identifier} has no rows yet."}
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
    newest = {(row["use_case_id"], row["kpi_id"]): row for row in values}
    found = []
    for row in known:
        tasks, alone, decisions = (
            newest.get((row["use_case_id"], kpi), {})
            for kpi in ("throughput", "automation_rate", "human_in_loop_ratio")
        )
        registered = bool(row.get("is_registered"))
        hidden = tasks.get("status") == "suppressed"
        found.append(
            {
                "use_case_id": row["use_case_id"],
                "use_case": row["name"],
                "domain": row.get("domain")
                or ("strategic" if decisions.get("n") and not tasks.get("n") else "execution"),
                "domain_from": "the map" if row.get("domain") else "its events",
                "on_the_map": registered,
                "ai_live_from": row.get("ai_live_from"),
                "tasks": None if hidden else tasks.get("n"),
                "decisions": decisions.get("n"),
                "within": GRAINS.get(str((tasks or decisions).get("period_grain"))),
                "share_done_by_ai_alone": alone.get("value"),
                "is_hidden": hidden,
                "models": sorted(models[row["use_case_id"]]),
                "why": tasks["reason"] if hidden else row.get("baseline_problem") or "",
            }
        )
    return sorted(found, key=lambda row: (-(row["tasks"] or 0), row["use_case_id"]))


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


def catalogue(look: Look) -> Rows:
    """The KPIs: what the company says of one of ours stands in the place of what we say, cell by cell."""
    found: dict[str, dict[str, Any]] = {}
    for name in ("kpi_catalog", "kpi_catalog_extra"):
        for row in look.seed(name, "sources") if name in look.warehouse.seeds else []:
            said = {column: cell for column, cell in row.items() if cell not in (None, "")}
            if row["kpi_id"] in found or said.get("name"):
                found[row["kpi_id"]] = {**row, **found.get(row["kpi_id"], {}), **said}
    return list(found.values())


def kpis(catalogue: Rows, there: dict[str, Found], values: Rows | None, quality: Rows) -> Rows:
    """Each KPI: ready, doubtful, not built or missing, and why. `values` is None where nothing is built."""
    is_built, values = values is not None, values or []
    company = {row["kpi_id"]: row for row in values if row["use_case_id"] == "all"}
    baselines = Counter(row["kpi_id"] for row in values if row["baseline_value"] is not None)
    newest = max((row["period_end"] for row in values if row["period_grain"].startswith("rolling")), default=None)
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
        # That there is no target is no doubt about the value.
        if row and row["status"] == "not_enough_data" and row["reason"] not in (None, NO_TARGET) and not doubts[kpi]:
            why.append(row["reason"])
        if row and row["period_grain"] != f"rolling_{row['window_days']}d":
            why.append(
                f"No window of {row['window_days']} days is complete yet; this is of {GRAINS[row['period_grain']]}."
            )
        elif row and row["value"] is not None and row["period_end"] != newest:
            why.append(f"Its newest value is of the window that ended on {row['period_end']:%Y-%m-%d}.")
        if lacking:
            named = " and ".join(f"{name} ({there[name]['state']})" for name in lacking)
            state, why = "missing", [f"It needs {named}."]
        elif not is_built:
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
    """Two KPIs of execution and two of strategy, of different sections: the ready, guarded and based ones first."""
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
                kept = {name: row[name] for name in ("domain", "kpi_id", "kpi", "state", "guarded_by")}
                chosen.append(kept | {"why": reasons(row, states)})
    return chosen


def reasons(row: Found, states: dict[str, str]) -> str:
    """Why a KPI is proposed, and what it still needs."""
    guard = f"{row['guarded_by']} guards it" if row["guarded_by"] else "it has no guardrail"
    if states.get(row["guarded_by"]) == "missing" and not row["lacking"]:
        guard = f"its guardrail {row['guarded_by']} has no value yet"
    if row["lacking"]:
        return f"Connect {' and '.join(row['lacking'])} first; {guard}."
    based = "it has a baseline" if row["baselines"] else "it has no baseline yet"
    return f"It is {row['state']}; {guard}; {based}. {row['why']}".strip()


def power_of(effect: float, detectable: float, alpha: float, power: float) -> float:
    """The chance to find an effect, where `detectable` is found with the chance `power`, two-sided at `alpha`."""
    normal = NormalDist()
    critical = normal.inv_cdf(1 - alpha / 2)
    distance = abs(effect) / detectable * (critical + normal.inv_cdf(power))
    return normal.cdf(distance - critical) + normal.cdf(-distance - critical)


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
        scale = (
            "as a share of the level now"
            if row["scale"] == "relative"
            else f"in the unit of the metric, now {float(row['baseline_mean']):.4g}"
        )
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
    """An experiment by lot among the tasks of the use case where 12 weeks find most, from how its tasks vary."""
    shown = {row["use_case_id"]: row["use_case"] for row in cases if row["tasks"] and not row["is_hidden"]}
    last = next((row["last"] for row in look.rows("fct_tasks", what="max(completed_at) as last")), None)
    if last is None:
        return None
    since = f"{last - dt.timedelta(weeks=8):%Y-%m-%d %H:%M:%S}"
    kept = f"where is_completed and completed_at > cast('{since}' as timestamp) group by use_case_id, team_id"
    candidates = []
    for place, (column, *measure) in enumerate(MEASURES):
        what = f"use_case_id, min(completed_at) as first, count({column}) as n, avg({column}) as mean"
        rows = [
            row
            for row in look.rows("fct_tasks", kept, f"{what}, var_samp({column}) as variance")
            if row["use_case_id"] in shown and row["n"]
        ]
        weeks_seen = max((last - min((row["first"] for row in rows), default=last)) / dt.timedelta(weeks=1), 1)
        for name in {row["use_case_id"] for row in rows}:
            teams = [
                (row["n"], float(row["mean"]), float(row["variance"] or 0))
                for row in rows
                if row["use_case_id"] == name
            ]
            found = task_plan(teams, weeks_seen, *measure)
            if found:
                enough, is_known = found["power"] >= POWER, states.get(name) == "Gain shown"
                rank = (not enough, is_known, place, found["weeks"], -found["power"], name)
                candidates.append((rank, {"use_case": shown[name], **found}))
    return min(candidates, key=lambda each: each[0])[1] if candidates else None


def task_plan(
    teams: list[tuple[int, float, float]], seen: float, measure: str, kpi: str, guardrail: str
) -> Found | None:
    """What 8 to 12 weeks find among the tasks of teams: number, mean and variance of each, in so many weeks."""
    from ai_impact_stats.estimators.planning import plan

    n, mean, variance, inflation = pooled(teams)
    plans = [(weeks, plan(variance, WORTH * mean, n / seen, weeks, ALPHA, POWER)) for weeks in WEEKS]
    options: list[Found] = [
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
        return None
    notes = ["Draw lots task by task within each team: half with AI, half without."]
    notes.append("Tasks of one person resemble each other, so take these weeks as the least.")
    if inflation is not None and inflation > 1.05:
        notes.append(f"Where only whole teams can be assigned, {inflation:.1f} times as many tasks are needed.")
    return {
        "measure": measure,
        "kpi_id": kpi,
        "unit": "task",
        "units_per_week": n / seen,
        "effect": WORTH * mean,
        "effect_is": f"{WORTH:.0%} of the level now, {mean:.4g}",
        "from": f"fct_tasks, the newest {seen:.0f} weeks",
        "guardrail": guardrail,
        "notes": notes,
        **chosen(options, next((o for o in options if o["power"] >= POWER), options[-1])),
    }


def pooled(teams: list[tuple[int, float, float]]) -> tuple[int, float, float, float | None]:
    """Number, mean and variance of all, and how many times more are needed by teams (by ANOVA)."""
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
        if row["state"] == "doubtful" and resting[row["source"]]
    ]
    if found["experiment"]:
        steps.append("Register the experiment in the seed experiments before it starts, and load its assignments.")
    return steps


def look_at(warehouse: Warehouse, progress: Progress) -> Found:
    """All that the audit says, as plain values."""
    look = Look(warehouse)
    progress("Check the sources")
    quality = look.rows("data_quality_status")
    found: Found = {"sources": sources(look, quality)}
    there = {row["source"]: row for row in found["sources"]}
    progress("Read the KPIs")
    values = of_best_window(look.rows("report_kpis", "where is_newest and team_id = 'all'"))
    found["is_built"] = bool(warehouse.columns(warehouse.models["report_kpis"]))
    found["as_of"] = max((row["as_of"] for row in values if row["as_of"] is not None), default=None)
    progress("Map the use cases and models")
    found["use_cases"] = use_cases(look, there, values)
    found["models"] = model_rows(look, there)
    found["kpis"] = kpis(catalogue(look), there, values if found["is_built"] else None, quality)
    found["proposals"] = proposals(found["kpis"])
    progress("Plan an experiment")
    states = {row["use_case_id"]: row["state"] for row in look.rows("report_use_cases")}
    found["experiment"] = None
    if found["is_built"]:
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
    return re.sub(r"\n{3,}", "\n\n", "\n".join(report(found, write)).strip())


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", default="text", choices=("text", "markdown", "json"), help="What to write. Default: text."
    )
    parser.add_argument("--project-dir", default=".", help="The dbt project. Default: this folder.")
