"""`make calibrate`: what the intervals promise, measured on simulated experiments whose truth is known.

Every cell draws a number of experiments from one seed, estimates them as the dbt models do (from moments), and counts.
The result is docs/calibration.md and a plot. Nothing is tuned to come out well: a cell that falls short is marked.
"""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ai_impact_stats.estimators.adjustment import Cells, lin, post_stratified
from ai_impact_stats.estimators.effects import cuped, difference, relative_effect
from ai_impact_stats.estimators.estimate import Estimate
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.estimators.planning import sample_size
from ai_impact_stats.estimators.quantiles import quantile_arm
from ai_impact_stats.estimators.sequential import always_valid, group_sequential_bounds

from . import calibrate_money, calibrate_quasi, calibrate_rates, calibrate_trust

RUNS, LOOKING_RUNS, PLANNED_RUNS, SEED, ALPHA = 10_000, 20_000, 100_000, 20260302, 0.05
TABLE, PLOT = Path("docs/calibration.md"), Path("docs/images/calibration.svg")
Experiment = Callable[[np.random.Generator, float], Estimate]


@dataclass(frozen=True)
class Cell:
    """One kind of experiment: `draw` makes and estimates one with a true effect; `effect` is found with `power`."""

    name: str
    draw: Experiment
    effect: float
    power: float | None = None


def plain(draw: Callable, n: tuple[int, int], relative: bool = False) -> Experiment:
    """Means of independent units: `draw(rng, n, effect)` makes an arm."""

    def run(rng: np.random.Generator, effect: float) -> Estimate:
        t, c = Arm.from_values(draw(rng, n[1], effect)), Arm.from_values(draw(rng, n[0], 0.0))
        return (relative_effect if relative else difference)(t, c, ALPHA)

    return run


def normal(rng, n, effect):
    return rng.normal(10 + effect, 2, n)


def revenue(rng, n, effect):
    """Nine in ten buy nothing; what the others spend is lognormal, with a skewness of all of about 20."""
    buys = rng.random(n) < 0.1
    return buys * rng.lognormal(3, 1, n) * (1 + effect)


def rare(base):
    def draw(rng, n, effect):
        return (rng.random(n) < base + effect).astype(float)

    return draw


def proportion(base: float, n: tuple[int, int], relative: bool = False) -> Experiment:
    def run(rng: np.random.Generator, effect: float) -> Estimate:
        t, c = (Arm.from_proportion(rng.binomial(k, base + e), k) for k, e in ((n[1], effect), (n[0], 0.0)))
        return (relative_effect if relative else difference)(t, c, ALPHA)

    return run


def ratio(rng, effect, n=300):
    """Tasks per hour: hours differ between units, and slow units have more of them."""

    def arm(e):
        hours = rng.lognormal(1, 0.7, n)
        return UnitMoments.from_rows(hours * (2 + e) * rng.lognormal(-0.18, 0.6, n) / (1 + 0.05 * hours), hours).ratio()

    return difference(arm(effect), arm(0.0), ALPHA)


def clusters(count: int) -> Experiment:
    """Units in clusters of 1 to 20 with an intraclass correlation of .2."""

    def arm(rng, effect):
        cluster = np.repeat(np.arange(count), rng.integers(1, 21, count))
        y = effect + rng.normal(0, math.sqrt(0.2), count)[cluster] + rng.normal(0, math.sqrt(0.8), len(cluster))
        return UnitMoments.from_clusters(cluster, y).ratio()

    def run(rng: np.random.Generator, effect: float) -> Estimate:
        return difference(arm(rng, effect), arm(rng, 0.0), ALPHA)

    return run


def clusters_of(kind: str, count: int) -> Experiment:
    """The same clusters: a ratio of two quantities of a unit, or a mean adjusted by a covariate that clusters share."""

    def units(rng, effect):
        cluster = np.repeat(np.arange(count), rng.integers(1, 21, count))
        level = rng.normal(0, math.sqrt(0.2), count)[cluster]
        if kind == "ratio":
            hours = rng.lognormal(1, 0.5, len(cluster)) * np.exp(level)
            return cluster, hours * (2 + effect) * rng.lognormal(-0.125, 0.5, len(cluster)), hours, None
        x = level + rng.normal(0, 1, len(cluster))
        return cluster, effect + level + x + rng.normal(0, 1, len(cluster)), None, x

    def run(rng: np.random.Generator, effect: float) -> Estimate:
        t, c = units(rng, effect), units(rng, 0.0)
        centre = 0.0 if t[3] is None else float(np.concatenate([t[3], c[3]]).mean())
        arms = [UnitMoments.from_clusters(*arm, x_centre=centre) for arm in (t, c)]
        return difference(arms[0].ratio(), arms[1].ratio(), ALPHA) if kind == "ratio" else cuped(*arms, ALPHA)

    return run


def adjusted(n: int) -> Experiment:
    """A covariate that explains half of the variance; what it explains differs between the arms."""

    def run(rng: np.random.Generator, effect: float) -> Estimate:
        x, z = rng.normal(0, 1, (2, n))
        t = UnitMoments.from_rows(effect + 1.2 * x + rng.normal(0, 1, n), x=x)
        return cuped(t, UnitMoments.from_rows(0.8 * z + rng.normal(0, 1, n), x=z), ALPHA)

    return run


def regression(rng, effect, n=200):
    """Lin's regression on a covariate of five values, of skewed units."""
    arm, x = np.arange(2 * n) % 2, rng.integers(0, 5, 2 * n)
    y = arm * (effect + 0.3 * (x - 2)) + x + rng.exponential(1, 2 * n)
    cells = [(a, k, y[(arm == a) & (x == k)]) for a in (0, 1) for k in range(5)]
    cells = [(a, k, v) for a, k, v in cells if len(v)]
    columns = [np.array(c, "float64") for c in zip(*((a, k, len(v), v.mean(), ((v - v.mean()) ** 2).sum())
                                                     for a, k, v in cells), strict=True)]  # fmt: skip
    return lin(Cells(columns[0], columns[1][:, None], *columns[2:]), "HC2", ALPHA)


def stratified(rng, effect, n=150):
    def arm(e):
        strata = rng.integers(0, 3, n)
        y = e + 2 * strata + rng.normal(0, 1, n)
        return {str(k): UnitMoments.from_rows(y[strata == k]) for k in range(3)}

    t, c = arm(effect), arm(0.0)
    return post_stratified({k: (t[k], c[k]) for k in t}, ALPHA)


def quantiles(probability: float, n: int, cluster_size: int = 1) -> Experiment:
    cluster = np.repeat(np.arange(n // cluster_size), cluster_size)
    shared = 0.0 if cluster_size == 1 else 0.5

    def arm(rng, effect):
        level = rng.normal(0, 1, n // cluster_size)[cluster]
        y = np.exp(math.sqrt(shared) * level + math.sqrt(1 - shared) * rng.normal(0, 1, n)) + effect
        point = float(np.quantile(y, probability, method="inverted_cdf"))
        below = y <= point
        share = UnitMoments.from_clusters(cluster, below) if cluster_size > 1 else UnitMoments.from_rows(below)
        y = np.sort(y)
        return quantile_arm(probability, point, y, y, np.arange(n) + 1, share.ratio())

    def run(rng: np.random.Generator, effect: float) -> Estimate:
        t, c = arm(rng, effect), arm(rng, 0.0)
        return difference(t, c, ALPHA)

    return run


def found_by(effect: float, variance: float, share: float = 0.5) -> int:
    return sample_size(effect, variance, None, ALPHA, 0.8, share)


def cells() -> Iterator[Cell]:
    yield Cell("mean, 10 units per arm", plain(normal, (10, 10)), 2.0)
    yield Cell("mean, 10 and 40 units", plain(normal, (10, 40)), 2.0)
    n = found_by(0.5, 4.0)
    yield Cell(f"mean, {n} units planned for power .8", plain(normal, (n // 2, n // 2)), 0.5, 0.8)
    n = found_by(0.5, 4.0, 0.8)
    yield Cell(f"mean, {n} units split 20/80, planned", plain(normal, (n // 5, n - n // 5)), 0.5, 0.8)
    yield Cell("mean, relative, 100 units per arm", plain(normal, (100, 100), True), 0.5)
    yield Cell("skewed revenue, 200 units per arm", plain(revenue, (200, 200)), 0.5)
    yield Cell("skewed revenue, 2,000 units per arm", plain(revenue, (2000, 2000)), 0.3)
    yield Cell("skewed revenue, relative, 2,000 per arm", plain(revenue, (2000, 2000), True), 0.3)
    n = found_by(0.05, 0.25)
    yield Cell(f"proportion .5, {n} units planned", proportion(0.5, (n // 2, n // 2)), 0.05, 0.8)
    yield Cell("rare event .01, 500 units per arm", proportion(0.01, (500, 500)), 0.02)
    yield Cell("rare event .01, 5,000 units per arm", proportion(0.01, (5000, 5000)), 0.006)
    yield Cell("rare event .01, relative, 5,000 per arm", proportion(0.01, (5000, 5000), True), 0.006)
    yield Cell("ratio, 300 units per arm", ratio, 0.2)
    yield Cell("5 clusters per arm", clusters(5), 0.6)
    yield Cell("20 clusters per arm", clusters(20), 0.4)
    yield Cell("100 clusters per arm", clusters(100), 0.2)
    yield Cell("clusters, ratio, 20 per arm", clusters_of("ratio", 20), 0.2)
    yield Cell("clusters, CUPED, 5 per arm", clusters_of("CUPED", 5), 1.0)
    yield Cell("clusters, CUPED, 20 per arm", clusters_of("CUPED", 20), 0.4)
    yield Cell("CUPED, 30 units per arm", adjusted(30), 0.6)
    yield Cell("CUPED, 300 units per arm", adjusted(300), 0.2)
    yield Cell("regression, 200 units per arm", regression, 0.3)
    yield Cell("post-stratified, 150 units per arm", stratified, 0.3)
    yield Cell("median, 200 units per arm", quantiles(0.5, 200), 0.4)
    yield Cell("90th percentile, 500 units per arm", quantiles(0.9, 500), 0.8)
    yield Cell("median, 50 clusters of 10 per arm", quantiles(0.5, 500, 10), 0.5)


@dataclass(frozen=True)
class Result:
    """Shares of the runs; `truth` is the effect on the scale of the estimates."""

    name: str
    false_positives: float
    coverage: float
    found: float
    planned: float | None
    refused: int

    def ok(self) -> bool:
        good = within(self.false_positives, 0.05, 0.01) and within(self.coverage, 0.95, 0.01)
        return good and (self.planned is None or within(self.found, self.planned, 0.03))


def within(share: float, target: float, tolerance: float) -> bool:
    return abs(share - target) <= tolerance + 1e-9  # .05 less .04 is more than .01 in floating point


def truth(cell: Cell) -> float:
    """The effect on the estimate's scale, by a large sample where it has no formula."""
    rng = np.random.default_rng(SEED + 1)
    if "revenue" in cell.name:
        return cell.effect if "relative" in cell.name else cell.effect * 0.1 * math.exp(3.5)
    if "relative" in cell.name:
        return cell.effect / (0.01 if "rare" in cell.name else 10.0)
    if cell.name.startswith("ratio"):
        return float(np.mean([ratio(rng, cell.effect, 1_000_000).estimate for _ in range(20)]))
    return cell.effect


def measure(cell: Cell, runs: int = RUNS) -> Result:
    rng = np.random.default_rng(SEED)
    actual, alarms, hits, finds, refused, made = truth(cell), 0, 0, 0, 0, 0
    for _ in range(runs):
        null, real = cell.draw(rng, 0.0), cell.draw(rng, cell.effect)
        refused += (null.estimate is None) + (real.estimate is None)
        # An experiment without an estimate claims nothing, and has no interval that could hold.
        made += real.estimate is not None
        alarms += null.estimate is not None and null.p_value < ALPHA
        hits += real.estimate is not None and real.ci_low <= actual <= real.ci_high
        finds += real.estimate is not None and real.p_value < ALPHA
    return Result(cell.name, alarms / runs, hits / made, finds / runs, cell.power, refused)


def peeking(runs: int = LOOKING_RUNS, n: int = 5000) -> list[tuple[str, float]]:
    """False positives when one looks after every tenth unit of each arm from the 50th on."""
    rng, at = np.random.default_rng(SEED), np.arange(50, n + 1, 10)
    counts = dict.fromkeys(["naive, at any time", "always valid, at any time"], 0)
    for _ in range(runs):
        arms = []
        for y in rng.exponential(1, (2, n)):
            mean = y.cumsum()[at - 1] / at
            arms.append((mean, ((y**2).cumsum()[at - 1] - at * mean**2) / (at - 1)))
        gap, error = arms[0][0] - arms[1][0], np.sqrt((arms[0][1] + arms[1][1]) / at)
        counts["naive, at any time"] += bool((np.abs(gap / error) > 1.96).any())
        p = [always_valid(Estimate(g, s, 0, 0, 0, int(k), int(k)), alpha=ALPHA)[2]
             for g, s, k in zip(gap, error, at, strict=True) if abs(g) > 2.5 * s]  # fmt: skip
        counts["always valid, at any time"] += min(p, default=1.0) < ALPHA
    return [(name, count / runs) for name, count in counts.items()]


def looking(runs: int = PLANNED_RUNS, n: int = 5000, looks: int = 5, at_once: int = 200) -> list[tuple[str, float]]:
    """False positives of planned looks, at equal steps."""
    rng, at = np.random.default_rng(SEED), np.arange(1, looks + 1) * (n // looks)
    fractions = np.arange(1, looks + 1) / looks
    bounds = {s: np.array(group_sequential_bounds(fractions, ALPHA, s)) for s in ("obrien_fleming", "pocock")}
    counts = dict.fromkeys(bounds, 0)
    for _ in range(runs // at_once):
        y = rng.exponential(1, (2, at_once, looks, n // looks))
        mean = y.sum(axis=3).cumsum(axis=2) / at
        variance = ((y**2).sum(axis=3).cumsum(axis=2) - at * mean**2) / (at - 1)
        z = np.abs(mean[0] - mean[1]) / np.sqrt(variance.sum(axis=0) / at)
        for name, bound in bounds.items():
            counts[name] += int((z > bound).any(axis=1).sum())
    return [(name, count / (runs // at_once * at_once)) for name, count in counts.items()]


def chance(runs: int) -> float:
    """How far a share of 5 % of the runs may lie from the truth, at 95 %."""
    return 1.96 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def page(results: list[Result], peeks: list[tuple[str, float]], looks: list[tuple[str, float]], runs: int) -> str:
    short = [r for r in results if not r.ok()]
    lines = [
        "# Calibration",
        "",
        "Check how often the intervals contain the truth. `make calibrate` writes this page. Every row is",
        f"{runs:,} simulated experiments (seed {SEED}) without an effect, and as many with one;",
        "95 % intervals, two-sided tests at 5 %. The statistics read moments, as in the warehouse.",
        f"With so many runs, a share of 5 % is known to ± {percent(chance(runs))} points.",
        "",
        "Required: false positives 5 ± 1 %, coverage 95 ± 1 %, power as planned ± 3 points. A row that misses this",
        "says so.",
        "",
        "![False positives and coverage of every kind of experiment](images/calibration.svg)",
        "",
        "| experiment | false positives, % | coverage, % | power, % (planned) | no estimate | holds |",
        "|---|---|---|---|---|---|",
    ]
    for r in results:
        planned = f"{percent(r.found)} ({percent(r.planned)})" if r.planned else percent(r.found)
        row = (
            r.name,
            percent(r.false_positives),
            percent(r.coverage),
            planned,
            str(r.refused),
            "yes" if r.ok() else "**no**",
        )
        lines.append("| " + " | ".join(row) + " |")
    lines += [
        "",
        "## Looking more than once",
        "",
        "False positives in experiments of 5,000 skewed units per arm with a look after every tenth unit",
        f"from the 50th on ({LOOKING_RUNS:,} experiments), or at five planned looks ({PLANNED_RUNS:,}). Required: at",
        f"most 5 %, which is known to ± {percent(chance(LOOKING_RUNS))} and ± {percent(chance(PLANNED_RUNS))} points.",
        "",
        "| procedure | false positives, % |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {percent(share)} |" for name, share in [*peeks, *looks]),
        "",
        "## Rows that miss the requirements",
        "",
    ]
    lines += [
        f"- **{r.name}**: false positives {percent(r.false_positives)} %, coverage {percent(r.coverage)} %"
        + (f", power {percent(r.found)} % for {percent(r.planned)} %" if r.planned else "")
        + "."
        for r in short
    ]
    lines += [
        f"- **{name.replace('_', ' ')}**: {percent(share)} % false positives over all looks."
        for found, made in ((peeks, LOOKING_RUNS), (looks, PLANNED_RUNS))
        for name, share in found
        if share > ALPHA + chance(made) and not name.startswith("naive")
    ]
    if lines[-1] == "":
        lines.append("None.")
    return "\n".join(lines) + "\n"


def plot(results: list[Result]) -> str:
    """Dots on two scales, as plain SVG."""
    row, left, width = 22, 270, 260
    height = 50 + row * len(results)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + 2 * width + 60}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="{height}" fill="white"/>',
    ]
    scales = (("False positives, %", 0.0, 0.10, 0.05, "false_positives"), ("Coverage, %", 0.90, 1.0, 0.95, "coverage"))
    for k, (title, low, high, target, name) in enumerate(scales):
        start = left + k * (width + 40)

        def at(value: float, start=start, low=low, high=high) -> float:
            return start + width * (min(max(value, low), high) - low) / (high - low)

        parts.append(f'<text x="{start}" y="16" font-weight="bold">{title}</text>')
        band = at(target - 0.01), at(target + 0.01)
        parts.append(
            f'<rect x="{band[0]:.1f}" y="38" width="{band[1] - band[0]:.1f}" height="{height - 44}" fill="#e6efe6"/>'
        )
        for tick in np.linspace(low, high, 6):
            parts.append(f'<text x="{at(tick):.1f}" y="33" text-anchor="middle" fill="#666">{100 * tick:.0f}</text>')
        for i, r in enumerate(results):
            colour = "#2b6a3f" if abs(getattr(r, name) - target) <= 0.01 else "#b3402a"
            parts.append(f'<circle cx="{at(getattr(r, name)):.1f}" cy="{50 + i * row}" r="4" fill="{colour}"/>')
    parts += [f'<text x="8" y="{54 + i * row}">{r.name}</text>' for i, r in enumerate(results)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def spliced(text: str, section: str) -> str:
    """The page with one of its sections (from its heading to the next) written anew."""
    title = section.split("\n", 1)[0]
    before, found, rest = text.partition(f"\n{title}\n")
    if not found:
        return text.rstrip("\n") + "\n\n" + section
    _, heading, after = rest.partition("\n## ")
    return before + "\n" + section + ("\n## " + after if heading else "")


def randomised(only: str = "", runs: int = RUNS) -> list[Result]:
    results = []
    for cell in cells():
        if only not in cell.name:
            continue
        results.append(measure(cell, runs))
        r = results[-1]
        print(f"{r.name}: {percent(r.false_positives)} % false positives, {percent(r.coverage)} % coverage", flush=True)
    return results


def first_part(runs: int = RUNS) -> str:
    """The page up to the sections of other modules; it writes the plot, too."""
    results, peeks, looks = randomised("", runs), peeking(), looking()
    print(", ".join(f"{name}: {percent(share)} %" for name, share in [*peeks, *looks]), flush=True)
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    PLOT.write_text(plot(results))
    return page(results, peeks, looks, runs)


def main(only: str = "", runs: int = RUNS) -> None:
    """Write the page, or a part (`randomised`, `rates`, `money`, `trust`); or print the rows whose name has `only`."""
    text = TABLE.read_text() if TABLE.exists() else ""
    if only == "randomised":
        TABLE.write_text(first_part(runs) + "\n" + text[text.index(calibrate_rates.TITLE) :])
    elif only == "rates":
        section = calibrate_rates.section(calibrate_rates.measured(), calibrate_rates.daily())
        TABLE.write_text(spliced(text, section))
    elif only == "money":
        TABLE.write_text(spliced(text, calibrate_money.section(calibrate_money.measured())))
    elif only == "trust":
        TABLE.write_text(spliced(text, calibrate_trust.section(list(calibrate_trust.measured()))))
    elif only:
        randomised(only, runs)
        calibrate_rates.measured(only, runs)
    else:
        hard = calibrate_rates.section(calibrate_rates.measured(), calibrate_rates.daily())
        quasi = calibrate_quasi.section(*calibrate_quasi.measured())
        money = calibrate_money.section(calibrate_money.measured())
        trust = calibrate_trust.section(list(calibrate_trust.measured()))
        TABLE.write_text("\n".join([first_part(runs), hard, quasi, money, trust]))


if __name__ == "__main__":
    main(*sys.argv[1:])
