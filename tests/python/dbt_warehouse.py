"""The real dbt project on a small warehouse of its own, run in this process: seconds a run, and parsed only once."""

import fcntl
import gc
import hashlib
import os
import shutil
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import duckdb
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from raw_tables import PROJECT, create_raw_tables, insert

from tools.check import PARSED
from tools.dbt import close_warehouse

SOURCES = ("task_events", "ai_events", "opportunities", "identity_links")
# Rows of these may be loaded too; a test that does so runs their models itself.
LOADED = (*SOURCES, "survey_responses")
MODELS = (
    *(f"{layer}_{source}" for source in SOURCES for layer in ("base", "stg")),
    "int_identity_links",
    "int_identity_nodes",
    "int_identity_neighbours",
    "int_connected_components",
    "int_identities",
    "int_known_ids",
    "int_tasks_aggregated",
    "int_tasks",
    "fct_tasks",
    "event_quarantine",
    "event_reconciliation",
)

SEEN = ("int_kpi_catalog", "int_metric_catalog", "int_definitions", "definitions_snapshot")

# A manifest names the database, which in DuckDB is the name of the file: all files here have this one.
FILE = f"{PARSED.name}.duckdb"
# What every project here starts from, seeded once by this process.
SEEDED = TemporaryDirectory(prefix="ai_impact_seeded_")


@cache
def parsed(variables: str = "{}") -> Manifest:
    """The project as parsed with some vars: by make lint or who asks first, then again only what has changed."""
    folder = PARSED if variables == "{}" else PARSED / hashlib.md5(variables.encode()).hexdigest()[:8]
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "profiles.yml.example", folder / "profiles.yml")
    environment = {
        "AI_IMPACT_DUCKDB_PATH": str(folder / FILE),
        "DBT_TARGET_PATH": str(folder),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    with (folder / "lock").open("w") as lock, patch.dict(os.environ, environment):
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = dbtRunner().invoke(
            ["--quiet", "parse", "--target", "duckdb", "--profile", "ai_impact", "--vars", variables]
        )
    close_warehouse()
    assert done.success, done.exception
    gc.freeze()  # the manifest is large and stays; closing the warehouse collects garbage after every run
    return done.result


class Project:
    """A DuckDB file with raw tables and seeds, and the project to run over it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.folder = folder
        self.environment = {
            "AI_IMPACT_DUCKDB_PATH": str(self.path),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(folder),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        shutil.copy(PROJECT / "profiles.yml.example", folder / "profiles.yml")
        self.runner = dbtRunner(manifest=parsed())
        seeded = Path(SEEDED.name) / FILE
        if not seeded.exists():
            with duckdb.connect(str(self.path)) as connection:
                create_raw_tables(connection)
            self.dbt("seed")
            shutil.copy(self.path, seeded)
        shutil.copy(seeded, self.path)

    def dbt(self, *arguments: str, succeeds: bool = True) -> object:
        with patch.dict(os.environ, self.environment):
            result = self.runner.invoke(
                ["--quiet", "--no-partial-parse", "--no-write-json", *arguments, "--target", "duckdb"]
            )
            close_warehouse()
        if succeeds:
            assert result.success, [
                r.message for r in getattr(result.result, "results", []) if r.message
            ] or result.exception
        return result

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def see_registrations(self, *options: str, at: str = "2000-01-01") -> None:
        """As if this warehouse had first read the registry as it stands at some time: before anything began."""
        self.dbt("build", "--select", *SEEN, "--exclude-resource-type", "test", "unit_test", *options)
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("update definitions_snapshot set dbt_valid_from = cast(? as timestamp)", [at])


class Warehouse(Project):
    """One with the models of events and tasks, to load batches into."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.dbt("run", "--select", "+event_reconciliation", "+fct_tasks")

    def build(self, *options: str, models: tuple[str, ...] = MODELS) -> dict[str, Counter]:
        self.dbt("run", "--select", *models, *options)
        return self.tables()

    def load(self, rows: list[tuple[str, dict]]) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for source in LOADED:
                insert(connection, source, [row for name, row in rows if name == source])

    def empty(self) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for source in LOADED:
                connection.execute(f"delete from raw.{source}")

    def tables(self) -> dict[str, Counter]:
        """Every model's rows, counted."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return {
                model: Counter(repr(row) for row in connection.execute(f"select * from {model}").fetchall())
                for model in MODELS
            }  # as text: not-a-number equals itself there

    def start(self, batch: list[tuple[str, dict]], *options: str) -> None:
        """The first load of a new warehouse."""
        self.empty()
        self.load(batch)
        self.dbt("run", "--select", *MODELS, "--full-refresh", *options)


if __name__ == "__main__":
    # As dbt itself, for a test that needs a process of its own.
    sys.exit(not dbtRunner(manifest=parsed()).invoke(sys.argv[1:]).success)
