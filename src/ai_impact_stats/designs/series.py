"""What a series would have been without the change: structural model, interrupted series, placebo dates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..estimators.calendars import GRAINS, PERIODS, by_period, calendar, days_apart, finer, frequency, grain
from ..estimators.checks import Check
from ..estimators.estimate import Estimate, missing, quantile
from ..estimators.multiplicity import benjamini_hochberg, holm
from ..estimators.structural import (
    INTERRUPTED,
    LEAST_COVERED,
    PLACEBO_ALPHA,
    STRUCTURAL,
    UNTOUCHED_ALPHA,
    Series,
    averaged,
    covariates_untouched,
    interrupted,
    placebo_dates,
    structural,
)
from ..io.registry import Experiment, is_missing, names, read_experiment
from ..io.schemas import CHECKS, COUNTERFACTUAL, ESTIMATES
from ..io.tables import records, write_table
from ..wording import counted, sentence
from .grading import one_verdict, verdict


@dataclass(frozen=True)
class Study:
    """One registered metric of one experiment on a series; `problem` says why there is no series, if so.

    `starts` are the first days of its periods, `notes` sentences on what was left out and, last, on its controls.
    """

    experiment: Experiment
    metric_id: str
    role: str
    direction: str
    problem: str | None = None
    series: Series | None = None
    starts: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def alpha(self) -> float:
        return self.experiment.alpha


def studies(registry: pd.DataFrame, metrics: pd.DataFrame, dated: pd.DataFrame) -> list[Study]:
    """The registered metrics of every experiment of design time_series, with their periods."""
    catalogue = {str(row["metric_id"]): row for row in records(metrics)}
    frames = dict(iter(dated.groupby(["experiment_id", "metric_id"]))) if len(dated) else {}
    found = []
    for row in records(registry):
        if row["design"] != "time_series":
            continue
        experiment = read_experiment(row)
        for metric_id, role in experiment.metrics.items():
            metric = catalogue.get(metric_id, {})
            study = Study(experiment, metric_id, role, str(metric.get("direction", "up")))
            frame = frames.get((experiment.experiment_id, metric_id))
            problem = _not_a_series(study, row, metric, frame)
            found.append(replace(study, problem=problem) if problem else _with_series(study, row, metric, frame))
    return found


def _not_a_series(
    study: Study, row: Mapping[str, Any], metric: Mapping[str, Any], frame: pd.DataFrame | None
) -> str | None:
    if not metric:
        return f"The metric {study.metric_id} is not in metric_catalog: add it there, or correct the registration."
    transform = metric.get("transform")
    if not (is_missing(transform) or transform in ("none", "log")):
        return f"A series is analysed as it is or in logarithms: register the transform none or log, not {transform}."
    if metric.get("aggregation") in ("ratio", "quantile") or not is_missing(metric.get("denominator_measure")):
        return "A series has one value at each date: register its metric as mean or count, without denominator_measure."
    if is_missing(row["starts_at"]):
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


def _with_series(study: Study, row: Mapping[str, Any], metric: Mapping[str, Any], frame: pd.DataFrame) -> Study:
    frame = frame.assign(week=pd.to_datetime(frame["week"]))
    columns = {str(name): part.set_index("week")["value"].sort_index() for name, part in frame.groupby("series")}
    outcome = str(frame.loc[frame["is_outcome"], "series"].iloc[0])
    y = columns.pop(outcome)
    dated_by, total = grain(y.index), metric.get("aggregation") == "count"
    period = study.experiment.period or ("week" if dated_by == "day" else str(dated_by))
    freq = calendar(period) if finer(dated_by, period) else frequency(y.index, period)
    table = by_period(y, period, freq, total).to_frame(outcome)
    # A period that the start or the end falls into is neither before nor after.
    start, end = pd.Timestamp(row["starts_at"]), row["ends_at"]
    begins, ends = table.index.start_time, (table.index + 1).start_time
    cut = (begins < start) & (ends > start)
    until = ends.max() if is_missing(end) else pd.Timestamp(end)
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
    series = Series(t, table[outcome].to_numpy(float), x, after, metric.get("transform") == "log", period, by)
    starts = tuple(str(day)[:10] for day in table.index.start_time)
    return replace(study, series=series, starts=starts, controls=tuple(controls), notes=tuple(notes))


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


def estimate_series(registry: pd.DataFrame, metrics: pd.DataFrame, dated: pd.DataFrame) -> pa.Table:
    """One row per registered metric and method of every experiment on a series (schema `ESTIMATES`)."""
    rows: list[dict] = []
    known = studies(registry, metrics, dated)
    for study in known:
        grade, why = _grade(study)
        methods: dict[str, Estimate]
        if study.series is None:
            methods = {m: missing(study.problem or "") for m in (*STRUCTURAL, *INTERRUPTED)}
        else:
            methods = structural(study.series, study.alpha) | interrupted(study.series, study.alpha)
        rows += [_row(study, method, e, grade, why) for method, e in methods.items()]
    families: dict[tuple, list[dict]] = {}
    for row in rows:
        families.setdefault((row["experiment_id"], row["metric_role"], row["method"]), []).append(row)
    for (_, role, _), family in families.items():
        p_values = [row["p_value"] for row in family]
        procedure = {"primary": holm, "secondary": benjamini_hochberg}.get(role, list)
        for row, p in zip(family, procedure(p_values), strict=True):
            row["p_value_adjusted"] = None if row["p_value"] is None else float(p)
            experiment = row.pop("experiment")
            row["verdict"] = verdict(
                row["estimate"], row["ci_low"], row["ci_high"], row["p_value_adjusted"], row["alpha"],
                row.pop("direction"), row["evidence_grade"], bool(experiment.finished),
            )  # fmt: skip
    found = {tuple(row[n] for n in ("experiment_id", "metric_id", "method")): row for row in rows}
    for study in known:
        for scales in (STRUCTURAL, INTERRUPTED):
            pair = [found[study.experiment.experiment_id, study.metric_id, method] for method in scales]
            if all(row["estimate"] is not None for row in pair):
                one_verdict(*(reversed(pair) if study.series.log else pair))
    return write_table(rows, ESTIMATES)


def _grade(study: Study) -> tuple[str, str | None]:
    """C where a control series is there, no date before shows an effect, and the controls did not move; else D."""
    if study.series is None:
        return "D", None
    if not study.controls:
        return "D", "Without a control series, the effect can't be separated from other events at the start."
    found = _checks(study)
    failed = {
        "placebo_dates": "dates before the start show an effect, or could not be tried",
        "covariates_untouched": "a control series moved at the start, or could not be judged",
    }
    reasons = [text for name, text in failed.items() if found[name].passed is not True]
    if reasons:
        return "D", "Diagnostics fail: " + "; ".join(reasons) + "."
    return "C", "One series before and after, adjusted for control series that did not move."


def _row(study: Study, method: str, e: Estimate, grade: str, why: str | None) -> dict:
    has = e.estimate is not None
    row = dict.fromkeys(ESTIMATES.names)
    means = (None, None)
    if has:
        observed = float(study.series.y[study.series.after].mean())
        scale = {**STRUCTURAL, **INTERRUPTED}[method]
        means = (observed, observed - e.estimate if scale == "absolute" else observed / (1 + e.estimate))
    row.update(
        experiment_id=study.experiment.experiment_id, metric_id=study.metric_id, method=method, segment="all",
        metric_role=study.role, estimand="att", scale={**STRUCTURAL, **INTERRUPTED}[method],
        estimate=e.estimate, std_error=e.std_error, ci_low=e.ci_low, ci_high=e.ci_high, p_value=e.p_value,
        n_treatment=e.n_treatment, n_control=e.n_control, mean_treatment=means[0], mean_control=means[1],
        alpha=study.alpha, is_primary=study.role == "primary", is_preregistered=study.experiment.is_preregistered,
        evidence_grade=grade if has else None, reason=sentence([e.reason, why if has else None, *study.notes]),
        inference="fixed", experiment=study.experiment, direction=study.direction,
    )  # fmt: skip
    return row


def _checks(study: Study) -> dict[str, Check]:
    if study.series is None:
        nothing = study.problem or ""
        return {
            "placebo_dates": Check(None, None, PLACEBO_ALPHA, None, nothing),
            "covariates_untouched": Check(None, None, UNTOUCHED_ALPHA, None, nothing),
        }
    return {
        "placebo_dates": placebo_dates(study.series),
        "covariates_untouched": covariates_untouched(study.series, study.controls, without=study.notes[-1]),
    }


def check_series(registry: pd.DataFrame, metrics: pd.DataFrame, dated: pd.DataFrame) -> pa.Table:
    """The diagnostics of the primary metric of every experiment on a series (schema `CHECKS`)."""
    rows = []
    for study in studies(registry, metrics, dated):
        if study.role != "primary":
            continue
        for name, check in _checks(study).items():
            rows.append(
                {
                    "experiment_id": study.experiment.experiment_id,
                    "check_id": name,
                    "statistic": check.statistic,
                    "p_value": check.p_value,
                    "threshold": check.threshold,
                    "passed": check.passed,
                    "detail": check.detail,
                }
            )
    return write_table(rows, CHECKS)


def counterfactuals(registry: pd.DataFrame, metrics: pd.DataFrame, dated: pd.DataFrame) -> pa.Table:
    """One row per experiment on a series, metric and period (schema `COUNTERFACTUAL`).

    `week` is the first day of the period. After the start the expected value is forecast from all periods before it;
    before, from the periods before each.
    """
    rows = []
    for study in studies(registry, metrics, dated):
        if study.series is None or study.series.problem():
            continue
        rows += _path(study, study.series)
    return write_table(rows, COUNTERFACTUAL)


def _path(study: Study, series: Series) -> list[dict]:
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
        seen = Series(
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
        row["expected"] = float(back(source.expected[at]))
        row["ci_low"], row["ci_high"] = (float(back(source.expected[at] + side * margin)) for side in (-1, 1))
        row["effect"] = row["observed"] - row["expected"]
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
