"""Claims: their wording, their verdicts, and what they must never say."""

from dataclasses import replace
from itertools import product

import pandas as pd
import pytest

from ai_impact_stats.impact.claims import (
    Catalogue,
    Finding,
    claims,
    e_values,
    guardrail_of,
    plain,
    sentence_of,
    shown,
    verdict_of,
    worst,
)
from ai_impact_stats.io.schemas import CLAIMS

REGISTRATIONS = ("registered", "registered_late", "changed_after_start", "not_registered")


def finding(**changed) -> Finding:
    values = {
        "subject": "Email drafting",
        "phrase": "the MQL rate",
        "scale": "relative",
        "estimate": 0.09,
        "ci_low": 0.04,
        "ci_high": 0.14,
        "level": 0.95,
        "grade": "A",
        "direction": "up",
        "verdict": "improved",
    }
    return Finding(**values | changed)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.001, "0"),
        (-0.5, "−0.5"),
        (9.04, "9"),
        (9.96, "10"),
        (12.6, "13"),
        (1234.5, "1,234"),
        (0.126, "0.13"),
    ],
)
def test_numbers_as_people_say_them(value, text):
    assert plain(value) == text


def test_signs_and_units():
    assert shown(0.132, "relative", True) == "+13 %"
    assert shown(-0.0459, "relative", True) == "−4.6 %"
    assert shown(6.26, "absolute") == "6.3"
    assert shown(0.0, "relative", True) == "0 %"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "Email drafting raised the MQL rate by 9 % (95 % CI 4 % to 14 %), grade A."),
        (
            {"estimate": -0.4, "ci_low": -0.5, "ci_high": -0.3, "phrase": "the churn rate", "direction": "down"},
            "Email drafting lowered the churn rate by 40 % (95 % CI 30 % to 50 %), grade A.",
        ),
        (
            {"scale": "absolute", "estimate": 6.26, "ci_low": 1.0, "ci_high": 11.5, "level": 0.9},
            "Email drafting raised the MQL rate by 6.3 (90 % CI 1 to 12), grade A.",
        ),
        (
            {"level_before": 0.44, "level_after": 0.5},
            "Email drafting raised the MQL rate by 9 % (from 0.44 to 0.5; 95 % CI 4 % to 14 %), grade A.",
        ),
        (
            {"grade": "D", "verdict": "not_established"},
            "Email drafting is associated with a rise of 9 % in the MQL rate (95 % CI 4 % to 14 %), grade D.",
        ),
        (
            {"grade": "E", "verdict": "not_established", "estimate": -0.2, "ci_low": -0.3, "ci_high": -0.1},
            "Email drafting is associated with a fall of 20 % in the MQL rate (95 % CI 10 % to 30 %), grade E.",
        ),
        (
            {"ci_low": -0.01, "verdict": "inconclusive"},
            "It is not shown that Email drafting changed the MQL rate: the estimate is +9 % (95 % CI −1 % to 14 %), "
            "grade A.",
        ),
        (
            {"ci_low": -0.01, "verdict": "not_established", "grade": "D"},
            "It is not shown that Email drafting is associated with a change in the MQL rate: the estimate is +9 % "
            "(95 % CI −1 % to 14 %), grade D.",
        ),
        (
            {"estimate": 0.001, "ci_low": -0.004, "ci_high": 0.006, "verdict": "no_relevant_effect"},
            "Email drafting changed the MQL rate by too little to matter: +0.1 % (95 % CI −0.4 % to 0.6 %), grade A.",
        ),
        (
            {"ci_low": -0.05, "ci_high": 0.23, "verdict": "still_running", "grade": "B"},
            "Email drafting is still running: so far the difference in the MQL rate is +9 % (95 % CI −5 % to 23 %), "
            "grade B.",
        ),
    ],
)
def test_sentences(changed, text):
    assert sentence_of(finding(**changed)) == text


def test_no_cause_is_named_below_grade_c():
    for grade, estimate, wide in product("ABCDE", (0.2, -0.2), (0.1, 0.3)):
        text = sentence_of(
            finding(grade=grade, estimate=estimate, ci_low=estimate - wide, ci_high=estimate + wide, verdict="x")
        )
        assert ("raised" in text or "lowered" in text or "changed" in text) == (grade in "ABC")
        assert ("associated" in text) == (grade in "DE")


@pytest.mark.parametrize(
    ("changed", "guardrail", "registration", "contradicted", "expected"),
    [
        ({}, "holds", "registered", False, "proven"),
        ({}, "none", "registered", False, "proven"),
        ({}, "worsened", "registered", False, "invalid"),
        ({}, "holds", "registered_late", False, "invalid"),
        ({}, "unknown", "registered", False, "suggestive"),
        ({"grade": "B"}, "holds", "registered", False, "suggestive"),
        ({"grade": "B", "is_holdout": True}, "holds", "registered", False, "proven"),
        ({"grade": "C", "is_holdout": True}, "holds", "registered", False, "suggestive"),
        ({"grade": "C"}, "holds", "registered", False, "suggestive"),
        ({"grade": "D", "verdict": "not_established"}, "holds", "registered", False, "suggestive"),
        ({"grade": "E", "verdict": "not_established"}, "worsened", "not_registered", False, "invalid"),
        ({}, "holds", "registered", True, "contradicted"),
        ({"direction": "down", "verdict": "worsened"}, "holds", "registered", False, "contradicted"),
        # A loss is a loss, whatever its grade.
        (
            {"direction": "down", "verdict": "not_established", "grade": "D"},
            "holds",
            "registered",
            False,
            "contradicted",
        ),
        ({"verdict": "inconclusive", "ci_low": -0.1}, "worsened", "registered", False, "not_shown"),
        ({"verdict": "inconclusive"}, "holds", "registered", False, "not_shown"),
        ({"direction": "None"}, "worsened", "registered", False, "not_shown"),
        ({"verdict": "still_running"}, "holds", "registered", False, "not_shown"),
    ],
)
def test_verdicts(changed, guardrail, registration, contradicted, expected):
    verdict, why = verdict_of(finding(**changed), guardrail, registration, contradicted)
    assert verdict == expected
    said_why = verdict in ("invalid", "contradicted") or (verdict == "suggestive" and changed.get("grade", "A") in "AB")
    said_why |= verdict == "not_shown" and guardrail == "worsened" and changed != {"direction": "None"}
    assert (why is not None) == said_why


def test_what_is_doubted_is_not_proven():
    verdict, why = verdict_of(finding(), "holds", "registered", doubted=["it is stale", "it is no primary metric"])
    assert (verdict, why) == ("suggestive", "Not proven: it is stale; it is no primary metric.")


def test_no_verdict_slips_through():
    """A worsened guardrail never leaves a gain, and an unregistered A is always invalid."""
    verdicts = ("improved", "worsened", "inconclusive", "not_established")
    for grade, guardrail, registration, verdict, direction in product(
        "ABCDE", ("holds", "worsened", "unknown", "none"), REGISTRATIONS, verdicts, ("up", "down")
    ):
        found, _ = verdict_of(finding(grade=grade, verdict=verdict, direction=direction), guardrail, registration)
        if guardrail == "worsened":
            assert found not in ("proven", "suggestive")
        if grade == "A" and registration != "registered":
            assert found == "invalid"
        if found == "proven":
            assert grade == "A" and guardrail in ("holds", "none")


def test_e_values_of_vanderweele_and_ding():
    assert e_values("relative", 2.9, 0.8, 5.0) == pytest.approx((7.26, 3.0), abs=0.005)
    assert e_values("relative", 0.2, -0.1, 0.5)[1] == 1.0
    assert e_values("relative", 1 / 3.9 - 1, -0.9, 1 / 1.8 - 1) == pytest.approx((7.26, 3.0), abs=0.005)
    assert e_values("absolute", 2.9, 0.8, 5.0) == (None, None)
    assert e_values("relative", -1.0, -1.2, -0.5) == (None, None)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"verdict": "worsened"}, "worsened"),
        ({"verdict": "improved"}, "holds"),
        ({"verdict": "inconclusive"}, "unknown"),
        ({"verdict": "inconclusive", "is_non_inferior": True}, "holds"),
        ({"verdict": "inconclusive", "is_non_inferior": True, "non_inferiority_margin": 0.5}, "holds"),
        # Nobody guards a metric that may double, nor by a comparison that has faults.
        ({"verdict": "inconclusive", "is_non_inferior": True, "non_inferiority_margin": 1.0}, "unknown"),
        (
            {"verdict": "inconclusive", "is_non_inferior": True, "non_inferiority_margin": 0.3, "mean_control": 0.4}
            | {"scale": "absolute"},
            "unknown",
        ),
        ({"verdict": "not_established", "is_non_inferior": True, "evidence_grade": "D"}, "unknown"),
        ({"verdict": "not_established", "evidence_grade": "D", "ci_low": 0.1, "ci_high": 0.2}, "worsened"),
        ({"verdict": "not_established", "evidence_grade": "D", "ci_low": -0.1, "ci_high": 0.2}, "unknown"),
        ({"verdict": "not_estimated", "evidence_grade": None}, "unknown"),
    ],
)
def test_guardrails(row, state):
    given = {"is_non_inferior": None, "evidence_grade": "A", "ci_low": None, "ci_high": None, "scale": "relative"} | row
    assert guardrail_of(given, "down") == state


def test_the_worst_guardrail_speaks():
    assert worst(["holds", "worsened", "unknown"]) == "worsened"
    assert worst(["holds", "unknown"]) == "unknown"
    assert worst([]) == "none"


# ----------------------------------------------------------------------------------------------------------- the tables


def estimate(**changed):
    return {
        "experiment_id": "x",
        "metric_id": "throughput",
        "method": "relative_difference",
        "segment": "all",
        "treatment_arm": "ai",
        "control_arm": "human",
        "metric_role": "primary",
        "scale": "relative",
        "estimate": 0.5,
        "ci_low": 0.4,
        "ci_high": 0.6,
        "alpha": 0.05,
        "evidence_grade": "A",
        "verdict": "improved",
        "reason": None,
        "is_non_inferior": None,
        "mean_control": None,
        "mean_treatment": None,
        "is_quoted": True,
        "is_headline": True,
        "inference": "fixed",
        "p_value": 0.001,
        "p_value_adjusted": 0.001,
        "sequential_ci_low": None,
        "sequential_ci_high": None,
        "sequential_p_value": None,
        "sequential_p_value_adjusted": None,
        "non_inferiority_margin": None,
    } | changed


SOUND = ("srm", "registered_late", "registration_witnessed", "registration_changed", "power", "pre_period_balance")


def made(estimates, run=None, versions=(), kpis=(), values=(), health=None, more=()):
    run = {
        "experiment_id": "x",
        "guardrail_metric_ids": None,
        "is_registered_before_start": True,
        "is_changed_after_start": False,
        "starts_at": pd.Timestamp("2026-03-02"),
        "ends_at": pd.Timestamp("2026-05-25"),
        "design": "rct",
        "assignment_method": "randomized",
        "primary_method": None,
        "changed_fields": None,
        "n_withdrawn": 0,
    } | (run or {})
    runs = [run, *(run | changed for changed in more)]
    checks = {**dict.fromkeys(SOUND, True), "late_start": False, **(health or {})}
    metrics = [
        {"metric_id": "throughput", "name": "Throughput", "direction": "up", "phrase": "throughput"},
        {"metric_id": "rework_rate", "name": "Rework", "direction": "down", "phrase": None},
    ]
    table = claims(
        pd.DataFrame(estimates, columns=list(estimate())),
        pd.DataFrame([{"experiment_id": r["experiment_id"], "use_case_id": "u"} for r in runs]),
        pd.DataFrame(runs),
        pd.DataFrame(metrics),
        pd.DataFrame([{"use_case_id": "u", "name": "Email drafting"}]),
        pd.DataFrame(list(kpis), columns=["kpi_id", "name", "guarded_by", "direction"]),
        pd.DataFrame(list(values), columns=KPI_COLUMNS),
        pd.DataFrame(
            [
                {"experiment_id": r["experiment_id"], "check_id": name, "passed": passed}
                for r in runs
                for name, passed in checks.items()
            ]
        ),
        pd.DataFrame(list(versions), columns=["use_case_id", "part", "version", "first_seen_at"]),
    )
    assert table.schema == CLAIMS
    return table.to_pylist()


KPI_COLUMNS = [
    *("kpi_id", "period_grain", "period_start", "period_end", "use_case_id", "team_id", "baseline_value"),
    *("change_percent", "ci_low", "ci_high", "guardrail_status"),
]


def test_a_claim_of_an_experiment():
    beside = estimate(method="cuped_relative", estimate=0.45, ci_low=0.3, ci_high=0.6, is_quoted=False)
    (row,) = made([beside, estimate()])
    assert row["sentence"] == (
        "Email drafting (AI against human) raised throughput by 50 % (95 % CI 40 % to 60 %), grade A."
    )
    assert (row["verdict"], row["registration"], row["is_stale"]) == ("proven", "registered", False)
    assert (row["methods_agreeing"], row["methods_compared"]) == (1, 1)
    assert row["sensitivity"].endswith("1 of 1 other method agrees in sign (+45 %). Failed checks: late start.")
    assert row["e_value"] == pytest.approx(2.366, abs=0.001)


def test_the_claim_is_the_estimate_that_is_quoted():
    """Whatever its scale, its method and its place among the rows; guardrails are read so, too."""
    absolute = estimate(method="trimmed_match", scale="absolute", estimate=20.0, ci_low=10.0, ci_high=30.0)
    beside = [estimate(method=method, is_quoted=False) for method in ("a_relative", "z_relative")]
    (row,) = made([beside[0], absolute, beside[1]])
    assert (row["method"], row["scale"], row["estimate"]) == ("trimmed_match", "absolute", 20.0)
    assert row["methods_compared"] == 0, "others are compared on the same scale"
    guard = estimate(metric_id="rework_rate", metric_role="guardrail", scale="absolute", verdict="worsened")
    better = guard | {"scale": "relative", "verdict": "improved", "is_quoted": False}
    for rows in ([guard, better], [better, guard]):
        (row,) = made([estimate(), *rows], {"guardrail_metric_ids": "rework_rate"})
        assert row["guardrail_status"] == "worsened"


def test_no_claim_without_a_grade_an_interval_or_of_a_part():
    assert made([estimate(evidence_grade=None)]) == []
    assert made([estimate(ci_low=None)]) == []
    assert made([estimate(estimate=None, evidence_grade=None)]) == []
    assert made([estimate(segment="stratum=smb")]) == []
    assert made([estimate(metric_role="guardrail")]) == []


@pytest.mark.parametrize(
    ("run", "registration"),
    [
        ({"is_registered_before_start": False}, "registered_late"),
        ({"is_registered_before_start": None}, "registered_late"),
        ({"is_changed_after_start": True}, "changed_after_start"),
    ],
)
def test_grade_a_of_an_unregistered_experiment_is_invalid(run, registration):
    (row,) = made([estimate()], run)
    assert (row["verdict"], row["registration"]) == ("invalid", registration)
    assert row["sentence"].startswith("Do not claim: ")


def test_throughput_whose_quality_twin_worsened_is_invalid():
    """By the registered guardrail, and by the guardrail that kpi_catalog names."""
    worse = estimate(metric_id="rework_rate", metric_role="guardrail", verdict="worsened")
    (row,) = made([estimate(), worse], {"guardrail_metric_ids": "rework_rate"})
    assert (row["verdict"], row["guardrails"]) == ("invalid", "“Rework”: worsened")
    guarded = [("throughput", "Throughput", "rework_rate", "up")]
    (row,) = made([estimate(), worse], kpis=guarded)
    assert row["verdict"] == "invalid"
    (row,) = made([estimate(), worse | {"verdict": "improved"}], kpis=guarded)
    assert (row["verdict"], row["guardrail_status"]) == ("proven", "holds")
    assert "guardrails" not in row["sentence"]
    (row,) = made([estimate()], kpis=guarded)
    assert (row["verdict"], row["guardrails"]) == ("suggestive", "“Rework”: not shown to hold")
    assert row["sentence"].endswith("grade A. Not proven: its guardrails are not shown to hold.")


def test_only_what_could_be_proven_says_why_it_is_not():
    guarded = [("throughput", "Throughput", "rework_rate", "up")]
    weak = estimate(evidence_grade="C", verdict="improved")
    assert "guardrails" not in made([weak], kpis=guarded)[0]["sentence"]
    assert "guardrails" not in made([estimate()])[0]["sentence"]
    later = [("u", "model", "two", pd.Timestamp("2026-06-15"))]
    (row,) = made([estimate()], kpis=guarded, versions=later)
    assert "its guardrails are not shown to hold. Stale since 2026-06-15" in row["sentence"]


@pytest.mark.parametrize(
    ("changed", "run", "health", "said"),
    [
        ({"metric_role": "secondary"}, {}, {}, "no primary metric"),
        ({}, {"primary_method": "cuped"}, {}, "not by the registered method cuped"),
        ({}, {}, {"registration_witnessed": None}, "witnessed is not known"),
        ({}, {}, {"registration_witnessed": False}, "not witnessed"),
        ({}, {}, {"withdrawn_siblings": False}, "withdrawn"),
        ({}, {}, {"power": None}, "detect"),
        ({}, {}, {"pre_period_balance": None}, "balance"),
        ({}, {}, {"methods_agree": False}, "methods disagree"),
        ({}, {}, {"contamination": False}, "reached the control"),
        ({"p_value_adjusted": 0.06}, {}, {}, "use case, KPI and year is 0.06"),
        # A level of .5 is no level.
        ({"p_value_adjusted": 0.06, "alpha": 0.5}, {}, {}, "use case, KPI and year is 0.06"),
        ({"p_value_adjusted": None}, {}, {}, "use case, KPI and year is not known"),
    ],
)
def test_what_proof_takes(changed, run, health, said):
    (row,) = made([estimate(**changed)], run, health=health)
    assert row["verdict"] == "suggestive"
    assert said in row["sentence"]
    (row,) = made([estimate()], {"primary_method": "difference_in_means"})
    assert (row["verdict"], row["p_value"], row["p_value_family"]) == ("proven", 0.001, 0.001)


def test_a_holdout_is_proven_by_the_same_rules():
    """Of regions nobody plans a ratio or a power by units; of accounts both have to be known."""
    held = estimate(evidence_grade="B")
    unknown = {"srm": None, "power": None, "pre_period_balance": None}
    (row,) = made([held], {"design": "geo"}, health=unknown)
    assert row["verdict"] == "proven"
    (row,) = made([held], {"design": "holdout"}, health=unknown)
    assert row["verdict"] == "suggestive"
    (row,) = made([held], {"design": "holdout"})
    assert row["verdict"] == "proven"
    (row,) = made([held], {"design": "geo"}, health={"registered_late": False})
    assert row["verdict"] == "suggestive"


def test_experiments_of_one_use_case_and_kpi_in_one_year_are_one_family():
    found = [estimate(p_value=0.01, p_value_adjusted=0.03), estimate(experiment_id="y", p_value_adjusted=0.5)]
    (x, y) = made(found, more=[{"experiment_id": "y"}])
    assert (x["p_value"], x["p_value_family"], y["p_value_family"]) == (0.01, 0.06, 0.5)
    assert x["verdict"] == "suggestive"
    # Another year is another family; what still runs is not read; what was withdrawn was a test.
    (x, _) = made(found, more=[{"experiment_id": "y", "ends_at": pd.Timestamp("2027-05-25")}])
    assert (x["verdict"], x["p_value_family"]) == ("proven", 0.03)
    (x,) = made(found[:1], {"n_withdrawn": 1})
    assert (x["verdict"], x["p_value_family"]) == ("suggestive", 0.06)


def test_before_the_end_the_interval_that_allows_for_looks_is_quoted():
    wide = {"sequential_ci_low": -0.1, "sequential_ci_high": 1.1, "sequential_p_value": 0.2}
    (row,) = made([estimate(verdict="still_running", **wide)])
    assert (row["ci_low"], row["ci_high"], row["p_value"], row["p_value_family"]) == (-0.1, 1.1, 0.2, None)
    assert row["verdict"] == "not_shown"
    assert "is still running: so far the difference in throughput is +50 % (95 % CI −10 % to 110 %)" in row["sentence"]
    assert made([estimate(verdict="still_running")]) == [], "there is no interval that holds yet"
    clear = {"sequential_ci_low": 0.2, "sequential_ci_high": 0.8, "sequential_p_value_adjusted": 0.01}
    (row,) = made([estimate(inference="always_valid", **clear)])
    assert (row["verdict"], row["ci_low"], row["p_value_family"]) == ("proven", 0.2, 0.01)


def test_an_interval_fits_its_sentence():
    """A level falls by 100 % at most: the unit of the metric is quoted instead, or what is left of the interval."""
    broken = estimate(estimate=-0.8, ci_low=-1.23, ci_high=-0.37, verdict="worsened")
    whole = estimate(method="difference_in_means", scale="absolute", estimate=-8.0, ci_low=-9.0, ci_high=-3.0)
    (row,) = made([broken, whole | {"is_quoted": False, "verdict": "worsened"}])
    assert (row["scale"], row["ci_low"], row["method"]) == ("absolute", -9.0, "difference_in_means")
    (row,) = made([broken])
    assert "lowered throughput by 80 % (95 % CI 37 % to 100 %)" in row["sentence"]
    assert row["sentence"].endswith("It got worse.")
    crossing = estimate(estimate=0.5, ci_low=-0.01, ci_high=1.0)
    up = whole | {"estimate": 5.0, "ci_low": 1.0, "ci_high": 9.0, "is_quoted": False}
    (row,) = made([crossing, up])
    assert (row["scale"], row["verdict"]) == ("absolute", "proven")


def test_another_method_may_contradict():
    beside = estimate(method="cuped_relative", estimate=-0.2, ci_low=-0.3, ci_high=-0.1, is_quoted=False)
    (row,) = made([estimate(), beside])
    assert (row["verdict"], row["methods_agreeing"]) == ("contradicted", 0)


@pytest.mark.parametrize(
    ("seen", "stale"), [("2026-05-24", None), ("2026-05-25", "2026-05-25"), ("2026-06-15", "2026-06-15")]
)
def test_a_new_model_after_the_evidence_makes_it_stale(seen, stale):
    old = ("u", "model", "one", pd.Timestamp("2026-03-01"))
    (row,) = made([estimate()], versions=[old, ("u", "model", "two", pd.Timestamp(seen)), ("v", "model", "x", old[3])])
    assert row["stale_since"] == stale
    assert row["is_stale"] == (stale is not None)
    assert ("model two" in row["sentence"]) == (stale is not None)


def test_claims_of_kpis_are_associations_of_their_newest_period():
    kpis = [("throughput", "Throughput", "rework_rate", "up")]
    day = pd.Timestamp
    old = (
        "throughput",
        "rolling_90d",
        day("2026-06-01"),
        day("2026-09-01"),
        "u",
        None,
        10.0,
        10.0,
        10.5,
        11.5,
        "holds",
    )
    new = (
        "throughput",
        "rolling_90d",
        day("2026-07-01"),
        day("2026-10-01"),
        "u",
        None,
        10.0,
        50.0,
        14.0,
        16.0,
        "holds",
    )
    (row,) = made([], kpis=kpis, values=[old, new])
    assert row["sentence"] == (
        "Email drafting is associated with a rise of 50 % in “Throughput” against its baseline "
        "(95 % CI 40 % to 60 %), grade E."
    )
    assert (row["verdict"], row["is_causal"], row["guardrails"]) == ("suggestive", False, "“Rework”: holds")
    assert row["sensitivity"] == (
        "Before and after only: it includes all other changes. The baseline is treated as exact, so the "
        "interval is too narrow."
    )
    (row,) = made([], kpis=kpis, values=[(*new[:-1], "worsened")])
    assert row["verdict"] == "invalid"
    assert made([], kpis=kpis, values=[(*new[:4], None, *new[5:]), (*new[:5], "team", *new[6:])]) == []


def test_nothing_in_nothing_out():
    assert made([]) == []


def test_logarithms_speak_of_typical_values_and_shares_of_points():
    log = estimate(estimand="ate_log", estimate=1.0, ci_low=0.8, ci_high=1.2, mean_control=10.0, mean_treatment=20.0)
    catalogue = Catalogue({}, {}, {"throughput": {"phrase": "revenue per account"}}, {}, {}, {}, {})
    assert catalogue.phrase_of(log) == "the typical value (geometric mean) of revenue per account"
    assert catalogue.phrase_of(log | {"scale": "absolute"}) == "the mean logarithm of revenue per account"
    assert catalogue.phrase_of(estimate() | {"estimand": "ate"}) == "revenue per account"
    points = finding(scale="points", estimate=0.03, ci_low=0.01, ci_high=0.05, level_before=0.12, level_after=0.15)
    assert sentence_of(replace(points, is_share=True)) == (
        "Email drafting raised the MQL rate by 3 percentage points "
        "(from 12 % to 15 %; 95 % CI 1 to 5 percentage points), grade A."
    )
