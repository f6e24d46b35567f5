"""Moments as SQL hands them over, from one row per unit."""

import math
from dataclasses import replace

import numpy as np

from ai_impact_stats.estimators.adjustment import ClusterProducts, JointMoments
from ai_impact_stats.estimators.moments import Arm, Shared, UnitMoments


def arm_of_sums(total, total_squares, n):
    """From Σy, Σy² and n, as published."""
    return Arm(n, total / n, (total_squares - total * total / n) / (n - 1))


def joint_moments(y, x, z=None):
    """y and z of n entries, x of shape (n, k)."""
    y, x = np.asarray(y, "float64"), np.asarray(x, "float64")
    rows = np.column_stack([y, np.ones(len(y)) if z is None else z, x])
    nothing = np.full(rows.shape[1], math.nan)
    covariance = np.cov(rows, rowvar=False) if len(y) > 1 else np.full((rows.shape[1],) * 2, math.nan)
    return JointMoments(len(y), rows.mean(axis=0) if len(y) else nothing, covariance)


def crossed_moments(treated, cluster, y, z=None, x=None):
    """Treatment and control, whose clusters may hold units of both; x is centred here."""
    treated, cluster, y = np.asarray(treated) == 1, np.asarray(cluster), np.asarray(y, "float64")
    z = np.ones(len(y)) if z is None else np.asarray(z, "float64")
    labels, index = np.unique(cluster, return_inverse=True)
    centre = float(y.sum() / z.sum())
    pair, totals, there = [], [], []
    for arm in (treated, ~treated):
        parts = {} if x is None else {"x": x[arm], "x_centre": x.mean()}
        pair.append(UnitMoments.from_clusters(cluster[arm], y[arm], z[arm], **parts))
        totals.append([np.bincount(index[arm], v[arm], len(labels)) for v in (y - centre * z, z)])
        there.append(np.bincount(index[arm], minlength=len(labels)) > 0)
    sums = (float(a @ b) for a in totals[0] for b in totals[1])
    return replace(pair[0], shared=Shared(int((there[0] & there[1]).sum()), centre, *sums)), pair[1]


def _totals(index, y, x, z, length):
    return np.array([np.bincount(index, v, length) for v in (np.ones(len(y)), x, x * x, x * y, x * z, y, z)])


def cluster_products(cluster, y, x, z=None):
    """One arm, with the cluster that each unit belongs to."""
    _, index = np.unique(np.asarray(cluster), return_inverse=True)
    y, x = np.asarray(y, "float64"), np.asarray(x, "float64")
    totals = _totals(index, y, x, np.ones(len(y)) if z is None else z, index.max(initial=-1) + 1)
    n = totals.shape[1]
    return ClusterProducts(n, totals.mean(axis=1), np.cov(totals) if n > 1 else np.full((7, 7), math.nan))


def crossed_products(treated, cluster, y, x):
    """Treatment and control, whose clusters may hold units of both."""
    treated, z = np.asarray(treated) == 1, np.ones(len(y))
    labels, index = np.unique(np.asarray(cluster), return_inverse=True)
    t, c = (_totals(index[arm], y[arm], x[arm], z[arm], len(labels)) for arm in (treated, ~treated))
    pair = [cluster_products(index[arm], y[arm], x[arm]) for arm in (treated, ~treated)]
    return replace(pair[0], n_shared=int(((t[0] > 0) & (c[0] > 0)).sum()), cross=t @ c.T), pair[1]
