"""`make lint`, `make test-fast`, `make test` and `make test-engines`."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ai_impact.sentences import ProblemError
from tools import dbt, demo, warehouse
from tools.check_layers import check_columns, load_manifest, problems
from tools.problems import default_warehouse
from tools.progress import Step, say

TEXTS = ("README.md", "CONTRIBUTING.md", "docs", "models", "macros", "seeds", "charts", "src", "tools", "demo", "tests")
PHRASES = {
    r"\b[Oo]ne (row|value|model|claim) an? [a-z]": "one row per unit",
    r"quality twin": "guardrail",
    r"\bamiss\b": "the problem itself",
    r"\bper cent\b": "percent, or %",
    r"\b(is|are|was|were) (not )?told\b(?! from)": "reported, or shown",
}
TEST_WAREHOUSE = Path("warehouse/test.duckdb")
STATISTICS = "test_stats_*.py"
BIN = Path(sys.executable).parent
# The project as parsed for a warehouse that is always empty: linted, and run by the tests over warehouses of their own.
PARSED = Path(__file__).resolve().parents[1] / "target/parsed"
EMPTY = {
    "AI_IMPACT_DUCKDB_PATH": str(PARSED / "parsed.duckdb"),
    "DBT_TARGET_PATH": str(PARSED),
    "DBT_LOG_PATH": str(PARSED / "logs"),
}
# What sqlfluff found clean, and what of.
CLEAN = PARSED / "clean.json"
STYLE = (".sqlfluff", "dbt_project.yml")
ONE_CALL = re.compile(r"\{\{ [\w.]+\('\w+'\) \}\}\n")
# What the last green make test was built from.
GREEN = Path("target/green")


def command(name: str, *arguments: str, **environment: str) -> list[str]:
    """Run a program of the environment; its output is the problem when it fails."""
    with Step(f"{name} {arguments[0]}"):
        done = subprocess.run(
            [BIN / name, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )
    if done.returncode == 0:
        return []
    return [(done.stdout + done.stderr).strip()]


def parse(*options: str) -> list[str]:
    """The project's warnings: of all of it with --no-partial-parse, else of what has changed."""
    warnings: list[str] = []
    arguments = ["--target", "duckdb", "--profile", "ai_impact", "--profiles-dir", "."]
    with Step("dbt parse"), patch.dict(os.environ, EMPTY):
        dbt.run(["parse", *options, *arguments], warnings=warnings)
    return [f"dbt parse: {warning}" for warning in warnings]


def lint(full: bool = True) -> None:
    """Python, layers, documentation, and the SQL that has changed since it was clean; else also what dbt warned of."""
    found = [
        *command("ruff", "check", "--output-format", "concise", "."),
        *command("ruff", "format", "--check", "--diff", "."),
        *command("mypy", "src"),
        # Partial parsing does not repeat a warning.
        *(parse("--no-partial-parse") if full else parse()),
    ]
    manifest = load_manifest(PARSED)
    with Step("layers, documentation, contracts"):
        found += problems(manifest, Path())
    found += [*prose(), *lint_sql(manifest)]
    if found:
        raise ProblemError("\n".join(found))


def prose() -> list[str]:
    """Phrasings that this project does not use, each with what it writes instead."""
    found = []
    for root in TEXTS:
        for path in sorted(Path(root).rglob("*.*")) if Path(root).is_dir() else [Path(root)]:
            if path.suffix in (".md", ".sql", ".yml", ".csv", ".py") and path != Path("tools/check.py"):
                for number, line in enumerate(path.read_text().splitlines(), 1):
                    found += [
                        f"{path}:{number}: write {say}" for wrong, say in PHRASES.items() if re.search(wrong, line)
                    ]
    return found


def lint_sql(manifest: dict) -> list[str]:
    """What sqlfluff says of models that are not known to be clean.

    sqlfluff lets dbt compile them, of an empty warehouse: over a built one the incremental models read otherwise, and
    what was clean yesterday would not be today. Its time goes on what macros expand to, which is not linted: a model
    that is one call of a macro is left out.
    """
    now = what_is_linted(manifest)
    if os.environ.get("CI"):
        changed = sorted(now)
    elif CLEAN.exists():
        clean = json.loads(CLEAN.read_text())
        changed = sorted(path for path, (content, _) in now.items() if clean.get(path) != content)
    else:
        # A fresh clone: what others share is linted there.
        own = own_changes()
        changed = sorted(path for path, (_, files) in now.items() if own is None or files & own)
    options = ("lint", "--processes", "2", "--disable-progress-bar")
    found = command("sqlfluff", *options, *changed, **EMPTY) if changed else []
    said = "\n".join(found)
    if not found or "] FAIL" in said:
        known = {path: content for path, (content, _) in now.items() if f"== [{path}] FAIL" not in said}
        CLEAN.write_text(json.dumps(known, indent=0))
    return found


def own_changes() -> set[str] | None:
    """The files that differ from what this branch is based on, at its remote; None where it has none."""
    own: set[str] = set()
    for command in (["diff", "--name-only", "@{upstream}"], ["ls-files", "--others", "--exclude-standard"]):
        done = subprocess.run(["git", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            return None
        own |= set(done.stdout.splitlines())
    return own


def what_is_linted(manifest: dict) -> dict[str, tuple[str, set[str]]]:
    """What the lint of each SQL model depends on: a hash of its text, the macros that it calls and the style, and the
    files of all these."""
    style = [version("sqlfluff"), *(Path(name).read_text() for name in STYLE)]
    texts = {}
    for node in manifest["nodes"].values():
        path = node["original_file_path"]
        if node["resource_type"] != "model" or not path.endswith(".sql") or ONE_CALL.fullmatch(Path(path).read_text()):
            continue
        called, left = set(), [*node["depends_on"]["macros"]]
        while left:
            name = left.pop()
            if name not in called and name in manifest["macros"]:
                called.add(name)
                left += manifest["macros"][name]["depends_on"]["macros"]
        macros = [manifest["macros"][name] for name in sorted(called)]
        content = json.dumps([Path(path).read_text(), [macro["macro_sql"] for macro in macros], style])
        files = {path, *STYLE, *(macro["original_file_path"] for macro in macros)}
        texts[path] = hashlib.sha256(content.encode()).hexdigest(), files
    return texts


def test() -> None:
    """The demo build with its unit and data tests, beside it the lint and the tests that need no warehouse; then the
    others."""
    os.environ["AI_IMPACT_DUCKDB_PATH"] = str(TEST_WAREHOUSE)
    with statistics():
        build_beside_lint()
    manifest = load_manifest(Path("target"))
    with warehouse.connect(TEST_WAREHOUSE, read_only=True) as con:
        found = check_columns(manifest, con)
    if found:
        raise ProblemError("\n".join(found))
    GREEN.mkdir(parents=True, exist_ok=True)
    shutil.copy("target/manifest.json", GREEN)
    install_postgres()
    # What the tests of a file share is built once, and the longest files come first (conftest.py): xdist would begin
    # with those of the most tests, and end with whole builds.
    os.environ["AI_IMPACT_ENGINES_UNTESTED"] = "yes"
    wanted = "not emulators and not workers and (builds or not engines)"
    # One process more than cores: a test that waits for a server, or for one thread of dbt, leaves a core idle.
    processes = str((os.cpu_count() or 1) + 1)
    others = f"--ignore-glob=*/{STATISTICS}"
    pytest("-n", processes, "--dist", "loadfile", "--no-loadscope-reorder", "-m", wanted, others)


def build_beside_lint() -> None:
    linted = subprocess.Popen(
        [sys.executable, "-m", "tools", "lint"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        demo.run(unit_tests=True)
    finally:
        said, _ = linted.communicate()
        say(said.rstrip("\n"))
    if linted.returncode:
        raise ProblemError("The lint found what is said above.")


def test_engines() -> None:
    """What is compared between engines. What is built on one is built once, for all tests of it, in one process."""
    install_postgres()
    pytest("-m", "engines", "-rs")


def test_fast() -> None:
    """For the inner loop: lint, unit tests of the statistics, and dbt's of what changed since the last green build."""
    with statistics("-m", "not slow"):
        lint(full=False)
        if GREEN.exists() and TEST_WAREHOUSE.exists():
            test_what_changed()
        else:
            say("dbt's unit tests were left out: they need a warehouse of make test.")


@contextmanager
def statistics(*selection: str) -> Iterator[None]:
    """Run the unit tests of the statistics, which need no warehouse, beside what leaves a core idle."""
    files = sorted(map(str, Path("tests/python").glob(STATISTICS)))
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with start_pytest("-n", "2", "--dist", "loadfile", *selection, *files, **options) as running:
        try:
            yield
        except BaseException:
            running.terminate()
            raise
        said, _ = running.communicate()
    say(said.rstrip("\n"))
    if running.returncode:
        sys.exit(running.returncode)


def test_what_changed() -> None:
    """dbt's unit tests of changed models, over a copy of the test warehouse in which these are built anew."""
    folder = Path("target/fast").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "AI_IMPACT_DUCKDB_PATH": str(shutil.copy(TEST_WAREHOUSE, folder)),
        "DBT_TARGET_PATH": str(folder),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_STATE": str(GREEN.resolve()),
    }
    of_project = ["--target", "duckdb", "--profiles-dir", "."]
    # A unit test reads the columns of its model's parents.
    models = ["--select", *(f"state:{change},resource_type:model" for change in ("new", "modified.body"))]
    unit_tests = ["--select", "state:modified+1,resource_type:unit_test"]
    with Step("Unit tests of changed models") as step, patch.dict(os.environ, environment):
        dbt.run(["run", *models, *of_project], step.note)
        done = dbt.run(["test", *unit_tests, *of_project], step.note)
        step.detail = f"{len(done.result.results)} tests"


def start_pytest(*selection: str, path: Path = TEST_WAREHOUSE, **options: Any) -> subprocess.Popen:
    """Begin to run some tests, those of the demo over a built warehouse of it."""
    environment = {**os.environ, "AI_IMPACT_TEST_WAREHOUSE": str(path.resolve())}
    # Processes, not threads, fill the cores.
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    return subprocess.Popen([BIN / "pytest", *selection, "--durations", "10"], env=environment, **options)


def pytest(*selection: str, path: Path = TEST_WAREHOUSE) -> None:
    """Run some tests; a failure ends this program."""
    code = start_pytest(*selection, path=path).wait()
    if code:
        sys.exit(code)


def test_spark() -> None:
    """Spark 3.5 with Iceberg: the demo company is built and tested there, and compared with DuckDB."""
    if shutil.which("java") is None:
        raise ProblemError(
            "Java is not installed, and Spark runs on it: install Java 17 (Debian, Ubuntu: apt-get install "
            "openjdk-17-jre-headless), then run this again."
        )
    os.environ.update(AI_IMPACT_ENGINES="required", AI_IMPACT_TEST_ENGINE="spark_iceberg")
    # In this order: the last file changes what the others compare.
    files = [f"tests/python/test_{name}.py" for name in ("portable_macros", "parity", "spark_iceberg")]
    pytest("-rs", "--timeout", "3600", *files)


def test_emulators() -> None:
    """BigQuery and Snowflake on emulators; every adapter's SQL compiled and parsed."""
    os.environ["AI_IMPACT_ENGINES"] = "required"
    pytest("-rs", "-m", "emulators")


def test_semantic() -> None:
    """MetricFlow over the demo's warehouse, or make test's."""
    path = TEST_WAREHOUSE if TEST_WAREHOUSE.exists() else default_warehouse()
    with patch.dict(os.environ, {"AI_IMPACT_SEMANTIC": "required"}):
        pytest("-rs", "tests/python/test_semantic_layer.py", path=path)


def test_boards(pictures: bool = False) -> None:
    """The boards in Debian's browser. They are those of the demo's warehouse, or of make test's."""
    install_browser()
    wanted = {"AI_IMPACT_BROWSER": "required", **({"AI_IMPACT_PICTURES": "docs/images"} if pictures else {})}
    path = TEST_WAREHOUSE if TEST_WAREHOUSE.exists() else default_warehouse()
    with patch.dict(os.environ, wanted):
        pytest("-rs", "tests/python/test_boards.py", "tests/python/test_boards_in_browser.py", path=path)


def install_browser() -> None:
    """Install the browser that the tests of boards look with, where this program may."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        install("a browser", "chromium", "chromium-driver")


def install_postgres() -> None:
    """Install the server that the tests start, where this program may; else they say that it is missing."""
    if not (shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
        install("PostgreSQL", "postgresql")


def install(what: str, *packages: str) -> None:
    """Install Debian's packages, as root on Debian."""
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        return
    with Step(f"Install {what}"):
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run(
                ["apt-get", "--quiet", *arguments],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
