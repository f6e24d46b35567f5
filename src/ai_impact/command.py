"""ai-impact estimate: compute the Python models where the engine runs none (Postgres), and build what follows from them."""

import argparse
import os
import sys

ESTIMATED = "config.materialized:estimated"


class ProblemError(Exception):
    """Something the user can put right. Its text is the whole message."""


def estimate(arguments: list[str]) -> str:
    """Run `dbt build` over the Python models and all that follows from them; returns what was done, in a sentence."""
    from dbt.cli.main import dbtRunner

    from ai_impact.python_models import register

    register()
    os.environ["AI_IMPACT_ESTIMATE"] = "1"
    result = dbtRunner().invoke(["build", "--select", f"{ESTIMATED}+", *arguments])
    return result


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="ai-impact", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("estimate", help="takes the options of dbt build: --profiles-dir, --target, --vars and so on")
    _, others = parser.parse_known_args(arguments)
    result = estimate(others)
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main())
