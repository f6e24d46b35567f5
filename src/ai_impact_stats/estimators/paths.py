"""Shares of conversions by channel, from counted paths: Markov chains and Shapley values. None of it is causal."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from .arrays import Array


@dataclass(frozen=True)
class Paths:
    """Distinct ways through the channels, each as indices into `channels`, with how many journeys took it.

    `converted` and `unconverted` count journeys; `revenue` is the sum over the converted ones, `spread` the sum of
    squared deviations of their revenue from its mean. Repeated draws of all of them have one more axis in front.
    """

    channels: list[str]
    steps: list[tuple[int, ...]]
    converted: Array
    unconverted: Array
    revenue: Array
    spread: Array

    @classmethod
    def of(
        cls,
        paths: Sequence[Sequence[str]],
        converted: Sequence[float],
        unconverted: Sequence[float],
        revenue: Sequence[float] | None = None,
        spread: Sequence[float] | None = None,
    ) -> "Paths":
        """Channels that follow themselves are one step, which changes no removal effect."""
        if any(not path for path in paths):
            raise ValueError("A path without a channel belongs to no channel: count it apart.")
        channels = sorted({channel for path in paths for channel in path})
        index = {channel: i for i, channel in enumerate(channels)}
        zero = np.zeros(len(paths))
        return cls(
            channels,
            [tuple(index[channel] for channel in path) for path in paths],
            np.asarray(converted, float),
            np.asarray(unconverted, float),
            zero if revenue is None else np.asarray(revenue, float),
            zero if spread is None else np.asarray(spread, float),
        )

    def redrawn(self, draws: int, rng: np.random.Generator) -> "Paths":
        """The Poisson bootstrap over journeys: equal journeys are drawn together, and their revenue with its spread."""
        size = (draws, len(self.steps))
        converted, unconverted = (rng.poisson(n, size).astype("float64") for n in (self.converted, self.unconverted))
        n = np.maximum(self.converted, 1)
        revenue = converted * (self.revenue / n)
        varied = np.flatnonzero(self.spread)
        noise = rng.standard_normal((draws, len(varied)))
        revenue[:, varied] += noise * np.sqrt(converted[:, varied] * (self.spread / n)[varied])
        return Paths(self.channels, self.steps, converted, unconverted, revenue, self.spread)


def markov(paths: Paths) -> tuple[Array, Array]:
    """Conversions and revenue of each channel (last axis) by removal effect in a first-order Markov chain.

    A channel's removal effect is the share of conversions that is lost if whoever comes to it leaves instead. The
    effects, scaled to sum to one, share out the conversions. For revenue, a conversion is worth what those from the
    same last channel are worth on average. All removal effects come from one inverse: with N = (I - P)^-1, start s
    and value c, removing r loses (sN)_r (Nc)_r / N_rr.
    """
    k = len(paths.channels)
    every, last, moves = _incidence(paths, k)
    walks = paths.converted + paths.unconverted
    shape = (*walks.shape[:-1], k, k)
    start = walks @ every
    flow = (walks @ moves).reshape(shape)
    ends, worth, gone = paths.converted @ last, paths.revenue @ last, paths.unconverted @ last
    leaving = np.maximum(flow.sum(-1) + ends + gone, 1e-300)
    inverse = np.linalg.inv(np.eye(k) - flow / leaving[..., None])
    reached = (start[..., None, :] @ inverse)[..., 0, :] / np.diagonal(inverse, axis1=-2, axis2=-1)
    lost = [reached * (inverse @ (value / leaving)[..., None])[..., 0] for value in (ends, worth)]
    return _shared(lost[0], paths.converted.sum(-1)), _shared(lost[1], paths.revenue.sum(-1))


def shapley(paths: Paths) -> tuple[Array, Array]:
    """Conversions and revenue of each channel (last axis) by Shapley value.

    The worth of a set of channels is what came by paths that only they touched. That game is a sum of unanimity games,
    one a set, so the value is exact for any number of channels: every path is split equally among its channels.
    """
    split = np.zeros((len(paths.steps), len(paths.channels)))
    for row, steps in zip(split, paths.steps, strict=True):
        distinct = sorted(set(steps))
        row[distinct] = 1 / len(distinct)
    return paths.converted @ split, paths.revenue @ split


@dataclass(frozen=True)
class Spread:
    """Of a credit that is a sum over journeys, by channel: the sum of its squares and the largest that one has."""

    squares: Array
    largest: Array


def shapley_spread(paths: Paths) -> tuple[Spread, Spread]:
    """Of the conversions and of the revenue that `shapley` credits: what an interval of such a sum needs.

    The largest revenue of equal journeys is at most their mean and (n - 1)/√n deviations (Samuelson's inequality), and
    no more than they have together.
    """
    split = np.zeros((len(paths.steps), len(paths.channels)))
    for row, steps in zip(split, paths.steps, strict=True):
        distinct = sorted(set(steps))
        row[distinct] = 1 / len(distinct)
    n = np.maximum(paths.converted, 1)
    mean, deviation = paths.revenue / n, np.sqrt(paths.spread / np.maximum(n - 1, 1))
    largest = np.minimum(mean + deviation * (n - 1) / np.sqrt(n), paths.revenue)
    there = (paths.converted > 0).astype("float64")
    return (
        Spread(paths.converted @ split**2, (there[:, None] * split).max(axis=0)),
        Spread((paths.revenue * mean + paths.spread) @ split**2, (largest[:, None] * split).max(axis=0)),
    )


def _incidence(paths: Paths, k: int) -> tuple[Array, Array, Array]:
    """Of each path its first and last channel, and how often it goes from one channel to another."""
    import scipy.sparse as sparse

    rows = np.arange(len(paths.steps))
    ones = np.ones(len(rows))
    first = sparse.csr_array((ones, (rows, [steps[0] for steps in paths.steps])), (len(rows), k))
    last = sparse.csr_array((ones, (rows, [steps[-1] for steps in paths.steps])), (len(rows), k))
    pairs = [(row, a * k + b) for row, steps in enumerate(paths.steps) for a, b in itertools.pairwise(steps) if a != b]
    at = np.array(pairs, dtype=int).reshape(-1, 2).T
    moves = sparse.csr_array((np.ones(at.shape[1]), (at[0], at[1])), (len(rows), k * k))
    return first, last, moves


def _shared(lost: Array, total: Array) -> Array:
    """What is shared out, in proportion to what each channel's removal loses; nothing where nothing is lost."""
    scale = lost.sum(-1, keepdims=True)
    whole = np.asarray(total)[..., None]
    shared: Array = np.divide(lost * whole, scale, out=np.zeros_like(lost), where=scale != 0)
    return shared


def weighted_count_interval(total: float, squares: float, largest: float, alpha: float) -> tuple[float, float]:
    """The interval of a sum of weights over a random number of journeys (Fay and Feuer's gamma interval).

    It is the bootstrap over journeys in closed form; for equal weights it is the exact interval of a Poisson count.
    """
    low = 0.0 if squares <= 0 else squares / (2 * total) * chi2.ppf(alpha / 2, 2 * total**2 / squares)
    above, spread = total + largest, squares + largest**2
    if above <= 0 or spread <= 0:
        return 0.0, 0.0
    return float(low), float(spread / (2 * above) * chi2.ppf(1 - alpha / 2, 2 * above**2 / spread))
