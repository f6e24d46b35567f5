"""The command of ai_impact: what dbt itself doesn't do."""

import argparse
import os
import sys
from pathlib import Path

from ai_impact import audit, boards, workbook
from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence

SELECTED = "package:ai_impact,config.materialized:estimated"
QUIET = ("--no-use-colors", "--log-level", "none")
BAD = ("error", "fail", "runtime error")
ESTIMATE = "Computes the Python models where the engine runs none (Postgres), and builds what follows from them."


def estimate(options: list[str]) -> str:
    """Run `dbt build` over the Python models and all that follows from them, and say what was done.

    `options` are those of dbt build. A failure raises a ProblemError.
    """
    try:
        from dbt.cli.main import dbtRunner
    except ModuleNotFoundError as missing:
        raise ProblemError(
            f"dbt is not installed beside this command ({missing}): run pip install dbt-postgres, then run this again."
        ) from missing
    from ai_impact.python_models import register

    register()
    os.environ["AI_IMPACT_ESTIMATE"] = "1"
    outcome = dbtRunner().invoke([*QUIET, "build", "--select", f"{SELECTED}+", *options])
    results = list(getattr(outcome.result, "results", None) or [])
    if not outcome.success:
        raise ProblemError("\n".join(problems(outcome.exception, results)))
    computed = [r for r in results if getattr(r.node.config, "materialized", "") == "estimated"]
    if not computed:
        return "Nothing to do: this engine runs Python models itself, so dbt build has computed them."
    names = ", ".join(f"{r.node.name} ({r.message})" for r in sorted(computed, key=lambda r: r.node.name))
    followed = len([r for r in results if r.node.resource_type == "model"]) - len(computed)
    tested = len([r for r in results if r.node.resource_type in ("test", "unit_test")])
    return f"Computed {names}; built {followed} models that follow from them; {tested} tests passed."


def problems(exception: BaseException | None, results: list) -> list[str]:
    """One sentence a failure."""
    if exception is not None:
        return [engine_sentence(str(exception)) or dbt_sentence(str(exception))]
    bad = [r for r in results if str(r.status) in BAD]
    lines = [f"{r.node.name}: {engine_sentence(r.message or '') or dbt_sentence(r.message or '')}" for r in bad]
    if any("does not exist" in line for line in lines):
        lines.append("Build what the Python models read first, with dbt build, then run this again.")
    return lines or ["dbt failed: its log says why."]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="ai-impact", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "estimate",
        help=ESTIMATE,
        description=f"{ESTIMATE} Takes the options of dbt build: --target, --profiles-dir, --vars and so on.",
    )
    drawing = commands.add_parser(
        "boards",
        help=boards.__doc__,
        description=f"{boards.__doc__} Takes the options of dbt parse, too: --target, --profiles-dir and so on.",
    )
    boards.add_options(drawing)
    for command in (workbook, audit):
        added = commands.add_parser(
            command.__name__.split(".")[-1],
            help=command.__doc__,
            description=f"{command.__doc__} Takes the options of dbt parse, too: --target, --profiles-dir and so on.",
        )
        command.add_options(added)
    wanted, options = parser.parse_known_args(arguments)
    try:
        if wanted.command == "boards":
            pages = boards.build(options, Path(wanted.out), Path(wanted.project_dir))
            print(f"Wrote {len(pages)} pages: open {pages[0]} in a browser.")
        elif wanted.command == "workbook":
            print(f"Wrote {workbook.build(options, Path(wanted.out), Path(wanted.project_dir))}.")
        elif wanted.command == "audit":
            print(audit.build(options, wanted.format, Path(wanted.project_dir)))
        else:
            print(estimate(options))
    except ProblemError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0
