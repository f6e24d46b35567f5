"""From the cells that SQL makes to the rows that BI reads: matched comparisons."""

import math

import numpy as np
import pandas as pd
import pytest
from by_design import balance_matched, check_matched, estimate_matched
from published import births
from test_stats_rollouts import registry as rollout

from ai_impact_stats.designs.matched import METHODS
from ai_impact_stats.estimators import matching
from ai_impact_stats.estimators.propensity import Units, fit_propensity

METRICS = pd.DataFrame(
    [
        {"metric_id": "hours", "aggregation": "ratio", "direction": "down", "covariate": "skill|tenure"},
        {"metric_id": "rework", "aggregation": "ratio", "direction": "down", "covariate": None},
    ]
)


def registry(**changes) -> pd.DataFrame:
    matched = {"experiment_id": "choice", "design": "matched", "unit_type": "person", "control_arm": "no"}
    matched |= {"treatment_arm": "yes", "secondary_metric_ids": None, "assignment_method": "self_selected"}
    matched |= {"minimum_detectable_effect": 0.2}
    return rollout(**(matched | changes))


def choices(seed, n=1500, effect=0.7, hidden=0.0) -> pd.DataFrame:
    """People who chose by skill; the skilled need less time; `hidden` moves the choice, the past and the outcome."""
    rng = np.random.default_rng(seed)
    x = np.clip(np.floor(rng.normal(size=(n, 2)) * 4), -7, 6)
    h = rng.normal(size=n)
    mid = (x + 0.5) / 4
    chosen = rng.random(n) < 1 / (1 + np.exp(0.3 - 0.8 * mid[:, 0] - hidden * h))
    base = np.exp(-0.2 * mid[:, 0] + 0.05 * mid[:, 1] - 0.3 * hidden * h)
    return pd.DataFrame(
        {
            "arm": np.where(chosen, "yes", "no"),
            "cell": [f"skill={int(a)}|tenure={int(b)}" for a, b in x],
            "y": base * np.where(chosen, effect, 1) * rng.lognormal(0, 0.2, n),
            "past": base * rng.lognormal(0, 0.2, n),
        }
    )


def cells(people: pd.DataFrame, metric="hours") -> pd.DataFrame:
    """What moments_matched_cells holds of them."""
    found = people.groupby(["arm", "cell"], dropna=False).agg(
        n=("y", "size"), mean_y=("y", "mean"), var_y=("y", "var"),
        n_past=("past", "count"), mean_past=("past", "mean"), var_past=("past", "var"),
    )  # fmt: skip
    return with_covariates(found.reset_index().assign(experiment_id="choice", metric_id=metric))


def with_covariates(found: pd.DataFrame) -> pd.DataFrame:
    """One row per cell and covariate; skill is a tenth of its bin above 40, so that it has a unit of its own."""
    rows = []
    for row in found.to_dict("records"):
        for part in [None] if pd.isna(row["cell"]) else row["cell"].split("|"):
            name, at = (None, math.nan) if part is None else part.rsplit("=", 1)
            x = {"name": name, "bin": float(at), "mean_x": 40 + float(at) / 10, "var_x": 0.0}
            rows.append(row | x)
    return pd.DataFrame(rows, columns=[*found.columns, "name", "bin", "mean_x", "var_x"])


def of(table, method, metric="hours"):
    frame = table.to_pandas()
    return frame[(frame["method"] == method) & (frame["metric_id"] == metric)].iloc[0]


def test_rows_equal_the_estimators_on_rows():
    people = choices(1)
    table = estimate_matched(registry(), METRICS, cells(people))
    x = [[(float(part.split("=")[1]) + 0.5) / 4 for part in cell.split("|")] for cell in people["cell"]]
    units = Units.of(people["arm"] == "yes", x, people["y"])
    propensity = fit_propensity(units)
    for method, e in {
        "doubly_robust": matching.regressed(units, propensity, "att"),
        "inverse_probability": matching.weighted(units, propensity, "att"),
        "overlap_weights": matching.weighted(units, propensity, "ato"),
        "doubly_robust_ate": matching.regressed(units, propensity, "ate"),
        "inverse_probability_ate": matching.weighted(units, propensity, "ate"),
    }.items():
        row = of(table, method)
        assert (row.estimate, row.std_error) == pytest.approx((e.estimate, e.std_error), rel=1e-6)
        assert (row.n_treatment, row.n_control) == units.sizes and row.estimand == METHODS[method]


def test_the_planted_effect_where_the_naive_difference_is_wrong():
    """Five methods on one sample, all within 3.3 errors (99.9 %); the next test counts how often intervals hold."""
    people = choices(2)
    means = people.groupby("arm")["y"].mean()
    assert means["yes"] / means["no"] - 1 < -0.36
    table = estimate_matched(registry(), METRICS, cells(people))
    for method in METHODS:
        row = of(table, f"{method}_relative")
        assert abs(row.estimate + 0.3) / row.std_error < 3.3, (method, row.estimate, row.std_error)
        assert row.scale == "relative" and row.p_value == pytest.approx(of(table, method).p_value)
    head = of(table, "doubly_robust")
    assert head.evidence_grade == "C" and head.verdict == "improved" and "risk ratio" in head.reason


@pytest.mark.slow
def test_relative_intervals_cover():
    covered = {name: [] for name in METHODS}
    for seed in range(60):
        table = estimate_matched(registry(), METRICS, cells(choices(seed, 400)))
        for name in METHODS:
            row = of(table, f"{name}_relative")
            covered[name].append(row.ci_low <= -0.3 <= row.ci_high)
    for name, hits in covered.items():
        assert np.mean(hits) >= 0.86, (name, np.mean(hits))


def test_a_hidden_cause_fails_the_placebo():
    table = estimate_matched(registry(), METRICS, cells(choices(3, hidden=1.0)))
    for method in ("doubly_robust", "inverse_probability", "overlap_weights"):
        row = of(table, method)
        assert row.evidence_grade == "D" and "Placebo fails" in row.reason and row.verdict == "not_established"


def test_no_past_is_no_placebo():
    row = of(estimate_matched(registry(), METRICS, cells(choices(4).assign(past=math.nan))), "doubly_robust")
    assert row.evidence_grade == "D" and "no outcome from before" in row.reason


def test_balance_before_and_after():
    table = balance_matched(registry(), METRICS, cells(choices(5))).to_pandas().set_index("covariate")
    assert set(table.index) == {"skill", "tenure"}
    assert table.loc["skill"].smd_before > 0.5 and abs(table.loc["skill"].smd_after) < 0.1
    assert table["is_balanced"].all()
    people = choices(5)
    skill = 40 + people["cell"].str.extract(r"skill=(-?\d+)")[0].astype(float) / 10
    means = skill.groupby(people["arm"]).mean()
    assert table.loc["skill"].mean_treatment == pytest.approx(means["yes"], abs=1e-6)
    assert table.loc["skill"].mean_control == pytest.approx(means["no"], abs=1e-6)


def test_balance_is_that_of_the_covariate_and_not_of_its_bins():
    """Within a cell the treated are older by up to a bin's width, which bins alone don't show."""
    people = choices(5)
    one = cells(people)
    one.loc[(one["arm"] == "yes") & (one["name"] == "skill"), "mean_x"] += 0.05
    table = balance_matched(registry(), METRICS, one).to_pandas().set_index("covariate")
    plain = balance_matched(registry(), METRICS, cells(people)).to_pandas().set_index("covariate")
    shift = table.loc["skill"].mean_treatment - plain.loc["skill"].mean_treatment
    assert shift == pytest.approx(0.05, abs=1e-6)
    assert table.loc["skill"].smd_after > plain.loc["skill"].smd_after + 0.05


def test_units_that_cannot_be_compared_are_counted():
    people = choices(6)
    people.loc[:4, "cell"] = None
    row = of(estimate_matched(registry(), METRICS, cells(people)), "doubly_robust")
    assert "5 units have no value or no covariate" in row.reason and row.n_treatment + row.n_control == 1495


def test_degenerate_comparisons_have_a_reason():
    people = choices(7)
    apart = people.assign(cell=np.where(people["arm"] == "yes", "skill=9", "skill=-9"))
    one = pd.concat([people[people["arm"] == "no"], people[people["arm"] == "yes"].head(1)])
    unknown = people.assign(cell=None)
    for table, reason in (
        (estimate_matched(registry(), METRICS, cells(apart)), "separation"),
        (estimate_matched(registry(), METRICS, cells(one)), "1 unit"),
        (estimate_matched(registry(), METRICS, cells(unknown)), "skill, tenure from before it chose"),
        (estimate_matched(registry(), METRICS, cells(people).head(0)), "load them into unit_covariates"),
        (estimate_matched(registry(), METRICS.assign(covariate=None), cells(unknown)), "name them in metric_catalog"),
        (estimate_matched(registry(treatment_arm="yes|maybe"), METRICS, cells(people)), "one treatment arm"),
        (estimate_matched(registry(), METRICS.head(0), cells(people)), "catalogue"),
    ):
        frame = table.to_pandas()
        assert len(frame) == 2 * len(METHODS) + 1
        assert frame["estimate"].isna().all() and frame["evidence_grade"].isna().all()
        # Without a past there is no change either, and that is said first.
        levels = frame[frame["method"] != "matched_did"]["reason"]
        assert levels.str.contains(reason).all(), levels.iloc[0]
        assert frame["reason"].notna().all()
    assert balance_matched(registry(), METRICS, cells(unknown)).num_rows == 0
    assert balance_matched(registry(), METRICS, cells(apart)).to_pandas()["smd_after"].isna().all()


def test_every_registered_metric_has_rows():
    table = estimate_matched(registry(guardrail_metric_ids="rework"), METRICS, cells(choices(8))).to_pandas()
    assert (table["metric_id"] == "rework").sum() == 2 * len(METHODS) + 1
    assert estimate_matched(registry(design="rct"), METRICS, cells(choices(8))).num_rows == 0


def test_checks_of_a_comparison():
    good = {row["check_id"]: row for row in check_matched(registry(), METRICS, cells(choices(9)))}
    assert set(good) == {"weighted_balance", "overlap", "placebo_outcome", "hidden_cause"}
    assert all(row["passed"] for row in good.values())
    bad = {row["check_id"]: row for row in check_matched(registry(), METRICS, cells(choices(9, hidden=1.0)))}
    assert bad["placebo_outcome"]["passed"] is False
    none = check_matched(registry(), METRICS, cells(choices(9)).head(0))
    assert [row["passed"] for row in none] == [None] and "unit_covariates" in none[0]["detail"]


def sample(people: pd.DataFrame, total: int | None = None) -> pd.DataFrame:
    """What int_matched_sample holds of them: covariates as they are, here the middle of each cell."""
    long = []
    for i, row in enumerate(people.itertuples()):
        for part in row.cell.split("|"):
            name, at = part.split("=")
            long.append(
                {"unit_id": f"{i:05}", "arm": row.arm, "name": name, "score": (int(at) + 0.5) / 4, "value": row.y}
            )
            long[-1]["past_value"] = row.past
    return pd.DataFrame(long).assign(experiment_id="choice", metric_id="hours", n_units=total or len(people))


def test_covariates_that_are_not_binned():
    people = choices(3, 800)
    table = estimate_matched(registry(), METRICS, cells(people), sample(people))
    for method, binned in (("doubly_robust_rows", "doubly_robust"), ("nearest_neighbour_rows", "nearest_neighbour")):
        for end in ("", "_relative"):
            row, same = of(table, method + end), of(table, binned + end)
            assert (row.estimate, row.std_error) == pytest.approx((same.estimate, same.std_error), rel=1e-6)
        assert row.evidence_grade == "C" and row.ci_low < -0.3 < row.ci_high
    drawn = of(
        estimate_matched(registry(), METRICS, cells(people), sample(people.head(200), 800)), "doubly_robust_rows"
    )
    assert "random sample of 200 of 800 units" in drawn.reason and drawn.n_treatment + drawn.n_control == 200
    assert drawn.std_error > 1.5 * of(table, "doubly_robust_rows").std_error


def test_average_effects_on_rows_of_birth_weights():
    """Cattaneo's 4,642 births, smoking on weight: Stata's figures, which have a probit; the logit of ours moves effects
    by at most 1 % and errors by at most 3 %."""
    data = births()
    names = ["mmarried_", "mage", "mage2", "fbaby_", "medu"]
    arm = np.where(data["mbsmoke_"] == 1, "yes", "no")
    one = {"experiment_id": "choice", "metric_id": "hours"}
    rows = [
        one
        | {"unit_id": f"u{i:05}", "arm": arm[i], "name": name, "score": score, "value": weight, "n_units": len(data)}
        for name in names
        for i, (score, weight) in enumerate(zip(data[name].astype(float), data["bweight"].astype(float), strict=True))
    ]
    bins = np.floor((data[["mage", "medu"]] - data[["mage", "medu"]].mean()) / data[["mage", "medu"]].std() * 4)
    people = pd.DataFrame({"arm": arm, "y": data["bweight"].astype(float), "past": math.nan})
    people["cell"] = [f"mage={int(a)}|medu={int(b)}" for a, b in bins.to_numpy()]
    table = estimate_matched(registry(), METRICS, cells(people), pd.DataFrame(rows))
    published = {
        "inverse_probability_ate_rows": (-230.689, 25.815),
        "doubly_robust_ate_rows": (-230.989, 26.211),
        "weighted_regression_ate_rows": (-229.967, 26.627),
    }
    for method, figures in published.items():
        row = of(table, method)
        assert row.estimate == pytest.approx(figures[0], rel=0.01), method
        assert row.std_error == pytest.approx(figures[1], rel=0.03), method
        assert row.estimand == "ate"


@pytest.mark.slow
def test_the_interval_of_a_sample_holds_the_effect_on_all():
    """The effect on all 3,000 units is what a sample of 300 has to cover."""
    hits = []
    for seed in range(60):
        people = choices(seed, 3000)
        drawn = people.sample(300, random_state=seed)
        row = of(estimate_matched(registry(), METRICS, cells(people), sample(drawn, 3000)), "doubly_robust_rows")
        whole = of(estimate_matched(registry(), METRICS, cells(people)), "doubly_robust")
        hits.append(row.ci_low <= whole.estimate <= row.ci_high)
    assert np.mean(hits) >= 0.88


def test_too_many_cells_leave_it_to_the_rows(monkeypatch):
    people = choices(3, 800)
    monkeypatch.setattr("ai_impact_stats.designs.matched.CELL_CAP", 10)
    table = estimate_matched(registry(), METRICS, cells(people), sample(people))
    assert math.isnan(of(table, "doubly_robust").estimate) and "more than 10 cells" in of(table, "doubly_robust").reason
    row = of(table, "doubly_robust_rows")
    assert row.evidence_grade == "C" and row.ci_low < -0.3 < row.ci_high
    blind = sample(people).drop(columns="past_value")
    row = of(estimate_matched(registry(), METRICS, cells(people), blind), "doubly_robust_rows")
    assert row.evidence_grade == "D" and "Placebo could not be checked" in row.reason


def changes(seed, n=1500, effect=-0.3, level=0.0, drift=0.0) -> pd.DataFrame:
    """People with levels of their own that the choice follows (`level`), and paths that part with it (`drift`)."""
    rng, people = np.random.default_rng(seed + 10_000), choices(seed, n, 1.0)
    own = level * (people["arm"] == "yes")
    paths = drift * (people["arm"] == "yes")
    early = people["past"] + own + rng.normal(0, 0.1, n)
    late = people["past"] + own + paths + rng.normal(0, 0.1, n)
    y = people["past"] + own + 3 * paths + effect * (people["arm"] == "yes") + rng.normal(0, 0.1, n)
    past = (early + late) / 2
    return people.assign(y=y, past=past, change=y - past, drift=late - early)


def with_changes(people: pd.DataFrame) -> pd.DataFrame:
    extra = people.groupby(["arm", "cell"]).agg(
        n_change=("change", "count"), mean_change=("change", "mean"), var_change=("change", "var"),
        n_drift=("drift", "count"), mean_drift=("drift", "mean"), var_drift=("drift", "var"),
    )  # fmt: skip
    return cells(people).merge(extra.reset_index(), on=["arm", "cell"])


def test_a_change_is_right_where_levels_differ_for_good():
    people = changes(1, level=1.0)
    table = estimate_matched(registry(), METRICS, with_changes(people))
    row, plain = of(table, "matched_did"), of(table, "doubly_robust")
    assert row.ci_low < -0.3 < row.ci_high and row.evidence_grade == "C" and row.verdict == "improved"
    assert plain.ci_low > 0.5 and plain.evidence_grade == "D"


def test_the_change_of_paths_that_part_is_grade_d():
    row = of(estimate_matched(registry(), METRICS, with_changes(changes(1, drift=0.2))), "matched_did")
    assert row.evidence_grade == "D" and "Placebo fails" in row.reason
    blind = with_changes(changes(1)).drop(columns=["n_drift", "mean_drift", "var_drift"])
    row = of(estimate_matched(registry(), METRICS, blind), "matched_did")
    assert row.evidence_grade == "D" and "Placebo could not be checked" in row.reason


def test_a_change_needs_a_ratio_and_a_past():
    counts = METRICS.assign(aggregation="count")
    row = of(estimate_matched(registry(), counts, with_changes(changes(2))), "matched_did")
    assert row.estimate is None or np.isnan(row.estimate)
    assert "ratio" in row.reason
    assert "before the choice" in of(estimate_matched(registry(), METRICS, cells(choices(2))), "matched_did").reason


def test_hidden_bias_of_pairs():
    people = choices(4, 800)
    found = {row["check_id"]: row for row in check_matched(registry(), METRICS, cells(people), sample(people))}
    row = found["hidden_bias"]
    assert row["statistic"] > 1.5 and "E-value" in row["detail"] and row["passed"] is None
    null = choices(4, 800, effect=1.0)
    found = {row["check_id"]: row for row in check_matched(registry(), METRICS, cells(null), sample(null))}
    assert found["hidden_bias"]["statistic"] is None and "no effect" in found["hidden_bias"]["detail"]


def test_pairs_take_the_nearest_control_that_is_left():
    units = Units.of([1, 1, 1, 0, 0, 0], np.zeros((6, 1)), [10, 20, 30, 1, 2, 3])
    score = np.array([0.9, 0.8, -5.0, 0.85, 0.1, 0.7])
    # .9 takes .85, .8 takes .7, -5 has nobody within the caliper; without one it takes .1.
    assert list(matching.matched_pairs(units, score, 0.3)) == [9, 17]
    assert list(matching.matched_pairs(units, score)) == [9, 17, 28]
    assert len(matching.matched_pairs(Units.of([1, 1, 0], np.zeros((3, 1)), [1, 2, 3]), np.zeros(3))) == 1


def test_units_in_several_arms_are_said():
    left_out = registry()[["experiment_id"]].assign(n_switched_off=0, n_several_arms=2)
    found = estimate_matched(registry(), METRICS, cells(choices(9)), left_out=left_out).to_pandas()
    assert found["reason"].str.endswith("2 units are left out: assigned to several arms.").all()
