"""docs/measures.md lists the measures that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_guide_lists_the_measures_of_the_macro():
    macro = (
        (ROOT / "macros/evidence/unit_metrics.sql").read_text().split("macro measure_names()")[1].split("endmacro")[0]
    )
    kinds = {kind: re.findall(r"'(\w+)'", names) for kind, names in re.findall(r"'(\w+)': \[(.*?)\]", macro)}
    rows = re.findall(r"^\| `(.+?)` \| (\w+) \|", (ROOT / "docs/measures.md").read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == [name for names in kinds.values() for name in names] + [
        "<name>",
        "<name>_value",
    ]
    assert {name for name, units in rows if units == "accounts"} == set(kinds["deals"])


def test_the_columns_of_the_catalogues_are_those_of_the_seeds():
    macro = (ROOT / "macros/staging/seeds.sql").read_text().split("macro catalog_columns()")[1].split("endmacro")[0]
    for name, columns in re.findall(r"'(\w+)': \[(.*?)\]", macro, re.DOTALL):
        for seed in (name, f"{name}_extra"):
            header = (ROOT / f"seeds/{seed}.csv").read_text().splitlines()[0]
            assert header.split(",") == re.findall(r"'(\w+)'", columns), seed


def test_the_package_names_no_use_case_of_the_demo():
    use_cases = [line.split(",")[0] for line in (ROOT / "seeds/use_cases.csv").read_text().splitlines()[1:]]
    for seed in ("kpi_catalog", "metric_catalog"):
        cells = re.split(r"[,|\n]", (ROOT / f"seeds/{seed}.csv").read_text())
        assert not set(use_cases) & set(cells), seed
