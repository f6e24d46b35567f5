"""Reading from and handing back to the engine that runs a dbt Python model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:  # It takes a while to import, and a result that is given again needs none of it.
    import pandas as pd


def near(relation: Any) -> Any:
    """What may be read twice: DuckDB's relations, which cost next to nothing, and what was fetched from elsewhere."""
    return relation if relation is None or hasattr(relation, "to_arrow_table") else read(relation)


def arrow(relation: Any) -> pa.Table:
    """A small table as Arrow, whatever hands it over."""
    if isinstance(relation, pa.Table):
        return relation
    if hasattr(relation, "to_arrow_table"):
        return relation.to_arrow_table()
    return pa.Table.from_pandas(read(relation), preserve_index=False)


def read(relation: Any) -> pd.DataFrame:
    """A small table as pandas, whatever hands it over.

    Takes what `dbt.ref` returns: a DuckDB relation, a Spark or Snowpark DataFrame, pandas, or an Arrow table.
    Raises TypeError, naming the type, for anything else.
    """
    import pandas as pd

    if isinstance(relation, pd.DataFrame):
        return _without_zones(relation)
    if isinstance(relation, pa.Table):
        return relation.to_pandas()
    # DuckDB has df, Spark toPandas, Snowpark and BigQuery DataFrames to_pandas.
    for method in ("df", "toPandas", "to_pandas"):
        convert = getattr(relation, method, None)
        if callable(convert):
            # Snowflake folds unquoted names to upper case.
            return _without_zones(convert().rename(columns=str.lower))
    raise TypeError(
        f"Can't read a table from {type(relation).__name__}: expected a DataFrame of DuckDB, Spark, Snowpark or pandas."
    )


def _without_zones(frame: pd.DataFrame) -> pd.DataFrame:
    """Timestamps are UTC without a zone in the project; BigQuery's carry one."""
    zoned = frame.select_dtypes("datetimetz").columns
    return frame.assign(**{name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned})


def write(table: pa.Table, session: Any) -> Any:
    """The result in the form that the engine of `session` takes: Arrow for DuckDB, its own DataFrame elsewhere."""
    if hasattr(session, "createDataFrame"):  # Spark
        return session.createDataFrame(table.to_pylist(), _spark_schema(table.schema))
    if hasattr(session, "create_dataframe"):  # Snowpark
        return session.create_dataframe(
            [list(row.values()) for row in table.to_pylist()], _snowpark_schema(table.schema)
        )
    return table


def _spark_schema(schema: pa.Schema) -> str:
    """Typed even without a row or a value to infer the type from."""
    types = {pa.string(): "string", pa.float64(): "double", pa.int64(): "bigint", pa.bool_(): "boolean"}
    return ", ".join(f"{field.name} {types[field.type]}" for field in schema)


def _snowpark_schema(schema: pa.Schema) -> Any:
    """The same for Snowpark, whose names fold to upper case here; those of a pandas frame would not."""
    from snowflake.snowpark import types

    kinds = {
        pa.string(): types.StringType,
        pa.float64(): types.DoubleType,
        pa.int64(): types.LongType,
        pa.bool_(): types.BooleanType,
    }
    return types.StructType([types.StructField(field.name, kinds[field.type]()) for field in schema])
