"""`make bench`: what the project costs, as ratios to a hand-written script that is timed in the same run.

Every stage is a process of its own, so that its peak memory is its own. Times are of the work alone: the SQL of the
floor, and what dbt reports as elapsed for its nodes, without starting Python and parsing the project.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from bench import experiments
from bench.report import EVENTS, put
from demo.generate import generate
from demo.load import load
from tools.progress import say

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "bench" / "RESULTS.md"
HELD_BACK = 0.01
APPEND_ONLY = ("task_events", "ai_events", "decision_events", "evaluations", "touches", "outcome_events")


def measured(command: list[str], **environment: str) -> dict[str, float]:
    """Run a process; its wall and processor time in seconds and its peak memory in GB."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command[:6])} failed:\n{output.read().decode()[-3000:]}")
    return {
        "wall": time.monotonic() - started,
        "processor": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024**2,
    }


def floor(database: Path) -> dict[str, float]:
    """The hand-written script, in a process of its own."""
    code = (
        "import sys, time, duckdb\n"
        "c = duckdb.connect(sys.argv[1])\n"
        "c.execute('set threads = 2; set preserve_insertion_order = false; create schema floor')\n"
        "started = time.monotonic()\n"
        "c.execute(open('bench/floor.sql').read())\n"
        "open(sys.argv[2], 'w').write(str(time.monotonic() - started))\n"
    )
    clock = database.with_suffix(".seconds")
    used = measured([sys.executable, "-c", code, str(database), str(clock)])
    return {**used, "seconds": float(clock.read_text())}


def dbt(database: Path, *arguments: str) -> dict:
    """One dbt command, in a process of its own: elapsed seconds, seconds by model, and what the process used."""
    target = database.parent / "target"
    used = measured(
        [str(Path(sys.executable).parent / "dbt"), *arguments, "--profiles-dir", ".", "--threads", "2"],
        AI_IMPACT_DUCKDB_PATH=str(database),
        DBT_TARGET_PATH=str(target),
        DBT_LOG_PATH=str(target),
        DO_NOT_TRACK="1",
        DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    )
    results = json.loads((target / "run_results.json").read_text())
    models = {
        r["unique_id"].split(".")[-1]: r["execution_time"]
        for r in results["results"]
        if r["unique_id"].startswith("model.")
    }
    return {**used, "seconds": results["elapsed_time"], "models": models}


def build(database: Path) -> dict:
    """Everything, over raw tables alone; what is measured is the run."""
    dbt(database, "seed")
    dbt(database, "build", "--select", "+definitions_snapshot", "--exclude-resource-type", "seed", "test", "unit_test")
    return dbt(database, "run")


def hold_back(database: Path) -> None:
    """Put the rows received last aside, 1 % of each event log."""
    con = duckdb.connect(str(database))
    con.execute("create schema held")
    for source in APPEND_ONLY:
        readable = "try_cast(received_at as timestamp) is not null"
        cut = f"(select quantile_disc(received_at, {1 - HELD_BACK}) from raw.{source} where {readable})"
        con.execute(f"create table held.{source} as select * from raw.{source} where received_at > {cut}")
        con.execute(f"delete from raw.{source} where received_at > {cut}")
    con.close()


def append(database: Path) -> None:
    con = duckdb.connect(str(database))
    for source in APPEND_ONLY:
        con.execute(f"insert into raw.{source} select * from held.{source}")
    con.close()


def bench(events: int, folder: Path) -> dict:
    """All measurements at one scale."""
    say(f"{events:,} events: generate and load")
    source = folder / "loaded.duckdb"
    generate(events=events, seed=7, out=folder / "data")
    load(data=folder / "data", database=source, schema="raw")
    database = folder / "bench.duckdb"

    def fresh() -> Path:
        shutil.copy(source, database)
        return database

    say(f"{events:,} events: the floor")
    result = {"commit": commit(), "events": events, "floor": floor(fresh())}
    say(f"{events:,} events: staging")
    result["staging"] = dbt(fresh(), "run", "--select", "models/staging")
    say(f"{events:,} events: the whole build")
    result["build"] = build(fresh())
    say(f"{events:,} events: 1 % more, by a whole build and by live")
    hold_back(fresh())
    result["before"] = build(database)
    append(database)
    appended = shutil.copy(database, folder / "appended.duckdb")
    result["increment"] = dbt(database, "run")
    shutil.copy(appended, database)
    result["live"] = dbt(database, "build", "--selector", "live")
    return result


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of memory, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def commit() -> str:
    """What was measured: the commit, and whether files differ from it."""
    command = ["git", "describe", "--always", "--dirty=, with changes"]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def share(part: dict, whole: dict) -> float:
    """The model time of a run as a share of that of another."""
    return sum(part["models"].values()) / sum(whole["models"].values())


def report(results: list[dict]) -> str:
    """The table, and where the time goes at the largest scale."""
    lines = [
        EVENTS,
        "",
        f"Written by `make bench` on {time.strftime('%Y-%m-%d')}. Machine: {machine()}.",
        "",
        "The floor is `bench/floor.sql`: typed columns, the first received row of each key by `row_number`, the",
        "same columns written. It has no quarantine, no verdicts, no reconciliation. Ratios are to the floor of the",
        "same run; times are of the work alone, without starting dbt. Memory is the peak of the whole process.",
        "",
        "| commit | events | floor | staging | ratio (goal 1.5) | whole build | ratio (goal 3; 5 at 10⁶) "
        "| peak memory |",
        "|---|" + "---:|" * 7,
    ]
    for r in results:
        base = r["floor"]["seconds"]
        lines.append(
            f"| {r['commit']} | {r['events']:,} | {base:.1f} s "
            f"| {r['staging']['seconds']:.1f} s | {r['staging']['seconds'] / base:.2f} "
            f"| {r['build']['seconds']:.1f} s | {r['build']['seconds'] / base:.2f} "
            f"| {r['build']['memory']:.1f} GB (floor {r['floor']['memory']:.1f} GB) |"
        )
    lines += [
        "",
        "One per cent of each event log is held back and comes later. `dbt build` builds everything again, without",
        "tests; `live` is `dbt build --selector live` with its tests. Shares are of the model time of the whole build",
        "before; wall time is that of the process, with dbt's start.",
        "",
        "| commit | events | 1 % more by | model time | share (goal 35 %; `live` 5 %) | wall (`live` 15 s) "
        "| processor |",
        "|---|---:|---|" + "---:|" * 4,
    ]
    for r in results:
        lines += [
            f"| {r['commit']} | {r['events']:,} | {name} | {sum(r[part]['models'].values()):.1f} s "
            f"| {share(r[part], r['before']):.0%} | {r[part]['wall']:.1f} s | {r[part]['processor']:.1f} s |"
            for part, name in [("increment", "`dbt build`"), ("live", "`live`")]
        ]
    last = results[-1]
    lines += [
        "",
        f"## Where the time goes, at {last['events']:,} events",
        "",
        "Seconds of each model: two run at a time, so they add up to more than the build takes.",
        "",
        "| model | full build | 1 % more | `live` |",
        "|---|---:|---:|---:|",
    ]
    slowest = sorted(last["build"]["models"].items(), key=lambda item: -item[1])[:20]
    for name, seconds in slowest:
        live = f"{last['live']['models'][name]:.2f}" if name in last["live"]["models"] else ""
        lines.append(f"| {name} | {seconds:.2f} | {last['increment']['models'].get(name, 0):.2f} | {live} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the project against a hand-written floor.")
    parser.add_argument("--events", type=int, action="append", help="how many events; may be given more than once")
    parser.add_argument("--units", type=int, action="append", help="how many units an experiment has; likewise")
    parser.add_argument("--only", choices=["events", "experiments"], help="measure one part, and keep the other")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the report to write")
    arguments = parser.parse_args()
    results = []
    # The report is written after each scale: the largest takes long, and may be stopped.
    for events in arguments.events or [1_000_000, 10_000_000] if arguments.only != "experiments" else []:
        with tempfile.TemporaryDirectory(prefix="ai_impact_bench_") as folder:
            results.append(bench(events, Path(folder)))
        put(arguments.out, report(results))
    python = experiments.estimates() if arguments.only != "events" else {}
    results = []
    for units in arguments.units or [1_000_000, 10_000_000] if arguments.only != "events" else []:
        say(f"{units:,} units: an experiment")
        with tempfile.TemporaryDirectory(prefix="ai_impact_bench_") as folder:
            results.append(experiments.moments(units, Path(folder)))
        put(arguments.out, experiments.report(results, python, machine()))
    say(arguments.out.read_text())


if __name__ == "__main__":
    main()
