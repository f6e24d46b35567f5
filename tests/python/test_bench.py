"""The report of `make bench`: its parts don't overwrite each other, and say what was measured."""

import subprocess
import sys

import duckdb
import numpy as np
import pytest
import yaml

from ai_impact_stats.designs import results
from bench import experiments, load, run
from bench.report import EVENTS, EXPERIMENTS, LOAD, put


def test_each_part_keeps_the_others(tmp_path):
    path = tmp_path / "RESULTS.md"
    put(path, f"{LOAD}\n\nload\n")
    put(path, f"{EXPERIMENTS}\n\nfirst\n")
    put(path, f"{EVENTS}\n\nevents\n\n## Where the time goes\n\nthere\n")
    events = f"{EVENTS}\n\nevents\n\n## Where the time goes\n\nthere\n"
    assert path.read_text() == f"{events}\n{EXPERIMENTS}\n\nfirst\n\n{LOAD}\n\nload\n"
    put(path, f"{EXPERIMENTS}\n\nsecond\n")
    assert path.read_text() == f"{events}\n{EXPERIMENTS}\n\nsecond\n\n{LOAD}\n\nload\n"
    put(path, f"{EVENTS}\n\nmore\n")
    assert path.read_text() == f"{EVENTS}\n\nmore\n\n{EXPERIMENTS}\n\nsecond\n\n{LOAD}\n\nload\n"


def test_duckdb_gets_its_limits_when_it_is_opened(tmp_path):
    """dbt sets `settings` again for each model, and DuckDB refuses another folder once it has spilled."""
    build = load.InDuckDB(tmp_path, minutes=1)
    build.spill = tmp_path / "spill"
    target = yaml.safe_load(build.profiles())["ai_impact"]["outputs"]["duckdb"]
    assert target["config_options"] == {"memory_limit": "2GB", "temp_directory": str(tmp_path / "spill")}
    assert not {*target["config_options"]} & {*target["settings"]}


def test_a_server_that_is_gone_is_not_waited_for(tmp_path):
    build = load.OnSail(tmp_path, minutes=1)
    build.server = subprocess.Popen([sys.executable, "-c", "import sys; sys.exit(3)"])
    found = build.run(sys.executable, "-c", "import time; time.sleep(50)")
    assert found["failed"].startswith("the server ended with 3")
    assert found["seconds"] < 30


def test_a_run_ends_with_its_time(tmp_path):
    assert load.OnSail(tmp_path, minutes=0.01).run(sys.executable, "-c", "import time; time.sleep(50)")["failed"] == (
        "stopped after 0 minutes"
    )


def test_a_failure_is_told_in_one_line(tmp_path):
    assert load.InDuckDB(tmp_path, minutes=1).reason("It broke.\n  Not here,\n  there.") == "It broke. Not here, there."


def test_the_experiment_has_the_same_numbers_as_rows_and_as_columns(tmp_path):
    database = tmp_path / "experiment.duckdb"
    experiments.fill(database, 200)
    with duckdb.connect(str(database)) as connection:
        rows = connection.sql(
            "select metric_id, sum(numerator), sum(denominator), sum(covariate), count(*) "
            "from int_unit_metrics group by metric_id order by metric_id"
        ).fetchall()
        wide = connection.sql("select * from wide").df()
        scanned = connection.sql(experiments.SCAN).fetchall()
    assert len(rows) == experiments.METRICS
    for k, (_, y, z, x, n) in enumerate(rows):
        expected = wide[f"y{k}"].sum(), wide.z.sum() if k % 2 else 200, wide[f"x{k}"].sum(), 200
        assert (y, z, x, n) == pytest.approx(expected)
    assert len(scanned) == 2 * experiments.METRICS
    assert min(experiments.tea_tasting_seconds(database)) > 0


def test_many_experiments_are_estimated(monkeypatch):
    monkeypatch.setattr(experiments, "EXPERIMENTS", 2)
    found = results("estimates", experiments.many()).to_pandas()
    assert found.estimate.notna().all()
    assert found.groupby("experiment_id").metric_id.nunique().eq(experiments.METRICS_OF_EACH).all()
    assert {"cuped", "regression_adjusted", "relative_difference"} <= set(found.method)
    assert np.isin(found.evidence_grade, ["A", "B"]).all()


def test_what_was_not_measured_is_said():
    timings = {"units": 1000, "scan": (2.0, 4.0), "moments": (3.0, 5.0), "tea_tasting": None}
    text = experiments.report([timings], {"estimates": 0.5, "checks": 0.1, "cells": 9}, "2 cores")
    assert "| 1,000 | 2.00 s (4.00 s) | 3.00 s (5.00 s) | 1.50 (1.25) | not installed | not measured |" in text
    assert text.startswith(EXPERIMENTS)


def test_what_one_per_cent_more_costs_is_said_of_both_runs():
    used = {"wall": 12.0, "processor": 9.0, "memory": 1.5, "seconds": 4.0}
    whole = {**used, "models": {"base_ai_events": 6.0, "roi_summary": 2.0}}
    text = run.report([{
        "commit": "abc1234", "events": 1000, "floor": {**used, "seconds": 2.0}, "staging": {**used, "seconds": 3.0},
        "build": whole, "before": whole, "increment": {**used, "models": {"base_ai_events": 1.0, "roi_summary": 1.0}},
        "live": {**used, "models": {"base_ai_events": 0.4}},
    }])  # fmt: skip
    assert "| abc1234 | 1,000 | 2.0 s | 3.0 s | 1.50 | 4.0 s | 2.00 | 1.5 GB (floor 1.5 GB) |" in text
    assert "| abc1234 | 1,000 | `dbt build` | 2.0 s | 25% | 12.0 s | 9.0 s |" in text
    assert "| abc1234 | 1,000 | `live` | 0.4 s | 5% | 12.0 s | 9.0 s |" in text
    assert "| base_ai_events | 6.00 | 1.00 | 0.40 |" in text
    assert "| roi_summary | 2.00 | 1.00 |  |" in text
    assert {len(line.split("|")) for line in text.splitlines() if line.startswith("| abc")} == {10, 9}
