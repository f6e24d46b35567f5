"""dbt Python models on an engine that has none: they run in dbt's own process, on the connection of their thread."""

from typing import Any

import pandas as pd
import pyarrow as pa
from dbt.adapters.base import BaseAdapter
from dbt.adapters.contracts.connection import AdapterResponse

ROWS_AT_ONCE = 500


def register() -> None:
    """From now on dbt runs the Python models of this process with `submit_python_job` below."""
    BaseAdapter.submit_python_job = submit_python_job


def submit_python_job(adapter: BaseAdapter, parsed_model: dict, compiled_code: str) -> AdapterResponse:
    """Run a model's compiled code, and make its table hold what it returns.

    The table is there already, with the model's columns; old rows and new ones change places in dbt's transaction.
    """
    names: dict[str, Any] = {"__name__": parsed_model["name"]}
    exec(compile(compiled_code, parsed_model["original_file_path"], "exec"), names)
    table = names["model"](names["dbtObj"](lambda relation: read(adapter, relation)), Session(adapter))
    replace(
        adapter, parsed_model["relation_name"], table.column_names, [list(row.values()) for row in table.to_pylist()]
    )
    return AdapterResponse(_message=f"{table.num_rows} rows", rows_affected=table.num_rows)


class Session:
    """What a model reads its last result from."""

    def __init__(self, adapter: BaseAdapter) -> None:
        self.adapter = adapter

    def sql(self, query: str) -> pa.Table:
        _, cursor = self.adapter.connections.add_query(query)
        rows = cursor.fetchall()
        return pa.table({column[0]: [row[i] for row in rows] for i, column in enumerate(cursor.description)})


def read(adapter: BaseAdapter, relation: str) -> pd.DataFrame:
    _, cursor = adapter.connections.add_query(f"select * from {relation}")
    columns = [column[0] for column in cursor.description]
    return pd.DataFrame.from_records(cursor.fetchall(), columns=columns, coerce_float=True)


def replace(adapter: BaseAdapter, relation: str, columns: list[str], rows: list[list]) -> None:
    adapter.connections.add_query(f"delete from {relation}")
    names = ", ".join(adapter.quote(name) for name in columns)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        places = ", ".join(f"({', '.join(['%s'] * len(columns))})" for _ in some)
        adapter.connections.add_query(
            f"insert into {relation} ({names}) values {places}",
            bindings=[value for row in some for value in row],
            abridge_sql_log=True,
        )
