"""Arms that were assigned, compared as they are and adjusted: experiments by unit or cluster, and holdouts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..estimators.adjustment import cuped_many, lin, lin_clusters, lin_many, post_stratified
from ..estimators.bayes import non_inferiority, posterior
from ..estimators.clusters import crossed_pair, cuped_crossed, fixed_effects, lin_crossed
from ..estimators.effects import cuped, difference, relative_effect, unreliable
from ..estimators.estimate import LEAST_SHARE, Estimate, as_multiple, is_known, missing, quantile
from ..estimators.moments import Arm, UnitMoments
from ..estimators.quantiles import quantile_arm
from ..estimators.segments import collapsed, heterogeneity
from ..estimators.sequential import always_valid, interim_bound, readings, repeated_interval, repeated_p_value
from ..io.inputs import Inputs
from ..io.registry import Experiment, is_missing, number
from ..io.tables import ARM_TABLES, NOTHING, Arms, QuantileArm, Tables, segment_of
from ..wording import sentence
from .design import Design
from .grading import STRAY, Conduct, grade
from .health import (
    OPEN_WINDOWS,
    arm_of,
    compare,
    effect_scale,
    find_checks,
    is_plausible,
    metric_problem,
    open_windows,
    recruits_on,
    regression_cells,
)
from .rows import LOGARITHMS, NO_SHARE, absolute_of, estimate_row, scale_pairs

PLAIN = {"difference_in_means": "absolute", "relative_difference": "relative"}
ADJUSTED = {"cuped": "absolute", "cuped_relative": "relative"}
STRATIFIED = {"post_stratified": "absolute", "post_stratified_relative": "relative"}
WITHIN = {"fixed_effects": "absolute"}
QUANTILES = {"difference_in_quantiles": "absolute", "relative_difference_in_quantiles": "relative"}


class Comparison(Design):
    """Assigned arms. It takes what no other design takes, and says of it that it can't be compared so."""

    reads: ClassVar = {"estimates": ARM_TABLES}

    def takes(self, experiment: Experiment) -> bool:
        return True

    def estimate(self, experiment: Experiment, metric_id: str, inputs: Inputs) -> list[dict]:
        """One row per method, segment and treatment arm. Every metric that is registered gets its rows: where the data
        allow no estimate, NULLs and a reason."""
        return _estimate_metric(experiment, metric_id, inputs.arms)

    def grade(self, experiment: Experiment, rows: list[dict], inputs: Inputs) -> None:
        _grade(experiment, rows, inputs.arms)

    def deciding_scale(self, metric: Mapping[str, Any]) -> str:
        return effect_scale(metric)


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
        return self.aggregation in ("proportion", "count") or all(m.min_y >= 0 for m in arms)

    @property
    def treatments(self) -> Sequence[str | None]:
        return self.experiment.treatments or (None,)

    @property
    def aggregation(self) -> str:
        return str((self.metric or {}).get("aggregation"))


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
        t, c = arms.get(treatment or "", NOTHING), arms.get(context.experiment.control, NOTHING)
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
    absolute = absolute_of(method)
    if context.logarithm and absolute:
        return _as_multiple(context, _estimate(context, absolute, t, c, segment, treatment, tables))
    if method in ADJUSTED and t.shared.n:
        return _crossed_cuped(context, t, c, segment, treatment, tables, relative=method == "cuped_relative")
    if method in ADJUSTED:
        joint = tables.joint.get((context.experiment.experiment_id, context.metric_id), {})
        one, other = joint.get(treatment or ""), joint.get(context.experiment.control)
        if segment == "all" and one is not None and other is not None and one[0] == other[0]:
            clustered = context.experiment.cluster_by is not None
            pair = replace(one[1], clustered=clustered), replace(other[1], clustered=clustered)
            return cuped_many(*pair, context.alpha, method == "cuped_relative")
        return cuped(t, c, context.alpha, relative=method == "cuped_relative")
    return compare(t, c, context.metric or {}, context.alpha, relative=method == "relative_difference")


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
    cells, products = tables.regression.get(key, {}), tables.products.get(key, {})
    several = tables.joint_strata.get(key, {})
    arms, control = tables.arms(*key), context.experiment.control
    rows = []
    for treatment in context.experiment.treatments if (cells or products) and control in arms else []:
        t, c = arms.get(treatment, NOTHING), arms.get(control, NOTHING)
        if treatment in several and control in several and not t.shared.n:
            one, other = (
                {s: replace(m, clustered=bool(t.n_units)) for s, m in several[arm].items()}
                for arm in (treatment, control)
            )
            e = lin_many({s: (one.get(s), other.get(s)) for s in {**one, **other}}, context.alpha)
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
        arm: quantile_arm(q.probability, q.point, q.lows, q.highs, q.ranks, q.share.ratio()) for arm, q in arms.items()
    }
    rows = []
    for treatment in context.treatments:
        compared = treatment or "", context.experiment.control
        one, other = (found.get(a, "The quantile can't be estimated: an arm has no units.") for a in compared)
        t, c = (arms[a].share if a in arms else NOTHING for a in compared)
        levels = [arm.mean if isinstance(arm, Arm) and not math.isnan(arm.mean) else None for arm in (one, other)]
        for method, scale in QUANTILES.items():
            if context.problem:
                e = missing(context.problem, t.n, c.n)
            elif isinstance(one, str) or isinstance(other, str):
                # Where neither arm has the quantile, the smaller one says why.
                _, reason = min((units.n, arm) for units, arm in ((t, one), (c, other)) if isinstance(arm, str))
                e = missing(reason, t.n, c.n)
            else:
                e = (relative_effect if scale == "relative" else difference)(one, other, context.alpha)
            rows.append(_row(context, method, scale, segment, treatment, e, t, c, levels))
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
    """One row of the result, and why it is `skewed`, if so; `levels` are the arms', if not their ratios."""
    experiment = context.experiment
    if levels is None:
        levels = _levels(t, c, as_values=scale == "relative" and context.logarithm == "log")
    if scale == "relative" and context.is_never_negative(t, c):
        e = e.at_least(LEAST_SHARE)
    clustered = bool(t.n_units or c.n_units)
    row = estimate_row(
        experiment,
        context.metric_id,
        method,
        scale,
        f"ate_{context.logarithm}" if context.logarithm else "ate",
        e,
        segment=segment,
        treatment_arm=treatment,
        n_treatment=t.units,
        n_control=c.units,
        mean_treatment=levels[0],
        mean_control=levels[1],
        n_clusters_treatment=t.n if clustered else None,
        n_clusters_control=c.n if clustered else None,
        inference=experiment.inference,
        skewed=_skewed(context, t, c) if e.estimate is not None else None,
    )
    _add_sequential(row, experiment, e)
    _add_decisions(row, context, e)
    return row


def _levels(t: UnitMoments, c: UnitMoments, as_values: bool = False) -> list[float | None]:
    """Both arms' means; `as_values`: the geometric means, of means of logarithms."""
    means = [m.ratio().mean if m.n else math.nan for m in (t, c)]
    return [None if math.isnan(mean) else math.exp(min(mean, 700.0)) if as_values else mean for mean in means]


def _skewed(context: _Context, t: UnitMoments, c: UnitMoments) -> str | None:
    """Why the interval can't be relied on, where so few or so skewed values carry a mean that neither scale holds."""
    if context.logarithm or context.metric is None or context.aggregation == "quantile":
        return None
    if not context.is_never_negative(t, c):
        return None
    are_clusters = bool(t.n_units or c.n_units)
    return unreliable(arm_of(t, context.metric), arm_of(c, context.metric), are_clusters)


def _add_sequential(row: dict, experiment: Experiment, e: Estimate) -> None:
    """The interval that holds at any time, or on every day from the first planned look on."""
    if not is_known(e):
        return
    p: float | None
    if experiment.inference in ("obrien_fleming", "pocock"):
        read = readings(experiment.looks, experiment.days, experiment.fraction or 0.0)
        if not read:
            return
        bound = interim_bound(read, experiment.alpha, experiment.inference)
        row["interim_bound"] = bound
        low, high = repeated_interval(e, bound)
        # The normal quantile of half the p value: a t statistic on the scale of the boundaries.
        z = -quantile(max(e.p_value / 2, 1e-300))
        p = repeated_p_value(z, read, len(read) - 1, experiment.inference)
    else:
        low, high, p = always_valid(e, alpha=experiment.alpha, tuned_for=experiment.tuned_for)
    row.update(sequential_ci_low=low, sequential_ci_high=high, sequential_p_value=p)


def _add_decisions(row: dict, context: _Context, e: Estimate) -> None:
    metric = context.metric or {}
    direction = str(metric.get("direction", "up"))
    level = 1.0 if row["scale"] == "relative" or context.logarithm else abs(row["mean_control"] or 0.0)
    prior, margin = (number(metric.get(name), 0.0) for name in ("prior_sd", "non_inferiority_margin"))
    found = posterior(e, direction, prior * level or None)
    row.update(probability_better=found.probability_better, expected_loss=found.expected_loss)
    if margin > 0 and level:
        bound = margin * level
        if context.logarithm and row["scale"] == "absolute":
            bound = math.log1p(bound) if direction == "down" else -math.log1p(-min(bound, 1 - 1e-9))
        row["non_inferiority_margin"] = bound
        shown = _allowing_for_looks(e, row, context.experiment)
        row["is_non_inferior"], row["non_inferiority_p_value"] = non_inferiority(shown, bound, direction)


def _allowing_for_looks(e: Estimate, row: Mapping[str, Any], experiment: Experiment) -> Estimate:
    """With the interval that may be acted on now: with planned looks, nothing before the first."""
    if e.estimate is None or not experiment.looks_were_planned:
        return e
    if row["sequential_ci_low"] is None:
        return e.because("No planned look has been reached, or the interval has no bounds yet.")
    return replace(e, ci_low=row["sequential_ci_low"], ci_high=row["sequential_ci_high"])


def _grade(experiment: Experiment, rows: list[dict], tables: Tables) -> None:
    """The grade that the conduct of the experiment earned, and what else decides the verdict of each row."""
    conduct = _conduct(experiment, tables)
    goes_on = recruits_on(experiment, tables)
    open_of = open_windows(experiment, tables)
    for absolute, relative in scale_pairs(rows):
        # One test answers both: its correction is over all hypotheses, also those that have no relative effect.
        for name in ("p_value_adjusted", "sequential_p_value_adjusted"):
            relative[name] = absolute[name]
        # The margin is a share of the control's level, which isn't known exactly: the relative effect allows for that.
        if relative["is_non_inferior"] is not None:
            for name in ("is_non_inferior", "non_inferiority_p_value"):
                absolute[name] = relative[name]
    for row in rows:
        has, waiting = row["estimate"] is not None, open_of[row["metric_id"]]
        earned, why = grade(_with_unknown(conduct, experiment, row, tables))
        row["is_open"] = waiting > OPEN_WINDOWS or goes_on
        row["smallest_effect"] = _smallest(experiment, tables.catalogue.get(row["metric_id"], {}), row)
        row["evidence_grade"] = ("D" if row["skewed"] else earned) if has else None
        unripe = f"The window of {waiting:.1%} of the units is still open." if waiting > OPEN_WINDOWS else None
        row["reason"] = sentence([row["reason"], *([row["skewed"], why, unripe] if has else [])])


def _conduct(experiment: Experiment, tables: Tables) -> Conduct:
    found = find_checks(experiment, tables)
    several = found["multiple_exposure"]
    deviations: tuple[str, ...] = ()
    if several.passed and several.statistic is not None and several.statistic > STRAY:
        deviations = (f"{several.statistic:.2%} of the units were in several arms",)
    return Conduct(
        design=experiment.design,
        assignment_method=experiment.assignment_method,
        passed={name: check.passed for name, check in found.items()},
        changed_fields=experiment.changed_fields,
        withdrawn=experiment.withdrawn,
        split_problem=found["srm"].detail if found["srm"].passed is None and experiment.has_split else None,
        deviations=deviations,
    )


def _with_unknown(conduct: Conduct, experiment: Experiment, row: Mapping[str, Any], tables: Tables) -> Conduct:
    """More is known of one arm than of the other, or too little of both: a fault of this metric alone. A share that is
    lost alike in both arms leaves them comparable, and costs grade A."""
    key = experiment.experiment_id, row["metric_id"]
    unknown = tables.unknown_in(*key, row["treatment_arm"], experiment.control)
    if unknown is None or not unknown.is_any:
        return conduct
    if unknown.differs or unknown.is_too_much:
        what = "the arms differ in the share of unknown values"
        said = what if unknown.differs else "an arm has too many unknown values"
        return replace(conduct, faults=(*conduct.faults, said))
    if max(unknown.shares) <= STRAY:
        return conduct
    said = f"{max(unknown.shares):.1%} of the values of an arm are not known"
    return replace(conduct, deviations=(*conduct.deviations, said))


def _smallest(experiment: Experiment, metric: Mapping[str, Any], row: Mapping[str, Any]) -> float | None:
    """The registered smallest effect of the primary metric, on the row's scale; None where none is plausible."""
    planned, level = experiment.smallest_effect, row["mean_control"]
    if not row["is_primary"] or planned is None or not level or not is_plausible(planned, metric, level):
        return None
    if row["scale"] == effect_scale(metric):
        return planned
    if metric.get("transform") in LOGARITHMS:
        return math.log1p(planned)
    return planned / abs(level) if row["scale"] == "relative" else planned * abs(level)
