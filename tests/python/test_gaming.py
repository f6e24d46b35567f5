"""A red team: ways to make no effect, or a harm, look like a proven gain, from raw tables and seeds, with dbt itself.

Each trick is one entry of TRICKS. The first build is what the warehouse saw while the experiment was honest; `late` is
what somebody edits afterwards. None may end as proven, nor in the return without a mark, and each is noticed by the
check that is meant for it. `honest` is the same gain without a trick: it is proven, so no test here passes for another
reason.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from dbt_warehouse import Project
from raw_tables import RawRows, insert_as_text, register

START, END, DATA_END = datetime(2026, 3, 2), datetime(2026, 4, 27), datetime(2026, 5, 18)
REGISTERED = datetime(2026, 2, 2)
UNITS, GAIN = 800, 0.15

DEFAULTS = {"design": "rct", "unit_type": "lead", "control_arm": "c", "treatment_arm": "t", "expected_split": "c:1|t:1"}
DEFAULTS |= {"registered_at": REGISTERED, "starts_at": START, "ends_at": END, "alpha": 0.05, "power": 0.8}
DEFAULTS |= {"minimum_detectable_effect": 0.1}
SIGNED = {"aggregation": "proportion", "numerator_measure": "signup", "window_days": 14, "direction": "up"}
SIGNED |= {"covariate": "pre_period"}


class Company(RawRows):
    """Rows of the raw tables, planted; each trick draws from a generator of its own."""

    def __init__(self) -> None:
        super().__init__(DATA_END)

    def assign(self, name: str, unit: str, arm: str, at: datetime = START, **columns) -> None:
        where = {"experiment_id": name, "unit_type": "lead", "unit_id": unit, "arm": arm, "assigned_at": at}
        self.add("assignments", at, **where, **{"assignment_method": "randomized"} | columns)

    def outcome(self, unit: str, name: str, at: datetime, **columns) -> None:
        self.add("outcome_events", at, unit_type="lead", unit_id=unit, name=name, **columns)

    def trial(
        self,
        name: str,
        rates: tuple[float, float] = (0.3, 0.3 + GAIN),
        units: int = UNITS,
        at: datetime = START,
        like: str | None = None,
        outcome: str = "signup",
        harmed: float = 0.0,
    ) -> pd.DataFrame:
        """Leads in two arms that sign up at these rates (control, treated), a few days after their assignment, and all
        at one rate before it. `like`: the leads' ids are those of that experiment. `harmed`: the share of the treated
        that complain, beside 5 % in both arms."""
        rng = np.random.default_rng(sum(map(ord, name)))
        arms = rng.permutation(np.repeat(["c", "t"], units // 2))
        drawn = rng.random((4, units))
        for k, arm in enumerate(arms):
            unit, treated = f"{like or name}{k}", arm == "t"
            begun = at + timedelta(hours=float(24 * 14 * drawn[3, k]))
            self.assign(name, unit, arm, begun)
            if drawn[0, k] < rates[treated]:
                self.outcome(unit, outcome, begun + timedelta(days=3))
            if drawn[1, k] < 0.3:
                self.outcome(unit, outcome, begun - timedelta(days=5))
            if drawn[2, k] < 0.05 + harmed * treated:
                self.outcome(unit, "complaint", begun + timedelta(days=2))
        return pd.DataFrame({"unit": [f"{like or name}{k}" for k in range(units)], "arm": arms})


@dataclass(frozen=True)
class Trick:
    """`check`: the check of experiment_health that fails, or None where the claim's own words say it; `says`: a part of
    what the claim's reason or the check says. `late` and `later`: statements that are run before the
    second and the third build."""

    plant: Callable[[Company, str], object]
    check: str | None = None
    says: str = ""
    row: dict = field(default_factory=dict)
    metric: dict = field(default_factory=dict)
    late: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    is_witnessed: bool = True
    # A use case of another trick: its siblings.
    use_case: str | None = None


def honest(company: Company, name: str) -> None:
    company.trial(name)


def null(company: Company, name: str) -> None:
    company.trial(name, (0.3, 0.3))


def harm(company: Company, name: str) -> None:
    company.trial(name, (0.45, 0.3))


def edit(seed: str, key: str, **columns: object) -> str:
    def text(value: object) -> str:
        return "null" if value is None else f"'{value}'"

    return f"update {seed} set " + ", ".join(f"{c} = {text(v)}" for c, v in columns.items()) + f" where {key}"


def of_metric(name: str, **columns: object) -> tuple[str, ...]:
    return (edit("metric_catalog", f"metric_id = '{name}'", **columns),)


def of_experiment(name: str, **columns: object) -> tuple[str, ...]:
    return (edit("experiments", f"experiment_id = '{name}'", **columns),)


def of_use_case(seed: str, name: str, **columns: object) -> tuple[str, ...]:
    return (edit(seed, f"use_case_id = '{name}'", **columns),)


def assigned_before_its_start(company: Company, name: str) -> None:
    """Units have been assigned for two months when the registry announces a start; as many are assigned after it."""
    company.trial(f"{name}_too", at=START - timedelta(days=60))
    for row in company.rows["assignments"]:
        if row["experiment_id"] == f"{name}_too":
            row["experiment_id"] = name
    company.trial(name)


def arms_after_the_outcome(company: Company, name: str) -> None:
    """Who signed up was put into the treated arm, with a time of assignment just before it."""
    rng = np.random.default_rng(7)
    for k in range(UNITS):
        unit, signed = f"{name}{k}", rng.random() < 0.3
        treated = rng.random() < (0.7 if signed else 0.41)
        company.assign(name, unit, "ct"[int(treated)], START + timedelta(days=1))
        if signed:
            company.outcome(unit, "signup", START + timedelta(hours=2))
            company.outcome(unit, "signup", START + timedelta(days=3))


def chosen_by_themselves(company: Company, name: str) -> None:
    """The keen, who signed up before, choose the treatment; the word says randomized."""
    rng = np.random.default_rng(8)
    for k in range(UNITS):
        unit, keen = f"{name}{k}", rng.random() < 0.5
        treated = rng.random() < (0.65 if keen else 0.35)
        company.assign(name, unit, "ct"[int(treated)], START)
        for days in (-9, 3):
            if rng.random() < (0.5 if keen else 0.1):
                company.outcome(unit, "signup", START + timedelta(days=days))


def teams_of_leads(company: Company, name: str) -> None:
    """Whole accounts share an arm and a mood; nothing is said of clusters."""
    rng = np.random.default_rng(9)
    arms = rng.permutation(np.repeat([0, 1], 10))
    for team, treated in enumerate(arms):
        mood = float(np.clip(0.3 + rng.normal(0, 0.15) + 0.2 * treated, 0.02, 0.98))
        for k in range(40):
            unit = f"{name}{team}_{k}"
            company.assign(name, unit, "ct"[int(treated)], START)
            attribute = {"unit_type": "lead", "unit_id": unit, "name": "account", "value_text": f"{name}{team}"}
            past = START - timedelta(days=30)
            company.add("unit_covariates", past, **attribute, observed_at=past, updated_at=past)
            if rng.random() < mood:
                company.outcome(unit, "signup", START + timedelta(days=3))


def control_was_treated(company: Company, name: str) -> None:
    """A third of the control arm was exposed to the treatment."""
    rng = np.random.default_rng(10)
    for k in range(UNITS):
        unit, treated = f"{name}{k}", k % 2
        exposed = START + timedelta(days=1) if treated or rng.random() < 0.3 else None
        company.assign(name, unit, "ct"[int(treated)], START, exposed_at=exposed)
        if rng.random() < 0.3 + GAIN * treated:
            company.outcome(unit, "signup", START + timedelta(days=3))


def control_used_ai(company: Company, name: str) -> None:
    """A third of the control arm's leads were worked on with the AI that is tested."""
    company.trial(name)
    for k, row in enumerate(row for row in list(company.rows["assignments"]) if row["experiment_id"] == name):
        if row["arm"] == "t" or k % 3 == 0:
            task = {"task_id": f"{name}{k}", "use_case_id": name, "subject_type": "lead", "subject_id": row["unit_id"]}
            task |= {"execution_mode": "ai_assisted", "actor_kind": "human", "actor_id": "ann"}
            company.add("task_events", row["assigned_at"] + timedelta(hours=5), event_type="completed", **task)


def late_conversions(company: Company, name: str) -> None:
    """A fourth of the control arm's outcomes were sent so late that they are in quarantine."""
    rng = np.random.default_rng(11)
    for k in range(2 * UNITS):
        unit, treated = f"{name}{k}", k % 2
        company.assign(name, unit, "ct"[int(treated)], START)
        if rng.random() < 0.35:
            at = START + timedelta(days=3)
            company.outcome(unit, "signup", at)
            if not treated and rng.random() < 0.3:
                company.rows["outcome_events"][-1]["received_at"] = at + timedelta(days=31)


def moved_units(company: Company, name: str) -> None:
    """Few units, but those who did not sign up, were also put into the control arm, so that they count in none."""
    rng = np.random.default_rng(12)
    for k in range(2 * UNITS):
        unit, treated = f"{name}{k}", k % 2
        signed = rng.random() < 0.3
        company.assign(name, unit, "ct"[int(treated)], START)
        if treated and not signed and rng.random() < 0.25:
            company.assign(name, unit, "c", START + timedelta(hours=1))
        if signed:
            company.outcome(unit, "signup", START + timedelta(days=3))


def one_of_ten(company: Company, name: str) -> None:
    """Ten splits of the same leads, of which the luckiest is kept: the others are deleted from the registry."""
    leads = company.trial(name)
    rng = np.random.default_rng(13)
    for k in range(9):
        for unit, arm in zip(leads.unit, rng.permutation(leads.arm.to_numpy()), strict=True):
            company.assign(f"{name}_{k}", unit, arm, START)


def unbalanced(company: Company, name: str) -> None:
    """Assigned one to one, but a tenth of the treated arm, of those who did not sign up, was dropped."""
    rng = np.random.default_rng(14)
    for k in range(2 * UNITS):
        treated, signed = k % 2, rng.random() < 0.3
        if treated and not signed and rng.random() < 0.3:
            continue
        company.assign(name, f"{name}{k}", "ct"[int(treated)], START)
        if signed:
            company.outcome(f"{name}{k}", "signup", START + timedelta(days=3))


def harm_to_a_guardrail(company: Company, name: str) -> None:
    company.trial(name, harmed=0.15)


def lost_by_outcome(how: str) -> Callable[[Company, str], None]:
    """Of the treated those that did not sign up, and as many of the control that did, are left out: `how`."""

    def plant(company: Company, name: str) -> None:
        rng = np.random.default_rng(22)
        for k in range(2 * UNITS):
            unit, treated, signed = f"{name}{k}", k % 2, rng.random() < 0.3
            lost = treated != signed and rng.random() < (0.12 if treated else 0.28)
            at = END + timedelta(days=1) if lost and how == "after_its_end" else START
            company.assign(name, unit, "ct"[treated], at)
            if lost and how == "before_its_start":
                company.assign(name, unit, "ct"[treated], START - timedelta(days=1))
            if lost and how == "of_another_kind":
                company.rows["assignments"][-1]["unit_type"] = "account"
            if lost and how == "broken":
                company.rows["assignments"][-1]["assigned_at"] = "soon"
            if rng.random() < 0.3:
                company.outcome(unit, "signup", START - timedelta(days=5))
            if signed:
                company.outcome(unit, "signup", START + timedelta(days=3))

    return plant


def dated_back(company: Company, name: str) -> None:
    """Entries that come when the outcomes are known date control units back, so that their windows end before."""
    company.trial(name, (0.3, 0.3), at=START + timedelta(days=16))
    for row in [row for row in company.rows["assignments"] if row["experiment_id"] == name and row["arm"] == "c"]:
        company.assign(name, row["unit_id"], "c", row["assigned_at"])
        at = row["assigned_at"] - timedelta(days=13)
        company.rows["assignments"][-1] |= {"assigned_at": at, "received_at": row["assigned_at"] + timedelta(days=20)}


def a_past_made_up(company: Company, name: str) -> None:
    """The keen choose the treatment; sign-ups of before, reported afterwards, hide that the others were not keen."""
    rng = np.random.default_rng(30)
    for k in range(UNITS):
        unit, keen = f"{name}{k}", rng.random() < 0.5
        treated = rng.random() < (0.65 if keen else 0.35)
        company.assign(name, unit, "ct"[int(treated)], START)
        if rng.random() < (0.5 if keen else 0.1):
            company.outcome(unit, "signup", START + timedelta(days=3))
        if (keen and treated) or (not treated and rng.random() < 0.65):
            company.outcome(unit, "signup", START - timedelta(days=9))
            if not keen:
                company.rows["outcome_events"][-1]["received_at"] = START + timedelta(days=15)


def exposed_when_it_suits(company: Company, name: str) -> None:
    """Everybody signs up more in the third week, where the window of the treated opens, by their exposure."""
    rng = np.random.default_rng(21)
    for k in range(UNITS):
        unit, treated = f"{name}{k}", k % 2
        exposed = START + timedelta(days=14) if treated else None
        company.assign(name, unit, "ct"[treated], START, exposed_at=exposed)
        for days, chance in ((-5, 0.3), (3, 0.15), (17, 0.3)):
            if rng.random() < chance:
                company.outcome(unit, "signup", START + timedelta(days=days))


def some_chose(company: Company, name: str) -> None:
    """Half of the treated arm chose it, and says so; the log of the others says randomized."""
    rng = np.random.default_rng(29)
    for k in range(UNITS):
        unit, treated, chose = f"{name}{k}", k % 2, k % 4 == 1
        method = "self_selected" if chose else "randomized"
        company.assign(name, unit, "ct"[treated], START, assignment_method=method)
        for days, chance in ((-5, 0.3), (3, 0.6 if chose else 0.3)):
            if rng.random() < chance:
                company.outcome(unit, "signup", START + timedelta(days=days))


def strata_by_outcome(company: Company, name: str) -> None:
    """Strata are named when the outcome is known."""
    rng = np.random.default_rng(27)
    for k in range(2 * UNITS):
        unit, treated, signed = f"{name}{k}", k % 2, rng.random() < 0.3
        suits = bool(treated) == signed and rng.random() < 0.9
        company.assign(name, unit, "ct"[treated], START, stratum="a" if suits else "b")
        if signed:
            company.outcome(unit, "signup", START + timedelta(days=3))


def come_back(name: str, **metric: object) -> tuple[str, ...]:
    """An experiment and its metric are registered anew, as if for the first time."""
    rows = {
        "experiments": {"experiment_id": name, "name": name, "primary_metric_id": name, "use_case_id": name} | DEFAULTS
    }
    rows["metric_catalog"] = {"metric_id": name, "name": name} | SIGNED | metric
    return tuple(
        f"insert into {seed} ({', '.join(row)}) values ({', '.join(repr(str(value)) for value in row.values())})"
        for seed, row in rows.items()
    )


GUARDED = {"guardrail_metric_ids": "complaints"}
# The units of an experiment are loaded once more, under its new name.
MOVED = f"""
    insert into raw.assignments select * replace (
        'renamed_again' as experiment_id, event_id || ' again' as event_id,
        '{DATA_END}' as occurred_at, '{DATA_END}' as received_at
    ) from raw.assignments where experiment_id = 'renamed'"""
TRICKS = {
    # What was registered is changed after the start.
    "direction_flipped": Trick(
        harm, "registration_changed", "direction", late=of_metric("direction_flipped", direction="down")
    ),
    "window_widened": Trick(
        honest, "registration_changed", "window_days", late=of_metric("window_widened", window_days=3650)
    ),
    "logged": Trick(
        honest, "registration_changed", "transform", late=of_metric("logged", aggregation="mean", transform="log1p")
    ),
    "winsorised": Trick(
        honest,
        "registration_changed",
        "winsorize",
        late=of_metric("winsorised", aggregation="mean", transform="winsorize", winsorize_at=0.8),
    ),
    "measure_swapped": Trick(
        harm,
        "registration_changed",
        "numerator_measure",
        late=of_metric("measure_swapped", numerator_measure="complaint"),
    ),
    "guardrail_deleted": Trick(
        harm_to_a_guardrail,
        "registration_changed",
        "guardrail_metric_ids",
        GUARDED,
        late=of_experiment("guardrail_deleted", guardrail_metric_ids=None),
    ),
    "guardrail_worsened": Trick(harm_to_a_guardrail, None, "guardrail", GUARDED),
    "lenient_alpha": Trick(honest, "registration_changed", "alpha", late=of_experiment("lenient_alpha", alpha=0.5)),
    "split_as_observed": Trick(
        unbalanced,
        "registration_changed",
        "expected_split",
        late=of_experiment("split_as_observed", expected_split="c:0.54|t:0.46"),
    ),
    "ended_when_it_suited": Trick(
        honest,
        "registration_changed",
        "ends_at",
        late=of_experiment("ended_when_it_suited", ends_at=END - timedelta(days=20)),
    ),
    "another_metric": Trick(
        honest,
        "registration_changed",
        "primary_metric_id",
        {"primary_metric_id": "complaints"},
        late=of_experiment("another_metric", primary_metric_id="another_metric"),
    ),
    "flipped_and_back": Trick(
        honest,
        "registration_changed",
        "direction",
        late=of_metric("flipped_and_back", direction="down"),
        later=of_metric("flipped_and_back", direction="up"),
    ),
    "history_erased": Trick(
        harm,
        "registration_witnessed",
        late=(
            "delete from definitions_snapshot where scope_id = 'history_erased'",
            *of_metric("history_erased", direction="down"),
        ),
        is_witnessed=False,
    ),
    "renamed": Trick(
        honest,
        "registration_changed",
        "experiment_id",
        late=(*of_experiment("renamed", experiment_id="renamed_again"), MOVED),
    ),
    "value_per_unit": Trick(
        honest,
        None,
        "roi_assumptions.base",
        late=of_use_case("roi_assumptions", "value_per_unit", base=10000, high=12000),
    ),
    "arms_swapped": Trick(
        harm,
        "registration_changed",
        "control_arm",
        late=of_experiment("arms_swapped", control_arm="t", treatment_arm="c", expected_split="t:1|c:1"),
    ),
    "left_and_came_back": Trick(
        harm,
        "registration_changed",
        "direction",
        late=(
            "delete from experiments where experiment_id = 'left_and_came_back'",
            "delete from metric_catalog where metric_id = 'left_and_came_back'",
        ),
        later=come_back("left_and_came_back", direction="down"),
    ),
    # When it was registered.
    "assigned_before": Trick(assigned_before_its_start, "registered_late"),
    "registered_later": Trick(honest, None, "after", {"registered_at": START + timedelta(days=30)}),
    "not_witnessed": Trick(honest, "registration_witnessed", "attest", is_witnessed=False),
    "one_of_ten": Trick(one_of_ten, "withdrawn_siblings", ""),
    # How arms came about, and who was lost.
    "arms_after_the_outcome": Trick(arms_after_the_outcome, "pre_period_balance", ""),
    "chosen_by_themselves": Trick(chosen_by_themselves, "pre_period_difference", ""),
    "unbalanced": Trick(unbalanced, "srm", ""),
    "teams_of_leads": Trick(teams_of_leads, "unregistered_clusters", ""),
    "control_was_treated": Trick(control_was_treated, "contamination", ""),
    "control_used_ai": Trick(control_used_ai, "contamination"),
    "late_conversions": Trick(late_conversions, None, ""),
    "moved_units": Trick(moved_units, "multiple_exposure", ""),
    "ended_for_some": Trick(lost_by_outcome("after_its_end"), "lost_by_arm", "after the end"),
    "begun_for_some": Trick(lost_by_outcome("before_its_start"), "lost_by_arm", "before the start"),
    "of_another_kind": Trick(lost_by_outcome("of_another_kind"), "lost_by_arm", "another kind"),
    "broken": Trick(lost_by_outcome("broken"), "lost_by_arm", "in quarantine"),
    "dated_back": Trick(dated_back, "lost_by_arm", "dated back"),
    "a_past_made_up": Trick(a_past_made_up, "lost_by_arm", "of before"),
    "exposed_when_it_suits": Trick(exposed_when_it_suits, None, "not known", metric={"window_from": "exposure"}),
    "some_chose": Trick(some_chose, None, "self_selected"),
    "held_out_by_choice": Trick(chosen_by_themselves, "pre_period_difference", "", {"design": "holdout"}),
    "strata_by_outcome": Trick(strata_by_outcome, "srm_by_stratum", "", {"primary_method": "post_stratified"}),
    # What is paid.
    "a_ratio_has_no_price": Trick(
        honest, metric={"aggregation": "ratio", "denominator_measure": "complaint"}, says="", check=None
    ),
    # What is read, and when.
    "still_recruiting": Trick(
        lambda company, name: company.trial(name, at=DATA_END - timedelta(days=21)),
        None,
        "",
        {"starts_at": DATA_END - timedelta(days=25), "ends_at": DATA_END + timedelta(days=60)},
    ),
    "another_method": Trick(honest, None, "", {"primary_method": "post_stratified"}),
    "secondary": Trick(
        honest, None, "primary", {"primary_metric_id": "complaints", "secondary_metric_ids": "secondary"}
    ),
    "half_of_everything": Trick(null, None, "", {"minimum_detectable_effect": 0.5}),
}
COMPLAINTS = {"aggregation": "proportion", "numerator_measure": "complaint", "window_days": 14, "direction": "down"}
COMPLAINTS |= {"is_guardrail": True, "non_inferiority_margin": 0.3}
BUILT = ("+impact_claims", "+experiment_health", "+roi_effects")
HONEST = "honest"
ALL = {HONEST: Trick(honest)} | TRICKS
# Use cases that name the experiment of another as their own gain.
BORROWERS = ("borrower", "another_borrower")


def registered() -> dict[str, dict]:
    rows = {
        name: DEFAULTS | {"primary_metric_id": name, "use_case_id": name} | trick.row for name, trick in ALL.items()
    }
    return rows | {f"one_of_ten_{k}": rows["one_of_ten"] for k in range(9)}


def fill(connection: duckdb.DuckDBPyConnection, seed: str, rows: list[dict]) -> None:
    connection.execute(f"delete from {seed}")
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(f"insert into {seed} ({', '.join(row)}) values ({marks})", list(row.values()))


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, pd.DataFrame]:
    company, project = Company(), Project(tmp_path_factory.mktemp("gaming"))
    for name, trick in ALL.items():
        trick.plant(company, name)
    with duckdb.connect(str(project.path)) as connection:
        for source, rows in company.rows.items():
            insert_as_text(connection, source, rows)
        register(
            connection, registered(), {name: SIGNED | t.metric for name, t in ALL.items()} | {"complaints": COMPLAINTS}
        )
        lived = {"domain": "execution", "ai_live_from": START, "baseline_from": REGISTERED, "baseline_to": START}
        fill(connection, "use_cases", [{"use_case_id": name, "name": name} | lived for name in (*ALL, *BORROWERS)])
        term = {"term": "revenue", "basis": "per_unit"}
        paid = [*((name, name) for name in ALL), *((borrower, HONEST) for borrower in BORROWERS)]
        rows = [{"use_case_id": n, "experiment_id": of, "metric_id": of} | term for n, of in paid]
        fill(connection, "roi_terms", rows)
        worth = {"name": "value_per_unit", "low": 50, "base": 100, "high": 150, "distribution": "triangular"}
        fill(
            connection,
            "roi_assumptions",
            [{"use_case_id": name, "source": "Finance"} | worth for name in (*ALL, *BORROWERS)],
        )
    commits = {name: f"{REGISTERED:%Y-%m-%d %H:%M:%S}" for name, trick in ALL.items() if trick.is_witnessed}
    variables = json.dumps({"registration_commits": commits, "expected_outcomes": ["signup", "complaint"]})

    def build() -> None:
        untested = ("--exclude-resource-type", "seed", "test", "unit_test")
        project.dbt("build", "--select", *BUILT, *untested, "--vars", variables)

    build()
    deleted = "delete from experiments where experiment_id like 'one_of_ten_%'"
    late, later = ([s for trick in ALL.values() for s in getattr(trick, when)] for when in ("late", "later"))
    for statements in ([deleted, *late], later):
        with duckdb.connect(str(project.path)) as connection:
            for statement in statements:
                connection.execute(statement)
        build()
    with duckdb.connect(str(project.path), read_only=True) as connection:
        read = ("impact_claims", "experiment_health", "roi_effects", "impact_estimates")
        return {name: connection.sql(f"select * from {name}").df() for name in read}


def ids(name: str) -> list[str]:
    """The ids that its experiment has had."""
    return [name, f"{name}_again"]


def test_an_honest_gain_is_proven_and_paid(tables):
    claims = tables["impact_claims"].query("experiment_id == @HONEST and kpi == @HONEST")
    assert set(claims.verdict) == {"proven"}, claims.T.to_string()
    assert set(claims.evidence_grade) == {"A"}
    health = tables["experiment_health"].query("experiment_id == @HONEST and passed == False")
    assert health.empty, health.to_string()
    assert tables["roi_effects"].query("use_case_id == @HONEST").is_counted.all()


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_is_not_proven(tables, name):
    claims = tables["impact_claims"][tables["impact_claims"].experiment_id.isin(ids(name))]
    assert not claims.empty
    assert "proven" not in set(claims.verdict), claims[["kpi", "sentence", "evidence_grade", "reason"]].T.to_string()


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_is_paid_with_a_mark_only(tables, name):
    effects = tables["roi_effects"][tables["roi_effects"].use_case_id == name]
    paid = effects[effects.is_counted]
    assert paid.reason.fillna("").ne("").all(), paid.T.to_string()


@pytest.mark.parametrize("name", [*BORROWERS, "logged", "a_ratio_has_no_price"])
def test_what_was_paid_elsewhere_or_has_no_price_is_not_paid(tables, name):
    effects = tables["roi_effects"][tables["roi_effects"].use_case_id == name]
    assert len(effects) == 1 and not effects.is_counted.any()
    assert effects.not_counted_because.notna().all()


@pytest.mark.parametrize("name", [name for name, trick in TRICKS.items() if trick.check or trick.says])
def test_a_trick_is_noticed(tables, name):
    trick = TRICKS[name]
    if trick.check:
        table = tables["experiment_health"]
        found = table[table.experiment_id.isin(ids(name)) & (table.check_id == trick.check)]
        assert (found.passed == False).any(), found.to_string()  # noqa: E712
        said = " ".join(found.detail)
    else:
        table = tables["impact_claims"]
        said = " ".join(table[table.experiment_id.isin(ids(name))].reason.fillna(""))
    assert trick.says in said
