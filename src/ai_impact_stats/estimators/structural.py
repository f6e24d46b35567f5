"""What a series would have been without a change: a structural model and an interrupted series, with checks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, stdtr
from statsmodels.regression.linear_model import GLS, OLS

from ..wording import counted, counted_of
from .arrays import Array, Flags
from .checks import LEAST_POWER, PLACEBO_ALPHA, Check
from .estimate import Bounded, Estimate, as_multiple, is_bounded, is_known, missing, quantile, two_sided_p, wald
from .multiplicity import holm

# What a series may be dated by, and how many of it make a year.
PERIODS = {"week": 365.25 / 7, "month": 12.0, "quarter": 4.0, "year": 1.0}
LEAST_BEFORE, LEAST_AFTER, LEAST_COVERED, LEAST_DF = 16, 3, 0.9, 5.0
# Variance of the level's step from period to period, as a multiple of that of the noise: even in logarithms.
RATIOS = tuple(10.0 ** (k / 4) for k in range(-12, 9, 2))
# Correlation of the errors of two periods that follow each other, in the interrupted series.
AUTOCORRELATIONS = tuple(k / 25 - 0.5 for k in range(38))
PLACEBO_DATES, UNTOUCHED_ALPHA = 5, 0.05
# How many standard errors of the effect controls may move it by unseen. The error is that of a level that may wander,
# and larger than needed where it does not: three of them find an absent effect in at most 6 of 100 series
# (docs/calibration.md).
HIT_LIMIT = 3.0

STRUCTURAL = {"structural_series": "absolute", "structural_series_relative": "relative"}
INTERRUPTED = {"interrupted_series": "absolute", "interrupted_series_relative": "relative"}


@dataclass(frozen=True)
class Series:
    """A series and its covariates by `period`. `t` counts periods from the first; gaps are periods that are not there.

    `before` and `after` mark the periods to learn from and to judge. With `log` the model is of logarithms, and the
    effect is a ratio. Columns of `x` without a logarithm (a value at or below 0) enter as they are.
    """

    t: Array
    y: Array
    x: Array
    after: Flags
    log: bool
    period: str = "week"
    averages_by: str | None = None  # what finer values were averaged

    @property
    def before(self) -> Flags:
        return ~self.after

    @property
    def outcome(self) -> Array:
        return np.log(self.y) if self.log else self.y

    def design(self) -> Array:
        """Level, straight trend, season where two years before the change can show it, and covariates, scaled."""
        columns = [np.ones(len(self.t)), _scaled(self.t, self.before)]
        span = self.t[self.before].max() - self.t[self.before].min() + 1 if self.before.any() else 0
        year = PERIODS[self.period]
        if span >= 2 * year:
            angle = 2 * math.pi * self.t / year
            # With four periods a year, half a year takes one number; with one, none.
            waves = [
                (f, k) for k in (1, 2) for f in (np.sin, np.cos) if 2 * k < year or (2 * k == year and f is np.cos)
            ]
            columns += [f(k * angle) for f, k in waves]
        for column in self.x.T:
            columns.append(_scaled(np.log(column) if self.log and (column > 0).all() else column, self.before))
        return np.column_stack(columns)

    def until(self, start: int) -> "Series":
        """The periods before the change, as if the change had been at period `start`."""
        kept = self.before
        t = self.t[kept]
        return Series(t, self.y[kept], self.x[kept], t >= start, self.log, self.period)

    def problem(self) -> str | None:
        if not self.after.any() or self.after.sum() < LEAST_AFTER:
            return f"Fewer than {LEAST_AFTER} {self.period}s lie after the start: there is nothing to judge yet."
        if self.log and (self.y <= 0).any():
            return "A value at or below 0 has no logarithm: register the metric without transform = log."
        x = self.design()[self.before]
        needed = LEAST_BEFORE + x.shape[1] - 1
        if len(x) < needed:
            there = counted(len(x), f"{self.period} lies", f"{self.period}s lie")
            others = counted(x.shape[1] - 1, "regressor")
            return f"{there} before the start with a value; the level and {others} need {needed}."
        known = self.x[self.before]
        if known.size and (np.ptp(known, axis=0) == 0).any():
            return "A covariate does not vary before the start."
        if np.linalg.matrix_rank(x, tol=1e-6 * len(x)) < x.shape[1]:
            return "A covariate is a combination of others before the start, or of the season."
        if np.ptp(self.outcome[self.before]) == 0:
            return "The series does not vary before the start."
        return None


def _scaled(values: Array, before: Flags) -> Array:
    """With mean 0 and variance 1 before the change; 0 where nothing varies there."""
    known = np.asarray(values, "float64")[before]
    spread = known.std() if len(known) else 0
    scaled: Array = (values - known.mean()) / spread if spread > 0 else values * 0.0
    return scaled


@dataclass(frozen=True)
class Forecast:
    """Expected values of some periods, the covariance of their errors, and its degrees of freedom."""

    expected: Array
    covariance: Array
    df: float


def forecast(series: Series, ratio: float, wanted: Flags | None = None) -> tuple[Forecast, float]:
    """The best linear forecast of the periods `wanted` (default: after the change), and the log likelihood of `ratio`.

    y = x'b + level + noise; the level is a random walk from an unknown start whose step has `ratio` times the
    variance of the noise. In closed form, with the uncertainty of b, of the start and of the noise (restricted
    likelihood): for given variances it equals the Kalman filter with a diffuse start, and gives the covariance
    between periods that a cumulative effect needs.
    """
    return _forecasts(series, (ratio,), wanted)[0]


def _forecasts(series: Series, ratios: Sequence[float], wanted: Flags | None) -> list[tuple[Forecast, float]]:
    """`forecast` at several ratios, whose matrices lie on each other: the first axis is that of the ratios."""
    wanted = series.after if wanted is None else wanted
    known = series.before & ~wanted
    design, origin, over = series.design(), series.t.min(), np.asarray(ratios, "float64")[:, None, None]
    x, y, ahead = design[known], series.outcome[known], design[wanted]

    def covariance(a: Flags, b: Flags) -> Array:
        walked: Array = np.minimum.outer(series.t[a] - origin, series.t[b] - origin)
        return over * walked + np.equal.outer(series.t[a], series.t[b])

    v, across = covariance(known, known), covariance(known, wanted)
    whole = (np.broadcast_to(part, (len(over), *part.shape)) for part in (x, y[:, None]))
    weights = np.linalg.solve(v, np.concatenate([*whole, across], axis=2))
    vx, vy, vc = np.split(weights, [x.shape[1], x.shape[1] + 1], axis=2)
    information = x.T @ vx
    b = np.linalg.solve(information, _turned(vx) @ y[:, None])
    df = float(known.sum() - x.shape[1])
    squares = (y @ vy)[:, 0] - (_turned(b) @ information @ b)[:, 0, 0]
    squares = np.maximum(squares, 1e-12 * float(y @ y + 1e-300))
    left = ahead - _turned(vc) @ x
    errors = covariance(wanted, wanted) - _turned(across) @ vc
    errors = (errors + left @ np.linalg.solve(information, _turned(left))) * (squares / df)[:, None, None]
    expected = (ahead @ b + _turned(vc) @ (y[:, None] - x @ b))[:, :, 0]
    determinants = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1]
    likelihood = -0.5 * (determinants + df * np.log(squares))
    both = (errors + _turned(errors)) / 2
    return [(Forecast(e, c, df), float(each)) for e, c, each in zip(expected, both, likelihood, strict=True)]


def _turned(matrices: Array) -> Array:
    return np.swapaxes(matrices, 1, 2)


def averaged(series: Series, wanted: Flags | None = None) -> Forecast:
    """The forecast over all ratios of level to noise, weighted by their likelihood.

    Few periods seldom determine the variance of the level. The likeliest ratio is often 0, and its intervals then
    hold far less than they say; weighting the ratios says what is not known.
    """
    found = _forecasts(series, RATIOS, wanted)
    likelihood = np.array([value for _, value in found])
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    expected = sum(w * f.expected for w, (f, _) in zip(weights, found, strict=True))
    covariance = sum(
        w * (f.covariance + np.outer(f.expected - expected, f.expected - expected))
        for w, (f, _) in zip(weights, found, strict=True)
    )
    # Satterthwaite: how well the data know the variance of the average decides the tails of its interval.
    spread = np.array([f.covariance.mean() for f, _ in found])
    df = found[0][0].df
    uncertain = float(weights @ spread**2 * (1 + 2 / df) - (weights @ spread) ** 2)
    return Forecast(expected, covariance, min(df, max(2 * float(weights @ spread) ** 2 / uncertain, LEAST_DF)))


def structural(series: Series, alpha: float = 0.05) -> dict[str, Estimate]:
    """The average effect per period after the change by the structural model, absolute and relative."""
    problem = series.problem()
    n = (int(series.after.sum()), int(series.before.sum()))
    if problem:
        return {method: missing(problem, *n) for method in STRUCTURAL}
    return dict(zip(STRUCTURAL, _averages(series, averaged(series), alpha), strict=True))


def _averages(series: Series, found: Forecast, alpha: float) -> tuple[Estimate, Estimate]:
    y, n = series.y[series.after], (int(series.after.sum()), int(series.before.sum()))
    if not series.log:
        mean = float(found.expected.mean())
        variance = float(found.covariance.mean())
        absolute = wald(float(y.mean()) - mean, variance, found.df, *n, alpha)
        if abs(mean) < 3 * math.sqrt(variance):
            return absolute, missing("The expected level can't be distinguished from 0: no relative effect.", *n)
        ratio = float(y.mean()) / mean
        return absolute, wald(ratio - 1, (ratio / mean) ** 2 * variance, found.df, *n, alpha)
    level = np.exp(found.expected)
    weight = level / len(level)
    absolute = wald(float((y - level).mean()), float(weight @ found.covariance @ weight), found.df, *n, alpha)
    shift = float((np.log(y) - found.expected).mean())
    return absolute, as_multiple(wald(shift, float(found.covariance.mean()), found.df, *n, alpha))


def interrupted(series: Series, alpha: float = 0.05) -> dict[str, Estimate]:
    """The average effect per period by segmented regression: trend, step and change of trend, with covariates.

    Errors are correlated from period to period, as `rho` to the power of the periods between. It is generalised least
    squares for every `rho` of `AUTOCORRELATIONS`, weighted by restricted likelihood; interval and p value are those of
    the mixture of their t distributions. `reason` reports what Newey and West's error would have been, which is too
    small in series of one or two years.
    """
    problem = series.problem()
    n = (int(series.after.sum()), int(series.before.sum()))
    if problem:
        return {method: missing(problem, *n) for method in INTERRUPTED}
    x, share = segmented(series)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return {method: missing("Trend and covariates are collinear.", *n) for method in INTERRUPTED}
    if len(x) <= x.shape[1] + 2:
        why = f"{counted(len(x), series.period)} are too few for {x.shape[1]} regressors."
        return {method: missing(why, *n) for method in INTERRUPTED}
    if not newey_west(series) > 1e-12 * np.ptp(series.outcome):
        return {
            method: missing("The regressors explain the series exactly, so there is no error.", *n)
            for method in INTERRUPTED
        }
    shift = _autocorrelated(series, x, share, alpha)
    if not is_bounded(shift):
        return dict.fromkeys(INTERRUPTED, shift)
    why = f"Newey and West's standard error would be {newey_west(series) / shift.std_error:.2f} times this one."
    observed = float(series.y[series.after].mean())
    absolute: Estimate = shift
    if series.log:
        absolute = _transformed(shift, lambda s: -observed * math.expm1(-s), observed * math.exp(-shift.estimate))
        relative = _transformed(shift, math.expm1, math.exp(shift.estimate))
    elif (observed - shift.ci_low) * (observed - shift.ci_high) <= 0:
        relative = missing("The expected level can't be distinguished from 0: no relative effect.", *n)
    else:
        level = observed - shift.estimate
        relative = _transformed(shift, lambda s: s / (observed - s), observed / level**2)
    known = (replace(e, reason=why) if is_known(e) else e for e in (absolute, relative))
    return dict(zip(INTERRUPTED, known, strict=True))


def segmented(series: Series) -> tuple[Array, Array]:
    """The regressors of the interrupted series, and the weights of their coefficients in the average effect."""
    since = np.where(series.after, series.t - series.t[series.after].min(), 0.0)
    x = np.column_stack([series.design(), series.after.astype(float), since])
    share = np.zeros(x.shape[1])
    share[-2], share[-1] = 1.0, since[series.after].mean()
    return x, share


def newey_west(series: Series) -> float:
    """Newey and West's standard error of the same effect by ordinary least squares, lags by the rule 4(n/100)^(2/9)."""
    x, share = segmented(series)
    lags = max(1, math.floor(4 * (len(x) / 100) ** (2 / 9)))
    fitted = OLS(series.outcome, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    return math.sqrt(max(float(share @ fitted.cov_params() @ share), 0.0))


def _autocorrelated(series: Series, x: Array, share: Array, alpha: float) -> Estimate:
    apart = np.abs(np.subtract.outer(series.t, series.t))
    df, found = float(len(x) - x.shape[1]), []
    for rho in AUTOCORRELATIONS:
        v = rho**apart
        fitted = GLS(series.outcome, x, sigma=v).fit()
        inverse = fitted.normalized_cov_params
        variance = float(share @ inverse @ share) * fitted.ssr / df
        determinants = np.linalg.slogdet(v)[1] - np.linalg.slogdet(inverse)[1]
        found.append((float(share @ fitted.params), variance, -0.5 * (determinants + df * math.log(fitted.ssr))))
    means, variances, likelihood = np.array(found).T
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    spread = np.sqrt(variances)

    def below(value: float) -> float:
        return float(weights @ stdtr(df, (value - means) / spread))

    def end(probability: float) -> float:
        each = means + quantile(probability, df) * spread
        low, high = float(each.min()), float(each.max())
        return low if low == high else float(brentq(lambda value: below(value) - probability, low, high, xtol=1e-300))

    mean = float(weights @ means)
    p = 2 * min(float(weights @ stdtr(df, side * means / spread)) for side in (-1, 1))
    std_error = math.sqrt(float(weights @ (variances + (means - mean) ** 2)))
    sizes = (int(series.after.sum()), int(series.before.sum()))
    return Estimate(mean, std_error, end(alpha / 2), end(1 - alpha / 2), min(p, 1.0), *sizes, df)


def _transformed(e: Bounded, to: Callable[[float], float], slope: float) -> Estimate:
    """The estimate on another scale that rises or falls with it; `slope` is the scale's at the estimate."""
    low, high = sorted((to(e.ci_low), to(e.ci_high)))
    return replace(e, estimate=to(e.estimate), std_error=abs(slope) * e.std_error, ci_low=low, ci_high=high)


def placebo_dates(series: Series, alpha: float = PLACEBO_ALPHA) -> Check:
    """Would the model have found an effect where there was none? Up to five dates before the change, Holm's correction.

    Each date is judged by what followed, up to the change; the statistic is the largest relative effect found there.
    """
    if problem := series.problem():
        return Check(None, None, alpha, None, f"No other date was tried. {problem}")
    t = np.sort(series.t[series.before])
    least = LEAST_BEFORE + series.design().shape[1] - 1
    places = range(least, len(t) - LEAST_AFTER)
    if not len(places):
        return Check(None, None, alpha, None, f"Too few {series.period}s lie before the start to try another date.")
    chosen = sorted({places[round(i)] for i in np.linspace(0, len(places) - 1, PLACEBO_DATES)})
    found = [structural(series.until(int(t[place])))["structural_series"] for place in chosen]
    known = [e for e in found if is_known(e) and math.isfinite(e.p_value)]
    if not known:
        return Check(None, None, alpha, None, "No other date before the start could be tried.")
    p_values = holm([e.p_value for e in known])
    p, shown = float(min(p_values)), sum(p < alpha for p in p_values)
    # At the strictest of Holm's steps, with what is known of the variance at the date that sees most.
    visible = min(
        (quantile(1 - alpha / 2 / len(known), e.freedom) + quantile(0.8, e.freedom)) * e.std_error for e in known
    )
    detail = (
        f"{counted_of(shown, len(p_values), 'date', 'shows', 'show')} an effect before the start; one of {visible:.3g} "
        "a period would be found with 80 % chance."
    )
    return Check(max(abs(e.estimate / e.std_error) for e in known), p, alpha, p >= alpha, detail)


def covariates_untouched(
    series: Series,
    controls: Sequence[str],
    alpha: float = UNTOUCHED_ALPHA,
    without: str = "There is no control series.",
    registered: float | None = None,
) -> Check:
    """Did the covariates move at the start, by so much that the effect is theirs? What they add up to in the model is
    judged as an outcome without covariates: its shift is the bias that they put into the effect.

    `passed` only where a shift that matters would be found with 80 % chance: one of the `registered` smallest effect
    (on the model's scale), or of HIT_LIMIT standard errors of the effect where that is less. Covariates that wander or
    vary more than what they explain can't pass: they may hide what hit them. `without` says why there are none, if so.
    """
    if not controls:
        return Check(None, None, alpha, None, without)
    if problem := series.problem():
        return Check(None, None, alpha, None, f"The controls could not be judged. {problem}")
    sum_of = replace(series, y=explained(series), x=np.zeros((len(series.t), 0)), log=False)
    if problem := sum_of.problem():
        return Check(None, None, alpha, None, f"The controls could not be judged. {problem}")
    found, moved = averaged(series), averaged(sum_of)
    shift = float((sum_of.y[series.after] - moved.expected).mean())
    error, limit = math.sqrt(moved.covariance.mean()), HIT_LIMIT * math.sqrt(found.covariance.mean())
    if not (math.isfinite(shift) and error > 0 and limit > 0):
        return Check(None, None, alpha, None, "The controls could not be judged: nothing varies before the start.")
    limit = limit if registered is None else min(limit, registered)
    p = two_sided_p(shift / error, moved.df)
    power = float(ndtr(limit / error - quantile(1 - alpha / 2, moved.df)))
    unit = "in logarithms" if series.log else "a period"
    detail = (
        f"What the controls explain moved by {shift:.3g} {unit} at the start (p = {p:.2g}); a move of {limit:.3g} "
        f"would be found with {power:.0%} chance."
    )
    passed = p >= alpha and (True if power >= LEAST_POWER else None)
    return Check(shift / error, p, alpha, passed, detail)


def explained(series: Series) -> Array:
    """What the covariates add to the expected value in every period, with their coefficients before the change at the
    likeliest ratio of level to noise; on the model's scale."""
    known, x = series.before, series.design()
    ratio = max(RATIOS, key=lambda r: forecast(series, r)[1])
    t = series.t[known] - series.t.min()
    v = ratio * np.minimum.outer(t, t) + np.eye(len(t))
    weighed = np.linalg.solve(v, x[known])
    b = np.linalg.solve(x[known].T @ weighed, weighed.T @ series.outcome[known])
    count = series.x.shape[1]
    part: Array = x[:, -count:] @ b[-count:]
    return part
