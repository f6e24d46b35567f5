"""The chance of being treated, given what was known before: fit, overlap, and the weights that follow from it."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from .arrays import Array, ArrayLike
from .checks import Check
from .linear import full_rank, one_thread

LINKS = ("logit", "probit")
# A linear predictor beyond this is on its way to infinity: a covariate separates the arms.
SEPARATED = 30.0
ROUNDS, CONVERGED = 60, 1e-10

# Overlap: the share of the treated beyond the control's range, the largest weight's share of an arm, the effective
# units as a share of the units. Beyond these the estimate hangs on few units, or on the model.
OUTSIDE_LIMIT, HEAVIEST_LIMIT, EFFECTIVE_LIMIT = 0.05, 0.05, 0.2


@dataclass(frozen=True, slots=True)
class Units:
    """Units, or cells of units with equal arm and covariates: one entry each.

    `treated` is 0 or 1; `x` (entries, k) are covariates from before the treatment, without a constant; `mean` and
    `scatter` the outcome's mean and the sum of squares about it; `n` counts units. Estimates from cells equal those
    from the rows, to rounding, when x is constant within a cell.
    """

    treated: Array
    x: Array
    mean: Array
    n: Array
    scatter: Array

    @classmethod
    def of(
        cls,
        treated: ArrayLike,
        x: ArrayLike,
        mean: ArrayLike,
        n: ArrayLike | None = None,
        scatter: ArrayLike | None = None,
    ) -> "Units":
        """From sequences; n is 1 and the scatter 0 where not given, as for rows."""
        arm, columns = np.asarray(treated, "float64"), np.asarray(x, "float64")
        size = len(arm)
        return cls(
            arm,
            columns.reshape(size, -1) if columns.ndim < 2 and size else columns.reshape(size, columns.shape[-1]),
            np.asarray(mean, "float64"),
            np.ones(size) if n is None else np.asarray(n, "float64"),
            np.zeros(size) if scatter is None else np.asarray(scatter, "float64"),
        )

    @property
    def sizes(self) -> tuple[int, int]:
        """Units in treatment and in control."""
        return int(self.n[self.treated == 1].sum()), int(self.n[self.treated == 0].sum())

    def with_outcome(self, mean: ArrayLike, scatter: ArrayLike | None = None) -> "Units":
        """The same units with another outcome, as one of the past."""
        return Units.of(self.treated, self.x, mean, self.n, scatter)

    def problem(self) -> str | None:
        """Why nothing can be estimated from these units, if so."""
        if not len(self.n) or self.n.sum() == 0:
            return "There are no units."
        for arm, size in zip(("treatment", "control"), self.sizes, strict=True):
            if size < 2:
                return f"The {arm} arm has {size} unit{'' if size == 1 else 's'}: at least 2 are needed."
        if not all(np.isfinite(v).all() for v in (self.x, self.mean, self.n, self.scatter)):
            return "A value of the outcome or of a covariate is missing."
        return None


@dataclass(frozen=True, slots=True)
class Propensity:
    """A fitted model of treatment: `score` is the chance an entry has, `slope` its derivative by the linear predictor.

    `influence` (entries, p) is a unit's influence on the p coefficients, `design` (entries, p) the columns they
    belong to, standardised, with the constant.
    """

    score: Array
    slope: Array
    influence: Array
    design: Array


def standardised(units: Units) -> Array:
    """The constant, and covariates with mean 0 and variance 1 (those that don't vary are left out)."""
    total = units.n.sum()
    centred = units.x - units.n @ units.x / total
    scale = np.sqrt(np.einsum("i,ij,ij->j", units.n, centred, centred) / total)
    level = np.maximum(units.x.max(axis=0, initial=0.0), -units.x.min(axis=0, initial=0.0))
    varies = scale > 1e-12 * np.maximum(level, 1e-300)
    if not varies.all():
        centred, scale = centred[:, varies], scale[varies]
    design = np.empty((len(units.n), 1 + len(scale)))
    design[:, 0] = 1
    np.divide(centred, scale, out=design[:, 1:])
    return design


@one_thread
def fit_propensity(units: Units, link: str = "logit") -> Propensity | str:
    """The binomial regression of treatment on covariates by maximum likelihood, or why it has no solution.

    Cells are fitted as grouped data, which equals rows exactly. Refuses, with a sentence, an arm without units,
    covariates that determine each other, and separation: covariates that tell some units' arm with certainty. Raises
    ValueError for an unknown link.
    """
    if link not in LINKS:
        raise ValueError(f"The link {link} is unknown: use one of {', '.join(LINKS)}.")
    problem = units.problem()
    if problem:
        return problem
    design = standardised(units)
    if not full_rank(design * np.sqrt(units.n)[:, None]):
        return "The covariates are collinear, or there are more of them than units: leave some out."
    beta = np.zeros(design.shape[1])
    share = float(units.n @ units.treated / units.n.sum())
    beta[0] = math.log(share / (1 - share)) if link == "logit" else 0.0
    likelihood = -math.inf
    for _ in range(ROUNDS):
        if np.abs(design @ beta).max() > SEPARATED:
            return _SEPARATION
        score, slope = _chance(design @ beta, link)
        gradient, information = _derivatives(units, design, score, slope)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return _SEPARATION
        # Halved until the likelihood rises: far from the solution a full step may overshoot.
        for _ in range(30):
            reached = _likelihood(units, design @ (beta + step), link)
            if reached >= likelihood - 1e-9 * abs(likelihood) or not math.isfinite(likelihood):
                break
            step = step / 2
        beta, likelihood = beta + step, reached
        if np.abs(step).max() < CONVERGED * (1 + np.abs(beta).max()):
            break
    else:
        return _SEPARATION
    score, slope = _chance(design @ beta, link)
    _, information = _derivatives(units, design, score, slope)
    unit_score = ((units.treated - score) * slope / (score * (1 - score)))[:, None] * design
    influence = unit_score @ np.linalg.inv(information) * units.n.sum()
    return Propensity(score, slope, influence, design)


_SEPARATION = "The covariates predict some units' arm with certainty (separation), so weights are undefined."


def _chance(predictor: Array, link: str) -> tuple[Array, Array]:
    if link == "logit":
        score = expit(predictor)
        return score, score * (1 - score)
    return ndtr(predictor), np.exp(-(predictor**2) / 2) / math.sqrt(2 * math.pi)


def _derivatives(units: Units, design: Array, score: Array, slope: Array) -> tuple[Array, Array]:
    spread = np.maximum(score * (1 - score), 1e-300)
    gradient = design.T @ (units.n * (units.treated - score) * slope / spread)
    information = (design * (units.n * slope**2 / spread)[:, None]).T @ design
    return gradient, information


def _likelihood(units: Units, predictor: Array, link: str) -> float:
    score = np.clip(_chance(predictor, link)[0], 1e-300, None)
    other = np.clip(_chance(-predictor, link)[0], 1e-300, None)
    return float(units.n @ (units.treated * np.log(score) + (1 - units.treated) * np.log(other)))


def overlap(units: Units, propensity: Propensity, weights: Array) -> Check:
    """The check that every treated unit has its like among the controls, for the weights that an estimate uses.

    `weights` holds one weight a unit of the entry. Fails when more than 5 % of the treated lie outside the range of
    the control's scores, when one unit carries more than 5 % of its arm's weight, or when the weights leave less than
    20 % of an arm's units effective (Kish: (Σw)²/Σw²). The statistic is the first of these shares.
    """
    treated, n, score = units.treated == 1, units.n, propensity.score
    if not min(units.sizes) or not np.isfinite(np.concatenate([score, weights])).all():
        return Check(None, None, OUTSIDE_LIMIT, None, "An arm has no units, or their scores or weights are not known.")
    low, high = score[~treated].min(), score[~treated].max()
    outside = treated & ((score < low) | (score > high))
    share = float(n[outside].sum() / n[treated].sum())
    effective, heaviest = [], 0.0
    for arm in (treated, ~treated):
        w, m = weights[arm], n[arm]
        total = float(m @ w)
        effective.append(total**2 / float(m @ w**2) if total > 0 else 0.0)
        heaviest = max(heaviest, float(w.max()) / total if total > 0 else 1.0)
    sizes = units.sizes
    # Of ten units each has a tenth: what is heavy depends on how many there are.
    limit = max(HEAVIEST_LIMIT, 5 / min(sizes))
    passed = share <= OUTSIDE_LIMIT and heaviest <= limit
    passed &= all(e >= EFFECTIVE_LIMIT * size for e, size in zip(effective, sizes, strict=True))
    detail = (
        f"{share:.0%} of the treated lie outside the control's range; {effective[0]:.0f} of {sizes[0]} treated and "
        f"{effective[1]:.0f} of {sizes[1]} control units are effective; the heaviest has {heaviest:.1%} of the weight."
    )
    return Check(share, None, OUTSIDE_LIMIT, bool(passed), detail)
