"""Hidden groups can't be worked out, in companies that hypothesis makes and in the demo: all that is published of them,
over all periods, is one linear system."""

import datetime as dt
import json
import re
from collections import defaultdict
from functools import cache
from itertools import combinations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from dbt_warehouse import parsed
from hypothesis import example, given, settings
from hypothesis import strategies as st

K = 5
ALL = "(all)"
MODELS = ("int_hidden_groups", "int_hidden_periods")
QUARTERS = (dt.date(2026, 1, 1), dt.date(2026, 4, 1))
# Who (a number) works for which use case in which team, quarter by quarter.
cells = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyzw")),
    st.sets(st.integers(0, 30), max_size=9),
    min_size=1,
    max_size=12,
)


def with_margins(work: dict) -> dict:
    members: dict = {}
    for (use_case, team), people in work.items():
        for group in ((use_case, team), (use_case, ALL), (ALL, team), (ALL, ALL)):
            members.setdefault(group, set()).update(people)
    return members


def row(group: tuple, leaves: list) -> np.ndarray:
    return np.array([float(all(g in (ALL, part) for g, part in zip(group, leaf, strict=True))) for leaf in leaves])


def leaks(work: dict, hidden: set) -> list:
    """The sums of small groups, of fewer than k people together, that follow from what is shown."""
    members, leaves = with_margins(work), sorted(work)
    known = np.array([row(g, leaves) for g in sorted(members) if g not in hidden]).reshape(-1, len(leaves))
    rank = np.linalg.matrix_rank(known) if len(known) else 0
    small = sorted(g for g, people in members.items() if 0 < len(people) < K)
    return [
        union
        for size in range(1, min(len(small), 5) + 1)
        for union in combinations(small, size)
        if len(set().union(*(members[g] for g in union))) < K
        and np.linalg.matrix_rank(np.vstack([known, sum(row(g, leaves) for g in union)])) == rank
    ]


@pytest.fixture(scope="module")
def models(warehouse) -> dict[str, str]:
    """The SQL of the models, over the tables of no database in particular."""
    warehouse.dbt("compile", "--select", *MODELS)
    files = (warehouse.folder / "target/compiled/ai_impact/models").rglob("*.sql")
    text = {f.stem: f.read_text() for f in files if f.stem in MODELS and f.parent.suffix != ".yml"}
    return {name: sql.replace(f'"{warehouse.path.stem}"."main".', "") for name, sql in text.items()}


@pytest.fixture(scope="module")
def sql(models) -> str:
    return models["int_hidden_groups"]


def register_sizes(con: duckdb.DuckDBPyConnection, quarters: dict[dt.date, dict]) -> None:
    names = ("family", "quarter_start", "row_id", "column_id", "n_people", "most_people")
    sizes, most = [], defaultdict(int)
    for quarter, work in sorted(quarters.items()):
        for group, people in with_margins(work).items():
            most[group] = max(most[group], len(people))
            sizes.append(("execution", quarter, *group, len(people), most[group]))
    con.register("int_group_sizes", pa.table(dict(zip(names, map(list, zip(*sizes, strict=True)), strict=True))))


def hidden_groups(sql: str, work: dict) -> dict[tuple, str]:
    with duckdb.connect() as con:
        register_sizes(con, {QUARTERS[0]: work})
        return {(row_id, column_id): rule for _, _, row_id, column_id, rule in con.sql(sql).fetchall()}


@settings(max_examples=300)
@given(cells)
@example({("a", "x"): {1, 2, 3}, ("a", "y"): set(range(5, 14)), ("b", "x"): {1, 2, 3}, ("b", "y"): set(range(5, 14))})
def test_no_small_group_follows_from_what_is_shown(sql, work):
    sizes = {group: len(people) for group, people in with_margins(work).items()}
    hidden = hidden_groups(sql, work)
    assert {g for g, n in sizes.items() if 0 < n < K} == {g for g, rule in hidden.items() if rule == "small_group"}
    assert all(sizes[g] > 0 for g in hidden)
    assert leaks(work, set(hidden)) == []


def test_the_attack_finds_what_complements_are_for(sql):
    work = {("a", "x"): {1, 2, 3}, ("a", "y"): set(range(5, 14)), ("b", "y"): set(range(5, 14))}
    hidden = hidden_groups(sql, work)
    assert leaks(work, set(hidden)) == []
    assert leaks(work, {g for g, rule in hidden.items() if rule == "small_group"})


def test_as_little_is_hidden_as_serves(sql):
    """A team of three beside three large ones, all in both use cases: the smallest other team goes with it."""
    teams = {"x": range(3), "y": range(10, 30), "z": range(30, 40), "w": range(40, 60)}
    hidden = hidden_groups(sql, {(u, t): set(people) for u in "ab" for t, people in teams.items()})
    lines = ("a", "b", ALL)
    assert hidden == {(u, "x"): "small_group" for u in lines} | {(u, "z"): "complement" for u in lines}


@pytest.mark.parametrize("n", [0, 5])
def test_nothing_small_hides_nothing(sql, n):
    assert hidden_groups(sql, {("a", "x"): set(range(n))}) == {}


# Two days of each quarter, what lies across their edge, and windows over one quarter and over both.
DAYS = tuple(dt.date(2026, 3, 30) + dt.timedelta(n) for n in range(4))
PERIODS = {
    **{f"day {n}": (n, n + 1) for n in range(4)},
    "month": (0, 2),
    "next month": (2, 4),
    "week": (1, 3),
    "window": (0, 3),
    "year": (0, 4),
}
days_of_work = st.dictionaries(
    st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.sampled_from("xyz")),
    st.sets(st.integers(0, 20), min_size=1, max_size=9),
    min_size=1,
    max_size=24,
)


def in_time(models: dict[str, str], work: dict, rules: tuple = ("small_group", "complement")) -> list[tuple]:
    """Periods of small groups that follow from all numbers of all periods, as one linear system.

    Unknown is what each use case did in each team on each day. A number that is shown is a sum of some of these, and
    so is one that has no row because nothing was done: 0.
    """
    quarters: dict = {quarter: defaultdict(set) for quarter in QUARTERS}
    for (day, *leaf), people in work.items():
        quarters[QUARTERS[day // 2]][tuple(leaf)] |= people
    with duckdb.connect() as con:
        register_sizes(con, {quarter: cells for quarter, cells in quarters.items() if cells})
        con.execute("create table int_kpi_periods (period_key text, period_start date, period_end date)")
        spans = [(name, DAYS[0] + dt.timedelta(i), DAYS[0] + dt.timedelta(j)) for name, (i, j) in PERIODS.items()]
        con.executemany("insert into int_kpi_periods values (?, ?, ?)", spans)
        con.execute(f"create table int_hidden_groups as {models['int_hidden_groups']}")
        found = con.sql(models["int_hidden_periods"]).fetchall()
    hidden = {(period, row_id, column_id) for _, period, row_id, column_id, rule in found if rule in rules}
    leaves = sorted({tuple(leaf) for _, *leaf in work})
    groups = sorted(with_margins(dict.fromkeys(leaves, ())))

    def numbers(period: str, group: tuple) -> np.ndarray:
        table = np.zeros((len(DAYS), len(leaves)))
        table[slice(*PERIODS[period])] = row(group, leaves)
        return table.ravel()

    shown = [numbers(p, g) for p in PERIODS for g in groups if (p, *g) not in hidden]
    _, values, turned = np.linalg.svd(np.array(shown or [np.zeros(len(DAYS) * len(leaves))]))
    unseen = turned[np.sum(values > 1e-9) :]
    small = [
        (period, group)
        for n, quarter in enumerate(QUARTERS)
        for group, people in with_margins(quarters[quarter]).items()
        for period, (start, end) in PERIODS.items()
        if 0 < len(people) < K and start < 2 * n + 2 and end > 2 * n
    ]
    return [what for what in small if not np.any(np.abs(unseen @ numbers(*what)) > 1e-9)]


@settings(max_examples=200)
@given(days_of_work)
def test_no_small_group_follows_from_all_periods_at_once(models, work):
    assert in_time(models, work) == []


def test_the_attack_in_time_finds_what_complements_are_for(models):
    work = {
        (day, "a", team): set(people) for day in range(4) for team, people in {"x": range(3), "y": range(9)}.items()
    }
    assert in_time(models, work) == []
    assert ("week", ("a", "x")) in in_time(models, work, ("small_group",))


IS_SHOWN = "numerator is not null or n is not null or value is not null"
# Additive numbers by period, use case and team. A baseline window has no row, but its value stands beside others.
PUBLISHED = {
    kpi: f"""
        select period_start, period_end, use_case_id, team_id, {IS_SHOWN} from kpi_values where kpi_id = '{kpi}'
        union all
        select distinct base.period_start, base.period_end, k.use_case_id, k.team_id, true
        from kpi_values as k inner join int_kpi_periods as base on k.baseline_use_case_id = base.baseline_of
        where k.kpi_id = '{kpi}' and k.baseline_value is not null
    """
    for kpi in ("throughput", "error_rate", "rework_rate", "automation_rate", "cost_per_task")
}
# Hidden with the people of their use case.
CALLS = ("kpi_call_ratios", "kpi_call_percentiles")
EXECUTION = ("kpi_task_ratios", "kpi_cycle_time", "kpi_time_saved", "kpi_cost_per_task", "kpi_drift_rate")
PUBLISHED["terms"] = "select period_start, period_end, use_case_id, team_id, completed is not null from kpi_cost_terms"


def quarter_of(day: dt.date) -> dt.date:
    return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def rank_of(groups: list, leaves: list) -> int:
    rows = [row(group, leaves) for group in groups]
    return np.linalg.matrix_rank(np.array(rows)) if rows and leaves else 0


def demo_tells(path, published: str, shown_anyway: str | None = None) -> set[tuple]:
    """Quarters and small groups of the demo of which something follows from all that is shown of all periods.

    All periods at once are one linear system, of what each use case did in each team on each day. It need not be
    solved: if the groups that are shown in whatever period holds a day span nothing of a small group, then numbers of
    that day can change, and of no other, that leave all that is shown as it is; so no period that holds the day tells
    of the group. A cell without a row on a day is known to have done nothing then.
    """
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.sql(PUBLISHED[published]).fetchall()
        rules = con.sql("select row_id, column_id, suppression_rule from int_hidden_groups where family = 'execution'")
        anyway = {(row_id, column_id) for row_id, column_id, rule in rules.fetchall() if rule == shown_anyway}
        few = con.sql(f"""
            select quarter_start, row_id, column_id from int_group_sizes where family = 'execution' and n_people < {K}
        """).fetchall()
    at_work, shown = defaultdict(set), defaultdict(set)
    for start, end, use_case, team, is_shown in rows:
        group = (use_case or ALL, team or ALL)
        days = [start + dt.timedelta(n) for n in range((end - start).days)]
        if len(days) == 1 and ALL not in group:
            at_work[start].add(group)
        for day in days if is_shown or group in anyway else []:
            shown[day].add(group)
    assert len(few) > 2 and len(at_work) > 400
    told = set()
    for quarter, leaves, seen in {(quarter_of(d), frozenset(at_work[d]), frozenset(shown[d])) for d in at_work}:
        rank = rank_of(sorted(seen), sorted(leaves))
        for group in [tuple(group) for start, *group in few if start == quarter]:
            if rank_of([*sorted(seen), group], sorted(leaves)) == rank:
                told.add((quarter, group))
    return told


@pytest.mark.parametrize("published", PUBLISHED)
def test_the_demo_tells_nothing_of_a_small_group(demo_warehouse, published):
    assert demo_tells(demo_warehouse, published) == set()


# Of groups, but no number of what they did.
NAMES = {"dim_use_cases", "dim_teams", "reviews_due"}
# The numbers of experiments that experiment_plan publishes, with the use case that the registry has for each.
OF_EXPERIMENTS = {"report_plans"}


def test_what_is_published_of_groups_is_attacked_or_follows_the_rule():
    """A new public model of use cases, teams or channels reads what is hidden, or is restricted."""
    manifest = parsed(json.dumps({"schemas_by_access": True}))
    models = {n.name: n for n in manifest.nodes.values() if n.resource_type == "model"}
    names = {node.unique_id: name for name, node in models.items()}
    published = {name for name, node in models.items() if node.schema.endswith("_published")}
    attacked = {table for sql in PUBLISHED.values() for table in re.findall(r"from (\w+)", sql)}
    assert attacked <= published and len(attacked) > 1

    @cache
    def follows(name: str) -> bool:
        parents = [names[node] for node in models[name].depends_on.nodes if node in names]
        return name in ("int_hidden_groups", "int_hidden_periods") or any(map(follows, parents))

    of_groups = {name for name in published if {"use_case_id", "team_id", "channel"} & {*models[name].columns}}
    assert {name for name in of_groups if not follows(name)} == NAMES | OF_EXPERIMENTS
    # The attack needs no fact, and every fact would be of use to it.
    assert {name for name in models if name.startswith("fct_")} & published == set()


def test_the_facts_would_tell(demo_warehouse, monkeypatch):
    """Why they are restricted: with single tasks beside it, what is published tells of small groups."""
    days = "cast(completed_at as date), cast(completed_at as date) + 1"
    facts = f"select {days}, use_case_id, team_id, true from fct_tasks where is_completed"
    monkeypatch.setitem(PUBLISHED, "with facts", f"{PUBLISHED['throughput']} union all {facts}")
    assert len(demo_tells(demo_warehouse, "with facts")) > 2


def test_the_demo_would_tell_without_complements(demo_warehouse):
    assert len(demo_tells(demo_warehouse, "throughput", shown_anyway="complement")) > 2


def test_the_demo_shows_what_can_be_shown(demo_warehouse):
    """Of the numbers of groups of k people in all quarters of the period nearly all are shown, at every grain."""
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        found = con.sql(f"""
            with periods as (
                select period_key, period_grain, starts_at as period_start, ends_at as period_end
                from int_kpi_periods where baseline_of = '(all)'
            ),
            small as (
                select distinct family, period_key, row_id, column_id
                from int_group_sizes inner join periods
                    on period_start < quarter_start + interval 3 month and period_end > quarter_start
                where n_people < {K}
            ),
            numbers as (
                {
            " union all ".join(
                "select kpi_id, 'execution' as family, period_key, use_case_id, team_id, team_id as column_id "
                f"from {family} where n > 0"
                for family in (*EXECUTION, *CALLS)
            )
        }
                union all
                select kpi_id, kpi_id, period_key, use_case_id, team_id, 'counted'
                from kpi_measures inner join kpi_catalog using (kpi_id) where domain in ('strategic', 'human')
            )
            select period_grain, small.family is not null, avg(if(status <> 'suppressed', 1, 0)), count(*)
            from numbers
            inner join periods using (period_key)
            inner join kpi_values using (kpi_id, period_grain, period_start)
            left join small
                on numbers.family = small.family and numbers.period_key = small.period_key
                and numbers.use_case_id = small.row_id and numbers.column_id = small.column_id
            where numbers.use_case_id = coalesce(kpi_values.use_case_id, '(all)')
                and numbers.team_id = coalesce(kpi_values.team_id, '(all)')
            group by all
        """).fetchall()
    assert {grain for grain, *_ in found} == {"hour", "day", "week", "month", "rolling_90d", "rolling_365d"}
    for grain, is_small, share, n in found:
        assert (share == 0) if is_small else (share >= 0.93), (grain, is_small, share, n)
