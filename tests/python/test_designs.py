"""The registry of designs: what each dbt model hands over, and that a new design needs no dbt model."""

import re
from pathlib import Path
from threading import Barrier, Thread
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from test_stats_experiments import METRIC, REGISTRATION, counts_of, moments_of, units
from test_stats_rollouts import registry as rollout

from ai_impact_stats.designs import DESIGNS, RESULTS, reads, results
from ai_impact_stats.estimators.checks import Check
from ai_impact_stats.estimators.remembered import MOST, remembered
from ai_impact_stats.io.inputs import Inputs

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("result", RESULTS)
def test_each_model_hands_over_what_its_designs_read(result):
    text = (ROOT / f"python_models/design_{result}.py").read_text()
    named = re.findall(r'"(\w+)": dbt\.ref\("ai_impact", "(\w+)"\)', text)
    assert all(name == model for name, model in named)
    assert {name for name, _ in named} == reads(result)
    assert len(named) == text.count("dbt.ref(")


def before_after() -> type:
    """The class that CONTRIBUTING.md adds."""
    diff = (ROOT / "CONTRIBUTING.md").read_text().split("```diff\n")[1].split("```")[0]
    new = diff.split("--- a/")[0].splitlines()[1:]
    module = ModuleType("ai_impact_stats.designs.before_after")
    module.__package__ = "ai_impact_stats.designs"
    exec("\n".join(line.removeprefix("+") for line in new), module.__dict__)
    return module.BeforeAfter


def toy_tables(result: str) -> dict:
    """An experiment of the new design, and a randomised one, each with a primary and two secondary metrics."""
    named = {"design": "before_after", "secondary_metric_ids": "n|o"}
    registry = [{**REGISTRATION, **named}, {**REGISTRATION, "experiment_id": "other"}]
    frame = units(effect=0.6)
    moments = [row for metric in "mno" for row in moments_of(frame, metric=metric)]
    past = [
        {**row, "mean_y": row["mean_y"] - shift, "n_observed": row["n"]}
        for row, shift in zip(moments, (0.3, 0.3, 0.3, 0.3, 0.0, 0.0), strict=True)
    ]
    tables = {
        "int_experiments": pd.DataFrame(registry),
        "int_metric_catalog": pd.DataFrame([{**METRIC, "metric_id": metric} for metric in "mno"]),
        "moments_unit_metrics": pd.DataFrame(moments),
        "moments_arm_counts": counts_of(frame),
        "moments_past": pd.DataFrame(past),
    }
    return {name: tables.get(name) for name in reads(result)}


def test_a_new_design_has_its_rows_in_every_result():
    """Without another dbt model, and without another table in one."""

    class Toy(before_after()):
        def diagnose(self, experiment, inputs):
            return {"toy": Check(1.0, None, 2.0, True, "It is one.")}

        def counterfactuals(self, experiment, inputs):
            names = RESULTS["counterfactuals"].names
            week = {"week": "2026-01-05", "is_after": True, "observed": 2.0, "expected": 1.0}
            return [dict.fromkeys(names) | {"experiment_id": experiment.experiment_id, "metric_id": "m"} | week]

        def event_study(self, experiment, inputs):
            point = {"metric_id": "m", "relative_period": 0, "estimate": 1.0}
            return [dict.fromkeys(RESULTS["event_study"].names) | {"experiment_id": experiment.experiment_id} | point]

    designs = (*DESIGNS[:-1], Toy(), DESIGNS[-1])
    found = {}
    for result, schema in RESULTS.items():
        assert reads(result, designs) == reads(result)
        table = results(result, toy_tables(result), designs)
        assert table.schema == schema
        found[result] = table.to_pandas().query("experiment_id == 'e'")
        assert len(found[result]), result
    rows = found["estimates"].set_index(["metric_id", "method"])
    assert set(rows.index) == {(m, f"before_after{scale}") for m in "mno" for scale in ("", "_relative")}
    assert set(rows.evidence_grade) == {"E"} and set(rows.verdict) == {"not_established"}
    assert rows.estimate[("m", "before_after")] == pytest.approx(0.3)
    # Two secondary metrics are one family, the primary its own.
    assert rows.p_value_adjusted[("m", "before_after")] == rows.p_value[("m", "before_after")]
    assert rows.p_value_adjusted[("n", "before_after")] == pytest.approx(2 * rows.p_value[("n", "before_after")])
    checks = found["checks"].set_index("check_id")
    assert checks.passed["toy"] and {"srm", "power", "registered_late"} <= set(checks.index)
    assert set(found["plans"].metric_id) == set("mno") and found["balance"].covariate.notna().all()


def test_a_design_leaves_the_others_their_experiments():
    tables = toy_tables("estimates")
    found = results("estimates", tables, (*DESIGNS[:-1], before_after()(), DESIGNS[-1])).to_pandas()
    other = found[found.experiment_id == "other"]
    known = results("estimates", tables).to_pandas()
    assert other.reset_index(drop=True).equals(known[known.experiment_id == "other"].reset_index(drop=True))
    # Without the class its design is one that nobody compares, and says so.
    assert known[known.experiment_id == "e"].reason.str.contains("The design before_after has no estimator").all()


class Relation:
    """A table of an engine, which counts how often it is read."""

    def __init__(self, frame):
        self.frame, self.times = frame, 0

    def df(self):
        self.times += 1
        return self.frame


def test_a_table_is_read_once_and_only_where_a_design_asks():
    tables = {name: Relation(pd.DataFrame()) for name in reads("counterfactuals")}
    tables["int_experiments"] = Relation(rollout())
    results("counterfactuals", tables)
    assert {name: table.times for name, table in tables.items() if table.times} == {"int_experiments": 1}
    tables["int_experiments"] = Relation(pd.concat([rollout(design="geo"), rollout(design="geo", experiment_id="b")]))
    tables["int_metric_catalog"] = Relation(pd.DataFrame([{**METRIC, "metric_id": "hours"}]))
    results("counterfactuals", tables)
    assert tables["int_geo_panels"].times == 1 and tables["moments_series"].times == 0


def test_a_table_that_is_not_handed_over_is_named():
    with pytest.raises(LookupError, match="moments_new was not handed over: add it to reads of the design"):
        Inputs({}).rows("moments_new", "e", "m")


def test_a_fit_is_made_once_whoever_asks():
    calls, both = [], Barrier(2)

    @remembered
    def fit(y, alpha=0.05):
        calls.append(alpha)
        if (y < 0).any():
            raise ValueError("negative")
        return y.sum()

    def ask():
        both.wait()
        fit(np.ones(3))

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [0.05]
    # Other contents, shapes, types and arguments are other fits; an error is not kept.
    others = (np.ones((3, 1)), np.ones(4), np.ones(3, "int64"), np.array([1.0, 1.0, 2.0]))
    assert [float(fit(y)) for y in others] == [3, 4, 3, 4] and fit(np.ones(3), 0.1) == 3
    assert len(calls) == 6
    for _ in range(2):
        with pytest.raises(ValueError, match="negative"):
            fit(-np.ones(3))
    assert len(calls) == 8
    for k in range(MOST):
        fit(np.array([float(k)]))
    fit(np.ones(3))
    assert len(calls) == 9 + MOST
