"""Comparison with controls that are alike, for units that chose for themselves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.spatial import cKDTree
from scipy.special import ndtr
from scipy.stats import rankdata

from .arrays import Array, ArrayLike, Flags, Places
from .checks import LEAST_POWER, PLACEBO_ALPHA, Check
from .estimate import Estimate, is_known, missing, quantile, wald
from .linear import full_rank, one_thread
from .propensity import Propensity, Units, standardised

ESTIMANDS = ("ate", "att", "ato")
WEIGHTINGS = ("horvitz_thompson", "hajek")
REGRESSIONS = ("regression", "aipw", "ipwra")
# Neighbours are searched one by one: above this many entries take a sample, or weights.
NEIGHBOUR_CAP = 100_000
BALANCE_LIMIT = 0.1


def weights_of(units: Units, propensity: Propensity, estimand: str = "ate") -> Array:
    """One weight a unit of the entry: 1/e and 1/(1 - e) (`ate`), 1 and e/(1 - e) (`att`), 1 - e and e (`ato`).

    `ato` is the effect on the units that may go either way (Li, Morgan and Zaslavsky 2018, "Balancing covariates via
    propensity score weighting"). Raises ValueError for another estimand.
    """
    if estimand not in ESTIMANDS:
        raise ValueError(f"The estimand {estimand} is unknown: use one of {', '.join(ESTIMANDS)}.")
    t, e = units.treated, propensity.score
    tilt: Array = {"ate": np.ones_like(e), "att": e, "ato": e * (1 - e)}[estimand]
    return tilt * (t / e + (1 - t) / (1 - e))


def kept(units: Units, propensity: Propensity, trim: tuple[float, float] | None) -> Flags:
    """Which entries have a score within [low, high]; all of them without bounds."""
    if trim is None:
        return np.ones(len(units.n), "bool")
    return (propensity.score >= trim[0]) & (propensity.score <= trim[1])


@one_thread
def weighted(
    units: Units,
    propensity: Propensity,
    estimand: str = "ate",
    weighting: str = "hajek",
    trim: tuple[float, float] | None = None,
    alpha: float = 0.05,
) -> Estimate:
    """The difference of means weighted by the inverse chance of the arm.

    `horvitz_thompson` divides by the number of units (of treated ones for `att`), `hajek` by the weights' sum, which
    is that of stabilised weights too. The standard error is that of both steps, the score's and the
    mean's, as one system of estimating equations (Lunceford and Davidian 2004, section 3). `trim` keeps scores within
    bounds, taken as fixed; the effect is then that on the units kept. Raises ValueError for an unknown weighting.
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(f"The weighting {weighting} is unknown: use one of {', '.join(WEIGHTINGS)}.")
    if weighting == "horvitz_thompson" and estimand == "ato":
        raise ValueError("Overlap weights have no Horvitz-Thompson form: use hajek.")
    keep = kept(units, propensity, trim)
    sizes = _sizes(units, keep)
    if min(sizes) < 2:
        return missing("Trimming leaves an arm with fewer than 2 units.", *sizes)
    t, e, y = units.treated, propensity.score, units.mean
    w = weights_of(units, propensity, estimand) * keep
    # d(weight)/d(linear predictor), by arm.
    slope = {
        "ate": t * -1 / e**2 + (1 - t) / (1 - e) ** 2,
        "att": (1 - t) / (1 - e) ** 2,
        "ato": 1 - 2 * t,
    }[estimand]
    slope = slope * propensity.slope * keep
    n, total = units.n, units.n.sum()
    sign = 2 * t - 1
    if weighting == "horvitz_thompson":
        base = float(n @ (keep * (t if estimand == "att" else 1)))
        effect = float(n @ (sign * w * y)) / base
        counted = keep * (t if estimand == "att" else 1.0)
        direct = (sign * w * y - counted * effect) * total / base
        by_outcome = sign * w * total / base
        gradient = propensity.design.T @ (n * sign * slope * y) / base
    else:
        sums = {arm: float(n @ (w * (t == arm))) for arm in (0, 1)}
        means = {arm: float(n @ (w * (t == arm) * y)) / sums[arm] for arm in (0, 1)}
        effect = means[1] - means[0]
        residual = y - np.where(t == 1, means[1], means[0])
        scale = np.where(t == 1, total / sums[1], total / sums[0])
        direct = sign * w * residual * scale
        by_outcome = sign * w * scale
        gradient = propensity.design.T @ (n * sign * slope * residual * scale) / total
    return _estimate(units, effect, direct + propensity.influence @ gradient, by_outcome, sizes, alpha)


def _sizes(units: Units, keep: Flags) -> tuple[int, int]:
    n = units.n * keep
    return int(n[units.treated == 1].sum()), int(n[units.treated == 0].sum())


def _estimate(
    units: Units, effect: float, influence: Array, by_outcome: Array, sizes: tuple[int, int], alpha: float
) -> Estimate:
    """From a unit's influence at its cell's mean, and how it moves with the unit's own outcome."""
    variance = float(units.n @ influence**2 + by_outcome**2 @ units.scatter) / float(units.n.sum()) ** 2
    level = float(units.n @ units.mean**2) / float(units.n.sum())
    if not math.isfinite(effect + variance) or variance <= 1e-28 * level or variance == 0:
        return missing("The outcome leaves no variance, so there is no standard error.", *sizes)
    return wald(float(effect), variance, math.inf, *sizes, alpha)


@one_thread
def regressed(
    units: Units,
    propensity: Propensity | None = None,
    estimand: str = "ate",
    method: str = "aipw",
    outcome_x: ArrayLike | None = None,
    alpha: float = 0.05,
) -> Estimate:
    """The effect through a regression of the outcome in each arm; doubly robust with a propensity.

    `regression`: the mean difference of the two arms' predictions. `aipw`: plus the weighted mean residuals (Robins,
    Rotnitzky and Zhao 1994), right when either model is. `ipwra`: the regressions are weighted by the inverse chance
    (Wooldridge 2007). `outcome_x` (entries, q) are the regression's covariates, those of `units` if None. The estimand
    is `ate` or `att` (not for ipwra). Errors are those of all steps as one system. Raises ValueError for an unknown
    method or a propensity that is missing.
    """
    if method not in REGRESSIONS or estimand not in ("ate", "att") or (method == "ipwra" and estimand == "att"):
        raise ValueError(f"Use one of {', '.join(REGRESSIONS)}, for ate, or att but for ipwra.")
    model = None if method == "regression" else propensity
    if method != "regression" and model is None:
        raise ValueError(f"The method {method} needs a propensity.")
    problem = units.problem()
    if problem:
        return missing(problem, *units.sizes)
    outcome = units if outcome_x is None else Units.of(units.treated, outcome_x, units.mean, units.n, units.scatter)
    x, t, n, y = standardised(outcome), units.treated, units.n, units.mean
    total, sizes, nothing = n.sum(), units.sizes, np.zeros(len(n))
    # Without a model of treatment no weight depends on one.
    e, slope = (np.full(len(n), 0.5), nothing) if model is None else (model.score, model.slope)
    design = np.zeros((len(n), 0)) if model is None else model.design
    sides = {1: t, 0: 1 - t}
    inverse = {1: t / e, 0: (1 - t) / (1 - e)}
    by_score = {1: -t / e**2, 0: (1 - t) / (1 - e) ** 2}
    fits = {}
    for arm in (1, 0):
        fit_weight = inverse[arm] if method == "ipwra" else sides[arm]
        root = np.sqrt(n * fit_weight)
        scaled = x * root[:, None]
        if not full_rank(scaled[sides[arm] == 1]):
            name = "treatment" if arm else "control"
            return missing(f"The covariates are collinear in the {name} arm, or it has too few units.", *sizes)
        bread = np.linalg.inv(scaled.T @ scaled / total)
        beta = bread @ (x.T @ (n * fit_weight * y)) / total
        fits[arm] = (beta, bread, fit_weight)
    fitted = {arm: x @ fits[arm][0] for arm in fits}
    target = t if estimand == "att" else np.ones_like(t)
    mass = float(n @ target) / total
    # Every term below is one arm's part; the effect is that of arm 1 less that of arm 0.
    effect, direct, by_outcome, gradient = 0.0, nothing, nothing, np.zeros(design.shape[1])
    for arm, sign in ((1, 1), (0, -1)):
        beta, bread, fit_weight = fits[arm]
        residual = y - fitted[arm]
        if estimand == "att" and arm == 1:
            # The treated's own mean needs no model.
            part, move, to_beta = t * y, t, np.zeros(x.shape[1])
        else:
            part, move = target * fitted[arm], nothing
            to_beta = x.T @ (n * target) / total
            if method == "aipw":
                tilt = inverse[arm] * e if estimand == "att" else inverse[arm]
                part, move = part + tilt * residual, tilt
                to_beta = to_beta - x.T @ (n * tilt) / total
                gradient = gradient + sign * (design.T @ (n * by_score[arm] * slope * residual)) / total
        effect += sign * float(n @ part) / total
        through = (x @ (bread @ to_beta)) * fit_weight
        direct = direct + sign * (part + through * residual)
        by_outcome = by_outcome + sign * (move + through)
        if method == "ipwra":
            moved = (x @ (bread @ to_beta)) * residual * by_score[arm] * slope
            gradient = gradient + sign * (design.T @ (n * moved)) / total
    effect /= mass
    influence = direct / mass - target * effect / mass
    if model is not None:
        influence = influence + model.influence @ gradient / mass
    return _estimate(units, effect, influence, by_outcome / mass, sizes, alpha)


@dataclass(frozen=True, slots=True)
class Matched:
    """Neighbours' estimate, one weight a unit of the entry, the treated (or units) left without a neighbour."""

    estimate: Estimate
    weights: Array
    unmatched: int


@one_thread
def nearest_neighbour(
    units: Units,
    estimand: str = "att",
    neighbours: int = 1,
    caliper: float | None = None,
    score: Array | None = None,
    alpha: float = 0.05,
) -> Matched:
    """Each unit against its nearest neighbours in the other arm, with replacement, with Abadie and Imbens' errors.

    Distances are Mahalanobis', or of `score` (one value per entry; a propensity's linear predictor or score) where
    given. `caliper` is the largest distance allowed, in the distance's
    unit (that of `score` where given); units without a neighbour within it are left out and counted. All units at the
    same distance as the last neighbour count, so that the order of rows changes nothing. Errors: Abadie and Imbens
    (2006), "Large sample properties of matching estimators", theorem 7, with variances between a unit and the
    nearest of its arm; the score is taken as known. `att` or `ate`; ValueError otherwise.
    For rows (n = 1) or cells alike, up to NEIGHBOUR_CAP entries.
    """
    if estimand not in ("att", "ate"):
        raise ValueError("Neighbours estimate att or ate.")
    nothing = np.zeros(len(units.n))
    problem = units.problem()
    if not problem and len(units.n) > NEIGHBOUR_CAP:
        problem = f"{len(units.n)} units are too many to search for neighbours: take a sample of {NEIGHBOUR_CAP}."
    if problem:
        return Matched(missing(problem, *units.sizes), nothing, 0)
    space = _space(units, score)
    if isinstance(space, str):
        return Matched(missing(space, *units.sizes), nothing, 0)
    arms = {arm: np.flatnonzero(units.treated == arm) for arm in (1, 0)}
    trees = {arm: _Points(space[rows], units, rows) for arm, rows in arms.items()}
    targets = (1,) if estimand == "att" else (1, 0)
    own_difference, weight, spread = np.full(len(units.n), math.nan), np.zeros(len(units.n)), nothing.copy()
    used, used_square, unmatched = nothing.copy(), nothing.copy(), 0
    for arm in targets:
        rows, other = arms[arm], trees[1 - arm]
        for row, point in zip(rows, space[rows], strict=True):
            found = other.nearest(point, neighbours, caliper)
            if found is None:
                unmatched += int(units.n[row])
                continue
            members, count = found
            level = units.n[members] @ units.mean[members] / count
            own_difference[row] = (units.mean[row] - level) * (1 if arm else -1)
            used[members] += units.n[row] / count
            used_square[members] += units.n[row] / count**2
            weight[row] += 1
    matched = ~np.isnan(own_difference)
    size = float(units.n[matched].sum())
    sizes = _sizes(units, matched | (used > 0))
    if size < 2:
        return Matched(missing("No unit has a neighbour within the caliper.", *sizes), nothing, unmatched)
    effect = float(units.n[matched] @ own_difference[matched]) / size
    for arm in (1, 0):
        for row in arms[arm]:
            if used[row] > 0 or (matched[row] and estimand == "ate"):
                spread[row] = trees[arm].variance(int(row), space[row])
    # Theorem 7 for the share K of others' matches that a unit serves: ate K² + 2K - Σ(1/count²), att K² - Σ(1/count²).
    factor = used**2 - used_square + (2 * used if estimand == "ate" else 0)
    first = units.n[matched] @ (own_difference[matched] - effect) ** 2 + units.scatter[matched].sum()
    variance = float(first + (units.n * factor) @ spread) / size**2
    if not variance > 0:
        return Matched(missing("The matched outcomes don't vary, so there is no error.", *sizes), nothing, unmatched)
    return Matched(wald(effect, variance, math.inf, *sizes, alpha), weight + used, unmatched)


def _space(units: Units, score: Array | None) -> Array | str:
    """Coordinates in which the distance is Euclidean."""
    if score is not None:
        return np.asarray(score, "float64").reshape(len(units.n), 1)
    x = standardised(units)[:, 1:]
    if not full_rank(x * np.sqrt(units.n)[:, None]):
        return "The covariates are collinear: leave some out."
    covariance = (x * units.n[:, None]).T @ x / (units.n.sum() - 1)
    return x @ np.linalg.cholesky(np.linalg.inv(covariance))


class _Points:
    """One arm's units by their place; units at one place are found together."""

    def __init__(self, places: Array, units: Units, rows: Places) -> None:
        self.places, self.index = np.unique(np.round(places, 12), axis=0, return_inverse=True)
        self.index = self.index.ravel()
        self.units, self.rows, self.tree = units, rows, cKDTree(self.places)
        order = np.argsort(self.index, kind="stable")
        bounds = np.searchsorted(self.index[order], np.arange(len(self.places) + 1))
        self.members = [rows[order[a:b]] for a, b in pairwise(bounds)]
        self.sizes = np.bincount(self.index, units.n[rows], len(self.places))

    def nearest(self, point: Array, neighbours: int, caliper: float | None) -> tuple[Places, float] | None:
        """The entries within the distance of the last neighbour needed, and their units; None beyond the caliper."""
        k = min(neighbours + 1, len(self.places))
        distance, place = self.tree.query(point, k=k)
        distance, place = np.atleast_1d(distance), np.atleast_1d(place)
        enough = np.cumsum(self.sizes[place]) >= neighbours
        last = distance[np.argmax(enough) if enough.any() else -1]
        if caliper is not None and distance[0] > caliper * (1 + 1e-9):
            return None
        reach = last * (1 + 1e-9) + 1e-12
        if caliper is not None:
            reach = min(reach, caliper * (1 + 1e-9) + 1e-12)
        tied = place[distance <= reach] if distance[-1] > reach else self.tree.query_ball_point(point, reach)
        members = np.concatenate([self.members[p] for p in tied])
        return members, float(self.units.n[members].sum())

    def variance(self, row: int, point: Array) -> float:
        """The outcome's variance at a unit's place: of the units there, or against the nearest other of its arm."""
        at = int(self.index[np.searchsorted(self.rows, row)])
        n, mean = self.units.n, self.units.mean
        if self.sizes[at] > 1:
            members = self.members[at]
            level = n[members] @ mean[members] / self.sizes[at]
            squares = n[members] @ (mean[members] - level) ** 2 + self.units.scatter[members].sum()
            return float(squares / (self.sizes[at] - 1))
        distance, place = self.tree.query(point, k=min(3, len(self.places)))
        distance, place = np.atleast_1d(distance), np.atleast_1d(place)
        enough = np.cumsum(self.sizes[place]) - n[row] >= 1
        reach = distance[np.argmax(enough) if enough.any() else -1] * (1 + 1e-9) + 1e-12
        members = np.concatenate([self.members[p] for p in self.tree.query_ball_point(point, reach)])
        members = members[members != row]
        if not len(members):
            return 0.0
        count = float(n[members].sum())
        level = n[members] @ mean[members] / count
        return float(count / (count + 1) * (mean[row] - level) ** 2)


def coarsened_exact(units: Units, strata: ArrayLike, estimand: str = "att", alpha: float = 0.05) -> Matched:
    """The effect within cells of coarsened covariates, weighted by the treated (att) or by all (ate).

    `strata` labels every entry's cell. Cells with units of one arm only are left out and counted (`unmatched`: of the
    treated for att, of all for ate). Iacus, King and Porro (2012), "Causal inference without balance checking". The
    variance is that within cells; where an arm has one unit in a cell, the arm's mean variance over the other cells.
    """
    if estimand not in ("att", "ate"):
        raise ValueError("Exact matching estimates att or ate.")
    nothing = np.zeros(len(units.n))
    problem = units.problem()
    if problem:
        return Matched(missing(problem, *units.sizes), nothing, 0)
    _, index = np.unique(np.asarray(strata), return_inverse=True)
    count = int(index.max()) + 1
    n, mean, squares = {}, {}, {}
    for arm in (1, 0):
        m = units.n * (units.treated == arm)
        n[arm] = np.bincount(index, m, count)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean[arm] = np.bincount(index, m * units.mean, count) / n[arm]
        centred = units.mean - np.nan_to_num(mean[arm])[index]
        squares[arm] = np.bincount(index, (units.treated == arm) * (units.n * centred**2 + units.scatter), count)
    both = (n[1] > 0) & (n[0] > 0)
    share = np.where(both, n[1] if estimand == "att" else n[1] + n[0], 0.0)
    lost = n[1] if estimand == "att" else n[1] + n[0]
    unmatched = int(lost[~both].sum())
    sizes = int(n[1][both].sum()), int(n[0][both].sum())
    if not both.any():
        return Matched(missing("No cell has units of both arms: there is no overlap.", *sizes), nothing, unmatched)
    share = share / share.sum()
    effect = float(share[both] @ (mean[1] - mean[0])[both])
    variance = 0.0
    for arm, name in ((1, "treatment"), (0, "control")):
        freedom = np.where(both, n[arm] - 1, 0).clip(min=0)
        if freedom.sum() == 0:
            reason = f"No cell has 2 units of the {name} arm, so there is no standard error."
            return Matched(missing(reason, *sizes), nothing, unmatched)
        pooled = squares[arm][both].sum() / freedom.sum()
        own = np.where(freedom > 0, squares[arm] / np.maximum(freedom, 1), pooled)
        variance += float((share[both] ** 2 * own[both] / n[arm][both]).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        per_unit = {arm: np.where(both, share / n[arm], 0.0) for arm in (1, 0)}
    weights = np.where(units.treated == 1, per_unit[1][index], per_unit[0][index]) * units.n.sum()
    level = float(units.n @ units.mean**2) / units.n.sum()
    if variance <= 1e-28 * level or variance == 0:
        reason = "The outcome doesn't vary within cells, so there is no standard error."
        return Matched(missing(reason, *sizes), weights, unmatched)
    return Matched(wald(effect, variance, math.inf, *sizes, alpha), weights, unmatched)


@dataclass(frozen=True, slots=True)
class Balance:
    """One covariate's means by arm, its standardised differences before and after weighting, and variance ratio."""

    covariate: str
    mean_treatment: float
    mean_control: float
    smd_before: float | None
    smd_after: float | None
    variance_ratio: float | None

    @property
    def is_balanced(self) -> bool | None:
        return None if self.smd_after is None else abs(self.smd_after) <= BALANCE_LIMIT


def covariate_balance(
    units: Units,
    names: Sequence[str],
    weights: Array | None = None,
    covariates: tuple[Array, Array] | None = None,
) -> list[Balance]:
    """Each covariate's difference of means in standard deviations, before and after weighting.

    `covariates` are the covariates as they are where `units.x` holds bins of them: means of each entry's units, NaN
    where not known, and sums of squares about them, both shaped as `units.x`.

    The deviation is √((s₁² + s₀²)/2) before weighting, for both, so that weights can't shrink a difference by widening
    the arms (Austin 2009). The variance ratio is treatment over control, after weighting. None where nothing varies.
    """
    found = []
    weights = np.ones(len(units.n)) if weights is None else weights
    arms = [units.treated == 1, units.treated == 0]
    x, scatter = (units.x, np.zeros_like(units.x)) if covariates is None else covariates
    plain = [_moments(x[a], scatter[a], units.n[a], np.ones(a.sum())) for a in arms]
    reweighted = [_moments(x[a], scatter[a], units.n[a], weights[a]) for a in arms]
    for j, name in enumerate(names):
        before, after = ([(float(m[j]), float(v[j])) for m, v in pair] for pair in (plain, reweighted))
        deviation = math.sqrt((before[0][1] + before[1][1]) / 2)
        level = max(abs(before[0][0]), abs(before[1][0]))
        differs = deviation > 1e-12 * level and deviation > 0
        known = differs and all(math.isfinite(m) for m, _ in after)
        found.append(
            Balance(
                name,
                before[0][0],
                before[1][0],
                (before[0][0] - before[1][0]) / deviation if differs else None,
                (after[0][0] - after[1][0]) / deviation if known else None,
                after[0][1] / after[1][1] if known and after[1][1] > 0 else None,
            )
        )
    return found


def _moments(x: Array, scatter: Array, n: Array, weights: Array) -> tuple[Array, Array]:
    """Weighted means and variances of the columns, over the entries in which each is known; NaN where none is."""
    known = np.isfinite(x)
    w = (n * weights)[:, None] * known
    x = np.where(known, x, 0.0)
    total = np.where(w.sum(axis=0) > 0, w.sum(axis=0), math.nan)
    mean = (w * x).sum(axis=0) / total
    within = (weights[:, None] * known * scatter).sum(axis=0)
    return mean, ((w * (x - mean) ** 2).sum(axis=0) + within) / total


def balance_check(balances: Sequence[Balance]) -> Check:
    """Do all covariates differ by at most a tenth of a standard deviation after weighting?"""
    known = [(b.smd_after, b.covariate) for b in balances if b.smd_after is not None]
    if not known:
        return Check(None, None, BALANCE_LIMIT, None, "No covariate varies, so that balance can't be checked.")
    smd, name = max(known, key=lambda pair: abs(pair[0]))
    detail = f"The largest difference after weighting is that of {name}: {smd:.2f} deviations."
    return Check(abs(smd), None, BALANCE_LIMIT, abs(smd) <= BALANCE_LIMIT, detail)


def placebo_outcome(estimate: Estimate, alpha: float = PLACEBO_ALPHA, matters: float | None = None) -> Check:
    """The estimate of an outcome that the treatment can't have moved, as the same one from before: is it 0?

    `passed` only where an effect of `matters`, the registered smallest one in the outcome's unit, would have been found
    with 80 % chance: what sees nothing finds nothing. The detail says what would have been found.
    """
    if not is_known(estimate):
        return Check(None, None, alpha, None, f"No placebo: {estimate.reason}")
    critical = quantile(1 - alpha / 2, estimate.freedom)
    visible = (critical + quantile(LEAST_POWER, estimate.freedom)) * estimate.std_error
    detail = f"The effect on the past is {estimate.estimate:.3g}; one of {visible:.3g} would be found with 80 % chance."
    statistic = estimate.estimate / estimate.std_error
    if estimate.p_value < alpha:
        return Check(statistic, estimate.p_value, alpha, False, detail)
    if matters is None:
        detail += " No smallest effect is registered for the metric that it would have to find."
        return Check(statistic, estimate.p_value, alpha, None, detail)
    power = float(ndtr(matters / estimate.std_error - critical))
    detail += f" The smallest effect, {matters:.3g}, would be found with {power:.0%} chance."
    return Check(statistic, estimate.p_value, alpha, True if power >= LEAST_POWER else None, detail)


def strongest_cause(units: Units, names: Sequence[str]) -> tuple[str, float] | None:
    """The bias that a hidden cause as strong as one measured covariate would put into the effect, and which covariate.

    It moves choice and outcome as much as the covariate does beside the others (k = 1), and is the largest over the
    covariates, in the outcome's unit: Cinelli and Hazlett (2020), "Making sense of sensitivity", section 4.4, of the
    linear regression on treatment and covariates. None where no covariate varies, or they are collinear.
    """
    varies = [j for j in range(units.x.shape[1]) if np.ptp(units.x[:, j]) > 0]
    root = np.sqrt(units.n)[:, None]
    x = np.column_stack([np.ones(len(units.n)), units.x[:, varies]]) * root
    treated, y = units.treated[:, None] * root, units.mean * root[:, 0]
    if not varies or not full_rank(np.column_stack([x, treated])):
        return None
    within = float(units.scatter.sum())
    outcome, choice = _left(np.column_stack([treated, x]), y) + within, _left(x, treated[:, 0])
    if not (outcome > 0 and choice > 0):
        return None
    found = []
    for place, j in enumerate(varies):
        others = np.delete(x, place + 1, axis=1)
        in_choice = 1 - choice / _left(others, treated[:, 0])
        in_outcome = 1 - outcome / (_left(np.column_stack([treated, others]), y) + within)
        found.append((_bias(in_choice, in_outcome) * math.sqrt(outcome / choice), names[j]))
    bias, name = max(found)
    return name, bias


def _left(x: Array, y: Array) -> float:
    """The sum of squares that a regression leaves."""
    return float(((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2).sum())


def _bias(in_choice: float, in_outcome: float) -> float:
    """Of a hidden cause with a covariate's partial R² in choice and outcome, as a share of √(left of y/left of d)."""
    with_choice = in_choice / (1 - in_choice)
    both = in_choice**2 / (1 - in_choice) ** 2
    if with_choice >= 1 or both >= 1 or in_outcome >= 1:
        return math.inf
    with_outcome = min(((1 + math.sqrt(both)) ** 2 / (1 - both)) * in_outcome / (1 - in_outcome), 1.0)
    return math.sqrt(with_outcome * with_choice / (1 - with_choice))


def hidden_cause(e: Estimate, strongest: tuple[str, float] | None) -> Check:
    """Would the interval still leave 0 out if there were a hidden cause as strong as the `strongest_cause`?

    The statistic is the bias of such a cause, the threshold how far the interval's nearer end is from 0. An interval
    that holds 0 claims nothing that a cause could explain away.
    """
    if not is_known(e) or e.ci_low is None or e.ci_high is None or strongest is None:
        why = "" if is_known(e) else f" {e.reason or ''}"
        return Check(None, None, None, None, f"No measured covariate to judge a hidden cause by.{why}".strip())
    name, bias = strongest
    if e.ci_low <= 0 <= e.ci_high:
        return Check(bias, None, 0.0, True, "The interval holds 0: there is no effect that a hidden cause may explain.")
    near = min(abs(e.ci_low), abs(e.ci_high))
    detail = (
        f"A hidden cause as strong as {name} would move the effect by {bias:.3g}; the interval's nearer end is "
        f"{near:.3g} from 0."
    )
    return Check(bias, None, near, bias < near, detail)


def matched_pairs(units: Units, score: Array, caliper: float | None = None) -> Array:
    """The outcome's differences, treated minus control, of pairs without replacement; of rows (n = 1) only.

    Treated units come in descending order of `score`, those hardest to match first, and take the nearest control that
    is left, if one is within the caliper. For tests of pairs (Rosenbaum), which need every control at most once.
    """
    score = np.asarray(score, "float64")
    controls = np.flatnonzero(units.treated == 0)
    controls = controls[np.argsort(score[controls], kind="stable")]
    places, taken = score[controls], np.zeros(len(controls) + 2, "bool")
    # The next control that is left, to either side, found by jumping over those taken.
    left, right = np.arange(len(controls) + 2), np.arange(len(controls) + 2)

    def free(jump: Places, at: int, step: int) -> int:
        path: list[int] = []
        while taken[at]:
            path.append(at)
            at = int(jump[at]) if jump[at] != at else at + step
        jump[path] = at
        return at

    found = []
    treated = np.flatnonzero(units.treated == 1)
    for row in treated[np.argsort(-score[treated], kind="stable")]:
        at = int(np.searchsorted(places, score[row])) + 1  # 0 and the last are no controls
        low, high = free(left, at - 1, -1), free(right, at, 1)
        distance = [abs(score[row] - places[k - 1]) if 1 <= k <= len(places) else math.inf for k in (low, high)]
        best = low if distance[0] <= distance[1] else high
        if min(distance) > (math.inf if caliper is None else caliper * (1 + 1e-9)) or math.isinf(min(distance)):
            continue
        taken[best] = True
        found.append(units.mean[row] - units.mean[controls[best - 1]])
    return np.array(found)


def hidden_bias(differences: ArrayLike, e: Estimate, deviation: float, alpha: float = 0.05) -> Check:
    """How strong a hidden cause of choice and outcome would have to be: Rosenbaum's Γ of pairs, and the E-value.

    The statistic is Γ: the odds of treatment within a pair that would explain the effect away. `passed` is None: how
    much hidden bias there is, no number tells.
    """
    pairs, values = np.asarray(differences, "float64"), e_value_of_difference(e, deviation)
    if values is None or not is_known(e) or len(pairs) < 2:
        why = e.reason or "There are no pairs, or their outcomes do not vary."
        return Check(None, None, None, None, f"No sensitivity to a hidden cause. {why}")
    sign = 1.0 if e.estimate >= 0 else -1.0
    gamma = rosenbaum_sensitivity(sign * pairs, alpha / 2)
    found = f"{len(pairs)} pairs show no effect even without hidden bias"
    if gamma is not None:
        found = f"{len(pairs)} pairs hold up to odds of choosing that differ {gamma:.2g}-fold within a pair"
    detail = f"{found}; the E-value is {values[0]:.2g}, that of the interval's nearer limit {values[1]:.2g}."
    return Check(gamma, None, None, None, detail)


def rosenbaum_bound(differences: ArrayLike, gamma: float) -> float:
    """The largest one-sided p value of Wilcoxon's signed ranks if a hidden bias moves the odds of treatment by Γ.

    `differences` are treated minus control, one a pair, tested for a positive effect; gamma is at least 1 (no bias).
    Rosenbaum (2002), "Observational Studies", section 4.3, with ties and without a correction for continuity. NaN
    when all differences are 0. Raises ValueError for a smaller gamma.
    """
    if gamma < 1:
        raise ValueError(f"gamma must be at least 1, not {gamma:g}.")
    d = np.asarray(differences, "float64")
    ranks = rankdata(np.abs(d))
    counted = ranks[d != 0]
    chance = gamma / (1 + gamma)
    spread = math.sqrt(chance * (1 - chance) * float((counted**2).sum()))
    if spread == 0:
        return math.nan
    return float(ndtr(-(float(ranks[d > 0].sum()) - chance * float(counted.sum())) / spread))


def rosenbaum_sensitivity(differences: ArrayLike, alpha: float = 0.05, largest: float = 100.0) -> float | None:
    """The Γ at which the p value's bound reaches alpha: the hidden bias that would explain the effect away.

    None when it isn't below alpha without any bias; `largest` when no bias up to there explains it.
    """
    if not rosenbaum_bound(differences, 1.0) < alpha:
        return None
    if rosenbaum_bound(differences, largest) < alpha:
        return largest
    return float(brentq(lambda gamma: rosenbaum_bound(differences, gamma) - alpha, 1.0, largest))


def e_value(risk_ratio: float) -> float:
    """How strongly a hidden cause must move both treatment and outcome (risk ratios) to explain a risk ratio away.

    VanderWeele and Ding (2017), "Sensitivity analysis in observational research: introducing the E-value". For ratios
    below 1 that of the inverse. Raises ValueError unless the ratio is above 0.
    """
    if not risk_ratio > 0:
        raise ValueError(f"A risk ratio is above 0, not {risk_ratio:g}.")
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_value_of_difference(estimate: Estimate, deviation: float) -> tuple[float, float] | None:
    """The E-values of a difference of means and of its interval's limit nearest 0, through RR ≈ exp(.91·d).

    `deviation` is the outcome's standard deviation; the same source, table 2. 1 for a limit on the other side of 0.
    None without an estimate or deviation.
    """
    if not is_known(estimate) or math.isnan(estimate.estimate) or not deviation > 0:
        return None
    near = estimate.ci_low if estimate.estimate > 0 else estimate.ci_high
    crosses = near is None or (near > 0) != (estimate.estimate > 0)
    point, limit = (
        e_value(math.exp(0.91 * v / deviation)) for v in (estimate.estimate, 0.0 if crosses or near is None else near)
    )
    return point, limit


def grade_matched(balance: Check, overlapping: Check, placebo: Check | None, hidden: Check) -> tuple[str, str | None]:
    """C when balance, overlap and placebo pass, and no hidden cause as strong as the strongest covariate would overturn
    it; D otherwise, with the sentences that say why.

    A check that could not be made is not one that passed.
    """
    checks = {
        "Balance": balance,
        "Overlap": overlapping,
        "Placebo": placebo or Check(None, None, PLACEBO_ALPHA, None, "There is no outcome from before."),
        "Robustness to a hidden cause": hidden,
    }
    reasons = []
    for name, check in checks.items():
        if check.passed is not True:
            word = "fails" if check.passed is False else "could not be checked"
            reasons.append(f"{name} {word}: {check.detail}")
    return ("D" if reasons else "C"), " ".join(reasons) or None
