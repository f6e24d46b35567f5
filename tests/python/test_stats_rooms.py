"""Which room of ai_impact_stats may import which, and that no module comes round to itself."""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src/ai_impact_stats"
MODULES = {
    ".".join(("ai_impact_stats", *path.relative_to(ROOT).with_suffix("").parts)): path for path in ROOT.rglob("*.py")
}
# What each room imports of the package, and of others.
ROOMS = {
    "estimators": {"estimators", "wording"},
    "io": {"estimators", "io", "wording"},
    "designs": {"estimators", "io", "wording", "designs"},
    "impact": {"estimators", "io", "wording", "designs", "impact"},
}
NUMERIC = {"numpy", "scipy", "statsmodels", "sklearn", "threadpoolctl"}
LIBRARIES = {
    "estimators": NUMERIC,
    "io": {"numpy", "pandas", "pyarrow", "snowflake"},
    "designs": NUMERIC | {"pandas", "pyarrow"},
    "impact": NUMERIC | {"pandas", "pyarrow"},
}


def imports(name: str) -> set[str]:
    """The modules that one imports, by their full names."""
    package = name.removesuffix(".__init__") if name.endswith(".__init__") else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found.add(whole if whole in MODULES or f"{whole}.__init__" in MODULES else base)
    return {f"{m}.__init__" if f"{m}.__init__" in MODULES else m for m in found}


@pytest.mark.parametrize("name", sorted(n for n in MODULES if n.split(".")[1] in ROOMS))
def test_a_room_imports_what_it_may(name):
    room = name.split(".")[1]
    for module in imports(name):
        top, *rest = module.split(".")
        if top == "ai_impact_stats":
            assert rest and rest[0] in ROOMS[room], f"{room} may not import {module}"
        elif top not in sys.stdlib_module_names:
            assert top in LIBRARIES[room], f"{room} may not import {top}"


def test_no_module_comes_round_to_itself():
    graph = {name: {m for m in imports(name) if m in MODULES} for name in MODULES}
    assert list(TopologicalSorter(graph).static_order())


def test_every_module_is_in_a_room():
    assert {n.split(".")[1] for n in MODULES} == {*ROOMS, "__init__", "wording"}


def test_imports_are_found():
    assert {"ai_impact_stats.estimators.estimate", "numpy"} <= imports("ai_impact_stats.designs.geo")
    assert "ai_impact_stats.io.inputs" in imports("ai_impact_stats.designs.__init__")
