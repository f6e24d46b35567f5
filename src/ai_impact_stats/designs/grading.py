"""How far an estimate may be believed, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..estimators.checks import LEAST_POWER, Check
from ..estimators.did import PreTrend
from ..io.registry import HOLDOUT_DESIGNS, RANDOMISED_DESIGNS
from ..wording import sentence

RANDOM_METHODS = frozenset({"randomized", "holdout"})
HOLDOUT = "a holdout, not an experiment by unit"
# Checks that make a comparison no evidence of a cause where they fail: the arms compared are not, or are not known to
# be, those that were drawn. What is said of each.
FAULTS = {
    "srm": "the sample ratio fails: the arms compared are not the arms that were randomised",
    "srm_by_stratum": "the sample ratio fails in a stratum",
    "srm_by_dimension": "the sample ratio fails in a part",
    "srm_by_start_day": "the sample ratio fails on a day",
    "pre_period_balance": "the arms differed before the start, so they were not drawn at random",
    "pre_period_difference": "the metrics differed before the start, so the arms were not drawn at random",
    "registered_late": "it was registered after its start, when its data could be seen",
    "assigned_after_outcome": "arms were assigned after the outcome was known",
    "multiple_exposure": "too many units were in several arms",
    "lost_by_arm": "units or outcomes were lost more in one arm than in the other",
    "unregistered_clusters": "units share an arm with others of their group, and no clusters are registered",
    "contamination": "the treatment reached the control arm",
}
# Checks that leave a comparison random where they fail, and cost grade A.
DEVIATIONS = {
    "registration_witnessed": "its registration is not witnessed",
    "registration_changed": "its registration changed after its start",
    "withdrawn_siblings": "experiments of the same units were withdrawn",
    "unknown_arm": "units were in unregistered arms",
    "still_running": "read before its end",
    "stopped_early": "it was ended early",
    "power": "it can't detect the effect it was planned for",
    "srm_triggered": "exposure differs between the arms",
    "novelty": "the effect changes over time",
    "interference": "control units are mixed with treated ones",
    "values_known": "of some metric the arms differ in the share of unknown values, or too many are unknown",
    "enough_clusters": "too few clusters for the intervals to hold",
    "clusters_known": "too many units have an unknown cluster",
}
# Checks that have to be made for grade A, and what is said where one could not be. One of the last pair is enough.
NEEDED = {
    "srm": "the sample ratio could not be checked",
    "registered_late": "when it was registered is not known",
    "registration_witnessed": "whether its registration was witnessed is not known",
    "registration_changed": "whether its registration changed is not known",
    "power": "whether it can detect a plausible effect is not known",
}
PASTS = ("pre_period_balance", "pre_period_difference")
COMPARED_ONLY = ("srm", "power")  # other designs plan no split, and find their power otherwise
NO_PAST = "the balance before the start could not be checked"
STRAY = 0.001  # of the units in several arms; more cost grade A


@dataclass(frozen=True, slots=True)
class Conduct:
    """How an experiment was run. `passed`: check to whether it passed; None, or none, could not be made.

    `faults` and `deviations` are further ones, as clauses; `split_problem` says why a planned split can't be judged.
    """

    design: str
    assignment_method: str | None
    passed: Mapping[str, bool | None] = field(default_factory=dict)
    changed_fields: tuple[str, ...] = ()
    withdrawn: int = 0
    split_problem: str | None = None
    faults: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()

    @property
    def is_holdout(self) -> bool:
        return self.design in HOLDOUT_DESIGNS or self.assignment_method == "holdout"


def grade(conduct: Conduct) -> tuple[str, str | None]:
    """The evidence grade of a comparison of assigned arms, and the sentence that explains anything below A.

    A: randomised; registered before its start, witnessed, and not changed since; every check was made and holds; at
       most a stray unit in several arms.
    B: randomised, with deviations that leave the comparison random (`DEVIATIONS`, what is not known of `NEEDED`), each
       of which is named; or a holdout.
    D: the units chose or were chosen; or a fault (`FAULTS`), after which the arms compared are not those that were
       drawn, or their errors are not those that are computed.
    C is earned by quasi-experimental estimators through their own diagnostics, E by before/after comparisons; neither
    is this function's to give.
    """
    if conduct.assignment_method not in RANDOM_METHODS:
        how = conduct.assignment_method or "unknown"
        return "D", f"The units were not assigned at random (assignment method: {how}), and nothing is adjusted for it."
    faults = _faults(conduct)
    deviations = ([HOLDOUT] if conduct.is_holdout else []) + _deviations(conduct)
    said = [f"No evidence of a cause: {'; '.join(faults)}." if faults else None]
    said.append(f"Deviations: {'; '.join(deviations)}." if deviations else None)
    return "D" if faults else "B" if deviations else "A", sentence(said)


def _faults(conduct: Conduct) -> list[str]:
    found = [text for name, text in FAULTS.items() if conduct.passed.get(name) is False]
    if conduct.split_problem:
        found.insert(0, conduct.split_problem.rstrip("."))
    if any(name.rpartition(".")[2] == "expected_split" for name in conduct.changed_fields):
        found.append("its planned split was changed after the start, so the sample ratio shows nothing")
    return [*found, *conduct.faults]


def _deviations(conduct: Conduct) -> list[str]:
    found = [] if conduct.design in RANDOMISED_DESIGNS | HOLDOUT_DESIGNS else [f"design {conduct.design} as randomised"]
    said = dict(DEVIATIONS)
    if conduct.changed_fields:
        said["registration_changed"] += f" ({', '.join(conduct.changed_fields)})"
    if conduct.withdrawn:
        said["withdrawn_siblings"] = f"{conduct.withdrawn} of the experiments of the same units were withdrawn"
    found += [text for name, text in said.items() if conduct.passed.get(name) is False]
    found += [text for name, text in NEEDED.items() if conduct.passed.get(name) is None]
    found += [NO_PAST] if all(conduct.passed.get(name) is None for name in PASTS) else []
    return [*found, *conduct.deviations]


def doubts(passed: Mapping[str, bool | None], is_compared: bool) -> list[str]:
    """What the checks of an experiment hold against calling its effect proven, in the clauses of `grade`.

    `is_compared`: of arms that are compared directly; other designs have checks of their own in the place of power and
    of balance before the start.
    """
    said = [text for name, text in {**FAULTS, **DEVIATIONS}.items() if passed.get(name) is False]
    needed = {name: text for name, text in NEEDED.items() if is_compared or name not in COMPARED_ONLY}
    said += [text for name, text in needed.items() if passed.get(name) is None]
    unknown_past = is_compared and all(passed.get(name) is None for name in PASTS)
    return [*said, NO_PAST] if unknown_past else said


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
