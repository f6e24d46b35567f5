"""The calibration curve: right confidences pass, wrong ones fail, and few decisions prove little."""

import numpy as np
import pandas as pd
import pytest

from ai_impact_stats.impact.calibration import calibration_curve


def cells(confidence, success, hidden=(), use_case="u"):
    frame = pd.DataFrame({"thousandth": np.round(np.asarray(confidence) * 1000).astype(int), "successes": success})
    frame = frame.assign(n=1, tenth=np.minimum(frame.thousandth // 100, 9)).groupby(["tenth", "thousandth"])
    frame = frame.sum().reset_index()
    return frame.assign(use_case_id=use_case, is_suppressed=frame.tenth.isin(hidden))


@pytest.mark.slow
def test_confidence_that_is_right_fails_as_often_as_it_may():
    rng, values = np.random.default_rng(1), []
    for _ in range(200):
        chance = np.round(rng.uniform(0.1, 0.9, 300), 3)
        values.append(calibration_curve(cells(chance, rng.uniform(size=300) < chance)).to_pylist()[0]["p_value"])
    assert np.mean(np.array(values) <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(values) == pytest.approx(0.5, abs=0.08)


def test_ai_that_is_too_sure_is_found():
    rng = np.random.default_rng(2)
    chance = np.round(rng.uniform(0.2, 0.9, 3000), 3)
    rows = calibration_curve(cells(chance, rng.uniform(size=3000) < chance - 0.1)).to_pylist()
    assert rows[0]["p_value"] < 0.001
    assert rows[0]["calibration_error"] == pytest.approx(0.1, abs=0.02)
    assert sum(not row["is_as_expected"] for row in rows) >= 6
    assert all(row["success_rate"] < row["mean_confidence"] for row in rows)


def test_edge_cases_of_a_curve():
    assert calibration_curve(cells([0.5], [1]).iloc[:0]).num_rows == 0
    one = calibration_curve(cells([0.5], [1])).to_pylist()[0]
    assert (one["n"], one["success_rate"], one["is_as_expected"]) == (1, 1, True)
    sure = calibration_curve(cells([1.0, 1.0], [1, 0])).to_pylist()[0]
    assert (sure["tenth"], sure["is_as_expected"]) == (9, False)  # never wrong, it said
    assert sure["p_value"] < 0.001


def test_a_hidden_tenth_hides_what_is_made_of_it():
    rows = calibration_curve(cells([0.25, 0.75], [0, 1], hidden=[7])).to_pylist()
    assert [row["success_rate"] for row in rows] == [0, None]
    assert [row["n"] for row in rows] == [1, None]
    assert {row["calibration_error"] for row in rows} == {None}
