"""Is AI as sure as it should be? Success by confidence, beside what chance makes of a confidence that is right."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa

from ..io.schemas import CALIBRATION
from ..io.tables import records, write_table

DRAWS, SEED = 2000, 20260101


def calibration_curve(cells: pd.DataFrame, level: float = 0.95) -> pa.Table:
    """One row per use case and tenth of confidence; schema `CALIBRATION`. `cells` is `int_decision_confidence`.

    The null is that every decision succeeds with just the chance that AI named: drawn DRAWS times, it gives the range
    of each tenth's success rate, and that of the expected calibration error (mean distance of success and confidence,
    weighted by decisions), whose share of draws at least as large as observed is the p value (Bröcker and Smith 2007,
    "Increasing the reliability of reliability diagrams"). A curve of few decisions is never straight; the null tells
    how crooked it may be.
    """
    rows = []
    for use_case, group in cells.sort_values(["use_case_id", "tenth", "thousandth"]).groupby("use_case_id", sort=True):
        rows += _curve(str(use_case), records(group), level)
    return write_table(rows, CALIBRATION)


def _curve(use_case: str, cells: list[dict], level: float) -> list[dict]:
    n = np.array([int(c["n"]) for c in cells])
    chance = np.array([int(c["thousandth"]) / 1000 for c in cells])
    tenths, at = np.unique([int(c["tenth"]) for c in cells], return_inverse=True)
    member = (at[:, None] == np.arange(len(tenths))).astype("float64")
    size = n @ member
    confidence = (n * chance) @ member / size
    rate = np.array([int(c["successes"]) for c in cells]) @ member / size
    drawn = np.random.default_rng(SEED).binomial(n, chance, (DRAWS, len(n))) @ member / size
    error, errors = (np.abs(r - confidence) @ size / size.sum() for r in (rate, drawn))
    edges = (1 - level) / 2
    low, high = np.quantile(drawn, [edges, 1 - edges], axis=0)
    hidden = np.array([bool(c["is_suppressed"]) for c in cells]) @ member > 0
    return [
        {
            "use_case_id": use_case,
            "tenth": int(tenth),
            "n": None if hidden[i] else int(size[i]),
            "mean_confidence": None if hidden[i] else float(confidence[i]),
            "success_rate": None if hidden[i] else float(rate[i]),
            "null_low": None if hidden[i] else float(low[i]),
            "null_high": None if hidden[i] else float(high[i]),
            "is_as_expected": None if hidden[i] else bool(low[i] - 1e-12 <= rate[i] <= high[i] + 1e-12),
            "calibration_error": None if hidden.any() else float(error),
            "calibration_error_null": None if hidden.any() else float(errors.mean()),
            # The observed curve is one of those that may be drawn.
            "p_value": None if hidden.any() else float((1 + (errors >= error - 1e-12).sum()) / (1 + DRAWS)),
            "is_suppressed": bool(hidden[i]),
        }
        for i, tenth in enumerate(tenths)
        if not math.isnan(confidence[i])
    ]
