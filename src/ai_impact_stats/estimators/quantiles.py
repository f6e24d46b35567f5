"""Quantiles of an arm and their effects, with intervals that hold when units are correlated within clusters."""

import math

import numpy as np

from .arrays import Array, ArrayLike
from .moments import Arm

# Fewer units than these beyond a quantile, if all were independent, leave it much too wide (docs/calibration.md).
FEWEST_BEYOND = 10
# How many standard errors of the share to either side the distribution's slope is taken over. Wider, it takes in more
# of its bend: at twice, the 90th percentile of 200 units of a lognormal is found to differ in 3.3 % for 5 %.
REACH = 1.25


def quantile_arm(
    probability: float, point: float, lows: ArrayLike, highs: ArrayLike, ranks: ArrayLike, share: Arm
) -> Arm | str:
    """An arm's quantile as an `Arm` that `difference` and `relative_difference` compare, or why there is none.

    The quantile is that of the mid-distribution: a value stands where half of its units lie below it, and the
    distribution rises in lines between values, in the metric's unit. Parzen (2004), "Quantile probability and
    statistical data modeling"; Ma, Genton and Parzen (2011), "Asymptotic properties of sample quantiles of discrete
    distributions": it is asymptotically normal for counts and scales too, where the usual quantile jumps from one value
    to the next. Where no two units have one value, it is the usual one.

    The arm's distribution comes in ascending bins: their least and greatest value, and `ranks`, how many units lie in
    the bin or below it, the last of them all. `share` is the share of units at or below `point`, the usual quantile:
    the `UnitMoments.ratio` of that indicator, whose variance says how many times that of independent units it is.

    Woodruff (1952), "Confidence intervals for medians and other position measures", and Francisco and Fuller (1991),
    "Quantile estimation with a complex survey design": the standard error is read off the quantiles at probability ±
    1.25·SE, SE being the standard error of the mid-distribution at the quantile. It is the root mean square of their
    distances over 1.25: where the slope changes at the quantile itself, the mean is too small.
    """
    lows, highs, below = (np.asarray(v, "float64") for v in (lows, highs, ranks))
    if not 0 < probability < 1:
        return f"A quantile needs a probability between 0 and 1, not {probability:g}."
    if len(below) == 0 or share.n == 0:
        return "An arm has no units."
    if share.n == 1:
        return "An arm has one unit or cluster: its variance is unknown."
    if not math.isfinite(share.variance) or not math.isfinite(point):
        return "An arm has no value of the metric."
    units = float(below[-1])
    values, mass, middle = _steps(lows, highs, below)
    inflation = _inflation(share, units)
    if inflation is None:
        return "Every unit of an arm lies at or below the quantile: its error over clusters is unknown."
    if len(values) == 1:
        return Arm(share.n, float(values[0]), 0.0, share.df)
    independent = units if share.df is None else units / inflation
    if independent * min(probability, 1 - probability) < FEWEST_BEYOND - 1e-9:
        return f"An arm has too few units beyond this quantile: {FEWEST_BEYOND} are needed, more if clusters are alike."
    # The share of units that a step of the mid-distribution counts as below the quantile, of those at its two values.
    k = int(np.clip(np.searchsorted(middle, probability), 1, len(values) - 1))
    along = (probability - middle[k - 1]) / (middle[k] - middle[k - 1])
    counted = np.array([(1 + along) / 2, along / 2])
    variance = probability * (1 - probability) - float(mass[k - 1 : k + 1] @ (counted * (1 - counted)))
    margin = REACH * math.sqrt(max(variance, 0.0) * inflation / units)
    # Twice as far as is looked: what is only just within reach would be shown where chance put it there.
    if probability - 2 * margin < middle[0] or probability + 2 * margin > middle[-1]:
        end = 0 if probability - 2 * margin < middle[0] else -1
        return (
            f"The quantile lies within the {mass[end]:.0%} of an arm's units that have its "
            f"{'least' if end == 0 else 'greatest'} value, {values[end]:g}, or too close to them: it has no interval. "
            "Register the mean, or the proportion that reaches a value."
        )
    low, quantile, high = np.interp([probability - margin, probability, probability + margin], middle, values)
    std_error = math.hypot(high - quantile, quantile - low) / (math.sqrt(2) * REACH)
    return Arm(share.n, float(quantile), std_error**2 * share.n, share.df)


def _steps(lows: Array, highs: Array, below: Array) -> tuple[Array, Array, Array]:
    """Ascending values, the share of units known to have each, and where each stands in the mid-distribution."""
    first, units = np.r_[0.0, below[:-1]] + 1, below[-1]
    alike = lows == highs
    # Of a bin of several values, its least and its greatest: each that of one unit at least.
    value = np.column_stack([lows, highs]).ravel()
    start = np.column_stack([first, np.where(alike, first, below)]).ravel()
    end = np.column_stack([np.where(alike, below, first), below]).ravel()
    values, place = np.unique(value, return_inverse=True)
    least, most = np.full(len(values), np.inf), np.zeros(len(values))
    np.minimum.at(least, place, start)
    np.maximum.at(most, place, end)
    return values, (most - least + 1) / units, (least + most - 1) / 2 / units


def _inflation(share: Arm, units: float) -> float | None:
    """How many times the variance of independent units; None where clusters don't differ in their share."""
    alone = share.mean * (1 - share.mean)
    if share.df is None:
        return units / (units - 1)
    return share.variance / share.n * units / alone if alone > 1e-12 and share.variance > 0 else None
