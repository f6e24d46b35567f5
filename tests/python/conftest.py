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


@pytest.fixture(scope="session", params=OTHERS, ids=lambda kind: kind.name)
def engine(request, tmp_path_factory, company, in_the_background) -> Engine:
    """It in another engine, built and tested there."""
    found = request.param(tmp_path_factory.mktemp(request.param.name))
    try:
        found.start()
        found.load(company)
        found.build()
        yield found
    except MissingError as missing:
        if os.environ.get("AI_IMPACT_ENGINES") == "required":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        found.stop()
