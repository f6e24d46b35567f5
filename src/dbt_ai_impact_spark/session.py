"""Runs Python models on the Spark session that dbt itself uses, and finds the tables again that Sail forgot."""

import re
import socket
import threading
import traceback
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pyspark
from dbt.adapters.base import PythonJobHelper
from dbt.adapters.exceptions import FailedToConnectError
from dbt.adapters.spark import SparkAdapter, SparkConnectionManager
from dbt.adapters.spark.session import Cursor, SessionConnectionWrapper
from dbt_common.exceptions import DbtRuntimeError
from pyspark.sql import SparkSession

LOCK = threading.Lock()
SHUFFLED = threading.Event()
CREATE_AS = re.compile(r"(?is)^(.*?\bcreate\s+(?:or\s+replace\s+)?table\b.*?)\bas\b(.*)$")
# Of a name alone, without a schema: dbt's snapshots pass their changes by one. A comment of dbt's may stand before it.
PASSING_VIEW = re.compile(r"(?is)^(\s*(?:/\*.*?\*/\s*)?create\s+or\s+replace\s+)(view\s+(?:`[^`]+`|\w+)\s.*)$")
NO_VIEWS = "does not support views"
ADVICE = {
    "ai_impact_stats": "install the project's wheel there (pip install ai_impact_stats-*.whl)",
    "pyspark": 'install it there (pip install "pyspark-client==4.1.*")',
}


class SessionPythonJobHelper(PythonJobHelper):
    """Executes the compiled model in this process: what it reads and writes goes through the live session."""

    def __init__(self, parsed_model: dict, credential: Any) -> None:
        self.name = parsed_model["name"]
        self.credential = credential

    def submit(self, compiled_code: str) -> None:
        namespace = {"spark": open_session(self.credential), "__name__": f"dbt_model_{self.name}"}
        try:
            exec(compile(compiled_code, f"<python model {self.name}>", "exec"), namespace)
        except ModuleNotFoundError as error:
            package = (error.name or "").split(".")[0]
            how = ADVICE.get(package, f"install it there (pip install {package})")
            raise DbtRuntimeError(
                f"The Python model {self.name} can't import {package}, which is not installed "
                f"where dbt runs: {how}, then run this again."
            ) from error
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            raise DbtRuntimeError(
                f"The Python model {self.name} failed with {type(error).__name__}: {error} "
                f"({where.filename}:{where.lineno})"
            ) from error


def register() -> None:
    """Teach dbt-spark the submission method `session`, and to look at the server before it waits for it."""
    if "session" in SparkAdapter._available_:
        return
    helpers = SparkAdapter.python_submission_helpers.fget
    method = SparkAdapter.default_python_submission_method.fget
    connect = SparkConnectionManager.open.__func__
    execute = Cursor.execute
    fetch = Cursor.fetchall

    def is_session(adapter: SparkAdapter) -> bool:
        return getattr(adapter.config.credentials, "method", "") == "session"

    def open_checked(manager: type, connection: Any) -> Any:
        if connection.credentials.method == "session":
            open_session(connection.credentials)
        return connect(manager, connection)

    def execute_patiently(cursor: Cursor, sql: str, *parameters: Any) -> None:
        if SHUFFLED.is_set() and write_shuffled(sql):
            return
        try:
            execute(cursor, sql, *parameters)
        except Exception as error:
            if NO_VIEWS in str(error) and PASSING_VIEW.match(sql):
                execute(cursor, PASSING_VIEW.sub(r"\1temporary \2", sql), *parameters)
                return
            if "no UDF found for" not in str(error) or not write_shuffled(sql):
                raise
            SHUFFLED.set()

    def fetch_old(cursor: Cursor) -> list | None:
        try:
            return fetch(cursor)
        except ValueError:
            # Spark's rows take a time through Python's local time, which begins on the second day of the year 1.
            cursor._df = with_times_as_text(cursor._df)
            return fetch(cursor)

    SparkAdapter.python_submission_helpers = property(
        lambda adapter: {**helpers(adapter), "session": SessionPythonJobHelper}
    )
    SparkAdapter.default_python_submission_method = property(
        lambda adapter: "session" if is_session(adapter) else method(adapter)
    )
    # Of an adapter, macros see what this set names: check_config asks in this way whether the plugin is here.
    SparkAdapter.runs_python_models = True
    SparkAdapter._available_ = SparkAdapter._available_ | {"runs_python_models"}
    SparkConnectionManager.open = classmethod(open_checked)
    Cursor.execute = execute_patiently
    Cursor.fetchall = fetch_old
    SessionConnectionWrapper._fix_binding = classmethod(lambda wrapper, value: literal(value))


def open_session(credential: Any) -> SparkSession:
    """The session that dbt-spark uses too: it is the same for the same parameters."""
    parameters = credential.server_side_parameters
    remote = parameters.get("spark.remote")
    with LOCK:
        if remote is not None:
            find_server(remote)
        builder = SparkSession.builder.enableHiveSupport()
        for name, value in parameters.items():
            builder = builder.config(name, value)
        try:
            session = builder.getOrCreate()
            version = session.version
        except Exception as error:
            raise FailedToConnectError(
                f"Spark could not be started with pyspark {pyspark.__version__}: {first_line(error)}."
            ) from error
        if remote is not None:
            compare_versions(remote, version)
            find_tables(session, parameters.get("spark.sql.warehouse.dir"), credential.schema)
    return session


def find_server(remote: str) -> None:
    """Spark Connect itself would try for minutes."""
    address = urlsplit(remote)
    host, port = address.hostname or "localhost", address.port or 15002
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        raise FailedToConnectError(
            f"No Spark server answers at {host}:{port} ({error.strerror or error}): start it "
            f"(for Sail: TZ=UTC sail spark server --ip {host} --port {port}), or set spark.remote in profiles.yml."
        ) from error


def compare_versions(remote: str, version: str) -> None:
    """The protocol changes with the minor version."""
    wanted = ".".join(version.split(".")[:2])
    if not pyspark.__version__.startswith(f"{wanted}."):
        raise FailedToConnectError(
            f"The server at {remote} speaks Spark {wanted}, and pyspark here is {pyspark.__version__}: "
            f'install the same version (pip install "pyspark-client=={wanted}.*").'
        )


def find_tables(session: SparkSession, warehouse: str | None, wanted: str) -> None:
    """Sail forgets its tables when a session ends, but their files stay: name those again that lie in the warehouse.

    The folder of a schema holds one folder a table. Schemas that the catalogue knows are left alone.
    """
    if not warehouse:
        return
    found = {path.name for path in Path(warehouse).glob("*") if path.is_dir()} | {wanted}
    for name in sorted(found - {row[0] for row in session.sql("show databases").collect()}):
        folder = Path(warehouse) / name
        session.sql(f"create schema if not exists `{name}` location '{folder}'")
        for log in sorted(folder.glob("*/_delta_log")):
            table = log.parent
            # Sail would read a table without named columns, but describe it as having none.
            schema = session.read.format("delta").load(str(table)).schema
            columns = ", ".join(
                f"`{field.name}` {field.dataType.simpleString()}{'' if field.nullable else ' not null'}"
                for field in schema
            )
            session.sql(
                f"create table if not exists `{name}`.`{table.name}` ({columns}) using delta location '{table}'"
            )


def write_shuffled(sql: str) -> bool:
    """Create a table from a query in two steps; False where the statement is another one.

    Sail's workers don't know many a function (md5, upper) in the step that writes a table, though in every other one.
    So once that was an error, rows are computed in a step of their own, and written in the next.
    """
    found = CREATE_AS.match(sql)
    if found is None:
        return False
    head, query = found.groups()
    session = SparkSession.active()
    view = f"shuffled_{uuid4().hex}"
    session.sql(query).repartition(4).createTempView(view)
    session.sql(f"{head} as select * from {view}")
    session.sql(f"drop view {view}")
    return True


def with_times_as_text(frame: Any) -> Any:
    times = [name for name, kind in frame.dtypes if kind.startswith("timestamp")]
    return frame.withColumns({name: frame[f"`{name}`"].cast("string") for name in times})


def first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def literal(value: Any) -> str:
    """A value of a seed in SQL. dbt-spark writes NULL as the text 'None' here, and leaves quotes as they are."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float | Decimal):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
