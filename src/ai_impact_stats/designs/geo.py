"""Holdouts by region: from the panel of few regions to synthetic controls."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import ndtr

from ..estimators import synthetic as few
from ..estimators.checks import LEAST_POWER, PLACEBO_ALPHA, Check, relevant_bias
from ..estimators.estimate import Estimate, is_bounded, is_known, missing, quantile, wald
from ..io.calendars import days_apart
from ..io.inputs import Inputs
from ..io.registry import Experiment, is_missing
from ..wording import counted, sentence
from .design import Design
from .grading import RANDOM_METHODS
from .health import registered_effect, without_logarithm
from .rows import LOGARITHMS, arms_problem, effect_rows, registration_notes

# Diagnostics and paths are of the first.
METHODS = ("synthetic_did", "synthetic_control", "synthetic_control_demeaned")
CONFORMAL = "synthetic_control_conformal"
# A placebo for every control, each a fit over all others: beyond this many a rollout by cohorts is the better question.
MOST_CONTROLS = 300
TRIM = 0.1
BELOW_B = "Not assigned at random: the effect assumes that the weighted controls would have moved like the treated."
HOLDOUT = "A holdout of few regions, not an experiment by unit."


@dataclass(frozen=True, slots=True)
class _Panel:
    """One metric of one holdout: controls first, treated last. `problem` says why nothing can be estimated, if so."""

    y: np.ndarray
    n_treated: int
    before: int
    starts: list[str]
    pairs: list[tuple[int, int]]
    has_pairs: bool
    problem: str | None
    note: str | None = None  # what is said of the panel in every reason

    @property
    def sizes(self) -> tuple[int, int]:
        return self.n_treated, len(self.y) - self.n_treated


class Geo(Design):
    """Few treated regions against a mixture of others."""

    names = frozenset({"geo"})
    reads: ClassVar = dict.fromkeys(("estimates", "checks", "counterfactuals"), ("int_geo_panels",))

    def estimate(self, experiment: Experiment, metric_id: str, inputs: Inputs) -> list[dict]:
        """Synthetic difference-in-differences and synthetic control, plain and demeaned, absolute (per unit and period)
        and, with `_relative`, as a share of the level that was expected; with the spread of placebos as error. Beside
        them `synthetic_control_conformal`, by permuted periods, which needs fewer controls and more periods. Where
        strata are pairs, one treated and one control, also `trimmed_match` of the changes of pairs, a tenth left out at
        either end. Controls with a gap are left out. Grade B when the regions were assigned at random and mixture and
        placebo date pass; C when they were chosen, and the placebo date would have found a divergence that matters
        (`relevant_bias`); D otherwise."""
        return _metric_rows(
            experiment, metric_id, inputs.catalogue.get(metric_id), _read(experiment, metric_id, inputs)
        )

    def diagnose(self, experiment: Experiment, inputs: Inputs) -> dict[str, Check]:
        """Of the primary metric. `synthetic_fit`: does the mixture follow the treated regions before the start?
        `placebo_date`: is there no effect at a date before it?"""
        panel = _read(experiment, str(experiment.primary), inputs)
        if panel.problem:
            return {"synthetic_fit": Check(None, None, few.FIT_LIMIT, None, panel.problem)}
        found = few.synthetic(panel.y, panel.n_treated, panel.before, METHODS[0], experiment.alpha)
        return {"synthetic_fit": found.check, "placebo_date": _placebo(panel, METHODS[0])}

    def counterfactuals(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """What the mean of the treated regions would have been, by `synthetic_did`; intervals are those of the
        placebos' gaps in the same period."""
        rows = []
        for metric_id in experiment.metrics:
            panel = _read(experiment, metric_id, inputs)
            if panel.problem:
                continue
            found = few.synthetic(panel.y, panel.n_treated, panel.before, METHODS[0], experiment.alpha)
            if found.estimate.std_error is not None:
                path = _path_rows(experiment, metric_id, panel, found)
                transform = inputs.catalogue[metric_id].get("transform")
                rows += [_as_values(row, transform) for row in path] if transform in LOGARITHMS else path
        return rows


def _as_values(row: dict, transform: str) -> dict:
    """A row of a path in logarithms in the metric's own unit. Ratios add up to no cumulative effect."""
    back = math.exp if transform == "log" else math.expm1
    row |= {name: back(min(row[name], 700.0)) for name in ("observed", "expected", "ci_low", "ci_high")}
    row |= dict.fromkeys(("cumulative_effect", "cumulative_ci_low", "cumulative_ci_high"))
    return row | {"effect": row["observed"] - row["expected"]}


def _read(experiment: Experiment, metric_id: str, inputs: Inputs) -> _Panel:
    nothing = _Panel(np.zeros((0, 0)), 0, 0, [], [], False, None)
    metric, frame = inputs.catalogue.get(metric_id), inputs.part("int_geo_panels", experiment.experiment_id, metric_id)
    if metric is None:
        return _with(nothing, "The metric is not in the catalogue.")
    if problem := arms_problem(experiment):
        return _with(nothing, problem)
    if metric.get("aggregation") == "quantile" or metric.get("transform") == "winsorize":
        return _with(nothing, "Quantiles and winsorized values are not compared between regions here.")
    if frame is None:
        return _with(nothing, "No region was seen in a whole period.")
    wide = frame.pivot(index="unit_id", columns="period", values="value").sort_index(axis=1)
    first = frame.drop_duplicates("unit_id").set_index("unit_id")
    starts = {str(u): None if is_missing(v) else int(v) for u, v in first["first_treated_period"].to_dict().items()}
    controls = sorted(u for u, start in starts.items() if start is None)
    treated = sorted(u for u, start in starts.items() if start is not None)
    wide.index = wide.index.map(str)
    y = wide.loc[controls + treated].to_numpy("float64")
    periods = [int(p) for p in wide.columns]
    days = frame.drop_duplicates("period").set_index("period")["period_start"]
    began = sorted({start for start in starts.values() if start is not None})
    before = sum(p < began[0] for p in periods) if began else 0
    pairs, has_pairs = _paired(first, controls + treated, starts)
    gap = ~np.isfinite(y).all(axis=1)
    missed = {
        experiment.control: (int(gap[: len(controls)].sum()), len(controls)),
        experiment.treatments[0]: (int(gap[len(controls) :].sum()), len(treated)),
    }
    gap[len(controls) :] = False
    note = None
    if gap.any():
        note = f"{counted(int(gap.sum()), 'control unit is', 'control units are')} left out for a gap in the panel."
        place = np.cumsum(~gap) - 1
        pairs = [(int(place[t]), int(place[c])) for t, c in pairs if not gap[c]]
        y, controls = y[~gap], [c for c, has in zip(controls, gap, strict=False) if not has]
    starts_at = [str(days[p])[:10] for p in periods]
    panel = _Panel(y, len(treated), before, starts_at, pairs, has_pairs, None, note)
    if problem := without_logarithm(metric, missed):
        return _with(panel, f"In some period {problem}")
    if len(began) > 1:
        return _with(panel, "Regions start in several periods: register them as staggered_did.")
    if len(controls) > MOST_CONTROLS:
        reason = (
            f"{len(controls)} control units are too many for placebos of each: register them as did or staggered_did."
        )
        return _with(panel, reason)
    return panel


def _with(panel: _Panel, problem: str) -> _Panel:
    return replace(panel, problem=problem)


def _paired(
    first: pd.DataFrame, order: list[str], starts: Mapping[str, int | None]
) -> tuple[list[tuple[int, int]], bool]:
    """(treated, control) rows of strata that hold one of each, and whether there are strata at all."""
    place = {u: i for i, u in enumerate(order)}
    strata: dict[str, list[str]] = {}
    for unit, stratum in first["stratum"].to_dict().items():
        if not is_missing(stratum):
            strata.setdefault(str(stratum), []).append(str(unit))
    pairs = []
    for _, members in sorted(strata.items()):
        sides = sorted(members, key=lambda u: starts[u] is None)
        if len(sides) == 2 and starts[sides[0]] is not None and starts[sides[1]] is None:
            pairs.append((place[sides[0]], place[sides[1]]))
    return pairs, bool(strata)


def _metric_rows(experiment: Experiment, metric_id: str, metric: Mapping[str, Any] | None, panel: _Panel) -> list[dict]:
    rows: list[dict] = []
    level = float(panel.y[len(panel.y) - panel.n_treated :, : panel.before].mean()) if panel.before else math.nan
    smallest = registered_effect(experiment, metric_id, metric or {}, level)

    def add(method: str, absolute: Estimate, relative: Estimate | None, grade: str | None, why: str | None) -> None:
        found = effect_rows(experiment, metric_id, metric, method, absolute, relative, grade=grade, why=why or BELOW_B)
        rows.extend(row | {"reason": sentence([row["reason"], panel.note])} for row in found)

    for method in METHODS:
        if panel.problem:
            found = None
            absolute = relative = missing(panel.problem, *panel.sizes)
        else:
            found = few.synthetic(panel.y, panel.n_treated, panel.before, method, experiment.alpha)
            absolute, relative = found.estimate, _relative(panel, found, experiment.alpha)
        grade, why = None, None
        if found is not None and absolute.estimate is not None:
            earned, problem = few.grade_synthetic(found, _placebo(panel, method), experiment.alpha)
            rank = f"Its gap has rank p = {found.rank_p_value:.2g} among placebos."
            early = few.placebo_estimate(panel.y, panel.n_treated, panel.before, method, PLACEBO_ALPHA)
            grade, why = _graded(experiment, earned, problem, rank, unseen(early, absolute, smallest))
        add(method, absolute, relative, grade, why)
    e = missing(panel.problem, *panel.sizes) if panel.problem else _conformal(panel, experiment.alpha)
    grade, why = None, None
    if e.estimate is not None:
        note = "By permutation of periods, for a constant effect."
        early = few.placebo_estimate(panel.y, panel.n_treated, panel.before, "synthetic_control_demeaned", 0.05)
        grade, why = _graded(experiment, *_grade_conformal(panel), note, unseen(early, e, smallest))
    add(CONFORMAL, e, _share(panel, e), grade, why)
    if panel.has_pairs:
        e = missing(panel.problem, *panel.sizes) if panel.problem else _trimmed(panel, panel.before, experiment.alpha)
        grade, why = None, None
        if e.estimate is not None:
            cut = panel.before * 2 // 3
            early = _trimmed(_head(panel), cut, PLACEBO_ALPHA)
            placebo = few.placebo_check(early, cut)
            earned, problem = ("C", None) if placebo.passed else ("D", placebo.detail)
            note = f"{len(panel.pairs)} pairs."
            grade, why = _graded(experiment, earned, problem, note, unseen(early, e, smallest))
        add("trimmed_match", e, None, grade, why)
    return rows


def _graded(
    experiment: Experiment, earned: str, problem: str | None, note: str, missed: str | None
) -> tuple[str, str | None]:
    """B where regions were assigned at random; where they were chosen, C if a divergence would have been seen too."""
    notes = registration_notes(experiment)
    if not experiment.registered_before_start:
        return "D", sentence([problem, note, *notes])
    if earned == "C" and experiment.assignment_method in RANDOM_METHODS:
        return "B", sentence([HOLDOUT, note, *notes])
    if earned == "C" and missed:
        return "D", sentence([missed, note, *notes])
    return earned, sentence([problem or BELOW_B, note, *notes])


def unseen(early: Estimate, e: Estimate, registered: float | None) -> str | None:
    """Why the placebo date would not have seen regions that diverge by what matters, if so."""
    if not (is_known(early) and is_known(e)):
        return "There is no placebo date whose power is known."
    matters = relevant_bias(e.std_error, registered)
    power = float(ndtr(matters / early.std_error - quantile(1 - PLACEBO_ALPHA / 2, early.freedom)))
    if power >= LEAST_POWER:
        return None
    return f"A divergence that moves the effect by {matters:.3g} could have gone undetected (power {power:.0%})."


def _placebo(panel: _Panel, method: str) -> Check:
    return few.placebo_date(panel.y, panel.n_treated, panel.before, method, PLACEBO_ALPHA)


def _conformal(panel: _Panel, alpha: float) -> Estimate:
    return few.conformal(panel.y, panel.n_treated, panel.before, alpha)


def _grade_conformal(panel: _Panel) -> tuple[str, str | None]:
    """C when the mixture follows the treated units before the start, and the placebo date shows nothing; else D.

    With too few controls for placebos of each, the date is judged by permutation of periods as well.
    """
    at = panel.before * 2 // 3
    fit = few.follows(panel.y, panel.n_treated, panel.before)
    if panel.sizes[1] >= few.LEAST_CONTROLS:
        placebo = _placebo(panel, "synthetic_control_demeaned")
    else:
        placebo = few.placebo_check(few.conformal(panel.y[:, : panel.before], panel.n_treated, at, PLACEBO_ALPHA), at)
    failed = [check.detail for check in (fit, placebo) if check.passed is not True]
    return ("D" if failed else "C"), " ".join(failed) or None


def _share(panel: _Panel, e: Estimate) -> Estimate:
    """The effect and both ends of its interval as a share of the level that each leaves."""
    if not is_bounded(e):
        return e
    level = float(panel.y[len(panel.y) - panel.n_treated :, panel.before :].mean())
    if (level - e.ci_low) * (level - e.ci_high) <= 0:
        return e.because("The expected level can't be distinguished from 0, so no share can be taken.")
    low, high = sorted((e.ci_low / (level - e.ci_low), e.ci_high / (level - e.ci_high)))
    return replace(e, estimate=e.estimate / (level - e.estimate), ci_low=low, ci_high=high)


def _head(panel: _Panel) -> _Panel:
    """The same regions before the start."""
    starts = panel.starts[: panel.before]
    return _Panel(panel.y[:, : panel.before], panel.n_treated, 0, starts, panel.pairs, panel.has_pairs, None)


def _trimmed(panel: _Panel, before: int, alpha: float) -> Estimate:
    """The trimmed mean of the pairs' differences of changes, a unit and period."""
    if not panel.pairs:
        return missing("No stratum is a pair of one treated and one control unit.", *panel.sizes)
    if before < 1 or before >= panel.y.shape[1]:
        return missing(f"There is no period {'before' if before < 1 else 'after'} treatment.", *panel.sizes)
    change = panel.y[:, before:].mean(axis=1) - panel.y[:, :before].mean(axis=1)
    differences = np.array([change[t] - change[c] for t, c in panel.pairs])
    e = few.trimmed_match(differences, np.ones(len(differences)), TRIM, alpha)
    return e.because("The interval has no limits.") if is_known(e) and not is_bounded(e) else e


def _relative(panel: _Panel, found: few.Synthetic, alpha: float) -> Estimate:
    """The effect as a share of the expected level; its error is that of the placebos' shares."""
    absolute, controls = found.estimate, len(panel.y) - panel.n_treated
    if not is_known(absolute):
        return absolute
    level, levels = float(found.expected[panel.before :].mean()), found.levels
    if not (levels * math.copysign(1, level) > 1e-3 * abs(level)).all():
        return absolute.because("A region's level isn't clearly different from 0, so no share can be taken.")
    variance = float((found.placebos / levels).var()) * found.factor
    return wald(absolute.estimate / level, variance, controls - 1, *panel.sizes, alpha)


def _path_rows(experiment: Experiment, metric_id: str, panel: _Panel, found: few.Synthetic) -> list[dict]:
    controls = len(panel.y) - panel.n_treated
    observed = panel.y[controls:].mean(axis=0)
    gap, after = observed - found.expected, np.arange(len(observed)) >= panel.before
    critical = quantile(1 - experiment.alpha / 2, controls - 1) * math.sqrt(found.factor)
    margin = critical * found.gaps.std(axis=0)
    total = np.where(after, gap, 0.0).cumsum()
    width = critical * np.where(after, found.gaps, 0.0).cumsum(axis=1).std(axis=0)
    rows, days = [], days_apart(pd.DatetimeIndex(panel.starts))
    for t, week in enumerate(panel.starts):
        rows.append(
            {
                "experiment_id": experiment.experiment_id,
                "metric_id": metric_id,
                "week": week,
                "is_after": bool(after[t]),
                "observed": float(observed[t]),
                "expected": float(found.expected[t]),
                "ci_low": float(found.expected[t] - margin[t]),
                "ci_high": float(found.expected[t] + margin[t]),
                "effect": float(gap[t]),
                "cumulative_effect": float(total[t]) if after[t] else None,
                "cumulative_ci_low": float(total[t] - width[t]) if after[t] else None,
                "cumulative_ci_high": float(total[t] + width[t]) if after[t] else None,
                "period": experiment.period or f"{days:g} days",
            }
        )
    return rows
