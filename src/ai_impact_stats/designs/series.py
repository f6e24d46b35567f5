"""What a series would have been without the change: structural model, interrupted series, placebo dates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..estimators.checks import PLACEBO_ALPHA, Check
from ..estimators.estimate import Estimate, is_known, missing, quantile
from ..estimators.structural import (
    INTERRUPTED,
    LEAST_COVERED,
    PERIODS,
    STRUCTURAL,
    UNTOUCHED_ALPHA,
    averaged,
    covariates_untouched,
    interrupted,
    placebo_dates,
    structural,
)
from ..estimators.structural import Series as Periods
from ..io.calendars import GRAINS, by_period, calendar, days_apart, finer, frequency, grain
from ..io.inputs import Inputs
from ..io.registry import Experiment, is_missing, names
from ..io.schemas import COUNTERFACTUAL
from ..wording import counted, sentence
from .design import Design
from .health import registered_effect
from .rows import estimate_row

SCALES = {**STRUCTURAL, **INTERRUPTED}


@dataclass(frozen=True)
class Study:
    """One registered metric of one experiment on a series; `problem` says why there is no series, if so.

    `starts` are the first days of its periods, `notes` sentences on what was left out and, last, on its controls.
    """

    experiment: Experiment
    metric_id: str
    problem: str | None = None
    series: Periods | None = None
    starts: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    registered: float | None = None  # the smallest effect, on the scale of the model

    @property
    def alpha(self) -> float:
        return self.experiment.alpha


class Series(Design):
    """One series before and after, against what it would have been."""

    names = frozenset({"time_series"})
    reads: ClassVar = dict.fromkeys(("estimates", "checks", "counterfactuals"), ("moments_series",))

    def estimate(self, experiment: Experiment, metric_id: str, inputs: Inputs) -> list[dict]:
        """The structural and the interrupted series. Grade C of the structural one where a control series is there, no
        date before shows an effect, and the controls are shown not to have moved; D otherwise. The interrupted series
        is D: where the level wanders it finds what is not there, and few periods don't tell whether it does."""
        study = _study(experiment, metric_id, inputs)
        grade, why = _grade(study)
        if study.series is None:
            methods = {m: missing(study.problem or "") for m in SCALES}
        else:
            methods = structural(study.series, study.alpha) | interrupted(study.series, study.alpha)
        wanders = "D", sentence([WANDERS, why if grade == "D" else None])
        return [_row(study, m, e, *(wanders if m in INTERRUPTED else (grade, why))) for m, e in methods.items()]

    def diagnose(self, experiment: Experiment, inputs: Inputs) -> dict[str, Check]:
        """Of the primary metric."""
        return _checks(_study(experiment, experiment.primary, inputs)) if experiment.primary else {}

    def counterfactuals(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """After the start the expected value is forecast from all periods before it; before, from the periods before
        each."""
        found = (_study(experiment, metric_id, inputs) for metric_id in experiment.metrics)
        return [row for s in found if s.series is not None and not s.series.problem() for row in _path(s, s.series)]


def _study(experiment: Experiment, metric_id: str, inputs: Inputs) -> Study:
    """The periods of one metric, or why there are none."""
    metric = inputs.catalogue.get(metric_id, {})
    study, frame = Study(experiment, metric_id), inputs.part("moments_series", experiment.experiment_id, metric_id)
    problem = _not_a_series(study, metric, frame)
    return replace(study, problem=problem) if problem else _with_series(study, metric, frame)


def _not_a_series(study: Study, metric: Mapping[str, Any], frame: pd.DataFrame | None) -> str | None:
    if not metric:
        return f"The metric {study.metric_id} is not in metric_catalog: add it there, or correct the registration."
    transform = metric.get("transform")
    if not (is_missing(transform) or transform in ("none", "log")):
        return f"A series is analysed as it is or in logarithms: register the transform none or log, not {transform}."
    if metric.get("aggregation") in ("ratio", "quantile") or not is_missing(metric.get("denominator_measure")):
        return "A series has one value at each date: register its metric as mean or count, without denominator_measure."
    if study.experiment.starts_at is None:
        return "The experiment has no start."
    if frame is None or not frame["is_outcome"].any():
        return f"No series of market_signals is named {metric.get('numerator_measure')}, or it has no value."
    period, outcome = study.experiment.period, frame[frame["is_outcome"]]
    dates = pd.DatetimeIndex(pd.to_datetime(outcome["week"]))
    name, dated_by = str(outcome["series"].iloc[0]), grain(dates)
    if period is not None and period not in PERIODS:
        return f"The period {period} is unknown: register one of {', '.join(PERIODS)}, or none."
    if period and dated_by and finer(period, dated_by):
        return (
            f"The series {name} is dated by {dated_by} and can't be analysed by {period}: register period {dated_by}."
        )
    if period is None and dated_by is None:
        days = days_apart(dates)
        if days is None:
            return f"The series {name} has one date."
        return (
            f"The dates of the series {name} are {days:g} days apart, which is no week, month, quarter or "
            "year: register a period."
        )
    return None


def _with_series(study: Study, metric: Mapping[str, Any], frame: pd.DataFrame) -> Study:
    frame = frame.assign(week=pd.to_datetime(frame["week"]))
    columns = {str(name): part.set_index("week")["value"].sort_index() for name, part in frame.groupby("series")}
    outcome = str(frame.loc[frame["is_outcome"], "series"].iloc[0])
    y = columns.pop(outcome)
    dated_by, total = grain(y.index), metric.get("aggregation") == "count"
    period = study.experiment.period or ("week" if dated_by == "day" else str(dated_by))
    freq = calendar(period) if finer(dated_by, period) else frequency(y.index, period)
    table = by_period(y, period, freq, total).to_frame(outcome)
    # A period that the start or the end falls into is neither before nor after.
    start, end = study.experiment.starts_at, study.experiment.ends_at
    begins, ends = table.index.start_time, (table.index + 1).start_time
    cut = (begins < start) & (ends > start)
    until = ends.max() if end is None else end
    cut |= (begins < until) & (ends > until)
    table = table[~cut & (ends <= until)]
    if table.empty:
        why = f"No whole {period} of the series {outcome} lies before the start, or between it and the end."
        return replace(study, problem=why)
    after = np.asarray(table.index.start_time >= start)
    controls, reasons = [], []
    for name, values in columns.items():
        column, problem = _control(name, values, table.index, after, period, freq)
        if problem is None:
            table[name] = column
            controls.append(name)
        reasons += [problem] if problem else []
    registered = [name for name in names(metric.get("covariate")) if name != outcome]
    reasons += [f"{name} is no series of market_signals" for name in registered if name not in columns]
    held = table.notna().all(axis=1).to_numpy()
    table, after = table[held], after[held]
    notes, many = [], (f"{period} is", f"{period}s are")
    if finer(dated_by, period):
        notes.append(f"Values by {dated_by} are {'added up' if total else 'averaged'} by {period}.")
    if cut.any():
        notes.append(f"{counted(int(cut.sum()), *many)} left out, as the start or the end lies within.")
    if not held.all():
        notes.append(f"{counted(int((~held).sum()), *many)} left out, as a control has no value there.")
    notes.append(_controls_note(registered, controls, reasons))
    by = dated_by if finer(dated_by, period) and not total else None
    t = table.index.asi8 - table.index.asi8[0]
    x = table[controls].to_numpy(float).reshape(len(table), len(controls))
    series = Periods(t, table[outcome].to_numpy(float), x, after, metric.get("transform") == "log", period, by)
    starts = tuple(str(day)[:10] for day in table.index.start_time)
    level = float(series.y[series.before].mean()) if series.before.any() else math.nan
    smallest = registered_effect(study.experiment, study.metric_id, metric, level)
    found = replace(study, series=series, starts=starts, registered=smallest)
    return replace(found, controls=tuple(controls), notes=tuple(notes))


def _control(
    name: str, values: pd.Series, wanted: pd.PeriodIndex, after: np.ndarray, period: str, freq: str
) -> tuple[pd.Series | None, str | None]:
    """The control by the periods of the outcome, or why it can't be used."""
    dated_by = grain(values.index)
    if dated_by and GRAINS.index(dated_by) > GRAINS.index(period):
        return None, f"{name} is dated by {dated_by}, not by {period}"
    column = by_period(values, period, freq).reindex(wanted)
    there = column.notna().to_numpy()
    for side, where in ((~after, "before"), (after, "after")):
        if side.any() and there[side].mean() < LEAST_COVERED:
            lacking = int((~there[side]).sum())
            return None, f"{name} lacks {lacking} of {counted(int(side.sum()), period)} {where} the start"
    if column[~after].nunique() == 1:
        return None, f"{name} does not vary before the start"
    return column, None


def _controls_note(registered: Sequence[str], controls: Sequence[str], reasons: Sequence[str]) -> str:
    """Which controls are used, where they come from, and which can't be."""
    origin = "registered for the metric" if registered else "marked is_covariate, as the metric names none"
    left_out = f"Left out of the controls: {'; '.join(reasons)}." if reasons else None
    if controls:
        return str(sentence([f"Controls, {origin}: {', '.join(controls)}.", left_out]))
    if reasons:
        return str(sentence(["No control series can be used.", left_out]))
    return "No control series: the metric names none, and no other series is marked is_covariate."


WANDERS = "Its error holds only where the level does not wander, which no test of so few periods shows."


def _grade(study: Study) -> tuple[str, str | None]:
    """C where a control series is there, no date before shows an effect, and controls that moved would have been seen;
    else D."""
    if study.series is None:
        return "D", None
    if not study.controls:
        return "D", "Without a control series, the effect can't be separated from other events at the start."
    found = _checks(study)
    failed = {
        "placebo_dates": "dates before the start show an effect, or could not be tried",
        "covariates_untouched": "the control series moved at the start, or may have moved unseen",
    }
    failing = [name for name in failed if found[name].passed is not True]
    if failing:
        why = "Diagnostics fail: " + "; ".join(failed[name] for name in failing) + "."
        return "D", sentence([why, *(found[name].detail for name in failing)])
    return "C", "One series before and after, adjusted for control series that did not move."


def _row(study: Study, method: str, e: Estimate, grade: str, why: str | None) -> dict:
    scale = SCALES[method]
    means: tuple[float | None, float | None] = None, None
    if is_known(e) and study.series is not None:
        observed = float(study.series.y[study.series.after].mean())
        means = observed, observed - e.estimate if scale == "absolute" else observed / (1 + e.estimate)
    row = estimate_row(
        study.experiment,
        study.metric_id,
        method,
        scale,
        "att",
        e,
        grade,
        why,
        treatment_arm=None,
        control_arm=None,
        mean_treatment=means[0],
        mean_control=means[1],
    )
    return row | {"reason": sentence([row["reason"], *study.notes])}


def _checks(study: Study) -> dict[str, Check]:
    if study.series is None:
        nothing = study.problem or ""
        return {
            "placebo_dates": Check(None, None, PLACEBO_ALPHA, None, nothing),
            "covariates_untouched": Check(None, None, UNTOUCHED_ALPHA, None, nothing),
        }
    return {
        "placebo_dates": placebo_dates(study.series),
        "covariates_untouched": covariates_untouched(
            study.series, study.controls, without=study.notes[-1], registered=study.registered
        ),
    }


def _path(study: Study, series: Periods) -> list[dict]:
    back = np.exp if series.log else np.asarray
    least = series.design().shape[1] + 2
    rows = [
        dict.fromkeys(COUNTERFACTUAL.names)
        | {
            "experiment_id": study.experiment.experiment_id,
            "metric_id": study.metric_id,
            "week": start,
            "is_after": bool(after),
            "observed": float(y),
            "period": f"{series.period}, averages by {by}" if (by := series.averages_by) else series.period,
        }
        for start, after, y in zip(study.starts, series.after, series.y, strict=True)
    ]
    found = averaged(series)
    one_ahead = {}
    for place in range(least, int(series.before.sum())):
        seen = Periods(
            series.t[: place + 1],
            series.y[: place + 1],
            series.x[: place + 1],
            series.t[: place + 1] == series.t[place],
            series.log,
            series.period,
        )
        if np.linalg.matrix_rank(seen.design()[:-1]) == seen.design().shape[1]:
            one_ahead[place] = averaged(seen)
    first = int(series.before.sum())
    for place, row in enumerate(rows):
        source = one_ahead.get(place) if place < first else found
        if source is None:
            continue
        at = 0 if place < first else place - first
        margin = quantile(1 - study.alpha / 2, source.df) * math.sqrt(source.covariance[at, at])
        expected, low, high = (float(back(source.expected[at] + side * margin)) for side in (0, -1, 1))
        row |= {"expected": expected, "ci_low": low, "ci_high": high, "effect": float(series.y[place]) - expected}
    level = back(found.expected)
    slope = level if series.log else np.ones(len(level))
    for h in range(len(level)):
        weight = np.where(np.arange(len(level)) <= h, slope, 0.0)
        margin = quantile(1 - study.alpha / 2, found.df) * math.sqrt(weight @ found.covariance @ weight)
        total = float((series.y[series.after] - level)[: h + 1].sum())
        rows[first + h] |= {
            "cumulative_effect": total,
            "cumulative_ci_low": total - margin,
            "cumulative_ci_high": total + margin,
        }
    return rows
