"""Quantiles of an arm and their effects, with intervals that hold when units are correlated within clusters."""

import math

import numpy as np

from .arrays import ArrayLike
from .estimate import quantile
from .moments import Arm


def quantile_arm(
    probability: float,
    point: float,
    lows: ArrayLike,
    highs: ArrayLike,
    ranks: ArrayLike,
    share: Arm,
    alpha: float = 0.05,
) -> Arm | str:
    """An arm's quantile as an `Arm` that `difference` and `relative_difference` compare, or why there is none.

    `point` is the quantile (in the metric's unit): the smallest value that at least that share of units doesn't exceed.
    The arm's distribution comes in ascending bins: their least and greatest value, and `ranks`, how many units lie in
    the bin or below it, the last of them all. Within a bin, and between two, values lie on a line. `share` is the
    share of units at or below `point`, the `UnitMoments.ratio` of that indicator, so that its variance counts clusters
    where clusters were assigned.

    Woodruff (1952), "Confidence intervals for medians and other position measures": the ends are the quantiles at
    probability ± t·SE(share), of a distribution function that rises in lines between values: Francisco and Fuller
    (1991), "Quantile estimation with a complex survey design". Their distance over 2t is the standard error.
    """
    lows, highs, below = (np.asarray(v, "float64") for v in (lows, highs, ranks))
    if not 0 < probability < 1:
        return f"A quantile needs a probability between 0 and 1, not {probability:g}."
    if len(below) == 0 or share.n == 0:
        return "An arm has no units."
    if share.n == 1:
        return "An arm has one unit or cluster: its variance is unknown."
    t, units = quantile(1 - alpha / 2, share.freedom), below[-1]
    margin = t * math.sqrt(max(share.variance / share.n, 0.0))
    if not math.isfinite(margin) or not math.isfinite(point):
        return "An arm has no value of the metric."
    first, last = (probability - margin) * units, (probability + margin) * units
    if first < 1 - 1e-9 or last > units + 1e-9:
        return "An arm has too few units for an interval around this quantile."
    # Every bin's first and last unit, at their ranks.
    places = np.column_stack([np.r_[0.0, below[:-1]] + 1, below]).ravel()
    low, high = np.interp([first, last], places, np.column_stack([lows, highs]).ravel())
    std_error = float(high - low) / (2 * t)
    return Arm(share.n, float(point), std_error**2 * share.n, share.df)
