"""Runs dbt in this process, quietly, and reports failures in sentences."""

import gc
import os
from collections.abc import Callable
from pathlib import Path

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence
from tools.problems import default_warehouse, warehouse_sentence
from tools.progress import Step, say

BAD = {"error", "fail", "runtime error"}
QUIET = ["--no-use-colors", "--log-level", "none", "--log-level-file", "info", "--no-send-anonymous-usage-stats"]


def run(
    arguments: list[str],
    note: Callable[[str], None] = lambda text: None,
    warnings: list[str] | None = None,
    tell: Callable[[str], None] = say,
    manifest: Manifest | None = None,
) -> dbtRunnerResult:
    """Run one dbt command; a failure raises a ProblemError that says what failed and why.

    `note` hears how far it is, `tell` what the project itself says, and `warnings` collects what dbt warns of. With a
    `manifest` the project is not parsed again.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    done = 0

    def listen(event: object) -> None:
        nonlocal done
        if event.info.name == "NodeFinished":
            done += 1
            note(f"{done} nodes done")
        if event.info.name == "JinjaLogInfo" and "ai_impact:" in event.info.msg:
            tell(event.info.msg[event.info.msg.index("ai_impact:") :])
        if event.info.level == "warn" and warnings is not None:
            warnings.append(" ".join(event.info.msg.split()))

    runner = dbtRunner(manifest=manifest, callbacks=[listen])
    result = runner.invoke([*QUIET, *arguments])
    close_warehouse()
    if not result.success:
        raise ProblemError("\n".join(failures(result)))
    return result


def build(project: Path = Path(), unit_tests: bool = False, data_tests: bool = True) -> None:
    """Build and test all models of a project, on DuckDB. With unit_tests the unit tests run too."""
    arguments = ["build", "--target", "duckdb", "--project-dir", str(project), "--profiles-dir", "."]
    left_out = ["unit_test"] * (not unit_tests) + ["test"] * (not data_tests)
    if left_out:
        arguments += ["--exclude-resource-type", *left_out]
    with Step("Build and test the models") as step:
        step.detail = f"{len(run(arguments, step.note).result.results)} nodes"


def close_warehouse() -> None:
    """dbt-duckdb keeps the file open for as long as the process lives; tests and summaries open it, too."""
    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
    gc.collect()


def failures(result: dbtRunnerResult) -> list[str]:
    """One sentence a failure, at most eight; nodes that were skipped behind a failure are only counted."""
    if result.exception is not None:
        message = str(result.exception)
        return [cause(message) or dbt_sentence(message)]
    results = getattr(result.result, "results", None) or []
    bad = [r for r in results if str(r.status) in BAD]
    lines = []
    for r in bad[:8]:
        message = r.message or "no message"
        lines.append(cause(message) or f"{node_name(r.node)}: {dbt_sentence(message)}")
    skipped = sum(str(r.status) == "skipped" for r in results)
    if len(bad) > 8:
        lines.append(f"{len(bad) - 8} more failed.")
    if skipped:
        lines.append(f"{skipped} nodes behind them were not run.")
    return (
        [*dict.fromkeys(lines), "All of dbt's output is in logs/dbt.log."]
        if lines
        else ["dbt failed: see logs/dbt.log."]
    )


def cause(message: str) -> str | None:
    """What stands in the way of any node, where it is that."""
    return warehouse_sentence(message, default_warehouse()) or engine_sentence(message)


def node_name(node: object) -> str:
    kind = str(getattr(node, "resource_type", "node"))
    return f"{kind.replace('_', ' ')} {getattr(node, 'name', '')}"
