"""Experiments without any effect, from raw events through dbt: what was done to them is found, and named.

Each is the same honest experiment with one thing done to its rows; the honest one has grade A.
"""

import re
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from dbt_warehouse import Project
from raw_tables import PROJECT, RawRows, insert_as_text, register

from ai_impact_stats.io.registry import COMPARED_DESIGNS

START, END, DATA_END = datetime(2026, 3, 2), datetime(2026, 4, 27), datetime(2026, 6, 15)
N = 1200
REGISTERED = {
    "design": "rct",
    "unit_type": "lead",
    "control_arm": "c",
    "treatment_arm": "t",
    "primary_metric_id": "reply_rate",
    "expected_split": "c:0.5|t:0.5",
    "registered_at": datetime(2026, 2, 2),
    "starts_at": START,
    "ends_at": END,
    "alpha": 0.05,
    "power": 0.8,
    "minimum_detectable_effect": 0.09,
}
METRIC = {"aggregation": "proportion", "numerator_measure": "reply", "covariate": "score", "window_days": 14}
FAULTS = {
    "moved": "lost_by_arm",
    "held_back": "lost_by_arm",
    "told_late": "assigned_after_outcome",
    "by_seller": "unregistered_clusters",
    "by_account": "unregistered_clusters",
    "exposed": "contamination",
    "ai_in_control": "contamination",
    "chosen": "pre_period_balance",
}


def plant() -> RawRows:
    rows = RawRows(DATA_END)
    for number, name in enumerate(("honest", "clustered", *FAULTS)):
        rng = np.random.default_rng(100 + number)
        treated, replies = rng.permutation(N) < N // 2, rng.random(N) < 0.3
        score, seller = rng.normal(0, 1, N), rng.integers(0, 60, N)
        at = [START + timedelta(hours=float(h)) for h in rng.uniform(0, 600, N)]
        if name in ("by_seller", "by_account", "clustered"):
            treated = (rng.permutation(60) < 30)[seller]
        if name == "chosen":
            treated = score + rng.normal(0, 3, N) > 0
        moved = 0
        for k in range(N):
            unit, arm = f"{name}{k}", "ct"[int(treated[k])]
            assigned = {"experiment_id": name, "unit_type": "lead", "unit_id": unit, "assigned_at": at[k]}
            assigned |= {"arm": arm, "assignment_method": "randomized"}
            if name != "exposed" or treated[k] or k % 10 == 0:
                assigned["exposed_at"] = at[k]
            late = name == "told_late" and replies[k] and k % 3 == 0
            told = at[k] + timedelta(days=10) if late else at[k]
            rows.add("assignments", told, **assigned)
            if name == "moved" and replies[k] and not treated[k] and moved < 11:
                rows.add("assignments", at[k] + timedelta(days=1), **assigned | {"arm": "t"})
                moved += 1
            known = {"unit_type": "lead", "unit_id": unit, "name": "score", "value_number": float(score[k])}
            early = START - timedelta(days=30)
            rows.add("unit_covariates", early, **known, observed_at=early, updated_at=early)
            if name in ("by_account", "clustered", "honest"):
                kept = {"unit_type": "lead", "unit_id": unit, "name": "account", "value_text": f"account{seller[k]}"}
                rows.add("unit_covariates", early, **kept, observed_at=early, updated_at=early)
            task = {
                "task_id": f"task{unit}",
                "use_case_id": "email_drafting",
                "subject_type": "lead",
                "subject_id": unit,
            }
            task |= {"actor_id": f"seller{seller[k]}", "actor_kind": "human"}
            by_ai = treated[k] or (name == "ai_in_control" and k % 10 == 0)
            if name in ("honest", "by_seller", "ai_in_control"):
                done = at[k] + timedelta(hours=2)
                mode = "ai_assisted" if by_ai else "human"
                rows.add("task_events", done, event_type="completed", execution_mode=mode, **task)
            if replies[k]:
                when = at[k] + timedelta(days=float(rng.uniform(0.1, 9)))
                rows.add("outcome_events", when, unit_type="lead", unit_id=unit, name="reply", value=1.0)
                if name == "held_back" and not treated[k] and k % 4 == 0:
                    rows.rows["outcome_events"][-1]["received_at"] = when + timedelta(days=31)
    rows.add("outcome_events", DATA_END, unit_type="visitor", unit_id="nobody", name="noise")
    return rows


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("conduct"))
    with duckdb.connect(str(project.path)) as connection:
        for source, rows in plant().rows.items():
            insert_as_text(connection, source, rows)
        experiments = {
            name: {**REGISTERED, "use_case_id": "email_drafting"} for name in ("honest", "clustered", *FAULTS)
        }
        experiments["clustered"]["cluster_by"] = "account"
        register(connection, experiments, {"reply_rate": METRIC})
    wanted = ("+impact_estimates", "+experiment_health")
    project.dbt("build", "--select", *wanted, "--exclude-resource-type", "seed", "test", "unit_test")
    with duckdb.connect(str(project.path), read_only=True) as connection:
        found = {
            name: connection.sql(f"select * from {name}").df() for name in ("impact_estimates", "experiment_health")
        }
    return found | {"project": project}


def health(results, experiment) -> pd.DataFrame:
    table = results["experiment_health"]
    return table[table.experiment_id == experiment].set_index("check_id")


def grades(results, experiment) -> set[str]:
    table = results["impact_estimates"]
    return set(table[(table.experiment_id == experiment) & table.estimate.notna()].evidence_grade)


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_done_is_found(results, name):
    checks = health(results, name)
    assert checks.passed[FAULTS[name]] == False, checks.detail  # noqa: E712
    assert grades(results, name) == {"D"}
    others = set(checks.index[checks.passed == False]) - {FAULTS[name]}  # noqa: E712
    # Who are chosen by their score differ in number, too.
    allowed = {"registration_witnessed", "withdrawn_siblings", "multiple_exposure", "srm", "power", "srm_triggered"}
    assert others <= allowed | {"methods_agree"}, checks.detail


@pytest.mark.parametrize("name", ["honest", "clustered"])
def test_an_honest_experiment_has_no_fault(results, name):
    checks = health(results, name)
    failed = set(checks.index[checks.passed == False]) - {"registration_witnessed", "power"}  # noqa: E712
    assert not failed, checks.detail
    assert grades(results, name) <= {"A", "B"}
    said = {"lost_by_arm", "assigned_after_outcome", "unregistered_clusters", "contamination"}
    # Registered clusters count as one unit each, and these are in no larger group.
    assert said - set(checks.index) == ({"unregistered_clusters"} if name == "clustered" else set())


def test_a_split_that_cannot_be_read_stops_the_run(results):
    project = results["project"]
    for split, said in (("half", "which can't be read"), ("c:0.5|x:0.5", "gives no share to the registered arm t")):
        with duckdb.connect(str(project.path)) as connection:
            connection.execute("update experiments set expected_split = ? where experiment_id = 'honest'", [split])
        failed = project.dbt("run", "--select", "int_experiments", succeeds=False)
        (message,) = [r.message for r in failed.result.results if r.message and "expected_split" in r.message]
        assert f"The experiment `honest` registers the expected_split '{split}'" in message and said in message


def test_sql_and_python_check_the_same_designs():
    text = (PROJECT / "macros/evidence/enrolment.sql").read_text()
    (listed,) = re.findall(r"macro has_assigned_arms\(\) -%\}\s+design in \(([^)]*)\)", text)
    assert set(re.findall(r"'(\w+)'", listed)) == COMPARED_DESIGNS
