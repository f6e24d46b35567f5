"""ai-impact forget: who is gone from the raw tables is gone from all that was computed, and from DuckDB's file."""

import os
from unittest.mock import patch

import duckdb
import pytest
from dbt_warehouse import Project
from raw_tables import insert
from test_private_ids import AT, MODELS, SECRET, everything, token

from ai_impact.command import main

ALICE, BOB = "alice.to.forget@corp.example", "bob.to.keep@corp.example"
CHOSEN = ("--target", "duckdb", "--select", *MODELS)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("forget"))
    with duckdb.connect(str(project.path)) as connection:
        for number, who in enumerate((ALICE, BOB)):
            task = {"event_type": "completed", "task_id": f"t{number}", "actor_kind": "human", "actor_id": who}
            insert(connection, "task_events", [AT | task | {"event_id": f"e{number}"}])
            insert(connection, "task_events", [AT | task | {"event_id": f"bad{number}", "human_minutes": "many"}])
            link = {"id_type_a": "person", "id_a": who, "id_type_b": "employee", "id_b": f"staff-{number}"}
            insert(connection, "identity_links", [AT | link | {"event_id": f"e{number}"}])
    with patch.dict(os.environ, {"AI_IMPACT_ID_SECRET": SECRET}):
        project.dbt("run", "--select", *MODELS, "--full-refresh")
    return project


def forget(project, identifier: str) -> int:
    with patch.dict(os.environ, {**project.environment, "AI_IMPACT_ID_SECRET": SECRET}):
        return main(["forget", identifier, *CHOSEN])


def test_raw_rows_are_deleted_by_whom_they_belong_to(project, capsys):
    assert forget(project, ALICE) == 1
    said = capsys.readouterr().err
    assert said == (
        "ai_impact: The identifier is still in 2 rows of raw.task_events, 1 rows of raw.identity_links. "
        "Delete these rows, or put another identifier in them, then run ai-impact forget again: "
        "all tables follow from the raw ones.\n"
    )


def test_no_trace_is_left(project, capsys):
    before = project.path.read_bytes()
    assert token(ALICE).encode() in before
    with duckdb.connect(str(project.path)) as connection:
        for source, column in (("task_events", "actor_id"), ("identity_links", "id_a")):
            connection.execute(f"delete from raw.{source} where {column} = ?", [ALICE])
    assert forget(project, ALICE) == 0
    said = capsys.readouterr().out
    assert "tables has the identifier, or an id that follows from it. The file " in said
    assert said.endswith("was written anew. Delete backups and exports that are older.\n")
    after = project.path.read_bytes()
    entity = duckdb.sql(f"select md5('6:person|32:{token(ALICE)}')").fetchone()[0]
    assert entity.encode() in before
    for trace in (ALICE, token(ALICE), entity):
        assert trace.encode() not in after
        assert not any(trace in rows for rows in everything(project).values())
    # The others stay, and views still work.
    assert project.query("select count(*) from stg_task_events") == [(1,)]
    assert token(BOB) in everything(project)["base_task_events"]
    assert not list(project.folder.glob("*.anew"))
    for path in project.folder.rglob("*.log"):
        assert ALICE not in path.read_text()


def test_what_is_still_there_is_named(project, capsys):
    with duckdb.connect(str(project.path)) as connection:
        connection.execute("create table roi_summary as select ? as note", [f"asked {token(ALICE)}"])
    assert forget(project, ALICE) == 1
    assert "ai_impact: The person is still in roi_summary. " in capsys.readouterr().err
