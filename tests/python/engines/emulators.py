"""What stands in for a cloud warehouse: an emulator on loopback, and dbt beside it in an environment of its own."""

import os
import pickle
import subprocess
import time
from pathlib import Path

import yaml

from .base import ROOT, Engine, MissingError
from .compare import Table
from .postgres import free_port

# Where make test-emulators installs one environment an adapter.
ENVIRONMENTS = Path(os.environ.get("AI_IMPACT_EMULATORS") or ROOT / ".venv-emulators")
HERE = Path(__file__).parent


def python_of(environment: str) -> Path:
    found = ENVIRONMENTS / environment / "bin/python"
    if not found.exists():
        raise MissingError(
            f"The adapters of {environment} are not installed, so nothing was tested: run make test-emulators."
        )
    return found


def versions_of(environment: str, *packages: str) -> str:
    """As in 'bqemulator 1.4.0, dbt-bigquery 1.12.1'."""
    code = (
        "import sys; from importlib.metadata import version; "
        "print(*(f'{name} {version(name)}' for name in sys.argv[1:]), sep=', ')"
    )
    return subprocess.check_output([python_of(environment), "-c", code, *packages], text=True).strip()


class Emulator(Engine):
    """A server in a process of its own, and the programs that reach it."""

    packages: tuple[str, ...]
    server: subprocess.Popen | None = None

    def serve(self, port: int) -> list[str | Path]:
        """The command that serves on a port."""
        raise NotImplementedError

    def profile(self, port: int) -> dict:
        raise NotImplementedError

    def start(self) -> None:
        self.python = python_of(self.name)
        self.port = free_port()
        self.log = self.folder / "server.log"
        command = self.serve(self.port)
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                command, cwd=self.folder, env=self.variables(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until = time.monotonic() + 60
        while "Errno" in (answer := self.answer()):
            assert self.server.poll() is None and time.monotonic() < until, answer + self.log.read_text()
            time.sleep(0.2)

    def answer(self) -> str:
        import socket

        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError as error:
            return f"Errno {error.errno}"
        return "there"

    def stop(self) -> None:
        if self.server:
            self.server.terminate()
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def beside(self, *arguments: str | Path, succeeds: bool = True, errors: bool = True) -> str:
        return self.run(self.python, HERE / "emulated.py", self.name, *arguments, succeeds=succeeds, errors=errors)

    def load(self, data: Path) -> None:
        self.beside("load", data)

    def query(self, sql: str) -> Table:
        (answer,) = self.query_all(sql)
        assert isinstance(answer, Table), answer
        return answer

    def query_all(self, *queries: str) -> list[Table | str]:
        """What each query gives; where it ends in an error, its text."""
        file = self.folder / "answers.pickle"
        self.beside("query", file, *queries)
        return [a if isinstance(a, str) else Table(*a) for a in pickle.loads(file.read_bytes())]

    def dbt(self, *arguments: str, succeeds: bool = True, errors: bool = True) -> str:
        target = {"type": self.name, "schema": "ai_impact", "threads": 2, **self.profile(self.port)}
        profiles = {"ai_impact": {"target": self.name, "outputs": {self.name: target}}}
        (self.folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
        options = ("--no-use-colors", *arguments, "--profiles-dir", str(self.folder))
        return self.beside("dbt", *options, succeeds=succeeds, errors=errors)

    def versions(self) -> str:
        return f"{type(self).__name__} on {versions_of(self.name, *self.packages)}"


class BigQuery(Emulator):
    name = target = "bigquery"
    packages = ("bqemulator", "dbt-bigquery")

    def serve(self, port: int) -> list[str | Path]:
        # DuckDB's extension comes with a package; the emulator looks for it in the home folder.
        self.environment = {"HOME": str(self.folder), "BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
        install = (
            "import duckdb, duckdb_extension_spatial as e, pathlib; "
            "duckdb.sql(f\"install '{next(pathlib.Path(e.__path__[0]).rglob('*.duckdb_extension'))}'\")"
        )
        self.run(self.python, "-c", install)
        command = [self.python.parent / "bqemulator", "start", "--rest-port", str(port), "--grpc-port", "0"]
        return [*command, "--ephemeral", "--project", "test", "--log-level", "warning"]

    def profile(self, port: int) -> dict:
        endpoint = f"http://127.0.0.1:{port}"
        return {
            "method": "oauth-secrets",
            "token": "none",
            "project": "test",
            "location": "US",
            "api_endpoint": endpoint,
        }

    def table(self, name: str) -> Table:
        return self.query(f"select * from ai_impact.{name}")


class Snowflake(Emulator):
    name = target = "snowflake"
    packages = ("fakesnow", "dbt-snowflake")

    def serve(self, port: int) -> list[str | Path]:
        self.environment = {"SNOWFLAKE_PORT": str(port)}
        code = (
            "import sys, uvicorn, fakesnow.server; "
            "uvicorn.run(fakesnow.server.app, port=int(sys.argv[1]), log_level='warning')"
        )
        return [self.python, "-c", code, str(port)]

    def profile(self, port: int) -> dict:
        where = {"host": "127.0.0.1", "port": port, "protocol": "http", "insecure_mode": True}
        return {
            "account": "fakesnow",
            "user": "fake",
            "password": "snow",
            "database": "test",
            "warehouse": "none",
            **where,
        }

    def table(self, name: str) -> Table:
        return self.query(f"select * from test.ai_impact.{name}")
