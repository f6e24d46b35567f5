"""Is the experiment what it claims to be? Each check yields one row."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import bdtrc, chdtrc, log_ndtr
from scipy.stats import fisher_exact

from ..wording import counted, counted_of
from .effects import difference
from .estimate import Estimate, is_known, two_sided_p
from .moments import Arm
from .multiplicity import holm

SRM_ALPHA = 0.001
BALANCE_ALPHA = 0.01
PLACEBO_ALPHA = 0.05
MULTIPLE_EXPOSURE_LIMIT = 0.01
INTERFERENCE_LIMIT = 0.05
NOVELTY_ALPHA = 0.01
LEAST_CLUSTERS = 10
LOSS_ALPHA = 0.01
REACH_LIMIT = 0.01
REACH_ALPHA = 0.01
GROUP_ALPHA = 0.001
GROUP_LIMIT = 0.1
# The chi-square approximation wants this many expected units in an arm.
LEAST_EXPECTED = 5

# A bias of one standard error, where a check finds it with 80 % chance, makes no more than 6 of 100 comparisons without
# an effect pass the check and find one, and no other bias, smaller or larger, more: the chance to be found and that to
# be taken for an effect rise together.
BIAS_LIMIT, LEAST_POWER = 1.0, 0.8

UNKNOWN = "The check can't be made: its input is not a number."


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check. `passed` is None when it could not be made; `detail` says what was found.

    No check passes or fails on NaN: such a statistic or p value becomes None, and `passed` with it.
    """

    statistic: float | None
    p_value: float | None
    threshold: float | None
    passed: bool | None
    detail: str

    def __post_init__(self) -> None:
        unknown = [name for name in ("statistic", "p_value", "threshold") if _is_nan(getattr(self, name))]
        for name in unknown:
            object.__setattr__(self, name, None)
        if unknown:
            object.__setattr__(self, "passed", None)
            object.__setattr__(self, "detail", UNKNOWN)
        elif self.passed is not None:
            object.__setattr__(self, "passed", bool(self.passed))


def _is_nan(value: float | None) -> bool:
    return value is not None and math.isnan(value)


def relevant_bias(std_error: float, registered: float | None = None) -> float:
    """The bias that a check must be able to find for an estimate to rest on it, in the unit of `std_error`.

    The registered smallest effect, or one standard error of the estimate where that is less or nothing is registered:
    what is smaller than the error moves no test by much. It never depends on the estimate, as those who overestimate
    would pass.
    """
    limit = BIAS_LIMIT * std_error
    return limit if registered is None else min(abs(registered), limit)


def sample_ratio(
    counts: Mapping[str, int], weights: Mapping[str, float], alpha: float = SRM_ALPHA, what: str = "Units"
) -> Check:
    """Do the arms have the sizes that were planned? Pearson's chi-square test of units per arm.

    `counts` are the units observed per arm, or the clusters (`what`): that which was assigned independently of each
    other. `weights` are the planned shares (any positive scale). Arms of weight 0 are
    left out. The level is strict (.001): a mismatch invalidates the experiment. Fabijan et al. (2019), "Diagnosing
    sample ratio mismatch in online controlled experiments".
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
    return Check(statistic, p, alpha, p >= alpha, f"{what} per arm: {detail}.")


def pre_period_balance(pairs: Mapping[str, tuple[Arm, Arm]], alpha: float = BALANCE_ALPHA) -> Check:
    """Did the arms differ before the experiment? Welch's test of each covariate, with Holm's correction.

    `pairs` maps a covariate's name to its (treatment, control) arms. The statistic is the largest |t|.
    """
    tests = {name: difference(*arms) for name, arms in pairs.items()}
    made = {name: e for name, e in tests.items() if is_known(e)}
    if not made:
        return Check(None, None, alpha, None, _nothing_to_compare(pairs))
    adjusted = dict(zip(made, holm([e.p_value for e in made.values()]), strict=True))
    worst = min(adjusted, key=lambda name: (adjusted[name], name))
    t = abs(made[worst].estimate) / made[worst].std_error
    detail = f"{counted(len(made), 'covariate')} compared; {worst} differs most, by {made[worst].estimate:.4g}."
    return Check(t, float(adjusted[worst]), alpha, bool(adjusted[worst] >= alpha), detail)


def multiple_exposure(excluded: int, units: int, limit: float = MULTIPLE_EXPOSURE_LIMIT) -> Check:
    """The share of units seen in more than one arm; they are excluded from the estimates."""
    if units == 0:
        return Check(None, None, limit, None, "No units are assigned.")
    share = excluded / units
    detail = f"{counted_of(excluded, units, 'unit', 'was', 'were')} in several arms; left out."
    return Check(share, None, limit, share <= limit, detail)


def enrolment(arms: Mapping[str, Mapping[str, int]]) -> Check:
    """The share of assignments that lie outside of the experiment; they don't count.

    `arms` maps an arm to its `n_assignments`, those `n_before` the start and `n_after` the end, the units `n_returned`
    that are not enrolled because they were there before, and the assignments `n_undated`.
    """

    def total(name: str) -> int:
        return sum(counts[name] for counts in arms.values())

    def by_arm(name: str) -> str:
        return " | ".join(f"{arm} {counts[name]}" for arm, counts in sorted(arms.items()) if counts[name])

    assignments, outside, returned = total("n_assignments"), total("n_before") + total("n_after"), total("n_returned")
    if not assignments:
        return Check(None, None, 0.0, None, "No units are assigned.")
    parts = []
    for name, where in (("n_before", "before the start"), ("n_after", "at the end or later")):
        if total(name):
            found = counted_of(total(name), assignments, "assignment", "lies", "lie")
            parts.append(f"{found} {where}, and left out: {by_arm(name)}.")
    if returned:
        parts.append(
            f"{counted(returned, 'unit that was', 'units that were')} there before the start came back and "
            f"{'is' if returned == 1 else 'are'} not enrolled: {by_arm('n_returned')}."
        )
    parts = parts or ["Every assignment lies between the start and the end."]
    if total("n_undated"):
        had = counted_of(total("n_undated"), assignments, "assignment", "has", "have")
        parts.append(f"{had} no assigned_at: the time of the event counts.")
    return Check(outside / assignments, None, 0.0, not (outside or returned), " ".join(parts))


def unknown_arms(counts: Mapping[str, int], registered: set[str]) -> Check:
    """Units in arms that the registry does not name."""
    if not any(counts.values()):
        return Check(None, None, 0.0, None, "No units are assigned.")
    unknown = {arm: n for arm, n in counts.items() if arm not in registered and n}
    named = " | ".join(f"{arm} ({n})" for arm, n in sorted(unknown.items()))
    known = " | ".join(sorted(registered))
    detail = f"Units in unregistered arms: {named}. Registered arms: {known}."
    detail = detail if unknown else "Every arm is registered."
    return Check(float(sum(unknown.values())), None, 0.0, not unknown, detail)


def sample_ratio_within(
    parts: Mapping[str, Mapping[str, int]], weights: Mapping[str, float], what: str, alpha: float = SRM_ALPHA
) -> Check:
    """Does the ratio hold in each part of the units, such as a stratum or a day of start? Holm's correction over parts.

    `parts` maps a part's name to its units per arm; `what` names the kind of part. Parts in which an arm expects fewer
    than 5 units are not tested. The statistic is that of the part with the smallest p value. Fabijan et al. (2019),
    on looking for the segment that fails.
    """
    planned = {arm: w for arm, w in weights.items() if w > 0}
    least = min(planned.values(), default=0.0) / (sum(planned.values()) or 1.0)
    tested = {}
    for name, counts in parts.items():
        if sum(counts.get(arm, 0) for arm in planned) * least >= LEAST_EXPECTED:
            tested[name] = sample_ratio(counts, weights, alpha)
    made = {name: check for name, check in tested.items() if check.p_value is not None}
    if not made:
        return Check(None, None, alpha, None, f"No {what} is large enough to check its ratio.")
    adjusted = dict(zip(made, holm([c.p_value for c in made.values()]), strict=True))
    worst = min(adjusted, key=lambda name: (adjusted[name], name))
    p = float(adjusted[worst])
    checked = counted_of(len(made), len(parts), what, "was", "were")
    detail = f"{checked} checked; {worst} is furthest from the plan. {made[worst].detail}"
    return Check(made[worst].statistic, p, alpha, p >= alpha, detail)


def past_difference(arms: Mapping[str, tuple[Arm, Arm]], alpha: float = BALANCE_ALPHA) -> Check:
    """An A/A test on the past: did the metrics themselves differ between the arms before the assignment?

    As `pre_period_balance`, of the metrics over the time before that is as long as their window.
    """
    check = pre_period_balance(arms, alpha)
    if check.p_value is None:
        seen = any(math.isfinite(arm.mean) and arm.mean != 0 for pair in arms.values() for arm in pair)
        why = "The metrics did not vary before the assignment" if seen else "Nothing was measured before the assignment"
        return Check(None, None, alpha, None, f"{why}: there is no past to compare.")
    return check


def _nothing_to_compare(pairs: Mapping[str, tuple[Arm, Arm]]) -> str:
    """Why no covariate can be compared between the arms."""
    if not pairs:
        return "No metric of the experiment has a covariate from before the assignment: none to compare."
    known = [name for name, pair in pairs.items() if all(math.isfinite(arm.mean) for arm in pair)]
    if not known:
        return f"Not known of any unit before its assignment: {', '.join(sorted(pairs))}."
    return f"The same for every unit before its assignment, so nothing can be compared: {', '.join(sorted(known))}."


def balance(treatment: Arm, control: Arm) -> tuple[float | None, float | None]:
    """(standardised mean difference, variance ratio) of a covariate; None where it does not vary or is unknown.

    (x̄_t - x̄_c)/√((s_t² + s_c²)/2) and s_t²/s_c²: Austin (2009), "Balance diagnostics for comparing the distribution of
    baseline covariates".
    """
    spread = (treatment.variance + control.variance) / 2
    if not (math.isfinite(spread) and spread > 0):
        return None, None
    ratio = treatment.variance / control.variance if control.variance > 0 else None
    return (treatment.mean - control.mean) / math.sqrt(spread), ratio


def novelty(weeks: Mapping[int, Estimate], alpha: float = NOVELTY_ALPHA, df: float = math.inf) -> Check:
    """Does the effect wear off or build up? Slope of the effect over weeks since the assignment, weighted by 1/SE².

    The weeks are of the same units, whose correlation over time is not known here: they are treated as independent. The
    statistic is the slope per week, in the metric's unit, against a t distribution with `df` degrees of freedom.
    """
    known = {w: e for w, e in weeks.items() if is_known(e) and math.isfinite(e.std_error)}
    if len(known) < 3:
        return Check(None, None, alpha, None, "Fewer than three weeks have an effect: no trend to check.")
    w = {k: 1 / e.std_error**2 for k, e in known.items()}
    total = math.fsum(w.values())
    centre = math.fsum(w[k] * k for k in known) / total
    mean = math.fsum(w[k] * known[k].estimate for k in known) / total
    spread = math.fsum(w[k] * (k - centre) ** 2 for k in known)
    slope = math.fsum(w[k] * (k - centre) * (known[k].estimate - mean) for k in known) / spread
    p = two_sided_p(slope * math.sqrt(spread), df)
    first, last = min(known), max(known)
    detail = (
        f"Effect of week {first}: {known[first].estimate:.4g}, of week {last}: {known[last].estimate:.4g}; "
        f"it changes by {slope:.3g} a week."
    )
    return Check(slope, p, alpha, p >= alpha, detail)


def interference(treated_neighbours: float | None, limit: float = INTERFERENCE_LIMIT) -> Check:
    """A proxy of spillover: of the other units in a control unit's cluster, which share is in a treatment arm and
    exposed? It is 0 where whole clusters were assigned. None: no cluster is known."""
    if treated_neighbours is None or not math.isfinite(treated_neighbours):
        return Check(None, None, limit, None, "No control unit has a neighbour in a cluster that is known.")
    detail = f"{treated_neighbours:.1%} of the control units' neighbours are treated."
    return Check(treated_neighbours, None, limit, treated_neighbours <= limit, detail)


def enough_clusters(clusters: Mapping[str, int], least: int = LEAST_CLUSTERS) -> Check:
    """Are there enough clusters in every arm for its intervals to hold? The statistic is the smallest number.

    With few of them a variance over clusters is itself uncertain, and depends on what is assumed of their sizes:
    Cameron, Gelbach and Miller (2008), "Bootstrap-based improvements for inference with clustered errors". The
    calibration of this project holds with five an arm, of clusters that are drawn alike.
    """
    if not clusters:
        return Check(None, None, float(least), None, "No arm has a cluster that is known.")
    fewest = min(clusters, key=lambda arm: (clusters[arm], arm))
    detail = f"The arm {fewest} has {counted(clusters[fewest], 'cluster')}."
    return Check(float(clusters[fewest]), None, float(least), clusters[fewest] >= least, detail)


def stopped_early(planned_days: float | None, actual_days: float | None, looks_were_planned: bool = False) -> Check:
    """Was the end brought forward? The statistic is the length that is registered now over the one registered first.

    Stopping at a boundary that was planned, or on an interval that holds at any time, is no deviation
    (`looks_were_planned`).
    """
    if planned_days is None or actual_days is None or not planned_days > 0:
        return Check(None, None, 1.0, None, "The registration has no start or no end.")
    share = actual_days / planned_days
    if share >= 1:
        return Check(share, None, 1.0, True, "It did not end before the originally registered time.")
    detail = f"It was ended after {share:.0%} of the originally registered time."
    return Check(share, None, 1.0, looks_were_planned, detail)


@dataclass(frozen=True, slots=True)
class Loss:
    """Units (or units with an outcome) of one arm, and of them those that are lost; where the outcome of both is known,
    the means and variances of those that are kept and of those that are lost. `is_uneven`: the share of the lost may
    differ by arm, the effect on them not from that on the others."""

    n: int
    lost: int
    mean_kept: float = math.nan
    var_kept: float = math.nan
    mean_lost: float = math.nan
    is_uneven: bool = False

    @property
    def shift(self) -> tuple[float, float]:
        """How far the loss moves the arm's mean, and the variance of that if any units had been lost."""
        kept = self.n - self.lost
        if not self.lost or not kept:
            return (math.nan if self.is_uneven else 0.0), 0.0
        share = 1.0 if self.is_uneven else self.lost / self.n
        return share * (self.mean_kept - self.mean_lost), share**2 * self.var_kept * (1 / self.lost + 1 / kept)


def lost_by_arm(
    losses: Mapping[str, tuple[Loss, Loss]],
    strangers: Mapping[str, tuple[Arm, Arm]] | None = None,
    alpha: float = LOSS_ALPHA,
) -> Check:
    """Are units and outcomes lost alike in both arms, and alike by outcome? With Holm's correction over all questions.

    `losses` maps what is lost, and of what, to its (treatment, control) loss. Shares by Fisher's exact test; where the
    outcome of the lost is known, also how far the loss moves the difference of the arms' means, against what the loss
    of any units would. There is no share that is small enough: one in a hundred, all of one arm and one outcome, moves
    a rare outcome by more than its effect. The statistic is the number of units that are lost, of all questions.

    `strangers` are (units of arms that are not registered, all others), by metric: which arm they were drawn for is not
    known, so that they may not differ from the others at all (Welch).
    """
    p_values: dict[str, float] = {}
    said: dict[str, str] = {}
    for name, (t, c) in losses.items():
        if not (t.lost or c.lost) or not t.n or not c.n:
            continue
        if not t.is_uneven:
            p_values[name] = float(fisher_exact([[t.lost, t.n - t.lost], [c.lost, c.n - c.lost]])[1])
        said[name] = f"{name}: {t.lost} of {t.n} in the treatment arm, {c.lost} of {c.n} in the control."
        (shift, spread), (other, noise) = t.shift, c.shift
        moved = shift - other
        if math.isfinite(moved) and spread + noise > 0:
            key = f"{name}, by outcome"
            p_values[key] = two_sided_p(moved / math.sqrt(spread + noise), math.inf)
            where = "among the others" if t.is_uneven else "without them"
            said[key] = f"{said[name][:-1]}; {where} the difference of the arms is {moved:+.3g} larger."
    lost = float(sum(t.lost + c.lost for t, c in losses.values()))
    for name, (theirs, others) in (strangers or {}).items():
        e = difference(theirs, others)
        if is_known(e):
            p_values[name] = e.p_value
            said[name] = f"{name}: {counted(theirs.n, 'unit')}, which differ from all others by {e.estimate:.3g}."
            lost += theirs.n
    if not p_values:
        if not any(t.n and c.n for t, c in losses.values()):
            return Check(None, None, alpha, None, "Nothing says whether units or outcomes were lost.")
        return Check(0.0, None, alpha, True, "No unit and no outcome of a unit is lost.")
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    worst = min(adjusted, key=lambda name: (adjusted[name], name))
    return Check(lost, float(adjusted[worst]), alpha, bool(adjusted[worst] >= alpha), f"Lost {said[worst]}")


def exceeds(found: int, of: int, limit: float) -> float:
    """The p value of `found` of `of` at a share of `limit` at most: exact, one-sided."""
    return 1.0 if found <= 0 else float(bdtrc(found - 1, of, limit))


def assigned_after_outcome(late: int, units: int, limit: float = REACH_LIMIT) -> Check:
    """Of the units that have an outcome: how many were assigned by an event that came when it was known already? Late
    deliveries are no sign of anything, so that a share of `limit` is allowed, tested exactly."""
    if not units:
        return Check(None, None, limit, None, "No outcome says when it was received.")
    detail = f"{counted_of(late, units, 'unit', 'was', 'were')} assigned by an event that came after an outcome of it."
    return Check(late / units, exceeds(late, units, limit), limit, exceeds(late, units, limit) >= REACH_ALPHA, detail)


def contamination(
    control: tuple[int, int],
    treatment: tuple[int, int],
    what: str,
    is_withheld: bool = False,
    limit: float = REACH_LIMIT,
) -> Check:
    """Did the treatment reach the control arm? (units with a sign of it, units) of each arm; `what` is the sign.

    More than `limit` of the control, tested exactly. Where as many of the control have the sign as of the treatment
    (Fisher's exact test), it does not tell the arms apart: a record of who met either version, or AI in both arms. Of a
    control from which everything is withheld (`is_withheld`) there is no version to meet.
    """
    (met, n), (treated, m) = control, treatment
    if not n or not m or not (met or treated):
        return Check(None, None, limit, None, f"No {what} is recorded.")
    share = met / n
    detail = f"{what.capitalize()}: {met} of {counted(n, 'control unit')}, {treated} of {counted(m, 'treated unit')}."
    is_alike = share >= treated / m or fisher_exact([[met, n - met], [treated, m - treated]])[1] >= REACH_ALPHA
    if is_alike and not is_withheld:
        return Check(share, None, limit, True, f"{detail} It does not tell the arms apart.")
    p = exceeds(met, n, limit)
    return Check(share, p, limit, p >= REACH_ALPHA, detail)


def unregistered_clusters(
    groups: Mapping[str, list[tuple[int, int, int]]], alpha: float = GROUP_ALPHA, limit: float = GROUP_LIMIT
) -> Check:
    """Do units of one group share an arm more than chance allows? Then the group was assigned, not the unit.

    `groups` maps a kind of group, such as the team, to (units of the group that are the treatment's, units of the
    group, groups like that). Under assignment by unit the treated units of a group are binomial: the sum of
    (k - np)² - npq has mean 0, and a variance by the binomial's fourth moment. It over the sum of n(n-1)pq, the
    statistic, is the intraclass correlation of the arm: 1 where every group is of one arm. Below `limit`, or where few
    units have neighbours, the errors are hardly touched. Holm's correction over kinds.
    """
    found: dict[str, tuple[float, float, float, int]] = {}
    for kind, rows in groups.items():
        units, treated = sum(n * g for _, n, g in rows), sum(k * g for k, _, g in rows)
        together = sum(n * g for _, n, g in rows if n > 1)
        p = treated / units if units else 0.0
        pq = p * (1 - p)
        pairs = sum(n * (n - 1) * g for _, n, g in rows) * pq
        if not pairs > 0:
            continue
        excess = sum(g * ((k - n * p) ** 2 - n * pq) for k, n, g in rows)
        noise = sum(g * (n * pq * (1 + (3 * n - 6) * pq) - (n * pq) ** 2) for _, n, g in rows if n > 1)
        if not noise > 0:
            continue
        p_value = math.exp(float(log_ndtr(-excess / math.sqrt(noise))))
        inflation = 1 + max(excess / pairs, 0.0) * sum(n * (n - 1) * g for _, n, g in rows) / units
        found[kind] = excess / pairs, p_value, inflation, together
    if not found:
        return Check(None, None, alpha, None, "No group of units is known that could share an arm.")
    adjusted = dict(zip(found, holm([f[1] for f in found.values()]), strict=True))
    bad = {k for k, f in found.items() if adjusted[k] < alpha and f[0] > limit and f[2] > 1 + limit}
    worst = min(bad or found, key=lambda kind: (adjusted[kind], -found[kind][0], kind))
    correlation, _, _, together = found[worst]
    detail = f"{together} units share their {worst} with others; the correlation of their arms is {correlation:.2f}."
    if bad:
        detail += f" Register cluster_by: units of one {worst} were assigned together, and their errors go together."
    return Check(correlation, float(adjusted[worst]), alpha, not bad, detail)
