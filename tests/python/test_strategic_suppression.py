"""Suppression of strategic and human KPIs: an attacker who solves what is shown for the days between any two dates."""

import datetime as dt
import random
from collections import defaultdict
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest

K = 5
ALL = "(all)"
MODEL = "int_strategic_people"
GRAINS = ("month", "rolling_90d", "rolling_365d")
SHAPES = range(40)


def told(cells: list[tuple], person_days: list[tuple]) -> list[tuple]:
    """What of fewer than k people can be worked out: a use case, or all of them, from one date to another.

    `cells` are (use case, from, to, is shown) of one KPI, `person_days` (use case, day, person). Unknown is what each
    use case did between two neighbouring dates; a cell that is shown is the sum of some of these. A sum is known if it
    is a combination of those shown.
    """
    dates = sorted({date for cell in cells for date in cell[1:3]})
    use_cases = sorted({cell[0] for cell in cells} - {ALL}) or [ALL]
    place = {date: i for i, date in enumerate(dates)}
    width = len(dates) - 1

    def row(use_case: str, start: int, end: int) -> np.ndarray:
        vector = np.zeros((len(use_cases), width))
        vector[slice(None) if use_case == ALL else use_cases.index(use_case), start:end] = 1
        return vector.ravel()

    shown = [row(use_case, place[start], place[end]) for use_case, start, end, is_shown in cells if is_shown]
    if not shown:
        return []
    _, values, turned = np.linalg.svd(np.array(shown))
    unseen = turned[np.sum(values > 1e-9) :]
    found = []
    for use_case in {*use_cases, ALL}:
        people = defaultdict(set)
        for who, day, person in person_days:
            if who == use_case:
                people[np.searchsorted(dates, day, side="right") - 1].add(person)
        for start in range(width):
            them: set = set()
            for end in range(start + 1, width + 1):
                them |= people[end - 1]
                if len(them) >= K:
                    break
                if them and not np.any(np.abs(unseen @ row(use_case, start, end)) > 1e-9):
                    found.append((use_case, dates[start], dates[end], len(them)))
    return found


def test_the_attack_finds_a_hidden_month():
    days = [dt.date(2026, month, 1) for month in (1, 2, 3, 4)]
    work = [(ALL, day, f"{day} {n}") for day, size in zip(days, (6, 3, 6), strict=False) for n in range(size)]
    months = [(ALL, days[i], days[i + 1], i != 1) for i in range(3)]
    assert told(months, work) == []
    assert told([*months, (ALL, days[0], days[3], True)], work) == [(ALL, days[1], days[2], 3)]


def periods() -> list[tuple]:
    """Months and rolling windows of fifteen months, as `int_long_periods` has them."""
    months = [dt.date(2025 + m // 12, m % 12 + 1, 1) for m in range(7, 23)]
    spans = [("month", start, end) for start, end in pairwise(months)]
    for days in (90, 365):
        spans += [(f"rolling_{days}d", end - dt.timedelta(days), end) for end in months]
    spans = [span for span in spans if span[1] >= months[0]]
    return [
        (f"{grain}|{start}", grain, start, end, start + dt.timedelta(day))
        for grain, start, end in spans
        for day in range((end - start).days)
    ]


def company(seed: int) -> list[tuple]:
    """Who decided what on which day, in use cases of all sizes, in busy months and others."""
    pick = random.Random(seed)
    rows = []
    for number in range(pick.choice([1, 2, 3])):
        people = [f"p{number} {i}" for i in range(pick.choice([4, 7, 12, 30]))]
        busy = [pick.choice([0, 0.3, 2, 40]) for _ in range(16)]
        for day in range(457):
            date = dt.date(2025, 8, 1) + dt.timedelta(day)
            chance = busy[(date.year - 2025) * 12 + date.month - 8] / 300
            rows += [(f"u{number}", date, person) for person in people if pick.random() < chance]
    return rows


@pytest.fixture(scope="module")
def sql(warehouse) -> str:
    warehouse.dbt("compile", "--select", MODEL)
    files = (warehouse.folder / "target/compiled/ai_impact/models").rglob(f"{MODEL}.sql")
    text = next(f for f in files if f.parent.suffix != ".yml").read_text()
    return text.replace(f'"{warehouse.path.stem}"."main".', "")


@pytest.mark.parametrize("seed", SHAPES)
def test_no_company_tells_what_few_people_did(sql, seed):
    work = company(seed)
    con = duckdb.connect()
    days = [(use, day, who) for use_case, day, who in work for use in (use_case, ALL)]
    columns = dict(zip(("use_case_id", "observed_on", "person_id"), map(list, zip(*days, strict=True)), strict=True))
    con.register("days", pa.table(columns))
    con.execute(
        "create table int_strategic_people_daily as select distinct 'win_rate' as kpi_id, *, 0 as is_rest from days"
    )
    names = ("period_key", "period_grain", "period_start", "period_end", "date_day")
    long = dict(zip(names, map(list, zip(*periods(), strict=True)), strict=True))
    con.register("int_long_periods", pa.table(long))
    cells = con.sql(f"""
        select use_case_id, min(period_start), max(period_end), not any_value(is_suppressed)
        from ({sql}) inner join int_long_periods using (period_key) group by use_case_id, period_key
    """).fetchall()
    assert told(cells, days) == []
    whole = [cell for cell in cells if cell[0] == ALL]
    if len({who for *_, who in work}) > 20 and len(work) > 2000:
        assert any(is_shown for *_, is_shown in whole)  # not by hiding everything


def test_the_demo_does_not_tell_either(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        cells, days = defaultdict(list), defaultdict(list)
        windows = ("interviewer_rating", "hire_performance", "hire_retention_180d")
        for kpi, *cell in con.execute(
            """
            select kpi_id, use_case_id, period_start, period_end, not is_suppressed
            from int_strategic_people inner join int_kpi_periods using (period_key)
            where list_contains(?, period_grain)""",
            [list(GRAINS)],
        ).fetchall():
            cells[kpi].append(tuple(cell))
        for kpi, *day in con.sql(
            "select kpi_id, use_case_id, observed_on, person_id from int_strategic_people_daily where is_rest = 0"
        ).fetchall():
            days[kpi].append(tuple(day))
    assert len(cells) > 10
    for kpi in sorted(set(cells) - set(windows)):
        assert told(cells[kpi], days[kpi]) == [], kpi


def test_what_stands_beside_it_does_not_tell_a_hidden_side(demo_warehouse):
    """Nothing of a comparison with few people is in human_delta."""
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        hidden = con.sql("""
            select count(*) from int_decision_cells as c
            inner join int_kpi_periods as p on p.period_key = c.period_key
            inner join human_delta as d
                on d.kpi_id = c.kpi_id and coalesce(d.use_case_id, '(all)') = c.use_case_id
                and d.period_grain = p.period_grain and d.period_start = p.period_start
            where c.is_suppressed and (
                (c.comparison = 'override' and (d.outcome_overridden is not null or d.n_accepted is not null))
                or (c.comparison = 'human' and d.strategic_basis = 'matched' and d.n_with_human is not null))
        """).fetchone()
    assert hidden == (0,)
