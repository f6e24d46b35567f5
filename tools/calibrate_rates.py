"""Rates where they are hardest to hold, in randomised experiments: a section of docs/calibration.md.

Skewed amounts, few events, few clusters of unequal size, values that many units share, and marts that are rebuilt every
day. Each cell draws experiments without an effect and with one. What a row of `impact_estimates` says of itself counts:
an estimate that is refused, or said to be unreliable (grade D), claims nothing; the rates are those of the rest.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ai_impact_stats.estimators.effects import cuped, difference, relative_effect, unreliable
from ai_impact_stats.estimators.estimate import Estimate
from ai_impact_stats.estimators.moments import Arm, Leverage, UnitMoments
from ai_impact_stats.estimators.quantiles import quantile_arm
from ai_impact_stats.estimators.sequential import always_valid, group_sequential_bounds, readings

RUNS, DAILY_RUNS, SEED, ALPHA = 4_000, 40_000, 20260302, 0.05
TITLE = "## Skew, few events, few clusters, shared values"
SAYS_SO = 0.9  # of the runs: then the method says that it doesn't hold there
# An absolute and a relative estimate, and why they are unreliable, if so.
Found = tuple[Estimate, Estimate | None, str | None]


@dataclass(frozen=True)
class Cell:
    """`draw` makes and estimates an experiment whose treatment multiplies the outcome by 1 + `effect`; `level` is the
    control's, where an absolute effect is that times `effect`, or else `absolute`."""

    name: str
    draw: Callable[[np.random.Generator, float], Found]
    effect: float
    level: float = 1.0
    # More where the method seldom claims anything: what is left would say little.
    times: int = 1


@dataclass(frozen=True)
class Result:
    """Shares of the runs without an effect that were found, and that say they don't hold; then of those that don't say
    it: found without an effect, and how often the interval holds the effect, absolute and relative."""

    name: str
    found: float
    said: float
    false_positives: float
    coverage: float
    relative: float | None
    shown: int

    def holds(self) -> str:
        if self.said >= SAYS_SO:
            return "says so"
        misses = [self.false_positives, 1 - self.coverage, *([] if self.relative is None else [1 - self.relative])]
        near = 2 * math.sqrt(ALPHA * (1 - ALPHA) / max(self.shown, 1)) if self.shown < 2000 else 0.0
        for word, tolerance in (("yes", 0.01), ("within 1.5", 0.015)):
            if all(abs(miss - ALPHA) <= tolerance + near + 1e-9 for miss in misses):
                return word
        return "**no**"


def compared(t: Arm, c: Arm, are_clusters: bool = False) -> Found:
    return difference(t, c, ALPHA), relative_effect(t, c, ALPHA), unreliable(t, c, are_clusters)


def amounts(sigma: float, n: tuple[int, int], zeros: float = 0.0) -> Callable:
    """Lognormal amounts with a mean of 1; a share of `zeros` has none."""

    def arm(rng, n, times):
        y = times * np.exp(sigma * rng.standard_normal(n) - sigma**2 / 2)
        return Arm.from_values(y * (rng.random(n) >= zeros) / (1 - zeros) if zeros else y)

    return lambda rng, effect: compared(arm(rng, n[1], 1 + effect), arm(rng, n[0], 1.0))


def waiting(n: tuple[int, int]) -> Callable:
    return lambda rng, effect: compared(
        Arm.from_values((1 + effect) * rng.exponential(1, n[1])), Arm.from_values(rng.exponential(1, n[0]))
    )


def ratio(sigma: float, n: int) -> Callable:
    """A quantity per hour, where the hours of a unit are lognormal and every unit has a rate of its own."""

    def arm(rng, times):
        hours = np.exp(sigma * rng.standard_normal(n))
        return UnitMoments.from_rows(hours * times * np.exp(0.5 * rng.standard_normal(n) - 0.125), hours).ratio()

    return lambda rng, effect: compared(arm(rng, 1 + effect), arm(rng, 1.0))


@lru_cache(maxsize=200_000)
def counted(x: int, n: int, y: int, m: int) -> Found:
    return compared(Arm.from_proportion(x, n), Arm.from_proportion(y, m))


def events(expected: float, n: tuple[int, int] = (1000, 1000)) -> Callable:
    """A proportion with so many expected events in the smaller arm, without an effect."""
    share = expected / min(n)
    return lambda rng, effect: counted(
        int(rng.binomial(n[1], share * (1 + effect))), n[1], int(rng.binomial(n[0], share)), n[0]
    )


def totals(rng, clusters: int, sizes: str, intra: float, level: float):
    """Totals and sizes of clusters whose units have a variance of 1 and the intraclass correlation `intra`."""
    if sizes == "1 to 20":
        z = rng.integers(1, 21, clusters).astype(float)
    else:
        z = np.ceil(np.exp(2 + rng.standard_normal(clusters)))
    own = math.sqrt(intra) * z * rng.standard_normal(clusters) + np.sqrt((1 - intra) * z) * rng.standard_normal(
        clusters
    )
    return own + level * z, z


def clustered(n: tuple[int, int], sizes: str = "lognormal", intra: float = 0.2, covariate: bool = False) -> Callable:
    """Means of units in clusters that were assigned whole, about a level of 5."""

    def arm(rng, clusters, level):
        y, z = totals(rng, clusters, sizes, intra, level)
        x = totals(rng, clusters, sizes, 0.0, 0.0)[0] if covariate else None
        moments = UnitMoments.from_rows(y if x is None else y + x, z, x)
        parts = [getattr(moments, name) for name in UnitMoments.__slots__[1:10]]
        return UnitMoments(clusters, *parts, n_units=int(z.sum()), leverage=Leverage.from_totals(y, z))

    def run(rng: np.random.Generator, effect: float) -> Found:
        t, c = arm(rng, n[1], 5 * (1 + effect)), arm(rng, n[0], 5.0)
        if covariate:
            return cuped(t, c, ALPHA), cuped(t, c, ALPHA, relative=True), None
        return compared(t.ratio(), c.ratio(), are_clusters=True)

    return run


COUNTS: dict[str, Callable] = {
    "counts about 1": lambda rng, n: rng.poisson(1, n),
    "counts about 3": lambda rng, n: rng.poisson(3, n),
    "counts, overdispersed": lambda rng, n: rng.poisson(rng.gamma(0.5, 6, n)),
    "1 to 5": lambda rng, n: rng.choice(5, n, p=[0.05, 0.15, 0.3, 0.35, 0.15]) + 1,
    "1 to 5, mostly 5": lambda rng, n: rng.choice(5, n, p=[0.02, 0.03, 0.1, 0.25, 0.6]) + 1,
    "tenths": lambda rng, n: np.round(rng.lognormal(0, 1, n), 1),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
}


def quantiles(kind: str, probability: float, n: int) -> Callable:
    """A shift by `effect` of all values: that of the quantile too, whatever its definition."""

    def arm(rng, effect):
        y = np.sort(COUNTS[kind](rng, n) + effect)
        bins = np.arange(n) if n <= 400 else np.ceil((np.arange(n) + 1) * 400 / n).astype(int)
        ends = np.flatnonzero(np.diff(bins, append=bins[-1] + 1)) + 1
        point = y[math.ceil(probability * n - 1e-6) - 1]
        below = Arm.from_values(y <= point)
        return quantile_arm(probability, float(point), y[np.r_[0, ends[:-1]]], y[ends - 1], ends, below)

    def run(rng: np.random.Generator, effect: float) -> Found:
        t, c = arm(rng, effect), arm(rng, 0.0)
        for found in (t, c):
            if isinstance(found, str):
                return Estimate(None, None, None, None, None, n, n, None, found), None, None
        return difference(t, c, ALPHA), None, None

    return run


def cells() -> Iterator[Cell]:
    for sigma in (1, 2):
        for n in (50, 200, 2000):
            yield Cell(f"mean, lognormal σ = {sigma}, {n:,} per arm", amounts(sigma, (n, n)), 0.2)
            rare = 10 if (sigma, n) == (2, 200) else 1
            yield Cell(f"ratio, lognormal σ = {sigma}, {n:,} per arm", ratio(sigma, n), 0.2, times=rare)
        for n in ((320, 80), (80, 320)):
            yield Cell(f"mean, lognormal σ = {sigma}, {n[1]} against {n[0]}", amounts(sigma, n), 0.2)
    yield Cell("mean, lognormal σ = 1, 200 against 800", amounts(1, (800, 200)), 0.2)
    yield Cell("mean, lognormal σ = 1.5, 50 per arm", amounts(1.5, (50, 50)), 0.2)
    yield Cell("mean, exponential, 80 against 320", waiting((320, 80)), 0.2)
    yield Cell("revenue, nine in ten 0, 200 per arm", amounts(1, (200, 200), 0.9), 0.2)
    yield Cell("revenue, nine in ten 0, 2,000 per arm", amounts(1, (2000, 2000), 0.9), 0.2)
    yield Cell("revenue, nine in ten 0, 200 against 800", amounts(1, (800, 200), 0.9), 0.2)
    for expected in (5, 10, 20):
        for effect in (-0.5, 0.5):
            name = f"proportion, {expected} events per arm, effect {effect:+.0%}".replace("-", "−")
            yield Cell(name, events(expected), effect, expected / 1000)
    yield Cell("proportion, 5 events, 250 against 1,000", events(5, (1000, 250)), 0.5, 0.02)
    yield Cell("proportion, 10 events, 250 against 1,000", events(10, (1000, 250)), -0.5, 0.04)
    for n in ((8, 8), (12, 12), (20, 20), (6, 20), (20, 6)):
        arms = f"{n[0]} per arm" if n[0] == n[1] else f"{n[1]} against {n[0]}"
        for sizes, intra in (("1 to 20", 0.2), ("lognormal", 0.05), ("lognormal", 0.2), ("lognormal", 0.5)):
            yield Cell(f"clusters, {arms}, sizes {sizes}, ICC {intra}", clustered(n, sizes, intra), 0.1, 5.0)
    yield Cell("clusters, CUPED, 8 per arm, sizes lognormal", clustered((8, 8), covariate=True), 0.1, 5.0)
    yield Cell("clusters, CUPED, 20 against 6, sizes lognormal", clustered((6, 20), covariate=True), 0.1, 5.0)
    for kind in COUNTS:
        for n in (50, 200, 2000):
            yield Cell(f"median, {kind}, {n:,} per arm", quantiles(kind, 0.5, n), 1.0)
    for kind in ("counts about 3", "counts, overdispersed", "1 to 5", "lognormal"):
        for n in (50, 200, 2000):
            yield Cell(f"90th percentile, {kind}, {n:,} per arm", quantiles(kind, 0.9, n), 1.0)


def measure(cell: Cell, runs: int = RUNS) -> Result:
    rng, runs = np.random.default_rng(SEED), runs * cell.times
    counts = dict.fromkeys(("found", "said", "false", "hits", "shown", "relative", "shares"), 0)
    truth = cell.effect * cell.level
    for _ in range(runs):
        null, _, why = cell.draw(rng, 0.0)
        alarm = null.p_value is not None and null.p_value < ALPHA
        said = null.estimate is None or why is not None
        counts["found"] += alarm
        counts["said"] += said
        counts["false"] += alarm and not said
        real, share, why = cell.draw(rng, cell.effect)
        if real.estimate is None or why is not None:
            continue
        counts["shown"] += 1
        counts["hits"] += real.ci_low <= truth <= real.ci_high
        if share is not None and share.estimate is not None:
            counts["shares"] += 1
            counts["relative"] += share.ci_low <= cell.effect <= share.ci_high
    quiet, shown = max(runs - counts["said"], 1), max(counts["shown"], 1)
    relative = counts["relative"] / counts["shares"] if counts["shares"] else None
    return Result(
        cell.name,
        counts["found"] / runs,
        counts["said"] / runs,
        counts["false"] / quiet,
        counts["hits"] / shown,
        relative,
        min(quiet, shown),
    )


def daily(runs: int = DAILY_RUNS, days: int = 28, a_day: int = 50, at_once: int = 2000) -> list[tuple[str, float]]:
    """False positives of experiments that are rebuilt, and acted on, every day; skewed units come in evenly."""
    rng, looks = np.random.default_rng(SEED), (0.2, 0.4, 0.6, 0.8, 1.0)
    units, fractions = np.arange(1, days + 1) * a_day, np.arange(1, days + 1) / days
    bounds = {"fixed, read at its end": np.r_[np.full(days - 1, np.inf), 1.96]}
    bounds["fixed, if it were read every day (refused: still running)"] = np.full(days, 1.96)
    unit = [always_valid(Estimate(0.0, 1.0, 0.0, 0.0, 1.0, int(n), int(n)), alpha=ALPHA)[1] for n in units]
    bounds["always valid, from the second day on"] = np.r_[np.inf, np.array(unit[1:], "float64")]
    for name in ("obrien_fleming", "pocock"):
        read = [readings(looks, days, float(f)) for f in fractions]
        bounds[f"{name.replace('_', ' ')}, every day from the first of five looks on"] = np.array(
            [group_sequential_bounds(r, ALPHA, name)[-1] if r else np.inf for r in read]
        )
        planned = group_sequential_bounds(looks, ALPHA, name)
        reached = np.searchsorted(np.array(looks) - 1e-9, fractions, side="right")
        bounds[f"{name.replace('_', ' ')}, if the bound of the last look stayed (before)"] = np.r_[np.inf, planned][
            reached
        ]
    counts = dict.fromkeys(bounds, 0)
    for _ in range(runs // at_once):
        y = rng.exponential(1, (2, at_once, days, a_day))
        mean = y.sum(axis=3).cumsum(axis=2) / units
        variance = ((y**2).sum(axis=3).cumsum(axis=2) - units * mean**2) / (units - 1)
        z = np.abs(mean[0] - mean[1]) / np.sqrt(variance.sum(axis=0) / units)
        for name, bound in bounds.items():
            counts[name] += int((z > bound).any(axis=1).sum())
    return [(name, count / (runs // at_once * at_once)) for name, count in counts.items()]


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def section(results: list[Result], days: list[tuple[str, float]], runs: int = RUNS) -> str:
    known = percent(1.96 * math.sqrt(ALPHA * (1 - ALPHA) / runs))
    lines = [
        TITLE,
        "",
        f"{runs:,} simulated experiments a row without an effect and as many with one, as above. An estimate that is",
        "refused, or whose `reason` says that its interval is unreliable (grade D), claims nothing: `says so` is their",
        "share, and the columns after it are the rates of the rest, those that may have grade A to C. With all of them",
        f"a share of 5 % is known to ± {known} points, with fewer to less.",
        "",
        "Required: 5 ± 1 % and 95 ± 1 %, in all columns; or the method says that it does not hold, in at least",
        f"{100 * SAYS_SO:.0f} % of the runs. `within 1.5`: within 1.5 points, the goal for grades A to C. If fewer",
        "than 2,000 runs are left, two standard errors of the simulation are allowed for. The ratio of σ = 2 with",
        "200 per arm, which is seldom shown, is drawn ten times as often.",
        "",
        "| experiment | found without an effect, % | says so, % | false positives of the rest, % | coverage, % "
        "| coverage, relative, % | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        shares = [r.found, r.said, r.false_positives, r.coverage, r.relative]
        if r.said >= SAYS_SO:
            shares[2:] = [None] * 3
        lines.append(f"| {r.name} | {' | '.join(map(percent, shares))} | {r.holds()} |")
    short = [r for r in results if r.holds() == "**no**"]
    lines += ["", "Rows of this table that miss the requirements:", ""]
    lines += [
        f"- **{r.name}**: of what is shown, {percent(r.false_positives)} % false positives, coverage "
        f"{percent(r.coverage)} %" + ("" if r.relative is None else f", relative {percent(r.relative)} %") + "."
        for r in short
    ] or ["None."]
    lines += [
        "",
        "Marts that are rebuilt every day for 28 days and acted on as soon as they say something "
        f"({DAILY_RUNS:,} experiments,",
        f"50 skewed units a day and arm, without an effect). Required: at most 5 %, known to ± "
        f"{percent(1.96 * math.sqrt(ALPHA * (1 - ALPHA) / DAILY_RUNS))} points.",
        "",
        "| inference | false positives, % |",
        "|---|---|",
        *(f"| {name} | {percent(share)} |" for name, share in days),
    ]
    return "\n".join(lines) + "\n"


def measured(only: str = "", runs: int = RUNS) -> list[Result]:
    results = []
    for cell in cells():
        if only in cell.name:
            results.append(measure(cell, runs))
            r = results[-1]
            print(
                f"{r.name}: {percent(r.found)} % found, {percent(r.said)} % say so; of the rest "
                f"{percent(r.false_positives)} % false positives, coverage {percent(r.coverage)} %, "
                f"relative {percent(r.relative)} %: {r.holds()}",
                flush=True,
            )
    return results
