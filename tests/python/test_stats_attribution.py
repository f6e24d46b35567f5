"""Multi-touch attribution against published results, definitions worked out by brute force, and planted truth."""

import math
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from ai_impact_stats.designs.attribution import attribute_channels
from ai_impact_stats.estimators.paths import Paths, markov, shapley, weighted_count_interval

RULES = ("first", "last", "linear", "position", "time_decay")


def test_markov_equals_the_published_shares():
    paths = Paths.of([["c1", "c2", "c3"], ["c1"], ["c2", "c3"]], [1, 0, 0], [0, 1, 1])
    assert markov(paths)[0] == pytest.approx([0.2, 0.4, 0.4], abs=1e-12)


def brute_removal(paths: Paths, value: np.ndarray) -> np.ndarray:
    """Removal effects by the definition: the chain is solved again without each channel."""
    k = len(paths.channels)

    def worth(removed: int | None) -> float:
        flow, start, end, leaving = np.zeros((k, k)), np.zeros(k), np.zeros(k), np.zeros(k)
        walks = paths.converted + paths.unconverted
        for steps, n, v in zip(paths.steps, walks, value, strict=True):
            start[steps[0]] += n
            for a, b in pairwise(steps):
                flow[a, b] += n
                leaving[a] += n
            end[steps[-1]] += v
            leaving[steps[-1]] += n
        step = flow / np.where(leaving, leaving, 1)[:, None]
        out = end / np.where(leaving, leaving, 1)
        if removed is not None:
            step[removed] = step[:, removed] = 0
            start[removed] = out[removed] = 0
        return float(start @ np.linalg.solve(np.eye(k) - step, out))

    return np.array([worth(None) - worth(r) for r in range(k)])


names = st.lists(st.sampled_from("abcd"), min_size=1, max_size=5)
cells = st.lists(
    st.tuples(names, st.integers(0, 20), st.integers(0, 20), st.floats(0, 500)), min_size=1, max_size=12
).filter(lambda rows: all(c + u for _, c, u, _ in rows) and any(c for _, c, _, _ in rows))


@given(cells)
def test_markov_equals_its_definition_and_keeps_the_totals(rows):
    paths = Paths.of([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], [r[1] * r[3] for r in rows])
    conversions, revenue = markov(paths)
    for found, value in ((conversions, paths.converted), (revenue, paths.revenue)):
        lost = brute_removal(paths, value)
        assert found.sum() == pytest.approx(value.sum(), rel=1e-9)
        assert found == pytest.approx(lost / (lost.sum() or 1) * value.sum(), rel=1e-6, abs=1e-7)


@given(cells)
def test_shapley_equals_its_definition_and_keeps_the_totals(rows):
    """The definition: the average marginal worth over all sets, weighted by |S|! (k-|S|-1)! / k!."""
    paths = Paths.of([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], [r[3] for r in rows])
    k = len(paths.channels)

    def worth(members: tuple[int, ...]) -> float:
        return sum(c for steps, c in zip(paths.steps, paths.converted, strict=True) if set(steps) <= set(members))

    wanted = np.zeros(k)
    for i in range(k):
        rest = [j for j in range(k) if j != i]
        for size in range(k):
            weight = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
            wanted[i] += sum(weight * (worth((*s, i)) - worth(s)) for s in combinations(rest, size))
    conversions, revenue = shapley(paths)
    assert conversions == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    assert revenue.sum() == pytest.approx(paths.revenue.sum(), rel=1e-9, abs=1e-9)


def test_a_channel_that_follows_itself_changes_no_removal_effect():
    once = Paths.of([["a", "b"], ["b"], ["a"]], [3, 1, 0], [5, 2, 7])
    twice = Paths.of([["a", "a", "b", "b"], ["b"], ["a", "a"]], [3, 1, 0], [5, 2, 7])
    assert markov(once)[0] == pytest.approx(markov(twice)[0], rel=1e-12)


def test_a_path_without_a_channel_is_refused():
    with pytest.raises(ValueError, match="without a channel"):
        Paths.of([[]], [1], [0])


def test_equal_weights_have_the_exact_interval_of_a_count():
    low, high = weighted_count_interval(7.0, 7.0, 1.0, 0.05)
    assert low == pytest.approx(chi2.ppf(0.025, 14) / 2)
    assert high == pytest.approx(chi2.ppf(0.975, 16) / 2)
    assert weighted_count_interval(0.0, 0.0, 0.0, 0.05) == (0.0, 0.0)


def test_intervals_of_credits_hold():
    """Coverage over samples of journeys whose expected credit is known; at least the nominal 95 % less noise."""
    rng = np.random.default_rng(5)
    held, runs = 0, 400
    for _ in range(runs):
        credit = rng.choice([1.0, 0.5, 1 / 3], rng.poisson(40), p=[0.2, 0.5, 0.3])
        low, high = weighted_count_interval(credit.sum(), (credit**2).sum(), credit.max(), 0.05)
        held += low <= 40 * (0.2 + 0.25 + 0.1) <= high
    assert held / runs > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


def simulate(rng, journeys: int) -> Paths:
    """Journeys of a true first-order chain: a, b and c; only b and c lead to conversions, c twice as often."""
    chance = {"a": 0.0, "b": 0.1, "c": 0.2}
    counts: dict[tuple[str, ...], list[int]] = {}
    for _ in range(journeys):
        path, converts = [], False
        while not converts and (not path or rng.random() < 0.5):
            path.append(str(rng.choice(list("abc"))))
            converts = bool(rng.random() < chance[path[-1]])
        counts.setdefault(tuple(path), [0, 0])[0 if converts else 1] += 1
    return Paths.of(list(counts), [c for c, _ in counts.values()], [u for _, u in counts.values()])


def test_bootstrap_of_removal_effects_holds_the_truth():
    truth = markov(simulate(np.random.default_rng(0), 100_000))[0] / 100_000
    rng = np.random.default_rng(1)
    held = np.zeros(3)
    for _ in range(60):
        paths = simulate(rng, 600)
        draws = markov(paths.redrawn(200, np.random.default_rng(3)))[0] / 600
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        held += (low <= truth) & (truth <= high)
    assert (held / 60 > 0.85).all(), held
    assert truth[2] > truth[1] > truth[0]


def credit_rows(period: str, channel: str, n: float, revenue: float) -> list[dict]:
    return [
        {"model": model, "period_start": period, "channel": channel, "n_conversions": n, "conversions": n,
         "conversions_squared": n, "largest_conversions": 1.0, "revenue": revenue, "revenue_squared": revenue**2 / n,
         "largest_revenue": revenue / n, "ai_conversions": 0.0, "ai_revenue": 0.0}
        for model in RULES
    ]  # fmt: skip


def path_rows(path: list[str], converted: int, unconverted: int, mean: float | None = None) -> list[dict]:
    row = {"period_start": "2026-01-01", "path_key": repr(path), "n_converted": converted, "n_unconverted": unconverted,
           "n_revenue": converted if mean else 0, "mean_revenue": mean, "var_revenue": None}  # fmt: skip
    steps = list(enumerate(path, start=1)) or [(0, None)]
    return [row | {"position": position, "channel": channel} for position, channel in steps]


def test_every_model_gives_out_all_conversions_and_revenue():
    credits = credit_rows("2026-01-01", "a", 4, 400.0) + credit_rows("2026-01-01", "(none)", 2, 50.0)
    paths = [*path_rows(["a"], 4, 3, 100.0), *path_rows(["b"], 0, 5), *path_rows([], 2, 0, 25.0)]
    table = attribute_channels(pd.DataFrame(credits), pd.DataFrame(paths)).to_pandas()
    assert set(table["model"]) == {*RULES, "markov", "shapley"}
    totals = table.groupby("model")[["conversions", "revenue"]].sum()
    assert (totals["conversions"] == 6).all()
    assert (totals["revenue"] == 450).all()
    assert set(table["channel"]) == {"a", "b", "(none)"}
    assert (table["n_paths"] == 14).all()
    b = table[(table["channel"] == "b") & (table["model"] == "markov")].iloc[0]
    assert b["conversions"] == 0


def test_no_conversion_has_no_interval_and_says_why():
    table = attribute_channels(
        pd.DataFrame(columns=["period_start", "model", "channel"]), pd.DataFrame(path_rows(["a"], 0, 5))
    )
    row = table.to_pandas().query("model == 'markov'").iloc[0]
    assert row["conversions"] == 0
    assert math.isnan(row["conversions_ci_low"])
    assert "No journey" in row["reason"]


def test_nothing_at_all_is_an_empty_table():
    empty = pd.DataFrame(columns=["period_start", "path_key", "position", "channel", "n_converted", "n_unconverted"])
    assert attribute_channels(pd.DataFrame(), empty).num_rows == 0


any_names = st.lists(
    st.text(alphabet="ab >|,;:\"'\n\\é🙂", max_size=4) | st.text(max_size=4), min_size=4, max_size=4, unique=True
)


@given(any_names, cells)
def test_what_channels_are_called_changes_nothing(called, ways):
    """A name may hold any sign: of channels by other names, the same conversions go to the same channels."""
    other = dict(zip("abcd", called, strict=True))

    def shares(rename: dict[str, str]) -> dict[str, list[float]]:
        # One path may stand in several rows of the draw: each is a path of its own, as another key.
        rows = [
            row | {"path_key": str(number)}
            for number, (path, converted, unconverted, mean) in enumerate(ways)
            for row in path_rows([rename[name] for name in path], converted, unconverted, mean)
        ]
        table = attribute_channels(pd.DataFrame(), pd.DataFrame(rows).sample(frac=1, random_state=1), draws=2)
        return {
            row["channel"]: [row["conversions"], row["revenue"], row["n_conversions"]]
            for row in table.to_pylist()
            if row["model"] == "markov"
        }

    renamed = shares(other)
    for name, found in shares({name: name for name in "abcd"}).items():
        assert renamed[other[name]] == pytest.approx(found, rel=1e-9, abs=1e-9)
