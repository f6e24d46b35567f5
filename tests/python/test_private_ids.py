"""Identifiers of people and what somebody wrote stay out of tables and logs; so does the secret of their hashes."""

import hashlib
import os
from unittest.mock import patch

import duckdb
import pytest
from dbt.cli.main import dbtRunner
from dbt_warehouse import Project, parsed
from raw_tables import insert

from ai_impact.sentences import ProblemError
from tools import dbt

SECRET = "3f1b7c5d9e2a4860-not-in-any-file"
MODELS = (
    "+fct_tasks",
    "+fct_decisions",
    "+event_quarantine",
    "+event_reconciliation",
    "+int_panel_ratings",
    "+fct_touches",
    "stg_task_events",
    "int_known_ids",
)
ALICE, DAVE = "alice@corp.example", "dave@corp.example"
CALL = f"Call me at 0170 1234567, {DAVE}"
AT = {"source": "crm", "occurred_at": "2026-03-01 10:00:00", "received_at": "2026-03-01 10:00:05"}
STATE = {"updated_at": "2026-03-01 10:00:00", "received_at": "2026-03-01 10:00:05"}
# Kinds of subjects and units, each with an id: those of people, and those that nobody has named.
HIDDEN = {
    kind: f"secret-{number}@corp.example"
    for number, kind in enumerate(("email", "employee", "visitor", "Person", "user", "contact", "lead", "ship", ""))
}
OPEN = {kind: f"{kind}-17" for kind in ("account", "crm", "opportunity", "Region", "team", "task")}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def token(text: str, secret: str = SECRET) -> str:
    """As macros/staging/private_ids.sql says it."""
    return digest(digest(f"ai_impact outer{secret}") + digest(digest(f"ai_impact inner{secret}") + text))[:32]


def raw_rows() -> list[tuple[str, dict]]:
    rows: list[tuple[str, dict]] = []
    for number, (kind, name) in enumerate({**HIDDEN, **OPEN}.items()):
        about = {"event_id": f"e{number}", "subject_type": kind or None, "subject_id": name}
        task = {
            "event_type": "completed",
            "task_id": f"t{number}",
            "actor_kind": "human",
            "actor_id": ALICE,
        }
        rows.append(("task_events", AT | about | task))
        rows.append(("decision_events", AT | about | {"event_type": "proposed", "decision_id": f"d{number}"}))
        unit = {"unit_type": kind or "thing", "unit_id": name}
        rows.append(("assignments", AT | unit | {"event_id": f"e{number}", "experiment_id": "x", "arm": "a"}))
        rows.append(("outcome_events", AT | unit | {"event_id": f"e{number}", "name": "signup"}))
        rows.append(("unit_covariates", STATE | unit | {"name": "size", "value_number": 1}))
    link = {"id_type_a": "person", "id_a": ALICE, "id_type_b": "email", "id_b": "alice@home.example"}
    rows.append(("identity_links", AT | link | {"event_id": "known"}))
    rows.append(
        ("identity_links", AT | link | {"event_id": "unknown", "id_type_b": "pager", "id_b": "bob@corp.example"})
    )
    rows.append(("touches", AT | {"event_id": "e", "visitor_id": "alice@home.example", "channel": "email"}))
    rows.append(("evaluations", AT | {"event_id": "e", "evaluator_id": "carol@corp.example", "subject_id": "t1"}))
    rows.append(
        (
            "survey_responses",
            AT | {"event_id": "e", "instrument": "nps", "score": 9, "respondent_hash": "carol@corp.example"},
        )
    )
    rows.append(
        (
            "opportunities",
            STATE | {"opportunity_id": "o", "owner_id": DAVE, "amount": "ask dave@corp.example"},
        )
    )
    task = {"event_type": "completed", "task_id": "t"}
    rows.append(
        (
            "task_events",
            AT | task | {"event_id": "called", "human_minutes": CALL},
        )
    )
    rows.append(("task_events", AT | task | {"event_id": "named", "execution_mode": "as dave@corp.example does"}))
    rows.append(("task_events", AT | task | {"event_id": "timed", "occurred_at": "when dave@corp.example was there"}))
    rows.append(("task_events", AT | task | {"event_id": "twice", "actor_id": DAVE}))
    rows.append(("task_events", AT | task | {"event_id": "twice", "actor_id": DAVE, "complexity": "high"}))
    rows.append(
        (
            "ai_events",
            AT | {"event_id": "prompt", "event_type": "model_call", "operation_name": "dave@corp.example " * 50},
        )
    )
    return rows


@pytest.fixture(scope="module")
def hashed(tmp_path_factory):
    """A warehouse built with a secret; dbt logs all it can, and writes all its files."""
    project = Project(tmp_path_factory.mktemp("private"))
    with duckdb.connect(str(project.path)) as connection:
        for source, row in raw_rows():
            insert(connection, source, [row])
    with patch.dict(os.environ, {"AI_IMPACT_ID_SECRET": SECRET}):
        run(project, "run", "--full-refresh", "--select", *MODELS)
        run(project, "run", "--select", *MODELS)
    return project


def run(project: Project, *arguments: str, files: bool = True) -> list[str]:
    """Run dbt with all its files and a log of everything, and return what the project says."""
    said: list[str] = []
    arguments = (*arguments, "--target", "duckdb")
    with patch.dict(os.environ, project.environment):
        if files:
            done = dbtRunner(manifest=parsed()).invoke(["--quiet", "--log-level-file", "debug", *arguments])
            dbt.close_warehouse()
            assert done.success, done.exception or [r.message for r in done.result.results if r.status == "error"]
        else:
            dbt.run(list(arguments), tell=said.append, manifest=parsed())
    return said


def everything(project: Project, but: str = "") -> dict[str, str]:
    """All rows of all tables and views of the models' schema, as text."""
    with duckdb.connect(str(project.path), read_only=True) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'main'"
            ).fetchall()
        ]
        return {name: repr(connection.execute(f'select * from "{name}"').fetchall()) for name in names if name != but}


def test_no_identifier_of_a_person_is_in_any_table(hashed):
    for name, rows in everything(hashed).items():
        assert "corp.example" not in rows, name
        assert "home.example" not in rows, name
        assert "0170" not in rows, name


def test_the_secret_and_its_keys_are_in_no_file_and_no_log(hashed):
    keys = [digest(f"ai_impact {side}{SECRET}") for side in ("inner", "outer")]
    looked_at = 0
    for path in hashed.folder.rglob("*"):
        if path.is_file() and ".duckdb" not in path.name:
            content = path.read_bytes()
            looked_at += 1
            for text in (SECRET, *keys):
                assert text.encode() not in content, path
    assert looked_at > 10
    assert b"ai_impact_id_key" in (hashed.folder / "logs" / "dbt.log").read_bytes()
    for name, rows in everything(hashed, but="ai_impact_id_key").items():
        assert not any(text in rows for text in (SECRET, *keys)), name
    assert SECRET not in everything(hashed)["ai_impact_id_key"]


def test_ids_of_people_and_of_unknown_kinds_are_tokens_everywhere(hashed):
    known = {token(name) for name in HIDDEN.values()} | set(OPEN.values())
    for table, column in (
        ("base_task_events", "subject_id"),
        ("base_decision_events", "subject_id"),
        ("base_assignments", "unit_id"),
        ("base_outcome_events", "unit_id"),
        ("base_unit_covariates", "unit_id"),
    ):
        found = {
            value for (value,) in hashed.query(f"select distinct {column} from {table} where {column} is not null")
        }
        assert found == known, table
    alice, home = token(ALICE), token("alice@home.example")
    assert hashed.query("select distinct id_a from base_identity_links") == [(alice,)]
    assert hashed.query("select visitor_id from base_touches") == [(home,)]
    # The links join: what came as an e-mail address and what came as a person are one.
    assert hashed.query(
        f"select count(distinct entity_id) from int_known_ids where id in ('{alice}', '{home}') and not is_lent"
    ) == [(1,)]


def test_facts_show_subjects_that_are_no_people(hashed):
    for table in ("fct_tasks", "fct_decisions"):
        shown = {
            name for (name,) in hashed.query(f"select distinct subject_id from {table} where subject_id is not null")
        }
        assert shown == set(OPEN.values()), table


def test_quarantine_keeps_an_outline(hashed):
    rows = dict(hashed.query("select reason_column, original_row from event_quarantine where source = 'task_events'"))
    assert (
        f'"human_minutes":"42 characters like Aaaa aa aa 9999 9999999, aaaa@aaaa.aaaaa, hash {token(CALL)[:16]}"'
        in (rows["human_minutes"])
    )
    assert rows["execution_mode"].count("characters like aa_aaaa@aaaa.aaaaaaa_aaaa, hash") == 1
    assert '"event_id":"timed"' in rows["occurred_at"]
    assert f'"actor_id":"{token(DAVE)}"' in rows["event_id"]
    ((reason, row),) = hashed.query("select reason, original_row from event_quarantine where source = 'ai_events'")
    assert reason == "too_long"
    assert '"operation_name":"899 characters like aaaa@aaaa' in row


def test_another_secret_needs_a_full_refresh(hashed):
    with patch.dict(os.environ, {"AI_IMPACT_ID_SECRET": SECRET + "2"}):
        with pytest.raises(ProblemError) as refused:
            run(hashed, "run", "--select", "base_task_events", files=False)
        assert (
            str(refused.value)
            .splitlines()[0]
            .endswith(
                "so ids of this run would match none of those in the tables. "
                "Set the old secret, or run dbt build --full-refresh over all models."
            )
        )
        # A part of the tables is no full refresh.
        with pytest.raises(ProblemError, match="is not the one that base_"):
            run(hashed, "run", "--full-refresh", "--select", "base_task_events", files=False)
    with patch.dict(os.environ, {"AI_IMPACT_ID_SECRET": SECRET}):
        run(hashed, "run", "--select", "base_task_events", files=False)


def test_a_secret_that_can_be_guessed_is_refused(hashed):
    with patch.dict(os.environ, {"AI_IMPACT_ID_SECRET": "hunter2"}), pytest.raises(ProblemError) as refused:
        run(hashed, "run", "--select", "base_task_events", files=False)
    assert str(refused.value) == (
        "ai_impact: The environment variable AI_IMPACT_ID_SECRET has 7 characters, which can be guessed; "
        "set one of 16 or more, such as the output of `openssl rand -hex 32`."
    )


def test_without_a_secret_one_sentence_says_what_can_be_guessed(warehouse):
    said = run(warehouse, "run", "--select", "base_task_events", files=False)
    assert [line for line in said if "AI_IMPACT_ID_SECRET" in line] == [
        "ai_impact: The environment variable AI_IMPACT_ID_SECRET is not set, so whoever reads a hashed id can guess it "
        "from a list of e-mail addresses, names or staff numbers. "
        "Set it to the output of `openssl rand -hex 32`, then run dbt build --full-refresh."
    ]


def test_one_event_of_two_megabytes_is_quarantined_small(warehouse):
    prompt = "my prompt " * 200_000
    good = AT | {"event_type": "completed", "task_id": "t", "event_id": "good"}
    rows = [
        good,
        good | {"event_id": "big", "complexity": prompt},
        good | {"event_id": prompt},
        good | {"human_minutes": prompt},
    ]
    warehouse.start([("task_events", row) for row in rows])
    assert warehouse.query("select row_status, reason, reason_column from base_task_events order by all") == [
        ("accepted", None, None),
        ("quarantined", "bad_number", "human_minutes"),
        ("quarantined", "too_long", "complexity"),
        ("quarantined", "too_long", "event_id"),
    ]
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        rows = repr(connection.execute("select * from base_task_events").fetchall())
        rows += repr(connection.execute("select * from event_quarantine").fetchall())
    assert len(rows) < 20_000
    assert "my prompt" not in rows
