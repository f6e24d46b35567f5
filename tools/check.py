"""`make lint` and `make test`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ai_impact.sentences import ProblemError
from tools import dbt, demo, warehouse
from tools.check_layers import check_columns, load_manifest, problems
from tools.progress import Step

TEST_WAREHOUSE = Path("warehouse/test.duckdb")
BIN = Path(sys.executable).parent


def command(name: str, *arguments: str, **environment: str) -> list[str]:
    """Run a program of the environment; its output is the problem when it fails."""
    with Step(f"{name} {arguments[0]}"):
        done = subprocess.run(
            [BIN / name, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )
    if done.returncode == 0:
        return []
    return [(done.stdout + done.stderr).strip()]


def parse() -> list[str]:
    """The warnings of a parse from scratch, because partial parsing does not repeat a warning."""
    warnings: list[str] = []
    with Step("dbt parse"):
        dbt.run(["parse", "--no-partial-parse", "--target", "duckdb", "--profiles-dir", "."], warnings=warnings)
    return [f"dbt parse: {warning}" for warning in warnings]


def lint() -> None:
    found = [
        *command("ruff", "check", "--output-format", "concise", "."),
        *command("ruff", "format", "--check", "--diff", "."),
        *parse(),
    ]
    with Step("layers, documentation, contracts"):
        found += problems(load_manifest(Path("target")), Path())
    # sqlfluff lets dbt compile the models. Of an empty warehouse, always: over a built one the incremental models read
    # otherwise, and what was clean yesterday would not be today.
    found += command(
        *("sqlfluff", "lint", "--processes", "2", "--disable-progress-bar", "models"),
        AI_IMPACT_DUCKDB_PATH="target/lint.duckdb",
    )
    if found:
        raise ProblemError("\n".join(found))


def test() -> None:
    """Lint; build the demo with its unit and data tests; then pytest, whose last line tells the outcome."""
    os.environ["AI_IMPACT_DUCKDB_PATH"] = str(TEST_WAREHOUSE)
    lint()
    demo.run(unit_tests=True)
    with warehouse.connect(TEST_WAREHOUSE, read_only=True) as con:
        found = check_columns(load_manifest(Path("target")), con)
    if found:
        raise ProblemError("\n".join(found))
    environment = {**os.environ, "AI_IMPACT_TEST_WAREHOUSE": str(TEST_WAREHOUSE.resolve())}
    install_postgres()
    # What the tests of a file share is built once, by the process that has the file. What is built on another engine is
    # built once, for all tests of it: those run in one process.
    alone = ["-n", "2", "--dist", "loadfile", "-m", "not engines and not emulators"]
    for selection in (alone, ["-m", "engines", "-rs"]):
        done = subprocess.run([BIN / "pytest", *selection, "--durations", "5"], env=environment, check=False)
        if done.returncode:
            sys.exit(done.returncode)


def test_spark() -> None:
    """Spark 3.5 with Iceberg: the demo company is built and tested there, and compared with DuckDB."""
    if shutil.which("java") is None:
        raise ProblemError(
            "Java is not installed, and Spark runs on it: install Java 17 (Debian, Ubuntu: apt-get install "
            "openjdk-17-jre-headless), then run this again."
        )
    environment = {**os.environ, "AI_IMPACT_ENGINES": "required", "AI_IMPACT_TEST_ENGINE": "spark_iceberg"}
    # In this order: the last file changes what the others compare.
    files = [f"tests/python/test_{name}.py" for name in ("portable_macros", "parity", "spark_iceberg")]
    done = subprocess.run(
        [BIN / "pytest", "-rs", "--durations", "5", "--timeout", "3600", *files], env=environment, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)


def test_emulators() -> None:
    """BigQuery and Snowflake on emulators; every adapter's SQL compiled and parsed."""
    environment = {**os.environ, "AI_IMPACT_ENGINES": "required"}
    done = subprocess.run([BIN / "pytest", "-rs", "-m", "emulators"], env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def install_postgres() -> None:
    """Install the server that the tests start, where this program may; else they say that it is missing."""
    there = shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if there or os.getuid() != 0 or shutil.which("apt-get") is None:
        return
    with Step("Install PostgreSQL"):
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
            subprocess.run(
                ["apt-get", "--quiet", *arguments],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
