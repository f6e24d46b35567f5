"""Put the generated files into the warehouse of a Spark or Sail server: python -m demo.load_spark --data DIR

The server is the one of SPARK_REMOTE; it must see the folder. AI_IMPACT_SPARK_WAREHOUSE is the warehouse's folder.
"""

import argparse
import os
from pathlib import Path

from dbt.adapters.exceptions import FailedToConnectError
from pyspark.sql import SparkSession

from dbt_ai_impact_spark.session import find_server
from demo.generate import read_manifest
from demo.load import TABLES


def load(
    data: str | Path, session: SparkSession, warehouse: str | Path, schema: str = "raw", using: str = "delta"
) -> dict:
    """Replace the tables of the schema by the files' content."""
    data = Path(data).resolve()
    manifest = read_manifest(data)
    if manifest is None:
        raise FileNotFoundError(
            f"{data} holds no finished demo company: run python -m demo.generate --out {data} first."
        )
    session.sql(f"create schema if not exists {schema} location '{Path(warehouse).resolve() / schema}'")
    for table in TABLES:
        session.sql(
            f"create or replace table {schema}.{table} using {using} as select * from parquet.`{data / table}`"
        ).collect()
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description="Load the demo company's files into a Spark or Sail server.")
    parser.add_argument("--data", required=True, help="folder that demo.generate wrote")
    parser.add_argument("--schema", default="raw")
    arguments = parser.parse_args()
    remote = os.environ.get("SPARK_REMOTE", "sc://127.0.0.1:50051")
    warehouse = os.environ.get("AI_IMPACT_SPARK_WAREHOUSE")
    if not warehouse:
        raise SystemExit("AI_IMPACT_SPARK_WAREHOUSE is not set: name an absolute folder that the server can write.")
    try:
        find_server(remote)
    except FailedToConnectError as error:
        raise SystemExit(error.msg) from error
    session = SparkSession.builder.remote(remote).config("spark.sql.session.timeZone", "UTC").getOrCreate()
    try:
        manifest = load(arguments.data, session, warehouse, arguments.schema)
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from error
    print(f"{manifest['total_rows']:,} rows in schema {arguments.schema} of {remote}")


if __name__ == "__main__":
    main()
