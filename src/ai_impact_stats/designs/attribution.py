"""Multi-touch attribution from paths that SQL has counted: shares of conversions by channel. None of it is causal."""

import numpy as np
import pandas as pd
import pyarrow as pa

from ..estimators.paths import Paths, Spread, markov, shapley, shapley_spread, weighted_count_interval
from ..io.registry import number
from ..io.schemas import CHANNEL_CREDITS
from ..io.tables import records, write_table
from ..wording import sentence

NO_TOUCH = "(none)"
DRAWS, SEED, CHUNK = 200, 20260101, 2_000_000
# Of fewer conversions of like size no interval of their revenue holds: one that has not come yet may outweigh them.
LEAST_EFFECTIVE = 20
FEW = f"Its revenue rests on fewer than {LEAST_EFFECTIVE} conversions of like size: no interval of it would hold."
BELOW_0 = "Revenue below 0 has no interval."
Ends = tuple[float, float | None, float | None]  # a value and its interval


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


def _sum(row: dict) -> float:
    return number(row["n_revenue"], 0.0) * number(row["mean_revenue"], 0.0)


def _spread(row: dict) -> float:
    return max(number(row["n_revenue"], 0.0) - 1, 0) * number(row["var_revenue"], 0.0)


def _ruled(row: dict | None, alpha: float) -> dict:
    if row is None:
        return _values((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, 0.0, None)
    found = {}
    for name in ("conversions", "revenue"):
        total, squares, largest = (float(row[part]) for part in (name, f"{name}_squared", f"largest_{name}"))
        found[name] = _ends(total, squares, largest, alpha, name == "revenue")
    (conversions, _), (revenue, reason) = found.values()
    return _values(conversions, revenue, float(row["ai_conversions"]), float(row["ai_revenue"]), reason)


def _ends(total: float, squares: float, largest: float, alpha: float, is_revenue: bool) -> tuple[Ends, str | None]:
    """A sum over journeys with its interval, or the reason why it has none."""
    if total < 0 or largest < 0:
        return (total, None, None), BELOW_0
    if is_revenue and squares > 0 and total**2 < LEAST_EFFECTIVE * squares:
        return (total, None, None), FEW
    return (total, *weighted_count_interval(total, squares, largest, alpha)), None


def _drawn(paths: Paths, alpha: float, draws: int) -> dict[str, list[dict]]:
    """The models of paths: of Shapley values the squares are summed, the variance of removal effects comes from redrawn
    journeys; what both get for the largest journey is alike."""
    ai = "Removal effects and Shapley values belong to channels, so the share of AI's touches is undefined."
    nothing = "No journey with a touch converted in this period."
    if not paths.channels or not paths.converted.sum():
        blank = _values((0.0, None, None), (0.0, None, None), None, None, nothing)
        return {name: [blank for _ in paths.channels] for name in ("markov", "shapley")}
    rng = np.random.default_rng(SEED)
    size = max(1, CHUNK // len(paths.steps))
    parts = [markov(paths.redrawn(min(size, draws - begin), rng)) for begin in range(0, draws, size)]
    one = shapley_spread(paths)
    varied = [np.concatenate(of).var(axis=0) for of in zip(*parts, strict=True)]
    spreads = {
        "markov": [Spread(v, spread.largest) for v, spread in zip(varied, one, strict=True)],
        "shapley": list(one),
    }
    found: dict[str, list[dict]] = {}
    for name, model in {"markov": markov, "shapley": shapley}.items():
        rows = []
        for k in range(len(paths.channels)):
            (conversions, _), (revenue, reason) = (
                _ends(float(credit[k]), float(spread.squares[k]), float(spread.largest[k]), alpha, is_revenue)
                for credit, spread, is_revenue in zip(model(paths), spreads[name], (False, True), strict=True)
            )
            rows.append(_values(conversions, revenue, None, None, sentence([ai, reason])))
        found[name] = rows
    return found


def _values(conversions: Ends, revenue: Ends, ai_conversions, ai_revenue, reason: str | None) -> dict:
    names = ("", "_ci_low", "_ci_high")
    return {
        **{f"conversions{name}": value for name, value in zip(names, conversions, strict=True)},
        **{f"revenue{name}": value for name, value in zip(names, revenue, strict=True)},
        "ai_conversions": ai_conversions,
        "ai_revenue": ai_revenue,
        "reason": reason,
    }
