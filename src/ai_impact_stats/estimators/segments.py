"""Parts of an experiment's units: which are large enough to show, and whether the effect differs between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from .arrays import Array
from .estimate import Estimate, is_known
from .moments import UnitMoments

OTHER = "(other)"
LEAST_UNITS, MOST_PARTS = 5, 10


def collapsed(
    parts: Mapping[str, Mapping[str, UnitMoments]], arms: Sequence[str], limit: int = MOST_PARTS, k: int = LEAST_UNITS
) -> dict[str, dict[str, UnitMoments]]:
    """The parts to show: the `limit` largest, the rest together as `(other)`; no arm of a shown part has under k units.

    `parts` maps a part's name to its arms' moments; `arms` are those that are compared. A part with fewer than k units
    in one of them joins `(other)`. If that is then too small itself, the smallest part that was to be shown joins it,
    because the parts add up to a whole that is shown, and so would give it away. Nothing is shown if only one would be.
    """

    def units(part: Mapping[str, UnitMoments]) -> int:
        return sum(m.units for m in part.values())

    def large(part: Mapping[str, UnitMoments]) -> bool:
        return all(a in part and part[a].units >= k for a in arms)

    order = sorted(parts, key=lambda name: (-units(parts[name]), name))
    shown = [name for name in order if large(parts[name]) and name != OTHER][:limit]
    rest: dict[str, UnitMoments] = {}
    hidden = [name for name in order if name not in shown]
    while hidden:
        for arm, m in parts[hidden.pop()].items():
            rest[arm] = rest[arm].merged(m) if arm in rest else m
        if not hidden and not large(rest) and shown:
            hidden.append(shown.pop())
    found = {name: dict(parts[name]) for name in shown}
    if rest and large(rest):
        found[OTHER] = rest
    return found if len(found) > 1 else {}


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Cochran's Q over k parts: `statistic`, `df` = k - 1 and `p_value`; None where fewer than two have an estimate."""

    statistic: float | None
    df: int | None
    p_value: float | None


def heterogeneity(estimates: Sequence[Estimate]) -> Heterogeneity:
    """Does the effect differ between parts that share no unit?

    By `cochran_q`. A few units a part make it reject too often.
    """
    known = [e for e in estimates if is_known(e)]
    if len(known) < 2:
        return Heterogeneity(None, None, None)
    q, p = cochran_q(np.array([e.estimate for e in known]), np.array([e.std_error for e in known]) ** 2)
    return Heterogeneity(q, len(known) - 1, p)


def cochran_q(effects: Array, variances: Array) -> tuple[float, float]:
    """Q = Σ w(δ - δ̄)² with w = 1/variance and δ̄ the weighted mean of k effects, and its chi-square p value.

    Cochran (1954), "The combination of estimates from different experiments"; k - 1 degrees of freedom.
    """
    weights = 1 / variances
    q = float(weights @ (effects - weights @ effects / weights.sum()) ** 2)
    return q, float(chdtrc(len(effects) - 1, q))
