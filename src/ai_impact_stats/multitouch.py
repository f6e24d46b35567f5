"""Multi-touch attribution from paths that SQL has counted: shares of conversions by channel. None of it is causal."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import chi2

from .tables import records, write_table

NO_TOUCH = "(none)"
DRAWS, SEED, CHUNK = 200, 20260101, 2_000_000
CHANNEL_CREDITS = pa.schema(
    [
        ("model", pa.string()),
        ("channel", pa.string()),
        ("period_start", pa.string()),
        *((name, pa.float64()) for name in ("conversions", "conversions_ci_low", "conversions_ci_high")),
        *((name, pa.float64()) for name in ("revenue", "revenue_ci_low", "revenue_ci_high")),
        *((name, pa.float64()) for name in ("ai_conversions", "ai_revenue")),
        ("n_conversions", pa.int64()),
        ("n_paths", pa.int64()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class Paths:
    """Distinct ways through the channels, each as indices into `channels`, with how many journeys took it.

    `converted` and `unconverted` count journeys; `revenue` is the sum over the converted ones, `spread` the sum of
    squared deviations of their revenue from its mean. Repeated draws of all of them have one more axis in front.
    """

    channels: list[str]
    steps: list[tuple[int, ...]]
    converted: np.ndarray
    unconverted: np.ndarray
    revenue: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(
        cls,
        paths: Sequence[Sequence[str]],
        converted: Sequence[float],
        unconverted: Sequence[float],
        revenue: Sequence[float] | None = None,
        spread: Sequence[float] | None = None,
    ) -> "Paths":
        """Channels that follow themselves are one step, which changes no removal effect."""
        if any(not path for path in paths):
            raise ValueError("A path without a channel belongs to no channel: count it apart.")
        channels = sorted({channel for path in paths for channel in path})
        index = {channel: i for i, channel in enumerate(channels)}
        zero = np.zeros(len(paths))
        return cls(
            channels,
            [tuple(index[channel] for channel in path) for path in paths],
            np.asarray(converted, float),
            np.asarray(unconverted, float),
            zero if revenue is None else np.asarray(revenue, float),
            zero if spread is None else np.asarray(spread, float),
        )

    def redrawn(self, draws: int, rng: np.random.Generator) -> "Paths":
        """The Poisson bootstrap over journeys: equal journeys are drawn together, and their revenue with its spread."""
        size = (draws, len(self.steps))
        converted, unconverted = rng.poisson(self.converted, size), rng.poisson(self.unconverted, size)
        n = np.maximum(self.converted, 1)
        revenue = converted * (self.revenue / n)
        varied = np.flatnonzero(self.spread)
        noise = rng.standard_normal((draws, len(varied)))
        revenue[:, varied] += noise * np.sqrt(converted[:, varied] * (self.spread / n)[varied])
        return Paths(self.channels, self.steps, converted, unconverted, revenue, self.spread)


def markov(paths: Paths) -> tuple[np.ndarray, np.ndarray]:
    """Conversions and revenue of each channel (last axis) by removal effect in a first-order Markov chain.

    A channel's removal effect is the share of conversions that is lost if whoever comes to it leaves instead. The
    effects, scaled to sum to one, share out the conversions. For revenue, a conversion is worth what those from the
    same last channel are worth on average. All removal effects come from one inverse: with N = (I - P)^-1, start s
    and value c, removing r loses (sN)_r (Nc)_r / N_rr.
    """
    k = len(paths.channels)
    every, last, moves = _incidence(paths, k)
    walks = paths.converted + paths.unconverted
    shape = (*walks.shape[:-1], k, k)
    start = walks @ every
    flow = (walks @ moves).reshape(shape)
    ends, worth, gone = paths.converted @ last, paths.revenue @ last, paths.unconverted @ last
    leaving = np.maximum(flow.sum(-1) + ends + gone, 1e-300)
    inverse = np.linalg.inv(np.eye(k) - flow / leaving[..., None])
    reached = (start[..., None, :] @ inverse)[..., 0, :] / np.diagonal(inverse, axis1=-2, axis2=-1)
    lost = [reached * (inverse @ (value / leaving)[..., None])[..., 0] for value in (ends, worth)]
    return _shared(lost[0], paths.converted.sum(-1)), _shared(lost[1], paths.revenue.sum(-1))


def shapley(paths: Paths) -> tuple[np.ndarray, np.ndarray]:
    """Conversions and revenue of each channel (last axis) by Shapley value.

    The worth of a set of channels is what came by paths that only they touched. That game is a sum of unanimity games,
    one a set, so the value is exact for any number of channels: every path is split equally among its channels.
    """
    split = np.zeros((len(paths.steps), len(paths.channels)))
    for row, steps in zip(split, paths.steps, strict=True):
        distinct = sorted(set(steps))
        row[distinct] = 1 / len(distinct)
    return paths.converted @ split, paths.revenue @ split


def _incidence(paths: Paths, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each path its first and last channel, and how often it goes from one channel to another."""
    import scipy.sparse as sparse

    rows = np.arange(len(paths.steps))
    ones = np.ones(len(rows))
    first = sparse.csr_array((ones, (rows, [steps[0] for steps in paths.steps])), (len(rows), k))
    last = sparse.csr_array((ones, (rows, [steps[-1] for steps in paths.steps])), (len(rows), k))
    pairs = [(row, a * k + b) for row, steps in enumerate(paths.steps) for a, b in itertools.pairwise(steps) if a != b]
    at = np.array(pairs, dtype=int).reshape(-1, 2).T
    moves = sparse.csr_array((np.ones(at.shape[1]), (at[0], at[1])), (len(rows), k * k))
    return first, last, moves


def _shared(lost: np.ndarray, total: np.ndarray) -> np.ndarray:
    """What is shared out, in proportion to what each channel's removal loses; nothing where nothing is lost."""
    scale = lost.sum(-1, keepdims=True)
    whole = np.asarray(total)[..., None]
    return np.divide(lost * whole, scale, out=np.zeros_like(lost), where=scale != 0)


def weighted_count_interval(total: float, squares: float, largest: float, alpha: float) -> tuple[float, float]:
    """The interval of a sum of weights over a random number of journeys (Fay and Feuer's gamma interval).

    It is the bootstrap over journeys in closed form; for equal weights it is the exact interval of a Poisson count.
    """
    low = 0.0 if squares <= 0 else squares / (2 * total) * chi2.ppf(alpha / 2, 2 * total**2 / squares)
    above, spread = total + largest, squares + largest**2
    if above <= 0 or spread <= 0:
        return 0.0, 0.0
    return float(low), float(spread / (2 * above) * chi2.ppf(1 - alpha / 2, 2 * above**2 / spread))


def attribute_channels(credits: pd.DataFrame, paths: pd.DataFrame, alpha: float = 0.05, draws: int = DRAWS) -> pa.Table:
    """One row per model, channel and period (schema `CHANNEL_CREDITS`).

    `credits` are `moments_channel_credits` (models by rule, which SQL has summed), `paths` are `moments_channel_paths`:
    one row per step of a path, by `path_key` and `position`; a path without a touch is one row without a channel.
    Every channel that was met in a period has a row of every model, also when it gets nothing.
    """
    rows: list[dict] = []
    ruled = {(str(r["period_start"])[:10], r["model"], r["channel"]): r for r in records(credits)}
    models = sorted({model for _, model, _ in ruled}) or ["first", "last", "linear", "position", "time_decay"]
    for period, cells in sorted(_ways(paths).items()):
        touched = [row for row in cells if row["path"]]
        counted = Paths.of(
            [row["path"] for row in touched],
            [row["n_converted"] for row in touched],
            [row["n_unconverted"] for row in touched],
            [_sum(row) for row in touched],
            [_spread(row) for row in touched],
        )
        untouched = [row for row in cells if not row["path"]]
        n_paths = int(sum(row["n_converted"] + row["n_unconverted"] for row in cells))
        names = [*counted.channels, *([NO_TOUCH] if untouched else [])]
        met = {name: int(sum(row["n_converted"] for row in touched if name in row["path"])) for name in names}
        met |= {NO_TOUCH: int(sum(row["n_converted"] for row in untouched))}
        base = {"period_start": period, "n_paths": n_paths}
        for model in models:
            rows += [
                base
                | {"model": model, "channel": name, "n_conversions": met[name]}
                | _ruled(ruled.get((period, model, name)), alpha)
                for name in names
            ]
        for model, found in _drawn(counted, alpha, draws).items():
            rows += [
                base | {"model": model, "channel": name, "n_conversions": met[name]} | values
                for name, values in zip(counted.channels, found, strict=True)
            ]
            rows += [
                base
                | {"model": model, "channel": NO_TOUCH, "n_conversions": met[NO_TOUCH]}
                | _ruled(ruled.get((period, models[0], NO_TOUCH)), alpha)
                for _ in untouched[:1]
            ]
    return write_table(rows, CHANNEL_CREDITS)


def _ways(paths: pd.DataFrame) -> dict[str, list[dict]]:
    """By period the paths with their counts, each path as the tuple of its channels, in the order of those."""
    periods: dict[str, dict[str, dict]] = {}
    for row in sorted(records(paths), key=lambda row: row["position"]):
        period = str(row["period_start"])[:10]
        way = periods.setdefault(period, {}).setdefault(row["path_key"], row | {"path": ()})
        if row["position"] > 0:
            way["path"] += (row["channel"],)
    return {period: sorted(ways.values(), key=lambda way: way["path"]) for period, ways in periods.items()}


def _number(value: object) -> float:
    return 0.0 if value is None or value != value else float(value)


def _sum(row: dict) -> float:
    return _number(row["n_revenue"]) * _number(row["mean_revenue"])


def _spread(row: dict) -> float:
    return max(_number(row["n_revenue"]) - 1, 0) * _number(row["var_revenue"])


def _ruled(row: dict | None, alpha: float) -> dict:
    if row is None:
        return _values((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, 0.0, None)
    found = []
    reason = None
    for name in ("conversions", "revenue"):
        total, squares, largest = float(row[name]), float(row[f"{name}_squared"]), float(row[f"largest_{name}"])
        if total < 0 or largest < 0:
            found.append((total, None, None))
            reason = "Revenue below 0 has no interval."
        else:
            found.append((total, *weighted_count_interval(total, squares, largest, alpha)))
    return _values(found[0], found[1], float(row["ai_conversions"]), float(row["ai_revenue"]), reason)


def _drawn(paths: Paths, alpha: float, draws: int) -> dict[str, list[dict]]:
    """The models of paths, with intervals from the same redrawn journeys."""
    ai = "Which part of a removal effect or a Shapley value is AI's is not defined for single touches."
    nothing = "No journey with a touch converted in this period."
    models = {"markov": markov, "shapley": shapley}
    if not paths.channels or not paths.converted.sum():
        blank = _values((0.0, None, None), (0.0, None, None), None, None, nothing)
        return {name: [blank for _ in paths.channels] for name in models}
    rng = np.random.default_rng(SEED)
    size = max(1, CHUNK // len(paths.steps))
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in models}
    for begin in range(0, draws, size):
        redrawn = paths.redrawn(min(size, draws - begin), rng)
        for name, model in models.items():
            parts[name].append(model(redrawn))
    found = {}
    for name, model in models.items():
        points = model(paths)
        ends = [
            np.quantile(np.concatenate(of), [alpha / 2, 1 - alpha / 2], axis=0) for of in zip(*parts[name], strict=True)
        ]
        found[name] = [
            _values(*((float(points[i][c]), *map(float, ends[i][:, c])) for i in (0, 1)), None, None, ai)
            for c in range(len(paths.channels))
        ]
    return found


def _values(conversions: tuple, revenue: tuple, ai_conversions, ai_revenue, reason: str | None) -> dict:
    names = ("", "_ci_low", "_ci_high")
    return {
        **{f"conversions{name}": value for name, value in zip(names, conversions, strict=True)},
        **{f"revenue{name}": value for name, value in zip(names, revenue, strict=True)},
        "ai_conversions": ai_conversions,
        "ai_revenue": ai_revenue,
        "reason": reason,
    }
