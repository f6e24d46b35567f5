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
from .experiments import ESTIMATES, say_what_is_not_known
from .grading import sentence
from .health import without_logarithm
from .linear import one_thread
from .quasi import arms_problem, check_row, estimate_row, finish, left_out_notes, registration_notes
from .registry import Experiment, is_missing, read_experiment
from .tables import read_unknown, records, write_table
from .wording import counted

DESIGNS = frozenset({"did", "staggered_did"})
# All weigh the same cells, each differently.
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
    periods: tuple[str, ...] = ()  # what there is to say of those that count; it is in the panel's notes too

    def missing(self, reason: str) -> Estimate:
        sizes = [sum(c.n for c in self.panel.cohorts if (c.first is None) == control) for control in (False, True)]
        return missing(sentence([reason, *self.panel.notes]), *sizes)


@one_thread
def estimate_rollouts(
    registry: pd.DataFrame,
    metrics: pd.DataFrame,
    moments: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    left_out: pd.DataFrame | None = None,
    panels: pd.DataFrame | None = None,
    past: pd.DataFrame | None = None,
) -> pa.Table:
    """The effects of every registered rollout (designs did and staggered_did), schema `ESTIMATES`.

    Tables `int_experiments`, `metric_catalog`, `moments_cohort_periods` and, for errors by cluster,
    `moments_cohort_clusters`; `moments_left_out` for what `reason` says of units whose treatment ended;
    `int_geo_panels` for rollouts with one treated unit, which have `two_way_fixed_effects` too; `moments_past` for what
    is not known of the arms; column names as there. Each metric has the simple average over treated units and periods
    against units not yet treated
    (`staggered_did`), the three other averages of Callaway and Sant'Anna, and all of them as a share (`…_relative`):
    absolute effects are in the metric's unit a unit and period. The design did has `did` too: all periods after the
    start against all before. Grade C when paths were parallel before, as far as could be
    seen; D otherwise.
    """
    catalogue = {str(row["metric_id"]): row for row in records(metrics)}
    read, cells = _reader(moments, clusters), _group(moments)
    several, known = left_out_notes(left_out), read_unknown(metrics, past)
    single = _group(panels)
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
            rows_of_one = single.get((experiment.experiment_id, metric_id), [])
            if rows_of_one and not (problem or _problem(metric) or arms_problem(experiment)):
                found += _one_rows(experiment, metric_id, rollout, one_panel(rows_of_one))
        say_what_is_not_known(experiment, found, known)
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
def check_rollouts(
    registry: pd.DataFrame,
    moments: pd.DataFrame,
    clusters: pd.DataFrame | None = None,
    panels: pd.DataFrame | None = None,
) -> list[dict]:
    """The diagnostics of the primary metric of every registered rollout, as rows of `CHECKS`.

    `parallel_trends`: the test before treatment, its detail with what it could have seen. `trend_sensitivity`: how many
    times the largest change of the difference before treatment paths may diverge after it, from period to period, with
    the interval of the effect still without 0 (`magnitude` of `relative_magnitudes`); passed at 1.
    """
    read, rows, single = _reader(moments, clusters), [], _group(panels)
    for experiment in _rollouts(registry):
        rollout = read(experiment, experiment.primary)
        one = single.get((experiment.experiment_id, str(experiment.primary)))
        if one and not arms_problem(experiment):
            found = did.one_treated(*one_panel(one)[:2], experiment.alpha)
            problem = Check(None, None, did.PRE_TREND_ALPHA, None, found.estimate.reason)
            checks = {"parallel_trends": found.pre.check if found.pre else problem}
        elif isinstance(rollout.effects, str):
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
            return replace(rollout, effects=problem, small=True)
        if experiment.cluster_by is None or isinstance(rollout.effects, str) or rollout.panel.clusters is not None:
            return rollout
        problem = f"The clusters ({experiment.cluster_by}) of the units are not known."
        return replace(rollout, effects=problem, small=True)

    return read


def _read(rows: list[Mapping[str, Any]], shared: list[Mapping[str, Any]]) -> _Rollout:
    """The panel of one metric. Periods are put in order; a cohort treated after the last one is never treated."""
    periods = sorted({int(row["period_a"]) for row in rows if not is_missing(row["period_a"])})
    index = {period: i for i, period in enumerate(periods)}
    by_cohort: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_cohort.setdefault((_whole(row["first_treated_period"]), _whole(row.get("entered_period"))), []).append(row)
    merged: dict[tuple, did.Cohort] = {}
    for (first, entered), cells in by_cohort.items():
        if not is_missing(cells[0]["period_a"]):
            cohort = _cohort(first, entered, cells, index, periods)
            same = merged.get((cohort.first, cohort.entered))
            merged[cohort.first, cohort.entered] = cohort if same is None else _merge(same, cohort)
    cohorts = sorted(merged.values(), key=lambda c: (-1 if c.first is None else c.first, c.entered))
    groups = [cells[0] for cells in by_cohort.values()]
    told = (
        (f"{counted(len(periods), 'period counts', 'periods count')}.", *_dropped(groups[0], periods))
        if periods
        else ()
    )
    notes = [*told, *_notes(groups, cohorts)]
    panel = _without_lone_waves(did.Panel(cohorts, notes, _clusters(shared, cohorts, periods)), periods)
    if not panel.cohorts:
        late = sum(int(cells[0].get("n_without_before") or 0) for cells in by_cohort.values())
        return _Rollout(panel, NO_PAST if late else "No unit was seen in every period of the panel.", True, told)
    effects = did.group_time(panel, "not_yet_treated", "universal")
    return _Rollout(panel, effects, min(panel.sizes().values()) < FEW_UNITS, told)


NO_PAST = "No cohort is treated within the panel after its first period, so there is no past to compare with."


def _whole(value: Any) -> int | None:
    return None if is_missing(value) else int(value)


def _notes(groups: list[Mapping[str, Any]], cohorts: list[did.Cohort]) -> list[str]:
    """What there is to say of units that don't count, or not from the first period on; one row of each cohort."""

    def of(name: str) -> int:
        return sum(int(row.get(name) or 0) for row in groups)

    notes = []
    late = sum(c.n for c in cohorts if c.entered)
    if late:
        who = counted(late, "unit that came later counts", "units that came later count")
        notes.append(f"{who} from the first whole period on.")
    if of("n_left_out"):
        notes.append(f"{counted(of('n_left_out'), 'unit has', 'units have')} a gap in the panel: left out.")
    if of("n_without_before"):
        number = counted(of("n_without_before"), "treated unit has", "treated units have")
        notes.append(f"{number} no whole period before the treatment: left out.")
    if of("n_absent"):
        number = counted(of("n_absent"), "unit was", "units were")
        notes.append(f"{number} not there in any period, as far as the data or exists_from tell: left out.")
    return notes


def _dropped(row: Mapping[str, Any], periods: list[int]) -> list[str]:
    """The periods that are left out: cut by the beginning or the end of the data, or without a row."""
    first, last = _whole(row.get("first_row_period")), _whole(row.get("last_row_period"))
    parts, begin = [], periods[0]
    if first is not None and first < begin:
        parts.append(f"period {first}, which the beginning of the data cuts")
        begin = first + 1
    holes = sorted(set(range(begin, periods[-1])) - set(periods))
    if holes:
        named = ", ".join(map(str, holes[:5])) + (" and others" if len(holes) > 5 else "")
        parts.append(f"{'period' if len(holes) == 1 else 'periods'} {named}, without a row of the metric")
    if last is not None and last > periods[-1]:
        parts.append(f"period {last}, which the end cuts")
    return [f"Left out: {'; '.join(parts)}."] if parts else []


def _without_lone_waves(panel: did.Panel, periods: list[int]) -> did.Panel:
    """Without the waves of one unit (or cluster), where others are larger: how units vary within one is unknown."""
    sizes = panel.sizes()
    larger = sum(size > 1 for start, size in sizes.items() if start)
    lone = [s for s, size in sizes.items() if size == 1 and larger > (1 if s is None else 0)]
    unit = "unit" if panel.clusters is None else "cluster"
    names = {s: "The control" if s is None else f"The wave of period {periods[s]}" for s in lone}
    why = f"it has one {unit}, and nothing tells how {unit}s vary within it"
    return panel.without(lone, [f"{name} is left out: {why}." for name in names.values()]) if lone else panel


def _clusters(rows: list[Mapping[str, Any]], cohorts: list[did.Cohort], periods: list[int]) -> did.Clusters | None:
    """Sums of products over clusters, in the order of the cohorts, each with its units and its periods.

    None where there are none, and where a cohort was merged: a deviation from two means can't be put together.
    """
    if not rows:
        return None
    size, starts = len(periods) + 1, did.starts_of(cohorts)
    place = {period: i + 1 for i, period in enumerate(periods)} | {None: 0}
    order = {(cohort.first, cohort.entered): k for k, cohort in enumerate(cohorts)}
    known = {(_whole(row["cohort_a"]), _whole(row.get("entered_a"))) for row in rows}
    index = {(c, e): order.get((_place_of(c, periods), _place_of(e, periods))) for c, e in known if e is not None}
    if len(set(index.values())) < len(index) or len(index) < len(cohorts) or None in index.values():
        return None
    moments, count = np.zeros((len(cohorts) * size,) * 2), np.zeros((len(starts),) * 2, "int64")
    for row in rows:
        first, came, when = ([_whole(row[f"{name}_{side}"]) for side in "ab"] for name in _ENDS)
        if came[0] is None:
            # All units of two starts, whenever they came: the clusters that they share.
            k, m = (starts.index(_place_of(f, periods)) for f in first)
            count[k, m] = count[m, k] = int(row["n_clusters"])
            continue
        a, b = (index[f, e] * size + place[t] for f, e, t in zip(first, came, when, strict=True))
        moments[a, b] = moments[b, a] = float(row["total"])
    return did.Clusters(count, moments)


_ENDS = ("cohort", "entered", "period")


def _place_of(first: int | None, periods: list[int]) -> int | None:
    """Which period of the panel it is, from 0; None for those treated after it, or never."""
    at = None if first is None else int(np.searchsorted(periods, first))
    return None if at is None or at >= len(periods) else at


def _cohort(
    first: int | None, entered: int | None, cells: list[Mapping[str, Any]], index: dict[int, int], periods: list[int]
) -> did.Cohort:
    n, size = int(cells[0]["n"]), len(periods)
    mean, scatter = np.full(size, np.nan), np.zeros((size, size))
    for row in cells:
        a, b = index[int(row["period_a"])], index[int(row["period_b"])]
        mean[a], mean[b] = float(row["mean_a"]), float(row["mean_b"])
        # One unit has no covariance.
        value = 0.0 if is_missing(row["covariance"]) else float(row["covariance"]) * (n - 1)
        scatter[a, b] = scatter[b, a] = value
    return did.Cohort(_place_of(first, periods), n, mean, scatter, _place_of(entered, periods) or 0)


def _merge(a: did.Cohort, b: did.Cohort) -> did.Cohort:
    n, gap = a.n + b.n, np.nan_to_num(a.mean - b.mean)
    scatter = a.scatter + b.scatter + np.outer(gap, gap) * a.n * b.n / n
    return did.Cohort(a.first, n, (a.n * a.mean + b.n * b.mean) / n, scatter, a.entered)


def _metric_rows(experiment: Experiment, metric_id: str, metric: Mapping[str, Any], rollout: _Rollout) -> list[dict]:
    rows, effects = [], rollout.effects
    grade, why = None, None
    if not isinstance(effects, str):
        grade, why = did.grade_did(did.pre_trend(effects, small=rollout.small), registration_notes(experiment))
        why = sentence([why or BELOW_B, *rollout.panel.notes])
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
            rows.append(estimate_row(experiment, metric_id, method, scale, "att", e, grade, why))
    return rows


def one_panel(rows: list[Mapping[str, Any]]) -> tuple[np.ndarray, int, list[str]]:
    """Of the rows of one treated unit (or cluster) and others: outcomes, the treated last; periods before; notes.

    The panel begins with the treated unit; controls that came later, or have a gap, are left out. Units of a cluster
    are one, their mean; a control unit in the treated cluster is none.
    """
    frame = pd.DataFrame(rows)
    name = frame["cluster_id"].where(frame["cluster_id"].notna(), frame["unit_id"]).astype(str)
    frame = frame.assign(name=name, value=frame["value"].astype("float64"))
    treated = frame[frame["entered_period"] < frame["first_treated_period"]]
    own, first = treated["name"].iloc[0], int(treated["first_treated_period"].min())
    others = frame[frame["first_treated_period"].isna() & (frame["name"] != own)]
    seen = pd.concat([others, treated])
    seen = seen[seen["period"] >= int(treated["entered_period"].max())]
    wide = seen.pivot(index=["name", "unit_id"], columns="period", values="value").sort_index(axis=1)
    whole = wide[wide.notna().all(axis=1)]
    gone = len(wide) - len(whole)
    notes = [f"{counted(gone, 'unit was', 'units were')} not seen in every period: left out."] if gone else []
    means = whole.groupby(level="name").mean()
    if own not in means.index:
        return np.zeros((1, 0)), 0, notes
    y = means.loc[[*sorted(label for label in means.index if label != own), own]]
    return y.to_numpy("float64"), sum(int(period) < first for period in y.columns), notes


def _one_rows(
    experiment: Experiment, metric_id: str, rollout: _Rollout, panel: tuple[np.ndarray, int, list[str]]
) -> list[dict]:
    y, before, notes = panel
    found = did.one_treated(y, before, experiment.alpha)
    grade, why = None, None
    if found.pre is not None:
        grade, why = did.grade_did(found.pre, registration_notes(experiment))
        who = "unit" if experiment.cluster_by is None else "cluster"
        rank = f"One {who} is treated: p is its rank among {len(y)}, and can't be below {1 / len(y):.2g}."
        limits = None if found.estimate.ci_low is not None else "With so few controls the interval has no limits."
        why = sentence([why or BELOW_B, rank, limits, *rollout.periods, *notes])
    rows = (("absolute", found.estimate), ("relative", found.share))
    return [estimate_row(experiment, metric_id, ONE_TREATED, scale, "att", e, grade, why) for scale, e in rows]


ONE_TREATED = "two_way_fixed_effects"
BELOW_B = "Not randomised: the effect rests on paths that were parallel before and would have stayed so."


def _problem(metric: Mapping[str, Any]) -> str | None:
    if not metric:
        return "The metric is not in the catalogue."
    if metric.get("aggregation") == "quantile":
        return "A quantile has no difference-in-differences here."
    if metric.get("transform") == "winsorize":
        return "Winsorized values have no difference-in-differences here."
    return None
