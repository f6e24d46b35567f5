"""Suppression on any data: random companies, the project's SQL, and attackers who subtract and solve all they can."""

import datetime as dt
import random
from collections import defaultdict

import duckdb
import numpy as np
import pyarrow as pa
import pytest

K = 5
ALL = "(all)"
MODELS = ("int_kpi_complements", "int_kpi_suppression")
ATTACKS = ("kpi_suppression_holds_against_subtraction", "kpi_hidden_cells_are_hidden_together")
MONDAY = dt.date(2025, 1, 6)
COMPANIES = 12  # one after another, each for some weeks
SIZES = [1, 2, 4, 8, 14]  # teams, and use cases

TABLES = """
create table int_kpi_periods as
select period_grain || '|' || period_start as period_key, period_grain, period_start
from (
    select distinct
        unnest(['day', 'week', 'month']) as period_grain,
        unnest([day, date_trunc('week', day), date_trunc('month', day)])::date as period_start
    from work
);

create table cells as
select
    period_key,
    coalesce(use_case_id, '(all)') as use_case_id,
    coalesce(team_id, '(all)') as team_id,
    count(*) as completed,
    count(distinct person) as n_people
from work
join int_kpi_periods on period_start = date_trunc(period_grain, day)
group by grouping sets (
    (period_key, use_case_id, team_id), (period_key, use_case_id), (period_key, team_id), (period_key)
);

create table int_kpi_sums as select period_key, use_case_id, team_id, completed from cells;
create table int_kpi_people as select period_key, use_case_id, team_id, n_people from cells where n_people > 0;

-- Every seventeenth week is hidden for reasons of its own, however many people worked in it.
create table int_kpi_seams as
select period_key, use_case_id, team_id from cells
where period_key like 'week%' and hash(period_key, use_case_id, team_id) % 17 = 0;
"""
SHOWN = """
create or replace table int_kpi_cells as
select hidden.*, period_grain, period_start from {} as hidden join int_kpi_periods using (period_key);

create or replace table kpi_values as
select
    'throughput' as kpi_id,
    period_grain,
    period_start,
    nullif(use_case_id, '(all)') as use_case_id,
    nullif(team_id, '(all)') as team_id,
    case when not is_suppressed then 1 end as numerator,
    null::int as n
from int_kpi_cells;
"""


PASSES = """(
    select period_key, use_case_id, team_id, n_people, is_hidden = 1 as is_suppressed from int_kpi_complements
)"""


@pytest.fixture(scope="module")
def sql(warehouse) -> dict[str, str]:
    """The SQL of the models and of the attacks, over the tables of no database in particular."""
    warehouse.dbt("compile", "--select", *MODELS, *ATTACKS)
    compiled = warehouse.folder / "target/compiled/ai_impact"
    files = [*(compiled / "models").rglob("*.sql"), *(compiled / "tests/singular").glob("*.sql")]
    # Not the compiled unit tests, which have the names of their models in folders with the names of YAML files.
    text = {f.stem: f.read_text() for f in files if not any(p.suffix == ".yml" for p in f.parents)}
    return {name: text[name].replace(f'"{warehouse.path.stem}"."main".', "") for name in (*MODELS, *ATTACKS)}


def companies(seed: int) -> list[tuple]:
    """Who worked for what on which day, in companies of all shapes one after another; nobody where AI worked alone."""
    pick = random.Random(seed)
    rows: list[tuple] = []
    monday = MONDAY
    for company in range(COMPANIES):
        use_cases = [f"u{number}" for number in range(pick.choice(SIZES))]
        share = pick.choice([0.1, 0.4, 0.9])
        weeks = pick.randint(1, 5)
        for team in (f"t{number}" for number in range(pick.choice(SIZES))):
            theirs = pick.sample(use_cases, pick.randint(1, min(3, len(use_cases))))
            people = [f"{company} {team} {number}" for number in range(pick.choice([1, 2, 3, 4, 5, 6, 7, 11]))]
            for day in range(7 * weeks):
                at_work = [p for p in people if pick.random() < (share if day % 7 < 5 else share / 5)]
                doers = at_work + [None] * (pick.random() < 0.1)
                rows += [(monday + dt.timedelta(day), pick.choice(theirs), team, person) for person in doers]
        monday += dt.timedelta(7 * weeks)
    return rows


def ladder(steps: int) -> list[tuple]:
    """Two teams a use case and two use cases a team: to hide the first three people, a cell of every step must go."""
    people = {("u0", "t0"): 3, (f"u{steps}", "t0"): 40, (f"u{steps}", f"t{steps}"): 41}
    for step in range(steps):
        people.setdefault((f"u{step}", f"t{step}"), 8)
        people[f"u{step}", f"t{step + 1}"] = 8
    return [(MONDAY, *cell, f"{cell} {number}") for cell, count in people.items() for number in range(count)]


def suppressed(work: list[tuple], sql: dict[str, str]) -> duckdb.DuckDBPyConnection:
    """The built models over some work."""
    connection = duckdb.connect()
    columns = ("day", "use_case_id", "team_id", "person")
    connection.register("work", pa.table(dict(zip(columns, zip(*work, strict=True), strict=True))))
    connection.execute(TABLES)
    for model in MODELS:
        connection.execute(f"create table {model} as {sql[model]}")
    return connection


def lines(cell: tuple) -> list[tuple]:
    """The lines of a cell: the teams of its use case, the use cases of its team, and the days of its week."""
    grain, start, use_case, team = cell
    found = [("teams", grain, start, use_case), ("use cases", grain, start, team)]
    if grain in ("day", "week"):
        found.append(("days", start - dt.timedelta(start.weekday()), use_case, team))
    return found


def is_total(cell: tuple, line: tuple) -> bool:
    return {"teams": cell[3] == ALL, "use cases": cell[2] == ALL, "days": cell[0] == "week"}[line[0]]


def small_cells_known(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """All cells of few people that are shown, or found by subtraction as often as it finds anything."""
    rows = connection.execute(
        "select period_grain, period_start, use_case_id, team_id, n_people, is_suppressed from int_kpi_cells"
    ).fetchall()
    people = {row[:4]: row[4] for row in rows}
    unknown = {row[:4] for row in rows if row[5]}
    members = defaultdict(set)
    for cell in people:
        for line in lines(cell):
            members[line].add(cell)
    whole = {line for line, cells in members.items() if any(is_total(cell, line) for cell in cells)}
    queue = list(whole)
    while queue:
        hidden = members[queue.pop()] & unknown
        if len(hidden) == 1:
            unknown -= hidden
            queue += [line for line in lines(*hidden) if line in whole]
    return [cell for cell, n_people in people.items() if 0 < n_people < K and cell not in unknown]


def small_cells_solved(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """All hidden cells of few people that have one possible value only, given all that is shown of their period."""
    periods = defaultdict(dict)
    for period, *cell, n_people, is_hidden in connection.execute(
        "select period_key, use_case_id, team_id, n_people, is_suppressed from int_kpi_cells"
    ).fetchall():
        periods[period][tuple(cell)] = (n_people, is_hidden)
    solved = []
    for period, cells in periods.items():
        hidden = [cell for cell, (_, is_hidden) in cells.items() if is_hidden]
        if not any(0 < cells[cell][0] < K for cell in hidden):
            continue
        equations = []
        for place in (0, 1):
            for fixed in {cell[place] for cell in cells}:
                sign = [(cell[place] == fixed) * (-1 if cell[1 - place] == ALL else 1) for cell in hidden]
                equations.append(sign)
        _, sizes, directions = np.linalg.svd(np.array(equations, dtype=float))
        free = np.abs(directions[(sizes > 1e-9).sum() :]).max(axis=0, initial=0)
        solved += [(period, *cell) for cell, f in zip(hidden, free, strict=True) if f < 1e-9 and 0 < cells[cell][0] < K]
    return solved


def found(connection: duckdb.DuckDBPyConnection, sql: dict[str, str], hidden: str) -> list[tuple]:
    """What the attackers above and the data tests find where a table says what is hidden."""
    connection.execute(SHOWN.format(hidden))
    by_tests = [row for name in ATTACKS for row in connection.execute(sql[name]).fetchall()]
    return small_cells_known(connection) + small_cells_solved(connection) + by_tests


@pytest.mark.parametrize("seed", range(5))
def test_no_company_shows_what_few_people_did(sql, seed):
    with suppressed(companies(seed), sql) as connection:
        assert not found(connection, sql, "int_kpi_suppression")
        counts = connection.execute("""
            select count(*) filter (not is_suppressed), count(*) filter (is_suppressed) from int_kpi_suppression
        """).fetchone()
    assert min(counts) > 100


def test_where_the_passes_come_to_no_end_the_last_resort_holds(sql):
    with suppressed(ladder(8), sql) as connection:
        assert len(found(connection, sql, PASSES)) > 3
        assert not found(connection, sql, "int_kpi_suppression")
        shown = connection.execute("""
            select use_case_id, team_id from int_kpi_suppression where period_key like 'month%' and not is_suppressed
        """)
        assert shown.fetchall() == [(ALL, ALL)]


def test_where_the_passes_come_to_an_end_the_last_resort_hides_nothing(sql):
    with suppressed(ladder(1), sql) as connection:
        assert not found(connection, sql, PASSES)
        hidden = connection.execute("select sum(is_hidden) from int_kpi_complements").fetchone()
        assert hidden == connection.execute("select count(*) from int_kpi_suppression where is_suppressed").fetchone()
