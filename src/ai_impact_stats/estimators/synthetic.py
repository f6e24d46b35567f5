"""Few treated units: synthetic control, synthetic difference-in-differences, and trimmed match of pairs."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import bisect, brentq, nnls

from ..wording import counted, counted_are
from .arrays import Array, ArrayLike, Places
from .checks import PLACEBO_ALPHA, Check
from .estimate import Estimate, is_known, missing, quantile, two_sided_p, wald
from .remembered import remembered

METHODS = ("synthetic_did", "synthetic_control", "synthetic_control_demeaned", "did")
# With fewer control units the weights are a choice among few, and a placebo can't be rare.
LEAST_CONTROLS, LEAST_BEFORE, LEAST_PAIRS = 10, 2, 5
# With fewer periods before, a mixture that follows the treated unit may do so by chance.
ENOUGH_BEFORE = 4
# Permutations in time need no controls to be put in the treated unit's place.
LEAST_MIXED = 2
# How well the synthetic unit must follow the treated one before treatment, as a share of the controls' own spread.
FIT_LIMIT = 0.5
# Groups of controls that are put in the place of several treated units, and the seed of what is drawn.
GROUPS, SEED = 100, 20_240_501


@dataclass(frozen=True, slots=True)
class Synthetic:
    """The average effect on the treated units after treatment, and how it came about.

    `weights` are the controls' (sum 1), `times` those of the periods before treatment (sum 1), `expected` the path of
    the treated units' mean without treatment, over all T periods. `placebos` are the estimates with each control
    in the treated unit's place. `fit` is the root mean square of the gap before treatment, in the outcome's unit.
    `rank_p_value` is the share of units whose gap grew as much after treatment, relative to the one before. `gaps`
    (placebos, T) are the placebos' gaps in every period, `levels` their levels without the effect after treatment. A
    variance over placebos times `factor` is that of the estimate.
    """

    estimate: Estimate
    weights: Array
    times: Array
    expected: Array
    placebos: Array
    fit: float | None
    check: Check
    rank_p_value: float | None = None
    gaps: Array = field(default_factory=lambda: np.zeros((0, 0)))
    levels: Array = field(default_factory=lambda: np.zeros(0))
    factor: float = 1.0


def simplex_weights(target: ArrayLike, columns: ArrayLike, penalty: float = 0.0, intercept: bool = True) -> Array:
    """The weights (k, not negative, sum 1) whose mixture of `columns` (m, k) is nearest to `target` (m).

    Minimises ‖c + columns·w - target‖²/m + penalty·‖w‖², with a constant c that costs nothing if `intercept`. Exact:
    the support is found by non-negative least squares, and the weights on it solve the constrained normal equations.
    """
    aim, parts = np.asarray(target, "float64"), np.asarray(columns, "float64")
    if intercept:
        aim, parts = aim - aim.mean(), parts - parts.mean(axis=0)
    m, k = parts.shape
    scale = max(float(np.abs(parts).max(initial=0.0)), float(np.abs(aim).max(initial=0.0)), 1e-300)
    rows = np.vstack([parts / scale / math.sqrt(m), math.sqrt(penalty) / scale * np.eye(k)])
    goal = np.concatenate([aim / scale / math.sqrt(m), np.zeros(k)])
    # The sum to 1 as one heavy row finds the support; the equations below then meet it exactly.
    heavy = 1e4
    start, _ = nnls(np.vstack([rows, np.full(k, heavy)]), np.append(goal, heavy), maxiter=50 * k + 1000)
    support = np.flatnonzero(start > 1e-9)
    for _ in range(2 * k + 2):
        weights = _on_support(rows, goal, support)
        if weights[support].min() < -1e-12:
            # A weight that turned negative leaves; one that would lower the distance comes back below.
            share = weights[support]
            support = np.delete(support, int(np.argmin(share)))
            continue
        gradient = rows.T @ (rows @ weights - goal)
        level = gradient[support].mean()
        outside = np.setdiff1d(np.arange(k), support)
        if not len(outside) or gradient[outside].min() >= level - 1e-10:
            break
        support = np.sort(np.append(support, outside[int(np.argmin(gradient[outside]))]))
    weights = np.maximum(weights, 0)
    return np.asarray(weights / weights.sum(), "float64")


def _on_support(rows: Array, goal: Array, support: Places) -> Array:
    a = rows[:, support]
    size = len(support)
    system = np.zeros((size + 1, size + 1))
    system[:size, :size], system[:size, size], system[size, :size] = a.T @ a, 1, 1
    solution = np.linalg.lstsq(system, np.append(a.T @ goal, 1.0), rcond=None)[0]
    weights = np.zeros(rows.shape[1])
    weights[support] = solution[:size]
    return weights


@remembered
def synthetic(
    y: ArrayLike, n_treated: int, before: int, method: str = "synthetic_did", alpha: float = 0.05
) -> Synthetic:
    """The effect on few treated units, against a mixture of controls that moved alike before.

    `y` (units, T) holds the controls first and the `n_treated` treated ones last, over T periods of which the first
    `before` are before treatment. `synthetic_did`: Arkhangelsky et al. (2021), "Synthetic difference-in-differences",
    algorithm 1, weights of units and of periods, solved exactly. `synthetic_control`: Abadie, Diamond and Hainmueller
    (2010) without covariates. `synthetic_control_demeaned`: the same up to a constant difference of levels (Ferman and
    Pinto 2021, "Synthetic controls with imperfect pretreatment fit", section 4; the intercept of Doudchenko and Imbens
    2016). `did`: equal weights. The standard error is that of placebos (the former, algorithm 4):
    each control in the place of the treated unit, or GROUPS groups of as many controls, at most half of them, in the
    place of several, drawn with a fixed seed; interval and p value follow from it by Student's t with J - 1 degrees of
    freedom for J controls. `rank_p_value` ranks the ratio of the gaps after and before treatment (Abadie, Diamond and
    Hainmueller 2010, section 3.4) and needs no normality; it can't be below 1/(J + 1).

    No estimate, with a reason, with fewer than LEAST_CONTROLS controls, LEAST_BEFORE periods before, none after, no
    treated unit, or a gap in the panel. The check fails when the mixture doesn't follow the treated units before
    treatment (root mean square gap above half of the controls' spread). Raises ValueError for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"The method {method} is unknown: use one of {', '.join(METHODS)}.")
    y = np.asarray(y, "float64")
    controls = len(y) - n_treated
    problem = _problem(y, n_treated, controls, before)
    if problem:
        return _none(problem, n_treated, controls)
    effect, weights, times, expected = _fit(y[:controls], y[controls:].mean(axis=0), n_treated, before, method)
    gap = y[controls:].mean(axis=0) - expected
    fit, check = _fit_check(gap[:before], y[:controls, :before])
    found, ranks, gaps = [], [], []
    for j in range(controls):
        tau, path = _placebo(y[:controls], [j], before, method)
        found.append(tau)
        ranks.append(_relative(y[j] - path, before))
        gaps.append(y[j] - path)
    places, factor = [[j] for j in range(controls)], 1.0
    if n_treated > 1:
        size = min(n_treated, controls // 2)
        rng = np.random.default_rng(SEED)
        places = [sorted(rng.permutation(controls)[:size]) for _ in range(GROUPS)]
        paths = [_placebo(y[:controls], place, before, method) for place in places]
        found = [tau for tau, _ in paths]
        gaps = [y[place].mean(axis=0) - path for place, (_, path) in zip(places, paths, strict=True)]
        # Half of the controls against the other half, where there are more treated units than that.
        factor = (1 / n_treated + 1 / controls) / (1 / size + 1 / (controls - size)) if size < n_treated else 1.0
    drawn = np.array(found)
    levels = np.array([y[place, before:].mean() for place in places]) - drawn
    variance = float(drawn.var()) * factor
    own = _relative(gap, before)
    if variance <= 1e-26 * float((y**2).mean()) or not math.isfinite(own):
        e = missing("The controls fit each other exactly, so there is no error.", n_treated, controls)
        return Synthetic(e, weights, times, expected, drawn, fit, check)
    e = wald(effect, variance, controls - 1, n_treated, controls, alpha)
    rank = (1 + sum(r >= own * (1 - 1e-9) for r in ranks)) / (controls + 1)
    return Synthetic(e, weights, times, expected, drawn, fit, check, rank, np.array(gaps), levels, factor)


def _fit_check(gap: Array, controls: Array) -> tuple[float, Check]:
    """The root mean square gap before treatment, and whether it is small beside the controls' spread."""
    fit, spread = float(np.sqrt((gap**2).mean())), float(controls.std())
    if spread == 0:
        return fit, Check(None, None, FIT_LIMIT, None, "The controls don't vary before treatment.")
    size = fit / spread
    detail = (
        f"Before treatment the mixture is off by {fit:.3g} in root mean square, {size:.0%} of the controls' spread."
    )
    return fit, Check(size, None, FIT_LIMIT, size <= FIT_LIMIT, detail)


def follows(y: ArrayLike, n_treated: int, before: int) -> Check:
    """Does the demeaned mixture follow the treated units before treatment? Arguments as in `synthetic`."""
    y = np.asarray(y, "float64")
    if problem := _problem(y, n_treated, len(y) - n_treated, before, 1, "build"):
        return Check(None, None, FIT_LIMIT, None, problem)
    controls, treated = y[: len(y) - n_treated], y[len(y) - n_treated :].mean(axis=0)
    _, _, _, expected = _fit(controls, treated, n_treated, before, "synthetic_control_demeaned")
    return _fit_check((treated - expected)[:before], controls[:, :before])[1]


def _placebo(controls: Array, place: list[int], before: int, method: str) -> tuple[float, Array]:
    """The effect on some controls that got no treatment, and the path that is expected of their mean."""
    others = np.delete(controls, place, axis=0)
    tau, _, _, path = _fit(others, controls[place].mean(axis=0), len(place), before, method)
    return tau, path


def _problem(
    y: Array,
    n_treated: int,
    controls: int,
    before: int,
    least: int = LEAST_CONTROLS,
    what: str = "build and to test",
) -> str | None:
    if n_treated < 1:
        return "No unit is treated."
    if controls < least:
        return f"There {counted_are(controls, 'control unit')}: {least} are needed to {what} a synthetic one."
    if before < LEAST_BEFORE:
        return f"There {counted_are(before, 'period')} before treatment: {LEAST_BEFORE} are needed."
    if before >= y.shape[1]:
        return "There is no period after treatment."
    if not np.isfinite(y).all():
        return f"{counted(int((~np.isfinite(y)).any(axis=1).sum()), 'unit has', 'units have')} a gap in the panel."
    return None


def _none(reason: str, n_treated: int, controls: int) -> Synthetic:
    empty = np.array([])
    check = Check(None, None, FIT_LIMIT, None, reason)
    return Synthetic(missing(reason, n_treated, controls), empty, empty, empty, empty, None, check)


def _fit(
    controls: Array, treated: Array, n_treated: int, before: int, method: str
) -> tuple[float, Array, Array, Array]:
    """Effect, weights of units, weights of periods, expected path."""
    count, periods = controls.shape
    weights, times = np.full(count, 1 / count), np.full(before, 1 / before)
    # The noise is that of first differences of the controls before treatment.
    noise = float(np.diff(controls[:, :before], axis=1).std(ddof=1))
    if method == "synthetic_control":
        weights = simplex_weights(treated[:before], controls[:, :before].T, (1e-6 * noise) ** 2, intercept=False)
        expected = weights @ controls
        return float((treated - expected)[before:].mean()), weights, times, expected
    if method == "synthetic_control_demeaned":
        weights = simplex_weights(treated[:before], controls[:, :before].T, (1e-6 * noise) ** 2)
    if method == "synthetic_did":
        zeta = (n_treated * (periods - before)) ** 0.25 * noise
        weights = simplex_weights(treated[:before], controls[:, :before].T, zeta**2)
        times = simplex_weights(controls[:, before:].mean(axis=1), controls[:, :before], (1e-6 * noise) ** 2)
    mixture = weights @ controls
    expected = mixture + times @ (treated - mixture)[:before]
    return float((treated - expected)[before:].mean()), weights, times, expected


def _relative(gap: Array, before: int) -> float:
    """Root mean square after treatment over that before."""
    early = float(np.sqrt(((gap[:before]) ** 2).mean()))
    late = float(np.sqrt((gap[before:] ** 2).mean()))
    return math.inf if early == 0 and late > 0 else late / early if early else math.nan


def conformal(y: ArrayLike, n_treated: int, before: int, alpha: float = 0.05) -> Estimate:
    """The demeaned synthetic control's estimate, with p value and interval by permutation of periods.

    Chernozhukov, Wüthrich and Zhu (2021), "An exact and robust conformal inference method for counterfactual and
    synthetic controls": for an effect θ in every period after treatment, the mixture is fitted to all periods of the
    outcome without θ, and the sum of its T residuals after treatment is ranked among those of all T cyclic shifts in
    time. The interval runs from the least to the largest θ that is not rejected at `alpha`. The standard error is the
    spread of the mean of as many residuals among the shifts, with the estimate as θ; the interval doesn't come from it.
    Exact where residuals can change places in time, and nearly so where they are stationary; it needs few controls, but
    more than 1/alpha periods. Arguments as in `synthetic`.
    """
    y = np.asarray(y, "float64")
    controls, periods = y[: len(y) - n_treated], y.shape[1]
    n = (n_treated, len(controls))
    problem = _problem(y, *n, before, LEAST_MIXED, "mix")
    if problem:
        return missing(problem, *n)
    if 1 / periods >= alpha:
        needed = math.floor(1 / alpha) + 1
        return missing(f"With {periods} periods a p value by permutation of periods can't be rarer than alpha: "
                       f"{needed} are needed.", *n)  # fmt: skip
    treated = y[len(controls) :].mean(axis=0)
    effect, _, _, expected = _fit(controls, treated, n_treated, before, "synthetic_control_demeaned")

    def p_value(theta: float) -> float:
        return conformal_p(y, n_treated, before, theta)

    step = float(np.sqrt(((treated - expected)[:before] ** 2).mean()))
    if step <= 1e-13 * float(np.abs(y).max()):
        return missing(
            "The weighted controls follow the treated unit exactly before treatment, so there is no error.", *n
        )
    if p_value(effect) < alpha:
        return missing("No constant effect agrees with the data.", *n)
    ends = [_last_held(p_value, effect, side * step, alpha) for side in (-1, 1)]
    if ends[0] is None or ends[1] is None:
        return missing("The interval by permutation of periods has no limits.", *n)
    means = _shifted(y, n_treated, before, effect) / (periods - before)
    return Estimate(effect, float(np.sqrt((means**2).mean())), ends[0], ends[1], p_value(0.0), *n)


def conformal_p(y: ArrayLike, n_treated: int, before: int, theta: float = 0.0) -> float:
    """The share of cyclic shifts whose residuals after treatment add up to as much as those in their place do, if the
    effect is `theta` in every period. Arguments as in `synthetic`."""
    sums = np.abs(_shifted(y, n_treated, before, theta))
    return float((sums >= sums[0] * (1 - 1e-9)).mean())


def _shifted(y: ArrayLike, n_treated: int, before: int, theta: float) -> Array:
    """The sum of the residuals after treatment in each of the T cyclic shifts, the first as they are."""
    y = np.asarray(y, "float64")
    controls, after = y[: len(y) - n_treated], np.arange(y.shape[1]) >= before
    without = y[len(controls) :].mean(axis=0) - theta * after
    penalty = (1e-6 * float(np.diff(controls, axis=1).std(ddof=1))) ** 2
    gap = without - simplex_weights(without, controls.T, penalty) @ controls
    gap -= gap.mean()
    return np.array([np.roll(gap, shift)[after].sum() for shift in range(len(gap))])


def _last_held(p_value: Callable[[float], float], start: float, step: float, alpha: float) -> float | None:
    """The farthest value on the side of `step` that is not rejected: ever longer steps, until six in a row are."""
    held, rejected, outside, reach = start, start, 0, 0.25
    for _ in range(80):
        value = start + reach * step
        if p_value(value) >= alpha:
            held, outside = value, 0
        else:
            rejected, outside = (value, 1) if outside == 0 else (rejected, outside + 1)
        if outside == 6:
            break
        reach *= 1.15
    else:
        return None
    # The p value goes in steps, so that only its side of alpha can be searched for.
    xtol = abs(rejected - held) / 4096
    return float(bisect(lambda value: 1.0 if p_value(value) >= alpha else -1.0, held, rejected, xtol=xtol))


def placebo_date(
    y: ArrayLike, n_treated: int, before: int, method: str = "synthetic_did", alpha: float = 0.05
) -> Check:
    """The effect of a treatment that never was, two thirds into the time before treatment: is it 0?

    Same arguments as `synthetic`. `passed` is None when too few periods are left.
    """
    return placebo_check(placebo_estimate(y, n_treated, before, method, alpha), before * 2 // 3, alpha)


def placebo_estimate(y: ArrayLike, n_treated: int, before: int, method: str, alpha: float) -> Estimate:
    """What `placebo_date` judges."""
    y, at = np.asarray(y, "float64"), before * 2 // 3
    if at < ENOUGH_BEFORE:
        return missing(f"It would leave {counted(at, 'period')} before it, and {ENOUGH_BEFORE} are needed.")
    return synthetic(y[:, :before], n_treated, at, method, alpha).estimate


def placebo_check(e: Estimate, at: int, alpha: float = PLACEBO_ALPHA) -> Check:
    """Is the estimate of a treatment at period `at`, which never was, 0? The detail says what would have been found."""
    if not is_known(e):
        return Check(None, None, alpha, None, f"No placebo date: {e.reason}")
    detail = f"A treatment at period {at}, which never was, shows an effect of {e.estimate:.3g}"
    if e.df is None:
        return Check(e.estimate, e.p_value, alpha, e.p_value >= alpha, f"{detail} ({e.ci_low:.3g} to {e.ci_high:.3g}).")
    detail += f"; one of {2.8 * e.std_error:.3g} would be found with about 80 % chance."
    return Check(e.estimate / e.std_error, e.p_value, alpha, e.p_value >= alpha, detail)


def grade_synthetic(found: Synthetic, placebo: Check | None = None, alpha: float = 0.05) -> tuple[str, str | None]:
    """C when the mixture follows the treated unit before treatment and the placebo date shows nothing, D otherwise.

    Also D when there are too few controls for the rank among placebos to be rarer than alpha.
    """
    reasons = []
    if found.check.passed is not True:
        reasons.append(found.check.detail)
    if placebo is None or placebo.passed is not True:
        reasons.append("No placebo date was tried." if placebo is None else placebo.detail)
    if len(found.times) < ENOUGH_BEFORE:
        there = counted_are(len(found.times), "period")
        reasons.append(f"There {there} before treatment: of fewer than {ENOUGH_BEFORE} a mixture may fit by chance.")
    controls = found.estimate.n_control
    if 1 / (controls + 1) > alpha:
        reasons.append(f"With {controls} controls the rank among placebos can't be below {1 / (controls + 1):.2g}.")
    return ("D" if reasons else "C"), " ".join(reasons) or None


def trimmed_match(response: ArrayLike, cost: ArrayLike, trim: float = 0.0, alpha: float = 0.05) -> Estimate:
    """The response per unit of cost (iROAS) of paired regions, with the pairs that agree least left out.

    `response` and `cost` are treated minus control, one a pair; `trim` is the share left out at each end (below .5).
    Chen and Au (2022), "Robust causal inference for incremental return on ad spend with randomized paired geo
    experiments", section 4: the ratio θ at which the trimmed mean of response - θ·cost is 0, with the interval of θ
    that Student's t of that mean (winsorised variance) doesn't reject, from the first to the last. An unbounded
    interval has no limits. No estimate with fewer than LEAST_PAIRS pairs (4 are enough without trimming), or costs that
    don't differ from 0.
    """
    r, c = np.asarray(response, "float64"), np.asarray(cost, "float64")
    n, cut = len(r), math.floor(trim * len(r) + 1e-9)
    least = LEAST_PAIRS if cut else LEAST_PAIRS - 1
    if not 0 <= trim < 0.5:
        raise ValueError(f"The share to trim must be at least 0 and below 0.5, not {trim:g}.")
    if n < least or n - 2 * cut < 3:
        return missing(
            f"There {counted_are(n, 'pair')}, of which {n - 2 * cut} would be kept: {least} and 3 are needed.", n, n
        )
    if not (np.isfinite(r).all() and np.isfinite(c).all()):
        return missing("A pair has no response or no cost.", n, n)
    roots = _roots(r, c, cut)
    if not roots:
        return missing("The pairs' costs don't differ enough to estimate a response per cost.", n, n)
    plain = r.sum() / c.sum() if c.sum() else math.inf
    # Several roots exist only when some pairs cost less in treatment: that nearest to the plain ratio counts.
    theta = min(roots, key=lambda v: abs(v - plain)) if math.isfinite(plain) else roots[len(roots) // 2]
    df = n - 2 * cut - 1
    critical = quantile(1 - alpha / 2, df)
    base = _t(theta, r, c, cut)[1]
    if not base > 1e-14 * float(np.abs(r).max() + abs(theta) * np.abs(c).max()):
        return missing("The pairs agree exactly, so there is no standard error.", n, n)
    # Far out only the costs count: where their own t is small, no end is found, as with Fieller's interval.
    bounded = abs(_t(0.0, c, c, cut)[0]) > critical
    limits = [_limit(r, c, cut, theta, direction, critical) if bounded else None for direction in (-1, 1)]
    order = np.argsort(r - theta * c, kind="stable")[cut : n - cut]
    slope = abs(float(c[order].mean()))
    error = base / slope
    p = two_sided_p(_t(0.0, r, c, cut)[0], df)
    low, high = limits
    reason = None
    if low is None or high is None:
        reason = "The costs are too close to 0 for a bounded interval."
    return Estimate(float(theta), float(error), low, high, p, n, n, df, reason)


def _t(theta: float, r: Array, c: Array, cut: int) -> tuple[float, float]:
    """Tukey and McLaughlin's t of the trimmed mean of the residuals, and the error of that mean."""
    residual = np.sort(r - theta * c)
    n = len(residual)
    middle = residual[cut : n - cut]
    held = np.clip(residual, middle[0], middle[-1])
    kept = n - 2 * cut
    error = math.sqrt(float(((held - held.mean()) ** 2).sum()) / (kept * (kept - 1)))
    mean = float(middle.mean())
    return (mean / error if error > 0 else math.copysign(math.inf, mean) if mean else 0.0), error


def _breaks(r: Array, c: Array) -> Array:
    """The θ at which two residuals change places, in order."""
    i, j = np.triu_indices(len(r), 1)
    differs = c[i] != c[j]
    return np.unique((r[i] - r[j])[differs] / (c[i] - c[j])[differs])


def _roots(r: Array, c: Array, cut: int) -> list[float]:
    """Where the trimmed mean of r - θc is 0: it is linear between the θ at which two residuals change places."""
    breaks = _breaks(r, c) if cut else np.array([])
    inner = (breaks[:-1] + breaks[1:]) / 2
    probes = np.concatenate([breaks[:1] - 1, inner, breaks[-1:] + 1]) if len(breaks) else np.array([0.0])
    edges = np.concatenate([[-math.inf], breaks, [math.inf]])
    found = []
    for k, probe in enumerate(probes):
        order = np.argsort(r - probe * c, kind="stable")[cut : len(r) - cut]
        cost = float(c[order].sum())
        if abs(cost) <= 1e-12 * float(np.abs(c).max(initial=0.0)):
            continue
        theta = float(r[order].sum()) / cost
        slack = 1e-9 * max(1.0, abs(theta))
        if edges[k] - slack <= theta <= edges[k + 1] + slack:
            found.append(theta)
    return sorted(found)


def _limit(r: Array, c: Array, cut: int, theta: float, direction: int, critical: float) -> float | None:
    """The last θ in a direction that the t doesn't reject, or None when there is no last.

    With trimming t goes up and down. It is looked at where two residuals change places, at 0, and in growing steps.
    """
    step = max(abs(theta), float(np.abs(r).max()) / max(float(np.abs(c).max()), 1e-300)) * 0.01
    steps = theta + direction * np.cumsum(step * 1.5 ** np.arange(60))
    places = np.concatenate([steps, [0.0], _breaks(r, c) if cut else []])
    places = np.sort(places[(places - theta) * direction > 0])[::direction]
    held = [k for k, place in enumerate(places) if abs(_t(place, r, c, cut)[0]) <= critical]
    if held and held[-1] == len(places) - 1:
        return None
    inside, outside = (places[held[-1]], places[held[-1] + 1]) if held else (theta, places[0])
    return float(brentq(lambda value: abs(_t(value, r, c, cut)[0]) - critical, inside, outside, xtol=1e-300))
