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
    "orders_per_visit": {"aggregation": "ratio", "numerator_measure": "visit_value", "denominator_measure": "visit"},
    "won": {"aggregation": "mean", "numerator_measure": "deals_won"},
    "spent_p90": {"aggregation": "quantile", "quantile": 0.9, "numerator_measure": "visit"},
}
FACTS = (
    "fct_opportunities",
    "fct_survey_responses",
    "fct_ai_calls",
    "kpi_event_rates",
    "kpi_surveys",
    "int_kpi_cells",
    "fct_tasks",
    "int_influenced_opportunities",
)
# Names of channels that look like ways through them, or like the ends of other texts.
ODD_NAMES = ["Shop >", "> Shop", "Email > > Promo", "Shop", "a|b", "a,b", '"it\'s": 50 %', "two\nlines", "Täglich 🙂"]
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
    "silent": ({}, (210, 210), "Every unit has 0", {"visits": 0}),
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
            *(("ten", name, n - 9) for n, name in enumerate(ODD_NAMES)),
        ]  # fmt: skip
        values = {"six": "inf", "seven": "NaN", "eight": -50.0, "nine": 1e300, "one": 10.0, "untouched": 5.0, "ten": 20}
        # Six of each: fewer people than k have no numbers.
        for copy in range(6):
            name = {visitor: f"{visitor}{copy}" for visitor, *_ in touches if visitor} | {None: None}
            for visitor, channel, days in touches:
                self.add("touches", at + timedelta(days=days), visitor_id=name[visitor], channel=channel)
            for visitor in [*filter(lambda v: v != "nobody", name), "untouched"]:
                who = {"unit_type": "visitor", "unit_id": name.get(visitor, f"untouched{copy}"), "name": "signup"}
                self.add("outcome_events", at, **who, value=values.get(visitor))

    def accounts(self) -> None:
        """92 accounts under 104 ids: the deals of twelve stand under another id of theirs, of either kind."""
        at = datetime(2026, 3, 10)
        for k in range(92):
            account, other = f"a{k}", f"b{k}" if k < 6 else f"crm{k}" if k < 12 else f"a{k}"
            state = {
                "opportunity_id": f"d{k}",
                "account_id": other,
                "created_at": at,
                "closed_at": at + timedelta(days=k % 4),
            }
            state |= {
                "is_closed": True,
                "currency": "USD",
                "owner_id": f"p{k % 7}",
                "updated_at": at + timedelta(days=9),
            }
            self.add("opportunities", state["updated_at"], **state, amount=1000, is_won=True)
            if k >= 12:
                continue
            kinds = {"id_type_a": "account", "id_a": account, "id_type_b": "account" if k < 6 else "crm", "id_b": other}
            self.add("identity_links", at, **kinds)
            self.add(
                "outcome_events",
                datetime(2026, 4, 20),
                unit_type="account",
                unit_id=account,
                name="churned",
                value=None,
            )
            answer = {"instrument": "nps", "scale_min": 0, "scale_max": 10, "score": 10, "respondent_hash": f"r{k}"}
            self.add("survey_responses", datetime(2026, 4, 14), account_id=account, **answer)
            where = {"experiment_id": "by_account", "unit_type": "account", "unit_id": account}
            self.add("assignments", START, **where, arm="ct"[k % 2], assigned_at=START, assignment_method="randomized")
            # A second deal, so that there is something to compare.
            again = state | {"opportunity_id": f"e{k}", "closed_at": at + timedelta(days=9)}
            self.add("opportunities", state["updated_at"], **again, amount=0, is_won=k % 2 == 1 and k != 3)
        for subject in (("account", "a0"), ("crm", "crm6"), ("crm", "b0"), ("account", "crm7")):
            decision = {"decision_id": f"about {subject}", "subject_type": subject[0], "subject_id": subject[1]}
            self.add("decision_events", START, event_type="proposed", **decision, ai_recommendation="call them")

    def spans(self) -> None:
        """Forty tasks: an agent says what its two calls say together. Half of the traces name the parents."""
        by_hand = {"event_type": "completed", "execution_mode": "human", "actor_kind": "human", "use_case_id": "triage"}
        # So that April is whole, and enough people work in its quarter.
        for day in (START, DATA_END - timedelta(days=1)):
            for n in range(5):
                self.add("task_events", day, **by_hand, task_id=f"{n} on {day}", actor_id=f"p{n}")
        for k in range(40):
            at, task = datetime(2026, 4, 7, 9) + timedelta(minutes=k), {"task_id": f"task{k}", "use_case_id": "triage"}
            for step, event_type in enumerate(("created", "started", "completed")):
                self.add("task_events", at + timedelta(seconds=step), event_type=event_type, **task,
                         execution_mode="ai_autonomous", actor_kind="ai", actor_id="bot")  # fmt: skip
            span = {"event_type": "model_call", "trace_id": f"trace{k}", "cost_currency": "USD", "status": "ok"}
            agent = {"span_id": "1", "parent_span_id": None, "operation_name": "invoke_agent", **task}
            self.add("ai_events", at, **span, **agent, cost_amount=0.09526, input_tokens=300, output_tokens=30)
            for n, cost in enumerate((0.05, 0.04526), start=1):
                # A call that says nothing of the task is for that of the agent.
                named = task if n == 1 else dict.fromkeys(task)
                call = {
                    "span_id": f"{n + 1}",
                    "parent_span_id": "1" if k % 2 else None,
                    "operation_name": "chat",
                    **named,
                }
                self.add("ai_events", at, **span, **call, cost_amount=cost, input_tokens=100 * n, output_tokens=10 * n)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project, warehouse = Project(tmp_path_factory.mktemp("responders")), Warehouse()
    for name, (_, sizes, _, odd) in CASES.items():
        warehouse.units(name, sizes, odd)
    warehouse.journeys()
    warehouse.accounts()
    warehouse.spans()
    warehouse.add("outcome_events", DATA_END, unit_type="visitor", unit_id="x", name="noise", value=None)
    with duckdb.connect(str(project.path)) as connection:
        for source, found in warehouse.rows.items():
            insert_as_text(connection, source, found)
        registered = {name: DEFAULTS | change for name, (change, *_) in CASES.items()}
        by_account = DEFAULTS | {"design": "rct", "unit_type": "account", "primary_metric_id": "won"}
        register(connection, registered | {"by_account": by_account}, METRICS)
    tables = ("uplift_deciles", "uplift_curve", "channel_attribution", "impact_estimates", "experiment_health", *FACTS)
    wanted = [f"+{name}" for name in tables]
    project.see_registrations()
    project.dbt("build", "--select", *wanted, "--exclude-resource-type", "seed", "test", "unit_test")
    # It compares a fact with a KPI that nothing here builds.
    beyond = ("--exclude", "kpi_cycle_time_counts_every_task")
    project.dbt(
        "test",
        "--select",
        *tables,
        *beyond,
        "--exclude-resource-type",
        "unit_test",
        "--indirect-selection",
        "buildable",
    )
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
    # Six visitors each of one, two, three, four, five, eight, ten and untouched.
    signups = table[table.period_start == "2026-04-01"].groupby("model")[["conversions", "revenue"]].sum()
    assert len(totals) == len(signups) == 7
    assert np.allclose(signups.conversions, 8 * 6), signups
    assert np.allclose(signups.revenue, 6 * (10.0 - 50.0 + 5.0 + 20.0)), signups
    gaps = table[table.conversions_ci_low.isna() | table.revenue_ci_low.isna()]
    assert len(gaps) and gaps.reason.str.endswith(".").all()


def test_a_channel_may_bear_any_name(results):
    table = results["channel_attribution"]
    assert set(table.channel) == {"(none)", "none", "ads", "ads > email", "email", *ODD_NAMES}
    odd = table[table.channel.isin(ODD_NAMES) & (table.model == "shapley")]
    assert np.allclose(odd.conversions, 6 / len(ODD_NAMES)) and len(odd) == len(ODD_NAMES)


def test_an_account_of_several_ids_is_one(results):
    deals, answers = results["fct_opportunities"], results["fct_survey_responses"]
    assert deals.account_id.nunique() == 92
    assert set(answers.account_id) <= set(deals.account_id)
    month = {"use_case_id": "(all)", "team_id": "(all)"}
    rates, surveys = results["kpi_event_rates"], results["kpi_surveys"]
    gone = rates[(rates.kpi_id == "churned_revenue") & (rates[list(month)] == list(month.values())).all(axis=1)]
    assert gone.numerator.max() == 12_000
    response = surveys[(surveys.kpi_id == "nps_response_rate") & surveys.value.notna()]
    assert set(response.denominator) == {92.0} and response.numerator.max() == 12
    assert results["int_influenced_opportunities"].query("is_influenced").event_key.nunique() == 6


def test_deals_under_another_id_are_outcomes_of_the_unit(results):
    found = results["impact_estimates"].query("experiment_id == 'by_account' and method == 'difference_in_means'")
    # All twelve won once; of the six treated all but one won again.
    assert found.estimate.tolist() == pytest.approx([5 / 6])
    assert found[["n_treatment", "n_control"]].to_numpy().tolist() == [[6, 6]]


def test_spans_within_spans_cost_once(results):
    calls, cells = results["fct_ai_calls"], results["int_kpi_cells"]
    sums = calls[["cost_amount", "input_tokens", "output_tokens"]].sum()
    assert sums.tolist() == pytest.approx([40 * 0.09526, 40 * 300, 40 * 30])
    assert calls.is_model_call.sum() == calls.is_cost_counted.sum() == 80
    assert calls.task_id.notna().all()
    # No charge covers these tasks, so that kpi_cost_per_task has no sum of them: the calls' part is read before that.
    month = cells[(cells.period_grain == "month") & (cells.use_case_id == "(all)") & (cells.team_id == "(all)")]
    assert month.compute_cost.sum() == pytest.approx(3.8104)


def test_what_is_no_number_is_kept_aside(results):
    rows = results["base_outcome_events"]
    aside = rows[rows.row_status == "quarantined"].groupby(["reason", "reason_column"]).size().to_dict()
    # Three of the values of journeys, six times; one each of two experiments.
    assert aside == {("out_of_range", "value"): 3 * 6 + 2, ("missing_key", "unit_id"): 6}
