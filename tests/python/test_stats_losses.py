"""Units that the log assigns and the comparison leaves out: random ones are no fault, those chosen by outcome are."""

import numpy as np
import pytest

from ai_impact_stats.designs.health import _loss
from ai_impact_stats.estimators.checks import Loss, lost_by_arm


def loss(kept: np.ndarray, lost: np.ndarray, is_uneven: bool = False) -> Loss:
    gone = float(lost.mean()) if len(lost) else float("nan")
    return Loss(len(kept) + len(lost), len(lost), float(kept.mean()), float(kept.var(ddof=1)), gone, is_uneven)


def drawn(rng, chance: float, n: int) -> np.ndarray:
    return (rng.random(n) < chance).astype(float)


def test_a_ramp_of_any_size_with_an_effect_is_no_fault():
    """One treated in ten was there before, three of ten of the control; the treatment works on all of them."""
    rng, failed = np.random.default_rng(1), 0
    for _ in range(400):
        t = loss(drawn(rng, 0.45, 900), drawn(rng, 0.45, 100), True)
        c = loss(drawn(rng, 0.3, 700), drawn(rng, 0.3, 300), True)
        failed += lost_by_arm({"ramp": (t, c)}).passed is False
    assert failed <= 12  # 1 % are due


def test_who_was_chosen_for_it_by_outcome_is_a_fault():
    rng = np.random.default_rng(2)
    t, c = (loss(drawn(rng, 0.3, 700), np.full(60, outcome), True) for outcome in (0.0, 1.0))
    check = lost_by_arm({"ramp": (t, c)})
    assert check.passed is False and "among the others" in check.detail
    assert lost_by_arm(
        {"ramp": (loss(drawn(rng, 0.3, 700), np.full(60, 0.0), True), Loss(700, 0, is_uneven=True))}
    ).passed


@pytest.mark.parametrize(("shares", "fails"), [((0.0, 1.0), True), ((0.3, 0.3), False), ((0.0, 0.0), False)])
def test_late_comers_are_alike_before_they_come(shares, fails):
    t, c = (
        _loss({"kind": "after_end", "n_units": 900, "n_lost": 90, "mean_kept": 0.5, "var_kept": 0.2, "mean_lost": x}, 1)
        for x in shares
    )
    assert (lost_by_arm({"late comers": (t, c)}).passed is False) == fails


def test_late_comers_of_one_arm_are_no_question():
    row = {"kind": "after_end", "n_units": 900, "mean_kept": 0.5, "var_kept": 0.2}
    pair = _loss(row | {"n_lost": 90, "mean_lost": 0.3}, 1), _loss(row | {"n_lost": 0, "mean_lost": None}, 1)
    assert lost_by_arm({"late comers": pair}).passed is not False
