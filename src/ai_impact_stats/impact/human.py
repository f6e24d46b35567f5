"""What people add to AI's suggestions, and how far a panel agrees: what the dbt Python models call."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa

from ..estimators import matching
from ..estimators.agreement import icc_2_1, krippendorff_alpha, reliability
from ..estimators.checks import Check
from ..estimators.effects import difference
from ..estimators.estimate import Estimate, is_known, missing
from ..estimators.moments import Arm
from ..estimators.propensity import Units
from ..io.schemas import AGREEMENT, COMPARISONS
from ..io.tables import records, write_table
from ..wording import sentence

# Of a larger panel the first decisions count, as many as make this number of ratings.
RATING_CAP = 200_000
# As in matched comparisons: at most this share of the treated may have no like.
LARGEST_UNMATCHED = 0.05
COVARIATES = ("confidence", "evidence")
SENSED = (
    "Not randomised: people override and review what they sense to be wrong, which no record shows, so the difference "
    "is no evidence of what they add."
)
HIDDEN = "Too few people made one of the two kinds of decisions, or the number would reveal their work."


def compare_decisions(cells: pd.DataFrame, arms: pd.DataFrame, alpha: float = 0.05) -> pa.Table:
    """Overridden less accepted, and AI with a person less AI alone; schema `COMPARISONS`.

    `cells` is `int_decision_cells`: compared within cells of alike decisions, weighted by those a person changed or
    looked at, as `matching.coarsened_exact` does it. Grade D, whatever is alike: people change and review what they
    sense to be wrong, and what they sense is in no cell; simulated, 90 % of absent effects were found. `arms` is
    `int_decision_arms`: Welch's comparison of arms assigned at random; its grade is that of the experiment. What is
    suppressed has a row without any number.
    """
    rows = []
    keys = ["kpi_id", "use_case_id", "period_key", "comparison"]
    for key, group in cells.sort_values([*keys, "cell", "is_treated"]).groupby(keys, sort=True):
        row = _hidden("matched") if group["is_suppressed"].any() else _matched(group, alpha)
        rows.append(dict(zip(keys, key, strict=True)) | row)
    keys = ["kpi_id", "use_case_id", "period_key", "experiment_id"]
    for key, group in arms.groupby(keys, sort=True):
        found = {int(row["is_treated"]): _pooled([row]) for row in records(group)}
        if set(found) == {0, 1} and len(group) == 2:
            row = _row(difference(found[1], found[0], alpha), found[1].mean, found[0].mean, "randomized")
            row = _hidden("randomized") if group["is_suppressed"].any() else row
            rows.append(dict(zip(keys, key, strict=True)) | {"comparison": "human"} | row)
    return write_table([{"experiment_id": None} | row for row in rows], COMPARISONS)


def _pooled(rows: list[dict], name: str = "y") -> Arm:
    n, at = sum(int(row["n"]) for row in rows), f"mean_{name}"
    mean = sum(int(row["n"]) * float(row[at]) for row in rows) / n if n else math.nan
    squares = sum(_scatter(row, "n", f"var_{name}") + int(row["n"]) * (float(row[at]) - mean) ** 2 for row in rows)
    return Arm(n, mean, squares / (n - 1) if n > 1 else math.nan)


def _scatter(row: dict, n: str, variance: str) -> float:
    return (int(row[n]) - 1) * float(row[variance]) if int(row[n]) > 1 else 0.0


def _row(estimate: Estimate, treated: float | None, control: float | None, basis: str, **others) -> dict:
    plain = {
        "basis": basis,
        "estimate": estimate.estimate,
        "std_error": estimate.std_error,
        "ci_low": estimate.ci_low,
        "ci_high": estimate.ci_high,
        "p_value": estimate.p_value,
        "mean_treatment": _known(treated),
        "mean_control": _known(control),
        "n_treatment": estimate.n_treatment,
        "n_control": estimate.n_control,
        "n_unmatched": 0,
        "evidence_grade": None,
        "reason": estimate.reason,
    }
    return plain | others


def _hidden(basis: str) -> dict:
    return _row(missing(HIDDEN), None, None, basis, n_treatment=None, n_control=None, n_unmatched=None)


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _matched(group: pd.DataFrame, alpha: float) -> dict:
    rows = records(group)
    units = Units.of(
        [row["is_treated"] for row in rows],
        np.array([[float(row[f"mean_{name}"]) for name in COVARIATES] for row in rows]),
        [row["mean_y"] for row in rows],
        [row["n"] for row in rows],
        [_scatter(row, "n", "var_y") for row in rows],
    )
    cells = [str(row["cell"]) for row in rows]
    found = matching.coarsened_exact(units, cells, "att", alpha)
    treated, others = (_pooled([row for row in rows if row["is_treated"] == arm]).mean for arm in (1, 0))
    if not is_known(found.estimate):
        estimate = missing(found.estimate.reason or "", *units.sizes)
        return _row(estimate, treated, others, "matched", n_unmatched=found.unmatched)
    balance = matching.balance_check([_balance(units, rows, name, found.weights) for name in COVARIATES])
    lost = found.unmatched / (found.unmatched + found.estimate.n_treatment)
    detail = f"{lost:.1%} of the treated have no match among the controls."
    overlap = Check(lost, None, LARGEST_UNMATCHED, lost <= LARGEST_UNMATCHED, detail)
    checks = {"Balance": balance, "Overlap": overlap, "Placebo": _placebo(units, rows, cells)}
    failed = [f"{name} fails: {check.detail}" for name, check in checks.items() if check and check.passed is False]
    return _row(
        found.estimate,
        treated,
        others,
        "matched",
        n_unmatched=found.unmatched,
        evidence_grade="D",
        reason=sentence([SENSED, *failed]),
    )


def _balance(units: Units, rows: list[dict], name: str, weights: np.ndarray) -> matching.Balance:
    """A covariate's difference before and after weighting, in deviations of single decisions, not of cells."""
    arms = [_pooled([row for row in rows if row["is_treated"] == arm], name) for arm in (1, 0)]
    deviation = math.sqrt((arms[0].variance + arms[1].variance) / 2)
    x = np.array([float(row[f"mean_{name}"]) for row in rows])
    sides = [(units.n * weights * (units.treated == arm)) for arm in (1, 0)]
    t, c = (float(w @ x / w.sum()) for w in sides)
    differences = arms[0].mean - arms[1].mean, t - c
    before, after = (d / deviation if deviation > 1e-12 else None for d in differences)
    return matching.Balance(name, t, c, before, after, None)


def _placebo(units: Units, rows: list[dict], cells: list[str]) -> Check | None:
    """The value that AI predicted before anybody decided: no person can have moved it."""
    if any(int(row["n_predicted"]) < int(row["n"]) for row in rows):
        return None
    scatter = [_scatter(row, "n_predicted", "var_predicted") for row in rows]
    past = units.with_outcome([row["mean_predicted"] for row in rows], scatter)
    return matching.placebo_outcome(matching.coarsened_exact(past, cells).estimate)


def agree(ratings: pd.DataFrame, alpha: float = 0.05) -> pa.Table:
    """Krippendorff's alpha and ICC(2,1) of each criterion, use case and period; schema `AGREEMENT`.

    `ratings` is `int_panel_scores`. Scales of panels are ordinal. The decision is the unit.
    """
    rows = []
    keys = ["use_case_id", "period_key", "rubric_version", "criterion"]
    order = [*keys, "decision_number", "rater_number"]
    for key, group in ratings.sort_values(order).groupby(keys, sort=True, dropna=False):
        units, raters, scores = (group[c].to_numpy() for c in ("decision_number", "rater_number", "score"))
        if len(group) > RATING_CAP:
            keep = np.isin(units, np.unique(units)[: RATING_CAP // max(1, len(np.unique(raters)))])
            units, raters, scores = units[keep], raters[keep], scores[keep]
        alike, icc = krippendorff_alpha(units, scores, alpha=alpha), icc_2_1(units, raters, scores, alpha)
        rows.append(
            dict(zip(keys, (None if pd.isna(k) else k for k in key), strict=True))
            | {
                "n_ratings": len(group),
                "n_raters": int(group["rater_number"].nunique()),
                "n_decisions": int(group["decision_number"].nunique()),
                "alpha": alike.value,
                "alpha_ci_low": alike.ci_low,
                "alpha_ci_high": alike.ci_high,
                "icc": icc.value,
                "icc_ci_low": icc.ci_low,
                "icc_ci_high": icc.ci_high,
                "n_complete": icc.n,
                "reliability": reliability(alike.value),
                "reason": sentence([alike.reason, icc.reason if icc.reason != alike.reason else None]),
            }
        )
    return write_table(rows, AGREEMENT)
