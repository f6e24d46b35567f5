"""The commands behind the Makefile: python -m tools <command>."""

import argparse
import sys
from pathlib import Path

from ai_impact.sentences import ProblemError
from tools.progress import fail


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="generate, build, render, summarise")
    demo.add_argument("--events", type=int, help="how many events the demo company has, about")
    demo.add_argument("--seed", type=int, help="the seed of the demo company")
    demo.add_argument("--data", type=Path, help="the folder of the generated files")
    demo.add_argument("--site", type=Path, help="the folder of the rendered pages")
    demo.add_argument("--no-data-tests", dest="data_tests", action="store_false", help="build the models untested")
    commands.add_parser("lint", help="style, layers, documentation")
    commands.add_parser("engines", help="write the last test run of each engine into docs/engines.md")
    commands.add_parser("case-studies", help="write docs/case_studies from the built demo")
    commands.add_parser("test-spark", help="the demo on Spark 3.5 with Iceberg")
    looks = commands.add_parser("test-boards", help="the boards of the demo in a real browser")
    looks.add_argument("--pictures", action="store_true", help="write docs/images anew")
    commands.add_parser("test-semantic", help="the metrics of the demo by MetricFlow")
    commands.add_parser("test-emulators", help="BigQuery and Snowflake on emulators, all dialects parsed")
    commands.add_parser("test", help="lint, the demo build, pytest, a build on PostgreSQL and on Sail")
    commands.add_parser("test-engines", help="what is compared between engines")
    commands.add_parser("test-fast", help="lint and unit tests, of what changed")
    git = commands.add_parser("example-git", help="every KPI on a git history")
    git.add_argument("--input", dest="file", type=Path, required=True, help="a Parquet file of commits")
    git.add_argument("--warehouse", dest="path", type=Path, help="the DuckDB file to build")
    arguments = vars(parser.parse_args())
    command = arguments.pop("command")
    try:
        if command == "demo":
            from tools.demo import run

            run(**{name: value for name, value in arguments.items() if value is not None})
        elif command == "lint":
            from tools.check import lint

            lint()
        elif command == "test-spark":
            from tools.check import test_spark

            test_spark()
        elif command == "test-engines":
            from tools.check import test_engines

            test_engines()
        elif command == "test-fast":
            from tools.check import test_fast

            test_fast()
        elif command == "test-boards":
            from tools.check import test_boards

            test_boards(**arguments)
        elif command == "test-semantic":
            from tools.check import test_semantic

            test_semantic()
        elif command == "test-emulators":
            from tools.check import test_emulators

            test_emulators()
        elif command == "case-studies":
            from tools.case_studies import write

            write()
        elif command == "example-git":
            from tools.example_git import run

            run(**{name: value for name, value in arguments.items() if value is not None})
        elif command == "engines":
            from tools.engines import write

            write()
        else:
            from tools.check import test

            test()
    except ProblemError as problem:
        fail(str(problem))
        return 1
    except KeyboardInterrupt:
        fail("Stopped. Run the same command again to go on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
