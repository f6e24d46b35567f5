"""Do the raters of a panel agree? Krippendorff's alpha for any scale and missing raters, and ICC(2,1)."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from .arrays import Array, ArrayLike

LEVELS = ("nominal", "ordinal", "interval")
# Krippendorff (2004), "Content Analysis", section 11.4.2: tentative conclusions from .667 on, firm ones from .8.
TENTATIVE, RELIABLE = 0.667, 0.8
DRAWS, SEED = 1000, 20260101


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient with its interval; None with the reason where it can't be had. `n` counts units that were used."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    reason: str | None = None


def reliability(alpha: float | None) -> str:
    """reliable, tentative, unreliable or unknown."""
    if alpha is None:
        return "unknown"
    return "reliable" if alpha >= RELIABLE else "tentative" if alpha >= TENTATIVE else "unreliable"


def distances(values: Array, totals: Array, level: str) -> Array:
    """The squared distance of each pair of values. The ordinal one depends on how often each value was given."""
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    if level == "interval":
        return (values[:, None] - values[None, :]) ** 2
    if level != "ordinal":
        raise ValueError(f"The level {level} is unknown: use one of {', '.join(LEVELS)}.")
    # The ratings between two values, of each of the two one half.
    middle = np.cumsum(totals, axis=-1) - totals / 2
    return (middle[..., :, None] - middle[..., None, :]) ** 2


def alpha_of(coincidences: Array, values: Array, level: str) -> Array:
    """1 - observed / expected disagreement, of one matrix or many; NaN where all ratings are the same."""
    totals = coincidences.sum(axis=-1)
    distance = distances(values, totals, level)
    expected = (totals[..., :, None] * totals[..., None, :] * distance).sum(axis=(-2, -1)) / (totals.sum(axis=-1) - 1)
    observed = (coincidences * distance).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - observed / expected, math.nan)


def krippendorff_alpha(
    units: ArrayLike, scores: ArrayLike, level: str = "ordinal", alpha: float = 0.05, draws: int = DRAWS
) -> Agreement:
    """Agreement beyond chance among any number of raters, of whom each may have left units out.

    `units` and `scores` have one entry a rating. Units with one rating pair with nothing and are left out. Krippendorff
    (2011), "Computing Krippendorff's alpha-reliability". The interval is the percentile bootstrap over units, which are
    what was sampled. No variation at all is not agreement: None, with the reason.
    """
    keys, unit = np.unique(np.asarray(units, dtype=str), return_inverse=True)
    values, value = np.unique(np.asarray(scores, "float64"), return_inverse=True)
    counts = np.zeros((len(keys), len(values)))
    np.add.at(counts, (unit, value), 1.0)
    counts = counts[counts.sum(axis=1) > 1]
    if len(counts) < 2:
        return Agreement(None, None, None, len(counts), "Fewer than 2 units have 2 ratings.")
    # Units that were rated alike count together: few patterns, however many units.
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    raters = patterns.sum(axis=1)
    # Each unit's pairs of ratings, a rating not paired with itself.
    pairs = np.einsum("ui,uj->uij", patterns, patterns)
    diagonal = np.arange(len(values))
    pairs[:, diagonal, diagonal] -= patterns
    pairs /= (raters - 1)[:, None, None]
    flat, shape = pairs.reshape(len(patterns), -1), (len(values), len(values))
    found = float(alpha_of((times @ flat).reshape(shape), values, level))
    if math.isnan(found):
        return Agreement(None, None, None, len(counts), "All ratings are the same, so there is nothing to agree on.")
    drawn = np.random.default_rng(SEED).multinomial(len(counts), times / len(counts), draws)
    spread = alpha_of((drawn @ flat).reshape(draws, *shape), values, level)
    spread = spread[~np.isnan(spread)]
    low, high = np.quantile(spread, [alpha / 2, 1 - alpha / 2])
    return Agreement(found, float(low), float(high), len(counts))


def icc_2_1(units: ArrayLike, raters: ArrayLike, scores: ArrayLike, alpha: float = 0.05) -> Agreement:
    """How far one rating of one rater, drawn from many, can be relied on: absolute agreement, ICC(2,1).

    Shrout and Fleiss (1979), "Intraclass correlations: uses in assessing rater reliability"; the interval is that of
    McGraw and Wong (1996), table 7. It needs all ratings of a unit: raters who rated at least half of the units count,
    and units that all of these rated.
    """
    rows, unit = np.unique(np.asarray(units, dtype=str), return_inverse=True)
    columns, rater = np.unique(np.asarray(raters, dtype=str), return_inverse=True)
    table = np.full((len(rows), len(columns)), math.nan)
    table[unit, rater] = np.asarray(scores, "float64")
    table = table[:, (~np.isnan(table)).sum(axis=0) >= len(rows) / 2]
    table = table[~np.isnan(table).any(axis=1)]
    n, k = table.shape
    if n < 2 or k < 2:
        return Agreement(None, None, None, n, "Fewer than 2 units were rated by the same 2 raters or more.")
    level = table.mean()
    between = k * ((table.mean(axis=1) - level) ** 2).sum() / (n - 1)
    judges = n * ((table.mean(axis=0) - level) ** 2).sum() / (k - 1)
    residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + level
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    spread = between + (k - 1) * error + k * (judges - error) / n
    if not spread > 0:
        return Agreement(None, None, None, n, "All ratings are the same, so there is nothing to agree on.")
    icc = (between - error) / spread
    low, high = _mcgraw_wong(between, judges, error, icc, n, k, alpha)
    return Agreement(float(icc), low, high, n)


def _mcgraw_wong(
    between: float, judges: float, error: float, icc: float, n: int, k: int, alpha: float
) -> tuple[float | None, float | None]:
    if icc >= 1 or error <= 0:
        return None, None
    a, b = k * icc / (n * (1 - icc)), 1 + k * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * judges + b * error) ** 2 / ((a * judges) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    upper = f_distribution.ppf(1 - alpha / 2, n - 1, freedom)
    lower = f_distribution.ppf(1 - alpha / 2, freedom, n - 1)
    noise = k * judges + (k * n - k - n) * error
    low = n * (between - upper * error) / (upper * noise + n * between)
    high = n * (lower * between - error) / (noise + n * lower * between)
    return float(low), float(high)
