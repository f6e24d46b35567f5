"""What people add: matched where nobody was assigned, by arms where somebody was; and what a panel's table holds."""

import math

import numpy as np
import pandas as pd
import pytest

from ai_impact_stats.estimators.moments import Arm
from ai_impact_stats.impact.human import agree, compare_decisions

ARMS = pd.DataFrame(
    columns=[
        "kpi_id",
        "experiment_id",
        "use_case_id",
        "period_key",
        "is_treated",
        "n",
        "mean_y",
        "var_y",
        "is_suppressed",
    ]
)


def cells_of(confidence, treated, y, predicted, evidence=None):
    frame = pd.DataFrame(
        {"cell": np.minimum(np.floor(confidence * 10), 9).astype(int).astype(str), "t": treated, "y": y}
    )
    frame = frame.assign(c=confidence, p=predicted, e=2.0 if evidence is None else evidence)
    rows = []
    for (cell, t), g in frame.groupby(["cell", "t"]):
        row = {"kpi_id": "k", "use_case_id": "u", "period_key": "p", "comparison": "override"}
        row |= {"cell": cell, "is_treated": t, "n": len(g), "n_predicted": g.p.notna().sum(), "is_suppressed": False}
        for name, column in {"y": "y", "confidence": "c", "evidence": "e", "predicted": "p"}.items():
            row |= {f"mean_{name}": g[column].mean(), f"var_{name}": g[column].var()}
        rows.append(row)
    return pd.DataFrame(rows)


def simulated(rng, n=4000, effect=0.08, hidden=0.0):
    """People override where AI is unsure, and where AI is unsure less succeeds: the plain difference misleads."""
    confidence, taste = rng.uniform(0.2, 0.8, n), rng.uniform(size=n)
    treated = (rng.uniform(size=n) < 0.9 - confidence).astype(int)
    y = (rng.uniform(size=n) < 0.5 * confidence + effect * treated + hidden * treated * taste).astype(float)
    return cells_of(confidence, treated, y, rng.normal(100, 10, n) + hidden * 100 * treated)


def test_matched_overrides_find_what_was_planted():
    rng = np.random.default_rng(5)
    found = [compare_decisions(simulated(rng), ARMS).to_pylist()[0] for _ in range(60)]
    plain = np.mean([row["mean_treatment"] - row["mean_control"] for row in found])
    estimates = np.array([row["estimate"] for row in found])
    assert plain < 0.05  # biased against people
    assert abs(estimates.mean() - 0.08) < 3 * estimates.std() / math.sqrt(60) + 0.004  # what differs within a tenth
    covered = np.mean([row["ci_low"] <= 0.08 <= row["ci_high"] for row in found])
    assert covered >= 0.86
    assert {row["basis"] for row in found} == {"matched"}
    # They chose by what is recorded here, which no record shows: what they sensed beside it would be in no cell.
    assert {row["evidence_grade"] for row in found} == {"D"}
    assert all("what they sense to be wrong" in row["reason"] and "fails" not in row["reason"] for row in found[:5])


def test_evidence_that_differs_is_told():
    rng = np.random.default_rng(9)
    confidence, treated = rng.uniform(0.2, 0.8, 2000), rng.integers(0, 2, 2000)
    y, predicted = rng.integers(0, 2, 2000).astype(float), rng.normal(size=2000)
    cells = cells_of(confidence, treated, y, predicted, evidence=rng.poisson(2 + treated).astype(float))
    row = compare_decisions(cells, ARMS).to_pylist()[0]
    assert row["evidence_grade"] == "D" and "Balance fails" in row["reason"] and "evidence" in row["reason"]


def test_a_failed_placebo_is_told():
    row = compare_decisions(simulated(np.random.default_rng(6), hidden=0.2), ARMS).to_pylist()[0]
    assert row["evidence_grade"] == "D"
    assert "Placebo fails" in row["reason"]


def test_nothing_alike_is_not_compared():
    rows = cells_of(np.array([0.1, 0.1, 0.9, 0.9]), [1, 1, 0, 0], [1.0, 0, 1, 0], [1.0, 2, 3, 4])
    row = compare_decisions(rows, ARMS).to_pylist()[0]
    assert row["estimate"] is None and "overlap" in row["reason"]
    assert row["mean_treatment"] == 0.5 and row["evidence_grade"] is None
    one_sided = compare_decisions(rows[rows.is_treated == 1], ARMS).to_pylist()[0]
    assert one_sided["estimate"] is None and one_sided["mean_control"] is None
    assert compare_decisions(rows.iloc[:0], ARMS).num_rows == 0


def test_an_outcome_that_nobody_predicted_has_no_placebo():
    rng = np.random.default_rng(7)
    row = compare_decisions(simulated(rng).assign(n_predicted=0), ARMS).to_pylist()[0]
    assert row["evidence_grade"] == "D" and "Placebo" not in row["reason"]


def test_people_who_sense_failures_seem_to_add_what_they_do_not():
    """No effect: who overrides senses failures that no cell knows. Found nearly always, and evidence of nothing."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        confidence, sensed = rng.uniform(0.2, 0.8, 2000), rng.uniform(size=2000)
        treated = (rng.uniform(size=2000) < 0.2 + 0.4 * (sensed < 0.3)).astype(int)
        y = (rng.uniform(size=2000) < 0.5 * confidence + 0.3 * (sensed >= 0.3)).astype(float)
        found.append(compare_decisions(cells_of(confidence, treated, y, rng.normal(size=2000)), ARMS).to_pylist()[0])
    assert np.mean([row["ci_high"] < 0 for row in found]) > 0.8
    assert {row["evidence_grade"] for row in found} == {"D"}


def test_arms_are_compared_as_welch_does():
    arms = pd.DataFrame(
        [
            ("k", "e", "u", "p", 1, 3461, 0.7, 38.4361, False),
            ("k", "e", "u", "p", 0, 3407, 0.41, 15.2103, False),
            ("k", "e", "u", "q", 1, 3461, 0.7, 38.4361, False),
        ],
        columns=ARMS.columns,
    )
    found = compare_decisions(simulated(np.random.default_rng(8)).iloc[:0], arms).to_pylist()
    assert len(found) == 1  # a period with one arm has nothing to compare
    expected = Arm(3461, 0.7, 38.4361).variance / 3461 + Arm(3407, 0.41, 15.2103).variance / 3407
    assert found[0]["estimate"] == pytest.approx(0.29)
    assert found[0]["std_error"] == pytest.approx(math.sqrt(expected))
    assert (found[0]["basis"], found[0]["experiment_id"]) == ("randomized", "e")


def test_what_few_people_did_has_a_row_without_a_number():
    cells = simulated(np.random.default_rng(8))
    arms = pd.DataFrame(
        [("k", "e", "u", "p", 1, 90, 0.7, 0.2, True), ("k", "e", "u", "p", 0, 80, 0.4, 0.2, True)], columns=ARMS.columns
    )
    found = compare_decisions(cells.assign(is_suppressed=True), arms).to_pylist()
    assert [row["basis"] for row in found] == ["matched", "randomized"]
    named = {"kpi_id", "use_case_id", "period_key", "comparison", "basis", "experiment_id", "reason"}
    for row in found:
        assert "few people" in row["reason"]
        assert {name for name, value in row.items() if value is not None} <= named


def test_agreement_of_a_panel():
    ratings = pd.DataFrame(
        {
            "use_case_id": "u", "period_key": "p", "rubric_version": "r", "criterion": "strategy",
            "decision_number": [1, 1, 2, 2, 3, 3, 4], "rater_number": [1, 2, 1, 2, 1, 2, 1],
            "score": [1.0, 1, 3, 3, 5, 5, 2],
        }
    )  # fmt: skip
    row = agree(ratings).to_pylist()[0]
    assert (row["n_ratings"], row["n_raters"], row["n_decisions"], row["n_complete"]) == (7, 2, 4, 3)
    assert (row["alpha"], row["icc"], row["reliability"], row["reason"]) == (1, 1, "reliable", None)
    assert agree(ratings.iloc[:0]).num_rows == 0
    alone = agree(ratings[ratings.rater_number == 1]).to_pylist()[0]
    assert (alone["alpha"], alone["reliability"]) == (None, "unknown") and alone["reason"]
