"""Shared by all tests."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from engines import OTHERS, DuckDB, Engine, MissingError
from engines.base import EVENTS
from hypothesis import settings

from demo.generate import generate

# How long an example takes says how busy the machine is.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


# Files that take minutes, the longest first: the last to begin are short then, and no core is idle for long.
LONG = (
    "test_engine_builds",
    "test_demo_command",
    "test_ingestion_properties",
    "test_as_a_package",
    "test_example_git",
    "test_support_desk",
    "test_init",
    "test_gaming",
    "test_degenerate_from_raw",
    "test_experiments_from_raw",
    "test_quasi_from_raw",
    "test_responders_from_raw",
    "test_registration",
    "test_errors",
    "test_typed_sources",
    "test_absent_from_raw",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; what the tests of a file share is built once, by the process that has the file."""

    def rank(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONG) if item.path.stem.startswith(name)), len(LONG))

    items.sort(key=rank)


@pytest.fixture
def postgres(engine: Engine) -> Engine:
    if engine.name != "postgres":
        pytest.skip("is about Postgres")
    return engine


@pytest.fixture(scope="session")
def demo_warehouse() -> Path:
    """The demo company as make test has built it; open it read-only."""
    path = os.environ.get("AI_IMPACT_TEST_WAREHOUSE")
    if not path:
        pytest.skip("needs the built demo: run make test, or set AI_IMPACT_TEST_WAREHOUSE to a warehouse of make demo")
    return Path(path)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory):
    """A small warehouse with the project's models, built once for all tests that load rows of their own."""
    from dbt_warehouse import Warehouse

    return Warehouse(tmp_path_factory.mktemp("warehouse"))


@pytest.fixture(scope="session")
def company(tmp_path_factory) -> Path:
    """A small demo company, as files."""
    data = tmp_path_factory.mktemp("company")
    generate(events=EVENTS, seed=3, out=data, threads=2)
    return data


@pytest.fixture(scope="session")
def in_the_background(tmp_path_factory, company) -> Future:
    """It in DuckDB, being built while another engine starts."""
    duckdb = DuckDB(tmp_path_factory.mktemp("duckdb"))

    def build() -> Engine:
        duckdb.load(company)
        duckdb.build("--exclude-resource-type", "test", "unit_test")
        return duckdb

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(build)


@pytest.fixture(scope="session")
def embedded(in_the_background) -> Engine:
    """It in DuckDB, built."""
    return in_the_background.result()


# What is built on an engine is built once: `make test-engines` runs all of its tests in one process, and those of
# `make test` are in one file. (pytest 9.2 hides xdist's groups from it, so that `--dist loadgroup` groups nothing.)
@pytest.fixture(scope="session", params=[pytest.param(kind, id=kind.name, marks=kind.marks) for kind in OTHERS])
def engine(request, tmp_path_factory, company) -> Engine:
    """It in another engine, built there, and tested; make test only builds it, and compares nothing."""
    untested = ("--exclude-resource-type", "test", "unit_test") if os.environ.get("AI_IMPACT_ENGINES_UNTESTED") else ()
    if not untested:
        request.getfixturevalue("in_the_background")
    found = request.param(tmp_path_factory.mktemp(request.param.name))
    try:
        found.start()
        found.load(company)
        found.build(*untested)
        yield found
    except MissingError as missing:
        if os.environ.get("AI_IMPACT_ENGINES") == "required":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        found.stop()
