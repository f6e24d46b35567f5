"""How large an effect a test can see, and how many units it needs."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from .effects import cuped_coefficient
from .estimate import quantile
from .moments import UnitMoments


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


def design_effect(units_per_cluster: float, intraclass_correlation: float, variation: float = 0.0) -> float:
    """How many times more units an experiment needs when clusters are assigned whole.

    1 + (m(1 + cv²) - 1)·ICC for m units a cluster on average, whose number has the coefficient of variation
    `variation`: Eldridge, Ashby and Kerry (2006), "Sample size for cluster randomized trials".
    """
    return 1 + (units_per_cluster * (1 + variation**2) - 1) * intraclass_correlation


def effective_variance(moments: UnitMoments) -> float:
    """The variance a unit contributes to the metric's mean or ratio, in its squared unit: n·Var(mean) with n the units.

    Over clusters it contains their design effect; NaN for fewer than two units or clusters.
    """
    return moments.linear_variance() * moments.units / moments.n if moments.n > 1 else math.nan


def remaining_variance(treatment: UnitMoments, control: UnitMoments) -> float:
    """The share of the metric's variance that the covariate leaves, 1 - R² within the arms; 1 without a covariate."""
    known = treatment.has_covariate() and control.has_covariate() and min(treatment.n, control.n) > 1
    theta = cuped_coefficient(treatment, control) if known else math.nan
    if not math.isfinite(theta):
        return 1.0
    weights = [(m, m.n - 1) for m in (treatment, control)]
    plain = sum(w * m.linear_variance() for m, w in weights)
    left = sum(w * (m.linear_variance() + theta**2 * m.var_x - 2 * theta * m.ratio_covariance()) for m, w in weights)
    return min(max(left / plain, 0.0), 1.0) if plain > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What an experiment can find. Units are of both arms together; effects are in the unit of √variance.

    `sample_size` and `weeks_needed` are for the registered effect, `detectable` is the effect found with the planned
    power after the given weeks. All None where the input does not allow them; `reason` then says why.
    """

    sample_size: int | None
    weeks_needed: int | None
    units: int | None
    detectable: float | None
    reason: str | None = None


def plan(
    variance: float,
    effect: float | None,
    units_per_week: float | None,
    weeks: int,
    alpha: float = 0.05,
    power: float = 0.8,
    treatment_share: float = 0.5,
    most_units: float = math.inf,
    inflation: Callable[[float], float] = lambda n: 1.0,
) -> Plan:
    """Sample size for `effect`, and the effect that can be found in `weeks`.

    `variance` is that of one unit (`effective_variance`, times `remaining_variance` where a covariate is adjusted for),
    equal in both arms. `most_units` caps the inflow where the population is finite. `inflation` is how many times the
    units an experiment of n units needs because it is looked at before its end. Normal approximation, as `sample_size`;
    equals the power functions of statsmodels for z tests.
    """
    if not math.isfinite(variance) or variance <= 0:
        return Plan(None, None, None, None, "The variance of the metric is not known, or 0.")
    if not 0 < treatment_share < 1:
        return Plan(None, None, None, None, "The planned share of an arm is 0.")
    size = _inflated(sample_size(effect, variance, None, alpha, power, treatment_share), inflation) if effect else None
    if units_per_week is None or not units_per_week > 0:
        return Plan(size, None, None, None, "No units arrive, so the time needed is not known.")
    needed = None if size is None or size > most_units else math.ceil(size / units_per_week)
    short = (
        None if size is None or needed else f"{size} units are needed, and no more than {int(most_units)} are known."
    )
    units = int(min(units_per_week * weeks, most_units))
    if units < 4:
        return Plan(size, needed, units, None, "Fewer than 4 units would arrive.")
    spread = inflation(units) * variance * (1 / treatment_share + 1 / (1 - treatment_share)) / units
    return Plan(size, needed, units, minimum_detectable_effect(math.sqrt(spread), alpha, power), short)


def _inflated(size: int, inflation: Callable[[float], float]) -> int:
    """The n that equals `size` times the inflation at n, which falls or stays as n grows while n is not large."""
    n = float(size)
    for _ in range(100):
        n, before = size * inflation(n), n
        if abs(n - before) < 0.5:
            break
    return math.ceil(n - 1e-9)
