"""From the moments of every experiment to its estimates and checks: what the dbt Python models call.

All tables are pandas DataFrames; one row of `moments` is (experiment_id, metric_id, segment, arm) with the columns
of `UnitMoments`, one row of `counts` is (experiment_id, arm) with `n_units` that are in one arm only and `n_excluded`
that were seen in several.
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pandas as pd
import pyarrow as pa

from . import checks
from .effects import cuped, difference, relative_difference
from .estimate import Estimate, missing
from .grading import Conduct, grade, sentence, verdict
from .moments import Arm, UnitMoments
from .multiplicity import benjamini_hochberg, holm
from .planning import minimum_detectable_effect
from .registry import COMPARED_DESIGNS, Experiment, is_missing, read_experiment

METHODS = {
    "difference_in_means": "absolute",
    "relative_difference": "relative",
    "cuped": "absolute",
    "cuped_relative": "relative",
}
AGGREGATIONS = ("mean", "ratio", "proportion", "count")

ESTIMATES = pa.schema(
    [
        *((name, pa.string()) for name in ("experiment_id", "metric_id", "method", "segment", "treatment_arm")),
        *((name, pa.string()) for name in ("control_arm", "metric_role", "estimand", "scale")),
        *((name, pa.float64()) for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value")),
        ("p_value_adjusted", pa.float64()),
        ("n_treatment", pa.int64()),
        ("n_control", pa.int64()),
        ("mean_treatment", pa.float64()),
        ("mean_control", pa.float64()),
        ("alpha", pa.float64()),
        ("is_primary", pa.bool_()),
        ("is_preregistered", pa.bool_()),
        *((name, pa.string()) for name in ("evidence_grade", "verdict", "reason")),
    ]
)
CHECKS = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("check_id", pa.string()),
        *((name, pa.float64()) for name in ("statistic", "p_value", "threshold")),
        ("passed", pa.bool_()),
        ("detail", pa.string()),
    ]
)
MOMENTS = [field.name for field in fields(UnitMoments) if field.name != "n_units"]
Cells = dict[tuple[str, str, str], dict[str, UnitMoments]]


def estimate_experiments(
    registry: pd.DataFrame, metrics: pd.DataFrame, moments: pd.DataFrame, counts: pd.DataFrame
) -> pa.Table:
    """One row per experiment, metric, method, segment and treatment arm (schema `ESTIMATES`).

    Every metric that is registered gets its rows: where the data allow no estimate, NULLs and a reason.
    """
    cells, catalogue, sizes = _cells(moments), _catalogue(metrics), _counts(counts)
    rows: list[dict] = []
    for record in _records(registry):
        experiment = read_experiment(record)
        found = [
            row
            for metric_id in experiment.metrics
            for segment in _segments(cells, experiment, metric_id)
            for row in _estimate_metric(experiment, metric_id, catalogue.get(metric_id), cells, segment)
        ]
        _adjust(found)
        _judge(experiment, found, catalogue, _checks(experiment, catalogue, cells, sizes))
        rows += found
    return _table(rows, ESTIMATES)


def check_experiments(
    registry: pd.DataFrame, metrics: pd.DataFrame, moments: pd.DataFrame, counts: pd.DataFrame
) -> pa.Table:
    """One row per experiment and check (schema `CHECKS`)."""
    cells, catalogue, sizes = _cells(moments), _catalogue(metrics), _counts(counts)
    rows = [
        {"experiment_id": experiment.experiment_id, "check_id": check_id}
        | {name: getattr(check, name) for name in ("statistic", "p_value", "threshold", "passed", "detail")}
        for experiment in map(read_experiment, _records(registry))
        for check_id, check in _checks(experiment, catalogue, cells, sizes).items()
    ]
    return _table(rows, CHECKS)


def _table(rows: list[dict], schema: pa.Schema) -> pa.Table:
    """Rows as typed Arrow, with nine significant digits.

    Engines add in an order that differs from run to run, which moves the last of sixteen digits; a run that is repeated
    must end in the same table.
    """
    floats = [field.name for field in schema if field.type == pa.float64()]
    for row in rows:
        row.update({name: None if row[name] is None else float(f"{row[name]:.8e}") for name in floats})
    return pa.Table.from_pylist(rows, schema=schema)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")


def _catalogue(metrics: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {str(row["metric_id"]): row for row in _records(metrics)}


def _cells(moments: pd.DataFrame) -> Cells:
    cells: Cells = {}
    for row in _records(moments):
        key = (str(row["experiment_id"]), str(row["metric_id"]), str(row["segment"]))
        values = {k: math.nan if is_missing(row[k]) else float(row[k]) for k in MOMENTS if k != "n"}
        cells.setdefault(key, {})[str(row["arm"])] = UnitMoments(n=int(row["n"]), **values)
    return cells


def _counts(counts: pd.DataFrame) -> dict[str, dict[str, tuple[int, int]]]:
    sizes: dict[str, dict[str, tuple[int, int]]] = {}
    for row in _records(counts):
        pair = (int(row["n_units"]), int(row["n_excluded"]))
        sizes.setdefault(str(row["experiment_id"]), {})[str(row["arm"])] = pair
    return sizes


def _segments(cells: Cells, experiment: Experiment, metric_id: str) -> list[str]:
    found = {s for e, m, s in cells if (e, m) == (experiment.experiment_id, metric_id)}
    return sorted(found | {"all"})


def _metric_problem(experiment: Experiment, metric_id: str, metric: Mapping[str, Any] | None) -> str | None:
    if experiment.problem:
        return experiment.problem
    if metric is None:
        return f"The metric {metric_id} is not in metric_catalog: add it there, or correct the registration."
    if metric["aggregation"] not in AGGREGATIONS:
        return f"The aggregation {metric['aggregation']} of the metric {metric_id} is not estimated yet."
    if not is_missing(metric["transform"]) and metric["transform"] != "none":
        return (
            f"The transform {metric['transform']} of the metric {metric_id} is not applied yet, so it is not estimated."
        )
    return None


def _arm(moments: UnitMoments, metric: Mapping[str, Any]) -> Arm:
    if metric["aggregation"] == "proportion" and moments.n:
        return Arm.from_proportion(moments.mean_y * moments.n, moments.n)
    return moments.ratio()


def _estimate_metric(
    experiment: Experiment, metric_id: str, metric: Mapping[str, Any] | None, cells: Cells, segment: str
) -> list[dict]:
    arms = cells.get((experiment.experiment_id, metric_id, segment), {})
    problem = _metric_problem(experiment, metric_id, metric)
    nothing = UnitMoments.from_rows([])
    rows = []
    for treatment in experiment.treatments or [None]:
        t, c = arms.get(treatment, nothing), arms.get(experiment.control, nothing)
        adjusts = metric is not None and not is_missing(metric["covariate"])
        for method, scale in METHODS.items():
            if method.startswith("cuped") and not adjusts:
                continue
            e = missing(problem, t.n, c.n) if problem else _estimate(method, t, c, metric, experiment.alpha)
            rows.append(_row(experiment, metric_id, metric, method, scale, segment, treatment, e, t, c))
    return rows


def _estimate(method: str, t: UnitMoments, c: UnitMoments, metric: Mapping[str, Any], alpha: float) -> Estimate:
    if method.startswith("cuped"):
        return cuped(t, c, alpha, relative=method == "cuped_relative")
    compare = difference if method == "difference_in_means" else relative_difference
    return compare(_arm(t, metric), _arm(c, metric), alpha)


def _row(experiment, metric_id, metric, method, scale, segment, treatment, e: Estimate, t, c) -> dict:
    means = {"mean_treatment": t.ratio().mean if t.n else None, "mean_control": c.ratio().mean if c.n else None}
    return {
        "experiment_id": experiment.experiment_id,
        "metric_id": metric_id,
        "method": method,
        "segment": segment,
        "treatment_arm": treatment,
        "control_arm": experiment.control or None,
        "metric_role": experiment.metrics[metric_id],
        "estimand": "ate",
        "scale": scale,
        "estimate": e.estimate,
        "std_error": e.std_error,
        "ci_low": e.ci_low,
        "ci_high": e.ci_high,
        "p_value": e.p_value,
        "p_value_adjusted": None,
        "n_treatment": e.n_treatment,
        "n_control": e.n_control,
        **{k: None if v is None or math.isnan(v) else v for k, v in means.items()},
        "alpha": experiment.alpha,
        "is_primary": experiment.metrics[metric_id] == "primary",
        "is_preregistered": experiment.is_preregistered,
        "evidence_grade": None,
        "verdict": None,
        "reason": e.reason,
    }


def _adjust(rows: list[dict]) -> None:
    """Correct the p values in their families: primary by Holm, secondary by Benjamini-Hochberg.

    A family holds the hypotheses of one role, each once: the same method and segment over metrics and arms. Guardrails
    keep their own p values, because a correction would hide harm.
    """
    families: dict[tuple, list[dict]] = {}
    for row in rows:
        families.setdefault((row["metric_role"], row["method"], row["segment"]), []).append(row)
    procedures = {"primary": holm, "secondary": benjamini_hochberg}
    for (role, _, _), family in families.items():
        p_values = [row["p_value"] for row in family]
        adjusted = procedures[role](p_values) if role in procedures else p_values
        for row, p in zip(family, adjusted, strict=True):
            row["p_value_adjusted"] = None if row["p_value"] is None else float(p)


def _judge(
    experiment: Experiment, rows: list[dict], catalogue: Mapping[str, Mapping], found: Mapping[str, checks.Check]
) -> None:
    conduct = Conduct(
        design=experiment.design,
        assignment_method=experiment.assignment_method,
        registered_before_start=experiment.registered_before_start,
        changed_after_start=experiment.changed_after_start,
        sample_ratio=found["srm"].passed,
        balance=found["pre_period_balance"].passed,
        powered=found["power"].passed,
        exposure=found["multiple_exposure"].passed,
        arms_known=found["unknown_arm"].passed,
        finished=experiment.finished,
    )
    earned, why = grade(conduct)
    for row in rows:
        has = row["estimate"] is not None
        row["evidence_grade"] = earned if has else None
        direction = str(catalogue.get(row["metric_id"], {}).get("direction", "up"))
        row["verdict"] = verdict(
            row["estimate"],
            row["ci_low"],
            row["ci_high"],
            row["p_value_adjusted"],
            experiment.alpha,
            direction,
            row["evidence_grade"],
            bool(experiment.finished),
            _smallest(experiment, catalogue.get(row["metric_id"], {}), row),
        )
        row["reason"] = sentence([row["reason"], why if has else None])


def _effect_scale(metric: Mapping[str, Any]) -> str:
    """The scale of a registered smallest effect: the metric's unit for means and proportions, relative otherwise."""
    return "absolute" if metric.get("aggregation") in ("mean", "proportion") else "relative"


def _smallest(experiment: Experiment, metric: Mapping[str, Any], row: Mapping[str, Any]) -> float | None:
    """The registered smallest effect of the primary metric, on the row's scale."""
    planned, level = experiment.smallest_effect, row["mean_control"]
    if not row["is_primary"] or planned is None or not level:
        return None
    if row["scale"] == _effect_scale(metric):
        return planned
    return planned / abs(level) if row["scale"] == "relative" else planned * abs(level)


def _checks(
    experiment: Experiment, catalogue: Mapping[str, Mapping], cells: Cells, sizes: Mapping[str, dict]
) -> dict[str, checks.Check]:
    counts = {arm: pair[0] for arm, pair in sizes.get(experiment.experiment_id, {}).items()}
    excluded = sum(pair[1] for pair in sizes.get(experiment.experiment_id, {}).values())
    return {
        "srm": _sample_ratio(experiment, counts),
        "multiple_exposure": checks.multiple_exposure(excluded, sum(counts.values()) + excluded),
        "unknown_arm": checks.unknown_arms(counts, set(experiment.arms)),
        "pre_period_balance": checks.pre_period_balance(_covariates(experiment, catalogue, cells)),
        "power": _power(experiment, catalogue, cells),
        "registered_late": _fact(
            experiment.registered_before_start,
            "Registered before its start.",
            "Registered after its start, or undated.",
        ),
        "registration_changed": _fact(
            None if experiment.changed_after_start is None else not experiment.changed_after_start,
            "The registration has not changed since its start.",
            "The registration changed after its start.",
        ),
        "still_running": _fact(
            experiment.finished, "The data reach beyond its end.", "The data end before the experiment does."
        ),
    }


def _fact(passed: bool | None, yes: str, no: str) -> checks.Check:
    detail = "Not known." if passed is None else yes if passed else no
    return checks.Check(None, None, None, passed, detail)


def _sample_ratio(experiment: Experiment, counts: Mapping[str, int]) -> checks.Check:
    if isinstance(experiment.weights, str):
        return checks.Check(None, None, checks.SRM_ALPHA, None, experiment.weights)
    # The units that quasi-experiments compare were never meant to have a ratio.
    if experiment.design not in COMPARED_DESIGNS and not experiment.has_split:
        detail = "The design plans no split, so there is no ratio to check."
        return checks.Check(None, None, checks.SRM_ALPHA, None, detail)
    return checks.sample_ratio(counts, experiment.weights)


def _covariates(experiment: Experiment, catalogue: Mapping[str, Mapping], cells: Cells) -> dict[str, tuple[Arm, Arm]]:
    """Each covariate once: one that several metrics name is the same number in all of them."""
    pairs: dict[str, tuple[Arm, Arm]] = {}
    for metric_id in experiment.metrics:
        named = catalogue.get(metric_id, {}).get("covariate")
        arms = cells.get((experiment.experiment_id, metric_id, "all"), {})
        if is_missing(named) or experiment.control not in arms:
            continue
        name = f"{metric_id} before the start" if named == "pre_period" else str(named)
        for treatment in experiment.treatments:
            label = name if len(experiment.treatments) == 1 else f"{name} ({treatment})"
            if treatment in arms:
                pairs.setdefault(label, (arms[treatment].covariate(), arms[experiment.control].covariate()))
    return pairs


def _power(experiment: Experiment, catalogue: Mapping[str, Mapping], cells: Cells) -> checks.Check:
    """Could the experiment see the effect it was planned for, in every treatment arm, with the precision it reached?

    The statistic is the smallest effect on the primary metric that it finds with the planned power, in its unit for
    means and proportions, relative to the control otherwise: the scale of the registered effect.
    """
    planned, metric = experiment.smallest_effect, catalogue.get(experiment.primary or "")
    problem = _metric_problem(experiment, experiment.primary or "(none)", metric)
    if problem or planned is None:
        return checks.Check(None, None, planned, None, problem or "No minimum detectable effect is registered.")
    arms = cells.get((experiment.experiment_id, experiment.primary, "all"), {})
    nothing, reached = UnitMoments.from_rows([]), []
    for treatment in experiment.treatments:
        t, c = arms.get(treatment, nothing), arms.get(experiment.control, nothing)
        known = [difference(_arm(t, metric), _arm(c, metric), experiment.alpha), cuped(t, c, experiment.alpha)]
        known = [e for e in known if e.estimate is not None]
        level = 1.0 if _effect_scale(metric) == "absolute" else abs(c.ratio().mean) if c.n else 0.0
        if not known or not level > 0:
            return checks.Check(None, None, planned, False, f"The effect of the arm {treatment} can't be estimated.")
        best = min(known, key=lambda e: e.std_error)
        mde = minimum_detectable_effect(best.std_error, experiment.alpha, experiment.power, best.df)
        reached.append(mde / level)
    worst = max(reached)
    detail = (
        f"Finds an effect of {worst:.3g} ({_effect_scale(metric)}) on {experiment.primary} "
        f"with power {experiment.power:g}; {planned:.3g} was planned for."
    )
    return checks.Check(worst, None, planned, worst <= planned, detail)
