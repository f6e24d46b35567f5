"""The published calibration is what the code gives: two of its rows, measured again."""

from pathlib import Path

import pytest

from tools import calibrate

PAGE = Path(__file__).parents[2] / calibrate.TABLE


@pytest.mark.parametrize("name", ["mean, 10 units an arm", "rare event .01, 500 units an arm"])
def test_a_published_row_can_be_measured_again(name):
    cell = next(cell for cell in calibrate.cells() if cell.name == name)
    result = calibrate.measure(cell)
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| {name} |"))
    shares = [calibrate.percent(v) for v in (result.false_positives, result.coverage, result.found)]
    assert [part.strip() for part in row.split("|")[2:5]] == shares


def test_every_cell_is_published():
    text = PAGE.read_text()
    assert all(f"| {cell.name} |" in text for cell in calibrate.cells())


def test_a_cell_that_falls_short_is_said():
    good = calibrate.Result("good", 0.05, 0.95, 0.8, 0.8, 0)
    bad = calibrate.Result("bad", 0.09, 0.95, 0.8, None, 0)
    weak = calibrate.Result("weak", 0.05, 0.95, 0.7, 0.8, 3)
    page = calibrate.page([good, bad, weak], [("naive", 0.4)], [("pocock", 0.06), ("obrien_fleming", 0.0505)], 100)
    assert [r.ok() for r in (good, bad, weak)] == [True, False, False]
    assert "- **bad**: false positives 9.0 %" in page
    assert "- **weak**" in page
    assert "- **good**" not in page
    assert "- **pocock**: 6.0 %" in page
    assert "- **obrien" not in page  # within what chance does with so many runs
    assert "bad</text>" in calibrate.plot([good, bad, weak])
