"""`make demo`: from nothing to boards, in one command that may be stopped and repeated at any point."""

import datetime as dt
import hashlib
from pathlib import Path

from ai_impact import boards
from ai_impact.sentences import ProblemError
from demo.schema import SOURCES
from tools import dbt, warehouse
from tools.problems import default_warehouse
from tools.progress import Step, say
from tools.summary import summary

DATA = Path("warehouse/demo")
SITE = Path("site")
PROJECT_FILES = ("models", "python_models", "macros", "seeds", "snapshots", "src", "dbt_project.yml")
MARK = "raw.demo_build"
LOADED = ("raw.demo_manifest",)  # written by demo.load: whoever called it, the data are the demo's


def fingerprint(*roots: str, extra: str = "") -> str:
    """A hash of the files under some roots: what was made by the same files need not be made again."""
    digest = hashlib.sha256(extra.encode())
    for root in roots:
        path = Path(root)
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" not in file.parts and file.exists():
                digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def generate(data: Path, **wanted: int) -> str:
    """Write the company's events to Parquet, unless the same ones are there; returns what identifies them."""
    from demo.generate import generate as write

    with Step("Generate the demo company") as step:
        try:
            manifest = write(out=data, progress=step.note, **wanted)
        except ValueError as error:
            raise ProblemError(str(error)) from error
        step.detail = f"{manifest['total_rows']:,} events"
    return f"{manifest['events']} {manifest['seed']} {manifest['code']}"


def prepare(path: Path, wanted: str) -> None:
    """Start a fresh warehouse where the old one was built by other code or other data; never touch a user's own."""
    if path.exists():
        con = warehouse.connect(path)
        tables = con.sql("select table_schema || '.' || table_name from information_schema.tables").fetchall()
        found = con.sql(f"select fingerprint from {MARK}").fetchone() if (MARK,) in tables else None
        con.close()
        if tables and (MARK,) not in tables and LOADED not in tables:
            raise ProblemError(
                f"The warehouse {path} holds tables that make demo did not make: "
                "set AI_IMPACT_DUCKDB_PATH to another file, then run make demo again."
            )
        if found == (wanted,):
            return
        path.unlink()
        Path(f"{path}.wal").unlink(missing_ok=True)
    con = warehouse.connect(path)
    con.execute("begin")
    con.execute("create schema raw")
    con.execute(f"create table {MARK} as select ? as fingerprint", [wanted])
    con.execute("commit")
    con.close()


def render(site: Path, step: Step) -> None:
    """Write the boards."""
    try:
        pages = boards.build(["--target", "duckdb", "--profiles-dir", "."], site)
    finally:
        dbt.close_warehouse()
    step.detail = f"{len(pages)} pages"


def load(data: Path, path: Path) -> None:
    from demo.load import load as copy

    with Step("Load the events into the warehouse"):
        copy(data=data, database=path, schema="raw")


def check_clock(path: Path, now: dt.datetime | None = None) -> None:
    """Staging holds back what was received more than a day from now; of the demo, that can only be a wrong clock."""
    now = now or dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with warehouse.connect(path, read_only=True) as con:
        newest = max(
            con.execute(f"select max(try_cast(received_at as timestamp)) from raw.{source.name}").fetchone()[0]
            for source in SOURCES
        )
    if newest > now + dt.timedelta(days=1):
        raise ProblemError(
            f"The clock of this machine says {now:%Y-%m-%d %H:%M} UTC, but the demo's newest event was received on "
            f"{newest:%Y-%m-%d}, so the newest would be quarantined: set the clock right, then run make demo again."
        )


def run(data: Path = DATA, site: Path = SITE, unit_tests: bool = False, data_tests: bool = True, **wanted: int) -> None:
    """The whole demo. With unit_tests the dbt unit tests run too, each before its model."""
    path = default_warehouse()
    warehouse.check(path)
    company = generate(data, **wanted)
    prepare(path, fingerprint(*PROJECT_FILES, extra=company))
    load(data, path)
    check_clock(path)
    dbt.build(unit_tests=unit_tests, data_tests=data_tests)
    with Step("Write the boards") as step:
        render(site, step)
    say("\n".join(["", *summary(path, site)]))
