"""What quasi-experiments promise, measured as `tools.calibrate` measures experiments: a section of docs/calibration.md.

Every cell draws panels or people whose truth is known, with and without an effect, and once more with the assumption
broken: what is not random then moves the outcome. The diagnostics must fire there, and seldom elsewhere.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pool

import numpy as np

from ai_impact_stats.designs.grading import grade_did
from ai_impact_stats.estimators import did, matching, structural, synthetic
from ai_impact_stats.estimators.estimate import Estimate, two_sided_p
from ai_impact_stats.estimators.propensity import Units, fit_propensity, overlap

SEED, ALPHA = 20260302, 0.05
# From an effect and the strength of what breaks the assumption to the estimate and the grade that it earns.
Draw = Callable[[np.random.Generator, float, float], tuple[Estimate, str]]


@dataclass(frozen=True)
class Cell:
    """One kind of quasi-experiment. `broken` says what breaks its assumption, with `strength`."""

    name: str
    draw: Draw
    effect: float
    broken: str
    strength: float
    runs: int = 1000


@dataclass(frozen=True)
class Result:
    """Shares of the runs: where the assumption holds, and where it is broken and there is no effect."""

    name: str
    runs: int
    false_positives: float
    coverage: float
    found: float
    false_alarms: float
    broken: str
    broken_positives: float
    fired: float
    believed: float


def panel(rng, sizes, effect, drift, periods=10, clusters=0):
    """Units with levels of their own, a common path, noise that lasts; treated ones drift by `drift` a period."""
    first = np.concatenate([np.full(n, -1 if g is None else g) for g, n in sizes])
    n, since = len(first), np.arange(periods) - first[:, None]
    y = rng.normal(0, 1, (n, 1)) + rng.normal(0, 1, periods) + rng.normal(0, 1, (n, periods))
    y += rng.normal(0, 0.3, (n, periods)).cumsum(axis=1) + (effect * (since >= 0) + drift * np.arange(periods)) * (
        first[:, None] >= 0
    )
    if not clusters:
        return did.cohorts_from_rows(y, first)
    label = np.arange(n) // clusters
    return did.cohorts_from_rows(y + rng.normal(0, 0.5, (n // clusters, periods))[label], first, cluster=label)


def rollout(sizes, clusters=0, small=False, before_after=False) -> Draw:
    def run(rng, effect, strength):
        found = panel(rng, sizes, effect, strength, clusters=clusters)
        effects = did.group_time(found, "not_yet_treated", "universal")
        if before_after:
            e = did.two_by_two_panel(found, alpha=ALPHA)
        else:
            e = did.estimates(did.aggregate(effects, "simple"), ALPHA, small)[("overall",)]
        return e, grade_did(did.pre_trend(effects, small=small))[0]

    return run


def people(rng, effect, hidden, n=400, drift=0.0):
    """Two covariates and, if `hidden`, a third cause move the choice, the past and the outcome."""
    x, h = rng.normal(size=(n, 2)), rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(0.5 - 0.7 * x[:, 0] - 0.4 * x[:, 1] - hidden * h))).astype(float)
    level = x[:, 0] + 0.5 * x[:, 1] + hidden * h
    early, late = (level + rng.normal(0, 1, n) + drift * t * k for k in (0, 1))
    return Units.of(t, x, level + effect * t + 1.5 * drift * t + rng.normal(0, 1, n)), early, late


def matched(method: Callable[[Units, object], matching.Matched]) -> Draw:
    def run(rng, effect, strength):
        units, early, late = people(rng, effect, strength)
        return judged(method, units, units.with_outcome((early + late) / 2))

    return run


def changed(rng, effect, strength):
    """Levels that differ for good don't matter; paths that part do."""
    units, early, late = people(rng, effect, 0.5, drift=strength)
    change = units.with_outcome(units.mean - (early + late) / 2)
    return judged(doubly_robust, change, units.with_outcome(late - early))


def judged(method, units: Units, past: Units) -> tuple[Estimate, str]:
    propensity = fit_propensity(units)
    found = method(units, propensity)
    names = [f"x{i}" for i in range(units.x.shape[1])]
    balance = matching.balance_check(matching.covariate_balance(units, names, found.weights))
    placebo = matching.placebo_outcome(method(past, propensity).estimate)
    return found.estimate, matching.grade_matched(balance, overlap(units, propensity, found.weights), placebo)[0]


def doubly_robust(units, propensity):
    e = matching.regressed(units, propensity, "att", alpha=ALPHA)
    return matching.Matched(e, matching.weights_of(units, propensity, "att"), 0)


def inverse_probability(units, propensity):
    e = matching.weighted(units, propensity, "att", alpha=ALPHA)
    return matching.Matched(e, matching.weights_of(units, propensity, "att"), 0)


def overlap_weights(units, propensity):
    e = matching.weighted(units, propensity, "ato", alpha=ALPHA)
    return matching.Matched(e, matching.weights_of(units, propensity, "ato"), 0)


def neighbours(units, propensity):
    linear = np.log(propensity.score / (1 - propensity.score))
    return matching.nearest_neighbour(units, "att", caliper=0.2 * linear.std(), score=linear, alpha=ALPHA)


def exact(units, propensity):
    return matching.coarsened_exact(units, np.floor(units.x * 2) @ [1000, 1], "att", ALPHA)


def regions(method: str, treated: int = 1) -> Draw:
    """Twenty controls and some treated regions that load on two common paths."""

    def run(rng, effect, strength):
        paths = rng.normal(size=(2, 30)).cumsum(axis=1)
        n = 20 + treated
        y = rng.uniform(0, 2, (n, 2)) @ paths + rng.normal(0, 0.5, (n, 30)) + rng.normal(size=(n, 1))
        y[20:] += strength * np.arange(30)
        y[20:, 20:] += effect
        found = synthetic.synthetic(y, treated, 20, method, ALPHA)
        placebo = synthetic.placebo_date(y, treated, 20, method)
        return found.estimate, synthetic.grade_synthetic(found, placebo, ALPHA)[0]

    return run


def pairs(rng, effect, strength):
    """Fifteen pairs, a tenth trimmed; the placebo is two thirds into the time before."""
    level = rng.normal(100, 10, (15, 1))
    y = np.vstack([level, level]) + rng.normal(0, 0.2, (30, 30)).cumsum(axis=1) + rng.standard_t(3, (30, 30))
    y[15:, 20:] += effect
    y[15:] += strength * np.arange(30)

    def compare(path, before):
        change = path[:, before:].mean(axis=1) - path[:, :before].mean(axis=1)
        return synthetic.trimmed_match(change[15:] - change[:15], np.ones(15), 0.1, ALPHA)

    placebo = synthetic.placebo_check(compare(y[:, :20], 13), 13)
    return compare(y, 20), "C" if placebo.passed else "D"


def series(method: str, wander: float) -> Draw:
    """65 weeks with two control series; `strength` is an earlier break of the series that nothing explains."""

    def run(rng, effect, strength):
        t = np.arange(65)
        market = 100 * (1 + 0.002 * t) * (1 + 0.02 * rng.standard_normal(65))
        category = 5000 * (1 + 0.12 * np.cos(2 * np.pi * (t - 14) / 52.18)) * (1 + 0.03 * rng.standard_normal(65))
        moved = (1 + effect * (t >= 37)) * (1 + strength * (t >= 24))
        noise = np.exp(np.cumsum(wander * rng.standard_normal(65)) + 0.02 * rng.standard_normal(65))
        x = np.column_stack([market, category])
        found = structural.Series(t, (200 + 4 * market + 0.08 * category) * moved * noise, x, t >= 37, True)
        estimates = structural.structural(found, ALPHA) | structural.interrupted(found, ALPHA)
        checks = (structural.placebo_dates(found), structural.covariates_untouched(found, ["market", "category"]))
        return estimates[method], "C" if all(c.passed for c in checks) else "D"

    return run


def cells() -> Iterator[Cell]:
    drift = "treated units drift"
    hidden = "a hidden cause of choice and outcome"
    two = ((None, 150), (5, 150))
    yield Cell("2×2, 150 units per arm", rollout(two, before_after=True), 0.8, drift, 0.12)
    yield Cell("2×2, 15 clusters of 10 per arm", rollout(two, 10, True, True), 0.8, drift, 0.12)
    waves = ((None, 100), (4, 100), (6, 100))
    yield Cell("rollout in two waves of 100 units", rollout(waves), 0.8, drift, 0.12)
    few = ((None, 4), (4, 4), (6, 4))
    yield Cell("rollout in two waves of 4 units", rollout(few, small=True), 1.5, drift, 0.3)
    yield Cell("doubly robust, 400 people", matched(doubly_robust), 0.4, hidden, 0.5)
    yield Cell("inverse probability, 400 people", matched(inverse_probability), 0.4, hidden, 0.5)
    yield Cell("overlap weights, 400 people", matched(overlap_weights), 0.4, hidden, 0.5)
    yield Cell("nearest neighbour, 400 people", matched(neighbours), 0.4, hidden, 0.5, 300)
    yield Cell("exact matching, 400 people", matched(exact), 0.4, hidden, 0.5)
    yield Cell("matched change, 400 people", changed, 0.4, "trends diverge before the choice", 0.4)
    yield Cell("synthetic difference-in-differences, 20 + 1", regions("synthetic_did"), 2.0, drift, 0.3, 150)
    many = "synthetic difference-in-differences, 20 + 10"
    yield Cell(many, regions("synthetic_did", 10), 2.0, drift, 0.3, 150)
    yield Cell("synthetic control, 20 + 1", regions("synthetic_control"), 2.0, drift, 0.3, 150)
    yield Cell("trimmed match, 15 pairs", pairs, 1.0, drift, 0.1, 400)
    unexplained = "an earlier unexplained break"
    yield Cell("series, constant level", series("structural_series_relative", 0.0), 0.08, unexplained, 0.15, 100)
    yield Cell(
        "series, random-walk level, 1 %", series("structural_series_relative", 0.01), 0.08, unexplained, 0.15, 100
    )
    interrupted = "interrupted_series_relative"
    yield Cell("interrupted series, straight trend", series(interrupted, 0.0), 0.08, unexplained, 0.15, 300)
    wanders = "interrupted series, random-walk level, 1 %"
    yield Cell(wanders, series(interrupted, 0.01), 0.08, unexplained, 0.15, 300)


# Weeks, and the correlation of the errors of two that follow each other.
LASTING = tuple((weeks, rho) for weeks in (52, 78, 104) for rho in (0.0, 0.3, 0.6))
LASTING_RUNS = 2000


def lasting(index: int) -> tuple[int, float, float, float]:
    """False positives of the interrupted series, and of least squares with Newey and West's errors, two controls."""
    weeks, rho = LASTING[index]
    rng, t, found = np.random.default_rng(SEED), np.arange(weeks), []
    for _ in range(LASTING_RUNS):
        shocks = rng.standard_normal(weeks)
        error = np.empty(weeks)
        error[0] = shocks[0] / math.sqrt(1 - rho**2)
        for i in range(1, weeks):
            error[i] = rho * error[i - 1] + shocks[i]
        x = 100 + 10 * rng.standard_normal((weeks, 2))
        made = structural.Series(t, 500 + 2 * t + x.sum(axis=1) + 10 * error, x, t >= weeks // 2, False)
        e = structural.interrupted(made, ALPHA)["interrupted_series"]
        design, share = structural.segmented(made)
        plain = share @ np.linalg.lstsq(design, made.y, rcond=None)[0]
        p = two_sided_p(plain / structural.newey_west(made), len(t) - design.shape[1])
        found.append((e.p_value < ALPHA, p < ALPHA))
    ours, classical = np.mean(found, axis=0)
    return weeks, rho, float(ours), float(classical)


def measure(cell: Cell) -> Result:
    rng, n = np.random.default_rng(SEED), cell.runs
    null, real, broken = ([cell.draw(rng, *what) for _ in range(n)]
                          for what in ((0.0, 0.0), (cell.effect, 0.0), (0.0, cell.strength)))  # fmt: skip
    held = [e.ci_low <= cell.effect <= e.ci_high for e, _ in real if e.estimate is not None]

    def share(rows, test) -> float:
        return float(np.mean([test(e, grade) for e, grade in rows]))

    def positive(e, _):
        return e.estimate is not None and e.p_value < ALPHA

    return Result(
        cell.name,
        n,
        share(null, positive),
        float(np.mean(held)),
        share(real, positive),
        share(real, lambda _, grade: grade == "D"),
        cell.broken,
        share(broken, positive),
        share(broken, lambda _, grade: grade == "D"),
        share(broken, lambda e, grade: positive(e, grade) and grade != "D"),
    )


def ok(r: Result) -> bool:
    """Within three errors of the simulation, and not far on the other side either."""
    slack = 3 * math.sqrt(0.05 * 0.95 / r.runs)
    return r.false_positives <= 0.05 + slack and r.coverage >= 0.95 - slack


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def section(results: list[Result], errors: Sequence[tuple[int, float, float, float]] = ()) -> str:
    lines = [
        "## Without randomisation",
        "",
        "Simulated panels, people and series (same seed; as many runs without an effect, with one, and",
        "without one but with the assumption violated). A row holds if false positives are at most, and coverage at",
        "least, as required, within three standard errors of the simulation. Grade D without cause: of the runs",
        "with an effect, those whose diagnostics fail although the assumption holds, or lack power.",
        "",
        "| quasi-experiment | runs | false positives, % | coverage, % | power, % | grade D without cause, % | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        shares = (percent(v) for v in (r.false_positives, r.coverage, r.found, r.false_alarms))
        lines.append(f"| {r.name} | {r.runs} | {' | '.join(shares)} | {'yes' if ok(r) else '**no**'} |")
    lines += [
        "",
        "If the assumption fails and there is no effect: how often an effect is found anyway, how often the",
        "diagnostics detect the violation (their power), and how often an absent effect is found at grade C, which is",
        "the risk of a reader of grade C.",
        "",
        "| quasi-experiment | violation | found, % | detected, % | found at grade C, % |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.name} | {r.broken} | {percent(r.broken_positives)} | {percent(r.fired)} | {percent(r.believed)} |"
        for r in results
    ]
    known = percent(3 * math.sqrt(0.05 * 0.95 / LASTING_RUNS))
    lines += [
        "",
        "Interrupted series without an effect, half of the weeks after the start, by the autocorrelation of errors",
        f"from week to week ({LASTING_RUNS:,} series each, known to ± {known} points). Required: 5 ± 1.5 %.",
        "For comparison: least squares with Newey and West's errors, which are not used for this reason.",
        "",
        "| weeks | autocorrelation | false positives, % | with Newey and West's errors, % |",
        "|---|---|---|---|",
    ]
    lines += [f"| {weeks} | {rho:.1f} | {percent(ours)} | {percent(hac)} |" for weeks, rho, ours, hac in errors]
    return "\n".join(lines) + "\n"


def measured(processes: int = 2) -> tuple[list[Result], list[tuple[int, float, float, float]]]:
    with Pool(processes) as pool:
        cell = pool.map(_measure, range(len(list(cells()))), chunksize=1)
        return cell, pool.map(lasting, range(len(LASTING)), chunksize=1)


def _measure(index: int) -> Result:
    return measure(list(cells())[index])
