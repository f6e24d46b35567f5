"""Least squares on cells of equal covariates: what differences-in-differences and matched controls share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar, cast

import numpy as np

from .arrays import Array, ArrayLike

# Tall and narrow matrices, and trees of few leaves, are split among threads every few rows: threads that wait for each
# other there take ten times as long as one, and beside other work on the same cores a hundred times.
try:
    from threadpoolctl import threadpool_limits
except ModuleNotFoundError:  # Slower, but right.
    threadpool_limits = None

P = ParamSpec("P")
R = TypeVar("R")


def one_thread(function: Callable[P, R]) -> Callable[P, R]:
    return cast(Callable[P, R], threadpool_limits.wrap(limits=1)(function)) if threadpool_limits else function


# Below this share of the largest, a diagonal entry of the triangular factor is rounding: columns repeat each other.
RANK_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Fit:
    """`beta` of k coefficients, their covariance (k, k), the degrees of freedom of their t distribution."""

    beta: Array
    covariance: Array
    df: float


def full_rank(design: Array) -> bool:
    """Do the columns (in their own units) determine no other column?"""
    scale = np.sqrt(np.einsum("ij,ij->j", design, design))
    if len(design) < design.shape[1] or not (scale > 0).all():
        return False
    diagonal = np.abs(np.diag(np.linalg.qr(design / scale, mode="r")))
    return bool(diagonal.min() > RANK_TOLERANCE * diagonal.max())


def least_squares(
    design: ArrayLike,
    mean: ArrayLike,
    n: ArrayLike | None = None,
    scatter: ArrayLike | None = None,
    errors: str = "classical",
    cluster: ArrayLike | None = None,
) -> Fit | str:
    """Ordinary least squares of the units behind the cells, or the reason why it is impossible.

    `design` (cells, k) holds a cell's covariates with the constant, `mean` its mean of the outcome, `n` its units
    (1), `scatter` the sum of squares about the mean (0). One row per unit is the special case of one cell a unit.
    `errors`: classical (one variance), HC0, HC1 (White 1980), or `cluster` by the labels in `cluster` (Liang and
    Zeger 1986) with G/(G - 1)·(N - 1)/(N - k) and G - 1 degrees of freedom. Coefficients are in the outcome's unit per
    unit of the covariate. Raises ValueError for an unknown kind of errors.
    """
    design, mean = np.asarray(design, "float64"), np.asarray(mean, "float64")
    n = np.ones(len(mean)) if n is None else np.asarray(n, "float64")
    scatter = np.zeros(len(mean)) if scatter is None else np.asarray(scatter, "float64")
    if not all(np.isfinite(v).all() for v in (design, mean, n, scatter)):
        return "A value of the outcome or of a covariate is missing."
    root, rows, k = np.sqrt(n), n.sum(), design.shape[1]
    if rows <= k or not full_rank(design * root[:, None]):
        return "There are too few units for the covariates, or the covariates are collinear."
    scale = np.sqrt((n @ design**2) / rows)
    q, r = np.linalg.qr(design / scale * root[:, None])
    beta = np.linalg.solve(r, q.T @ (root * mean))
    residual = mean - design / scale @ beta
    # A unit's weight in every coefficient: (X'X)⁻¹x.
    weight = np.linalg.solve(r, q.T) / root
    df = float(rows - k)
    if errors == "classical":
        variance = (scatter.sum() + n @ residual**2) / df
        inverse = np.linalg.inv(r)
        covariance = variance * inverse @ inverse.T
    elif errors in ("HC0", "HC1"):
        squares = scatter + n * residual**2
        covariance = (weight * squares) @ weight.T * (rows / df if errors == "HC1" else 1)
    elif errors == "cluster":
        labels, index = np.unique(np.asarray(cluster), return_inverse=True)
        if len(labels) < 2:
            return "There are fewer than two clusters."
        totals = np.zeros((len(labels), k))
        np.add.at(totals, index, (weight * (n * residual)).T)
        df = float(len(labels) - 1)
        covariance = totals.T @ totals * len(labels) / df * (rows - 1) / (rows - k)
    else:
        raise ValueError(f"The kind of errors {errors} is unknown: use classical, HC0, HC1 or cluster.")
    return Fit(beta / scale, covariance / np.outer(scale, scale), df)
