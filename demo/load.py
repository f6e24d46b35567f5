"""Put the generated files into a DuckDB warehouse: python -m demo.load --data DIR --database PATH [--schema raw]"""

import argparse
import json
from pathlib import Path

import duckdb

from demo.generate import read_manifest, sql_text
from demo.schema import SOURCES

TABLES = (*(source.name for source in SOURCES), "demo_truth", "demo_dirt")


def load(data: str | Path, database: str | Path, schema: str = "raw") -> dict:
    """Replace the tables of the schema by the files' content, all in one transaction: all of it or none.

    Does nothing where the same company is loaded already.
    """
    data = Path(data)
    manifest = read_manifest(data)
    if manifest is None:
        raise FileNotFoundError(
            f"{data} holds no finished demo company: run python -m demo.generate --out {data} first."
        )
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(str(database))
    try:
        if loaded(con, schema) == manifest:
            return manifest
        con.execute("begin")
        con.execute(f'create schema if not exists "{schema}"')
        for table in TABLES:
            files = sql_text(data / table / "*.parquet")
            con.execute(f"create or replace table \"{schema}\".{table} as select * from read_parquet('{files}')")
        con.execute(
            f'create or replace table "{schema}".demo_manifest as select cast(? as varchar) as manifest',
            [json.dumps(manifest)],
        )
        con.execute("commit")
    finally:
        con.close()
    return manifest


def loaded(con: duckdb.DuckDBPyConnection, schema: str) -> dict | None:
    """The manifest of what a schema holds, if all of its tables are there."""
    tables = con.execute("select table_name from information_schema.tables where table_schema = ?", [schema]).fetchall()
    if {*TABLES, "demo_manifest"} - {name for (name,) in tables}:
        return None
    return json.loads(con.execute(f'select manifest from "{schema}".demo_manifest').fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description="Load the demo company's files into a DuckDB warehouse.")
    parser.add_argument("--data", required=True, help="folder that demo.generate wrote")
    parser.add_argument("--database", required=True, help="DuckDB file")
    parser.add_argument("--schema", default="raw")
    arguments = parser.parse_args()
    try:
        manifest = load(arguments.data, arguments.database, arguments.schema)
    except (FileNotFoundError, duckdb.Error) as error:
        raise SystemExit(str(error)) from error
    print(f"{manifest['total_rows']:,} rows in schema {arguments.schema} of {arguments.database}")


if __name__ == "__main__":
    main()
