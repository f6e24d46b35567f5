"""The rows that every design returns: how one is built, how a family of them is corrected, and what each says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..estimators.checks import Check
from ..estimators.estimate import LEAST_SHARE, Estimate, as_multiple
from ..estimators.multiplicity import benjamini_hochberg, holm
from ..io.registry import Experiment, is_missing
from ..io.schemas import ESTIMATES
from ..io.tables import Tables
from ..wording import sentence
from .grading import one_verdict, verdict

LOGARITHMS = ("log", "log1p")
NO_SHARE = "A difference of logarithms of 1 + value is no share of the value: use the transform log, or none."
# The relative form of every other method is called after it, with `_relative` behind.
RELATIVE_NAMES = {
    "relative_difference": "difference_in_means",
    "relative_difference_in_quantiles": "difference_in_quantiles",
}
COUNTS = frozenset({"tasks_completed", "rework", "errors", "deals_closed", "decisions"})  # always known
NUMBERS = ("estimate", "std_error", "ci_low", "ci_high", "p_value")
WITHHELD = (
    *NUMBERS,
    *("mean_treatment", "mean_control", "interim_bound", "probability_better", "expected_loss"),
    *("sequential_ci_low", "sequential_ci_high", "sequential_p_value"),
    *("non_inferiority_p_value", "is_non_inferior", "heterogeneity_p_value"),
)


def estimate_row(
    experiment: Experiment,
    metric_id: str,
    method: str,
    scale: str,
    estimand: str,
    e: Estimate,
    grade: str | None = None,
    why: str | None = None,
    **others: Any,
) -> dict:
    """One row of `ESTIMATES`, not yet corrected for its family, and the estimate itself under `found`.

    Without an estimate it has no grade, and no sentence `why` it has no better one. `others` are further columns, and
    those that differ from a comparison of all units of the first treatment arm with the control.
    """
    has, role = e.estimate is not None, experiment.metrics[metric_id]
    return dict.fromkeys(ESTIMATES.names) | {
        "experiment_id": experiment.experiment_id,
        "metric_id": metric_id,
        "method": method,
        "segment": "all",
        "treatment_arm": experiment.treatments[0] if experiment.treatments else None,
        "control_arm": experiment.control or None,
        "metric_role": role,
        "estimand": estimand,
        "scale": scale,
        **{name: getattr(e, name) for name in NUMBERS},
        "n_treatment": e.n_treatment,
        "n_control": e.n_control,
        "alpha": experiment.alpha,
        "is_primary": role == "primary",
        "is_preregistered": experiment.is_preregistered,
        "evidence_grade": grade if has else None,
        "reason": sentence([e.reason, why if has else None]),
        "inference": "fixed",
        "found": e,
        **others,
    }


def effect_rows(
    experiment: Experiment,
    metric_id: str,
    metric: Mapping[str, Any] | None,
    method: str,
    absolute: Estimate,
    relative: Estimate | None = None,
    estimand: str = "att",
    grade: str | None = None,
    why: str | None = None,
) -> list[dict]:
    """The absolute row of a method and, where there is one, the relative: one question on two scales.

    The relative effect of a logarithm is that of the absolute row's test; what is never negative falls by 100 % at
    most.
    """
    transform, aggregation = ((metric or {}).get(name) for name in ("transform", "aggregation"))
    if transform in LOGARITHMS:
        relative = as_multiple(absolute) if transform == "log" else absolute.because(absolute.reason or NO_SHARE)
        estimand = f"{estimand}_{transform}"
    elif relative is not None and aggregation in ("proportion", "count"):
        relative = relative.at_least(LEAST_SHARE)
    rows = [estimate_row(experiment, metric_id, method, "absolute", estimand, absolute, grade, why)]
    if relative is not None:
        rows.append(
            estimate_row(experiment, metric_id, f"{method}_relative", "relative", estimand, relative, grade, why)
        )
    return rows


def absolute_of(method: str) -> str | None:
    """The absolute form of a relative method, which answers the same question; None for an absolute one."""
    name = method.removesuffix("_relative")
    return RELATIVE_NAMES.get(method, name if name != method else None)


def scale_pairs(rows: Sequence[dict]) -> list[tuple[dict, dict]]:
    """The absolute and the relative row of each question that has both estimates."""
    asked = ("metric_id", "segment", "treatment_arm")
    found = {(row["method"], *(row[name] for name in asked)): row for row in rows if row["estimate"] is not None}
    pairs = ((found.get((absolute_of(key[0]), *key[1:])), row) for key, row in found.items())
    return [(absolute, relative) for absolute, relative in pairs if absolute is not None]


def say_what_is_not_known(experiment: Experiment, rows: Sequence[dict], tables: Tables) -> None:
    """How many values of each arm are not known; no estimate where the others can't stand for them.

    Of the `tables` only the catalogue and what `moments_past` says is read.
    """
    for row in rows:
        treatment, control = row["treatment_arm"], experiment.control
        unknown = tables.unknown_in(experiment.experiment_id, row["metric_id"], treatment, control)
        if unknown is None:
            continue
        metric = tables.catalogue.get(row["metric_id"], {})
        measures = [metric.get(f"{part}_measure") for part in ("numerator", "denominator")]
        lacking = next((m for m in measures if not is_missing(m) and str(m) not in COUNTS), None)
        problem = unknown.problem(treatment, control, lacking)
        if problem:
            row.update(
                dict.fromkeys(WITHHELD), evidence_grade=None, reason=problem, found=row["found"].because(problem)
            )
        elif row["estimate"] is not None:
            row["reason"] = sentence([row["reason"], unknown.note(treatment, control)])


def correct(rows: Sequence[dict]) -> None:
    """Correct the p values of one experiment in their families: primary by Holm, secondary by Benjamini-Hochberg.

    A family holds the hypotheses of one role, each once: the same method and segment over metrics and arms; the parts
    of all dimensions together are one family, so that no part wins by being one of many. Each dimension, metric and arm
    asks once whether the effect differs: the same families, over those questions. Guardrails keep their own p values,
    because a correction would hide harm.
    """
    families: dict[tuple, list[dict]] = {}
    questions: dict[tuple, dict[tuple, list[dict]]] = {}
    for row in rows:
        dimension, is_part, _ = row["segment"].partition("=")
        family = row["metric_role"], row["method"]
        families.setdefault((*family, "parts" if is_part else dimension), []).append(row)
        if is_part:
            asked = row["metric_id"], dimension, row["treatment_arm"]
            questions.setdefault(family, {}).setdefault(asked, []).append(row)
    for (role, *_), members in families.items():
        for name in ("p_value", "sequential_p_value"):
            for row, p in zip(members, _corrected(role, [row[name] for row in members]), strict=True):
                row[f"{name}_adjusted"] = p
    for (role, _), groups in questions.items():
        p_values = [group[0]["heterogeneity_p_value"] for group in groups.values()]
        for group, p in zip(groups.values(), _corrected(role, p_values), strict=True):
            for row in group:
                row["heterogeneity_p_value_adjusted"] = p


def _corrected(role: str, p_values: list[float | None]) -> list[float | None]:
    procedure = {"primary": holm, "secondary": benjamini_hochberg}.get(role)
    if procedure is None:
        return p_values
    return [None if p is None else float(a) for p, a in zip(p_values, procedure(p_values), strict=True)]


def decide(
    experiment: Experiment,
    rows: Sequence[dict],
    catalogue: Mapping[str, Mapping[str, Any]],
    deciding_scale: Callable[[Mapping[str, Any]], str],
) -> None:
    """Add the verdicts. Both rows of a question have one: that of the scale that decides for the metric.

    `is_open` of a row says that too many windows are open to read it as finished, `smallest_effect` what no effect
    smaller than is relevant, on its scale.
    """
    for row in rows:
        # An interval that allows for looks may be acted on before the end; until it decides, the experiment runs on.
        sequential = row["inference"] != "fixed"
        p = row["sequential_p_value_adjusted" if sequential else "p_value_adjusted"]
        decided = sequential and p is not None and p < experiment.alpha
        prefix = "sequential_" if sequential and p is not None else ""
        row["verdict"] = verdict(
            row["estimate"],
            row[f"{prefix}ci_low"],
            row[f"{prefix}ci_high"],
            1.0 if p is None else p,
            experiment.alpha,
            str(catalogue.get(row["metric_id"], {}).get("direction", "up")),
            row["evidence_grade"],
            (bool(experiment.finished) and not row.get("is_open")) or decided,
            row.get("smallest_effect"),
        )
    for absolute, relative in scale_pairs(rows):
        decides = deciding_scale(catalogue.get(absolute["metric_id"], {}))
        one_verdict(*((relative, absolute) if decides == "relative" else (absolute, relative)))


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
