"""Writes a workbook of any warehouse that dbt reaches: what is measured, what was found, and a return to try out."""

import argparse
import datetime as dt
import decimal
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ai_impact.reading import Rows, Warehouse, of_best_window
from ai_impact.sentences import ProblemError

# Sheets that are tables: what is read, which rows of it, and the columns as field|title|width.
TABLES = {
    "KPI catalogue": (
        "int_kpi_catalog",
        "",
        "kpi_id|KPI|24 name|Name|30 domain|Domain|11 source_section|Section|24 definition|Definition|50 "
        "formula|Formula|50 unit|Unit|18 direction|Better|8 target_low|Target from|12 target_high|Target to|12 "
        "target_basis|Target is|18 own_target_use_cases|Use cases with an own target|24 own_target|Own target|12 "
        "window_days|Window, days|12 guarded_by|Guardrail|24 guardrail_margin|Guardrail margin, %|14 "
        "sources|Sources|28",
    ),
    "Current values": (
        "report_kpis",
        "where is_newest and team_id = 'all'",
        "kpi|KPI|30 use_case|Use case|22 domain|Domain|11 unit|Unit|18 period_start|From|11 period_end|To|11 "
        "value|Value|12 ci_low|Interval from|12 ci_high|Interval to|12 n|n|9 numerator|Numerator|13 "
        "denominator|Denominator|13 coverage|Coverage|10 baseline_value|Baseline|12 change_percent|Change, %|11 "
        "target_from|Target from|12 target_to|Target to|12 status_name|Status|20 guardrail|Guardrail|24 "
        "guardrail_status|Guardrail status|14 evidence_grade|Grade|7 reason|Reason|70 as_of|As of|16",
    ),
    "Experiment plan": (
        "report_plans",
        "",
        "experiment|Experiment|36 use_case|Use case|22 metric|Metric|34 is_primary|Primary|9 unit_type|Unit|10 "
        "weeks|Weeks|7 units_per_week|Units a week|12 units|Units|9 treatment_share|Share treated|12 "
        "baseline_mean|Level now|12 effect|Registered effect|14 sample_size_adjusted|Units needed|12 "
        "weeks_needed_adjusted|Weeks needed|12 detectable_effect_adjusted|Detectable effect|14 "
        "detectable_share|As a share of the level|14 alpha|Alpha|7 power|Power|7 baseline_source|Level from|30 "
        "reason|Reason|70",
    ),
    "Claims": (
        "report_claims",
        "where is_listed",
        "sentence|Claim|90 may_be_said|May be said|14 verdict_name|Verdict|14 evidence_grade|Grade|7 "
        "use_case|Use case|22 method_name|Method|28 estimate|Estimate|11 ci_low|Interval from|12 "
        "ci_high|Interval to|12 scale|Scale|10 registration|Registration|20 guardrails|Guardrails|40 "
        "sensitivity|Sensitivity|40 evidence_from|From|11 evidence_to|To|11 "
        "stale_since|Stale since|11 reason|Reason|70 as_of|As of|16",
    ),
    "ROI ranges": (
        "report_return_drivers",
        "where is_newest and period_grain = 'rolling_365d'",
        "use_case|Use case|22 driver|Driver|22 low_value|Low|12 base_value|Base|12 high_value|High|12 roi|Return|10 "
        "roi_at_low|Return at low|12 roi_at_high|Return at high|12 break_even|Break-even|12 reason|Reason|60",
    ),
}
ORDER = {
    "KPI catalogue": ("domain", "source_section", "kpi_id"),
    "Current values": ("domain", "kpi", "use_case"),
    "Experiment plan": ("experiment", "metric", "weeks"),
    "Claims": ("place",),
    "ROI ranges": ("use_case", "roi_at_low"),
}
# The inputs of the return, in the order of the rows: field, title, what it is, format.
INPUTS = (
    ("revenue_effect", "Effect on revenue", "units of the metric, per unit or week that AI reached", "0.0000"),
    ("value_per_unit", "Value of one unit", "currency", "#,##0.00"),
    ("reached", "Units or weeks reached", "per year", "#,##0.0"),
    ("labour_effect", "Hours saved", "per task", "0.0000"),
    ("recapture_rate", "Share of saved time put to other use", "0 to 1", "0.00"),
    ("redeployed_share", "Of that, share put back into the same work", "0 to 1", "0.00"),
    ("task_cost", "Tasks that AI touched, each at the cost of one hour", "currency per year", "#,##0"),
    ("running", "Running cost", "currency per year, without training", "#,##0"),
    ("training", "Training paid", "currency, once", "#,##0"),
    ("horizon_months", "Months over which training is written off", "months", "0.0"),
    ("discount_rate", "Discount rate", "per year", "0.0%"),
    ("remediation", "Remediation", "currency per year", "#,##0"),
    ("days", "Days since AI went live, in the year", "days", "0"),
    ("shared", "Share of its revenue that the company counts elsewhere", "0 to 1", "0.00"),
)
# The results: field of report_returns, title, what it is, format.
RESULTS = (
    ("revenue", "Incremental revenue", "currency per year", "#,##0"),
    ("labour_saved", "Labour saved", "currency per year", "#,##0"),
    ("training_cost", "Training, written off", "currency per year", "#,##0"),
    ("operating_cost", "Operating cost", "currency per year, with training", "#,##0"),
    ("remediation_cost", "Remediation", "currency per year", "#,##0"),
    ("net_benefit", "Net benefit", "currency per year", "#,##0"),
    ("roi", "Return on investment", "net benefit / operating cost", "0.0%"),
    ("net_present_value", "Net present value", "currency, over the months", "#,##0"),
)
TOP = 6  # the first row of inputs, as a spreadsheet counts
ROW = {name: TOP + place for place, (name, *_) in enumerate(INPUTS)}
ROW |= {f"={name}": TOP + len(INPUTS) + 1 + place for place, (name, *_) in enumerate(RESULTS)}
NOTES = (
    "Made from the reports of the warehouse: every number on the other sheets is a column of a report.",
    "Hidden groups have the status Not shown and a reason, and no number: their values are not in this file.",
    "Evidence grades: A to C come from a comparison. D and E do not: a KPI before and after is E.",
    "ROI model: change a yellow cell, and the return follows. It starts at the estimates and the base assumptions.",
    "The other sheets do not change with it. To keep an assumption, edit the seed roi_assumptions; run dbt build.",
)


def plain(value: Any) -> Any:
    """A value as a cell holds it: numbers that are no numbers are empty, times have no zone."""
    if isinstance(value, decimal.Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value


class Sheets:
    """The file in the making. A text from data is never a formula, nor becomes one when somebody edits its cell."""

    def __init__(self, path: Path) -> None:
        try:
            from xlsxwriter import Workbook
            from xlsxwriter.exceptions import FileCreateError
        except ModuleNotFoundError as missing:
            raise ProblemError(
                "xlsxwriter is not installed beside this command: run pip install xlsxwriter, then run this again."
            ) from missing
        self.path, self.failure = path, FileCreateError
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self.book: Any = Workbook(str(path), options)
        self.formats: dict[tuple, Any] = {}

    def style(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"valign": "top", **properties})
        return self.formats[key]

    def put(self, sheet: Any, row: int, column: int, value: Any, **style: Any) -> None:
        value = plain(value)
        if value is None:
            sheet.write_blank(row, column, None, self.style(**style))
        elif isinstance(value, bool):
            sheet.write_string(row, column, "yes" if value else "no", self.style(**style))
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value, self.style(**{"num_format": "#,##0.####", **style}))
        elif isinstance(value, dt.datetime):
            sheet.write_datetime(row, column, value, self.style(**{"num_format": "yyyy-mm-dd hh:mm", **style}))
        elif isinstance(value, dt.date):
            sheet.write_datetime(row, column, value, self.style(**{"num_format": "yyyy-mm-dd", **style}))
        else:
            text = str(value)[:32_767]
            quoted = {"quote_prefix": True} if text[:1] in "=+-@\t\r\n" else {}
            sheet.write_string(row, column, text, self.style(**{"text_wrap": True, **quoted, **style}))

    def table(self, name: str, columns: Sequence[tuple[str, str, float]], rows: Rows) -> None:
        """A sheet with one row per row of data, titles that stay, and filters."""
        sheet = self.book.add_worksheet(name)
        for place, (field, title, width) in enumerate(columns):
            sheet.set_column(place, place, width)
            self.put(sheet, 0, place, title, bold=True, bottom=1)
            for at, row in enumerate(rows, 1):
                self.put(sheet, at, place, row[field])
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)

    def close(self) -> None:
        try:
            self.book.close()
        except self.failure as error:
            raise ProblemError(
                f"{self.path} can't be written ({error}): close it where it is open, or name another file with --out."
            ) from error


def inputs(row: dict[str, Any], drivers: dict[str, float], discount: float | None, company_days: float) -> dict:
    """What the return of a use case starts from. The volumes follow from the terms, which are products of them."""

    def volume(term: str, *factors: str) -> float | None:
        product = math.prod(drivers.get(name, 1.0) for name in factors)
        if factors[0] not in drivers or row[term] is None:
            return None
        kept = 1 - drivers.get("redeployed_share", 0.0) if term == "labour_saved" and "revenue_effect" in drivers else 1
        return row[term] / (product * kept) if product * kept else 0.0

    horizon = drivers.get("horizon_months", 12.0)
    counted = max(row["revenue"] or 0.0, 0.0) * row["days"] / company_days if company_days else 0.0
    return {
        **{name: drivers.get(name) for name, *_ in INPUTS},
        "reached": volume("revenue", "revenue_effect", "value_per_unit"),
        "task_cost": volume("labour_saved", "labour_effect", "recapture_rate"),
        "running": row["operating_cost"] - row["training_cost"],
        "training": row["training_cost"] * horizon / 12,
        "horizon_months": horizon,
        "discount_rate": discount,
        "remediation": row["remediation_cost"],
        "days": row["days"],
        "shared": 0.0 - (row["counted_twice"] or 0.0) / counted if counted else 0.0,
    }


def formulas(at: Callable[[str], str], given: dict[str, Any]) -> dict[str, str]:
    """The results of a use case by its cells. A term without an estimate has no formula and is nothing in the sum."""
    found = {"training_cost": f"{at('training')}*12/{at('horizon_months')}"}
    if given["reached"] is not None:
        found["revenue"] = f"{at('revenue_effect')}*{at('value_per_unit')}*{at('reached')}"
    if given["task_cost"] is not None:
        found["labour_saved"] = f"{at('labour_effect')}*{at('recapture_rate')}*{at('task_cost')}"
        # What was put back into the same work has earned the revenue already.
        if given["redeployed_share"] is not None and given["reached"] is not None:
            found["labour_saved"] += f"*(1-{at('redeployed_share')})"
    gains = "+".join(at(f"={term}") for term in ("revenue", "labour_saved") if term in found) or "0"
    found["operating_cost"] = f"{at('running')}+{at('=training_cost')}"
    found["remediation_cost"] = at("remediation")
    found["net_benefit"] = f"{gains}-{at('=operating_cost')}-{at('=remediation_cost')}"
    found["roi"] = f"IF({at('=operating_cost')}=0,0,{at('=net_benefit')}/{at('=operating_cost')})"
    if given["discount_rate"] is not None:
        growth, months = f"(1+{at('discount_rate')})", at("horizon_months")
        annuity = f"IF({growth}^(1/12)=1,{months},(1-{growth}^(-{months}/12))/({growth}^(1/12)-1))"
        found["net_present_value"] = f"({at('=net_benefit')}+{at('=training_cost')})/12*{annuity}-{at('training')}"
    return found


def company_formulas(at: Callable[[str], str], parts: list[tuple[Callable[[str], str], dict[str, str]]]) -> dict:
    """The company's results: each use case for the days it ran, no revenue twice, and what all the rest costs."""

    def total(term: str, *others: str) -> str:
        each = [f"{part(f'={term}')}*{part('days')}/{at('days')}" for part, found in parts if term in found]
        return "+".join([*each, *others]) or "0"

    twice = "".join(
        f"-{part('shared')}*IF({part('=revenue')}>0,{part('=revenue')},0)*{part('days')}/{at('days')}"
        for part, found in parts
        if "revenue" in found
    )
    training = f"{at('training')}*12/{at('horizon_months')}"
    return {
        "revenue": total("revenue") + twice,
        "labour_saved": total("labour_saved"),
        "training_cost": total("training_cost", training),
        "operating_cost": total("operating_cost", at("running"), training),
        "remediation_cost": total("remediation_cost", at("remediation")),
        "net_benefit": f"{at('=revenue')}+{at('=labour_saved')}-{at('=operating_cost')}-{at('=remediation_cost')}",
        "roi": f"IF({at('=operating_cost')}=0,0,{at('=net_benefit')}/{at('=operating_cost')})",
    }


def rest(company: dict[str, Any], modelled: Rows) -> dict[str, Any]:
    """What the company pays beside the use cases that have a return."""

    def left(cost: str) -> float:
        return company[cost] - math.fsum(row[cost] * row["days"] / company["days"] for row in modelled)

    return {name: None for name, *_ in INPUTS} | {
        "running": left("operating_cost") - left("training_cost"),
        "training": left("training_cost"),
        "horizon_months": 12,
        "remediation": left("remediation_cost"),
        "days": company["days"],
    }


def model(sheets: Sheets, returns: Rows, drivers: Rows, assumptions: Rows) -> None:
    """The sheet whose formulas recompute the return from the yellow cells."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    sheet = sheets.book.add_worksheet("ROI model")
    sheet.set_column(0, 0, 52)
    sheet.set_column(1, 1, 48)
    sheet.set_column(2, 2 + len(returns), 18)
    sheets.put(sheet, 0, 0, "Return on investment, by use case and for the company", bold=True, text_wrap=False)
    about = "Change a yellow cell: the return follows. Amounts are per year; a use case is scaled from its own days."
    sheets.put(sheet, 1, 0, about, text_wrap=False)
    shown = sorted((row for row in returns if row["roi"] is not None), key=lambda r: (r["is_company"], r["use_case"]))
    modelled = [row for row in shown if not row["is_company"]]
    company = next((row for row in shown if row["is_company"]), None)
    if not shown:
        sheets.put(sheet, 3, 0, "No use case has a return yet: the reasons are below.", bold=True, text_wrap=False)
    for name, title, unit, _ in (*INPUTS, *((f"={name}", *more) for name, *more in RESULTS)):
        sheets.put(sheet, ROW[name] - 1, 0, title, bold=name == "=roi")
        sheets.put(sheet, ROW[name] - 1, 1, unit, font_color="#595959")
    check = ROW["=net_present_value"] + 1
    sheets.put(sheet, check, 0, "Return in the warehouse")
    sheets.put(sheet, check, 1, "roi_summary, at the base of all assumptions", font_color="#595959")
    parts: list[tuple[Callable[[str], str], dict[str, str]]] = []
    for column, row in enumerate(shown, 2):

        def at(name: str, column: int = column) -> str:
            return str(xl_rowcol_to_cell(ROW[name] - 1, column))

        sheets.put(sheet, TOP - 2, column, row["use_case"], bold=True, bottom=1)
        if row is company:
            given = rest(row, modelled)
            found = company_formulas(at, parts)
        else:
            bases = {d["driver_id"]: d["base_value"] for d in drivers if d["use_case_id"] == row["use_case_id"]}
            rates = [
                a["base"] for a in assumptions if (a["use_case_id"], a["name"]) == (row["use_case_id"], "discount_rate")
            ]
            bases = {name: float(value) for name, value in bases.items() if value is not None}
            given = inputs(row, bases, next(iter(rates), None), company["days"] if company else 0.0)
            found = formulas(at, given)
            parts.append((at, found))
        for name, _, _, shape in INPUTS:
            if given[name] is not None:
                sheets.put(sheet, ROW[name] - 1, column, given[name], num_format=shape, bg_color="#FFF2CC")
        for name, _, _, shape in RESULTS:
            style = sheets.style(num_format=shape, bold=name == "roi")
            if name in found:
                sheet.write_formula(ROW[f"={name}"] - 1, column, f"={found[name]}", style, plain(row[name]) or 0)
        sheets.put(sheet, check, column, row["roi"], num_format="0.0%")
        sheets.put(sheet, check + 1, column, row["reason"], font_color="#595959")
    sheets.put(sheet, check + 1, 0, "What it rests on")
    if company:
        note = "Of the company: what use cases without a return cost, and what belongs to none."
        sheets.put(sheet, TOP - 3, 0, note, text_wrap=False)
    for place, row in enumerate((row for row in returns if row["roi"] is None), check + 4):
        sheets.put(sheet, place, 0, row["use_case"])
        sheets.put(sheet, place, 1, row["reason"] or "It has no return.", text_wrap=False)
    sheet.freeze_panes(TOP - 1, 2)


def dashboards(warehouse: Warehouse) -> Rows:
    """What each board answers and reads, as the exposures say."""
    return [
        {
            "board": exposure.label or exposure.name,
            "question": exposure.description,
            "report": name,
            "row": warehouse.models[name].description if name in warehouse.models else None,
            "owner": exposure.owner.name,
            "url": exposure.url,
        }
        for exposure in warehouse.exposures.values()
        if "board" in exposure.tags
        for name in sorted(node.split(".")[-1] for node in exposure.depends_on.nodes)
    ]


def build(options: Sequence[str] = (), path: Path = Path("ai_impact.xlsx"), project: Path = Path()) -> Path:
    """Read the reports and write the workbook. `options` are those of dbt: target, profiles and so on."""
    sheets = Sheets(path)
    warehouse = Warehouse([*options, "--project-dir", str(project)])
    if not warehouse.models:
        raise ProblemError("This project has no models of ai_impact: install the package, then run dbt build.")
    with warehouse:
        tables = {name: warehouse.read(report, kept) for name, (report, kept, _) in TABLES.items()}
        returns = warehouse.read("report_returns", "where is_newest and period_grain = 'rolling_365d'")
        assumptions = warehouse.read("roi_assumptions")
        boards = dashboards(warehouse)
    write(sheets, boards, tables, returns, assumptions)
    return path


def write(sheets: Sheets, boards: Rows, tables: dict[str, Rows], returns: Rows, assumptions: Rows) -> None:
    """Write all sheets and the file."""
    loads = [row["as_of"] for row in tables["Current values"] if row["as_of"] is not None]
    currency = next((row["currency"] for row in returns), None)
    about = [f"Data as of {max(loads):%Y-%m-%d %H:%M} UTC." if loads else "No data yet: run dbt build.", *NOTES]
    about += [f"Amounts are in {currency}."] if currency else []
    sheets.table("About", [("text", "What AI changed", 110)], [{"text": text} for text in about])
    specified = (
        "board|Board|16 question|What it answers|60 report|Reads|26 row|What a row is|60 owner|Owner|16 url|Address|44"
    )
    sheets.table("Dashboards", columns(specified), boards)
    for name, (_, _, spec) in TABLES.items():
        if name == "ROI ranges":
            model(sheets, returns, tables[name], assumptions)
        rows = of_best_window(tables[name]) if name == "Current values" else tables[name]
        sheets.table(name, columns(spec), sorted(rows, key=lambda row: place_of(row, ORDER[name])))
    sheets.close()


def place_of(row: dict[str, Any], fields: Sequence[str]) -> tuple:
    """What rows are sorted by, the empty first."""
    return tuple((row[name] is not None, 0 if row[name] is None else row[name]) for name in fields)


def columns(spec: str) -> list[tuple[str, str, float]]:
    """Columns from `field|title|width`, which blanks may part within a title."""
    return [(f, t, float(w)) for f, t, w in re.findall(r"(\w+)\|([^|]+)\|(\d+)(?:\s|$)", spec)]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="ai_impact.xlsx", help="The file to write. Default: ai_impact.xlsx.")
    parser.add_argument("--project-dir", default=".", help="The dbt project. Default: this folder.")
