"""What every registered experiment has, whatever its design: checks of its health, the balance of its arms, a plan."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from ..estimators import checks
from ..estimators.adjustment import Cells, cuped_many, post_stratified_arms
from ..estimators.clusters import crossed
from ..estimators.effects import cuped, difference, relative_effect
from ..estimators.estimate import Estimate, is_known
from ..estimators.moments import Arm, UnitMoments
from ..estimators.multiplicity import holm
from ..estimators.planning import effective_variance, minimum_detectable_effect, plan, remaining_variance
from ..estimators.quantiles import quantile_arm
from ..estimators.sequential import always_valid_inflation, looks_inflation, readings
from ..estimators.unknown import UNKNOWN_ALPHA, UNKNOWN_LIMIT
from ..io.registry import COMPARED_DESIGNS, HOLDOUT_DESIGNS, Experiment, is_missing, names, number
from ..io.schemas import PLANS
from ..io.tables import NOTHING, QuantileArm, Tables
from ..wording import counted, sentence
from .rows import LOGARITHMS

AGGREGATIONS = ("mean", "ratio", "proportion", "count", "quantile")
TRANSFORMS = ("none", "log", "log1p", "winsorize")
CLUSTERS_KNOWN = 0.99
OPEN_WINDOWS = 0.01  # of the units; a metric is read to its end when no more have a window that is open
BALANCED = 0.1
LEAST_POWER = 0.5
RECENT_DAYS = 7
LARGEST_SHARE = 0.5  # of the control's level, and
LARGEST_POINTS = 0.1  # of a share: a registered smallest effect beyond is none that anybody plans for
HORIZONS = (8, 10, 12)
LOSSES = {
    "several_arms": "units that were in several arms",
    "quarantined": "units with outcomes in quarantine",
    "late": "units with outcomes that came late",
    "before_start": "units that were assigned once more before the start, and are not enrolled",
    "after_end": "units that were assigned after the end, with outcomes of before that",
    "unreadable": "units whose assignments are in quarantine, or name another kind of unit",
    "predated": "units whose assignment was dated back by a later entry",
    "late_past": "units with outcomes of before, that came when they were assigned",
}
# Kinds that arms may have more or less of: a ramp names who was treated in it.
UNEVEN = frozenset({"before_start"})
BASELINE = "(baseline)"  # the arm of the units that an experiment which has not begun could assign


def balance_rows(experiment: Experiment, tables: Tables) -> list[dict]:
    """One row per covariate and treatment arm (schema `BALANCE`), of what is known from before the start.

    `smd_after` is the difference left within strata, NULL where there are none; the covariates that an estimate adjusts
    for are balanced by it in any case.
    """
    rows = []
    for (name, treatment), (t, c, strata) in _covariate_moments(experiment, tables).items():
        before, ratio = checks.balance(t, c)
        arms = post_stratified_arms(strata) if len(strata) > 1 else ""
        rows.append(
            {
                "experiment_id": experiment.experiment_id,
                "covariate": name,
                "treatment_arm": treatment,
                "n_treatment": t.n,
                "n_control": c.n,
                "mean_treatment": _known(t.mean),
                "mean_control": _known(c.mean),
                "smd_before": before,
                "smd_after": None if isinstance(arms, str) or before is None else _smd(arms, t, c),
                "variance_ratio": ratio,
                "is_balanced": None if before is None else abs(before) <= BALANCED,
                "reason": None if before is not None else "The covariate does not vary, or is not known.",
            }
        )
    return rows


def plan_rows(experiment: Experiment, tables: Tables) -> list[dict]:
    """One row per registered metric and weeks of 8, 10, 12 and the registered length (schema `PLANS`).

    The baseline is the control arm of the experiment; before it has started, the units that could be in it; without
    any, an arm of another experiment with the metric. Effects are on the scale of the registered one: absolute for
    means and proportions, relative otherwise.
    """
    length = [] if not experiment.days else [max(round(experiment.days / 7), 1)]
    return [
        _plan_row(experiment, metric_id, weeks, tables)
        for metric_id in experiment.metrics
        for weeks in sorted({*HORIZONS, *length})
    ]


def _smd(arms: tuple[Arm, Arm], t: Arm, c: Arm) -> float:
    return (arms[0].mean - arms[1].mean) / math.sqrt((t.variance + c.variance) / 2)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def metric_problem(
    experiment: Experiment, metric_id: str, metric: Mapping[str, Any] | None, tables: Tables
) -> str | None:
    """Why no estimate of the metric can be made, whatever its numbers, or None."""
    if experiment.problem:
        return experiment.problem
    if metric is None:
        return f"The metric {metric_id} is not in metric_catalog: add it there, or correct the registration."
    aggregation, transform = metric["aggregation"], metric["transform"]
    if aggregation not in AGGREGATIONS:
        return f"The aggregation {aggregation} of the metric {metric_id} is unknown."
    if not is_missing(transform) and transform not in TRANSFORMS:
        return f"The transform {transform} of the metric {metric_id} is unknown: use one of {', '.join(TRANSFORMS)}."
    transforms = not is_missing(transform) and transform != "none"
    per_unit = is_missing(metric.get("denominator_measure"))
    if transforms and (aggregation in ("proportion", "quantile") or not per_unit):
        return f"The transform {transform} of the metric {metric_id} needs a mean or count per unit."
    if aggregation == "quantile" and not per_unit:
        return f"The quantile {metric_id} has a denominator: a quantile is of one measure per unit."
    arms = tables.arms(experiment.experiment_id, metric_id)
    counts = {arm: (arms[arm].n_unknown, arms[arm].units) for arm in experiment.arms if arm in arms}
    return _cluster_problem(experiment, metric_id, tables) or without_logarithm(metric, counts)


def without_logarithm(metric: Mapping[str, Any], counts: Mapping[str, tuple[int, int]]) -> str | None:
    """Why a metric of logarithms has no estimate: `counts` are the units of each arm that have none, and all of them.

    Those that are left would not be those that were assigned.
    """
    transform = metric.get("transform")
    if transform not in LOGARITHMS or not any(n for n, _ in counts.values()):
        return None
    who = " and ".join(f"{n} of {counted(total, 'unit')} of {arm}" for arm, (n, total) in counts.items())
    least, others = ("0", "log1p or none") if transform == "log" else ("-1", "none")
    return f"{who} have no value above {least}, and so no logarithm: register the metric with the transform {others}."


def _cluster_problem(experiment: Experiment, metric_id: str, tables: Tables) -> str | None:
    if experiment.cluster_by is None:
        return None
    arms = tables.arms(experiment.experiment_id, metric_id).values()
    points = [q.share for q in tables.quantile_arms(experiment.experiment_id, metric_id).values()]
    units = sum(tables.sizes.get(experiment.experiment_id, {}).get(a, (0, 0))[0] for a in experiment.arms)
    unknown = tables.unclustered.get(experiment.experiment_id, 0)
    if any(m.n_units for m in (*arms, *points)) and not (units and unknown >= units):
        return None
    return (
        f"Units are clustered by {experiment.cluster_by}, but no cluster is known: give each unit an "
        f"attribute {experiment.cluster_by} in unit_covariates, or a stratum."
    )


def arm_of(moments: UnitMoments, metric: Mapping[str, Any]) -> Arm:
    """The metric's arm: binomial for a proportion of units that stand for themselves, the ratio of means otherwise."""
    if metric["aggregation"] == "proportion" and moments.n and not moments.n_units:
        return Arm.from_proportion(moments.mean_y * moments.n, moments.n)
    return moments.ratio()


def compare(
    t: UnitMoments, c: UnitMoments, metric: Mapping[str, Any], alpha: float, relative: bool = False
) -> Estimate:
    """The arms without adjustment: by cluster over both where clusters hold units of both, independent otherwise."""
    if t.shared.n:
        return crossed(t, c, alpha, relative)
    return (relative_effect if relative else difference)(arm_of(t, metric), arm_of(c, metric), alpha)


def regression_cells(
    cells: Mapping[str, np.ndarray], treatment: str, control: str, arms: tuple[UnitMoments, UnitMoments]
) -> Cells | str:
    """Cells of covariate bin and stratum as `lin` takes them, or why there are none.

    `cells` are the columns of `moments_covariate_cells`. A bin's covariate is its mean over all arms. A ratio is taken
    through its linearised unit, each arm's about its own ratio. Strata are indicators; beyond 20, and those with fewer
    than 5 units in an arm, are one.
    """
    kept = np.isin(cells["arm"], (treatment, control))
    ratios = [m.ratio().mean for m in arms]
    if not kept.any() or not all(map(math.isfinite, ratios)):
        return "An arm has no units, or its denominator is 0."
    _, bins = np.unique(cells["bin"], return_inverse=True)
    level = np.bincount(bins, cells["n"] * cells["mean_x"]) / np.bincount(bins, cells["n"])
    treated = cells["arm"][kept] == treatment
    n, stratum = cells["n"][kept], cells["stratum"][kept]
    labels, index = np.unique(stratum.astype(str), return_inverse=True)
    sizes = [np.bincount(index[arm], n[arm], len(labels)) for arm in (treated, ~treated)]
    order = sorted(range(len(labels)), key=lambda k: (-(sizes[0][k] + sizes[1][k]), labels[k]))
    large = [k for k in order if min(sizes[0][k], sizes[1][k]) >= 5]
    indicators = large[1:20] if len(large) == len(labels) else large[:20]
    x = np.column_stack([level[bins[kept]], *((index == k).astype("float64") for k in indicators)])
    r = np.where(treated, *ratios)
    z = np.where(treated, *(m.mean_z for m in arms))
    y, mean_z = cells["mean_y"][kept], cells["mean_z"][kept]
    variance = cells["var_y"][kept] - 2 * r * cells["cov_yz"][kept] + r * r * cells["var_z"][kept]
    scatter = np.where(n > 1, np.maximum(variance / z**2, 0.0) * (n - 1), 0.0)
    return Cells(treated.astype("float64"), x, n, r + (y - r * mean_z) / z, scatter)


def effect_scale(metric: Mapping[str, Any]) -> str:
    """The scale of a registered smallest effect: the metric's unit for means and proportions, relative otherwise.

    It is the scale that decides a verdict. A logarithm has a relative effect in any unit; log1p has none.
    """
    if metric.get("transform") in LOGARITHMS:
        return "relative" if metric["transform"] == "log" else "absolute"
    return "absolute" if metric.get("aggregation") in ("mean", "proportion") else "relative"


def is_plausible(planned: float, metric: Mapping[str, Any], control: float) -> bool:
    """Whether a registered smallest effect, on its own scale, is one that somebody could look for: at most half of the
    control's level and, of shares, at most 10 points. A larger one would make anything powered, and no effect small."""
    if metric.get("aggregation") == "proportion" and planned > LARGEST_POINTS:
        return False
    if effect_scale(metric) == "relative":
        return planned <= LARGEST_SHARE
    if metric.get("transform") in LOGARITHMS or not math.isfinite(control):
        return True
    return planned <= LARGEST_SHARE * abs(control)


def registered_effect(
    experiment: Experiment, metric_id: str | None, metric: Mapping[str, Any], level: float
) -> float | None:
    """The registered smallest effect in the unit of an absolute estimate, if it is one on this metric.

    `level` is what the treated had, or would have had, without treatment: the effect may be registered as its share.
    """
    planned = experiment.smallest_effect
    if planned is None or metric_id != experiment.primary:
        return None
    if metric.get("transform") == "log":
        return math.log1p(planned)
    if effect_scale(metric) == "absolute":
        return planned
    return planned * abs(level) if math.isfinite(level) and level else None


def find_checks(experiment: Experiment, tables: Tables) -> dict[str, checks.Check]:
    """All checks of one experiment that can be made; the first ten are always there."""
    sizes = tables.sizes.get(experiment.experiment_id, {})
    counts = {arm: pair[0] for arm, pair in sizes.items()}
    excluded = sum(pair[1] for pair in sizes.values())
    found = {
        "srm": _sample_ratio(experiment, counts, tables),
        "multiple_exposure": checks.multiple_exposure(excluded, sum(counts.values()) + excluded),
        "unknown_arm": checks.unknown_arms(counts, set(experiment.arms)),
        "pre_period_balance": checks.pre_period_balance(_covariates(experiment, tables)),
        "power": _power(experiment, tables),
        "registered_late": _fact(
            experiment.registered_before_start,
            "Registered before its start.",
            "Registered after its start, or undated.",
        ),
        "registration_changed": _registration_changed(experiment),
        "still_running": _still_running(experiment, tables),
        "registration_witnessed": _fact(
            experiment.registration_witnessed,
            "The warehouse saw the registration before the start, or it is attested.",
            "Only its own cell says that it was registered before the start: attest it, or register before you start.",
        ),
        "withdrawn_siblings": _withdrawn(experiment),
    }
    return found | {name: check for name, check in _further(experiment, tables).items() if check.passed is not None}


def _further(experiment: Experiment, tables: Tables) -> dict[str, checks.Check]:
    e, found = experiment.experiment_id, {}
    found["enrolment"] = checks.enrolment(tables.enrolment.get(e, {}))
    parts = tables.parts.get(e, {})
    # Units of a cluster come together, so their number per segment says nothing about the assignment.
    units_were_assigned = experiment.design in COMPARED_DESIGNS and not _assigns_clusters(experiment, tables)
    if units_were_assigned and experiment.has_split and not isinstance(experiment.weights, str):
        weights = experiment.weights
        found["srm_by_stratum"] = checks.sample_ratio_within(parts.get("stratum", {}), weights, "stratum")
        cut = {
            f"{dimension}={name}": counts
            for dimension in experiment.dimensions
            for name, counts in parts.get(f"attribute:{dimension}", {}).items()
        }
        found["srm_by_dimension"] = checks.sample_ratio_within(cut, weights, "part")
        found["srm_by_start_day"] = checks.sample_ratio_within(parts.get("start_day", {}), weights, "day")
        exposed = parts.get("exposed", {}).get("exposed", {})
        if experiment.control in exposed:
            found["srm_triggered"] = checks.sample_ratio(exposed, weights)
    if experiment.design in COMPARED_DESIGNS:
        found |= _reached(experiment, tables)
    if experiment.problem is None:
        found["pre_period_difference"] = _past(experiment, tables)
        found["novelty"] = _novelty(experiment, tables)
    if (
        experiment.dimensions
        and experiment.design in COMPARED_DESIGNS
        and any(map(any, tables.sizes.get(e, {}).values()))
    ):
        found["dimensions_known"] = _dimensions_known(experiment, parts)
    if experiment.cluster_by is not None:
        # Units that were assigned within clusters have neighbours of the other arm by design.
        if not _mixes_arms(experiment, tables):
            found["interference"] = checks.interference(tables.neighbours.get(e))
        units = sum(pair[0] for pair in tables.sizes.get(e, {}).values())
        if units:
            share = 1 - tables.unclustered.get(e, 0) / units
            detail = f"The {experiment.cluster_by} of {share:.1%} of the units is known; the rest stand for themselves."
            found["clusters_known"] = checks.Check(share, None, CLUSTERS_KNOWN, share >= CLUSTERS_KNOWN, detail)
        clusters = _clusters(experiment, tables)
        found["enough_clusters"] = checks.enough_clusters({a: clusters[a] for a in experiment.arms if a in clusters})
    found["values_known"] = _values_known(experiment, tables)
    found["stopped_early"] = checks.stopped_early(
        experiment.planned_days, experiment.days, experiment.looks_were_planned
    )
    return found


def _reached(experiment: Experiment, tables: Tables) -> dict[str, checks.Check]:
    """What happened between the assignment and the table of results: who was lost, and whom the treatment reached."""
    e, arms = experiment.experiment_id, set(experiment.arms)
    found = tables.losses.get(e, [])
    rows = [row for row in found if row["arm"] in arms]
    size = _units_per_cluster(experiment, tables)
    losses: dict[str, dict[str, checks.Loss]] = {}
    for row in rows:
        if row["kind"] not in LOSSES:
            continue
        losses.setdefault(f"{LOSSES[row['kind']]} ({row['metric_id']})", {})[row["arm"]] = _loss(row, size)
    several = len(experiment.treatments) > 1
    pairs = {
        f"{name} in {treatment}" if several else name: (by_arm[treatment], by_arm[experiment.control])
        for name, by_arm in losses.items()
        for treatment in experiment.treatments
        if treatment in by_arm and experiment.control in by_arm
    }
    told: dict[str, list[int]] = {}
    for row in (row for row in rows if row["kind"] == "assigned_after_outcome"):
        sums = told.setdefault(str(row["metric_id"]), [0, 0])
        sums[0] += int(row["n_lost"])
        sums[1] += int(row["n_units"])
    late, units = max(told.values(), key=lambda s: (s[0] / s[1] if s[1] else 0.0, s[1]), default=[0, 0])
    groups = {
        kind: [(int(r["n_treated"]), int(r["n_units"]), int(r["n_groups"])) for r in counts]
        for kind, counts in tables.groups.get(e, {}).items()
    }
    return {
        "lost_by_arm": checks.lost_by_arm(pairs, _strangers(experiment, found)),
        "assigned_after_outcome": checks.assigned_after_outcome(late, units),
        "contamination": _contamination(experiment, tables),
        "unregistered_clusters": checks.unregistered_clusters(groups),
    }


def _loss(row: Mapping[str, Any], size: float) -> checks.Loss:
    """Of clusters of some `size`, units are lost together: as many clusters' worth."""
    n, lost = (round(int(row[name]) / size) for name in ("n_units", "n_lost"))
    kept, spread, gone = (number(row.get(name), math.nan) for name in ("mean_kept", "var_kept", "mean_lost"))
    # Who comes after the end is left out of all arms: were they alike before they came?
    if row["kind"] == "after_end":
        return checks.Loss(lost, round(lost * gone) if lost else 0)
    return checks.Loss(n, lost, kept, spread, gone, row["kind"] in UNEVEN)


def _strangers(experiment: Experiment, rows: list[dict[str, Any]]) -> dict[str, tuple[Arm, Arm]]:
    """Of each metric the units of arms that are not registered, and all others, where there are any."""
    found: dict[str, tuple[list[UnitMoments], list[UnitMoments]]] = {}
    for row in (row for row in rows if row["kind"] == "several_arms"):
        n = int(row["n_units"]) - int(row["n_lost"])
        mean, variance = (number(row.get(name), 0.0) for name in ("mean_kept", "var_kept"))
        name = f"units of arms that are not registered ({row['metric_id']})"
        if n:
            found.setdefault(name, ([], []))[row["arm"] in experiment.arms].append(UnitMoments(n, mean, variance))
    pairs = {name: pair for name, pair in found.items() if all(pair)}
    return {n: (_all_of(theirs).ratio(), _all_of(others).ratio()) for n, (theirs, others) in pairs.items()}


def _all_of(parts: list[UnitMoments]) -> UnitMoments:
    return reduce(UnitMoments.merged, parts)


def _contamination(experiment: Experiment, tables: Tables) -> checks.Check:
    """By whichever sign is worse: an exposure of control units, or AI at work on them in the use case."""
    parts, sizes = tables.parts.get(experiment.experiment_id, {}), tables.sizes.get(experiment.experiment_id, {})
    found = []
    for dimension, what in (("exposed", "exposure"), ("ai_work", "AI events of the use case")):
        met = parts.get(dimension, {}).get(dimension, {})
        control, *treated = ((met.get(a, 0), sizes.get(a, (0, 0))[0]) for a in experiment.arms)
        both = sum(k for k, _ in treated), sum(n for _, n in treated)
        is_holdout = experiment.design in HOLDOUT_DESIGNS or experiment.assignment_method == "holdout"
        found.append(checks.contamination(control, both, what, is_holdout and dimension == "exposed"))
    return min(found, key=lambda check: (check.passed is not False, check.passed is None, check.p_value is None))


def _units_per_cluster(experiment: Experiment, tables: Tables) -> float:
    """1 where units were assigned, otherwise the mean size of a cluster."""
    if not _assigns_clusters(experiment, tables):
        return 1.0
    clusters = sum(_clusters(experiment, tables).values())
    units = sum(pair[0] for pair in tables.sizes.get(experiment.experiment_id, {}).values())
    return max(units / clusters, 1.0) if clusters else 1.0


def _values_known(experiment: Experiment, tables: Tables) -> checks.Check:
    """Is as much known of every arm as of the control? The statistic is the largest share that is not known of an arm.

    Of each metric and treatment arm, with Holm's correction; too large a share in both arms fails too.
    """
    found = {}
    for metric_id in experiment.metrics:
        for treatment in experiment.treatments:
            unknown = tables.unknown_in(experiment.experiment_id, metric_id, treatment, experiment.control)
            if unknown is not None:
                found[metric_id, treatment] = unknown
    some = {key: unknown for key, unknown in found.items() if unknown.is_any}
    if not some:
        passed = True if found else None
        return checks.Check(0.0 if found else None, None, UNKNOWN_ALPHA, passed, "Every value of its metrics is known.")
    adjusted = dict(zip(some, holm([unknown.p_value for unknown in some.values()]), strict=True))
    worst = min(some, key=lambda key: (adjusted[key], -max(some[key].shares), key))
    largest = max(max(unknown.shares) for unknown in some.values())
    passed = bool(adjusted[worst] >= UNKNOWN_ALPHA and largest <= UNKNOWN_LIMIT)
    detail = f"{worst[0]} is not known for {some[worst].counts(worst[1], experiment.control)}."
    return checks.Check(largest, float(adjusted[worst]), UNKNOWN_ALPHA, passed, detail)


def _dimensions_known(experiment: Experiment, parts: Mapping[str, Mapping[str, Mapping[str, int]]]) -> checks.Check:
    """Is there anything to cut by? The statistic is the smallest share of units whose part has a name."""
    known: dict[str, float] = {}
    for dimension in experiment.dimensions:
        sizes = {name: sum(c.values()) for name, c in parts.get(f"attribute:{dimension}", {}).items()}
        total = sum(sizes.values())
        known[dimension] = 1 - sizes.get("(none)", 0) / total if total else 0.0
    least = min(known, key=lambda name: (known[name], name))
    nobody = [name for name, share in known.items() if share == 0]
    detail = f"{least} was observed of {known[least]:.1%} of the units before their assignment."
    if nobody:
        detail = f"No value from before the assignment, so no segments: {', '.join(nobody)}."
    return checks.Check(known[least], None, 0.0, not nobody, detail)


def _registration_changed(experiment: Experiment) -> checks.Check:
    """The statistic is the number of fields that changed."""
    changed = experiment.changed_after_start
    if experiment.changed_fields:
        detail = f"Changed after the start: {', '.join(experiment.changed_fields)}. See definition_changes."
        return checks.Check(float(len(experiment.changed_fields)), None, 0.0, False, detail)
    return _fact(
        None if changed is None else not changed,
        "The registration has not changed since its start.",
        "The registration changed after its start.",
    )


def _withdrawn(experiment: Experiment) -> checks.Check:
    if not experiment.withdrawn:
        return checks.Check(0.0, None, 0.0, True, "No experiment of the same units, use case and time was withdrawn.")
    who = counted(experiment.withdrawn, "experiment", "experiments")
    left = "was registered and has" if experiment.withdrawn == 1 else "were registered and have"
    detail = f"{who} of the same units, use case and time {left} left the registry: p values of claims count them."
    return checks.Check(float(experiment.withdrawn), None, 0.0, False, detail)


def _fact(passed: bool | None, yes: str, no: str) -> checks.Check:
    detail = "Not known." if passed is None else yes if passed else no
    return checks.Check(None, None, None, passed, detail)


def open_windows(experiment: Experiment, tables: Tables) -> dict[str, float]:
    """Of every metric, the share of units whose window goes on after the data end, by the day of their assignment.

    A window from the exposure opens later than that, so that the share may be larger, and never is smaller.
    """
    shares = dict.fromkeys(experiment.metrics, 0.0)
    if experiment.data_end is None or experiment.design not in COMPARED_DESIGNS:
        return shares
    days, arms = tables.parts.get(experiment.experiment_id, {}).get("start_day", {}), set(experiment.arms)
    units = {day: sum(n for arm, n in sizes.items() if arm in arms) for day, sizes in days.items()}
    total = sum(units.values())
    for metric_id in shares if total else ():
        window = number(tables.catalogue.get(metric_id, {}).get("window_days"), math.nan)
        if not math.isnan(window):
            last = (experiment.data_end - timedelta(days=window)).isoformat()
            shares[metric_id] = sum(n for day, n in units.items() if day > last) / total
    return shares


def recruits_on(experiment: Experiment, tables: Tables) -> bool:
    """Whether units were assigned after the registered end, and within a week of the end of the data."""
    last = tables.recruited_until.get(experiment.experiment_id)
    after = sum(arm["n_after"] for arm in tables.enrolment.get(experiment.experiment_id, {}).values())
    if not after or last is None or experiment.data_end is None or experiment.looks_were_planned:
        return False
    return experiment.data_end - last <= timedelta(days=RECENT_DAYS)


def _still_running(experiment: Experiment, tables: Tables) -> checks.Check:
    """Do the data reach the end, and the end of the windows of those who came last? The statistic is the share of units
    whose window of the primary metric is open.

    The end is the latest that was ever registered, and no end at all while units are still assigned: who may move it
    could read every day, and stop on a good one.
    """
    ended = _fact(experiment.finished, "The data reach beyond its end.", "The data end before the experiment does.")
    if ended.passed and recruits_on(experiment, tables):
        detail = "Units are assigned beyond the registered end: stop recruiting, or register the later end."
        return checks.Check(None, None, None, False, detail)
    share = open_windows(experiment, tables).get(experiment.primary or "", 0.0)
    if not ended.passed or share <= OPEN_WINDOWS:
        return ended
    detail = f"The data reach beyond its end; the window of {experiment.primary} is open for {share:.1%} of the units."
    return checks.Check(share, None, OPEN_WINDOWS, False, detail)


def _sample_ratio(experiment: Experiment, counts: Mapping[str, int], tables: Tables) -> checks.Check:
    """Of units; of clusters where these were assigned, because arms then differ in units by the clusters' sizes."""
    if isinstance(experiment.weights, str):
        return checks.Check(None, None, checks.SRM_ALPHA, None, experiment.weights)
    # The units that quasi-experiments compare were never meant to have a ratio.
    if not experiment.has_split:
        quasi = experiment.design not in COMPARED_DESIGNS
        who = "The design plans no split" if quasi else "No shares are planned (expected_split is empty)"
        detail = f"{who}, so there is no ratio to check."
        return checks.Check(None, None, checks.SRM_ALPHA, None, detail)
    if _assigns_clusters(experiment, tables):
        counts = _clusters(experiment, tables)
        if not counts:
            detail = f"The {experiment.cluster_by} of no unit is known: no ratio of clusters to check."
            return checks.Check(None, None, checks.SRM_ALPHA, None, detail)
        return checks.sample_ratio(counts, experiment.weights, what="Clusters")
    return checks.sample_ratio(counts, experiment.weights)


def _assigns_clusters(experiment: Experiment, tables: Tables) -> bool:
    """False where clusters are registered, but hold units of several arms: then units were assigned after all."""
    mixed = tables.neighbours.get(experiment.experiment_id, 0.0) > checks.INTERFERENCE_LIMIT
    return experiment.cluster_by is not None and not mixed


def _mixes_arms(experiment: Experiment, tables: Tables) -> bool:
    """Were units assigned within clusters? Then most clusters of the smaller arm hold units of the other."""
    for metric_id in experiment.metrics:
        arms = tables.arms(experiment.experiment_id, metric_id)
        pairs = [
            (arms[a], arms[experiment.control]) for a in experiment.treatments if {a, experiment.control} <= set(arms)
        ]
        if any(m.n_units for pair in pairs for m in pair):
            return all(2 * t.shared.n >= min(t.n, c.n) for t, c in pairs)
    return False


def _clusters(experiment: Experiment, tables: Tables) -> dict[str, int]:
    """Clusters of each arm, as the moments of any metric count them."""
    for metric_id in experiment.metrics:
        key = experiment.experiment_id, metric_id
        arms = tables.arms(*key) or {arm: q.share for arm, q in tables.quantile_arms(*key).items()}
        if any(m.n_units for m in arms.values()):
            return {arm: m.n for arm, m in arms.items()}
    return {}


def _past(experiment: Experiment, tables: Tables) -> checks.Check:
    pairs: dict[str, tuple[Arm, Arm]] = {}
    for metric_id in experiment.metrics:
        arms = tables.past.get((experiment.experiment_id, metric_id), {})
        for treatment in experiment.treatments:
            if treatment in arms and experiment.control in arms:
                name = metric_id if len(experiment.treatments) == 1 else f"{metric_id} ({treatment})"
                pairs[name] = (arms[treatment].ratio(), arms[experiment.control].ratio())
    return checks.past_difference(pairs)


def _novelty(experiment: Experiment, tables: Tables) -> checks.Check:
    """Of the primary metric; of several treatment arms, the one that changes most."""
    found = []
    weeks = tables.weeks.get((experiment.experiment_id, experiment.primary or ""), {})
    for treatment in experiment.treatments:
        effects = {
            week: difference(arms[treatment].ratio(), arms[experiment.control].ratio(), experiment.alpha)
            for week, arms in weeks.items()
            if treatment in arms and experiment.control in arms
        }
        # Few clusters give a poor estimate of a week's error, so their trend is not normally distributed.
        freedom = [e.df for e in effects.values() if e.df is not None] if experiment.cluster_by is not None else []
        df = min(freedom, default=math.inf)
        found.append(checks.novelty(effects, checks.NOVELTY_ALPHA / len(experiment.treatments), df))
    made = [(check.p_value, k) for k, check in enumerate(found) if check.p_value is not None]
    return found[min(made)[1]] if made else checks.novelty({})


def _covariate_moments(experiment: Experiment, tables: Tables) -> dict[tuple[str, str], tuple[Arm, Arm, dict]]:
    """(covariate, treatment arm) to its treatment arm, control arm, and strata; one that several metrics name, once."""
    found: dict[tuple[str, str], tuple[Arm, Arm, dict]] = {}
    control = experiment.control
    for metric_id in experiment.metrics:
        cell = tables.catalogue.get(metric_id, {}).get("covariate")
        arms = tables.arms(experiment.experiment_id, metric_id)
        joint = tables.joint.get((experiment.experiment_id, metric_id), {})
        listed = names(cell)
        if not listed or control not in arms:
            continue
        strata = tables.strata(experiment.experiment_id, metric_id)
        for treatment in experiment.treatments:
            if treatment not in arms:
                continue
            key = (_covariate_name(listed[0], metric_id), treatment)
            parts = {
                s: (_as_metric(m.get(treatment, NOTHING)), _as_metric(m.get(control, NOTHING)))
                for s, m in strata.items()
            }
            found.setdefault(key, (arms[treatment].covariate(), arms[control].covariate(), parts))
            for name in listed[1:] if treatment in joint and control in joint else []:
                t, c = (_joint_arm(joint[a], name) for a in (treatment, control))
                if t is not None and c is not None:
                    found.setdefault((_covariate_name(name, metric_id), treatment), (t, c, {}))
    return found


def _covariate_name(name: str, metric_id: str) -> str:
    return f"{metric_id} before the start" if name == "pre_period" else name


def _as_metric(m: UnitMoments) -> UnitMoments:
    """The covariate in the place of the metric."""
    return UnitMoments(m.n, m.mean_x, m.var_x)


def _joint_arm(named: tuple[list[str], Any], name: str) -> Arm | None:
    others, joint = named
    if name not in others:
        return None
    k = others.index(name) + 2
    return Arm(joint.n, float(joint.means[k]), float(joint.covariance[k, k]))


def _covariates(experiment: Experiment, tables: Tables) -> dict[str, tuple[Arm, Arm]]:
    several = len(experiment.treatments) > 1
    return {
        f"{name} ({treatment})" if several else name: (t, c)
        for (name, treatment), (t, c, _) in _covariate_moments(experiment, tables).items()
    }


def _power(experiment: Experiment, tables: Tables) -> checks.Check:
    """Could the experiment see the effect it was planned for, in every treatment arm, with the precision it reached?

    The statistic is the smallest effect on the primary metric that it finds with the planned power, in its unit for
    means and proportions, relative to the control otherwise: the scale of the registered effect.
    """
    planned, primary = experiment.smallest_effect, experiment.primary or "(none)"
    metric = tables.catalogue.get(primary)
    problem = metric_problem(experiment, primary, metric, tables)
    if problem or planned is None or metric is None:
        return checks.Check(None, None, planned, None, problem or "No minimum detectable effect is registered.")
    if experiment.power < LEAST_POWER:
        detail = f"A registered power of {experiment.power:g} plans to miss the effect more often than to find it."
        return checks.Check(None, None, planned, None, detail)
    reached = []
    for treatment in experiment.treatments:
        found, control = _precision(experiment, primary, treatment, metric, tables)
        known = [e for e in found if is_known(e)]
        logs = metric.get("transform") == "log"
        level = 1.0 if logs or effect_scale(metric) == "absolute" else abs(control) if math.isfinite(control) else 0.0
        if not known or not level > 0:
            return checks.Check(None, None, planned, None, f"The effect of the arm {treatment} can't be estimated.")
        if not is_plausible(planned, metric, control):
            detail = (
                f"The registered minimum_detectable_effect of {planned:.3g} is larger than half of the control's level "
                f"or, of a share, than {LARGEST_POINTS * 100:.0f} points: no effect that is looked for is so large."
            )
            return checks.Check(None, None, planned, None, detail)
        best = min(known, key=lambda e: e.std_error)
        alpha = experiment.level_of(primary)
        mde = minimum_detectable_effect(best.std_error, alpha, experiment.power, best.freedom)
        looks = _inflation(experiment, primary)(best.n_treatment + best.n_control)
        mde *= math.sqrt(looks) / level
        reached.append(math.expm1(min(mde, 700.0)) if logs else mde)
    worst = max(reached)
    detail = (
        f"Finds an effect of {worst:.3g} ({effect_scale(metric)}) on {experiment.primary} "
        f"with power {experiment.power:g}; {planned:.3g} was planned for."
    )
    return checks.Check(worst, None, planned, worst <= planned, detail)


def _precision(
    experiment: Experiment, primary: str, treatment: str, metric: Mapping[str, Any], tables: Tables
) -> tuple[list[Estimate], float]:
    """The absolute estimates of the primary metric, plain and adjusted, and the control's level."""
    key = experiment.experiment_id, primary
    if metric["aggregation"] == "quantile":
        found = tables.quantile_arms(*key)
        if not (treatment in found and experiment.control in found):
            return [], math.nan
        one, other = (
            quantile_arm(q.probability, q.point, q.lows, q.highs, q.ranks, q.share.ratio())
            for q in (found[treatment], found[experiment.control])
        )
        if isinstance(one, str) or isinstance(other, str):
            return [], found[experiment.control].point
        known = [difference(one, other, experiment.alpha)]
        return known, other.mean
    arms = tables.arms(*key)
    t, c = arms.get(treatment, NOTHING), arms.get(experiment.control, NOTHING)
    known = [compare(t, c, metric, experiment.alpha)]
    known += [] if t.shared.n else [cuped(t, c, experiment.alpha)]
    joint = {} if t.shared.n else tables.joint.get(key, {})
    if treatment in joint and experiment.control in joint:
        known.append(cuped_many(joint[treatment][1], joint[experiment.control][1], experiment.alpha))
    return known, c.ratio().mean if c.n else math.nan


@dataclass(frozen=True, slots=True)
class _Baseline:
    """The metric without the treatment: its level, the variance that a unit contributes, the share of it that the
    covariate leaves, how many times the variance of independent units it is (None: not known), and where it is from."""

    mean: float
    variance: float
    left: float
    inflation: float | None
    source: str
    caution: str | None = None


def _baseline(experiment: Experiment, metric_id: str, tables: Tables) -> _Baseline | None:
    quantiles = tables.catalogue[metric_id]["aggregation"] == "quantile"
    segmented: Mapping[tuple[str, str], Mapping[str, Any]] = tables.quantiles if quantiles else tables.cells
    own = segmented.get((experiment.experiment_id, metric_id), {}).get("all", {})
    if _size(own.get(experiment.control)) > 1:
        others = next((own[t] for t in experiment.treatments if t in own), NOTHING)
        source = f"the control arm of {experiment.experiment_id}"
        return _read_baseline(own[experiment.control], others, source, experiment, metric_id, tables)
    if _size(own.get(BASELINE)) > 1:
        source = "units that are in no experiment yet"
        return _read_baseline(own[BASELINE], own[BASELINE], source, experiment, metric_id, tables)
    for e, m in sorted(key for key in segmented if key[1] == metric_id):
        begun = {arm: found for arm, found in segmented[e, m].get("all", {}).items() if arm != BASELINE}
        if begun:
            arm = max(begun, key=lambda a: (_size(begun[a]), a))
            return _read_baseline(begun[arm], begun[arm], f"the arm {arm} of {e}", experiment, metric_id, tables)
    return None


def _size(arm: UnitMoments | QuantileArm | None) -> int:
    return 0 if arm is None else arm.share.n if isinstance(arm, QuantileArm) else arm.n


def _read_baseline(
    arm: UnitMoments | QuantileArm,
    other: UnitMoments | QuantileArm,
    source: str,
    experiment: Experiment,
    metric_id: str,
    tables: Tables,
) -> _Baseline:
    units = arm.share if isinstance(arm, QuantileArm) else arm
    caution = None
    # Every unit a cluster of its own: a stratum, for example, is known only once units are assigned.
    if experiment.cluster_by is not None and units.n_units in (0, units.n):
        caution = f"The {experiment.cluster_by} of the units is not known yet: they are planned for as if independent."
    if isinstance(arm, QuantileArm):
        found = quantile_arm(arm.probability, arm.point, arm.lows, arm.highs, arm.ranks, units.ratio())
        if isinstance(found, str):
            return _Baseline(arm.point, math.nan, 1.0, None, source, found)
        inflation = None if units.n_units else 1.0
        return _Baseline(found.mean, found.variance * units.units / units.n, 1.0, inflation, source, caution)
    if problem := without_logarithm(tables.catalogue[metric_id], {"the baseline": (units.n_unknown, units.units)}):
        return _Baseline(math.nan, math.nan, 1.0, None, source, problem)
    left = remaining_variance(other, arm) if isinstance(other, UnitMoments) else 1.0
    inflation = None if caution else _design_effect(arm, tables.catalogue[metric_id])
    return _Baseline(arm.ratio().mean, effective_variance(arm), left, inflation, source, caution)


def _plan_row(experiment: Experiment, metric_id: str, weeks: int, tables: Tables) -> dict:
    metric = tables.catalogue.get(metric_id)
    row = dict.fromkeys(PLANS.names) | {
        "experiment_id": experiment.experiment_id,
        "metric_id": metric_id,
        "weeks": weeks,
        "alpha": experiment.alpha,
        "power": experiment.power,
    }
    if metric is None or metric["aggregation"] not in AGGREGATIONS or experiment.problem:
        row["reason"] = metric_problem(experiment, metric_id, metric, tables)
        return row
    row["scale"] = effect_scale(metric)
    baseline = _baseline(experiment, metric_id, tables)
    if baseline is None:
        row["reason"] = "No such unit has been measured, so the variance is unknown."
        return row
    logs = metric.get("transform") == "log"
    level = math.exp(min(baseline.mean, 700.0)) if logs else baseline.mean
    row |= {"baseline_mean": _known(level), "baseline_source": baseline.source, "effect": None}
    scale = 1.0 if logs or row["scale"] == "absolute" else abs(baseline.mean)
    if not (math.isfinite(baseline.variance) and scale > 0):
        unknown = "The variance of the metric is not known, or the control's level is 0."
        row["reason"] = baseline.caution or unknown
        return row
    variance = baseline.variance / scale**2
    level, inflation = experiment.level_of(metric_id), _inflation(experiment, metric_id)
    share, inflow, most = _inflow(experiment, tables)
    effect = experiment.smallest_effect if metric_id == experiment.primary else None
    sought = math.log1p(effect) if effect and logs else effect
    planned = [
        plan(v, sought, inflow, weeks, level, experiment.power, share, most, inflation)
        for v in (variance, variance * baseline.left)
    ]
    return row | {
        "alpha": level,
        "baseline_variance": variance,
        "design_effect": baseline.inflation,
        "remaining_variance": baseline.left,
        "treatment_share": share,
        "units_per_week": inflow,
        "effect": effect,
        "sample_size": planned[0].sample_size,
        "sample_size_adjusted": planned[1].sample_size,
        "weeks_needed": planned[0].weeks_needed,
        "weeks_needed_adjusted": planned[1].weeks_needed,
        "units": planned[0].units,
        "detectable_effect": _as_planned(planned[0].detectable, logs),
        "detectable_effect_adjusted": _as_planned(planned[1].detectable, logs),
        "reason": sentence([planned[0].reason, baseline.caution]),
    }


def _as_planned(detectable: float | None, logs: bool) -> float | None:
    """A difference of logarithms as the share that was registered."""
    return math.expm1(min(detectable, 700.0)) if logs and detectable is not None else detectable


def _inflation(experiment: Experiment, metric_id: str) -> Callable[[float], float]:
    """How many times the units an experiment of n units needs, because it may be acted on before its end."""
    level, power = experiment.level_of(metric_id), experiment.power
    if experiment.inference == "always_valid":
        return lambda n: always_valid_inflation(n, level, power, experiment.tuned_for)
    if experiment.inference in ("obrien_fleming", "pocock"):
        daily = readings(experiment.looks, experiment.days)
        times = looks_inflation(daily, level, power, experiment.inference)
        return lambda n: times
    return lambda n: 1.0


def _design_effect(control: UnitMoments, metric: Mapping[str, Any]) -> float | None:
    """How many times the variance of independent units; 1 where units stand for themselves, NULL where not known."""
    if not control.n_units:
        return 1.0
    p = control.ratio().mean
    if metric["aggregation"] == "proportion" and 0 < p < 1:
        return effective_variance(control) / (p * (1 - p))
    return None


def _inflow(experiment: Experiment, tables: Tables) -> tuple[float, float | None, float]:
    """(share of the first treatment arm among it and the control, units of both a week, units there can be).

    Before the start they are the planned share of the units that could be assigned. Units that were all assigned
    within a week are a population: more weeks bring no more of them.
    """
    weights = experiment.weights if isinstance(experiment.weights, dict) else {}
    pair = [weights.get(a, 0.0) for a in (*experiment.treatments[:1], experiment.control)]
    share = pair[0] / sum(pair) if len(pair) == 2 and sum(pair) > 0 else 0.5
    sizes = tables.sizes.get(experiment.experiment_id, {})
    units = sum(sizes.get(a, (0, 0))[0] for a in (*experiment.treatments[:1], experiment.control))
    days = tables.parts.get(experiment.experiment_id, {}).get("start_day", {})
    if not units and sum(weights.values()) > 0:
        units = int(sum(arms.get(BASELINE, 0) for arms in days.values()) * sum(pair) / sum(weights.values()))
    first, last = (min(days), max(days)) if days else (None, None)
    if not units or first is None:
        return share, None, math.inf
    span = (pd.Timestamp(last) - pd.Timestamp(first)).days + 1
    return share, units / max(span / 7, 1.0), units if span <= 7 else math.inf
