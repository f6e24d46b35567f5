"""The command `ai-impact`: what dbt can't do by itself."""

import argparse
import os
import sys
from pathlib import Path

from ai_impact import alerts, audit, boards, doctor, init, workbook
from ai_impact.reading import runner
from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence

SELECTED = "package:ai_impact,config.materialized:estimated"
QUIET = ("--no-use-colors", "--log-level", "none")
FORGET = "Erase one person: compute all tables anew, and look for what is left."
BAD = ("error", "fail", "runtime error")
ESTIMATE = "Computes the Python models where the engine runs none (Postgres), and builds what follows from them."


def estimate(options: list[str]) -> str:
    """Run `dbt build` over the Python models and all that follows from them, and say what was done.

    `options` are those of dbt build. A failure raises a ProblemError.
    """
    from ai_impact.python_models import register

    dbt = runner()
    register()
    os.environ["AI_IMPACT_ESTIMATE"] = "1"
    outcome = dbt.invoke([*QUIET, "build", "--select", f"{SELECTED}+", *options])
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
    takes = "Takes the options of dbt, too: --target, --profiles-dir, --vars and so on."
    commands.add_parser("estimate", help=ESTIMATE, description=f"{ESTIMATE} {takes}")
    drawing = commands.add_parser("boards", help=boards.__doc__, description=f"{boards.__doc__} {takes}")
    boards.add_options(drawing)
    for command in (workbook, audit, doctor):
        name = command.__name__.rpartition(".")[-1]
        command.add_options(commands.add_parser(name, help=command.__doc__, description=f"{command.__doc__} {takes}"))
    init.add_options(commands.add_parser("init", help=init.__doc__, description=init.__doc__))
    erasing = commands.add_parser("forget", help=FORGET, description=f"{FORGET} {takes}")
    erasing.add_argument("identifier", help="as the raw tables have had it")
    alerts.add_to(commands)
    known, options = parser.parse_known_args(arguments)
    try:
        print(run(known, options))
    except ProblemError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def run(known: argparse.Namespace, options: list[str]) -> str:
    """What the command has done, in a sentence."""
    if known.command == "boards":
        pages = boards.build(options, Path(known.out), Path(known.project_dir))
        return f"Wrote {len(pages)} pages: open {pages[0]} in a browser."
    if known.command == "workbook":
        return f"Wrote {workbook.build(options, Path(known.out), Path(known.project_dir))}."
    if known.command == "audit":
        return audit.build(options, known.format, Path(known.project_dir))
    if known.command == "init":
        return init.build(known.tools, Path(known.project_dir))
    if known.command == "doctor":
        return doctor.build(options, known.format, Path(known.project_dir))
    if known.command == "forget":
        from ai_impact.forget import forget

        return forget(known.identifier, options)
    if known.command == "alerts":
        return alerts.hand_over(known, options)
    return estimate(options)
