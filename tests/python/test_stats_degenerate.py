"""Input that allows no estimate: NULL and a sentence, never an exception, never 0 with p = 1."""

import math

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from by_design import balance_experiments, check_experiments, estimate_experiments, plan_experiments

from ai_impact_stats.designs.grading import DEVIATIONS, FAULTS, NEEDED, Conduct, doubts, grade, verdict
from ai_impact_stats.estimators.checks import pre_period_balance, sample_ratio
from ai_impact_stats.estimators.effects import cuped, difference, relative_difference
from ai_impact_stats.estimators.estimate import Estimate
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.io.engines import read, write
from ai_impact_stats.io.registry import names, planned_weights
from ai_impact_stats.io.schemas import CHECKS, ESTIMATES
from ai_impact_stats.io.tables import MOMENTS

GOOD = UnitMoments.from_rows([1, 2, 3, 4], x=[0, 1, 1, 2])
EMPTY = UnitMoments.from_rows([])
ONE = UnitMoments.from_rows([2.0], x=[1.0])
CONSTANT = UnitMoments.from_rows([2.0, 2.0, 2.0])
NOTHING_BELOW = UnitMoments.from_rows([1, 2, 3], z=[0, 0, 0])
ALL_NULL = UnitMoments(3, math.nan, math.nan)


def is_refused(e: Estimate, word: str) -> bool:
    numbers = (e.estimate, e.std_error, e.ci_low, e.ci_high, e.p_value)
    return all(n is None for n in numbers) and word in e.reason and e.reason.endswith(".")


@pytest.mark.parametrize(
    ("treatment", "control", "word"),
    [
        (EMPTY, GOOD, "no units"),
        (GOOD, EMPTY, "control arm has no units"),
        (ONE, GOOD, "one unit"),
        (CONSTANT, CONSTANT, "variance is 0"),
        (NOTHING_BELOW, GOOD, "denominator is 0"),
        (ALL_NULL, GOOD, "no value"),
        (UnitMoments.from_rows([0.1] * 10), UnitMoments.from_rows([0.1] * 7), "variance is 0"),
    ],
)
def test_no_effect_without_two_measured_arms(treatment, control, word):
    assert is_refused(difference(treatment.ratio(), control.ratio()), word)
    assert is_refused(relative_difference(treatment.ratio(), control.ratio()), word)
    assert is_refused(cuped(treatment, control), word)
    assert is_refused(cuped(treatment, control, relative=True), word)


def test_counts_stay_when_the_estimate_is_refused():
    e = difference(EMPTY.ratio(), GOOD.ratio())
    assert (e.n_treatment, e.n_control) == (0, 4)


def test_one_constant_arm_still_has_an_effect():
    assert difference(GOOD.ratio(), UnitMoments.from_rows([0.0, 0.0, 0.0]).ratio()).estimate == 2.5


@pytest.mark.parametrize("control", [[0, 0, 0, 0], [-1, 1, -2, 2], [-1, 1, -2, 2.5]])
def test_no_relative_effect_against_a_control_near_zero(control):
    arm = Arm.from_values(control)
    assert is_refused(relative_difference(GOOD.ratio(), arm), "Fieller")
    assert difference(GOOD.ratio(), arm).estimate is not None


def test_relative_effect_against_a_negative_control_keeps_its_direction():
    e = relative_difference(Arm(50, -5, 1), Arm(50, -10, 1))
    assert e.estimate == 0.5
    assert e.ci_low > 0


def test_no_adjustment_without_a_covariate_that_varies():
    assert is_refused(cuped(UnitMoments.from_rows([1, 2]), UnitMoments.from_rows([2, 4])), "covariate")
    flat = UnitMoments.from_rows([1, 2, 3], x=[5, 5, 5])
    assert is_refused(cuped(flat, flat.merged(GOOD).__class__.from_rows([1, 2, 4], x=[5, 5, 5])), "same value")


def test_perfectly_predicted_metric_leaves_no_variance():
    y = [1.0, 2.0, 3.0, 4.0]
    e = cuped(UnitMoments.from_rows(y, x=y), UnitMoments.from_rows(y[:3], x=y[:3]))
    assert e.estimate is None or e.std_error > 0


def test_sample_ratio_that_cannot_be_checked():
    for counts, weights in (({"a": 5}, {"a": 1.0}), ({}, {"a": 1, "b": 1}), ({"a": 3, "b": 4}, {"a": 1, "b": 0})):
        check = sample_ratio(counts, weights)
        assert (check.statistic, check.p_value, check.passed) == (None, None, None)
    missing_arm = sample_ratio({"a": 100}, {"a": 1, "b": 1})
    assert missing_arm.passed is False


def test_balance_that_cannot_be_checked():
    assert pre_period_balance({}).passed is None
    assert pre_period_balance({"x": (CONSTANT.covariate(), GOOD.covariate())}).passed is None
    apart = pre_period_balance({"x": (Arm(100, 1, 1), Arm(100, 0, 1)), "w": (Arm(100, 1, 1), Arm(100, 1, 1))})
    assert apart.passed is False
    assert "x differs most" in apart.detail


@pytest.mark.parametrize(
    "text",
    [
        "control:0.5|treatment:0.5", "control = 0.5 | treatment=0.5", "50/50", "0.5 | 0.5", "[1, 1]", None,
        '{"control": 0.5, "treatment": 0.5}', '["control:1", "treatment:1"]',
    ],
)  # fmt: skip
def test_planned_weights(text):
    weights = planned_weights(text, ["control", "treatment"])
    assert weights["control"] == weights["treatment"]
    assert set(weights) == {"control", "treatment"}


@pytest.mark.parametrize(
    "text",
    [
        "half", "control:0.5|treated:0.5", "control:0.5|treatment", "1/2/3", "control:-1|treatment:2",
        "control:nan|t:1",
        "control:0.5,treatment:0.5", "control:1", "control:1|control:1|treatment:1", '{"control": null}', "0.5, 0.5",
    ],
)  # fmt: skip
def test_planned_weights_that_cannot_be_read(text):
    assert "split" in planned_weights(text, ["control", "treatment"])


def test_planned_weights_of_arms_with_colons():
    arms = ["llama3:8b", "llama3:70b"]
    assert planned_weights("llama3:8b:0.4|llama3:70b:0.6", arms) == {"llama3:8b": 0.4, "llama3:70b": 0.6}
    assert planned_weights('{"llama3:8b": 0.4, "llama3:70b": 0.6}', arms) == {"llama3:8b": 0.4, "llama3:70b": 0.6}
    assert "llama3:8b|llama3:70b" in planned_weights("llama3:8b|llama3:70b", arms)


def test_names():
    assert names("a, b;c|d e") == ["a, b;c", "d e"]
    assert names(" Variation 1 | llama3:8b||meta-llama/L3-8b") == ["Variation 1", "llama3:8b", "meta-llama/L3-8b"]
    assert names('["a|b", " c "]') == ["a|b", "c"]
    assert names('["a|b') == ['["a', "b"]
    assert names("[beta]") == ["[beta]"]
    assert names(None) == names("") == names(float("nan")) == []


SOUND = {
    **dict.fromkeys(("srm", "registered_late", "registration_changed", "registration_witnessed"), True),
    **dict.fromkeys(("withdrawn_siblings", "pre_period_balance", "power", "multiple_exposure", "lost_by_arm"), True),
}


def conduct(passed=None, **changed) -> Conduct:
    values = {"design": "rct", "assignment_method": "randomized", "passed": {**SOUND, **(passed or {})}}
    return Conduct(**values | changed)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_no_evidence_of_a_cause(name):
    earned, why = grade(conduct({name: False}))
    assert earned == "D"
    assert FAULTS[name] in why
    assert grade(conduct({name: False}, design="holdout"))[0] == "D"
    assert FAULTS[name] in doubts({**SOUND, name: False}, True)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_costs_grade_a(name):
    earned, why = grade(conduct({name: False}))
    assert earned == "B"
    assert DEVIATIONS[name] in why or name == "withdrawn_siblings"
    assert DEVIATIONS[name] in doubts({**SOUND, name: False}, True)


@pytest.mark.parametrize("name", NEEDED)
def test_what_cannot_be_checked_costs_grade_a(name):
    earned, why = grade(conduct({name: None}))
    assert (earned, NEEDED[name] in why) == ("B", True)
    del (left_out := dict(SOUND))[name]
    assert grade(Conduct("rct", "randomized", left_out)) == (earned, why)


@pytest.mark.parametrize(
    ("passed", "changed", "expected", "word"),
    [
        ({}, {}, "A", None),
        # Nobody planned a split: not known. One that was planned, and can't be judged, hides something.
        ({"srm": None}, {}, "B", "could not be checked"),
        ({}, {"changed_fields": ("experiments.expected_split",)}, "D", "planned split was changed"),
        ({"srm": None}, {"split_problem": "The expected split half can't be read: write it so."}, "D", "split half"),
        ({"pre_period_balance": None}, {}, "B", "balance"),
        # The past of the metric itself is a check of balance, where no covariate is known.
        ({"pre_period_balance": None, "pre_period_difference": True}, {}, "A", None),
        ({"pre_period_difference": False}, {}, "D", "differed before the start"),
        ({"registration_changed": False}, {"changed_fields": ("alpha", "metric.direction")}, "B", "metric.direction"),
        ({"withdrawn_siblings": False}, {"withdrawn": 9}, "B", "9 of the experiments"),
        ({}, {"deviations": ("0.50% of the units were in several arms",)}, "B", "several arms"),
        ({}, {"faults": ("the arms differ in the share of unknown values",)}, "D", "unknown values"),
        ({}, {"design": "holdout"}, "B", "holdout"),
        ({}, {"assignment_method": "holdout"}, "B", "holdout"),
        ({}, {"design": "did"}, "B", "did"),
        ({}, {"assignment_method": "self_selected"}, "D", "self_selected"),
        ({"srm": False}, {"assignment_method": "matched"}, "D", "matched"),
        ({}, {"assignment_method": None}, "D", "unknown"),
    ],
)
def test_grade(passed, changed, expected, word):
    earned, why = grade(conduct(passed, **changed))
    assert earned == expected
    assert why is None if word is None else word in why


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0.2, 0.1, 0.3, 0.001, 0.05, "up", "A"), "improved"),
        ((0.2, 0.1, 0.3, 0.001, 0.05, "down", "A"), "worsened"),
        ((-0.2, -0.3, -0.1, 0.001, 0.05, "down", "C"), "improved"),
        ((0.2, -0.1, 0.5, 0.2, 0.05, "up", "A"), "inconclusive"),
        ((0.01, -0.02, 0.04, 0.2, 0.05, "up", "A", True, 0.05), "no_relevant_effect"),
        ((0.2, 0.1, 0.3, 0.001, 0.05, "up", "D"), "not_established"),
        ((0.2, 0.1, 0.3, 0.001, 0.05, "up", "A", False), "still_running"),
        ((None, None, None, None, 0.05, "up", None), "not_estimated"),
    ],
)
def test_verdict(arguments, expected):
    assert verdict(*arguments) == expected


REGISTRATION = {
    "experiment_id": "e1",
    "design": "rct",
    "unit_type": "lead",
    "control_arm": "control",
    "treatment_arm": "treatment",
    "primary_metric_id": "m1",
    "secondary_metric_ids": "m2",
    "guardrail_metric_ids": None,
    "expected_split": "control:0.5|treatment:0.5",
    "alpha": 0.05,
    "power": 0.8,
    "minimum_detectable_effect": 0.5,
    "cluster_by": None,
    "assignment_method": "randomized",
    "is_registered_before_start": True,
    "is_changed_after_start": False,
    "is_registration_witnessed": True,
    "is_finished": True,
}
CATALOGUE = pd.DataFrame(
    [
        {"metric_id": "m1", "aggregation": "mean", "transform": "none", "direction": "up", "covariate": "pre_period"},
        {"metric_id": "m2", "aggregation": "proportion", "transform": None, "direction": "down", "covariate": None},
        {"metric_id": "m3", "aggregation": "quantile", "transform": None, "direction": "down", "covariate": None},
        {"metric_id": "m4", "aggregation": "mean", "transform": "sqrt", "direction": "down", "covariate": None},
        {"metric_id": "m5", "aggregation": "proportion", "transform": "log", "direction": "up", "covariate": None},
    ]
)


def tables(registrations, arms=None):
    """The four inputs, with the units of `arms` (arm to y and x) in both m1 and m2 of every experiment."""
    arms = (
        {"control": ([4, 5, 6, 5] * 30, [1, 2, 3, 2] * 30), "treatment": ([6, 7, 9, 8] * 30, [1, 2, 3, 2] * 30)}
        if arms is None
        else arms
    )
    registry = pd.DataFrame([{**REGISTRATION, **r} for r in registrations])
    moments, counts = [], []
    for e in registry.experiment_id:
        for arm, (y, x) in arms.items():
            counts.append({"experiment_id": e, "arm": arm, "n_units": len(y), "n_excluded": 0})
            for metric, values in (("m1", y), ("m2", [v > 6 or v == 4 for v in y])):
                m = UnitMoments.from_rows(values, x=x)
                moments.append(
                    {"experiment_id": e, "metric_id": metric, "segment": "all", "arm": arm}
                    | {k: getattr(m, k) for k in MOMENTS}
                )
    columns = ["experiment_id", "metric_id", "segment", "arm", *MOMENTS]
    return (
        registry,
        CATALOGUE,
        pd.DataFrame(moments, columns=columns),
        pd.DataFrame(counts, columns=["experiment_id", "arm", "n_units", "n_excluded"]),
    )


def estimates(*args) -> pd.DataFrame:
    table = estimate_experiments(*args)
    assert table.schema == ESTIMATES
    return table.to_pandas()


def test_experiment_of_full_quality():
    found = estimates(*tables([{}]))
    assert list(found.method) == [
        *("difference_in_means", "relative_difference", "cuped", "cuped_relative"),
        *("difference_in_means", "relative_difference"),
    ]
    assert found.estimate.iloc[0] == 2.5
    assert found.estimate.iloc[1] == pytest.approx(0.5)
    assert found.is_preregistered.all()
    assert set(found.evidence_grade[:4]) == {"A"}
    assert list(found.verdict[:4]) == ["improved"] * 4
    assert found.verdict.iloc[4] == "worsened"
    assert found.std_error.iloc[2] < found.std_error.iloc[0]
    checks = check_experiments(*tables([{}])).to_pandas().set_index("check_id")
    assert set(checks.index) == {
        "srm", "multiple_exposure", "unknown_arm", "pre_period_balance", "power", "registered_late",
        "registration_changed", "still_running", "registration_witnessed", "withdrawn_siblings",
    }  # fmt: skip
    assert checks.passed.all()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"design": "staggered_did"}, "staggered_did"),
        ({"design": None}, "unknown"),
        ({"treatment_arm": None}, "no treatment arm"),
        ({"treatment_arm": "control"}, "control and as treatment"),
        ({"treatment_arm": "other"}, "no units"),
        ({"control_arm": "other"}, "no units"),
        ({"alpha": 1.5}, "alpha"),
        ({"cluster_by": "team"}, "clustered by team"),
        ({"primary_metric_id": "m9", "secondary_metric_ids": None}, "metric_catalog"),
        ({"primary_metric_id": "m3", "secondary_metric_ids": None}, "quantile"),
        ({"primary_metric_id": "m4", "secondary_metric_ids": None}, "sqrt"),
        ({"primary_metric_id": "m5", "secondary_metric_ids": None}, "log"),
        ({"inference": "haybittle"}, "haybittle"),
        ({"interim_looks": "0.5"}, "interim looks"),
        ({"interim_looks": "half|1"}, "interim looks"),
    ],
)
def test_one_bad_registration_does_not_stop_the_others(change, word):
    found = estimates(*tables([{}, {"experiment_id": "bad", **change}]))
    bad = found[found.experiment_id == "bad"]
    assert len(bad) >= 2
    assert bad.estimate.isna().all()
    assert bad.p_value.isna().all()
    assert bad.evidence_grade.isna().all()
    assert set(bad.verdict) == {"not_estimated"}
    assert bad.reason.str.contains(word).all()
    assert found[found.experiment_id == "e1"].estimate.notna().all()
    check_experiments(*tables([{}, {"experiment_id": "bad", **change}]))


ALL_NULL_ARM = {m: math.nan for m in MOMENTS if m != "n"}


@pytest.mark.parametrize(
    ("broken", "registration", "word"),
    [
        ({"treatment": None}, {}, "no units"),
        ({"control": {"n": 1}}, {}, "one unit"),
        ({a: {"var_y": 0.0, "cov_yx": 0.0} for a in ("control", "treatment")}, {}, "variance is 0"),
        ({"treatment": {"mean_z": 0.0, "var_z": 0.0}}, {}, "denominator is 0"),
        (dict.fromkeys(("control", "treatment"), ALL_NULL_ARM), {}, "no value"),
        ({"treatment": {"arm": "stranger"}}, {}, "no units"),
        ({}, {"expected_split": "control:0|treatment:0"}, None),
        ({"control": {"n": 1, "n_units": 1}, "treatment": {"n": 1, "n_units": 1}}, {"cluster_by": "team"}, "one unit"),
    ],
    ids=[
        "arm_empty",
        "one_unit",
        "no_variance",
        "denominator_0",
        "all_null",
        "not_registered",
        "split_0",
        "one_cluster",
    ],
)
def test_degenerate_data_of_one_experiment_stops_no_other(broken, registration, word):
    """In every table that the warehouse hands over, and in everything that is made of them."""
    registry, catalogue, moments, counts = tables([{}, {"experiment_id": "bad", **registration}])
    # Of a mean: that of a proportion is its own variance.
    catalogue = catalogue[catalogue.metric_id == "m1"].assign(quantile=0.5, denominator_measure=None)
    catalogue = pd.concat([catalogue, catalogue.assign(metric_id="m2", aggregation="quantile")])
    moments = moments[moments.metric_id == "m1"].assign(n_units=0)
    rows = []
    for row in moments.to_dict("records"):
        change = broken.get(row["arm"], {}) if row["experiment_id"] == "bad" else {}
        if change is not None:
            rows.append(row | change)
    moments = pd.DataFrame(rows)
    points = moments.assign(metric_id="m2", quantile=0.5, point=moments.mean_y)
    ends = {"lowest": points.mean_y, "highest": points.mean_y, "units_up_to": points.n, "bin": 1}
    further = {
        "quantile_points": points,
        "quantile_bins": points[["experiment_id", "metric_id", "arm"]].assign(**ends),
        "covariate_cells": moments.assign(stratum=None, bin=0),
        "weeks": pd.concat([moments.assign(week=w, n_total=moments.n) for w in range(4)]),
        "past": moments,
        "starts": counts.assign(dimension="start_day", dimension_value="2026-01-01"),
        "neighbours": pd.DataFrame([{"experiment_id": "bad", "treated_neighbours": math.nan}]),
    }
    found = estimate_experiments(registry, catalogue, moments, counts, **further).to_pandas()
    bad = found[found.experiment_id == "bad"]
    assert set(bad.metric_id) == {"m1", "m2"}
    assert bad.reason[bad.estimate.isna()].notna().all()
    if word is not None:
        assert bad.estimate.isna().all()
        assert bad.reason[bad.method == "difference_in_means"].str.contains(word).all()
    good = found[(found.experiment_id == "e1") & (found.method == "difference_in_means")]
    assert good.estimate.notna().all()
    for table in (check_experiments, plan_experiments, balance_experiments):
        made = table(registry, catalogue, moments, counts, **further).to_pandas()
        assert "e1" in set(made.experiment_id), table.__name__
    assert "bad" in set(plan_experiments(registry, catalogue, moments, counts, **further).to_pandas().experiment_id)


def test_no_registry_no_rows():
    registry, *rest = tables([{}])
    assert estimate_experiments(registry.iloc[:0], *rest).num_rows == 0
    assert check_experiments(registry.iloc[:0], *rest).schema == CHECKS


def test_no_units_at_all():
    found = estimates(*tables([{}], arms={}))
    assert found.estimate.isna().all()
    assert found.reason.str.contains("no units").all()


def test_an_arm_that_is_not_registered_costs_the_grade():
    arms = {
        "control": ([4, 5, 6] * 40, [1, 2, 3] * 40),
        "treatment": ([6, 7, 9] * 40, [1, 2, 3] * 40),
        "x": ([1, 2], [1, 2]),
    }
    args = tables([{}], arms)
    assert set(estimates(*args).evidence_grade) == {"B"}
    checks = check_experiments(*args).to_pandas().set_index("check_id")
    assert "x (2)" in checks.detail["unknown_arm"]
    assert not checks.passed["unknown_arm"]
    assert checks.passed["srm"]


def test_a_split_that_fails_costs_the_verdict():
    arms = {"control": ([4, 5, 6] * 100, [1, 2, 3] * 100), "treatment": ([6, 7, 9] * 40, [1, 2, 3] * 40)}
    found = estimates(*tables([{}], arms))
    assert set(found.evidence_grade) == {"D"}
    assert set(found.verdict) == {"not_established"}


def test_split_of_zero_leaves_the_arm_out_of_the_ratio():
    arms = {a: ([4, 5, 6] * 40, [1, 2, 3] * 40) for a in ("control", "b", "c")}
    args = tables([{"treatment_arm": "b|c", "expected_split": "control:0.5|b:0.5|c:0"}], arms)
    assert check_experiments(*args).to_pandas().set_index("check_id").passed["srm"]


def test_two_treatment_arms_share_one_family():
    arms = {arm: (y * 40, [1, 2, 3] * 40) for arm, y in (("control", [4, 5, 6]), ("b", [4, 5, 7]), ("c", [5, 6, 7]))}
    found = estimates(*tables([{"treatment_arm": "b|c", "expected_split": "1|1|1"}], arms))
    primary = found[(found.metric_id == "m1") & (found.method == "difference_in_means")]
    assert sorted(primary.treatment_arm) == ["b", "c"]
    assert primary.p_value_adjusted.max() == pytest.approx(primary.p_value.max())
    assert primary.p_value_adjusted.min() == pytest.approx(2 * primary.p_value.min())


def test_guardrails_are_not_corrected():
    found = estimates(*tables([{"secondary_metric_ids": None, "guardrail_metric_ids": "m2"}]))
    guardrail = found[found.metric_role == "guardrail"]
    assert (guardrail.p_value_adjusted == guardrail.p_value).all()


class Spark:
    def __init__(self, frame):
        self.frame = frame

    def toPandas(self):  # noqa: N802
        return self.frame


class Snowpark:
    def __init__(self, frame):
        self.frame = frame

    def to_pandas(self):
        return self.frame.rename(columns=str.upper)


def test_the_last_digits_do_not_depend_on_the_order_of_summation():
    registry, metrics, moments, counts = tables([{}])
    noisy = moments.assign(**{k: moments[k] * (1 + 2e-16) for k in MOMENTS if k != "n"})
    assert estimate_experiments(registry, metrics, noisy, counts) == estimate_experiments(
        registry, metrics, moments, counts
    )


def test_any_engine_is_read():
    expected = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    con = duckdb.connect()
    con.register("expected", expected)
    for relation in (
        expected,
        pa.Table.from_pandas(expected),
        con.table("expected"),
        Spark(expected),
        Snowpark(expected),
    ):
        frame = read(relation)
        assert list(frame.columns) == ["a", "b"]
        assert list(frame.a) == [1, 2]
    with pytest.raises(TypeError, match="int"):
        read(3)


def test_the_result_goes_back_typed():
    table = estimate_experiments(*tables([{}]))
    assert write(table, session=None) is table

    class Session:
        def createDataFrame(self, rows, schema):  # noqa: N802
            return rows, schema

    rows, schema = write(table, Session())
    assert len(rows) == table.num_rows
    assert "estimate double" in schema
    assert "n_treatment bigint" in schema
