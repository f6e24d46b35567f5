"""not_null_columns: one test for all columns of a table that always have a value, which says what it found where."""

import os
from unittest.mock import patch

import duckdb
import pytest
from dbt_warehouse import parsed

from ai_impact.sentences import ProblemError
from tools import dbt


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("('x', 1)", []),
        ("(null, 1)", [("a", 1)]),
        ("(null, 1), ('x', null), (null, null)", [("a", 2), ("b", 2)]),
        ("('', 0)", []),
    ],
)
def test_what_is_counted(warehouse, rows, found):
    (compiled,) = warehouse.dbt("compile", "--inline", "{{ test_not_null_columns('t', ['a', 'b']) }}").result.results
    with duckdb.connect() as con:
        con.execute("create table t (a varchar, b integer)")
        assert con.execute(compiled.node.compiled_code).fetchall() == []
        con.execute(f"insert into t values {rows}")
        assert sorted(con.execute(compiled.node.compiled_code).fetchall()) == found


def test_a_build_names_the_columns(warehouse):
    said = []
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("insert into int_known_ids (id_type, id, known_as, is_lent) values ('crm', 'x', 'x', false)")
    try:
        with patch.dict(os.environ, warehouse.environment), pytest.raises(ProblemError, match="Got 2 results"):
            selected = ("--select", "int_known_ids,test_name:not_null_columns")
            dbt.run(["test", *selected, "--target", "duckdb"], tell=said.append, manifest=parsed())
    finally:
        with duckdb.connect(str(warehouse.path)) as con:
            con.execute("delete from int_known_ids where entity_id is null")
    assert said == [
        "ai_impact: int_known_ids.entity_kind is NULL in 1 rows.",
        "ai_impact: int_known_ids.entity_id is NULL in 1 rows.",
    ]


def test_a_failure_of_another_kind_is_left_to_dbt(warehouse):
    failed = "[{'status': 'fail', 'node': {'name': 'a unit test'}}]"
    assert warehouse.dbt("compile", "--inline", f"{{{{ explain_failures({failed}) }}}}").success
