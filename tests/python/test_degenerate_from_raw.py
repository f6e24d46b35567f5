"""From raw tables through dbt: experiments that allow no estimate have rows of NULL and a reason, and stop no other."""

import json
import math
from datetime import datetime, timedelta

import duckdb
import pandas as pd
import pytest
import yaml
from dbt_warehouse import Project
from raw_tables import PROJECT, RawRows, insert, register

START, END, DATA_END = datetime(2026, 3, 2), datetime(2026, 4, 27), datetime(2026, 5, 18)
DEFAULTS = {"design": "rct", "unit_type": "lead", "control_arm": "c", "treatment_arm": "t", "starts_at": START}
DEFAULTS |= {"ends_at": END, "registered_at": datetime(2026, 2, 2), "alpha": 0.05, "power": 0.8}
DEFAULTS |= {"minimum_detectable_effect": 0.1, "expected_split": "c:0.5|t:0.5", "primary_metric_id": "visits"}
DEFAULTS |= {"secondary_metric_ids": "visit_rate|signups_per_visit|visits_p90|scored", "dimensions": "country"}
METRICS = {
    "visits": {"aggregation": "mean", "numerator_measure": "visit", "covariate": "pre_period"},
    "visit_rate": {"aggregation": "proportion", "numerator_measure": "visit"},
    "signups_per_visit": {"aggregation": "ratio", "numerator_measure": "signup", "denominator_measure": "visit"},
    "visits_p90": {"aggregation": "quantile", "quantile": 0.9, "numerator_measure": "visit"},
    "scored": {"aggregation": "mean", "numerator_measure": "visit_value", "covariate": "fitness|age"},
}
GAIN = {"primary_metric_id": "gain", "secondary_metric_ids": None, "dimensions": None, "minimum_detectable_effect": 2.0}
# Who is in an experiment, what arms may be called, and what was known when: whatever is wrong, the effect is 1.
GAINS = {
    "goes_on": {},
    "rolled_out": {},
    "ramp": {},
    "ramp_of_changes": {},
    "undated": {},
    "unplanned": {"expected_split": None},
    "versions": {},
    "spaced": {"control_arm": " Variation 1", "treatment_arm": "Variation 2 | Variation 3"}
    | {"expected_split": "Variation 1:1|Variation 2:1|Variation 3:1"},
    "models": {"control_arm": "llama3:8b", "treatment_arm": "meta-llama/L3-8b", "expected_split": "1|1"},
    "punctuated": {"control_arm": "a|b", "treatment_arm": '["a,b", "x;y", "say \\"hi\\""]'}
    | {"expected_split": '{"a|b": 1, "a,b": 1, "x;y": 1, "say \\"hi\\"": 1}'},
    "by_comma": {"treatment_arm": "t,u", "expected_split": "c:1|t,u:1"},
}
SIZES = {"goes_on": 50, "ramp_of_changes": 50}
SIZE = 40
NOTHING_SEEN = "nothing of the metric was seen"
# What is spent, in logarithms and as it is: experiments of their own, with values by arm.
SPENT = {
    "spent_log": {"aggregation": "mean", "numerator_measure": "spent_value", "transform": "log"}
    | {"covariate": "pre_period"},
    "spent_log1p": {"aggregation": "mean", "numerator_measure": "spent_value", "transform": "log1p"},
}
RARE = {"bought": {"aggregation": "proportion", "numerator_measure": "bought", "direction": "up"}}
METHODS = ("difference_in_means", "cuped", "post_stratified", "regression_adjusted")
SHARES = ("relative_difference", "cuped_relative", "post_stratified_relative", "regression_adjusted_relative")


def plain(arm: int, k: int) -> int:
    """Visits of the k-th unit of an arm."""
    return (k * 7) % 5 + arm * (k % 2)


# Name: what is registered otherwise; arm to (units, visits of a unit); the word in the reason of the primary metric.
EXPERIMENTS = {
    "sound": ({}, {"c": (SIZE, plain), "t": (SIZE, plain)}, None),
    "empty_treatment": ({}, {"c": (SIZE, plain)}, "no units"),
    "empty_control": ({}, {"t": (SIZE, plain)}, "no units"),
    "nobody": ({}, {}, "no units"),
    "one_unit": ({}, {"c": (SIZE, plain), "t": (1, plain)}, "one unit"),
    "one_each": ({}, {"c": (1, plain), "t": (1, plain)}, "one unit"),
    "no_variance": ({}, {"c": (SIZE, lambda arm, k: 2), "t": (SIZE, lambda arm, k: 3)}, "variance is 0"),
    "all_zero": ({}, {"c": (SIZE, lambda arm, k: 0), "t": (SIZE, lambda arm, k: 0)}, NOTHING_SEEN),
    "several_in_both": ({}, {"c": (SIZE, plain), "t": (SIZE, plain)}, "no units"),
    "stranger": ({}, {"c": (SIZE, plain), "t": (SIZE, plain), "stranger": (SIZE, plain)}, None),
    "only_strangers": ({}, {"stranger": (SIZE, plain), "other": (SIZE, plain)}, "no units"),
    "split_of_zero": ({"expected_split": "c:1|t:0"}, {"c": (SIZE, plain), "t": (SIZE, plain)}, None),
    "split_of_zeros": ({"expected_split": "c:0|t:0"}, {"c": (SIZE, plain), "t": (SIZE, plain)}, None),
    "no_arms": ({"control_arm": None, "treatment_arm": None}, {"c": (SIZE, plain)}, "names no control arm"),
    "same_arms": ({"treatment_arm": "c"}, {"c": (SIZE, plain)}, "as control and as treatment"),
    "alpha_of_two": ({"alpha": 2.0}, {"c": (SIZE, plain), "t": (SIZE, plain)}, "between 0 and 1"),
    "looks_unreadable": ({"interim_looks": "soon|later"}, {"c": (SIZE, plain), "t": (SIZE, plain)}, "interim looks"),
    "ends_first": ({"ends_at": START - timedelta(days=7)}, {"c": (SIZE, plain), "t": (SIZE, plain)}, "no units"),
    "clusters_unknown": ({"cluster_by": "site"}, {"c": (SIZE, plain), "t": (SIZE, plain)}, "no cluster is known"),
    "one_cluster": ({"cluster_by": "shop"}, {"c": (SIZE, plain), "t": (SIZE, plain)}, "one unit or cluster"),
    "dimension_unknown": ({"dimensions": "planet"}, {"c": (SIZE, plain), "t": (SIZE, plain)}, None),
}


def fill(raw: RawRows, name: str, arms: dict) -> None:
    for number, (arm, (units, visits)) in enumerate(arms.items()):
        for k in range(units):
            unit, at = f"{name}_{arm}{k}", START + timedelta(hours=k)
            known = {"unit_type": "lead", "unit_id": unit, "observed_at": at - timedelta(days=5)}
            where = {"experiment_id": name, "unit_type": "lead", "unit_id": unit, "assignment_method": "randomized"}
            raw.add("assignments", at, **where, arm=arm, assigned_at=at)
            if name == "several_in_both":
                other = at + timedelta(hours=1)
                raw.add("assignments", other, **where, arm="t" if arm == "c" else "c", assigned_at=other)
            for attribute, value in (("shop", arm), ("country", ["de", "fr"][k % 2])):
                raw.add("unit_covariates", at, **known, name=attribute, value_text=value, updated_at=at)
            for j in range(visits(number, k)):
                # A value that is always NULL: nothing is known of `scored`, nor of its covariates.
                event = {"unit_type": "lead", "unit_id": unit, "name": "visit", "value": None}
                raw.add("outcome_events", at + timedelta(days=1, minutes=j), **event)


def fill_gains(raw: RawRows) -> None:
    """Units of all registered arms whose gain is 1 above that of the control's, within the experiment."""

    def assign(name: str, unit: str, arm: str, at: datetime, gain: float | None = None, dated: bool = True) -> None:
        where = {"experiment_id": name, "unit_type": "lead", "unit_id": unit, "assignment_method": "randomized"}
        raw.add("assignments", at, **where, arm=arm, assigned_at=at if dated else None)
        if gain is not None:
            event = {"unit_type": "lead", "unit_id": unit, "name": "gain", "value": gain}
            raw.add("outcome_events", at + timedelta(hours=1), **event)

    before, after = START - timedelta(days=9), END + timedelta(days=2)
    for name, change in GAINS.items():
        registered = DEFAULTS | GAIN | change
        listed = registered["treatment_arm"]
        treatments = json.loads(listed) if listed.startswith("[") else [a.strip() for a in listed.split("|")]
        for number, arm in enumerate([registered["control_arm"].strip(), *treatments]):
            for k in range(SIZES.get(name, SIZE)):
                unit, gain = f"{name}_{number}_{k}", float((k * 7) % 5 + (number > 0))
                at = START + timedelta(hours=k)
                if name == "ramp":
                    assign(name, unit, "c", before)
                arm = "t" if name == "by_comma" and number else arm
                assign(name, unit, arm, at, gain, dated=name != "undated" or k % 2 == 0)
                if name == "goes_on":
                    assign(name, f"{unit}_late", arm, END if k == 0 else after, 0.0)
                # Rolled out to all: who gained much comes back.
                if name == "rolled_out" and gain > 2:
                    assign(name, unit, "t", after)
                if name == "ramp_of_changes":
                    # The log names those whom the start has treated, and not who stays in the control arm.
                    assign(name, f"{unit}_ramp", "c", before)
                    if number and k < 9:
                        assign(name, f"{unit}_ramp", "t", at, 90.0)
                # Known before, and again after the start, when it says the opposite. Some are first reported late.
                level = gain - (number > 0) + 0.1 * (k % 3)
                versions = [(before, at - timedelta(days=2), level), (at, at + timedelta(days=1), -level)]
                if name == "versions":
                    for version, (observed, updated, value) in enumerate(versions):
                        updated = at + timedelta(hours=2) if version == 0 and k % 4 == 0 else updated
                        known = {"unit_type": "lead", "unit_id": unit, "name": "prior", "value_number": value}
                        raw.add("unit_covariates", updated, **known, observed_at=observed, updated_at=updated)


def spent(arm: str, k: int) -> tuple[float, float]:
    """(past, spent) in dollars of the k-th unit of an arm; the treatment doubles. The first has no past."""
    base = 3.0 + (k * 11) % 17
    return base * (k > 0), base * (1.1 + 0.3 * (k % 3)) * (2 if arm == "t" else 1)


def spend(raw: RawRows, name: str, unit_of_measure: float, broken: dict | None = None) -> None:
    for arm in "ct":
        for k in range(SIZE):
            unit, at = f"{name}_{arm}{k}", START + timedelta(hours=k)
            where = {"experiment_id": name, "unit_type": "lead", "unit_id": unit, "assignment_method": "randomized"}
            raw.add("assignments", at, **where, arm=arm, assigned_at=at, stratum="ab"[k % 2])
            past, now = spent(arm, k)
            for days, value in ((-3, past), (2, (broken or {}).get((arm, k), now))):
                if (value is not None and value != 0) or (days > 0 and value == 0):
                    event = {"unit_type": "lead", "unit_id": unit, "name": "spent", "value": value * unit_of_measure}
                    raw.add("outcome_events", at + timedelta(days=days), **event)


def buy(raw: RawRows, events: dict[str, int], size: int = 1000) -> None:
    for arm, bought in events.items():
        for k in range(size):
            unit, at = f"rare_{arm}{k}", START + timedelta(minutes=k)
            where = {"experiment_id": "rare", "unit_type": "lead", "unit_id": unit, "assignment_method": "randomized"}
            raw.add("assignments", at, **where, arm=arm, assigned_at=at)
            if k < bought:
                event = {"unit_type": "lead", "unit_id": unit, "name": "bought", "value": None}
                raw.add("outcome_events", at + timedelta(days=1), **event)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("degenerate"))
    raw = RawRows(DATA_END)
    for name, (_, arms, _) in EXPERIMENTS.items():
        fill(raw, name, arms)
    fill_gains(raw)
    # Assigned, but in no registry.
    fill(raw, "unregistered", {"c": (SIZE, plain), "t": (SIZE, plain)})
    spend(raw, "dollars", 1)
    spend(raw, "tenth_cents", 1000)
    # A value of 0, one below it, and a unit without any event.
    spend(raw, "not_all_spend", 1, {("c", 5): 0.0, ("t", 6): -2.0, ("t", 7): None})
    buy(raw, {"t": 1, "c": 5})
    raw.add("outcome_events", DATA_END, unit_type="visitor", unit_id="x", name="noise", value=None)
    with duckdb.connect(str(project.path)) as connection:
        for source, found in raw.rows.items():
            insert(connection, source, found)
        registered = {name: DEFAULTS | change for name, (change, _, _) in EXPERIMENTS.items()}
        registered["unknown_metric"] = DEFAULTS | {"primary_metric_id": "nowhere", "secondary_metric_ids": None}
        registered |= {name: DEFAULTS | GAIN | change for name, change in GAINS.items()}
        gain = {"aggregation": "mean", "numerator_measure": "gain_value", "covariate": "prior"}
        logs = {"primary_metric_id": "spent_log", "secondary_metric_ids": "spent_log1p", "dimensions": None}
        registered |= dict.fromkeys(("dollars", "tenth_cents", "not_all_spend"), DEFAULTS | logs)
        registered["rare"] = DEFAULTS | {
            "primary_metric_id": "bought",
            "secondary_metric_ids": None,
            "dimensions": None,
        }
        register(connection, registered, METRICS | SPENT | RARE | {"gain": gain})
    wanted = ("+impact_estimates", "+experiment_health", "+experiment_plan", "+covariate_balance")
    # Nobody ever signs up. Unless that is said, it is taken for a misspelt name.
    signups = ("--vars", "{expected_outcomes: [signup]}")
    project.see_registrations()
    project.dbt("build", "--select", *wanted, "--exclude-resource-type", "seed", "test", "unit_test", *signups)
    # The data tests that a user's build would run on these experiments.
    tested = [*(name.removeprefix("+") for name in wanted), "moments_quantile_points", "moments_unit_metrics"]
    # Those that read marts that are not built here need not run.
    further = ("--indirect-selection", "buildable")
    project.dbt("test", "--select", *tested, "--exclude-resource-type", "unit_test", *further)
    refused = project.dbt("run", "--select", "int_experiment_metrics", succeeds=False)
    with duckdb.connect(str(project.path), read_only=True) as connection:
        tables = ("impact_estimates", "experiment_health", "experiment_plan", "covariate_balance")
        found = {name: connection.sql(f"select * from {name}").df() for name in tables}
    return found | {"refused": " ".join(str(r.message) for r in refused.result.results)}


def estimates_of(results, experiment, **where) -> pd.DataFrame:
    table = results["impact_estimates"]
    where = {"experiment_id": experiment, "segment": "all", **where}
    return table[(table[list(where)] == pd.Series(where)).all(axis=1)]


def check_of(results, experiment, check_id) -> pd.Series:
    table = results["experiment_health"]
    (found,) = [r for _, r in table[(table.experiment_id == experiment) & (table.check_id == check_id)].iterrows()]
    return found


def test_every_registered_metric_has_a_row_and_every_gap_a_reason(results):
    table = results["impact_estimates"]
    for name in EXPERIMENTS:
        mine = table[(table.experiment_id == name) & (table.segment == "all")]
        assert set(mine.metric_id) == set(METRICS), name
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
    missing = table.estimate.isna()
    assert table.loc[missing, numbers].isna().all(axis=None)
    assert table.loc[missing, "reason"].str.endswith(".").all()
    assert (table.loc[missing, "verdict"] == "not_estimated").all()
    assert table.loc[missing, "evidence_grade"].isna().all()
    assert (table.loc[~missing, "std_error"] > 0).all()
    assert "unregistered" not in set(table.experiment_id)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_reason_names_what_is_missing(results, experiment):
    _, _, word = EXPERIMENTS[experiment]
    rows = estimates_of(results, experiment, metric_id="visits", method="difference_in_means")
    assert len(rows) == 1
    row = rows.iloc[0]
    if word is None:
        assert math.isfinite(row.estimate)
        assert row.p_value < 1
    else:
        assert math.isnan(row.estimate)
        assert word in row.reason


def test_a_sound_experiment_beside_them_is_estimated(results):
    found = estimates_of(results, "sound", metric_id="visits").set_index("method")
    t, c = (pd.Series([plain(arm, k) for k in range(SIZE)]) for arm in (1, 0))
    row = found.loc["difference_in_means"]
    assert row.estimate == pytest.approx(t.mean() - c.mean(), abs=1e-9)
    assert row.std_error == pytest.approx(math.sqrt(t.var() / SIZE + c.var() / SIZE), rel=1e-8)
    parts = results["impact_estimates"].query("experiment_id == 'sound' and metric_id == 'visits'")
    assert {"country=de", "country=fr"} <= set(parts.segment)


def test_zero_denominators_and_values_that_are_all_null(results):
    ratio = estimates_of(results, "all_zero", metric_id="signups_per_visit", method="difference_in_means").iloc[0]
    assert "denominator is 0" in ratio.reason
    # Nobody ever signed up: the ratio is 0 everywhere.
    flat = estimates_of(results, "sound", metric_id="signups_per_visit", method="difference_in_means").iloc[0]
    assert NOTHING_SEEN in flat.reason
    unknown = estimates_of(results, "sound", metric_id="scored")
    assert unknown.estimate.isna().all()
    assert set(unknown.method) >= {"difference_in_means", "relative_difference", "cuped", "cuped_relative"}
    row = estimates_of(results, "unknown_metric", metric_id="nowhere").iloc[0]
    assert "is not in metric_catalog" in row.reason
    # The past of everybody is empty, so there is nothing to adjust for.
    cuped = estimates_of(results, "sound", metric_id="visits", method="cuped").iloc[0]
    assert "nothing was measured before" in cuped.reason


def test_an_unknown_measure_stops_the_build_and_lists_those_there_are(results):
    words = " ".join(results["refused"].split())
    assert "The metric `signups_per_visit` in metric_catalog" in words and "asks for the measure `signup`" in words
    assert "tasks_completed, cycle_hours" in words
    assert "outcome events bought, gain, noise, spent, visit, and each with _value" in words
    assert "won_amount" not in words  # deals are of accounts, and these are leads


def test_quantiles_of_degenerate_arms(results):
    for experiment, word in (("one_unit", "one unit"), ("empty_control", "no units"), ("no_variance", "variance is 0")):
        row = estimates_of(results, experiment, metric_id="visits_p90", method="difference_in_quantiles").iloc[0]
        assert math.isnan(row.estimate)
        assert word in row.reason, experiment


def test_arms_that_are_not_registered_are_counted(results):
    assert not check_of(results, "stranger", "unknown_arm").passed
    assert check_of(results, "sound", "unknown_arm").passed
    row = estimates_of(results, "stranger", metric_id="visits", method="difference_in_means").iloc[0]
    assert (row.n_treatment, row.n_control) == (SIZE, SIZE)
    assert row.evidence_grade != "A"
    assert "unregistered" in row.reason


def test_splits_that_cannot_be_checked(results):
    for experiment in ("split_of_zero", "split_of_zeros"):
        check = check_of(results, experiment, "srm")
        assert pd.isna(check.passed), experiment
        assert check.detail.endswith(".")
    assert check_of(results, "sound", "srm").passed
    assert not check_of(results, "empty_treatment", "srm").passed


def test_all_units_in_both_arms(results):
    check = check_of(results, "several_in_both", "multiple_exposure")
    assert (check.statistic, check.passed) == (1.0, False)


def test_checks_plans_and_balance_are_whole(results):
    health, plan = results["experiment_health"], results["experiment_plan"]
    first = {"srm", "multiple_exposure", "unknown_arm", "pre_period_balance", "power", "registered_late"}
    first |= {"registration_changed", "still_running"}
    for name in EXPERIMENTS:
        assert first <= set(health[health.experiment_id == name].check_id), name
        assert set(plan[plan.experiment_id == name].metric_id) == set(METRICS), name
    assert health.detail.notna().all()
    undetectable = plan[plan.detectable_effect.isna()]
    assert undetectable.reason.notna().all()
    balance = results["covariate_balance"]
    assert balance.loc[balance.smd_before.isna(), "reason"].notna().all()


def test_the_contract_of_experiment_health_knows_every_check(results):
    """A check that its data test did not know would stop the build of whoever registers what it checks."""
    (model,) = yaml.safe_load((PROJECT / "models/evidence/experiment_health.yml").read_text())["models"]
    (column,) = [c for c in model["columns"] if c["name"] == "check_id"]
    (known,) = [t["accepted_values"]["arguments"]["values"] for t in column["data_tests"] if "accepted_values" in t]
    found = set(results["experiment_health"].check_id)
    assert {"srm_by_dimension", "dimensions_known", "clusters_known", "enough_clusters"} <= found
    assert found <= set(known)


@pytest.mark.parametrize("experiment", [name for name in GAINS if name != "by_comma"])
def test_the_effect_is_of_those_enrolled_and_of_every_arm(results, experiment):
    rows = estimates_of(results, experiment, metric_id="gain", method="difference_in_means")
    size = SIZES.get(experiment, SIZE)
    assert len(rows) == {"spaced": 2, "punctuated": 3}.get(experiment, 1)
    assert list(rows.estimate) == pytest.approx([1.0] * len(rows))
    assert set(rows.n_treatment) == set(rows.n_control) == {size}
    srm, unknown = (check_of(results, experiment, name) for name in ("srm", "unknown_arm"))
    assert unknown.passed
    assert pd.isna(srm.passed) if experiment == "unplanned" else srm.passed
    # Whatever else is said of it: the planned ratio holds.
    unjudged = rows.reason.str.contains("the sample ratio could not be checked")
    assert (unjudged == (experiment == "unplanned")).all()
    assert set(rows.evidence_grade) <= {"A", "B"}


def test_assignments_outside_of_the_experiment_are_counted_by_arm(results):
    told = {name: check_of(results, name, "enrolment") for name in GAINS}
    assert told["goes_on"].statistic == pytest.approx(0.5)
    assert not told["goes_on"].passed
    assert "100 of 200 assignments lie at the end or later, and left out: c 50 | t 50." in told["goes_on"].detail
    assert "40 of 120 assignments lie at the end or later, and left out: t 40." in told["rolled_out"].detail
    assert "before the start, and left out: c 80." in told["ramp"].detail
    assert (
        "9 units that were there before the start came back and are not enrolled: t 9."
        in told["ramp_of_changes"].detail
    )
    assert told["undated"].passed
    assert "40 of 80 assignments have no assigned_at: the time of the event counts." in told["undated"].detail
    assert told["models"].passed and told["models"].detail == "Every assignment lies between the start and the end."


def test_a_split_that_is_not_planned_is_not_judged(results):
    srm = check_of(results, "unplanned", "srm")
    assert srm.detail == "No shares are planned (expected_split is empty), so there is no ratio to check."
    table = results["experiment_health"]
    mine = table[table.experiment_id == "unplanned"].check_id
    assert not mine.str.startswith("srm_").any()


def test_a_list_with_commas_is_one_name_and_the_sentence_says_so(results):
    unknown = check_of(results, "by_comma", "unknown_arm")
    assert unknown.detail == "Units in unregistered arms: t (40). Registered arms: c | t,u."


def test_a_later_version_of_a_covariate_does_not_erase_the_first(results):
    rows = estimates_of(results, "versions", metric_id="gain").set_index("method")
    assert rows.estimate["cuped"] == pytest.approx(1.0, abs=0.05)
    # The first version tells nearly all there is.
    assert rows.std_error["cuped"] < 0.2 * rows.std_error["difference_in_means"]


@pytest.mark.parametrize("experiment", ["dollars", "tenth_cents"])
def test_a_doubling_is_a_hundred_percent_in_any_unit_of_measure(results, experiment):
    found = estimates_of(results, experiment, metric_id="spent_log").set_index("method")
    t, c = (pd.Series([math.log(spent(arm, k)[1]) for k in range(SIZE)]) for arm in "tc")
    for absolute, relative in zip(METHODS, SHARES, strict=True):
        log, share = found.loc[absolute], found.loc[relative]
        assert log.estimate == pytest.approx(math.log(2), abs=1e-6), absolute
        assert share.estimate == pytest.approx(1, abs=1e-6)
        # The interval by the same transformation, the p value and the verdict of the same test.
        assert (share.ci_low, share.ci_high) == pytest.approx(
            (math.expm1(log.ci_low), math.expm1(log.ci_high)), rel=1e-6
        )
        assert (share.p_value, share.verdict) == (log.p_value, log.verdict)
        assert (log.estimand, share.estimand) == ("ate_log", "ate_log")
    plain = found.loc["difference_in_means"]
    assert plain.std_error == pytest.approx(math.sqrt(t.var() / SIZE + c.var() / SIZE), rel=1e-8)
    # Means of logarithms beside their difference, geometric means beside the share.
    share = found.loc["relative_difference"]
    assert share.mean_treatment / share.mean_control == pytest.approx(2, rel=1e-6)
    assert plain.mean_treatment - plain.mean_control == pytest.approx(plain.estimate, rel=1e-6)
    # log1p is another number in another unit of measure, and so no share.
    other = estimates_of(results, experiment, metric_id="spent_log1p").set_index("method")
    assert other.loc["difference_in_means"].estimand == "ate_log1p"
    assert "no share" in other.loc["relative_difference"].reason


def test_cuped_in_logarithms_takes_a_past_of_nothing_for_unknown(results):
    row = estimates_of(results, "dollars", metric_id="spent_log", method="cuped").iloc[0]
    units = [(arm, k) for arm in "ct" for k in range(SIZE)]
    past = pd.Series([spent(*u)[0] for u in units])
    x = past.where(past > 0).map(math.log, na_action="ignore")
    x = x.fillna(x.mean())
    y, arm = pd.Series([math.log(spent(*u)[1]) for u in units]), pd.Series([u[0] == "t" for u in units])
    slope = sum(y[arm == a].cov(x[arm == a]) for a in (0, 1)) / sum(x[arm == a].var() for a in (0, 1))
    rest = [(y - slope * x)[arm == a] for a in (1, 0)]
    assert row.estimate == pytest.approx(rest[0].mean() - rest[1].mean(), abs=1e-6)
    assert row.std_error == pytest.approx(math.sqrt(sum(r.var() / SIZE for r in rest)), rel=1e-6)
    plain = estimates_of(results, "dollars", metric_id="spent_log", method="difference_in_means").iloc[0]
    assert row.std_error < 0.7 * plain.std_error


def test_what_has_no_logarithm_is_counted_and_leaves_the_metric_without_an_estimate(results):
    rows = estimates_of(results, "not_all_spend", metric_id="spent_log")
    assert rows.estimate.isna().all() and (rows.verdict == "not_estimated").all()
    assert rows.reason.str.contains(
        "1 of 40 units of c and 2 of 40 units of t have no value above 0", regex=False
    ).all()
    # 0 and nothing have a logarithm of 1 + value; -2 has none.
    rows = estimates_of(results, "not_all_spend", metric_id="spent_log1p")
    assert rows.reason.str.contains(
        "0 of 40 units of c and 1 of 40 units of t have no value above -1", regex=False
    ).all()
    plan = results["experiment_plan"].query("experiment_id == 'not_all_spend' and metric_id == 'spent_log'")
    assert plan.sample_size.isna().all() and plan.reason.str.contains("logarithm").all()


def test_one_event_against_five_is_never_a_fall(results):
    found = estimates_of(results, "rare", metric_id="bought").set_index("method")
    absolute, relative = found.loc["difference_in_means"], found.loc["relative_difference"]
    assert absolute.p_value == pytest.approx(0.10, abs=0.005)
    assert relative.p_value == absolute.p_value
    assert relative.estimate == pytest.approx(-0.8)
    assert relative.ci_low > -1 and relative.ci_high > 0
    # Three events are expected in each arm, from which on the score test holds.
    assert set(found.verdict) == {"inconclusive"}
