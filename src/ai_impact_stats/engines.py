"""Reading from and handing back to the engine that runs a dbt Python model."""

from typing import Any

import pandas as pd
import pyarrow as pa


def read(relation: Any) -> pd.DataFrame:
    """A small table as pandas, whatever hands it over.

    Takes what `dbt.ref` returns: a DuckDB relation, a Spark or Snowpark DataFrame, pandas, or an Arrow table.
    Raises TypeError, naming the type, for anything else.
    """
    if isinstance(relation, pd.DataFrame):
        return relation
    if isinstance(relation, pa.Table):
        return relation.to_pandas()
    # DuckDB has df, Spark toPandas, Snowpark and BigQuery DataFrames to_pandas.
    for method in ("df", "toPandas", "to_pandas"):
        convert = getattr(relation, method, None)
        if callable(convert):
            frame = convert()
            # Snowflake folds unquoted names to upper case.
            return frame.rename(columns=str.lower)
    raise TypeError(
        f"Can't read a table from {type(relation).__name__}: expected a DataFrame of DuckDB, Spark, Snowpark or pandas."
    )


def write(table: pa.Table, session: Any) -> Any:
    """The result in the form that the engine of `session` takes: Arrow for DuckDB, its own DataFrame elsewhere."""
    if hasattr(session, "createDataFrame"):  # Spark
        return session.createDataFrame(table.to_pylist(), _spark_schema(table.schema))
    if hasattr(session, "create_dataframe"):  # Snowpark
        return session.create_dataframe(table.to_pandas())
    return table


def _spark_schema(schema: pa.Schema) -> str:
    """Typed even when no row or no value is there to tell the type."""
    types = {pa.string(): "string", pa.float64(): "double", pa.int64(): "bigint", pa.bool_(): "boolean"}
    return ", ".join(f"{field.name} {types[field.type]}" for field in schema)
