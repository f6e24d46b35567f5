"""Units assigned within clusters: a cluster has units of both arms, so that the arms' means are correlated.

Errors are by cluster throughout: a cluster's score is the sum of those of its units, whichever arm they are in (Liang
and Zeger 1986, "Longitudinal data analysis using generalized linear models").
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .adjustment import ClusterProducts
from .arrays import Array
from .effects import incomparable
from .estimate import Estimate, as_share, missing, wald
from .moments import UnitMoments

# De Chaisemartin and Ramirez-Cuellar (2024), "At what level should one cluster standard errors in paired and
# small-strata experiments?": with at most ten clusters in a stratum, errors are by stratum.
SMALL_STRATUM = 10
NO_SPREAD = "The effect is the same in every cluster: the variance is 0, so there is no standard error."


@dataclass(frozen=True, slots=True)
class Pair:
    """Means of treatment and control in the metric's unit, their 2×2 covariance matrix and degrees of freedom."""

    means: Array
    covariance: Array
    df: float

    def estimate(self, n_treatment: int, n_control: int, alpha: float, relative: bool = False) -> Estimate:
        """Treatment minus control, or that as a share of the control's level with Fieller's interval."""
        (one, zero), v = self.means, self.covariance
        variance = float(v[0, 0] - 2 * v[0, 1] + v[1, 1])
        if not variance > 1e-28 * float(self.means @ self.means):
            return missing(NO_SPREAD, n_treatment, n_control)
        e = wald(float(one - zero), variance, self.df, n_treatment, n_control, alpha)
        return as_share(e, float(zero), (v[1, 1], v[0, 1], v[0, 0]), alpha) if relative else e


def crossed(t: UnitMoments, c: UnitMoments, alpha: float = 0.05, relative: bool = False) -> Estimate:
    """The difference of two arms' ratios (means, for a metric per unit) where clusters hold units of both.

    It equals least squares of units on the arm with errors by cluster, G/(G - 1)·(N - 1)/(N - 2) with G clusters in
    either arm and N units. Student's t has as many degrees of freedom as there would be clusters of one size that tell
    as much, less one (Carter, Schnepel and Steigerwald 2017): G - 1 where arms are alike in all clusters.
    """
    pair = crossed_pair(t, c)
    return missing(pair, t.n, c.n) if isinstance(pair, str) else pair.estimate(t.n, c.n, alpha, relative)


def crossed_pair(t: UnitMoments, c: UnitMoments) -> Pair | str:
    """Both arms' ratios and their covariance over clusters, or the reason why that is impossible."""
    arms = t.ratio(), c.ratio()
    problem = incomparable(*arms)
    if problem:
        return problem
    ratios = [arm.mean for arm in arms]
    weights = [m.n * m.mean_z for m in (t, c)]
    own = [_scatter(m, r) / w**2 for m, r, w in zip((t, c), ratios, weights, strict=True)]
    joint = t.shared.product(*ratios) / (weights[0] * weights[1])
    correction = _correction(t.n + c.n - t.shared.n, t.units + c.units, 2)
    covariance = np.array([[own[0], joint], [joint, own[1]]]) * correction
    return Pair(np.array(ratios), covariance, _freedom(t, c))


def _correction(clusters: float, units: float, k: float) -> float:
    return clusters / max(clusters - 1, 1) * (units - 1) / max(units - k, 1)


def _scatter(m: UnitMoments, ratio: float) -> float:
    """Σ(y - ratio·z)² over an arm's clusters."""
    spread = m.var_y - 2 * ratio * m.cov_yz + ratio**2 * m.var_z if m.n > 1 else 0.0
    return (m.n - 1) * max(spread, 0.0) + m.n * (m.mean_y - ratio * m.mean_z) ** 2


def _squares(m: UnitMoments) -> float:
    """Σz² over an arm's clusters."""
    return _scatter(UnitMoments(m.n, m.mean_z, m.var_z), 0.0) if m.n else 0.0


def _freedom(t: UnitMoments, c: UnitMoments) -> float:
    """(Σv)²/Σv² - 1, with v the variance that a cluster adds where units are independent."""
    weights = [m.n * m.mean_z for m in (t, c)]
    squares = sum(_squares(m) / w**4 for m, w in zip((t, c), weights, strict=True))
    squares += 2 * t.shared.zz / (weights[0] * weights[1]) ** 2
    return max(sum(1 / w for w in weights) ** 2 / squares - 1, 1.0)


def cuped_crossed(
    treatment: ClusterProducts, control: ClusterProducts, df: float, alpha: float = 0.05, relative: bool = False
) -> Estimate:
    """The difference adjusted for a covariate: least squares of units on arm and covariate with errors by cluster.

    One slope for both arms, the levels at the covariate's mean over both; G/(G - 1)·(N - 1)/(N - 3). A ratio is taken
    through its linearised unit. `df` are the degrees of freedom without a covariate; the slope takes one.
    """
    found = _lines(treatment, control, common=True)
    sizes = treatment.n, control.n
    if isinstance(found, str):
        return missing(found, *sizes)
    return Pair(*found, max(df - 1, 1.0)).estimate(*sizes, alpha, relative)


def lin_crossed(
    treatment: ClusterProducts, control: ClusterProducts, df: float, alpha: float = 0.05, relative: bool = False
) -> Estimate:
    """As `cuped_crossed` with a slope in each arm (Lin 2013), G/(G - 1)·(N - 1)/(N - 4); the slopes take two."""
    found = _lines(treatment, control, common=False)
    sizes = treatment.n, control.n
    if isinstance(found, str):
        return missing(found, *sizes)
    return Pair(*found, max(df - 2, 1.0)).estimate(*sizes, alpha, relative)


def _lines(treatment: ClusterProducts, control: ClusterProducts, common: bool) -> tuple[Array, Array] | str:
    """Both arms' levels at the covariate's mean over both, and their covariance over clusters, or why not."""
    arms = (treatment, control)
    parts: list[tuple[Array, Array]] = []
    for m in arms:
        part = m.linearised()
        if isinstance(part, str):
            return part
        parts.append(part)
    totals = [m.n * m.means for m in arms]
    k = 3 if common else 4
    # Coefficients: both levels, then the slope or both slopes. The place of an arm's own in them.
    place = [np.eye(k)[[0, 2]], np.eye(k)[[1, k - 1]]]
    matrix, right, weights = np.zeros((k, k)), np.zeros(k), []
    for (own, product), (n, x, xx, *_), total, at in zip(parts, totals, totals, place, strict=True):
        matrix += at.T @ np.array([[n, x], [x, xx]]) @ at
        right += at.T @ np.array([own @ total, product @ total])
    spread = [xx - x * x / n for n, x, xx, *_ in totals]
    least = [1e-12 * xx for _, _, xx, *_ in totals]
    if not (sum(spread) > sum(least) if common else all(s > low for s, low in zip(spread, least, strict=True))):
        return "The covariate has the same value for every unit of an arm, so nothing can be adjusted for."
    beta = np.linalg.solve(matrix, right)
    unit = np.eye(len(totals[0]))
    for (own, product), at in zip(parts, place, strict=True):
        level, slope = at @ beta
        scores = np.array([own - level * unit[0] - slope * unit[1], product - level * unit[1] - slope * unit[2]])
        weights.append(at.T @ scores)
    units = totals[0][0] + totals[1][0]
    centre = (totals[0][1] + totals[1][1]) / units
    levels = np.array([np.array([1.0, centre]) @ at for at in place])
    weights = [levels @ np.linalg.solve(matrix, w) for w in weights]
    covariance = np.sum([w @ m.squares() @ w.T for w, m in zip(weights, arms, strict=True)], axis=0)
    across = weights[0] @ treatment.cross @ weights[1].T
    clusters = treatment.n + control.n - treatment.n_shared
    return levels @ beta, (covariance + across + across.T) * _correction(clusters, units, k)


Strata = Mapping[str, tuple[UnitMoments, UnitMoments]]


def fixed_effects(strata: Strata, whole: tuple[UnitMoments, UnitMoments], alpha: float = 0.05) -> Estimate:
    """The effect within strata by least squares of units on the arm and an effect of each stratum.

    `strata` maps a stratum to its (treatment, control) moments over clusters, `whole` are those of all units: a cluster
    lies in one stratum, or is one. Of a ratio, units weigh as much as their denominator. Errors are by stratum where
    strata hold at most ten clusters on average, or by cluster, with G/(G - 1)·(N - 1)/(N - K): K counts the effects of
    strata only if these are no part of what errors are by. Strata with one arm are excluded. Student's
    t has as many degrees of freedom as there would be clusters (strata) of one size, less one, and by cluster less the
    strata. No estimate, with a reason, for clusters in several strata or fewer than two informative ones.
    """
    sizes = whole[0].n, whole[1].n
    pairs = [(t, c) for t, c in strata.values() if t.n and c.n and t.mean_z > 0 and c.mean_z > 0]
    for k, m in enumerate(whole):
        if sum(pair[k].n for pair in strata.values()) != m.n:
            return missing("Clusters lie in several strata, so that strata can't be compared one by one.", *sizes)
    if sum(t.shared.n for t, _ in strata.values()) != whole[0].shared.n:
        return missing("Clusters lie in several strata, so that strata can't be compared one by one.", *sizes)
    if len(pairs) < 2:
        return missing("Fewer than two strata have units of both arms.", *sizes)
    z = np.array([[m.n * m.mean_z for m in pair] for pair in pairs])
    level = np.array([[m.mean_y / m.mean_z for m in pair] for pair in pairs])
    if not (np.isfinite(z).all() and np.isfinite(level).all()):
        return missing("An arm has no value of the metric, or its denominator is 0.", *sizes)
    weight = z[:, 0] * z[:, 1] / z.sum(axis=1)
    effect = float(weight @ (level[:, 0] - level[:, 1]) / weight.sum())
    clusters = sum(t.n + c.n - t.shared.n for t, c in pairs)
    units = sum(t.units + c.units for t, c in pairs)
    if clusters <= SMALL_STRATUM * len(pairs):
        scores = weight * (level[:, 0] - level[:, 1] - effect)
        meat, groups, k = float(scores @ scores), len(pairs), 1
        df = weight.sum() ** 2 / float(weight @ weight) - 1
    else:
        share = np.column_stack([z[:, 1], -z[:, 0]]) / z.sum(axis=1)[:, None]
        base = ((z * level).sum(axis=1) - effect * z[:, 0]) / z.sum(axis=1)
        meat = squares = 0.0
        for (t, c), (a, b), at in zip(pairs, share, base, strict=True):
            own = a**2 * _scatter(t, at + effect) + b**2 * _scatter(c, at)
            meat += own + 2 * a * b * t.shared.product(at + effect, at)
            squares += a**4 * _squares(t) + b**4 * _squares(c) + 2 * (a * b) ** 2 * t.shared.zz
        groups, k = clusters, 1 + len(pairs)
        df = (weight.sum() ** 2 / squares - 1) * (clusters - k) / clusters
    variance = meat / weight.sum() ** 2 * _correction(groups, units, k)
    if not variance > 1e-28 * float((level**2).max()):
        return missing(NO_SPREAD, *sizes)
    return wald(effect, variance, max(df, 1.0), *sizes, alpha)
