"""The workbook says what the reports hold, and its formulas are those of the return on investment."""

import math
import re
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest
import workbook_cells
from hypothesis import given
from hypothesis import strategies as st

from ai_impact import workbook
from ai_impact.reading import Rows, of_best_window
from ai_impact.sentences import ProblemError
from ai_impact_stats.impact.roi import Case, Driver

HARMFUL = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1")
SHEETS = [
    "About",
    "Dashboards",
    "KPI catalogue",
    "Current values",
    "Experiment plan",
    "Claims",
    "ROI model",
    "ROI ranges",
]
NOTHING: dict = {"boards": [], "tables": {name: [] for name in workbook.TABLES}, "returns": [], "assumptions": []}
NEWEST = "period_grain = 'rolling_365d' and period_end = (select max(period_end) from roi_summary)"
RESULTS = [name for name, *_ in workbook.RESULTS]
NAMED = ("use_case", "kpi", "metric", "experiment", "sentence", "name", "driver", "reason")


@pytest.fixture(scope="module")
def con(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        yield connection


def read(con, report: str, kept: str) -> Rows:
    relation = con.sql(f"select * from {report} {kept}")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


@pytest.fixture(scope="module")
def held(con) -> dict:
    return {
        "boards": [{name: name for name in ("board", "question", "report", "row", "owner", "url")}],
        "tables": {name: read(con, report, kept) for name, (report, kept, _) in workbook.TABLES.items()},
        "returns": read(con, "report_returns", "where is_newest and period_grain = 'rolling_365d'"),
        "assumptions": read(con, "roi_assumptions", ""),
    }


def written(path: Path, held: dict) -> dict[str, tuple[workbook_cells.Cells, dict[str, str]]]:
    workbook.write(workbook.Sheets(path), held["boards"], held["tables"], held["returns"], held["assumptions"])
    return workbook_cells.sheets(path)


@pytest.fixture(scope="module")
def book(held, tmp_path_factory):
    return written(tmp_path_factory.mktemp("workbook") / "ai_impact.xlsx", held)


@pytest.fixture(scope="module")
def model(book, held):
    """Values, formulas, and the column of each use case that has a return."""
    values, formulas = book["ROI model"]
    titles = {
        text: re.sub(r"\d", "", at) for at, text in values.items() if re.fullmatch(rf"[C-Z]{workbook.TOP - 1}", at)
    }
    names = {row["use_case"]: row["use_case_id"] for row in held["returns"]}
    return values, formulas, {names[text]: column for text, column in titles.items()}


def cell(column: str, name: str) -> str:
    return f"{column}{workbook.ROW[name]}"


def test_the_formulas_give_the_return_of_the_warehouse(con, model):
    values, formulas, columns = model
    computed = workbook_cells.computed(values, formulas)
    summary = con.sql(
        f"select coalesce(use_case_id, 'all'), {', '.join(RESULTS)} from roi_summary where {NEWEST} and roi is not null"
    ).fetchall()
    assert {name for name, *_ in summary} == set(columns) and len(columns) > 2
    for use_case, *terms in summary:
        for name, term in zip(RESULTS, terms, strict=True):
            at = cell(columns[use_case], f"={name}")
            assert (at in formulas) == (term is not None), (use_case, name)
            if term is not None:
                assert computed[at] == pytest.approx(term, rel=1e-7), (use_case, name)
                # Who opens it without recomputing sees the same.
                assert values[at] == pytest.approx(term, rel=1e-12)


def test_the_return_follows_each_assumption_as_the_sensitivity_says(con, model):
    values, formulas, columns = model
    swings = con.sql(
        "select use_case_id, driver, low_value, roi_at_low, high_value, roi_at_high from roi_sensitivity "
        f"where {NEWEST} and swing is not null"
    ).fetchall()
    assert len(swings) > 8
    for use_case, driver, *ends in swings:
        for value, expected in (ends[:2], ends[2:]):
            changed = values | {cell(columns[use_case], driver): value}
            found = workbook_cells.computed(changed, formulas)
            assert found[cell(columns[use_case], "=roi")] == pytest.approx(expected, rel=1e-6), (use_case, driver)


def test_the_company_follows_its_use_cases(con, model):
    values, formulas, columns = model
    use_case = next(name for name in columns if name != "all" and cell(columns[name], "=revenue") in formulas)
    before, column, company = workbook_cells.computed(values, formulas), columns[use_case], columns["all"]
    price = cell(column, "value_per_unit")
    after = workbook_cells.computed(values | {price: 2 * values[price]}, formulas)
    more = before[cell(column, "=revenue")] * values[cell(column, "days")] / values[cell(company, "days")]
    more *= 1 - values[cell(column, "shared")]
    assert after[cell(company, "=revenue")] - before[cell(company, "=revenue")] == pytest.approx(more) != 0
    assert after[cell(company, "=roi")] > before[cell(company, "=roi")]


amounts = st.floats(1, 1e6)


@st.composite
def cases(draw) -> Case:
    """Use cases as the return on investment knows them: with one benefit or both, with and without redeployment."""

    def driver(name: str, low: float, high: float) -> Driver:
        return Driver(name, *(draw(st.floats(low, high)),) * 3)

    effects = draw(st.sets(st.sampled_from(["revenue", "labour"]), min_size=1))
    assumptions = [driver("horizon_months", 1, 60), driver("discount_rate", 0.01, 0.5)]
    assumptions += [driver("value_per_unit", 0.5, 1e4), driver("recapture_rate", 0.05, 1)]
    # Without it one of two benefits is left out.
    assumptions += [driver("redeployed_share", 0, 0.9)] if len(effects) == 2 or draw(st.booleans()) else []
    return Case(
        days=draw(st.integers(1, 365)),
        effects={term: driver(f"{term}_effect", -2, 2) for term in sorted(effects)},
        assumptions={found.name: found for found in assumptions},
        volumes={"revenue": draw(amounts), "labour": draw(amounts)},
        operating=draw(amounts),
        remediation=draw(amounts),
        training=draw(st.sampled_from([0.0, 1e4])),
    )


@given(cases(), st.data())
def test_the_formulas_are_those_of_the_return(case, data):
    """From what the reports have of a case the formulas give its return, also after any input is changed."""
    base = case.bases()
    terms = case.terms(base)
    found = {name: float(terms[term]) if term in case.effects else None for name, term in
             (("revenue", "revenue"), ("labour_saved", "labour"))}  # fmt: skip
    costs = {f"{name}_cost": float(terms[name]) for name in ("operating", "training", "remediation")}
    row = {"days": case.days, "counted_twice": 0.0, **found, **costs}
    drivers = {name: value for name, value in base.items() if name != "discount_rate"}
    given_ = workbook.inputs(row, drivers, base["discount_rate"], 365)
    values = {cell("C", name): value for name, value in given_.items() if value is not None}
    formulas = {
        cell("C", f"={name}"): formula
        for name, formula in workbook.formulas(lambda name: cell("C", name), given_).items()
    }
    # An effect so small that no volume follows from it is no input to change.
    moved = [name for name in base if name not in ("revenue_effect", "labour_effect") or abs(base[name]) > 1e-9]
    changed = {name: base[name] * data.draw(st.floats(0.1, 1.1)) for name in moved}
    for at in (base, base | changed):
        at = at | {"discount_rate": 0.0} if data.draw(st.booleans()) else at
        computed = workbook_cells.computed(values | {cell("C", name): value for name, value in at.items()}, formulas)
        size = sum(abs(float(term)) for term in case.terms(at).values())
        of_cost = size / float(case.terms(at)["operating"])
        assert math.isclose(computed[cell("C", "=roi")], case.roi_at(at), rel_tol=1e-7, abs_tol=1e-9 * of_cost)
        worth = float(case.npv(at))
        assert math.isclose(computed[cell("C", "=net_present_value")], worth, rel_tol=1e-7, abs_tol=1e-8 * size)


def test_every_sheet_holds_the_rows_of_its_report(book, held):
    assert list(book) == SHEETS
    for name, (_, _, spec) in workbook.TABLES.items():
        values, formulas = book[name]
        rows = of_best_window(held["tables"][name]) if name == "Current values" else held["tables"][name]
        assert not formulas and len({re.sub(r"\D", "", at) for at in values}) == len(rows) + 1
        for place, (field, title, _) in enumerate(workbook.columns(spec)):
            letter = chr(ord("A") + place)
            assert values[f"{letter}1"] == title
            cells = [value for at, value in values.items() if re.fullmatch(rf"{letter}\d+", at) and at != f"{letter}1"]
            if cells and all(isinstance(value, float) for value in cells) and isinstance(rows[0][field], float | int):
                held_here = sorted(float(row[field]) for row in rows if workbook.plain(row[field]) is not None)
                assert sorted(cells) == pytest.approx(held_here, rel=1e-14), (name, field)


def test_hidden_values_are_nowhere(held, tmp_path):
    """A group that is hidden has its status and its reason, and no number."""
    hidden = [row for row in of_best_window(held["tables"]["Current values"]) if row["status"] == "suppressed"]
    numbers = ("value", "ci_low", "ci_high", "n", "numerator", "denominator", "baseline_value", "change_percent")
    assert all(row[name] is None for row in hidden for name in numbers)
    row = {**held["tables"]["Current values"][0], **dict.fromkeys(numbers), "status_name": "Not shown", "reason": "Why."}
    tables = {**held["tables"], "Current values": [row]}
    values, _ = written(tmp_path / "hidden.xlsx", {**held, "tables": tables})["Current values"]
    fields = [field for field, *_ in workbook.columns(workbook.TABLES["Current values"][2])]
    found = {fields[ord(at[0]) - ord("A")] for at in values if re.fullmatch(r"[A-Z]2", at)}
    assert not found & set(numbers) and {"kpi", "use_case", "status_name", "reason"} <= found


@pytest.mark.parametrize("name", HARMFUL)
def test_a_name_is_text_and_stays_text(held, tmp_path, name):
    def named(rows: Rows) -> Rows:
        return [{c: name if c in NAMED and isinstance(v, str) else v for c, v in row.items()} for row in rows]

    tables = {sheet: named(rows) for sheet, rows in held["tables"].items()}
    path = tmp_path / "names.xlsx"
    found = written(path, {**held, "tables": tables, "returns": named(held["returns"])})
    assert all(not formulas for sheet, (_, formulas) in found.items() if sheet != "ROI model")
    assert all(re.fullmatch(r"[-+*/^()=<>,.0-9A-Z]+", text) for text in found["ROI model"][1].values())
    assert name in found["Current values"][0].values() and name in found["ROI model"][0].values()
    with zipfile.ZipFile(path) as file:
        sheet, styles = (file.read(f"xl/{part}.xml").decode() for part in ("worksheets/sheet4", "styles"))
        assert "<hyperlink" not in sheet and not [part for part in file.namelist() if "externalLink" in part]
    style = re.search(r'<c r="A2" s="(\d+)" t="s">', sheet)
    formats = re.findall(r"<xf .*?(?:/>|</xf>)", styles.split("<cellXfs")[1].split("</cellXfs>")[0])
    # Excel keeps it a text even when somebody edits the cell.
    assert style and 'quotePrefix="1"' in formats[int(style[1])]


def test_a_workbook_of_nothing_says_so(tmp_path):
    found = written(tmp_path / "empty.xlsx", NOTHING)
    assert list(found) == SHEETS and "No data yet: run dbt build." in found["About"][0].values()
    assert "No use case has a return yet: the reasons are below." in found["ROI model"][0].values()


def test_what_keeps_it_from_being_written_is_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(ProblemError, match=r"can't be written .*name another file with --out"):
        written(tmp_path / "nowhere" / "x.xlsx", NOTHING)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ProblemError, match="run pip install xlsxwriter"):
        workbook.Sheets(tmp_path / "x.xlsx")
