"""What quasi-experiments promise, measured as `tools.calibrate` measures experiments: a section of docs/calibration.md.

Every cell draws panels or people whose truth is known, with and without an effect, and once more with the assumption
broken: what is not random then moves the outcome. The diagnostics must fire there, and seldom elsewhere. What has no
grade above D (attribution, overrides) and what learners find has intervals too, which are measured beside them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool

import numpy as np

from ai_impact_stats.designs.attribution import attribute_channels
from ai_impact_stats.designs.geo import unseen
from ai_impact_stats.designs.grading import grade_detrended, grade_did
from ai_impact_stats.estimators import did, learners, matching, structural, synthetic
from ai_impact_stats.estimators.checks import relevant_bias
from ai_impact_stats.estimators.estimate import Estimate, two_sided_p
from ai_impact_stats.estimators.paths import Paths, markov, shapley
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
    runs: int = 600


@dataclass(frozen=True)
class Result:
    """Shares of the runs: where the assumption holds, and where it is broken and there is no effect. `graded` have a
    grade above D without an effect, and `at_grade` are the false positives among those."""

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
    graded: float = 1.0
    at_grade: float = math.nan


def panel(rng, sizes, effect, drift, periods=10, clusters=0, skew=False):
    """Units with levels of their own, a common path, noise that lasts; treated ones drift by `drift` a period."""
    first = np.concatenate([np.full(n, -1 if g is None else g) for g, n in sizes])
    n, since = len(first), np.arange(periods) - first[:, None]
    noise = rng.lognormal(0, 0.75, (n, periods)) if skew else rng.normal(0, 1, (n, periods))
    y = rng.normal(0, 1, (n, 1)) + rng.normal(0, 1, periods) + noise
    y += rng.normal(0, 0.3, (n, periods)).cumsum(axis=1) + (effect * (since >= 0) + drift * np.arange(periods)) * (
        first[:, None] >= 0
    )
    if not clusters:
        return did.cohorts_from_rows(y, first)
    label = np.arange(n) // clusters
    return did.cohorts_from_rows(y + rng.normal(0, 0.5, (n // clusters, periods))[label], first, cluster=label)


def rollout(sizes, clusters=0, method="detrended", skew=False, at_start=False) -> Draw:
    """`at_start`: what breaks the assumption is another change of the treated units at their start, not a drift."""

    def run(rng, effect, strength):
        effect, drift = (effect + strength, 0.0) if at_start else (effect, strength)
        found = panel(rng, sizes, effect, drift, clusters=clusters, skew=skew)
        small = min(found.sizes().values()) < 30
        if method == "detrended":
            effects = did.group_time(found, "never_treated", "universal")
            e = did.estimates(did.detrended(effects), ALPHA, small)[("overall",)]
            return e, grade_detrended(did.bend(effects, small=small))[0]
        effects = did.group_time(found, "not_yet_treated", "universal")
        e = did.estimates(did.aggregate(effects, "simple"), ALPHA, small)[("overall",)]
        pre = did.pre_trend(effects, small=small, matters=relevant_bias(e.std_error, REGISTERED))
        return (did.two_by_two_panel(found, alpha=ALPHA) if method == "2×2" else e), grade_did(pre)[0]

    return run


# The smallest effect that people's and panels' experiments register.
REGISTERED = 0.4


def people(rng, effect, hidden, n=400, drift=0.0, new=0.0):
    """Two covariates and, if `hidden`, a third cause move choice, past and outcome; if `new`, the past not."""
    x, h = rng.normal(size=(n, 2)), rng.normal(size=n)
    fresh = new * rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(0.5 - 0.7 * x[:, 0] - 0.4 * x[:, 1] - hidden * h - fresh))).astype(float)
    level = x[:, 0] + 0.5 * x[:, 1] + hidden * h
    early, late = (level + rng.normal(0, 1, n) + drift * t * k for k in (0, 1))
    return Units.of(t, x, level + fresh + effect * t + 1.5 * drift * t + rng.normal(0, 1, n)), early, late


def matched(method: Callable[[Units, object], matching.Matched], new: bool = False, n: int = 400) -> Draw:
    """`new`: the hidden cause is one that the past does not show, of the strength of the strongest covariate."""

    def run(rng, effect, strength):
        units, early, late = people(rng, effect, 0.0 if new else strength, n, new=strength if new else 0.0)
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
    placebo = matching.placebo_outcome(method(past, propensity).estimate, matters=REGISTERED)
    hidden = matching.hidden_cause(found.estimate, matching.strongest_cause(units, names))
    return found.estimate, matching.grade_matched(balance, overlap(units, propensity, found.weights), placebo, hidden)[
        0
    ]


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
        early = synthetic.placebo_estimate(y, treated, 20, method, ALPHA)
        earned = synthetic.grade_synthetic(found, synthetic.placebo_check(early, 13), ALPHA)[0]
        return found.estimate, "D" if earned == "D" or unseen(early, found.estimate, None) else "C"

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

    early, e = compare(y[:, :20], 13), compare(y, 20)
    passed = synthetic.placebo_check(early, 13).passed and not unseen(early, e, None)
    return e, "C" if passed else "D"


def series(method: str, wander: float, growth: float = 0.0, weeks: int = 229, kind: str = "hit") -> Draw:
    """Weeks with two control series, 28 of them after the start, and `growth` a week that no control has.

    `strength`: by how much the first control is hit at the start (`hit`), or an earlier break that nothing explains.
    """
    start = weeks - 28

    def run(rng, effect, strength):
        t = np.arange(weeks)
        market = 100 * (1 + 0.001 * t) * (1 + 0.02 * rng.standard_normal(weeks))
        category = 5000 * (1 + 0.12 * np.cos(2 * np.pi * (t - 14) / 52.18)) * (1 + 0.03 * rng.standard_normal(weeks))
        moved = (1 + effect * (t >= start)) * (1 + strength * (t >= start - 13) * (kind == "break"))
        noise = np.exp(np.cumsum(wander * rng.standard_normal(weeks)) + 0.02 * rng.standard_normal(weeks))
        y = (200 + 4 * market + 0.08 * category) * moved * noise * np.exp(growth * t)
        market = market * (1 + strength * (t >= start) * (kind == "hit"))
        found = structural.Series(t, y, np.column_stack([market, category]), t >= start, True)
        if method.startswith("interrupted"):
            return structural.interrupted(found, ALPHA)[method], "D"
        untouched = structural.covariates_untouched(found, ["market", "category"], registered=math.log(1.05))
        passed = untouched.passed and structural.placebo_dates(found).passed
        return structural.structural(found, ALPHA)[method], "C" if passed else "D"

    return run


def cells() -> Iterator[Cell]:
    drift, other = "treated units drift", "another change at the start"
    two = ((None, 150), (5, 150))
    waves = ((None, 100), (4, 100), (6, 100))
    few = ((None, 4), (4, 4), (6, 4))
    lone = ((None, 48), (5, 2))
    yield Cell("net of the line, 150 units per arm", rollout(two), 0.8, drift, 0.12)
    yield Cell("net of the line, small drift", rollout(two), 0.8, drift, 0.03)
    yield Cell("net of the line, change at start", rollout(two, at_start=True), 0.8, other, 0.4)
    yield Cell("net of the line, 15 clusters of 10 per arm", rollout(two, 10), 0.8, drift, 0.12)
    yield Cell("net of the line, two waves of 100 units", rollout(waves), 0.8, drift, 0.12)
    yield Cell("net of the line, two waves of 4 units", rollout(few), 1.5, drift, 0.3)
    yield Cell("net of the line, 2 of 50 treated", rollout(lone), 1.5, drift, 0.3)
    yield Cell("net of the line, 2 of 50 treated, skewed", rollout(lone, skew=True), 1.5, drift, 0.3)
    yield Cell("2×2, 150 units per arm", rollout(two, method="2×2"), 0.8, drift, 0.12)
    yield Cell("2×2, 2 of 50 treated", rollout(lone, method="2×2"), 1.5, drift, 0.3)
    yield Cell("rollout, parallel trends, two waves of 100 units", rollout(waves, method="simple"), 0.8, drift, 0.12)
    yield Cell("rollout, parallel trends, small drift", rollout(two, method="simple"), 0.8, drift, 0.03)
    hidden = "a hidden cause of choice, past and outcome"
    yield Cell("doubly robust, 400 people", matched(doubly_robust), 0.8, hidden, 0.5)
    yield Cell("inverse probability, 400 people", matched(inverse_probability), 0.8, hidden, 0.5)
    yield Cell("overlap weights, 400 people", matched(overlap_weights), 0.8, hidden, 0.5)
    yield Cell("nearest neighbour, 400 people", matched(neighbours), 0.8, hidden, 0.5, 200)
    yield Cell("exact matching, 400 people", matched(exact), 0.8, hidden, 0.5)
    yield Cell("matched change, 400 people", changed, 0.8, "trends diverge before the choice", 0.4)
    new = "a hidden cause that the past does not show"
    yield Cell("doubly robust, 400 people, new cause", matched(doubly_robust, True), 0.8, new, 0.7)
    yield Cell("doubly robust, 3,000 people, new cause", matched(doubly_robust, True, 3000), 0.8, new, 0.7, 300)
    yield Cell("synthetic difference-in-differences, 20 + 1", regions("synthetic_did"), 2.0, drift, 0.3, 100)
    many = "synthetic difference-in-differences, 20 + 10"
    yield Cell(many, regions("synthetic_did", 10), 2.0, drift, 0.3, 40)
    yield Cell("synthetic control, 20 + 1", regions("synthetic_control"), 2.0, drift, 0.3, 100)
    yield Cell("trimmed match, 15 pairs", pairs, 1.0, drift, 0.1, 400)
    hit, relative = "a control is hit by −5 %", "structural_series_relative"
    yield Cell("series, constant level", series(relative, 0.0), 0.12, hit, -0.05, 100)
    yield Cell("series, small hit", series(relative, 0.0), 0.12, "a control is hit by −3 %", -0.03, 100)
    yield Cell("series, random-walk level, 1 %", series(relative, 0.01), 0.12, hit, -0.05, 100)
    yield Cell("series, growth of .3 % a week", series(relative, 0.0, 0.003), 0.12, hit, -0.05, 100)
    unexplained = "an earlier unexplained break"
    yield Cell("series, break", series(relative, 0.0, kind="break"), 0.12, unexplained, 0.15, 100)
    yield Cell("series, 65 weeks", series(relative, 0.0, weeks=65), 0.12, hit, -0.05, 100)
    interrupted = "interrupted_series_relative"
    yield Cell("interrupted series, straight trend", series(interrupted, 0.0, weeks=65), 0.12, hit, -0.05, 150)
    wanders = "interrupted series, random-walk level, 1 %"
    yield Cell(wanders, series(interrupted, 0.01, weeks=65), 0.12, hit, -0.05, 150)


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
        return float(np.mean([test(e, grade) for e, grade in rows])) if rows else math.nan

    def positive(e, _):
        return e.estimate is not None and e.p_value < ALPHA

    graded = [row for row in null if row[1] != "D"]
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
        len(graded) / n,
        share(graded, positive),
    )


# The band for what has a grade above D.
LOW, HIGH = 0.035, 0.065


def error(runs: int) -> float:
    """How far a share of 5 % of the runs may lie from the truth, at 95 %."""
    return 1.96 * math.sqrt(0.05 * 0.95 / runs)


def verdict(r: Result) -> str:
    """Whether false positives and coverage hold, as far as the simulation can tell; what is D need not."""
    slack = error(r.runs)
    if r.graded <= HIGH:
        return "grade D"
    if r.false_positives > HIGH + slack or r.coverage < 1 - HIGH - slack:
        return "**no**"
    return "yes" if r.false_positives >= LOW - slack and r.coverage <= 1 - LOW + slack else "too wide"


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def section(
    results: list[Result], errors: Sequence[tuple[int, float, float, float]] = (), others: Sequence["Other"] = ()
) -> str:
    lines = [
        "## Without randomisation",
        "",
        "Simulated panels, people and series (same seed; as many runs without an effect, with one, and",
        "without one but with the assumption violated). A row holds if false positives lie within 3.5 to 6.5 %, and",
        "coverage within 93.5 to 96.5 %, as far as the simulation can tell (±: how well it knows a share of 5 %).",
        "`too wide`: intervals hold more often than they say. `grade D`: the method says there that it is no evidence.",
        "At C: false positives of the runs without an effect that have grade C, and how many of them do.",
        "Grade D without cause: of the runs with an effect, those whose diagnostics fail although the assumption",
        "holds, or lack power. The smallest effect that is registered is the 5 % of series, and "
        f"{REGISTERED:g} of rollouts and people.",
        "",
        "| quasi-experiment | runs | ± | false positives, % | coverage, % | power, % | grade C, % | at C, % "
        "| grade D without cause, % | holds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        shares = (percent(v) for v in (error(r.runs), r.false_positives, r.coverage, r.found, r.graded))
        at = "–" if math.isnan(r.at_grade) else percent(r.at_grade)
        lines.append(
            f"| {r.name} | {r.runs} | {' | '.join(shares)} | {at} | {percent(r.false_alarms)} | {verdict(r)} |"
        )
    lines += [
        "",
        "If the assumption fails and there is no effect: how often an effect is found anyway, how often the grade is",
        "D, and how often an absent effect is found at grade C, which is the risk of a reader of grade C. Another",
        "change of the treated units at their start is an effect to every method: no data from before can rule it out.",
        "",
        "| quasi-experiment | violation | found, % | grade D, % | found at grade C, % |",
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
    lines += [
        "",
        "What learners find where nobody differs, revenue by channel (grade D: not causal), and overrides where people",
        "sense failures and add nothing (grade D). Coverage is of the intervals that are shown; one that rests on few",
        "conversions is not.",
        "",
        "| interval | runs | ± | holds the truth, % | shown, % |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {o.name} | {o.runs} | {percent(error(o.runs))} | {percent(o.coverage)} | {percent(o.shown)} |"
        for o in others
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Other:
    """How often an interval without a grade above D holds the truth, and how often there is one."""

    name: str
    runs: int
    coverage: float
    shown: float


def qini(learner: str, runs: int = 1000) -> Other:
    """No unit differs: the area is 0. A linear model, which is quick, in place of the trees."""
    from sklearn.linear_model import LinearRegression

    rng, held = np.random.default_rng(SEED), 0
    for _ in range(runs):
        x, treated = rng.standard_normal((400, 3)), np.tile([0.0, 1.0], 200)
        units = learners.Subjects(x, treated, x[:, 0] + rng.standard_normal(400), 0.5)
        scores = learners.cross_fitted(units, model=LinearRegression)
        place = learners.ranks(scores.predicted[learner], scores.fold)
        e = learners.curve(scores.signal, place, treated[scores.at], ALPHA).qini
        held += e.ci_low <= 0 <= e.ci_high
    return Other(f"Qini, no unit differs, {learner.replace('_', '-')}", runs, held / runs, 1.0)


WAYS = (("a",), ("b",), ("a", "b"), ("b", "c"), ("a", "c"), ("c",))
OFTEN, CONVERT = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1]), np.array([0.1, 0.05, 0.1, 0.1, 0.08, 0.02])


def channels(model: str, journeys: int, spread: float, runs: int = 200) -> Other:
    """Revenue of three channels, whose conversions are worth a lognormal sum with standard deviation `spread`."""
    import pandas as pd

    n = journeys * OFTEN
    exact = Paths.of(WAYS, n * CONVERT, n * (1 - CONVERT), n * CONVERT * math.exp(spread**2 / 2))
    truth = dict(zip("abc", {"markov": markov, "shapley": shapley}[model](exact)[1], strict=True))
    rng, held = np.random.default_rng(SEED), []
    for _ in range(runs):
        rows = []
        for key, (way, drawn, chance) in enumerate(zip(WAYS, rng.multinomial(journeys, OFTEN), CONVERT, strict=True)):
            worth = rng.lognormal(0, spread, rng.binomial(drawn, chance))
            many = {"n_converted": len(worth), "n_unconverted": drawn - len(worth), "n_revenue": len(worth)}
            many |= {"mean_revenue": worth.mean() if len(worth) else None}
            many |= {"var_revenue": worth.var(ddof=1) if len(worth) > 1 else None, "period_start": "2026-01-01"}
            rows += [many | {"path_key": str(key), "position": i + 1, "channel": c} for i, c in enumerate(way)]
        columns = ["period_start", "model", "channel"]
        found = attribute_channels(pd.DataFrame(columns=columns), pd.DataFrame(rows), ALPHA).to_pylist()
        of = [row for row in found if row["model"] == model and row["channel"] in truth]
        held += [None if r["revenue_ci_low"] is None else r["revenue_ci_low"] <= truth[r["channel"]]
                 <= r["revenue_ci_high"] for r in of]  # fmt: skip
    shown = [h for h in held if h is not None]
    name = f"{model.capitalize()}, revenue of {journeys:,} journeys, σ = {spread:g}"
    return Other(name, runs, float(np.mean(shown)) if shown else math.nan, len(shown) / len(held))


def overrides(runs: int = 400, n: int = 2000) -> Other:
    """People override where they sense a failure that no cell knows, and add nothing: compared within cells."""
    rng, held = np.random.default_rng(SEED), 0
    for _ in range(runs):
        confidence, sensed = rng.uniform(0.2, 0.8, n), rng.uniform(size=n)
        treated = rng.uniform(size=n) < 0.2 + 0.4 * (sensed < 0.3)
        y = (rng.uniform(size=n) < 0.5 * confidence + 0.3 * (sensed >= 0.3)).astype(float)
        units = Units.of(treated, confidence[:, None], y)
        e = matching.coarsened_exact(units, np.floor(confidence * 10), "att", ALPHA).estimate
        held += e.ci_low <= 0 <= e.ci_high
    return Other("overrides where people sense failures", runs, held / runs, 1.0)


OTHERS: tuple[Callable[[], Other], ...] = (
    *(partial(qini, learner) for learner in learners.LEARNERS),
    *(
        partial(channels, model, n, s)
        for model in ("markov", "shapley")
        for n, s in ((1000, 1.0), (5000, 1.0), (5000, 1.5))
    ),
    overrides,
)


def other(index: int) -> Other:
    return OTHERS[index]()


def measured(processes: int = 2) -> tuple[list[Result], list[tuple[int, float, float, float]], list[Other]]:
    with Pool(processes) as pool:
        cell = pool.map(_measure, range(len(list(cells()))), chunksize=1)
        rest = pool.map(lasting, range(len(LASTING)), chunksize=1)
        return cell, rest, pool.map(other, range(len(OTHERS)), chunksize=1)


def _measure(index: int) -> Result:
    return measure(list(cells())[index])
