"""Learners of effects by unit, and whether what they predict holds on units that they have not seen."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..wording import counted
from .arrays import Array, Counts, Flags
from .estimate import Estimate, missing, wald
from .linear import one_thread
from .segments import cochran_q

try:
    from sklearn.ensemble import HistGradientBoostingRegressor
except ModuleNotFoundError:  # The rows say so: the other models run without it.
    HistGradientBoostingRegressor = None


FOLDS, SEED, LEAST_UNITS = 5, 20260101, 200
LEARNERS = ("t_learner", "x_learner", "dr_learner")
SHARES = tuple(k / 20 for k in range(21))


class Learner(Protocol):
    """What is asked of a model of scikit-learn."""

    def fit(self, x: Array, y: Array) -> "Learner": ...

    def predict(self, x: Array) -> Array: ...


@dataclass(frozen=True)
class Subjects:
    """Units of an experiment: features (NaN: not known), treated (0 or 1), outcome, and the chance of treatment."""

    x: Array
    treated: Array
    y: Array
    propensity: float

    def problem(self) -> str | None:
        n = (int(self.treated.sum()), int((1 - self.treated).sum()))
        if min(n, default=0) < LEAST_UNITS:
            return f"An arm has {counted(min(n), 'unit')}; learners need {LEAST_UNITS}."
        if not self.x.shape[1] or not any(np.nanstd(column) > 0 for column in self.x.T if not np.isnan(column).all()):
            return "No covariate varies, so units can't be distinguished."
        if not self.y.any():
            return "Every unit has 0: nothing of the metric was seen in any."
        if np.ptp(self.y) == 0:
            return "The outcome does not vary: it is the same for every unit."
        return None

    def signal(self, mu1: Array, mu0: Array) -> Array:
        """A value per unit whose mean over any group of units is the group's effect (doubly robust)."""
        e = self.propensity
        right = self.treated * (self.y - mu1) / e - (1 - self.treated) * (self.y - mu0) / (1 - e)
        return mu1 - mu0 + right


def boosted() -> Learner:
    """Small gradient-boosted trees: they take gaps as they are, and stop early where there is nothing to learn."""
    model: Learner = HistGradientBoostingRegressor(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=40, l2_regularization=10.0, random_state=SEED
    )
    return model


@dataclass(frozen=True)
class Scores:
    """Of every unit that is scored (`at`), by models of earlier folds: the predicted effects of each learner, the
    signal, and its fold. The first fold only teaches."""

    predicted: dict[str, Array]
    signal: Array
    fold: Counts
    at: Flags


@one_thread
def cross_fitted(units: Subjects, folds: int = FOLDS, model: Callable[[], Learner] = boosted) -> Scores:
    """The learners on the folds before each, applied to it.

    Never on later ones: two folds that each rank the other find order in noise, and agree on it, so that intervals of
    what they add up to hold 0 in four of five nulls. In sequence each fold's gain has mean 0 given those before it:
    Luedtke and van der Laan (2016), "Statistical inference for the mean outcome under a possibly non-unique optimal
    treatment strategy"; Wager (2024), "Sequential validation of treatment heterogeneity".

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
    for k in range(1, folds):
        out, learn = fold == k, fold < k
        mu = [_fit(model, units, learn & (units.treated == arm)) for arm in (0, 1)]
        mu0, mu1 = (m.predict(units.x[out]) for m in mu)
        part = Subjects(units.x[out], units.treated[out], units.y[out], units.propensity)
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
            aim = Subjects(units.x[target], units.treated[target], units.y[target], e)
            values = aim.signal(inner[1].predict(aim.x), inner[0].predict(aim.x))
            final.append(model().fit(aim.x, values).predict(units.x[out]))
        predicted["dr_learner"][out] = np.mean(final, axis=0)
    at = fold > 0
    return Scores({name: values[at] for name, values in predicted.items()}, signal[at], fold[at], at)


def _fit(model: Callable[[], Learner], units: Subjects, rows: Flags) -> Learner:
    return model().fit(units.x[rows], units.y[rows])


def ranks(predicted: Array, fold: Counts) -> Array:
    """The place of each unit within its fold, from 0 (largest predicted effect) to just under 1; ties at random.

    Within its fold, because the models of two folds may differ in level, which is no property of the units.
    """
    place = np.empty(len(predicted))
    tie = np.random.default_rng(SEED).random(len(predicted))
    for k in np.unique(fold):
        at = np.flatnonzero(fold == k)
        order = np.lexsort((tie[at], -predicted[at]))
        place[at[order]] = np.arange(len(at)) / len(at)
    return place


def effect_of(signal: Array, treated: Array, alpha: float) -> Estimate:
    """The mean effect of a group of units from their signals."""
    n = (int(treated.sum()), int(len(treated) - treated.sum()))
    if min(n) < 2 or np.ptp(signal) == 0:
        return missing("An arm of this group has fewer than two units, or nothing varies.", *n)
    return wald(float(signal.mean()), float(signal.var(ddof=1) / len(signal)), math.inf, *n, alpha)


def alike_by_prediction(signal: Array, place: Array, groups: int = 5) -> float | None:
    """The p value that effects are alike in fifths of the predicted effect (Cochran's Q on held-out units)."""
    parts = [signal[(place >= g / groups) & (place < (g + 1) / groups)] for g in range(groups)]
    variances = np.array([p.var(ddof=1) / len(p) for p in parts if len(p) > 1])
    if len(variances) < groups or not (variances > 0).all():
        return None
    return cochran_q(np.array([p.mean() for p in parts]), variances)[1]


def calibration(predicted: Array, signal: Array, fold: Counts) -> float | None:
    """The slope of the signal on the predicted effect, within folds: 1 where they hold, 0 where they are noise."""
    _, of = np.unique(fold, return_inverse=True)
    centred = predicted - (np.bincount(of, predicted) / np.bincount(of))[of]
    spread = float(centred @ centred)
    return float(centred @ signal) / spread if spread > 0 else None


@dataclass(frozen=True)
class Curve:
    """What treating a share of units, the most responsive first, adds per unit of all; and the areas under it.

    `gain` at share s is the effect of the units in the first s, per unit of all. Qini: the area between it and
    treating at random. AUUC: the area itself.
    """

    shares: Array
    gain: Array
    std_error: Array
    qini: Estimate
    auuc: float


def curve(signal: Array, place: Array, treated: Array, alpha: float) -> Curve:
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


def policy(signal: Array, predicted: Array, treated: Array, alpha: float) -> Policy:
    """Each unit is judged by models that have not seen it, so that the value is not the luck of the choice."""
    n = (int(treated.sum()), int(len(treated) - treated.sum()))
    chosen = predicted > 0

    def mean(values: Array, reason: str) -> Estimate:
        variance = float(values.var(ddof=1) / len(values))
        return wald(float(values.mean()), variance, math.inf, *n, alpha) if variance > 0 else missing(reason, *n)

    return Policy(
        float(chosen.mean()),
        mean(signal * chosen, "The predicted effect is good for no one."),
        mean(-signal * ~chosen, "The predicted effect is good for everyone, so the policy is to treat all."),
    )
