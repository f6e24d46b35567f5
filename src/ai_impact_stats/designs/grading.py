"""How far an estimate may be believed, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..estimators.checks import LEAST_POWER, Check
from ..estimators.did import PreTrend
from ..io.registry import HOLDOUT_DESIGNS, RANDOMISED_DESIGNS
from ..wording import sentence

RANDOM_METHODS = frozenset({"randomized", "holdout"})


@dataclass(frozen=True, slots=True)
class Conduct:
    """How an experiment was run. None: not known, which counts as not shown."""

    design: str
    assignment_method: str | None
    registered_before_start: bool | None
    changed_after_start: bool | None
    sample_ratio: bool | None
    balance: bool | None
    powered: bool | None
    exposure: bool | None = True
    arms_known: bool | None = True
    finished: bool | None = True
    others: tuple[str, ...] = ()  # deviations that further checks found


def grade(conduct: Conduct) -> tuple[str, str | None]:
    """The evidence grade of a comparison of assigned arms, and the sentence that explains anything below A.

    A: randomised; registered before its start and not changed since; sample ratio and balance hold; powered; finished;
       at most a stray unit in several arms.
    B: randomised with a deviation, each of which is named; or a holdout.
    D: the units chose or were chosen; or the sample ratio failed, which means that the arms compared are not the
       arms that were randomised.
    C is earned by quasi-experimental estimators through their own diagnostics, E by before/after comparisons; neither
    is this function's to give.
    """
    if conduct.assignment_method not in RANDOM_METHODS:
        how = conduct.assignment_method or "unknown"
        return "D", f"The units were not assigned at random (assignment method: {how}), and nothing is adjusted for it."
    if conduct.sample_ratio is False:
        return "D", "The sample ratio fails: the arms compared are not the arms that were randomised."
    deviations = _deviations(conduct)
    if deviations:
        return "B", "Deviations: " + "; ".join(deviations) + "."
    return "A", None


def _deviations(conduct: Conduct) -> list[str]:
    holdout = conduct.design in HOLDOUT_DESIGNS or conduct.assignment_method == "holdout"
    rules = (
        (holdout, "a holdout, not an experiment by unit"),
        (conduct.design not in RANDOMISED_DESIGNS | HOLDOUT_DESIGNS, f"design {conduct.design} analysed as randomised"),
        (not conduct.registered_before_start, "registered after its start"),
        (conduct.changed_after_start is not False, "its registration changed after its start"),
        (conduct.sample_ratio is None, "the sample ratio could not be checked"),
        (conduct.balance is None, "the balance before the start could not be checked"),
        (conduct.balance is False, "the arms differed before the start"),
        (not conduct.powered, "it can't detect the effect it was planned for"),
        (not conduct.exposure, "too many units were in several arms"),
        (not conduct.arms_known, "units were in unregistered arms"),
        (not conduct.finished, "read before its end"),
    )
    return [*(text for applies, text in rules if applies), *conduct.others]


def verdict(
    estimate: float | None,
    ci_low: float | None,
    ci_high: float | None,
    p_adjusted: float | None,
    alpha: float,
    direction: str,
    evidence_grade: str | None,
    finished: bool = True,
    smallest_effect: float | None = None,
) -> str:
    """What the estimate says about the metric, in one word.

    not_estimated: there is no estimate. still_running: read before its end, so not to be acted on. not_established: the
    grade is D or E. improved, worsened: the corrected p value is below alpha; `direction` (up, down) says which
    way is good. no_relevant_effect: the whole interval lies within ± `smallest_effect` (on the estimate's scale).
    Otherwise inconclusive.
    """
    if estimate is None or p_adjusted is None:
        return "not_estimated"
    if not finished:
        return "still_running"
    if evidence_grade not in ("A", "B", "C"):
        return "not_established"
    if p_adjusted < alpha:
        return "improved" if (estimate > 0) == (direction != "down") else "worsened"
    if (
        smallest_effect
        and ci_low is not None
        and ci_high is not None
        and -smallest_effect < ci_low
        and ci_high < smallest_effect
    ):
        return "no_relevant_effect"
    return "inconclusive"


def one_verdict(deciding: dict, other: dict) -> None:
    """The absolute and the relative row of one question say the same: what the deciding row says.

    If the other's own interval disagrees, its reason says so.
    """
    other["verdict"] = deciding["verdict"]
    if any(row[end] is None for row in (deciding, other) for end in ("ci_low", "ci_high")):
        return
    beyond = [row["ci_low"] > 0 or row["ci_high"] < 0 for row in (deciding, other)]
    if beyond[0] != beyond[1]:
        what = "leaves out 0, and" if beyond[1] else "holds 0, and"
        note = f"Its own interval {what} that of the {deciding['scale']} effect, which decides, does not."
        other["reason"] = sentence([other["reason"], note])


def grade_did(pre: PreTrend, notes: Sequence[str] = ()) -> tuple[str, str | None]:
    """C when paths were parallel before treatment as far as the test could see, D otherwise, and the reasons.

    A test that had less than 80 % chance to find a divergence that matters is not one that was passed: `matters` is the
    registered smallest effect or the estimate's standard error, never the estimate itself.
    """
    reasons = list(notes)
    failed = pre.check.passed is not True
    if pre.check.passed is None:
        reasons.append(pre.check.detail)
    elif failed:
        reasons.append(f"Trends diverged before treatment (p = {pre.check.p_value:.2g}).")
    elif pre.power is None or pre.power < LEAST_POWER:
        failed = True
        chance = "unknown" if pre.power is None else f"{pre.power:.0%}"
        by = "" if pre.matters is None else f" that moves the effect by {pre.matters:.3g}"
        reasons.append(f"A divergence{by} could have gone undetected (power {chance}).")
    return ("D" if failed else "C"), " ".join(reasons) or None


def grade_detrended(bend: Check, notes: Sequence[str] = ()) -> tuple[str, str | None]:
    """C when the divergence before treatment, which is taken off, shows no bend; D otherwise, and the reasons."""
    if bend.passed is True:
        return "C", " ".join(notes) or None
    why = bend.detail if bend.passed is None else f"Paths did not diverge along a line before treatment: {bend.detail}"
    return "D", " ".join([*notes, why])
