"""The registration of experiments as the analysis needs it: lists, shares and levels read from a table's cells."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from ..estimators.segments import LEAST_UNITS, MOST_PARTS
from ..estimators.sequential import TUNED_FOR

RANDOMISED_DESIGNS = frozenset({"rct", "champion_challenger", "uplift"})
HOLDOUT_DESIGNS = frozenset({"holdout", "geo"})
DEFAULT_ALPHA, DEFAULT_POWER = 0.05, 0.8
INFERENCES = ("fixed", "always_valid", "obrien_fleming", "pocock")
COMPARED_DESIGNS = (RANDOMISED_DESIGNS | HOLDOUT_DESIGNS) - {"geo"}


def is_missing(value: Any) -> bool:
    """None, NaN, NaT, pandas' NA or an empty text."""
    return value is None or value == "" or (value == value) is not True


def names(text: Any) -> list[str]:
    """The names in a cell, with a bar between, or as a JSON array; trimmed at both ends, none for an empty cell.

    A comma, a space or a colon is part of a name. `in_list` of macros/evidence/lists.sql reads the same.
    """
    read = _json(text)
    if not (isinstance(read, list) and all(isinstance(name, str) for name in read)):
        read = [] if is_missing(text) else str(text).split("|")
    return [name.strip() for name in read if name.strip()]


def _json(text: Any) -> Any:
    """What a cell says in JSON, if it is an array or an object."""
    try:
        return json.loads(text) if isinstance(text, str) and text.strip()[:1] in ("[", "{") else None
    except ValueError:
        return None


def flag(value: Any) -> bool | None:
    return None if is_missing(value) else bool(value)


def number(value: Any, default: float) -> float:
    return default if is_missing(value) else float(value)


def planned_weights(text: Any, arms: list[str]) -> dict[str, float] | str:
    """The planned share of every arm, or the sentence that says what is wrong with it.

    `text` is `control:0.5|treatment:0.5` (the share stands behind the last colon or equals sign), a JSON object of
    arms and shares, or the shares alone in the order of `arms` (control first): `0.5|0.5`, `50/50`. Any positive scale
    will do. An empty cell plans no shares: it is read as equal ones, for plans only.
    """
    if is_missing(text):
        return dict.fromkeys(arms, 1.0)
    try:
        weights = _weights(str(text).strip(), arms)
    except (TypeError, ValueError):
        return f"The expected split {text} can't be read: write it as {arms[0]}:0.5|{arms[-1]}:0.5."
    strangers, left_out = [a for a in weights if a not in arms], [a for a in arms if a not in weights]
    if strangers and left_out:
        return f"The expected split {text} names the arm {strangers[0]}, and not the registered arm {left_out[0]}."
    if left_out:
        return f"The expected split {text} gives no share to the registered arm {left_out[0]}."
    if any(w < 0 or not math.isfinite(w) for w in weights.values()):
        return f"The expected split {text} has a share that is negative or not a number."
    return weights


def _weights(text: str, arms: list[str]) -> dict[str, float]:
    """ValueError or TypeError where it can't be read."""
    read = _json(text)
    if isinstance(read, dict):
        return {arm.strip(): float(share) for arm, share in read.items()}
    parts = read if isinstance(read, list) else text.split("|" if "|" in text else "/")
    try:
        shares = [float(part) for part in parts]
    except ValueError:
        named = [_named_share(part) for part in names(text)]
        if len(dict(named)) < len(named):
            raise ValueError("an arm has two shares") from None
        return dict(named)
    return dict(zip(arms, shares, strict=True))


def _named_share(part: str) -> tuple[str, float]:
    at = max(part.rfind(":"), part.rfind("="))
    return part[: max(at, 0)].strip(), float(part[at + 1 :])


@dataclass(frozen=True)
class Experiment:
    """One registered experiment. `problem` is the sentence why it can't be estimated by comparing its arms, if so."""

    experiment_id: str
    design: str
    control: str
    treatments: list[str]
    metrics: dict[str, str]  # metric_id to its role: primary, secondary or guardrail
    primary: str | None
    weights: dict[str, float] | str
    has_split: bool
    alpha: float
    power: float
    smallest_effect: float | None
    assignment_method: str | None
    registered_before_start: bool | None
    changed_after_start: bool | None
    finished: bool | None
    problem: str | None
    cluster_by: str | None = None
    inference: str = "fixed"
    looks: tuple[float, ...] = (1.0,)
    dimensions: tuple[str, ...] = ()  # that effects are cut by, beside the stratum
    least_units: int = LEAST_UNITS  # a part with fewer in an arm is not shown
    most_parts: int = MOST_PARTS
    fraction: float | None = None  # of the planned time that the data cover, at most 1
    planned_days: float | None = None  # by the latest end that was ever registered
    days: float | None = None
    days_of_data: float | None = None
    starts_at: pd.Timestamp | None = None
    ends_at: pd.Timestamp | None = None
    data_end: pd.Timestamp | None = None
    tuned_for: float = TUNED_FOR  # units at which the interval that holds at any time is narrowest
    period: str | None = None  # week, month, quarter or year, where one is registered
    started_at: pd.Timestamp | None = None  # the first assignment, or the first announced start where that was earlier
    registration_witnessed: bool | None = None  # whether more than its own cell shows when it was registered
    changed_fields: tuple[str, ...] = ()  # what was changed after the start, as `seed.column`
    withdrawn: int = 0  # experiments of the same units, use case and time that left the registry

    @property
    def looks_were_planned(self) -> bool:
        return self.inference != "fixed"

    def level_of(self, metric_id: str) -> float:
        """The level at which a hypothesis on the metric is tested at worst: Holm's first step, over the primary metrics
        and the treatment arms. Others are planned for at alpha."""
        if self.metrics.get(metric_id) != "primary":
            return self.alpha
        return self.alpha / (list(self.metrics.values()).count("primary") * max(len(self.treatments), 1))

    @property
    def arms(self) -> list[str]:
        return [self.control, *self.treatments]

    @property
    def is_preregistered(self) -> bool:
        return self.registered_before_start is True and self.changed_after_start is False


def read_experiment(row: Mapping[str, Any]) -> Experiment:
    """From one row of the registry (column names of the seed `experiments` and of `int_experiments`)."""
    design = "unknown" if is_missing(row["design"]) else str(row["design"])
    control = "" if is_missing(row["control_arm"]) else str(row["control_arm"]).strip()
    treatments = names(row["treatment_arm"])
    roles: dict[str, str] = {}
    for role in ("primary", "secondary", "guardrail"):
        column = row["primary_metric_id"] if role == "primary" else row[f"{role}_metric_ids"]
        for metric in names(column):
            roles.setdefault(metric, role)
    alpha, power = number(row["alpha"], DEFAULT_ALPHA), number(row["power"], DEFAULT_POWER)
    effect = number(row["minimum_detectable_effect"], math.nan)
    experiment = Experiment(
        experiment_id=str(row["experiment_id"]),
        design=design,
        control=control,
        treatments=treatments,
        metrics=roles,
        primary=next((m for m, role in roles.items() if role == "primary"), None),
        weights=planned_weights(row["expected_split"], [control, *treatments]),
        has_split=not is_missing(row["expected_split"]),
        alpha=alpha if 0 < alpha < 1 else DEFAULT_ALPHA,
        power=power if 0 < power < 1 else DEFAULT_POWER,
        smallest_effect=abs(effect) if math.isfinite(effect) and effect else None,
        assignment_method=None if is_missing(row["assignment_method"]) else str(row["assignment_method"]),
        registered_before_start=flag(row["is_registered_before_start"]),
        changed_after_start=flag(row["is_changed_after_start"]),
        finished=_finished(row),
        problem=None,
        dimensions=tuple(d for d in dict.fromkeys(names(row.get("dimensions"))) if d != "stratum"),
        least_units=int(number(row.get("least_units_shown"), LEAST_UNITS)),
        most_parts=int(number(row.get("most_parts_shown"), MOST_PARTS)),
        tuned_for=max(number(row.get("sequential_tuning_n"), TUNED_FOR), 1.0),
        period=None if is_missing(row.get("period")) else str(row["period"]),
        started_at=None if is_missing(row.get("started_at")) else pd.Timestamp(row["started_at"]),
        registration_witnessed=flag(row.get("is_registration_witnessed")),
        changed_fields=tuple(names(row.get("changed_fields"))),
        withdrawn=int(number(row.get("n_withdrawn"), 0)),
        **_timing(row),
    )
    return Experiment(**{**experiment.__dict__, "problem": _problem(row, experiment, alpha, power)})


def _problem(row: Mapping[str, Any], experiment: Experiment, alpha: float, power: float) -> str | None:
    if experiment.design not in COMPARED_DESIGNS:
        return f"The design {experiment.design} has no estimator that compares arms directly."
    if not experiment.control or not experiment.treatments:
        return "The registration names no control arm or no treatment arm."
    if experiment.control in experiment.treatments:
        return f"The arm {experiment.control} is registered as control and as treatment."
    if not (0 < alpha < 1 and 0 < power < 1):
        return f"alpha ({alpha:g}) and power ({power:g}) must lie between 0 and 1."
    tuning = number(row.get("sequential_tuning_n"), TUNED_FOR)
    if not (tuning >= 1 and math.isfinite(tuning)):
        return f"sequential_tuning_n is {tuning:g}: write a number of units above 0, or nothing for {TUNED_FOR:,}."
    looks = _looks(row.get("interim_looks"))
    if isinstance(looks, str):
        return looks
    if experiment.inference not in INFERENCES:
        return f"The inference {experiment.inference} is unknown: use one of {', '.join(INFERENCES)}."
    return None


def _looks(text: Any) -> tuple[float, ...] | str:
    """The planned looks, ascending and ending in 1, or the sentence that says what is wrong with them."""
    wrong = f"The interim looks {text} can't be read: write ascending shares of the time that end in 1, as 0.5|1."
    try:
        looks = tuple(float(share) for share in _json(text) or names(text)) or (1.0,)
    except (TypeError, ValueError):
        return wrong
    ascending = all(a < b for a, b in pairwise((0.0, *looks)))
    return looks if ascending and looks[-1] == 1 else wrong


def _finished(row: Mapping[str, Any]) -> bool | None:
    """Whether the data reach the end: where no looks were planned, the latest end that was ever registered."""
    finished, seen, latest = flag(row["is_finished"]), row.get("data_end"), row.get("latest_ends_at")
    fixed = is_missing(row.get("inference")) or row["inference"] == "fixed"
    if not finished or not fixed or is_missing(seen) or is_missing(latest):
        return finished
    return bool(pd.Timestamp(seen) >= pd.Timestamp(latest))


def _days(start: Any, end: Any) -> float | None:
    if is_missing(start) or is_missing(end):
        return None
    return float((pd.Timestamp(end) - pd.Timestamp(start)).total_seconds()) / 86400


def _timing(row: Mapping[str, Any]) -> dict[str, Any]:
    start, end, seen = row.get("starts_at"), row.get("ends_at"), row.get("data_end")
    days, until = _days(start, end), _days(start, seen)
    looks, cluster = _looks(row.get("interim_looks")), row.get("cluster_by")
    clustered = not is_missing(cluster) and str(cluster) != str(row["unit_type"])
    return {
        "cluster_by": str(cluster) if clustered else None,
        "inference": "fixed" if is_missing(row.get("inference")) else str(row["inference"]),
        "looks": (1.0,) if isinstance(looks, str) else looks,
        "fraction": min(max(until / days, 0.0), 1.0) if days and until is not None and days > 0 else None,
        "planned_days": _days(start, row.get("latest_ends_at")),
        "days": days,
        "days_of_data": None if until is None or days is None else max(min(until, days), 0.0),
        **{
            name: None if is_missing(at) else pd.Timestamp(at)
            for name, at in (("starts_at", start), ("ends_at", end), ("data_end", seen))
        },
    }
