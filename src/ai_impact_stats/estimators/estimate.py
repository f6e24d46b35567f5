"""One row per estimate: the number, its uncertainty, and the reason when there is none."""

import math
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit

LEAST_SHARE = -1.0  # what is never below 0 falls by 100 % at most


@dataclass(frozen=True, slots=True)
class Multiple:
    """An effect on natural logarithms as a share: exp(`shift`) - 1, with the standard error of the shift."""

    shift: float
    std_error: float

    def interval(self, critical: float) -> tuple[float | None, float | None]:
        margin = critical * self.std_error
        return _grown(self.shift - margin), _grown(self.shift + margin)

    def statistic(self, null: float) -> float:
        return (self.shift - math.log1p(null)) / self.std_error if null > -1 else math.inf


@dataclass(frozen=True, slots=True)
class Share:
    """(`one` - `zero`) / |`zero`| with Fieller's sets: the shares that a test of `one` - (1 + share)·`zero` leaves.

    Fieller (1954), "Some problems in interval estimation". `v_zero`, `v_both`, `v_one` are the variances of the two
    levels and their covariance. At share 0 it is the test of the difference. `floor`: the least share that can be.
    """

    one: float
    zero: float
    v_zero: float
    v_both: float
    v_one: float
    floor: float = -math.inf

    def interval(self, critical: float) -> tuple[float | None, float | None]:
        """(None, None) if the set is unbounded: `zero` is not clearly different from 0 at it."""
        square = self.zero**2 - critical**2 * self.v_zero
        if square <= 0:
            return None, None
        linear = self.zero * self.one - critical**2 * self.v_both
        root = math.sqrt(max(linear**2 - square * (self.one**2 - critical**2 * self.v_one), 0.0))
        sign = math.copysign(1.0, self.zero)
        low, high = sorted(sign * ((linear + s * root) / square - 1) for s in (-1, 1))
        return max(low, self.floor), high

    def statistic(self, null: float) -> float:
        ratio = 1 + math.copysign(null, null * self.zero)
        return (self.one - ratio * self.zero) / math.sqrt(self._variance(ratio))

    def std_error(self) -> float:
        """The delta method's."""
        return math.sqrt(max(self._variance(self.one / self.zero), 0.0)) / abs(self.zero)

    def _variance(self, ratio: float) -> float:
        return self.v_one - 2 * ratio * self.v_both + ratio**2 * self.v_zero


@dataclass(frozen=True, slots=True)
class Score:
    """Two shares of units, `one` events of `n_one` and `zero` of `n_zero`, with the interval that a score test leaves.

    Miettinen and Nurminen (1985), "Comparative analysis of two rates": the variance is that of the likeliest shares
    with the difference (ratio, if `is_ratio`: then effects are shares of the control's, ratio - 1) that is tested,
    times N/(N - 1). It holds where events are few, and no interval of a fall goes below -100 %. Of no difference both
    are the test of pooled shares.
    """

    one: float
    n_one: float
    zero: float
    n_zero: float
    is_ratio: bool = False

    def interval(self, critical: float) -> tuple[float | None, float | None]:
        """(None, None) of a ratio to a control without events, which has no upper limit."""
        if self.is_ratio and self.zero <= 0:
            return None, None
        one, zero = self.one / self.n_one, self.zero / self.n_zero
        if not self.is_ratio:
            point, low, high = one - zero, -1.0, 1.0
        else:
            point, low, high = one / zero - 1, -1.0, 2 * one / zero + 1
            while self.statistic(high) > -critical and high < 1e12:
                high = 4 * high + 4
        return self._end(low, point, critical), self._end(high, point, -critical)

    def _end(self, far: float, point: float, critical: float) -> float:
        """Where the statistic is `critical`, between an end of the scale and the estimate."""
        if far == point or abs(self.statistic(far)) <= abs(critical):
            return far
        return float(brentq(lambda null: self.statistic(null) - critical, far, point, xtol=1e-12, rtol=1e-12))

    def statistic(self, null: float) -> float:
        one, zero = self.one / self.n_one, self.zero / self.n_zero
        distance = one - (1 + null) * zero if self.is_ratio else one - zero - null
        variance = self._variance(null)
        if variance <= 0:
            return math.copysign(math.inf, distance) if abs(distance) > 1e-15 else 0.0
        return distance / math.sqrt(variance)

    def _variance(self, null: float) -> float:
        total = self.n_one + self.n_zero
        if null == 0:
            # Both scales test the same here, to the last digit.
            one, zero, weight = ((self.one + self.zero) / total,) * 2 + (1.0,)
        elif self.is_ratio:
            ratio = 1 + null
            zero = self._zero_at_ratio(ratio)
            one, weight = ratio * zero, ratio**2
        else:
            zero = self._zero_at_difference(null)
            one, weight = zero + null, 1.0
        one, zero = min(max(one, 0.0), 1.0), min(max(zero, 0.0), 1.0)
        spread = one * (1 - one) / self.n_one + weight * zero * (1 - zero) / self.n_zero
        return spread * total / (total - 1)

    def _zero_at_ratio(self, ratio: float) -> float:
        """The control's likeliest share, given the ratio: the smaller root of a square."""
        a = (self.n_one + self.n_zero) * ratio
        b = self.n_one * ratio + self.one + self.n_zero + self.zero * ratio
        c = self.one + self.zero
        return 2 * c / (b + math.sqrt(max(b * b - 4 * a * c, 0.0)))

    def _zero_at_difference(self, null: float) -> float:
        """The control's likeliest share, given the difference: a root of a cube (their appendix)."""
        cube = self.n_one + self.n_zero
        square = (self.n_one + 2 * self.n_zero) * null - cube - self.one - self.zero
        linear = (self.n_zero * null - cube - 2 * self.zero) * null + self.one + self.zero
        constant = self.zero * null * (1 - null)
        third = square / (3 * cube)
        q = third**3 - square * linear / (6 * cube**2) + constant / (2 * cube)
        p = math.copysign(math.sqrt(max(third**2 - linear / (3 * cube), 0.0)), q)
        if p == 0:
            return -third
        angle = (math.pi + math.acos(min(max(q / p**3, -1.0), 1.0))) / 3
        return 2 * p * math.cos(angle) - third


def _grown(logarithm: float) -> float:
    return math.expm1(min(logarithm, 700.0))


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with the standard error, interval and p value of one procedure.

    `estimate`, `std_error`, `ci_low` and `ci_high` share one unit: that of the metric on the absolute scale, a fraction
    of the control's level on the relative scale (0.05 is +5 %). `p_value` is two-sided, against no effect. `df` are the
    degrees of freedom of the t distribution, infinite for a normal one. All numbers are None when the input does
    not allow an estimate; `reason` then says why in a sentence. `procedure` is what interval and p value come from,
    where that is not estimate ± t·std_error: the scale on which the effect was tested.
    """

    estimate: float | None
    std_error: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    n_treatment: int
    n_control: int
    df: float | None = None
    reason: str | None = None
    procedure: Multiple | Share | Score | None = field(default=None, compare=False, repr=False)

    def interval(self, critical: float) -> tuple[float | None, float | None]:
        """The values that a two-sided test with this critical value does not reject; (None, None) without bounds."""
        if not is_known(self):
            return None, None
        if self.procedure is not None:
            return self.procedure.interval(critical)
        return self.estimate - critical * self.std_error, self.estimate + critical * self.std_error

    @property
    def freedom(self) -> float:
        """The degrees of freedom, infinite where there are none."""
        return math.inf if self.df is None else self.df

    def statistic(self, null: float = 0.0) -> float:
        """The t or z statistic against an effect of `null`; NaN without an estimate."""
        if not is_known(self):
            return math.nan
        if self.procedure is not None:
            return self.procedure.statistic(null)
        return (self.estimate - null) / self.std_error

    def at_least(self, floor: float) -> "Estimate":
        """A share of a level whose interval ends at `floor`, where less can't be."""
        if not isinstance(self.procedure, Share) or not is_bounded(self):
            return self
        return replace(self, ci_low=max(self.ci_low, floor), procedure=replace(self.procedure, floor=floor))

    def because(self, reason: str) -> "Estimate":
        """The same counts without an estimate, for a reason."""
        return missing(reason, self.n_treatment, self.n_control)


class Known(Estimate):
    """The type of an estimate that has its numbers (`is_known`); its interval may still have no limits."""

    estimate: float
    std_error: float
    p_value: float


class Bounded(Known):
    """The type of an estimate whose interval has both limits (`is_bounded`)."""

    ci_low: float
    ci_high: float


def is_known(estimate: Estimate | None) -> TypeGuard[Known]:
    return estimate is not None and estimate.estimate is not None


def is_bounded(estimate: Estimate | None) -> TypeGuard[Bounded]:
    return is_known(estimate) and estimate.ci_low is not None and estimate.ci_high is not None


def missing(reason: str, n_treatment: int = 0, n_control: int = 0) -> Estimate:
    """An estimate that the input does not allow."""
    return Estimate(None, None, None, None, None, int(n_treatment), int(n_control), None, reason)


def quantile(probability: float, df: float = math.inf) -> float:
    """The quantile of Student's t, or of the normal distribution for infinite `df`."""
    return float(ndtri(probability)) if math.isinf(df) else float(stdtrit(df, probability))


def two_sided_p(statistic: float, df: float = math.inf) -> float:
    """The two-sided p value of a t or z statistic."""
    below = ndtr(-abs(statistic)) if math.isinf(df) else stdtr(df, -abs(statistic))
    return float(2 * below)


def wald(estimate: float, variance: float, df: float, n_treatment: int, n_control: int, alpha: float) -> Estimate:
    """The interval estimate ± t·√variance with its p value; `variance` is that of the estimate, above 0."""
    std_error = math.sqrt(variance)
    margin = quantile(1 - alpha / 2, df) * std_error
    return Estimate(
        estimate,
        std_error,
        estimate - margin,
        estimate + margin,
        two_sided_p(estimate / std_error, df),
        int(n_treatment),
        int(n_control),
        df,
    )


def as_multiple(log: Estimate) -> Estimate:
    """An effect on natural logarithms as a share: exp of it less 1, the interval and p value of the same test.

    Of means of logarithms it is how much higher the geometric mean is, in any unit of measure.
    """
    if not is_known(log):
        return log
    effect = _grown(log.estimate)
    return replace(
        log,
        estimate=effect,
        std_error=(1 + effect) * log.std_error,
        ci_low=None if log.ci_low is None else _grown(log.ci_low),
        ci_high=None if log.ci_high is None else _grown(log.ci_high),
        procedure=Multiple(log.estimate, log.std_error),
    )


NO_LEVEL = (
    "The level without treatment can't be distinguished from 0, so a relative effect has no bounded interval (Fieller)."
)


def as_share(absolute: Estimate, level: float, variances: tuple[float, float, float], alpha: float) -> Estimate:
    """An effect as a share of the level without treatment, with Fieller's interval (`Share`).

    `variances` are those of the level without treatment, its covariance with the level with it, and the variance of the
    latter. The p value is that of the absolute effect, which the interval agrees with. No estimate, with a reason,
    when the level isn't clearly different from 0.
    """
    if not is_known(absolute):
        return absolute
    procedure = Share(level + absolute.estimate, level, *map(float, variances))
    low, high = procedure.interval(quantile(1 - alpha / 2, absolute.freedom))
    if low is None:
        return absolute.because(NO_LEVEL)
    share = absolute.estimate / abs(level)
    return replace(
        absolute,
        estimate=share,
        std_error=procedure.std_error(),
        ci_low=low,
        ci_high=high,
        procedure=procedure,
    )
