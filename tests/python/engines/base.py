"""What every engine of the tests can do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .compare import Table

ROOT = Path(__file__).resolve().parents[3]
RECORDS = ROOT / "warehouse/engines"
DBT = Path(sys.executable).parent / "dbt"
# Small: a mart is right or wrong at any size.
EVENTS = 100_000


class MissingError(Exception):
    """The engine can't run on this machine; the text says what to install."""


class Engine:
    """One engine, with a folder of its own and a target of profiles.yml.example."""

    name: str
    target: str
    # Marks of the tests on it.
    marks: tuple[pytest.MarkDecorator, ...] = ()
    # How long a program may take, in seconds.
    patience = 600

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        """Start what the engine needs; raises MissingError where this machine lacks it."""

    def stop(self) -> None:
        """End what was started."""

    def load(self, data: Path) -> None:
        """Put the demo's files into the schema `raw`."""
        raise NotImplementedError

    def query(self, sql: str) -> Table:
        """What a query gives, as Python values."""
        raise NotImplementedError

    def table(self, name: str) -> Table:
        """A built table."""
        raise NotImplementedError

    def build(self, *options: str) -> None:
        """Everything: seeds, snapshots, models, unit and data tests; `built` is what dbt said."""
        self.built = self.dbt("build", *options)

    def versions(self) -> str:
        """Of the engine and of what dbt reaches it by."""
        raise NotImplementedError

    def compile(self, sql: str) -> str:
        """SQL with macros, as this engine gets it."""
        return self.dbt("--quiet", "compile", "--inline", sql, errors=False)

    def variables(self) -> dict[str, str]:
        """The environment of its programs."""
        return {
            **os.environ,
            **self.environment,
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        }

    def run(self, *command: str | Path, succeeds: bool = True, errors: bool = True) -> str:
        """Run a program of the environment, and return what it says, with what it says of errors or without."""
        done = subprocess.run(
            command, cwd=ROOT, env=self.variables(), capture_output=True, text=True, check=False, timeout=self.patience
        )
        said = done.stdout + done.stderr
        # What dbt says at its end names each failure; the thousand lines before it would bury them.
        assert (done.returncode == 0) == succeeds, said[max(said.find("Completed with"), 0) :]
        return said if errors else done.stdout

    def dbt(self, *arguments: str, succeeds: bool = True, errors: bool = True) -> str:
        profiles = self.folder / "profiles.yml"
        profiles.write_text((ROOT / "profiles.yml.example").read_text())
        return self.run(
            *(DBT, "--no-use-colors", *arguments, "--target", self.target, "--profiles-dir", str(self.folder)),
            succeeds=succeeds,
            errors=errors,
        )

    def record(self, **facts: object) -> None:
        """Note what was run, for the table in docs/engines.md (make engines)."""
        (line,) = re.findall(r"Finished running (.*) in \d+ hours", self.built)
        counts = {"models": 0, "data tests": 0, "unit tests": 0}
        for count, kind in re.findall(r"(\d+) ([a-z ]+?)(?:,|$)", line):
            for counted in counts:
                counts[counted] += int(count) * f"{kind.removesuffix('s')}s".endswith(counted)
        RECORDS.mkdir(parents=True, exist_ok=True)
        facts = {"versions": self.versions(), **counts, **facts}
        (RECORDS / f"{self.name}.json").write_text(json.dumps(facts, indent=2) + "\n")

    def nodes(self) -> list[dict]:
        """The models, seeds and snapshots that were built."""
        manifest = json.loads((self.folder / "target/manifest.json").read_text())
        return [n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed", "snapshot")]
