"""Sail: a Spark Connect server on a free port of loopback, alone in its process or with workers of its own."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
import uuid
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from .base import Engine, MissingError
from .compare import Table
from .postgres import free_port

# What dbt, the client and the server each bring.
PACKAGES = {"dbt.adapters.spark": "dbt-spark", "pyspark": "pyspark-client", "pysail": "pysail"}


class Sail(Engine):
    name, target = "sail", "spark"
    mode = "local"
    server: subprocess.Popen | None = None
    session = None

    def start(self) -> None:
        for module, package in PACKAGES.items():
            if importlib.util.find_spec(module) is None:
                raise MissingError(
                    f"{package} is not installed, so nothing was tested on Sail: run pip install '.[sail]'."
                )
        port = free_port()
        self.log = self.folder / "server.log"
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [Path(sys.executable).parent / "sail", "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
                cwd=self.folder,
                env={
                    **os.environ,
                    "TZ": "UTC",
                    "SAIL_MODE": self.mode,
                    "SAIL_CLUSTER__WORKER_INITIAL_COUNT": "2",
                    # A worker that was idle for a minute would be stopped while the next query waits for it.
                    "SAIL_CLUSTER__WORKER_MAX_IDLE_TIME_SECS": "86400",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.environment = {
            # Sail's catalogue lives and dies with a session: all programs share one.
            "SPARK_REMOTE": f"sc://127.0.0.1:{port}/;session_id={uuid.uuid4()}",
            "AI_IMPACT_SPARK_WAREHOUSE": str(self.folder / "warehouse"),
        }
        self.wait(port)

    def wait(self, port: int, seconds: int = 60) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.server.poll() is None, self.log.read_text()
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(f"Sail did not start within {seconds} s: {self.log.read_text()}")

    def stop(self) -> None:
        if self.session is not None:
            # While the server is there: without it, the client tries for minutes to say goodbye.
            self.session.stop()
        if self.server:
            self.server.terminate()
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def load(self, data: Path) -> None:
        self.run(sys.executable, "-m", "demo.load_spark", "--data", data)

    def versions(self) -> str:
        import pyspark

        how = " with workers" if self.mode == "local-cluster" else ""
        return f"Sail {version('pysail')}{how}, pyspark {pyspark.__version__}, dbt-spark {version('dbt-spark')}"

    def query(self, sql: str) -> Table:
        from pyspark.sql import SparkSession

        if self.session is None:
            builder = SparkSession.builder.remote(self.environment["SPARK_REMOTE"])
            self.session = builder.config("spark.sql.session.timeZone", "UTC").create()
        rows = self.session.sql(sql).toArrow()
        return Table(rows.column_names, list(zip(*(column.to_pylist() for column in rows.columns), strict=True)))

    def table(self, name: str) -> Table:
        return self.query(f"select * from ai_impact.{name}")


class SailCluster(Sail):
    """The same, with its queries cut into tasks for two workers that pass each other rows."""

    name = "sail-cluster"
    mode = "local-cluster"
    marks = (pytest.mark.workers,)

    def build(self, *options: str) -> str:
        """The tests are run on the other one: here only what they would test is compared."""
        return super().build("--exclude-resource-type", "test", "unit_test", *options)
