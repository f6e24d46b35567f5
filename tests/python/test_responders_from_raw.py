"""From raw tables through dbt: uplift and multi-touch on data that allow nothing, or little, and stop nothing else."""

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pytest
from dbt_warehouse import Project
from raw_tables import RawRows, insert_as_text, register

START, END, DATA_END = datetime(2026, 3, 2), datetime(2026, 4, 27), datetime(2026, 5, 18)
DEFAULTS = {"design": "uplift", "unit_type": "lead", "control_arm": "c", "treatment_arm": "t", "starts_at": START}
DEFAULTS |= {"ends_at": END, "registered_at": datetime(2026, 2, 2), "alpha": 0.05, "power": 0.8}
DEFAULTS |= {"primary_metric_id": "spent"}
METRICS = {
    "spent": {"aggregation": "mean", "numerator_measure": "visit_value"},
    "orders_per_visit": {"aggregation": "ratio", "numerator_measure": "order", "denominator_measure": "visit"},
    "spent_p90": {"aggregation": "quantile", "quantile": 0.9, "numerator_measure": "visit"},
}
BEYOND = ["inf", "NaN", "-1e300", "2"]
# Name: what is registered otherwise, units of the arms, what the reason says (None: there are numbers), what is odd.
CASES = {
    "sound": ({}, (210, 210), None, {}),
    "sound_rct": ({"design": "rct"}, (210, 210), None, {}),
    "few": ({}, (30, 30), "learners need 200", {}),
    "control_alone": ({}, (210, 0), "0 units", {}),
    "nobody": ({}, (0, 0), "No unit was assigned", {}),
    "no_covariates": ({}, (210, 210), "No covariate varies", {"covariates": ()}),
    "known_late": ({}, (210, 210), "No covariate varies", {"observed": START + timedelta(days=9)}),
    "all_alike": ({}, (210, 210), "No covariate varies", {"size": lambda rng: 7.0}),
    "beyond_numbers": ({}, (210, 210), "No covariate varies", {"size": lambda rng: rng.choice(BEYOND)}),
    "gaps": ({}, (210, 210), None, {"size": lambda rng: rng.choice([None, 1.0, 2.0])}),
    "silent": ({}, (210, 210), "does not vary", {"visits": 0}),
    "spent_beyond_numbers": ({}, (210, 210), None, {"spent": "inf"}),
    "spent_too_much": ({}, (210, 210), None, {"spent": 1e300}),
    "ratio": ({"primary_metric_id": "orders_per_visit"}, (210, 210), "ratio", {}),
    "quantile": ({"primary_metric_id": "spent_p90"}, (210, 210), "quantile", {}),
    "unknown_metric": ({"primary_metric_id": "nowhere"}, (210, 210), "catalogue", {}),
    "no_metric": ({"primary_metric_id": None}, (210, 210), "primary metric", {}),
    "clustered": ({"cluster_by": "shop"}, (210, 210), "clusters", {}),
    "chosen": ({}, (210, 210), "randomised", {"method": "self_selected"}),
    "no_arms": ({"control_arm": None, "treatment_arm": None}, (210, 210), "names no control arm", {}),
    "third_arm_empty": ({"treatment_arm": "t|other"}, (210, 210), None, {}),
}


class Warehouse(RawRows):
    def units(self, name: str, sizes: tuple[int, int], odd: dict) -> None:
        rng = np.random.default_rng(len(name))
        for k in range(sum(sizes)):
            arm = "c" if k < sizes[0] else "t"
            unit, at = f"{name}{k}", START + timedelta(minutes=k)
            who = {"unit_type": "lead", "unit_id": unit}
            method = odd.get("method", "randomized")
            self.add("assignments", at, experiment_id=name, **who, arm=arm, assigned_at=at, assignment_method=method)
            size, seen = odd.get("size", lambda rng: rng.normal())(rng), odd.get("observed", at - timedelta(days=9))
            known = {"value_number": size, "value_text": None, "observed_at": seen, "updated_at": seen}
            for attribute in odd.get("covariates", ("size",)):
                self.add("unit_covariates", seen, **who, name=attribute, **known)
            for visit in range(odd.get("visits", 1)):
                value = odd.get("spent") if k == 5 and "spent" in odd else rng.normal(3, 1)
                self.add("outcome_events", at + timedelta(hours=visit + 1), **who, name="visit", value=value)

    def journeys(self) -> None:
        at = datetime(2026, 4, 6)
        touches = [
            ("one", "ads", -3), ("one", "email", -2), ("one", "ads > email", -1), ("two", None, -3), ("two", "", -2),
            ("two", "(none)", -1), ("three", "ads", 2), ("four", "ads", 0), (None, "ads", -1), ("five", "email", -400),
            ("six", "ads", -1), ("seven", "ads", -1), ("eight", "email", -1), ("nine", "ads", -1), ("nobody", "ads", 0),
        ]  # fmt: skip
        values = {"six": "inf", "seven": "NaN", "eight": -50.0, "nine": 1e300, "one": 10.0, "untouched": 5.0}
        # Six of each: fewer people than k have no numbers.
        for copy in range(6):
            name = {visitor: f"{visitor}{copy}" for visitor, *_ in touches if visitor} | {None: None}
            for visitor, channel, days in touches:
                self.add("touches", at + timedelta(days=days), visitor_id=name[visitor], channel=channel)
            for visitor in [*filter(lambda v: v != "nobody", name), "untouched"]:
                who = {"unit_type": "visitor", "unit_id": name.get(visitor, f"untouched{copy}"), "name": "signup"}
                self.add("outcome_events", at, **who, value=values.get(visitor))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project, warehouse = Project(tmp_path_factory.mktemp("responders")), Warehouse()
    for name, (_, sizes, _, odd) in CASES.items():
        warehouse.units(name, sizes, odd)
    warehouse.journeys()
    warehouse.add("outcome_events", DATA_END, unit_type="visitor", unit_id="x", name="noise", value=None)
    with duckdb.connect(str(project.path)) as connection:
        for source, found in warehouse.rows.items():
            insert_as_text(connection, source, found)
        register(connection, {name: DEFAULTS | change for name, (change, *_) in CASES.items()}, METRICS)
    tables = ("uplift_deciles", "uplift_curve", "channel_attribution", "impact_estimates", "experiment_health")
    wanted = [f"+{name}" for name in tables]
    project.dbt("build", "--select", *wanted, "--exclude-resource-type", "seed", "test", "unit_test")
    project.dbt("test", "--select", *tables, "--exclude-resource-type", "unit_test")
    with duckdb.connect(str(project.path), read_only=True) as connection:
        return {name: connection.sql(f"select * from {name}").df() for name in (*tables, "base_outcome_events")}


@pytest.mark.parametrize("name", CASES)
def test_every_experiment_has_numbers_or_says_why_not(results, name):
    _, _, word, _ = CASES[name]
    tables = [results["uplift_deciles"], results["uplift_curve"]]
    deciles, curve = (table[table.experiment_id == name] for table in tables)
    assert len(deciles) and len(curve)
    if word is None:
        mine = deciles[deciles.treatment_arm == "t"]
        assert set(mine.learner) == {"t_learner", "x_learner", "dr_learner"}
        assert np.isfinite(mine[["predicted", "observed", "std_error"]]).all(axis=None)
        assert mine.recommendation.notna().all()
        assert np.isfinite(curve[curve.treatment_arm == "t"][["gain", "qini"]]).all(axis=None)
    else:
        for table in (deciles, curve):
            assert table.reason.str.contains(word).all() and table.reason.str.endswith(".").all(), set(table.reason)
        assert deciles[["predicted", "observed", "recommendation"]].isna().all(axis=None)


def test_an_arm_without_units_leaves_the_other_its_numbers(results):
    other = results["uplift_deciles"].query("experiment_id == 'third_arm_empty' and treatment_arm == 'other'")
    assert len(other) == 1 and other.observed.isna().all() and other.reason.str.contains("0 units").all()


def test_every_model_gives_out_what_there_is(results):
    table = results["channel_attribution"]
    totals = table.groupby("model")[["conversions", "revenue"]].sum()
    # Six visitors each of one, two, three, four, five, eight and untouched.
    assert len(totals) == 7
    assert np.allclose(totals.conversions, 7 * 6) and np.allclose(totals.revenue, 6 * (10.0 - 50.0 + 5.0)), totals
    gaps = table[table.conversions_ci_low.isna() | table.revenue_ci_low.isna()]
    assert len(gaps) and gaps.reason.str.endswith(".").all()


def test_a_channel_may_bear_any_name(results):
    assert set(results["channel_attribution"].channel) == {"(none)", "none", "ads", "ads / email", "email"}


def test_what_is_no_number_is_kept_aside(results):
    rows = results["base_outcome_events"]
    aside = rows[rows.row_status == "quarantined"].groupby(["reason", "reason_column"]).size().to_dict()
    # Three of the values of journeys, six times; one each of two experiments.
    assert aside == {("out_of_range", "value"): 3 * 6 + 2, ("missing_key", "unit_id"): 6}
