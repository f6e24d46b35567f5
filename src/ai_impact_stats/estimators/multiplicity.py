"""Correction of p values over a family of tests. Missing values stay missing and don't count."""

from collections.abc import Callable, Sequence

import numpy as np
from statsmodels.stats.multitest import fdrcorrection

from .arrays import Array


def holm(p_values: Sequence[float | None] | Array) -> Array:
    """Holm (1979), "A simple sequentially rejective multiple test procedure": bounds the chance of any false positive.

    Takes a sequence of p values (NaN or None for a test that was not made); returns adjusted ones in the same order.
    """
    return _adjusted(p_values, _holm)


def benjamini_hochberg(p_values: Sequence[float | None] | Array) -> Array:
    """Benjamini and Hochberg (1995), "Controlling the false discovery rate": bounds the expected share of
    false positives among the positives. Same input and output as `holm`."""
    return _adjusted(p_values, lambda known: fdrcorrection(known)[1])


def _adjusted(p_values: Sequence[float | None] | Array, procedure: Callable[[Array], Array]) -> Array:
    p = np.array([np.nan if v is None else v for v in p_values], dtype="float64")
    known = ~np.isnan(p)
    if known.any():
        p[known] = procedure(p[known])
    return p


def _holm(p: Array) -> Array:
    """The same as statsmodels' `multipletests`, which collects garbage in every call and takes a third of a second."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted
