"""Correction of p values over a family of tests. Missing values stay missing and don't count."""

import numpy as np


def holm(p_values) -> np.ndarray:
    """Holm (1979), "A simple sequentially rejective multiple test procedure": bounds the chance of any false positive.

    Takes a sequence of p values (NaN or None for a test that was not made); returns adjusted ones in the same order.
    """
    return _adjusted(p_values, _holm)


def benjamini_hochberg(p_values) -> np.ndarray:
    """Benjamini and Hochberg (1995), "Controlling the false discovery rate": bounds the expected share of
    false positives among the positives. Same input and output as `holm`."""
    return _adjusted(p_values, _benjamini_hochberg)


def _adjusted(p_values, procedure) -> np.ndarray:
    p = np.array([np.nan if v is None else v for v in p_values], dtype="float64")
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    if len(order):
        adjusted[order] = np.minimum(procedure(p[order]), 1)
    return adjusted


def _holm(ascending: np.ndarray) -> np.ndarray:
    left = len(ascending) - np.arange(len(ascending))
    return np.maximum.accumulate(ascending * left)


def _benjamini_hochberg(ascending: np.ndarray) -> np.ndarray:
    ranks = np.arange(1, len(ascending) + 1)
    return np.minimum.accumulate((ascending * len(ascending) / ranks)[::-1])[::-1]
