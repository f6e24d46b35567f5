"""The engines that the project is tested on: each builds the same demo company, and hands back its tables."""

import os

from .base import Engine, MissingError
from .embedded import DuckDB
from .postgres import Postgres
from .sail import Sail, SailCluster
from .spark import SparkIceberg

# What is compared with DuckDB. A new engine is a subclass of Engine, named here.
OTHERS: list[type[Engine]] = [Postgres, Sail, SailCluster]
# Spark 3.5 needs other packages than the rest: make test-spark asks for it alone, in an environment of its own.
if os.environ.get("AI_IMPACT_TEST_ENGINE") == SparkIceberg.name:
    OTHERS = [SparkIceberg]

__all__ = ["OTHERS", "DuckDB", "Engine", "MissingError", "Postgres", "Sail", "SailCluster", "SparkIceberg"]
