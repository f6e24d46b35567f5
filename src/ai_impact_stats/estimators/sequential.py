"""Reading an experiment more than once: intervals that hold at any time, and boundaries for planned looks."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from .arrays import Array
from .estimate import Estimate, quantile

# Units at which the interval that holds at any time is narrowest, unless a plan says otherwise.
TUNED_FOR = 5000
_FAR = 8.5  # beyond it the normal distribution holds less than 1e-16


@lru_cache
def _legendre(count: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(count)


def _nodes(edge: float, step: float) -> tuple[Array, Array]:
    """Nodes and weights on [-1, 1] for a density within ±edge that varies over `step`: three a step."""
    wanted = min(max(6 * edge / step, 32), 400)
    return _legendre(min(16 * math.ceil(wanted / 16), 400))


@lru_cache
def mixing_scale(n: float, alpha: float = 0.05) -> float:
    """The ρ that makes the interval at n units as narrow as it can be.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and asymptotic confidence
    sequences", on tuning the mixture: √((−2 ln α + ln(1 − 2 ln α))/n).
    """
    return math.sqrt((-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / n)


def always_valid(
    estimate: Estimate, n: float | None = None, alpha: float = 0.05, tuned_for: float = TUNED_FOR
) -> tuple[float | None, float | None, float | None]:
    """(low, high, p): an interval that holds at all times at once, and its p value; None for each without an estimate.

    Half-width σ̂·√(2(nρ² + 1)/(n²ρ²)·ln(√(nρ² + 1)/α)) with σ̂ = SE·√n, n the units (or clusters) of both arms: the
    Gaussian mixture of Waudby-Smith et al. (2024), which is asymptotic. `tuned_for` must not depend on the data. The p
    value is the smallest α whose interval leaves out 0; it may be read after every unit and stays below α with at most
    chance α.
    """
    if estimate.estimate is None:
        return None, None, None
    n = estimate.n_treatment + estimate.n_control if n is None else n
    spread = n * mixing_scale(tuned_for, alpha) ** 2
    low, high = estimate.interval(math.sqrt(2 * (spread + 1) / spread * math.log(math.sqrt(spread + 1) / alpha)))
    z = estimate.statistic()
    p = math.sqrt(spread + 1) * math.exp(-min(z * z * spread / (2 * (spread + 1)), 700.0))
    return low, high, min(p, 1.0)


def obrien_fleming_spending(fraction: float, alpha: float) -> float:
    """The chance of a false positive spent up to an information fraction, for a two-sided test at `alpha`.

    Lan and DeMets (1983), "Discrete sequential boundaries for clinical trials": per side
    2 − 2Φ(z_{1−α/4}/√t) of α/2.
    """
    return float(4 * ndtr(-ndtri(1 - alpha / 4) / math.sqrt(fraction)))


def pocock_spending(fraction: float, alpha: float) -> float:
    """As `obrien_fleming_spending`, with Lan and DeMets' α·ln(1 + (e − 1)t), close to Pocock's constant boundary."""
    return alpha * math.log(1 + (math.e - 1) * fraction)


SPENDING: dict[str, Callable[[float, float], float]] = {
    "obrien_fleming": obrien_fleming_spending,
    "pocock": pocock_spending,
}


# Daily readings of what takes longer are taken as this many: the boundary is all but that of reading at any time.
MOST_READINGS = 60


def readings(looks: Sequence[float], days: float | None, fraction: float = 1.0) -> tuple[float, ...]:
    """The shares of the planned information at which an experiment is read until now: daily from its first look on.

    `looks` are the planned ones and `days` the planned time; `fraction` is what is covered now, which is the last
    reading, each of the others a day before the next. Marts are built every day, and what is there is read: with the
    boundary of the last look that was reached, daily readings of five looks of Pocock's find 9 % false positives for
    5 %. Lan and DeMets' functions spend by what is covered, whenever it is looked at. Empty before the first look.
    """
    now, first = min(fraction, 1.0), looks[0]
    if now < first - 1e-9:
        return ()
    step = max(1 / days if days and days > 0 else 1.0, (1 - first) / MOST_READINGS)
    count = math.floor((now - first) / step + 1e-9)
    return tuple(now - k * step for k in range(count, -1, -1))


def group_sequential_bounds(
    fractions: Sequence[float], alpha: float = 0.05, spending: str = "obrien_fleming"
) -> list[float]:
    """The |z| that a two-sided test must exceed at each look.

    `fractions` are the ascending shares of the planned information at the looks, in (0, 1]. By the recursion of
    Armitage, McPherson and Rowe (1969), "Repeated significance tests on accumulating data", on Gauss-Legendre nodes.
    Raises ValueError for fractions that don't ascend within (0, 1] or an unknown spending function.
    """
    return [float(z) for z in _bounds(fractions, np.array([alpha]), spending)[0]]


def _bounds(fractions: Sequence[float], levels: Array, spending: str) -> Array:
    """As `group_sequential_bounds`, one row for each of the levels."""
    looks = [float(t) for t in fractions]
    if not looks or any(b <= a for a, b in zip([0.0, *looks], looks, strict=False)) or looks[-1] > 1 + 1e-9:
        raise ValueError("The looks must be ascending shares of the planned information, above 0 and at most 1.")
    if spending not in SPENDING:
        raise ValueError(f"The spending function {spending} is unknown: use one of {', '.join(SPENDING)}.")
    spend = SPENDING[spending]
    bounds = np.empty((len(levels), len(looks)))
    # Where the score √t·z is before a look, as nodes with their probability: at the origin, before the first.
    nodes, mass = np.zeros((len(levels), 1)), np.ones((len(levels), 1))
    spent, earlier = np.zeros(len(levels)), 0.0
    for k, t in enumerate(looks):
        step = math.sqrt(t - earlier)
        due = np.maximum(np.array([spend(min(t, 1.0), float(level)) for level in levels]) - spent, 0.0)
        z = _crossed_by(due, t, step, nodes, mass)
        bounds[:, k] = z
        edge = z * math.sqrt(t)
        places, weights = _nodes(float(edge.max()), step)
        inside = edge[:, None] * places
        gap = (inside[:, :, None] - nodes[:, None, :]) / step
        density = np.exp(-(gap**2) / 2) / (step * math.sqrt(2 * math.pi))
        nodes, mass = inside, np.einsum("lij,lj->li", density, mass) * weights * edge[:, None]
        spent, earlier = spent + due, t
    return bounds


def _crossed_by(due: Array, t: float, step: float, nodes: Array, mass: Array) -> Array:
    """The boundary |z| at the look t that is crossed with the chance `due`, from `nodes` with their `mass`.

    By bisection and then Newton's steps, of all levels at once; as far as can be where nothing is due.
    """
    root = math.sqrt(t)
    low, high = np.zeros(len(due)), np.full(len(due), _FAR)
    z = (low + high) / 2
    for _ in range(60):
        ahead = [(-z * root)[:, None] - nodes, nodes - (z * root)[:, None]]
        excess = sum((mass * ndtr(a / step)).sum(axis=1) for a in ahead) - due
        low, high = np.where(excess > 0, z, low), np.where(excess > 0, high, z)
        slope = sum((mass * np.exp(-((a / step) ** 2) / 2)).sum(axis=1) for a in ahead)
        newton = z + excess / np.maximum(slope * root / (step * math.sqrt(2 * math.pi)), 1e-300)
        following = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
        moved, z = float(np.abs(following - z).max()), following
        if moved < 1e-10:
            break
    return np.where(due > 1e-16, z, _FAR)


@lru_cache
def interim_bound(fractions: tuple[float, ...], alpha: float, spending: str) -> float:
    """The last of `group_sequential_bounds`, which every estimate of an experiment shares."""
    return group_sequential_bounds(fractions, alpha, spending)[-1]


def planned_power(drift: float, fractions: Sequence[float], bounds: Sequence[float]) -> float:
    """The chance that |z| exceeds its bound at one of the looks, where z at the whole information has the mean `drift`.

    The recursion of `group_sequential_bounds`, about a path that drifts.
    """
    nodes, mass, found, earlier = np.zeros(1), np.ones(1), 0.0, 0.0
    for t, z in zip(fractions, bounds, strict=True):
        step, edge = math.sqrt(t - earlier), z * math.sqrt(t)
        ahead = nodes + drift * (t - earlier)
        found += float(mass @ (ndtr((-edge - ahead) / step) + ndtr((ahead - edge) / step)))
        places, weights = _nodes(edge, step)
        inside = places * edge
        density = np.exp(-(((inside[:, None] - ahead) / step) ** 2) / 2) / (step * math.sqrt(2 * math.pi))
        nodes, mass, earlier = inside, (density @ mass) * weights * edge, t
    return found


@lru_cache
def looks_inflation(fractions: tuple[float, ...], alpha: float, power: float, spending: str) -> float:
    """How many times the units of a test at the end an experiment needs that may stop at planned looks.

    (drift/(z_{1−α/2} + z_{power}))² with the drift that is found with the planned power: Jennison and Turnbull (1999),
    "Group sequential methods", on maximum sample sizes.
    """
    bounds = group_sequential_bounds(fractions, alpha, spending)
    single = quantile(1 - alpha / 2) + quantile(power)
    drift = float(brentq(lambda d: planned_power(d, fractions, bounds) - power, 0.5 * single, 4 * single, xtol=1e-9))
    return (drift / single) ** 2


def always_valid_inflation(n: float, alpha: float, power: float, tuned_for: float = TUNED_FOR) -> float:
    """The same for an interval that holds at any time, read at n units: at the last of them, so that it is an upper
    bound of what is needed."""
    spread = n * mixing_scale(tuned_for, alpha) ** 2
    critical = math.sqrt(2 * (spread + 1) / spread * math.log(math.sqrt(spread + 1) / alpha))
    return ((critical + quantile(power)) / (quantile(1 - alpha / 2) + quantile(power))) ** 2


def repeated_interval(estimate: Estimate, bound: float) -> tuple[float | None, float | None]:
    """Estimate ± bound·SE: holds over all planned looks. Jennison and Turnbull (1989), "Interim analyses: the repeated
    confidence interval approach". For a t statistic the bound is moved to the same tail probability."""
    if estimate.estimate is None:
        return None, None
    tail = float(ndtr(-bound))
    critical = bound if tail < 1e-12 else -quantile(tail, estimate.freedom)
    return estimate.interval(critical)


def repeated_p_value(z: float, fractions: Sequence[float], look: int, spending: str) -> float:
    """The smallest level whose boundary is crossed by |z| at a look (from 0) of the planned fractions.

    Jennison and Turnbull (1999), "Group sequential methods", on repeated confidence intervals. It stays at or above α
    with chance 1 − α over all looks.
    """

    bounds, scores, level_of = _levels_by_bound(tuple(float(t) for t in fractions[: look + 1]), spending)
    if abs(z) <= bounds[0]:
        return 1.0
    score = scores[-1] if abs(z) >= bounds[-1] else float(level_of(abs(z)))
    return float(2 * ndtr(-score))


@lru_cache
def _levels_by_bound(fractions: tuple[float, ...], spending: str) -> tuple[Array, Array, Callable[[float], Array]]:
    """(bounds, scores, spline): the last look's boundary at levels from .999 to 1e-12, each as its two-sided normal
    score, and the curve between them, which is so close to a line that the spline is off by less than 2e-5 of a score
    (1e-4 where the level is above a half).

    Solving for every estimate would take a hundred times as long as all else.
    """
    scores = -ndtri(np.array([0.999, 1e-12]) / 2)
    scores = scores[0] + (scores[1] - scores[0]) * np.linspace(0, 1, 24) ** 2.0
    # One by one: a level far out in the tail needs the most nodes.
    bounds = np.array([_bounds(fractions, 2 * ndtr(-scores[k : k + 1]), spending)[0, -1] for k in range(len(scores))])
    # Where nothing is spent the boundary is as far as can be, whatever the level.
    kept = np.concatenate([[True], (np.diff(bounds) > 1e-9) & (bounds[1:] < _FAR - 1e-6)])
    return bounds[kept], scores[kept], CubicSpline(bounds[kept], scores[kept])
