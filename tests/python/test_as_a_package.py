"""integration_tests: another project installs this one as a package, with own seeds and the two required sources."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import yaml
from raw_tables import SOURCES

from tools.check_layers import is_public

ROOT = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).parent / "dbt"
PROJECT = ROOT / "integration_tests"


def environment(folder: Path) -> dict[str, str]:
    return {
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "INTEGRATION_TESTS_DUCKDB_PATH": str(folder / "own.duckdb"),
        "PYTHONPATH": f"{ROOT / 'src'}",
    }


def dbt(folder: Path, *arguments: str, project: Path = PROJECT, succeeds: bool = True) -> str:
    done = subprocess.run(
        [DBT, "--no-use-colors", *arguments, "--profiles-dir", "."],
        cwd=project,
        env={**os.environ, **environment(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == succeeds, done.stdout[-4000:]
    return done.stdout


def copied(folder: Path, name: str) -> Path:
    """The other project, to be changed."""
    shutil.copytree(PROJECT, folder / name, symlinks=True, ignore=shutil.ignore_patterns("git_history"))
    return folder / name


def audit(folder: Path, project: Path = PROJECT) -> dict:
    """What `ai-impact audit` finds in the warehouse of the other project."""
    done = subprocess.run(
        [sys.executable, "-m", "ai_impact", "audit", "--format", "json", "--profiles-dir", "."],
        cwd=project,
        env={**os.environ, **environment(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)


def test_its_seeds_have_the_columns_of_the_package():
    for seed in PROJECT.glob("seeds/*.csv"):
        own, package = (path.read_text().splitlines()[0] for path in (seed, ROOT / "seeds" / seed.name))
        assert own == package, seed.name


def test_a_seed_that_is_off_is_replaced_by_that_of_its_name(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("dbt_packages", "git_history", "package-lock.yml"))
    (project / "packages.yml").write_text(f"packages:\n  - local: {ROOT}\n")
    settings = project / "dbt_project.yml"
    text = re.sub(r" +reviews_relation: .*\n", "", settings.read_text())
    settings.write_text(text.replace("\nseeds:\n", "\nseeds:\n  ai_impact: {reviews: {+enabled: false}}\n"))
    dbt(tmp_path, "deps", project=project)
    dbt(tmp_path, "parse", project=project)
    nodes = json.loads((tmp_path / "target/manifest.json").read_text())["nodes"]
    assert nodes["model.ai_impact.reviews"]["depends_on"]["nodes"] == ["seed.ai_impact_integration_tests.reviews"]


def test_two_sources_are_enough(tmp_path):
    dbt(tmp_path, "deps")
    dbt(tmp_path, "run-operation", "land_raw_tables")
    first = audit(tmp_path)
    states = {row["source"]: (row["state"], row["why"]) for row in first["sources"]}
    assert states["task_events"] == ("ready", "") and states["ai_events"] == (
        "missing",
        "There is no table analytics.ai_calls: the model ai_calls is not built. Run dbt build --select ai_calls.",
    )
    assert not first["is_built"] and {row["use_case_id"] for row in first["use_cases"]} == {"support"}
    # What the mapping makes can't be read before; models of the project itself are none of the package's business.
    said = dbt(tmp_path, "run", "--select", "base_ai_events", succeeds=False)
    assert (
        "analytics.ai_calls does not exist: the model ai_calls, which the var `ai_events_relation` names, "
        "is not built. Build it first, or in the same run: dbt build --select +base_ai_events."
    ) in " ".join(said.split())
    dbt(tmp_path, "run", "--select", "landed_tickets")
    # As documented: no unit test of ours runs on the project's own columns, and dbt warns of nothing.
    said = dbt(tmp_path, "build")
    assert "unit_test" not in said and "WARNING" not in said and " WARN=0 ERROR=0 SKIP=0 " in said
    said = dbt(tmp_path, "source", "freshness")
    assert "1 of 1 WARN freshness of ai_impact.task_events" in said
    followed = dbt(tmp_path, "ls", "--select", "ai_calls+1", "--resource-type", "model", "--quiet").split()
    assert {name.split(".")[-1] for name in followed} == {"ai_calls", "base_ai_events", "event_reconciliation"}
    # A month of data: no window of 90 days is complete, and what there is is said with its window.
    found = audit(tmp_path)
    assert found["is_built"] and not found["problems"]
    assert [(row["use_case"], row["tasks"] > 0, row["within"]) for row in found["use_cases"]] == [
        ("Support", True, "a week")
    ]
    states = {row["kpi_id"]: row["state"] for row in found["kpis"]}
    assert (states["throughput"], states["error_rate"], states["win_rate"]) == ("doubtful", "missing", "missing")
    assert [row["domain"] for row in found["proposals"]] == ["execution"] * 2 + ["strategic"] * 2
    with duckdb.connect(str(tmp_path / "own.duckdb"), read_only=True) as con:
        con.execute("use analytics")
        counted = con.sql("select sum(raw), sum(accepted) from event_reconciliation").fetchone()
        assert counted == (300, 300)
        assert con.sql("select count(*) from fct_tasks where is_completed").fetchone() == (100,)
        assert con.sql("select name from dim_use_cases where use_case_id = 'support'").fetchone() == ("Support",)
        costs = con.sql("select count(*), count(value) from kpi_values where kpi_id = 'cost_per_task'").fetchone()
        assert costs[0] > 0
        assert con.sql("select count(*) from impact_estimates where estimate is not null").fetchone() == (0,)
        # No cost and no shown effect: no return, no claim, and a finding for each gap.
        assert con.sql("select count(*) from roi_summary where roi is not null").fetchone() == (0,)
        gains = "verdict in ('proven', 'suggestive')"
        assert con.sql(f"select count(*) from impact_claims where {gains}").fetchone() == (0,)
        found = con.sql("select finding from governance_findings").fetchall()
        assert ("unmapped_use_case",) not in found
        assert con.sql("select count(*) from cycle_times where median_hours is not null").fetchone()[0] > 0

    # An export as it landed, loaded again with one row changed and one more: what was there is not received anew.
    with duckdb.connect(str(tmp_path / "own.duckdb")) as con:
        con.execute("update landed.ticket_export set _fivetran_synced = timestamp '2026-03-01'")
        con.execute("update landed.ticket_export set status = 'solved' where id = 1")
        con.execute("insert into landed.ticket_export values (9, '2026-01-09', 'open', '2026-03-01')")
    dbt(tmp_path, "run", "--select", "landed_tickets")
    dbt(tmp_path, "run", "--select", "landed_tickets")
    with duckdb.connect(str(tmp_path / "own.duckdb"), read_only=True) as con:
        rows = con.sql(
            "select id, status, received_at = updated, received_at > timestamp '2026-02-01' "
            "from analytics.landed_tickets order by 1, 2"
        )
        assert rows.fetchall() == [
            (0, "open", True, False),
            (1, "open", True, False),
            (1, "solved", False, True),
            (2, "open", True, False),
            (9, "open", False, True),
        ]

    # A mapping that loses a column is caught once it is made.
    spoilt = copied(tmp_path, "spoilt")
    (spoilt / "models/ai_calls.sql").write_text("select 1 as event_id")
    said = dbt(tmp_path, "run", "--select", "+base_ai_events", project=spoilt, succeeds=False)
    assert "The source table analytics.ai_calls has no column `source`. Add it (NULL where you do not know it)." in (
        " ".join(said.split())
    )

    # The dbt docs site: its overview, and every public model with descriptions from the warehouse.
    dbt(tmp_path, "docs", "generate", "--no-compile")
    manifest, catalog = (json.loads((tmp_path / f"target/{name}.json").read_text()) for name in ("manifest", "catalog"))
    assert "impact_claims" in manifest["docs"]["doc.ai_impact.__overview__"]["block_contents"]
    public = [key for key, node in manifest["nodes"].items() if key.startswith("model.ai_impact.") and is_public(node)]
    assert len(public) > 30
    for table in (catalog["nodes"][key] for key in public):
        assert table["metadata"]["comment"]
        assert all(column["comment"] for column in table["columns"].values())

    # Private models may change, so nobody else reads them.
    curious = copied(tmp_path, "curious")
    (curious / "models/tasks.sql").write_text("select * from {{ ref('ai_impact', 'int_tasks') }}\n")
    refused = dbt(tmp_path, "parse", project=curious, succeeds=False)
    assert "int_tasks, which is not allowed" in " ".join(refused.split())


def test_what_a_relation_may_be(tmp_path):
    """A table of the raw schema, a source, a model; what dbt does not know, or can't look into, is named."""
    project = copied(tmp_path, "other")
    config = yaml.safe_load((project / "dbt_project.yml").read_text())
    own = config["vars"]["ai_impact"]
    del own["task_events_identifier"]
    own |= {
        "task_events_relation": "work_log",
        "touches_relation": "{{ source('tracker', 'model_calls') }}",
        "incidents_relation": "elsewhere.incidents",
        "evaluations_relation": "{{ ref('fleeting') }}",
    }
    own |= {f"{name}_enabled": True for name in ("touches", "incidents", "evaluations")}
    (project / "dbt_project.yml").write_text(yaml.safe_dump(config))
    (project / "models/fleeting.sql").write_text("{{ config(materialized='ephemeral') }} select 1 as event_id")
    (project / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    dbt(tmp_path, "deps", project=project)
    listed = ["--output", "json", "--output-keys", "unique_id", "depends_on", "identifier", "freshness"]
    said = dbt(tmp_path, "ls", "--quiet", "--select", "package:ai_impact", *listed, project=project)
    nodes = {node["unique_id"]: node for node in map(json.loads, said.splitlines())}
    read = {
        name: nodes[f"model.ai_impact.base_{name}"]["depends_on"]["nodes"]
        for name in ("task_events", "ai_events", "touches", "incidents", "evaluations")
    }
    other = "ai_impact_integration_tests"
    assert read == {
        "task_events": ["source.ai_impact.ai_impact.task_events"],
        "ai_events": [f"model.{other}.ai_calls"],
        "touches": [f"source.{other}.tracker.model_calls"],
        "incidents": [],
        "evaluations": [f"model.{other}.fleeting"],
    }
    sources = {key.split(".")[-1]: node for key, node in nodes.items() if key.startswith("source.ai_impact.ai_impact.")}
    assert sources["task_events"]["identifier"] == "work_log"
    # dbt looks how fresh a source is where the source is on and is a table of its own.
    assert [name for name, node in sources.items() if node["freshness"]] == ["incidents", "task_events"]
    for name, sentence in (
        ("incidents", "The var `incidents_relation` names no relation that dbt knows. Give it a ref of "),
        ("evaluations", "The model fleeting, which the var `evaluations_relation` names, is ephemeral, so "),
    ):
        said = dbt(tmp_path, "run", "--select", f"base_{name}", project=project, succeeds=False)
        assert sentence in " ".join(said.split())


def test_a_project_may_have_every_name_of_ours(tmp_path):
    """Models, seeds and sources of its own with the names of ours: each project reads its own, and both build."""
    project = copied(tmp_path, "namesake")
    shutil.rmtree(project / "seeds")
    config = yaml.safe_load((project / "dbt_project.yml").read_text())
    own = config["vars"]["ai_impact"]
    for name in [name for name in own if "ref(" in str(own[name]) and name != "ai_events_relation"]:
        del own[name]
    # Two relations of one name can't be in one schema: the package has one of its own.
    apart = {"ai_impact": {"+schema": "ai_impact"}}
    config |= {"flags": {}, "models": apart, "seeds": apart, "snapshots": apart}
    (project / "dbt_project.yml").write_text(yaml.safe_dump(config))
    (project / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    folders = ("models", "python_models", "snapshots", "seeds")
    names = {
        path.stem for folder in folders for kind in ("sql", "py", "csv") for path in (ROOT / folder).rglob(f"*.{kind}")
    } | {"definitions_snapshot"}
    assert len(names) > 250
    for name in names:
        (project / f"models/{name}.sql").write_text("select 1 as nothing")
    (project / "models/raw.yml").write_text(
        yaml.safe_dump({"sources": [{"name": "raw", "tables": [{"name": name} for name in SOURCES]}]})
    )
    dbt(tmp_path, "deps", project=project)

    def foreign() -> set[str]:
        """What of ours depends on a model of that project."""
        manifest = json.loads((tmp_path / "target/manifest.json").read_text())
        nodes = {**manifest["nodes"], **manifest["exposures"]}
        return {
            key
            for key, node in nodes.items()
            if node["package_name"] == "ai_impact"
            and any(other.split(".")[1] != "ai_impact" for other in node["depends_on"].get("nodes", []))
        }

    dbt(tmp_path, "parse", project=project)
    mapped = {"model.ai_impact.base_ai_events", "model.ai_impact.event_reconciliation"}
    assert {key for key in foreign() if not key.startswith("test.")} == mapped
    # dbt itself writes the ref of a test, without the package: a sentence says what to set, and that is enough.
    said = dbt(tmp_path, "test", "--select", "dim_dates", project=project, succeeds=False)
    assert "Your project has models of the same names as ours (dim_dates), and dbt would run our tests on yours." in (
        " ".join(said.split())
    )
    config["flags"] = {"require_ref_searches_node_package_before_root": True}
    (project / "dbt_project.yml").write_text(yaml.safe_dump(config))
    said = dbt(tmp_path, "parse", project=project)
    assert foreign() == mapped and "WARNING" not in said, said
    dbt(tmp_path, "run-operation", "land_raw_tables", project=project)
    dbt(tmp_path, "build", "--select", "+int_definitions", "--indirect-selection", "buildable", project=project)


def test_parts_may_be_off(tmp_path):
    """One var a part: nothing of it is built, everything else is, and the commands go on."""
    project = copied(tmp_path, "less")
    (project / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    dbt(tmp_path, "deps", project=project)
    config = yaml.safe_load((project / "dbt_project.yml").read_text())

    def without(*parts: str) -> set[str]:
        """The models of ours that are on, by their folders."""
        own = {**config["vars"]["ai_impact"], **{f"{part}_enabled": False for part in parts}}
        changed = {**config, "vars": {"ai_impact": own}}
        (project / "dbt_project.yml").write_text(yaml.safe_dump(changed))
        listed = dbt(
            tmp_path, "ls", "--quiet", "--select", "package:ai_impact", "--resource-type", "model", project=project
        )
        return set(listed.split())

    every = without()
    for part in ("strategic", "observability"):
        gone = every - without(part)
        assert gone >= {name for name in every if f".kpis.{part}.kpi_" in name}, part
        assert not [name for name in gone if ".kpis.execution." in name or ".marts." in name], part
    left = without("decisions")
    assert not [name for name in left if ".decisions." in name] and "ai_impact.evidence.impact_estimates" in left
    left = without("strategic", "observability", "evidence")
    assert not [name for name in left if ".decisions." in name or ".evidence." in name or "design_" in name]
    assert len(left) < len(every) * 0.6
    dbt(tmp_path, "run-operation", "land_raw_tables", project=project)
    said = dbt(tmp_path, "build", project=project)
    assert " WARN=0 ERROR=0 SKIP=0 " in said and "WARNING" not in said
    assert "so decisions, which rest on evidence, are off too" in " ".join(said.split())
    with duckdb.connect(str(tmp_path / "own.duckdb"), read_only=True) as con:
        con.execute("use analytics")
        counted = con.sql("select count(value), count(causal_estimate) from report_kpis where kpi_id = 'throughput'")
        assert counted.fetchone()[0] > 0 and counted.fetchone() is None
        assert con.sql("select count(*) from kpi_values where domain = 'strategic'").fetchone() == (0,)
    found = audit(tmp_path, project)
    assert found["is_built"] and not found["problems"]
    site = tmp_path / "site"
    options = ["--project-dir", str(project), "--profiles-dir", str(project), "--out", str(site)]
    done = subprocess.run(
        [sys.executable, "-m", "ai_impact", "boards", *options],
        cwd=project,
        env={**os.environ, **environment(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_statistics_run_from_a_zip(tmp_path):
    """As Snowflake has them: imported from a file on a stage, by each Python model."""
    zipped = shutil.make_archive(str(tmp_path / "ai_impact_stats"), "zip", ROOT / "src", "ai_impact_stats")
    models = [*ROOT.glob("python_models/*.py"), *ROOT.glob("models/**/*.py")]
    assert len(models) > 10
    code = (
        "import ai_impact_stats, runpy, sys\n"
        "assert 'ai_impact_stats.zip' in ai_impact_stats.__file__\n"
        "for path in sys.argv[1:]:\n"
        "    assert callable(runpy.run_path(path)['model'])\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, *map(str, models)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": zipped},
        check=True,
    )
