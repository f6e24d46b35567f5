"""Everything builds on other engines than DuckDB. What it ends in is in test_parity."""

import re

import pytest

pytestmark = [pytest.mark.engines, pytest.mark.builds]


def test_everything_builds(engine):
    (counts,) = re.findall(r"Done\. PASS=(\d+) WARN=(\d+) ERROR=(\d+) SKIP=(\d+)", engine.built)
    passed, _, failed, skipped = map(int, counts)
    assert (failed, skipped) == (0, 0)
    assert passed >= len(engine.nodes())
