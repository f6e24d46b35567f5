"""Which reporting groups are hidden, so that the work of few people can't be read, or worked out by subtraction.

Groups are the cells of a table of use cases and teams with its margins. Small groups are hidden, and further ones are so
that each small group's value could be larger, and none smaller, while everything that is shown stays as it is: then no sum
of small groups follows from what is shown. Such a change runs along a closed path in the table (a stepping stone path of
the transportation problem; for cell suppression see Fischetti and Salazar-Gonzalez 2000, section 2): where it raises a
cell, it lowers a hidden one of the same row or column, or raises their hidden margin. It may lower only groups of k people
or more. The path that hides the fewest further people is found by Dijkstra's algorithm.
"""

import heapq
from collections.abc import Hashable, Iterable, Mapping

ALL = "(all)"
SMALL_GROUP, COMPLEMENT = "small_group", "complement"
Group = tuple[str, str]
Node = tuple[str, Hashable]


def hidden_groups(people: Mapping[Group, int], k: int) -> dict[Group, str]:
    """Each hidden group with the rule that hides it: `small_group` or `complement`.

    `people`: how many distinct people each group (use case, team) has, ALL for a margin; every cell comes with its three
    margins. A group of nobody (work of AI alone) is shown; one with 1 to k - 1 people is not.
    """
    small = {group for group, n in people.items() if 0 < n < k}
    hidden = dict.fromkeys(small, SMALL_GROUP)
    graph = _graph(people, small)
    # The largest first: what hides for its sake often serves the smaller ones as well.
    for group in sorted(small, key=lambda g: (-people[g], g)):
        for other in _cheapest(graph, people, hidden, group):
            hidden.setdefault(other, COMPLEMENT)
    return hidden


def _ends(group: Group) -> tuple[Node, Node]:
    """A cell is an edge between its row and its column; a margin is one to the far side's total. Raising it by one is a
    step from the first node to the second."""
    use_case, team = group
    row: Node = ("use_case", use_case)
    column: Node = ("team", team)
    # A margin stands on the other side of its line's equation, so it is walked the other way.
    is_margin = (use_case == ALL) != (team == ALL)
    return (column, row) if is_margin else (row, column)


def _graph(people: Mapping[Group, int], small: Iterable[Group]) -> dict[Node, list[tuple[Node, Group]]]:
    """From each node the steps to others: up along every group that has people, down along those of k or more."""
    few = set(small)
    steps: dict[Node, list[tuple[Node, Group]]] = {}
    for group in sorted(people):
        if people[group] == 0:
            continue
        start, end = _ends(group)
        steps.setdefault(start, []).append((end, group))
        if group not in few:
            steps.setdefault(end, []).append((start, group))
    return steps


def _cheapest(
    graph: Mapping[Node, list[tuple[Node, Group]]],
    people: Mapping[Group, int],
    hidden: Mapping[Group, str],
    group: Group,
) -> list[Group]:
    """The groups on the way back from the end of a group to its start that costs the fewest people not hidden yet."""
    start, end = _ends(group)
    best: dict[Node, tuple[float, int]] = {end: (0, 0)}
    came: dict[Node, tuple[Node, Group]] = {}
    queue: list[tuple[float, int, Node]] = [(0, 0, end)]
    while queue:
        cost, length, node = heapq.heappop(queue)
        if node == start:
            break
        if (cost, length) > best[node]:
            continue
        for other, through in graph.get(node, []):
            if through == group:
                continue
            step = (cost + (0 if through in hidden else people[through]), length + 1)
            if other not in best or step < best[other]:
                best[other], came[other] = step, (node, through)
                heapq.heappush(queue, (*step, other))
    path, node = [], start
    while node != end and node in came:
        node, through = came[node]
        path.append(through)
    return path
