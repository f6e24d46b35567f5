"""Who may read what: schemas and grants by access, off by default."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbt_warehouse import parsed
from engines import MissingError, Postgres
from raw_tables import create_raw_tables

ROOT = Path(__file__).resolve().parents[2]
BY_ACCESS = {"schemas_by_access": True}
# Raw rows, and calls counted without regard to how few people made them.
RESTRICTED = {"event_quarantine", "ai_usage_coverage"}


def schemas(variables: dict) -> dict[str, dict[str, set[str]]]:
    """The models, seeds and snapshots in each schema, by their access."""
    found: dict = {}
    for node in parsed(json.dumps(variables)).nodes.values():
        if node.resource_type in ("model", "seed", "snapshot"):
            access = str(getattr(node, "access", "none"))
            found.setdefault(node.schema, {}).setdefault(access, set()).add(node.name)
    return found


def test_all_is_in_one_schema_by_default():
    assert {*schemas({})} == {"main"}


def test_what_is_public_but_no_fact_is_published():
    public = schemas({})["main"]["public"]
    facts = {name for name in public if name.startswith("fct_")}
    found = schemas(BY_ACCESS)
    assert len(facts) > 7 and len(public) > 30 and public >= RESTRICTED
    assert found.pop("main_published") == {"public": public - facts - RESTRICTED}
    assert found.pop("main_restricted") == {"public": facts | RESTRICTED}
    # What stays keeps what it holds: the snapshot saw the registrations.
    assert {*found} == {"main"} and "public" not in found["main"]
    assert "definitions_snapshot" in found["main"]["none"]


def test_a_project_that_installs_this_one_names_its_schemas(tmp_path):
    """Its own generate_schema_name has the last word, on and off."""
    project = tmp_path / "own"
    shutil.copytree(ROOT / "integration_tests", project, ignore=shutil.ignore_patterns("git_history", "dbt_packages"))
    (project / "packages.yml").write_text(json.dumps({"packages": [{"local": str(ROOT)}]}))
    (project / "macros/generate_schema_name.sql").write_text(
        "{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or 'mine' }}{% endmacro %}"
    )
    dbt = [Path(sys.executable).parent / "dbt", "--quiet"]
    run = {"cwd": project, "check": True, "capture_output": True}
    subprocess.run([*dbt, "deps"], **run)
    for variables, wanted in (({}, {"mine"}), (BY_ACCESS, {"mine", "published", "restricted"})):
        subprocess.run([*dbt, "parse", "--profiles-dir", ".", "--vars", json.dumps(variables)], **run)
        manifest = json.loads((project / "target/manifest.json").read_text())
        models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
        assert {n["schema"] for n in models if n["package_name"] == "ai_impact"} == wanted
        assert {n["schema"] for n in models if n["package_name"] != "ai_impact"} == {"mine"}


def read_by(engine: Postgres) -> dict[str, set[str]]:
    """The roles that may read, and what: schema.table."""
    found: dict = {}
    for role, name in engine.query(
        "select grantee, table_schema || '.' || table_name from information_schema.role_table_grants "
        "where privilege_type = 'SELECT' and grantee in ('former', 'bi', 'analysts', 'engineers')"
    ).rows:
        found.setdefault(role, set()).add(name)
    return found


@pytest.mark.engines
def test_schemas_and_grants_on_postgres(tmp_path):
    """An empty company, built there: each role may read what it is for, and a role that is named no more may not."""
    engine = Postgres(tmp_path)
    try:
        engine.start()
        create_raw_tables(SimpleNamespace(execute=lambda sql: engine.query(sql.replace("or replace ", ""))))
        for role in ("former", "bi", "analysts", "engineers"):
            engine.query(f"create role {role}")

        def variables(internal: str) -> tuple[str, str]:
            roles = {"published": ["bi"], "restricted": ["analysts"], "internal": [internal]}
            return "--vars", json.dumps({**BY_ACCESS, "grants_by_access": roles})

        engine.dbt("run", "--select", "base_task_events", *variables("former"))
        assert read_by(engine) == {"former": {"ai_impact.base_task_events"}}
        engine.dbt("build", "--exclude-resource-type", "test", "unit_test", *variables("engineers"))
    except MissingError as missing:
        pytest.skip(str(missing))
    else:
        found, built = read_by(engine), schemas(BY_ACCESS)
        published, restricted = (built[f"main_{name}"]["public"] for name in ("published", "restricted"))
        assert found.pop("bi") == {f"ai_impact_published.{name}" for name in published}
        assert found.pop("analysts") == {f"ai_impact_restricted.{name}" for name in restricted}
        # The snapshot, the seeds and the other models.
        assert found == {"engineers": {f"ai_impact.{name}" for names in built["main"].values() for name in names}}
    finally:
        engine.stop()
