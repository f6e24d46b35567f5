"""Bad input of comparisons without randomisation: NULL, a reason, and a grade no better than it earned."""

import math

import numpy as np
import pandas as pd
import pytest
from by_design import check_rollouts, estimate_geo, estimate_matched, estimate_rollouts
from test_stats_geo import METRICS as SALES
from test_stats_geo import panels
from test_stats_geo import registry as regions
from test_stats_matched import METRICS as HOURS
from test_stats_matched import cells, choices, sample
from test_stats_matched import registry as matched
from test_stats_rollouts import METRICS, moments
from test_stats_rollouts import registry as rollout
from test_stats_synthetic import factors


def a_panel(seed=1, starts=(math.nan, 0.0), n=30):
    rng = np.random.default_rng(seed)
    first = np.repeat(starts, n)
    return 10 + rng.normal(size=(len(first), 1)) + rng.normal(size=(len(first), 10)), first


def whole(table) -> pd.DataFrame:
    """What holds of every row, whatever the input."""
    frame = table.to_pandas()
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
    gone = frame["estimate"].isna()
    assert frame[gone][numbers].isna().all().all() and frame[gone]["evidence_grade"].isna().all()
    assert frame["reason"].notna().all() and (frame[gone]["verdict"] == "not_estimated").all()
    assert frame[~gone][numbers].notna().all().all() and frame[~gone]["evidence_grade"].isin(["B", "C", "D"]).all()
    return frame


def test_no_overlap():
    """The treated are where hardly a control is: the methods that need a neighbour say so, and none has grade C."""
    people = choices(3, 600)
    at = people["cell"].str.extract(r"skill=(-?\d+)")[0].astype(int)
    part = people[((people["arm"] == "yes") & (at >= -1)) | ((people["arm"] == "no") & (at <= 1))]
    frame = whole(estimate_matched(matched(), HOURS, cells(part), sample(part)))
    assert set(frame["evidence_grade"].dropna()) == {"D"}
    exact = frame[frame["method"] == "exact_matching"].iloc[0]
    assert exact["n_treatment"] < (part["arm"] == "yes").sum() and "no match" in exact["reason"]
    apart = people[((people["arm"] == "yes") & (at > 0)) | ((people["arm"] == "no") & (at < 0))]
    assert whole(estimate_matched(matched(), HOURS, cells(apart), sample(apart)))["estimate"].isna().all()


def test_no_pre_period():
    y, first = a_panel()
    for design in ("did", "staggered_did"):
        frame = whole(estimate_rollouts(rollout(design=design), METRICS, moments(y[:, 4:], first, start=0)))
        assert frame["estimate"].isna().all()
    one = whole(estimate_rollouts(rollout(design="did"), METRICS, moments(y[:, 3:], first, start=-1)))
    assert set(one["evidence_grade"].dropna()) == {"D"} and one["reason"].str.contains("no pre-trend").any()
    check = check_rollouts(rollout(), moments(y[:, 3:], first, start=-1))[0]
    assert check["check_id"] == "parallel_trends" and check["passed"] is None
    frame = whole(estimate_geo(regions(), SALES, panels(factors(1, 0.0), before=0)))
    assert frame["estimate"].isna().all() and frame["reason"].str.contains("periods before").all()


def test_one_treated_unit():
    y, first = a_panel()
    keep = np.r_[0:31]
    for design in ("did", "staggered_did"):
        frame = whole(estimate_rollouts(rollout(design=design), METRICS, moments(y[keep], first[keep])))
        assert frame["estimate"].isna().all() and frame["reason"].str.contains("one unit").any()
    people = choices(1)
    one = pd.concat([people[people["arm"] == "no"], people[people["arm"] == "yes"].head(1)])
    frame = whole(estimate_matched(matched(), HOURS, cells(one), sample(one)))
    assert frame["estimate"].isna().all()


def test_gaps_in_the_panel():
    y, first = a_panel()
    counted = whole(estimate_rollouts(rollout(), METRICS, moments(y, first, left_out=4)))
    assert counted["reason"].str.contains("8 units have a gap").any()
    # A control with a gap is left out and counted; a treated region can't be.
    for hole, is_estimated in ((3, True), (25, False)):
        holes = np.where(np.arange(26)[:, None] == hole, math.nan, factors(1, 0.0))
        frame = whole(estimate_geo(regions(), SALES, panels(holes)))
        absolute = frame[frame["scale"] == "absolute"]
        assert (absolute["estimate"].notna() == is_estimated).all() and frame["reason"].str.contains("gap").all()
    # No unit that was seen in every period: one row per cohort, without periods.
    empty = moments(y, first).groupby("first_treated_period", dropna=False).head(1)
    empty = empty.assign(period_a=math.nan, period_b=math.nan, n=0, n_left_out=30)
    frame = whole(estimate_rollouts(rollout(), METRICS, empty))
    assert frame["estimate"].isna().all()


def test_collinear_covariates():
    people = choices(2, 400)
    twice = people.assign(cell=[f"{c.split('|')[0]}|twin={c.split('|')[0].split('=')[1]}" for c in people["cell"]])
    frame = whole(estimate_matched(matched(), HOURS, cells(twice), sample(twice)))
    assert frame["estimate"].isna().all()
    levels = frame[(frame["metric_id"] == "hours") & (frame["method"] != "matched_did")]
    assert levels["reason"].str.contains("are collinear").all()


@pytest.mark.parametrize("spoiled", [False, True])
def test_separation(spoiled):
    """A covariate that tells everybody's arm, or that of some."""
    people = choices(2, 400)
    flag = people["arm"] == "yes"
    if spoiled:
        flag = flag & (np.arange(len(people)) % 2 == 0)
    people = people.assign(cell=[f"{c}|told={3 if f else -1}" for c, f in zip(people["cell"], flag, strict=True)])
    frame = whole(estimate_matched(matched(), HOURS, cells(people), sample(people)))
    assert frame["estimate"].isna().all()
    levels = frame[(frame["metric_id"] == "hours") & (frame["method"] != "matched_did")]
    assert levels["reason"].str.contains("separation").all()
