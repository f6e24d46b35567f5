"""Write the demo company to Parquet: python -m demo.generate --events 300000 --seed 3 --out DIR"""

import argparse
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from string import Template

import duckdb

from demo import company
from demo.company import CHANNELS, REGIONS, ROUTINE, TEAMS, WAVES, Size
from demo.dirt import deliver
from demo.schema import SOURCES

HERE = Path(__file__).parent
SQL = HERE / "sql"
ENTITIES = ("leads", "accounts", "deals", "visitors", "incidents", "tasks", "decisions")
# The slices of a chunk: what is numbered, and how many of it the whole company has (a field of Size).
SLICES = ("leads", "accounts", "visitors", "alerts", "research", "requisitions", "answers", "unmapped")
MANIFEST = "manifest.json"
EVENTS = 300_000
LEAST_EVENTS, MOST_EVENTS = 50_000, 200_000_000
# use case, type, amount a month (usage: a day), from when
COSTS = tuple(
    (use_case, cost_type, amount, live_from)
    for use_case, live_from, size in (
        ("email_drafting", "2026-03-02", 1.0),
        ("incident_triage", "2026-01-12", 1.3),
        ("landing_page", "2026-02-02", 0.4),
        ("sales_research", "2026-01-05", 0.4),
        ("positioning", "2026-02-02", 0.3),
        ("account_outreach", "2026-04-06", 0.5),
        ("hiring_screen", "2026-01-19", 0.3),
        ("brand_content", "2026-04-13", 0.3),
    )
    for cost_type, amount in (
        ("licence", 1800 * size),
        ("usage", 14 * size),
        ("infrastructure", 650 * size),
        ("training", 4200 * size),
        ("oversight", 900 * size),
        ("maintenance", 480 * size),
        ("remediation", 160 * size),
    )
)


def code_hash() -> str:
    """Of every file of the generator: other code, other company."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    for file in sorted([*HERE.rglob("*.py"), *HERE.rglob("*.sql")]):
        digest.update(str(file.relative_to(HERE)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def read_manifest(out: Path) -> dict | None:
    file = out / MANIFEST
    return json.loads(file.read_text()) if file.exists() else None


def connect(out: Path, threads: int | None) -> duckdb.DuckDBPyConnection:
    """A database of its own in memory, which may spill beside the files it writes."""
    con = duckdb.connect(":memory:")
    con.execute("set memory_limit = '2GB'")
    con.execute(f"set temp_directory = '{sql_text(out / '.spill')}'")
    con.execute("set enable_progress_bar = false")
    if threads:
        con.execute(f"set threads = {threads}")
    return con


def sql_text(value: object) -> str:
    return str(value).replace("'", "''")


def read_sql(path: str, values: dict[str, object]) -> str:
    return Template((SQL / path).read_text()).substitute(values)


def dimensions(con: duckdb.DuckDBPyConnection, size: Size, values: dict[str, object]) -> None:
    """The small tables that every chunk joins: calendar, teams, channels, people."""
    con.execute(read_sql("macros.sql", values))
    con.execute(read_sql("calendar.sql", values))
    con.execute("create table teams (team_id varchar, area varchar, ix bigint, people bigint, wave_at timestamp)")
    places: dict[str, int] = {}
    teams = []
    for team in TEAMS:
        ix = places[team.area] = places.get(team.area, -1) + 1
        teams.append((team.team_id, team.area, ix, size.people(team), WAVES.get(team.team_id)))
    con.executemany("insert into teams values (?, ?, ?, ?, ?)", teams)
    con.execute(
        "create table channels (channel varchar, from_share double, to_share double, cost double, chance double)"
    )
    upto = 0.0
    for channel, share, cost, chance in CHANNELS:
        con.execute("insert into channels values (?, ?, ?, ?, ?)", [channel, upto, upto + share, cost, chance])
        upto += share
    con.execute("update channels set to_share = 1.1 where to_share > 0.999")
    con.execute("create table costs (use_case_id varchar, cost_type varchar, amount double, live_from date)")
    con.executemany("insert into costs values (?, ?, ?, ?)", COSTS)
    con.execute("create table shapes (region_id varchar, pair integer, level double, trend double, season double)")
    con.executemany("insert into shapes values (?, ?, ?, ?, ?)", [astuple(region) for region in REGIONS])
    con.execute(read_sql("entities/people.sql", values))
    con.execute(read_sql("entities/regions.sql", values))


def slices(size: Size, chunk: int) -> dict[str, int]:
    """From where to where each kind of thing goes in a chunk: consecutive, disjoint, and together all."""
    bounds = {}
    for name in SLICES:
        count = getattr(size, name)
        bounds[f"lo_{name}"] = count * chunk // size.chunks
        bounds[f"hi_{name}"] = count * (chunk + 1) // size.chunks
    return bounds


def routine(con: duckdb.DuckDBPyConnection, size: Size, chunk: int) -> None:
    con.execute("""
        create or replace table routine (
            use_case_id varchar, area varchar, lo bigint, hi bigint, ai_from timestamp, ai_share double,
            minutes double, cycle_hours double, minutes_left double, cycle_left double,
            rework double, rework_ai double, errors double, errors_ai double, baseline_source varchar
        )""")
    for use_case, area, count, *rest in ROUTINE:
        total = round(count * size.scale)
        row = [use_case, area, total * chunk // size.chunks, total * (chunk + 1) // size.chunks, *rest]
        con.execute(f"insert into routine values ({', '.join('?' * len(row))})", row)


def write_chunk(con, size: Size, values: dict[str, object], chunk: int, out: Path, rows: dict, dirt: dict) -> None:
    values = {**values, **slices(size, chunk), "is_first_chunk": "true" if chunk == 0 else "false"}
    routine(con, size, chunk)
    for entity in ENTITIES:
        con.execute(read_sql(f"entities/{entity}.sql", values))
    for source in SOURCES:
        deliver(con, source, read_sql(f"sources/{source.name}.sql", values), chunk == 0)
        for reason, count in con.execute("select _dirt, count(*) from delivered group by _dirt").fetchall():
            rows[source.name] = rows.get(source.name, 0) + count
            if reason:
                dirt[source.name, reason] = dirt.get((source.name, reason), 0) + count
        if source.name == "identity_links":
            shared = con.execute("select count(*) from clean where id_a = 'kiosk-lobby'").fetchone()[0]
            dirt[source.name, "shared_identifier"] = dirt.get((source.name, "shared_identifier"), 0) + shared
        file = out / source.name / f"part-{chunk:05d}.parquet"
        file.parent.mkdir(exist_ok=True)
        names = ", ".join(source.all_columns)
        rows_in_order = f"select {names} from delivered order by received_at, {names}"
        con.execute(f"copy ({rows_in_order}) to '{sql_text(file)}' (format parquet, compression zstd)")


def write_small(con, out: Path, name: str, columns: str, rows: list[tuple]) -> None:
    con.execute(f"create or replace table {name} ({columns})")
    con.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)
    (out / name).mkdir(exist_ok=True)
    con.execute(
        f"copy (select * from {name} order by all) to '{sql_text(out / name / 'part-00000.parquet')}' (format parquet)"
    )


def generate(
    events: int = EVENTS,
    seed: int = 3,
    out: str | Path = "warehouse/demo",
    progress: Callable[[str], None] | None = None,
    threads: int | None = None,
) -> dict:
    """Write one folder of Parquet files a source under `out`, and a manifest last; returns the manifest.

    Nothing is written where the same company is there already. An interrupted run leaves no manifest: the next starts
    afresh.
    """
    if not LEAST_EVENTS <= events <= MOST_EVENTS:
        raise ValueError(f"events is {events:,}: choose a number from {LEAST_EVENTS:,} to {MOST_EVENTS:,}.")
    out = Path(out)
    wanted = {"events": int(events), "seed": int(seed), "code": code_hash()}
    found = read_manifest(out)
    if found and all(found.get(name) == value for name, value in wanted.items()):
        return found
    (out / MANIFEST).unlink(missing_ok=True)
    for name in [*(source.name for source in SOURCES), "demo_truth", "demo_dirt", ".spill"]:
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    size = Size.of(events)
    values = company.parameters(size, seed)
    rows: dict[str, int] = {}
    dirt: dict[tuple[str, str], int] = {}
    con = connect(out, threads)
    try:
        dimensions(con, size, values)
        for chunk in range(size.chunks):
            if progress and size.chunks > 1:
                progress(f"part {chunk + 1} of {size.chunks}")
            write_chunk(con, size, values, chunk, out, rows, dirt)
        truth = "experiment_id varchar, metric_id varchar, estimand varchar, scale varchar, true_value double"
        write_small(con, out, "demo_truth", truth, company.truth_rows())
        write_small(
            con,
            out,
            "demo_dirt",
            "source varchar, reason varchar, rows bigint",
            [(*key, n) for key, n in sorted(dirt.items())],
        )
    finally:
        con.close()
        shutil.rmtree(out / ".spill", ignore_errors=True)
    manifest = {**wanted, "rows": rows, "total_rows": sum(rows.values())}
    unfinished = out / f"{MANIFEST}.tmp"
    unfinished.write_text(json.dumps(manifest, indent=2) + "\n")
    unfinished.rename(out / MANIFEST)
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the demo company's sources to Parquet files.")
    parser.add_argument(
        "--events", type=int, default=EVENTS, help=f"rows in all sources together, {LEAST_EVENTS:,} to {MOST_EVENTS:,}"
    )
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", required=True, help="folder to write to")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    try:
        manifest = generate(arguments.events, arguments.seed, arguments.out, print, arguments.threads)
    except ValueError as error:
        parser.error(str(error))
    print(f"{manifest['total_rows']:,} rows of {len(manifest['rows'])} sources in {arguments.out}")


if __name__ == "__main__":
    main()
