"""From the moments of every experiment to its estimates: what the dbt Python model calls.

All tables are pandas DataFrames with the columns of the dbt models of the same name: see `read_tables`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from ..estimators.adjustment import cuped_many, lin, lin_clusters, lin_many, post_stratified
from ..estimators.bayes import non_inferiority, posterior
from ..estimators.checks import Check
from ..estimators.clusters import crossed_pair, cuped_crossed, fixed_effects, lin_crossed
from ..estimators.effects import (
    FEWEST_EVENTS,
    MOST_SKEW,
    cuped,
    difference,
    events_of,
    lopsided,
    relative_effect,
)
from ..estimators.estimate import LEAST_SHARE, Estimate, as_multiple, missing, quantile
from ..estimators.moments import Arm, UnitMoments
from ..estimators.multiplicity import benjamini_hochberg, holm
from ..estimators.quantiles import quantile_arm
from ..estimators.segments import collapsed, heterogeneity
from ..estimators.sequential import always_valid, interim_bound, repeated_interval, repeated_p_value
from ..io.registry import Experiment, is_missing, read_experiment
from ..io.schemas import ESTIMATES
from ..io.tables import NOTHING, Arms, QuantileArm, Tables, read_tables, records, segment_of, write_table
from ..wording import sentence
from .grading import Conduct, grade, one_verdict, verdict
from .health import (
    LOGARITHMS,
    OPEN_WINDOWS,
    arm_of,
    compare,
    effect_scale,
    find_checks,
    metric_problem,
    open_windows,
    regression_cells,
)

PLAIN = {"difference_in_means": "absolute", "relative_difference": "relative"}
ADJUSTED = {"cuped": "absolute", "cuped_relative": "relative"}
STRATIFIED = {"post_stratified": "absolute", "post_stratified_relative": "relative"}
WITHIN = {"fixed_effects": "absolute"}
QUANTILES = {"difference_in_quantiles": "absolute", "relative_difference_in_quantiles": "relative"}
# The relative form of each method, which answers the same question.
ABSOLUTE_OF = {pair[1]: pair[0] for pair in map(tuple, (PLAIN, ADJUSTED, STRATIFIED, QUANTILES))}
ABSOLUTE_OF |= {"regression_adjusted_relative": "regression_adjusted"}
NO_SHARE = "A difference of logarithms of 1 + value is no share of the value: use the transform log, or none."
EMPTY_ROW = dict.fromkeys(ESTIMATES.names)
COUNTS = frozenset({"tasks_completed", "rework", "errors", "deals_closed", "decisions"})  # always known
WITHHELD = (
    *("estimate", "std_error", "ci_low", "ci_high", "p_value", "mean_treatment", "mean_control", "interim_bound"),
    *("sequential_ci_low", "sequential_ci_high", "sequential_p_value", "probability_better", "expected_loss"),
    *("non_inferiority_p_value", "is_non_inferior", "heterogeneity_p_value"),
)


def estimate_experiments(
    registry: pd.DataFrame, metrics: pd.DataFrame, moments: pd.DataFrame, counts: pd.DataFrame, **further: pd.DataFrame
) -> pa.Table:
    """One row per experiment, metric, method, segment and treatment arm (schema `ESTIMATES`).

    `further` are the optional tables of `read_tables`. Every metric that is registered gets its rows: where the data
    allow no estimate, NULLs and a reason.
    """
    tables = read_tables(metrics, moments, counts, **further)
    rows: list[dict] = []
    for record in records(registry):
        experiment = read_experiment(record)
        found = [row for metric_id in experiment.metrics for row in _estimate_metric(experiment, metric_id, tables)]
        say_what_is_not_known(experiment, found, tables)
        _adjust(found, "p_value", "p_value_adjusted")
        _adjust(found, "sequential_p_value", "sequential_p_value_adjusted")
        _adjust_heterogeneity(found)
        _judge(experiment, found, tables, find_checks(experiment, tables))
        rows += found
    return write_table(rows, ESTIMATES)


@dataclass(frozen=True, slots=True)
class _Context:
    """One registered metric of one experiment."""

    experiment: Experiment
    metric_id: str
    metric: Mapping[str, Any] | None
    problem: str | None

    @property
    def alpha(self) -> float:
        return self.experiment.alpha

    @property
    def logarithm(self) -> str | None:
        """The transform, where the metric is a logarithm."""
        transform = (self.metric or {}).get("transform")
        return transform if transform in LOGARITHMS else None

    def is_never_negative(self, *arms: UnitMoments) -> bool:
        aggregation = (self.metric or {}).get("aggregation")
        return aggregation in ("proportion", "count") or all(m.min_y >= 0 for m in arms)

    @property
    def treatments(self) -> list[str | None]:
        return self.experiment.treatments or [None]


def _estimate_metric(experiment: Experiment, metric_id: str, tables: Tables) -> list[dict]:
    metric = tables.catalogue.get(metric_id)
    arms = tables.arms(experiment.experiment_id, metric_id)
    context = _Context(experiment, metric_id, metric, metric_problem(experiment, metric_id, metric, tables))
    if metric is not None and metric["aggregation"] == "quantile":
        return _quantile_rows(context, tables)
    rows = _segment_rows(context, "all", arms, tables)
    if context.problem:
        return rows
    rows += _stratified_rows(context, tables) + _regression_rows(context, tables)
    rows += _triggered_rows(context, tables)
    for dimension in ("stratum", *experiment.dimensions):
        rows += _dimension_rows(context, dimension, tables)
    return rows


def _segment_rows(context: _Context, segment: str, arms: Arms, tables: Tables) -> list[dict]:
    """Plain and adjusted, absolute and relative, for each treatment arm."""
    adjusts = context.metric is not None and not is_missing(context.metric["covariate"])
    rows = []
    for treatment in context.treatments:
        t, c = arms.get(treatment, NOTHING), arms.get(context.experiment.control, NOTHING)
        for method, scale in (PLAIN | ADJUSTED if adjusts else PLAIN).items():
            if context.problem:
                e = missing(context.problem, t.n, c.n)
            else:
                e = _estimate(context, method, t, c, segment, treatment, tables)
            rows.append(_row(context, method, scale, segment, treatment, e, t, c))
    return rows


def _estimate(
    context: _Context, method: str, t: UnitMoments, c: UnitMoments, segment: str, treatment: str | None, tables: Tables
) -> Estimate:
    if method in ABSOLUTE_OF and context.logarithm:
        e = _estimate(context, ABSOLUTE_OF[method], t, c, segment, treatment, tables)
        return _as_multiple(context, e)
    if method in ADJUSTED and t.shared.n:
        return _crossed_cuped(context, t, c, segment, treatment, tables, relative=method == "cuped_relative")
    if method in ADJUSTED:
        joint = tables.joint.get((context.experiment.experiment_id, context.metric_id), {})
        pair = [joint.get(arm) for arm in (treatment, context.experiment.control)]
        if segment == "all" and all(pair) and pair[0][0] == pair[1][0]:
            known = (replace(p[1], clustered=context.experiment.cluster_by is not None) for p in pair)
            return cuped_many(*known, context.alpha, method == "cuped_relative")
        return cuped(t, c, context.alpha, relative=method == "cuped_relative")
    return compare(t, c, context.metric, context.alpha, relative=method == "relative_difference")


def _crossed_cuped(
    context: _Context,
    t: UnitMoments,
    c: UnitMoments,
    segment: str,
    treatment: str | None,
    tables: Tables,
    relative: bool,
) -> Estimate:
    """Of units that were assigned within clusters: by the first covariate, over all units."""
    products = tables.products.get((context.experiment.experiment_id, context.metric_id), {})
    plain = crossed_pair(t, c)
    if isinstance(plain, str):
        return missing(plain, t.n, c.n)
    if segment != "all":
        return missing("Where clusters hold units of both arms, covariates are used over all units only.", t.n, c.n)
    if treatment not in products or context.experiment.control not in products:
        return missing("No covariate from before the assignment is known, so nothing can be adjusted for.", t.n, c.n)
    pair = products[treatment], products[context.experiment.control]
    return cuped_crossed(*pair, plain.df, context.alpha, relative)


def _as_multiple(context: _Context, log: Estimate) -> Estimate:
    return as_multiple(log) if context.logarithm == "log" else log.because(NO_SHARE)


def _stratified_rows(context: _Context, tables: Tables) -> list[dict]:
    strata = tables.strata(context.experiment.experiment_id, context.metric_id)
    arms = tables.arms(context.experiment.experiment_id, context.metric_id)
    control = context.experiment.control
    if len(strata) < 2:
        return []
    rows = []
    for treatment in context.experiment.treatments:
        t, c = arms.get(treatment, NOTHING), arms.get(control, NOTHING)
        pairs = {name: (s.get(treatment, NOTHING), s.get(control, NOTHING)) for name, s in strata.items()}
        for method, scale in STRATIFIED.items():
            if t.shared.n:
                e = missing("Clusters hold units of both arms: fixed_effects compares within strata.", t.n, c.n)
            else:
                e = post_stratified(pairs, context.alpha, relative=scale == "relative" and not context.logarithm)
                e = _as_multiple(context, e) if scale == "relative" and context.logarithm else e
            rows.append(_row(context, method, scale, "all", treatment, e, t, c))
        for method, scale in WITHIN.items() if t.n_units or c.n_units else ():
            e = fixed_effects(pairs, (t, c), context.alpha)
            rows.append(_row(context, method, scale, "all", treatment, e, t, c))
    return rows


def _regression_rows(context: _Context, tables: Tables) -> list[dict]:
    """Least squares on arm, covariates and products: of units on bins' means and strata, of clusters, or, of several
    covariates, on all as they are."""
    key = context.experiment.experiment_id, context.metric_id
    cells, products = tables.regression.get(key, []), tables.products.get(key, {})
    several = tables.joint_strata.get(key, {})
    arms, control = tables.arms(*key), context.experiment.control
    rows = []
    for treatment in context.experiment.treatments if (cells or products) and control in arms else []:
        t, c = arms.get(treatment, NOTHING), arms.get(control, NOTHING)
        if treatment in several and control in several and not t.shared.n:
            pair = [
                {s: replace(m, clustered=bool(t.n_units)) for s, m in several[arm].items()}
                for arm in (treatment, control)
            ]
            e = lin_many({s: (pair[0].get(s), pair[1].get(s)) for s in {**pair[0], **pair[1]}}, context.alpha)
        elif cells:
            built = regression_cells(cells, treatment, control, (t, c))
            e = missing(built, t.n, c.n) if isinstance(built, str) else lin(built, "HC2", context.alpha)
        elif treatment in products and control in products:
            pair, plain = (products[treatment], products[control]), crossed_pair(t, c) if t.shared.n else None
            if plain is None:
                e = lin_clusters(*pair, (t.ratio().freedom, c.ratio().freedom), context.alpha)
            elif isinstance(plain, str):
                e = missing(plain, t.n, c.n)
            else:
                e = lin_crossed(*pair, plain.df, context.alpha)
        else:
            e = missing("An arm has no clusters whose covariate is known.", t.n, c.n)
        rows.append(_row(context, "regression_adjusted", "absolute", "all", treatment, e, t, c))
        if context.logarithm:
            share = _as_multiple(context, e)
            rows.append(_row(context, "regression_adjusted_relative", "relative", "all", treatment, share, t, c))
    return rows


def _triggered_rows(context: _Context, tables: Tables) -> list[dict]:
    """Only units that were exposed, beside all that were assigned, where that is known of the control too."""
    found = tables.segments(context.experiment.experiment_id, context.metric_id)
    exposed, whole = found.get("triggered", {}), found.get("all", {})
    compared = [a for a in context.experiment.arms if a in whole]
    if context.experiment.control not in exposed or all(
        a in exposed and exposed[a].units == whole[a].units for a in compared
    ):
        return []
    return _segment_rows(context, "triggered", exposed, tables)


def _dimension_rows(context: _Context, dimension: str, tables: Tables) -> list[dict]:
    """The effect in each part of a dimension that is large enough to show, and whether it differs between them."""
    experiment = context.experiment
    parts = tables.cut(experiment.experiment_id, context.metric_id, dimension)
    shown = collapsed(parts, experiment.arms, experiment.most_parts, experiment.least_units)
    rows = [
        row for name, arms in shown.items() for row in _segment_rows(context, segment_of(dimension, name), arms, tables)
    ]
    return _with_heterogeneity(rows)


def _with_heterogeneity(rows: list[dict]) -> list[dict]:
    """The rows of one dimension's parts, with the test of whether their effects differ."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["method"], row["treatment_arm"]), []).append(row)
    for group in groups.values():
        p = heterogeneity([row["found"] for row in group]).p_value
        for row in group:
            row["heterogeneity_p_value"] = p
    return rows


def _quantile_rows(context: _Context, tables: Tables) -> list[dict]:
    """Of all units, and of the parts of registered dimensions; which of those are shown was chosen in SQL."""
    experiment = context.experiment
    key = experiment.experiment_id, context.metric_id
    rows = _quantile_segment(context, "all", tables.quantile_arms(*key))
    for dimension in experiment.dimensions if not context.problem else []:
        shown = {
            name: arms
            for name, arms in sorted(tables.quantile_cut(*key, dimension).items())
            if all(a in arms and arms[a].share.units >= experiment.least_units for a in experiment.arms)
        }
        if len(shown) > 1:
            found = [_quantile_segment(context, segment_of(dimension, name), arms) for name, arms in shown.items()]
            rows += _with_heterogeneity([row for part in found for row in part])
    return rows


def _quantile_segment(context: _Context, segment: str, arms: Mapping[str, QuantileArm]) -> list[dict]:
    found = {
        arm: quantile_arm(q.probability, q.point, q.lows, q.highs, q.ranks, q.share.ratio(), context.alpha)
        for arm, q in arms.items()
    }
    rows = []
    for treatment in context.treatments:
        compared = (treatment, context.experiment.control)
        pair = [found.get(a, "The quantile can't be estimated: an arm has no units.") for a in compared]
        sizes = [arms[a].share if a in arms else NOTHING for a in compared]
        levels = [arm.mean if isinstance(arm, Arm) and not math.isnan(arm.mean) else None for arm in pair]
        problem = context.problem or next((p for p in pair if isinstance(p, str)), None)
        for method, scale in QUANTILES.items():
            if problem:
                e = missing(problem, sizes[0].n, sizes[1].n)
            else:
                e = (relative_effect if scale == "relative" else difference)(*pair, context.alpha)
            rows.append(_row(context, method, scale, segment, treatment, e, *sizes, levels=levels))
    return rows


def _row(
    context: _Context,
    method: str,
    scale: str,
    segment: str,
    treatment: str | None,
    e: Estimate,
    t: UnitMoments,
    c: UnitMoments,
    levels: list[float | None] | None = None,
) -> dict:
    """One row of the result, and the estimate itself under `found`; `levels` are the arms', if not their ratios."""
    experiment = context.experiment
    if levels is None:
        levels = _levels(t, c, as_values=scale == "relative" and context.logarithm == "log")
    if scale == "relative" and context.is_never_negative(t, c):
        e = e.at_least(LEAST_SHARE)
    clustered = bool(t.n_units or c.n_units)
    role = experiment.metrics[context.metric_id]
    row = EMPTY_ROW | {
        "experiment_id": experiment.experiment_id,
        "metric_id": context.metric_id,
        "method": method,
        "segment": segment,
        "treatment_arm": treatment,
        "control_arm": experiment.control or None,
        "metric_role": role,
        "estimand": f"ate_{context.logarithm}" if context.logarithm else "ate",
        "scale": scale,
        "estimate": e.estimate,
        "std_error": e.std_error,
        "ci_low": e.ci_low,
        "ci_high": e.ci_high,
        "p_value": e.p_value,
        "n_treatment": t.units,
        "n_control": c.units,
        "mean_treatment": levels[0],
        "mean_control": levels[1],
        "alpha": experiment.alpha,
        "is_primary": role == "primary",
        "is_preregistered": experiment.is_preregistered,
        "reason": e.reason,
        "n_clusters_treatment": t.n if clustered else None,
        "n_clusters_control": c.n if clustered else None,
        "inference": experiment.inference,
        "found": e,
        "skewed": _skewed(context, t, c) if e.estimate is not None else None,
    }
    _add_sequential(row, experiment, e)
    _add_decisions(row, context, e)
    return row


def _levels(t: UnitMoments, c: UnitMoments, as_values: bool = False) -> list[float | None]:
    """Both arms' means; `as_values`: the geometric means, of means of logarithms."""
    means = [m.ratio().mean if m.n else math.nan for m in (t, c)]
    return [None if math.isnan(mean) else math.exp(min(mean, 700.0)) if as_values else mean for mean in means]


def _skewed(context: _Context, t: UnitMoments, c: UnitMoments) -> str | None:
    """Why the interval can't be relied on, where so few or so skewed values carry a mean that neither scale holds."""
    if context.logarithm or (context.metric or {}).get("aggregation") == "quantile":
        return None
    if not context.is_never_negative(t, c):
        return None
    arms = [arm_of(m, context.metric) for m in (t, c)]
    events = min(map(events_of, arms))
    if events < FEWEST_EVENTS:
        return (
            f"Its interval is unreliable: an arm's mean is known no better than a count of {events:.0f} events, and "
            f"{FEWEST_EVENTS} are needed. Wait for more units."
        )
    if lopsided(*arms, are_events=context.metric["aggregation"] == "proportion") > MOST_SKEW:
        return (
            f"Its interval is unreliable: the arms have {arms[0].n} and {arms[1].n} units, so the skew of "
            "the values in the smaller one decides. Wait for more units, or register the logarithm or a "
            "cut at a quantile."
        )
    return None


def _add_sequential(row: dict, experiment: Experiment, e: Estimate) -> None:
    """The interval that holds at any time, or that of the planned look that was reached last."""
    if e.estimate is None:
        return
    if experiment.inference in ("obrien_fleming", "pocock"):
        reached = [k for k, t in enumerate(experiment.looks) if t <= (experiment.fraction or 0.0) + 1e-9]
        if not reached:
            return
        look = reached[-1]
        bound = interim_bound(experiment.looks[: look + 1], experiment.alpha, experiment.inference)
        row["interim_bound"] = bound
        low, high = repeated_interval(e, bound)
        z = -_normal_score(e)
        p = repeated_p_value(z, experiment.looks, look, experiment.inference)
    else:
        low, high, p = always_valid(e, alpha=experiment.alpha, tuned_for=experiment.tuned_for)
    row.update(sequential_ci_low=low, sequential_ci_high=high, sequential_p_value=p)


def _normal_score(e: Estimate) -> float:
    """The normal quantile of half the p value: a t statistic on the scale of the boundaries."""
    return quantile(max(e.p_value / 2, 1e-300))


def _add_decisions(row: dict, context: _Context, e: Estimate) -> None:
    metric = context.metric or {}
    direction = str(metric.get("direction", "up"))
    level = 1.0 if row["scale"] == "relative" or context.logarithm else abs(row["mean_control"] or 0.0)
    prior, margin = metric.get("prior_sd"), metric.get("non_inferiority_margin")
    found = posterior(e, direction, None if is_missing(prior) or not level else float(prior) * level)
    row.update(probability_better=found.probability_better, expected_loss=found.expected_loss)
    if not is_missing(margin) and float(margin) > 0 and level:
        bound = float(margin) * level
        if context.logarithm and row["scale"] == "absolute":
            bound = math.log1p(bound) if direction == "down" else -math.log1p(-min(bound, 1 - 1e-9))
        row["non_inferiority_margin"] = bound
        shown = _allowing_for_looks(e, row, context.experiment)
        row["is_non_inferior"], row["non_inferiority_p_value"] = non_inferiority(shown, bound, direction)


def _allowing_for_looks(e: Estimate, row: Mapping[str, Any], experiment: Experiment) -> Estimate:
    """With the interval that may be acted on now: of planned looks, the last one's, and nothing before the first."""
    if e.estimate is None or not experiment.looks_were_planned:
        return e
    if row["sequential_ci_low"] is None:
        return e.because("No planned look has been reached, or the interval has no bounds yet.")
    return replace(e, ci_low=row["sequential_ci_low"], ci_high=row["sequential_ci_high"])


def say_what_is_not_known(experiment: Experiment, rows: list[dict], tables: Tables) -> None:
    """How many values of each arm are not known; no estimate where the others can't stand for them.

    Of the `tables` only the catalogue and what `moments_past` says is read.
    """
    for row in rows:
        treatment, control = row["treatment_arm"], experiment.control
        unknown = tables.unknown_in(experiment.experiment_id, row["metric_id"], treatment, control)
        if unknown is None:
            continue
        metric = tables.catalogue.get(row["metric_id"], {})
        measures = [metric.get(f"{part}_measure") for part in ("numerator", "denominator")]
        lacking = next((m for m in measures if not is_missing(m) and str(m) not in COUNTS), None)
        problem = unknown.problem(treatment, control, lacking)
        if problem:
            row.update(dict.fromkeys(WITHHELD), evidence_grade=None, reason=problem)
            if "found" in row:
                row["found"] = row["found"].because(problem)
        elif row["estimate"] is not None:
            row["reason"] = sentence([row["reason"], unknown.note(treatment, control)])


def _adjust(rows: list[dict], source: str, target: str) -> None:
    """Correct the p values in their families: primary by Holm, secondary by Benjamini-Hochberg.

    A family holds the hypotheses of one role, each once: the same method and segment over metrics and arms; the parts
    of all dimensions together are one family, so that no part wins by being one of many. Guardrails keep their own p
    values, because a correction would hide harm.
    """
    families: dict[tuple, list[dict]] = {}
    for row in rows:
        segment = "parts" if "=" in row["segment"] else row["segment"]
        families.setdefault((row["metric_role"], row["method"], segment), []).append(row)
    for (role, _, _), family in families.items():
        for row, p in zip(family, _corrected(role, [row[source] for row in family]), strict=True):
            row[target] = p


def _adjust_heterogeneity(rows: list[dict]) -> None:
    """Each dimension, metric and arm asks once whether the effect differs: the same families, over those questions."""
    families: dict[tuple, dict[tuple, list[dict]]] = {}
    for row in rows:
        if "=" in row["segment"]:
            asked = row["metric_id"], row["segment"].split("=")[0], row["treatment_arm"]
            families.setdefault((row["metric_role"], row["method"]), {}).setdefault(asked, []).append(row)
    for (role, _), questions in families.items():
        p_values = [group[0]["heterogeneity_p_value"] for group in questions.values()]
        for group, p in zip(questions.values(), _corrected(role, p_values), strict=True):
            for row in group:
                row["heterogeneity_p_value_adjusted"] = p


def _corrected(role: str, p_values: list[float | None]) -> list[float | None]:
    procedure = {"primary": holm, "secondary": benjamini_hochberg}.get(role)
    if procedure is None:
        return p_values
    return [None if p is None else float(a) for p, a in zip(p_values, procedure(p_values), strict=True)]


def _judge(experiment: Experiment, rows: list[dict], tables: Tables, found: Mapping[str, Check]) -> None:
    further = {
        "srm_by_stratum": "the sample ratio fails in a stratum",
        "srm_by_dimension": "the sample ratio fails in a part",
        "srm_by_start_day": "the sample ratio fails on a day",
        "srm_triggered": "exposure differs between the arms",
        "pre_period_difference": "the metrics differed before the start",
        "novelty": "the effect changes over time",
        "interference": "control units are mixed with treated ones",
        "enough_clusters": "too few clusters for the intervals to hold",
        "clusters_known": "too many units have an unknown cluster",
        "stopped_early": "it was ended early",
    }
    conduct = Conduct(
        design=experiment.design,
        assignment_method=experiment.assignment_method,
        registered_before_start=experiment.registered_before_start,
        changed_after_start=experiment.changed_after_start,
        sample_ratio=found["srm"].passed,
        balance=found["pre_period_balance"].passed,
        powered=found["power"].passed,
        exposure=found["multiple_exposure"].passed,
        arms_known=found["unknown_arm"].passed,
        finished=found["still_running"].passed,
        others=tuple(text for name, text in further.items() if name in found and found[name].passed is False),
    )
    sequential = experiment.looks_were_planned
    open_of = open_windows(experiment, tables)
    pairs = _scale_pairs(rows)
    for absolute, relative in pairs:
        # One test answers both: its correction is over all hypotheses, also those that have no relative effect.
        for name in ("p_value_adjusted", "sequential_p_value_adjusted"):
            relative[name] = absolute[name]
        # The margin is a share of the control's level, which isn't known exactly: the relative effect allows for that.
        if relative["is_non_inferior"] is not None:
            for name in ("is_non_inferior", "non_inferiority_p_value"):
                absolute[name] = relative[name]
    for row in rows:
        has = row["estimate"] is not None
        earned, why = grade(_with_unknown(conduct, experiment, row, tables))
        row["evidence_grade"] = ("D" if row["skewed"] else earned) if has else None
        metric = tables.catalogue.get(row["metric_id"], {})
        # An interval that allows for looks may be acted on before the end; until it decides, the experiment runs on.
        p = row["sequential_p_value_adjusted"] if sequential else row["p_value_adjusted"]
        decided = sequential and p is not None and p < experiment.alpha
        prefix = "sequential_" if sequential and p is not None else ""
        row["verdict"] = verdict(
            row["estimate"],
            row[f"{prefix}ci_low"],
            row[f"{prefix}ci_high"],
            1.0 if has and p is None else p,
            experiment.alpha,
            str(metric.get("direction", "up")),
            row["evidence_grade"],
            (bool(experiment.finished) and open_of[row["metric_id"]] <= OPEN_WINDOWS) or decided,
            _smallest(experiment, metric, row),
        )
        waiting = open_of[row["metric_id"]]
        unripe = f"The window of {waiting:.1%} of the units is still open." if waiting > OPEN_WINDOWS else None
        row["reason"] = sentence(
            [row["reason"], row["skewed"] if has else None, why if has else None, unripe if has else None]
        )
    for absolute, relative in pairs:
        decides = effect_scale(tables.catalogue.get(absolute["metric_id"], {}))
        one_verdict(*((relative, absolute) if decides == "relative" else (absolute, relative)))


def _scale_pairs(rows: list[dict]) -> list[tuple[dict, dict]]:
    """The absolute and the relative row of each question that has both estimates."""
    asked = ("metric_id", "segment", "treatment_arm")
    found = {(row["method"], *(row[name] for name in asked)): row for row in rows if row["estimate"] is not None}
    pairs = ((found.get((ABSOLUTE_OF.get(key[0]), *key[1:])), row) for key, row in found.items())
    return [(absolute, relative) for absolute, relative in pairs if absolute is not None]


def _with_unknown(conduct: Conduct, experiment: Experiment, row: Mapping[str, Any], tables: Tables) -> Conduct:
    """More is known of one arm than of the other, or too little of both: a deviation of this metric alone."""
    key = experiment.experiment_id, row["metric_id"]
    unknown = tables.unknown_in(*key, row["treatment_arm"], experiment.control)
    if unknown is None or not (unknown.differs or unknown.is_too_much):
        return conduct
    said = "the arms differ in the share of unknown values" if unknown.differs else "an arm has too many unknown values"
    return replace(conduct, others=(*conduct.others, said))


def _smallest(experiment: Experiment, metric: Mapping[str, Any], row: Mapping[str, Any]) -> float | None:
    """The registered smallest effect of the primary metric, on the row's scale."""
    planned, level = experiment.smallest_effect, row["mean_control"]
    if not row["is_primary"] or planned is None or not level:
        return None
    if row["scale"] == effect_scale(metric):
        return planned
    if metric.get("transform") in LOGARITHMS:
        return math.log1p(planned)
    return planned / abs(level) if row["scale"] == "relative" else planned * abs(level)
