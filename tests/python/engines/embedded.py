"""DuckDB, in a file: what the others are compared with."""

from importlib.metadata import version
from pathlib import Path

import duckdb

from demo.load import load

from .base import Engine
from .compare import Table


class DuckDB(Engine):
    name = target = "duckdb"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "demo.duckdb"
        self.environment = {"AI_IMPACT_DUCKDB_PATH": str(self.path)}

    def load(self, data: Path) -> None:
        load(data=data, database=self.path, schema="raw")

    def versions(self) -> str:
        return f"DuckDB {duckdb.__version__}, dbt-duckdb {version('dbt-duckdb')}"

    def query(self, sql: str) -> Table:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            cursor = connection.execute(sql)
            return Table([column[0] for column in cursor.description], cursor.fetchall())

    def table(self, name: str) -> Table:
        return self.query(f'select * from "{name}"')
