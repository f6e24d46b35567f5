"""What a Python model hands back, and that several of them may start at once."""

import ast
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from ai_impact_stats.io.tables import write_table

ROOT = Path(__file__).resolve().parents[2]

IMPORTED = """
import sys
import ai_impact_stats
before = {*sys.modules}
for name in sys.argv[1:]:
    exec(open(name).read(), {})
print(*sorted({name.partition(".")[0] for name in {*sys.modules} - before}))
"""


def models() -> list[Path]:
    return sorted(path for folder in ("python_models", "models") for path in (ROOT / folder).rglob("*.py"))


def test_the_first_import_is_the_only_one():
    """Python models start in threads: what one of them still had to import, another could find half imported."""
    assert models()
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *map(str, models())],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("model", models(), ids=lambda path: path.stem)
def test_models_import_from_the_package_alone(model):
    """Two threads that began with a module of it each have waited for each other: each imports the package first."""
    found = [node for node in ast.walk(ast.parse(model.read_text())) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [getattr(node, "module", None) for node in found] == ["ai_impact_stats"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (295834.2485000001, 295834.248),
        (295834.2484999999, 295834.248),
        (295834.248501, 295834.249),
        (-1 / 3, -0.333333333),
        (1.23456789e-40, 1.23457e-40),
        (0.0, 0.0),
        (None, None),
    ],
)
def test_the_last_digits_of_an_engine_do_not_show(value, written):
    table = write_table([{"x": value}], pa.schema([("x", pa.float64())]))
    assert table.to_pylist() == [{"x": written}]
