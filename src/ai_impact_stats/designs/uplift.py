"""Who responds to the treatment: effect learners, and whether what they say holds on units they have not seen."""

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from ..estimators.estimate import is_bounded, quantile
from ..estimators.learners import (
    LEARNERS,
    Policy,
    Scores,
    Subjects,
    alike_by_prediction,
    calibration,
    cross_fitted,
    curve,
    effect_of,
    policy,
    ranks,
)
from ..io.registry import Experiment, read_experiment
from ..io.schemas import CURVE, DECILES, SCORES
from ..io.tables import records, write_table

try:
    from sklearn.ensemble import HistGradientBoostingRegressor
except ModuleNotFoundError:  # The rows say so: the other models run without it.
    HistGradientBoostingRegressor = None


@dataclass(frozen=True)
class Cohort:
    """One treatment arm of one experiment against its control; without units, `note` is the reason."""

    keys: dict
    units: Subjects | None
    alpha: float
    sign: float
    note: str | None


def cohorts(registry: pd.DataFrame, metrics: pd.DataFrame, units: pd.DataFrame, features: pd.DataFrame) -> list[Cohort]:
    """From `int_uplift_units` and `int_uplift_features`, with the features side by side."""
    directions = {str(row["metric_id"]): row["direction"] for row in records(metrics)}
    experiments = {str(row["experiment_id"]): read_experiment(row) for row in records(registry)}
    found = []
    for (experiment_id, metric_id), rows in units.groupby(["experiment_id", "metric_id"], sort=True):
        experiment = experiments[str(experiment_id)]
        known = features[features["experiment_id"] == experiment_id]
        wide = known.pivot_table(index="unit_id", columns="name", values="value").sort_index(axis=1)
        rows = rows.sort_values("unit_key").set_index("unit_id")
        x = wide.reindex(rows.index).to_numpy(float)
        whole = int(rows["n_units"].iloc[0])
        note = None if whole == len(rows) else f"Learned from a sample of {len(rows)} of {whole} units."
        for arm in experiment.treatments:
            at = rows["arm"].isin([arm, experiment.control]).to_numpy()
            treated = (rows["arm"] == arm).to_numpy(float)[at]
            keys = {"experiment_id": str(experiment_id), "metric_id": str(metric_id), "treatment_arm": arm}
            sign = -1.0 if directions.get(str(metric_id)) == "down" else 1.0
            part = None
            if at.any():
                part = Subjects(x[at], treated, sign * rows["value"].to_numpy(float)[at], float(treated.mean()))
            found.append(Cohort(keys, part, experiment.alpha, sign, note if at.any() else "No unit was assigned."))
    return found


def unstudied(registry: pd.DataFrame, metrics: pd.DataFrame, studied: set[str]) -> list[Cohort]:
    """Experiments that are registered for uplift and have no units to learn from, each with the reason."""
    catalogue = {str(row["metric_id"]): str(row["aggregation"]) for row in records(metrics)}
    experiments = [read_experiment(row) for row in records(registry) if row["design"] == "uplift"]
    found = []
    for e in experiments:
        if e.experiment_id in studied:
            continue
        metric, arm = e.primary or "none", next(iter(e.treatments), "none")
        keys = {"experiment_id": e.experiment_id, "metric_id": metric, "treatment_arm": arm}
        found.append(Cohort(keys, None, e.alpha, 1.0, _obstacle(e, catalogue.get(metric))))
    return found


def _obstacle(experiment: Experiment, aggregation: str | None) -> str:
    if experiment.problem:
        return experiment.problem
    if experiment.primary is None:
        return "The registration names no primary metric."
    if aggregation is None:
        return f"The metric {experiment.primary} is not in the metric catalogue."
    if aggregation in ("ratio", "quantile"):
        return f"The metric {experiment.primary} is a {aggregation}, which is undefined for a single unit: use a mean."
    method = experiment.assignment_method or "randomized"
    if method != "randomized":
        return f"Learners compare randomised arms, but these were {method.replace('_', '-')}."
    if experiment.cluster_by:
        return f"Learners assume independent units, but these were assigned in clusters ({experiment.cluster_by})."
    return "No unit was assigned."


def uplift_tables(
    registry: pd.DataFrame, metrics: pd.DataFrame, units: pd.DataFrame, features: pd.DataFrame
) -> tuple[list[dict], list[dict]]:
    """Deciles and curves of all cohorts, learners one by one. Effects are in the metric's own sign."""
    deciles: list[dict] = []
    curves: list[dict] = []
    found = cohorts(registry, metrics, units, features)
    studied = {cohort.keys["experiment_id"] for cohort in found}
    for cohort in [*found, *unstudied(registry, metrics, studied)]:
        units = cohort.units
        problem = cohort.note if units is None else units.problem()
        if HistGradientBoostingRegressor is None:
            problem = "scikit-learn is not installed: run pip install scikit-learn."
        if problem or units is None:
            blank = {"learner": "none", "reason": problem} | cohort.keys
            deciles.append(dict.fromkeys(DECILES.names) | blank)
            curves.append(dict.fromkeys(CURVE.names) | blank)
            continue
        scores = cross_fitted(units)
        for learner in LEARNERS:
            d, c = _tables(cohort, units, learner, scores)
            deciles += d
            curves += c
    return deciles, curves


def _tables(cohort: Cohort, units: Subjects, learner: str, scores: Scores) -> tuple[list[dict], list[dict]]:
    alpha, sign, treated = cohort.alpha, cohort.sign, units.treated[scores.at]
    predicted, signal = scores.predicted[learner], scores.signal
    place = ranks(predicted, scores.fold)
    p = alike_by_prediction(signal, place)
    slope = calibration(predicted, signal, scores.fold)
    area = curve(signal, place, treated, alpha)
    chosen = policy(signal, predicted, treated, alpha)
    there = bool(p is not None and p < alpha and area.qini.ci_low is not None and area.qini.ci_low > 0)
    base = {"learner": learner, "reason": cohort.note} | cohort.keys
    rows = []
    for decile in range(1, 11):
        at = (place >= (decile - 1) / 10) & (place < decile / 10)
        e = effect_of(signal[at], treated[at], alpha)
        ends = (-e.ci_high, -e.ci_low) if sign < 0 and is_bounded(e) else (e.ci_low, e.ci_high)
        rows.append(
            dict.fromkeys(DECILES.names) | base
            | {
                "decile": decile,
                "n_treatment": e.n_treatment,
                "n_control": e.n_control,
                "predicted": sign * float(predicted[at].mean()),
                "observed": None if e.estimate is None else sign * e.estimate,
                "std_error": e.std_error,
                "ci_low": ends[0],
                "ci_high": ends[1],
                "heterogeneity_p_value": p,
                "calibration_slope": slope,
                "is_heterogeneous": there,
                "recommendation": _recommendation(there, chosen),
            }
        )  # fmt: skip
    z = quantile(1 - alpha / 2)
    curves = [
        dict.fromkeys(CURVE.names) | base
        | {
            "share_targeted": float(share),
            "gain": sign * float(gain),
            "gain_ci_low": sign * float(gain) - z * float(error),
            "gain_ci_high": sign * float(gain) + z * float(error),
            "gain_at_random": sign * float(share * area.gain[-1]),
            "qini": area.qini.estimate,
            "qini_ci_low": area.qini.ci_low,
            "qini_ci_high": area.qini.ci_high,
            "auuc": sign * area.auuc,
            "policy_share": chosen.share,
            "policy_value": None if chosen.value.estimate is None else sign * chosen.value.estimate,
            "policy_over_all": chosen.over_all.estimate,
            "policy_over_all_ci_low": chosen.over_all.ci_low,
            "policy_over_all_ci_high": chosen.over_all.ci_high,
        }
        for share, gain, error in zip(area.shares, area.gain, area.std_error, strict=True)
    ]  # fmt: skip
    return rows, curves


def _recommendation(there: bool, chosen: Policy) -> str:
    if not there:
        return "No targeting: held-out units do not show that the effect differs between them in the predicted order."
    if chosen.over_all.ci_low is not None and chosen.over_all.ci_low > 0:
        return (
            f"Treat the {chosen.share:.0%} with a beneficial predicted effect: the others are better off "
            "without treatment."
        )
    return (
        "The effect differs, but no group is shown to be better off without treatment: treat all, the "
        "first deciles first."
    )


def uplift_scores(
    registry: pd.DataFrame, metrics: pd.DataFrame, units: pd.DataFrame, features: pd.DataFrame
) -> pa.Table:
    """Deciles (`part` = decile) and curves (`part` = curve) in one table, so that everything is learned once."""
    deciles, curves = uplift_tables(registry, metrics, units, features)
    parts = (("decile", deciles), ("curve", curves))
    empty = dict.fromkeys(SCORES.names)
    return write_table([empty | row | {"part": part} for part, rows in parts for row in rows], SCORES)
