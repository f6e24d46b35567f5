"""Opens the embedded warehouse, or says in a sentence why it can't be opened."""

from pathlib import Path

import duckdb

from ai_impact.sentences import ProblemError
from tools.problems import warehouse_sentence


def connect(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path), read_only=read_only)
    except (duckdb.Error, OSError) as error:
        sentence = warehouse_sentence(str(error), path)
        raise ProblemError(sentence or f"The warehouse {path} can't be opened: {error}") from error


def check(path: Path) -> None:
    """Open and close it once, so that a locked or foreign file is reported before any work is done."""
    connect(path).close()
