"""From the terms, volumes and costs of every use case and period to its return on investment: what the dbt Python
model calls.

All tables are pandas DataFrames with the columns of the dbt models of the same name.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
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
    Numbers,
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
NEVER: tuple[float, list[str]] = (0.0, [])  # nothing of it is counted twice


@dataclass
class Company:
    """What there is of the use cases in one period. Money is of the period, not of a year."""

    days: float = 0.0
    cost: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("operating", "training", "remediation"), 0.0))
    parts: list["Part"] = field(default_factory=list)
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
    """What is known of one use case, whatever the period.

    Effects by term: `counted` are in the return, `not_shown` were chosen for it but are gains that their claims don't
    show, `beside` may not be in it at all. `drawn_with`: the experiment whose draw an effect shares.
    """

    use_case_id: str
    assumptions: dict[str, Driver]
    wrong: dict[str, str]
    counted: dict[str, Driver] = field(default_factory=dict)
    not_shown: dict[str, Driver] = field(default_factory=dict)
    beside: dict[str, Driver] = field(default_factory=dict)
    drawn_with: dict[str, str] = field(default_factory=dict)
    grades: dict[str, str | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stale_since: str | None = None
    is_admitted_by_var: bool = False

    def missing_assumptions(self) -> Iterable[str]:
        wanted = [name for term in sorted(self.counted) for name in NEEDED[term]]
        for name in (*wanted, *ALWAYS):
            if name in self.wrong:
                yield self.wrong[name]
            elif name not in self.assumptions:
                yield f"Add the row {name} of {self.use_case_id} to the seed roi_assumptions."

    def usable(self, effects: Mapping[str, Driver]) -> dict[str, Driver]:
        """The effects whose assumptions are all there."""
        return {t: d for t, d in effects.items() if all(n in self.assumptions for n in NEEDED[t])}


def is_true(value: Any) -> bool:
    return not is_missing(value) and bool(value)


def read_use_case(
    use_case_id: str,
    effects: list[dict[str, Any]],
    assumptions: list[dict[str, Any]],
    claimed: bool,
) -> UseCase:
    read = {str(row["name"]): assumption(row) for row in assumptions}
    case = UseCase(
        use_case_id,
        {k: v for k, v in read.items() if isinstance(v, Driver)},
        {k: v for k, v in read.items() if isinstance(v, str)},
    )
    for row in effects:
        read_effect(case, row)
    if not claimed:
        case.problems.append(f"No estimate says what {use_case_id} brings: add its row to the seed roi_terms.")
    return case


def read_effect(case: UseCase, row: Mapping[str, Any]) -> None:
    """One row of `roi_effects`: into what it counts for, with the notes that it needs."""
    term, found = str(row["term"]), effect(row)
    named = f"The {term} by {row['metric_id']} in {row['experiment_id']}"
    if isinstance(found, str):
        case.notes.append(found)
        return
    if not is_true(row["is_counted"]):
        case.notes.append(str(row["not_counted_because"]))
    if is_true(row["is_counted"]) or is_true(row.get("is_chosen")):
        (case.counted if is_true(row["is_counted"]) else case.not_shown)[term] = found
        case.drawn_with[term] = str(row["experiment_id"])
        if is_true(row.get("is_admitted_by_var")):
            case.is_admitted_by_var = True
            case.notes.append(
                f"{named} has grade {row['evidence_grade']}, no evidence of a cause: the var roi_evidence_grades "
                "admits it."
            )
    elif int(row["choice"]) == 1 and ("has_price" not in row or is_true(row["has_price"])):
        # Volumes are those of the first choice, so another's effect has none.
        case.beside[term] = found
    if is_true(row["is_counted"]):
        case.grades[term] = row["evidence_grade"]
        if not is_missing(row.get("stale_since")):
            since = str(row["stale_since"])[:10]
            case.stale_since = min(since, case.stale_since or since)
            case.notes.append(f"{named} is stale since {since}, when what AI does changed: measure again.")


def returns(
    costs: pd.DataFrame,
    volumes: pd.DataFrame,
    effects: pd.DataFrame,
    assumptions: pd.DataFrame,
    overlaps: pd.DataFrame | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pa.Table:
    """From `roi_costs`, `roi_volumes`, `roi_effects`, the seed `roi_assumptions` and `roi_overlaps`, as `RETURNS`."""
    return write_table(return_rows(costs, volumes, effects, assumptions, overlaps, draws, seed), RETURNS)


def return_rows(
    costs, volumes, effects, assumptions, overlaps=None, draws: int = DRAWS, seed: int = SEED
) -> list[dict[str, Any]]:
    """The rows of `returns`: parts `summary`, `sensitivity`, `quantile` and `bridge`, one summary for each use case and
    period and one for all of them. Rows are read in a fixed order, so that every engine ends in the same numbers."""
    order = ["experiment_id", "metric_id"]
    terms = _grouped(
        sorted(records(effects), key=lambda r: (str(r["term"]), int(r["choice"]), *(str(r[c]) for c in order)))
    )
    assumed = _grouped(sorted(records(assumptions), key=lambda r: (str(r["use_case_id"]), str(r["name"]))))
    counts = {(str(r["use_case_id"]), str(r["period_key"])): r for r in records(volumes)}
    overlapping = Overlaps.read([] if overlaps is None else records(overlaps))
    cases: dict[str, UseCase] = {}
    companies: dict[str, Company] = {}
    rows = []
    for cost in sorted(records(costs), key=lambda r: (str(r["use_case_id"]), str(r["period_key"]))):
        name = str(cost["use_case_id"])
        if name not in cases:
            cases[name] = read_use_case(name, terms.get(name, []), assumed.get(name, []), name in terms)
            overlapping.join(cases[name])
        company = companies.setdefault(str(cost["period_key"]), Company())
        rows += one_period(cases[name], cost, counts.get((name, str(cost["period_key"])), {}), company, draws, seed)
    for period_key, company in sorted(companies.items()):
        rows += whole_company(period_key, company, overlapping, draws)
    return rows


@dataclass(frozen=True)
class Overlaps:
    """Which use cases reach the same units with their revenue: `together`, whose effect is one, and `apart`, whose arms
    are independent. `groups`: of those together the name of the draw that they share."""

    together: Mapping[str, Mapping[str, float]]
    apart: Mapping[str, Sequence[str]]
    treated: Mapping[str, float]
    groups: Mapping[str, str]

    @classmethod
    def read(cls, rows: Iterable[Mapping[str, Any]]) -> "Overlaps":
        together: dict[str, dict[str, float]] = {}
        apart: dict[str, list[str]] = {}
        treated: dict[str, float] = {}
        for row in rows:
            name, other = str(row["use_case_id"]), str(row["other_use_case_id"])
            treated[name] = float(row["n_treated"])
            if is_true(row["is_together"]):
                together.setdefault(name, {})[other] = float(row["share_shared"])
                together.setdefault(other, {}).setdefault(name, 0.0)
            elif row["share_shared"] > 0:
                apart.setdefault(name, []).append(other)
        groups: dict[str, str] = {}
        for first in sorted(together):
            waiting = [first]
            while waiting:
                name = waiting.pop()
                if name not in groups:
                    groups[name] = f"with {first}"
                    waiting += together[name]
        return cls(together, apart, treated, groups)

    def join(self, case: UseCase) -> None:
        """The draw of a use case's revenue, and of what its experiment says of labour, becomes that of its group."""
        group, experiment = self.groups.get(case.use_case_id), case.drawn_with.get("revenue")
        if group is not None and experiment is not None:
            case.drawn_with.update({term: group for term, of in case.drawn_with.items() if of == experiment})

    def shares(self, parts: Sequence["Part"]) -> dict[str, tuple[float, list[str]]]:
        """The share of each use case's revenue that others count already, and which. The first counts in whole: what
        is in the return before what is beside it, then who treated more units; never by the size of the effect."""
        order = sorted(
            (p for p in parts if "revenue" in p.case.drawn_with),
            key=lambda p: (
                "revenue" not in p.case.counted,
                -self.treated.get(p.case.use_case_id, 0.0),
                str(p.case.grades.get("revenue")),
                p.case.use_case_id,
            ),
        )
        found: dict[str, tuple[float, list[str]]] = {}
        for part in order:
            mine = self.together.get(part.case.use_case_id, {})
            others = [name for name in found if mine.get(name, 0.0) > 0]
            share = sum(mine[name] * (1 - found[name][0]) for name in others)
            found[part.case.use_case_id] = (min(share, 1.0), others)
        return found


def _grouped(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row["use_case_id"]), []).append(row)
    return groups


def _row(part: str, use_case_id: str, period_key: str, **values: Any) -> dict[str, Any]:
    finite = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
    return dict.fromkeys(RETURNS.names) | {"part": part, "use_case_id": use_case_id, "period_key": period_key} | finite


@dataclass(frozen=True)
class Run:
    """A case without double counting, at its base and in all draws; money is a year's."""

    model: Case
    dropped: float
    terms: dict[str, Any]
    random: dict[str, Any]
    outcome: np.ndarray
    worth: np.ndarray

    @classmethod
    def of(cls, model: Case, name: str, draws: int, seed: int) -> "Run":
        model, dropped = reconciled(model)
        drawn = draws_of(model, name, draws, seed)
        outcome, worth = (np.broadcast_to(np.asarray(f(drawn)), (draws,)) for f in (model.roi, model.npv))
        return cls(model, dropped, model.terms(model.bases()), model.terms(drawn), outcome, worth)

    def counted_twice(self, share: float) -> float:
        """Of the revenue of the period. A loss is never counted away."""
        return share * max(float(self.terms["revenue"]), 0.0) / self.model.per_year

    def benefit(self, share: float) -> Numbers:
        kept = 1 - share if self.terms["revenue"] > 0 else 1.0
        return (self.random["revenue"] * kept + self.random["labour"]) / self.model.per_year

    def term(self, name: str) -> float:
        return float(self.terms[name]) / self.model.per_year


@dataclass(frozen=True)
class Part:
    """A use case of known cost in the company's period: `run` of what is established, `wide` with what is not shown,
    where there is any. `net`, `not_counted` and `not_shown` are of the period."""

    case: UseCase
    per_year: float
    net: float
    run: Run | None = None
    wide: Run | None = None
    not_counted: float = 0.0
    not_shown: float = 0.0


def with_not_shown(run: Run) -> dict[str, Any]:
    """The return of all effects that were chosen, shown or not."""
    low, high = np.quantile(run.outcome, (0.025, 0.975))
    return {
        "roi_with_not_shown": run.model.roi(run.model.bases()),
        "roi_with_not_shown_ci_low": float(low),
        "roi_with_not_shown_ci_high": float(high),
        "p_positive_with_not_shown": float(np.mean(run.outcome > 0)),
    }


def one_period(
    case: UseCase, cost: Mapping[str, Any], volume: Mapping[str, Any], company: Company, draws: int, seed: int
) -> list[dict[str, Any]]:
    """The rows of one use case in one period; adds it to the company's."""
    name, period_key, days = case.use_case_id, str(cost["period_key"]), float(cost["days"])
    grades = {f"{term}_grade": case.grades.get(term) for term in ("revenue", "labour")}
    marks = {"is_admitted_by_var": case.is_admitted_by_var}
    company.days = max(company.days, float(cost["days_in_period"]))
    problems = [*case.problems, *case.missing_assumptions()]
    if name == UNMAPPED:
        problems = ["Charges without a live use case: assign them to the use case they belong to."]
    problems += [str(cost["reason"])] if not is_missing(cost["reason"]) else []
    hidden = {"labour"} if not is_missing(volume.get("labour_reason")) else set()
    if hidden & set(case.counted):
        problems.append(str(volume["labour_reason"]))
    known_cost = is_missing(cost["reason"])
    if known_cost and not cost["operating_cost"] and (is_missing(cost["training_cost"]) or not cost["training_cost"]):
        problems.append("Its operating cost is 0, so there is no return on it.")
    not_shown = {t: d for t, d in case.usable(case.not_shown).items() if t not in hidden}
    outside = {"not_counted": {t: d for t, d in case.beside.items() if t not in hidden}, "not_shown": not_shown}
    model = build(case, case.counted, cost, volume, days)
    values = model.bases()
    wide = None if problems else Run.of(replace(model, effects={**case.counted, **not_shown}), name, draws, seed)
    if not known_cost:
        company.costless.append(name)
    if problems or not case.counted:
        bare = replace(model, effects={})
        terms = bare.terms(bare.bases()) if known_cost else {}
        shown = {
            "operating_cost": terms.get("operating"),
            "training_cost": terms.get("training"),
            "remediation_cost": terms.get("remediation"),
        }
        if known_cost:
            add_cost(company, cost, terms)
            if wide is not None:
                shown |= {k: worth_of(case, v, cost, volume, days) for k, v in outside.items()}
                shown |= with_not_shown(wide) if not_shown else {}
            spent, year = float(terms["operating"] + terms["remediation"]), model.per_year
            worth = (number(shown.get(k), 0.0) / year for k in outside)
            company.parts.append(Part(case, year, -spent / year, None, wide if not_shown else None, *worth))
        none = [] if case.counted or case.problems else ["No benefit of it is established."]
        reason = sentence([*none, *problems, *case.notes])
        return [_row("summary", name, period_key, days=days, draws=0, reason=reason, **grades, **marks, **shown)]
    assert wide is not None
    run = Run.of(model, name, draws, seed) if not_shown else wide
    model, terms, outcome = run.model, run.terms, run.outcome
    add_cost(company, cost, terms)
    beside, unshown = (worth_of(case, effects, cost, volume, days) for effects in outside.values())
    net, year = net_benefit(model, values), model.per_year
    company.parts.append(Part(case, year, net / year, run, wide, beside / year, unshown / year))
    roi_quantiles, npv_quantiles = quantiles_of(outcome), quantiles_of(run.worth)
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
            net_benefit=net,
            not_counted=beside,
            not_shown=unshown,
            double_counted=run.dropped,
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
            stale_since=case.stale_since,
            reason=sentence([late, alone, *case.notes]),
            **with_not_shown(wide),
            **grades,
            **marks,
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
                **marks,
            )
        )
    for probability, r, v in zip(QUANTILES, roi_quantiles, npv_quantiles, strict=True):
        values = {"quantile": probability, "roi": r, "net_present_value": v, "draws": draws}
        rows.append(_row("quantile", name, period_key, **values, **marks))
    return rows


def build(
    case: UseCase, effects: Mapping[str, Driver], cost: Mapping[str, Any], volume: Mapping[str, Any], days: float
) -> Case:
    def amount(row: Mapping[str, Any], column: str) -> float:
        return number(row.get(column), 0.0)

    assumptions = dict(case.assumptions)
    assumptions.setdefault("horizon_months", Driver("horizon_months", 12, 12, 12))
    return Case(
        days=days,
        effects=effects,
        assumptions=assumptions,
        volumes={"revenue": amount(volume, "revenue_volume"), "labour": amount(volume, "labour_volume")},
        operating=amount(cost, "operating_cost"),
        remediation=amount(cost, "remediation_cost"),
        training=amount(cost, "training_cost"),
        drawn_with=case.drawn_with,
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


def worth_of(
    case: UseCase, effects: Mapping[str, Driver], cost: Mapping[str, Any], volume: Mapping[str, Any], days: float
) -> float:
    """What effects that are not in the return would be worth a year, at the base of all assumptions."""
    usable = case.usable(effects)
    if not usable:
        return 0.0
    other = build(case, usable, cost, volume, days)
    terms = other.terms(other.bases())
    return float(terms["revenue"] + terms["labour"])


def add_cost(company: Company, cost: Mapping[str, Any], terms: Mapping[str, Any]) -> None:
    per_year = 365 / float(cost["days"])
    company.priced += 1
    company.pays_unmapped |= str(cost["use_case_id"]) == UNMAPPED
    for name in company.cost:
        company.cost[name] += float(terms[name]) / per_year


def company_bridge(
    period_key: str, company: Company, shares: Mapping[str, tuple[float, list[str]]], net: float
) -> list[dict[str, Any]]:
    """From the net benefit of each use case, in a year of its own, to its part of the company's, and the sum."""
    per_year = 365 / company.days
    rows = []
    for name in company.costless:
        reason = "Its cost is not known: it is in neither side."
        rows.append(_row("bridge", name, period_key, reason=reason, is_admitted_by_var=False))
    total = dict.fromkeys(("net_benefit", "rescaled", "counted_twice", "not_counted", "not_shown"), 0.0)
    for part in company.parts:
        share, others = shares.get(part.case.use_case_id, (0.0, []))
        twice = 0.0 if part.run is None else part.run.counted_twice(share)
        reasons = [
            None if part.run else "No established benefit: its cost is the company's all the same.",
            f"Its revenue is counted once, with that of {', '.join(others)}." if twice > 0 else None,
        ]
        values = {
            "net_benefit": part.net * part.per_year,
            "rescaled": part.net * (per_year - part.per_year),
            "counted_twice": 0.0 - twice * per_year,
            "not_counted": part.not_counted * per_year,
            "not_shown": part.not_shown * per_year,
        }
        total = {k: v + values[k] for k, v in total.items()}
        whole = values["net_benefit"] + values["rescaled"] + values["counted_twice"]
        marks = {"reason": sentence(reasons), "is_admitted_by_var": part.case.is_admitted_by_var}
        rows.append(_row("bridge", part.case.use_case_id, period_key, company_net_benefit=whole, **values, **marks))
    if company.parts:
        marks = {"is_admitted_by_var": any(p.case.is_admitted_by_var for p in company.parts)}
        rows.append(_row("bridge", ALL, period_key, company_net_benefit=net, **total, **marks))
    return rows


def company_notes(
    counted: Sequence[Part], shares: Mapping[str, tuple[float, list[str]]], overlaps: Overlaps
) -> list[str | None]:
    """What a reader of the sum must know: what is counted once, what may affect each other, what is stale or weak."""
    notes: list[str | None] = []
    in_sum = [p.case.use_case_id for p in counted if "revenue" in p.case.counted]
    for name in in_sum:
        share, others = shares.get(name, (0.0, []))
        if share > 0:
            notes.append(
                f"The revenue of {name} is counted once, with that of {', '.join(others)}: their experiments treat the "
                "same units."
            )
        also = [other for other in overlaps.apart.get(name, []) if other in in_sum and name < other]
        if also:
            notes.append(
                f"{name} treats some of the units of {', '.join(sorted(also))}: their revenue adds up if neither "
                "changes what the other does."
            )
    stale = ", ".join(p.case.use_case_id for p in counted if p.case.stale_since is not None)
    admitted = ", ".join(p.case.use_case_id for p in counted if p.case.is_admitted_by_var)
    return [
        *notes,
        f"Stale evidence, to be measured again: {stale}." if stale else None,
        f"Evidence of grade D or E, admitted by the var roi_evidence_grades: {admitted}." if admitted else None,
    ]


def whole_company(period_key: str, company: Company, overlaps: Overlaps, draws: int) -> list[dict[str, Any]]:
    """The company: established benefits against the cost of all use cases whose cost is known, whether or not they
    have a benefit to show. A use case of unknown cost is in neither side, and named."""
    per_year = 365 / company.days
    cost = {name: value * per_year for name, value in company.cost.items()}
    marks = {"is_admitted_by_var": any(p.case.is_admitted_by_var for p in company.parts)}
    counted = [p for p in company.parts if p.run is not None]
    shares = overlaps.shares(counted)
    terms = {name: sum(p.run.term(name) for p in counted if p.run) * per_year for name in ("revenue", "labour")}
    twice = sum(p.run.counted_twice(shares.get(p.case.use_case_id, NEVER)[0]) for p in counted if p.run) * per_year
    revenue = terms["revenue"] - twice
    net = revenue + terms["labour"] - cost["operating"] - cost["remediation"]
    bridge = company_bridge(period_key, company, shares, net)
    without = f"Without {', '.join(sorted(company.costless))}: the cost is not known." if company.costless else None
    known = {f"{name}_cost": value for name, value in cost.items()}
    base = _row("summary", ALL, period_key, days=company.days, draws=0, **marks) | (known if company.priced else {})
    if cost["operating"] != 0:
        base |= company_with_not_shown(company, overlaps, cost, draws)
    if not counted or cost["operating"] == 0:
        why = "No use case has an established benefit and a known cost in this period."
        return [base | {"reason": sentence([why, without])}, *bridge]
    outcome = company_outcome(counted, "run", shares, cost, per_year, draws)
    found = quantiles_of(outcome)
    at = dict(zip(QUANTILES, found, strict=True))
    whose = "costs of all use cases on the map since each went live"
    whose += ", and charges without a live use case." if company.pays_unmapped else "."
    told = f"Benefits of {', '.join(p.case.use_case_id for p in counted)}; {whose}"
    values = {
        "revenue": revenue,
        "labour_saved": terms["labour"],
        "net_benefit": net,
        "not_counted": sum(p.not_counted for p in company.parts) * per_year,
        "double_counted": sum(p.run.dropped / p.per_year for p in counted if p.run) * per_year,
        "counted_twice": twice,
        "roi": net / cost["operating"],
        "roi_ci_low": at[0.025],
        "roi_ci_high": at[0.975],
        "p_positive": float(np.mean(outcome > 0)),
        "draws": draws,
        "stale_since": min((p.case.stale_since for p in counted if p.case.stale_since is not None), default=None),
        "reason": sentence([told, without, *company_notes(counted, shares, overlaps)]),
    }
    rows = [base | values, *bridge]
    for probability, r in zip(QUANTILES, found, strict=True):
        rows.append(_row("quantile", ALL, period_key, quantile=probability, roi=r, draws=draws, **marks))
    return rows


def company_outcome(
    parts: Sequence[Part],
    which: str,
    shares: Mapping[str, tuple[float, list[str]]],
    cost: Mapping[str, float],
    per_year: float,
    draws: int,
) -> np.ndarray:
    """The company's return in all draws, of the `run` or the `wide` of each part."""
    benefit: Numbers = 0.0
    spent: Numbers = cost["operating"]
    for part in parts:
        run = getattr(part, which)
        benefit = benefit + run.benefit(shares.get(part.case.use_case_id, NEVER)[0]) * per_year
        spent = spent + (run.random["training"] - run.terms["training"]) / run.model.per_year * per_year
    outcome = (benefit - spent - cost["remediation"]) / spent
    return np.broadcast_to(np.asarray(outcome), (draws,))


def company_with_not_shown(
    company: Company, overlaps: Overlaps, cost: Mapping[str, float], draws: int
) -> dict[str, float]:
    """The company's return with the gains that are not shown; nothing where no use case has an effect."""
    per_year, parts = 365 / company.days, [p for p in company.parts if p.wide is not None]
    if not parts:
        return {}
    shares = overlaps.shares(parts)
    net = -cost["operating"] - cost["remediation"]
    for part in parts:
        assert part.wide is not None
        benefit = part.wide.term("revenue") + part.wide.term("labour")
        net += (benefit - part.wide.counted_twice(shares.get(part.case.use_case_id, NEVER)[0])) * per_year
    outcome = company_outcome(parts, "wide", shares, cost, per_year, draws)
    low, high = np.quantile(outcome, (0.025, 0.975))
    return {
        "not_shown": sum(p.not_shown for p in company.parts) * per_year,
        "roi_with_not_shown": net / cost["operating"],
        "roi_with_not_shown_ci_low": float(low),
        "roi_with_not_shown_ci_high": float(high),
        "p_positive_with_not_shown": float(np.mean(outcome > 0)),
    }
