"""Everything builds on other engines than DuckDB. What it ends in is in test_parity."""

import re

import pytest

pytestmark = [pytest.mark.engines, pytest.mark.builds]


def test_everything_builds(engine):
    (counts,) = re.findall(r"Done\. PASS=(\d+) WARN=(\d+) ERROR=(\d+) SKIP=(\d+)", engine.built)
    passed, _, failed, skipped = map(int, counts)
    assert (failed, skipped) == (0, 0)
    assert passed >= len(engine.nodes())


def test_the_build_is_green_and_says_what_to_run(postgres):
    (named,) = re.findall(r"postgres runs no Python models. Run `ai-impact estimate` to compute (.*)", postgres.built)
    python = {node["name"] for node in postgres.nodes() if node["original_file_path"].endswith(".py")}
    assert all(name in named for name in python) and "design_estimates" in python
    assert "LEFT TO ai-impact estimate" in postgres.built


def test_the_command_says_what_it_did(postgres):
    assert re.match(r"Computed [a-z_]+ \(", postgres.estimated) and "design_estimates (" in postgres.estimated
    assert postgres.estimated.endswith(" tests passed.\n")
