"""`make bench`, second part: estimates without randomisation, against other packages on the same rows.

Every measurement is a process of its own. Ours are the project's own models, from the rows in DuckDB to the estimates:
once as dbt runs them, which is what dbt reports as elapsed, without starting Python and parsing; once their statements
and estimators alone. The other packages need the rows in memory: their fit is timed alone, and together with fetching
the rows from DuckDB. Imports are timed nowhere. Two cores for all.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from ai_impact_stats.designs import reads
from bench.report import QUASI, put
from bench.run import RESULTS, dbt, machine, measured
from demo.generate import generate
from demo.load import load
from tools.progress import say

REGISTRY = """
create table int_experiments as select
    'e' as experiment_id, 'u' as use_case_id, '{design}' as design, 'unit' as unit_type, 'c' as control_arm,
    't' as treatment_arm, 'm' as primary_metric_id, cast(null as varchar) as secondary_metric_ids,
    cast(null as varchar) as guardrail_metric_ids, timestamp '2026-01-01' as starts_at,
    timestamp '2026-06-01' as ends_at,
    cast(null as varchar) as expected_split, 0.05 as alpha, 0.8 as power,
    cast(null as double) as minimum_detectable_effect,
    cast(null as varchar) as cluster_by, cast(null as varchar) as inference, cast(null as varchar) as interim_looks,
    '{method}' as assignment_method, true as is_registered_before_start, false as is_changed_after_start,
    true as is_finished, timestamp '2026-06-01' as latest_ends_at, timestamp '2026-07-01' as data_end;
create table int_metric_catalog as select
    'm' as metric_id, 'm' as name, 'ratio' as aggregation, 'none' as transform, 'unit' as unit_type, 'up' as direction,
    false as is_guardrail, cast(null as varchar) as covariate;
create table int_experiment_metrics as select
    'e' as experiment_id, 'm' as metric_id, 'primary' as metric_role, cast(null as varchar) as covariates;
"""
# Half of the units are treated, from the fifth of ten periods on; or in waves.
PANEL = """
create table int_unit_period_panel as
with units as (
    select range as u, {first} as first, 2 * random() as level from range({units})
)
select 'e' as experiment_id, 'm' as metric_id, 'u' || u as unit_id, cast(first as integer) as first_treated_period,
    cast(p as integer) as period, -5 as first_period,
    level + 0.1 * p + random() + case when p >= first then 0.3 else 0 end as value
from units cross join (select range - 5 as p from range(10));
create table int_unit_windows as
select distinct 'e' as experiment_id, 'm' as metric_id, unit_id, cast(null as varchar) as cluster_id
from int_unit_period_panel;
"""
PREPARE = """
import sys, time, json, duckdb, numpy as np, pandas as pd
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("set threads = 2")
con.execute("select 1").df()  # imports what DuckDB needs to hand over a frame
# Wall clock, and processor time of all threads: on a busy machine only the latter can be compared.
def now(): return np.array([time.monotonic(), time.process_time()])
"""
STATSMODELS = """
import statsmodels.api as sm
fetching = now()
d = con.execute("select dense_rank() over (order by unit_id) as unit, first_treated_period is not null as t, "
                "period >= 0 as a, value from int_unit_period_panel").fetchnumpy()
y, t, a = d["value"], d["t"].astype(float), d["a"].astype(float)
groups = np.asarray(d["unit"]); del d; con.close()
began = now()
fit = sm.OLS(y, np.column_stack([np.ones(len(y)), t, a, t * a])).fit(cov_type="cluster", cov_kwds={"groups": groups})
found = [fit.params[3], fit.bse[3]]
"""
PYFIXEST = """
import pyfixest as pf
fetching = now()
d = con.execute("select dense_rank() over (order by unit_id) as unit, "
                "cast(first_treated_period is not null as int) as t, cast(period >= 0 as int) as a, value as y "
                "from int_unit_period_panel").df()
con.close()
began = now()
fit = pf.feols("y ~ t * a", d, vcov={"CRV1": "unit"})
found = [float(fit.coef()["t:a"]), float(fit.se()["t:a"])]
"""
DIFF_DIFF = """
from diff_diff import CallawaySantAnna
fetching = now()
d = con.execute("select dense_rank() over (order by unit_id) as unit, coalesce(first_treated_period + 6, 0) as g, "
                "period + 6 as t, value as y from int_unit_period_panel").df()
con.close()
began = now()
fit = CallawaySantAnna(control_group="not_yet_treated", estimation_method="reg", base_period="universal").fit(
    d, outcome="y", unit="unit", time="t", first_treat="g")
for average in ("event_study", "group"):  # as ours has them
    assert fit.aggregate(average) is not None
found = [float(fit.overall_att), float(fit.overall_se)]
"""
TWO_BY_TWO = """
from ai_impact_stats.estimators.did import two_by_two
from ai_impact_stats.estimators.moments import Arm
con.execute("set memory_limit = '800MB'; set preserve_insertion_order = false")
began = now()
arms = dict((t, Arm(n, mean, variance)) for t, n, mean, variance in con.execute(
    "with changes as (select first_treated_period is not null as treated, "
    "avg(case when period >= 0 then value end) - avg(case when period < 0 then value end) as change "
    "from int_unit_period_panel group by unit_id, first_treated_period is not null) "
    "select treated, count(*), avg(change), var_samp(change) from changes group by treated").fetchall())
e = two_by_two(arms[True], arms[False], periods=10)
found = [e.estimate, e.std_error]
"""
# The models of the design as they are compiled, and their estimator: what dbt runs, without dbt.
ROLLOUT = """
from pathlib import Path
from ai_impact_stats.designs import reads, results
con.execute("set memory_limit = '800MB'; set preserve_insertion_order = false")
began = now()
tables = dict.fromkeys(reads("estimates"))
tables |= {t: con.execute(f"select * from {t}").df() for t in ("int_experiments", "int_metric_catalog")}
for name in ("moments_cohort_periods", "moments_cohort_clusters"):
    con.execute(f"create temp table {name} as {Path(sys.argv[1]).with_name(name + '.sql').read_text()}")
    tables[name] = con.execute(f"select * from {name}").df()
rows = results("estimates", tables).to_pylist()
assert results("event_study", tables).num_rows
found = next([r["estimate"], r["std_error"]] for r in rows if r["method"] == METHOD)
"""
MATCHED = """
from ai_impact_stats.estimators import (matching)
from ai_impact_stats.estimators.propensity import Units, fit_propensity, overlap
began = now()
d = con.execute("select * from people").fetchnumpy()
con.close()
x = np.column_stack([d[f"x{i}"] for i in range(20)])
units = Units.of(d["t"], x, d["y"])
propensity = fit_propensity(units)
found = []
for name in ("doubly_robust", "inverse_probability", "overlap_weights"):
    kind = "ato" if name == "overlap_weights" else "att"
    e = matching.regressed(units, propensity, kind) if name == "doubly_robust" else matching.weighted(
        units, propensity, kind)
    found.append(e.estimate)
weights = matching.weights_of(units, propensity, "att")
matching.covariate_balance(units, [f"x{i}" for i in range(20)], weights)
overlap(units, propensity, weights)
"""
FINISH = """
ended = now()
(seconds, cpu), (fetched, fetched_cpu) = ended - began, ended - globals().get("fetching", began)
times = {"seconds": seconds, "cpu": cpu, "fetched": fetched, "fetched_cpu": fetched_cpu}
json.dump(times | {"found": [float(v) for v in found]}, open(sys.argv[2], "w"))
"""


def other(code: str, database: Path, python: str = sys.executable, times: int = 1) -> dict:
    """A script on the rows of the database: seconds, what it found, peak memory in GB; the best of some `times`."""
    out, best = database.with_suffix(".json"), {}
    for _ in range(times):
        used = measured([python, "-c", PREPARE + code + FINISH, str(database), str(out)], OMP_NUM_THREADS="2")
        found = json.loads(out.read_text()) | {"memory": used["memory"]}
        best = {name: min(value, best.get(name, value)) if name != "found" else value for name, value in found.items()}
    return best


def ours(database: Path, *models: str) -> dict:
    result = dbt(database, "run", "--select", *models)
    return {"seconds": result["seconds"], "memory": result["memory"]}


def database(folder: Path, *statements: str) -> Path:
    """Tables as the models before would leave them, beside the few raw rows that every run of dbt asks for."""
    path = folder / "quasi.duckdb"
    generate(events=50_000, seed=7, out=folder / "data")
    load(data=folder / "data", database=path, schema="raw")
    con = duckdb.connect(str(path))
    con.execute("set threads = 2; set preserve_insertion_order = false; select setseed(0.5)")
    for statement in statements:
        con.execute(statement)
    con.close()
    return path


def estimate(path: Path, table: str, method: str) -> list[float]:
    with duckdb.connect(str(path), read_only=True) as con:
        return list(con.execute(f"select estimate, std_error from {table} where method = '{method}'").fetchone())


def compiled(path: Path, *models: str) -> None:
    """The statements of some models, beside the database."""
    dbt(path, "compile", "--select", *models)
    for model in models:
        (found,) = (path.parent / "target" / "compiled").rglob(f"{model}.sql")
        path.with_name(found.name).write_text(found.read_text())


def rollout(folder: Path, units: int, first: str, design: str, method: str, others: dict[str, str]) -> list[list[str]]:
    """Ours and others on one panel; they must agree to six digits, or it isn't the same work."""
    moments = ("moments_cohort_periods", "moments_cohort_clusters")
    empty = (f"create table if not exists {name} (experiment_id varchar)" for name in reads("estimates") - {*moments})
    registry = REGISTRY.format(design=design, method="staggered")
    path = database(folder, registry, PANEL.format(units=units, first=first), *empty)
    compiled(path, *moments)
    what = f"{'2×2, errors by unit' if design == 'did' else 'rollout in waves'}, {units * 10:,} rows"
    say(f"{what}: ours")
    # What takes less than a second is measured again, since a busy machine tells little at once.
    times = 5 if units <= 100_000 else 1
    mine = other(f"METHOD = {method!r}" + ROLLOUT, path, times=times)
    whole = ours(path, *moments, "design_estimates", "design_event_study")
    same = estimate(path, "design_estimates", method)
    assert all(abs(a - b) <= 1e-8 * abs(a) for a, b in zip(mine["found"], same, strict=True)), (mine, same)
    lines = [
        row(what, "ai_impact, all of the design, as dbt runs it", whole, mine),
        row(what, "ai_impact, all of the design, statements and estimators", mine, mine),
    ]
    if design == "did":
        say(f"{what}: changes alone")
        mine = other(TWO_BY_TWO, path)
        lines.append(row(what, "ai_impact, the changes of units alone", mine, mine))
    for name, code in others.items():
        # A package that isn't among the locks may stand in an environment of its own.
        python = os.environ.get(f"BENCH_{name.upper()}", sys.executable)
        if subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode:
            lines.append([what, name, "not installed", "", "", "", ""])
            continue
        say(f"{what}: {name}")
        found = other(code, path, python, times)
        same = all(abs(a - b) <= 1e-6 * abs(a) for a, b in zip(mine["found"], found["found"], strict=True))
        note = "the same" if same else f"differs: {found['found']}, {mine['found']}"
        lines.append(row(what, f"{name}, the fit", found, mine, note))
        whole = found | {"seconds": found["fetched"], "cpu": found["fetched_cpu"]}
        lines.append(row(what, f"{name}, fetching and fit", whole, mine, note))
    return lines


def row(what: str, who: str, r: dict, mine: dict, note: str = "") -> list[str]:
    ratio = "" if r is mine else f"{r['seconds'] / mine['seconds']:.1f}"
    cpu = f"{r['cpu']:.2f} s" if "cpu" in r else ""
    return [what, who, f"{r['seconds']:.2f} s", cpu, f"{r['memory']:.1f} GB", ratio, note]


def people(folder: Path, units: int) -> list[list[str]]:
    columns = ", ".join(f"random() + random() + random() - 1.5 as x{i}" for i in range(20))
    path = database(
        folder,
        f"create table drawn as select {columns}, random() as chance, random() as noise from range({units})",
        "create table people as select * exclude (chance, noise), "
        "cast(chance < 1 / (1 + exp(0.5 - x0 - x1)) as double) as t, x0 + x2 + noise as y from drawn",
        "update people set y = y + 0.3 * t",
    )
    what = f"matched, {units:,} units × 20 covariates"
    mine = other(MATCHED, path)
    return [row(what, "ai_impact (rows to three estimates, balance and overlap, in memory)", mine, mine)]


def responders(folder: Path, units: int) -> list[list[str]]:
    path = database(
        folder,
        REGISTRY.format(design="rct", method="randomized"),
        "update int_metric_catalog set aggregation = 'mean'",
        "create table drawn as select range as u, case when random() < 0.5 then 't' else 'c' end as arm, random() as s "
        f"from range({units})",
        # What int_uplift_units and int_unit_covariates hold of them.
        "create table int_unit_metrics as select 'e' as experiment_id, 'm' as metric_id, 'unit' as unit_type, "
        "'u' || u as unit_id, arm, timestamp '2026-01-01' as assigned_at, cast(null as varchar) as cluster_id, "
        "s + random() + case when arm = 't' then s else 0 end as numerator from drawn",
        "drop table int_experiment_metrics",
        "create table int_experiment_metrics as select 'e' as experiment_id, 'm' as metric_id, "
        "'primary' as metric_role, cast(null as varchar) as denominator_measure, 'mean' as aggregation, "
        "cast(null as varchar) as cluster_by",
        "create table int_unit_covariates as select 'unit' as unit_type, 'u' || u as unit_id, 'x' || k as name, "
        "case when k = 0 then s else random() end as value, timestamp '2026-01-01' as assigned_at, "
        "true as is_known_before "
        "from drawn cross join (select range as k from range(10))",
    )
    mine = ours(path, "int_uplift_units", "int_uplift_features", "uplift_scores")
    what = f"uplift, {units:,} units × 10 covariates"
    return [row(what, "ai_impact (learners on a sample of 50,000)", mine, mine)]


def touches(folder: Path, count: int) -> list[list[str]]:
    """Paths of five touches; two in five convert."""
    path = database(
        folder,
        "create table drawn as select range as touch, cast(floor(range / 5) as bigint) as path, "
        "['ads', 'email', 'search', 'social', 'events', 'direct'][1 + cast(floor(6 * random()) as int)] as channel "
        f"from range({count})",
        "create table int_conversions as select 'k' || path as conversion_key, 'p' || path as journey_id, "
        "date '2026-01-01' as period_start, 100.0 as revenue, false as is_revenue_unknown "
        "from (select distinct path from drawn where path % 5 < 2)",
        "create table int_conversion_touches as select 'k' || path as conversion_key, channel, "
        "touch % 2 = 0 as is_ai_generated, touch % 5 + 1 as position, 0.2 as credit_first, 0.2 as credit_last, "
        "0.2 as credit_linear, 0.2 as credit_position, 0.2 as credit_time_decay from drawn where path % 5 < 2",
        "create table int_unconverted_touches as select 'p' || path as journey_id, 1 as path_number, "
        "touch as touch_key, "
        "touch % 5 + 1 as position, timestamp '2026-01-01' as occurred_at, channel, true as is_step "
        "from drawn where path % 5 >= 2",
    )
    mine = ours(path, "moments_channel_paths", "moments_channel_credits", "channel_credits")
    return [row(f"Markov and Shapley with intervals, {count:,} touches", "ai_impact (all seven models)", mine, mine)]


def report(lines: list[list[str]]) -> str:
    head = ["what", "who", "time", "processor", "peak memory", "times ours", "estimate and error"]
    table = [head, ["---"] * len(head), *lines]
    return "\n".join(
        [
            QUASI,
            "",
            f"Written by `python -m bench.quasi` on {time.strftime('%Y-%m-%d')}. Machine: {machine()}.",
            "",
            "Ours are the project's models, from rows in DuckDB to all estimates of the design: as dbt runs them, with",
            "its process in the memory, or their statements and estimators alone. The others fit rows in memory, which",
            "somebody has to fetch from DuckDB first: both are timed. Ratios are to the row of ours before them.",
            "",
            *("| " + " | ".join(cells) + " |" for cells in table),
            "",
        ]
    )


def main(scale: float = 1.0) -> None:
    lines: list[list[str]] = []
    two = {"statsmodels": STATSMODELS, "pyfixest": PYFIXEST}
    waves = "case u % 4 when 1 then 0 when 2 then 2 when 3 then 3 end"
    parts = (
        lambda f: rollout(f, int(1_000_000 * scale), "case when u % 2 = 0 then 0 end", "did", "did", two),
        lambda f: rollout(f, int(100_000 * scale), waves, "staggered_did", "staggered_did", {"diff_diff": DIFF_DIFF}),
        lambda f: people(f, int(1_000_000 * scale)),
        lambda f: responders(f, int(1_000_000 * scale)),
        lambda f: touches(f, int(10_000_000 * scale)),
    )
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="ai_impact_bench_") as folder:
            lines += part(Path(folder))
        say(report(lines))
        put(RESULTS, report(lines))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
