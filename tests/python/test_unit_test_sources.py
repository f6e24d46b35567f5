"""dbt shows a unit test no sources, so those of staging repeat what _sources.yml says; here the two are compared."""

import pytest
import yaml
from raw_tables import PROJECT, SOURCES


def described(source: dict) -> dict:
    """What the macros read of a source: its meta, and of each column, in order, the type and the meta."""
    return {
        "meta": source.get("config", {}).get("meta", {}),
        "columns": [
            (column["name"], column["data_type"], column.get("config", {}).get("meta", {}))
            for column in source["columns"]
        ],
    }


def overrides() -> list:
    found = []
    for path in sorted((PROJECT / "models/staging/base").glob("base_*.yml")):
        for test in yaml.safe_load(path.read_text()).get("unit_tests", []):
            source = test.get("overrides", {}).get("macros", {}).get("ai_impact.source_node")
            found.append(pytest.param(path.stem.removeprefix("base_"), source, id=test["name"]))
    return found


@pytest.mark.parametrize(("name", "source"), overrides())
def test_a_unit_test_sees_the_source_as_it_is(name, source):
    assert described({**source, "columns": list(source["columns"].values())}) == described(SOURCES[name])
