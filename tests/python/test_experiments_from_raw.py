"""From raw events through dbt to estimates, against pandas on the same events: kinds of experiments, planted and small.

Nothing here calls the project's statistics: what is expected is computed from the raw rows by other means.
"""

import json
import math
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from dbt_warehouse import Project
from raw_tables import RawRows, insert, register
from scipy import stats

START, END = datetime(2026, 3, 2), datetime(2026, 4, 27)
DATA_END = datetime(2026, 5, 18)
RNG = np.random.default_rng(41)
EXPERIMENTS = {
    "clustered": {
        "unit_type": "account",
        "primary_metric_id": "revenue",
        "secondary_metric_ids": "buyers|revenue_median",
    }
    | {"cluster_by": "region", "dimensions": "size"},
    "models": {"unit_type": "lead", "primary_metric_id": "score_p55", "secondary_metric_ids": "reply_rate"}
    | {"dimensions": "country", "design": "champion_challenger", "control_arm": "v1", "treatment_arm": "v2|v3"},
    "funnel": {"unit_type": "lead", "primary_metric_id": "visit_rate"}
    | {
        "secondary_metric_ids": "mql_per_visit|sql_per_mql|won_per_sql",
        "dimensions": "country",
        "expected_split": "1|1",
    },
    "exposed": {"unit_type": "lead", "primary_metric_id": "converted_in_7_days"},
    "accounts_held": {"design": "holdout", "unit_type": "account", "primary_metric_id": "won_per_account"}
    | {"expected_split": "c:0.25|t:0.75"},
    "regions_held": {"design": "holdout", "unit_type": "region", "primary_metric_id": "signups"},
    "waves": {"unit_type": "team", "primary_metric_id": "hours_per_task"},
    "some_ended": {"design": "staggered_did", "unit_type": "region", "primary_metric_id": "signups"},
    "all_ended": {"design": "did", "unit_type": "region", "primary_metric_id": "signups"},
    # Three arms of whole towns, looked at by plan, with more than half of their time over.
    "running": {"unit_type": "account", "primary_metric_id": "spend_cut", "guardrail_metric_ids": "complaints"}
    | {"secondary_metric_ids": "spend_log|gifts|spend_per_purchase", "design": "champion_challenger"}
    | {"treatment_arm": "a|b", "cluster_by": "town", "inference": "obrien_fleming", "interim_looks": "0.5|1"}
    | {"ends_at": datetime(2026, 6, 29), "minimum_detectable_effect": 5.0},
    # Accounts of one town in both arms, towns as strata; whole towns assigned within strata.
    "within": {"unit_type": "account", "primary_metric_id": "spend_kept", "secondary_metric_ids": "spend_per_purchase"}
    | {"cluster_by": "town", "dimensions": "door", "expected_split": "c:2|t:1"},
    "in_strata": {"unit_type": "account", "primary_metric_id": "spend_kept", "cluster_by": "town"},
    "adjusted": {"unit_type": "account", "primary_metric_id": "spend_two", "secondary_metric_ids": "spend_kept"}
    | {"primary_method": "regression_adjusted", "inference": "always_valid", "sequential_tuning_n": 300.0},
    "just_ended": {"unit_type": "account", "primary_metric_id": "buyers_in_21_days"}
    | {"starts_at": DATA_END - timedelta(days=12), "ends_at": DATA_END - timedelta(days=1)},
    "next": {"unit_type": "lead", "primary_metric_id": "visit_rate", "secondary_metric_ids": "mql_per_visit"}
    | {"starts_at": datetime(2026, 6, 1), "ends_at": datetime(2026, 7, 27), "registered_at": datetime(2026, 5, 4)},
    "next_regions": {"unit_type": "region", "primary_metric_id": "signups"}
    | {"starts_at": datetime(2026, 6, 1), "ends_at": datetime(2026, 7, 27), "registered_at": datetime(2026, 5, 4)},
}
RATES = {"JPY": 0.00667, " eur ": {"2026-01-01": 1.08, "2026-04-01": 1.12}}
for name in ("currencies", "no_rate_in_one", "no_rate_in_few", "no_rate_in_many"):
    EXPERIMENTS[name] = {"unit_type": "account", "primary_metric_id": "won_per_account"}
EXPERIMENTS["currencies"]["secondary_metric_ids"] = "won_per_deal|paid"
EXPERIMENTS["less_timing"] = {"unit_type": "lead", "primary_metric_id": "labour_per_task"}
EXPERIMENTS["less_timing"]["secondary_metric_ids"] = "tasks_per_labour_hour|labour|done"
DEFAULTS = {"design": "rct", "control_arm": "c", "treatment_arm": "t", "starts_at": START, "ends_at": END}
DEFAULTS |= {"registered_at": datetime(2026, 2, 2), "alpha": 0.05, "power": 0.8, "minimum_detectable_effect": 0.1}
METRICS = {
    "revenue": {"aggregation": "mean", "numerator_measure": "purchase_value", "covariate": "pre_period"},
    "buyers": {"aggregation": "proportion", "numerator_measure": "purchase"},
    "revenue_median": {"aggregation": "quantile", "quantile": 0.5, "numerator_measure": "purchase_value"},
    "spend_cut": {"aggregation": "mean", "numerator_measure": "spend_value", "covariate": "pre_period"}
    | {"transform": "winsorize", "winsorize_at": 0.9},
    "spend_kept": {"aggregation": "mean", "numerator_measure": "spend_value", "covariate": "pre_period"},
    "spend_two": {"aggregation": "mean", "numerator_measure": "spend_value", "covariate": "pre_period|floor"},
    "spend_log": {"aggregation": "mean", "numerator_measure": "spend_value", "transform": "log1p"},
    "gifts": {"aggregation": "mean", "numerator_measure": "gift_value", "transform": "winsorize", "winsorize_at": 0.8},
    "spend_per_purchase": {"aggregation": "ratio", "numerator_measure": "spend_value", "denominator_measure": "spend"},
    "complaints": {"aggregation": "count", "numerator_measure": "complaint", "direction": "down"}
    | {"is_guardrail": True, "non_inferiority_margin": 0.8},
    "buyers_in_21_days": {"aggregation": "proportion", "numerator_measure": "spend", "window_days": 21},
    "score_p55": {"aggregation": "quantile", "quantile": 0.55, "numerator_measure": "score_value", "window_days": 14},
    "reply_rate": {"aggregation": "proportion", "numerator_measure": "reply", "window_days": 14},
    "visit_rate": {"aggregation": "proportion", "numerator_measure": "visit", "window_days": 21},
    "mql_per_visit": {"aggregation": "ratio", "numerator_measure": "mql", "denominator_measure": "visit"}
    | {"window_days": 21},
    "sql_per_mql": {
        "aggregation": "ratio",
        "numerator_measure": "sql",
        "denominator_measure": "mql",
        "window_days": 21,
    },
    "won_per_sql": {
        "aggregation": "ratio",
        "numerator_measure": "won",
        "denominator_measure": "sql",
        "window_days": 21,
    },
    "converted_in_7_days": {"aggregation": "proportion", "numerator_measure": "signup", "window_days": 7}
    | {"window_from": "exposure"},
    "won_per_account": {"aggregation": "mean", "numerator_measure": "won_amount"},
    "won_per_deal": {"aggregation": "ratio", "numerator_measure": "won_amount", "denominator_measure": "deals_won"},
    "paid": {"aggregation": "mean", "numerator_measure": "paid_value"},
    "labour_per_task": {"aggregation": "ratio", "direction": "down"}
    | {"numerator_measure": "human_hours", "denominator_measure": "tasks_completed"},
    "tasks_per_labour_hour": {
        "aggregation": "ratio",
        "numerator_measure": "tasks_completed",
        "denominator_measure": "human_hours",
    },
    "labour": {"aggregation": "mean", "numerator_measure": "human_hours", "direction": "down"},
    "done": {"aggregation": "count", "numerator_measure": "tasks_completed"},
    "signups": {"aggregation": "count", "numerator_measure": "signup", "window_days": 28},
    "hours_per_task": {
        "aggregation": "ratio",
        "numerator_measure": "cycle_hours",
        "denominator_measure": "tasks_completed",
    }
    | {"window_days": 28, "direction": "down"},
}


class Company(RawRows):
    """Rows of the raw tables, planted."""

    def __init__(self, data_end: datetime) -> None:
        super().__init__(data_end)
        self.deals: list[dict] = []
        self.tasks: list[dict] = []

    def assign(self, experiment: str, unit: str, arm: str, at: datetime, **columns) -> None:
        kind, design = EXPERIMENTS[experiment]["unit_type"], EXPERIMENTS[experiment].get("design")
        method = "holdout" if design == "holdout" else "randomized"
        where = {"experiment_id": experiment, "unit_type": kind, "unit_id": unit, "arm": arm}
        self.add("assignments", at, **where, assigned_at=at, assignment_method=method, **columns)

    def outcome(self, kind: str, unit: str, name: str, at: datetime, value: float | None = None) -> None:
        self.add("outcome_events", at, unit_type=kind, unit_id=unit, name=name, value=value)

    def attribute(self, kind: str, unit: str, name: str, value: str, at: datetime) -> None:
        named = {"unit_type": kind, "unit_id": unit, "name": name, "value_text": value}
        self.add("unit_covariates", at, **named, observed_at=at, updated_at=at)

    def frame(self, source: str) -> pd.DataFrame:
        return pd.DataFrame(self.rows[source])


def days(low: float, high: float) -> timedelta:
    return timedelta(days=float(RNG.uniform(low, high)))


def plant_money(company: Company) -> None:
    """One won deal an account; in `currencies` half of the treated ones in yen, half of the others in euros."""
    rng = np.random.default_rng(97)
    unpriced = {"no_rate_in_one": (0.0, 0.5), "no_rate_in_few": (0.06, 0.06), "no_rate_in_many": (0.5, 0.5)}
    for name in ("currencies", *unpriced):
        for k in range(200):
            unit, treated, half = f"{name}{k}", k % 2, k % 4 < 2
            company.assign(name, unit, "ct"[treated], START)
            closed = START + timedelta(days=float(rng.uniform(1, 50)))
            dollars, currency, rate = float(rng.uniform(90, 110)), ("USD", None, "", " usd")[k % 3], 1.0
            if name == "currencies" and half:
                rate = 0.00667 if treated else 1.08 if closed < datetime(2026, 4, 1) else 1.12
                currency = ("JPY", " jpy ")[k % 3 // 2] if treated else ("EUR", "eur ")[k % 3 // 2]
            elif name in unpriced and (k // 2) % 100 < 100 * unpriced[name][treated]:
                # Nobody gave a rate for pounds; some deals have no amount.
                currency, dollars = ("GBP", dollars) if k % 3 else ("USD", math.nan)
            amount = None if math.isnan(dollars) else dollars / rate
            deal = {"opportunity_id": f"deal{unit}", "account_id": unit, "amount": amount, "currency": currency}
            deal |= {"created_at": START - timedelta(days=9), "closed_at": closed, "is_closed": True, "is_won": True}
            company.add("opportunities", closed, **deal, updated_at=closed)
            event = {"unit_type": "account", "unit_id": unit, "name": "paid"}
            company.add("outcome_events", closed, **event, value=amount, currency=currency)
            known = amount is not None and currency != "GBP"
            company.deals.append({"experiment": name, "arm": "ct"[treated], "usd": dollars if known else math.nan})


def plant_timing(company: Company) -> None:
    """Tasks of a fifth less work in the treated arm, of which fewer were timed."""
    rng = np.random.default_rng(98)
    for k in range(200):
        unit, treated = f"timed{k}", k % 2
        company.assign("less_timing", unit, "ct"[treated], START)
        for j in range(8):
            begun = START + timedelta(days=float(rng.uniform(1, 50)))
            task = {
                "task_id": f"{unit}_{j}",
                "use_case_id": "email_drafting",
                "subject_type": "lead",
                "subject_id": unit,
            }
            company.add("task_events", begun, event_type="started", **task)
            minutes = float(rng.gamma(20, 2.4 if treated else 3.0))
            minutes = minutes if rng.random() < (0.6 if treated else 0.95) else None
            task |= {"human_minutes": minutes, "execution_mode": "ai_assisted" if treated else "human"}
            company.add("task_events", begun + timedelta(hours=2), event_type="completed", **task)
            known = {"hours": (minutes or 0) / 60, "timed": minutes is not None}
            company.tasks.append({"unit_id": unit, "arm": "ct"[treated]} | known)


def plant() -> Company:
    company = Company(DATA_END)
    for k in range(24):  # whole regions of accounts
        arm, level = "ct"[k % 2], RNG.normal(0, 8)
        for j in range(RNG.integers(3, 7)):
            unit, at = f"account{k}_{j}", START + days(0, 3)
            company.attribute("account", unit, "region", f"region{k}", START - timedelta(days=90))
            # What is observed after the assignment is nobody's part.
            size = ["small", "large", f"odd{k}"][RNG.choice(3, p=[0.5, 0.35, 0.15])]
            company.attribute(
                "account", unit, "size", size, at + timedelta(days=1) if j == 0 else at - timedelta(days=9)
            )
            company.assign("clustered", unit, arm, at)
            taste = RNG.gamma(2, 20) + level
            for _ in range(RNG.poisson(1.2)):
                company.outcome("account", unit, "purchase", at - days(1, 50), taste + RNG.normal(0, 5))
            for _ in range(RNG.poisson(1.5 if arm == "t" else 1.2)):
                company.outcome("account", unit, "purchase", at + days(0.1, 70), taste + RNG.normal(0, 5))
            for _ in range(RNG.integers(0, 3)):
                closed = at + days(1, 60)
                deal = {
                    "opportunity_id": f"deal{unit}{closed}",
                    "account_id": unit,
                    "amount": float(RNG.integers(10, 99)),
                }
                deal |= {"created_at": at, "closed_at": closed, "is_closed": True, "is_won": bool(RNG.random() < 0.6)}
                company.add("opportunities", closed, **deal, updated_at=closed)
            company.assign("accounts_held", unit, "t" if RNG.random() < 0.75 else "c", at)
    for k in range(240):
        unit, at = f"lead{k}", START + days(0, 28)
        company.attribute("lead", unit, "country", ["de", "fr", "it"][k % 3], at - timedelta(days=1))
        arm = ("v1", "v2", "v3")[RNG.integers(3)]
        company.assign("models", unit, arm, at)
        for _ in range(RNG.integers(0, 4)):
            company.outcome("lead", unit, "score", at + days(-5, 20), float(RNG.gamma(3, 4 if arm == "v3" else 2)))
        if RNG.random() < 0.4:
            company.outcome("lead", unit, "reply", at + days(0.1, 20))
        arm = "ct"[RNG.integers(2)]
        company.assign("funnel", unit, arm, at)
        if k < 3:
            company.assign("funnel", unit, "t" if arm == "c" else "c", at + timedelta(days=1))
        step = at
        for name, chance in (("visit", 0.8), ("mql", 0.6 if arm == "t" else 0.5), ("sql", 0.7), ("won", 0.6)):
            if RNG.random() > chance:
                break
            step += days(0.1, 9)
            for _ in range(RNG.integers(1, 3)):
                company.outcome("lead", unit, name, step)
        exposed = at + days(0, 6) if RNG.random() < 0.8 else None
        company.assign("exposed", unit, "ct"[k % 2], at, exposed_at=exposed)
        for _ in range(RNG.poisson(0.5)):
            company.outcome("lead", unit, "signup", at + days(0, 16))
    for k in range(16):
        company.assign("regions_held", f"north{k}", "ct"[k % 2], START)
        for _ in range(RNG.poisson(9 if k % 2 else 6)):
            company.outcome("region", f"north{k}", "signup", START + days(-20, 70))
    for k in range(18):  # teams start in three waves
        at = START + timedelta(days=7 * (k // 6))
        company.assign("waves", f"team{k}", "ct"[k % 2], at)
        for j in range(RNG.integers(4, 12)):
            begun = at + days(-10, 35)
            task = {"task_id": f"task{k}_{j}", "team_id": f"team{k}", "use_case_id": "email_drafting"}
            company.add("task_events", begun, event_type="started", **task)
            finished = begun + timedelta(hours=float(RNG.gamma(3, 4)))
            company.add("task_events", finished, event_type="completed", **task)
    for k in range(16):  # regions whose treatment ends
        for experiment, lasting in (("some_ended", 12), ("all_ended", 8)):
            company.assign(experiment, f"north{k}", "ct"[k >= 8], START, exposed_at=START if k >= 8 else None)
            if k >= lasting:
                company.assign(experiment, f"north{k}", "c", START + timedelta(days=20))
        for _ in range(RNG.poisson(9)):
            company.outcome("region", f"north{k}", "signup", START - days(20, 76))
    # One that got it later, after it had been assigned to the control.
    company.assign("some_ended", "north0", "t", START + timedelta(days=14), exposed_at=START + timedelta(days=14))
    for k in range(60):  # towns of accounts
        arm, level = "cab"[k % 3], RNG.gamma(4, 0.25)
        for j in range(RNG.integers(3, 8)):
            unit, at = f"shop{k}_{j}", START + days(0, 5)
            company.attribute("account", unit, "town", f"town{k}", START - timedelta(days=90))
            company.assign("running", unit, arm, at)
            company.assign("just_ended", unit, "ct"[j % 2], DATA_END - timedelta(days=10))
            company.attribute("account", unit, "door", "odd" if j % 2 else "even", START - timedelta(days=90))
            company.assign("within", unit, "ct"[(j * j + k) % 3 == 1], at, stratum=f"town{k}")
            company.assign("adjusted", unit, "ct"[(j + k) % 2], at, stratum=f"s{k % 3}")
            floor = {"unit_type": "account", "unit_id": unit, "name": "floor", "value_number": (7 * k + 3 * j) % 11}
            early = START - timedelta(days=90)
            company.add("unit_covariates", early, **floor, observed_at=early, updated_at=early)
            company.assign("in_strata", unit, "ct"[k // 2 % 2], at, stratum=f"s{k % 2}")
            for at_spend in [at - days(1, 60) for _ in range(RNG.poisson(1.2))] + [
                at + days(0.1, 70) for _ in range(RNG.poisson(2.5 if arm == "b" else 1.2))
            ]:
                company.outcome("account", unit, "spend", at_spend, float(RNG.lognormal(3, 0.6) * level))
            for _ in range(RNG.poisson(0.7)):
                company.outcome("account", unit, "complaint", at + days(0.1, 60))
            if RNG.random() < 0.15:
                company.outcome("account", unit, "gift", at + days(0.1, 60), float(RNG.integers(1, 99)))
    plant_money(company)
    plant_timing(company)
    company.outcome("visitor", "nobody", "noise", DATA_END)  # how far the data reach
    return company


@pytest.fixture(scope="module")
def company() -> Company:
    return plant()


@pytest.fixture(scope="module")
def results(company, tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("experiments"))
    with duckdb.connect(str(project.path)) as connection:
        for source, rows in company.rows.items():
            insert(connection, source, [*rows, *rows[::7]])  # some are delivered twice
        register(connection, {name: DEFAULTS | row for name, row in EXPERIMENTS.items()}, METRICS)
    wanted = ("+impact_estimates", "+experiment_health", "+experiment_plan")
    rates = ("--vars", json.dumps({"currency_rates": RATES}))
    project.see_registrations()
    project.dbt("build", "--select", *wanted, "--exclude-resource-type", "seed", "test", "unit_test", *rates)
    # The data tests that a user's build would run on these experiments.
    tested = [*(name.removeprefix("+") for name in wanted), "moments_quantile_points", "moments_unit_metrics"]
    # Those that read marts that are not built here need not run.
    further = ("--indirect-selection", "buildable", *rates)
    project.dbt("test", "--select", *tested, "--exclude-resource-type", "unit_test", *further)
    with duckdb.connect(str(project.path), read_only=True) as connection:
        tables = ("impact_estimates", "experiment_health", "experiment_plan")
        return {name: connection.sql(f"select * from {name}").df() for name in tables} | {"project": project}


def row_of(results, experiment, metric, method, segment="all", arm="t") -> pd.Series:
    table = results["impact_estimates"]
    keys = {
        "experiment_id": experiment,
        "metric_id": metric,
        "method": method,
        "segment": segment,
        "treatment_arm": arm,
    }
    (found,) = [row for _, row in table[(table[list(keys)] == pd.Series(keys)).all(axis=1)].iterrows()]
    return found


def assigned(company, experiment) -> pd.DataFrame:
    """Units of one arm, with their assignment."""
    frame = company.frame("assignments")
    frame = frame[frame.experiment_id == experiment]
    return frame[frame.groupby("unit_id").arm.transform("nunique") == 1].set_index("unit_id")


def totals(company, units, name, window=None, value=False, opens="assigned_at") -> pd.Series:
    """What happened to each unit within the window, 0 where nothing did."""
    events = company.frame("outcome_events")
    events = events[events.name == name].merge(units[[opens]].reset_index(), on="unit_id")
    start = pd.to_datetime(events[opens])
    end = END if window is None else start + timedelta(days=window)
    events = events[(events.occurred_at >= start) & (events.occurred_at < end)]
    found = events.groupby("unit_id").value.sum() if value else events.groupby("unit_id").size()
    return found.reindex(units.index, fill_value=0).astype(float)


def welch(t: pd.Series, c: pd.Series) -> tuple[float, float, float]:
    """Effect, standard error, p value."""
    test = stats.ttest_ind(t, c, equal_var=False)
    effect = float(t.mean() - c.mean())
    return effect, float(effect / test.statistic), float(test.pvalue)


Totals = tuple[pd.Series, pd.Series]


def clustered(t: Totals, c: Totals, by_part: bool = False) -> tuple[float, float, float]:
    """The same of clusters' totals and sizes: CR2, with the degrees of freedom of its quadratic form.

    These are the harmonic mean of what they are if clusters' totals vary as so many units, and if units of a cluster
    are alike. `by_part`: of a part of a dimension only variances are known, as for a ratio of units."""
    errors, freedom = [], []
    for y, z in (t, c):
        p = (z / z.sum()).to_numpy()
        residual = (y - y.sum() / z.sum() * z).to_numpy() / z.sum()
        if by_part:
            errors.append((residual**2).sum() / (1 - (p**2).sum()))
            freedom.append(1 / (p**2).sum() - 1)
            continue
        errors.append((residual**2 / (1 - p)).sum())
        centre = np.eye(len(p)) - np.outer(p, np.ones(len(p)))
        form = centre.T @ np.diag(1 / (1 - p)) @ centre
        products = [form @ np.diag(variance) for variance in (p, p**2)]
        freedom.append(2 / sum(np.trace(m @ m) / np.trace(m) ** 2 for m in products))
    effect, error = float(t[0].sum() / t[1].sum() - c[0].sum() / c[1].sum()), math.sqrt(sum(errors))
    df = sum(errors) ** 2 / sum(e**2 / f for e, f in zip(errors, freedom, strict=True))
    return effect, error, float(2 * stats.t.sf(abs(effect) / error, df))


def weighed(t: Totals, c: Totals) -> tuple[float, float, float]:
    """Of units that count by a denominator: with errors and degrees of freedom of as many as weigh alike."""
    return clustered(t, c, by_part=True)


def cuped_of_clusters(y, x, arm, cluster, compared) -> tuple[float, float]:
    """Least squares of the clusters' linearised values on arm and their total of x, which is centred over all units."""
    rows, bias = [], {}
    for name in compared:
        mine = arm == name
        sizes = y[mine].groupby(cluster[mine]).agg(["sum", "size"])
        values = linearised(sizes["sum"], sizes["size"])
        bias[name] = (1 - 1 / len(sizes)) / (1 - ((sizes["size"] / sizes["size"].sum()) ** 2).sum())
        rows.append(pd.DataFrame({"arm": name, "y": values, "x": x[mine].groupby(cluster[mine]).sum()}))
    table = pd.concat(rows)
    fit = sm.OLS(table.y, sm.add_constant(np.column_stack([table.arm == compared[0], table.x]))).fit()
    by_arm = fit.resid.groupby(table.arm)
    freedom = len(table) - 2
    return float(fit.params.iloc[1]), math.sqrt(
        (by_arm.var() / by_arm.size() * pd.Series(bias)).sum() * freedom / (freedom - 1)
    )


def linearised(y: pd.Series, z: pd.Series) -> pd.Series:
    """Values whose mean and variance are those of Σy/Σz."""
    return y.sum() / z.sum() + (y - y.sum() / z.sum() * z) / z.mean()


def agrees(row: pd.Series, expected: tuple[float, float, float]) -> None:
    assert (row.estimate, row.std_error, row.p_value) == pytest.approx(expected, rel=1e-6)


def test_whole_clusters(company, results):
    units = assigned(company, "clustered")
    units["region"] = [name.split("_")[0] for name in units.index]
    for metric, y in (
        ("revenue", totals(company, units, "purchase", value=True)),
        ("buyers", totals(company, units, "purchase").clip(upper=1)),
    ):
        frame = units.assign(y=y)
        arms = []
        for arm in "tc":
            by_region = frame[frame.arm == arm].groupby("region").y.agg(["sum", "size"])
            arms.append((by_region["sum"], by_region["size"]))
        row = row_of(results, "clustered", metric, "difference_in_means")
        agrees(row, clustered(*arms))
        assert (row.n_clusters_treatment, row.n_clusters_control) == (12, 12)
        assert row.n_treatment + row.n_control == len(units)


def past_purchases(company, units) -> pd.Series:
    events = company.frame("outcome_events").query("name == 'purchase'")
    events = events.merge(units[["assigned_at"]].reset_index(), on="unit_id")
    length = pd.to_datetime(END) - pd.to_datetime(START)
    start = pd.to_datetime(events.assigned_at)
    events = events[(events.occurred_at < start) & (events.occurred_at >= start - length)]
    return events.groupby("unit_id").value.sum().reindex(units.index, fill_value=0.0)


def test_adjustment_of_clusters(company, results):
    """CUPED, and Lin's regression of accounts' revenue on arm and past, with errors by region."""
    units = assigned(company, "clustered")
    y, past = totals(company, units, "purchase", value=True), past_purchases(company, units)
    region = pd.Series([name.split("_")[0] for name in units.index], index=units.index)
    row = row_of(results, "clustered", "revenue", "cuped")
    expected = cuped_of_clusters(y, past - past.mean(), units.arm, region, ("t", "c"))
    assert (row.estimate, row.std_error) == pytest.approx(expected, rel=1e-6)
    arm, x = (units.arm == "t").astype(float), past - past.mean()
    design = sm.add_constant(np.column_stack([arm, x, arm * x]))
    regions = pd.factorize(pd.Series([name.split("_")[0] for name in units.index]))[0]
    fit = sm.OLS(y.to_numpy(), design).fit(cov_type="cluster", cov_kwds={"groups": regions})
    row = row_of(results, "clustered", "revenue", "regression_adjusted")
    assert (row.estimate, row.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-8)
    assert (row.n_clusters_treatment, row.n_clusters_control) == (12, 12)


def spent(company, experiment) -> tuple[pd.DataFrame, np.ndarray]:
    """Units with what they spent (y), how often (z), before (x), whether treated, and their town as a number."""
    units = assigned(company, experiment)
    units["y"] = totals(company, units, "spend", value=True)
    units["z"] = totals(company, units, "spend")
    events = company.frame("outcome_events").query("name == 'spend'")
    events = events.merge(units[["assigned_at"]].reset_index(), on="unit_id")
    since, length = pd.to_datetime(events.assigned_at), pd.to_datetime(END) - pd.to_datetime(START)
    past = events[(events.occurred_at < since) & (events.occurred_at >= since - length)]
    units["x"] = past.groupby("unit_id").value.sum().reindex(units.index, fill_value=0.0)
    units["x"] -= units.x.mean()
    return units, pd.factorize(pd.Series([name.split("_")[0] for name in units.index]))[0]


def by_cluster(y, columns, groups):
    design = np.column_stack(columns)
    return sm.OLS(np.asarray(y), design).fit(cov_type="cluster", cov_kwds={"groups": groups})


def test_units_assigned_within_clusters(company, results):
    """Towns hold accounts of both arms: least squares of accounts with errors by town, plain and adjusted."""
    units, town = spent(company, "within")
    arm, one = (units.arm == "t").to_numpy(float), np.ones(len(units))
    for method, columns in {
        "difference_in_means": [one, arm],
        "cuped": [one, arm, units.x],
        "regression_adjusted": [one, arm, units.x, arm * units.x],
    }.items():
        fit = by_cluster(units.y, columns, town)
        row = row_of(results, "within", "spend_kept", method)
        assert (row.estimate, row.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-7), method
    fit = by_cluster(units.y, [one, arm], town)
    slope = np.array([-fit.params[1] / fit.params[0] ** 2, 1 / fit.params[0]])
    row = row_of(results, "within", "spend_kept", "relative_difference")
    assert row.estimate == pytest.approx(fit.params[1] / fit.params[0], rel=1e-7)
    assert row.std_error == pytest.approx(math.sqrt(slope @ fit.cov_params() @ slope), rel=1e-7)
    bought = units[units.z > 0]
    fit = sm.WLS(bought.y / bought.z, np.column_stack([one, arm])[units.z > 0], weights=bought.z).fit()
    row = row_of(results, "within", "spend_per_purchase", "difference_in_means")
    assert row.estimate == pytest.approx(fit.params.iloc[1], rel=1e-7)
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert ("within", "interference") not in health.index
    # A part: the accounts with an even door.
    even = np.array([int(name.split("_")[1]) % 2 == 0 for name in units.index])
    fit = by_cluster(units.y[even], [one[even], arm[even]], town[even])
    row = row_of(results, "within", "spend_kept", "difference_in_means", "door=even")
    assert (row.estimate, row.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-7)


def test_several_covariates_strata_and_what_is_quoted(company, results):
    """Least squares in each arm, read where both are; the registered method is the headline, the others beside it."""
    units, _ = spent(company, "adjusted")
    floor = company.frame("unit_covariates").query("name == 'floor'").set_index("unit_id").value_number
    columns = np.column_stack([pd.get_dummies(units.stratum), units.x, floor.reindex(units.index)]).astype(float)
    place, found = columns.mean(axis=0), []
    for arm in "tc":
        mine = (units.arm == arm).to_numpy()
        fit = sm.OLS(units.y[mine].to_numpy(), columns[mine]).fit()
        found.append((place @ fit.params, place @ fit.cov_params() @ place))
    row = row_of(results, "adjusted", "spend_two", "regression_adjusted")
    expected = found[0][0] - found[1][0], math.sqrt(found[0][1] + found[1][1])
    assert (row.estimate, row.std_error) == pytest.approx(expected, rel=1e-7)
    table = results["impact_estimates"].query("experiment_id == 'adjusted' and segment == 'all' and is_headline")
    quoted = table.set_index(["metric_id", "scale"]).method
    assert quoted["spend_two", "absolute"] == quoted["spend_kept", "absolute"] == "regression_adjusted"
    assert quoted["spend_two", "relative"] in ("regression_adjusted_relative", "cuped_relative")
    # The interval that holds at any time is narrowest at 300 units: half-width σ√(2(nρ² + 1)/(n²ρ²)·ln(√(nρ² + 1)/α)).
    n, a = len(units), -2 * math.log(0.05)
    spread = n * (a + math.log(1 + a)) / 300
    half = row.std_error * math.sqrt(2 * (spread + 1) / spread * math.log(math.sqrt(spread + 1) / 0.05))
    assert row.sequential_ci_high - row.estimate == pytest.approx(half, rel=1e-6)
    # Without a registered method: the covariate that the metric registers.
    table = results["impact_estimates"].query("experiment_id == 'in_strata' and segment == 'all' and is_headline")
    assert set(table.method) == {"cuped", "cuped_relative"}


def test_strata_together_with_clusters(company, results):
    """Towns as strata and clusters; two strata of whole towns, whose effects count in K."""
    units, town = spent(company, "within")
    arms = units.groupby(town).arm.transform("nunique").to_numpy()
    units, town = units[arms == 2], town[arms == 2]
    dummies = pd.get_dummies(town).to_numpy(float)
    fit = by_cluster(units.y, [(units.arm == "t").to_numpy(float), dummies], town)
    row = row_of(results, "within", "spend_kept", "fixed_effects")
    kept = (len(units) - dummies.shape[1] - 1) / (len(units) - 1)
    expected = fit.params[0], fit.bse[0] * math.sqrt(kept)
    assert (row.estimate, row.std_error) == pytest.approx(expected, rel=1e-7)
    units, town = spent(company, "in_strata")
    dummies = pd.get_dummies(units.stratum).to_numpy(float)
    fit = by_cluster(units.y, [(units.arm == "t").to_numpy(float), dummies], town)
    row = row_of(results, "in_strata", "spend_kept", "fixed_effects")
    assert (row.estimate, row.std_error) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-7)
    assert math.isfinite(row_of(results, "in_strata", "spend_kept", "post_stratified").std_error)


def test_novelty_of_clusters(company, results):
    """The slope over whole weeks of revenue per account, each week's effect with its error over regions."""
    units = assigned(company, "clustered")
    events = company.frame("outcome_events").query("name == 'purchase'")
    events = events.merge(units[["assigned_at"]].reset_index(), on="unit_id")
    day = timedelta(days=1)
    events["week"] = (events.occurred_at - events.assigned_at) // (7 * day)
    whole = (pd.to_datetime(END) - pd.to_datetime(units.assigned_at)) // (7 * day)
    region = pd.Series([name.split("_")[0] for name in units.index], index=units.index)
    effects = {}
    for week in range(int(whole.max())):
        kept = units[whole > week]
        mine = events[(events.week == week) & events.unit_id.isin(kept.index)]
        y = mine.groupby("unit_id").value.sum().reindex(kept.index, fill_value=0.0)
        arms = []
        for arm in "tc":
            of_arm = kept.index[kept.arm == arm]
            groups = y[of_arm].groupby(region[of_arm]).agg(["sum", "size"])
            arms.append((groups["sum"], groups["size"]))
        effects[week] = clustered(*arms, by_part=True)
    weeks = np.array(list(effects))
    weights = np.array([1 / error**2 for _, error, _ in effects.values()])
    effect = np.array([e for e, _, _ in effects.values()])
    slope = np.polyfit(weeks, effect, 1, w=np.sqrt(weights))[0]
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert health.statistic["clustered", "novelty"] == pytest.approx(slope, rel=1e-6)
    assert 0 < health.p_value["clustered", "novelty"] <= 1


def test_a_running_experiment_of_three_arms(company, results):
    """Cut at a quantile of the past, or of the few values there are; logged; per purchase; harm: all by whole towns."""
    units = assigned(company, "running")
    units["town"] = [name.split("_")[0] for name in units.index]
    events = company.frame("outcome_events").merge(units[["assigned_at"]].reset_index(), on="unit_id")
    since = pd.to_datetime(events.assigned_at)

    def total(name, past=False, value=True):
        length = timedelta(days=119)
        before = (events.occurred_at < since) & (events.occurred_at >= since - length)
        mine = before if past else events.occurred_at >= since
        grouped = events[mine & (events.name == name)].groupby("unit_id").value
        return (grouped.sum() if value else grouped.size()).reindex(units.index, fill_value=0).astype(float)

    def smallest(values, share):
        return np.sort(values)[math.ceil(share * len(values)) - 1]

    past, spend, gifts = total("spend", past=True), total("spend"), total("gift")
    cap = smallest(past, 0.9)
    assert 0 < cap < spend.max()
    assert smallest(gifts, 0.8) == 0
    few = smallest(gifts[gifts > 0], 0.8)
    assert few < gifts.max()
    metrics = {"spend_cut": spend.clip(upper=cap), "spend_log": np.log1p(spend), "gifts": gifts.clip(upper=few)}
    metrics |= {"complaints": total("complaint", value=False)}
    sizes = pd.Series(1.0, index=units.index)
    for metric, y, z in (
        *((metric, y, sizes) for metric, y in metrics.items()),
        ("spend_per_purchase", spend, total("spend", value=False)),
    ):
        for arm in "ab":
            pair = [units.arm == arm, units.arm == "c"]
            sums = [(y[mine].groupby(units.town[mine]).sum(), z[mine].groupby(units.town[mine]).sum()) for mine in pair]
            row = row_of(results, "running", metric, "difference_in_means", arm=arm)
            agrees(row, clustered(*sums))
            assert (row.n_treatment, row.n_clusters_treatment) == (pair[0].sum(), 20)
    # CUPED: least squares of towns' linearised totals on arm and the total of their past.
    cut, x = metrics["spend_cut"], past.clip(upper=cap)
    for arm in "ab":
        row = row_of(results, "running", "spend_cut", "cuped", arm=arm)
        expected = cuped_of_clusters(cut, x - x.mean(), units.arm, units.town, (arm, "c"))
        assert (row.estimate, row.std_error) == pytest.approx(expected, rel=1e-6)


def test_looks_decide_before_the_end(company, results):
    """After half of the time, when O'Brien and Fleming's bound by Lan and DeMets is 2.963, each day has one of its own,
    which is more than that of a single look on it; arms are corrected together."""
    table = results["impact_estimates"].query("experiment_id == 'running' and segment == 'all'")
    table = table[table.estimate.notna()]
    assert table.interim_bound.nunique() == 1
    registered = EXPERIMENTS["running"]
    covered = (DATA_END - START) / (registered["ends_at"] - START)
    assert 0.5 < covered < 0.75
    spent = 4 * stats.norm.sf(stats.norm.isf(0.05 / 4) / math.sqrt(covered))
    assert stats.norm.isf(spent / 2) < table.interim_bound.iloc[0] < 2.9626
    plain = table[table.method == "difference_in_means"].set_index(["metric_id", "treatment_arm"])
    p = plain.loc["spend_cut"].sequential_p_value
    assert plain.loc["spend_cut"].sequential_p_value_adjusted.min() == pytest.approx(2 * p.min(), rel=1e-6)
    assert plain.verdict["spend_cut", "b"] == "improved"
    assert plain.verdict["spend_cut", "a"] == "still_running"
    for row in table.itertuples():
        assert (row.verdict in ("improved", "worsened")) == (row.sequential_p_value_adjusted < 0.05), row
        assert "read before its end" in row.reason
    for arm in "ab":
        row = plain.loc["complaints", arm]
        assert row.non_inferiority_margin == pytest.approx(0.8 * row.mean_control)
        assert row.is_non_inferior == (row.sequential_ci_high < row.non_inferiority_margin)
    plan = results["experiment_plan"].query("experiment_id == 'running' and metric_id == 'spend_cut'")
    assert set(plan.alpha) == {0.025}


def test_windows_that_go_on_after_the_end(company, results):
    row = row_of(results, "just_ended", "buyers_in_21_days", "difference_in_means")
    assert row.verdict == "still_running"
    assert "100.0% of the units is still open" in row.reason
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert not health.passed["just_ended", "still_running"]
    assert health.statistic["just_ended", "still_running"] == 1
    assert health.passed["exposed", "still_running"]


def woodruff(y: pd.Series, probability: float, cluster: pd.Series | None = None) -> tuple[float, float]:
    """The quantile of the mid-distribution, and the squared error that its interval has; NaN where it is refused."""
    counts = y.value_counts().sort_index()
    share = (counts / len(y)).to_numpy()
    middle, values = share.cumsum() - share / 2, counts.index.to_numpy()
    k = int(np.searchsorted(middle, probability))
    along = (probability - middle[k - 1]) / (middle[k] - middle[k - 1])
    # How much of a unit counts as below, by its value.
    counted = np.r_[np.ones(k - 1), (1 + along) / 2, along / 2, np.zeros(len(values) - k - 1)]
    variance = (share * counted**2).sum() - (share * counted).sum() ** 2
    inflation = len(y) / (len(y) - 1)
    if cluster is not None:
        below = (y <= np.sort(y)[math.ceil(probability * len(y)) - 1]).astype(float)
        groups = below.groupby(cluster).agg(["sum", "size"])
        squares = ((groups["sum"] - below.mean() * groups["size"]) ** 2).sum() / len(y) ** 2
        p = groups["size"] / len(y)
        inflation = squares / (1 - (p**2).sum()) * len(y) / (below.mean() * (1 - below.mean()))
    margin = 1.25 * math.sqrt(variance * inflation / len(y))
    beyond = len(y) / (1 if cluster is None else inflation) * min(probability, 1 - probability)
    if beyond < 10 or probability - 2 * margin < middle[0] or probability + 2 * margin > middle[-1]:
        return math.nan, math.nan
    low, point, high = np.interp([probability - margin, probability, probability + margin], middle, values)
    return float(point), float(((high - point) ** 2 + (point - low) ** 2) / 2 / 1.25**2)


def test_quantiles_of_units_and_clusters(company, results):
    units = assigned(company, "models")
    y = totals(company, units, "score", 14, value=True)
    points = {arm: woodruff(y[units.arm == arm], 0.55) for arm in ("v1", "v2", "v3")}
    for arm in ("v2", "v3"):
        row = row_of(results, "models", "score_p55", "difference_in_quantiles", arm=arm)
        (t, vt), (c, vc) = points[arm], points["v1"]
        assert (row.estimate, row.std_error) == pytest.approx((t - c, math.sqrt(vt + vc)), rel=1e-6, nan_ok=True)
    units = assigned(company, "clustered")
    y = totals(company, units, "purchase", value=True)
    cluster = pd.Series([name.split("_")[0] for name in units.index], index=units.index)
    (t, vt), (c, vc) = (woodruff(y[units.arm == a], 0.5, cluster[units.arm == a]) for a in "tc")
    row = row_of(results, "clustered", "revenue_median", "difference_in_quantiles")
    assert (row.estimate, row.std_error) == pytest.approx((t - c, math.sqrt(vt + vc)), rel=1e-6, nan_ok=True)


def test_quantiles_of_parts(company, results):
    units = assigned(company, "models")
    country = company.frame("unit_covariates").query("name == 'country'").set_index("unit_id").value_text
    country = country.reindex(units.index)
    y = totals(company, units, "score", 14, value=True)
    found = []
    for name in ("de", "fr", "it"):
        kept = country == name
        (t, vt), (c, vc) = (woodruff(y[kept & (units.arm == a)], 0.55) for a in ("v3", "v1"))
        row = row_of(results, "models", "score_p55", "difference_in_quantiles", f"country={name}", "v3")
        assert (row.estimate, row.std_error) == pytest.approx((t - c, math.sqrt(vt + vc)), rel=1e-6, nan_ok=True)
        if math.isnan(row.estimate):
            assert "too few units beyond" in row.reason or "lies within" in row.reason
        else:
            found.append((row.estimate, 1 / row.std_error**2))
    assert found
    if len(found) == 1:
        assert math.isnan(row.heterogeneity_p_value)
    else:
        centre = np.average([e for e, _ in found], weights=[w for _, w in found])
        q = sum(w * (e - centre) ** 2 for e, w in found)
        assert row.heterogeneity_p_value == pytest.approx(stats.chi2.sf(q, len(found) - 1), rel=1e-6)
    # Of clusters: the error of a part counts the regions that it lies in.
    accounts = assigned(company, "clustered")
    sizes = company.frame("unit_covariates").query("name == 'size'").set_index("unit_id")
    early = sizes.observed_at < accounts.assigned_at.reindex(sizes.index)
    part = sizes.value_text.where(early, "(none)").reindex(accounts.index)
    y = totals(company, accounts, "purchase", value=True)
    region = pd.Series([name.split("_")[0] for name in accounts.index], index=accounts.index)
    kept = part == "small"
    (t, vt), (c, vc) = (woodruff(y[mine], 0.5, region[mine]) for mine in (kept & (accounts.arm == a) for a in "tc"))
    row = row_of(results, "clustered", "revenue_median", "difference_in_quantiles", "size=small")
    assert (row.estimate, row.std_error) == pytest.approx((t - c, math.sqrt(vt + vc)), rel=1e-6, nan_ok=True)
    table = results["impact_estimates"].query("metric_id == 'revenue_median' and method == 'difference_in_quantiles'")
    assert {"all", "size=(none)", "size=(other)", "size=large", "size=small"} == set(table.segment)


def test_champion_and_challengers(company, results):
    units = assigned(company, "models")
    y = totals(company, units, "reply", 14).clip(upper=1)
    p_values = []
    for arm in ("v2", "v3"):
        t, c = y[units.arm == arm], y[units.arm == "v1"]
        row = row_of(results, "models", "reply_rate", "difference_in_means", arm=arm)
        error = math.sqrt(sum(p.mean() * (1 - p.mean()) / len(p) for p in (t, c)))
        assert (row.estimate, row.std_error) == pytest.approx((t.mean() - c.mean(), error), rel=1e-6)
        assert (row.mean_control, row.control_arm) == (pytest.approx(c.mean()), "v1")
        p_values.append(row.p_value)
    adjusted = [
        row_of(results, "models", "reply_rate", "difference_in_means", arm=a).p_value_adjusted for a in ("v2", "v3")
    ]
    assert adjusted == pytest.approx(list(stats.false_discovery_control(p_values)), rel=1e-6)


def test_a_funnel_stage_by_stage(company, results):
    units = assigned(company, "funnel")
    assert len(units) == 237  # three were in both arms
    t, c = units.arm == "t", units.arm == "c"
    stages = {name: totals(company, units, name, 21) for name in ("visit", "mql", "sql", "won")}
    for above, below in (("visit", "mql"), ("mql", "sql"), ("sql", "won")):
        y, z = stages[below], stages[above]
        row = row_of(results, "funnel", f"{below}_per_{above}", "difference_in_means")
        agrees(row, weighed((y[t], z[t]), (y[c], z[c])))
    row = row_of(results, "funnel", "visit_rate", "difference_in_means")
    visited = stages["visit"] > 0
    assert row.estimate == pytest.approx(visited[t].mean() - visited[c].mean())
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert health.statistic["funnel", "multiple_exposure"] == pytest.approx(3 / 240)


def test_conversion_after_the_exposure(company, results):
    units = assigned(company, "exposed")
    units["opens"] = units.exposed_at.fillna(units.assigned_at)
    y = totals(company, units, "signup", 7, opens="opens").clip(upper=1)
    for segment, kept in (("all", units.arm.notna()), ("triggered", units.exposed_at.notna())):
        t, c = y[kept & (units.arm == "t")], y[kept & (units.arm == "c")]
        row = row_of(results, "exposed", "converted_in_7_days", "difference_in_means", segment)
        error = math.sqrt(sum(p.mean() * (1 - p.mean()) / len(p) for p in (t, c)))
        assert (row.estimate, row.std_error) == pytest.approx((t.mean() - c.mean(), error), rel=1e-6)
        assert (row.n_treatment, row.n_control) == (len(t), len(c))


def test_holdouts_of_accounts_and_regions(company, results):
    units = assigned(company, "accounts_held")
    deals = company.frame("opportunities")
    deals = deals[deals.is_won].merge(units[["assigned_at"]].reset_index(), left_on="account_id", right_on="unit_id")
    deals = deals[(deals.closed_at >= deals.assigned_at) & (deals.closed_at < END)]
    y = deals.groupby("account_id").amount.sum().reindex(units.index, fill_value=0.0)
    row = row_of(results, "accounts_held", "won_per_account", "difference_in_means")
    agrees(row, welch(y[units.arm == "t"], y[units.arm == "c"]))
    # A quarter of the accounts is held out, and few of them buy: their mean is too skewed for any interval.
    assert row.evidence_grade == "D" and "so the skew of the values in the smaller one decides" in row.reason
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    counts = units.arm.value_counts()
    expected = stats.chisquare([counts["c"], counts["t"]], [len(units) / 4, len(units) * 3 / 4])
    assert health.p_value["accounts_held", "srm"] == pytest.approx(expected.pvalue, rel=1e-6)
    units = assigned(company, "regions_held")
    y = totals(company, units, "signup", 28)
    agrees(
        row_of(results, "regions_held", "signups", "difference_in_means"),
        welch(y[units.arm == "t"], y[units.arm == "c"]),
    )


def test_a_randomised_rollout_in_waves(company, results):
    units = assigned(company, "waves")
    events = company.frame("task_events").pivot(
        index=["task_id", "team_id"], columns="event_type", values="occurred_at"
    )
    tasks = events.reset_index("team_id").merge(units[["assigned_at"]], left_on="team_id", right_index=True)
    tasks = tasks[(tasks.completed >= tasks.assigned_at) & (tasks.completed < tasks.assigned_at + timedelta(days=28))]
    hours = (tasks.completed - tasks.started).dt.total_seconds() / 3600
    y, z = (
        s.reindex(units.index, fill_value=0)
        for s in (hours.groupby(tasks.team_id).sum(), tasks.groupby("team_id").size())
    )
    t, c = units.arm == "t", units.arm == "c"
    row = row_of(results, "waves", "hours_per_task", "difference_in_means")
    agrees(row, weighed((y[t], z[t]), (y[c], z[c])))


def test_treatment_that_ends(results):
    """Four of eight treated regions lose it; then all."""
    row = row_of(results, "some_ended", "signups", "staggered_did")
    assert (row.n_treatment, row.n_control) == (4, 7)
    assert math.isfinite(row.estimate)
    assert "4 units are left out: the treatment ended." in row.reason
    assert "1 unit is left out: assigned to several arms." in row.reason
    for method in ("did", "did_relative", "staggered_did", "staggered_did_dynamic"):
        row = row_of(results, "all_ended", "signups", method)
        assert pd.isna(row.estimate) and pd.isna(row.evidence_grade), method
        assert "8 units are left out: the treatment ended." in row.reason


def test_parts_of_registered_dimensions(company, results):
    units = assigned(company, "funnel")
    country = company.frame("unit_covariates").query("name == 'country'").set_index("unit_id").value_text
    units["country"] = country.reindex(units.index)
    visited = totals(company, units, "visit", 21) > 0
    effects = []
    for name in ("de", "fr", "it"):
        t, c = (visited[(units.country == name) & (units.arm == a)] for a in "tc")
        row = row_of(results, "funnel", "visit_rate", "difference_in_means", f"country={name}")
        variance = sum(p.mean() * (1 - p.mean()) / len(p) for p in (t, c))
        assert (row.estimate, row.std_error) == pytest.approx((t.mean() - c.mean(), math.sqrt(variance)), rel=1e-6)
        effects.append((row.estimate, 1 / variance))
    centre = np.average([e for e, _ in effects], weights=[w for _, w in effects])
    q = sum(w * (e - centre) ** 2 for e, w in effects)
    assert row.heterogeneity_p_value == pytest.approx(stats.chi2.sf(q, 2), rel=1e-6)
    # Of accounts: what is rare, and who was observed too late where they are few, are shown together, by clusters.
    table = results["impact_estimates"].query("experiment_id == 'clustered' and method == 'difference_in_means'")
    parts = table[(table.metric_id == "revenue") & (table.segment != "all")].set_index("segment")
    assert set(parts.index) == {"size=(none)", "size=(other)", "size=large", "size=small"}
    whole = row_of(results, "clustered", "revenue", "difference_in_means")
    assert parts.n_treatment.sum() == whole.n_treatment
    accounts = assigned(company, "clustered")
    sizes = company.frame("unit_covariates").query("name == 'size'").set_index("unit_id")
    early = sizes.observed_at < accounts.assigned_at.reindex(sizes.index)
    part = sizes.value_text.where(early, "(none)").reindex(accounts.index)
    y = totals(company, accounts, "purchase", value=True)
    region = pd.Series([name.split("_")[0] for name in accounts.index], index=accounts.index)
    for segment, kept in (("size=small", part == "small"), ("size=(other)", part.str.startswith("odd"))):
        arms = []
        for arm in "tc":
            mine = kept & (accounts.arm == arm)
            groups = y[mine].groupby(region[mine]).agg(["sum", "size"])
            arms.append((groups["sum"], groups["size"]))
        row = parts.loc[segment]
        agrees(row, clustered(*arms, by_part=True))
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert health.passed["funnel", "srm_by_dimension"]
    assert health.passed["clustered", "dimensions_known"]


def test_a_plan_from_what_the_warehouse_holds(company, results):
    """Leads come as they are first seen; the windows of 21 days of those of the last 56 days before are over."""
    plans = results["experiment_plan"].set_index(["experiment_id", "metric_id", "weeks"])
    tasks = company.frame("task_events").rename(columns={"subject_type": "unit_type", "subject_id": "unit_id"})
    frames = [company.frame("outcome_events"), company.frame("unit_covariates"), tasks]
    seen = pd.concat([frame[["unit_type", "unit_id", "occurred_at"]] for frame in frames])
    leads = seen[seen.unit_type == "lead"].groupby("unit_id").occurred_at.min().to_frame("assigned_at")
    last = DATA_END - timedelta(days=21)
    leads = leads[(leads.assigned_at < last) & (leads.assigned_at >= last - timedelta(days=56))]
    leads["assigned_at"] += timedelta(seconds=1)
    visits, mqls = (totals(company, leads, name, 21) for name in ("visit", "mql"))
    visited = visits.clip(upper=1)
    row = plans.loc["next", "visit_rate", 8]
    assert row.baseline_source == "units that are in no experiment yet"
    assert (row.baseline_mean, row.baseline_variance) == pytest.approx((visited.mean(), visited.var()), rel=1e-6)
    weeks = ((leads.assigned_at.dt.date.max() - leads.assigned_at.dt.date.min()).days + 1) / 7
    assert row.units_per_week == pytest.approx(len(leads) / weeks, rel=1e-6)
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert row.sample_size == math.ceil(z**2 * 4 * visited.var() / 0.1**2)
    ratio = linearised(mqls, visits)
    row = plans.loc["next", "mql_per_visit", 12]
    assert row.baseline_variance == pytest.approx(ratio.var() / ratio.mean() ** 2, rel=1e-6)
    assert row.detectable_effect == pytest.approx(z * math.sqrt(4 * row.baseline_variance / row.units), rel=1e-6)
    # Regions are there already: more weeks bring no more of them.
    regions = plans.loc["next_regions"]
    assert set(regions.index.get_level_values("weeks")) == {8, 10, 12}
    assert (regions.units == 16).all()
    assert results["impact_estimates"].query("experiment_id == 'next'").estimate.isna().all()


def test_deals_in_several_currencies(company, results):
    deals = pd.DataFrame(company.deals).query("experiment == 'currencies'")
    right = welch(*(deals.usd[deals.arm == arm] for arm in "tc"))
    for metric in ("won_per_account", "paid"):
        row = row_of(results, "currencies", metric, "difference_in_means")
        agrees(row, right)
        assert abs(row.estimate) < 3 and row.p_value > 0.05
    agrees(row_of(results, "currencies", "won_per_deal", "difference_in_means"), right)
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert health.passed["currencies", "values_known"]


def test_money_without_a_rate_is_not_known(company, results):
    deals = pd.DataFrame(company.deals)
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    for name, said in (("no_rate_in_one", "The arms differ in that"), ("no_rate_in_many", "more than 20% of an arm")):
        for method in ("difference_in_means", "relative_difference"):
            row = row_of(results, name, "won_per_account", method)
            assert math.isnan(row.estimate) and math.isnan(row.p_value) and row.verdict == "not_estimated"
            assert said in row.reason and "50 of 100 units in t" in row.reason and "currency_rates" in row.reason
        assert not health.passed[name, "values_known"]
    few = deals[deals.experiment == "no_rate_in_few"]
    row = row_of(results, "no_rate_in_few", "won_per_account", "difference_in_means")
    agrees(row, welch(*(few.usd[few.arm == arm].dropna() for arm in "tc")))
    assert (row.n_treatment, row.n_control) == (94, 94)
    assert "The metric is not known for 6 of 100 units in t and 6 of 100 in c; they are left out." in row.reason
    assert health.passed["no_rate_in_few", "values_known"]


def test_labour_is_divided_by_the_tasks_that_were_timed(company, results):
    tasks = pd.DataFrame(company.tasks)
    timed = tasks[tasks.timed].groupby(["arm", "unit_id"]).hours
    hours, count = timed.sum(), timed.size().astype(float)
    row = row_of(results, "less_timing", "labour_per_task", "difference_in_means")
    agrees(row, weighed(*((hours[arm], count[arm]) for arm in "tc")))
    relative = row_of(results, "less_timing", "labour_per_task", "relative_difference")
    assert relative.estimate == pytest.approx(-0.2, abs=0.04)
    missing = {arm: f"{(~tasks.timed[tasks.arm == arm]).sum()} of 800" for arm in "tc"}
    assert f"Not measured: {missing['t']} values in t and {missing['c']} in c; they are in neither part" in row.reason
    assert "the arms differ in the share of unknown values" in row.reason and row.evidence_grade == "D"
    pace = weighed(*((count[arm], hours[arm]) for arm in "tc"))
    agrees(row_of(results, "less_timing", "tasks_per_labour_hour", "difference_in_means"), pace)
    whole = row_of(results, "less_timing", "labour", "difference_in_means")
    assert math.isnan(whole.estimate) and "record the human_minutes of each task" in whole.reason
    done = row_of(results, "less_timing", "done", "difference_in_means")
    assert "variance is 0" in done.reason
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert not health.passed["less_timing", "values_known"]


@pytest.mark.parametrize("method", ["magic", "staggered_did"])
def test_a_primary_method_that_the_design_lacks_stops_the_run(results, method):
    """After all others have read their results: the sentence names the experiment, and the methods that there are."""
    project = results["project"]
    with duckdb.connect(str(project.path)) as connection:
        connection.execute("update experiments set primary_method = ? where experiment_id = 'within'", [method])
    failed = project.dbt("run", "--select", "int_experiments", succeeds=False)
    assert not failed.success
    (message,) = [r.message for r in failed.result.results if r.message and method in r.message]
    assert f"The experiment `within` registers the primary method '{method}'" in message
    assert "which its design rct does not have. There are: cuped, cuped_relative, difference_in_means" in message
