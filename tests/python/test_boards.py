"""The boards say what the marts hold, everywhere the same, and hold nothing else."""

import math
import os
import re
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

import board_pages
import duckdb
import pytest

from ai_impact import boards
from ai_impact.command import main
from tools.dbt import close_warehouse

ROOT = board_pages.ROOT
# The mart that a report shows row by row, its key, and the columns that are something else there.
MARTS = {
    "kpis": ("kpi_values", "kpi_value_key", {"period_start", "period_end"}),
    "effects": ("impact_estimates", "estimate_key", set()),
    "claims": ("impact_claims", "claim_key", set()),
    "returns": ("roi_summary", "roi_key", {"counted_twice"}),
    "return_drivers": ("roi_sensitivity", "driver_key", {"driver"}),
    "people": ("human_delta", "human_delta_key", set()),
    "service_levels": ("sla_status", "sla_key", {"indicator"}),
    "plans": ("experiment_plan", "plan_key", set()),
}
# Reports of several marts: each number by a query of its own on the marts.
SUMS = [
    (
        "select use_case_id, recommendation_key, n_bad_events, n_events from rollback_recommendations",
        "select thing_id, kind, n, total from report_trust where area = 'rollback'",
    ),
    (
        "select use_case_id, drift_key, n_current from model_drift where alert",
        "select thing_id, kind, n from report_trust where area = 'drift'",
    ),
    (
        "select subject_id, check_id, sentence from data_quality_status where state <> 'ok'",
        "select thing_id, kind, sentence from report_trust where area = 'data quality'",
    ),
    (
        "select sum(raw), sum(accepted), sum(duplicate), sum(quarantined), sum(late) from event_reconciliation",
        "select raw, accepted, duplicate, quarantined, late from report_sources where source_id = 'all'",
    ),
    (
        "select source, sum(raw), sum(quarantined) from event_reconciliation group by source",
        "select source_id, raw, quarantined from report_sources where source_id <> 'all'",
    ),
    (
        "select source, reason, count(*) from event_quarantine group by all",
        "select thing_id, kind, n from report_trust where area = 'quarantine'",
    ),
    (
        "select finding, thing_id, sentence, n, total from governance_findings",
        "select kind, thing_id, sentence, n, total from report_trust where area = 'governance'",
    ),
    (
        "select experiment_id, count(*) filter (passed), count(*) filter (not passed), count(*) filter "
        "(passed is null) from experiment_health group by 1",
        "select experiment_id, checks_passed, checks_failed, checks_unknown from report_experiments where "
        "checks_passed is not null",
    ),
    (
        "select experiment_id, metric_id, relative_period, estimate, ci_low, ci_high from event_study",
        "select experiment_id, metric_id, cast(x_number as bigint), value, value_low, value_high from "
        "report_experiment_points where panel = 'event study'",
    ),
    (
        "select experiment_id, metric_id, week, observed, expected, ci_low, ci_high from counterfactual_series",
        "select experiment_id, metric_id, x_date, value, expected, value_low, value_high from "
        "report_experiment_points where panel = 'counterfactual'",
    ),
    (
        "select experiment_id, learner, share_targeted, gain, gain_ci_low, gain_at_random from uplift_curve",
        "select experiment_id, label, x_number, value, value_low, expected from (select * replace "
        "(replace(label, ' ', '_') as label) from report_experiment_points) where panel = 'uplift'",
    ),
    (
        "select experiment_id, check_id, statistic, threshold, detail from experiment_health",
        "select experiment_id, series, value, expected, reason from report_experiment_points where panel = 'check'",
    ),
    (
        "select experiment_id, coalesce(smd_after, smd_before), smd_before from covariate_balance",
        "select experiment_id, value, expected from report_experiment_points where panel = 'balance'",
    ),
    (
        "select coalesce(use_case_id, 'all'), confidence_from, success_rate, null_low, null_high, "
        "mean_confidence, n from decision_calibration",
        "select use_case_id, x_number, value, value_low, value_high, expected, n from report_use_case_points "
        "where panel = 'calibration'",
    ),
    (
        "select use_case_id, month_start, cumulative_expected, cumulative_ci_low, cumulative_low from "
        "revenue_projection",
        "select use_case_id, x_date, value, value_low, assumed_low from report_use_case_points where panel = "
        "'projection'",
    ),
    (
        "select use_case_id, period_start, quantile, roi from roi_distribution where quantile = 0.5 and "
        "period_grain = 'rolling_365d'",
        "select nullif(use_case_id, 'all'), period_start, 0.5, roi_p50 from report_returns where roi_p50 is "
        "not null and period_grain = 'rolling_365d'",
    ),
    (
        "select roi_key, net_benefit, rescaled, counted_twice, company_net_benefit from roi_bridge",
        "select report_key, full_year_net_benefit, rescaled, counted_twice, company_net_benefit from "
        "report_returns where report_key in (select roi_key from roi_bridge)",
    ),
    (
        "select use_case_id, cast(ai_live_from as date) from use_cases where ai_live_from is not null",
        "select use_case_id, x_date from report_use_case_points where panel = 'milestone' and series = 'live'",
    ),
]
NUMBERS = (int, float)
HARMFUL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }}",
    "$height",
)
NAMES = ("use_case", "experiment", "metric", "kpi", "sentence", "thing")


@pytest.fixture(scope="module")
def con(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def held(demo_warehouse) -> dict[str, boards.Rows]:
    return board_pages.reports(demo_warehouse)


@pytest.fixture(scope="module")
def pages(held, tmp_path_factory) -> list[Path]:
    return board_pages.write(tmp_path_factory.mktemp("site"), held)


@pytest.fixture(scope="module")
def contents(pages) -> dict[str, dict]:
    return {page.stem: board_pages.content(page) for page in pages}


def near(found, expected) -> bool:
    if isinstance(found, bool) or isinstance(expected, bool) or found is None or expected is None:
        return found == expected
    if isinstance(found, NUMBERS) and isinstance(expected, NUMBERS):
        return math.isclose(found, expected, rel_tol=1e-8, abs_tol=1e-12)
    return str(found) == str(expected)


def ordered(rows: list[tuple]) -> list[tuple]:
    return sorted(rows, key=lambda row: tuple((v is not None, str(boards.plain(v))) for v in row))


@pytest.mark.parametrize("report", MARTS)
def test_a_report_has_the_numbers_of_its_mart(con, report):
    mart, key, other = MARTS[report]
    columns = con.sql(f"select * from report_{report} limit 0").columns
    theirs = con.sql(f"select * from {mart} limit 0").columns
    # A total is NULL in the mart, and has a name in the report; a mart's own text may be completed.
    shared = [c for c in columns if c in theirs and c not in {"use_case_id", "team_id", "reason", "kpi", *other}]
    assert len(shared) > 5
    of_days = " where period_grain <> 'hour'" if report == "kpis" else ""
    same = " and ".join(f"r.{c} is not distinct from m.{c}" for c in shared)
    wrong, both, rows = con.sql(
        f"select count(*) filter (not ({same})), count(*), (select count(*) from {mart}{of_days}) "
        f"from report_{report} as r join {mart} as m on r.report_key = m.{key}"
    ).fetchone()
    assert (wrong, both) == (0, rows)
    assert con.sql(f"select count(*) from report_{report}").fetchone() == (rows,)


@pytest.mark.parametrize(("marts", "report"), SUMS, ids=range(len(SUMS)))
def test_what_a_report_gathers_is_what_the_marts_hold(con, marts, report):
    expected, found = (ordered(con.sql(sql).fetchall()) for sql in (marts, report))
    assert len(found) == len(expected) > 0
    assert all(near(f, e) for row, other in zip(found, expected, strict=True) for f, e in zip(row, other, strict=True))


def test_every_number_of_the_pages_is_a_number_of_its_report(con, contents):
    """Row by row: a page holds rows of one report, with none of its numbers changed."""
    tables = [(page, table) for page, body in contents.items() for table in body["data"].values() if table["n"]]
    assert len(tables) > 30
    for page, table in tables:
        names = sorted(table["columns"])
        relation = con.sql(f"select {', '.join(names)} from report_{table['report']}")
        known = {tuple(map(boards.plain, row)) for row in relation.fetchall()}
        rows = [tuple(row[name] for name in names) for row in boards.unpacked(table)]
        missing = [row for row in rows if row not in known]
        assert not missing, (page, table["report"], names, missing[0])


def test_every_number_in_the_text_of_a_board_is_one_of_its_reports(held, pages):
    """What templates write: each number that stands in the text also stands in the reports, as boards write numbers."""
    known = set()
    for row in (row for rows in held.values() for row in rows):
        for value in row.values():
            if isinstance(value, str):
                known |= set(re.findall(r"\d[\d,.]*\d|\d", value.replace("\u00a0", " ")))
                if re.match(r"\d{4}-\d\d-\d\d", value):
                    known |= set(re.findall(r"\d+", boards.day(value)))
            elif isinstance(value, NUMBERS) and not isinstance(value, bool):
                for text in (boards.number(value), boards.share(value), boards.count(value)):
                    known |= set(re.findall(r"\d[\d,.]*\d|\d", text))
    # Words of the templates, and counts of rows that they show.
    said = {"95", "19", "20", "80", "90", "365", "8", "10", "12", "100", ".667", "667", "6"} | {
        str(n) for n in range(100)
    }
    for page in pages:
        for number in re.findall(r"(?<![\w.])\d[\d,.]*\d|(?<![\w.])\d(?![\w.])", board_pages.text(page)):
            total = sum(
                row["full_year_net_benefit"] or 0
                for row in held["returns"]
                if row["is_newest"] and row["period_grain"] == "rolling_365d" and not row["is_company"]
            )
            assert number in known | said | {boards.count(total)}, (page.name, number)


def test_the_use_cases_add_up_to_the_company(held):
    newest = boards.where(held["returns"], is_newest=True, period_grain="rolling_365d")
    (company,) = boards.where(newest, is_company=True)
    total = sum(row["full_year_net_benefit"] or 0 for row in newest if not row["is_company"])
    assert total == pytest.approx(company["full_year_net_benefit"])
    assert total + company["rescaled"] + company["counted_twice"] == pytest.approx(company["company_net_benefit"])


def test_hidden_cells_are_nowhere_in_the_pages(contents):
    hidden = [
        row
        for body in contents.values()
        for t in body["data"].values()
        if t["report"] == "kpis"
        for row in boards.unpacked(t)
        if row["status"] == "suppressed"
    ]
    assert len(hidden) > 100
    numbers = ("value", "ci_low", "ci_high", "n", "numerator", "denominator", "change_absolute", "change_percent")
    assert all(row.get(name) is None for row in hidden for name in numbers)
    assert all(row["reason"] and not row["is_shown"] for row in hidden)
    # A reason names no number of people but the limit.
    assert {n for row in hidden for n in re.findall(r"\d+", row["reason"])} <= {"5"}


def test_few_units_of_an_arm_are_not_shown(con):
    least, hidden = con.sql(
        "select min(value), count(*) filter (value is null) from report_experiment_points where panel = 'assigned'"
    ).fetchone()
    assert least >= 5 and hidden > 0


def test_one_question_has_one_number_on_every_board(contents, pages, held):
    said = defaultdict(set)
    for body in contents.values():
        for table in body["data"].values():
            if table["report"] == "effects":
                for row in boards.unpacked(table):
                    if row.get("is_quoted") and row.get("segment_name", "All units") == "All units":
                        said[row["experiment"], row["metric"]].add(
                            (row["estimate"], row["ci_low"], row["ci_high"], row["evidence_grade"])
                        )
    quoted = [row for row in held["effects"] if row["place"]]
    assert said.keys() == {(row["experiment"], row["metric"]) for row in quoted}
    assert all(len(numbers) == 1 for numbers in said.values())
    by_metric = {(row["experiment_id"], row["metric_id"]): row for row in quoted}
    texts = {page.stem: board_pages.text(page) for page in pages}
    twins = [row for row in held["kpis"] if row["causal_estimate"] is not None]
    assert twins
    for row in twins:
        match = [
            q for q in quoted if q["experiment"] == row["causal_experiment"] and q["estimate"] == row["causal_estimate"]
        ]
        assert match, row["kpi"]
        assert boards.effect(row["causal_estimate"], row["causal_scale"]).replace("\u00a0", " ") in texts["strategic"]
    for row in held["experiments"]:
        if row["is_shown"]:
            assert row["estimate"] == by_metric[row["experiment_id"], row["primary_metric_id"]]["estimate"]
            assert boards.effect(row["estimate"], row["scale"]).replace("\u00a0", " ") in texts["evidence"]


def test_grades_are_the_strongest_first_and_those_for_planning_are_a_to_c(held):
    quoted = sorted((row for row in held["effects"] if row["place"]), key=lambda row: row["place"])
    assert [row["place"] for row in quoted] == list(range(1, len(quoted) + 1))
    assert [row["evidence_grade"] for row in quoted] == sorted(row["evidence_grade"] for row in quoted)
    assert all(row["is_for_planning"] == (row["evidence_grade"] in ("A", "B", "C")) for row in quoted)


def test_staleness_stands_where_the_number_is(held, contents):
    stale = {row["experiment"] for row in held["effects"] if row["is_stale"]}
    assert stale
    for page in ("index", "evidence"):
        rows = [row for t in contents[page]["data"].values() if t["report"] == "effects" for row in boards.unpacked(t)]
        assert {row["experiment"] for row in rows if row["stale_since"]} == stale


def test_the_pages_are_whole_html(pages):
    for page in pages:
        html = page.read_text()
        assert html.startswith("<!doctype html>") and '<html lang="en">' in html
        assert boards.POLICY in html.replace("&#39;", "'")
        assert len(re.findall("<h1", html)) == 1 and 'class="skip" href="#main"' in html
        assert all(f"<{landmark}" in html for landmark in ("header", "nav", "main", "footer"))
        assert not re.search(
            r"<script(?! type=\"application/json\"| src=)|style=|\son\w+=|https?://(?!www\.w3\.org)",
            html.split('id="board">')[0],
        )
        assert html.count("<figure") == html.count('<div class="chart"></div>') == html.count("<caption>")
        for link in re.findall(r'href="([\w-]+\.html)', html):
            assert (page.parent / link).exists(), (page.name, link)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0", "{{ 7 * 7 }}", "$height"],
)
def test_names_are_shown_as_they_are_and_do_nothing(held, tmp_path, name):
    named = {
        report: [
            {
                c: name
                if c in ("use_case", "experiment", "metric", "kpi", "sentence", "thing") and isinstance(v, str)
                else v
                for c, v in row.items()
            }
            for row in rows
        ]
        for report, rows in held.items()
    }
    for page in board_pages.write(tmp_path / "site", named):
        html = page.read_text()
        assert "<" not in name or name not in html
        assert "<img" not in html and "<script>" not in html and ">49<" not in html


def test_boards_of_an_empty_warehouse_say_so(held, tmp_path):
    pages = board_pages.write(tmp_path / "site", {report: [] for report in held})
    assert {page.stem for page in pages} == set(boards.BOARDS)
    assert "No experiment shows a fresh gain" in board_pages.text(pages[0])


def test_the_command_reads_through_dbt_what_the_warehouse_holds(demo_warehouse, pages, tmp_path, capsys):
    """From another folder, over a copy: DuckDB has one writer, and dbt opens to write."""
    copy = tmp_path / demo_warehouse.name
    copy.write_bytes(demo_warehouse.read_bytes())
    profiles = tmp_path / "profiles.yml"
    profiles.write_text((ROOT / "profiles.yml.example").read_text())
    environment = {
        "AI_IMPACT_DUCKDB_PATH": str(copy),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    site = tmp_path / "site"
    with patch.dict(os.environ, environment):
        code = main(
            [
                "boards",
                "--out",
                str(site),
                "--project-dir",
                str(ROOT),
                "--profiles-dir",
                str(tmp_path),
                "--target",
                "duckdb",
            ]
        )
        close_warehouse()
    assert code == 0, capsys.readouterr().err
    assert f"Wrote {len(pages)} pages" in capsys.readouterr().out
    for page in pages:
        mine, theirs = board_pages.content(site / page.name), board_pages.content(page)
        assert mine["figures"] == theirs["figures"]
        for name, table in theirs["data"].items():
            rows, others = boards.unpacked(mine["data"][name]), boards.unpacked(table)
            assert sorted(map(str, rows)) == sorted(map(str, others)), (page.name, name)


def test_what_is_missing_is_a_sentence(tmp_path, capsys):
    (tmp_path / "dbt_project.yml").write_text("name: empty\nversion: 0.1.0\nprofile: ai_impact\n")
    with patch.dict(os.environ, {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")}):
        code = main(
            [
                "boards",
                "--out",
                str(tmp_path / "site"),
                "--project-dir",
                str(tmp_path),
                "--profiles-dir",
                str(ROOT / "nowhere"),
            ]
        )
        close_warehouse()
    said = capsys.readouterr().err
    assert code == 1 and "Traceback" not in said and len(said.splitlines()) == 1
