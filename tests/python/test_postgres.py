"""The second step on an engine without Python models: ai-impact estimate, and what it says when it can't work."""

import pytest
from engines.compare import differences

pytestmark = pytest.mark.xdist_group("engines")


@pytest.fixture
def postgres(engine):
    if engine.name != "postgres":
        pytest.skip("is about Postgres")
    return engine


def test_the_build_is_green_and_says_what_to_run(postgres):
    said = [line for line in postgres.built.splitlines() if "ai_impact:" in line]
    assert len(said) == 1, said
    assert "postgres runs no Python models. Run `ai-impact estimate` to compute experiment_checks" in said[0]
    assert "LEFT TO ai-impact estimate" in postgres.built


def test_the_command_says_what_it_did(postgres):
    assert postgres.estimated.startswith("Computed experiment_checks (")
    assert postgres.estimated.endswith(" tests passed.\n")


def test_a_later_build_keeps_the_estimates_and_the_command_replaces_them(postgres):
    before = postgres.table("experiment_estimates")
    postgres.dbt("run", "--select", "experiment_estimates")
    assert not differences(before, postgres.table("experiment_estimates"))
    postgres.query("update ai_impact.experiment_estimates set estimate = 0")
    assert differences(before, postgres.table("experiment_estimates"))
    postgres.estimate()
    assert not differences(before, postgres.table("experiment_estimates"))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PGPORT", "1", "No server answers at 127.0.0.1:1: start it, or correct PGHOST and PGPORT"),
        ("PGHOST", "nowhere.invalid", "There is no host nowhere.invalid: correct the host of the target"),
        ("PGDATABASE", "nowhere", 'says database "nowhere" does not exist: create it or name another'),
        ("PGPASSWORD", "wrong", "refuses the user or the password (PGUSER, PGPASSWORD): correct them"),
        ("AI_IMPACT_SCHEMA", "nowhere", "Build what the Python models read first, with dbt build"),
    ],
)
def test_what_can_not_be_reached(postgres, monkeypatch, variable, value, said):
    monkeypatch.setitem(postgres.environment, variable, value)
    read = postgres.estimate(succeeds=False)
    assert said in read
    assert "Traceback" not in read
    assert read.endswith(", then run this again.\n")
