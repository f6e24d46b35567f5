"""What a user reads when a seed's file is wrong: file, line and fix, before it is loaded."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

ROOT = Path(__file__).resolve().parents[2]


def cell(row: int, column: str, value: str) -> Callable[[str], str]:
    """Another value in a cell of the seed; row 0 is the first below the header."""

    def edit(text: str) -> str:
        rows = list(csv.DictReader(io.StringIO(text)))
        rows[row][column] = value
        out = io.StringIO()
        written = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        written.writeheader()
        written.writerows(rows)
        return out.getvalue()

    return edit


def header(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def twice(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines, lines[1]])


# One edit per seed a round, so that one run shows them all.
ROUNDS: list[dict[str, tuple[Callable[[str], str], str]]] = [
    {
        "experiments": (cell(1, "alpha", "0.5"), ", line 3: `alpha` is 0.5; it must be above 0, up to 0.2."),
        "kpi_catalog": (
            lambda text: text.replace(",", ";"),
            ", line 1: the columns are separated by semicolons. Save the file with commas, ",
        ),
        "labor_rates": (cell(0, "headcount_fte", "-1"), ", line 2: `headcount_fte` is -1; it must be 0 or above."),
        "metric_catalog": (
            cell(2, "winsorize_at", "0,99"),
            ", line 4: `winsorize_at` is '0,99'; it must be a number with a point, such as 0.99.",
        ),
        "roi_assumptions": (cell(0, "low", "1e6"), ", line 2: `low` is 1e6 and `base` is "),
        "rubrics": (cell(1, "weight", "0.3"), ": the `weight` of rubric-2026-01 add up to 1.1; they must add up to 1."),
        "slo_targets": (cell(3, "objective", "99.5"), ", line 5: `objective` is 99.5; it must be above 0, up to 1."),
        "use_cases": (
            cell(0, "baseline_to", "2026-02-30"),
            ", line 2: `baseline_to` is '2026-02-30'; it must be a day of the calendar such as 2026-01-31.",
        ),
        "roi_terms": (header("basis", "term"), ", line 1: the column `term` is there twice. Delete one."),
        "reviews": (
            header("outcome", "result"),
            ", line 1: the column `outcome` is missing and `result` is not known. ",
        ),
    },
    {
        "experiments": (cell(0, "ends_at", "2020-01-01"), ", which is lower. Correct one of them."),
        "labor_rates": (twice, "stands in line 2 too. Keep one of the two."),
        "metric_catalog": (cell(0, "is_guardrail", "maybe"), ", line 2: `is_guardrail` is 'maybe'; it must be true or"),
        "rubrics": (cell(0, "anchor_low", "Two\nlines"), ""),
        "use_cases": (cell(0, "requires_human_sign_off", ""), ""),
        "slo_targets": (
            cell(0, "window_days", "a month"),
            ", line 2: `window_days` is 'a month'; it must be a number.",
        ),
    },
    {
        "slo_targets": (
            cell(1, "indicator", "latency_under_fives"),
            ", line 3: `indicator` is 'latency_under_fives', which is none. There are: availability, ",
        ),
    },
    {"slo_targets": (cell(2, "objective", "1"), ", line 4: `objective` is 1, which leaves no error budget to watch.")},
]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The project's seeds and macros without its models: what loads seeds needs no more."""
    folder = tmp_path_factory.mktemp("seeds")
    for part in ("macros", "seeds", "models/docs"):
        shutil.copytree(ROOT / part, folder / part)
    for file in ("dbt_project.yml", "models/_groups.yml"):
        shutil.copy(ROOT / file, folder / file)
    (folder / "profiles.yml").write_text(
        "ai_impact:\n  target: duckdb\n  outputs:\n    duckdb: {type: duckdb, path: seeds.duckdb, threads: 1}\n"
    )
    return folder


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::Warning:agate.utils")
@pytest.mark.parametrize("edits", ROUNDS)
def test_a_seed_that_can_not_be_read(project, monkeypatch, edits):
    for seed, (edit, _) in edits.items():
        text = (ROOT / f"seeds/{seed}.csv").read_text()
        assert edit(text) != text
        (project / f"seeds/{seed}.csv").write_text(edit(text))
    monkeypatch.chdir(project)
    done = dbtRunner().invoke(["--quiet", "seed", "--profiles-dir", ".", "--log-path", "logs", "--select", *edits])
    messages = {run.node.name: run.message or "" for run in done.result.results if run.node.resource_type == "seed"}
    for seed, (_, said) in edits.items():
        if said:
            assert f"ai_impact: seeds/{seed}.csv{'' if said[0] in ',:' else ', line '}" in messages[seed]
            assert said in messages[seed]
        else:
            assert messages[seed].startswith("INSERT"), messages[seed]


def test_a_rule_that_an_objective_puts_out_of_reach_is_named(project, monkeypatch):
    text = cell(4, "objective", "0.7")((ROOT / "seeds/slo_targets.csv").read_text())
    (project / "seeds/slo_targets.csv").write_text(text)
    monkeypatch.chdir(project)
    said: list[str] = []
    runner = dbtRunner(callbacks=[lambda event: said.append(event.info.msg)])
    assert runner.invoke(["seed", "--profiles-dir", ".", "--log-path", "logs", "--select", "slo_targets"]).success
    named = [line for line in said if "will ever hold the rule" in line]
    found = "seeds/slo_targets.csv, line 6: suggestion_acceptance at 0.7 in 28 days can burn its budget 3.33 times"
    assert any(found in line for line in named), named
    assert any("of 1 hour (13.44 times) and of 6 hours (5.6 times)" in line for line in named)
    assert not any("uptime" in line for line in named)
