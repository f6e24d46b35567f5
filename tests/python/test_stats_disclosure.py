"""Hidden groups can't be worked out: companies that hypothesis makes, all that is published as one linear system."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ai_impact_stats.estimators import disclosure
from ai_impact_stats.estimators.disclosure import ALL, hidden_groups

K = 5
# Who (a number) works for which use case in which team: one cell a person, or several.
companies = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyzw")),
    st.sets(st.integers(0, 30), max_size=9),
    min_size=1,
    max_size=12,
)


def with_margins(cells: dict) -> dict:
    members: dict = {}
    for (use_case, team), people in cells.items():
        for group in ((use_case, team), (use_case, ALL), (ALL, team), (ALL, ALL)):
            members.setdefault(group, set()).update(people)
    return members


def row(group: tuple, cells: list) -> np.ndarray:
    return np.array([float(all(g in (ALL, part) for g, part in zip(group, cell, strict=True))) for cell in cells])


def follows(known: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether a sum is a combination of known ones."""
    rank = np.linalg.matrix_rank(known) if len(known) else 0
    return np.linalg.matrix_rank(np.vstack([known, wanted])) == rank


def leaks(cells: dict, hidden: set) -> list:
    """The sums of small groups, of fewer than k people together, that follow from what is shown."""
    members, leaves = with_margins(cells), sorted(cells)
    known = np.array([row(g, leaves) for g in sorted(members) if g not in hidden]).reshape(-1, len(leaves))
    small = sorted(g for g, people in members.items() if 0 < len(people) < K)
    found = []
    for size in range(1, len(small) + 1):
        for union in combinations(small, size):
            if len(set().union(*(members[g] for g in union))) < K and follows(
                known, sum(row(g, leaves) for g in union)
            ):
                found.append(union)
        if size == 5:
            break
    return found


@given(companies)
@example({("a", "x"): {1, 2, 3}, ("a", "y"): set(range(5, 14)), ("b", "x"): {1, 2, 3}, ("b", "y"): set(range(5, 14))})
def test_no_small_group_follows_from_what_is_shown(cells):
    sizes = {group: len(people) for group, people in with_margins(cells).items()}
    hidden = hidden_groups(sizes, K)
    assert {g for g, n in sizes.items() if 0 < n < K} == {g for g, rule in hidden.items() if rule == "small_group"}
    assert all(sizes[g] > 0 for g in hidden)
    assert leaks(cells, set(hidden)) == []


def test_the_attack_finds_what_complements_are_for(monkeypatch):
    cells = {("a", "x"): {1, 2, 3}, ("a", "y"): set(range(5, 14)), ("b", "y"): set(range(5, 14))}
    sizes = {group: len(people) for group, people in with_margins(cells).items()}
    assert leaks(cells, set(hidden_groups(sizes, K))) == []
    monkeypatch.setattr(disclosure, "_cheapest", lambda *arguments: [])
    assert leaks(cells, set(hidden_groups(sizes, K)))


def test_as_little_is_hidden_as_serves():
    """A team of three beside three large ones, all in both use cases: the smallest other team goes with it."""
    teams = {"x": range(3), "y": range(10, 30), "z": range(30, 40), "w": range(40, 60)}
    cells = {(u, t): set(people) for u in "ab" for t, people in teams.items()}
    hidden = hidden_groups({g: len(p) for g, p in with_margins(cells).items()}, K)
    assert hidden == {(u, "x"): "small_group" for u in ("a", "b", ALL)} | {
        (u, "z"): "complement" for u in ("a", "b", ALL)
    }


@pytest.mark.parametrize("n", [0, 5])
def test_nothing_small_hides_nothing(n):
    assert hidden_groups({("a", "x"): n, ("a", ALL): n, (ALL, "x"): n, (ALL, ALL): n}, K) == {}
