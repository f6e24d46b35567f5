"""Claims that a leader may make: one sentence for each finding, with what it rests on and whether it may be said.

All tables are pandas DataFrames with the columns of the dbt models of the same name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from ..designs.grading import doubts
from ..designs.rows import absolute_of
from ..estimators.estimate import LEAST_SHARE
from ..estimators.matching import e_value
from ..estimators.multiplicity import benjamini_hochberg
from ..io.registry import COMPARED_DESIGNS, HOLDOUT_DESIGNS, is_missing, names, number
from ..io.schemas import CLAIMS
from ..io.tables import records, write_table
from ..wording import counted_of, sentence

CAUSAL = frozenset("ABC")
LARGEST_ALPHA = 0.05  # that proof is given at, whatever is registered
LARGEST_MARGIN = 0.5  # of the control's level: who allows a guardrail to lose more than half of it guards nothing
REGISTRATION = {
    "registered": "registered before its start",
    "registered_late": "registered after its start",
    "changed_after_start": "changed after its start",
    "not_registered": "not registered",
}


def percent(value: float) -> str:
    """A share as a percentage that people say: 0.132 is 13 %, 0.0459 is 4.6 %, 0.0012 is 0.12 %."""
    return f"{plain(value * 100)} %"


def plain(value: float) -> str:
    """A number with as many digits as people say, and a minus sign that is one."""
    size = abs(value)
    digits = 0 if size >= 10 else 1 if size >= 1 else 2
    text = f"{size:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"−{text}" if value < 0 and text != "0" else text


def shown(value: float, scale: str, signed: bool = False) -> str:
    """`scale`: relative (13 %), points (a difference of shares: 13 percentage points), or absolute (a number)."""
    text = percent(value) if scale == "relative" else plain(value * 100 if scale == "points" else value)
    unit = " percentage points" if scale == "points" else ""
    return f"+{text}{unit}" if signed and value > 0 and text.split()[0] != "0" else f"{text}{unit}"


def interval(low: float, high: float, scale: str, level: float) -> str:
    first = shown(low, scale).removesuffix(" percentage points")
    return f"{plain(100 * level)} % CI {first} to {shown(high, scale)}"


def moment(value: Any) -> pd.Timestamp:
    """A time in UTC without a zone, however the engine hands it over."""
    at = pd.Timestamp(value)
    return at if at.tzinfo is None else at.tz_convert("UTC").tz_localize(None)


@dataclass(frozen=True, slots=True)
class Finding:
    """A number about a metric. `scale` is relative (shares), points (a difference of shares) or absolute; `direction`
    (up, down) says which way is good; `is_share`: the levels before and after are shares; `is_holdout`: the evidence is
    a holdout."""

    subject: str
    phrase: str
    scale: str
    estimate: float
    ci_low: float
    ci_high: float
    level: float
    grade: str
    direction: str
    verdict: str
    level_before: float | None = None
    level_after: float | None = None
    is_share: bool = False
    is_holdout: bool = False

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0; where the p value was corrected, whether it stays below alpha."""
        if self.verdict in ("improved", "worsened"):
            return True
        beyond = self.ci_low > 0 or self.ci_high < 0
        return beyond and self.verdict not in ("inconclusive", "no_relevant_effect", "still_running")

    @property
    def is_gain(self) -> bool:
        return self.direction in ("up", "down") and (self.estimate > 0) == (self.direction == "up")

    @property
    def is_loss(self) -> bool:
        return self.direction in ("up", "down") and (self.estimate < 0) == (self.direction == "up")


def sentence_of(f: Finding) -> str:
    """The finding in one sentence. Only grades A to C speak of causes."""
    # Who says "lowered by 39 %" gives the interval of the fall.
    falls = f.is_clear and f.estimate < 0
    low, high = (-f.ci_high, -f.ci_low) if falls else (f.ci_low, f.ci_high)
    levels = ""
    if f.is_clear and f.level_before is not None and f.level_after is not None:
        said_of = percent if f.is_share else plain
        levels = f"from {said_of(f.level_before)} to {said_of(f.level_after)}; "
    evidence = f"({levels}{interval(low, high, f.scale, f.level)}), grade {f.grade}"
    if not f.is_clear:
        if f.verdict == "still_running":
            size = shown(f.estimate, f.scale, True)
            return f"{f.subject} is still running: so far the difference in {f.phrase} is {size} {evidence}."
        if f.verdict == "no_relevant_effect":
            size = shown(f.estimate, f.scale, True)
            return f"{f.subject} changed {f.phrase} by too little to matter: {size} {evidence}."
        estimate = f"the estimate is {shown(f.estimate, f.scale, True)} {evidence}"
        if f.grade in CAUSAL:
            return f"It is not shown that {f.subject} changed {f.phrase}: {estimate}."
        return f"It is not shown that {f.subject} is associated with a change in {f.phrase}: {estimate}."
    size = shown(abs(f.estimate), f.scale)
    if f.grade in CAUSAL:
        verb = "raised" if f.estimate > 0 else "lowered"
        return f"{f.subject} {verb} {f.phrase} by {size} {evidence}."
    change = "rise" if f.estimate > 0 else "fall"
    return f"{f.subject} is associated with a {change} of {size} in {f.phrase} {evidence}."


def verdict_of(
    f: Finding, guardrail: str, registration: str, contradicted: bool = False, doubted: Sequence[str] = ()
) -> tuple[str, str | None]:
    """What may be made of a finding, and why not more.

    invalid: a gain whose guardrail worsened, or a grade that the registration does not bear. proven: a clear gain of
    grade A, or of grade B by a holdout, whose guardrails were shown to hold, and of which nothing is `doubted`
    (clauses). suggestive: any other clear gain. contradicted: a clear loss, whatever its grade, or another method that
    clearly says the opposite. not_shown: anything else.
    """
    if f.grade == "A" and registration != "registered":
        return (
            "invalid",
            f"Grade A needs an experiment that was registered before it ran; this was {REGISTRATION[registration]}.",
        )
    if f.is_clear and f.is_gain and guardrail == "worsened":
        return "invalid", "Its guardrail worsened, so the gain does not count."
    if not f.is_clear:
        return "not_shown", "Its guardrail worsened." if guardrail == "worsened" else None
    if contradicted:
        return "contradicted", "Another method clearly says the opposite."
    if not f.is_gain:
        return ("contradicted", "It got worse.") if f.is_loss else ("not_shown", None)
    if f.grade not in "AB":
        return "suggestive", None
    against = [*doubted]
    if guardrail == "unknown":
        against.append("its guardrails are not shown to hold")
    if f.grade == "B" and not f.is_holdout and not against:
        against.append("its grade is B, and it is no holdout")
    return ("suggestive", f"Not proven: {'; '.join(against)}.") if against else ("proven", None)


def e_values(scale: str, estimate: float, ci_low: float, ci_high: float) -> tuple[float | None, float | None]:
    """The E-values of a relative effect and of its interval's limit nearest to none, taking it as a risk ratio; 1
    where the interval reaches over 0. None for absolute effects, and for falls of 100 % or more."""
    if scale != "relative" or estimate <= -1:
        return None, None
    near = ci_low if estimate > 0 else ci_high
    crosses = near * estimate <= 0
    limit = 1.0 if crosses else e_value(1 + near) if near > -1 else None
    return e_value(1 + estimate), limit


def guardrail_of(row: Mapping[str, Any], direction: str) -> str:
    """holds, worsened or unknown, by the estimate of a guardrail.

    It holds where it improved, or where a loss beyond the registered margin is ruled out, on a grade that speaks of
    causes and by a margin that is one (`LARGEST_MARGIN`).
    """
    if row["verdict"] == "worsened":
        return "worsened"
    is_ruled_out = not is_missing(row["is_non_inferior"]) and bool(row["is_non_inferior"])
    if row["verdict"] == "improved" or (is_ruled_out and row["evidence_grade"] in CAUSAL and is_margin(row)):
        return "holds"
    if row["evidence_grade"] not in CAUSAL and not is_missing(row["ci_low"]) and not is_missing(row["ci_high"]):
        bad = row["ci_low"] > 0 if direction == "down" else row["ci_high"] < 0
        return "worsened" if bad else "unknown"
    return "unknown"


def is_margin(row: Mapping[str, Any]) -> bool:
    margin, level = number(row.get("non_inferiority_margin"), 0.0), abs(number(row.get("mean_control"), 1.0))
    return margin <= LARGEST_MARGIN * (1.0 if row["scale"] == "relative" else level) * (1 + 1e-9)


def worst(states: Sequence[str]) -> str:
    """The state of all guardrails: worsened before unknown before holds; none without any."""
    return next((s for s in ("worsened", "unknown", "holds") if s in states), "none")


@dataclass(frozen=True)
class Catalogue:
    """Names and rules by id."""

    experiments: Mapping[str, Mapping[str, Any]]
    runs: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, Any]]
    use_cases: Mapping[str, Mapping[str, Any]]
    kpis: Mapping[str, Mapping[str, Any]]
    passed: Mapping[str, Mapping[str, bool | None]]  # of each experiment, by check
    versions: Mapping[str, list[tuple[pd.Timestamp, str]]]

    def failed(self, experiment: str) -> list[str]:
        """Names of the checks that failed, as they are said."""
        found = self.passed.get(experiment, {})
        return sorted(name.replace("_", " ") for name, passed in found.items() if passed is False)

    def phrase(self, metric_id: str) -> str:
        row = self.metrics.get(metric_id, {})
        if not is_missing(row.get("phrase")):
            return str(row["phrase"])
        return f"“{self.kpi(metric_id) if is_missing(row.get('name')) else row['name']}”"

    def phrase_of(self, row: Mapping[str, Any]) -> str:
        """The metric as the estimate speaks of it: of logarithms that is the typical value, or the logarithm itself."""
        phrase, estimand = self.phrase(str(row["metric_id"])), str(row.get("estimand"))
        if estimand.endswith(("_log", "_log1p")):
            if row["scale"] == "relative":
                return f"the typical value (geometric mean) of {phrase}"
            return f"the mean logarithm of {'1 + ' if estimand.endswith('_log1p') else ''}{phrase}"
        return phrase

    def kpi(self, kpi_id: str) -> str:
        name = self.kpis.get(kpi_id, {}).get("name")
        return kpi_id if is_missing(name) else str(name)

    def use_case(self, use_case_id: str) -> str:
        name = self.use_cases.get(use_case_id, {}).get("name")
        return use_case_id if is_missing(name) else str(name)

    def changed_after(self, use_case_id: str, evidence_to: pd.Timestamp | None) -> tuple[str | None, str | None]:
        """When the first new model, agent or prompt came after the evidence, and the sentence that says so."""
        if evidence_to is None:
            return None, None
        later = sorted(v for v in self.versions.get(use_case_id, []) if v[0] >= evidence_to)
        if not later:
            return None, None
        day = f"{later[0][0]:%Y-%m-%d}"
        return (
            day,
            f"Stale since {day}, when {later[0][1]} came into use after the evidence was gathered: measure again.",
        )


def claims(
    estimates: pd.DataFrame,
    experiments: pd.DataFrame,
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    use_cases: pd.DataFrame,
    kpi_catalog: pd.DataFrame,
    kpi_values: pd.DataFrame,
    health: pd.DataFrame,
    versions: pd.DataFrame,
    level: float = 0.95,
) -> pa.Table:
    """From `impact_estimates`, the seeds `experiments`, `metric_catalog`, `use_cases` and `kpi_catalog`,
    `int_experiments`, `kpi_values`, `experiment_health` and `int_use_case_versions`, as `CLAIMS`. `level` is that of
    the KPIs' intervals."""

    def by(table: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
        return {str(row[key]): row for row in records(table)}

    passed: dict[str, dict[str, bool | None]] = {}
    for row in records(health):
        outcome = None if is_missing(row["passed"]) else bool(row["passed"])
        passed.setdefault(str(row["experiment_id"]), {})[str(row["check_id"])] = outcome
    seen: dict[str, list[tuple[pd.Timestamp, str]]] = {}
    for row in records(versions):
        known = (moment(row["first_seen_at"]), f"the {row['part']} {row['version']}")
        seen.setdefault(str(row["use_case_id"]), []).append(known)
    catalogue = Catalogue(
        by(experiments, "experiment_id"),
        by(runs, "experiment_id"),
        by(metrics, "metric_id"),
        by(use_cases, "use_case_id"),
        by(kpi_catalog, "kpi_id"),
        passed,
        seen,
    )
    rows = [*experiment_claims(estimates, catalogue), *kpi_claims(kpi_values, catalogue, level)]
    rows.sort(
        key=lambda r: [str(r[c]) for c in ("claim_source", "experiment_id", "use_case_id", "kpi", "treatment_arm")]
    )
    return write_table(rows, CLAIMS)


def experiment_claims(estimates: pd.DataFrame, catalogue: Catalogue) -> list[dict[str, Any]]:
    """One claim for each experiment, treatment arm and metric that is not a guardrail: of the estimate that is quoted
    (`is_quoted`), beside all others that have a grade and an interval."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    quoted: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in records(estimates):
        if row["segment"] != "all" or any(
            is_missing(row[c]) for c in ("estimate", "ci_low", "ci_high", "evidence_grade")
        ):
            continue
        arm = "" if is_missing(row["treatment_arm"]) else str(row["treatment_arm"])
        experiment, metric = str(row["experiment_id"]), str(row["metric_id"])
        groups.setdefault((experiment, arm, metric), []).append(row)
        if row["is_quoted"]:
            quoted.setdefault((experiment, arm), {})[metric] = row
    asked: dict[tuple[str, str, str], dict[str, Any]] = {}
    for key, rows in sorted(groups.items()):
        experiment, arm, metric = key
        if rows[0]["metric_role"] != "guardrail":
            read = quotable(quoted[experiment, arm][metric], rows)
            asked |= {} if read is None else {key: read}
    families = family_p_values(asked, catalogue)
    return [
        experiment_claim(*key, row, groups[key], quoted[key[:2]], families.get(key), catalogue)
        for key, row in asked.items()
    ]


def quotable(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The estimate with the interval that a sentence may quote, or None where there is none to quote yet.

    Before the end, and where looks were planned, it is the interval that allows for looks. A relative interval that
    reaches below -100 %, or that holds 0 though the verdict does not, is none of such a sentence: the effect in the
    metric's unit is quoted then or, without one, what is left of the interval.
    """
    whole = [r for r in rows if r.get("is_headline") and r["scale"] == "absolute"]
    found = [r for r in (as_read(row), *map(as_read, whole)) if r is not None]
    fitting = [r for r in found if fits(r)]
    if fitting or not found:
        return fitting[0] if fitting else None
    return found[0] | {"ci_low": max(found[0]["ci_low"], LEAST_SHARE)} if found[0]["scale"] == "relative" else found[0]


def as_read(row: dict[str, Any]) -> dict[str, Any] | None:
    """The row with the interval and the p value that hold when it is read."""
    planned = not is_missing(row.get("inference")) and row["inference"] != "fixed"
    if not planned and row["verdict"] != "still_running":
        return row
    names_of = {"ci_low": "sequential_ci_low", "ci_high": "sequential_ci_high"}
    names_of |= {"p_value": "sequential_p_value", "p_value_adjusted": "sequential_p_value_adjusted"}
    if any(is_missing(row.get(name)) for name in ("sequential_ci_low", "sequential_ci_high")):
        return None
    return row | {name: row.get(other) for name, other in names_of.items()}


def fits(row: Mapping[str, Any]) -> bool:
    if row["scale"] != "relative":
        return True
    holds_none = row["ci_low"] <= 0 <= row["ci_high"]
    return row["ci_low"] >= LEAST_SHARE and not (holds_none and row["verdict"] in ("improved", "worsened"))


def family_p_values(
    asked: Mapping[tuple[str, str, str], Mapping[str, Any]], catalogue: Catalogue
) -> dict[tuple[str, str, str], float]:
    """Corrected by Benjamini-Hochberg over the claims of one use case and KPI in one calendar year, the year that an
    experiment ends in. Experiments that were withdrawn are hypotheses that were tested, and count; one that still runs
    is not read, and does not. Each comes with the p value that its experiment corrected already."""
    members: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for key, row in asked.items():
        run = catalogue.runs.get(key[0], {})
        if is_missing(row.get("p_value_adjusted")) or row["verdict"] == "still_running":
            continue
        at = next((run[c] for c in ("ends_at", "starts_at") if not is_missing(run.get(c))), None)
        year = "" if at is None else str(moment(at).year)
        use_case = str(catalogue.experiments.get(key[0], {}).get("use_case_id"))
        members.setdefault((use_case, key[2], year), []).append(key)
    found: dict[tuple[str, str, str], float] = {}
    for keys in members.values():
        runs = [catalogue.runs.get(key[0], {}) for key in keys]
        gone = max(int(run["n_withdrawn"]) if not is_missing(run.get("n_withdrawn")) else 0 for run in runs)
        p_values = [float(asked[key]["p_value_adjusted"]) for key in keys]
        corrected = benjamini_hochberg([*p_values, *[1.0] * gone])
        found |= dict(zip(keys, map(float, corrected[: len(keys)]), strict=True))
    return found


def doubts_of(
    row: Mapping[str, Any], run: Mapping[str, Any], family_p: float | None, stale: str | None, catalogue: Catalogue
) -> list[str]:
    """What stands against calling an effect proven, beside its grade and its guardrails, as clauses."""
    said = [] if row["metric_role"] == "primary" else ["it is no primary metric"]
    registered = run.get("primary_method")
    if not is_missing(registered):
        wanted, method = (absolute_of(str(name)) or str(name) for name in (registered, row["method"]))
        said += [] if wanted == method else [f"it is not by the registered method {registered}"]
    if family_p is None or family_p >= min(float(row["alpha"]), LARGEST_ALPHA):
        p = "not known" if family_p is None else f"{family_p:.2g}"
        said.append(f"its p value among the claims of this use case, KPI and year is {p}")
    said += [] if stale is None else ["it is stale"]
    passed = catalogue.passed.get(str(row["experiment_id"]), {})
    said += doubts(passed, run.get("design") in COMPARED_DESIGNS)
    return said + (["its methods disagree"] if passed.get("methods_agree") is False else [])


def experiment_claim(
    experiment: str,
    arm: str,
    metric: str,
    row: dict[str, Any],
    rows: list[dict[str, Any]],
    estimated: Mapping[str, dict[str, Any]],
    family_p: float | None,
    catalogue: Catalogue,
) -> dict[str, Any]:
    run = catalogue.runs.get(experiment, {})
    use_case_id = str(catalogue.experiments.get(experiment, {}).get("use_case_id"))
    direction = str(catalogue.metrics.get(metric, {}).get("direction"))
    is_share = catalogue.metrics.get(metric, {}).get("aggregation") == "proportion"
    finding = Finding(
        subject_of(use_case_id, arm, row["control_arm"], catalogue),
        catalogue.phrase_of(row),
        "points" if is_share and row["scale"] == "absolute" else str(row["scale"]),
        float(row["estimate"]),
        float(row["ci_low"]),
        float(row["ci_high"]),
        1 - float(row["alpha"]),
        str(row["evidence_grade"]),
        direction,
        str(row["verdict"]),
        None if is_missing(row["mean_control"]) else float(row["mean_control"]),
        None if is_missing(row["mean_treatment"]) else float(row["mean_treatment"]),
        is_share,
        run.get("design") in HOLDOUT_DESIGNS or run.get("assignment_method") == "holdout",
    )
    registration = registration_of(run)
    states = guardrail_states(experiment, metric, estimated, catalogue)
    guardrail = worst(list(states.values()))
    others = [r for r in rows if r["scale"] == row["scale"] and r["method"] != row["method"]]
    agreeing = [r for r in others if (r["estimate"] > 0) == (finding.estimate > 0)]
    against = [
        r for r in others if (r["ci_low"] > 0 and finding.estimate < 0) or (r["ci_high"] < 0 and finding.estimate > 0)
    ]
    started, ended = (None if is_missing(run.get(c)) else moment(run[c]) for c in ("starts_at", "ends_at"))
    since, stale = catalogue.changed_after(use_case_id, ended)
    doubted = doubts_of(row, run, family_p, stale, catalogue)
    verdict, why = verdict_of(finding, guardrail, registration, bool(against), doubted)
    strength, limit = e_values(finding.scale, finding.estimate, finding.ci_low, finding.ci_high)
    return {
        "claim_source": "experiment",
        "experiment_id": experiment,
        "use_case_id": use_case_id,
        "kpi": metric,
        "treatment_arm": arm or None,
        "sentence": said(sentence_of(finding), verdict, why, stale),
        "method": row["method"],
        "scale": row["scale"],
        "estimate": finding.estimate,
        "ci_low": finding.ci_low,
        "ci_high": finding.ci_high,
        "p_value": None if is_missing(row.get("p_value")) else float(row["p_value"]),
        "p_value_family": family_p,
        "evidence_grade": finding.grade,
        "verdict": verdict,
        "guardrails": guardrail_words(states, catalogue),
        "guardrail_status": guardrail,
        "sensitivity": sensitivity_words(finding, strength, limit, others, agreeing, catalogue.failed(experiment)),
        "e_value": strength,
        "e_value_limit": limit,
        "methods_agreeing": len(agreeing),
        "methods_compared": len(others),
        "registration": registration,
        "evidence_from": None if started is None else f"{started:%Y-%m-%d}",
        "evidence_to": None if ended is None else f"{ended:%Y-%m-%d}",
        "stale_since": since,
        "reason": sentence([why, None if is_missing(row["reason"]) else str(row["reason"])]),
        "is_causal": finding.grade in CAUSAL,
        "is_stale": since is not None,
    }


def said(text: str, verdict: str, why: str | None, stale: str | None) -> str:
    """The sentence as it may be said: what is invalid says so first, then a loss, and a gain of a good grade that is
    not proven, say why; what is stale says so last."""
    if verdict == "invalid":
        text = f"Do not claim: {text}"
    parts = [text, why, stale]
    return " ".join(part for part in parts if part)


def subject_of(use_case_id: str, arm: str, control: Any, catalogue: Catalogue) -> str:
    name = catalogue.use_case(use_case_id)
    if not arm or is_missing(control):
        return name
    return f"{name} ({arm_words(arm)} against {arm_words(str(control))})"


def arm_words(arm: str) -> str:
    return " ".join("AI" if word == "ai" else word for word in arm.split("_"))


def registration_of(run: Mapping[str, Any]) -> str:
    if not run:
        return "not_registered"
    before, changed = run.get("is_registered_before_start"), run.get("is_changed_after_start")
    if is_missing(before) or not bool(before):
        return "registered_late"
    is_changed = (not is_missing(changed) and bool(changed)) or bool(names(run.get("changed_fields")))
    return "changed_after_start" if is_changed else "registered"


def guardrail_states(
    experiment: str, metric: str, estimated: Mapping[str, dict[str, Any]], catalogue: Catalogue
) -> dict[str, str]:
    """The registered guardrails and the guardrail of the KPI of the same name, each with its state."""
    run = catalogue.runs.get(experiment, {})
    wanted = names(run.get("guardrail_metric_ids"))
    guarded_by = catalogue.kpis.get(metric, {}).get("guarded_by")
    wanted += [] if is_missing(guarded_by) else [str(guarded_by)]
    states = {}
    for guard in dict.fromkeys(w for w in wanted if w != metric):
        if guard in estimated:
            states[guard] = guardrail_of(estimated[guard], str(catalogue.metrics.get(guard, {}).get("direction")))
        else:
            states[guard] = "unknown"
    return states


def guardrail_words(states: Mapping[str, str], catalogue: Catalogue) -> str | None:
    words = {"holds": "holds", "worsened": "worsened", "unknown": "not shown to hold"}
    said_of = [f"{catalogue.phrase(guard)}: {words[state]}" for guard, state in states.items()]
    return "; ".join(said_of) or None


def sensitivity_words(
    f: Finding, strength: float | None, limit: float | None, others: list, agreeing: list, failed: list[str]
) -> str | None:
    parts = []
    if strength is not None and f.is_clear:
        end = f", {limit:.2f} for the interval" if limit is not None else ""
        parts.append(f"E-value {strength:.2f}{end}.")
    if others:
        low, high = min(r["estimate"] for r in others), max(r["estimate"] for r in others)
        ends = dict.fromkeys(shown(end, f.scale, True) for end in (low, high))
        agree = counted_of(len(agreeing), len(others), "other method", "agrees", "agree")
        parts.append(f"{agree} in sign ({' to '.join(ends)}).")
    if failed:
        parts.append(f"Failed checks: {', '.join(failed)}.")
    return sentence(parts)


def kpi_claims(values: pd.DataFrame, catalogue: Catalogue, level: float) -> list[dict[str, Any]]:
    """One claim of grade E for each KPI of a use case, from its newest 90 days against its baseline."""
    rows = [
        r
        for r in records(values)
        if r["period_grain"] == "rolling_90d"
        and not is_missing(r["use_case_id"])
        and is_missing(r["team_id"])
        and not any(is_missing(r[c]) for c in ("change_percent", "baseline_value", "ci_low", "ci_high"))
        and float(r["baseline_value"]) > 0
    ]
    newest = max((moment(r["period_end"]) for r in rows), default=None)
    return [kpi_claim(r, catalogue, level) for r in rows if moment(r["period_end"]) == newest]


def kpi_claim(row: dict[str, Any], catalogue: Catalogue, level: float) -> dict[str, Any]:
    kpi, use_case_id, base = str(row["kpi_id"]), str(row["use_case_id"]), float(row["baseline_value"])
    known = catalogue.kpis.get(kpi, {})
    low, high = sorted((float(row[c]) - base) / base for c in ("ci_low", "ci_high"))
    finding = Finding(
        catalogue.use_case(use_case_id),
        f"“{catalogue.kpi(kpi)}” against its baseline",
        "relative",
        float(row["change_percent"]) / 100,
        low,
        high,
        level,
        "E",
        str(known.get("direction")),
        "not_established",
    )
    states = {"holds": "holds", "worsened": "worsened", "none": "none"}
    guardrail = states.get(str(row["guardrail_status"]), "unknown")
    verdict, why = verdict_of(finding, guardrail, "not_registered")
    guarded_by = known.get("guarded_by")
    start, end = (moment(row[c]) for c in ("period_start", "period_end"))
    since, stale = catalogue.changed_after(use_case_id, end)
    words = {"holds": "holds", "worsened": "worsened", "unknown": "not shown to hold"}
    return dict.fromkeys(CLAIMS.names) | {
        "claim_source": "kpi",
        "use_case_id": use_case_id,
        "kpi": kpi,
        "sentence": said(sentence_of(finding), verdict, why, stale),
        "method": "before_after",
        "scale": "relative",
        "estimate": finding.estimate,
        "ci_low": low,
        "ci_high": high,
        "evidence_grade": "E",
        "verdict": verdict,
        "guardrails": None
        if is_missing(guarded_by) or guardrail == "none"
        else f"{catalogue.phrase(str(guarded_by))}: {words[guardrail]}",
        "guardrail_status": guardrail,
        "sensitivity": "Before and after only: it includes all other changes. The baseline is treated as exact, so the "
        "interval is too narrow.",
        "methods_agreeing": 0,
        "methods_compared": 0,
        "registration": "not_registered",
        "evidence_from": f"{start:%Y-%m-%d}",
        "evidence_to": f"{end:%Y-%m-%d}",
        "stale_since": since,
        "reason": why,
        "is_causal": False,
        "is_stale": since is not None,
    }
