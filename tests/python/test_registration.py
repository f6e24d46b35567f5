"""What is known of a registration, and what a change of it does: dbt itself, from raw assignments and edited seeds."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dbt_warehouse import Project, parsed
from raw_tables import insert

MODELS = (
    "int_kpi_catalog",
    "int_metric_catalog",
    "base_assignments",
    "stg_assignments",
    "int_assignment_spans",
    "int_definitions",
    "definitions_snapshot",
    "int_definition_versions",
    "int_definition_changes",
    "int_return_terms",
    "int_definition_uses",
    "int_registration_hashes",
    "int_attestations",
    "int_withdrawn_experiments",
    "int_registrations",
    "definition_changes",
)
NO_TESTS = ("--exclude-resource-type", "seed", "test", "unit_test")
MINE = "where experiment_id = 'email_drafting'"

# Each trick: the seed's statement, what of it is changed, from what, to what.
TRICKS = {
    "another direction": (
        "update metric_catalog set direction = 'down' where metric_id = 'mql_rate'",
        ("metric_catalog.direction", "up", "down"),
    ),
    "a logarithm": (
        "update metric_catalog set transform = 'log' where metric_id = 'throughput_per_labour_hour'",
        ("metric_catalog.transform", "none", "log"),
    ),
    "winsorising at .8": (
        "update metric_catalog set winsorize_at = 0.8 where metric_id = 'time_to_draft'",
        ("metric_catalog.winsorize_at", None, "0.8"),
    ),
    "a window of ten years": (
        "update metric_catalog set window_days = 3650 where metric_id = 'mql_rate'",
        ("metric_catalog.window_days", "14", "3650"),
    ),
    "another covariate": (
        "update metric_catalog set covariate = 'pre_period' where metric_id = 'mql_rate'",
        ("metric_catalog.covariate", "engagement_score", "pre_period"),
    ),
    "a margin of a guardrail": (
        "update metric_catalog set non_inferiority_margin = 9 where metric_id = 'error_rate'",
        ("metric_catalog.non_inferiority_margin", "0.1", "9"),
    ),
    "no guardrail": (
        f"update experiments set guardrail_metric_ids = null {MINE}",
        ("experiments.guardrail_metric_ids", "rework_rate|error_rate", None),
    ),
    "alpha .5": (f"update experiments set alpha = 0.5 {MINE}", ("experiments.alpha", "0.05", "0.5")),
    "another primary metric": (
        f"update experiments set primary_metric_id = 'time_to_draft' {MINE}",
        ("experiments.primary_metric_id", "mql_rate", "time_to_draft"),
    ),
    "another method": (
        f"update experiments set primary_method = 'difference_in_means' {MINE}",
        ("experiments.primary_method", None, "difference_in_means"),
    ),
    "the split that was seen": (
        f"update experiments set expected_split = 'human_draft:0.4|ai_draft:0.6' {MINE}",
        ("experiments.expected_split", "human_draft:0.5|ai_draft:0.5", "human_draft:0.4|ai_draft:0.6"),
    ),
    "looks": (f"update experiments set inference = 'pocock' {MINE}", ("experiments.inference", None, "pocock")),
    "an earlier end": (
        f"update experiments set ends_at = '2026-04-01' {MINE}",
        ("experiments.ends_at", "2026-05-25 00:00:00", "2026-04-01 00:00:00"),
    ),
    "another baseline": (
        "update use_cases set baseline_from = '2025-12-25' where use_case_id = 'email_drafting'",
        ("use_cases.baseline_from", "2025-12-08", "2025-12-25"),
    ),
    "a target of 100": (
        "update kpi_catalog set target_low = 50 where kpi_id = 'throughput_per_labour_hour'",
        ("kpi_catalog.target_low", "100", "50"),
    ),
    "a KPI without its guard": (
        "update kpi_catalog set guarded_by = null where kpi_id = 'throughput_per_labour_hour'",
        ("kpi_catalog.guarded_by", "rework_rate", None),
    ),
    "a value ten times as large": (
        "update roi_assumptions set base = 10 * base where use_case_id = 'email_drafting' and name = 'value_per_unit'",
        ("roi_assumptions.base", "60", "600"),
    ),
    "a rate ten times as large": (
        "update labor_rates set loaded_cost_per_hour = 10 * loaded_cost_per_hour where month = '2026-03-01' "
        "and team_id = (select min(team_id) from labor_rates where month = '2026-03-01')",
        ("labor_rates.loaded_cost_per_hour", None, None),
    ),
    "a term more": (
        "insert into roi_terms (use_case_id, term, experiment_id, metric_id, basis) "
        "values ('email_drafting', 'revenue', 'email_drafting', 'time_to_draft', 'per_unit')",
        ("roi_terms.term", None, "email_drafting|revenue|email_drafting|time_to_draft"),
    ),
    "a term less": (
        "delete from roi_terms where experiment_id = 'email_drafting' and term = 'labour'",
        ("roi_terms.term", "email_drafting|labour|email_drafting|throughput_per_labour_hour", None),
    ),
    "a guardrail that is not in the catalogue": (
        "delete from metric_catalog where metric_id = 'rework_rate'",
        ("metric_catalog.metric_id", "rework_rate", None),
    ),
}


class Registry(Project):
    """A warehouse with a registry, to be edited, and assignments, to be added."""

    def edit(self, *statements: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def build(self, *options: str, models: tuple[str, ...] = MODELS) -> None:
        self.dbt("build", "--select", *models, *NO_TESTS, *options)

    def assign(self, experiment_id: str, units: range, at: datetime | None = None) -> None:
        at = at or datetime.now(UTC).replace(tzinfo=None)
        rows = [
            {
                "event_id": f"{experiment_id}-{unit}",
                "source": "test",
                "occurred_at": at,
                "received_at": at,
                "experiment_id": experiment_id,
                "unit_type": "lead",
                "unit_id": f"lead-{unit}",
                "arm": ("human_draft", "ai_draft")[unit % 2],
                "assigned_at": at,
                "assignment_method": "randomized",
            }
            for unit in units
        ]
        with duckdb.connect(str(self.path)) as connection:
            insert(connection, "assignments", rows)

    def registration(self, experiment_id: str = "email_drafting") -> dict:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            found = connection.execute("select * from int_registrations where experiment_id = ?", [experiment_id])
            return dict(zip([c[0] for c in found.description], found.fetchone(), strict=True))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory) -> Registry:
    """The demo's registry without its signatures, in a warehouse that has built nothing."""
    project = Registry(tmp_path_factory.mktemp("seeded"))
    project.edit("delete from reviews")
    return project


def copy_of(project: Registry, folder: Path) -> Registry:
    """Another warehouse with the same content."""
    other = object.__new__(Registry)
    other.folder, other.path = folder, folder / project.path.name
    for file in (project.path, project.folder / "profiles.yml"):
        shutil.copy(file, folder)
    other.environment = {
        name: value.replace(str(project.folder), str(folder)) for name, value in project.environment.items()
    }
    other.runner = project.runner
    return other


@pytest.fixture(scope="module")
def started(seeded, tmp_path_factory) -> Registry:
    """One that saw the registry a month before the experiment began, and has 100 units in it."""
    project = copy_of(seeded, tmp_path_factory.mktemp("started"))
    project.see_registrations(at="2026-02-01")
    project.assign("email_drafting", range(100), datetime(2026, 3, 2, 8))
    project.build()
    return project


@pytest.fixture
def running(started, tmp_path) -> Registry:
    return copy_of(started, tmp_path)


def test_the_first_sight_before_the_start_is_a_witness(started):
    found = started.registration()
    assert found["started_at"] == datetime(2026, 3, 2)
    assert (found["is_registered_before_start"], found["is_registration_witnessed"]) == (True, True)
    assert (found["is_changed_after_start"], found["changed_fields"], found["n_withdrawn"]) == (False, None, 0)
    assert started.query("select count(*) from definition_changes") == [(0,)]
    # Dated after its start: no witness helps.
    assert started.registration("sales_research")["is_registered_before_start"] is False


@pytest.fixture(scope="module")
def tricked(started, tmp_path_factory) -> Registry:
    """All tricks at once: each has its row."""
    project = copy_of(started, tmp_path_factory.mktemp("tricked"))
    project.edit(*(statement for statement, _ in TRICKS.values()))
    project.build()
    return project


@pytest.mark.parametrize("trick", TRICKS)
def test_a_change_after_the_start_is_shown(tricked, trick):
    _, (name, before, after) = TRICKS[trick]
    rows = tricked.query(
        "select seed || '.' || field, from_value, to_value, marked_experiment_ids, seen_at from definition_changes"
    )
    mine = [row for row in rows if row[0] == name and (before, after) in ((None, None), row[1:3])]
    assert len(mine) == 1, rows
    assert "email_drafting" in mine[0][3].split("|")
    assert abs(mine[0][4] - datetime.now()) < timedelta(minutes=10)
    assert name in tricked.registration()["changed_fields"].split("|")


def test_a_change_marks_what_rests_on_it_alone(tricked):
    """Others share the guardrail and the rates; the holdout of accounts shares nothing."""
    assert tricked.registration("landing_page")["changed_fields"] is None
    assert tricked.registration("incident_triage")["changed_fields"] == (
        "labor_rates.loaded_cost_per_hour|metric_catalog.metric_id"
    )
    assert len(tricked.query("select * from definition_changes")) == len(TRICKS)


def test_the_name_may_be_corrected(running):
    running.edit(f"update experiments set name = 'Drafts' {MINE}", f"update experiments set alpha = 0.050 {MINE}")
    running.build()
    assert running.registration()["is_changed_after_start"] is False


def test_a_change_that_is_taken_back_stays_known(running):
    for alpha in (0.5, 0.05):
        running.edit(f"update experiments set alpha = {alpha} {MINE}")
        running.build()
    assert running.registration()["changed_fields"] == "experiments.alpha"
    assert len(running.query("select * from definition_changes where field = 'alpha'")) == 2


def test_a_run_without_the_snapshot_hides_nothing(running):
    running.edit(
        f"update experiments set alpha = 0.5 {MINE}",
        "delete from metric_catalog where metric_id = 'error_rate'",
    )
    running.build(models=tuple(name for name in MODELS if name != "definitions_snapshot"))
    assert running.registration()["changed_fields"] == "experiments.alpha|metric_catalog.metric_id"


# Commits in time and too late, and a var that admits grades: parsed once.
VARS = (
    "{roi_evidence_grades: [A, B, C, D, E], registration_commits: "
    '{email_drafting: "2026-02-16T11:00:00+01:00", positioning: "2026-02-02 00:00:01"}}'
)


def test_a_var_that_admits_grades_is_part_of_it(running):
    running.runner = type(running.runner)(manifest=parsed(VARS))
    running.build("--vars", VARS)
    assert running.registration()["changed_fields"] == "vars.roi_evidence_grades"
    # Nothing is paid for it.
    assert running.registration("regional_campaigns")["changed_fields"] is None


def test_the_first_build_believes_no_date(seeded, tmp_path):
    project = copy_of(seeded, tmp_path)
    project.build()
    found = project.registration()
    assert (found["is_registered_before_start"], found["is_registration_witnessed"]) == (True, False)


def test_units_that_were_assigned_before_the_registration(seeded, tmp_path):
    """Registered on 9 May for 10 May, with units in it since March; and the warehouse saw that on 9 May."""
    project = copy_of(seeded, tmp_path)
    project.edit(f"update experiments set registered_at = '2026-05-09', starts_at = '2026-05-10' {MINE}")
    project.see_registrations(at="2026-05-09")
    project.assign("email_drafting", range(10), datetime(2026, 3, 2))
    project.assign("email_drafting", range(10, 20), datetime(2026, 5, 11))
    project.build()
    found = project.registration()
    assert found["started_at"] == datetime(2026, 3, 2)
    assert (found["is_registered_before_start"], found["is_registration_witnessed"]) == (False, False)


def test_a_start_that_is_moved_is_where_it_was(running):
    running.edit(f"update experiments set starts_at = '2026-08-01', registered_at = '2026-07-01' {MINE}")
    running.build()
    found = running.registration()
    assert found["started_at"] == datetime(2026, 3, 2)
    assert found["is_registered_before_start"] is False
    assert found["changed_fields"] == "experiments.registered_at|experiments.starts_at"


def test_a_snapshot_that_was_dropped_is_no_witness(running):
    """What it knew is gone: nobody has seen the registration before its start."""
    running.edit("update metric_catalog set direction = 'down' where metric_id = 'mql_rate'")
    running.edit("drop table definitions_snapshot")
    running.build()
    assert running.registration()["is_registration_witnessed"] is False


def sign(project: Registry, experiment_id: str = "email_drafting", by: str = "Head of Experimentation") -> None:
    signed = project.registration(experiment_id)["registration_hash"]
    project.edit(
        "insert into reviews by name select 'email_drafting' as use_case_id, 'registration' as cadence, "
        f"cast('2026-02-16' as date) as reviewed_on, '{experiment_id}' as experiment_id, '{by}' as signed_off_by, "
        f"'{signed}' as registration_hash"
    )


def test_a_signature_stands_for_what_was_signed(running):
    """A new warehouse believes a signature, of the registration as it stands."""
    sign(running)
    running.edit("drop table definitions_snapshot")
    running.build()
    assert running.registration()["is_registration_witnessed"] is True
    running.edit("update metric_catalog set direction = 'down' where metric_id = 'mql_rate'")
    running.edit("drop table definitions_snapshot")
    running.build()
    assert running.registration()["is_registration_witnessed"] is False


def test_a_signature_is_not_written_later(seeded, tmp_path):
    """The warehouse was there, and did not see it: it counts from when it did."""
    project = copy_of(seeded, tmp_path)
    project.build()
    sign(project)
    project.build()
    assert project.registration()["is_registration_witnessed"] is False
    kinds = project.query("select definition_kind, change, marked_experiment_ids from definition_changes")
    assert kinds == [("attestation", "added", None)]


def test_nobody_signs_for_themselves(running):
    sign(running, by="Head of Sales Development")
    running.edit("drop table definitions_snapshot")
    running.build()
    assert running.registration()["is_registration_witnessed"] is False


def test_a_commit_attests(seeded, tmp_path):
    project = copy_of(seeded, tmp_path)
    project.runner = type(project.runner)(manifest=parsed(VARS))
    project.build("--vars", VARS)
    witnessed = dict(project.query("select experiment_id, is_registration_witnessed from int_registrations"))
    assert {name for name, is_witnessed in witnessed.items() if is_witnessed} == {"email_drafting"}


def test_a_row_that_left_and_came_back(running):
    row = running.query(f"select * from experiments {MINE}")[0]
    running.edit(f"delete from experiments {MINE}")
    running.build()
    assert running.query(
        "select change, from_value, experiment_ids from definition_changes where seed = 'experiments'"
    ) == [("removed", "email_drafting", "email_drafting")]
    with duckdb.connect(str(running.path)) as connection:
        connection.execute(f"insert into experiments values ({', '.join('?' * len(row))})", row)
    running.build()
    assert running.registration()["changed_fields"] == "experiments.experiment_id"


def test_an_id_that_comes_back_under_another_name(running):
    running.edit(f"update experiments set experiment_id = 'drafts_of_emails' {MINE}")
    running.edit("update raw.assignments set experiment_id = 'drafts_of_emails', event_id = 'renamed' || event_id")
    running.build()
    found = running.registration("drafts_of_emails")
    assert found["is_registration_witnessed"] is False
    assert (found["changed_fields"], found["n_withdrawn"]) == ("experiments.experiment_id", 1)


def trials(count: int) -> list[str]:
    """Statements that register tests of A against A, on the same leads."""
    return [
        "insert into experiments select * replace "
        f"('aa_{n}' as experiment_id, cast('2026-02-16' as timestamp) as registered_at) from experiments {MINE}"
        for n in range(count)
    ]


@pytest.mark.parametrize("was_seen", [True, False])
def test_ten_trials_of_which_nine_are_deleted(seeded, tmp_path, was_seen):
    """The one that is left knows of them: by the snapshot, or by the assignments alone."""
    project = copy_of(seeded, tmp_path)
    project.edit(*trials(10), f"delete from experiments {MINE}")
    for n in range(10):
        project.assign(f"aa_{n}", range(40), datetime(2026, 3, 2, 8, n))
    if was_seen:
        project.see_registrations(at="2026-02-16")
        project.build()
        assert project.registration("aa_7")["n_withdrawn"] == 0
    project.edit("delete from experiments where experiment_id like 'aa%' and experiment_id <> 'aa_7'")
    project.build()
    assert project.registration("aa_7")["n_withdrawn"] == 9
    assert project.registration("landing_page")["n_withdrawn"] == 0


def test_a_registration_that_left_before_it_began_was_none(seeded, tmp_path):
    project = copy_of(seeded, tmp_path)
    project.edit(*trials(1))
    project.see_registrations(at="2026-02-16")
    project.build()
    project.edit("update definitions_snapshot set dbt_valid_from = '2026-02-16'")
    project.edit("delete from experiments where experiment_id = 'aa_0'")
    project.build(models=("int_definitions", "definitions_snapshot"))
    project.edit("update definitions_snapshot set dbt_valid_to = '2026-02-20' where dbt_valid_to is not null")
    project.build()
    assert project.registration()["n_withdrawn"] == 0


def test_a_change_marks_the_checks(seeded, tmp_path):
    """What was changed reaches the checks of the experiment; an entry taken out has none."""
    project = copy_of(seeded, tmp_path)
    project.see_registrations(at="2025-12-01")
    evidence = ("+experiment_health", "+impact_estimates")
    project.build(models=evidence)
    checks = "select experiment_id, passed from experiment_health where check_id = 'registration_changed'"
    assert set(dict(project.query(checks)).values()) == {True}
    project.edit(
        f"update experiments set secondary_metric_ids = 'throughput_per_labour_hour' {MINE}",
        "update experiments set name = 'Landing pages' where experiment_id = 'landing_page'",
        "delete from experiments where experiment_id = 'brand_content'",
    )
    project.build(models=evidence)
    changed = dict(project.query(checks))
    assert {name for name, passed in changed.items() if not passed} == {"email_drafting"}
    assert "brand_content" not in changed
