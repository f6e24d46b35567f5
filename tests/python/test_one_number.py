"""One question has one number: in the marts, in sentences, in the reports of boards and in what make demo prints."""

import csv
from pathlib import Path

import duckdb
import pytest

from tools.summary import headline, summary

ROOT = Path(__file__).parents[2]
QUOTED = "select * from impact_estimates where is_quoted and segment = 'all'"
FINDINGS = {
    "improved": "Better",
    "worsened": "Worse",
    "inconclusive": "No clear change",
    "no_relevant_effect": "No clear change",
    "still_running": "Still running",
    "not_established": "Not established",
}


@pytest.fixture(scope="module")
def con(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        yield connection


def found(con, sql: str) -> list[dict]:
    relation = con.sql(sql)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def text(row: dict) -> str:
    """An estimate as sentences and the summary write it."""
    factor, unit = (100, " %") if row["scale"] == "relative" else (1, "")
    places = 3 if factor == 1 and abs(row["ci_low"]) < 1 and abs(row["ci_high"]) < 1 else 1
    return f"{row['estimate'] * factor:+.{places}f}{unit}".replace("-", "−")


@pytest.fixture(scope="module")
def quoted(con) -> dict[tuple, dict]:
    """The estimate of each experiment, metric and arm, by the names that pages have."""
    rows = found(
        con,
        f"select e.*, x.name as experiment, m.name as metric, m.phrase from ({QUOTED}) as e "
        "join experiments as x using (experiment_id) join int_metric_catalog as m using (metric_id)",
    )
    asked = {(row["experiment"], row["metric"]): row for row in rows}
    assert len(asked) == len(rows) > 10, "the demo asks each question of one arm"
    return asked


def listed(con) -> list[dict]:
    return found(con, "select * from report_effects where place is not null order by place")


def test_the_boards_quote_it(con, quoted):
    rows = {(row["experiment"], row["metric"]): row for row in listed(con)}
    assert rows.keys() == quoted.keys()
    for question, row in rows.items():
        expected = quoted[question]
        numbers = ("estimate", "ci_low", "ci_high", "evidence_grade", "method_name", "n_treatment", "n_control")
        assert [row[name] for name in numbers] == [expected[name] for name in numbers], question
        assert row["finding"] == FINDINGS[expected["verdict"]], question


def test_the_strategic_board_quotes_it(con):
    told = found(
        con, "select distinct kpi, causal_estimate, causal_ci_low, causal_ci_high, causal_grade from report_kpis"
    )
    by_kpi = {row["kpi"]: row for row in told if row["causal_estimate"] is not None}
    covered = found(
        con,
        "select distinct c.name as kpi, e.estimate, e.ci_low, e.ci_high, e.evidence_grade from kpi_values as k "
        "join int_kpi_catalog as c using (kpi_id) "
        f"join ({QUOTED}) as e on e.experiment_id = k.causal_experiment_id and e.metric_id = k.causal_metric_id",
    )
    assert covered and len(by_kpi) == len(covered)
    for row in covered:
        assert list(by_kpi[row["kpi"]].values()) == list(row.values())


def test_parts_quote_the_headline_of_their_segment(con):
    asked = "is_primary and segment like '%=%' and scale = 'relative' and is_headline"
    rows = found(con, f"select * from report_effects where {asked}")
    assert len(rows) == con.sql(f"select count(*) from impact_estimates where {asked}").fetchone()[0] > 0
    assert len({(row["experiment"], row["metric"], row["segment_name"]) for row in rows}) == len(rows)


def test_claims_and_the_return_quote_it(con, quoted):
    claims = found(con, "select * from impact_claims where claim_source = 'experiment'")
    by_id = {(row["experiment_id"], row["metric_id"]): row for row in quoted.values()}
    assert {(c["experiment_id"], c["kpi"]) for c in claims} == {
        asked for asked, row in by_id.items() if row["metric_role"] != "guardrail"
    }
    for claim in claims:
        row = by_id[claim["experiment_id"], claim["kpi"]]
        assert [claim[n] for n in ("method", "scale", "estimate", "ci_low", "ci_high")] == [
            row[n] for n in ("method", "scale", "estimate", "ci_low", "ci_high")
        ]
    candidates = found(con, "select * from roi_candidates where estimate is not null")
    assert candidates
    for row in candidates:
        # The same method in the metric's unit: every method of the demo that has a share has that, too.
        names = con.execute("select distinct method_name from impact_estimates where method = $1", [row["method"]])
        assert names.fetchall() == [(by_id[row["experiment_id"], row["metric_id"]]["method_name"],)]


def test_the_regions_have_one_number_everywhere(con, quoted, demo_warehouse):
    """The board once quoted 7.2 %, and the claim 6.9 % by another method."""
    (row,) = (row for row in quoted.values() if row["experiment_id"] == "regional_campaigns")
    (claim,) = con.sql("select sentence from impact_claims where experiment_id = 'regional_campaigns'").fetchone()
    (shown,) = (r for r in listed(con) if r["experiment"] == row["experiment"])
    assert text(shown).removeprefix("+") in claim


def test_the_summary_quotes_it(con, quoted, demo_warehouse):
    said = [line for line in summary(demo_warehouse, None) if "evidence grade" in line]
    rows = listed(con)[: len(said)]
    columns = ("experiment", "metric", "estimate", "ci_low", "ci_high", "alpha", "scale", "evidence_grade")
    assert len(said) == 3
    assert said == [headline(tuple(quoted[r["experiment"], r["metric"]][c] for c in columns)) for r in rows]


def test_no_other_list_of_methods_decides():
    """`impact_estimates` and the check of registrations read the catalogue, and the snapshot of definitions notices
    a change of it; nothing else lists or ranks methods."""
    ranked = {
        path.relative_to(ROOT).as_posix()
        for folder in ("models", "macros", "charts", "tools", "src", "analyses")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".sql", ".py", ".yml") and "method_rank" in path.read_text()
    }
    assert ranked == {
        "models/evidence/impact_estimates.sql",
        "models/evidence/impact_estimates.yml",
        "macros/checks/check_primary_methods.sql",
        "macros/evidence/definitions.sql",
    }
    with (ROOT / "seeds/method_catalogue.csv").open() as file:
        rows = list(csv.DictReader(file))
    # Two designs are called as their methods are.
    methods = {row["method"] for row in rows} - {design for row in rows for design in row["designs"].split("|")}
    readers = [*(ROOT / "models/decisions").rglob("*.sql"), *(ROOT / "models/reports").rglob("*.sql")]
    readers += [ROOT / "tools/summary.py", ROOT / "tools/case_studies.py", *(ROOT / "macros").rglob("*.sql")]
    for path in readers:
        named = {method for method in methods if f"'{method}'" in path.read_text()}
        assert not named, f"{path} names {named}"
