"""Shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

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
