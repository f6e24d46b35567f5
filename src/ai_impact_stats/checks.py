"""Is the experiment what it claims to be? Each check yields one row."""

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import chdtrc

from .effects import difference
from .moments import Arm
from .multiplicity import holm

SRM_ALPHA = 0.001
BALANCE_ALPHA = 0.01
MULTIPLE_EXPOSURE_LIMIT = 0.01


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check. `passed` is None when it could not be made; `detail` says what was found."""

    statistic: float | None
    p_value: float | None
    threshold: float | None
    passed: bool | None
    detail: str


def sample_ratio(counts: Mapping[str, int], weights: Mapping[str, float], alpha: float = SRM_ALPHA) -> Check:
    """Do the arms have the sizes that were planned? Pearson's chi-square test of units per arm.

    `counts` are the units observed per arm, `weights` the planned shares (any positive scale). Arms of weight 0 are
    left out. The level is strict (.001): a mismatch invalidates the experiment. Fabijan et al. (2019), "Diagnosing
    sample ratio mismatch in online controlled experiments", section 2.
    """
    planned = {arm: w for arm, w in weights.items() if w > 0}
    total, observed = sum(planned.values()), {arm: counts.get(arm, 0) for arm in planned}
    n = sum(observed.values())
    if len(planned) < 2:
        return Check(None, None, alpha, None, "Fewer than two arms have a planned share above 0: no ratio to check.")
    if n == 0:
        return Check(None, None, alpha, None, "No units are assigned to the planned arms.")
    expected = {arm: n * w / total for arm, w in planned.items()}
    statistic = sum((observed[arm] - expected[arm]) ** 2 / expected[arm] for arm in planned)
    p = float(chdtrc(len(planned) - 1, statistic))
    detail = ", ".join(f"{arm} {observed[arm]} (planned {expected[arm]:.0f})" for arm in planned)
    return Check(statistic, p, alpha, p >= alpha, f"Units per arm: {detail}.")


def pre_period_balance(pairs: Mapping[str, tuple[Arm, Arm]], alpha: float = BALANCE_ALPHA) -> Check:
    """Did the arms differ before the experiment? Welch's test of each covariate, with Holm's correction.

    `pairs` maps a covariate's name to its (treatment, control) arms. The statistic is the largest |t|.
    """
    tests = {name: difference(*arms) for name, arms in pairs.items()}
    made = {name: e for name, e in tests.items() if e.estimate is not None}
    if not made:
        return Check(None, None, alpha, None, "No covariate from before the assignment varies: none to compare.")
    adjusted = dict(zip(made, holm([e.p_value for e in made.values()]), strict=True))
    worst = min(adjusted, key=lambda name: (adjusted[name], name))
    t = abs(made[worst].estimate) / made[worst].std_error
    detail = f"{len(made)} covariate(s) compared; {worst} differs most, by {made[worst].estimate:.4g}."
    return Check(t, float(adjusted[worst]), alpha, bool(adjusted[worst] >= alpha), detail)


def multiple_exposure(excluded: int, units: int, limit: float = MULTIPLE_EXPOSURE_LIMIT) -> Check:
    """The share of units seen in more than one arm; they are excluded from the estimates."""
    if units == 0:
        return Check(None, None, limit, None, "No units are assigned.")
    share = excluded / units
    return Check(share, None, limit, share <= limit, f"{excluded} of {units} units were in several arms; left out.")


def unknown_arms(counts: Mapping[str, int], registered: set[str]) -> Check:
    """Units in arms that the registry does not name."""
    unknown = {arm: n for arm, n in counts.items() if arm not in registered}
    named = ", ".join(f"{arm} ({n})" for arm, n in sorted(unknown.items()))
    detail = f"Units in arms that are not registered: {named}." if unknown else "Every arm is registered."
    return Check(float(sum(unknown.values())), None, 0.0, not unknown, detail)
