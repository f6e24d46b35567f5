"""`make case-studies`: the pages of docs/case_studies, written from the marts of the demo company.

The table of a page is the result of `demo/case_studies/<page>.sql`; its text is below. Nothing is rounded by hand.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ai_impact.sentences import ProblemError
from tools import warehouse
from tools.problems import default_warehouse

PAGES = Path("docs/case_studies")
QUERIES = Path(__file__).resolve().parents[1] / "demo/case_studies"
BEGIN, END = "<!-- make case-studies writes from here -->\n", "<!-- to here -->\n"
HEAD = (
    "| | number | planted | estimate | 95 % interval | contains planted | grade | method | mart |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Number:
    """How a number came to be: in words, and by which models, each read by the next."""

    text: str
    models: tuple[str, ...]


MOMENTS = (*("int_unit_metrics", "moments_unit_cells", "moments_unit_metrics", "design_estimates", "impact_estimates"),)
TASKS = ("base_task_events", "int_tasks_aggregated", "int_tasks", "int_unit_measures", *MOMENTS)
ROLLOUT = (
    *("base_task_events", "int_tasks_aggregated", "int_tasks", "int_unit_measures", "int_unit_period_panel"),
    *("moments_cohort_periods", "design_estimates", "impact_estimates"),
)
RETURN = ("impact_estimates", "roi_candidates", "roi_effects", "roi_results", "roi_summary")
KPI = ("kpi_measures", "int_kpi_compared", "kpi_values")

TEXT = {
    "marketing": {
        1: Number(
            "Leads were assigned at random to emails drafted by AI or by a person. The finished emails and the "
            "hours of work on them (with review) are summed per lead, and the ratios of the arms' totals compared "
            "by the delta method. Every assigned lead counts, whether AI was used or not.",
            TASKS,
        ),
        2: Number("For the same leads: hours from start to completion, per email.", TASKS),
        3: Number("For the same emails: the share sent back. This is the guardrail of 1 and 2.", TASKS),
        4: Number(
            "The second guardrail. Errors are rare, so the interval is wide; `impact_estimates` also has the "
            "methods with a covariate.",
            TASKS,
        ),
        5: Number(
            "The primary metric: leads that qualified within 14 days of their assignment. The planted effect is "
            "small; `experiment_plan` shows what an experiment of this size can detect.",
            ("stg_outcome_events", "int_unit_measures", *MOMENTS),
        ),
        6: Number(
            "Not planted: it follows from the effects, the costs and the seed `roi_assumptions`. "
            "`tests/python/test_roi_demo.py` compares it with the return that the planted effects give. The "
            "interval comes from 100,000 draws ([the formula](../roi.md)).",
            RETURN,
        ),
        7: Number(
            "A fifth of the accounts never saw pages written with AI. A holdout gets grade B at best.",
            ("stg_outcome_events", "int_unit_measures", *MOMENTS),
        ),
        8: Number(
            "Accounts were assigned at random to a position chosen by AI alone, or by AI with a person who may "
            "overrule it. Won deals per closed deal of an account; open deals don't count yet.",
            ("stg_opportunities", "int_unit_measures", *MOMENTS),
        ),
        9: Number(
            "Modified, rejected or escalated suggestions, of those that a person reviewed. This is a level, not "
            "an effect, so it has no grade.",
            (
                *("stg_decision_events", "int_decisions", "int_decision_observations", "int_strategic_observations"),
                *("int_strategic_daily", "kpi_ratios", *KPI, "human_delta"),
            ),
        ),
        10: Number(
            "Nobody assigned overrides, so decisions of the same type and the same tenth of AI's confidence are "
            "compared. What people sensed is not recorded, so it is grade D.",
            ("stg_decision_events", "int_decisions", "int_decision_cells", "human_comparisons", "human_delta"),
        ),
        11: Number(
            "People chose AI themselves, skilled ones more often, and the study was registered late. They are "
            "compared with others by what was known before, doubly robust. The grade depends on the diagnostics "
            "alone, because outside of a demo nobody knows the truth.",
            (
                *("base_task_events", "int_tasks_aggregated", "int_tasks", "int_unit_measures", "int_matched_units"),
                *("moments_matched_cells", "design_estimates", "impact_estimates"),
            ),
        ),
    },
    "incident_triage": {
        1: Number(
            "Teams got the triage in three waves. Each wave is compared, from its start, with the teams that "
            "don't have it yet or never got it, by the change since before (Callaway and Sant'Anna). With nine "
            "teams the interval is wide and a diverging trend could go unnoticed, which costs the grade.",
            ROLLOUT,
        ),
        2: Number(
            "The same for the number of incidents that a team handles. If the untreated level is not known well "
            "enough, there is a reason instead of a share; `impact_estimates` has the absolute effect, and the "
            "next number is a weaker answer to the same question.",
            ROLLOUT,
        ),
        3: Number(
            "Incidents per engineer (FTE in the seed `labor_rates`) in the newest 90 days, over those in the "
            "weeks before the start. Before and after is grade E: it can't separate triage from other changes, "
            "and three teams never had it.",
            ("fct_incidents", "int_engineers_daily", "kpi_event_rates", *KPI),
        ),
        4: Number("As the hours to resolve, for the minutes worked on an incident.", ROLLOUT),
        5: Number(
            "Overlapping outages count once. The share of time without an outage, over services that ever had "
            "one, in the last 90 days before the first wave.",
            ("stg_incidents", "int_outages", "kpi_uptime", *KPI),
        ),
        6: Number(
            "The same in the newest 90 days. The effect is planted for services of teams with triage; over all "
            "services it is diluted by those whose team never got it, according to `int_assignments`.",
            ("stg_incidents", "int_outages", "kpi_uptime", *KPI),
        ),
        7: Number(
            "Incidents that a playbook is reported to have prevented, with the interval of a count. "
            "Self-reported, hence grade E.",
            ("stg_outcome_events", "int_counted_events", "kpi_event_rates", *KPI),
        ),
        8: Number(
            "30 % of the accounts were held out from outreach for 26 weeks. Accounts that left, per account assigned.",
            ("stg_outcome_events", "int_unit_measures", *MOMENTS),
        ),
        9: Number(
            "Not planted. Labour saved at each team's hourly cost, less the costs, with the interval from 100,000 "
            "draws. That the labour per incident fell is not shown, so there is no return; this is what it would be "
            "with it ([the formula](../roi.md)).",
            RETURN,
        ),
    },
}


def rows(page: str, con: duckdb.DuckDBPyConnection) -> list[dict]:
    """The numbers of a page, read from the demo's marts: one row per number, in the order of the page."""
    con.execute((QUERIES / "planted.sql").read_text())
    return checked(page, con.execute((QUERIES / f"{page}.sql").read_text()))


def checked(page: str, found: duckdb.DuckDBPyConnection) -> list[dict]:
    """The result of a page's query as dicts; it must have exactly the numbers that TEXT describes."""
    names = [column[0] for column in found.description]
    numbers = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    if missing := set(TEXT[page]) ^ {row["place"] for row in numbers}:
        raise ProblemError(
            f"The case study {page} has other numbers than tools/case_studies.py describes "
            f"(see {', '.join(map(str, sorted(missing)))}): build the demo with make demo, or write their text."
        )
    return numbers


def decimals(row: dict) -> int:
    """As many as half the interval's width has in two significant digits, at most three."""
    if row["ci_low"] is None or row["ci_high"] <= row["ci_low"]:
        return 1
    return min(3, max(0, 1 - math.floor(math.log10((row["ci_high"] - row["ci_low"]) / 2))))


def digits(value: float, unit: str, places: int) -> str:
    """As people write it: a true minus, and a sign where it is a change."""
    return f"{value:{'+' if unit in ('percent', 'points') else ''}.{places}f}".replace("-", "−")


def with_unit(text: str, unit: str) -> str:
    """With its unit."""
    kind = unit.split()[0]
    return {"times": f"× {text}", "percent": f"{text} %", "points": f"{text} points"}.get(kind, text)


def planted(row: dict) -> str:
    """The truth has no uncertainty: as few digits as say it."""
    if row["truth"] is None:
        return "none"
    value = round(row["truth"], 6)
    places = next(p for p in range(7) if abs(round(value, p) - value) < 1e-9)
    return with_unit(digits(value, row["unit"], places), row["unit"])


def line(row: dict) -> str:
    unit, places = row["unit"], decimals(row)
    estimate, low, high = (
        None if row[column] is None else digits(row[column], unit, places)
        for column in ("estimate", "ci_low", "ci_high")
    )
    cells = (
        str(row["place"]),
        row["number_name"],
        planted(row),
        "none" if estimate is None else with_unit(estimate, unit),
        "none" if low is None else with_unit(f"{low} to {high}", unit),
        {True: "yes", False: "no", None: "not known"}[row["is_inside"]],
        row["evidence_grade"] or "none",
        "none" if row["method"] is None else f"`{row['method']}`",
        f"`{row['mart']}`",
    )
    return f"| {' | '.join(cells)} |\n"


def paragraph(row: dict, number: Number) -> str:
    """How a number came to be, with the levels and the reason that stand in the mart."""
    parts = [number.text]
    if row["level_without"] is not None:
        levels = (row["level_without"], row["level_with"])
        shares = row["unit"] == "points"
        parts.append("From {} to {}.".format(*(f"{100 * x:.1f} %" if shares else f"{x:.3g}" for x in levels)))
    if row["reason"]:
        parts.append(f"Reason in the mart: {row['reason']}")
    path = " → ".join(f"`{model}`" for model in number.models)
    text = re.sub(r"(?<!\w)-(?=\d)", "−", " ".join(parts))
    return f"**{row['place']}. {row['number_name']}.** {text}\n\n{path}\n"


def written(page: str, numbers: list[dict]) -> str:
    """The part of the page that comes from the marts."""
    inside = [row["is_inside"] for row in numbers if row["is_inside"] is not None]
    summary = (
        f"\n{sum(inside)} of {len(inside)} intervals contain the planted value. Signed numbers are changes; "
        "points are percentage points.\n"
    )
    how = "\n".join(paragraph(row, TEXT[page][row["place"]]) for row in numbers)
    return f"{HEAD}{''.join(map(line, numbers))}{summary}\n## How each number is calculated\n\n{how}"


def replaced(text: str, part: str) -> str:
    """A page with its written part replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + part + END + after


def write() -> None:
    """Write all pages from the warehouse of make demo."""
    path = default_warehouse()
    if not path.exists():
        raise ProblemError(f"There is no warehouse at {path}: run make demo, then make case-studies again.")
    with warehouse.connect(path, read_only=True) as con:
        for page in TEXT:
            file = PAGES / f"{page}.md"
            numbers = rows(page, con)
            file.write_text(replaced(file.read_text(), written(page, numbers)))
