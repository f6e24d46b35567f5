"""Effects adjusted for what was known before: several covariates, strata, and least squares on cells of covariates."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Array
from .effects import difference, incomparable, relative_effect
from .estimate import Estimate, missing, wald
from .moments import Arm, UnitMoments

# Below this share of a covariate's own variance, what the others leave unexplained is rounding.
COLLINEAR = 1e-10


@dataclass(frozen=True, slots=True)
class JointMoments:
    """The joint moments of numerator, denominator and k covariates over the n units (or clusters) of one arm.

    `means` has k + 2 entries in the order (y, z, x1, …, xk), `covariance` is their (k + 2)×(k + 2) sample covariance
    matrix (divisor n - 1). A metric per unit has z = 1 throughout. `clustered`: each of the n is a cluster.
    """

    n: int
    means: Array
    covariance: Array
    clustered: bool = False

    def unit_moments(self) -> UnitMoments:
        """Without the covariates."""
        m, c = self.means, self.covariance
        y, var_y, z, var_z, cov_yz = (float(v) for v in (m[0], c[0, 0], m[1], c[1, 1], c[0, 1]))
        return UnitMoments(self.n, y, var_y, z, var_z, cov_yz, n_units=self.n if self.clustered else 0)

    def merged(self, other: "JointMoments") -> "JointMoments":
        """The moments of both groups of units together, which share their names (as `UnitMoments.merged`)."""
        if not self.n or not other.n:
            return self if self.n else other
        n, shift = self.n + other.n, other.means - self.means
        scatter = np.outer(shift, shift) * self.n * other.n / n
        for m in (self, other):
            scatter += (m.n - 1) * m.covariance if m.n > 1 else 0.0
        return replace(self, n=n, means=self.means + shift * other.n / n, covariance=scatter / (n - 1))

    def linear(self) -> tuple[float, float, Array]:
        """Mean and variance of the ratio's linearised unit (see `UnitMoments.ratio`), and its covariances with x."""
        moments = self.unit_moments()
        ratio = moments.ratio().mean
        joint = (self.covariance[0, 2:] - ratio * self.covariance[1, 2:]) / self.means[1]
        return ratio, moments.linear_variance(), joint


def cuped_many_arms(treatment: JointMoments, control: JointMoments) -> tuple[Arm, Arm] | str:
    """Both arms adjusted for all covariates at once, or the reason why that is impossible.

    The slopes are pooled within the arms, so that the difference is that of least squares on arm and covariates. Deng,
    Xu, Kohavi and Walker (2013), in several dimensions. The variance carries (N - 2)/(N - 2 - k) for the k
    slopes, which cost half a degree of freedom in each arm where clusters are few enough to count them. Covariates that
    don't vary, or that repeat others, change nothing.
    """
    problem = incomparable(treatment.unit_moments().ratio(), control.unit_moments().ratio())
    if problem:
        return problem
    arms = (treatment, control)
    weights = [m.n - 1 for m in arms]
    linear = [m.linear() for m in arms]
    scatter = weights[0] * treatment.covariance[2:, 2:] + weights[1] * control.covariance[2:, 2:]
    joint = weights[0] * linear[0][2] + weights[1] * linear[1][2]
    if not (np.isfinite(scatter).all() and np.isfinite(joint).all()):
        return "A covariate's moments are unknown, so nothing can be adjusted for."
    scale = np.sqrt(np.diag(scatter))
    level = np.max([np.abs(m.means[2:]) for m in arms], axis=0)
    used = scale > 1e-12 * level * math.sqrt(treatment.n + control.n)
    used &= scale > 0
    if not used.any():
        return "No covariate varies, so nothing can be adjusted for."
    standard = scatter[np.ix_(used, used)] / np.outer(scale[used], scale[used])
    inverse = np.linalg.pinv(standard, rcond=COLLINEAR, hermitian=True)
    slopes = np.zeros(len(scale))
    slopes[used] = inverse @ (joint[used] / scale[used]) / scale[used]
    rank = int(np.linalg.matrix_rank(standard, tol=COLLINEAR, hermitian=True))
    freedom = treatment.n + control.n - 2
    if freedom <= rank:
        return "There are fewer units than covariates to adjust for."
    total = treatment.n + control.n
    pooled = (treatment.n * treatment.means[2:] + control.n * control.means[2:]) / total
    adjusted = []
    for m, (mean, variance, own) in zip(arms, linear, strict=True):
        left = variance + float(slopes @ m.covariance[2:, 2:] @ slopes - 2 * slopes @ own)
        residual = max(left, 0.0) * freedom / (freedom - rank)
        moments = m.unit_moments()
        df = moments.ratio().df
        df = None if df is None else max(df - rank / 2, 1.0)
        adjusted.append(Arm(m.n, float(mean - slopes @ (m.means[2:] - pooled)), residual * moments.bias(), df))
    return adjusted[0], adjusted[1]


def cuped_many(treatment: JointMoments, control: JointMoments, alpha: float = 0.05, relative: bool = False) -> Estimate:
    """The difference adjusted for several covariates from before the assignment (`cuped_many_arms`)."""
    arms = cuped_many_arms(treatment, control)
    if isinstance(arms, str):
        return missing(arms, treatment.n, control.n)
    return (relative_effect if relative else difference)(*arms, alpha)


JointPair = tuple[JointMoments | None, JointMoments | None]
JointStrata = Mapping[str, JointPair]
MOST_STRATA, LEAST_IN_STRATUM = 20, 5


def lin_many(strata: JointStrata, alpha: float = 0.05) -> Estimate:
    """The average effect by least squares on covariates and strata in each arm, both read where all units are.

    `strata` maps a stratum to its (treatment, control) moments; one entry where there are none. Lin (2013) with several
    covariates: the effect is that of least squares on the arm, all covariates and strata, and their products with the
    arm. The error is that of the two arms' predictions, each with its own residual variance: as large as HC2's where
    arms were assigned at random, and a function of second moments. Clusters that were assigned whole are the
    observations (Su and Ding 2021, "Model-assisted analyses of cluster-randomized experiments"). A ratio is taken
    through its linearised unit. Strata beyond 20, and those with fewer than 5 units in an arm, are one.
    """
    groups = _large_strata(strata)
    whole = [(t, c) for t, c in groups if t is not None and c is not None and t.n and c.n]
    sizes = sum(t.n for t, _ in groups if t), sum(c.n for _, c in groups if c)
    if not min(sizes):
        return missing("An arm has no units whose covariates are known.", *sizes)
    if len(whole) < len(groups):
        reason = "A stratum has units of one arm only, so the arms can't be compared at the mean of all units."
        return missing(reason, *sizes)
    treatment = _predicted([t for t, _ in whole], whole)
    if isinstance(treatment, str):
        return missing(treatment, *sizes)
    control = _predicted([c for _, c in whole], whole)
    if isinstance(control, str):
        return missing(control, *sizes)
    return difference(treatment, control, alpha)


def _large_strata(strata: JointStrata) -> list[JointPair]:
    def least(pair: JointPair) -> int:
        return min(0 if m is None else m.n for m in pair)

    def joined(a: JointMoments | None, b: JointMoments | None) -> JointMoments | None:
        return a.merged(b) if a is not None and b is not None else a or b

    order = sorted(strata, key=lambda s: (-sum(m.n for m in strata[s] if m is not None), s))
    large = [s for s in order if least(strata[s]) >= LEAST_IN_STRATUM]
    kept = large[:MOST_STRATA]
    groups = [strata[s] for s in kept]
    rest = [strata[s] for s in order if s not in kept]
    for k, pair in enumerate(rest):
        # The small together are one; too small even so, they join the last of the large.
        last = groups.pop() if k and groups else None
        groups.append(pair if last is None else (joined(last[0], pair[0]), joined(last[1], pair[1])))
    while len(groups) > 1 and least(groups[-1]) < LEAST_IN_STRATUM:
        a, b = groups.pop(), groups.pop()
        groups.append((joined(a[0], b[0]), joined(a[1], b[1])))
    return groups


def _predicted(own: list[JointMoments], groups: list[tuple[JointMoments, JointMoments]]) -> Arm | str:
    """An arm's level where the units of both arms are, as the arm of a mean."""
    whole = own[0]
    for m in own[1:]:
        whole = whole.merged(m)
    plain = whole.unit_moments().ratio()
    problem = incomparable(plain, plain)
    if problem and "variance is 0" not in problem:
        return problem
    ratio, level = plain.mean, whole.means[1]
    line = np.array([1.0, -ratio]) / level
    n = np.array([m.n for m in own], "float64")
    weights = np.array([a.n + b.n for a, b in groups], "float64")
    weights /= weights.sum()
    means = np.array([ratio + line @ m.means[:2] for m in own])
    off = np.array(
        [
            m.means[2:] - (a.n * a.means[2:] + b.n * b.means[2:]) / (a.n + b.n)
            for m, (a, b) in zip(own, groups, strict=True)
        ]
    )
    within = np.sum([(m.n - 1) * m.covariance for m in own if m.n > 1], axis=0)
    if not np.isfinite(within).all():
        return "A covariate's moments are unknown, so nothing can be adjusted for."
    scatter, joint = within[2:, 2:], line @ within[:2, 2:]
    total = float(line @ within[:2, :2] @ line)
    scale = np.sqrt(np.diag(scatter))
    used = scale > 1e-12 * np.abs(whole.means[2:]) * math.sqrt(whole.n)
    used &= scale > 0
    if not used.any():
        return "No covariate varies within an arm, so nothing can be adjusted for."
    standard = scatter[np.ix_(used, used)] / np.outer(scale[used], scale[used])
    inverse = np.linalg.pinv(standard, rcond=COLLINEAR, hermitian=True)
    rank = int(np.linalg.matrix_rank(standard, tol=COLLINEAR, hermitian=True))
    freedom = whole.n - len(own) - rank
    if freedom < 1:
        return "There are too few units for the covariates and strata."
    slopes = inverse @ (joint[used] / scale[used])
    left = max(total - float(slopes @ (joint[used] / scale[used])), 0.0) / freedom
    away = (weights @ off)[used] / scale[used]
    mean = float(weights @ means - slopes @ away)
    variance = left * (float(weights**2 @ (1 / n)) + float(away @ inverse @ away))
    df = float(freedom) if plain.df is None else max(plain.df - rank, 1.0)
    return Arm(whole.n, mean, variance * whole.n, df)


Strata = Mapping[str, tuple[UnitMoments, UnitMoments]]


def post_stratified_arms(strata: Strata) -> tuple[Arm, Arm] | str:
    """Both arms weighted to the strata's shares over all arms, or the reason why that is impossible.

    `strata` maps a stratum to its (treatment, control) moments. Strata with fewer than 2 units (or clusters) in an arm
    are taken together as one. Miratrix, Sekhon and Yu (2013), "Adjusting treatment effect estimates by
    post-stratification in randomized experiments". A ratio is weighted through its linearised unit.
    """
    kept: list[tuple[UnitMoments, UnitMoments]] = []
    rest = UnitMoments.from_rows([]), UnitMoments.from_rows([])
    for name in sorted(strata):
        pair = strata[name]
        if min(pair[0].n, pair[1].n) >= 2:
            kept.append(pair)
        else:
            rest = (rest[0].merged(pair[0]), rest[1].merged(pair[1]))
    if rest[0].n or rest[1].n:
        if min(rest[0].n, rest[1].n) < 2:
            if not kept:
                return "No stratum has 2 units in both arms."
            last = kept.pop()
            rest = (rest[0].merged(last[0]), rest[1].merged(last[1]))
        kept.append(rest)
    if len(kept) < 2:
        return "There are fewer than two strata with 2 units in both arms, so nothing can be adjusted for."
    total = sum(m.n for pair in kept for m in pair)
    arms = []
    for k in (0, 1):
        n = sum(pair[k].n for pair in kept)
        y, z = (sum(pair[k].n * getattr(pair[k], name) for pair in kept) / n for name in ("mean_y", "mean_z"))
        if not (math.isfinite(y) and math.isfinite(z) and z):
            return "An arm has no value of the metric, or its denominator is 0."
        ratio = mean = y / z
        variance = 0.0
        for pair in kept:
            m, weight = pair[k], (pair[0].n + pair[1].n) / total
            mean += weight * (m.mean_y - ratio * m.mean_z) / z
            spread = (m.var_y - 2 * ratio * m.cov_yz + ratio**2 * m.var_z) / z**2
            variance += weight**2 * max(spread, 0.0) / m.n
        arms.append(Arm(n, mean, variance * n))
    problem = incomparable(*arms)
    if problem:
        return problem
    return arms[0], arms[1]


def post_stratified(strata: Strata, alpha: float = 0.05, relative: bool = False) -> Estimate:
    """The difference within strata, weighted by their size (`post_stratified_arms`)."""
    arms = post_stratified_arms(strata)
    if isinstance(arms, str):
        return missing(arms, sum(t.n for t, _ in strata.values()), sum(c.n for _, c in strata.values()))
    return (relative_effect if relative else difference)(*arms, alpha)


@dataclass(frozen=True, slots=True)
class Cells:
    """Units that share their arm and covariates (and cluster), one entry a cell: what least squares need of them.

    `treated` is 0 or 1, `x` has shape (cells, k), `n` counts units, `mean` is the metric's mean, `scatter` the sum of
    squares about it (squared units of the metric), `cluster` labels clusters or is None.
    """

    treated: Array
    x: Array
    n: Array
    mean: Array
    scatter: Array
    cluster: NDArray[Any] | None = None


def lin(cells: Cells, errors: str = "HC2", alpha: float = 0.05) -> Estimate:
    """The average effect by least squares of the metric on arm, covariates and their products.

    Covariates are centred on their mean over both arms, so that the arm's coefficient is the average effect: Lin
    (2013), "Agnostic notes on regression adjustments to experimental data". It equals least squares on
    the rows, to rounding. `errors`: HC0 to HC3 (MacKinnon and White 1985), or `cluster`: Liang and Zeger (1986) with
    G/(G - 1)·(N - 1)/(N - K). The t distribution has N - K degrees of freedom, with clusters G - 1. No estimate, with
    a reason, for an empty arm, covariates that determine each other or the arm, or no residual variance.
    """
    treated, n = np.asarray(cells.treated, "float64"), np.asarray(cells.n, "float64")
    mean, scatter = np.asarray(cells.mean, "float64"), np.asarray(cells.scatter, "float64")
    x = np.asarray(cells.x, "float64").reshape(len(n), -1)
    sizes = int(n[treated == 1].sum()), int(n[treated == 0].sum())
    if min(sizes) == 0:
        return missing(f"The {'treatment' if sizes[0] == 0 else 'control'} arm has no units.", *sizes)
    if not all(np.isfinite(v).all() for v in (mean, scatter, x)):
        return missing("A cell has no value of the metric or of a covariate.", *sizes)
    x = x - (n @ x) / n.sum()
    scale = np.sqrt((n @ x**2) / n.sum())
    x = x[:, scale > 0] / scale[scale > 0]
    design = np.column_stack([np.ones(len(n)), treated, x, treated[:, None] * x])
    rows, k = n.sum(), design.shape[1]
    root = np.sqrt(n)
    q, r = np.linalg.qr(design * root[:, None])
    diagonal = np.abs(np.diag(r))
    if rows <= k or len(n) < k or diagonal.min() <= 1e-9 * diagonal.max():
        return missing("There are too few units for the covariates, or the covariates are collinear.", *sizes)
    beta = np.linalg.solve(r, q.T @ (root * mean))
    residual = mean - design @ beta
    # Each unit's weight in the arm's coefficient: the second row of (X'X)⁻¹X'.
    weight = np.linalg.solve(r, q.T)[1] / root
    level = float((n @ mean**2) / rows)
    if errors == "cluster" and cells.cluster is not None:
        variance, df = _cluster_variance(cells.cluster, weight * n * residual, rows, k)
    else:
        leverage = (q**2).sum(axis=1) / n
        power = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}[errors]
        if power and leverage.max() >= 1 - 1e-9:
            return missing("A unit determines a coefficient alone: its error is unknown.", *sizes)
        squares = (scatter + n * residual**2) / (1 - leverage) ** power
        variance, df = float((weight**2 * squares).sum()), rows - k
        variance *= rows / (rows - k) if errors == "HC1" else 1
    if not math.isfinite(variance) or variance <= 1e-28 * level:
        return missing("The covariates leave no variance, so there is no standard error.", *sizes)
    return wald(float(beta[1]), variance, df, *sizes, alpha)


PRODUCTS = ("n", "x", "xx", "xy", "xz", "y", "z")


@dataclass(frozen=True, slots=True)
class ClusterProducts:
    """The joint moments of a cluster's totals over the n clusters of one arm.

    The totals are, in the order of `PRODUCTS`: units, Σx, Σx², Σxy, Σxz, Σy, Σz over the cluster's units, with y and z
    the metric's numerator and denominator (1 for a metric per unit) and x the covariate, as its distance from any
    centre that all arms share. `means` has 7 entries, `covariance` is their 7×7 sample covariance (divisor n - 1).
    Where units were assigned within clusters, `n_shared` of them hold units of the control too, and `cross` (7×7) are
    the sums over those of the products of this arm's totals with the control's.
    """

    n: int
    means: Array
    covariance: Array
    n_shared: int = 0
    cross: Array = field(default_factory=lambda: np.zeros((len(PRODUCTS),) * 2))

    def squares(self) -> Array:
        """The 7×7 sums of products of the totals over the arm's clusters."""
        about_zero = self.n * np.outer(self.means, self.means)
        return about_zero + (self.n - 1) * self.covariance if self.n > 1 else about_zero

    def linearised(self) -> tuple[Array, Array] | str:
        """The total of the linearised unit, and of its product with x, as weights of the seven, or why not."""
        if not np.isfinite(self.means).all() or not self.means[6]:
            return "An arm has no value of the metric or of the covariate, or its denominator is 0."
        if self.n < 3:
            return "An arm has fewer than three clusters: a slope leaves no degrees of freedom for its error."
        n, y, z = self.n * self.means[[0, 5, 6]]
        ratio, level = y / z, z / n
        own = np.array([ratio, 0, 0, 0, 0, 1 / level, -ratio / level])
        return own, np.array([0, ratio, 0, 1 / level, -ratio / level, 0, 0])

    def fit(self) -> tuple[Array, Array] | str:
        """Intercept and slope of the arm's linearised unit on x, and their covariance without corrections, or why not.

        Over units, of the unit r + (y - rz)/z̄ with r the arm's ratio, as in `UnitMoments.ratio`.
        """
        parts = self.linearised()
        if isinstance(parts, str):
            return parts
        own, product = parts
        n, x, xx, *_ = self.n * self.means
        spread = xx - x * x / n
        if not spread > 1e-12 * xx:
            return "The covariate has the same value for every unit of an arm, so nothing can be adjusted for."
        inverse = np.array([[xx, -x], [-x, n]]) / (n * spread)
        beta = inverse @ np.array([own, product]) @ (self.n * self.means)
        unit = np.eye(7)
        scores = np.array(
            [own - beta[0] * unit[0] - beta[1] * unit[1], product - beta[0] * unit[1] - beta[1] * unit[2]]
        )
        meat = (self.n - 1) * scores @ self.covariance @ scores.T
        return beta, inverse @ meat @ inverse


def lin_clusters(
    treatment: ClusterProducts,
    control: ClusterProducts,
    freedom: tuple[float, float] | None = None,
    alpha: float = 0.05,
) -> Estimate:
    """The average effect by least squares of units on arm, covariate and their product, with errors by cluster.

    The covariate is centred on its mean over the units of both arms. It equals `lin` with errors `cluster` on rows
    (Lin 2013; Liang and Zeger 1986, with G/(G - 1)·(N - 1)/(N - 4)) where no cluster has units of both arms. `freedom`
    are the degrees of freedom of the arms' variances without a covariate (clusters - 1 unless said otherwise): the
    slope takes one of each, and Welch's rule makes one of both. No estimate, with a reason, for fewer than three
    clusters or a covariate that doesn't vary in an arm.
    """
    fits: list[tuple[Array, Array]] = []
    arms = (treatment, control)
    for m in arms:
        fit = m.fit()
        if isinstance(fit, str):
            return missing(fit, treatment.n, control.n)
        fits.append(fit)
    units = sum(m.n * m.means[0] for m in arms)
    place = np.array([1.0, sum(m.n * m.means[1] for m in arms) / units])
    clusters = treatment.n + control.n
    correction = clusters / (clusters - 1) * (units - 1) / (units - 4)
    adjusted = []
    for k, (m, (beta, covariance)) in enumerate(zip(arms, fits, strict=True)):
        variance = float(place @ covariance @ place) * correction
        df = (m.n - 1 if freedom is None else freedom[k]) - 1
        adjusted.append(Arm(m.n, float(place @ beta), max(variance, 0.0) * m.n, max(df, 1.0)))
    return difference(adjusted[0], adjusted[1], alpha)


def _cluster_variance(cluster: NDArray[Any], scores: Array, rows: float, k: int) -> tuple[float, float]:
    labels, index = np.unique(cluster, return_inverse=True)
    g = len(labels)
    if g < 2:
        return math.nan, math.nan
    totals = np.bincount(index, scores, g)
    return float((totals**2).sum() * g / (g - 1) * (rows - 1) / (rows - k)), g - 1
