"""Who responds to the treatment: effect learners, and whether what they say holds on units they have not seen."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import chdtrc

from .estimate import Estimate, missing, quantile, wald
from .linear import one_thread
from .registry import Experiment, read_experiment
from .tables import records, write_table
from .wording import counted

try:
    from sklearn.ensemble import HistGradientBoostingRegressor
except ModuleNotFoundError:  # The rows say so: the other models run without it.
    HistGradientBoostingRegressor = None

FOLDS, SEED, LEAST_UNITS = 5, 20260101, 200
LEARNERS = ("t_learner", "x_learner", "dr_learner")
SHARES = tuple(k / 20 for k in range(21))
KEYS = ("experiment_id", "metric_id", "learner", "treatment_arm")
DECILES = pa.schema(
    [
        *((name, pa.string()) for name in KEYS),
        *((name, pa.int64()) for name in ("decile", "n_treatment", "n_control")),
        *((name, pa.float64()) for name in ("predicted", "observed", "std_error", "ci_low", "ci_high")),
        *((name, pa.float64()) for name in ("heterogeneity_p_value", "calibration_slope")),
        ("is_heterogeneous", pa.bool_()),
        *((name, pa.string()) for name in ("recommendation", "reason")),
    ]
)
CURVE = pa.schema(
    [
        *((name, pa.string()) for name in KEYS),
        *((name, pa.float64()) for name in ("share_targeted", "gain", "gain_ci_low", "gain_ci_high", "gain_at_random")),
        *((name, pa.float64()) for name in ("qini", "qini_ci_low", "qini_ci_high", "auuc")),
        *((name, pa.float64()) for name in ("policy_share", "policy_value", "policy_over_all")),
        *((name, pa.float64()) for name in ("policy_over_all_ci_low", "policy_over_all_ci_high")),
        ("reason", pa.string()),
    ]
)

SCORES = pa.unify_schemas([pa.schema([("part", pa.string())]), DECILES, CURVE])


@dataclass(frozen=True)
class Units:
    """Units of an experiment: features (NaN: not known), treated (0 or 1), outcome, and the chance of treatment."""

    x: np.ndarray
    treated: np.ndarray
    y: np.ndarray
    propensity: float

    def problem(self) -> str | None:
        n = (int(self.treated.sum()), int((1 - self.treated).sum()))
        if min(n, default=0) < LEAST_UNITS:
            return f"An arm has {counted(min(n), 'unit')}; learners need {LEAST_UNITS}."
        if not self.x.shape[1] or not any(np.nanstd(column) > 0 for column in self.x.T if not np.isnan(column).all()):
            return "No covariate varies: there is nothing to tell units apart by."
        if not self.y.any():
            return "Every unit has 0: nothing of the metric was seen in any."
        if np.ptp(self.y) == 0:
            return "The outcome does not vary: it is the same for every unit."
        return None

    def signal(self, mu1: np.ndarray, mu0: np.ndarray) -> np.ndarray:
        """A value per unit whose mean over any group of units is the group's effect (doubly robust)."""
        e = self.propensity
        right = self.treated * (self.y - mu1) / e - (1 - self.treated) * (self.y - mu0) / (1 - e)
        return mu1 - mu0 + right


def boosted() -> Callable:
    """Small gradient-boosted trees: they take gaps as they are, and stop early where there is nothing to learn."""
    return HistGradientBoostingRegressor(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=40, l2_regularization=10.0, random_state=SEED
    )


@dataclass(frozen=True)
class Scores:
    """Of every unit, by models that have not seen it: the predicted effects of each learner, and the signal."""

    predicted: dict[str, np.ndarray]
    signal: np.ndarray
    fold: np.ndarray


@one_thread
def cross_fitted(units: Units, folds: int = FOLDS, model: Callable = boosted) -> Scores:
    """The learners on all folds but one, applied to that one.

    T: one model of the outcome an arm. X (Kuenzel et al. 2019): models of the effects that T imputes, weighted by the
    chance of treatment. DR (Kennedy 2023): a model of the doubly robust signal, whose outcome models come from other
    units than the ones that it learns from.
    """
    rng = np.random.default_rng(SEED)
    n = len(units.y)
    fold = np.empty(n, int)
    for arm in (0, 1):
        place = np.flatnonzero(units.treated == arm)
        fold[rng.permutation(place)] = np.arange(len(place)) % folds
    predicted = {name: np.empty(n) for name in LEARNERS}
    signal = np.empty(n)
    for k in range(folds):
        out = fold == k
        learn = ~out
        mu = [_fit(model, units, learn & (units.treated == arm)) for arm in (0, 1)]
        mu0, mu1 = (m.predict(units.x[out]) for m in mu)
        part = Units(units.x[out], units.treated[out], units.y[out], units.propensity)
        signal[out] = part.signal(mu1, mu0)
        predicted["t_learner"][out] = mu1 - mu0
        effects = []
        for arm in (0, 1):
            at = learn & (units.treated == arm)
            other = mu[1 - arm].predict(units.x[at])
            imputed = units.y[at] - other if arm else other - units.y[at]
            effects.append(model().fit(units.x[at], imputed).predict(units.x[out]))
        e = units.propensity
        predicted["x_learner"][out] = e * effects[0] + (1 - e) * effects[1]
        half = learn & (rng.random(n) < 0.5)
        rest = learn & ~half
        final = []
        for nuisance, target in ((half, rest), (rest, half)):
            inner = [_fit(model, units, nuisance & (units.treated == arm)) for arm in (0, 1)]
            aim = Units(units.x[target], units.treated[target], units.y[target], e)
            values = aim.signal(inner[1].predict(aim.x), inner[0].predict(aim.x))
            final.append(model().fit(aim.x, values).predict(units.x[out]))
        predicted["dr_learner"][out] = np.mean(final, axis=0)
    return Scores(predicted, signal, fold)


def _fit(model: Callable, units: Units, rows: np.ndarray):
    return model().fit(units.x[rows], units.y[rows])


def ranks(predicted: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The place of each unit within its fold, from 0 (largest predicted effect) to just under 1; ties at random.

    Within its fold, because the models of two folds may differ in level, which tells nothing about units.
    """
    place = np.empty(len(predicted))
    tie = np.random.default_rng(SEED).random(len(predicted))
    for k in np.unique(fold):
        at = np.flatnonzero(fold == k)
        order = np.lexsort((tie[at], -predicted[at]))
        place[at[order]] = np.arange(len(at)) / len(at)
    return place


def effect_of(signal: np.ndarray, treated: np.ndarray, alpha: float) -> Estimate:
    """The mean effect of a group of units from their signals."""
    n = (int(treated.sum()), int(len(treated) - treated.sum()))
    if min(n) < 2 or np.ptp(signal) == 0:
        return missing("An arm of this part has fewer than two units, or nothing varies.", *n)
    return wald(float(signal.mean()), float(signal.var(ddof=1) / len(signal)), math.inf, *n, alpha)


def heterogeneity(signal: np.ndarray, place: np.ndarray, groups: int = 5) -> float | None:
    """The p value that effects are alike in fifths of the predicted effect (Cochran's Q on held-out units)."""
    parts = [signal[(place >= g / groups) & (place < (g + 1) / groups)] for g in range(groups)]
    variances = np.array([p.var(ddof=1) / len(p) for p in parts if len(p) > 1])
    if len(variances) < groups or not (variances > 0).all():
        return None
    means, weights = np.array([p.mean() for p in parts]), 1 / variances
    q = float(weights @ (means - weights @ means / weights.sum()) ** 2)
    return float(chdtrc(groups - 1, q))


def calibration(predicted: np.ndarray, signal: np.ndarray, fold: np.ndarray) -> float | None:
    """The slope of the signal on the predicted effect, within folds: 1 where they hold, 0 where they are noise."""
    centred = predicted - np.array([predicted[fold == k].mean() for k in range(fold.max() + 1)])[fold]
    spread = float(centred @ centred)
    return float(centred @ signal) / spread if spread > 0 else None


@dataclass(frozen=True)
class Curve:
    """What treating a share of units, the most responsive first, adds per unit of all; and the areas under it.

    `gain` at share s is the effect of the units in the first s, per unit of all. Qini: the area between it and
    treating at random. AUUC: the area itself.
    """

    shares: np.ndarray
    gain: np.ndarray
    std_error: np.ndarray
    qini: Estimate
    auuc: float


def curve(signal: np.ndarray, place: np.ndarray, treated: np.ndarray, alpha: float) -> Curve:
    """Every point is a mean over units, so its standard error is that of a mean; also the area's."""
    n = (int(treated.sum()), int(len(treated) - treated.sum()))
    shares = np.array(SHARES)
    parts = signal[:, None] * (place[:, None] < shares)
    gain, error = parts.mean(0), parts.std(0, ddof=1) / math.sqrt(len(signal))
    # A unit at place p counts for every share above p: its part of the area is 1 - p, at random 1/2.
    area = signal * ((1 - place) - 0.5 * (1 + 1 / len(signal)))
    variance = float(area.var(ddof=1) / len(area))
    qini = missing("Nothing varies.", *n) if variance <= 0 else wald(float(area.mean()), variance, math.inf, *n, alpha)
    return Curve(shares, gain, error, qini, float((signal * (1 - place)).mean()))


@dataclass(frozen=True)
class Policy:
    """Treat those whose predicted effect is good: how many, what it is worth per unit of all, and over treating all."""

    share: float
    value: Estimate
    over_all: Estimate


def policy(signal: np.ndarray, predicted: np.ndarray, treated: np.ndarray, alpha: float) -> Policy:
    """Each unit is judged by models that have not seen it, so that the value is not the luck of the choice."""
    n = (int(treated.sum()), int(len(treated) - treated.sum()))
    chosen = predicted > 0

    def mean(values: np.ndarray, reason: str) -> Estimate:
        variance = float(values.var(ddof=1) / len(values))
        return wald(float(values.mean()), variance, math.inf, *n, alpha) if variance > 0 else missing(reason, *n)

    return Policy(
        float(chosen.mean()),
        mean(signal * chosen, "The predicted effect is good for no one."),
        mean(-signal * ~chosen, "The predicted effect is good for everyone, so the policy is to treat all."),
    )


@dataclass(frozen=True)
class Cohort:
    """One treatment arm of one experiment against its control; without units, `note` is the reason."""

    keys: dict
    units: Units | None
    alpha: float
    sign: float
    note: str | None


def cohorts(registry: pd.DataFrame, metrics: pd.DataFrame, units: pd.DataFrame, features: pd.DataFrame) -> list[Cohort]:
    """From `int_uplift_units` and `int_uplift_features`, with the features side by side."""
    directions = {str(row["metric_id"]): row["direction"] for row in records(metrics)}
    experiments = {str(row["experiment_id"]): read_experiment(row) for row in records(registry)}
    found = []
    for (experiment_id, metric_id), rows in units.groupby(["experiment_id", "metric_id"], sort=True):
        experiment = experiments[str(experiment_id)]
        known = features[features["experiment_id"] == experiment_id]
        wide = known.pivot_table(index="unit_id", columns="name", values="value").sort_index(axis=1)
        rows = rows.sort_values("unit_key").set_index("unit_id")
        x = wide.reindex(rows.index).to_numpy(float)
        whole = int(rows["n_units"].iloc[0])
        note = None if whole == len(rows) else f"Learned from a sample of {len(rows)} of {whole} units."
        for arm in experiment.treatments:
            at = rows["arm"].isin([arm, experiment.control]).to_numpy()
            treated = (rows["arm"] == arm).to_numpy(float)[at]
            keys = {"experiment_id": str(experiment_id), "metric_id": str(metric_id), "treatment_arm": arm}
            sign = -1.0 if directions.get(str(metric_id)) == "down" else 1.0
            part = None
            if at.any():
                part = Units(x[at], treated, sign * rows["value"].to_numpy(float)[at], float(treated.mean()))
            found.append(Cohort(keys, part, experiment.alpha, sign, note if at.any() else "No unit was assigned."))
    return found


def unstudied(registry: pd.DataFrame, metrics: pd.DataFrame, studied: set[str]) -> list[Cohort]:
    """Experiments that are registered for uplift and have no units to learn from, each with the reason."""
    catalogue = {str(row["metric_id"]): str(row["aggregation"]) for row in records(metrics)}
    experiments = [read_experiment(row) for row in records(registry) if row["design"] == "uplift"]
    found = []
    for e in experiments:
        if e.experiment_id in studied:
            continue
        metric, arm = e.primary or "none", next(iter(e.treatments), "none")
        keys = {"experiment_id": e.experiment_id, "metric_id": metric, "treatment_arm": arm}
        found.append(Cohort(keys, None, e.alpha, 1.0, _obstacle(e, catalogue.get(metric))))
    return found


def _obstacle(experiment: Experiment, aggregation: str | None) -> str:
    if experiment.problem:
        return experiment.problem
    if experiment.primary is None:
        return "The registration names no primary metric."
    if aggregation is None:
        return f"The metric {experiment.primary} is not in the metric catalogue."
    if aggregation in ("ratio", "quantile"):
        return f"The metric {experiment.primary} is a {aggregation}, which no single unit has: name a mean."
    if experiment.assignment_method not in (None, "randomized"):
        return f"Learners compare randomised arms, and these were {experiment.assignment_method.replace('_', '-')}."
    if experiment.cluster_by:
        return f"Learners take units for independent, and these were assigned in clusters ({experiment.cluster_by})."
    return "No unit was assigned."


def uplift_tables(
    registry: pd.DataFrame, metrics: pd.DataFrame, units: pd.DataFrame, features: pd.DataFrame
) -> tuple[list[dict], list[dict]]:
    """Deciles and curves of all cohorts, learners one by one. Effects are in the metric's own sign."""
    deciles: list[dict] = []
    curves: list[dict] = []
    found = cohorts(registry, metrics, units, features)
    studied = {cohort.keys["experiment_id"] for cohort in found}
    for cohort in [*found, *unstudied(registry, metrics, studied)]:
        problem = cohort.note if cohort.units is None else cohort.units.problem()
        if HistGradientBoostingRegressor is None:
            problem = "scikit-learn is not installed: install the packages of requirements.lock."
        if problem:
            blank = {"learner": "none", "reason": problem} | cohort.keys
            deciles.append(dict.fromkeys(DECILES.names) | blank)
            curves.append(dict.fromkeys(CURVE.names) | blank)
            continue
        scores = cross_fitted(cohort.units)
        for learner in LEARNERS:
            d, c = _tables(cohort, learner, scores)
            deciles += d
            curves += c
    return deciles, curves


def _tables(cohort: Cohort, learner: str, scores: Scores) -> tuple[list[dict], list[dict]]:
    units, alpha, sign = cohort.units, cohort.alpha, cohort.sign
    predicted, signal = scores.predicted[learner], scores.signal
    place = ranks(predicted, scores.fold)
    p = heterogeneity(signal, place)
    slope = calibration(predicted, signal, scores.fold)
    area = curve(signal, place, units.treated, alpha)
    chosen = policy(signal, predicted, units.treated, alpha)
    there = bool(p is not None and p < alpha and area.qini.ci_low is not None and area.qini.ci_low > 0)
    base = {"learner": learner, "reason": cohort.note} | cohort.keys
    rows = []
    for decile in range(1, 11):
        at = (place >= (decile - 1) / 10) & (place < decile / 10)
        e = effect_of(signal[at], units.treated[at], alpha)
        ends = (e.ci_low, e.ci_high) if sign > 0 or e.ci_low is None else (-e.ci_high, -e.ci_low)
        rows.append(
            dict.fromkeys(DECILES.names) | base
            | {
                "decile": decile,
                "n_treatment": e.n_treatment,
                "n_control": e.n_control,
                "predicted": sign * float(predicted[at].mean()),
                "observed": None if e.estimate is None else sign * e.estimate,
                "std_error": e.std_error,
                "ci_low": ends[0],
                "ci_high": ends[1],
                "heterogeneity_p_value": p,
                "calibration_slope": slope,
                "is_heterogeneous": there,
                "recommendation": _recommendation(there, chosen),
            }
        )  # fmt: skip
    z = quantile(1 - alpha / 2)
    curves = [
        dict.fromkeys(CURVE.names) | base
        | {
            "share_targeted": float(share),
            "gain": sign * float(gain),
            "gain_ci_low": sign * float(gain) - z * float(error),
            "gain_ci_high": sign * float(gain) + z * float(error),
            "gain_at_random": sign * float(share * area.gain[-1]),
            "qini": area.qini.estimate,
            "qini_ci_low": area.qini.ci_low,
            "qini_ci_high": area.qini.ci_high,
            "auuc": sign * area.auuc,
            "policy_share": chosen.share,
            "policy_value": None if chosen.value.estimate is None else sign * chosen.value.estimate,
            "policy_over_all": chosen.over_all.estimate,
            "policy_over_all_ci_low": chosen.over_all.ci_low,
            "policy_over_all_ci_high": chosen.over_all.ci_high,
        }
        for share, gain, error in zip(area.shares, area.gain, area.std_error, strict=True)
    ]  # fmt: skip
    return rows, curves


def _recommendation(there: bool, chosen: Policy) -> str:
    if not there:
        return "No targeting: held-out units do not show that the effect differs between them in the predicted order."
    if chosen.over_all.ci_low is not None and chosen.over_all.ci_low > 0:
        return f"Treat the {chosen.share:.0%} whose predicted effect is good: the others are better off without."
    return "The effect differs, but no part is shown to be better off without: treat all, the first deciles first."


def uplift_scores(
    registry: pd.DataFrame, metrics: pd.DataFrame, units: pd.DataFrame, features: pd.DataFrame
) -> pa.Table:
    """Deciles (`part` = decile) and curves (`part` = curve) in one table, so that everything is learned once."""
    deciles, curves = uplift_tables(registry, metrics, units, features)
    parts = (("decile", deciles), ("curve", curves))
    empty = dict.fromkeys(SCORES.names)
    return write_table([empty | row | {"part": part} for part, rows in parts for row in rows], SCORES)
