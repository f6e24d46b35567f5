"""Agreement of raters against published examples."""

import math

import numpy as np
import pytest

from ai_impact_stats.estimators.agreement import icc_2_1, krippendorff_alpha, reliability

# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section C: 4 observers, 12 units, missing values.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
# Shrout and Fleiss (1979), table 2: 6 targets, 4 judges.
JUDGES = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))


def ratings(table):
    return zip(*[(u, r, v) for r, row in enumerate(table) for u, v in enumerate(row) if v is not None], strict=True)


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_the_published_one(level, published):
    units, _, scores = ratings(OBSERVERS)
    found = krippendorff_alpha(units, scores, level)
    assert round(found.value, 3) == published
    assert found.n == 11  # the twelfth unit has one rating
    assert found.ci_low < found.value < found.ci_high <= 1


def test_icc_is_the_published_one():
    units, raters, scores = zip(*[(u, r, v) for u, row in enumerate(JUDGES) for r, v in enumerate(row)], strict=True)
    found = icc_2_1(units, raters, scores)
    assert round(found.value, 2) == 0.29
    # The interval that R's psych gives for these data.
    assert (round(found.ci_low, 3), round(found.ci_high, 3)) == (0.019, 0.761)


def test_agreement_of_nothing():
    assert krippendorff_alpha([], []).value is None
    assert krippendorff_alpha(["a", "b"], [1, 2]).reason == "Fewer than 2 units have 2 ratings."
    same = krippendorff_alpha(["a", "a", "b", "b"], [3, 3, 3, 3])
    assert same.value is None and "the same" in same.reason
    assert icc_2_1(["a", "b"], ["x", "x"], [1, 2]).value is None
    assert icc_2_1(["a", "a", "b", "b"], ["x", "y"] * 2, [3, 3, 3, 3]).value is None
    assert reliability(None) == "unknown"


def test_perfect_agreement_is_one_and_needs_no_order():
    units, scores = ["a", "a", "b", "b", "c", "c"], [1, 1, 3, 3, 5, 5]
    assert krippendorff_alpha(units, scores).value == 1
    shuffled = np.random.default_rng(1).permutation(6)
    assert krippendorff_alpha(np.array(units)[shuffled], np.array(scores)[shuffled]) == krippendorff_alpha(
        units, scores
    )
    perfect = icc_2_1(units, ["x", "y"] * 3, scores)
    assert math.isclose(perfect.value, 1) and perfect.ci_low is None


def test_raters_who_roll_dice_are_unreliable():
    rng = np.random.default_rng(2)
    found = krippendorff_alpha(np.repeat(np.arange(300), 3), rng.integers(1, 6, 900))
    assert found.ci_low < 0 < found.ci_high
    assert reliability(found.value) == "unreliable"
    assert [reliability(a) for a in (0.667, 0.8)] == ["tentative", "reliable"]


def test_the_interval_covers_the_truth_of_many_panels():
    # 5 raters, true values of variance 1 and noise of variance .5: ICC(2,1) = 2/3 but for rounding.
    rng, covered = np.random.default_rng(3), 0
    for _ in range(200):
        truth = rng.normal(size=(40, 1))
        scores = truth + rng.normal(scale=math.sqrt(0.5), size=(40, 5))
        found = icc_2_1(np.repeat(np.arange(40), 5), np.tile(np.arange(5), 40), scores.ravel())
        covered += found.ci_low <= 2 / 3 <= found.ci_high
    assert covered >= 182  # 95 % of 200, less three standard errors
