"""Effects of one arm against another, from moments: absolute and relative, unadjusted and adjusted (CUPED)."""

import math
from dataclasses import replace

from .estimate import NO_LEVEL, Estimate, Score, as_share, missing, quantile, two_sided_p, wald
from .moments import Arm, UnitMoments


def incomparable(treatment: Arm, control: Arm) -> str | None:
    """The reason why two arms can't be compared, or None."""
    for label, arm in (("treatment", treatment), ("control", control)):
        if arm.n == 0:
            return f"The {label} arm has no units."
        if arm.n == 1:
            return f"The {label} arm has one unit or cluster: its variance is unknown."
        if math.isnan(arm.mean) and not math.isnan(arm.variance):
            return f"The {label} arm's mean is unknown."
        if not (math.isfinite(arm.mean) and math.isfinite(arm.variance)):
            return f"The {label} arm has no value of the metric, or its denominator is 0."
    # Rounding leaves a variance of about 1e-32 of the squared mean where every unit has the same value.
    scale = max(treatment.mean**2, control.mean**2)
    if treatment.variance + control.variance <= 1e-28 * scale or treatment.variance + control.variance == 0:
        if scale == 0:
            return (
                "Every unit of both arms has 0: nothing of the metric was seen in them, so there is no standard error."
            )
        return "Every unit has the same value in each arm: the variance is 0, so there is no standard error."
    return None


NO_EVENTS = "The control has no events, so an effect relative to it has no upper limit."


def satterthwaite(treatment: Arm, control: Arm) -> float:
    """Degrees of freedom of the sum of the variances of two arms' means.

    Welch (1947), "The generalization of 'Student's' problem when several different population variances are
    involved", with Satterthwaite's approximation.
    """
    vt, vc = treatment.variance / treatment.n, control.variance / control.n
    return (vt + vc) ** 2 / (vt**2 / treatment.freedom + vc**2 / control.freedom)


def difference(treatment: Arm, control: Arm, alpha: float = 0.05) -> Estimate:
    """Treatment minus control with Welch's interval, in the metric's unit; that of the score test for two proportions.

    Takes a mean (`Arm.from_values`), a proportion (`Arm.from_proportion`) or a ratio (`UnitMoments.ratio`).
    No estimate, with a reason, for an arm of fewer than 2 units, an unknown mean, or no variance in both arms.
    """
    problem = incomparable(treatment, control)
    if problem:
        return missing(problem, treatment.n, control.n)
    if treatment.is_share and control.is_share:
        return _scored(treatment, control, alpha)
    vt, vc = treatment.variance / treatment.n, control.variance / control.n
    df = satterthwaite(treatment, control)
    return wald(treatment.mean - control.mean, vt + vc, df, treatment.n, control.n, alpha)


def _scored(treatment: Arm, control: Arm, alpha: float, is_ratio: bool = False) -> Estimate:
    """Two proportions by their counts (`Score`); the standard error is that of their own shares."""
    events = [arm.mean * arm.n for arm in (treatment, control)]
    procedure = Score(events[0], float(treatment.n), events[1], float(control.n), is_ratio)
    low, high = procedure.interval(quantile(1 - alpha / 2))
    if low is None:
        return missing(NO_EVENTS, treatment.n, control.n)
    level = control.mean if is_ratio else 1.0
    ratio = treatment.mean / control.mean if is_ratio else 1.0
    variance = treatment.variance / treatment.n + ratio**2 * control.variance / control.n
    return Estimate(
        (treatment.mean - control.mean) / level,
        math.sqrt(variance) / level,
        low,
        high,
        two_sided_p(procedure.statistic(0.0)),
        treatment.n,
        control.n,
        math.inf,
        procedure=procedure,
    )


def is_near_zero(arm: Arm, alpha: float = 0.05) -> bool:
    """Is the arm's mean too close to 0 to divide by it?

    Fieller (1954), "Some problems in interval estimation": the confidence set of a ratio is bounded only
    when the denominator itself differs from 0 at the level alpha (his g < 1).
    """
    margin = quantile(1 - alpha / 2, arm.freedom) * math.sqrt(arm.variance / arm.n)
    return abs(arm.mean) <= margin


def relative_effect(treatment: Arm, control: Arm, alpha: float = 0.05) -> Estimate:
    """(treatment - control) / |control| as a fraction, with Fieller's interval and the p value of `difference`.

    Of two proportions it is the score test's (`Score`), which holds for fewer events. Fieller's holds where
    `relative_difference` misses to one side: values that are skewed. The interval leaves out 0 exactly where that of
    the difference does. No estimate where the control can't be distinguished from 0.
    """
    absolute = difference(treatment, control, alpha)
    if absolute.estimate is None:
        return absolute
    if treatment.is_share and control.is_share:
        # At no effect both scales test the same: one p value, to the last digit.
        return replace(_scored(treatment, control, alpha, is_ratio=True), p_value=absolute.p_value)
    variances = control.variance / control.n, 0.0, treatment.variance / treatment.n
    return as_share(absolute, control.mean, variances, alpha)


# Simulated (docs/calibration.md): where none is passed, 95 % intervals of values that are never below 0 miss in 3.5 to
# 6.5 % of cases. Values of units are the strictest: few of them may be all that one sees of a long tail.
MOST_SKEW, FEWEST_EVENTS, FEWEST_VALUES, FEWEST_IN_CLUSTERS, FEWEST_WEIGHED = 0.15, 3, 15, 5, 20


def pooled_variation(treatment: Arm, control: Arm) -> float:
    """The coefficient of variation over the units of both arms together, squared; infinite for a mean of 0.

    It does not depend on which units are treated. What was decided by each arm's own would select those experiments
    whose arms differ by chance: of 5 expected events, asking each arm for 5 leaves .1 % false positives.
    """
    n, m = treatment.n, control.n
    mean = (n * treatment.mean + m * control.mean) / (n + m)
    squares = n * m / (n + m) * (treatment.mean - control.mean) ** 2
    squares += sum((arm.n - 1) * arm.variance for arm in (treatment, control))
    return squares / (n + m - 1) / mean**2 if mean > 0 else math.inf


def events_of(treatment: Arm, control: Arm) -> float:
    """As how many events the mean of the smaller arm is known, if both arms are alike: units over `pooled_variation`.

    Of proportions, how many events it is expected to have.
    """
    n = min(treatment.n, control.n)
    if treatment.is_share and control.is_share:
        return n * (treatment.n * treatment.mean + control.n * control.mean) / (treatment.n + control.n)
    square = pooled_variation(treatment, control)
    return n / square if square > 0 else math.inf


def lopsided(treatment: Arm, control: Arm) -> float:
    """How skewed the difference of two means of values that are never below 0 is, if the arms don't differ.

    Skew cancels in arms of one size, and bends the t distribution where one is smaller: Johnson (1978), "Modified t
    tests and confidence intervals for asymmetrical populations". The values' own skewness is taken as twice their
    coefficient of variation over both arms, as in a gamma distribution. A third moment of a small arm would miss the
    tail that it asks about.
    """
    square = pooled_variation(treatment, control)
    shape = abs(treatment.n**-2 - control.n**-2) / (1 / treatment.n + 1 / control.n) ** 1.5
    return 2 * math.sqrt(square) * shape if shape else 0.0


def unreliable(treatment: Arm, control: Arm, are_clusters: bool = False) -> str | None:
    """Why no interval of these means of values that are never below 0 holds, or None."""
    are_shares = treatment.is_share and control.is_share
    fewest = FEWEST_EVENTS if are_shares else FEWEST_IN_CLUSTERS if are_clusters else FEWEST_VALUES
    weighed = [arm.df + 1 for arm in (treatment, control) if arm.df is not None]
    if not are_clusters and weighed and min(weighed) < FEWEST_WEIGHED:
        return (
            f"Its interval is unreliable: the denominators of an arm's units are so unequal that they weigh as "
            f"{min(weighed):.0f} alike, and {FEWEST_WEIGHED} are needed. Wait for more units."
        )
    events = events_of(treatment, control)
    if events < fewest:
        return (
            f"Its interval is unreliable: the smaller arm's mean is known no better than a count of {events:.0f} "
            f"events, and {fewest} are needed. Wait for more units."
        )
    if not are_shares and lopsided(treatment, control) > MOST_SKEW:
        return (
            f"Its interval is unreliable: the arms have {treatment.n} and {control.n} "
            f"{'clusters' if are_clusters else 'units'}, so the skew of the values in the smaller one decides. Wait "
            "for more units, or register the logarithm or a cut at a quantile."
        )
    return None


def relative_difference(treatment: Arm, control: Arm, alpha: float = 0.05) -> Estimate:
    """(treatment - control) / |control| as a fraction, with the delta method's standard error, as often published.

    Variance of the ratio of two independent means: s_t²/(n_t c²) + t² s_c²/(n_c c⁴), Deng, Knoblich and Lu (2018),
    "Applying the delta method in metric analytics"; Welch's degrees of freedom. Interval and p value are of this
    statistic, so that they can differ from the absolute ones, and miss to one side where values are skewed or events
    few: what is quoted is `relative_effect`. No estimate where the control is too close to 0 (`is_near_zero`).
    """
    problem = incomparable(treatment, control)
    if problem:
        return missing(problem, treatment.n, control.n)
    if control.mean == 0 or is_near_zero(control, alpha):
        return missing(NO_LEVEL, treatment.n, control.n)
    level = abs(control.mean)
    vt = treatment.variance / treatment.n / level**2
    vc = treatment.mean**2 * control.variance / control.n / level**4
    if vt + vc == 0:
        return missing("The variance of the relative effect is 0.", treatment.n, control.n)
    df = satterthwaite(treatment, control)
    return wald((treatment.mean - control.mean) / level, vt + vc, df, treatment.n, control.n, alpha)


def cuped_coefficient(treatment: UnitMoments, control: UnitMoments) -> float:
    """The slope of the metric on the covariate, pooled within the arms; NaN where the covariate does not vary.

    With it the adjusted difference equals that of the least squares of the metric on arm and covariate.
    """
    spread = (treatment.n - 1) * treatment.var_x + (control.n - 1) * control.var_x
    if not spread > 0:
        return math.nan
    joint = (treatment.n - 1) * treatment.ratio_covariance() + (control.n - 1) * control.ratio_covariance()
    return joint / spread


def cuped_arms(treatment: UnitMoments, control: UnitMoments, theta: float | None = None) -> tuple[Arm, Arm] | str:
    """Both arms with the metric adjusted by the covariate, or the reason why that is impossible.

    Deng, Xu, Kohavi and Walker (2013), "Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data": y - θ(x - x̄) with x̄ over both arms, so that the level of the metric stays. A
    ratio is adjusted through its linearised unit. `theta` may be given; by default `cuped_coefficient`. Over G clusters
    the variance carries (G - 2)/(G - 3) for the slope, which costs half a degree of freedom in each arm.
    """
    problem = incomparable(treatment.ratio(), control.ratio())
    if problem:
        return problem
    if not (treatment.has_covariate() and control.has_covariate()):
        return "No covariate from before the assignment is known, so nothing can be adjusted for."
    theta = cuped_coefficient(treatment, control) if theta is None else theta
    if not math.isfinite(theta) and treatment.mean_x == control.mean_x == 0:
        return "The covariate is 0 for every unit: nothing was measured before, so nothing can be adjusted for."
    if not math.isfinite(theta):
        return "The covariate has the same value for every unit, so nothing can be adjusted for."
    pooled = (treatment.n * treatment.mean_x + control.n * control.mean_x) / (treatment.n + control.n)
    freedom = treatment.n + control.n - 2 if treatment.n_units or control.n_units else math.inf
    lost = 1.0 if math.isinf(freedom) else freedom / (freedom - 1)
    arms = []
    for moments in (treatment, control):
        arm = moments.ratio()
        variance = moments.linear_variance() + theta**2 * moments.var_x - 2 * theta * moments.ratio_covariance()
        # Of the effective number of clusters: the slope takes up a part of what makes clusters alike.
        df = None if arm.df is None else max(1 / moments.concentration() - 1.5, 1.0)
        arms.append(
            Arm(arm.n, arm.mean - theta * (moments.mean_x - pooled), max(variance, 0.0) * moments.bias() * lost, df)
        )
    return arms[0], arms[1]


def cuped(
    treatment: UnitMoments,
    control: UnitMoments,
    alpha: float = 0.05,
    relative: bool = False,
    theta: float | None = None,
) -> Estimate:
    """The difference adjusted for a covariate from before the assignment; absolute, or relative to the control."""
    arms = cuped_arms(treatment, control, theta)
    if isinstance(arms, str):
        return missing(arms, treatment.n, control.n)
    return (relative_effect if relative else difference)(*arms, alpha)
