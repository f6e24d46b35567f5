"""How large an effect a test can see, and how many units it needs."""

import math

from scipy.special import ndtr

from .estimate import quantile


def minimum_detectable_effect(std_error: float, alpha: float, power: float, df: float = math.inf) -> float:
    """The true effect that a two-sided test at `alpha` finds with probability `power`, in the unit of `std_error`.

    (t_{1-α/2} + t_{power})·SE: Bloom (1995), "Minimum detectable effects". It depends on the precision reached, not
    on the effect seen, so it can judge a finished experiment.
    """
    return (quantile(1 - alpha / 2, df) + quantile(power, df)) * std_error


def sample_size(
    effect: float,
    variance_control: float,
    variance_treatment: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    treatment_share: float = 0.5,
) -> int:
    """Units in both arms together that detect an absolute `effect` (in the metric's unit; variances in its square).

    Normal approximation: (z_{1-α/2} + z_{power})²·(s_t²/share + s_c²/(1 - share))/effect². For a proportion pass
    p(1 - p). Raises ValueError on an effect of 0 or a share outside (0, 1).
    """
    if effect == 0 or not 0 < treatment_share < 1:
        raise ValueError("A sample size needs an effect other than 0 and a treatment share between 0 and 1.")
    variance_treatment = variance_control if variance_treatment is None else variance_treatment
    spread = variance_treatment / treatment_share + variance_control / (1 - treatment_share)
    return math.ceil((quantile(1 - alpha / 2) + quantile(power)) ** 2 * spread / effect**2)


def power_of(effect: float, std_error: float, alpha: float = 0.05) -> float:
    """The chance that a two-sided z test finds a true `effect` estimated with `std_error`."""
    critical, shift = quantile(1 - alpha / 2), abs(effect) / std_error
    return float(ndtr(shift - critical) + ndtr(-shift - critical))
