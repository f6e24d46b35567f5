"""PostgreSQL from the system's packages: a private cluster on a free port of loopback, in a folder of its own."""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from .base import Engine, MissingError
from .compare import Table

DEBIAN = Path("/usr/lib/postgresql")
USER = "ai_impact"
INITDB = ("--encoding", "UTF8", "--locale", "C", "--auth", "scram-sha-256", "--no-sync")
# It lives for one test: nothing is worth a wait for the disk.
SETTINGS = " ".join(
    f"-c {setting}"
    for setting in ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=1GB", "work_mem=32MB")
)


def programs() -> Path:
    """The folder of initdb and pg_ctl: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise MissingError(
            "PostgreSQL is not installed, so nothing was tested on it: install the package postgresql "
            "(Debian, Ubuntu: apt-get install postgresql), then run this again."
        )
    return versions[-1].parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def owner() -> dict:
    """Postgres refuses to run as root: then its programs run as another user."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise MissingError(
        "PostgreSQL does not run as root, and there is no user postgres or nobody: run the tests as another user."
    )


class Postgres(Engine):
    name = target = "postgres"
    cluster: Path | None = None

    def start(self) -> None:
        if importlib.util.find_spec("psycopg2") is None:
            raise MissingError(
                "dbt-postgres is not installed, so nothing was tested on it: run pip install dbt-postgres."
            )
        self.bin, self.owner = programs(), owner()
        # Not in self.folder: the user that the server runs as could not reach it.
        self.cluster = Path(tempfile.mkdtemp(prefix="ai_impact_postgres_"))
        self.cluster.chmod(0o700)
        port, password = free_port(), secrets.token_hex(16)
        secret = self.cluster / "password"
        secret.write_text(password)
        if self.owner:
            for path in (self.cluster, secret):
                os.chown(path, self.owner["user"], self.owner["group"])
        self.control("initdb", "--username", USER, "--pwfile", secret, *INITDB, "--pgdata", self.cluster / "data")
        options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories='' {SETTINGS}"
        self.control("pg_ctl", "--wait", "--log", self.cluster / "log", "--options", options, *self.data(), "start")
        self.environment = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": USER,
            "PGPASSWORD": password,
            "PGDATABASE": "postgres",
        }

    def stop(self) -> None:
        if self.environment:
            self.control("pg_ctl", "--mode", "immediate", *self.data(), "stop")
        if self.cluster:
            shutil.rmtree(self.cluster, ignore_errors=True)

    def control(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **self.owner,
        )
        assert done.returncode == 0, done.stderr

    def data(self) -> list[str | Path]:
        return ["--pgdata", self.cluster / "data"]

    def connection(self) -> dict[str, str]:
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
        return {name: self.environment[variable] for name, variable in names.items()}

    def load(self, data: Path) -> None:
        from demo.load_postgres import load

        load(data=data, schema="raw", **self.connection())

    def build(self, *options: str) -> None:
        """Two steps, because Postgres runs no Python models."""
        super().build(*options)
        self.estimated = self.estimate()

    def estimate(self, *options: str, succeeds: bool = True) -> str:
        return self.run(
            *(sys.executable, "-m", "ai_impact", "estimate", "--target", self.target, *options),
            *("--profiles-dir", str(self.folder)),
            succeeds=succeeds,
        )

    def versions(self) -> str:
        server = self.query("show server_version").rows[0][0].split()[0]
        return f"PostgreSQL {server}, dbt-postgres {version('dbt-postgres')}"

    def query(self, sql: str) -> Table:
        import psycopg2

        with closing(psycopg2.connect(**self.connection())) as server, server, server.cursor() as cursor:
            cursor.execute(sql)
            if cursor.description is None:
                return Table([], [])
            return Table([column.name for column in cursor.description], cursor.fetchall())

    def table(self, name: str) -> Table:
        return self.query(f'select * from ai_impact."{name}"')
