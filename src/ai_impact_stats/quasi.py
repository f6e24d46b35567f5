"""What the estimators of quasi-experiments share: rows of estimates, families, verdicts, and effects as a share."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .checks import Check
from .estimate import Estimate, quantile
from .experiments import ESTIMATES
from .grading import sentence, verdict
from .multiplicity import benjamini_hochberg, holm
from .registry import Experiment
from .tables import records
from .wording import counted

PROCEDURES = {"primary": holm, "secondary": benjamini_hochberg}


def estimate_row(
    experiment: Experiment,
    metric_id: str,
    method: str,
    scale: str,
    estimand: str,
    e: Estimate,
    grade: str | None,
    why: str | None,
) -> dict:
    """One row of `ESTIMATES`, not yet corrected for its family. Without an estimate it has no grade."""
    has = e.estimate is not None
    return dict.fromkeys(ESTIMATES.names) | {
        "experiment_id": experiment.experiment_id,
        "metric_id": metric_id,
        "method": method if scale == "absolute" else f"{method}_relative",
        "segment": "all",
        "treatment_arm": experiment.treatments[0] if experiment.treatments else None,
        "control_arm": experiment.control or None,
        "metric_role": experiment.metrics[metric_id],
        "estimand": estimand,
        "scale": scale,
        **{name: getattr(e, name) for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value")},
        "n_treatment": e.n_treatment,
        "n_control": e.n_control,
        "alpha": experiment.alpha,
        "is_primary": experiment.metrics[metric_id] == "primary",
        "is_preregistered": experiment.is_preregistered,
        "evidence_grade": grade if has else None,
        "reason": sentence([e.reason, why if has else None]),
        "inference": "fixed",
    }


def finish(
    experiment: Experiment,
    rows: list[dict],
    catalogue: Mapping[str, Mapping[str, Any]],
    left_out: Sequence[str] = (),
) -> None:
    """Correct the p values in their families, those of one role and method over metrics, and add the verdicts.

    What is said of units that were left out goes to the end of each reason.
    """
    families: dict[tuple, list[dict]] = {}
    for row in rows:
        families.setdefault((row["metric_role"], row["method"]), []).append(row)
    for (role, _), family in families.items():
        p_values = [row["p_value"] for row in family]
        adjusted = PROCEDURES[role](p_values) if role in PROCEDURES else p_values
        for row, p in zip(family, adjusted, strict=True):
            row["p_value_adjusted"] = None if row["p_value"] is None else float(p)
    for row in rows:
        row["reason"] = sentence([row["reason"], *left_out])
        row["verdict"] = verdict(
            row["estimate"],
            row["ci_low"],
            row["ci_high"],
            row["p_value_adjusted"],
            experiment.alpha,
            str(catalogue.get(row["metric_id"], {}).get("direction", "up")),
            row["evidence_grade"],
            bool(experiment.finished),
        )


def check_row(experiment: Experiment, check_id: str, check: Check) -> dict:
    """One row of `CHECKS`."""
    names = ("statistic", "p_value", "threshold", "passed", "detail")
    return {"experiment_id": experiment.experiment_id, "check_id": check_id} | {n: getattr(check, n) for n in names}


def registration_notes(experiment: Experiment) -> list[str]:
    """What to say of a plan that wasn't there before the start."""
    late = "It was registered after its start, or its registration changed."
    return [] if experiment.is_preregistered else [late]


def arms_problem(experiment: Experiment) -> str | None:
    """Why there is nothing to compare, if so: the units of several treatments would be taken for those of one."""
    if len(experiment.treatments) == 1 and experiment.control:
        return None
    return "The comparison needs one treatment arm and one control arm: register each treatment by itself."


def left_out_notes(left_out: pd.DataFrame | None) -> dict[str, list[str]]:
    """Of each experiment in `moments_left_out` what is said of its units in several arms.

    Nobody can be compared with a unit whose treatment ended.
    """
    found = {}
    for row in records(left_out):
        ended, others = int(row["n_switched_off"]), int(row["n_several_arms"])
        notes = [f"{counted(ended, 'unit is', 'units are')} left out: the treatment ended."] if ended else []
        notes += [f"{counted(others, 'unit is', 'units are')} left out: assigned to several arms."] if others else []
        found[str(row["experiment_id"])] = notes
    return found


def as_share(absolute: Estimate, level: float, variances: Sequence[float], alpha: float) -> Estimate:
    """The effect as a share of the level without treatment, with Fieller's interval.

    `variances` are those of the level without treatment, its covariance with the level with it, and the variance of the
    latter. The p value is that of the absolute effect, which the interval agrees with. No estimate, with a reason,
    when the level isn't clearly different from 0.
    """
    if absolute.estimate is None:
        return absolute
    v_zero, v_both, v_one = variances
    critical = quantile(1 - alpha / 2, absolute.df)
    square = level**2 - critical**2 * v_zero
    if square <= 0:
        return absolute.because("The level without treatment isn't clearly different from 0, so no share can be taken.")
    treated = level + absolute.estimate
    linear = level * treated - critical**2 * v_both
    root = math.sqrt(max(linear**2 - square * (treated**2 - critical**2 * v_one), 0.0))
    low, high = sorted(((linear - root) / square - 1, (linear + root) / square - 1))
    ratio = treated / level
    error = math.sqrt(max(float(v_one - 2 * ratio * v_both + ratio**2 * v_zero), 0.0)) / abs(level)
    counts = (absolute.n_treatment, absolute.n_control)
    return Estimate(ratio - 1, error, low, high, absolute.p_value, *counts, absolute.df)
