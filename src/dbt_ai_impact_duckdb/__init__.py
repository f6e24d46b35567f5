"""Where a DuckDB file can't be opened, dbt shows a traceback; this says what to do.

dbt imports every installed module whose name starts with `dbt_` and starts the plugins that it lists.
"""

import sys
from pathlib import Path
from typing import Any

from dbt.plugins.manager import dbtPlugin


class DuckDBPlugin(dbtPlugin):
    def initialize(self) -> None:
        """Join in where dbt has loaded dbt-duckdb for the profile at hand; cost nothing elsewhere."""
        if "dbt.adapters.duckdb" in sys.modules:
            register()


def register() -> None:
    import duckdb
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.exceptions import FailedToConnectError

    from ai_impact.sentences import warehouse_sentence

    connect = DuckDBConnectionManager.open.__func__
    if connect.__module__ == __name__:
        return

    def open_explained(manager: type, connection: Any) -> Any:
        try:
            return connect(manager, connection)
        except (duckdb.Error, FailedToConnectError) as error:
            sentence = warehouse_sentence(str(error), Path(connection.credentials.path).resolve())
            if sentence is None:
                raise
            raise FailedToConnectError(sentence) from error

    DuckDBConnectionManager.open = classmethod(open_explained)


plugins = [DuckDBPlugin]
