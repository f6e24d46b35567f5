"""The second step on an engine without Python models: ai-impact estimate, and what it says when it can't work."""

from types import SimpleNamespace

import pytest
from engines import MissingError
from engines.compare import differences
from engines.postgres import programs

from ai_impact.command import problems
from ai_impact.sentences import engine_sentence

pytestmark = pytest.mark.engines


def test_a_later_build_keeps_the_estimates_and_the_command_replaces_them(postgres):
    before = postgres.table("design_estimates")
    postgres.dbt("run", "--select", "design_estimates")
    assert not differences(before, postgres.table("design_estimates"))
    postgres.query("update ai_impact.design_estimates set estimate = 0, input_hash = 'of other inputs'")
    assert differences(before, postgres.table("design_estimates"))
    postgres.estimate()
    assert not differences(before, postgres.table("design_estimates"))


def test_a_server_that_is_not_there(postgres, monkeypatch):
    monkeypatch.setitem(postgres.environment, "PGPORT", "1")
    assert postgres.estimate(succeeds=False) == (
        "No server answers at 127.0.0.1:1: "
        "start it, or correct PGHOST and PGPORT or the target in profiles.yml, then run this again.\n"
    )


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("host", "nowhere.invalid", "There is no host nowhere.invalid: correct the host of the target"),
        ("dbname", "nowhere", 'says database "nowhere" does not exist: create it or name another'),
        ("password", "wrong", "refuses the user or the password (PGUSER, PGPASSWORD): correct them"),
    ],
)
def test_what_a_server_refuses(postgres, what, value, said):
    import psycopg2

    with pytest.raises(psycopg2.OperationalError) as refused:
        psycopg2.connect(**{**postgres.connection(), what: value})
    assert said in engine_sentence(str(refused.value))


def test_a_machine_without_postgres(monkeypatch, tmp_path):
    monkeypatch.setattr("engines.postgres.DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError) as missing:
        programs()
    assert str(missing.value) == (
        "PostgreSQL is not installed, so nothing was tested on it: install the package postgresql "
        "(Debian, Ubuntu: apt-get install postgresql), then run this again."
    )


def test_an_estimate_before_a_build():
    result = SimpleNamespace(
        status="error",
        node=SimpleNamespace(name="design_checks"),
        message="Database Error in model design_checks (python_models/design_checks.py)\n"
        '  relation "ai_impact.int_experiments" does not exist\n  LINE 2: select *',
    )
    assert problems(None, [result]) == [
        'design_checks: relation "ai_impact.int_experiments" does not exist',
        "Build what the Python models read first, with dbt build, then run this again.",
    ]
