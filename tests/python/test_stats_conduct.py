"""How an experiment was run: loss, contamination, groups that share an arm, arms told late. Planted, and not."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import test_stats_experiments
from hypothesis import given
from hypothesis import strategies as st
from test_stats_experiments import moments_of, run, units

from ai_impact_stats.estimators.checks import (
    Loss,
    assigned_after_outcome,
    contamination,
    exceeds,
    lost_by_arm,
    unregistered_clusters,
)
from ai_impact_stats.estimators.moments import Arm

NO_PAST = {"covariate": None}


@pytest.fixture(autouse=True)
def own_numbers(monkeypatch):
    """Those of the module that the fixtures are from are left as its tests expect them."""
    monkeypatch.setattr(test_stats_experiments, "RNG", np.random.default_rng(21))


def losses_of(lost, y, treated):
    """(treatment, control) losses of units, of which those that are `lost` are not estimated."""
    pair = []
    for arm in (True, False):
        kept, gone = y[(treated == arm) & ~lost], y[(treated == arm) & lost]
        mean = float(gone.mean()) if len(gone) else math.nan
        pair.append(Loss(len(kept) + len(gone), len(gone), float(kept.mean()), float(kept.var(ddof=1)), mean))
    return tuple(pair)


def test_loss_that_touches_neither_arm_nor_outcome_passes_at_its_level():
    rng = np.random.default_rng(3)
    failed = 0
    for _ in range(400):
        treated, y = rng.random(2000) < 0.5, (rng.random(2000) < 0.1).astype(float)
        check = lost_by_arm({"units": losses_of(rng.random(2000) < 0.02, y, treated)})
        failed += check.passed is False
    assert failed <= 10  # .01 is its level: 4 are expected, and more than 10 come once in 400


@pytest.mark.parametrize("share", [0.002, 0.01])
def test_loss_by_outcome_is_found_however_small_it_is(share):
    """Of a rare outcome, one unit in a hundred of one arm is its effect: alike between the arms in number."""
    rng = np.random.default_rng(4)
    treated, y = np.arange(6596) % 2 == 0, (rng.random(6596) < 0.05).astype(float)
    lost = np.zeros(6596, bool)
    n = round(share * 6596 / 2)
    lost[np.flatnonzero(~treated & (y == 1))[:n]] = True
    lost[np.flatnonzero(treated & (y == 0))[:n]] = True
    check = lost_by_arm({"units that were in several arms (rate)": losses_of(lost, y, treated)})
    assert check.passed is False
    assert "in the treatment arm" in check.detail and check.statistic == 2 * n


def test_loss_by_arm_is_found_where_nothing_is_known_of_the_lost():
    check = lost_by_arm({"outcomes in quarantine (rate)": (Loss(1600, 4), Loss(1600, 172))})
    assert check.passed is False
    assert "4 of 1600 in the treatment arm, 172 of 1600 in the control" in check.detail
    assert lost_by_arm({"late": (Loss(1600, 10), Loss(1500, 19))}).passed
    assert lost_by_arm({"late": (Loss(100, 0), Loss(100, 0))}).passed
    assert lost_by_arm({}).passed is None


def test_arms_that_were_told_after_the_outcome():
    assert assigned_after_outcome(18, 3100).passed, "some deliveries are late"
    assert not assigned_after_outcome(300, 3100).passed
    assert assigned_after_outcome(1, 20).passed, "one of few is chance"
    assert assigned_after_outcome(0, 0).passed is None


@given(st.integers(0, 50), st.integers(1, 50), st.floats(0.001, 0.5))
def test_the_exact_tail_of_a_share(found, of, limit):
    found = min(found, of)
    tail = math.fsum(math.comb(of, k) * limit**k * (1 - limit) ** (of - k) for k in range(found, of + 1))
    assert exceeds(found, of, limit) == pytest.approx(tail, rel=1e-9)


@pytest.mark.parametrize(
    ("control", "treatment", "passed"),
    [
        ((0, 3000), (3000, 3000), True),
        ((300, 3000), (3000, 3000), False),
        ((1, 50), (50, 50), True),
        # Who met either version is recorded, or AI is in both arms: it tells nothing apart.
        ((3000, 3000), (3000, 3000), True),
        ((77, 821), (205, 1897), True),
        ((0, 100), (0, 100), None),
        ((0, 0), (5, 5), None),
    ],
)
def test_contamination(control, treatment, passed):
    assert contamination(control, treatment, "exposure").passed is passed


def test_a_holdout_has_no_version_to_meet():
    assert contamination((565, 565), (2153, 2153), "exposure").passed
    assert contamination((565, 565), (2153, 2153), "exposure", is_withheld=True).passed is False
    assert contamination((2, 565), (2153, 2153), "exposure", is_withheld=True).passed


def test_units_of_arms_that_nobody_registered():
    """Sixty converted control units that are now called something else, and a third arm that is like the others."""
    others = Arm.from_proportion(325, 6500)
    check = lost_by_arm({}, {"units of arms that are not registered (rate)": (Arm(60, 1.0, 0.0), others)})
    assert check.passed is False and "60 units, which differ from all others by 0.95" in check.detail
    assert lost_by_arm({}, {"units": (Arm.from_proportion(165, 3000), others)}).passed


def groups(labels, treated):
    found = Counter((int(treated[labels == g].sum()), int((labels == g).sum())) for g in np.unique(labels))
    return [(k, n, count) for (k, n), count in found.items()]


@pytest.mark.parametrize(("sizes", "share"), [(2, 0.5), (3, 0.2), (40, 0.5)])
def test_units_that_were_assigned_one_by_one_share_no_arm(sizes, share):
    rng = np.random.default_rng(5)
    labels = np.arange(1200) // sizes
    failed = sum(
        unregistered_clusters({"account": groups(labels, rng.random(1200) < share)}).passed is False for _ in range(300)
    )
    assert failed <= 2


@pytest.mark.parametrize(("sizes", "n"), [(2, 400), (5, 200), (40, 1200)])
def test_groups_that_were_assigned_are_found(sizes, n):
    rng = np.random.default_rng(6)
    labels = np.arange(n) // sizes
    treated = (rng.random(n // sizes) < 0.5)[labels]
    check = unregistered_clusters({"account": groups(labels, treated), "own": groups(np.arange(n), treated)})
    assert check.passed is False
    assert check.statistic == pytest.approx(1, abs=0.05)
    assert "Register cluster_by" in check.detail and "account" in check.detail


def test_few_neighbours_are_no_clusters():
    """Twenty of two thousand units come in pairs of one arm: their errors can't be told from independent ones."""
    rng = np.random.default_rng(7)
    labels = np.r_[np.repeat(np.arange(10), 2), np.arange(100, 2080)]
    treated = rng.random(2000) < 0.5
    treated[1:20:2] = treated[0:20:2]
    assert unregistered_clusters({"account": groups(labels, treated)}).passed
    assert unregistered_clusters({}).passed is None


# ------------------------------------------------------------------------------------------ what the grade makes of it


def lost(kind, treatment, control, **more):
    rows = [
        {"experiment_id": "e", "metric_id": "m", "arm": arm, "kind": kind, "n_units": n, "n_lost": k, **more}
        for arm, (k, n) in (("t", treatment), ("c", control))
    ]
    return pd.DataFrame(rows)


def reach(control, treatment):
    return pd.DataFrame(
        [{"experiment_id": "e", "arm": a, "n_ai_work": n} for a, n in (("c", control), ("t", treatment))]
    )


def shared(kind, treated, n_units, n_groups):
    row = {"experiment_id": "e", "kind": kind, "n_units": n_units}
    return [row | {"n_treated": k, "n_groups": n_groups} for k in treated]


@pytest.mark.parametrize(
    ("tables", "check", "said"),
    [
        ({"losses": lost("quarantined", (1, 150), (40, 150))}, "lost_by_arm", "lost more in one arm"),
        ({"losses": lost("late", (40, 150), (1, 150))}, "lost_by_arm", "lost more in one arm"),
        (
            {"losses": lost("assigned_after_outcome", (50, 150), (40, 150))},
            "assigned_after_outcome",
            "assigned after the outcome",
        ),
        ({"reach": reach(30, 200)}, "contamination", "reached the control arm"),
        (
            {"groups": pd.DataFrame(shared("team", (0, 10), 10, 20))},
            "unregistered_clusters",
            "no clusters are registered",
        ),
    ],
)
def test_a_planted_fault_costs_the_cause(tables, check, said):
    frame = units(n=200)
    found, checks = run(moments_of(frame), frame, **tables)
    assert not checks.passed[check]
    assert set(found.evidence_grade) == {"D"} and set(found.verdict) == {"not_established"}
    assert found.reason.str.contains(said).all()


def test_control_units_that_were_renamed_are_found():
    """Units of an arm that is not registered, by what came of them."""
    frame = units(n=200)
    rows = [("t", 200, 0.3, 0.2), ("c", 180, 0.2, 0.2), ("x", 20, 1.0, 0.0)]
    key = {"experiment_id": "e", "metric_id": "m", "kind": "several_arms", "n_lost": 0, "mean_lost": None}
    losses = [key | dict(zip(("arm", "n_units", "mean_kept", "var_kept"), row, strict=True)) for row in rows]
    found, checks = run(moments_of(frame), frame, losses=pd.DataFrame(losses))
    assert not checks.passed["lost_by_arm"] and set(found.evidence_grade) == {"D"}
    losses[2] |= {"mean_kept": 0.3, "var_kept": 0.2}
    found, checks = run(moments_of(frame), frame, losses=pd.DataFrame(losses))
    assert checks.passed["lost_by_arm"]


def test_no_fault_costs_nothing():
    frame = units(n=200)
    losses = [lost(kind, (2, 150), (3, 150)) for kind in ("quarantined", "late", "assigned_after_outcome")]
    tables = {"losses": pd.concat(losses), "reach": reach(0, 200)}
    tables["groups"] = pd.DataFrame(shared("team", (4, 5, 6), 10, 10))
    found, checks = run(moments_of(frame), frame, **tables)
    assert set(found.evidence_grade) == {"A"}
    assert checks.passed[["lost_by_arm", "assigned_after_outcome", "contamination", "unregistered_clusters"]].all()


def test_an_exposure_of_the_control_arm_is_contamination_unless_both_arms_have_it_alike():
    frame = units(n=200)

    def exposed(control, treatment):
        rows = [("c", control), ("t", treatment)]
        key = {"experiment_id": "e", "dimension": "exposed", "dimension_value": "exposed"}
        return pd.DataFrame([key | {"arm": arm, "n_units": n} for arm, n in rows])

    found, checks = run(moments_of(frame), frame, starts=exposed(40, 200))
    assert not checks.passed["contamination"] and set(found.evidence_grade) == {"D"}
    found, checks = run(moments_of(frame), frame, starts=exposed(160, 158))
    assert checks.passed["contamination"] and set(found.evidence_grade) == {"A"}


@pytest.mark.parametrize(("excluded", "grade"), [(0, "A"), (1, "B"), (30, "D")])
def test_units_in_several_arms(excluded, grade):
    """A stray one is none, up to one in a hundred costs grade A, and more is another experiment."""
    frame = units(n=200)
    found, _ = run(moments_of(frame), frame, count={"n_excluded": excluded})
    assert set(found.evidence_grade) == {grade}


@pytest.mark.parametrize(
    ("registration", "grade", "said"),
    [
        ({"is_registration_witnessed": False}, "B", "not witnessed"),
        ({"is_registration_witnessed": None}, "B", "witnessed is not known"),
        (
            {"changed_fields": "metric_catalog.transform|experiments.alpha"},
            "B",
            "metric_catalog.transform, experiments.al",
        ),
        ({"changed_fields": "experiments.expected_split"}, "D", "planned split was changed"),
        ({"n_withdrawn": 9}, "B", "9 of the experiments of the same units were withdrawn"),
        ({"is_registered_before_start": False}, "D", "when its data could be seen"),
        ({"expected_split": None}, "B", "sample ratio could not be checked"),
        ({"expected_split": "half"}, "D", "can't be read"),
    ],
)
def test_what_is_known_of_the_registration(registration, grade, said):
    frame = units(n=200)
    found, _ = run(moments_of(frame), frame, registration)
    assert set(found.evidence_grade) == {grade}
    assert found.reason.str.contains(said, regex=False).all()


def test_a_smallest_effect_that_nobody_looks_for_makes_no_effect_small():
    """Of a share 50 points, of a level its double: neither power nor "too little to matter"."""
    frame = units(n=400, effect=0.0).assign(y=lambda f: (RATE.random(len(f)) < 0.3).astype(float))
    share = {"aggregation": "proportion", **NO_PAST}
    past = pd.DataFrame([{**row, "mean_y": 0.1, "n_units": 0} for row in moments_of(frame)])
    for metric, planned, verdict in ((share, 0.5, "inconclusive"), (share, 0.1, "no_relevant_effect")):
        found, checks = run(moments_of(frame), frame, {"minimum_detectable_effect": planned}, metric, past=past)
        assert found.verdict["difference_in_means", "all"] == verdict
        assert (checks.passed["power"] is None) == (planned == 0.5)
    assert "no effect that is looked for" not in checks.detail["power"]
    found, checks = run(moments_of(frame), frame, {"minimum_detectable_effect": 0.1, "power": 0.1}, share, past=past)
    assert checks.passed["power"] is None and set(found.evidence_grade) == {"B"}


RATE = np.random.default_rng(9)


def test_a_fixed_design_is_not_read_while_it_could_be_stopped():
    """Neither before the latest end that was registered, nor while units are still assigned."""
    frame = units(n=200, effect=1.0)
    early = {"ends_at": pd.Timestamp("2026-02-01"), "latest_ends_at": pd.Timestamp("2026-03-26")}
    found, checks = run(moments_of(frame), frame, early | {"data_end": pd.Timestamp("2026-02-10")})
    assert set(found.verdict) == {"still_running"} and not checks.passed["still_running"]
    found, checks = run(moments_of(frame), frame, early | {"data_end": pd.Timestamp("2026-04-10")})
    assert set(found.verdict) == {"improved"} and not checks.passed["stopped_early"]
    goes_on = dict.fromkeys(("n_before", "n_returned", "n_undated"), 0) | {"n_assignments": 250, "n_after": 50}
    for last, verdict in (("2026-04-09", "still_running"), ("2026-03-28", "improved")):
        count = goes_on | {"last_assigned_at": pd.Timestamp(last)}
        found, checks = run(moments_of(frame), frame, {"data_end": pd.Timestamp("2026-04-10")}, count=count)
        assert set(found.verdict) == {verdict}
        assert checks.passed["still_running"] == (verdict == "improved")
    found, _ = run(moments_of(frame), frame, {"inference": "always_valid", "is_finished": False}, count=count)
    assert set(found.verdict) == {"improved"}, "an interval that holds at any time may be read at any time"
