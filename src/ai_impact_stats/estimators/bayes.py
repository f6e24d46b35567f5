"""What an estimate means for a decision: the posterior, the loss of being wrong, and margins that harm may not pass."""

import math
from dataclasses import dataclass

from scipy.special import ndtr

from .estimate import Estimate, is_bounded, is_known, two_sided_p


@dataclass(frozen=True, slots=True)
class Posterior:
    """The normal posterior of an effect: `mean` and `std_dev` in its unit, the chance that it is an improvement, and
    the expected loss, in the same unit, of choosing the treatment. All None without an estimate."""

    mean: float | None
    std_dev: float | None
    probability_better: float | None
    expected_loss: float | None


def posterior(estimate: Estimate, direction: str = "up", prior_sd: float | None = None) -> Posterior:
    """From a normal likelihood with the estimate's standard error and a flat or a normal prior around 0.

    `prior_sd` in the estimate's unit; None is flat. Conjugate normal updating, Gelman et al., "Bayesian data analysis",
    chapter 2; the loss E[max(0, −δ)] of δ ~ N(m, s²) is s·φ(m/s) − m·Φ(−m/s), Stucchio (2015), "Bayesian A/B testing
    at VWO", on the expected loss. `direction` (up, down) says which way is better.
    """
    if not is_known(estimate):
        return Posterior(None, None, None, None)
    mean, variance = estimate.estimate, estimate.std_error**2
    standard = estimate.statistic()
    if prior_sd is not None and prior_sd > 0:
        precision = 1 / variance + 1 / prior_sd**2
        mean = mean / variance / precision
        variance = 1 / precision
        standard = mean / math.sqrt(variance)
    sd = math.sqrt(variance)
    gain = standard if direction != "down" else -standard
    loss = sd * (math.exp(-(gain**2) / 2) / math.sqrt(2 * math.pi) - gain * float(ndtr(-gain)))
    return Posterior(mean, sd, float(ndtr(gain)), max(loss, 0.0))


def non_inferiority(estimate: Estimate, margin: float, direction: str = "up") -> tuple[bool | None, float | None]:
    """(holds, p): is the metric worse by less than `margin` (positive, in the estimate's unit)?

    The one-sided p value of the hypothesis that it is worse by the margin or more. It holds when the estimate's
    two-sided interval lies on the good side of the margin, so that a level of α there is α/2 here: ICH E9 (1998),
    section 3.3.2. None without an estimate that has limits, or a margin above 0.
    """
    if not is_bounded(estimate) or not margin > 0:
        return None, None
    worst = estimate.ci_low if direction != "down" else -estimate.ci_high
    t = estimate.statistic(-margin) if direction != "down" else -estimate.statistic(margin)
    half = two_sided_p(t, estimate.freedom) / 2
    return bool(worst > -margin), half if t > 0 else 1 - half
