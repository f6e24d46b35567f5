"""Matched comparisons: from cells of covariates to weighted and matched units."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..estimators import matching
from ..estimators.checks import Check
from ..estimators.estimate import Estimate, as_share, is_known, missing, wald
from ..estimators.propensity import Propensity, Units, fit_propensity, overlap
from ..io.inputs import Inputs
from ..io.registry import Experiment, is_missing, names, number
from ..wording import counted, sentence
from .design import Design
from .health import registered_effect, without_logarithm
from .rows import arms_problem, effect_rows, registration_notes

# The covariates come in quarters of a standard deviation; cells of exact matching are halves: what differs within a
# cell stays in the estimate, and whole ones left a bias of three quarters of a standard error at a thousand units.
BINS, COARSE = 4, 2
# Rosenbaum and Rubin (1985): neighbours within a fifth of a standard deviation of the score's linear predictor.
CALIPER = 0.2
# Which effect each method estimates. Diagnostics are of the first.
METHODS = {
    "doubly_robust": "att",
    "inverse_probability": "att",
    "overlap_weights": "ato",
    "nearest_neighbour": "att",
    "exact_matching": "att",
    "doubly_robust_ate": "ate",
    "inverse_probability_ate": "ate",
}
# On covariates as they are, of rows up to a cap; and on the change from before the choice.
ROW_METHODS = {
    "doubly_robust_rows": "att",
    "nearest_neighbour_rows": "att",
    "doubly_robust_ate_rows": "ate",
    "inverse_probability_ate_rows": "ate",
    "weighted_regression_ate_rows": "ate",
}
CHANGE = "matched_did"
# Cells of many covariates are hardly fewer than the units: beyond this many they are not read, and rows have to do.
CELL_CAP = 100_000
BELOW_B = "Not randomised: the effect assumes that the covariates include every common cause of choice and outcome."


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One metric of one matched comparison. `problem` says why it can't be made, if so."""

    units: Units
    past: Units | None
    names: list[str]
    left_out: int
    problem: str | None
    change: Units | None = None
    drift: Units | None = None
    # Of the covariates in their own units, by cell and name: means and sums of squares about them.
    covariates: tuple[np.ndarray, np.ndarray] | None = None
    matters: float | None = None  # the registered smallest effect, in the metric's unit

    def balance(self, weights: np.ndarray | None) -> list[matching.Balance]:
        """Of the covariates in their own units where they are known, of the middles of their bins otherwise."""
        return matching.covariate_balance(self.units, self.names, weights, self.covariates)


class Matched(Design):
    """Units that chose the treatment, against others that were alike before they chose.

    `int_matched_sample` holds covariates as they are, for the methods on rows.
    """

    names = frozenset({"matched"})
    reads: ClassVar = {
        "estimates": ("moments_matched_cells", "int_matched_sample"),
        "checks": ("moments_matched_cells", "int_matched_sample"),
        "balance": ("moments_matched_cells",),
    }

    def estimate(self, experiment: Experiment, metric_id: str, inputs: Inputs) -> list[dict]:
        """The methods `METHODS`, and `ROW_METHODS` on rows, absolute and, with `_relative`, as a share of what the
        treated would have had; and `matched_did`, doubly robust on the change from before the choice (Sant'Anna and
        Zhao 2020, "Doubly robust difference-in-differences estimators"), which needs paths that are parallel given the
        covariates, not levels that are alike. Grade C when balance after weighting, overlap and a placebo pass, the
        placebo would have found the registered smallest effect, and a hidden cause as strong as the strongest covariate
        would not explain the effect; D otherwise. The placebo is the same metric before the choice, of changes the
        change from the first half of that time to the second. Intervals are Student's t with as many degrees of freedom
        as the smaller arm has units, less one."""
        comparison, metric = _read(experiment, metric_id, inputs), inputs.catalogue.get(metric_id)
        sample = inputs.rows("int_matched_sample", experiment.experiment_id, metric_id)
        rows = []
        for method, estimand, absolute, relative, grade, why in (
            *_cell_effects(experiment, comparison),
            *_row_effects(experiment, comparison, sample, metric_id, metric or {}),
            _change_effect(experiment, comparison, metric),
        ):
            rows += effect_rows(experiment, metric_id, metric, method, absolute, relative, estimand, grade, why)
        return rows

    def balance(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """By covariate of the primary metric, before and after weighting by those of `doubly_robust`, the inverse
        chance of the treated's arm; means before weighting, in the covariate's own unit. Where no unit has covariates,
        what every experiment has."""
        return _balance_rows(experiment, inputs) or super().balance(experiment, inputs)

    def diagnose(self, experiment: Experiment, inputs: Inputs) -> dict[str, Check]:
        """Of the primary metric's first method: `weighted_balance`, `overlap`, `placebo_outcome`, `hidden_cause`, and
        `hidden_bias` of pairs of rows; without an estimate `overlap` says why."""
        comparison = _read(experiment, experiment.primary, inputs)
        propensity = comparison.problem or fit_propensity(comparison.units)
        if isinstance(propensity, str):
            return {"overlap": Check(None, None, None, None, propensity)}
        first = next(iter(METHODS))
        found = _methods(comparison.units, propensity)[first](comparison.units)
        balance, shared = _checks(comparison, propensity, found)
        past = _placebos(comparison.past).get(first) or missing("There is no outcome from before.")
        checks = {
            "weighted_balance": balance,
            "overlap": shared,
            "placebo_outcome": matching.placebo_outcome(past, matters=comparison.matters),
            "hidden_cause": _hidden_cause(comparison, _with_t(found.estimate, experiment.alpha)),
        }
        drawn = _row_units(experiment, inputs.rows("int_matched_sample", experiment.experiment_id, experiment.primary))
        if drawn is not None:
            checks["hidden_bias"] = _pairs(drawn.units, _with_t(found.estimate, experiment.alpha), experiment.alpha)
        return checks


def _balance_rows(experiment: Experiment, inputs: Inputs) -> list[dict]:
    if experiment.primary is None:
        return []
    comparison = _read(experiment, experiment.primary, inputs)
    units, weights, reason = comparison.units, None, comparison.problem
    if not (len(units.n) and min(units.sizes)):
        return []
    if reason is None:
        fitted = fit_propensity(units)
        if isinstance(fitted, str):
            reason = fitted
        else:
            weights = matching.weights_of(units, fitted, "att")
    rows = []
    for found in comparison.balance(weights):
        after = None if weights is None else found.smd_after
        rows.append(
            {
                "experiment_id": experiment.experiment_id,
                "covariate": found.covariate,
                "treatment_arm": experiment.treatments[0],
                "n_treatment": units.sizes[0],
                "n_control": units.sizes[1],
                "mean_treatment": found.mean_treatment,
                "mean_control": found.mean_control,
                "smd_before": found.smd_before,
                "smd_after": after,
                "variance_ratio": found.variance_ratio,
                "is_balanced": None if after is None else abs(after) <= matching.BALANCE_LIMIT,
                "reason": reason or (None if found.smd_before is not None else "The covariate does not vary."),
            }
        )
    return rows


def _read(experiment: Experiment, metric_id: str | None, inputs: Inputs) -> _Comparison:
    arms = {experiment.control: 0.0} | dict.fromkeys(experiment.treatments[:1], 1.0)
    # A cell has one row for each of its covariates; what is said of its units is the same in all.
    cells: dict[tuple[str, Any], dict[str, Mapping[str, Any]]] = {}
    for row in inputs.rows("moments_matched_cells", experiment.experiment_id, metric_id):
        if str(row["arm"]) in arms:
            cell = None if is_missing(row["cell"]) else str(row["cell"])
            cells.setdefault((str(row["arm"]), cell), {})[str(row["name"])] = row
    crowded = len(cells) > CELL_CAP
    cells = {} if crowded else cells
    known = [found for (_, cell), found in cells.items() if cell is not None]
    used = [next(iter(found.values())) for found in known]
    names = sorted({name for found in known for name in found})

    def matrix(of: Callable[[Mapping[str, Any]], float], otherwise: float) -> np.ndarray:
        values = [[of(found[name]) if name in found else otherwise for name in names] for found in known]
        return np.array(values, "float64").reshape(len(known), len(names))

    # The middle of each bin, in standard deviations from the mean, which is where those of unknown covariates are put.
    x = matrix(lambda row: (float(row["bin"]) + 0.5) / BINS, 0.0)
    means = matrix(lambda row: number(row["mean_x"], math.nan), math.nan)
    scatter = matrix(lambda row: number(row["var_x"], 0.0) * (int(row["n"]) - 1), 0.0)
    treated = [arms[str(row["arm"])] for row in used]
    units = Units.of(treated, x, *_moments(used, "n", "mean_y", "var_y"))

    def other(name: str) -> Units | None:
        """The same units with another outcome, as far as it is known."""
        seen = [i for i, row in enumerate(used) if not is_missing(row.get(f"n_{name}")) and int(row[f"n_{name}"]) > 0]
        columns = (f"n_{name}", f"mean_{name}", f"var_{name}")
        kept = [used[i] for i in seen]
        return Units.of([treated[i] for i in seen], x[seen], *_moments(kept, *columns)) if seen else None

    left_out = sum(int(next(iter(found.values()))["n"]) for (_, cell), found in cells.items() if cell is None)
    counts = dict.fromkeys(arms, (0, 0))
    for (arm, _), found in cells.items():
        told = next(iter(found.values()))
        unknown = int(number(told.get("n_unknown"), 0))
        counts[arm] = counts[arm][0] + unknown, counts[arm][1] + int(told["n"])
    metric, primary = (inputs.catalogue.get(name or "") for name in (metric_id, experiment.primary))
    problem = _problem(experiment, metric, primary, used, units)
    problem = without_logarithm(metric or {}, counts) or problem
    if crowded:
        problem = f"The covariates make more than {CELL_CAP:,} cells: name fewer, or read the methods on rows."
    others = other("change"), other("drift")
    smallest = _smallest(experiment, metric_id, metric or {}, units)
    return _Comparison(units, other("past"), names, left_out, problem, *others, (means, scatter), smallest)


def _smallest(experiment: Experiment, metric_id: str | None, metric: Mapping, units: Units) -> float | None:
    """The registered smallest effect in the metric's unit, where it is a share as one of the controls' mean."""
    control = units.treated == 0
    level = float(units.n[control] @ units.mean[control] / units.n[control].sum()) if control.any() else math.nan
    return registered_effect(experiment, metric_id, metric, level)


def _problem(
    experiment: Experiment, metric: Mapping | None, primary: Mapping | None, used: list, units: Units
) -> str | None:
    if metric is None:
        return "The metric is not in the catalogue."
    if metric.get("aggregation") == "quantile":
        return "A quantile is not compared between matched units here."
    if metric.get("transform") == "winsorize":
        return "Winsorized values are not compared between matched units here."
    if problem := arms_problem(experiment):
        return problem
    if not used:
        listed = names((primary or {}).get("covariate"))
        if not listed:
            return (
                f"The primary metric {experiment.primary} names no covariates to match by: name them in metric_catalog."
            )
        return (
            f"No unit has both a value of the metric and one of {', '.join(listed)} from before it chose: "
            "load them into unit_covariates with an observed_at before the assignment."
        )
    return units.problem()


def _moments(rows: list[Mapping[str, Any]], n: str, mean: str, variance: str) -> tuple:
    counts = np.array([int(row[n]) for row in rows], "float64")
    means = np.array([number(row[mean], math.nan) for row in rows])
    spread = np.array([number(row[variance], 0.0) for row in rows])
    return means, counts, spread * (counts - 1).clip(min=0)


Method = Callable[[Units], matching.Matched]


def _methods(units: Units, propensity: Propensity) -> dict[str, Method]:
    """Each method as a function of units that differ in the outcome only, with the weights it uses."""
    att, ato, ate = (matching.weights_of(units, propensity, e) for e in ("att", "ato", "ate"))
    linear = np.log(propensity.score / (1 - propensity.score))
    mean = units.n @ linear / units.n.sum()
    caliper = CALIPER * math.sqrt(units.n @ (linear - mean) ** 2 / units.n.sum())
    strata = [tuple(row) for row in np.floor(units.x * BINS / COARSE)]
    labels = {stratum: i for i, stratum in enumerate(dict.fromkeys(strata))}
    places = np.array([labels[s] for s in strata])
    return {
        "doubly_robust": lambda u: matching.Matched(matching.regressed(u, propensity, "att"), att, 0),
        "inverse_probability": lambda u: matching.Matched(matching.weighted(u, propensity, "att"), att, 0),
        "overlap_weights": lambda u: matching.Matched(matching.weighted(u, propensity, "ato"), ato, 0),
        "nearest_neighbour": lambda u: matching.nearest_neighbour(u, "att", caliper=caliper, score=linear),
        "exact_matching": lambda u: matching.coarsened_exact(u, places, "att"),
        "doubly_robust_ate": lambda u: matching.Matched(matching.regressed(u, propensity, "ate"), ate, 0),
        "inverse_probability_ate": lambda u: matching.Matched(matching.weighted(u, propensity, "ate"), ate, 0),
    }


# Method, estimand, absolute and relative effect, grade and the sentence to it.
Effect = tuple[str, str, Estimate, Estimate | None, str | None, str]


def _cell_effects(experiment: Experiment, comparison: _Comparison) -> list[Effect]:
    """The methods on cells of covariates."""
    units = comparison.units
    propensity = comparison.problem or fit_propensity(units)
    effects: list[Effect] = []
    methods = {} if isinstance(propensity, str) else _methods(units, propensity)
    placebos, matters = _placebos(comparison.past), comparison.matters
    strongest = None if isinstance(propensity, str) else matching.strongest_cause(units, comparison.names)
    for name, estimand in METHODS.items():
        grade, why = None, None
        if isinstance(propensity, str):
            absolute = relative = missing(propensity, *(units.sizes if len(units.n) else (0, 0)))
        else:
            found = methods[name](units)
            absolute = _with_t(found.estimate, experiment.alpha)
            relative = _relative(methods[name], units, absolute, experiment.alpha)
            if absolute.estimate is not None:
                checks = _checks(comparison, propensity, found)
                placebo = matching.placebo_outcome(placebos[name], matters=matters) if name in placebos else None
                grade, why = matching.grade_matched(*checks, placebo, matching.hidden_cause(absolute, strongest))
                why = sentence([why, *_notes(experiment, comparison, found), _hidden(absolute, units)])
        effects.append((name, estimand, absolute, relative, grade, why or BELOW_B))
    return effects


@dataclass(frozen=True, slots=True)
class _Rows:
    """Units with their covariates as they are, what they were before, and how many they were drawn from."""

    units: Units
    past: Units | None
    total: int


def _row_units(experiment: Experiment, rows: Sequence[Mapping[str, Any]]) -> _Rows | None:
    arms = {experiment.control: 0.0} | dict.fromkeys(experiment.treatments[:1], 1.0)
    rows = [row for row in rows if str(row["arm"]) in arms]
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    x = frame.pivot(index="unit_id", columns="name", values="score").fillna(0.0).sort_index()
    first = frame.drop_duplicates("unit_id").set_index("unit_id").loc[x.index]
    treated = np.array([arms[str(a)] for a in first["arm"]])
    values = x.to_numpy("float64")
    before = first["past_value"].to_numpy("float64") if "past_value" in first else np.full(len(first), math.nan)
    seen = np.isfinite(before)
    past = Units.of(treated[seen], values[seen], before[seen]) if seen.any() else None
    units = Units.of(treated, values, first["value"].to_numpy("float64"))
    return _Rows(units, past, int(first["n_units"].iloc[0]))


def _linear(propensity: Propensity) -> tuple[np.ndarray, float]:
    """The score's linear predictor, and the caliper in its unit, of units that count alike."""
    linear = np.log(propensity.score / (1 - propensity.score))
    return linear, CALIPER * float(linear.std())


def _pairs(units: Units, e: Estimate, alpha: float) -> Check:
    propensity = fit_propensity(units)
    if isinstance(propensity, str):
        return Check(None, None, None, None, propensity)
    differences = matching.matched_pairs(units, *_linear(propensity))
    return matching.hidden_bias(differences, e, float(units.mean.std()), alpha)


def _row_effects(
    experiment: Experiment, comparison: _Comparison, rows: list, metric_id: str, metric: Mapping
) -> list[Effect]:
    """Estimates on covariates that are not binned, with the checks and the placebo of the same rows."""
    drawn = _row_units(experiment, rows)
    crowded = comparison.problem is not None and "cells" in comparison.problem
    if drawn is None or (comparison.problem and not crowded):
        return []
    units, note = drawn.units, None
    if drawn.total > len(units.n):
        note = f"A random sample of {len(units.n):,} of {drawn.total:,} units, whose error the interval holds."
    propensity, past = units.problem() or fit_propensity(units), drawn.past
    methods = {} if isinstance(propensity, str) else _row_methods(units, propensity)
    before = None if past is None or past.problem() else fit_propensity(past)
    placebos = {}
    if past is not None and isinstance(before, Propensity):
        for name, method in _row_methods(past, before).items():
            e = _with_t(method(past).estimate, 0.05)
            matters = _smallest(experiment, metric_id, metric, units)
            placebos[name] = matching.placebo_outcome(e, matters=matters)
    found: list[Effect] = []
    strongest = None if isinstance(propensity, str) else matching.strongest_cause(units, _row_names(rows))
    for name, estimand in ROW_METHODS.items():
        grade, why = None, None
        if isinstance(propensity, str):
            absolute = relative = missing(propensity, *units.sizes)
        else:
            matched = methods[name](units)
            absolute = _with_t(matched.estimate, experiment.alpha)
            relative = _relative(methods[name], units, absolute, experiment.alpha)
            if absolute.estimate is not None:
                of_rows = replace(comparison, units=units, names=_row_names(rows), covariates=None)
                checks = _checks(of_rows, propensity, matched)
                hidden = matching.hidden_cause(absolute, strongest)
                grade, why = matching.grade_matched(*checks, placebos.get(name), hidden)
                why = sentence([why, note, *_notes(experiment, comparison, matched), _hidden(absolute, units)])
        found.append((name, estimand, absolute, relative, grade, why or BELOW_B))
    return found


def _row_methods(units: Units, propensity: Propensity) -> dict[str, Method]:
    linear, caliper = _linear(propensity)
    att, ate = (matching.weights_of(units, propensity, e) for e in ("att", "ate"))

    def regressed(estimand: str, weights: np.ndarray, method: str) -> Method:
        return lambda u: matching.Matched(matching.regressed(u, propensity, estimand, method), weights, 0)

    return {
        "doubly_robust_rows": regressed("att", att, "aipw"),
        "nearest_neighbour_rows": lambda u: matching.nearest_neighbour(u, "att", caliper=caliper, score=linear),
        "doubly_robust_ate_rows": regressed("ate", ate, "aipw"),
        "inverse_probability_ate_rows": lambda u: matching.Matched(matching.weighted(u, propensity, "ate"), ate, 0),
        "weighted_regression_ate_rows": regressed("ate", ate, "ipwra"),
    }


def _row_names(rows: list[Mapping[str, Any]]) -> list[str]:
    return sorted({str(row["name"]) for row in rows})


def _change_effect(experiment: Experiment, comparison: _Comparison, metric: Mapping | None) -> Effect:
    """Doubly robust on the change from before the choice: what differs between the arms for good falls out."""
    units, grade, why = comparison.change, None, None
    reason = comparison.problem
    if reason is None and (metric or {}).get("aggregation") != "ratio":
        reason = "Only a ratio is compared with its past: the time before and after the choice differs in length."
    if units is None:
        propensity: Propensity | str = reason or "There is no outcome from before the choice."
    else:
        propensity = reason or units.problem() or fit_propensity(units)
    if units is None or isinstance(propensity, str):
        e = missing(str(propensity), *(comparison.units.sizes if len(comparison.units.n) else (0, 0)))
    else:
        weights = matching.weights_of(units, propensity, "att")
        found = matching.Matched(matching.regressed(units, propensity, "att"), weights, 0)
        e = _with_t(found.estimate, experiment.alpha)
        if e.estimate is not None:
            drift = _placebos(comparison.drift).get("doubly_robust")
            of_change = replace(comparison, units=units, covariates=None)
            checks = _checks(of_change, propensity, found)
            placebo = matching.placebo_outcome(drift, matters=comparison.matters) if drift else None
            grade, why = matching.grade_matched(*checks, placebo, _hidden_cause(of_change, e))
            why = sentence([why, *_notes(experiment, comparison, found)])
    return CHANGE, "att", e, None, grade, why or PARALLEL


PARALLEL = "Not randomised: the effect assumes parallel trends given the covariates."


def _hidden_cause(comparison: _Comparison, e: Estimate) -> Check:
    return matching.hidden_cause(e, matching.strongest_cause(comparison.units, comparison.names))


def _checks(comparison: _Comparison, propensity: Propensity, found: matching.Matched) -> tuple[Check, Check]:
    units = comparison.units
    balances = comparison.balance(found.weights)
    return matching.balance_check(balances), overlap(units, propensity, found.weights)


def _notes(experiment: Experiment, comparison: _Comparison, found: matching.Matched) -> list[str]:
    notes = registration_notes(experiment)
    if comparison.left_out:
        notes.append(f"{counted(comparison.left_out, 'unit has', 'units have')} no value or no covariate: left out.")
    if found.unmatched:
        notes.append(f"{counted(found.unmatched, 'treated unit has', 'treated units have')} no match: left out.")
    return notes


def _hidden(e: Estimate, units: Units) -> str | None:
    """What a hidden cause would have to do: the E-value of the interval's limit nearest 0."""
    centre = units.n @ units.mean / units.n.sum()
    deviation = math.sqrt((units.n @ (units.mean - centre) ** 2 + units.scatter.sum()) / units.n.sum())
    values = matching.e_value_of_difference(e, deviation)
    if values is None or values[1] == 1:
        return None
    return f"A hidden cause that explains it would move both choice and outcome by a risk ratio of {values[1]:.2g}."


def _placebos(past: Units | None) -> dict[str, Estimate]:
    """Every method on the same metric before the choice."""
    if past is None or past.problem():
        return {}
    propensity = fit_propensity(past)
    if isinstance(propensity, str):
        return {}
    return {name: _with_t(method(past).estimate, 0.05) for name, method in _methods(past, propensity).items()}


def _with_t(e: Estimate, alpha: float) -> Estimate:
    """Student's t of the smaller arm in place of the normal distribution."""
    if not is_known(e):
        return e
    df = min(e.n_treatment, e.n_control) - 1
    if df < 1:
        return e.because("An arm has one unit that can be compared: its error is unknown.")
    return wald(e.estimate, e.std_error**2, df, e.n_treatment, e.n_control, alpha)


def _relative(method: Method, units: Units, absolute: Estimate, alpha: float) -> Estimate:
    """As a share of the level without treatment. Every method is linear in the outcome, and its variance quadratic: the
    levels and their covariance follow from outcomes that are 0 in one arm."""
    if not is_known(absolute):
        return absolute
    sides = {}
    for arm in (1, 0):
        own = units.treated == arm
        side = method(replace(units, mean=units.mean * own, scatter=units.scatter * own)).estimate
        if not is_known(side):
            return absolute.because(f"The level without treatment is not known. {side.reason}")
        sides[arm] = side.estimate, side.std_error**2
    (_, v_one), (level, v_zero) = sides[1], sides[0]
    both = (v_one + v_zero - absolute.std_error**2) / 2
    return as_share(absolute, -level, (v_zero, both, v_one), alpha)
