"""`make case-studies`: the pages of docs/case_studies, written from the marts of the demo company.

A page's table is what `analyses/case_study_<page>.sql` gives, its text what stands here. Nothing is rounded by hand.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tools import dbt, warehouse
from tools.problems import ProblemError, default_warehouse

PAGES = Path("docs/case_studies")
BEGIN, END = "<!-- make case-studies writes from here -->\n", "<!-- to here -->\n"
HEAD = (
    "| | number | planted | found | 95 % interval | planted lies inside | grade | method | from |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Number:
    """How a number came to be: in words, and by which models, each read by the next."""

    text: str
    models: tuple[str, ...]


MOMENTS = (
    *("int_unit_metrics", "moments_unit_cells", "moments_unit_metrics", "experiment_estimates", "impact_estimates"),
)
TASKS = ("base_task_events", "int_tasks_aggregated", "int_tasks", "int_unit_measures", *MOMENTS)
ROLLOUT = (
    *("base_task_events", "int_tasks_aggregated", "int_tasks", "int_unit_measures", "int_unit_period_panel"),
    *("moments_cohort_periods", "rollout_estimates", "impact_estimates"),
)
RETURN = ("impact_estimates", "roi_candidates", "roi_effects", "roi_results", "roi_summary")
KPI = ("kpi_strategic", "int_kpi_compared", "kpi_values")

TEXT = {
    "marketing": {
        1: Number(
            "Leads were assigned at random to emails that AI drafts or that a person drafts. Each lead's finished "
            "emails and the hours of work on them, review included, are summed; the ratio of the arms' totals is "
            "compared, by the delta method. Everyone who was assigned counts, whether AI was used or not.",
            TASKS,
        ),
        2: Number("Of the same leads, the hours from start to completion, by email.", TASKS),
        3: Number("Of the same emails, the share sent back: the guardrail of the two above.", TASKS),
        4: Number(
            "The second guardrail. Errors are rare, so an interval of this many leads is wide; the methods with a "
            "covariate stand beside it in `impact_estimates`.",
            TASKS,
        ),
        5: Number(
            "The primary metric: leads that qualified within 14 days of their assignment. Planted is a small effect; "
            "what an experiment of this size could find stands in `experiment_plan`.",
            ("stg_outcome_events", "int_unit_measures", *MOMENTS),
        ),
        6: Number(
            "Not planted as such: it follows from the effects, the bills and the assumptions of the seed "
            "`roi_assumptions`. `tests/python/test_roi_demo.py` holds it against what the planted effects give with "
            "them. The interval is that of 100,000 draws ([the formula](../roi.md)).",
            RETURN,
        ),
        7: Number(
            "A fifth of the accounts never saw pages written with AI. A holdout is graded B, however well it went.",
            ("stg_outcome_events", "int_unit_measures", *MOMENTS),
        ),
        8: Number(
            "Accounts were assigned at random to a position chosen by AI alone, or by AI with a person who may "
            "overrule it. Won deals by closed deals of an account; what is still open does not count yet.",
            ("stg_opportunities", "int_unit_measures", *MOMENTS),
        ),
        9: Number(
            "Of the suggestions that a person looked at, those modified, rejected or escalated. A level, not an "
            "effect, so it has no grade.",
            (
                *("stg_decision_events", "int_decisions", "int_decision_observations", "int_strategic_observations"),
                *("int_strategic_daily", "kpi_ratios", *KPI, "human_delta"),
            ),
        ),
        10: Number(
            "Nobody assigned who overrides what, so decisions of one type and one tenth of AI's confidence are "
            "compared. What people knew and nobody recorded is not in it: grade C at best.",
            ("stg_decision_events", "int_decisions", "int_decision_cells", "human_comparisons", "human_delta"),
        ),
        11: Number(
            "People chose AI themselves, the skilled more often, and the study was registered late. They are compared "
            "with others by what was known of them before, doubly robust. Right or not, its grade is that of its "
            "diagnostics: whoever does not know the truth has nothing else.",
            (
                *("base_task_events", "int_tasks_aggregated", "int_tasks", "int_unit_measures", "int_matched_units"),
                *("moments_matched_cells", "matched_estimates", "impact_estimates"),
            ),
        ),
    },
    "incident_triage": {
        1: Number(
            "Teams got the triage in three waves. Each wave is compared, from its own start, with the teams that do "
            "not have it yet or never got it, by what changed since before (Callaway and Sant'Anna). Nine teams are "
            "few: the interval is wide, and a failing trend could go unseen, which costs the grade.",
            ROLLOUT,
        ),
        2: Number(
            "The same, for the incidents that a team handles. Where nobody can say well enough what teams would have "
            "handled without it, no share of that is given, but a reason; `impact_estimates` has the absolute effect, "
            "and the next number is a weaker answer to the same question.",
            ROLLOUT,
        ),
        3: Number(
            "Incidents by engineers (full-time equivalents of the seed `labor_rates`) in the newest 90 days, over "
            "those in the weeks before it started. Before and after is grade E: it can't tell triage from anything "
            "else that changed, and three teams never had it.",
            ("fct_incidents", "int_engineers_daily", "kpi_event_rates", *KPI),
        ),
        4: Number("As the hours to resolve, for the minutes that people worked on an incident.", ROLLOUT),
        5: Number(
            "Outages that overlap are one outage. Time without one over all time, of the services that ever had one, "
            "in the last 90 days before the first wave.",
            ("stg_incidents", "int_outages", "kpi_uptime", *KPI),
        ),
        6: Number(
            "The same in the newest 90 days. What is planted is for services of teams with triage; of all services it "
            "is that, diluted by the share of services whose team never got it, as `int_assignments` has it.",
            ("stg_incidents", "int_outages", "kpi_uptime", *KPI),
        ),
        7: Number(
            "Incidents that a playbook is said to have prevented, with the interval of a count. It is what people "
            "said, hence grade E.",
            ("stg_outcome_events", "int_counted_events", "kpi_event_rates", *KPI),
        ),
        8: Number(
            "Of the accounts, 30 % were held out from outreach for 26 weeks. Accounts that left, by accounts assigned.",
            ("stg_outcome_events", "int_unit_measures", *MOMENTS),
        ),
        9: Number(
            "Not planted as such. Labour saved, at the cost of an hour of each team, less the bills, with the interval "
            "of 100,000 draws: as wide as that of the labour per incident makes it ([the formula](../roi.md)).",
            RETURN,
        ),
    },
}


def rows(page: str, sql: str, con: duckdb.DuckDBPyConnection) -> list[dict]:
    """What the analysis of a page gives."""
    found = con.execute(sql)
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


def told(text: str, unit: str) -> str:
    """With its unit."""
    kind = unit.split()[0]
    return {"times": f"× {text}", "percent": f"{text} %", "points": f"{text} points"}.get(kind, text)


def planted(row: dict) -> str:
    """The truth has no uncertainty: as few digits as say it."""
    if row["truth"] is None:
        return "none"
    value = round(row["truth"], 6)
    places = next(p for p in range(7) if abs(round(value, p) - value) < 1e-9)
    return told(digits(value, row["unit"], places), row["unit"])


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
        "none" if estimate is None else told(estimate, unit),
        "none" if low is None else told(f"{low} to {high}", unit),
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
        parts.append(f"The mart says: {row['reason']}")
    path = " → ".join(f"`{model}`" for model in number.models)
    text = re.sub(r"(?<!\w)-(?=\d)", "−", " ".join(parts))
    return f"**{row['place']}. {row['number_name']}.** {text}\n\n{path}\n"


def written(page: str, numbers: list[dict]) -> str:
    """The part of the page that comes from the marts."""
    inside = [row["is_inside"] for row in numbers if row["is_inside"] is not None]
    summary = (
        f"\n{sum(inside)} of {len(inside)} intervals hold what was planted. A number with a sign is a change; "
        "a point is a hundredth of a share.\n"
    )
    how = "\n".join(paragraph(row, TEXT[page][row["place"]]) for row in numbers)
    return f"{HEAD}{''.join(map(line, numbers))}{summary}\n## How each number came to be\n\n{how}"


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
    dbt.run(["compile", "--target", "duckdb", "--profiles-dir", ".", "--select", *(f"case_study_{p}" for p in TEXT)])
    folder = demo_target() / "compiled/ai_impact/analyses"
    with warehouse.connect(path, read_only=True) as con:
        for page in TEXT:
            file = PAGES / f"{page}.md"
            numbers = rows(page, (folder / f"case_study_{page}.sql").read_text(), con)
            file.write_text(replaced(file.read_text(), written(page, numbers)))


def demo_target() -> Path:
    from tools.demo import TARGET

    return TARGET
