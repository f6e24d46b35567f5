"""Hidden groups can't be worked out: companies that hypothesis makes, and everything that is published of them, over all
periods, as one linear system."""

import datetime as dt
from collections import defaultdict
from itertools import combinations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

K = 5
ALL = "(all)"
MODEL = "int_hidden_groups"
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
def sql(warehouse) -> str:
    warehouse.dbt("compile", "--select", MODEL)
    files = (warehouse.folder / "target/compiled/ai_impact/models").rglob(f"{MODEL}.sql")
    text = next(f for f in files if f.parent.suffix != ".yml").read_text()
    return text.replace(f'"{warehouse.path.stem}"."main".', "")


def hidden_groups(sql: str, work: dict) -> dict[tuple, str]:
    names = ("family", "quarter_start", "row_id", "column_id", "n_people", "most_people")
    sizes = [
        ("execution", QUARTERS[0], *group, len(people), len(people)) for group, people in with_margins(work).items()
    ]
    with duckdb.connect() as con:
        con.register("int_group_sizes", pa.table(dict(zip(names, map(list, zip(*sizes, strict=True)), strict=True))))
        return {(u, t): rule for _, _, u, t, rule in con.sql(sql).fetchall()}


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
