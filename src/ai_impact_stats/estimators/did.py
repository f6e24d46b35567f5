"""Differences-in-differences: two periods, and rollouts in stagger, from the moments of cohorts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, chndtr, chndtrinc, ndtr

from ..wording import counted, counted_of
from .arrays import Array, ArrayLike, Counts, Flags
from .checks import Check, relevant_bias
from .estimate import Estimate, as_share, is_known, missing, quantile, two_sided_p, wald
from .linear import least_squares
from .moments import Arm
from .multiplicity import holm

CONTROLS = ("never_treated", "not_yet_treated")
BASES = ("varying", "universal")
AGGREGATES = ("simple", "dynamic", "group", "calendar")
PRE_TREND_ALPHA = 0.05
# With fewer units (or clusters) of a start, their own variance says too little: that of all starts stands for it.
FEW_OWN = 10
# A line before treatment, and whether it bends, take as many periods.
LEAST_LINE = 4
# Draws of the simultaneous critical value, and their seed: the same table gives the same band.
DRAWS, SEED = 20_000, 20_240_501
# What an estimate is the effect of: (first treated period, period), (periods since treatment,), ("overall",) …
Label = tuple[Any, ...]


def two_by_two(treatment: Arm, control: Arm, periods: int = 2, alpha: float = 0.05) -> Estimate:
    """The 2×2 difference-in-differences of a balanced panel, with errors clustered by unit.

    Each arm holds n units and the mean and sample variance of their change, mean after minus mean before; `periods` is
    the number of rows a unit has in the panel. It equals least squares on arm, period and their product, with Liang
    and Zeger's errors and the factor G/(G - 1)·(N - 1)/(N - 4) for G units and N rows, on G - 1 degrees of freedom.
    No estimate, with a reason, for an arm of fewer than 2 units or changes that don't vary.
    """
    n1, n0 = treatment.n, control.n
    if min(n1, n0) < 2:
        name = "treatment" if n1 < 2 else "control"
        return missing(
            f"The {name} arm has {counted(min(n1, n0), 'unit')}: 2 are needed to know how changes vary.", n1, n0
        )
    if not all(math.isfinite(v) for arm in (treatment, control) for v in (arm.mean, arm.variance)):
        return missing("A unit has no value before or after.", n1, n0)
    g, rows = n1 + n0, (n1 + n0) * periods
    squares = sum((arm.n - 1) * arm.variance / arm.n**2 for arm in (treatment, control))
    variance = squares * g / (g - 1) * (rows - 1) / (rows - 4)
    if variance <= 1e-28 * (treatment.mean**2 + control.mean**2) or variance == 0:
        return missing("The changes don't vary, so there is no standard error.", n1, n0)
    return wald(treatment.mean - control.mean, variance, g - 1, n1, n0, alpha)


def two_by_two_cells(
    treated: ArrayLike,
    after: ArrayLike,
    mean: ArrayLike,
    n: ArrayLike | None = None,
    scatter: ArrayLike | None = None,
    x: ArrayLike | None = None,
    errors: str = "classical",
    cluster: ArrayLike | None = None,
    alpha: float = 0.05,
) -> Estimate:
    """The 2×2 difference-in-differences of repeated cross-sections, or with covariates: least squares on cells.

    `treated` and `after` are 0 or 1 a cell, `x` are its covariates (cells, k) or None; the rest as in
    `least_squares`. The effect is the coefficient of the product. Rows are cells of one unit.
    """
    arm, late = np.asarray(treated, "float64"), np.asarray(after, "float64")
    units = np.ones(len(arm)) if n is None else np.asarray(n, "float64")
    sizes = int(units[arm == 1].sum()), int(units[arm == 0].sum())
    if any(not ((arm == t) & (late == a)).any() for t in (0, 1) for a in (0, 1)):
        return missing("Both arms need units before and after.", *sizes)
    columns = [np.ones(len(arm)), arm, late, arm * late]
    if x is not None:
        columns.append(np.asarray(x, "float64").reshape(len(arm), -1))
    fit = least_squares(np.column_stack(columns), mean, units, scatter, errors, cluster)
    if isinstance(fit, str):
        return missing(fit, *sizes)
    variance = float(fit.covariance[3, 3])
    if not variance > 0:
        return missing("The outcome leaves no variance, so there is no standard error.", *sizes)
    return wald(float(fit.beta[3]), variance, fit.df, *sizes, alpha)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Units that were first treated in one period, and came in one: what a staggered comparison needs of them.

    `first` is the index (from 0) of the first treated period, None for units that never are. `mean` holds the
    outcome's mean in each of the T periods, `scatter` (T, T) the sums of products about it: Σ(Y - mean)(Y - mean)'.
    `entered` is the index of the first period that the units were there in: before it the mean is NaN, the scatter 0.
    """

    first: int | None
    n: int
    mean: Array
    scatter: Array
    entered: int = 0


@dataclass(frozen=True, slots=True)
class Clusters:
    """What errors by cluster need of K cohorts over T periods.

    `count` (G, G) are the clusters that the units of two starts (`Panel.starts`) share, on the diagonal those of each.
    `moments` (K·(T + 1), K·(T + 1)) is Σtt' over clusters, where t holds, cohort by cohort, the cluster's units and its
    T sums of Y - mean, the cohort's mean.
    """

    count: Counts
    moments: Array


@dataclass(frozen=True, slots=True)
class Panel:
    """Cohorts over the same T periods, and what had to be left out to get there (a sentence each)."""

    cohorts: list[Cohort]
    notes: list[str] = field(default_factory=list)
    clusters: Clusters | None = None

    @property
    def periods(self) -> int:
        return len(self.cohorts[0].mean) if self.cohorts else 0

    @property
    def starts(self) -> list[int | None]:
        return starts_of(self.cohorts)

    def sizes(self) -> dict[int | None, int]:
        """Of each start the units, or the clusters where errors are by cluster."""
        if self.clusters is not None:
            return dict(zip(self.starts, map(int, np.diag(self.clusters.count)), strict=True))
        return {start: sum(c.n for c in self.cohorts if c.first == start) for start in self.starts}

    def without(self, starts: Sequence[int | None], notes: Sequence[str]) -> "Panel":
        """The panel without the units of some starts."""
        kept = [k for k, c in enumerate(self.cohorts) if c.first not in starts]
        clusters = self.clusters
        if clusters is not None:
            groups = [g for g, start in enumerate(self.starts) if start not in starts]
            size = self.periods + 1
            rows = np.concatenate([np.arange(k * size, (k + 1) * size) for k in kept] or [np.zeros(0, "int64")])
            clusters = Clusters(clusters.count[np.ix_(groups, groups)], clusters.moments[np.ix_(rows, rows)])
        return Panel([self.cohorts[k] for k in kept], [*self.notes, *notes], clusters)


def starts_of(cohorts: Sequence[Cohort]) -> list[int | None]:
    """The periods in which units start, each once, in the order of the cohorts."""
    return list(dict.fromkeys(c.first for c in cohorts))


def cohorts_from_rows(
    y: ArrayLike, first: ArrayLike, cluster: ArrayLike | None = None, entered: ArrayLike | None = None
) -> Panel:
    """Cohorts of a panel of rows: outcomes (units, T) with NaN for gaps, and the first treated period of each unit.

    `first` counts from 0; -1 or T and later mean never within the panel. Units with a gap are left out and counted in
    the notes. With a label of `cluster` for each unit, errors are by cluster. `entered` is the first period that each
    unit was there in, 0 where it is not given: NaN before it is no gap.
    """
    rows, start = np.asarray(y, "float64"), np.asarray(first, "int64")
    periods = np.arange(rows.shape[1])
    came = np.zeros(len(rows), "int64") if entered is None else np.asarray(entered, "int64")
    notes, whole = [], (np.isfinite(rows) | (periods < came[:, None])).all(axis=1)
    if not whole.all():
        gaps = counted_of(int((~whole).sum()), len(rows), "unit", "has", "have")
        notes.append(f"{gaps} a gap in the panel: left out.")
    start = np.where((start < 0) | (start >= len(periods)), -1, start)
    cohorts, blocks = [], []
    names, index = np.unique(np.zeros(len(rows)) if cluster is None else np.asarray(cluster), return_inverse=True)
    for g in np.unique(start[whole]):
        for e in np.unique(came[whole & (start == g)]):
            own = whole & (start == g) & (came == e)
            mean = np.where(periods >= e, rows[own].mean(axis=0), np.nan)
            centred = np.nan_to_num(rows[own] - mean)
            cohorts.append(Cohort(None if g < 0 else int(g), len(centred), mean, centred.T @ centred, int(e)))
            block = np.zeros((len(names), len(periods) + 1))
            np.add.at(block, index[own], np.column_stack([np.ones(len(centred)), centred]))
            blocks.append(block)
    if cluster is None or not blocks:
        return Panel(cohorts, notes)
    totals, starts = np.hstack(blocks), starts_of(cohorts)
    units = np.column_stack([b[:, 0] for b in blocks])
    member = np.array([[c.first == start for start in starts] for c in cohorts])
    seen = (units @ member > 0).astype("int64")
    return Panel(cohorts, notes, Clusters(seen.T @ seen, totals.T @ totals))


def before_after(panel: Panel) -> "Effects | str":
    """The 2×2 difference-in-differences of a panel in which all treated units start together, or why there is none.

    Labels are ("overall",), the effect: the change of the treated units' mean from all periods before to all periods
    after the start, less that of the units never treated; and ("observed",), the treated units' mean after the start.
    Of a unit that came later the periods before are those that it was there in.
    """
    starts = [start for start in panel.starts if start]
    if len(starts) > 1:
        return "Units start in several periods: the rollout is staggered, and has no single before and after."
    if not any(c.entered < start for start in starts for c in panel.cohorts if c.first == start):
        return "No cohort is treated within the panel after its first period, so there is no past to compare with."
    first, cohorts = starts[0], panel.cohorts
    treated = [k for k, c in enumerate(cohorts) if c.first == first and c.entered < first]
    never = [k for k, c in enumerate(cohorts) if c.first is None and c.entered < first]
    if not never:
        return "No unit is never treated, so there is nothing to compare with."
    total, time = sum(c.n for c in cohorts), np.arange(panel.periods)
    after = np.where(time >= first, 1 / (panel.periods - first), 0.0)
    early = [(time < first) & (time >= c.entered) for c in cohorts]
    changes = [after - np.where(e, 1 / max(int(e.sum()), 1), 0) for e in early]
    always = [after] * len(cohorts)
    parts = [(treated, changes, 1), (never, changes, -1)], [(treated, always, 1)]
    estimate = np.zeros(2)
    slope, shift = np.zeros((2, len(cohorts), panel.periods)), np.zeros((2, len(cohorts)))
    for row, sides in enumerate(parts):
        for members, weights, sign in sides:
            size = sum(cohorts[k].n for k in members)
            own = {k: float(weights[k] @ np.nan_to_num(cohorts[k].mean)) for k in members}
            level = sum(cohorts[k].n * own[k] for k in members) / size
            estimate[row] += sign * level
            for k in members:
                slope[row, k], shift[row, k] = sign * total / size * weights[k], sign * total / size * (own[k] - level)
    nobody = np.zeros(shift.shape, "bool")
    return Effects([("overall",), ("observed",)], estimate, shift, slope, cohorts, panel.clusters, nobody)


def two_by_two_panel(panel: Panel, relative: bool = False, alpha: float = 0.05) -> Estimate:
    """`before_after` with the errors of least squares on arm, after and their product, clustered by unit or cluster.

    Liang and Zeger's errors with G/(G - 1)·(N - 1)/(N - 4) for G units (or clusters) and N rows, on G - 1 degrees of
    freedom; from cohort moments they equal those of the rows. With fewer than FEW_OWN units in an arm their variance
    is pooled: of two treated units the own variance is 0 by chance, and finds what is not there. `relative`: as a share
    of what the treated would have had, with Fieller's interval. No estimate, with a reason, with fewer than 2 units
    (clusters) in an arm.
    """
    effects = before_after(panel)
    if isinstance(effects, str):
        total, control = sum(c.n for c in panel.cohorts), sum(c.n for c in panel.cohorts if c.first is None)
        return missing(effects, total - control, control)
    checked = estimates(effects.select([0]), alpha)[("overall",)]
    if checked.estimate is None:
        return checked
    sizes = checked.n_treatment, checked.n_control
    turn = np.array([[-1.0, 1.0], [0.0, 1.0]])  # the level without treatment, and the level with it
    if effects.is_pooled:
        covariance, df = effects.covariance(small=True), float(effects.degrees()[0])
        return _two_by_two(effects, covariance, df, turn, sizes, relative, alpha)
    used = np.any(effects.slope[0], axis=1)
    rows = sum(c.n * (panel.periods - c.entered) for c, is_used in zip(panel.cohorts, used, strict=True) if is_used)
    g = int(effects.sizes[:, 0].sum())
    if effects.clusters is not None:
        # A cluster with units of both arms counts once.
        arms = np.flatnonzero(effects.sizes[:, 0])
        g -= int(effects.clusters.count[arms[0], arms[1]])
    covariance = effects.covariance() * g / (g - 1) * (rows - 1) / (rows - 4)
    return _two_by_two(effects, covariance, g - 1, turn, sizes, relative, alpha)


def _two_by_two(
    effects: "Effects", covariance: Array, df: float, turn: Array, sizes: tuple[int, int], relative: bool, alpha: float
) -> Estimate:
    absolute = wald(float(effects.estimate[0]), float(covariance[0, 0]), df, *sizes, alpha)
    if not relative:
        return absolute
    (v_zero, v_both), (_, v_one) = turn @ covariance @ turn.T
    return as_share(absolute, float(effects.estimate[1] - effects.estimate[0]), (v_zero, v_both, v_one), alpha)


@dataclass(frozen=True, slots=True)
class Effects:
    """m estimates that are linear in cohort means: the numbers, and every unit's influence on them.

    A unit of cohort k with outcomes Y has influence `shift[:, k] + slope[:, k] @ (Y - mean_k)`; `shift` is (m, K),
    `slope` is (m, K, T). `n` is the number of units in all. `cohorts` are those of the panel, in order. `members` are
    the cohorts (m, K) of which an estimate is the effect, none where it doesn't weigh by them. Units of one start are
    a sample together, whenever they came: their spread has one divisor.
    """

    labels: list[Label]
    estimate: Array
    shift: Array
    slope: Array
    cohorts: Sequence[Cohort]
    clusters: Clusters | None
    members: Flags

    @property
    def n(self) -> int:
        return sum(c.n for c in self.cohorts)

    @property
    def _samples(self) -> Flags:
        """(G, K): is the cohort of that start?"""
        return np.array([[c.first == start for c in self.cohorts] for start in starts_of(self.cohorts)])

    @property
    def sizes(self) -> Counts:
        """(G, m): of each start the units that an estimate uses, or its clusters where errors are by cluster."""
        used = (np.any(self.slope, axis=2) | (self.shift != 0)) * np.array([c.n for c in self.cohorts])
        units = self._samples @ used.T
        return units if self.clusters is None else np.where(units > 0, np.diag(self.clusters.count)[:, None], 0)

    @property
    def is_pooled(self) -> bool:
        """Is a start so small that the variance within starts is pooled? Not where clusters have units of several."""
        used = np.any(self.slope, axis=(0, 2))
        sizes = [size for size, own in zip(self._all_sizes(), self._samples, strict=True) if (own & used).any()]
        if not sizes or not 2 <= min(sizes) < FEW_OWN or self.clusters is None:
            return bool(sizes) and 2 <= min(sizes) < FEW_OWN
        alone = bool((self.clusters.count == np.diag(np.diag(self.clusters.count))).all())
        return alone and len(self.cohorts) == len(self.clusters.count)

    def _all_sizes(self) -> list[int]:
        if self.clusters is not None:
            return [int(size) for size in np.diag(self.clusters.count)]
        return [sum(c.n for c, is_own in zip(self.cohorts, own, strict=True) if is_own) for own in self._samples]

    def _pooled_parts(self) -> Array:
        """As `parts`, with one matrix of covariances within starts for all: Donald and Lang (2007), "Inference with
        difference-in-differences and other panel data", section 2, of units that vary alike whatever their arm."""
        blocks = np.zeros((len(self._samples), len(self.labels), len(self.labels)))
        if self.clusters is not None:
            size = self.slope.shape[2] + 1
            own = [self.clusters.moments[k * size : (k + 1) * size, k * size : (k + 1) * size] for k in
                   range(len(self.cohorts))]  # fmt: skip
            counts = np.diag(self.clusters.count).astype("float64")
            pooled = np.sum(own, axis=0) / self._pooled_df()
            influence = np.concatenate([self.shift[:, :, None], self.slope], axis=2)
            for g, members in enumerate(map(np.flatnonzero, self._samples)):
                i = influence[:, members[0]]
                blocks[g] = counts[g] * i @ pooled @ i.T
            return blocks / self.n**2
        there = np.arange(self.slope.shape[2]) >= np.array([[c.entered] for c in self.cohorts])
        n = np.array([c.n for c in self.cohorts], "float64")
        freedom = np.einsum("k,kt,ks->ts", n - 1, there, there)
        total = np.sum([c.scatter for c in self.cohorts], axis=0)
        pooled = np.divide(total, freedom, out=np.zeros_like(freedom), where=freedom > 0)
        for g, members in enumerate(map(np.flatnonzero, self._samples)):
            for k in members:
                c, a = self.slope[:, k], self.shift[:, k]
                blocks[g] += n[k] * (c @ pooled @ c.T + np.outer(a, a))
        return blocks / self.n**2

    def _pooled_df(self) -> float:
        return float(max(sum(self._all_sizes()) - len(self.cohorts), 1))

    def _by_cluster(self, clusters: Clusters) -> Array:
        """(K, K, m, m): Σψψ' over clusters, of each two cohorts' parts of a cluster's influence."""
        k = len(self.cohorts)
        influence = np.concatenate([self.shift[:, :, None], self.slope], axis=2)
        size = influence.shape[2]
        moments = clusters.moments.reshape(k, size, k, size)
        products: Array = np.einsum("aki,kilj,blj->klab", influence, moments, influence, optimize=True)
        return products

    def parts(self, small: bool = False) -> Array:
        """Each start's part of the covariance, (G, m, m): Σψψ' over its units (or clusters), divided by n².

        `small`: variances with divisor n - 1, and where a start has fewer than FEW_OWN units, pooled over starts.
        """
        if small and self.is_pooled:
            return self._pooled_parts()
        sizes, samples = self.sizes.astype("float64"), self._samples
        factor = np.sqrt(np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), 1.0)) if small else np.ones(sizes.shape)
        if self.clusters is not None:
            each = self._by_cluster(self.clusters)
            sums = [each[np.ix_(own, own)].sum(axis=(0, 1)) for own in map(np.flatnonzero, samples)]
            blocks: Array = np.stack(sums)
            return blocks * factor[:, :, None] * factor[:, None, :] / self.n**2
        blocks = np.zeros((len(samples), len(self.labels), len(self.labels)))
        n = np.array([c.n for c in self.cohorts], "float64")
        for g, own in enumerate(map(np.flatnonzero, samples)):
            for k in own:
                c, a = self.slope[:, k], self.shift[:, k]
                blocks[g] += c @ self.cohorts[int(k)].scatter @ c.T + n[k] * np.outer(a, a)
            # What all of a start move together is no spread among them.
            mean = (self.shift[:, own] @ n[own]) / np.sqrt(np.maximum(sizes[g], 1))
            between = np.outer(mean, mean)
            blocks[g] = (blocks[g] - between) * np.outer(factor[g], factor[g]) + between
        return blocks / self.n**2

    def covariance(self, small: bool = False) -> Array:
        """(m, m). `small` as in `parts`."""
        total: Array = self.parts(small).sum(axis=0)
        if self.clusters is None or (small and self.is_pooled):
            return total
        # Clusters that have units of several starts.
        across, samples = self._by_cluster(self.clusters), self._samples
        between: Array = across.sum(axis=(0, 1)) - np.einsum("gk,gl,klab->ab", samples, samples, across)
        return total + between / self.n**2

    def degrees(self) -> Array:
        """Satterthwaite's degrees of freedom of each variance, from n - 1 in each start; all of them where pooled."""
        if self.is_pooled:
            return np.full(len(self.labels), self._pooled_df())
        parts = np.stack([np.diag(b) for b in self.parts(small=True)])
        df = np.maximum(self.sizes - 1, 0).astype("float64")
        with np.errstate(divide="ignore", invalid="ignore"):
            degrees: Array = parts.sum(axis=0) ** 2 / np.where(parts > 0, parts**2 / df, 0).sum(axis=0)
        return degrees

    def select(self, rows: Sequence[int]) -> "Effects":
        index = list(rows)
        parts = (self.estimate[index], self.shift[index], self.slope[index])
        return Effects([self.labels[i] for i in index], *parts, self.cohorts, self.clusters, self.members[index])

    def combine(
        self, label: Label, weights: Array, influence: Array | None = None, members: Flags | None = None
    ) -> "Effects":
        """The one estimate `weights` @ estimate; `influence` (K,) is what estimating the weights adds."""
        shift = weights @ self.shift + (0 if influence is None else influence)
        slope = (weights @ self.slope.reshape(len(weights), -1)).reshape(1, *self.slope.shape[1:])
        estimate = np.array([weights @ self.estimate])
        members = np.zeros(len(self.cohorts), "bool") if members is None else members
        return Effects([label], estimate, shift[None], slope, self.cohorts, self.clusters, members[None])


def stacked(effects: Sequence[Effects]) -> Effects:
    """Several estimates of one panel together."""
    return Effects(
        [label for e in effects for label in e.labels],
        np.concatenate([e.estimate for e in effects]),
        np.concatenate([e.shift for e in effects]),
        np.concatenate([e.slope for e in effects]),
        effects[0].cohorts,
        effects[0].clusters,
        np.concatenate([e.members for e in effects]),
    )


def group_time(panel: Panel, control: str = "never_treated", base: str = "varying") -> Effects | str:
    """The effect on each cohort in each period, against units that aren't treated (yet); or why there is none.

    Callaway and Sant'Anna (2021), "Difference-in-differences with multiple time periods", equation 2.3 without
    covariates. Labels are (first treated period, period). Before treatment the change is from the period before
    (`base` varying) or from the last one before treatment (universal); after it, always from the latter. Units count
    where they were there in both periods. Those treated when they came have no past and are left out, but still count
    among the units. Effects are in the outcome's unit, errors by unit. Raises ValueError for an unknown control or
    base.
    """
    if control not in CONTROLS or base not in BASES:
        raise ValueError(f"Use one of {', '.join(CONTROLS)} as control and one of {', '.join(BASES)} as base.")
    cohorts = panel.cohorts
    if not any(c.first and c.entered < c.first for c in cohorts):
        return "No cohort is treated within the panel after its first period, so there is no past to compare with."
    if control == "never_treated" and not any(c.first is None for c in cohorts):
        return "No unit is never treated: use those not yet treated as control."
    n = np.array([c.n for c in cohorts])
    labels: list[Label] = []
    estimates, shifts, slopes, members = [], [], [], []
    for first in (start for start in panel.starts if start):
        for t in range(0 if base == "universal" else 1, panel.periods):
            before = t - 1 if base == "varying" and t < first else first - 1
            if before == t:
                continue
            there = np.array([c.entered <= min(t, before) for c in cohorts])
            own = there & np.array([c.first == first for c in cohorts])
            other = there & np.array([_is_control(c, first, max(t, before), control) for c in cohorts])
            if not own.any() or not other.any() or (t < first and _is_thinned(cohorts, first, n, own, other)):
                continue
            step = np.zeros(panel.periods)
            step[t], step[before] = 1, -1
            changes = np.array([c.mean[t] - c.mean[before] for c in cohorts])
            effect, shift, slope = 0.0, np.zeros(len(cohorts)), np.zeros((len(cohorts), panel.periods))
            for side, sign in ((own, 1), (other, -1)):
                weight = sign * n.sum() / n[side].sum()
                level = n[side] @ changes[side] / n[side].sum()
                effect += sign * level
                slope[side] = weight * step
                shift[side] = weight * (changes[side] - level)
            labels.append((first, t))
            estimates.append(effect)
            shifts.append(shift)
            slopes.append(slope)
            members.append(own)
    if not labels:
        return "No cohort has units to compare with: all were treated at once, or before the panel starts."
    parts = (np.array(estimates), np.array(shifts), np.array(slopes))
    return Effects(labels, *parts, cohorts, panel.clusters, np.array(members))


def _is_control(cohort: Cohort, first: int, latest: int, control: str) -> bool:
    if cohort.first is None or control == "never_treated":
        return cohort.first is None
    return cohort.first > latest and cohort.first != first


def _is_thinned(cohorts: Sequence[Cohort], first: int, n: Counts, own: Flags, other: Flags) -> bool:
    """Is there one unit on a side, because the others joined later? Then a period long before is uninformative."""
    late = any(c.entered > 0 for c in cohorts)
    fewest, all_of_start = min(n[own].sum(), n[other].sum()), sum(c.n for c in cohorts if c.first == first)
    return late and bool(fewest < 2) and all_of_start > 1


def aggregate(effects: Effects, kind: str) -> Effects:
    """Averages of group-time effects, weighted by the cohorts' sizes; the last row is the overall effect.

    Callaway and Sant'Anna (2021), section 3 and table 1. `simple`: all treated cells. `dynamic`: by periods since
    treatment (label (e,), negative before it), overall over e >= 0. `group`: by cohort; `calendar`: by period. The
    overall row has the label ("overall",). The error counts that the weights are estimated too. Raises ValueError for
    an unknown kind.
    """
    after = [i for i, (g, t) in enumerate(effects.labels) if t >= g]
    if kind == "simple":
        return _weighted(effects, after, ("overall",))
    if kind == "dynamic":
        times = sorted({t - g for g, t in effects.labels})
        rows = [_weighted(effects, [i for i, (g, t) in enumerate(effects.labels) if t - g == e], (e,)) for e in times]
        counted = [e >= 0 for e in times]
    elif kind == "group":
        groups = sorted({effects.labels[i][0] for i in after})
        rows = []
        for g in groups:
            own = [i for i in after if effects.labels[i][0] == g]
            weights = np.zeros(len(effects.labels))
            weights[own] = 1 / len(own)
            rows.append(effects.combine((g,), weights, members=effects.members[own[0]]))
        each = stacked(rows)
        return stacked([each, _weighted(each, range(len(groups)), ("overall",))])
    elif kind == "calendar":
        times = sorted({effects.labels[i][1] for i in after})
        rows = [_weighted(effects, [i for i in after if effects.labels[i][1] == t], (t,)) for t in times]
        counted = [True] * len(times)
    else:
        raise ValueError(f"The aggregate {kind} is unknown: use one of {', '.join(AGGREGATES)}.")
    each = stacked(rows)
    share = np.array(counted, "float64")
    return stacked([each, each.combine(("overall",), share / share.sum())]) if share.any() else each


def _weighted(effects: Effects, rows: Sequence[int], label: Label) -> Effects:
    """The average of some rows by the number of units that each is the effect on."""
    n = np.array([c.n for c in effects.cohorts], "float64")
    member = effects.members[list(rows)].astype("float64")
    share = member @ n / n.sum()
    total = share.sum()
    weights = np.zeros(len(effects.labels))
    weights[list(rows)] = share / total
    # A unit of cohort k moves the estimated shares: (1[is a member] - share)/total, less what it adds to the total.
    values = effects.estimate[list(rows)]
    moved = member.T - share[None, :]
    influence = moved @ values / total - moved.sum(axis=1) * (share @ values) / total**2
    return effects.combine(label, weights, influence)


def estimates(effects: Effects, alpha: float = 0.05, small: bool = False) -> dict[Label, Estimate]:
    """Every row as an estimate, by its label. `small`: divisor n - 1 and Satterthwaite's t, for few units.

    NULL with a reason where a cohort that matters has one unit, or nothing varies.
    """
    covariance = effects.covariance(small)
    degrees = effects.degrees() if small else np.full(len(effects.labels), math.inf)
    used = np.any(effects.slope, axis=(0, 2))
    n_treated = sum(c.n for c, is_used in zip(effects.cohorts, used, strict=True) if is_used and c.first)
    n_control = sum(c.n for c, is_used in zip(effects.cohorts, used, strict=True) if is_used and c.first is None)
    starts = starts_of(effects.cohorts)
    own = [[k for k, c in enumerate(effects.cohorts) if c.first == start] for start in starts]
    sizes = np.where([np.any(effects.slope[:, k], axis=(1, 2)) for k in own], effects.sizes, 0)
    scale = max((float(np.nanmax(np.abs(c.mean), initial=0.0)) for c in effects.cohorts), default=0.0)
    found = {}
    for i, label in enumerate(effects.labels):
        alone = [start for start, size in zip(starts, sizes[:, i], strict=True) if size == 1]
        if alone:
            unit = "unit" if effects.clusters is None else "cluster"
            name = _name(alone[0])
            e = missing(f"{name} has one {unit}: how {unit}s vary within it is unknown.", n_treated, n_control)
        elif not math.isfinite(float(effects.estimate[i])):
            e = missing("A cohort has no value in a period that is compared.", n_treated, n_control)
        elif not covariance[i, i] > 1e-26 * scale**2:
            e = missing("The changes don't vary within the cohorts, so there is no error.", n_treated, n_control)
        else:
            e = wald(
                float(effects.estimate[i]), float(covariance[i, i]), float(degrees[i]), n_treated, n_control, alpha
            )
        found[label] = e
    return found


def _name(start: int | None) -> str:
    return "The control" if start is None else "A treated cohort"


def simultaneous_critical(covariance: Array, alpha: float = 0.05) -> float:
    """The critical value whose band holds for all m normal estimates at once: a quantile of the largest |z| among them.

    By simulation of m normals with the estimates' correlation, seeded. Montiel Olea and Plagborg-Møller (2019),
    "Simultaneous confidence bands", section 2. Never below the pointwise value.
    """
    scale = np.sqrt(np.diag(covariance))
    kept = scale > 0
    pointwise = quantile(1 - alpha / 2)
    if not kept.any():
        return pointwise
    correlation = covariance[np.ix_(kept, kept)] / np.outer(scale[kept], scale[kept])
    values, vectors = np.linalg.eigh(correlation)
    # The symmetric root doesn't depend on the signs and the order of the vectors, and an eigenvalue that is zero but
    # for rounding would put its own root, eight digits larger, into the draws: two engines would show two bands.
    values = np.where(values > len(values) * np.finfo("float64").eps * values.max(), values, 0)
    root = (vectors * np.sqrt(values)) @ vectors.T
    draws = np.abs(np.random.default_rng(SEED).standard_normal((DRAWS, len(root))) @ root.T).max(axis=1)
    return max(float(np.quantile(draws, 1 - alpha)), pointwise)


@dataclass(frozen=True, slots=True)
class EventTime:
    """One period before or after treatment: the estimate with its pointwise and its simultaneous band."""

    relative_period: int
    estimate: Estimate
    band_low: float | None
    band_high: float | None

    @property
    def is_pre_period(self) -> bool:
        return self.relative_period < 0


def event_study(effects: Effects, alpha: float = 0.05, small: bool = False) -> list[EventTime]:
    """The effect by periods since treatment, from group-time effects, with a band that holds for all of them."""
    dynamic = aggregate(effects, "dynamic")
    rows = [i for i, label in enumerate(dynamic.labels) if label != ("overall",)]
    each = dynamic.select(rows)
    found = estimates(each, alpha, small)
    # The level at which one normal estimate would have to be tested; with few units each has its own t.
    level = two_sided_p(simultaneous_critical(each.covariance(small), alpha))
    result = []
    for label in each.labels:
        e = found[label]
        low, high = e.interval(quantile(1 - level / 2, e.freedom))
        result.append(EventTime(int(label[0]), e, low, high))
    return result


@dataclass(frozen=True, slots=True)
class PreTrend:
    """Whether the paths were parallel before treatment, and what the test could have seen.

    `check` is the joint test. `detectable_slope` is the linear divergence, in the outcome's unit a period, that
    the test finds with 80 % chance; `power` is the chance to find a divergence that alone would move the overall effect
    by `matters`. Both are None where they can't be computed.
    """

    check: Check
    detectable_slope: float | None
    power: float | None
    matters: float | None = None


def pre_trend(
    effects: Effects, alpha: float = PRE_TREND_ALPHA, small: bool = False, matters: float | None = None
) -> PreTrend:
    """The joint test that all effects before treatment are 0, with its power.

    `matters` is the bias of the overall effect, in the outcome's unit, that the test should find; it must not come from
    the estimate: power against what was estimated passes those who overestimate.

    Wald's chi-square of all group-time effects before treatment; with few units (`small`), or when the effects
    determine each other, Satterthwaite's t of their linear trend in its place: few units can't estimate the whole
    covariance. Power: Roth (2022), "Pretest with caution", section 2, against a divergence that is linear in time.
    """
    before = [i for i, (g, t) in enumerate(effects.labels) if t < g]
    if not before:
        check = Check(None, None, alpha, None, "There is no period before treatment to compare: no pre-trend to test.")
        return PreTrend(check, None, None)
    early = effects.select(before)
    covariance, size = early.covariance(), len(before)
    if not np.isfinite(covariance).all():
        reason = "The effects before treatment have no error: a cohort has one unit, or its outcomes are not known."
        return PreTrend(Check(None, None, alpha, None, reason), None, None)
    rank = np.linalg.matrix_rank(covariance, tol=1e-10 * max(float(np.diag(covariance).max()), 1e-300), hermitian=True)
    if small or rank < size:
        return _slope_test(effects, alpha, matters)
    inverse = np.linalg.inv(covariance)
    statistic = float(early.estimate @ inverse @ early.estimate)
    p = float(chdtrc(size, statistic))
    slope = np.array([_divergence(g, t, effects) for g, t in early.labels])
    unit = float(slope @ inverse @ slope)
    critical = float(chdtri(size, alpha))
    # The noncentrality with which the statistic exceeds its critical value in four of five cases.
    detectable = math.sqrt(chndtrinc(critical, size, 0.2) / unit) if unit > 0 else None
    power = None
    overall = aggregate(effects, "dynamic")
    if overall.labels[-1] == ("overall",) and unit > 0 and matters:
        times = [label[0] for label in overall.labels[:-1] if label[0] >= 0]
        power = float(1 - chndtr(critical, size, unit * (matters / (np.mean(times) + 1)) ** 2))
    detail = f"Effects before treatment, {size} together: chi-square {statistic:.3g}."
    if detectable is not None:
        detail += (
            f" A divergence of {detectable:.3g} a period would be found with 80 % chance{_chance(power, matters)}."
        )
    return PreTrend(Check(statistic, p, alpha, p >= alpha, detail), detectable, power, matters)


def _divergence(first: int, t: int, effects: Effects) -> float:
    """What a divergence of 1 a period puts into the effect before treatment: 1 for a varying base, t - (g - 1) else."""
    return 1.0 if _is_varying(effects) else float(t - (first - 1))


def _slope_test(effects: Effects, alpha: float, matters: float | None) -> PreTrend:
    """One test of a linear divergence before treatment, which few units can still make."""
    dynamic = aggregate(effects, "dynamic")
    row = {label[0]: i for i, label in enumerate(dynamic.labels)}
    times = sorted(t for t in row if t != "overall" and t < 0)
    weights = np.zeros(len(dynamic.labels))
    if _is_varying(effects):
        weights[[row[t] for t in times]] = 1 / len(times)
    else:
        # The last period before treatment is the base: its effect is 0 by construction, and it counts.
        centre = np.array([*times, -1], "float64") - np.mean([*times, -1])
        weights[[row[t] for t in times]] = centre[:-1] / (centre**2).sum()
    e = estimates(dynamic.combine(("slope",), weights), alpha, small=True)[("slope",)]
    if not is_known(e):
        return PreTrend(Check(None, None, alpha, None, f"The pre-trend can't be tested. {e.reason}"), None, None)
    critical = quantile(1 - alpha / 2, e.freedom)
    detectable = (critical + quantile(0.8, e.freedom)) * e.std_error
    power = None
    if "overall" in row and matters:
        later = [t for t in row if t != "overall" and t >= 0]
        power = float(ndtr(matters / (np.mean(later) + 1) / e.std_error - critical))
    detail = (
        f"Divergence before treatment, over {counted(len(times), 'period')}: {e.estimate:.3g} a period. "
        f"One of {detectable:.3g} would be found with 80 % chance{_chance(power, matters)}."
    )
    statistic = e.estimate / e.std_error
    check = Check(statistic, e.p_value, alpha, e.p_value >= alpha, detail)
    return PreTrend(check, float(detectable), power, matters)


def _chance(power: float | None, matters: float | None) -> str:
    return "" if power is None else f", one that would move the effect by {matters:.3g} with {power:.0%}"


def detrended(effects: Effects) -> Effects | str:
    """The average dynamic effect less the line along which paths diverged before treatment; or why it can't be said.

    The line is fitted to the effects before treatment and continued to the periods after it; its uncertainty is in the
    error. It holds where paths diverge along a line and where they don't diverge, which no test of parallel trends can
    promise: Roth (2022), "Pretest with caution", section 4; Bilinski and Hatfield (2018), "Nothing to see here?". Needs
    effects with a universal base, and LEAST_LINE periods before treatment.
    """
    parts = _line(effects)
    if isinstance(parts, str):
        return parts
    dynamic, row, early = parts
    later = np.mean([t for t in row if t != "overall" and t >= 0])
    weights = np.zeros(len(dynamic.labels))
    weights[row["overall"]] = 1
    centre = early - early.mean()
    for t, w in zip(early, 1 / len(early) + centre * (later - early.mean()) / (centre**2).sum(), strict=True):
        if int(t) in row:  # the base period's effect is 0 by construction, and counts
            weights[row[int(t)]] -= w
    return dynamic.combine(("overall",), weights)


def bend(effects: Effects, alpha: float = PRE_TREND_ALPHA, small: bool = False) -> Check:
    """Did paths diverge along a line before treatment? Tests of what a curve and a step add to it (polynomials of
    degree 2 and 3), with Student's t if `small` and Holm's correction."""
    parts = _line(effects)
    if isinstance(parts, str):
        return Check(None, None, alpha, None, parts)
    dynamic, row, early = parts
    tests = []
    for shape in _shapes(len(early)).T:
        weights = np.zeros(len(dynamic.labels))
        for t, w in zip(early, shape, strict=True):
            if int(t) in row:
                weights[row[int(t)]] = w
        tests.append(estimates(dynamic.combine(("bend",), weights), alpha, small)[("bend",)])
    known = [e for e in tests if is_known(e)]
    if len(known) < len(tests):
        return Check(None, None, alpha, None, f"Whether the divergence bends can't be tested. {tests[0].reason}")
    return _bend_check([e.p_value for e in known], len(early), alpha)


def _shapes(periods: int) -> Array:
    """(periods, 2): what a curve and a step add to a line, orthonormal."""
    time = np.arange(periods, dtype="float64") - (periods - 1) / 2
    shapes: Array = np.linalg.qr(np.column_stack([time**k for k in range(4)]))[0][:, 2:]
    return shapes


def _bend_check(p_values: Sequence[float], periods: int, alpha: float) -> Check:
    p = min(float(min(holm(list(p_values)))), 1.0)
    detail = f"Curve and step of the divergence over {periods} periods before treatment: p = {p:.2g}."
    return Check(None, p, alpha, p >= alpha, detail)


def _line(effects: Effects) -> tuple[Effects, dict[Any, int], Array] | str:
    """Effects by time since treatment, the row of each, and the times before it, the base among them."""
    dynamic = aggregate(effects, "dynamic")
    row = {label[0]: i for i, label in enumerate(dynamic.labels)}
    early = np.array(sorted({-1, *(t for t in row if t != "overall" and t < 0)}), "float64")
    if "overall" not in row or _is_varying(effects) or len(early) < LEAST_LINE:
        there = counted(len(early), "period")
        return f"A line before treatment needs {LEAST_LINE} periods there with units to compare; there are {there}."
    return dynamic, row, early


def _is_varying(effects: Effects) -> bool:
    return any(t == g - 1 for g, t in effects.labels)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The average effect if after treatment paths diverge up to `magnitude` times as fast as before.

    `low` to `high` are the effects that agree with the estimates taken as the truth (the identified set), `ci_low` to
    `ci_high` the interval that counts their errors too.
    """

    magnitude: float
    low: float
    high: float
    ci_low: float
    ci_high: float

    @property
    def beyond_zero(self) -> float:
        """How far from 0 the interval's nearer end is; not above 0 where the interval holds it."""
        return max(self.ci_low, -self.ci_high)


def relative_magnitudes(
    effects: Effects, magnitudes: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0), alpha: float = 0.05, small: bool = False
) -> list[Sensitivity] | str:
    """How far trends may be violated before the average dynamic effect is in doubt; or why it can't be said.

    Rambachan and Roth (2023), "A more credible approach to parallel trends", section 2.4.1: the divergence changes
    from one period after treatment to the next by at most M times its largest change before. Needs a universal base.
    The interval is the union over which change before was the largest, and its sign, each with a one-sided bound at
    alpha/2: it covers at least at its level, and is wider than the paper's.
    """
    dynamic = aggregate(effects, "dynamic")
    times = [label[0] for label in dynamic.labels if label != ("overall",)]
    if min(times) >= 0 or ("overall",) not in dynamic.labels:
        return "There is no period before treatment, or none after it: trends can't be compared."
    early = sorted([t for t in times if t < 0] + ([] if -1 in times else [-1]))
    steps = [(a, b) for a, b in pairwise(early) if b == a + 1]
    if _is_varying(effects) or not steps:
        return "Sensitivity needs effects with a universal base, and two periods before treatment."
    row = {label[0]: i for i, label in enumerate(dynamic.labels)}
    # The bias of the effect e periods after treatment is at most (e + 1) steps.
    reach = float(np.mean([t + 1 for t in times if t >= 0]))
    result = []
    # The largest change of the difference from one period before treatment to the next.
    largest = max(abs(_at(dynamic, row, b) - _at(dynamic, row, a)) for a, b in steps)
    effect = float(dynamic.estimate[row["overall"]])
    for m in magnitudes:
        low, high, width = [], [], m * reach * largest
        for a, b in steps:
            for sign in (-1, 1):
                weights = np.zeros(len(dynamic.labels))
                weights[row["overall"]] = 1
                for t, s in ((b, sign), (a, -sign)):
                    if t in row:
                        weights[row[t]] += m * reach * s
                bound = dynamic.combine(("bound",), weights)
                middle, variance = float(bound.estimate[0]), float(bound.covariance(small)[0, 0])
                df = float(bound.degrees()[0]) if small and variance > 0 else math.inf
                margin = quantile(1 - alpha / 2, df) * math.sqrt(variance)
                low.append(middle - margin)
                high.append(middle + margin)
        result.append(Sensitivity(float(m), effect - width, effect + width, min(low), max(high)))
    return result


def _at(dynamic: Effects, row: Mapping[Any, int], time: int) -> float:
    """The estimate at a time since treatment; the base period's is 0 by construction."""
    return float(dynamic.estimate[row[time]]) if time in row else 0.0


LEAST_MAGNITUDE, LARGEST_MAGNITUDE = 1.0, 10.0


def breakdown(effects: Effects, alpha: float = 0.05, small: bool = False) -> Check:
    """How large a violation of parallel trends the average effect survives: the M at which its interval reaches 0.

    The statistic is that M (`relative_magnitudes`), 0 when the interval holds 0 without any, at most
    LARGEST_MAGNITUDE. Passed from 1 on: paths may go apart after treatment as fast as they ever did before.
    """
    found = relative_magnitudes(effects, (0.0, LARGEST_MAGNITUDE), alpha, small)
    if not isinstance(found, str) and not all(math.isfinite(s.ci_high - s.ci_low) for s in found):
        found = "The effect has no interval, so its sensitivity to diverging trends is unknown."
    if isinstance(found, str):
        return Check(None, None, LEAST_MAGNITUDE, None, found)

    def beyond_zero(m: float) -> float:
        again = relative_magnitudes(effects, (m,), alpha, small)
        return -math.inf if isinstance(again, str) else again[0].beyond_zero

    first, last = (s.beyond_zero for s in found)
    if first <= 0:
        detail = "The effect's interval contains 0 even with parallel trends."
        return Check(0.0, None, LEAST_MAGNITUDE, False, detail)
    reached = LARGEST_MAGNITUDE if last > 0 else float(brentq(beyond_zero, 0.0, LARGEST_MAGNITUDE, xtol=1e-9))
    detail = f"The effect's interval excludes 0 until trends diverge {reached:.2g} times as fast as before treatment."
    return Check(reached, None, LEAST_MAGNITUDE, reached >= LEAST_MAGNITUDE, detail)


DETRENDED = "detrended"


def relative_effect(effects: Effects, kind: str = "simple", alpha: float = 0.05, small: bool = False) -> Estimate:
    """The overall effect as a share of what the treated would have had without treatment, with Fieller's interval.

    That level is the treated cohorts' own mean over the same cells less the effect. The p value is that of the
    absolute effect, which the interval agrees with. No estimate, with a reason, when the level isn't clearly above or
    below 0.
    """
    n = np.array([c.n for c in effects.cohorts], "float64")
    levels, slope, shift = np.zeros(len(effects.labels)), np.zeros_like(effects.slope), np.zeros_like(effects.shift)
    for i, ((_, t), own) in enumerate(zip(effects.labels, effects.members, strict=True)):
        means = np.array([c.mean[t] for c, is_own in zip(effects.cohorts, own, strict=True) if is_own])
        levels[i] = n[own] @ means / n[own].sum()
        slope[i, own, t] = effects.n / n[own].sum()
        shift[i, own] = effects.n / n[own].sum() * (means - levels[i])
    observed = Effects(effects.labels, levels, shift, slope, effects.cohorts, effects.clusters, effects.members)
    rows = [aggregate(e, "dynamic" if kind == DETRENDED else kind) for e in (observed, effects)]
    rows = [e.select([len(e.labels) - 1]) for e in rows]
    if kind == DETRENDED:
        line = detrended(effects)
        if isinstance(line, str):
            return missing(line)
        rows[1] = line
    both = stacked(rows)
    absolute = estimates(rows[1], alpha, small)[("overall",)]
    if absolute.estimate is None:
        return absolute
    level = float(both.estimate[0] - both.estimate[1])
    covariance = both.covariance(small)
    # Of the level without treatment, and of the level with it.
    turn = np.array([[1.0, -1.0], [1.0, 0.0]])
    (v_zero, v_both), (_, v_one) = turn @ covariance @ turn.T
    return as_share(absolute, level, (v_zero, v_both, v_one), alpha)


@dataclass(frozen=True, slots=True)
class OneTreated:
    """The effect on one treated unit, as it is and as a share, and how its path before compares with the controls'."""

    estimate: Estimate
    share: Estimate
    pre: PreTrend | None


def one_treated(
    y: ArrayLike, before: int, alpha: float = 0.05, matters: float | None = None, line: bool = False
) -> OneTreated:
    """Two-way fixed effects with one treated unit: its change beside the mean change of the controls.

    `y` (N + 1, T) holds the controls first and the treated unit last, over T periods of which the first `before` are
    before treatment. One unit shows no spread, so that of the controls is what inference rests on: the p value is the
    share of units whose effect, each put in the treated unit's place in turn, is as large (a permutation test; Conley
    and Taber 2011, "Inference with difference in differences with a small number of policy changes"). The interval
    holds the effects that this test doesn't reject, and has no limits with fewer than 1/alpha controls; the standard
    error is that of one more control. The share is of the level that the unit would have had. With `line` a unit's
    change is that from the continued line of its path before treatment (`detrended`). `matters` as in `pre_trend`.
    """
    rows = np.asarray(y, "float64")
    n = len(rows) - 1
    if n < 2:
        e = missing(f"There is {counted(n, 'control unit')}: 2 are needed to know how changes vary.", 1, n)
        return OneTreated(e, e, None)
    if before < 1 or before >= rows.shape[1]:
        e = missing("There is no period before treatment, or none after it.", 1, n)
        return OneTreated(e, e, None)
    after = float(rows[-1, before:].mean())
    if line and before < LEAST_LINE:
        there = counted(before, "period")
        e = missing(f"A line before treatment needs {LEAST_LINE} periods there; there are {there}.", 1, n)
        return OneTreated(e, e, None)
    time = np.arange(rows.shape[1]) - np.arange(before).mean()
    slope = rows[:, :before] @ time[:before] / (time[:before] ** 2).sum() if line else np.zeros(n + 1)
    change = rows[:, before:].mean(axis=1) - rows[:, :before].mean(axis=1) - slope * time[before:].mean()
    spread, effect = change[:-1] - change[:-1].mean(), float(change[-1] - change[:-1].mean())
    error = float(np.sqrt((1 + 1 / n) * spread.var(ddof=1)))
    if not error > 1e-13 * float(np.abs(rows).max()):
        e = missing("The controls' changes don't vary, so there is no error.", 1, n)
        return OneTreated(e, e, None)
    above, below = _farthest(spread, alpha)
    low, high = (None, None) if above is None or below is None else (effect - above, effect + below)
    e = Estimate(effect, error, low, high, _permutation_p(effect, spread), 1, n)
    share = _one_share(e, after, (effect,) if low is None or high is None else (effect, low, high))
    return OneTreated(e, share, _one_pre_trend(rows, before, relevant_bias(error, matters)))


def _thresholds(spread: Array) -> tuple[Array, Array]:
    """How large a positive, and how large a negative effect each control outdoes, once all swap places with it."""
    far = (len(spread) + 1) / (len(spread) - 1)
    return np.where(spread > 0, spread, -spread * far), np.where(spread < 0, -spread, spread * far)


def _permutation_p(effect: float, spread: Array) -> float:
    limits = _thresholds(spread)[0 if effect > 0 else 1]
    return float((1 + (limits >= abs(effect) * (1 - 1e-12)).sum()) / (len(spread) + 1))


def _farthest(spread: Array, alpha: float) -> tuple[float | None, float | None]:
    """The largest positive and negative effect whose p value is not below alpha; None where every one's is not."""
    rank = math.ceil(alpha * (len(spread) + 1) - 1e-9) - 1
    if rank < 1:
        return None, None
    above, below = (float(np.sort(limits)[-rank]) for limits in _thresholds(spread))
    return above, below


def _one_share(e: Estimate, after: float, values: Sequence[float]) -> Estimate:
    """The effect as a share of the level without it, from its `values`: the estimate, and the interval's ends if it
    has any. Ends and p value are those of the same test."""
    levels = [after - value for value in values]
    if not is_known(e) or any(level * math.copysign(1, after) <= 1e-3 * abs(after) for level in levels):
        return e.because("The level without treatment isn't clearly different from 0, so no share can be taken.")
    share, *ends = (after / level - 1 for level in levels)
    low, high = sorted(ends) or (None, None)
    return Estimate(share, e.std_error / abs(levels[0]), low, high, e.p_value, e.n_treatment, e.n_control)


def one_bends(y: ArrayLike, before: int, alpha: float = PRE_TREND_ALPHA) -> Check:
    """Did the treated unit's path before treatment bend more than the controls' do? Arguments as in `one_treated`."""
    rows = np.asarray(y, "float64")[:, :before]
    if before < LEAST_LINE or not np.isfinite(rows).all():
        why = "There are too few periods before treatment to see a bend, or gaps in them."
        return Check(None, None, alpha, None, why)
    shapes = (rows @ _shapes(before)).T
    p_values = [_permutation_p(float(own[-1] - own[:-1].mean()), own[:-1] - own[:-1].mean()) for own in shapes]
    return _bend_check(p_values, before, alpha)


def _one_pre_trend(y: Array, before: int, matters: float, alpha: float = PRE_TREND_ALPHA) -> PreTrend:
    """Was the unit's slope before treatment one among the controls', and would the test have seen what matters?"""
    if before < 2:
        check = Check(None, None, alpha, None, "There is one period before treatment: no pre-trend to test.")
        return PreTrend(check, None, None)
    time = np.arange(y.shape[1], dtype="float64")
    centre = time[:before] - time[:before].mean()
    slopes = y[:, :before] @ centre / (centre**2).sum()
    spread, own = slopes[:-1] - slopes[:-1].mean(), float(slopes[-1] - slopes[:-1].mean())
    p, limits = _permutation_p(own, spread), _farthest(spread, alpha)
    explained = matters / (time[before:].mean() - time[:before].mean())
    above, below = (math.inf if limit is None else limit for limit in limits)
    power = float(np.mean((spread + explained > above) | (spread + explained < -below)))
    detail = f"Divergence before treatment, over {before} periods: {own:.3g} a period{_chance(power, matters)}."
    return PreTrend(Check(own, p, alpha, p >= alpha, detail), None, power, matters)
