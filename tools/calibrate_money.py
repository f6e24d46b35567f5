"""What the return and the revenue KPIs promise, measured as `tools.calibrate` measures experiments: a section of
docs/calibration.md.

The KPIs are run by the SQL of their models, the return by `returns`, each over companies whose truth is known.
"""

import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd

from ai_impact_stats.estimators.effects import difference, relative_effect
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.impact.returns import return_rows

RUNS, RETURN_RUNS, DEAL_RUNS, SEED, ALPHA = 2000, 1000, 400, 20260302, 0.05
# Every run has draws of its own, so that their being few averages out over the runs.
DRAWS = 4000
TITLE = "## Money"
MODELS = ("kpi_retained_revenue", "kpi_revenue_influenced", "roi_effects")


@dataclass(frozen=True)
class Result:
    """Of runs, the share that shows a number with an interval, and how many of those intervals hold the truth; where
    nothing is earned, how often a gain is claimed: by an interval above 0, or by P(ROI > 0) of .95."""

    name: str
    runs: int
    shown: float
    coverage: float
    gains: float
    expected_gains: float = ALPHA / 2
    # What is known to be so, in a word: "too wide", "as picked".
    known: str = ""

    def holds(self) -> str:
        if self.shown <= 0.1:
            return "says so"
        if self.known:
            return self.known
        known = 1.96 * math.sqrt(ALPHA * (1 - ALPHA) / (self.runs * self.shown))
        covered = math.isnan(self.coverage) or abs(self.coverage - 1 + ALPHA) <= 0.015 + known
        return "yes" if covered and self.gains <= self.expected_gains + 0.01 + known else "**no**"


# --------------------------------------------------------------------------------------------------- KPIs, by their SQL


def compiled() -> dict[str, str]:
    """The SQL of the models, over the tables of no database in particular."""
    from tools import dbt
    from tools.check import EMPTY

    options = ("--indirect-selection", "empty", "--target", "duckdb", "--profile", "ai_impact")
    with patch.dict(os.environ, EMPTY):
        done = dbt.run(["compile", "--select", *MODELS, *options, "--profiles-dir", "."])
    return {r.node.name: re.sub(r'"\w+"\."\w+"\.', "", r.node.compiled_code) for r in done.result.results
            if r.node.resource_type == "model"}  # fmt: skip


def day(run: int) -> np.datetime64:
    return np.datetime64("1900-01-01") + run * 3


def companies(runs: int) -> duckdb.DuckDBPyConnection:
    """Each run is a company whose days are its own."""
    con = duckdb.connect(config={"threads": 1})
    days = pd.DataFrame({"period_key": range(runs), "date_day": [day(run) for run in range(runs)]})
    con.register("days", days)
    con.execute("""
        create table int_long_periods as
        select cast(period_key as varchar) as period_key, 'month' as period_grain, cast(date_day as date) as date_day,
            '(all)' as baseline_of
        from days""")
    return con


def retained(sql: str, n: tuple[int, int], churn: float, sigma: float, effect: float) -> pd.DataFrame:
    """Accounts held out and reached, which leave with lognormal amounts of a mean of 1."""
    rng, con = np.random.default_rng(SEED), companies(RUNS)
    reached = np.tile(np.repeat([0, 1], n), RUNS)
    at = np.repeat([day(run) for run in range(RUNS)], sum(n))
    left = rng.random(len(at)) < churn * (1 - effect * reached)
    amount = np.exp(sigma * rng.standard_normal(len(at)) - sigma**2 / 2)
    con.register("drawn", pd.DataFrame({"is_reached": reached, "on_day": at, "has_left": left, "amount": amount}))
    con.execute("""
        create table int_retained_accounts as
        select is_reached, cast(on_day as date) as assigned_on, cast(on_day as date) + 1 as ends_on,
            case when has_left then cast(on_day as date) end as left_on, case when has_left then amount end as amount,
            cast(null as varchar) as problem
        from drawn""")
    return con.execute(sql).df().assign(truth=n[1] * churn * effect)


def influenced(sql: str, n: tuple[int, int], won: float, sigma: float, effect: float) -> pd.DataFrame:
    """Closed deals of the baseline window, which is one for all periods, and of a month that decisions came before."""
    rng, found = np.random.default_rng(SEED), []
    with companies(1) as con:
        con.execute("insert into int_long_periods values ('base', 'baseline', date '1900-01-02', 'u')")
        con.execute("create table kpi_catalog as select 'incremental_revenue_influenced' as kpi_id, "
                    "'u' as baseline_use_case_id")  # fmt: skip
        on, truth = np.repeat(np.array(["1900-01-02", "1900-01-01"]), n), n[1] * effect
        con.execute("create table int_influenced_opportunities (closed_on date, is_influenced boolean, revenue double, "
                    "problem varchar)")  # fmt: skip
        for _ in range(DEAL_RUNS):
            revenue = np.exp(sigma * rng.standard_normal(sum(n)) - sigma**2 / 2) * (rng.random(sum(n)) < won) / won
            revenue[n[0] :] *= 1 + effect
            deals = pd.DataFrame({"on": on, "revenue": revenue})
            con.register("deals", deals)
            con.execute("delete from int_influenced_opportunities")
            con.execute("""insert into int_influenced_opportunities
                select cast("on" as date), "on" = '1900-01-01', revenue, null from deals""")
            found.append(con.execute(sql).df())
    return pd.concat(found).assign(truth=truth)


def of_kpi(name: str, runs: int, draw: Callable[[float], pd.DataFrame], effect: float) -> Result:
    def shown(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows.ci_low.notna()]

    null, real = shown(draw(0.0)), shown(draw(effect))
    both = pd.concat([null, real])
    held = (both.ci_low <= both.truth) & (both.truth <= both.ci_high)
    share = len(both) / (2 * runs)
    gains = float((null.ci_low > 0).mean()) if len(null) else math.nan
    return Result(name, runs, share, float(held.mean()) if len(both) else math.nan, gains)


def kpi_cells(sql: dict[str, str]) -> Iterator[Callable[[], Result]]:
    accounts = ((1000, 1000, 0.05, 1.0), (200, 200, 0.2, 0.5), (200, 800, 0.2, 1.0), (500, 2000, 0.1, 1.0),
                (500, 4500, 0.2, 1.0), (800, 1900, 0.12, 1.3), (200, 200, 0.05, 1.0))  # fmt: skip
    for n, m, churn, sigma in accounts:
        name = f"retained revenue, {n:,} held out, {m:,} reached, churn {churn:.0%}, σ = {sigma:g}"
        yield partial(of_kpi, name, RUNS, partial(retained, sql[MODELS[0]], (n, m), churn, sigma), 0.4)
    for n, m, won, sigma in ((500, 100, 0.3, 0.5), (500, 500, 0.3, 1.0), (2000, 200, 0.3, 1.0), (200, 30, 0.3, 1.0)):
        name = f"influenced revenue, {m:,} deals, {n:,} in the baseline, {won:.0%} won, σ = {sigma:g}"
        yield partial(of_kpi, name, DEAL_RUNS, partial(influenced, sql[MODELS[1]], (n, m), won, sigma), 0.3)


# ----------------------------------------------------------------------------------------------------------- the return

FIXED = {"value_per_unit": 1.0, "recapture_rate": 1.0, "redeployed_share": 0.0, "horizon_months": 12.0}
FIXED |= {"discount_rate": 0.08}
# Units that the effect is paid for in the period, as against the standard error of the experiment's mean.
UNITS = 1000.0


def trial(rng: np.random.Generator, effect: float, n: int, values: str) -> tuple[Arm, Arm]:
    """Arms whose difference is `effect`, in standard errors."""
    spread = math.sqrt(2 / n)

    def arm(level: float) -> Arm:
        if values == "share":
            chance = 0.3 + level * math.sqrt(0.3 * 0.7)
            return Arm.from_proportion(int(rng.binomial(n, chance)), n)
        y = rng.exponential(1, n) if values == "skewed" else rng.standard_normal(n) + 1
        return Arm.from_values(y + level)

    return arm(effect * spread), arm(0.0)


def unit_of(n: int, values: str) -> float:
    return math.sqrt(2 / n) * (math.sqrt(0.3 * 0.7) if values == "share" else 1.0)


def row(use_case: str, term: str, estimate, is_shown: bool = True, **more) -> dict:
    """A row of roi_effects, as the model gives it: a gain that is not shown is chosen, and not counted."""
    counted = is_shown or estimate.estimate <= 0
    return {
        "use_case_id": use_case, "term": term, "experiment_id": f"{use_case} {term}", "metric_id": "m",
        "basis": "per_unit" if term == "revenue" else "hours_per_task", "estimate": estimate.estimate,
        "ci_low": estimate.ci_low, "ci_high": estimate.ci_high, "alpha": ALPHA, "direction": "up", "choice": 1,
        "has_price": True, "is_chosen": True, "is_counted": counted, "is_admitted_by_var": False,
        "evidence_grade": "A", "reason": None, "stale_since": None, "not_counted_because": "It is not shown.",
        "relative_ci_low": None, "relative_ci_high": None, "relative_std_error": None, "mean_control": None,
    } | more  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """One company in a period of its own: what its experiments found, what its use cases cost, and its true return, of
    the first use case or, with `is_company`, of all."""

    effects: list[dict]
    costs: dict[str, float]
    truth: float
    is_company: bool = False
    overlaps: tuple[dict, ...] = ()


def summaries(drawn: list[Drawn], assumed: dict, sql: str | None = None) -> list[dict]:
    """The summary of each, by one call: every run has use cases, experiments and so draws of its own."""
    costs, volumes, drivers = [], [], []
    ends = {k: v if isinstance(v, tuple) else (v, v, v) for k, v in assumed.items()}
    for at, company in enumerate(drawn):
        for name, cost in company.costs.items():
            key = {"use_case_id": name, "period_key": str(at)}
            spent = {"operating_cost": cost, "training_cost": 0.0, "remediation_cost": 0.0, "reason": None}
            costs.append(key | {"days": 365.0, "days_in_period": 365.0} | spent)
            volumes.append(key | {"revenue_volume": UNITS, "labour_volume": UNITS, "labour_reason": None})
            for k, (low, base, high) in ends.items():
                driver = {"use_case_id": name, "name": k, "low": low, "base": base, "high": high}
                drivers.append(driver | {"distribution": "triangular"})
    effects = [row for company in drawn for row in company.effects]
    effects = effects if sql is None else chosen(sql, effects)
    shared = [row for company in drawn for row in company.overlaps]
    frames = (pd.DataFrame(part) for part in (costs, volumes, effects, drivers))
    found = return_rows(*frames, pd.DataFrame(shared) if shared else None, DRAWS, SEED)
    read = {(r["use_case_id"], r["period_key"]): r for r in found if r["part"] == "summary"}
    return [read["(all)" if d.is_company else next(iter(d.costs)), str(at)] for at, d in enumerate(drawn)]


# From a generator, how much is earned (1: as much as costs, 2: twice that) and a name of its own, to what was drawn.
Draw = Callable[[np.random.Generator, float, str], Drawn]


def one_term(n: int, values: str, power: float = 6.0, picked: bool = False, assumed=None) -> Draw:
    """The revenue of one experiment, whose effect is `power` standard errors; its cost is what it earns, or half."""

    def run(rng: np.random.Generator, earned: float, name: str) -> Drawn:
        effect = power * unit_of(n, values)
        found = difference(*trial(rng, power, n, values), ALPHA)
        worth = 1.0 if assumed is None else rng.triangular(*assumed["value_per_unit"])
        cost = effect * UNITS / earned
        is_shown = found.ci_low > 0 or not picked
        return Drawn([row(name, "revenue", found, is_shown)], {name: cost}, earned * worth - 1)

    return run


def two_terms(power: tuple[float, float], same: bool = False) -> Draw:
    """Revenue and labour of one use case, by two experiments or one, whose errors are then drawn as one."""

    def run(rng: np.random.Generator, earned: float, name: str) -> Drawn:
        rows = [
            row(name, term, difference(*trial(rng, p, 1000, "normal"), ALPHA))
            for term, p in zip(("revenue", "labour"), power, strict=True)
        ]
        if same:
            rows = [r | {"experiment_id": name} for r in rows]
        return Drawn(rows, {name: sum(power) * unit_of(1000, "normal") * UNITS / earned}, earned - 1)

    return run


def labour_by_pace(rng: np.random.Generator, earned: float, name: str) -> Drawn:
    """Hours of a task, from tasks per hour of 400 people an arm: 1.5, and 2 with AI."""

    def arm(pace: float):
        hours = rng.gamma(4, 10, 400)
        tasks = rng.poisson(hours * pace * rng.gamma(20, 1 / 20, 400)).astype(float)
        return UnitMoments.from_rows(tasks, hours).ratio()

    t, c = arm(2.0), arm(1.5)
    relative, saved = relative_effect(t, c, ALPHA), 1 / 1.5 - 1 / 2
    more = {"basis": "tasks_per_hour", "mean_control": c.mean, "relative_ci_low": relative.ci_low}
    more |= {"relative_ci_high": relative.ci_high, "relative_std_error": relative.std_error}
    return Drawn([row(name, "labour", difference(t, c, ALPHA), **more)], {name: saved * UNITS / earned}, earned - 1)


def use_cases(powers: tuple[float, ...], together: bool = False) -> Draw:
    """The company: the revenue of use cases, of experiments on other units or, `together`, on the same in the same
    arms, where each difference is that of all."""

    def run(rng: np.random.Generator, earned: float, name: str) -> Drawn:
        names = [f"{name}_{k}" for k in range(len(powers))]
        same = trial(rng, sum(powers), 1000, "normal")
        rows = [
            row(n, "revenue", difference(*(same if together else trial(rng, p, 1000, "normal")), ALPHA))
            for n, p in zip(names, powers, strict=True)
        ]
        shared = {"n_treated": 1000, "share_shared": 1.0, "is_together": True}
        pairs = [{"use_case_id": a, "other_use_case_id": b} | shared for a in names for b in names if a != b]
        cost = sum(powers) * unit_of(1000, "normal") * UNITS / earned / len(names)
        return Drawn(rows, dict.fromkeys(names, cost), earned - 1, True, tuple(pairs) if together else ())

    return run


def listed(rng: np.random.Generator, earned: float, name: str) -> Drawn:
    """Ten listed estimates without an effect, as candidates; cost is next to nothing."""
    registered = {"treatment_arm": "t", "method": "m", "transform": "none", "mean_treatment": 0.0}
    registered |= {"metric_role": "secondary", "registered_use_case_id": name, "window_days": 14}
    registered |= {"claim_verdict": None, "misfit": None, "ends_at": pd.Timestamp("2026-01-01")}
    found = [difference(*trial(rng, 0.0, 1000, "normal"), ALPHA) for _ in range(10)]
    rows = [
        row(name, "revenue", e, roi_effect_key=f"{name} {k}", verdict="improved" if e.ci_low > 0 else "inconclusive")
        | {"metric_id": f"m{k}"}
        | registered
        for k, e in enumerate(found)
    ]
    return Drawn(rows, {name: 1e-9}, -1.0)


def chosen(sql: str, effects: list[dict]) -> list[dict]:
    """What the model makes of candidates."""
    judged = "choice, has_price, is_chosen, is_counted, is_admitted_by_var, not_counted_because"
    texts = dict.fromkeys(("claim_verdict", "misfit", "reason", "stale_since"), "string")
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("listed", pd.DataFrame(effects).astype(texts))
        con.execute(f"create table roi_candidates as select * exclude ({judged}) from listed")
        con.execute("create table roi_guardrails as select '' as roi_effect_key, '' as worsened where false")
        return con.execute(sql).df().to_dict("records")


def of_return(
    name: str, draw: Draw, known: str = "", is_null_only: bool = False, assumed=None, sql: str | None = None
) -> Result:
    """Half of the runs break even: the true return is 0. The others earn twice what they cost."""
    rng, breaking = np.random.default_rng(SEED), RETURN_RUNS // (1 if is_null_only else 2)
    drawn = [draw(rng, 1.0 if at < breaking else 2.0, f"u{at}") for at in range(RETURN_RUNS)]
    found = summaries(drawn, FIXED if assumed is None else assumed, sql)
    shown = [(at, r) for at, r in enumerate(found) if r["roi_ci_low"] is not None]
    gains = sum(at < breaking and r["p_positive"] >= 1 - ALPHA for at, r in shown)
    held = [r["roi_ci_low"] <= drawn[at].truth <= r["roi_ci_high"] for at, r in shown]
    covered = math.nan if is_null_only or not held else float(np.mean(held))
    return Result(name, RETURN_RUNS, len(shown) / RETURN_RUNS, covered, gains / breaking, ALPHA, known)


PRICED = FIXED | {"value_per_unit": (0.6, 1.0, 1.4)}


def return_cells(sql: dict[str, str]) -> Iterator[Callable[[], Result]]:
    for name, draw in {
        "mean of 1,000 units": one_term(1000, "normal"),
        "mean of 20 units": one_term(20, "normal"),
        "skewed mean of 1,000 units": one_term(1000, "skewed"),
        "share of 1,000 units": one_term(1000, "share"),
        "hours of a task, from tasks per hour": labour_by_pace,
    }.items():
        yield partial(of_return, f"ROI of one term, {name}", draw)
    name = "ROI of one term, a price of .6 to 1.4 that is as likely as it says"
    yield partial(of_return, name, one_term(1000, "normal", assumed=PRICED), assumed=PRICED)
    for power in (2.0, 3.0):
        name = f"ROI of one term that counts where it is shown, effect of {power:g} standard errors"
        yield partial(of_return, name, one_term(1000, "normal", power, picked=True), "as picked")
    yield partial(of_return, "ROI of two terms, experiments of their own", two_terms((4.0, 4.0)))
    yield partial(of_return, "ROI of two terms, one a loss", two_terms((6.0, -2.0)))
    yield partial(of_return, "ROI of two terms of one experiment, independent", two_terms((4.0, 4.0), True), "too wide")
    yield partial(of_return, "ROI of a company of three use cases", use_cases((4.0, 3.0, 2.0)))
    yield partial(of_return, "ROI of a company of three use cases on the same units", use_cases((3.0, 2.0, 1.0), True))
    name = "ROI of one of ten listed terms, none of which has an effect"
    yield partial(of_return, name, listed, is_null_only=True, sql=sql[MODELS[2]])


def cells(sql: dict[str, str]) -> list[Callable[[], Result]]:
    return [*kpi_cells(sql), *return_cells(sql)]


def one(index: int, sql: dict[str, str]) -> Result:
    return cells(sql)[index]()


def measured(processes: int = 2) -> list[Result]:
    sql = compiled()
    with Pool(processes) as pool:
        return pool.map(partial(one, sql=sql), range(len(cells(sql))), chunksize=1)


def percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def section(results: list[Result]) -> str:
    lines = [
        TITLE,
        "",
        "Simulated companies, same seed (±: how well a share of 5 % of the runs is known). Of the KPIs as many without",
        "an effect as with one, by the SQL of their models; gains are intervals above 0 where there is none (2.5 % are",
        "due). Of the return, by the model's functions, half break even, and half earn twice their cost; gains are",
        "P(ROI > 0) of 95 % or more where it is 0 (5 % are due). `shown`: how many have an interval; the columns after",
        "it are of those. Required: as above, within 1.5 points and two standard errors of the simulation.",
        "",
        "`too wide`: how the errors of one experiment's effects go together is not known, so they are drawn as if they",
        "were one. `as picked`: a gain counts where its claim shows it, so the return of an experiment without the",
        "power to show it is high for what it shows. So `roi_with_not_shown`, with the rates of the rows above,",
        "is beside it, and such an experiment has no grade A.",
        "",
        "| number | runs | ± | shown, % | holds the truth, % | gains that are none, % | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        shares = [1.96 * math.sqrt(ALPHA * (1 - ALPHA) / r.runs), r.shown, r.coverage, r.gains]
        lines.append(f"| {r.name} | {r.runs:,} | {' | '.join(map(percent, shares))} | {r.holds()} |")
    return "\n".join(lines) + "\n"
