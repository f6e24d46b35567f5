"""From the moments of cohorts to the estimates of every rollout: what the dbt Python models call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from . import did
from .checks import Check
from .estimate import Estimate, missing
from .experiments import ESTIMATES
from .health import without_logarithm
from .linear import one_thread
from .quasi import arms_problem, check_row, estimate_row, finish, left_out_notes, registration_notes
from .registry import Experiment, is_missing, read_experiment
from .tables import records, write_table
from .wording import counted

DESIGNS = frozenset({"did", "staggered_did"})
# The first is the one to quote; the others weigh the same cells differently.
KINDS = {"simple": "staggered_did", "dynamic": "staggered_did_dynamic", "group": "staggered_did_group"}
KINDS |= {"calendar": "staggered_did_calendar"}
# Fewer units than this in a cohort: t in place of the normal distribution, and a test of the slope.
FEW_UNITS = 30
EVENT_STUDY = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("metric_id", pa.string()),
        ("relative_period", pa.int64()),
        ("is_pre_period", pa.bool_()),
        *((name, pa.float64()) for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value")),
        *((name, pa.float64()) for name in ("band_low", "band_high")),
        ("n_treatment", pa.int64()),
        ("n_control", pa.int64()),
        ("alpha", pa.float64()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Rollout:
    """One metric of one rollout: its panel, group-time effects or the reason why there are none."""

    panel: did.Panel
    effects: did.Effects | str
    small: bool

    def missing(self, reason: str) -> Estimate:
        sizes = [sum(c.n for c in self.panel.cohorts if (c.first is None) == control) for control in (False, True)]
        return missing(reason, *sizes)


@one_thread
def estimate_rollouts(
    registry: pd.DataFrame,
    metrics: pd.DataFrame,
    moments: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    left_out: pd.DataFrame | None = None,
) -> pa.Table:
    """The effects of every registered rollout (designs did and staggered_did), schema `ESTIMATES`.

    Tables `int_experiments`, `metric_catalog`, `moments_cohort_periods` and, for errors by cluster,
    `moments_cohort_clusters`; `moments_left_out` for what `reason` says of units whose treatment ended; column names as
    there. Each metric has the simple average over treated units and periods against units not yet treated
    (`staggered_did`), the three other averages of Callaway and Sant'Anna, and all of them as a share (`…_relative`):
    absolute effects are in the metric's unit a unit and period. The design did has `did` too: all periods after the
    start against all before. Grade C when paths were parallel before, as far as could be
    seen; D otherwise.
    """
    catalogue = {str(row["metric_id"]): row for row in records(metrics)}
    read, cells = _reader(moments, clusters), _group(moments)
    several = left_out_notes(left_out)
    rows: list[dict] = []
    for experiment in _rollouts(registry):
        found: list[dict] = []
        for metric_id in experiment.metrics:
            rollout = read(experiment, metric_id)
            metric = catalogue.get(metric_id, {})
            gaps = _gaps(experiment, cells.get((experiment.experiment_id, metric_id), []))
            if problem := without_logarithm(metric, gaps):
                rollout = replace(rollout, effects=f"In some period {problem}")
            found += _metric_rows(experiment, metric_id, metric, rollout)
        finish(experiment, found, catalogue, several.get(experiment.experiment_id, []))
        rows += found
    return write_table(rows, ESTIMATES)


@one_thread
def study_rollouts(registry: pd.DataFrame, moments: pd.DataFrame, clusters: pd.DataFrame | None = None) -> pa.Table:
    """The effect by periods since treatment of every registered rollout, schema `EVENT_STUDY`.

    The last period before treatment is the base, with the effect 0 and no row. `band_low` to `band_high` hold for all
    periods of a metric at once.
    """
    read, rows = _reader(moments, clusters), []
    for experiment in _rollouts(registry):
        for metric_id in experiment.metrics:
            rollout = read(experiment, metric_id)
            if isinstance(rollout.effects, str):
                continue
            for point in did.event_study(rollout.effects, experiment.alpha, rollout.small):
                e = point.estimate
                rows.append(
                    {
                        "experiment_id": experiment.experiment_id,
                        "metric_id": metric_id,
                        "relative_period": point.relative_period,
                        "is_pre_period": point.is_pre_period,
                        **{
                            name: getattr(e, name) for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value")
                        },
                        "band_low": point.band_low,
                        "band_high": point.band_high,
                        "n_treatment": e.n_treatment,
                        "n_control": e.n_control,
                        "alpha": experiment.alpha,
                        "reason": e.reason,
                    }
                )
    return write_table(rows, EVENT_STUDY)


@one_thread
def check_rollouts(registry: pd.DataFrame, moments: pd.DataFrame, clusters: pd.DataFrame | None = None) -> list[dict]:
    """The diagnostics of the primary metric of every registered rollout, as rows of `CHECKS`.

    `parallel_trends`: the test before treatment, its detail with what it could have seen. `trend_sensitivity`: how many
    times the largest change of the difference before treatment paths may diverge after it, from period to period, with
    the interval of the effect still without 0 (`magnitude` of `relative_magnitudes`); passed at 1.
    """
    read, rows = _reader(moments, clusters), []
    for experiment in _rollouts(registry):
        rollout = read(experiment, experiment.primary)
        if isinstance(rollout.effects, str):
            checks = {"parallel_trends": Check(None, None, did.PRE_TREND_ALPHA, None, rollout.effects)}
        else:
            checks = {
                "parallel_trends": did.pre_trend(rollout.effects, small=rollout.small).check,
                "trend_sensitivity": did.breakdown(rollout.effects, experiment.alpha, rollout.small),
            }
        rows += [check_row(experiment, name, check) for name, check in checks.items()]
    return rows


def _gaps(experiment: Experiment, rows: list[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Of each arm, the units with a period that has no value, and all of them."""
    arms = {experiment.control: [0, 0]} | {arm: [0, 0] for arm in experiment.treatments[:1]}
    cohorts = {(str(row["first_treated_period"]), str(row.get("entered_period"))): row for row in rows}
    for row in cohorts.values():
        arm = experiment.control if is_missing(row["first_treated_period"]) else (experiment.treatments or [""])[0]
        if arm in arms:
            arms[arm][0] += int(row["n_left_out"])
            arms[arm][1] += int(row["n"]) + int(row["n_left_out"])
    return {arm: (missed, units) for arm, (missed, units) in arms.items()}


def _rollouts(registry: pd.DataFrame) -> list[Experiment]:
    return [read_experiment(row) for row in records(registry) if row["design"] in DESIGNS]


def _group(moments: pd.DataFrame | None) -> dict[tuple[str, str], list[dict[str, Any]]]:
    cells: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in records(moments):
        cells.setdefault((str(row["experiment_id"]), str(row["metric_id"])), []).append(row)
    return cells


def _reader(moments: pd.DataFrame, clusters: pd.DataFrame | None) -> Callable[[Experiment, str | None], _Rollout]:
    """Experiment and metric to what is known of them."""
    cells, shared = _group(moments), _group(clusters)

    def read(experiment: Experiment, metric_id: str | None) -> _Rollout:
        key = (experiment.experiment_id, str(metric_id))
        rollout = _read(cells.get(key, []), shared.get(key, []))
        problem = arms_problem(experiment)
        if problem:
            return _Rollout(rollout.panel, problem, True)
        if experiment.cluster_by is None or isinstance(rollout.effects, str) or rollout.panel.clusters is not None:
            return rollout
        return _Rollout(rollout.panel, f"The clusters ({experiment.cluster_by}) of the units are not known.", True)

    return read


def _read(rows: list[Mapping[str, Any]], shared: list[Mapping[str, Any]]) -> _Rollout:
    """The panel of one metric. Periods are put in order; a cohort treated after the last one is never treated."""
    pairs = [row for row in rows if not is_missing(row["period_a"])]
    periods = sorted({int(row["period_a"]) for row in pairs})
    index = {period: i for i, period in enumerate(periods)}
    notes, merged = [], {}
    by_cohort: dict[Any, list[Mapping[str, Any]]] = {}
    left_out: dict[Any, int] = {}
    for row in rows:
        first = None if is_missing(row["first_treated_period"]) else int(row["first_treated_period"])
        left_out[first] = int(row["n_left_out"])
        if not is_missing(row["period_a"]):
            by_cohort.setdefault(first, []).append(row)
    if sum(left_out.values()):
        notes.append(f"{counted(sum(left_out.values()), 'unit has', 'units have')} a gap in the panel: left out.")
    for first, cells in by_cohort.items():
        cohort = _cohort(first, cells, index, periods)
        same = merged.get(cohort.first)
        merged[cohort.first] = cohort if same is None else _merge(same, cohort)
    cohorts = sorted(merged.values(), key=lambda c: -1 if c.first is None else c.first)
    panel = did.Panel(cohorts, notes, _clusters(shared, cohorts, periods))
    if not cohorts:
        return _Rollout(panel, "No unit was seen in every period of the panel.", True)
    effects = did.group_time(panel, "not_yet_treated", "universal")
    sizes = [c.n for c in cohorts] if panel.clusters is None else np.diag(panel.clusters.count)
    return _Rollout(panel, effects, min(sizes) < FEW_UNITS)


def _clusters(rows: list[Mapping[str, Any]], cohorts: list[did.Cohort], periods: list[int]) -> did.Clusters | None:
    """Sums of products over clusters, in the order of the cohorts, each with its units and its periods.

    None where there are none, and where a cohort was merged: a deviation from two means can't be put together.
    """
    if not rows:
        return None
    size = len(periods) + 1
    place = {period: i + 1 for i, period in enumerate(periods)} | {None: 0}
    order = {cohort.first: k for k, cohort in enumerate(cohorts)}
    known = {None if is_missing(row["cohort_a"]) else int(row["cohort_a"]) for row in rows}
    index = {first: order[_place_of(first, periods)] for first in known}
    if len(set(index.values())) < len(index) or len(index) < len(cohorts):
        return None
    moments, count = np.zeros((len(cohorts) * size,) * 2), np.zeros((len(cohorts),) * 2, "int64")
    for row in rows:
        ends = []
        for side in ("a", "b"):
            cohort, period = (None if is_missing(row[f"{n}_{side}"]) else int(row[f"{n}_{side}"]) for n in _ENDS)
            ends.append((index[cohort], place[period]))
        (k, i), (m, j) = ends
        moments[k * size + i, m * size + j] = moments[m * size + j, k * size + i] = float(row["total"])
        if i == j == 0:
            count[k, m] = count[m, k] = int(row["n_clusters"])
    return did.Clusters(count, moments)


_ENDS = ("cohort", "period")


def _place_of(first: int | None, periods: list[int]) -> int | None:
    """Which period of the panel it is, from 0; None for those treated after it, or never."""
    at = None if first is None else int(np.searchsorted(periods, first))
    return None if at is None or at >= len(periods) else at


def _cohort(first: int | None, cells: list[Mapping[str, Any]], index: dict[int, int], periods: list[int]) -> did.Cohort:
    n, size = int(cells[0]["n"]), len(periods)
    mean, scatter = np.full(size, np.nan), np.zeros((size, size))
    for row in cells:
        a, b = index[int(row["period_a"])], index[int(row["period_b"])]
        mean[a], mean[b] = float(row["mean_a"]), float(row["mean_b"])
        # One unit has no covariance.
        value = 0.0 if is_missing(row["covariance"]) else float(row["covariance"]) * (n - 1)
        scatter[a, b] = scatter[b, a] = value
    return did.Cohort(_place_of(first, periods), n, mean, scatter)


def _merge(a: did.Cohort, b: did.Cohort) -> did.Cohort:
    n, gap = a.n + b.n, a.mean - b.mean
    scatter = a.scatter + b.scatter + np.outer(gap, gap) * a.n * b.n / n
    return did.Cohort(a.first, n, (a.n * a.mean + b.n * b.mean) / n, scatter)


def _metric_rows(experiment: Experiment, metric_id: str, metric: Mapping[str, Any], rollout: _Rollout) -> list[dict]:
    rows, effects = [], rollout.effects
    grade, why = None, None
    if not isinstance(effects, str):
        notes = [*rollout.panel.notes, *registration_notes(experiment)]
        grade, why = did.grade_did(did.pre_trend(effects, small=rollout.small), notes)
    reason = _problem(metric) or (effects if isinstance(effects, str) else None)
    kinds = {"before_after": "did"} | KINDS if experiment.design == "did" else KINDS
    for kind, method in kinds.items():
        for scale in ("absolute", "relative"):
            if reason:
                e = rollout.missing(reason)
            elif kind == "before_after":
                e = did.two_by_two_panel(rollout.panel, scale == "relative", experiment.alpha)
            elif scale == "relative":
                e = did.relative_effect(effects, kind, experiment.alpha, rollout.small)
            else:
                averages = did.aggregate(effects, kind)
                e = did.estimates(averages, experiment.alpha, rollout.small)[("overall",)]
            rows.append(estimate_row(experiment, metric_id, method, scale, "att", e, grade, why or BELOW_B))
    return rows


BELOW_B = "Not randomised: the effect rests on paths that were parallel before and would have stayed so."


def _problem(metric: Mapping[str, Any]) -> str | None:
    if not metric:
        return "The metric is not in the catalogue."
    if metric.get("aggregation") == "quantile":
        return "A quantile has no difference-in-differences here."
    if metric.get("transform") == "winsorize":
        return "Winsorized values have no difference-in-differences here."
    return None
