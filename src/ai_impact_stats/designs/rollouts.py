"""Rollouts: from the moments of cohorts to differences-in-differences."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..estimators import did
from ..estimators.checks import Check, relevant_bias
from ..estimators.estimate import Estimate, is_bounded, is_known, missing
from ..io.inputs import Inputs
from ..io.registry import Experiment, is_missing
from ..wording import counted, sentence
from .design import Design
from .grading import grade_detrended, grade_did
from .health import registered_effect, without_logarithm
from .rows import NUMBERS, arms_problem, effect_rows, registration_notes

# All weigh the same cells, each differently.
KINDS = {"simple": "staggered_did", "dynamic": "staggered_did_dynamic", "group": "staggered_did_group"}
KINDS |= {"calendar": "staggered_did_calendar"}
DETRENDED = "staggered_did_detrended"
# Fewer units than this in a cohort: t in place of the normal distribution, and a test of the slope.
FEW_UNITS = 30


@dataclass(frozen=True, slots=True)
class _Rollout:
    """One metric of one rollout: its panel, group-time effects or the reason why there are none."""

    panel: did.Panel
    effects: did.Effects | str
    small: bool
    against_never: did.Effects | str = ""  # the same against units never treated, where there are some
    periods: tuple[str, ...] = ()  # what there is to say of those that count; it is in the panel's notes too

    def missing(self, reason: str) -> Estimate:
        treated, control = (
            sum(c.n for c in self.panel.cohorts if (c.first is None) == is_control) for is_control in (False, True)
        )
        return missing(" ".join([reason, *self.panel.notes]), treated, control)


class Rollouts(Design):
    """Units treated in waves, or all at once, against those not yet or never treated (did and staggered_did).

    `moments_cohort_clusters` are for errors by cluster; `int_geo_panels` hold the rows of one treated unit.
    """

    names = frozenset({"did", "staggered_did"})
    reads: ClassVar = {
        "estimates": ("moments_cohort_periods", "moments_cohort_clusters", "int_geo_panels"),
        "checks": ("moments_cohort_periods", "moments_cohort_clusters", "int_geo_panels"),
        "event_study": ("moments_cohort_periods", "moments_cohort_clusters"),
    }

    def estimate(self, experiment: Experiment, metric_id: str, inputs: Inputs) -> list[dict]:
        """The simple average over treated units and periods against units not yet treated (`staggered_did`), the three
        other averages of Callaway and Sant'Anna, `staggered_did_detrended`, and all of them as a share (`…_relative`):
        absolute effects are in the metric's unit per unit and period. The design did has `did` too: all periods after
        the start against all before; one treated unit has `two_way_fixed_effects`, and detrended.

        Grade C: of what is net of the line along which paths diverged before, when that did not bend; of the others
        when paths were parallel, and the test would have found a divergence that matters (`relevant_bias` of the
        registered smallest effect, never of the estimate). D otherwise."""
        rollout, metric = _rollout(experiment, metric_id, inputs), inputs.catalogue.get(metric_id, {})
        gaps = _gaps(experiment, inputs.rows("moments_cohort_periods", experiment.experiment_id, metric_id))
        without = without_logarithm(metric, gaps)
        if without:
            rollout = replace(rollout, effects=f"In some period {without}")
        rows = _metric_rows(experiment, metric_id, metric, rollout)
        panel = inputs.part("int_geo_panels", experiment.experiment_id, metric_id)
        if panel is not None and not (without or _problem(metric) or arms_problem(experiment)):
            one = one_panel(panel)
            for line in (True, False):
                rows += _one_rows(experiment, metric_id, metric, rollout, one, line)
        return rows

    def event_study(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """The last period before treatment is the base, with the effect 0 and no row. `band_low` to `band_high` hold
        for all periods of a metric at once."""
        rows = []
        for metric_id in experiment.metrics:
            rollout = _rollout(experiment, metric_id, inputs)
            if not isinstance(rollout.effects, str):
                points = did.event_study(rollout.effects, experiment.alpha, rollout.small)
                rows += [_point_row(experiment, metric_id, point) for point in points]
        return rows

    def diagnose(self, experiment: Experiment, inputs: Inputs) -> dict[str, Check]:
        """Of the primary metric. `parallel_trends`: the test before treatment, its detail with what it could have seen.
        `trend_sensitivity`: how many times the largest change of the difference before treatment paths may diverge
        after it, from period to period, with the interval of the effect still without 0 (`magnitude` of
        `relative_magnitudes`); passed at 1."""
        rollout = _rollout(experiment, experiment.primary, inputs)
        one = inputs.part("int_geo_panels", experiment.experiment_id, experiment.primary)
        if one is not None and not arms_problem(experiment):
            found = did.one_treated(*one_panel(one)[:2], experiment.alpha)
            problem = Check(None, None, did.PRE_TREND_ALPHA, None, found.estimate.reason or "")
            return {"parallel_trends": found.pre.check if found.pre else problem}
        if isinstance(rollout.effects, str):
            return {"parallel_trends": Check(None, None, did.PRE_TREND_ALPHA, None, rollout.effects)}
        metric = inputs.catalogue.get(str(experiment.primary), {})
        return {
            "parallel_trends": _pre_trend(experiment, experiment.primary, metric, rollout).check,
            "trend_sensitivity": did.breakdown(rollout.effects, experiment.alpha, rollout.small),
        }


def _point_row(experiment: Experiment, metric_id: str, point: did.EventTime) -> dict:
    e = point.estimate
    return {
        "experiment_id": experiment.experiment_id,
        "metric_id": metric_id,
        "relative_period": point.relative_period,
        "is_pre_period": point.is_pre_period,
        **{name: getattr(e, name) for name in NUMBERS},
        "band_low": point.band_low,
        "band_high": point.band_high,
        "n_treatment": e.n_treatment,
        "n_control": e.n_control,
        "alpha": experiment.alpha,
        "reason": e.reason,
    }


def _gaps(experiment: Experiment, rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Of each arm, the units with a period that has no value, and all of them."""
    arms = {experiment.control: [0, 0]} | {arm: [0, 0] for arm in experiment.treatments[:1]}
    cohorts = {(str(row["first_treated_period"]), str(row.get("entered_period"))): row for row in rows}
    for row in cohorts.values():
        arm = experiment.control if is_missing(row["first_treated_period"]) else (experiment.treatments or [""])[0]
        if arm in arms:
            arms[arm][0] += int(row["n_left_out"])
            arms[arm][1] += int(row["n"]) + int(row["n_left_out"])
    return {arm: (missed, units) for arm, (missed, units) in arms.items()}


def _rollout(experiment: Experiment, metric_id: str | None, inputs: Inputs) -> _Rollout:
    names = ("moments_cohort_periods", "moments_cohort_clusters")
    rollout = _read(*(inputs.rows(name, experiment.experiment_id, metric_id) for name in names))
    problem = arms_problem(experiment)
    if problem is None and experiment.cluster_by is not None and not isinstance(rollout.effects, str):
        unknown = f"The clusters ({experiment.cluster_by}) of the units are not known."
        problem = unknown if rollout.panel.clusters is None else None
    return replace(rollout, effects=problem, small=True) if problem else rollout


def _read(rows: Sequence[Mapping[str, Any]], shared: Sequence[Mapping[str, Any]]) -> _Rollout:
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
    stated = (
        (f"{counted(len(periods), 'period counts', 'periods count')}.", *_dropped(groups[0], periods))
        if periods
        else ()
    )
    notes = [*stated, *_notes(groups, cohorts)]
    panel = _without_lone_waves(did.Panel(cohorts, notes, _clusters(shared, cohorts, periods)), periods)
    if not panel.cohorts:
        late = sum(int(cells[0].get("n_without_before") or 0) for cells in by_cohort.values())
        why = NO_PAST if late else "No unit was seen in every period of the panel."
        return _Rollout(panel, why, True, why, stated)
    effects = did.group_time(panel, "not_yet_treated", "universal")
    # Units not yet treated may diverge too: the line is that of the treated against those who never are.
    never = any(cohort.first is None for cohort in panel.cohorts)
    alone = did.group_time(panel, "never_treated", "universal") if never else effects
    return _Rollout(panel, effects, min(panel.sizes().values()) < FEW_UNITS, alone, stated)


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
        who = counted(late, "unit that joined later counts", "units that joined later count")
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
        parts.append(f"period {first}, cut off by the start of the data")
        begin = first + 1
    holes = sorted(set(range(begin, periods[-1])) - set(periods))
    if holes:
        named = ", ".join(map(str, holes[:5])) + (" and others" if len(holes) > 5 else "")
        parts.append(f"{'period' if len(holes) == 1 else 'periods'} {named}, without a row of the metric")
    if last is not None and last > periods[-1]:
        parts.append(f"period {last}, cut off by the end")
    return [f"Left out: {'; '.join(parts)}."] if parts else []


def _without_lone_waves(panel: did.Panel, periods: list[int]) -> did.Panel:
    """Without the waves of one unit (or cluster), where others are larger: how units vary within one is unknown."""
    sizes = panel.sizes()
    larger = sum(size > 1 for start, size in sizes.items() if start)
    lone = [s for s, size in sizes.items() if size == 1 and larger > (1 if s is None else 0)]
    unit = "unit" if panel.clusters is None else "cluster"
    names = {s: "The control" if s is None else f"The wave of period {periods[s]}" for s in lone}
    why = f"it has one {unit}, so the variance within it is unknown"
    return panel.without(lone, [f"{name} is left out: {why}." for name in names.values()]) if lone else panel


def _clusters(rows: Sequence[Mapping[str, Any]], cohorts: list[did.Cohort], periods: list[int]) -> did.Clusters | None:
    """Sums of products over clusters, in the order of the cohorts, each with its units and its periods.

    None where there are none, and where a cohort was merged: a deviation from two means can't be put together.
    """
    if not rows:
        return None
    size, starts = len(periods) + 1, did.starts_of(cohorts)
    place: dict[int | None, int] = {period: i + 1 for i, period in enumerate(periods)}
    place[None] = 0
    order = {(cohort.first, cohort.entered): k for k, cohort in enumerate(cohorts)}
    known = {(_whole(row["cohort_a"]), _whole(row.get("entered_a"))) for row in rows}
    places = {(c, e): (_place_of(c, periods), _place_of(e, periods)) for c, e in known if e is not None}
    index = {
        name: order[first, came]
        for name, (first, came) in places.items()
        if came is not None and (first, came) in order
    }
    if len(set(index.values())) < len(places) or len(places) < len(cohorts):
        return None
    moments, count = np.zeros((len(cohorts) * size,) * 2), np.zeros((len(starts),) * 2, "int64")
    for row in rows:
        first, came, when = ([_whole(row[f"{name}_{side}"]) for side in "ab"] for name in _ENDS)
        if came[0] is None:
            # All units of two starts, whenever they came: the clusters that they share.
            k, m = (starts.index(_place_of(f, periods)) for f in first)
            count[k, m] = count[m, k] = int(row["n_clusters"])
            continue
        a, b = (index[f, int(e or 0)] * size + place[t] for f, e, t in zip(first, came, when, strict=True))
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
    reason = _problem(metric) or (effects if isinstance(effects, str) else None)
    rows += _detrended_rows(experiment, metric_id, metric, rollout, reason)
    if not isinstance(effects, str):
        pre = _pre_trend(experiment, metric_id, metric, rollout)
        grade, why = grade_did(pre, registration_notes(experiment))
        why = sentence([why or BELOW_B, *rollout.panel.notes])
    kinds = {"before_after": "did"} | KINDS if experiment.design == "did" else KINDS
    for kind, method in kinds.items():
        if reason or isinstance(effects, str):
            absolute = relative = rollout.missing(reason or "")
        elif kind == "before_after":
            absolute = did.two_by_two_panel(rollout.panel, False, experiment.alpha)
            relative = did.two_by_two_panel(rollout.panel, True, experiment.alpha)
        else:
            averages = did.aggregate(effects, kind)
            absolute = did.estimates(averages, experiment.alpha, rollout.small)[("overall",)]
            relative = did.relative_effect(effects, kind, experiment.alpha, rollout.small)
        rows += effect_rows(experiment, metric_id, metric, method, absolute, relative, grade=grade, why=why)
    return rows


def _detrended_rows(
    experiment: Experiment, metric_id: str, metric: Mapping[str, Any], rollout: _Rollout, reason: str | None
) -> list[dict]:
    effects, grade, why = rollout.against_never, None, None
    line = reason or (effects if isinstance(effects, str) else did.detrended(effects))
    if isinstance(line, str) or isinstance(effects, str):
        absolute = relative = rollout.missing(str(line))
    else:
        absolute = did.estimates(line, experiment.alpha, rollout.small)[("overall",)]
        relative = did.relative_effect(effects, did.DETRENDED, experiment.alpha, rollout.small)
        bend = did.bend(effects, small=rollout.small)
        grade, why = grade_detrended(bend, registration_notes(experiment))
        why = sentence([why or STRAIGHT, *rollout.panel.notes])
    return effect_rows(experiment, metric_id, metric, DETRENDED, absolute, relative, grade=grade, why=why)


def _pre_trend(
    experiment: Experiment, metric_id: str | None, metric: Mapping[str, Any], rollout: _Rollout
) -> did.PreTrend:
    """The test of parallel paths, with its power against a bias that matters."""
    effects = rollout.effects
    if isinstance(effects, str):
        return did.PreTrend(Check(None, None, did.PRE_TREND_ALPHA, None, effects), None, None)
    e = did.estimates(did.aggregate(effects, "simple"), experiment.alpha, rollout.small)[("overall",)]
    if not is_known(e):
        return did.pre_trend(effects, small=rollout.small)
    registered = registered_effect(experiment, metric_id, metric, _level_before(rollout.panel))
    return did.pre_trend(effects, small=rollout.small, matters=relevant_bias(e.std_error, registered))


def _level_before(panel: did.Panel) -> float:
    """The mean of the treated units before their treatment: no effect is in it."""
    cells = [
        (c.n * (c.first - c.entered), float(c.mean[c.entered : c.first].mean()))
        for c in panel.cohorts
        if c.first is not None and c.entered < c.first
    ]
    size = sum(n for n, _ in cells)
    return sum(n * mean for n, mean in cells) / size if size else math.nan


def one_panel(frame: pd.DataFrame) -> tuple[np.ndarray, int, list[str]]:
    """Of the rows of one treated unit (or cluster) and others: outcomes, the treated last; periods before; notes.

    The panel begins with the treated unit; controls that came later, or have a gap, are left out. Units of a cluster
    are one, their mean; a control unit in the treated cluster is none.
    """
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
    experiment: Experiment,
    metric_id: str,
    metric: Mapping[str, Any],
    rollout: _Rollout,
    panel: tuple[np.ndarray, int, list[str]],
    line: bool,
) -> list[dict]:
    y, before, notes = panel
    level = float(y[-1, :before].mean()) if before else math.nan
    registered = registered_effect(experiment, metric_id, metric, level)
    found = did.one_treated(y, before, experiment.alpha, registered, line)
    grade, why = None, None
    if found.pre is not None:
        said = registration_notes(experiment)
        if line:
            grade, why = grade_detrended(did.one_bends(y, before), said)
        else:
            grade, why = grade_did(found.pre, said)
        if not is_bounded(found.estimate):
            grade = "D"
        who = "unit" if experiment.cluster_by is None else "cluster"
        rank = f"One {who} is treated: p is its rank among {len(y)}, and can't be below {1 / len(y):.2g}."
        limits = None if found.estimate.ci_low is not None else "With so few controls the interval has no limits."
        why = sentence([why or (STRAIGHT if line else BELOW_B), rank, limits, *rollout.periods, *notes])
    method = f"{ONE_TREATED}_detrended" if line else ONE_TREATED
    return effect_rows(experiment, metric_id, metric, method, found.estimate, found.share, grade=grade, why=why)


ONE_TREATED = "two_way_fixed_effects"
BELOW_B = "Not randomised: the effect assumes that trends were parallel and would have stayed parallel."
STRAIGHT = "Not randomised: the effect assumes that paths would have diverged on along the line of the time before."


def _problem(metric: Mapping[str, Any]) -> str | None:
    if not metric:
        return "The metric is not in the catalogue."
    if metric.get("aggregation") == "quantile":
        return "A quantile has no difference-in-differences here."
    if metric.get("transform") == "winsorize":
        return "Winsorized values have no difference-in-differences here."
    return None
