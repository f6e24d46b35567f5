"""The engines that the project is tested on: each builds the same demo company, and hands back its tables."""

from .base import Engine, MissingError
from .embedded import DuckDB
from .postgres import Postgres
from .sail import Sail, SailCluster

# What is compared with DuckDB. A new engine is a subclass of Engine, named here.
OTHERS: list[type[Engine]] = [Postgres, Sail, SailCluster]

__all__ = ["OTHERS", "DuckDB", "Engine", "MissingError", "Postgres", "Sail", "SailCluster"]
