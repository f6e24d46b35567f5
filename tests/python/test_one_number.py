"""One question has one number: in the marts, in the sentences, on the dashboard and in what make demo prints."""

import csv
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt_charts.core.compile.template.jinja import expand_query_refs

from tools.summary import headline, summary

ROOT = Path(__file__).parents[2]
BOARD = yaml.safe_load((ROOT / "charts/what_ai_changed.yml").read_text())["queries"]
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


def shown(con, name: str) -> list[dict]:
    """What a query of the dashboard gives; a query may read another's rows."""
    return found(con, expand_query_refs(name, BOARD))


def text(row: dict) -> str:
    """An estimate as the dashboard and the summary write it."""
    factor, unit = (100, " %") if row["scale"] == "relative" else (1, "")
    places = 3 if factor == 1 and abs(row["ci_low"]) < 1 and abs(row["ci_high"]) < 1 else 1
    return f"{row['estimate'] * factor:+.{places}f}{unit}".replace("-", "−")


@pytest.fixture(scope="module")
def quoted(con) -> dict[tuple, dict]:
    """The estimate of each experiment, metric and arm, by the names that pages have."""
    rows = found(
        con,
        f"select e.*, x.name as experiment, m.name as metric, m.phrase from ({QUOTED}) as e "
        "join experiments as x using (experiment_id) join metric_catalog as m using (metric_id)",
    )
    asked = {(row["experiment"], row["metric"]): row for row in rows}
    assert len(asked) == len(rows) > 10, "the demo asks each question of one arm"
    return asked


def test_the_dashboard_quotes_it(con, quoted):
    rows = {(row["experiment"], row["metric"]): row for row in shown(con, "effects")}
    assert rows.keys() == quoted.keys()
    for question, row in rows.items():
        expected = quoted[question]
        assert (row["effect"], row["grade"]) == (text(expected), expected["evidence_grade"]), question
        assert (row["finding"], row["method"]) == (FINDINGS[expected["verdict"]], expected["method_name"]), question
    for place in (1, 2, 3):
        (card,) = shown(con, f"effect_{place}")
        assert card["effect"] == next(row["effect"] for row in rows.values() if row["place"] == place)


def test_the_strategic_board_quotes_it(con):
    told = {row["kpi"]: row["by_experiment"] for row in shown(con, "strategy")}
    covered = found(
        con,
        "select distinct c.name as kpi, e.estimate, e.ci_low, e.ci_high, e.scale from kpi_values as k "
        "join kpi_catalog as c using (kpi_id) "
        f"join ({QUOTED}) as e on e.experiment_id = k.causal_experiment_id and e.metric_id = k.causal_metric_id",
    )
    assert covered
    for row in covered:
        assert told[row["kpi"]].startswith(f"{text(row)} in "), row


def test_parts_quote_the_headline_of_their_segment(con):
    rows = shown(con, "parts")
    asked = "is_primary and segment like '%=%' and scale = 'relative' and is_headline"
    assert len(rows) == con.sql(f"select count(*) from impact_estimates where {asked}").fetchone()[0] > 0
    assert len({(row["experiment"], row["metric"], row["part"]) for row in rows}) == len(rows)


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
    (effect,) = (r["effect"] for r in shown(con, "effects") if r["experiment"] == row["experiment"])
    assert effect.removeprefix("+") in claim


def test_the_summary_quotes_it(con, quoted, demo_warehouse):
    said = [line for line in summary(demo_warehouse, None) if "evidence grade" in line]
    rows = sorted(shown(con, "effects"), key=lambda row: row["place"])[: len(said)]
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
    readers = [*(ROOT / "models/decisions").rglob("*.sql"), *(ROOT / "charts").glob("*.yml")]
    readers += [ROOT / "tools/summary.py", ROOT / "tools/case_studies.py", *(ROOT / "macros").rglob("*.sql")]
    for path in readers:
        named = {method for method in methods if f"'{method}'" in path.read_text()}
        assert not named, f"{path} names {named}"
