"""Apache Spark 3.5 in dbt's own process, two executors beside it, and Iceberg tables in a Hadoop catalogue."""

import datetime as dt
import importlib.util
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .base import Engine, MissingError
from .compare import Table

JARS = "iceberg-spark-runtime-3.5_2.12-*.jar"


def iceberg() -> Path:
    """The jar of Iceberg for this Spark, as a package brings it."""
    package = importlib.util.find_spec("snowpark_connect_deps_iceberg")
    found = sorted(Path(package.origin).parent.glob(f"jars/{JARS}")) if package else []
    if not found:
        raise MissingError(
            "Iceberg's jar for Spark 3.5 is not installed, so nothing was tested on it: run make test-spark."
        )
    return found[-1]


def in_utc(value: Any) -> Any:
    """Spark hands over times in the zone of this process."""
    return value.astimezone(dt.UTC).replace(tzinfo=None) if isinstance(value, dt.datetime) else value


class SparkIceberg(Engine):
    name = target = "spark_iceberg"
    # The first job of a session starts two processes, each statement is a job, and each data test a statement.
    patience = 3000
    session = None
    started = float("inf")

    def start(self) -> None:
        self.jar = iceberg()
        self.started = time.time()
        warehouse = self.folder / "warehouse"
        # Iceberg's catalogue expects the folder, and takes its schemas from the folders in it.
        warehouse.mkdir()
        self.environment = {
            "SPARK_MASTER": "local-cluster[2,1,1024]",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "AI_IMPACT_SPARK_JARS": str(self.jar),
            "AI_IMPACT_SPARK_WAREHOUSE": str(warehouse),
            "AI_IMPACT_SPARK_FORMAT": "iceberg",
            "AI_IMPACT_SPARK_PARTITIONS": "2",
        }

    def stop(self) -> None:
        if self.session is not None:
            self.session.stop()
        # Executors keep their logs and a copy of the jar beside Spark itself.
        package = importlib.util.find_spec("pyspark")
        for folder in (Path(package.origin).parent / "work").glob("app-*") if package else []:
            if folder.stat().st_mtime >= self.started:
                shutil.rmtree(folder, ignore_errors=True)

    def reader(self):
        """A session of this process on the same catalogue: dbt's own ends with each of its runs."""
        from pyspark.sql import SparkSession

        if self.session is None:
            lake = "spark.sql.catalog.lake"
            parameters = {
                "spark.jars": self.environment["AI_IMPACT_SPARK_JARS"],
                "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1",
                lake: "org.apache.iceberg.spark.SparkCatalog",
                f"{lake}.type": "hadoop",
                f"{lake}.warehouse": self.environment["AI_IMPACT_SPARK_WAREHOUSE"],
                # What dbt writes is to be seen at once.
                f"{lake}.cache-enabled": "false",
                "spark.sql.defaultCatalog": "lake",
                "spark.sql.session.timeZone": "UTC",
                "spark.sql.shuffle.partitions": "2",
                "spark.ui.enabled": "false",
                "spark.log.level": "ERROR",
            }
            builder = SparkSession.builder.master("local[2]")
            for name, value in parameters.items():
                builder = builder.config(name, value)
            self.session = builder.getOrCreate()
        return self.session

    def load(self, data: Path) -> None:
        from demo.load import TABLES

        session = self.reader()
        session.sql("create schema if not exists raw").collect()
        for table in TABLES:
            session.read.parquet(str(data / table)).writeTo(f"raw.{table}").using("iceberg").createOrReplace()

    def versions(self) -> str:
        jar = self.jar.stem.split("-")[-1]
        return f"Apache Spark {version('pyspark')} with two executors, Iceberg {jar}, dbt-spark {version('dbt-spark')}"

    def query(self, sql: str) -> Table:
        rows = self.reader().sql(sql)
        return Table(rows.columns, [tuple(map(in_utc, row)) for row in rows.collect()])

    def table(self, name: str) -> Table:
        return self.query(f"select * from ai_impact.{name}")
