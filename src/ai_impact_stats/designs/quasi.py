"""What the estimators of quasi-experiments share: rows of estimates, families, and verdicts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..estimators.checks import Check
from ..estimators.estimate import LEAST_SHARE, Estimate, as_multiple
from ..estimators.multiplicity import benjamini_hochberg, holm
from ..io.registry import Experiment
from ..io.schemas import ESTIMATES
from ..io.tables import records
from ..wording import counted, sentence
from .experiments import NO_SHARE
from .grading import one_verdict, verdict
from .health import LOGARITHMS

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
        "found": e,
    }


def finish(
    experiment: Experiment,
    rows: list[dict],
    catalogue: Mapping[str, Mapping[str, Any]],
    left_out: Sequence[str] = (),
) -> None:
    """Correct the p values in their families, those of one role and method over metrics, and add the verdicts.

    The relative effect of a logarithm is that of the absolute row's test; what is never negative falls by 100 % at
    most; and both rows of a method have one verdict. What is said of units that were left out goes to the end of each
    reason.
    """
    for row in list(rows):
        metric = catalogue.get(row["metric_id"], {})
        if metric.get("transform") in LOGARITHMS:
            row["estimand"] = f"{row['estimand']}_{metric['transform']}"
            if row["scale"] == "absolute":
                _as_values(row, rows, str(metric["transform"]))
        elif row["scale"] == "relative" and metric.get("aggregation") in ("proportion", "count"):
            row["ci_low"] = row["found"].at_least(LEAST_SHARE).ci_low
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
    found = {(row["metric_id"], row["method"]): row for row in rows if row["estimate"] is not None}
    for (metric_id, method), absolute in found.items():
        relative = found.get((metric_id, f"{method}_relative"))
        if relative is not None:
            logs = catalogue.get(metric_id, {}).get("transform") in LOGARITHMS
            one_verdict(*((relative, absolute) if logs else (absolute, relative)))


def _as_values(absolute: dict, rows: list[dict], transform: str) -> None:
    """Fill or add the relative row of an effect on logarithms."""
    method = f"{absolute['method']}_relative"
    relative = next((r for r in rows if (r["metric_id"], r["method"]) == (absolute["metric_id"], method)), None)
    if relative is None:
        relative = absolute | {"method": method, "scale": "relative"}
        rows.append(relative)
    log = absolute["found"]
    e = as_multiple(log) if transform == "log" else log.because(log.reason or NO_SHARE)
    relative |= {name: getattr(e, name) for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value")}
    has = e.estimate is not None
    relative |= {"evidence_grade": absolute["evidence_grade"] if has else None, "found": e}
    relative["reason"] = absolute["reason"] if has else e.reason


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
