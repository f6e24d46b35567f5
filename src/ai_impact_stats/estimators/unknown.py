"""What is not known of an experiment's units: how much of each arm, and what that means for its estimates."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .effects import difference
from .moments import UnitMoments

UNKNOWN_ALPHA = 0.01
UNKNOWN_LIMIT = 0.2
REMEDIES = {
    "human_hours": "record the human_minutes of each task",
    "cycle_hours": "record when each task started",
    "won_amount": "give each won deal an amount, and its currency a rate in the var currency_rates",
    "deals_won": "record whether each closed deal was won",
    "decisions_succeeded": "record the outcome of each decision",
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """How many values of a metric are not known in a treatment arm and in the control.

    `treatment` and `control` are moments over units, or over clusters where these were assigned: y are the values that
    are not known, z all values. A ratio of measures of the same things (`is_paired`) has a value for each thing, and
    leaves out of both its parts what one of them isn't known of; any other metric has one for each unit.
    """

    treatment: UnitMoments
    control: UnitMoments
    is_paired: bool

    @property
    def shares(self) -> tuple[float, float]:
        """The shares of the values that are not known; 0 in an arm without any value."""
        t, c = (m.mean_y / m.mean_z if m.n and m.mean_z else 0.0 for m in (self.treatment, self.control))
        return t, c

    @property
    def is_any(self) -> bool:
        return max(self.shares) > 0

    @property
    def p_value(self) -> float:
        """Of both arms missing the same share: Welch's test of two ratios over units or clusters, whose variance allows
        for values of one unit that are missing together. 0 for shares that differ without any variance."""
        arms = self.treatment.ratio(), self.control.ratio()
        p = difference(*arms).p_value
        if p is not None:
            return p
        is_fixed = all(arm.n > 1 and arm.variance == 0 for arm in arms)
        return 0.0 if is_fixed and not math.isclose(*self.shares) else 1.0

    @property
    def differs(self) -> bool:
        return self.is_any and self.p_value < UNKNOWN_ALPHA

    @property
    def is_too_much(self) -> bool:
        return max(self.shares) > UNKNOWN_LIMIT

    def counts(self, treatment: str, control: str) -> str:
        """`3 of 100 units in t and 0 of 99 in c`."""
        noun = "values" if self.is_paired else "units"
        (a, n), (b, m) = ((round(x.n * x.mean_y), round(x.n * x.mean_z)) for x in (self.treatment, self.control))
        return f"{a} of {n} {noun} in {treatment} and {b} of {m} in {control}"

    def problem(self, treatment: str, control: str, measure: str | None) -> str | None:
        """Why there is no estimate, if so: units that are known don't stand for those that aren't.

        A paired ratio is of what was measured, and keeps its estimate.
        """
        if self.is_paired or not (self.differs or self.is_too_much):
            return None
        why = (
            f"The arms differ in that (p {_shown(self.p_value)})"
            if self.differs
            else f"That is more than {UNKNOWN_LIMIT:.0%} of an arm"
        )
        return (
            f"The metric is not known for {self.counts(treatment, control)}. {why}, so the known ones "
            f"don't represent them: {remedy(measure)}."
        )

    def note(self, treatment: str, control: str) -> str | None:
        """What to say beside an estimate."""
        if not self.is_any:
            return None
        counts = self.counts(treatment, control)
        if self.is_paired:
            return f"Not measured: {counts}; they are in neither part of the ratio."
        return f"The metric is not known for {counts}; they are left out."


def remedy(measure: str | None) -> str:
    """What makes values of the measure known."""
    if measure in REMEDIES:
        return REMEDIES[measure]
    if measure and measure.endswith("_value"):
        name = measure.removesuffix("_value")
        return f"give each outcome {name} a value, and its currency a rate in the var currency_rates"
    return "record what is missing"


def unknown_of(arms: Mapping[str, UnitMoments], treatment: str, control: str, is_paired: bool) -> Unknown | None:
    """Of a treatment arm and the control; None where one of them has no units."""
    t, c = arms.get(treatment), arms.get(control)
    return Unknown(t, c, is_paired) if t is not None and c is not None and t.n and c.n else None


def _shown(p: float) -> str:
    return "below 0.0001" if p < 0.0001 else f"= {p:.2g}"
