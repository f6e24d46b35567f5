"""In the environment of an adapter, beside its emulator: load the demo, run queries, run dbt.

    python emulated.py <engine> load <folder> | query <file> <sql> … | dbt <arguments>

What an emulator can't do at all, but the engine can, is done in another way here; nothing else is changed. Neither
emulator runs Python models: their code runs unchanged in dbt's process, and reads and writes over dbt's connection.
"""

import datetime as dt
import io
import json
import os
import pickle
import re
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
from dbt.adapters.base import BaseAdapter
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.cli.main import dbtRunner
from pyarrow import parquet

# The columns that a contract names, before the query that fills the table: dbt has compared the two by then.
CONTRACT = re.compile(r"(create or replace table \S+)\s*\(\s*\w+ [^()]*?\)(?=\s*(options\(|as))", re.IGNORECASE)
NO_TIME = re.compile(r"try_cast\((cast\(\w+ as varchar\)) as timestamp_ntz\)")


BIGQUERY_TYPES = {pa.string(): "STRING", pa.float64(): "FLOAT64", pa.int64(): "INT64", pa.bool_(): "BOOL"}
SNOWFLAKE_TYPES = {pa.string(): "varchar", pa.float64(): "float", pa.int64(): "bigint", pa.bool_(): "boolean"}
ROWS_AT_ONCE = 500
EPOCH = dt.datetime(1970, 1, 1)


class BigQuery:
    @staticmethod
    def prepare() -> None:
        """bqemulator 1.4 makes no table from named columns, options and a query at once."""
        from dbt.adapters.bigquery.connections import BigQueryConnectionManager as Manager

        run = Manager.raw_execute
        Manager.raw_execute = lambda self, sql, *more, **named: run(self, CONTRACT.sub(r"\1", sql, 1), *more, **named)

    @staticmethod
    def connect():
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery

        endpoint = {"api_endpoint": os.environ["BIGQUERY_EMULATOR_HOST"]}
        return bigquery.Client("test", credentials=AnonymousCredentials(), client_options=endpoint)

    @classmethod
    def load(cls, client, table: str, files: Path) -> None:
        client.create_dataset("raw", exists_ok=True)
        cls.write(client, f"test.raw.{table}", parquet.read_table(files))

    @staticmethod
    def query(client, sql: str) -> tuple[list[str], list[tuple]]:
        rows = client.query(sql).result()
        return [field.name for field in rows.schema], [row.values() for row in rows]

    @classmethod
    def write(cls, client, relation: str, table: pa.Table) -> None:
        from google.cloud.bigquery import LoadJobConfig, SchemaField

        schema = [SchemaField(field.name, BIGQUERY_TYPES[field.type]) for field in table.schema]
        name = relation.replace("`", "")
        client.delete_table(name, not_found_ok=True)
        file = io.BytesIO()
        parquet.write_table(table, file)
        job = LoadJobConfig(source_format="PARQUET", schema=schema)
        client.load_table_from_file(file, name, rewind=True, job_config=job).result()


class Snowflake:
    @staticmethod
    def prepare() -> None:
        """fakesnow 0.12 ends the query where a text is no time, though try_cast should make it NULL.

        Read with a zone, and UTC is the only one there, it does make it NULL.
        """
        from snowflake.connector.cursor import SnowflakeCursor

        run = SnowflakeCursor.execute
        zoned = r"cast(try_cast(\1 as timestamp_tz) as timestamp_ntz)"
        SnowflakeCursor.execute = lambda self, sql, *more, **named: run(self, NO_TIME.sub(zoned, sql), *more, **named)

    @staticmethod
    def connect():
        import snowflake.connector

        Snowflake.prepare()
        return snowflake.connector.connect(
            **{"user": "fake", "password": "snow", "account": "fakesnow", "database": "test", "schema": "raw"},
            **{
                "host": "127.0.0.1",
                "port": int(os.environ["SNOWFLAKE_PORT"]),
                "protocol": "http",
                "network_timeout": 20,
            },
        )

    @classmethod
    def load(cls, connection, table: str, files: Path) -> None:
        columns = ", ".join(
            f"{field.name} {SNOWFLAKE_TYPES[field.type]}" for field in parquet.read_schema(next(files.iterdir()))
        )
        cursor = connection.cursor()
        cursor.execute(f"create table test.raw.{table} ({columns})")
        # A function of the DuckDB inside: Snowflake's own way, by a stage, is not what is tested here.
        cursor.execute(f"insert into test.raw.{table} select * from read_parquet('{files}/*.parquet')")

    @staticmethod
    def query(connection, sql: str) -> tuple[list[str], list[tuple]]:
        cursor = connection.cursor().execute(sql)
        columns = [column.name.lower() for column in cursor.description]
        # fakesnow hands over a timestamp of NULL as the start of 1970. Nothing in the demo is that old.
        return columns, [tuple(None if value == EPOCH else value for value in row) for row in cursor.fetchall()]

    @classmethod
    def write(cls, connection, relation: str, table: pa.Table) -> None:
        cursor = connection.cursor()
        columns = ", ".join(f"{field.name} {SNOWFLAKE_TYPES[field.type]}" for field in table.schema)
        cursor.execute(f"create or replace table {relation} ({columns})")
        rows = [f"({', '.join(map(cls.literal, row.values()))})" for row in table.to_pylist()]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            cursor.execute(f"insert into {relation} values {', '.join(rows[start : start + ROWS_AT_ONCE])}")

    @staticmethod
    def literal(value: object) -> str:
        if isinstance(value, str):
            return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        return "null" if value is None else json.dumps(value)


def run_here(engine: type[BigQuery] | type[Snowflake]) -> None:
    def submit_python_job(adapter: BaseAdapter, model: dict, _: str) -> AdapterResponse:
        connection = adapter.connections.get_thread_connection().handle
        names = {"__name__": model["name"]}
        exec(compile(model["compiled_code"], model["original_file_path"], "exec"), names)

        def read(relation: str) -> pd.DataFrame:
            columns, rows = engine.query(connection, f"select * from {relation}")
            return pd.DataFrame.from_records(rows, columns=columns, coerce_float=True)

        relations = names["dbtObj"](read)
        table = names["model"](relations, None)
        engine.write(connection, model["relation_name"], table)
        return AdapterResponse(_message=f"{table.num_rows} rows", rows_affected=table.num_rows)

    for adapter in BaseAdapter.__subclasses__():
        for kind in (adapter, *adapter.__subclasses__()):
            kind.submit_python_job = submit_python_job


def main(name: str, command: str, *arguments: str) -> int:
    engine = {"bigquery": BigQuery, "snowflake": Snowflake}[name]
    if command == "load":
        connection = engine.connect()
        for folder in sorted(path for path in Path(arguments[0]).iterdir() if path.is_dir()):
            engine.load(connection, folder.name, folder)
    elif command == "query":
        file, *queries = arguments
        connection, answers = engine.connect(), []
        for sql in queries:
            try:
                answers.append(engine.query(connection, sql))
            except Exception as error:
                answers.append(f"{type(error).__name__}: {error}")
        Path(file).write_bytes(pickle.dumps(answers))
    else:
        __import__(f"dbt.adapters.{name}")
        engine.prepare()
        run_here(engine)
        return not dbtRunner().invoke([*arguments, "--target", name]).success
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
