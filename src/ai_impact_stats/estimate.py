"""One row per estimate: the number, its uncertainty, and the reason when there is none."""

import math
from dataclasses import dataclass, replace

from scipy.special import ndtr, ndtri, stdtr, stdtrit


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with the standard error, interval and p value of one procedure.

    `estimate`, `std_error`, `ci_low` and `ci_high` share one unit: that of the metric on the absolute scale, a fraction
    of the control's level on the relative scale (0.05 is +5 %). `p_value` is two-sided, against no effect. `df` are the
    degrees of freedom of the t distribution, infinite for a normal one. All numbers are None when the input does
    not allow an estimate; `reason` then says why in a sentence.
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

    def because(self, reason: str) -> "Estimate":
        """The same counts without an estimate, for a reason."""
        return missing(reason, self.n_treatment, self.n_control)

    def flipped(self) -> "Estimate":
        """The estimate of control minus treatment, on the absolute scale."""
        if self.estimate is None:
            return replace(self, n_treatment=self.n_control, n_control=self.n_treatment)
        return replace(
            self,
            estimate=-self.estimate,
            ci_low=-self.ci_high,
            ci_high=-self.ci_low,
            n_treatment=self.n_control,
            n_control=self.n_treatment,
        )


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
