"""From tables of moments to results: each kind of experiment, against the functions that it should have called."""

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from by_design import balance_experiments, check_experiments, estimate_experiments, plan_experiments
from rows import joint_moments

from ai_impact_stats.designs.health import regression_cells
from ai_impact_stats.estimators.adjustment import cuped_many, lin, post_stratified
from ai_impact_stats.estimators.effects import difference
from ai_impact_stats.estimators.moments import Arm, UnitMoments
from ai_impact_stats.estimators.multiplicity import holm
from ai_impact_stats.estimators.planning import minimum_detectable_effect
from ai_impact_stats.estimators.quantiles import quantile_arm
from ai_impact_stats.estimators.sequential import always_valid, group_sequential_bounds, readings, repeated_p_value
from ai_impact_stats.io.schemas import BALANCE, CHECKS, ESTIMATES, PLANS
from ai_impact_stats.io.tables import MOMENTS

RNG = np.random.default_rng(20)
REGISTRATION = {
    "experiment_id": "e",
    "design": "rct",
    "unit_type": "lead",
    "control_arm": "c",
    "treatment_arm": "t",
    "primary_metric_id": "m",
    "secondary_metric_ids": None,
    "guardrail_metric_ids": None,
    "starts_at": pd.Timestamp("2026-01-01"),
    "ends_at": pd.Timestamp("2026-03-26"),
    "latest_ends_at": pd.Timestamp("2026-03-26"),
    "data_end": pd.Timestamp("2026-06-01"),
    "expected_split": "1|1",
    "alpha": 0.05,
    "power": 0.8,
    "minimum_detectable_effect": 0.5,
    "cluster_by": None,
    "inference": None,
    "interim_looks": None,
    "assignment_method": "randomized",
    "is_registered_before_start": True,
    "is_changed_after_start": False,
    "is_registration_witnessed": True,
    "is_finished": True,
}
METRIC = {
    "metric_id": "m",
    "aggregation": "mean",
    "transform": "none",
    "direction": "up",
    "covariate": "pre_period",
    "denominator_measure": None,
    "quantile": None,
    "non_inferiority_margin": None,
    "prior_sd": None,
}


def units(n=200, arms=("c", "t"), effect=0.6, strata=3):
    """One row per unit."""
    frame = pd.DataFrame({"arm": np.repeat(arms, n)})
    frame["x"] = RNG.normal(0, 1, len(frame)).round(1)
    frame["stratum"] = RNG.choice([f"s{k}" for k in range(strata)], len(frame))
    frame["y"] = 5 + effect * (frame.arm != arms[0]) + frame.x + RNG.normal(0, 1, len(frame))
    return frame


def moments_of(frame, segment="all", metric="m", make=None):
    make = make or (lambda part: UnitMoments.from_rows(part.y, x=part.x))
    rows = []
    for arm, part in frame.groupby("arm"):
        m = make(part)
        rows.append(
            {"experiment_id": "e", "metric_id": metric, "segment": segment, "arm": arm, "n_units": m.n_units}
            | {name: getattr(m, name) for name in MOMENTS}
        )
    return rows


def counts_of(frame, **more):
    sizes = frame.groupby("arm").size()
    return pd.DataFrame(
        [{"experiment_id": "e", "arm": a, "n_units": int(n), "n_excluded": 0, **more} for a, n in sizes.items()]
    )


def run(moments, frame, registration=None, metric=None, count=None, **further):
    registry = pd.DataFrame([{**REGISTRATION, **(registration or {})}])
    metrics = pd.DataFrame([{**METRIC, **(metric or {})}])
    args = registry, metrics, pd.DataFrame(moments), counts_of(frame, **(count or {}))
    table = estimate_experiments(*args, **further)
    assert table.schema == ESTIMATES
    checks = check_experiments(*args, **further)
    assert checks.schema == CHECKS
    return table.to_pandas().set_index(["method", "segment"]), checks.to_pandas().set_index("check_id")


def test_clusters_of_units():
    frame = units().assign(cluster=lambda f: f.arm + (np.arange(len(f)) // 8).astype(str))
    centre = frame.x.mean()

    def of(part):
        return UnitMoments.from_clusters(part.cluster, part.y, x=part.x, x_centre=centre)

    neighbours = pd.DataFrame([{"experiment_id": "e", "treated_neighbours": 0.0}])
    found, checks = run(moments_of(frame, make=of), frame, {"cluster_by": "team"}, neighbours=neighbours)
    row = found.loc[("difference_in_means", "all")]
    e = difference(of(frame[frame.arm == "t"]).ratio(), of(frame[frame.arm == "c"]).ratio())
    assert (row.estimate, row.std_error, row.p_value) == pytest.approx((e.estimate, e.std_error, e.p_value), rel=1e-7)
    assert (row.n_treatment, row.n_control, row.n_clusters_treatment, row.n_clusters_control) == (200, 200, 25, 25)
    assert checks.passed["interference"]
    assert checks.passed["clusters_known"]
    assert checks.statistic["enough_clusters"] == 25
    assert found.loc[("cuped", "all")].std_error < row.std_error


def test_mixed_clusters_cost_the_grade():
    frame = units().assign(cluster=lambda f: (np.arange(len(f)) % 20).astype(str))

    def of(part):
        return UnitMoments.from_clusters(part.cluster, part.y, x=part.x)

    neighbours = pd.DataFrame([{"experiment_id": "e", "treated_neighbours": 0.5}])
    found, checks = run(moments_of(frame, make=of), frame, {"cluster_by": "team"}, neighbours=neighbours)
    assert not checks.passed["interference"]
    assert set(found.evidence_grade) == {"B"}
    assert found.reason.str.contains("control units are mixed with treated ones").all()


@pytest.mark.parametrize("unknown", [0, 100])
def test_clusters_that_nobody_knows(unknown):
    frame = units()
    made = None if unknown == 0 else (lambda part: UnitMoments.from_clusters(part.index, part.y, x=part.x))
    found, _ = run(
        moments_of(frame, make=made), frame, {"cluster_by": "team"}, count={"n_without_cluster": 2 * unknown}
    )
    assert found.estimate.isna().all()
    assert found.reason.str.contains("clustered by team").all()


def test_the_ratio_of_whole_clusters_is_that_of_clusters():
    """Arms of as many clusters differ by hundreds of units where one has the large clusters: as drawn, no fault."""
    sizes = {"c": [5] * 12, "t": [40] * 12}
    frame = pd.DataFrame(
        [{"arm": a, "cluster": f"{a}{k}", "x": 0.0} for a in sizes for k, n in enumerate(sizes[a]) for _ in range(n)]
    )
    frame["y"] = RNG.normal(0, 1, len(frame))
    frame["x"] = RNG.normal(0, 1, len(frame))
    make = lambda p: UnitMoments.from_clusters(p.cluster, p.y, x=p.x)  # noqa: E731
    rows = moments_of(frame, make=make)
    _, checks = run(rows, frame, {"cluster_by": "team"}, count={"n_without_cluster": 0})
    assert checks.passed["srm"]
    assert checks.detail["srm"] == "Clusters per arm: c 12 (planned 12), t 12 (planned 12)."
    _, checks = run(rows, frame)
    assert not checks.passed["srm"]
    mixed = pd.DataFrame([{"experiment_id": "e", "treated_neighbours": 0.5}])
    _, checks = run(rows, frame, {"cluster_by": "team"}, count={"n_without_cluster": 0}, neighbours=mixed)
    assert "Units per arm" in checks.detail["srm"]
    few = frame[~((frame.arm == "t") & frame.cluster.isin([f"t{k}" for k in range(2, 12)]))]
    more = pd.concat([frame.assign(cluster=frame.cluster + str(k)) for k in range(4)] + [few])
    more = more[(more.arm == "c") | more.cluster.isin(["t0", "t1"])]
    _, checks = run(moments_of(more, make=make), more, {"cluster_by": "team"}, count={"n_without_cluster": 0})
    assert not checks.passed["srm"]
    # By days, strata and parts nothing is said: the units of a cluster come together.
    assert not {"srm_by_start_day", "srm_by_stratum", "srm_by_dimension", "srm_triggered"} & set(checks.index)


def test_few_clusters_cost_the_grade():
    frame = units().assign(cluster=lambda f: f.arm + (np.arange(len(f)) // 40).astype(str))
    rows = moments_of(frame, make=lambda part: UnitMoments.from_clusters(part.cluster, part.y, x=part.x))
    found, checks = run(rows, frame, {"cluster_by": "team"})
    assert (checks.statistic["enough_clusters"], checks.passed["enough_clusters"]) == (5, False)
    assert found.reason.str.contains("too few clusters").all()


def test_champion_and_challengers_are_corrected_together():
    frame = units(arms=("c", "t1", "t2", "t3"))
    found, checks = run(
        moments_of(frame),
        frame,
        {"treatment_arm": "t1|t2|t3", "design": "champion_challenger", "expected_split": "1|1|1|1"},
    )
    rows = found.loc[[("difference_in_means", "all")]]
    assert list(rows.treatment_arm) == ["t1", "t2", "t3"]
    assert rows.p_value_adjusted.min() == pytest.approx(3 * rows.p_value.min())
    assert checks.passed["srm"]


def test_several_covariates():
    frame = units().assign(w=lambda f: RNG.normal(0, 1, len(f)))
    frame["y"] += 2 * frame.w
    joint = {a: joint_moments(p.y, p[["x", "w"]].to_numpy()) for a, p in frame.groupby("arm")}
    labels = ["(y)", "(z)", "score", "size"]
    rows = [
        {"experiment_id": "e", "metric_id": "m", "arm": a, "name_a": labels[i], "name_b": labels[j], "n": m.n}
        | {"mean_a": m.means[i], "mean_b": m.means[j], "covariance": m.covariance[i, j]}
        for a, m in joint.items()
        for i in range(4)
        for j in range(i, 4)
    ]
    metric = {"covariate": "score|size"}
    found, checks = run(moments_of(frame), frame, metric=metric, covariances=pd.DataFrame(rows))
    e = cuped_many(joint["t"], joint["c"])
    row = found.loc[("cuped", "all")]
    assert (row.estimate, row.std_error) == pytest.approx((e.estimate, e.std_error), rel=1e-7)
    assert row.std_error < 0.6 * found.loc[("difference_in_means", "all")].std_error
    assert "2 covariates compared" in checks.detail["pre_period_balance"]


def test_strata_are_adjusted_for_shown_and_tested():
    frame = units(n=300, strata=4)
    frame.loc[(frame.stratum == "s3") & (frame.arm == "t"), "y"] += 3
    rare = frame.index[frame.stratum == "s2"][3:]
    frame.loc[rare, "stratum"] = "s1"
    rows = moments_of(frame)
    for name, part in frame.groupby("stratum"):
        rows += moments_of(part, f"stratum={name}")
    found, _ = run(rows, frame)
    pairs = {
        name: tuple(UnitMoments.from_rows(part.y[part.arm == a]) for a in ("t", "c"))
        for name, part in frame.groupby("stratum")
    }
    e = post_stratified(pairs)
    row = found.loc[("post_stratified", "all")]
    assert (row.estimate, row.std_error) == pytest.approx((e.estimate, e.std_error), rel=1e-7)
    strata = found.loc["difference_in_means"].drop("all")
    # Three units of s2: they and the smallest stratum beside them are shown as one.
    assert "stratum=(other)" in strata.index
    assert "stratum=s2" not in strata.index
    assert (strata.n_treatment >= 5).all()
    assert strata.n_treatment.sum() == 300
    assert (strata.heterogeneity_p_value < 0.001).all()
    assert (strata.p_value_adjusted >= strata.p_value).all()
    assert strata.p_value_adjusted.min() == pytest.approx(len(strata) * strata.p_value.min())


def test_registered_dimensions_are_cut_shown_and_tested():
    frame = units(n=600)
    frame["country"] = RNG.choice(["de", "fr", "it"], len(frame), p=[0.5, 0.3, 0.2])
    frame["plan"] = RNG.choice(["free", "paid"], len(frame))
    frame["other"] = "x"
    frame.loc[(frame.country == "it") & (frame.arm == "t"), "y"] += 2
    rows, parts = moments_of(frame), []
    for dimension in ("country", "plan", "other"):
        for name, part in frame.groupby(dimension):
            rows += moments_of(part, f"{dimension}={name}")
            for arm, of in part.groupby("arm"):
                key = {"experiment_id": "e", "dimension": f"attribute:{dimension}", "dimension_value": name, "arm": arm}
                parts.append(key | {"n_units": len(of)})
    registered = {"dimensions": "country|plan|colour"}
    found, checks = run(rows, frame, registered, starts=pd.DataFrame(parts))
    plain = found.loc["difference_in_means"].drop("all")
    assert set(plain.index) == {"country=de", "country=fr", "country=it", "plan=free", "plan=paid"}
    e = difference(*(Arm.from_values(frame.y[(frame.arm == a) & (frame.country == "fr")]) for a in ("t", "c")))
    row = plain.loc["country=fr"]
    assert (row.estimate, row.std_error, row.n_treatment) == pytest.approx((e.estimate, e.std_error, e.n_treatment))
    # All five parts are one family; each dimension asks once whether the effect differs.
    assert plain.p_value_adjusted.min() == pytest.approx(5 * plain.p_value.min())
    asked = plain.heterogeneity_p_value.groupby(plain.index.str.split("=").str[0]).first()
    assert asked["country"] < 1e-6 < 0.01 < asked["plan"]
    adjusted = plain.heterogeneity_p_value_adjusted.groupby(plain.index.str.split("=").str[0]).first()
    assert adjusted["country"] == pytest.approx(2 * asked["country"])
    assert adjusted["plan"] == pytest.approx(asked["plan"])
    assert checks.passed["srm_by_dimension"]
    assert "of 5 parts" in checks.detail["srm_by_dimension"]
    assert not checks.passed["dimensions_known"]
    assert "colour" in checks.detail["dimensions_known"]
    # A part whose arms are not of the planned sizes.
    skewed = pd.DataFrame(parts)
    skewed.loc[(skewed.dimension_value == "paid") & (skewed.arm == "t"), "n_units"] //= 2
    found, checks = run(rows, frame, registered, starts=skewed)
    assert not checks.passed["srm_by_dimension"]
    assert "plan=paid" in checks.detail["srm_by_dimension"]
    assert found.evidence_grade.eq("D").all()
    assert found.reason.str.contains("sample ratio fails in a part").all()


def test_the_smallest_part_that_is_shown_is_the_warehouse_s_to_say():
    frame = units(n=40)
    frame["country"] = np.where(frame.groupby("arm").cumcount() < 8, "it", "de")
    rows = moments_of(frame)
    for name, part in frame.groupby("country"):
        rows += moments_of(part, f"country={name}")
    shown, _ = run(rows, frame, {"dimensions": "country", "least_units_shown": 8, "most_parts_shown": 10})
    assert "country=it" in shown.index.get_level_values("segment")
    hidden, _ = run(rows, frame, {"dimensions": "country", "least_units_shown": 9, "most_parts_shown": 10})
    assert set(hidden.index.get_level_values("segment")) == {"all"}


def test_regression_from_cells():
    frame = units(n=400)
    frame["bin"] = np.floor(frame.x * 4).astype(int)
    rows = []
    for (arm, stratum, bin_), part in frame.groupby(["arm", "stratum", "bin"]):
        m = UnitMoments.from_rows(part.y, x=part.x)
        rows.append(
            {"experiment_id": "e", "metric_id": "m", "arm": arm, "stratum": stratum, "bin": bin_}
            | {name: getattr(m, name) for name in MOMENTS}
        )
    found, _ = run(moments_of(frame), frame, covariate_cells=pd.DataFrame(rows))
    row = found.loc[("regression_adjusted", "all")]
    arms = {a: UnitMoments.from_rows(p.y, x=p.x) for a, p in frame.groupby("arm")}
    cells = {name: pd.DataFrame(rows)[name].to_numpy() for name in rows[0]}
    e = lin(regression_cells(cells, "t", "c", (arms["t"], arms["c"])))
    assert (row.estimate, row.std_error) == pytest.approx((e.estimate, e.std_error), rel=1e-7)
    assert row.std_error < 0.8 * found.loc[("difference_in_means", "all")].std_error
    assert row.estimate == pytest.approx(0.6, abs=4 * row.std_error)


def quantile_tables(frame, probability=0.5):
    points, bins = [], []
    for arm, part in frame.groupby("arm"):
        y = np.sort(part.y.to_numpy())
        point = np.quantile(y, probability, method="inverted_cdf")
        m = UnitMoments.from_rows(y <= point)
        key = {"experiment_id": "e", "metric_id": "m", "arm": arm}
        values = {name: getattr(m, name) for name in ("n", "mean_y", "var_y", "mean_z", "var_z", "cov_yz")}
        points.append({**key, "quantile": probability, "point": point, "n_units": 0, **values})
        bins += [{**key, "bin": k + 1, "lowest": v, "highest": v, "units_up_to": k + 1} for k, v in enumerate(y)]
    return {"quantile_points": pd.DataFrame(points), "quantile_bins": pd.DataFrame(bins).sample(frac=1, random_state=1)}


def test_quantiles():
    frame = units()
    tables = quantile_tables(frame, 0.9)
    found, checks = run(
        pd.DataFrame(columns=["experiment_id", "metric_id", "segment", "arm", *MOMENTS]),
        frame,
        metric={"aggregation": "quantile", "covariate": None, "quantile": 0.9},
        **tables,
    )
    row = found.loc[("difference_in_quantiles", "all")]
    arms = {}
    for arm, part in frame.groupby("arm"):
        y = np.sort(part.y.to_numpy())
        point = np.quantile(y, 0.9, method="inverted_cdf")
        arms[arm] = quantile_arm(0.9, point, y, y, np.arange(len(y)) + 1, UnitMoments.from_rows(y <= point).ratio())
    e = difference(arms["t"], arms["c"])
    assert (row.estimate, row.ci_low, row.p_value) == pytest.approx((e.estimate, e.ci_low, e.p_value), rel=1e-7)
    assert row.mean_control == pytest.approx(arms["c"].mean)
    assert found.loc[("relative_difference_in_quantiles", "all")].estimate == pytest.approx(e.estimate / arms["c"].mean)
    assert len(found) == 2
    assert checks.passed["srm"]
    # The effect that is found with the planned power, relative to the control's quantile.
    reached = minimum_detectable_effect(e.std_error, 0.05, 0.8, e.df) / abs(arms["c"].mean)
    assert checks.statistic["power"] == pytest.approx(reached, rel=1e-7)
    assert checks.passed["power"] == (reached <= 0.5)


def test_quantiles_of_clusters_are_checked_for_how_many_there_are():
    frame = units()
    tables = quantile_tables(frame, 0.5)
    tables["quantile_points"]["n_units"] = tables["quantile_points"]["n"]
    tables["quantile_points"]["n"] = 6
    _, checks = run(
        pd.DataFrame(columns=["experiment_id", "metric_id", "segment", "arm", *MOMENTS]),
        frame,
        {"cluster_by": "region"},
        metric={"aggregation": "quantile", "covariate": None, "quantile": 0.5},
        **tables,
    )
    assert checks.statistic["enough_clusters"] == 6
    assert not checks.passed["enough_clusters"]


def test_triggered_beside_everyone():
    frame = units().assign(exposed=lambda f: RNG.random(len(f)) < 0.5)
    rows = moments_of(frame) + moments_of(frame[frame.exposed], "triggered")
    starts = [
        {"experiment_id": "e", "dimension": "exposed", "dimension_value": "exposed", "arm": a, "n_units": int(n)}
        for a, n in frame[frame.exposed].groupby("arm").size().items()
    ]
    found, checks = run(rows, frame, starts=pd.DataFrame(starts))
    assert found.loc[("difference_in_means", "triggered")].n_treatment == ((frame.arm == "t") & frame.exposed).sum()
    assert found.loc[("difference_in_means", "all")].n_treatment == 200
    assert checks.passed["srm_triggered"]
    # Where all were exposed, or the control's exposure is not recorded, there is nothing to show beside.
    same, _ = run(moments_of(frame) + moments_of(frame, "triggered"), frame)
    assert "triggered" not in same.index.get_level_values("segment")
    one_sided, _ = run(moments_of(frame) + moments_of(frame[frame.arm == "t"], "triggered"), frame)
    assert "triggered" not in one_sided.index.get_level_values("segment")


def test_always_valid_while_running():
    frame = units(effect=1.0)
    found, checks = run(moments_of(frame), frame, {"inference": "always_valid", "is_finished": False})
    row = found.loc[("difference_in_means", "all")]
    arms = [Arm.from_values(frame.y[frame.arm == a]) for a in ("t", "c")]
    low, high, p = always_valid(difference(*arms))
    assert (row.sequential_ci_low, row.sequential_ci_high) == pytest.approx((low, high), rel=1e-7)
    assert row.sequential_p_value == pytest.approx(p, rel=1e-6)
    assert row.verdict == "improved"
    assert not checks.passed["still_running"]
    fixed, _ = run(moments_of(frame), frame, {"is_finished": False})
    assert fixed.loc[("difference_in_means", "all")].verdict == "still_running"
    flat = units(effect=0.0)
    waiting, _ = run(moments_of(flat), flat, {"inference": "always_valid", "is_finished": False})
    assert waiting.loc[("difference_in_means", "all")].verdict == "still_running"


@pytest.mark.parametrize(
    ("data_end", "look"),
    [("2026-01-10", None), ("2026-02-12", 0), ("2026-02-15", 0), ("2026-03-25", 0), ("2026-04-01", 1)],
)
def test_planned_looks(data_end, look):
    frame = units(effect=0.3)
    registration = {
        "inference": "obrien_fleming",
        "interim_looks": "0.5|1",
        "data_end": pd.Timestamp(data_end),
        "is_finished": look == 1,
    }
    found, _ = run(moments_of(frame), frame, registration)
    row = found.loc[("difference_in_means", "all")]
    if look is None:
        assert math.isnan(row.interim_bound)
        assert row.verdict == "still_running"
        return
    # Read on every day from the first look on; the first of them is the planned one.
    days = (pd.Timestamp(data_end) - pd.Timestamp("2026-01-01")).days
    bounds = group_sequential_bounds(readings((0.5, 1.0), 84, min(days / 84, 1)))
    assert row.interim_bound == pytest.approx(bounds[-1], rel=1e-8)
    assert data_end != "2026-02-12" or row.interim_bound == pytest.approx(2.9626, abs=1e-4)
    outside = row.sequential_ci_low > 0 or row.sequential_ci_high < 0
    assert (row.sequential_p_value < 0.05) == outside
    assert row.sequential_ci_low < row.ci_low


def test_repeated_p_value_meets_its_boundary():
    for spending in ("obrien_fleming", "pocock"):
        bounds = group_sequential_bounds([0.5, 1.0], 0.03, spending)
        for look in (0, 1):
            assert repeated_p_value(bounds[look], [0.5, 1.0], look, spending) == pytest.approx(0.03, rel=1e-4)
    assert repeated_p_value(40.0, [0.5, 1.0], 0, "pocock") <= 1e-11
    assert repeated_p_value(0.0, [0.5, 1.0], 0, "obrien_fleming") == 1.0


def test_guardrails_and_priors():
    frame = units(effect=-0.05)
    metric = {"non_inferiority_margin": 0.2, "prior_sd": 0.01}
    found, _ = run(moments_of(frame), frame, metric=metric)
    row, relative = (found.loc[(m, "all")] for m in ("difference_in_means", "relative_difference"))
    assert row.non_inferiority_margin == pytest.approx(0.2 * row.mean_control)
    assert relative.non_inferiority_margin == pytest.approx(0.2)
    assert row.is_non_inferior == (row.ci_low > -row.non_inferiority_margin)
    assert row.non_inferiority_p_value < 0.025
    flat, _ = run(moments_of(frame), frame)
    assert abs(flat.loc[("difference_in_means", "all")].probability_better - 0.5) > abs(row.probability_better - 0.5)
    assert flat.is_non_inferior.isna().all()


def weeks_of(effects, n=100):
    rows = []
    for week, effect in enumerate(effects):
        for arm in ("c", "t"):
            seen = UnitMoments.from_rows(RNG.normal(1 + effect * (arm == "t"), 0.3, n // 2))
            rows.append(
                {"experiment_id": "e", "metric_id": "m", "arm": arm, "week": week, "n": n, "n_total": seen.n}
                | {name: getattr(seen, name) for name in ("mean_y", "var_y", "mean_z", "var_z", "cov_yz")}
            )
    return pd.DataFrame(rows)


def test_fading_effect():
    frame = units()
    _, steady = run(moments_of(frame), frame, weeks=weeks_of([0.5] * 6))
    found, fading = run(moments_of(frame), frame, weeks=weeks_of([3.0, 2.0, 1.0, 0.5, 0.2, 0.1]))
    assert steady.passed["novelty"]
    assert not fading.passed["novelty"]
    assert found.reason.str.contains("changes over time").all()
    # Half of the units were not seen: they count with 0.
    assert "Effect of week 0: 1." in fading.detail["novelty"]


def test_days_strata_and_the_past():
    frame = units()
    starts = pd.DataFrame(
        [
            {"experiment_id": "e", "dimension": d, "dimension_value": f"p{k}", "arm": a, "n_units": n}
            for d, sizes in (("start_day", (50, 50)), ("stratum", (90, 20)))
            for k in range(2)
            for a, n in zip(("c", "t"), sizes[:: 1 if k else -1], strict=True)
        ]
    )
    past = [{**row, "mean_y": row["mean_y"] + (row["arm"] == "t"), "n_units": 0} for row in moments_of(frame)]
    found, checks = run(moments_of(frame), frame, starts=starts, past=pd.DataFrame(past))
    assert checks.passed["srm_by_start_day"]
    assert not checks.passed["srm_by_stratum"]
    assert not checks.passed["pre_period_difference"]
    assert set(found.evidence_grade) == {"D"}


def test_an_end_that_was_brought_forward():
    frame = units()
    early = {"latest_ends_at": pd.Timestamp("2026-06-01")}
    _, checks = run(moments_of(frame), frame, early)
    assert not checks.passed["stopped_early"]
    _, planned = run(moments_of(frame), frame, {**early, "inference": "always_valid"})
    assert planned.passed["stopped_early"]


def test_balance_of_covariates():
    frame = units()
    frame.loc[frame.arm == "t", "x"] += 0.5
    rows = moments_of(frame)
    for name, part in frame.groupby("stratum"):
        rows += moments_of(part, f"stratum={name}")
    args = pd.DataFrame([REGISTRATION]), pd.DataFrame([METRIC]), pd.DataFrame(rows), counts_of(frame)
    table = balance_experiments(*args)
    assert table.schema == BALANCE
    (row,) = table.to_pylist()
    spread = math.sqrt(sum(frame.x[frame.arm == a].var() for a in ("t", "c")) / 2)
    shift = frame.x[frame.arm == "t"].mean() - frame.x[frame.arm == "c"].mean()
    assert row["smd_before"] == pytest.approx(shift / spread, rel=1e-7)
    assert row["smd_after"] == pytest.approx(row["smd_before"], abs=0.15)
    assert row["covariate"] == "m before the start"
    assert row["is_balanced"] is False


def plans(registration=None, metric=None, moments=None, starts=None):
    frame = units()
    rows = moments_of(frame) if moments is None else moments
    table = plan_experiments(
        pd.DataFrame([{**REGISTRATION, **(registration or {})}]),
        pd.DataFrame([{**METRIC, **(metric or {})}]),
        pd.DataFrame(rows, columns=["experiment_id", "metric_id", "segment", "arm", "n_units", *MOMENTS]),
        counts_of(frame),
        starts=starts,
    )
    assert table.schema == PLANS
    return table.to_pandas()


STARTS = pd.DataFrame(
    [
        {"experiment_id": "e", "dimension": "start_day", "dimension_value": d, "arm": a, "n_units": 100}
        for d in ("2026-01-01", "2026-01-28")
        for a in ("c", "t")
    ]
)


def test_plan_from_the_control_arm():
    found = plans(starts=STARTS)
    assert list(found.weeks) == [8, 10, 12]
    assert (found.units_per_week == 100).all()
    row = found.iloc[0]
    assert row.units == 800
    assert row.baseline_variance == pytest.approx(2, abs=0.5)
    assert row.remaining_variance == pytest.approx(0.5, abs=0.12)
    assert row.sample_size == pytest.approx(4 * (1.96 + 0.8416) ** 2 * row.baseline_variance / 0.25, abs=2)
    assert row.sample_size_adjusted == pytest.approx(row.sample_size * row.remaining_variance, abs=2)
    assert row.detectable_effect_adjusted < row.detectable_effect
    assert found.detectable_effect.is_monotonic_decreasing


def test_plan_of_an_experiment_that_has_not_begun():
    found = plans({"experiment_id": "new"})
    assert found.baseline_source.str.contains("of e").all()
    assert found.sample_size.notna().all()
    assert found.reason.str.contains("No units arrive").all()


def test_plan_from_units_that_are_in_no_experiment_yet():
    frame = units(n=400, arms=("(baseline)",))
    days = [
        {"experiment_id": "e", "dimension": "start_day", "dimension_value": d, "arm": "(baseline)", "n_units": 300}
        for d in ("2026-01-01", "2026-01-28")
    ]
    planned = {
        "experiment_id": "e",
        "treatment_arm": "t|u",
        "expected_split": "c:0.5|t:0.25|u:0.25",
        "assignment_method": None,
    }
    none = pd.DataFrame(columns=["experiment_id", "arm", "n_units", "n_excluded"])
    args = pd.DataFrame([{**REGISTRATION, **planned}]), pd.DataFrame([METRIC]), pd.DataFrame(moments_of(frame)), none
    found = plan_experiments(*args, starts=pd.DataFrame(days)).to_pandas()
    row = found.iloc[0]
    assert found.baseline_source.eq("units that are in no experiment yet").all()
    assert found.reason.isna().all()
    assert row.baseline_mean == pytest.approx(frame.y.mean())
    assert row.baseline_variance == pytest.approx(frame.y.var(), rel=1e-7)
    assert row.remaining_variance == pytest.approx(1 - frame.y.corr(frame.x) ** 2, rel=1e-7)
    # Three quarters of 600 units in four weeks go to the control and the first treatment.
    assert row.units_per_week == pytest.approx(450 / 4)
    assert row.treatment_share == pytest.approx(1 / 3)
    assert row.units == 900
    # Before the first assignment nothing is estimated.
    estimated = estimate_experiments(*args).to_pandas()
    assert estimated.estimate.isna().all()
    assert estimated.reason.str.contains("no units").all()


def test_plan_of_clusters_that_are_not_known_says_so():
    frame = units(n=50, arms=("(baseline)",))
    alone = moments_of(frame, make=lambda p: UnitMoments.from_clusters(np.arange(len(p)), p.y, x=p.x))
    row = plans({"cluster_by": "team"}, moments=alone, starts=STARTS).iloc[0]
    assert "team of the units is not known" in row.reason
    assert np.isnan(row.design_effect)
    assert row.sample_size > 0
    whole = moments_of(frame, make=lambda p: UnitMoments.from_clusters(np.arange(len(p)) // 5, p.y, x=p.x))
    assert plans({"cluster_by": "team"}, moments=whole, starts=STARTS).reason.isna().all()


def test_plan_of_a_quantile():
    frame = units(n=2000)
    tables = quantile_tables(frame)
    table = plan_experiments(
        pd.DataFrame([REGISTRATION]),
        pd.DataFrame([{**METRIC, "aggregation": "quantile", "covariate": None}]),
        pd.DataFrame(columns=["experiment_id", "metric_id", "segment", "arm", *MOMENTS]),
        counts_of(frame),
        starts=STARTS,
        **tables,
    )
    row = table.to_pandas().iloc[0]
    assert row.scale == "relative"
    assert row.baseline_mean == pytest.approx(np.quantile(frame.y[frame.arm == "c"], 0.5, method="hazen"))
    # The variance of a normal median is π/2 times that of the mean.
    assert row.baseline_variance * row.baseline_mean**2 == pytest.approx(math.pi / 2 * 2, rel=0.35)
    assert row.detectable_effect == pytest.approx(2.8016 * math.sqrt(4 * row.baseline_variance / row.units), rel=1e-4)


def test_plans_that_cannot_be_made():
    assert plans(moments=[]).reason.str.contains("No such unit").all()
    assert plans({"design": "staggered_did"}).reason.str.contains("staggered_did").all()
    assert plans(metric={"aggregation": "quantile"}).reason.str.contains("No such unit").all()
    assert plans(metric={"aggregation": "mode"}).reason.str.contains("mode").all()
    assert plans(metric={"metric_id": "other"}).reason.str.contains("metric_catalog").all()
    one = moments_of(units(n=1))
    assert plans(moments=one).reason.notna().all()


def test_a_batch_of_units_is_all_there_is():
    found = plans(starts=STARTS[STARTS.dimension_value == "2026-01-01"])
    assert (found.units == 400).all()
    assert found.detectable_effect.nunique() == 1


def test_windows_that_are_still_open():
    """The last tenth came on the last day and has a window of two weeks: the end is not the end of what is counted."""
    frame = units(effect=1.0)
    starts = pd.DataFrame(
        [
            {"experiment_id": "e", "dimension": "start_day", "dimension_value": day, "arm": arm, "n_units": n}
            for day, n in (("2026-01-01", 180), ("2026-03-25", 20))
            for arm in ("c", "t", "stranger")
        ]
    )

    def judged(data_end, window, **registration):
        registration |= {"data_end": pd.Timestamp(data_end)}
        found, checks = run(moments_of(frame), frame, registration, {"window_days": window}, starts=starts)
        return found.loc[("difference_in_means", "all")], checks.loc["still_running"]

    row, check = judged("2026-04-07", 14)
    assert (row.verdict, row.evidence_grade) == ("still_running", "B")
    assert "10.0% of the units is still open" in row.reason
    assert "read before its end" in row.reason
    assert (check.statistic, check.passed) == (pytest.approx(0.1), False)
    assert "window of m is open for 10.0% of the units" in check.detail
    for data_end, window in (("2026-04-08", 14), ("2026-04-07", 13), ("2026-03-26", None)):
        row, check = judged(data_end, window)
        assert row.verdict == "improved"
        assert row.reason is None or pd.isna(row.reason)
        assert check.passed
    # What may be acted on before the end may be so before the windows end, and says how many are open.
    row, check = judged("2026-04-07", 14, inference="always_valid")
    assert row.verdict == "improved"
    assert "still open" in row.reason
    assert not check.passed


def test_the_corrected_p_value_of_looks_is_shown_and_decides():
    """Two challengers in one family: what is read before the end is corrected for both, and the row says by what."""
    frame = units(arms=("c", "t", "u"), effect=0.32)
    registration = {"treatment_arm": "t|u", "inference": "always_valid", "is_finished": False}
    found, _ = run(moments_of(frame), frame, registration)
    rows = found.loc[[("difference_in_means", "all")]]
    assert sorted(rows.sequential_p_value_adjusted) == pytest.approx(sorted(holm(list(rows.sequential_p_value))))
    for row in found.itertuples():
        assert (row.verdict == "improved") == (row.sequential_p_value_adjusted < 0.05)


def test_harm_is_ruled_out_by_the_interval_that_allows_for_looks():
    """A guardrail that the plain interval clears and the wider one does not; before the first look nothing is."""
    frame = units(effect=0.0)
    plain, _ = run(moments_of(frame), frame, metric={"non_inferiority_margin": 0.2})
    low = plain.loc[("difference_in_means", "all")].ci_low
    level = plain.loc[("difference_in_means", "all")].mean_control
    margin = {"non_inferiority_margin": -low / level + 0.001}
    looks = {"inference": "obrien_fleming", "interim_looks": "0.5|1", "is_finished": False}
    for registration, said in (
        ({}, True),
        ({"inference": "always_valid"}, False),
        (looks | {"data_end": pd.Timestamp("2026-02-15")}, False),
    ):
        found, _ = run(moments_of(frame), frame, registration, margin)
        assert found.loc[("difference_in_means", "all")].is_non_inferior == said, registration
    found, _ = run(moments_of(frame), frame, looks | {"data_end": pd.Timestamp("2026-01-10")}, margin)
    row = found.loc[("difference_in_means", "all")]
    assert row.is_non_inferior is None and np.isnan(row.non_inferiority_p_value)


def test_plans_count_looks_and_arms():
    moments = moments_of(units())

    def planned(**registration):
        return plans(registration, moments=moments, starts=STARTS).iloc[0]

    once = planned()
    looked = planned(inference="pocock", interim_looks="0.2|0.4|0.6|0.8|1")
    assert looked.sample_size / once.sample_size == pytest.approx(1.27, abs=0.03)
    assert looked.detectable_effect > once.detectable_effect
    any_time = planned(inference="always_valid")
    assert any_time.sample_size > looked.sample_size
    # Two challengers are corrected together: each is planned for at half of alpha.
    three = planned(treatment_arm="t|u")
    assert (once.alpha, three.alpha) == (0.05, 0.025)
    normal = NormalDist().inv_cdf
    assert three.sample_size / once.sample_size == pytest.approx(
        ((normal(0.9875) + normal(0.8)) / (normal(0.975) + normal(0.8))) ** 2, abs=0.02
    )


def test_power_counts_looks_and_arms():
    frame = units(arms=("c", "t", "u"))
    both = frame[frame.arm != "u"]
    _, once = run(moments_of(both), both)
    _, looked = run(moments_of(both), both, {"inference": "always_valid"})
    _, three = run(moments_of(frame), frame, {"treatment_arm": "t|u"})
    assert looked.statistic["power"] > 1.2 * once.statistic["power"]
    assert three.statistic["power"] > 1.05 * once.statistic["power"]
