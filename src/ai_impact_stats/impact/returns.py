"""From the terms, volumes and costs of every use case and period to its return on investment: what the dbt Python
model calls.

All tables are pandas DataFrames with the columns of the dbt models of the same name.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import ndtri

from ..io.registry import is_missing, number
from ..io.schemas import RETURNS
from ..io.tables import records, write_table
from ..wording import sentence
from .roi import (
    DRAWS,
    QUANTILES,
    SEED,
    Z95,
    Case,
    Driver,
    draws_of,
    hours_per_task,
    net_benefit,
    quantiles_of,
    tornado,
)

__all__ = ["RETURNS", "return_rows", "returns"]

ALL = "(all)"
UNMAPPED = "(unmapped)"  # charges of no use case that is live on the map
# Where an assumption of a kind can lie at all, and the assumptions that each term needs.
BOUNDS = {"recapture_rate": (0.0, 1.0), "redeployed_share": (0.0, 1.0), "horizon_months": (1.0, 1200.0)}
BOUNDS |= {"discount_rate": (-0.99, 10.0), "value_per_unit": (0.0, math.inf)}
NEEDED = {"revenue": ("value_per_unit",), "labour": ("recapture_rate",)}
ALWAYS = ("horizon_months", "discount_rate")


@dataclass
class Company:
    """What the use cases of one period add up to."""

    days: float = 0.0
    terms: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("revenue", "labour"), 0.0))
    cost: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("operating", "training", "remediation"), 0.0))
    benefit: np.ndarray | float = 0.0
    spent: np.ndarray | float = 0.0
    not_counted: float = 0.0
    double_counted: float = 0.0
    use_cases: list[str] = field(default_factory=list)
    costless: list[str] = field(default_factory=list)
    priced: int = 0
    pays_unmapped: bool = False


def assumption(row: Mapping[str, Any]) -> Driver | str:
    """A row of roi_assumptions as a driver, or the sentence that says what is wrong with it."""
    name, values = str(row["name"]), [row[c] for c in ("low", "base", "high")]
    where = f"The row {name} of {row['use_case_id']} in the seed roi_assumptions"
    if any(is_missing(v) for v in values):
        return f"{where} lacks low, base or high: fill in all three."
    low, base, high = map(float, values)
    least, most = BOUNDS.get(name, (-math.inf, math.inf))
    if not low <= base <= high:
        return f"{where} is not in order: low, base, high."
    if low < least or high > most:
        return f"{where} lies outside what is possible, {least:g} to {most:g}."
    kind = str(row["distribution"])
    if kind not in ("triangular", "uniform", "normal"):
        return f"{where} has the distribution {kind}: write triangular, uniform or normal."
    return Driver(name, low, base, high, kind, 0.90, least, most)


def effect(row: Mapping[str, Any]) -> Driver | str:
    """What one unit, week or task brings by an estimate: positive is good. Or why there is none."""
    name = f"{row['experiment_id']}, {row['metric_id']}"
    if is_missing(row["estimate"]) or is_missing(row["ci_low"]) or is_missing(row["ci_high"]):
        why = row["reason"]
        return f"There is no estimate of {name} with an interval." + ("" if is_missing(why) else f" {why}")
    estimate, low, high = (float(row[c]) for c in ("estimate", "ci_low", "ci_high"))
    # Intervals of another level are brought to 95 %.
    scale = Z95 / _z(row["alpha"])
    low, high = estimate - (estimate - low) * scale, estimate + (high - estimate) * scale
    if row["basis"] == "tasks_per_hour":
        needed = [row[c] for c in ("mean_control", "relative_ci_low", "relative_ci_high")]
        if any(is_missing(v) for v in needed):
            return f"Hours of a task need the control's mean and the relative effect of {name}."
        control, r_low, r_high = map(float, needed)
        width = 2 * Z95
        # Fieller's interval is wider on one side: its length alone does not give the error.
        spread = number(row.get("relative_std_error"), (r_high - r_low) * scale / width)
        # The level with AI is the control's and the quoted effect: the arm's own mean is not adjusted.
        return hours_per_task(control, control + estimate, (high - low) / width, spread)
    if row["direction"] == "down":
        estimate, low, high = -estimate, -high, -low
    return Driver(str(row["term"]), low, estimate, high)


def _z(alpha: Any) -> float:
    return float(ndtri(1 - (0.05 if is_missing(alpha) else float(alpha)) / 2))


@dataclass
class UseCase:
    """What is known of one use case, whatever the period."""

    use_case_id: str
    assumptions: dict[str, Driver]
    wrong: dict[str, str]
    counted: dict[str, Driver]
    beside: dict[str, Driver]
    grades: dict[str, str | None]
    notes: list[str]
    problems: list[str]
    cache: dict[frozenset, dict[str, np.ndarray]] = field(default_factory=dict)

    def missing_assumptions(self) -> Iterable[str]:
        wanted = [name for term in sorted(self.counted) for name in NEEDED[term]]
        for name in (*wanted, *ALWAYS):
            if name in self.wrong:
                yield self.wrong[name]
            elif name not in self.assumptions:
                yield f"Add the row {name} of {self.use_case_id} to the seed roi_assumptions."


def read_use_case(
    use_case_id: str, effects: list[dict[str, Any]], assumptions: list[dict[str, Any]], claimed: bool
) -> UseCase:
    read = {str(row["name"]): assumption(row) for row in assumptions}
    case = UseCase(
        use_case_id,
        {k: v for k, v in read.items() if isinstance(v, Driver)},
        {k: v for k, v in read.items() if isinstance(v, str)},
        {},
        {},
        {},
        [],
        [],
    )
    for row in effects:
        term, found = str(row["term"]), effect(row)
        if isinstance(found, str):
            case.notes.append(found)
        elif row["is_counted"]:
            case.counted[term] = found
            case.grades[term] = row["evidence_grade"]
        else:
            # Volumes are those of the first choice, so another's effect has none.
            if int(row["choice"]) == 1:
                case.beside[term] = found
            case.notes.append(str(row["not_counted_because"]))
    if not claimed:
        case.problems.append(f"No estimate says what {use_case_id} brings: add its row to the seed roi_terms.")
    elif not case.counted:
        case.problems.append("No benefit of it is established.")
    return case


def returns(
    costs: pd.DataFrame,
    volumes: pd.DataFrame,
    effects: pd.DataFrame,
    assumptions: pd.DataFrame,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pa.Table:
    """From `roi_costs`, `roi_volumes`, `roi_effects` and the seed `roi_assumptions`, as `RETURNS`."""
    return write_table(return_rows(costs, volumes, effects, assumptions, draws, seed), RETURNS)


def return_rows(costs, volumes, effects, assumptions, draws: int = DRAWS, seed: int = SEED) -> list[dict[str, Any]]:
    """The rows of `returns`: parts `summary`, `sensitivity` and `quantile`, one summary for each use case and period
    and one for all of them. Rows are read in a fixed order, so that every engine ends in the same numbers."""
    order = ["experiment_id", "metric_id"]
    terms = _grouped(
        sorted(records(effects), key=lambda r: (str(r["term"]), int(r["choice"]), *(str(r[c]) for c in order)))
    )
    assumed = _grouped(sorted(records(assumptions), key=lambda r: (str(r["use_case_id"]), str(r["name"]))))
    counts = {(str(r["use_case_id"]), str(r["period_key"])): r for r in records(volumes)}
    cases: dict[str, UseCase] = {}
    companies: dict[str, Company] = {}
    rows = []
    for cost in sorted(records(costs), key=lambda r: (str(r["use_case_id"]), str(r["period_key"]))):
        name = str(cost["use_case_id"])
        if name not in cases:
            cases[name] = read_use_case(name, terms.get(name, []), assumed.get(name, []), name in terms)
        company = companies.setdefault(str(cost["period_key"]), Company())
        rows += one_period(cases[name], cost, counts.get((name, str(cost["period_key"])), {}), company, draws, seed)
    for period_key, company in sorted(companies.items()):
        rows += whole_company(period_key, company, draws)
    return rows


def _grouped(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row["use_case_id"]), []).append(row)
    return groups


def _row(part: str, use_case_id: str, period_key: str, **values: Any) -> dict[str, Any]:
    finite = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
    return dict.fromkeys(RETURNS.names) | {"part": part, "use_case_id": use_case_id, "period_key": period_key} | finite


def one_period(
    case: UseCase, cost: Mapping[str, Any], volume: Mapping[str, Any], company: Company, draws: int, seed: int
) -> list[dict[str, Any]]:
    """The rows of one use case in one period; adds it to the company's."""
    name, period_key, days = case.use_case_id, str(cost["period_key"]), float(cost["days"])
    grades = {f"{term}_grade": case.grades.get(term) for term in ("revenue", "labour")}
    company.days = max(company.days, float(cost["days_in_period"]))
    problems = [*case.problems, *case.missing_assumptions()]
    if name == UNMAPPED:
        problems = ["Charges without a live use case: assign them to the use case they belong to."]
    problems += [str(cost["reason"])] if not is_missing(cost["reason"]) else []
    if "labour" in case.counted and not is_missing(volume.get("labour_reason")):
        problems.append(str(volume["labour_reason"]))
    known_cost = is_missing(cost["reason"])
    if known_cost and not cost["operating_cost"] and (is_missing(cost["training_cost"]) or not cost["training_cost"]):
        problems.append("Its operating cost is 0, so there is no return on it.")
    horizon = case.assumptions.get("horizon_months")
    model = build(case, cost, volume, days, horizon)
    values = model.bases()
    if not known_cost:
        company.costless.append(name)
    if problems:
        bare = replace(model, effects={})
        terms = bare.terms(bare.bases()) if known_cost else {}
        shown = {
            "operating_cost": terms.get("operating"),
            "training_cost": terms.get("training"),
            "remediation_cost": terms.get("remediation"),
        }
        if known_cost:
            add_cost(company, cost, terms)
        reason = sentence([*problems, *case.notes])
        return [_row("summary", name, period_key, days=days, draws=0, reason=reason, **grades, **shown)]
    model, dropped = reconciled(model)
    terms, drawn = model.terms(values), draws_of(model, name, draws, seed)
    random_terms, outcome = model.terms(drawn), np.broadcast_to(np.asarray(model.roi(drawn)), (draws,))
    worth = np.broadcast_to(np.asarray(model.npv(drawn)), (draws,))
    add_cost(company, cost, terms)
    for term in ("revenue", "labour"):
        company.terms[term] += float(terms[term]) / model.per_year
    company.benefit = company.benefit + (random_terms["revenue"] + random_terms["labour"]) / model.per_year
    company.spent = company.spent + (random_terms["training"] - terms["training"]) / model.per_year
    company.use_cases.append(name)
    beside = beside_value(case, cost, volume, days)
    company.not_counted += beside / model.per_year
    company.double_counted += dropped / model.per_year
    roi_quantiles, npv_quantiles = quantiles_of(outcome), quantiles_of(worth)
    at = dict(zip(QUANTILES, roi_quantiles, strict=True))
    npv_at = dict(zip(QUANTILES, npv_quantiles, strict=True))
    low, high = scenario(model, values)
    paid = model.payback_months(values)
    late = "Training does not pay back within the horizon." if paid is None else None
    alone = double_counting_note(model)
    rows = [
        _row(
            "summary",
            name,
            period_key,
            days=days,
            revenue=float(terms["revenue"]) if "revenue" in case.counted else None,
            labour_saved=float(terms["labour"]) if "labour" in case.counted else None,
            operating_cost=float(terms["operating"]),
            training_cost=float(terms["training"]),
            remediation_cost=float(terms["remediation"]),
            net_benefit=net_benefit(model, values),
            not_counted=beside,
            double_counted=dropped,
            roi=model.roi(values),
            roi_low=low,
            roi_high=high,
            roi_ci_low=at[0.025],
            roi_ci_high=at[0.975],
            p_positive=float(np.mean(outcome > 0)),
            net_present_value=float(model.npv(values)),
            npv_ci_low=npv_at[0.025],
            npv_ci_high=npv_at[0.975],
            payback_months=paid,
            draws=draws,
            reason=sentence([late, alone, *case.notes]),
            **grades,
        )
    ]
    for place, s in enumerate(tornado(model), 1):
        rows.append(
            _row(
                "sensitivity",
                name,
                period_key,
                driver=s.driver,
                low_value=s.low,
                base_value=s.base,
                high_value=s.high,
                roi_at_low=s.roi_at_low,
                roi_at_high=s.roi_at_high,
                roi=model.roi(values),
                swing=s.swing,
                break_even=s.break_even,
                place=place,
                reason=s.reason,
            )
        )
    for probability, r, v in zip(QUANTILES, roi_quantiles, npv_quantiles, strict=True):
        rows.append(_row("quantile", name, period_key, quantile=probability, roi=r, net_present_value=v, draws=draws))
    return rows


def build(
    case: UseCase, cost: Mapping[str, Any], volume: Mapping[str, Any], days: float, horizon: Driver | None
) -> Case:
    def amount(row: Mapping[str, Any], column: str) -> float:
        return number(row.get(column), 0.0)

    assumptions = dict(case.assumptions)
    if horizon is None:
        assumptions["horizon_months"] = Driver("horizon_months", 12, 12, 12)
    return Case(
        days=days,
        effects=case.counted,
        assumptions=assumptions,
        volumes={"revenue": amount(volume, "revenue_volume"), "labour": amount(volume, "labour_volume")},
        operating=amount(cost, "operating_cost"),
        remediation=amount(cost, "remediation_cost"),
        training=amount(cost, "training_cost"),
    )


def reconciled(model: Case) -> tuple[Case, float]:
    """No benefit twice: of two benefits without an assumption on how much of the saved time went back into the same
    work, the smaller is left out. A loss is no benefit: it counts beside the other term. Returns the case, and what was
    left out or taken off, a year."""
    if not {"revenue", "labour"} <= set(model.effects):
        return model, 0.0
    values = model.bases()
    terms = model.terms(values)
    share = values.get("redeployed_share")
    if share is not None:
        whole = model.terms(values | {"redeployed_share": 0.0})["labour"]
        return model, float(whole - terms["labour"])
    if min(terms["labour"], terms["revenue"]) < 0:
        return model, 0.0
    smaller = min(("labour", "revenue"), key=lambda term: (terms[term], term))
    return replace(model, left_out=frozenset({smaller})), float(terms[smaller])


def double_counting_note(model: Case) -> str | None:
    if not model.left_out:
        return None
    (term,) = model.left_out
    kept = "revenue" if term == "labour" else "labour"
    what = {"labour": "The labour saved", "revenue": "The revenue"}[term]
    return (
        f"{what} is left out, because the {kept} may contain it: add the row redeployed_share (how much of the saved "
        "time went back into the same work) to the seed roi_assumptions."
    )


def scenario(model: Case, values: Mapping[str, float]) -> tuple[float | None, float | None]:
    """The return with every assumption at its worse end, and at its better; estimates stay."""
    ends: list[dict[str, float]] = [dict(values), dict(values)]
    for name, driver in model.drivers().items():
        if name.endswith("_effect"):
            continue
        low, high = (model.roi_at({**values, name: end}) for end in (driver.low, driver.high))
        if low is not None and high is not None:
            both = (driver.low, driver.high) if low <= high else (driver.high, driver.low)
            ends[0][name], ends[1][name] = both
    return model.roi_at(ends[0]), model.roi_at(ends[1])


def beside_value(case: UseCase, cost: Mapping[str, Any], volume: Mapping[str, Any], days: float) -> float:
    """What the estimates that are not admitted would be worth a year, at the base of all assumptions."""
    beside = {term: driver for term, driver in case.beside.items() if term not in case.counted}
    usable = {t: d for t, d in beside.items() if all(n in case.assumptions for n in NEEDED[t])}
    if not usable:
        return 0.0
    other = replace(build(case, cost, volume, days, case.assumptions.get("horizon_months")), effects=usable)
    terms = other.terms(other.bases())
    return float(terms["revenue"] + terms["labour"])


def add_cost(company: Company, cost: Mapping[str, Any], terms: Mapping[str, Any]) -> None:
    per_year = 365 / float(cost["days"])
    company.priced += 1
    company.pays_unmapped |= str(cost["use_case_id"]) == UNMAPPED
    for name in company.cost:
        company.cost[name] += float(terms[name]) / per_year


def whole_company(period_key: str, company: Company, draws: int) -> list[dict[str, Any]]:
    """The company: established benefits against the cost of all use cases whose cost is known, whether or not they
    have a benefit to show. A use case of unknown cost is in neither side, and named."""
    per_year = 365 / company.days
    cost = {name: value * per_year for name, value in company.cost.items()}
    base = _row("summary", ALL, period_key, days=company.days, draws=0)
    without = f"Without {', '.join(sorted(company.costless))}: the cost is not known." if company.costless else None
    known = {f"{name}_cost": value for name, value in cost.items()}
    shown = known if company.priced else {}
    if not company.use_cases or cost["operating"] == 0:
        why = "No use case has an established benefit and a known cost in this period."
        return [base | shown | {"reason": sentence([why, without])}]
    revenue, labour = (company.terms[t] * per_year for t in ("revenue", "labour"))
    spent = cost["operating"] + company.spent * per_year
    outcome = (company.benefit * per_year - spent - cost["remediation"]) / spent
    outcome = np.broadcast_to(np.asarray(outcome), (draws,))
    net = revenue + labour - cost["operating"] - cost["remediation"]
    found = quantiles_of(outcome)
    at = dict(zip(QUANTILES, found, strict=True))
    whose = "costs of all use cases on the map since each went live"
    whose += ", and charges without a live use case." if company.pays_unmapped else "."
    counted = f"Benefits of {', '.join(company.use_cases)}; {whose}"
    values = {
        "revenue": revenue,
        "labour_saved": labour,
        "net_benefit": net,
        "not_counted": company.not_counted * per_year,
        "double_counted": company.double_counted * per_year,
        "roi": net / cost["operating"],
        "roi_ci_low": at[0.025],
        "roi_ci_high": at[0.975],
        "p_positive": float(np.mean(outcome > 0)),
        "draws": draws,
        "reason": sentence([counted, without]),
    }
    rows = [base | shown | values]
    for probability, r in zip(QUANTILES, found, strict=True):
        rows.append(_row("quantile", ALL, period_key, quantile=probability, roi=r, draws=draws))
    return rows
