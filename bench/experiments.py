"""The part of `make bench` on experiments: moments of one large experiment, and estimates of many.

The moments are the SQL of the project's own model, compiled by dbt. They are timed against one grouped scan of the same
columns, and against tea-tasting (where it is installed) on the same DuckDB, one row per unit, one column per number.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from ai_impact_stats.designs import reads, results
from ai_impact_stats.estimators.moments import UnitMoments
from ai_impact_stats.io.tables import MOMENTS
from bench import report as parts

PROJECT = Path(__file__).resolve().parents[1]
MODEL = "moments_unit_cells"
METRICS, REPEATS = 10, 3
EXPERIMENTS, METRICS_OF_EACH = 100, 20


def fill(database: Path, units: int) -> None:
    """One experiment in two arms: every metric of every unit as a row, and the same numbers as columns."""
    connection = duckdb.connect(str(database))
    connection.execute("set threads = 2; set preserve_insertion_order = false")
    numbers = ", ".join(f"random() * {k + 1} as y{k}, random() as x{k}" for k in range(METRICS))
    connection.execute(
        f"create table wide as select case when random() < 0.5 then 'control' else 'treatment' end as variant, "
        f"1 + random() as z, {numbers} from range({units})"
    )
    rows = " union all ".join(
        f"select 'large' as experiment_id, 'metric_{k}' as metric_id, variant as arm, null::varchar as stratum, "
        f"{k + 1} as metric_number, case variant when 'control' then 1 else 2 end as group_number, true as is_exposed, "
        f"null::varchar as cluster_id, 'mean' as aggregation, y{k} as numerator, "
        f"{'z' if k % 2 else '1.0::double'} as denominator, x{k} as covariate from wide"
        for k in range(METRICS)
    )
    connection.execute(f"create table int_unit_metrics as {rows}")
    connection.execute(
        "create table int_experiment_metrics as "
        "select distinct experiment_id, metric_id, metric_number from int_unit_metrics; "
        "create table int_unit_cells as "
        "select distinct experiment_id, group_number, arm, stratum, is_exposed from int_unit_metrics"
    )
    connection.close()


def compiled(database: Path) -> str:
    """The model as dbt compiles it for this database."""
    target = database.parent / "target"
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", "compile", "--select", MODEL, "--profiles-dir", "."]
    environment = os.environ | {
        "AI_IMPACT_DUCKDB_PATH": str(database),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return (target / "compiled" / "ai_impact" / "models" / "evidence" / "moments" / f"{MODEL}.sql").read_text()


SCAN = """
select experiment_id, metric_id, arm, count(*), avg(numerator), avg(denominator), avg(covariate)
from int_unit_metrics
group by experiment_id, metric_id, arm
"""


def timed(run, clock=time.monotonic) -> float:
    """The median of some runs, after one that warms up."""
    return both_timed(run, (clock,))[0]


def both_timed(run, clocks=(time.monotonic, time.process_time)) -> tuple[float, ...]:
    """By the clock on the wall, and by that of the processor: it counts all threads, and other work moves it less."""
    run()
    seconds = []
    for _ in range(REPEATS):
        started = [clock() for clock in clocks]
        run()
        seconds.append([clock() - before for clock, before in zip(clocks, started, strict=True)])
    return tuple(statistics.median(column) for column in zip(*seconds, strict=True))


def tea_tasting_seconds(database: Path) -> tuple[float, ...] | None:
    """The same metrics by tea-tasting: half of them ratios, all with a covariate; None where it is not installed."""
    try:
        import tea_tasting as tt
    except ImportError:
        return None
    metrics = {
        f"metric_{k}": tt.RatioOfMeans(f"y{k}", "z", f"x{k}") if k % 2 else tt.Mean(f"y{k}", f"x{k}")
        for k in range(METRICS)
    }
    experiment = tt.Experiment(metrics)
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set threads = 2; set preserve_insertion_order = false")
        return both_timed(lambda: experiment.analyze(connection.table("wide")))


def moments(units: int, folder: Path) -> dict:
    database = folder / "experiment.duckdb"
    fill(database, units)
    sql = compiled(database)
    connection = duckdb.connect(str(database), read_only=True)
    connection.execute("set threads = 2; set preserve_insertion_order = false")
    result = {"units": units}
    result["scan"] = both_timed(lambda: connection.execute(SCAN).fetchall())
    result["moments"] = both_timed(lambda: connection.execute(sql).fetchall())
    connection.close()
    result["tea_tasting"] = tea_tasting_seconds(database)
    database.unlink()
    return result


def many() -> dict[str, pd.DataFrame | None]:
    """Many experiments, as the warehouse hands them over."""
    rng = np.random.default_rng(7)
    names = [f"metric_{k}" for k in range(METRICS_OF_EACH)]
    kinds = ("mean", "ratio", "proportion", "count")
    catalogue = [
        {"metric_id": name, "aggregation": kinds[k % 4], "transform": "none", "direction": "up", "quantile": None}
        | {"covariate": "past" if k % 2 else None, "denominator_measure": "tasks" if kinds[k % 4] == "ratio" else None}
        | {"non_inferiority_margin": None, "prior_sd": None}
        for k, name in enumerate(names)
    ]
    start = {"starts_at": pd.Timestamp("2026-01-05"), "ends_at": pd.Timestamp("2026-03-30")}
    registration = {"design": "rct", "unit_type": "lead", "control_arm": "c", "treatment_arm": "t", "alpha": 0.05}
    registration |= {"primary_metric_id": names[0], "secondary_metric_ids": "|".join(names[1:15]), "power": 0.8}
    registration |= {"guardrail_metric_ids": "|".join(names[15:]), "minimum_detectable_effect": 0.1, **start}
    registration |= {"expected_split": None, "cluster_by": None, "inference": None, "interim_looks": None}
    registration |= {"assignment_method": "randomized", "is_registered_before_start": True, "is_finished": True}
    registration |= {"is_changed_after_start": False, "data_end": pd.Timestamp("2026-06-01")}
    registration |= {"latest_ends_at": start["ends_at"]}
    registry, sizes, rows, cells = [], [], [], []
    for e in range(EXPERIMENTS):
        registry.append({"experiment_id": f"experiment_{e}", **registration})
        for arm in "ct":
            sizes.append({"experiment_id": f"experiment_{e}", "arm": arm, "n_units": 1000, "n_excluded": 0})
            for k, name in enumerate(names):
                y = (rng.random(1000) < 0.3).astype(float) if kinds[k % 4] == "proportion" else rng.normal(1, 1, 1000)
                z = rng.gamma(2, 1, 1000) if kinds[k % 4] == "ratio" else None
                x = rng.normal(0, 1, 1000) if k % 2 else None
                key = {"experiment_id": f"experiment_{e}", "metric_id": name, "arm": arm}
                found = UnitMoments.from_rows(y, z, x)
                rows.append(key | {"segment": "all", "n_units": 0} | {m: getattr(found, m) for m in MOMENTS})
                if x is None:
                    continue
                bins = np.clip(np.floor(x * 4), -20, 20).astype(int)
                for b in np.unique(bins):
                    part = bins == b
                    cell = UnitMoments.from_rows(y[part], None if z is None else z[part], x[part])
                    cells.append(key | {"stratum": None, "bin": b} | {m: getattr(cell, m) for m in MOMENTS})
    filled = {"int_experiments": registry, "int_metric_catalog": catalogue, "moments_unit_metrics": rows}
    filled |= {"moments_arm_counts": sizes, "moments_covariate_cells": cells}
    tables = {name: pd.DataFrame(table) for name, table in filled.items()}
    return dict.fromkeys(reads("estimates") | reads("checks")) | tables


def estimates() -> dict:
    tables = many()
    found = {
        name: timed(lambda name=name: results(name, tables), time.process_time) for name in ("estimates", "checks")
    }
    return found | {"cells": len(tables["moments_covariate_cells"])}


def ratio(seconds: tuple[float, ...], base: tuple[float, ...] | None) -> str:
    """On the wall, and of the processor in brackets."""
    return (
        "not measured"
        if base is None
        else "{:.2f} ({:.2f})".format(*(a / b for a, b in zip(seconds, base, strict=True)))
    )


def report(results: list[dict], python: dict, machine: str) -> str:
    lines = [
        parts.EXPERIMENTS,
        "",
        f"Written by `make bench` on {time.strftime('%Y-%m-%d')}. Machine: {machine}; 2 threads, medians of {REPEATS}",
        f"runs. The load average was {os.getloadavg()[0]:.1f} at the end: above 2, other work shared the machine,",
        "so the processor times in brackets are more informative than the clock times.",
        "",
        f"One experiment with {METRICS} metrics, half of them ratios, all with a covariate. Moments: the SQL of the",
        f"model `{MODEL}`. Scan: one grouped scan of the same columns. Tea-tasting: on the same DuckDB, the same",
        "numbers as columns of one row per unit.",
        "",
        "| units | scan | moments | ratio (goal 1.5) | tea-tasting | ratio (goal 0.7) |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for r in results:
        theirs = "not installed" if r["tea_tasting"] is None else seconds(r["tea_tasting"])
        lines.append(
            f"| {r['units']:,} | {seconds(r['scan'])} | {seconds(r['moments'])} | {ratio(r['moments'], r['scan'])} "
            f"| {theirs} | {ratio(r['moments'], r['tea_tasting'])} |"
        )
    lines += [
        "",
        f"Estimates of {EXPERIMENTS} experiments with {METRICS_OF_EACH} metrics each, with {python['cells']:,} cells",
        f"of covariates: {python['estimates']:.2f} s of processor time (goal 1 s); of checks {python['checks']:.2f} s.",
        "",
        "The moments are summed and not centred, by numbers and not by names. Cells whose values lie close together",
        "and far from 0 are read again and centred; where all are such, the moments take three times as long. The goal",
        "against tea-tasting is met or missed by the noise of a run: it reads one row per unit, the moments ten.",
    ]
    return "\n".join(lines) + "\n"


def seconds(measured: tuple[float, ...]) -> str:
    return "{:.2f} s ({:.2f} s)".format(*measured)
