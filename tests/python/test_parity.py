"""The demo company ends in the same marts on every engine: every column of every row, doubles within 1e-9."""

import pytest
from engines.base import EVENTS, Engine, MissingError
from engines.compare import differences
from engines.embedded import DuckDB
from engines.postgres import Postgres

from demo.generate import generate

ENGINES = [Postgres]
# What BI reads: docs/architecture.md says which layer is which.
MARTS = ("models/marts/", "models/kpis/kpi_values", "models/evidence/", "models/decisions/")
NO_MARTS = ("models/evidence/moments/",)

pytestmark = pytest.mark.xdist_group("engines")


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    data = tmp_path_factory.mktemp("company")
    generate(events=EVENTS, seed=3, out=data, threads=2)
    return data


@pytest.fixture(scope="module")
def expected(tmp_path_factory, company) -> Engine:
    engine = DuckDB(tmp_path_factory.mktemp("duckdb"))
    engine.load(company)
    engine.build("--exclude-resource-type", "test", "unit_test")
    return engine


@pytest.fixture(scope="module", params=ENGINES, ids=lambda kind: kind.name)
def engine(request, tmp_path_factory, company) -> Engine:
    found = request.param(tmp_path_factory.mktemp(request.param.name))
    try:
        found.start()
    except MissingError as missing:
        pytest.skip(str(missing))
    try:
        found.load(company)
        found.build()
        yield found
    finally:
        found.stop()


def test_every_mart_is_the_same(expected, engine):
    found = {}
    marts = [n["name"] for n in expected.nodes() if is_mart(n["original_file_path"])]
    assert "kpi_values" in marts and "impact_estimates" in marts
    for name in marts:
        wrong = differences(expected.table(name), engine.table(name))
        if wrong:
            found[name] = wrong
    assert not found, "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)


def is_mart(path: str) -> bool:
    return path.startswith(MARTS) and not path.startswith(NO_MARTS)
