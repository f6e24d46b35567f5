"""Sentences with a number read right for none, one and many."""

import pytest

from ai_impact_stats.wording import counted, counted_are, counted_of


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (counted(0, "unit has", "units have"), "0 units have"),
        (counted(1, "unit has", "units have"), "1 unit has"),
        (counted(2, "stratum"), "2 strata"),
        (counted(1, "stratum"), "1 stratum"),
        (counted_of(1, 9, "unit", "has", "have"), "1 of 9 units has"),
        (counted_of(0, 1, "date", "shows", "show"), "0 of 1 date shows"),
        (counted_of(2, 9, "date", "shows", "show"), "2 of 9 dates show"),
        (counted_are(1, "pair"), "is 1 pair"),
        (counted_are(0, "pair"), "are 0 pairs"),
    ],
)
def test_a_number_and_its_noun_agree(said, expected):
    assert said == expected
