"""The command `ai-impact`: what dbt can't do by itself."""

import argparse
import os
import sys

from ai_impact import alerts
from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence

SELECTED = "package:ai_impact,config.materialized:estimated"
QUIET = ("--no-use-colors", "--log-level", "none")
BAD = ("error", "fail", "runtime error")


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
    takes = "Takes the options of dbt build: --target, --profiles-dir, --vars and so on."
    estimates = "Compute the Python models where the engine runs none (Postgres), and build what follows from them."
    erases = "Erase one person: compute all tables anew, and look for what is left."
    commands.add_parser("estimate", help=estimates, description=f"{estimates} {takes}")
    erasing = commands.add_parser("forget", help=erases, description=f"{erases} {takes}")
    erasing.add_argument("identifier", help="as the raw tables have had it")
    alerts.add_to(commands)
    known, options = parser.parse_known_args(arguments)
    try:
        if known.command == "forget":
            from ai_impact.forget import forget

            print(forget(known.identifier, options))
        elif known.command == "alerts":
            print(alerts.hand_over(known, options))
        else:
            print(estimate(options))
    except ProblemError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0
