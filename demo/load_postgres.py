"""Put the generated files into a Postgres database: python -m demo.load_postgres --data DIR [--schema raw]

The server is the one that libpq's variables name (PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE).
"""

import argparse
import tempfile
from pathlib import Path

import duckdb
import psycopg2

from ai_impact.sentences import engine_sentence
from demo.generate import read_manifest, sql_text
from demo.load import TABLES

TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "BIGINT": "bigint"}


def load(data: str | Path, schema: str = "raw", **connection: object) -> dict:
    """Replace the tables of the schema by the files' content, all in one transaction: all of it or none."""
    data = Path(data)
    manifest = read_manifest(data)
    if manifest is None:
        raise FileNotFoundError(
            f"{data} holds no finished demo company: run python -m demo.generate --out {data} first."
        )
    server = psycopg2.connect(**{"dsn": "", **connection})
    with server, server.cursor() as cursor, tempfile.TemporaryDirectory() as folder:
        cursor.execute(f'create schema if not exists "{schema}"')
        for table in TABLES:
            rows = duckdb.read_parquet(str(data / table / "*.parquet"))
            columns = ", ".join(f'"{n}" {TYPES[str(t)]}' for n, t in zip(rows.columns, rows.types, strict=True))
            cursor.execute(f'drop table if exists "{schema}".{table} cascade')
            cursor.execute(f'create table "{schema}".{table} ({columns})')
            # Quotes tell an empty text from NULL.
            file = Path(folder, f"{table}.csv")
            duckdb.sql(f"copy rows to '{sql_text(file)}' (header false, force_quote *)")
            with file.open() as lines:
                cursor.copy_expert(f'copy "{schema}".{table} from stdin (format csv)', lines)
            file.unlink()
    server.close()
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description="Load the demo company's files into a Postgres database.")
    parser.add_argument("--data", required=True, help="folder that demo.generate wrote")
    parser.add_argument("--schema", default="raw")
    arguments = parser.parse_args()
    try:
        manifest = load(arguments.data, arguments.schema)
    except (FileNotFoundError, duckdb.Error, psycopg2.Error) as error:
        raise SystemExit(engine_sentence(str(error)) or str(error).strip()) from error
    print(f"{manifest['total_rows']:,} rows in schema {arguments.schema}")


if __name__ == "__main__":
    main()
