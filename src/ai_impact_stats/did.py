"""Differences-in-differences: two periods, and rollouts in stagger, from the moments of cohorts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.special import chdtrc, chdtri, chndtr, ndtr

from .checks import Check
from .estimate import Estimate, as_share, missing, quantile, two_sided_p, wald
from .linear import least_squares
from .moments import Arm
from .wording import counted, counted_of

CONTROLS = ("never_treated", "not_yet_treated")
BASES = ("varying", "universal")
AGGREGATES = ("simple", "dynamic", "group", "calendar")
PRE_TREND_ALPHA = 0.05
# Draws of the simultaneous critical value, and their seed: the same table gives the same band.
DRAWS, SEED = 20_000, 20_240_501


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
    treated, after, mean, n=None, scatter=None, x=None, errors: str = "classical", cluster=None, alpha: float = 0.05
) -> Estimate:
    """The 2×2 difference-in-differences of repeated cross-sections, or with covariates: least squares on cells.

    `treated` and `after` are 0 or 1 a cell, `x` are its covariates (cells, k) or None; the rest as in
    `least_squares`. The effect is the coefficient of the product. Rows are cells of one unit.
    """
    treated, after = np.asarray(treated, "float64"), np.asarray(after, "float64")
    n = np.ones(len(treated)) if n is None else np.asarray(n, "float64")
    sizes = int(n[treated == 1].sum()), int(n[treated == 0].sum())
    if any(not ((treated == t) & (after == a)).any() for t in (0, 1) for a in (0, 1)):
        return missing("Both arms need units before and after.", *sizes)
    columns = [np.ones(len(n)), treated, after, treated * after]
    if x is not None:
        columns.append(np.asarray(x, "float64").reshape(len(n), -1))
    fit = least_squares(np.column_stack(columns), mean, n, scatter, errors, cluster)
    if isinstance(fit, str):
        return missing(fit, *sizes)
    variance = float(fit.covariance[3, 3])
    if not variance > 0:
        return missing("The outcome leaves no variance, so there is no standard error.", *sizes)
    return wald(float(fit.beta[3]), variance, fit.df, *sizes, alpha)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Units that were first treated in one period: what a staggered comparison needs of them.

    `first` is the index (from 0) of the first treated period, None for units that never are. `mean` holds the
    outcome's mean in each of the T periods, `scatter` (T, T) the sums of products about it: Σ(Y - mean)(Y - mean)'.
    """

    first: int | None
    n: int
    mean: np.ndarray
    scatter: np.ndarray


@dataclass(frozen=True, slots=True)
class Clusters:
    """What errors by cluster need of K cohorts over T periods.

    `count` (K, K) are the clusters that two cohorts share, on the diagonal those of each. `moments`
    (K·(T + 1), K·(T + 1)) is Σtt' over clusters, where t holds, cohort by cohort, the cluster's units and its T sums of
    Y - mean, the cohort's mean.
    """

    count: np.ndarray
    moments: np.ndarray


@dataclass(frozen=True, slots=True)
class Panel:
    """Cohorts over the same T periods, and what had to be left out to get there (a sentence each)."""

    cohorts: list[Cohort]
    notes: list[str] = field(default_factory=list)
    clusters: Clusters | None = None

    @property
    def periods(self) -> int:
        return len(self.cohorts[0].mean) if self.cohorts else 0


def first_treated(treated) -> tuple[np.ndarray, np.ndarray]:
    """From a flag per unit and period, (units, T): the first treated period, -1 for never, and who switched off again.

    Units whose treatment ends are no cohort: a comparison must leave them out, and say so.
    """
    flags = np.asarray(treated, "bool")
    first = np.where(flags.any(axis=1), flags.argmax(axis=1), -1)
    switched_off = (flags[:, :-1] & ~flags[:, 1:]).any(axis=1)
    return first, switched_off


def cohorts_from_rows(y, first, switched_off=None, cluster=None) -> Panel:
    """Cohorts of a panel of rows: outcomes (units, T) with NaN for gaps, and the first treated period a unit.

    `first` counts from 0; -1 or T and later mean never within the panel. Units with a gap, and those that switched off,
    are left out and counted in the notes. With a label of `cluster` a unit, errors are by cluster.
    """
    y, first = np.asarray(y, "float64"), np.asarray(first, "int64")
    notes, whole = [], np.isfinite(y).all(axis=1)
    if not whole.all():
        notes.append(f"{counted_of(int((~whole).sum()), len(y), 'unit', 'has', 'have')} a gap in the panel: left out.")
    if switched_off is not None and np.any(switched_off):
        count = int(np.sum(switched_off))
        notes.append(f"{counted_of(count, len(y), 'unit', 'is', 'are')} left out: the treatment ended.")
        whole = whole & ~np.asarray(switched_off, "bool")
    first = np.where((first < 0) | (first >= y.shape[1]), -1, first)
    cohorts, blocks = [], []
    names, index = (None, None) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)
    for g in np.unique(first[whole]):
        own = whole & (first == g)
        centred = y[own] - y[own].mean(axis=0)
        cohorts.append(Cohort(None if g < 0 else int(g), len(centred), y[own].mean(axis=0), centred.T @ centred))
        if names is not None:
            block = np.zeros((len(names), y.shape[1] + 1))
            np.add.at(block, index[own], np.column_stack([np.ones(len(centred)), centred]))
            blocks.append(block)
    if names is None or not blocks:
        return Panel(cohorts, notes)
    totals = np.hstack(blocks)
    seen = np.column_stack([b[:, 0] > 0 for b in blocks]).astype("int64")
    return Panel(cohorts, notes, Clusters(seen.T @ seen, totals.T @ totals))


def before_after(panel: Panel) -> "Effects | str":
    """The 2×2 difference-in-differences of a panel in which all treated units start together, or why there is none.

    Labels are ("overall",), the effect: the change of the treated units' mean from all periods before to all periods
    after the start, less that of the units never treated; and ("observed",), the treated units' mean after the start.
    """
    treated = [k for k, c in enumerate(panel.cohorts) if c.first]
    never = [k for k, c in enumerate(panel.cohorts) if c.first is None]
    if len(treated) > 1:
        return "Units start in several periods: the rollout is staggered, and has no single before and after."
    if not treated:
        return "No cohort is treated within the panel after its first period, so there is no past to compare with."
    if not never:
        return "No unit is never treated, so there is nothing to compare with."
    first, n = panel.cohorts[treated[0]].first, sum(c.n for c in panel.cohorts)
    after = np.where(np.arange(panel.periods) >= first, 1 / (panel.periods - first), 0.0)
    change = after - np.where(after > 0, 0.0, 1 / first)
    slope = np.zeros((2, len(panel.cohorts), panel.periods))
    slope[0, treated[0]] = change * n / panel.cohorts[treated[0]].n
    slope[0, never[0]] = -change * n / panel.cohorts[never[0]].n
    slope[1, treated[0]] = after * n / panel.cohorts[treated[0]].n
    own, other = panel.cohorts[treated[0]].mean, panel.cohorts[never[0]].mean
    estimate = np.array([change @ own - change @ other, after @ own])
    shift = np.zeros(slope.shape[:2])
    return Effects([("overall",), ("observed",)], estimate, shift, slope, panel.cohorts, panel.clusters)


def two_by_two_panel(panel: Panel, relative: bool = False, alpha: float = 0.05) -> Estimate:
    """`before_after` with the errors of least squares on arm, after and their product, clustered by unit or cluster.

    Liang and Zeger's errors with G/(G - 1)·(N - 1)/(N - 4) for G units (or clusters) and N rows, on G - 1 degrees of
    freedom; from cohort moments they equal those of the rows. `relative`: as a share of what the treated would have
    had, with Fieller's interval. No estimate, with a reason, with fewer than 2 units (clusters) in an arm.
    """
    sizes = [sum(c.n for c in panel.cohorts if (c.first is None) == control) for control in (False, True)]
    effects = before_after(panel)
    if isinstance(effects, str):
        return missing(effects, *sizes)
    checked = estimates(effects.select([0]), alpha)[("overall",)]
    if checked.estimate is None:
        return checked
    used = [k for k, c in enumerate(panel.cohorts) if c.first != 0]
    rows = sum(panel.cohorts[k].n for k in used) * panel.periods
    g = sum(effects.sizes[k] for k in used)
    if effects.clusters is not None:
        # A cluster with units of both arms counts once.
        g -= int(effects.clusters.count[used[0], used[1]])
    covariance = effects.covariance() * g / (g - 1) * (rows - 1) / (rows - 4)
    absolute = wald(float(effects.estimate[0]), float(covariance[0, 0]), g - 1, *sizes, alpha)
    if not relative:
        return absolute
    turn = np.array([[-1.0, 1.0], [0.0, 1.0]])  # the level without treatment, and the level with it
    (v_zero, v_both), (_, v_one) = turn @ covariance @ turn.T
    return as_share(absolute, float(effects.estimate[1] - effects.estimate[0]), (v_zero, v_both, v_one), alpha)


@dataclass(frozen=True, slots=True)
class Effects:
    """m estimates that are linear in cohort means: the numbers, and every unit's influence on them.

    A unit of cohort k with outcomes Y has influence `shift[:, k] + slope[:, k] @ (Y - mean_k)`; `shift` is (m, K),
    `slope` is (m, K, T). `n` is the number of units in all. `cohorts` are those of the panel, in order.
    """

    labels: list[tuple]
    estimate: np.ndarray
    shift: np.ndarray
    slope: np.ndarray
    cohorts: Sequence[Cohort]
    clusters: Clusters | None = None

    @property
    def n(self) -> int:
        return sum(c.n for c in self.cohorts)

    @property
    def sizes(self) -> list[int]:
        """Of each cohort the units, or the clusters where errors are by cluster."""
        return [c.n for c in self.cohorts] if self.clusters is None else [int(g) for g in np.diag(self.clusters.count)]

    def _by_cluster(self) -> np.ndarray:
        """(K, K, m, m): Σψψ' over clusters, of each two cohorts' parts of a cluster's influence."""
        k = len(self.cohorts)
        influence = np.concatenate([self.shift[:, :, None], self.slope], axis=2)
        size = influence.shape[2]
        moments = self.clusters.moments.reshape(k, size, k, size)
        return np.einsum("aki,kilj,blj->klab", influence, moments, influence, optimize=True)

    def parts(self, small: bool = False) -> np.ndarray:
        """Each cohort's part of the covariance, (K, m, m): Σψψ' over its units (or clusters), divided by n²."""
        if self.clusters is not None:
            blocks = np.einsum("kkab->kab", self._by_cluster())
            factor = [g / (g - 1) if small and g > 1 else 1.0 for g in self.sizes]
            return blocks * np.array(factor)[:, None, None] / self.n**2
        blocks = np.empty((len(self.cohorts), len(self.labels), len(self.labels)))
        for k, cohort in enumerate(self.cohorts):
            c, a = self.slope[:, k], self.shift[:, k]
            factor = cohort.n / (cohort.n - 1) if small and cohort.n > 1 else 1.0
            blocks[k] = factor * c @ cohort.scatter @ c.T + cohort.n * np.outer(a, a)
        return blocks / self.n**2

    def covariance(self, small: bool = False) -> np.ndarray:
        """(m, m). `small`: variances within cohorts with divisor n - 1 in place of n."""
        total = self.parts(small).sum(axis=0)
        if self.clusters is None:
            return total
        # Clusters that have units of several cohorts.
        across = self._by_cluster()
        return total + (across.sum(axis=(0, 1)) - np.einsum("kkab->ab", across)) / self.n**2

    def degrees(self) -> np.ndarray:
        """Satterthwaite's degrees of freedom of each variance, from n - 1 in each cohort."""
        parts = np.stack([np.diag(b) for b in self.parts(small=True)])
        df = np.array([max(size - 1, 0) for size in self.sizes], "float64")[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            return parts.sum(axis=0) ** 2 / np.where(parts > 0, parts**2 / df, 0).sum(axis=0)

    def select(self, rows: Sequence[int]) -> "Effects":
        index = list(rows)
        parts = (self.estimate[index], self.shift[index], self.slope[index])
        return Effects([self.labels[i] for i in index], *parts, self.cohorts, self.clusters)

    def combine(self, label: tuple, weights: np.ndarray, influence: np.ndarray | None = None) -> "Effects":
        """The one estimate `weights` @ estimate; `influence` (K,) is what estimating the weights adds."""
        shift = weights @ self.shift + (0 if influence is None else influence)
        slope = (weights @ self.slope.reshape(len(weights), -1)).reshape(1, *self.slope.shape[1:])
        estimate = np.array([weights @ self.estimate])
        return Effects([label], estimate, shift[None], slope, self.cohorts, self.clusters)


def stacked(effects: Sequence[Effects]) -> Effects:
    """Several estimates of one panel together."""
    return Effects(
        [label for e in effects for label in e.labels],
        np.concatenate([e.estimate for e in effects]),
        np.concatenate([e.shift for e in effects]),
        np.concatenate([e.slope for e in effects]),
        effects[0].cohorts,
        effects[0].clusters,
    )


def group_time(panel: Panel, control: str = "never_treated", base: str = "varying") -> Effects | str:
    """The effect on each cohort in each period, against units that aren't treated (yet); or why there is none.

    Callaway and Sant'Anna (2021), "Difference-in-differences with multiple time periods", equation 2.3 without
    covariates. Labels are (first treated period, period). Before treatment the change is from the period before
    (`base` varying) or from the last one before treatment (universal); after it, always from the latter. Cohorts
    treated in the first period have no past and are left out, but still count among the units. Effects are in the
    outcome's unit, errors by unit. Raises ValueError for an unknown control or base.
    """
    if control not in CONTROLS or base not in BASES:
        raise ValueError(f"Use one of {', '.join(CONTROLS)} as control and one of {', '.join(BASES)} as base.")
    cohorts = panel.cohorts
    total = sum(c.n for c in cohorts)
    if not any(c.first for c in cohorts):
        return "No cohort is treated within the panel after its first period, so there is no past to compare with."
    if control == "never_treated" and not any(c.first is None for c in cohorts):
        return "No unit is never treated: use those not yet treated as control."
    labels, estimates, shifts, slopes = [], [], [], []
    for k, cohort in enumerate(cohorts):
        for t in range(0 if base == "universal" else 1, panel.periods) if cohort.first else ():
            before = t - 1 if base == "varying" and t < cohort.first else cohort.first - 1
            if before == t:
                continue
            compared = _controls(cohorts, cohort.first, max(t, before), control)
            if not compared:
                continue
            changes = np.array([c.mean[t] - c.mean[before] for c in cohorts])
            sizes = np.array([c.n if i in compared else 0 for i, c in enumerate(cohorts)], "float64")
            level = sizes @ changes / sizes.sum()
            step = np.zeros(panel.periods)
            step[t], step[before] = 1, -1
            slope = np.zeros((len(cohorts), panel.periods))
            slope[k] = total / cohort.n * step
            shift = np.zeros(len(cohorts))
            for i in compared:
                slope[i] = -total / sizes.sum() * step
                shift[i] = -total / sizes.sum() * (changes[i] - level)
            labels.append((cohort.first, t))
            estimates.append(changes[k] - level)
            shifts.append(shift)
            slopes.append(slope)
    if not labels:
        return "No cohort has units to compare with: all were treated at once, or before the panel starts."
    return Effects(labels, np.array(estimates), np.array(shifts), np.array(slopes), cohorts, panel.clusters)


def _controls(cohorts: Sequence[Cohort], first: int, latest: int, control: str) -> list[int]:
    if control == "never_treated":
        return [i for i, c in enumerate(cohorts) if c.first is None]
    return [i for i, c in enumerate(cohorts) if c.first is None or (c.first > latest and c.first != first)]


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
            rows.append(effects.combine((g,), weights))
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


def _weighted(effects: Effects, rows: Sequence[int], label: tuple) -> Effects:
    """The average of some rows by the size of their cohort, the first part of their label."""
    index = {c.first: k for k, c in enumerate(effects.cohorts)}
    sizes = np.array([c.n for c in effects.cohorts], "float64")
    share = sizes / sizes.sum()
    owner = np.array([index[effects.labels[i][0]] for i in rows])
    total = share[owner].sum()
    weights = np.zeros(len(effects.labels))
    weights[list(rows)] = share[owner] / total
    # A unit of cohort k moves the estimated shares: (1[own cohort] - share)/total, less what it adds to the total.
    values = effects.estimate[list(rows)]
    moved = (np.arange(len(sizes))[:, None] == owner[None, :]) - share[owner][None, :]
    influence = moved @ values / total - moved.sum(axis=1) * (share[owner] @ values) / total**2
    return effects.combine(label, weights, influence)


def estimates(effects: Effects, alpha: float = 0.05, small: bool = False) -> dict[tuple, Estimate]:
    """Every row as an estimate, by its label. `small`: divisor n - 1 and Satterthwaite's t, for few units.

    NULL with a reason where a cohort that matters has one unit, or nothing varies.
    """
    covariance = effects.covariance(small)
    degrees = effects.degrees() if small else np.full(len(effects.labels), math.inf)
    n_treated = sum(c.n for c in effects.cohorts if c.first)
    n_control = sum(c.n for c in effects.cohorts if c.first is None)
    found = {}
    for i, label in enumerate(effects.labels):
        alone = [k for k, size in enumerate(effects.sizes) if size < 2 and np.any(effects.slope[i, k])]
        scale = max(float(np.max(np.abs(c.mean))) for c in effects.cohorts)
        if alone:
            unit = "unit" if effects.clusters is None else "cluster"
            name = _name(effects.cohorts[alone[0]])
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


def _name(cohort: Cohort) -> str:
    return "The control" if cohort.first is None else f"The cohort first treated in period {cohort.first}"


def simultaneous_critical(covariance, alpha: float = 0.05) -> float:
    """The critical value whose band holds for all m normal estimates at once: a quantile of the largest |z| among them.

    By simulation of m normals with the estimates' correlation, seeded. Montiel Olea and Plagborg-Møller (2019),
    "Simultaneous confidence bands", section 2. Never below the pointwise value.
    """
    covariance = np.asarray(covariance, "float64")
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
        known = e.estimate is not None
        margin = quantile(1 - level / 2, e.df) * e.std_error if known else None
        low, high = (e.estimate - margin, e.estimate + margin) if known else (None, None)
        result.append(EventTime(int(label[0]), e, low, high))
    return result


@dataclass(frozen=True, slots=True)
class PreTrend:
    """Whether the paths were parallel before treatment, and what the test could have seen.

    `check` is the joint test. `detectable_slope` is the linear divergence, in the outcome's unit a period, that
    the test finds with 80 % chance; `power` is the chance to find a divergence that alone would explain the overall
    effect. Both are None where they can't be computed.
    """

    check: Check
    detectable_slope: float | None
    power: float | None


def pre_trend(effects: Effects, alpha: float = PRE_TREND_ALPHA, small: bool = False) -> PreTrend:
    """The joint test that all effects before treatment are 0, with its power.

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
        return _slope_test(effects, alpha)
    inverse = np.linalg.inv(covariance)
    statistic = float(early.estimate @ inverse @ early.estimate)
    p = float(chdtrc(size, statistic))
    slope = np.array([_divergence(g, t, effects) for g, t in early.labels])
    unit = float(slope @ inverse @ slope)
    critical = float(chdtri(size, alpha))
    detectable = math.sqrt(_noncentrality(critical, size, 0.8) / unit) if unit > 0 else None
    power = None
    overall = aggregate(effects, "dynamic")
    if overall.labels[-1] == ("overall",) and unit > 0:
        times = [label[0] for label in overall.labels[:-1] if label[0] >= 0]
        explained = float(overall.estimate[-1]) / (np.mean(times) + 1)
        power = float(1 - chndtr(critical, size, unit * explained**2))
    detail = f"Effects before treatment, {size} together: chi-square {statistic:.3g}."
    if detectable is not None:
        detail += f" A divergence of {detectable:.3g} a period would be found with 80 % chance{_chance(power)}."
    return PreTrend(Check(statistic, p, alpha, p >= alpha, detail), detectable, power)


def _divergence(first: int, t: int, effects: Effects) -> float:
    """What a divergence of 1 a period puts into the effect before treatment: 1 for a varying base, t - (g - 1) else."""
    return 1.0 if _is_varying(effects) else float(t - (first - 1))


def _noncentrality(critical: float, df: int, power: float) -> float:
    low, high = 0.0, 1.0
    while 1 - chndtr(critical, df, high) < power:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if 1 - chndtr(critical, df, middle) >= power else (middle, high)
    return high


def _slope_test(effects: Effects, alpha: float) -> PreTrend:
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
    if e.estimate is None:
        return PreTrend(Check(None, None, alpha, None, f"The pre-trend can't be tested. {e.reason}"), None, None)
    critical = quantile(1 - alpha / 2, e.df)
    detectable = (critical + quantile(0.8, e.df)) * e.std_error
    power = None
    if "overall" in row:
        explained = abs(float(dynamic.estimate[row["overall"]])) / (np.mean([t for t in row if _after(t)]) + 1)
        power = float(ndtr(explained / e.std_error - critical))
    detail = (
        f"Divergence before treatment, over {len(times)} periods: {e.estimate:.3g} a period. "
        f"One of {detectable:.3g} would be found with 80 % chance{_chance(power)}."
    )
    statistic = e.estimate / e.std_error
    return PreTrend(Check(statistic, e.p_value, alpha, e.p_value >= alpha, detail), float(detectable), power)


def _chance(power: float | None) -> str:
    return "" if power is None else f", one that alone would explain the effect with {power:.0%}"


def _after(time) -> bool:
    return time != "overall" and time >= 0


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


def _at(dynamic: Effects, row: Mapping, time: int) -> float:
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
        found = "The effect has no interval, so that there is nothing to hold against paths that diverge."
    if isinstance(found, str):
        return Check(None, None, LEAST_MAGNITUDE, None, found)

    def holds_zero(m: float) -> bool:
        s = relative_magnitudes(effects, (m,), alpha, small)[0]
        return s.ci_low <= 0 <= s.ci_high

    low, high = 0.0, LARGEST_MAGNITUDE
    if holds_zero(0.0):
        high = 0.0
    elif not holds_zero(high):
        low = high
    else:
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (low, middle) if holds_zero(middle) else (middle, high)
    detail = (
        f"The effect's interval leaves 0 out until paths diverge {high:.2g} times as fast as before treatment."
        if high > 0
        else "The effect's interval holds 0 even with parallel paths."
    )
    return Check(high, None, LEAST_MAGNITUDE, high >= LEAST_MAGNITUDE, detail)


def relative_effect(effects: Effects, kind: str = "simple", alpha: float = 0.05, small: bool = False) -> Estimate:
    """The overall effect as a share of what the treated would have had without treatment, with Fieller's interval.

    That level is the treated cohorts' own mean over the same cells less the effect. The p value is that of the
    absolute effect, which the interval agrees with. No estimate, with a reason, when the level isn't clearly above or
    below 0.
    """
    levels = np.array([_cohort(effects, g).mean[t] for g, t in effects.labels])
    slope = np.zeros_like(effects.slope)
    for i, (g, t) in enumerate(effects.labels):
        k = next(k for k, c in enumerate(effects.cohorts) if c.first == g)
        slope[i, k, t] = effects.n / effects.cohorts[k].n
    observed = Effects(effects.labels, levels, np.zeros_like(effects.shift), slope, effects.cohorts, effects.clusters)
    rows = [aggregate(e, kind) for e in (observed, effects)]
    both = stacked([e.select([len(e.labels) - 1]) for e in rows])
    absolute = estimates(rows[1].select([len(rows[1].labels) - 1]), alpha, small)[("overall",)]
    if absolute.estimate is None:
        return absolute
    level = float(both.estimate[0] - both.estimate[1])
    covariance = both.covariance(small)
    # Of the level without treatment, and of the level with it.
    turn = np.array([[1.0, -1.0], [1.0, 0.0]])
    (v_zero, v_both), (_, v_one) = turn @ covariance @ turn.T
    return as_share(absolute, level, (v_zero, v_both, v_one), alpha)


def _cohort(effects: Effects, first: int) -> Cohort:
    return next(c for c in effects.cohorts if c.first == first)


LEAST_POWER = 0.8


def grade_did(pre: PreTrend, notes: Sequence[str] = ()) -> tuple[str, str | None]:
    """C when paths were parallel before treatment as far as the test could see, D otherwise, and the reasons.

    A test that had less than 80 % chance to find a divergence that alone would explain the effect is not one that was
    passed.
    """
    reasons = list(notes)
    failed = pre.check.passed is not True
    if pre.check.passed is None:
        reasons.append(pre.check.detail)
    elif failed:
        reasons.append(f"The paths diverged before treatment (p = {pre.check.p_value:.2g}).")
    elif pre.power is None or pre.power < LEAST_POWER:
        failed = True
        chance = "unknown" if pre.power is None else f"{pre.power:.0%}"
        reasons.append(f"A divergence that alone would explain the effect could have gone unseen (power {chance}).")
    return ("D" if failed else "C"), " ".join(reasons) or None
